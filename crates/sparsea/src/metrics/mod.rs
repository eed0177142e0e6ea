//! Measures of how well a support or a vector was recovered.

mod segments;

use crate::support::shared;

pub use segments::{Segments, segments};

/// (k − |S* ∩ S|) / k: the share of the true support that was missed; 0 if all of it was found. Both supports must be sorted.
///
/// The distance is 0 if the true support is empty.
pub fn support_distance(truth: &[usize], found: &[usize]) -> f64 {
    if truth.is_empty() {
        return 0.0;
    }
    (truth.len() - shared(truth, found)) as f64 / truth.len() as f64
}

/// Whether the support was recovered exactly.
pub fn exact(truth: &[usize], found: &[usize]) -> bool {
    truth == found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_what_was_missed() {
        assert_eq!(support_distance(&[1, 4, 6, 8], &[0, 1, 4, 9]), 0.5);
        assert_eq!(support_distance(&[1, 4], &[1, 4]), 0.0);
        assert_eq!(support_distance(&[], &[3]), 0.0);
        assert!(!exact(&[1], &[1, 2]));
    }
}
