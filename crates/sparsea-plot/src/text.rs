//! Charts as text: braille patterns for lines, characters for single points.

mod canvas;
mod heat;
mod panels;

use canvas::{Canvas, width_of};

use crate::chart::{Body, Chart, Layer, Panel};
use crate::figure::Figure;
use crate::legend::{Entry, Symbol};
use crate::style::{Color, Marker, Stroke};

/// The terminal that a chart is drawn for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terminal {
    /// Characters in a line; at least 40 are used.
    pub columns: usize,
    /// The largest number of lines a chart should have; charts with many panels have more.
    pub lines: usize,
    /// Whether escape sequences for 256 colours are written.
    pub color: bool,
}

impl Default for Terminal {
    /// 80 columns, 24 lines, no colours.
    fn default() -> Self {
        Self { columns: 80, lines: 24, color: false }
    }
}

/// Fewer columns have no room for axes.
const FEWEST_COLUMNS: usize = 40;

impl Figure {
    /// The picture as lines of text, each terminated.
    ///
    /// Lines and stems are braille patterns; points are characters: a ring and the dot of a stem in the same place are `◉`. Bands are
    /// omitted. Without colours, thin lines beside thicker ones are dotted.
    pub fn text(&self, terminal: Terminal) -> String {
        let columns = terminal.columns.max(FEWEST_COLUMNS);
        let terminal = Terminal { columns, ..terminal };
        let Chart { title, legend, body } = self.chart();
        let mut canvas = Canvas::new(columns);
        if !title.is_empty() {
            let row = canvas.add_rows(1);
            canvas.write_centred(row, (0, columns), title);
        }
        write_legend(&mut canvas, legend, &guides(body), terminal.color);
        match body {
            Body::Stack { panels, .. } => panels::stack(&mut canvas, panels, terminal),
            Body::Rows(rows) => panels::rows(&mut canvas, rows, terminal),
            Body::Maps(maps) => heat::maps(&mut canvas, maps, terminal.color),
            Body::Images(images) => heat::images(&mut canvas, images, terminal),
        }
        canvas.finish(terminal.color)
    }
}

/// Writes the legend, wrapped.
fn write_legend(canvas: &mut Canvas, entries: &[Entry], guides: &[Stroke], color: bool) {
    const BETWEEN: usize = 3;
    let widest = widest_line(entries);
    let symbols: Vec<(String, Option<Color>)> =
        entries.iter().map(|entry| symbol(&entry.symbol, guides, !color, widest)).collect();
    let width = |at: usize| (width_of(&symbols[at].0) + 1 + width_of(&entries[at].label)).min(canvas.columns());
    let mut lines: Vec<(Vec<usize>, usize)> = Vec::new();
    for at in 0..entries.len() {
        let more = width(at);
        match lines.last_mut() {
            Some((line, used)) if *used + BETWEEN + more <= canvas.columns() => {
                line.push(at);
                *used += BETWEEN + more;
            }
            _ => lines.push((vec![at], more)),
        }
    }
    for (line, used) in lines {
        let row = canvas.add_rows(1);
        let mut column = (canvas.columns() - used) / 2;
        for at in line {
            let (symbol, color) = &symbols[at];
            let label = column + width_of(symbol) + 1;
            canvas.write(row, (column, canvas.columns()), symbol, *color);
            column = canvas.write(row, (label, canvas.columns()), &entries[at].label, None) + BETWEEN;
        }
    }
}

/// How vertical lines are drawn.
fn guides(body: &Body) -> Vec<Stroke> {
    let layers: Vec<&Layer> = match body {
        Body::Stack { panels, .. } => panels.iter().flat_map(|panel| &panel.layers).collect(),
        Body::Rows(rows) => rows.rows.iter().flat_map(|row| &row.layers).collect(),
        Body::Maps(_) | Body::Images(_) => Vec::new(),
    };
    layers
        .into_iter()
        .filter_map(|layer| if let Layer::Verticals { stroke, .. } = layer { Some(*stroke) } else { None })
        .collect()
}

/// The width of the thickest line of a legend.
fn widest_line(entries: &[Entry]) -> f64 {
    let widths = entries.iter().map(|entry| if let Symbol::Line(stroke) = entry.symbol { stroke.width } else { 0.0 });
    widths.fold(0.0, f64::max)
}

/// A symbol of a legend as text.
fn symbol(symbol: &Symbol, guides: &[Stroke], plain: bool, widest: f64) -> (String, Option<Color>) {
    match *symbol {
        Symbol::Line(stroke) if guides.contains(&stroke) => ("│".to_string(), Some(stroke.color)),
        Symbol::Line(stroke) if plain && is_fine(stroke, widest) => ("··".to_string(), None),
        Symbol::Line(Stroke { dash: "", color, .. }) => ("──".to_string(), Some(color)),
        Symbol::Line(stroke) => ("╌╌".to_string(), Some(stroke.color)),
        Symbol::Stem(color) => ("●".to_string(), Some(color)),
        Symbol::CrossedStem(color) => ("×".to_string(), Some(color)),
        Symbol::Ring(color) => ("○".to_string(), Some(color)),
        Symbol::Marker(marker, color) => (character(marker, false).to_string(), Some(color)),
        Symbol::Curve(style) => {
            let marker = style.marker.map_or('─', |marker| character(marker, style.hollow));
            let line = if style.dash.is_empty() { '─' } else { '╌' };
            (format!("{line}{marker}{line}"), Some(style.color))
        }
        Symbol::Missing => (heat::MISSING.to_string(), None),
        Symbol::Cased => (heat::LINE.to_string(), None),
    }
}

/// Whether a line is dotted, to be told from a thicker one where there are no colours.
fn is_fine(stroke: Stroke, widest: f64) -> bool {
    stroke.width < 0.8 * widest
}

/// The character that is most like a marker.
fn character(marker: Marker, hollow: bool) -> char {
    match (marker, hollow) {
        (Marker::Circle, false) => '●',
        (Marker::Circle, true) => '○',
        (Marker::Square, false) => '■',
        (Marker::Square, true) => '□',
        (Marker::Up, false) => '▲',
        (Marker::Up, true) => '△',
        (Marker::Down, false) => '▼',
        (Marker::Down, true) => '▽',
        (Marker::Left, false) => '◀',
        (Marker::Left, true) => '◁',
        (Marker::Right, false) => '▶',
        (Marker::Right, true) => '▷',
        (Marker::Diamond, false) => '◆',
        (Marker::Diamond, true) => '◇',
        (Marker::Pentagon, false) => '⬟',
        (Marker::Pentagon, true) => '⬠',
        (Marker::Star, false) => '★',
        (Marker::Star, true) => '☆',
        (Marker::Cross, _) => '×',
        (Marker::Plus, _) => '+',
    }
}

/// The width of the thickest line in a panel.
fn widest_in(layers: &[Layer]) -> f64 {
    let widths = layers.iter().map(|layer| if let Layer::Line { stroke, .. } = layer { stroke.width } else { 0.0 });
    widths.fold(0.0, f64::max)
}

/// Lines of text for each panel: `lines` shared by their heights.
fn shares(panels: &[Panel], lines: usize) -> Vec<usize> {
    const FEWEST: usize = 3;
    let whole: f64 = panels.iter().map(|panel| panel.height).sum();
    let share = |panel: &Panel| ((lines as f64 * panel.height / whole).round() as usize).max(FEWEST);
    panels.iter().map(share).collect()
}
