//! Coefficients with bounds: fits against the conditions of optimality and Newton's method, supports against brute force.

use crate::common::{KINDS, Kind, matrix, norm, product, run, svd_fit};
use faer::Mat;
use rand::RngExt;
use sparsea::generate::{normal_vector, stream};
use sparsea::{
    Boundary, Bounds, Convolution, DenseOperator, Domain, Error, Halt, Memory, NonNegative, Problem, Run, Search,
    Squared, Start, Support, Threads, Workspace, improve, operator::pulse,
};

/// Bounds as they come: none, one-sided, at 0, narrow and wide.
pub(crate) fn random_bounds(seed: u64, n: usize, scale: f64) -> Bounds {
    let mut rng = stream(seed, 50, 0);
    let mut end = || match rng.random_range(0..4) {
        0 => 0.0,
        1 => f64::INFINITY,
        _ => scale * rng.random_range(0.05..1.5),
    };
    let lower = (0..n).map(|_| -end()).collect();
    let upper = (0..n).map(|_| end()).collect();
    Bounds::new(lower, upper).unwrap()
}

pub(crate) fn interval(domain: &dyn Domain<f64>, j: usize) -> (f64, f64) {
    domain.interval(j).unwrap()
}

/// y = A x + noise for x of k non-zeros in a domain, some of them at its ends.
pub(crate) fn observed_within(a: &Mat<f64>, domain: &dyn Domain<f64>, k: usize, seed: u64, noise: f64) -> Vec<f64> {
    let mut rng = stream(seed, 51, 0);
    let mut support: Vec<usize> = (0..a.ncols()).collect();
    for at in 0..k {
        let with = rng.random_range(at..a.ncols());
        support.swap(at, with);
    }
    support.truncate(k);
    let values: Vec<f64> = support.iter().map(|&j| domain.project(j, rng.random_range(-2.0..2.0))).collect();
    let mut y = product(a, &support, &values);
    let length = norm(&y).max(1e-3) / (y.len() as f64).sqrt();
    let errors: Vec<f64> = normal_vector(&mut rng, y.len());
    y.iter_mut().zip(errors).for_each(|(y, e)| *y += noise * length * e);
    y
}

/// The pull on a coefficient vanishes, or points out of its interval at the end where it is.
pub(crate) fn assert_optimal(
    a: &Mat<f64>,
    y: &[f64],
    domain: &dyn Domain<f64>,
    support: &[usize],
    x: &[f64],
    what: &str,
) {
    let image = product(a, support, x);
    let residual: Vec<f64> = y.iter().zip(&image).map(|(y, z)| y - z).collect();
    for (&j, &x) in support.iter().zip(x) {
        let (lower, upper) = interval(domain, j);
        assert!((lower..=upper).contains(&x), "{what}: {x} is not in [{lower}, {upper}]");
        let column: Vec<f64> = (0..y.len()).map(|i| a[(i, j)]).collect();
        let pull: f64 = column.iter().zip(&residual).map(|(a, r)| a * r).sum();
        let cosine = pull / (norm(&column) * norm(y)).max(1e-300);
        let at = |end: f64| (x - end).abs() <= 1e-14 * end.abs();
        let outward = (at(lower) && cosine < 0.0) || (at(upper) && cosine > 0.0);
        assert!(
            outward || cosine.abs() < 1e-10,
            "{what}: column {j} at {x} of [{lower}, {upper}] is pulled by {cosine}"
        );
    }
}

/// Solutions on any support, from every way of fitting.
#[test]
fn fits_satisfy_the_conditions_of_optimality() {
    for kind in KINDS {
        for seed in 0..40 {
            let (m, n, k) = [(12, 14, 4), (14, 14, 9), (30, 20, 16), (25, 30, 2)][seed as usize % 4];
            let m = if kind == Kind::Convolution { n } else { m };
            let mut a = matrix::<f64>(kind, m, n, 700 + seed);
            if seed % 3 == 0 {
                // A column beside its copy, and one beside its opposite.
                for i in 0..m {
                    (a[(i, 1)], a[(i, 3)]) = (a[(i, 0)], -a[(i, 2)]);
                }
            }
            let domain: Box<dyn Domain<f64>> =
                if seed % 2 == 0 { Box::new(NonNegative) } else { Box::new(random_bounds(seed, n, 1.0)) };
            let y: Vec<f64> = normal_vector(&mut stream(seed, 52, 0), m);
            let operator = DenseOperator::new(a.as_ref());
            let plain = Problem::new(&operator, &y, k.min(m)).unwrap().keep_columns();
            let problem = plain.clone().with_domain(&*domain).unwrap();
            let mut workspace = Workspace::new(&problem, Memory::default()).unwrap();
            let newton = plain.with_loss(&Squared).unwrap().with_domain(&*domain).unwrap();
            let mut slow = Workspace::new(&newton, Memory::default()).unwrap();
            let mut rng = stream(seed, 53, 0);
            for _ in 0..12 {
                let size = rng.random_range(1..=k.min(m));
                let support: Support = (0..size).map(|_| rng.random_range(0..n)).collect();
                workspace.fit(&support);
                let values = workspace.values().to_vec();
                let what = format!("{kind:?} seed {seed} on {support:?}");
                assert_optimal(&a, &y, &*domain, &support, &values, &what);
                let image = product(&a, &support, &values);
                let left: Vec<f64> = y.iter().zip(&image).map(|(y, z)| y - z).collect();
                assert!((workspace.residual_norm() - norm(&left)).abs() < 1e-10 * norm(&y), "{what}");
                let correlation = workspace.correlate().to_vec();
                for j in 0..n {
                    let pull: f64 = (0..m).map(|i| a[(i, j)] * left[i]).sum();
                    assert!((correlation[j] - pull).abs() < 1e-9 * norm(&y) * (1.0 + norm(&y)), "{what}: {j}");
                }
                slow.fit(&support);
                assert!((workspace.residual_norm() - slow.residual_norm()).abs() < 1e-8 * norm(&y), "{what}");
            }
        }
    }
}

/// Neighbouring pulses, whose pivots do not all end by themselves.
#[test]
fn fits_of_overlapping_pulses_are_optimal() {
    // Of condition 600 to 6·10⁷.
    for (width, count) in [(1.5, 9), (1.5, 15), (2.0, 9), (3.0, 6), (3.0, 9), (2.0, 15), (3.0, 15)] {
        for seed in 0..100 {
            let m = count + 14;
            let a = Mat::from_fn(m, count, |i, j| (-0.5 * ((i as f64 - (j + 7) as f64) / width).powi(2)).exp());
            let mut rng = stream(seed, 56, 0);
            let x: Vec<f64> = (0..count).map(|_| rng.random_range(-0.3..0.9)).collect();
            let columns: Vec<usize> = (0..count).collect();
            let mut y = product(&a, &columns, &x);
            let errors: Vec<f64> = normal_vector(&mut rng, m);
            y.iter_mut().zip(errors).for_each(|(y, e)| *y += 0.02 * e);
            let operator = DenseOperator::new(a.as_ref());
            let caps = Bounds::all(-0.3, 0.5, count).unwrap();
            for domain in [&caps as &dyn Domain<f64>, &NonNegative] {
                let problem = Problem::new(&operator, &y, count).unwrap().keep_columns().with_domain(domain).unwrap();
                let mut workspace = Workspace::new(&problem, Memory::default()).unwrap();
                workspace.fit(&columns.iter().copied().collect::<Support>());
                let what = format!("{count} pulses of width {width}, seed {seed}");
                assert_optimal(&a, &y, domain, &columns, workspace.values(), &what);
            }
        }
    }
}

/// The least ‖y − A x‖ of x with at most k non-zeros in a domain: by all choices of free coefficients and others at their ends.
fn least_residual(a: &Mat<f64>, y: &[f64], domain: &dyn Domain<f64>, k: usize) -> f64 {
    #[expect(clippy::too_many_arguments, reason = "a recursion")]
    fn descend(
        a: &Mat<f64>,
        y: &[f64],
        domain: &dyn Domain<f64>,
        j: usize,
        left: usize,
        free: &mut Vec<usize>,
        rest: &mut Vec<(usize, f64)>,
        least: &mut f64,
    ) {
        if j == a.ncols() || left == 0 {
            let (columns, values): (Vec<usize>, Vec<f64>) = rest.iter().copied().unzip();
            let fixed = product(a, &columns, &values);
            let data: Vec<f64> = y.iter().zip(&fixed).map(|(y, z)| y - z).collect();
            if free.is_empty() {
                *least = least.min(norm(&data));
                return;
            }
            let (x, residual, _) = svd_fit(a, &data, free);
            let allowed = free.iter().zip(&x).all(|(&j, &x)| {
                let (lower, upper) = interval(domain, j);
                (lower..=upper).contains(&x)
            });
            if allowed {
                *least = least.min(residual);
            }
            return;
        }
        descend(a, y, domain, j + 1, left, free, rest, least);
        free.push(j);
        descend(a, y, domain, j + 1, left - 1, free, rest, least);
        free.pop();
        let (lower, upper) = interval(domain, j);
        for end in [lower, upper].into_iter().filter(|end| *end != 0.0 && end.is_finite()) {
            rest.push((j, end));
            descend(a, y, domain, j + 1, left - 1, free, rest, least);
            rest.pop();
        }
    }
    let mut least = norm(y);
    descend(a, y, domain, 0, k, &mut vec![], &mut vec![], &mut least);
    least
}

/// How many of some problems an algorithm solves to the optimum.
fn optimal(word: &str, count: u64, shape: (usize, usize, usize), bounded: bool) -> (u64, u64) {
    let (mut solved, mut all) = (0, 0);
    for kind in KINDS {
        for seed in 0..count {
            let (m, n, k) = shape;
            let a = matrix::<f64>(kind, if kind == Kind::Convolution { n } else { m }, n, 800 + seed);
            let domain: Box<dyn Domain<f64>> =
                if bounded { Box::new(random_bounds(seed, n, 1.0)) } else { Box::new(NonNegative) };
            let y = match seed % 3 {
                0 => normal_vector(&mut stream(seed, 54, 0), a.nrows()),
                kind => observed_within(&a, &*domain, k, seed, 0.2 * (kind - 1) as f64),
            };
            let operator = DenseOperator::new(a.as_ref());
            let problem = Problem::new(&operator, &y, k).unwrap().with_domain(&*domain).unwrap();
            let optimum = least_residual(&a, &y, &*domain, k);
            let solution = run(&problem, word, Start::Zero, (word == "search").then_some(Halt::Iterations(1000)));
            assert!(solution.residual_norm >= optimum - 1e-9 * norm(&y), "{word} {kind:?} seed {seed}");
            assert!(solution.support.len() <= k);
            for (&j, &x) in solution.support.iter().zip(&solution.coefficients) {
                let (lower, upper) = interval(&*domain, j);
                assert!((lower..=upper).contains(&x), "{word} {kind:?} seed {seed}: {x}");
            }
            solved += u64::from(solution.residual_norm <= optimum * (1.0 + 1e-9) + 1e-9 * norm(&y));
            all += 1;
        }
    }
    (solved, all)
}

#[test]
fn search_finds_the_optimum_of_non_negative_coefficients() {
    let (solved, all) = optimal("search", 70, (9, 11, 4), false);
    assert!(solved as f64 >= 0.99 * all as f64, "{solved} of {all}");
}

#[test]
fn search_finds_the_optimum_between_bounds() {
    let (solved, all) = optimal("search", 40, (7, 8, 3), true);
    assert!(solved as f64 >= 0.99 * all as f64, "{solved} of {all}");
}

/// Whatever else works with bounds comes near.
#[test]
fn other_algorithms_stay_within_bounds() {
    for word in
        ["els", "ols", "omp", "sea", "htp", "iht", "niht", "cosamp", "subspace_pursuit", "ompr", "foba", "splicing"]
    {
        for bounded in [false, true] {
            let (solved, all) = optimal(word, 9, (7, 8, 3), bounded);
            assert!(3 * solved >= all, "{word}: {solved} of {all}");
        }
    }
}

/// Scaling the data or the columns changes no support.
#[test]
fn bounds_have_no_units() {
    let (m, n, k) = (20, 30, 5);
    for seed in 0..6 {
        let a = matrix::<f64>(
            KINDS[seed as usize % KINDS.len()],
            if seed % KINDS.len() as u64 == 2 { n } else { m },
            n,
            900 + seed,
        );
        let y = observed_within(&a, &NonNegative, k, seed, 0.1);
        let bounds = random_bounds(seed, n, 1.0);
        let support = |a: &Mat<f64>, y: &[f64], domain: &dyn Domain<f64>| {
            let operator = DenseOperator::new(a.as_ref());
            let problem = Problem::new(&operator, y, k).unwrap().with_domain(domain).unwrap();
            Run::new(&problem, Search::default()).halt(Halt::Iterations(100)).solve().unwrap().support
        };
        let factor = |j: usize| 2f64.powi(20 - 7 * (j as i32 % 6));
        let scaled = Mat::from_fn(a.nrows(), n, |i, j| a[(i, j)] * factor(j));
        assert_eq!(support(&a, &y, &NonNegative), support(&scaled, &y, &NonNegative));
        let ends = |pick: fn((f64, f64)) -> f64| (0..n).map(|j| pick(interval(&bounds, j)) / factor(j)).collect();
        let scaled_bounds = Bounds::new(ends(|one| one.0), ends(|one| one.1)).unwrap();
        assert_eq!(support(&a, &y, &bounds), support(&scaled, &y, &scaled_bounds));
    }
}

/// Positive spikes in a long trace.
fn trace(n: usize, spacing: usize, noise: f64, seed: u64) -> (Convolution<f64>, Vec<usize>, Vec<f64>) {
    let mut rng = stream(seed, 55, 0);
    let blur = Convolution::new(&pulse::gaussian(3.0).unwrap(), n, Boundary::Full).unwrap();
    let k = n / spacing;
    let support: Support = (0..4 * k).map(|_| rng.random_range(0..n)).take(k).collect();
    let values: Vec<f64> = support.iter().map(|_| rng.random_range(1.0..2.0)).collect();
    let rows = n + blur_tail(&blur, n);
    let zero = vec![0.0; rows];
    let problem = Problem::new(&blur, &zero, 1).unwrap();
    let mut y = vec![0.0; rows];
    problem.operator().apply_sparse(&support, &values, &mut y);
    let scale = noise * norm(&y) / (rows as f64).sqrt();
    let errors: Vec<f64> = normal_vector(&mut rng, rows);
    y.iter_mut().zip(errors).for_each(|(y, e)| *y += scale * e);
    (blur, support.into_vec(), y)
}

fn blur_tail(blur: &Convolution<f64>, n: usize) -> usize {
    use sparsea::LinearMap;
    blur.shape().0 - n
}

#[test]
fn long_positive_traces_are_exact_without_noise_and_no_worse_than_the_truth_with_it() {
    for (n, noise) in [(500, 0.0), (3000, 0.0), (500, 0.02), (3000, 0.02)] {
        for seed in 0..4 {
            let (blur, truth, y) = trace(n, 25, noise, seed);
            let problem = Problem::new(&blur, &y, truth.len()).unwrap().with_domain(&NonNegative).unwrap();
            let solution = sparsea::solve(&problem, Search::default()).unwrap();
            assert!(solution.coefficients.iter().all(|&x| x > 0.0));
            if noise == 0.0 {
                assert_eq!(solution.support, truth, "{n} seed {seed}");
            }
            let mut workspace = Workspace::new(&problem, Memory::default()).unwrap();
            workspace.fit(&truth.iter().copied().collect());
            let limit = workspace.residual_norm() + 1e-9 * norm(&y);
            assert!(solution.residual_norm <= limit, "{n} seed {seed}: {} {limit}", solution.residual_norm);
            let one = Run::new(&problem, Search::default()).threads(Threads::One).solve().unwrap();
            assert_eq!((one.support, one.coefficients), (solution.support, solution.coefficients), "{n} seed {seed}");
        }
    }
}

/// Among more columns than are scored at a time.
#[test]
fn a_working_set_keeps_to_the_bounds() {
    let (m, n, k) = (150, 6000, 300);
    for seed in 0..2 {
        let mut rng = stream(seed, 56, 0);
        let a: Mat<f64> = Mat::from_fn(m, n, |_, _| rng.random_range(-1.0..1.0));
        let support: Vec<usize> = (0..8).map(|at| at * 700 + 3).collect();
        let y = product(&a, &support, &[1.0, 2.0, 1.5, 0.7, 1.2, 3.0, 0.9, 1.1]);
        let operator = DenseOperator::new(a.as_ref());
        for domain in [&NonNegative as &dyn Domain<f64>, &Bounds::all(0.0, 2.0, n).unwrap()] {
            // More columns than there are rows to tell them by are not asked for.
            let problem = Problem::new(&operator, &y, k.min(20)).unwrap().with_domain(domain).unwrap();
            let solution = improve(&problem, Start::Zero).unwrap();
            let (lower, upper) = interval(domain, 0);
            assert!(solution.coefficients.iter().all(|x| (lower..=upper).contains(x)));
            assert_eq!(solution.algorithm, "search");
            assert!(
                solution.relative_residual < if upper > 3.0 { 1e-10 } else { 0.3 },
                "{}",
                solution.relative_residual
            );
        }
    }
}

#[test]
fn bad_bounds_are_refused() {
    let number = |what, rule, value| Error::Number { what, rule, value };
    assert_eq!(Bounds::all(0.5, 1.0, 3).unwrap_err(), number("a lower bound", "at most 0", 0.5));
    assert_eq!(Bounds::all(-1.0, -0.5, 3).unwrap_err(), number("an upper bound", "at least 0", -0.5));
    assert!(matches!(Bounds::all(f64::NAN, 1.0, 3).unwrap_err(), Error::Number { .. }));
    assert!(matches!(Bounds::new(vec![0.0; 3], vec![1.0; 2]).unwrap_err(), Error::VectorLength { .. }));
    let a = matrix::<f64>(KINDS[0], 6, 8, 1);
    let operator = DenseOperator::new(a.as_ref());
    let y = vec![1.0; 6];
    let few = Bounds::all(0.0, 1.0, 7).unwrap();
    assert!(matches!(
        Problem::new(&operator, &y, 2).unwrap().with_domain(&few).unwrap_err(),
        Error::VectorLength { .. }
    ));
}
