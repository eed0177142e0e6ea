//! Descriptions of charts, independent of the output format.

use crate::axis::{Axis, Scale};
use crate::figure::Figure;
use crate::legend::Entry;
use crate::style::{Color, CurveStyle, Stroke};
use crate::{PlotError, check, images, layout, maps, rows};

/// A chart: a title, a legend, and panels.
#[derive(Clone, Debug)]
pub struct Chart {
    /// Title above the panels; may be empty.
    pub title: String,
    /// The legend; may be empty.
    pub legend: Vec<Entry>,
    /// The panels.
    pub body: Body,
}

/// The panels of a chart.
#[derive(Clone, Debug)]
pub enum Body {
    /// Panels below each other, with aligned axes.
    Stack {
        /// From top to bottom.
        panels: Vec<Panel>,
        /// The place of the legend.
        legend: LegendPlace,
    },
    /// Low panels below each other with a name on the left, which share both axes.
    Rows(Rows),
    /// Heat maps in rows of four, which share both axes and their colours.
    Maps(Maps),
    /// Images side by side, row 0 on top.
    Images(Images),
}

/// The place of the legend of a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LegendPlace {
    /// In rows above the panels.
    Above,
    /// In a column to the right of the panels.
    Right,
}

/// A panel of a stack.
#[derive(Clone, Debug)]
pub struct Panel {
    /// Its height, in SVG units; the width of a picture is 900.
    pub height: f64,
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// Label of the vertical axis.
    pub y_label: String,
    /// Label below the panel; without it, the panel shares the x axis of the next one.
    pub x_label: Option<String>,
    /// The layers, from bottom to top.
    pub layers: Vec<Layer>,
}

/// A layer of a panel. Points are pairs of x and y; NaN in y leaves a gap. Long series are thinned to what can be seen.
#[derive(Clone, Debug)]
pub enum Layer {
    /// The line y = 0.
    Zero,
    /// Vertical lines through the panel, below everything else.
    Verticals {
        /// The x of the lines.
        at: Vec<f64>,
        /// How they are drawn.
        stroke: Stroke,
    },
    /// A line through points with increasing x.
    Line {
        /// The points.
        points: Vec<(f64, f64)>,
        /// How it is drawn.
        stroke: Stroke,
        /// Whether to cut off the parts outside the axes; needed only if the axes do not show all points.
        clip: bool,
    },
    /// A line with markers through points with increasing x, cut off at the ends of the axes.
    Curve {
        /// The points.
        points: Vec<(f64, f64)>,
        /// How it is drawn.
        style: CurveStyle,
        /// Which points have a marker.
        marks: Marks,
    },
    /// The area between two edges.
    Band {
        /// x, lower and upper edge.
        edges: Vec<(f64, f64, f64)>,
        /// Its colour; it is translucent.
        color: Color,
        /// Whether error bars are drawn instead of an area.
        bars: bool,
    },
    /// Stems from zero, with a dot at their tips.
    Stems {
        /// The tips.
        points: Vec<(f64, f64)>,
        /// Their colour.
        color: Color,
        /// Whether the tips are crosses instead of dots.
        crossed: bool,
        /// Value at which stems are cut off, in both directions, with an arrow head.
        limit: Option<f64>,
    },
    /// Hollow circles, larger than the dots of stems, so that both are visible where they coincide.
    Rings {
        /// Their centres.
        points: Vec<(f64, f64)>,
        /// Their colour.
        color: Color,
    },
    /// Dots.
    Dots {
        /// Their centres.
        points: Vec<(f64, f64)>,
        /// Their colour.
        color: Color,
        /// Their radius, in SVG units.
        radius: f64,
    },
    /// Names beside a vertical line, moved apart so as not to overlap.
    Labels {
        /// The x of the line.
        beside: f64,
        /// Whether the names are to the left of the line.
        left: bool,
        /// The height and the text of each name.
        names: Vec<(f64, String)>,
    },
}

/// Which points of a curve have a marker.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Marks {
    /// Points at least this far from the previous marker, in SVG units.
    Apart(f64),
    /// Every n-th point, so that markers are about this far apart horizontally, in SVG units.
    Every(f64),
}

/// Low panels below each other that share both axes.
#[derive(Clone, Debug)]
pub struct Rows {
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis, without ticks.
    pub y: Axis,
    /// Label below the last row.
    pub x_label: String,
    /// The rows, from top to bottom.
    pub rows: Vec<Row>,
}

/// One of [`Rows`].
#[derive(Clone, Debug)]
pub struct Row {
    /// Its name, on the left.
    pub name: String,
    /// Below the name; may be empty.
    pub note: String,
    /// The layers, from bottom to top.
    pub layers: Vec<Layer>,
}

/// Heat maps that share both axes and their colours.
#[derive(Clone, Debug)]
pub struct Maps {
    /// The x of the columns of cells, increasing.
    pub x: Vec<f64>,
    /// The y of the rows of cells, increasing.
    pub y: Vec<f64>,
    /// The scale of x.
    pub x_scale: Scale,
    /// The scale of y.
    pub y_scale: Scale,
    /// Label of the horizontal axes.
    pub x_label: String,
    /// Label of the vertical axes.
    pub y_label: String,
    /// The maps, row by row.
    pub maps: Vec<Map>,
    /// Values of the colour bar, from 0 to 1, increasing, and their labels.
    pub bar: Vec<(f64, String)>,
}

/// One of [`Maps`].
#[derive(Clone, Debug)]
pub struct Map {
    /// Its name, written above it.
    pub name: String,
    /// Values from 0 to 1, with the row of the first y first; NaN where there is no value.
    pub values: Vec<f64>,
    /// A line over the cells; NaN in y leaves a gap. May be empty.
    pub line: Vec<(f64, f64)>,
}

/// Images of one shape, side by side.
#[derive(Clone, Debug)]
pub struct Images {
    /// Rows and columns of each image.
    pub shape: (usize, usize),
    /// The images, from left to right.
    pub images: Vec<Image>,
    /// The values at the ends of the colour bar.
    pub bar: (f64, f64),
    /// Label of the horizontal axes.
    pub x_label: String,
    /// Label of the vertical axis.
    pub y_label: String,
}

/// One of [`Images`].
#[derive(Clone, Debug)]
pub struct Image {
    /// Its name, written above it.
    pub name: String,
    /// Its pixels, row by row.
    pub values: Vec<f64>,
    /// The values of the darkest and of the brightest colour.
    pub range: (f64, f64),
    /// Rows and columns of pixels that are ringed.
    pub rings: Vec<(usize, usize)>,
}

impl Chart {
    /// Draws the chart.
    ///
    /// # Errors
    /// [`PlotError::NotDrawable`] for a number that no axis can show, [`PlotError::Length`] if maps or images lack values,
    /// [`PlotError::Position`] for a ring outside its image.
    pub fn draw(self) -> Result<Figure, PlotError> {
        self.check()?;
        let (title, legend) = (self.title.as_str(), self.legend.as_slice());
        let svg = match &self.body {
            Body::Stack { panels, legend: place } => layout::stack(title, legend, *place, panels),
            Body::Rows(rows) => rows::draw(title, legend, rows),
            Body::Maps(maps) => maps::draw(title, legend, maps),
            Body::Images(images) => images::draw(title, images),
        };
        Ok(Figure::new(self, svg))
    }

    fn check(&self) -> Result<(), PlotError> {
        match &self.body {
            Body::Stack { panels, .. } => panels.iter().flat_map(|panel| &panel.layers).try_for_each(Layer::check),
            Body::Rows(rows) => rows.rows.iter().flat_map(|row| &row.layers).try_for_each(Layer::check),
            Body::Maps(Maps { x, y, maps, .. }) => maps.iter().try_for_each(|map| {
                check::length(&map.name, x.len() * y.len(), map.values.len())?;
                points(&map.name, &map.line)
            }),
            Body::Images(Images { shape, images, bar, .. }) => {
                check::numbers("colour bar", &[bar.0, bar.1])?;
                images.iter().try_for_each(|image| {
                    check::length(&image.name, shape.0 * shape.1, image.values.len())?;
                    check::numbers(&image.name, &image.values)?;
                    check::numbers(&image.name, &[image.range.0, image.range.1])?;
                    image.rings.iter().try_for_each(|&(row, column)| {
                        check::position("row of a ring", row, shape.0)?;
                        check::position("column of a ring", column, shape.1)
                    })
                })
            }
        }
    }
}

impl Layer {
    fn check(&self) -> Result<(), PlotError> {
        match self {
            Self::Zero => Ok(()),
            Self::Verticals { at, .. } => check::numbers("vertical lines", at),
            Self::Line { points: line, .. } | Self::Curve { points: line, .. } => points("line", line),
            Self::Band { edges, .. } => edges.iter().try_for_each(|&(x, low, high)| {
                check::numbers("band", &[x])?;
                check::numbers_or_gaps("band", &[low, high])
            }),
            Self::Stems { points: ends, .. } => points("stems", ends),
            Self::Rings { points: centres, .. } => points("rings", centres),
            Self::Dots { points: centres, .. } => points("dots", centres),
            Self::Labels { beside, names, .. } => {
                check::numbers("labels", &[*beside])?;
                names.iter().try_for_each(|(y, name)| check::numbers(name, &[*y]))
            }
        }
    }
}

fn points(what: &str, points: &[(f64, f64)]) -> Result<(), PlotError> {
    points.iter().enumerate().try_for_each(|(index, &(x, y))| {
        let located = |error| match error {
            PlotError::NotDrawable { what, value, .. } => PlotError::NotDrawable { what, index, value },
            other => other,
        };
        check::numbers(what, &[x]).map_err(located)?;
        check::numbers_or_gaps(what, &[y]).map_err(located)
    })
}
