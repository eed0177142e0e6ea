//! `sparsea compare`: every algorithm on one problem, in one table sorted by residual.

use std::process::ExitCode;

use serde::Serialize;
use serde_json::Map;
use sparsea::algorithms::applicable;
use sparsea::metrics::support_distance;
use sparsea::{Chain, Error, Problem, Run, Scalar, Solution, Start, StopReason};

use super::solve::placed;
use crate::blocks;
use crate::cli::Compare;
use crate::defaults::CHAINS;
use crate::failure::Failure;
use crate::interrupt;
use crate::model::Posed;
use crate::origin::Origin;
use crate::problem::{Any, Loaded, from_files};
use crate::report;
use crate::say::{complain, note, say_json};
use crate::table::{Table, left, right};

pub fn run(arguments: &Compare) -> Result<ExitCode, Failure> {
    let (data, kernel) = (arguments.data.as_deref(), arguments.kernel.as_ref());
    let loaded = from_files(&arguments.matrix, data, kernel, &arguments.model)?;
    match loaded {
        Any::Real(loaded) => compare(&loaded, arguments),
        Any::Complex(loaded) => compare(&loaded, arguments),
    }
}

fn compare<T: Scalar>(loaded: &Loaded<T>, arguments: &Compare) -> Result<ExitCode, Failure> {
    let domain = arguments.domain.domain(loaded.operator.shape().1)?;
    let posed = Posed::new(loaded, &arguments.model, domain.as_deref())?;
    let columns = loaded.operator.shape().1;
    let problem = posed.problem(arguments.sparsity, domain.as_deref())?;
    let names = arguments.algorithms.clone().unwrap_or_else(|| all(&problem));
    let chains = names.iter().map(|name| Chain::parse(name, &Map::new())).collect::<Result<Vec<_>, _>>()?;
    let truth = arguments.truth.as_ref().map(|path| -> Result<Vec<usize>, Failure> {
        let x: Vec<T> = blocks::read_x(path, loaded.sides, columns)?;
        if loaded.sides.is_none() && x.len() != columns {
            let (file, found) = (path.display(), x.len());
            return Err(Failure::Message(format!("{file}: has {found} entries, but A has {columns} columns")));
        }
        // Fixed columns are found by nobody.
        let Start::Vector(x) = posed.start(Start::Vector(x))? else { return Ok(vec![]) };
        Ok(blocks::rows_of(&x, columns))
    });
    let truth = truth.transpose()?;
    interrupt::listen();
    let (mut solutions, skipped) = solve_all(&posed, &problem, chains, arguments)?;
    solutions.sort_by(|a, b| a.residual_norm.total_cmp(&b.residual_norm));
    if arguments.json {
        #[derive(Serialize)]
        struct Solutions<S> {
            solutions: Vec<S>,
            k: usize,
            #[serde(flatten)]
            origin: Origin,
        }
        let solutions = solutions.iter().map(|solution| placed(loaded, &posed, solution)).collect();
        say_json(&Solutions { solutions, k: arguments.sparsity, origin: Origin::of(loaded) })?;
    } else {
        say!("A is {} × {}, k = {}\n", loaded.rows(), columns, arguments.sparsity);
        say!("{}", table(&solutions, loaded.names.as_deref(), truth.as_deref()).trim_end());
        if let Some(line) = solutions.iter().find_map(|solution| report::beside(solution, loaded.names.as_deref())) {
            say!("{line}");
        }
    }
    for reason in &skipped {
        note(&format!("left out: {reason}"));
    }
    if interrupt::requested() {
        complain("interrupted; these are the best solutions so far");
        return Ok(ExitCode::from(interrupt::STATUS));
    }
    Ok(ExitCode::SUCCESS)
}

/// Every algorithm that the problem meets the needs of, and the chains worth a try on any problem.
pub fn all<T: Scalar>(problem: &Problem<'_, T>) -> Vec<String> {
    applicable(problem).iter().map(|entry| entry.name).chain(CHAINS).map(str::to_owned).collect()
}

/// The solutions of all chains but those that would take too much memory, and what is said of these.
fn solve_all<T: Scalar>(
    posed: &Posed<'_, T>,
    problem: &Problem<'_, T>,
    chains: Vec<Chain<T>>,
    arguments: &Compare,
) -> Result<(Vec<Solution<T>>, Vec<String>), Failure> {
    let (mut solutions, mut skipped) = (Vec::new(), Vec::new());
    for chain in chains {
        let limits = posed.limits(arguments.limits.of_run());
        let run = Run::with_chain(problem, chain).memory(arguments.limits.memory()).limits(limits);
        let run = run.interrupt(interrupt::watched());
        let solution = match run.solve().and_then(|solution| posed.complete(problem, solution)) {
            Ok(solution) => solution,
            Err(error @ Error::StateMemory { .. }) => {
                skipped.push(error.to_string());
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        let interrupted = solution.stop_reason == StopReason::Interrupted;
        solutions.push(solution);
        if interrupted {
            break;
        }
    }
    Ok((solutions, skipped))
}

/// One row a solution; with the truth also the share of its support that was missed.
pub fn table<T: Scalar>(solutions: &[Solution<T>], names: Option<&[String]>, truth: Option<&[usize]>) -> String {
    let mut columns = vec![left("algorithm"), right("residual")];
    columns.extend(truth.map(|_| right("missed")));
    columns.extend([right("time"), left("support")]);
    let mut table = Table::new(columns);
    for solution in solutions {
        let mut cells = vec![solution.algorithm.clone(), report::short(solution.relative_residual)];
        cells.extend(truth.map(|truth| format!("{:.1} %", 100.0 * support_distance(truth, &solution.support))));
        cells.push(report::time(solution.elapsed));
        cells.push(report::support_text(&solution.support, names, 72));
        table.row(cells);
    }
    let mut out = table.to_string();
    out.push_str("\nresidual is ‖y − A x‖/‖y‖");
    out.push_str(if truth.is_some() { "; missed is the share of the true support not found\n" } else { "\n" });
    out
}
