//! Charts as SVG, PNG and text for terminals.
//!
//! A [`Chart`] describes what is drawn: a legend, and panels with axes that contain lines, stems, markers, bands, heat maps or images.
//! [`Chart::draw`] lays it out and returns a [`Figure`]. The PNG is the SVG rasterised at twice its size, so both always look alike.
//! [`Figure::text`] draws the same chart in a terminal. A subset of DejaVu Sans is built in for measuring labels and for rasterising. No
//! system font is read, so the same input gives the same bytes everywhere.
//!
//! ```
//! use sparsea_plot::{Axis, Body, Chart, Layer, LegendPlace, Panel, palette};
//!
//! let points = vec![(2.0, 1.5), (7.0, -0.5)];
//! let panel = Panel {
//!     height: 320.0,
//!     x: Axis::positions(10, 1.0),
//!     y: Axis::values((-0.5, 1.5)),
//!     y_label: "coefficient xⱼ".to_string(),
//!     x_label: Some("index j".to_string()),
//!     layers: vec![Layer::Zero, Layer::Stems { points, color: palette::BLUE, crossed: false, limit: None }],
//! };
//! let body = Body::Stack { panels: vec![panel], legend: LegendPlace::Above };
//! let figure = Chart { title: "Two of ten".to_string(), legend: vec![], body }.draw()?;
//! assert!(figure.svg().starts_with("<svg"));
//! # Ok::<(), sparsea_plot::PlotError>(())
//! ```

mod axis;
mod chart;
pub mod check;
mod error;
mod figure;
mod font;
mod images;
mod layers;
mod layout;
mod legend;
mod maps;
mod rows;
mod style;
mod svg;
#[cfg(test)]
mod tests;
mod text;
mod thin;

pub use axis::{Axis, Scale, number_label};
pub use chart::{Body, Chart, Image, Images, Layer, LegendPlace, Map, Maps, Marks, Panel, Row, Rows};
pub use error::PlotError;
pub use figure::{Figure, check_picture_path};
pub use legend::{Entry, Symbol};
pub use style::{Color, CurveStyle, Marker, Stroke, palette};
pub use text::Terminal;
pub use thin::extent;
