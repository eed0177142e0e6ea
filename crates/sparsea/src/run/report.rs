//! What a run learnt besides its best support: near-ties, how often each index occurs among them, and what stands beside it.

use std::ops::ControlFlow;

use super::observer::{Observer, Progress};
use crate::error::Error;
use crate::fit::least_squares::Tableau;
use crate::scalar::Scalar;
use crate::solution::{ExplorationReport, IndexReport, RankedSupport};
use crate::support::{Support, SupportSet};
use crate::tolerance::{EXACT, TABLEAU_BLIND};
use crate::workspace::Workspace;

/// How a report is made.
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

/// Supports kept, at least; twice as many at most.
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
                self.add(&support, norm);
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
        let near = best.iter().take_while(|(norm, _)| *norm <= limit);
        let mut counts: std::collections::BTreeMap<usize, usize> = chosen.iter().map(|&j| (j, 0)).collect();
        let mut near_ties = 0;
        for (_, support) in near {
            near_ties += 1;
            for &j in support {
                *counts.entry(j).or_default() += 1;
            }
        }
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
        }
    }
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
