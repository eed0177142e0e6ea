//! `sparsea sweep`: studies, their stores, their tables and pictures.

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use faer::Mat;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use sparsea_lab::plot::Figure;
use sparsea_lab::store::Store;
use sparsea_lab::study::Study;
use sparsea_lab::summary::{self, Summary, by_algorithm};
use sparsea_lab::sweep::{Conduct, Ended, Shard, sweep};
use sparsea_lab::transition;
use sparsea_lab::{LabError, comparison, figures};

use crate::cli::{Sweep, SweepAction, SweepOptions};
use crate::failure::Failure;
use crate::files::{self, Files};
use crate::input::Matrix;
use crate::say::{complain, is_quiet, say_json};
use crate::table::{Table, left, right};
use crate::{export, input, interrupt, report, text};

pub fn run(arguments: &Sweep) -> Result<ExitCode, Failure> {
    match (&arguments.action, &arguments.study) {
        (Some(SweepAction::Status { store, json }), _) => status(store, *json),
        (Some(SweepAction::Merge { into, from }), _) => merge(into, from),
        (Some(SweepAction::Export { store, file }), _) => {
            Files::reading([store]).claim(file)?;
            export::check_place(file)?;
            summary::export_results(&Store::read(store)?, file)?;
            Ok(ExitCode::SUCCESS)
        }
        (Some(SweepAction::Plot { store, out }), _) => plot(store, out.as_deref()),
        (None, Some(path)) => {
            let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
            let (study, mut inputs) = read_study(&text, path)?;
            inputs.push(path.clone());
            let shard = arguments.shard.unwrap_or_default();
            run_study(&study, &inputs, &arguments.how, shard, &format!("sparsea sweep {}", path.display()))
        }
        (None, None) => Err(Failure::Message("give a study, or status, plot, merge, export".to_owned())),
    }
}

/// Reads a study, and which files it reads; a matrix that it names is found from the folder of the study.
pub fn read_study(text: &str, path: &Path) -> Result<(Study, Vec<PathBuf>), Failure> {
    let inputs = RefCell::new(Vec::new());
    let read_matrix = |file: &Path| -> Result<Mat<f64>, String> {
        let file = path.parent().unwrap_or(Path::new("")).join(file);
        inputs.borrow_mut().extend(input::file_of(&file));
        let table = input::read_matrix(&file).map_err(|error| error.to_string())?;
        match table.matrix {
            Matrix::Dense(matrix) => Ok(matrix.as_ref().to_owned()),
            Matrix::Narrow(matrix) if let Matrix::Dense(matrix) = matrix.widened() => Ok(matrix.as_ref().to_owned()),
            _ => Err(format!("{}: the matrix of a study must be real and dense", file.display())),
        }
    };
    let study = Study::parse(text, &path.display().to_string(), &read_matrix)?;
    Ok((study, inputs.into_inner()))
}

/// Runs a study to its end or interruption, then writes its tables and pictures and prints the summary.
pub fn run_study(
    study: &Study,
    inputs: &[PathBuf],
    how: &SweepOptions,
    shard: Shard,
    again: &str,
) -> Result<ExitCode, Failure> {
    let begin = Instant::now();
    let mut study = study.clone();
    study.runs = how.runs.unwrap_or(study.runs);
    if how.grid {
        if study.transition.is_none() {
            return Err(Failure::Message("--grid is for studies with a transition".to_owned()));
        }
        study = study.whole_grid();
    }
    export::make_folder(&how.out)?;
    let part = if shard.of > 1 { format!(".{}-of-{}", shard.part, shard.of) } else { String::new() };
    let path = how.out.join(format!("{}{part}.sqlite", study.name));
    let table = how.out.join(format!("{}.csv", study.name));
    let mut files = Files::reading(inputs);
    files.claim(&path)?;
    if shard.of == 1 {
        // Again with all others when there is something to write: this refuses before hours of work.
        let mut early = Files::reading(inputs);
        early.claim(&path)?;
        early.claim(&table)?;
    }
    let mut store = if how.restart { Store::restart(&path, &study)? } else { Store::open(&path, &study)? };
    interrupt::listen();
    let bar = bar(study.transition.is_some());
    let mut progress = |done: u64, all: u64| {
        bar.set_length(all);
        bar.set_position(done);
    };
    let conduct = Conduct { shard, stop: &interrupt::flag(), pool: None };
    let ended = match &study.transition {
        Some(rule) => transition::locate_all(&study, rule, &mut store, conduct, &mut progress)?,
        None => sweep(&study, &mut store, conduct, &mut progress)?,
    };
    bar.finish_and_clear();
    if ended == Ended::Interrupted {
        let mut options = format!(" --out {}", how.out.display());
        if let Some(runs) = how.runs {
            options.push_str(&format!(" --runs {runs}"));
        }
        if how.grid {
            options.push_str(" --grid");
        }
        if shard.of > 1 {
            options.push_str(&format!(" --shard {}/{}", shard.part, shard.of));
        }
        complain(&format!("interrupted; what is done is in {}; to go on: {again}{options}", path.display()));
        return Ok(ExitCode::from(interrupt::STATUS));
    }
    if shard.of > 1 {
        let (name, of) = (&study.name, shard.of);
        let parts = text::path(&how.out.join(format!("{name}.*-of-{of}.sqlite")));
        say!("Part {} of {} is in {}.", shard.part, shard.of, text::path(&path));
        say!("Join all parts with: sparsea sweep merge {name}.sqlite {parts}");
        return Ok(ExitCode::SUCCESS);
    }
    let mut written = vec![text::path(&path)];
    written.extend(show(&study, &store, &how.out, &mut files)?);
    say!("Written: {}", written.join(", "));
    say!("Done in {}.", report::time(begin.elapsed()));
    Ok(ExitCode::SUCCESS)
}

/// What is shown of a store: text, pictures with their names, and comparisons.
struct Shown {
    text: String,
    figures: Vec<(String, Figure)>,
    comparison: String,
    summaries: Vec<Summary>,
}

/// Computes what is shown of a store.
fn shown(study: &Study, store: &Store) -> Result<Shown, Failure> {
    let located = study.transition.as_ref().map(|rule| figures::transition_curves(study, rule, store)).transpose()?;
    let summaries = summary::summarise(store)?;
    if let Some(curves) = located {
        let figures = vec![(study.name.clone(), figures::transition_figure(study, &curves)?)];
        let (text, comparison) = (transition_table(study, &curves), comparison::transitions(study, &curves));
        return Ok(Shown { text, figures, comparison, summaries });
    }
    let mut text = mean_table(&summaries, "mean support distance", |s| s.distance.value);
    if study.segments.is_some() {
        let missed = |s: &Summary| s.segments.map_or(f64::NAN, |parts| parts.search_missed.value);
        text.push('\n');
        text.push_str(&mean_table(&summaries, "of which missed by the search", missed));
    }
    let parts = [comparison::distances(&summaries), comparison::segments(&summaries)];
    let comparison = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n");
    Ok(Shown { text, figures: figures::study_figures(study, &summaries)?, comparison, summaries })
}

/// Writes the tables and pictures of a store, prints the summary, and returns the names of the files.
fn show(study: &Study, store: &Store, out: &Path, files: &mut Files) -> Result<Vec<String>, Failure> {
    let shown = shown(study, store)?;
    export::make_folder(out)?;
    let mut claim = |name: String| -> Result<PathBuf, Failure> {
        let path = out.join(name);
        files.claim(&path)?;
        export::check_place(&path)?;
        Ok(path)
    };
    // All are claimed before any is written.
    let table = claim(format!("{}.csv", study.name))?;
    let mut pictures = Vec::new();
    for (name, figure) in &shown.figures {
        for extension in ["svg", "png"] {
            pictures.push((claim(format!("{name}.{extension}"))?, figure));
        }
    }
    let comparison = (!shown.comparison.is_empty()).then(|| claim(format!("{}.md", study.name))).transpose()?;
    summary::export_summary(&shown.summaries, &table)?;
    pictures.iter().try_for_each(|(path, figure)| figure.save(path))?;
    if let Some(path) = &comparison {
        let (title, seed) = (&study.title, study.seed);
        let version = store.version()?;
        export::write_atomically(path, |out| {
            write!(out, "# {title}\n\nsparsea {version}, seed {seed}\n\n{}", shown.comparison)
        })?;
    }
    say!("{}\n", text::visible(&study.title));
    say!("{}", shown.text);
    let written = [&table].into_iter().chain(pictures.iter().map(|(path, _)| path)).chain(&comparison);
    Ok(written.map(|path| text::path(path)).collect())
}

/// Draws a store, whole or not, and computes nothing.
fn plot(path: &Path, out: Option<&Path>) -> Result<ExitCode, Failure> {
    let store = Store::read(path)?;
    let study = store.study()?;
    if store.results()? == 0 {
        return Err(Failure::Message(format!("{}: holds no results yet", path.display())));
    }
    let out = out.or_else(|| path.parent()).unwrap_or(Path::new(""));
    let written = show(&study, &store, out, &mut Files::reading([path]))?;
    say!("Written: {}", written.join(", "));
    Ok(ExitCode::SUCCESS)
}

fn bar(transition: bool) -> ProgressBar {
    // indicatif draws nothing where standard error is not a terminal.
    let bar = if is_quiet() { ProgressBar::hidden() } else { ProgressBar::new(0) };
    let template = if transition {
        "{bar:30} {pos}/{len} curves located, {elapsed}"
    } else {
        "{bar:30} {pos}/{len} problems, {per_sec}, {eta} left"
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

/// A mean of each algorithm (rows) on each cell (columns), in the order of their support distances, best first.
fn mean_table(summaries: &[Summary], title: &str, value: impl Fn(&Summary) -> f64) -> String {
    const COLUMNS: usize = 10;
    let mut groups = by_algorithm(summaries);
    let mean = |group: &[&Summary]| group.iter().map(|s| s.distance.value).sum::<f64>() / group.len() as f64;
    groups.sort_by(|a, b| mean(&a.1).total_cmp(&mean(&b.1)));
    let Some((_, first)) = groups.first() else { return String::new() };
    let shown = first.len().min(COLUMNS);
    let names = first[..shown].iter().map(|s| right(column_name(s, first)));
    let mut table = Table::new([left("algorithm")].into_iter().chain(names));
    for (name, group) in &groups {
        // By cell: an algorithm may lack some.
        let in_cell = |cell: &Summary| group.iter().find(|s| s.cell.cell == cell.cell.cell);
        let values =
            first[..shown].iter().map(|cell| in_cell(cell).map_or("-".to_owned(), |s| format!("{:.3}", value(s))));
        table.row([text::visible(name).into_owned()].into_iter().chain(values));
    }
    let mut out = format!("{title}\n{table}");
    if shown < first.len() {
        out.push_str(&format!("… and {} more columns in the .csv\n", first.len() - shown));
    }
    out
}

/// The parameters of a cell that differ among the cells.
fn column_name(summary: &Summary, all: &[&Summary]) -> String {
    let cell = &summary.cell;
    let mut parts = Vec::new();
    if all.iter().any(|s| s.cell.parameter != cell.parameter) {
        parts.push(cell.parameter.unwrap_or_default().to_string());
    }
    if all.iter().any(|s| s.cell.rows != cell.rows) && parts.is_empty() {
        parts.push(format!("m{}", cell.rows));
    }
    if all.iter().any(|s| s.cell.snr_db != cell.snr_db) {
        parts.push(cell.snr_db.map_or("∞".to_owned(), |snr| format!("{snr}dB")));
    }
    if parts.is_empty() || all.iter().any(|s| s.cell.sparsity != cell.sparsity) {
        parts.push(format!("k{}", cell.sparsity));
    }
    parts.join("/")
}

/// k at which each algorithm's success rate falls below the level, by m.
fn transition_table(study: &Study, curves: &[figures::TransitionCurve]) -> String {
    let mut sorted: Vec<&figures::TransitionCurve> = curves.iter().collect();
    let total = |curve: &figures::TransitionCurve| curve.locations.iter().map(|l| l.k).sum::<f64>();
    sorted.sort_by(|a, b| total(b).total_cmp(&total(a)));
    let level = study.transition.map_or(0.0, |rule| 100.0 * rule.level);
    let headings = study.cells.iter().map(|cell| right(format!("m{}", cell.rows)));
    let mut table = Table::new([left("algorithm")].into_iter().chain(headings));
    for curve in sorted {
        let values = curve.locations.iter().map(|location| format!("{:.2}", location.k));
        table.row([text::visible(&curve.algorithm).into_owned()].into_iter().chain(values));
    }
    let threshold: Option<Vec<String>> = study
        .cells
        .iter()
        .map(|cell| {
            let share = figures::asymptote(study, cell.rows as f64 / cell.columns as f64)?;
            Some(format!("{:.2}", share * cell.rows as f64))
        })
        .collect();
    if let Some(values) = threshold {
        table.row([figures::ASYMPTOTE.to_owned()].into_iter().chain(values));
    }
    format!("k up to which {level} % of supports are recovered\n{table}")
}

fn status(path: &Path, as_json: bool) -> Result<ExitCode, Failure> {
    let store = Store::read(path)?;
    let description = store.description()?;
    let summaries = summary::summarise(&store)?;
    let results: usize = summaries.iter().map(|s| s.distances.len()).sum();
    let mut cells: Vec<u64> = summaries.iter().map(|s| s.cell.cell).collect();
    cells.sort_unstable();
    cells.dedup();
    let algorithms: Vec<(&str, usize)> = by_algorithm(&summaries)
        .into_iter()
        .map(|(name, group)| (name, group.iter().map(|s| s.distances.len()).sum()))
        .collect();
    if as_json {
        let counts: serde_json::Map<_, _> =
            algorithms.iter().map(|(name, count)| ((*name).to_owned(), json!(count))).collect();
        say_json(&json!({
            "study": description, "cells": cells.len(), "results": results, "all_results": store.size()?,
            "results_by_algorithm": counts,
        }))?;
        return Ok(ExitCode::SUCCESS);
    }
    let name = description["name"].as_str().unwrap_or_default();
    let of = store.size()?.map_or(String::new(), |all| format!(" of {all}"));
    let name = text::visible(name);
    say!("study {name}: {results}{of} results on {} cells", cells.len());
    let mut table = Table::new([left("algorithm"), right("results")]);
    for (name, count) in algorithms {
        table.row([text::visible(name).into_owned(), count.to_string()]);
    }
    say!("{}", table.to_string().trim_end());
    Ok(ExitCode::SUCCESS)
}

fn merge(into: &Path, from: &[PathBuf]) -> Result<ExitCode, Failure> {
    if let Some(path) = from.iter().find(|path| files::same(path, into)) {
        return Err(Failure::Message(format!("{}: cannot be merged into itself", path.display())));
    }
    export::check_place(into)?;
    // All of them are joined beside the store first, which then takes them over in one piece, or none.
    let beside = tempfile::Builder::new().prefix(".sparsea-merge").tempdir_in(match into.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    });
    let beside = beside.map_err(|error| Failure::Broken(format!("{}: {error}", into.display())))?;
    let joined = beside.path().join("joined.sqlite");
    let exists = into.exists();
    let others = if exists { from } else { &from[1..] };
    Store::read(if exists { into } else { &from[0] })?.copy_to(&joined)?;
    let parts = join(&joined, others).map_err(|error| of_merge(error, &joined, into))?;
    if exists {
        Store::write_to(into)?.merge(&joined)?;
    } else {
        fs::rename(&joined, into).map_err(|error| Failure::Broken(format!("{}: {error}", into.display())))?;
    }
    let named = if exists {
        std::iter::once(into).chain(from.iter().map(PathBuf::as_path)).collect::<Vec<_>>()
    } else {
        from.iter().map(PathBuf::as_path).collect()
    };
    say!("{}: {} results", text::path(into), parts.iter().sum::<u64>());
    let mut table = Table::new([right("results"), left("from")]);
    for (part, path) in parts.iter().zip(named) {
        table.row([part.to_string(), text::path(path)]);
    }
    say!("{}", table.to_string().trim_end());
    Ok(ExitCode::SUCCESS)
}

/// Where the advice begins that is for sweeps.
const SINCE: &str = "; give it another folder";

/// An error of a merge, with the store that is made in the place of the one that is joined beside it, and with what can be done.
fn of_merge(error: LabError, joined: &Path, into: &Path) -> Failure {
    let line = error.to_string().replace(&joined.display().to_string(), &into.display().to_string());
    match (error, line.split_once(SINCE)) {
        (LabError::Changed { .. }, Some((what, _))) => Failure::Message(what.to_owned()),
        (LabError::Unwritten { .. } | LabError::File { .. }, _) => Failure::Broken(line),
        _ => Failure::Message(line),
    }
}

/// The number of results of a store, and of those that each of the others adds.
fn join(into: &Path, from: &[PathBuf]) -> Result<Vec<u64>, LabError> {
    let mut store = Store::write_to(into)?;
    let mut parts = vec![store.results()?];
    for path in from {
        parts.push(store.merge(path)? as u64);
    }
    Ok(parts)
}
