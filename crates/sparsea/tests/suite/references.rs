//! OMP and the LASSO against values computed by scikit-learn, OLS against SPAMS, on problems rebuilt bit for bit.
//!
//! `reference/omp_scikit_learn.py` describes the generator; the script beside each file made its values.

use serde_json::Value;
use sparsea::{Algorithm, DenseOperator, Halt, Lasso, Ols, Omp, Problem, Run, StopReason, solve};

/// The linear congruential generator of Knuth's MMIX, with draws in [−1, 1).
struct Generator(u64);

impl Generator {
    fn new(seed: u64) -> Self {
        let mut generator = Self(seed);
        for _ in 0..16 {
            generator.draw();
        }
        generator
    }

    fn draw(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }
}

/// A, column by column, each leaning on the one before it by `correlation`, and y.
fn problem(m: usize, n: usize, k: usize, seed: u64, correlation: f64) -> (Vec<f64>, Vec<f64>) {
    let mut generator = Generator::new(seed);
    let mut a: Vec<f64> = (0..m * n).map(|_| generator.draw()).collect();
    if correlation != 0.0 {
        for at in m..m * n {
            a[at] += correlation * a[at - m];
        }
    }
    let mut truth: Vec<(usize, f64)> = vec![];
    while truth.len() < k {
        let column = ((generator.draw() + 1.0) / 2.0 * n as f64) as usize;
        if truth.iter().all(|&(chosen, _)| chosen != column) {
            let value = generator.draw();
            truth.push((column, if value >= 0.0 { value + 1.0 } else { value - 1.0 }));
        }
    }
    let mut y = vec![0.0; m];
    for (column, coefficient) in truth {
        for (y, a) in y.iter_mut().zip(&a[column * m..][..m]) {
            *y += coefficient * a;
        }
    }
    for y in &mut y {
        *y += 0.01 * generator.draw();
    }
    (a, y)
}

/// The problems of a reference file.
fn stored(file: &str) -> Vec<Value> {
    let file: Value = serde_json::from_str(file).unwrap();
    file["problems"].as_array().unwrap().clone()
}

fn indices(values: &Value) -> Vec<usize> {
    values.as_array().unwrap().iter().map(|j| j.as_u64().unwrap() as usize).collect()
}

fn numbers(values: &Value) -> Vec<f64> {
    values.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

/// m, n, k, seed, A and y of a stored problem.
fn rebuilt(reference: &Value) -> (usize, usize, usize, u64, Vec<f64>, Vec<f64>) {
    let size = |name: &str| reference[name].as_u64().unwrap() as usize;
    let (m, n, k, seed) = (size("m"), size("n"), size("k"), reference["seed"].as_u64().unwrap());
    let (a, y) = problem(m, n, k, seed, reference["correlation"].as_f64().unwrap_or(0.0));
    (m, n, k, seed, a, y)
}

fn length(column: &[f64]) -> f64 {
    column.iter().map(|v| v * v).sum::<f64>().sqrt()
}

/// Asserts that coefficients of A are the expected ones of A with unit columns.
fn assert_coefficients(a: &[f64], m: usize, support: &[usize], found: &[f64], expected: &[f64], tol: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for ((&j, &found), &expected) in support.iter().zip(found).zip(expected) {
        let found = found * length(&a[j * m..][..m]);
        assert!((found - expected).abs() <= tol * expected.abs().max(1.0), "{what} column {j}: {found} {expected}");
    }
}

fn greedy_agrees(file: &str, algorithm: impl Algorithm<f64>) {
    let references = stored(file);
    assert_eq!(references.len(), 60);
    for reference in &references {
        let (m, n, k, seed, a, y) = rebuilt(reference);
        let operator = DenseOperator::from_column_major(&a, m, n).unwrap();
        let solution = solve(&Problem::new(&operator, &y, k).unwrap(), algorithm.clone()).unwrap();
        let support = indices(&reference["support"]);
        assert_eq!(solution.support, support, "seed {seed}");
        let expected = numbers(&reference["coefficients"]);
        assert_coefficients(&a, m, &support, &solution.coefficients, &expected, 1e-9, &format!("seed {seed}"));
        let residual_norm = reference["residual_norm"].as_f64().unwrap();
        assert!((solution.residual_norm - residual_norm).abs() <= 1e-9 * residual_norm.max(1.0), "seed {seed}");
    }
}

#[test]
fn omp_agrees_with_scikit_learn() {
    greedy_agrees(include_str!("../reference/omp_scikit_learn.json"), Omp::default());
}

#[test]
fn ols_agrees_with_spams() {
    greedy_agrees(include_str!("../reference/ols_spams.json"), Ols::default());
}

/// Every knot: λ and coefficients. λ is the largest |a_jᵀ r|/‖a_j‖, by the conditions of optimality.
#[test]
fn lasso_path_agrees_with_scikit_learn() {
    let references = stored(include_str!("../reference/lasso_path_scikit_learn.json"));
    assert_eq!(references.len(), 30);
    for reference in &references {
        let (m, n, k, seed, a, y) = rebuilt(reference);
        let operator = DenseOperator::from_column_major(&a, m, n).unwrap();
        let problem = Problem::new(&operator, &y, k).unwrap();
        let knots = numbers(&reference["knots"]);
        for (at, &knot) in knots.iter().enumerate() {
            let what = format!("seed {seed} knot {at}");
            let lasso = Lasso { refit: false };
            let solution = Run::new(&problem, lasso).halt(Halt::Iterations(at as u64 + 1)).solve().unwrap();
            let support = indices(&reference["supports"][at]);
            assert_eq!(solution.support, support, "{what}");
            let expected = numbers(&reference["coefficients"][at]);
            assert_coefficients(&a, m, &support, &solution.coefficients, &expected, 1e-8, &what);
            let mut r = y.clone();
            for (&j, x) in support.iter().zip(&solution.coefficients) {
                r.iter_mut().zip(&a[j * m..]).for_each(|(r, a)| *r -= x * a);
            }
            let correlation = |j: usize| {
                let column = &a[j * m..][..m];
                column.iter().zip(&r).map(|(a, r)| a * r).sum::<f64>().abs() / length(column)
            };
            let lambda = (0..n).map(correlation).fold(0.0, f64::max);
            assert!((lambda - knot).abs() <= 1e-8 * knots[0], "{what}: {lambda} {knot}");
        }
        // There the path ends, and refitting changes the coefficients only.
        let whole = solve(&problem, Lasso { refit: false }).unwrap();
        assert_eq!((whole.iterations, whole.stop_reason), (knots.len() as u64, StopReason::Finished), "seed {seed}");
        let refitted = solve(&problem, Lasso::default()).unwrap();
        assert_eq!(refitted.support, whole.support, "seed {seed}");
        assert!(refitted.residual_norm <= whole.residual_norm);
    }
}
