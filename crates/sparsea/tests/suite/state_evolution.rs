//! The threshold of Bayes-optimal message passing, against the definition integrated by brute force.

use proptest::prelude::*;
use sparsea::theory::state_evolution::{density, minimum_mean_square_error, undersampling};

fn normal(x: f64, variance: f64) -> f64 {
    (-0.5 * x * x / variance).exp() / (2.0 * std::f64::consts::PI * variance).sqrt()
}

/// Simpson's rule on `steps` (even) intervals.
fn simpson(from: f64, to: f64, steps: usize, of: impl Fn(f64) -> f64) -> f64 {
    let step = (to - from) / steps as f64;
    let weight = |i: usize| match i {
        0 => 1.0,
        i if i == steps => 1.0,
        i if i % 2 == 1 => 4.0,
        _ => 2.0,
    };
    (0..=steps).map(|i| weight(i) * of(from + i as f64 * step)).sum::<f64>() * step / 3.0
}

/// E[x | r], its integrals over the non-zero x computed numerically.
fn posterior_mean(density: f64, noise: f64, r: f64) -> f64 {
    // The integrands are normal in x, of mean r/(1 + τ) and variance τ/(1 + τ).
    let (centre, reach) = (r / (1.0 + noise), 9.0 * (noise / (1.0 + noise)).sqrt());
    let slab = |power: i32| {
        let of = |x: f64| x.powi(power) * normal(x, 1.0) * normal(r - x, noise);
        density * simpson(centre - reach, centre + reach, 200, of)
    };
    slab(1) / (slab(0) + (1.0 - density) * normal(r, noise))
}

/// E(E[x | r] − x)² as a double integral over x and the noise.
fn brute_force(density: f64, noise: f64) -> f64 {
    let size = noise.sqrt();
    let error = |x: f64| {
        let of = |z: f64| normal(z, 1.0) * (posterior_mean(density, noise, x + size * z) - x).powi(2);
        simpson(-8.5, 8.5, 240, of)
    };
    (1.0 - density) * error(0.0) + density * simpson(-8.5, 8.5, 400, |x| normal(x, 1.0) * error(x))
}

#[test]
fn the_error_is_that_of_the_definition() {
    for (density, noise) in [(0.05, 0.08), (0.3, 0.05), (0.6, 0.03), (0.9, 0.4)] {
        let (found, expected) = (minimum_mean_square_error(density, noise).unwrap(), brute_force(density, noise));
        assert!((found / expected - 1.0).abs() < 1e-6, "ε = {density}, τ = {noise}: {found} {expected}");
    }
}

/// ε − E(E[x | r])², by the closed form of the posterior mean.
fn by_power(density: f64, noise: f64, steps: usize) -> f64 {
    let power = |r: f64| {
        let (slab, spike) = (density * normal(r, 1.0 + noise), (1.0 - density) * normal(r, noise));
        (slab + spike) * (slab / (slab + spike) * r / (1.0 + noise)).powi(2)
    };
    let end = 12.0 * (1.0 + noise).sqrt();
    density - 2.0 * simpson(0.0, end, steps, power)
}

proptest! {
    #[test]
    fn the_error_is_what_the_posterior_mean_leaves(density in 1e-3..0.999, log in -9.0..2.0) {
        let noise = f64::exp(log);
        let (found, expected) = (minimum_mean_square_error(density, noise).unwrap(), by_power(density, noise, 60_000));
        prop_assert!((found - expected).abs() < 1e-10, "{found} {expected}");
        // Never above what is known without r, and what the best linear estimate leaves.
        prop_assert!(found <= density.min(noise * density / (density + noise)) * (1.0 + 1e-12));
    }

    /// More columns of x need more rows, at least k, and fewer than n.
    #[test]
    fn the_threshold_is_monotone_and_its_own_inverse(first in 1e-4..0.9999, second in 1e-4..0.9999) {
        let (low, high) = (f64::min(first, second), f64::max(first, second));
        let (few, many) = (undersampling(low).unwrap(), undersampling(high).unwrap());
        prop_assert!(few <= many && low < few && many < 1.0, "{low} {few}, {high} {many}");
        let back = density(many).unwrap();
        prop_assert!((back - high).abs() < 1e-9, "{high} {back}");
    }
}

/// Whether the iteration from E = ε reaches 0, by Simpson's rule; it is slow near the threshold.
fn converges(density: f64, ratio: f64) -> bool {
    let mut error = density;
    for _ in 0..4000 {
        let next = by_power(density, error / ratio, 6000);
        if next < 1e-3 * density {
            return true;
        }
        if next > error * (1.0 - 1e-6) {
            return false;
        }
        error = next;
    }
    panic!("undecided at ε = {density}, δ = {ratio}");
}

#[test]
fn the_iteration_converges_below_the_threshold_only() {
    for ratio in [0.125, 0.5, 0.875] {
        let threshold = density(ratio).unwrap();
        assert!(converges(0.998 * threshold, ratio), "δ = {ratio}");
        assert!(!converges(1.002 * threshold, ratio), "δ = {ratio}");
    }
}

#[test]
fn the_ends_are_exact_and_nonsense_is_refused() {
    assert_eq!((undersampling(0.0).unwrap(), undersampling(1.0).unwrap()), (0.0, 1.0));
    assert_eq!((density(0.0).unwrap(), density(1.0).unwrap(), density(3.0).unwrap()), (0.0, 1.0, 1.0));
    assert_eq!(
        (minimum_mean_square_error(0.0, 1.0).unwrap(), minimum_mean_square_error(0.3, 0.0).unwrap()),
        (0.0, 0.0)
    );
    // Without zeros x is a normal variable.
    assert!((minimum_mean_square_error(1.0, 0.25).unwrap() - 0.2).abs() < 1e-15);
    for tiny in [1e-300, 1e-40, 1e-9] {
        let found = density(tiny).unwrap();
        assert!(found > 0.0 && found < tiny && (undersampling(found).unwrap() / tiny - 1.0).abs() < 1e-9, "{found:e}");
    }
    for bad in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
        let said = undersampling(bad).unwrap_err().to_string();
        assert!(said.starts_with("the density k/n must be between 0 and 1, got "), "{said}");
        assert!(minimum_mean_square_error(bad, 1.0).is_err());
    }
    for bad in [-0.1, f64::NAN, f64::INFINITY] {
        assert!(density(bad).unwrap_err().to_string().starts_with("m/n must be finite and at least 0, got "));
        assert!(minimum_mean_square_error(0.5, bad).is_err());
    }
}
