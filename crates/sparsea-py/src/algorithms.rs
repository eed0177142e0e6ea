//! The registry of algorithms.

use num_complex::Complex;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyMapping};
use sparsea::Chain;
use sparsea::algorithms::{find, registry};

use crate::convert::settings as read_settings;
use crate::error::refused;

/// Every algorithm as a dictionary; `python/sparsea/_algorithms.py` makes objects of them.
#[pyfunction]
pub fn algorithms(py: Python<'_>) -> PyResult<Vec<Bound<'_, PyDict>>> {
    let describe = |entry: &sparsea::algorithms::Entry<f64>| {
        let described = PyDict::new(py);
        described.set_item("name", entry.name)?;
        described.set_item("title", entry.title)?;
        described.set_item("summary", entry.summary)?;
        described.set_item("reference", entry.reference)?;
        described.set_item("cost", entry.cost)?;
        described.set_item("memory", entry.memory)?;
        described.set_item("when", entry.when)?;
        described.set_item("complex", find::<Complex<f64>>(entry.name).is_ok())?;
        described.set_item("operator", entry.needs.operator())?;
        let settings: Vec<_> = entry.settings.iter().map(|s| (s.name, s.default, s.range, s.meaning)).collect();
        described.set_item("settings", settings)?;
        Ok(described)
    };
    registry::<f64>().iter().map(describe).collect()
}

/// Refuses an algorithm or chain that is not known, or settings that its last link does not take.
#[pyfunction]
#[pyo3(signature = (names, settings = None))]
pub fn check_algorithm(names: &str, settings: Option<&Bound<'_, PyMapping>>) -> PyResult<()> {
    Chain::<f64>::parse(names, &read_settings(settings)?).map(drop).map_err(refused)
}
