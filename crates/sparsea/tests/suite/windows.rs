//! Search window by window: long traces of every kind against the truth, short ones against the whole, any time, any thread.

use std::ops::ControlFlow;

use faer::Mat;
use faer::sparse::{SparseColMat, Triplet};
use num_complex::Complex;
use rand::RngExt;
use sparsea::algorithms::default_for;
use sparsea::generate::{normal_vector, random_support, stream};
use sparsea::operator::pulse;
use sparsea::{
    Boundary, Convolution, DenseOperator, Halt, LinearMap, Progress, Run, Scalar, Search, Solution, SparseOperator,
    Start, StopReason, Structure, improve,
};

use sparsea::Problem;

use crate::common::dense_form;

/// Spikes ±[1, 2] at random places, with noise relative to the trace.
fn spikes<T: Scalar>(blur: &Convolution<T>, n: usize, k: usize, noise: f64, seed: u64) -> (Vec<usize>, Vec<T>) {
    let mut rng = stream(seed, 51, 0);
    let support = random_support(&mut rng, n, k);
    let sign = |negative: bool| if negative { -1.0 } else { 1.0 };
    let values: Vec<T> =
        support.iter().map(|_| T::from_real(sign(rng.random()) * rng.random_range(1.0..2.0))).collect();
    let access = sparsea::Access::new(blur);
    let mut y = vec![T::ZERO; access.nrows()];
    access.apply_sparse(&support, &values, &mut y);
    if noise > 0.0 {
        let e: Vec<T> = normal_vector(&mut rng, y.len());
        let size = |v: &[T]| v.iter().map(|v| v.abs2()).sum::<f64>().sqrt();
        let factor = noise * size(&y) / size(&e);
        y.iter_mut().zip(e).for_each(|(y, e)| *y += e.scale(factor));
    }
    (support, y)
}

/// The fit on a support.
fn fit<T: Scalar>(problem: &Problem<'_, T>, support: &[usize]) -> Solution<T> {
    Run::new(problem, sparsea::Omp::default()).start(Start::Support(support.to_vec())).solve().unwrap()
}

#[test]
fn long_traces_without_noise_are_exact() {
    let ricker: Vec<f64> =
        (-20..=20).map(|t| (f64::from(t) / 3.0).powi(2)).map(|u| (1.0 - u) * (-u / 2.0).exp()).collect();
    let gaussian = pulse::gaussian(3.0).unwrap();
    let kernels = [("gaussian", gaussian), ("ricker", ricker), ("exponential", pulse::exponential(6.0).unwrap())];
    for (name, kernel) in kernels {
        for boundary in [Boundary::Full, Boundary::Same, Boundary::Valid, Boundary::Circular] {
            let (n, k) = (3000, 90);
            let blur = Convolution::new(&kernel, n, boundary).unwrap();
            assert_eq!(default_for(&blur, k), "search");
            // Spikes that are hardly seen at the ends are nobody's.
            let (support, y) = spikes(&blur, n, k, 0.0, 3);
            let problem = Problem::new(&blur, &y, k).unwrap();
            let solution = improve(&problem, Start::Zero).unwrap();
            let missed = support.iter().filter(|j| !solution.support.contains(j)).count();
            // Cut off at an end, columns of an exponential are parallel, and others nearly so.
            let cut = boundary == Boundary::Valid || (boundary == Boundary::Same && name == "exponential");
            assert!(missed <= if cut { 8 } else { 0 }, "{name} {boundary:?}: {missed} missed");
            assert_eq!(solution.algorithm, "search");
            assert!(solution.relative_residual < 1e-8, "{name} {boundary:?}: {}", solution.relative_residual);
            assert!(cut || solution.stop_reason == StopReason::ExactFit);
        }
    }
}

#[test]
fn complex_traces_too() {
    let kernel: Vec<Complex<f64>> = pulse::gaussian(3.0)
        .unwrap()
        .iter()
        .enumerate()
        .map(|(t, &h)| Complex::from_polar(h, 0.3 * t as f64))
        .collect();
    let (n, k) = (3000, 100);
    let blur = Convolution::new(&kernel, n, Boundary::Same).unwrap();
    let (support, y) = spikes(&blur, n, k, 0.0, 5);
    let problem = Problem::new(&blur, &y, k).unwrap();
    assert_eq!(improve(&problem, Start::Zero).unwrap().support, support);
}

/// Residuals of the whole trace hide failures: under one price for each spike, each part between gaps is as good as the truth's own fit
/// there.
#[test]
fn long_traces_with_noise_are_at_the_limit_in_every_segment() {
    let (n, k, sigma) = (12_000, 480, 3.0);
    let blur = Convolution::new(&pulse::gaussian(sigma).unwrap(), n, Boundary::Full).unwrap();
    let access = sparsea::Access::new(&blur);
    let (mut segments, mut worse) = (0, 0);
    for seed in 0..3 {
        let (support, y) = spikes(&blur, n, k, 0.02, seed);
        let problem = Problem::new(&blur, &y, k).unwrap();
        let (found, truth) = (improve(&problem, Start::Zero).unwrap(), fit(&problem, &support));
        assert!(found.residual_norm <= truth.residual_norm);
        assert_eq!(found.support.len(), k);
        let residual = |solution: &Solution<f64>| {
            let mut image = vec![0.0; y.len()];
            access.apply_sparse(&solution.support, &solution.coefficients, &mut image);
            image.iter().zip(&y).map(|(z, y)| y - z).collect::<Vec<f64>>()
        };
        let (ours, theirs) = (residual(&found), residual(&truth));
        let mut union: Vec<usize> = found.support.iter().chain(&truth.support).copied().collect();
        union.sort_unstable();
        union.dedup();
        // Of each segment, what the truth's energy has above ours, and how many spikes it has less.
        let parts: Vec<(f64, f64)> = union
            .chunk_by(|a, b| (b - a) as f64 <= 12.0 * sigma)
            .map(|part| {
                let (from, to) = (part[0], part[part.len() - 1]);
                // 6 σ around the pulses' peaks, so that rows of one segment are not of another.
                let rows = from + 24 - 18..(to + 24 + 18).min(y.len());
                let energy = |r: &[f64]| r[rows.clone()].iter().map(|r| r * r).sum::<f64>();
                let count = |s: &[usize]| s.iter().filter(|j| (from..=to).contains(j)).count() as f64;
                (energy(&theirs) - energy(&ours), count(&truth.support) - count(&found.support))
            })
            .collect();
        segments += parts.len();
        // The multiplier of |S| = k is not known from outside: the one that speaks best for the answer.
        let square = truth.residual_norm.powi(2) / y.len() as f64;
        let failing =
            |price: f64| parts.iter().filter(|(energy, count)| energy + price * count < -1e-9 * square).count();
        worse += (0..60).map(|step| failing(square * 1.15f64.powi(step))).min().unwrap();
    }
    assert!(segments > 300 && worse <= 2, "{worse} of {segments}");
}

/// The dense form of a short convolution is searched as a whole; windows find the same.
#[test]
fn windows_find_what_the_whole_finds() {
    let (n, k, mut differ) = (300, 10, 0);
    let blur = Convolution::new(&pulse::gaussian(2.0).unwrap(), n, Boundary::Same).unwrap();
    let matrix: Mat<f64> = dense_form(&blur);
    let dense = DenseOperator::new(matrix.as_ref());
    for seed in 0..60 {
        let (_, y) = spikes(&blur, n, k, if seed % 2 == 0 { 0.0 } else { 0.02 }, seed);
        let search = |problem: &Problem<'_, f64>| {
            Run::new(problem, Search::default()).halt(Halt::Iterations(100)).solve().unwrap()
        };
        let windows = search(&Problem::new(&blur, &y, k).unwrap());
        let whole = search(&Problem::new(&dense, &y, k).unwrap());
        let rounding = 1e-9 * whole.residual_norm.max(1e-6);
        assert!(windows.residual_norm <= whole.residual_norm * (1.0 + 1e-3) + rounding, "{seed}");
        differ += usize::from((windows.residual_norm - whole.residual_norm).abs() > rounding);
    }
    assert!(differ <= 1, "{differ} of 60");
}

/// Wherever a run is stopped, what it has is a support of at most k columns, no worse than what it had before.
#[test]
fn it_can_be_stopped_at_any_time() {
    let (n, k) = (20_000, 800);
    let blur = Convolution::new(&pulse::gaussian(3.0).unwrap(), n, Boundary::Full).unwrap();
    let (_, y) = spikes(&blur, n, k, 0.02, 9);
    let problem = Problem::new(&blur, &y, k).unwrap();
    let mut before = f64::INFINITY;
    for passes in [0, 1, 2, 3, 5, 9, 14] {
        let mut last = f64::INFINITY;
        let mut watch = |progress: &Progress<'_>| {
            assert!(progress.best_residual_norm <= last);
            last = progress.best_residual_norm;
            ControlFlow::Continue(())
        };
        let solution =
            Run::new(&problem, Search::default()).halt(Halt::Iterations(passes)).observe(&mut watch).solve().unwrap();
        assert!(solution.support.len() <= k && solution.support.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(solution.residual_norm <= before * (1.0 + 1e-12), "{passes}");
        before = solution.residual_norm;
    }
    let rng = &mut stream(1, 52, 0);
    for _ in 0..5 {
        let time = std::time::Duration::from_micros(rng.random_range(1..60_000));
        let solution = Run::new(&problem, Search::default()).halt(Halt::Time(time)).solve().unwrap();
        assert!(solution.support.len() <= k && solution.residual_norm <= problem.data_norm());
    }
}

#[test]
fn threads_change_no_bit() {
    let (n, k) = (20_000, 800);
    let blur = Convolution::new(&pulse::gaussian(3.0).unwrap(), n, Boundary::Circular).unwrap();
    let (_, y) = spikes(&blur, n, k, 0.02, 11);
    let problem = Problem::new(&blur, &y, k).unwrap();
    let solve = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let solution = pool.install(|| improve(&problem, Start::Zero).unwrap());
        (solution.support, solution.coefficients, solution.residual_norm)
    };
    let one = solve(1);
    assert_eq!(one, solve(2));
    assert_eq!(one, solve(7));
}

/// Chunks of windows end wherever the trace does.
#[test]
fn threads_change_no_bit_of_traces_of_any_length() {
    let boundaries = [Boundary::Full, Boundary::Same, Boundary::Valid, Boundary::Circular];
    for seed in 0..24 {
        let mut rng = stream(seed, 52, 0);
        let n = rng.random_range(600..9000);
        let kernel = match seed % 3 {
            0 => pulse::gaussian(rng.random_range(0.6..4.0)).unwrap(),
            1 => pulse::exponential(rng.random_range(2.0..9.0)).unwrap(),
            _ => (0..rng.random_range(2..40)).map(|_| rng.random_range(-1.0..1.0)).collect(),
        };
        let boundary = boundaries[rng.random_range(0..4)];
        let blur = Convolution::new(&kernel, n, boundary).unwrap();
        let k = n / 40;
        let (_, y) = spikes(&blur, n, k, 0.02, seed);
        let problem = Problem::new(&blur, &y, k).unwrap();
        let solve = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let run = || Run::new(&problem, Search::default()).halt(Halt::Iterations(12)).solve().unwrap();
            let solution = pool.install(run);
            (solution.support, solution.coefficients)
        };
        assert_eq!(solve(1), solve(3), "{seed} {boundary:?} n = {n}");
    }
}

/// Whatever the unit of y or of the kernel.
#[test]
fn units_change_nothing() {
    let (n, k) = (3000, 120);
    let kernel = pulse::gaussian(3.0).unwrap();
    let solve = |kernel_unit: f64, data_unit: f64, keep: bool| {
        let blur = Convolution::new(&kernel, n, Boundary::Full).unwrap();
        let (_, y) = spikes(&blur, n, k, 0.02, 15);
        let scaled: Vec<f64> = kernel.iter().map(|h| h * kernel_unit).collect();
        let blur = Convolution::new(&scaled, n, Boundary::Full).unwrap();
        let y: Vec<f64> = y.iter().map(|y| y * data_unit).collect();
        let problem = Problem::new(&blur, &y, k).unwrap();
        let problem = if keep { problem.keep_columns() } else { problem };
        improve(&problem, Start::Zero).unwrap().support
    };
    let plain = solve(1.0, 1.0, false);
    for (kernel_unit, data_unit) in [(1.0, 2f64.powi(-300)), (1.0, 2f64.powi(300)), (2f64.powi(-100), 2f64.powi(150))] {
        assert_eq!(plain, solve(kernel_unit, data_unit, false));
        // All columns of a full convolution are equally long.
        assert_eq!(plain, solve(kernel_unit, data_unit, true));
    }
}

/// An answer is improved from where it is, and the truth of a noisy trace at least kept.
#[test]
fn starts_are_kept_or_improved() {
    let (n, k) = (5000, 250);
    let blur = Convolution::new(&pulse::gaussian(3.0).unwrap(), n, Boundary::Full).unwrap();
    let (support, y) = spikes(&blur, n, k, 0.05, 13);
    let problem = Problem::new(&blur, &y, k).unwrap();
    let truth = fit(&problem, &support);
    let improved = improve(&problem, Start::Support(support)).unwrap();
    assert!(improved.residual_norm <= truth.residual_norm);
    let alone = improve(&problem, Start::Zero).unwrap();
    assert!(alone.residual_norm <= truth.residual_norm);
}

/// Pulses whose width drifts along the trace, `per_row` of them to a sample, as a sparse matrix.
fn drifting<T: Scalar>(n: usize, per_row: usize) -> SparseColMat<usize, T> {
    let rows = n / per_row + 60;
    let mut entries = vec![];
    for j in 0..n {
        let (sigma, centre) = (2.5 + 1.5 * j as f64 / n as f64, 30.0 + j as f64 / per_row as f64);
        let reach = (6.0 * sigma).round() as usize;
        let middle = centre.round() as usize;
        for i in middle - reach..=middle + reach {
            let height = (-0.5 * ((i as f64 - centre) / sigma).powi(2)).exp();
            let phase = Complex::from_polar(height, 0.2 * (i as f64 - centre));
            entries.push(Triplet::new(i, j, T::from_complex(phase)));
        }
    }
    SparseColMat::try_new_from_triplets(rows, n, &entries).unwrap()
}

fn found<T: Scalar>(operator: &dyn LinearMap<T>, spacing: usize, seed: u64) -> Solution<T> {
    let n = operator.shape().1;
    let k = n / spacing;
    let mut rng = stream(seed, 53, 0);
    // Not so near each other that rounding hides which they are.
    let support: Vec<usize> = (0..k).map(|i| i * spacing + rng.random_range(0..spacing * 2 / 3)).collect();
    let values: Vec<T> = (0..k).map(|_| T::from_real(rng.random_range(1.0..2.0))).collect();
    let mut y = vec![T::ZERO; operator.shape().0];
    sparsea::Access::new(operator).apply_sparse(&support, &values, &mut y);
    let problem = Problem::new(operator, &y, k).unwrap();
    let solution = improve(&problem, Start::Zero).unwrap();
    assert_eq!(solution.support, support);
    assert_eq!(solution.stop_reason, StopReason::ExactFit);
    solution
}

/// The matrix of a convolution, and columns that are no copies of each other.
#[test]
fn matrices_in_a_band_are_searched_in_windows() {
    let kernel = pulse::gaussian(3.0).unwrap();
    for boundary in [Boundary::Full, Boundary::Same] {
        let blur = Convolution::new(&kernel, 2500, boundary).unwrap();
        let dense = dense_form(&blur);
        let mut entries = vec![];
        for j in 0..dense.ncols() {
            let stored = dense.col(j).iter().enumerate().filter(|(_, v)| **v != 0.0);
            entries.extend(stored.map(|(i, &v)| Triplet::new(i, j, v)));
        }
        let matrix = SparseColMat::try_new_from_triplets(dense.nrows(), dense.ncols(), &entries).unwrap();
        let sparse = SparseOperator::owned(matrix);
        let by_rows: Vec<f64> =
            (0..dense.nrows()).flat_map(|i| dense.row(i).iter().copied().collect::<Vec<_>>()).collect();
        let by_rows = DenseOperator::from_row_major(&by_rows, dense.nrows(), dense.ncols()).unwrap();
        let by_columns = DenseOperator::new(dense.as_ref());
        let expected = found(&blur, 30, 1).support;
        for operator in [&sparse as &dyn LinearMap<f64>, &by_columns, &by_rows] {
            assert!(matches!(operator.structure(), Structure::Local(_)));
            assert_eq!(found(operator, 30, 1).support, expected);
        }
    }
    found::<f64>(&SparseOperator::owned(drifting(4000, 1)), 40, 2);
    found::<Complex<f64>>(&SparseOperator::owned(drifting(4000, 1)), 40, 3);
    found::<f64>(&SparseOperator::owned(drifting(6000, 2)), 80, 4);
}

#[test]
fn threads_change_no_bit_of_sparse_traces() {
    let sparse = SparseOperator::owned(drifting::<f64>(9000, 2));
    let bits = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let solution = pool.install(|| found(&sparse, 70, 6));
        let bits: Vec<u64> = solution.coefficients.iter().map(|x| x.to_bits()).collect();
        (solution.support, bits)
    };
    let one = bits(1);
    assert!([2, 3].iter().all(|&threads| bits(threads) == one));
}
