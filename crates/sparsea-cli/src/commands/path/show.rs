//! A path for people: a table, JSON, files.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Serialize;
use serde_json::{Map, Value, json};
use sparsea::{Scalar, Solution};
use sparsea_lab::plot::{self, Figure, PathPlot, PlotError};

use super::choice::{Chooser, Measured};
use crate::blocks;
use crate::cli::{CriterionChoice, Path};
use crate::commands::solve::{placed, write_x};
use crate::draw;
use crate::failure::Failure;
use crate::model::Posed;
use crate::origin::Origin;
use crate::problem::{Loaded, Position};
use crate::report::{self, short, support_text};
use crate::say::say_json;
use crate::table::{Table, left, right};

/// Writes the files that were asked for.
pub fn write<T: Scalar>(
    loaded: &Loaded<T>,
    arguments: &Path,
    solutions: &[Solution<T>],
    chooser: &Chooser<'_, T>,
    chosen: usize,
) -> Result<(), Failure> {
    if let (Some(path), Some(solution)) = (&arguments.output, solutions.get(chosen)) {
        write_x(path, loaded, solution)?;
    }
    if let Some(path) = arguments.plot.as_ref().filter(|path| !draw::is_shown(path)) {
        picture(loaded, solutions, chooser, chosen)?.save(path)?;
    }
    Ok(())
}

/// Residual, criterion and coefficients over k.
fn picture<T: Scalar>(
    loaded: &Loaded<T>,
    solutions: &[Solution<T>],
    chooser: &Chooser<'_, T>,
    chosen: usize,
) -> Result<Figure, PlotError> {
    let mut curves: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
    for (k, solution) in solutions.iter().enumerate() {
        let values = blocks::sizes(&solution.coefficients, solution.right_hand_sides);
        for (&j, x) in solution.support.iter().zip(values) {
            let size = if T::IS_COMPLEX { Scalar::abs(x) } else { x.real() };
            curves.entry(j).or_insert_with(|| vec![0.0; solutions.len()])[k] = size;
        }
    }
    let name = |j: usize| loaded.names.as_ref().map_or_else(|| j.to_string(), |names| names[j].clone());
    let coefficients: Vec<(String, Vec<f64>)> = curves.into_iter().map(|(j, curve)| (name(j), curve)).collect();
    let residuals: Vec<f64> = solutions.iter().map(|solution| solution.relative_residual).collect();
    plot::path(&PathPlot {
        title: &format!("k = {chosen} by {}", chooser.label()),
        residuals: &residuals,
        criterion: (chooser.label(), &chooser.values()),
        chosen,
        coefficients: &coefficients,
        y_label: match (loaded.sides, T::IS_COMPLEX) {
            (Some(_), _) => "norm of row",
            (None, true) => "magnitude |xⱼ|",
            (None, false) => "coefficient xⱼ",
        },
    })
}

/// Prints the path and the solution that is chosen.
pub fn print<T: Scalar>(
    loaded: &Loaded<T>,
    posed: &Posed<'_, T>,
    arguments: &Path,
    solutions: &[Solution<T>],
    chooser: &Chooser<'_, T>,
    chosen: usize,
) -> Result<(), Failure> {
    let solution = &solutions[chosen];
    if arguments.json {
        #[derive(Serialize)]
        struct Shown<S> {
            #[serde(flatten)]
            solution: S,
            k: usize,
            criterion: String,
            path: Vec<Value>,
            #[serde(flatten)]
            origin: Origin,
        }
        let rows = solutions.iter().zip(&chooser.measured).enumerate();
        let path = rows.map(|(k, (solution, measured))| row(posed, solutions, k, solution, measured)).collect();
        let criterion = clap::ValueEnum::to_possible_value(&chooser.choice());
        let criterion = criterion.map_or_else(String::new, |value| value.get_name().to_owned());
        let (solution, origin) = (placed(loaded, posed, solution), Origin::of(loaded));
        return say_json(&Shown { solution, k: chosen, criterion, path, origin });
    }
    say!("{}", table(loaded, posed, solutions, chooser, chosen).trim_end());
    let names = loaded.names.as_deref();
    if let Some(line) = report::beside(solution, names) {
        say!("{line}");
    }
    say!("");
    if let Some(groups) = posed.groups() {
        let shown = groups.text(solution.groups.as_deref().unwrap_or_default());
        say!("{:<20}{}", "groups", shown.join(" "));
    }
    let positions = loaded.positions(&solution.support);
    say!("{}", report::table(solution, loaded.rows(), chosen, names, positions.as_deref()).trim_end());
    if arguments.plot.as_deref().is_some_and(draw::is_shown) {
        draw::show(&picture(loaded, solutions, chooser, chosen)?)?;
    }
    Ok(())
}

/// One k of a path as JSON.
fn row<T: Scalar>(
    posed: &Posed<'_, T>,
    solutions: &[Solution<T>],
    k: usize,
    solution: &Solution<T>,
    measured: &Measured,
) -> Value {
    // What is infinite or NaN is null.
    let mut row = match serde_json::to_value(blocks::shown(solution, posed.groups())) {
        Ok(Value::Object(fields)) => {
            const KEPT: [&str; 8] = [
                "support",
                "coefficients",
                "residual_norm",
                "relative_residual",
                "objective",
                "stop_reason",
                "intercept",
                "groups",
            ];
            fields.into_iter().filter(|(key, _)| KEPT.contains(&key.as_str())).collect()
        }
        _ => Map::new(),
    };
    let (entered, left) = changes(solutions, k);
    row.insert("k".into(), json!(k));
    row.insert("entered".into(), json!(entered));
    row.insert("left".into(), json!(left));
    for (key, value) in [
        ("aic", measured.aic),
        ("aicc", measured.aicc),
        ("bic", measured.bic),
        ("ebic", measured.ebic),
        ("cp", measured.cp),
    ] {
        row.insert(key.into(), json!(value));
    }
    if let Some(left) = measured.loo {
        row.insert("loo".into(), json!(left.error));
        row.insert("corrected_loo".into(), json!(left.corrected()));
    }
    if let Some(errors) = measured.cv {
        row.insert("cv_error".into(), json!(errors.mean));
        row.insert("cv_standard_error".into(), json!(errors.standard_error));
    }
    Value::Object(row)
}

/// What enters and leaves the support from k − 1 to k.
fn changes<T: Scalar>(solutions: &[Solution<T>], k: usize) -> (Vec<usize>, Vec<usize>) {
    let before = k.checked_sub(1).map_or(&[][..], |before| &solutions[before].support);
    let after = &solutions[k].support;
    let without = |one: &[usize], other: &[usize]| one.iter().copied().filter(|j| !other.contains(j)).collect();
    (without(after, before), without(before, after))
}

/// Every k in a line.
fn table<T: Scalar>(
    loaded: &Loaded<T>,
    posed: &Posed<'_, T>,
    solutions: &[Solution<T>],
    chooser: &Chooser<'_, T>,
    chosen: usize,
) -> String {
    let mut columns = vec![CriterionChoice::Aic, CriterionChoice::Bic, CriterionChoice::Ebic];
    if !columns.contains(&chooser.choice()) {
        columns.push(chooser.choice());
    }
    let headings = columns.iter().map(|&choice| match choice {
        CriterionChoice::Aic => "AIC",
        CriterionChoice::Bic => "BIC",
        CriterionChoice::Ebic => "EBIC",
        CriterionChoice::Aicc => "AICc",
        CriterionChoice::Cp => "Cp",
        CriterionChoice::Loo => "LOO",
        CriterionChoice::Cv => "CV",
    });
    let with_errors = chooser.choice() == CriterionChoice::Cv;
    let numbers = ["k", "residual"].into_iter().chain(headings).chain(with_errors.then_some("± one s.e."));
    let mut table = Table::new(numbers.map(right).chain([left("change")]));
    let number = |value: f64| if value.is_finite() { short(value) } else { "-".to_owned() };
    for (k, (solution, measured)) in solutions.iter().zip(&chooser.measured).enumerate() {
        let mark = if k == chosen { "*" } else { "" };
        let mut cells = vec![format!("{mark}{k}"), short(solution.relative_residual)];
        cells.extend(columns.iter().map(|&choice| number(measured.value(choice))));
        if with_errors {
            cells.push(measured.cv.as_ref().map_or_else(String::new, |errors| number(errors.standard_error)));
        }
        let (entered, left) = changes(solutions, k);
        let text = |columns: &[usize], sign: char| {
            let all = match posed.groups() {
                Some(groups) => {
                    let mut of: Vec<usize> = columns.iter().filter_map(|&j| groups.partition.group_of(j)).collect();
                    of.sort_unstable();
                    of.dedup();
                    groups.text(&of)
                }
                // Of a trace or an image, where the spike lies.
                None => match loaded.positions(columns) {
                    Some(positions) => positions.iter().map(place).collect(),
                    None => columns.iter().map(|&j| support_text(&[j], loaded.names.as_deref(), 40)).collect(),
                },
            };
            all.into_iter().map(|name| format!("{sign}{name}")).collect::<Vec<_>>()
        };
        let mut words = text(&entered, '+');
        words.extend(text(&left, '−'));
        cells.push(in_short(&words, 48));
        table.row(cells);
    }
    let mut out = table.to_string();
    out.push_str("\nresidual is ‖y − A x‖/‖y‖; * is chosen: the least ");
    out.push_str(chooser.label());
    if chooser.takes_one_standard_error() {
        out.push_str(", within one standard error");
    }
    out.push('\n');
    out
}

/// A position as a word.
fn place(position: &Position) -> String {
    match position {
        Position::Sample(at) => at.to_string(),
        Position::Pixel([row, column]) => format!("({row},{column})"),
    }
}

/// Words in a line of some width.
fn in_short(words: &[String], width: usize) -> String {
    let mut line = String::new();
    for (at, word) in words.iter().enumerate() {
        if at > 0 && line.chars().count() + word.chars().count() + 1 > width {
            let _ = write!(line, " … {} more", words.len() - at);
            break;
        }
        if at > 0 {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}
