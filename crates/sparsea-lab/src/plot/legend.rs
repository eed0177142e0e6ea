//! Legends, drawn outside the panels so that they never cover data.

use super::font::{shorten, text_width};
use super::style::{Color, CurveStyle, LEGEND_SIZE, Marker, WHITE};
use super::svg::{Anchor, Path, Stroke, Svg};

/// What a legend shows beside a label.
pub(super) enum Symbol {
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
    /// A line with an algorithm's marker.
    Curve(CurveStyle, f64),
}

/// One line of a legend.
pub(super) struct Entry {
    pub symbol: Symbol,
    pub label: String,
}

impl Entry {
    pub(super) fn new(symbol: Symbol, label: impl Into<String>) -> Self {
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
            Self::Line(_) | Self::Curve(..) => 32.0,
            _ => 12.0,
        }
    }

    fn draw(&self, svg: &mut Svg, x: f64, y: f64) {
        let middle = x + 0.5 * self.width();
        let stem = |bottom: f64| Path::polyline([(middle, y + bottom), (middle, y - 4.0)]);
        match *self {
            Self::Line(stroke) => svg.stroke(&Path::polyline([(x, y), (x + self.width(), y)]), stroke),
            Self::Curve(style, width) => {
                draw_curve(svg, style, width, &[(x, y), (x + self.width(), y)], &[(middle, y)]);
            }
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

/// Draws a curve through `line` with the style's markers at `points`.
pub(super) fn draw_curve(svg: &mut Svg, style: CurveStyle, width: f64, line: &[(f64, f64)], points: &[(f64, f64)]) {
    svg.stroke(&Path::polyline(line.iter().copied()), Stroke { color: style.color, width, dash: style.dash });
    let mut markers = Path::default();
    for &point in points {
        markers.marker(style.marker, point, 3.9);
    }
    let fill = if style.hollow { WHITE } else { style.color };
    svg.shape(&markers, Some(fill), Some(Stroke::solid(style.color, 1.5)));
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
pub(super) fn rows_height(entries: &[Entry], width: f64) -> f64 {
    ROW * rows(entries, width).len() as f64
}

/// Draws a legend in centred rows below `top`.
pub(super) fn draw_rows(svg: &mut Svg, entries: &[Entry], left: f64, top: f64, width: f64) {
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
pub(super) fn column_width(entries: &[Entry], limit: f64) -> f64 {
    entries.iter().map(Entry::width).fold(0.0, f64::max).min(limit)
}

/// Height of a legend laid out in one column.
pub(super) fn column_height(entries: &[Entry]) -> f64 {
    ROW * entries.len() as f64
}

/// Draws a legend in one column, shortening labels that exceed `width`.
pub(super) fn draw_column(svg: &mut Svg, entries: &[Entry], left: f64, top: f64, width: f64) {
    for (i, entry) in entries.iter().enumerate() {
        let room = width - entry.symbol.width() - GAP + 0.5;
        entry.draw(svg, left, top + (i as f64 + 0.5) * ROW, room);
    }
}
