//! A path over k: residual, criterion and coefficients.

use sparsea_plot::{Axis, Entry, Layer, Panel, Stroke, Symbol, check, extent, palette};

use super::{Figure, PlotError, series, stack};

/// With more of them, curves have no names.
const MOST_NAMES: usize = 16;

/// Input of [`path`].
#[derive(Clone, Copy, Debug)]
pub struct PathPlot<'a> {
    /// Title above the picture; may be empty.
    pub title: &'a str,
    /// ‖y − A x‖/‖y‖ for k = 0 … K.
    pub residuals: &'a [f64],
    /// The name of the criterion and its value for each k; NaN or infinite where it is not defined.
    pub criterion: (&'a str, &'a [f64]),
    /// The chosen k.
    pub chosen: usize,
    /// For each column that is in any support: its name, and its coefficient (or the magnitude of it) for each k.
    pub coefficients: &'a [(String, Vec<f64>)],
    /// Label of the axis of coefficients.
    pub y_label: &'a str,
}

/// Draws residual, criterion and coefficients over k, and marks the chosen k.
pub fn path(input: &PathPlot<'_>) -> Result<Figure, PlotError> {
    let PathPlot { residuals, criterion: (name, values), chosen, coefficients, .. } = *input;
    check::not_empty("path", residuals.len())?;
    check::length("criterion", residuals.len(), values.len())?;
    check::numbers("residual", residuals)?;
    // Where nothing is known, nothing is drawn.
    let values: Vec<f64> = values.iter().map(|&v| if v.is_finite() { v } else { f64::NAN }).collect();
    check::numbers_or_gaps("criterion", &values)?;
    for (_, curve) in coefficients {
        check::length("coefficients", residuals.len(), curve.len())?;
        check::numbers("coefficient", curve)?;
    }
    let largest = residuals.len() - 1;
    let (mark, line, other) =
        (Stroke::solid(palette::VERMILION, 1.2), Stroke::solid(palette::BLUE, 1.8), Stroke::solid(palette::DATA, 0.9));
    let entries = vec![
        Entry::new(Symbol::Line(mark), format!("chosen: k = {chosen}")),
        Entry::new(Symbol::Line(line), "columns of the chosen model"),
        Entry::new(Symbol::Line(other), "other columns"),
    ];
    let known = values.iter().copied().filter(|v| !v.is_nan());
    // An exact fit would stretch a logarithmic axis over all that is rounding.
    let drawn: Vec<f64> = residuals.iter().map(|r| r.max(1e-12)).collect();
    let panel = |height: f64, y: Axis, y_label: &str, last: bool, layers: Vec<Layer>| Panel {
        height,
        x: Axis::integers(0, largest),
        y,
        y_label: y_label.to_owned(),
        x_label: last.then(|| "k".to_owned()),
        layers: [vec![Layer::Verticals { at: vec![chosen as f64], stroke: mark }], layers].concat(),
    };
    // A line with a dot at each k; gaps where there is no value.
    let dotted = |values: &[f64]| {
        let (color, radius) = (palette::BLUE, if values.len() > 60 { 1.6 } else { 2.8 });
        let points = series(values, 1.0);
        vec![Layer::Line { points: points.clone(), stroke: line, clip: false }, Layer::Dots { points, color, radius }]
    };
    let is_chosen = |curve: &[f64]| curve.get(chosen).is_some_and(|&x| x != 0.0);
    let mut below = vec![Layer::Zero];
    for (wanted, stroke) in [(false, other), (true, line)] {
        let curves = coefficients.iter().filter(|(_, curve)| is_chosen(curve) == wanted);
        below.extend(curves.map(|(_, curve)| Layer::Line { points: series(curve, 1.0), stroke, clip: true }));
    }
    let names: Vec<(f64, String)> = coefficients
        .iter()
        .filter(|(_, curve)| is_chosen(curve))
        .filter_map(|(name, curve)| Some((*curve.get(chosen)?, name.clone())))
        .collect();
    if names.len() <= MOST_NAMES {
        below.push(Layer::Labels { beside: chosen as f64, left: 2 * chosen > largest, names });
    }
    let panels = vec![
        panel(150.0, Axis::log_or_values(drawn.iter().copied()), "‖y − A x‖/‖y‖", false, dotted(&drawn)),
        panel(150.0, Axis::values(extent(known).unwrap_or_default()), name, false, dotted(&values)),
        panel(240.0, Axis::values(range(coefficients, chosen)), input.y_label, true, below),
    ];
    stack(input.title, entries, panels)
}

/// Values of the axis of coefficients: all, unless those beyond the k that is chosen are far larger, as those of columns that are nearly
/// dependent.
fn range(coefficients: &[(String, Vec<f64>)], chosen: usize) -> (f64, f64) {
    let of = |until: usize| {
        let values = coefficients.iter().flat_map(|(_, curve)| curve.iter().copied().take(until));
        extent(values.chain([0.0])).unwrap_or_default()
    };
    let (whole, near) = (of(usize::MAX), of(chosen + 1));
    /// In units of the range of the coefficients that matter.
    const FAR: f64 = 3.0;
    let span = near.1 - near.0;
    if span == 0.0 || whole.1 - whole.0 <= FAR * span {
        return whole;
    }
    (whole.0.max(near.0 - 0.5 * span), whole.1.min(near.1 + 0.5 * span))
}
