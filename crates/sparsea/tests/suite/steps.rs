//! The operators Steps and Ramps, and the optimum on steps by segmentation.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::common::{C, all_supports, assert_close, dense_form, entries, norm, scalar, svd_fit};
use crate::operators::check_map;
use faer::Mat;
use serde_json::Map;
use sparsea::algorithms::{applicable, registry};
use sparsea::generate::{normal_vector, random_support, stream};
use sparsea::{
    Access, Chain, DenseOperator, Domain, Error, Halt, Interrupt, LinearMap, Memory, Problem, Progress, Ramps, Run,
    Scalar, Search, Segment, Solution, Squared, Start, Steps, StopReason,
};

fn are_their_dense_forms<T: Scalar>() {
    for m in [1, 2, 3, 4, 17, 60] {
        let steps = Mat::from_fn(m, m, |i, j| if i < j { T::ZERO } else { T::ONE });
        check_map::<T>(&Steps::new(m).unwrap(), &steps, "Steps");
        let ramps = Mat::from_fn(m, m, |i, j| T::from_real((i + 1).saturating_sub(j) as f64));
        check_map::<T>(&Ramps::new(m).unwrap(), &ramps, "Ramps");
        assert_eq!(&steps * &steps, ramps);
    }
}

#[test]
fn steps_and_ramps_are_their_dense_forms() {
    are_their_dense_forms::<f64>();
    are_their_dense_forms::<C>();
}

/// Whole numbers, so that the truth is exact.
#[test]
fn long_ramps_do_not_add_up_rounding() {
    let m = 300_001;
    let ramps = Ramps::new(m).unwrap();
    let (support, values) = ([0, 1, 777, 120_000, 299_999], [1e5 + 0.25, -1e5, 0.5, -0.75, 3.0]);
    let mut y = vec![0.0; m];
    Access::<f64>::new(&ramps).apply_sparse(&support, &values, &mut y);
    for (i, &y) in y.iter().enumerate() {
        let exact: f64 = support.iter().zip(values).map(|(&j, x)| x * (i + 1).saturating_sub(j) as f64).sum();
        assert_eq!(y, exact, "{i}");
    }
    // Columns of the Gram matrix are exact as long as they are whole numbers of 53 bits.
    let mut entry = [0.0; 2];
    Access::<f64>::new(&ramps).gram_entries(&[0, 200_000], 100_000, &mut entry);
    let exact = |i: u128, j: u128| (i.max(j)..m as u128).map(|t| (t - i + 1) * (t - j + 1)).sum::<u128>() as f64;
    for (found, exact) in entry.into_iter().zip([exact(0, 100_000), exact(200_000, 100_000)]) {
        assert!((found - exact).abs() <= 4.0 * f64::EPSILON * exact, "{found} {exact}");
    }
}

#[test]
fn traces_of_no_samples_and_of_too_many_are_refused() {
    let empty = Error::Empty { rows: 0, columns: 0 };
    assert_eq!((Steps::new(0), Ramps::new(0)), (Err(empty.clone()), Err(empty)));
    assert!(matches!(Steps::new(usize::MAX), Err(Error::TooLarge { .. })));
    assert!(matches!(Ramps::new(usize::MAX), Err(Error::TooLarge { .. })));
}

/// Two columns make every straight line, and a kink is where the first row is off it.
#[test]
fn kinks_are_found_where_a_line_turns() {
    let line = |i: usize| 3.0 + 0.5 * i as f64 - if i > 40 { 1.25 * (i - 40) as f64 } else { 0.0 };
    let y: Vec<f64> = (0..90).map(line).collect();
    let ramps = Ramps::new(90).unwrap();
    let problem = Problem::new(&ramps, &y, 3).unwrap();
    let solution = Run::new(&problem, Search::default()).solve().unwrap();
    assert_eq!(solution.support, [0, 1, 41]);
    assert_close(&solution.coefficients, &[3.0, -2.5, -1.25], 1e-9, "offset, slope less offset, change of slope");
}

/// The residual of the best support of q columns for q = 0 … k, by the plain recursion.
fn plain<T: Scalar>(y: &[T], k: usize) -> Vec<f64> {
    let m = y.len();
    let mut cost = vec![vec![0.0; m + 1]; m + 1];
    for s in 0..m {
        for t in s + 1..=m {
            let mean = y[s..t].iter().copied().sum::<T>().scale(1.0 / (t - s) as f64);
            cost[s][t] = y[s..t].iter().map(|&v| (v - mean).abs2()).sum();
        }
    }
    let mut least: Vec<f64> = (0..=m).map(|t| y[..t].iter().map(|v| v.abs2()).sum()).collect();
    let mut all = vec![least[m].sqrt()];
    for _ in 0..k {
        least = (0..=m).map(|t| (0..t).map(|s| least[s] + cost[s][t]).fold(f64::INFINITY, f64::min)).collect();
        all.push(least[m].sqrt());
    }
    all
}

/// Noise, steps in noise, few whole numbers (which tie), a random walk, and each far from 0 or at the ends of the range.
fn traces<T: Scalar>(m: usize, seed: u64) -> Vec<(String, Vec<T>)> {
    let rng = &mut stream(seed, 60, 0);
    let noise: Vec<T> = normal_vector(rng, m);
    let jumps = random_support(rng, m, (m / 4).max(1));
    let heights: Vec<T> = normal_vector(rng, m);
    let (mut level, mut walk) = (T::ZERO, T::ZERO);
    let steps: Vec<T> = (0..m)
        .map(|i| {
            if jumps.contains(&i) {
                level = heights[i].scale(3.0);
            }
            level + noise[i].scale(0.2)
        })
        .collect();
    let whole = noise.iter().map(|v| scalar(v.real().round(), v.imag().round())).collect();
    let walks = noise.iter().map(|&v| {
        walk += v;
        walk
    });
    let walks = walks.collect();
    let mut all = vec![];
    for (what, y) in [("noise", noise), ("steps", steps), ("whole", whole), ("walk", walks)] {
        let y: Vec<T> = y;
        for (how, factor, offset) in
            [("", 1.0, 0.0), (" large", 1e120, 0.0), (" small", 1e-120, 0.0), (" off", 1.0, 1e8)]
        {
            let moved = y.iter().map(|&v| v.scale(factor) + T::from_real(offset)).collect();
            all.push((format!("{what}{how}, m = {m}, seed {seed}"), moved));
        }
    }
    all
}

/// The residual after each iteration.
fn path<T: Scalar>(problem: &Problem<'_, T>) -> (Vec<f64>, Solution<T>) {
    let mut residuals = vec![];
    let mut watch = |progress: &Progress<'_>| {
        residuals.push(progress.residual_norm);
        ControlFlow::Continue(())
    };
    let solution = Run::new(problem, Segment::default()).observe(&mut watch).solve().unwrap();
    (residuals, solution)
}

fn every_number_of_columns_is_optimal<T: Scalar>() {
    for (m, k, seeds) in [(1, 1, 2), (2, 2, 3), (7, 7, 10), (40, 40, 6), (130, 12, 4)] {
        let steps = Steps::new(m).unwrap();
        for (what, y) in (0..seeds).flat_map(|seed| traces::<T>(m, seed)) {
            let scale = norm(&y);
            if scale == 0.0 {
                continue;
            }
            let problem = Problem::new(&steps, &y, k).unwrap();
            let (found, solution) = path(&problem);
            let expected = plain(&y, k);
            assert!(found.len() <= expected.len(), "{what}");
            for (q, &residual) in found.iter().enumerate() {
                // The samples themselves are known to ε.
                let off = 1e-9 * expected[q] + 1e-14 * scale;
                assert!((residual - expected[q]).abs() <= off, "{what}: {q}: {residual} {}", expected[q]);
            }
            if let Some(last) = expected.get(found.len() - 1) {
                assert!((solution.residual_norm - last).abs() <= 1e-9 * last + 1e-14 * scale, "{what}");
            }
            // It ends early only where nothing is left.
            assert!(found.len() > k || solution.relative_residual <= 1e-15, "{what}");
        }
    }
}

#[test]
fn every_number_of_columns_is_optimal_real() {
    every_number_of_columns_is_optimal::<f64>();
}

#[test]
fn every_number_of_columns_is_optimal_complex() {
    every_number_of_columns_is_optimal::<C>();
}

fn no_support_is_better<T: Scalar>() {
    for (m, k) in [(5, 2), (8, 3), (9, 4), (6, 6)] {
        let steps = Steps::new(m).unwrap();
        let a = dense_form::<T>(&steps);
        for (what, y) in (0..5).flat_map(|seed| traces::<T>(m, seed)) {
            if norm(&y) == 0.0 {
                continue;
            }
            let best =
                all_supports(m, k).iter().map(|support| svd_fit(&a, &y, support).1).fold(f64::INFINITY, f64::min);
            let problem = Problem::new(&steps, &y, k).unwrap();
            let solution = Run::new(&problem, Segment::default()).solve().unwrap();
            let off = 1e-9 * best + 1e-13 * norm(&y);
            assert!((solution.residual_norm - best).abs() <= off, "{what}: {} {best}", solution.residual_norm);
            assert!(solution.support.len() <= k, "{what}");
            let known = sparsea::exhaustive::best_support(&problem, 1e9).unwrap();
            assert!((svd_fit(&a, &y, &known).1 - best).abs() <= 1e-6 * norm(&y), "{what}");
        }
    }
}

#[test]
fn no_support_of_a_short_trace_is_better() {
    no_support_is_better::<f64>();
    no_support_is_better::<C>();
}

fn segments<T: Scalar>(y: &[T], k: usize) -> Solution<T> {
    let steps = Steps::new(y.len()).unwrap();
    Run::new(&Problem::new(&steps, y, k).unwrap(), Segment::default()).solve().unwrap()
}

#[test]
fn a_trace_without_a_level_begins_at_zero() {
    // Column 0 counts; without it the trace is 0 until the first jump.
    assert_eq!(segments(&[0.0, 0.0, 2.0, 2.0, 5.0], 2).support, [2, 4]);
    assert_eq!(segments(&[1.0, 1.0, 2.0, 2.0, 5.0], 3).support, [0, 2, 4]);
    assert_eq!(segments(&[1.0, 1.0, 2.0, 2.0, 5.0], 2).support, [0, 4]);
    assert_eq!(segments(&[0.1, -0.1, 2.0, 2.0, 2.0], 1).support, [2]);
}

#[test]
fn no_more_columns_are_used_than_there_are_jumps() {
    let y: Vec<f64> = (0..200).map(|i| [0.1, 1.1, -0.7, 0.3][i / 50] + 0.3).collect();
    for k in [4, 5, 50, 200] {
        let solution = segments(&y, k);
        assert_eq!((&solution.support[..], solution.iterations), (&[0, 50, 100, 150][..], 4), "{k}");
        assert_eq!(solution.stop_reason, StopReason::ExactFit);
    }
    for constant in [7.3, -1e100, 1e-100] {
        assert_eq!(segments(&[constant; 31], 9).support, [0]);
    }
    let zero = segments(&[0.0; 12], 12);
    assert_eq!((&zero.support[..], zero.iterations, zero.residual_norm), (&[][..], 0, 0.0));
    assert_eq!(segments(&[-2.5], 1).coefficients, [-2.5]);
    let distinct: Vec<f64> = (0..40).map(|i| f64::from(i * 7 % 41) - 3.5).collect();
    let whole = segments(&distinct, 40);
    assert!(whole.relative_residual < 1e-15 && whole.support.len() == 40);
}

#[test]
fn units_order_and_scaled_columns_change_nothing() {
    for seed in 0..8 {
        for (what, y) in traces::<f64>(80, seed).into_iter().filter(|(what, _)| !what.contains("whole")).step_by(4) {
            let steps = Steps::new(80).unwrap();
            let found = segments(&y, 7);
            for factor in [1e-6, 1e6, -3.0] {
                let scaled: Vec<f64> = y.iter().map(|v| v * factor).collect();
                assert_eq!(segments(&scaled, 7).support, found.support, "{what} by {factor}");
            }
            let kept = Problem::new(&steps, &y, 7).unwrap().keep_columns();
            assert_eq!(Run::new(&kept, Segment::default()).solve().unwrap().support, found.support, "{what}");
            // Imaginary data are as good as real ones.
            let turned: Vec<C> = y.iter().map(|&v| C::new(0.6 * v, 0.8 * v)).collect();
            assert_eq!(segments(&turned, 7).support, found.support, "{what}");
            // Far from 0 there is a level everywhere, and a trace may be read from its end.
            let far: Vec<f64> = y.iter().map(|v| v + 1e4).collect();
            let back: Vec<f64> = far.iter().rev().copied().collect();
            let (far, back) = (segments(&far, 7), segments(&back, 7));
            let mut turned: Vec<usize> = back.support[1..].iter().map(|j| 80 - j).chain([0]).collect();
            turned.sort_unstable();
            assert_eq!(turned, far.support, "{what}");
        }
    }
}

fn nothing_is_better_on_steps<T: Scalar>() {
    let steps = Steps::new(90).unwrap();
    for (what, y) in (0..3).flat_map(|seed| traces::<T>(90, seed)).step_by(4) {
        let problem = Problem::new(&steps, &y, 6).unwrap();
        let applying = applicable(&problem);
        assert_eq!(applying.len(), registry::<T>().len());
        let best = Run::new(&problem, Segment::default()).solve().unwrap().residual_norm;
        for entry in applying {
            let solve = |word: &str, start| {
                let chain = Chain::parse(word, &Map::new()).unwrap();
                Run::with_chain(&problem, chain).start(start).solve().unwrap().residual_norm
            };
            assert!(solve(entry.name, Start::Zero) >= best * (1.0 - 1e-12), "{what}: {}", entry.name);
            // From any start, and in any chain, it is the optimum.
            for word in [format!("{}+segment", entry.name), format!("segment+{}", entry.name)] {
                for start in [Start::Zero, Start::Random(3), Start::Support(vec![1, 5, 80])] {
                    assert!(solve(&word, start) <= best * (1.0 + 1e-12), "{what}: {word}");
                }
            }
        }
    }
}

#[test]
fn nothing_is_better_on_steps_from_any_start_and_in_any_chain() {
    nothing_is_better_on_steps::<f64>();
    nothing_is_better_on_steps::<C>();
}

#[test]
fn halting_gives_the_optimum_of_fewer_columns() {
    let (_, y) = traces::<f64>(120, 1).swap_remove(4);
    let steps = Steps::new(120).unwrap();
    let problem = Problem::new(&steps, &y, 10).unwrap();
    let (residuals, _) = path(&problem);
    assert_eq!(residuals.len(), 11);
    for q in 0..=10u64 {
        let solution = Run::new(&problem, Segment::default()).halt(Halt::Iterations(q)).solve().unwrap();
        assert_eq!(solution.iterations, q);
        assert!((solution.residual_norm - residuals[q as usize]).abs() <= 1e-14 * residuals[0]);
        let alone = if q == 0 { vec![] } else { segments(&y, q as usize).support };
        assert_eq!(solution.support, alone);
        let relative = 1.0001 * residuals[q as usize] / residuals[0];
        let least = Run::new(&problem, Segment::default()).halt(Halt::RelativeResidual(relative)).solve().unwrap();
        assert_eq!((least.iterations, least.support), (q, solution.support));
    }
    // A start that is better than fewer columns is kept until it is not.
    let start = Start::Support(segments(&y, 6).support);
    let few = Run::new(&problem, Segment::default()).start(start).halt(Halt::Iterations(3)).solve().unwrap();
    assert_eq!(few.support.len(), 6);
    let interrupt = Interrupt::new(Arc::new(AtomicBool::new(true)));
    let stopped = Run::new(&problem, Segment::default()).interrupt(interrupt).solve().unwrap();
    assert_eq!(stopped.stop_reason, StopReason::Interrupted);
}

#[test]
fn other_operators_and_problems_are_refused() {
    #[derive(Debug)]
    struct Positive;
    impl Domain<f64> for Positive {
        fn project(&self, _: usize, x: f64) -> f64 {
            x.max(0.0)
        }
    }
    let steps = Steps::new(30).unwrap();
    let (a, y) = (dense_form::<f64>(&steps), vec![1.0; 30]);
    let dense = DenseOperator::new(a.as_ref());
    let said = |problem: &Problem<'_, f64>| {
        let refused = Run::new(problem, Segment::default()).solve().unwrap_err();
        let names: Vec<&str> = applicable(problem).iter().map(|entry| entry.name).collect();
        assert!(names.contains(&"sea") && !names.contains(&"segment"));
        refused.to_string()
    };
    let problem = Problem::new(&dense, &y, 2).unwrap();
    assert_eq!(said(&problem), "segment needs the operator Steps, but A is another");
    assert_eq!(applicable(&problem).len(), entries::<f64>().len());
    let problem = Problem::new(&steps, &y, 2).unwrap();
    assert_eq!(
        said(&problem.clone().with_loss(&Squared).unwrap()),
        "segment needs the squared loss and coefficients of any value"
    );
    assert!(said(&problem.clone().with_domain(&Positive).unwrap()).starts_with("segment needs the squared loss"));
    // Whatever dereferences to steps is steps, and k m places of four bytes are held.
    let shared: Arc<dyn LinearMap<f64>> = Arc::new(steps);
    let problem = Problem::new(&shared, &y, 2).unwrap();
    let run = |state| {
        let memory = Memory { state, ..Memory::default() };
        Run::new(&problem, Segment::default()).memory(memory).solve()
    };
    assert!(run(240).is_ok());
    assert_eq!(run(239), Err(Error::StateMemory { algorithm: "segment", bytes: 240, limit: 239 }));
}
