//! The LASSO's path where several columns reach the bound together, judged by the conditions of optimality.

use faer::Mat;
use rand::RngExt;
use sparsea::generate::{gaussian_matrix, normal_vector, random_support, step_matrix, stream};
use sparsea::{Boundary, Convolution, DenseOperator, Halt, Lasso, Problem, Run, SparseOperator, StopReason, solve};

use crate::common::{adjoint_product, compressed, dense_form, difference, norm, normalized, product};

/// Relative to the largest correlation of y.
const TOLERANCE: f64 = 1e-8;

/// x for unit columns, at a knot.
struct Knot {
    x: Vec<f64>,
    lambda: f64,
}

/// ½‖A x − y‖² + λ‖x‖₁ is least at x, if A has unit columns.
fn assert_optimal(a: &Mat<f64>, y: &[f64], x: &[f64], lambda: f64, largest: f64, what: &str) {
    let all: Vec<usize> = (0..x.len()).collect();
    let correlation = adjoint_product(a, &difference(y, &product(a, &all, x)));
    for (j, (&c, &x)) in correlation.iter().zip(x).enumerate() {
        assert!(c.abs() <= lambda + TOLERANCE * largest, "{what}: column {j} has {c}, λ is {lambda}");
        let on_the_bound = x == 0.0 || (c - lambda * x.signum()).abs() <= TOLERANCE * largest;
        assert!(on_the_bound, "{what}: x_{j} is {x}, its correlation {c}, λ {lambda}");
    }
}

/// The minimiser of ½‖A x − y‖² + λ‖x‖₁ for unit columns, by coordinate descent.
fn descended(a: &Mat<f64>, y: &[f64], lambda: f64) -> Vec<f64> {
    let (m, n) = (a.nrows(), a.ncols());
    let (mut x, mut r) = (vec![0.0; n], y.to_vec());
    for _ in 0..100_000 {
        let mut moved = 0.0f64;
        for j in 0..n {
            let c: f64 = (0..m).map(|i| a[(i, j)] * r[i]).sum::<f64>() + x[j];
            let next = c.signum() * (c.abs() - lambda).max(0.0);
            let by = next - x[j];
            (0..m).for_each(|i| r[i] -= by * a[(i, j)]);
            x[j] = next;
            moved = moved.max(by.abs());
        }
        if moved <= 1e-14 * norm(y) {
            break;
        }
    }
    x
}

/// Runs the whole path and checks every knot, every point halfway between two, and that the path ends where it should; by
/// coordinate descent too, if the minimiser is `unique` for every λ.
fn check(a: &Mat<f64>, y: &[f64], k: usize, unique: bool, what: &str) {
    let what = &format!("{what}, {} × {}, k = {k}", a.nrows(), a.ncols());
    let operator = DenseOperator::new(a.as_ref());
    let problem = Problem::new(&operator, y, k).unwrap();
    let unit = normalized(a);
    let largest = adjoint_product(&unit, y).iter().fold(0.0f64, |most, c| most.max(c.abs()));
    let whole = solve(&problem, Lasso { refit: false }).unwrap();
    assert!(
        matches!(whole.stop_reason, StopReason::Finished | StopReason::ExactFit),
        "{what}: {:?}",
        whole.stop_reason
    );
    assert!(whole.iterations <= 20 * (a.nrows() + a.ncols()) as u64, "{what}: {} knots", whole.iterations);
    let mut before: Option<Knot> = None;
    for at in 1..=whole.iterations {
        let what = &format!("{what}, knot {at} of {}", whole.iterations);
        let solution = Run::new(&problem, Lasso { refit: false }).halt(Halt::Iterations(at)).solve().unwrap();
        assert!(solution.support.len() <= k, "{what}");
        let mut x = vec![0.0; a.ncols()];
        for (&j, value) in solution.support.iter().zip(&solution.coefficients) {
            x[j] = value * a.col(j).norm_l2();
        }
        let all: Vec<usize> = (0..x.len()).collect();
        let correlation = adjoint_product(&unit, &difference(y, &product(&unit, &all, &x)));
        let lambda = correlation.iter().fold(0.0f64, |most, c| most.max(c.abs()));
        assert_optimal(&unit, y, &x, lambda, largest, what);
        if let Some(before) = &before {
            assert!(lambda <= before.lambda + TOLERANCE * largest, "{what}: λ rises");
            let middle: Vec<f64> = x.iter().zip(&before.x).map(|(a, b)| (a + b) / 2.0).collect();
            assert_optimal(&unit, y, &middle, (lambda + before.lambda) / 2.0, largest, &format!("before {what}"));
        }
        before = Some(Knot { x, lambda });
    }
    let Some(end) = before else { panic!("{what}: no knot") };
    let refitted = solve(&problem, Lasso::default()).unwrap();
    assert!(refitted.residual_norm <= whole.residual_norm * (1.0 + 1e-9) + 1e-12 * norm(y), "{what}");
    if end.lambda <= 1e-6 * largest {
        return;
    }
    // Fewer columns only where those are enough, and the others have coefficient 0.
    let enough = refitted.support.len() == k || refitted.relative_residual <= 1e-12;
    assert!(enough, "{what}: the path ends at λ = {}, where more would join: {refitted:?}", end.lambda);
    if unique {
        let below = descended(&unit, y, end.lambda - 1e-6 * largest);
        let many = below.iter().filter(|x| x.abs() > 1e-9 * largest).count();
        assert!(many > k, "{what}: the path ends at λ = {}, below which {many} are not zero", end.lambda);
    }
}

/// Sylvester's matrix: two levels, orthogonal columns.
fn hadamard(order: usize) -> Mat<f64> {
    Mat::from_fn(order, order, |i, j| if (i & j).count_ones() % 2 == 0 { 1.0 } else { -1.0 })
}

/// Integers from −bound to bound.
fn integers(rng: &mut impl rand::Rng, count: usize, bound: i32) -> Vec<f64> {
    (0..count).map(|_| f64::from(rng.random_range(-bound..=bound))).collect()
}

#[test]
fn equal_entries_of_y_join_together() {
    let identity = Mat::<f64>::identity(6, 6);
    let operator = DenseOperator::new(identity.as_ref());
    let y = [3.0, 2.0, 2.0, 1.0, 1.0, 1.0];
    for k in 1..=6 {
        let problem = Problem::new(&operator, &y, k).unwrap();
        let solution = solve(&problem, Lasso::default()).unwrap();
        assert_eq!(solution.support, (0..k).collect::<Vec<_>>(), "k = {k}");
        assert!(solution.iterations <= 4, "k = {k}: {} knots", solution.iterations);
    }
    for y in [vec![1.0; 6], vec![0.0, -2.0, 2.0, 2.0, 0.0, 0.0]] {
        let expected: Vec<usize> = (0..6).filter(|&i| y[i] != 0.0).take(2).collect();
        assert_eq!(solve(&Problem::new(&operator, &y, 2).unwrap(), Lasso::default()).unwrap().support, expected);
    }
    // Without refitting, x(λ) of the last knot: none of those that join has left zero yet.
    let solution = solve(&Problem::new(&operator, &y, 2).unwrap(), Lasso { refit: false }).unwrap();
    assert_eq!((solution.support, solution.coefficients), (vec![0], vec![1.0]));
}

/// Far more columns reach the bound than may be non-zero; their number must not multiply the work.
#[test]
fn many_more_tied_columns_than_k() {
    let n = 20_000;
    let identity = compressed(&Mat::<f64>::identity(n.min(2000), n.min(2000)));
    let small = SparseOperator::new(identity.as_ref());
    let pulses = Convolution::new(&[1.0, 2.0, 1.0], n, Boundary::Full).unwrap();
    let begin = std::time::Instant::now();
    for k in [1, 2, 40, 100] {
        let y = vec![1.0; 2000];
        let solution = solve(&Problem::new(&small, &y, k).unwrap(), Lasso::default()).unwrap();
        assert_eq!(solution.support, (0..k).collect::<Vec<_>>());
        // Every pulse has the same correlation; neighbours would drive each other out.
        let y = vec![1.0; n + 2];
        let solution = solve(&Problem::new(&pulses, &y, k).unwrap(), Lasso::default()).unwrap();
        assert_eq!(solution.support.len(), k);
    }
    assert!(begin.elapsed().as_secs() < 60, "{:?}", begin.elapsed());
}

#[test]
fn orthonormal_designs_with_tied_data() {
    for seed in 0..40 {
        let rng = &mut stream(seed, 1, 0);
        let n = rng.random_range(2..=12);
        let y = integers(rng, n, 3);
        let signs: Vec<f64> = (0..n).map(|_| if rng.random() { 1.0 } else { -1.0 }).collect();
        let order = rand::seq::index::sample(rng, n, n).into_vec();
        let a = Mat::from_fn(n, n, |i, j| if order[j] == i { signs[j] } else { 0.0 });
        for k in 1..=n {
            check(&a, &y, k, true, &format!("identity, seed {seed}"));
        }
    }
}

#[test]
fn two_level_factorials_with_integer_effects() {
    for seed in 0..30 {
        let rng = &mut stream(seed, 2, 0);
        let order = [4, 8, 16][seed as usize % 3];
        let whole = hadamard(order);
        let n = rng.random_range(2..=order);
        let chosen = random_support(rng, order, n);
        let a = Mat::from_fn(order, n, |i, j| whole[(i, chosen[j])]);
        let effects = integers(rng, n, 2);
        let all: Vec<usize> = (0..n).collect();
        let mut y = product(&a, &all, &effects);
        if seed % 2 == 0 {
            y.iter_mut().zip(integers(rng, order, 1)).for_each(|(y, e)| *y += e);
        }
        for k in [1, 2, n / 2, n].into_iter().filter(|&k| k > 0) {
            check(&a, &y, k, true, &format!("factorial, seed {seed}"));
        }
    }
}

#[test]
fn duplicated_and_negated_columns() {
    for seed in 0..40 {
        let rng = &mut stream(seed, 3, 0);
        let (m, distinct) = (rng.random_range(3..=9), rng.random_range(2..=7));
        let base = gaussian_matrix::<f64>(rng, m, distinct);
        let n = distinct + rng.random_range(1..=6);
        let picked: Vec<(usize, f64)> = (0..n)
            .map(|j| {
                let column = if j < distinct { j } else { rng.random_range(0..distinct) };
                (column, [1.0, -1.0, 3.0, -0.25][rng.random_range(0..4)])
            })
            .collect();
        let a = Mat::from_fn(m, n, |i, j| picked[j].1 * base[(i, picked[j].0)]);
        let y: Vec<f64> = if seed % 2 == 0 { normal_vector(rng, m) } else { integers(rng, m, 3) };
        for k in 1..=m.min(distinct).min(n) {
            check(&a, &y, k, false, &format!("duplicates, seed {seed}"));
        }
    }
}

#[test]
fn sums_of_columns_and_steps() {
    for seed in 0..30 {
        let rng = &mut stream(seed, 4, 0);
        let m = rng.random_range(4..=9);
        let half = gaussian_matrix::<f64>(rng, m, 4);
        // Every column after the fourth is a sum or a difference of two.
        let pairs: Vec<(usize, usize, f64)> = (0..5)
            .map(|_| {
                let pair = random_support(rng, 4, 2);
                (pair[0], pair[1], if rng.random() { 1.0 } else { -1.0 })
            })
            .collect();
        let a = Mat::from_fn(m, 9, |i, j| {
            if j < 4 { half[(i, j)] } else { half[(i, pairs[j - 4].0)] + pairs[j - 4].2 * half[(i, pairs[j - 4].1)] }
        });
        let y: Vec<f64> = normal_vector(rng, m);
        (1..=3).for_each(|k| check(&a, &y, k, false, &format!("sums, seed {seed}")));
        let y = integers(rng, 10, 2);
        (1..=6).for_each(|k| check(&step_matrix(10), &y, k, true, &format!("steps, seed {seed}")));
    }
}

#[test]
fn equal_pulses_in_a_trace() {
    for seed in 0..30 {
        let rng = &mut stream(seed, 5, 0);
        let kernels: [&[f64]; 4] = [&[1.0, 2.0, 1.0], &[1.0, 1.0], &[1.0, -1.0], &[1.0, 3.0, 5.0, 3.0, 1.0]];
        let kernel = kernels[seed as usize % 4];
        let n = rng.random_range(16..=30);
        let boundary = [Boundary::Full, Boundary::Same, Boundary::Circular][rng.random_range(0..3)];
        let operator = Convolution::new(kernel, n, boundary).unwrap();
        let a = dense_form(&operator);
        let spikes = rng.random_range(2..=4);
        let support = random_support(rng, n, spikes);
        let heights: Vec<f64> = (0..spikes).map(|_| [1.0, 1.0, -1.0, 2.0][rng.random_range(0..4)]).collect();
        let mut y = product(&a, &support, &heights);
        if seed % 3 == 0 {
            y.iter_mut().zip(integers(rng, a.nrows(), 1)).for_each(|(y, e)| *y += 0.125 * e);
        }
        for k in 1..=spikes + 2 {
            check(&a, &y, k, false, &format!("{spikes} pulses, seed {seed}"));
        }
    }
    let operator = Convolution::new(&[1.0, 2.0, 1.0], 40, Boundary::Full).unwrap();
    let a = dense_form(&operator);
    let y = product(&a, &[7, 25], &[1.0, 1.0]);
    let solution = solve(&Problem::new(&operator, &y, 2).unwrap(), Lasso::default()).unwrap();
    assert_eq!((solution.support, solution.stop_reason), (vec![7, 25], StopReason::ExactFit));
}

#[test]
fn integer_matrices() {
    for seed in 0..120 {
        let rng = &mut stream(seed, 6, 0);
        let (m, n, bound) = (rng.random_range(2..=10), rng.random_range(2..=14), rng.random_range(1..=3));
        let entries = integers(rng, m * n, bound);
        let a = Mat::from_fn(m, n, |i, j| entries[j * m + i]);
        let y = integers(rng, m, 4);
        for k in 1..=m.min(n) {
            check(&a, &y, k, false, &format!("integers to {bound}, seed {seed}"));
        }
    }
}

#[test]
fn continuous_data_has_no_ties() {
    for seed in 0..40 {
        let rng = &mut stream(seed, 7, 0);
        let (m, n) = (rng.random_range(3..=12), rng.random_range(3..=20));
        let a = gaussian_matrix::<f64>(rng, m, n);
        let y: Vec<f64> = normal_vector(rng, m);
        for k in 1..=m.min(n).min(8) {
            check(&a, &y, k, true, &format!("continuous, seed {seed}"));
        }
    }
}
