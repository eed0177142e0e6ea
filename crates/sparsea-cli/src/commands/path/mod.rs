//! `sparsea path`: every k from 0, and the one that a criterion chooses.

mod choice;
mod folds;
mod show;

use std::iter;
use std::path::Path as FilePath;
use std::process::ExitCode;

use sparsea::{Domain, Error, Memory, Scalar, Solution, SparsityPath, StopReason};

use crate::cli::{CriterionChoice, Kernel, Output, Path};
use crate::failure::Failure;
use crate::interrupt;
use crate::model::Posed;
use crate::problem::{Any, Loaded, Owned, from_files};
use crate::say::{complain, note};
use choice::Chooser;
use folds::Folds;

pub fn run(arguments: &Path) -> Result<ExitCode, Failure> {
    let mut inputs: Vec<&FilePath> = iter::once(arguments.matrix.as_path()).collect();
    inputs.extend(arguments.data.as_deref().map(FilePath::new));
    if let Some(Kernel::File(path)) = arguments.kernel.as_ref().map(|options| &options.kernel) {
        inputs.push(path);
    }
    inputs.extend(arguments.model.files());
    let (output, plot) = (arguments.output.clone(), arguments.plot.clone());
    Output { json: arguments.json, report: false, output, trace: None, plot }.check(&inputs, None)?;
    let (data, kernel) = (arguments.data.as_deref(), arguments.kernel.as_ref());
    let loaded = from_files(&arguments.matrix, data, kernel, &arguments.model)?;
    interrupt::listen();
    match &loaded {
        Any::Real(loaded) => {
            let table = if let Owned::Dense(matrix) = &loaded.operator { Some(matrix.as_ref()) } else { None };
            let folds = (arguments.criterion == CriterionChoice::Cv).then(|| Folds::new(table, loaded, arguments));
            solve(loaded, arguments, folds.transpose()?)
        }
        Any::Complex(_) if arguments.criterion == CriterionChoice::Cv => {
            Err(Failure::Message("--criterion cv is for real numbers".into()))
        }
        Any::Complex(loaded) => solve(loaded, arguments, None),
    }
}

fn solve<T: Scalar>(loaded: &Loaded<T>, arguments: &Path, folds: Option<Folds<'_>>) -> Result<ExitCode, Failure> {
    if arguments.model.sum_to.is_some() {
        let line =
            "--sum-to: a path begins at k = 0, where no coefficients have the sum; use `sparsea solve` for each k";
        return Err(Failure::Message(line.into()));
    }
    let domain = arguments.domain.domain(loaded.operator.shape().1)?;
    let posed = Posed::new(loaded, &arguments.model, domain.as_deref())?;
    let mut chooser = Chooser::new(loaded, &posed, arguments, folds)?;
    let limit = chooser.limit();
    let (mut largest, most) = match arguments.largest {
        // What is too large is refused by the problem.
        Some(largest) => (largest, largest),
        None => choice::default_largest(posed.atoms(), limit, posed.rows()),
    };
    let mut attempt = |largest| -> Result<_, Failure> {
        let solutions = find(&posed, domain.as_deref(), largest, arguments)?;
        let chosen = chooser.choose(&solutions)?;
        Ok((solutions, chosen))
    };
    let (mut solutions, chosen) = loop {
        let (solutions, chosen) = match attempt(largest) {
            Err(_) if interrupt::requested() => {
                complain("interrupted; no path is complete");
                return Ok(ExitCode::from(interrupt::STATUS));
            }
            found => found?,
        };
        if 2 * chosen <= largest || largest >= most {
            break (solutions, chosen);
        }
        largest = (2 * largest).min(most);
    };
    let Some(solution) = solutions.get_mut(chosen) else {
        return Err(Failure::Message("no k can be chosen".into()));
    };
    let is_exact = solution.stop_reason == StopReason::ExactFit;
    if chosen == 0 && !is_exact {
        solution.stop_reason = StopReason::NothingFound;
    }
    show::write(loaded, arguments, &solutions, &chooser, chosen)?;
    show::print(loaded, &posed, arguments, &solutions, &chooser, chosen)?;
    if chosen == largest && largest < limit && !is_exact {
        let name = chooser.label();
        note(&format!("k = {chosen} is the best by {name} and the largest that was tried; a larger k may be better"));
    }
    Ok(ExitCode::SUCCESS)
}

/// The solutions for k = 0 … K.
fn find<T: Scalar>(
    posed: &Posed<'_, T>,
    domain: Option<&dyn Domain<T>>,
    largest: usize,
    arguments: &Path,
) -> Result<Vec<Solution<T>>, Failure> {
    let problem = posed.problem(largest, domain)?;
    let limits = posed.limits(sparsea::Limits { relative_residual: arguments.relative_residual, ..Default::default() });
    let mut path = SparsityPath::new(&problem).sparsities((0..=largest).collect());
    path = path.interrupt(interrupt::watched()).memory(arguments.memory.map_or_else(Memory::default, Memory::total));
    if let Some(time) = arguments.time {
        path = path.time(time);
    }
    if let Some(limit) = limits.relative_residual {
        path = path.relative_residual(limit);
    }
    let found = path.solve()?;
    let complete = |(k, solution)| posed.complete(&problem.with_sparsity(k)?, solution);
    Ok((0..).zip(found).map(complete).collect::<Result<_, Error>>()?)
}
