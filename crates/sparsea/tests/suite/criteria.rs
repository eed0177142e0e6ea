//! Criteria from their definitions, and errors on rows left out by fitting again without them.

use faer::Mat;
use sparsea::criteria::{Criteria, Criterion, Fit, least, leave_one_out, log_choices};
use sparsea::generate::{normal_vector, stream};
use sparsea::{DenseOperator, Problem, SparsityPath};

use crate::common::{C, Kind, matrix, svd_fit};

#[test]
fn values_are_their_formulas() {
    let fit = Fit { rss: 12.5, atoms: 3, coefficients: 4 };
    let (n, q) = (40.0f64, 4.0);
    let criteria = Criteria::new(n, 30).always(2).gamma(0.5);
    let misfit = n * (12.5f64 / n).ln();
    // 30 choose 3.
    let choices = 4060.0f64.ln();
    let parameters = 7.0;
    let expected = [
        (Criterion::Aic, misfit + 2.0 * q),
        (Criterion::Aicc, misfit + 2.0 * q + 2.0 * parameters * (parameters + 1.0) / (n - parameters - 1.0)),
        (Criterion::Bic, misfit + q * n.ln()),
        (Criterion::Ebic, misfit + q * n.ln() + choices),
    ];
    for (criterion, value) in expected {
        assert!((criteria.value(criterion, fit) - value).abs() < 1e-12, "{criterion:?}");
    }
    assert!(criteria.value(Criterion::Cp, fit).is_nan());
    let known = criteria.variance(0.25);
    for (criterion, value) in [
        (Criterion::Aic, 50.0 + 8.0),
        (Criterion::Aicc, 50.0 + 8.0),
        (Criterion::Bic, 50.0 + q * n.ln()),
        (Criterion::Cp, 50.0 - 40.0 + 8.0),
    ] {
        assert!((known.value(criterion, fit) - value).abs() < 1e-12, "{criterion:?}");
    }
    // Repetitions are no further samples to fit.
    let repeated = Criteria::new(n, 30).distinct(3);
    assert_eq!(repeated.value(Criterion::Bic, fit), f64::INFINITY);
    // An estimate from exact data is no less than what is exact.
    let exact = criteria.exact_below(1e-6).estimated_variance(1e-30);
    let smallest = Fit { rss: 0.0, ..fit };
    assert!((exact.value(Criterion::Cp, smallest) - (n - n + 2.0 * q)).abs() < 1e-9);
    assert!(criteria.estimated_variance(f64::NAN).value(Criterion::Cp, fit).is_nan());
    // As many coefficients as numbers fit anything.
    let full = Fit { rss: 1e-20, atoms: 30, coefficients: 38 };
    assert_eq!(criteria.value(Criterion::Bic, full), f64::INFINITY);
    for (n, k, count) in [(5, 0, 1.0f64), (5, 5, 1.0), (5, 2, 10.0), (60, 4, 487_635.0), (3, 7, 1.0)] {
        assert!((log_choices(n, k) - count.ln()).abs() < 1e-12, "{n} {k}");
    }
}

#[test]
fn the_least_comes_before_what_explains_nothing_more() {
    assert_eq!(least(&[3.0, 1.0, 2.0, -5.0], |at| at == 2), 1);
    assert_eq!(least(&[3.0, 1.0, 1.0], |_| false), 1);
    assert_eq!(least(&[f64::NAN, f64::INFINITY, 4.0], |_| false), 2);
    assert_eq!(least(&[f64::NAN], |_| false), 0);
}

/// One column.
fn single<T: sparsea::Scalar>(values: &[T]) -> Mat<T> {
    Mat::from_fn(values.len(), 1, |i, _| values[i])
}

/// Whether the errors are those of m fits, each without one row, and their correction that of its definition.
fn equals_fits_without_a_row<T: sparsea::Scalar>(seed: u64) {
    let (m, n) = (18, 5);
    let a = matrix::<T>(Kind::Gaussian, m, n, seed);
    let y: Vec<T> = normal_vector(&mut stream(seed, 5, 0), m);
    // The first column stands for one that is always in the model.
    let all: Vec<usize> = (0..n).collect();
    let fit = |rows: &[usize]| {
        let part = Mat::from_fn(rows.len(), n, |i, j| a[(rows[i], j)]);
        let data: Vec<T> = rows.iter().map(|&i| y[i]).collect();
        svd_fit(&part, &data, &all).0
    };
    let predicted = |i: usize, x: &[T]| (0..n).fold(T::ZERO, |sum, j| sum + a[(i, j)] * x[j]);
    let every: Vec<usize> = (0..m).collect();
    let whole = fit(&every);
    let residual: Vec<T> = (0..m).map(|i| y[i] - predicted(i, &whole)).collect();
    let expected = (0..m)
        .map(|left| {
            let others: Vec<usize> = every.iter().copied().filter(|&i| i != left).collect();
            (y[left] - predicted(left, &fit(&others))).abs2()
        })
        .sum::<f64>()
        / m as f64;
    let found = leave_one_out(a.as_ref().subcols(0, 1), a.as_ref().subcols(1, n - 1), single(&residual).as_ref(), m)
        .expect("rows to spare");
    assert!((found.error - expected).abs() <= 1e-10 * expected, "{} {expected}", found.error);
    // C of the columns beside the first, scaled, by the definition.
    let first: f64 = (0..m).map(|i| a[(i, 0)].abs2()).sum();
    let rest = Mat::from_fn(m, n - 1, |i, j| {
        let along = (0..m).fold(T::ZERO, |sum, l| sum + sparsea::Scalar::conj(a[(l, 0)]) * a[(l, j + 1)]);
        a[(i, j + 1)] - a[(i, 0)] * along.scale(1.0 / first)
    });
    let unit = Mat::from_fn(m, n - 1, |i, j| rest[(i, j)].scale(1.0 / rest.col(j).norm_l2()));
    let gram = unit.adjoint() * &unit;
    let values = gram.self_adjoint_eigenvalues(faer::Side::Lower).unwrap();
    let trace = 1.0 + values.iter().map(|value| 1.0 / value).sum::<f64>();
    let corrected = expected * (1.0 + trace / m as f64) / (1.0 - n as f64 / m as f64);
    assert!((found.corrected() - corrected).abs() <= 1e-9 * corrected, "{} {corrected}", found.corrected());
}

#[test]
fn errors_on_rows_left_out_are_those_of_fits() {
    for seed in 0..10 {
        equals_fits_without_a_row::<f64>(seed);
        equals_fits_without_a_row::<C>(seed);
    }
}

#[test]
fn rows_that_decide_alone_have_no_error() {
    let a = matrix::<f64>(Kind::Gaussian, 6, 3, 0);
    let nothing = Mat::<f64>::zeros(6, 0);
    let residual = [0.5; 6];
    assert!(leave_one_out(nothing.as_ref(), a.as_ref(), single(&residual).as_ref(), 6).is_some());
    // As many columns as rows that count.
    assert!(leave_one_out(nothing.as_ref(), a.as_ref(), single(&residual).as_ref(), 3).is_none());
    let alone = Mat::from_fn(6, 2, |i, j| if j == 0 { f64::from(i == 4) } else { a[(i, 0)] * f64::from(i != 4) });
    assert!(leave_one_out(nothing.as_ref(), alone.as_ref(), single(&residual).as_ref(), 6).is_none());
    let twice = Mat::from_fn(6, 2, |i, _| a[(i, 0)]);
    assert!(leave_one_out(nothing.as_ref(), twice.as_ref(), single(&residual).as_ref(), 6).is_none());
    assert!(
        leave_one_out(twice.as_ref().subcols(0, 1), twice.as_ref().subcols(1, 1), single(&residual).as_ref(), 6)
            .is_none()
    );
}

#[test]
fn planted_columns_are_counted_and_noise_is_not() {
    let (mut right, mut found, mut something) = (0, 0, 0);
    for seed in 0..20 {
        let a = matrix::<f64>(Kind::Gaussian, 80, 40, 500 + seed);
        let noise: Vec<f64> = normal_vector(&mut stream(seed, 6, 0), 80);
        let planted: Vec<f64> = (0..80)
            .map(|i| noise[i] + [3, 17, 29].iter().map(|&j| 8.0 * a[(i, j)] / a.col(j).norm_l2()).sum::<f64>())
            .collect();
        let choose = |y: &[f64]| {
            let operator = DenseOperator::new(a.as_ref());
            let problem = Problem::new(&operator, y, 10).unwrap();
            let criteria = Criteria::new(80.0, 40).data_norm(problem.data_norm());
            let path = SparsityPath::new(&problem).sparsities((0..=10).collect()).solve().unwrap();
            let value = |solution: &sparsea::Solution<f64>| {
                let size = solution.support.len();
                let fit = Fit { rss: solution.residual_norm.powi(2), atoms: size, coefficients: size };
                criteria.value(Criterion::Ebic, fit)
            };
            let values: Vec<f64> = path.iter().map(value).collect();
            path[least(&values, |_| false)].support.clone()
        };
        let chosen = choose(&planted);
        found += usize::from([3, 17, 29].iter().all(|j| chosen.contains(j)));
        right += usize::from(chosen == [3, 17, 29]);
        something += usize::from(!choose(&noise).is_empty());
    }
    // Noise adds a column to a fifth of the sets, about, of so few rows.
    assert!(found >= 19 && right >= 12 && something <= 5, "{found} found, {right} right, {something} of 20 in noise");
}
