//! The objective over the iterations of one run.

use super::axis::{Axis, number_label};
use super::data::{check_length, check_not_empty, check_values};
use super::layout::{LegendPlace, PanelSpec, X_TICKS, stack, y_ticks};
use super::legend::{Entry, Symbol};
use super::style::{BLUE, DATA};
use super::svg::{Path, Stroke};
use super::{Figure, PlotError};

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

/// Draws the current and the best objective over the iterations, logarithmically if they span more than a decade.
pub fn trace(input: &TracePlot<'_>) -> Result<Figure, PlotError> {
    let TracePlot { current, best, .. } = *input;
    check_not_empty("trace", current.len())?;
    check_length("best objective", current.len(), best.len())?;
    check_values("current objective", current)?;
    check_values("best objective", best)?;

    let height = 420.0;
    let spec = PanelSpec {
        height,
        x: Axis::integers(0, current.len() - 1, X_TICKS),
        y: Axis::log_or_values(current.iter().chain(best).copied(), y_ticks(height)),
        y_label: input.y_label.to_string(),
        x_label: Some("iteration".to_string()),
    };
    // The step that led to the final value.
    let last = best.len() - 1;
    let improved = best.iter().rposition(|&v| v != best[last]).map_or(0, |i| i + 1);
    let current_stroke = Stroke::solid(DATA, 0.9);
    let best_stroke = Stroke::solid(BLUE, 2.4);
    let reached = format!("best so far ({} from iteration {improved} on)", number_label(best[last]));
    let entries =
        [Entry::new(Symbol::Line(current_stroke), "current support"), Entry::new(Symbol::Line(best_stroke), reached)];
    let (mut svg, panels) = stack(input.title, &entries, LegendPlace::Above, vec![spec]);
    for panel in &panels {
        panel.draw_line(&mut svg, current.iter().enumerate().map(|(i, &v)| (i as f64, v)), current_stroke);
        // A step curve: the best value holds until the iteration that improves it.
        let steps = (0..2 * best.len() - 1).map(|i| (i.div_ceil(2) as f64, best[i / 2]));
        panel.draw_line(&mut svg, steps, best_stroke);
        let mut dot = Path::default();
        dot.circle((panel.px(improved as f64), panel.py(best[last])), 4.0);
        svg.fill(&dot, BLUE);
    }
    Ok(svg.finish())
}
