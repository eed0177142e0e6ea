//! Copies of a patch of an image, weighted.

use super::Reduced;
use crate::kernels::simd;
use crate::operator::Planar;
use crate::scalar::Scalar;

impl<T: Scalar> Reduced<'_, T> {
    /// Gram entries of columns of a patch.
    pub(super) fn gram_of_pixels(&self, planar: &dyn Planar<T>, rows: Option<&[usize]>, j: usize, out: &mut [T]) {
        if let Some(rows) = rows {
            return rows.iter().zip(out).for_each(|(&i, out)| *out = self.entry(i, j));
        }
        let (image, (length, _)) = (planar.image(), planar.patch());
        let around = |at: usize, length: usize, image: usize| -> Vec<usize> {
            if planar.is_periodic() && 2 * length <= image {
                (at + image + 1 - length..at + image + length).map(|at| at % image).collect()
            } else if planar.is_periodic() {
                (0..image).collect()
            } else {
                ((at + 1).saturating_sub(length)..image.min(at + length)).collect()
            }
        };
        out.fill(T::ZERO);
        let across = around(j % image.1, length.1, image.1);
        for row in around(j / image.1, length.0, image.0) {
            across.iter().map(|column| row * image.1 + column).for_each(|i| out[i] = self.entry(i, j));
        }
    }
}

impl<T: Scalar> Planar<T> for Reduced<'_, T> {
    fn image(&self) -> (usize, usize) {
        self.planar().map_or((1, self.shape.1), Planar::image)
    }

    fn seen(&self) -> (usize, usize) {
        self.planar().map_or((1, self.shape.0), Planar::seen)
    }

    fn first(&self) -> (usize, usize) {
        self.planar().map_or((0, 0), Planar::first)
    }

    fn is_periodic(&self) -> bool {
        self.planar().is_some_and(Planar::is_periodic)
    }

    fn patch(&self) -> ((usize, usize), &[T]) {
        self.planar().map_or(((0, 0), &[]), Planar::patch)
    }

    fn autocorrelation(&self) -> &[T] {
        self.planar().map_or(&[], Planar::autocorrelation)
    }

    fn factors(&self) -> Option<(&[T], &[T])> {
        self.planar().and_then(Planar::factors)
    }

    fn pixel_factors(&self) -> Option<&[f64]> {
        self.roots.as_deref()
    }

    fn is_left_out(&self, j: usize) -> bool {
        self.zeros[j]
    }

    fn is_whole(&self, j: usize) -> bool {
        let Some(planar) = self.planar().filter(|_| !self.zeros[j]) else { return false };
        let Some(roots) = &self.roots else { return planar.is_whole(j) };
        let look = || {
            let (image, seen, first) = (planar.image(), planar.seen(), planar.first());
            let (length, _) = planar.patch();
            // Pixels above and to the left whose factor is not 1.
            let mut sums = vec![0u32; (seen.0 + 1) * (seen.1 + 1)];
            let across = seen.1 + 1;
            for (row, roots) in roots.chunks(seen.1).enumerate() {
                let mut line = 0;
                for (column, &root) in roots.iter().enumerate() {
                    line += u32::from(root != 1.0);
                    sums[(row + 1) * across + column + 1] = sums[row * across + column + 1] + line;
                }
            }
            let is_plain = |j: usize| {
                let (top, left) = (j / image.1, j % image.1);
                if top < first.0 || left < first.1 {
                    return false;
                }
                let (top, left) = (top - first.0, left - first.1);
                let (bottom, right) = (top + length.0, left + length.1);
                bottom <= seen.0
                    && right <= seen.1
                    && sums[bottom * across + right] + sums[top * across + left]
                        == sums[bottom * across + left] + sums[top * across + right]
            };
            (0..image.0 * image.1).map(is_plain).collect()
        };
        self.whole.get_or_init(look)[j]
    }

    fn entry(&self, i: usize, j: usize) -> T {
        if self.zeros[i] || self.zeros[j] {
            return T::ZERO;
        }
        let Some(planar) = self.planar() else { return T::ZERO };
        if let (true, true, Some(norms)) = (i == j, self.basis.rank() == 0, &self.norms) {
            return T::from_real(norms[j] * norms[j]);
        }
        match &self.roots {
            Some(roots) if !(self.is_whole(i) && self.is_whole(j)) => Overlap::of(planar).product(roots, i, j),
            _ => planar.entry(i, j),
        }
    }
}

/// Where patches lie.
struct Overlap<'p, T> {
    image: (usize, usize),
    seen: (usize, usize),
    first: (usize, usize),
    length: (usize, usize),
    patch: &'p [T],
    is_periodic: bool,
}

/// Independent partial sums.
const LANES: usize = 8;

impl<'p, T: Scalar> Overlap<'p, T> {
    fn of(planar: &'p dyn Planar<T>) -> Self {
        let (length, patch) = planar.patch();
        let (image, seen, first) = (planar.image(), planar.seen(), planar.first());
        Self { image, seen, first, length, patch, is_periodic: planar.is_periodic() }
    }

    /// Σ w a_iᴴ a_j over the pixels that both meet.
    fn product(&self, roots: &[f64], i: usize, j: usize) -> T {
        let (down, across) = ((i / self.image.1, j / self.image.1), (i % self.image.1, j % self.image.1));
        let rows = self.common(down, (self.first.0, self.length.0, self.seen.0));
        let columns = self.common(across, (self.first.1, self.length.1, self.seen.1));
        let mut sums = [T::ZERO; LANES];
        simd(
            #[inline(always)]
            || {
                for (l, other, row, count) in rows {
                    for at in 0..count {
                        let lines =
                            [l + at, other + at].map(|l| &self.patch[l * self.length.1..(l + 1) * self.length.1]);
                        let roots = &roots[(row + at) * self.seen.1..(row + at + 1) * self.seen.1];
                        for &(l, other, column, count) in &columns {
                            let (one, other) = (&lines[0][l..l + count], &lines[1][other..other + count]);
                            add_weighted(one, other, &roots[column..column + count], &mut sums);
                        }
                    }
                }
            },
        );
        sums.into_iter().sum()
    }

    /// Of the patches of two columns that begin at these places, in one direction: the first entry of either of each run that meet, the
    /// pixel where they do, and how many.
    fn common(
        &self,
        (one, other): (usize, usize),
        (first, length, seen): (usize, usize, usize),
    ) -> [(usize, usize, usize, usize); 4] {
        let mut runs = [(0, 0, 0, 0); 4];
        if !self.is_periodic {
            let from = one.max(other).max(first);
            let to = (one.min(other) + length).min(first + seen);
            if from < to {
                runs[0] = (from - one, from - other, from - first, to - from);
            }
            return runs;
        }
        // Entries go on until a patch ends or the last pixel.
        let (mut l, mut at) = (0, 0);
        while l < length && at < runs.len() {
            let (place, pixel) = ((one + l + seen - other) % seen, (one + l + seen - first % seen) % seen);
            let count = (length - l).min(seen - pixel);
            if place < length {
                let count = count.min(length - place);
                runs[at] = (l, place, pixel, count);
                (l, at) = (l + count, at + 1);
            } else {
                l += count.min(seen - place);
            }
        }
        runs
    }
}

/// Adds root² conj(a) b to the sums.
#[inline(always)]
fn add_weighted<T: Scalar>(a: &[T], b: &[T], roots: &[f64], sums: &mut [T; LANES]) {
    let ((blocks_a, rest_a), (blocks_b, rest_b)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let (blocks_roots, rest_roots) = roots.as_chunks::<LANES>();
    for ((a, b), roots) in blocks_a.iter().zip(blocks_b).zip(blocks_roots) {
        for lane in 0..LANES {
            sums[lane] += (a[lane].conj() * b[lane]).scale(roots[lane] * roots[lane]);
        }
    }
    for (((a, &b), root), sum) in rest_a.iter().zip(rest_b).zip(rest_roots).zip(sums) {
        *sum += (a.conj() * b).scale(root * root);
    }
}
