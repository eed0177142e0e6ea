//! One curve per algorithm over any quantity, with confidence bands.

use sparsea_plot::{Axis, CurveStyle, Entry, Layer, Marks, Panel, Scale, Stroke, Symbol, check, extent, palette};

use super::style::curve_style;
use super::{Figure, PlotError, beside_legend};

/// One curve of [`curves`].
#[derive(Clone, Copy, Debug)]
pub struct Curve<'a> {
    /// The algorithm's name, which also determines colour, marker, dash and width.
    pub name: &'a str,
    /// The x values at which the curve was measured, in the order in which they are joined.
    pub x: &'a [f64],
    /// The values; NaN leaves a gap.
    pub y: &'a [f64],
    /// Lower and upper edge of a confidence band; NaN leaves a gap. On a logarithmic axis, a lower edge that is not positive extends to the
    /// end of the axis.
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
    /// The scale of x.
    pub x_scale: Scale,
    /// The scale of y.
    pub y_scale: Scale,
    /// The range of the y axis. Default: all values and bands. Curves are cut off beyond it.
    pub y_range: Option<(f64, f64)>,
    /// A theoretical or best possible curve, black and dashed; its name is last in the legend.
    pub ideal: Option<Curve<'a>>,
}

const IDEAL: Stroke = Stroke { color: palette::BLACK, width: 1.6, dash: "5 3" };
/// More bands than this would cover each other: error bars replace them.
const MOST_BANDS: usize = 8;
/// Markers closer than this would hide the line.
const MARKER_DISTANCE: f64 = 15.0;

/// Draws one curve per algorithm with its confidence band, and the legend beside the panel.
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

    let mut entries: Vec<Entry> =
        input.curves.iter().map(|c| Entry::new(Symbol::Curve(curve_style(c.name)), c.name)).collect();
    entries.extend(input.ideal.iter().map(|c| Entry::new(Symbol::Line(IDEAL), c.name)));
    let error_bars = all().filter(|c| c.band.is_some()).count() > MOST_BANDS;
    let mut below_first: Vec<(CurveStyle, &Curve<'_>)> =
        input.curves.iter().rev().map(|c| (curve_style(c.name), c)).collect();
    below_first.sort_by(|a, b| a.0.width.total_cmp(&b.0.width));
    if let Some(curve) = &input.ideal {
        let Stroke { color, width, dash } = IDEAL;
        below_first.push((CurveStyle { color, marker: None, hollow: false, dash, width }, curve));
    }
    let bands = below_first
        .iter()
        .filter_map(|(style, curve)| Some(Layer::Band { edges: edges(curve)?, color: style.color, bars: error_bars }));
    let lines = below_first.iter().map(|&(style, curve)| {
        let points = curve.x.iter().copied().zip(curve.y.iter().copied()).collect();
        Layer::Curve { points, style, marks: Marks::Apart(MARKER_DISTANCE) }
    });
    // Whole numbers, such as sparsities, have no ticks in between.
    let whole = points.iter().all(|p| p.0.fract() == 0.0);
    let panel = Panel {
        height: 450.0,
        x: Axis::around(x_extent, input.x_scale, whole),
        y: y_axis(input, y_extent)?,
        y_label: input.y_label.to_string(),
        x_label: Some(input.x_label.to_string()),
        layers: bands.chain(lines).collect(),
    };
    beside_legend(input.title, entries, panel)
}

fn check_curve(curve: &Curve<'_>, plot: &CurvesPlot<'_>) -> Result<(), PlotError> {
    let Curve { name, x, y, band } = *curve;
    let (x_name, lower_name, upper_name) =
        (format!("{name}: x"), format!("{name}: lower edge"), format!("{name}: upper edge"));
    check::length(name, x.len(), y.len())?;
    check::numbers(&x_name, x)?;
    check::numbers_or_gaps(name, y)?;
    if let Some((lower, upper)) = band {
        check::length(&lower_name, x.len(), lower.len())?;
        check::length(&upper_name, x.len(), upper.len())?;
        check::numbers_or_gaps(&lower_name, lower)?;
        check::numbers_or_gaps(&upper_name, upper)?;
    }
    if plot.x_scale == Scale::Logarithmic {
        check::positive(&x_name, x)?;
    }
    if plot.y_scale == Scale::Logarithmic {
        check::positive(name, y)?;
        check::positive(&upper_name, band.map_or(&[], |b| b.1))?;
    }
    Ok(())
}

fn y_axis(input: &CurvesPlot<'_>, (lo, hi): (f64, f64)) -> Result<Axis, PlotError> {
    if let Some((lo, hi)) = input.y_range {
        check::numbers("y range", &[lo, hi])?;
        if lo >= hi {
            let what = "y range, which must increase".to_string();
            return Err(PlotError::NotDrawable { what, index: 1, value: hi });
        }
        if input.y_scale == Scale::Logarithmic {
            check::positive("y range", &[lo])?;
        }
        // A little room lets curves along the end of the range be seen, but nothing is measured there.
        return Ok(Axis::around((lo, hi), input.y_scale, false).ticks_within((lo, hi)));
    }
    Ok(match input.y_scale {
        // Zero belongs to the picture unless the values lie so far from it that they would look alike.
        Scale::Linear if lo >= 0.0 && lo < 0.4 * hi => Axis::around((0.0, hi), Scale::Linear, false),
        Scale::Linear => Axis::values((lo, hi)),
        Scale::Logarithmic => Axis::around((lo, hi), Scale::Logarithmic, false),
    })
}

/// x and both edges of a curve's band; NaN in a gap.
fn edges(curve: &Curve<'_>) -> Option<Vec<(f64, f64, f64)>> {
    let (lower, upper) = curve.band?;
    let edges = curve.x.iter().zip(curve.y).zip(lower.iter().zip(upper));
    Some(edges.map(|((&x, &y), (&low, &high))| if y.is_nan() { (x, y, y) } else { (x, low, high) }).collect())
}
