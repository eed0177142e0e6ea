//! The span of the fixed columns: an orthonormal basis, and coefficients in terms of the columns.

use crate::kernels::{axpy, dot, norm};
use crate::scalar::Scalar;
use crate::tolerance::CENTRED_ROUNDING;

/// N = Q R for the weighted fixed columns N, by Gram–Schmidt orthogonalisation, each column orthogonalised twice, which is enough
/// (Giraud, Langou, Rozložník & van den Eshof 2005, DOI 10.1007/s00211-005-0615-4).
#[derive(Debug)]
pub(super) struct Basis<T> {
    /// Q, orthonormal.
    columns: Vec<Vec<T>>,
    /// Of each column of N that does not depend on those before it: its place, its norm, and its coefficients in terms of Q after
    /// it was scaled to norm 1.
    factors: Vec<(usize, f64, Vec<T>)>,
    /// Columns of N.
    count: usize,
}

impl<T: Scalar> Basis<T> {
    /// The basis of no columns.
    pub(super) fn new() -> Self {
        Self { columns: vec![], factors: vec![], count: 0 }
    }

    /// Adds a column of N. One that depends on those before it to rounding adds nothing, and has coefficient 0.
    pub(super) fn push(&mut self, mut column: Vec<T>) {
        let place = self.count;
        self.count += 1;
        let whole = norm(&column);
        if whole == 0.0 {
            return;
        }
        column.iter_mut().for_each(|v| *v = v.scale(whole.recip()));
        let mut coefficients = vec![T::ZERO; self.columns.len()];
        for _ in 0..2 {
            for (q, c) in self.columns.iter().zip(&mut coefficients) {
                let part = dot(q, &column);
                axpy(-part, q, &mut column);
                *c += part;
            }
        }
        let left = norm(&column);
        if !self.columns.is_empty() && left <= rounding(column.len()) {
            return;
        }
        column.iter_mut().for_each(|v| *v = v.scale(left.recip()));
        coefficients.push(T::from_real(left));
        self.columns.push(column);
        self.factors.push((place, whole, coefficients));
    }

    /// Dimensions of the span.
    pub(super) fn rank(&self) -> usize {
        self.columns.len()
    }

    /// Q.
    pub(super) fn columns(&self) -> &[Vec<T>] {
        &self.columns
    }

    /// v ← P v, the part of v off the span.
    pub(super) fn project(&self, v: &mut [T]) {
        for _ in 0..2 {
            for q in &self.columns {
                axpy(-dot(q, v), q, v);
            }
        }
    }

    /// c that minimises ‖v − N c‖.
    pub(super) fn solve(&self, v: &[T]) -> Vec<T> {
        let mut rest: Vec<T> = Vec::with_capacity(self.rank());
        let mut v = v.to_vec();
        for q in &self.columns {
            // Each after the parts of those before it: they are as large as the data, what comes later may be small.
            let part = dot(q, &v);
            axpy(-part, q, &mut v);
            rest.push(part);
        }
        for (q, part) in self.columns.iter().zip(&mut rest) {
            *part += dot(q, &v);
        }
        let mut solution = vec![T::ZERO; self.count];
        for (at, (place, whole, coefficients)) in self.factors.iter().enumerate().rev() {
            let c = rest[at] / coefficients[at];
            for (rest, &coefficient) in rest[..at].iter_mut().zip(coefficients) {
                *rest -= coefficient * c;
            }
            solution[*place] = c.scale(whole.recip());
        }
        solution
    }
}

/// The share of its norm below which what is left of a vector of m numbers, after its part in a span is taken away, is rounding.
pub(super) fn rounding(m: usize) -> f64 {
    CENTRED_ROUNDING * (1.0 + (m as f64).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{normal_vector, stream};
    use num_complex::Complex;

    fn solves_least_squares<T: Scalar>(seed: u64) {
        let (m, f) = (20, 5);
        let mut rng = stream(seed, 3, 0);
        let mut columns: Vec<Vec<T>> = (0..f).map(|_| normal_vector(&mut rng, m)).collect();
        // One that depends on two others, and one of zeros.
        columns[3] = columns[0].iter().zip(&columns[2]).map(|(&a, &b)| a.scale(2.0) - b.scale(1e3)).collect();
        columns[4].fill(T::ZERO);
        let mut basis = Basis::new();
        columns.iter().for_each(|column| basis.push(column.clone()));
        assert_eq!(basis.rank(), 3);
        let v: Vec<T> = normal_vector(&mut rng, m);
        let c = basis.solve(&v);
        assert_eq!((c[3], c[4]), (T::ZERO, T::ZERO));
        let mut r = v.clone();
        c.iter().zip(&columns).for_each(|(&c, column)| axpy(-c, column, &mut r));
        for column in &columns {
            assert!(Scalar::abs(dot(column, &r)) <= 1e-12 * (1.0 + norm(column)) * norm(&v));
        }
        let mut projected = v;
        basis.project(&mut projected);
        projected.iter_mut().zip(&r).for_each(|(p, &r)| *p -= r);
        assert!(norm(&projected) <= 1e-12);
    }

    #[test]
    fn coefficients_are_those_of_least_squares() {
        for seed in 0..20 {
            solves_least_squares::<f64>(seed);
            solves_least_squares::<Complex<f64>>(seed);
        }
    }
}
