//! SEA's jumping loop against Algorithm 1 written out: every iteration, one gradient, one full sort, one SVD.

use std::ops::ControlFlow;

use crate::common::{C, KINDS, Kind, adjoint_product, difference, largest_k, matrix, normalized, product, svd_fit};
use faer::Mat;
use sparsea::generate::{normal_vector, random_amplitudes, random_support, stream};
use sparsea::{DenseOperator, Halt, Iterate, Observer, Omp, Problem, Progress, Run, Scalar, Sea, Start, StopReason};

/// Supports visited by the plain loop: (iteration, support), one entry per change. Ends early, returning the
/// iteration, where two entries of 𝒳 are too close for the order of additions not to matter.
fn plain<T: Scalar>(
    a: &Mat<T>,
    y: &[T],
    k: usize,
    x0: &[T],
    eta: f64,
    iterations: u64,
) -> (Vec<(u64, Vec<usize>)>, Option<u64>) {
    let mut exploration = x0.to_vec();
    let mut visits: Vec<(u64, Vec<usize>)> = vec![];
    for t in 0..=iterations {
        let support = largest_k(&exploration, k);
        if support.len() == k {
            let mut sizes: Vec<f64> = exploration.iter().map(|x| Scalar::abs(*x)).collect();
            sizes.sort_by(|a, b| b.total_cmp(a));
            if k < sizes.len() && sizes[k - 1] - sizes[k] <= 1e-8 * sizes[k - 1] {
                return (visits, Some(t));
            }
        }
        if visits.last().is_none_or(|(_, last)| *last != support) {
            visits.push((t, support.clone()));
        }
        let (x, _, _) = svd_fit(a, y, &support);
        let residual = difference(y, &product(a, &support, &x));
        for (x, g) in exploration.iter_mut().zip(adjoint_product(a, &residual)) {
            *x += g.scale(eta);
        }
        // The gradient is zero on the support; what rounding leaves there would add up over a thousand iterations.
        for &j in &support {
            let g = adjoint_product(&Mat::from_fn(a.nrows(), 1, |i, _| a[(i, j)]), &residual)[0];
            exploration[j] -= g.scale(eta);
        }
    }
    (visits, None)
}

fn jumping<T: Scalar>(
    a: &Mat<T>,
    y: &[T],
    k: usize,
    start: Start<T>,
    eta: f64,
    iterations: u64,
) -> (Vec<(u64, Vec<usize>)>, StopReason, u64) {
    let operator = DenseOperator::new(a.as_ref());
    let problem = Problem::new(&operator, y, k).unwrap();
    let mut visits: Vec<(u64, Vec<usize>)> = vec![];
    let mut watch = |progress: &Progress<'_>| {
        if progress.algorithm == "sea" && visits.last().is_none_or(|(_, last)| *last != progress.support) {
            visits.push((progress.iteration, progress.support.to_vec()));
        }
        ControlFlow::Continue(())
    };
    let solution = Run::new(&problem, Sea { step_size: eta })
        .start(start)
        .halt(Halt::Iterations(iterations))
        .observe(&mut watch)
        .solve()
        .unwrap();
    (visits, solution.stop_reason, solution.iterations)
}

/// Compares both loops on one problem; returns how many iterations were compared.
fn compare<T: Scalar>(kind: Kind, seed: u64, complete: &mut u32) -> u64 {
    let (m, n, k) = [(12, 20, 4), (16, 24, 5), (20, 20, 6), (10, 30, 3)][seed as usize % 4];
    let a = normalized(&matrix::<T>(kind, if kind == Kind::Convolution { n } else { m }, n, seed));
    let mut rng = stream(seed, 2, 0);
    let support = random_support(&mut rng, n, k);
    let amplitudes: Vec<T> = random_amplitudes(&mut rng, k, sparsea::generate::Amplitudes::Bounded);
    let mut y = product(&a, &support, &amplitudes);
    let noise: Vec<T> = normal_vector(&mut rng, y.len());
    y.iter_mut().zip(noise).for_each(|(y, e)| *y += e.scale(0.1));
    let eta = [1.0, 0.3, 7.0, 1e-3][(seed / 4) as usize % 4];
    let iterations = 300;
    let (start, x0): (Start<T>, Vec<T>) = match seed % 3 {
        0 => (Start::Zero, vec![T::ZERO; n]),
        1 => {
            let x0: Vec<T> = normal_vector(&mut rng, n);
            (Start::Vector(x0.clone()), x0)
        }
        _ => {
            let operator = DenseOperator::new(a.as_ref());
            let problem = Problem::new(&operator, &y, k).unwrap();
            let omp = sparsea::solve(&problem, Omp::default()).unwrap();
            (Start::Chain(sparsea::Chain::of(Omp::default())), omp.to_dense())
        }
    };
    let (expected, tie) = plain(&a, &y, k, &x0, eta, iterations);
    let (found, reason, reached) = jumping(&a, &y, k, start, eta, iterations);
    let until = tie.unwrap_or(iterations + 1);
    let cut = |visits: &[(u64, Vec<usize>)]| visits.iter().filter(|(t, _)| *t < until).cloned().collect::<Vec<_>>();
    assert_eq!(cut(&found), cut(&expected), "{kind:?} seed {seed} eta {eta}");
    if tie.is_none() {
        *complete += 1;
        assert_eq!((reason, reached), (StopReason::Iterations, iterations), "{kind:?} seed {seed}");
    }
    until
}

#[test]
fn jumps_visit_the_supports_of_algorithm_1() {
    let (mut problems, mut complete) = (0, 0);
    for kind in KINDS {
        for seed in 0..60 {
            compare::<f64>(kind, seed, &mut complete);
            compare::<C>(kind, seed, &mut complete);
            problems += 2;
        }
    }
    // Ties are rare; a test that met them often would compare nothing.
    assert!(complete >= problems * 9 / 10, "{complete} of {problems} problems were free of ties");
}

#[test]
fn from_zero_the_supports_do_not_depend_on_the_step_size() {
    for kind in KINDS {
        let a = normalized(&matrix::<f64>(kind, 15, 15, 9));
        let y: Vec<f64> = normal_vector(&mut stream(9, 3, 0), 15);
        // A power of two changes no rounding at all.
        let reference = jumping(&a, &y, 4, Start::Zero, 1.0, 500);
        assert_eq!(reference.0, jumping(&a, &y, 4, Start::Zero, 0.125, 500).0);
        assert!(reference.0.len() > 3, "the run visits several supports");
    }
}

#[test]
fn the_best_point_visited_is_returned() {
    for seed in 0..20 {
        let a = matrix::<f64>(Kind::Coherent, 12, 24, seed);
        let y: Vec<f64> = normal_vector(&mut stream(seed, 4, 0), 12);
        let operator = DenseOperator::new(a.as_ref());
        let problem = Problem::new(&operator, &y, 5).unwrap();
        let mut least = f64::INFINITY;
        let mut watch = |progress: &Progress<'_>| {
            least = least.min(progress.residual_norm);
            ControlFlow::Continue(())
        };
        let solution = Run::new(&problem, Sea::default()).observe(&mut watch).solve().unwrap();
        assert!((solution.residual_norm - least).abs() <= 1e-10 * norm(&y));
        assert!(solution.best_iteration <= solution.iterations);
    }
}

/// Iteration, support, coefficients and 𝒳.
type Seen<T> = (u64, Vec<usize>, Vec<T>, Vec<T>);

/// Keeps every iterate that it is shown.
#[derive(Default)]
struct Iterates<T> {
    seen: Vec<Seen<T>>,
    without: usize,
}

impl<T: Scalar> Observer<T> for Iterates<T> {
    fn iterate(&mut self, iterate: &Iterate<'_, T>) {
        let (support, coefficients) = (iterate.support.to_vec(), iterate.coefficients.to_vec());
        match iterate.exploration {
            Some(exploration) => self.seen.push((iterate.iteration, support, coefficients, exploration.to_vec())),
            None => self.without += 1,
        }
    }

    fn wants_iterates(&self) -> bool {
        true
    }
}

/// 𝒳 and x of Algorithm 1, each recomputed from the supports that came before, on columns of any norm.
fn iterates_are_those_of_algorithm_1<T: Scalar>(kind: Kind) {
    let (n, k, eta) = (18, 4, 0.7);
    let mut a = matrix::<T>(kind, if kind == Kind::Convolution { n } else { 12 }, n, 5);
    for j in 0..n {
        a.col_mut(j).iter_mut().for_each(|entry| *entry = entry.scale(1.0 + j as f64));
    }
    let unit = normalized(&a);
    let y: Vec<T> = normal_vector(&mut stream(5, 6, 0), a.nrows());
    let operator = DenseOperator::new(a.as_ref());
    let problem = Problem::new(&operator, &y, k).unwrap();
    let mut iterates = Iterates::default();
    let run = Run::new(&problem, Sea { step_size: eta }).halt(Halt::Iterations(60));
    run.observe(&mut iterates).solve().unwrap();
    assert_eq!(iterates.without, 0);
    assert!(iterates.seen.len() > 5, "{kind:?}");
    let (mut expected, mut iteration) = (vec![T::ZERO; n], 0);
    let mut gradient = vec![T::ZERO; n];
    for (at, support, coefficients, exploration) in iterates.seen {
        // While the support stays, so does the gradient.
        expected.iter_mut().zip(&gradient).for_each(|(x, c)| *x += c.scale(eta * (at - iteration) as f64));
        iteration = at;
        let size = norm(&expected).max(1e-300);
        assert!(norm(&difference(&expected, &exploration)) <= 1e-9 * size, "{kind:?} {at}");
        if at > 0 {
            assert_eq!(support, largest_k(&expected, k), "{kind:?} {at}");
        }
        let (x, _, _) = svd_fit(&a, &y, &support);
        assert!(norm(&difference(&x, &coefficients)) <= 1e-9 * norm(&x), "{kind:?} {at}");
        gradient = adjoint_product(&unit, &difference(&y, &product(&a, &support, &x)));
    }
}

#[test]
fn observers_see_the_iterates_of_algorithm_1() {
    for kind in KINDS {
        iterates_are_those_of_algorithm_1::<f64>(kind);
        iterates_are_those_of_algorithm_1::<C>(kind);
    }
}

#[test]
fn other_algorithms_have_no_exploration_variable() {
    let a = matrix::<f64>(Kind::Gaussian, 12, 24, 1);
    let y: Vec<f64> = normal_vector(&mut stream(1, 4, 0), 12);
    let operator = DenseOperator::new(a.as_ref());
    let problem = Problem::new(&operator, &y, 3).unwrap();
    let mut iterates = Iterates::default();
    let solution = Run::new(&problem, Omp::default()).observe(&mut iterates).solve().unwrap();
    assert!(iterates.seen.is_empty() && iterates.without as u64 == solution.iterations + 1);
}

use crate::common::norm;
