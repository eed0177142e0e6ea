//! What is guaranteed for an operator, before any data is seen.

use std::sync::Arc;

use num_complex::Complex;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use sparsea::theory::{self, Coherence, Condition};
use sparsea::{Error, Interval, LinearMap, Recovery, RestrictedIsometry, Signal};

use crate::convert::{Field, vector};
use crate::error::refused;
use crate::operator::operator;
use crate::pool::within;
use crate::run::{Stop, beside};

/// Does `work` on A of the named scalar, beside Python.
macro_rules! on_operator {
    ($a:expr, $complex:expr, $work:expr) => {
        if $complex { on::<Complex<f64>, _>($a, $work) } else { on::<f64, _>($a, $work) }
    };
}

fn on<T: Field, R: Send + 'static>(
    a: &Bound<'_, PyAny>,
    work: impl FnOnce(&dyn LinearMap<T>) -> Result<R, Error> + Send + 'static,
) -> PyResult<R> {
    let stop = Arc::new(Stop::default());
    let operator = operator::<T>(a, &stop)?;
    beside(a.py(), &stop, move |_| within(None, || work(&*operator)))??.map_err(refused)
}

/// (μ, the first pair that attains it, μ₁(1), μ₁(2), …).
type Parts = (f64, Option<(usize, usize)>, Vec<f64>);

/// The coherence, and the Babel function up to an order.
#[pyfunction]
pub fn coherence(a: &Bound<'_, PyAny>, is_complex: bool, order: usize) -> PyResult<Parts> {
    on_operator!(a, is_complex, move |operator| theory::coherence(operator, order)).map(parts)
}

fn parts(coherence: Coherence) -> Parts {
    (coherence.mutual, coherence.pair, coherence.babel)
}

/// max over i ∉ S of ‖A_S⁺ a_i‖₁.
#[pyfunction]
pub fn exact_recovery_coefficient(a: &Bound<'_, PyAny>, is_complex: bool, support: Vec<usize>) -> PyResult<f64> {
    on_operator!(a, is_complex, move |operator| theory::exact_recovery_coefficient(operator, &support))
}

/// Bounds of δ_1 … δ_order, and the coherence they rest on.
#[pyfunction]
pub fn restricted_isometry<'py>(
    a: &Bound<'py, PyAny>,
    is_complex: bool,
    order: usize,
    work: f64,
) -> PyResult<Bound<'py, PyDict>> {
    let constants = on_operator!(a, is_complex, move |operator| sparsea::restricted_isometry(operator, order, work))?;
    constants_of(a.py(), &constants)
}

fn bounds(interval: Interval) -> (f64, f64) {
    (interval.lower, interval.upper)
}

fn constants_of<'py>(py: Python<'py>, constants: &RestrictedIsometry) -> PyResult<Bound<'py, PyDict>> {
    let fields = PyDict::new(py);
    fields.set_item("constants", constants.constants().iter().map(|&delta| bounds(delta)).collect::<Vec<_>>())?;
    fields.set_item("coherence", parts(constants.coherence().clone()))?;
    Ok(fields)
}

/// The theorem for A and k, and its condition for a truth (moduli), noise and start, or for equal non-zeros.
#[pyfunction]
#[pyo3(signature = (a, is_complex, sparsity, work, truth, noise_norm, start, step_size))]
#[expect(clippy::too_many_arguments, reason = "they are those of the theorem")]
pub fn recovery<'py>(
    a: &Bound<'py, PyAny>,
    is_complex: bool,
    sparsity: usize,
    work: f64,
    truth: Option<&Bound<'py, PyAny>>,
    noise_norm: f64,
    start: Option<&Bound<'py, PyAny>>,
    step_size: f64,
) -> PyResult<Bound<'py, PyDict>> {
    let moduli = |what: &str, given: Option<&Bound<'py, PyAny>>| given.map(|x| vector::<f64>(what, x)).transpose();
    let given = Given { truth: moduli("truth", truth)?, noise_norm, start: moduli("start", start)?, step_size };
    let found = on_operator!(a, is_complex, move |operator| judge(operator, sparsity, work, &given))?;
    let (recovery, condition, truth) = found;
    let fields = constants_of(a.py(), recovery.constants())?;
    fields.set_item("alpha", bounds(recovery.alpha()))?;
    fields.set_item("gamma", bounds(recovery.gamma()))?;
    fields.set_item("dynamic_range_limit", bounds(recovery.dynamic_range()))?;
    fields.set_item("verdict", condition.verdict.word())?;
    fields.set_item("left", bounds(condition.left))?;
    fields.set_item("right", condition.right)?;
    fields.set_item("iteration_bound", condition.iteration_bound)?;
    fields.set_item("error_bound", condition.error_bound)?;
    fields.set_item("dynamic_range", truth.map(|(range, _)| range))?;
    fields.set_item("exact_recovery_coefficient", truth.map(|(_, coefficient)| coefficient))?;
    Ok(fields)
}

struct Given {
    truth: Option<Vec<f64>>,
    noise_norm: f64,
    start: Option<Vec<f64>>,
    step_size: f64,
}

/// The recovery, its condition, and of a truth its dynamic range and exact recovery coefficient.
type Judged = (Recovery, Condition, Option<(f64, f64)>);

fn judge<T: Field>(operator: &dyn LinearMap<T>, sparsity: usize, work: f64, given: &Given) -> Result<Judged, Error> {
    let field = |x: &[f64]| x.iter().map(|&x| T::from_real(x)).collect::<Vec<T>>();
    // First what costs nothing: all that can be refused.
    let mut signal = None;
    if let Some(truth) = &given.truth {
        let mut known = Signal::new(operator, &field(truth))?.noise_norm(given.noise_norm)?;
        if let Some(start) = &given.start {
            known = known.start(operator, &field(start), given.step_size)?;
        }
        if known.nonzeros() > sparsity {
            return Err(Error::TruthSize { nonzeros: known.nonzeros(), sparsity });
        }
        signal = Some(known);
    }
    let recovery = Recovery::new(operator, sparsity, work)?;
    let condition = recovery.condition(&signal.unwrap_or_else(|| Signal::flat(sparsity)))?;
    let truth = match (&given.truth, signal) {
        (Some(truth), Some(signal)) => {
            let support: Vec<usize> = (0..truth.len()).filter(|&j| truth[j] != 0.0).collect();
            Some((signal.dynamic_range(), theory::exact_recovery_coefficient(operator, &support)?))
        }
        _ => None,
    };
    Ok((recovery, condition, truth))
}
