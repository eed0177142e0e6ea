//! Models with fixed and excluded columns, an intercept, weights, gaps, a ridge.

use std::sync::Arc;
use std::time::{Duration, Instant};

use numpy::{PyArray1, PyArrayMethods};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use sparsea::{Adjustment, Error, LinearMap, StopReason};

use crate::convert::{Field, vector};
use crate::error::{InvalidValueError, refused};
use crate::operator::{Guarded, Kind, Shared};
use crate::pool::within;
use crate::run::{Caller, Stop, beside, here};
use crate::solve::measures_briefly;

/// A problem adjusted, owning all that it uses.
pub type Adjusted<T> = sparsea::Adjusted<'static, T>;

/// What `python/sparsea/_model.py` says of a model. Columns of Y that share weights are solved together.
pub struct Models {
    intercept: bool,
    fixed: Vec<usize>,
    excluded: Vec<usize>,
    pub ridge: f64,
    /// The weights of each group and its columns of Y.
    groups: Vec<(Option<Vec<f64>>, Vec<usize>)>,
}

impl Models {
    pub fn read(given: &Bound<'_, PyDict>) -> PyResult<Self> {
        let item = |name: &str| {
            given.get_item(name)?.ok_or_else(|| InvalidValueError::new_err(format!("a model needs {name}")))
        };
        let places = |name: &str| -> PyResult<Vec<usize>> {
            let array = item(name)?.cast::<PyArray1<i64>>()?.try_readonly()?;
            let negative = || InvalidValueError::new_err(format!("{name} holds a negative index"));
            array.as_array().iter().map(|&place| usize::try_from(place).map_err(|_| negative())).collect()
        };
        let group = |group: PyResult<Bound<'_, PyAny>>| -> PyResult<_> {
            let (weights, columns): (Bound<'_, PyAny>, Vec<usize>) = group?.extract()?;
            let weights = if weights.is_none() { None } else { Some(vector::<f64>("weights", &weights)?) };
            Ok((weights, columns))
        };
        Ok(Self {
            intercept: item("intercept")?.extract()?,
            fixed: places("fixed")?,
            excluded: places("excluded")?,
            ridge: item("ridge")?.extract()?,
            groups: item("groups")?.try_iter()?.map(group).collect::<PyResult<_>>()?,
        })
    }

    /// The model of each group, and the columns of Y that it is for.
    pub fn groups<T: Field>(&self) -> impl Iterator<Item = (Adjustment<T>, Vec<usize>)> + '_ {
        self.groups.iter().map(|(weights, columns)| {
            let adjustment = Adjustment::default()
                .intercept(self.intercept)
                .fixed(self.fixed.clone())
                .excluded(self.excluded.clone())
                .ridge(self.ridge);
            let adjustment = match weights {
                Some(weights) => adjustment.weights(weights.clone()),
                None => adjustment,
            };
            (adjustment, columns.clone())
        })
    }

    /// Refuses weights or gaps that differ between columns of Y that have one support.
    pub fn check_joint(&self, joint: bool) -> PyResult<()> {
        if joint && self.groups.len() > 1 {
            let rule = "for a joint support weights and gaps must be the same in all columns of y";
            return Err(InvalidValueError::new_err(rule));
        }
        Ok(())
    }

    /// Rows and columns that k is bounded by before the model is made.
    pub fn bounds(&self, (m, n): (usize, usize)) -> (usize, usize) {
        if self.ridge > 0.0 { (m.saturating_add(n), n) } else { (m, n) }
    }
}

/// Adjusts A, or says why there was no time for it.
pub fn adjusted<T: Field>(
    py: Python<'_>,
    inner: &Shared<T>,
    kind: Kind,
    adjustment: Adjustment<T>,
    time: Option<Duration>,
    check_adjoint: bool,
) -> PyResult<Result<Arc<Adjusted<T>>, StopReason>> {
    let stop = Arc::new(Stop::default());
    let mut interrupt = stop.interrupt();
    if let Some(deadline) = time.and_then(|limit| Instant::now().checked_add(limit)) {
        interrupt = interrupt.by(deadline);
    }
    let (map, watched) = (inner.clone(), stop.clone());
    let make = move || {
        // Products that are called belong to this call.
        let _entered = watched.enter();
        if check_adjoint {
            sparsea::check_adjoint(&Guarded::new(map.clone(), kind, watched.clone()), 0)?;
        }
        Adjusted::new_until(map, &adjustment, &interrupt)
    };
    type Made<T> = Result<Adjusted<T>, Error>;
    let work = move |_: &Caller<PyResult<Made<T>>>| within(None, make);
    let made = if measures_briefly(&**inner, kind) { here(py, &stop, work)? } else { beside(py, &stop, work)? };
    match made? {
        Ok(adjusted) => Ok(Ok(Arc::new(adjusted))),
        Err(Error::Stopped { reason }) => Ok(Err(reason)),
        Err(error) => Err(refused(error)),
    }
}

/// The map of an adjusted problem.
pub fn map_of<T: Field>(adjusted: &Arc<Adjusted<T>>) -> Shared<T> {
    adjusted.clone() as Arc<dyn LinearMap<T>>
}
