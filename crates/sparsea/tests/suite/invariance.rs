//! What must not matter: the form of the operator, units, the order of the columns, the number of threads.

use crate::common::{C, KINDS, Kind, every_problem, matrix, norm, observed, run, unit_columns, words};
use faer::Mat;
use rand::RngExt;
use rand::seq::SliceRandom;
use sparsea::generate::{bernoulli_matrix, normal_vector, stream};
use sparsea::{
    Access, Boundary, Convolution, DenseOperator, FunctionOperator, Halt, LinearMap, PartialDct, Problem, Scalar,
    Solution, Start,
};
use std::time::Duration;

const K: usize = 5;

fn problem_of<T: Scalar>(kind: Kind, seed: u64) -> (Mat<T>, Vec<T>) {
    let n = 32;
    let a = matrix(kind, if kind == Kind::Convolution { n } else { 20 }, n, seed);
    let y = observed(&a, K, seed);
    (a, y)
}

/// Every algorithm on one problem.
fn solve_all<T: Scalar>(operator: &dyn LinearMap<T>, y: &[T]) -> Vec<(&'static str, Solution<T>)> {
    runs(&Problem::new(operator, y, K).unwrap())
}

fn runs<T: Scalar>(problem: &Problem<'_, T>) -> Vec<(&'static str, Solution<T>)> {
    words::<T>().into_iter().map(|word| (word, run(problem, word, Start::Zero, None))).collect()
}

fn forms_agree<T: Scalar>() {
    for kind in KINDS {
        let (a, y) = problem_of::<T>(kind, 2);
        let expected = solve_all(&DenseOperator::new(a.as_ref()), &y);
        let agrees = |form: &str, found: Vec<(&str, Solution<T>)>| {
            for ((word, found), (_, expected)) in found.iter().zip(&expected) {
                assert_eq!(found.support, expected.support, "{word} {kind:?} {form}");
                crate::common::assert_close(
                    &found.coefficients,
                    &expected.coefficients,
                    1e-8,
                    &format!("{word} {form}"),
                );
            }
        };
        every_problem(&a, &y, K, |form, problem| agrees(form, runs(problem)));
        // Unit columns beforehand change the coefficients, by the lengths of the columns, and nothing else.
        let operator = DenseOperator::new(a.as_ref());
        let (unit, scales) = unit_columns(&Access::new(&operator));
        let normalized = FunctionOperator::new(
            unit.nrows(),
            unit.ncols(),
            |x: &[T], y: &mut [T]| unit.apply(x, y),
            |y: &[T], x: &mut [T]| unit.apply_adjoint(y, x),
        );
        let unscaled = solve_all(&normalized, &y).into_iter().map(|(word, mut solution)| {
            let scales = solution.support.iter().map(|&j| scales[j]);
            solution.coefficients.iter_mut().zip(scales).for_each(|(x, scale)| *x = x.scale(scale));
            (word, solution)
        });
        agrees("normalized", unscaled.collect());
    }
    // Short and long (by Fourier transforms) kernels under every boundary.
    for length in [7, 100] {
        // A smooth kernel cut off on both sides would give parallel columns, among which nothing chooses.
        let kernel: Vec<T> = normal_vector(&mut stream(length, 15, 0), length as usize);
        for boundary in [Boundary::Full, Boundary::Same, Boundary::Valid, Boundary::Circular] {
            let convolution = Convolution::new(&kernel, 120, boundary).unwrap();
            let a = crate::common::dense_form(&convolution);
            let y = observed(&a, K, 7);
            for ((word, found), (_, expected)) in
                solve_all(&convolution, &y).iter().zip(&solve_all(&DenseOperator::new(a.as_ref()), &y))
            {
                let what = format!("{word} {boundary:?} {length}");
                assert_eq!(found.support, expected.support, "{what}");
                crate::common::assert_close(&found.coefficients, &expected.coefficients, 1e-8, &what);
            }
        }
    }
}

#[test]
fn the_form_of_the_operator_does_not_matter_real() {
    forms_agree::<f64>();
}

#[test]
fn the_form_of_the_operator_does_not_matter_complex() {
    forms_agree::<C>();
}

fn units<T: Scalar>() {
    for kind in KINDS {
        for seed in 0..3 {
            let (a, y) = problem_of::<T>(kind, seed);
            let expected = solve_all(&DenseOperator::new(a.as_ref()), &y);
            let mut rng = stream(seed, 13, 0);
            let columns: Vec<f64> = (0..a.ncols()).map(|_| 10f64.powf(rng.random_range(-6.0..=6.0))).collect();
            for factor in [1e-6, 1e6, 1e-100, 1e100] {
                // The extremes only of y and of all columns together, so that all norms stay in range.
                let column = |j: usize| if factor > 1e-10 && factor < 1e10 { columns[j] } else { 1.0 / factor };
                let scaled = Mat::from_fn(a.nrows(), a.ncols(), |i, j| a[(i, j)].scale(column(j)));
                let scaled_y: Vec<T> = y.iter().map(|v| v.scale(factor)).collect();
                let found = solve_all(&DenseOperator::new(scaled.as_ref()), &scaled_y);
                for ((word, found), (_, expected)) in found.iter().zip(&expected) {
                    let what = format!("{word} {kind:?} seed {seed} y × {factor:e}");
                    assert_eq!(found.support, expected.support, "{what}");
                    let back: Vec<T> = found
                        .support
                        .iter()
                        .zip(&found.coefficients)
                        .map(|(&j, x)| x.scale(column(j)).scale(1.0 / factor))
                        .collect();
                    // Two points whose residuals agree to 1e-12 are equally good, but 1e-6 apart when neither is a fit.
                    let fitted = !["iht", "niht", "cosamp"].contains(word);
                    let tolerance = if fitted { 1e-8 } else { 1e-6 };
                    crate::common::assert_close(&back, &expected.coefficients, tolerance, &what);
                }
            }
        }
    }
}

#[test]
fn units_do_not_matter_real() {
    units::<f64>();
}

#[test]
fn units_do_not_matter_complex() {
    units::<C>();
}

/// Another number or order of columns changes ‖A‖ in its last digits, and with it the steps of IHT and HTP.
fn order_and_zeros<T: Scalar>() {
    for kind in KINDS {
        for seed in 0..3 {
            let (a, y) = problem_of::<T>(kind, seed);
            let n = a.ncols();
            let expected = solve_all(&DenseOperator::new(a.as_ref()), &y);
            // place[j] is where column j went; the columns that nothing went to are zero.
            let mut shuffled: Vec<usize> = (0..n).collect();
            shuffled.shuffle(&mut stream(seed, 14, 0));
            let places = [
                ("shuffled", n, shuffled),
                ("a zero column at the end", n + 1, (0..n).collect()),
                ("a zero column inside", n + 1, (0..n).map(|j| j + usize::from(j >= 9)).collect()),
            ];
            for (what, columns, place) in places {
                let mut moved = Mat::<T>::zeros(a.nrows(), columns);
                for j in 0..n {
                    (0..a.nrows()).for_each(|i| moved[(i, place[j])] = a[(i, j)]);
                }
                for ((word, found), (_, expected)) in
                    solve_all(&DenseOperator::new(moved.as_ref()), &y).iter().zip(&expected)
                {
                    let mut support: Vec<usize> = expected.support.iter().map(|&j| place[j]).collect();
                    support.sort_unstable();
                    assert_eq!(found.support, support, "{word} {kind:?} seed {seed}, {what}");
                    let dense = found.to_dense();
                    let back: Vec<T> = expected.support.iter().map(|&j| dense[place[j]]).collect();
                    crate::common::assert_close(
                        &back,
                        &expected.coefficients,
                        1e-5,
                        &format!("{word} {kind:?} {what}"),
                    );
                }
            }
        }
    }
}

#[test]
fn order_and_zero_columns_do_not_matter_real() {
    order_and_zeros::<f64>();
}

#[test]
fn order_and_zero_columns_do_not_matter_complex() {
    order_and_zeros::<C>();
}

/// A solution as text, every digit of it, without the time it took.
fn digits<T: Scalar>(mut solution: Solution<T>) -> String {
    solution.elapsed = Duration::ZERO;
    format!("{solution:?}")
}

#[test]
fn unit_columns_kept_are_unit_columns_made() {
    // Sixteen entries ±1/4: their norm is 1 without any rounding.
    let signs = bernoulli_matrix(&mut stream(3, 0, 0), 16, 30);
    let a = Mat::from_fn(16, 30, |i, j| 0.25 * signs[(i, j)]);
    let y: Vec<f64> = normal_vector(&mut stream(3, 1, 0), 16);
    let operator = DenseOperator::new(a.as_ref());
    let problem = Problem::new(&operator, &y, K).unwrap();
    let kept = problem.clone().keep_columns();
    let start = Start::Vector(normal_vector(&mut stream(3, 2, 0), 30));
    for word in words::<f64>() {
        for start in [Start::Zero, Start::Random(4), start.clone()] {
            let made = run(&problem, word, start.clone(), None);
            assert_eq!(digits(made), digits(run(&kept, word, start, None)), "{word}");
        }
    }
    // On other columns it does matter: otherwise nothing was kept.
    let longer = Mat::from_fn(16, 30, |i, j| a[(i, j)] * (1.0 + j as f64));
    let operator = DenseOperator::new(longer.as_ref());
    let problem = Problem::new(&operator, &y, K).unwrap();
    let omp = |problem: &Problem<'_, f64>| run(problem, "omp", Start::Zero, None).support;
    assert_ne!(omp(&problem), omp(&problem.clone().keep_columns()));
}

/// Runs `task` on the global pool, then on pools of 1, 2, 7 and again 2 threads, and asserts that nothing changes.
fn on_any_threads(what: &str, task: impl Fn() -> String + Sync) {
    let expected = task();
    for threads in [1, 2, 7, 2] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        assert!(pool.install(&task) == expected, "{what} on {threads} threads");
    }
}

fn same_on_any_threads<T: Scalar>() {
    let (a, y) = problem_of::<T>(Kind::Coherent, 6);
    every_problem(&a, &y, K, |form, problem| {
        for word in words::<T>() {
            on_any_threads(&format!("{word} {form}"), || digits(run(problem, word, Start::Random(1), None)));
        }
    });
    // More than 2²⁰ entries, so that products are shared among threads.
    let (m, n) = (1030, 1050);
    let a = matrix::<T>(Kind::Gaussian, m, n, 6);
    let y: Vec<T> = normal_vector(&mut stream(6, 1, 0), m);
    let rows = crate::common::by_rows(&a);
    for operator in [DenseOperator::new(a.as_ref()), DenseOperator::from_row_major(&rows, m, n).unwrap()] {
        let problem = Problem::new(&operator, &y, K).unwrap();
        for word in words::<T>() {
            on_any_threads(word, || digits(run(&problem, word, Start::Zero, Some(Halt::Iterations(12)))));
        }
    }
    // More columns than one task of a convolution takes.
    let kernel: Vec<T> = normal_vector(&mut stream(6, 2, 0), 5);
    let convolution = Convolution::new(&kernel, 9000, Boundary::Full).unwrap();
    let y: Vec<T> = normal_vector(&mut stream(6, 3, 0), convolution.shape().0);
    assert!(norm(&y) > 0.0);
    let problem = Problem::new(&convolution, &y, K).unwrap();
    for word in words::<T>() {
        on_any_threads(word, || digits(run(&problem, word, Start::Zero, Some(Halt::Iterations(12)))));
    }
    // A transform whose tables are made by whoever comes first.
    let kept: Vec<usize> = (0..700).map(|r| 3 * r % 4001).collect();
    let y: Vec<T> = normal_vector(&mut stream(6, 4, 0), kept.len());
    for word in words::<T>() {
        on_any_threads(word, || {
            let cosines = PartialDct::new(4001, &kept).unwrap();
            let problem = Problem::new(&cosines, &y, K).unwrap();
            digits(run(&problem, word, Start::Zero, Some(Halt::Iterations(12))))
        });
    }
}

#[test]
fn threads_do_not_matter_real() {
    same_on_any_threads::<f64>();
}

#[test]
fn threads_do_not_matter_complex() {
    same_on_any_threads::<C>();
}
