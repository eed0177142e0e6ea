//! Stability selection: how often atoms are chosen on random halves of the rows, and how many of these choices are false.

mod halves;

pub use halves::Halves;

/// How halves are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Pairs of disjoint halves: Shah & Samworth 2013, DOI 10.1111/j.1467-9868.2011.01034.x.
    Complementary,
    /// Halves drawn independently of each other: Meinshausen & Bühlmann 2010, DOI 10.1111/j.1467-9868.2010.00740.x.
    Half,
}

/// How often each atom was chosen, with k atoms chosen on each of N halves.
///
/// ```
/// use sparsea::stability::{Scheme, Stability};
///
/// let stability = Stability { counts: vec![98, 3, 60, 39], subsamples: 100, k: 2, candidates: 4, scheme: Scheme::Half };
/// assert_eq!(stability.selected(0.75), [0]);
/// assert_eq!(stability.bound(0.75), 4.0 / (0.5 * 4.0));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stability {
    /// Number of halves on which each column, or group, was chosen.
    pub counts: Vec<u64>,
    /// Number of halves N.
    pub subsamples: u64,
    /// Number of atoms chosen on each half.
    pub k: usize,
    /// Number of atoms p that may be chosen.
    pub candidates: usize,
    /// How the halves were drawn.
    pub scheme: Scheme,
}

impl Stability {
    /// The share of the halves on which each atom was chosen.
    pub fn frequencies(&self) -> Vec<f64> {
        self.counts.iter().map(|&count| count as f64 / self.subsamples as f64).collect()
    }

    /// The atoms whose frequency is at least a threshold, sorted.
    pub fn selected(&self, threshold: f64) -> Vec<usize> {
        let least = self.least(threshold);
        (0..self.counts.len()).filter(|&atom| self.counts[atom] >= least).collect()
    }

    /// The bound k²/((2π − 1) p) on the expected number of false selections at the threshold π > 1/2, where π is rounded up to a possible
    /// frequency; Theorem 1 of Shah & Samworth, and of Meinshausen & Bühlmann. Infinite for π ≤ 1/2.
    pub fn bound(&self, threshold: f64) -> f64 {
        let (n, c) = (self.subsamples as f64, self.least(threshold) as f64);
        if 2.0 * c <= n {
            return f64::INFINITY;
        }
        let k = self.k as f64;
        k * k * n / ((2.0 * c - n) * self.candidates as f64)
    }

    /// The bound of Theorem 2 of Shah & Samworth. It assumes that the share of pairs in which both halves choose an atom has a unimodal
    /// distribution. Where that theorem gives nothing, this is the [other bound](Self::bound). `None` for halves that are not pairs.
    pub fn unimodal_bound(&self, threshold: f64) -> Option<f64> {
        if self.scheme != Scheme::Complementary {
            return None;
        }
        let worst = self.bound(threshold);
        let (n, c) = (self.subsamples as f64, self.least(threshold) as f64);
        let (k, p) = (self.k as f64, self.candidates as f64);
        let share = k / p;
        let lowest = (0.5 + share * share).min(0.5 + 1.0 / n + 0.75 * share * share);
        if 3.0 * k * k > p * p || 2.0 * c < n + 4.0 || c / n <= lowest {
            return Some(worst);
        }
        Some(if 4.0 * c > 3.0 * n {
            k * k * 4.0 * (n - c + 1.0) / ((n + 2.0) * p)
        } else {
            k * k * n / (2.0 * (2.0 * c - n - 1.0) * p)
        })
    }

    /// The fewest halves whose share is at least a threshold, as floats compare.
    fn least(&self, threshold: f64) -> u64 {
        let n = self.subsamples;
        let guess = (threshold * n as f64).ceil().clamp(0.0, n as f64) as u64;
        let reaches = |count: u64| count as f64 / n as f64 >= threshold;
        let from = guess.saturating_sub(2);
        (from..=n).find(|&count| reaches(count)).unwrap_or(n)
    }
}
