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
use super::{Exchanges, Search};
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
            scores: vec![0.0; workspace.ncols()],
            memory: vec![],
        }
    }

    /// Searches the working set for a while, and lets other columns join.
    pub(super) fn step(&mut self, search: &Search, workspace: &mut Workspace<'_, T>, budget: u64) -> Step {
        if self.is_greedy && self.pursue(workspace) {
            return Step { iterations: 0, finished: false };
        }
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
        for (&j, c) in self.columns.iter().zip(&self.memory) {
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
        let problem = problem.keep_columns();
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
        while done < iterations && inner.given_up().is_none() {
            let step = exchanges.step(&search, &mut inner, iterations - done);
            done += step.iterations;
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
        workspace.correlate();
        let (norms, correlation) = workspace.norms_and_correlation();
        for ((score, &norm), &c) in self.scores.iter_mut().zip(norms).zip(correlation) {
            *score = if norm > 0.0 { c.abs2() / (norm * norm) } else { 0.0 };
        }
    }

    /// Scores of exchanges, in units of what the leaving member explains.
    fn score_by_exchanges(&mut self, workspace: &mut Workspace<'_, T>) {
        self.scores.fill(0.0);
        let n = workspace.ncols();
        let square = self.residual_norm * self.residual_norm;
        for leaving in self.support.chunks(TOGETHER) {
            let mut residuals = vec![];
            for leaving in leaving {
                if workspace.stop() {
                    return;
                }
                let without: Support = self.support.iter().copied().filter(|j| j != leaving).collect();
                workspace.fit_apart(&without);
                let loss = workspace.residual_norm().powi(2) - square;
                if loss > 0.0 {
                    residuals.push((loss, workspace.residual().to_vec()));
                }
            }
            let all: Vec<&[T]> = residuals.iter().map(|(_, residual)| &residual[..]).collect();
            self.memory.resize(n * all.len(), T::ZERO);
            let out = MatMut::from_column_major_slice_mut(&mut self.memory, n, all.len());
            workspace.system().operator.apply_adjoint_block(&all, out);
            workspace.count(Counts { adjoints: all.len() as u64, ..Counts::default() });
            for ((loss, _), correlation) in residuals.iter().zip(self.memory.chunks(n)) {
                for ((score, &norm), c) in self.scores.iter_mut().zip(workspace.column_norms()).zip(correlation) {
                    if norm > 0.0 {
                        *score = score.max(c.abs2() / (norm * norm * loss));
                    }
                }
            }
        }
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
