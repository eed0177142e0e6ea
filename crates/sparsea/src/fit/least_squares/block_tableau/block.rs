//! The least squares of one group: a small Hermitian block, and its factor.

use crate::kernels::axpy;
use crate::scalar::Scalar;

/// Memory to score a group in.
#[derive(Debug, Default)]
pub(crate) struct Block<T> {
    /// D, then its factor L.
    pub(super) gram: Vec<T>,
    /// c by column of the group, `sides` numbers each; then L⁻¹ c.
    pub(super) pulls: Vec<T>,
    /// Whether a column is independent of those before it.
    pub(super) is_free: Vec<bool>,
}

impl<T: Scalar> Block<T> {
    /// `gram` ← L with L Lᴴ = D and `pulls` ← L⁻¹ c for a group of `size` columns, without those that depend; Σ|L⁻¹c|².
    pub(super) fn gain(&mut self, size: usize, sides: usize, floors: impl Fn(usize) -> f64) -> f64 {
        let (gram, pulls) = (&mut self.gram, &mut self.pulls);
        self.is_free.clear();
        let mut gain = 0.0;
        for a in 0..size {
            for b in 0..a {
                if !self.is_free[b] {
                    gram[a * size + b] = T::ZERO;
                    continue;
                }
                let through: T = (0..b).map(|c| gram[a * size + c] * Scalar::conj(gram[b * size + c])).sum();
                gram[a * size + b] = (gram[a * size + b] - through).scale(1.0 / gram[b * size + b].real());
            }
            let explained: f64 = (0..a).map(|c| gram[a * size + c].abs2()).sum();
            let pivot = gram[a * size + a].real() - explained;
            let is_free = pivot > floors(a);
            self.is_free.push(is_free);
            if !is_free {
                pulls[a * sides..][..sides].fill(T::ZERO);
                continue;
            }
            let root = pivot.sqrt();
            gram[a * size + a] = T::from_real(root);
            for r in 0..sides {
                let through: T = (0..a).map(|c| gram[a * size + c] * pulls[c * sides + r]).sum();
                let part = (pulls[a * sides + r] - through).scale(1.0 / root);
                pulls[a * sides + r] = part;
                gain += part.abs2();
            }
        }
        gain
    }

    /// Takes a Hermitian matrix in place of D, and factors it.
    pub(crate) fn factor(&mut self, size: usize, entry: impl Fn(usize, usize) -> T) {
        self.pulls.clear();
        self.set(size, entry);
        self.gain(size, 0, |_| 0.0);
    }

    /// `gram` ← a matrix.
    pub(super) fn set(&mut self, size: usize, entry: impl Fn(usize, usize) -> T) {
        self.gram.clear();
        self.gram.extend((0..size * size).map(|at| entry(at / size, at % size)));
    }

    /// `out` ← V L⁻ᴴ for vectors V: u_a = (v_a − Σ_{c<a} conj(L_ac) u_c)/L_aa.
    pub(crate) fn spread<'v>(&self, vectors: impl ExactSizeIterator<Item = &'v [T]>, out: &mut Vec<T>)
    where
        T: 'v,
    {
        out.clear();
        let size = vectors.len();
        for (a, vector) in vectors.enumerate() {
            let begin = out.len();
            out.extend_from_slice(vector);
            let (others, own) = out.split_at_mut(begin);
            for (c, other) in others.chunks(vector.len()).enumerate() {
                axpy(-Scalar::conj(self.gram[a * size + c]), other, own);
            }
            let pivot = self.gram[a * size + a].real();
            own.iter_mut().for_each(|u| *u = u.scale(1.0 / pivot));
        }
    }

    /// `pulls` ← L⁻ᴴ of them: D⁻¹ c after [`gain`](Self::gain).
    pub(super) fn solve(&mut self, size: usize, sides: usize) {
        for a in (0..size).rev() {
            if !self.is_free[a] {
                continue;
            }
            for r in 0..sides {
                let through: T =
                    (a + 1..size).map(|c| Scalar::conj(self.gram[c * size + a]) * self.pulls[c * sides + r]).sum();
                self.pulls[a * sides + r] =
                    (self.pulls[a * sides + r] - through).scale(1.0 / self.gram[a * size + a].real());
            }
        }
    }
}
