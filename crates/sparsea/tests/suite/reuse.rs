//! What is kept from run to run, or computed ahead, changes nothing but the cost.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use faer::{Mat, MatMut};
use serde_json::Map;
use sparsea::generate::{normal_vector, stream};
use sparsea::{
    CachedGram, Chain, DenseOperator, Error, Halt, Memory, Operator, Problem, Run, Scalar, Solution, Workspace,
    forward_operator,
};

use crate::common::{C, KINDS, Kind, matrix, observed, words};

/// Everything that a solution says but how long it took, and what is held.
fn digits<T: Scalar>(mut solution: Solution<T>) -> String {
    solution.elapsed = Duration::ZERO;
    solution.memory = 0;
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

/// A dense operator that counts the Gram columns computed, and computes as many at a time as it is told.
struct Counting<'a, T: Scalar> {
    inner: DenseOperator<'a, T>,
    block: usize,
    computed: AtomicUsize,
}

impl<'a, T: Scalar> Counting<'a, T> {
    fn new(a: &'a Mat<T>, block: usize) -> Self {
        Self { inner: DenseOperator::new(a.as_ref()), block, computed: AtomicUsize::new(0) }
    }

    fn computed(&self) -> usize {
        self.computed.swap(0, Ordering::Relaxed)
    }
}

impl<T: Scalar> Operator<T> for Counting<'_, T> {
    forward_operator!(T, self => &self.inner; nrows ncols apply apply_adjoint apply_adjoint_block column columns
        column_norms column_squares gram_entries apply_sparse apply_adjoint_on local adjoint_cost);
    fn gram_columns(&self, support: &[usize], out: MatMut<'_, T>) {
        self.computed.fetch_add(support.len(), Ordering::Relaxed);
        self.inner.gram_columns(support, out);
    }
    fn gram_block(&self) -> usize {
        self.block
    }
}

#[test]
fn gram_columns_are_computed_once() {
    let a = matrix::<f64>(Kind::Gaussian, 24, 24, 3);
    let operator = Counting::new(&a, 1);
    let (y, mut kept) = (observed(&a, 5, 1), None);
    let problem = Problem::new(&operator, &y, 5).unwrap();
    let first = solve(&problem, "omp", &mut kept);
    assert_eq!((operator.computed(), first.counts.columns), (5, 5));
    let again = solve(&problem, "omp", &mut kept);
    assert_eq!((operator.computed(), again.counts.columns), (0, 5), "used, not computed");
}

fn columns_computed_ahead<T: Scalar>() {
    // Large enough for that, k too; one with parallel columns, among which guesses go wrong.
    let (m, n, k) = (120, 400, 24);
    let gaussian = matrix::<T>(Kind::Gaussian, m, n, 4);
    let doubled = Mat::from_fn(m, n, |i, j| gaussian[(i, j / 2)] + gaussian[(i, j)].scale(0.01));
    for (name, a) in [("gaussian", &gaussian), ("doubled", &doubled)] {
        for seed in 0..3 {
            let y = if seed == 2 { normal_vector(&mut stream(6, 0, 0), m) } else { observed(a, k, seed) };
            let (several, single) = (Counting::new(a, 8), Counting::new(a, 1));
            assert!(DenseOperator::new(a.as_ref()).gram_block() > 1);
            let (ahead, alone) = (Problem::new(&several, &y, k).unwrap(), Problem::new(&single, &y, k).unwrap());
            for word in ["omp", "ols", "sea", "omp+sea"] {
                let (found, expected) = (solve(&ahead, word, &mut None), solve(&alone, word, &mut None));
                let (computed, least) = (several.computed(), single.computed());
                // Guesses that go wrong are given up.
                assert!((least..=2 * least + 24).contains(&computed), "{word} {name} {seed}: {computed} {least}");
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

/// What a run holds is reported, and stays within the limit; results depend on it no more than rounding does.
#[test]
fn what_is_held_is_reported_and_stays_within_the_limit() {
    let a = matrix::<f64>(Kind::Gaussian, 60, 200, 8);
    let operator = DenseOperator::new(a.as_ref());
    let y = observed(&a, 6, 8);
    let problem = Problem::new(&operator, &y, 6).unwrap();
    for word in words::<f64>() {
        let mut least_residual = vec![];
        for bytes in [30_000, 100_000, 1_000_000, 100_000_000] {
            let run = Run::with_chain(&problem, Chain::parse(word, &Map::new()).unwrap()).halt(Halt::Iterations(60));
            let solution = match run.memory(Memory::total(bytes)).solve() {
                Ok(solution) => solution,
                Err(error) => {
                    assert!(matches!(error, Error::StateMemory { limit, .. } if limit <= bytes), "{word}: {error}");
                    continue;
                }
            };
            // Search keeps as many Gram columns again for its threads.
            let limit = if word.contains("search") { bytes + bytes / 2 } else { bytes };
            assert!(solution.memory <= limit, "{word}: {} of {bytes}", solution.memory);
            if bytes == 100_000_000 && word == "omp" {
                assert!(solution.memory >= 8 * 200 * solution.counts.columns as usize, "{}", solution.memory);
            }
            least_residual.push(solution.residual_norm);
        }
        assert!(least_residual.windows(2).all(|pair| (pair[0] - pair[1]).abs() < 1e-9), "{word}: {least_residual:?}");
    }
}
