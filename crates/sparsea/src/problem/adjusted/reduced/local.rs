//! Columns that overlap only their neighbours, weighted.

use std::ops::Range;

use super::Reduced;
use crate::operator::Local;
use crate::scalar::Scalar;

impl<T: Scalar> Reduced<'_, T> {
    /// b_iᴴ b_j of two local columns, the second as a segment.
    pub(super) fn product_of_segments(
        &self,
        local: &dyn Local<T>,
        i: usize,
        (first, other): (usize, &[T]),
        one: &mut Vec<T>,
    ) -> T {
        if self.zeros[i] {
            return T::ZERO;
        }
        one.clear();
        let from = local.segment(i, one);
        let weighted = |at: usize| self.root(from + at);
        let Some(period) = local.period() else {
            let (begin, end) = (from.max(first), (from + one.len()).min(first + other.len()));
            let entry = |row: usize| one[row - from].conj().scale(weighted(row - from)) * other[row - first];
            return (begin..end).map(entry).sum();
        };
        let entry = |(at, v): (usize, &T)| {
            // Rows count on beyond the last.
            let place = (from + at + period - first % period) % period;
            other.get(place).map(|&w| v.conj().scale(weighted(at)) * w)
        };
        one.iter().enumerate().filter_map(entry).sum()
    }
}

impl<T: Scalar> Local<T> for Reduced<'_, T> {
    fn reach(&self) -> usize {
        self.local().map_or(self.shape.1, Local::reach)
    }

    fn segment(&self, j: usize, out: &mut Vec<T>) -> usize {
        let Some(local) = self.local() else {
            out.resize(out.len() + self.shape.0, T::ZERO);
            return 0;
        };
        let at = out.len();
        let first = local.segment(j, out);
        for (v, row) in out[at..].iter_mut().zip(first..) {
            *v = if self.zeros[j] { T::ZERO } else { v.scale(self.root(row)) };
        }
        first
    }

    /// The longest run of columns of A that are alike whose rows have one weight.
    fn alike(&self) -> Range<usize> {
        let Some(local) = self.local() else { return 0..0 };
        let look = || {
            let alike = local.alike();
            let (mut best, mut begin) = (0..0, alike.start);
            // The weight that columns from `begin` on have.
            let (mut common, mut segment) = (None, vec![]);
            for j in alike {
                segment.clear();
                let first = local.segment(j, &mut segment);
                let mut weights = (first..first + segment.len()).map(|row| self.root(row));
                let weight = weights.next();
                let is_one = weight.is_some() && weights.all(|other| Some(other) == weight) && !self.zeros[j];
                if !is_one || (begin < j && common != weight) {
                    begin = if is_one { j } else { j + 1 };
                }
                common = weight;
                if is_one && j + 1 - begin > best.len() {
                    best = begin..j + 1;
                }
            }
            // Periodic columns are alike where all are.
            if local.period().is_some() && best.len() < self.shape.1 { 0..0 } else { best }
        };
        self.alike.get_or_init(look).clone()
    }

    fn period(&self) -> Option<usize> {
        self.local().and_then(Local::period)
    }
}
