//! No default cuts a result, no report calls a column certain that has an equal, no limit that was missed reads as reached, and
//! a run ends within a step.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use faer::{Mat, MatMut};
use rand::RngExt;
use serde_json::Map;
use sparsea::generate::{gaussian_matrix, normal_vector, random_support, stream};
use sparsea::operator::{Columns, OperatorError, Profile};
use sparsea::{
    Access, Chain, DenseOperator, Error, FunctionOperator, Halt, Interrupt, Limits, LinearMap, Problem, ReportOptions,
    Run, Search, Solution, Start, StopReason,
};

use crate::common::{entries, norm, product};

fn chain(names: &str) -> Chain<f64> {
    Chain::parse(names, &Map::new()).unwrap()
}

/// The algorithms that end by themselves return as many columns as were asked for, however many.
#[test]
fn no_default_cuts_a_result() {
    let n = 1300;
    let a = Mat::<f64>::from_fn(n, n, |i, j| f64::from(i == j));
    let operator = DenseOperator::new(a.as_ref());
    let y: Vec<f64> = (0..n).map(|i| 1.0 + i as f64 / n as f64).collect();
    let k = 1200;
    let problem = Problem::new(&operator, &y, k).unwrap();
    let expected: Vec<usize> = (n - k..n).collect();
    for name in ["omp", "ols", "omp+els"] {
        let solution = Run::with_chain(&problem, chain(name)).solve().unwrap();
        assert_eq!(solution.support, expected, "{name}");
        assert_eq!(solution.stop_reason, StopReason::Finished, "{name}");
    }
}

/// What an algorithm does where no limit is given is its own rule, and the same beside a residual that is asked for.
#[test]
fn a_residual_that_is_asked_for_keeps_the_algorithms_own_budget() {
    let a = gaussian_matrix::<f64>(&mut stream(1, 0, 0), 30, 60);
    let operator = DenseOperator::new(a.as_ref());
    let y: Vec<f64> = normal_vector(&mut stream(1, 1, 0), 30);
    let problem = Problem::new(&operator, &y, 4).unwrap();
    for entry in entries::<f64>() {
        let run = |residual| {
            let limits = Limits { relative_residual: residual, ..Limits::default() };
            Run::with_chain(&problem, chain(entry.name)).limits(limits).solve().unwrap()
        };
        let (alone, missed) = (run(None), run(Some(1e-9)));
        assert_eq!((&alone.support, alone.iterations), (&missed.support, missed.iterations), "{}", entry.name);
        assert!(matches!(alone.stop_reason, StopReason::Finished | StopReason::Budget), "{}", entry.name);
        assert_eq!(missed.stop_reason, StopReason::RelativeResidualMissed, "{}", entry.name);
        let reached = run(Some(2.0 * alone.relative_residual));
        assert_eq!(reached.stop_reason, StopReason::RelativeResidual, "{}", entry.name);
    }
}

/// Columns that have an equal are in no report as if they had none: copies, and bases of one space of which any k columns
/// span it.
#[test]
fn a_report_calls_no_column_certain_that_has_an_equal() {
    for seed in 0..30 {
        let rng = &mut stream(seed, 50, 0);
        let k = rng.random_range(2..5);
        let (m, both) = (rng.random_range(20..60), rng.random::<bool>());
        let b = gaussian_matrix::<f64>(rng, m, k);
        let mixed = if both { &b * gaussian_matrix::<f64>(rng, k, k) } else { b.clone() };
        let a = Mat::from_fn(m, 2 * k, |i, j| if j < k { b[(i, j)] } else { mixed[(i, j - k)] });
        let x: Vec<f64> = (1..=k).map(|v| v as f64).collect();
        let y = product(&a, &(0..k).collect::<Vec<_>>(), &x);
        let operator = DenseOperator::new(a.as_ref());
        let problem = Problem::new(&operator, &y, k).unwrap();
        for entry in entries::<f64>() {
            let run = Run::with_chain(&problem, chain(entry.name)).report(ReportOptions::default());
            let solution = run.solve().unwrap();
            if solution.stop_reason != StopReason::ExactFit {
                continue;
            }
            let report = solution.report.unwrap();
            assert!(report.exchanges_scored, "seed {seed} {}", entry.name);
            for index in report.indices.iter().filter(|index| index.chosen) {
                assert!(index.frequency < 0.95, "seed {seed} {}: {index:?}", entry.name);
            }
        }
        // Every support of k columns fits exactly if the bases are mixed, and those of one of each pair otherwise.
        let report = Run::new(&problem, Search::default()).report(ReportOptions::default()).solve().unwrap().report;
        let all = if both { (0..k).fold(1, |c, i| c * (2 * k - i) / (i + 1)) } else { 1 << k };
        let found = report.unwrap().near_ties;
        assert!(found <= all && found * 2 > all, "seed {seed}: {found} of {all}");
    }
}

/// Exchanges that a report adds are those that brute force finds.
#[test]
fn a_report_knows_all_near_ties_one_exchange_away() {
    for seed in 0..30 {
        let rng = &mut stream(seed, 51, 0);
        let a = gaussian_matrix::<f64>(rng, 20, 12);
        let x: Vec<f64> = normal_vector(rng, 3);
        let mut y = product(&a, &random_support(rng, 12, 3), &x);
        y.iter_mut().for_each(|v| *v += rng.random_range(-0.8..0.8));
        let operator = DenseOperator::new(a.as_ref());
        let problem = Problem::new(&operator, &y, 3).unwrap();
        let options = ReportOptions { margin: 0.3, listed: 1000 };
        let solution = Run::with_chain(&problem, chain("omp+els")).report(options).solve().unwrap();
        let report = solution.report.clone().unwrap();
        let least = report.best[0].residual_norm;
        for (&leaving, entering) in solution.support.iter().flat_map(|j| (0..12).map(move |i| (j, i))) {
            if solution.support.contains(&entering) {
                continue;
            }
            let mut support: Vec<usize> = solution.support.iter().copied().filter(|&j| j != leaving).collect();
            support.push(entering);
            support.sort_unstable();
            let (_, residual_norm, _) = crate::common::svd_fit(&a, &y, &support);
            let listed = report.best.iter().find(|ranked| ranked.support == support);
            match listed {
                Some(ranked) => assert!((ranked.residual_norm - residual_norm).abs() <= 1e-9 * norm(&y), "seed {seed}"),
                None => assert!(residual_norm > 1.3 * least * (1.0 - 1e-9), "seed {seed}: {support:?} {residual_norm}"),
            }
        }
    }
}

/// A product with A that takes a while.
fn slow(m: usize, n: usize, wait: Duration) -> impl LinearMap<f64> {
    let apply = move |x: &[f64], y: &mut [f64]| {
        std::thread::sleep(wait);
        y.iter_mut().enumerate().for_each(|(i, y)| *y = x.iter().skip(i % 7).step_by(5).sum());
    };
    let adjoint = move |y: &[f64], x: &mut [f64]| {
        std::thread::sleep(wait);
        x.fill(0.0);
        for (i, y) in y.iter().enumerate() {
            x.iter_mut().skip(i % 7).step_by(5).for_each(|x| *x += y);
        }
    };
    FunctionOperator::new(m, n, apply, adjoint)
}

/// What was measured of the columns counts as products and as time of the run, and a deadline ends it.
#[test]
fn measuring_is_part_of_a_run() {
    let (m, n) = (12, 80);
    let operator = slow(m, n, Duration::from_micros(200));
    let y = vec![1.0; m];
    let problem = Problem::new(&operator, &y, 2).unwrap();
    let solution = Run::with_chain(&problem, chain("omp")).solve().unwrap();
    assert!(solution.counts.applies >= n as u64, "{:?}", solution.counts);
    assert!(solution.elapsed >= Duration::from_micros(200 * n as u64), "{:?}", solution.elapsed);
    let again = Run::with_chain(&problem.with_data(&y).unwrap(), chain("omp")).solve().unwrap();
    assert!(again.counts.applies < n as u64 && again.support == solution.support);
    let late = Interrupt::default().by(Instant::now());
    let refused = Problem::new_until(&operator, &y, 2, &late).unwrap_err();
    assert_eq!(refused, Error::Stopped { reason: StopReason::Time });
    let flag = Arc::new(AtomicBool::new(true));
    let refused = Problem::new_until(&operator, &y, 2, &Interrupt::new(flag)).unwrap_err();
    assert_eq!(refused, Error::Stopped { reason: StopReason::Interrupted });
    let nothing = Solution::zero("omp".into(), n, &y, StopReason::Time, Duration::ZERO);
    assert_eq!((nothing.residual_norm, nothing.to_dense()), (norm(&y), vec![0.0; n]));
}

/// Wherever a run is stopped, within its start or a step, it returns a valid point that is not worse than x = 0 or its start,
/// and does no more than a few products after that.
#[test]
fn a_run_may_be_stopped_anywhere() {
    let rng = &mut stream(3, 0, 0);
    let a = gaussian_matrix::<f64>(rng, 40, 90);
    let y: Vec<f64> = normal_vector(rng, 40);
    let start = random_support(rng, 90, 6);
    for entry in entries::<f64>() {
        let mut stopped = 0;
        for at in (0..40u64).chain([60, 100, 200, 400]) {
            let (calls, flag) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
            let count = |calls: &AtomicU64, flag: &AtomicBool| {
                if calls.fetch_add(1, Ordering::Relaxed) >= at {
                    flag.store(true, Ordering::Relaxed);
                }
            };
            let dense = DenseOperator::new(a.as_ref());
            let dense = Access::new(&dense);
            let operator = FunctionOperator::new(
                40,
                90,
                |x: &[f64], y: &mut [f64]| {
                    count(&calls, &flag);
                    dense.apply(x, y);
                },
                |y: &[f64], x: &mut [f64]| {
                    count(&calls, &flag);
                    dense.apply_adjoint(y, x);
                },
            )
            .with_column_norms((0..90).map(|j| a.col(j).norm_l2()).collect());
            let problem = Problem::new(&operator, &y, 6).unwrap();
            let run = Run::with_chain(&problem, chain(entry.name)).start(sparsea::Start::Support(start.clone()));
            let solution = run.interrupt(Interrupt::new(flag.clone())).solve().unwrap();
            let (_, given, _) = crate::common::svd_fit(&a, &y, &start);
            assert!(solution.residual_norm <= given * (1.0 + 1e-9), "{} at {at}", entry.name);
            let found = norm(&crate::common::difference(&y, &product(&a, &solution.support, &solution.coefficients)));
            assert!((found - solution.residual_norm).abs() <= 1e-12 * norm(&y), "{} at {at}", entry.name);
            if solution.stop_reason == StopReason::Interrupted {
                stopped += 1;
                // At most what one verb does between two looks: the Gram columns of one block, or a refinement.
                let after = calls.load(Ordering::Relaxed) - at;
                assert!(after <= 200, "{} at {at}: {after} products later", entry.name);
            }
        }
        assert!(stopped >= 4, "{}: {stopped}", entry.name);
    }
}

/// A dense A that counts multiply-adds, and at one of them waits for longer than the run may take.
struct Waiting<'a> {
    dense: DenseOperator<'a, f64>,
    at: u64,
    wait: Duration,
    done: AtomicU64,
    /// What was done when the wait was over; 0 before.
    waited: AtomicU64,
}

impl Waiting<'_> {
    fn count(&self, products: usize) {
        let (m, n) = self.dense.shape();
        let before = self.done.fetch_add((m * n * products) as u64, Ordering::Relaxed);
        let after = self.done.load(Ordering::Relaxed);
        if before < self.at && after >= self.at {
            std::thread::sleep(self.wait);
            self.waited.store(after, Ordering::Relaxed);
        }
    }

    fn columns_of(&self) -> &dyn Columns<f64> {
        self.dense.columns().unwrap()
    }
}

impl LinearMap<f64> for Waiting<'_> {
    fn shape(&self) -> (usize, usize) {
        self.dense.shape()
    }

    fn apply(&self, x: &[f64], y: &mut [f64]) -> Result<(), OperatorError> {
        self.count(1);
        self.dense.apply(x, y)
    }

    fn apply_adjoint(&self, y: &[f64], x: &mut [f64]) -> Result<(), OperatorError> {
        self.count(1);
        self.dense.apply_adjoint(y, x)
    }

    fn profile(&self) -> Profile {
        self.dense.profile()
    }

    fn columns(&self) -> Option<&dyn Columns<f64>> {
        Some(self)
    }
}

impl Columns<f64> for Waiting<'_> {
    fn gather(&self, support: &[usize], out: MatMut<'_, f64>) -> Result<(), OperatorError> {
        self.columns_of().gather(support, out)
    }

    fn adjoint_block(&self, ys: &[&[f64]], out: MatMut<'_, f64>) -> Result<(), OperatorError> {
        self.count(ys.len());
        self.columns_of().adjoint_block(ys, out)
    }

    fn gram(&self, rows: Option<&[usize]>, support: &[usize], out: MatMut<'_, f64>) -> Result<(), OperatorError> {
        self.count(if rows.is_none() { support.len() } else { 0 });
        self.columns_of().gram(rows, support, out)
    }
}

/// A time limit that a single step exceeds by far ends the run in time: it is late by one of the products between which it is
/// looked at, at most 10⁸ multiply-adds, of the 3.6·10⁸ or more that are left of the step, however fast the machine is.
#[test]
fn a_time_limit_ends_a_long_step() {
    const BETWEEN: u64 = 100_000_000;
    let rng = &mut stream(4, 0, 0);
    let (m, n, k) = (400, 6000, 150);
    let a = gaussian_matrix::<f64>(rng, m, n);
    let y: Vec<f64> = normal_vector(rng, m);
    for name in ["sea", "search", "htp", "cosamp", "els"] {
        let limit = Duration::from_millis(300);
        let mut given = vec![0.0; n];
        random_support(rng, n, k).iter().for_each(|&j| given[j] = 1e-3);
        for start in [Start::Zero, Start::Vector(given)] {
            let ended = (0..5).any(|_| {
                let dense = DenseOperator::new(a.as_ref());
                let (done, waited) = (AtomicU64::new(0), AtomicU64::new(0));
                let operator = Waiting { dense, at: 50_000_000, wait: limit, done, waited };
                let problem = Problem::new(&operator, &y, k).unwrap();
                let run = Run::with_chain(&problem, chain(name)).start(start.clone()).report(ReportOptions::default());
                let solution = run.halt(Halt::Time(limit)).solve().unwrap();
                assert!(solution.residual_norm <= norm(&y) * (1.0 + 1e-12), "{name}");
                assert_eq!(solution.stop_reason, StopReason::Time, "{name}");
                let waited = operator.waited.load(Ordering::Relaxed);
                let after = operator.done.load(Ordering::Relaxed) - waited;
                assert!(waited == 0 || after <= BETWEEN, "{name} is late by {after} multiply-adds");
                // On a machine that is too busy the limit may come before.
                waited > 0
            });
            assert!(ended, "{name}");
        }
    }
}
