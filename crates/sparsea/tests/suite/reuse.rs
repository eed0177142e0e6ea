//! What is kept from run to run, or computed ahead, changes nothing but the cost.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use faer::{Mat, MatMut};
use serde_json::Map;
use sparsea::generate::{normal_vector, stream};
use sparsea::{
    Access, Chain, Columns, DenseOperator, Error, Halt, LinearMap, Memory, OperatorError, Problem, Profile, Run,
    Scalar, SharedGram, Solution, Workspace,
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
        let ys: Vec<Vec<T>> = (0..6).map(|seed| observed(&a, 5, seed)).collect();
        let each: Vec<&[T]> = ys.iter().map(Vec::as_slice).collect();
        let gram = Arc::new(SharedGram::new(24, usize::MAX));
        for word in words::<T>().into_iter().chain(["omp+sea", "els+search"]) {
            let alone = |y| digits(solve(&Problem::new(&operator, y, 5).unwrap(), word, &mut None));
            let expected: Vec<String> = ys.iter().map(|y| alone(y)).collect();
            let shared = Problem::new(&operator, &ys[0], 5).unwrap().share_gram(gram.clone()).unwrap();
            let block = shared.with_data_block(&each).unwrap();
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

impl<T: Scalar> LinearMap<T> for Counting<'_, T> {
    fn shape(&self) -> (usize, usize) {
        self.inner.shape()
    }
    fn apply(&self, x: &[T], y: &mut [T]) -> Result<(), OperatorError> {
        self.inner.apply(x, y)
    }
    fn apply_adjoint(&self, y: &[T], x: &mut [T]) -> Result<(), OperatorError> {
        self.inner.apply_adjoint(y, x)
    }
    fn profile(&self) -> Profile {
        self.inner.profile().with_block(self.block)
    }
    fn columns(&self) -> Option<&dyn Columns<T>> {
        Some(self)
    }
}

impl<T: Scalar> Columns<T> for Counting<'_, T> {
    fn gather(&self, support: &[usize], out: MatMut<'_, T>) -> Result<(), OperatorError> {
        self.inner.gather(support, out)
    }
    fn norms(&self) -> Result<Vec<f64>, OperatorError> {
        self.inner.norms()
    }
    fn adjoint_block(&self, ys: &[&[T]], out: MatMut<'_, T>) -> Result<(), OperatorError> {
        self.inner.adjoint_block(ys, out)
    }
    fn gram(&self, rows: Option<&[usize]>, support: &[usize], out: MatMut<'_, T>) -> Result<(), OperatorError> {
        if rows.is_none() {
            self.computed.fetch_add(support.len(), Ordering::Relaxed);
        }
        self.inner.gram(rows, support, out)
    }
    fn combine(&self, support: &[usize], values: &[T], y: &mut [T]) -> Result<(), OperatorError> {
        self.inner.combine(support, values, y)
    }
    fn correlate(&self, support: &[usize], y: &[T], out: &mut [T]) -> Result<(), OperatorError> {
        self.inner.correlate(support, y, out)
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

/// Runs that share Gram columns have the bits that they have alone, whatever fits into the memory, and compute a column that does
/// once.
fn gram_columns_are_shared<T: Scalar>() {
    let (m, n, k) = (24, 40, 5);
    for kind in [Kind::Gaussian, Kind::Coherent] {
        let a = matrix::<T>(kind, m, n, 3);
        let ys: Vec<Vec<T>> = (0..3).map(|seed| observed(&a, k, seed)).collect();
        for keep_columns in [false, true] {
            for room in [0, 4, n] {
                let operator = Counting::new(&a, 1);
                let gram = Arc::new(SharedGram::new(n, room * n * size_of::<T>()));
                let posed = |y| {
                    let problem = Problem::new(&operator, y, k).unwrap();
                    if keep_columns { problem.keep_columns() } else { problem }
                };
                let mut asked = 0;
                for word in words::<T>() {
                    for y in &ys {
                        let alone = posed(y);
                        let what = format!("{word} {kind:?}, room for {room}");
                        let expected = [alone.clone(), alone.with_sparsity(3).unwrap()]
                            .map(|problem| digits(solve(&problem, word, &mut None)));
                        asked += operator.computed();
                        let before = gram.kept();
                        let shared = alone.share_gram(gram.clone()).unwrap();
                        // What is derived from a problem shares them too.
                        let found = [shared.clone(), shared.with_sparsity(3).unwrap()]
                            .map(|problem| digits(solve(&problem, word, &mut None)));
                        assert_eq!(found, expected, "{what}");
                        assert!(gram.kept() <= room, "{what}");
                        let computed = operator.computed();
                        if room == n {
                            assert_eq!(computed, gram.kept() - before, "{what}: computed again");
                        }
                    }
                }
                assert!(room < n || asked > 2 * gram.kept(), "hardly any column was asked for twice");
            }
        }
    }
}

#[test]
fn gram_columns_that_are_shared_are_computed_once_and_change_nothing() {
    gram_columns_are_shared::<f64>();
    gram_columns_are_shared::<C>();
}

/// Many threads that run at the same time, on one cache.
#[test]
fn gram_columns_are_shared_among_threads() {
    let a = matrix::<f64>(Kind::Gaussian, 24, 60, 5);
    let operator = DenseOperator::new(a.as_ref());
    let ys: Vec<Vec<f64>> = (0..8).map(|seed| observed(&a, 5, seed)).collect();
    let gram = Arc::new(SharedGram::new(60, 30 * 60 * size_of::<f64>()));
    let shared = Problem::new(&operator, &ys[0], 5).unwrap().share_gram(gram.clone()).unwrap();
    std::thread::scope(|scope| {
        for y in &ys {
            let problem = shared.with_data(y).unwrap();
            let alone = Problem::new(&operator, y, 5).unwrap();
            scope.spawn(move || {
                for word in ["omp", "sea", "els"] {
                    let (found, expected) = (solve(&problem, word, &mut None), solve(&alone, word, &mut None));
                    assert_eq!(
                        (found.support, found.coefficients),
                        (expected.support, expected.coefficients),
                        "{word}"
                    );
                }
            });
        }
    });
    assert!((1..=30).contains(&gram.kept()), "{}", gram.kept());
}

#[test]
fn gram_columns_of_another_operator_are_refused() {
    let a = matrix::<f64>(Kind::Gaussian, 6, 10, 3);
    let (operator, y) = (DenseOperator::new(a.as_ref()), observed(&a, 2, 1));
    let refused = Problem::new(&operator, &y, 2).unwrap().share_gram(Arc::new(SharedGram::new(9, 1 << 20)));
    let what = "the table of Gram columns";
    assert_eq!(refused.unwrap_err(), Error::VectorLength { what, entries: 9, columns: 10 });
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
            assert!(Access::new(&DenseOperator::new(a.as_ref())).gram_block() > 1);
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
