//! Steps and ramps along a trace, as Python sees them.

use std::any::Any;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use num_complex::Complex;
use numpy::PyArray1;
use pyo3::prelude::*;
use sparsea::LinearMap;

use super::Shared;
use super::convolution::{product, read, whole};
use crate::convert::Field;
use crate::error::{InvalidTypeError, refused};

/// A x or Aᴴ y for an operator that takes real and complex vectors.
pub(super) fn either<'py, O>(operator: &O, given: &Bound<'py, PyAny>, adjoint: bool) -> PyResult<Bound<'py, PyAny>>
where
    O: LinearMap<f64> + LinearMap<Complex<f64>>,
{
    let given = read("the vector", given)?;
    if given.cast::<PyArray1<f64>>().is_ok() {
        Ok(product::<f64>(operator, &given, adjoint)?.into_any())
    } else {
        Ok(product::<Complex<f64>>(operator, &given, adjoint)?.into_any())
    }
}

/// The operator for problems of one scalar.
pub(super) fn shared<T: Field, O>(operator: O) -> PyResult<Shared<T>>
where
    O: LinearMap<f64> + LinearMap<Complex<f64>> + 'static,
{
    let any: Box<dyn Any> = if T::IS_COMPLEX {
        Box::new(Arc::new(operator) as Shared<Complex<f64>>)
    } else {
        Box::new(Arc::new(operator) as Shared<f64>)
    };
    any.downcast().map(|operator| *operator).map_err(|_| InvalidTypeError::new_err("A is of another scalar"))
}

/// A class around an m × m operator that only m determines.
macro_rules! along_a_trace {
    ($(#[$documentation:meta])* $name:ident) => {
        $(#[$documentation])*
        #[pyclass(frozen, module = "sparsea")]
        pub struct $name(sparsea::$name);

        impl $name {
            pub fn operator<T: Field>(&self) -> PyResult<Shared<T>> {
                shared(self.0)
            }
        }

        #[pymethods]
        impl $name {
            #[new]
            fn new(m: &Bound<'_, PyAny>) -> PyResult<Self> {
                sparsea::$name::new(whole("m", m)?).map(Self).map_err(refused)
            }

            /// (m, m): the numbers of samples and of columns.
            #[getter]
            fn shape(&self) -> (usize, usize) {
                (self.0.samples(), self.0.samples())
            }

            /// float64; complex vectors are also accepted.
            #[getter]
            fn dtype<'py>(&self, py: Python<'py>) -> Bound<'py, numpy::PyArrayDescr> {
                numpy::dtype::<f64>(py)
            }

            /// A x for a vector of m numbers.
            fn matvec<'py>(&self, x: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
                either(&self.0, x, false)
            }

            /// Aᴴ y for a vector of m numbers.
            fn rmatvec<'py>(&self, y: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
                either(&self.0, y, true)
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
                format!("<{} {m} × {m}>", stringify!($name), m = self.0.samples())
            }

            fn __getnewargs__(&self) -> (usize,) {
                (self.0.samples(),)
            }
        }
    };
}

along_a_trace! {
    /// Steps along a trace of m samples, as an operator A that is never formed.
    ///
    /// Column j is 0 before sample j and 1 from sample j on, so A x is the running sum of x. A signal with k levels is A x with k
    /// non-zeros: x[0] is the first level, and x[j] the jump at sample j. Column 0 counts in k like the others; a signal without
    /// it is 0 until its first jump.
    ///
    /// ``algorithm="segment"`` finds the best k columns, exactly.
    ///
    /// Parameters
    /// ----------
    /// m : int
    ///     Samples of the trace: the number of rows and of columns.
    ///
    /// Raises
    /// ------
    /// ValueError
    ///     If m is 0 or negative.
    /// MemoryError
    ///     If m numbers do not fit into memory.
    /// TypeError
    ///     If m is not a whole number.
    ///
    /// See Also
    /// --------
    /// Ramps : The same for kinks.
    ///
    /// Examples
    /// --------
    /// >>> import sparsea
    /// >>> y = [1.0, 1.1, 0.9, 3.0, 3.1, 2.9, 2.0, 2.1, 1.9]
    /// >>> solution = sparsea.solve(sparsea.Steps(9), y, 3, algorithm="segment")
    /// >>> solution.support
    /// array([0, 3, 6])
    /// >>> sparsea.Steps(9).matvec(solution.x).round(2)
    /// array([1., 1., 1., 3., 3., 3., 2., 2., 2.])
    Steps
}

along_a_trace! {
    /// Ramps along a trace of m samples, as an operator A that is never formed.
    ///
    /// Column j is 0 before sample j, then 1, 2, 3, …: i − j + 1 at sample i. A x is the running sum of the running sum of x, so
    /// x is the second difference of the signal. A kink is a change of slope: if the signal turns after sample j − 1, so that j
    /// is the first sample off the old line, then x[j] is the change.
    ///
    /// Columns 0 and 1 generate every straight line: b + c i at sample i is x[0] = b, x[1] = c − b. They count in k like the
    /// others.
    ///
    /// Parameters
    /// ----------
    /// m : int
    ///     Samples of the trace: the number of rows and of columns.
    ///
    /// Raises
    /// ------
    /// ValueError
    ///     If m is 0 or negative.
    /// MemoryError
    ///     If m numbers do not fit into memory.
    /// TypeError
    ///     If m is not a whole number.
    ///
    /// See Also
    /// --------
    /// Steps : The same for jumps.
    ///
    /// Examples
    /// --------
    /// >>> import sparsea
    /// >>> y = [2.0, 3.0, 4.0, 5.0, 6.0, 5.0, 4.0, 3.0, 2.0]
    /// >>> solution = sparsea.solve(sparsea.Ramps(9), y, 3)
    /// >>> solution.support
    /// array([0, 1, 5])
    /// >>> solution.coefficients.round(6)
    /// array([ 2., -1., -2.])
    Ramps
}
