//! What message passing recovers, where it must notice that it cannot, and what it takes of an operator.

use crate::common::{C, compressed, dense_form, functions, norm, product};
use faer::Mat;
use sparsea::generate::{gaussian_matrix, normal_vector, random_support, stream};
use sparsea::{
    Amp, AmpForm, DenseOperator, FunctionOperator, LinearMap, Problem, Run, Scalar, Solution, SparseOperator,
    StopReason,
};

fn amp(form: AmpForm) -> Amp {
    Amp { form, ..Amp::default() }
}

fn solve<T: Scalar>(operator: &dyn LinearMap<T>, y: &[T], k: usize, form: AmpForm) -> Solution<T> {
    let problem = Problem::new(operator, y, k).unwrap();
    Run::new(&problem, amp(form)).solve().unwrap()
}

/// A support and y = A x for normal x on it.
fn truth<T: Scalar>(a: &Mat<T>, k: usize, seed: u64) -> (Vec<usize>, Vec<T>) {
    let rng = &mut stream(seed, 41, 0);
    let support = random_support(rng, a.ncols(), k);
    let x: Vec<T> = normal_vector(rng, k);
    let y = product(a, &support, &x);
    (support, y)
}

/// How many of `runs` supports are found.
fn recovered<T: Scalar>(shape: (usize, usize), k: usize, runs: u64, form: AmpForm, mean: f64) -> usize {
    let exact = |seed: &u64| {
        let gaussian: Mat<T> = gaussian_matrix(&mut stream(*seed, 42, 0), shape.0, shape.1);
        let a = Mat::from_fn(shape.0, shape.1, |i, j| gaussian[(i, j)] + T::from_real(mean));
        let (support, y) = truth(&a, k, *seed);
        let solution = solve(&DenseOperator::new(a.as_ref()), &y, k, form);
        if solution.support == support {
            assert_eq!(solution.stop_reason, StopReason::ExactFit);
        }
        solution.support == support
    };
    (0..runs).filter(exact).count()
}

/// Densities at which greedy algorithms find nothing: k/m = .52 of real numbers, .65 of complex ones.
#[test]
fn most_of_what_can_be_recovered_is() {
    for form in [AmpForm::Scalar, AmpForm::Vector, AmpForm::Auto] {
        assert!(recovered::<f64>((150, 300), 78, 10, form, 0.0) >= 8, "{form:?}");
        assert!(recovered::<C>((100, 200), 65, 6, form, 0.0) >= 5, "{form:?}");
    }
    assert!(recovered::<f64>((160, 120), 60, 4, AmpForm::Vector, 0.0) == 4);
}

/// Entries of mean 1 make the scalar form diverge; the vector form does not mind, and `auto` goes over to it.
#[test]
fn columns_that_are_not_centred() {
    for form in [AmpForm::Vector, AmpForm::Auto] {
        assert!(recovered::<f64>((150, 300), 60, 5, form, 1.0) == 5, "{form:?}");
    }
    let gaussian: Mat<f64> = gaussian_matrix(&mut stream(7, 42, 0), 150, 300);
    let a = Mat::from_fn(150, 300, |i, j| 1.0 + gaussian[(i, j)]);
    let (_, y) = truth(&a, 60, 7);
    let solution = solve(&DenseOperator::new(a.as_ref()), &y, 60, AmpForm::Scalar);
    assert_eq!(solution.stop_reason, StopReason::Diverged, "{solution:?}");
    assert!(solution.residual_norm <= norm(&y));
}

#[test]
fn noise_is_left_in_the_residual() {
    let (m, n, k) = (200, 400, 40);
    for (seed, form) in [(1, AmpForm::Scalar), (2, AmpForm::Vector), (3, AmpForm::Auto)] {
        let a: Mat<f64> = gaussian_matrix(&mut stream(seed, 42, 0), m, n);
        let rng = &mut stream(seed, 43, 0);
        let support = random_support(rng, n, k);
        // Away from 0, where noise decides.
        let x: Vec<f64> = normal_vector::<f64>(rng, k).iter().map(|x| x + x.signum()).collect();
        let clean = product(&a, &support, &x);
        let noise: Vec<f64> = normal_vector(rng, m);
        let factor = 0.02 * norm(&clean) / norm(&noise);
        let y: Vec<f64> = clean.iter().zip(&noise).map(|(y, e)| y + factor * e).collect();
        let solution = solve(&DenseOperator::new(a.as_ref()), &y, k, form);
        assert_eq!(solution.support, support, "{form:?}");
        assert_eq!(solution.stop_reason, StopReason::Finished, "{form:?}");
        assert!(solution.iterations < 100, "{form:?}: {solution:?}");
    }
}

/// A sparse matrix, and the same as functions: every form of A with the same answer, and two products an iteration.
#[test]
fn sparse_matrices_and_functions() {
    let (m, n, k) = (200, 400, 60);
    let dense: Mat<f64> = gaussian_matrix(&mut stream(1, 42, 0), m, n);
    let other: Mat<f64> = gaussian_matrix(&mut stream(2, 42, 0), m, n);
    // A fifth of the entries.
    let a = Mat::from_fn(m, n, |i, j| if other[(i, j)].abs() < 0.2533 { dense[(i, j)] } else { 0.0 });
    let (support, y) = truth(&a, k, 1);
    let sparse = SparseOperator::owned(compressed(&a));
    let pair = functions(&a);
    for form in [AmpForm::Scalar, AmpForm::Vector, AmpForm::Auto] {
        for operator in [&sparse as &dyn LinearMap<f64>, &pair] {
            assert_eq!(solve(operator, &y, k, form).support, support, "{form:?}");
        }
    }
    let norms: Vec<f64> = (0..n).map(|j| a.col(j).norm_l2()).collect();
    let stated = FunctionOperator::new(
        m,
        n,
        |x: &[f64], y: &mut [f64]| pair.apply(x, y).unwrap(),
        |y: &[f64], x: &mut [f64]| pair.apply_adjoint(y, x).unwrap(),
    )
    .with_column_norms(norms);
    assert_eq!(dense_form(&stated), a);
    let problem = Problem::new(&stated, &y, k).unwrap();
    let halt = sparsea::Halt::Iterations(5);
    let solution = Run::new(&problem, amp(AmpForm::Scalar)).halt(halt).solve().unwrap();
    // One of each an iteration, Aᴴ y, and one A x for the residual of each point.
    assert!(solution.counts.adjoints <= 7 && solution.counts.applies <= 11, "{:?}", solution.counts);
}
