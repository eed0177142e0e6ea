//! Solves with a lower triangular matrix whose rows are packed end to end: row i holds i + 1 entries, its diagonal is real.

use pulp::{Simd, WithSimd};

use super::arch;
use super::products::{combine_in, dot_in};
use crate::scalar::Scalar;

/// Where row i begins.
pub(crate) fn start(row: usize) -> usize {
    row * (row + 1) / 2
}

/// Rows taken together, so that what is known of v is loaded once for all of them and sums do not wait for each other.
const ROWS: usize = 4;

/// v ← L⁻¹ v.
pub(crate) fn solve_lower<T: Scalar>(entries: &[T], v: &mut [T]) {
    struct Forward<'v, T>(&'v [T], &'v mut [T]);
    impl<T: Scalar> WithSimd for Forward<'_, T> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            forward_in(simd, self.0, self.1);
        }
    }
    arch().dispatch(Forward(entries, v));
}

/// x ← L⁻¹ b with b_i of modulus `sizes[i]` and of a sign chosen so that x grows.
pub(crate) fn solve_growing<T: Scalar>(entries: &[T], sizes: &[f64], x: &mut Vec<T>) {
    struct Growing<'v, T>(&'v [T], &'v [f64], &'v mut Vec<T>);
    impl<T: Scalar> WithSimd for Growing<'_, T> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            let Self(entries, sizes, x) = self;
            x.clear();
            for (i, &size) in sizes.iter().enumerate() {
                let row = &entries[start(i)..start(i + 1)];
                let sum = dot_in::<T, S, false>(simd, &row[..i], x);
                let length = Scalar::abs(sum);
                let direction = if length > 0.0 { sum.scale(1.0 / length) } else { T::ONE };
                x.push(direction.scale(-(size + length) / row[i].real()));
            }
        }
    }
    arch().dispatch(Growing(entries, sizes, x));
}

/// v ← L⁻ᴴ v.
pub(crate) fn solve_upper<T: Scalar>(entries: &[T], v: &mut [T]) {
    struct Backward<'v, T>(&'v [T], &'v mut [T]);
    impl<T: Scalar> WithSimd for Backward<'_, T> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            if T::IS_COMPLEX {
                backward_in::<T, S, true>(simd, self.0, self.1);
            } else {
                backward_in::<T, S, false>(simd, self.0, self.1);
            }
        }
    }
    arch().dispatch(Backward(entries, v));
}

#[inline(always)]
fn forward_in<T: Scalar, S: Simd>(simd: S, entries: &[T], v: &mut [T]) {
    let whole = v.len() / ROWS * ROWS;
    let mut i = 0;
    while i < whole {
        let rows = rows_from(entries, i);
        let (known, rest) = v.split_at_mut(i);
        let sums = four_dots_in::<T, S>(simd, rows, known);
        for a in 0..ROWS {
            let mut x = rest[a] - sums[a];
            for b in 0..a {
                x -= rows[a][i + b] * rest[b];
            }
            rest[a] = x.scale(1.0 / rows[a][i + a].real());
        }
        i += ROWS;
    }
    for i in whole..v.len() {
        let row = &entries[start(i)..start(i + 1)];
        v[i] = (v[i] - dot_in::<T, S, false>(simd, &row[..i], &v[..i])).scale(1.0 / row[i].real());
    }
}

#[inline(always)]
fn backward_in<T: Scalar, S: Simd, const CONJUGATE: bool>(simd: S, entries: &[T], v: &mut [T]) {
    let whole = v.len() / ROWS * ROWS;
    for i in (whole..v.len()).rev() {
        let row = &entries[start(i)..start(i + 1)];
        let x = v[i].scale(1.0 / row[i].real());
        v[i] = x;
        let (alphas, before) = ([-x], &mut v[..i]);
        combine_in::<T, S, CONJUGATE>(
            simd,
            &alphas,
            #[inline(always)]
            |_| row,
            before,
        );
    }
    let mut i = whole;
    while i > 0 {
        i -= ROWS;
        let rows = rows_from(entries, i);
        let (before, rest) = v.split_at_mut(i);
        let mut alphas = [T::ZERO; ROWS];
        for a in (0..ROWS).rev() {
            let x = rest[a].scale(1.0 / rows[a][i + a].real());
            rest[a] = x;
            alphas[a] = -x;
            for b in 0..a {
                rest[b] -= Scalar::conj(rows[a][i + b]) * x;
            }
        }
        combine_in::<T, S, CONJUGATE>(
            simd,
            &alphas,
            #[inline(always)]
            |at| rows[at],
            before,
        );
    }
}

/// Rows i to i + 3.
#[inline(always)]
fn rows_from<T>(entries: &[T], i: usize) -> [&[T]; ROWS] {
    // Not by `map` over the array, which is not inlined: what is in it would lose the instruction set.
    let (first, rest) = entries[start(i)..start(i + ROWS)].split_at(i + 1);
    let (second, rest) = rest.split_at(i + 2);
    let (third, fourth) = rest.split_at(i + 3);
    [first, second, third, fourth]
}

/// Σ a_i v_i for each of four rows at least as long as v.
#[inline(always)]
fn four_dots_in<T: Scalar, S: Simd>(simd: S, rows: [&[T]; ROWS], v: &[T]) -> [T; ROWS] {
    let n = v.len();
    let [(a, rest_a), (b, rest_b)] = [T::split::<S>(&rows[0][..n]), T::split::<S>(&rows[1][..n])];
    let [(c, rest_c), (d, rest_d)] = [T::split::<S>(&rows[2][..n]), T::split::<S>(&rows[3][..n])];
    let (v, rest_v) = T::split::<S>(v);
    let zero = T::splat(simd, T::ZERO);
    let (mut p, mut q, mut r, mut s) = ([zero; 2], [zero; 2], [zero; 2], [zero; 2]);
    let ((a2, a1), (b2, b1)) = (a.as_chunks::<2>(), b.as_chunks::<2>());
    let ((c2, c1), (d2, d1)) = (c.as_chunks::<2>(), d.as_chunks::<2>());
    let (v2, v1) = v.as_chunks::<2>();
    for ((((a, b), c), d), v) in a2.iter().zip(b2).zip(c2).zip(d2).zip(v2) {
        for lane in 0..2 {
            p[lane] = T::mul_add(simd, a[lane], v[lane], p[lane]);
            q[lane] = T::mul_add(simd, b[lane], v[lane], q[lane]);
            r[lane] = T::mul_add(simd, c[lane], v[lane], r[lane]);
            s[lane] = T::mul_add(simd, d[lane], v[lane], s[lane]);
        }
    }
    for ((((&a, &b), &c), &d), &v) in a1.iter().zip(b1).zip(c1).zip(d1).zip(v1) {
        p[0] = T::mul_add(simd, a, v, p[0]);
        q[0] = T::mul_add(simd, b, v, q[0]);
        r[0] = T::mul_add(simd, c, v, r[0]);
        s[0] = T::mul_add(simd, d, v, s[0]);
    }
    let mut sums = [T::ZERO; ROWS];
    for (sum, [even, odd]) in sums.iter_mut().zip([p, q, r, s]) {
        *sum = T::total(simd, T::plus(simd, even, odd));
    }
    for (at, &v) in rest_v.iter().enumerate() {
        sums[0] += rest_a[at] * v;
        sums[1] += rest_b[at] * v;
        sums[2] += rest_c[at] * v;
        sums[3] += rest_d[at] * v;
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{normal_vector, stream};
    use num_complex::Complex;

    /// Both solves against products with L written out, for every number of rows up to 40.
    fn solves_invert_products<T: Scalar>(seed: u64) {
        for size in 0..40 {
            let mut rng = stream(seed, size as u64, 0);
            let mut entries: Vec<T> = normal_vector(&mut rng, start(size));
            entries.iter_mut().for_each(|l| *l = l.scale(0.2));
            for i in 0..size {
                entries[start(i) + i] = T::from_real(1.0 + i as f64 / 8.0);
            }
            let entry = |i: usize, j: usize| if j <= i { entries[start(i) + j] } else { T::ZERO };
            let x: Vec<T> = normal_vector(&mut rng, size);
            let mut lower: Vec<T> = (0..size).map(|i| (0..size).map(|j| entry(i, j) * x[j]).sum()).collect();
            solve_lower(&entries, &mut lower);
            let product = |j: usize| (0..size).map(|i| Scalar::conj(entry(i, j)) * x[i]).sum();
            let mut upper: Vec<T> = (0..size).map(product).collect();
            solve_upper(&entries, &mut upper);
            for (i, &x) in x.iter().enumerate() {
                assert!(Scalar::abs(lower[i] - x) < 1e-12 && Scalar::abs(upper[i] - x) < 1e-12, "{size} {i}");
            }
        }
    }

    #[test]
    fn triangular_solves_invert_products() {
        solves_invert_products::<f64>(1);
        solves_invert_products::<Complex<f64>>(2);
    }
}
