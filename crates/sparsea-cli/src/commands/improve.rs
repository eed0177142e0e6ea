//! `sparsea improve`: a support or a vector from elsewhere, made better or left as it is.

use std::path::Path;
use std::process::ExitCode;

use sparsea::{Halt, Omp, Run, Scalar, Start};

use super::solve::{Given, chain, solve_from};
use crate::blocks::{self, Groups, JOINT_TRACE};
use crate::cli::{Improve, Kernel};
use crate::failure::Failure;
use crate::problem::{Any, Loaded, from_matrix, from_trace};
use crate::{input, report};

pub fn run(arguments: &Improve) -> Result<ExitCode, Failure> {
    let mut inputs = vec![arguments.matrix.as_path()];
    inputs.extend([&arguments.support, &arguments.vector].into_iter().flatten().map(|path| path.as_path()));
    inputs.extend(arguments.data.as_deref().map(Path::new));
    inputs.extend(arguments.blocks.groups.as_deref());
    if let Some(Kernel::File(path)) = arguments.kernel.as_ref().map(|options| &options.kernel) {
        inputs.push(path);
    }
    arguments.output.check(&inputs, None)?;
    let loaded = match (&arguments.data, &arguments.kernel) {
        (Some(data), _) => from_matrix(&arguments.matrix, data, arguments.blocks.joint)?,
        (None, Some(_)) if arguments.blocks.joint => return Err(Failure::Message(JOINT_TRACE.into())),
        (None, Some(kernel)) => from_trace(&arguments.matrix, kernel)?,
        (None, None) => return Err(Failure::Message("y is missing; give a file, or --kernel for a trace".into())),
    };
    match loaded {
        Any::Real(loaded) => improve(&loaded, arguments),
        Any::Complex(loaded) => improve(&loaded, arguments),
    }
}

fn improve<T: Scalar>(loaded: &Loaded<T>, arguments: &Improve) -> Result<ExitCode, Failure> {
    let operator = loaded.operator.operator();
    let columns = operator.shape().1;
    let groups = Groups::read(&arguments.blocks, columns)?;
    let (start, file, chosen) = read_given::<T>(arguments, loaded.sides, columns)?;
    let size = groups.as_ref().map_or(chosen.len(), |groups| groups.count(chosen.iter().copied()));
    let counted = if groups.is_some() { "groups" } else { "non-zeros" };
    if chosen.is_empty() {
        return Err(Failure::Message(format!("{}: holds no non-zero to improve", file.display())));
    }
    let sparsity = arguments.sparsity.unwrap_or(size);
    // A support must fit into k columns; of a vector with more, a part would be improved and the rest lost.
    if sparsity > 0 && sparsity < size {
        let file = file.display();
        return Err(Failure::Message(format!("k must be at least {size}, the {counted} of {file}, got {sparsity}")));
    }
    let domain = arguments.domain.domain(columns)?;
    let mut problem = blocks::problem(loaded, &*operator, sparsity)?;
    if let Some(domain) = &domain {
        problem = problem.with_domain(&**domain)?;
    }
    let problem = blocks::grouped(problem, groups.as_ref())?;
    let chain = chain(arguments.algorithm.as_deref(), &problem, &arguments.settings)?;
    // Shown with the result: what is refused later must not leave half of the output behind.
    let mut heading = None;
    if !arguments.output.json {
        let fit = Run::new(&problem, Omp::default()).start(start.clone()).memory(arguments.limits.memory());
        let residual = report::short(fit.halt(Halt::Iterations(0)).solve()?.relative_residual);
        heading = Some(format!("{:<20}{size} {counted}, fitted: relative residual {residual}", "given"));
    }
    solve_from(loaded, &problem, chain, start, &arguments.limits, &arguments.output, Given { groups, heading })
}

/// What is to be improved, its file, and its columns that are not zero.
fn read_given<T: Scalar>(
    arguments: &Improve,
    sides: Option<usize>,
    columns: usize,
) -> Result<(Start<T>, &Path, Vec<usize>), Failure> {
    match (&arguments.support, &arguments.vector) {
        (Some(path), _) => {
            let support = input::read_indices(path)?;
            Ok((Start::Support(support.clone()), path, support))
        }
        (None, Some(path)) => {
            let vector: Vec<T> = blocks::read_x(path, sides, columns)?;
            let length = if sides.is_some() { columns } else { vector.len() };
            let chosen = blocks::rows_of(&vector, length);
            Ok((Start::Vector(vector), path, chosen))
        }
        (None, None) => Err(Failure::Message("give what to improve by --support or --vector".into())),
    }
}
