//! Convolutions and the kernels of common shape, as Python sees them.

use std::any::Any;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use faer::MatRef;
use num_complex::Complex;
use numpy::{PyArray1, PyArrayMethods};
use pyo3::prelude::*;
use pyo3::types::PyComplex;
use sparsea::operator::pulse;
use sparsea::{Access, Boundary, LinearMap, Scalar};

use super::Shared;
use crate::convert::{Field, vector};
use crate::error::{InvalidTypeError, InvalidValueError, refused};
use crate::numbers::{as_number, as_whole, shown};
use crate::pool::within;

/// Convolution of a spike train or an image with a kernel, as an operator A that is never formed.
///
/// (A x)_t = Σ_j h_{t + f − j} x_j, for a spike train x of n entries and a kernel h of L samples, where f depends on the
/// boundary. For images the same holds in both directions. A then acts on vectors of pixels in row-major order: `x.reshape(H, W)`
/// is an image.
///
/// Parameters
/// ----------
/// kernel : array_like of shape (L,) or (L, L')
///     The shape h of one spike, real or complex. A two-dimensional kernel is for images.
/// n : int
///     Number of entries of x, which is the number of columns of A. Not for images.
/// boundary : {"full", "same", "valid", "circular"}
///     ``"full"``: every sample that a spike can reach, n + L − 1 rows; f = 0. ``"same"``: as many rows as spikes; f is the
///     origin. ``"valid"``: only rows where no kernel is cut off, n − L + 1; f = L − 1. ``"circular"``: periodic, n rows; f is
///     the origin. Images have the same boundary in both directions.
/// origin : int, pair of int or "peak", optional
///     The sample of the kernel that marks the position of the spike (for an image, its row and column). ``"peak"``, the default
///     of `deconvolve`, is the sample of largest magnitude, the first if there are several. Default: ⌊(L − 1)/2⌋ for ``"same"``,
///     as in NumPy and SciPy, and otherwise 0. See `positions`.
/// shape : pair of int
///     (H, W), the numbers of rows and columns of the image x of spikes.
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
///
/// Images of 3 × 4 pixels:
///
/// >>> A = sparsea.Convolution([[1.0, 2.0], [0.0, 1.0]], shape=(3, 4), boundary="circular")
/// >>> x = np.zeros((3, 4))
/// >>> x[1, 3] = 1.0
/// >>> A.matvec(x.ravel()).reshape(3, 4)
/// array([[0., 0., 0., 0.],
///        [2., 0., 0., 1.],
///        [1., 0., 0., 0.]])
#[pyclass(frozen, module = "sparsea")]
pub struct Convolution {
    either: Either,
    boundary: &'static str,
    recipe: Recipe,
}

enum Either {
    Real(Form<f64>),
    Complex(Form<Complex<f64>>),
}

/// A convolution of traces, or of images.
enum Form<T: Scalar> {
    Line(Arc<sparsea::Convolution<T>>),
    Plane(Arc<sparsea::Convolution2d<T>>),
}

/// What a convolution is made with, besides its kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Recipe {
    size: Size,
    boundary: Place,
    origin: Option<(usize, usize)>,
}

/// Spikes of a trace, or rows and columns of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Size {
    Line(usize),
    Plane(usize, usize),
}

/// A boundary by its place in the list.
type Place = usize;

impl<T: Field> Form<T> {
    /// From the numbers of a kernel of so many rows and columns; that of a trace has one row.
    fn new(kernel: &[T], (height, width): (usize, usize), recipe: &Recipe) -> PyResult<Self> {
        let boundary = BOUNDARIES[recipe.boundary].1;
        let form = match (recipe.size, recipe.origin) {
            (Size::Line(n), None) => sparsea::Convolution::new(kernel, n, boundary).map(Arc::new).map(Self::Line),
            (Size::Line(n), Some((_, origin))) => {
                sparsea::Convolution::with_origin(kernel, n, boundary, origin).map(Arc::new).map(Self::Line)
            }
            (Size::Plane(rows, columns), origin) => {
                let kernel = MatRef::from_row_major_slice(kernel, height, width);
                let image = (rows, columns);
                match origin {
                    None => sparsea::Convolution2d::new(kernel, image, boundary),
                    Some(origin) => sparsea::Convolution2d::with_origin(kernel, image, boundary, origin),
                }
                .map(Arc::new)
                .map(Self::Plane)
            }
        };
        form.map_err(refused)
    }

    fn map(&self) -> &dyn LinearMap<T> {
        match self {
            Self::Line(one) => one,
            Self::Plane(one) => one,
        }
    }

    fn shared(&self) -> Shared<T> {
        match self {
            Self::Line(one) => one.clone(),
            Self::Plane(one) => one.clone(),
        }
    }

    fn kernel(&self) -> &[T] {
        match self {
            Self::Line(one) => one.kernel(),
            Self::Plane(one) => one.kernel(),
        }
    }

    fn kernel_shape(&self) -> (usize, usize) {
        match self {
            Self::Line(one) => (1, one.kernel().len()),
            Self::Plane(one) => one.kernel_shape(),
        }
    }

    /// The kernel as an array of one or two dimensions.
    fn kernel_array<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let numbers = PyArray1::from_slice(py, self.kernel());
        match self {
            Self::Line(_) => Ok(numbers.into_any()),
            Self::Plane(one) => Ok(numbers.reshape(one.kernel_shape())?.into_any()),
        }
    }

    /// Where spikes lie in y, row and column; of a trace the row is 0.
    fn position(&self, j: usize) -> (isize, isize) {
        match self {
            Self::Line(one) => (0, one.position(j)),
            Self::Plane(one) => one.position(j),
        }
    }

    /// (H, W) of the image x, and of the image that is seen.
    fn images(&self) -> Option<((usize, usize), (usize, usize))> {
        match self {
            Self::Line(_) => None,
            Self::Plane(one) => Some((one.image_shape(), one.seen_shape())),
        }
    }
}

/// What is the same for real and complex kernels.
macro_rules! of_either {
    ($either:expr, $form:ident => $what:expr) => {
        match $either {
            Either::Real($form) => $what,
            Either::Complex($form) => $what,
        }
    };
}

/// The row and column of the entry of a kernel that is largest in magnitude, the first of several.
fn peak<T: Scalar>(kernel: &[T], width: usize) -> (usize, usize) {
    let mut best = 0;
    for (at, value) in kernel.iter().enumerate() {
        if Scalar::abs(*value) > Scalar::abs(kernel[best]) {
            best = at;
        }
    }
    (best / width.max(1), best % width.max(1))
}

/// The words of boundaries, as in the command.
const BOUNDARIES: [(&str, Boundary); 4] =
    [("full", Boundary::Full), ("same", Boundary::Same), ("valid", Boundary::Valid), ("circular", Boundary::Circular)];

/// An array of numbers as `python/sparsea/_input.py` reads it.
pub(super) fn read<'py>(what: &str, object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    object.py().import("sparsea._input")?.call_method1("as_vector", (what, object))
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
            Either::Real(form) if T::IS_COMPLEX => {
                let kernel: Vec<Complex<f64>> = form.kernel().iter().map(|&h| h.into()).collect();
                Box::new(Form::new(&kernel, form.kernel_shape(), &self.recipe)?.shared())
            }
            Either::Real(form) => Box::new(form.shared()),
            Either::Complex(form) => Box::new(form.shared()),
        };
        any.downcast()
            .map(|operator| *operator)
            .map_err(|_| InvalidTypeError::new_err("A is complex although y is real"))
    }

    fn product<'py>(&self, given: &Bound<'py, PyAny>, adjoint: bool) -> PyResult<Bound<'py, PyAny>> {
        let given = read("the vector", given)?;
        match &self.either {
            Either::Real(form) if given.cast::<PyArray1<f64>>().is_ok() => {
                Ok(product(form.map(), &given, adjoint)?.into_any())
            }
            Either::Complex(form) if given.cast::<PyArray1<Complex<f64>>>().is_ok() => {
                Ok(product(form.map(), &given, adjoint)?.into_any())
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

fn read_boundary(word: &str) -> PyResult<Place> {
    BOUNDARIES.iter().position(|(known, _)| *known == word).ok_or_else(|| {
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

/// Two whole numbers of at least 0.
fn pair(name: &str, rule: &str, given: &Bound<'_, PyAny>) -> PyResult<(usize, usize)> {
    let wrong = || {
        let message =
            format!("{name} must be {rule}, got {}", given.repr().map_or_else(|_| "?".into(), |r| r.to_string()));
        InvalidTypeError::new_err(message)
    };
    let values: Vec<Bound<'_, PyAny>> = given.extract().map_err(|_| wrong())?;
    match &values[..] {
        [rows, columns] => {
            Ok((whole(&format!("a number in {name}"), rows)?, whole(&format!("a number in {name}"), columns)?))
        }
        _ => Err(wrong()),
    }
}

/// The origin that was asked for; `None` for the default.
fn read_origin(given: &Bound<'_, PyAny>, form: Size, peak: (usize, usize)) -> PyResult<(usize, usize)> {
    if given.extract::<String>().is_ok_and(|word| word == "peak") {
        return Ok(peak);
    }
    match form {
        Size::Line(_) => Ok((0, whole("origin", given)?)),
        Size::Plane(..) => pair("origin", "a row and a column of the kernel, as (3, 3), or 'peak'", given),
    }
}

#[pymethods]
impl Convolution {
    #[new]
    #[pyo3(
        signature = (kernel, n = None, boundary = Word::default(), origin = None, shape = None),
        text_signature = "(kernel, n=None, boundary='full', origin=None, shape=None)"
    )]
    fn new(
        kernel: &Bound<'_, PyAny>,
        n: Option<&Bound<'_, PyAny>>,
        boundary: Word,
        origin: Option<&Bound<'_, PyAny>>,
        shape: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let place = read_boundary(&boundary.0)?;
        let n = n.map(|n| whole("n", n)).transpose()?;
        let shape =
            shape.map(|shape| pair("shape", "rows and columns of the image, as (64, 64)", shape)).transpose()?;
        let kernel = kernel.py().import("sparsea._input")?.call_method1("as_kernel", (kernel,))?;
        let dimensions: Vec<usize> = kernel.getattr("shape")?.extract()?;
        let (size, extent) = match (&dimensions[..], n, shape) {
            (&[length], Some(n), None) => (Size::Line(n), (1, length)),
            (&[height, width], None, Some((rows, columns))) => (Size::Plane(rows, columns), (height, width)),
            (&[_], ..) => {
                let rule = "a kernel of one dimension is for a trace: give n, the number of its spikes, and no shape";
                return Err(InvalidValueError::new_err(rule));
            }
            _ => {
                let rule =
                    "a kernel of two dimensions is for an image: give shape=(H, W), its rows and columns, and no n";
                return Err(InvalidValueError::new_err(rule));
            }
        };
        let flat = kernel.call_method0("ravel")?;
        let recipe = |peak| -> PyResult<Recipe> {
            let origin = origin.map(|origin| read_origin(origin, size, peak)).transpose()?;
            Ok(Recipe { size, boundary: place, origin })
        };
        let (either, recipe) = if flat.cast::<PyArray1<f64>>().is_ok() {
            let numbers = vector::<f64>("the kernel", &flat)?;
            let recipe = recipe(peak(&numbers, extent.1))?;
            (Either::Real(Form::new(&numbers, extent, &recipe)?), recipe)
        } else {
            let numbers = vector::<Complex<f64>>("the kernel", &flat)?;
            let recipe = recipe(peak(&numbers, extent.1))?;
            (Either::Complex(Form::new(&numbers, extent, &recipe)?), recipe)
        };
        Ok(Self { either, boundary: BOUNDARIES[place].0, recipe })
    }

    /// (m, n): the number of samples or pixels of y, and the number of possible spikes.
    #[getter]
    fn shape(&self) -> (usize, usize) {
        of_either!(&self.either, form => form.map().shape())
    }

    /// (H, W), the numbers of rows and columns of the image x; None for traces.
    #[getter]
    fn image_shape(&self) -> Option<(usize, usize)> {
        of_either!(&self.either, form => form.images().map(|(image, _)| image))
    }

    /// The numbers of rows and columns of the observed image A x; None for traces.
    #[getter]
    fn seen_shape(&self) -> Option<(usize, usize)> {
        of_either!(&self.either, form => form.images().map(|(_, seen)| seen))
    }

    /// float64 or complex128, like the kernel.
    #[getter]
    fn dtype<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.kernel(py)?.getattr("dtype")
    }

    /// The shape h of one spike, a copy.
    #[getter]
    fn kernel<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        of_either!(&self.either, form => form.kernel_array(py))
    }

    /// What happens at the ends.
    #[getter(boundary)]
    fn boundary_word(&self) -> &'static str {
        self.boundary
    }

    /// The sample of the kernel that marks the position of the spike, if one was given; for an image, its row and column.
    #[getter]
    fn origin<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let Some((row, column)) = self.recipe.origin else { return Ok(None) };
        Ok(Some(match self.recipe.size {
            Size::Line(_) => column.into_pyobject(py)?.into_any(),
            Size::Plane(..) => (row, column).into_pyobject(py)?.into_any(),
        }))
    }

    /// Return the positions of spikes in y: where the kernel's origin appears.
    ///
    /// Spike j is at j + origin − f: at j itself for ``"same"`` and ``"circular"``, at j + origin for ``"full"``, and at
    /// j + origin − (L − 1) for ``"valid"``. The last is outside y if only other parts of the kernel reach y. For an image this
    /// holds in both directions.
    ///
    /// Parameters
    /// ----------
    /// support : array_like of int
    ///     Columns of A, such as ``solution.support``, whose positions are ``solution.positions``.
    ///
    /// Returns
    /// -------
    /// ndarray of int, or pair of ndarray of int
    ///     Samples of y; for an image, rows and columns of the observed image.
    ///
    /// Raises
    /// ------
    /// ValueError
    ///     If an index is not a column of A.
    /// TypeError
    ///     If the support does not hold whole numbers.
    ///
    /// Examples
    /// --------
    /// >>> import sparsea
    /// >>> A = sparsea.Convolution([1.0, 2.0, 1.0], 4, origin="peak")
    /// >>> A.positions([0, 3])
    /// array([1, 4])
    fn positions<'py>(&self, support: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let py = support.py();
        let support = py.import("sparsea._input")?.call_method1("as_indices", ("the support", support))?;
        let support = support.cast::<PyArray1<i64>>()?.try_readonly()?;
        let count = self.shape().1;
        let (mut rows, mut columns) = (vec![], vec![]);
        for &j in support.as_array() {
            if j as usize >= count {
                let message = format!("{j} is no column of A, which has {count} (counted from 0)");
                return Err(InvalidValueError::new_err(message));
            }
            let (row, column) = of_either!(&self.either, form => form.position(j as usize));
            rows.push(row as i64);
            columns.push(column as i64);
        }
        let columns = PyArray1::from_vec(py, columns);
        Ok(match self.recipe.size {
            Size::Line(_) => columns.into_any(),
            Size::Plane(..) => (PyArray1::from_vec(py, rows), columns).into_pyobject(py)?.into_any(),
        })
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
            (Either::Real(a), Either::Real(b)) => a.kernel() == b.kernel() && a.kernel_shape() == b.kernel_shape(),
            (Either::Complex(a), Either::Complex(b)) => {
                a.kernel() == b.kernel() && a.kernel_shape() == b.kernel_shape()
            }
            _ => false,
        };
        kernels && self.recipe == other.recipe
    }

    fn __hash__(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self.shape(), self.recipe).hash(&mut hasher);
        hasher.finish()
    }

    fn __repr__(&self) -> String {
        let ((rows, columns), boundary) = (self.shape(), self.boundary);
        let (height, width) = of_either!(&self.either, form => form.kernel_shape());
        match self.recipe.size {
            Size::Line(_) => {
                format!("<Convolution {rows} × {columns}, kernel of {width} samples, boundary '{boundary}'>")
            }
            Size::Plane(down, across) => {
                let image = format!("images of {down} × {across} pixels");
                format!(
                    "<Convolution {rows} × {columns}, {image}, kernel of {height} × {width}, boundary '{boundary}'>"
                )
            }
        }
    }

    fn __getnewargs__<'py>(&self, py: Python<'py>) -> PyResult<Remade<'py>> {
        let (n, shape) = match self.recipe.size {
            Size::Line(n) => (Some(n), None),
            Size::Plane(rows, columns) => (None, Some((rows, columns))),
        };
        Ok((self.kernel(py)?, n, self.boundary, self.origin(py)?, shape))
    }
}

/// The arguments from which a convolution is rebuilt.
type Remade<'py> = (Bound<'py, PyAny>, Option<usize>, &'static str, Option<Bound<'py, PyAny>>, Option<(usize, usize)>);

/// A whole number of at least 0.
pub(super) fn whole(name: &str, value: &Bound<'_, PyAny>) -> PyResult<usize> {
    as_whole(name, value, 0, i64::MAX).map(|value| value as usize)
}

/// A real number; the library decides which values are allowed.
fn real(name: &str, value: &Bound<'_, PyAny>) -> PyResult<f64> {
    as_number(name, "a number", value)
}

/// The Gaussian exp(−t²/2σ²) for t = −⌈8σ⌉ … ⌈8σ⌉, at whose ends it has fallen to 10⁻¹⁴.
///
/// Parameters
/// ----------
/// sigma : float
///     The width σ in samples.
///
/// Returns
/// -------
/// ndarray of shape (2⌈8σ⌉ + 1,)
///     The samples; the peak, 1, is at the centre.
///
/// Raises
/// ------
/// ValueError
///     If σ is not positive and finite, or so large that there would be more than 10⁸ samples.
/// TypeError
///     If σ is not a real number.
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
///     The samples; the peak, 1, is the first.
///
/// Raises
/// ------
/// ValueError
///     If τ is not positive and finite, or so large that there would be more than 10⁸ samples.
/// TypeError
///     If τ is not a real number.
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
