//! Cross-validation of k: a path on the training rows of each fold, and its errors on the rows left out.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::{Accum, Mat, MatRef, Par};

use crate::check::{check_finite, check_sparsity};
use crate::error::Error;
use crate::halt::Halt;
use crate::interrupt::Interrupt;
use crate::kernels::{axpy, dot, norm};
use crate::operator::{DenseOperator, SharedGram, contiguous};
use crate::parallel::*;
use crate::problem::Problem;
use crate::run::{Level, SparsityPath};
use crate::tolerance::CENTRED_ROUNDING;
use crate::workspace::{Memory, Threads};

/// Cross-validated errors of least squares on k columns for k = 1 … K. On the training rows of each fold, a [`SparsityPath`] minimises Σᵢ
/// wᵢ (yᵢ − c − xᵢᵀβ)² subject to ‖β‖₀ ≤ k. The error is Σᵢ wᵢ (yᵢ − c − xᵢᵀβ)² / Σᵢ wᵢ over the test rows.
///
/// # Sufficient statistics
/// Rows that belong to the same training sets form a block; ten folds give ten blocks. The Gram matrix of each block is computed once,
/// about the block's own means. The Gram matrices of a training set are added up pairwise (Chan, Golub & LeVeque 1983, DOI
/// 10.1080/00031305.1983.10483115):
///
/// G = Σ_b G_b + Σ_b W_b (μ_b − μ)(μ_b − μ)ᵀ with W_b = Σ_{i ∈ b} wᵢ.
///
/// All terms are positive semidefinite, so nothing cancels; no Gram matrix is a difference of two. If there are many blocks, or if their
/// Gram matrices need more memory than allowed or more work than the columns that paths ask for, each training set computes only the Gram
/// columns that it needs. Columns are scaled by powers of two, so that no square leaves the range of doubles.
///
/// Errors are the same bit for bit on any number of threads.
///
/// # Cost
/// m n²/2 multiply-adds for the blocks, F B n²/2 for the sums, and for each fold a copy of its training rows and the cost of a path, with F
/// folds and B blocks. Memory: 8 B n² bytes for the blocks, and a copy of A for each thread.
///
/// ```
/// use sparsea::{CrossValidation, Fold, generate};
///
/// # fn main() -> Result<(), sparsea::Error> {
/// let x = generate::gaussian_matrix::<f64>(&mut generate::stream(0, 0, 0), 60, 10);
/// let y: Vec<f64> = (0..60).map(|i| 2.0 * x[(i, 3)] - x[(i, 8)] + 5.0).collect();
/// let (even, odd): (Vec<usize>, Vec<usize>) = (0..60).partition(|i| i % 2 == 0);
/// let folds = [Fold { train: &even, test: &odd }, Fold { train: &odd, test: &even }];
/// let errors = CrossValidation::new(x.as_ref(), &y).errors(&folds, 3)?;
/// assert!(errors[(0, 0)] > 0.1 && errors[(1, 0)] < 1e-20 && errors[(1, 1)] < 1e-20);
/// # Ok(())
/// # }
/// ```
pub struct CrossValidation<'a> {
    table: MatRef<'a, f64>,
    target: &'a [f64],
    weights: Option<&'a [f64]>,
    intercept: bool,
    /// ε of the numbers that columns and y were given in.
    column_precision: Option<&'a [f64]>,
    target_precision: f64,
    time: Option<Duration>,
    relative_residual: Option<f64>,
    interrupt: Interrupt,
    memory: Memory,
}

/// The rows of one fold, by their indices.
#[derive(Debug, Clone, Copy)]
pub struct Fold<'f> {
    /// Rows on which a path is computed. A row that occurs twice counts twice.
    pub train: &'f [usize],
    /// Rows on which its errors are computed.
    pub test: &'f [usize],
}

/// The most blocks whose Gram matrices are kept.
const MOST_BLOCKS: usize = 64;
/// A product of matrices is so many times as fast as products with vectors.
const TOGETHER: usize = 4;
/// Columns of A that join a path to K, at most, in units of K.
const JOINING: usize = 3;
/// Columns that are copied together: those of a matrix by rows lie side by side.
const TILE: usize = 8;
/// Multiply-adds between two looks at the interrupt.
const UNWATCHED: usize = 1 << 27;
/// Different sets of training sets that rows pass through while they are sorted, at most.
const MOST_KINDS: usize = 1 << 14;
/// Powers of two by which columns are scaled, at most.
const EXPONENTS: (i32, i32) = (-1000, 1000);

impl<'a> CrossValidation<'a> {
    /// A table with one row of features per sample, and the targets; with an intercept and equal weights.
    pub fn new(table: MatRef<'a, f64>, target: &'a [f64]) -> Self {
        Self {
            table,
            target,
            weights: None,
            intercept: true,
            column_precision: None,
            target_precision: f64::EPSILON,
            time: None,
            relative_residual: None,
            interrupt: Interrupt::default(),
            memory: Memory::default(),
        }
    }

    /// Weights of the rows, in training and in the errors.
    #[must_use]
    pub fn weights(mut self, weights: &'a [f64]) -> Self {
        self.weights = Some(weights);
        self
    }

    /// Whether there is an intercept c.
    #[must_use]
    pub fn intercept(mut self, intercept: bool) -> Self {
        self.intercept = intercept;
        self
    }

    /// The relative precision of the numbers in each column, and of the targets, if they were rounded to less than double precision.
    /// A column that is constant to this precision counts as constant.
    #[must_use]
    pub fn precision(mut self, columns: &'a [f64], target: f64) -> Self {
        (self.column_precision, self.target_precision) = (Some(columns), target);
        self
    }

    /// Time for each k and fold; see [`SparsityPath::time`].
    #[must_use]
    pub fn time(mut self, time: Duration) -> Self {
        self.time = Some(time);
        self
    }

    /// See [`SparsityPath::relative_residual`].
    #[must_use]
    pub fn relative_residual(mut self, limit: f64) -> Self {
        self.relative_residual = Some(limit);
        self
    }

    /// An interrupt, which can stop the computation.
    #[must_use]
    pub fn interrupt(mut self, interrupt: Interrupt) -> Self {
        self.interrupt = interrupt;
        self
    }

    /// Memory limits for Gram matrices and tableaux.
    #[must_use]
    pub fn memory(mut self, memory: Memory) -> Self {
        self.memory = memory;
        self
    }

    /// The mean squared error on the test rows for k = 1 … `largest` (rows) and each fold (columns); 0 for a fold whose test rows have no
    /// weight. Folds are computed in parallel on the threads of the rayon pool in which this is called.
    ///
    /// # Errors
    /// [`Error::DataLength`], [`Error::NonFinite`], [`Error::NonFiniteEntry`] and [`Error::Number`] for invalid data, weights and
    /// precisions, [`Error::Structure`] for rows that do not exist, [`Error::Sparsity`] unless K is at least 1 and at most the number of
    /// columns and of rows of each training set, [`Error::ColumnOverflow`], those of [`SparsityPath::solve`], and [`Error::Stopped`].
    pub fn errors(&self, folds: &[Fold<'_>], largest: usize) -> Result<Mat<f64>, Error> {
        self.check(folds)?;
        let prepared = Prepared::new(self, folds, largest)?;
        let each: Vec<Vec<f64>> =
            folds.par_iter().enumerate().map(|fold| prepared.errors(self, fold, largest)).collect::<Result<_, _>>()?;
        Ok(Mat::from_fn(largest, folds.len(), |k, fold| each[fold][k]))
    }

    fn check(&self, folds: &[Fold<'_>]) -> Result<(), Error> {
        let (m, n) = self.table.shape();
        if m == 0 || n == 0 {
            return Err(Error::Empty { rows: m, columns: n });
        }
        if self.target.len() != m {
            return Err(Error::DataLength { entries: self.target.len(), rows: m });
        }
        check_finite("y", self.target)?;
        if let Some(limit) = self.relative_residual {
            Halt::RelativeResidual(limit).check()?;
        }
        if let Some(weights) = self.weights {
            check_lengths("weights", weights.len(), "rows", m)?;
            check_each("a weight", weights)?;
        }
        if let Some(precision) = self.column_precision {
            check_lengths("precisions", precision.len(), "columns", n)?;
            check_each("a precision", precision)?;
        }
        check_each("a precision", &[self.target_precision])?;
        let rows = folds.iter().flat_map(|fold| fold.train.iter().chain(fold.test));
        match rows.copied().find(|&row| row >= m) {
            Some(row) => Err(Error::Structure(format!("a fold has row {row}, but there are {m} (counted from 0)"))),
            None => Ok(()),
        }
    }
}

fn check_lengths(what: &str, entries: usize, of: &str, length: usize) -> Result<(), Error> {
    if entries == length {
        return Ok(());
    }
    Err(Error::Structure(format!("there are {entries} {what}, but {length} {of}")))
}

fn check_each(what: &'static str, values: &[f64]) -> Result<(), Error> {
    match values.iter().find(|&&value| !(value.is_finite() && value >= 0.0)) {
        Some(&value) => Err(Error::Number { what, rule: "finite and at least 0", value }),
        None => Ok(()),
    }
}

/// What all folds share.
struct Prepared {
    /// A and y about their means, in the order of the blocks, columns scaled by powers of two.
    table: Mat<f64>,
    target: Vec<f64>,
    /// What was subtracted, on the same scale.
    means: Vec<f64>,
    target_mean: f64,
    /// The square of the power of two by which y was divided.
    target_square: f64,
    /// Weights on a scale on which the largest is about 1.
    weights: Vec<f64>,
    /// √w, unless all are 1.
    roots: Option<Vec<f64>>,
    /// The place of each row.
    places: Vec<usize>,
    blocks: Option<Blocks>,
}

/// Rows that belong to the same training sets lie side by side.
struct Blocks {
    each: Vec<Block>,
    /// The blocks of each training set.
    of: Vec<Vec<usize>>,
}

/// Sufficient statistics of a block.
struct Block {
    rows: Range<usize>,
    weight: f64,
    means: Vec<f64>,
    /// (A_b − 1 μ_bᵀ)ᵀ W (A_b − 1 μ_bᵀ), the lower triangle.
    gram: Mat<f64>,
}

/// A and y on the rows of a training set, as least squares sees them.
struct Training {
    table: Mat<f64>,
    target: Vec<f64>,
    means: Vec<f64>,
    target_mean: f64,
    /// Columns that are constant to rounding, now zero.
    constant: Vec<bool>,
}

impl Prepared {
    fn new(data: &CrossValidation<'_>, folds: &[Fold<'_>], largest: usize) -> Result<Self, Error> {
        let (m, n) = data.table.shape();
        let parts = parts(folds, m).filter(|parts| is_worth(parts.ranges.len(), folds.len(), n, largest, data.memory));
        let order: Vec<usize> = parts.as_ref().map_or_else(|| (0..m).collect(), |parts| parts.order.clone());
        let mut places = vec![0; m];
        order.iter().enumerate().for_each(|(place, &row)| places[row] = place);

        let heaviest = data.weights.map_or(1.0, |weights| weights.iter().copied().fold(0.0, f64::max));
        let unit = power(-exponent(heaviest));
        let weights: Vec<f64> =
            order.iter().map(|&row| data.weights.map_or(1.0, |weights| weights[row] * unit)).collect();
        let roots = data.weights.map(|_| weights.iter().map(|weight| weight.sqrt()).collect());
        let ones = vec![1.0; m];

        let mut table = Mat::zeros(m, n);
        let mut means = vec![0.0; n];
        let tiles: Vec<_> =
            table.as_mut().par_col_chunks_mut(TILE).zip(means.par_chunks_mut(TILE)).enumerate().collect();
        tiles.into_par_iter().try_for_each(|(tile, (mut columns, means))| {
            if let Some(reason) = data.interrupt.reason() {
                return Err(Error::Stopped { reason });
            }
            for (place, &row) in order.iter().enumerate() {
                for at in 0..means.len() {
                    columns[(place, at)] = data.table[(row, tile * TILE + at)];
                }
            }
            for ((at, column), mean) in columns.col_iter_mut().enumerate().zip(means) {
                let column = contiguous(column);
                if let Some(place) = column.iter().position(|v| !v.is_finite()) {
                    let (value, row, column) = (column[place].to_string(), order[place], tile * TILE + at);
                    return Err(Error::NonFiniteEntry { what: "A", value, row, column });
                }
                rescale(column);
                if data.intercept {
                    *mean = center(column, &ones, m as f64);
                }
            }
            Ok(())
        })?;
        let mut target: Vec<f64> = order.iter().map(|&row| data.target[row]).collect();
        let target_exponent = rescale(&mut target);
        let target_mean = if data.intercept { center(&mut target, &ones, m as f64) } else { 0.0 };
        let target_square = power(target_exponent).powi(2);
        let mut prepared =
            Self { table, target, means, target_mean, target_square, weights, roots, places, blocks: None };
        if let Some(parts) = parts {
            let block = |rows: &Range<usize>| prepared.block(data, rows.clone());
            let each = parts.ranges.par_iter().map(block).collect::<Result<_, _>>()?;
            prepared.blocks = Some(Blocks { each, of: parts.of });
        }
        Ok(prepared)
    }

    /// The statistics of rows that lie side by side.
    fn block(&self, data: &CrossValidation<'_>, rows: Range<usize>) -> Result<Block, Error> {
        let (m, n) = (rows.len(), self.table.ncols());
        let weights = &self.weights[rows.clone()];
        let weight: f64 = weights.iter().sum();
        let mut means = vec![0.0; n];
        let mut gram = Mat::zeros(n, n);
        // Bounded in rows, so that a look at the interrupt comes soon, and the copy stays small.
        let step = (UNWATCHED / n.saturating_mul(n)).clamp(64, 4096);
        if data.intercept && weight > 0.0 {
            for (mean, j) in means.iter_mut().zip(0..) {
                *mean = dot(&self.table.col_as_slice(j)[rows.clone()], weights) / weight;
            }
        }
        let mut copy = Mat::zeros(step.min(m), n);
        for from in (0..m).step_by(step) {
            if let Some(reason) = data.interrupt.reason() {
                return Err(Error::Stopped { reason });
            }
            let part = from..(from + step).min(m);
            let mut copy = copy.as_mut().get_mut(..part.len(), ..);
            for (j, column) in copy.as_mut().col_iter_mut().enumerate() {
                let column = contiguous(column);
                column.copy_from_slice(&self.table.col_as_slice(j)[rows.start + part.start..rows.start + part.end]);
                column.iter_mut().for_each(|v| *v -= means[j]);
                self.weigh(column, rows.start + part.start);
            }
            let copy = copy.as_ref();
            triangular::matmul(
                gram.as_mut(),
                BlockStructure::TriangularLower,
                Accum::Add,
                copy.transpose(),
                BlockStructure::Rectangular,
                copy,
                BlockStructure::Rectangular,
                1.0,
                Par::Seq,
            );
        }
        Ok(Block { rows, weight, means, gram })
    }

    /// Multiplies entries that lie from `place` on by √w.
    fn weigh(&self, values: &mut [f64], place: usize) {
        if let Some(roots) = &self.roots {
            values.iter_mut().zip(&roots[place..]).for_each(|(v, root)| *v *= root);
        }
    }

    /// The errors of a fold.
    fn errors(
        &self,
        data: &CrossValidation<'_>,
        (at, fold): (usize, &Fold<'_>),
        largest: usize,
    ) -> Result<Vec<f64>, Error> {
        let blocks = self.blocks.as_ref().map(|blocks| (blocks, &blocks.of[at]));
        let runs: Vec<Range<usize>> = match blocks {
            Some((blocks, of)) => of.iter().map(|&b| blocks.each[b].rows.clone()).collect(),
            None => runs(fold.train.iter().map(|&row| self.places[row])),
        };
        let training = self.training(data, &runs)?;
        let operator = DenseOperator::new(training.table.as_ref());
        if !training.target.is_empty() {
            check_sparsity(largest, 1, training.target.len(), self.table.ncols())?;
        }
        let mut problem = Problem::new_until(&operator, &training.target, largest, &data.interrupt)?;
        if let Some((blocks, of)) = blocks {
            let gram = training.gram(blocks, of, data.intercept);
            problem = problem.share_gram(Arc::new(SharedGram::filled(gram.as_ref())))?;
        }
        // Errors are averaged over folds: what perturbed supports gain is far below what folds differ by.
        let mut path = SparsityPath::new(&problem)
            .extra_work(0)
            .interrupt(data.interrupt.clone())
            .memory(data.memory)
            .threads(Threads::One);
        if let Some(time) = data.time {
            path = path.time(time);
        }
        if let Some(limit) = data.relative_residual {
            path = path.relative_residual(limit);
        }
        let scales = problem.scales();
        let levels = path.levels()?;
        Ok(self.test_errors(fold, &training, &levels, &scales))
    }

    /// A and y on training rows, which lie in these runs.
    fn training(&self, data: &CrossValidation<'_>, runs: &[Range<usize>]) -> Result<Training, Error> {
        let n = self.table.ncols();
        let rows: usize = runs.iter().map(Range::len).sum();
        let gather = |from: &[f64], to: &mut Vec<f64>| {
            to.clear();
            runs.iter().for_each(|run| to.extend_from_slice(&from[run.clone()]));
        };
        let (mut weights, mut target) = (vec![], vec![]);
        gather(&self.weights, &mut weights);
        gather(&self.target, &mut target);
        let total: f64 = weights.iter().sum();
        let roots = self.roots.as_ref().map(|roots| {
            let mut own = vec![];
            gather(roots, &mut own);
            own
        });
        // Centres and weighs, and says about what mean; what is constant to rounding becomes zero.
        let prepare = |values: &mut [f64], mean: f64, precision: f64| {
            let moved = if data.intercept { center(values, &weights, total) } else { 0.0 };
            if let Some(roots) = &roots {
                values.iter_mut().zip(roots).for_each(|(v, root)| *v *= root);
            }
            let units = precision / f64::EPSILON + (rows as f64).sqrt();
            let rounding = CENTRED_ROUNDING * units * total.sqrt() * (mean + moved).abs();
            let is_constant = data.intercept && norm(values) <= rounding;
            if is_constant {
                values.fill(0.0);
            }
            (moved, is_constant)
        };
        let (target_mean, _) = prepare(&mut target, self.target_mean, data.target_precision);
        let mut table = Mat::zeros(rows, n);
        let (mut means, mut constant) = (vec![0.0; n], vec![false; n]);
        for (j, column) in table.as_mut().col_iter_mut().enumerate() {
            if j % TILE == 0
                && let Some(reason) = data.interrupt.reason()
            {
                return Err(Error::Stopped { reason });
            }
            let column = contiguous(column);
            let mut at = 0;
            for run in runs {
                column[at..at + run.len()].copy_from_slice(&self.table.col_as_slice(j)[run.clone()]);
                at += run.len();
            }
            let precision = data.column_precision.map_or(f64::EPSILON, |precision| precision[j]);
            (means[j], constant[j]) = prepare(column, self.means[j], precision);
        }
        Ok(Training { table, target, means, target_mean, constant })
    }

    /// Mean squared errors of the points of a path on the test rows.
    fn test_errors(&self, fold: &Fold<'_>, training: &Training, levels: &[Level<f64>], scales: &[f64]) -> Vec<f64> {
        let places: Vec<usize> = fold.test.iter().map(|&row| self.places[row]).collect();
        let total: f64 = places.iter().map(|&place| self.weights[place]).sum();
        if total.is_nan() || total <= 0.0 {
            // Nothing of this fold counts.
            return vec![0.0; levels.len()];
        }
        let mut rest = Vec::with_capacity(places.len());
        let error = |level: &Level<f64>| {
            rest.clear();
            rest.extend(places.iter().map(|&place| self.target[place] - training.target_mean));
            for (&j, &x) in level.support.iter().zip(&level.values) {
                let (column, mean, x) = (self.table.col_as_slice(j), training.means[j], x * scales[j]);
                rest.iter_mut().zip(&places).for_each(|(r, &place)| *r -= x * (column[place] - mean));
            }
            let squares = rest.iter().zip(&places).map(|(r, &place)| self.weights[place] * r * r);
            squares.sum::<f64>() / total * self.target_square
        };
        levels.iter().map(error).collect()
    }
}

impl Training {
    /// The Gram matrix, from those of its blocks.
    fn gram(&self, blocks: &Blocks, of: &[usize], intercept: bool) -> Mat<f64> {
        let n = self.means.len();
        let mut gram = Mat::zeros(n, n);
        for &b in of {
            let block = &blocks.each[b];
            let apart: Vec<f64> = block.means.iter().zip(&self.means).map(|(own, all)| own - all).collect();
            for j in 0..n {
                let column = &mut contiguous(gram.as_mut().col_mut(j))[j..];
                axpy(1.0, &block.gram.col_as_slice(j)[j..], column);
                if intercept {
                    axpy(block.weight * apart[j], &apart[j..], column);
                }
            }
        }
        for j in 0..n {
            for i in j..n {
                if self.constant[i] || self.constant[j] {
                    gram[(i, j)] = 0.0;
                }
                gram[(j, i)] = gram[(i, j)];
            }
        }
        gram
    }
}

/// Rows by the training sets that they belong to.
struct Parts {
    /// Rows in the order of their blocks.
    order: Vec<usize>,
    /// The rows of each block, by their places in that order.
    ranges: Vec<Range<usize>>,
    /// The blocks of each training set.
    of: Vec<Vec<usize>>,
}

/// The blocks that training sets are made of, unless they are too many, or some set has a row twice.
fn parts(folds: &[Fold<'_>], rows: usize) -> Option<Parts> {
    // The sets of each row, as the place of one in a list of different ones; that at 0 is empty. Adding a set to all of its rows
    // leads from one of these to another.
    let mut kind = vec![0usize; rows];
    let mut kinds = 1;
    let mut last = vec![usize::MAX; rows];
    for (at, fold) in folds.iter().enumerate() {
        let mut next = HashMap::new();
        for &row in fold.train {
            if std::mem::replace(&mut last[row], at) == at {
                return None;
            }
            kind[row] = *next.entry(kind[row]).or_insert_with(|| {
                kinds += 1;
                kinds - 1
            });
        }
        if kinds > MOST_KINDS {
            return None;
        }
    }
    // Kinds in the order of their first rows; kinds through which rows only passed have none.
    let mut numbers = HashMap::new();
    let mut members: Vec<Vec<usize>> = vec![];
    for row in 0..rows {
        let number = *numbers.entry(kind[row]).or_insert(members.len());
        if number == members.len() {
            members.push(vec![]);
        }
        members[number].push(row);
    }
    if members.len() > MOST_BLOCKS {
        return None;
    }
    let of = folds.iter().map(|fold| {
        let mut of: Vec<usize> = fold.train.iter().map(|&row| numbers[&kind[row]]).collect();
        of.sort_unstable();
        of.dedup();
        of
    });
    let of = of.collect();
    let mut ranges = vec![];
    let mut order = Vec::with_capacity(rows);
    for mut member in members {
        ranges.push(order.len()..order.len() + member.len());
        order.append(&mut member);
    }
    Some(Parts { order, ranges, of })
}

/// Whether Gram matrices of all blocks take less work than the Gram columns that paths ask for, and fit into memory.
fn is_worth(blocks: usize, folds: usize, columns: usize, largest: usize, memory: Memory) -> bool {
    let joining = columns.min(JOINING.saturating_mul(largest));
    let bytes =
        columns.saturating_mul(columns).saturating_mul(blocks.saturating_add(1)).saturating_mul(size_of::<f64>());
    columns <= TOGETHER.saturating_mul(folds).saturating_mul(joining) && bytes <= memory.gram
}

/// Consecutive places as ranges.
fn runs(places: impl Iterator<Item = usize>) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = vec![];
    for place in places {
        match runs.last_mut() {
            Some(run) if run.end == place => run.end += 1,
            _ => runs.push(place..place + 1),
        }
    }
    runs
}

/// Subtracts the weighted mean, to the last digit, and returns it. The sum of the weights is `total`.
fn center(values: &mut [f64], weights: &[f64], total: f64) -> f64 {
    if total.is_nan() || total <= 0.0 {
        return 0.0;
    }
    let mut moved = 0.0;
    // The second time the mean of what the first has left, which is small.
    for _ in 0..2 {
        let mean = dot(values, weights) / total;
        values.iter_mut().for_each(|v| *v -= mean);
        moved += mean;
    }
    moved
}

/// Divides by the power of two that brings the largest magnitude to about 1, and returns its exponent.
fn rescale(values: &mut [f64]) -> i32 {
    let exponent = exponent(values.iter().fold(0.0, |largest: f64, v| largest.max(v.abs())));
    let factor = power(-exponent);
    values.iter_mut().for_each(|v| *v *= factor);
    exponent
}

/// The exponent of a number, within bounds; 0 for 0.
fn exponent(value: f64) -> i32 {
    if value > 0.0 { (value.log2().floor() as i32).clamp(EXPONENTS.0, EXPONENTS.1) } else { 0 }
}

/// 2 to this power.
fn power(exponent: i32) -> f64 {
    2.0f64.powi(exponent)
}
