//! Low panels below each other with their names on the left, as SVG.

use crate::chart::{Layer, Rows};
use crate::font::{shorten, text_width};
use crate::layers;
use crate::layout::{Frame, MARGIN, WIDTH, X_TICKS, draw_title, title_height};
use crate::legend::{self, Entry};
use crate::style::{FRAME, LABEL_SIZE, TEXT, TICK_SIZE};
use crate::svg::{Anchor, Svg};

/// Size of notes.
const SMALL: f64 = 11.0;
const GAP: f64 = 8.0;

pub(crate) fn draw(title: &str, entries: &[Entry], input: &Rows) -> (String, u32, u32) {
    let Rows { rows, .. } = input;
    let (x, mut y) = (input.x.ruler(X_TICKS), input.y.ruler(2));
    y.ticks.clear();
    y.minor.clear();
    let widest =
        rows.iter().map(|row| text_width(&row.name, LABEL_SIZE).max(text_width(&row.note, SMALL))).fold(0.0, f64::max);
    let label_width = widest.min(190.0);
    let left = MARGIN + label_width + 12.0;
    let width = WIDTH - left - MARGIN - 8.0;
    let title_height = title_height(title);
    let top = MARGIN + title_height + legend::rows_height(entries, width) + 6.0;
    let height = if rows.len() <= 9 { 64.0 } else { 48.0 };
    let bottom = top + rows.len() as f64 * (height + GAP) - GAP;
    let mut svg = Svg::new(WIDTH, bottom + TICK_SIZE + LABEL_SIZE + 34.0, title);
    draw_title(&mut svg, title, left, width);
    legend::draw_rows(&mut svg, entries, left, MARGIN + title_height, width);

    for (i, row) in rows.iter().enumerate() {
        let last = i + 1 == rows.len();
        let top = top + i as f64 * (height + GAP);
        let frame = Frame { left, top, width, height, x: x.clone(), y: y.clone() };
        frame.draw_border(&mut svg, last);
        let below = |layer: &&Layer| matches!(layer, Layer::Verticals { .. } | Layer::Zero);
        row.layers.iter().filter(below).for_each(|layer| layers::draw(&mut svg, &frame, layer));
        let middle = top + 0.5 * height;
        let at = left - 12.0;
        let shift = if row.note.is_empty() { 0.36 * LABEL_SIZE } else { -2.0 };
        let name = shorten(&row.name, LABEL_SIZE, label_width + 0.5);
        svg.text(at, middle + shift, LABEL_SIZE, Anchor::End, &name);
        svg.rotated_text((at, middle + 13.0), 0.0, SMALL, Anchor::End, FRAME, &row.note);
        row.layers.iter().filter(|layer| !below(layer)).for_each(|layer| layers::draw(&mut svg, &frame, layer));
        if last {
            frame.draw_x_ticks(&mut svg, false);
        }
    }
    let label = shorten(&x.labelled(&input.x_label), LABEL_SIZE, width);
    let at = (left + 0.5 * width, bottom + TICK_SIZE + LABEL_SIZE + 18.0);
    svg.rotated_text(at, 0.0, LABEL_SIZE, Anchor::Middle, TEXT, &label);
    svg.finish()
}
