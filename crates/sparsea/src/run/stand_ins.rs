//! Sets of columns of which every near-tie holds the same number.

use std::collections::BTreeMap;

use crate::solution::StandIns;

/// A partition of the columns that occur in some supports, in sets that are to hold as many columns of each as of the chosen one.
///
/// Columns that one exchange turns into each other begin in one set. A support of the same size that holds more of some sets, and so fewer
/// of others, unites these. One of another size leaves nothing to be said of the sets that it holds more or fewer of.
pub(super) struct Sets {
    chosen: Vec<usize>,
    /// The columns that occur, sorted; what follows has an entry for each.
    columns: Vec<usize>,
    parents: Vec<usize>,
    /// Of the first of a set, whether a support of another size holds more or fewer of it.
    is_void: Vec<bool>,
}

impl Sets {
    /// Sets of columns that one exchange turns into each other, from the chosen support to another of `supports`.
    pub(super) fn of_exchanges<'s>(chosen: &'s [usize], supports: impl Iterator<Item = &'s [usize]> + Clone) -> Self {
        let mut columns: Vec<usize> = supports.clone().flatten().chain(chosen).copied().collect();
        columns.sort_unstable();
        columns.dedup();
        let (parents, is_void) = ((0..columns.len()).collect(), vec![false; columns.len()]);
        let mut sets = Self { chosen: chosen.to_vec(), columns, parents, is_void };
        for support in supports.filter(|support| support.len() == chosen.len()) {
            let mut entering = support.iter().filter(|j| !chosen.contains(j));
            if let (Some(&entering), None) = (entering.next(), entering.next())
                && let Some(&leaving) = chosen.iter().find(|j| !support.contains(j))
            {
                let (a, b) = (sets.first(leaving), sets.first(entering));
                sets.unite(a, b);
            }
        }
        sets
    }

    /// Whether `support` holds as many columns of each set as the chosen one.
    pub(super) fn holds_for(&self, support: &[usize]) -> bool {
        self.unequal(support).is_empty()
    }

    /// Unites sets until each holds for all `supports`, and says which have another column to stand in; by their first columns.
    pub(super) fn settled<'s>(mut self, supports: impl Iterator<Item = &'s [usize]> + Clone) -> Vec<StandIns> {
        let mut is_settled = false;
        while !is_settled {
            is_settled = true;
            for support in supports.clone() {
                let unequal = self.unequal(support);
                if support.len() != self.chosen.len() {
                    for &set in &unequal {
                        self.is_void[set] = true;
                    }
                } else if let [set, others @ ..] = &unequal[..] {
                    is_settled = false;
                    others.iter().for_each(|other| self.unite(*set, *other));
                }
            }
        }
        let mut sets: BTreeMap<usize, StandIns> = BTreeMap::new();
        for &j in &self.columns {
            let set = self.first(j);
            if !self.is_void[set] {
                let found = sets.entry(set).or_insert(StandIns { columns: vec![], count: 0 });
                found.columns.push(j);
                found.count += usize::from(self.chosen.contains(&j));
            }
        }
        sets.into_values().filter(|set| set.count < set.columns.len()).collect()
    }

    /// The sets of which `support` holds more or fewer columns than the chosen one, sorted.
    fn unequal(&self, support: &[usize]) -> Vec<usize> {
        let mut more: BTreeMap<usize, isize> = BTreeMap::new();
        support.iter().for_each(|&j| *more.entry(self.first(j)).or_default() += 1);
        self.chosen.iter().for_each(|&j| *more.entry(self.first(j)).or_default() -= 1);
        more.into_iter().filter(|(_, more)| *more != 0).map(|(set, _)| set).collect()
    }

    /// The place of the first column of the set of column `j`, which occurs in a support.
    fn first(&self, j: usize) -> usize {
        let mut at = self.columns.partition_point(|&column| column < j);
        while self.parents[at] != at {
            at = self.parents[at];
        }
        at
    }

    /// Unites two sets, named by the places of their first columns.
    fn unite(&mut self, a: usize, b: usize) {
        // Of sets united before, the first may be another by now.
        let (a, b) = (self.first(self.columns[a]), self.first(self.columns[b]));
        let (low, high) = (a.min(b), a.max(b));
        self.parents[high] = low;
        self.is_void[low] |= self.is_void[high];
    }
}

#[cfg(test)]
mod tests {
    use rand::RngExt;

    use super::*;
    use crate::random::stream;

    fn found(chosen: &[usize], supports: &[&[usize]]) -> Vec<(Vec<usize>, usize)> {
        let each = || supports.iter().copied();
        let sets = Sets::of_exchanges(chosen, each()).settled(each());
        sets.into_iter().map(|set| (set.columns, set.count)).collect()
    }

    #[test]
    fn sets_are_those_of_small_examples() {
        // Twins of two columns.
        let twins = found(&[0, 1, 5], &[&[0, 1, 5], &[1, 2, 5], &[0, 3, 5], &[2, 3, 5]]);
        assert_eq!(twins, [(vec![0, 2], 1), (vec![1, 3], 1)]);
        // Any two of three.
        assert_eq!(found(&[4, 7], &[&[4, 7], &[4, 9], &[7, 9]]), [(vec![4, 7, 9], 2)]);
        // Two columns that only together stand in for two others.
        assert_eq!(found(&[0, 1, 2], &[&[0, 1, 2], &[2, 3, 4]]), [(vec![0, 1, 3, 4], 2)]);
        // One that does without a column, of which there is nothing to be said then; of the other there is.
        assert_eq!(found(&[0, 1], &[&[0, 1], &[0, 2], &[1, 3], &[0]]), [(vec![0, 3], 1)]);
        // What unites with such a set is lost with it.
        assert_eq!(found(&[0, 1], &[&[0, 1], &[0, 2], &[1, 3], &[0], &[0, 3]]), []);
        assert_eq!(found(&[0, 1], &[&[0, 1]]), []);
        assert_eq!(found(&[], &[]), []);
    }

    /// Whatever the supports are, a set holds for all of them; sets are disjoint; and a chosen column that can be exchanged is in one, unless a
    /// support has another size.
    #[test]
    fn sets_hold_for_all_supports() {
        let mut claimed = 0;
        for seed in 0..2000 {
            let rng = &mut stream(seed, 90, 0);
            let (n, k) = (rng.random_range(3..10), rng.random_range(1..4));
            let may_differ = seed % 4 == 0;
            let mut draw = || {
                let size = if may_differ && rng.random_range(0..5) == 0 { rng.random_range(1..=k) } else { k };
                let mut support = rand::seq::index::sample(rng, n, size.min(n)).into_vec();
                support.sort_unstable();
                support
            };
            let supports: Vec<Vec<usize>> = (0..1 + seed % 7).map(|_| draw()).collect();
            let each = || supports.iter().map(Vec::as_slice);
            let chosen = &supports[0];
            let sets = Sets::of_exchanges(chosen, each()).settled(each());
            claimed += sets.len();
            let mut all: Vec<usize> = sets.iter().flat_map(|set| set.columns.clone()).collect();
            all.sort_unstable();
            assert!(all.windows(2).all(|pair| pair[0] < pair[1]), "seed {seed}: {sets:?}");
            for set in &sets {
                assert!(0 < set.count && set.count < set.columns.len(), "seed {seed}: {set:?}");
                for support in &supports {
                    let held = support.iter().filter(|j| set.columns.contains(j)).count();
                    assert_eq!(held, set.count, "seed {seed}: {set:?} {support:?}");
                }
            }
            if supports.iter().all(|support| support.len() == chosen.len()) {
                // Every column that is in some supports and not in others is accounted for.
                for j in 0..n {
                    let held = supports.iter().filter(|support| support.contains(&j)).count();
                    assert_eq!(
                        held > 0 && held < supports.len(),
                        all.contains(&j),
                        "seed {seed}: {j} {supports:?} {sets:?}"
                    );
                }
            }
        }
        assert!(claimed > 1000, "{claimed}");
    }
}
