//! Rows of an orthonormal transform, for a few samples of a signal with a sparse spectrum.

mod basis;
mod dct;
mod dft;
mod hadamard;

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

use faer::MatMut;

use super::{Columns, LinearMap, OperatorError, Profile, contiguous};
use crate::check::check_size;
use crate::error::Error;
use crate::kernels::norm;
use crate::scalar::Scalar;
use crate::tolerance::SMALL_COLUMN;
use basis::{Basis, Transform};
use dct::Dct;
use dft::Dft;
use hadamard::Hadamard;

/// Rows of the inverse discrete cosine transform, real or complex: A x = (Φ x)\[kept\] with the orthonormal DCT-III Φ,
/// the inverse of the DCT-II.
///
/// Φ_tj = √(2/n) cos(π (2t + 1) j/2n), and Φ_t0 = 1/√n, for t, j = 0 … n − 1. x is the spectrum, and y holds the samples kept. See
/// [`PartialTransform`].
pub type PartialDct = PartialTransform<Dct>;

/// Rows of the inverse discrete Fourier transform, complex only: A x = (Φ x)\[kept\] with the unitary
/// Φ_tj = exp(2πi t j/n)/√n for t, j = 0 … n − 1.
///
/// x is the spectrum, and y holds the samples kept. See [`PartialTransform`].
pub type PartialDft = PartialTransform<Dft>;

/// Rows of the Walsh–Hadamard transform, real or complex: A x = (Φ x)\[kept\] with the orthonormal Φ = H/√n in Sylvester's
/// order, n a power of two.
///
/// Φ_tj = ±1/√n, with the sign (−1)^b, where b is the number of binary digits 1 that t and j have in common. Φ is symmetric. See
/// [`PartialTransform`].
pub type PartialHadamard = PartialTransform<Hadamard>;

/// m rows of an orthonormal n × n transform Φ: A x = (Φ x)\[kept\] is the observed part of the signal Φ x, and x is its spectrum. One of
/// [`PartialDct`], [`PartialDft`] and [`PartialHadamard`].
///
/// A Aᴴ = I, and ‖a_j‖ = √(m/n) on average. For the Fourier and Hadamard transforms every column has this norm.
///
/// # Cost
/// Products take O(n log n), and a column takes O(m). The transform of the set of rows, O(n log n) once per operator, gives all norms and
/// the whole Gram matrix; then each Gram entry takes O(1). Columns that are much smaller than the average, which only the DCT has, are
/// measured entry by entry. From the first product on, O(n) numbers are kept; copies share them.
pub struct PartialTransform<F: Basis> {
    inner: Arc<Inner<F>>,
}

struct Inner<F: Basis> {
    transform: F,
    kept: Vec<usize>,
    inner_products: OnceLock<InnerProducts<F::Entry>>,
}

/// What is known of AᴴA, made when it is first asked for.
struct InnerProducts<E> {
    /// What [`Basis::product`] computes a_iᴴ a_j from.
    lags: Vec<E>,
    /// ‖a_j‖, where they differ.
    norms: Vec<f64>,
    /// Columns for which the lags have too few digits, sorted.
    small: Vec<usize>,
}

impl<F: Basis> PartialTransform<F> {
    /// The rows `kept` of the transform of n numbers, in the given order: row r of A is row `kept[r]` of Φ.
    ///
    /// # Errors
    /// [`Error::Empty`] if n is 0 or no row is kept; [`Error::KeptIndex`] if a row is not below n, [`Error::KeptRepeats`] if a row is
    /// repeated; [`Error::TransformLength`] if n is not a power of two, for the Hadamard transform; [`Error::TooLarge`] if n numbers do not
    /// fit into memory.
    pub fn new(n: usize, kept: &[usize]) -> Result<Self, Error> {
        if n == 0 || kept.is_empty() {
            return Err(Error::Empty { rows: kept.len(), columns: n });
        }
        let transform = F::new(n)?;
        if let Some(&index) = kept.iter().find(|&&t| t >= n) {
            return Err(Error::KeptIndex { index, length: n });
        }
        // Not a mask of n flags: n may be any number so far.
        let mut sorted = kept.to_vec();
        sorted.sort_unstable();
        if let Some(pair) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(Error::KeptRepeats { index: pair[0] });
        }
        check_size(kept.len(), n)?;
        Ok(Self { inner: Arc::new(Inner { transform, kept: kept.to_vec(), inner_products: OnceLock::new() }) })
    }

    /// The rows of Φ that are rows of A, in this order.
    pub fn kept(&self) -> &[usize] {
        &self.inner.kept
    }

    /// n, the number of columns.
    pub fn length(&self) -> usize {
        self.inner.transform.length()
    }

    /// Calls `visit(r, a_rj)` for the entries of column j.
    #[inline]
    fn visit(&self, j: usize, mut visit: impl FnMut(usize, F::Entry)) {
        let entry = self.inner.transform.column(j);
        self.kept().iter().enumerate().for_each(|(r, &t)| visit(r, entry(t)));
    }

    /// a_iᴴ v.
    fn product_with(&self, i: usize, v: &[F::Entry]) -> F::Entry {
        let mut sum = F::Entry::ZERO;
        self.visit(i, |r, entry| sum += entry.conj() * v[r]);
        sum
    }

    /// Column j.
    fn column(&self, j: usize) -> Vec<F::Entry> {
        let mut column = vec![F::Entry::ZERO; self.kept().len()];
        self.visit(j, |r, entry| column[r] = entry);
        column
    }

    /// √(m/n).
    fn average_norm(&self) -> f64 {
        (self.kept().len() as f64 / self.length() as f64).sqrt()
    }

    /// The norm below which the lags have too few digits for a column.
    fn smallest_norm(&self) -> f64 {
        SMALL_COLUMN.sqrt() * self.average_norm()
    }

    fn inner_products(&self) -> &InnerProducts<F::Entry> {
        self.inner.inner_products.get_or_init(|| {
            let transform = &self.inner.transform;
            let lags = transform.lags(self.kept());
            if F::EVEN {
                return InnerProducts { lags, norms: vec![], small: vec![] };
            }
            let smallest = self.smallest_norm();
            let norm_of = |j| {
                let square = transform.product(&lags, j, j).real();
                if square > smallest * smallest { square.sqrt() } else { norm(&self.column(j)) }
            };
            let norms: Vec<f64> = (0..self.length()).map(norm_of).collect();
            let small = (0..self.length()).filter(|&j| norms[j] <= smallest).collect();
            InnerProducts { lags, norms, small }
        })
    }

    /// `out` ← a_iᴴ a_j for the columns i of `rows`, or for all.
    fn gram_column<T: Scalar>(&self, rows: Option<&[usize]>, j: usize, out: &mut [T])
    where
        F: Transform<T>,
    {
        let known = self.inner_products();
        let smallest = self.smallest_norm();
        let is_small = |i: usize| !F::EVEN && known.norms[i] <= smallest;
        let product = |i| of::<F, T>(self.inner.transform.product(&known.lags, i, j));
        let by_entries = |column: &[F::Entry], i| of::<F, T>(self.product_with(i, column));
        match rows {
            None => {
                let column = if known.small.is_empty() { vec![] } else { self.column(j) };
                if is_small(j) {
                    let column: Vec<T> = column.iter().map(|&entry| of::<F, T>(entry)).collect();
                    self.analyze(&column, out);
                } else {
                    out.iter_mut().enumerate().for_each(|(i, out)| *out = product(i));
                }
                known.small.iter().for_each(|&i| out[i] = by_entries(&column, i));
            }
            Some(rows) => {
                let mut column = None;
                for (out, &i) in out.iter_mut().zip(rows) {
                    *out = if is_small(i) || is_small(j) {
                        by_entries(column.get_or_insert_with(|| self.column(j)), i)
                    } else {
                        product(i)
                    };
                }
            }
        }
    }

    /// x ← Aᴴ y.
    fn analyze<T: Scalar>(&self, y: &[T], x: &mut [T])
    where
        F: Transform<T>,
    {
        x.fill(T::ZERO);
        self.kept().iter().zip(y).for_each(|(&t, &y)| x[t] = y);
        self.inner.transform.analyze(x);
    }

    /// Whether a few columns are faster read entry by entry than with all others.
    fn is_few<T: Scalar>(&self, columns: usize) -> bool
    where
        F: Transform<T>,
    {
        columns.saturating_mul(self.kept().len()).saturating_mul(F::ENTRY) <= self.inner.transform.cost()
    }
}

/// An entry as a scalar of the problem.
#[inline(always)]
fn of<F: Basis, T: Scalar>(entry: F::Entry) -> T {
    T::from_complex(entry.to_complex())
}

impl<F: Transform<T>, T: Scalar> LinearMap<T> for PartialTransform<F> {
    fn shape(&self) -> (usize, usize) {
        (self.kept().len(), self.length())
    }

    fn apply(&self, x: &[T], y: &mut [T]) -> Result<(), OperatorError> {
        let mut signal = x.to_vec();
        self.inner.transform.synthesize(&mut signal);
        y.iter_mut().zip(self.kept()).for_each(|(y, &t)| *y = signal[t]);
        Ok(())
    }

    fn apply_adjoint(&self, y: &[T], x: &mut [T]) -> Result<(), OperatorError> {
        self.analyze(y, x);
        Ok(())
    }

    fn profile(&self) -> Profile {
        Profile::default().with_cost(self.inner.transform.cost())
    }

    fn columns(&self) -> Option<&dyn Columns<T>> {
        Some(self)
    }
}

impl<F: Transform<T>, T: Scalar> Columns<T> for PartialTransform<F> {
    fn gather(&self, support: &[usize], out: MatMut<'_, T>) -> Result<(), OperatorError> {
        for (&j, column) in support.iter().zip(out.col_iter_mut()) {
            let column = contiguous(column);
            self.visit(j, |r, entry| column[r] = of::<F, T>(entry));
        }
        Ok(())
    }

    fn norms(&self) -> Result<Vec<f64>, OperatorError> {
        Ok(if F::EVEN { vec![self.average_norm(); self.length()] } else { self.inner_products().norms.clone() })
    }

    fn gram(&self, rows: Option<&[usize]>, support: &[usize], out: MatMut<'_, T>) -> Result<(), OperatorError> {
        for (&j, column) in support.iter().zip(out.col_iter_mut()) {
            self.gram_column(rows, j, contiguous(column));
        }
        Ok(())
    }

    fn combine(&self, support: &[usize], values: &[T], y: &mut [T]) -> Result<(), OperatorError> {
        if !self.is_few::<T>(support.len()) {
            let mut x = vec![T::ZERO; self.length()];
            support.iter().zip(values).for_each(|(&j, &value)| x[j] += value);
            return self.apply(&x, y);
        }
        y.fill(T::ZERO);
        for (&j, &value) in support.iter().zip(values) {
            self.visit(j, |r, entry| y[r] += of::<F, T>(entry) * value);
        }
        Ok(())
    }

    fn correlate(&self, support: &[usize], y: &[T], out: &mut [T]) -> Result<(), OperatorError> {
        if !self.is_few::<T>(support.len()) {
            let mut x = vec![T::ZERO; self.length()];
            self.analyze(y, &mut x);
            support.iter().zip(out).for_each(|(&j, out)| *out = x[j]);
            return Ok(());
        }
        for (&j, out) in support.iter().zip(out) {
            let mut sum = T::ZERO;
            self.visit(j, |r, entry| sum += of::<F, T>(entry).conj() * y[r]);
            *out = sum;
        }
        Ok(())
    }
}

impl<F: Basis> Clone for PartialTransform<F> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone() }
    }
}

impl<F: Basis> PartialEq for PartialTransform<F> {
    fn eq(&self, other: &Self) -> bool {
        self.length() == other.length() && self.kept() == other.kept()
    }
}

impl<F: Basis> Eq for PartialTransform<F> {}

impl<F: Basis> Hash for PartialTransform<F> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.length(), self.kept()).hash(state);
    }
}

impl<F: Basis> fmt::Debug for PartialTransform<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(F::NAME).field("length", &self.length()).field("kept", &self.kept()).finish()
    }
}
