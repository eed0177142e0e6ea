//! Data, fit and spikes of a deconvolution.

use sparsea_plot::{Axis, Entry, Layer, Panel, Stroke, Symbol, check, extent, palette};

use super::{Figure, PlotError, WIDTH, series, stack};

/// Input of [`deconvolution`].
#[derive(Clone, Copy, Debug)]
pub struct DeconvolutionPlot<'a> {
    /// Title above the picture; may be empty.
    pub title: &'a str,
    /// The measured data.
    pub data: &'a [f64],
    /// The prediction from the spikes found; as long as the data.
    pub fit: &'a [f64],
    /// Data minus fit, drawn in a separate panel if given.
    pub residual: Option<&'a [f64]>,
    /// Positions, in samples of the data, and amplitudes of the spikes found.
    pub spikes: (&'a [usize], &'a [f64]),
    /// Positions and amplitudes of the true spikes, if known.
    pub truth: Option<(&'a [usize], &'a [f64])>,
    /// Label of the x axis, such as `sample` or `time (s)`.
    pub x_label: &'a str,
    /// Spacing of samples on the x axis; 1 for sample numbers.
    pub sample_spacing: f64,
    /// Label of the data's y axis.
    pub y_label: &'a str,
}

/// Draws data and fit, the spikes below them, and the residual below the spikes, all over one x axis.
pub fn deconvolution(input: &DeconvolutionPlot<'_>) -> Result<Figure, PlotError> {
    let DeconvolutionPlot { data, fit, residual, spikes, truth, sample_spacing: spacing, .. } = *input;
    let len = data.len();
    check::not_empty("data", len)?;
    check::length("fit", len, fit.len())?;
    check::numbers("data", data)?;
    check::numbers("fit", fit)?;
    check::spikes("spikes", len, spikes)?;
    check::spikes("true spikes", len, truth.unwrap_or_default())?;
    if let Some(residual) = residual {
        check::length("residual", len, residual.len())?;
        check::numbers("residual", residual)?;
    }
    check::numbers("sample spacing", &[spacing, spacing * len as f64])?;
    if spacing < 1e-200 {
        return Err(PlotError::NotDrawable { what: "sample spacing".to_string(), index: 0, value: spacing });
    }

    // Where samples are denser than the picture, thick lines would merge into blocks.
    let dense = len as f64 > 2.0 * WIDTH;
    let data_stroke = Stroke::solid(palette::DATA, if dense { 0.7 } else { 1.1 });
    let fit_stroke = Stroke::solid(palette::BLUE, if dense { 1.2 } else { 1.6 });
    let residual_stroke = Stroke::solid(palette::RESIDUAL, if dense { 0.7 } else { 1.0 });
    let line = |values: &[f64], stroke| Layer::Line { points: series(values, spacing), stroke, clip: false };
    let panel = |height: f64, range: Option<(f64, f64)>, label: &str, last: bool, layers| Panel {
        height,
        x: Axis::positions(len, spacing),
        y: Axis::values(range.unwrap_or((0.0, 0.0))),
        y_label: label.to_string(),
        x_label: last.then(|| input.x_label.to_string()),
        layers,
    };
    let mut entries = vec![
        Entry::new(Symbol::Line(data_stroke), "data"),
        Entry::new(Symbol::Line(fit_stroke), "fit"),
        Entry::new(Symbol::Stem(palette::VERMILION), "spikes found"),
    ];
    let points = super::spikes(spikes, spacing);
    let mut middle = vec![Layer::Zero, Layer::Stems { points, color: palette::VERMILION, crossed: false, limit: None }];
    if let Some(truth) = truth {
        entries.push(Entry::new(Symbol::Ring(palette::BLACK), "true spikes"));
        middle.push(Layer::Rings { points: super::spikes(truth, spacing), color: palette::BLACK });
    }
    let amplitudes = spikes.1.iter().chain(truth.unwrap_or_default().1).copied();
    let both = vec![line(data, data_stroke), line(fit, fit_stroke)];
    let mut panels = vec![
        panel(230.0, extent(data.iter().chain(fit).copied()), input.y_label, false, both),
        panel(160.0, extent(amplitudes.chain([0.0])), "spike amplitude", residual.is_none(), middle),
    ];
    if let Some(residual) = residual {
        let layers = vec![Layer::Zero, line(residual, residual_stroke)];
        panels.push(panel(96.0, extent(residual.iter().copied().chain([0.0])), "residual", true, layers));
    }
    stack(input.title, entries, panels)
}
