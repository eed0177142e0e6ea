//! Kernels of common shape, sampled at unit spacing.

use crate::error::Error;

fn positive(value: f64, name: &str) -> Result<f64, Error> {
    if value.is_finite() && value > 0.0 {
        Ok(value)
    } else {
        Err(Error::Kernel { problem: format!("needs {name} greater than 0 and finite, got {value}") })
    }
}

/// The longest kernel made here, in samples.
const MAX_LENGTH: f64 = 1e8;

/// exp(−t²/2σ²) for t = −⌈8σ⌉ … ⌈8σ⌉ (σ in samples), where it falls to 10⁻¹⁴. Length 2⌈8σ⌉ + 1, peak 1 at the centre.
///
/// # Errors
/// [`Error::Kernel`] unless σ is positive and the kernel has at most 10⁸ samples.
pub fn gaussian(sigma: f64) -> Result<Vec<f64>, Error> {
    let reach = (8.0 * positive(sigma, "a width σ")?).ceil();
    if 2.0 * reach > MAX_LENGTH {
        return Err(Error::Kernel { problem: format!("of width σ = {sigma} would have more than 10⁸ samples") });
    }
    let reach = reach as i64;
    Ok((-reach..=reach).map(|t| (-0.5 * (t as f64 / sigma).powi(2)).exp()).collect())
}

/// exp(−t/τ) for t = 0 … ⌈20τ⌉ (τ in samples), where it falls to 2·10⁻⁹. Length ⌈20τ⌉ + 1, peak 1 at the first sample.
///
/// # Errors
/// [`Error::Kernel`] unless τ is positive and the kernel has at most 10⁸ samples.
pub fn exponential(tau: f64) -> Result<Vec<f64>, Error> {
    let reach = (20.0 * positive(tau, "a decay time τ")?).ceil();
    if reach > MAX_LENGTH {
        return Err(Error::Kernel { problem: format!("of decay time τ = {tau} would have more than 10⁸ samples") });
    }
    Ok((0..=reach as u64).map(|t| (-(t as f64) / tau).exp()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbouring_atoms_have_the_published_coherence() {
        // Unit columns of the full convolution: μ = exp(−1/(4σ²)) = exp(−1/36) for σ = 3.
        let kernel = gaussian(3.0).unwrap();
        assert_eq!(kernel.len(), 49);
        let norm: f64 = kernel.iter().map(|v| v * v).sum();
        let next: f64 = kernel.windows(2).map(|pair| pair[0] * pair[1]).sum();
        assert!((next / norm - (-1.0f64 / 36.0).exp()).abs() < 1e-12);
    }

    #[test]
    fn impossible_widths_are_refused() {
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e300] {
            assert!(gaussian(bad).is_err() && exponential(bad).is_err(), "{bad}");
        }
        assert_eq!(exponential(1e-9).unwrap().len(), 2);
    }
}
