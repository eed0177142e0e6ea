//! Groups of columns, and how algorithms see them.

use std::sync::Arc;

use super::Partition;
use crate::fit::least_squares::Orthogonal;
use crate::operator::Access;
use crate::scalar::Scalar;

/// How algorithms see the columns of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Metric {
    /// Orthonormal in their group.
    Orthonormal,
    /// Each scaled to unit norm: coefficients with bounds of their own stay apart.
    Unit,
    /// As they are.
    Kept,
}

/// A = Q T by groups: A_g = Q_g T_g with triangular T_g, and Q_g = A_g R_g, by the [`Metric`] orthonormal columns or such of unit norm.
///
/// Columns of zeros are left out, and among orthonormal ones those that depend on others of lower index in their group: their Q_j are
/// zero, their coefficients 0.
#[derive(Debug)]
pub(crate) struct Grouping<T> {
    /// As the user states them.
    stated: Arc<Partition>,
    /// Without the columns that are left out, and groups of zeros.
    independent: Arc<Partition>,
    factors: Vec<Factor<T>>,
    metric: Metric,
}

/// Of a group of `independent` columns.
#[derive(Debug)]
struct Factor<T> {
    /// T, upper triangular: column c has c + 1 entries, end to end. Empty where columns are kept as they are.
    triangle: Vec<T>,
    /// R = T⁻¹, the same way.
    inverse: Vec<T>,
}

impl<T: Scalar> Grouping<T> {
    /// Of the columns of A, which have these norms. Cost: 4 m s² multiply-adds for an orthonormal group of s columns.
    pub(crate) fn new(operator: &Access<'_, T>, stated: Arc<Partition>, norms: &[f64], metric: Metric) -> Self {
        let (mut groups, mut factors) = (vec![], vec![]);
        let mut orthogonal = Orthogonal::default();
        for columns in stated.groups() {
            let columns: Vec<usize> = columns.iter().copied().filter(|&j| norms[j] > 0.0).collect();
            if columns.is_empty() {
                continue;
            }
            if metric == Metric::Kept {
                groups.push(columns);
                factors.push(Factor { triangle: vec![], inverse: vec![] });
                continue;
            }
            if metric == Metric::Unit {
                let norms: Vec<f64> = columns.iter().map(|&j| norms[j]).collect();
                let inverse = diagonal(norms.iter().map(|norm| norm.recip()));
                factors.push(Factor { triangle: diagonal(norms.into_iter()), inverse });
                groups.push(columns);
                continue;
            }
            let (places, triangle) = orthogonal.triangle(operator, &columns);
            let inverse = invert(triangle, places.len());
            factors.push(Factor { triangle: triangle.to_vec(), inverse });
            groups.push(places.iter().map(|&at| columns[at]).collect());
        }
        let independent = Arc::new(Partition::of(groups, stated.ncols()));
        Self { stated, independent, factors, metric }
    }

    /// The groups as the user states them.
    pub(crate) fn stated(&self) -> &Arc<Partition> {
        &self.stated
    }

    /// The groups without dependent columns.
    pub(crate) fn independent(&self) -> &Arc<Partition> {
        &self.independent
    }

    /// How algorithms see columns.
    pub(crate) fn metric(&self) -> Metric {
        self.metric
    }

    /// x ← R x.
    pub(crate) fn spread(&self, x: &mut [T]) {
        self.each(x, |factor| &factor.inverse, false);
    }

    /// x ← Rᴴ x; 0 for columns that are left out.
    pub(crate) fn gather(&self, x: &mut [T]) {
        self.each(x, |factor| &factor.inverse, true);
    }

    /// x ← Qᴴ A x by groups: what [`spread`](Self::spread) turns into this x, or into one of the same A x where a column that is left
    /// out has a coefficient.
    pub(crate) fn unspread(&self, operator: &Access<'_, T>, x: &mut [T]) {
        let mut image = vec![T::ZERO; operator.nrows()];
        // Only columns of zeros are left out of others.
        let dependent = self.stated.groups().filter(|_| self.metric == Metric::Orthonormal);
        for columns in dependent {
            let is_out = |j: usize| self.independent.group_of(j).is_none();
            let independent: Vec<usize> = columns.iter().copied().filter(|&j| !is_out(j)).collect();
            let Some(&first) = independent.first() else { continue };
            if columns.iter().all(|&j| x[j] == T::ZERO || !is_out(j)) {
                continue;
            }
            // By the columns that are kept.
            let values: Vec<T> = columns.iter().map(|&j| x[j]).collect();
            operator.apply_sparse(columns, &values, &mut image);
            let mut pulls = vec![T::ZERO; independent.len()];
            operator.apply_adjoint_on(&independent, &image, &mut pulls);
            let triangle = self.independent.group_of(first).map_or(&[][..], |group| &self.factors[group].inverse);
            let orthonormal = triangular(triangle, &pulls, true);
            let inner = triangular(triangle, &orthonormal, false);
            independent.iter().zip(inner).for_each(|(&j, value)| x[j] = value);
        }
        self.each(x, |factor| &factor.triangle, false);
    }

    /// Applies a triangle of each group, or its conjugate transpose.
    fn each(&self, x: &mut [T], triangle: impl Fn(&Factor<T>) -> &Vec<T>, adjoint: bool) {
        let mut part = vec![];
        for (columns, factor) in self.independent.groups().zip(&self.factors) {
            let triangle = triangle(factor);
            if triangle.is_empty() {
                continue;
            }
            part.clear();
            part.extend(columns.iter().map(|&j| x[j]));
            columns.iter().zip(triangular(triangle, &part, adjoint)).for_each(|(&j, value)| x[j] = value);
        }
        for (j, x) in x.iter_mut().enumerate() {
            if self.independent.group_of(j).is_none() {
                *x = T::ZERO;
            }
        }
    }

    /// The columns of the groups that some columns are in, sorted.
    pub(crate) fn around(&self, columns: &[usize]) -> Vec<usize> {
        let groups = self.independent.touched(columns);
        let mut all: Vec<usize> = groups.iter().flat_map(|&group| self.independent.columns(group)).copied().collect();
        all.sort_unstable();
        all
    }

    /// Column j of R by its columns of A and the entries; nothing for one that is left out.
    pub(crate) fn column(&self, j: usize) -> impl Iterator<Item = (usize, T)> + '_ {
        let group = self.independent.group_of(j);
        let columns = group.map_or(&[][..], |group| self.independent.columns(group));
        let place = columns.binary_search(&j).unwrap_or(0);
        let entries = group.map_or(&[][..], |group| &self.factors[group].inverse[..]);
        let kept = entries.is_empty();
        let entry = move |at: usize| match kept {
            true if at == place => T::ONE,
            true => T::ZERO,
            false => entries[place * (place + 1) / 2 + at],
        };
        columns.iter().take(place + 1).enumerate().map(move |(at, &i)| (i, entry(at)))
    }
}

/// T v for an upper triangle stored by columns, or Tᴴ v; v for an empty one.
fn triangular<T: Scalar>(triangle: &[T], v: &[T], adjoint: bool) -> Vec<T> {
    if triangle.is_empty() {
        return v.to_vec();
    }
    let mut product = vec![T::ZERO; v.len()];
    for c in 0..v.len() {
        let entries = &triangle[c * (c + 1) / 2..][..=c];
        if adjoint {
            product[c] = entries.iter().zip(v).map(|(&t, &v)| Scalar::conj(t) * v).sum();
        } else {
            entries.iter().zip(&mut product).for_each(|(&t, out)| *out += t * v[c]);
        }
    }
    product
}

/// A diagonal matrix as an upper triangle stored by columns.
fn diagonal<T: Scalar>(entries: impl Iterator<Item = f64>) -> Vec<T> {
    let column = |(c, entry)| std::iter::repeat_n(T::ZERO, c).chain([T::from_real(entry)]);
    entries.enumerate().flat_map(column).collect()
}

/// The inverse of an upper triangle stored by columns.
fn invert<T: Scalar>(triangle: &[T], size: usize) -> Vec<T> {
    let at = |row: usize, column: usize| column * (column + 1) / 2 + row;
    let mut inverse = vec![T::ZERO; triangle.len()];
    for c in 0..size {
        let pivot = triangle[at(c, c)];
        inverse[at(c, c)] = T::ONE / pivot;
        for row in (0..c).rev() {
            let sum: T = (row + 1..=c).map(|p| triangle[at(row, p)] * inverse[at(p, c)]).sum();
            inverse[at(row, c)] = -(sum / triangle[at(row, row)]);
        }
    }
    inverse
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::{gaussian_matrix, normal_vector, stream};
    use crate::operator::DenseOperator;
    use faer::Mat;
    use num_complex::Complex;

    fn factors<T: Scalar>(seed: u64) {
        let mut rng = stream(seed, 0, 0);
        let mut a: Mat<T> = gaussian_matrix(&mut rng, 9, 7);
        for i in 0..9 {
            // Column 4 depends on 0 and 2, with which it is in a group; 6 is zero.
            a[(i, 4)] = a[(i, 0)] - a[(i, 2)].scale(3.0);
            a[(i, 6)] = T::ZERO;
        }
        let dense = DenseOperator::new(a.as_ref());
        let access = Access::new(&dense);
        let stated = Arc::new(Partition::new(&[0, 1, 0, 1, 0, 2, 3]).unwrap());
        let grouping = Grouping::new(&access, stated, &access.column_norms(), Metric::Orthonormal);
        assert_eq!(grouping.independent().groups().collect::<Vec<_>>(), [&[0, 2][..], &[1, 3], &[5]]);
        let q = Mat::from_fn(9, 7, |i, j| grouping.column(j).map(|(c, r)| a[(i, c)] * r).sum::<T>());
        let gram = q.adjoint() * &q;
        for (g, columns) in grouping.independent().groups().enumerate() {
            for (&i, &j) in columns.iter().flat_map(|i| columns.iter().map(move |j| (i, j))) {
                let expected = if i == j { T::ONE } else { T::ZERO };
                assert!(Scalar::abs(gram[(i, j)] - expected) < 1e-13, "{g}");
            }
        }
        assert!((0..9).all(|i| q[(i, 4)] == T::ZERO && q[(i, 6)] == T::ZERO));
        let z: Vec<T> = normal_vector(&mut rng, 7);
        let mut x = z.clone();
        grouping.spread(&mut x);
        for i in 0..9 {
            let (by_a, by_q): (T, T) = ((0..7).map(|j| a[(i, j)] * x[j]).sum(), (0..7).map(|j| q[(i, j)] * z[j]).sum());
            assert!(Scalar::abs(by_a - by_q) < 1e-12);
        }
        grouping.unspread(&access, &mut x);
        assert!([0, 1, 2, 3, 5].iter().all(|&j| Scalar::abs(x[j] - z[j]) < 1e-12) && x[4] == T::ZERO);
        // Column 4 of A is that much of 0 and 2.
        let (mut by_4, mut by_others) = (vec![T::ZERO; 7], vec![T::ZERO; 7]);
        (by_4[4], by_4[0], by_others[0], by_others[2]) = (T::ONE, T::ONE, T::from_real(2.0), T::from_real(-3.0));
        grouping.unspread(&access, &mut by_4);
        grouping.unspread(&access, &mut by_others);
        assert!(by_4.iter().zip(&by_others).all(|(a, b)| Scalar::abs(*a - *b) < 1e-12));
        let y: Vec<T> = normal_vector(&mut rng, 9);
        let mut pulls = vec![T::ZERO; 7];
        access.apply_adjoint(&y, &mut pulls);
        grouping.gather(&mut pulls);
        for j in 0..7 {
            let exact: T = (0..9).map(|i| Scalar::conj(q[(i, j)]) * y[i]).sum();
            assert!(Scalar::abs(pulls[j] - exact) < 1e-12);
        }
        assert_eq!(grouping.around(&[2, 5]), [0, 2, 5]);
    }

    #[test]
    fn groups_become_orthonormal() {
        for seed in 0..3 {
            factors::<f64>(seed);
            factors::<Complex<f64>>(seed);
        }
    }
}
