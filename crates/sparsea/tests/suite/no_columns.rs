//! k = 0: x = 0 is the answer, whatever the algorithm, the operator, the start and the limits.

use faer::Mat;
use serde_json::Map;
use sparsea::exhaustive::best_support;
use sparsea::generate::normal_vector;
use sparsea::generate::stream;
use sparsea::{
    Boundary, Chain, Convolution, DenseOperator, Error, Halt, LinearMap, Problem, ReportOptions, Run, Scalar,
    SharedGram, Solution, SparsityPath, Start, Steps, StopReason, Trace, improve, solve,
};

use crate::common::{C, Kind, entries, every_problem, matrix, norm, observed, run, words};

/// Asserts that a solution is x = 0 on y.
fn check<T: Scalar>(solution: &Solution<T>, y: &[T], what: &str) {
    assert!(solution.support.is_empty() && solution.coefficients.is_empty(), "{what}: {solution:?}");
    assert!((solution.residual_norm - norm(y)).abs() <= 1e-14 * norm(y), "{what}: {solution:?}");
    let (relative, reason) = if norm(y) > 0.0 { (1.0, StopReason::Finished) } else { (0.0, StopReason::ExactFit) };
    assert!((solution.relative_residual - relative).abs() <= 1e-14, "{what}: {solution:?}");
    assert_eq!((solution.stop_reason, solution.iterations), (reason, 0), "{what}");
    assert_eq!((solution.best_iteration, solution.supports_explored), (0, 0), "{what}");
}

fn every_algorithm<T: Scalar>() {
    for (m, n) in [(8, 12), (12, 8)] {
        let a = matrix::<T>(Kind::Coherent, m, n, 3);
        for y in [observed(&a, 3, 3), vec![T::ZERO; m]] {
            every_problem(&a, &y, 0, |form, problem| {
                for word in words::<T>() {
                    check(&run(problem, word, Start::Zero, None), &y, &format!("{word}, {form}"));
                }
                check(&run(problem, "omp+els+sea", Start::Zero, None), &y, form);
                assert!(SparsityPath::new(problem).solve().unwrap().is_empty());
                assert!(best_support(problem, 1e9).unwrap().is_empty());
                check(&improve(problem, Start::Zero).unwrap(), &y, form);
            });
        }
    }
}

#[test]
fn nothing_is_chosen_real() {
    every_algorithm::<f64>();
}

#[test]
fn nothing_is_chosen_complex() {
    every_algorithm::<C>();
}

#[test]
fn starts_limits_and_reports_are_checked_as_ever() {
    let a = matrix::<f64>(Kind::Gaussian, 10, 20, 1);
    let y = observed(&a, 3, 1);
    let operator = DenseOperator::new(a.as_ref());
    let problem = Problem::new(&operator, &y, 0).unwrap();
    for entry in entries::<f64>() {
        let chain = || Chain::parse(entry.name, &Map::new()).unwrap();
        for start in [Start::Random(1), Start::Support(vec![]), Start::Vector(vec![1.0; 20]), Start::Chain(chain())] {
            let mut trace = Trace::default();
            let run = Run::with_chain(&problem, chain()).start(start.clone()).report(ReportOptions::default());
            let solution = run.observe(&mut trace).solve().unwrap();
            check(&solution, &y, entry.name);
            let report = solution.report.unwrap();
            assert_eq!((report.near_ties, report.best.len(), report.indices.len()), (0, 0, 0), "{}", entry.name);
            let links = if matches!(start, Start::Chain(_)) { 2 } else { 1 };
            assert_eq!(trace.rows().len(), links, "{}", entry.name);
        }
        let refused = |start: Start<f64>| Run::with_chain(&problem, chain()).start(start).solve().unwrap_err();
        assert_eq!(refused(Start::Support(vec![4])), Error::SupportSize { size: 1, sparsity: 0 });
        assert_eq!(refused(Start::Support(vec![40])), Error::SupportIndex { index: 40, columns: 20 });
        assert_eq!(refused(Start::Vector(vec![0.0; 3])), Error::StartLength { entries: 3, columns: 20 });
        let missed = run(&problem, entry.name, Start::Zero, Some(Halt::RelativeResidual(0.5)));
        assert_eq!(missed.stop_reason, StopReason::RelativeResidualMissed);
        let halt = Halt::RelativeResidual(-1.0);
        assert!(Run::with_chain(&problem, chain()).halt(halt).solve().is_err());
    }
}

/// Operators that have algorithms of their own, and traces long enough for windows.
#[test]
fn every_operator() {
    let blur = Convolution::new(&[1.0, -2.0, 0.5], 3000, Boundary::Same).unwrap();
    let operators: [&dyn LinearMap<f64>; 2] = [&blur, &Steps::new(500).unwrap()];
    for operator in operators {
        let y: Vec<f64> = normal_vector(&mut stream(2, 0, 0), operator.shape().0);
        let problem = Problem::new(operator, &y, 0).unwrap();
        for word in ["search", "sea", "els", "amp"] {
            check(&run(&problem, word, Start::Zero, None), &y, word);
        }
        let segment = run(&Problem::new(&Steps::new(y.len()).unwrap(), &y, 0).unwrap(), "segment", Start::Zero, None);
        check(&segment, &y, "segment");
    }
}

/// Problems of several k share what is known of A, and one workspace.
#[test]
fn solutions_of_several_k_are_those_alone() {
    let a: Mat<f64> = matrix(Kind::Coherent, 30, 60, 5);
    let operator = DenseOperator::new(a.as_ref());
    let ys: Vec<Vec<f64>> = (0..8).map(|seed| observed(&a, 4, seed)).collect();
    let gram = std::sync::Arc::new(SharedGram::new(60, 1 << 20));
    let first = Problem::new(&operator, &ys[0], 3).unwrap().share_gram(gram).unwrap();
    let views: Vec<&[f64]> = ys.iter().map(Vec::as_slice).collect();
    let problems = first.with_data_block(&views).unwrap();
    for word in ["search", "sea", "omp", "htp"] {
        let mut kept = None;
        for (k, (problem, y)) in [4, 0, 7, 4, 4, 0, 1, 7].into_iter().zip(problems.iter().zip(&ys)) {
            let chain = Chain::parse(word, &Map::new()).unwrap();
            let problem = problem.with_sparsity(k).unwrap();
            let found = Run::with_chain(&problem, chain.clone()).solve_with(&mut kept).unwrap();
            let alone = Problem::new(&operator, y, k).unwrap();
            let expected = Run::with_chain(&alone, chain).solve().unwrap();
            assert_eq!(
                (&found.support, &found.coefficients),
                (&expected.support, &expected.coefficients),
                "{word} {k}"
            );
            assert_eq!(found.residual_norm, expected.residual_norm, "{word} {k}");
        }
    }
}

#[test]
fn sparsity_is_checked() {
    let a = matrix::<f64>(Kind::Gaussian, 4, 6, 0);
    let operator = DenseOperator::new(a.as_ref());
    let problem = Problem::new(&operator, &[1.0; 4], 0).unwrap();
    let error = problem.with_sparsity(5).unwrap_err();
    assert_eq!(error.to_string(), "k must be between 0 and 4 (the number of rows), got 5");
    assert!(solve(&problem.with_sparsity(4).unwrap(), sparsea::Omp::default()).unwrap().residual_norm < 1e-12);
}
