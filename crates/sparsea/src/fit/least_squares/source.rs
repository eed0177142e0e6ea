//! Where entries of AᴴA and correlations come from, as it was decided, with what is kept for it.

use super::banded::Banded;
use super::gram::GramCache;
use super::plan::{COSTS, Way};
use super::rows::Rows;
use crate::operator::Access;
use crate::scalar::Scalar;

/// One of four, for the whole life of an engine.
#[derive(Debug)]
pub(super) enum Source<T> {
    /// Whole columns of the Gram matrix.
    Gram(GramCache<T>),
    /// Fits by clusters; the factor and the basis serve only where these do not go.
    Clusters(Box<Banded<T>>),
    /// A by rows, once that pays.
    Rows(RowsInTime<T>),
    /// Products with A.
    Products,
}

impl<T: Scalar> Source<T> {
    /// For n columns and `memory` bytes.
    pub(super) fn new(way: Way, n: usize, memory: usize) -> Self {
        match way {
            Way::Gram(room) => Self::Gram(GramCache::new(n, room)),
            Way::Clusters => Self::Clusters(Box::default()),
            Way::Rows => Self::Rows(RowsInTime { state: State::Unasked, wanted: 0, memory }),
            Way::Products => Self::Products,
        }
    }

    /// Forgets what would make the next run another than it is with a new engine; keeps what is known of A.
    pub(super) fn renew(&mut self) {
        match self {
            Self::Gram(cache) => cache.begin(),
            Self::Clusters(clusters) => **clusters = Banded::default(),
            Self::Rows(rows) => rows.wanted = 0,
            Self::Products => {}
        }
    }

    pub(super) fn gram(&self) -> Option<&GramCache<T>> {
        if let Self::Gram(cache) = self { Some(cache) } else { None }
    }

    pub(super) fn gram_mut(&mut self) -> Option<&mut GramCache<T>> {
        if let Self::Gram(cache) = self { Some(cache) } else { None }
    }

    /// Bytes held for Gram columns, or a sparse A by rows.
    pub(super) fn memory_held(&self) -> usize {
        match self {
            Self::Gram(cache) => cache.memory_held(),
            Self::Rows(RowsInTime { state: State::Written(rows), .. }) => rows.memory_held(),
            _ => 0,
        }
    }
}

/// A sparse A by rows, which is written down once a run has wanted it often enough.
#[derive(Debug)]
pub(super) struct RowsInTime<T> {
    state: State<T>,
    /// How often this run would have used it.
    wanted: u32,
    /// Bytes that it may take.
    memory: usize,
}

#[derive(Debug)]
enum State<T> {
    Unasked,
    /// There is no memory for it.
    TooLarge,
    Written(Rows<T>),
}

impl<T: Scalar> RowsInTime<T> {
    /// The rows, if a support of so many columns meets few enough of them that it pays to correlate by these.
    pub(super) fn wanted(&mut self, operator: &Access<'_, T>, columns: usize) -> Option<&mut Rows<T>> {
        let (m, n, cost) = (operator.nrows(), operator.ncols(), operator.adjoint_cost());
        // An entry is met out of order, once for each of its kind in the rows of the support.
        let met = columns.saturating_mul(cost) / n * (cost / m.max(1)).max(1);
        if COSTS.entry * met > cost {
            return None;
        }
        // Rows that an earlier run left behind are not used sooner, so that this one has the bits that it has alone.
        self.wanted = self.wanted.saturating_add(1);
        if self.wanted <= COSTS.rows_after {
            return None;
        }
        if let State::Unasked = self.state {
            self.state = Rows::of(operator, self.memory).map_or(State::TooLarge, State::Written);
        }
        if let State::Written(rows) = &mut self.state { Some(rows) } else { None }
    }
}
