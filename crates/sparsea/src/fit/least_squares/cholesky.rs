//! The Cholesky factor of a Gram matrix. Its columns join and leave one at a time, or are recomputed together.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt::factor::{LltParams, LltRegularization, cholesky_in_place, cholesky_in_place_scratch};
use faer::{Mat, Par, Spec};

use crate::kernels::{norm, norm_squared, simd, solve_growing, solve_lower, solve_upper, start};
use crate::scalar::Scalar;
use crate::tolerance::{CONDITION_SAFETY, GRAM_ROUNDING, NORMAL_SINE_SQUARED, PIVOT_DIGITS, SUSPICIOUS_SINE_SQUARED};

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
    scratch: Vec<T>,
    /// Of each member, a bound of 1/σ², with σ the smallest singular value of it and those before it with unit columns.
    inverse_squared: Vec<f64>,
}

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
        self.inverse_squared.reserve(size);
        self.entries.reserve(start(size));
        self.rotations.reserve(size);
        self.rows.reserve(ROWS * (size + 1));
        self.scratch.reserve(size + 1);
    }

    /// Forgets all members from position `size` on.
    pub(crate) fn truncate(&mut self, size: usize) {
        self.members.truncate(size);
        self.norms.truncate(size);
        self.entries.truncate(start(self.members.len()));
        self.inverse_squared.truncate(size);
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
        let left = square - norm_squared(row);
        // Written so that NaN is refused.
        let clear = left > SUSPICIOUS_SINE_SQUARED * square;
        if !clear && !self.pivot_has_digits(left, square) {
            return false;
        }
        self.entries.extend(self.rows.iter().map(|w| Scalar::conj(*w)));
        self.entries.push(T::from_real(left.sqrt()));
        self.members.push(j);
        self.norms.push(square.sqrt());
        let before = self.inverse_squared.last().copied().unwrap_or(0.0);
        self.inverse_squared.push(joined(before, left / square));
        true
    }

    /// Whether `left`, the square of what is outside the span of the members of the column whose row of L is in `rows` and whose
    /// own square is `square`, is more than rounding.
    #[cold]
    fn pivot_has_digits(&mut self, left: f64, square: f64) -> bool {
        let sine_squared = left / square;
        if sine_squared.is_nan() || sine_squared <= NORMAL_SINE_SQUARED {
            return false;
        }
        sine_squared > PIVOT_DIGITS * GRAM_ROUNDING * (1.0 + self.coefficients() / square.sqrt()).powi(2)
    }

    /// Σ ‖a_i‖ |c_i| for the column whose row of L is in `rows`, c = L⁻ᴴ w its coefficients in terms of the members.
    fn coefficients(&mut self) -> f64 {
        self.scratch.clone_from(&self.rows);
        solve_upper(&self.entries, &mut self.scratch);
        self.weighted_length(&self.scratch)
    }

    /// A bound of 1/σ², with σ the smallest singular value of the members with unit columns. The product of all sin², each of
    /// the angle between a member and the span of those before it, is the determinant of their Gram matrix. Its smallest
    /// eigenvalue is at least this over e, since the others add up to at most |S| and their product is largest where they
    /// are equal, below e.
    fn by_volume(&self) -> f64 {
        let sines = self.norms.iter().enumerate().map(|(i, norm)| (self.row(i)[i].real() / norm).powi(2));
        std::f64::consts::E / sines.product::<f64>()
    }

    /// A bound of 1/σ, with σ the smallest singular value of A_S with unit columns. It is strict where a strict one of at most
    /// `enough` is found: what is carried along from join to join, or else the volume. Otherwise it is the estimate of Cline,
    /// Moler, Stewart & Wilkinson 1979 (DOI 10.1137/0716029) with a factor of safety; later joins start from it.
    /// Cost: |S|² multiply-adds for the estimate.
    pub(crate) fn inverse_bound(&mut self, enough: f64) -> f64 {
        let Some(&(mut squared)) = self.inverse_squared.last() else { return 1.0 };
        if squared.sqrt() > enough {
            squared = squared.min(self.by_volume());
            if squared.sqrt() > enough {
                squared = squared.min((CONDITION_SAFETY * self.inverse_estimate()).powi(2));
            }
            *self.inverse_squared.last_mut().expect("there is a member") = squared;
        }
        squared.sqrt()
    }

    /// An estimate, from below, of ‖L⁻¹‖ where the rows of L are scaled to unit length.
    fn inverse_estimate(&mut self) -> f64 {
        let size = self.len();
        // L x = b with b_i = ±1 chosen so that x grows; then Lᴴ z = x.
        let mut x = std::mem::take(&mut self.scratch);
        solve_growing(&self.entries, &self.norms, &mut x);
        let once = norm(&x);
        solve_upper(&self.entries, &mut x);
        let twice = self.norms.iter().zip(&x).map(|(norm, z)| (norm * Scalar::abs(*z)).powi(2)).sum::<f64>().sqrt();
        self.scratch = x;
        (once / (size as f64).sqrt()).max(twice / once)
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
        let sines_squared = squares.iter().enumerate().map(|(i, square)| gram[(i, i)].real().powi(2) / square);
        let mut least = 1.0f64;
        let mut bound = 0.0;
        let bounds: Vec<f64> = sines_squared
            .map(|sine| {
                // Written so that NaN stays.
                least = if sine > least { least } else { sine };
                bound = joined(bound, sine);
                bound
            })
            .collect();
        if least.is_nan() || least <= NORMAL_SINE_SQUARED {
            return false;
        }
        let before = (
            self.members.clone(),
            self.norms.clone(),
            std::mem::take(&mut self.entries),
            std::mem::replace(&mut self.inverse_squared, bounds),
        );
        self.members.clear();
        self.members.extend_from_slice(members);
        self.norms.clear();
        self.norms.extend(squares.iter().map(|square| square.sqrt()));
        self.entries.resize(start(size), T::ZERO);
        // Column by column in memory to row by row; rounding leaves a trace of an imaginary part on the diagonal.
        for (c, column) in gram.col_iter().enumerate() {
            self.entries[start(c) + c] = T::from_real(column[c].real());
            for i in c + 1..size {
                self.entries[start(i) + c] = column[i];
            }
        }
        // Whether the least pivot has digits; where that is not proved, columns join one by one, each with its own check.
        let enough = (least / (PIVOT_DIGITS * GRAM_ROUNDING * size as f64)).sqrt() - 1.0;
        if least <= SUSPICIOUS_SINE_SQUARED && self.inverse_bound(enough) >= enough {
            (self.members, self.norms, self.entries, self.inverse_squared) = before;
            return false;
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
        // Fewer columns have no smaller singular value: what bounds one more bounds those that stay.
        self.inverse_squared.remove(position);
    }

    /// v ← L⁻¹ v.
    pub(crate) fn solve_lower(&self, v: &mut [T]) {
        solve_lower(&self.entries, v);
    }

    /// v ← L⁻ᴴ v.
    pub(crate) fn solve_upper(&self, v: &mut [T]) {
        solve_upper(&self.entries, v);
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

/// A bound of 1/σ² once a column joins whose sin² is `sine_squared`, given one before: the inverse of a Gram matrix G of unit
/// columns grows by at most (1 + ‖c‖²)/sin², with c = G⁻¹ g of length at most cos/σ.
fn joined(before: f64, sine_squared: f64) -> f64 {
    (1.0 + before) / sine_squared
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

    /// The factor of columns with this Gram matrix, joined one by one; those refused are left out.
    fn factor_of<T: Scalar>(gram: &Mat<T>) -> Cholesky<T> {
        let mut factor = Cholesky::default();
        for j in 0..gram.ncols() {
            let column: Vec<T> = factor.members().iter().map(|&i| gram[(i, j)]).collect();
            factor.join(j, &column, gram[(j, j)].real());
        }
        factor
    }

    /// Compares the bounds with the singular values of the columns scaled to unit length; returns how far each is above.
    fn bounds<T: Scalar>(a: &Mat<T>) -> (f64, f64) {
        let mut factor = factor_of(&(a.adjoint() * a));
        let unit = Mat::from_fn(a.nrows(), factor.len(), |i, c| {
            let j = factor.members()[c];
            a[(i, j)].scale(1.0 / a.col(j).norm_l2())
        });
        let least = unit.singular_values().unwrap().into_iter().fold(f64::INFINITY, f64::min);
        // The Gram matrix does not know smaller ones: its eigenvalues are off by as much.
        if least * least < 64.0 * GRAM_ROUNDING * factor.len() as f64 {
            return (1.0, 1.0);
        }
        let strict = factor.inverse_bound(f64::INFINITY) * least;
        let estimated = factor.inverse_bound(0.0) * least;
        assert!(strict >= 1.0 - 1e-6 && estimated >= 1.0 - 1e-6, "{strict} {estimated}");
        (strict, estimated)
    }

    /// Kahan's matrices, whose smallest singular value is far below every pivot, Gaussian pulses side by side, random columns
    /// and columns with a common direction.
    #[test]
    fn bounds_of_the_condition_are_bounds() {
        let mut furthest = 0.0f64;
        let mut check = |(_, estimated): (f64, f64)| furthest = furthest.max(estimated);
        for size in [2usize, 5, 10, 20, 40] {
            for angle in [0.3f64, 0.6, 0.9, 1.2] {
                let (s, c) = angle.sin_cos();
                let kahan = Mat::<f64>::from_fn(size, size, |i, j| match i.cmp(&j) {
                    std::cmp::Ordering::Less => -c * s.powi(i as i32),
                    std::cmp::Ordering::Equal => s.powi(i as i32),
                    std::cmp::Ordering::Greater => 0.0,
                });
                check(bounds(&kahan));
            }
            for step in [0.5, 1.0, 2.0, 4.0] {
                let pulse = |i: usize, j: usize| (-(i as f64 - 20.0 - step * j as f64).powi(2) / 18.0).exp();
                check(bounds(&Mat::from_fn(220, size, pulse)));
            }
            for seed in 0..10 {
                let rng = &mut stream(seed, size as u64, 0);
                check(bounds(&gaussian_matrix::<f64>(rng, size + seed as usize / 4, size)));
                let a = gaussian_matrix::<Complex<f64>>(rng, 50, size);
                check(bounds(&Mat::from_fn(50, size, |i, j| a[(i, 0)] + a[(i, j)] * 1e-3)));
            }
        }
        // It is not so far above that it would be of no use.
        assert!(furthest < 100.0, "{furthest}");
    }

    /// What is left of a column that depends on nearly parallel ones is rounding, and does not join as if it were more.
    #[test]
    fn a_pivot_that_is_rounding_is_refused() {
        for seed in 0..200 {
            let rng = &mut stream(seed, 0, 0);
            let a = gaussian_matrix::<f64>(rng, 30, 4);
            let close = 10f64.powf(-rng.random_range(1.0..4.0));
            let (p, q) = (rng.random::<f64>(), rng.random::<f64>() / close);
            // Two columns at a small angle, a third between them far outside of both, and one that is free.
            let b = Mat::from_fn(30, 4, |i, j| match j {
                0 => a[(i, 0)],
                1 => a[(i, 0)] + close * a[(i, 1)],
                2 => p * a[(i, 0)] + q * (close * a[(i, 1)]),
                _ => a[(i, 3)],
            });
            let factor = factor_of(&(b.transpose() * &b));
            assert_eq!(factor.members(), [0, 1, 3], "seed {seed}, {close}");
        }
    }
}
