//! Whether the data need an intercept that the model lacks.

use super::Problem;
use crate::error::Error;
use crate::kernels::{dot, norm};
use crate::scalar::Scalar;

/// The share of ‖y‖² that must lie along the constant.
const MOST: f64 = 0.5;
/// cos² of the angle between the constant and a column from which on columns may explain it.
const NEAR: f64 = 0.2;
/// Of fewer rows nothing is said: columns at random are as near to the constant.
const FEW: usize = 20;

impl<T: Scalar> Problem<'_, T> {
    /// Whether the data seem to need an intercept that the model lacks. True if more than half of ‖y‖² lies along `constant` while no
    /// column is near it (cos² of each angle is at most ⅕); always false for fewer than 20 rows. If `constant` is the vector of ones,
    /// columns would be chosen for how well they mimic an intercept.
    ///
    /// # Cost
    /// Two inner products with y; one product with Aᴴ only if y lies along `constant`.
    ///
    /// # Errors
    /// [`Error::DataLength`] unless `constant` has m entries; [`Error::Operator`].
    pub fn misses(&self, constant: &[T]) -> Result<bool, Error> {
        let rows = self.operator().nrows();
        if constant.len() != rows {
            return Err(Error::DataLength { entries: constant.len(), rows });
        }
        if rows < FEW {
            return Ok(false);
        }
        let length = norm(constant);
        let along = |c: T, norm: f64, share: f64| Scalar::abs(c) > share.sqrt() * norm * length;
        if !along(dot(constant, self.data()), self.data_norm(), MOST) {
            return Ok(false);
        }
        let operator = self.operator().renewed();
        let mut products = vec![T::ZERO; operator.ncols()];
        operator.apply_adjoint(constant, &mut products);
        operator.check()?;
        Ok(!products.iter().zip(self.column_norms()).any(|(&c, &norm)| along(c, norm, NEAR)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::{gaussian_matrix, stream};
    use crate::operator::DenseOperator;

    #[test]
    fn a_constant_is_missed_where_no_column_is_near_it() {
        let mut a = gaussian_matrix::<f64>(&mut stream(1, 0, 0), 200, 30);
        let ones = vec![1.0; 200];
        let data = |offset: f64| -> Vec<f64> { (0..200).map(|i| offset + a[(i, 3)]).collect() };
        let (low, high) = (data(0.5), data(2.0));
        let misses = |a: &faer::Mat<f64>, y: &[f64]| {
            let dense = DenseOperator::new(a.as_ref());
            Problem::new(&dense, y, 1).unwrap().misses(&ones).unwrap()
        };
        assert!(!misses(&a, &low) && misses(&a, &high));
        assert!(!misses(&a, &[0.0; 200]));
        (0..200).for_each(|i| a[(i, 9)] += 1.0);
        assert!(!misses(&a, &high));
    }
}
