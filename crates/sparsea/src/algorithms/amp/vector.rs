//! The vector form: linear estimates keep errors independent of A. They need the singular values of A and its singular vectors on one side.

use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::{Accum, Mat, Par};

use super::messages::Belief;
use crate::kernels::{add_combination, dots, eigen, norm_squared};
use crate::operator::contiguous;
use crate::scalar::Scalar;
use crate::tolerance::SPECTRUM;
use crate::workspace::Workspace;

/// Columns of A that are gathered at a time.
const BLOCK: usize = 64;

/// Variances below this, relative to that of y, are rounding.
const LEAST: f64 = 1e-28;

/// Steps of expectation maximisation for the variances in each iteration.
const LEARNING: usize = 3;

/// The largest share of a posterior mean that is taken to be what was seen.
const LARGEST_SHARE: f64 = 0.999;

/// The squares of the non-zero singular values of A and its singular vectors on the shorter side.
#[derive(Debug)]
struct Spectrum<T> {
    /// λ_i.
    squares: Vec<f64>,
    /// Those of AAᴴ, if `rows`, or of AᴴA, one a column.
    vectors: Mat<T>,
    /// The first column of `vectors` that counts.
    first: usize,
    rows: bool,
}

impl<T: Scalar> Spectrum<T> {
    /// `None` if the run is to stop.
    fn new(workspace: &mut Workspace<'_, T>) -> Option<Self> {
        let rows = workspace.nrows() <= workspace.ncols();
        let by_products = workspace.system().operator.map().columns().is_none();
        let gram = match (rows, by_products) {
            (true, true) => rows_by_products(workspace)?,
            (true, false) => rows_by_columns(workspace)?,
            (false, _) => columns_gram(workspace)?,
        };
        let (values, vectors) = eigen(gram.as_ref())?;
        let largest = values.last().copied().unwrap_or(0.0);
        let first = values.partition_point(|&value| value <= SPECTRUM * largest);
        Some(Self { squares: values[first..].to_vec(), vectors, first, rows })
    }

    fn vector(&self, i: usize) -> &[T] {
        self.vectors.col_as_slice(self.first + i)
    }
}

/// A Aᴴ by 2 m products.
fn rows_by_products<T: Scalar>(workspace: &mut Workspace<'_, T>) -> Option<Mat<T>> {
    let (m, n) = (workspace.nrows(), workspace.ncols());
    let mut gram = Mat::zeros(m, m);
    let (mut unit, mut row) = (vec![T::ZERO; m], vec![T::ZERO; n]);
    for i in 0..m {
        if workspace.stop() {
            return None;
        }
        unit[i] = T::ONE;
        workspace.apply_adjoint(&unit, &mut row);
        unit[i] = T::ZERO;
        workspace.apply(&row, contiguous(gram.col_mut(i)));
    }
    Some(gram)
}

/// The lower triangle of A Aᴴ from blocks of columns.
fn rows_by_columns<T: Scalar>(workspace: &Workspace<'_, T>) -> Option<Mat<T>> {
    let (m, n) = (workspace.nrows(), workspace.ncols());
    let mut gram = Mat::zeros(m, m);
    let mut block = Mat::zeros(m, BLOCK.min(n));
    for from in (0..n).step_by(BLOCK) {
        if workspace.stop() {
            return None;
        }
        let chosen: Vec<usize> = (from..n.min(from + BLOCK)).collect();
        let mut block = block.as_mut().get_mut(.., ..chosen.len());
        workspace.system().operator.columns(&chosen, block.as_mut());
        let block = block.as_ref();
        triangular::matmul(
            gram.as_mut(),
            BlockStructure::TriangularLower,
            Accum::Add,
            block,
            BlockStructure::Rectangular,
            block.adjoint(),
            BlockStructure::Rectangular,
            T::ONE,
            Par::Seq,
        );
    }
    Some(gram)
}

/// AᴴA.
fn columns_gram<T: Scalar>(workspace: &Workspace<'_, T>) -> Option<Mat<T>> {
    let n = workspace.ncols();
    let mut gram = Mat::zeros(n, n);
    for from in (0..n).step_by(BLOCK) {
        if workspace.stop() {
            return None;
        }
        let chosen: Vec<usize> = (from..n.min(from + BLOCK)).collect();
        workspace.system().operator.gram_columns(&chosen, gram.as_mut().get_mut(.., from..from + chosen.len()));
    }
    Some(gram)
}

/// What the vector form keeps between iterations.
#[derive(Debug)]
pub(super) struct VectorForm<T> {
    spectrum: Spectrum<T>,
    /// r₂, what the linear estimate starts from.
    prior_mean: Vec<T>,
    /// Its variance v₂.
    prior_variance: f64,
    /// w, the variance of the noise in y, learnt.
    noise: f64,
    /// y − A r₂, then Aᴴ of a combination of singular vectors.
    residual: Vec<T>,
    /// Aᴴ of something.
    pulled: Vec<T>,
    /// A combination of singular vectors.
    combined: Vec<T>,
    /// Coordinates along singular vectors.
    coordinates: Vec<T>,
    /// |u_iᴴ(y − A r₂)|².
    powers: Vec<f64>,
    begun: bool,
}

impl<T: Scalar> VectorForm<T> {
    /// Numbers that it holds.
    pub(super) fn size(rows: usize, columns: usize) -> usize {
        // The Gram matrix, the vectors, and what the decomposition itself takes.
        rows.min(columns).saturating_pow(2).saturating_mul(3)
    }

    /// The most multiply-adds of the Gram matrix with which the vector form is used by itself.
    const LARGEST: usize = 4 << 30;

    /// Whether the vector form is worth its decomposition, where the shorter side of A is at most `side`.
    pub(super) fn is_worth(workspace: &Workspace<'_, T>, side: usize) -> bool {
        let (m, n) = (workspace.nrows(), workspace.ncols());
        let (short, long) = (m.min(n), m.max(n));
        short <= side
            && short.saturating_mul(short).saturating_mul(long) <= Self::LARGEST
            && workspace.may_hold(Self::size(m, n))
    }

    /// `None` if the run is to stop. Cost: for m ≤ n all columns of A, or 2 m products where it has none; m² n + 9 m³ multiply-adds.
    pub(super) fn new(workspace: &mut Workspace<'_, T>) -> Option<Self> {
        let (m, n) = (workspace.nrows(), workspace.ncols());
        let spectrum = Spectrum::new(workspace)?;
        let rank = spectrum.squares.len();
        Some(Self {
            prior_mean: vec![T::ZERO; n],
            prior_variance: 0.0,
            noise: 0.0,
            residual: vec![T::ZERO; m],
            pulled: vec![T::ZERO; n],
            combined: vec![T::ZERO; m.min(n)],
            coordinates: vec![T::ZERO; rank],
            powers: vec![0.0; rank],
            begun: false,
            spectrum,
        })
    }

    /// Starts from the mean of a belief; noise is taken for a hundredth of y at first.
    pub(super) fn begin(&mut self, belief: &Belief<T>) {
        self.prior_mean.copy_from_slice(&belief.mean);
        self.noise = 0.01 / self.residual.len() as f64;
        self.begun = false;
    }

    /// One linear estimate and one by the prior; the variance of the error of what the prior sees, which is not finite where
    /// iterates have diverged.
    pub(super) fn iterate(
        &mut self,
        workspace: &mut Workspace<'_, T>,
        belief: &mut Belief<T>,
        damping: f64,
        reinforcement: f64,
    ) -> f64 {
        let n = belief.columns as f64;
        let unexplained = self.resolve(workspace, belief);
        if !self.begun {
            // Columns are of unit length: an error of variance v has an image of n v in all.
            self.prior_variance = ((unexplained + self.powers.iter().sum::<f64>()) / n).max(LEAST / n);
        }
        let rows = self.residual.len() as f64;
        for _ in 0..LEARNING {
            self.learn(unexplained, rows, n);
        }
        // r₁ ← r₂ + (n/Σ λ/(λ + θ)) Aᴴ (A Aᴴ + θ)⁻¹ (y − A r₂) with θ = w/v₂.
        let ratio = self.noise / self.prior_variance;
        let squares = &self.spectrum.squares;
        let gain: f64 = squares.iter().map(|l| l / (l + ratio)).sum();
        if gain == 0.0 {
            // A is zero, and nothing is seen of x.
            return 0.0;
        }
        let left: f64 = squares.iter().map(|l| ratio / (l + ratio)).sum::<f64>() + (n - squares.len() as f64).max(0.0);
        self.pull(workspace, ratio);
        let factor = n / gain;
        for ((seen, &r), &d) in belief.seen.iter_mut().zip(&self.prior_mean).zip(&self.pulled) {
            *seen = r + d.scale(factor);
        }
        let variance = (self.prior_variance * left / gain).max(LEAST / n);
        if !variance.is_finite() || !norm_squared(&belief.seen).is_finite() {
            return f64::INFINITY;
        }
        let posterior = belief.update(workspace.column_norms(), variance, reinforcement) / n;
        // r₂ ← (x − a r₁)/(1 − a), with a the mean derivative, so that its error does not depend on that of r₁.
        let share = (posterior / variance).clamp(1.0 - LARGEST_SHARE, LARGEST_SHARE);
        let kept = if self.begun { damping } else { 0.0 };
        for ((r, &x), &seen) in self.prior_mean.iter_mut().zip(&belief.posterior_mean).zip(&belief.seen) {
            *r = (x - seen.scale(share)).scale((1.0 - kept) / (1.0 - share)) + r.scale(kept);
        }
        for (r, &norm) in self.prior_mean.iter_mut().zip(workspace.column_norms()) {
            if norm == 0.0 {
                *r = T::ZERO;
            }
        }
        self.prior_variance = ((1.0 - kept) * posterior / (1.0 - share) + kept * self.prior_variance).max(LEAST / n);
        self.begun = true;
        variance
    }

    /// Computes y − A r₂ and its powers along the singular vectors; returns what is in no direction of A.
    fn resolve(&mut self, workspace: &mut Workspace<'_, T>, belief: &Belief<T>) -> f64 {
        workspace.apply(&self.prior_mean, &mut self.residual);
        for (r, &y) in self.residual.iter_mut().zip(&belief.data) {
            *r = y - *r;
        }
        let spectrum = &self.spectrum;
        if spectrum.rows {
            dots(|i| (0, spectrum.vector(i)), &self.residual, true, &mut self.coordinates);
        } else {
            workspace.apply_adjoint(&self.residual, &mut self.pulled);
            dots(|i| (0, spectrum.vector(i)), &self.pulled, true, &mut self.coordinates);
        }
        for ((power, c), l) in self.powers.iter_mut().zip(&self.coordinates).zip(&spectrum.squares) {
            *power = if spectrum.rows { c.abs2() } else { c.abs2() / l };
        }
        (norm_squared(&self.residual) - self.powers.iter().sum::<f64>()).max(0.0)
    }

    /// A step of expectation maximisation for w and v₂: the power along u_i has variance λ_i v₂ + w.
    fn learn(&mut self, unexplained: f64, rows: f64, n: f64) {
        let ratio = self.noise / self.prior_variance;
        let (mut gain, mut noise, mut signal) = (0.0, unexplained, 0.0);
        for (&power, &l) in self.powers.iter().zip(&self.spectrum.squares) {
            let total = l + ratio;
            gain += l / total;
            noise += power * (ratio / total).powi(2);
            signal += power * l / (total * total);
        }
        self.noise = ((noise + self.noise * gain) / rows).max(LEAST / rows);
        self.prior_variance = ((signal + (n - gain) * self.prior_variance) / n).max(LEAST / n);
    }

    /// `pulled` ← Aᴴ (A Aᴴ + θ)⁻¹ (y − A r₂).
    fn pull(&mut self, workspace: &mut Workspace<'_, T>, ratio: f64) {
        let spectrum = &self.spectrum;
        for (c, l) in self.coordinates.iter_mut().zip(&spectrum.squares) {
            *c = c.scale(1.0 / (l + ratio));
        }
        self.combined.fill(T::ZERO);
        add_combination(&self.coordinates, |i| spectrum.vector(i), false, &mut self.combined);
        if spectrum.rows {
            workspace.apply_adjoint(&self.combined, &mut self.pulled);
        } else {
            self.pulled.copy_from_slice(&self.combined);
        }
    }
}
