//! Sufficient statistics make the same problem as the A and y that they come from.

use faer::Mat;
use serde_json::Map;
use sparsea::exhaustive::best_support;
use sparsea::generate::{gaussian_matrix, normal_vector, stream};
use sparsea::{
    Chain, DenseOperator, Error, Gram, GramData, LinearMap, Loss, Problem, Run, Scalar, SparsityPath, Start,
    StopReason, Trace, improve,
};

use crate::common::{C, Kind, adjoint_product, assert_close, matrix, norm, observed, product, run, scalar, words};

/// AᴴA, Aᴴy and yᴴy, summed over chunks of rows.
fn statistics<T: Scalar>(a: &Mat<T>, y: &[T], chunk: usize) -> (Mat<T>, Vec<T>, f64) {
    let (m, n) = (a.nrows(), a.ncols());
    let (mut gram, mut correlation, mut square) = (Mat::<T>::zeros(n, n), vec![T::ZERO; n], 0.0);
    for from in (0..m).step_by(chunk) {
        let rows = from..m.min(from + chunk);
        for j in 0..n {
            for i in 0..n {
                gram[(i, j)] += rows.clone().map(|r| Scalar::conj(a[(r, i)]) * a[(r, j)]).sum::<T>();
            }
            correlation[j] += rows.clone().map(|r| Scalar::conj(a[(r, j)]) * y[r]).sum::<T>();
        }
        square += rows.map(|r| y[r].abs2()).sum::<f64>();
    }
    (gram, correlation, square)
}

fn given<T: Scalar>(a: &Mat<T>, y: &[T], chunk: usize) -> (Gram<T>, GramData<T>) {
    let (gram, correlation, square) = statistics(a, y, chunk);
    let operator = Gram::new(gram.as_ref(), a.nrows()).unwrap();
    let data = operator.data(&correlation, square).unwrap();
    (operator, data)
}

/// A with some columns again, one of them scaled, and one of zeros.
fn repeated<T: Scalar>(a: &Mat<T>) -> Mat<T> {
    let n = a.ncols();
    Mat::from_fn(a.nrows(), n, |i, j| match j {
        3 => a[(i, 1)],
        7 => a[(i, 5)].scale(-2.0),
        9 => T::ZERO,
        _ => a[(i, j)],
    })
}

/// A support with columns replaced by the first that is a multiple of them.
fn first_of_its_kind<T: Scalar>(a: &Mat<T>, support: &[usize]) -> Vec<usize> {
    let column = |j: usize| (0..a.nrows()).map(|i| a[(i, j)]).collect::<Vec<T>>();
    let first = |j: usize| match j {
        3 if column(3) == column(1) => 1,
        7 if column(7) == column(5).into_iter().map(|v| v.scale(-2.0)).collect::<Vec<T>>() => 5,
        _ => j,
    };
    let mut found: Vec<usize> = support.iter().map(|&j| first(j)).collect();
    found.sort_unstable();
    found
}

fn compare<T: Scalar>(a: &Mat<T>, y: &[T], k: usize, what: &str, chunk: usize) {
    let dense = DenseOperator::new(a.as_ref());
    let (gram, data) = given(a, y, chunk);
    assert_eq!((gram.rows(), gram.shape().1), (a.nrows(), a.ncols()));
    let (from_data, from_gram) = (Problem::new(&dense, y, k).unwrap(), Problem::of_gram(&gram, &data, k).unwrap());
    assert!((from_gram.data_norm() / norm(y) - 1.0).abs() < 1e-13);
    for (j, &norm) in from_data.column_norms().iter().enumerate() {
        assert!((norm - from_gram.column_norms()[j]).abs() <= 1e-14 * norm, "{what}");
    }
    for word in words::<T>() {
        let what = format!("{word}, {what}");
        if word == "amp" && a.nrows() > a.ncols() + 1 {
            let chain = Chain::parse(word, &Map::new()).unwrap();
            let error = Run::with_chain(&from_gram, chain).solve().unwrap_err();
            let said = format!("amp needs the {} rows of A, but only its Gram matrix is known", a.nrows());
            assert_eq!(error.to_string(), said);
            continue;
        }
        let expected = run(&from_data, word, Start::Zero, None);
        let found = run(&from_gram, word, Start::Zero, None);
        // Of columns that are multiples of each other, rounding may choose.
        assert_eq!(first_of_its_kind(a, &found.support), first_of_its_kind(a, &expected.support), "{what}");
        if found.support == expected.support {
            assert_close(&found.coefficients, &expected.coefficients, 1e-10, &what);
        }
        assert!((found.residual_norm - expected.residual_norm).abs() <= 1e-10 * norm(y), "{what}");
        // The residual is that of the data.
        let image = product(a, &found.support, &found.coefficients);
        let residual = norm(&crate::common::difference(y, &image));
        assert!((found.residual_norm - residual).abs() <= 1e-10 * norm(y), "{what}");
    }
    let path = |problem: &Problem<'_, T>| SparsityPath::new(problem).extra_work(100_000).solve().unwrap();
    for (found, expected) in path(&from_gram).iter().zip(&path(&from_data)) {
        assert_eq!(first_of_its_kind(a, &found.support), first_of_its_kind(a, &expected.support), "path, {what}");
        assert!((found.residual_norm - expected.residual_norm).abs() <= 1e-10 * norm(y), "path, {what}");
    }
    let support = |problem: &Problem<'_, T>| first_of_its_kind(a, &best_support(problem, 1e8).unwrap());
    assert_eq!(support(&from_gram), support(&from_data), "{what}");
}

fn random_problems<T: Scalar>() {
    for (seed, (m, n, k)) in [(20, 40, 4), (50, 30, 5), (24, 24, 4), (12, 50, 3), (100, 15, 4)].into_iter().enumerate()
    {
        for kind in [Kind::Gaussian, Kind::Coherent] {
            for repeats in [false, true] {
                let a = matrix::<T>(kind, m, n, seed as u64);
                let a = if repeats { repeated(&a) } else { a };
                let y = observed(&a, k, seed as u64 + 20);
                compare(&a, &y, k, &format!("{kind:?} {m} × {n}, repeats {repeats}"), 7);
            }
        }
    }
}

#[test]
fn solutions_are_those_of_the_data_real() {
    random_problems::<f64>();
}

#[test]
fn solutions_are_those_of_the_data_complex() {
    random_problems::<C>();
}

/// Units of columns and of y change nothing.
#[test]
fn columns_of_any_scale() {
    let a = matrix::<f64>(Kind::Coherent, 50, 40, 3);
    let y = observed(&a, 4, 3);
    let scaled = Mat::from_fn(50, 40, |i, j| a[(i, j)] * 10f64.powi((j % 13) as i32 * 3 - 18));
    let far: Vec<f64> = y.iter().map(|y| 1e-40 * y).collect();
    let (one, one_data) = given(&a, &y, 50);
    let (other, other_data) = given(&scaled, &far, 50);
    for word in ["search", "omp", "sea"] {
        let expected = run(&Problem::of_gram(&one, &one_data, 4).unwrap(), word, Start::Zero, None);
        let found = run(&Problem::of_gram(&other, &other_data, 4).unwrap(), word, Start::Zero, None);
        assert_eq!(found.support, expected.support, "{word}");
        assert!((found.relative_residual - expected.relative_residual).abs() < 1e-12, "{word}");
    }
}

#[test]
fn exact_data_fit_exactly_and_ranks_are_found() {
    for (m, n) in [(20, 50), (50, 20)] {
        let a = matrix::<f64>(Kind::Gaussian, m, n, 1);
        let x = [2.0, -1.0, 0.5];
        let y = product(&a, &[2, 11, 17], &x);
        let (gram, data) = given(&a, &y, 5);
        assert_eq!(gram.rank(), m.min(n));
        for word in ["search", "sea", "omp", "els"] {
            let found = run(&Problem::of_gram(&gram, &data, 3).unwrap(), word, Start::Zero, None);
            assert_eq!(found.support, [2, 11, 17], "{word}");
            assert_close(&found.coefficients, &x, 1e-10, word);
            assert_eq!(found.stop_reason, StopReason::ExactFit, "{word}: {}", found.relative_residual);
        }
        assert_eq!(given(&repeated(&a), &y, 5).0.rank(), if m < n { m } else { n - 3 });
    }
    // One row; columns of zeros alone; a diagonal G.
    let (gram, data) = given(&Mat::from_fn(1, 3, |_, j| j as f64), &[2.0], 1);
    let found = run(&Problem::of_gram(&gram, &data, 1).unwrap(), "search", Start::Zero, None);
    assert!((gram.rank(), found.support.len()) == (1, 1) && found.residual_norm < 1e-14, "{found:?}");
    let (gram, data) = given(&Mat::<f64>::zeros(4, 3), &[1.0, 0.0, 0.0, 2.0], 1);
    let found = run(&Problem::of_gram(&gram, &data, 2).unwrap(), "search", Start::Zero, None);
    assert!(gram.rank() == 0 && found.support.is_empty());
    assert!((found.residual_norm - 5f64.sqrt()).abs() < 1e-14);
    let (gram, data) = given(&Mat::from_fn(9, 6, |i, j| if i == j { 1.0 + j as f64 } else { 0.0 }), &[1.0; 9], 9);
    let found = run(&Problem::of_gram(&gram, &data, 6).unwrap(), "search", Start::Zero, None);
    assert!((found.residual_norm - 3f64.sqrt()).abs() < 1e-14);
}

/// Rows and k are those of A, and what else is derived from a problem is derived from one of statistics.
#[test]
fn problems_are_like_others() {
    let a = matrix::<f64>(Kind::Coherent, 25, 15, 2);
    let y = observed(&a, 3, 2);
    let (gram, data) = given(&a, &y, 25);
    let problem = Problem::of_gram(&gram, &data, 3).unwrap();
    assert!(problem.with_sparsity(15).is_ok());
    assert_eq!(
        problem.with_sparsity(16).unwrap_err().to_string(),
        "k must be between 0 and 15 (the number of columns), got 16"
    );
    let wide = matrix::<f64>(Kind::Coherent, 8, 15, 2);
    let (other, other_data) = given(&wide, &y[..8], 25);
    let error = Problem::of_gram(&other, &other_data, 9).unwrap_err();
    assert_eq!(error.to_string(), "k must be between 0 and 8 (the number of rows), got 9");
    let dense = DenseOperator::new(a.as_ref());
    let from_data = Problem::new(&dense, &y, 3).unwrap();
    for start in [Start::Support(vec![0, 1, 2]), Start::Random(3), Start::Vector(vec![1.0; 15])] {
        let (found, expected) = (improve(&problem, start.clone()).unwrap(), improve(&from_data, start).unwrap());
        assert_eq!(found.support, expected.support);
    }
    let kept = |problem: Problem<'_, f64>| run(&problem.keep_columns(), "sea", Start::Zero, None).support;
    assert_eq!(kept(problem.clone()), kept(from_data.clone()));
    let mut trace = Trace::default();
    let chain = Chain::parse("omp+els", &Map::new()).unwrap();
    let solution = Run::with_chain(&problem, chain).observe(&mut trace).report(Default::default()).solve().unwrap();
    assert!(solution.report.is_some() && !trace.rows().is_empty());
    sparsea::check_adjoint(&gram, 1).unwrap();

    #[derive(Debug)]
    struct Half;
    impl Loss<f64> for Half {
        fn value(&self, data: &[f64], z: &[f64]) -> f64 {
            data.iter().zip(z).map(|(y, z)| (y - z).powi(2)).sum()
        }
        fn pull(&self, data: &[f64], z: &[f64], out: &mut [f64]) {
            out.iter_mut().zip(data.iter().zip(z)).for_each(|(out, (y, z))| *out = y - z);
        }
        fn curvature(&self, _data: &[f64], _z: &[f64], out: &mut [f64]) {
            out.fill(1.0);
        }
    }
    let error = problem.with_loss(&Half).unwrap_err();
    assert_eq!(error.to_string(), "a loss needs the 25 rows of A, but only its Gram matrix is known");
}

#[test]
fn what_no_data_have_is_refused() {
    let said = |gram: Mat<f64>, rows: usize| Gram::new(gram.as_ref(), rows).map(|_| ()).unwrap_err().to_string();
    let of = |rows: &[[f64; 3]]| Mat::from_fn(rows.len(), 3, |i, j| rows[i][j]);
    assert_eq!(said(of(&[[1.0; 3], [1.0; 3]]), 4), "AᵀA is 2 × 3; it must be square");
    assert_eq!(said(Mat::zeros(0, 0), 4), "A must have at least one row and one column, got 4 × 0");
    assert_eq!(said(of(&[[1.0; 3]; 3]), 0), "A must have at least one row and one column, got 0 × 3");
    let good = [[2.0, 1.0, 0.0], [1.0, 2.0, 0.0], [0.0, 0.0, 1.0]];
    let with = |i: usize, j: usize, value: f64| {
        let mut changed = good;
        changed[i][j] = value;
        of(&changed)
    };
    assert_eq!(said(with(2, 1, f64::NAN), 4), "AᵀA contains NaN at row 2, column 1 (counted from 0)");
    assert_eq!(
        said(with(0, 1, 1.5), 4),
        "AᵀA must be symmetric, but it has 1.5 at row 0, column 1 and 1 at row 1, column 0 (counted from 0)"
    );
    assert_eq!(
        said(with(1, 1, -2.0), 4),
        "AᵀA has -2 at row 1, column 1 (counted from 0), but the square of a norm is at least 0"
    );
    assert_eq!(
        said(with(1, 1, 0.0), 4),
        "AᵀA must be symmetric, but it has 1 at row 0, column 1 and 1 at row 1, column 0 (counted from 0)".replace(
            "must be symmetric, but it has 1 at row 0, column 1 and 1 at row 1, column 0 (counted from 0)",
            "has 0 at row 1, column 1, but 1 at row 0 of that column (counted from 0)"
        )
    );
    let indefinite = "AᵀA must have no eigenvalue below 0 by more than rounding, ";
    let wrong = said(of(&[[1.0, 2.0, 0.0], [2.0, 1.0, 0.0], [0.0, 0.0, 1.0]]), 4);
    assert!(
        wrong.starts_with(indefinite) && wrong.ends_with("; scaled to a diagonal of 1, it has -1.000e0"),
        "{wrong}"
    );
    // Every pivot but the first is 0.
    let wrong = said(of(&[[1.0, 1.0, 1.0], [1.0, 1.0, -1.0], [1.0, -1.0, 1.0]]), 4);
    assert!(wrong.starts_with(indefinite) && wrong.ends_with("it has -1.000e0"), "{wrong}");
    assert_eq!(said(of(&good), 2), "AᵀA has rank 3, more than the 2 rows of A");

    let gram = Gram::new(of(&good).as_ref(), 4).unwrap();
    let said = |correlation: &[f64], square: f64| gram.data(correlation, square).unwrap_err().to_string();
    assert_eq!(said(&[1.0; 2], 9.0), "Aᵀy has 2 entries, but A has 3 columns");
    assert_eq!(said(&[1.0, f64::INFINITY, 0.0], 9.0), "Aᵀy contains inf at index 1 (counted from 0)");
    assert_eq!(said(&[1.0; 3], -1.0), "yᵀy must be finite and at least 0, got -1");
    assert_eq!(said(&[1e300; 3], 1e308), "Aᵀy is beyond the range of double precision; rescale the data");
    assert_eq!(said(&[0.0, 0.0, 2.0], 3.0), "yᵀy is 3, but Aᵀy is of a y of which A explains 4");
    assert!(gram.data(&[0.0, 0.0, 2.0], 4.0 - 1e-15).is_ok() && gram.data(&[0.0; 3], 0.0).is_ok());
    // Two equal columns correlate alike.
    let twice = Gram::new(of(&[[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1.0]]).as_ref(), 4).unwrap();
    let error = twice.data(&[1.0, 1.5, 0.0], 9.0).unwrap_err();
    assert!(matches!(error, Error::Statistics(_)), "{error}");
    let expected = "Aᵀy is not in the range of AᵀA: at index 1 (counted from 0) it is 1.5, where 1 would be";
    assert_eq!(error.to_string(), expected);
    // As many rows as the rank: y is in the range.
    let full = Gram::new(of(&good).as_ref(), 3).unwrap();
    let error = full.data(&[0.0, 0.0, 2.0], 5.0).unwrap_err();
    assert_eq!(error.to_string(), "AᵀA has rank 3, as many as A has rows, so yᵀy must be 4, got 5");
    let i: C = scalar(0.0, 1.0);
    let hermitian = |b: C| {
        Mat::from_fn(2, 2, |r, c| {
            if r == c {
                scalar(2.0, 0.0)
            } else if r < c {
                i
            } else {
                b
            }
        })
    };
    assert!(Gram::new(hermitian(-i).as_ref(), 3).is_ok());
    let error = Gram::new(hermitian(i).as_ref(), 3).unwrap_err().to_string();
    assert!(error.starts_with("AᴴA must be self-adjoint, but it has"), "{error}");
}

/// Statistics of single precision are refused as if they were of double precision, and serve as what they are.
#[test]
fn rounded_statistics() {
    let (m, n) = (60, 90);
    let a: Mat<f64> = gaussian_matrix(&mut stream(4, 0, 0), m, n);
    let noise: Vec<f64> = normal_vector(&mut stream(5, 0, 0), m);
    let y: Vec<f64> =
        product(&a, &[3, 30, 70], &[2.0, -1.0, 1.5]).iter().zip(noise).map(|(y, e)| y + 0.05 * e).collect();
    let (gram, correlation, square) = statistics(&a, &y, m);
    let single = Mat::from_fn(n, n, |i, j| f64::from(gram[(i, j)] as f32));
    let said = Gram::new(single.as_ref(), m).unwrap_err().to_string();
    assert!(said.starts_with("AᵀA has rank") || said.starts_with("AᵀA must have no eigenvalue below 0"), "{said}");
    let operator = Gram::with_precision(single.as_ref(), m, f64::from(f32::EPSILON)).unwrap();
    assert_eq!(operator.rank(), m);
    let correlation: Vec<f64> = correlation.iter().map(|&b| f64::from(b as f32)).collect();
    let data = operator.data(&correlation, f64::from(square as f32)).unwrap();
    let found = run(&Problem::of_gram(&operator, &data, 3).unwrap(), "search", Start::Zero, None);
    assert_eq!(found.support, [3, 30, 70]);
    let x = crate::common::svd_fit(&a, &y, &found.support).0;
    assert_close(&found.coefficients, &x, 1e-6, "single precision");
    for wrong in [0.0, 1e-17, 0.5, f64::NAN] {
        assert!(matches!(Gram::with_precision(gram.as_ref(), m, wrong), Err(Error::Number { .. })), "{wrong}");
    }
    let _ = adjoint_product(&a, &y);
}
