//! Groups of columns and joint supports whose coefficients have bounds: against brute force by the conditions of optimality.

use crate::blocks::{columns_of, names, partition, residual};
use crate::bounds::{assert_optimal, interval, observed_within, random_bounds};
use crate::common::{KINDS, Kind, all_supports, matrix, norm, run};
use faer::Mat;
use rand::RngExt;
use sparsea::generate::{normal_vector, stream};
use sparsea::{DenseOperator, Domain, Halt, Memory, NonNegative, Problem, Run, Search, Start, Support, Workspace};

/// Five groups of different size, interleaved.
const LABELS: [usize; 12] = [4, 0, 4, 1, 2, 2, 0, 3, 1, 4, 3, 1];

/// A problem of blocks with bounds, and the best that there is.
struct Case {
    a: Mat<f64>,
    data: Vec<f64>,
    sides: usize,
    grouped: bool,
    domain: Box<dyn Domain<f64>>,
    k: usize,
}

impl Case {
    fn new(kind: Kind, seed: u64, sides: usize, grouped: bool, bounded: bool) -> Self {
        let (n, k) = if grouped { (LABELS.len(), 2) } else { (9, 3) };
        let m = if kind == Kind::Convolution { n } else { 8 };
        let a = matrix::<f64>(kind, m, n, 900 + seed);
        let domain: Box<dyn Domain<f64>> =
            if bounded { Box::new(random_bounds(seed, n, 1.0)) } else { Box::new(NonNegative) };
        let planted = |b: usize| match seed % 3 {
            0 => normal_vector(&mut stream(seed, 54, b as u64), a.nrows()),
            noise => observed_within(&a, &*domain, k, seed, 0.2 * (noise - 1) as f64),
        };
        let mut data: Vec<f64> = (0..sides).flat_map(planted).collect();
        let mut rng = stream(seed, 55, 0);
        data.iter_mut().for_each(|y| *y += rng.random_range(-0.1..0.1));
        Self { a, data, sides, grouped, domain, k }
    }

    /// Supports that are allowed.
    fn supports(&self) -> Vec<Vec<usize>> {
        if !self.grouped {
            return all_supports(self.a.ncols(), self.k);
        }
        let partition = partition(&LABELS);
        all_supports(partition.len(), self.k).iter().map(|groups| columns_of(&partition, groups)).collect()
    }

    /// ‖Y − A X‖ of the best X on any of them, each shown to be the best by the conditions of optimality.
    fn optimum(&self) -> f64 {
        let operator = DenseOperator::new(self.a.as_ref());
        let (m, n) = (self.a.nrows(), self.a.ncols());
        let supports = self.supports();
        let mut squares = vec![0.0; supports.len()];
        for y in self.data.chunks(m) {
            let problem =
                Problem::new(&operator, y, m.min(n)).unwrap().keep_columns().with_domain(&*self.domain).unwrap();
            let mut workspace = Workspace::new(&problem, Memory::default()).unwrap();
            for (support, square) in supports.iter().zip(&mut squares) {
                workspace.fit(&support.iter().copied().collect::<Support>());
                assert_optimal(&self.a, y, &*self.domain, support, workspace.values(), "brute force");
                *square += workspace.residual_norm().powi(2);
            }
        }
        squares.into_iter().fold(f64::INFINITY, f64::min).sqrt()
    }

    fn solved(&self, name: &str, optimum: f64, what: &str) -> bool {
        let operator = DenseOperator::new(self.a.as_ref());
        let problem = Problem::joint(&operator, &self.data, self.sides, self.k).unwrap();
        let mut problem = problem.with_domain(&*self.domain).unwrap();
        if self.grouped {
            problem = problem.with_groups(partition(&LABELS)).unwrap();
        }
        let solution = run(&problem, name, Start::Zero, (name == "search").then_some(Halt::Iterations(300)));
        let size = norm(&self.data);
        assert!((solution.residual_norm - residual(&self.a, &self.data, &solution)).abs() < 1e-10 * size, "{what}");
        assert!(solution.residual_norm >= optimum - 1e-9 * size, "{what}: {} {optimum}", solution.residual_norm);
        for (at, &x) in solution.coefficients.iter().enumerate() {
            let (lower, upper) = interval(&*self.domain, solution.support[at / self.sides]);
            assert!((lower..=upper).contains(&x), "{what}: {x}");
        }
        let parts = solution.groups.as_ref().map_or(solution.support.len(), Vec::len);
        assert!(parts <= self.k, "{what}");
        if !["iht", "niht", "cosamp"].contains(&name) {
            // The best on its support.
            for (b, y) in self.data.chunks(self.a.nrows()).enumerate() {
                let values: Vec<f64> = solution.coefficients.iter().skip(b).step_by(self.sides).copied().collect();
                assert_optimal(&self.a, y, &*self.domain, &solution.support, &values, what);
            }
        }
        solution.residual_norm <= optimum + 1e-9 * size
    }
}

/// How many of some problems `search` solves to the optimum, and how many there are.
fn optimal(name: &str, sides: usize, grouped: bool, bounded: bool, count: u64) -> (u64, u64) {
    let (mut solved, mut all) = (0, 0);
    for kind in KINDS {
        for seed in 0..count {
            let case = Case::new(kind, seed, sides, grouped, bounded);
            let what = format!("{name} {kind:?} seed {seed}, {sides} right-hand sides, {grouped} {bounded}");
            solved += u64::from(case.solved(name, case.optimum(), &what));
            all += 1;
        }
    }
    (solved, all)
}

#[test]
fn search_finds_the_optimum_of_groups_with_bounds() {
    for (bounded, count) in [(false, 40), (true, 40)] {
        let (solved, all) = optimal("search", 1, true, bounded, count);
        assert!(solved as f64 >= 0.99 * all as f64, "{bounded}: {solved} of {all}");
    }
}

#[test]
fn search_finds_the_optimum_of_joint_supports_with_bounds() {
    for (bounded, count) in [(false, 40), (true, 40)] {
        let (solved, all) = optimal("search", 3, false, bounded, count);
        assert!(solved as f64 >= 0.99 * all as f64, "{bounded}: {solved} of {all}");
    }
}

#[test]
fn search_finds_the_optimum_of_groups_of_joint_supports_with_bounds() {
    for bounded in [false, true] {
        let (solved, all) = optimal("search", 2, true, bounded, 15);
        assert!(solved as f64 >= 0.99 * all as f64, "{bounded}: {solved} of {all}");
    }
}

/// Whatever works with blocks works with bounds, stays within them, and often finds the optimum.
#[test]
fn other_algorithms_stay_within_the_bounds_of_blocks() {
    let y = vec![1.0; 6];
    let a = matrix::<f64>(Kind::Gaussian, 6, 4, 1);
    let operator = DenseOperator::new(a.as_ref());
    let problem = Problem::joint(&operator, &y, 1, 2).unwrap().with_domain(&NonNegative).unwrap();
    for name in names(&problem.with_groups(partition(&[0, 1, 0, 1])).unwrap()) {
        for (sides, grouped) in [(1, true), (3, false), (2, true)] {
            let (mut solved, mut all) = (0, 0);
            for bounded in [false, true] {
                let counts = optimal(name, sides, grouped, bounded, 3);
                (solved, all) = (solved + counts.0, all + counts.1);
            }
            // Those that end without a fit on their support only stay within the bounds.
            let ends_without_fit = ["iht", "niht", "cosamp"].contains(&name);
            assert!(ends_without_fit || 4 * solved >= all, "{name} {sides} {grouped}: {solved} of {all}");
        }
    }
}

/// Several copies of one y, and groups of one column, are the plain problem.
#[test]
fn copies_and_groups_of_one_are_the_plain_problem() {
    for seed in 0..12 {
        let (m, n, k) = (14, 20, 3);
        let a = matrix::<f64>(Kind::Gaussian, m, n, 950 + seed);
        let domain = random_bounds(seed, n, 1.0);
        let y = observed_within(&a, &domain, k, seed, 0.1);
        let operator = DenseOperator::new(a.as_ref());
        let plain = Problem::new(&operator, &y, k).unwrap().with_domain(&domain).unwrap();
        let copies = y.repeat(3);
        let joint = Problem::joint(&operator, &copies, 3, k).unwrap().with_domain(&domain).unwrap();
        let labels: Vec<usize> = (0..n).collect();
        let grouped = plain.clone().with_groups(partition(&labels)).unwrap();
        for name in names(&joint) {
            let [one, three, groups] = [&plain, &joint, &grouped].map(|problem| run(problem, name, Start::Zero, None));
            assert_eq!(one.support, three.support, "{name} seed {seed}");
            assert_eq!(one.support, groups.support, "{name} seed {seed}");
            let twice = (three.residual_norm - 3f64.sqrt() * one.residual_norm).abs();
            assert!(twice < 1e-9 * norm(&y), "{name} seed {seed}");
            let off = one.coefficients.iter().zip(&groups.coefficients).map(|(a, b)| (a - b).abs());
            assert!(off.fold(0.0, f64::max) < 1e-9, "{name} seed {seed}");
        }
    }
}

/// A start, an order of statements and the threads change nothing.
#[test]
fn bounds_and_blocks_may_be_stated_in_any_order() {
    let case = Case::new(Kind::Coherent, 5, 2, true, true);
    let operator = DenseOperator::new(case.a.as_ref());
    let joint = Problem::joint(&operator, &case.data, 2, 2).unwrap();
    let groups = partition(&LABELS);
    let one = joint.clone().with_domain(&*case.domain).unwrap().with_groups(groups.clone()).unwrap();
    let other = joint.with_groups(groups).unwrap().with_domain(&*case.domain).unwrap();
    let solution = run(&one, "search", Start::Zero, None);
    let again = run(&other, "search", Start::Zero, None);
    assert_eq!((&solution.support, &solution.coefficients), (&again.support, &again.coefficients));
    let from = Run::new(&one, Search::default()).start(Start::Support(solution.support.clone())).solve().unwrap();
    assert_eq!(from.support, solution.support);
}
