//! What an algorithm works on: the current point, and the verbs that move it.

mod deprecated;
mod initial;
mod memory;
mod quadratic;
mod step;
mod visited;

pub use initial::Initial;
pub use memory::Memory;
pub(crate) use quadratic::Neighbourhood;
pub use quadratic::Quadratic;
pub use step::Step;
use visited::{Fit, Visited};

use crate::counts::Counts;
use crate::error::Error;
use crate::fit::least_squares::{SupportFit, System};
use crate::fit::point::{Kind, Point, ResidualNorm, length};
use crate::interrupt::{Interrupt, Watch};
use crate::kernels::{norm, norm_squared};
use crate::operator::SharedGram;
use crate::problem::Problem;
use crate::scalar::Scalar;
use crate::stop_reason::StopReason;
use crate::support::{Support, TopK};
use crate::tolerance::RESIDUAL_ROUNDING;

/// What an algorithm is about to ask for, so that what costs hardly more together is computed together. Changes no result.
#[derive(Debug, Clone, Copy)]
pub enum Hint<'h, T> {
    /// Column `column` joins next, and after it others by their correlation with the residual, in up to `remaining` steps in
    /// all.
    Next {
        /// The column.
        column: usize,
        /// Aᴴ(y − A x); of the current point where there is none.
        correlation: Option<&'h [T]>,
        /// The steps, at most.
        remaining: usize,
    },
    /// `support` is fitted next, and columns largest in `scores` are likely to follow.
    Likely {
        /// The support.
        support: &'h Support,
        /// One number for each column.
        scores: &'h [T],
    },
}

/// The current point of a run and all memory that steps need, so that they allocate nothing.
///
/// Everything here is in the scale of unit columns (see [`Problem`]). An algorithm moves the point by [`fit`](Self::fit) and
/// [`place`](Self::place), and asks for its [`residual_norm`](Self::residual_norm) and its [`correlate`](Self::correlate).
pub struct Workspace<'a, T: Scalar> {
    problem: Problem<'a, T>,
    memory: Memory,
    system: System<'a, T>,
    engine: SupportFit<T>,
    visited: Visited<T>,
    sparsity: usize,
    top_k: TopK,
    point: Point<T>,
    image: Vec<T>,
    /// Whether the products that ‖A‖ took count for this run.
    norm_counted: bool,
    /// Gram columns for several threads, once those were asked for.
    shared: Option<SharedGram<T>>,
    /// Supports reached within a step, where someone wants to see them.
    explored: Option<Vec<(Support, f64)>>,
    threads: Threads,
}

/// The threads that a run may use. Its result does not depend on them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Threads {
    /// All threads of the rayon pool in which the run takes place.
    #[default]
    Pool,
    /// The one that runs it: for one of many runs at the same time.
    One,
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
        problem.correlate_data(&operator, &problem.scales(), &mut data_correlation);
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
        Ok(Self {
            problem: problem.clone(),
            memory,
            engine,
            visited: Visited::new(n, sparsity, memory.fits),
            sparsity,
            top_k: TopK::with_capacity(n),
            point: Point::zero(system.data.len(), n, sparsity, system.data_norm),
            image: Vec::new(),
            norm_counted: false,
            shared: None,
            explored: None,
            threads: Threads::default(),
            system,
        })
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
        problem.correlate_data(&self.system.operator, &self.problem.scales(), &mut self.system.data_correlation);
        check_correlation(&self.system.data_correlation)?;
        self.problem = problem.clone();
        self.system.data = problem.data();
        self.system.data_norm = problem.data_norm();
        self.engine.renew();
        self.engine.counts.adjoints += 1;
        self.norm_counted = false;
        self.visited.clear();
        self.explored = None;
        self.threads = Threads::default();
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

    /// ‖a_j‖ of every column as the algorithms see it: 1, or 0 for a column of zeros.
    pub fn column_norms(&self) -> &[f64] {
        &self.system.column_norms
    }

    /// Support of the current point.
    pub fn support(&self) -> &Support {
        &self.point.support
    }

    /// Coefficients of the current point on its support.
    pub fn values(&self) -> &[T] {
        &self.point.values
    }

    /// What the run has cost so far.
    pub fn counts(&self) -> Counts {
        self.engine.counts
    }

    /// Number of distinct supports at which the run has been.
    pub fn supports_explored(&self) -> usize {
        self.visited.len()
    }

    /// Moves to x = 0.
    pub fn clear(&mut self) {
        self.point.clear(self.system.data_norm);
    }

    /// Moves to the least-squares solution on `support`: x_S = argmin ‖A_S x_S − y‖.
    ///
    /// The support may hold up to 3 k columns on the way to one of at most k. Only those count as explored, or can be
    /// returned. Columns numerically dependent on those of lower index get coefficient 0. A support visited before is recalled.
    pub fn fit(&mut self, support: &Support) {
        let point = &mut self.point;
        if point.is_fitted() && point.support == *support {
            return;
        }
        point.move_to(support, Kind::Fitted);
        if let Some(fit) = self.visited.recall(support) {
            point.values.clear();
            point.values.extend_from_slice(fit.values);
            point.norm = Some(fit.norm);
            let correlation = point.correlation.compute();
            correlation.clear();
            correlation.extend_from_slice(fit.correlation);
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
        self.engine.fit(&self.system, &mut self.point);
    }

    /// [`fit`](Self::fit) without whole Gram columns, for one support among whose neighbours nothing is looked for.
    pub(crate) fn fit_apart(&mut self, support: &Support) {
        self.engine.set_cache_aside(true);
        self.fit(support);
        self.residual_norm();
        self.engine.set_cache_aside(false);
    }

    /// Moves to the point with the given coefficients on a support.
    pub fn place(&mut self, support: &Support, values: &[T]) {
        debug_assert!(support.len() == values.len() || self.system.watch.noticed());
        self.point.move_to(support, Kind::Placed);
        self.point.values.clear();
        self.point.values.extend_from_slice(values);
        // It will not be zero on the support, as that of a fit is.
        self.engine.forget_correlation();
        self.visited.note(support);
    }

    /// ‖y − A x‖ of the current point.
    pub fn residual_norm(&mut self) -> f64 {
        self.engine.residual_norm(&self.system, &mut self.point)
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

    /// Aᴴ(y − A x) of the current point, the negative gradient of ½‖A x − y‖²; exactly 0 on the support after a fit.
    pub fn correlate(&mut self) -> &[T] {
        if !self.point.correlation.is_known() {
            self.engine.correlate(&self.system, &mut self.point);
            if self.point.is_fitted()
                && !self.system.watch.noticed()
                && let Some(norm) = self.point.norm
            {
                let (values, correlation) = (&self.point.values[..], &self.point.correlation.get()[..]);
                self.visited.store(&self.point.support, &Fit { values, norm, correlation });
            }
        }
        self.point.correlation.get()
    }

    /// y − A x of the current point.
    pub fn residual(&mut self) -> &[T] {
        if self.point.support.is_empty() && !self.point.residual.is_known() {
            let residual = self.point.residual.compute();
            residual.clear();
            residual.extend_from_slice(self.system.data);
        }
        self.engine.form_residual(&self.system, &mut self.point);
        self.point.residual.get()
    }

    /// Selects the k entries of `values` largest in magnitude into `support`, whose content on entry is a hint.
    pub fn select(&mut self, values: &[T], support: &mut Support) {
        self.top_k.select(values, self.sparsity, support);
    }

    /// Selects the `count` entries of Aᴴ(y − A x) at the current point largest in magnitude into `support`.
    pub fn select_correlated(&mut self, count: usize, support: &mut Support) {
        self.correlate();
        self.top_k.select(self.point.correlation.get(), count, support);
    }

    /// ‖A_S v‖² for coefficients v on columns S, which are distinct.
    pub fn image_norm_squared(&mut self, columns: &[usize], values: &[T]) -> f64 {
        self.engine.counts.applies += 1;
        self.image.resize(self.system.data.len(), T::ZERO);
        self.system.operator.apply_sparse(columns, values, &mut self.image);
        norm_squared(&self.image)
    }

    /// ‖A‖², the square of the largest singular value, to about 10⁻⁶ from below. It is computed once for a problem and those
    /// derived from it; each run that asks counts the products that it took.
    pub fn operator_norm_squared(&mut self) -> f64 {
        let (norm, products) = self.problem.operator_norm_squared(&self.system.operator, &self.system.watch);
        // A run counts as many products as it would alone: a rule may halt it by them.
        if !std::mem::replace(&mut self.norm_counted, true) {
            self.engine.counts.applies += products;
            self.engine.counts.adjoints += products;
        }
        norm
    }

    /// Says what is asked for next.
    pub fn hint(&mut self, hint: Hint<'_, T>) {
        match hint {
            Hint::Next { column, correlation: Some(correlation), remaining } => {
                self.engine.anticipate(&self.system, column, correlation, remaining);
            }
            Hint::Next { column, correlation: None, remaining } => {
                self.correlate();
                self.engine.anticipate(&self.system, column, self.point.correlation.get(), remaining);
            }
            Hint::Likely { support, scores } => self.engine.anticipate_largest(&self.system, support, scores),
        }
    }

    /// The Gram matrix and Aᴴ y, which score moves to neighbouring supports.
    pub fn quadratic(&mut self) -> Quadratic<'_, 'a, T> {
        Quadratic { system: &self.system, engine: &mut self.engine }
    }

    /// What moves through neighbouring supports need.
    pub(crate) fn neighbourhood(&mut self) -> Neighbourhood<'_, 'a, T> {
        let n = self.ncols();
        let gram = self.shared.get_or_insert_with(|| SharedGram::new(n, self.memory.gram));
        Neighbourhood { system: &self.system, gram, sparsity: self.sparsity }
    }

    /// Whether to give up what is being done, because the run is to stop. Whoever asks and hears yes leaves the workspace as
    /// it is: the run does not look at it again. For loops within a step that take long.
    pub fn stop(&self) -> bool {
        self.system.watch.stop()
    }

    /// Notes a support of at most k columns that was reached within a step, with its ‖y − A x‖, for observers that want to see
    /// such. Points at which steps end are seen by observers anyway.
    pub fn explored(&mut self, support: &Support, residual_norm: f64) {
        if let Some(explored) = &mut self.explored {
            explored.push((support.clone(), residual_norm));
        }
    }

    /// Whether an observer wants to see the supports reached within steps.
    pub(crate) fn is_watched(&self) -> bool {
        self.explored.is_some()
    }

    /// Begins to keep the supports reached within steps.
    pub(crate) fn keep_explored(&mut self) {
        self.explored = Some(Vec::new());
    }

    /// Calls `see` with the supports reached since the last call.
    pub(crate) fn see_explored(&mut self, mut see: impl FnMut(&Support, f64)) {
        for (support, residual_norm) in self.explored.iter_mut().flat_map(|explored| explored.drain(..)) {
            see(&support, residual_norm);
        }
    }

    /// How far [`residual_norm`](Self::residual_norm) may be off from ‖y − A x‖ of the point as it is stored.
    pub(crate) fn residual_off(&self) -> f64 {
        let known = self.point.norm.and_then(|known| known.off);
        known.unwrap_or_else(|| self.rounding_of(self.point.length(&self.system.column_norms)))
    }

    /// Rounding of ‖y − A x‖ computed from A, for Σ|x_j|‖a_j‖ = `length`.
    fn rounding_of(&self, length: f64) -> f64 {
        RESIDUAL_ROUNDING * (self.system.data_norm + length)
    }

    /// ‖y − A x‖ computed from A.
    pub(crate) fn formed_residual_norm(&mut self) -> f64 {
        self.engine.formed_residual_norm(&self.system, &mut self.point)
    }

    /// Whether the point is the least-squares fit on its support.
    pub(crate) fn is_fitted(&self) -> bool {
        self.point.is_fitted()
    }

    /// Whether ‖y − A x‖ is known, and was computed from A.
    pub(crate) fn residual_is_formed(&self) -> bool {
        matches!(self.point.norm, Some(ResidualNorm { off: None, .. }))
    }

    /// ‖y − A x‖ of another point, computed from A, and how far it may be off.
    pub(crate) fn formed_residual_norm_of(&mut self, support: &Support, values: &[T]) -> (f64, f64) {
        self.engine.form_residual_on(&self.system, support, values, &mut self.image);
        let length = length(support, values, &self.system.column_norms);
        (norm(&self.image), self.rounding_of(length))
    }

    /// ‖y‖ as a scale to compare with: 1 for y = 0.
    pub(crate) fn data_norm_or_one(&self) -> f64 {
        if self.system.data_norm > 0.0 { self.system.data_norm } else { 1.0 }
    }

    /// Number of rows m.
    pub(crate) fn nrows(&self) -> usize {
        self.system.operator.nrows()
    }

    /// Bytes held for Gram columns, a sparse A by rows, and remembered fits.
    pub(crate) fn memory_held(&self) -> usize {
        let shared = self.shared.as_ref().map_or(0, |gram| gram.kept() * self.ncols() * size_of::<T>());
        self.engine.memory_held() + shared + self.visited.memory_held()
    }

    /// Whether an algorithm may hold so many numbers.
    pub(crate) fn may_hold(&self, numbers: usize) -> bool {
        numbers.saturating_mul(size_of::<T>()) <= self.memory.state
    }

    /// Refuses what was computed since a product with A has failed.
    pub(crate) fn check_products(&self) -> Result<(), Error> {
        self.system.operator.check()
    }

    /// Begins to watch for an interrupt.
    pub(crate) fn watch(&mut self, interrupt: Interrupt) {
        self.system.watch.begin(interrupt.failing(Some(self.system.operator.failure())));
    }

    /// Why something was given up, if it was: the current point is then not to be used.
    pub(crate) fn given_up(&self) -> Option<StopReason> {
        self.system.watch.reason()
    }

    /// Whether steps may use several threads.
    pub(crate) fn may_share(&self) -> bool {
        self.threads == Threads::Pool && rayon::current_num_threads() > 1
    }

    /// Says which threads steps may use.
    pub(crate) fn set_threads(&mut self, threads: Threads) {
        self.threads = threads;
    }
}

fn check_correlation<T: Scalar>(correlation: &[T]) -> Result<(), Error> {
    let finite = correlation.iter().all(|v| Scalar::is_finite(*v));
    if finite { Ok(()) } else { Err(Error::Overflow { what: "Aᴴ y" }) }
}
