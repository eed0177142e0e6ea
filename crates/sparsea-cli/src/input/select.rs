//! Which columns of a table are read.

use super::array::Matrix;
use super::error::{Problem, Remedy};
use super::reading::Reading;

/// What a table is read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A, whose columns may be chosen by --columns and --drop.
    Predictors,
    /// y, of which rows may be missing.
    Data,
    /// Anything else.
    Other,
}

/// The columns to read, each by its name or its number, counted from 0.
#[derive(Debug, Clone)]
pub struct Selection<'r> {
    pub purpose: Purpose,
    only: &'r [String],
    dropped: &'r [String],
    /// The column y of A's own table, which is read whatever else is.
    pub data: Option<&'r str>,
}

impl<'r> Selection<'r> {
    /// Every column.
    pub fn all(purpose: Purpose) -> Self {
        Self { purpose, only: &[], dropped: &[], data: None }
    }

    /// One column.
    pub fn one(column: &'r String, purpose: Purpose) -> Self {
        Self { purpose, only: std::slice::from_ref(column), dropped: &[], data: None }
    }

    /// The columns of A, by --columns and --drop, and y, if it is one of its table.
    pub fn predictors(reading: &'r Reading, data: Option<&'r str>) -> Self {
        Self { purpose: Purpose::Predictors, only: &reading.only, dropped: &reading.dropped, data }
    }

    /// Whether all columns are read.
    pub fn is_all(&self) -> bool {
        self.only.is_empty() && self.dropped.is_empty()
    }

    /// Whether column `j` is asked for by itself.
    pub fn mentions(&self, names: Option<&[String]>, j: usize, count: usize) -> bool {
        let is_it = |column: &str| position(column, names, count).is_ok_and(|found| found == j);
        self.only.iter().map(String::as_str).chain(self.data).any(is_it)
    }

    /// What to do about a missing number in this column.
    pub fn remedy(&self, index: usize, names: Option<&[String]>) -> Remedy {
        let count = names.map_or(index + 1, <[String]>::len);
        let is_data = self.data.is_some_and(|data| position(data, names, count).is_ok_and(|j| j == index));
        match self.purpose {
            Purpose::Data => Remedy::DropRows,
            Purpose::Predictors if is_data => Remedy::DropRows,
            Purpose::Predictors => Remedy::DropColumn(typed(index, names)),
            Purpose::Other => Remedy::Fill,
        }
    }

    /// For each column of a file, whether it is read.
    pub fn kept(&self, names: Option<&[String]>, count: usize) -> Result<Vec<bool>, Problem> {
        let mut kept = vec![self.only.is_empty(); count];
        for column in self.only {
            kept[position(column, names, count)?] = true;
        }
        for column in self.dropped {
            kept[position(column, names, count)?] = false;
        }
        // Whether y is a column at all is found out when it is taken.
        if let Some(j) = self.data.and_then(|column| position(column, names, count).ok()) {
            kept[j] = true;
        }
        if kept.contains(&true) { Ok(kept) } else { Err(Problem::NoColumnLeft) }
    }

    /// The columns that are kept of a matrix without names, and their numbers where some are not.
    pub fn of_matrix(&self, matrix: Matrix) -> Result<(Matrix, Option<Places>), Problem> {
        if self.is_all() {
            return Ok((matrix, None));
        }
        let of = matrix.ncols();
        let kept = self.kept(None, of)?;
        let kept: Vec<usize> = (0..of).filter(|&j| kept[j]).collect();
        if kept.len() == of {
            return Ok((matrix, None));
        }
        Ok((matrix.with_columns(&kept), Some(Places { kept, of })))
    }
}

/// Where the columns that were read are in their file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    pub kept: Vec<usize>,
    /// Columns of the file.
    pub of: usize,
}

/// The column of that name or, counted from 0, that number.
pub fn position(column: &str, names: Option<&[String]>, count: usize) -> Result<usize, Problem> {
    let names = names.unwrap_or_default();
    let mut named = (0..names.len()).filter(|&j| names[j] == column);
    match (named.next(), named.next()) {
        (Some(j), None) => return Ok(j),
        (Some(_), Some(_)) => return Err(Problem::AmbiguousColumn(column.to_owned())),
        (None, _) => {}
    }
    match column.parse() {
        Ok(index) if index < count => Ok(index),
        Ok(index) => Err(Problem::ColumnRange { index, ncols: count }),
        Err(_) => Err(Problem::NoSuchColumn { name: column.to_owned(), columns: names.to_vec() }),
    }
}

/// A column as --drop takes it: its name where a shell and the commas of the option leave it whole, or else its number.
pub fn typed(j: usize, names: Option<&[String]>) -> String {
    let names = names.unwrap_or_default();
    match names.get(j) {
        Some(name) if is_plain(name) && names.iter().filter(|other| *other == name).count() == 1 => {
            if name.contains(' ') { format!("'{name}'") } else { name.clone() }
        }
        _ => j.to_string(),
    }
}

fn is_plain(name: &str) -> bool {
    let is_safe = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | ' ' | '%' | '/' | ':');
    !name.is_empty() && name.trim() == name && name.chars().all(is_safe)
}
