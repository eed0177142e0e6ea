//! Reading matrices, data and supports from files.
//!
//! The extension says the format: `.npy`, `.npz`, `.csv`, `.tsv`, `.txt`, `.mtx`, `.mat`, `.parquet`, each also packed as `.gz`. `-` is
//! standard input, whose format the first bytes say, or the command line. In a file of several arrays
//! (`.npz`, `.mat`) one is named as in `A.npz:b`; in a table a column is named as in `data.csv:price` or, counted from
//! 0, `data.csv:3`. A file that exists under the whole name wins. Nothing that is read may hold NaN or infinity, and
//! no header makes sparsea allocate more than the file can fill. A dense matrix keeps the order of its file, and a large
//! one in a `.npy` file stays there, mapped.

mod array;
mod bytes;
mod container;
mod dense;
mod diagnosis;
mod error;
mod finite;
mod mapped;
mod matlab;
mod matrix_market;
mod narrow;
mod npy;
mod npz;
mod number;
#[cfg(feature = "parquet")]
mod parquet;
#[cfg(not(feature = "parquet"))]
#[path = "without_parquet.rs"]
mod parquet;
mod reading;
mod rows;
mod select;
mod source;
mod support;
mod table;

use std::path::{Path, PathBuf};

pub use array::{Matrix, Table, Vector, check_room};
pub use dense::{Dense, Layout};
pub use error::{InputError, Problem};
pub use narrow::{Narrow, NarrowMatrix};
pub use npz::Statistics;
#[cfg(feature = "parquet")]
pub use parquet::COMPLEX;
pub use reading::{Decimal, Mark, Reading, reading, set as set_reading};
pub use table::Separator;

use container::Container;
use select::{Purpose, Selection, typed};
use source::Source;
pub use source::files_read;
pub use support::read_support;

use crate::files;

/// The formats, each with its extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Npy,
    Npz,
    Text(Separator),
    MatrixMarket,
    Matlab,
    Parquet,
}

impl Format {
    fn of(file: &Path) -> Result<Self, Problem> {
        // `A.csv.gz` is an `A.csv`.
        let packed = file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gz"));
        let unpacked = if packed { file.file_stem().map_or(file, Path::new) } else { file };
        let extension = unpacked.extension().ok_or(Problem::NoExtension)?;
        let extension = extension.to_string_lossy();
        match extension.to_ascii_lowercase().as_str() {
            "npy" => Ok(Self::Npy),
            "npz" => Ok(Self::Npz),
            "csv" => Ok(Self::Text(Separator::Comma)),
            "tsv" => Ok(Self::Text(Separator::Tab)),
            "txt" => Ok(Self::Text(Separator::Blanks)),
            "mtx" => Ok(Self::MatrixMarket),
            "mat" => Ok(Self::Matlab),
            "parquet" => Ok(Self::Parquet),
            _ => Err(Problem::UnknownExtension(format!(".{extension}"))),
        }
    }

    /// The format that the first bytes show, where only one is possible.
    fn noticed(bytes: &[u8]) -> Result<Self, Problem> {
        let starts: [(&[u8], Self); 6] = [
            (b"\x93NUMPY", Self::Npy),
            (b"PK\x03\x04", Self::Npz),
            (b"%%MatrixMarket", Self::MatrixMarket),
            (b"MATLAB", Self::Matlab),
            (b"\x89HDF\r\n", Self::Matlab),
            (b"PAR1", Self::Parquet),
        ];
        if bytes.is_empty() {
            return Err(Problem::Empty);
        }
        if let Some((_, format)) = starts.iter().find(|(start, _)| bytes.starts_with(start)) {
            return Ok(*format);
        }
        let text = table::decode(bytes).map_err(|_| Problem::NoFormat)?;
        let is_content = |line: &&str| !line.trim().is_empty() && !line.starts_with('#');
        let line = text.split(['\n', '\r']).find(is_content).unwrap_or_default().trim();
        let has_blanks = line.split([',', ';']).any(|field| field.trim().contains(' '));
        Ok(Self::Text(match line {
            _ if line.contains('\t') => Separator::Tab,
            // Names may hold blanks; numbers beside both a comma and a blank may have a decimal comma.
            _ if line.contains(',') && has_blanks && line.contains(|c: char| c.is_ascii_digit()) => {
                return Err(Problem::NoFormat);
            }
            _ if line.contains([',', ';']) || !has_blanks => Separator::Comma,
            _ => Separator::Blanks,
        }))
    }

    /// Whether `FILE:NAME` names one of several arrays, and not a column.
    fn holds_named_arrays(self) -> bool {
        matches!(self, Self::Npz | Self::Matlab)
    }
}

fn parse_table(format: Format, bytes: &[u8], file: &Path, name: Option<&str>) -> Result<Table, Problem> {
    let file = file.to_string_lossy();
    let matrix = match format {
        Format::Text(separator) => {
            return table::read(bytes, separator, reading(), false, &Selection::all(Purpose::Other));
        }
        Format::Parquet => return parquet::read(bytes.to_vec(), false, &Selection::all(Purpose::Other)),
        Format::Npy => npy::file_matrix(bytes)?,
        Format::Npz => npz::Npz::open(bytes)?.matrix(&file, name)?,
        Format::MatrixMarket => matrix_market::read(bytes)?,
        Format::Matlab => matlab::Mat5::open(bytes, &file)?.matrix(&file, name)?,
    };
    Ok(Table::unnamed(matrix))
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
    source.whole().map_err(|problem| source.error(problem))
}

/// Reads A, but for the columns that the command line leaves out.
pub fn read_predictors(path: &Path) -> Result<Table, InputError> {
    let source = Source::require(path)?.read_for(Purpose::Predictors, false);
    source.table(&Selection::predictors(reading(), None)).map_err(|problem| source.error(problem))
}

/// Refuses to leave out columns of what has none.
pub fn refuse_selection(what: &str) -> Result<(), String> {
    if Selection::predictors(reading(), None).is_all() {
        return Ok(());
    }
    Err(format!("--columns and --drop choose columns of a matrix A, not of {what}"))
}

/// Reads AᴴA, Aᴴy, yᴴy and the rows of A: the arrays AtA, Aty, yty and n_samples of an `.npz` file.
pub fn read_statistics(path: &Path) -> Result<Statistics, InputError> {
    let source = Source::require(path)?;
    let read = || {
        let bytes = match source.bytes()? {
            (Format::Npz, bytes) if source.name.is_none() => bytes,
            _ => return Err(Problem::NoStatistics),
        };
        let statistics = npz::Npz::open(&bytes)?.statistics()?;
        statistics.matrix.check_finite()?;
        statistics.correlation.check_finite()?;
        Ok(statistics)
    };
    read().map_err(|problem| source.error(problem))
}

/// Reads a table from text with commas, as a file called `name` would hold it.
pub fn parse_csv(text: &str, name: &Path) -> Result<Table, InputError> {
    table::read(text.as_bytes(), Separator::Comma, &Reading::default(), false, &Selection::all(Purpose::Other))
        .map_err(|problem| InputError::new(name, problem))
}

/// Reads a vector: one dimension, a single row or column, or `FILE:NAME` with the name of an array or a column.
pub fn read_vector(path: &Path) -> Result<Vector, InputError> {
    let source = Source::require(path)?;
    source.vector().map_err(|problem| source.error(problem))
}

/// Reads y, a trace, in which NaN, or in text what stands for a missing number, may be `gaps`.
pub fn read_data_vector(path: &Path, gaps: bool) -> Result<Vector, InputError> {
    let source = Source::require(path)?.read_for(Purpose::Data, gaps);
    source.vector().map_err(|problem| source.error(problem))
}

/// The same of a matrix Y, several traces or an image.
pub fn read_data_matrix(path: &Path, gaps: bool) -> Result<Table, InputError> {
    let source = Source::require(path)?.read_for(Purpose::Data, gaps);
    let read = || {
        let table = source.whole()?;
        // As two columns of whole numbers it would be another problem.
        table.pairs.clone().map_or(Ok(table), |line| Err(Problem::NumberOrPair(line)))
    };
    read().map_err(|problem| source.error(problem))
}

/// What goes with a matrix A.
pub enum Data {
    /// y.
    One(Vector),
    /// Y, of several columns.
    Several(Table),
}

impl From<Vector> for Data {
    fn from(vector: Vector) -> Self {
        Self::One(vector)
    }
}

/// Reads A and y, in which there may be `gaps`, and says whether y is a column of A's own table that has names.
pub fn read_problem(matrix: &Path, data: &str, gaps: bool) -> Result<(Table, Vector, bool), InputError> {
    read_both(matrix, data, gaps, |source| source.vector())
}

/// The same, or a matrix Y of several columns.
pub fn read_problems(matrix: &Path, data: &str, gaps: bool) -> Result<(Table, Data, bool), InputError> {
    read_both(matrix, data, gaps, |source| match source.vector() {
        Ok(vector) => Ok(Data::One(vector)),
        Err(Problem::NotAVector(shape)) => match source.whole() {
            Ok(table) => Ok(Data::Several(table)),
            // What is no matrix either is refused as it was before.
            Err(Problem::NotAMatrix(_)) => Err(Problem::NotAVector(shape)),
            Err(problem) => Err(problem),
        },
        Err(problem) => Err(problem),
    })
}

/// Reads A and what goes with it: a column of its own table, or what `read` makes of another file.
fn read_both<D: From<Vector>>(
    matrix: &Path,
    data: &str,
    gaps: bool,
    read: impl FnOnce(&Source) -> Result<D, Problem>,
) -> Result<(Table, D, bool), InputError> {
    let source = Source::require(matrix)?.read_for(Purpose::Predictors, gaps);
    let column = own_column(data, matrix);
    let selection = Selection::predictors(reading(), column.as_deref());
    let table = source.table(&selection).map_err(|problem| source.error(problem))?;
    let names = table.column_names.as_ref().map(Vec::len);
    let (table, data) = data_of(data, matrix, table, gaps, read)?;
    if gaps {
        table.matrix.check_finite().map_err(|problem| source.error(missing_predictor(problem, &table)))?;
    }
    let is_named = names > table.column_names.as_ref().map(Vec::len);
    Ok((table, data, is_named))
}

/// A value of A that is missing, while rows without y are left out.
fn missing_predictor(problem: Problem, table: &Table) -> Problem {
    let Problem::NotFiniteAt { value: "NaN", row, column } = problem else { return problem };
    let names = table.column_names.as_deref();
    let name = names.and_then(|names| names.get(column)).cloned();
    let typed = match (&name, &table.places) {
        (None, Some(places)) => places.kept.get(column).unwrap_or(&column).to_string(),
        _ => typed(column, names),
    };
    Problem::MissingPredictor { row, column, name, typed }
}

/// Whether two names are of one file, or both of standard input.
fn same_source(one: &Path, other: &Path) -> bool {
    files::same(one, other) || (source::is_standard_input(one) && source::is_standard_input(other))
}

/// The column of A's own table that `spec` may name.
fn own_column(spec: &str, matrix: &Path) -> Option<String> {
    match Source::find(Path::new(spec)) {
        None => Some(spec.to_owned()),
        Some(source) if source.file.is_dir() => Some(spec.to_owned()),
        Some(Source { file, name: Some(name), .. }) if same_source(&file, matrix) => Some(name),
        Some(_) => None,
    }
}

/// The data y that go with a matrix that was read from `matrix_path`.
#[cfg(test)]
fn read_data(spec: &str, matrix_path: &Path, table: Table) -> Result<(Table, Vector), InputError> {
    data_of(spec, matrix_path, table, false, |source| source.vector())
}

/// Reads the data y that go with a matrix read from `matrix_path`.
///
/// `spec` is a file, or `FILE:COLUMN` (also `FILE:NAME` for a file of several arrays), or the header name of a column
/// of the matrix's own table. A column of the matrix's own file is taken out of the matrix.
fn data_of<D: From<Vector>>(
    spec: &str,
    matrix_path: &Path,
    table: Table,
    gaps: bool,
    read: impl FnOnce(&Source) -> Result<D, Problem>,
) -> Result<(Table, D), InputError> {
    let path = Path::new(spec);
    let names = table.column_names.as_deref().unwrap_or_default();
    let is_column = names.iter().any(|name| name == spec);
    // A folder holds no data: one that happens to have the name of a column is not meant.
    let Some(source) = Source::find(path).filter(|source| !(is_column && source.file.is_dir())) else {
        if is_column {
            return take_column(spec, matrix_path, table).map(|(table, vector)| (table, vector.into()));
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
        && !source.holds_named_arrays()
        && same_source(&source.file, matrix_path)
    {
        return take_column(column, matrix_path, table).map(|(table, vector)| (table, vector.into()));
    }
    let source = source.read_for(Purpose::Data, gaps);
    let data = read(&source).map_err(|problem| source.error(problem))?;
    Ok((table, data))
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
    let read = || match source.bytes()? {
        (Format::Text(separator), bytes) if source.name.is_none() => {
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

fn take_column(column: &str, matrix_path: &Path, mut table: Table) -> Result<(Table, Vector), InputError> {
    let error = |problem| InputError::new(matrix_path, problem);
    let j = table.position(column).map_err(error)?;
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
