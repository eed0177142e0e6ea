//! Colours, line styles, markers and text sizes.

use std::fmt;

/// An opaque sRGB colour; displays as `#rrggbb`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Color {
    /// Red.
    pub r: u8,
    /// Green.
    pub g: u8,
    /// Blue.
    pub b: u8,
}

impl Color {
    /// The colour `0xrrggbb`.
    pub const fn hex(rgb: u32) -> Self {
        Self { r: (rgb >> 16) as u8, g: (rgb >> 8) as u8, b: rgb as u8 }
    }
}

impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.r, self.g, self.b)
    }
}

/// Colours that remain distinct for colour-blind readers (Okabe and Ito), and greys.
pub mod palette {
    use super::Color;

    /// Lines on top.
    pub const BLACK: Color = Color::hex(0x000000);
    /// What was found.
    pub const BLUE: Color = Color::hex(0x0072b2);
    /// What differs.
    pub const VERMILION: Color = Color::hex(0xd55e00);
    /// What is missed.
    pub const GREEN: Color = Color::hex(0x009e73);
    /// Measured data, drawn behind the fit.
    pub const DATA: Color = Color::hex(0x8a8a8a);
    /// The residual.
    pub const RESIDUAL: Color = Color::hex(0x5f5f5f);
    /// Lines that guide the eye.
    pub const GUIDE: Color = Color::hex(0xb9c6cf);
    /// Inside hollow markers.
    pub const WHITE: Color = Color::hex(0xffffff);
}

pub(crate) const TEXT: Color = Color::hex(0x1a1a1a);
pub(crate) const FRAME: Color = Color::hex(0x666666);
pub(crate) const GRID: Color = Color::hex(0xe4e4e4);
pub(crate) const BASELINE: Color = Color::hex(0x8c8c8c);
pub(crate) const MISSING: Color = Color::hex(0xececec);
pub(crate) const STRIPES: Color = Color::hex(0xb0b0b0);

pub(crate) const TITLE_SIZE: f64 = 15.0;
pub(crate) const LABEL_SIZE: f64 = 13.0;
pub(crate) const TICK_SIZE: f64 = 11.5;
pub(crate) const LEGEND_SIZE: f64 = 12.0;

/// How a line is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stroke {
    /// Its colour.
    pub color: Color,
    /// Its width, in SVG units.
    pub width: f64,
    /// Lengths of dashes and gaps; empty for a solid line.
    pub dash: &'static str,
}

impl Stroke {
    /// A solid line.
    pub const fn solid(color: Color, width: f64) -> Self {
        Self { color, width, dash: "" }
    }
}

/// Shape drawn at the points of a curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Marker {
    /// A disc.
    Circle,
    /// A square.
    Square,
    /// A triangle that points up.
    Up,
    /// A triangle that points down.
    Down,
    /// A triangle that points left.
    Left,
    /// A triangle that points right.
    Right,
    /// A square on its corner.
    Diamond,
    /// A regular pentagon.
    Pentagon,
    /// A star with five points.
    Star,
    /// A diagonal cross.
    Cross,
    /// An upright cross.
    Plus,
}

/// How a curve is drawn: a line with markers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CurveStyle {
    /// Colour of the line and of the markers.
    pub color: Color,
    /// Shape at the points, if any.
    pub marker: Option<Marker>,
    /// Whether markers have a white interior.
    pub hollow: bool,
    /// Lengths of dashes and gaps; empty for a solid line.
    pub dash: &'static str,
    /// Width of the line, in SVG units.
    pub width: f64,
}

/// Viridis at equal steps: its lightness grows evenly, and colour-blind eyes see the same order.
const SCALE: [u32; 11] =
    [0x440154, 0x482475, 0x414487, 0x355f8d, 0x2a788e, 0x21918c, 0x22a884, 0x44bf70, 0x7ad151, 0xbddf26, 0xfde725];

/// Colour of a share from 0 to 1.
pub(crate) fn scale_color(share: f64) -> Color {
    let at = share.clamp(0.0, 1.0) * (SCALE.len() - 1) as f64;
    let below = (at as usize).min(SCALE.len() - 2);
    let part = at - below as f64;
    let (from, to) = (Color::hex(SCALE[below]), Color::hex(SCALE[below + 1]));
    let mix = |a: u8, b: u8| (f64::from(a) + part * (f64::from(b) - f64::from(a))).round() as u8;
    Color { r: mix(from.r, to.r), g: mix(from.g, to.g), b: mix(from.b, to.b) }
}
