//! The compiled part of the Python package: conversions, errors and operator call-backs around the library.
//!
//! User-facing code (data frames, names, documentation) is in `python/sparsea`. Neither place contains an algorithm.

mod adjusted;
mod algorithms;
mod choice;
mod convert;
mod cross_validation;
mod error;
mod kept;
mod numbers;
mod operator;
mod path;
mod pool;
mod problem;
mod progress;
mod request;
mod run;
mod solve;
mod theory;

use pyo3::prelude::*;

/// The compiled part of sparsea.
#[pymodule]
mod _core {
    use super::*;

    #[pymodule_export]
    use super::algorithms::{algorithms, check_algorithm};
    #[pymodule_export]
    use super::choice::{criteria, false_selections, half_of_rows, left_out};
    #[pymodule_export]
    use super::cross_validation::cross_validate;
    #[pymodule_export]
    use super::kept::GramColumns;
    #[pymodule_export]
    use super::numbers::{as_flag, as_index, as_number, as_sparsity, as_whole};
    #[pymodule_export]
    use super::operator::{
        Centered, Compressed, Convolution, Gram, PartialDCT, PartialDFT, PartialHadamard, Ramps, Steps, exponential,
        gaussian, wait_for_calls,
    };
    #[pymodule_export]
    use super::problem::Problem;
    #[pymodule_export]
    use super::progress::Progress;
    #[pymodule_export]
    use super::solve::solve;
    #[pymodule_export]
    use super::theory::{coherence, exact_recovery_coefficient, recovery, restricted_isometry};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        pool::note_process();
        module.py().import("atexit")?.call_method1("register", (module.getattr("wait_for_calls")?,))?;
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
