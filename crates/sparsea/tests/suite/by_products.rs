//! Operators that are known by two products only: how few of them are needed, and that answers are those of the matrix.

use std::sync::Arc;
use std::time::Duration;

use crate::common::{C, norm, product};
use faer::Mat;
use faer::linalg::solvers::SolveLstsq;
use serde_json::Map;
use sparsea::generate::{gaussian_matrix, normal_vector, random_support, stream};
use sparsea::{
    Amp, Chain, FunctionOperator, Halt, Htp, LinearMap, Memory, Omp, Problem, Run, Scalar, Sea, Search, SharedGram,
    Solution, Support, Workspace,
};

/// x ← H x/√n with the Sylvester–Hadamard matrix, in place.
fn hadamard(x: &mut [f64]) {
    let n = x.len();
    let mut half = 1;
    while half < n {
        for block in x.chunks_mut(2 * half) {
            let (one, two) = block.split_at_mut(half);
            for (a, b) in one.iter_mut().zip(two) {
                (*a, *b) = (*a + *b, *a - *b);
            }
        }
        half *= 2;
    }
    let scale = 1.0 / (n as f64).sqrt();
    x.iter_mut().for_each(|v| *v *= scale);
}

/// Rows of H/√n.
fn partial(n: usize, kept: &[usize]) -> impl LinearMap<f64> {
    let (rows, again) = (kept.to_vec(), kept.to_vec());
    FunctionOperator::new(
        kept.len(),
        n,
        move |x: &[f64], y: &mut [f64]| {
            let mut full = x.to_vec();
            hadamard(&mut full);
            y.iter_mut().zip(&rows).for_each(|(y, &i)| *y = full[i]);
        },
        move |y: &[f64], x: &mut [f64]| {
            x.fill(0.0);
            y.iter().zip(&again).for_each(|(y, &i)| x[i] = *y);
            hadamard(x);
        },
    )
}

/// The products of a matrix.
fn functions<T: Scalar>(a: &Mat<T>) -> impl LinearMap<T> + '_ {
    FunctionOperator::new(
        a.nrows(),
        a.ncols(),
        move |x: &[T], y: &mut [T]| {
            y.fill(T::ZERO);
            for (j, &x) in x.iter().enumerate().filter(|&(_, &x)| x != T::ZERO) {
                y.iter_mut().zip(a.col_as_slice(j)).for_each(|(y, &a)| *y += a * x);
            }
        },
        move |y: &[T], x: &mut [T]| {
            for (j, x) in x.iter_mut().enumerate() {
                *x = a.col_as_slice(j).iter().zip(y).map(|(&a, &y)| Scalar::conj(a) * y).sum();
            }
        },
    )
}

fn calls<T>(solution: &Solution<T>) -> u64 {
    solution.counts.applies + solution.counts.adjoints
}

/// 4096 of 16 384 rows, k = 150. Column by column, to measure alone would take 16 384 products, and a fit 300.
#[test]
fn a_transform_takes_a_few_hundred_products() {
    let (n, k) = (1 << 14, 150);
    let rng = &mut stream(1, 61, 0);
    let kept = random_support(rng, n, n / 4);
    let operator = partial(n, &kept);
    let support = random_support(rng, n, k);
    let values: Vec<f64> = normal_vector(rng, k);
    let mut x = vec![0.0; n];
    support.iter().zip(&values).for_each(|(&j, &v)| x[j] = v);
    let mut y = vec![0.0; kept.len()];
    operator.apply(&x, &mut y).unwrap();
    let problem = Problem::new(&operator, &y, k).unwrap();
    let found = [
        ("search", Run::new(&problem, Search::default()).solve().unwrap()),
        ("amp", Run::new(&problem, Amp::default()).solve().unwrap()),
        ("htp", Run::new(&problem, Htp::default()).solve().unwrap()),
    ];
    for (name, solution) in found {
        assert_eq!(solution.support, support, "{name}");
        assert!(solution.coefficients.iter().zip(&values).all(|(a, b)| (a - b).abs() <= 1e-12), "{name}");
        assert!(calls(&solution) < 600, "{name}: {}", calls(&solution));
    }
}

/// The fit of a workspace on a support, by products and by columns, beside least squares by QR of the columns.
fn fits_are_those_of_the_matrix<T: Scalar>(a: &Mat<T>, size: usize, seed: u64) {
    let rng = &mut stream(seed, 62, 0);
    let y: Vec<T> = normal_vector(rng, a.nrows());
    let operator = functions(a);
    let problem = Problem::new(&operator, &y, size).unwrap();
    let mut workspace = Workspace::new(&problem, Memory::default()).unwrap();
    let mut support = random_support(rng, a.ncols(), size);
    for step in 0..4 {
        workspace.fit(&support.iter().copied().collect::<Support>());
        let found = workspace.residual_norm();
        let columns = Mat::from_fn(a.nrows(), size, |i, p| a[(i, support[p])]);
        let right = Mat::from_fn(a.nrows(), 1, |i, _| y[i]);
        let x = columns.qr().solve_lstsq(right.as_ref());
        let fitted = product(a, &support, x.col_as_slice(0));
        let rest: Vec<T> = y.iter().zip(&fitted).map(|(&y, &z)| y - z).collect();
        let scale = norm(&y);
        assert!((found - norm(&rest)).abs() <= 1e-9 * scale, "{seed} {step}: {found} {}", norm(&rest));
        // Aᴴ r vanishes on the support of the workspace's own residual.
        let residual = workspace.residual().to_vec();
        for &j in &support {
            let column = a.col_as_slice(j);
            let dot: T = column.iter().zip(&residual).fold(T::ZERO, |sum, (&a, &r)| sum + Scalar::conj(a) * r);
            assert!(Scalar::abs(dot) <= 1e-10 * norm(column) * scale, "{seed} {step}");
        }
        support = random_support(rng, a.ncols(), size);
    }
}

#[test]
fn fits_by_products_are_exact() {
    for seed in 0..4 {
        let shape = (120 + 40 * seed as usize, 300);
        let a: Mat<f64> = gaussian_matrix(&mut stream(seed, 63, 0), shape.0, shape.1);
        fits_are_those_of_the_matrix(&a, 30 + 10 * seed as usize, seed);
        let a: Mat<C> = gaussian_matrix(&mut stream(seed, 64, 0), shape.0, shape.1);
        fits_are_those_of_the_matrix(&a, 35, seed);
        // Neighbouring columns are nearly parallel, and norms differ by thousands: conjugate gradients converge slowly, or do not.
        let b: Mat<f64> = gaussian_matrix(&mut stream(seed, 65, 0), shape.0, shape.1);
        let mut smooth = b.clone();
        for j in 1..shape.1 {
            for i in 0..shape.0 {
                smooth[(i, j)] = 0.97 * smooth[(i, j - 1)] + 0.25 * b[(i, j)];
            }
        }
        let scaled = Mat::from_fn(shape.0, shape.1, |i, j| smooth[(i, j)] * 10f64.powi(j as i32 % 4));
        fits_are_those_of_the_matrix(&scaled, 60, seed);
    }
}

/// More columns than are measured one by one: answers are those of the matrix, whose norms are exact.
#[test]
fn answers_on_estimated_norms_are_those_of_the_matrix() {
    for seed in 0..3 {
        let (m, n, k) = (150, 2500, 8);
        let rng = &mut stream(seed, 66, 0);
        let mut a: Mat<f64> = gaussian_matrix(rng, m, n);
        for j in 0..n {
            let scale = if seed == 0 { 1.0 } else { 1.0 + (j % 7) as f64 };
            a.col_as_slice_mut(j).iter_mut().for_each(|v| *v *= scale);
        }
        let support = random_support(rng, n, k);
        let x: Vec<f64> = (0..k).map(|i| if i % 2 == 0 { 1.0 } else { -1.0 }).collect();
        let scaled: Vec<f64> = support.iter().zip(&x).map(|(&j, x)| x / norm(a.col_as_slice(j))).collect();
        let y = product(&a, &support, &scaled);
        let operator = functions(&a);
        let problem = Problem::new(&operator, &y, k).unwrap();
        for solution in [
            Run::new(&problem, Omp::default()).solve().unwrap(),
            Run::new(&problem, Sea::default()).solve().unwrap(),
            Run::new(&problem, Search::default()).solve().unwrap(),
        ] {
            assert_eq!(solution.support, support, "{seed}");
            assert!(solution.coefficients.iter().zip(&scaled).all(|(a, b)| (a - b).abs() <= 1e-10 * b.abs()), "{seed}");
            assert!(calls(&solution) < n as u64, "{seed}: {}", calls(&solution));
        }
    }
}

/// What earlier runs have computed decides nothing: kept workspaces and shared Gram columns give the bits of runs alone.
#[test]
fn runs_before_change_nothing() {
    let (m, n, k) = (70, 120, 28);
    let a: Mat<f64> = gaussian_matrix(&mut stream(9, 67, 0), m, n);
    let operator = functions(&a);
    let ys: Vec<Vec<f64>> = (0..4).map(|seed| normal_vector(&mut stream(seed, 68, 0), m)).collect();
    let digits = |mut solution: Solution<f64>| {
        (solution.elapsed, solution.memory) = (Duration::ZERO, 0);
        format!("{solution:?}")
    };
    let solve = |problem: &Problem<'_, f64>, word: &str| {
        let run = Run::with_chain(problem, Chain::parse(word, &Map::new()).unwrap());
        digits(run.halt(Halt::Iterations(40)).solve().unwrap())
    };
    let gram = Arc::new(SharedGram::new(n, usize::MAX));
    for word in ["omp", "htp", "iht", "sea", "cosamp", "subspace_pursuit", "search", "amp", "omp+sea"] {
        let shared = Problem::new(&operator, &ys[0], k).unwrap().share_gram(gram.clone()).unwrap();
        let mut kept = None;
        for at in [0, 1, 2, 3, 1, 0] {
            let problem = shared.with_data(&ys[at]).unwrap();
            let run = Run::with_chain(&problem, Chain::parse(word, &Map::new()).unwrap());
            let solution = run.halt(Halt::Iterations(40)).solve_with(&mut kept).unwrap();
            // Without the products that measuring takes, as in a problem that is made of another.
            let alone = Problem::new(&operator, &ys[0], k).unwrap().with_data(&ys[at]).unwrap();
            assert_eq!(digits(solution), solve(&alone, word), "{word} {at}");
        }
    }
}
