//! `sparsea improve`: a support or a vector from elsewhere, made better or left as it is.

use std::path::Path;
use std::process::ExitCode;

use sparsea::{Halt, Omp, Run, Scalar, Start};

use super::solve::{chain, solve_from};
use crate::blocks;
use crate::cli::{Improve, Kernel};
use crate::failure::Failure;
use crate::model::Posed;
use crate::problem::{Any, Loaded, from_files};
use crate::{input, report};

pub fn run(arguments: &Improve) -> Result<ExitCode, Failure> {
    let mut inputs = vec![arguments.matrix.as_path()];
    inputs.extend([&arguments.support, &arguments.vector].into_iter().flatten().map(|path| path.as_path()));
    inputs.extend(arguments.data.as_deref().map(Path::new));
    if let Some(Kernel::File(path)) = arguments.kernel.as_ref().map(|options| &options.kernel) {
        inputs.push(path);
    }
    inputs.extend(arguments.model.files());
    arguments.output.check(&inputs, None)?;
    let (data, kernel) = (arguments.data.as_deref(), arguments.kernel.as_ref());
    let loaded = from_files(&arguments.matrix, data, kernel, &arguments.model)?;
    match loaded {
        Any::Real(loaded) => improve(&loaded, arguments),
        Any::Complex(loaded) => improve(&loaded, arguments),
    }
}

fn improve<T: Scalar>(loaded: &Loaded<T>, arguments: &Improve) -> Result<ExitCode, Failure> {
    let domain = arguments.domain.domain(loaded.operator.shape().1)?;
    let posed = Posed::new(loaded, &arguments.model, domain.as_deref())?;
    let columns = loaded.operator.shape().1;
    let (start, file) = read_given::<T>(arguments, loaded.sides, columns, loaded.names.as_deref())?;
    // Fixed columns are in the model anyway.
    let start = posed.start(start)?;
    let chosen = match &start {
        Start::Support(support) => support.clone(),
        Start::Vector(x) => blocks::rows_of(x, if loaded.sides.is_some() { columns } else { x.len() }),
        _ => vec![],
    };
    let (size, counted) = posed.count(&chosen);
    if chosen.is_empty() {
        return Err(Failure::Message(format!("{}: holds no non-zero to improve", file.display())));
    }
    let sparsity = arguments.sparsity.unwrap_or(size);
    // A support must fit into k columns; of a vector with more, a part would be improved and the rest lost.
    if sparsity < size {
        let file = file.display();
        return Err(Failure::Message(format!("k must be at least {size}, the {counted} of {file}, got {sparsity}")));
    }
    let problem = posed.problem(sparsity, domain.as_deref())?;
    let chain = chain(arguments.algorithm.as_deref(), &problem, &arguments.settings)?;
    // Shown with the result: what is refused later must not leave half of the output behind.
    let mut heading = None;
    if !arguments.output.json {
        let fit = Run::new(&problem, Omp::default()).start(start.clone()).memory(arguments.limits.memory());
        let fit = posed.complete(&problem, fit.halt(Halt::Iterations(0)).solve()?)?;
        let residual = report::short(fit.relative_residual);
        heading = Some(format!("{:<20}{size} {counted}, fitted: relative residual {residual}", "given"));
    }
    solve_from(loaded, &posed, &problem, chain, start, &arguments.limits, &arguments.output, heading)
}

/// What is to be improved, and its file.
fn read_given<'a, T: Scalar>(
    arguments: &'a Improve,
    sides: Option<usize>,
    columns: usize,
    names: Option<&[String]>,
) -> Result<(Start<T>, &'a Path), Failure> {
    match (&arguments.support, &arguments.vector) {
        (Some(path), _) => Ok((Start::Support(input::read_support(path, names)?), path)),
        (None, Some(path)) => Ok((Start::Vector(blocks::read_x(path, sides, columns)?), path)),
        (None, None) => Err(Failure::Message("give what to improve by --support or --vector".into())),
    }
}
