//! The tableau that a search goes by, whatever its atoms are.

use faer::Mat;

use super::block_tableau::{BlockTableau, OfGroups};
use super::tableau::{BoundedBlocks, Gram, Tableau};
use crate::scalar::Scalar;
use crate::support::Support;
use crate::tolerance::SMALLEST_GAIN;

/// A support and its neighbours: by single columns, or by groups of them and several right-hand sides, with bounds or without.
///
/// Atoms are named by their first columns.
#[derive(Debug)]
pub(crate) enum Neighbours<T> {
    Columns(Tableau<T>),
    Blocks(BlockTableau<T>),
    BoundedBlocks(BoundedBlocks<T>),
}

impl<T: Scalar> Neighbours<T> {
    /// By atom of the support, how close it is to one of them, where atoms are groups.
    pub(crate) fn closeness(&self, atom: usize, gram: Gram<'_, T>) -> Option<Vec<(usize, f64)>> {
        match self {
            Self::Columns(_) => None,
            Self::Blocks(tableau) => Some(tableau.closeness(atom, gram)),
            Self::BoundedBlocks(tableau) => Some(tableau.closeness(atom, gram)),
        }
    }

    /// Whether exchanges are made by [`move_best`](Self::move_best) alone, not column by column.
    pub(crate) fn is_by_moves(&self) -> bool {
        match self {
            Self::Columns(tableau) => tableau.is_bounded(),
            Self::Blocks(_) | Self::BoundedBlocks(_) => true,
        }
    }

    /// Atoms of the support.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Columns(tableau) => tableau.size(),
            Self::Blocks(tableau) => tableau.size(),
            Self::BoundedBlocks(tableau) => tableau.size(),
        }
    }

    /// S.
    pub(crate) fn support(&self) -> Support {
        match self {
            Self::Columns(tableau) => tableau.support(),
            Self::Blocks(tableau) => tableau.support(),
            Self::BoundedBlocks(tableau) => tableau.support(),
        }
    }

    /// Replaces a list by the atoms of the support, sorted.
    pub(crate) fn list(&self, out: &mut Vec<usize>) {
        out.clear();
        match self {
            Self::Columns(tableau) => {
                out.extend_from_slice(tableau.members());
                out.extend(tableau.held().iter().map(|&(j, _)| j));
            }
            Self::Blocks(tableau) => out.extend(tableau.leads()),
            Self::BoundedBlocks(tableau) => out.extend(tableau.leads()),
        }
        out.sort_unstable();
    }

    /// Adds the columns of A of an atom to a list.
    pub(crate) fn note(&self, atom: usize, out: &mut Vec<usize>) {
        match self {
            Self::Columns(_) => out.push(atom),
            Self::Blocks(tableau) => out.extend_from_slice(tableau.columns_with(atom)),
            Self::BoundedBlocks(tableau) => out.extend_from_slice(tableau.columns_with(atom)),
        }
    }

    /// ‖r‖² relative to what was [set](Self::set_square), by the gains and losses since.
    pub(crate) fn square(&self) -> f64 {
        match self {
            Self::Columns(tableau) => tableau.square(),
            Self::Blocks(tableau) => tableau.square(),
            Self::BoundedBlocks(tableau) => tableau.square(),
        }
    }

    /// Sets ‖r‖² from an exact fit.
    pub(crate) fn set_square(&mut self, square: f64) {
        match self {
            Self::Columns(tableau) => tableau.set_square(square),
            Self::Blocks(tableau) => tableau.set_square(square),
            Self::BoundedBlocks(tableau) => tableau.set_square(square),
        }
    }

    /// What joined or left since the tableau was built.
    pub(crate) fn moves(&self) -> usize {
        match self {
            Self::Columns(tableau) => tableau.moves(),
            Self::Blocks(tableau) => tableau.moves(),
            Self::BoundedBlocks(tableau) => tableau.moves(),
        }
    }

    /// Takes exact correlations in place of the updated ones and returns how far those were off, relative to `scale`.
    pub(crate) fn correct(&mut self, correlation: &[T], scale: f64) -> f64 {
        match self {
            Self::Columns(tableau) => tableau.correct(correlation, scale),
            Self::Blocks(tableau) => tableau.correct(correlation, scale),
            Self::BoundedBlocks(tableau) => tableau.correct(correlation, scale),
        }
    }

    /// Becomes equal to `other`, of the same problem.
    pub(crate) fn copy_from(&mut self, other: &Self) {
        match (self, other) {
            (Self::Columns(tableau), Self::Columns(other)) => tableau.copy_from(other),
            (Self::Blocks(tableau), Self::Blocks(other)) => tableau.copy_from(other),
            (Self::BoundedBlocks(tableau), Self::BoundedBlocks(other)) => tableau.copy_from(other),
            _ => debug_assert!(false, "tableaux of one problem are of one kind"),
        }
    }

    /// An atom of the support leaves it.
    pub(crate) fn leave(&mut self, atom: usize, gram: Gram<'_, T>) {
        match self {
            Self::Columns(tableau) => tableau.leave_column(atom, gram),
            Self::Blocks(tableau) => tableau.leave(atom, gram),
            Self::BoundedBlocks(tableau) => tableau.leave(atom, gram),
        }
    }

    /// An atom joins; false if it depends on the support.
    pub(crate) fn join(&mut self, atom: usize, gram: Gram<'_, T>) -> bool {
        match self {
            Self::Columns(tableau) => {
                let mut joined = false;
                gram(atom, &mut |gram| joined = tableau.join(atom, gram));
                joined
            }
            Self::Blocks(tableau) => tableau.join(atom, gram),
            Self::BoundedBlocks(tableau) => tableau.join(atom, gram),
        }
    }

    /// The atom whose gain times its weight is largest.
    pub(crate) fn best_weighted_addition(&self, weights: &[f64]) -> Option<usize> {
        match self {
            Self::Columns(tableau) => tableau.best_weighted_addition(weights),
            Self::Blocks(tableau) => tableau.best_addition(Some(weights)).map(|(atom, _)| atom),
            Self::BoundedBlocks(tableau) => tableau.best_weighted_addition(weights),
        }
    }

    /// Lets coefficients beyond their bounds, if there are any, come to rest there.
    pub(crate) fn confine(&mut self, gram: Gram<'_, T>) {
        if let Self::Columns(tableau) = self {
            tableau.confine(gram);
        }
    }

    /// Makes the best move of a tableau that [goes by them](Self::is_by_moves), if one lowers ‖r‖² by more than `least`: the atom that
    /// joined, and how many columns or groups joined or left.
    pub(crate) fn move_best(&mut self, sparsity: usize, least: f64, gram: Gram<'_, T>) -> Option<(usize, usize)> {
        match self {
            Self::Columns(tableau) => {
                let best = tableau.best_move(sparsity, least, gram)?;
                Some((best.entering(), tableau.make(best, gram)))
            }
            Self::Blocks(tableau) => {
                let best = tableau.best_move(sparsity, least)?;
                let before = tableau.moves();
                let entering = tableau.make(best, gram);
                Some((entering, tableau.moves() - before))
            }
            Self::BoundedBlocks(tableau) => {
                let best = tableau.best_move(sparsity, least)?;
                let before = tableau.moves();
                let entering = tableau.make(best, gram)?;
                Some((entering, tableau.moves() - before))
            }
        }
    }

    /// Makes the best addition to such a tableau; false if none lowers ‖r‖² by more than `least`.
    pub(crate) fn add_best(&mut self, least: f64, gram: Gram<'_, T>) -> bool {
        match self {
            Self::Columns(tableau) => tableau.best_joining(least).map(|best| tableau.make(best, gram)).is_some(),
            Self::Blocks(tableau) => {
                let best = tableau.best_addition(None).filter(|&(_, gain)| gain > least);
                best.is_some_and(|(atom, _)| tableau.join(atom, gram))
            }
            Self::BoundedBlocks(tableau) => {
                tableau.best_joining(least).and_then(|best| tableau.make(best, gram)).is_some()
            }
        }
    }

    /// Adds the atom of largest gain where R W stands for the residuals R of a joint support without bounds; false if none gains.
    pub(crate) fn add_best_by_rank(&mut self, basis: &Mat<T>, gram: Gram<'_, T>) -> bool {
        match self {
            Self::Blocks(tableau) => {
                let best = tableau.best_addition_by_rank(basis);
                best.is_some_and(|(atom, gain)| gain > SMALLEST_GAIN && tableau.join(atom, gram))
            }
            Self::Columns(_) | Self::BoundedBlocks(_) => false,
        }
    }
}
