//! Data, fit and spikes of a deconvolution.

use super::axis::Axis;
use super::data::{check_length, check_not_empty, check_spikes, check_values, extent};
use super::layout::{LegendPlace, PanelSpec, WIDTH, X_TICKS, stack, y_ticks};
use super::legend::{Entry, Symbol};
use super::style::{BLACK, BLUE, DATA, RESIDUAL, VERMILION};
use super::svg::Stroke;
use super::{Figure, PlotError};

/// Input of [`deconvolution`].
#[derive(Clone, Copy, Debug)]
pub struct DeconvolutionPlot<'a> {
    /// Title above the picture; may be empty.
    pub title: &'a str,
    /// The measured data.
    pub data: &'a [f64],
    /// What the found spikes predict; as long as the data.
    pub fit: &'a [f64],
    /// Data minus fit, drawn in a panel of its own if given.
    pub residual: Option<&'a [f64]>,
    /// Positions, in samples of the data, and amplitudes of the found spikes.
    pub spikes: (&'a [usize], &'a [f64]),
    /// Positions and amplitudes of the true spikes, if known.
    pub truth: Option<(&'a [usize], &'a [f64])>,
    /// Label of the x axis, such as `sample` or `time (s)`.
    pub x_label: &'a str,
    /// Distance of two samples on the x axis; 1 for sample numbers.
    pub sample_spacing: f64,
    /// Label of the data's y axis.
    pub y_label: &'a str,
}

/// Draws data and fit, below them the spikes, and below these the residual, all above one x axis.
pub fn deconvolution<'a>(input: &DeconvolutionPlot<'a>) -> Result<Figure, PlotError> {
    let DeconvolutionPlot { data, fit, residual, spikes, truth, sample_spacing: spacing, .. } = *input;
    let len = data.len();
    check_not_empty("data", len)?;
    check_length("fit", len, fit.len())?;
    check_values("data", data)?;
    check_values("fit", fit)?;
    check_spikes("spikes", len, spikes)?;
    check_spikes("true spikes", len, truth.unwrap_or_default())?;
    if let Some(residual) = residual {
        check_length("residual", len, residual.len())?;
        check_values("residual", residual)?;
    }
    check_values("sample spacing", &[spacing, spacing * len as f64])?;
    if spacing < 1e-200 {
        return Err(PlotError::NotDrawable { what: "sample spacing".to_string(), index: 0, value: spacing });
    }

    let x = Axis::positions(len, spacing, X_TICKS);
    let range = |values: &mut dyn Iterator<Item = f64>| extent(values).unwrap_or((0.0, 0.0));
    let panel = |height: f64, range, label: &str, last: bool| PanelSpec {
        height,
        x: x.clone(),
        y: Axis::values(range, y_ticks(height)),
        y_label: label.to_string(),
        x_label: last.then(|| input.x_label.to_string()),
    };
    let amplitudes = spikes.1.iter().chain(truth.unwrap_or_default().1).copied();
    let mut specs = vec![
        panel(230.0, range(&mut data.iter().chain(fit).copied()), input.y_label, false),
        panel(160.0, range(&mut amplitudes.chain([0.0])), "spike amplitude", residual.is_none()),
    ];
    if let Some(residual) = residual {
        specs.push(panel(96.0, range(&mut residual.iter().copied().chain([0.0])), "residual", true));
    }

    // Where samples are denser than the picture, thick lines would merge into blocks.
    let dense = len as f64 > 2.0 * WIDTH;
    let data_stroke = Stroke::solid(DATA, if dense { 0.7 } else { 1.1 });
    let fit_stroke = Stroke::solid(BLUE, if dense { 1.2 } else { 1.6 });
    let mut entries = vec![
        Entry::new(Symbol::Line(data_stroke), "data"),
        Entry::new(Symbol::Line(fit_stroke), "fit"),
        Entry::new(Symbol::Stem(VERMILION), "spikes found"),
    ];
    if truth.is_some() {
        entries.push(Entry::new(Symbol::Ring(BLACK), "true spikes"));
    }
    let (mut svg, panels) = stack(input.title, &entries, LegendPlace::Above, specs);
    let series = |values: &'a [f64]| values.iter().enumerate().map(move |(i, &v)| (i as f64 * spacing, v));
    let mut below = panels.iter();
    if let Some(top) = below.next() {
        top.draw_line(&mut svg, series(data), data_stroke);
        top.draw_line(&mut svg, series(fit), fit_stroke);
    }
    if let Some(middle) = below.next() {
        middle.draw_zero(&mut svg);
        middle.draw_stems(&mut svg, &middle.spike_points(spikes, spacing), VERMILION);
        if let Some(truth) = truth {
            middle.draw_rings(&mut svg, &middle.spike_points(truth, spacing), BLACK);
        }
    }
    if let (Some(bottom), Some(residual)) = (below.next(), residual) {
        bottom.draw_zero(&mut svg);
        bottom.draw_line(&mut svg, series(residual), Stroke::solid(RESIDUAL, if dense { 0.7 } else { 1.0 }));
    }
    Ok(svg.finish())
}
