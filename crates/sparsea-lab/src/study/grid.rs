//! Values that a parameter of a study takes: one, a list, or a range.

use serde::Deserialize;

/// One number, a list of numbers, or `{ from, to, step }` with both ends included.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged, expecting = "expected a number, a list of numbers, or { from = …, to = …, step = … }")]
pub(super) enum Grid<T> {
    One(T),
    Many(Vec<T>),
    Range(Range<T>),
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Range<T> {
    from: T,
    to: T,
    step: T,
}

/// Longest range that is meant seriously.
const LONGEST: f64 = 1e5;

impl Grid<u64> {
    pub(super) fn values(&self, name: &str) -> Result<Vec<u64>, String> {
        let values = match self {
            Self::One(value) => vec![*value],
            Self::Many(values) => values.clone(),
            Self::Range(Range { from, to, step }) => {
                check_range(name, *from as f64, *to as f64, *step as f64)?;
                (*from..=*to).step_by((*step).try_into().unwrap_or(usize::MAX)).collect()
            }
        };
        checked(name, values)
    }
}

impl Grid<f64> {
    pub(super) fn values(&self, name: &str) -> Result<Vec<f64>, String> {
        let values = match self {
            Self::One(value) => vec![*value],
            Self::Many(values) => values.clone(),
            Self::Range(Range { from, to, step }) => {
                check_range(name, *from, *to, *step)?;
                // The last step may miss the end by rounding; and a value is what would be typed, not 0.30000000000000004.
                let count = ((to - from) / step * (1.0 + 1e-12)).floor() as u64;
                (0..=count).map(|i| ((from + i as f64 * step) * 1e12).round() / 1e12).collect()
            }
        };
        match values.iter().find(|value| !value.is_finite()) {
            Some(value) => Err(format!("problem.{name} must be finite, got {value}")),
            None => checked(name, values),
        }
    }
}

fn check_range(name: &str, from: f64, to: f64, step: f64) -> Result<(), String> {
    if !(step > 0.0 && from <= to && (to - from) / step < LONGEST) {
        return Err(format!(
            "problem.{name}: a range needs from ≤ to and a step above 0, got from {from} to {to} by {step}"
        ));
    }
    Ok(())
}

fn checked<T: PartialEq + std::fmt::Display>(name: &str, values: Vec<T>) -> Result<Vec<T>, String> {
    if values.is_empty() {
        return Err(format!("problem.{name} is an empty list"));
    }
    for (at, value) in values.iter().enumerate() {
        if values[..at].contains(value) {
            return Err(format!("problem.{name} has {value} twice"));
        }
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_include_both_ends() {
        let range = |from: f64, to, step| Grid::Range(Range { from, to, step }).values("x");
        assert_eq!(range(0.5, 2.0, 0.5).unwrap(), [0.5, 1.0, 1.5, 2.0]);
        assert_eq!(range(0.1, 0.5, 0.1).unwrap(), [0.1, 0.2, 0.3, 0.4, 0.5]);
        assert_eq!(Grid::Range(Range { from: 5u64, to: 12, step: 5 }).values("k").unwrap(), [5, 10]);
        assert!(range(1.0, 0.0, 0.5).is_err() && range(0.0, 1.0, 0.0).is_err() && range(0.0, f64::NAN, 1.0).is_err());
        assert!(Grid::<f64>::Many(vec![]).values("x").is_err());
        assert_eq!(Grid::Many(vec![1u64, 2, 1]).values("k").unwrap_err(), "problem.k has 1 twice");
    }
}
