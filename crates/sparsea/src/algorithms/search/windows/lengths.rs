//! How wide windows are, and what is near.

use std::ops::Range;

use super::BLOCK;
use super::window::CAPACITY;
use crate::operator::Access;
use crate::scalar::Scalar;

/// Lengths, in columns, that follow from how far columns overlap.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lengths {
    /// Columns of a window.
    pub(super) window: usize,
    /// Columns on either side of it whose coefficients are free, but not their places.
    pub(super) halo: usize,
    /// A refill chooses from the columns this far around the run.
    pub(super) margin: usize,
    /// The widest run of two.
    span: usize,
    /// By which that of three is wider, and then each further one.
    wider: (usize, usize),
}

/// A column like most: from the middle of those that are shifted copies of each other, if these are many, or else of all n, or
/// nearest to it of those that are not zero.
pub(super) fn typical<T: Scalar>(operator: &Access<'_, T>, alike: &Range<usize>, reach: usize) -> usize {
    let n = operator.ncols();
    let from = if alike.len() > 2 * reach + 1 { alike.clone() } else { 0..n };
    let middle = from.start + (from.len() - reach) / 2;
    let mut segment = vec![];
    let mut is_there = |j: usize| {
        segment.clear();
        operator.segment(j, &mut segment);
        segment.iter().any(|&v| v != T::ZERO)
    };
    // Columns in a gap of the data are zero, and so are those that may not be chosen.
    let beside = |apart: usize| [middle.checked_add(apart), middle.checked_sub(apart)].into_iter().flatten();
    let mut near = (0..n).flat_map(beside).filter(|j| j + reach < n);
    near.find(|&j| is_there(j)).unwrap_or(middle)
}

/// Whether a problem can be searched in windows.
pub(in crate::algorithms) fn apply<T: Scalar>(operator: &Access<'_, T>, sparsity: usize) -> bool {
    let beneath = operator.beneath(None);
    Lengths::of(beneath.as_ref().unwrap_or(operator), sparsity).is_some()
}

impl Lengths {
    /// Lengths for columns that overlap their neighbours; `None` if windows make no sense.
    pub(super) fn of<T: Scalar>(operator: &Access<'_, T>, k: usize) -> Option<Self> {
        let local = operator.local()?;
        let (n, reach, alike) = (operator.ncols(), local.reach(), local.alike());
        /// How much columns one width apart have in common, as Gaussian pulses one σ apart: e^(−¼).
        const ONE_WIDTH: f64 = 0.778_800_783_071_404_9;
        /// Columns of a width at most: around wider ones there are too many choices to try them all.
        const WIDEST: usize = 16;
        if n <= 2 * reach + 1 || 4 * k > n {
            return None;
        }
        let middle = typical(operator, &alike, reach);
        // No more than decide it: where the reach is long, all would be expensive.
        let most = reach.min(WIDEST + 1);
        let rows: Vec<usize> = (middle..=middle + most).collect();
        let mut entries = vec![T::ZERO; most + 1];
        operator.gram_entries(&rows, middle, &mut entries);
        let own = Scalar::abs(entries[0]);
        let apart = entries.iter().position(|g| Scalar::abs(*g) < ONE_WIDTH * own).unwrap_or(most.max(1));
        if apart > WIDEST {
            return None;
        }
        let sigma = apart.max(1);
        let halo = (11 * sigma).min(reach + 2).max(4);
        // Not so wide that more members than a window holds are to be expected.
        let crowd = (CAPACITY / 4 * n / k.max(1)).saturating_sub(2 * halo).max(2 * halo);
        let window = (43 * sigma).clamp(64, 640).min(crowd).max(BLOCK);
        if n < 2 * (window + 2 * halo) {
            return None;
        }
        Some(Self {
            window,
            halo,
            margin: (4 * sigma).div_ceil(3),
            span: (8 * sigma).div_ceil(3),
            wider: (4 * sigma - (8 * sigma).div_ceil(3) + 4, (2 * sigma).div_ceil(3)),
        })
    }

    /// The widest run of `count` members that is refilled.
    pub(super) fn span_of(&self, count: usize) -> usize {
        match count {
            0..=2 => self.span,
            _ => self.span + self.wider.0 + (count - 3) * self.wider.1,
        }
    }
}
