//! Losses and domains from outside the library: fits against conditions of optimality and brute force, algorithms on all of them,
//! refusals.

use crate::common::entries;
use faer::Mat;
use faer::linalg::solvers::SolveLstsq;
use rand::RngExt;
use sparsea::generate::{gaussian_matrix, normal_vector, stream};
use sparsea::{
    Chain, DenseOperator, Domain, Error, Halt, Loss, Memory, Problem, ReportOptions, Run, Scalar, Sea, Squared, Start,
    Support, Workspace, exhaustive, improve,
};

/// Σ log(1 + e^z) − y z for y ∈ {0, 1}.
#[derive(Debug)]
struct Logistic;

impl Loss<f64> for Logistic {
    fn value(&self, data: &[f64], z: &[f64]) -> f64 {
        data.iter().zip(z).map(|(y, z)| z.max(0.0) + (-z.abs()).exp().ln_1p() - y * z).sum()
    }

    fn pull(&self, data: &[f64], z: &[f64], out: &mut [f64]) {
        for ((out, y), z) in out.iter_mut().zip(data).zip(z) {
            *out = y - 1.0 / (1.0 + (-z).exp());
        }
    }

    fn curvature(&self, _data: &[f64], z: &[f64], out: &mut [f64]) {
        for (out, z) in out.iter_mut().zip(z) {
            let p = 1.0 / (1.0 + (-z).exp());
            *out = p * (1.0 - p);
        }
    }

    fn check(&self, data: &[f64]) -> Result<(), Error> {
        match data.iter().find(|&&y| y != 0.0 && y != 1.0) {
            Some(&value) => Err(Error::Number { what: "a class", rule: "0 or 1", value }),
            None => Ok(()),
        }
    }
}

/// Σ e^z − y z − (y − y log y) for counts y ≥ 0: half the deviance of Poisson counts.
#[derive(Debug)]
struct Poisson;

impl Loss<f64> for Poisson {
    fn value(&self, data: &[f64], z: &[f64]) -> f64 {
        let perfect = |y: f64| if y > 0.0 { y - y * y.ln() } else { 0.0 };
        data.iter().zip(z).map(|(&y, z)| z.exp() - y * z - perfect(y)).sum()
    }

    fn pull(&self, data: &[f64], z: &[f64], out: &mut [f64]) {
        for ((out, y), z) in out.iter_mut().zip(data).zip(z) {
            *out = y - z.exp();
        }
    }

    fn curvature(&self, _data: &[f64], z: &[f64], out: &mut [f64]) {
        out.iter_mut().zip(z).for_each(|(out, z)| *out = z.exp());
    }
}

/// x between two bounds, one of which may be infinite.
#[derive(Debug)]
struct Between(f64, f64);

impl Domain<f64> for Between {
    fn project(&self, _column: usize, value: f64) -> f64 {
        value.clamp(self.0, self.1)
    }
}

const NON_NEGATIVE: Between = Between(0.0, f64::INFINITY);

/// A problem of random columns of lengths far apart, some of them alike, and data of the given kind.
fn matrix(seed: u64, m: usize, n: usize) -> Mat<f64> {
    let mut rng = stream(seed, 31, 0);
    let mut a: Mat<f64> = gaussian_matrix(&mut rng, m, n);
    for j in 0..n {
        let length = [1.0, 1e-4, 300.0][j % 3];
        for i in 0..m {
            let near = if j % 4 == 1 { 0.8 * a[(i, j - 1)] / [1.0, 1e-4, 300.0][(j - 1) % 3] } else { 0.0 };
            a[(i, j)] = (a[(i, j)] + near) * length;
        }
    }
    a
}

fn classes(seed: u64, a: &Mat<f64>) -> Vec<f64> {
    let mut rng = stream(seed, 32, 0);
    let scale = a.col(0).norm_l2() / (a.nrows() as f64).sqrt();
    (0..a.nrows()).map(|i| f64::from(rng.random::<f64>() < 1.0 / (1.0 + (-a[(i, 0)] / scale).exp()))).collect()
}

fn counts(seed: u64, a: &Mat<f64>) -> Vec<f64> {
    let mut rng = stream(seed, 33, 0);
    let scale = a.col(0).norm_l2() / (a.nrows() as f64).sqrt();
    (0..a.nrows()).map(|i| (rng.random::<f64>() * 4.0 * (0.5 * a[(i, 0)] / scale).exp()).floor()).collect()
}

/// The fit of a problem on a support, in the scale of A, and its √(2F).
fn fit<T: Scalar>(problem: &Problem<'_, T>, support: &[usize]) -> (Vec<T>, f64) {
    let mut workspace = Workspace::new(problem, Memory::default()).unwrap();
    let support: Support = support.iter().copied().collect();
    workspace.fit(&support);
    let norms = problem.column_norms();
    let values = support.iter().zip(workspace.values()).map(|(&j, x)| x.scale(1.0 / norms[j])).collect();
    (values, workspace.residual_norm())
}

/// A x for x on a support.
fn image(a: &Mat<f64>, support: &[usize], x: &[f64]) -> Vec<f64> {
    (0..a.nrows()).map(|i| support.iter().zip(x).map(|(&j, x)| a[(i, j)] * x).sum()).collect()
}

/// The conditions under which x minimises a convex F(A_S x) over lower ≤ x ≤ upper: the pull on a coefficient vanishes, or points out
/// of the domain at its bound.
fn assert_optimal(loss: &dyn Loss<f64>, (lower, upper): (f64, f64), a: &Mat<f64>, y: &[f64], s: &[usize], x: &[f64]) {
    let z = image(a, s, x);
    let (mut pull, mut zero) = (vec![0.0; y.len()], vec![0.0; y.len()]);
    loss.pull(y, &z, &mut pull);
    loss.pull(y, &vec![0.0; y.len()], &mut zero);
    let scale: f64 = zero.iter().map(|v| v * v).sum::<f64>().sqrt();
    for (&j, &x) in s.iter().zip(x) {
        assert!((lower..=upper).contains(&x), "{x} is not allowed");
        let column = a.col(j);
        let against: f64 = (0..y.len()).map(|i| column[i] * pull[i]).sum::<f64>() / (column.norm_l2() * scale);
        let outward = (x == lower && against < 0.0) || (x == upper && against > 0.0);
        assert!(outward || against.abs() < 1e-9, "{loss:?} {lower} {upper}: {against} at {x}, column {j} of {s:?}");
    }
}

#[test]
fn fits_are_optimal_for_every_loss_and_domain() {
    let (m, n) = (60, 16);
    for seed in 0..30 {
        let a = matrix(seed, m, n);
        let operator = DenseOperator::new(a.as_ref());
        let mut rng = stream(seed, 34, 0);
        let size = rng.random_range(1..9);
        let mut support: Vec<usize> = (0..n).collect();
        (0..n).for_each(|at| support.swap(at, rng.random_range(0..n)));
        support.truncate(size);
        support.sort_unstable();
        let normal: Vec<f64> = normal_vector(&mut rng, m);
        let data: [(&dyn Loss<f64>, Vec<f64>); 3] =
            [(&Squared, normal), (&Logistic, classes(seed, &a)), (&Poisson, counts(seed, &a))];
        for (loss, y) in data {
            for bounds in [(f64::NEG_INFINITY, f64::INFINITY), (0.0, f64::INFINITY), (-0.05, 0.02), (0.0, 1e-4)] {
                let domain = Between(bounds.0, bounds.1);
                let problem = Problem::new(&operator, &y, 8).unwrap().with_loss(loss).unwrap();
                let problem = problem.with_domain(&domain).unwrap();
                let (x, norm) = fit(&problem, &support);
                // To the last bits a bound is met by way of the scale of unit columns.
                let x: Vec<f64> = x
                    .into_iter()
                    .map(|x| {
                        let near = |bound: f64| bound.is_finite() && (x - bound).abs() <= 1e-14 * bound.abs();
                        [bounds.0, bounds.1].into_iter().find(|&bound| near(bound)).unwrap_or(x)
                    })
                    .collect();
                assert_optimal(loss, bounds, &a, &y, &support, &x);
                let value = (2.0 * loss.value(&y, &image(&a, &support, &x))).sqrt();
                assert!((norm - value).abs() <= 1e-12 * (1.0 + value), "{norm} {value}");
            }
        }
    }
}

/// The squared loss by its name is fitted by Newton's method, otherwise by kept factors.
#[test]
fn newton_finds_what_least_squares_finds() {
    fn same<T: Scalar>(seed: u64) {
        let (m, n, k) = (40, 60, 5);
        let mut rng = stream(seed, 35, 0);
        let a: Mat<T> = gaussian_matrix(&mut rng, m, n);
        let y: Vec<T> = normal_vector(&mut rng, m);
        let operator = DenseOperator::new(a.as_ref());
        let plain = Problem::new(&operator, &y, k).unwrap();
        let named = plain.clone().with_loss(&Squared).unwrap();
        assert!(plain.is_quadratic() && !named.is_quadratic());
        let mut compared = 0;
        for entry in entries::<T>() {
            if entry.needs.quadratic {
                continue;
            }
            let run = |problem| {
                let chain = Chain::parse(entry.name, &serde_json::Map::new()).unwrap();
                Run::with_chain(problem, chain).halt(Halt::Iterations(60)).solve().unwrap()
            };
            let (one, other) = (run(&plain), run(&named));
            assert_eq!(one.support, other.support, "{}", entry.name);
            assert!((one.residual_norm - other.residual_norm).abs() < 1e-9 * one.residual_norm, "{}", entry.name);
            for (x, z) in one.coefficients.iter().zip(&other.coefficients) {
                assert!(Scalar::abs(*x - *z) < 1e-9, "{}: {x} {z}", entry.name);
            }
            compared += 1;
        }
        assert!(compared >= 9, "{compared}");
    }
    for seed in 0..5 {
        same::<f64>(seed);
        same::<num_complex::Complex<f64>>(seed);
    }
}

/// The k-sparse x ≥ 0 with the least ‖y − A x‖: of all supports whose least-squares fit is positive.
fn best_non_negative(a: &Mat<f64>, y: &[f64], k: usize) -> f64 {
    let n = a.ncols();
    let right = Mat::from_fn(y.len(), 1, |i, _| y[i]);
    let mut best = right.norm_l2();
    for set in 1u32..1 << n {
        let support: Vec<usize> = (0..n).filter(|j| set >> j & 1 == 1).collect();
        if support.len() > k {
            continue;
        }
        let part = Mat::from_fn(y.len(), support.len(), |i, c| a[(i, support[c])]);
        let x = part.qr().solve_lstsq(&right);
        if x.col(0).iter().all(|&x| x >= 0.0) {
            best = f64::min(best, (&right - &part * &x).norm_l2());
        }
    }
    best
}

#[test]
fn no_algorithm_beats_brute_force_under_non_negativity_and_sea_reaches_it() {
    let (m, n, k) = (12, 10, 3);
    let mut reached = 0;
    for seed in 0..20 {
        let a = matrix(seed, m, n);
        let y: Vec<f64> = normal_vector(&mut stream(seed, 36, 0), m);
        let best = best_non_negative(&a, &y, k);
        let operator = DenseOperator::new(a.as_ref());
        let problem = Problem::new(&operator, &y, k).unwrap().with_domain(&NON_NEGATIVE).unwrap();
        for entry in entries::<f64>().iter().filter(|entry| !entry.needs.quadratic) {
            let chain = Chain::parse(entry.name, &serde_json::Map::new()).unwrap();
            let solution = Run::with_chain(&problem, chain).solve().unwrap();
            assert!(solution.coefficients.iter().all(|&x| x > 0.0), "{}: {:?}", entry.name, solution.coefficients);
            assert!(solution.residual_norm >= best * (1.0 - 1e-12), "{}", entry.name);
            reached += u32::from(entry.name == "sea" && solution.residual_norm <= best * (1.0 + 1e-9));
        }
    }
    // Of random data and ten columns; SEA explores 1000 iterations.
    assert!(reached >= 18, "{reached} of 20");
}

#[test]
fn planted_supports_are_found_under_every_loss_and_domain() {
    let (m, n) = (400, 50);
    for seed in 0..5 {
        let mut rng = stream(seed, 37, 0);
        let a: Mat<f64> = gaussian_matrix(&mut rng, m, n);
        let support = [3, 17, 30];
        let z = image(&a, &support, &[1.5, 2.0, 1.0]);
        let operator = DenseOperator::new(a.as_ref());
        let noise: Vec<f64> = normal_vector(&mut rng, m);
        let noisy = z.iter().zip(noise).map(|(z, e)| z + 0.3 * e).collect();
        let classes = z.iter().map(|z| f64::from(rng.random::<f64>() < 1.0 / (1.0 + (-z).exp()))).collect();
        let counts = z.iter().map(|z| (0.5 * z).exp().round()).collect();
        let data: [(&dyn Loss<f64>, Vec<f64>); 3] = [(&Squared, noisy), (&Logistic, classes), (&Poisson, counts)];
        for (loss, y) in data {
            let problem = Problem::new(&operator, &y, 3).unwrap().with_loss(loss).unwrap();
            for problem in [problem.clone(), problem.with_domain(&NON_NEGATIVE).unwrap()] {
                for entry in entries::<f64>().iter().filter(|entry| !entry.needs.quadratic) {
                    // A gradient step of constant length is no method for counts, whose curvature is unbounded.
                    let steps = ["iht", "niht", "htp"].contains(&entry.name);
                    if steps && format!("{loss:?}") == "Poisson" {
                        continue;
                    }
                    let chain = Chain::parse(entry.name, &serde_json::Map::new()).unwrap();
                    let solution = Run::with_chain(&problem, chain).solve().unwrap();
                    assert_eq!(solution.support, support, "{} {loss:?}", entry.name);
                }
            }
        }
    }
}

/// The unit of a column is nobody's business.
#[test]
fn units_do_not_matter() {
    let (m, n, k) = (80, 30, 4);
    for seed in 0..5 {
        let mut rng = stream(seed, 38, 0);
        let a: Mat<f64> = gaussian_matrix(&mut rng, m, n);
        let scaled = Mat::from_fn(m, n, |i, j| a[(i, j)] * 2f64.powi(20 - 7 * (j as i32 % 6)));
        let y = classes(seed, &a);
        let support = |a: &Mat<f64>| {
            let operator = DenseOperator::new(a.as_ref());
            let problem = Problem::new(&operator, &y, k).unwrap().with_loss(&Logistic).unwrap();
            let problem = problem.with_domain(&NON_NEGATIVE).unwrap();
            sparsea::solve(&problem, Sea::default()).unwrap().support
        };
        assert_eq!(support(&a), support(&scaled));
    }
}

#[test]
fn what_algorithms_need_is_refused_by_name() {
    let a: Mat<f64> = gaussian_matrix(&mut stream(1, 39, 0), 20, 30);
    let y = vec![1.0; 20];
    let operator = DenseOperator::new(a.as_ref());
    let plain = Problem::new(&operator, &y, 3).unwrap();
    let counted = plain.clone().with_loss(&Poisson).unwrap();
    let positive = plain.clone().with_domain(&NON_NEGATIVE).unwrap();
    for problem in [&counted, &positive] {
        for entry in entries::<f64>().iter().filter(|entry| entry.needs.quadratic) {
            let chain = Chain::parse(entry.name, &serde_json::Map::new()).unwrap();
            let refused = Run::with_chain(problem, chain).solve();
            assert_eq!(refused.unwrap_err(), Error::NotQuadratic { algorithm: entry.name });
        }
        let refused = Run::new(problem, Sea::default()).report(ReportOptions::default()).solve();
        assert_eq!(refused.unwrap_err(), Error::NotQuadratic { algorithm: "a report" });
        let refused = exhaustive::best_support(problem, 1e9);
        assert_eq!(refused.unwrap_err(), Error::NotQuadratic { algorithm: "trying all supports" });
        // What has a default takes one that works.
        assert_eq!(improve(problem, Start::Zero).unwrap().algorithm, "sea");
    }
    assert_eq!(
        Error::NotQuadratic { algorithm: "search" }.to_string(),
        "search needs the squared loss and coefficients of any value"
    );
}

#[test]
fn bad_losses_data_and_domains_are_refused() {
    let a: Mat<f64> = gaussian_matrix(&mut stream(1, 40, 0), 5, 8);
    let operator = DenseOperator::new(a.as_ref());
    let (good, bad) = ([0.0, 1.0, 1.0, 0.0, 1.0], [0.0, 1.0, 2.0, 0.0, 1.0]);
    let class = Error::Number { what: "a class", rule: "0 or 1", value: 2.0 };
    assert_eq!(Problem::new(&operator, &bad, 2).unwrap().with_loss(&Logistic).unwrap_err(), class);
    let problem = Problem::new(&operator, &good, 2).unwrap().with_loss(&Logistic).unwrap();
    assert_eq!(problem.with_data(&bad).unwrap_err(), class);
    assert_eq!(problem.with_data_block(&[&good, &bad]).unwrap_err(), class);
    let refused = problem.with_domain(&Between(1.0, 2.0)).unwrap_err();
    assert_eq!(refused, Error::Number { what: "the allowed coefficient nearest to 0", rule: "0", value: 1.0 });
}

/// A start that is not allowed is moved to the domain; what comes back is no worse than that.
#[test]
fn starts_are_moved_to_the_domain() {
    let (m, n, k) = (20, 30, 4);
    for seed in 0..10 {
        let mut rng = stream(seed, 41, 0);
        let a: Mat<f64> = gaussian_matrix(&mut rng, m, n);
        let y: Vec<f64> = normal_vector(&mut rng, m);
        let operator = DenseOperator::new(a.as_ref());
        let problem = Problem::new(&operator, &y, k).unwrap().with_domain(&NON_NEGATIVE).unwrap();
        let mut start = vec![0.0; n];
        for j in [2, 9, 11, 25] {
            start[j] = rng.random_range(-1.0..1.0);
        }
        let moved: Vec<f64> = start.iter().map(|x: &f64| x.max(0.0)).collect();
        let all: Vec<usize> = (0..n).collect();
        let residual = image(&a, &all, &moved).iter().zip(&y).map(|(z, y)| (y - z).powi(2)).sum::<f64>().sqrt();
        for name in ["sea", "omp", "iht", "ompr"] {
            let chain = Chain::parse(name, &serde_json::Map::new()).unwrap();
            let solution = Run::with_chain(&problem, chain).start(Start::Vector(start.clone())).solve().unwrap();
            assert!(solution.residual_norm <= residual * (1.0 + 1e-12), "{name}");
            assert!(solution.coefficients.iter().all(|&x| x > 0.0), "{name}");
        }
    }
}

/// The second of two equal columns keeps the coefficient 0, whatever the loss.
#[test]
fn dependent_columns_get_nothing() {
    let (m, n) = (50, 6);
    for seed in 0..5 {
        let mut a: Mat<f64> = gaussian_matrix(&mut stream(seed, 42, 0), m, n);
        for i in 0..m {
            a[(i, 4)] = 3.0 * a[(i, 1)];
        }
        let operator = DenseOperator::new(a.as_ref());
        let y = classes(seed, &a);
        let problem = Problem::new(&operator, &y, 4).unwrap().with_loss(&Logistic).unwrap();
        let (x, _) = fit(&problem, &[0, 1, 4, 5]);
        assert_eq!(x[2], 0.0);
        assert_optimal(&Logistic, (f64::NEG_INFINITY, f64::INFINITY), &a, &y, &[0, 1, 4, 5], &x);
    }
}
