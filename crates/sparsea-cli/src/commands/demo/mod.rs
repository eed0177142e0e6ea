//! `sparsea demo`: variable selection and deconvolution on measured data, and on spikes whose truth is known.

mod exploration;

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use serde_json::Map;
use sparsea::generate::{deconvolution_problem, stream};
use sparsea::metrics::support_distance;
use sparsea::{Boundary, Chain, DenseOperator, Omp, Problem, Run, Solution, Start, exhaustive};
use sparsea_lab::plot::{
    self, DeconvolutionPlot, Figure, ResidualCurve, ResidualCurvesPlot, SupportComparisonPlot, SupportRow,
};

use super::compare::table;
use crate::cli::{Baseline, BoundaryChoice, Demo, Kernel, KernelOptions};
use crate::failure::Failure;
use crate::files::Files;
use crate::input::{Dense, Matrix, Table, Vector, parse_csv};
use crate::problem::convolution;
use crate::{export, report, text};

const DIABETES: &str = include_str!("../../../data/diabetes.csv");
const SPECTRUM: &str = include_str!("../../../data/xrf.csv");
const ALGORITHMS: [&str; 10] = ["search", "els+sea+els", "omp+sea", "sea", "els", "omp", "bp", "lasso", "htp", "iht"];

pub fn run(arguments: &Demo) -> Result<ExitCode, Failure> {
    let begin = Instant::now();
    export::make_folder(&arguments.out)?;
    let (mut pictures, mut files) = (Vec::new(), Files::default());
    let names = ["variable-selection.png", "deconvolution.png", "spikes.png"];
    for name in names.into_iter().chain([exploration::PAGE]) {
        files.claim(&arguments.out.join(name))?;
        export::check_place(&arguments.out.join(name))?;
    }
    let mut keep = |name: &str, figure: Figure| -> Result<(), Failure> {
        let path = arguments.out.join(name);
        figure.save(&path)?;
        pictures.push(text::path(&path));
        Ok(())
    };
    keep(names[0], variable_selection()?)?;
    keep(names[1], measured_spectrum()?)?;
    keep(names[2], known_spikes()?)?;
    let page = arguments.out.join(exploration::PAGE);
    exploration::write(&page)?;
    say!("Pictures: {}", pictures.join(", "));
    say!("Page: {}", text::path(&page));
    say!("Done in {}.", report::time(begin.elapsed()));
    if arguments.open {
        exploration::open(&page);
    }
    Ok(ExitCode::SUCCESS)
}

fn solve(problem: &Problem<'_, f64>, names: &str) -> Result<Solution<f64>, Failure> {
    Ok(Run::with_chain(problem, Chain::parse(names, &Map::new())?).solve()?)
}

/// Every algorithm on the 64-variable diabetes data for several k, with the true optimum while it can be computed.
fn variable_selection() -> Result<Figure, Failure> {
    let Design { matrix, y, names } = diabetes()?;
    let operator = DenseOperator::new(matrix.as_ref());
    say!("1. Which of 64 variables explain the progression of diabetes in 442 patients? (Efron et al. 2004)");
    say!("   ‖y − A x‖/‖y‖ for the k variables that each algorithm finds; optimum: the best of all supports\n");
    let all_k = [1, 2, 3, 4, 5, 6, 8, 10, 12];
    let optimum_until = 4;
    say!("   {:<13}{}", "k", all_k.map(|k| format!("{k:>8}")).concat());
    let mut curves: Vec<(String, Vec<f64>)> = Vec::new();
    let mut shown = None;
    for name in ALGORITHMS {
        let mut values = Vec::new();
        for k in all_k {
            let problem = Problem::new(&operator, &y, k)?;
            let solution = solve(&problem, name)?;
            values.push(solution.relative_residual);
            if name == ALGORITHMS[0] && k == optimum_until {
                shown = Some(solution);
            }
        }
        curves.push((name.to_owned(), values));
    }
    let mut optimum = Vec::new();
    for k in all_k.into_iter().filter(|&k| k <= optimum_until) {
        let problem = Problem::new(&operator, &y, k)?;
        let support = exhaustive::best_support(&problem, 1e9)?;
        // OMP started from a full support only fits on it.
        let fit = Run::new(&problem, Omp::default()).start(Start::Support(support)).solve()?;
        optimum.push(fit.relative_residual);
    }
    for (name, values) in curves.iter().map(|(name, values)| (name.as_str(), values)).chain([("optimum", &optimum)]) {
        say!("   {name:<13}{}", values.iter().map(|value| format!("{value:>8.4}")).collect::<String>());
    }
    if let Some(solution) = shown {
        let chosen = report::support_text(&solution.support, Some(&names), 72);
        say!("\n   k = {optimum_until}, {}: {chosen}\n", solution.algorithm);
    }
    let series: Vec<ResidualCurve<'_>> =
        curves.iter().map(|(name, values)| ResidualCurve { name, k: &all_k, values }).collect();
    Ok(plot::residual_curves(&ResidualCurvesPlot {
        title: "Diabetes, 442 × 64: residual against the number of variables",
        curves: &series,
        optimum: Some(ResidualCurve { name: "optimum", k: &all_k[..optimum.len()], values: &optimum }),
        x_label: "number of variables k",
        y_label: "‖y − A x‖ / ‖y‖",
    })?)
}

/// The 64 variables of 442 patients, and the response.
struct Design {
    matrix: Dense<f64>,
    y: Vec<f64>,
    names: Vec<String>,
}

fn diabetes() -> Result<Design, Failure> {
    let Table { matrix, column_names, .. } = parse_csv(DIABETES, Path::new("diabetes.csv"))?;
    let names = column_names.unwrap_or_default();
    match matrix.without_column(0) {
        (Matrix::Dense(matrix), Vector::Real(y)) => {
            Ok(Design { matrix, y, names: names.into_iter().skip(1).collect() })
        }
        _ => Err(Failure::Message("the diabetes table is not a real dense matrix".into())),
    }
}

/// An X-ray fluorescence spectrum as a sum of lines.
fn measured_spectrum() -> Result<Figure, Failure> {
    let Table { matrix, .. } = parse_csv(SPECTRUM, Path::new("xrf.csv"))?;
    let Vector::Real(data) = matrix.into_vector()? else {
        return Err(Failure::Message("the spectrum is not real".into()));
    };
    let options = KernelOptions {
        kernel: Kernel::Gaussian(13.5),
        boundary: BoundaryChoice::Same,
        origin: None,
        image: false,
        traces: false,
        baseline: Baseline::Quantile(0.1),
    };
    let kernel = sparsea::operator::pulse::gaussian(13.5)?;
    let loaded = convolution(data, &kernel, &options)?;
    let operator = loaded.operator.operator();
    let problem = Problem::new(&*operator, &loaded.data, 13)?;
    say!(
        "2. Which lines make up a measured X-ray fluorescence spectrum? 1120 channels, lines of width σ = 13.5, k = 13\n"
    );
    let mut solutions = ALGORITHMS.map(|name| solve(&problem, name)).into_iter().collect::<Result<Vec<_>, _>>()?;
    solutions.sort_by(|a, b| a.residual_norm.total_cmp(&b.residual_norm));
    say!("{}", indented(&table(&solutions, None, None)));
    let best = &solutions[0];
    let mut fit = vec![0.0; loaded.data.len()];
    problem.operator().apply_sparse(&best.support, &best.coefficients, &mut fit);
    let residual: Vec<f64> = loaded.data.iter().zip(&fit).map(|(y, f)| y - f).collect();
    Ok(plot::deconvolution(&DeconvolutionPlot {
        title: &format!("X-ray fluorescence spectrum, 13 lines by {}", best.algorithm),
        data: &loaded.data,
        fit: &fit,
        residual: Some(&residual),
        spikes: (&best.support, &best.coefficients),
        truth: None,
        x_label: "channel",
        sample_spacing: 1.0,
        y_label: "counts above background",
    })?)
}

/// Twenty spikes blurred until neighbours overlap; the truth is known.
fn known_spikes() -> Result<Figure, Failure> {
    let k = 20;
    let instance = deconvolution_problem(&mut stream(2024, 0, 1), 500, k, 3.0, Boundary::Full, 0.0)?;
    let problem = Problem::new(&instance.operator, &instance.data, k)?;
    say!("3. Where are 20 spikes in 500 samples, blurred by a Gaussian of σ = 3 samples? Here the truth is known\n");
    let solutions = ALGORITHMS.map(|name| solve(&problem, name)).into_iter().collect::<Result<Vec<_>, _>>()?;
    let mut sorted = solutions.clone();
    sorted.sort_by(|a, b| a.residual_norm.total_cmp(&b.residual_norm));
    say!("{}", indented(&table(&sorted, None, Some(&instance.support))));
    let rows: Vec<SupportRow<'_>> = solutions
        .iter()
        .map(|solution| SupportRow {
            name: &solution.algorithm,
            support: &solution.support,
            values: &solution.coefficients,
            distance: support_distance(&instance.support, &solution.support),
        })
        .collect();
    Ok(plot::support_comparison(&SupportComparisonPlot {
        title: "20 spikes of a deconvolution, σ = 3: what each algorithm finds",
        n: 500,
        truth: (&instance.support, &instance.coefficients),
        rows: &rows,
        x_label: "sample",
    })?)
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("   {line}").trim_end().to_owned() + "\n").collect()
}
