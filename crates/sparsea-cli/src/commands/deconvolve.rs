//! `sparsea deconvolve`: spikes in a trace, given the shape of one.

use std::process::ExitCode;

use super::solve::solve;
use crate::cli::{BlockOptions, Deconvolve, Kernel};
use crate::failure::Failure;
use crate::problem::{Any, from_trace};

pub fn run(arguments: &Deconvolve) -> Result<ExitCode, Failure> {
    let mut inputs = vec![arguments.trace.as_path()];
    if let Kernel::File(path) = &arguments.kernel.kernel {
        inputs.push(path);
    }
    arguments.output.check(&inputs, Some(&arguments.method.start))?;
    match from_trace(&arguments.trace, &arguments.kernel)? {
        Any::Real(loaded) => solve(&loaded, &arguments.method, &BlockOptions::default(), &arguments.output),
        Any::Complex(loaded) => solve(&loaded, &arguments.method, &BlockOptions::default(), &arguments.output),
    }
}
