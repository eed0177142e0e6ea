//! What is kept from run to run, or computed ahead, changes nothing but the cost.

use std::time::Duration;

use faer::Mat;
use serde_json::Map;
use sparsea::generate::{normal_vector, stream};
use sparsea::{
    CachedGram, Chain, DenseOperator, Halt, Operator, Problem, Run, Scalar, Solution, Workspace, forward_operator,
};

use crate::common::{C, KINDS, Kind, matrix, observed, words};

/// Everything that a solution says but what it cost.
fn digits<T: Scalar>(mut solution: Solution<T>) -> String {
    solution.elapsed = Duration::ZERO;
    solution.counts.columns = 0;
    format!("{solution:?}")
}

fn solve<'a, T: Scalar>(problem: &Problem<'a, T>, word: &str, kept: &mut Option<Workspace<'a, T>>) -> Solution<T> {
    let run = Run::with_chain(problem, Chain::parse(word, &Map::new()).unwrap());
    run.halt(Halt::Iterations(60)).solve_with(kept).unwrap()
}

fn workspaces_are_kept<T: Scalar>() {
    for kind in KINDS {
        let a = matrix::<T>(kind, 24, 24, 3);
        let operator = DenseOperator::new(a.as_ref());
        let cached = CachedGram::new(&operator, usize::MAX);
        let ys: Vec<Vec<T>> = (0..6).map(|seed| observed(&a, 5, seed)).collect();
        let each: Vec<&[T]> = ys.iter().map(Vec::as_slice).collect();
        for word in words::<T>().into_iter().chain(["omp+sea", "els+search"]) {
            let alone = |y| digits(solve(&Problem::new(&operator, y, 5).unwrap(), word, &mut None));
            let expected: Vec<String> = ys.iter().map(|y| alone(y)).collect();
            let block = Problem::new(&cached, &ys[0], 5).unwrap().with_data_block(&each).unwrap();
            let mut kept = None;
            // There and back again, so that each follows others.
            for at in [0, 1, 2, 3, 4, 5, 4, 0, 0] {
                assert_eq!(digits(solve(&block[at], word, &mut kept)), expected[at], "{word} {kind:?} {at}");
            }
            // Of another sparsity, which makes a workspace of its own; and back.
            let other = block[1].with_sparsity(3).unwrap();
            let expected_other = digits(solve(&other, word, &mut None));
            assert_eq!(digits(solve(&other, word, &mut kept)), expected_other, "{word} {kind:?}");
            assert_eq!(digits(solve(&block[2], word, &mut kept)), expected[2], "{word} {kind:?}");
        }
    }
}

#[test]
fn a_workspace_that_is_kept_changes_nothing() {
    workspaces_are_kept::<f64>();
    workspaces_are_kept::<C>();
}

#[test]
fn gram_columns_are_computed_once() {
    let a = matrix::<f64>(Kind::Gaussian, 24, 24, 3);
    let operator = DenseOperator::new(a.as_ref());
    let (y, mut kept) = (observed(&a, 5, 1), None);
    let problem = Problem::new(&operator, &y, 5).unwrap();
    assert!(solve(&problem, "omp", &mut kept).counts.columns > 0);
    assert_eq!(solve(&problem, "omp", &mut kept).counts.columns, 0);
}

/// A dense operator that computes one Gram column at a time.
struct OneByOne<'a, T: Scalar>(DenseOperator<'a, T>);

impl<T: Scalar> Operator<T> for OneByOne<'_, T> {
    forward_operator!(T, self => &self.0; nrows ncols apply apply_adjoint apply_adjoint_block column columns column_norms
        column_squares gram_columns gram_entries apply_sparse apply_adjoint_on local adjoint_cost);
}

fn columns_computed_ahead<T: Scalar>() {
    // Large enough for that, k too; one with parallel columns, among which guesses go wrong.
    let (m, n, k) = (120, 400, 24);
    let gaussian = matrix::<T>(Kind::Gaussian, m, n, 4);
    let doubled = Mat::from_fn(m, n, |i, j| gaussian[(i, j / 2)] + gaussian[(i, j)].scale(0.01));
    for (name, a) in [("gaussian", &gaussian), ("doubled", &doubled)] {
        for seed in 0..3 {
            let y = if seed == 2 { normal_vector(&mut stream(6, 0, 0), m) } else { observed(a, k, seed) };
            let (ahead, alone) = (DenseOperator::new(a.as_ref()), OneByOne(DenseOperator::new(a.as_ref())));
            assert!(ahead.gram_block() > 1 && alone.gram_block() == 1);
            let (ahead, alone) = (Problem::new(&ahead, &y, k).unwrap(), Problem::new(&alone, &y, k).unwrap());
            for word in ["omp", "ols", "sea", "omp+sea"] {
                let (found, expected) = (solve(&ahead, word, &mut None), solve(&alone, word, &mut None));
                assert!(found.counts.columns >= expected.counts.columns, "{word} {name} {seed}");
                // Guesses that go wrong are given up.
                let most = 2 * expected.counts.columns + 24;
                assert!(found.counts.columns <= most, "{word} {name} {seed}: {:?}", found.counts);
                assert_eq!(digits(found), digits(expected), "{word} {name} {seed}");
            }
        }
    }
}

#[test]
fn gram_columns_computed_ahead_change_nothing() {
    columns_computed_ahead::<f64>();
    columns_computed_ahead::<C>();
}
