//! Images side by side, as SVG.

use std::collections::BTreeMap;

use crate::axis::{Axis, Ruler, Scale};
use crate::chart::Images;
use crate::font::{shorten, text_width};
use crate::layout::{MARGIN, WIDTH, draw_title, left_of, title_height};
use crate::style::palette::{VERMILION, WHITE};
use crate::style::{FRAME, LABEL_SIZE, LEGEND_SIZE, Stroke, TEXT, TICK_SIZE, scale_color};
use crate::svg::{Anchor, Path, Svg};

const GAP: f64 = 16.0;
const BAR_ROOM: f64 = 84.0;
const BAR_WIDTH: f64 = 14.0;
const TALLEST: f64 = 420.0;
/// Cells of a panel in either direction at most; each shows the largest of several pixels.
const CELLS: usize = 96;
/// Colours of a panel: more cannot be told apart.
const COLORS: u32 = 64;

pub(crate) fn draw(title: &str, input: &Images) -> (String, u32, u32) {
    let (height, width) = input.shape;
    let count = input.images.len().max(1) as f64;
    let gaps = (count - 1.0) * GAP;
    let ticks = |count: usize, target| Axis::exactly((-0.5, count as f64 - 0.5), Scale::Linear).ruler(target);
    let mut down = ticks(height, 6);
    let left = left_of([&down].into_iter());
    let room = (WIDTH - left - BAR_ROOM - MARGIN - gaps) / count;
    // Pixels are square, unless the image is far longer in one direction.
    let pixel = (room / width as f64).min(TALLEST / height as f64);
    let (across, tall) = ((pixel * width as f64).max(60.0).min(room), (pixel * height as f64).max(24.0));
    let mut along = ticks(width, 4);
    along.thin(across, 6.0, |label| text_width(label, TICK_SIZE));
    down.thin(tall, 6.0, |_| TICK_SIZE);

    let top = MARGIN + title_height(title) + LEGEND_SIZE + 8.0;
    let bottom = top + tall + TICK_SIZE + LABEL_SIZE + 24.0;
    let mut svg = Svg::new(WIDTH, bottom + 8.0, title);
    draw_title(&mut svg, title, left, count * across + gaps);

    for (at, image) in input.images.iter().enumerate() {
        let frame = Frame { left: left + at as f64 * (across + GAP), top, across, tall, shape: input.shape };
        frame.draw_cells(&mut svg, &image.values, image.range);
        frame.draw_rings(&mut svg, &image.rings);
        frame.draw_border(&mut svg, &along, (at == 0).then_some(&down));
        let name = shorten(&image.name, LEGEND_SIZE, across + GAP - 4.0);
        svg.text(frame.left + 0.5 * across, top - 6.0, LEGEND_SIZE, Anchor::Middle, &name);
    }
    let middle = left + 0.5 * (count * across + gaps);
    svg.text(middle, bottom - 4.0, LABEL_SIZE, Anchor::Middle, &input.x_label);
    let at = (MARGIN + LABEL_SIZE - 2.0, top + 0.5 * tall);
    svg.rotated_text(at, -90.0, LABEL_SIZE, Anchor::Middle, TEXT, &input.y_label);
    draw_bar(&mut svg, (left + count * across + gaps + 18.0, top), tall, input.bar);
    svg.finish()
}

/// Where a panel lies.
struct Frame {
    left: f64,
    top: f64,
    across: f64,
    tall: f64,
    shape: (usize, usize),
}

impl Frame {
    fn draw_cells(&self, svg: &mut Svg, values: &[f64], (lo, hi): (f64, f64)) {
        let (height, width) = self.shape;
        let (down, along) = (height.min(CELLS), width.min(CELLS));
        let part = |at: usize, of: usize, len: usize| at * len / of..(at + 1) * len / of;
        // Halves, since the difference itself may overflow.
        let span = 0.5 * hi - 0.5 * lo;
        let color_of = |value: f64| {
            let share = if span > 0.0 { (0.5 * value - 0.5 * lo) / span } else { 0.0 };
            (share * f64::from(COLORS - 1)).round() as u32
        };
        let strongest = |a: f64, b: f64| if b.abs() > a.abs() { b } else { a };
        // One path per colour, and one rectangle for neighbours of the same colour, keep the picture small.
        let mut paths: BTreeMap<u32, Path> = BTreeMap::new();
        let (cell_width, cell_height) = (self.across / along as f64, self.tall / down as f64);
        for row in 0..down {
            let colors: Vec<u32> = (0..along)
                .map(|column| {
                    let pixels = part(row, down, height).flat_map(|r| {
                        let columns = part(column, along, width);
                        values[r * width + columns.start..r * width + columns.end].iter().copied()
                    });
                    color_of(pixels.reduce(strongest).unwrap_or(0.0))
                })
                .collect();
            let mut column = 0;
            for run in colors.chunk_by(|a, b| a == b) {
                let (x, y) = (self.left + column as f64 * cell_width, self.top + row as f64 * cell_height);
                let path = paths.entry(run[0]).or_default();
                path.add_rectangle(x, y, run.len() as f64 * cell_width, cell_height);
                column += run.len();
            }
        }
        for (color, path) in &paths {
            svg.fill_crisp(path, scale_color(f64::from(*color) / f64::from(COLORS - 1)));
        }
    }

    fn draw_rings(&self, svg: &mut Svg, rings: &[(usize, usize)]) {
        let pixel = (self.across / self.shape.1 as f64, self.tall / self.shape.0 as f64);
        let radius = (1.6 * pixel.0.max(pixel.1)).clamp(2.5, 7.0);
        let mut circles = Path::default();
        for &(row, column) in rings {
            let at = (self.left + (column as f64 + 0.5) * pixel.0, self.top + (row as f64 + 0.5) * pixel.1);
            circles.circle(at, radius);
        }
        if !circles.is_empty() {
            svg.stroke(&circles, Stroke::solid(WHITE, 2.0));
            svg.stroke(&circles, Stroke::solid(VERMILION, 1.0));
        }
    }

    fn draw_border(&self, svg: &mut Svg, along: &Ruler, down: Option<&Ruler>) {
        let bottom = self.top + self.tall;
        let mut marks = Path::default();
        for tick in &along.ticks {
            let x = self.left + self.across * tick.at;
            marks.segment((x, bottom), (x, bottom + 4.0));
            svg.text(x, bottom + 6.0 + TICK_SIZE, TICK_SIZE, Anchor::Middle, &tick.label);
        }
        for tick in down.iter().flat_map(|axis| &axis.ticks) {
            let y = self.top + self.tall * tick.at;
            marks.segment((self.left - 4.0, y), (self.left, y));
            svg.text(self.left - 7.0, y + 0.36 * TICK_SIZE, TICK_SIZE, Anchor::End, &tick.label);
        }
        svg.stroke(&marks, Stroke::solid(FRAME, 0.8));
        svg.stroke(&Path::rectangle(self.left, self.top, self.across, self.tall), Stroke::solid(FRAME, 0.8));
    }
}

fn draw_bar(svg: &mut Svg, (left, top): (f64, f64), height: f64, (lo, hi): (f64, f64)) {
    let bottom = top + height;
    for color in 0..COLORS {
        let y = bottom - height * f64::from(color + 1) / f64::from(COLORS);
        let part = Path::rectangle(left, y, BAR_WIDTH, height / f64::from(COLORS));
        svg.fill_crisp(&part, scale_color(f64::from(color) / f64::from(COLORS - 1)));
    }
    svg.stroke(&Path::rectangle(left, top, BAR_WIDTH, height), Stroke::solid(FRAME, 0.8));
    if hi > lo {
        let axis = Axis::exactly((lo, hi), Scale::Linear).ruler(5);
        let mut marks = Path::default();
        for tick in &axis.ticks {
            let y = bottom - height * tick.at;
            marks.segment((left + BAR_WIDTH, y), (left + BAR_WIDTH + 4.0, y));
            svg.text(left + BAR_WIDTH + 8.0, y + 0.36 * TICK_SIZE, TICK_SIZE, Anchor::Start, &tick.label);
        }
        svg.stroke(&marks, Stroke::solid(FRAME, 0.8));
        let factor = axis.labelled("");
        if !factor.is_empty() {
            svg.text(left, top - 6.0, TICK_SIZE, Anchor::Start, factor.trim());
        }
    }
}
