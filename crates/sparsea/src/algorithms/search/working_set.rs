//! Search among many columns: exchanges on the columns that can matter, and a look at all others.
//!
//! The working set W ⊂ {0, …, n − 1} begins with the columns that correlate most with the residuals of matching pursuit, which also gives
//! the first support. Search runs on A_W. Then all n columns
//! are scored against the best support S: by |a_jᴴ r|²/‖a_j‖², what column j explains if it joins, and, once that finds no more,
//! by |a_jᴴ r_i|²/‖a_j‖² for each i ∈ S, with r_i the residual of the fit on S ∖ {i}: what it explains in place of i, at least. Those
//! that gain join W, until none does. Held are n numbers a few times, never n k.

use faer::MatMut;
use rand::RngExt;

use super::super::SEARCHED;
use super::messages::Messages;
use super::{Exchanges, Search, WORK};
use crate::counts::Counts;
use crate::operator::{Selected, TOGETHER};
use crate::problem::Problem;
use crate::random::stream;
use crate::scalar::Scalar;
use crate::support::Support;
use crate::workspace::{Initial, Step, Workspace};

/// Columns of the working set at most, as a multiple of k, where that is more.
const MEMBERS: usize = 8;
/// Columns that join at a time: so many, or this multiple of k.
const JOINING: (usize, usize) = (512, 2);
/// Columns that join at a time in matching pursuit.
const LOOKED_AT: usize = 64;
/// ‖r‖ must fall by this share for correlations with it to be looked at again.
const PAID: f64 = 1e-3;
/// A column joins if in the place of a member it explains this share of what that does: it may explain more than its score.
const PROMISING: f64 = 0.7;
/// Iterations of search between looks at all columns, once no column joins.
const ITERATIONS: u64 = 50;

/// Where each column takes a product with A and one with Aᴴ, search has settled after this many, and this many for each member.
const COMPUTED: (u64, u64) = (500, 2);

/// Columns of the working set at most.
fn most(sparsity: usize) -> usize {
    (SEARCHED / sparsity.max(1)).max(MEMBERS.saturating_mul(sparsity))
}

/// Columns that are scored in every exchange at most.
pub(in crate::algorithms) fn in_play(columns: usize, sparsity: usize) -> usize {
    columns.min(most(sparsity))
}

/// Whether there are more columns than a working set has.
pub(super) fn applies(columns: usize, sparsity: usize) -> bool {
    columns > most(sparsity)
}

/// The search on a working set, between steps.
#[derive(Debug)]
pub(super) struct WorkingSet<T> {
    /// W, sorted.
    columns: Vec<usize>,
    /// The best support.
    support: Support,
    residual_norm: f64,
    /// Where the run began, with its ‖r‖.
    start: (Support, f64),
    /// ‖r‖ when all columns were scored last.
    scored_at: f64,
    /// Whether the support still grows by matching pursuit.
    is_greedy: bool,
    /// Whether no other column gains.
    is_closed: bool,
    rounds: u64,
    messages: Messages<T>,
    /// Multiply-adds so far.
    work: usize,
    /// Gram columns computed, which are forgotten after each round.
    computed: u64,
    scores: Vec<f64>,
    memory: Vec<T>,
}

impl<T: Scalar> WorkingSet<T> {
    /// Begins from x = 0, and goes on from the point of the workspace if that is better than what matching pursuit finds.
    pub(super) fn new(workspace: &mut Workspace<'_, T>) -> Self {
        let start = (workspace.support().clone(), workspace.residual_norm());
        Self {
            columns: start.0.to_vec(),
            support: Support::new(),
            residual_norm: workspace.data_norm(),
            start,
            scored_at: f64::INFINITY,
            is_greedy: true,
            is_closed: false,
            rounds: 0,
            messages: Messages::Due,
            work: 0,
            computed: 0,
            scores: vec![0.0; workspace.ncols()],
            memory: vec![],
        }
    }

    /// Searches the working set for a while, and lets other columns join.
    pub(super) fn step(&mut self, search: &Search, workspace: &mut Workspace<'_, T>, budget: u64) -> Step {
        if self.messages.is_due(workspace, self.work, pursuit_cost(workspace)) {
            self.messages.begin(workspace, true);
        }
        if self.pass_messages(workspace) || (self.is_greedy && self.pursue(workspace)) {
            return Step { iterations: 0, finished: false };
        }
        workspace.note_columns_in_play(self.columns.len());
        let iterations = if self.is_closed { ITERATIONS.min(budget.max(1)) } else { 1 };
        let before = self.residual_norm;
        self.search(search, workspace, iterations);
        let mut finished = false;
        if workspace.given_up().is_none() && (!self.is_closed || self.residual_norm < before) {
            let joined = self.look_at_all(workspace);
            self.is_closed = joined == 0;
        } else {
            // Nothing correlates with y.
            finished = self.columns.is_empty();
        }
        Step { iterations, finished }
    }

    /// Goes on with message passing, if that is tried; true after each step of it. What it found is kept if it is better.
    fn pass_messages(&mut self, workspace: &mut Workspace<'_, T>) -> bool {
        match std::mem::replace(&mut self.messages, Messages::Done) {
            passing @ Messages::Passing(_) => {
                self.messages = passing;
                if !self.messages.advance(workspace) && !matches!(self.messages, Messages::Passing(_)) {
                    workspace.fit_apart(&self.support);
                }
                true
            }
            Messages::Found(found) => {
                workspace.fit_apart(&found);
                if workspace.lowers(self.residual_norm) {
                    self.residual_norm = workspace.residual_norm();
                    self.columns
                        .extend(found.iter().filter(|j| self.columns.binary_search(j).is_err()).collect::<Vec<_>>());
                    self.columns.sort_unstable();
                    self.is_greedy = found.len() < workspace.sparsity();
                    self.is_closed = false;
                    self.support = found;
                } else {
                    workspace.fit_apart(&self.support);
                }
                true
            }
            other => {
                self.messages = other;
                false
            }
        }
    }

    /// Orthogonal matching pursuit: scores all columns, lets the strongest join the working set, and selects among these until the
    /// strongest explains less than a column outside did. False after the last step.
    fn pursue(&mut self, workspace: &mut Workspace<'_, T>) -> bool {
        let k = workspace.sparsity();
        workspace.fit_apart(&self.support);
        self.score_by_residual(workspace);
        self.columns.iter().for_each(|&j| self.scores[j] = 0.0);
        let mut joining = highest(&self.scores, LOOKED_AT + 1);
        let outside = if joining.len() > LOOKED_AT { joining.pop().map_or(0.0, |(score, _)| score) } else { 0.0 };
        self.columns.extend(joining.iter().map(|&(_, j)| j));
        self.columns.sort_unstable();
        self.is_greedy = false;
        for selected in 0.. {
            if self.support.len() == k || workspace.stop() {
                break;
            }
            let Some(strongest) = self.strongest(workspace, if selected == 0 { 0.0 } else { outside }) else { break };
            let next: Support = self.support.iter().copied().chain([strongest]).collect();
            workspace.fit_apart(&next);
            if workspace.given_up().is_some() || !workspace.lowers(self.residual_norm) {
                self.is_greedy = false;
                break;
            }
            (self.support, self.residual_norm) = (next, workspace.residual_norm());
            self.is_greedy = self.support.len() < k;
        }
        if !self.is_greedy && self.start.1 < self.residual_norm {
            (self.support, self.residual_norm) = self.start.clone();
        }
        workspace.fit_apart(&self.support);
        self.is_greedy
    }

    /// The column of the working set off the support that explains most by itself, and more than `least`.
    fn strongest(&mut self, workspace: &mut Workspace<'_, T>, least: f64) -> Option<usize> {
        self.memory.resize(self.columns.len(), T::ZERO);
        let residual = workspace.residual().to_vec();
        workspace.system().operator.apply_adjoint_on(&self.columns, &residual, &mut self.memory);
        let norms = workspace.column_norms();
        let mut best = (least, None);
        let region = &workspace.system().region;
        for (&j, &c) in self.columns.iter().zip(&self.memory) {
            let c = region.leave_zero(j, c);
            let score = if norms[j] > 0.0 { c.abs2() / (norms[j] * norms[j]) } else { 0.0 };
            if score > best.0 && self.support.binary_search(&j).is_err() {
                best = (score, Some(j));
            }
        }
        best.1
    }

    /// Searches the working set, and moves the workspace to the best support.
    fn search(&mut self, search: &Search, workspace: &mut Workspace<'_, T>, iterations: u64) {
        let k = workspace.sparsity();
        if self.columns.is_empty() {
            return;
        }
        self.rounds += 1;
        // Rounds differ in their random choices.
        let seed = stream(search.seed, 3, self.rounds).random();
        let search = Search { seed, ..search.clone() };
        let norms = workspace.column_norms();
        let selected = Selected::new(&workspace.system().operator, &self.columns, norms);
        // All that these refuse was checked for the whole problem. A product that fails ends the run.
        let Ok(problem) = Problem::new(&selected, workspace.system().data, k.min(self.columns.len())) else { return };
        let mut problem = problem.keep_columns();
        let intervals = workspace.system().intervals.as_ref().map(|intervals| intervals.selected(&self.columns));
        if let Some(intervals) = &intervals {
            let Ok(bounded) = problem.with_domain(intervals) else { return };
            problem = bounded;
        }
        let Ok(mut inner) = Workspace::new(&problem, workspace.memory()) else { return };
        inner.watch(workspace.interrupt());
        inner.set_threads(workspace.threads());
        if workspace.is_watched() {
            inner.keep_explored();
        }
        let place = |j: &usize| self.columns.binary_search(j).ok();
        let begin: Support = self.support.iter().filter_map(place).collect();
        inner.fit(&begin);
        let initial = Initial { support: begin.clone(), values: inner.values().to_vec() };
        let mut exchanges = Exchanges::new(&search, &mut inner, begin, &initial);
        let mut done = 0;
        let by_products = workspace.system().operator.is_by_products();
        let most = COMPUTED.0.saturating_add(COMPUTED.1.saturating_mul(k as u64));
        let is_costly = |work: usize, computed: u64| work > WORK || (by_products && computed > most);
        // Under limits that were set it goes on beyond that.
        let was_costly = is_costly(self.work, self.computed);
        let (mut work, mut computed) = (self.work, self.computed);
        while done < iterations && inner.given_up().is_none() && (was_costly || !is_costly(work, computed)) {
            let step = exchanges.step(&search, &mut inner, iterations - done);
            done += step.iterations;
            work = self.work.saturating_add(exchanges.work);
            computed = self.computed + inner.counts().columns;
            if step.finished {
                break;
            }
        }
        let found: Support = exchanges.best().iter().map(|&at| self.columns[at]).collect();
        let (counts, stopped) = (inner.counts(), inner.given_up().is_some());
        let mut explored = vec![];
        inner.see_explored(|support, residual_norm| {
            explored.push((support.iter().map(|&at| self.columns[at]).collect::<Support>(), residual_norm));
        });
        drop(exchanges);
        if is_costly(work, computed) {
            workspace.settle();
        }
        (self.work, self.computed) = (work, computed);
        workspace.count(counts);
        explored.iter().for_each(|(support, residual_norm)| workspace.explored(support, *residual_norm));
        if stopped && workspace.stop() {
            return;
        }
        workspace.fit_apart(&found);
        if workspace.lowers(self.residual_norm) {
            (self.support, self.residual_norm) = (found, workspace.residual_norm());
        } else {
            workspace.fit_apart(&self.support);
        }
    }

    /// Scores all columns, and lets those join that could gain; how many did.
    fn look_at_all(&mut self, workspace: &mut Workspace<'_, T>) -> usize {
        if self.residual_norm < self.scored_at * (1.0 - PAID) || self.support.len() < workspace.sparsity() {
            self.score_by_residual(workspace);
            let joined = self.join_best(workspace, 0.0);
            if joined > 0 {
                return joined;
            }
        }
        self.score_by_exchanges(workspace);
        let joined = self.join_best(workspace, PROMISING);
        workspace.fit_apart(&self.support);
        joined
    }

    /// Scores of additions, in units of the largest.
    fn score_by_residual(&mut self, workspace: &mut Workspace<'_, T>) {
        self.scored_at = self.residual_norm;
        self.work = self.work.saturating_add(workspace.system().operator.adjoint_cost());
        workspace.correlate();
        let (norms, correlation) = workspace.norms_and_correlation();
        let region = &workspace.system().region;
        for (j, ((score, &norm), &c)) in self.scores.iter_mut().zip(norms).zip(correlation).enumerate() {
            *score = if norm > 0.0 { region.leave_zero(j, c).abs2() / (norm * norm) } else { 0.0 };
        }
    }

    /// Scores of exchanges, in units of what the leaving member explains.
    fn score_by_exchanges(&mut self, workspace: &mut Workspace<'_, T>) {
        self.scores.fill(0.0);
        let n = workspace.ncols();
        self.work += workspace.system().operator.adjoint_cost().saturating_mul(self.support.len());
        workspace.fit_apart(&self.support);
        let (residual, values) = (workspace.residual().to_vec(), workspace.values().to_vec());
        let places: Vec<usize> = (0..self.support.len()).collect();
        for leaving in places.chunks(TOGETHER) {
            let mut residuals = vec![];
            for &at in leaving {
                if workspace.stop() {
                    return;
                }
                residuals.extend(self.without(workspace, at, &residual, &values));
            }
            let all: Vec<&[T]> = residuals.iter().map(|(_, residual)| &residual[..]).collect();
            self.memory.resize(n * all.len(), T::ZERO);
            let out = MatMut::from_column_major_slice_mut(&mut self.memory, n, all.len());
            workspace.system().operator.apply_adjoint_block(&all, out);
            workspace.count(Counts { adjoints: all.len() as u64, ..Counts::default() });
            let region = &workspace.system().region;
            for ((loss, _), correlation) in residuals.iter().zip(self.memory.chunks(n)) {
                let columns = self.scores.iter_mut().zip(workspace.column_norms()).zip(correlation);
                for (j, ((score, &norm), &c)) in columns.enumerate() {
                    if norm > 0.0 {
                        *score = score.max(region.leave_zero(j, c).abs2() / (norm * norm * loss));
                    }
                }
            }
        }
    }

    /// What ‖r‖² gains where the member at a place leaves, and the residual then, if it explains anything.
    fn without(
        &self,
        workspace: &mut Workspace<'_, T>,
        at: usize,
        residual: &[T],
        values: &[T],
    ) -> Option<(f64, Vec<T>)> {
        // With h = (A_Sᴴ A_S)⁻¹ e_i, the coefficients change by −(x_i/h_i) h, and ‖r‖² by |x_i|²/h_i.
        let mut unit = vec![T::ZERO; values.len()];
        unit[at] = T::ONE;
        let mut column = vec![];
        workspace.set_gram_aside(true);
        let is_solved =
            !workspace.is_bounded() && workspace.quadratic().solve_normal(&self.support, &unit, &mut column);
        workspace.set_gram_aside(false);
        let height = if is_solved { column[at].real() } else { 0.0 };
        if height > 0.0 {
            let share = values[at].scale(1.0 / height);
            column.iter_mut().for_each(|h| *h *= share);
            let mut without = vec![T::ZERO; residual.len()];
            workspace.system().operator.apply_sparse(&self.support, &column, &mut without);
            workspace.count(Counts { applies: 1, ..Counts::default() });
            without.iter_mut().zip(residual).for_each(|(w, &r)| *w += r);
            let loss = values[at].abs2() / height;
            return (loss > 0.0).then_some((loss, without));
        }
        let without: Support = self.support.iter().copied().filter(|&j| j != self.support[at]).collect();
        workspace.fit_apart(&without);
        let loss = workspace.residual_norm().powi(2) - self.residual_norm * self.residual_norm;
        (loss > 0.0).then(|| (loss, workspace.residual().to_vec()))
    }

    /// Lets the columns outside the working set join whose scores are largest, and above a threshold; how many did.
    fn join_best(&mut self, workspace: &Workspace<'_, T>, threshold: f64) -> usize {
        let k = workspace.sparsity();
        let room = most(k).saturating_sub(self.columns.len()).min(JOINING.0.max(JOINING.1 * k));
        self.columns.iter().for_each(|&j| self.scores[j] = 0.0);
        let mut joining: Vec<usize> = (0..self.scores.len()).filter(|&j| self.scores[j] > threshold).collect();
        if joining.len() > room {
            let scores = &self.scores;
            let order = |&a: &usize, &b: &usize| scores[b].total_cmp(&scores[a]).then(a.cmp(&b));
            if room > 0 {
                joining.select_nth_unstable_by(room - 1, order);
            }
            joining.truncate(room);
        }
        let count = joining.len();
        self.columns.append(&mut joining);
        self.columns.sort_unstable();
        count
    }
}

/// Multiply-adds of matching pursuit, about.
fn pursuit_cost<T: Scalar>(workspace: &Workspace<'_, T>) -> usize {
    let (k, operator) = (workspace.sparsity(), &workspace.system().operator);
    let (product, entries) = (operator.adjoint_cost(), operator.column_cost());
    let column = if operator.is_by_products() { product.saturating_mul(2) } else { entries };
    k.saturating_mul(column.saturating_add(k.saturating_mul(entries)))
}

/// The `count` highest scores above 0 with their places, the highest first; of equal ones the first place.
fn highest(scores: &[f64], count: usize) -> Vec<(f64, usize)> {
    let mut top: Vec<(f64, usize)> = Vec::with_capacity(count + 1);
    let mut least = 0.0;
    for (j, &score) in scores.iter().enumerate() {
        if score > least {
            let at = top.partition_point(|&(other, _)| other >= score);
            top.insert(at, (score, j));
            top.truncate(count);
            if top.len() == count {
                least = top[count - 1].0;
            }
        }
    }
    top
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_scores_are_found() {
        let scores = [0.0, 3.0, 1.0, 3.0, -1.0, 2.0];
        assert_eq!(highest(&scores, 3), [(3.0, 1), (3.0, 3), (2.0, 5)]);
        assert_eq!(highest(&scores, 9).len(), 4);
        assert_eq!(highest(&[0.0, -1.0], 2), []);
    }
}
