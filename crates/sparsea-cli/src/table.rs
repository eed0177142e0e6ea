//! Tables for people: columns as wide as what they hold, two blanks apart.

use std::fmt;

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table as Grid};

/// A table, with a heading for each column.
pub struct Table(Grid);

/// A heading over cells that begin together, such as names.
pub fn left(heading: impl Into<String>) -> (String, CellAlignment) {
    (heading.into(), CellAlignment::Left)
}

/// A heading over cells that end together, such as numbers.
pub fn right(heading: impl Into<String>) -> (String, CellAlignment) {
    (heading.into(), CellAlignment::Right)
}

impl Table {
    pub fn new(columns: impl IntoIterator<Item = (String, CellAlignment)>) -> Self {
        let (headings, alignments): (Vec<String>, Vec<CellAlignment>) = columns.into_iter().unzip();
        let mut grid = Grid::new();
        grid.load_style(NOTHING).set_header(headings);
        for (column, alignment) in grid.column_iter_mut().zip(alignments) {
            column.set_cell_alignment(alignment);
            column.set_padding((0, 2));
        }
        Self(grid)
    }

    /// Adds a row, a cell for each column; those missing at its end are empty.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.0.add_row(cells.into_iter().collect::<Vec<_>>());
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.lines().try_for_each(|line| writeln!(f, "{}", line.trim_end()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_whatever_their_characters() {
        let mut table = Table::new([left("name"), right("time"), left("support")]);
        table.row(["温度".into(), "1.5 ms".into(), "1 2".into()]);
        table.row(["ρ".into(), "10 µs".into()]);
        // A Chinese character is as wide as two others.
        assert_eq!(table.to_string(), "name    time  support\n温度  1.5 ms  1 2\nρ      10 µs\n");
    }
}
