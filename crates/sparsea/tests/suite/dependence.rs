//! Columns that depend on each other to rounding: the answer for k above the rank is that of the rank, its residual is that
//! of its coefficients, and nothing is worse than its start, than x = 0, than the link before or than fewer iterations.

use faer::Mat;
use rand::{Rng, RngExt};
use serde_json::Map;
use sparsea::generate::{gaussian_matrix, normal_vector, random_support, stream};
use sparsea::{
    Access, Boundary, Chain, Convolution, DenseOperator, Halt, Limits, LinearMap, Problem, Run, Scalar, Solution,
    Start, StopReason, improve,
};

use crate::common::{C, dense_form, difference, entries, norm, normalized, product, svd_fit};

/// Kinds of matrices without full rank, exactly or to rounding.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Family {
    /// A product through an inner dimension.
    Product,
    /// Columns repeated, negated, scaled, and sums of two others.
    Copies,
    /// Wide Gaussian pulses sampled coarsely.
    Pulses,
    /// Powers of points in an interval.
    Vandermonde,
    /// 1 / (i + j + 1).
    Hilbert,
}

const FAMILIES: [Family; 5] = [Family::Product, Family::Copies, Family::Pulses, Family::Vandermonde, Family::Hilbert];

impl Family {
    /// Whether the rank is a number known in advance; otherwise singular values fade out.
    fn has_rank(self) -> bool {
        matches!(self, Self::Product | Self::Copies)
    }
}

/// A member of a family, and its rank where that is known.
fn member<T: Scalar>(family: Family, seed: u64) -> (Mat<T>, usize) {
    let rng = &mut stream(seed, family as u64, 0);
    let (m, n) = (rng.random_range(12..60), rng.random_range(12..40));
    match family {
        Family::Product => {
            let rank = rng.random_range(2..10);
            let (left, right) = (gaussian_matrix::<T>(rng, m, rank), gaussian_matrix::<T>(rng, rank, n));
            (left * right, rank)
        }
        Family::Copies => {
            let rank = rng.random_range(2..9);
            let own = gaussian_matrix::<T>(rng, m, rank);
            let from: Vec<(usize, usize, f64)> = (0..n)
                .map(|j| match j {
                    _ if j < rank => (j, j, 0.0),
                    _ if rng.random() => {
                        (rng.random_range(0..rank), 0, [0.0, 1.0, -1.0, 3.0, 1e-3][rng.random_range(0..5)])
                    }
                    _ => (rng.random_range(0..rank), rng.random_range(0..rank), 1.0),
                })
                .collect();
            let copies = Mat::from_fn(m, n, |i, j| match from[j] {
                (a, _, 0.0) => own[(i, a)],
                (a, 0, factor) => own[(i, a)].scale(factor),
                (a, b, _) => own[(i, a)] + own[(i, b)],
            });
            (copies, rank)
        }
        Family::Pulses => {
            let width = rng.random_range(0.03..0.3);
            let at = |i: usize, of: usize| i as f64 / (of - 1) as f64;
            let pulse = |i, j| T::from_real((-((at(i, m) - at(j, n)) / width).powi(2)).exp());
            (Mat::from_fn(m, n, pulse), 0)
        }
        Family::Vandermonde => {
            let points: Vec<T> = normal_vector(rng, m);
            let largest = points.iter().map(|v| Scalar::abs(*v)).fold(0.0, f64::max);
            let mut powers = vec![T::ONE; m];
            let mut matrix = Mat::zeros(m, n);
            for j in 0..n {
                for i in 0..m {
                    matrix[(i, j)] = powers[i];
                    powers[i] *= points[i].scale(1.0 / largest);
                }
            }
            (matrix, 0)
        }
        Family::Hilbert => {
            let shift = rng.random_range(0..4) as f64;
            (Mat::from_fn(m, n, |i, j| T::from_real(1.0 / (1.0 + shift + (i + j) as f64))), 0)
        }
    }
}

/// y within the range of A with noise, or any.
fn data<T: Scalar>(a: &Mat<T>, rng: &mut impl Rng) -> Vec<T> {
    let x: Vec<T> = normal_vector(rng, a.ncols());
    let noise: Vec<T> = normal_vector(rng, a.nrows());
    let size = [0.0, 0.01, 1.0, 100.0][rng.random_range(0..4)];
    let all: Vec<usize> = (0..a.ncols()).collect();
    product(a, &all, &x).iter().zip(&noise).map(|(&v, &e)| v + e.scale(size)).collect()
}

/// Σ|x_j|‖a_j‖.
fn length<T: Scalar>(a: &Mat<T>, solution: &Solution<T>) -> f64 {
    let pairs = solution.support.iter().zip(&solution.coefficients);
    pairs.map(|(&j, x)| Scalar::abs(*x) * a.col(j).norm_l2()).sum()
}

/// What must hold of any solution: its residual is that of its coefficients, at most that of x = 0, and exact where said so.
fn check<T: Scalar>(what: &str, a: &Mat<T>, y: &[T], k: usize, solution: &Solution<T>) {
    let found = norm(&difference(y, &product(a, &solution.support, &solution.coefficients)));
    let rounding = 1e-14 * (norm(y) + length(a, solution));
    assert!((found - solution.residual_norm).abs() <= rounding, "{what}: {found} {}", solution.residual_norm);
    assert!(found <= norm(y) + rounding, "{what}: worse than x = 0: {found} {}", norm(y));
    assert!(solution.support.len() <= k && solution.coefficients.iter().all(|x| *x != T::ZERO), "{what}");
    if solution.stop_reason == StopReason::ExactFit {
        assert!(found <= 1e-12 * norm(y), "{what}: not exact: {}", found / norm(y));
    }
}

fn fits_as_the_rank_allows<T: Scalar>(seeds: std::ops::Range<u64>) {
    for family in FAMILIES {
        for seed in seeds.clone() {
            let (a, rank) = member::<T>(family, seed);
            let rng = &mut stream(seed, 90, 0);
            let y = data(&a, rng);
            let operator = DenseOperator::new(a.as_ref());
            let most = a.nrows().min(a.ncols());
            let k = rng.random_range(1..=most);
            let problem = Problem::new(&operator, &y, k).unwrap();
            for entry in entries::<T>() {
                let what = format!("{family:?} seed {seed} k {k} {}", entry.name);
                let chain = Chain::parse(entry.name, &Map::new()).unwrap();
                let limits = Limits { iterations: Some(40), ..Limits::default() };
                let solution = Run::with_chain(&problem, chain).limits(limits).solve().unwrap();
                check(&what, &a, &y, k, &solution);
                if family.has_rank() {
                    let moderate = 1e7 * norm(&y);
                    assert!(length(&a, &solution) <= moderate, "{what}: {}", length(&a, &solution) / norm(&y));
                    let greedy = ["omp", "ols", "els", "search"].contains(&entry.name);
                    if greedy && k >= rank {
                        let all: Vec<usize> = (0..a.ncols()).collect();
                        let (_, best, _) = svd_fit(&a, &y, &all);
                        let found = solution.residual_norm;
                        assert!(found <= best * (1.0 + 1e-9) + 1e-10 * norm(&y), "{what}: {found} {best}");
                    }
                }
            }
        }
    }
}

#[test]
fn k_above_the_rank_gives_the_residual_of_the_rank() {
    fits_as_the_rank_allows::<f64>(0..200);
    fits_as_the_rank_allows::<C>(1000..1020);
}

/// Any start, any chain, any number of iterations, conditions from 1 to 10¹⁶.
#[test]
fn nothing_is_worse_than_its_start_or_than_less_work() {
    let names: Vec<&str> = entries::<f64>().iter().map(|entry| entry.name).collect();
    for seed in 0..1000u64 {
        let rng = &mut stream(seed, 91, 0);
        let (a, _) = if seed % 3 == 0 {
            member::<f64>(FAMILIES[rng.random_range(0..FAMILIES.len())], seed)
        } else {
            (conditioned(rng), 0)
        };
        let y = data(&a, rng);
        let operator = DenseOperator::new(a.as_ref());
        let k = rng.random_range(1..=a.nrows().min(a.ncols()).min(9));
        let problem = Problem::new(&operator, &y, k).unwrap();
        for _ in 0..10 {
            let size = rng.random_range(1..=k);
            let support = random_support(rng, a.ncols(), size);
            let (start, given): (Start<f64>, f64) = if rng.random() {
                let mut x = vec![0.0; a.ncols()];
                support.iter().for_each(|&j| x[j] = rng.random_range(-2.0..2.0) / a.col(j).norm_l2());
                let values: Vec<f64> = support.iter().map(|&j| x[j]).collect();
                (Start::Vector(x), norm(&difference(&y, &product(&a, &support, &values))))
            } else {
                // What docs/numerics.md promises of fits up to a condition of 10¹⁰; beyond, the residual of x = 0.
                let (x, best, condition) = svd_fit(&normalized(&a), &y, &support);
                let promised = best + 4.0 * f64::EPSILON * (support.len() as f64).sqrt() * norm(&x);
                (Start::Support(support.clone()), if condition <= 1e10 { promised } else { norm(&y) })
            };
            let one = names[rng.random_range(0..names.len())];
            let two = names[rng.random_range(0..names.len())];
            let what = format!("seed {seed} k {k} {one}+{two} from {support:?}");
            let slack = |x: f64| x * (1.0 + 1e-9) + 1e-10 * norm(&y);
            let run = |names: &str, iterations: u64| {
                let chain = Chain::parse(names, &Map::new()).unwrap();
                let run = Run::with_chain(&problem, chain).start(start.clone());
                run.halt(Halt::Iterations(iterations)).solve().unwrap()
            };
            let few = rng.random_range(0..6);
            let (short, long) = (run(one, few), run(one, few + rng.random_range(1..20)));
            let chained = run(&format!("{one}+{two}"), few);
            for (name, solution) in [("short", &short), ("long", &long), ("chain", &chained)] {
                check(&format!("{what} {name}"), &a, &y, k, solution);
                assert!(solution.residual_norm <= slack(given), "{what} {name}: {} {given}", solution.residual_norm);
            }
            let rounding = 1e-15 * length(&a, &short);
            assert!(
                long.residual_norm <= slack(short.residual_norm) + rounding,
                "{what}: more iterations are worse: {short:?} {long:?}"
            );
        }
    }
}

/// Columns around a common direction, or with nearly parallel neighbours, of a condition from 1 to 10¹⁶.
fn conditioned(rng: &mut impl Rng) -> Mat<f64> {
    let (m, n) = (rng.random_range(8..30), rng.random_range(8..30));
    let close = 10f64.powf(-rng.random_range(0.0..16.0));
    let (a, b) = (gaussian_matrix::<f64>(rng, m, n), gaussian_matrix::<f64>(rng, m, n));
    let scales: Vec<f64> = (0..n).map(|_| 10f64.powf(rng.random_range(-6.0..6.0))).collect();
    let common = rng.random::<bool>();
    Mat::from_fn(m, n, |i, j| {
        let base = if common { a[(i, 0)] } else { a[(i, j / 2)] };
        scales[j] * (base + close * b[(i, j)])
    })
}

/// A solution for fewer columns is a start for more: the answer gets no worse.
#[test]
fn improving_gets_no_worse() {
    for family in FAMILIES {
        for seed in 0..60u64 {
            let (a, _) = member::<f64>(family, seed);
            let rng = &mut stream(seed, 92, 0);
            let y = data(&a, rng);
            let operator = DenseOperator::new(a.as_ref());
            let most = a.nrows().min(a.ncols());
            let (few, more) = (most / 2, rng.random_range(most / 2..=most));
            let first = sparsea::solve(&Problem::new(&operator, &y, few).unwrap(), sparsea::Ols::default()).unwrap();
            let problem = Problem::new(&operator, &y, more).unwrap();
            let second = improve(&problem, Start::Vector(first.to_dense())).unwrap();
            let what = format!("{family:?} seed {seed} {few} to {more}");
            check(&what, &a, &y, more, &second);
            let allowed = first.residual_norm * (1.0 + 1e-12) + 1e-15 * (norm(&y) + length(&a, &first));
            assert!(second.residual_norm <= allowed, "{what}: {} {}", second.residual_norm, first.residual_norm);
        }
    }
}

/// Two columns so close that exchanges cannot work with them are a start like any other.
#[test]
fn a_start_of_nearly_parallel_columns_counts() {
    for seed in 0..60u64 {
        let rng = &mut stream(seed, 93, 0);
        let mut a = gaussian_matrix::<f64>(rng, 30, 12);
        let close = 10f64.powf(-rng.random_range(5.2..9.5));
        for i in 0..30 {
            a[(i, 5)] = a[(i, 2)] + close * a[(i, 5)];
        }
        // y lies in their difference.
        let y: Vec<f64> = (0..30).map(|i| (a[(i, 5)] - a[(i, 2)]) / close).collect();
        let operator = DenseOperator::new(a.as_ref());
        let problem = Problem::new(&operator, &y, 2).unwrap();
        for names in ["els", "search", "sea", "splicing", "els+search", "omp+els", "lasso", "iht"] {
            let chain = Chain::parse(names, &Map::new()).unwrap();
            let solution = Run::with_chain(&problem, chain).start(Start::Support(vec![2, 5])).solve().unwrap();
            check(&format!("seed {seed} {names}"), &a, &y, 2, &solution);
            let allowed = 64.0 * f64::EPSILON / close;
            assert!(solution.relative_residual <= allowed, "seed {seed} {names} {close}: {solution:?}");
        }
    }
}

/// Dependent columns do not send fits to an orthonormal basis, and the column of lower index keeps the coefficient.
#[test]
fn dependent_columns_are_passed_over_by_normal_equations() {
    for seed in 0..100u64 {
        let rng = &mut stream(seed, 94, 0);
        let own = gaussian_matrix::<f64>(rng, 40, 8);
        let copied: Vec<usize> = (0..20).map(|_| rng.random_range(0..8)).collect();
        let a = Mat::from_fn(40, 20, |i, j| own[(i, copied[j])]);
        let y: Vec<f64> = normal_vector(rng, 40);
        let operator = DenseOperator::new(a.as_ref());
        let problem = Problem::new(&operator, &y, 12).unwrap();
        let solution = sparsea::solve(&problem, sparsea::Sea::default()).unwrap();
        assert_eq!(solution.counts.orthogonalisations, 0, "seed {seed}");
        assert!(solution.counts.dependent_columns > 0, "seed {seed}");
        let distinct: std::collections::BTreeSet<usize> = solution.support.iter().map(|&j| copied[j]).collect();
        assert_eq!(distinct.len(), solution.support.len(), "seed {seed}: one of equal columns is enough");
    }
}

/// The same for columns that overlap only their neighbours, fitted cluster by cluster on a long trace.
#[test]
fn long_traces_of_wide_pulses_have_the_residual_of_their_coefficients() {
    for seed in 0..6u64 {
        let rng = &mut stream(seed, 95, 0);
        let width = rng.random_range(3.0..14.0);
        let taps: Vec<f64> = (0..81).map(|t| (-((t as f64 - 40.0) / width).powi(2)).exp()).collect();
        let operator = Convolution::new(&taps, 25_000, Boundary::Same).unwrap();
        let mut y: Vec<f64> = normal_vector(rng, operator.shape().0);
        if seed % 2 == 0 {
            y.iter_mut().for_each(|v| *v *= 1e-3);
            let support = random_support(rng, 25_000, 200);
            support.iter().for_each(|&j| {
                (0..81).for_each(|t| {
                    if let Some(v) = (j + t).checked_sub(40).and_then(|at| y.get_mut(at)) {
                        *v += taps[t];
                    }
                })
            });
        }
        // Runs of neighbours, of which the later ones depend on those before.
        let mut start: Vec<usize> = (0..12).flat_map(|at| at * 2000 + 50..at * 2000 + 50 + 16).collect();
        start.dedup();
        let problem = Problem::new(&operator, &y, start.len()).unwrap();
        for halt in [Halt::Iterations(0), Halt::Iterations(3)] {
            let run = Run::new(&problem, sparsea::Sea::default()).start(Start::Support(start.clone()));
            let solution = run.halt(halt).solve().unwrap();
            let mut fitted = vec![0.0; y.len()];
            Access::new(&operator).apply(&solution.to_dense(), &mut fitted);
            let found = norm(&difference(&y, &fitted));
            let size: f64 = solution.coefficients.iter().map(|x| x.abs()).sum::<f64>() * norm(&taps);
            assert!((found - solution.residual_norm).abs() <= 1e-13 * (norm(&y) + size), "seed {seed}: {solution:?}");
            assert!(found <= norm(&y) && size <= 1e9 * norm(&y), "seed {seed}: {found} {size}");
        }
    }
    // As dense_form of a short trace, where the whole is compared with singular values.
    let operator = Convolution::new(&[1.0, 2.0, 3.0, 2.0, 1.0], 30, Boundary::Valid).unwrap();
    let a = dense_form(&operator);
    let y: Vec<f64> = normal_vector(&mut stream(1, 96, 0), a.nrows());
    let problem = Problem::new(&operator, &y, a.nrows()).unwrap();
    let all: Vec<usize> = (0..30).collect();
    let solution = sparsea::solve(&problem, sparsea::Ols::default()).unwrap();
    assert!(solution.residual_norm <= svd_fit(&a, &y, &all).1 + 1e-10 * norm(&y));
}

/// Wide pulses whose singular values fade out, fitted with as many columns as there are samples: coefficients stay below what
/// a condition of 10¹⁰ allows, so that the residual is known to six digits, and no support that explains something is given up.
#[test]
fn coefficients_stay_moderate_where_singular_values_fade_out() {
    for family in [Family::Pulses, Family::Vandermonde, Family::Hilbert] {
        for seed in 0..100u64 {
            let (a, _) = member::<f64>(family, seed);
            let y: Vec<f64> = normal_vector(&mut stream(seed, 97, 0), a.nrows());
            let operator = DenseOperator::new(a.as_ref());
            let k = a.nrows().min(a.ncols());
            let problem = Problem::new(&operator, &y, k).unwrap();
            for names in ["sea", "omp", "ols", "els", "htp", "search"] {
                let chain = Chain::parse(names, &Map::new()).unwrap();
                let solution = Run::with_chain(&problem, chain).halt(Halt::Iterations(60)).solve().unwrap();
                let what = format!("{family:?} seed {seed} {names}");
                check(&what, &a, &y, k, &solution);
                let allowed = 1e10 * (k as f64).sqrt() * norm(&y);
                assert!(length(&a, &solution) <= allowed, "{what}: {:e} {:e}", length(&a, &solution), allowed);
                assert!(solution.relative_residual < 1.0 - 1e-6, "{what}: nothing is explained: {solution:?}");
            }
        }
    }
}
