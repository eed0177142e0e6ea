//! Products that fail end every computation with their error, as a value.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::common::entries;
use faer::Mat;
use serde_json::Map;
use sparsea::exhaustive::best_support;
use sparsea::generate::{gaussian_matrix, normal_vector, stream};
use sparsea::operator::Failure;
use sparsea::theory::{coherence, exact_recovery_coefficient};
use sparsea::{
    Access, Chain, Error, LinearMap, Memory, OperatorError, Problem, Profile, ReportOptions, Run, SharedGram, Start,
    Threads, check_adjoint, restricted_isometry,
};

/// A matrix whose product number `last` + 1 and all later ones fail, until `last` is raised.
struct Failing<'a> {
    matrix: &'a Mat<f64>,
    last: AtomicU64,
    calls: AtomicU64,
    measured: bool,
}

#[derive(Debug)]
struct Lost(u64);

impl std::fmt::Display for Lost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the connection was lost in call {}", self.0)
    }
}

impl std::error::Error for Lost {}

impl<'a> Failing<'a> {
    fn new(matrix: &'a Mat<f64>, last: u64, measured: bool) -> Self {
        Self { matrix, last: AtomicU64::new(last), calls: AtomicU64::new(0), measured }
    }

    /// Lets products work again.
    fn mend(&self) {
        self.last.store(u64::MAX, Ordering::Relaxed);
    }

    fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    fn called(&self) -> Result<(), OperatorError> {
        let call = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        if call <= self.last.load(Ordering::Relaxed) { Ok(()) } else { Err(Lost(call).into()) }
    }
}

impl LinearMap<f64> for Failing<'_> {
    fn shape(&self) -> (usize, usize) {
        (self.matrix.nrows(), self.matrix.ncols())
    }

    fn apply(&self, x: &[f64], y: &mut [f64]) -> Result<(), OperatorError> {
        self.called()?;
        for (i, y) in y.iter_mut().enumerate() {
            *y = (0..x.len()).map(|j| self.matrix[(i, j)] * x[j]).sum();
        }
        Ok(())
    }

    fn apply_adjoint(&self, y: &[f64], x: &mut [f64]) -> Result<(), OperatorError> {
        self.called()?;
        for (j, x) in x.iter_mut().enumerate() {
            *x = (0..y.len()).map(|i| self.matrix[(i, j)] * y[i]).sum();
        }
        Ok(())
    }

    fn profile(&self) -> Profile {
        let norms = || self.matrix.col_iter().map(|column| column.norm_l2()).collect();
        if self.measured { Profile::default().with_column_norms(norms()) } else { Profile::default() }
    }
}

fn chain(name: &str) -> Chain<f64> {
    Chain::parse(name, &Map::new()).unwrap()
}

/// That the outcome is the error of the first call that failed.
fn is_the_failure<R: std::fmt::Debug>(outcome: &Result<R, Error>, last: u64) -> bool {
    match outcome {
        Err(Error::Operator(error)) => error.inner().downcast_ref::<Lost>().is_some_and(|lost| lost.0 == last + 1),
        _ => false,
    }
}

/// Whatever algorithm, start and product: the run returns the error, and asks for no further product.
#[test]
fn a_run_ends_with_the_error_of_the_product_that_failed() {
    let (m, n, k) = (20, 30, 4);
    let a: Mat<f64> = gaussian_matrix(&mut stream(1, 0, 0), m, n);
    let y: Vec<f64> = normal_vector(&mut stream(1, 1, 0), m);
    for entry in entries::<f64>() {
        for start in [Start::Zero, Start::Random(3), Start::Support(vec![1, 7, 20])] {
            let run = |last: u64| {
                let operator = Failing::new(&a, last, true);
                let outcome = Problem::new(&operator, &y, k).and_then(|problem| {
                    let run = Run::with_chain(&problem, chain(entry.name)).start(start.clone());
                    // Of several threads each may be in a product when one fails.
                    run.report(ReportOptions::default()).threads(Threads::One).solve()
                });
                (outcome, operator.calls())
            };
            let (whole, products) = run(u64::MAX);
            assert!(whole.is_ok() && products > 1, "{}", entry.name);
            // All of the first products, and some of the later ones.
            for last in (0..products).filter(|last| *last < 40 || last % 37 == 0) {
                let (outcome, calls) = run(last);
                assert!(is_the_failure(&outcome, last), "{} from {start:?}, {last}: {outcome:?}", entry.name);
                assert_eq!(calls, last + 1, "{} goes on after a failure", entry.name);
            }
        }
    }
}

#[test]
fn measuring_and_theory_end_with_it_too() {
    let a: Mat<f64> = gaussian_matrix(&mut stream(2, 0, 0), 8, 12);
    let y: Vec<f64> = normal_vector(&mut stream(2, 1, 0), 8);
    type Computation<'c> = (&'c str, &'c dyn Fn(&dyn LinearMap<f64>) -> Result<(), Error>);
    let computations: [Computation<'_>; 6] = [
        ("Problem::new", &|a| Problem::new(a, &y, 3).map(|_| ())),
        ("check_adjoint", &|a| check_adjoint(a, 0)),
        ("coherence", &|a| coherence(a, 4).map(|_| ())),
        ("exact_recovery_coefficient", &|a| exact_recovery_coefficient(a, &[1, 5]).map(|_| ())),
        ("restricted_isometry", &|a| restricted_isometry(a, 4, 1e5).map(|_| ())),
        ("best_support", &|a| Problem::new(a, &y, 2).and_then(|problem| best_support(&problem, 1e6)).map(|_| ())),
    ];
    for measured in [false, true] {
        for (name, compute) in computations {
            let whole = Failing::new(&a, u64::MAX, measured);
            assert_eq!(compute(&whole), Ok(()), "{name}");
            for last in 0..whole.calls() {
                let operator = Failing::new(&a, last, measured);
                let outcome = compute(&operator);
                assert!(is_the_failure(&outcome, last), "{name}, {measured}, {last}: {outcome:?}");
                assert_eq!(operator.calls(), last + 1, "{name} goes on");
            }
        }
    }
}

/// A failure is seen through what points to an operator, and through Gram columns that are kept.
#[test]
fn wrapped_operators_fail_too() {
    let a: Mat<f64> = gaussian_matrix(&mut stream(3, 0, 0), 10, 15);
    let y: Vec<f64> = normal_vector(&mut stream(3, 1, 0), 10);
    for last in [0, 1, 3] {
        let operator = Failing::new(&a, last, true);
        let boxed: Box<dyn LinearMap<f64>> = Box::new(&operator);
        let outcome = Problem::new(&boxed, &y, 3).and_then(|problem| {
            let problem = problem.share_gram(Arc::new(SharedGram::new(15, 1 << 20))).unwrap();
            Run::with_chain(&problem, chain("sea")).solve()
        });
        assert!(is_the_failure(&outcome, last), "{last}: {outcome:?}");
    }
}

/// A failure belongs to the run in which it happened: once products work again, the next run on the same problem has the
/// solution of one that never failed. Nothing that a failed product has left is kept, neither Gram columns nor a workspace.
#[test]
fn a_run_after_a_failure_succeeds() {
    let (n, k) = (30, 4);
    let a: Mat<f64> = gaussian_matrix(&mut stream(5, 0, 0), 20, n);
    let y: Vec<f64> = normal_vector(&mut stream(5, 1, 0), 20);
    for entry in entries::<f64>() {
        for shared in [false, true] {
            // The same run, whose products fail after the first `last`, and again when they work.
            let runs = |last: u64| {
                let operator = Failing::new(&a, last, true);
                let gram = Arc::new(SharedGram::new(n, 1 << 20));
                let problem = Problem::new(&operator, &y, k).unwrap();
                let problem = if shared { problem.share_gram(gram.clone()).unwrap() } else { problem };
                let mut kept = None;
                let mut run = || {
                    let run = Run::with_chain(&problem, chain(entry.name)).threads(Threads::One);
                    let solution = run.memory(Memory::default()).solve_with(&mut kept)?;
                    Ok((solution.support, solution.coefficients, solution.iterations))
                };
                let (first, calls) = (run(), operator.calls());
                operator.mend();
                let again = run();
                assert!(problem.operator().check().is_ok(), "the problem itself has not failed");
                (first, calls, again)
            };
            let (whole, products, again) = runs(u64::MAX);
            assert_eq!(whole, again, "{}", entry.name);
            for last in (0..products).filter(|last| *last < 40 || last % 37 == 0) {
                let (failed, calls, again) = runs(last);
                assert!(is_the_failure(&failed, last), "{} after {last}: {failed:?}", entry.name);
                assert_eq!(calls, last + 1, "{} goes on after a failure", entry.name);
                assert_eq!(again, whole, "{} after {last}, shared {shared}", entry.name);
            }
        }
    }
}

/// Gram columns that a failed product has left are not kept.
#[test]
fn failed_gram_columns_are_not_kept() {
    let n = 15;
    let a: Mat<f64> = gaussian_matrix(&mut stream(6, 0, 0), 10, n);
    let y: Vec<f64> = normal_vector(&mut stream(6, 1, 0), 10);
    let all: Vec<usize> = (0..n).collect();
    // Each column takes one product with A and one with Aᴴ, and a block is kept as a whole.
    for last in 0..2 * n as u64 {
        let operator = Failing::new(&a, last, true);
        let gram = Arc::new(SharedGram::new(n, 1 << 20));
        let problem = Problem::new(&operator, &y, 3).unwrap().share_gram(gram.clone()).unwrap();
        let mut block = Mat::from_fn(n, n, |_, _| 9.0);
        problem.operator().gram_columns(&all, block.as_mut());
        assert!(is_the_failure(&problem.operator().check(), last), "{last}");
        assert_eq!((gram.kept(), operator.calls()), (0, last + 1), "{last}");
        assert_eq!(block, Mat::<f64>::zeros(n, n), "{last}");
        // The problem's own access has failed, but not the one of a problem derived from it.
        operator.mend();
        let problem = problem.clone();
        problem.operator().gram_columns(&all, block.as_mut());
        assert_eq!((problem.operator().check(), gram.kept()), (Ok(()), n), "{last}");
        let mut expected = Mat::zeros(n, n);
        Access::new(&operator).gram_columns(&all, expected.as_mut());
        assert_eq!(block, expected, "{last}");
    }
}

/// An access that has failed stays so, with zeros for results and no product begun; a new one on the same map has not.
#[test]
fn an_access_keeps_its_failure() {
    let a: Mat<f64> = gaussian_matrix(&mut stream(7, 0, 0), 4, 6);
    let operator = Failing::new(&a, 0, false);
    let access = Access::new(&operator);
    let (mut image, mut correlation) = ([9.0; 4], [9.0; 6]);
    access.apply(&[1.0; 6], &mut image);
    assert_eq!(image, [0.0; 4]);
    operator.mend();
    access.apply_adjoint(&[1.0; 4], &mut correlation);
    let mut entries = [9.0; 2];
    access.gram_entries(&[1, 2], 3, &mut entries);
    assert_eq!((correlation, entries), ([0.0; 6], [0.0; 2]));
    assert_eq!((access.column_norms(), operator.calls()), (vec![0.0; 6], 1));
    assert!(is_the_failure(&access.check(), 0));
    for fresh in [Access::new(&operator), access.scaled(vec![1.0; 6].into())] {
        fresh.apply(&[1.0; 6], &mut image);
        assert!(fresh.check().is_ok() && image.iter().all(|y| *y != 0.0));
    }
}

/// A map whose products work, and which is told from outside to fail.
struct Told<'a>(&'a Failing<'a>, Failure);

impl LinearMap<f64> for Told<'_> {
    fn shape(&self) -> (usize, usize) {
        self.0.shape()
    }

    fn apply(&self, x: &[f64], y: &mut [f64]) -> Result<(), OperatorError> {
        self.0.apply(x, y)
    }

    fn apply_adjoint(&self, y: &[f64], x: &mut [f64]) -> Result<(), OperatorError> {
        self.0.apply_adjoint(y, x)
    }

    fn profile(&self) -> Profile {
        self.0.profile().with_failure(self.1.clone())
    }
}

/// A failure from outside ends a run as that of a product does, and every later one.
#[test]
fn a_failure_from_outside_ends_runs() {
    let a: Mat<f64> = gaussian_matrix(&mut stream(8, 0, 0), 10, 15);
    let y: Vec<f64> = normal_vector(&mut stream(8, 1, 0), 10);
    let working = Failing::new(&a, u64::MAX, true);
    let operator = Told(&working, Failure::default());
    let problem = Problem::new(&operator, &y, 3).unwrap();
    assert!(Run::with_chain(&problem, chain("sea")).solve().is_ok());
    let before = working.calls();
    operator.1.set(Lost(1).into());
    for name in ["sea", "omp"] {
        let outcome = Run::with_chain(&problem, chain(name)).solve();
        assert!(is_the_failure(&outcome, 0), "{outcome:?}");
    }
    assert_eq!(working.calls(), before, "no product begins");
}

#[test]
fn an_error_says_what_failed() {
    let error = Error::Operator(Lost(3).into());
    assert_eq!(error.to_string(), "a product with A failed: the connection was lost in call 3");
    assert_eq!(OperatorError::new("no device").to_string(), "no device");
}
