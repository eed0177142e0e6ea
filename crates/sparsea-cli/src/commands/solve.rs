//! `sparsea solve`: one algorithm on one problem; also what `deconvolve` does once its problem is read.

use std::collections::HashMap;
use std::iter;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::Serialize;
use serde_json::{Map, Value};
use sparsea::algorithms::default_of;
use sparsea::{
    Chain, ExplorationReport, Halt, Problem, ReportOptions, Run, Scalar, Solution, Start, StopReason, Trace,
};
use sparsea_lab::page::Record;
use sparsea_lab::plot::{
    self, CoefficientsPlot, DeconvolutionPlot, Figure, ImagePlot, PlotError, Sizes, StemsPlot, TracePlot,
};

use super::batch::solve_each;
use crate::blocks;
use crate::cli::{LimitOptions, Method, ModelOptions, Output, Solve};
use crate::failure::Failure;
use crate::files::Files;
use crate::model::{Posed, fit_of};
use crate::origin::{Origin, names_of};
use crate::problem::{Any, Loaded, Position, Read, one_or_several, to_columns, to_matrix, to_vector};
use crate::say::{complain, say_json};
use crate::{draw, export, input, interrupt, progress, report, trace_file};

pub fn run(arguments: &Solve) -> Result<ExitCode, Failure> {
    let Solve { matrix, data, method, model, output, .. } = arguments;
    let inputs = iter::once(matrix.as_path()).chain(data.as_deref().map(Path::new));
    let inputs: Vec<&Path> = inputs.chain(model.files()).collect();
    output.check(&inputs, Some(&method.start))?;
    match one_or_several(matrix, data.as_deref(), model)? {
        Read::One(Any::Real(loaded)) => solve(&loaded, method, model, output),
        Read::One(Any::Complex(loaded)) => solve(&loaded, method, model, output),
        Read::Several(batch) => solve_each(batch, method, model, output),
    }
}

impl Output {
    /// Refuses files that could not be written, or that are read or written to for something else, before any work is done.
    pub fn check(&self, inputs: &[&Path], start: Option<&str>) -> Result<(), Failure> {
        let start = start.map(|start| Path::new(start.strip_prefix("support:").unwrap_or(start)));
        let mut files = Files::reading(inputs.iter().copied().chain(start).filter_map(input::file_of));
        for path in self.files() {
            files.claim(&path)?;
        }
        if let Some(path) = &self.output {
            export::check_writable(path)?;
        }
        if let Some(path) = &self.trace {
            if !trace_file::is_page(path) && path.extension().is_none_or(|extension| extension != "csv") {
                let message = format!("{}: a trace is written as .csv or .html", path.display());
                return Err(Failure::Message(message));
            }
            export::check_place(path)?;
        }
        if self.json && self.plot.as_deref().is_some_and(draw::is_shown) {
            let line = "--plot - draws on standard output, where --json writes; draw into a file instead";
            return Err(Failure::Message(line.into()));
        }
        if let Some(path) = self.picture() {
            // First, since it tells a folder that is missing from one that is a file.
            export::check_place(path)?;
            plot::check_picture_path(path)?;
        }
        self.pictures_beside().iter().try_for_each(|path| Ok(export::check_place(path)?))
    }

    /// Everything that is written.
    fn files(&self) -> Vec<PathBuf> {
        let named = [self.output.as_deref(), self.trace.as_deref(), self.picture()].into_iter().flatten();
        named.map(Path::to_path_buf).chain(self.pictures_beside()).collect()
    }

    /// The file of the picture, unless it is drawn in the terminal.
    fn picture(&self) -> Option<&Path> {
        self.plot.as_deref().filter(|path| !draw::is_shown(path))
    }

    /// What is drawn beside the picture that is named.
    fn pictures_beside(&self) -> Vec<PathBuf> {
        let Some(path) = self.picture() else { return Vec::new() };
        let wanted = [("trace", self.trace.is_some()), ("report", self.report)];
        wanted.iter().filter(|(_, wanted)| *wanted).map(|(what, _)| beside(path, what)).collect()
    }
}

/// Solves as `method` says, writes what was asked for, prints the result.
pub fn solve<T: Scalar>(
    loaded: &Loaded<T>,
    method: &Method,
    model: &ModelOptions,
    output: &Output,
) -> Result<ExitCode, Failure> {
    let domain = method.domain.domain(loaded.operator.shape().1)?;
    let posed = Posed::new(loaded, model, domain.as_deref())?;
    let problem = posed.problem(method.sparsity, domain.as_deref())?;
    let chain = chain(method.algorithm.as_deref(), &problem, &method.settings)?;
    let start = posed.start(read_start(&method.start, loaded)?)?;
    solve_from(loaded, &posed, &problem, chain, start, &method.limits, output, None)
}

/// Solves from a start, writes what was asked for, prints the result below a line about the start.
#[expect(clippy::too_many_arguments, reason = "what two commands have read")]
pub fn solve_from<T: Scalar>(
    loaded: &Loaded<T>,
    posed: &Posed<'_, T>,
    problem: &Problem<'_, T>,
    chain: Chain<T>,
    start: Start<T>,
    limits: &LimitOptions,
    output: &Output,
    heading: Option<String>,
) -> Result<ExitCode, Failure> {
    let own = chain.links().last().map_or(Halt::Never, |link| link.default_halt());
    let (mut bar, mut trace) = (progress::Bar::new(limits.of_run().halt(own).iterations()), Trace::default());
    let page = output.trace.as_deref().filter(|path| trace_file::is_page(path));
    if let Some(path) = page {
        trace_file::check_playable(path, loaded, problem, posed)?;
    }
    let mut record = Record::new(problem.data().len(), None);
    let run =
        Run::with_chain(problem, chain).start(start).memory(limits.memory()).limits(posed.limits(limits.of_run()));
    let mut run = run.interrupt(interrupt::watched()).observe(&mut bar);
    if output.trace.is_some() {
        run = run.observe(&mut trace);
    }
    if page.is_some() {
        run = run.observe(&mut record);
    }
    if output.report && posed.has_sum() {
        return Err(Failure::Message("--report scores columns one by one; it cannot be combined with --sum-to".into()));
    }
    if output.report {
        run = run.report(ReportOptions::default());
    }
    interrupt::listen();
    let solution = posed.complete(problem, run.solve()?)?;

    if let Some(path) = &output.output {
        write_x(path, loaded, &solution)?;
    }
    if let Some(path) = page {
        trace_file::write_page(path, loaded, posed, problem, record)?;
    } else if let Some(path) = &output.trace {
        trace_file::write_rows(path, &trace)?;
    }
    let mut drawings = Vec::new();
    if let Some(path) = &output.plot {
        let mut pictures = vec![(path.clone(), picture(loaded, problem.sparsity(), &solution)?)];
        if output.trace.is_some() {
            pictures.push((beside(path, "trace"), trace_picture(&trace)?));
        }
        if let Some(explored) = &solution.report {
            pictures.push((beside(path, "report"), frequency_picture(explored, solution.ncols)?));
        }
        for (file, figure) in pictures {
            if draw::is_shown(path) {
                drawings.push(figure);
            } else {
                figure.save(&file)?;
            }
        }
    }
    if output.json {
        #[derive(Serialize)]
        struct Whole<S> {
            #[serde(flatten)]
            solution: S,
            k: usize,
            #[serde(flatten)]
            origin: Origin,
        }
        let (k, origin) = (problem.sparsity(), Origin::of(loaded));
        say_json(&Whole { solution: placed(loaded, posed, &solution), k, origin })?;
    } else {
        if let Some(line) = heading {
            say!("{line}");
        }
        if loaded.baseline != 0.0 {
            say!("{:<20}{}", "baseline", report::short(loaded.baseline));
        }
        if let Some(groups) = posed.groups() {
            let chosen = groups.text(solution.groups.as_deref().unwrap_or_default());
            say!("{:<20}{}", "groups", chosen.join(" "));
        }
        let positions = loaded.positions(&solution.support);
        let shown = positions.filter(|positions| is_worth_saying(&solution.support, positions));
        let names = loaded.names.as_deref();
        let table = report::table(&solution, loaded.rows(), problem.sparsity(), names, shown.as_deref());
        say!("{}", table.trim_end());
        if let Some(explored) = &solution.report {
            say!("\n{}", report::exploration(explored, &solution, loaded.names.as_deref()).trim_end());
        }
        drawings.iter().try_for_each(draw::show)?;
    }
    if solution.stop_reason == StopReason::Interrupted {
        complain("interrupted; this is the best solution so far");
        return Ok(ExitCode::from(interrupt::STATUS));
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes x: all n numbers, an image of spikes, or the columns of X.
pub fn write_x<T: Scalar>(path: &Path, loaded: &Loaded<T>, solution: &Solution<T>) -> Result<(), Failure> {
    let x = solution.to_dense();
    match (&loaded.image, loaded.sides) {
        (Some(placed), _) => export::write_matrix(path, &to_matrix(&x, placed.spikes))?,
        (None, Some(sides)) => export::write_matrix(path, &to_columns(&x, (solution.ncols, sides)))?,
        (None, None) => export::write_vector(path, &to_vector(&x))?,
    }
    Ok(())
}

/// Whether positions say more than the support does.
fn is_worth_saying(support: &[usize], positions: &[Position]) -> bool {
    let is_same = |(&j, position): (&usize, &Position)| *position == Position::Sample(j as isize);
    !support.iter().zip(positions).all(is_same)
}

/// A solution as `--json` shows it: with the names of its columns where they have some, and the positions of its spikes in a trace or
/// an image.
#[derive(Serialize)]
struct Placed<S: Serialize> {
    #[serde(flatten)]
    solution: S,
    #[serde(skip_serializing_if = "Option::is_none")]
    names: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    positions: Option<Vec<Position>>,
}

/// A solution, with the names of its columns or the positions of its spikes, and the labels of its groups.
pub fn placed<'s, T: Scalar>(
    loaded: &Loaded<T>,
    posed: &'s Posed<'_, T>,
    solution: &'s Solution<T>,
) -> impl Serialize + 's {
    let names = names_of(loaded, &solution.support);
    Placed { solution: blocks::shown(solution, posed.groups()), names, positions: loaded.positions(&solution.support) }
}

/// The algorithms named, or those for this problem, with the settings given with --set.
pub fn chain<T: Scalar>(
    names: Option<&str>,
    problem: &Problem<'_, T>,
    given: &[(String, Value)],
) -> Result<Chain<T>, Failure> {
    let names = names.unwrap_or_else(|| default_of(problem));
    Ok(Chain::parse(names, &settings(given)?)?)
}

/// The settings given with --set, each at most once.
fn settings(given: &[(String, Value)]) -> Result<Map<String, Value>, Failure> {
    let mut settings = Map::new();
    for (key, value) in given {
        if settings.insert(key.clone(), value.clone()).is_some() {
            return Err(Failure::Message(format!("the setting '{key}' is given twice")));
        }
    }
    Ok(settings)
}

pub fn read_start<T: Scalar>(text: &str, loaded: &Loaded<T>) -> Result<Start<T>, Failure> {
    if text.eq_ignore_ascii_case("zero") {
        return Ok(Start::Zero);
    }
    if let Some(seed) = text.strip_prefix("random:") {
        let seed = seed.parse().map_err(|_| format!("--start: '{seed}' is not a seed; write random:7"))?;
        return Ok(Start::Random(seed));
    }
    if let Some(file) = text.strip_prefix("support:") {
        return Ok(Start::Support(input::read_support(Path::new(file), loaded.names.as_deref())?));
    }
    let path = Path::new(text);
    if input::is_there(path) || path.extension().is_some() {
        return Ok(Start::Vector(blocks::read_x(path, loaded.sides, loaded.operator.shape().1)?));
    }
    match Chain::parse(&text.to_ascii_lowercase(), &Map::new()) {
        Ok(chain) => Ok(Start::Chain(chain)),
        Err(error) => {
            Err(Failure::Message(format!("--start: {error}; or zero, random:SEED, support:FILE, a file with a vector")))
        }
    }
}

/// How often each index occurs among the near-ties.
fn frequency_picture(explored: &ExplorationReport, n: usize) -> Result<Figure, PlotError> {
    let (support, values): (Vec<usize>, Vec<f64>) = explored.indices.iter().map(|i| (i.index, i.frequency)).unzip();
    let supports = if explored.near_ties == 1 { "support" } else { "supports" };
    plot::stems(&StemsPlot {
        title: &format!("{} {supports} within {} % of the best", explored.near_ties, 100.0 * explored.margin),
        n,
        places: &support,
        values: &values,
        x_label: "index j",
        y_label: "share of these supports with j",
    })
}

/// `fit.svg` → `fit-trace.svg`.
fn beside(path: &Path, what: &str) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let extension = path.extension().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{stem}-{what}.{extension}"))
}

/// Longest trace drawn iteration by iteration.
const DRAWN: u64 = 1_000_000;

/// The objective of the current and the best support over the iterations of the last algorithm.
pub fn trace_picture(trace: &Trace) -> Result<Figure, PlotError> {
    let last = trace.rows().last().map_or("", |row| row.algorithm.as_str());
    let from = trace.rows().iter().rposition(|row| row.algorithm != last).map_or(0, |at| at + 1);
    let rows = &trace.rows()[from..];
    let (mut current, mut best) = (Vec::new(), Vec::new());
    for (at, row) in rows.iter().enumerate() {
        // Between two steps the support stays as it was.
        let until = rows.get(at + 1).map_or(row.iteration + 1, |next| next.iteration.max(row.iteration + 1));
        for _ in row.iteration..until.min(DRAWN) {
            current.push(row.objective);
            best.push(row.best_objective);
        }
    }
    plot::trace(&TracePlot {
        title: &format!("{last}: objective over iterations"),
        current: &current,
        best: &best,
        y_label: "½‖y − A x‖²",
    })
}

/// The picture of a solution: data, fit and spikes for a deconvolution, otherwise coefficients and residual.
fn picture<T: Scalar>(loaded: &Loaded<T>, sparsity: usize, solution: &Solution<T>) -> Result<Figure, PlotError> {
    let fit = fit_of(loaded, solution);
    // In a gap the fit is shown for the data.
    let is_gap = |y: T| y.real().is_nan() || y.imag().is_nan();
    let data: Vec<T> = loaded.data.iter().zip(&fit).map(|(&y, &f)| if is_gap(y) { f } else { y }).collect();
    let size = |v: T| if T::IS_COMPLEX { Scalar::abs(v) } else { v.real() };
    let sides = solution.right_hand_sides;
    let (sizes, size_label) = match (sides > 1, T::IS_COMPLEX) {
        (true, _) => (Sizes::Norms, "norm over traces"),
        (false, true) => (Sizes::Magnitudes, "magnitude"),
        (false, false) => (Sizes::Values, "amplitude"),
    };
    let difference: Vec<T> = data.iter().zip(&fit).map(|(&y, &f)| y - f).collect();
    let residual: Vec<f64> = blocks::sizes_of_columns(&difference, sides).into_iter().map(size).collect();
    let (data, fit) = (blocks::sizes_of_columns(&data, sides), blocks::sizes_of_columns(&fit, sides));
    // Fixed columns are drawn as those that were chosen.
    let own = blocks::sizes(&solution.coefficients, sides);
    let mut drawn: Vec<(usize, T)> = solution.support.iter().copied().zip(own).collect();
    if let Some(part) = &solution.fixed {
        drawn.extend(part.fixed.iter().copied().zip(blocks::sizes(&part.fixed_coefficients, sides)));
        drawn.sort_by_key(|&(j, _)| j);
    }
    let (support, values): (Vec<usize>, Vec<f64>) = drawn.into_iter().map(|(j, x)| (j, size(x))).unzip();
    let relative = report::short(solution.relative_residual);
    let title = format!("{}, k = {sparsity}: relative residual {relative}", solution.algorithm);
    let all_sizes = |values: &[T]| -> Vec<f64> { values.iter().map(|&v| size(v)).collect() };
    if let Some(placed) = &loaded.image {
        let inside = |at: isize, len: usize| usize::try_from(at).ok().filter(|&at| at < len);
        let pixel = |&j: &usize| {
            let (row, column) = placed.position(j);
            Some((inside(row, placed.seen.0)?, inside(column, placed.seen.1)?))
        };
        let (rows, columns): (Vec<usize>, Vec<usize>) = support.iter().filter_map(pixel).unzip();
        return plot::image(&ImagePlot {
            title: &title,
            shape: placed.seen,
            data: &all_sizes(&data),
            fit: &all_sizes(&fit),
            residual: &residual,
            points: (&rows, &columns),
        });
    }
    let Some(shift) = loaded.shift else {
        let chosen: Option<Vec<String>> =
            loaded.names.as_ref().map(|names| support.iter().map(|&j| names[j].clone()).collect());
        return plot::coefficients(&CoefficientsPlot {
            title: &title,
            n: solution.ncols,
            support: &support,
            values: &values,
            names: chosen.as_deref(),
            // That of statistics has no places.
            residual: loaded.statistics.is_none().then_some(&residual),
            sizes,
        });
    };
    let data: Vec<f64> = data.into_iter().map(size).collect();
    let fit: Vec<f64> = fit.iter().map(|&f| size(f)).collect();
    // Spikes are drawn where they peak in the trace; those that peak outside it, at its end. Two at one place add.
    let mut at: HashMap<usize, f64> = HashMap::new();
    for (&j, &value) in support.iter().zip(&values) {
        let place = (j as isize + shift).clamp(0, data.len() as isize - 1) as usize;
        *at.entry(place).or_default() += value;
    }
    let mut spikes: Vec<(usize, f64)> = at.into_iter().collect();
    spikes.sort_by_key(|&(place, _)| place);
    let (places, amplitudes): (Vec<usize>, Vec<f64>) = spikes.into_iter().unzip();
    plot::deconvolution(&DeconvolutionPlot {
        title: &title,
        data: &data,
        fit: &fit,
        residual: Some(&residual),
        spikes: (&places, &amplitudes),
        truth: None,
        x_label: "sample",
        sample_spacing: 1.0,
        y_label: size_label,
    })
}
