//! The objective over the iterations of one run.

use sparsea_plot::{Axis, Entry, Layer, Panel, Stroke, Symbol, check, number_label, palette};

use super::{Figure, PlotError, series, stack};

/// Input of [`trace`].
#[derive(Clone, Copy, Debug)]
pub struct TracePlot<'a> {
    /// Title above the picture; may be empty.
    pub title: &'a str,
    /// Objective of the support visited in each iteration.
    pub current: &'a [f64],
    /// Objective of the best support up to each iteration; as long as `current`.
    pub best: &'a [f64],
    /// Label of the y axis, such as `½‖y − A x‖²`.
    pub y_label: &'a str,
}

/// Draws the current and the best objective over the iterations. The scale is logarithmic if they span more than a decade.
pub fn trace(input: &TracePlot<'_>) -> Result<Figure, PlotError> {
    let TracePlot { current, best, .. } = *input;
    check::not_empty("trace", current.len())?;
    check::length("best objective", current.len(), best.len())?;
    check::numbers("current objective", current)?;
    check::numbers("best objective", best)?;

    // The step that led to the final value.
    let last = best.len() - 1;
    let improved = best.iter().rposition(|&v| v != best[last]).map_or(0, |i| i + 1);
    let current_stroke = Stroke::solid(palette::DATA, 0.9);
    let best_stroke = Stroke::solid(palette::BLUE, 2.4);
    let reached = format!("best so far ({} from iteration {improved} on)", number_label(best[last]));
    let entries = vec![
        Entry::new(Symbol::Line(current_stroke), "current support"),
        Entry::new(Symbol::Line(best_stroke), reached),
    ];
    // A step curve: the best value holds until the iteration that improves it.
    let steps = (0..2 * best.len() - 1).map(|i| (i.div_ceil(2) as f64, best[i / 2])).collect();
    let panel = Panel {
        height: 420.0,
        x: Axis::integers(0, current.len() - 1),
        y: Axis::log_or_values(current.iter().chain(best).copied()),
        y_label: input.y_label.to_string(),
        x_label: Some("iteration".to_string()),
        layers: vec![
            Layer::Line { points: series(current, 1.0), stroke: current_stroke, clip: false },
            Layer::Line { points: steps, stroke: best_stroke, clip: false },
            Layer::Dots { points: vec![(improved as f64, best[last])], color: palette::BLUE, radius: 4.0 },
        ],
    };
    stack(input.title, entries, vec![panel])
}
