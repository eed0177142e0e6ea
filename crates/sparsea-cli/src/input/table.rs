//! Tables of text: `.csv` (comma or semicolon), `.tsv` (tab) and `.txt` (blanks).

use std::borrow::Cow;

use super::array::Table;
use super::diagnosis::Diagnosis;
use super::error::Problem;
use super::number::number_with;
use super::reading::{Decimal, Mark, Reading};
use super::rows::Rows;
use super::select::Selection;

/// What stands between the fields of a line, as far as the name of the file says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Separator {
    /// A comma, or a semicolon or a tab if the first lines say so.
    Comma,
    /// A tab.
    Tab,
    /// Any number of blanks, or a semicolon if the first line has one.
    Blanks,
}

/// How a table is read.
pub struct How<'s> {
    pub mark: Mark,
    /// Whether the mark was noticed, and not said.
    noticed: bool,
    /// Not said: a point, unless there are only commas.
    pub decimal: Option<Decimal>,
    /// Not said: noticed.
    pub header: Option<bool>,
    /// Whether fields may be missing, and are NaN then.
    pub gaps: bool,
    pub selection: &'s Selection<'s>,
}

impl How<'_> {
    /// Whether commas separate fields, although nobody said so, nor what the decimal mark is.
    pub fn is_comma_noticed(&self) -> bool {
        self.mark == Mark::Char(b',') && self.noticed && self.decimal.is_none()
    }
}

/// What is done with the lines of a table.
pub trait Lines {
    /// A line with its fields, trimmed.
    fn record<'a>(&mut self, line: usize, fields: impl Iterator<Item = &'a str> + Clone) -> Result<(), Problem>;
    /// A blank line.
    fn blank(&mut self, line: usize);
}

/// Reads a table: an optional header line, then lines of numbers, all of the same length.
///
/// The first line is a header if no field of it is a number, and not all stand for a missing one. A blank line may be a
/// missing sample, after which all others would be taken for their neighbours: only the last one of a file is harmless.
/// With `gaps`, a field that is NaN or stands for a missing number is NaN.
pub fn read(
    bytes: &[u8],
    separator: Separator,
    reading: &Reading,
    gaps: bool,
    selection: &Selection<'_>,
) -> Result<Table, Problem> {
    let text = &with_line_feeds(decode(bytes)?);
    let (mark, noticed) = match reading.separator {
        Some(mark) => (mark, false),
        None => (mark_of(text, separator, reading.decimal), true),
    };
    if mark == Mark::Char(b',') && reading.decimal == Some(Decimal::Comma) && !text.contains('"') {
        return Err(Problem::CommaTwice);
    }
    let (decimal, header) = (reading.decimal, reading.header);
    let mut how = How { mark, noticed, decimal, header, gaps, selection };
    let problem = match rows(text, &how) {
        Err(problem @ Problem::NotANumber { .. }) => problem,
        read => return read,
    };
    let mut diagnosis = Diagnosis::new(&how);
    visit(text, mark, &mut diagnosis)?;
    if !diagnosis.has_decimal_commas()? {
        return Err(diagnosis.explain(problem));
    }
    how.decimal = Some(Decimal::Comma);
    rows(text, &how).map_err(|problem| {
        let mut diagnosis = Diagnosis::new(&how);
        match visit(text, mark, &mut diagnosis) {
            Ok(()) => diagnosis.explain(problem),
            Err(_) => problem,
        }
    })
}

fn rows(text: &str, how: &How<'_>) -> Result<Table, Problem> {
    let mut rows = Rows::new(how);
    visit(text, how.mark, &mut rows)?;
    rows.finish()
}

/// Goes through the lines of a table.
fn visit(text: &str, mark: Mark, lines: &mut impl Lines) -> Result<(), Problem> {
    let Mark::Char(delimiter) = mark else {
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() {
                lines.blank(index + 1);
            } else if !line.starts_with('#') {
                lines.record(index + 1, line.split_whitespace())?;
            }
        }
        return Ok(());
    };
    delimited(text, delimiter, lines)
}

/// What separates fields, by the first two lines that are neither blank nor comments.
fn mark_of(text: &str, separator: Separator, decimal: Option<Decimal>) -> Mark {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    let first = lines.next().unwrap_or_default();
    let second = lines.next();
    let count = |line: &str, mark: char| line.matches(mark).count();
    let is_decimal = |field: &str| number_with(field.trim(), Decimal::Comma).is_some();
    match separator {
        Separator::Tab => Mark::Char(b'\t'),
        Separator::Blanks if first.contains(';') => Mark::Char(b';'),
        Separator::Blanks => Mark::Blanks,
        Separator::Comma if first.contains(';') => {
            // Beside a comma, in a name or in numbers, semicolons separate if there are as many in the second line.
            let separates = !first.contains(',')
                || second.map_or(first.split(';').all(is_decimal), |second| count(first, ';') == count(second, ';'));
            Mark::Char(if separates { b';' } else { b',' })
        }
        Separator::Comma if first.contains('\t') && !first.contains(',') => Mark::Char(b'\t'),
        Separator::Comma if decimal == Some(Decimal::Comma) && !text.contains('"') => {
            // A column of numbers by itself has no separator.
            Mark::Char(if first.contains('\t') || second.is_some_and(|line| line.contains('\t')) {
                b'\t'
            } else {
                b';'
            })
        }
        Separator::Comma => Mark::Char(b','),
    }
}

/// Lines that end in a lone carriage return, as those of old Macs, end in a line feed afterwards.
fn with_line_feeds(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let lone = |at: usize| bytes[at] == b'\r' && bytes.get(at + 1) != Some(&b'\n');
    if !(0..bytes.len()).any(lone) {
        return Cow::Borrowed(text);
    }
    let chars = text.char_indices();
    Cow::Owned(chars.map(|(at, c)| if c == '\r' && lone(at) { '\n' } else { c }).collect())
}

/// The text of a file, without a byte order mark.
pub fn decode(bytes: &[u8]) -> Result<&str, Problem> {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(Problem::Utf16);
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        Problem::NotUtf8 { line: 1 + before.iter().filter(|&&b| b == b'\n').count() }
    })
}

fn delimited(text: &str, delimiter: u8, lines: &mut impl Lines) -> Result<(), Problem> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .comment(Some(b'#'))
        .from_reader(text.as_bytes());
    let mut gap = Gap { text, at: 0, line: 1 };
    let mut record = csv::StringRecord::new();
    loop {
        let read = reader
            .read_record(&mut record)
            .map_err(|error| Problem::Malformed { format: "table", rule: error.to_string() })?;
        // Until where the crate had read before it passed over blank lines and comments.
        gap.skip(record.position().map_or(0, |end| end.byte() as usize), lines);
        if !read {
            return Ok(());
        }
        // A line of blanks is a blank line to us, but `""` is a field.
        let unquoted = text.as_bytes().get(gap.at).is_none_or(|&byte| byte != b'"');
        if record.len() == 1 && record[0].trim().is_empty() && unquoted {
            lines.blank(gap.line);
        } else {
            lines.record(gap.line, record.iter().map(str::trim))?;
        }
    }
}

/// What lies between two records: blank lines and comments.
struct Gap<'a> {
    text: &'a str,
    /// The start of a line, and its number.
    at: usize,
    line: usize,
}

impl Gap<'_> {
    /// Moves from the end of a record to the next one, and tells `lines` of the blank lines between them.
    fn skip(&mut self, end: usize, lines: &mut impl Lines) {
        let bytes = self.text.as_bytes();
        let end = end.max(self.at);
        self.line += bytes.get(self.at..end).map_or(0, |read| read.iter().filter(|&&b| b == b'\n').count());
        self.at = end;
        // The crate leaves the second half of `\r\n`.
        if end > 0 && bytes.get(end - 1..=end) == Some(b"\r\n") {
            self.at += 1;
            self.line += 1;
        }
        while let Some(rest) = self.text.get(self.at..).filter(|rest| !rest.is_empty()) {
            let line = rest.split_inclusive('\n').next().unwrap_or(rest);
            match line.trim_end_matches(['\r', '\n']) {
                "" => lines.blank(self.line),
                comment if comment.starts_with('#') => {}
                _ => break,
            }
            self.at += line.len();
            self.line += 1;
        }
    }
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
