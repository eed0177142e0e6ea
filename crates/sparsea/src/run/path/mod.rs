//! A path: a support for each of several k, each searched from both of its neighbours.

mod runs;
mod walk;

use std::collections::BTreeMap;
use std::time::Duration;

use num_complex::Complex;

use super::{Limits, Outcome, relative, solution_of};
use crate::algorithms::has_parts;
use crate::clock::Instant;
use crate::compiled::of_scalar;
use crate::error::Error;
use crate::halt::Halt;
use crate::interrupt::Interrupt;
use crate::problem::{Needs, Problem};
use crate::scalar::Scalar;
use crate::solution::Solution;
use crate::stop_reason::StopReason;
use crate::tolerance::EXACT;
use crate::workspace::{Memory, Threads};
pub(crate) use walk::Level;

/// Solutions for every k = 1 … K on one problem, where K is its [sparsity](Problem::sparsity), or for [some of these k](Self::sparsities).
///
/// Minimises ½‖A x − y‖² subject to ‖x‖₀ ≤ k by exchanges: no exchange of a column of S_k for a column outside improves S_k. Descents make
/// the best exchange at each step, like [`Els`](crate::Els), and begin from
///
/// - the first k columns of forward selection ([`Ols`](crate::Ols)),
/// - S_{k−1} and the column that then lowers ‖r‖ most,
/// - S_{k+1} without the column whose loss raises ‖r‖ least.
///
/// The last two are repeated whenever a neighbour has improved, until none does. Then, within [`extra_work`](Self::extra_work), descents
/// begin from S_k with some columns exchanged at random, as in [`Search`](crate::Search). So, up to rounding, no S_k is worse than forward
/// selection, than `els` from zero, or than the supports reached from either neighbour, and ‖r‖ never rises with k.
///
/// All k share Aᴴy, column norms and Gram columns, and one tableau moves along the path. Coefficients are exact least-squares fits. Once
/// nothing is left to explain, larger k have the last solution.
///
/// # Other problems
/// The tableau scores single columns with free coefficients. With bounds, groups, a joint support or another loss, and on a convolution
/// that [`Search`](crate::Search) solves in windows or tiles, the path runs the [default algorithm](crate::algorithms::default_of) for each
/// k asked for, starting from the support of the previous k. Then descents by exchanges begin from the k largest entries of the solution
/// for the next k, and again from the previous k if that has improved, until none improves.
///
/// # Cost
/// For each k, 2 n k multiply-adds to add a column, n k divisions to score all exchanges and 3 n k multiply-adds to make one, a few times;
/// and one Gram column for each column of A that joins any of the supports. The path holds 3 n K numbers besides the Gram columns. For
/// other problems, one run for each k.
///
/// # Reference
/// Exchanges between subsets of neighbouring sizes: Miller 1984, *Selection of subsets of regression variables*,
/// DOI 10.2307/2981576.
///
/// ```
/// use sparsea::{DenseOperator, Problem, SparsityPath, generate};
///
/// # fn main() -> Result<(), sparsea::Error> {
/// let a = generate::gaussian_matrix::<f64>(&mut generate::stream(0, 0, 0), 30, 50);
/// let operator = DenseOperator::new(a.as_ref());
/// let y: Vec<f64> = (0..30).map(|i| 2.0 * a[(i, 7)] - a[(i, 31)]).collect();
/// let path = SparsityPath::new(&Problem::new(&operator, &y, 3)?).solve()?;
/// assert_eq!(path[0].support, [7]);
/// assert_eq!(path[1].support, [7, 31]);
/// assert_eq!(path[2].support, [7, 31]); // nothing is left to explain
/// # Ok(())
/// # }
/// ```
pub struct SparsityPath<'r, 'a, T: Scalar> {
    problem: &'r Problem<'a, T>,
    sparsities: Option<Vec<usize>>,
    time: Option<Duration>,
    relative_residual: Option<f64>,
    extra_work: usize,
    interrupt: Interrupt,
    memory: Memory,
    threads: Threads,
}

/// What solutions of a path say they come from.
const NAME: &str = "path";
/// What a tableau that moves along it needs.
const NEEDS: Needs = Needs::QUADRATIC.and(Needs::COLUMNS);
/// Multiply-adds spent on perturbed supports.
const EXTRA_WORK: usize = 200_000_000;

impl<'r, 'a, T: Scalar> SparsityPath<'r, 'a, T> {
    /// The path for k = 1 … K, with K the sparsity of `problem`.
    pub fn new(problem: &'r Problem<'a, T>) -> Self {
        Self {
            problem,
            sparsities: None,
            time: None,
            relative_residual: None,
            extra_work: EXTRA_WORK,
            interrupt: Interrupt::default(),
            memory: Memory::default(),
            threads: Threads::default(),
        }
    }

    /// The k to solve for, each from 0 to K, in any order. Default: 1 … K.
    #[must_use]
    pub fn sparsities(mut self, sparsities: Vec<usize>) -> Self {
        self.sparsities = Some(sparsities);
        self
    }

    /// Time for each k: exchanges end once K · `time` has passed. Forward selection is completed in any case.
    #[must_use]
    pub fn time(mut self, time: Duration) -> Self {
        self.time = Some(time);
        self
    }

    /// Does not look for a better support once ‖r‖ is at most `limit` times ‖y‖.
    #[must_use]
    pub fn relative_residual(mut self, limit: f64) -> Self {
        self.relative_residual = Some(limit);
        self
    }

    /// Approximate number of multiply-adds spent on perturbed supports after neighbours agree; 0 for none. Default: 2·10⁸.
    #[must_use]
    pub fn extra_work(mut self, multiply_adds: usize) -> Self {
        self.extra_work = multiply_adds;
        self
    }

    /// An interrupt, checked between moves, which can stop the path.
    #[must_use]
    pub fn interrupt(mut self, interrupt: Interrupt) -> Self {
        self.interrupt = interrupt;
        self
    }

    /// Memory limits for cached columns and tableaux.
    #[must_use]
    pub fn memory(mut self, memory: Memory) -> Self {
        self.memory = memory;
        self
    }

    /// The threads that products may use. The solutions do not depend on them.
    #[must_use]
    pub fn threads(mut self, threads: Threads) -> Self {
        self.threads = threads;
        self
    }

    /// Computes the solutions: the solution for k is at index k − 1, or the solutions are in the order of [the k asked
    /// for](Self::sparsities). The counts, memory and time of each are those of the whole path.
    ///
    /// # Errors
    /// [`Error::Number`] for a k above K; [`Error::InvalidHalt`] for a relative residual that is negative or NaN;
    /// [`Error::StateMemory`]; [`Error::Overflow`] if Aᴴy is not finite; [`Error::Operator`]; [`Error::Stopped`] if it is interrupted.
    pub fn solve(self) -> Result<Vec<Solution<T>>, Error> {
        #[inline(never)]
        fn real(path: SparsityPath<'_, '_, f64>) -> Result<Vec<Solution<f64>>, Error> {
            path.solve_here()
        }
        #[inline(never)]
        fn complex(path: SparsityPath<'_, '_, C64>) -> Result<Vec<Solution<C64>>, Error> {
            path.solve_here()
        }
        type C64 = Complex<f64>;
        type Solve<T> = for<'r, 'a> fn(SparsityPath<'r, 'a, T>) -> Result<Vec<Solution<T>>, Error>;
        of_scalar::<Solve<T>>(real as Solve<f64>, complex as Solve<C64>)(self)
    }

    fn solve_here(self) -> Result<Vec<Solution<T>>, Error> {
        let begin = Instant::now();
        if let Some(limit) = self.relative_residual {
            Halt::RelativeResidual(limit).check()?;
        }
        let largest = self.problem.sparsity();
        let asked = self.sparsities.clone().unwrap_or_else(|| (1..=largest).collect());
        if let Some(&above) = asked.iter().find(|&&k| k > largest) {
            let (what, rule) = ("a sparsity of the path", "at most that of the problem");
            return Err(Error::Number { what, rule, value: above as f64 });
        }
        let mut path: BTreeMap<usize, Solution<T>> = if self.walks() {
            let mut path: BTreeMap<_, _> = (1..).zip(self.by_exchanges(begin)?).collect();
            if asked.contains(&0) {
                path.insert(0, runs::nothing(&self)?);
            }
            path
        } else {
            runs::solve(&self, &asked)?
        };
        let elapsed = begin.elapsed();
        path.values_mut().for_each(|solution| solution.elapsed = elapsed);
        Ok(asked.iter().filter_map(|k| path.get(k).cloned()).collect())
    }

    /// The points of the path, of a problem of single columns with free coefficients.
    ///
    /// # Errors
    /// Those of [`solve`](Self::solve), and [`Error::NotQuadratic`] and [`Error::ColumnsOnly`] for other problems.
    pub(crate) fn levels(self) -> Result<Vec<Level<T>>, Error> {
        self.problem.check(NAME, NEEDS)?;
        walk::find(&self, self.problem.sparsity(), Instant::now()).map(|(levels, _)| levels)
    }

    /// Limits of a run for one k.
    fn limits(&self) -> Limits {
        Limits { time: self.time, relative_residual: self.relative_residual, ..Limits::default() }
    }

    /// Whether one tableau moves along the path.
    fn walks(&self) -> bool {
        let (problem, largest) = (self.problem, self.problem.sparsity());
        problem.check(NAME, NEEDS).is_ok() && !has_parts(problem.operator(), largest)
    }

    /// The solutions for k = 1 … K of one tableau.
    fn by_exchanges(&self, begin: Instant) -> Result<Vec<Solution<T>>, Error> {
        let problem = self.problem;
        let limit = self.relative_residual;
        let held = walk::state_bytes(self, problem.sparsity());
        let (levels, mut workspace) = walk::find(self, problem.sparsity(), begin)?;
        let counts = workspace.counts() + problem.measuring().counts;
        let memory = workspace.memory_held() + held;
        let mut path: Vec<Solution<T>> = Vec::with_capacity(problem.sparsity());
        for level in levels {
            let reached = relative(level.residual_norm, problem.data_norm());
            let stop_reason = match limit {
                _ if reached <= EXACT => StopReason::ExactFit,
                Some(limit) if reached <= limit => StopReason::RelativeResidual,
                _ if level.is_cut => StopReason::Time,
                Some(_) => StopReason::RelativeResidualMissed,
                None => StopReason::Finished,
            };
            let outcome = Outcome {
                algorithm: NAME.to_owned(),
                support: level.support,
                values: level.values,
                iterations: level.moves,
                best_iteration: level.moves,
                supports_explored: level.supports,
                stop_reason,
            };
            let solution = solution_of(problem, outcome, counts, begin.elapsed(), memory)?;
            // Where nothing is left to explain, rounding decides.
            let kept = path.last().filter(|before| before.residual_norm <= solution.residual_norm).cloned();
            path.push(kept.unwrap_or(solution));
        }
        Ok(path)
    }
}
