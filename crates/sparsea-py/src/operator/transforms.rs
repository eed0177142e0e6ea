//! Rows of cosine, Fourier and Hadamard transforms, as Python sees them.

use std::any::Any;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use num_complex::Complex;
use numpy::{PyArray1, PyArrayMethods};
use pyo3::prelude::*;
use sparsea::LinearMap;

use super::Shared;
use super::convolution::{product, read, whole};
use super::steps::{either, shared};
use crate::convert::Field;
use crate::error::{InvalidTypeError, refused};

/// The indices of rows as `python/sparsea/_input.py` reads them.
fn indices(what: &str, object: &Bound<'_, PyAny>) -> PyResult<Vec<usize>> {
    let indices = object.py().import("sparsea._input")?.call_method1("as_indices", (what, object))?;
    let indices = indices.cast::<PyArray1<i64>>()?.try_readonly()?;
    Ok(indices.as_array().iter().map(|&index| index as usize).collect())
}

/// A x or Aᴴ y for an operator that takes complex vectors.
fn complex<'py>(
    operator: &dyn LinearMap<Complex<f64>>,
    given: &Bound<'py, PyAny>,
    adjoint: bool,
) -> PyResult<Bound<'py, PyAny>> {
    let given = read("the vector", given)?.call_method1("astype", ("complex128",))?;
    Ok(product::<Complex<f64>>(operator, &given, adjoint)?.into_any())
}

/// The operator for complex problems, as which Python poses all that have a complex A.
fn shared_complex<T: Field>(operator: impl LinearMap<Complex<f64>> + 'static) -> PyResult<Shared<T>> {
    let any: Box<dyn Any> = Box::new(Arc::new(operator) as Shared<Complex<f64>>);
    any.downcast().map(|operator| *operator).map_err(|_| InvalidTypeError::new_err("A is complex although y is real"))
}

/// A class around rows of a transform: products and operator are made by the two functions named.
macro_rules! rows_of_a_transform {
    ($(#[$documentation:meta])* $name:ident, $operator:ident, $scalar:ty, $product:ident, $shared:ident) => {
        $(#[$documentation])*
        #[pyclass(frozen, module = "sparsea")]
        pub struct $name(sparsea::$operator);

        impl $name {
            pub fn operator<T: Field>(&self) -> PyResult<Shared<T>> {
                $shared(self.0.clone())
            }
        }

        #[pymethods]
        impl $name {
            #[new]
            fn new(n: &Bound<'_, PyAny>, kept: &Bound<'_, PyAny>) -> PyResult<Self> {
                let (n, kept) = (whole("n", n)?, indices("kept", kept)?);
                sparsea::$operator::new(n, &kept).map(Self).map_err(refused)
            }

            /// (m, n): the number of samples kept, and the number of entries of the spectrum.
            #[getter]
            fn shape(&self) -> (usize, usize) {
                (self.0.kept().len(), self.0.length())
            }

            /// float64 (complex vectors are also accepted) or complex128.
            #[getter]
            fn dtype<'py>(&self, py: Python<'py>) -> Bound<'py, numpy::PyArrayDescr> {
                numpy::dtype::<$scalar>(py)
            }

            /// The samples kept, a copy.
            #[getter]
            fn kept<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<i64>> {
                PyArray1::from_vec(py, self.0.kept().iter().map(|&t| t as i64).collect())
            }

            /// A x for a vector of n numbers.
            fn matvec<'py>(&self, x: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
                $product(&self.0, x, false)
            }

            /// Aᴴ y for a vector of m numbers.
            fn rmatvec<'py>(&self, y: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
                $product(&self.0, y, true)
            }

            fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
                other.cast::<Self>().is_ok_and(|other| other.get().0 == self.0)
            }

            fn __hash__(&self) -> u64 {
                let mut hasher = DefaultHasher::new();
                self.0.hash(&mut hasher);
                hasher.finish()
            }

            fn __repr__(&self) -> String {
                format!("<{} {} × {}>", stringify!($name), self.0.kept().len(), self.0.length())
            }

            fn __getnewargs__<'py>(&self, py: Python<'py>) -> (usize, Bound<'py, PyArray1<i64>>) {
                (self.0.length(), self.kept(py))
            }
        }
    };
}

rows_of_a_transform! {
    /// Rows of the inverse discrete cosine transform, as an operator A that is never formed.
    ///
    /// A x is the samples ``kept`` of the signal whose orthonormal DCT-II is x: ``scipy.fft.idct(x, norm="ortho")[kept]``.
    /// Real and complex vectors are accepted.
    ///
    /// Parameters
    /// ----------
    /// n : int
    ///     Samples of the whole signal: the number of columns.
    /// kept : array_like of int, of shape (m,)
    ///     The observed samples, counted from 0, in any order, each once.
    ///
    /// Raises
    /// ------
    /// ValueError
    ///     If n is 0 or negative, if no sample is kept, or if a sample is not below n or occurs twice.
    /// MemoryError
    ///     If n numbers do not fit into memory.
    /// TypeError
    ///     If n or an index is not a whole number.
    ///
    /// See Also
    /// --------
    /// PartialDFT : The same for complex exponentials.
    /// PartialHadamard : The same for Walsh functions.
    ///
    /// Examples
    /// --------
    /// >>> import numpy as np
    /// >>> import sparsea
    /// >>> kept = np.random.default_rng(0).permutation(1000)[:200]
    /// >>> A = sparsea.PartialDCT(1000, kept)
    /// >>> x = np.zeros(1000)
    /// >>> x[[30, 410, 777]] = [2.0, -1.0, 3.0]
    /// >>> solution = sparsea.solve(A, A.matvec(x), 3)
    /// >>> solution.support
    /// array([ 30, 410, 777])
    PartialDCT, PartialDct, f64, either, shared
}

rows_of_a_transform! {
    /// Rows of the inverse discrete Fourier transform, as an operator A that is never formed.
    ///
    /// A x is the samples ``kept`` of the signal whose unitary DFT is x: ``numpy.fft.ifft(x, norm="ortho")[kept]``. A is complex,
    /// so x is complex even if y is real.
    ///
    /// Parameters
    /// ----------
    /// n : int
    ///     Samples of the whole signal: the number of columns.
    /// kept : array_like of int, of shape (m,)
    ///     The observed samples, counted from 0, in any order, each once.
    ///
    /// Raises
    /// ------
    /// ValueError
    ///     If n is 0 or negative, if no sample is kept, or if a sample is not below n or occurs twice.
    /// MemoryError
    ///     If n numbers do not fit into memory.
    /// TypeError
    ///     If n or an index is not a whole number.
    ///
    /// See Also
    /// --------
    /// PartialDCT : The same for cosines, for real vectors too.
    /// PartialHadamard : The same for Walsh functions.
    ///
    /// Examples
    /// --------
    /// >>> import numpy as np
    /// >>> import sparsea
    /// >>> kept = np.random.default_rng(0).permutation(1000)[:200]
    /// >>> A = sparsea.PartialDFT(1000, kept)
    /// >>> x = np.zeros(1000, complex)
    /// >>> x[[30, 410, 777]] = [2.0, -1.0j, 3.0 + 1.0j]
    /// >>> solution = sparsea.solve(A, A.matvec(x), 3)
    /// >>> solution.support
    /// array([ 30, 410, 777])
    PartialDFT, PartialDft, Complex<f64>, complex, shared_complex
}

rows_of_a_transform! {
    /// Rows of the Walsh–Hadamard transform, as an operator A that is never formed.
    ///
    /// A x is the product of x with the rows ``kept`` of the orthonormal transform in Sylvester's order:
    /// ``scipy.linalg.hadamard(n)[kept] @ x / sqrt(n)``. Real and complex vectors are accepted.
    ///
    /// Parameters
    /// ----------
    /// n : int
    ///     The number of columns, a power of two.
    /// kept : array_like of int, of shape (m,)
    ///     The observed rows, counted from 0, in any order, each once.
    ///
    /// Raises
    /// ------
    /// ValueError
    ///     If n is not a power of two, if no row is kept, or if a row is not below n or occurs twice.
    /// MemoryError
    ///     If n numbers do not fit into memory.
    /// TypeError
    ///     If n or an index is not a whole number.
    ///
    /// See Also
    /// --------
    /// PartialDCT : The same for cosines.
    /// PartialDFT : The same for complex exponentials.
    ///
    /// Examples
    /// --------
    /// >>> import numpy as np
    /// >>> import sparsea
    /// >>> kept = np.random.default_rng(0).permutation(1024)[:200]
    /// >>> A = sparsea.PartialHadamard(1024, kept)
    /// >>> x = np.zeros(1024)
    /// >>> x[[30, 410, 777]] = [2.0, -1.0, 3.0]
    /// >>> solution = sparsea.solve(A, A.matvec(x), 3)
    /// >>> solution.support
    /// array([ 30, 410, 777])
    PartialHadamard, PartialHadamard, f64, either, shared
}
