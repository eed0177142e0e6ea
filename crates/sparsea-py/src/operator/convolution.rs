//! Convolutions and the kernels of common shape, as Python sees them.

use std::any::Any;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use num_complex::Complex;
use numpy::PyArray1;
use pyo3::prelude::*;
use pyo3::types::PyComplex;
use sparsea::operator::pulse;
use sparsea::{Access, Boundary, LinearMap};

use super::Shared;
use crate::convert::{Field, vector};
use crate::error::{InvalidTypeError, InvalidValueError, refused};
use crate::numbers::{as_number, as_whole, shown};
use crate::pool::within;

/// Convolution of a spike train with a kernel, as an operator A that is never formed.
///
/// (A x)_t = Σ_j h_{t + o − j} x_j for a spike train x of n entries and a kernel h of L samples.
///
/// Parameters
/// ----------
/// kernel : array_like of shape (L,)
///     The shape h of one spike, real or complex.
/// n : int
///     Entries of x: the number of columns of A.
/// boundary : {"full", "same", "valid", "circular"}
///     ``"full"``: every sample in which a spike can be seen, n + L − 1 rows. ``"same"``: as many rows as spikes.
///     ``"valid"``: only rows at which no kernel is cut off, n − L + 1. ``"circular"``: periodic, n rows.
/// origin : int, optional
///     The sample of the kernel that lies at the spike, for ``"same"`` (default: ⌊(L − 1)/2⌋, as in NumPy) and
///     ``"circular"`` (default: 0).
///
/// Raises
/// ------
/// ValueError
///     If the kernel is empty, all zero, not finite, or longer than the boundary allows.
/// TypeError
///     If the kernel does not hold numbers.
///
/// Examples
/// --------
/// >>> import numpy as np
/// >>> import sparsea
/// >>> A = sparsea.Convolution([1.0, 2.0, 1.0], 4)
/// >>> A.shape
/// (6, 4)
/// >>> A.matvec(np.array([0.0, 1.0, 0.0, 0.0]))
/// array([0., 1., 2., 1., 0., 0.])
#[pyclass(frozen, module = "sparsea")]
pub struct Convolution {
    either: Either,
    boundary: &'static str,
    origin: Option<usize>,
}

enum Either {
    Real(Arc<sparsea::Convolution<f64>>),
    Complex(Arc<sparsea::Convolution<Complex<f64>>>),
}

/// The words of boundaries, as in the command.
const BOUNDARIES: [(&str, Boundary); 4] =
    [("full", Boundary::Full), ("same", Boundary::Same), ("valid", Boundary::Valid), ("circular", Boundary::Circular)];

/// An array of numbers as `python/sparsea/_input.py` reads it.
pub(super) fn read<'py>(what: &str, object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    object.py().import("sparsea._input")?.call_method1("as_vector", (what, object))
}

fn build<T: Field>(
    kernel: &[T],
    n: usize,
    boundary: Boundary,
    origin: Option<usize>,
) -> PyResult<Arc<sparsea::Convolution<T>>> {
    let built = match origin {
        Some(origin) => sparsea::Convolution::with_origin(kernel, n, boundary, origin),
        None => sparsea::Convolution::new(kernel, n, boundary),
    };
    built.map(Arc::new).map_err(refused)
}

pub(super) fn product<'py, T: Field>(
    operator: &dyn LinearMap<T>,
    given: &Bound<'py, PyAny>,
    adjoint: bool,
) -> PyResult<Bound<'py, PyArray1<T>>> {
    let py = given.py();
    let given: Vec<T> = vector("the vector", given)?;
    let (rows, columns) = operator.shape();
    let (takes, gives, dimension) = if adjoint { (rows, columns, "rows") } else { (columns, rows, "columns") };
    if given.len() != takes {
        let found = given.len();
        return Err(InvalidValueError::new_err(format!(
            "the vector has {found} entries, but A has {takes} {dimension}"
        )));
    }
    let mut out = vec![T::ZERO; gives];
    let access = Access::new(operator);
    let work = || if adjoint { access.apply_adjoint(&given, &mut out) } else { access.apply(&given, &mut out) };
    py.detach(|| within(None, work))?;
    Ok(PyArray1::from_vec(py, out))
}

impl Convolution {
    /// The operator, made complex where a complex one is needed.
    pub fn operator<T: Field>(&self) -> PyResult<Shared<T>> {
        let any: Box<dyn Any> = match &self.either {
            Either::Real(convolution) if T::IS_COMPLEX => {
                let kernel: Vec<Complex<f64>> = convolution.kernel().iter().map(|&h| h.into()).collect();
                let convolution = build(&kernel, convolution.shape().1, self.boundary()?, self.origin)?;
                Box::new(convolution as Shared<Complex<f64>>)
            }
            Either::Real(convolution) => Box::new(convolution.clone() as Shared<f64>),
            Either::Complex(convolution) => Box::new(convolution.clone() as Shared<Complex<f64>>),
        };
        any.downcast()
            .map(|operator| *operator)
            .map_err(|_| InvalidTypeError::new_err("A is complex although y is real"))
    }

    fn boundary(&self) -> PyResult<Boundary> {
        read_boundary(self.boundary).map(|(_, boundary)| boundary)
    }

    fn product<'py>(&self, given: &Bound<'py, PyAny>, adjoint: bool) -> PyResult<Bound<'py, PyAny>> {
        let given = read("the vector", given)?;
        match &self.either {
            Either::Real(operator) if given.cast::<PyArray1<f64>>().is_ok() => {
                Ok(product(&**operator, &given, adjoint)?.into_any())
            }
            Either::Complex(operator) if given.cast::<PyArray1<Complex<f64>>>().is_ok() => {
                Ok(product(&**operator, &given, adjoint)?.into_any())
            }
            Either::Real(_) => {
                // A real operator treats both parts alike.
                let re = self.product(&given.getattr("real")?, adjoint)?;
                let im = self.product(&given.getattr("imag")?, adjoint)?;
                re.add(im.mul(PyComplex::from_doubles(given.py(), 0.0, 1.0))?)
            }
            Either::Complex(_) => self.product(&given.call_method1("astype", ("complex128",))?, adjoint),
        }
    }
}

fn read_boundary(word: &str) -> PyResult<(&'static str, Boundary)> {
    BOUNDARIES.into_iter().find(|(known, _)| *known == word).ok_or_else(|| {
        InvalidValueError::new_err(format!("boundary must be one of {}, got '{word}'", known_boundaries()))
    })
}

/// The word for a boundary, as it was given.
struct Word(String);

impl Default for Word {
    fn default() -> Self {
        Self("full".into())
    }
}

impl<'a, 'py> FromPyObject<'a, 'py> for Word {
    type Error = PyErr;

    fn extract(given: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        given.extract().map(Self).or_else(|_: PyErr| {
            let message = format!("boundary must be one of {}, got {}", known_boundaries(), shown(&given)?);
            Err(InvalidTypeError::new_err(message))
        })
    }
}

fn known_boundaries() -> String {
    BOUNDARIES.map(|(known, _)| format!("'{known}'")).join(", ")
}

#[pymethods]
impl Convolution {
    #[new]
    #[pyo3(
        signature = (kernel, n, boundary = Word::default(), origin = None),
        text_signature = "(kernel, n, boundary='full', origin=None)"
    )]
    fn new(
        kernel: &Bound<'_, PyAny>,
        n: &Bound<'_, PyAny>,
        boundary: Word,
        origin: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let (boundary, rule) = read_boundary(&boundary.0)?;
        let n = whole("n", n)?;
        let origin = origin.map(|origin| whole("origin", origin)).transpose()?;
        if origin.is_some() && !matches!(rule, Boundary::Same | Boundary::Circular) {
            let message = format!("origin goes with boundary 'same' or 'circular', not '{boundary}'");
            return Err(InvalidValueError::new_err(message));
        }
        let kernel = read("the kernel", kernel)?;
        let either = if kernel.cast::<PyArray1<f64>>().is_ok() {
            Either::Real(build(&vector::<f64>("the kernel", &kernel)?, n, rule, origin)?)
        } else {
            Either::Complex(build(&vector::<Complex<f64>>("the kernel", &kernel)?, n, rule, origin)?)
        };
        Ok(Self { either, boundary, origin })
    }

    /// (m, n): the samples that are seen, and the spikes that there may be.
    #[getter]
    fn shape(&self) -> (usize, usize) {
        match &self.either {
            Either::Real(operator) => operator.shape(),
            Either::Complex(operator) => operator.shape(),
        }
    }

    /// float64 or complex128, as the kernel.
    #[getter]
    fn dtype<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.kernel(py).getattr("dtype")
    }

    /// The shape h of one spike, a copy.
    #[getter]
    fn kernel<'py>(&self, py: Python<'py>) -> Bound<'py, PyAny> {
        match &self.either {
            Either::Real(operator) => PyArray1::from_slice(py, operator.kernel()).into_any(),
            Either::Complex(operator) => PyArray1::from_slice(py, operator.kernel()).into_any(),
        }
    }

    /// What happens at the ends.
    #[getter(boundary)]
    fn boundary_word(&self) -> &'static str {
        self.boundary
    }

    /// The sample of the kernel that lies at the spike, if one was named.
    #[getter]
    fn origin(&self) -> Option<usize> {
        self.origin
    }

    /// A x for a vector of n numbers.
    fn matvec<'py>(&self, x: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.product(x, false)
    }

    /// Aᴴ y for a vector of m numbers.
    fn rmatvec<'py>(&self, y: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.product(y, true)
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        let Ok(other) = other.cast::<Self>() else { return false };
        let other = other.get();
        let kernels = match (&self.either, &other.either) {
            (Either::Real(a), Either::Real(b)) => a.kernel() == b.kernel(),
            (Either::Complex(a), Either::Complex(b)) => a.kernel() == b.kernel(),
            _ => false,
        };
        kernels && self.shape() == other.shape() && (self.boundary, self.origin) == (other.boundary, other.origin)
    }

    fn __hash__(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self.shape(), self.boundary, self.origin).hash(&mut hasher);
        hasher.finish()
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let (rows, columns) = self.shape();
        let samples = self.kernel(py).len()?;
        Ok(format!("<Convolution {rows} × {columns}, kernel of {samples} samples, boundary '{}'>", self.boundary))
    }

    fn __getnewargs__<'py>(&self, py: Python<'py>) -> (Bound<'py, PyAny>, usize, &'static str, Option<usize>) {
        (self.kernel(py), self.shape().1, self.boundary, self.origin)
    }
}

/// A whole number of at least 0.
pub(super) fn whole(name: &str, value: &Bound<'_, PyAny>) -> PyResult<usize> {
    as_whole(name, value, 0, i64::MAX).map(|value| value as usize)
}

/// A real number; the library says which are allowed.
fn real(name: &str, value: &Bound<'_, PyAny>) -> PyResult<f64> {
    as_number(name, "a number", value)
}

/// The Gaussian exp(−t²/2σ²) for t = −⌈8σ⌉ … ⌈8σ⌉, where it has fallen to 10⁻¹⁴.
///
/// Parameters
/// ----------
/// sigma : float
///     The width σ in samples.
///
/// Returns
/// -------
/// ndarray of shape (2⌈8σ⌉ + 1,)
///     Its peak, 1, is at the centre.
///
/// Raises
/// ------
/// ValueError
///     If σ is not positive and finite, or so large that there would be more than 10⁸ samples.
/// TypeError
///     If σ is no real number.
///
/// Examples
/// --------
/// >>> import sparsea
/// >>> len(sparsea.gaussian(3.0))
/// 49
#[pyfunction]
pub fn gaussian<'py>(sigma: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyArray1<f64>>> {
    Ok(PyArray1::from_vec(sigma.py(), pulse::gaussian(real("sigma", sigma)?).map_err(refused)?))
}

/// The exponential decay exp(−t/τ) for t = 0 … ⌈20τ⌉, where it has fallen to 2·10⁻⁹.
///
/// Parameters
/// ----------
/// tau : float
///     The decay time τ in samples.
///
/// Returns
/// -------
/// ndarray of shape (⌈20τ⌉ + 1,)
///     Its peak, 1, is the first sample.
///
/// Raises
/// ------
/// ValueError
///     If τ is not positive and finite, or so large that there would be more than 10⁸ samples.
/// TypeError
///     If τ is no real number.
///
/// Examples
/// --------
/// >>> import sparsea
/// >>> len(sparsea.exponential(2.0))
/// 41
#[pyfunction]
pub fn exponential<'py>(tau: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyArray1<f64>>> {
    Ok(PyArray1::from_vec(tau.py(), pulse::exponential(real("tau", tau)?).map_err(refused)?))
}
