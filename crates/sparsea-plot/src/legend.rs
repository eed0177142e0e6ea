//! Legends, drawn outside the panels so that they never cover data.

use crate::font::{shorten, text_width};
use crate::style::palette::{BLACK, WHITE};
use crate::style::{Color, CurveStyle, LEGEND_SIZE, MISSING, Marker, STRIPES, Stroke};
use crate::svg::{Anchor, Path, Svg};

/// The symbol of a legend entry.
#[derive(Clone, Copy, Debug)]
pub enum Symbol {
    /// A plain line.
    Line(Stroke),
    /// A stem with its dot.
    Stem(Color),
    /// A stem with a cross.
    CrossedStem(Color),
    /// A hollow circle.
    Ring(Color),
    /// A filled marker.
    Marker(Marker, Color),
    /// A line with its marker.
    Curve(CurveStyle),
    /// A rectangle for missing data.
    Missing,
    /// A dark line in a light casing, visible on any background.
    Cased,
}

/// One line of a legend.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The symbol.
    pub symbol: Symbol,
    /// The meaning of the symbol.
    pub label: String,
}

impl Entry {
    /// A line of a legend.
    pub fn new(symbol: Symbol, label: impl Into<String>) -> Self {
        Self { symbol, label: label.into() }
    }

    fn width(&self) -> f64 {
        self.symbol.width() + GAP + text_width(&self.label, LEGEND_SIZE)
    }

    /// Draws the entry with its symbol starting at `x`, centred vertically on `y`.
    fn draw(&self, svg: &mut Svg, x: f64, y: f64, label_width: f64) {
        self.symbol.draw(svg, x, y);
        let x = x + self.symbol.width() + GAP;
        svg.text(
            x,
            y + 0.36 * LEGEND_SIZE,
            LEGEND_SIZE,
            Anchor::Start,
            &shorten(&self.label, LEGEND_SIZE, label_width),
        );
    }
}

const GAP: f64 = 7.0;
const BETWEEN: f64 = 24.0;
const ROW: f64 = 20.0;

impl Symbol {
    fn width(&self) -> f64 {
        match self {
            Self::Line(_) | Self::Curve(_) | Self::Cased => 32.0,
            Self::Missing => 20.0,
            _ => 12.0,
        }
    }

    fn draw(&self, svg: &mut Svg, x: f64, y: f64) {
        let middle = x + 0.5 * self.width();
        let stem = |bottom: f64| Path::polyline([(middle, y + bottom), (middle, y - 4.0)]);
        match *self {
            Self::Line(stroke) => svg.stroke(&Path::polyline([(x, y), (x + self.width(), y)]), stroke),
            Self::Curve(style) => {
                draw_curve(svg, style, &Path::polyline([(x, y), (x + self.width(), y)]), &[(middle, y)]);
            }
            Self::Missing => draw_missing(svg, &[(x, y - 6.0, self.width(), 12.0)]),
            Self::Cased => draw_cased(svg, &Path::polyline([(x, y), (x + self.width(), y)])),
            Self::Stem(color) => {
                svg.stroke(&stem(7.0), Stroke::solid(color, 1.6));
                let mut dot = Path::default();
                dot.circle((middle, y - 3.5), 3.2);
                svg.fill(&dot, color);
            }
            Self::CrossedStem(color) => {
                svg.stroke(&stem(7.0), Stroke::solid(color, 1.6));
                let mut cross = Path::default();
                cross.marker(Marker::Cross, (middle, y - 3.5), 4.0);
                svg.stroke(&cross, Stroke::solid(color, 1.8));
            }
            Self::Marker(marker, color) => {
                let mut path = Path::default();
                path.marker(marker, (middle, y), 4.0);
                svg.fill(&path, color);
            }
            Self::Ring(color) => {
                let mut ring = Path::default();
                ring.circle((middle, y), 4.8);
                svg.stroke(&ring, Stroke::solid(color, 1.3));
            }
        }
    }
}

/// Draws a curve along `line` with the style's markers at `points`.
pub(crate) fn draw_curve(svg: &mut Svg, style: CurveStyle, line: &Path, points: &[(f64, f64)]) {
    svg.stroke(line, Stroke { color: style.color, width: style.width, dash: style.dash });
    let mut markers = Path::default();
    for (marker, &point) in style.marker.iter().flat_map(|marker| points.iter().map(move |point| (marker, point))) {
        markers.marker(*marker, point, 2.8 + 0.6 * style.width);
    }
    let fill = if style.hollow { WHITE } else { style.color };
    svg.shape(&markers, Some(fill), Some(Stroke::solid(style.color, 1.5)));
}

/// Strokes `line` dark in a light casing.
pub(crate) fn draw_cased(svg: &mut Svg, line: &Path) {
    svg.stroke(line, Stroke::solid(WHITE, 4.0));
    svg.stroke(line, Stroke::solid(BLACK, 1.8));
}

/// Fills rectangles, given by corner, width and height, as missing data: light grey, with stripes that continue from one
/// rectangle to the next.
pub(crate) fn draw_missing(svg: &mut Svg, rectangles: &[(f64, f64, f64, f64)]) {
    const DISTANCE: f64 = 6.0;
    let (mut areas, mut stripes) = (Path::default(), Path::default());
    for &(x, y, width, height) in rectangles {
        areas.add_rectangle(x, y, width, height);
        // Stripes lie where x + y is a multiple of their distance.
        let mut sum = ((x + y) / DISTANCE).ceil() * DISTANCE;
        while sum < x + y + width + height {
            let (left, right) = (x.max(sum - y - height), (x + width).min(sum - y));
            stripes.segment((left, sum - left), (right, sum - right));
            sum += DISTANCE;
        }
    }
    svg.fill_crisp(&areas, MISSING);
    svg.stroke(&stripes, Stroke::solid(STRIPES, 0.9));
}

/// Splits entries into rows no wider than `width`.
fn rows(entries: &[Entry], width: f64) -> Vec<&[Entry]> {
    let mut rows = Vec::new();
    let (mut start, mut used) = (0, 0.0);
    for (i, entry) in entries.iter().enumerate() {
        let more = entry.width() + BETWEEN;
        if i > start && used + more - BETWEEN > width {
            rows.push(&entries[start..i]);
            (start, used) = (i, 0.0);
        }
        used += more;
    }
    if start < entries.len() {
        rows.push(&entries[start..]);
    }
    rows
}

/// Height of a legend laid out in rows.
pub(crate) fn rows_height(entries: &[Entry], width: f64) -> f64 {
    ROW * rows(entries, width).len() as f64
}

/// Draws a legend in centred rows below `top`.
pub(crate) fn draw_rows(svg: &mut Svg, entries: &[Entry], left: f64, top: f64, width: f64) {
    for (r, row) in rows(entries, width).into_iter().enumerate() {
        let total = row.iter().map(|e| e.width() + BETWEEN).sum::<f64>() - BETWEEN;
        let mut x = left + 0.5 * (width - total).max(0.0);
        for entry in row {
            entry.draw(svg, x, top + (r as f64 + 0.5) * ROW, width);
            x += entry.width() + BETWEEN;
        }
    }
}

/// Width of a legend laid out in one column, at most `limit`.
pub(crate) fn column_width(entries: &[Entry], limit: f64) -> f64 {
    entries.iter().map(Entry::width).fold(0.0, f64::max).min(limit)
}

/// Height of a legend laid out in one column.
pub(crate) fn column_height(entries: &[Entry]) -> f64 {
    ROW * entries.len() as f64
}

/// Draws a legend in one column, shortening labels that exceed `width`.
pub(crate) fn draw_column(svg: &mut Svg, entries: &[Entry], left: f64, top: f64, width: f64) {
    for (i, entry) in entries.iter().enumerate() {
        let room = width - entry.symbol.width() - GAP + 0.5;
        entry.draw(svg, left, top + (i as f64 + 0.5) * ROW, room);
    }
}
