//! Tables of text: `.csv` (comma or semicolon), `.tsv` (tab) and `.txt` (blanks).

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
/// The first line is a header if no field of it is a number.
pub fn read(bytes: &[u8], separator: Separator) -> Result<Table, Problem> {
    let text = decode(bytes)?;
    let mut rows = Rows::default();
    match separator {
        Separator::Blanks => {
            for (index, line) in text.lines().enumerate() {
                if !line.trim_start().starts_with('#') {
                    rows.push(index + 1, line.split_whitespace())?;
                }
            }
        }
        Separator::Comma => delimited(text, comma_or_semicolon(text), &mut rows)?,
        Separator::Tab => delimited(text, b'\t', &mut rows)?,
    }
    rows.finish()
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
    // The crate counts only `\n`, and a lone line number after skipped lines may point before them, so the line
    // is found from the byte at which the record starts.
    let (mut line, mut counted) = (1, 0);
    let mut record = csv::StringRecord::new();
    loop {
        match reader.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            Err(error) => {
                return Err(Problem::Malformed { format: "table", rule: error.to_string() });
            }
        }
        let start = record.position().map_or(0, |p| p.byte() as usize);
        let start = record_start(text, start);
        line += newlines(text, counted, start);
        counted = start.max(counted);
        rows.push(line, record.iter())?;
    }
}

/// Moves a position past blank lines and comments, to the record that follows.
fn record_start(text: &str, mut at: usize) -> usize {
    let bytes = text.as_bytes();
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\r' | b'\n' => at += 1,
            b'#' => {
                let rest = &bytes[at..];
                at += rest.iter().position(|&b| b == b'\n').unwrap_or(rest.len());
            }
            _ => break,
        }
    }
    at
}

fn newlines(text: &str, from: usize, to: usize) -> usize {
    text.as_bytes().get(from..to).map_or(0, |skipped| skipped.iter().filter(|&&b| b == b'\n').count())
}

/// The lines read so far.
#[derive(Default)]
struct Rows {
    names: Option<Vec<String>>,
    /// Line and number of fields of the first line, which all others must have.
    first: Option<(usize, usize)>,
    count: usize,
    real: Vec<f64>,
    /// Everything, from the first complex number on; `real` is then empty.
    complex: Option<Vec<Complex<f64>>>,
}

impl Rows {
    fn push<'a>(&mut self, line: usize, fields: impl Iterator<Item = &'a str> + Clone) -> Result<(), Problem> {
        let fields = fields.map(str::trim);
        let found = fields.clone().count();
        if found == 0 || (found == 1 && fields.clone().all(str::is_empty)) {
            return Ok(());
        }
        match self.first {
            None => {
                self.first = Some((line, found));
                // A line of names and numbers is more likely data with a slip than a header; it is refused below.
                if fields.clone().all(|field| number(field).is_none()) {
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
            let value = number(field).ok_or_else(|| Problem::NotANumber { line, column, text: text() })?;
            if !value.is_finite() {
                return Err(Problem::NotFiniteText { line, column, text: text() });
            }
            self.push_value(value);
        }
        self.count += 1;
        Ok(())
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
    fn is_finite(self) -> bool {
        match self {
            Self::Real(value) => value.is_finite(),
            Self::Complex(value) => value.is_finite(),
        }
    }
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
