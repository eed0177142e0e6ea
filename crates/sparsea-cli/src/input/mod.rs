//! Reading matrices, data and supports from files.
//!
//! The extension says the format: `.npy`, `.npz`, `.csv`, `.tsv`, `.txt`, `.mtx`, `.mat`. In a file of several arrays
//! (`.npz`, `.mat`) one is named as in `A.npz:b`; in a table a column is named as in `data.csv:price` or, counted from
//! 0, `data.csv:3`. A file that exists under the whole name wins. Nothing that is read may hold NaN or infinity, and
//! no header makes sparsea allocate more than the file can fill. A dense matrix keeps the order of its file, and a large
//! one in a `.npy` file stays there, mapped.

mod array;
mod container;
mod dense;
mod error;
mod finite;
mod mapped;
mod matlab;
mod matrix_market;
mod narrow;
mod npy;
mod npz;
mod table;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

pub use array::{Matrix, Table, Vector, check_room};
pub use dense::{Dense, Layout};
pub use error::{InputError, Problem};
pub use narrow::{Narrow, NarrowMatrix};
pub use npz::Statistics;

use container::Container;
use table::Separator;

use crate::files;

/// The formats, each with its extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Npy,
    Npz,
    Text(Separator),
    MatrixMarket,
    Matlab,
}

impl Format {
    fn of(file: &Path) -> Result<Self, Problem> {
        let extension = file.extension().ok_or(Problem::NoExtension)?;
        let extension = extension.to_string_lossy();
        match extension.to_ascii_lowercase().as_str() {
            "npy" => Ok(Self::Npy),
            "npz" => Ok(Self::Npz),
            "csv" => Ok(Self::Text(Separator::Comma)),
            "tsv" => Ok(Self::Text(Separator::Tab)),
            "txt" => Ok(Self::Text(Separator::Blanks)),
            "mtx" => Ok(Self::MatrixMarket),
            "mat" => Ok(Self::Matlab),
            _ => Err(Problem::UnknownExtension(format!(".{extension}"))),
        }
    }

    /// Whether `FILE:NAME` names one of several arrays, and not a column.
    fn holds_named_arrays(self) -> bool {
        matches!(self, Self::Npz | Self::Matlab)
    }
}

/// A path as the user gave it, taken apart.
struct Source {
    file: PathBuf,
    name: Option<String>,
    /// Whether NaN, and what stands for a missing number in text, are read as NaN.
    gaps: bool,
}

impl Source {
    /// An existing file of the whole name, or else `FILE:NAME` with an existing file.
    fn find(path: &Path) -> Option<Self> {
        if path.exists() {
            return Some(Self { file: path.to_owned(), name: None, gaps: false });
        }
        let text = path.to_str()?;
        text.match_indices(':').rev().find_map(|(at, _)| {
            let file = PathBuf::from(&text[..at]);
            let name = Some(text[at + 1..].to_owned());
            file.is_file().then_some(Self { file, name, gaps: false })
        })
    }

    /// As [`find`](Self::find), or the refusal.
    fn require(path: &Path) -> Result<Self, InputError> {
        Self::find(path).ok_or_else(|| {
            // In `A.npz:b` it is A.npz that is missing.
            let file = path.to_str().and_then(|text| text.rsplit_once(':'));
            let file = file.map_or(path, |(file, _)| Path::new(file));
            let missing = if Format::of(file).is_ok() { file } else { path };
            InputError::new(missing, Problem::NoSuchFile)
        })
    }

    fn error(&self, problem: Problem) -> InputError {
        InputError::new(&self.file, problem)
    }

    fn bytes(&self) -> Result<Vec<u8>, Problem> {
        if self.file.is_dir() {
            return Err(Problem::IsFolder);
        }
        fs::read(&self.file).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Problem::NoSuchFile,
            _ => Problem::Io(error),
        })
    }

    fn table(&self) -> Result<Table, Problem> {
        if self.file.is_dir() {
            return Err(Problem::IsFolder);
        }
        let format = Format::of(&self.file)?;
        if let Some(name) = &self.name
            && !format.holds_named_arrays()
        {
            return Err(Problem::ColumnOfMatrix(name.clone()));
        }
        self.whole_table(format)
    }

    /// The table in the file; a name is that of an array, never of a column.
    fn whole_table(&self, format: Format) -> Result<Table, Problem> {
        let mapped = if format == Format::Npy { mapped::map(&self.file) } else { None };
        let table = match mapped {
            Some(file) => Table { matrix: npy::mapped_matrix(&file)?, column_names: None },
            None => match format {
                Format::Text(separator) if self.gaps => table::read_with_gaps(&self.bytes()?, separator)?,
                _ => parse_table(format, &self.bytes()?, &self.file, self.name.as_deref())?,
            },
        };
        if !self.gaps {
            table.matrix.check_finite()?;
        }
        Ok(table)
    }

    fn vector(&self) -> Result<Vector, Problem> {
        if self.file.is_dir() {
            return Err(Problem::IsFolder);
        }
        let format = Format::of(&self.file)?;
        match &self.name {
            Some(column) if !format.holds_named_arrays() => {
                let table = self.whole_table(format)?;
                let column = find_column(&table, column)?;
                Ok(table.matrix.without_column(column).1)
            }
            name => {
                let bytes = self.bytes()?;
                let vector = match format {
                    Format::Text(separator) if self.gaps => {
                        table::read_with_gaps(&bytes, separator)?.matrix.into_vector()?
                    }
                    _ => parse_vector(format, &bytes, &self.file, name.as_deref())?,
                };
                if !self.gaps {
                    vector.check_finite()?;
                }
                Ok(vector)
            }
        }
    }
}

fn parse_table(format: Format, bytes: &[u8], file: &Path, name: Option<&str>) -> Result<Table, Problem> {
    let file = file.to_string_lossy();
    let matrix = match format {
        Format::Text(separator) => return table::read(bytes, separator),
        Format::Npy => npy::file_matrix(bytes)?,
        Format::Npz => npz::Npz::open(bytes)?.matrix(&file, name)?,
        Format::MatrixMarket => matrix_market::read(bytes)?,
        Format::Matlab => matlab::Mat5::open(bytes, &file)?.matrix(&file, name)?,
    };
    Ok(Table { matrix, column_names: None })
}

fn parse_vector(format: Format, bytes: &[u8], file: &Path, name: Option<&str>) -> Result<Vector, Problem> {
    let shown = file.to_string_lossy();
    match format {
        Format::Npy => npy::vector(bytes),
        Format::Npz => npz::Npz::open(bytes)?.vector(&shown, name),
        Format::Matlab => matlab::Mat5::open(bytes, &shown)?.vector(&shown, name),
        _ => parse_table(format, bytes, file, name)?.matrix.into_vector(),
    }
}

/// Whether `path`, or the `FILE` of `FILE:NAME`, exists.
pub fn is_there(path: &Path) -> bool {
    Source::find(path).is_some()
}

/// The file that `path` names, or the `FILE` of `FILE:NAME`, if it exists.
pub fn file_of(path: &Path) -> Option<PathBuf> {
    Source::find(path).map(|source| source.file)
}

/// Reads a matrix; `path` may be `FILE:NAME` for a file of several arrays.
pub fn read_matrix(path: &Path) -> Result<Table, InputError> {
    let source = Source::require(path)?;
    source.table().map_err(|problem| source.error(problem))
}

/// Reads AᴴA, Aᴴy, yᴴy and the rows of A: the arrays AtA, Aty, yty and n_samples of an `.npz` file.
pub fn read_statistics(path: &Path) -> Result<Statistics, InputError> {
    let source = Source::require(path)?;
    let read = || {
        if source.name.is_some() || Format::of(&source.file)? != Format::Npz {
            return Err(Problem::NoStatistics);
        }
        let bytes = source.bytes()?;
        let statistics = npz::Npz::open(&bytes)?.statistics()?;
        statistics.matrix.check_finite()?;
        statistics.correlation.check_finite()?;
        Ok(statistics)
    };
    read().map_err(|problem| source.error(problem))
}

/// Reads a table from text with commas, as a file called `name` would hold it.
pub fn parse_csv(text: &str, name: &Path) -> Result<Table, InputError> {
    table::read(text.as_bytes(), Separator::Comma).map_err(|problem| InputError::new(name, problem))
}

/// Reads a vector: one dimension, a single row or column, or `FILE:NAME` with the name of an array or a column.
pub fn read_vector(path: &Path) -> Result<Vector, InputError> {
    let source = Source::require(path)?;
    source.vector().map_err(|problem| source.error(problem))
}

/// Reads a vector in which NaN, or in text what stands for a missing number, are gaps.
pub fn read_gapped_vector(path: &Path) -> Result<Vector, InputError> {
    let source = Source { gaps: true, ..Source::require(path)? };
    source.vector().map_err(|problem| source.error(problem))
}

/// Reads a matrix in which NaN, or in text what stands for a missing number, are gaps.
pub fn read_gapped_matrix(path: &Path) -> Result<Table, InputError> {
    let source = Source { gaps: true, ..Source::require(path)? };
    source.table().map_err(|problem| source.error(problem))
}

/// Reads A and y, in which there may be `gaps`, and says whether y is a column of A's own table that has names.
pub fn read_problem(matrix: &Path, data: &str, gaps: bool) -> Result<(Table, Vector, bool), InputError> {
    let source = Source { gaps, ..Source::require(matrix)? };
    let table = source.table().map_err(|problem| source.error(problem))?;
    let names = table.column_names.as_ref().map(Vec::len);
    let (table, data) = data_of(data, matrix, table, gaps)?;
    if gaps {
        table.matrix.check_finite().map_err(|problem| source.error(problem))?;
    }
    let is_named = names > table.column_names.as_ref().map(Vec::len);
    Ok((table, data, is_named))
}

/// The data y that go with a matrix that was read from `matrix_path`.
#[cfg(test)]
fn read_data(spec: &str, matrix_path: &Path, table: Table) -> Result<(Table, Vector), InputError> {
    data_of(spec, matrix_path, table, false)
}

/// Reads the data y that go with a matrix read from `matrix_path`.
///
/// `spec` is a file, or `FILE:COLUMN` (also `FILE:NAME` for a file of several arrays), or the header name of a column
/// of the matrix's own table. A column of the matrix's own file is taken out of the matrix.
fn data_of(spec: &str, matrix_path: &Path, table: Table, gaps: bool) -> Result<(Table, Vector), InputError> {
    let path = Path::new(spec);
    let names = table.column_names.as_deref().unwrap_or_default();
    let is_column = names.iter().any(|name| name == spec);
    // A folder holds no data: one that happens to have the name of a column is not meant.
    let Some(source) = Source::find(path).filter(|source| !(is_column && source.file.is_dir())) else {
        if is_column {
            return take_column(spec, matrix_path, table);
        }
        // What looks like a file was meant as one.
        if names.is_empty() || Format::of(path).is_ok() || spec.contains(['/', ':']) {
            return Err(Source::require(path).err().unwrap_or_else(|| InputError::new(path, Problem::NoSuchFile)));
        }
        let problem =
            Problem::NoSuchFileOrColumn { matrix: matrix_path.display().to_string(), columns: names.to_vec() };
        return Err(InputError::new(path, problem));
    };
    if let Some(column) = &source.name
        && Format::of(&source.file).is_ok_and(|format| !format.holds_named_arrays())
        && files::same(&source.file, matrix_path)
    {
        return take_column(column, matrix_path, table);
    }
    let source = Source { gaps, ..source };
    let vector = source.vector().map_err(|problem| source.error(problem))?;
    Ok((table, vector))
}

/// A label of a group: a number or a word.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(untagged)]
pub enum Label {
    Whole(i64),
    Word(String),
}

impl std::fmt::Display for Label {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Whole(number) => number.fmt(f),
            Self::Word(word) => word.fmt(f),
        }
    }
}

/// Reads labels: of a text file one a line, or all in one line; numbers of any other file.
pub fn read_labels(path: &Path) -> Result<Vec<Label>, InputError> {
    let source = Source::require(path)?;
    let read = || match Format::of(&source.file)? {
        Format::Text(separator) if source.name.is_none() => {
            let bytes = source.bytes()?;
            let text = table::decode(&bytes)?;
            let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
            let words: Vec<&str> = match (&lines[..], separator) {
                ([line], Separator::Comma) => line.split(',').collect(),
                ([line], Separator::Tab) => line.split('\t').collect(),
                ([line], Separator::Blanks) => line.split_whitespace().collect(),
                (lines, _) => lines.to_vec(),
            };
            let words: Vec<&str> = words.into_iter().map(str::trim).collect();
            if let Some(at) = words.iter().position(|word| word.is_empty()) {
                return Err(Problem::NoLabel { column: at });
            }
            let whole: Option<Vec<Label>> = words.iter().map(|word| word.parse().ok().map(Label::Whole)).collect();
            Ok(whole.unwrap_or_else(|| words.iter().map(|word| Label::Word((*word).to_owned())).collect()))
        }
        _ => match source.vector()? {
            Vector::Real(values) => Ok(values.into_iter().map(label).collect()),
            Vector::Complex(_) => Err(Problem::ComplexLabels),
        },
    };
    read().map_err(|problem| source.error(problem))
}

/// A number as a label.
fn label(value: f64) -> Label {
    const EXACT: f64 = (1u64 << 53) as f64;
    let is_whole = value.fract() == 0.0 && value.abs() <= EXACT;
    if is_whole { Label::Whole(value as i64) } else { Label::Word(value.to_string()) }
}

/// Reads a support: whole numbers that are at least 0, in the order of the file.
pub fn read_indices(path: &Path) -> Result<Vec<usize>, InputError> {
    let source = Source::require(path)?;
    let read = || {
        let vector = source.vector()?;
        let refuse = |row: usize, value: String| Problem::NotAnIndex { row, value };
        match vector {
            Vector::Real(values) => values
                .iter()
                .enumerate()
                .map(|(row, &v)| whole_number(v).ok_or_else(|| refuse(row, v.to_string())))
                .collect(),
            Vector::Complex(values) => Err(refuse(0, values.first().map_or_else(String::new, ToString::to_string))),
        }
    };
    read().map_err(|problem| source.error(problem))
}

/// The index that a float stands for, if it is whole, at least 0 and exact.
fn whole_number(value: f64) -> Option<usize> {
    const EXACT: f64 = (1u64 << 53) as f64;
    ((0.0..=EXACT).contains(&value) && value.fract() == 0.0).then_some(value as usize)
}

/// The column of that header name or, counted from 0, that number.
fn find_column(table: &Table, column: &str) -> Result<usize, Problem> {
    let names = table.column_names.as_deref().unwrap_or_default();
    let mut named = (0..names.len()).filter(|&j| names[j] == column);
    match (named.next(), named.next()) {
        (Some(j), None) => return Ok(j),
        (Some(_), Some(_)) => return Err(Problem::AmbiguousColumn(column.to_owned())),
        (None, _) => {}
    }
    let ncols = table.matrix.ncols();
    match column.parse() {
        Ok(index) if index < ncols => Ok(index),
        Ok(index) => Err(Problem::ColumnRange { index, ncols }),
        Err(_) => Err(Problem::NoSuchColumn { name: column.to_owned(), columns: names.to_vec() }),
    }
}

fn take_column(column: &str, matrix_path: &Path, mut table: Table) -> Result<(Table, Vector), InputError> {
    let error = |problem| InputError::new(matrix_path, problem);
    let j = find_column(&table, column).map_err(error)?;
    if table.matrix.ncols() == 1 {
        return Err(error(Problem::OnlyColumn));
    }
    if let Some(names) = &mut table.column_names {
        names.remove(j);
    }
    let (matrix, vector) = table.matrix.without_column(j);
    let rest = Table { matrix, ..table };
    Ok((rest, vector))
}

#[cfg(test)]
mod fuzz_tests;
#[cfg(test)]
mod tests;
