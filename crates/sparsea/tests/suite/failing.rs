//! Products that fail end every computation with their error, as a value.

use std::sync::atomic::{AtomicU64, Ordering};

use faer::Mat;
use serde_json::Map;
use sparsea::algorithms::registry;
use sparsea::exhaustive::best_support;
use sparsea::generate::{gaussian_matrix, normal_vector, stream};
use sparsea::operator::Operator;
use sparsea::theory::{coherence, exact_recovery_coefficient};
use sparsea::{
    Access, CachedGram, Chain, Error, LinearMap, OperatorError, Problem, Profile, ReportOptions, Run, Start, Threads,
    check_adjoint, restricted_isometry,
};

/// A matrix whose product number `last` + 1 and all later ones fail.
struct Failing<'a> {
    matrix: &'a Mat<f64>,
    last: u64,
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
    fn new(matrix: &'a Mat<f64>, last: u64, measured: bool) -> Access<Self> {
        Access::new(Self { matrix, last, calls: AtomicU64::new(0), measured })
    }

    fn called(&self) -> Result<(), OperatorError> {
        let call = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        if call <= self.last { Ok(()) } else { Err(Lost(call).into()) }
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
    for entry in registry::<f64>() {
        for start in [Start::Zero, Start::Random(3), Start::Support(vec![1, 7, 20])] {
            let run = |last: u64| {
                let operator = Failing::new(&a, last, true);
                let outcome = Problem::new(&operator, &y, k).and_then(|problem| {
                    let run = Run::with_chain(&problem, chain(entry.name)).start(start.clone());
                    // Of several threads each may be in a product when one fails.
                    run.report(ReportOptions::default()).threads(Threads::One).solve()
                });
                (outcome, operator.map().calls.load(Ordering::Relaxed))
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
    type Computation<'c> = (&'c str, &'c dyn Fn(&dyn Operator<f64>) -> Result<(), Error>);
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
            for last in 0..whole.map().calls.load(Ordering::Relaxed) {
                let operator = Failing::new(&a, last, measured);
                let outcome = compute(&operator);
                assert!(is_the_failure(&outcome, last), "{name}, {measured}, {last}: {outcome:?}");
                assert_eq!(operator.map().calls.load(Ordering::Relaxed), last + 1, "{name} goes on");
            }
        }
    }
}

/// A failure is seen through what wraps an operator.
#[test]
fn wrapped_operators_fail_too() {
    let a: Mat<f64> = gaussian_matrix(&mut stream(3, 0, 0), 10, 15);
    let y: Vec<f64> = normal_vector(&mut stream(3, 1, 0), 10);
    for last in [0, 1, 3] {
        let operator = Failing::new(&a, last, true);
        let cached = CachedGram::new(&operator, 1 << 20);
        let boxed: Box<dyn Operator<f64>> = Box::new(&cached);
        let outcome = Problem::new(&boxed, &y, 3).and_then(|problem| Run::with_chain(&problem, chain("sea")).solve());
        assert!(is_the_failure(&outcome, last), "{last}: {outcome:?}");
    }
}

#[test]
fn an_error_says_what_failed() {
    let error = Error::Operator(Lost(3).into());
    assert_eq!(error.to_string(), "a product with A failed: the connection was lost in call 3");
    assert_eq!(OperatorError::new("no device").to_string(), "no device");
}
