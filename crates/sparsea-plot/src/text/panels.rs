//! Panels with axes, as text.

use super::canvas::{Area, Canvas, shorten, width_of};
use super::{Terminal, character, is_fine, shares, widest_in};
use crate::axis::{Axis, Ruler};
use crate::chart::{Layer, Panel, Row, Rows};
use crate::style::{BASELINE, Color, CurveStyle, Stroke, palette};
use crate::thin::{Bounds, decimate};

/// Draws panels below each other.
pub(super) fn stack(canvas: &mut Canvas, panels: &[Panel], terminal: Terminal) {
    // Each has a line for its label, those with an x label three below.
    let around: usize = panels.iter().map(|panel| if panel.x_label.is_some() { 4 } else { 1 }).sum();
    let lines = terminal.lines.saturating_sub(canvas.rows() + around);
    let heights = shares(panels, lines);
    let rulers: Vec<Ruler> = panels.iter().zip(&heights).map(|(panel, &rows)| upright(&panel.y, rows)).collect();
    let left = 1 + rulers.iter().flat_map(|y| &y.ticks).map(|tick| width_of(&tick.label)).max().unwrap_or(0);
    for ((panel, y), rows) in panels.iter().zip(rulers).zip(heights) {
        if let Some(names) = panel.x.slots() {
            named(canvas, panel, names, terminal);
            continue;
        }
        let label = canvas.add_rows(1);
        canvas.write(label, (0, terminal.columns), &y.labelled(&panel.y_label), None);
        let area = Area { left: left + 1, top: canvas.add_rows(rows), columns: terminal.columns - left - 1, rows };
        draw_side(canvas, area, &y);
        draw_layers(canvas, area, (&panel.x, &panel.y), &panel.layers, terminal.color);
        if let Some(label) = &panel.x_label {
            draw_bottom(canvas, area, &panel.x, label);
        }
    }
}

/// Draws low panels with their names on the left.
pub(super) fn rows(canvas: &mut Canvas, input: &Rows, terminal: Terminal) {
    const WIDEST: usize = 20;
    let names = input.rows.iter().map(|row| width_of(&row.name).max(width_of(&row.note)));
    let left = names.max().unwrap_or(0).min(WIDEST) + 1;
    let mut area = Area { left: left + 1, top: 0, columns: terminal.columns - left - 1, rows: 3 };
    for Row { name, note, layers } in &input.rows {
        area.top = canvas.add_rows(area.rows);
        for row in 0..area.rows {
            canvas.put(area.top + row, left, '│', None);
        }
        let middle = area.top + usize::from(note.is_empty());
        canvas.write_before(middle, left - 1, name);
        canvas.write_before(middle + 1, left - 1, note);
        draw_layers(canvas, area, (&input.x, &input.y), layers, terminal.color);
    }
    if !input.rows.is_empty() {
        draw_bottom(canvas, area, &input.x, &input.x_label);
    }
}

/// An axis with as many ticks as there are lines for.
fn upright(axis: &Axis, rows: usize) -> Ruler {
    let mut ruler = axis.ruler((rows / 3).clamp(2, 6));
    ruler.thin(rows as f64 - 0.25, 0.0, |_| 1.0);
    ruler
}

/// The vertical axis.
fn draw_side(canvas: &mut Canvas, area: Area, y: &Ruler) {
    for row in 0..area.rows {
        canvas.put(area.top + row, area.left - 1, '│', None);
    }
    for tick in &y.ticks {
        let Some(row) = within(1.0 - tick.at, 4 * area.rows).map(|y| area.top + y / 4) else { continue };
        canvas.put(row, area.left - 1, '┤', None);
        canvas.write_before(row, area.left - 1, &tick.label);
    }
}

/// The horizontal axis, its labels, and what it shows.
fn draw_bottom(canvas: &mut Canvas, area: Area, axis: &Axis, label: &str) {
    let mut x = axis.ruler((area.columns / 12).clamp(2, 9));
    x.thin(area.columns as f64, 2.0, |label| width_of(label) as f64);
    let row = canvas.add_rows(3);
    canvas.put(row, area.left - 1, '└', None);
    for column in 0..area.columns {
        canvas.put(row, area.left + column, '─', None);
    }
    for tick in &x.ticks {
        let Some(column) = within(tick.at, 2 * area.columns).map(|x| area.left + x / 2) else { continue };
        canvas.put(row, column, '┬', None);
        let width = width_of(&tick.label);
        let from = column.saturating_sub(width / 2).min(canvas.columns().saturating_sub(width));
        canvas.write(row + 1, (from, canvas.columns()), &tick.label, None);
    }
    canvas.write_centred(row + 2, (area.left, area.left + area.columns), &x.labelled(label));
}

/// A panel with a name for each slot of its x axis, turned: a line for each name.
fn named(canvas: &mut Canvas, panel: &Panel, names: &[String], terminal: Terminal) {
    const WIDEST: usize = 24;
    let left = names.iter().map(|name| width_of(name)).max().unwrap_or(0).min(WIDEST) + 1;
    let area = Area {
        left: left + 1,
        top: canvas.add_rows(names.len()),
        columns: terminal.columns - left - 1,
        rows: names.len(),
    };
    for (row, name) in names.iter().enumerate() {
        let short = shorten(name, left - 1);
        canvas.write_before(area.top + row, left - 1, &short);
        canvas.put(area.top + row, area.left - 1, '│', None);
    }
    let column =
        |value: f64| area.left + within(panel.y.at(value).clamp(0.0, 1.0), 2 * area.columns).map_or(0, |x| x / 2);
    let zero = column(0.0);
    for row in 0..area.rows {
        canvas.put_under(area.top + row, zero, '│', Some(BASELINE));
    }
    for layer in &panel.layers {
        if let Layer::Stems { points, color, crossed, .. } = layer {
            for &(at, value) in points.iter().filter(|p| !p.1.is_nan()) {
                let (row, end) = (area.top + (at.max(0.0) as usize).min(area.rows.saturating_sub(1)), column(value));
                for between in zero.min(end)..=zero.max(end) {
                    canvas.put(row, between, '━', Some(*color));
                }
                canvas.put(row, end, if *crossed { '×' } else { '●' }, Some(*color));
            }
        }
    }
    draw_bottom(canvas, area, &panel.y, &panel.y_label);
}

/// Maps values to dots of a canvas.
struct Dots<'a> {
    canvas: &'a mut Canvas,
    area: Area,
    axes: (&'a Axis, &'a Axis),
    /// Whether colours tell lines apart.
    color: bool,
}

fn draw_layers(canvas: &mut Canvas, area: Area, axes: (&Axis, &Axis), layers: &[Layer], color: bool) {
    let widest = widest_in(layers);
    let mut dots = Dots { canvas, area, axes, color };
    layers.iter().for_each(|layer| dots.draw(layer, widest));
}

impl Dots<'_> {
    fn draw(&mut self, layer: &Layer, widest: f64) {
        match layer {
            Layer::Zero => {
                if let Some(y) = self.y(0.0) {
                    for column in self.area.left..self.area.left + self.area.columns {
                        self.canvas.put_under(y / 4, column, '─', Some(BASELINE));
                    }
                }
            }
            Layer::Verticals { at, stroke } => {
                for column in at.iter().filter_map(|&x| Some(self.x(x)? / 2)).collect::<Vec<_>>() {
                    for row in self.area.top..self.area.top + self.area.rows {
                        let character = if stroke.dash.is_empty() { '│' } else { '┊' };
                        self.canvas.put_under(row, column, character, Some(stroke.color));
                    }
                }
            }
            Layer::Line { points, stroke, .. } => {
                self.line(points, *stroke, !self.color && is_fine(*stroke, widest));
            }
            Layer::Curve { points, style, .. } => self.curve(points, *style),
            // Areas would hide what they surround.
            Layer::Band { .. } => {}
            Layer::Stems { points, color, crossed, limit } => self.stems(points, *color, *crossed, *limit),
            Layer::Rings { points, color } => {
                for (row, column) in self.cells(points) {
                    let both = self.canvas.over(row, column) == Some('●');
                    self.canvas.put(row, column, if both { '◉' } else { '○' }, Some(*color));
                }
            }
            Layer::Dots { points, color, .. } => {
                // Where they are close, the line is enough.
                if 3 * points.len() <= self.area.columns {
                    for (row, column) in self.cells(points) {
                        self.canvas.put(row, column, '•', Some(*color));
                    }
                }
            }
            Layer::Labels { beside, left, names } => self.labels(*beside, *left, names),
        }
    }

    /// The dot of a value of x, if the axis shows it.
    fn x(&self, x: f64) -> Option<usize> {
        within(self.axes.0.at(x), 2 * self.area.columns).map(|at| 2 * self.area.left + at)
    }

    fn y(&self, y: f64) -> Option<usize> {
        within(1.0 - self.axes.1.at(y), 4 * self.area.rows).map(|at| 4 * self.area.top + at)
    }

    /// The cells of points.
    fn cells(&self, points: &[(f64, f64)]) -> Vec<(usize, usize)> {
        points.iter().filter_map(|&(x, y)| Some((self.y(y)? / 4, self.x(x)? / 2))).collect()
    }

    /// A point in dots from the upper left corner of the panel.
    fn place(&self, (x, y): (f64, f64)) -> (f64, f64) {
        let (across, down) = (2 * self.area.columns, 4 * self.area.rows);
        (self.axes.0.at(x) * (across - 1) as f64, (1.0 - self.axes.1.at(y)) * (down - 1) as f64)
    }

    fn runs(&self, points: &[(f64, f64)]) -> Vec<Vec<(f64, f64)>> {
        points
            .split(|p| p.1.is_nan())
            .filter(|run| !run.is_empty())
            .map(|run| decimate(run.iter().map(|&p| self.place(p)), 1.0))
            .collect()
    }

    fn bounds(&self) -> Bounds {
        let (right, bottom) = ((2 * self.area.columns - 1) as f64, (4 * self.area.rows - 1) as f64);
        Bounds { left: 0.0, top: 0.0, right, bottom }
    }

    fn line(&mut self, points: &[(f64, f64)], stroke: Stroke, dotted: bool) {
        let bounds = self.bounds();
        for run in self.runs(points) {
            if dotted || run.len() == 1 {
                for &at in run.iter().filter(|&&at| bounds.contains(at)) {
                    self.set(at, stroke.color);
                }
                continue;
            }
            for piece in bounds.clip(&run) {
                for ends in piece.windows(2) {
                    self.segment(ends[0], ends[1], stroke);
                }
            }
        }
    }

    fn set(&mut self, (x, y): (f64, f64), color: Color) {
        let (x, y) = (x.round().max(0.0) as usize, y.round().max(0.0) as usize);
        self.canvas.dot(2 * self.area.left + x, 4 * self.area.top + y, Some(color));
    }

    fn segment(&mut self, (x0, y0): (f64, f64), (x1, y1): (f64, f64), stroke: Stroke) {
        let steps = (x1 - x0).abs().max((y1 - y0).abs()).ceil().max(1.0) as usize;
        for step in 0..=steps {
            let t = step as f64 / steps as f64;
            let at = (x0 + t * (x1 - x0), y0 + t * (y1 - y0));
            // Dashes of three dots.
            if stroke.dash.is_empty() || (at.0 + at.1).round() as i64 % 4 != 0 {
                self.set(at, stroke.color);
            }
        }
    }

    fn curve(&mut self, points: &[(f64, f64)], style: CurveStyle) {
        /// In dots.
        const APART: f64 = 8.0;
        let CurveStyle { color, width, dash, .. } = style;
        self.line(points, Stroke { color, width, dash }, false);
        let Some(marker) = style.marker else { return };
        let bounds = self.bounds();
        let mut last: Option<(f64, f64)> = None;
        for at in self.runs(points).into_iter().flatten().filter(|&at| bounds.contains(at)) {
            if last.is_none_or(|last| (at.0 - last.0).hypot(at.1 - last.1) >= APART) {
                last = Some(at);
                let (column, row) = (at.0.round() as usize / 2, at.1.round() as usize / 4);
                let marker = character(marker, style.hollow);
                self.canvas.put(self.area.top + row, self.area.left + column, marker, Some(color));
            }
        }
    }

    fn stems(&mut self, points: &[(f64, f64)], color: Color, crossed: bool, limit: Option<f64>) {
        let limit = limit.map_or(f64::INFINITY, f64::abs);
        let zero = self.place((0.0, 0.0)).1.clamp(0.0, self.bounds().bottom);
        let stroke = Stroke::solid(color, 1.0);
        // Ends of many stems would be all that is seen.
        let ends = points.len() <= self.area.columns;
        for &(x, y) in points.iter().filter(|p| !p.1.is_nan()) {
            let at = self.place((x, y.clamp(-limit, limit)));
            let piece = self.bounds().clip(&[(at.0, zero), at]);
            for ends in piece.iter().flat_map(|piece| piece.windows(2)) {
                self.segment(ends[0], ends[1], stroke);
            }
            let end = match (y > limit * 1.000001, y < -limit * 1.000001) {
                (true, _) => '▲',
                (_, true) => '▼',
                _ if crossed => '×',
                _ => '●',
            };
            if ends && self.bounds().contains(at) {
                let (column, row) = (at.0.round() as usize / 2, at.1.round() as usize / 4);
                self.canvas.put(self.area.top + row, self.area.left + column, end, Some(color));
            }
        }
    }

    /// Names beside a vertical line, moved apart.
    fn labels(&mut self, beside: f64, left: bool, names: &[(f64, String)]) {
        let Some(column) = self.x(beside).map(|x| x / 2) else { return };
        let mut places: Vec<(usize, &str)> =
            names.iter().filter_map(|(y, name)| Some((self.y(*y)? / 4, name.as_str()))).collect();
        places.sort_by_key(|place| place.0);
        // Down from the top, then up from the bottom; those for which there is no line are left out.
        places.truncate(self.area.rows);
        let (mut free, mut end) = (self.area.top, self.area.top + self.area.rows);
        for place in &mut places {
            place.0 = place.0.max(free);
            free = place.0 + 1;
        }
        for place in places.iter_mut().rev() {
            place.0 = place.0.min(end - 1);
            end = place.0;
        }
        // What is drawn keeps most of the panel.
        let most = (self.area.columns / 3).max(8);
        for (row, name) in places {
            let name = shorten(name, most);
            if left {
                self.canvas.write_before(row, column, &name);
            } else {
                self.canvas.write(row, (column + 1, self.area.left + self.area.columns), &name, Some(palette::BLACK));
            }
        }
    }
}

/// The dot of a share from 0 to 1, of `dots`.
fn within(share: f64, dots: usize) -> Option<usize> {
    (-1e-9..=1.0 + 1e-9).contains(&share).then(|| (share * (dots - 1) as f64).round().max(0.0) as usize)
}
