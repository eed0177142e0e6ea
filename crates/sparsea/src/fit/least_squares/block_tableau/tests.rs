//! The tableau of groups against least squares from nothing.

use super::*;
use crate::generate::{gaussian_matrix, normal_vector, stream};
use crate::problem::Partition;
use faer::Mat;
use num_complex::Complex;
use rand::RngExt;

struct Bench<T> {
    a: Mat<T>,
    gram: Mat<T>,
    data: Vec<Vec<T>>,
    partition: Arc<Partition>,
}

impl<T: Scalar> Bench<T> {
    fn new(labels: &[usize], sides: usize, seed: u64) -> Self {
        let mut rng = stream(seed, 0, 0);
        let a: Mat<T> = gaussian_matrix(&mut rng, 14, labels.len());
        let data = (0..sides).map(|_| normal_vector(&mut rng, 14)).collect();
        Self { gram: a.adjoint() * &a, a, data, partition: Arc::new(Partition::new(labels).unwrap()) }
    }

    fn empty(&self, capacity: usize) -> BlockTableau<T> {
        let n = self.a.ncols();
        let norms: Vec<f64> = (0..n).map(|j| self.gram[(j, j)].real().sqrt()).collect();
        let gram = |rows: &[usize], j: usize, out: &mut [T]| {
            rows.iter().zip(out).for_each(|(&i, out)| *out = self.gram[(i, j)]);
        };
        let groups = Arc::new(Groups::new(self.partition.clone(), &norms, self.data.len(), gram));
        let correlation: Vec<T> = self.data.iter().flat_map(|y| self.correlate(y)).collect();
        BlockTableau::new(groups, &correlation, capacity)
    }

    fn correlate(&self, r: &[T]) -> Vec<T> {
        let entry = |j: usize| (0..r.len()).map(|i| Scalar::conj(self.a[(i, j)]) * r[i]).sum();
        (0..self.a.ncols()).map(entry).collect()
    }

    fn column(&self, j: usize, with: &mut dyn FnMut(&[T])) {
        let column: Vec<T> = (0..self.a.ncols()).map(|i| self.gram[(i, j)]).collect();
        with(&column);
    }

    /// ‖R‖² by singular values, and R.
    fn refit(&self, groups: &[usize]) -> (f64, Vec<Vec<T>>) {
        let columns: Vec<usize> = groups.iter().flat_map(|&group| self.partition.columns(group)).copied().collect();
        if columns.is_empty() {
            return (self.data.iter().map(|y| crate::kernels::norm_squared(y)).sum(), self.data.clone());
        }
        let part = Mat::from_fn(14, columns.len(), |i, c| self.a[(i, columns[c])]);
        let svd = part.thin_svd().unwrap();
        let residual = |y: &Vec<T>| {
            let y = Mat::from_fn(14, 1, |i, _| y[i]);
            let r = &y - svd.U() * (svd.U().adjoint() * &y);
            r.col_as_slice(0).to_vec()
        };
        let residuals: Vec<Vec<T>> = self.data.iter().map(residual).collect();
        (residuals.iter().map(|r| crate::kernels::norm_squared(r)).sum(), residuals)
    }
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * (1.0 + a.abs().max(b.abs()))
}

/// Every score against the refit it predicts, on a tableau that has been through joins and leaves.
fn scores<T: Scalar>(labels: &[usize], sides: usize, seed: u64) {
    let bench = Bench::<T>::new(labels, sides, seed);
    let (count, k) = (bench.partition.len(), 3);
    let mut tableau = bench.empty(bench.partition.most_columns(k));
    let first = |group: usize| bench.partition.columns(group)[0];
    let gram: Gram<'_, T> = &|j, with| bench.column(j, with);
    let mut rng = stream(seed, 1, 0);
    tableau.set_square(bench.refit(&[]).0);
    for _ in 0..40 {
        let group = rng.random_range(0..count);
        if tableau.atoms.contains(&group) {
            tableau.leave(first(group), gram);
        } else if tableau.size() < k {
            assert!(tableau.join(first(group), gram));
        }
        let atoms = tableau.atoms.clone();
        let (square, residuals) = bench.refit(&atoms);
        assert!(close(tableau.square(), square), "{} {square}", tableau.square());
        let exact: Vec<T> = residuals.iter().flat_map(|r| bench.correlate(r)).collect();
        assert!(tableau.correlation.iter().zip(&exact).all(|(a, b)| Scalar::abs(*a - *b) < 1e-9));
        let (mut block, mut gains, mut gone) = (Block::default(), vec![], Gone::default());
        let mut best = (0.0, None);
        for place in 0..atoms.len() {
            let mut rest = atoms.clone();
            rest.remove(place);
            tableau.without(place, &mut gone);
            assert!(close(gone.loss, bench.refit(&rest).0 - square));
            tableau.gains(Some(&gone), &mut block, &mut gains);
            for group in (0..count).filter(|group| !atoms.contains(group)) {
                let exchanged: Vec<usize> = rest.iter().copied().chain([group]).collect();
                let gain = square - bench.refit(&exchanged).0;
                assert!(close(gains[group] - gone.loss, gain), "{} {gain}", gains[group] - gone.loss);
                if gain > best.0 {
                    best = (gain, Some((place, first(group))));
                }
            }
        }
        tableau.gains(None, &mut block, &mut gains);
        for group in (0..count).filter(|group| !atoms.contains(group)) {
            let more: Vec<usize> = atoms.iter().copied().chain([group]).collect();
            assert!(close(gains[group], square - bench.refit(&more).0));
        }
        let found = tableau.best_move(atoms.len(), 1e-9);
        assert_eq!(found.map(|found| (found.leaving.unwrap(), found.entering)), best.1);
        assert!(found.is_none_or(|found| close(found.gain, best.0)));
    }
}

#[test]
fn every_score_is_what_refitting_gives() {
    let labels = [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [0, 1, 0, 2, 3, 2, 1, 1, 3, 4]];
    for (seed, labels) in labels.iter().enumerate() {
        for sides in [1, 3] {
            scores::<f64>(labels, sides, seed as u64);
            scores::<Complex<f64>>(labels, sides, seed as u64);
        }
    }
}

/// A group whose columns depend on the support is passed over in part, and joins when they do not depend on it any more.
#[test]
fn dependent_columns_join_when_they_can() {
    let labels = [0, 0, 1, 1, 2, 3];
    let mut bench = Bench::<f64>::new(&labels, 2, 4);
    for i in 0..14 {
        bench.a[(i, 2)] = bench.a[(i, 0)] - 2.0 * bench.a[(i, 1)];
        bench.a[(i, 4)] = bench.a[(i, 2)] + bench.a[(i, 3)];
    }
    bench.gram = bench.a.transpose() * &bench.a;
    let gram: Gram<'_, f64> = &|j, with| bench.column(j, with);
    let mut tableau = bench.empty(5);
    tableau.set_square(bench.refit(&[]).0);
    assert!(tableau.join(0, gram) && tableau.join(2, gram));
    assert_eq!((tableau.size(), tableau.members.len()), (2, 3));
    assert_eq!(tableau.support().as_slice(), [0, 1, 2, 3, 6, 7, 8, 9]);
    assert!(!tableau.join(4, gram), "all of group 2 depends on the others");
    tableau.leave(0, gram);
    assert_eq!((tableau.size(), tableau.members.len()), (1, 2));
    assert!(close(tableau.square(), bench.refit(&[1]).0));
}

/// SEA in continuous time: the group that overtakes is the one that gets there first, and what is overtaken leaves.
#[test]
fn what_overtakes_takes_the_place_of_the_weakest() {
    for normalized in [false, true] {
        let bench = Bench::<Complex<f64>>::new(&[0, 1, 0, 2, 3, 2, 1, 4], 2, 9);
        let gram: Gram<'_, Complex<f64>> = &|j, with| bench.column(j, with);
        let mut tableau = bench.empty(4);
        assert!(tableau.join(0, gram) && tableau.join(1, gram));
        let mut exploration = vec![];
        tableau.write(&mut exploration, || 1.0);
        let norm = |x: &[Complex<f64>], group: usize| {
            let columns = bench.partition.columns(group).iter();
            columns.map(|&j| x[j].norm_sqr() + x[8 + j].norm_sqr()).sum::<f64>()
        };
        let weakest = if norm(&exploration, 0) < norm(&exploration, 1) { 0 } else { 1 };
        let goal = norm(&exploration, weakest);
        let entering = tableau.overtake(&mut exploration, normalized, gram).unwrap();
        let group = bench.partition.group_of(entering).unwrap();
        assert!(close(norm(&exploration, group), goal));
        assert!((2..5).all(|other| norm(&exploration, other) <= goal * (1.0 + 1e-9)));
        assert!(tableau.atoms.contains(&group) && !tableau.atoms.contains(&weakest));
    }
}
