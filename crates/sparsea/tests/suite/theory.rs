//! Coherence and restricted isometry constants by another route, and the theorem on SEA as a test.

use std::ops::ControlFlow;

use crate::common::{C, KINDS, Kind, adjoint_product, all_supports, matrix, norm, normalized, product, svd_fit};
use faer::Mat;
use proptest::prelude::*;
use rand::RngExt;
use sparsea::generate::{Amplitudes, normal_vector, random_amplitudes, random_support, stream};
use sparsea::operator::pulse;
use sparsea::theory::{Condition, coherence, exact_recovery_coefficient};
use sparsea::{
    Access, Boundary, Convolution, DenseOperator, Error, Halt, Omp, Problem, Progress, Recovery, Run, Scalar, Sea,
    Signal, Start, Verdict, restricted_isometry,
};

/// Enough for every order of a dozen columns.
const PLENTY: f64 = 1e9;
const ROUNDING: f64 = 1e-11;

/// |⟨a_i, a_j⟩| of unit columns.
fn moduli<T: Scalar>(a: &Mat<T>) -> Vec<Vec<f64>> {
    let unit = normalized(a);
    let column = |j: usize| -> Vec<T> { (0..a.nrows()).map(|i| unit[(i, j)]).collect() };
    (0..a.ncols()).map(|j| adjoint_product(&unit, &column(j)).iter().map(|v| Scalar::abs(*v)).collect()).collect()
}

/// δ_s by the singular values of every submatrix.
fn isometry_constant<T: Scalar>(a: &Mat<T>, s: usize) -> f64 {
    let unit = normalized(a);
    let deviation = |support: &Vec<usize>| {
        let sub = Mat::from_fn(a.nrows(), s, |i, c| unit[(i, support[c])]);
        let sigma = sub.singular_values().unwrap();
        let smallest = if s > a.nrows() { 0.0 } else { sigma[s - 1] };
        (sigma[0] * sigma[0] - 1.0).max(1.0 - smallest * smallest)
    };
    all_supports(a.ncols(), s).iter().map(deviation).fold(0.0, f64::max)
}

#[test]
fn the_coherence_of_the_gaussian_filter_is_known() {
    for (n, boundary) in [(200, Boundary::Full), (61, Boundary::Circular)] {
        let blur = Convolution::new(&pulse::gaussian(3.0).unwrap(), n, boundary).unwrap();
        let found = coherence(&blur, 2).unwrap();
        assert!((found.mutual - (-1.0f64 / 36.0).exp()).abs() < 1e-12, "{boundary:?} {found:?}");
        let (i, j) = found.pair.unwrap();
        assert!(j == i + 1 || (i, j) == (0, n - 1), "{found:?}");
        assert!((found.babel[1] - 2.0 * found.mutual).abs() < 1e-12);
    }
}

fn coherence_and_babel_are_those_of_the_definition<T: Scalar>() {
    for kind in KINDS {
        for seed in 0..4 {
            let a = matrix::<T>(kind, 8, 8, seed);
            let moduli = moduli(&a);
            let found = coherence(&DenseOperator::new(a.as_ref()), 9).unwrap();
            let (i, j) = found.pair.unwrap();
            assert!((moduli[i][j] - found.mutual).abs() < 1e-12 && i < j);
            for p in 1..=9 {
                let supports = all_supports(8, p.min(7));
                let sum = |i: usize, support: &Vec<usize>| support.iter().map(|&j| moduli[i][j]).sum::<f64>();
                let largest = (0..8)
                    .flat_map(|i| supports.iter().filter(move |support| !support.contains(&i)).map(move |s| (i, s)))
                    .map(|(i, support)| sum(i, support))
                    .fold(0.0, f64::max);
                assert!((found.babel[p - 1] - largest).abs() < 1e-12, "{kind:?} {seed} {p}");
            }
        }
    }
    // Gram columns in many blocks.
    let a = matrix::<T>(Kind::Gaussian, 5, 1500, 1);
    let found = coherence(&DenseOperator::new(a.as_ref()), 3).unwrap();
    let moduli = moduli(&a);
    let largest = (0..1500).flat_map(|i| (0..i).map(move |j| (i, j))).map(|(i, j)| moduli[i][j]).fold(0.0, f64::max);
    assert!((found.mutual - largest).abs() < 1e-12);
}

#[test]
fn coherence_is_that_of_the_definition() {
    coherence_and_babel_are_those_of_the_definition::<f64>();
    coherence_and_babel_are_those_of_the_definition::<C>();
}

fn exact_recovery_coefficients_are_those_of_the_definition<T: Scalar>() {
    let mut below = 0;
    for kind in KINDS {
        for seed in 0..12 {
            let (m, n, k) = [(12, 14, 3), (30, 20, 2), (40, 20, 4)][seed as usize % 3];
            let a = normalized(&matrix::<T>(kind, if kind == Kind::Convolution { n } else { m }, n, seed));
            let support = random_support(&mut stream(seed, 21, 0), n, k);
            let operator = DenseOperator::new(a.as_ref());
            let found = exact_recovery_coefficient(&operator, &support).unwrap();
            let sum_of = |i: usize| {
                let column: Vec<T> = (0..a.nrows()).map(|r| a[(r, i)]).collect();
                svd_fit(&a, &column, &support).0.iter().map(|v| Scalar::abs(*v)).sum::<f64>()
            };
            let largest = (0..n).filter(|i| !support.contains(i)).map(sum_of).fold(0.0, f64::max);
            assert!((found - largest).abs() <= 1e-9 * largest.max(1.0), "{kind:?} {seed}: {found} {largest}");
            let babel = coherence(&operator, k).unwrap().babel;
            if babel[k - 2] < 1.0 {
                assert!(found <= babel[k - 1] / (1.0 - babel[k - 2]) + ROUNDING);
            }
            if found < 1.0 {
                // Tropp's theorem: OMP finds S whatever the coefficients.
                below += 1;
                let y = product(&a, &support, &normal_vector::<T>(&mut stream(seed, 22, 0), k));
                let problem = Problem::new(&operator, &y, k).unwrap();
                assert_eq!(sparsea::solve(&problem, Omp::default()).unwrap().support, support, "{kind:?} {seed}");
            }
        }
    }
    assert!(below > 5, "{below}");
}

#[test]
fn exact_recovery_coefficient_is_that_of_the_definition() {
    exact_recovery_coefficients_are_those_of_the_definition::<f64>();
    exact_recovery_coefficients_are_those_of_the_definition::<C>();
    let a = Mat::from_fn(2, 3, |i, j| [[1.0, 1.0, 0.0], [0.0, 0.0, 2.0]][i][j]);
    let operator = DenseOperator::new(a.as_ref());
    assert_eq!(exact_recovery_coefficient(&operator, &[0, 1]), Ok(f64::INFINITY));
    assert_eq!(exact_recovery_coefficient(&operator, &[0]), Ok(1.0));
    assert_eq!(exact_recovery_coefficient(&operator, &[2, 0, 1]), Ok(f64::INFINITY));
    assert_eq!(exact_recovery_coefficient(&operator, &[]), Ok(0.0));
    assert!(matches!(exact_recovery_coefficient(&operator, &[3]), Err(Error::SupportIndex { .. })));
}

fn enumeration_agrees_with_singular_values<T: Scalar>() {
    for kind in KINDS {
        for (seed, (m, n)) in [(9, 9), (6, 10), (14, 10), (30, 9)].into_iter().enumerate() {
            let mut a = matrix::<T>(kind, if kind == Kind::Convolution { n } else { m }, n, seed as u64);
            // The scale of columns does not matter.
            a.col_iter_mut().enumerate().for_each(|(j, column)| {
                column.iter_mut().for_each(|v| *v = v.scale(10f64.powi(j as i32 % 5 - 2)));
            });
            let found = restricted_isometry(&DenseOperator::new(a.as_ref()), n + 3, PLENTY).unwrap();
            assert_eq!(found.constants().len(), n);
            for s in 1..=n {
                let (expected, interval) = (isometry_constant(&a, s), found.constant(s));
                assert!(interval.is_exact(), "{kind:?} {m} × {n}, {s}: {interval}");
                assert!((interval.lower - expected).abs() < ROUNDING, "{kind:?} {m} × {n}, {s}: {interval} {expected}");
            }
            assert_eq!(found.constant(n + 3), found.constant(n));
        }
    }
}

/// Enough columns for most supports to be passed over.
#[test]
fn pruning_misses_nothing() {
    for (seed, (kind, m, s)) in
        [(Kind::Gaussian, 60, 5), (Kind::Gaussian, 12, 4), (Kind::Coherent, 30, 4), (Kind::Convolution, 18, 5)]
            .into_iter()
            .enumerate()
    {
        let a = matrix::<f64>(kind, m, 18, 70 + seed as u64);
        let interval = restricted_isometry(&DenseOperator::new(a.as_ref()), s, PLENTY).unwrap().constant(s);
        let expected = isometry_constant(&a, s);
        assert!(interval.is_exact() && (interval.lower - expected).abs() < ROUNDING, "{kind:?}: {interval} {expected}");
    }
}

#[test]
fn restricted_isometry_agrees_with_singular_values() {
    enumeration_agrees_with_singular_values::<f64>();
    enumeration_agrees_with_singular_values::<C>();
}

/// Symmetric operators, where many supports are equally far from orthonormal, and one whose columns do not touch.
#[test]
fn ties_do_not_confuse_the_enumeration() {
    let circulant = Mat::from_fn(10, 10, |i, j| [1.0, 0.4, 0.1, 0.0, 0.0, 0.0, 0.0, 0.0, 0.1, 0.4][(10 + i - j) % 10]);
    let pairs = Mat::from_fn(10, 10, |i, j| match (i == j, i / 2 == j / 2) {
        (true, _) => 1.0,
        (_, true) => 0.5,
        _ => 0.0,
    });
    let equiangular = Mat::from_fn(4, 8, |i, j| if i == j % 4 { 3.0 } else { 1.0 - 2.0 * (j / 4) as f64 });
    for a in [circulant, pairs, equiangular, Mat::identity(8, 8)] {
        for s in 2..=7 {
            let interval = restricted_isometry(&DenseOperator::new(a.as_ref()), s, PLENTY).unwrap().constant(s);
            let expected = isometry_constant(&a, s);
            assert!(interval.is_exact() && (interval.lower - expected).abs() < ROUNDING, "{s}: {interval} {expected}");
        }
    }
}

fn bounds_contain<T: Scalar>(kind: Kind, m: usize, n: usize, seed: u64, work: f64) {
    let a = matrix::<T>(kind, if kind == Kind::Convolution { n } else { m }, n, seed);
    let found = restricted_isometry(&DenseOperator::new(a.as_ref()), n, work).unwrap();
    let mut before = 0.0;
    for s in 1..=n {
        let (expected, interval) = (isometry_constant(&a, s), found.constant(s));
        assert!(
            interval.lower <= expected + ROUNDING && expected <= interval.upper + ROUNDING,
            "{s}: {interval} {expected}"
        );
        assert!(interval.lower >= before, "monotone");
        before = interval.lower;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn bounds_always_contain_the_constant(
        kind in prop::sample::select(KINDS.to_vec()),
        m in 2usize..14,
        n in 1usize..9,
        seed in 0u64..1000,
        work in prop::sample::select(vec![0.0, 300.0, 3e3, 1e4, 1e5]),
    ) {
        let n = if kind == Kind::Convolution { n.max(2) } else { n };
        bounds_contain::<f64>(kind, m, n, seed, work);
        bounds_contain::<C>(kind, m, n, seed, work);
    }
}

#[test]
fn large_operators_get_bounds() {
    let blur = Convolution::new(&pulse::gaussian(3.0).unwrap(), 500, Boundary::Full).unwrap();
    let found = restricted_isometry(&blur, 7, 1e6).unwrap();
    // Seven neighbours, the worst support there is on the side of the large eigenvalues.
    let gram = Mat::from_fn(7, 7, |i, j| (-(i as f64 - j as f64).powi(2) / 36.0).exp());
    let expected = gram.self_adjoint_eigenvalues(faer::Side::Lower).unwrap()[6] - 1.0;
    assert!((found.constant(7).lower - expected).abs() < 1e-9, "{} {expected}", found.constant(7));
    assert!(found.constant(7).upper >= expected);
    let recovery = Recovery::from_constants(found, 3).unwrap();
    assert_eq!(recovery.possible(), Verdict::CannotApply);
    assert!(recovery.alpha().lower.is_infinite());
}

/// A square matrix near an orthonormal one, its columns then scaled.
fn nearly_orthonormal<T: Scalar>(n: usize, size: f64, seed: u64) -> (Mat<T>, Vec<f64>) {
    let basis = matrix::<T>(Kind::Gaussian, n, n, seed).qr().compute_thin_Q();
    let disturbance = matrix::<T>(Kind::Gaussian, n, n, seed + 1000);
    let unit = normalized(&Mat::from_fn(n, n, |i, j| basis[(i, j)] + disturbance[(i, j)].scale(size)));
    let mut rng = stream(seed, 31, 0);
    let scales: Vec<f64> = (0..n).map(|_| 10f64.powf(rng.random_range(-1.0..1.0))).collect();
    (Mat::from_fn(n, n, |i, j| unit[(i, j)].scale(scales[j])), scales)
}

/// How the bounds of the theorem compare with what happened.
#[derive(Debug, Default)]
struct Tally {
    runs: usize,
    noisy: usize,
    most_iterations: u64,
    largest_bound: f64,
    closest: f64,
    closest_error: f64,
}

/// Runs SEA where the theorem applies, and checks what it promises.
fn keeps_the_promise<T: Scalar>(k: usize, n: usize, size: f64, seed: u64, runs: u64, tally: &mut Tally) {
    let (a, scales) = nearly_orthonormal::<T>(n, size, seed);
    let operator = DenseOperator::new(a.as_ref());
    let recovery = Recovery::new(&operator, k, PLENTY).unwrap();
    assert!(recovery.constants().constants().iter().all(|constant| constant.is_exact()));
    for run in 0..runs {
        let mut rng = stream(seed, 32, run);
        let nonzeros = if run % 5 == 4 { rng.random_range(1..=k) } else { k };
        let support = random_support(&mut rng, n, nonzeros);
        let mut truth = vec![T::ZERO; n];
        for (&j, x) in support.iter().zip(random_amplitudes::<T>(&mut rng, nonzeros, Amplitudes::Bounded)) {
            let phase: T = normal_vector(&mut rng, 1)[0];
            let x = if T::IS_COMPLEX { phase.scale(Scalar::abs(x) / Scalar::abs(phase)) } else { x };
            truth[j] = x.scale(1.0 / scales[j]);
        }
        let eta = 10f64.powf(rng.random_range(-2.0..2.0));
        let size = if run % 4 == 0 { 0.0 } else { 10f64.powf(rng.random_range(-1.0..1.5)) };
        let start: Vec<T> =
            normal_vector::<T>(&mut rng, n).iter().zip(&scales).map(|(v, scale)| v.scale(size / scale)).collect();
        let mut signal = Signal::new(&operator, &truth).unwrap().start(&operator, &start, eta).unwrap();
        let clean = recovery.condition(&signal).unwrap();
        assert_eq!(clean.verdict, Verdict::Applies, "k = {k}: {clean:?}");
        let mut noise = vec![T::ZERO; n];
        if run % 2 == 1 {
            let room = (clean.right - clean.left.upper) / recovery.gamma().upper;
            let level = room * rng.random_range(0.0..0.999);
            let direction: Vec<T> = normal_vector(&mut rng, n);
            let length = norm(&direction);
            noise = direction.iter().map(|v| v.scale(level / length)).collect();
            signal = signal.noise_norm(norm(&noise)).unwrap();
            tally.noisy += 1;
        }
        let condition = recovery.condition(&signal).unwrap();
        check_run(&a, &scales, (&support, &truth, &noise), (&start, eta), k, &condition, tally);
    }
}

#[allow(clippy::type_complexity, reason = "x*, e and 𝒳⁰, η as the theorem groups them")]
fn check_run<T: Scalar>(
    a: &Mat<T>,
    scales: &[f64],
    (support, truth, noise): (&[usize], &[T], &[T]),
    (start, eta): (&[T], f64),
    k: usize,
    condition: &Condition,
    tally: &mut Tally,
) {
    let bound = condition.iteration_bound.expect("the theorem applies");
    let operator = DenseOperator::new(a.as_ref());
    let mut y = vec![T::ZERO; a.nrows()];
    Access::new(&operator).apply(truth, &mut y);
    y.iter_mut().zip(noise).for_each(|(y, e)| *y += *e);
    let problem = Problem::new(&operator, &y, k).unwrap();
    let contains = |visited: &[usize]| support.iter().all(|j| visited.contains(j));
    let mut found: Option<u64> = None;
    let mut watch = |progress: &Progress<'_>| {
        if found.is_none() && contains(progress.support) {
            found = Some(progress.iteration);
        }
        ControlFlow::Continue(())
    };
    let solution = Run::new(&problem, Sea { step_size: eta })
        .start(Start::Vector(start.to_vec()))
        .halt(Halt::Iterations(bound as u64 + 1))
        .observe(&mut watch)
        .solve()
        .unwrap();
    let found = found.expect("SEA visits a support that contains S*");
    assert!(found as f64 <= bound, "k = {k}: {found} > {bound}");
    tally.runs += 1;
    tally.most_iterations = tally.most_iterations.max(found);
    tally.largest_bound = tally.largest_bound.max(bound);
    tally.closest = tally.closest.max(found as f64 / bound);
    if let Some(allowed) = condition.error_bound {
        assert!(contains(&solution.support), "k = {k}: {:?} {support:?}", solution.support);
        let best = solution.to_dense();
        let error: Vec<T> = (0..best.len()).map(|j| (best[j] - truth[j]).scale(scales[j])).collect();
        assert!(norm(&error) <= allowed + 1e-12, "k = {k}: {} > {allowed}", norm(&error));
        if allowed > 0.0 {
            tally.closest_error = tally.closest_error.max(norm(&error) / allowed);
        }
    }
}

/// `cargo test -p sparsea --test suite theorem -- --nocapture` shows T beside the iterations used.
#[test]
fn the_theorem_holds() {
    for (k, n, size) in [(1, 20, 0.04), (2, 16, 0.008), (2, 12, 0.001), (3, 14, 0.004)] {
        let mut tally = Tally::default();
        for seed in 0..3 {
            keeps_the_promise::<f64>(k, n, size, seed, 300, &mut tally);
            keeps_the_promise::<C>(k, n, size, seed, 200, &mut tally);
        }
        println!("k = {k}, n = {n}: {tally:?}");
        assert!(tally.runs == 1500 && tally.noisy == 750);
    }
}

#[test]
fn verdicts_follow_the_bounds() {
    let (a, _) = nearly_orthonormal::<f64>(16, 0.02, 5);
    let operator = DenseOperator::new(a.as_ref());
    let exact = Recovery::new(&operator, 2, PLENTY).unwrap();
    let limit = exact.dynamic_range();
    assert!(limit.is_exact() && exact.possible() == Verdict::Applies && limit.lower > 2f64.sqrt(), "{limit}");
    assert_eq!(exact.condition(&Signal::flat(2)).unwrap().verdict, Verdict::Applies);
    // A first x* of dynamic range r, in the scale of A.
    let signal = |r: f64| {
        let mut truth = vec![0.0; 16];
        let (norms, large) = (Access::new(&operator).column_norms(), (r * r - 1.0).sqrt());
        (truth[3], truth[7]) = (1.0 / norms[3], -large / norms[7]);
        Signal::new(&operator, &truth).unwrap()
    };
    assert!((signal(3.0).dynamic_range() - 3.0).abs() < 1e-12 && signal(3.0).nonzeros() == 2);
    for (r, verdict) in [(0.99 * limit.lower, Verdict::Applies), (1.01 * limit.upper, Verdict::CannotApply)] {
        let condition = exact.condition(&signal(r)).unwrap();
        assert_eq!((condition.verdict, condition.iteration_bound.is_some()), (verdict, verdict == Verdict::Applies));
    }
    // Noise counts γ times, and the bound of iterations grows with 𝒳⁰/η.
    let quiet = exact.condition(&signal(1.5)).unwrap();
    assert_eq!(quiet.error_bound, Some(0.0));
    let t = 3.0 / (1.0 - 4.0 * exact.alpha().upper * 1.5);
    assert!((quiet.iteration_bound.unwrap() - t).abs() < 1e-9);
    let loud = exact.condition(&signal(1.5).noise_norm(1.0).unwrap()).unwrap();
    assert!((loud.left.upper - quiet.left.upper - exact.gamma().upper).abs() < 1e-12);
    assert_eq!((loud.verdict, loud.error_bound), (Verdict::CannotApply, None));
    let far = signal(1.5).start(&operator, &[1.0; 16], 0.5).unwrap();
    assert!(exact.condition(&far).unwrap().iteration_bound.unwrap() > t);
    // Little work leaves wider bounds, which never contradict the exact answer.
    for work in [0.0, 1e3, 1e4, 1e5] {
        let rough = Recovery::new(&operator, 2, work).unwrap();
        assert!(
            rough.alpha().lower <= exact.alpha().upper + ROUNDING
                && exact.alpha().lower <= rough.alpha().upper + ROUNDING
        );
        for r in [1.45, 2.0, limit.lower, 4.0, 10.0] {
            let (rough, exact) = (rough.condition(&signal(r)).unwrap(), exact.condition(&signal(r)).unwrap());
            assert!(rough.verdict == exact.verdict || rough.verdict == Verdict::Unknown, "{work} {r}");
        }
    }
    // Too few orders: nothing is known of δ_5.
    let open = Recovery::from_constants(restricted_isometry(&operator, 3, PLENTY).unwrap(), 2).unwrap();
    assert_eq!((open.possible(), open.alpha().upper), (Verdict::Unknown, f64::INFINITY));
}

#[test]
fn orthonormal_columns_are_the_best_case() {
    let a = Mat::<f64>::identity(9, 9);
    let operator = DenseOperator::new(a.as_ref());
    let constants = restricted_isometry(&operator, 9, 0.0).unwrap();
    assert!(constants.constants().iter().all(|constant| constant.is_exact() && constant.lower == 0.0));
    let recovery = Recovery::from_constants(constants, 4).unwrap();
    assert_eq!((recovery.alpha().upper, recovery.gamma().upper), (0.0, 1.0));
    assert_eq!((recovery.dynamic_range().lower, recovery.possible()), (f64::INFINITY, Verdict::Applies));
    let single = Mat::<f64>::identity(1, 1);
    let single = DenseOperator::new(single.as_ref());
    let found = coherence(&single, 2).unwrap();
    assert_eq!((found.mutual, found.pair, found.babel), (0.0, None, vec![0.0, 0.0]));
    assert_eq!(Recovery::new(&single, 1, PLENTY).unwrap().possible(), Verdict::Applies);
}

#[test]
fn bad_input_is_refused() {
    let refusal =
        |a: &Mat<f64>| restricted_isometry(&DenseOperator::new(a.as_ref()), 3, PLENTY).unwrap_err().to_string();
    let mut a = matrix::<f64>(Kind::Gaussian, 4, 6, 1);
    let good = a.clone();
    a.col_mut(2).fill(0.0);
    assert_eq!(refusal(&a), "column 2 of A is zero (counted from 0); the theory is about columns of norm 1");
    a[(1, 2)] = f64::NAN;
    assert_eq!(refusal(&a), "A contains NaN at row 1, column 2 (counted from 0)");
    assert!(refusal(&Mat::zeros(0, 3)).contains("0 × 3"));

    let operator = DenseOperator::new(good.as_ref());
    for k in [0, 5] {
        let said = Recovery::new(&operator, k, PLENTY).unwrap_err().to_string();
        assert_eq!(said, format!("k must be between 1 and 4 (the number of rows), got {k}"));
    }
    let said = |truth: &[f64]| Signal::new(&operator, truth).unwrap_err().to_string();
    assert_eq!(said(&[1.0]), "the true x has 1 entries, but A has 6 columns");
    assert_eq!(said(&[0.0; 6]), "the number of non-zeros of the true x must be at least 1, got 0");
    assert!(said(&[0.0, f64::INFINITY, 0.0, 0.0, 0.0, 0.0]).starts_with("the true x contains inf at index 1"));
    let signal = Signal::new(&operator, &[1.0, 2.0, 3.0, 0.0, 0.0, 0.0]).unwrap();
    let recovery = Recovery::new(&operator, 2, PLENTY).unwrap();
    let many = recovery.condition(&signal).unwrap_err().to_string();
    assert_eq!(many, "the true x has 3 non-zeros, but k is 2");
    assert!(signal.noise_norm(-1.0).is_err() && signal.noise_norm(f64::NAN).is_err());
    assert!(signal.start(&operator, &[0.0; 6], 0.0).is_err() && signal.start(&operator, &[0.0; 5], 1.0).is_err());
}
