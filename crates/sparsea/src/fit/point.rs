//! A point x, and what is known of it.

use crate::scalar::Scalar;
use crate::support::Support;

/// A value that is computed when it is asked for, in memory that is kept.
#[derive(Debug, Default)]
pub(crate) struct Known<V> {
    value: V,
    is_known: bool,
}

impl<V> Known<V> {
    /// Unknown, with memory to compute it in.
    pub(crate) fn unknown(memory: V) -> Self {
        Self { value: memory, is_known: false }
    }

    pub(crate) fn is_known(&self) -> bool {
        self.is_known
    }

    /// The value, which must be known.
    pub(crate) fn get(&self) -> &V {
        debug_assert!(self.is_known, "asked for before it is computed");
        &self.value
    }

    /// The memory, to compute the value in, which then counts as known.
    pub(crate) fn compute(&mut self) -> &mut V {
        self.is_known = true;
        &mut self.value
    }

    pub(crate) fn forget(&mut self) {
        self.is_known = false;
    }
}

/// ‖y − A x‖, and how far it may be off.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ResidualNorm {
    pub(crate) norm: f64,
    /// How far the norm may be off, where it was not computed from y − A x.
    pub(crate) off: Option<f64>,
}

impl ResidualNorm {
    /// Computed from y − A x.
    pub(crate) fn formed(norm: f64) -> Self {
        Self { norm, off: None }
    }
}

/// How a point came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The best point on its support.
    Fitted,
    /// Coefficients that an algorithm has chosen.
    Placed,
}

/// x by its support and the coefficients there, with y − A x, its norm and Aᴴ(y − A x) where they are known.
#[derive(Debug)]
pub(crate) struct Point<T> {
    pub(crate) support: Support,
    pub(crate) values: Vec<T>,
    pub(crate) kind: Kind,
    pub(crate) residual: Known<Vec<T>>,
    pub(crate) norm: Option<ResidualNorm>,
    pub(crate) correlation: Known<Vec<T>>,
}

impl<T: Scalar> Point<T> {
    /// x = 0, with room for `sparsity` coefficients of n; its norm is that of the data.
    pub(crate) fn zero(rows: usize, columns: usize, sparsity: usize, data_norm: f64) -> Self {
        Self {
            support: Support::with_capacity(sparsity),
            values: Vec::with_capacity(sparsity),
            kind: Kind::Fitted,
            residual: Known::unknown(Vec::with_capacity(rows)),
            norm: Some(ResidualNorm::formed(data_norm)),
            correlation: Known::unknown(Vec::with_capacity(columns)),
        }
    }

    /// Moves to x = 0.
    pub(crate) fn clear(&mut self, data_norm: f64) {
        self.move_to(&[], Kind::Fitted);
        self.values.clear();
        self.norm = Some(ResidualNorm::formed(data_norm));
    }

    /// Moves to another support, of which nothing is known yet. The coefficients are still to be set.
    pub(crate) fn move_to(&mut self, support: &[usize], kind: Kind) {
        self.support.copy(support);
        self.kind = kind;
        self.residual.forget();
        self.norm = None;
        self.correlation.forget();
    }

    pub(crate) fn is_fitted(&self) -> bool {
        self.kind == Kind::Fitted
    }

    /// Σ|x_j|‖a_j‖.
    pub(crate) fn length(&self, column_norms: &[f64]) -> f64 {
        length(&self.support, &self.values, column_norms)
    }
}

/// Σ|x_j|‖a_j‖ of coefficients on a support.
pub(crate) fn length<T: Scalar>(support: &[usize], values: &[T], column_norms: &[f64]) -> f64 {
    support.iter().zip(values).map(|(&j, x)| column_norms[j] * Scalar::abs(*x)).sum()
}
