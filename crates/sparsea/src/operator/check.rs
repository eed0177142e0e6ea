//! The dot test, which detects an `apply_adjoint` that is not the adjoint of `apply`.

use super::{Access, LinearMap};
use crate::check::check_size;
use crate::error::Error;
use crate::kernels;
use crate::random::{normal_vector, stream};
use crate::scalar::Scalar;
use crate::tolerance::ADJOINT;

/// Checks that ⟨A u, v⟩ = ⟨u, Aᴴ v⟩ for a few random u and v drawn from `seed`.
///
/// # Errors
/// [`Error::NotAdjoint`] if the two differ by more than 10⁴ ε ‖A u‖ ‖v‖, a tolerance for rounding that does not depend on m and n;
/// [`Error::Overflow`] if a product is not finite; [`Error::TooLarge`] if vectors of m or n numbers do not fit into memory.
///
/// # Cost
/// Three calls of each of `apply` and `apply_adjoint`.
pub fn check_adjoint<T: Scalar>(operator: &dyn LinearMap<T>, seed: u64) -> Result<(), Error> {
    let operator = Access::new(operator);
    check_size(operator.nrows(), operator.ncols())?;
    let allowed = ADJOINT;
    let mut au = vec![T::ZERO; operator.nrows()];
    let mut ahv = vec![T::ZERO; operator.ncols()];
    for trial in 0..3 {
        let mut rng = stream(seed, 0, trial);
        let u: Vec<T> = normal_vector(&mut rng, operator.ncols());
        let v: Vec<T> = normal_vector(&mut rng, operator.nrows());
        operator.apply(&u, &mut au);
        operator.apply_adjoint(&v, &mut ahv);
        operator.check()?;
        let left = kernels::dot(&au, &v);
        let right = kernels::dot(&u, &ahv);
        // Either side alone may vanish where the other does not, so the scale takes both.
        let scale = (kernels::norm(&au) * kernels::norm(&v)).max(kernels::norm(&u) * kernels::norm(&ahv));
        if !scale.is_finite() {
            return Err(Error::Overflow { what: "A applied to a random vector" });
        }
        let difference = if scale == 0.0 { 0.0 } else { (left - right).abs() / scale };
        if difference > allowed || difference.is_nan() {
            return Err(Error::NotAdjoint { difference, allowed });
        }
    }
    Ok(())
}
