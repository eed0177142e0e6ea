//! A small SVG writer: shapes with sub-pixel coordinates, dashes and rotated text.

use std::fmt::Write;

use crate::font;
use crate::style::{Color, Marker, Stroke, TEXT, palette::WHITE};

/// Where a text's anchor point lies on its baseline.
#[derive(Clone, Copy)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// A picture being drawn.
pub(crate) struct Svg {
    body: String,
    width: u32,
    height: u32,
}

impl Svg {
    /// A white picture; `title` is what screen readers announce.
    pub(crate) fn new(width: f64, height: f64, title: &str) -> Self {
        let (width, height) = (width.ceil() as u32, height.ceil() as u32);
        let mut body = String::new();
        let _ = write!(
            body,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" font-family=\"{}\">\n<title>{}</title>\n\
             <rect width=\"{width}\" height=\"{height}\" fill=\"{WHITE}\"/>\n",
            font::FAMILIES,
            escape(title)
        );
        Self { body, width, height }
    }

    /// The document, its width and its height.
    pub(crate) fn finish(mut self) -> (String, u32, u32) {
        self.body.push_str("</svg>\n");
        (self.body, self.width, self.height)
    }

    /// Strokes `path`.
    pub(crate) fn stroke(&mut self, path: &Path, stroke: Stroke) {
        self.shape(path, None, Some(stroke));
    }

    /// Fills `path`.
    pub(crate) fn fill(&mut self, path: &Path, color: Color) {
        self.shape(path, Some(color), None);
    }

    /// Fills, strokes or both; an empty path leaves no element behind.
    pub(crate) fn shape(&mut self, path: &Path, fill: Option<Color>, stroke: Option<Stroke>) {
        if path.is_empty() {
            return;
        }
        let _ = write!(self.body, "<path d=\"{}\"", path.0);
        match fill {
            Some(color) => {
                let _ = write!(self.body, " fill=\"{color}\"");
            }
            None => self.body.push_str(" fill=\"none\""),
        }
        if let Some(Stroke { color, width, dash }) = stroke {
            let _ = write!(self.body, " stroke=\"{color}\" stroke-width=\"{width}\" stroke-linejoin=\"round\"");
            if !dash.is_empty() {
                let _ = write!(self.body, " stroke-dasharray=\"{dash}\"");
            }
        }
        self.body.push_str("/>\n");
    }

    /// Fills `path` without smoothing its edges, so that no seams show between areas that touch.
    pub(crate) fn fill_crisp(&mut self, path: &Path, color: Color) {
        if !path.is_empty() {
            let _ = writeln!(self.body, "<path d=\"{}\" fill=\"{color}\" shape-rendering=\"crispEdges\"/>", path.0);
        }
    }

    /// Makes all that `draw` draws translucent as a whole: where its parts overlap they do not add up.
    pub(crate) fn translucent(&mut self, opacity: f64, draw: impl FnOnce(&mut Self)) {
        let _ = writeln!(self.body, "<g opacity=\"{opacity}\">");
        draw(self);
        self.body.push_str("</g>\n");
    }

    /// Text in the usual colour.
    pub(crate) fn text(&mut self, x: f64, y: f64, size: f64, anchor: Anchor, text: &str) {
        self.rotated_text((x, y), 0.0, size, anchor, TEXT, text);
    }

    /// Text turned by `angle` degrees clockwise about its anchor point.
    pub(crate) fn rotated_text(
        &mut self,
        (x, y): (f64, f64),
        angle: f64,
        size: f64,
        anchor: Anchor,
        color: Color,
        text: &str,
    ) {
        if text.is_empty() {
            return;
        }
        let mut at = String::new();
        if angle == 0.0 {
            at.push_str("x=\"");
            number(&mut at, x);
            at.push_str("\" y=\"");
            number(&mut at, y);
            at.push('"');
        } else {
            at.push_str("transform=\"translate(");
            number(&mut at, x);
            at.push(' ');
            number(&mut at, y);
            let _ = write!(at, ") rotate({angle})\"");
        }
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let _ = writeln!(
            self.body,
            "<text {at} font-size=\"{size}\" text-anchor=\"{anchor}\" fill=\"{color}\">{}</text>",
            escape(text)
        );
    }
}

/// Data of a `<path>`.
#[derive(Default)]
pub(crate) struct Path(String);

impl Path {
    pub(crate) fn polyline(points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let mut path = Self::default();
        path.add_line(points);
        path
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn segment(&mut self, (x0, y0): (f64, f64), (x1, y1): (f64, f64)) {
        self.to('M', x0, y0);
        self.to('L', x1, y1);
    }

    pub(crate) fn rectangle(x: f64, y: f64, width: f64, height: f64) -> Self {
        let mut path = Self::default();
        path.add_rectangle(x, y, width, height);
        path
    }

    pub(crate) fn add_rectangle(&mut self, x: f64, y: f64, width: f64, height: f64) {
        self.add_polygon([(x, y), (x + width, y), (x + width, y + height), (x, y + height)]);
    }

    pub(crate) fn add_line(&mut self, points: impl IntoIterator<Item = (f64, f64)>) {
        for (i, (x, y)) in points.into_iter().enumerate() {
            self.to(if i == 0 { 'M' } else { 'L' }, x, y);
        }
    }

    pub(crate) fn add_polygon(&mut self, corners: impl IntoIterator<Item = (f64, f64)>) {
        self.add_line(corners);
        self.0.push('Z');
    }

    pub(crate) fn circle(&mut self, (x, y): (f64, f64), radius: f64) {
        self.to('M', x - radius, y);
        for dx in [2.0 * radius, -2.0 * radius] {
            let _ = write!(self.0, "a{radius} {radius} 0 1 1 {dx} 0");
        }
        self.0.push('Z');
    }

    /// Appends `marker` of half-width `r` centred at the point.
    pub(crate) fn marker(&mut self, marker: Marker, (x, y): (f64, f64), r: f64) {
        let corners: &[(f64, f64)] = match marker {
            Marker::Circle => return self.circle((x, y), r),
            Marker::Cross => {
                let r = 0.9 * r;
                self.segment((x - r, y - r), (x + r, y + r));
                return self.segment((x - r, y + r), (x + r, y - r));
            }
            Marker::Plus => {
                let r = 1.2 * r;
                self.segment((x - r, y), (x + r, y));
                return self.segment((x, y - r), (x, y + r));
            }
            Marker::Square => &[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)],
            Marker::Up => &[(0.0, -1.2), (1.1, 0.8), (-1.1, 0.8)],
            Marker::Down => &[(0.0, 1.2), (1.1, -0.8), (-1.1, -0.8)],
            Marker::Left => &[(-1.2, 0.0), (0.8, -1.1), (0.8, 1.1)],
            Marker::Right => &[(1.2, 0.0), (-0.8, -1.1), (-0.8, 1.1)],
            Marker::Pentagon => &[(0.00, -1.15), (1.09, -0.36), (0.68, 0.93), (-0.68, 0.93), (-1.09, -0.36)],
            Marker::Star => &[
                (0.00, -1.55),
                (0.40, -0.55),
                (1.47, -0.48),
                (0.65, 0.21),
                (0.91, 1.25),
                (0.00, 0.68),
                (-0.91, 1.25),
                (-0.65, 0.21),
                (-1.47, -0.48),
                (-0.40, -0.55),
            ],
            Marker::Diamond => &[(0.0, -1.25), (1.25, 0.0), (0.0, 1.25), (-1.25, 0.0)],
        };
        self.add_polygon(corners.iter().map(|&(dx, dy)| (x + r * dx, y + r * dy)));
    }

    fn to(&mut self, command: char, x: f64, y: f64) {
        self.0.push(command);
        number(&mut self.0, x);
        self.0.push(' ');
        number(&mut self.0, y);
    }
}

/// Two decimals, without trailing zeros: finer than any screen, and short.
fn number(out: &mut String, value: f64) {
    let start = out.len();
    let _ = write!(out, "{value:.2}");
    let kept = out[start..].trim_end_matches('0').trim_end_matches('.').len();
    out.truncate(start + kept);
    if &out[start..] == "-0" {
        out.truncate(start);
        out.push('0');
    }
}

/// Escapes markup and drops characters that XML forbids.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\r' | '\t' => out.push(' '),
            '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => {}
            c => out.push(c),
        }
    }
    out
}
