//! Data, fit and residual of an image, with the points found in it.

use std::collections::BTreeMap;

use super::axis::{Axis, number_label};
use super::data::{check_length, check_not_empty, check_values, extent};
use super::font::{shorten, text_width};
use super::layout::{WIDTH, draw_title};
use super::style::{FRAME, LABEL_SIZE, LEGEND_SIZE, TEXT, TICK_SIZE, TITLE_SIZE, VERMILION, WHITE};
use super::success_map::scale_color;
use super::svg::{Anchor, Path, Stroke, Svg};
use super::{Figure, PlotError};

/// Input of [`image`](fn@image).
#[derive(Clone, Copy, Debug)]
pub struct ImagePlot<'a> {
    /// Title above the picture; may be empty.
    pub title: &'a str,
    /// Rows and columns of the image.
    pub shape: (usize, usize),
    /// The measured image, row by row.
    pub data: &'a [f64],
    /// What the points found predict.
    pub fit: &'a [f64],
    /// Data minus fit, or its modulus where data are complex.
    pub residual: &'a [f64],
    /// Rows and columns of the points found, ringed on the data and on the fit.
    pub points: (&'a [usize], &'a [usize]),
}

const MARGIN: f64 = 16.0;
const GAP: f64 = 16.0;
const BAR_ROOM: f64 = 84.0;
const BAR_WIDTH: f64 = 14.0;
const TALLEST: f64 = 420.0;
/// Cells of a panel in either direction at most; each shows the largest of several pixels.
const CELLS: usize = 96;
/// Colours of a panel: more cannot be told apart.
const COLORS: u32 = 64;

/// Draws data, fit and residual side by side, row 0 on top. Data and fit share the colours of the bar; those of the residual span its own
/// range, which is stated above it.
pub fn image(input: &ImagePlot<'_>) -> Result<Figure, PlotError> {
    let (height, width) = input.shape;
    let len = height.saturating_mul(width);
    check_not_empty("image", len)?;
    for (what, values) in [("data", input.data), ("fit", input.fit), ("residual", input.residual)] {
        check_length(what, len, values.len())?;
        check_values(what, values)?;
    }
    check_length("columns of points", input.points.0.len(), input.points.1.len())?;
    for (what, positions, len) in [("rows", input.points.0, height), ("columns", input.points.1, width)] {
        if let Some(&position) = positions.iter().find(|&&p| p >= len) {
            return Err(PlotError::Position { what: format!("{what} of points"), position, len });
        }
    }

    let ticks = |count: usize, target| Axis::exactly((-0.5, count as f64 - 0.5), super::Scale::Linear, target);
    let mut down = ticks(height, 6);
    let tick_width = down.ticks.iter().map(|t| text_width(&t.label, TICK_SIZE)).fold(16.0, f64::max);
    let left = MARGIN + LABEL_SIZE + 8.0 + tick_width + 8.0;
    let room = (WIDTH - left - BAR_ROOM - MARGIN - 2.0 * GAP) / 3.0;
    // Pixels are square, unless the image is far longer in one direction.
    let pixel = (room / width as f64).min(TALLEST / height as f64);
    let (across, tall) = ((pixel * width as f64).max(60.0).min(room), (pixel * height as f64).max(24.0));
    let mut along = ticks(width, 4);
    along.thin(across, |label| text_width(label, TICK_SIZE));
    down.thin(tall, |_| TICK_SIZE);

    let title_height = if input.title.is_empty() { 0.0 } else { TITLE_SIZE + 10.0 };
    let top = MARGIN + title_height + LEGEND_SIZE + 8.0;
    let bottom = top + tall + TICK_SIZE + LABEL_SIZE + 24.0;
    let mut svg = Svg::new(WIDTH, bottom + 8.0, input.title);
    draw_title(&mut svg, input.title, left, 3.0 * across + 2.0 * GAP);

    let shared = extent(input.data.iter().chain(input.fit).copied()).unwrap_or((0.0, 0.0));
    let own = extent(input.residual.iter().copied()).unwrap_or((0.0, 0.0));
    let residual = format!("residual, {} to {}", number_label(own.0), number_label(own.1));
    let count = input.points.0.len();
    let panels = [
        (format!("data, {count} found"), input.data, shared, true),
        ("fit".to_string(), input.fit, shared, true),
        (residual, input.residual, own, false),
    ];
    for (at, (name, values, range, ringed)) in panels.iter().enumerate() {
        let frame = Frame { left: left + at as f64 * (across + GAP), top, across, tall, shape: input.shape };
        frame.draw_cells(&mut svg, values, *range);
        if *ringed {
            frame.draw_rings(&mut svg, input.points);
        }
        frame.draw_border(&mut svg, &along, (at == 0).then_some(&down));
        let name = shorten(name, LEGEND_SIZE, across + GAP - 4.0);
        svg.text(frame.left + 0.5 * across, top - 6.0, LEGEND_SIZE, Anchor::Middle, &name);
    }
    let middle = left + 1.5 * across + GAP;
    svg.text(middle, bottom - 4.0, LABEL_SIZE, Anchor::Middle, "column");
    let at = (MARGIN + LABEL_SIZE - 2.0, top + 0.5 * tall);
    svg.rotated_text(at, -90.0, LABEL_SIZE, Anchor::Middle, TEXT, "row");
    draw_bar(&mut svg, (left + 3.0 * across + 2.0 * GAP + 18.0, top), tall, shared);
    Ok(svg.finish())
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

    fn draw_rings(&self, svg: &mut Svg, (rows, columns): (&[usize], &[usize])) {
        let pixel = (self.across / self.shape.1 as f64, self.tall / self.shape.0 as f64);
        let radius = (1.6 * pixel.0.max(pixel.1)).clamp(2.5, 7.0);
        let mut rings = Path::default();
        for (&row, &column) in rows.iter().zip(columns) {
            let at = (self.left + (column as f64 + 0.5) * pixel.0, self.top + (row as f64 + 0.5) * pixel.1);
            rings.circle(at, radius);
        }
        if !rings.is_empty() {
            svg.stroke(&rings, Stroke::solid(WHITE, 2.0));
            svg.stroke(&rings, Stroke::solid(VERMILION, 1.0));
        }
    }

    fn draw_border(&self, svg: &mut Svg, along: &Axis, down: Option<&Axis>) {
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
        let axis = Axis::exactly((lo, hi), super::Scale::Linear, 5);
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

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(shape: (usize, usize), rows: &[usize], columns: &[usize]) -> Result<Figure, PlotError> {
        let data: Vec<f64> = (0..shape.0 * shape.1).map(|at| (at as f64 * 0.37).sin()).collect();
        let zeros = vec![0.0; data.len()];
        let input =
            ImagePlot { title: "points", shape, data: &data, fit: &data, residual: &zeros, points: (rows, columns) };
        image(&input)
    }

    #[test]
    fn images_of_any_shape_are_drawn() {
        for shape in [(1, 1), (1, 50), (40, 1), (30, 20), (500, 130)] {
            let figure = picture(shape, &[0], &[shape.1 - 1]).unwrap();
            assert!(figure.svg().contains("residual") && !figure.svg().contains("NaN"), "{shape:?}");
            assert!(!figure.png().unwrap().is_empty());
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert!(matches!(picture((0, 4), &[], &[]), Err(PlotError::Empty { .. })));
        assert!(matches!(picture((3, 4), &[3], &[0]), Err(PlotError::Position { position: 3, len: 3, .. })));
        assert!(matches!(picture((3, 4), &[1], &[4]), Err(PlotError::Position { position: 4, len: 4, .. })));
        assert!(matches!(picture((3, 4), &[1], &[]), Err(PlotError::Length { .. })));
        let bad = ImagePlot {
            title: "",
            shape: (1, 2),
            data: &[0.0, f64::NAN],
            fit: &[0.0; 2],
            residual: &[0.0; 2],
            points: (&[], &[]),
        };
        assert!(matches!(image(&bad), Err(PlotError::NotDrawable { index: 1, .. })));
    }
}
