//! What every algorithm of the registry owes its caller, whatever it does inside.

use std::collections::BTreeMap;

use crate::common::{C, KINDS, Kind, matrix, norm, observed, product, run, scalar, svd_fit, words};
use faer::Mat;
use sparsea::exhaustive::best_support;
use sparsea::generate::{normal_vector, stream};
use sparsea::{Chain, DenseOperator, Halt, Problem, Scalar, Solution, Start, StopReason};

use serde_json::Map;

/// Asserts what holds for every solution: a sorted k-sparse support in range, finite numbers, residuals that are true.
fn check<T: Scalar>(solution: &Solution<T>, a: &Mat<T>, y: &[T], k: usize, what: &str) {
    assert!(solution.support.len() <= k, "{what}: {solution:?}");
    assert!(solution.support.is_sorted_by(|a, b| a < b), "{what}: {solution:?}");
    assert!(solution.support.iter().all(|&j| j < a.ncols()), "{what}: {solution:?}");
    assert_eq!(solution.coefficients.len(), solution.support.len(), "{what}");
    assert!(solution.coefficients.iter().all(|x| Scalar::is_finite(*x)), "{what}: {solution:?}");
    assert_eq!(solution.ncols, a.ncols());
    let residual = norm(&crate::common::difference(y, &product(a, &solution.support, &solution.coefficients)));
    assert!((solution.residual_norm - residual).abs() <= 1e-12 * norm(y), "{what}: {residual} {solution:?}");
    assert!((solution.objective - 0.5 * residual * residual).abs() <= 1e-12 * norm(y).powi(2), "{what}");
    let relative = if norm(y) > 0.0 { residual / norm(y) } else { 0.0 };
    assert!((solution.relative_residual - relative).abs() <= 1e-12, "{what}");
    assert!(relative <= 1.0 + 1e-12, "{what}: worse than x = 0 is {solution:?}");
    assert!(solution.best_iteration <= solution.iterations, "{what}: {solution:?}");
    let mut dense = vec![T::ZERO; a.ncols()];
    solution.support.iter().zip(&solution.coefficients).for_each(|(&j, &x)| dense[j] = x);
    assert_eq!(solution.to_dense(), dense);
}

/// Runs every algorithm from x = 0 under its own halting rule and checks what comes out.
fn check_all<T: Scalar>(a: &Mat<T>, y: &[T], k: usize, what: &str, mut also: impl FnMut(&str, &Solution<T>)) {
    let operator = DenseOperator::new(a.as_ref());
    let problem = Problem::new(&operator, y, k).unwrap();
    for word in words::<T>() {
        let solution = run(&problem, word, Start::Zero, None);
        check(&solution, a, y, k, &format!("{word}, {what}"));
        let expected = [StopReason::Finished, StopReason::ExactFit, StopReason::Budget, StopReason::Iterations];
        assert!(expected.contains(&solution.stop_reason), "{word}, {what}: {solution:?}");
        also(word, &solution);
    }
}

/// For each algorithm, how many times the least ‖y − A x‖ of all supports its own may be on the problems below: on Gaussian
/// matrices, and on those whose columns are correlated. It is the worst that it is there, rounded up to a tenth; what exchanges
/// columns finds the best.
const FACTORS: [(&str, f64, f64); 16] = [
    ("sea", 1.0, 1.0),
    ("search", 1.0, 1.0),
    ("els", 1.0, 1.0),
    ("omp", 1.0, 6.5),
    ("ols", 1.0, 6.5),
    ("ompr", 1.0, 7.3),
    ("foba", 1.0, 1.0),
    ("splicing", 1.0, 1.0),
    ("htp", 1.0, 13.8),
    ("iht", 1.0, 13.8),
    ("niht", 1.0, 5.2),
    ("cosamp", 1.2, 1.5),
    ("subspace_pursuit", 1.0, 1.0),
    ("lasso", 1.0, 10.9),
    ("amp", 1.0, 1.0),
    ("bp", 1.0, 1.0),
];

fn ordinary_problems<T: Scalar>() {
    let mut worst: BTreeMap<(String, bool), f64> = BTreeMap::new();
    let factor = |word: &str, gaussian: bool| {
        let known = FACTORS.iter().find(|(name, ..)| *name == word);
        known.map_or(0.0, |&(_, easy, hard)| if gaussian { easy } else { hard })
    };
    for kind in KINDS {
        for (seed, (m, n, k)) in [(20, 30, 1), (30, 30, 4), (30, 20, 9)].into_iter().enumerate() {
            let m = if kind == Kind::Convolution { n } else { m };
            let a = matrix::<T>(kind, m, n, seed as u64);
            let y = observed(&a, k, seed as u64);
            let operator = DenseOperator::new(a.as_ref());
            let best = best_support(&Problem::new(&operator, &y, k).unwrap(), 1e9).unwrap();
            let optimum = svd_fit(&a, &y, &best).1;
            check_all(&a, &y, k, &format!("{kind:?} {m} × {n}, k = {k}"), |word, solution| {
                assert!(!solution.support.is_empty(), "{word}");
                let gaussian = kind == Kind::Gaussian;
                let ratio = worst.entry((word.to_owned(), gaussian)).or_default();
                *ratio = ratio.max(solution.residual_norm / optimum);
                // What explains nothing does not pass.
                assert!(factor(word, gaussian) * optimum < norm(&y), "{word}");
                assert_ne!(solution.stop_reason, StopReason::ExactFit, "{word}");
            });
        }
    }
    worst.retain(|(word, gaussian), ratio| *ratio > factor(word, *gaussian) * (1.0 + 1e-9));
    assert!(worst.is_empty(), "(algorithm, on Gaussian matrices): times the least ‖r‖, more than allowed: {worst:?}");
}

#[test]
fn solutions_are_what_they_say_real() {
    ordinary_problems::<f64>();
}

#[test]
fn solutions_are_what_they_say_complex() {
    ordinary_problems::<C>();
}

fn edges<T: Scalar>() {
    // y = 0: nothing to explain.
    let a = matrix::<T>(Kind::Gaussian, 8, 12, 1);
    let zero = [T::ZERO; 8];
    check_all(&a, &zero, 3, "y = 0", |word, solution| {
        assert!(solution.support.is_empty() && solution.residual_norm == 0.0, "{word}: {solution:?}");
        assert_eq!((solution.stop_reason, solution.iterations), (StopReason::ExactFit, 0), "{word}");
    });
    let operator = DenseOperator::new(a.as_ref());
    let problem = Problem::new(&operator, &zero, 3).unwrap();
    for word in words::<T>() {
        for start in
            [Start::Random(1), Start::Support(vec![1, 2]), Start::Chain(Chain::parse("omp", &Map::new()).unwrap())]
        {
            let solution = run(&problem, word, start, None);
            check(&solution, &a, &zero, 3, word);
            assert!(solution.residual_norm == 0.0, "{word}");
        }
    }

    // k = n, square: all columns explain all of y. (A gradient step of fixed size does not get there soon.)
    let a = Mat::from_fn(6, 6, |i, j| {
        let off: T = matrix::<T>(Kind::Gaussian, 6, 6, 2)[(i, j)].scale(0.1);
        if i == j { T::ONE + off } else { off }
    });
    let y: Vec<T> = normal_vector(&mut stream(2, 1, 0), 6);
    check_all(&a, &y, 6, "k = n", |word, solution| {
        assert_eq!(solution.support, [0, 1, 2, 3, 4, 5], "{word}");
        assert!(solution.relative_residual < 1e-9, "{word}: {solution:?}");
    });

    // One column: x = aᴴ y / aᴴ a. One row: the quotient, on any one column, explains y.
    let column = matrix::<T>(Kind::Gaussian, 5, 1, 3);
    let y: Vec<T> = normal_vector(&mut stream(3, 1, 0), 5);
    let (expected, _, _) = svd_fit(&column, &y, &[0]);
    check_all(&column, &y, 1, "one column", |word, solution| {
        assert_eq!(solution.support, [0], "{word}");
        crate::common::assert_close(&solution.coefficients, &expected, 1e-10, word);
    });
    let row = matrix::<T>(Kind::Gaussian, 1, 5, 3);
    let y = [scalar::<T>(2.0, -1.0)];
    check_all(&row, &y, 1, "one row", |word, solution| {
        assert_eq!(solution.support.len(), 1, "{word}");
        assert!(solution.relative_residual < 1e-10, "{word}: {solution:?}");
    });
}

#[test]
fn edges_real() {
    edges::<f64>();
}

#[test]
fn edges_complex() {
    edges::<C>();
}

/// Columns 3 and 8 are zero, 2 and 5 equal, 9 twice column 4, and 7 the sum of 0 and 1.
fn degenerate<T: Scalar>() -> Mat<T> {
    let a = matrix::<T>(Kind::Gaussian, 9, 12, 4);
    Mat::from_fn(9, 12, |i, j| match j {
        3 | 8 => T::ZERO,
        5 => a[(i, 2)],
        7 => a[(i, 0)] + a[(i, 1)],
        9 => a[(i, 4)].scale(2.0),
        _ => a[(i, j)],
    })
}

fn dependent_columns<T: Scalar>() {
    let a = degenerate::<T>();
    for k in [2, 6, 9] {
        for (seed, from) in [(1, vec![2]), (2, vec![0, 1, 7]), (3, vec![4, 9, 11])] {
            // With noise, and exactly in the span of columns that occur twice.
            let exact = product(&a, &from, &vec![scalar(1.0, 0.5); from.len()]);
            let noise: Vec<T> = normal_vector(&mut stream(seed, 3, 0), 9);
            for y in [exact.clone(), exact.iter().zip(noise).map(|(&y, e)| y + e.scale(0.3)).collect()] {
                let what = format!("dependent columns, k = {k}, y from {from:?}");
                check_all(&a, &y, k, &what, |word, solution| {
                    assert!(!solution.support.contains(&3) && !solution.support.contains(&8), "{word}: {solution:?}");
                });
                let operator = DenseOperator::new(a.as_ref());
                let problem = Problem::new(&operator, &y, k).unwrap();
                for word in words::<T>() {
                    let starts = [
                        Start::Support(vec![3, 8]),
                        Start::Support(if k > 2 { vec![2, 3, 5, 9] } else { vec![2, 5] }),
                        Start::Vector(vec![T::ONE; 12]),
                        Start::Random(seed),
                    ];
                    for start in starts {
                        let solution = run(&problem, word, start.clone(), Some(Halt::Iterations(200)));
                        if !matches!(start, Start::Vector(_) | Start::Random(_)) {
                            check(&solution, &a, &y, k, &format!("{word} from {start:?}, {what}"));
                        }
                        for (j, x) in solution.support.iter().zip(&solution.coefficients) {
                            assert!(Scalar::is_finite(*x), "{word} from {start:?}: {solution:?}");
                            assert!(![3, 8].contains(j) || *x == T::ZERO, "{word} from {start:?}: {solution:?}");
                        }
                    }
                }
            }
        }
    }
    // Nothing but zeros is a problem too: only x = 0 solves it.
    let nothing = Mat::<T>::zeros(4, 3);
    let y: Vec<T> = normal_vector(&mut stream(9, 3, 0), 4);
    check_all(&nothing, &y, 2, "all columns zero", |word, solution| {
        assert!(solution.support.is_empty(), "{word}: {solution:?}");
        assert_eq!(solution.relative_residual, 1.0, "{word}");
    });
}

#[test]
fn dependent_and_zero_columns_real() {
    dependent_columns::<f64>();
}

#[test]
fn dependent_and_zero_columns_complex() {
    dependent_columns::<C>();
}

fn never_worse<T: Scalar>() {
    for kind in KINDS {
        for seed in 0..3 {
            let (n, k) = (24, 5);
            let a = matrix::<T>(kind, if kind == Kind::Convolution { n } else { 16 }, n, seed);
            let y = observed(&a, k, seed);
            let operator = DenseOperator::new(a.as_ref());
            let problem = Problem::new(&operator, &y, k).unwrap();
            let alone: Vec<Solution<T>> =
                words::<T>().iter().map(|word| run(&problem, word, Start::Zero, None)).collect();
            let random: Vec<T> = normal_vector(&mut stream(seed, 12, 0), n);
            // Of a full vector the k entries of the largest contributions count.
            let lengths = (0..n).map(|j| a.col(j).norm_l2());
            let kept =
                crate::common::largest_k(&random.iter().zip(lengths).map(|(x, l)| x.scale(l)).collect::<Vec<_>>(), k);
            let values: Vec<T> = kept.iter().map(|&j| random[j]).collect();
            let placed = norm(&crate::common::difference(&y, &product(&a, &kept, &values)));
            for word in words::<T>() {
                let what = format!("{word}, {kind:?} seed {seed}");
                let not_worse = |solution: &Solution<T>, start: f64, from: &str| {
                    assert!(
                        solution.residual_norm <= start * (1.0 + 1e-10),
                        "{what} from {from}: {start} {solution:?}"
                    );
                };
                for (first, before) in words::<T>().iter().zip(&alone) {
                    let chain = Start::Chain(Chain::parse(first, &Map::new()).unwrap());
                    let by_start = run(&problem, word, chain, None);
                    check(&by_start, &a, &y, k, &what);
                    not_worse(&by_start, before.residual_norm, first);
                    // A chain is the same, written in one word.
                    let by_chain = run(&problem, &format!("{first}+{word}"), Start::Zero, None);
                    assert_eq!(by_chain.algorithm, format!("{first}+{word}"));
                    assert_eq!(by_start.algorithm, by_chain.algorithm);
                    assert_eq!(by_start.support, by_chain.support, "{what}");
                    assert_eq!(by_start.coefficients, by_chain.coefficients, "{what}");
                }
                let support = vec![1, 7, 8, 20];
                let solution = run(&problem, word, Start::Support(support.clone()), None);
                check(&solution, &a, &y, k, &what);
                not_worse(&solution, svd_fit(&a, &y, &support).1, "support");
                not_worse(&run(&problem, word, Start::Vector(random.clone()), None), placed, "vector");
                let first = run(&problem, word, Start::Random(seed), Some(Halt::Iterations(0)));
                not_worse(&run(&problem, word, Start::Random(seed), None), first.residual_norm, "random");
            }
        }
    }
}

#[test]
fn the_best_point_is_never_worse_than_the_start_real() {
    never_worse::<f64>();
}

#[test]
fn the_best_point_is_never_worse_than_the_start_complex() {
    never_worse::<C>();
}
