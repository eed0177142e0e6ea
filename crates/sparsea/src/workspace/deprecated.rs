//! Deprecated names, with their replacements.

use super::{Hint, Workspace};
use crate::scalar::Scalar;
use crate::support::Support;

impl<T: Scalar> Workspace<'_, T> {
    /// Aᴴ y.
    #[deprecated(since = "0.2.0", note = "use `quadratic().data_correlation()`")]
    pub fn data_correlation(&mut self) -> &[T] {
        self.quadratic().data_correlation()
    }

    /// Column j of the Gram matrix, Aᴴ a_j.
    #[deprecated(since = "0.2.0", note = "use `quadratic().gram_column(j)`")]
    pub fn gram_column(&mut self, j: usize) -> &[T] {
        self.quadratic().gram_column(j)
    }

    /// `out` ← (A_Sᴴ A_S)⁻¹ `right`.
    #[deprecated(since = "0.2.0", note = "use `quadratic().solve_normal(…)`")]
    pub fn solve_normal(&mut self, support: &Support, right: &[T], out: &mut Vec<T>) -> bool {
        self.quadratic().solve_normal(support, right, out)
    }

    /// Announces that column `chosen` joins next.
    #[deprecated(since = "0.2.0", note = "use `hint(Hint::Next { … })`")]
    pub fn anticipate(&mut self, chosen: usize, correlation: &[T], remaining: usize) {
        self.hint(Hint::Next { column: chosen, correlation: Some(correlation), remaining });
    }

    /// Like [`anticipate`](Self::anticipate), with the correlation of the current point.
    #[deprecated(since = "0.2.0", note = "use `hint(Hint::Next { … })`")]
    pub fn anticipate_here(&mut self, chosen: usize, remaining: usize) {
        self.hint(Hint::Next { column: chosen, correlation: None, remaining });
    }

    /// Announces that `support` is fitted next.
    #[deprecated(since = "0.2.0", note = "use `hint(Hint::Likely { … })`")]
    pub fn anticipate_largest(&mut self, support: &Support, exploration: &[T]) {
        self.hint(Hint::Likely { support, scores: exploration });
    }
}
