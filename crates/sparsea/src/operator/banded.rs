//! Matrices whose columns lie in a band: each overlaps only its neighbours, as in the matrix of a convolution.

use std::ops::Range;

/// Columns from which on a band is looked for.
const FROM: usize = 256;
/// Columns within reach of one are at most n over this.
const NARROW: usize = 8;
/// Entries between the first and the last row of a column, for each that is stored, at most.
const FILLED: usize = 4;

/// The largest |i − j| at which two of n columns have a row in common, from the first and the last row of each, where these do not
/// fall from column to column. `None` for others, for few columns and for wide bands. `stored`: entries that the columns hold.
/// Cost: n.
pub(super) fn reach(n: usize, stored: usize, ends: impl Fn(usize) -> Option<(usize, usize)>) -> Option<usize> {
    if n < FROM {
        return None;
    }
    let (mut reach, mut from, mut between) = (0, 0, 0);
    let mut before = (0, 0);
    for j in 0..n {
        let (first, last) = ends(j)?;
        if first < before.0 || last < before.1 {
            return None;
        }
        before = (first, last);
        between += last - first + 1;
        // Last rows do not fall: columns that end before this one begins stay behind.
        while ends(from)?.1 < first {
            from += 1;
        }
        reach = reach.max(j - from);
    }
    (NARROW * reach <= n && between <= FILLED * stored).then_some(reach)
}

/// The longest run of n columns each of which is the one before, shifted by a row.
pub(super) fn alike(n: usize, is_shifted: impl Fn(usize) -> bool) -> Range<usize> {
    let (mut alike, mut begin) = (0..n.min(1), 0);
    for j in 1..n {
        if !is_shifted(j) {
            begin = j;
        }
        if j + 1 - begin > alike.len() {
            alike = begin..j + 1;
        }
    }
    alike
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::{LinearMap, SparseOperator, Structure};
    use faer::sparse::{SparseColMat, Triplet};

    fn matrix(columns: &[Vec<(usize, f64)>], rows: usize) -> SparseColMat<usize, f64> {
        let entry = |(j, column): (usize, &Vec<(usize, f64)>)| -> Vec<Triplet<usize, usize, f64>> {
            column.iter().map(|&(i, value)| Triplet::new(i, j, value)).collect()
        };
        let entries: Vec<_> = columns.iter().enumerate().flat_map(entry).collect();
        SparseColMat::try_new_from_triplets(rows, columns.len(), &entries).unwrap()
    }

    fn shifted(n: usize, kernel: &[f64]) -> Vec<Vec<(usize, f64)>> {
        (0..n).map(|j| kernel.iter().enumerate().map(|(l, &h)| (j + l, h)).collect()).collect()
    }

    #[test]
    fn bands_are_told_from_other_matrices() {
        let columns = shifted(300, &[1.0, -2.0, 0.5]);
        let band = |columns: &[Vec<(usize, f64)>]| {
            let sparse = SparseOperator::owned(matrix(columns, 400));
            match sparse.structure() {
                Structure::Local(local) => Some((local.reach(), local.alike())),
                _ => None,
            }
        };
        assert_eq!(band(&columns), Some((2, 0..300)));
        // Another value, and another length, in one column.
        let mut other = columns.clone();
        other[100][1].1 = 7.0;
        assert_eq!(band(&other), Some((2, 101..300)));
        other[200].push((203, 1.0));
        assert_eq!(band(&other).unwrap().0, 3);
        // Columns in another order, an empty one, few of them, and a wide band.
        let mut swapped = columns.clone();
        swapped.swap(10, 20);
        assert_eq!(band(&swapped), None);
        let mut empty = columns.clone();
        empty[7].clear();
        assert_eq!(band(&empty), None);
        assert_eq!(band(&shifted(200, &[1.0, 2.0])), None);
        assert_eq!(band(&shifted(300, &[1.0; 60])), None);
        // Columns of two entries far from each other.
        let apart: Vec<_> = (0..300).map(|j| vec![(j, 1.0), (j + 10, 1.0)]).collect();
        assert_eq!(band(&apart), None);
    }

    /// The reach from its definition.
    #[test]
    fn the_reach_is_the_distance_of_columns_with_a_common_row() {
        use rand::RngExt;
        let rng = &mut crate::random::stream(3, 0, 0);
        for _ in 0..20 {
            let (mut first, mut last) = (0, 0);
            let columns: Vec<Vec<(usize, f64)>> = (0..300)
                .map(|_| {
                    first += rng.random_range(0..3usize);
                    last = (first + rng.random_range(0..8usize)).max(last);
                    (first..=last).map(|i| (i, 1.0)).collect()
                })
                .collect();
            let overlap = |i: usize, j: usize| columns[i].iter().any(|(a, _)| columns[j].iter().any(|(b, _)| a == b));
            let far = |j: usize| (0..j).filter(|&i| overlap(i, j)).map(|i| j - i).max().unwrap_or(0);
            let reach = (0..300).map(far).max();
            let ends = |j: usize| Some((columns[j][0].0, columns[j].last()?.0));
            assert_eq!(super::reach(300, usize::MAX / FILLED, ends), reach);
        }
    }
}
