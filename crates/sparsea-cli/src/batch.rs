//! Several right-hand sides, each a problem by itself: the columns of Y, or traces.

use num_complex::Complex;
use sparsea::Scalar;

use crate::problem::{Any, Loaded};

/// Right-hand sides of one A.
pub struct Batch<T: Scalar> {
    /// The problem of the first.
    pub loaded: Loaded<T>,
    /// All of them, each of m numbers.
    pub columns: Vec<Vec<T>>,
    /// Their names, if their file has them.
    pub names: Option<Vec<String>>,
    /// What they are called.
    pub words: &'static Words,
}

/// What people call a right-hand side and what is found in it.
pub struct Words {
    pub one: &'static str,
    pub all: &'static str,
    pub atoms: &'static str,
    /// What to do where only one is taken.
    pub remedy: &'static str,
}

pub const COLUMNS: Words = Words {
    one: "column",
    all: "columns of Y",
    atoms: "non-zeros",
    remedy: "solve a single column, as in FILE:COLUMN",
};
pub const TRACES: Words =
    Words { one: "trace", all: "traces", atoms: "spikes", remedy: "deconvolve a single trace, as in FILE:COLUMN" };

/// Right-hand sides of either scalar.
pub enum AnyBatch {
    Real(Batch<f64>),
    Complex(Batch<Complex<f64>>),
}

impl AnyBatch {
    /// A problem whose data are those of several, end to end.
    pub fn split(any: Any, names: Option<Vec<String>>, count: usize) -> Self {
        fn of<T: Scalar>(mut loaded: Loaded<T>, names: Option<Vec<String>>, count: usize) -> Batch<T> {
            let (all, m) = (std::mem::take(&mut loaded.data), loaded.operator.shape().0);
            let columns: Vec<Vec<T>> = (0..count).map(|b| all[b * m..(b + 1) * m].to_vec()).collect();
            loaded.data = columns.first().cloned().unwrap_or_default();
            Batch { loaded, columns, names, words: &COLUMNS }
        }
        match any {
            Any::Real(loaded) => Self::Real(of(loaded, names, count)),
            Any::Complex(loaded) => Self::Complex(of(loaded, names, count)),
        }
    }

    /// Several traces with one kernel; `None` if there is no trace, or some are complex and others are not.
    pub fn of_traces(traces: Vec<Any>, names: Option<Vec<String>>) -> Option<Self> {
        fn of<T: Scalar>(traces: Vec<Loaded<T>>, names: Option<Vec<String>>) -> Option<Batch<T>> {
            let columns = traces.iter().map(|trace| trace.data.clone()).collect();
            let loaded = traces.into_iter().next()?;
            Some(Batch { loaded, columns, names, words: &TRACES })
        }
        let (mut real, mut complex) = (vec![], vec![]);
        for trace in traces {
            match trace {
                Any::Real(one) => real.push(one),
                Any::Complex(one) => complex.push(one),
            }
        }
        match (real.is_empty(), complex.is_empty()) {
            (false, true) => of(real, names).map(Self::Real),
            (true, false) => of(complex, names).map(Self::Complex),
            _ => None,
        }
    }
}
