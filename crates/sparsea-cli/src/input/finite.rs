//! Numbers that may be NaN or infinite, and the words for that.

use num_complex::Complex;

/// A number in a file.
pub trait Number: Copy {
    /// The words for a value that is not finite, if it is not.
    fn not_finite(self) -> Option<&'static str>;
}

impl Number for f64 {
    fn not_finite(self) -> Option<&'static str> {
        if self.is_finite() {
            None
        } else if self.is_nan() {
            Some("NaN")
        } else if self > 0.0 {
            Some("inf")
        } else {
            Some("-inf")
        }
    }
}

impl Number for f32 {
    fn not_finite(self) -> Option<&'static str> {
        f64::from(self).not_finite()
    }
}

impl Number for Complex<f32> {
    fn not_finite(self) -> Option<&'static str> {
        self.re.not_finite().or_else(|| self.im.not_finite())
    }
}

impl Number for Complex<f64> {
    fn not_finite(self) -> Option<&'static str> {
        self.re.not_finite().or_else(|| self.im.not_finite())
    }
}
