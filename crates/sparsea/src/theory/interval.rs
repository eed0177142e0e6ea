//! A number known up to two bounds.

use std::fmt;

/// A number known to lie between two bounds, both included; known exactly if they are equal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// At least this.
    pub lower: f64,
    /// At most this; may be infinite.
    pub upper: f64,
}

impl Interval {
    /// A number that is known.
    pub fn exact(value: f64) -> Self {
        Self { lower: value, upper: value }
    }

    /// Whether both bounds are the same.
    pub fn is_exact(&self) -> bool {
        self.lower == self.upper
    }

    /// Whether `value` lies between the bounds.
    pub fn contains(&self, value: f64) -> bool {
        (self.lower..=self.upper).contains(&value)
    }

    /// The images of the bounds under a function that does not decrease.
    pub(super) fn map(self, increasing: impl Fn(f64) -> f64) -> Self {
        Self { lower: increasing(self.lower), upper: increasing(self.upper) }
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_exact() { write!(f, "{}", self.lower) } else { write!(f, "[{}, {}]", self.lower, self.upper) }
    }
}
