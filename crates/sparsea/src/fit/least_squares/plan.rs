//! What the engine decides before it computes: where numbers come from, and how the factor moves to another support.
//!
//! Both decisions are functions of sizes and costs alone, so that they are the same on every machine.

use std::ops::Range;

use crate::operator::Access;
use crate::scalar::Scalar;

/// What operations cost. The unit is one multiply-add of a triangular solve with a factor that stays in the nearest cache.
/// Measured on steps of SEA with k = 10 … 1000; a factor of 2 either way changes no step by more than a tenth.
pub(super) struct CostModel {
    /// A column that leaves the factor by plane rotations: this, times the square of the number of columns after it.
    rotation: usize,
    /// Any column that joins or leaves, besides: bookkeeping, and what is read for the first time.
    column: usize,
    /// The factor computed as a whole, by blocks of a matrix product: k³ over this, where column by column it takes k³/6.
    block_gain: usize,
    /// Each of the k² entries of the Gram matrix that are gathered for that.
    block_entry: usize,
    /// Columns from which on that is considered.
    block_from: usize,
    /// Leaves by rotations after which the factor is computed anew, so that their rounding cannot add up.
    rotations_kept: u32,
    /// One entry of the Gram matrix, or of a row of A, met out of order: so many entries of A read in order.
    pub(super) entry: usize,
    /// Entries n k from which on clusters are worth what they take to find.
    clusters_from: usize,
    /// The largest supports that are fitted hold this many times k columns: those that CoSaMP merges.
    merged: usize,
    /// Columns that take a product with A and one with Aᴴ each, from which on a fit by conjugate gradients is tried: it takes 30 to 60
    /// products where columns are far from parallel.
    pub(super) conjugate_from: usize,
    /// Products with a sparse A in a run after which it is written down by rows, which takes as long as these.
    pub(super) rows_after: u32,
}

pub(super) const COSTS: CostModel = CostModel {
    rotation: 4,
    column: 800,
    block_gain: 20,
    block_entry: 35,
    block_from: 64,
    rotations_kept: 128,
    entry: 8,
    clusters_from: 1 << 16,
    merged: 3,
    conjugate_from: 24,
    rows_after: 4,
};

/// What is known of a problem before any of it is computed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sizes {
    /// n.
    pub(super) columns: usize,
    /// k.
    pub(super) sparsity: usize,
    /// Multiply-adds of a product with Aᴴ.
    pub(super) product: usize,
    /// Columns of the Gram matrix for which there is memory.
    pub(super) room: usize,
    /// How far columns reach that overlap only their neighbours, and the period of those that are periodic.
    pub(super) local: Option<(usize, Option<usize>)>,
    /// Whether A stores few entries of each column.
    pub(super) sparse: bool,
}

impl Sizes {
    /// Of an operator, with `memory` bytes for columns of its Gram matrix.
    pub(super) fn of<T: Scalar>(operator: &Access<'_, T>, sparsity: usize, memory: usize) -> Self {
        let columns = operator.ncols();
        Self {
            columns,
            sparsity,
            product: operator.adjoint_cost(),
            room: (memory / (columns * size_of::<T>())).min(columns),
            local: match operator.beneath(None) {
                Some(beneath) => beneath.local().map(|local| (local.reach(), local.period())),
                None => operator.local().map(|local| (local.reach(), local.period())),
            },
            sparse: operator.is_sparse(),
        }
    }
}

/// Where entries of AᴴA and correlations come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// Whole columns of the Gram matrix, so many of them kept.
    Gram(usize),
    /// Entries for each cluster of columns that overlap; correlations near what changed.
    Clusters,
    /// Entries by columns; correlations by the rows of A that a support meets.
    Rows,
    /// Entries by columns; correlations by products with Aᴴ.
    Products,
}

/// How the factor gets to another support.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plan {
    /// As a whole, by the block, if that goes. Otherwise, or else:
    pub(super) block: bool,
    /// Columns leave by rotations; or else rows are computed anew
    pub(super) rotate: bool,
    /// from this one on.
    pub(super) first: usize,
}

/// A change of the support.
#[derive(Debug, Clone, Copy)]
pub(super) struct Change {
    /// Columns now.
    pub(super) size: usize,
    /// Columns then.
    pub(super) wanted: usize,
    /// Columns that leave, the place of the first of them, and the sum of the squares of the numbers of columns from each on.
    pub(super) leaving: usize,
    pub(super) first: usize,
    pub(super) squares: usize,
    /// What an entry of the Gram matrix costs that a row computed anew needs.
    pub(super) per_entry: usize,
    /// Leaves by rotations since the factor was computed.
    pub(super) rotations: u32,
}

impl CostModel {
    /// Where numbers come from.
    pub(super) fn way(&self, sizes: &Sizes) -> Way {
        let Sizes { columns: n, sparsity: k, product, room, local, sparse } = *sizes;
        let apart = |(reach, period): (usize, Option<usize>)| {
            // A fit anew takes k b² for b columns within reach of one, a changed column of the factor k².
            let near = reach.saturating_mul(k) / n;
            near.saturating_mul(near) <= k && period.is_none_or(|period| 2 * reach < period)
        };
        if n.saturating_mul(k) > self.clusters_from && local.is_some_and(apart) {
            Way::Clusters
        } else if room >= n.min(self.merged * k) && product >= n.saturating_mul(k) / 2 {
            // By the operator, Aᴴ r costs a product and its adjoint on top of forming r; by columns that are kept n k.
            Way::Gram(room)
        } else if sparse {
            Way::Rows
        } else {
            Way::Products
        }
    }

    /// How the factor moves: whatever is cheapest.
    pub(super) fn plan(&self, change: &Change) -> Plan {
        let Change { size, wanted, leaving, first, squares, per_entry, rotations } = *change;
        let joins = |rows: Range<usize>| -> usize { rows.map(|row| row * (row / 2 + per_entry) + self.column).sum() };
        let kept = size - leaving;
        let (by_rotations, by_rows) = (self.rotation * squares + self.column * leaving, joins(first..kept));
        let too_many = rotations >= self.rotations_kept && leaving > 0 && first < kept;
        let rotate = by_rotations <= by_rows && !too_many;
        let first = if too_many { 0 } else { first };
        let one_by_one = joins(kept..wanted) + if rotate { by_rotations } else { joins(first..kept) };
        let by_block = wanted.pow(2) * (wanted / self.block_gain + per_entry + self.block_entry);
        Plan { block: wanted >= self.block_from && by_block < one_by_one, rotate, first }
    }

    /// Whether correlating near what changed is worth it, for `columns` columns of this reach.
    pub(super) fn nearby(&self, reach: usize, columns: usize, product: usize) -> bool {
        2 * self.entry * reach * columns <= product
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A dense problem with plenty of memory.
    const DENSE: Sizes =
        Sizes { columns: 1000, sparsity: 20, product: 500_000, room: 1000, local: None, sparse: false };

    #[test]
    fn numbers_come_from_where_they_are_cheapest() {
        let way = |sizes: Sizes| COSTS.way(&sizes);
        assert_eq!(way(DENSE), Way::Gram(1000));
        // There is room for 3 k columns, or there is not.
        assert_eq!(way(Sizes { room: 60, ..DENSE }), Way::Gram(60));
        assert_eq!(way(Sizes { room: 59, ..DENSE }), Way::Products);
        // The product is cheaper than n k / 2, as with a fast transform or a sparse A.
        assert_eq!(way(Sizes { product: 9_999, ..DENSE }), Way::Products);
        assert_eq!(way(Sizes { product: 9_999, sparse: true, ..DENSE }), Way::Rows);
        assert_eq!(way(Sizes { sparse: true, ..DENSE }), Way::Gram(1000));
        // A long convolution with few spikes within reach of one another.
        let trace = Sizes { columns: 1_000_000, sparsity: 100, local: Some((50, None)), ..DENSE };
        assert_eq!(way(trace), Way::Clusters);
        assert_eq!(way(Sizes { local: Some((50, Some(1_000_000))), ..trace }), Way::Clusters);
        assert_eq!(way(Sizes { local: Some((50, Some(100))), ..trace }), Way::Products, "columns reach around");
        assert_eq!(way(Sizes { local: Some((200_000, None)), ..trace }), Way::Products, "all within reach");
        assert_eq!(way(Sizes { columns: 600, room: 600, ..trace }), Way::Gram(600), "a short trace");
    }

    /// One column leaves from `first` of `size`, one joins.
    fn exchange(size: usize, first: usize, rotations: u32) -> Plan {
        let change =
            Change { size, wanted: size, leaving: 1, first, squares: (size - first).pow(2), per_entry: 1, rotations };
        COSTS.plan(&change)
    }

    #[test]
    fn the_factor_moves_the_cheapest_way() {
        // Late columns leave by rotations.
        assert_eq!(exchange(50, 49, 0), Plan { block: false, rotate: false, first: 49 });
        assert!(exchange(50, 20, 0).rotate);
        assert!(exchange(300, 280, 0).rotate);
        // After too many rotations the factor is computed from the first row on.
        let anew = exchange(50, 20, COSTS.rotations_kept);
        assert_eq!((anew.rotate, anew.first), (false, 0));
        // Nothing leaves: nothing is computed anew, however many rotations there were.
        let growing = Change { size: 50, wanted: 51, leaving: 0, first: 50, squares: 0, per_entry: 1, rotations: 1000 };
        assert_eq!(COSTS.plan(&growing).first, 50);
        // Many columns at once, by the block; few, one by one.
        let start = |wanted| {
            COSTS.plan(&Change { size: 0, wanted, leaving: 0, first: 0, squares: 0, per_entry: 1, rotations: 0 })
        };
        assert!(start(300).block && !start(20).block);
    }

    /// No plan costs more than computing everything anew.
    #[test]
    fn a_plan_is_no_dearer_than_beginning_anew() {
        let whole = |wanted: usize| (0..wanted).map(|row| row * (row / 2 + 1) + COSTS.column).sum::<usize>();
        for size in [5usize, 20, 63, 200] {
            for first in 0..size {
                let plan = exchange(size, first, 0);
                let cost = if plan.rotate {
                    COSTS.rotation * (size - first).pow(2) + COSTS.column
                } else {
                    (plan.first..size - 1).map(|row| row * (row / 2 + 1) + COSTS.column).sum()
                };
                assert!(cost <= whole(size), "{size} {first} {plan:?}");
            }
        }
    }
}
