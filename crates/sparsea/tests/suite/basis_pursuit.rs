//! Basis pursuit, judged by the certificate of its dual, by what is known of its phase transition, and against less memory.

use faer::Mat;
use faer::linalg::solvers::Solve;
use sparsea::generate::{correlated_matrix, gaussian_matrix, gaussian_problem, normal_vector, stream};
use sparsea::metrics::exact;
use sparsea::{Bp, DenseOperator, Halt, Lasso, Memory, Problem, Run, StopReason, solve};

use crate::common::{adjoint_product, norm, normalized};

/// With k = m every entry of the minimiser is kept. It is one if and only if some u has a_jᵀu = sign x_j on the support and
/// |a_jᵀu| ≤ 1 off it, for unit columns; for data without structure the support has m columns, and there is only one such u.
#[test]
fn the_end_of_the_path_has_a_dual_certificate() {
    for seed in 0..60 {
        let rng = &mut stream(seed, 1, 0);
        let (m, n) = (3 + seed as usize % 20, 5 + 2 * (seed as usize % 31));
        let n = n.max(m);
        let a = if seed % 2 == 0 { gaussian_matrix::<f64>(rng, m, n) } else { correlated_matrix(rng, m, n, 0.8) };
        // Columns of any length.
        let a = Mat::from_fn(m, n, |i, j| a[(i, j)] * [1.0, 1e3, 0.02][j % 3]);
        let y: Vec<f64> = normal_vector(rng, m);
        let operator = DenseOperator::new(a.as_ref());
        let solution = solve(&Problem::new(&operator, &y, m).unwrap(), Bp { path: false }).unwrap();
        assert_eq!(solution.support.len(), m, "seed {seed}");
        assert!(solution.relative_residual <= 1e-10, "seed {seed}: {}", solution.relative_residual);
        let unit = normalized(&a);
        let on = Mat::from_fn(m, m, |row, i| unit[(i, solution.support[row])]);
        let signs = Mat::from_fn(m, 1, |row, _| solution.coefficients[row].signum());
        let u = on.partial_piv_lu().solve(&signs);
        let u: Vec<f64> = (0..m).map(|i| u[(i, 0)]).collect();
        for (j, c) in adjoint_product(&unit, &u).into_iter().enumerate() {
            assert!(c.abs() <= 1.0 + 1e-9, "seed {seed}: column {j} has {c}");
        }
    }
}

/// More rows than columns: the least-squares solution is unique, and so is the end of the path.
#[test]
fn of_many_rows_the_end_is_the_least_squares_solution() {
    for seed in 0..20 {
        let rng = &mut stream(seed, 2, 0);
        let a = gaussian_matrix::<f64>(rng, 15, 9);
        let y: Vec<f64> = normal_vector(rng, 15);
        let operator = DenseOperator::new(a.as_ref());
        let solution = solve(&Problem::new(&operator, &y, 9).unwrap(), Bp { path: false }).unwrap();
        assert_eq!(solution.support.len(), 9, "seed {seed}");
        let x = &solution.coefficients;
        let r: Vec<f64> = (0..15).map(|i| y[i] - (0..9).map(|j| a[(i, j)] * x[j]).sum::<f64>()).collect();
        assert!(norm(&adjoint_product(&a, &r)) <= 1e-10 * norm(&y), "seed {seed}");
    }
}

/// ℓ1 recovers half of all Gaussian problems at k ≈ 0.385 m for m = n/2 and n large (Donoho & Tanner 2009): k = 12.3 of m = 32.
#[test]
fn the_phase_transition_is_where_it_is_known_to_be() {
    const RUNS: u64 = 100;
    let recovered = |k: usize, seed: u64, algorithm: &dyn Fn(&Problem<'_, f64>) -> Vec<usize>| {
        let count = |run| {
            let made = gaussian_problem(&mut stream(seed, k as u64, run), 32, 64, k, 0.0).unwrap();
            let operator = DenseOperator::new(made.operator.as_ref());
            let problem = Problem::new(&operator, &made.data, k).unwrap();
            usize::from(exact(&made.support, &algorithm(&problem)))
        };
        (0..RUNS).map(count).sum::<usize>()
    };
    let path = |problem: &Problem<'_, f64>| solve(problem, Bp::default()).unwrap().support;
    let end = |problem: &Problem<'_, f64>| solve(problem, Bp { path: false }).unwrap().support;
    let lasso = |problem: &Problem<'_, f64>| solve(problem, Lasso::default()).unwrap().support;
    assert!(recovered(8, 3, &path) >= 95);
    assert!(recovered(8, 3, &lasso) <= 40);
    assert!((25..=85).contains(&recovered(12, 3, &path)));
    assert!(recovered(18, 3, &path) <= 15);
    for k in [8, 12, 18] {
        // Along the path nothing is recovered that its end does not recover.
        assert_eq!(recovered(k, 3, &path), recovered(k, 3, &end), "k = {k}");
    }
}

/// Without room for the Gram columns of m columns the path is the same.
#[test]
fn little_memory_changes_no_answer() {
    for seed in 0..10 {
        let rng = &mut stream(seed, 4, 0);
        let a = gaussian_matrix::<f64>(rng, 40, 60);
        let y: Vec<f64> = normal_vector(rng, 40);
        let operator = DenseOperator::new(a.as_ref());
        let problem = Problem::new(&operator, &y, 5).unwrap();
        let little = Memory { gram: 20 * 60 * 8, fits: 0, state: 1 << 20 };
        for path in [false, true] {
            let ample = solve(&problem, Bp { path }).unwrap();
            let scarce = Run::new(&problem, Bp { path }).memory(little).solve().unwrap();
            assert_eq!((ample.support, ample.iterations), (scarce.support, scarce.iterations), "seed {seed}");
            assert_eq!(ample.stop_reason, StopReason::Finished);
        }
        assert!(Run::new(&problem, Bp::default()).memory(Memory { state: 800, ..little }).solve().is_err());
    }
}

/// The k largest entries of the last point are shown, whatever ends the run.
#[test]
fn a_limit_of_iterations_shows_the_point_that_it_ends_at() {
    let rng = &mut stream(5, 5, 0);
    let a = gaussian_matrix::<f64>(rng, 20, 40);
    let y: Vec<f64> = normal_vector(rng, 20);
    let operator = DenseOperator::new(a.as_ref());
    let problem = Problem::new(&operator, &y, 4).unwrap();
    for limit in 6..15 {
        let solution = Run::new(&problem, Bp { path: false }).halt(Halt::Iterations(limit)).solve().unwrap();
        assert_eq!((solution.support.len(), solution.stop_reason), (4, StopReason::Iterations));
    }
}
