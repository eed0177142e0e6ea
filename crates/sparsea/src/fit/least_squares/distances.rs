//! How far every column of A is from the span of a growing support.

use crate::kernels::{add_combination, axpy, simd};
use crate::scalar::Scalar;
use crate::tolerance::NORMAL_SINE_SQUARED;

/// ‖a_i − P_S a_i‖² for every column i while columns join S, from columns of the Gram matrix alone.
///
/// Keeps Aᴴ q for an orthonormal basis q of the support: n |S| numbers.
#[derive(Debug)]
pub(crate) struct Distances<T> {
    members: Vec<usize>,
    /// Aᴴ q for each basis vector q, end to end.
    basis: Vec<T>,
    squares: Vec<f64>,
    /// What a joining column has of each basis vector.
    shares: Vec<T>,
    /// Squared distances below which a column counts as dependent on the support.
    floors: Vec<f64>,
}

impl<T: Scalar> Distances<T> {
    /// The distances from the empty span: the columns' own squared norms. Makes room for `most` columns to join.
    pub(crate) fn new(column_norms: &[f64], most: usize) -> Self {
        let squares: Vec<f64> = column_norms.iter().map(|norm| norm * norm).collect();
        let floors = squares.iter().map(|square| NORMAL_SINE_SQUARED * square).collect();
        let basis = Vec::with_capacity(most * column_norms.len());
        Self { members: Vec::with_capacity(most), basis, squares, shares: Vec::new(), floors }
    }

    /// Adds column `j`, whose column of the Gram matrix is `gram`. Returns false, changing nothing, if it depends on
    /// the support. Cost: n |S| multiply-adds.
    pub(crate) fn join(&mut self, j: usize, gram: &[T]) -> bool {
        let n = gram.len();
        if self.squares[j] <= self.floors[j] {
            return false;
        }
        let at = self.basis.len();
        self.basis.extend_from_slice(gram);
        let (before, row) = self.basis.split_at_mut(at);
        self.shares.clear();
        self.shares.extend(before.chunks_exact(n).map(|q| -Scalar::conj(q[j])));
        add_combination(&self.shares, |at| &before[at * n..][..n], false, row);
        let length = row[j].real();
        if length <= self.floors[j] {
            self.basis.truncate(at);
            self.squares[j] = 0.0;
            return false;
        }
        let inverse = 1.0 / length.sqrt();
        let squares = &mut self.squares;
        simd(
            #[inline(always)]
            || {
                for (v, square) in row.iter_mut().zip(squares.iter_mut()) {
                    *v = v.scale(inverse);
                    *square -= v.abs2();
                }
            },
        );
        self.members.push(j);
        for &member in &self.members {
            self.squares[member] = 0.0;
        }
        true
    }

    /// c ← Aᴴ(r − q qᴴr) from c = Aᴴr for the basis vector q of the column that joined last, as a fit on the larger support
    /// leaves it. Cost: n multiply-adds.
    pub(crate) fn fit_last(&self, correlation: &mut [T]) {
        let n = correlation.len();
        let (Some(&j), Some(row)) = (self.members.last(), self.basis.chunks_exact(n).next_back()) else { return };
        // qᴴr = a_jᴴr / ‖a_j − P a_j‖, and that distance is what q and a_j have in common.
        let step = correlation[j].scale(-1.0 / row[j].real());
        axpy(step, row, correlation);
        for &member in &self.members {
            correlation[member] = T::ZERO;
        }
    }

    /// The column i off the support with the largest |c_i|²/‖a_i − P_S a_i‖², which is what ‖r‖² falls by when it joins,
    /// for c = Aᴴ r. `None` if no column would lower the residual.
    pub(crate) fn best(&self, correlation: &[T]) -> Option<(usize, f64)> {
        // Compared without dividing: most columns lose, whole blocks of them at a time.
        const LANES: usize = 16;
        let (mut best, mut most) = (None, 0.0);
        simd(
            #[inline(always)]
            || {
                let (values, squares, floors) = (correlation, &self.squares[..], &self.floors[..]);
                let blocks = values.as_chunks::<LANES>().0.iter();
                let limits = squares.as_chunks::<LANES>().0.iter().zip(floors.as_chunks::<LANES>().0);
                let mut scan = |from: usize, to: usize| {
                    for i in from..to {
                        if values[i].abs2() > most * squares[i] && squares[i] > floors[i] {
                            most = values[i].abs2() / squares[i];
                            best = Some((i, most));
                        }
                    }
                    most
                };
                let (mut from, mut least) = (0, 0.0);
                for (values, (squares, floors)) in blocks.zip(limits) {
                    let mut any = false;
                    for lane in 0..LANES {
                        any |= (values[lane].abs2() > least * squares[lane]) & (squares[lane] > floors[lane]);
                    }
                    if any {
                        least = scan(from, from + LANES);
                    }
                    from += LANES;
                }
                scan(from, values.len());
            },
        );
        best
    }
}
