//! Relative residual against sparsity, for several algorithms.

use super::axis::Axis;
use super::data::{check_length, check_values, extent};
use super::layout::{LegendPlace, Panel, PanelSpec, X_TICKS, stack, y_ticks};
use super::legend::{Entry, Symbol, draw_curve};
use super::style::{BLACK, curve_style};
use super::svg::{Path, Stroke};
use super::{Figure, PlotError};

/// One curve of [`residual_curves`].
#[derive(Clone, Copy, Debug)]
pub struct ResidualCurve<'a> {
    /// The algorithm's name, which also decides colour, marker and dash.
    pub name: &'a str,
    /// The sparsities.
    pub k: &'a [usize],
    /// The relative residual at each of them.
    pub values: &'a [f64],
}

/// Input of [`residual_curves`].
#[derive(Clone, Copy, Debug)]
pub struct ResidualCurvesPlot<'a> {
    /// Title above the picture; may be empty.
    pub title: &'a str,
    /// The algorithms, the most important one first: it is drawn on top.
    pub curves: &'a [ResidualCurve<'a>],
    /// The best possible residual, black and dashed, if known; its name is shown in the legend.
    pub optimum: Option<ResidualCurve<'a>>,
    /// Label of the x axis, such as `sparsity k`.
    pub x_label: &'a str,
    /// Label of the y axis, such as `‖y − A x‖ / ‖y‖`.
    pub y_label: &'a str,
}

const OPTIMUM: Stroke = Stroke { color: BLACK, width: 1.6, dash: "5 3" };

/// Draws one curve per algorithm, logarithmically if the values span more than a decade, with the legend beside them.
pub fn residual_curves(input: &ResidualCurvesPlot<'_>) -> Result<Figure, PlotError> {
    let all = || input.curves.iter().chain(&input.optimum);
    for curve in all() {
        check_length(curve.name, curve.k.len(), curve.values.len())?;
        check_values(curve.name, curve.values)?;
    }
    let ks = all().flat_map(|c| c.k.iter().copied());
    let (Some(first), Some(last)) = (ks.clone().min(), ks.max()) else {
        return Err(PlotError::Empty { what: "residual curves".to_string() });
    };

    let height = 430.0;
    let values = all().flat_map(|c| c.values.iter().copied());
    let spec = PanelSpec {
        height,
        x: Axis::integers(first, last, X_TICKS),
        y: Axis::log_or_values(values, y_ticks(height)),
        y_label: input.y_label.to_string(),
        x_label: Some(input.x_label.to_string()),
    };
    let mut entries: Vec<Entry> =
        input.curves.iter().map(|c| Entry::new(Symbol::Curve(curve_style(c.name)), c.name)).collect();
    entries.extend(input.optimum.iter().map(|c| Entry::new(Symbol::Line(OPTIMUM), c.name)));
    let (mut svg, panels) = stack(input.title, &entries, LegendPlace::Right, vec![spec]);
    for panel in &panels {
        for curve in input.curves.iter().rev() {
            let line = points(panel, curve);
            // Markers closer than they are wide would hide the line.
            let span = extent(line.iter().map(|p| p.0)).map_or(0.0, |(lo, hi)| hi - lo);
            let every = (14.0 * line.len() as f64 / span.max(1.0)).ceil().max(1.0) as usize;
            let marked: Vec<_> = line.iter().copied().step_by(if span > 0.0 { every } else { 1 }).collect();
            draw_curve(&mut svg, curve_style(curve.name), &Path::polyline(line), &marked);
        }
        if let Some(curve) = &input.optimum {
            panel.draw_line(&mut svg, sorted(curve).into_iter(), OPTIMUM);
        }
    }
    Ok(svg.finish())
}

fn sorted(curve: &ResidualCurve<'_>) -> Vec<(f64, f64)> {
    let mut points: Vec<(f64, f64)> = curve.k.iter().zip(curve.values).map(|(&k, &v)| (k as f64, v)).collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    points
}

fn points(panel: &Panel, curve: &ResidualCurve<'_>) -> Vec<(f64, f64)> {
    let points = sorted(curve).into_iter().map(|(x, y)| (panel.px(x), panel.py(y)));
    super::data::decimate(points, 0.5)
}
