//! Ways to leave the best support, and which of them to choose.

use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

/// A way to change the best support before exchanges begin again. By default, a perturbation drops columns and refills the support greedily
/// with those that lower ‖y − A x‖² most, each gain weighted at random in [½, 1], and occasionally in [0, 1].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Perturbation {
    /// Drops columns chosen at random.
    Random,
    /// Drops one column and those most correlated with it.
    Neighbours,
    /// Drops columns that another good support lacks, and more columns at random if those are too few.
    Disputed,
    /// Drops columns that another good support lacks, and favours those that it has instead: path relinking (Glover, Laguna & Martí 2000).
    Relink,
    /// Drops one column and the one most correlated with it, and refills with the two best.
    Pair,
    /// Follows SEA from the support, its coefficients weighted at random, for a few changes of support.
    Walk,
    /// Like `Walk`, but each correlation is divided by the squared distance of the column from the span of the support. The quotient is the
    /// coefficient that the column would take.
    NormalizedWalk,
}

/// What [`Search`](super::Search) uses unless told otherwise: those that paid.
pub(super) const KEPT: [Perturbation; 2] = [Perturbation::Random, Perturbation::Disputed];

/// What a kind gains in credit when it leads to a better support, and the share of credit that is kept from one iteration to
/// the next.
const REWARD: f64 = 2.0;
const MEMORY: f64 = 0.97;
/// Costs are compared by this power: cheap kinds are preferred, but not in proportion.
const THRIFT: f64 = 0.5;

/// How well each kind of perturbation has done: by the way, and by how much it changes, in powers of two.
#[derive(Debug, Clone, Default)]
pub(super) struct Credits {
    /// By scale, and for each scale by the way.
    kinds: Vec<Credit>,
    ways: usize,
}

#[derive(Debug, Clone, Copy)]
struct Credit {
    /// Better supports found, the latest counting most; 1 to begin with.
    success: f64,
    /// Moves of the tableau that an iteration takes, the latest counting most.
    cost: f64,
}

impl Credits {
    /// Begins anew unless there are just so many scales and ways.
    pub(super) fn resize(&mut self, scales: usize, ways: usize) -> bool {
        let fits = self.kinds.len() == scales * ways && self.ways == ways;
        if !fits {
            *self = Self { kinds: vec![Credit { success: 1.0, cost: 1.0 }; scales * ways], ways };
        }
        !fits
    }

    /// A kind drawn in proportion to its success and in inverse proportion to a power of its cost: its number, its
    /// scale and its way.
    pub(super) fn choose(&self, rng: &mut impl Rng) -> (usize, usize, usize) {
        let share = |credit: &Credit| credit.success / credit.cost.powf(THRIFT);
        let mut left = rng.random::<f64>() * self.kinds.iter().map(share).sum::<f64>();
        let chosen = self.kinds.iter().position(|credit| {
            left -= share(credit);
            left < 0.0
        });
        let kind = chosen.unwrap_or(self.kinds.len() - 1);
        (kind, kind / self.ways, kind % self.ways)
    }

    /// An iteration has been made, of this kind if of any.
    pub(super) fn spend(&mut self, kind: Option<usize>, moves: usize) {
        if let Some(credit) = kind.and_then(|kind| self.kinds.get_mut(kind)) {
            credit.cost = 0.8 * credit.cost + 0.2 * moves.max(1) as f64;
        }
        for credit in &mut self.kinds {
            credit.success = 1.0 + MEMORY * (credit.success - 1.0);
        }
    }

    /// It has found a better support.
    pub(super) fn reward(&mut self, kind: Option<usize>) {
        if let Some(credit) = kind.and_then(|kind| self.kinds.get_mut(kind)) {
            credit.success += REWARD;
        }
    }
}
