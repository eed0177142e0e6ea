//! Pictures of problems, solutions and runs, as SVG, PNG or text for a terminal.
//!
//! Each function takes plain slices and returns a finished [`Figure`], drawn by [`sparsea_plot`].

mod coefficients;
mod curves;
mod deconvolution;
mod image;
mod path;
mod residual_curves;
mod stems;
mod style;
mod success_map;
mod support_comparison;
#[cfg(test)]
mod tests;
mod trace;

pub use coefficients::{CoefficientsPlot, Sizes, coefficients};
pub use curves::{Curve, CurvesPlot, curves};
pub use deconvolution::{DeconvolutionPlot, deconvolution};
pub use image::{ImagePlot, image};
pub use path::{PathPlot, path};
pub use residual_curves::{ResidualCurve, ResidualCurvesPlot, residual_curves};
pub use sparsea_plot::{Color, Figure, PlotError, Scale, Terminal, check_picture_path};
pub use stems::{StemsPlot, stems};
pub use style::algorithm_color;
pub use success_map::{SuccessMapPlot, SuccessPanel, success_map};
pub use support_comparison::{SupportComparisonPlot, SupportRow, support_comparison};
pub use trace::{TracePlot, trace};

use sparsea_plot::{Body, Chart, Entry, LegendPlace, Panel};

/// Width of a picture: longer series are drawn with finer lines.
const WIDTH: f64 = 900.0;

/// Panels below each other, with a legend above.
fn stack(title: &str, legend: Vec<Entry>, panels: Vec<Panel>) -> Result<Figure, PlotError> {
    Chart { title: title.to_string(), legend, body: Body::Stack { panels, legend: LegendPlace::Above } }.draw()
}

/// A panel with a legend beside it.
fn beside_legend(title: &str, legend: Vec<Entry>, panel: Panel) -> Result<Figure, PlotError> {
    let body = Body::Stack { panels: vec![panel], legend: LegendPlace::Right };
    Chart { title: title.to_string(), legend, body }.draw()
}

/// Values at 0, spacing, 2 spacing, …
fn series(values: &[f64], spacing: f64) -> Vec<(f64, f64)> {
    values.iter().enumerate().map(|(i, &v)| (i as f64 * spacing, v)).collect()
}

/// The entries of a sparse vector, given as positions and values.
fn spikes((positions, values): (&[usize], &[f64]), spacing: f64) -> Vec<(f64, f64)> {
    positions.iter().zip(values).map(|(&p, &v)| (p as f64 * spacing, v)).collect()
}
