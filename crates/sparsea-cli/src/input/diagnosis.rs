//! What a text table holds that could not be read as numbers: decimal commas, columns of text.

use super::error::{Place, Problem};
use super::number::{has_decimal_comma, is_missing, may_have_thousands, number};
use super::reading::Mark;
use super::rows::is_header;
use super::select::{Purpose, typed};
use super::table::{How, Lines};

/// A field and where it is.
type Found = Option<(Place, String)>;

/// What the columns of a table hold.
pub struct Diagnosis<'h> {
    how: &'h How<'h>,
    names: Option<Vec<String>>,
    kept: Vec<bool>,
    /// Of each column: numbers, other words, and the first of these.
    columns: Vec<(usize, usize, Found)>,
    /// The first number with a decimal comma, and with a decimal point.
    comma: Found,
    point: Found,
    /// Whether every comma may separate thousands.
    may_be_thousands: bool,
}

impl Lines for Diagnosis<'_> {
    fn record<'a>(&mut self, line: usize, fields: impl Iterator<Item = &'a str> + Clone) -> Result<(), Problem> {
        if self.columns.is_empty() {
            self.columns = vec![(0, 0, None); fields.clone().count()];
            if is_header(fields.clone(), self.how) {
                let names: Vec<String> = fields.map(str::to_owned).collect();
                self.kept = self.how.selection.kept(Some(&names), names.len())?;
                self.names = Some(names);
                return Ok(());
            }
            self.kept = self.how.selection.kept(None, self.columns.len())?;
        }
        for (index, field) in fields.enumerate() {
            if !self.kept.get(index).is_some_and(|&kept| kept) || is_missing(field) {
                continue;
            }
            let name = self.names.as_ref().and_then(|names| names.get(index)).cloned();
            let found = || Some((Place { line, column: index + 1, name }, field.to_owned()));
            let column = &mut self.columns[index];
            if number(field).is_some() {
                column.0 += 1;
                if field.contains('.') && self.point.is_none() {
                    self.point = found();
                }
            } else if has_decimal_comma(field) {
                column.0 += 1;
                self.may_be_thousands &= may_have_thousands(field);
                if self.comma.is_none() {
                    self.comma = found();
                }
            } else {
                column.1 += 1;
                if column.2.is_none() {
                    column.2 = found();
                }
            }
        }
        Ok(())
    }

    fn blank(&mut self, _line: usize) {}
}

impl<'h> Diagnosis<'h> {
    pub fn new(how: &'h How<'h>) -> Self {
        let (names, kept, columns, comma, point) = (None, vec![], vec![], None, None);
        Self { how, names, kept, columns, comma, point, may_be_thousands: true }
    }

    /// Whether numbers have decimal commas for certain, or the refusal where they may.
    pub fn has_decimal_commas(&self) -> Result<bool, Problem> {
        let Some((place, text)) = self.comma.clone() else { return Ok(false) };
        if self.how.decimal.is_some() {
            return Ok(false);
        }
        if let Some((_, point)) = self.point.clone() {
            return Err(Problem::BothDecimals { place, text, point });
        }
        if self.may_be_thousands {
            return Err(Problem::Thousands { place, text });
        }
        if self.how.mark == Mark::Blanks {
            return Err(Problem::DecimalOrSeparator { place, text });
        }
        Ok(true)
    }

    /// The refusal that says most about a table in which `problem` was found.
    pub fn explain(self, problem: Problem) -> Problem {
        let Problem::NotANumber { place, .. } = &problem else { return problem };
        let holds_text = |&(numbers, words, _): &(usize, usize, Found)| words > numbers;
        if !self.columns.get(place.column - 1).is_some_and(holds_text) {
            return problem;
        }
        let text: Vec<usize> = (0..self.columns.len()).filter(|&j| holds_text(&self.columns[j])).collect();
        let names = self.names.as_deref();
        let name = |&j: &usize| names.and_then(|names| names.get(j)).filter(|name| !name.is_empty()).cloned();
        let first = text.first().and_then(|&j| self.columns[j].2.clone());
        let Some((place, word)) = first else { return problem };
        let drop = match self.how.selection.purpose {
            Purpose::Predictors => Some(text.iter().map(|&j| typed(j, names)).collect::<Vec<_>>().join(",")),
            // Without --drop, a column can only be named where there are others.
            _ if self.columns.len() > text.len() => None,
            _ => return problem,
        };
        Problem::TextColumns { columns: text.iter().map(|j| (*j, name(j))).collect(), word, line: place.line, drop }
    }
}
