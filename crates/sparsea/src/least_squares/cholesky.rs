//! The Cholesky factor of a Gram matrix whose columns join and leave one at a time, or are computed anew together.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt::factor::{LltParams, LltRegularization, cholesky_in_place, cholesky_in_place_scratch};
use faer::{Mat, Par, Spec};

use crate::kernels::{norm_squared, simd, solve_lower, solve_upper, start};
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
    /// A row that joins, or those that are being rotated.
    rows: Vec<T>,
}

/// The squared distance of a column from the span of the others, relative to its own square, below which normal
/// equations no longer tell it from zero well enough to divide by it.
const SMALLEST_PIVOT: f64 = 1e-10;

/// Rows that are rotated together, so that one need not wait for the other.
const ROWS: usize = 4;

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
        self.rows.reserve(ROWS * (size + 1));
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
        debug_assert_eq!(gram.len(), self.len());
        // L w = g; the new row of L is wᴴ.
        let row = &mut self.rows;
        row.clear();
        row.extend_from_slice(gram);
        solve_lower(&self.entries, row);
        let length = norm_squared(row);
        let pivot = square - length;
        if pivot.is_nan() || pivot <= SMALLEST_PIVOT * square {
            return false;
        }
        self.entries.extend(self.rows.iter().map(|w| Scalar::conj(*w)));
        self.entries.push(T::from_real(pivot.sqrt()));
        self.members.push(j);
        self.norms.push(square.sqrt());
        true
    }

    /// Replaces the members by `members`, given their Gram matrix (its lower triangle, which is overwritten). Returns false,
    /// changing nothing, if one is too close to the span of those before it. Cost: |S|³/6 multiply-adds, by the block.
    pub(crate) fn replace(&mut self, members: &[usize], mut gram: Mat<T>) -> bool {
        let size = members.len();
        let squares: Vec<f64> = (0..size).map(|i| gram[(i, i)].real()).collect();
        let parameters: Spec<LltParams, T> = Spec::default();
        let mut memory = MemBuffer::new(cholesky_in_place_scratch::<T>(size, Par::Seq, parameters));
        let stack = MemStack::new(&mut memory);
        let plain = LltRegularization::default();
        if cholesky_in_place(gram.as_mut(), plain, Par::Seq, stack, parameters).is_err() {
            return false;
        }
        let mut pivots = (0..size).map(|i| gram[(i, i)].real());
        // Not so for a pivot that is not a number either.
        if !squares.iter().zip(&mut pivots).all(|(square, pivot)| pivot * pivot > SMALLEST_PIVOT * square) {
            return false;
        }
        self.members.clear();
        self.members.extend_from_slice(members);
        self.norms.clear();
        self.norms.extend(squares.iter().map(|square| square.sqrt()));
        self.entries.clear();
        self.entries.resize(start(size), T::ZERO);
        // Column by column in memory to row by row; rounding leaves a trace of an imaginary part on the diagonal.
        for (c, column) in gram.col_iter().enumerate() {
            self.entries[start(c) + c] = T::from_real(column[c].real());
            for i in c + 1..size {
                self.entries[start(i) + c] = column[i];
            }
        }
        true
    }

    /// Removes the member at `position` by plane rotations. Cost: 2 (|S| − position)² multiply-adds.
    pub(crate) fn leave(&mut self, position: usize) {
        let size = self.len();
        self.rotations.clear();
        let (entries, rotations, old) = (&mut self.entries[..], &mut self.rotations, &mut self.rows);
        simd(
            #[inline(always)]
            || {
                let mut i = position + 1;
                while i + ROWS <= size {
                    rotate::<T, ROWS>(entries, rotations, old, position, i);
                    i += ROWS;
                }
                while i < size {
                    rotate::<T, 1>(entries, rotations, old, position, i);
                    i += 1;
                }
            },
        );
        self.members.remove(position);
        self.norms.remove(position);
        self.entries.truncate(start(size - 1));
    }

    /// v ← L⁻¹ v.
    pub(crate) fn solve_lower(&self, v: &mut [T]) {
        solve_lower(&self.entries, v);
    }

    /// v ← L⁻ᴴ v.
    pub(crate) fn solve_upper(&self, v: &mut [T]) {
        solve_upper(&self.entries, v);
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

/// Moves R rows from row i on up by one, as the member at `position` leaves: each has one entry too many right of the diagonal
/// from there on; each rotation of two neighbouring columns clears one, and all later rows follow it.
#[inline(always)]
fn rotate<T: Scalar, const R: usize>(
    entries: &mut [T],
    rotations: &mut Vec<(T, f64)>,
    old: &mut Vec<T>,
    position: usize,
    i: usize,
) {
    old.clear();
    old.extend_from_slice(&entries[start(i)..start(i + R)]);
    let known = rotations.len();
    let (mut from, mut to) = (&old[..], &mut entries[start(i - 1)..start(i - 1 + R)]);
    let mut rows: [&[T]; R] = [&[]; R];
    let mut moved: [&mut [T]; R] = [(); R].map(|()| &mut [][..]);
    let mut left = [T::ZERO; R];
    for r in 0..R {
        let (row, rest) = from.split_at(i + r + 1);
        let (new, below) = std::mem::take(&mut to).split_at_mut(i + r);
        (from, to) = (rest, below);
        new[..position].copy_from_slice(&row[..position]);
        left[r] = row[position];
        (rows[r], moved[r]) = (&row[position + 1..], &mut new[position..]);
    }
    for r in 0..R {
        // So that no length is checked within the loop.
        (rows[r], moved[r]) = (&rows[r][..known + r + 1], &mut std::mem::take(&mut moved[r])[..known + r + 1]);
    }
    for (c, &rotation) in rotations.iter().enumerate() {
        for r in 0..R {
            moved[r][c] = turn(&mut left[r], rows[r][c], rotation);
        }
    }
    for r in 0..R {
        for c in known..known + r {
            moved[r][c] = turn(&mut left[r], rows[r][c], rotations[c]);
        }
        let right = rows[r][known + r].real();
        let length = (left[r].abs2() + right * right).sqrt();
        moved[r][known + r] = T::from_real(length);
        rotations.push((left[r].scale(1.0 / length), right / length));
    }
}

/// The rotated pair's entry that stays; `left` becomes the one that meets the next rotation.
#[inline(always)]
fn turn<T: Scalar>(left: &mut T, right: T, (cos, sin): (T, f64)) -> T {
    let stays = *left * Scalar::conj(cos) + right.scale(sin);
    *left = right * cos - left.scale(sin);
    stays
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::{gaussian_matrix, stream};
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
        let a: Mat<T> = gaussian_matrix(&mut rng, 40, 25);
        let gram = a.adjoint() * &a;
        let mut factor = Cholesky::<T>::default();
        for step in 0..600 {
            if step % 50 == 49 {
                let mut members = factor.members().to_vec();
                members.rotate_left(1);
                let block = Mat::from_fn(members.len(), members.len(), |i, j| gram[(members[i], members[j])]);
                assert!(factor.replace(&members, block));
                assert_eq!(factor.members(), members);
            }
            let j = rng.random_range(0..25);
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
        let gram = Mat::from_fn(2, 2, |_, _| 1.0);
        assert!(!factor.replace(&[3, 4], gram), "twice the same column");
        assert!(!factor.replace(&[3], Mat::from_fn(1, 1, |_, _| f64::NAN)));
        assert_eq!((factor.members(), factor.row(0)), (&[0][..], &[1.0][..]));
    }
}
