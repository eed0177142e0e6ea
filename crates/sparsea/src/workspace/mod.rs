//! The workspace of an algorithm: the current point, and the methods that move it.

mod atoms;
mod deprecated;
mod initial;
mod memory;
mod quadratic;
mod rank;
mod step;
mod visited;

pub use initial::Initial;
pub use memory::Memory;
pub(crate) use quadratic::Neighbourhood;
pub use quadratic::Quadratic;
pub(crate) use rank::turned;
pub use step::Step;
use visited::{Fit, Visited};

use std::sync::{Arc, OnceLock};

use crate::counts::Counts;
use crate::error::Error;
use crate::fit;
use crate::fit::System;
use crate::fit::least_squares::Groups;
use crate::fit::point::{Kind, Point, ResidualNorm, length};
use crate::interrupt::{Interrupt, Watch};
use crate::kernels::norm;
use crate::operator::{Access, SharedGram};
use crate::parallel;
use crate::problem::{Problem, Scoring};
use crate::scalar::Scalar;
use crate::stop_reason::StopReason;
use crate::support::Support;
use crate::tolerance::RESIDUAL_ROUNDING;

/// What an algorithm is about to ask for. Hints let work that is cheaper together be done together; they change no result.
#[derive(Debug, Clone, Copy)]
pub enum Hint<'h, T> {
    /// Column `column` joins next. Other columns follow in the order of their correlation with the residual, in up to `remaining` steps in
    /// all.
    Next {
        /// The column.
        column: usize,
        /// Aᴴ(y − A x); `None` for that of the current point.
        correlation: Option<&'h [T]>,
        /// The maximum number of steps.
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

/// The current point of a run, and all memory that steps need, so that steps allocate nothing.
///
/// All quantities are in the scale of unit columns (see [`Problem`]). An algorithm moves the point by [`fit`](Self::fit) and
/// [`place`](Self::place), and reads its [residual norm](Self::residual_norm) and its [correlation](Self::correlate).
pub struct Workspace<'a, T: Scalar> {
    problem: Problem<'a, T>,
    memory: Memory,
    system: System<'a, T>,
    engine: Box<dyn fit::Fit<T>>,
    visited: Visited<T>,
    sparsity: usize,
    scoring: Scoring<'a, T>,
    point: Point<T>,
    /// Aᴴ r off the support, where it is not zero on it.
    off_support: Vec<T>,
    costs: Vec<f64>,
    /// Whether the products that ‖A‖ took count for this run.
    norm_counted: bool,
    /// Supports reached within a step, where someone wants to see them.
    explored: Option<Vec<(Support, f64)>>,
    /// Whether the algorithm would end by itself.
    is_settled: bool,
    /// Columns of the working set of a search that has one.
    in_play: Option<usize>,
    threads: Threads,
    /// Whether the algorithm has said that its iterates diverged.
    diverged: bool,
    /// AᴴA by groups, once a tableau has asked for it.
    groups: Option<Arc<Groups<T>>>,
}

/// The threads that a run may use. The result does not depend on them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Threads {
    /// All threads of the rayon pool that the run is in.
    #[default]
    Pool,
    /// The calling thread only: for one of many concurrent runs.
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
        let sides = sides(problem, &operator, &data_correlation);
        let system = System {
            operator,
            data: problem.data(),
            loss: problem.loss(),
            region: problem.region(),
            intervals: problem.region().intervals(n).map(Arc::new),
            data_norm: problem.zero_norm(),
            data_correlation,
            column_norms,
            shared: OnceLock::new(),
            watch: Watch::default(),
            sides,
        };
        let sparsity = problem.sparsity();
        let capacity = problem.atoms().most_columns(sparsity);
        let mut engine = fit::engine(&system, capacity, memory.gram);
        engine.counts_mut().adjoints += 1;
        Ok(Self {
            problem: problem.clone(),
            memory,
            engine,
            visited: Visited::new(n, capacity, memory.fits),
            sparsity,
            scoring: problem.scoring(),
            point: Point::zero(system.data.len(), n, capacity, system.data_norm),
            off_support: Vec::new(),
            costs: Vec::new(),
            norm_counted: false,
            explored: None,
            is_settled: false,
            in_play: None,
            threads: Threads::default(),
            diverged: false,
            groups: None,
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
        self.system.data_norm = problem.zero_norm();
        self.engine.quadratic().renew();
        self.engine.counts_mut().adjoints += 1;
        self.norm_counted = false;
        self.visited.clear();
        self.explored = None;
        self.is_settled = false;
        self.in_play = None;
        self.threads = Threads::default();
        self.diverged = false;
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

    /// ‖y‖; √(2F(0)) for losses other than the squared loss.
    pub fn data_norm(&self) -> f64 {
        self.system.data_norm
    }

    /// ‖a_j‖ of every column as algorithms see it: 1, or 0 for a column of zeros.
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
        *self.engine.counts()
    }

    /// Number of distinct supports that the run has visited.
    pub fn supports_explored(&self) -> usize {
        self.visited.len()
    }

    /// Moves to x = 0.
    pub fn clear(&mut self) {
        self.point.clear(self.system.data_norm);
    }

    /// Moves to the best point on `support`: the least-squares solution x_S = argmin ‖A_S x_S − y‖, unless the problem has another loss or
    /// a domain.
    ///
    /// The support may hold up to 3 k atoms while the algorithm is on its way to one of at most k. Only supports of at most k atoms count
    /// as explored and can be returned. Columns that depend numerically on columns of lower index get coefficient 0. A support visited
    /// before is taken from the cache of fits.
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
            self.engine.quadratic().forget_correlation();
            return;
        }
        if self.size(support) <= self.sparsity {
            self.visited.note(support);
        }
        if support.is_empty() {
            self.clear();
            return;
        }
        self.engine.fit(&self.system, &mut self.point);
    }

    /// Moves to a start: to its k largest entries, or to the fit on its support if it has no values.
    pub fn start_at(&mut self, initial: &Initial<T>) {
        let (support, values) = self.truncated(initial);
        if values.is_empty() {
            self.fit(&support);
        } else {
            self.place(&support, &values);
        }
    }

    /// [`fit`](Self::fit) without whole Gram columns, for one support among whose neighbours nothing is looked for.
    pub(crate) fn fit_apart(&mut self, support: &Support) {
        self.engine.quadratic().set_cache_aside(true);
        self.fit(support);
        self.residual_norm();
        self.engine.quadratic().set_cache_aside(false);
    }

    /// Whether there is room to keep whole Gram columns for a support of so many columns, where they are kept at all.
    pub(crate) fn has_gram_room(&mut self, columns: usize) -> bool {
        self.engine.quadratic().has_gram_room(columns)
    }

    /// Sets the Gram columns aside, for larger supports than there is room for, or takes them up again.
    pub(crate) fn set_gram_aside(&mut self, aside: bool) {
        self.engine.quadratic().set_cache_aside(aside);
    }

    /// Moves to the point with the given coefficients on a support.
    pub fn place(&mut self, support: &Support, values: &[T]) {
        debug_assert!(support.len() == values.len() || self.system.watch.noticed());
        self.point.move_to(support, Kind::Placed);
        self.point.values.clear();
        self.point.values.extend_from_slice(values);
        // It will not be zero on the support, as that of a fit is.
        self.engine.quadratic().forget_correlation();
        self.visited.note(support);
    }

    /// ‖y − A x‖ of the current point; √(2F(A x)) for losses other than the squared loss.
    pub fn residual_norm(&mut self) -> f64 {
        match self.point.norm {
            Some(known) => known.norm,
            None => self.engine.residual_norm(&self.system, &mut self.point),
        }
    }

    /// Whether ‖y − A x‖ of the current point is below `before` by more than its rounding error, for algorithms that end when nothing
    /// lowers it. It is computed from A if the decision depends on it.
    pub fn lowers(&mut self, before: f64) -> bool {
        if self.residual_norm() >= before {
            return false;
        }
        if self.residual_norm() + 2.0 * self.residual_off() < before {
            return true;
        }
        self.formed_residual_norm() + 2.0 * self.residual_off() < before
    }

    /// Aᴴ r of the current point, the negative gradient of F(A x), where r = −∇F(A x): y − A x for the squared loss. Do not rely on its
    /// entries on the support; see [`correlate_off_support`](Self::correlate_off_support).
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

    /// Aᴴ r of the current point off its support, restricted to directions in which coefficients can leave 0; 0 on the support.
    pub fn correlate_off_support(&mut self) -> &[T] {
        self.correlate();
        let correlation = self.point.correlation.get();
        // Of a fit over all numbers it is 0 on the support already.
        if self.is_stationary() {
            return correlation;
        }
        let region = self.scoring.region();
        self.off_support.clear();
        self.off_support.extend(correlation.iter().enumerate().map(|(j, &c)| region.leave_zero(j, c)));
        self.point.support.iter().for_each(|&j| self.off_support[j] = T::ZERO);
        &self.off_support
    }

    /// Whether Aᴴ r vanishes on the support, as it does after a fit with free coefficients.
    pub fn is_stationary(&self) -> bool {
        self.point.is_fitted() && self.scoring.region().is_all()
    }

    /// The atom off the support with the strongest pull: its first column and its entry of
    /// [`correlate_off_support`](Self::correlate_off_support), or the norm of the entries of a group. `None` if all are 0.
    pub fn strongest(&mut self) -> Option<(usize, T)> {
        self.correlate_off_support();
        let pulled = if self.is_stationary() { self.point.correlation.get() } else { &self.off_support };
        self.scoring.strongest(pulled, &self.point.support)
    }

    /// `out` ← x + μ Aᴴ r for μ = `step_size`, a vector of n numbers.
    pub fn move_along(&mut self, step_size: f64, out: &mut [T]) {
        for (out, &c) in out.iter_mut().zip(self.correlate()) {
            *out = c.scale(step_size);
        }
        for (&j, &x) in self.point.support.iter().zip(&self.point.values) {
            out[j] += x;
        }
    }

    /// The allowed vector with at most k non-zeros that is nearest to `vector`: its support and its values. The content of `support` on
    /// entry is a hint.
    pub fn threshold(&mut self, vector: &[T], support: &mut Support, values: &mut Vec<T>) {
        self.select(vector, support);
        let region = self.scoring.region();
        values.clear();
        values.extend(support.iter().map(|&j| region.nearest(j, vector[j])));
    }

    /// The k largest atoms of the current point: their columns and their values.
    pub fn prune(&mut self, support: &mut Support, values: &mut Vec<T>) {
        let kept = self.scoring.largest(&self.point.support, &self.point.values, self.sparsity);
        values.clear();
        values.extend(kept.iter().map(|&at| self.point.values[at]));
        support.refill(kept.iter().map(|&at| self.point.support[at]));
    }

    /// For each coefficient of the current point, the rise of 2F if that coefficient is set to 0 and the others are unchanged, to second
    /// order: |x_j|²‖a_j‖² for the squared loss.
    pub fn drop_costs(&mut self) -> &[f64] {
        self.engine.drop_costs(&self.system, &self.point, &mut self.costs);
        &self.costs
    }

    /// −∇F(A x) of the current point: y − A x for the squared loss.
    pub fn residual(&mut self) -> &[T] {
        if self.point.support.is_empty() && !self.point.residual.is_known() {
            let residual = self.point.residual.compute();
            residual.clear();
            residual.extend_from_slice(self.system.data);
        }
        self.engine.form_residual(&self.system, &mut self.point);
        self.point.residual.get()
    }

    /// `support` ← the support of the allowed vector with at most k non-zeros that is nearest to `values`: the k entries largest in
    /// magnitude, if all numbers are allowed. The content of `support` on entry is a hint.
    pub fn select(&mut self, values: &[T], support: &mut Support) {
        self.scoring.select(values, self.sparsity, support);
    }

    /// `support` ← the `count` entries of Aᴴ r at the current point that are largest in magnitude. Off the support of the point, only the
    /// component along which a coefficient can leave 0 counts.
    pub fn select_correlated(&mut self, count: usize, support: &mut Support) {
        self.correlate();
        self.scoring.select_pulled(self.point.correlation.get(), &self.point.support, count, support);
    }

    /// vᴴ H v, where v has coefficients `values` on distinct `columns` and H is the second derivative of F(A x) at the current point: ‖A_S
    /// v‖² for the squared loss.
    pub fn image_norm_squared(&mut self, columns: &[usize], values: &[T]) -> f64 {
        self.engine.curvature_along(&self.system, &self.point, columns, values)
    }

    /// ‖A‖², the square of the largest singular value, to about 10⁻⁶ from below. It is computed once for a problem and those derived from
    /// it. Each run that asks for it counts the products that it took.
    pub fn operator_norm_squared(&mut self) -> f64 {
        let (norm, products) = self.problem.operator_norm_squared(&self.system.operator, &self.system.watch);
        // A run counts as many products as it would alone: a rule may halt it by them.
        if !std::mem::replace(&mut self.norm_counted, true) {
            self.engine.counts_mut().applies += products;
            self.engine.counts_mut().adjoints += products;
        }
        norm
    }

    /// A step size with which the gradient step never raises F near the current point: 1/‖A‖² for the squared loss.
    pub fn constant_step(&mut self) -> f64 {
        1.0 / (self.operator_norm_squared() * self.engine.largest_curvature(&self.system, &self.point))
    }

    /// Announces what is asked for next.
    pub fn hint(&mut self, hint: Hint<'_, T>) {
        if !self.problem.atoms().is_columns() {
            return;
        }
        match hint {
            Hint::Next { column, correlation: Some(correlation), remaining } => {
                self.engine.quadratic().anticipate(&self.system, column, correlation, remaining);
            }
            Hint::Next { column, correlation: None, remaining } => {
                self.correlate();
                let correlation = self.point.correlation.get();
                self.engine.quadratic().anticipate(&self.system, column, correlation, remaining);
            }
            Hint::Likely { support, scores } => {
                self.engine.quadratic().anticipate_largest(&self.system, support, scores)
            }
        }
    }

    /// The Gram matrix and Aᴴ y, for scoring moves to neighbouring supports.
    pub fn quadratic(&mut self) -> Quadratic<'_, 'a, T> {
        Quadratic { system: &self.system, engine: self.engine.quadratic() }
    }

    /// y ← A x, which counts.
    pub(crate) fn apply(&mut self, x: &[T], y: &mut [T]) {
        self.engine.counts_mut().applies += 1;
        self.system.operator.apply(x, y);
    }

    /// x ← Aᴴ y, which counts.
    pub(crate) fn apply_adjoint(&mut self, y: &[T], x: &mut [T]) {
        self.engine.counts_mut().adjoints += 1;
        self.system.operator.apply_adjoint(y, x);
    }

    /// Says that the iterates of the algorithm have diverged, so that the run can.
    pub(crate) fn note_divergence(&mut self) {
        self.diverged = true;
    }

    /// Whether the iterates have diverged since this was last asked.
    pub(crate) fn take_divergence(&mut self) -> bool {
        std::mem::take(&mut self.diverged)
    }

    /// Whether coefficients have bounds.
    pub(crate) fn is_bounded(&self) -> bool {
        self.system.intervals.is_some()
    }

    /// A, y and what is known of them.
    pub(crate) fn system(&self) -> &System<'a, T> {
        &self.system
    }

    /// What moves through neighbouring supports need.
    pub(crate) fn neighbourhood(&mut self) -> Neighbourhood<'_, 'a, T> {
        let n = self.system.base().operator.ncols();
        let gram = self.system.shared.get_or_init(|| SharedGram::new(n, self.memory.gram));
        Neighbourhood { system: &self.system, gram, sparsity: self.sparsity }
    }

    /// Whether the run is to stop, so that the algorithm should abandon its step. The caller may then leave the workspace in any state,
    /// because the run does not look at it again. For long loops within a step.
    pub fn stop(&self) -> bool {
        self.system.watch.stop()
    }

    /// Declares that the algorithm has stopped finding better points. Under its own rule, [`Halt::Budget`](crate::Halt::Budget), the run
    /// ends; under limits set by the user it goes on.
    pub fn settle(&mut self) {
        self.is_settled = true;
    }

    /// Whether the algorithm has noted that it stopped finding better points, since this was last asked.
    pub(crate) fn take_settled(&mut self) -> bool {
        std::mem::take(&mut self.is_settled)
    }

    /// Records a support of at most k columns that was reached within a step, with its ‖y − A x‖, for observers that want such supports.
    /// Observers see the points at which steps end in any case.
    pub fn explored(&mut self, support: &Support, residual_norm: f64) {
        if let Some(explored) = &mut self.explored {
            explored.push((support.clone(), residual_norm));
        }
    }

    /// Notes among how many columns exchanges are looked for.
    pub(crate) fn note_columns_in_play(&mut self, columns: usize) {
        self.in_play = Some(columns);
    }

    /// Columns among which exchanges were looked for.
    pub(crate) fn columns_in_play(&self) -> usize {
        self.in_play.unwrap_or(self.ncols())
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
        let norm = self.engine.residual_norm_of(&self.system, support, values);
        let length = length(support, values, &self.system.column_norms);
        (norm, self.rounding_of(length))
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
    pub(crate) fn memory_held(&mut self) -> usize {
        let shared = self.system.shared.get().map_or(0, |gram| gram.kept() * gram.columns() * size_of::<T>());
        self.engine.quadratic().memory_held() + shared + self.visited.memory_held()
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
        let interrupt = interrupt.failing(Some(self.system.operator.failure()));
        self.system.sides.iter_mut().for_each(|side| side.watch.begin(interrupt.clone()));
        self.system.watch.begin(interrupt);
    }

    /// Why something was given up, if it was: the current point is then not to be used.
    pub(crate) fn given_up(&self) -> Option<StopReason> {
        self.system.watch.reason()
    }

    /// What stops the run.
    pub(crate) fn interrupt(&self) -> Interrupt {
        self.system.watch.interrupt()
    }

    /// The memory that the run may use.
    pub(crate) fn memory(&self) -> Memory {
        self.memory
    }

    /// The threads that steps may use.
    pub(crate) fn threads(&self) -> Threads {
        self.threads
    }

    /// Counts what was done elsewhere for this run.
    pub(crate) fn count(&mut self, counts: Counts) {
        let all = self.engine.counts_mut();
        *all = *all + counts;
    }

    /// ‖a_j‖ of every column, and Aᴴ r of the current point, which is known.
    pub(crate) fn norms_and_correlation(&self) -> (&[f64], &[T]) {
        (&self.system.column_norms, self.point.correlation.get())
    }

    /// Whether steps may use several threads.
    pub(crate) fn may_share(&self) -> bool {
        self.threads == Threads::Pool && parallel::current_num_threads() > 1
    }

    /// Says which threads steps may use.
    pub(crate) fn set_threads(&mut self, threads: Threads) {
        self.threads = threads;
    }
}

/// A with each of the right-hand sides of a problem that has several.
fn sides<'a, T: Scalar>(problem: &Problem<'a, T>, all: &Access<'a, T>, correlation: &[T]) -> Vec<System<'a, T>> {
    let Some(stacked) = problem.stacked() else { return vec![] };
    let (m, n) = (stacked.base().nrows(), stacked.base().ncols());
    let sides = problem.data().chunks(m).zip(correlation.chunks(n));
    let side = |(data, correlation): (&'a [T], &[T])| System {
        operator: stacked.base().beside(all.failure()),
        data,
        loss: None,
        region: problem.region(),
        intervals: problem.region().intervals(n).map(Arc::new),
        data_norm: norm(data),
        data_correlation: correlation.to_vec(),
        column_norms: problem.column_norms()[..n].to_vec(),
        shared: OnceLock::new(),
        watch: Watch::default(),
        sides: vec![],
    };
    sides.map(side).collect()
}

fn check_correlation<T: Scalar>(correlation: &[T]) -> Result<(), Error> {
    let finite = correlation.iter().all(|v| Scalar::is_finite(*v));
    if finite { Ok(()) } else { Err(Error::Overflow { what: "Aᴴ y" }) }
}
