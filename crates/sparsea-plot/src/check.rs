//! Checks of inputs before drawing, with messages that say what is wrong.

use crate::PlotError;

/// Beyond this, ranges of values would overflow.
const LARGEST: f64 = 1e300;

/// Refuses values that no axis can show.
pub fn numbers(what: &str, values: &[f64]) -> Result<(), PlotError> {
    match values.iter().position(|v| v.is_nan() || v.abs() > LARGEST) {
        Some(index) => Err(PlotError::NotDrawable { what: what.to_string(), index, value: values[index] }),
        None => Ok(()),
    }
}

/// Refuses inputs of different lengths.
pub fn length(what: &str, expected: usize, found: usize) -> Result<(), PlotError> {
    if expected == found { Ok(()) } else { Err(PlotError::Length { what: what.to_string(), expected, found }) }
}

/// Refuses an empty input.
pub fn not_empty(what: &str, len: usize) -> Result<(), PlotError> {
    if len > 0 { Ok(()) } else { Err(PlotError::Empty { what: what.to_string() }) }
}

/// Checks a sparse vector of length `len`, given as positions and values.
pub fn spikes(what: &str, len: usize, (positions, values): Spikes<'_>) -> Result<(), PlotError> {
    length(what, positions.len(), values.len())?;
    numbers(what, values)?;
    positions.iter().try_for_each(|&p| position(what, p, len))
}

/// Refuses a position outside `0..len`.
pub fn position(what: &str, position: usize, len: usize) -> Result<(), PlotError> {
    if position < len { Ok(()) } else { Err(PlotError::Position { what: what.to_string(), position, len }) }
}

/// Positions and values of a sparse vector.
pub type Spikes<'a> = (&'a [usize], &'a [f64]);

/// Refuses values that a logarithmic axis cannot show; NaN is allowed and leaves a gap.
pub fn positive(what: &str, values: &[f64]) -> Result<(), PlotError> {
    match values.iter().position(|&v| v <= 0.0) {
        Some(index) => {
            let what = format!("{what}, on a logarithmic axis");
            Err(PlotError::NotDrawable { what, index, value: values[index] })
        }
        None => Ok(()),
    }
}

/// Like [`numbers`], but NaN is allowed and leaves a gap.
pub fn numbers_or_gaps(what: &str, values: &[f64]) -> Result<(), PlotError> {
    match values.iter().position(|v| v.abs() > LARGEST) {
        Some(index) => Err(PlotError::NotDrawable { what: what.to_string(), index, value: values[index] }),
        None => Ok(()),
    }
}
