//! Aᴴ r where columns overlap only their neighbours: computed where a coefficient has changed, kept everywhere else.

use std::cmp::Ordering;
use std::ops::Range;

use crate::fit::System;
use crate::kernels::axpy;
use crate::operator::Local;
use crate::scalar::Scalar;

/// The point whose correlation was computed last, and where the next one differs.
#[derive(Debug, Default)]
pub(super) struct Nearby<T> {
    support: Vec<usize>,
    values: Vec<T>,
    /// Whether the correlation handed in is still that of this point (but for zeros on the support of a fit).
    pub(super) known: bool,
    windows: Vec<Range<usize>>,
    columns: Vec<usize>,
    entries: Vec<T>,
}

impl<T: Scalar> Nearby<T> {
    /// c ← b − G_S x from the entries of Gram columns within reach, for a c that was computed here last if it is `known`. On the
    /// support entries may be left as they were: after a fit they are zero. Every other entry has the bits of one computed
    /// anew. Cost: as many Gram entries as are within reach for each spike near one that changed, and |S|.
    pub(super) fn correlate(
        &mut self,
        system: &System<'_, T>,
        local: &dyn Local<T>,
        support: &[usize],
        values: &[T],
        correlation: &mut [T],
    ) {
        let within = Within { reach: local.reach(), n: correlation.len(), periodic: local.period().is_some() };
        self.windows.clear();
        if self.known {
            self.find_windows(within, support, values);
        } else {
            self.windows.push(0..correlation.len());
        }
        for at in 0..self.windows.len() {
            self.fill(system, within, support, values, self.windows[at].clone(), correlation);
        }
        if cfg!(debug_assertions) && self.known {
            let mut whole = correlation.to_vec();
            self.fill(system, within, support, values, 0..whole.len(), &mut whole);
            let differs = |&i: &usize| correlation[i] != whole[i] && support.binary_search(&i).is_err();
            debug_assert_eq!((0..whole.len()).find(differs), None);
        }
        self.support.clear();
        self.support.extend_from_slice(support);
        self.values.clear();
        self.values.extend_from_slice(values);
        self.known = true;
    }

    /// Where the correlation differs from that of the point before: within reach of spikes that came, went or changed.
    fn find_windows(&mut self, within: Within, support: &[usize], values: &[T]) {
        let (mut a, mut b) = (0, 0);
        while a < self.support.len() || b < support.len() {
            let (old, new) = (self.support.get(a), support.get(b));
            let order = match (old, new) {
                (Some(i), Some(j)) => i.cmp(j),
                (Some(_), None) => Ordering::Less,
                _ => Ordering::Greater,
            };
            let changed = order != Ordering::Equal || self.values[a] != values[b];
            let j = *if order == Ordering::Greater { &support[b] } else { &self.support[a] };
            a += usize::from(order != Ordering::Greater);
            b += usize::from(order != Ordering::Less);
            if !changed {
                continue;
            }
            self.windows.extend(within.of(j).into_iter().filter(|range| !range.is_empty()));
        }
        self.windows.sort_unstable_by_key(|window| window.start);
        self.windows.dedup_by(|next, last| {
            let meets = next.start <= last.end;
            if meets {
                last.end = last.end.max(next.end);
            }
            meets
        });
    }

    /// The entries of c within a window.
    fn fill(
        &mut self,
        system: &System<'_, T>,
        within: Within,
        support: &[usize],
        values: &[T],
        window: Range<usize>,
        correlation: &mut [T],
    ) {
        correlation[window.clone()].copy_from_slice(&system.data_correlation[window.clone()]);
        // In the order of the support, whatever the window, so that every sum is made in the same order.
        for members in within.members(support, &window) {
            for (&j, &x) in support[members.clone()].iter().zip(&values[members]) {
                for range in within.of(j) {
                    let (from, to) = (range.start.max(window.start), range.end.min(window.end));
                    if from >= to {
                        continue;
                    }
                    self.columns.clear();
                    self.columns.extend(from..to);
                    self.entries.resize(to - from, T::ZERO);
                    system.operator.gram_entries(&self.columns, j, &mut self.entries);
                    axpy(-x, &self.entries, &mut correlation[from..to]);
                }
            }
        }
    }
}

/// Which of n columns overlap which.
#[derive(Debug, Clone, Copy)]
struct Within {
    reach: usize,
    n: usize,
    /// The first column is next to the last. Twice the reach is then less than n.
    periodic: bool,
}

impl Within {
    /// The columns within reach of column j, and those beyond the end at which it lies.
    fn of(self, j: usize) -> [Range<usize>; 2] {
        let Self { reach, n, periodic } = self;
        let beside = j.saturating_sub(reach)..(j + reach + 1).min(n);
        let beyond = match periodic {
            true if j < reach => n - (reach - j)..n,
            true if j + reach >= n => 0..j + reach + 1 - n,
            _ => 0..0,
        };
        [beside, beyond]
    }

    /// The places in a support of members within reach of a window, each once and in order.
    fn members(self, support: &[usize], window: &Range<usize>) -> [Range<usize>; 3] {
        let Self { reach, n, periodic } = self;
        let (mut low, mut high) = (0, support.len());
        if periodic {
            low = support.partition_point(|&j| j + n < window.end + reach);
            high = support.partition_point(|&j| j + reach < window.start + n);
        }
        let from = support.partition_point(|&j| j + reach < window.start).max(low);
        let to = support.partition_point(|&j| j < window.end + reach).max(from);
        [0..low, from..to, high.max(to)..support.len()]
    }
}
