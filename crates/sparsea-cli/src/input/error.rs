//! What can be wrong with a file that is read: one clear line each.

use std::fmt;
use std::io;
use std::path::Path;

use crate::text::visible;

/// A file that cannot be used, and why. Its `Display` is one line: the file, the rule and the value.
///
/// Lines and columns of text files are counted from 1, as editors do; rows and columns of arrays from 0.
#[derive(Debug, thiserror::Error)]
#[error("{}: {}", shown(.file), visible(&.problem.to_string()))]
pub struct InputError {
    /// The file as the user named it.
    pub file: String,
    /// What is wrong with it.
    pub problem: Problem,
}

impl InputError {
    /// Says what is wrong with `file`.
    pub fn new(file: &Path, problem: Problem) -> Self {
        Self { file: file.display().to_string(), problem }
    }
}

/// The rule that a file breaks.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// Nothing is there.
    #[error("no such file")]
    NoSuchFile,
    /// Neither a file nor a column of the matrix's own table.
    #[error("no such file, and no column of {matrix} has this name{}", columns_line(.columns))]
    NoSuchFileOrColumn {
        /// The file of the matrix.
        matrix: String,
        /// The names its columns have.
        columns: Vec<String>,
    },
    /// Statistics of another format.
    #[error("sufficient statistics are an .npz file with the arrays AtA, Aty, yty and n_samples")]
    NoStatistics,
    /// A folder was named.
    #[error("is a folder, not a file")]
    IsFolder,
    /// The system refuses to read it.
    #[error("cannot be read: {0}")]
    Io(io::Error),
    /// The extension says nothing.
    #[error("unknown extension '{}'; sparsea reads .npy, .npz, .csv, .tsv, .txt, .mtx, .mat", shown(.0))]
    UnknownExtension(String),
    /// There is no extension.
    #[error("has no extension; sparsea reads .npy, .npz, .csv, .tsv, .txt, .mtx, .mat")]
    NoExtension,
    /// No bytes, no numbers, or a dimension of zero.
    #[error("is empty")]
    Empty,
    /// An array with a dimension of zero.
    #[error("is empty: its shape is {0}")]
    EmptyShape(Shape),
    /// A header and nothing below it.
    #[error("has a header line, but no numbers below it")]
    OnlyHeader,
    /// Bytes that no encoding rule allows.
    #[error("line {line} is not UTF-8 text")]
    NotUtf8 {
        /// From 1.
        line: usize,
    },
    /// Windows "Unicode" text.
    #[error("is UTF-16 text; save it as UTF-8")]
    Utf16,
    /// A field of a text file that is no number.
    #[error("line {line}, column {column}: '{}' is not a number", shown(.text))]
    NotANumber {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
        /// What is there.
        text: String,
    },
    /// A field of a text file that is NaN, infinite or beyond the range of a float.
    #[error("line {line}, column {column}: '{}' is not a finite number", shown(.text))]
    NotFiniteText {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
        /// What is there.
        text: String,
    },
    /// A line without a field, which may be a missing sample.
    #[error("line {line} is blank, so a value is missing; only the last line may be blank")]
    BlankLine {
        /// From 1.
        line: usize,
    },
    /// Lines of different lengths.
    #[error("line {line} has {}, but line {first} has {expected}", values(*.found))]
    Ragged {
        /// From 1.
        line: usize,
        /// Values on that line.
        found: usize,
        /// The first line with values or a header.
        first: usize,
        /// Values on the first line.
        expected: usize,
    },
    /// A line of a Matrix Market file breaks the format.
    #[error("line {line}: {rule}")]
    Line {
        /// From 1.
        line: usize,
        /// The rule and the value.
        rule: String,
    },
    /// NaN or infinity in a matrix.
    #[error("contains {value} at row {row}, column {column} (counted from 0)")]
    NotFiniteAt {
        /// `NaN`, `inf` or `-inf`.
        value: &'static str,
        /// From 0.
        row: usize,
        /// From 0.
        column: usize,
    },
    /// NaN or infinity in a vector.
    #[error("contains {value} at row {row} (counted from 0)")]
    NotFiniteRow {
        /// `NaN`, `inf` or `-inf`.
        value: &'static str,
        /// From 0.
        row: usize,
    },
    /// Pickled objects are code, and are never run.
    #[error("holds Python objects, which sparsea never loads; save it as a float array")]
    PythonObjects,
    /// An element type that holds no numbers.
    #[error("holds elements of type {}; sparsea reads integers, floats, booleans and complex numbers", shown(.0))]
    ElementType(String),
    /// Not a matrix.
    #[error("has shape {0}; a matrix has two dimensions")]
    NotAMatrix(Shape),
    /// Not a vector.
    #[error("has shape {0}; a vector has one dimension, or is a single row or column")]
    NotAVector(Shape),
    /// The header promises more than there is.
    #[error("is cut short: shape {shape} needs {needed} bytes of data, but the file holds {held}")]
    CutShort {
        /// What the header says.
        shape: Shape,
        /// Bytes that this shape needs.
        needed: u128,
        /// Bytes that are there.
        held: u64,
    },
    /// The header promises less than there is.
    #[error("holds {held} bytes of data, but shape {shape} needs only {needed}")]
    TooLong {
        /// What the header says.
        shape: Shape,
        /// Bytes that this shape needs.
        needed: u128,
        /// Bytes that are there.
        held: u64,
    },
    /// What the file holds does not fit into memory.
    #[error("needs {bytes} bytes of memory, more than there are")]
    NoRoom {
        /// Bytes needed at once.
        bytes: u128,
    },
    /// Dimensions that the entries in the file cannot justify.
    #[error("claims {nrows} x {ncols} entries, but holds only {entries}; sparsea does not make room for that")]
    TooLarge {
        /// Rows claimed.
        nrows: usize,
        /// Columns claimed.
        ncols: usize,
        /// Entries held.
        entries: usize,
    },
    /// The file breaks its own format.
    #[error("is not a valid {format} file: {rule}")]
    Malformed {
        /// `.npy`, `.npz`, `.mat`, …
        format: &'static str,
        /// The rule and the value.
        rule: String,
    },
    /// A format of the same extension that is not read, with the way out.
    #[error("is {what}; {advice}")]
    Unsupported {
        /// What the file is.
        what: String,
        /// How to get something that can be read.
        advice: String,
    },
    /// Several arrays and no name.
    #[error("holds {} arrays ({}); name one, as in {}:{}", .names.len(), list(.names), shown(.file), shown(first(.names)))]
    SeveralArrays {
        /// The file.
        file: String,
        /// The arrays it holds.
        names: Vec<String>,
    },
    /// No array of that name.
    #[error("holds no array '{}'; it holds {}", shown(.name), list(.names))]
    NoSuchArray {
        /// The name asked for.
        name: String,
        /// The arrays it holds.
        names: Vec<String>,
    },
    /// No arrays at all.
    #[error("holds no array of numbers")]
    NoArrays,
    /// No column of that name.
    #[error("has no column '{}'{}", shown(.name), columns_line(.columns))]
    NoSuchColumn {
        /// The name asked for.
        name: String,
        /// The names the columns have.
        columns: Vec<String>,
    },
    /// A column number past the end.
    #[error("has no column {index}: it has {ncols}, counted from 0")]
    ColumnRange {
        /// The number asked for.
        index: usize,
        /// How many columns there are.
        ncols: usize,
    },
    /// Two columns of the same name.
    #[error("has several columns '{}'; give the column's number, counted from 0", shown(.0))]
    AmbiguousColumn(String),
    /// A whole matrix cannot be one column.
    #[error("':{}' names one column, but a matrix is needed", shown(.0))]
    ColumnOfMatrix(String),
    /// A is its only column.
    #[error("has one column only: taking it out as y leaves no matrix")]
    OnlyColumn,
    /// A label of a group is missing.
    #[error("has no label for column {column} (counted from 0)")]
    NoLabel {
        /// From 0.
        column: usize,
    },
    /// Labels of groups that are complex numbers.
    #[error("holds complex numbers; labels of groups are whole numbers or words")]
    ComplexLabels,
    /// A support holds something else than indices.
    #[error("entry {row} (counted from 0) is {value}; a support holds whole numbers that are at least 0")]
    NotAnIndex {
        /// From 0.
        row: usize,
        /// What is there.
        value: String,
    },
}

/// The shape of an array, shown as `3 x 4`, `(5)` or `a single number`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape(pub Vec<u64>);

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [] => f.write_str("() (a single number)"),
            [n] => write!(f, "({n})"),
            [first, rest @ ..] => {
                write!(f, "{first}")?;
                rest.iter().try_for_each(|n| write!(f, " x {n}"))
            }
        }
    }
}

/// Text from a file or a name, made fit for one line of a message.
fn shown(text: &str) -> String {
    const LONGEST: usize = 200;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", visible(&text[..end])),
        None => visible(text).into_owned(),
    }
}

/// `a, b, c`, or the first few of many.
fn list(names: &[String]) -> String {
    const MOST: usize = 12;
    let mut out = names.iter().take(MOST).map(|name| shown(name)).collect::<Vec<_>>().join(", ");
    if names.len() > MOST {
        out.push_str(", …");
    }
    out
}

fn columns_line(columns: &[String]) -> String {
    if columns.is_empty() {
        "; its columns have no names".to_owned()
    } else {
        format!("; its columns are {}", list(columns))
    }
}

fn first(names: &[String]) -> &str {
    names.first().map_or("", String::as_str)
}

fn values(count: usize) -> String {
    if count == 1 { "1 value".to_owned() } else { format!("{count} values") }
}
