//! The engine against singular values after thousands of joins and leaves, for conditions from 1 to 10¹².

use crate::common::{C, Kind, adjoint_product, matrix, norm, svd_fit};
use faer::Mat;
use rand::RngExt;
use sparsea::generate::{normal_vector, stream};
use sparsea::{DenseOperator, Memory, Problem, Scalar, Support, Workspace};

/// An m × n matrix with orthogonal-times-diagonal-times-orthogonal structure of the given condition.
fn conditioned<T: Scalar>(m: usize, n: usize, condition: f64, seed: u64) -> Mat<T> {
    let u = matrix::<T>(Kind::Gaussian, m, n, seed).qr().compute_thin_Q();
    let v = matrix::<T>(Kind::Gaussian, n, n, seed + 1).qr().compute_thin_Q();
    let scaled = Mat::from_fn(m, n, |i, j| u[(i, j)].scale(condition.powf(-(j as f64) / (n as f64 - 1.0).max(1.0))));
    &scaled * v.adjoint()
}

/// Moves one workspace through random supports and checks every fit against singular values.
fn walk<T: Scalar>(a: &Mat<T>, y: &[T], moves: usize, seed: u64) -> f64 {
    let n = a.ncols();
    let limit = n.min(a.nrows()).min(12);
    let operator = DenseOperator::new(a.as_ref());
    let problem = Problem::new(&operator, y, limit).unwrap();
    // Without remembered fits every move goes through the factor.
    let mut workspace = Workspace::new(&problem, Memory { fits: 0, ..Memory::default() }).unwrap();
    let unit = crate::common::normalized(a);
    let mut rng = stream(seed, 8, 0);
    let mut support: Vec<usize> = vec![];
    let mut worst: f64 = 0.0;
    for _ in 0..moves {
        for _ in 0..rng.random_range(1..4) {
            let j = rng.random_range(0..n);
            match support.binary_search(&j) {
                Ok(at) => {
                    support.remove(at);
                }
                Err(at) if support.len() < limit => support.insert(at, j),
                Err(_) => {}
            }
        }
        workspace.fit(&support.iter().copied().collect());
        let (x, best, condition) = svd_fit(&unit, y, &support);
        let found = workspace.residual_norm();
        let scale = norm(y);
        // Rounding A by ε moves the minimum itself by ε ‖A‖ ‖x‖: no algorithm can be asked for more.
        let attainable = 4.0 * f64::EPSILON * (support.len() as f64).sqrt() * norm(&x);
        if condition <= 1e10 {
            assert!(
                found <= best + 1e-10 * scale + attainable,
                "condition {condition:.1e} size {}: {found} > {best} (x {:.1e})",
                support.len(),
                norm(&x)
            );
            assert!(found >= best - 1e-10 * scale - attainable);
            // The residual is orthogonal to the columns of the support.
            let residual = workspace.residual().to_vec();
            let correlation = adjoint_product(&unit, &residual);
            for &j in &support {
                let cosine = Scalar::abs(correlation[j]) / scale;
                assert!(cosine <= 1e-10 + attainable / scale, "condition {condition:.1e}: {cosine:.1e}");
            }
            worst = worst.max(condition);
        } else {
            // Numerically dependent columns: still a fit, never better than the truth, close to the minimum.
            assert!(found <= best + 1e-6 * scale + 1e3 * attainable, "{condition:.1e} {found} {best}");
        }
        let correlation = workspace.correlate().to_vec();
        assert!(support.iter().all(|&j| correlation[j] == T::ZERO));
    }
    worst
}

fn every_condition<T: Scalar>() {
    for (at, exponent) in [0.0, 1.0, 2.0, 4.0, 6.0, 8.0, 10.0, 12.0].into_iter().enumerate() {
        let condition = f64::powf(10.0, exponent);
        let a = conditioned::<T>(30, 12, condition, 100 + at as u64);
        let noise: Vec<T> = normal_vector(&mut stream(at as u64, 9, 0), 30);
        walk(&a, &noise, 400, at as u64);
        // Data that A explains with moderate coefficients, as in a real problem.
        let x: Vec<T> = normal_vector(&mut stream(at as u64, 9, 1), 12);
        let y = crate::common::product(&a, &(0..12).collect::<Vec<_>>(), &x);
        walk(&a, &y, 400, at as u64);
    }
}

#[test]
fn fits_equal_singular_values_real() {
    every_condition::<f64>();
}

#[test]
fn fits_equal_singular_values_complex() {
    every_condition::<C>();
}

/// Neighbouring atoms of a narrow-band deconvolution: runs of them have conditions far beyond normal equations.
#[test]
fn fits_on_clusters_of_nearly_parallel_columns() {
    let kernel = sparsea::operator::pulse::gaussian(3.0).unwrap();
    let operator = sparsea::Convolution::new(&kernel, 14, sparsea::Boundary::Full).unwrap();
    let a = crate::common::dense_form(&operator);
    let y: Vec<f64> = normal_vector(&mut stream(3, 10, 0), a.nrows());
    let reached = walk(&a, &y, 1500, 3);
    assert!(reached > 1e6, "the walk met condition {reached:.1e}");
}

#[test]
fn duplicates_and_zero_columns_get_coefficient_zero() {
    let mut a = matrix::<f64>(Kind::Gaussian, 10, 8, 5);
    for i in 0..10 {
        a[(i, 5)] = -3.0 * a[(i, 2)];
        a[(i, 6)] = 0.0;
        a[(i, 7)] = a[(i, 0)] + 2.0 * a[(i, 1)];
    }
    let y: Vec<f64> = normal_vector(&mut stream(5, 11, 0), 10);
    walk(&a, &y, 500, 5);
    let operator = DenseOperator::new(a.as_ref());
    let problem = Problem::new(&operator, &y, 8).unwrap();
    let mut workspace = Workspace::new(&problem, Memory::default()).unwrap();
    workspace.fit(&Support::from([0, 1, 2, 5, 6, 7]));
    let values = workspace.values().to_vec();
    assert_eq!(&values[3..], [0.0, 0.0, 0.0], "5 repeats 2, 6 is zero, 7 depends on 0 and 1");
    assert_eq!(workspace.counts().dependent_columns, 3);
    let expected = svd_fit(&crate::common::normalized(&a), &y, &[0, 1, 2]);
    for (found, expected) in values.iter().zip(&expected.0) {
        assert!((found - expected).abs() < 1e-12);
    }
}

/// So many columns that their factor is computed by the block, or column by column if one of them is there twice.
#[test]
fn a_factor_computed_by_the_block_fits_as_well() {
    let (m, n, k) = (400, 500, 330);
    for twice in [false, true] {
        let mut a = matrix::<f64>(Kind::Gaussian, m, n, 21);
        if twice {
            for i in 0..m {
                a[(i, 7)] = a[(i, 2)];
            }
        }
        let operator = DenseOperator::new(a.as_ref());
        let y: Vec<f64> = normal_vector(&mut stream(21, 1, 0), m);
        let problem = Problem::new(&operator, &y, k).unwrap();
        let support: Vec<usize> = (0..k).collect();
        let mut workspace = Workspace::new(&problem, Memory::default()).unwrap();
        workspace.fit(&support.iter().copied().collect());
        let (counts, dependent) = (workspace.counts(), u64::from(twice));
        assert_eq!((counts.dependent_columns, counts.orthogonalisations), (dependent, 0));
        // Once by the block, or once column by column, where one depends on another.
        assert_eq!(counts.refactorisations, 1, "{counts:?}");
        // In the workspace columns have norm 1; residuals do not know of that.
        let (_, residual_norm, _) = svd_fit(&a, &y, &support);
        assert!((workspace.residual_norm() - residual_norm).abs() <= 1e-10 * norm(&y));
        let against = adjoint_product(&a, workspace.residual());
        assert!(support.iter().all(|&j| against[j].abs() <= 1e-9 * norm(&y) * a.col(j).norm_l2()));
    }
}
