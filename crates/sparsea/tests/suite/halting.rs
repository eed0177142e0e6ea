//! Halting rules and observers, on every algorithm: limits are kept to the iteration, and reasons are true.

use std::ops::ControlFlow;
use std::time::Duration;

use crate::common::{Kind, matrix, observed, run, svd_fit, words};
use faer::Mat;
use serde_json::Map;
use sparsea::{
    Chain, DenseOperator, Halt, Memory, Observer, Problem, Progress, Run, Solution, Start, StopReason, Trace,
};

const K: usize = 5;

/// A coherent problem on which every algorithm takes several steps.
fn example() -> (Mat<f64>, Vec<f64>) {
    let a = matrix(Kind::Coherent, 24, 40, 5);
    let y = observed(&a, K, 5);
    (a, y)
}

#[test]
fn no_iterations_return_the_start() {
    let (a, y) = example();
    let operator = DenseOperator::new(a.as_ref());
    let problem = Problem::new(&operator, &y, K).unwrap();
    let start = vec![3, 9, 20, 31];
    let (x, residual_norm, _) = svd_fit(&a, &y, &start);
    for word in words::<f64>() {
        for halt in [Halt::Iterations(0), Halt::Stagnation(0), Halt::Time(Duration::ZERO), Halt::OperatorCalls(0)] {
            let solution = run(&problem, word, Start::Support(start.clone()), Some(halt.clone()));
            assert_eq!(solution.support, start, "{word} {halt:?}");
            crate::common::assert_close(&solution.coefficients, &x, 1e-10, word);
            assert!((solution.residual_norm - residual_norm).abs() <= 1e-10 * residual_norm, "{word}");
            assert_eq!((solution.iterations, solution.best_iteration), (0, 0), "{word} {halt:?}");
            let reason = match halt {
                Halt::Iterations(_) => StopReason::Iterations,
                Halt::Stagnation(_) => StopReason::Stagnation,
                Halt::Time(_) => StopReason::Time,
                _ => StopReason::OperatorCalls,
            };
            assert_eq!(solution.stop_reason, reason, "{word}");
            // From x = 0 that is x = 0.
            let solution = run(&problem, word, Start::Zero, Some(halt));
            assert!(solution.support.is_empty() && solution.relative_residual == 1.0, "{word}");
        }
    }
}

#[test]
fn iterations_are_never_exceeded() {
    let (a, y) = example();
    let operator = DenseOperator::new(a.as_ref());
    let problem = Problem::new(&operator, &y, K).unwrap();
    for word in words::<f64>() {
        let mut before = f64::INFINITY;
        let mut limited = 0;
        for limit in (0..20).chain([100, 333, 1000]) {
            let solution = run(&problem, word, Start::Zero, Some(Halt::Iterations(limit)));
            match solution.stop_reason {
                StopReason::Iterations => {
                    assert_eq!(solution.iterations, limit, "{word}");
                    limited += 1;
                }
                StopReason::Finished => assert!(solution.iterations <= limit, "{word}"),
                reason => panic!("{word}: {reason:?}"),
            }
            assert!(solution.best_iteration <= solution.iterations);
            // A longer run contains the shorter one.
            assert!(solution.residual_norm <= before * (1.0 + 1e-12), "{word} {limit}");
            before = solution.residual_norm;
        }
        assert!(limited > 1, "{word} was never stopped by the limit");
    }
}

#[test]
fn stagnation_is_counted_from_the_best_iteration() {
    let (a, y) = example();
    let operator = DenseOperator::new(a.as_ref());
    let problem = Problem::new(&operator, &y, K).unwrap();
    for limit in [1, 2, 7, 50] {
        let mut stopped = 0;
        for word in words::<f64>() {
            let halt = Halt::Stagnation(limit).or(Halt::Iterations(100_000));
            let solution = run(&problem, word, Start::Zero, Some(halt));
            if solution.stop_reason == StopReason::Stagnation {
                assert_eq!(solution.iterations - solution.best_iteration, limit, "{word}");
                stopped += 1;
            } else {
                assert!(solution.iterations - solution.best_iteration <= limit, "{word} {solution:?}");
            }
        }
        assert!(stopped > 0, "no algorithm stagnated for {limit} iterations");
    }
}

#[test]
fn supports_explored_are_limited() {
    let (a, y) = example();
    let operator = DenseOperator::new(a.as_ref());
    let problem = Problem::new(&operator, &y, K).unwrap();
    // Splicing tries several supports in a step, FoBa drops several columns one after the other.
    let several = ["splicing", "foba"];
    for word in words::<f64>() {
        let mut stopped = 0;
        for limit in 1..6 {
            let solution = run(&problem, word, Start::Zero, Some(Halt::Supports(limit).or(Halt::Iterations(10_000))));
            match solution.stop_reason {
                // Most steps are at one support, so the limit is met, not passed.
                StopReason::Supports => {
                    let passed = if several.contains(&word) { 5 } else { 0 };
                    assert!((limit..=limit + passed).contains(&(solution.supports_explored as u64)), "{word}");
                    stopped += 1;
                }
                _ => assert!(
                    several.contains(&word) || solution.supports_explored as u64 <= limit,
                    "{word} {limit} {solution:?}"
                ),
            }
        }
        assert!(stopped > 0, "{word}");
    }
    // SEA goes on exploring for as long as one likes.
    let solution = run(&problem, "sea", Start::Zero, Some(Halt::Supports(60)));
    assert_eq!((solution.stop_reason, solution.supports_explored), (StopReason::Supports, 60));
}

#[test]
fn operator_calls_are_limited() {
    let (a, y) = example();
    let operator = DenseOperator::new(a.as_ref());
    let problem = Problem::new(&operator, &y, K).unwrap();
    for word in ["sea", "iht"] {
        for limit in [40, 400] {
            // Without cached columns and remembered fits every gradient is a product with Aᴴ. The other rule only keeps
            // a failure from running for ever.
            let solution = Run::with_chain(&problem, Chain::parse(word, &Map::new()).unwrap())
                .memory(Memory { gram: 0, fits: 0, ..Memory::default() })
                .halt(Halt::OperatorCalls(limit).or(Halt::Iterations(100_000)))
                .solve()
                .unwrap();
            assert_eq!(solution.stop_reason, StopReason::OperatorCalls, "{word}");
            let calls = solution.counts.applies + solution.counts.adjoints;
            // Finding ‖A‖ before the first step takes two calls for each of at most n iterations.
            let allowed = limit.max(2 * 40) + 10;
            assert!((limit..=allowed).contains(&calls), "{word}: {calls} calls, {limit} allowed");
        }
    }
}

#[test]
fn the_relative_residual_is_reached_and_no_more() {
    let (a, y) = example();
    let operator = DenseOperator::new(a.as_ref());
    let problem = Problem::new(&operator, &y, K).unwrap();
    for word in words::<f64>() {
        let full = run(&problem, word, Start::Zero, None);
        // A level between the start and the best point.
        let level = 0.5 * (1.0 + full.relative_residual);
        let mut trace = Trace::default();
        let solution = Run::with_chain(&problem, Chain::parse(word, &Map::new()).unwrap())
            .halt(Halt::RelativeResidual(level))
            .observe(&mut trace)
            .solve()
            .unwrap();
        assert_eq!(solution.stop_reason, StopReason::RelativeResidual, "{word}");
        assert!(solution.relative_residual <= level * (1.0 + 1e-10), "{word}");
        let relative = |objective: f64| (2.0 * objective).sqrt() / problem.data_norm();
        let (last, before) = trace.rows().split_last().unwrap();
        assert_eq!(last.iteration, solution.iterations);
        assert!(before.iter().all(|row| relative(row.best_objective) > level), "{word} could have stopped before");
    }
}

#[test]
fn joined_rules_hold_together() {
    let (a, y) = example();
    let operator = DenseOperator::new(a.as_ref());
    let problem = Problem::new(&operator, &y, K).unwrap();
    let sea = |halt| run(&problem, "sea", Start::Zero, Some(halt));
    let either = sea(Halt::Iterations(50).or(Halt::Supports(3)));
    assert_eq!((either.stop_reason, either.supports_explored), (StopReason::Supports, 3));
    let both = sea(Halt::Iterations(50).and(Halt::Supports(3)));
    assert!(both.iterations >= 50 && both.supports_explored >= 3, "{both:?}");
    let both = sea(Halt::Iterations(3).and(Halt::Iterations(40)));
    assert_eq!((both.stop_reason, both.iterations), (StopReason::Iterations, 40));
    let nested = sea(Halt::Iterations(1000).or(Halt::Iterations(20).and(Halt::Stagnation(0))));
    assert!((20..1000).contains(&nested.iterations), "{nested:?}");
}

/// Breaks at one visit and remembers what it was told.
#[derive(Default)]
struct Breaker {
    at: usize,
    visits: usize,
    iteration: u64,
    algorithms: Vec<String>,
    ended: Vec<Solution<f64>>,
}

impl Observer<f64> for Breaker {
    fn step(&mut self, progress: &Progress<'_>) -> ControlFlow<()> {
        self.visits += 1;
        self.iteration = progress.iteration;
        self.algorithms.push(progress.algorithm.to_owned());
        if self.visits == self.at { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn end(&mut self, solution: &Solution<f64>) {
        self.ended.push(solution.clone());
    }
}

#[test]
fn an_observer_stops_a_run() {
    let (a, y) = example();
    let operator = DenseOperator::new(a.as_ref());
    let problem = Problem::new(&operator, &y, K).unwrap();
    for word in words::<f64>() {
        for at in [1, 2] {
            let mut breaker = Breaker { at, ..Breaker::default() };
            // A second observer, added after, is shown the last step and the end too.
            let mut other = Breaker::default();
            let solution = Run::with_chain(&problem, Chain::parse(word, &Map::new()).unwrap())
                .observe(&mut breaker)
                .observe(&mut other)
                .solve()
                .unwrap();
            assert_eq!(solution.stop_reason, StopReason::Interrupted, "{word}");
            assert_eq!((breaker.visits, other.visits), (at, at), "{word}");
            assert_eq!(solution.iterations, breaker.iteration, "{word}");
            assert_eq!(breaker.ended, std::slice::from_ref(&solution), "{word}");
            assert_eq!(other.ended, [solution], "{word}");
        }
    }
}

#[test]
fn what_stops_a_link_for_good_stops_the_chain() {
    let (a, y) = example();
    let operator = DenseOperator::new(a.as_ref());
    let problem = Problem::new(&operator, &y, K).unwrap();
    let mut breaker = Breaker { at: 2, ..Breaker::default() };
    let chain = Chain::parse("omp+sea", &Map::new()).unwrap();
    let solution = Run::with_chain(&problem, chain.clone()).observe(&mut breaker).solve().unwrap();
    assert_eq!(breaker.algorithms, ["omp", "omp"]);
    assert_eq!((solution.stop_reason, solution.algorithm.as_str()), (StopReason::Interrupted, "omp+sea"));
    // The time limit is that of the whole run; other limits are those of the last link.
    let timed = Run::with_chain(&problem, chain.clone()).halt(Halt::Time(Duration::ZERO)).solve().unwrap();
    assert_eq!((timed.stop_reason, timed.support.len()), (StopReason::Time, 0));
    let counted = Run::with_chain(&problem, chain).halt(Halt::Iterations(0)).solve().unwrap();
    assert_eq!((counted.stop_reason, counted.iterations), (StopReason::Iterations, 0));
    assert_eq!(counted.support, run(&problem, "omp", Start::Zero, None).support);
}

#[test]
fn time_ends_a_run_that_nothing_else_would() {
    let (a, y) = example();
    let operator = DenseOperator::new(a.as_ref());
    let problem = Problem::new(&operator, &y, K).unwrap();
    let limit = Duration::from_millis(20);
    let solution = run(&problem, "sea", Start::Zero, Some(Halt::Time(limit)));
    assert_eq!(solution.stop_reason, StopReason::Time);
    assert!(solution.elapsed >= limit && solution.iterations > 0);
}
