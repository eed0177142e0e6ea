//! Stacks of panels with aligned axes, their frames and labels.

use super::axis::Axis;
use super::data::{Bounds, Spikes, decimate};
use super::font::{shorten, text_width};
use super::legend::{self, Entry};
use super::style::{BASELINE, Color, FRAME, GRID, LABEL_SIZE, TEXT, TICK_SIZE, TITLE_SIZE};
use super::svg::{Anchor, Path, Stroke, Svg};

/// Width of a figure.
pub(super) const WIDTH: f64 = 900.0;
/// Room for about this many ticks along a full-width x axis.
pub(super) const X_TICKS: usize = 9;
const MARGIN: f64 = 16.0;

/// A panel to be laid out.
pub(super) struct PanelSpec {
    pub height: f64,
    pub x: Axis,
    pub y: Axis,
    pub y_label: String,
    /// Label below the panel; without it, the panel shares the x axis of the next one.
    pub x_label: Option<String>,
}

/// A laid out panel: maps values to points of the picture.
pub(super) struct Panel {
    pub left: f64,
    pub top: f64,
    pub width: f64,
    pub height: f64,
    pub x: Axis,
    pub y: Axis,
}

/// Number of ticks for a y axis of the given height.
pub(super) fn y_ticks(height: f64) -> usize {
    ((height / 42.0) as usize).clamp(3, 8)
}

/// Where a stack's legend goes.
pub(super) enum LegendPlace {
    Above,
    Right,
}

/// Lays out panels below each other with title and legend, and draws their frames.
pub(super) fn stack(title: &str, entries: &[Entry], place: LegendPlace, specs: Vec<PanelSpec>) -> (Svg, Vec<Panel>) {
    let tick_width =
        specs.iter().flat_map(|s| &s.y.ticks).map(|t| text_width(&t.label, TICK_SIZE)).fold(16.0, f64::max);
    let left = MARGIN + LABEL_SIZE + 8.0 + tick_width + 8.0;
    let column = match place {
        LegendPlace::Right if !entries.is_empty() => legend::column_width(entries, 230.0) + 18.0,
        _ => 0.0,
    };
    let width = WIDTH - left - MARGIN - 8.0 - column;
    let title_height = if title.is_empty() { 0.0 } else { TITLE_SIZE + 10.0 };
    let legend_height = match place {
        LegendPlace::Above if !entries.is_empty() => legend::rows_height(entries, width) + 6.0,
        _ => 0.0,
    };
    let top = MARGIN + title_height + legend_height;

    let mut y = top;
    let mut panels = Vec::new();
    let mut below = Vec::new();
    let count = specs.len();
    for (i, spec) in specs.into_iter().enumerate() {
        let mut panel = Panel { left, top: y, width, height: spec.height, x: spec.x, y: spec.y };
        y += panel.height;
        let labelled = spec.x_label.is_some();
        let turned = labelled && panel.names_collide();
        if turned {
            panel.shorten_names();
        }
        let gap = match &spec.x_label {
            Some(_) => panel.x_label_height(turned) + LABEL_SIZE + 14.0,
            None => 14.0,
        };
        y += gap;
        below.push((spec.y_label, spec.x_label, turned, y));
        // Keeps an x label apart from the panel after it.
        y += if i + 1 < count && labelled { 12.0 } else { 0.0 };
        panels.push(panel);
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
    for (panel, (y_label, x_label, turned, end)) in panels.iter().zip(below) {
        panel.draw_frame(&mut svg, true);
        panel.draw_y_label(&mut svg, &y_label, MARGIN + LABEL_SIZE - 2.0);
        if let Some(label) = x_label {
            panel.draw_x_ticks(&mut svg, turned);
            let label = shorten(&panel.x.labelled(&label), LABEL_SIZE, width);
            svg.text(left + 0.5 * width, end - 8.0, LABEL_SIZE, Anchor::Middle, &label);
        }
    }
    (svg, panels)
}

/// Draws the title centred above the panels, smaller or cut if it is too long.
pub(super) fn draw_title(svg: &mut Svg, title: &str, left: f64, width: f64) {
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

impl Panel {
    pub(super) fn px(&self, x: f64) -> f64 {
        self.left + self.width * self.x.at(x)
    }

    pub(super) fn py(&self, y: f64) -> f64 {
        self.top + self.height * (1.0 - self.y.at(y))
    }

    pub(super) fn bounds(&self) -> Bounds {
        Bounds { left: self.left, top: self.top, right: self.left + self.width, bottom: self.top + self.height }
    }

    /// Grid, ticks of the y axis and frame; with `stubs`, short tick marks outside the frame.
    pub(super) fn draw_frame(&self, svg: &mut Svg, stubs: bool) {
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
    pub(super) fn draw_y_label(&self, svg: &mut Svg, label: &str, x: f64) {
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
    pub(super) fn draw_x_ticks(&self, svg: &mut Svg, turned: bool) {
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

    /// A line through the points, thinned to the resolution of the picture.
    pub(super) fn draw_line(&self, svg: &mut Svg, points: impl ExactSizeIterator<Item = (f64, f64)>, stroke: Stroke) {
        let points = points.map(|(x, y)| (self.px(x), self.py(y)));
        if points.len() == 1 {
            // A lone sample has no line; show it as a dot.
            let mut dot = Path::default();
            points.for_each(|p| dot.circle(p, 2.5));
            return svg.fill(&dot, stroke.color);
        }
        svg.stroke(&Path::polyline(decimate(points, 0.5)), stroke);
    }

    /// The line y = 0.
    pub(super) fn draw_zero(&self, svg: &mut Svg) {
        let y = self.py(0.0);
        svg.stroke(&Path::polyline([(self.left, y), (self.left + self.width, y)]), Stroke::solid(BASELINE, 0.9));
    }

    /// Points of a sparse vector in the picture, left to right, thinned to its resolution.
    pub(super) fn spike_points(&self, (positions, values): Spikes<'_>, spacing: f64) -> Vec<(f64, f64)> {
        let mut points: Vec<(f64, f64)> =
            positions.iter().zip(values).map(|(&p, &v)| (self.px(p as f64 * spacing), self.py(v))).collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        if points.len() > 1500 { decimate(points.into_iter(), 1.0) } else { points }
    }

    /// Stems from zero with dots at their ends.
    pub(super) fn draw_stems(&self, svg: &mut Svg, points: &[(f64, f64)], color: Color) {
        let (width, radius) = stem_size(points.len());
        let zero = self.py(0.0);
        let mut stems = Path::default();
        let mut dots = Path::default();
        for &(x, y) in points {
            stems.segment((x, zero), (x, y));
            dots.circle((x, y), radius);
        }
        svg.stroke(&stems, Stroke::solid(color, width));
        svg.fill(&dots, color);
    }

    /// Hollow circles, slightly larger than the dots of stems, so that both show where they coincide.
    pub(super) fn draw_rings(&self, svg: &mut Svg, points: &[(f64, f64)], color: Color) {
        let radius = stem_size(points.len()).1 + 2.0;
        let mut rings = Path::default();
        points.iter().for_each(|&p| rings.circle(p, radius));
        svg.stroke(&rings, Stroke::solid(color, 1.2));
    }
}

/// Stroke width and dot radius: the more stems, the finer.
pub(super) fn stem_size(count: usize) -> (f64, f64) {
    match count {
        0..=60 => (1.6, 3.2),
        61..=200 => (1.2, 2.4),
        201..=600 => (0.9, 1.7),
        _ => (0.7, 1.1),
    }
}

/// Longer names are turned, and cut, even if there is room.
const WIDEST_NAME: f64 = 150.0;

/// Slope of turned tick labels, in degrees.
const ANGLE: f64 = 40.0;
