//! Properties of an operator that are known before any data: coherence, restricted isometry, guaranteed recovery.
//!
//! | quantity | definition | cost |
//! | --- | --- | --- |
//! | [`coherence()`] | μ = max \|⟨a_i, a_j⟩\|, and the Babel function μ₁(p) | n Gram columns |
//! | [`exact_recovery_coefficient`] | max over i ∉ S of ‖A_S⁺ a_i‖₁ for one support | m \|S\|³ and \|S\| products Aᴴ v |
//! | [`restricted_isometry()`] | δ_s for s = 1, 2, …: exact within a limit on work, otherwise an interval | that limit |
//! | [`Recovery`] | α_k, γ_k, and whether the theorem on SEA applies to a [`Signal`] | none |
//! | [`state_evolution`] | the k/m up to which message passing recovers x from large random matrices | none |
//!
//! All but the last refer to columns of norm 1: the columns of A are scaled as algorithms see them. A column of zeros cannot be scaled and
//! is refused. A x does not change if x is scaled the other way; vectors passed to these functions are in the scale of A.

mod coherence;
mod enumeration;
mod interval;
mod recovery;
mod restricted_isometry;
mod search;
pub mod state_evolution;
mod work;

use std::cmp::Ordering;

use crate::error::Error;
use crate::interrupt::Interrupt;
use crate::kernels::{eigen, eigenvalues};
use crate::operator::{Access, LinearMap, inverse};
use crate::problem::check_columns;
use crate::scalar::Scalar;

pub use coherence::{Coherence, coherence, exact_recovery_coefficient};
pub use interval::Interval;
pub use recovery::{Condition, Recovery, Signal, Verdict};
pub use restricted_isometry::{RestrictedIsometry, restricted_isometry};

/// The operator with columns of norm 1.
fn unit_columns<T: Scalar>(operator: &dyn LinearMap<T>) -> Result<Access<'_, T>, Error> {
    let operator = Access::new(operator);
    let (rows, columns) = (operator.nrows(), operator.ncols());
    if rows == 0 || columns == 0 {
        return Err(Error::Empty { rows, columns });
    }
    let (norms, _) = check_columns(&operator, || operator.measure_columns(&Interrupt::default()))?;
    match norms.iter().position(|&norm| norm == 0.0) {
        Some(column) => Err(Error::ZeroColumn { column }),
        None => Ok(operator.scaled(norms.iter().map(|&norm| inverse(norm)).collect())),
    }
}

/// The larger number first.
fn descending(a: &f64, b: &f64) -> Ordering {
    b.total_cmp(a)
}
