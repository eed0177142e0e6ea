//! Every step of a run, written as a table or as a page that plays it.

use std::path::Path;

use sparsea::{Problem, Scalar, Trace};
use sparsea_lab::page::{Record, exploration_page, played};

use crate::export;
use crate::failure::Failure;
use crate::model::Posed;
use crate::problem::Loaded;
use crate::say::note;

/// Rows and columns of a problem whose run a page plays, at most: a browser draws all of them.
const MOST_PLAYED: usize = 20_000;

/// Whether a trace is written as a page.
pub fn is_page(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "html")
}

/// Refuses what a page cannot show.
pub fn check_playable<T: Scalar>(
    path: &Path,
    loaded: &Loaded<T>,
    problem: &Problem<'_, T>,
    posed: &Posed<'_, T>,
) -> Result<(), Failure> {
    let (m, n) = (problem.data().len(), problem.operator().ncols());
    let unplayable = if T::IS_COMPLEX {
        "real numbers".to_owned()
    } else if problem.right_hand_sides() > 1 || posed.groups().is_some() {
        "one y and single columns, not --joint or --groups".to_owned()
    } else if loaded.statistics.is_some() {
        "A and y, not on sufficient statistics".to_owned()
    } else if posed.has_sum() {
        "free coefficients, not --sum-to".to_owned()
    } else if m.max(n) > MOST_PLAYED {
        format!("up to {MOST_PLAYED} rows and columns, not {m} × {n}")
    } else {
        return Ok(());
    };
    Err(Failure::Message(format!("{}: a page shows a run on {unplayable}; write a .csv", path.display())))
}

/// Writes a page that plays the run.
pub fn write_page<T: Scalar>(
    path: &Path,
    loaded: &Loaded<T>,
    posed: &Posed<'_, T>,
    problem: &Problem<'_, T>,
    record: Record<'_>,
) -> Result<(), Failure> {
    let mut played = played(problem, record, loaded.data.len());
    played.first = loaded.shift;
    played.is_table = loaded.is_named;
    (played.has_offset, played.has_weights) = (posed.always() > 0, posed.weights().is_some());
    played.has_ridge = posed.has_ridge();
    if let Some(names) = &loaded.names {
        let names = played.columns.keys().map(|&j| (j, names[j].clone()));
        played.names = names.filter(|(_, name)| !name.trim().is_empty()).collect();
    }
    let page = exploration_page(&played)?;
    export::write_atomically(path, |out| out.write_all(page.as_bytes()))?;
    if let Some(all) = played.all {
        let shown = played.steps.last().map_or(0, |step| step.iteration);
        note(&format!(
            "{}: has room for the first {shown} of {all} {}; a .csv has all of them",
            path.display(),
            if played.counts_steps { "steps" } else { "iterations" }
        ));
    }
    Ok(())
}

/// Writes a row for each step.
pub fn write_rows(path: &Path, trace: &Trace) -> Result<(), Failure> {
    export::write_atomically(path, |out| {
        writeln!(
            out,
            "algorithm,iteration,objective,best_objective,support_size,entered,supports_explored,elapsed_seconds"
        )?;
        for row in trace.rows() {
            writeln!(
                out,
                "{},{},{:e},{:e},{},{},{},{:e}",
                row.algorithm,
                row.iteration,
                row.objective,
                row.best_objective,
                row.support_size,
                row.entered,
                row.supports_explored,
                row.elapsed.as_secs_f64()
            )?;
        }
        Ok(())
    })?;
    Ok(())
}
