//! Means, rates and comparisons, each with its uncertainty.

use statrs::distribution::{Beta, Binomial, ContinuousCDF, DiscreteCDF, StudentsT};

/// Confidence level of the intervals that are shown.
pub const CONFIDENCE: f64 = 0.95;

/// An estimate with its confidence interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The estimate.
    pub value: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
}

/// The mean, with Student's interval at [`CONFIDENCE`].
pub fn mean(values: &[f64]) -> Estimate {
    let count = values.len() as f64;
    let value = values.iter().sum::<f64>() / count;
    if values.len() < 2 {
        return Estimate { value, low: f64::NAN, high: f64::NAN };
    }
    let variance = values.iter().map(|v| (v - value).powi(2)).sum::<f64>() / (count - 1.0);
    let factor = StudentsT::new(0.0, 1.0, count - 1.0).map_or(f64::NAN, |t| t.inverse_cdf(0.5 + 0.5 * CONFIDENCE));
    let half = factor * (variance / count).sqrt();
    Estimate { value, low: value - half, high: value + half }
}

/// A success rate with the exact interval of Clopper & Pearson (1934, DOI 10.1093/biomet/26.4.404) at `confidence`.
pub fn rate(successes: u64, runs: u64, confidence: f64) -> Estimate {
    let (s, n) = (successes as f64, runs as f64);
    let tail = 0.5 * (1.0 - confidence);
    let quantile = |a: f64, b: f64, p: f64| Beta::new(a, b).map_or(f64::NAN, |beta| beta.inverse_cdf(p));
    let low = if successes == 0 { 0.0 } else { quantile(s, n - s + 1.0, tail) };
    let high = if successes == runs { 1.0 } else { quantile(s + 1.0, n - s, 1.0 - tail) };
    Estimate { value: s / n, low, high }
}

/// A comparison of two algorithms on the same problems.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Paired {
    /// Problems on which the first had the smaller value.
    pub first_smaller: u64,
    /// Problems on which the second had the smaller value.
    pub second_smaller: u64,
    /// Mean of first − second, with its interval.
    pub difference: Estimate,
    /// Two-sided p-value of the sign test: the probability of a split at least this uneven if both are equally good.
    pub p_value: f64,
}

/// Compares `first` with `second`, problem by problem.
pub fn paired(first: &[f64], second: &[f64]) -> Paired {
    let differences: Vec<f64> = first.iter().zip(second).map(|(a, b)| a - b).collect();
    let count = |wanted: fn(f64) -> bool| differences.iter().filter(|&&d| wanted(d)).count() as u64;
    let (first_smaller, second_smaller) = (count(|d| d < 0.0), count(|d| d > 0.0));
    let decided = first_smaller + second_smaller;
    let fewer = first_smaller.min(second_smaller);
    let p_value = Binomial::new(0.5, decided).map_or(1.0, |split| (2.0 * split.cdf(fewer)).min(1.0));
    Paired { first_smaller, second_smaller, difference: mean(&differences), p_value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_those_of_tables() {
        // R: binom.test(95, 100)$conf.int = 0.8871651 0.9835681
        let rate = rate(95, 100, 0.95);
        assert!((rate.low - 0.887_165_1).abs() < 1e-6 && (rate.high - 0.983_568_1).abs() < 1e-6, "{rate:?}");
        assert_eq!(super::rate(0, 10, 0.95).low, 0.0);
        assert_eq!(super::rate(10, 10, 0.95).high, 1.0);
        // Student's t has the 97.5 % quantile 3.182446 for 3 degrees of freedom; the standard error is √(10/3)/2.
        let mean = mean(&[1.0, 2.0, 4.0, 5.0]);
        let half = 3.182_446 * (10.0f64 / 3.0).sqrt() / 2.0;
        assert!((mean.low - 3.0 + half).abs() < 1e-5 && (mean.high - 3.0 - half).abs() < 1e-5, "{mean:?}");
    }

    #[test]
    fn signs_are_counted() {
        let paired = paired(&[0.0; 10], &[1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, -1.0, 0.0]);
        assert_eq!((paired.first_smaller, paired.second_smaller), (8, 1));
        // R: binom.test(1, 9)$p.value = 0.0390625
        assert!((paired.p_value - 0.039_062_5).abs() < 1e-12);
        assert_eq!(super::paired(&[1.0], &[1.0]).p_value, 1.0);
    }
}
