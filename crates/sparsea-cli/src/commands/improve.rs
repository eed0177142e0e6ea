//! `sparsea improve`: a support or a vector from elsewhere, made better or left as it is.

use std::path::Path;
use std::process::ExitCode;

use sparsea::{Halt, Omp, Run, Scalar, Start};

use super::solve::{chain, solve_from};
use crate::cli::{Improve, Kernel};
use crate::failure::Failure;
use crate::problem::{Any, Loaded, from_matrix, from_statistics, from_trace, from_vector};
use crate::{input, report};

pub fn run(arguments: &Improve) -> Result<ExitCode, Failure> {
    let mut inputs = vec![arguments.matrix.as_path()];
    inputs.extend([&arguments.support, &arguments.vector].into_iter().flatten().map(|path| path.as_path()));
    inputs.extend(arguments.data.as_deref().map(Path::new));
    if let Some(Kernel::File(path)) = arguments.kernel.as_ref().map(|options| &options.kernel) {
        inputs.push(path);
    }
    arguments.output.check(&inputs, None)?;
    let loaded = match (&arguments.data, &arguments.kernel) {
        (Some(data), _) => from_matrix(&arguments.matrix, data)?,
        (None, Some(kernel)) => from_trace(&arguments.matrix, kernel)?,
        (None, None) if arguments.gram => from_statistics(&arguments.matrix)?,
        (None, None) => return Err(Failure::Message("y is missing; give a file, or --kernel for a trace".into())),
    };
    match loaded {
        Any::Real(loaded) => improve(&loaded, arguments),
        Any::Complex(loaded) => improve(&loaded, arguments),
    }
}

fn improve<T: Scalar>(loaded: &Loaded<T>, arguments: &Improve) -> Result<ExitCode, Failure> {
    let operator = loaded.operator.operator();
    let (start, file, size) = read_given::<T>(arguments)?;
    if size == 0 {
        return Err(Failure::Message(format!("{}: holds no non-zero to improve", file.display())));
    }
    let sparsity = arguments.sparsity.unwrap_or(size);
    // A support must fit into k columns; of a vector with more, a part would be improved and the rest lost.
    if sparsity < size {
        let file = file.display();
        return Err(Failure::Message(format!("k must be at least {size}, the non-zeros of {file}, got {sparsity}")));
    }
    let problem = loaded.problem(&*operator, sparsity)?;
    let chain = chain(arguments.algorithm.as_deref(), &problem, &arguments.settings)?;
    // Shown with the result: what is refused later must not leave half of the output behind.
    let mut heading = None;
    if !arguments.output.json {
        let fit = Run::new(&problem, Omp::default()).start(start.clone()).memory(arguments.limits.memory());
        let residual = report::short(fit.halt(Halt::Iterations(0)).solve()?.relative_residual);
        heading = Some(format!("{:<20}{size} non-zeros, fitted: relative residual {residual}", "given"));
    }
    solve_from(loaded, &problem, chain, start, &arguments.limits, &arguments.output, heading)
}

/// What is to be improved, its file, and its number of non-zeros.
fn read_given<T: Scalar>(arguments: &Improve) -> Result<(Start<T>, &Path, usize), Failure> {
    match (&arguments.support, &arguments.vector) {
        (Some(path), _) => {
            let support = input::read_indices(path)?;
            let size = support.len();
            Ok((Start::Support(support), path, size))
        }
        (None, Some(path)) => {
            let vector: Vec<T> = from_vector(path, input::read_vector(path)?)?;
            let size = vector.iter().filter(|&&x| x != T::ZERO).count();
            Ok((Start::Vector(vector), path, size))
        }
        (None, None) => Err(Failure::Message("give what to improve by --support or --vector".into())),
    }
}
