//! Runs on problems whose atoms are groups of columns, or with several right-hand sides: the problem that algorithms see, and the way back.
//!
//! Algorithms see orthonormal columns in each group (scaled columns if coefficients have a domain). They see several right-hand sides as
//! one, of I ⊗ A, in which the copies of a column or of a group are an atom. So algorithms only need to handle atoms that are blocks of
//! columns.

use std::ops::ControlFlow;

use super::{Run, Start, relative};
use crate::check::check_finite;
use crate::clock::Instant;
use crate::error::Error;
use crate::kernels::norm;
use crate::operator::{Access, Grouped, Stacked};
use crate::problem::{Domain, Needs, Partition, Problem, Seen};
use crate::run::{Observer, Progress};
use crate::scalar::Scalar;
use crate::solution::Solution;
use crate::support::Support;

impl<T: Scalar> Run<'_, '_, T> {
    /// Solves a problem of other atoms than columns, or with several right-hand sides.
    pub(super) fn solve_blocks(self) -> Result<Solution<T>, Error> {
        let (begin, problem) = (Instant::now(), self.problem);
        let mut start = &self.start;
        let mut links: Vec<_> = self.chain.links().to_vec();
        while let Start::Chain(chain) = start {
            links.extend(chain.links().iter().cloned());
            start = &Start::Zero;
        }
        for link in &links {
            problem.check(link.name(), link.needs())?;
        }
        if self.report.is_some() {
            problem.check("a report", Needs::COLUMNS)?;
        }
        let sides = problem.rank();
        let data = problem.sides().map_or(problem.data(), |sides| sides.data(problem.data()));
        if problem.grouping().is_none() && sides == 1 {
            let seen = problem.of_one(data)?;
            return self.solve_as(&seen, seen.operator().ncols(), begin);
        }
        // As every n numbers of B vectors.
        let grouped = problem
            .grouping()
            .map(|grouping| Grouped::new(problem.operator().renewed(), grouping.clone(), problem.column_norms()));
        let (base, norms) = match &grouped {
            Some(grouped) => (Access::new(grouped), grouped.norms().to_vec()),
            None => (problem.scaled_operator(), problem.scaled_norms().collect()),
        };
        let n = base.ncols();
        let single;
        let partition = match problem.grouping() {
            Some(grouping) => &**grouping.independent(),
            None => {
                single = Partition::of((0..n).filter(|&j| norms[j] > 0.0).map(|j| vec![j]).collect(), n);
                &single
            }
        };
        let repeated = partition.repeated(sides);
        let stacked = Stacked::new(base, &norms, sides);
        let copied = problem.copied_domain();
        let domain = copied.as_ref().map(|domain| domain as &dyn Domain<T>);
        let seen = match &grouped {
            Some(grouped) if sides == 1 => {
                Seen { operator: grouped, stacked: None, data, column_norms: norms, domain, partition: repeated }
            }
            _ => {
                let column_norms = norms.repeat(sides);
                Seen { operator: &stacked, stacked: Some(&stacked), data, column_norms, domain, partition: repeated }
            }
        };
        let seen = problem.seen_as(seen)?;
        self.solve_as(&seen, n, begin)
    }

    /// Solves a problem as algorithms see it, with n columns for each right-hand side.
    fn solve_as(mut self, seen: &Problem<'_, T>, n: usize, begin: Instant) -> Result<Solution<T>, Error> {
        let problem = self.problem;
        let start = seen_start(&self.start, problem)?;
        let seen = seen.clone().measured_since(begin);
        let mut run = Run::with_chain(&seen, self.chain.clone()).start(start).limits(self.limits).memory(self.memory);
        run = run.interrupt(self.interrupt.clone()).threads(self.threads);
        run.halt = self.halt.take();
        let mut watch = Watching { columns: n, observers: self.observers().collect() };
        let solution = run.observe(&mut watch).solve_columns(&mut None)?;
        let solution = translate(problem, solution)?;
        self.observers.iter_mut().for_each(|observer| observer.end(&solution));
        Ok(solution)
    }
}

/// Observers, who see columns of A.
struct Watching<'o, T> {
    /// Columns of A: those of other right-hand sides come after them.
    columns: usize,
    observers: Vec<&'o mut dyn Observer<T>>,
}

impl<T> Observer<T> for Watching<'_, T> {
    fn step(&mut self, progress: &Progress<'_>) -> ControlFlow<()> {
        let of_one = |support: &[usize]| support.partition_point(|&j| j < self.columns);
        let support = &progress.support[..of_one(progress.support)];
        let best_support = &progress.best_support[..of_one(progress.best_support)];
        let progress = Progress { support, best_support, ..*progress };
        let mut flow = ControlFlow::Continue(());
        for observer in &mut self.observers {
            if observer.step(&progress).is_break() {
                flow = ControlFlow::Break(());
            }
        }
        flow
    }

    fn explored(&mut self, support: &Support, residual_norm: f64) {
        let support: Support = support.iter().copied().take_while(|&j| j < self.columns).collect();
        let wanting = self.observers.iter_mut().filter(|observer| observer.wants_explored());
        wanting.for_each(|observer| observer.explored(&support, residual_norm));
    }

    fn wants_explored(&self) -> bool {
        self.observers.iter().any(|observer| observer.wants_explored())
    }
}

/// A start of a problem as one of what algorithms see of it.
fn seen_start<T: Scalar>(start: &Start<T>, problem: &Problem<'_, T>) -> Result<Start<T>, Error> {
    let columns = problem.operator().ncols();
    match start {
        Start::Zero | Start::Random(_) | Start::Chain(_) => Ok(start.clone()),
        Start::Support(support) => {
            let mut support = Support::checked(support.clone(), columns)?;
            if let Some(grouping) = problem.grouping() {
                // A group is in the support as a whole.
                let partition = grouping.independent();
                partition.fill(partition.touched(&support).iter().copied(), &mut support);
            }
            let sides = if problem.grouping().is_none() && problem.rank() == 1 { 1 } else { problem.rank() };
            let size = problem.grouping().map_or(support.len(), |grouping| grouping.independent().count(&support));
            if size > problem.sparsity() {
                return Err(Error::SupportSize { size, sparsity: problem.sparsity() });
            }
            if problem.grouping().is_none() && sides > 1 {
                // Columns of zeros are in no support.
                let norms = problem.column_norms();
                support = support.iter().copied().filter(|&j| norms[j] > 0.0).collect();
            }
            Ok(Start::Support((0..sides).flat_map(|b| support.iter().map(move |&j| b * columns + j)).collect()))
        }
        Start::Vector(vector) => {
            let columns = columns.saturating_mul(problem.right_hand_sides());
            if vector.len() != columns {
                return Err(Error::StartLength { entries: vector.len(), columns });
            }
            check_finite("the start vector", vector)?;
            let mut seen = problem.sides().map_or_else(|| vector.clone(), |sides| sides.reduce(vector));
            if let Some(grouping) = problem.grouping() {
                let operator = problem.operator();
                seen.chunks_mut(operator.ncols()).for_each(|x| grouping.unspread(operator, x));
            } else if problem.rank() > 1 {
                let scales = problem.scales();
                for x in seen.chunks_mut(problem.operator().ncols()) {
                    let scaled =
                        |(x, &scale): (&mut T, &f64)| *x = if scale > 0.0 { x.scale(1.0 / scale) } else { T::ZERO };
                    x.iter_mut().zip(scales.iter()).for_each(scaled);
                }
            }
            Ok(Start::Vector(seen))
        }
    }
}

/// The solution of a problem from that of what algorithms see of it.
fn translate<T: Scalar>(problem: &Problem<'_, T>, seen: Solution<T>) -> Result<Solution<T>, Error> {
    let n = problem.operator().ncols();
    let mut x = seen.to_dense();
    if let Some(grouping) = problem.grouping() {
        x.chunks_mut(n).for_each(|x| grouping.spread(x));
    } else if problem.rank() > 1 {
        let scales = problem.scales();
        for x in x.chunks_mut(n) {
            x.iter_mut().zip(scales.iter()).for_each(|(x, &scale)| *x = x.scale(scale));
        }
    }
    let mut x = problem.sides().map_or(x.clone(), |sides| sides.restore(x));
    // What is at a bound may be beyond it by the rounding of a scale.
    x.iter_mut().enumerate().for_each(|(at, x)| *x = problem.project(at % n, *x));
    let count = problem.right_hand_sides();
    let support: Vec<usize> = (0..n).filter(|&j| (0..count).any(|b| x[b * n + j] != T::ZERO)).collect();
    let coefficients = support.iter().flat_map(|&j| (0..count).map(move |b| b * n + j)).map(|at| x[at]).collect();
    let operator = problem.operator().renewed();
    let m = operator.nrows();
    let mut residual = vec![T::ZERO; m * count];
    for (b, image) in residual.chunks_mut(m).enumerate() {
        let values: Vec<T> = support.iter().map(|&j| x[b * n + j]).collect();
        operator.apply_sparse(&support, &values, image);
    }
    operator.check()?;
    residual.iter_mut().zip(problem.data()).for_each(|(r, &y)| *r = y - *r);
    let residual_norm = norm(&residual);
    let groups = problem.grouping().map(|grouping| grouping.stated().touched(&support).into_vec());
    Ok(Solution {
        ncols: n,
        support,
        coefficients,
        residual_norm,
        relative_residual: relative(residual_norm, problem.data_norm()),
        objective: 0.5 * residual_norm * residual_norm,
        right_hand_sides: count,
        groups,
        ..seen
    })
}
