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
    pub problem: Box<Problem>,
}

impl InputError {
    /// Says what is wrong with `file`.
    pub fn new(file: &Path, problem: Problem) -> Self {
        Self { file: file.display().to_string(), problem: Box::new(problem) }
    }
}

/// The extensions of files that are read.
pub const READ: &str = if cfg!(feature = "parquet") {
    ".npy, .npz, .csv, .tsv, .txt, .mtx, .mat, .parquet"
} else {
    ".npy, .npz, .csv, .tsv, .txt, .mtx, .mat"
};

/// The rule that a file breaks.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// Not a problem: how a file was read.
    #[error("{0}")]
    Note(String),
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
    #[error("unknown extension '{}'; sparsea reads {READ}; other names need --input-format", shown(.0))]
    UnknownExtension(String),
    /// There is no extension.
    #[error("has no extension; sparsea reads {READ}; other names need --input-format")]
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
    #[error("{place}: '{}' is not a number", shown(.text))]
    NotANumber {
        /// Where it is.
        place: Place,
        /// What is there.
        text: String,
    },
    /// A field of a text file that stands for a missing number.
    #[error("{place}: '{}' is not a number: a value is missing; {remedy}", shown(.text))]
    Missing {
        /// Where it is.
        place: Place,
        /// What is there.
        text: String,
        /// What can be done.
        remedy: Remedy,
    },
    /// A field of a text file that is NaN.
    #[error("{place}: '{}' is not a finite number; if a value is missing, {remedy}", shown(.text))]
    NotANumberText {
        /// Where it is.
        place: Place,
        /// What is there.
        text: String,
        /// What can be done.
        remedy: Remedy,
    },
    /// A field of a text file that is infinite or beyond the range of a float.
    #[error("{place}: '{}' is not a finite number", shown(.text))]
    NotFiniteText {
        /// Where it is.
        place: Place,
        /// What is there.
        text: String,
    },
    /// A number of A that is missing, where rows without y are left out.
    #[error("a value is missing in row {row} of column {} (counted from 0); --missing drop leaves out rows without y only: {}",
        named(*.column, .name), Remedy::DropColumn(.typed.clone()))]
    MissingPredictor {
        /// From 0.
        row: usize,
        /// From 0, in A.
        column: usize,
        /// Its name, if there is one.
        name: Option<String>,
        /// The column as --drop takes it.
        typed: String,
    },
    /// Columns that hold words.
    #[error("{} text ('{}' in line {line}); {}", hold(.columns), shown(.word), without(.columns, .drop.as_deref()))]
    TextColumns {
        /// Their numbers, from 0, and names.
        columns: Vec<(usize, Option<String>)>,
        /// A word of the first of them.
        word: String,
        /// Where it is, from 1.
        line: usize,
        /// The columns as --drop takes them, where there is such an option.
        drop: Option<String>,
    },
    /// Columns that hold something else than numbers, of a file that says so.
    #[cfg(feature = "parquet")]
    #[error("{} {what}; {}", hold(.columns), without(.columns, .drop.as_deref()))]
    OtherColumns {
        /// Their numbers, from 0, and names.
        columns: Vec<(usize, Option<String>)>,
        /// What they hold.
        what: &'static str,
        /// The columns as --drop takes them, where there is such an option.
        drop: Option<String>,
    },
    /// A number that a file says is missing.
    #[cfg(feature = "parquet")]
    #[error("a value is missing in row {row} (counted from 0) of column '{}'; {remedy}", shown(.name))]
    MissingValue {
        /// From 0.
        row: usize,
        /// The name of the column.
        name: String,
        /// What can be done.
        remedy: Remedy,
    },
    /// Decimal points and decimal commas in one file.
    #[error("{place}: '{}' has a decimal comma, but '{}' has a decimal point; say which by --decimal comma or --decimal point",
        shown(.text), shown(.point))]
    BothDecimals {
        /// Where the comma is.
        place: Place,
        /// The number with a comma.
        text: String,
        /// A number with a point.
        point: String,
    },
    /// Commas that may separate thousands.
    #[error("{place}: the comma of '{}' may be a decimal comma or separate thousands; say --decimal comma, or write numbers without \
        separators of thousands", shown(.text))]
    Thousands {
        /// Where it is.
        place: Place,
        /// The number.
        text: String,
    },
    /// Commas where blanks separate.
    #[error("{place}: '{}' may be one number with a decimal comma or several numbers; say --decimal comma or --separator comma",
        shown(.text))]
    DecimalOrSeparator {
        /// Where it is.
        place: Place,
        /// The field.
        text: String,
    },
    /// What may be the digits after a decimal comma.
    #[error("{place}: '{}' may be a part of a number with a decimal comma; say --decimal comma, or --decimal point if commas separate \
        numbers", shown(.text))]
    PartOfNumber {
        /// Where it is.
        place: Place,
        /// The field.
        text: String,
    },
    /// Lines that may be one number each.
    #[error("every line is like '{}', which may be one number with a decimal comma or two numbers; say --decimal comma or --decimal \
        point", shown(.0))]
    NumberOrPair(String),
    /// Commas that are said to be both.
    #[error("a comma cannot both separate numbers and be their decimal mark; say --separator or --decimal otherwise")]
    CommaTwice,
    /// A first line that may be a header.
    #[error(
        "line {line} counts 0, 1, 2, …, which may be numbers or the names of columns; say --header no or --header yes"
    )]
    CountingLine {
        /// From 1.
        line: usize,
    },
    /// Every column is left out.
    #[error("has no column left after --columns and --drop")]
    NoColumnLeft,
    /// A format that cannot be told from the first bytes.
    #[error("may hold any format; say which by --input-format")]
    NoFormat,
    /// A line without a field, which may be a missing sample.
    #[error("line {line} is blank, so a value is missing; only the last line may be blank")]
    BlankLine {
        /// From 1.
        line: usize,
    },
    /// Lines of different lengths.
    #[error("line {line} has {}, but line {first} has {expected}{hint}", values(*.found))]
    Ragged {
        /// From 1.
        line: usize,
        /// Values on that line.
        found: usize,
        /// The first line with values or a header.
        first: usize,
        /// Values on the first line.
        expected: usize,
        /// What may be the reason.
        hint: &'static str,
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
    /// A column that is not read.
    #[error("column {0} (counted from 0) is left out")]
    ColumnLeftOut(usize),
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
    /// What begins as JSON is none.
    #[error("is no JSON: {0}")]
    Json(String),
    /// JSON that is no solution.
    #[error("is JSON without a `support` of whole numbers that are at least 0, as solve --json prints it")]
    NoSupport,
    /// A line of names that is none.
    #[error("line {line}: A has no column '{}'{}", shown(.name), columns_line(.columns))]
    NotAColumn {
        /// From 1.
        line: usize,
        /// What is there.
        name: String,
        /// The names the columns have.
        columns: Vec<String>,
    },
    /// JSON of several solutions.
    #[error("holds {0} solutions; a support is that of one")]
    SeveralSolutions(usize),
    /// A support holds something else than indices.
    #[error("entry {row} (counted from 0) is {value}; a support holds whole numbers that are at least 0")]
    NotAnIndex {
        /// From 0.
        row: usize,
        /// What is there.
        value: String,
    },
}

/// A field of a text file; lines and columns count from 1, as in editors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// From 1.
    pub line: usize,
    /// From 1.
    pub column: usize,
    /// The name of the column, if it has one.
    pub name: Option<String>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)?;
        self.name.iter().try_for_each(|name| write!(f, " ('{}')", shown(name)))
    }
}

/// What can be done about a missing number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remedy {
    /// Rows of y can be left out.
    DropRows,
    /// A column of A can be left out, which --drop takes like this.
    DropColumn(String),
    /// Nothing but a number helps.
    Fill,
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DropRows => f.write_str("leave such rows out with --missing drop"),
            Self::DropColumn(typed) => {
                write!(f, "fill it in, delete the row, or leave the column out with --drop {typed}")
            }
            Self::Fill => f.write_str("fill it in"),
        }
    }
}

/// A column by its name, or else its number.
fn named(column: usize, name: &Option<String>) -> String {
    name.as_ref().map_or_else(|| column.to_string(), |name| format!("'{}'", shown(name)))
}

fn hold(columns: &[(usize, Option<String>)]) -> String {
    const MOST: usize = 12;
    let mut all: Vec<String> = columns.iter().take(MOST).map(|(j, name)| named(*j, name)).collect();
    if columns.len() > MOST {
        all.push("…".to_owned());
    }
    match &all[..] {
        [one] => format!("column {one} holds"),
        several => format!("columns {} hold", several.join(", ")),
    }
}

fn without(columns: &[(usize, Option<String>)], drop: Option<&str>) -> String {
    let counted = if columns.iter().all(|(_, name)| name.is_some()) { "" } else { " (counted from 0)" };
    let them = if columns.len() == 1 { "it" } else { "them" };
    match drop {
        Some(drop) => format!("leave {them} out with --drop {drop}{counted}"),
        None => "name the column to read, as in FILE:COLUMN".to_owned(),
    }
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
