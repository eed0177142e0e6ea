//! Gram columns of A that outlive a call.

use std::sync::Arc;

use num_complex::Complex;
use pyo3::prelude::*;
use sparsea::operator::Structure;
use sparsea::{LinearMap, SharedGram};

use crate::convert::Field;
use crate::operator::Kind;

/// Gram columns of one A, for calls with any data. Their bits do not depend on who asked first.
#[pyclass(frozen, module = "sparsea._core")]
pub struct GramColumns(Either);

enum Either {
    Real(Arc<SharedGram<f64>>),
    Complex(Arc<SharedGram<Complex<f64>>>),
}

#[pymethods]
impl GramColumns {
    /// Those of n columns of real or complex numbers, as many as fit in the room, in bytes.
    #[new]
    fn new(n: usize, is_complex: bool, room: usize) -> Self {
        Self(if is_complex {
            Either::Complex(Arc::new(SharedGram::new(n, room)))
        } else {
            Either::Real(Arc::new(SharedGram::new(n, room)))
        })
    }
}

/// A scalar whose columns may be kept.
pub trait Kept: Field {
    /// The columns of this scalar.
    fn of(columns: &GramColumns) -> Option<Arc<SharedGram<Self>>>;
}

impl Kept for f64 {
    fn of(columns: &GramColumns) -> Option<Arc<SharedGram<Self>>> {
        if let Either::Real(gram) = &columns.0 { Some(gram.clone()) } else { None }
    }
}

impl Kept for Complex<f64> {
    fn of(columns: &GramColumns) -> Option<Arc<SharedGram<Self>>> {
        if let Either::Complex(gram) = &columns.0 { Some(gram.clone()) } else { None }
    }
}

/// Whether columns are kept: where they are given, or known by a formula and overlap only their neighbours, or are steps, computing one is as
/// fast as copying it.
pub fn are_kept<T: Field>(operator: &dyn LinearMap<T>, kind: Kind) -> bool {
    let structure = operator.structure();
    let by_formula =
        kind == Kind::Formula && matches!(structure, Structure::Local(_) | Structure::Planar(_) | Structure::Steps);
    !by_formula && !matches!(structure, Structure::Gram(_))
}
