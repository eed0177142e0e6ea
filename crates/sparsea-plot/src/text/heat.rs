//! Heat maps and images, as text.

use super::Terminal;
use super::canvas::{Area, Canvas, width_of};
use crate::axis::{Axis, Ruler, Scale, number_label};
use crate::chart::{Images, Maps};
use crate::maps::{edges, ends};
use crate::style::scale_color;

/// A cell without a value.
pub(super) const MISSING: char = '·';
/// A line over cells.
pub(super) const LINE: char = '∙';
/// From 0 to 1, without colours.
const SHADES: [char; 5] = [' ', '░', '▒', '▓', '█'];
/// Between panels.
const GAP: usize = 2;

/// Draws heat maps in rows.
pub(super) fn maps(canvas: &mut Canvas, input: &Maps, color: bool) {
    let (x_edges, y_edges) = (edges(&input.x, input.x_scale), edges(&input.y, input.y_scale));
    let (x, y) = (Axis::exactly(ends(&x_edges), input.x_scale), Axis::exactly(ends(&y_edges), input.y_scale));
    let in_row = input.maps.len().clamp(1, 3);
    let mut side = y.ruler(4);
    let left = side.ticks.iter().map(|tick| width_of(&tick.label)).max().unwrap_or(0) + 1;
    let columns = ((canvas.columns() - left) / in_row).saturating_sub(GAP).clamp(4, 48);
    let rows = (2 * columns).div_ceil(5);
    side.thin(rows as f64, 0.0, |_| 1.0);
    let row = canvas.add_rows(1);
    canvas.write(row, (0, canvas.columns()), &side.labelled(&input.y_label), None);
    // The cell at a place of an axis, from 0 to 1.
    let cell = |axis: &Axis, edges: &[f64], at: f64| {
        edges.windows(2).position(|pair| (axis.at(pair[0])..=axis.at(pair[1])).contains(&at)).unwrap_or(0)
    };
    for line in input.maps.chunks(in_row) {
        let names = canvas.add_rows(1);
        let top = canvas.add_rows(rows);
        for (at, map) in line.iter().enumerate() {
            let area = Area { left: left + at * (columns + GAP), top, columns, rows };
            canvas.write_centred(names, (area.left, area.left + columns), &map.name);
            let value = |across: f64, up: f64| {
                let (column, row) = (cell(&x, &x_edges, across), cell(&y, &y_edges, up));
                map.values.get(row * input.x.len() + column).copied().unwrap_or(f64::NAN)
            };
            draw_cells(canvas, area, color, value);
            for &(along, height) in map.line.iter().filter(|p| !p.1.is_nan()) {
                let (across, up) = (x.at(along), y.at(height));
                if (0.0..=1.0).contains(&across) && (0.0..=1.0).contains(&up) {
                    canvas.put(top + part(1.0 - up, rows), area.left + part(across, columns), LINE, None);
                }
            }
        }
        draw_side(canvas, Area { left, top, columns, rows }, &side, false);
    }
    let areas = (0..input.maps.len().min(in_row)).map(|at| (left + at * (columns + GAP), columns));
    draw_bottom(canvas, &x, areas.collect(), &input.x_label);
    if let [(_, first), .., (_, last)] = &input.bar[..] {
        draw_bar(canvas, (first, last), color);
    }
}

/// Draws images side by side.
pub(super) fn images(canvas: &mut Canvas, input: &Images, terminal: Terminal) {
    let (height, width) = input.shape;
    let axis = |count: usize| Axis::exactly((-0.5, count as f64 - 0.5), Scale::Linear);
    let (x, y) = (axis(width), axis(height));
    let count = input.images.len().max(1);
    let mut side = y.ruler(4);
    let left = side.ticks.iter().map(|tick| width_of(&tick.label)).max().unwrap_or(0) + 1;
    let room = ((canvas.columns() - left) / count).saturating_sub(GAP).max(4);
    // A character is about twice as tall as wide.
    let lines = terminal.lines.saturating_sub(canvas.rows() + 6).max(6);
    let rows = (room * height).div_ceil(2 * width.max(1)).clamp(1, lines);
    let columns = (2 * rows * width / height.max(1)).clamp(4.min(room), room);
    side.thin(rows as f64, 0.0, |_| 1.0);
    let names = canvas.add_rows(1);
    let top = canvas.add_rows(rows);
    for (at, image) in input.images.iter().enumerate() {
        let area = Area { left: left + at * (room + GAP), top, columns, rows };
        canvas.write(names, (area.left, area.left + room + GAP - 1), &image.name, None);
        let (lo, hi) = image.range;
        let span = 0.5 * hi - 0.5 * lo;
        // Of the pixels in a part, the one that differs most from none.
        let value = |across: std::ops::Range<f64>, down: std::ops::Range<f64>| {
            let pixels = |range: std::ops::Range<f64>, len: usize| {
                let from = ((range.start * len as f64 + 1e-9) as usize).min(len - 1);
                from..((range.end * len as f64 - 1e-9).ceil() as usize).clamp(from + 1, len)
            };
            let columns = pixels(across, width);
            let strongest = pixels(down, height)
                .flat_map(|row| image.values[row * width + columns.start..row * width + columns.end].iter().copied())
                .reduce(|a, b| if b.abs() > a.abs() { b } else { a });
            let value = strongest.unwrap_or(f64::NAN);
            if span > 0.0 { (0.5 * value - 0.5 * lo) / span } else { 0.0 }
        };
        for row in 0..rows {
            for column in 0..columns {
                let across = column as f64 / columns as f64..(column + 1) as f64 / columns as f64;
                let half = |which: usize| {
                    let at = (2 * row + which) as f64;
                    value(across.clone(), at / (2 * rows) as f64..(at + 1.0) / (2 * rows) as f64)
                };
                draw_cell(canvas, (top + row, area.left + column), (half(0), half(1)), terminal.color);
            }
        }
        for &(row, column) in &image.rings {
            let (row, column) = ((row as f64 + 0.5) / height as f64, (column as f64 + 0.5) / width as f64);
            canvas.put(top + part(row, rows), area.left + part(column, columns), '○', None);
        }
    }
    draw_side(canvas, Area { left, top, columns, rows }, &side, true);
    draw_bottom(canvas, &x, vec![(left, columns)], &input.x_label);
    draw_bar(canvas, (&number_label(input.bar.0), &number_label(input.bar.1)), terminal.color);
}

/// Fills an area with the values at its places, from 0 to 1 across and upwards.
fn draw_cells(canvas: &mut Canvas, area: Area, color: bool, value: impl Fn(f64, f64) -> f64) {
    for row in 0..area.rows {
        for column in 0..area.columns {
            let across = (column as f64 + 0.5) / area.columns as f64;
            let up = |quarters: f64| 1.0 - (row as f64 + quarters) / area.rows as f64;
            let halves = (value(across, up(0.25)), value(across, up(0.75)));
            draw_cell(canvas, (area.top + row, area.left + column), halves, color);
        }
    }
}

/// One character: two colours, or a shade.
fn draw_cell(canvas: &mut Canvas, (row, column): (usize, usize), (upper, lower): (f64, f64), color: bool) {
    if upper.is_nan() || lower.is_nan() {
        return canvas.put(row, column, MISSING, None);
    }
    if color {
        return canvas.halves(row, column, scale_color(upper), scale_color(lower));
    }
    let shade = (0.5 * (upper + lower)).clamp(0.0, 1.0) * (SHADES.len() - 1) as f64;
    canvas.put(row, column, SHADES[shade.round() as usize], None);
}

/// Labels on the left; of an image, from top to bottom.
fn draw_side(canvas: &mut Canvas, area: Area, ruler: &Ruler, down: bool) {
    for tick in &ruler.ticks {
        let at = if down { tick.at } else { 1.0 - tick.at };
        canvas.write_before(area.top + part(at, area.rows), area.left - 1, &tick.label);
    }
}

/// Labels below panels, given by their first column and their width, and what the axis shows.
fn draw_bottom(canvas: &mut Canvas, axis: &Axis, areas: Vec<(usize, usize)>, label: &str) {
    let row = canvas.add_rows(2);
    for &(left, columns) in &areas {
        let mut ruler = axis.ruler((columns / 8).clamp(2, 6));
        ruler.thin(columns as f64, 1.0, |label| width_of(label) as f64);
        let mut free = 0;
        for tick in &ruler.ticks {
            let middle = left + part(tick.at, columns);
            let from = middle.saturating_sub(width_of(&tick.label) / 2).max(free);
            free = canvas.write(row, (from, canvas.columns()), &tick.label, None) + 1;
        }
    }
    let end = areas.last().map_or(0, |(left, columns)| left + columns);
    let begin = areas.first().map_or(0, |area| area.0);
    canvas.write_centred(row + 1, (begin, end.max(begin + width_of(label)).min(canvas.columns())), label);
}

/// The colours and the values at their ends.
fn draw_bar(canvas: &mut Canvas, (first, last): (&str, &str), color: bool) {
    const COLUMNS: usize = 20;
    let row = canvas.add_rows(1);
    let from = (canvas.columns() - COLUMNS) / 2;
    canvas.write_before(row, from - 1, first);
    for column in 0..COLUMNS {
        let share = column as f64 / (COLUMNS - 1) as f64;
        draw_cell(canvas, (row, from + column), (share, share), color);
    }
    canvas.write(row, (from + COLUMNS + 1, canvas.columns()), last, None);
}

/// The one of `parts` in which a share lies.
fn part(share: f64, parts: usize) -> usize {
    (share * parts as f64).floor().clamp(0.0, parts as f64 - 1.0) as usize
}
