//! Groups of columns, for tableaux whose atoms they are.

use std::sync::Arc;

use crate::fit::least_squares::tableau::Gram;
use crate::problem::Partition;
use crate::scalar::Scalar;
use crate::support::Support;
use crate::tolerance::NORMAL_SINE_SQUARED;

/// What does not change: the groups, and AᴴA on each.
#[derive(Debug)]
pub(crate) struct Groups<T> {
    /// Groups of the columns of A.
    pub(super) partition: Arc<Partition>,
    /// A_gᴴ A_g for every group, row by row, end to end.
    pub(super) blocks: Vec<T>,
    /// Where the block of each group begins.
    pub(super) offsets: Vec<usize>,
    /// By column, squared distances at or below which it counts as dependent.
    pub(super) floors: Vec<f64>,
    /// R.
    pub(super) sides: usize,
}

impl<T: Scalar> Groups<T> {
    /// For R right-hand sides, where `gram` writes A_gᴴ a_j for columns g and j.
    pub(crate) fn new(
        partition: Arc<Partition>,
        norms: &[f64],
        sides: usize,
        mut gram: impl FnMut(&[usize], usize, &mut [T]),
    ) -> Self {
        let (mut blocks, mut offsets, mut entries) = (vec![], vec![], vec![]);
        for columns in partition.groups() {
            offsets.push(blocks.len());
            if let &[j] = columns {
                blocks.push(T::from_real(norms[j] * norms[j]));
                continue;
            }
            let (size, begin) = (columns.len(), blocks.len());
            blocks.resize(begin + size * size, T::ZERO);
            for (b, &j) in columns.iter().enumerate() {
                entries.resize(size, T::ZERO);
                gram(columns, j, &mut entries);
                entries.iter().enumerate().for_each(|(a, &g)| blocks[begin + a * size + b] = g);
            }
        }
        let floors = norms.iter().map(|norm| NORMAL_SINE_SQUARED * norm * norm).collect();
        Self { partition, blocks, offsets, floors, sides }
    }

    /// The groups of the columns of A.
    pub(crate) fn partition(&self) -> &Partition {
        &self.partition
    }

    /// The columns of a group.
    pub(crate) fn columns(&self, group: usize) -> &[usize] {
        self.partition.columns(group)
    }

    /// The columns in a group that has this one.
    pub(crate) fn columns_with(&self, column: usize) -> &[usize] {
        self.partition.group_of(column).map_or(&[], |group| self.columns(group))
    }

    /// The squared distance at or below which a column counts as dependent.
    pub(crate) fn floor(&self, column: usize) -> f64 {
        self.floors[column]
    }

    /// The entry of A_gᴴ A_g for two columns of a group, by their places.
    pub(crate) fn entry(&self, group: usize, a: usize, b: usize) -> T {
        self.blocks[self.offsets[group] + a * self.columns(group).len() + b]
    }

    /// The columns of some groups, those of each right-hand side after those of the one before.
    pub(crate) fn support(&self, atoms: &[usize]) -> Support {
        let n = self.partition.ncols();
        let columns =
            |side: usize| atoms.iter().flat_map(move |&group| self.columns(group)).map(move |&j| side * n + j);
        (0..self.sides).flat_map(columns).collect()
    }

    /// By group of some, with its first column, how close it is to that of a column: ‖A_gᴴ A_h‖ squared.
    pub(crate) fn closeness(&self, atoms: &[usize], column: usize, gram: Gram<'_, T>) -> Vec<(usize, f64)> {
        let leads = atoms.iter().filter_map(|&group| self.columns(group).first().copied());
        let mut close: Vec<(usize, f64)> = leads.map(|lead| (lead, 0.0)).collect();
        for &j in self.columns_with(column) {
            gram(j, &mut |gram| {
                for (lead, sum) in &mut close {
                    *sum += self.columns_with(*lead).iter().map(|&i| gram[i].abs2()).sum::<f64>();
                }
            });
        }
        close
    }
}

/// A tableau whose atoms are groups of columns, by those of its support.
pub(crate) trait OfGroups<T: Scalar> {
    /// All groups.
    fn groups(&self) -> &Groups<T>;

    /// The groups of the support, in the order of joining.
    fn atoms(&self) -> &[usize];

    /// Number of groups in the support.
    fn size(&self) -> usize {
        self.atoms().len()
    }

    /// The first columns of the groups in the support.
    fn leads(&self) -> impl Iterator<Item = usize> {
        self.atoms().iter().filter_map(|&group| self.groups().columns(group).first().copied())
    }

    /// The columns of A in a group that has this one.
    fn columns_with(&self, column: usize) -> &[usize] {
        self.groups().columns_with(column)
    }

    /// The columns of the support, those of each right-hand side after those of the one before.
    fn support(&self) -> Support {
        self.groups().support(self.atoms())
    }

    /// By group of the support, with its first column, how close it is to that of a column: ‖A_gᴴ A_h‖ squared.
    fn closeness(&self, column: usize, gram: Gram<'_, T>) -> Vec<(usize, f64)> {
        self.groups().closeness(self.atoms(), column, gram)
    }
}
