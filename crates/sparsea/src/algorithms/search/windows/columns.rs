//! The columns of a long trace: where they are, and how they overlap.

use super::lengths::{Lengths, typical};
use super::window::Band;
use crate::operator::Access;
use crate::scalar::Scalar;

/// Columns by place. Where they are periodic, places go on beyond the ends.
#[derive(Debug)]
pub(super) struct LocalColumns<T> {
    pub(super) lengths: Lengths,
    longest: usize,
    /// Number of columns n.
    count: usize,
    /// Columns further apart than this have no row in common.
    pub(super) reach: usize,
    /// m = n, where columns are periodic.
    pub(super) period: Option<usize>,
    /// Most columns are shifted copies of each other: one of them with its first row less its place, and their Gram entries by distance.
    /// Of each column, how many before it are none of these.
    unlike: Vec<u32>,
    template: (Vec<T>, isize),
    band: Vec<T>,
}

impl<T: Scalar> LocalColumns<T> {
    /// `None` unless columns are local enough for k of them to be searched in windows.
    pub(super) fn of(operator: &Access<'_, T>, k: usize) -> Option<Self> {
        let local = operator.local()?;
        let (reach, period, alike) = (local.reach(), local.period(), local.alike());
        let lengths = Lengths::of(operator, k)?;
        let middle = typical(operator, &alike, reach);
        let mut template = Vec::new();
        let first = operator.segment(middle, &mut template) as isize - middle as isize;
        let rows: Vec<usize> = (middle..=middle + reach).collect();
        let mut band = vec![T::ZERO; reach + 1];
        operator.gram_entries(&rows, middle, &mut band);
        band.iter_mut().for_each(|g| *g = g.conj());
        let longest = if alike.len() > 2 * reach + 1 {
            template.len()
        } else {
            let mut memory = vec![];
            let length = |j: usize| {
                memory.clear();
                operator.segment(j, &mut memory);
                memory.len()
            };
            (0..operator.ncols()).map(length).max().unwrap_or(0)
        };
        // Too few to be told from others in a window.
        let is_alike = |j: usize| alike.len() > 2 * reach + 1 && local.is_alike(j);
        let mut unlike = vec![0];
        unlike.extend((0..operator.ncols()).scan(0, |count, j| {
            *count += u32::from(!is_alike(j));
            Some(*count)
        }));
        Some(Self {
            longest,
            lengths,
            count: operator.ncols(),
            reach,
            period,
            unlike,
            template: (template, first),
            band,
        })
    }

    /// The largest |a_ij| of a typical column.
    pub(super) fn largest(&self) -> f64 {
        self.template.0.iter().map(|v| Scalar::abs(*v)).fold(0.0, f64::max)
    }

    /// Entries of a column at most.
    pub(super) fn longest(&self) -> usize {
        self.longest
    }

    /// ‖a_j‖² of a typical column.
    pub(super) fn square(&self) -> f64 {
        self.band[0].real()
    }

    /// Number of columns n.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The columns of a window, of one of the two tilings that are half a window apart; none beyond the last column.
    pub(super) fn window(&self, tiling: usize, at: usize) -> (usize, usize) {
        let width = self.lengths.window;
        let shift = tiling * width / 2;
        ((at * width).saturating_sub(shift), ((at + 1) * width - shift).min(self.count))
    }

    /// Windows of a tiling.
    pub(super) fn windows(&self, tiling: usize) -> usize {
        (self.count + tiling * self.lengths.window / 2).div_ceil(self.lengths.window)
    }

    /// The column at a place; `None` beyond the ends.
    pub(super) fn at(&self, place: isize) -> Option<usize> {
        let n = self.count as isize;
        match self.period {
            Some(_) => Some(place.rem_euclid(n) as usize),
            None => (0..n).contains(&place).then_some(place as usize),
        }
    }

    /// Whether column j is one of those that are shifted copies of each other.
    fn is_alike(&self, j: usize) -> bool {
        self.unlike[j] == self.unlike[j + 1]
    }

    /// Whether all columns at `width` places from `low` on are, and none lies beyond the ends.
    fn are_alike(&self, low: isize, width: usize) -> bool {
        let n = self.count;
        let Some(first) = self.at(low) else { return false };
        let (end, around) = (first + width, (first + width).saturating_sub(n));
        (around == 0 || self.period.is_some())
            && self.unlike[first] == self.unlike[end.min(n)]
            && self.unlike[around.min(n)] == 0
    }

    /// The Gram entries of the columns at `width` places from `low` on. `own` holds them where they differ from those elsewhere.
    pub(super) fn band<'b>(
        &'b self,
        operator: &Access<'_, T>,
        low: isize,
        width: usize,
        own: &'b mut Vec<T>,
    ) -> Band<'b, T> {
        if self.are_alike(low, width) {
            return Band { entries: &self.band, stride: 0, reach: self.reach };
        }
        let stride = self.reach + 1;
        own.clear();
        own.resize(width * stride, T::ZERO);
        for p in 0..width {
            let Some(j) = self.at(low + p as isize) else { continue };
            let apart = self.reach.min(width - 1 - p);
            let others: Vec<usize> = (0..=apart).filter_map(|d| self.at(low + (p + d) as isize)).collect();
            let entries = &mut own[p * stride..][..others.len()];
            operator.gram_entries(&others, j, entries);
            entries.iter_mut().for_each(|g| *g = g.conj());
        }
        Band { entries: own, stride, reach: self.reach }
    }

    /// Calls `work` with the column at a place and its first row, counted on where columns are periodic.
    pub(super) fn with<R>(
        &self,
        operator: &Access<'_, T>,
        place: isize,
        memory: &mut Vec<T>,
        work: impl FnOnce(isize, &[T]) -> R,
    ) -> R {
        match self.at(place) {
            Some(j) if self.is_alike(j) && self.period.is_none() => work(place + self.template.1, &self.template.0),
            _ => {
                let (row, _) = self.segment(operator, place, memory);
                work(row, memory)
            }
        }
    }

    /// The column at a place: its first row and its length.
    pub(super) fn segment(&self, operator: &Access<'_, T>, place: isize, memory: &mut Vec<T>) -> (isize, usize) {
        memory.clear();
        let Some(j) = self.at(place) else { return (0, 0) };
        let row = operator.segment(j, memory) as isize + place - j as isize;
        (row, memory.len())
    }
}
