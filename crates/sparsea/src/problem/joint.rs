//! Several right-hand sides with a common support.

use faer::Mat;

use crate::kernels::{axpy, norm, right_singular};
use crate::scalar::Scalar;
use crate::tolerance::RANK;

/// Y = y_1 … y_B, and what of it the algorithms see: Y V for an orthonormal basis V of the space of its rows where rank(Y) < B.
///
/// ‖Y − A X‖ = ‖Y V − A X V‖ for the best X on a support, and norms of rows are those of Y V: nothing is lost, and the work is that of
/// rank(Y) right-hand sides.
#[derive(Debug)]
pub(crate) struct Sides<T> {
    /// B.
    count: usize,
    /// V, B × rank, unless the rank is B.
    basis: Option<Mat<T>>,
    /// Y V, column by column, where it is not Y.
    reduced: Vec<T>,
}

impl<T: Scalar> Sides<T> {
    /// Of B columns of Y, of which the algorithms see all.
    pub(crate) fn whole(count: usize) -> Self {
        Self { count, basis: None, reduced: vec![] }
    }

    /// Of the columns of Y, end to end.
    pub(crate) fn new(data: &[T], count: usize) -> Self {
        let rows = data.len() / count.max(1);
        let all = Self::whole(count);
        if count < 2 {
            return all;
        }
        let Some((sizes, vectors)) = principal(data, count, norm(data)) else { return all };
        let least = RANK * rows.max(count) as f64 * sizes.first().copied().unwrap_or(0.0);
        // Of Y = 0 one column is left.
        let rank = sizes.iter().filter(|&&size| size > least).count().max(1);
        if rank == count {
            return all;
        }
        let basis = vectors.subcols(0, rank).to_owned();
        let mut sides = Self { count, basis: Some(basis), reduced: vec![] };
        sides.reduced = sides.reduce(data);
        sides
    }

    /// B.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Right-hand sides that the algorithms see.
    pub(crate) fn rank(&self) -> usize {
        self.basis.as_ref().map_or(self.count, Mat::ncols)
    }

    /// The right-hand sides that the algorithms see, of data Y.
    pub(crate) fn data<'d>(&'d self, data: &'d [T]) -> &'d [T] {
        if self.basis.is_some() { &self.reduced } else { data }
    }

    /// X Vᴴ, where x holds the columns of X, end to end.
    pub(crate) fn restore(&self, x: Vec<T>) -> Vec<T> {
        let Some(basis) = &self.basis else { return x };
        let n = x.len() / basis.ncols();
        let mut restored = vec![T::ZERO; n * self.count];
        for (b, out) in restored.chunks_mut(n).enumerate() {
            x.chunks(n).enumerate().for_each(|(c, x)| axpy(Scalar::conj(basis[(b, c)]), x, out));
        }
        restored
    }

    /// X V, where x holds the columns of X, end to end.
    pub(crate) fn reduce(&self, x: &[T]) -> Vec<T> {
        let Some(basis) = &self.basis else { return x.to_vec() };
        let n = x.len() / self.count;
        let mut reduced = vec![T::ZERO; n * basis.ncols()];
        for (c, out) in reduced.chunks_mut(n).enumerate() {
            x.chunks(n).enumerate().for_each(|(b, x)| axpy(basis[(b, c)], x, out));
        }
        reduced
    }
}

/// Singular values of `count` columns that lie end to end, relative to `size`, and right singular vectors, largest first.
pub(crate) fn principal<T: Scalar>(columns: &[T], count: usize, size: f64) -> Option<(Vec<f64>, Mat<T>)> {
    let rows = columns.len() / count.max(1);
    // No product of two entries leaves the range of doubles.
    let unit = if size > 0.0 { size.recip() } else { 1.0 };
    right_singular(Mat::from_fn(rows, count, |i, b| columns[b * rows + i].scale(unit)).as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::{gaussian_matrix, stream};
    use num_complex::Complex;

    fn reduction<T: Scalar>(seed: u64) {
        let mut rng = stream(seed, 0, 0);
        let (m, count) = (7, 5);
        let y = gaussian_matrix::<T>(&mut rng, m, 2) * gaussian_matrix::<T>(&mut rng, 2, count);
        let data: Vec<T> = (0..count).flat_map(|b| y.col_as_slice(b).to_vec()).collect();
        let sides = Sides::new(&data, count);
        assert_eq!((sides.count(), sides.rank(), sides.data(&data).len()), (5, 2, 2 * m));
        assert!((norm(sides.data(&data)) / norm(&data) - 1.0).abs() < 1e-13);
        let back = sides.restore(sides.reduce(&data));
        assert!(back.iter().zip(&data).all(|(a, b)| Scalar::abs(*a - *b) < 1e-12));
        let full: Vec<T> = (0..3).flat_map(|b| gaussian_matrix::<T>(&mut rng, m, 3).col_as_slice(b).to_vec()).collect();
        let sides = Sides::new(&full, 3);
        assert_eq!((sides.rank(), sides.data(&full)), (3, &full[..]));
        assert_eq!(Sides::new(&[T::ZERO; 12], 4).rank(), 1);
    }

    #[test]
    fn y_of_low_rank_is_reduced() {
        for seed in 0..3 {
            reduction::<f64>(seed);
            reduction::<Complex<f64>>(seed);
        }
    }
}
