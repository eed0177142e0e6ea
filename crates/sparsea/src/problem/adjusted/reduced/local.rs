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
            if begin >= end {
                return T::ZERO;
            }
            let both = one[begin - from..end - from].iter().zip(&other[begin - first..end - first]);
            return match &self.roots {
                Some(roots) => both.zip(&roots[begin..end]).map(|((a, &b), &root)| a.conj().scale(root) * b).sum(),
                None => both.map(|(a, &b)| a.conj() * b).sum(),
            };
        };
        let entry = |(at, v): (usize, &T)| {
            // Rows count on beyond the last.
            let place = (from + at + period - first % period) % period;
            other.get(place).map(|&w| v.conj().scale(weighted(at)) * w)
        };
        one.iter().enumerate().filter_map(entry).sum()
    }

    /// The longest run of columns of A that are alike whose rows have one weight, and whether each column is like those.
    fn runs(&self) -> &(Range<usize>, Vec<bool>) {
        self.alike.get_or_init(|| {
            let mut like = vec![false; self.shape.1];
            let Some(local) = self.local() else { return (0..0, like) };
            let mut segment = vec![];
            // The weight of the rows of each column, if it is one.
            let mut weight_of = |j: usize| {
                segment.clear();
                let first = local.segment(j, &mut segment);
                let mut weights = (first..first + segment.len()).map(|row| self.root(row));
                let weight = weights.next().filter(|_| !self.zeros[j])?;
                weights.all(|other| other == weight).then_some(weight)
            };
            let alike = local.alike();
            let weights: Vec<Option<f64>> = alike.clone().map(&mut weight_of).collect();
            let (mut best, mut begin) = (0..0, 0);
            for (at, weight) in weights.iter().enumerate() {
                if *weight != weights[begin] {
                    begin = at;
                }
                if weight.is_some() && at + 1 - begin > best.len() {
                    best = begin..at + 1;
                }
            }
            // Periodic columns are alike where all are.
            if best.is_empty() || (local.period().is_some() && best.len() < self.shape.1) {
                return (0..0, like);
            }
            for (like, weight) in like[alike.clone()].iter_mut().zip(&weights) {
                *like = *weight == weights[best.start];
            }
            (alike.start + best.start..alike.start + best.end, like)
        })
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

    fn alike(&self) -> Range<usize> {
        self.runs().0.clone()
    }

    fn is_alike(&self, j: usize) -> bool {
        self.runs().1[j]
    }

    fn period(&self) -> Option<usize> {
        self.local().and_then(Local::period)
    }
}
