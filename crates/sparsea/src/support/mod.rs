//! Supports: sets of column indices, sets of supports seen, and the selection of the k entries largest in magnitude.

mod selection;
mod set;

use std::ops::Deref;

use serde::Serialize;

use crate::error::Error;

pub use selection::TopK;
pub(crate) use selection::largest;
pub use set::SupportSet;
pub(crate) use set::{FingerprintHash, fingerprint};

/// A support S: column indices, sorted and distinct.
///
/// It dereferences to the slice of its indices. Collecting indices, or [`refill`](Self::refill), sorts them and removes duplicates.
#[derive(Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Support(Vec<usize>);

impl Support {
    /// The empty support.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// The empty support, with room for `size` indices.
    #[must_use]
    pub fn with_capacity(size: usize) -> Self {
        Self(Vec::with_capacity(size))
    }

    /// Makes a support of indices in any order. Each must be below `columns` and occur once.
    ///
    /// # Errors
    /// [`Error::SupportIndex`], [`Error::SupportRepeats`].
    pub fn checked(mut indices: Vec<usize>, columns: usize) -> Result<Self, Error> {
        indices.sort_unstable();
        if let Some(&index) = indices.last()
            && index >= columns
        {
            return Err(Error::SupportIndex { index, columns });
        }
        match indices.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(Error::SupportRepeats { index: pair[0] }),
            None => Ok(Self(indices)),
        }
    }

    /// The indices.
    #[must_use]
    pub fn as_slice(&self) -> &[usize] {
        &self.0
    }

    /// Converts the support into its indices.
    #[must_use]
    pub fn into_vec(self) -> Vec<usize> {
        self.0
    }

    /// Whether column j is in the support. Cost: log |S|.
    #[must_use]
    pub fn contains(&self, j: usize) -> bool {
        self.0.binary_search(&j).is_ok()
    }

    /// The position of column j among the indices.
    #[must_use]
    pub fn position(&self, j: usize) -> Option<usize> {
        self.0.binary_search(&j).ok()
    }

    /// Adds column j; false if it was already there.
    pub fn insert(&mut self, j: usize) -> bool {
        let place = self.0.partition_point(|&i| i < j);
        let new = self.0.get(place) != Some(&j);
        if new {
            self.0.insert(place, j);
        }
        new
    }

    /// Removes column j; false if it was not there.
    pub fn remove(&mut self, j: usize) -> bool {
        self.position(j).map(|place| self.0.remove(place)).is_some()
    }

    /// Becomes a copy of `indices`, those of another support.
    pub(crate) fn copy(&mut self, indices: &[usize]) {
        debug_assert!(indices.is_sorted_by(|a, b| a < b), "a support is sorted and distinct: {indices:?}");
        self.0.clear();
        self.0.extend_from_slice(indices);
    }

    /// Replaces the columns by others that are distinct, in any order.
    pub(crate) fn refill_distinct(&mut self, indices: impl IntoIterator<Item = usize>) {
        self.0.clear();
        self.0.extend(indices);
        self.0.sort_unstable();
        debug_assert!(self.0.windows(2).all(|pair| pair[0] < pair[1]), "{:?}", self.0);
    }

    /// Removes all columns.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Replaces the columns by the given ones, in any order.
    pub fn refill(&mut self, indices: impl IntoIterator<Item = usize>) {
        self.0.clear();
        self.extend(indices);
    }
}

/// Adds columns, in any order.
impl Extend<usize> for Support {
    fn extend<I: IntoIterator<Item = usize>>(&mut self, indices: I) {
        self.0.extend(indices);
        self.0.sort_unstable();
        self.0.dedup();
    }
}

impl FromIterator<usize> for Support {
    fn from_iter<I: IntoIterator<Item = usize>>(indices: I) -> Self {
        let mut support = Self::new();
        support.extend(indices);
        support
    }
}

impl<const N: usize> From<[usize; N]> for Support {
    fn from(indices: [usize; N]) -> Self {
        indices.into_iter().collect()
    }
}

impl From<Support> for Vec<usize> {
    fn from(support: Support) -> Self {
        support.0
    }
}

impl Clone for Support {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }

    /// Allocates nothing where there is room.
    fn clone_from(&mut self, source: &Self) {
        self.0.clone_from(&source.0);
    }
}

impl Deref for Support {
    type Target = [usize];

    fn deref(&self) -> &[usize] {
        &self.0
    }
}

impl<'s> IntoIterator for &'s Support {
    type Item = &'s usize;
    type IntoIter = std::slice::Iter<'s, usize>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

/// Number of indices that two sorted supports have in common.
pub fn shared(a: &[usize], b: &[usize]) -> usize {
    let (mut i, mut j, mut count) = (0, 0, 0);
    while i < a.len() && j < b.len() {
        match a[i].cmp(&b[j]) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => {
                (i, j, count) = (i + 1, j + 1, count + 1);
            }
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn supports_are_checked() {
        assert_eq!(Support::checked(vec![3, 1], 4).map(Support::into_vec), Ok(vec![1, 3]));
        assert_eq!(Support::checked(vec![3, 1], 3), Err(Error::SupportIndex { index: 3, columns: 3 }));
        assert_eq!(Support::checked(vec![1, 1], 3), Err(Error::SupportRepeats { index: 1 }));
        assert_eq!(shared(&[1, 3, 5], &[0, 3, 5, 9]), 2);
    }

    #[test]
    fn a_support_stays_sorted_and_distinct() {
        let mut support = Support::from([5, 1, 5]);
        assert_eq!(*support, [1, 5]);
        assert!(
            support.insert(3) && !support.insert(3) && support.insert(9) && support.remove(1) && !support.remove(1)
        );
        assert_eq!(*support, [3, 5, 9]);
        assert!(support.contains(5) && !support.contains(4));
        assert_eq!((support.position(9), support.position(2)), (Some(2), None));
        support.extend([4, 3]);
        assert_eq!(support.into_vec(), [3, 4, 5, 9]);
    }
}
