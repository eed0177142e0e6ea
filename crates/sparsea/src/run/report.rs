//! The report of a run: near-ties, how often each column occurs in them, and the column most similar to it.

use std::collections::HashMap;
use std::ops::ControlFlow;

use super::observer::{Observer, Progress};
use super::stand_ins::Sets;
use crate::error::Error;
use crate::fit::least_squares::Tableau;
use crate::scalar::Scalar;
use crate::solution::{ExplorationReport, IndexReport, RankedSupport};
use crate::support::{Support, SupportSet};
use crate::tolerance::{EXACT, TABLEAU_BLIND};
use crate::workspace::Workspace;

/// Options of a report.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReportOptions {
    /// Supports count as near-ties if ‖r‖ is at most (1 + margin) times the best; at least 0.
    pub margin: f64,
    /// How many of the best supports are listed; at least 1.
    pub listed: usize,
}

impl Default for ReportOptions {
    fn default() -> Self {
        Self { margin: 0.05, listed: 10 }
    }
}

impl ReportOptions {
    /// Checks the ranges of the options.
    ///
    /// # Errors
    /// [`Error::InvalidReport`].
    pub fn check(&self) -> Result<(), Error> {
        if !(self.margin >= 0.0 && self.margin.is_finite()) {
            let rule = "the margin must be at least 0 and finite";
            return Err(Error::InvalidReport { rule, value: self.margin.to_string() });
        }
        if self.listed == 0 {
            return Err(Error::InvalidReport { rule: "at least 1 support must be listed", value: "0".into() });
        }
        Ok(())
    }
}

/// Supports that were explored, the best of them kept.
#[derive(Debug)]
pub(crate) struct Exploration {
    options: ReportOptions,
    seen: SupportSet,
    /// (‖r‖, support), the best [`KEPT`] or more.
    best: Vec<(f64, Vec<usize>)>,
    /// Supports with a larger ‖r‖ are not kept any more.
    ceiling: f64,
    sparsity: usize,
}

/// Supports kept, at least; twice as many at most, and as many exchanges.
const KEPT: usize = 2000;
/// Multiply-adds that may be made after the time is over.
const MOMENT: usize = 1 << 26;

impl Exploration {
    pub(crate) fn new(options: ReportOptions, sparsity: usize) -> Self {
        Self { options, seen: SupportSet::default(), best: Vec::new(), ceiling: f64::INFINITY, sparsity }
    }

    fn add(&mut self, support: &[usize], residual_norm: f64) {
        if support.is_empty() || !residual_norm.is_finite() || !self.seen.insert(support) {
            return;
        }
        if residual_norm <= self.ceiling {
            self.best.push((residual_norm, support.to_vec()));
            if self.best.len() >= 2 * KEPT {
                self.best.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1)));
                self.best.truncate(KEPT);
                self.ceiling = self.best.last().map_or(f64::INFINITY, |(norm, _)| *norm);
            }
        }
    }
}

/// Where each support is in a list.
fn places(best: &[(f64, Vec<usize>)]) -> HashMap<Vec<usize>, usize> {
    best.iter().enumerate().map(|(at, (_, support))| (support.clone(), at)).collect()
}

impl<T> Observer<T> for Exploration {
    fn step(&mut self, progress: &Progress<'_>) -> ControlFlow<()> {
        // A point on a larger support is on the way to one of at most k columns.
        if progress.support.len() <= self.sparsity {
            self.add(progress.support, progress.residual_norm);
        }
        ControlFlow::Continue(())
    }

    fn explored(&mut self, support: &Support, residual_norm: f64) {
        self.add(support, residual_norm);
    }

    fn wants_explored(&self) -> bool {
        true
    }
}

/// The largest ‖r‖ of a near-tie. Residuals that are zero to rounding are all the same.
fn near_tie(options: ReportOptions, least: f64, data_norm: f64) -> f64 {
    ((1.0 + options.margin) * least).max(4.0 * EXACT * data_norm)
}

impl Exploration {
    /// Adds a support with the ‖r‖ of its fit. A point that an algorithm came through may have had other coefficients, and a larger ‖r‖.
    fn add_fit(&mut self, support: &[usize], residual_norm: f64, known: &mut HashMap<Vec<usize>, usize>) {
        if let Some(&at) = known.get(support) {
            self.best[at].0 = self.best[at].0.min(residual_norm);
        } else if !support.is_empty() && residual_norm.is_finite() {
            self.seen.insert(support);
            known.insert(support.to_vec(), self.best.len());
            self.best.push((residual_norm, support.to_vec()));
        }
    }

    /// Adds those supports that are one exchange away from `chosen` and nearly as good. False if these were not looked for,
    /// because the run was stopped, there is no time, coefficients have bounds, or n |S| numbers are more than it may hold.
    fn add_exchanges<T: Scalar>(&mut self, chosen: &Support, workspace: &mut Workspace<'_, T>, hurried: bool) -> bool {
        let (size, numbers) = (chosen.len(), workspace.ncols().saturating_mul(chosen.len()));
        let cost = numbers.saturating_mul(size).saturating_add(workspace.quadratic().gram_cost(size));
        let is_unscored = chosen.is_empty() || workspace.is_bounded();
        if is_unscored || workspace.stop() || !workspace.may_hold(numbers) || (hurried && cost > MOMENT) {
            return false;
        }
        let (norms, correlation) = workspace.quadratic().norms_and_correlation();
        let mut tableau = Tableau::new(norms, correlation, chosen.len());
        workspace.build(&mut tableau, chosen);
        if workspace.stop() || tableau.members().len() < size {
            return false;
        }
        workspace.fit(chosen);
        let residual_norm = workspace.formed_residual_norm();
        let mut known = places(&self.best);
        self.add_fit(chosen, residual_norm, &mut known);
        let scale = workspace.data_norm();
        tableau.correct(workspace.correlate(), scale);
        let least = self.best.iter().map(|(norm, _)| *norm).fold(residual_norm, f64::min);
        let limit = near_tie(self.options, least, scale);
        // The tableau does not tell smaller residuals from zero: those are computed from A.
        let blind = TABLEAU_BLIND * scale;
        let mut found = tableau.exchanges_below(residual_norm * residual_norm, limit.max(blind).powi(2));
        found.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let fits = if hurried { MOMENT / (size * (size + workspace.nrows())) } else { KEPT };
        let complete = found.len() <= fits.min(KEPT);
        found.truncate(fits.min(KEPT));
        for (square, leaving, entering) in found {
            if workspace.stop() {
                return false;
            }
            let mut support = chosen.clone();
            support.remove(leaving);
            support.insert(entering);
            let mut norm = square.max(0.0).sqrt();
            if norm <= blind {
                workspace.fit(&support);
                norm = workspace.formed_residual_norm();
            }
            if norm <= limit {
                self.add_fit(&support, norm, &mut known);
            }
        }
        complete
    }
}

impl ExplorationReport {
    pub(crate) fn new<T: Scalar>(
        mut exploration: Exploration,
        chosen: &Support,
        workspace: &mut Workspace<'_, T>,
        hurried: bool,
    ) -> Self {
        let exchanges_scored = exploration.add_exchanges(chosen, workspace, hurried);
        let Exploration { options, seen, mut best, .. } = exploration;
        best.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1)));
        let least = best.first().map_or(0.0, |(norm, _)| *norm);
        // Residuals that are zero to rounding are all the same.
        let limit = near_tie(options, least, workspace.data_norm());
        let mut near_ties = best.partition_point(|(norm, _)| *norm <= limit);
        let mut stand_ins = Vec::new();
        // One exchange may have led to so good a support that the chosen one is no near-tie: its own exchanges say nothing then.
        let speaks = exchanges_scored && supports(&best[..near_ties]).any(|support| *chosen.as_slice() == *support);
        if speaks {
            let sets = Sets::of_exchanges(chosen, supports(&best[..near_ties]));
            if !hurried {
                keep_independent(&mut best, &mut near_ties, &sets, workspace);
            }
            stand_ins = sets.settled(supports(&best[..near_ties]));
        }
        let near = &best[..near_ties];
        let mut counts: std::collections::BTreeMap<usize, usize> = chosen.iter().map(|&j| (j, 0)).collect();
        for (_, support) in near {
            for &j in support {
                *counts.entry(j).or_default() += 1;
            }
        }
        let in_all = |j: &&usize| speaks && counts.get(j) == Some(&near_ties);
        let certain = chosen.iter().filter(in_all).copied().collect();
        // After the time is over, only so many Gram columns are computed for neighbours.
        let mut left = if hurried { MOMENT } else { usize::MAX };
        let mut indices: Vec<IndexReport> = counts
            .into_iter()
            .map(|(index, count)| IndexReport {
                index,
                chosen: chosen.contains(index),
                frequency: count as f64 / near_ties.max(1) as f64,
                neighbour: neighbour(workspace, index, &mut left),
            })
            .collect();
        indices.sort_by(|a, b| b.frequency.total_cmp(&a.frequency).then(a.index.cmp(&b.index)));
        let listed = best.into_iter().take(options.listed);
        Self {
            distinct_supports: seen.len(),
            exchanges_scored,
            columns_in_play: workspace.columns_in_play(),
            margin: options.margin,
            near_ties,
            best: listed.map(|(residual_norm, support)| RankedSupport { support, residual_norm }).collect(),
            indices,
            stand_ins,
            certain,
        }
    }
}

fn supports(ranked: &[(f64, Vec<usize>)]) -> impl Iterator<Item = &[usize]> + Clone {
    ranked.iter().map(|(_, support)| support.as_slice())
}

/// Near-ties for which `sets` do not hold lose the columns that depend on others of them, as a solution does: such a support may hold
/// a column and its copy. `near_ties` counts what is left, each support once.
fn keep_independent<T: Scalar>(
    best: &mut Vec<(f64, Vec<usize>)>,
    near_ties: &mut usize,
    sets: &Sets,
    workspace: &mut Workspace<'_, T>,
) {
    let mut replaced = Vec::new();
    for (at, (_, support)) in best[..*near_ties].iter().enumerate() {
        if sets.holds_for(support) {
            continue;
        }
        if workspace.stop() {
            return;
        }
        workspace.fit(&support.iter().copied().collect());
        let needed = independent(workspace.support(), workspace.values());
        if needed.len() < support.len() {
            replaced.push((at, needed));
        }
    }
    for (at, needed) in replaced.into_iter().rev() {
        if best[..*near_ties].iter().any(|(_, support)| *support == *needed) {
            best.remove(at);
            *near_ties -= 1;
        } else {
            best[at].1 = needed.into_vec();
        }
    }
}

/// The columns of a support whose coefficient is not 0: those that depend on others have that coefficient.
pub(super) fn independent<T: Scalar>(support: &Support, values: &[T]) -> Support {
    support.iter().zip(values).filter(|(_, x)| **x != T::ZERO).map(|(&j, _)| j).collect()
}

/// The column most correlated with column `j`; `None` if its Gram column would take more than the multiply-adds `left`.
fn neighbour<T: Scalar>(workspace: &mut Workspace<'_, T>, j: usize, left: &mut usize) -> Option<(usize, f64)> {
    if !workspace.quadratic().holds_gram_column(j) {
        *left = left.checked_sub(workspace.quadratic().gram_cost(1))?;
    }
    let norms = workspace.column_norms().to_vec();
    let gram = workspace.quadratic().gram_column(j);
    let mut best: Option<(usize, f64)> = None;
    for (i, (g, norm)) in gram.iter().zip(&norms).enumerate() {
        if i != j && *norm > 0.0 && norms[j] > 0.0 {
            let cosine = (Scalar::abs(*g) / (norm * norms[j])).min(1.0);
            if best.is_none_or(|(_, most)| cosine > most) {
                best = Some((i, cosine));
            }
        }
    }
    best
}
