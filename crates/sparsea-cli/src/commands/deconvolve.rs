//! `sparsea deconvolve`: spikes in a trace or in several, or points in an image, given the shape of one.

use std::process::ExitCode;

use super::batch::solve_each;
use super::solve::solve;
use crate::batch::AnyBatch;
use crate::cli::{Deconvolve, Kernel};
use crate::failure::Failure;
use crate::image::{Deconvolution, read};
use crate::problem::{Any, in_one};

pub fn run(arguments: &Deconvolve) -> Result<ExitCode, Failure> {
    let mut inputs = vec![arguments.trace.as_path()];
    if let Kernel::File(path) = &arguments.kernel.kernel {
        inputs.push(path);
    }
    let Deconvolve { trace, kernel, method, model, output, .. } = arguments;
    inputs.extend(model.files());
    output.check(&inputs, Some(&method.start))?;
    let solved = |one: &Any| match one {
        Any::Real(loaded) => solve(loaded, method, model, output),
        Any::Complex(loaded) => solve(loaded, method, model, output),
    };
    match read(trace, kernel, model.drops())? {
        Deconvolution::Several(traces, names) if !model.joint => {
            let traces = AnyBatch::of_traces(traces, names);
            let traces = traces.ok_or_else(|| Failure::Message("there is no trace".into()))?;
            solve_each(traces, method, model, output)
        }
        read => solved(&in_one(read, kernel, model)?),
    }
}
