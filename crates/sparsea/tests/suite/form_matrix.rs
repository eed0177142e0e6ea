//! Every algorithm of the registry on every form of the problem: what it finds is what it says and no better than the best of all
//! supports, or it refuses in one sentence, as its needs say.

use std::sync::Arc;

use crate::blocks::{columns_of, partition};
use crate::common::{C, all_supports, norm, product, scalar};
use faer::Mat;
use serde_json::Map;
use sparsea::algorithms::registry;
use sparsea::generate::{gaussian_matrix, normal_vector, stream};
use sparsea::operator::NarrowOperator;
use sparsea::{
    Adjusted, Adjustment, Bounds, Chain, DenseOperator, Error, FixedSum, Gram, LinearMap, Memory, NonNegative,
    Partition, Problem, Run, Scalar, Solution, Steps, Support, Workspace,
};

/// Labels of four groups of different size.
const LABELS: [usize; 9] = [2, 0, 2, 1, 0, 3, 1, 0, 1];
const K: usize = 2;

/// What is needed of an algorithm to work on a form.
#[derive(Debug, Clone, Copy, Default)]
struct Traits {
    complex: bool,
    bounded: bool,
    blocks: bool,
    steps: bool,
    /// Whether A has fewer rows than the data had.
    hides_rows: bool,
}

/// A problem in a form, and what its solutions are held against.
struct Posed<'p, 'a, T: Scalar> {
    name: &'static str,
    problem: &'p Problem<'a, T>,
    traits: Traits,
    /// The least ‖Y − A X‖ of all supports that are allowed, as algorithms see it.
    least: f64,
    /// ‖Y − A X‖ of a solution, as algorithms see it.
    residual: &'p dyn Fn(&Solution<T>) -> f64,
    /// The coefficients that are allowed.
    interval: (f64, f64),
}

/// The least residual norm of the fits on supports, added up over the right-hand sides of a problem without blocks.
fn least<T: Scalar>(problems: &[Problem<'_, T>], supports: &[Vec<usize>]) -> f64 {
    let mut squares = vec![0.0; supports.len()];
    for problem in problems {
        let mut workspace = Workspace::new(problem, Memory::default()).unwrap();
        for (support, square) in supports.iter().zip(&mut squares) {
            workspace.fit(&support.iter().copied().collect::<Support>());
            *square += workspace.residual_norm().powi(2);
        }
    }
    squares.into_iter().fold(f64::INFINITY, f64::min).sqrt()
}

/// ‖Y − A X‖ by the entries of an operator.
fn residual<T: Scalar>(map: &dyn LinearMap<T>, data: &[T], solution: &Solution<T>) -> f64 {
    let access = sparsea::Access::new(map);
    let rows = access.nrows();
    let of_side = |(b, y): (usize, &[T])| {
        let mut image = vec![T::ZERO; rows];
        for (&j, x) in
            solution.support.iter().zip(solution.coefficients.iter().skip(b).step_by(solution.right_hand_sides))
        {
            let mut column = vec![T::ZERO; rows];
            access.column(j, &mut column);
            image.iter_mut().zip(column).for_each(|(z, a)| *z += a * *x);
        }
        norm(&y.iter().zip(image).map(|(&y, z)| y - z).collect::<Vec<T>>())
    };
    norm(&data.chunks(rows).enumerate().map(of_side).collect::<Vec<f64>>())
}

/// Calls `visit` with every form for numbers of any kind.
fn each_form<T: Scalar>(seed: u64, visit: &mut dyn FnMut(Posed<'_, '_, T>)) {
    let (m, n) = (12, LABELS.len());
    let a: Mat<T> = gaussian_matrix(&mut stream(seed, 97, 0), m, n);
    let operator = DenseOperator::new(a.as_ref());
    let mut data: Vec<T> = product(&a, &[1, 4], &[scalar(1.5, 0.3), scalar(-2.0, 0.1)]);
    data.extend(product(&a, &[1, 4], &[scalar(0.4, 1.0), scalar(1.0, -0.7)]));
    let errors: Vec<T> = normal_vector(&mut stream(seed, 98, 0), data.len());
    data.iter_mut().zip(errors).for_each(|(y, e)| *y += e.scale(0.2));
    let y = &data[..m];
    let groups: Arc<Partition> = partition(&LABELS);
    let complex = Traits { complex: T::IS_COMPLEX, ..Traits::default() };
    let free = (f64::NEG_INFINITY, f64::INFINITY);
    let singles = all_supports(n, K);
    let grouped: Vec<Vec<usize>> = all_supports(groups.len(), K).iter().map(|g| columns_of(&groups, g)).collect();
    let plain = Problem::new(&operator, y, K).unwrap();
    let sides: Vec<Problem<'_, T>> = data.chunks(m).map(|y| Problem::new(&operator, y, K).unwrap()).collect();
    let (one, both) = (|s: &Solution<T>| residual(&operator, y, s), |s: &Solution<T>| residual(&operator, &data, s));
    let blocks = Traits { blocks: true, ..complex };
    let plain_least = least(&sides[..1], &singles);
    let mut pose = |name, problem: &Problem<'_, T>, traits, least, residual: &dyn Fn(&Solution<T>) -> f64| {
        visit(Posed { name, problem, traits, least, residual, interval: free });
    };
    pose("plain", &plain, complex, plain_least, &one);
    pose("groups", &plain.clone().with_groups(groups.clone()).unwrap(), blocks, least(&sides[..1], &grouped), &one);
    let joint = Problem::joint(&operator, &data, 2, K).unwrap();
    pose("joint", &joint, blocks, least(&sides, &singles), &both);
    pose("groups of joint", &joint.with_groups(groups).unwrap(), blocks, least(&sides, &grouped), &both);
    // A model: fixed columns, weights, a gap and a ridge.
    let weights: Vec<f64> = (0..m).map(|i| if i == 3 { 0.0 } else { 1.0 + 0.1 * i as f64 }).collect();
    let model = Adjustment::default().intercept(true).fixed(vec![2]).weights(weights).ridge(0.3);
    let adjusted = Adjusted::new(&operator, &model).unwrap();
    let reduced = adjusted.reduce(y).unwrap();
    let problem = adjusted.problem(&reduced, K).unwrap();
    let free_of_fixed: Vec<Vec<usize>> = singles.iter().filter(|s| !s.contains(&2)).cloned().collect();
    let best = least(std::slice::from_ref(&problem), &free_of_fixed);
    pose("model", &problem, complex, best, &|s: &Solution<T>| residual(&*adjusted, &reduced, s));
    let sum = FixedSum::new(&operator, y, -0.5, &[], None).unwrap();
    let problem = sum.problem(K).unwrap();
    let best = least(std::slice::from_ref(&problem), &singles);
    pose("fixed sum", &problem, complex, best, &|s: &Solution<T>| residual(&*sum, sum.data(), s));
    // Aᴴ A and Aᴴ y of more rows than columns.
    let gram = Mat::from_fn(n, n, |i, j| (0..m).map(|r| Scalar::conj(a[(r, i)]) * a[(r, j)]).sum::<T>());
    let correlation: Vec<T> = (0..n).map(|j| (0..m).map(|r| Scalar::conj(a[(r, j)]) * y[r]).sum()).collect();
    let statistics = Gram::new(gram.as_ref(), m).unwrap();
    let given = statistics.data(&correlation, norm(y).powi(2)).unwrap();
    let problem = Problem::of_gram(&statistics, &given, K).unwrap();
    pose("sufficient statistics", &problem, Traits { hides_rows: true, ..complex }, plain_least, &one);
    let steps = Steps::new(m).unwrap();
    let problem = Problem::new(&steps, y, K).unwrap();
    let best = least(std::slice::from_ref(&problem), &all_supports(m, K));
    pose("steps", &problem, Traits { steps: true, ..complex }, best, &|s: &Solution<T>| residual(&steps, y, s));
}

/// Calls `visit` with every form that real numbers only have.
fn each_real_form(seed: u64, visit: &mut dyn FnMut(Posed<'_, '_, f64>)) {
    let (m, n) = (12, LABELS.len());
    let a: Mat<f64> = gaussian_matrix(&mut stream(seed, 97, 0), m, n);
    let operator = DenseOperator::new(a.as_ref());
    let mut data: Vec<f64> = product(&a, &[1, 4], &[1.5, -2.0]);
    data.extend(product(&a, &[1, 4], &[0.4, 1.0]));
    let errors: Vec<f64> = normal_vector(&mut stream(seed, 98, 0), data.len());
    data.iter_mut().zip(errors).for_each(|(y, e)| *y += 0.2 * e);
    let groups = partition(&LABELS);
    let singles = all_supports(n, K);
    let grouped: Vec<Vec<usize>> = all_supports(groups.len(), K).iter().map(|g| columns_of(&groups, g)).collect();
    let caps = Bounds::all(-0.6, 1.1, n).unwrap();
    let domains: [(&dyn sparsea::Domain<f64>, (f64, f64)); 2] =
        [(&NonNegative, (0.0, f64::INFINITY)), (&caps, (-0.6, 1.1))];
    let (one, both) =
        (|s: &Solution<f64>| residual(&operator, &data[..m], s), |s: &Solution<f64>| residual(&operator, &data, s));
    for (domain, interval) in domains {
        let within = |y| Problem::new(&operator, y, K).unwrap().with_domain(domain).unwrap();
        let sides: Vec<Problem<'_, f64>> = data.chunks(m).map(within).collect();
        let joint = Problem::joint(&operator, &data, 2, K).unwrap().with_domain(domain).unwrap();
        let bounded = Traits { bounded: true, ..Traits::default() };
        let blocks = Traits { blocks: true, ..bounded };
        let mut pose = |name, problem: Problem<'_, f64>, traits, least, residual: &dyn Fn(&Solution<f64>) -> f64| {
            visit(Posed { name, problem: &problem, traits, least, residual, interval });
        };
        let first = &sides[0];
        pose("bounds", first.clone(), bounded, least(&sides[..1], &singles), &one);
        let of_groups = first.clone().with_groups(groups.clone()).unwrap();
        pose("bounds of groups", of_groups, blocks, least(&sides[..1], &grouped), &one);
        pose("bounds of joint", joint.clone(), blocks, least(&sides, &singles), &both);
        let of_groups = joint.with_groups(groups.clone()).unwrap();
        pose("bounds of groups of joint", of_groups, blocks, least(&sides, &grouped), &both);
    }
    // Storage of single precision.
    let stored: Vec<f32> = (0..n).flat_map(|j| (0..m).map(move |i| (i, j))).map(|(i, j)| a[(i, j)] as f32).collect();
    let narrow = NarrowOperator::<f32>::new(faer::MatRef::from_column_major_slice(&stored, m, n));
    let problem = Problem::<f64>::new(&narrow, &data[..m], K).unwrap();
    let best = least(std::slice::from_ref(&problem), &singles);
    let found = |s: &Solution<f64>| residual(&narrow, &data[..m], s);
    let (traits, interval) = (Traits::default(), (f64::NEG_INFINITY, f64::INFINITY));
    visit(Posed { name: "narrow", problem: &problem, traits, least: best, residual: &found, interval });
}

/// Runs all algorithms on a form; those that work.
fn run_all<T: Scalar>(posed: &Posed<'_, '_, T>) -> Vec<&'static str> {
    let (traits, size) = (posed.traits, norm(posed.problem.data()));
    let mut works = vec![];
    for entry in registry::<T>() {
        let what = format!("{} on {}", entry.name, posed.name);
        let needs = entry.needs;
        let refused = (needs.real && traits.complex)
            || (needs.columns && traits.blocks)
            || (needs.steps && !traits.steps)
            || (needs.rows && traits.hides_rows)
            || (needs.quadratic && !needs.intervals && traits.bounded);
        let chain = Chain::parse(entry.name, &Map::new()).unwrap();
        let solution = match Run::with_chain(posed.problem, chain).solve() {
            Err(error) => {
                assert!(refused, "{what}: {error}");
                let line = error.to_string();
                let known = matches!(
                    error,
                    Error::RealOnly { .. }
                        | Error::ColumnsOnly { .. }
                        | Error::OtherOperator { .. }
                        | Error::HiddenRows { .. }
                        | Error::NotQuadratic { .. }
                );
                assert!(known && line.contains(entry.name) && !line.contains(". "), "{what}: {line}");
                continue;
            }
            Ok(solution) => solution,
        };
        assert!(!refused, "{what} should have been refused");
        assert!((solution.residual_norm - (posed.residual)(&solution)).abs() <= 1e-9 * size, "{what}");
        assert!(solution.residual_norm >= posed.least - 1e-9 * size, "{what}");
        assert!(solution.residual_norm <= size * (1.0 + 1e-12), "{what}");
        assert!(solution.groups.as_ref().map_or(solution.support.len(), Vec::len) <= K, "{what}");
        let (lower, upper) = posed.interval;
        let inside = |x: &T| T::IS_COMPLEX || (x.real() >= lower && x.real() <= upper);
        assert!(solution.coefficients.iter().all(inside), "{what}: {:?}", solution.coefficients);
        if entry.name == "search" {
            assert!(solution.residual_norm <= posed.least + 1e-8 * size, "{what}: {}", posed.least);
        }
        works.push(entry.name);
    }
    works
}

#[test]
fn every_algorithm_works_on_every_form_or_refuses_it() {
    let mut forms = std::collections::BTreeSet::new();
    for seed in 0..4 {
        let mut visit = |posed: Posed<'_, '_, f64>| {
            let works = run_all(&posed);
            // Those at the heart are refused by no form.
            for name in ["search", "sea", "omp", "ols", "els", "htp", "iht", "cosamp", "splicing", "foba", "ompr"] {
                assert!(works.contains(&name), "{name} on {}", posed.name);
            }
            forms.insert(posed.name);
        };
        each_form(seed, &mut visit);
        each_real_form(seed, &mut visit);
        each_form(seed, &mut |posed: Posed<'_, '_, C>| {
            run_all(&posed);
        });
    }
    assert_eq!(forms.len(), 13);
}
