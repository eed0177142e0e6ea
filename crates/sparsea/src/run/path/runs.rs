//! A run for each k, from the solutions for the k before and after.

use std::collections::BTreeMap;

use serde_json::Map;

use super::SparsityPath;
use crate::algorithms::{Algorithm, Chain, Els, default_of, has_parts};
use crate::clock::Instant;
use crate::error::Error;
use crate::problem::Problem;
use crate::run::{Limits, Run, Start};
use crate::scalar::Scalar;
use crate::solution::Solution;
use crate::stop_reason::StopReason;
use crate::tolerance::SMALLEST_GAIN;

/// The solution for k = 0.
pub(super) fn nothing<T: Scalar>(path: &SparsityPath<'_, '_, T>) -> Result<Solution<T>, Error> {
    let problem = path.problem.with_sparsity(0)?;
    let chain = Chain::parse(default_of(&problem), &Map::new())?;
    run(path, &problem, chain, Start::Zero, path.limits())
}

/// The solutions for these k, each no worse than what those of its neighbours lead to.
pub(super) fn solve<T: Scalar>(
    path: &SparsityPath<'_, '_, T>,
    asked: &[usize],
) -> Result<BTreeMap<usize, Solution<T>>, Error> {
    let mut sparsities = asked.to_vec();
    sparsities.sort_unstable();
    sparsities.dedup();
    let begin = Instant::now();
    let mut found: Vec<Solution<T>> = Vec::with_capacity(sparsities.len());
    for &k in &sparsities {
        let problem = path.problem.with_sparsity(k)?;
        let before = found.last();
        let start = before.map_or(Start::Zero, |before| Start::Support(before.support.clone()));
        let chain = Chain::parse(default_of(&problem), &Map::new())?;
        let solution = run(path, &problem, chain, start, path.limits())?;
        // Where nothing is left to explain, rounding decides.
        let kept = before.filter(|before| before.residual_norm <= solution.residual_norm).cloned();
        found.push(kept.unwrap_or(solution));
    }
    let mut neighbours = Neighbours { path, sparsities, found, begin };
    neighbours.agree()?;
    let Neighbours { sparsities, mut found, .. } = neighbours;
    // A k that has improved last, or without time for those after it, may be better than these.
    for at in 1..found.len() {
        if found[at].residual_norm > found[at - 1].residual_norm {
            found[at] = found[at - 1].clone();
        }
    }
    Ok(sparsities.into_iter().zip(found).collect())
}

/// One run.
fn run<T: Scalar>(
    path: &SparsityPath<'_, '_, T>,
    problem: &Problem<'_, T>,
    chain: Chain<T>,
    start: Start<T>,
    limits: Limits,
) -> Result<Solution<T>, Error> {
    let run = Run::with_chain(problem, chain).start(start).limits(limits).interrupt(path.interrupt.clone());
    let solution = run.memory(path.memory).threads(path.threads).solve()?;
    match solution.stop_reason {
        StopReason::Interrupted => Err(Error::Stopped { reason: StopReason::Interrupted }),
        _ => Ok(solution),
    }
}

/// Solutions that begin again from each other.
struct Neighbours<'p, 'r, 'a, T: Scalar> {
    path: &'p SparsityPath<'r, 'a, T>,
    sparsities: Vec<usize>,
    found: Vec<Solution<T>>,
    begin: Instant,
}

impl<T: Scalar> Neighbours<'_, '_, '_, T> {
    /// Lets each k begin from the one after, and again from a neighbour that has improved, until none does or time is up.
    fn agree(&mut self) -> Result<(), Error> {
        let count = self.found.len();
        let mut from_above = vec![true; count + 1];
        let mut from_below = vec![false; count + 1];
        loop {
            let mut begun = false;
            let down = (0..count.saturating_sub(1)).rev().map(|at| (at, true));
            for (at, above) in down.chain((1..count).map(|at| (at, false))) {
                let due = if above { &mut from_above[at] } else { &mut from_below[at] };
                if !std::mem::take(due) {
                    continue;
                }
                begun = true;
                let Some(limits) = self.limits() else { return Ok(()) };
                if self.begin_from(at, if above { at + 1 } else { at - 1 }, limits)? {
                    from_below[at + 1] = true;
                    if at > 0 {
                        from_above[at - 1] = true;
                    }
                }
            }
            if !begun {
                return Ok(());
            }
        }
    }

    /// Begins for one k from the solution for another; true if that found a better one.
    fn begin_from(&mut self, at: usize, neighbour: usize, limits: Limits) -> Result<bool, Error> {
        let (k, known) = (self.sparsities[at], &self.found[at]);
        if k == 0 || known.stop_reason == StopReason::ExactFit || self.is_enough(known) {
            return Ok(false);
        }
        let problem = self.path.problem.with_sparsity(k)?;
        // Of a vector with more entries the largest are taken.
        let start = Start::Vector(self.found[neighbour].to_dense());
        let exchanges = problem.check(<Els as Algorithm<T>>::NAME, <Els as Algorithm<T>>::NEEDS).is_ok()
            && !has_parts(problem.operator(), k)
            && problem.tableau_size().saturating_mul(size_of::<T>()) <= self.path.memory.state;
        let chain =
            if exchanges { Chain::of(Els::default()) } else { Chain::parse(default_of(&problem), &Map::new())? };
        let solution = run(self.path, &problem, chain, start, limits)?;
        let better = solution.residual_norm < known.residual_norm * (1.0 - SMALLEST_GAIN);
        if better {
            self.found[at] = Solution { algorithm: known.algorithm.clone(), ..solution };
        }
        Ok(better)
    }

    /// Whether a residual is as small as is asked for.
    fn is_enough(&self, solution: &Solution<T>) -> bool {
        self.path.relative_residual.is_some_and(|limit| solution.relative_residual <= limit)
    }

    /// Limits of a descent; `None` if there is no time for one.
    fn limits(&self) -> Option<Limits> {
        let Some(each) = self.path.time else { return Some(self.path.limits()) };
        let most = each.saturating_mul(u32::try_from(self.found.len()).unwrap_or(u32::MAX));
        let left = most.checked_sub(self.begin.elapsed()).filter(|left| !left.is_zero())?;
        Some(Limits { time: Some(left.min(each)), ..self.path.limits() })
    }
}
