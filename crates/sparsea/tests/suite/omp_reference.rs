//! Orthogonal matching pursuit against values computed by scikit-learn, on problems rebuilt bit for bit.
//!
//! `reference/omp_scikit_learn.py` describes the generator and made the values.

use serde_json::Value;
use sparsea::{DenseOperator, Omp, Problem, solve};

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

/// A, column by column, and y.
fn problem(m: usize, n: usize, k: usize, seed: u64) -> (Vec<f64>, Vec<f64>) {
    let mut generator = Generator::new(seed);
    let a: Vec<f64> = (0..m * n).map(|_| generator.draw()).collect();
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

#[test]
fn omp_agrees_with_scikit_learn() {
    let file: Value = serde_json::from_str(include_str!("../reference/omp_scikit_learn.json")).unwrap();
    let references = file["problems"].as_array().unwrap();
    assert_eq!(references.len(), 60);
    for reference in references {
        let size = |name: &str| reference[name].as_u64().unwrap() as usize;
        let (m, n, k, seed) = (size("m"), size("n"), size("k"), reference["seed"].as_u64().unwrap());
        let (a, y) = problem(m, n, k, seed);
        let operator = DenseOperator::from_column_major(&a, m, n).unwrap();
        let solution = solve(&Problem::new(&operator, &y, k).unwrap(), Omp::default()).unwrap();

        let support: Vec<usize> =
            reference["support"].as_array().unwrap().iter().map(|j| j.as_u64().unwrap() as usize).collect();
        assert_eq!(solution.support, support, "seed {seed}");
        let expected = reference["coefficients"].as_array().unwrap();
        assert_eq!(solution.coefficients.len(), expected.len());
        for ((&j, &found), expected) in support.iter().zip(&solution.coefficients).zip(expected) {
            // The reference has unit columns.
            let length = a[j * m..][..m].iter().map(|v| v * v).sum::<f64>().sqrt();
            let expected = expected.as_f64().unwrap();
            assert!((found * length - expected).abs() <= 1e-9 * expected.abs().max(1.0), "seed {seed} column {j}");
        }
        let residual_norm = reference["residual_norm"].as_f64().unwrap();
        assert!(
            (solution.residual_norm - residual_norm).abs() <= 1e-9 * residual_norm.max(1.0),
            "seed {seed}: {} {residual_norm}",
            solution.residual_norm
        );
    }
}
