//! What a report says of columns that stand in for each other, against all supports.

use faer::Mat;
use rand::RngExt;
use serde_json::Map;
use sparsea::generate::{gaussian_matrix, normal_vector, random_support, stream};
use sparsea::{Chain, DenseOperator, ExplorationReport, NonNegative, Problem, ReportOptions, Run, Search, Solution};

use crate::common::{all_supports, entries, norm, product, svd_fit};

fn solve(problem: &Problem<'_, f64>, algorithm: &str, options: ReportOptions) -> (Solution<f64>, ExplorationReport) {
    let chain = Chain::parse(algorithm, &Map::new()).unwrap();
    let mut solution = Run::with_chain(problem, chain).report(options).solve().unwrap();
    let report = solution.report.take().unwrap();
    (solution, report)
}

fn held(support: &[usize], columns: &[usize]) -> usize {
    support.iter().filter(|j| columns.contains(j)).count()
}

/// Every near-tie that one exchange leads to is in accord with the sets, and every chosen column that can be exchanged is in one; where all
/// near-ties are known, the sets are true of all that there are.
#[test]
fn sets_hold_for_what_brute_force_finds() {
    let (mut sets, mut wholly_known, mut several) = (0, 0, 0);
    for seed in 0..300 {
        let rng = &mut stream(seed, 91, 0);
        let (n, k) = (rng.random_range(5..10), rng.random_range(1..4));
        let mut a = gaussian_matrix::<f64>(rng, 14, n);
        if seed % 3 == 1 {
            // Nearly parallel columns.
            a = Mat::from_fn(14, n, |i, j| if j % 2 == 1 { a[(i, j - 1)] + 0.1 * a[(i, j)] } else { a[(i, j)] });
        }
        let mut y = product(&a, &random_support(rng, n, k), &normal_vector::<f64>(rng, k));
        let size = [0.05, 0.3, 1.0][rng.random_range(0..3)];
        y.iter_mut().zip(normal_vector::<f64>(rng, 14)).for_each(|(y, e)| *y += size * e);
        let margin = [0.02, 0.1, 0.3][rng.random_range(0..3)];
        let operator = DenseOperator::new(a.as_ref());
        let problem = Problem::new(&operator, &y, k).unwrap();
        let algorithm = ["search", "omp+els", "sea", "iht"][rng.random_range(0..4)];
        let (solution, report) = solve(&problem, algorithm, ReportOptions { margin, listed: 10_000 });
        assert!(report.exchanges_scored, "seed {seed} {algorithm}");
        let limit = (1.0 + margin) * report.best[0].residual_norm;
        let listed: Vec<&[usize]> = report.best[..report.near_ties].iter().map(|row| &row.support[..]).collect();
        // Otherwise there may be nothing to be said.
        let speaks = listed.contains(&&solution.support[..])
            && listed.iter().all(|support| support.len() == solution.support.len());
        for set in &report.stand_ins {
            assert!(0 < set.count && set.count < set.columns.len(), "seed {seed}: {set:?}");
            assert_eq!(held(&solution.support, &set.columns), set.count, "seed {seed}: {set:?}");
            listed
                .iter()
                .for_each(|support| assert_eq!(held(support, &set.columns), set.count, "seed {seed}: {support:?}"));
        }
        let all: Vec<Vec<usize>> = all_supports(n, solution.support.len())
            .into_iter()
            .filter(|s| svd_fit(&a, &y, s).1 <= limit * (1.0 - 1e-9))
            .collect();
        let is_exchange = |s: &&Vec<usize>| held(s, &solution.support) + 1 == s.len();
        for support in all.iter().filter(is_exchange) {
            for set in &report.stand_ins {
                assert_eq!(held(support, &set.columns), set.count, "seed {seed} {algorithm}: {set:?} {support:?}");
            }
            for j in solution.support.iter().filter(|j| !support.contains(j)) {
                assert!(!report.certain.contains(j), "seed {seed}: {j}");
                assert!(!speaks || report.stand_ins.iter().any(|set| set.columns.contains(j)), "seed {seed}: {j}");
            }
        }
        if all.iter().all(|s| listed.contains(&&s[..])) {
            wholly_known += 1;
            for (support, set) in all.iter().flat_map(|s| report.stand_ins.iter().map(move |set| (s, set))) {
                assert_eq!(held(support, &set.columns), set.count, "seed {seed} {algorithm}: {set:?} {support:?}");
            }
            for j in &report.certain {
                assert!(all.iter().all(|s| s.contains(j)), "seed {seed}: {j}");
            }
        }
        sets += report.stand_ins.len();
        several += usize::from(all.len() > 1);
    }
    assert!(sets > 100 && several > 100 && wholly_known > 200, "{sets} {several} {wholly_known}");
}

/// Copies of a column are a set of which one is chosen, after an exact fit too, and for every algorithm that finds the columns.
#[test]
fn copies_stand_in_for_each_other() {
    for seed in 0..40 {
        let rng = &mut stream(seed, 92, 0);
        let (k, copies) = (rng.random_range(1..4), [2, 3, 8][rng.random_range(0..3)]);
        let others = rng.random_range(0..8);
        let b = gaussian_matrix::<f64>(rng, 25, k + others);
        // Those of column j are at j, j + k, …; after them come others, without copies.
        let n = k * copies + others;
        // Some of them are of another length and sign.
        let scales: Vec<f64> = (0..n).map(|_| [1.0, 1.0, -2.0, 1e5][rng.random_range(0..4)]).collect();
        let base = |j: usize| if j < k * copies { j % k } else { j - k * copies + k };
        let a = Mat::from_fn(25, n, |i, j| scales[j] * b[(i, base(j))]);
        let x: Vec<f64> = (0..k).map(|v| 1.0 + v as f64).collect();
        let mut y = product(&b, &(0..k).collect::<Vec<_>>(), &x);
        let is_exact = seed % 2 == 0;
        if !is_exact {
            y.iter_mut().zip(normal_vector::<f64>(rng, 25)).for_each(|(y, e)| *y += 0.05 * e);
        }
        let operator = DenseOperator::new(a.as_ref());
        let problem = Problem::new(&operator, &y, k).unwrap();
        for entry in entries::<f64>() {
            let (solution, report) = solve(&problem, entry.name, ReportOptions::default());
            let mut found: Vec<usize> = solution.support.iter().map(|&j| base(j)).collect();
            found.sort_unstable();
            if found != (0..k).collect::<Vec<_>>() {
                assert!(entry.name != "search", "seed {seed}: {found:?}");
                continue;
            }
            if solution.residual_norm > 0.1 * norm(&y) {
                continue;
            }
            assert!(report.exchanges_scored && report.certain.is_empty(), "seed {seed} {}: {report:?}", entry.name);
            let sets: Vec<(Vec<usize>, usize)> =
                report.stand_ins.into_iter().map(|set| (set.columns, set.count)).collect();
            let expected: Vec<(Vec<usize>, usize)> =
                (0..k).map(|j| ((0..copies).map(|c| j + c * k).collect(), 1)).collect();
            assert_eq!(sets, expected, "seed {seed} {}", entry.name);
        }
    }
}

/// Where k is larger than needed, a column and its copy together are not two columns.
#[test]
fn a_column_and_its_copy_count_once() {
    for seed in 0..40 {
        let rng = &mut stream(seed, 93, 0);
        let b = gaussian_matrix::<f64>(rng, 30, 8);
        let a = Mat::from_fn(30, 10, |i, j| b[(i, if j < 8 { j } else { j - 8 })]);
        let mut y = product(&b, &[0, 1], &[3.0, 2.0]);
        y.iter_mut().zip(normal_vector::<f64>(rng, 30)).for_each(|(y, e)| *y += e);
        let operator = DenseOperator::new(a.as_ref());
        let problem = Problem::new(&operator, &y, 3).unwrap();
        for entry in entries::<f64>() {
            let (solution, report) = solve(&problem, entry.name, ReportOptions { margin: 0.05, listed: 10_000 });
            for (j, copy) in [(0, 8), (1, 9)] {
                assert!(!report.certain.contains(&j) && !report.certain.contains(&copy), "seed {seed} {}", entry.name);
                let both = |s: &[usize]| s.contains(&j) && s.contains(&copy);
                // Iterates that converge may share a coefficient between them.
                if both(&solution.support) {
                    assert!(!report.exchanges_scored && report.stand_ins.is_empty(), "seed {seed} {}", entry.name);
                }
                for set in &report.stand_ins {
                    assert_eq!(
                        set.columns.contains(&j),
                        set.columns.contains(&copy),
                        "seed {seed} {}: {set:?}",
                        entry.name
                    );
                }
            }
        }
    }
}

/// Where exchanges are not scored, nothing is said.
#[test]
fn nothing_is_said_without_exchanges() {
    let b = gaussian_matrix::<f64>(&mut stream(1, 94, 0), 20, 3);
    let a = Mat::from_fn(20, 6, |i, j| b[(i, j % 3)]);
    let y = product(&b, &[0, 1], &[1.0, 2.0]);
    let operator = DenseOperator::new(a.as_ref());
    let problem = Problem::new(&operator, &y, 2).unwrap().with_domain(&NonNegative).unwrap();
    let report =
        Run::new(&problem, Search::default()).report(ReportOptions::default()).solve().unwrap().report.unwrap();
    assert!(!report.exchanges_scored && report.stand_ins.is_empty() && report.certain.is_empty(), "{report:?}");
}
