//! Centred and weighted operators against dense matrices centred entry by entry.

use crate::common::{C, Kind, assert_close, compressed, every_form, functions, matrix, norm, scalar, svd_fit};
use crate::operators::check_map;
use faer::Mat;
use proptest::prelude::*;
use rand::RngExt;
use sparsea::generate::{normal_vector, stream};
use sparsea::{Access, Centered, DenseOperator, Error, LinearMap, Omp, Problem, Scalar, SparseOperator, solve};

/// Weighted means to the last digit or so: of what is left when the first entry that counts is taken away.
fn careful_means<T: Scalar>(a: &Mat<T>, weights: &[f64]) -> Vec<T> {
    let total: f64 = weights.iter().sum();
    let first = weights.iter().position(|&w| w > 0.0).unwrap();
    (0..a.ncols())
        .map(|j| {
            let rest: T = (0..a.nrows()).map(|i| (a[(i, j)] - a[(first, j)]).scale(weights[i])).sum();
            a[(first, j)] + rest.scale(1.0 / total)
        })
        .collect()
}

/// √W (A − 1 μᵀ), entry by entry.
fn dense<T: Scalar>(a: &Mat<T>, weights: &[f64], means: &[T]) -> Mat<T> {
    Mat::from_fn(a.nrows(), a.ncols(), |i, j| (a[(i, j)] - means[j]).scale(weights[i].sqrt()))
}

/// Non-negative weights, a third of them zero, at least one not.
fn random_weights(m: usize, seed: u64) -> Vec<f64> {
    let mut rng = stream(seed, 31, 0);
    let mut weights: Vec<f64> =
        (0..m).map(|_| if rng.random_bool(0.3) { 0.0 } else { rng.random_range(0.1..10.0) }).collect();
    weights[m / 2] = 1.0;
    weights
}

/// A matrix with `filled` of its entries, those lifted by `offset`.
fn lifted<T: Scalar>(m: usize, n: usize, filled: f64, offset: f64, seed: u64) -> Mat<T> {
    let mut a = matrix::<T>(Kind::Gaussian, m, n, seed);
    let mut rng = stream(seed, 32, 0);
    for j in 0..n {
        for i in 0..m {
            let lifted = a[(i, j)] + scalar::<T>(offset, -0.5 * offset);
            a[(i, j)] = if rng.random_bool(filled) { lifted } else { T::ZERO };
        }
    }
    a
}

fn equals_the_dense_matrix<T: Scalar>(a: &Mat<T>, weights: Option<&[f64]>, given: Option<&[T]>) {
    let m = a.nrows();
    let ones = vec![1.0; m];
    let used = weights.unwrap_or(&ones);
    let sparse = compressed(a);
    let sparse = SparseOperator::new(sparse.as_ref());
    let dense_operator = DenseOperator::new(a.as_ref());
    let function = functions(a);
    for (form, inner) in
        [("sparse", &sparse as &dyn LinearMap<T>), ("dense", &dense_operator), ("functions", &function)]
    {
        let centered = Centered::new(inner, weights, given).unwrap();
        match given {
            Some(means) => assert_eq!(centered.means(), means),
            None => {
                let columns = (0..a.ncols()).map(|j| (0..m).map(|i| Scalar::abs(a[(i, j)])).fold(0.0, f64::max));
                for ((found, expected), largest) in centered.means().iter().zip(careful_means(a, used)).zip(columns) {
                    assert!(Scalar::abs(*found - expected) <= 4.0 * m as f64 * T::EPSILON * largest, "{form}");
                }
            }
        }
        check_map(&centered, &dense(a, used, centered.means()), &format!("centred {form}"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]
    #[test]
    fn equals_the_dense_matrix_at_any_offset(
        m in 2usize..40,
        n in 1usize..12,
        filled in prop::sample::select(vec![0.1, 0.5, 0.95, 1.0]),
        exponent in 0i32..10,
        weighted in any::<bool>(),
        given in any::<bool>(),
        seed in 0u64..1000,
    ) {
        let offset = 10f64.powi(exponent);
        let weights = random_weights(m, seed);
        let weights = weighted.then_some(&weights[..]);
        let a = lifted::<f64>(m, n, filled, offset, seed);
        let means: Vec<f64> = normal_vector(&mut stream(seed, 33, 0), n);
        equals_the_dense_matrix(&a, weights, given.then_some(&means));
        let a = lifted::<C>(m, n, filled, offset, seed);
        let means: Vec<C> = normal_vector(&mut stream(seed, 33, 0), n);
        equals_the_dense_matrix(&a, weights, given.then_some(&means));
    }
}

/// Of two columns out of three, constant where weights count, nothing is left, not even rounding.
#[test]
fn constant_columns_become_zero() {
    let a = Mat::from_fn(7, 6, |i, j| match j % 3 {
        0 => 0.1 * (j + 1) as f64,
        1 if i != 2 => 1e9 / 3.0,
        _ => (i * i + j) as f64,
    });
    let weights = [0.3, 1.0, 0.0, 7.1, 0.2, 0.9, 1.3];
    every_form(&a, |form, inner| {
        // The form that is itself a difference has other columns, by rounding.
        if form == "centered" {
            return;
        }
        let centered = Centered::new(inner, Some(&weights), None).unwrap();
        let centered = Access::new(&centered);
        let mut correlation = vec![9.0; 6];
        centered.apply_adjoint(&[1.0, -2.0, 3.0, 4.0, 0.5, 0.1, 0.7], &mut correlation);
        for j in 0..6 {
            assert_eq!(j % 3 < 2, correlation[j] == 0.0, "{form} {j}");
            assert_eq!(j % 3 < 2, centered.column_norms()[j] == 0.0, "{form} {j}");
        }
        let mut image = vec![9.0; 7];
        centered.apply(&[1.0, 2.0, 0.0, 3.0, -4.0, 0.0], &mut image);
        assert_eq!(image, [0.0; 7], "{form}");
        centered.column(4, &mut image);
        assert_eq!(image, [0.0; 7], "{form}");
    });
}

/// Copies take no more room than the columns of A that are copied, for equal weights.
#[test]
fn sparse_columns_are_never_copied() {
    let (m, n) = (2000, 30);
    let a = Mat::from_fn(m, n, |i, j| if (i + j) % 20 == 0 { 1e6 + (i % 7) as f64 } else { 0.0 });
    let sparse = compressed(&a);
    let sparse = SparseOperator::new(sparse.as_ref());
    let centered = Centered::new(&sparse, None, None).unwrap();
    // Each copy would cost another m.
    assert_eq!(Access::new(&centered).adjoint_cost(), Access::new(&sparse).adjoint_cost() + m + n);
    check_map(&centered, &dense(&a, &vec![1.0; m], centered.means()), "five in a hundred");
}

/// Where one row has all the weight and few entries are stored, copies stop at the size of A, and everything still holds to
/// the accuracy stated.
#[test]
fn copies_are_bounded() {
    let (m, n) = (400, 50);
    let a = Mat::from_fn(m, n, |i, j| if i < 2 { 1.0 + 1e-3 * (i * j) as f64 } else { 0.0 });
    let weights: Vec<f64> = (0..m).map(|i| if i < 2 { 1.0 } else { 1e-9 }).collect();
    let sparse = compressed(&a);
    let sparse = SparseOperator::new(sparse.as_ref());
    let centered = Centered::new(&sparse, Some(&weights), None).unwrap();
    let expected = dense(&a, &weights, centered.means());
    let (centered, cost) = (Access::new(&centered), Access::new(&sparse).adjoint_cost());
    let copied = (centered.adjoint_cost() - cost - m - n) / m;
    assert!(copied < 2 && cost < 2 * m, "{copied}");
    let y: Vec<f64> = normal_vector(&mut stream(1, 34, 0), m);
    let mut correlation = vec![0.0; n];
    centered.apply_adjoint(&y, &mut correlation);
    for j in 1..n {
        let column: Vec<f64> = (0..m).map(|i| expected[(i, j)]).collect();
        let exact: f64 = column.iter().zip(&y).map(|(b, y)| b * y).sum();
        let steepness = (2.0 * a[(0, j)] * a[(0, j)]).sqrt() / norm(&column);
        assert!((correlation[j] - exact).abs() <= 100.0 * f64::EPSILON * steepness * norm(&column) * norm(&y), "{j}");
        assert!((centered.column_norms()[j] / norm(&column) - 1.0).abs() < 1e-12, "{j}");
    }
}

/// The fit that regression with an intercept wants, at offsets where AᴴA − μ̄ μᵀ would have no digit left.
#[test]
fn regression_with_an_intercept() {
    let (m, n) = (60, 20);
    let a = lifted::<f64>(m, n, 1.0, 1e9, 5);
    let weights = random_weights(m, 5);
    let total: f64 = weights.iter().sum();
    let noise: Vec<f64> = normal_vector(&mut stream(5, 35, 0), m);
    let y: Vec<f64> = (0..m).map(|i| 3.0 * (a[(i, 4)] - 1e9) - 2.0 * (a[(i, 11)] - 1e9) + 0.1 * noise[i]).collect();
    let mean: f64 = y.iter().zip(&weights).map(|(y, w)| y * w).sum::<f64>() / total;
    let centred: Vec<f64> = y.iter().zip(&weights).map(|(y, w)| (y - mean) * w.sqrt()).collect();
    let sparse = compressed(&a);
    let sparse = SparseOperator::new(sparse.as_ref());
    let operator = Centered::new(&sparse, Some(&weights), None).unwrap();
    let solution = solve(&Problem::new(&operator, &centred, 2).unwrap(), Omp::default()).unwrap();
    assert_eq!(solution.support, [4, 11]);
    let (expected, residual, _) = svd_fit(&dense(&a, &weights, &careful_means(&a, &weights)), &centred, &[4, 11]);
    assert_close(&solution.coefficients, &expected, 1e-10, "coefficients");
    assert!(solution.residual_norm <= residual + 1e-10 * norm(&centred));
}

#[test]
fn impossible_weights_and_means_are_refused() {
    let mut a = matrix::<f64>(Kind::Gaussian, 3, 2, 1);
    let refusal = |a: &Mat<f64>, weights: Option<&[f64]>, means: Option<&[f64]>| {
        Centered::new(DenseOperator::new(a.as_ref()), weights, means).unwrap_err().to_string()
    };
    assert_eq!(refusal(&a, Some(&[1.0; 4]), None), "there are 4 weights, but A has 3 rows");
    assert_eq!(refusal(&a, Some(&[1.0, -0.5, 1.0]), None), "a weight must be at least 0, got -0.5");
    assert_eq!(refusal(&a, Some(&[0.0; 3]), None), "the sum of the weights must be above 0 and finite, got 0");
    assert_eq!(
        refusal(&a, Some(&[1.0, f64::NAN, 1.0]), None),
        "the vector of weights contains NaN at index 1 (counted from 0)"
    );
    assert_eq!(refusal(&a, None, Some(&[0.0; 3])), "the vector of means has 3 entries, but A has 2 columns");
    assert_eq!(
        refusal(&a, None, Some(&[0.0, f64::INFINITY])),
        "the vector of means contains inf at index 1 (counted from 0)"
    );
    a[(2, 1)] = f64::NAN;
    assert_eq!(refusal(&a, None, None), "A contains NaN at row 2, column 1 (counted from 0)");
    a[(2, 1)] = 1e200;
    let error = Centered::new(DenseOperator::new(a.as_ref()), None, None).unwrap_err();
    assert_eq!(error, Error::ColumnOverflow { column: 1 });
}

/// Of columns that are constant but for rounding nothing is left either; of those that vary by a little more, all is.
#[test]
fn columns_constant_to_rounding_become_zero() {
    for seed in 0..60u64 {
        let mut rng = stream(seed, 34, 0);
        let (m, n) = (rng.random_range(20..200), 12);
        let scale = 10f64.powi(rng.random_range(-60..60));
        let weights = random_weights(m, seed);
        let weights = (seed % 2 == 1).then_some(&weights[..]);
        // Sums of shares that make up one, sums in either order, one unit in the last place more or less; a thousand units.
        let a = Mat::from_fn(m, n, |_, j| {
            let parts: Vec<f64> = (0..j + 2).map(|_| rng.random_range(0.01..1.0)).collect();
            let sum: f64 = parts.iter().sum();
            let jitter = f64::from(rng.random_range(-1..=1));
            scale
                * match j % 4 {
                    0 => parts.iter().map(|part| part / sum).sum::<f64>(),
                    1 => [0.1 + (0.2 + 0.3), (0.1 + 0.2) + 0.3][usize::from(rng.random_bool(0.5))],
                    2 => 1e6 * (1.0 + jitter * f64::EPSILON),
                    _ => 1.0 + 2000.0 * jitter * f64::EPSILON,
                }
        });
        let sparse = compressed(&a);
        let sparse = SparseOperator::new(sparse.as_ref());
        let dense = DenseOperator::new(a.as_ref());
        let given = Centered::new(&dense, weights, None).unwrap().means().to_vec();
        for (form, inner) in [("sparse", &sparse as &dyn LinearMap<f64>), ("dense", &dense)] {
            for means in [None, Some(&given[..])] {
                let centered = Centered::new(inner, weights, means).unwrap();
                let centered = Access::new(&centered);
                let norms = centered.column_norms();
                let mut correlation = vec![9.0; n];
                centered.apply_adjoint(&normal_vector::<f64>(&mut rng, m), &mut correlation);
                for j in 0..n {
                    assert_eq!(j % 4 < 3, norms[j] == 0.0, "seed {seed}, {form}, column {j}: {:e}", norms[j] / scale);
                    assert_eq!(j % 4 < 3, correlation[j] == 0.0, "seed {seed}, {form}, column {j}");
                }
            }
        }
    }
}
