//! Sparse features, centred and weighted, for `sparsea.sklearn`.

use std::any::Any;
use std::sync::Arc;

use numpy::PyArray1;
use pyo3::prelude::*;
use sparsea::{Access, LinearMap};

use super::{Compressed, Shared};
use crate::convert::{Field, vector};
use crate::error::{InvalidTypeError, InvalidValueError, refused};
use crate::pool::within;

/// √W (X − 1 μᵀ) for a sparse real X, with weights of rows (equal ones if `None`) and means μ (the weighted ones if `None`).
#[pyclass(frozen, module = "sparsea._core")]
pub struct Centered {
    inner: Arc<sparsea::Centered<Shared<f64>, f64>>,
}

#[pymethods]
impl Centered {
    #[new]
    fn new(
        matrix: &Bound<'_, Compressed>,
        weights: Option<&Bound<'_, PyAny>>,
        means: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let inner: Shared<f64> = matrix.get().operator()?;
        let weights: Option<Vec<f64>> = weights.map(|weights| vector("the weights", weights)).transpose()?;
        let means: Option<Vec<f64>> = means.map(|means| vector("the means", means)).transpose()?;
        let center = || sparsea::Centered::new(inner, weights.as_deref(), means.as_deref());
        let centered = matrix.py().detach(|| within(None, center))?;
        Ok(Self { inner: Arc::new(centered.map_err(refused)?) })
    }

    /// Rows and columns.
    #[getter]
    fn shape(&self) -> (usize, usize) {
        self.inner.shape()
    }

    /// The type of its numbers.
    #[getter]
    fn dtype<'py>(&self, py: Python<'py>) -> Bound<'py, numpy::PyArrayDescr> {
        numpy::dtype::<f64>(py)
    }

    /// μ.
    #[getter]
    fn means<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f64>> {
        PyArray1::from_slice(py, self.inner.means())
    }

    /// Norms of the columns.
    #[getter]
    fn column_norms<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f64>> {
        PyArray1::from_vec(py, Access::new(&self.inner).column_norms())
    }

    /// Its product with a vector.
    fn matvec<'py>(&self, x: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let (m, n) = self.shape();
        self.product(x, n, m, |access, x, y| access.apply(x, y))
    }

    /// The product of its transpose with a vector.
    fn rmatvec<'py>(&self, y: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let (m, n) = self.shape();
        self.product(y, m, n, |access, y, x| access.apply_adjoint(y, x))
    }
}

impl Centered {
    fn product<'py>(
        &self,
        given: &Bound<'py, PyAny>,
        takes: usize,
        gives: usize,
        product: impl Fn(&Access<'_, f64>, &[f64], &mut [f64]) + Sync,
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let py = given.py();
        let given: Vec<f64> = vector("the vector", given)?;
        if given.len() != takes {
            return Err(InvalidValueError::new_err(format!(
                "the vector has {} entries instead of {takes}",
                given.len()
            )));
        }
        let mut out = vec![0.0; gives];
        py.detach(|| within(None, || product(&Access::new(&self.inner), &given, &mut out)))?;
        Ok(PyArray1::from_vec(py, out))
    }

    /// The operator, for a real problem.
    pub fn operator<T: Field>(&self) -> PyResult<Shared<T>> {
        let any: Box<dyn Any> = Box::new(self.inner.clone() as Shared<f64>);
        any.downcast()
            .map(|operator| *operator)
            .map_err(|_| InvalidTypeError::new_err("centred features are real, y is not"))
    }
}
