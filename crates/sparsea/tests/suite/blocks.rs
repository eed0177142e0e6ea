//! Groups of columns, and supports that several right-hand sides share: against brute force, singular values and plain problems.

use std::sync::Arc;

use crate::common::{C, KINDS, Kind, all_supports, every_form, matrix, norm, product, run, scalar, svd_fit};
use faer::Mat;
use rand::RngExt;
use sparsea::algorithms::{applicable, registry};
use sparsea::generate::{gaussian_matrix, normal_vector, random_support, stream};
use sparsea::{
    DenseOperator, Error, Partition, Problem, ReportOptions, Run, Scalar, Search, Solution, Squared, Start, improve,
    solve,
};

/// Labels of groups of different size, interleaved.
const LABELS: [usize; 15] = [4, 0, 4, 1, 2, 2, 0, 3, 1, 4, 3, 5, 5, 1, 6];

pub(crate) fn partition(labels: &[usize]) -> Arc<Partition> {
    Arc::new(Partition::new(labels).unwrap())
}

/// The columns of some groups.
pub(crate) fn columns_of(partition: &Partition, groups: &[usize]) -> Vec<usize> {
    let mut columns: Vec<usize> = groups.iter().flat_map(|&group| partition.columns(group)).copied().collect();
    columns.sort_unstable();
    columns
}

/// ‖Y − A X‖ of the best X on a support, by singular values.
fn refit<T: Scalar>(a: &Mat<T>, data: &[T], support: &[usize]) -> f64 {
    norm(&data.chunks(a.nrows()).map(|y| svd_fit(a, y, support).1).map(T::from_real).collect::<Vec<T>>())
}

/// ‖Y − A X‖ for the X of a solution.
pub(crate) fn residual<T: Scalar>(a: &Mat<T>, data: &[T], solution: &Solution<T>) -> f64 {
    let sides = solution.right_hand_sides;
    let of_side = |(b, y): (usize, &[T])| {
        let values: Vec<T> = solution.coefficients.iter().skip(b).step_by(sides).copied().collect();
        let image = product(a, &solution.support, &values);
        norm(&y.iter().zip(&image).map(|(&y, &z)| y - z).collect::<Vec<T>>())
    };
    norm(&data.chunks(a.nrows()).enumerate().map(of_side).collect::<Vec<f64>>())
}

/// Y = A X + noise for an X on some groups.
pub(crate) fn observed<T: Scalar>(a: &Mat<T>, support: &[usize], sides: usize, noise: f64, seed: u64) -> Vec<T> {
    let mut rng = stream(seed, 61, 0);
    let mut data = vec![];
    for _ in 0..sides {
        let values: Vec<T> = normal_vector(&mut rng, support.len());
        let mut y = product(a, support, &values);
        let errors: Vec<T> = normal_vector(&mut rng, y.len());
        let size = noise * norm(&y) / norm(&errors);
        y.iter_mut().zip(errors).for_each(|(y, e)| *y += e.scale(size));
        data.extend(y);
    }
    data
}

pub(crate) fn names<T: Scalar>(problem: &Problem<'_, T>) -> Vec<&'static str> {
    applicable(problem).iter().map(|entry| entry.name).collect()
}

/// Every algorithm on every form of the problem: k groups at most, whole groups, a residual that is that of its coefficients and of the
/// fit on its support, and none below the best of all supports.
fn every_algorithm<T: Scalar>() {
    let partition = partition(&LABELS);
    for kind in KINDS {
        for seed in 0..4u64 {
            for (sides, grouped) in [(1, true), (3, false), (2, true)] {
                let (n, k) = (LABELS.len(), 2);
                let m = if kind == Kind::Convolution { n } else { 12 };
                let a = matrix::<T>(kind, m, n, 40 + seed);
                let planted =
                    if grouped { columns_of(&partition, &[seed as usize, 5]) } else { vec![seed as usize, 9] };
                let data = observed(&a, &planted, sides, 0.3, seed);
                let supports: Vec<Vec<usize>> = if grouped {
                    all_supports(partition.len(), k).iter().map(|groups| columns_of(&partition, groups)).collect()
                } else {
                    all_supports(n, k)
                };
                let best = supports.iter().map(|s| refit(&a, &data, s)).fold(f64::INFINITY, f64::min);
                let operator = DenseOperator::new(a.as_ref());
                let mut problem = Problem::joint(&operator, &data, sides, k).unwrap();
                if grouped {
                    problem = problem.with_groups(partition.clone()).unwrap();
                }
                for name in names(&problem) {
                    let what = format!("{name} {kind:?} seed {seed} B = {sides} {grouped}");
                    let solution = run(&problem, name, Start::Zero, None);
                    let true_norm = residual(&a, &data, &solution);
                    assert!((solution.residual_norm - true_norm).abs() < 1e-10 * norm(&data), "{what}");
                    assert!(solution.residual_norm >= best * (1.0 - 1e-9), "{what}");
                    assert_eq!(solution.coefficients.len(), sides * solution.support.len(), "{what}");
                    if let Some(groups) = &solution.groups {
                        assert!(groups.len() <= k, "{what}");
                        assert_eq!(solution.support, columns_of(&partition, groups), "{what}");
                    }
                    assert!(grouped || solution.support.len() <= k, "{what}");
                    if !["iht", "niht", "cosamp"].contains(&name) {
                        let fitted = refit(&a, &data, &solution.support);
                        assert!((solution.residual_norm - fitted).abs() < 1e-9 * norm(&data), "{what}");
                    }
                }
            }
        }
    }
}

#[test]
fn every_algorithm_takes_blocks_real() {
    every_algorithm::<f64>();
}

#[test]
fn every_algorithm_takes_blocks_complex() {
    every_algorithm::<C>();
}

/// Few groups, many incoherent rows, no noise: every algorithm finds them.
fn easy<T: Scalar>() {
    let partition = partition(&LABELS);
    for seed in 0..5u64 {
        let a = gaussian_matrix::<T>(&mut stream(seed, 62, 0), 90, LABELS.len());
        let groups = random_support(&mut stream(seed, 63, 0), partition.len(), 2);
        let planted = columns_of(&partition, &groups);
        for sides in [1, 3] {
            let data = observed(&a, &planted, sides, 0.0, seed);
            every_form(&a, |form, operator| {
                let problem = Problem::joint(operator, &data, sides, 2).unwrap();
                let problem = problem.with_groups(partition.clone()).unwrap();
                for name in names(&problem) {
                    let solution = run(&problem, name, Start::Zero, None);
                    assert_eq!(solution.support, planted, "{name} {form} seed {seed} B = {sides}");
                    assert_eq!(solution.groups.as_deref(), Some(&groups[..]), "{name} {form}");
                    assert!(solution.relative_residual < 1e-7, "{name} {form}");
                }
            });
        }
    }
}

#[test]
fn easy_groups_are_found_by_all() {
    easy::<f64>();
    easy::<C>();
}

/// Groups of one column, and a single right-hand side, are the plain problem.
#[test]
fn one_of_each_is_the_plain_problem() {
    for kind in KINDS {
        for seed in 0..6 {
            let (n, k) = (18, 3);
            let a = matrix::<f64>(kind, if kind == Kind::Convolution { n } else { 11 }, n, 70 + seed);
            let data = observed(&a, &[2, 7, 11], 1, 0.2, seed);
            let operator = DenseOperator::new(a.as_ref());
            let plain = Problem::new(&operator, &data, k).unwrap();
            let labels: Vec<usize> = (0..n).rev().collect();
            let single = plain.clone().with_groups(partition(&labels)).unwrap();
            let joint = Problem::joint(&operator, &data, 1, k).unwrap();
            // Three times y, in different sizes, have the support of y.
            let repeated: Vec<f64> = [1.0, -2.0, 0.5].iter().flat_map(|s| data.iter().map(move |y| s * y)).collect();
            let repeated = Problem::joint(&operator, &repeated, 3, k).unwrap();
            assert_eq!((repeated.rank(), repeated.right_hand_sides()), (1, 3));
            for name in names(&single) {
                let expected = run(&plain, name, Start::Zero, None);
                assert_eq!(run(&joint, name, Start::Zero, None).coefficients, expected.coefficients, "{name}");
                for problem in [&single, &repeated] {
                    let found = run(problem, name, Start::Zero, None);
                    assert_eq!(found.support, expected.support, "{name} {kind:?} seed {seed}");
                }
            }
        }
    }
}

/// Scores are those of the span of a group: other columns of the same span are the same problem.
#[test]
fn a_group_is_its_span() {
    let partition = partition(&LABELS);
    let n = LABELS.len();
    for seed in 0..6 {
        let a = matrix::<f64>(Kind::Coherent, 12, n, 80 + seed);
        let data = observed(&a, &columns_of(&partition, &[0, 3]), 2, 0.4, seed);
        let mut rng = stream(seed, 64, 0);
        let mix = Mat::from_fn(n, n, |i, j| {
            if LABELS[i] != LABELS[j] {
                return 0.0;
            }
            rng.random_range(-1.0..1.0) * 10f64.powi(rng.random_range(-3..3)) + if i == j { 3.0 } else { 0.0 }
        });
        let mixed = &a * mix;
        let (one, other) = (DenseOperator::new(a.as_ref()), DenseOperator::new(mixed.as_ref()));
        let of = |operator| Problem::joint(operator, &data, 2, 2).unwrap().with_groups(partition.clone()).unwrap();
        for name in names(&of(&one)) {
            let (found, expected) =
                (run(&of(&other), name, Start::Zero, None), run(&of(&one), name, Start::Zero, None));
            assert_eq!(found.groups, expected.groups, "{name} seed {seed}");
            let off = (found.residual_norm - expected.residual_norm).abs();
            assert!(off < 1e-8 * norm(&data), "{name} seed {seed}: {off}");
        }
    }
}

/// Columns that depend on others of their group have the coefficient 0, a group of zeros is never chosen, and a start that uses them is
/// not made worse.
#[test]
fn dependent_columns_of_a_group_are_left_out() {
    let labels = [0, 0, 0, 1, 1, 2, 2, 3];
    let mut a = gaussian_matrix::<f64>(&mut stream(1, 65, 0), 10, 8);
    for i in 0..10 {
        a[(i, 2)] = a[(i, 0)] - 2.0 * a[(i, 1)];
        (a[(i, 5)], a[(i, 6)]) = (0.0, 0.0);
    }
    let data = observed(&a, &[0, 1, 3, 4], 2, 0.1, 3);
    let operator = DenseOperator::new(a.as_ref());
    let problem = Problem::joint(&operator, &data, 2, 2).unwrap().with_groups(partition(&labels)).unwrap();
    for name in names(&problem) {
        let solution = run(&problem, name, Start::Zero, None);
        assert_eq!(
            (&solution.support[..], solution.groups.as_deref()),
            (&[0, 1, 3, 4][..], Some(&[0, 1][..])),
            "{name}"
        );
    }
    let mut given = vec![0.0; 16];
    for (b, y) in data.chunks(10).enumerate() {
        let x = svd_fit(&a, y, &[1, 2, 3, 4]).0;
        [1, 2, 3, 4].iter().zip(x).for_each(|(&j, x)| given[8 * b + j] = x);
    }
    let solution = run(&problem, "niht", Start::Vector(given), Some(sparsea::Halt::Iterations(0)));
    assert!(solution.residual_norm <= refit(&a, &data, &[1, 2, 3, 4]) * (1.0 + 1e-12));
}

/// Simultaneous OMP, written out.
#[test]
fn omp_is_simultaneous_omp() {
    for seed in 0..20 {
        let (m, n, sides, k) = (12, 30, 4, 5);
        let a = gaussian_matrix::<f64>(&mut stream(seed, 66, 0), m, n);
        let data = observed(&a, &random_support(&mut stream(seed, 67, 0), n, 4), sides, 0.2, seed);
        let mut support: Vec<usize> = vec![];
        for _ in 0..k {
            let residuals: Vec<Vec<f64>> = data
                .chunks(m)
                .map(|y| {
                    let z = product(&a, &support, &svd_fit(&a, y, &support).0);
                    y.iter().zip(&z).map(|(y, z)| y - z).collect()
                })
                .collect();
            let score = |j: usize| {
                let pulls = residuals.iter().map(|r| (0..m).map(|i| a[(i, j)] * r[i]).sum::<f64>().powi(2));
                pulls.sum::<f64>() / a.col(j).squared_norm_l2()
            };
            let off = (0..n).filter(|j| !support.contains(j));
            support.push(off.max_by(|&i, &j| score(i).total_cmp(&score(j))).unwrap());
        }
        support.sort_unstable();
        let operator = DenseOperator::new(a.as_ref());
        let problem = Problem::joint(&operator, &data, sides, k).unwrap();
        assert_eq!(run(&problem, "omp", Start::Zero, None).support, support, "seed {seed}");
    }
}

/// More right-hand sides than rows come down to the rank, with the same supports and residuals.
#[test]
fn many_right_hand_sides_come_down_to_their_rank() {
    for seed in 0..5 {
        let (m, n, k) = (8, 20, 3);
        let a = gaussian_matrix::<C>(&mut stream(seed, 68, 0), m, n);
        let few: Mat<C> = {
            let data = observed(&a, &[1, 4, 9], 3, 0.1, seed);
            Mat::from_fn(m, 3, |i, b| data[b * m + i])
        };
        // Orthonormal rows change no norm of a row, and no residual.
        let rows = gaussian_matrix::<C>(&mut stream(seed, 69, 0), 40, 3).qr().compute_thin_Q();
        let many = &few * rows.adjoint();
        let flat = |y: &Mat<C>| (0..y.ncols()).flat_map(|b| y.col_as_slice(b).to_vec()).collect::<Vec<C>>();
        let (few, many) = (flat(&few), flat(&many));
        let operator = DenseOperator::new(a.as_ref());
        let one = Problem::joint(&operator, &few, 3, k).unwrap();
        let other = Problem::joint(&operator, &many, 40, k).unwrap();
        assert_eq!((one.rank(), other.rank(), other.right_hand_sides()), (3, 3, 40));
        for name in names(&one) {
            let (expected, found) = (run(&one, name, Start::Zero, None), run(&other, name, Start::Zero, None));
            assert_eq!(found.support, expected.support, "{name}");
            assert!((found.residual_norm - expected.residual_norm).abs() < 1e-9 * norm(&many), "{name}");
            assert!((found.residual_norm - residual(&a, &many, &found)).abs() < 1e-10 * norm(&many), "{name}");
            assert_eq!(found.to_dense().len(), 40 * n);
        }
    }
}

/// A start is where the run starts, and nothing worse than it comes back.
#[test]
fn starts_are_translated() {
    let partition = partition(&LABELS);
    for seed in 0..5 {
        let a = matrix::<f64>(Kind::Coherent, 12, 15, 90 + seed);
        let data = observed(&a, &columns_of(&partition, &[1, 2]), 5, 0.3, seed);
        let operator = DenseOperator::new(a.as_ref());
        let grouped = Problem::joint(&operator, &data, 5, 2).unwrap().with_groups(partition.clone()).unwrap();
        let joint = Problem::joint(&operator, &data, 5, 3).unwrap();
        let stay = Some(sparsea::Halt::Iterations(0));
        // One column names its group.
        let solution = run(&grouped, "omp", Start::Support(vec![0, 14]), stay.clone());
        assert_eq!(solution.support, columns_of(&partition, &[0, 6]));
        let fitted = refit(&a, &data, &solution.support);
        assert!((solution.residual_norm - fitted).abs() < 1e-9 * norm(&data));
        let again = run(&grouped, "iht", Start::Vector(solution.to_dense()), stay.clone());
        assert!((again.residual_norm - solution.residual_norm).abs() < 1e-9 * norm(&data));
        assert_eq!(again.support, solution.support);
        let solution = run(&joint, "sea", Start::Support(vec![3, 14, 5]), stay.clone());
        assert!(solution.residual_norm <= refit(&a, &data, &[3, 5, 14]) * (1.0 + 1e-9));
        let again = run(&joint, "niht", Start::Vector(solution.to_dense()), stay.clone());
        assert!((again.residual_norm - solution.residual_norm).abs() < 1e-9 * norm(&data));
        let better = improve(&joint, Start::Vector(solution.to_dense())).unwrap();
        assert!(better.residual_norm <= solution.residual_norm * (1.0 + 1e-9));
        assert!(matches!(
            Run::new(&joint, sparsea::Omp::default()).start(Start::Vector(vec![0.0; 15])).solve(),
            Err(Error::StartLength { entries: 15, columns: 75 })
        ));
        assert!(matches!(
            Run::new(&grouped, sparsea::Omp::default()).start(Start::Support(vec![0, 1, 3])).solve(),
            Err(Error::SupportSize { size: 3, sparsity: 2 })
        ));
    }
}

/// What does not work is refused, in a sentence.
#[test]
fn what_does_not_work_is_refused() {
    let a = gaussian_matrix::<f64>(&mut stream(1, 70, 0), 6, 8);
    let operator = DenseOperator::new(a.as_ref());
    let y: Vec<f64> = normal_vector(&mut stream(1, 71, 0), 12);
    let pairs = partition(&[0, 1, 2, 3, 0, 1, 2, 3]);
    let plain = Problem::new(&operator, &y[..6], 2).unwrap();
    let joint = Problem::joint(&operator, &y, 2, 2).unwrap();
    let grouped = plain.clone().with_groups(pairs.clone()).unwrap();
    for problem in [&joint, &grouped] {
        let works = names(problem);
        for entry in registry::<f64>() {
            let outcome =
                Run::with_chain(problem, sparsea::Chain::parse(entry.name, &serde_json::Map::new()).unwrap()).solve();
            if works.contains(&entry.name) {
                assert!(outcome.is_ok(), "{}", entry.name);
            } else {
                let message = outcome.unwrap_err().to_string();
                assert!(
                    message.ends_with("works on single columns and one y, not on groups of columns or a joint support"),
                    "{message}"
                );
            }
        }
        assert!(!["lasso", "bp", "amp", "segment"].iter().any(|name| works.contains(name)));
        let report = Run::new(problem, Search::default()).report(ReportOptions::default()).solve();
        assert!(matches!(report, Err(Error::ColumnsOnly { algorithm: "a report" })));
        assert!(matches!(problem.clone().with_loss(&Squared), Err(Error::NotTogether { .. })));
    }
    let other = plain.clone().with_loss(&Squared).unwrap().with_groups(pairs.clone());
    assert!(matches!(other, Err(Error::NotTogether { one: "groups of columns", .. })));
    let message = plain.clone().with_groups(partition(&[0, 1, 2])).unwrap_err().to_string();
    assert_eq!(message, "the vector of groups has 3 entries, but A has 8 columns");
    let message = grouped.with_sparsity(5).unwrap_err().to_string();
    assert_eq!(message, "k must be at most the number of groups, 4, got 5");
    let many = Problem::new(&operator, &y[..6], 5).unwrap().with_groups(pairs).unwrap_err();
    assert_eq!(many, Error::GroupCount { sparsity: 5, groups: 4 });
    assert_eq!(Problem::joint(&operator, &[], 0, 2).unwrap_err(), Error::SideCount);
    assert!(matches!(Problem::joint(&operator, &y, 3, 2), Err(Error::DataLength { entries: 12, rows: 18 })));
    assert!(matches!(Problem::joint(&operator, &y[..3], 1, 2), Err(Error::DataLength { entries: 3, rows: 6 })));
}

/// Y = 0 and y of one size beside another are no special cases.
#[test]
fn extreme_data() {
    let a = gaussian_matrix::<f64>(&mut stream(1, 72, 0), 6, 8);
    let operator = DenseOperator::new(a.as_ref());
    let zero = Problem::joint(&operator, &[0.0; 18], 3, 2).unwrap();
    let solution = solve(&zero, sparsea::Omp::default()).unwrap();
    assert!(solution.support.is_empty() && solution.right_hand_sides == 3 && solution.to_dense() == [0.0; 24]);
    // A column of Y that is nothing beside the others counts for nothing, and is fitted all the same.
    let mut data = observed(&a, &[1, 5], 2, 0.0, 4);
    data[6..].iter_mut().for_each(|y| *y *= 1e-9);
    let joint = Problem::joint(&operator, &data, 2, 2).unwrap();
    let solution = solve(&joint, sparsea::Sea::default()).unwrap();
    assert_eq!(solution.support, [1, 5]);
    let small = svd_fit(&a, &data[6..], &[1, 5]).0;
    let found: Vec<f64> = solution.coefficients.iter().skip(1).step_by(2).copied().collect();
    assert!(found.iter().zip(&small).all(|(x, exact)| (x - exact).abs() < 1e-6 * exact.abs()), "{found:?} {small:?}");
    let _ = scalar::<f64>(0.0, 0.0);
}

/// Search against brute force: groups of three and of two, and three right-hand sides.
#[test]
fn search_finds_the_best_of_all_supports() {
    let (mut instances, mut optimal) = (0, 0);
    let triples: Vec<usize> = (0..15).map(|j| (7 * j) % 5).collect();
    let pairs: Vec<usize> = (0..16).map(|j| (3 * j) % 8).collect();
    for seed in 0..40u64 {
        let kind = [Kind::Gaussian, Kind::Coherent][seed as usize % 2];
        let forms = [(Some(&triples), 1, 2, 8), (Some(&pairs), 1, 3, 9), (Some(&pairs), 2, 3, 8), (None, 3, 3, 7)];
        for (labels, sides, k, m) in forms {
            let n = labels.map_or(14, Vec::len);
            let a = matrix::<f64>(kind, m, n, 900 + seed);
            let mut rng = stream(seed, 73, 0);
            let data: Vec<f64> = normal_vector(&mut rng, m * sides);
            let operator = DenseOperator::new(a.as_ref());
            let mut problem = Problem::joint(&operator, &data, sides, k).unwrap();
            let supports: Vec<Vec<usize>> = match labels {
                None => all_supports(n, k),
                Some(labels) => {
                    let partition = partition(labels);
                    problem = problem.with_groups(partition.clone()).unwrap();
                    all_supports(partition.len(), k).iter().map(|groups| columns_of(&partition, groups)).collect()
                }
            };
            let best = supports.iter().map(|s| refit(&a, &data, s)).fold(f64::INFINITY, f64::min);
            let solution = run(&problem, "search", Start::Zero, None);
            instances += 1;
            optimal += usize::from(solution.residual_norm <= best * (1.0 + 1e-9) + 1e-9 * norm(&data));
        }
    }
    assert!(100 * optimal >= 99 * instances, "{optimal} of {instances}");
}

/// With m = k + 1 rows and k right-hand sides of rank k, where MUSIC identifies the support, search finds it.
#[test]
fn search_finds_what_music_identifies() {
    let (k, n) = (4, 20);
    let mut found = 0;
    for seed in 0..100 {
        let a = gaussian_matrix::<f64>(&mut stream(seed, 74, 0), k + 1, n);
        let planted = random_support(&mut stream(seed, 75, 0), n, k);
        let data = observed(&a, &planted, k, 0.0, seed);
        let operator = DenseOperator::new(a.as_ref());
        let problem = Problem::joint(&operator, &data, k, k).unwrap();
        assert_eq!(problem.rank(), k);
        found += usize::from(run(&problem, "search", Start::Zero, None).support == planted);
    }
    assert!(found >= 95, "{found} of 100");
}

/// Every way to perturb works on blocks, and the answer is that of one thread.
#[test]
fn perturbations_and_threads_of_blocks() {
    let partition = partition(&LABELS);
    for seed in 0..3 {
        let a = matrix::<f64>(Kind::Coherent, 12, LABELS.len(), 300 + seed);
        let data = observed(&a, &columns_of(&partition, &[1, 4]), 2, 0.5, seed);
        let operator = DenseOperator::new(a.as_ref());
        let problem = Problem::joint(&operator, &data, 2, 2).unwrap().with_groups(partition.clone()).unwrap();
        let supports = all_supports(partition.len(), 2);
        let best = supports.iter().map(|groups| refit(&a, &data, &columns_of(&partition, groups)));
        let best = best.fold(f64::INFINITY, f64::min);
        for way in ["random", "neighbours", "disputed", "relink", "pair", "walk", "normalized_walk"] {
            let settings = serde_json::json!({ "perturbations": [way] });
            let chain = sparsea::Chain::parse("search", settings.as_object().unwrap()).unwrap();
            let in_pool = |threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| Run::with_chain(&problem, chain.clone()).solve().unwrap())
            };
            let (one, four) = (in_pool(1), in_pool(4));
            assert!(one.residual_norm <= best * (1.0 + 1e-9), "{way} seed {seed}");
            assert_eq!((&one.coefficients, one.iterations), (&four.coefficients, four.iterations), "{way}");
        }
    }
}

/// Columns that keep their scale are groups of what they are.
#[test]
fn kept_columns_are_scored_as_they_are() {
    let labels = [0, 0, 1, 1, 2, 2];
    let mut a = gaussian_matrix::<f64>(&mut stream(5, 76, 0), 9, 6);
    (0..9).for_each(|i| a[(i, 0)] *= 100.0);
    let data = observed(&a, &[2, 3], 1, 0.3, 5);
    let operator = DenseOperator::new(a.as_ref());
    let problem = Problem::new(&operator, &data, 1).unwrap().with_groups(partition(&labels)).unwrap();
    let kept = problem.clone().keep_columns();
    // The best addition explains most whatever the scale; the largest correlation depends on it.
    assert_eq!(run(&problem, "omp", Start::Zero, None).support, [2, 3]);
    assert_eq!(run(&kept, "ols", Start::Zero, None).support, [2, 3]);
    let pull = |columns: [usize; 2]| {
        let of = |j: usize| (0..9).map(|i| a[(i, j)] * data[i]).sum::<f64>().powi(2);
        columns.into_iter().map(of).sum::<f64>()
    };
    let largest = [[0, 1], [2, 3], [4, 5]].into_iter().max_by(|&p, &q| pull(p).total_cmp(&pull(q))).unwrap();
    assert_eq!(run(&kept, "omp", Start::Zero, None).support, largest);
}

/// Observers see columns of A, and may stop the run.
#[test]
fn observers_see_columns_of_a() {
    let a = gaussian_matrix::<f64>(&mut stream(6, 77, 0), 9, 12);
    let data = observed(&a, &[2, 3, 8], 4, 0.3, 5);
    let operator = DenseOperator::new(a.as_ref());
    let problem = Problem::joint(&operator, &data, 4, 3).unwrap();
    let (mut seen, mut steps) = (vec![], 0);
    let mut watch = |progress: &sparsea::Progress<'_>| {
        seen.push(progress.best_support.to_vec());
        assert!(progress.support.iter().all(|&j| j < 12) && progress.support.len() <= 3);
        steps += 1;
        if steps == 3 { std::ops::ControlFlow::Break(()) } else { std::ops::ControlFlow::Continue(()) }
    };
    let solution = Run::new(&problem, sparsea::Omp::default()).observe(&mut watch).solve().unwrap();
    assert_eq!(solution.stop_reason, sparsea::StopReason::Interrupted);
    assert_eq!(seen.last(), Some(&solution.support));
    assert_eq!(solution.support.len(), 2);
}
