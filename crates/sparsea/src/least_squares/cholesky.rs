//! The Cholesky factor of a Gram matrix whose columns join and leave one at a time.

use crate::kernels::{axpy_inline, dot_plain_inline, simd};
use crate::scalar::Scalar;

/// L with L Lᴴ = A_Sᴴ A_S, the members of S in the order in which they joined.
///
/// Rows are stored one after the other without gaps, row i with its i + 1 entries.
#[derive(Debug, Default)]
pub(crate) struct Cholesky<T> {
    members: Vec<usize>,
    /// ‖a_j‖ of each member.
    norms: Vec<f64>,
    entries: Vec<T>,
    rotations: Vec<(T, f64)>,
    row: Vec<T>,
}

/// The squared distance of a column from the span of the others, relative to its own square, below which normal
/// equations no longer tell it from zero well enough to divide by it.
const SMALLEST_PIVOT: f64 = 1e-10;

fn start(row: usize) -> usize {
    row * (row + 1) / 2
}

impl<T: Scalar> Cholesky<T> {
    /// Members of S in factor order.
    pub(crate) fn members(&self) -> &[usize] {
        &self.members
    }

    pub(crate) fn len(&self) -> usize {
        self.members.len()
    }

    /// Reserves memory for `size` members.
    pub(crate) fn reserve(&mut self, size: usize) {
        self.members.reserve(size);
        self.norms.reserve(size);
        self.entries.reserve(start(size));
        self.rotations.reserve(size);
        self.row.reserve(size + 1);
    }

    /// Forgets all members from position `size` on.
    pub(crate) fn truncate(&mut self, size: usize) {
        self.members.truncate(size);
        self.norms.truncate(size);
        self.entries.truncate(start(self.members.len()));
    }

    fn row(&self, i: usize) -> &[T] {
        &self.entries[start(i)..start(i + 1)]
    }

    /// Adds column j, given `gram` = (a_iᴴ a_j for each member i) and `square` = ‖a_j‖². Returns false, changing
    /// nothing, if the column is too close to the span of the members. Cost: |S|²/2 multiply-adds.
    pub(crate) fn join(&mut self, j: usize, gram: &[T], square: f64) -> bool {
        let size = self.len();
        self.row.clear();
        self.row.extend_from_slice(gram);
        let (entries, row) = (&self.entries, &mut self.row);
        // L w = g; the new row of L is wᴴ.
        let length = simd(
            #[inline(always)]
            || {
                let mut length = 0.0;
                for i in 0..size {
                    let line = &entries[start(i)..start(i + 1)];
                    let w = (row[i] - dot_plain_inline(&line[..i], &row[..i])).scale(1.0 / line[i].real());
                    row[i] = w;
                    length += w.abs2();
                }
                length
            },
        );
        let pivot = square - length;
        if pivot.is_nan() || pivot <= SMALLEST_PIVOT * square {
            return false;
        }
        self.entries.extend(self.row.iter().map(|w| Scalar::conj(*w)));
        self.entries.push(T::from_real(pivot.sqrt()));
        self.members.push(j);
        self.norms.push(square.sqrt());
        true
    }

    /// Removes the member at `position` by plane rotations. Cost: 3 (|S| − position)² multiply-adds.
    pub(crate) fn leave(&mut self, position: usize) {
        let size = self.len();
        self.rotations.clear();
        for i in position + 1..size {
            self.row.clear();
            self.row.extend_from_slice(&self.entries[start(i)..start(i + 1)]);
            // Rows below the removed one have one entry too many right of the diagonal; each rotation of two
            // neighbouring columns clears one, and all later rows follow it.
            let mut left = self.row[position];
            for (c, &(cos, sin)) in self.rotations.iter().enumerate() {
                let right = self.row[position + c + 1];
                self.row[position + c] = left * Scalar::conj(cos) + right.scale(sin);
                left = right * cos - left.scale(sin);
            }
            let right = self.row[i].real();
            let length = left.abs2() + right * right;
            let length = length.sqrt();
            self.row[i - 1] = T::from_real(length);
            self.rotations.push((left.scale(1.0 / length), right / length));
            self.entries[start(i - 1)..start(i)].copy_from_slice(&self.row[..i]);
        }
        self.members.remove(position);
        self.norms.remove(position);
        self.entries.truncate(start(size - 1));
    }

    /// v ← L⁻¹ v.
    pub(crate) fn solve_lower(&self, v: &mut [T]) {
        simd(
            #[inline(always)]
            || {
                for i in 0..self.len() {
                    let row = self.row(i);
                    v[i] = (v[i] - dot_plain_inline(&row[..i], &v[..i])).scale(1.0 / row[i].real());
                }
            },
        );
    }

    /// v ← L⁻ᴴ v.
    pub(crate) fn solve_upper(&self, v: &mut [T]) {
        simd(
            #[inline(always)]
            || {
                for i in (0..self.len()).rev() {
                    let row = self.row(i);
                    let (before, rest) = v.split_at_mut(i);
                    let x = rest[0].scale(1.0 / row[i].real());
                    rest[0] = x;
                    if T::IS_COMPLEX {
                        for (v, l) in before.iter_mut().zip(row) {
                            *v -= Scalar::conj(*l) * x;
                        }
                    } else {
                        axpy_inline(-x, &row[..i], before);
                    }
                }
            },
        );
    }

    /// The smallest sine of an angle between a member and the span of those before it: an estimate, from above, of
    /// the smallest singular value of A_S with unit columns.
    pub(crate) fn smallest_sine(&self) -> f64 {
        let sines = self.norms.iter().enumerate().map(|(i, norm)| self.row(i)[i].real() / norm);
        sines.fold(1.0, f64::min)
    }

    /// Σ ‖a_j‖ |x_j| for coefficients in factor order.
    pub(crate) fn weighted_length(&self, values: &[T]) -> f64 {
        self.norms.iter().zip(values).map(|(norm, x)| norm * Scalar::abs(*x)).sum()
    }

    /// The largest |s_j| / ‖a_j‖ for numbers in factor order.
    pub(crate) fn largest_cosine(&self, s: &[T]) -> f64 {
        self.norms.iter().zip(s).map(|(norm, s)| Scalar::abs(*s) / norm).fold(0.0, f64::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::{gaussian_matrix, stream};
    use faer::Mat;
    use num_complex::Complex;
    use rand::RngExt;

    fn check<T: Scalar>(factor: &Cholesky<T>, gram: &Mat<T>) {
        for a in 0..factor.len() {
            for b in 0..=a {
                let product: T = (0..=b).map(|c| factor.row(a)[c] * Scalar::conj(factor.row(b)[c])).sum();
                let expected = gram[(factor.members[a], factor.members[b])];
                assert!(Scalar::abs(product - expected) < 1e-11, "{product} {expected}");
            }
            assert!(factor.row(a)[a].real() > 0.0 && factor.row(a)[a].imag() == 0.0);
        }
    }

    fn random_joins_and_leaves<T: Scalar>(seed: u64) {
        let mut rng = stream(seed, 0, 0);
        let a: Mat<T> = gaussian_matrix(&mut rng, 20, 15);
        let gram = a.adjoint() * &a;
        let mut factor = Cholesky::<T>::default();
        for _ in 0..400 {
            let j = rng.random_range(0..15);
            match factor.members().iter().position(|&member| member == j) {
                Some(position) => factor.leave(position),
                None => {
                    let column: Vec<T> = factor.members().iter().map(|&i| gram[(i, j)]).collect();
                    assert!(factor.join(j, &column, gram[(j, j)].real()));
                }
            }
            check(&factor, &gram);
        }
    }

    #[test]
    fn factor_follows_joins_and_leaves() {
        random_joins_and_leaves::<f64>(1);
        random_joins_and_leaves::<Complex<f64>>(2);
    }

    #[test]
    fn a_dependent_column_does_not_join() {
        let mut factor = Cholesky::<f64>::default();
        assert!(factor.join(0, &[], 1.0));
        assert!(!factor.join(1, &[1.0], 1.0));
        assert!(!factor.join(2, &[0.0], 0.0));
        assert_eq!(factor.members(), [0]);
    }
}
