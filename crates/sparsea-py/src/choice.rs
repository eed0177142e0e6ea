//! What chooses k, and how sure it is: criteria, errors on rows left out, halves of rows.

use numpy::{PyArray1, PyReadonlyArray1, PyReadonlyArray2};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use sparsea::criteria::{Criteria, Criterion, Fit, leave_one_out};
use sparsea::stability::{Halves, Scheme, Stability};

/// The values of all criteria for fits with these RSS, atoms and coefficients, by their names in Python. σ² is given, or an estimate for Cp.
#[pyfunction]
#[pyo3(signature = (rss, atoms, coefficients, *, samples, distinct, responses, choices, always, gamma, variance, estimate, exact))]
#[expect(clippy::too_many_arguments, reason = "called by name from one place in Python")]
pub fn criteria<'py>(
    py: Python<'py>,
    rss: PyReadonlyArray1<'py, f64>,
    atoms: PyReadonlyArray1<'py, i64>,
    coefficients: PyReadonlyArray1<'py, i64>,
    samples: f64,
    distinct: usize,
    responses: usize,
    choices: usize,
    always: usize,
    gamma: f64,
    variance: Option<f64>,
    estimate: f64,
    exact: f64,
) -> PyResult<Bound<'py, PyDict>> {
    let criteria = Criteria::new(samples, choices).distinct(distinct).responses(responses).always(always);
    let mut criteria = criteria.gamma(gamma).exact_below(exact);
    let mut of_cp = criteria.estimated_variance(estimate);
    if let Some(variance) = variance {
        criteria = criteria.variance(variance);
        of_cp = criteria;
    }
    let (rss, atoms, coefficients) = (rss.as_array(), atoms.as_array(), coefficients.as_array());
    let fits: Vec<Fit> = rss
        .iter()
        .zip(atoms.iter().zip(coefficients))
        .map(|(&rss, (&atoms, &count))| Fit { rss, atoms: atoms as usize, coefficients: count as usize })
        .collect();
    let values = PyDict::new(py);
    for (name, of, criterion) in [
        ("aic", &criteria, Criterion::Aic),
        ("bic", &criteria, Criterion::Bic),
        ("ebic", &criteria, Criterion::Ebic),
        ("cp", &of_cp, Criterion::Cp),
        ("aicc", &criteria, Criterion::Aicc),
    ] {
        let each = fits.iter().map(|&fit| of.value(criterion, fit)).collect();
        values.set_item(name, PyArray1::from_vec(py, each))?;
    }
    Ok(values)
}

/// The error of least squares on rows left out one by one and the factor that corrects it, or nothing where there is none.
#[pyfunction]
pub fn left_out(
    always: PyReadonlyArray2<'_, f64>,
    chosen: PyReadonlyArray2<'_, f64>,
    data: PyReadonlyArray2<'_, f64>,
    rows: usize,
) -> Option<(f64, f64)> {
    let matrix = |array: &PyReadonlyArray2<'_, f64>| {
        let view = array.as_array();
        faer::Mat::from_fn(view.nrows(), view.ncols(), |i, j| view[(i, j)])
    };
    let (always, chosen, data) = (matrix(&always), matrix(&chosen), matrix(&data));
    leave_one_out(always.as_ref(), chosen.as_ref(), data.as_ref(), rows).map(|left| (left.error, left.factor))
}

/// The rows of a half, sorted.
#[pyfunction]
pub fn half_of_rows<'py>(
    py: Python<'py>,
    rows: PyReadonlyArray1<'py, i64>,
    seed: u64,
    complementary: bool,
    subsample: u64,
) -> Bound<'py, PyArray1<i64>> {
    let rows: Vec<usize> = rows.as_array().iter().map(|&row| row as usize).collect();
    let half = Halves::new(rows, seed, scheme(complementary)).rows(subsample);
    PyArray1::from_vec(py, half.into_iter().map(|row| row as i64).collect())
}

/// The bound on the expected number of false selections; that for unimodal distributions if it is asked for and there is one.
#[pyfunction]
pub fn false_selections(
    threshold: f64,
    subsamples: u64,
    k: usize,
    candidates: usize,
    complementary: bool,
    unimodal: bool,
) -> f64 {
    let found = Stability { counts: vec![], subsamples, k, candidates, scheme: scheme(complementary) };
    let bound = unimodal.then(|| found.unimodal_bound(threshold)).flatten();
    bound.unwrap_or_else(|| found.bound(threshold))
}

fn scheme(complementary: bool) -> Scheme {
    if complementary { Scheme::Complementary } else { Scheme::Half }
}
