//! Inner products, one or many at a time, and combinations of vectors.

use std::ops::Range;

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::arch;
use crate::scalar::Scalar;

/// a b + c, or conj(a) b + c. (Functions, not closures, because only these can be told to be inlined, without which they
/// would not be compiled for the instruction set.)
#[inline(always)]
fn step<T: Scalar, S: Simd, const CONJUGATE: bool>(
    simd: S,
    a: T::Vector<S>,
    b: T::Vector<S>,
    c: T::Vector<S>,
) -> T::Vector<S> {
    if CONJUGATE { T::conj_mul_add(simd, a, b, c) } else { T::mul_add(simd, a, b, c) }
}

#[inline(always)]
fn product<T: Scalar, const CONJUGATE: bool>(a: T, b: T) -> T {
    if CONJUGATE { Scalar::conj(a) * b } else { a * b }
}

#[inline(always)]
fn total_of_four<T: Scalar, S: Simd>(simd: S, sums: [T::Vector<S>; 4]) -> T {
    let [p, q, r, s] = sums;
    T::total(simd, T::plus(simd, T::plus(simd, p, q), T::plus(simd, r, s)))
}

/// Where two ranges overlap.
#[inline(always)]
pub(crate) fn common(a: &Range<usize>, b: &Range<usize>) -> Range<usize> {
    let from = a.start.max(b.start);
    from..a.end.min(b.end).max(from)
}

/// aᴴ b, or aᵀ b without `CONJUGATE`: four partial sums, so that additions do not wait for each other.
#[inline(always)]
pub(super) fn dot_in<T: Scalar, S: Simd, const CONJUGATE: bool>(simd: S, a: &[T], b: &[T]) -> T {
    let n = a.len().min(b.len());
    let ((a, rest_a), (b, rest_b)) = (T::split::<S>(&a[..n]), T::split::<S>(&b[..n]));
    let zero = T::splat(simd, T::ZERO);
    let (mut p, mut q, mut r, mut s) = (zero, zero, zero, zero);
    let ((fours_a, last_a), (fours_b, last_b)) = (a.as_chunks::<4>(), b.as_chunks::<4>());
    for (&[a, b, c, d], &[e, f, g, h]) in fours_a.iter().zip(fours_b) {
        (p, q, r, s) = (
            step::<T, S, CONJUGATE>(simd, a, e, p),
            step::<T, S, CONJUGATE>(simd, b, f, q),
            step::<T, S, CONJUGATE>(simd, c, g, r),
            step::<T, S, CONJUGATE>(simd, d, h, s),
        );
    }
    for (&a, &b) in last_a.iter().zip(last_b) {
        p = step::<T, S, CONJUGATE>(simd, a, b, p);
    }
    let mut total = total_of_four(simd, [p, q, r, s]);
    for (&a, &b) in rest_a.iter().zip(rest_b) {
        total += product::<T, CONJUGATE>(a, b);
    }
    total
}

/// aᴴ c and bᴴ c, each with the bits that it has alone.
#[inline(always)]
fn two_dots_in<T: Scalar, S: Simd>(simd: S, a: &[T], b: &[T], c: &[T]) -> [T; 2] {
    let n = c.len();
    let ((a, rest_a), (b, rest_b)) = (T::split::<S>(&a[..n]), T::split::<S>(&b[..n]));
    let (c, rest_c) = T::split::<S>(c);
    let zero = T::splat(simd, T::ZERO);
    let (mut p, mut q, mut r, mut s) = (zero, zero, zero, zero);
    let (mut t, mut u, mut v, mut w) = (zero, zero, zero, zero);
    let ((fours_a, last_a), (fours_b, last_b)) = (a.as_chunks::<4>(), b.as_chunks::<4>());
    let (fours_c, last_c) = c.as_chunks::<4>();
    for ((a, b), c) in fours_a.iter().zip(fours_b).zip(fours_c) {
        p = step::<T, S, true>(simd, a[0], c[0], p);
        t = step::<T, S, true>(simd, b[0], c[0], t);
        q = step::<T, S, true>(simd, a[1], c[1], q);
        u = step::<T, S, true>(simd, b[1], c[1], u);
        r = step::<T, S, true>(simd, a[2], c[2], r);
        v = step::<T, S, true>(simd, b[2], c[2], v);
        s = step::<T, S, true>(simd, a[3], c[3], s);
        w = step::<T, S, true>(simd, b[3], c[3], w);
    }
    for ((&a, &b), &c) in last_a.iter().zip(last_b).zip(last_c) {
        (p, t) = (step::<T, S, true>(simd, a, c, p), step::<T, S, true>(simd, b, c, t));
    }
    let mut totals = [total_of_four(simd, [p, q, r, s]), total_of_four(simd, [t, u, v, w])];
    for ((&a, &b), &c) in rest_a.iter().zip(rest_b).zip(rest_c) {
        totals[0] += product::<T, true>(a, c);
        totals[1] += product::<T, true>(b, c);
    }
    totals
}

/// aᴴ b.
pub(crate) fn dot<T: Scalar>(a: &[T], b: &[T]) -> T {
    struct Dot<'v, T>(&'v [T], &'v [T]);
    impl<T: Scalar> WithSimd for Dot<'_, T> {
        type Output = T;
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> T {
            dot_in::<T, S, true>(simd, self.0, self.1)
        }
    }
    arch().dispatch(Dot(a, b))
}

/// `out[l]` ← line(l)ᴴ v, or line(l)ᵀ v without `conjugate`, for lines that are zero outside a part: where it begins, and the
/// part itself.
pub(crate) fn dots<'l, T: Scalar>(line: impl Fn(usize) -> (usize, &'l [T]), v: &[T], conjugate: bool, out: &mut [T]) {
    struct Dots<'v, F, T> {
        line: F,
        v: &'v [T],
        conjugate: bool,
        out: &'v mut [T],
    }
    impl<'l, T: Scalar, F: Fn(usize) -> (usize, &'l [T])> WithSimd for Dots<'_, F, T> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            for (l, out) in self.out.iter_mut().enumerate() {
                let (first, line) = (self.line)(l);
                let v = &self.v[first..];
                *out = if self.conjugate {
                    dot_in::<T, S, true>(simd, line, v)
                } else {
                    dot_in::<T, S, false>(simd, line, v)
                };
            }
        }
    }
    arch().dispatch(Dots { line, v, conjugate, out });
}

/// `outs[c][l]` ← line(l)ᴴ v_c for several vectors, each line read from memory once. Lines and vectors are zero outside a
/// part: from where to where, and (for both) the whole. Every product has the bits that it has alone.
pub(crate) fn block_dots<'l, T: Scalar>(
    line: impl Fn(usize) -> (Range<usize>, &'l [T]),
    vectors: &[(Range<usize>, &[T])],
    outs: &mut [&mut [T]],
) {
    struct Block<'v, 'o, F, T> {
        line: F,
        vectors: &'v [(Range<usize>, &'v [T])],
        outs: &'v mut [&'o mut [T]],
    }
    impl<'l, T: Scalar, F: Fn(usize) -> (Range<usize>, &'l [T])> WithSimd for Block<'_, '_, F, T> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            let count = self.outs.first().map_or(0, |out| out.len());
            let mut l = 0;
            while l < count {
                // Two lines at a time, so that vectors come from their cache half as often.
                let (part, line) = (self.line)(l);
                let (next_part, next) = if l + 1 < count { (self.line)(l + 1) } else { (0..0, line) };
                let both = l + 1 < count && part == next_part;
                for ((used, v), out) in self.vectors.iter().zip(self.outs.iter_mut()) {
                    let a = common(&part, used);
                    if both {
                        [out[l], out[l + 1]] = two_dots_in(simd, &line[a.clone()], &next[a.clone()], &v[a]);
                        continue;
                    }
                    out[l] = dot_in::<T, S, true>(simd, &line[a.clone()], &v[a]);
                    if l + 1 < count {
                        let b = common(&next_part, used);
                        out[l + 1] = dot_in::<T, S, true>(simd, &next[b.clone()], &v[b]);
                    }
                }
                l += 2;
            }
        }
    }
    arch().dispatch(Block { line, vectors, outs });
}

/// y ← y + Σ_i α_i x_i, the x_i conjugated with `conjugate`, in one pass per four of them so that y is loaded and stored less
/// often. An entry of y has the same bits however y is cut up.
pub(crate) fn add_combination<'c, T: Scalar>(alphas: &[T], x: impl Fn(usize) -> &'c [T], conjugate: bool, y: &mut [T]) {
    struct Combination<'v, F, T> {
        alphas: &'v [T],
        x: F,
        conjugate: bool,
        y: &'v mut [T],
    }
    impl<'c, T: Scalar, F: Fn(usize) -> &'c [T]> WithSimd for Combination<'_, F, T> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            if self.conjugate && T::IS_COMPLEX {
                combine_in::<T, S, true>(simd, self.alphas, self.x, self.y);
            } else {
                combine_in::<T, S, false>(simd, self.alphas, self.x, self.y);
            }
        }
    }
    arch().dispatch(Combination { alphas, x, conjugate, y });
}

#[inline(always)]
pub(super) fn combine_in<'c, T: Scalar, S: Simd, const CONJUGATE: bool>(
    simd: S,
    alphas: &[T],
    x: impl Fn(usize) -> &'c [T],
    y: &mut [T],
) {
    let n = y.len();
    let (fours, rest) = alphas.as_chunks::<4>();
    for (at, &[p, q, r, s]) in fours.iter().enumerate() {
        if [p, q, r, s] == [T::ZERO; 4] {
            continue;
        }
        let (a, b, c, d) = (&x(4 * at)[..n], &x(4 * at + 1)[..n], &x(4 * at + 2)[..n], &x(4 * at + 3)[..n]);
        let ((va, a), (vb, b)) = (T::split::<S>(a), T::split::<S>(b));
        let ((vc, c), (vd, d)) = (T::split::<S>(c), T::split::<S>(d));
        let (vy, y) = T::split_mut::<S>(y);
        let (vp, vq, vr, vs) = (T::splat(simd, p), T::splat(simd, q), T::splat(simd, r), T::splat(simd, s));
        for ((((y, &a), &b), &c), &d) in vy.iter_mut().zip(va).zip(vb).zip(vc).zip(vd) {
            let sum = step::<T, S, CONJUGATE>(simd, b, vq, step::<T, S, CONJUGATE>(simd, a, vp, *y));
            *y = step::<T, S, CONJUGATE>(simd, d, vs, step::<T, S, CONJUGATE>(simd, c, vr, sum));
        }
        for ((((y, &a), &b), &c), &d) in y.iter_mut().zip(a).zip(b).zip(c).zip(d) {
            *y = *y
                + product::<T, CONJUGATE>(a, p)
                + product::<T, CONJUGATE>(b, q)
                + product::<T, CONJUGATE>(c, r)
                + product::<T, CONJUGATE>(d, s);
        }
    }
    for (at, &alpha) in rest.iter().enumerate() {
        if alpha == T::ZERO {
            continue;
        }
        let (vx, x) = T::split::<S>(&x(4 * fours.len() + at)[..n]);
        let (vy, y) = T::split_mut::<S>(y);
        let v = T::splat(simd, alpha);
        for (y, &x) in vy.iter_mut().zip(vx) {
            *y = step::<T, S, CONJUGATE>(simd, x, v, *y);
        }
        for (y, &x) in y.iter_mut().zip(x) {
            *y += product::<T, CONJUGATE>(x, alpha);
        }
    }
}

/// Entries of a combination that are finished before the next, so that they stay in the nearest cache meanwhile; whole vectors.
const PART: usize = 2048;

/// out ← base − Σ_j values[j] · column(j), in one pass per four columns. An entry has the same bits however `out` is cut up in
/// multiples of eight.
pub(crate) fn subtract_combination<'c, T: Scalar>(
    base: &[T],
    columns: impl Fn(usize) -> &'c [T],
    values: &[T],
    out: &mut [T],
) {
    struct Difference<'v, F, T> {
        base: &'v [T],
        columns: F,
        values: &'v [T],
        out: &'v mut [T],
    }
    impl<'c, T: Scalar, F: Fn(usize) -> &'c [T]> WithSimd for Difference<'_, F, T> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            let (fours, rest) = self.values.as_chunks::<4>();
            let mut from = 0;
            for (base, out) in self.base.chunks(PART).zip(self.out.chunks_mut(PART)) {
                out.copy_from_slice(base);
                for (at, &[p, q, r, s]) in fours.iter().enumerate() {
                    combine_in::<T, S, false>(
                        simd,
                        &[-p, -q, -r, -s],
                        #[inline(always)]
                        |c| &(self.columns)(4 * at + c)[from..],
                        out,
                    );
                }
                for (at, &value) in rest.iter().enumerate() {
                    combine_in::<T, S, false>(
                        simd,
                        &[-value],
                        #[inline(always)]
                        |_| &(self.columns)(4 * fours.len() + at)[from..],
                        out,
                    );
                }
                from += PART;
            }
        }
    }
    arch().dispatch(Difference { base, columns, values, out });
}

/// The same, shared among threads where that is worth it.
pub(crate) fn subtract_combination_shared<'c, T: Scalar>(
    base: &[T],
    columns: impl Fn(usize) -> &'c [T] + Sync,
    values: &[T],
    out: &mut [T],
) {
    if out.len().saturating_mul(values.len()) < SHARED_FROM || rayon::current_num_threads() == 1 {
        return subtract_combination(base, columns, values, out);
    }
    let share = |(at, (base, out)): (usize, (&[T], &mut [T]))| {
        subtract_combination(base, |c| &columns(c)[at * SHARE..], values, out);
    };
    base.par_chunks(SHARE).zip(out.par_chunks_mut(SHARE)).enumerate().for_each(share);
}

/// Entries that one task computes; a multiple of eight.
const SHARE: usize = PART / 2;
/// Multiply-adds below which to share them among threads costs more than it saves.
const SHARED_FROM: usize = 1 << 19;
