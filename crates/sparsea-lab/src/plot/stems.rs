//! Numbers at some of n places.

use super::axis::Axis;
use super::data::{check_not_empty, check_spikes, extent};
use super::layout::{LegendPlace, PanelSpec, X_TICKS, stack, y_ticks};
use super::style::BLUE;
use super::{Figure, PlotError};

/// Input of [`stems`].
#[derive(Clone, Copy, Debug)]
pub struct StemsPlot<'a> {
    /// Title above the picture; may be empty.
    pub title: &'a str,
    /// Number of places.
    pub n: usize,
    /// Where there are numbers, in any order.
    pub places: &'a [usize],
    /// The numbers.
    pub values: &'a [f64],
    /// Label of the x axis.
    pub x_label: &'a str,
    /// Label of the y axis.
    pub y_label: &'a str,
}

/// Draws the numbers as stems over their places.
pub fn stems(input: &StemsPlot<'_>) -> Result<Figure, PlotError> {
    check_not_empty("places", input.n)?;
    check_spikes("values", input.n, (input.places, input.values))?;
    let height = 320.0;
    let spec = PanelSpec {
        height,
        x: Axis::positions(input.n, 1.0, X_TICKS),
        y: Axis::values(extent(input.values.iter().copied().chain([0.0])).unwrap_or_default(), y_ticks(height)),
        y_label: input.y_label.to_string(),
        x_label: Some(input.x_label.to_string()),
    };
    let (mut svg, panels) = stack(input.title, &[], LegendPlace::Above, vec![spec]);
    if let Some(panel) = panels.first() {
        panel.draw_zero(&mut svg);
        panel.draw_stems(&mut svg, &panel.spike_points((input.places, input.values), 1.0), BLUE);
    }
    Ok(svg.finish())
}
