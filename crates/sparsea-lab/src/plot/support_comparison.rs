//! Supports found by several algorithms against the true one.

use std::collections::HashSet;

use super::axis::{Axis, number_label};
use super::data::{Spikes, check_not_empty, check_spikes, check_values};
use super::font::{shorten, text_width};
use super::layout::{Panel, WIDTH, X_TICKS, draw_title, stem_size};
use super::legend::{self, Entry, Symbol};
use super::style::{
    BLACK, BLUE, Color, DATA, FRAME, GREEN, LABEL_SIZE, Marker, TEXT, TICK_SIZE, TITLE_SIZE, VERMILION,
};
use super::svg::{Anchor, Path, Stroke, Svg};
use super::{Figure, PlotError};

/// One algorithm's row of a [`support_comparison`].
#[derive(Clone, Copy, Debug)]
pub struct SupportRow<'a> {
    /// The algorithm's name.
    pub name: &'a str,
    /// Indices it chose.
    pub support: &'a [usize],
    /// Coefficients at these indices.
    pub values: &'a [f64],
    /// Support distance to the truth, written below the name.
    pub distance: f64,
}

/// Input of [`support_comparison`].
#[derive(Clone, Copy, Debug)]
pub struct SupportComparisonPlot<'a> {
    /// Title above the picture; may be empty.
    pub title: &'a str,
    /// Length of x.
    pub n: usize,
    /// Indices and values of the true spikes.
    pub truth: (&'a [usize], &'a [f64]),
    /// The algorithms, from top to bottom.
    pub rows: &'a [SupportRow<'a>],
    /// Label of the x axis.
    pub x_label: &'a str,
}

const MARGIN: f64 = 16.0;
const SMALL: f64 = 11.0;
/// Rows are drawn up to this multiple of the largest true spike: a wild amplitude must not flatten all others.
const CLIP: f64 = 1.5;

/// Draws the true spikes and, below them, one row of stems for each algorithm; wrong spikes differ in colour and marker,
/// missed ones are circled.
pub fn support_comparison(input: &SupportComparisonPlot<'_>) -> Result<Figure, PlotError> {
    let SupportComparisonPlot { n, truth, rows, .. } = *input;
    check_not_empty("support comparison", n)?;
    check_spikes("true spikes", n, truth)?;
    for row in rows {
        check_spikes(row.name, n, (row.support, row.values))?;
        check_values("support distance", &[row.distance])?;
    }

    let size = |values: &[f64]| values.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
    let true_size = size(truth.1);
    let largest = rows.iter().map(|r| size(r.values)).fold(true_size, f64::max);
    let limit = if true_size > 0.0 { largest.min(CLIP * true_size) } else { largest };
    let limit = if limit < 1e-290 { 1.0 } else { limit };
    let mut y = Axis::values((-limit, limit), 2);
    y.ticks.clear();
    let x = Axis::positions(n, 1.0, X_TICKS);

    let distance = |row: &SupportRow<'_>| format!("distance {}", number_label(row.distance));
    let widest = rows
        .iter()
        .map(|r| text_width(r.name, LABEL_SIZE).max(text_width(&distance(r), SMALL)))
        .fold(text_width("truth", LABEL_SIZE), f64::max);
    let label_width = widest.min(190.0);
    let left = MARGIN + label_width + 12.0;
    let width = WIDTH - left - MARGIN - 8.0;

    let mut entries = vec![
        Entry::new(Symbol::Stem(BLACK), "true spike"),
        Entry::new(Symbol::Stem(BLUE), "right"),
        Entry::new(Symbol::CrossedStem(VERMILION), "wrong"),
        Entry::new(Symbol::Ring(GREEN), "missed"),
    ];
    if largest > limit * 1.000001 {
        entries.push(Entry::new(Symbol::Marker(Marker::Up, DATA), "beyond the scale"));
    }
    let title_height = if input.title.is_empty() { 0.0 } else { TITLE_SIZE + 10.0 };
    let top = MARGIN + title_height + legend::rows_height(&entries, width) + 6.0;
    let height = if rows.len() <= 8 { 64.0 } else { 48.0 };
    let gap = 8.0;
    let bottom = top + (rows.len() + 1) as f64 * (height + gap) - gap;
    let mut svg = Svg::new(WIDTH, bottom + TICK_SIZE + LABEL_SIZE + 34.0, input.title);
    draw_title(&mut svg, input.title, left, width);
    legend::draw_rows(&mut svg, &entries, left, MARGIN + title_height, width);

    let panel = |index: usize| Panel {
        left,
        top: top + index as f64 * (height + gap),
        width,
        height,
        x: x.clone(),
        y: y.clone(),
    };
    let row_label = |svg: &mut Svg, panel: &Panel, name: &str, below: &str| {
        let middle = panel.top + 0.5 * height;
        let at = left - 12.0;
        let shift = if below.is_empty() { 0.36 * LABEL_SIZE } else { -2.0 };
        svg.text(at, middle + shift, LABEL_SIZE, Anchor::End, &shorten(name, LABEL_SIZE, label_width + 0.5));
        svg.rotated_text((at, middle + 13.0), 0.0, SMALL, Anchor::End, FRAME, below);
    };
    let truth_set: HashSet<usize> = truth.0.iter().copied().collect();

    let first = panel(0);
    draw_row_frame(&mut svg, &first, truth.0, rows.is_empty());
    row_label(&mut svg, &first, "truth", "");
    draw_clipped(&mut svg, &first, truth, limit, BLACK, None);
    for (i, row) in rows.iter().enumerate() {
        let panel = panel(i + 1);
        draw_row_frame(&mut svg, &panel, truth.0, i + 1 == rows.len());
        row_label(&mut svg, &panel, row.name, &distance(row));
        let chosen: HashSet<usize> = row.support.iter().copied().collect();
        let part = |right: bool| -> (Vec<usize>, Vec<f64>) {
            row.support.iter().zip(row.values).filter(|(p, _)| truth_set.contains(p) == right).unzip()
        };
        let missed: Vec<usize> = truth.0.iter().copied().filter(|p| !chosen.contains(p)).collect();
        let zeros = vec![0.0; missed.len()];
        panel.draw_rings(&mut svg, &panel.spike_points((&missed, &zeros), 1.0), GREEN);
        let (positions, values) = part(true);
        draw_clipped(&mut svg, &panel, (&positions, &values), limit, BLUE, None);
        let (positions, values) = part(false);
        draw_clipped(&mut svg, &panel, (&positions, &values), limit, VERMILION, Some(Marker::Cross));
    }
    panel(rows.len()).draw_x_ticks(&mut svg, false);
    let label = shorten(&x.labelled(input.x_label), LABEL_SIZE, width);
    let at = (left + 0.5 * width, bottom + TICK_SIZE + LABEL_SIZE + 18.0);
    svg.rotated_text(at, 0.0, LABEL_SIZE, Anchor::Middle, TEXT, &label);
    Ok(svg.finish())
}

/// Frame, zero line and, while they are few, faint lines at the true positions to guide the eye from row to row.
fn draw_row_frame(svg: &mut Svg, panel: &Panel, truth: &[usize], last: bool) {
    panel.draw_frame(svg, last);
    if truth.len() <= 60 {
        let mut guides = Path::default();
        for &p in truth {
            let x = panel.px(p as f64);
            guides.segment((x, panel.top), (x, panel.top + panel.height));
        }
        svg.stroke(&guides, Stroke { color: GUIDE, width: 0.9, dash: "2.5 2.5" });
    }
    panel.draw_zero(svg);
}

const GUIDE: Color = Color::hex(0xb9c6cf);

/// Stems with dots, or with `marker` at their ends; those beyond `limit` stop there and end in an arrow head.
fn draw_clipped(
    svg: &mut Svg,
    panel: &Panel,
    (positions, values): Spikes<'_>,
    limit: f64,
    color: Color,
    marker: Option<Marker>,
) {
    let clipped: Vec<f64> = values.iter().map(|v| v.clamp(-limit, limit)).collect();
    let points = panel.spike_points((positions, &clipped), 1.0);
    let (width, radius) = stem_size(points.len());
    let (highest, lowest, zero) = (panel.py(limit), panel.py(-limit), panel.py(0.0));
    let beyond = values.iter().any(|v| v.abs() > limit * 1.000001);
    let (mut stems, mut ends, mut arrows) = (Path::default(), Path::default(), Path::default());
    for &(x, y) in &points {
        stems.segment((x, zero), (x, y));
        if beyond && y <= highest {
            arrows.marker(Marker::Up, (x, y), 1.2 * radius);
        } else if beyond && y >= lowest {
            arrows.marker(Marker::Down, (x, y), 1.2 * radius);
        } else {
            ends.marker(
                marker.unwrap_or(Marker::Circle),
                (x, y),
                if marker.is_some() { 1.25 * radius } else { radius },
            );
        }
    }
    svg.stroke(&stems, Stroke::solid(color, width));
    svg.fill(&arrows, color);
    match marker {
        Some(_) => svg.stroke(&ends, Stroke::solid(color, 1.2 * width)),
        None => svg.fill(&ends, color),
    }
}
