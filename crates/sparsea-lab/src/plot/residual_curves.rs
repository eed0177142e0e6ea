//! Relative residual against sparsity, for several algorithms.

use sparsea_plot::{Axis, Entry, Layer, Marks, Panel, Stroke, Symbol, check, palette};

use super::style::curve_style;
use super::{Figure, PlotError, beside_legend};

/// One curve of [`residual_curves`].
#[derive(Clone, Copy, Debug)]
pub struct ResidualCurve<'a> {
    /// The algorithm's name, which also determines colour, marker and dash.
    pub name: &'a str,
    /// The sparsities.
    pub k: &'a [usize],
    /// The relative residual at each k.
    pub values: &'a [f64],
}

/// Input of [`residual_curves`].
#[derive(Clone, Copy, Debug)]
pub struct ResidualCurvesPlot<'a> {
    /// Title above the picture; may be empty.
    pub title: &'a str,
    /// The algorithms, the most important one first; it is drawn on top.
    pub curves: &'a [ResidualCurve<'a>],
    /// The best possible residual, black and dashed, if known; its name is shown in the legend.
    pub optimum: Option<ResidualCurve<'a>>,
    /// Label of the x axis, such as `sparsity k`.
    pub x_label: &'a str,
    /// Label of the y axis, such as `‖y − A x‖ / ‖y‖`.
    pub y_label: &'a str,
}

const OPTIMUM: Stroke = Stroke { color: palette::BLACK, width: 1.6, dash: "5 3" };

/// Draws one curve per algorithm, with the legend beside them. The scale is logarithmic if the values span more than a decade.
pub fn residual_curves(input: &ResidualCurvesPlot<'_>) -> Result<Figure, PlotError> {
    let all = || input.curves.iter().chain(&input.optimum);
    for curve in all() {
        check::length(curve.name, curve.k.len(), curve.values.len())?;
        check::numbers(curve.name, curve.values)?;
    }
    let ks = all().flat_map(|c| c.k.iter().copied());
    let (Some(first), Some(last)) = (ks.clone().min(), ks.max()) else {
        return Err(PlotError::Empty { what: "residual curves".to_string() });
    };

    let mut entries: Vec<Entry> =
        input.curves.iter().map(|c| Entry::new(Symbol::Curve(curve_style(c.name)), c.name)).collect();
    entries.extend(input.optimum.iter().map(|c| Entry::new(Symbol::Line(OPTIMUM), c.name)));
    // Markers closer than they are wide would hide the line.
    let curve = |c: &ResidualCurve<'_>| Layer::Curve {
        points: sorted(c),
        style: curve_style(c.name),
        marks: Marks::Every(14.0),
    };
    let mut layers: Vec<Layer> = input.curves.iter().rev().map(curve).collect();
    layers.extend(input.optimum.iter().map(|c| Layer::Line { points: sorted(c), stroke: OPTIMUM, clip: false }));
    let panel = Panel {
        height: 430.0,
        x: Axis::integers(first, last),
        y: Axis::log_or_values(all().flat_map(|c| c.values.iter().copied())),
        y_label: input.y_label.to_string(),
        x_label: Some(input.x_label.to_string()),
        layers,
    };
    beside_legend(input.title, entries, panel)
}

fn sorted(curve: &ResidualCurve<'_>) -> Vec<(f64, f64)> {
    let mut points: Vec<(f64, f64)> = curve.k.iter().zip(curve.values).map(|(&k, &v)| (k as f64, v)).collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    points
}
