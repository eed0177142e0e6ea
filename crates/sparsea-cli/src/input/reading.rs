//! How files are read, as far as the command line says it.

use std::sync::OnceLock;

use super::Format;

/// What separates the fields of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// One character of ASCII.
    Char(u8),
    /// Any number of blanks.
    Blanks,
}

/// The decimal mark of numbers in text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decimal {
    /// `1.5`.
    Point,
    /// `1,5`.
    Comma,
}

/// What the command line says of the files that are read. What it leaves open is noticed, or refused.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// The format of standard input, and of files whose extension names none.
    pub format: Option<Format>,
    /// The separator of every text table.
    pub separator: Option<Mark>,
    /// The decimal mark of every text table.
    pub decimal: Option<Decimal>,
    /// Whether the first line of every text table has the names.
    pub header: Option<bool>,
    /// The columns of A to read, all if empty, and those to leave out: names or numbers.
    pub only: Vec<String>,
    pub dropped: Vec<String>,
}

static READING: OnceLock<Reading> = OnceLock::new();

/// Says once, before anything is read, how the files of this call are read.
pub fn set(reading: Reading) {
    // A second call would be a mistake here; the first one holds.
    let _ = READING.set(reading);
}

/// How the files of this call are read.
pub fn reading() -> &'static Reading {
    READING.get_or_init(Reading::default)
}
