//! The operator that a user writes: three methods, two of which may fail.

use std::sync::OnceLock;

use super::Operator;
use crate::error::Error;
use crate::failure::{Failure, OperatorError};
use crate::interrupt::Interrupt;
use crate::kernels::norm;
use crate::scalar::Scalar;

/// A linear map A from Tⁿ to Tᵐ that is known by its products, which may fail: computed by a device, a server or another
/// language. [`Access`] makes it an [`Operator`].
pub trait LinearMap<T: Scalar>: Send + Sync {
    /// (m, n), the lengths of y and x.
    fn shape(&self) -> (usize, usize);

    /// y ← A x, overwriting `y` (length m) from `x` (length n).
    ///
    /// # Errors
    /// Whatever keeps the product from being computed; it ends the run, which returns it as [`Error::Operator`].
    fn apply(&self, x: &[T], y: &mut [T]) -> Result<(), OperatorError>;

    /// x ← Aᴴ y, overwriting `x` (length n) from `y` (length m).
    ///
    /// # Errors
    /// As [`apply`](Self::apply).
    fn apply_adjoint(&self, y: &[T], x: &mut [T]) -> Result<(), OperatorError>;

    /// What is known of A besides. Default: nothing.
    fn profile(&self) -> Profile {
        Profile::default()
    }
}

/// What a [`LinearMap`] knows of itself.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Profile {
    /// ‖a_j‖ of every column; without them n products are made.
    pub column_norms: Option<Vec<f64>>,
    /// Multiply-adds of a product with Aᴴ, about; without it m n.
    pub cost: Option<usize>,
}

impl Profile {
    /// States ‖a_j‖ for every column.
    #[must_use]
    pub fn with_column_norms(mut self, norms: Vec<f64>) -> Self {
        self.column_norms = Some(norms);
        self
    }

    /// States how many multiply-adds a product with Aᴴ takes.
    #[must_use]
    pub fn with_cost(mut self, multiply_adds: usize) -> Self {
        self.cost = Some(multiply_adds);
        self
    }
}

/// A [`LinearMap`] as an [`Operator`].
///
/// Once a product has failed, this and later ones are zero, no further product of the map begins, and the run ends before its
/// next step, with the error. Errors are values all the way: nothing unwinds.
///
/// # Cost
/// That of the map. A column takes one `apply`, a Gram column one of each.
#[derive(Debug)]
pub struct Access<M> {
    map: M,
    /// What the map says of itself, asked for once: costs are looked at in every step.
    profile: OnceLock<Profile>,
    failure: Failure,
}

impl<M> Access<M> {
    /// Wraps a map.
    pub fn new(map: M) -> Self {
        Self { map, profile: OnceLock::new(), failure: Failure::default() }
    }

    /// The map.
    pub fn map(&self) -> &M {
        &self.map
    }

    fn profile<T: Scalar>(&self) -> &Profile
    where
        M: LinearMap<T>,
    {
        self.profile.get_or_init(|| self.map.profile())
    }

    /// Makes a product, unless one has failed.
    fn product<T: Scalar>(&self, out: &mut [T], make: impl FnOnce(&M, &mut [T]) -> Result<(), OperatorError>) {
        if self.failure.is_set() {
            out.fill(T::ZERO);
        } else if let Err(error) = make(&self.map, out) {
            self.failure.set(error);
            out.fill(T::ZERO);
        }
    }
}

impl<T: Scalar, M: LinearMap<T>> Operator<T> for Access<M> {
    fn nrows(&self) -> usize {
        self.map.shape().0
    }

    fn ncols(&self) -> usize {
        self.map.shape().1
    }

    fn apply(&self, x: &[T], y: &mut [T]) {
        self.product(y, |map, y| map.apply(x, y));
    }

    fn apply_adjoint(&self, y: &[T], x: &mut [T]) {
        self.product(x, |map, x| map.apply_adjoint(y, x));
    }

    fn column_norms(&self) -> Vec<f64> {
        // Without an interrupt only a failure stops it, which is kept.
        let measured = self.measure_columns(&Interrupt::default());
        measured.map_or_else(|_| vec![0.0; Operator::<T>::ncols(self)], |(norms, _)| norms)
    }

    fn measure_columns(&self, interrupt: &Interrupt) -> Result<(Vec<f64>, u64), Error> {
        match &self.profile().column_norms {
            Some(norms) => Ok((norms.clone(), 0)),
            None => measure_by_products(self, interrupt),
        }
    }

    fn adjoint_cost(&self) -> usize {
        let (m, n) = self.map.shape();
        self.profile().cost.unwrap_or_else(|| m.saturating_mul(n))
    }

    fn failure(&self) -> Option<Failure> {
        Some(self.failure.clone())
    }
}

/// Refuses what was computed from an operator of which a product has failed.
pub(crate) fn check_products<T: Scalar>(operator: &dyn Operator<T>) -> Result<(), Error> {
    operator.failure().and_then(|failure| failure.get().cloned()).map_or(Ok(()), |error| Err(Error::Operator(error)))
}

/// ‖a_j‖ for every column, by n products A e_j, and their number; given up at an interrupt or a failure.
pub(super) fn measure_by_products<T: Scalar>(
    operator: &dyn Operator<T>,
    interrupt: &Interrupt,
) -> Result<(Vec<f64>, u64), Error> {
    let n = operator.ncols();
    let (mut unit, mut column) = (vec![T::ZERO; n], vec![T::ZERO; operator.nrows()]);
    let mut norms = Vec::with_capacity(n);
    for j in 0..n {
        if let Some(reason) = interrupt.reason() {
            return Err(Error::Stopped { reason });
        }
        unit[j] = T::ONE;
        operator.apply(&unit, &mut column);
        unit[j] = T::ZERO;
        check_products(operator)?;
        norms.push(norm(&column));
    }
    Ok((norms, n as u64))
}
