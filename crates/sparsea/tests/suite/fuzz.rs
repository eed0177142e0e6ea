//! Random small problems of the kinds that break solvers, by every algorithm, chain, start and limit: no panic, no endless
//! run, and a solution that is what it says.
//!
//! As many problems as take some seconds; `SPARSEA_FUZZ_SECONDS=600 cargo test -p sparsea --test suite fuzz` goes on for longer.

use std::time::{Duration, Instant};

use faer::Mat;
use rand::{Rng, RngExt};
use serde_json::Map;
use sparsea::generate::stream;
use sparsea::{
    Chain, DenseOperator, Error, Halt, Limits, LinearMap, Problem, ReportOptions, Run, Scalar, SparseOperator, Start,
    StopReason,
};

use crate::common::{C, compressed, difference, entries, norm, product, scalar};

/// Problems where no time is given.
const PROBLEMS: u64 = 1500;

/// Names the problem at which a test fails.
struct Named(u64, bool);

impl Drop for Named {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("at problem {} (complex: {})", self.0, self.1);
        }
    }
}

/// A number: often a small integer, sometimes of any size.
fn number<T: Scalar>(rng: &mut impl Rng) -> T {
    let mut one = || match rng.random_range(0..12) {
        0..4 => 0.0,
        4..8 => f64::from(rng.random_range(-2i32..=2)),
        8..10 => rng.random_range(-1.0..1.0),
        10 => 10f64.powf(rng.random_range(-9.0..9.0)),
        _ => rng.random_range(-1.0..1.0) * f64::EPSILON,
    };
    scalar(one(), one())
}

/// A matrix whose columns are independent, repeated, combined, perturbed, scaled or zero.
fn matrix<T: Scalar>(rng: &mut impl Rng, m: usize, n: usize) -> Mat<T> {
    let mut a = Mat::<T>::zeros(m, n);
    for j in 0..n {
        let kind = if j == 0 { 0 } else { rng.random_range(0..8) };
        let (p, q) = (rng.random_range(0..j.max(1)), rng.random_range(0..j.max(1)));
        let (f, g): (T, T) = (number(rng), number(rng));
        let close = 10f64.powf(-rng.random_range(0.0..17.0));
        for i in 0..m {
            let own: T = number(rng);
            a[(i, j)] = match kind {
                0..4 => own,
                4 => a[(i, p)] * f,
                5 => a[(i, p)] * f + a[(i, q)] * g,
                6 => a[(i, p)] + own.scale(close),
                _ => own.scale(1e-60 / close),
            };
        }
    }
    a
}

fn solve_any<T: Scalar>(seed: u64) {
    let _named = Named(seed, T::IS_COMPLEX);
    let rng = &mut stream(seed, 60, u64::from(T::IS_COMPLEX));
    let (m, n) = (rng.random_range(1..14), rng.random_range(1..14));
    let a = matrix::<T>(rng, m, n);
    let all: Vec<usize> = (0..n).collect();
    let x: Vec<T> = (0..n).map(|_| number(rng)).collect();
    let y: Vec<T> = match rng.random_range(0..4) {
        0 => (0..m).map(|_| number(rng)).collect(),
        1 => product(&a, &all, &x),
        2 => product(&a, &all, &x).iter().map(|&v| v + number::<T>(rng).scale(1e-12)).collect(),
        _ => vec![T::ZERO; m],
    };
    let dense = DenseOperator::new(a.as_ref());
    let stored = compressed(&a);
    let sparse = SparseOperator::new(stored.as_ref());
    let operator: &dyn LinearMap<T> = if rng.random() { &dense } else { &sparse };
    let k = rng.random_range(1..=m.min(n));
    let problem = match Problem::new(operator, &y, k) {
        Ok(problem) if rng.random_ratio(1, 5) => problem.keep_columns(),
        Ok(problem) => problem,
        Err(Error::ColumnOverflow { .. } | Error::Overflow { .. }) => return,
        Err(error) => panic!("{error}"),
    };
    let names: Vec<&str> = entries::<T>().iter().map(|entry| entry.name).collect();
    let mut name = names[rng.random_range(0..names.len())].to_owned();
    if rng.random_ratio(1, 3) {
        name = format!("{name}+{}", names[rng.random_range(0..names.len())]);
    }
    let start = match rng.random_range(0..5) {
        0 => Start::Random(seed),
        1 => Start::Support(sparsea::generate::random_support(rng, n, k)),
        2 => Start::Vector((0..n).map(|_| number(rng)).collect()),
        3 => Start::Chain(Chain::parse(names[rng.random_range(0..names.len())], &Map::new()).unwrap()),
        _ => Start::Zero,
    };
    let mut run = Run::with_chain(&problem, Chain::parse(&name, &Map::new()).unwrap()).start(start);
    let limits = Limits {
        iterations: Some(rng.random_range(0..60)).filter(|_| rng.random()),
        stagnation: Some(rng.random_range(0..20)).filter(|_| rng.random_ratio(1, 4)),
        relative_residual: Some(rng.random_range(0.0..1.0)).filter(|_| rng.random_ratio(1, 4)),
        ..Limits::default()
    };
    run =
        if rng.random_ratio(1, 8) { run.halt(Halt::Supports(3).or(Halt::Iterations(40))) } else { run.limits(limits) };
    if rng.random_ratio(1, 4) {
        run = run.report(ReportOptions::default());
    }
    let solution = match run.solve() {
        Ok(solution) => solution,
        Err(Error::Number { .. } | Error::Overflow { .. }) => return,
        Err(error) => panic!("{name}: {error}"),
    };
    let found = norm(&difference(&y, &product(&a, &solution.support, &solution.coefficients)));
    let pairs = solution.support.iter().zip(&solution.coefficients);
    let size: f64 = pairs.map(|(&j, x)| Scalar::abs(*x) * a.col(j).norm_l2()).sum();
    let rounding = 1e-14 * (norm(&y) + size);
    assert!((found - solution.residual_norm).abs() <= rounding, "{name}: {found} {solution:?}");
    assert!(found <= norm(&y) + rounding, "{name}: worse than x = 0, {} {solution:?}", norm(&y));
    assert!(solution.support.len() <= k && solution.support.is_sorted_by(|a, b| a < b), "{name}: {solution:?}");
    let exact = solution.stop_reason == StopReason::ExactFit;
    assert!(!exact || found <= 1e-12 * norm(&y), "{name}: not exact: {solution:?}");
    // A stagnation limit alone bounds nothing while ‖r‖ falls.
    let bounded = limits.iterations.is_some() || limits.stagnation.is_none();
    assert!(!bounded || solution.iterations <= 1000, "{name}: {solution:?}");
}

#[test]
fn any_problem_has_an_answer_that_is_what_it_says() {
    let seconds = std::env::var("SPARSEA_FUZZ_SECONDS").ok().and_then(|text| text.parse::<f64>().ok());
    let (begin, mut done) = (Instant::now(), 0);
    let goes_on = |done: u64| match seconds {
        Some(seconds) => begin.elapsed() < Duration::from_secs_f64(seconds),
        None => done < PROBLEMS,
    };
    while goes_on(done) {
        solve_any::<f64>(done);
        if done % 4 == 0 {
            solve_any::<C>(done);
        }
        done += 1;
    }
    println!("{done} problems in {:.1} s", begin.elapsed().as_secs_f64());
}
