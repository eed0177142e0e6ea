//! Coefficients of a sparse solution and its residual.

use sparsea_plot::{Axis, Layer, Panel, Stroke, check, extent, palette};

use super::{Figure, PlotError, WIDTH, series, spikes, stack};

/// With more variables than this, names give way to an index axis.
const MOST_NAMES: usize = 25;

/// Input of [`coefficients`].
#[derive(Clone, Copy, Debug)]
pub struct CoefficientsPlot<'a> {
    /// Title above the picture; may be empty.
    pub title: &'a str,
    /// Number of columns of A, that is, the length of x.
    pub n: usize,
    /// Indices of the non-zero coefficients, in any order.
    pub support: &'a [usize],
    /// The sizes of the non-zero coefficients, in the order of `support`.
    pub values: &'a [f64],
    /// Names of the chosen variables, in the order of `support`. Up to 25 of them replace the index axis.
    pub names: Option<&'a [String]>,
    /// The residual y − A x in the same terms; drawn in a separate panel if given.
    pub residual: Option<&'a [f64]>,
    /// What the values are.
    pub sizes: Sizes,
}

/// What is drawn of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sizes {
    /// The real number itself.
    Values,
    /// The magnitude of a complex number.
    Magnitudes,
    /// The norm of a row of several right-hand sides.
    Norms,
}

/// Draws the non-zero coefficients as stems over their index or name, and the residual below them.
pub fn coefficients(input: &CoefficientsPlot<'_>) -> Result<Figure, PlotError> {
    let CoefficientsPlot { n, support, values, residual, .. } = *input;
    check::not_empty("coefficients", n)?;
    check::spikes("coefficients", n, (support, values))?;
    if let Some(names) = input.names {
        check::length("names", support.len(), names.len())?;
    }
    if let Some(residual) = residual {
        check::not_empty("residual", residual.len())?;
        check::numbers("residual", residual)?;
    }

    let mut order: Vec<usize> = (0..support.len()).collect();
    order.sort_by_key(|&i| support[i]);
    let names = input.names.filter(|names| (1..=MOST_NAMES).contains(&names.len()));
    let sorted: Vec<f64> = order.iter().map(|&i| values[i]).collect();
    // Named variables get evenly spaced slots: their indices may be too close for names.
    let (x, places, x_label): (Axis, Vec<usize>, &str) = match names {
        Some(names) => {
            let labels = order.iter().map(|&i| names[i].clone()).collect();
            (Axis::names(labels), (0..names.len()).collect(), "chosen variable")
        }
        None => (Axis::positions(n, 1.0), order.iter().map(|&i| support[i]).collect(), "index j"),
    };
    let labels = match input.sizes {
        Sizes::Values => ("coefficient xⱼ", "y − A x"),
        Sizes::Magnitudes => ("coefficient magnitude |xⱼ|", "|y − A x|"),
        Sizes::Norms => ("row norm ‖xⱼ‖", "‖y − A x‖"),
    };
    let from_zero = |values: &[f64]| Axis::values(extent(values.iter().copied().chain([0.0])).unwrap_or_default());
    let mut panels = vec![Panel {
        height: if residual.is_some() { 260.0 } else { 380.0 },
        x,
        y: from_zero(&sorted),
        y_label: labels.0.to_string(),
        x_label: Some(x_label.to_string()),
        layers: vec![
            Layer::Zero,
            Layer::Stems { points: spikes((&places, &sorted), 1.0), color: palette::BLUE, crossed: false, limit: None },
        ],
    }];
    if let Some(residual) = residual {
        let width = if residual.len() as f64 > 2.0 * WIDTH { 0.7 } else { 1.0 };
        let stroke = Stroke::solid(palette::RESIDUAL, width);
        panels.push(Panel {
            height: 120.0,
            x: Axis::positions(residual.len(), 1.0),
            y: from_zero(residual),
            y_label: labels.1.to_string(),
            x_label: Some("index i".to_string()),
            layers: vec![Layer::Zero, Layer::Line { points: series(residual, 1.0), stroke, clip: false }],
        });
    }
    stack(input.title, Vec::new(), panels)
}
