//! Cells of text with colours, and 2 × 4 braille dots in each.

use unicode_width::UnicodeWidthChar;

use crate::style::Color;

/// A character's place.
#[derive(Clone, Copy, Default)]
struct Cell {
    /// Shown where there is nothing else.
    under: Option<char>,
    /// Braille dots, as bits.
    dots: u8,
    /// Shown instead of dots.
    over: Option<char>,
    /// Colour of what is shown.
    color: Option<Color>,
    /// Colour behind it.
    back: Option<Color>,
    /// Whether a wide character on the left reaches into this cell.
    is_covered: bool,
}

/// Where the inside of a panel lies, in characters.
#[derive(Clone, Copy)]
pub(super) struct Area {
    pub(super) left: usize,
    pub(super) top: usize,
    pub(super) columns: usize,
    pub(super) rows: usize,
}

/// Lines of cells, which grow as the picture does.
pub(super) struct Canvas {
    columns: usize,
    cells: Vec<Cell>,
}

impl Canvas {
    pub(super) fn new(columns: usize) -> Self {
        Self { columns, cells: Vec::new() }
    }

    pub(super) fn columns(&self) -> usize {
        self.columns
    }

    /// Lines so far.
    pub(super) fn rows(&self) -> usize {
        self.cells.len() / self.columns
    }

    /// Adds lines below; returns the first of them.
    pub(super) fn add_rows(&mut self, count: usize) -> usize {
        let first = self.rows();
        self.cells.resize(self.cells.len() + count * self.columns, Cell::default());
        first
    }

    fn cell(&mut self, row: usize, column: usize) -> Option<&mut Cell> {
        if column >= self.columns { None } else { self.cells.get_mut(row * self.columns + column) }
    }

    /// Sets the dot at `x`, two for each column, and `y`, four for each line.
    pub(super) fn dot(&mut self, x: usize, y: usize, color: Option<Color>) {
        const BITS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];
        if let Some(cell) = self.cell(y / 4, x / 2) {
            cell.dots |= BITS[y % 4][x % 2];
            cell.color = color;
        }
    }

    /// Puts a character over everything.
    pub(super) fn put(&mut self, row: usize, column: usize, character: char, color: Option<Color>) {
        if let Some(cell) = self.cell(row, column) {
            cell.over = Some(character);
            cell.color = color;
        }
    }

    /// The character that is over everything.
    pub(super) fn over(&self, row: usize, column: usize) -> Option<char> {
        if column >= self.columns { None } else { self.cells.get(row * self.columns + column)?.over }
    }

    /// Puts a character below everything.
    pub(super) fn put_under(&mut self, row: usize, column: usize, character: char, color: Option<Color>) {
        if let Some(cell) = self.cell(row, column) {
            // Lines that cross.
            let crossing = matches!((cell.under, character), (Some('─'), '│') | (Some('│'), '─'));
            cell.under = Some(if crossing { '┼' } else { character });
            if cell.dots == 0 && cell.over.is_none() {
                cell.color = color;
            }
        }
    }

    /// Colours a cell: its upper half, and its lower half.
    pub(super) fn halves(&mut self, row: usize, column: usize, upper: Color, lower: Color) {
        if let Some(cell) = self.cell(row, column) {
            (cell.over, cell.color, cell.back) = (Some('▀'), Some(upper), Some(lower));
        }
    }

    /// Writes text, shortened to the columns `from..to`; returns the column after it.
    pub(super) fn write(&mut self, row: usize, (from, to): (usize, usize), text: &str, color: Option<Color>) -> usize {
        let mut column = from;
        for character in shorten(text, to.saturating_sub(from)).chars() {
            let width = UnicodeWidthChar::width(character).unwrap_or(0);
            if width == 0 {
                continue;
            }
            self.put(row, column, character, color);
            for covered in 1..width {
                if let Some(cell) = self.cell(row, column + covered) {
                    cell.is_covered = true;
                }
            }
            column += width;
        }
        column
    }

    /// Writes text in the middle of the columns `from..to`.
    pub(super) fn write_centred(&mut self, row: usize, (from, to): (usize, usize), text: &str) {
        let free = to.saturating_sub(from).saturating_sub(width_of(text));
        self.write(row, (from + free / 2, to), text, None);
    }

    /// Writes text that ends before the column `to`.
    pub(super) fn write_before(&mut self, row: usize, to: usize, text: &str) {
        let text = shorten(text, to);
        self.write(row, (to - width_of(&text), to), &text, None);
    }

    /// The lines.
    pub(super) fn finish(&self, color: bool) -> String {
        let mut text = String::new();
        for line in self.cells.chunks(self.columns) {
            let until = line.iter().rposition(|cell| cell.character() != ' ').map_or(0, |at| at + 1);
            let mut now = (None, None);
            for cell in line[..until].iter().filter(|cell| !cell.is_covered) {
                let character = cell.character();
                let wanted = if color { cell.codes() } else { (None, None) };
                // Spaces have no colour of their own.
                if wanted != now && (character != ' ' || wanted.1 != now.1) {
                    text.push_str("\x1b[0");
                    for (what, code) in [(38, wanted.0), (48, wanted.1)] {
                        if let Some(code) = code {
                            text.push_str(&format!(";{what};5;{code}"));
                        }
                    }
                    text.push('m');
                    now = wanted;
                }
                text.push(character);
            }
            if now != (None, None) {
                text.push_str("\x1b[0m");
            }
            text.push('\n');
        }
        text
    }
}

impl Cell {
    /// Numbers of its colours.
    fn codes(&self) -> (Option<usize>, Option<usize>) {
        // What is nearly black would be hidden by a dark terminal: it is in the colour of text, but for areas.
        let is_seen = |&Color { r, g, b }: &Color| 3 * u32::from(r) + 6 * u32::from(g) + u32::from(b) >= 300;
        let color = self.color.filter(|color| self.back.is_some() || is_seen(color));
        (color.map(code), self.back.map(code))
    }

    fn character(&self) -> char {
        match (self.over, self.dots, self.under) {
            (Some(over), _, _) => over,
            (None, 0, under) => under.unwrap_or(' '),
            (None, dots, _) => char::from_u32(0x2800 + u32::from(dots)).unwrap_or(' '),
        }
    }
}

/// Number of the nearest colour of 256.
fn code(Color { r, g, b }: Color) -> usize {
    let [red, green, blue] = [r, g, b].map(u32::from);
    const LEVELS: [u32; 6] = [0, 95, 135, 175, 215, 255];
    let distance =
        |to: [u32; 3]| red.abs_diff(to[0]).pow(2) + green.abs_diff(to[1]).pow(2) + blue.abs_diff(to[2]).pow(2);
    let level = |value: u32| (0..6).min_by_key(|&at| value.abs_diff(LEVELS[at])).unwrap_or(0);
    let nearest = [red, green, blue].map(level);
    let cube = (distance(nearest.map(|at| LEVELS[at])), 16 + 36 * nearest[0] + 6 * nearest[1] + nearest[2]);
    let grey = ((red + green + blue) / 3).saturating_sub(3) / 10;
    let grey = grey.min(23);
    let grey = (distance([8 + 10 * grey; 3]), 232 + grey as usize);
    cube.min(grey).1
}

/// Columns that a text takes.
pub(super) fn width_of(text: &str) -> usize {
    text.chars().map(|character| UnicodeWidthChar::width(visible(character)).unwrap_or(0)).sum()
}

/// A text without what a terminal would obey, cut to `columns`.
pub(super) fn shorten(text: &str, columns: usize) -> String {
    let text: String = text.chars().map(visible).collect();
    if width_of(&text) <= columns {
        return text;
    }
    let mut short = String::new();
    let mut used = 1;
    for character in text.chars() {
        used += UnicodeWidthChar::width(character).unwrap_or(0);
        if used > columns {
            break;
        }
        short.push(character);
    }
    if columns > 0 {
        short.push('…');
    }
    short
}

/// Control characters and marks of direction are shown as U+FFFD.
fn visible(character: char) -> char {
    match character {
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        _ if character.is_control() => '\u{fffd}',
        _ => character,
    }
}
