//! A path as the user gave it: a file or standard input, and perhaps the name of an array or a column.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::array::{Table, Vector};
use super::error::{InputError, Problem};
use super::reading::{Reading, reading};
use super::select::{Purpose, Selection};
use super::{Format, bytes, mapped, npy, parquet, parse_table, parse_vector, table};
use crate::say::note_once;

/// What is read as standard input: the usual name, and that of the system, which can be followed by the name of an array.
const STANDARD_INPUT: [&str; 2] = ["-", "/dev/stdin"];

/// A path as the user gave it, taken apart.
pub struct Source {
    pub file: PathBuf,
    pub name: Option<String>,
    /// Whether NaN, and what stands for a missing number in text, are read as NaN.
    pub gaps: bool,
    purpose: Purpose,
    reading: &'static Reading,
}

/// What a file holds.
enum Content {
    Mapped(std::sync::Arc<memmap2::Mmap>),
    Read(Format, Vec<u8>),
}

impl Source {
    fn new(file: PathBuf, name: Option<String>) -> Self {
        Self { file, name, gaps: false, purpose: Purpose::Other, reading: reading() }
    }

    /// An existing file of the whole name, or else `FILE:NAME` with an existing file.
    pub fn find(path: &Path) -> Option<Self> {
        if is_standard_input(path) || path.exists() {
            return Some(Self::new(path.to_owned(), None));
        }
        let text = path.to_str()?;
        text.match_indices(':').rev().find_map(|(at, _)| {
            let file = PathBuf::from(&text[..at]);
            let name = Some(text[at + 1..].to_owned());
            let is_there = is_standard_input(&file) || (file.exists() && !file.is_dir());
            is_there.then(|| Self::new(file, name))
        })
    }

    /// As [`find`](Self::find), or the refusal.
    pub fn require(path: &Path) -> Result<Self, InputError> {
        Self::find(path).ok_or_else(|| {
            // In `A.npz:b` it is A.npz that is missing.
            let file = path.to_str().and_then(|text| text.rsplit_once(':'));
            let file = file.map_or(path, |(file, _)| Path::new(file));
            let missing = if Format::of(file).is_ok() { file } else { path };
            InputError::new(missing, Problem::NoSuchFile)
        })
    }

    /// The same, read for something.
    pub fn read_for(self, purpose: Purpose, gaps: bool) -> Self {
        Self { purpose, gaps, ..self }
    }

    pub fn error(&self, problem: Problem) -> InputError {
        InputError::new(if is_standard_input(&self.file) { Path::new("standard input") } else { &self.file }, problem)
    }

    /// Keeps the name of a file that is read, for [`files_read`].
    fn note_read(&self) {
        let name = self.file.display().to_string();
        let mut read = READ.lock().unwrap_or_else(PoisonError::into_inner);
        if !read.contains(&name) {
            read.push(name);
        }
    }

    /// The format and the bytes, where they have to be read.
    pub fn bytes(&self) -> Result<(Format, Vec<u8>), Problem> {
        let noticed = |bytes: Vec<u8>| {
            let format = self.reading.format.map_or_else(|| Format::noticed(&bytes), Ok)?;
            Ok((format, bytes))
        };
        self.note_read();
        if is_standard_input(&self.file) {
            return noticed(bytes::standard_input()?);
        }
        if self.file.is_dir() {
            return Err(Problem::IsFolder);
        }
        match (Format::of(&self.file), self.reading.format) {
            (Ok(format), _) | (Err(_), Some(format)) => Ok((format, bytes::of_file(&self.file)?)),
            // The pipe of a process has no name that could say it.
            (Err(Problem::NoExtension), None) if !self.file.is_file() => noticed(bytes::of_file(&self.file)?),
            (Err(problem), None) => Err(problem),
        }
    }

    /// The bytes of what is JSON: by its name, or from a pipe by its first character.
    pub fn json(&self) -> Result<Option<Vec<u8>>, Problem> {
        if self.name.is_some() || self.reading.format.is_some() {
            return Ok(None);
        }
        let is_named = self.file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
        let bytes = match is_standard_input(&self.file) {
            true => bytes::standard_input()?,
            false if is_named && !self.file.is_dir() => bytes::of_file(&self.file)?,
            false => return Ok(None),
        };
        let is_object = bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
        if is_named || is_object {
            self.note_read();
            return Ok(Some(bytes));
        }
        Ok(None)
    }

    /// The same, or a map of a large file.
    fn content(&self) -> Result<Content, Problem> {
        let is_npy = !is_standard_input(&self.file) && matches!(Format::of(&self.file), Ok(Format::Npy));
        match is_npy.then(|| mapped::map(&self.file)).flatten() {
            // What is packed is no map of numbers.
            Some(file) if !file.starts_with(b"\x1f\x8b") => {
                self.note_read();
                Ok(Content::Mapped(file))
            }
            _ => self.bytes().map(|(format, bytes)| Content::Read(format, bytes)),
        }
    }

    /// The columns of the table in the file; a name is that of an array.
    pub fn table(&self, selection: &Selection<'_>) -> Result<Table, Problem> {
        let (matrix, selected) = match self.content()? {
            Content::Mapped(_) if let Some(name) = &self.name => return Err(Problem::ColumnOfMatrix(name.clone())),
            Content::Mapped(file) => (Table::unnamed(npy::mapped_matrix(&file)?), false),
            Content::Read(format, bytes) => match (format, &self.name) {
                (format, Some(name)) if !format.holds_named_arrays() => {
                    return Err(Problem::ColumnOfMatrix(name.clone()));
                }
                (Format::Text(separator), _) => {
                    (table::read(&bytes, separator, self.reading, self.gaps, selection)?, true)
                }
                (Format::Parquet, _) => (parquet::read(bytes, self.gaps, selection)?, true),
                (format, name) => (parse_table(format, &bytes, &self.file, name.as_deref())?, false),
            },
        };
        let mut table = matrix;
        if !selected {
            (table.matrix, table.places) = selection.of_matrix(table.matrix)?;
        }
        if !self.gaps {
            table.matrix.check_finite()?;
        }
        if let Some((line, remedy)) = table.note {
            // Columns are chosen of A only.
            let remedy = if self.purpose == Purpose::Predictors { format!(" ({remedy})") } else { String::new() };
            note_once(&self.error(Problem::Note(format!("{line}{remedy}"))).to_string());
        }
        Ok(table)
    }

    /// All columns.
    pub fn whole(&self) -> Result<Table, Problem> {
        self.table(&Selection::all(self.purpose))
    }

    pub fn vector(&self) -> Result<Vector, Problem> {
        if let Some(column) = &self.name
            && !self.holds_named_arrays()
        {
            let whole = Self { file: self.file.clone(), name: None, ..*self };
            let table = whole.table(&Selection::one(column, self.purpose))?;
            return table.matrix.into_vector();
        }
        let vector = match self.bytes()? {
            (Format::Text(_) | Format::Parquet, _) => return self.whole()?.into_vector(),
            (format, bytes) => parse_vector(format, &bytes, &self.file, self.name.as_deref())?,
        };
        if !self.gaps {
            vector.check_finite()?;
        }
        Ok(vector)
    }

    /// Whether `FILE:NAME` names one of several arrays, and not a column, as far as the names say it.
    pub fn holds_named_arrays(&self) -> bool {
        match Format::of(&self.file) {
            Ok(format) => format.holds_named_arrays(),
            Err(_) => self.bytes().is_ok_and(|(format, _)| format.holds_named_arrays()),
        }
    }
}

static READ: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// The files that were read so far, as they were named, in the order of reading.
pub fn files_read() -> Vec<String> {
    READ.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Whether this means standard input.
pub fn is_standard_input(path: &Path) -> bool {
    STANDARD_INPUT.iter().any(|name| path.as_os_str() == *name)
}
