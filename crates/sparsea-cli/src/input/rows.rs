//! The lines of a text table, one after the other, as numbers.

use num_complex::Complex;

use super::array::{Matrix, Table, dense};
use super::dense::Layout;
use super::error::{Place, Problem};
use super::number::{Value, is_digits, is_missing, is_part, number_with};
use super::reading::Decimal;
use super::select::Places;
use super::table::{How, Lines};

/// The lines read so far.
pub struct Rows<'h> {
    how: &'h How<'h>,
    names: Option<Vec<String>>,
    /// For each column of the file, whether it is read.
    kept: Vec<bool>,
    /// Line and number of fields of the first line, which all others must have.
    first: Option<(usize, usize)>,
    count: usize,
    /// Whether the first line counts 0, 1, 2, …: names of columns without names, or numbers.
    counts: bool,
    /// The first blank line.
    blank: Option<usize>,
    /// The same, if more than the end of the file follows.
    hole: Option<usize>,
    /// A field that may be the digits after a decimal comma.
    part: Option<(usize, usize, String)>,
    /// The first line, while all are pairs of digits: numbers with a decimal comma look the same.
    pairs: Option<String>,
    real: Vec<f64>,
    /// Everything, from the first complex number on; `real` is then empty.
    complex: Option<Vec<Complex<f64>>>,
}

/// Whether a first line with these fields has names: none of them is a number, and not all stand for a missing one.
pub fn is_header<'a>(fields: impl Iterator<Item = &'a str> + Clone, how: &How<'_>) -> bool {
    let decimal = how.decimal.unwrap_or(Decimal::Point);
    let is_number = |field: &str| {
        number_with(field, decimal).is_some() || (how.decimal.is_none() && number_with(field, Decimal::Comma).is_some())
    };
    how.header.unwrap_or_else(|| {
        // What pandas writes of a table without names: nothing above the index, then 0, 1, 2, ….
        let counted = fields.clone().next() == Some("") && counts(fields.clone().skip(1)) > 0;
        // A line of names and numbers is more likely data with a slip than a header; it is refused below.
        counted || (!fields.clone().any(is_number) && !fields.clone().all(is_missing))
    })
}

/// How many fields there are, if they count 0, 1, 2, …, and otherwise 0.
fn counts<'a>(fields: impl Iterator<Item = &'a str>) -> usize {
    let mut count = 0;
    for field in fields {
        if !is_digits(field) || field.parse() != Ok(count) {
            return 0;
        }
        count += 1;
    }
    count
}

impl Lines for Rows<'_> {
    fn record<'a>(&mut self, line: usize, fields: impl Iterator<Item = &'a str> + Clone) -> Result<(), Problem> {
        // It was not the last line.
        self.hole = self.hole.or(self.blank);
        let found = fields.clone().count();
        match self.first {
            None => {
                self.first = Some((line, found));
                if is_header(fields.clone(), self.how) {
                    let names: Vec<String> = fields.map(str::to_owned).collect();
                    self.kept = self.how.selection.kept(Some(&names), found)?;
                    self.names = Some(names);
                    return Ok(());
                }
                self.kept = self.how.selection.kept(None, found)?;
                self.first_numbers(fields.clone());
            }
            Some((first, expected)) if found != expected => {
                let hint = self.hint(found, expected);
                return Err(Problem::Ragged { line, found, first, expected, hint });
            }
            Some(_) => self.later_numbers(line, fields.clone())?,
        }
        let decimal = self.how.decimal.unwrap_or(Decimal::Point);
        for (index, field) in fields.enumerate() {
            if !self.kept[index] {
                continue;
            }
            let gap = is_missing(field);
            let number = if self.how.gaps && gap { Some(Value::Real(f64::NAN)) } else { number_with(field, decimal) };
            let Some(value) = number else {
                let (place, text) = (self.place(line, index), field.to_owned());
                return Err(if gap {
                    let remedy = self.how.selection.remedy(index, self.names.as_deref());
                    Problem::Missing { place, text, remedy }
                } else {
                    Problem::NotANumber { place, text }
                });
            };
            let is_gap = self.how.gaps && value.is_nan();
            if !is_gap && !value.is_finite() {
                let (place, text) = (self.place(line, index), field.to_owned());
                if value.is_nan() {
                    let remedy = self.how.selection.remedy(index, self.names.as_deref());
                    return Err(Problem::NotANumberText { place, text, remedy });
                }
                return Err(Problem::NotFiniteText { place, text });
            }
            if self.part.is_none() && self.may_be_split() && is_part(field) {
                self.part = Some((line, index, field.to_owned()));
            }
            self.push_value(value);
        }
        self.count += 1;
        Ok(())
    }

    fn blank(&mut self, line: usize) {
        self.hole = self.hole.or(self.blank);
        self.blank = self.blank.or(Some(line));
    }
}

impl<'h> Rows<'h> {
    pub fn new(how: &'h How<'h>) -> Self {
        Self {
            how,
            names: None,
            kept: vec![],
            first: None,
            count: 0,
            counts: false,
            blank: None,
            hole: None,
            part: None,
            pairs: None,
            real: vec![],
            complex: None,
        }
    }

    /// Whether commas separate fields in a table without names, and nothing says that they are not decimal commas.
    fn may_be_split(&self) -> bool {
        self.how.is_comma_noticed() && self.names.is_none()
    }

    /// What a first line of numbers may also be.
    fn first_numbers<'a>(&mut self, fields: impl Iterator<Item = &'a str> + Clone) {
        self.counts = self.how.header.is_none() && counts(fields.clone()) >= 3;
        if self.may_be_split() {
            self.pairs = pair(fields);
        }
    }

    /// Whether later lines tell what the first one was.
    fn later_numbers<'a>(
        &mut self,
        line: usize,
        mut fields: impl Iterator<Item = &'a str> + Clone,
    ) -> Result<(), Problem> {
        if self.pairs.is_some() && pair(fields.clone()).is_none() {
            self.pairs = None;
        }
        if std::mem::take(&mut self.counts) && !fields.any(is_digits) {
            let first = self.first.map_or(line, |(first, _)| first);
            return Err(Problem::CountingLine { line: first });
        }
        Ok(())
    }

    fn hint(&self, found: usize, expected: usize) -> &'static str {
        if self.how.is_comma_noticed() && (found == 2 * expected || 2 * found == expected) {
            "; if the comma is a decimal comma, say --decimal comma"
        } else if self.names.is_some() && found == expected + 1 {
            "; if each line starts with the name of the row, line 1 needs a name for these, too"
        } else {
            ""
        }
    }

    fn place(&self, line: usize, index: usize) -> Place {
        let name = self.names.as_ref().and_then(|names| names.get(index)).filter(|name| !name.is_empty());
        Place { line, column: index + 1, name: name.cloned() }
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

    /// The table of all lines.
    pub fn finish(self) -> Result<Table, Problem> {
        let (_, of) = self.first.ok_or(Problem::Empty)?;
        if self.count == 0 {
            return Err(Problem::OnlyHeader);
        }
        // Last: a field that is wrong says more.
        if let Some(line) = self.hole {
            return Err(Problem::BlankLine { line });
        }
        if let Some((line, index, text)) = &self.part {
            return Err(Problem::PartOfNumber { place: self.place(*line, *index), text: text.clone() });
        }
        let index = self.is_index();
        let kept: Vec<usize> = (0..of).filter(|&j| self.kept[j]).collect();
        let matrix: Matrix = match self.complex {
            Some(values) => dense(values, self.count, kept.len(), Layout::Rows),
            None => dense(self.real, self.count, kept.len(), Layout::Rows),
        };
        let names = self.names.map(|names| kept.iter().map(|&j| names[j].clone()).collect());
        let places = (kept.len() < of).then_some(Places { kept, of });
        let table =
            Table { matrix, column_names: names, places, note: None, pairs: self.pairs.filter(|_| self.count > 1) };
        Ok(if index { table.without_index(of) } else { table })
    }

    /// Whether the first column has no name, unlike others, and numbers the rows, as data frames are written.
    fn is_index(&self) -> bool {
        let Some(names) = &self.names else { return false };
        let width = self.kept.iter().filter(|&&kept| kept).count();
        let is_unnamed =
            names.first().is_some_and(String::is_empty) && names.iter().skip(1).all(|name| !name.is_empty());
        if !is_unnamed || width < 2 || self.complex.is_some() || !self.kept[0] {
            return false;
        }
        // `0` is the name of a column only where one has it.
        if self.how.selection.mentions(Some(names), 0, names.len()) {
            return false;
        }
        let mut numbers = self.real.iter().step_by(width);
        let Some(&first) = numbers.next() else { return false };
        // Rows may have been left out of the frame since they were numbered.
        let increases = numbers.try_fold(first, |last, &next| (next > last && next.fract() == 0.0).then_some(next));
        first >= 0.0 && first.fract() == 0.0 && increases.is_some() && (self.count > 1 || first <= 1.0)
    }
}

/// A line of two fields that are digits alone, as it is written.
fn pair<'a>(mut fields: impl Iterator<Item = &'a str>) -> Option<String> {
    let (whole, fraction) = (fields.next()?, fields.next()?);
    let is_pair = fields.next().is_none() && is_digits(whole.trim_start_matches('-')) && is_digits(fraction);
    is_pair.then(|| format!("{whole},{fraction}"))
}
