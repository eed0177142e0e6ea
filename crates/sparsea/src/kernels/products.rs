//! Inner products, one or many at a time, and combinations of vectors.

use std::hint::black_box;
use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::arch;
use crate::parallel::{self, *};
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

/// Lines and vectors whose products are summed at the same time: their sums, and what is multiplied, fill sixteen registers.
pub(crate) const TILE: (usize, usize) = (3, 4);
/// Vectors of the machine that a tile reads of each line before it begins with the next part of them, in fours: all that it reads of
/// its lines and vectors stays in the nearest cache, from which it is read four times.
const TILE_FOURS: usize = 24;

/// a_lᴴ v_c for L lines and V vectors of one length, each with the bits that it has alone: as in `dot_in` there are four partial sums,
/// here one after the other, so that those of one kind of all products are in registers at the same time.
#[inline(always)]
fn tile_in<T: Scalar, S: Simd, const L: usize, const V: usize>(
    simd: S,
    lines: [&[T]; L],
    vectors: [&[T]; V],
) -> [[T; V]; L] {
    let n = vectors[0].len();
    let zero = T::splat(simd, T::ZERO);
    let (mut a, mut last_a, mut rest_a) = ([&[][..]; L], [&[][..]; L], [&[][..]; L]);
    let (mut b, mut last_b, mut rest_b) = ([&[][..]; V], [&[][..]; V], [&[][..]; V]);
    for l in 0..L {
        let (whole, rest) = T::split::<S>(&lines[l][..n]);
        ((a[l], last_a[l]), rest_a[l]) = (whole.as_chunks::<4>(), rest);
    }
    for v in 0..V {
        let (whole, rest) = T::split::<S>(&vectors[v][..n]);
        ((b[v], last_b[v]), rest_b[v]) = (whole.as_chunks::<4>(), rest);
    }
    let mut sums = [[[zero; V]; L]; 4];
    let fours = b[0].len();
    let mut from = 0;
    while from < fours {
        let to = fours.min(from + TILE_FOURS);
        let (mut a_now, mut b_now) = ([&[][..]; L], [&[][..]; V]);
        for l in 0..L {
            a_now[l] = &a[l][from..to];
        }
        for v in 0..V {
            b_now[v] = &b[v][from..to];
        }
        // Unknown to the compiler, which would otherwise hold sums of several parts at the same time, and not in registers.
        for (part, sums) in sums.iter_mut().enumerate().take(black_box(4)) {
            let mut sum = *sums;
            for i in 0..to - from {
                let mut x = [zero; L];
                for l in 0..L {
                    x[l] = a_now[l][i][part];
                }
                for v in 0..V {
                    let y = b_now[v][i][part];
                    for l in 0..L {
                        sum[l][v] = step::<T, S, true>(simd, x[l], y, sum[l][v]);
                    }
                }
            }
            *sums = sum;
        }
        from = to;
    }
    let mut totals = [[T::ZERO; V]; L];
    for l in 0..L {
        for v in 0..V {
            for (&a, &b) in last_a[l].iter().zip(last_b[v]) {
                sums[0][l][v] = step::<T, S, true>(simd, a, b, sums[0][l][v]);
            }
            totals[l][v] = total_of_four(simd, [sums[0][l][v], sums[1][l][v], sums[2][l][v], sums[3][l][v]]);
            for (&a, &b) in rest_a[l].iter().zip(rest_b[v]) {
                totals[l][v] += product::<T, true>(a, b);
            }
        }
    }
    totals
}

/// `outs[c][l]` ← lineᴴ_l v_c for several lines and vectors, each line read from memory once. Lines and vectors are zero outside a
/// part: from where to where, and (for both) the whole. Every product has the bits that it has alone.
pub(crate) fn block_dots<T: Scalar>(
    lines: &[(Range<usize>, &[T])],
    vectors: &[(Range<usize>, &[T])],
    outs: &mut [&mut [T]],
) {
    struct Block<'v, 'o, T> {
        lines: &'v [(Range<usize>, &'v [T])],
        vectors: &'v [(Range<usize>, &'v [T])],
        outs: &'v mut [&'o mut [T]],
    }
    impl<T: Scalar> WithSimd for Block<'_, '_, T> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            let Self { lines, vectors, outs } = self;
            let mut done = 0;
            while done < lines.len() {
                let (part, line) = &lines[done];
                // Lines that are alike at the same time, so that vectors come from their cache less often.
                let alike = lines[done..].iter().take(TILE.0).take_while(|(other, _)| other == part).count();
                let mut c = 0;
                while c < vectors.len() {
                    let (used, v) = &vectors[c];
                    let at = common(part, used);
                    if !T::IS_COMPLEX
                        && alike == TILE.0
                        && let Some([(u, w), (t, x), (s, y)]) = vectors[c + 1..].first_chunk()
                        && u == used
                        && t == used
                        && s == used
                    {
                        let (next, third) = (lines[done + 1].1, lines[done + 2].1);
                        let lines = [&line[at.clone()], &next[at.clone()], &third[at.clone()]];
                        let of = [&v[at.clone()], &w[at.clone()], &x[at.clone()], &y[at]];
                        let totals = tile_in::<T, S, { TILE.0 }, { TILE.1 }>(simd, lines, of);
                        for (place, totals) in totals.iter().enumerate() {
                            for (out, &total) in outs[c..].iter_mut().zip(totals) {
                                out[done + place] = total;
                            }
                        }
                        c += TILE.1;
                        continue;
                    }
                    let out = &mut outs[c];
                    let mut l = done;
                    if alike > 1 {
                        let next = lines[done + 1].1;
                        [out[l], out[l + 1]] = two_dots_in(simd, &line[at.clone()], &next[at.clone()], &v[at.clone()]);
                        l += 2;
                    }
                    if l < done + alike {
                        out[l] = dot_in::<T, S, true>(simd, &lines[l].1[at.clone()], &v[at]);
                    }
                    c += 1;
                }
                done += alike;
            }
        }
    }
    arch().dispatch(Block { lines, vectors, outs });
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
    if out.len().saturating_mul(values.len()) < SHARED_FROM || parallel::current_num_threads() == 1 {
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
