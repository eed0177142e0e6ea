//! Atoms, the parts that a support is made of, and how they are chosen by score.

use std::sync::Arc;

use super::domain::Region;
use super::partition::Partition;
use crate::kernels::simd;
use crate::scalar::Scalar;
use crate::support::{Support, TopK, largest};

/// The atoms of a support, which k counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Atoms {
    /// Columns of A, each with one coefficient.
    #[default]
    Columns,
    /// Groups of columns: the columns of a group are in a support together or not at all.
    Groups(Arc<Partition>),
}

impl Atoms {
    /// The groups, if atoms are groups.
    pub(crate) fn groups(&self) -> Option<&Arc<Partition>> {
        if let Self::Groups(partition) = self { Some(partition) } else { None }
    }

    /// Whether atoms are columns.
    pub(crate) fn is_columns(&self) -> bool {
        matches!(self, Self::Columns)
    }

    /// Atoms of a support.
    pub(crate) fn count(&self, support: &[usize]) -> usize {
        self.groups().map_or(support.len(), |groups| groups.count(support))
    }

    /// The most columns that so many atoms have.
    pub(crate) fn most_columns(&self, atoms: usize) -> usize {
        self.groups().map_or(atoms, |groups| groups.most_columns(atoms))
    }

    /// The atom of column j joins a support.
    pub(crate) fn insert(&self, column: usize, support: &mut Support) {
        match self.groups().and_then(|groups| Some(groups.columns(groups.group_of(column)?))) {
            Some(columns) => support.extend(columns.iter().copied()),
            None => {
                support.insert(column);
            }
        }
    }

    /// The atom of column j leaves a support.
    pub(crate) fn remove(&self, column: usize, support: &mut Support) {
        match self.groups().and_then(|groups| Some(groups.columns(groups.group_of(column)?))) {
            Some(columns) => columns.iter().for_each(|&j| {
                support.remove(j);
            }),
            None => {
                support.remove(column);
            }
        }
    }
}

/// Chooses atoms by their scores: the place where atoms and domain meet.
///
/// The score of a group is the norm of its part of a vector. Algorithms see groups of orthonormal columns, so that is a norm of what the
/// group explains, whatever its columns; with a domain, of scaled ones.
pub(crate) struct Scoring<'a, T: Scalar> {
    region: Region<'a, T>,
    top_k: TopK,
    scores: Vec<T>,
    kept: Support,
    groups: Option<Groups>,
}

/// The groups, and memory to score them.
struct Groups {
    partition: Arc<Partition>,
    scores: Vec<f64>,
    chosen: Support,
}

impl Groups {
    /// `support` ← the columns of the `count` groups that have the largest Σ|v_j|².
    fn select<T: Scalar>(&mut self, values: &[T], count: usize, top_k: &mut TopK, support: &mut Support) {
        self.partition.sums(values, Scalar::abs2, &mut self.scores);
        self.chosen.clear();
        top_k.select(&self.scores[..self.partition.len()], count, &mut self.chosen);
        self.partition.fill(self.chosen.iter().copied(), support);
    }
}

impl<'a, T: Scalar> Scoring<'a, T> {
    /// Scores atoms of n columns by a domain.
    pub(crate) fn new(atoms: &Atoms, region: Region<'a, T>, n: usize) -> Self {
        let scores = if region.is_all() { Vec::new() } else { vec![T::ZERO; n] };
        let groups = atoms.groups().map(|partition| Groups {
            partition: partition.clone(),
            scores: Vec::with_capacity(partition.len() + 1),
            chosen: Support::new(),
        });
        Self { region, top_k: TopK::with_capacity(n), scores, kept: Support::new(), groups }
    }

    /// The allowed coefficients.
    pub(crate) fn region(&self) -> &Region<'a, T> {
        &self.region
    }

    /// Selects the `count` atoms that the nearest allowed vector with so many has; `support` is a hint on entry.
    pub(crate) fn select(&mut self, values: &[T], count: usize, support: &mut Support) {
        let Self { region, top_k, scores, groups, .. } = self;
        let mut choose = |scores: &[T]| match groups {
            Some(groups) => groups.select(scores, count, top_k, support),
            None => top_k.select(scores, count, support),
        };
        if region.is_all() {
            return choose(values);
        }
        for (j, (score, &value)) in scores.iter_mut().zip(values).enumerate() {
            *score = T::from_real(region.score(j, value));
        }
        choose(scores);
    }

    /// Selects the `count` atoms that the correlation pulls most; those off `support` only as far as they can follow it.
    pub(crate) fn select_pulled(&mut self, correlation: &[T], on: &Support, count: usize, support: &mut Support) {
        if self.region.is_all() {
            return self.select(correlation, count, support);
        }
        for (j, (score, &c)) in self.scores.iter_mut().zip(correlation).enumerate() {
            *score = self.region.leave_zero(j, c);
        }
        on.iter().for_each(|&j| self.scores[j] = correlation[j]);
        match &mut self.groups {
            Some(groups) => groups.select(&self.scores, count, &mut self.top_k, support),
            None => self.top_k.select(&self.scores, count, support),
        }
    }

    /// The places of the coefficients, on the columns `support` and allowed, of the `count` largest atoms.
    pub(crate) fn largest(&mut self, support: &[usize], values: &[T], count: usize) -> &Support {
        self.kept.clear();
        let Some(Groups { partition, scores, chosen }) = &mut self.groups else {
            self.top_k.select(values, count, &mut self.kept);
            return &self.kept;
        };
        scores.clear();
        scores.resize(partition.len() + 1, 0.0);
        let group = |j: usize| partition.group_of(j).unwrap_or(partition.len());
        support.iter().zip(values).for_each(|(&j, x)| scores[group(j)] += x.abs2());
        chosen.clear();
        self.top_k.select(&scores[..partition.len()], count, chosen);
        self.kept.refill((0..support.len()).filter(|&at| chosen.contains(group(support[at]))));
        &self.kept
    }

    /// The atom off `support` with the largest pull, and that pull; `None` if nothing pulls. A group is named by its first column, and
    /// its pull is a norm.
    pub(crate) fn strongest(&mut self, off_support: &[T], support: &Support) -> Option<(usize, T)> {
        let Some(Groups { partition, scores, .. }) = &mut self.groups else {
            return largest(off_support, |j| !support.contains(j)).map(|j| (j, off_support[j]));
        };
        partition.sums(off_support, Scalar::abs2, scores);
        let first = |group: usize| partition.columns(group).first().copied();
        let is_off = |group: usize| first(group).is_some_and(|j| !support.contains(j));
        let group = largest(&scores[..partition.len()], is_off)?;
        first(group).map(|j| (j, T::from_real(scores[group].sqrt())))
    }

    /// By atom, what `weigh` says of each number of a vector on some columns, summed over those of the atom, and the root of it: the
    /// atom's first column and that norm.
    pub(crate) fn sizes(&self, support: &[usize], size: impl Fn(usize) -> f64, out: &mut Vec<(usize, f64)>) {
        out.clear();
        let Some(Groups { partition, .. }) = &self.groups else {
            out.extend(support.iter().enumerate().map(|(at, &j)| (j, size(at))));
            return;
        };
        let touched = partition.touched(support);
        let mut squares = vec![0.0; touched.len()];
        for (at, &j) in support.iter().enumerate() {
            if let Some(place) = partition.group_of(j).and_then(|group| touched.position(group)) {
                squares[place] += size(at).powi(2);
            }
        }
        let sizes = touched.iter().zip(squares);
        out.extend(sizes.filter_map(|(&group, square)| Some((*partition.columns(group).first()?, square.sqrt()))));
    }

    /// The positive number t at which an atom off the support first reaches the least on it in x + t c, where c is 0 on the support;
    /// infinite if none ever does.
    pub(crate) fn soonest(&self, x: &[T], c: &[T], support: &[usize]) -> f64 {
        match &self.groups {
            None => soonest(x, c, support),
            Some(Groups { partition, .. }) => soonest_group(partition, x, c, support),
        }
    }
}

/// [`Scoring::soonest`] for columns.
fn soonest<T: Scalar>(exploration: &[T], correlation: &[T], support: &[usize]) -> f64 {
    let weakest = support.iter().map(|&j| exploration[j].rank()).fold(f64::INFINITY, f64::min);
    const LANES: usize = 8;
    let mut soonest = [f64::INFINITY; LANES];
    simd(
        #[inline(always)]
        || {
            let (x, x_rest) = exploration.as_chunks::<LANES>();
            let (c, c_rest) = correlation.as_chunks::<LANES>();
            for (x, c) in x.iter().zip(c) {
                for lane in 0..LANES {
                    // What does not move never arrives.
                    let when = x[lane].reach(c[lane], weakest);
                    soonest[lane] = if when < soonest[lane] { when } else { soonest[lane] };
                }
            }
            for (x, c) in x_rest.iter().zip(c_rest) {
                soonest[0] = soonest[0].min(x.reach(*c, weakest));
            }
        },
    );
    soonest.into_iter().fold(f64::INFINITY, f64::min)
}

/// [`Scoring::soonest`] for groups: ‖x_g + t c_g‖ grows to the least norm on the support.
fn soonest_group<T: Scalar>(partition: &Partition, x: &[T], c: &[T], support: &[usize]) -> f64 {
    let (mut squares, mut speeds) = (vec![], vec![]);
    partition.sums(x, Scalar::abs2, &mut squares);
    partition.sums(c, Scalar::abs2, &mut speeds);
    let mut along = vec![0.0; partition.len() + 1];
    for (group, columns) in partition.groups().enumerate() {
        along[group] = columns.iter().map(|&j| (Scalar::conj(x[j]) * c[j]).real()).sum();
    }
    let weakest = partition.touched(support).iter().map(|&group| squares[group]).fold(f64::INFINITY, f64::min);
    let when = (0..partition.len()).map(|group| reach(squares[group], along[group], speeds[group], weakest));
    when.fold(f64::INFINITY, f64::min)
}

/// The positive t at which ‖x + t c‖² = `goal` ≥ ‖x‖², for ‖x‖², Re⟨x, c⟩ and ‖c‖².
pub(crate) fn reach(square: f64, along: f64, speed: f64, goal: f64) -> f64 {
    if speed == 0.0 {
        return f64::INFINITY;
    }
    // speed t² + 2 along t + short = 0 with short ≤ 0; each branch avoids subtracting nearly equal numbers.
    let short = (square - goal).min(0.0);
    let root = (along * along - speed * short).sqrt();
    if along > 0.0 { -short / (along + root) } else { (root - along) / speed }
}
