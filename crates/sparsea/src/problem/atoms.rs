//! What a support is made of, and how its parts are chosen by score.

use super::domain::Region;
use crate::scalar::Scalar;
use crate::support::{Support, TopK, largest};

/// What a support is made of, and k counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Atoms {
    /// Columns of A, each with a coefficient of its own.
    #[default]
    Columns,
}

/// Chooses atoms by their scores: the place where atoms and domain meet.
pub(crate) struct Scoring<'a, T: Scalar> {
    atoms: Atoms,
    region: Region<'a, T>,
    top_k: TopK,
    scores: Vec<T>,
    kept: Support,
}

impl<'a, T: Scalar> Scoring<'a, T> {
    /// Scores atoms of n columns by a domain.
    pub(crate) fn new(atoms: Atoms, region: Region<'a, T>, n: usize) -> Self {
        let scores = if region.is_all() { Vec::new() } else { vec![T::ZERO; n] };
        Self { atoms, region, top_k: TopK::with_capacity(n), scores, kept: Support::new() }
    }

    /// The allowed coefficients.
    pub(crate) fn region(&self) -> &Region<'a, T> {
        &self.region
    }

    /// Selects the `count` atoms that the nearest allowed vector with so many has; `support` is a hint on entry.
    pub(crate) fn select(&mut self, values: &[T], count: usize, support: &mut Support) {
        let Atoms::Columns = self.atoms;
        if self.region.is_all() {
            return self.top_k.select(values, count, support);
        }
        for (j, (score, &value)) in self.scores.iter_mut().zip(values).enumerate() {
            *score = T::from_real(self.region.score(j, value));
        }
        self.top_k.select(&self.scores, count, support);
    }

    /// Selects the `count` atoms that the correlation pulls most; those off `support` only as far as they can follow it.
    pub(crate) fn select_pulled(&mut self, correlation: &[T], on: &Support, count: usize, support: &mut Support) {
        let Atoms::Columns = self.atoms;
        if self.region.is_all() {
            return self.top_k.select(correlation, count, support);
        }
        for (j, (score, &c)) in self.scores.iter_mut().zip(correlation).enumerate() {
            *score = self.region.leave_zero(j, c);
        }
        on.iter().for_each(|&j| self.scores[j] = correlation[j]);
        self.top_k.select(&self.scores, count, support);
    }

    /// The places of the `count` largest of some coefficients, which are allowed.
    pub(crate) fn largest(&mut self, values: &[T], count: usize) -> &Support {
        self.kept.clear();
        self.top_k.select(values, count, &mut self.kept);
        &self.kept
    }

    /// The atom off `support` with the largest pull, and that pull; `None` if nothing pulls.
    pub(crate) fn strongest(&self, off_support: &[T], support: &Support) -> Option<(usize, T)> {
        let Atoms::Columns = self.atoms;
        largest(off_support, |j| !support.contains(j)).map(|j| (j, off_support[j]))
    }
}
