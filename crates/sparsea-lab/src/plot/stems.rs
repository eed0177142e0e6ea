//! Numbers at some of n positions.

use sparsea_plot::{Axis, Layer, Panel, check, extent, palette};

use super::{Figure, PlotError, spikes, stack};

/// Input of [`stems`].
#[derive(Clone, Copy, Debug)]
pub struct StemsPlot<'a> {
    /// Title above the picture; may be empty.
    pub title: &'a str,
    /// Number of positions.
    pub n: usize,
    /// The positions of the numbers, in any order.
    pub places: &'a [usize],
    /// The numbers.
    pub values: &'a [f64],
    /// Label of the x axis.
    pub x_label: &'a str,
    /// Label of the y axis.
    pub y_label: &'a str,
}

/// Draws the numbers as stems over their positions.
pub fn stems(input: &StemsPlot<'_>) -> Result<Figure, PlotError> {
    check::not_empty("places", input.n)?;
    check::spikes("values", input.n, (input.places, input.values))?;
    let panel = Panel {
        height: 320.0,
        x: Axis::positions(input.n, 1.0),
        y: Axis::values(extent(input.values.iter().copied().chain([0.0])).unwrap_or_default()),
        y_label: input.y_label.to_string(),
        x_label: Some(input.x_label.to_string()),
        layers: vec![
            Layer::Zero,
            Layer::Stems {
                points: spikes((input.places, input.values), 1.0),
                color: palette::BLUE,
                crossed: false,
                limit: None,
            },
        ],
    };
    stack(input.title, Vec::new(), vec![panel])
}
