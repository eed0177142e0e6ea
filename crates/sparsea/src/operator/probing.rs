//! Column norms of an operator that is known only by its products.
//!
//! For a random z with independent signs ±1, E|(Aᴴ z)_j|² = ‖a_j‖²: each product with Aᴴ is a sample of all n norms at once (Hutchinson
//! 1990, DOI 10.1080/03610919008812866, for the diagonal of AᴴA).
//!
//! Where columns are nearly parallel, what one column explains in addition to others depends on a small part of its norm. There the norms
//! are measured.

use rand::RngExt;

use super::Access;
use crate::counts::Counts;
use crate::error::Error;
use crate::interrupt::Interrupt;
use crate::kernels::norm;
use crate::random::stream;
use crate::scalar::Scalar;

/// Up to so many columns norms are measured one by one, by n products.
pub(super) const MEASURED: usize = 2048;
/// Probes after which norms may count as equal, and probes otherwise. A norm is off by √(1/(2 P)) of itself after P probes.
const FEW: usize = 32;
const MANY: usize = 256;
/// Norms count as equal if the standard deviation of ‖a_j‖², which the covariance of two independent estimates tells, is at most this
/// share of their mean, beyond what the estimates leave open,
const SPREAD: f64 = 0.04;
/// and if no estimate of ‖a_j‖² from few probes lies outside these multiples of the mean: with equal norms one in 10⁷ does.
const PLAUSIBLE: (f64, f64) = (0.15, 3.2);

/// Columns whose cosines with all others are looked at, and the largest cosine with which norms are estimated.
const SAMPLE: usize = 8;
const COHERENT: f64 = 0.5;

/// ‖a_j‖ of every column, estimated, or `None` where columns turn out to be nearly parallel, and the products that it took.
pub(super) fn estimated_norms<T: Scalar>(
    operator: &Access<'_, T>,
    interrupt: &Interrupt,
) -> Result<(Option<Vec<f64>>, Counts), Error> {
    let (norms, adjoints) = probed_norms(operator, interrupt)?;
    let n = operator.ncols();
    let (mut column, mut product) = (vec![T::ZERO; operator.nrows()], vec![T::ZERO; n]);
    let mut counts = Counts { adjoints, ..Counts::default() };
    for at in 0..SAMPLE {
        if let Some(reason) = interrupt.reason() {
            return Err(Error::Stopped { reason });
        }
        let j = (2 * at + 1) * n / (2 * SAMPLE);
        operator.column(j, &mut column);
        operator.apply_adjoint(&column, &mut product);
        operator.check()?;
        counts.applies += 1;
        counts.adjoints += 1;
        let length = norm(&column);
        let is_close = |(i, g): (usize, &T)| i != j && Scalar::abs(*g) > COHERENT * length * norms[i];
        if product.iter().enumerate().any(is_close) {
            return Ok((None, counts));
        }
    }
    Ok((Some(norms), counts))
}

/// ‖a_j‖ of every column, estimated by probes, and their number.
fn probed_norms<T: Scalar>(operator: &Access<'_, T>, interrupt: &Interrupt) -> Result<(Vec<f64>, u64), Error> {
    let (m, n) = (operator.nrows(), operator.ncols());
    let mut rng = stream(0, 1, 0);
    let (mut signs, mut product) = (vec![T::ZERO; m], vec![T::ZERO; n]);
    // Sums of |(Aᴴ z)_j|² over every second probe each.
    let mut halves = [vec![0.0; n], vec![0.0; n]];
    for probe in 0..MANY {
        if let Some(reason) = interrupt.reason() {
            return Err(Error::Stopped { reason });
        }
        signs.fill_with(|| T::from_real(if rng.random() { 1.0 } else { -1.0 }));
        operator.apply_adjoint(&signs, &mut product);
        operator.check()?;
        halves[probe % 2].iter_mut().zip(&product).for_each(|(sum, v)| *sum += v.abs2());
        if probe + 1 == FEW
            && let Some(common) = common_norm(&halves)
        {
            return Ok((halves[0].iter().map(|&sum| if sum > 0.0 { common } else { 0.0 }).collect(), FEW as u64));
        }
    }
    let estimate = |(one, other): (&f64, &f64)| ((one + other) / MANY as f64).sqrt();
    Ok((halves[0].iter().zip(&halves[1]).map(estimate).collect(), MANY as u64))
}

/// The norm that all columns but those of zeros have, as far as two independent estimates of their squares tell.
fn common_norm(halves: &[Vec<f64>; 2]) -> Option<f64> {
    let (mut count, mut sums) = (0.0, [0.0; 2]);
    for (one, other) in halves[0].iter().zip(&halves[1]).filter(|(one, other)| **one + **other > 0.0) {
        count += 1.0;
        sums[0] += one;
        sums[1] += other;
    }
    let mean = (sums[0] + sums[1]) / count;
    let (mut covariance, mut variance) = (0.0, 0.0);
    for (one, other) in halves[0].iter().zip(&halves[1]).filter(|(one, other)| **one + **other > 0.0) {
        let share = (one + other) / mean;
        if !(PLAUSIBLE.0..=PLAUSIBLE.1).contains(&share) {
            return None;
        }
        let (one, other) = (one * count / sums[0] - 1.0, other * count / sums[1] - 1.0);
        covariance += one * other / count;
        variance += 0.5 * (one * one + other * other) / count;
    }
    let open = 3.0 * variance / count.sqrt();
    (covariance <= SPREAD * SPREAD + open).then(|| (mean / FEW as f64).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::{LinearMap, OperatorError};
    use crate::random::normal_vector;
    use num_complex::Complex;

    /// A random matrix whose column j has norm `norms[j]`, known by its products only.
    struct Products<T> {
        rows: usize,
        norms: Vec<f64>,
        entries: Vec<T>,
    }

    impl<T: Scalar> Products<T> {
        fn new(rows: usize, norms: Vec<f64>, seed: u64) -> Self {
            let mut entries: Vec<T> = normal_vector(&mut stream(seed, 0, 0), rows * norms.len());
            for (column, &wanted) in entries.chunks_mut(rows).zip(&norms) {
                let scale = wanted / norm(column);
                column.iter_mut().for_each(|v| *v = v.scale(scale));
            }
            Self { rows, norms, entries }
        }
    }

    impl<T: Scalar> LinearMap<T> for Products<T> {
        fn shape(&self) -> (usize, usize) {
            (self.rows, self.norms.len())
        }

        fn apply(&self, x: &[T], y: &mut [T]) -> Result<(), OperatorError> {
            y.fill(T::ZERO);
            for (column, &x) in self.entries.chunks(self.rows).zip(x) {
                y.iter_mut().zip(column).for_each(|(y, &a)| *y += a * x);
            }
            Ok(())
        }

        fn apply_adjoint(&self, y: &[T], x: &mut [T]) -> Result<(), OperatorError> {
            for (column, x) in self.entries.chunks(self.rows).zip(x) {
                *x = crate::kernels::dot(column, y);
            }
            Ok(())
        }
    }

    fn estimates<T: Scalar>(norms: &[f64], rows: usize, seed: u64) -> (Vec<f64>, u64) {
        let map = Products::<T>::new(rows, norms.to_vec(), seed);
        let (found, counts) = estimated_norms(&Access::new(&map), &Interrupt::default()).unwrap();
        (found.unwrap(), counts.adjoints - SAMPLE as u64)
    }

    #[test]
    fn parallel_columns_are_not_estimated() {
        let mut map = Products::<f64>::new(50, vec![1.0; 2500], 7);
        for j in 1..2500 {
            for i in 0..50 {
                map.entries[50 * j + i] = 0.8 * map.entries[50 * (j - 1) + i] + 0.6 * map.entries[50 * j + i];
            }
        }
        assert_eq!(estimated_norms(&Access::new(&map), &Interrupt::default()).unwrap().0, None);
    }

    fn equal_norms_are_found<T: Scalar>() {
        for (seed, rows) in [(1, 90), (2, 200), (3, 400)] {
            let mut norms = vec![3.0; 2500];
            norms[17] = 0.0;
            let (found, products) = estimates::<T>(&norms, rows, seed);
            assert_eq!((products, found[17]), (FEW as u64, 0.0));
            assert!(found.iter().zip(&norms).all(|(found, norm)| (found - norm).abs() <= 0.1 * norm));
        }
    }

    #[test]
    fn equal_norms_take_few_products() {
        equal_norms_are_found::<f64>();
        equal_norms_are_found::<Complex<f64>>();
    }

    #[test]
    fn other_norms_are_told_apart() {
        let slope: Vec<f64> = (0..2500).map(|j| 0.5 + j as f64 / 2500.0).collect();
        let mut outlier = vec![1.0; 2500];
        outlier[3] = 0.01;
        outlier[4] = 5.0;
        let (small, half) = (vec![1e-9; 2500], (0..2500).map(|j| if j % 2 == 0 { 0.8 } else { 1.0 }).collect());
        for (seed, norms) in [slope, outlier, half].into_iter().enumerate() {
            let (found, products) = estimates::<f64>(&norms, 120, seed as u64);
            assert_eq!(products, MANY as u64, "{seed}");
            // Five standard deviations.
            let off = 5.0 * (0.5 / MANY as f64).sqrt();
            assert!(found.iter().zip(&norms).all(|(found, norm)| (found / norm - 1.0).abs() <= off), "{seed}");
        }
        let (found, products) = estimates::<f64>(&small, 120, 9);
        assert!(
            products == FEW as u64 && found.iter().all(|norm| (norm / 1e-9 - 1.0).abs() < 0.1),
            "units do not matter"
        );
    }
}
