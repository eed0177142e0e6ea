//! Algorithms that must coincide, side by side, iterate by iterate. Each test says why they do.
//!
//! Data are random without structure, so that no fit is exact, which would end a run, and no two choices tie.

use crate::common::{
    C, KINDS, Kind, adjoint_product, difference, largest_k, matrix, norm, normalized, product, svd_fit,
};
use faer::Mat;
use sparsea::algorithms::{StepRule, StepSize};
use sparsea::generate::{normal_vector, stream};
use sparsea::{
    Algorithm, CoSaMp, DenseOperator, Els, FoBa, Halt, Htp, Iht, Lasso, Niht, Ols, Omp, Ompr, Problem, Progress, Run,
    Scalar, Sea, Search, Splicing, Start, SubspacePursuit,
};
use std::ops::ControlFlow;

/// What an observer sees of an iterate.
#[derive(Debug, Clone, PartialEq)]
struct Iterate {
    iteration: u64,
    support: Vec<usize>,
    residual_norm: f64,
}

/// A matrix with the data to explain.
struct Task<T> {
    a: Mat<T>,
    y: Vec<T>,
}

impl<T: Scalar> Task<T> {
    fn new(a: Mat<T>, seed: u64) -> Self {
        let y = normal_vector(&mut stream(seed, 21, 0), a.nrows());
        Self { a, y }
    }

    /// Unit columns of a kind. A convolution is square.
    fn of(kind: Kind, m: usize, n: usize, seed: u64) -> Self {
        let m = if kind == Kind::Convolution { n } else { m };
        Self::new(normalized(&matrix(kind, m, n, seed)), seed)
    }

    /// Orthonormal columns.
    fn orthonormal(m: usize, n: usize, seed: u64) -> Self {
        Self::new(matrix::<T>(Kind::Gaussian, m, n, seed).qr().compute_thin_Q(), seed)
    }

    /// The iterates of an algorithm, its start included.
    fn watch_from(&self, k: usize, algorithm: impl Algorithm<T>, start: Start<T>, limit: u64) -> Vec<Iterate> {
        let operator = DenseOperator::new(self.a.as_ref());
        let problem = Problem::new(&operator, &self.y, k).unwrap();
        let mut found = vec![];
        let mut watch = |progress: &Progress<'_>| {
            found.push(Iterate {
                iteration: progress.iteration,
                support: progress.support.to_vec(),
                residual_norm: progress.residual_norm,
            });
            ControlFlow::Continue(())
        };
        Run::new(&problem, algorithm).start(start).halt(Halt::Iterations(limit)).observe(&mut watch).solve().unwrap();
        found
    }

    /// The iterates from x = 0.
    fn watch(&self, k: usize, algorithm: impl Algorithm<T>) -> Vec<Iterate> {
        self.watch_from(k, algorithm, Start::Zero, 1000)
    }

    /// The support of the first iteration.
    fn first(&self, k: usize, algorithm: impl Algorithm<T>) -> Iterate {
        self.watch_from(k, algorithm, Start::Zero, 1).pop().unwrap()
    }

    /// Aᴴ y.
    fn correlation(&self) -> Vec<T> {
        adjoint_product(&self.a, &self.y)
    }

    /// y − A x.
    fn residual(&self, support: &[usize], x: &[T]) -> Vec<T> {
        difference(&self.y, &product(&self.a, support, x))
    }

    /// ‖y − A x‖ of the fit on a support of orthonormal columns.
    fn orthonormal_residual(&self, support: &[usize]) -> f64 {
        let c = self.correlation();
        (norm(&self.y).powi(2) - support.iter().map(|&j| c[j].abs2()).sum::<f64>()).sqrt()
    }

    /// Asserts that two lists of iterates are one: numbers of iterations and supports exactly, residuals to rounding.
    fn agree(&self, found: &[Iterate], expected: &[Iterate], what: &str) {
        assert_eq!(found.len(), expected.len(), "{what}: {found:?} {expected:?}");
        for (found, expected) in found.iter().zip(expected) {
            let at = expected.iteration;
            assert_eq!(found.iteration, at, "{what}");
            assert_eq!(found.support, expected.support, "{what}, iteration {at}");
            self.agree_residual(found.residual_norm, expected.residual_norm, &format!("{what}, iteration {at}"));
        }
    }

    fn agree_residual(&self, found: f64, expected: f64, what: &str) {
        assert!((found - expected).abs() <= 1e-9 * norm(&self.y), "{what}: ‖r‖ is {found}, not {expected}");
    }
}

/// x + μ Aᴴ(y − A x).
fn moved<T: Scalar>(task: &Task<T>, support: &[usize], x: &[T], mu: f64) -> Vec<T> {
    let mut moved = adjoint_product(&task.a, &task.residual(support, x));
    moved.iter_mut().for_each(|c| *c = c.scale(mu));
    support.iter().zip(x).for_each(|(&j, &x)| moved[j] += x);
    moved
}

/// A full vector.
fn dense<T: Scalar>(n: usize, support: &[usize], x: &[T]) -> Vec<T> {
    let mut full = vec![T::ZERO; n];
    support.iter().zip(x).for_each(|(&j, &x)| full[j] = x);
    full
}

/// Runs a test for real and for complex numbers.
macro_rules! real_and_complex {
    ($($(#[$attribute:meta])* $name:ident = $test:ident;)*) => {$(
        mod $name {
            $(#[$attribute])*
            #[test]
            fn real() {
                super::$test::<f64>();
            }

            #[test]
            fn complex() {
                super::$test::<super::C>();
            }
        }
    )*};
}

real_and_complex! {
    greedy_on_orthonormal_columns = greedy_algorithms_are_one_on_orthonormal_columns;
    greedy_in_k = greedy_iterates_do_not_depend_on_k;
    ols = ols_is_forward_selection;
    foba = foba_that_drops_nothing_is_omp;
    first_iteration = first_iterations_are_one;
    all_columns = all_columns_are_the_least_squares_solution_at_once;
    optimum = optimum_of_orthonormal_columns_is_found_at_once;
    sea = sea_on_orthonormal_columns_counts;
    iht = iht_on_orthonormal_columns_is_a_geometric_series;
    iht_constant = constant_step_of_iht_is_one_over_the_norm;
    htp = htp_is_a_step_of_iht_and_a_fit;
    niht = niht_is_iht_with_the_step_of_the_line_search;
    ompr = ompr_is_htp_where_one_column_is_left;
    subspace_pursuit = subspace_pursuit_is_cosamp_where_all_columns_merge;
    search = search_begins_as_els;
}

/// OLS scores a column with |a_jᴴ r| over its distance from the span of S, OMP with |a_jᴴ r|. Orthonormal columns are at
/// distance 1, and a_jᴴ r = a_jᴴ y off S: both take the columns by |a_jᴴ y|. So does FoBa: what it would drop is the column
/// that just came, whose loss is its gain, above ν times itself.
fn greedy_algorithms_are_one_on_orthonormal_columns<T: Scalar>() {
    for seed in 0..20 {
        let (k, task) = (9, Task::<T>::orthonormal(26, 20, seed));
        let c = task.correlation();
        let reference = |size: u64| {
            let support = largest_k(&c, size as usize);
            Iterate { iteration: size, residual_norm: task.orthonormal_residual(&support), support }
        };
        let expected: Vec<Iterate> = (0..=k).map(reference).collect();
        let k = k as usize;
        task.agree(&task.watch(k, Omp::default()), &expected, &format!("omp, seed {seed}"));
        task.agree(&task.watch(k, Ols::default()), &expected, &format!("ols, seed {seed}"));
        for ratio in [0.1, 0.5, 0.999] {
            let found = task.watch(k, FoBa { ratio, growth: 1.0 });
            task.agree(&found[..=k], &expected, &format!("foba, ν = {ratio}, seed {seed}"));
        }
    }
}

/// k only says where OMP and OLS end: their iterates are the first of those for a larger k. (Gram columns are computed ahead
/// by what is left to k.)
fn greedy_iterates_do_not_depend_on_k<T: Scalar>() {
    fn compare<T: Scalar>(task: &Task<T>, algorithm: impl Algorithm<T>, what: &str) {
        let all = task.watch(12, algorithm.clone());
        assert_eq!(all.len(), 13, "{what}");
        for k in [1, 2, 5, 11] {
            task.agree(&task.watch(k, algorithm.clone()), &all[..=k], &format!("{what}, k = {k}"));
        }
    }
    for kind in KINDS {
        for seed in 0..5 {
            let task = Task::<T>::of(kind, 24, 32, 200 + seed);
            compare(&task, Omp::default(), &format!("omp, {kind:?} seed {seed}"));
            compare(&task, Ols::default(), &format!("ols, {kind:?} seed {seed}"));
        }
    }
}

/// The column that OLS adds is that with which the residual of the fit is smallest: all are tried here, by singular values.
fn ols_is_forward_selection<T: Scalar>() {
    for kind in KINDS {
        for seed in 0..4 {
            let (k, task) = (5, Task::<T>::of(kind, 14, 12, 300 + seed));
            let mut expected = vec![Iterate { iteration: 0, support: vec![], residual_norm: norm(&task.y) }];
            for iteration in 1..=k {
                let support = &expected.last().unwrap().support;
                let with = |j: usize| {
                    let mut support = [&support[..], &[j]].concat();
                    support.sort_unstable();
                    Iterate { iteration, residual_norm: svd_fit(&task.a, &task.y, &support).1, support }
                };
                let tried = (0..task.a.ncols()).filter(|j| !support.contains(j)).map(with);
                let best = tried.min_by(|p, q| p.residual_norm.total_cmp(&q.residual_norm)).unwrap();
                expected.push(best);
            }
            task.agree(&task.watch(k as usize, Ols::default()), &expected, &format!("{kind:?} seed {seed}"));
        }
    }
}

/// FoBa adds the column that OMP adds, and drops one whose loss is at most ν times a gain. With the least ν no loss of an
/// independent column is that small.
fn foba_that_drops_nothing_is_omp<T: Scalar>() {
    for kind in KINDS {
        for seed in 0..8 {
            let (k, task) = (8, Task::<T>::of(kind, 24, 40, 400 + seed));
            let found = task.watch(k, FoBa { ratio: f64::MIN_POSITIVE, growth: 1.0 });
            // The last of its iterations finds that the support has grown to k columns.
            task.agree(&found[..=k], &task.watch(k, Omp::default()), &format!("{kind:?} seed {seed}"));
            assert_eq!(found.len(), k + 2, "{kind:?} seed {seed}");
        }
    }
}

/// From x = 0 the correlation is Aᴴ y, and these algorithms begin with its k largest entries, by whatever step: IHT and NIHT
/// place a multiple of them, the others fit. OMP and OLS take the largest.
fn first_iterations_are_one<T: Scalar>() {
    for kind in KINDS {
        for seed in 0..8 {
            let (k, task) = (6, Task::<T>::of(kind, 24, 40, 500 + seed));
            let what = |name: &str| format!("{name}, {kind:?} seed {seed}");
            let expected = |k: usize| {
                let support = largest_k(&task.correlation(), k);
                Iterate { iteration: 1, residual_norm: svd_fit(&task.a, &task.y, &support).1, support }
            };
            let largest = expected(k);
            let fitted = [
                ("sea", task.first(k, Sea { step_size: 0.4 })),
                ("htp", task.first(k, Htp { step_size: StepSize::Value(0.3) })),
                ("subspace pursuit", task.first(k, SubspacePursuit::default())),
                ("ompr", task.first(k, Ompr { step_size: 2.0 })),
                ("splicing", task.first(k, Splicing::default())),
            ];
            for (name, found) in fitted {
                task.agree(&[found], std::slice::from_ref(&largest), &what(name));
            }
            for (name, found) in [("omp", task.first(k, Omp::default())), ("ols", task.first(k, Ols::default()))] {
                task.agree(&[found], &[expected(1)], &what(name));
            }
            let support = &largest.support;
            let image = product(&task.a, support, &support.iter().map(|&j| task.correlation()[j]).collect::<Vec<T>>());
            let square: f64 = support.iter().map(|&j| task.correlation()[j].abs2()).sum();
            let placed = |mu: f64| Iterate {
                residual_norm: norm(&difference(&task.y, &image.iter().map(|v| v.scale(mu)).collect::<Vec<T>>())),
                ..largest.clone()
            };
            task.agree(&[task.first(k, Iht { step_size: StepSize::Value(0.3) })], &[placed(0.3)], &what("iht"));
            let best = square / norm(&image).powi(2);
            task.agree(&[task.first(k, Niht::default())], &[placed(best)], &what("niht"));
        }
    }
}

/// With k = n ≤ m there is one support of k columns: those that select k columns at a time have it after one iteration, those
/// that select one after n, and nothing is left to change.
fn all_columns_are_the_least_squares_solution_at_once<T: Scalar>() {
    fn compare<T: Scalar>(task: &Task<T>, at: usize, algorithm: impl Algorithm<T>, what: &str) {
        let n = task.a.ncols();
        let residual_norm = svd_fit(&task.a, &task.y, &(0..n).collect::<Vec<_>>()).1;
        let found = task.watch(n, algorithm);
        assert!(found.len() > at, "{what}: {found:?}");
        for found in &found[at..] {
            let expected = Iterate { iteration: found.iteration, support: (0..n).collect(), residual_norm };
            task.agree(std::slice::from_ref(found), &[expected], what);
        }
    }
    for kind in [Kind::Gaussian, Kind::Coherent] {
        for seed in 0..8 {
            let task = Task::<T>::of(kind, 20, 9, 600 + seed);
            let what = |name: &str| format!("{name}, {kind:?} seed {seed}");
            compare(&task, 1, Sea::default(), &what("sea"));
            compare(&task, 1, Htp::default(), &what("htp"));
            compare(&task, 1, SubspacePursuit::default(), &what("subspace pursuit"));
            compare(&task, 1, CoSaMp::default(), &what("cosamp"));
            compare(&task, 1, Ompr::default(), &what("ompr"));
            compare(&task, 1, Splicing::default(), &what("splicing"));
            compare(&task, 9, Omp::default(), &what("omp"));
            compare(&task, 9, Ols::default(), &what("ols"));
            compare(&task, 9, Els::default(), &what("els"));
        }
    }
}

/// With orthonormal columns ‖y − A x‖² = ‖y‖² − ‖c‖² + ‖c − x‖² for c = Aᴴ y, so that the k largest entries of c are the
/// optimum. Each of these algorithms finds it in its first iteration, and stays: off the support the correlation is c, and
/// no step of at most 1 lifts that above c on the support.
fn optimum_of_orthonormal_columns_is_found_at_once<T: Scalar>() {
    fn compare<T: Scalar>(task: &Task<T>, algorithm: impl Algorithm<T>, most: u64, what: &str) {
        let k = 6;
        let support = largest_k(&task.correlation(), k);
        let residual_norm = task.orthonormal_residual(&support);
        let found = task.watch(k, algorithm);
        let last = found.last().unwrap().iteration;
        assert!((1..=most).contains(&last), "{what}: {last} iterations");
        for found in &found[1..] {
            let expected = Iterate { iteration: found.iteration, support: support.clone(), residual_norm };
            task.agree(std::slice::from_ref(found), &[expected], what);
        }
    }
    for seed in 0..20 {
        let task = Task::<T>::orthonormal(26, 20, 700 + seed);
        let what = |name: &str| format!("{name}, seed {seed}");
        for step_size in [0.05, 1.0] {
            compare(&task, Htp { step_size: StepSize::Value(step_size) }, 2, &what("htp"));
            compare(&task, Ompr { step_size }, 2, &what("ompr"));
        }
        compare(&task, SubspacePursuit::default(), 2, &what("subspace pursuit"));
        compare(&task, Splicing::default(), 2, &what("splicing"));
        // IHT and NIHT end when x rests but for rounding, which may take a step more.
        compare(&task, Iht { step_size: StepSize::Value(1.0) }, 4, &what("iht"));
        compare(&task, Niht::default(), 4, &what("niht"));
        // CoSaMP ends when a merged support returns, which the second is not.
        compare(&task, CoSaMp::default(), 3, &what("cosamp"));
        compare(&task, CoSaMp { refit: true }, 3, &what("cosamp with refit"));
    }
}

/// With orthonormal columns the correlation is c = Aᴴ y off S and 0 on S, so that 𝒳_j is η c_j times the iterations at which
/// j was not in S. Those are counted here; nothing is fitted. SEA leaves the optimum again, which stays the best.
fn sea_on_orthonormal_columns_counts<T: Scalar>() {
    let mut visits = 0;
    for seed in 0..10 {
        let (k, task) = (6, Task::<T>::orthonormal(26, 20, 800 + seed));
        let c = task.correlation();
        let mut found = task.watch_from(k, Sea { step_size: 0.7 }, Start::Zero, 300).into_iter().peekable();
        let mut support = vec![];
        let mut out = vec![0_u64; 20];
        for iteration in 0..=300 {
            // Iterations that leave the support as it is are jumped over.
            if let Some(found) = found.next_if(|found| found.iteration == iteration) {
                let residual_norm = task.orthonormal_residual(&support);
                task.agree(
                    &[found],
                    &[Iterate { iteration, support: support.clone(), residual_norm }],
                    &format!("{seed}"),
                );
                visits += 1;
            }
            let before = support.clone();
            (0..20).filter(|j| !support.contains(j)).for_each(|j| out[j] += 1);
            support = largest_k(&c.iter().zip(&out).map(|(c, &out)| c.scale(out as f64)).collect::<Vec<T>>(), k);
            let seen = found.peek().is_some_and(|found| found.iteration == iteration + 1);
            assert!(
                seen || support == before || iteration == 300,
                "seed {seed}: a change at {iteration} was jumped over"
            );
        }
        assert!(found.next().is_none(), "seed {seed}");
    }
    assert!(visits > 1000, "SEA hardly moved: {visits}");
}

/// With orthonormal columns a step of IHT on its support is x ← x + μ (c − x), so that after t steps c − x is (1 − μ)ᵗ c
/// there. For μ ≤ 1 the support is that of the k largest entries of c from the first step: on it |x| grows to |c| from
/// μ |c|, which is more than μ |c_j| off it.
fn iht_on_orthonormal_columns_is_a_geometric_series<T: Scalar>() {
    for seed in 0..10 {
        let (k, task) = (6, Task::<T>::orthonormal(26, 20, 900 + seed));
        let c = task.correlation();
        let support = largest_k(&c, k);
        let square: f64 = support.iter().map(|&j| c[j].abs2()).sum();
        for mu in [0.1, 0.5, 0.9] {
            let found = task.watch(k, Iht { step_size: StepSize::Value(mu) });
            assert!(found.len() > 10, "seed {seed} μ = {mu}");
            for (at, found) in found.into_iter().enumerate() {
                let far = (1.0 - mu).powi(2 * at as i32) * square;
                let residual_norm = task.orthonormal_residual(&support).hypot(far.sqrt());
                let support = if at == 0 { vec![] } else { support.clone() };
                let expected = Iterate { iteration: at as u64, support, residual_norm };
                task.agree(&[found], &[expected], &format!("seed {seed} μ = {mu}"));
            }
        }
    }
}

/// The constant step is 1/‖A‖², here by singular values. The library brackets ‖A‖² from products, to 1e-6 and better.
fn constant_step_of_iht_is_one_over_the_norm<T: Scalar>() {
    for kind in KINDS {
        for seed in 0..8 {
            let (k, task) = (6, Task::<T>::of(kind, 24, 40, 1000 + seed));
            let largest = task.a.singular_values().unwrap()[0];
            let value = StepSize::Value(1.0 / (largest * largest));
            let (found, expected) = (
                task.watch_from(k, Iht::default(), Start::Zero, 40),
                task.watch_from(k, Iht { step_size: value }, Start::Zero, 40),
            );
            assert_eq!(found.len(), expected.len());
            for (found, expected) in found.iter().zip(&expected) {
                assert_eq!(found.support, expected.support, "{kind:?} seed {seed}");
                let error = (found.residual_norm - expected.residual_norm).abs();
                assert!(error <= 1e-6 * norm(&task.y), "{kind:?} seed {seed}: {error}");
            }
        }
    }
}

/// HTP is a step of IHT, of which the support is kept, and a fit on it. Beside it goes IHT itself, one step from each fit by
/// singular values, until a support returns, with which HTP ends.
fn htp_is_a_step_of_iht_and_a_fit<T: Scalar>() {
    let mut steps = 0;
    for kind in KINDS {
        for seed in 0..6 {
            let (k, task) = (7, Task::<T>::of(kind, 30, 40, 1100 + seed));
            for mu in [0.2, 1.0, 1.5] {
                let mut expected = vec![Iterate { iteration: 0, support: vec![], residual_norm: norm(&task.y) }];
                let (mut support, mut x): (Vec<usize>, Vec<T>) = (vec![], vec![]);
                loop {
                    let iteration = expected.len() as u64;
                    let next = largest_k(&moved(&task, &support, &x, mu), k);
                    let start = Start::Vector(dense(40, &support, &x));
                    let step = task.watch_from(k, Iht { step_size: StepSize::Value(mu) }, start, 1);
                    let what = format!("{kind:?} seed {seed} μ = {mu}, iteration {iteration}");
                    assert_eq!(step.last().unwrap().support, next, "iht, {what}");
                    if expected.iter().any(|seen| seen.support == next) {
                        expected.push(Iterate { iteration, ..expected.last().unwrap().clone() });
                        break;
                    }
                    let residual_norm;
                    (x, residual_norm, _) = svd_fit(&task.a, &task.y, &next);
                    support.clone_from(&next);
                    expected.push(Iterate { iteration, support: next, residual_norm });
                }
                steps += expected.len() - 1;
                let found = task.watch(k, Htp { step_size: StepSize::Value(mu) });
                task.agree(&found, &expected, &format!("htp, {kind:?} seed {seed} μ = {mu}"));
            }
        }
    }
    assert!(steps > 200, "HTP hardly moved: {steps}");
}

/// NIHT is IHT with a step found anew in each iteration: ‖g_S‖²/‖A g_S‖² for the gradient g, shortened while the support
/// changes and the step is longer than (1 − c) ‖x' − x‖²/‖A(x' − x)‖². The step is found here, and IHT takes it. The
/// normalised step of IHT is NIHT as it is by default, to the bit.
fn niht_is_iht_with_the_step_of_the_line_search<T: Scalar>() {
    let (margin, shrink) = (0.01, 2.0);
    let mut shortened = 0;
    for kind in KINDS {
        for seed in 0..6 {
            let (k, task) = (5, Task::<T>::of(kind, 24, 40, 1200 + seed));
            let n = task.a.ncols();
            let everything: Vec<usize> = (0..n).collect();
            let what = format!("{kind:?} seed {seed}");
            let found = task.watch_from(k, Niht { margin, shrink }, Start::Zero, 25);
            let normalized = Iht { step_size: StepSize::Rule(StepRule::Normalized) };
            assert_eq!(task.watch_from(k, normalized, Start::Zero, 25), found, "{what}");
            let mut x = vec![T::ZERO; n];
            for iterates in found.windows(2) {
                let g = adjoint_product(&task.a, &task.residual(&everything, &x));
                let support =
                    if iterates[0].support.is_empty() { largest_k(&g, k) } else { iterates[0].support.clone() };
                let on: Vec<T> = support.iter().map(|&j| g[j]).collect();
                let mut mu = (norm(&on) / norm(&product(&task.a, &support, &on))).powi(2);
                let next = loop {
                    let moved = moved(&task, &everything, &x, mu);
                    let kept = largest_k(&moved, k);
                    let next = dense(n, &kept, &kept.iter().map(|&j| moved[j]).collect::<Vec<T>>());
                    let change = difference(&next, &x);
                    let longest = (norm(&change) / norm(&product(&task.a, &everything, &change))).powi(2);
                    if kept == support || mu <= (1.0 - margin) * longest {
                        break next;
                    }
                    shortened += 1;
                    mu /= shrink * (1.0 - margin);
                };
                let iht = Iht { step_size: StepSize::Value(mu) };
                let step = task.watch_from(k, iht, Start::Vector(x), 1).pop().unwrap();
                let expected = Iterate { iteration: iterates[1].iteration, ..step };
                task.agree(&iterates[1..], &[expected], &what);
                x = next;
            }
        }
    }
    assert!(shortened > 20, "hardly a step was shortened: {shortened}");
}

/// OMPR exchanges the smallest entry of x + η Aᴴ(y − A x) on S for the largest off it, if that is larger; HTP keeps the k
/// largest. With n = k + 1 there is one entry off S, and both do the same. Both end when a support returns.
fn ompr_is_htp_where_one_column_is_left<T: Scalar>() {
    let mut steps = 0;
    for kind in KINDS {
        for seed in 0..20 {
            let (k, task) = (6, Task::<T>::of(kind, 12, 7, 1300 + seed));
            for step_size in [0.3, 1.0, 1.9] {
                let found = task.watch(k, Ompr { step_size });
                let expected = task.watch(k, Htp { step_size: StepSize::Value(step_size) });
                task.agree(&found, &expected, &format!("{kind:?} seed {seed} η = {step_size}"));
                steps += found.len() - 2;
            }
        }
    }
    assert!(steps > 200, "hardly a column was exchanged: {steps}");
}

/// CoSaMP merges the 2k largest correlations, subspace pursuit from its first support the k largest others. With n ≤ 2k
/// both merge all columns, and keep the k largest entries of the fit on them. Subspace pursuit then goes there if that is
/// better than where it is, or ends.
fn subspace_pursuit_is_cosamp_where_all_columns_merge<T: Scalar>() {
    let mut better = 0;
    for kind in KINDS {
        for seed in 0..20 {
            let (k, task) = (6, Task::<T>::of(kind, 16, 11, 1400 + seed));
            let pursuit = task.watch(k, SubspacePursuit::default());
            let kept = task.first(k, CoSaMp { refit: true });
            let goes = kept.residual_norm < pursuit[1].residual_norm * (1.0 - 1e-9);
            let expected = if goes { kept } else { pursuit[1].clone() };
            let expected = Iterate { iteration: 2, ..expected };
            task.agree(&pursuit[2..3], &[expected], &format!("{kind:?} seed {seed}"));
            better += u32::from(goes);
        }
    }
    assert!(better > 5, "subspace pursuit hardly moved: {better}");
}

/// The first iteration of search is the whole of ELS.
fn search_begins_as_els<T: Scalar>() {
    for kind in KINDS {
        for seed in 0..8 {
            let (k, task) = (6, Task::<T>::of(kind, 24, 40, 1500 + seed));
            let els = task.watch(k, Els::default()).pop().unwrap();
            let expected = Iterate { iteration: 1, ..els };
            task.agree(&[task.first(k, Search::default())], &[expected], &format!("{kind:?} seed {seed}"));
        }
    }
}

/// The LASSO of orthonormal columns is x_j = c_j (1 − λ/|c_j|)₊ with c = Aᵀ y. Columns join at λ = |c_j|, in the order in
/// which OMP takes them, one iteration later than there: at its knot a coefficient is still 0.
#[test]
fn lasso_takes_orthonormal_columns_as_omp_does() {
    for seed in 0..20 {
        let (k, task) = (8, Task::<f64>::orthonormal(26, 20, 1600 + seed));
        let what = format!("seed {seed}");
        let omp = task.watch(k, Omp::default());
        let (fitted, shrunk) = (task.watch(k, Lasso { refit: true }), task.watch(k, Lasso { refit: false }));
        assert_eq!((fitted.len(), shrunk.len()), (k + 2, k + 2), "{what}");
        let c = task.correlation();
        let mut sizes: Vec<f64> = c.iter().map(|c| c.abs()).collect();
        sizes.sort_by(|p, q| q.total_cmp(p));
        for (at, omp) in omp.iter().enumerate() {
            let expected = Iterate { iteration: at as u64 + 1, ..omp.clone() };
            task.agree(&fitted[at + 1..][..1], std::slice::from_ref(&expected), &what);
            let lost: f64 = sizes.iter().map(|size| size.min(sizes[at]).powi(2)).sum();
            let residual_norm = (task.orthonormal_residual(&(0..20).collect::<Vec<_>>()).powi(2) + lost).sqrt();
            task.agree(&shrunk[at + 1..][..1], &[Iterate { residual_norm, ..expected }], &what);
        }
    }
}
