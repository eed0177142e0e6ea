//! Search: as good as trying everything where that is possible, never worse with more time, the same on any threads.

use std::ops::ControlFlow;

use crate::common::{C, KINDS, Kind, all_supports, matrix, norm, observed, product, run, svd_fit};
use faer::Mat;
use serde_json::json;
use sparsea::algorithms::default_algorithm;
use sparsea::generate::{normal_vector, stream};
use sparsea::{
    Chain, DenseOperator, Els, Halt, Perturbation, Problem, Progress, ReportOptions, Run, Scalar, Sea, Search,
    Solution, Start, StopReason, exhaustive,
};

/// Random instances of up to 14 columns, coherent ones included, noise only and signals: the optimum nearly always.
#[test]
fn small_problems_are_solved_to_the_optimum() {
    let (mut solved, mut all) = (0, 0);
    for kind in KINDS {
        for seed in 0..70 {
            let (m, n, k) = [(8, 12, 3), (10, 14, 5), (14, 14, 4), (12, 13, 6)][seed as usize % 4];
            let a = matrix::<f64>(kind, if kind == Kind::Convolution { n } else { m }, n, 500 + seed);
            let y: Vec<f64> =
                if seed % 2 == 0 { normal_vector(&mut stream(seed, 21, 0), a.nrows()) } else { observed(&a, k, seed) };
            let operator = DenseOperator::new(a.as_ref());
            let problem = Problem::new(&operator, &y, k).unwrap();
            let best = exhaustive::best_support(&problem, 1e9).unwrap();
            let optimum = svd_fit(&a, &y, &best).1;
            let halt = Halt::Iterations(1000);
            let solution = run(&problem, "search", Start::Zero, Some(halt));
            assert!(solution.residual_norm >= optimum * (1.0 - 1e-9), "{kind:?} seed {seed}");
            solved += usize::from(solution.residual_norm <= optimum * (1.0 + 1e-9));
            all += 1;
        }
    }
    assert!(solved as f64 >= 0.995 * all as f64, "{solved} of {all}");
}

fn digits<T: Scalar>(mut solution: Solution<T>) -> String {
    solution.elapsed = std::time::Duration::ZERO;
    format!("{solution:?}")
}

/// The global pool computes iterations ahead; a pool of one does not, nor does a worker of any pool.
fn ahead_or_not<T: Scalar>() {
    for kind in KINDS {
        for seed in 0..3 {
            let a = matrix::<T>(kind, 30, 30, 600 + seed);
            let y = observed(&a, 8, seed);
            let operator = DenseOperator::new(a.as_ref());
            let problem = Problem::new(&operator, &y, 8).unwrap();
            let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
            for limit in [1, 5, 8, 9, 64, 200] {
                let search = Search { seed, ..Search::default() };
                let one = || {
                    let run = Run::new(&problem, search.clone()).halt(Halt::Iterations(limit));
                    digits(run.report(ReportOptions::default()).solve().unwrap())
                };
                assert_eq!(one(), pool.install(one), "{kind:?} seed {seed}, {limit} iterations");
            }
        }
    }
}

#[test]
fn iterations_computed_ahead_change_nothing() {
    ahead_or_not::<f64>();
    ahead_or_not::<C>();
}

#[test]
fn more_iterations_are_never_worse_and_seeds_differ() {
    // Noise alone, which many supports explain about as well.
    let a = matrix::<f64>(Kind::Gaussian, 60, 200, 7);
    let y: Vec<f64> = normal_vector(&mut stream(7, 23, 0), 60);
    let operator = DenseOperator::new(a.as_ref());
    let problem = Problem::new(&operator, &y, 25).unwrap();
    let mut supports = vec![];
    for seed in 0..4 {
        let mut before = f64::INFINITY;
        for limit in [0, 1, 2, 4, 8, 16, 32, 64, 128, 256] {
            let run = Run::new(&problem, Search { seed, ..Search::default() }).halt(Halt::Iterations(limit));
            let solution = run.report(ReportOptions::default()).solve().unwrap();
            assert!(solution.iterations == limit || solution.stop_reason == StopReason::ExactFit, "{solution:?}");
            assert!(solution.residual_norm <= before * (1.0 + 1e-12), "seed {seed}, {limit} iterations");
            before = solution.residual_norm;
            // What was explored on the way differs even where the best does not.
            supports.push((limit, solution.report.unwrap().best));
        }
    }
    let differ = |limit: u64| {
        let of: Vec<_> = supports.iter().filter(|(at, _)| *at == limit).collect();
        of.iter().any(|one| one.1 != of[0].1)
    };
    assert!([16, 32, 64].into_iter().any(differ), "the seed does nothing");
    // It starts as exchanges do.
    let els = Run::new(&problem, Els::default()).solve().unwrap();
    let first = run(&problem, "search", Start::Zero, Some(Halt::Iterations(1)));
    assert_eq!(first.support, els.support);
}

const EVERY: [Perturbation; 7] = [
    Perturbation::Random,
    Perturbation::Neighbours,
    Perturbation::Disputed,
    Perturbation::Relink,
    Perturbation::Pair,
    Perturbation::Walk,
    Perturbation::NormalizedWalk,
];

/// Each way alone, with SEA and without: never worse than its start, better than exchanges alone somewhere, and the
/// residual that it claims is that of its support.
fn every_perturbation<T: Scalar>() {
    for way in EVERY {
        let mut better = 0;
        for seed in 0..6 {
            let kind = if seed % 2 == 0 { Kind::Gaussian } else { Kind::Convolution };
            let a = matrix::<T>(kind, 24, 48, 700 + seed);
            let y = observed(&a, 10, seed);
            let operator = DenseOperator::new(a.as_ref());
            let problem = Problem::new(&operator, &y, 10).unwrap();
            let start = || Start::Support((0..10).collect());
            let els = Run::new(&problem, Els::default()).start(start()).solve().unwrap();
            for exploration in [0.0, 1.0] {
                let search = Search { exploration, perturbations: vec![way], ..Search::default() };
                let solution = Run::new(&problem, search).start(start()).solve().unwrap();
                let exact = svd_fit(&a, &y, &solution.support).1;
                assert!((solution.residual_norm - exact).abs() < 1e-8 * norm(&y), "{way:?} seed {seed}");
                assert!(solution.residual_norm <= els.residual_norm + 1e-9 * norm(&y), "{way:?} seed {seed}");
                better += usize::from(solution.residual_norm < 0.99 * els.residual_norm);
            }
        }
        assert!(better > 0, "{way:?} never leads anywhere");
    }
}

#[test]
fn every_perturbation_leads_out_of_local_minima() {
    every_perturbation::<f64>();
    every_perturbation::<C>();
}

#[test]
fn impossible_settings_are_refused() {
    let refused = |settings: serde_json::Value, said: &str| {
        let object = settings.as_object().unwrap();
        let error = Chain::<f64>::parse("search", object).and_then(|chain| {
            let a = matrix::<f64>(Kind::Gaussian, 6, 9, 1);
            let operator = DenseOperator::new(a.as_ref());
            let y = vec![1.0; 6];
            Run::with_chain(&Problem::new(&operator, &y, 2)?, chain).solve()
        });
        let message = error.unwrap_err().to_string();
        assert!(message.contains(said), "{message}");
    };
    refused(json!({ "largest": 0.0 }), "largest must be above 0 and at most 1, got 0");
    refused(json!({ "exploration": -0.5 }), "exploration must be at least 0 and at most 1, got -0.5");
    refused(json!({ "exploration": 1.5 }), "exploration must be at least 0 and at most 1, got 1.5");
    refused(json!({ "perturbations": [] }), "perturbations must be a list with at least one entry, got []");
    refused(json!({ "perturbations": ["swap"] }), "perturbations must be a list, as");
}

/// No time and no iterations mean the start itself.
#[test]
fn without_a_budget_the_start_comes_back() {
    let a = matrix::<f64>(Kind::Gaussian, 12, 20, 3);
    let y = observed(&a, 4, 3);
    let operator = DenseOperator::new(a.as_ref());
    let problem = Problem::new(&operator, &y, 4).unwrap();
    let support = vec![1, 5, 7, 19];
    let exact = svd_fit(&a, &y, &support).1;
    for (halt, reason) in
        [(Halt::Iterations(0), StopReason::Iterations), (Halt::Time(std::time::Duration::ZERO), StopReason::Time)]
    {
        let solution = run(&problem, "search", Start::Support(support.clone()), Some(halt));
        assert_eq!((&solution.support, solution.stop_reason), (&support, reason));
        assert!((solution.residual_norm - exact).abs() < 1e-12 * norm(&y));
    }
    assert!(sparsea::seconds(-1.0).unwrap_err().to_string().contains("at least 0 seconds and finite, got -1"));
}

/// Where k is in the thousands, exchanges take too long to be what is done unasked.
#[test]
fn the_default_depends_on_the_size() {
    assert_eq!(default_algorithm(500, 20), "search");
    assert_eq!(default_algorithm(1000, 1000), "search");
    assert_eq!(default_algorithm(1_000_000, 10_000), "sea");
    assert_eq!(default_algorithm(usize::MAX, 100), "search");
    assert_eq!(default_algorithm(usize::MAX, usize::MAX), "sea");
}

/// Two columns that are nearly the same are told from one that is like no other.
#[test]
fn a_report_tells_certain_columns_from_doubtful_ones() {
    let (m, n) = (40, 30);
    let base = matrix::<f64>(Kind::Gaussian, m, n, 9);
    let a = Mat::from_fn(m, n, |i, j| if j == 11 { base[(i, 10)] + 0.05 * base[(i, 11)] } else { base[(i, j)] });
    let mut y = product(&a, &[3, 10], &[2.0, 1.0]);
    let noise: Vec<f64> = normal_vector(&mut stream(9, 22, 0), m);
    let size = 0.3 * norm(&y) / norm(&noise);
    y.iter_mut().zip(noise).for_each(|(y, e)| *y += size * e);
    let operator = DenseOperator::new(a.as_ref());
    let problem = Problem::new(&operator, &y, 2).unwrap();
    let options = ReportOptions { margin: 0.02, listed: 3 };
    let solution = Run::new(&problem, Search::default()).report(options).solve().unwrap();
    let report = solution.report.as_ref().unwrap();
    assert_eq!(report.best[0].support, solution.support);
    assert!((report.best[0].residual_norm - solution.residual_norm).abs() < 1e-9 * norm(&y));
    assert!(report.best.len() <= 3 && report.best.windows(2).all(|w| w[0].residual_norm <= w[1].residual_norm));
    assert!(report.distinct_supports >= report.near_ties && report.near_ties >= 1);
    let row = |j: usize| report.indices.iter().find(|row| row.index == j);
    assert!(row(3).unwrap().chosen && row(3).unwrap().frequency == 1.0, "{report:?}");
    let doubtful = if solution.support.contains(&10) { (10, 11) } else { (11, 10) };
    let neighbour = row(doubtful.0).unwrap().neighbour.unwrap();
    assert_eq!(neighbour.0, doubtful.1);
    assert!(neighbour.1 > 0.99, "{report:?}");
    for row in &report.indices {
        assert!(row.frequency <= 1.0 && (row.frequency > 0.0 || row.chosen), "{report:?}");
        // Each near-tie listed that has the column counts.
        assert_eq!(row.chosen, solution.support.contains(&row.index));
    }
    // The residuals listed are those of fits, whatever algorithm reported them.
    for ranked in &report.best {
        let exact = svd_fit(&a, &y, &ranked.support).1;
        assert!((ranked.residual_norm - exact).abs() < 1e-8 * norm(&y), "{ranked:?} {exact}");
    }
    let explored = Run::new(&problem, Sea::default()).halt(Halt::Iterations(50)).report(options).solve().unwrap();
    let report = explored.report.unwrap();
    assert!(report.distinct_supports > 1 && report.best[0].support == explored.support);
    assert_eq!(run(&problem, "search", Start::Zero, None).report, None);
    let wrong = ReportOptions { margin: -1.0, ..options };
    assert!(Run::new(&problem, Sea::default()).report(wrong).solve().is_err());
    // The brute-force best is the report's.
    let best = all_supports(n, 2).into_iter().min_by(|s, t| svd_fit(&a, &y, s).1.total_cmp(&svd_fit(&a, &y, t).1));
    assert_eq!(best, Some(solution.support));
}

/// The first descent shows its points where moves are expensive: a run that is stopped in it has columns already, and one that is
/// not comes to the same.
#[test]
fn the_first_descent_is_worth_something_before_its_end() {
    let (m, n, k) = (200, 1000, 25);
    let a = matrix::<f64>(Kind::Coherent, m, n, 4);
    let y: Vec<f64> = normal_vector(&mut stream(4, 9, 0), m);
    let operator = DenseOperator::new(a.as_ref());
    let problem = Problem::new(&operator, &y, k).unwrap();
    let mut residuals = vec![];
    let mut watch = |progress: &Progress<'_>| {
        if progress.iteration > 0 {
            return ControlFlow::Break(());
        }
        residuals.push((progress.best_support.len(), progress.best_residual_norm));
        ControlFlow::Continue(())
    };
    Run::new(&problem, Search::default()).observe(&mut watch).solve().unwrap();
    assert!(residuals.len() > 3, "{residuals:?}");
    assert!(residuals.windows(2).all(|pair| pair[1].1 <= pair[0].1), "{residuals:?}");
    assert!(residuals[1].0 > 0 && residuals[1].0 < k, "{residuals:?}");
}
