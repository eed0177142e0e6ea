//! One curve per algorithm over any quantity, with confidence bands.

use super::axis::{Axis, Scale};
use super::data::{Bounds, check_length, check_positive, check_values, check_values_or_gaps, decimate, extent};
use super::layout::{LegendPlace, Panel, PanelSpec, X_TICKS, stack, y_ticks};
use super::legend::{Entry, Symbol, draw_curve};
use super::style::{BLACK, Color, CurveStyle, curve_style};
use super::svg::{Path, Stroke, Svg};
use super::{Figure, PlotError};

/// One curve of [`curves`].
#[derive(Clone, Copy, Debug)]
pub struct Curve<'a> {
    /// The algorithm's name, which also decides colour, marker, dash and width.
    pub name: &'a str,
    /// Where the values were measured, in the order in which they are joined.
    pub x: &'a [f64],
    /// The values; NaN leaves a gap.
    pub y: &'a [f64],
    /// Lower and upper edge of a confidence band; NaN leaves a gap. On a logarithmic axis a lower edge that is not
    /// positive reaches down to the end of the axis.
    pub band: Option<(&'a [f64], &'a [f64])>,
}

/// Input of [`curves`].
#[derive(Clone, Copy, Debug)]
pub struct CurvesPlot<'a> {
    /// Title above the picture; may be empty.
    pub title: &'a str,
    /// Label of the x axis, such as `sparsity k`.
    pub x_label: &'a str,
    /// Label of the y axis, such as `support distance`.
    pub y_label: &'a str,
    /// The algorithms, in the order of the legend. Among equally thick lines, the first are drawn on top.
    pub curves: &'a [Curve<'a>],
    /// How x is spread.
    pub x_scale: Scale,
    /// How y is spread.
    pub y_scale: Scale,
    /// What the y axis shows, instead of all values and bands; curves beyond it are cut off.
    pub y_range: Option<(f64, f64)>,
    /// A theoretical or best possible curve, black and dashed; its name ends the legend.
    pub ideal: Option<Curve<'a>>,
}

const HEIGHT: f64 = 450.0;
const IDEAL: Stroke = Stroke { color: BLACK, width: 1.6, dash: "5 3" };
/// More bands than this would cover each other: error bars replace them.
const MOST_BANDS: usize = 8;
/// Markers closer than this would hide the line.
const MARKER_DISTANCE: f64 = 15.0;

/// Draws one curve per algorithm, with its confidence band, and the legend beside them.
///
/// More than eight bands are drawn as error bars.
pub fn curves(input: &CurvesPlot<'_>) -> Result<Figure, PlotError> {
    let all = || input.curves.iter().chain(&input.ideal);
    for curve in all() {
        check_curve(curve, input)?;
    }
    let shown = |c: &Curve<'_>| -> Vec<(f64, f64)> {
        c.x.iter().copied().zip(c.y.iter().copied()).filter(|p| !p.1.is_nan()).collect()
    };
    let points: Vec<(f64, f64)> = all().flat_map(shown).collect();
    let Some(x_extent) = extent(points.iter().map(|p| p.0)) else {
        return Err(PlotError::Empty { what: "curves".to_string() });
    };
    let bands = all().filter_map(|c| c.band).flat_map(|(low, high)| low.iter().chain(high));
    let bands = bands.copied().filter(|&v| v > 0.0 || (input.y_scale == Scale::Linear && !v.is_nan()));
    let y_extent = extent(points.iter().map(|p| p.1).chain(bands)).unwrap_or_default();

    // Whole numbers, such as sparsities, have no ticks in between.
    let whole = points.iter().all(|p| p.0.fract() == 0.0);
    let spec = PanelSpec {
        height: HEIGHT,
        x: Axis::around(x_extent, input.x_scale, X_TICKS, whole),
        y: y_axis(input, y_extent)?,
        y_label: input.y_label.to_string(),
        x_label: Some(input.x_label.to_string()),
    };
    let mut entries: Vec<Entry> =
        input.curves.iter().map(|c| Entry::new(Symbol::Curve(curve_style(c.name)), c.name)).collect();
    entries.extend(input.ideal.iter().map(|c| Entry::new(Symbol::Line(IDEAL), c.name)));
    let (mut svg, panels) = stack(input.title, &entries, LegendPlace::Right, vec![spec]);

    let error_bars = all().filter(|c| c.band.is_some()).count() > MOST_BANDS;
    let mut below_first: Vec<(CurveStyle, &Curve<'_>)> =
        input.curves.iter().rev().map(|c| (curve_style(c.name), c)).collect();
    below_first.sort_by(|a, b| a.0.width.total_cmp(&b.0.width));
    for panel in &panels {
        let bounds = panel.bounds();
        let bands = below_first.iter().map(|&(style, curve)| (style.color, curve));
        for (color, curve) in bands.chain(input.ideal.iter().map(|c| (BLACK, c))) {
            draw_band(&mut svg, panel, curve, color, error_bars);
        }
        for &(style, curve) in &below_first {
            let points = visible_points(panel, curve);
            draw_curve(&mut svg, style, &line(&bounds, &points), &marked(&bounds, &points));
        }
        if let Some(curve) = &input.ideal {
            svg.stroke(&line(&bounds, &visible_points(panel, curve)), IDEAL);
        }
    }
    Ok(svg.finish())
}

fn check_curve(curve: &Curve<'_>, plot: &CurvesPlot<'_>) -> Result<(), PlotError> {
    let Curve { name, x, y, band } = *curve;
    let (x_name, lower_name, upper_name) =
        (format!("{name}: x"), format!("{name}: lower edge"), format!("{name}: upper edge"));
    check_length(name, x.len(), y.len())?;
    check_values(&x_name, x)?;
    check_values_or_gaps(name, y)?;
    if let Some((lower, upper)) = band {
        check_length(&lower_name, x.len(), lower.len())?;
        check_length(&upper_name, x.len(), upper.len())?;
        check_values_or_gaps(&lower_name, lower)?;
        check_values_or_gaps(&upper_name, upper)?;
    }
    if plot.x_scale == Scale::Logarithmic {
        check_positive(&x_name, x)?;
    }
    if plot.y_scale == Scale::Logarithmic {
        check_positive(name, y)?;
        check_positive(&upper_name, band.map_or(&[], |b| b.1))?;
    }
    Ok(())
}

fn y_axis(input: &CurvesPlot<'_>, (lo, hi): (f64, f64)) -> Result<Axis, PlotError> {
    let target = y_ticks(HEIGHT);
    if let Some((lo, hi)) = input.y_range {
        check_values("y range", &[lo, hi])?;
        if lo >= hi {
            let what = "y range, which must increase".to_string();
            return Err(PlotError::NotDrawable { what, index: 1, value: hi });
        }
        if input.y_scale == Scale::Logarithmic {
            check_positive("y range", &[lo])?;
        }
        let mut axis = Axis::around((lo, hi), input.y_scale, target, false);
        // A little room lets curves along the end of the range be seen, but nothing is measured there.
        axis.keep_ticks((lo, hi));
        return Ok(axis);
    }
    Ok(match input.y_scale {
        // Zero belongs to the picture unless the values lie so far from it that they would look alike.
        Scale::Linear if lo >= 0.0 && lo < 0.4 * hi => Axis::around((0.0, hi), Scale::Linear, target, false),
        Scale::Linear => Axis::values((lo, hi), target),
        Scale::Logarithmic => Axis::around((lo, hi), Scale::Logarithmic, target, false),
    })
}

/// Points in the picture, in runs between the gaps.
fn visible_points(panel: &Panel, curve: &Curve<'_>) -> Vec<Vec<(f64, f64)>> {
    let points: Vec<(f64, f64)> = curve.x.iter().copied().zip(curve.y.iter().copied()).collect();
    points
        .split(|p| p.1.is_nan())
        .filter(|run| !run.is_empty())
        .map(|run| decimate(run.iter().map(|&(x, y)| (panel.px(x), panel.py(y))), 0.5))
        .collect()
}

fn line(bounds: &Bounds, runs: &[Vec<(f64, f64)>]) -> Path {
    let mut line = Path::default();
    for piece in runs.iter().flat_map(|run| bounds.clip(run)) {
        line.add_line(piece);
    }
    line
}

/// Points that get a marker: each one far enough from the one before.
fn marked(bounds: &Bounds, runs: &[Vec<(f64, f64)>]) -> Vec<(f64, f64)> {
    let mut marked: Vec<(f64, f64)> = Vec::new();
    for &(x, y) in runs.iter().flatten().filter(|p| bounds.contains(**p)) {
        if marked.last().is_none_or(|last| (x - last.0).hypot(y - last.1) >= MARKER_DISTANCE) {
            marked.push((x, y));
        }
    }
    marked
}

/// A translucent area, or error bars.
fn draw_band(svg: &mut Svg, panel: &Panel, curve: &Curve<'_>, color: Color, error_bars: bool) {
    let Some((lower, upper)) = curve.band else { return };
    let edges = curve.x.iter().zip(curve.y).zip(lower.iter().zip(upper));
    // x, and the heights of both edges; NaN in a gap.
    let edges: Vec<(f64, f64, f64)> = edges
        .map(|((&x, &y), (&low, &high))| match y.is_nan() || low.is_nan() || high.is_nan() {
            true => (panel.px(x), f64::NAN, f64::NAN),
            false => (panel.px(x), panel.py(low), panel.py(high)),
        })
        .collect();
    let bounds = panel.bounds();
    let (mut areas, mut bars) = (Path::default(), Path::default());
    for run in edges.split(|e| e.1.is_nan()).filter(|run| !run.is_empty()) {
        if error_bars || run.len() == 1 {
            let columns = decimate(run.iter().map(|e| (e.0, e.1)), 0.5).len().max(1);
            for &(x, low, high) in run.iter().step_by(run.len().div_ceil(columns)) {
                let bar = [(x, low), (x, high)];
                bounds.clip(&bar).into_iter().for_each(|bar| bars.add_line(bar));
            }
        } else {
            let low = bounds.press(&decimate(run.iter().map(|e| (e.0, e.1)), 0.5));
            let high = bounds.press(&decimate(run.iter().map(|e| (e.0, e.2)), 0.5));
            areas.add_polygon(low.into_iter().chain(high.into_iter().rev()));
        }
    }
    if !areas.is_empty() {
        svg.translucent(0.16, |svg| svg.fill(&areas, color));
    }
    if !bars.is_empty() {
        svg.translucent(0.55, |svg| svg.stroke(&bars, Stroke::solid(color, 1.1)));
    }
}
