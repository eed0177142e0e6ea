//! Tables of text: `.csv` (comma or semicolon), `.tsv` (tab) and `.txt` (blanks).

use std::borrow::Cow;

use num_complex::Complex;

use super::array::{Matrix, Table, dense};
use super::dense::Layout;
use super::error::Problem;

/// What stands between the fields of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Separator {
    /// A comma, or a semicolon if the first line has semicolons and no comma.
    Comma,
    /// A tab.
    Tab,
    /// Any number of blanks.
    Blanks,
}

/// Reads a table: an optional header line, then lines of numbers, all of the same length.
///
/// The first line is a header if no field of it is a number, and not all stand for a missing one. A blank line may be a
/// missing sample, after which all others would be taken for their neighbours: only the last one of a file is harmless.
pub fn read(bytes: &[u8], separator: Separator) -> Result<Table, Problem> {
    read_rows(bytes, separator, Rows::default())
}

/// The same, with NaN for a field that is NaN or stands for a missing number.
pub fn read_with_gaps(bytes: &[u8], separator: Separator) -> Result<Table, Problem> {
    read_rows(bytes, separator, Rows { gaps: true, ..Rows::default() })
}

fn read_rows(bytes: &[u8], separator: Separator, mut rows: Rows) -> Result<Table, Problem> {
    let text = &with_line_feeds(decode(bytes)?);
    match separator {
        Separator::Blanks => {
            for (index, line) in text.lines().enumerate() {
                let line = line.trim();
                if line.is_empty() {
                    rows.blank(index + 1);
                } else if !line.starts_with('#') {
                    rows.push(index + 1, line.split_whitespace())?;
                }
            }
        }
        Separator::Comma => delimited(text, comma_or_semicolon(text), &mut rows)?,
        Separator::Tab => delimited(text, b'\t', &mut rows)?,
    }
    rows.finish()
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

fn comma_or_semicolon(text: &str) -> u8 {
    let first = text.lines().find(|line| !line.trim().is_empty() && !line.starts_with('#')).unwrap_or_default();
    if first.contains(';') && !first.contains(',') { b';' } else { b',' }
}

fn delimited(text: &str, delimiter: u8, rows: &mut Rows) -> Result<(), Problem> {
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
        gap.skip(record.position().map_or(0, |end| end.byte() as usize), rows);
        if !read {
            return Ok(());
        }
        // A line of blanks is a blank line to us, but `""` is a field.
        let unquoted = text.as_bytes().get(gap.at).is_none_or(|&byte| byte != b'"');
        if record.len() == 1 && record[0].trim().is_empty() && unquoted {
            rows.blank(gap.line);
        } else {
            rows.push(gap.line, record.iter())?;
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
    /// Moves from the end of a record to the next one, and tells `rows` of the blank lines between them.
    fn skip(&mut self, end: usize, rows: &mut Rows) {
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
                "" => rows.blank(self.line),
                comment if comment.starts_with('#') => {}
                _ => break,
            }
            self.at += line.len();
            self.line += 1;
        }
    }
}

/// The lines read so far.
#[derive(Default)]
struct Rows {
    /// Whether fields may be missing.
    gaps: bool,
    names: Option<Vec<String>>,
    /// Line and number of fields of the first line, which all others must have.
    first: Option<(usize, usize)>,
    count: usize,
    /// The first blank line.
    blank: Option<usize>,
    /// The same, if more than the end of the file follows.
    hole: Option<usize>,
    real: Vec<f64>,
    /// Everything, from the first complex number on; `real` is then empty.
    complex: Option<Vec<Complex<f64>>>,
}

impl Rows {
    fn push<'a>(&mut self, line: usize, fields: impl Iterator<Item = &'a str> + Clone) -> Result<(), Problem> {
        // It was not the last line.
        self.hole = self.hole.or(self.blank);
        let fields = fields.map(str::trim);
        let found = fields.clone().count();
        match self.first {
            None => {
                self.first = Some((line, found));
                // A line of names and numbers is more likely data with a slip than a header; it is refused below.
                if fields.clone().all(|field| number(field).is_none()) && !fields.clone().all(is_missing) {
                    self.names = Some(fields.map(str::to_owned).collect());
                    return Ok(());
                }
            }
            Some((first, expected)) if found != expected => {
                return Err(Problem::Ragged { line, found, first, expected });
            }
            Some(_) => {}
        }
        for (index, field) in fields.enumerate() {
            let column = index + 1;
            let text = || field.to_owned();
            let found = if self.gaps && is_missing(field) { Some(Value::Real(f64::NAN)) } else { number(field) };
            let value = found.ok_or_else(|| Problem::NotANumber { line, column, text: text() })?;
            let is_gap = self.gaps && value.is_nan();
            if !value.is_finite() && !is_gap {
                return Err(Problem::NotFiniteText { line, column, text: text() });
            }
            self.push_value(value);
        }
        self.count += 1;
        Ok(())
    }

    /// A blank line, which must be the last line.
    fn blank(&mut self, line: usize) {
        self.hole = self.hole.or(self.blank);
        self.blank = self.blank.or(Some(line));
    }

    fn push_value(&mut self, value: Value) {
        match (&mut self.complex, value) {
            (None, Value::Real(value)) => self.real.push(value),
            (None, Value::Complex(value)) => {
                let so_far = std::mem::take(&mut self.real);
                let mut all: Vec<_> = so_far.into_iter().map(|v| Complex::new(v, 0.0)).collect();
                all.push(value);
                self.complex = Some(all);
            }
            (Some(all), Value::Real(value)) => all.push(Complex::new(value, 0.0)),
            (Some(all), Value::Complex(value)) => all.push(value),
        }
    }

    fn finish(self) -> Result<Table, Problem> {
        let (_, ncols) = self.first.ok_or(Problem::Empty)?;
        if self.count == 0 {
            return Err(Problem::OnlyHeader);
        }
        // Last: a field that is wrong says more.
        if let Some(line) = self.hole {
            return Err(Problem::BlankLine { line });
        }
        let matrix: Matrix = match self.complex {
            Some(values) => dense(values, self.count, ncols, Layout::Rows),
            None => dense(self.real, self.count, ncols, Layout::Rows),
        };
        Ok(Table { matrix, column_names: self.names })
    }
}

/// A number as text holds it.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Value {
    Real(f64),
    Complex(Complex<f64>),
}

impl Value {
    fn is_nan(self) -> bool {
        match self {
            Self::Real(value) => value.is_nan(),
            Self::Complex(value) => value.re.is_nan() || value.im.is_nan(),
        }
    }

    fn is_finite(self) -> bool {
        match self {
            Self::Real(value) => value.is_finite(),
            Self::Complex(value) => value.is_finite(),
        }
    }
}

/// Whether a field stands for a missing number: nothing, or what pandas, R and spreadsheets write.
fn is_missing(field: &str) -> bool {
    const WORDS: [&str; 10] = ["na", "n/a", "#n/a", "#na", "<na>", "nat", "null", "none", "missing", "nil"];
    let word = field.trim_matches(['"', '\'']).trim();
    word.chars().all(|c| matches!(c, '-' | '?' | '.' | '*'))
        || WORDS.iter().any(|known| word.eq_ignore_ascii_case(known))
}

/// Reads `1.5`, `1+2j`, `1-2i`, `3j`, `(1+2j)` and, as NumPy once wrote, `1+-2j`.
fn number(text: &str) -> Option<Value> {
    if let Ok(value) = text.parse() {
        return Some(Value::Real(value));
    }
    let text = text.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')).unwrap_or(text);
    let Some(text) = text.strip_suffix(['j', 'i', 'J']) else {
        return text.parse().ok().map(Value::Real);
    };
    // The sign that starts the imaginary part is the last one that does not belong to an exponent.
    let bytes = text.as_bytes();
    let sign =
        (1..bytes.len()).rev().find(|&at| matches!(bytes[at], b'+' | b'-') && !matches!(bytes[at - 1], b'e' | b'E'));
    let (re, im) = match sign {
        Some(at) if bytes[at - 1] == b'+' => (&text[..at - 1], &text[at..]),
        Some(at) => text.split_at(at),
        None => ("0", text),
    };
    let (re, im) = (re.trim_end(), im.trim());
    // `-inf` must not be read as `-` and `inf`; parse takes care of it. A bare `j` has no digits: not a number.
    let im = match im.as_bytes() {
        [b'+' | b'-', b' ', ..] => format!("{}{}", &im[..1], im[1..].trim_start()).parse(),
        _ => im.parse(),
    };
    let re = if re.is_empty() { Ok(0.0) } else { re.parse() };
    Some(Value::Complex(Complex::new(re.ok()?, im.ok()?)))
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
