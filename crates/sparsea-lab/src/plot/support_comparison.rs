//! Supports found by several algorithms against the true one.

use std::collections::HashSet;

use sparsea_plot::{Axis, Body, Chart, Entry, Layer, Marker, Row, Rows, Stroke, Symbol, check, number_label, palette};

use super::{Figure, PlotError, spikes};

/// One algorithm's row of a [`support_comparison`].
#[derive(Clone, Copy, Debug)]
pub struct SupportRow<'a> {
    /// The algorithm's name.
    pub name: &'a str,
    /// The indices it chose.
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

/// Rows are drawn up to this multiple of the largest true spike: a wild amplitude must not flatten all others.
const CLIP: f64 = 1.5;
/// With more true spikes, there are no lines at them.
const MOST_GUIDES: usize = 60;

/// Draws the true spikes and, below them, one row of stems for each algorithm. Wrong spikes differ in colour and marker, and missed spikes
/// are circled.
pub fn support_comparison(input: &SupportComparisonPlot<'_>) -> Result<Figure, PlotError> {
    let SupportComparisonPlot { n, truth, rows, .. } = *input;
    check::not_empty("support comparison", n)?;
    check::spikes("true spikes", n, truth)?;
    for row in rows {
        check::spikes(row.name, n, (row.support, row.values))?;
        check::numbers("support distance", &[row.distance])?;
    }

    let size = |values: &[f64]| values.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
    let true_size = size(truth.1);
    let largest = rows.iter().map(|r| size(r.values)).fold(true_size, f64::max);
    let limit = if true_size > 0.0 { largest.min(CLIP * true_size) } else { largest };
    let limit = if limit < 1e-290 { 1.0 } else { limit };
    let mut entries = vec![
        Entry::new(Symbol::Stem(palette::BLACK), "true spike"),
        Entry::new(Symbol::Stem(palette::BLUE), "right"),
        Entry::new(Symbol::CrossedStem(palette::VERMILION), "wrong"),
        Entry::new(Symbol::Ring(palette::GREEN), "missed"),
    ];
    if largest > limit * 1.000001 {
        entries.push(Entry::new(Symbol::Marker(Marker::Up, palette::DATA), "beyond the scale"));
    }
    let truth_set: HashSet<usize> = truth.0.iter().copied().collect();
    // While they are few, faint lines at the true positions guide the eye from row to row.
    let mut guides = Vec::new();
    if truth.0.len() <= MOST_GUIDES {
        let at = truth.0.iter().map(|&p| p as f64).collect();
        guides.push(Layer::Verticals { at, stroke: Stroke { color: palette::GUIDE, width: 0.9, dash: "2.5 2.5" } });
    }
    guides.push(Layer::Zero);
    let stems = |points, color, crossed| Layer::Stems { points, color, crossed, limit: Some(limit) };
    let row = |name: &str, note: String, layers: Vec<Layer>| Row {
        name: name.to_string(),
        note,
        layers: [guides.clone(), layers].concat(),
    };
    let first = row("truth", String::new(), vec![stems(spikes(truth, 1.0), palette::BLACK, false)]);
    let found = rows.iter().map(|one| {
        let chosen: HashSet<usize> = one.support.iter().copied().collect();
        let (right, wrong): (Vec<_>, Vec<_>) =
            one.support.iter().zip(one.values).partition(|(p, _)| truth_set.contains(p));
        let ends = |part: Vec<(&usize, &f64)>| part.into_iter().map(|(&p, &v)| (p as f64, v)).collect();
        let missed = truth.0.iter().filter(|p| !chosen.contains(p)).map(|&p| (p as f64, 0.0)).collect();
        let layers = vec![
            Layer::Rings { points: missed, color: palette::GREEN },
            stems(ends(right), palette::BLUE, false),
            stems(ends(wrong), palette::VERMILION, true),
        ];
        row(one.name, format!("distance {}", number_label(one.distance)), layers)
    });
    let body = Body::Rows(Rows {
        x: Axis::positions(n, 1.0),
        y: Axis::values((-limit, limit)),
        x_label: input.x_label.to_string(),
        rows: std::iter::once(first).chain(found).collect(),
    });
    Chart { title: input.title.to_string(), legend: entries, body }.draw()
}
