//! Checks of sizes and of numbers, for operators and problems alike.

use crate::error::{Error, non_finite_word};
use crate::scalar::Scalar;

/// Refuses a k below `least` or above a dimension of A.
pub(crate) fn check_sparsity(sparsity: usize, least: usize, rows: usize, columns: usize) -> Result<(), Error> {
    let (limit, dimension) = if rows < columns { (rows, "rows") } else { (columns, "columns") };
    if sparsity < least || sparsity > limit {
        return Err(Error::Sparsity { sparsity, least, limit, dimension });
    }
    Ok(())
}

/// Refuses dimensions that are out of reach. Where an allocation fails, no error can be returned any more: the process ends.
pub(crate) fn check_size(rows: usize, columns: usize) -> Result<(), Error> {
    let fits = |length| {
        let mut vector = Vec::<num_complex::Complex<f64>>::new();
        let reserved = vector.try_reserve_exact(length).is_ok();
        // Seen by nobody, the vector would not be made at all.
        std::hint::black_box(&vector);
        reserved
    };
    if fits(rows) && fits(columns) { Ok(()) } else { Err(Error::TooLarge { rows, columns }) }
}

/// Refuses NaN and infinities.
pub(crate) fn check_finite<T: Scalar>(what: &'static str, values: &[T]) -> Result<(), Error> {
    match values.iter().position(|v| !Scalar::is_finite(*v)) {
        Some(index) => {
            let value = non_finite_word(values[index].real(), values[index].imag());
            Err(Error::NonFinite { what, value, index })
        }
        None => Ok(()),
    }
}

/// Why the norm of this column of A is not usable.
pub(crate) fn unusable<T: Scalar>(entries: &[T], column: usize) -> Error {
    match entries.iter().position(|v| !Scalar::is_finite(*v)) {
        Some(row) => {
            let value = non_finite_word(entries[row].real(), entries[row].imag());
            Error::NonFiniteEntry { what: "A", value, row, column }
        }
        None => Error::ColumnOverflow { column },
    }
}
