//! `sparsea deconvolve`: spikes in a trace, given the shape of one.

use std::process::ExitCode;

use super::solve::solve;
use crate::cli::{Deconvolve, Kernel};
use crate::failure::Failure;
use crate::problem::{Any, from_trace};

pub fn run(arguments: &Deconvolve) -> Result<ExitCode, Failure> {
    let mut inputs = vec![arguments.trace.as_path()];
    if let Kernel::File(path) = &arguments.kernel.kernel {
        inputs.push(path);
    }
    let Deconvolve { trace, kernel, method, model, output } = arguments;
    inputs.extend(model.weights.as_deref());
    output.check(&inputs, Some(&method.start))?;
    match from_trace(trace, kernel, model.drops())? {
        Any::Real(loaded) => solve(&loaded, method, model, output),
        Any::Complex(loaded) => solve(&loaded, method, model, output),
    }
}
