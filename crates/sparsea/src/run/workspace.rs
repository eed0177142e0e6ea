//! What an algorithm works on: the current point, and three verbs, `correlate`, `fit` and `place`.

use faer::{Mat, Side};

use super::report::Exploration;
use super::visited::{Fit, Visited};
use crate::counts::Counts;
use crate::error::Error;
use crate::generate::{normal_vector, stream};
use crate::interrupt::{Interrupt, Watch};
use crate::kernels::{dot, norm, norm_squared};
use crate::least_squares::{SharedGram, SupportFit, System};
use crate::problem::Problem;
use crate::scalar::Scalar;
use crate::stop_reason::StopReason;
use crate::support::TopK;
use crate::tolerance::RESIDUAL_ROUNDING;

/// Bytes that a run may use besides the problem itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// For cached Gram columns; `search` keeps as much again for its threads.
    pub gram: usize,
    /// For remembered fits.
    pub fits: usize,
    /// For what an algorithm keeps of its own, as the tableau of `els`.
    pub state: usize,
}

impl Memory {
    /// `bytes` shared among what a run keeps: half for Gram columns, an eighth for fits, the rest for the algorithm.
    #[must_use]
    pub fn total(bytes: usize) -> Self {
        let (gram, fits) = (bytes / 2, bytes / 8);
        Self { gram, fits, state: bytes - gram - fits }
    }
}

impl Default for Memory {
    /// 256 MiB of Gram columns, 64 MiB of fits, 4 GiB for the algorithm.
    fn default() -> Self {
        Self { gram: 256 << 20, fits: 64 << 20, state: 4 << 30 }
    }
}

/// What moves through neighbouring supports need, on any thread.
pub(crate) struct Neighbourhood<'s, 'a, T: Scalar> {
    system: &'s System<'a, T>,
    gram: &'s SharedGram<T>,
    sparsity: usize,
}

impl<T: Scalar> Neighbourhood<'_, '_, T> {
    /// The sparsity k.
    pub(crate) fn sparsity(&self) -> usize {
        self.sparsity
    }

    /// Whether to give up.
    pub(crate) fn stop(&self) -> bool {
        self.system.watch.stop()
    }

    /// Calls `with` with column j of the Gram matrix.
    pub(crate) fn gram_column<R>(&self, j: usize, with: impl FnOnce(&[T]) -> R) -> R {
        self.gram.read(&*self.system.operator, j, with)
    }
}

/// The current point of a run and all memory that steps need, so that they allocate nothing.
///
/// Everything here is in the scale of unit columns (see [`Problem`]).
pub struct Workspace<'a, T: Scalar> {
    problem: Problem<'a, T>,
    memory: Memory,
    system: System<'a, T>,
    engine: SupportFit<T>,
    visited: Visited<T>,
    sparsity: usize,
    top_k: TopK,
    support: Vec<usize>,
    values: Vec<T>,
    /// Whether the point is the least-squares fit on its support.
    fitted: bool,
    residual: Vec<T>,
    residual_known: bool,
    residual_norm: Option<f64>,
    /// How far ‖r‖ may be off, where it was not computed from A.
    residual_off: Option<f64>,
    correlation: Vec<T>,
    correlation_known: bool,
    /// ‖A‖², and the steps that it took.
    operator_norm_squared: Option<(f64, u64)>,
    /// Whether these count for this run.
    norm_counted: bool,
    image: Vec<T>,
    /// Gram columns for several threads, once those were asked for.
    shared: Option<SharedGram<T>>,
    exploration: Option<Exploration>,
    alone: bool,
}

impl<'a, T: Scalar> Workspace<'a, T> {
    /// A workspace whose point is x = 0.
    ///
    /// # Errors
    /// [`Error::Overflow`] if Aᴴ y is not finite.
    pub fn new(problem: &Problem<'a, T>, memory: Memory) -> Result<Self, Error> {
        let operator = problem.scaled_operator();
        let n = operator.ncols();
        let mut data_correlation = vec![T::ZERO; n];
        problem.correlate_data(&*operator, &problem.scales(), &mut data_correlation);
        check_correlation(&data_correlation)?;
        let scales = problem.scales();
        let column_norms = problem.column_norms().iter().zip(scales.iter()).map(|(norm, scale)| norm * scale).collect();
        let system = System {
            operator,
            data: problem.data(),
            data_norm: problem.data_norm(),
            data_correlation,
            column_norms,
            watch: Watch::default(),
        };
        let sparsity = problem.sparsity();
        let mut engine = SupportFit::new(&system, sparsity, memory.gram);
        engine.counts.adjoints += 1;
        let mut workspace = Self {
            problem: problem.clone(),
            memory,
            engine,
            visited: Visited::new(n, sparsity, memory.fits),
            sparsity,
            top_k: TopK::with_capacity(n),
            support: Vec::with_capacity(sparsity),
            values: Vec::with_capacity(sparsity),
            fitted: true,
            residual: Vec::with_capacity(system.data.len()),
            residual_known: false,
            residual_norm: Some(system.data_norm),
            residual_off: None,
            correlation: Vec::with_capacity(n),
            correlation_known: false,
            operator_norm_squared: None,
            norm_counted: false,
            image: Vec::new(),
            shared: None,
            exploration: None,
            alone: rayon::current_thread_index().is_none(),
            system,
        };
        workspace.clear();
        Ok(workspace)
    }

    /// Begins anew with a problem. If that differs in y only, everything known of A is kept: Gram columns and ‖A‖².
    ///
    /// # Errors
    /// Those of [`new`](Self::new).
    pub(crate) fn renew(&mut self, problem: &Problem<'a, T>, memory: Memory) -> Result<(), Error> {
        if memory != self.memory || !problem.differs_in_data_only(&self.problem) {
            *self = Self::new(problem, memory)?;
            return Ok(());
        }
        problem.correlate_data(&*self.system.operator, &self.problem.scales(), &mut self.system.data_correlation);
        check_correlation(&self.system.data_correlation)?;
        self.problem = problem.clone();
        self.system.data = problem.data();
        self.system.data_norm = problem.data_norm();
        self.engine.renew();
        self.engine.counts.adjoints += 1;
        self.norm_counted = false;
        self.visited.clear();
        self.exploration = None;
        self.alone = rayon::current_thread_index().is_none();
        self.clear();
        Ok(())
    }

    /// Number of columns n.
    pub fn ncols(&self) -> usize {
        self.system.operator.ncols()
    }

    /// The sparsity k.
    pub fn sparsity(&self) -> usize {
        self.sparsity
    }

    /// ‖y‖.
    pub fn data_norm(&self) -> f64 {
        self.system.data_norm
    }

    /// ‖y‖ as a scale to compare with: 1 for y = 0.
    pub(crate) fn data_norm_or_one(&self) -> f64 {
        if self.system.data_norm > 0.0 { self.system.data_norm } else { 1.0 }
    }

    /// Support of the current point, sorted.
    pub fn support(&self) -> &[usize] {
        &self.support
    }

    /// Coefficients of the current point on its support.
    pub fn values(&self) -> &[T] {
        &self.values
    }

    /// What the run has cost so far.
    pub fn counts(&self) -> Counts {
        self.engine.counts
    }

    /// Number of distinct supports at which the run has been.
    pub fn supports_explored(&self) -> usize {
        self.visited.len()
    }

    /// ‖a_j‖ of every column as the algorithms see it: 1, or 0 for a column of zeros.
    pub fn column_norms(&self) -> &[f64] {
        &self.system.column_norms
    }

    /// Aᴴ y.
    pub fn data_correlation(&self) -> &[T] {
        &self.system.data_correlation
    }

    /// Column j of the Gram matrix, Aᴴ a_j.
    pub fn gram_column(&mut self, j: usize) -> &[T] {
        self.engine.gram_column(&self.system, j)
    }

    /// Says that column `chosen` joins next, and after it, in up to `remaining` steps in all, others by their correlation with
    /// the residual, which is given: if several Gram columns cost hardly more than one, those most likely to be needed are
    /// computed together. Changes no result.
    pub fn anticipate(&mut self, chosen: usize, correlation: &[T], remaining: usize) {
        self.engine.anticipate(&self.system, chosen, correlation, remaining);
    }

    /// The same with the correlation of the current point.
    pub fn anticipate_here(&mut self, chosen: usize, remaining: usize) {
        self.correlate();
        self.engine.anticipate(&self.system, chosen, &self.correlation, remaining);
    }

    /// Says that `support` is fitted next, and that columns largest in `exploration` are likely to follow. Changes no result.
    pub fn anticipate_largest(&mut self, support: &[usize], exploration: &[T]) {
        self.engine.anticipate_largest(&self.system, support, exploration);
    }

    /// What moves through neighbouring supports need.
    pub(crate) fn neighbourhood(&mut self) -> Neighbourhood<'_, 'a, T> {
        let n = self.ncols();
        let gram = self.shared.get_or_insert_with(|| SharedGram::new(n, self.memory.gram));
        Neighbourhood { system: &self.system, gram, sparsity: self.sparsity }
    }

    /// Counts a Gram column that was computed for a neighbourhood.
    pub(crate) fn count_gram_column(&mut self) {
        self.engine.counts.columns += 1;
    }

    /// Bytes held for Gram columns, a sparse A by rows, and remembered fits.
    pub(crate) fn memory_held(&self) -> usize {
        let shared = self.shared.as_ref().map_or(0, |gram| gram.kept() * self.ncols() * size_of::<T>());
        self.engine.memory_held() + shared + self.visited.memory_held()
    }

    /// Number of rows m.
    pub(crate) fn nrows(&self) -> usize {
        self.system.operator.nrows()
    }

    /// Multiply-adds of so many Gram columns, about.
    pub(crate) fn gram_cost(&self, columns: usize) -> usize {
        self.system.operator.adjoint_cost().saturating_mul(columns)
    }

    /// Whether Gram column j is at hand.
    pub(crate) fn holds_gram_column(&self, j: usize) -> bool {
        self.engine.holds_gram_column(j)
    }

    /// Whether an algorithm may hold so many numbers.
    pub(crate) fn may_hold(&self, numbers: usize) -> bool {
        numbers.saturating_mul(size_of::<T>()) <= self.memory.state
    }

    /// Begins to watch for an interrupt.
    pub(crate) fn watch(&mut self, interrupt: Interrupt) {
        self.system.watch.begin(interrupt);
    }

    /// Whether to give up what is being done, because the run is to stop. Whoever asks and hears yes leaves the workspace as
    /// it is: the run does not look at it again. For loops within a step that take long.
    pub fn stop(&self) -> bool {
        self.system.watch.stop()
    }

    /// Why something was given up, if it was: the current point is then not to be used.
    pub(crate) fn given_up(&self) -> Option<StopReason> {
        self.system.watch.reason()
    }

    /// Whether what is explored is recorded.
    pub(crate) fn is_recording(&self) -> bool {
        self.exploration.is_some()
    }

    /// Whether steps may use every thread: this run is not one of many at work.
    pub(crate) fn may_share(&self) -> bool {
        self.alone && rayon::current_num_threads() > 1
    }

    /// Says whether no other run is at work in this pool of threads.
    pub(crate) fn be_alone(&mut self, alone: bool) {
        self.alone = alone;
    }

    /// Begins to record what is explored, for a report.
    pub(crate) fn record(&mut self, exploration: Exploration) {
        self.exploration = Some(exploration);
    }

    /// What was recorded.
    pub(crate) fn take_record(&mut self) -> Option<Exploration> {
        self.exploration.take()
    }

    /// Records a support of at most k columns, sorted, that was reached on the way with the given ‖y − A x‖, if a report is
    /// wanted. Points at which steps end are recorded by the run itself.
    pub fn explored(&mut self, support: &[usize], residual_norm: f64) {
        if let Some(exploration) = &mut self.exploration {
            exploration.add(support, residual_norm);
        }
    }

    /// `out` ← (A_Sᴴ A_S)⁻¹ `right` for a sorted support of independent columns; false, if they are not.
    ///
    /// For directions, not for fits: the error is that of normal equations.
    pub fn solve_normal(&mut self, support: &[usize], right: &[T], out: &mut Vec<T>) -> bool {
        self.engine.solve_normal(&self.system, support, right, out)
    }

    /// Selects the k entries of `values` largest in magnitude into `support`, whose content on entry is a hint.
    pub fn select(&mut self, values: &[T], support: &mut Vec<usize>) {
        self.top_k.select(values, self.sparsity, support);
    }

    /// Selects the `count` entries of Aᴴ r at the current point largest in magnitude into `support`.
    pub fn select_correlated(&mut self, count: usize, support: &mut Vec<usize>) {
        self.correlate();
        self.top_k.select(&self.correlation, count, support);
    }

    /// Moves to x = 0.
    pub fn clear(&mut self) {
        self.support.clear();
        self.values.clear();
        self.moved(true);
        self.residual_norm = Some(self.system.data_norm);
        self.residual_off = None;
    }

    fn moved(&mut self, fitted: bool) {
        self.fitted = fitted;
        self.residual_known = false;
        self.residual_norm = None;
        self.residual_off = None;
        self.correlation_known = false;
    }

    /// Moves to the least-squares solution on `support` (sorted, distinct): x_S = argmin ‖A_S x_S − y‖.
    ///
    /// The support may hold up to 3 k columns on the way to one of at most k. Only those count as explored, or can be
    /// returned. Columns numerically dependent on those of lower index get coefficient 0. A support visited before is recalled.
    pub fn fit(&mut self, support: &[usize]) {
        debug_assert!(support.is_sorted_by(|a, b| a < b), "a support is sorted and distinct: {support:?}");
        if self.fitted && self.support == support {
            return;
        }
        self.moved(true);
        self.support.clear();
        self.support.extend_from_slice(support);
        if let Some(fit) = self.visited.recall(support) {
            self.values.clear();
            self.values.extend_from_slice(fit.values);
            self.residual_norm = Some(fit.residual_norm);
            self.residual_off = fit.residual_off;
            self.correlation.clear();
            self.correlation.extend_from_slice(fit.correlation);
            self.correlation_known = true;
            self.engine.forget_correlation();
            return;
        }
        if support.len() <= self.sparsity {
            self.visited.note(support);
        }
        if support.is_empty() {
            self.clear();
            return;
        }
        self.residual_known = self.engine.fit(&self.system, &self.support, &mut self.values, &mut self.residual);
    }

    /// [`fit`](Self::fit) without whole Gram columns, for one support among whose neighbours nothing is looked for.
    pub(crate) fn fit_apart(&mut self, support: &[usize]) {
        self.engine.set_cache_aside(true);
        self.fit(support);
        self.residual_norm();
        self.engine.set_cache_aside(false);
    }

    /// Moves to the point with the given coefficients on a (sorted, distinct) support.
    pub fn place(&mut self, support: &[usize], values: &[T]) {
        debug_assert!(support.is_sorted_by(|a, b| a < b), "a support is sorted and distinct: {support:?}");
        self.support.clear();
        self.support.extend_from_slice(support);
        self.values.clear();
        self.values.extend_from_slice(values);
        self.moved(false);
        // It will not be zero on the support, as that of a fit is.
        self.engine.forget_correlation();
        self.visited.note(support);
    }

    /// ‖y − A x‖ of the current point.
    pub fn residual_norm(&mut self) -> f64 {
        if let Some(norm) = self.residual_norm {
            return norm;
        }
        if self.fitted && !self.residual_known {
            match self.engine.residual_norm(&self.system, &self.support, &self.values) {
                Some((norm, off)) => {
                    self.residual_norm = Some(norm);
                    self.residual_off = Some(off);
                    return norm;
                }
                None => {
                    self.engine.improve(&self.system, &self.support, &mut self.values, &mut self.residual);
                    self.residual_known = true;
                }
            }
        }
        self.form_residual();
        let norm = norm(&self.residual);
        self.residual_norm = Some(norm);
        norm
    }

    /// Whether ‖y − A x‖ of the current point is below `before` by more than its rounding, for algorithms that end when nothing
    /// lowers it. Computed from A where that decides.
    pub fn lowers(&mut self, before: f64) -> bool {
        if self.residual_norm() >= before {
            return false;
        }
        if self.residual_norm() + 2.0 * self.residual_off() < before {
            return true;
        }
        self.formed_residual_norm() + 2.0 * self.residual_off() < before
    }

    /// How far [`residual_norm`](Self::residual_norm) may be off from ‖y − A x‖ of the point as it is stored.
    pub(crate) fn residual_off(&self) -> f64 {
        self.residual_off.unwrap_or_else(|| {
            let norms = &self.system.column_norms;
            let length: f64 = self.support.iter().zip(&self.values).map(|(&j, x)| norms[j] * Scalar::abs(*x)).sum();
            RESIDUAL_ROUNDING * (self.system.data_norm + length)
        })
    }

    /// ‖y − A x‖ computed from A.
    pub(crate) fn formed_residual_norm(&mut self) -> f64 {
        if self.residual_off.is_some() || self.residual_norm.is_none() {
            self.form_residual();
            self.residual_norm = Some(norm(&self.residual));
            self.residual_off = None;
        }
        self.residual_norm()
    }

    /// Whether the point is the least-squares fit on its support.
    pub(crate) fn is_fitted(&self) -> bool {
        self.fitted
    }

    /// Whether ‖r‖ is known, and was computed from A.
    pub(crate) fn residual_is_formed(&self) -> bool {
        self.residual_norm.is_some() && self.residual_off.is_none()
    }

    /// ‖y − A x‖ of another point, computed from A, and how far it may be off.
    pub(crate) fn formed_residual_norm_of(&mut self, support: &[usize], values: &[T]) -> (f64, f64) {
        self.engine.form_residual(&self.system, support, values, &mut self.image);
        let norms = &self.system.column_norms;
        let length: f64 = support.iter().zip(values).map(|(&j, x)| norms[j] * Scalar::abs(*x)).sum();
        (norm(&self.image), RESIDUAL_ROUNDING * (self.system.data_norm + length))
    }

    fn form_residual(&mut self) {
        if !self.residual_known {
            self.engine.form_residual(&self.system, &self.support, &self.values, &mut self.residual);
            self.residual_known = true;
        }
    }

    /// Aᴴ r of the current point, the negative gradient of ½‖A x − y‖²; exactly 0 on the support after a fit.
    pub fn correlate(&mut self) -> &[T] {
        if self.correlation_known {
            return &self.correlation;
        }
        let mut residual_norm = self.residual_norm();
        loop {
            self.engine.correlate(
                &self.system,
                &self.support,
                &self.values,
                residual_norm,
                &mut self.residual,
                &mut self.residual_known,
                &mut self.correlation,
            );
            // The guard against drift of the factor: what should vanish on the support is known now. A residual that
            // was formed has been through the accurate path already.
            if !self.fitted
                || self.residual_known
                || self.engine.is_orthogonal(&self.system, &self.support, &self.correlation)
            {
                break;
            }
            self.engine.improve(&self.system, &self.support, &mut self.values, &mut self.residual);
            self.residual_known = true;
            residual_norm = norm(&self.residual);
            self.residual_norm = Some(residual_norm);
            self.residual_off = None;
        }
        if self.fitted {
            for &j in &self.support {
                self.correlation[j] = T::ZERO;
            }
            if !self.system.watch.noticed() {
                let (values, correlation, residual_off) = (&self.values, &self.correlation, self.residual_off);
                self.visited.store(&self.support, &Fit { values, residual_norm, residual_off, correlation });
            }
        }
        self.correlation_known = true;
        &self.correlation
    }

    /// y − A x of the current point.
    pub fn residual(&mut self) -> &[T] {
        if self.support.is_empty() {
            self.residual.clear();
            self.residual.extend_from_slice(self.system.data);
            self.residual_known = true;
        }
        self.form_residual();
        &self.residual
    }

    /// ‖A_S v‖² for coefficients v on `support`.
    pub fn image_norm_squared(&mut self, support: &[usize], values: &[T]) -> f64 {
        self.engine.counts.applies += 1;
        self.image.resize(self.system.data.len(), T::ZERO);
        self.system.operator.apply_sparse(support, values, &mut self.image);
        norm_squared(&self.image)
    }

    /// ‖A‖², the square of the largest singular value, to about 10⁻⁶ from below.
    ///
    /// Lanczos tridiagonalisation of AᴴA from a fixed random vector (Golub & Van Loan, Matrix Computations, §10.1).
    pub fn operator_norm_squared(&mut self) -> f64 {
        if let Some((known, steps)) = self.operator_norm_squared {
            // A run in a workspace that was kept counts as many calls as it would alone: a rule may halt it by them.
            if !std::mem::replace(&mut self.norm_counted, true) {
                self.engine.counts.applies += steps;
                self.engine.counts.adjoints += steps;
            }
            return known;
        }
        let operator = &*self.system.operator;
        let mut q: Vec<T> = normal_vector(&mut stream(0, 0, 0), operator.ncols());
        let mut image = vec![T::ZERO; operator.nrows()];
        let mut w = vec![T::ZERO; operator.ncols()];
        let mut before = vec![T::ZERO; operator.ncols()];
        let length = norm(&q);
        q.iter_mut().for_each(|v| *v = v.scale(1.0 / length));
        let (mut alphas, mut betas): (Vec<f64>, Vec<f64>) = (vec![], vec![]);
        let mut largest = 0.0;
        for step in 0..operator.ncols().min(300) {
            if self.system.watch.stop() {
                break;
            }
            operator.apply(&q, &mut image);
            operator.apply_adjoint(&image, &mut w);
            let alpha = dot(&q, &w).real();
            let beta_before = betas.last().copied().unwrap_or(0.0);
            for ((w, q), before) in w.iter_mut().zip(&q).zip(&before) {
                *w = *w - q.scale(alpha) - before.scale(beta_before);
            }
            alphas.push(alpha);
            let previous = largest;
            // The eigenvalues are looked at less and less often, as they cost more and more.
            if step < 8 || step % 8 == 0 {
                largest = largest_eigenvalue(&alphas, &betas);
            }
            let beta = norm(&w);
            if beta <= 1e-14 * largest || (step % 8 == 0 && step > 8 && largest - previous <= 1e-7 * largest) {
                break;
            }
            betas.push(beta);
            std::mem::swap(&mut before, &mut q);
            for (q, w) in q.iter_mut().zip(&w) {
                *q = w.scale(1.0 / beta);
            }
        }
        betas.truncate(alphas.len().saturating_sub(1));
        largest = largest_eigenvalue(&alphas, &betas).max(f64::MIN_POSITIVE);
        self.operator_norm_squared = Some((largest, alphas.len() as u64));
        self.operator_norm_squared()
    }
}

/// Largest eigenvalue of the symmetric tridiagonal matrix with this diagonal and these entries beside it.
fn largest_eigenvalue(diagonal: &[f64], beside: &[f64]) -> f64 {
    let size = diagonal.len();
    let matrix = Mat::from_fn(size, size, |i, j| match i.abs_diff(j) {
        0 => diagonal[i],
        1 => beside[i.min(j)],
        _ => 0.0,
    });
    match matrix.self_adjoint_eigenvalues(Side::Lower) {
        Ok(values) => values.last().copied().unwrap_or(0.0),
        // Gershgorin's bound is safe where the iteration for the eigenvalues fails.
        Err(_) => (0..size).map(|i| (0..size).map(|j| matrix[(i, j)].abs()).sum()).fold(0.0, f64::max),
    }
}

fn check_correlation<T: Scalar>(correlation: &[T]) -> Result<(), Error> {
    let finite = correlation.iter().all(|v| Scalar::is_finite(*v));
    if finite { Ok(()) } else { Err(Error::Overflow { what: "Aᴴ y" }) }
}
