//! Arguments that nobody means: zero, the largest integers, numbers that are not, and those at the ends of the range. Each is
//! refused by an error or has an answer of finite numbers; nothing panics, waits, or allocates what it was told.

use std::sync::Arc;

use faer::Mat;
use serde_json::{Map, Value, json};
use sparsea::algorithms::{find, registry};
use sparsea::exhaustive::best_support;
use sparsea::generate::{Amplitudes, deconvolution_problem, gaussian_problem, observe, stream};
use sparsea::operator::{from_compressed_rows, pulse};
use sparsea::support::{Support, TopK};
use sparsea::theory::{coherence, exact_recovery_coefficient, restricted_isometry};
use sparsea::{
    Boundary, Chain, Convolution, DenseOperator, Error, FunctionOperator, Halt, LinearMap, Memory, PartialDct,
    PartialDft, PartialHadamard, Problem, Recovery, ReportOptions, Run, Scalar, SharedGram, Signal, Start, StopReason,
    check_adjoint, improve, seconds, solve,
};

use crate::common::{C, Kind, by_rows, matrix, observed, product, words};

const COUNTS: [usize; 8] = [0, 1, 2, 1 << 20, 1 << 31, 1 << 62, usize::MAX - 1, usize::MAX];
const NUMBERS: [f64; 13] = [
    0.0,
    -0.0,
    5e-324,
    -5e-324,
    1e-310,
    f64::MIN_POSITIVE,
    1e-200,
    1e200,
    1e308,
    -f64::MAX,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::NAN,
];

fn said<R>(result: Result<R, Error>) -> String {
    result.err().map_or_else(|| "accepted".into(), |error| error.to_string())
}

#[test]
fn orders_of_theory() {
    for (m, n) in [(1, 1), (4, 6), (6, 4)] {
        let a = matrix::<f64>(Kind::Gaussian, m, n, 1);
        let operator = DenseOperator::new(a.as_ref());
        for order in COUNTS {
            match coherence(&operator, order) {
                Ok(found) => {
                    assert_eq!(found.babel.len(), order);
                    assert!(order <= 1 << 20 && found.babel.iter().all(|value| value.is_finite()));
                    // From n − 1 on, all others are summed.
                    let last = found.babel.get(n.saturating_sub(2)).copied().unwrap_or(0.0);
                    assert!(found.babel.iter().skip(n.max(2) - 2).all(|&value| value == last));
                }
                Err(error) => {
                    assert!(order > 1 << 20, "{order}");
                    let rule = "the order of the Babel function must be at most n or 2²⁰, whichever is larger, got ";
                    assert!(error.to_string().starts_with(rule), "{error}");
                }
            }
            let constants = restricted_isometry(&operator, order, 1e6).unwrap();
            assert_eq!(constants.constants().len(), order.min(n));
            for s in COUNTS {
                assert!(constants.constant(s).lower.is_finite());
            }
            for k in COUNTS {
                match Recovery::from_constants(constants.clone(), k) {
                    Ok(recovery) => assert!((1..=m.min(n)).contains(&recovery.sparsity())),
                    Err(error) => assert!(error.to_string().starts_with("k must be between 1 and"), "{error}"),
                }
                let _ = Signal::flat(k).dynamic_range();
            }
            assert_eq!(Recovery::new(&operator, order, 1e6).is_ok(), (1..=m.min(n)).contains(&order));
        }
        let ten_trillion = coherence(&operator, 10_000_000_000_000).unwrap_err().to_string();
        assert!(ten_trillion.ends_with("got 10000000000000"), "{ten_trillion}");
    }
}

/// All orders of a matrix of a thousand columns cannot be looked at: what `work` allows is all that is done.
#[test]
fn work_of_theory_is_limited() {
    let a = matrix::<f64>(Kind::Gaussian, 40, 1000, 1);
    let operator = DenseOperator::new(a.as_ref());
    let begin = std::time::Instant::now();
    for order in [1000, usize::MAX] {
        let found = restricted_isometry(&operator, order, 1.0).unwrap();
        assert!(found.constants().iter().all(|delta| delta.lower <= delta.upper && delta.lower >= 0.0));
        assert!(found.constants()[999].lower >= 1.0, "columns are dependent");
    }
    assert!(begin.elapsed().as_secs() < 60, "{:?}", begin.elapsed());
    for work in NUMBERS {
        let said = said(restricted_isometry(&operator, 3, work));
        if (0.0..1e100).contains(&work) {
            assert_eq!(said, "accepted");
        } else if !(work >= 0.0 && work.is_finite()) {
            assert!(said.starts_with("the work must be finite and at least 0, got "), "{work}: {said}");
        }
    }
}

#[test]
fn numbers_of_theory() {
    let a = matrix::<f64>(Kind::Gaussian, 12, 8, 1);
    let operator = DenseOperator::new(a.as_ref());
    let recovery = Recovery::new(&operator, 2, 1e6).unwrap();
    let spike = |value: f64| [value, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0];
    for value in NUMBERS {
        if let Ok(signal) = Signal::new(&operator, &spike(value)) {
            assert!(value.is_finite());
            for noise in NUMBERS {
                let Ok(signal) = signal.noise_norm(noise) else { continue };
                for step_size in NUMBERS {
                    if let Ok(signal) = signal.start(&operator, &spike(value), step_size) {
                        let condition = recovery.condition(&signal).unwrap();
                        assert!(condition.iteration_bound.is_none_or(|bound| !bound.is_nan()), "{condition:?}");
                    }
                }
            }
        }
    }
    for j in COUNTS {
        assert_eq!(exact_recovery_coefficient(&operator, &[j]).is_ok(), j < 8);
    }
    let wide = Mat::<f64>::from_fn(8000, 3000, |i, j| f64::from(i == j));
    let all: Vec<usize> = (0..3000).collect();
    let refused = said(exact_recovery_coefficient(&DenseOperator::new(wide.as_ref()), &all));
    assert!(refused.starts_with("the exact recovery coefficient would take 8.640e14 multiply-adds"), "{refused}");
}

#[test]
fn trying_all_supports() {
    // One column of many needs no Gram matrix: of 200 000 columns that would be 320 GB.
    let n = 200_000;
    let blur = Convolution::new(&[1.0, 2.0, 1.0], n, Boundary::Same).unwrap();
    let mut y = vec![0.0; n];
    y[777] = 1.0;
    y[778] = 0.5;
    assert_eq!(best_support(&Problem::new(&blur, &y, 1).unwrap(), 1e9), Ok(vec![777]));
    let refused = said(best_support(&Problem::new(&blur, &y, 2).unwrap(), 1e12));
    assert_eq!(
        refused,
        "trying all supports would hold 610351.562 MiB for this problem, more than the 1024.000 MiB it may"
    );
    let a = matrix::<f64>(Kind::Coherent, 6, 9, 1);
    let operator = DenseOperator::new(a.as_ref());
    let y = observed(&a, 2, 1);
    for k in 1..=3 {
        let problem = Problem::new(&operator, &y, k).unwrap();
        for limit in NUMBERS {
            assert_eq!(best_support(&problem, limit).is_ok(), limit >= 1000.0, "{limit}");
        }
    }
    // The one column is that of the least residual.
    for seed in 0..40 {
        let a = matrix::<C>(Kind::Coherent, 5, 7, seed);
        let y = observed(&a, 2, seed);
        let operator = DenseOperator::new(a.as_ref());
        let found = best_support(&Problem::new(&operator, &y, 1).unwrap(), 1e6).unwrap();
        let residual = |j: usize| crate::common::svd_fit(&a, &y, &[j]).1;
        let least = (0..7).map(residual).fold(f64::INFINITY, f64::min);
        assert!(residual(found[0]) <= least * (1.0 + 1e-12), "seed {seed}");
    }
}

#[test]
fn sizes_of_generated_problems() {
    let rng = &mut stream(1, 0, 0);
    for m in COUNTS {
        for n in COUNTS {
            for k in [0, 1, usize::MAX] {
                if m.checked_mul(n).is_some_and(|entries| (1 << 24..1 << 34).contains(&entries)) {
                    continue;
                }
                let made = gaussian_problem(rng, m, n, k, 0.1);
                assert_eq!(made.is_ok(), m.min(n) > 0 && m.saturating_mul(n) < 1 << 24 && k == 1, "{m} × {n}, k = {k}");
            }
        }
    }
    for noise in NUMBERS {
        let made = gaussian_problem(rng, 5, 8, 2, noise);
        match made {
            Ok(made) => assert!(made.data.iter().all(|y| y.is_finite()), "{noise}"),
            Err(error) => assert!(!(0.0..=1e200).contains(&noise), "{noise}: {error}"),
        }
        let negative = noise < 0.0 || !noise.is_finite();
        let spikes = said(deconvolution_problem(rng, 50, 3, 2.0, Boundary::Full, noise));
        assert_eq!(spikes.starts_with("the noise must be finite and at least 0, got"), negative, "{noise}: {spikes}");
    }
    let huge = FunctionOperator::new(1 << 60, 1 << 60, |_: &[f64], _: &mut [f64]| {}, |_: &[f64], _: &mut [f64]| {});
    let observe = observe(rng, huge, |a| Box::new(a), 1, Amplitudes::Ones, 0.0);
    assert!(said(observe.map(|_| ())).contains("does not fit into memory"));
}

#[test]
fn shapes_of_operators() {
    for n in COUNTS {
        for boundary in [Boundary::Full, Boundary::Same, Boundary::Valid, Boundary::Circular] {
            let made = Convolution::new(&[1.0, 2.0, 1.0], n, boundary);
            // 32 GB may be there or not.
            assert!(n <= 2 || n == 1 << 31 || made.is_ok() == (n == 1 << 20), "{n} {boundary:?}");
            for origin in COUNTS {
                let made = Convolution::with_origin(&[1.0, 2.0, 1.0], n.min(1 << 20), boundary, origin);
                assert!(origin < 3 || made.is_err());
            }
        }
        for other in COUNTS {
            for kept in [&[][..], &[other], &[other; 2]] {
                let fits = kept.len() == 1 && other < n && n <= 1 << 20;
                let made = [
                    PartialDct::new(n, kept).is_ok(),
                    PartialDft::new(n, kept).is_ok(),
                    PartialHadamard::new(n, kept).is_ok(),
                ];
                // 32 GB may be there or not.
                assert!(n == 1 << 31 || made == [fits, fits, fits && n.is_power_of_two()], "{n} {kept:?}");
            }
            let numbers = [1.0; 2];
            let fits = n.checked_mul(other) == Some(2);
            assert_eq!(DenseOperator::from_column_major(&numbers, n, other).is_ok(), fits);
            assert_eq!(DenseOperator::from_row_major(&numbers, n, other).is_ok(), fits);
            let _ = from_compressed_rows::<f64>(n, other.min(1 << 20), &[], &[], &[]);
            let made = from_compressed_rows(2, other, &[0, 1, 2], &[n, n], &[1.0, 1.0]);
            assert!(made.is_err() || n < other);
        }
        if n > 1 << 40 {
            let huge = FunctionOperator::new(3, n, |_: &[f64], _: &mut [f64]| {}, |_: &[f64], _: &mut [f64]| {});
            for refused in [
                said(Problem::new(&huge, &[1.0; 3], 1)),
                said(check_adjoint(&huge, 1)),
                said(coherence(&huge, 1)),
                said(Recovery::new(&huge, 1, 1e6)),
            ] {
                assert!(refused.contains("does not fit into memory"), "{refused}");
            }
        }
        let mut chosen = Support::new();
        TopK::with_capacity(n).select(&[1.0, -3.0, 2.0], n, &mut chosen);
        assert_eq!(chosen.len(), n.min(3));
    }
    for number in NUMBERS {
        for kernel in [pulse::gaussian(number), pulse::exponential(number)] {
            match kernel {
                Ok(kernel) => assert!(number > 0.0 && kernel.iter().all(|v| v.is_finite()), "{number}"),
                Err(error) => assert!(!(0.0..1.0).contains(&number) || number == 0.0, "{number}: {error}"),
            }
        }
        for kernel in [vec![number; 3], vec![1.0, number], vec![number; 120]] {
            let Ok(blur) = Convolution::new(&kernel, 200, Boundary::Full) else { continue };
            let y = vec![1.0; blur.shape().0];
            if let Ok(problem) = Problem::new(&blur, &y, 2) {
                let solution = solve(&problem, sparsea::Omp::default()).unwrap();
                assert!(solution.coefficients.iter().all(|x| x.is_finite()), "{number}");
            }
        }
    }
}

#[test]
fn stated_column_norms() {
    let a = matrix::<f64>(Kind::Gaussian, 4, 3, 1);
    let stating = |norms: Vec<f64>| {
        let a = &a;
        FunctionOperator::new(
            4,
            3,
            move |x: &[f64], y: &mut [f64]| y.copy_from_slice(&product(a, &[0, 1, 2], x)),
            move |y: &[f64], x: &mut [f64]| x.copy_from_slice(&crate::common::adjoint_product(a, y)),
        )
        .with_column_norms(norms)
    };
    let y = [1.0, 2.0, -1.0, 0.5];
    for count in [0, 1, 2, 4, 300] {
        let operator = stating(vec![1.0; count]);
        let rule = format!("the vector of column norms has {count} entries, but A has 3 columns");
        assert_eq!(said(Problem::new(&operator, &y, 1)), rule);
        assert_eq!(said(coherence(&operator, 1)), rule);
    }
    for value in [-1.0, -5e-324, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let refused = said(Problem::new(&stating(vec![1.0, value, 1.0]), &y, 1));
        assert!(refused.starts_with("the norm of a column must be finite and at least 0, got "), "{refused}");
    }
    for value in [5e-324, 1e-150, 1e200, f64::MAX] {
        let refused = said(Problem::new(&stating(vec![1.0, value, 1.0]), &y, 1));
        assert_eq!(refused, "column 1 of A has a norm outside 1e-140 … 1e140 (but not zero); rescale it");
    }
    let norms = (0..3).map(|j| a.col(j).norm_l2()).collect();
    let operator = stating(norms);
    let problem = Problem::new(&operator, &y, 1).unwrap();
    assert!(solve(&problem, sparsea::Omp::default()).unwrap().relative_residual < 1.0);
}

fn hostile_starts<T: Scalar>() {
    let a = matrix::<T>(Kind::Gaussian, 8, 12, 1);
    // Columns in units that are far apart, too.
    let units = [1.0, 1e-130, 1e130, 1.0, 1e-60, 1e60, 1.0, 1.0, 1e-9, 1e9, 1.0, 1.0];
    let scaled = Mat::from_fn(8, 12, |i, j| a[(i, j)].scale(units[j]));
    let y = observed(&a, 3, 1);
    for (a, what) in [(&a, "columns alike"), (&scaled, "columns in other units")] {
        let operator = DenseOperator::new(a.as_ref());
        for (keep, size) in [(false, 1.0), (true, 1.0), (false, 1e-130), (false, 1e130)] {
            if keep && std::ptr::eq(a, &scaled) {
                continue;
            }
            let y: Vec<T> = y.iter().map(|v| v.scale(size)).collect();
            let mut problem = Problem::new(&operator, &y, 3).unwrap();
            if keep {
                problem = problem.keep_columns();
            }
            for value in NUMBERS {
                for filled in [1, 3, 12] {
                    let start: Vec<T> = (0..12).map(|j| T::from_real(if j < filled { value } else { 0.0 })).collect();
                    for word in words::<T>() {
                        let chain = Chain::parse(word, &Map::new()).unwrap();
                        let run = Run::with_chain(&problem, chain).start(Start::Vector(start.clone()));
                        let what = format!("{word} from {filled} entries {value:e}, y {size:e}, {what}, {keep}");
                        match run.halt(Halt::Iterations(5)).solve() {
                            Ok(solution) => {
                                assert!(solution.residual_norm.is_finite(), "{what}");
                                assert!(solution.coefficients.iter().all(|x| Scalar::is_finite(*x)), "{what}");
                            }
                            Err(error) => {
                                assert!(value.abs() >= 1e9 || value.is_nan(), "{what}: {error}");
                                let text = error.to_string();
                                assert!(text.starts_with("the start vector"), "{what}: {text}");
                                assert!(text.len() < 200, "{text}");
                            }
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn starts() {
    hostile_starts::<f64>();
    hostile_starts::<C>();
    let a = matrix::<f64>(Kind::Gaussian, 4, 6, 1);
    let operator = DenseOperator::new(a.as_ref());
    let y = [1.0, 2.0, 3.0, 4.0];
    let problem = Problem::new(&operator, &y, 2).unwrap();
    let mut start = vec![0.0; 6];
    start[3] = 1e308;
    let refused = said(improve(&problem, Start::Vector(start)));
    let (rule, value) = refused.split_once(", got ").unwrap();
    assert_eq!(rule, "the start vector, in the scale of unit columns, must be at most 1e140 in sum of moduli");
    let value: f64 = value.parse().unwrap();
    assert!((value / (1e308 * a.col(3).norm_l2()) - 1.0).abs() < 1e-12 || value.is_infinite());
    for index in COUNTS {
        assert_eq!(improve(&problem, Start::Support(vec![index])).is_ok(), index < 6);
        assert!(improve(&problem, Start::Random(index as u64)).is_ok());
    }
    assert!(improve(&problem, Start::Support((0..3).collect())).is_err());
}

#[test]
fn limits_of_runs() {
    let a = matrix::<f64>(Kind::Gaussian, 6, 10, 1);
    let operator = DenseOperator::new(a.as_ref());
    let y = observed(&a, 2, 1);
    let problem = Problem::new(&operator, &y, 2).unwrap();
    for word in words::<f64>() {
        let run = || Run::with_chain(&problem, Chain::parse(word, &Map::new()).unwrap());
        for count in COUNTS.map(|count| count as u64) {
            for halt in [
                Halt::Iterations(count),
                Halt::Supports(count),
                Halt::Stagnation(count),
                Halt::OperatorCalls(count),
                Halt::Time(std::time::Duration::from_secs(count)),
            ] {
                let solution = run().halt(halt.or(Halt::Iterations(50))).solve().unwrap();
                assert!(solution.residual_norm.is_finite() && solution.iterations <= 50, "{word} {count}");
            }
        }
        for limit in NUMBERS {
            let ran = run().halt(Halt::RelativeResidual(limit).or(Halt::Iterations(50))).solve();
            assert_eq!(ran.is_err(), limit < 0.0 || limit.is_nan(), "{word} {limit}");
        }
        for bytes in [0, 1, 1 << 40, usize::MAX] {
            for memory in [
                Memory::total(bytes),
                Memory { gram: bytes, ..Memory::default() },
                Memory { fits: bytes, ..Memory::default() },
            ] {
                match run().memory(memory).halt(Halt::Iterations(50)).solve() {
                    Ok(solution) => assert!(solution.residual_norm.is_finite()),
                    Err(error) => assert!(matches!(error, Error::StateMemory { .. }), "{error}"),
                }
            }
        }
        for listed in COUNTS {
            let report = ReportOptions { listed, ..ReportOptions::default() };
            if let Ok(solution) = run().report(report).halt(Halt::Iterations(50)).solve() {
                assert!(solution.report.is_some_and(|report| report.best.len() <= listed));
            }
        }
        for margin in NUMBERS {
            let report = ReportOptions { margin, ..ReportOptions::default() };
            let ran = run().report(report).halt(Halt::Iterations(5)).solve();
            assert_eq!(ran.is_ok(), margin >= 0.0 && margin.is_finite(), "{margin}");
        }
    }
    for number in NUMBERS {
        assert_eq!(seconds(number).is_ok(), (0.0..1e19).contains(&number), "{number}");
    }
    for k in COUNTS {
        assert_eq!(problem.with_sparsity(k).is_ok(), (0..=6).contains(&k));
        let _ = sparsea::algorithms::default_algorithm(k, usize::MAX);
    }
    for memory in COUNTS {
        let shared = problem.clone().share_gram(Arc::new(SharedGram::new(10, memory))).unwrap();
        assert!(solve(&shared, sparsea::Sea::default()).is_ok(), "{memory}");
    }
}

/// Every setting of every algorithm, given every kind of value: refused, or a run that ends.
#[test]
fn settings() {
    let a = matrix::<f64>(Kind::Gaussian, 6, 10, 1);
    let rows = by_rows(&a);
    let operator = DenseOperator::from_row_major(&rows, 6, 10).unwrap();
    let y = observed(&a, 2, 1);
    let problem = Problem::new(&operator, &y, 2).unwrap();
    let mut values: Vec<Value> = vec![Value::Null, json!(""), json!([]), json!({}), json!(true), json!("nan")];
    values.extend(COUNTS.map(|count| json!(count)));
    values.extend(NUMBERS.map(|number| json!(number)));
    values.extend([json!(-1), json!(0.5), json!(i64::MIN)]);
    for entry in registry::<f64>() {
        for setting in entry.settings {
            for value in &values {
                let mut given = Map::new();
                given.insert(setting.name.to_owned(), value.clone());
                let Ok(chain) = Chain::parse(entry.name, &given) else {
                    assert!(find::<f64>(entry.name).unwrap().build(&given).is_err());
                    continue;
                };
                let solution = Run::with_chain(&problem, chain).halt(Halt::Iterations(20)).solve();
                let what = format!("{}: {} = {value}", entry.name, setting.name);
                match solution {
                    Ok(solution) => {
                        assert!(solution.residual_norm.is_finite(), "{what}");
                        assert!(solution.coefficients.iter().all(|x| x.is_finite()), "{what}");
                        assert_ne!(solution.stop_reason, StopReason::Interrupted, "{what}");
                    }
                    Err(error) => assert!(error.to_string().len() < 300, "{what}: {error}"),
                }
            }
        }
    }
}
