//! Stacks of panels with aligned axes, their frames and labels.

use crate::axis::Ruler;
use crate::chart::{LegendPlace, Panel};
use crate::font::{shorten, text_width};
use crate::layers;
use crate::legend::{self, Entry};
use crate::style::{BASELINE, FRAME, GRID, LABEL_SIZE, Stroke, TEXT, TICK_SIZE, TITLE_SIZE};
use crate::svg::{Anchor, Path, Svg};
use crate::thin::Bounds;

/// Width of a figure.
pub(crate) const WIDTH: f64 = 900.0;
/// Room for about this many ticks along a full-width x axis.
pub(crate) const X_TICKS: usize = 9;
pub(crate) const MARGIN: f64 = 16.0;

/// A laid out panel: maps values to points of the picture.
pub(crate) struct Frame {
    pub left: f64,
    pub top: f64,
    pub width: f64,
    pub height: f64,
    pub x: Ruler,
    pub y: Ruler,
}

/// Number of ticks for a y axis of the given height.
pub(crate) fn y_ticks(height: f64) -> usize {
    ((height / 42.0) as usize).clamp(3, 8)
}

/// Draws panels below each other with title and legend.
pub(crate) fn stack(title: &str, entries: &[Entry], place: LegendPlace, panels: &[Panel]) -> (String, u32, u32) {
    let rulers: Vec<(Ruler, Ruler)> =
        panels.iter().map(|panel| (panel.x.ruler(X_TICKS), panel.y.ruler(y_ticks(panel.height)))).collect();
    let left = left_of(rulers.iter().map(|(_, y)| y));
    let column = match place {
        LegendPlace::Right if !entries.is_empty() => legend::column_width(entries, 230.0) + 18.0,
        _ => 0.0,
    };
    let width = WIDTH - left - MARGIN - 8.0 - column;
    let title_height = title_height(title);
    let legend_height = match place {
        LegendPlace::Above if !entries.is_empty() => legend::rows_height(entries, width) + 6.0,
        _ => 0.0,
    };
    let top = MARGIN + title_height + legend_height;

    let mut y = top;
    let mut frames = Vec::new();
    let mut below = Vec::new();
    for (i, (panel, rulers)) in panels.iter().zip(rulers).enumerate() {
        let mut frame = Frame { left, top: y, width, height: panel.height, x: rulers.0, y: rulers.1 };
        y += frame.height;
        let labelled = panel.x_label.is_some();
        let turned = labelled && frame.names_collide();
        if turned {
            frame.shorten_names();
        }
        let gap = match labelled {
            true => frame.x_label_height(turned) + LABEL_SIZE + 14.0,
            false => 14.0,
        };
        y += gap;
        below.push((turned, y));
        // Keeps an x label apart from the panel after it.
        y += if i + 1 < panels.len() && labelled { 12.0 } else { 0.0 };
        frames.push(frame);
    }
    // A legend column may be taller than the panels beside it.
    let bottom = match place {
        LegendPlace::Right => y.max(top + legend::column_height(entries)),
        LegendPlace::Above => y,
    };
    let mut svg = Svg::new(WIDTH, bottom + 8.0, title);
    draw_title(&mut svg, title, left, width);
    match place {
        LegendPlace::Above => legend::draw_rows(&mut svg, entries, left, MARGIN + title_height, width),
        LegendPlace::Right => legend::draw_column(&mut svg, entries, left + width + 18.0, top, column - 18.0),
    }
    for ((panel, frame), (turned, end)) in panels.iter().zip(&frames).zip(below) {
        frame.draw_border(&mut svg, true);
        frame.draw_y_label(&mut svg, &panel.y_label, MARGIN + LABEL_SIZE - 2.0);
        if let Some(label) = &panel.x_label {
            frame.draw_x_ticks(&mut svg, turned);
            let label = shorten(&frame.x.labelled(label), LABEL_SIZE, width);
            svg.text(left + 0.5 * width, end - 8.0, LABEL_SIZE, Anchor::Middle, &label);
        }
    }
    let is_guide = |layer: &&crate::Layer| matches!(layer, crate::Layer::Verticals { .. });
    for (panel, frame) in panels.iter().zip(&frames) {
        panel.layers.iter().filter(is_guide).for_each(|layer| layers::draw(&mut svg, frame, layer));
    }
    for (panel, frame) in panels.iter().zip(&frames) {
        panel.layers.iter().filter(|layer| !is_guide(layer)).for_each(|layer| layers::draw(&mut svg, frame, layer));
    }
    svg.finish()
}

/// Where panels begin, right of the y axes with their labels.
pub(crate) fn left_of<'a>(y: impl Iterator<Item = &'a Ruler>) -> f64 {
    let widths = y.flat_map(|y| &y.ticks).map(|tick| text_width(&tick.label, TICK_SIZE));
    MARGIN + LABEL_SIZE + 8.0 + widths.fold(16.0, f64::max) + 8.0
}

/// Room for the title, if there is one.
pub(crate) fn title_height(title: &str) -> f64 {
    if title.is_empty() { 0.0 } else { TITLE_SIZE + 10.0 }
}

/// Draws the title centred above the panels, smaller or cut if it is too long.
pub(crate) fn draw_title(svg: &mut Svg, title: &str, left: f64, width: f64) {
    let room = width + 0.5 * left;
    let fitting = TITLE_SIZE * room / text_width(title, TITLE_SIZE).max(1.0);
    let size = (fitting.min(TITLE_SIZE) * 10.0).floor() / 10.0;
    let size = size.max(11.0);
    let title = shorten(title, size, room);
    // Long titles are centred on the picture instead, to use its whole width.
    let centre = left + 0.5 * width;
    let half = 0.5 * text_width(&title, size);
    let centre = centre.min(WIDTH - MARGIN - half).max(MARGIN + half);
    svg.text(centre, MARGIN + TITLE_SIZE - 2.0, size, Anchor::Middle, &title);
}

impl Frame {
    pub(crate) fn px(&self, x: f64) -> f64 {
        self.left + self.width * self.x.at(x)
    }

    pub(crate) fn py(&self, y: f64) -> f64 {
        self.top + self.height * (1.0 - self.y.at(y))
    }

    pub(crate) fn point(&self, (x, y): (f64, f64)) -> (f64, f64) {
        (self.px(x), self.py(y))
    }

    pub(crate) fn bounds(&self) -> Bounds {
        Bounds { left: self.left, top: self.top, right: self.left + self.width, bottom: self.top + self.height }
    }

    /// Grid, ticks of the y axis and frame; with `stubs`, short tick marks outside the frame.
    pub(crate) fn draw_border(&self, svg: &mut Svg, stubs: bool) {
        let (right, bottom) = (self.left + self.width, self.top + self.height);
        let mut grid = Path::default();
        let mut marks = Path::default();
        for tick in &self.x.ticks {
            let x = self.left + self.width * tick.at;
            grid.segment((x, self.top), (x, bottom));
            if stubs {
                marks.segment((x, bottom), (x, bottom + 4.0));
            }
        }
        for at in self.x.minor.iter().filter(|_| stubs) {
            let x = self.left + self.width * at;
            marks.segment((x, bottom), (x, bottom + 2.0));
        }
        for tick in &self.y.ticks {
            let y = bottom - self.height * tick.at;
            grid.segment((self.left, y), (right, y));
            marks.segment((self.left - 4.0, y), (self.left, y));
            svg.text(self.left - 7.0, y + 0.36 * TICK_SIZE, TICK_SIZE, Anchor::End, &tick.label);
        }
        for at in &self.y.minor {
            let y = bottom - self.height * at;
            marks.segment((self.left - 2.0, y), (self.left, y));
        }
        svg.stroke(&grid, Stroke::solid(GRID, 0.8));
        svg.stroke(&marks, Stroke::solid(FRAME, 0.8));
        svg.stroke(&Path::rectangle(self.left, self.top, self.width, self.height), Stroke::solid(FRAME, 0.8));
    }

    /// The y label, turned upwards and made small enough for the panel.
    pub(crate) fn draw_y_label(&self, svg: &mut Svg, label: &str, x: f64) {
        let label = self.y.labelled(label);
        let room = self.height + 12.0;
        let fitting = LABEL_SIZE * room / text_width(&label, LABEL_SIZE).max(1.0);
        let size = ((fitting.min(LABEL_SIZE) * 10.0).floor() / 10.0).max(9.5);
        let label = shorten(&label, size, room.max(60.0));
        svg.rotated_text((x, self.top + 0.5 * self.height), -90.0, size, Anchor::Middle, TEXT, &label);
    }

    /// Whether tick labels need turning.
    fn names_collide(&self) -> bool {
        let widths: Vec<f64> = self.x.ticks.iter().map(|t| text_width(&t.label, TICK_SIZE)).collect();
        let gaps = self.x.ticks.windows(2).map(|t| (t[1].at - t[0].at) * self.width);
        let close = gaps.zip(widths.windows(2)).any(|(gap, w)| 0.5 * (w[0] + w[1]) + 8.0 > gap);
        close || widths.iter().any(|&w| w > WIDEST_NAME)
    }

    /// Cuts names to what fits when turned, without running out of the picture on the left.
    fn shorten_names(&mut self) {
        for tick in &mut self.x.ticks {
            let room = (self.left + self.width * tick.at - 4.0) / ANGLE.to_radians().cos();
            tick.label = shorten(&tick.label, TICK_SIZE, room.min(WIDEST_NAME));
        }
    }

    fn x_label_height(&self, turned: bool) -> f64 {
        let widest = self.x.ticks.iter().map(|t| text_width(&t.label, TICK_SIZE)).fold(0.0, f64::max);
        if turned { 12.0 + widest * ANGLE.to_radians().sin() + 6.0 } else { TICK_SIZE + 10.0 }
    }

    /// Labels of the x axis below the panel, turned if they would overlap.
    pub(crate) fn draw_x_ticks(&self, svg: &mut Svg, turned: bool) {
        let bottom = self.top + self.height;
        for tick in &self.x.ticks {
            let x = self.left + self.width * tick.at;
            if turned {
                let at = (x + 4.0, bottom + 13.0);
                svg.rotated_text(at, -ANGLE, TICK_SIZE, Anchor::End, TEXT, &tick.label);
            } else {
                svg.text(x, bottom + TICK_SIZE + 6.0, TICK_SIZE, Anchor::Middle, &tick.label);
            }
        }
    }

    /// The line y = 0.
    pub(crate) fn draw_zero(&self, svg: &mut Svg) {
        let y = self.py(0.0);
        svg.stroke(&Path::polyline([(self.left, y), (self.left + self.width, y)]), Stroke::solid(BASELINE, 0.9));
    }
}

/// Longer names are turned, and cut, even if there is room.
const WIDEST_NAME: f64 = 150.0;

/// Slope of turned tick labels, in degrees.
const ANGLE: f64 = 40.0;
