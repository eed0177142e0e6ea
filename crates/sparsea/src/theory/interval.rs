//! A number known up to a lower and an upper bound.

use std::fmt;

/// A number known to lie between two bounds, both included; known exactly if they are equal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The lower bound.
    pub lower: f64,
    /// The upper bound; may be infinite.
    pub upper: f64,
}

impl Interval {
    /// The interval of a number known exactly.
    pub fn exact(value: f64) -> Self {
        Self { lower: value, upper: value }
    }

    /// Whether the two bounds are equal.
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
