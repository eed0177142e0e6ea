//! An operator with rows weighted and columns centred, without a dense matrix.

use faer::MatMut;

use super::columns::{single, with_columns};
use super::{Access, Columns, LinearMap, OperatorError, Profile, contiguous};
use crate::check::{check_finite, unusable};
use crate::error::Error;
use crate::kernels::{axpy, dot, norm};
use crate::scalar::Scalar;
use crate::tolerance::CENTRED_ROUNDING;

/// B = √W (A − 1 μᵀ): μ_j is subtracted from column j of A, and then rows are multiplied by √w_i.
///
/// With the weighted means as μ, this is least squares with an intercept: minimising ‖√W (y − A x − c 1)‖ over c leaves ‖√W (y − ȳ 1) − B
/// x‖, and c = ȳ − μᵀ x.
///
/// # Accuracy
/// A x − (μᵀ x) 1 cancels if a column is large compared with its spread about μ_j. Let ρ_j = ‖√W a_j‖/‖b_j‖. The error of a product is ε
/// ρ_j relative to ‖b_j‖. Columns with ρ_j > 8 are therefore kept as centred copies, whose products are as accurate as those of a dense
/// matrix. With equal weights, at least 63/64 of the entries of such a column are non-zero, so the copy is no larger than the column. In
/// any case the copies together hold at most as many numbers as the [`cost`](Profile::cost) of A; columns with the largest ρ_j come first.
/// Columns and Gram columns are computed from entries a_ij − μ_j, never from AᴴA − μ̄ μᵀ, which would lose ρ_j twice.
///
/// Columns that equal μ_j to rounding, those with ‖b_j‖ ≤ 4 (1 + √m) ε ‖√W a_j‖, become exactly zero. What is left of them is the rounding
/// of their entries, which has no information about y.
///
/// # Cost
/// A product takes one product with A and m + n multiply-adds; a Gram column takes one product with Aᴴ and m multiply-adds.
#[derive(Debug, Clone)]
pub struct Centered<O, T: Scalar> {
    inner: O,
    /// √w_i.
    roots: Vec<T>,
    /// μ.
    means: Vec<T>,
    /// ‖b_j‖.
    norms: Vec<f64>,
    /// Columns of B kept as copies, sorted by their places; empty for a column of zeros.
    copies: Vec<(usize, Vec<T>)>,
}

/// ρ² above which a column is copied.
const STEEP: f64 = 64.0;

impl<O: LinearMap<T>, T: Scalar> Centered<O, T> {
    /// Weights the rows of `inner` (equally without `weights`) and subtracts `means` (by default the weighted means of the columns).
    ///
    /// # Errors
    /// [`Error::Structure`] for a wrong number of weights or means, [`Error::Number`] for a weight below 0 or weights whose sum is 0,
    /// [`Error::NonFinite`] and [`Error::NonFiniteEntry`] for NaN or infinities, [`Error::ColumnOverflow`].
    ///
    /// # Cost
    /// Two passes over A, and one more for each column with ρ_j > 8.
    pub fn new(inner: O, weights: Option<&[f64]>, means: Option<&[T]>) -> Result<Self, Error> {
        let access = Access::new(&inner);
        let (m, n) = inner.shape();
        let weights = weights.map_or_else(|| vec![1.0; m], <[f64]>::to_vec);
        let total = check_weights(&weights, m)?;
        let squares = access.column_squares(&weights);
        if let Some(column) = squares.iter().position(|square| !square.is_finite()) {
            let mut entries = vec![T::ZERO; m];
            access.column(column, &mut entries);
            return Err(unusable(&entries, column));
        }
        let mut own = vec![T::ZERO; n];
        access.apply_adjoint(&weights.iter().map(|&w| T::from_real(w)).collect::<Vec<_>>(), &mut own);
        access.check()?;
        // The adjoint conjugates.
        own.iter_mut().for_each(|mean| *mean = Scalar::conj(*mean).scale(total.recip()));
        let (means, given) = match means {
            Some(means) => (check_means(means, n)?, true),
            None => (own.clone(), false),
        };
        let roots = weights.iter().map(|w| T::from_real(w.sqrt())).collect();
        let mut centered = Self { inner, roots, means, norms: vec![0.0; n], copies: vec![] };

        // ‖b_j‖² = ‖√W a_j‖² − Σw (|m_j|² − |m_j − μ_j|²), where m_j is the mean.
        let mut steep = vec![];
        for j in 0..n {
            let mean = centered.means[j];
            if squares[j] == 0.0 && own[j] == T::ZERO {
                // A column of zeros becomes −μ_j √w.
                centered.norms[j] = total.sqrt() * mean.abs();
                continue;
            }
            let square = squares[j] - total * (own[j].abs2() - (own[j] - mean).abs2());
            if square * STEEP >= squares[j] && (squares[j] > 1e-280 && squares[j] < 1e280) {
                centered.norms[j] = square.sqrt();
            } else {
                steep.push((j, squares[j] / square.max(0.0)));
            }
        }
        centered.measure(steep, &weights, total, given).map_err(Error::Operator)?;
        Ok(centered)
    }

    /// Measures columns that cancel, given with their ρ_j², and copies as many as may be.
    fn measure(
        &mut self,
        mut steep: Vec<(usize, f64)>,
        weights: &[f64],
        total: f64,
        given: bool,
    ) -> Result<(), OperatorError> {
        let (m, n) = self.inner.shape();
        let rounding = CENTRED_ROUNDING * (1.0 + (m as f64).sqrt());
        steep.sort_by(|(i, a), (j, b)| b.total_cmp(a).then(i.cmp(j)));
        let mut room = self.inner.profile().cost.unwrap_or_else(|| m.saturating_mul(n)) / m.max(1);
        let mut column = vec![T::ZERO; m];
        let mut copies = vec![];
        for (j, _) in steep {
            with_columns(&self.inner, |columns| columns.gather(&[j], single(&mut column)))?;
            if !given {
                // The mean again, now of numbers without the common part: it was known to ε |μ_j| only.
                let rest: T = column.iter().zip(weights).map(|(&a, &w)| (a - self.means[j]).scale(w)).sum();
                self.means[j] += rest.scale(total.recip());
            }
            let whole = norm(&self.weighted(&column));
            self.shift(self.means[j], &mut column);
            let left = norm(&column);
            if left <= rounding * whole {
                copies.push((j, vec![]));
                continue;
            }
            self.norms[j] = left;
            if whole > STEEP.sqrt() * left && room > 0 {
                copies.push((j, column.clone()));
                room -= 1;
            }
        }
        copies.sort_by_key(|&(j, _)| j);
        self.copies = copies;
        Ok(())
    }

    /// μ. The intercept for coefficients x is c = ȳ − μᵀ x.
    pub fn means(&self) -> &[T] {
        &self.means
    }

    /// The copy of column j, if there is one.
    fn copy(&self, j: usize) -> Option<&[T]> {
        let place = self.copies.binary_search_by_key(&j, |&(at, _)| at).ok()?;
        Some(&self.copies[place].1)
    }

    /// y ← √W (y − shift 1).
    fn shift(&self, shift: T, y: &mut [T]) {
        for (y, &root) in y.iter_mut().zip(&self.roots) {
            *y = root * (*y - shift);
        }
    }

    /// √W y.
    fn weighted(&self, y: &[T]) -> Vec<T> {
        y.iter().zip(&self.roots).map(|(&y, &root)| root * y).collect()
    }
}

impl<O: LinearMap<T>, T: Scalar> LinearMap<T> for Centered<O, T> {
    fn shape(&self) -> (usize, usize) {
        self.inner.shape()
    }

    fn apply(&self, x: &[T], y: &mut [T]) -> Result<(), OperatorError> {
        let mut rest = x.to_vec();
        for &(j, _) in &self.copies {
            rest[j] = T::ZERO;
        }
        self.inner.apply(&rest, y)?;
        self.shift(self.means.iter().zip(&rest).map(|(&mean, &x)| mean * x).sum(), y);
        for (j, copy) in &self.copies {
            axpy(x[*j], copy, y);
        }
        Ok(())
    }

    fn apply_adjoint(&self, y: &[T], x: &mut [T]) -> Result<(), OperatorError> {
        let sum = dot(&self.roots, y);
        self.inner.apply_adjoint(&self.weighted(y), x)?;
        for (x, &mean) in x.iter_mut().zip(&self.means) {
            *x -= Scalar::conj(mean) * sum;
        }
        for (j, copy) in &self.copies {
            x[*j] = dot(copy, y);
        }
        Ok(())
    }

    fn profile(&self) -> Profile {
        let ((m, n), inner) = (self.shape(), self.inner.profile());
        let cost = inner.cost.unwrap_or_else(|| m.saturating_mul(n));
        Profile::made_of(&inner).with_cost(cost + n + m * (1 + self.copies.len()))
    }

    fn columns(&self) -> Option<&dyn Columns<T>> {
        Some(self)
    }
}

impl<O: LinearMap<T>, T: Scalar> Columns<T> for Centered<O, T> {
    fn gather(&self, support: &[usize], out: MatMut<'_, T>) -> Result<(), OperatorError> {
        for (&j, out) in support.iter().zip(out.col_iter_mut()) {
            let out = contiguous(out);
            if let Some(copy) = self.copy(j) {
                out.fill(T::ZERO);
                out[..copy.len()].copy_from_slice(copy);
                continue;
            }
            with_columns(&self.inner, |columns| columns.gather(&[j], single(out)))?;
            self.shift(self.means[j], out);
        }
        Ok(())
    }

    fn norms(&self) -> Result<Vec<f64>, OperatorError> {
        Ok(self.norms.clone())
    }

    fn combine(&self, support: &[usize], values: &[T], y: &mut [T]) -> Result<(), OperatorError> {
        let rest = support.iter().zip(values).filter(|&(&j, _)| self.copy(j).is_none());
        let (places, kept): (Vec<usize>, Vec<T>) = rest.unzip();
        with_columns(&self.inner, |columns| columns.combine(&places, &kept, y))?;
        self.shift(places.iter().zip(&kept).map(|(&j, &x)| self.means[j] * x).sum(), y);
        for (&j, &x) in support.iter().zip(values) {
            if let Some(copy) = self.copy(j) {
                axpy(x, copy, y);
            }
        }
        Ok(())
    }

    fn correlate(&self, support: &[usize], y: &[T], out: &mut [T]) -> Result<(), OperatorError> {
        let sum = dot(&self.roots, y);
        with_columns(&self.inner, |columns| columns.correlate(support, &self.weighted(y), out))?;
        for (&j, out) in support.iter().zip(out) {
            *out = match self.copy(j) {
                Some(copy) => dot(copy, y),
                None => *out - Scalar::conj(self.means[j]) * sum,
            };
        }
        Ok(())
    }
}

/// Checks weights and returns their sum.
fn check_weights(weights: &[f64], rows: usize) -> Result<f64, Error> {
    if weights.len() != rows {
        return Err(Error::Structure(format!("there are {} weights, but A has {rows} rows", weights.len())));
    }
    check_finite("the vector of weights", weights)?;
    if let Some(&value) = weights.iter().find(|&&w| w < 0.0) {
        return Err(Error::Number { what: "a weight", rule: "at least 0", value });
    }
    let total: f64 = weights.iter().sum();
    if total > 0.0 && total.is_finite() {
        Ok(total)
    } else {
        Err(Error::Number { what: "the sum of the weights", rule: "above 0 and finite", value: total })
    }
}

fn check_means<T: Scalar>(means: &[T], columns: usize) -> Result<Vec<T>, Error> {
    if means.len() != columns {
        return Err(Error::VectorLength { what: "the vector of means", entries: means.len(), columns });
    }
    check_finite("the vector of means", means)?;
    Ok(means.to_vec())
}
