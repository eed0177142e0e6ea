//! A path over k: residual, criterion and coefficients.

use super::axis::Axis;
use super::data::{check_length, check_not_empty, check_values, check_values_or_gaps, extent};
use super::layout::{LegendPlace, Panel, PanelSpec, X_TICKS, stack, y_ticks};
use super::legend::{Entry, Symbol};
use super::style::{BLUE, DATA, TICK_SIZE, VERMILION};
use super::svg::{Anchor, Path, Stroke, Svg};
use super::{Figure, PlotError};

/// With more of them, curves have no names.
const MOST_NAMES: usize = 16;

/// Input of [`path`].
#[derive(Clone, Copy, Debug)]
pub struct PathPlot<'a> {
    /// Title above the picture; may be empty.
    pub title: &'a str,
    /// ‖y − A x‖/‖y‖ for k = 0 … K.
    pub residuals: &'a [f64],
    /// The name of the criterion, and its value for each k; NaN or infinite where it has none.
    pub criterion: (&'a str, &'a [f64]),
    /// The k that is chosen.
    pub chosen: usize,
    /// For each column that is in any support its name and its coefficient, or the magnitude of that, for each k.
    pub coefficients: &'a [(String, Vec<f64>)],
    /// Label of the coefficients.
    pub y_label: &'a str,
}

/// Draws residual, criterion and coefficients over k, and marks the k that is chosen.
pub fn path(input: &PathPlot<'_>) -> Result<Figure, PlotError> {
    let PathPlot { residuals, criterion: (name, values), chosen, coefficients, .. } = *input;
    check_not_empty("path", residuals.len())?;
    check_length("criterion", residuals.len(), values.len())?;
    check_values("residual", residuals)?;
    // Where nothing is known, nothing is drawn.
    let values: Vec<f64> = values.iter().map(|&v| if v.is_finite() { v } else { f64::NAN }).collect();
    check_values_or_gaps("criterion", &values)?;
    for (_, curve) in coefficients {
        check_length("coefficients", residuals.len(), curve.len())?;
        check_values("coefficient", curve)?;
    }
    let largest = residuals.len() - 1;
    let x = || Axis::integers(0, largest, X_TICKS);
    let known = values.iter().copied().filter(|v| !v.is_nan());
    // An exact fit would stretch a logarithmic axis over all that is rounding.
    let drawn: Vec<f64> = residuals.iter().map(|r| r.max(1e-12)).collect();
    let spec = |height: f64, y: Axis, y_label: &str, last: bool| PanelSpec {
        height,
        x: x(),
        y,
        y_label: y_label.to_owned(),
        x_label: last.then(|| "k".to_owned()),
    };
    let specs = vec![
        spec(150.0, Axis::log_or_values(drawn.iter().copied(), y_ticks(150.0)), "‖y − A x‖/‖y‖", false),
        spec(150.0, Axis::values(extent(known).unwrap_or_default(), y_ticks(150.0)), name, false),
        spec(240.0, Axis::values(range(coefficients, chosen), y_ticks(240.0)), input.y_label, true),
    ];
    let (mark, line, other) = (Stroke::solid(VERMILION, 1.2), Stroke::solid(BLUE, 1.8), Stroke::solid(DATA, 0.9));
    let entries = [
        Entry::new(Symbol::Line(mark), format!("chosen: k = {chosen}")),
        Entry::new(Symbol::Line(line), "columns of the chosen model"),
        Entry::new(Symbol::Line(other), "other columns"),
    ];
    let (mut svg, panels) = stack(input.title, &entries, LegendPlace::Above, specs);
    for panel in &panels {
        let at = panel.px(chosen as f64);
        svg.stroke(&Path::polyline([(at, panel.top), (at, panel.top + panel.height)]), mark);
    }
    if let [above, middle, below] = &panels[..] {
        draw_points(above, &mut svg, &drawn, line);
        draw_points(middle, &mut svg, &values, line);
        below.draw_zero(&mut svg);
        let is_chosen = |curve: &[f64]| curve.get(chosen).is_some_and(|&x| x != 0.0);
        for wanted in [false, true] {
            for (_, curve) in coefficients.iter().filter(|(_, curve)| is_chosen(curve) == wanted) {
                let points: Vec<_> =
                    curve.iter().enumerate().map(|(k, &x)| (below.px(k as f64), below.py(x))).collect();
                for piece in below.bounds().clip(&points) {
                    svg.stroke(&Path::polyline(piece), if wanted { line } else { other });
                }
            }
        }
        let named: Vec<_> = coefficients.iter().filter(|(_, curve)| is_chosen(curve)).collect();
        if named.len() <= MOST_NAMES {
            draw_names(below, &mut svg, &named, (chosen, largest));
        }
    }
    Ok(svg.finish())
}

/// A line with a dot at each k; gaps where there is no value.
fn draw_points(panel: &Panel, svg: &mut Svg, values: &[f64], stroke: Stroke) {
    let mut dots = Path::default();
    let mut from = 0;
    while from < values.len() {
        let length = values[from..].iter().take_while(|v| !v.is_nan()).count();
        let points: Vec<_> = (from..from + length).map(|k| (k as f64, values[k])).collect();
        points
            .iter()
            .for_each(|&(k, v)| dots.circle((panel.px(k), panel.py(v)), if values.len() > 60 { 1.6 } else { 2.8 }));
        panel.draw_line(svg, points.into_iter(), stroke);
        from += length + 1;
    }
    svg.fill(&dots, BLUE);
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

/// Names beside the k that is chosen, moved apart.
fn draw_names(panel: &Panel, svg: &mut Svg, named: &[&(String, Vec<f64>)], (chosen, largest): (usize, usize)) {
    let mut places: Vec<(f64, &str)> =
        named.iter().filter_map(|(name, curve)| Some((panel.py(*curve.get(chosen)?) - 4.0, name.as_str()))).collect();
    places.sort_by(|a, b| a.0.total_cmp(&b.0));
    let at = panel.px(chosen as f64);
    let (x, anchor) = if 2 * chosen > largest { (at - 6.0, Anchor::End) } else { (at + 6.0, Anchor::Start) };
    let mut lowest = panel.top;
    for (y, name) in places {
        lowest = y.max(lowest + TICK_SIZE);
        svg.text(x, lowest, TICK_SIZE, anchor, name);
    }
}
