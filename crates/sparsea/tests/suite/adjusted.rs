//! Fixed and excluded columns, intercept, weights, gaps and ridge against dense matrices reduced entry by entry, and against all
//! supports tried with the fixed columns beside.

use std::sync::Arc;

use faer::Mat;
use rand::RngExt;
use sparsea::exhaustive::best_support;
use sparsea::generate::{normal_vector, random_support, stream};
use sparsea::operator::pulse;
use sparsea::{
    Adjusted, Adjustment, Boundary, Convolution, DenseOperator, Error, Halt, LinearMap, PartialDct, Partition, Problem,
    Run, Scalar, Solution, SparseOperator, Start, Structure, algorithms::default_for, improve, solve,
};

use crate::common::{
    C, Kind, all_supports, assert_close, compressed, dense_form, difference, entries, every_form, functions, matrix,
    norm, observed, product, run, scalar, svd_fit,
};
use crate::operators::check_map;

/// A model to be adjusted, drawn at random: its parts, each of which may be missing.
#[derive(Debug, Clone)]
pub struct Model<T> {
    pub weights: Option<Vec<f64>>,
    pub intercept: bool,
    pub fixed: Vec<usize>,
    pub excluded: Vec<usize>,
    pub baselines: Vec<Vec<T>>,
    pub ridge: f64,
}

impl<T: Scalar> Model<T> {
    pub fn random(m: usize, n: usize, seed: u64) -> Self {
        let mut rng = stream(seed, 61, 0);
        let mut weights: Vec<f64> =
            (0..m).map(|_| if rng.random_bool(0.2) { 0.0 } else { rng.random_range(0.1..4.0) }).collect();
        weights[m / 2] = 1.0;
        let marked = random_support(&mut rng, n, 4);
        let mut model = Self {
            weights: rng.random_bool(0.6).then_some(weights),
            intercept: rng.random_bool(0.5),
            fixed: if rng.random_bool(0.5) { marked[..2].to_vec() } else { vec![] },
            excluded: if rng.random_bool(0.5) { marked[2..].to_vec() } else { vec![] },
            baselines: if rng.random_bool(0.3) { vec![normal_vector(&mut rng, m)] } else { vec![] },
            ridge: if rng.random_bool(0.4) { rng.random_range(0.1..5.0) } else { 0.0 },
        };
        if rng.random_bool(0.2) {
            // Only what leaves the structure as it is.
            (model.intercept, model.fixed, model.baselines) = (false, vec![], vec![]);
        }
        model
    }

    fn adjustment(&self) -> Adjustment<T> {
        let mut adjustment = Adjustment::default()
            .intercept(self.intercept)
            .fixed(self.fixed.clone())
            .excluded(self.excluded.clone())
            .baselines(self.baselines.clone())
            .ridge(self.ridge);
        if let Some(weights) = &self.weights {
            adjustment = adjustment.weights(weights.clone());
        }
        adjustment
    }

    fn roots(&self, m: usize) -> Vec<f64> {
        self.weights.as_ref().map_or(vec![1.0; m], |weights| weights.iter().map(|w| w.sqrt()).collect())
    }

    /// √W F.
    fn fixed(&self, a: &Mat<T>) -> Vec<Vec<T>> {
        let m = a.nrows();
        let ones = self.intercept.then(|| vec![T::ONE; m]);
        let columns = self.fixed.iter().map(|&j| (0..m).map(|i| a[(i, j)]).collect());
        let all = ones.into_iter().chain(columns).chain(self.baselines.iter().cloned());
        let roots = self.roots(m);
        all.map(|column| column.iter().zip(&roots).map(|(v, &root)| v.scale(root)).collect()).collect()
    }

    /// What is left of a vector beside the fixed columns, by singular values.
    fn off(&self, a: &Mat<T>, v: &[T]) -> Vec<T> {
        let roots = self.roots(a.nrows());
        let mut v: Vec<T> = v.iter().zip(&roots).map(|(v, &root)| v.scale(root)).collect();
        let fixed = self.fixed(a);
        if fixed.is_empty() {
            return v;
        }
        let f = Mat::from_fn(a.nrows(), fixed.len(), |i, c| fixed[c][i]);
        let all: Vec<usize> = (0..fixed.len()).collect();
        for _ in 0..2 {
            let c = svd_fit(&f, &v, &all).0;
            v = difference(&v, &product(&f, &all, &c));
        }
        v
    }

    /// P √W A, with zeros for the columns that are not to be chosen.
    fn reduced(&self, a: &Mat<T>) -> Mat<T> {
        let mut b = Mat::zeros(a.nrows(), a.ncols());
        for j in (0..a.ncols()).filter(|j| !self.fixed.contains(j) && !self.excluded.contains(j)) {
            let column: Vec<T> = (0..a.nrows()).map(|i| a[(i, j)]).collect();
            self.off(a, &column).into_iter().enumerate().for_each(|(i, v)| b[(i, j)] = v);
        }
        b
    }

    /// The least ½ Σ w|r|² + ½ λ‖x‖² on a support, with its x, c and residual: rows for the ridge, columns for what is fixed.
    fn best_on(&self, a: &Mat<T>, y: &[T], support: &[usize]) -> (f64, Vec<T>, Vec<T>, f64) {
        let (m, s, fixed) = (a.nrows(), support.len(), self.fixed(a));
        let roots = self.roots(m);
        let entry = |i: usize, c: usize| match (i < m, c < s) {
            (true, true) => a[(i, support[c])].scale(roots[i]),
            (true, false) => fixed[c - s][i],
            (false, _) => {
                if i - m == c {
                    scalar(self.ridge.sqrt(), 0.0)
                } else {
                    T::ZERO
                }
            }
        };
        let whole = Mat::from_fn(m + s, s + fixed.len(), entry);
        let mut data: Vec<T> = y.iter().zip(&roots).map(|(v, &root)| v.scale(root)).collect();
        data.extend(vec![T::ZERO; s]);
        let all: Vec<usize> = (0..s + fixed.len()).collect();
        let (mut x, root, _) = svd_fit(&whole, &data, &all);
        let rest = difference(&data, &product(&whole, &all, &x));
        let c = x.split_off(s);
        (0.5 * root * root, x, c, norm(&rest[..m]))
    }
}

fn columns_allowed(n: usize, model: &Model<impl Scalar>) -> Vec<usize> {
    (0..n).filter(|j| !model.fixed.contains(j) && !model.excluded.contains(j)).collect()
}

/// Checks every method of the adjusted map of one form.
pub fn is_the_reduced_matrix<T: Scalar>(form: &str, map: &dyn LinearMap<T>, a: &Mat<T>, model: &Model<T>) {
    let what = format!("{form}, {model:?}");
    let adjusted = Adjusted::new(map, &model.adjustment()).unwrap();
    let expected = model.reduced(a);
    if model.ridge == 0.0 {
        return check_map(&adjusted, &expected, &what);
    }
    // The rows of a ridge may lie anywhere: of the matrix that is meant the Gram matrix is known.
    let whole = dense_form(&*adjusted);
    check_map(&adjusted, &whole, &what);
    for j in 0..a.ncols() {
        let mut gram =
            crate::common::adjoint_product(&expected, &(0..a.nrows()).map(|i| expected[(i, j)]).collect::<Vec<_>>());
        if expected.col(j).norm_l2() > 0.0 {
            gram[j] += scalar::<T>(model.ridge, 0.0);
        }
        let found =
            crate::common::adjoint_product(&whole, &(0..whole.nrows()).map(|i| whole[(i, j)]).collect::<Vec<_>>());
        assert_close(&found, &gram, 1e-11, &what);
    }
}

fn maps_are_reduced<T: Scalar>() {
    for seed in 0..25 {
        let (m, n) = (14 + seed as usize % 9, 9 + seed as usize % 7);
        let a = matrix::<T>(Kind::Gaussian, m, n, seed);
        let model = Model::random(m, n, seed);
        every_form(&a, |form, map| is_the_reduced_matrix(form, map, &a, &model));
        let few = Mat::from_fn(m, n, |i, j| if (3 * i + j) % 4 == 0 { a[(i, j)] } else { T::ZERO });
        let sparse = compressed(&few);
        is_the_reduced_matrix("few entries", &SparseOperator::new(sparse.as_ref()), &few, &model);
    }
}

#[test]
fn maps_are_weighted_and_projected_matrices() {
    maps_are_reduced::<f64>();
    maps_are_reduced::<C>();
}

fn local_maps_are_reduced<T: Scalar>() {
    let kernel: Vec<T> = normal_vector(&mut stream(1, 62, 0), 5);
    for seed in 0..5 {
        for boundary in [Boundary::Full, Boundary::Same, Boundary::Valid, Boundary::Circular] {
            let blur = Convolution::new(&kernel, 40, boundary).unwrap();
            let a = dense_form(&blur);
            let model = Model::random(a.nrows(), 40, seed);
            let weights = model.weights.clone().unwrap_or_else(|| vec![1.0; a.nrows()]);
            is_the_reduced_matrix("convolution", &blur, &a, &model);
            // A gap, which some columns lie in wholly.
            let gap = weights.iter().enumerate().map(|(i, &w)| if (11..24).contains(&i) { 0.0 } else { w }).collect();
            let gap = Model { weights: Some(gap), ..model };
            is_the_reduced_matrix("convolution with a gap", &blur, &a, &gap);
        }
    }
    // Banded matrices.
    let blur = Convolution::new(&kernel, 300, Boundary::Same).unwrap();
    let a = dense_form(&blur);
    for seed in 0..3 {
        let model = Model { intercept: false, fixed: vec![], baselines: vec![], ..Model::random(300, 300, seed) };
        let sparse = compressed(&a);
        let (dense, sparse) = (DenseOperator::new(a.as_ref()), SparseOperator::new(sparse.as_ref()));
        for (form, map) in [("dense band", &dense as &dyn LinearMap<T>), ("sparse band", &sparse)] {
            let adjusted = Adjusted::new(map, &model.adjustment()).unwrap();
            assert!(matches!(adjusted.structure(), Structure::Local(_)), "{form}");
            is_the_reduced_matrix(form, map, &a, &model);
        }
    }
}

#[test]
fn local_maps_stay_local() {
    local_maps_are_reduced::<f64>();
    local_maps_are_reduced::<C>();
}

#[test]
fn structure_is_kept_without_fixed_columns() {
    let blur = Convolution::new(&[1.0, 2.0, 1.0], 500, Boundary::Same).unwrap();
    let mut weights = vec![1.0; 500];
    weights[90..120].fill(0.0);
    let gaps = Adjustment::default().weights(weights);
    let adjusted = Adjusted::new(&blur, &gaps).unwrap();
    let Structure::Local(local) = adjusted.structure() else { panic!("local") };
    // Rows 120 … 499 have one weight.
    assert_eq!(local.alike(), 121..499);
    assert!((0..500).all(|j| local.is_alike(j) == ((1..89).contains(&j) || (121..499).contains(&j))));
    let adjusted = Adjusted::new(&blur, &gaps.clone().ridge(0.1)).unwrap();
    assert!(matches!(adjusted.structure(), Structure::Local(_)));
    let adjusted = Adjusted::new(&blur, &gaps.intercept(true)).unwrap();
    let Structure::Projected(projected) = adjusted.structure() else { panic!("projected") };
    assert!(matches!(projected.inner().structure(), Structure::Local(_)));
    // Columns that are known by their products only stay so.
    let a = matrix::<f64>(Kind::Gaussian, 6, 5, 0);
    let adjusted = Adjusted::new(functions(&a), &Adjustment::default().intercept(true).ridge(1.0)).unwrap();
    assert!(adjusted.columns().is_none());
}

/// The best support of all, with the fixed columns beside.
fn brute_force<T: Scalar>(a: &Mat<T>, y: &[T], k: usize, model: &Model<T>) -> (f64, Vec<usize>) {
    let allowed = columns_allowed(a.ncols(), model);
    let supports = all_supports(allowed.len(), k).into_iter();
    let named = supports.map(|support| support.iter().map(|&at| allowed[at]).collect::<Vec<usize>>());
    let each = named.map(|support| (model.best_on(a, y, &support).0, support));
    each.min_by(|(one, _), (other, _)| one.total_cmp(other)).unwrap()
}

/// Groups, joint supports and both, with everything that a model may have besides.
fn blocks_are_best_of_all<T: Scalar>() {
    for seed in 0..12 {
        let (m, n, k) = (18, 9, 2);
        let a = matrix::<T>(Kind::Coherent, m, n, 200 + seed);
        let model = Model::random(m, n, 300 + seed);
        for (sides, labels) in
            [(3, None), (1, Some([0, 1, 2, 0, 1, 3, 3, 2, 4])), (2, Some([0, 1, 2, 0, 1, 3, 3, 2, 4]))]
        {
            let mut ys: Vec<Vec<T>> = (0..sides as u64).map(|b| observed(&a, 3, 10 * seed + b)).collect();
            ys.iter_mut().flatten().for_each(|v| *v += scalar::<T>(5.0, 1.0));
            let partition = Arc::new(Partition::new(&labels.unwrap_or([0, 1, 2, 3, 4, 5, 6, 7, 8])).unwrap());
            let allowed = columns_allowed(n, &model);
            let columns = |atoms: &[usize]| -> Vec<usize> {
                let of = |&group: &usize| partition.columns(group).iter().copied();
                let mut columns: Vec<usize> = atoms.iter().flat_map(of).filter(|j| allowed.contains(j)).collect();
                columns.sort_unstable();
                columns
            };
            let value = |support: &[usize]| ys.iter().map(|y| model.best_on(&a, y, support).0).sum::<f64>();
            let supports = all_supports(partition.len(), k);
            let each = supports.iter().map(|atoms| columns(atoms)).map(|support| (value(&support), support));
            let (best, support) = each.min_by(|one, other| one.0.total_cmp(&other.0)).unwrap();
            every_form(&a, |form, map| {
                let what = format!("{form}, {sides} sides, {labels:?}, {model:?}");
                let adjusted = Adjusted::new(map, &model.adjustment()).unwrap();
                let data = adjusted.reduce_joint(&ys.concat(), sides).unwrap();
                let mut problem = adjusted.joint(&data, sides, k).unwrap();
                if labels.is_some() {
                    problem = problem.with_groups(partition.clone()).unwrap();
                }
                let solution = adjusted.complete(&ys.concat(), improve(&problem, Start::Zero).unwrap()).unwrap();
                assert!((solution.objective - best).abs() <= 1e-10 * (best + norm(&ys[0])), "{what}");
                assert_eq!(solution.support, support, "{what}");
                for (b, y) in ys.iter().enumerate() {
                    let (_, x, c, _) = model.best_on(&a, y, &support);
                    let of = |rows: &[T]| rows.iter().copied().skip(b).step_by(sides).collect::<Vec<T>>();
                    assert_close(&of(&solution.coefficients), &x, 1e-9, &what);
                    let Some(part) = &solution.fixed else { return assert!(c.is_empty()) };
                    let parts = [&part.intercept, &part.fixed_coefficients, &part.baseline_coefficients];
                    assert_close(&parts.map(|rows| of(rows)).concat(), &c, 1e-9, &what);
                    let dense = &solution.to_dense()[b * n..(b + 1) * n];
                    assert!(support.iter().zip(&x).all(|(&j, &x)| Scalar::abs(dense[j] - x) <= 1e-9), "{what}");
                }
            });
        }
    }
}

#[test]
fn groups_and_joint_supports_of_models_are_best_of_all() {
    blocks_are_best_of_all::<f64>();
    blocks_are_best_of_all::<C>();
}

fn solutions_are_best_of_all<T: Scalar>() {
    for seed in 0..12 {
        let (m, n, k) = (16, 10, 2);
        let a = matrix::<T>(Kind::Coherent, m, n, seed);
        let model = Model::random(m, n, 100 + seed);
        let mut y = observed(&a, 3, seed);
        y.iter_mut().for_each(|v| *v += scalar::<T>(7.0, -2.0));
        let (best, support) = brute_force(&a, &y, k, &model);
        let (objective, x, c, residual) = model.best_on(&a, &y, &support);
        assert_eq!(objective, best);
        let null = model.best_on(&a, &y, &[]).3;
        if let Some(weights) = &model.weights {
            // What is said of missing rows does not matter.
            y.iter_mut().zip(weights).filter(|(_, w)| **w == 0.0).for_each(|(y, _)| *y = scalar(f64::NAN, 0.0));
        }
        every_form(&a, |form, map| {
            let what = format!("{form}, {model:?}");
            let adjusted = Adjusted::new(map, &model.adjustment()).unwrap();
            let data = adjusted.reduce(&y).unwrap();
            let problem = adjusted.problem(&data, k).unwrap();
            assert_eq!(best_support(&problem, 1e9).unwrap(), support, "{what}");
            let solution = adjusted.complete(&y, improve(&problem, Start::Zero).unwrap()).unwrap();
            assert_eq!(solution.support, support, "{what}");
            assert_close(&solution.coefficients, &x, 1e-10, &what);
            let size = norm(&a.col(0).iter().copied().collect::<Vec<_>>());
            assert!((solution.objective - best).abs() <= 1e-10 * (best + size), "{what}");
            assert!((solution.residual_norm - residual).abs() <= 1e-10 * null, "{what}");
            assert!((solution.relative_residual - residual / null).abs() <= 1e-10, "{what}");
            let Some(part) = &solution.fixed else { return assert!(c.is_empty()) };
            let found = [&part.intercept[..], &part.fixed_coefficients, &part.baseline_coefficients].concat();
            assert_close(&found, &c, 1e-10, &what);
            assert_eq!(part.fixed, model.fixed);
            let dense = solution.to_dense();
            assert!(part.fixed.iter().zip(&part.fixed_coefficients).all(|(&j, &v)| dense[j] == v));
        });
    }
}

#[test]
fn solutions_are_the_best_of_all_supports() {
    solutions_are_best_of_all::<f64>();
    solutions_are_best_of_all::<C>();
}

fn every_algorithm_sees_the_reduced_problem<T: Scalar>() {
    for seed in 0..4 {
        let (m, n, k) = (40, 24, 3);
        let a = matrix::<T>(Kind::Gaussian, m, n, seed);
        let model = Model { ridge: 0.0, ..Model::random(m, n, 200 + seed) };
        let mut y = observed(&a, k, seed);
        y.iter_mut().for_each(|v| *v += scalar::<T>(3.0, 1.0));
        let reduced = model.reduced(&a);
        let off = model.off(&a, &y);
        let plain = DenseOperator::new(reduced.as_ref());
        let expected = Problem::new(&plain, &off, k).unwrap();
        let dense = DenseOperator::new(a.as_ref());
        let adjusted = Adjusted::new(&dense, &model.adjustment()).unwrap();
        let data = adjusted.reduce(&y).unwrap();
        let problem = adjusted.problem(&data, k).unwrap();
        for entry in entries::<T>() {
            let one = run(&expected, entry.name, Start::Zero, None);
            let other = run(&problem, entry.name, Start::Zero, None);
            assert_eq!(one.support, other.support, "{}, {model:?}", entry.name);
            assert_close(&other.coefficients, &one.coefficients, 1e-9, entry.name);
            assert!(other.support.iter().all(|j| !model.fixed.contains(j) && !model.excluded.contains(j)));
        }
    }
}

#[test]
fn every_algorithm_is_adjusted() {
    every_algorithm_sees_the_reduced_problem::<f64>();
    every_algorithm_sees_the_reduced_problem::<C>();
}

#[test]
fn three_features_below_an_offset_are_found() {
    for seed in 0..20 {
        let a = matrix::<f64>(Kind::Gaussian, 100, 60, seed);
        let support = random_support(&mut stream(seed, 63, 0), 60, 3);
        let mut y = product(&a, &support, &[1.0, -0.5, 0.25]);
        y.iter_mut().for_each(|v| *v += 50_000.0);
        every_form(&a, |form, map| {
            let adjusted = Adjusted::new(map, &Adjustment::default().intercept(true)).unwrap();
            let data = adjusted.reduce(&y).unwrap();
            let problem = adjusted.problem(&data, 3).unwrap();
            let solution = adjusted.complete(&y, improve(&problem, Start::Zero).unwrap()).unwrap();
            assert_eq!(solution.support, support, "{form}");
            assert_close(&solution.coefficients, &[1.0, -0.5, 0.25], 1e-10, form);
            let intercept = solution.fixed.unwrap().intercept[0];
            assert!((intercept - 50_000.0).abs() < 1e-9, "{form}: {intercept}");
        });
    }
}

#[test]
fn columns_in_the_span_of_fixed_ones_are_zero() {
    let mut a = matrix::<f64>(Kind::Gaussian, 30, 8, 3);
    for i in 0..30 {
        // A constant, a shifted copy of a fixed column, and one that differs from a constant by a little.
        a[(i, 2)] = 0.1 + 0.2;
        a[(i, 5)] = 1e4 * a[(i, 4)] - 1e8;
        a[(i, 6)] = 1e6 + a[(i, 7)];
    }
    let y = product(&a, &[0, 6], &[1.0, 2.0]);
    every_form(&a, |form, map| {
        let adjusted = Adjusted::new(map, &Adjustment::default().intercept(true).fixed(vec![4])).unwrap();
        let norms = sparsea::Access::new(&*adjusted).column_norms();
        assert_eq!([norms[2], norms[4], norms[5]], [0.0; 3], "{form}");
        let data = adjusted.reduce(&y).unwrap();
        let solution = improve(&adjusted.problem(&data, 2).unwrap(), Start::Zero).unwrap();
        // Columns 6 and 7 are the same beside a constant, to the rounding of the larger.
        assert!(solution.support == [0, 6] || solution.support == [0, 7], "{form}: {:?}", solution.support);
        assert!(solution.relative_residual < 1e-8, "{form}");
    });
    // Many, so that norms are estimated where they can be.
    let many = Mat::from_fn(30, 2100, |i, j| if j == 77 { 3.0 } else { a[(i, j % 2)] + (i * j % 7) as f64 });
    let adjusted = Adjusted::new(functions(&many), &Adjustment::default().intercept(true)).unwrap();
    assert_eq!(sparsea::Access::new(&*adjusted).column_norms()[77], 0.0);
}

#[test]
fn data_in_the_span_of_fixed_columns_leave_nothing_to_choose() {
    let a = matrix::<f64>(Kind::Gaussian, 20, 6, 5);
    let y: Vec<f64> = (0..20).map(|i| 12.3 + 0.7 * a[(i, 1)]).collect();
    let dense = DenseOperator::new(a.as_ref());
    let adjusted = Adjusted::new(&dense, &Adjustment::default().intercept(true).fixed(vec![1])).unwrap();
    let data = adjusted.reduce(&y).unwrap();
    let problem = adjusted.problem(&data, 2).unwrap();
    for entry in entries::<f64>() {
        let solution = adjusted.complete(&y, run(&problem, entry.name, Start::Zero, None)).unwrap();
        assert!(solution.support.is_empty() && solution.relative_residual == 0.0, "{}", entry.name);
        let part = solution.fixed.unwrap();
        assert_close(&[part.intercept[0], part.fixed_coefficients[0]], &[12.3, 0.7], 1e-12, entry.name);
    }
}

#[test]
fn dependent_fixed_columns_have_coefficient_zero() {
    let mut a = matrix::<f64>(Kind::Gaussian, 20, 6, 6);
    (0..20).for_each(|i| a[(i, 3)] = 2.0 - a[(i, 1)]);
    let y = observed(&a, 2, 1);
    let dense = DenseOperator::new(a.as_ref());
    let adjusted = Adjusted::new(&dense, &Adjustment::default().intercept(true).fixed(vec![3, 1])).unwrap();
    let data = adjusted.reduce(&y).unwrap();
    let solution = adjusted.complete(&y, improve(&adjusted.problem(&data, 1).unwrap(), Start::Zero).unwrap()).unwrap();
    let part = solution.fixed.unwrap();
    assert_eq!((part.fixed, part.fixed_coefficients[1]), (vec![1, 3], 0.0));
}

/// A long trace with gaps: that of rows deleted, window by window.
#[test]
fn traces_with_gaps_are_searched_in_windows() {
    for (boundary, ridge) in
        [(Boundary::Same, 0.0), (Boundary::Full, 0.0), (Boundary::Circular, 0.0), (Boundary::Same, 1e-6)]
    {
        let (n, k) = (3000, 60);
        let blur = Convolution::new(&pulse::gaussian(3.0).unwrap(), n, boundary).unwrap();
        let m = LinearMap::<f64>::shape(&blur).0;
        let mut rng = stream(9, 64, 0);
        let mut weights = vec![1.0; m];
        for _ in 0..12 {
            let from = rng.random_range(0..m - 150);
            weights[from..from + rng.random_range(1..140)].fill(0.0);
        }
        // The middle column lies in a gap.
        weights[m / 2 - 60..m / 2 + 60].fill(0.0);
        let hidden = |j: usize| (0..m).all(|i| i.abs_diff(j + (m - n) / 2) > 9 || weights[i] == 0.0);
        let support: Vec<usize> = random_support(&mut rng, n, 90).into_iter().filter(|&j| !hidden(j)).take(k).collect();
        let values: Vec<f64> = support.iter().map(|_| rng.random_range(1.0..2.0)).collect();
        let mut y = vec![0.0; m];
        sparsea::Access::new(&blur).apply_sparse(&support, &values, &mut y);
        y.iter_mut().zip(&weights).filter(|(_, w)| **w == 0.0).for_each(|(y, _)| *y = f64::NAN);
        let adjusted = Adjusted::new(&blur, &Adjustment::default().weights(weights.clone()).ridge(ridge)).unwrap();
        assert_eq!(default_for(&*adjusted, support.len()), "search");
        let data = adjusted.reduce(&y).unwrap();
        let problem = adjusted.problem(&data, support.len()).unwrap();
        let solution = adjusted.complete(&y, improve(&problem, Start::Zero).unwrap()).unwrap();
        let missed = support.iter().filter(|j| !solution.support.contains(j)).count();
        // Spikes at the edge of a gap are hardly seen.
        assert!(
            missed <= 3 && solution.relative_residual < 1e-2,
            "{boundary:?}: {missed} {}",
            solution.relative_residual
        );
        let truth = Run::new(&problem, sparsea::Omp::default())
            .start(Start::Support(support.clone()))
            .halt(Halt::Iterations(0))
            .solve()
            .unwrap();
        assert!(solution.objective <= truth.objective + 1e-3 * norm(&data).powi(2), "{boundary:?}");
    }
}

#[test]
fn general_weights_are_searched_in_windows() {
    let (n, k) = (2000, 40);
    let blur = Convolution::new(&pulse::gaussian(2.0).unwrap(), n, Boundary::Same).unwrap();
    let mut rng = stream(10, 64, 0);
    let weights: Vec<f64> = (0..n).map(|i| 1.0 + 0.9 * (i as f64 / 150.0).sin()).collect();
    let support = random_support(&mut rng, n, k);
    let values: Vec<f64> = support.iter().map(|_| rng.random_range(1.0..2.0)).collect();
    let mut y = vec![0.0; n];
    sparsea::Access::new(&blur).apply_sparse(&support, &values, &mut y);
    let adjusted = Adjusted::new(&blur, &Adjustment::default().weights(weights)).unwrap();
    assert_eq!(default_for(&*adjusted, k), "search");
    let data = adjusted.reduce(&y).unwrap();
    let solution = solve(&adjusted.problem(&data, k).unwrap(), sparsea::Search::default()).unwrap();
    assert_eq!(solution.support, support);
}

#[test]
fn transforms_are_adjusted() {
    let kept: Vec<usize> = (0..128).filter(|i| i % 3 != 1).collect();
    let dct = PartialDct::new(128, &kept).unwrap();
    let a = dense_form::<f64>(&dct);
    let m = a.nrows();
    let model = Model {
        weights: Some((0..m).map(|i| (i % 4) as f64).collect()),
        intercept: true,
        fixed: vec![7],
        excluded: vec![100],
        baselines: vec![],
        ridge: 0.0,
    };
    is_the_reduced_matrix("transform", &dct, &a, &model);
}

#[test]
fn starts_are_in_terms_of_a() {
    let a = matrix::<f64>(Kind::Gaussian, 30, 10, 8);
    let y = observed(&a, 4, 8);
    let dense = DenseOperator::new(a.as_ref());
    let adjusted = Adjusted::new(&dense, &Adjustment::default().fixed(vec![2]).excluded(vec![5])).unwrap();
    let data = adjusted.reduce(&y).unwrap();
    let problem = adjusted.problem(&data, 2).unwrap();
    let from = |start: Start<f64>| -> Result<Solution<f64>, Error> { improve(&problem, adjusted.start(start)?) };
    let mut x = vec![0.0; 10];
    x[2] = 9.0;
    x[1] = 1.0;
    let expected = from(Start::Zero).unwrap();
    for start in [Start::Support(vec![1, 2]), Start::Support(vec![2]), Start::Vector(x.clone()), Start::Random(3)] {
        assert_eq!(from(start).unwrap().support, expected.support);
    }
    x[5] = 0.5;
    for start in [Start::Support(vec![5]), Start::Vector(x)] {
        assert_eq!(from(start).unwrap_err(), Error::ExcludedStart { index: 5 });
    }
    assert_eq!(from(Start::Support(vec![10])).unwrap_err(), Error::SupportIndex { index: 10, columns: 10 });
    assert_eq!(from(Start::Vector(vec![0.0; 3])).unwrap_err(), Error::StartLength { entries: 3, columns: 10 });
}

#[test]
fn bad_input_is_refused() {
    let a = matrix::<f64>(Kind::Gaussian, 6, 4, 8);
    let dense = DenseOperator::new(a.as_ref());
    let none = Adjustment::<f64>::default;
    let said = |adjustment: Adjustment<f64>| Adjusted::new(&dense, &adjustment).unwrap_err().to_string();
    let some = |value: f64| none().weights(vec![1.0, 1.0, value, 1.0, 1.0, 1.0]);
    assert_eq!(said(none().weights(vec![1.0; 5])), "there are 5 weights, but A has 6 rows");
    assert_eq!(said(some(-2.0)), "a weight must be at least 0, got -2");
    assert_eq!(said(some(f64::NAN)), "the vector of weights contains NaN at index 2 (counted from 0)");
    assert_eq!(said(some(f64::INFINITY)), "the vector of weights contains inf at index 2 (counted from 0)");
    assert_eq!(said(none().weights(vec![0.0; 6])), "the sum of the weights must be above 0 and finite, got 0");
    assert_eq!(said(none().fixed(vec![4])), "column 4 is fixed, but A has 4 columns (indices count from 0)");
    assert_eq!(said(none().fixed(vec![1, 3, 1])), "column 1 is fixed twice");
    assert_eq!(said(none().excluded(vec![2, 2])), "column 2 is excluded twice");
    assert_eq!(said(none().fixed(vec![2]).excluded(vec![1, 2])), "column 2 is both fixed and excluded");
    assert_eq!(said(none().ridge(-1.0)), "the ridge must be at least 0 and finite, got -1");
    assert_eq!(said(none().ridge(f64::NAN)), "the ridge must be at least 0 and finite, got NaN");
    assert_eq!(said(none().baselines(vec![vec![1.0; 5]])), "a baseline has 5 entries, but A has 6 rows");
    let left = |adjustment: Adjustment<f64>, k| {
        Adjusted::new(&dense, &adjustment).unwrap().check_sparsity(k).map_err(|e| e.to_string())
    };
    assert_eq!(left(none().excluded(vec![0, 1]), 2), Ok(()));
    assert_eq!(
        left(none().fixed(vec![3]).excluded(vec![0]), 3).unwrap_err(),
        "k must be between 0 and 2, as there are 2 columns neither fixed nor excluded; got 3"
    );
    let two = |rest: f64| none().weights(vec![0.0, 1.0, rest, 0.0, rest, 0.0]);
    assert_eq!(
        left(two(1.0).intercept(true), 3).unwrap_err(),
        "k must be between 0 and 2, as there are 3 rows of weight above 0, less 1 for fixed columns; got 3"
    );
    assert_eq!(left(two(1.0).intercept(true).ridge(1e-3), 3), Ok(()));
    assert_eq!(
        left(two(0.0).intercept(true), 1).unwrap_err(),
        "k must be 0, as there are 1 rows of weight above 0, less 1 for fixed columns; got 1"
    );
    let adjusted = Adjusted::new(&dense, &two(1.0)).unwrap();
    let nan = [f64::NAN, 1.0, f64::NAN, f64::NAN, 0.0, 0.0];
    assert_eq!(adjusted.reduce(&nan).unwrap_err().to_string(), "y contains NaN at index 2 (counted from 0)");
    assert_eq!(adjusted.reduce(&nan[1..]).unwrap_err(), Error::DataLength { entries: 5, rows: 6 });
    // An entry of A that is no number is found in every form that has entries.
    let mut broken = a.clone();
    broken[(3, 1)] = f64::NAN;
    let few = compressed(&broken);
    let (dense, sparse) = (DenseOperator::new(broken.as_ref()), SparseOperator::new(few.as_ref()));
    for map in [&dense as &dyn LinearMap<f64>, &sparse] {
        for adjustment in [none().intercept(true), none().fixed(vec![1]), none().weights(vec![2.0; 6])] {
            let refusal = Adjusted::new(map, &adjustment).unwrap_err().to_string();
            assert_eq!(refusal, "A contains NaN at row 3, column 1 (counted from 0)");
        }
    }
}
