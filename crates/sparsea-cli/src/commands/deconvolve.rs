//! `sparsea deconvolve`: spikes in a trace or in several, or points in an image, given the shape of one.

use std::process::ExitCode;

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use sparsea::{Halt, Run, Scalar, Solution, StopReason};

use super::solve::{chain, placed, read_start, solve};
use crate::cli::{Deconvolve, Kernel};
use crate::failure::Failure;
use crate::image::{Deconvolution, read};
use crate::model::Posed;
use crate::origin::Origin;
use crate::problem::{Any, Loaded, in_one, to_vector};
use crate::say::{complain, say_json};
use crate::{export, input, interrupt, progress, report};

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
        Deconvolution::Several(traces) if !model.joint => several(&traces, arguments),
        read => solved(&in_one(read, kernel, model)?),
    }
}

/// A solution of one trace: its x, its line in the table, and its JSON.
struct Answer {
    x: input::Vector,
    line: String,
    object: Box<RawValue>,
    was_interrupted: bool,
}

/// Solves one trace after the other; writes x of all of them as columns.
fn several(traces: &[Any], arguments: &Deconvolve) -> Result<ExitCode, Failure> {
    let output = &arguments.output;
    let asked = [("--plot", output.plot.is_some()), ("--trace", output.trace.is_some()), ("--report", output.report)];
    if let Some((option, _)) = asked.iter().find(|(_, asked)| *asked) {
        let count = traces.len();
        return Err(Failure::Message(format!(
            "{option} is for one trace, but there are {count}; deconvolve it by itself"
        )));
    }
    interrupt::listen();
    let mut answers = vec![];
    for (at, trace) in traces.iter().enumerate() {
        let answer = match trace {
            Any::Real(loaded) => answer(loaded, arguments, at),
            Any::Complex(loaded) => answer(loaded, arguments, at),
        }
        .map_err(|failure| of_trace(failure, at))?;
        let was_interrupted = answer.was_interrupted;
        answers.push(answer);
        if was_interrupted {
            break;
        }
    }
    let was_interrupted = answers.last().is_some_and(|last| last.was_interrupted);
    if was_interrupted && answers.len() < traces.len() && output.output.is_some() {
        complain("interrupted; nothing is written, as traces are left");
        return Ok(ExitCode::from(interrupt::STATUS));
    }
    if let Some(path) = &output.output {
        export::write_matrix(path, &side_by_side(&answers))?;
    }
    if output.json {
        #[derive(Serialize)]
        struct Solutions<'s> {
            solutions: Vec<&'s RawValue>,
            k: usize,
            #[serde(flatten)]
            origin: Option<Origin>,
        }
        let origin = traces.first().map(|trace| match trace {
            Any::Real(loaded) => Origin::of(loaded),
            Any::Complex(loaded) => Origin::of(loaded),
        });
        let solutions = answers.iter().map(|answer| &*answer.object).collect();
        say_json(&Solutions { solutions, k: arguments.method.sparsity, origin })?;
    } else {
        say!("{:>6}  {:>6}  {:>17}  {:>10}  stopped because", "trace", "spikes", "relative residual", "time");
        for answer in &answers {
            say!("{}", answer.line);
        }
    }
    if was_interrupted {
        complain("interrupted; the last of these is the best solution so far");
        return Ok(ExitCode::from(interrupt::STATUS));
    }
    Ok(ExitCode::SUCCESS)
}

/// Which trace could not be solved.
fn of_trace(failure: Failure, at: usize) -> Failure {
    match failure {
        Failure::Message(line) => Failure::Message(format!("trace {at} (counted from 0): {line}")),
        other => other,
    }
}

fn answer<T: Scalar>(loaded: &Loaded<T>, arguments: &Deconvolve, at: usize) -> Result<Answer, Failure> {
    let method = &arguments.method;
    let domain = method.domain.domain(loaded.operator.shape().1)?;
    let posed = Posed::new(loaded, &arguments.model, domain.as_deref())?;
    let problem = posed.problem(method.sparsity, domain.as_deref())?;
    let chain = chain(method.algorithm.as_deref(), &problem, &method.settings)?;
    let own = chain.links().last().map_or(Halt::Never, |link| link.default_halt());
    let mut bar = progress::Bar::new(method.limits.of_run().halt(own).iterations());
    let start = posed.start(read_start(&method.start, loaded)?)?;
    let run = Run::with_chain(&problem, chain).start(start).memory(method.limits.memory());
    let run = run.limits(posed.limits(method.limits.of_run())).interrupt(interrupt::watched()).observe(&mut bar);
    let solution: Solution<T> = posed.complete(&problem, run.solve()?)?;
    let line = format!(
        "{at:>6}  {:>6}  {:>17}  {:>10}  {}",
        solution.support.len(),
        report::short(solution.relative_residual),
        report::time(solution.elapsed),
        solution.stop_reason
    );
    Ok(Answer {
        x: to_vector(&solution.to_dense()),
        line,
        object: to_raw_value(&placed(loaded, &posed, &solution))?,
        was_interrupted: solution.stop_reason == StopReason::Interrupted,
    })
}

/// Every x as a column.
fn side_by_side(answers: &[Answer]) -> input::Matrix {
    use input::{Dense, Layout, Matrix, Vector};
    let rows = answers.first().map_or(0, |answer| answer.x.len());
    let count = answers.len();
    if answers.iter().any(|answer| answer.x.is_complex()) {
        let values = answers.iter().flat_map(|answer| answer.x.clone().into_complex()).collect();
        return Matrix::DenseComplex(Dense::new(values, rows, count, Layout::Columns));
    }
    let real = |answer: &Answer| if let Vector::Real(values) = &answer.x { values.clone() } else { vec![] };
    Matrix::Dense(Dense::new(answers.iter().flat_map(real).collect(), rows, count, Layout::Columns))
}
