//! Groups of columns.

use std::collections::HashMap;
use std::hash::Hash;

use crate::error::Error;
use crate::support::Support;

/// A partition of columns into groups: [`Problem::with_groups`](crate::Problem::with_groups).
///
/// Groups are numbered in the order of their first columns. They may differ in size, and their columns need not be adjacent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    /// By column, its group; as many as there are groups for a column in none.
    group_of: Vec<usize>,
    /// The columns of the groups, end to end, each group sorted.
    columns: Vec<usize>,
    /// Where the columns of each group begin, and the last end.
    begins: Vec<usize>,
}

impl Partition {
    /// Makes a group of the columns that have the same label.
    ///
    /// # Errors
    /// [`Error::Empty`] if there are no labels.
    pub fn new<L: Eq + Hash>(labels: &[L]) -> Result<Self, Error> {
        if labels.is_empty() {
            return Err(Error::Empty { rows: 0, columns: 0 });
        }
        let mut known: HashMap<&L, usize> = HashMap::new();
        let mut number = |label| {
            let next = known.len();
            *known.entry(label).or_insert(next)
        };
        let group_of: Vec<usize> = labels.iter().map(&mut number).collect();
        let mut groups = vec![vec![]; known.len()];
        group_of.iter().enumerate().for_each(|(j, &group)| groups[group].push(j));
        Ok(Self::of(groups, labels.len()))
    }

    /// Of so many columns, some of which may be in no group. Groups are sorted, and in the order of their first columns.
    pub(crate) fn of(groups: Vec<Vec<usize>>, columns: usize) -> Self {
        let mut group_of = vec![groups.len(); columns];
        let mut begins = vec![0];
        for (group, columns) in groups.iter().enumerate() {
            columns.iter().for_each(|&j| group_of[j] = group);
            begins.push(begins[group] + columns.len());
        }
        Self { group_of, columns: groups.concat(), begins }
    }

    /// The same groups in several copies of the columns, one after the other, each together with its copies.
    pub(crate) fn repeated(&self, copies: usize) -> Self {
        let n = self.ncols();
        let copied = |columns: &[usize]| (0..copies).flat_map(|b| columns.iter().map(move |&j| b * n + j)).collect();
        Self::of(self.groups().map(copied).collect(), copies * n)
    }

    /// The groups among the first so many columns, in which each begins.
    pub(crate) fn first(&self, columns: usize) -> Self {
        let among = |group: &[usize]| group.iter().copied().take_while(|&j| j < columns).collect();
        Self::of(self.groups().map(among).collect(), columns)
    }

    /// Number of groups.
    #[must_use]
    pub fn len(&self) -> usize {
        self.begins.len() - 1
    }

    /// Whether there are no groups.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of columns n.
    #[must_use]
    pub fn ncols(&self) -> usize {
        self.group_of.len()
    }

    /// The columns of a group, sorted; none if there is no such group.
    #[must_use]
    pub fn columns(&self, group: usize) -> &[usize] {
        match (self.begins.get(group), self.begins.get(group + 1)) {
            (Some(&begin), Some(&end)) => &self.columns[begin..end],
            _ => &[],
        }
    }

    /// The group of column j; `None` if there is no such column.
    #[must_use]
    pub fn group_of(&self, column: usize) -> Option<usize> {
        self.group_of.get(column).copied().filter(|&group| group < self.len())
    }

    /// The groups, each by its columns.
    pub(crate) fn groups(&self) -> impl Iterator<Item = &[usize]> {
        (0..self.len()).map(|group| self.columns(group))
    }

    /// The largest number of columns that `count` groups have together.
    #[must_use]
    pub fn most_columns(&self, count: usize) -> usize {
        let mut sizes: Vec<usize> = self.groups().map(<[usize]>::len).collect();
        sizes.sort_unstable_by(|a, b| b.cmp(a));
        sizes.iter().take(count).sum()
    }

    /// Whether every group is a single column.
    pub(crate) fn is_single(&self) -> bool {
        self.columns.len() == self.len()
    }

    /// Groups that have a column among some.
    pub(crate) fn count(&self, columns: &[usize]) -> usize {
        self.touched(columns).len()
    }

    /// The groups that have a column among some, sorted.
    pub(crate) fn touched(&self, columns: &[usize]) -> Support {
        columns.iter().filter_map(|&j| self.group_of(j)).collect()
    }

    /// Replaces a support by the columns of some groups.
    pub(crate) fn fill(&self, groups: impl IntoIterator<Item = usize>, support: &mut Support) {
        support.refill_distinct(groups.into_iter().flat_map(|group| self.columns(group).iter().copied()));
    }

    /// By group, the sum of what `value` says of its columns, into `sums`; one more number than groups, of no meaning.
    pub(crate) fn sums<V: Copy>(&self, values: &[V], value: impl Fn(V) -> f64, sums: &mut Vec<f64>) {
        sums.clear();
        sums.resize(self.len() + 1, 0.0);
        self.group_of.iter().zip(values).for_each(|(&group, &one)| sums[group] += value(one));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_make_groups() {
        let partition = Partition::new(&["b", "a", "b", "c", "a"]).unwrap();
        assert_eq!(partition.groups().collect::<Vec<_>>(), [&[0, 2][..], &[1, 4], &[3]]);
        assert_eq!((partition.len(), partition.ncols(), partition.most_columns(2)), (3, 5, 4));
        assert_eq!((partition.group_of(4), partition.group_of(9)), (Some(1), None));
        assert_eq!(partition.count(&[0, 2, 3]), 2);
        assert_eq!(*partition.touched(&[2, 4]), [0, 1]);
        assert!(partition.columns(3).is_empty() && !partition.is_single());
        assert_eq!(Partition::new::<usize>(&[]), Err(Error::Empty { rows: 0, columns: 0 }));
    }

    #[test]
    fn a_column_may_be_in_no_group() {
        let partition = Partition::of(vec![vec![1, 3], vec![2]], 4);
        assert_eq!((partition.group_of(0), partition.count(&[1, 3]), partition.count(&[0, 3])), (None, 1, 1));
        let mut sums = vec![];
        partition.sums(&[7.0, 1.0, 2.0, 3.0], |v: f64| v, &mut sums);
        assert_eq!(sums[..2], [4.0, 2.0]);
        let mut support = Support::new();
        partition.fill([1, 0], &mut support);
        assert_eq!(*support, [1, 2, 3]);
    }
}
