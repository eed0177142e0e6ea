//! Paths: against all supports, forward selection and neighbours, each from its definition.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use faer::Mat;
use proptest::prelude::*;
use sparsea::generate::{normal_vector, stream};
use sparsea::{
    Convolution, DenseOperator, Error, Interrupt, Memory, NonNegative, Partition, Problem, Scalar, Solution,
    SparsityPath, StopReason,
};

use crate::common::{
    C, KINDS, Kind, all_supports, assert_close, every_problem, matrix, norm, observed, product, svd_fit,
};

fn path<T: Scalar>(a: &Mat<T>, y: &[T], largest: usize) -> Vec<Solution<T>> {
    let operator = DenseOperator::new(a.as_ref());
    SparsityPath::new(&Problem::new(&operator, y, largest).unwrap()).solve().unwrap()
}

/// Neighbouring columns that correlate at ρ.
fn autoregressive(m: usize, n: usize, rho: f64, seed: u64) -> Mat<f64> {
    let mut a = matrix::<f64>(Kind::Gaussian, m, n, seed);
    for j in 1..n {
        for i in 0..m {
            a[(i, j)] = rho * a[(i, j - 1)] + (1.0 - rho * rho).sqrt() * a[(i, j)];
        }
    }
    a
}

/// ‖r‖ after 1 … K columns, each the one that lowers it most.
fn forward_selection<T: Scalar>(a: &Mat<T>, y: &[T], largest: usize) -> Vec<f64> {
    let mut support: Vec<usize> = vec![];
    (0..largest)
        .map(|_| {
            let with = |j: usize| svd_fit(a, y, &[&support[..], &[j]].concat()).1;
            let outside = (0..a.ncols()).filter(|j| !support.contains(j));
            let (best, norm) = outside.map(|j| (j, with(j))).min_by(|a, b| a.1.total_cmp(&b.1)).unwrap();
            support.push(best);
            norm
        })
        .collect()
}

fn finds_the_best_of_all<T: Scalar>() {
    let (mut best, mut all) = (0, 0);
    for seed in 0..60 {
        let (m, n, largest) = [(14, 9, 6), (20, 10, 5), (9, 12, 4)][seed as usize % 3];
        let kind = KINDS[seed as usize / 3 % 2];
        let a = matrix::<T>(kind, m, n, 100 + seed);
        let y: Vec<T> =
            if seed % 2 == 0 { normal_vector(&mut stream(seed, 5, 0), m) } else { observed(&a, largest - 1, seed) };
        let greedy = forward_selection(&a, &y, largest);
        for (solution, k) in path(&a, &y, largest).iter().zip(1..) {
            let optimum = all_supports(n, k).iter().map(|s| svd_fit(&a, &y, s).1).fold(f64::INFINITY, f64::min);
            assert!(solution.residual_norm >= optimum * (1.0 - 1e-9), "{kind:?} seed {seed} k {k}");
            assert!(solution.residual_norm <= greedy[k - 1] * (1.0 + 1e-9), "{kind:?} seed {seed} k {k}");
            best += usize::from(solution.residual_norm <= optimum * (1.0 + 1e-9));
            all += 1;
        }
    }
    assert!(best * 100 >= all * 95, "{best} of {all}");
}

#[test]
fn it_is_nearly_always_the_best_of_all_and_never_worse_than_forward_selection() {
    finds_the_best_of_all::<f64>();
    finds_the_best_of_all::<C>();
}

/// No exchange, no column more than S_{k−1} has, and no column less than S_{k+1} has leads to less.
fn agrees_with_neighbours<T: Scalar>(a: &Mat<T>, y: &[T], path: &[Solution<T>]) {
    let n = a.ncols();
    let rss = |support: &[usize]| svd_fit(a, y, support).1;
    for (at, solution) in path.iter().enumerate() {
        let bound = solution.residual_norm * (1.0 - 1e-7) - 1e-9 * norm(y);
        let outside = |s: &Solution<T>| (0..n).filter(|j| !s.support.contains(j)).collect::<Vec<_>>();
        for place in 0..solution.support.len() {
            for j in outside(solution) {
                let mut exchanged = solution.support.clone();
                exchanged[place] = j;
                assert!(rss(&exchanged) >= bound, "k {} exchange", at + 1);
            }
        }
        if at > 0 {
            for j in outside(&path[at - 1]) {
                assert!(rss(&[&path[at - 1].support[..], &[j]].concat()) >= bound, "k {} from below", at + 1);
            }
        }
        if let Some(above) = path.get(at + 1).filter(|above| above.support.len() == at + 2) {
            for place in 0..above.support.len() {
                let mut fewer = above.support.clone();
                fewer.remove(place);
                assert!(rss(&fewer) >= bound, "k {} from above", at + 1);
            }
        }
    }
}

#[test]
fn no_neighbour_knows_better() {
    for seed in 0..6 {
        let (real, complex) = (autoregressive(30, 20, 0.9, seed), matrix::<C>(Kind::Coherent, 24, 16, seed));
        let (y, z) = (observed(&real, 8, seed), observed(&complex, 6, seed));
        agrees_with_neighbours(&real, &y, &path(&real, &y, 10));
        agrees_with_neighbours(&complex, &z, &path(&complex, &z, 8));
    }
}

#[test]
fn coefficients_are_least_squares_in_every_form() {
    let a = matrix::<f64>(Kind::Coherent, 30, 24, 3);
    let y = observed(&a, 6, 3);
    let expected = path(&a, &y, 8);
    every_problem(&a, &y, 8, |form, problem| {
        let found = SparsityPath::new(problem).solve().unwrap();
        assert_eq!(found.len(), 8);
        for (solution, expected) in found.iter().zip(&expected) {
            assert_eq!(solution.support, expected.support, "{form}");
            let (x, residual_norm, _) = svd_fit(&a, &y, &solution.support);
            assert_close(&solution.coefficients, &x, 1e-9, form);
            assert!((solution.residual_norm - residual_norm).abs() <= 1e-9 * residual_norm, "{form}");
        }
    });
}

#[test]
fn a_convolution_has_a_path_too() {
    let blur = Convolution::new(&[0.5, 1.0, 0.5], 60, sparsea::Boundary::Same).unwrap();
    let a = crate::common::dense_form(&blur);
    let y = product(&a, &[10, 30, 33], &[1.0, -2.0, 1.5]);
    let solutions = SparsityPath::new(&Problem::new(&blur, &y, 5).unwrap()).solve().unwrap();
    assert_eq!(solutions[2].support, [10, 30, 33]);
    assert_eq!(solutions[2].stop_reason, StopReason::ExactFit);
    assert_eq!(solutions[4].support, [10, 30, 33]);
}

#[test]
fn nothing_to_explain_and_dependent_columns() {
    let a = matrix::<f64>(Kind::Gaussian, 12, 8, 1);
    for solution in path(&a, &[0.0; 12], 4) {
        assert!(solution.support.is_empty() && solution.residual_norm == 0.0);
    }
    // Rank 3: of more columns none explains anything.
    let low = Mat::from_fn(12, 8, |i, j| (0..3).map(|p| a[(i, p)] * ((p + 1) as f64 * j as f64).cos()).sum::<f64>());
    let y: Vec<f64> = normal_vector(&mut stream(1, 4, 0), 12);
    let solutions = path(&low, &y, 8);
    let all = svd_fit(&low, &y, &(0..8).collect::<Vec<_>>()).1;
    assert!(solutions.windows(2).all(|pair| pair[1].residual_norm <= pair[0].residual_norm));
    assert!((solutions[7].residual_norm - all).abs() <= 1e-8 * all);
    assert!(solutions[7].coefficients.iter().all(|x| x.abs() < 1e6));
    // The same column twice, and one of zeros.
    let twice = Mat::from_fn(12, 8, |i, j| if j == 5 { 0.0 } else { a[(i, j % 4)] });
    let solutions = path(&twice, &y, 8);
    assert!((solutions[7].residual_norm - svd_fit(&a, &y, &[0, 1, 2, 3]).1).abs() < 1e-9);
    assert!(solutions[7].support.iter().all(|&j| j < 4));
}

#[test]
fn units_do_not_matter() {
    let a = autoregressive(30, 20, 0.8, 2);
    let y = observed(&a, 6, 2);
    let scale = |j: usize| 10f64.powi([-6, 0, 6][j % 3]);
    let scaled = Mat::from_fn(30, 20, |i, j| a[(i, j)] * scale(j));
    let small: Vec<f64> = y.iter().map(|y| y * 1e-6).collect();
    for (found, expected) in path(&scaled, &small, 8).iter().zip(path(&a, &y, 8)) {
        assert_eq!(found.support, expected.support);
        for ((&j, x), z) in found.support.iter().zip(&found.coefficients).zip(&expected.coefficients) {
            assert!((x * scale(j) * 1e6 - z).abs() <= 1e-8 * z.abs());
        }
    }
}

#[test]
fn threads_do_not_matter() {
    // Large enough for products that are shared.
    let a = matrix::<f64>(Kind::Coherent, 1200, 900, 7);
    let y = observed(&a, 12, 7);
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| path(&a, &y, 6))
    };
    for (one, three) in on(1).iter().zip(on(3)) {
        assert_eq!(one.support, three.support);
        assert_eq!(one.coefficients, three.coefficients);
        assert_eq!(one.residual_norm.to_bits(), three.residual_norm.to_bits());
    }
}

#[test]
fn without_time_it_is_forward_selection() {
    let a = autoregressive(40, 30, 0.9, 4);
    let y = observed(&a, 10, 4);
    let operator = DenseOperator::new(a.as_ref());
    let problem = Problem::new(&operator, &y, 8).unwrap();
    let solutions = SparsityPath::new(&problem).time(Duration::ZERO).solve().unwrap();
    for (solution, expected) in solutions.iter().zip(forward_selection(&a, &y, 8)) {
        assert!((solution.residual_norm - expected).abs() <= 1e-9 * expected);
        assert_eq!(solution.stop_reason, StopReason::Time);
    }
}

#[test]
fn it_ends_when_told_to() {
    let a = matrix::<f64>(Kind::Gaussian, 300, 400, 5);
    let y: Vec<f64> = normal_vector(&mut stream(5, 4, 0), 300);
    let operator = DenseOperator::new(a.as_ref());
    let problem = Problem::new(&operator, &y, 60).unwrap();
    let soon = Interrupt::default().by(Instant::now() + Duration::from_millis(5));
    for interrupt in [Interrupt::new(Arc::new(AtomicBool::new(true))), soon] {
        let ended = SparsityPath::new(&problem).extra_work(usize::MAX).interrupt(interrupt).solve();
        assert!(matches!(ended, Err(Error::Stopped { .. })), "{ended:?}");
    }
}

#[test]
fn a_residual_that_is_small_enough_ends_the_exchanges() {
    let a = autoregressive(40, 30, 0.9, 6);
    let y = observed(&a, 6, 6);
    let operator = DenseOperator::new(a.as_ref());
    let problem = Problem::new(&operator, &y, 8).unwrap();
    for solution in SparsityPath::new(&problem).relative_residual(0.2).solve().unwrap() {
        let reached = solution.relative_residual <= 0.2;
        let expected = if reached { StopReason::RelativeResidual } else { StopReason::RelativeResidualMissed };
        assert_eq!(solution.stop_reason, expected);
    }
    let refused = SparsityPath::new(&problem).relative_residual(-1.0).solve().unwrap_err().to_string();
    assert_eq!(refused, "halt: the relative residual must be at least 0, got -1");
    let little = Memory { state: 100, ..Memory::default() };
    let refused = SparsityPath::new(&problem).memory(little).solve().unwrap_err();
    assert!(matches!(refused, Error::StateMemory { algorithm: "path", .. }), "{refused}");
}

#[test]
fn any_k_in_any_order() {
    let a = autoregressive(40, 30, 0.9, 9);
    let y = observed(&a, 6, 9);
    let operator = DenseOperator::new(a.as_ref());
    let problem = Problem::new(&operator, &y, 8).unwrap();
    let all = path(&a, &y, 8);
    let some = SparsityPath::new(&problem).sparsities(vec![5, 0, 8, 5, 1]).solve().unwrap();
    assert_eq!(some.len(), 5);
    for (solution, k) in some.iter().zip([5, 0, 8, 5, 1]) {
        if k == 0 {
            assert!(solution.support.is_empty());
            assert!((solution.residual_norm - norm(&y)).abs() <= 1e-12 * norm(&y));
        } else {
            assert_eq!(solution.support, all[k - 1].support);
            assert_eq!(solution.coefficients, all[k - 1].coefficients);
        }
    }
    assert!(SparsityPath::new(&problem).sparsities(vec![]).solve().unwrap().is_empty());
    let refused = SparsityPath::new(&problem).sparsities(vec![2, 9]).solve().unwrap_err().to_string();
    assert_eq!(refused, "a sparsity of the path must be at most that of the problem, got 9");
}

/// ‖r‖ of the best of all sets of k atoms, each of which is fitted by `fit`.
fn best_of_all(count: usize, k: usize, fit: impl Fn(&[usize]) -> f64) -> f64 {
    all_supports(count, k).iter().map(|atoms| fit(atoms)).fold(f64::INFINITY, f64::min)
}

#[test]
fn forms_without_one_tableau_have_a_path_of_runs() {
    let (mut best, mut all) = (0, 0);
    for seed in 0..12 {
        let a = autoregressive(20, 9, 0.8, 40 + seed);
        let operator = DenseOperator::new(a.as_ref());
        let sides: Vec<f64> = (0..3).flat_map(|b| observed(&a, 4, 100 * seed + b)).collect();
        let y = &sides[..20];
        let joint = Problem::joint(&operator, &sides, 3, 5).unwrap();
        let of_sides = |atoms: &[usize]| sides.chunks(20).map(|y| svd_fit(&a, y, atoms).1.powi(2)).sum::<f64>().sqrt();
        let labels = [0, 1, 2, 0, 1, 2, 3, 3, 4];
        let partition = Arc::new(Partition::new(&labels).unwrap());
        let grouped = Problem::new(&operator, y, 4).unwrap().with_groups(partition).unwrap();
        let of_groups = |atoms: &[usize]| {
            let columns: Vec<usize> = (0..9).filter(|&j| atoms.contains(&(labels[j] as usize))).collect();
            svd_fit(&a, y, &columns).1
        };
        let positive = Problem::new(&operator, y, 5).unwrap().with_domain(&NonNegative).unwrap();
        // The best non-negative fit is the least-squares fit on those of its columns that are not 0.
        let of_positive = |atoms: &[usize]| {
            let parts = (0..1usize << atoms.len()).map(|bits| {
                let part: Vec<usize> = (0..atoms.len()).filter(|at| bits >> at & 1 == 1).map(|at| atoms[at]).collect();
                let (x, norm, _) = svd_fit(&a, y, &part);
                if x.iter().all(|&x| x >= 0.0) { norm } else { f64::INFINITY }
            });
            parts.fold(f64::INFINITY, f64::min)
        };
        let mut check = |problem: &Problem<'_, f64>, atoms: usize, fit: &dyn Fn(&[usize]) -> f64, form: &str| {
            let found = SparsityPath::new(problem).solve().unwrap();
            assert_eq!(found.len(), problem.sparsity(), "{form}");
            let mut before = f64::INFINITY;
            for (solution, k) in found.iter().zip(1..) {
                let optimum = best_of_all(atoms, k, fit);
                assert!(solution.residual_norm >= optimum * (1.0 - 1e-9), "{form} seed {seed} k {k}");
                assert!(solution.residual_norm <= before, "{form} seed {seed} k {k}");
                before = solution.residual_norm;
                best += usize::from(solution.residual_norm <= optimum * (1.0 + 1e-9));
                all += 1;
            }
        };
        check(&joint, 9, &of_sides, "joint");
        check(&grouped, 5, &of_groups, "groups");
        check(&positive, 9, &of_positive, "non-negative");
    }
    assert!(best * 100 >= all * 99, "{best} of {all}");
}

#[test]
fn a_trace_in_windows_has_a_path_of_the_k_asked_for() {
    let pulse: Vec<f64> = (-9i32..=9).map(|t| (-f64::from(t * t) / 8.0).exp()).collect();
    let blur = Convolution::new(&pulse, 3000, sparsea::Boundary::Same).unwrap();
    let places: Vec<usize> = (0..60).map(|at| 20 + 49 * at + (at * at) % 13).collect();
    let sizes: Vec<f64> = normal_vector::<f64>(&mut stream(3, 0, 0), 60).iter().map(|u| u + u.signum()).collect();
    let mut y = vec![0.0; 3000];
    for (&place, size) in places.iter().zip(&sizes) {
        for (at, value) in pulse.iter().enumerate() {
            if let Some(y) = (place + at).checked_sub(9).and_then(|row| y.get_mut(row)) {
                *y += size * value;
            }
        }
    }
    let problem = Problem::new(&blur, &y, 70).unwrap();
    let found = SparsityPath::new(&problem).sparsities(vec![70, 30, 60]).solve().unwrap();
    assert_eq!(found[2].support, places);
    assert_eq!(found[0].support, places);
    // Apart, the largest spikes explain most.
    let mut order: Vec<usize> = (0..60).collect();
    order.sort_by(|&a, &b| sizes[b].abs().total_cmp(&sizes[a].abs()));
    let mut largest: Vec<usize> = order[..30].iter().map(|&at| places[at]).collect();
    largest.sort_unstable();
    assert_eq!(found[1].support, largest);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    /// ‖r‖ never rises, is that of the coefficients, and supports are sorted and no larger than k, whatever the matrix.
    #[test]
    fn a_path_is_sound(
        m in 2usize..16,
        n in 1usize..14,
        seed in 0u64..1000,
        copies in 1usize..5,
        exponent in -9i32..9,
    ) {
        let base = matrix::<f64>(Kind::Gaussian, m, n, seed);
        // Copies of columns, nearly, and of any size.
        let a = Mat::from_fn(m, n, |i, j| {
            base[(i, j % copies.min(n))] * 10f64.powi(exponent * (j % 2) as i32) + 1e-7 * base[(i, j)]
        });
        let y: Vec<f64> = normal_vector(&mut stream(seed, 4, 0), m);
        let largest = m.min(n);
        let mut before = norm(&y) * (1.0 + 1e-12);
        for (solution, k) in path(&a, &y, largest).iter().zip(1..) {
            prop_assert!(solution.support.len() <= k && solution.support.is_sorted());
            let image = product(&a, &solution.support, &solution.coefficients);
            let rest: Vec<f64> = y.iter().zip(image).map(|(y, z)| y - z).collect();
            prop_assert!((norm(&rest) - solution.residual_norm).abs() <= 1e-9 * norm(&y));
            prop_assert!(solution.residual_norm <= before);
            before = solution.residual_norm;
        }
    }
}
