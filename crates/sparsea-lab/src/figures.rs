//! The pictures of a study, drawn from its store.

use std::collections::HashMap;

use sparsea::theory::state_evolution;

use crate::error::LabError;
use crate::plot::{Curve, CurvesPlot, Figure, Scale, SuccessMapPlot, SuccessPanel, curves, success_map};
use crate::store::{Store, Stored};
use crate::study::{Study, Transition};
use crate::summary::{Summary, by_algorithm};
use crate::transition::{Location, locate, read};

/// Where the success of one algorithm ends, for every cell of the study.
#[derive(Debug, Clone)]
pub struct TransitionCurve {
    /// Label of the algorithm.
    pub algorithm: String,
    /// The locations by cell, in the order of the study.
    pub locations: Vec<Location>,
}

/// The curves of a finished study with a transition.
///
/// # Errors
/// [`LabError::Store`], also if the study is not finished.
pub fn transition_curves(study: &Study, rule: &Transition, store: &Store) -> Result<Vec<TransitionCurve>, LabError> {
    let mut counts = read(study, store)?;
    let mut curves = Vec::new();
    for (method, entry) in study.methods.iter().enumerate() {
        let mut locations = Vec::new();
        for (at, cell) in study.cells.iter().enumerate() {
            let known = counts.remove(&(at, method)).unwrap_or_default();
            let location = locate(&known, cell.rows.min(cell.columns), study.runs, rule);
            locations.push(location.map_err(|k| LabError::Store {
                store: store.path().to_owned(),
                message: format!(
                    "lacks runs of {} at {}; `sparsea sweep STUDY` continues it",
                    entry.label,
                    cell.with_sparsity(k)
                ),
            })?);
        }
        curves.push(TransitionCurve { algorithm: entry.label.clone(), locations });
    }
    Ok(curves)
}

/// The label of the asymptotic threshold of Bayes-optimal message passing.
pub const ASYMPTOTE: &str = "Bayes AMP, n → ∞";

/// ρ = k/m up to which Bayes-optimal message passing recovers x for n → ∞ at the given m/n, if the study shows it; see
/// [`sparsea::theory::state_evolution`].
pub fn asymptote(study: &Study, undersampling: f64) -> Option<f64> {
    let shown = study.transition.is_some_and(|rule| rule.state_evolution);
    if !shown {
        return None;
    }
    state_evolution::density(undersampling).ok().map(|density| density / undersampling)
}

/// Pieces of the polyline that shows the threshold: a dozen pixels each.
const ASYMPTOTE_POINTS: usize = 48;

/// ρ = k/m at which success ends, against ζ = m/n; also the asymptotic threshold, if the study shows it.
///
/// # Errors
/// [`LabError::Plot`].
pub fn transition_figure(study: &Study, located: &[TransitionCurve]) -> Result<Figure, LabError> {
    let x: Vec<f64> = study.cells.iter().map(|cell| cell.rows as f64 / cell.columns as f64).collect();
    let by_rows = |of: &dyn Fn(&Location) -> f64, curve: &TransitionCurve| -> Vec<f64> {
        curve.locations.iter().zip(&study.cells).map(|(location, cell)| of(location) / cell.rows as f64).collect()
    };
    let lines: Vec<[Vec<f64>; 3]> = located
        .iter()
        .map(|curve| [by_rows(&|l| l.k, curve), by_rows(&|l| l.low as f64, curve), by_rows(&|l| l.high as f64, curve)])
        .collect();
    let drawn: Vec<Curve<'_>> = located
        .iter()
        .zip(&lines)
        .map(|(curve, [y, low, high])| Curve { name: &curve.algorithm, x: &x, y, band: Some((low, high)) })
        .collect();
    let (first, last) = x.iter().fold((f64::INFINITY, 0f64), |(low, high), &x| (low.min(x), high.max(x)));
    let place = |i: usize| first + (last - first) * i as f64 / ASYMPTOTE_POINTS as f64;
    let (at, threshold): (Vec<f64>, Vec<f64>) =
        (0..=ASYMPTOTE_POINTS).map(place).filter_map(|x| Some((x, asymptote(study, x)?))).unzip();
    Ok(curves(&CurvesPlot {
        title: &study.title,
        x_label: "ζ = m/n",
        y_label: "ρ = k/m",
        curves: &drawn,
        x_scale: Scale::Linear,
        y_scale: Scale::Linear,
        y_range: None,
        ideal: (!at.is_empty()).then_some(Curve { name: ASYMPTOTE, x: &at, y: &threshold, band: None }),
    })?)
}

/// What varies along the horizontal axis.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Axis {
    Sparsity,
    Parameter,
    Rows,
    Columns,
    /// The time limit, where a study compares several: no property of a cell.
    Time,
}

impl Axis {
    fn value(self, cell: &Stored) -> f64 {
        match self {
            Self::Sparsity => cell.sparsity as f64,
            Self::Parameter => cell.parameter.unwrap_or(0.0),
            Self::Rows => cell.rows as f64,
            Self::Columns => cell.columns as f64,
            Self::Time => 0.0,
        }
    }

    fn label(self, study: &Study) -> String {
        let parameter = study.cells.first().and_then(|cell| cell.family.parameter());
        match self {
            Self::Sparsity => "number of non-zeros k".to_owned(),
            Self::Parameter => match parameter {
                Some("sigma") => "width of the filter σ (samples)".to_owned(),
                Some("tau") => "time constant τ (samples)".to_owned(),
                Some(name) => name.to_owned(),
                None => "parameter".to_owned(),
            },
            Self::Rows => "rows m".to_owned(),
            Self::Columns => "columns n".to_owned(),
            Self::Time => "time limit (ms)".to_owned(),
        }
    }
}

/// Support distance against k (or another parameter, if k does not vary), with one picture for each combination of the remaining
/// parameters; if the study compares time limits, against the time limit instead. Also success maps if m and k vary, and time against n if
/// distances are drawn against n. Each picture has a name.
///
/// # Errors
/// [`LabError::Plot`].
pub fn study_figures(study: &Study, summaries: &[Summary]) -> Result<Vec<(String, Figure)>, LabError> {
    let Some(first) = summaries.first() else { return Ok(vec![]) };
    let varies = |axis: Axis| summaries.iter().any(|s| axis.value(&s.cell) != axis.value(&first.cell));
    let order = [Axis::Sparsity, Axis::Parameter, Axis::Columns, Axis::Rows];
    let timed = study.methods.iter().any(|method| method.budget.is_some());
    let axis = if timed { Axis::Time } else { order.into_iter().find(|&axis| varies(axis)).unwrap_or(Axis::Sparsity) };
    // Rows that follow from the other parameters say nothing of their own.
    let mut rows_of: HashMap<(usize, Option<u64>), usize> = HashMap::new();
    let follow = summaries.iter().all(|s| {
        let key = (s.cell.columns, s.cell.parameter.map(f64::to_bits));
        *rows_of.entry(key).or_insert(s.cell.rows) == s.cell.rows
    });
    let mut figures = Vec::new();
    let mut done: Vec<(String, String)> = Vec::new();
    for summary in summaries {
        let (suffix, said) = rest(&summary.cell, &first.cell, axis, summaries, study, follow);
        if done.iter().any(|(before, _)| *before == suffix) {
            continue;
        }
        let part: Vec<Summary> = summaries
            .iter()
            .filter(|s| rest(&s.cell, &first.cell, axis, summaries, study, follow).0 == suffix)
            .cloned()
            .collect();
        let title = if said.is_empty() { study.title.clone() } else { format!("{}, {said}", study.title) };
        figures.push((format!("{}{suffix}", study.name), distance_figure(study, &title, axis, &part)?));
        if axis == Axis::Columns {
            figures.push((format!("{}{suffix}-time", study.name), time_figure(&title, &part)?));
        }
        done.push((suffix, said));
    }
    let mapped = varies(Axis::Rows) && varies(Axis::Sparsity) && !varies(Axis::Parameter) && !varies(Axis::Columns);
    if mapped && !timed {
        figures.push((format!("{}-map", study.name), map_figure(study, summaries)?));
    }
    Ok(figures)
}

/// The other parameters of a cell, as they vary: for the name of a file, and for a title.
fn rest(cell: &Stored, first: &Stored, axis: Axis, all: &[Summary], study: &Study, follow: bool) -> (String, String) {
    let (mut suffix, mut said) = (String::new(), Vec::new());
    let varies = |of: &dyn Fn(&Stored) -> f64| all.iter().any(|s| of(&s.cell).to_bits() != of(first).to_bits());
    let parameter = study.cells.first().and_then(|cell| cell.family.parameter()).unwrap_or("parameter");
    let parts: [(Axis, &str, f64, bool); 4] = [
        (Axis::Sparsity, "k", cell.sparsity as f64, varies(&|c| c.sparsity as f64)),
        (Axis::Columns, "n", cell.columns as f64, varies(&|c| c.columns as f64)),
        (Axis::Rows, "m", cell.rows as f64, varies(&|c| c.rows as f64)),
        (Axis::Parameter, parameter, cell.parameter.unwrap_or(0.0), varies(&|c| c.parameter.unwrap_or(0.0))),
    ];
    for (of, name, value, varies) in parts {
        if varies && of != axis && !(of == Axis::Rows && follow) {
            suffix.push_str(&format!("-{name}{value}"));
            said.push(format!("{name} = {value}"));
        }
    }
    if varies(&|c| c.snr_db.unwrap_or(f64::INFINITY)) {
        let snr = cell.snr_db.map_or_else(|| "no noise".to_owned(), |snr| format!("{snr} dB"));
        suffix.push_str(&format!("-{}", snr.replace(' ', "")));
        said.push(snr);
    }
    (suffix, said.join(", "))
}

/// The algorithms in the order of the study, each with its summaries and where they are on the axis.
fn by_curve<'s>(study: &'s Study, axis: Axis, summaries: &'s [Summary]) -> Vec<(&'s str, Vec<(f64, &'s Summary)>)> {
    let mut grouped: Vec<(&str, Vec<(f64, &Summary)>)> = Vec::new();
    for (label, group) in by_algorithm(summaries) {
        if axis != Axis::Time {
            grouped.push((label, group.into_iter().map(|s| (axis.value(&s.cell), s)).collect()));
            continue;
        }
        // One label for each time limit makes one curve; what has no limit of the comparison has no place on the axis.
        let budget =
            study.methods.iter().find(|method| method.label == label).and_then(|method| method.budget.as_ref());
        let Some((name, seconds)) = budget else { continue };
        if grouped.last().is_none_or(|(before, _)| before != name) {
            grouped.push((name, vec![]));
        }
        if let Some((_, curve)) = grouped.last_mut() {
            curve.extend(group.into_iter().map(|s| (1e3 * seconds, s)));
        }
    }
    grouped
}

fn distance_figure(study: &Study, title: &str, axis: Axis, summaries: &[Summary]) -> Result<Figure, LabError> {
    let groups = by_curve(study, axis, summaries);
    let lines: Vec<[Vec<f64>; 4]> = groups
        .iter()
        .map(|(_, group)| {
            let of = |value: &dyn Fn(&Summary) -> f64| group.iter().map(|(_, s)| value(s)).collect::<Vec<f64>>();
            [
                group.iter().map(|(x, _)| *x).collect(),
                of(&|s| s.distance.value),
                of(&|s| s.distance.low.max(0.0)),
                of(&|s| s.distance.high.min(1.0)),
            ]
        })
        .collect();
    let drawn: Vec<Curve<'_>> = groups
        .iter()
        .zip(&lines)
        .map(|((name, _), [x, y, low, high])| {
            // With a single run there is no interval.
            let band = low.iter().chain(high).all(|v| !v.is_nan()).then_some((&low[..], &high[..]));
            Curve { name, x, y, band }
        })
        .collect();
    Ok(curves(&CurvesPlot {
        title,
        x_label: &axis.label(study),
        y_label: "mean support distance (95 % interval)",
        curves: &drawn,
        x_scale: if axis == Axis::Time { Scale::Logarithmic } else { Scale::Linear },
        y_scale: Scale::Linear,
        y_range: (axis == Axis::Time).then_some((0.0, 1.0)),
        ideal: None,
    })?)
}

fn time_figure(title: &str, summaries: &[Summary]) -> Result<Figure, LabError> {
    let groups = by_algorithm(summaries);
    let lines: Vec<(Vec<f64>, Vec<f64>)> = groups
        .iter()
        .map(|(_, group)| {
            let x = group.iter().map(|s| s.cell.columns as f64).collect();
            (x, group.iter().map(|s| 1e3 * s.median_seconds.max(1e-9)).collect())
        })
        .collect();
    let drawn: Vec<Curve<'_>> =
        groups.iter().zip(&lines).map(|((name, _), (x, y))| Curve { name, x, y, band: None }).collect();
    Ok(curves(&CurvesPlot {
        title,
        x_label: "columns n",
        y_label: "median time (ms)",
        curves: &drawn,
        x_scale: Scale::Logarithmic,
        y_scale: Scale::Logarithmic,
        y_range: None,
        ideal: None,
    })?)
}

fn map_figure(study: &Study, summaries: &[Summary]) -> Result<Figure, LabError> {
    let mut rows: Vec<usize> = summaries.iter().map(|s| s.cell.rows).collect();
    let mut sparsities: Vec<usize> = summaries.iter().map(|s| s.cell.sparsity).collect();
    for values in [&mut rows, &mut sparsities] {
        values.sort_unstable();
        values.dedup();
    }
    let x: Vec<f64> = rows.iter().map(|&m| m as f64).collect();
    let y: Vec<f64> = sparsities.iter().map(|&k| k as f64).collect();
    let groups = by_algorithm(summaries);
    let rates: Vec<Vec<f64>> = groups
        .iter()
        .map(|(_, group)| {
            // Row by row of y; what was not computed is NaN.
            let mut rates = vec![f64::NAN; x.len() * y.len()];
            for s in group {
                if let (Ok(column), Ok(row)) =
                    (rows.binary_search(&s.cell.rows), sparsities.binary_search(&s.cell.sparsity))
                {
                    rates[row * x.len() + column] = s.exact.value;
                }
            }
            rates
        })
        .collect();
    let panels: Vec<SuccessPanel<'_>> = groups
        .iter()
        .zip(&rates)
        .map(|((name, _), success)| SuccessPanel { name, rates: success, curve: None })
        .collect();
    Ok(success_map(&SuccessMapPlot {
        title: &study.title,
        x_label: "rows m",
        y_label: "non-zeros k",
        x: &x,
        y: &y,
        x_scale: Scale::Linear,
        y_scale: Scale::Linear,
        panels: &panels,
    })?)
}
