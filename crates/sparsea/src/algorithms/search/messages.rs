//! Message passing as a start: where columns look incoherent, it finds large supports that no exchange leads to.

use super::super::Algorithm;
use super::super::amp::{Amp, AmpForm, MessagePassing};
use crate::scalar::Scalar;
use crate::support::Support;
use crate::tolerance::EXACT;
use crate::workspace::Workspace;

/// Message passing, before, while and after it is tried.
#[derive(Debug)]
pub(super) enum Messages<T> {
    /// It has not been tried yet.
    Due,
    Passing(Box<Passing<T>>),
    /// What it found, to begin exchanges from.
    Found(Support),
    /// It is not tried, or not any more.
    Done,
}

/// Message passing between iterations.
#[derive(Debug)]
pub(super) struct Passing<T> {
    messages: MessagePassing<T>,
    apart: bool,
    iterations: usize,
    values: Vec<T>,
    /// The support that was fitted last.
    fitted: Support,
    /// The best of them with its ‖r‖.
    best: (f64, Support),
}

/// Iterations that it takes, about, and what each costs for a column besides the products, in multiply-adds.
const ITERATIONS: usize = 100;
const POSTERIOR: usize = 50;
/// Up to so many rows the vector form comes first, and there is less to gain: exchanges have taken this many times as much before.
const SMALL: usize = 128;
const LATER: usize = 4;
/// Iterations between points that are shown before the first fit: a run that is stopped then has more than its start.
const SHOWN: usize = 4;
/// First of all, it may cost this many times as much as it takes to find the first k columns otherwise.
const EAGER: usize = 4;
/// The vector form decomposes A Aᴴ: up to so many rows that costs less than an iteration of search.
const DECOMPOSED: usize = 300;
/// Gram columns that are looked at, and the mean square of their entries, relative to that of random columns, from which on columns are
/// coherent.
const SAMPLE: usize = 4;
const COHERENT: f64 = 3.0;

impl<T: Scalar> Messages<T> {
    /// Whether it is time to begin, after so many multiply-adds of the search, where `joining` lead to its first k columns.
    pub(super) fn is_due(&self, workspace: &Workspace<'_, T>, work: usize, joining: usize) -> bool {
        let (m, n) = (workspace.nrows(), workspace.ncols());
        let iteration = (2 * workspace.system().operator.adjoint_cost()).saturating_add(POSTERIOR * n);
        let cost = ITERATIONS.saturating_mul(iteration);
        if !matches!(self, Self::Due) || m >= n || workspace.is_bounded() || workspace.has_blocks() {
            return false;
        }
        if m <= SMALL {
            return work >= LATER * (cost + 9 * m * m * m);
        }
        work >= cost || EAGER.saturating_mul(joining) >= cost
    }

    /// Begins from x = 0, if columns look incoherent. `apart`: its fits keep no Gram columns.
    pub(super) fn begin(&mut self, workspace: &mut Workspace<'_, T>, apart: bool) {
        if !is_incoherent(workspace) {
            *self = Self::Done;
            return;
        }
        let form = if workspace.nrows() <= DECOMPOSED { AmpForm::Auto } else { AmpForm::Scalar };
        let amp = Amp { form, ..Amp::default() };
        debug_assert!(Algorithm::<T>::check(&amp).is_ok());
        let messages = MessagePassing::new(&amp, workspace, &Support::new(), &[]);
        *self = Self::Passing(Box::new(Passing {
            messages,
            apart,
            iterations: 0,
            values: Vec::with_capacity(workspace.sparsity()),
            fitted: Support::new(),
            best: (f64::INFINITY, Support::new()),
        }));
    }

    /// Makes an iteration, which leaves the workspace where that is worth a look. True if it is at an exact fit.
    pub(super) fn advance(&mut self, workspace: &mut Workspace<'_, T>) -> bool {
        let Self::Passing(passing) = self else { return false };
        passing.iterations += 1;
        let going = passing.messages.advance(workspace);
        if workspace.stop() {
            return false;
        }
        let (is_ripe, support) = (passing.messages.is_ripe(), passing.messages.support());
        if is_ripe && *support != passing.fitted {
            passing.fitted.clone_from(support);
            if passing.apart {
                workspace.fit_apart(support);
            } else {
                workspace.fit(support);
            }
            let residual_norm = workspace.residual_norm();
            if residual_norm < passing.best.0 {
                passing.best = (residual_norm, support.clone());
            }
        } else if passing.iterations.is_multiple_of(SHOWN) && passing.fitted.is_empty() {
            passing.messages.values(&mut passing.values);
            workspace.place(support, &passing.values);
        }
        let is_exact = passing.best.0 <= EXACT * workspace.data_norm();
        if !going || is_exact {
            let found = std::mem::take(&mut passing.best.1);
            *self = if found.is_empty() { Self::Done } else { Self::Found(found) };
        }
        is_exact
    }
}

/// Whether the entries of a few Gram columns are as small as those of random columns.
fn is_incoherent<T: Scalar>(workspace: &mut Workspace<'_, T>) -> bool {
    let (m, n) = (workspace.nrows(), workspace.ncols());
    let norms = workspace.column_norms().to_vec();
    let (mut sum, mut count) = (0.0, 0usize);
    for at in 0..SAMPLE {
        let j = (2 * at + 1) * n / (2 * SAMPLE);
        if norms[j] == 0.0 {
            continue;
        }
        let column = workspace.quadratic().gram_column(j);
        for (i, g) in column.iter().enumerate().filter(|&(i, _)| i != j && norms[i] > 0.0) {
            sum += g.abs2() / (norms[i] * norms[j]).powi(2);
            count += 1;
        }
    }
    count > 0 && sum <= COHERENT * count as f64 / m as f64
}
