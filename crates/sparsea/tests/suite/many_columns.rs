//! Search among so many columns that it works on some of them: against what was planted, from any form of A, any thread, any time.

use std::ops::ControlFlow;

use faer::Mat;
use num_complex::Complex;
use rand::RngExt;
use sparsea::generate::{gaussian_matrix, normal_vector, random_support, stream};
use sparsea::{
    DenseOperator, FunctionOperator, Halt, LinearMap, Problem, Progress, ReportOptions, Run, Scalar, Search,
    SparseOperator, Start, StopReason, improve,
};

/// More columns than search works on at a time, which are 10⁶ / k.
const ROWS: usize = 350;
const COLUMNS: usize = 25_500;
const SPARSITY: usize = 40;

/// Columns of which each has .8 of the one before, a support, and y = A x with noise.
fn planted<T: Scalar>(noise: f64, seed: u64) -> (Mat<T>, Vec<usize>, Vec<T>) {
    let mut rng = stream(seed, 61, 0);
    let own: Mat<T> = gaussian_matrix(&mut rng, ROWS, COLUMNS);
    let mut a = own.clone();
    for j in 1..COLUMNS {
        for i in 0..ROWS {
            a[(i, j)] = a[(i, j - 1)].scale(0.8) + own[(i, j)].scale(0.6);
        }
    }
    let support = random_support(&mut rng, COLUMNS, SPARSITY);
    let mut y = vec![T::ZERO; ROWS];
    for &j in &*support {
        let x = T::from_real(rng.random_range(1.0..2.0) * if rng.random() { 1.0 } else { -1.0 });
        (0..ROWS).for_each(|i| y[i] += a[(i, j)] * x);
    }
    let e: Vec<T> = normal_vector(&mut rng, ROWS);
    y.iter_mut().zip(e).for_each(|(y, e)| *y += e.scale(noise));
    (a, support.to_vec(), y)
}

fn is_found<T: Scalar>(operator: &dyn LinearMap<T>, y: &[T], support: &[usize]) {
    let problem = Problem::new(operator, y, SPARSITY).unwrap();
    let solution = improve(&problem, Start::Zero).unwrap();
    assert_eq!((solution.algorithm.as_str(), &solution.support[..]), ("search", support));
    assert_eq!(solution.stop_reason, StopReason::ExactFit);
}

#[test]
fn what_was_planted_is_found() {
    let (a, support, y) = planted::<f64>(0.0, 1);
    is_found(&DenseOperator::new(a.as_ref()), &y, &support);
    let (a, support, y) = planted::<Complex<f64>>(0.0, 2);
    is_found(&DenseOperator::new(a.as_ref()), &y, &support);
}

/// A matrix known by its products alone gives the same support, and so does one stored by its non-zeros.
#[test]
fn any_form_will_do() {
    let (a, support, y) = planted::<f64>(0.0, 3);
    let norms = a.col_iter().map(|column| column.norm_l2()).collect();
    let forward = |x: &[f64], y: &mut [f64]| {
        y.fill(0.0);
        for (j, &x) in x.iter().enumerate().filter(|(_, x)| **x != 0.0) {
            y.iter_mut().zip(a.col_as_slice(j)).for_each(|(y, a)| *y += a * x);
        }
    };
    let adjoint = |y: &[f64], x: &mut [f64]| {
        x.iter_mut().enumerate().for_each(|(j, x)| *x = y.iter().zip(a.col_as_slice(j)).map(|(y, a)| y * a).sum());
    };
    let function = FunctionOperator::new(ROWS, COLUMNS, forward, adjoint).with_column_norms(norms);
    is_found(&function, &y, &support);

    let mut rng = stream(4, 62, 0);
    let (m, n) = (2000, 60_000);
    let triplets: Vec<_> = (0..n)
        .flat_map(|j| (0..5).map(move |_| j))
        .map(|j| faer::sparse::Triplet::new(rng.random_range(0..m), j, rng.random_range(-1.0..1.0)))
        .collect();
    let matrix = faer::sparse::SparseColMat::try_new_from_triplets(m, n, &triplets).unwrap();
    let operator = SparseOperator::owned(matrix);
    let support = random_support(&mut rng, n, SPARSITY);
    let values = vec![1.5; SPARSITY];
    let mut y = vec![0.0; m];
    sparsea::Access::new(&operator).apply_sparse(&support, &values, &mut y);
    is_found(&operator, &y, &support);
}

#[test]
fn threads_change_no_bit() {
    let (a, _, y) = planted::<f64>(2.0, 5);
    let operator = DenseOperator::new(a.as_ref());
    let problem = Problem::new(&operator, &y, SPARSITY).unwrap();
    let solve = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let run = || Run::new(&problem, Search::default()).halt(Halt::Iterations(60)).solve().unwrap();
        let solution = pool.install(run);
        (solution.support, solution.coefficients, solution.residual_norm)
    };
    assert_eq!(solve(1), solve(3));
}

/// Stopped anywhere, it has a support of at most k columns that explains more the later it is; a start is not made worse.
#[test]
fn any_time_will_do() {
    let (a, support, y) = planted::<f64>(1.0, 6);
    let operator = DenseOperator::new(a.as_ref());
    let problem = Problem::new(&operator, &y, SPARSITY).unwrap();
    let mut before = f64::INFINITY;
    for steps in [0, 1, 2, 3, 5] {
        let mut seen = 0;
        let mut watch = |_: &Progress<'_>| {
            seen += 1;
            if seen > steps { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let solution = Run::new(&problem, Search::default()).observe(&mut watch).solve().unwrap();
        assert!(solution.support.len() <= SPARSITY && solution.residual_norm <= before);
        before = solution.residual_norm;
    }
    let truth = Run::new(&problem, sparsea::Omp::default()).start(Start::Support(support.clone())).solve().unwrap();
    let improved = improve(&problem, Start::Support(support)).unwrap();
    assert!(improved.residual_norm <= truth.residual_norm * (1.0 + 1e-12));
    let limit = std::time::Duration::from_millis(1);
    let hurried = Run::new(&problem, Search::default()).halt(Halt::Time(limit)).solve().unwrap();
    assert_eq!(hurried.stop_reason, StopReason::Time);
}

#[test]
fn nothing_to_find_is_no_trouble() {
    let (a, _, y) = planted::<f64>(0.0, 7);
    let operator = DenseOperator::new(a.as_ref());
    let zero = vec![0.0; ROWS];
    let problem = Problem::new(&operator, &zero, SPARSITY).unwrap();
    let solution = improve(&problem, Start::Zero).unwrap();
    assert_eq!((solution.support.len(), solution.residual_norm), (0, 0.0));
    // One column, again and again: the others depend on it.
    let same = Mat::from_fn(ROWS, COLUMNS, |i, _| y[i]);
    let operator = DenseOperator::new(same.as_ref());
    let mut other = y.clone();
    other[0] += 1.0;
    let problem = Problem::new(&operator, &other, SPARSITY).unwrap();
    let solution = improve(&problem, Start::Zero).unwrap();
    assert_eq!(solution.support, [0]);
}

#[test]
fn a_report_says_how_many_columns_were_in_play() {
    let (a, _, y) = planted::<f64>(0.1, 5);
    let operator = DenseOperator::new(a.as_ref());
    let problem = Problem::new(&operator, &y, SPARSITY).unwrap();
    let run = Run::new(&problem, Search::default()).halt(Halt::Iterations(2)).report(ReportOptions::default());
    let report = run.solve().unwrap().report.unwrap();
    assert!((SPARSITY..COLUMNS).contains(&report.columns_in_play), "{}", report.columns_in_play);
    assert!(report.indices.iter().filter(|row| row.chosen).count() <= report.columns_in_play);
    let few = Problem::new(&operator, &y, 2).unwrap();
    let run = Run::new(&few, Search::default()).halt(Halt::Iterations(2)).report(ReportOptions::default());
    assert_eq!(run.solve().unwrap().report.unwrap().columns_in_play, COLUMNS);
}
