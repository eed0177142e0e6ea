//! Writing results: every file appears whole or not at all.
//!
//! A file is written under a temporary name in its own folder and then renamed; on any error nothing is left behind.

#[cfg(feature = "parquet")]
mod parquet;

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use num_complex::Complex;

use crate::input::{Matrix, Vector};

/// A file that cannot be written, and why. Its `Display` is one line.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", .file.display())]
pub struct ExportError {
    /// The file that was to be written.
    pub file: PathBuf,
    /// Why it could not be.
    pub problem: ExportProblem,
}

/// The extensions of arrays that are written.
const WRITTEN: &str =
    if cfg!(feature = "parquet") { ".npy, .csv, .tsv, .txt, .mtx, .parquet" } else { ".npy, .csv, .tsv, .txt, .mtx" };

/// Why a file cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum ExportProblem {
    /// The extension is not one that sparsea writes.
    #[error("cannot write '{0}'; sparsea writes {WRITTEN}")]
    UnknownExtension(String),
    /// A format that is not compiled.
    #[cfg(not(feature = "parquet"))]
    #[error(
        "this build of sparsea does not write .parquet; build it with `cargo install sparsea-cli --features parquet`"
    )]
    WithoutParquet,
    /// There is no extension.
    #[error("has no extension; sparsea writes {WRITTEN}")]
    NoExtension,
    /// The folder is missing.
    #[error("the folder '{}' does not exist", .0.display())]
    NoFolder(PathBuf),
    /// A file is in the place of the folder.
    #[error("'{}' is not a folder", .0.display())]
    NotAFolder(PathBuf),
    /// A file has this name, which is to be a folder's.
    #[error("is a file, not a folder")]
    IsFile,
    /// Nothing can be created in the folder.
    #[error("the folder '{}' is not writable: {error}", .folder.display())]
    FolderNotWritable {
        /// The folder.
        folder: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// A folder has this name.
    #[error("is a folder")]
    IsFolder,
    /// A device or a pipe has this name, which a file must not replace.
    #[error("is not a file")]
    NotAFile,
    /// A file of this name is protected.
    #[error("exists and is read-only")]
    ReadOnly,
    /// A sparse matrix with too many zeros to write out.
    #[error("the matrix is sparse, {0} x {1}; write it as .mtx")]
    TooLarge(usize, usize),
    /// Writing failed, as on a full disk.
    #[error("cannot be written: {0}")]
    Io(io::Error),
}

/// The formats that are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Npy,
    Text {
        separator: char,
    },
    MatrixMarket,
    #[cfg(feature = "parquet")]
    Parquet,
}

impl Format {
    fn of(path: &Path) -> Result<Self, ExportProblem> {
        let extension = path.extension().ok_or(ExportProblem::NoExtension)?;
        let extension = extension.to_string_lossy();
        match extension.to_ascii_lowercase().as_str() {
            "npy" => Ok(Self::Npy),
            "csv" => Ok(Self::Text { separator: ',' }),
            "tsv" => Ok(Self::Text { separator: '\t' }),
            "txt" => Ok(Self::Text { separator: ' ' }),
            "mtx" => Ok(Self::MatrixMarket),
            #[cfg(feature = "parquet")]
            "parquet" => Ok(Self::Parquet),
            #[cfg(not(feature = "parquet"))]
            "parquet" => Err(ExportProblem::WithoutParquet),
            _ => Err(ExportProblem::UnknownExtension(format!(".{extension}"))),
        }
    }
}

fn at(path: &Path) -> impl Fn(ExportProblem) -> ExportError + '_ {
    |problem| ExportError { file: path.to_owned(), problem }
}

/// Checks, before a long run, that an array can be written to `path`: extension, folder and permission.
pub fn check_writable(path: &Path) -> Result<(), ExportError> {
    Format::of(path).map_err(at(path))?;
    check_place(path)
}

/// As [`check_writable`], for a file that is no array: any extension will do.
pub fn check_place(path: &Path) -> Result<(), ExportError> {
    // To create a file and drop it again is the only test that also knows of read-only mounts.
    temporary(path).map(drop).map_err(at(path))
}

/// Writes a file under a temporary name and renames it once it is complete.
pub fn write_atomically(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), ExportError> {
    let go = || {
        let (mut file, target) = temporary(path)?;
        let mut buffer = BufWriter::new(file.as_file_mut());
        write(&mut buffer).map_err(ExportProblem::Io)?;
        buffer.flush().map_err(ExportProblem::Io)?;
        drop(buffer);
        // Renamed before its content is on the disk, a file could be empty after a power failure.
        file.as_file().sync_all().map_err(ExportProblem::Io)?;
        file.persist(target).map_err(|error| ExportProblem::Io(error.error))?;
        Ok(())
    };
    go().map_err(at(path))
}

/// Makes a folder, and the folders above it, where they are missing.
pub fn make_folder(path: &Path) -> Result<(), ExportError> {
    fs::create_dir_all(path).map_err(|error| {
        at(path)(match file_among(path) {
            Some(file) if file == path => ExportProblem::IsFile,
            Some(file) => ExportProblem::NotAFolder(file.to_owned()),
            None => ExportProblem::Io(error),
        })
    })
}

/// Of `file/sub`, the `file` that is in the way of a folder.
fn file_among(folder: &Path) -> Option<&Path> {
    folder.ancestors().find(|path| path.exists()).filter(|path| !path.is_dir())
}

/// A temporary file beside `path`, and the name that it is to get.
fn temporary(path: &Path) -> Result<(tempfile::NamedTempFile, PathBuf), ExportProblem> {
    // A link stays a link: the file that it leads to is replaced.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if let Ok(existing) = fs::metadata(&target) {
        if existing.is_dir() {
            return Err(ExportProblem::IsFolder);
        }
        if !existing.is_file() {
            return Err(ExportProblem::NotAFile);
        }
        if existing.permissions().readonly() {
            return Err(ExportProblem::ReadOnly);
        }
    }
    let folder = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    if !folder.is_dir() {
        return Err(match file_among(folder) {
            Some(file) => ExportProblem::NotAFolder(file.to_owned()),
            None => ExportProblem::NoFolder(folder.to_owned()),
        });
    }
    let mut builder = tempfile::Builder::new();
    builder.prefix(".sparsea-");
    // Temporary files are private by default; results are ordinary files, as the umask wants them.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let file = builder
        .tempfile_in(folder)
        .map_err(|error| ExportProblem::FolderNotWritable { folder: folder.to_owned(), error })?;
    Ok((file, target))
}

/// A scalar that is written.
trait Scalar: Copy + Default + PartialEq {
    /// NumPy's type string.
    const DESCR: &'static str;
    /// Matrix Market's field.
    const FIELD: &'static str;
    /// Little-endian bytes.
    fn bytes(self, out: &mut dyn Write) -> io::Result<()>;
    /// The shortest text that reads back as the same value.
    fn text(self, out: &mut dyn Write) -> io::Result<()>;
    /// As [`text`](Self::text), complex numbers as two.
    fn words(self, out: &mut dyn Write) -> io::Result<()>;
    /// What the real numbers are called of which it consists, and these.
    #[cfg(feature = "parquet")]
    const PARTS: &'static [&'static str] = &[""];
    #[cfg(feature = "parquet")]
    fn part(self, which: usize) -> f64;
}

impl Scalar for f64 {
    const DESCR: &'static str = "<f8";
    const FIELD: &'static str = "real";
    fn bytes(self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(&self.to_le_bytes())
    }
    fn text(self, out: &mut dyn Write) -> io::Result<()> {
        // Debug, unlike Display, writes 1e300 with an exponent.
        write!(out, "{self:?}")
    }
    fn words(self, out: &mut dyn Write) -> io::Result<()> {
        self.text(out)
    }
    #[cfg(feature = "parquet")]
    fn part(self, _which: usize) -> f64 {
        self
    }
}

impl Scalar for Complex<f64> {
    const DESCR: &'static str = "<c16";
    const FIELD: &'static str = "complex";
    fn bytes(self, out: &mut dyn Write) -> io::Result<()> {
        self.re.bytes(out)?;
        self.im.bytes(out)
    }
    fn text(self, out: &mut dyn Write) -> io::Result<()> {
        write!(out, "{:?}{:+?}j", self.re, self.im)
    }
    fn words(self, out: &mut dyn Write) -> io::Result<()> {
        write!(out, "{:?} {:?}", self.re, self.im)
    }
    #[cfg(feature = "parquet")]
    const PARTS: &'static [&'static str] = &["_re", "_im"];
    #[cfg(feature = "parquet")]
    fn part(self, which: usize) -> f64 {
        if which == 0 { self.re } else { self.im }
    }
}

impl Scalar for i64 {
    const DESCR: &'static str = "<i8";
    const FIELD: &'static str = "integer";
    fn bytes(self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(&self.to_le_bytes())
    }
    fn text(self, out: &mut dyn Write) -> io::Result<()> {
        write!(out, "{self}")
    }
    fn words(self, out: &mut dyn Write) -> io::Result<()> {
        self.text(out)
    }
    #[cfg(feature = "parquet")]
    fn part(self, _which: usize) -> f64 {
        self as f64
    }
}

/// Writes a vector, in the format that the extension of `path` says: one dimension, or one line for each value.
pub fn write_vector(path: &Path, vector: &Vector) -> Result<(), ExportError> {
    match vector {
        Vector::Real(values) => write_column(path, values),
        Vector::Complex(values) => write_column(path, values),
    }
}

/// Writes a support as whole numbers, counted from 0 in every format.
pub fn write_indices(path: &Path, indices: &[usize]) -> Result<(), ExportError> {
    let indices: Vec<_> = indices.iter().map(|&index| index as i64).collect();
    write_column(path, &indices)
}

fn write_column<T: Scalar>(path: &Path, values: &[T]) -> Result<(), ExportError> {
    let format = Format::of(path).map_err(at(path))?;
    write_atomically(path, |out| match format {
        Format::Npy => {
            npy_header::<T>(out, &format!("({},)", values.len()))?;
            values.iter().try_for_each(|v| v.bytes(out))
        }
        #[cfg(feature = "parquet")]
        Format::Parquet => parquet::write(out, values.len(), &["x".to_owned()], |i, _| values[i]),
        _ => dense(out, format, values.len(), 1, |i, _| values[i]),
    })
}

/// Writes a matrix, in the format that the extension of `path` says. Sparse matrices stay sparse in `.mtx` only.
pub fn write_matrix(path: &Path, matrix: &Matrix) -> Result<(), ExportError> {
    match matrix {
        Matrix::Dense(a) => write_dense(path, a.as_ref()),
        Matrix::DenseComplex(a) => write_dense(path, a.as_ref()),
        Matrix::Narrow(a) => write_matrix(path, &a.widened()),
        Matrix::Sparse(a) => write_sparse(path, a),
        Matrix::SparseComplex(a) => write_sparse(path, a),
    }
}

fn write_dense<T: Scalar>(path: &Path, a: faer::MatRef<'_, T>) -> Result<(), ExportError> {
    let format = Format::of(path).map_err(at(path))?;
    write_atomically(path, |out| dense(out, format, a.nrows(), a.ncols(), |i, j| a[(i, j)]))
}

fn write_sparse<T: Scalar + faer::traits::ComplexField>(
    path: &Path,
    a: &faer::sparse::SparseColMat<usize, T>,
) -> Result<(), ExportError> {
    /// Zeros are written out up to this many entries (8 GiB of floats).
    const MOST_ENTRIES: usize = 1 << 30;
    let (nrows, ncols) = (a.nrows(), a.ncols());
    if Format::of(path).map_err(at(path))? == Format::MatrixMarket {
        return write_atomically(path, |out| {
            writeln!(out, "%%MatrixMarket matrix coordinate {} general", T::FIELD)?;
            writeln!(out, "{nrows} {ncols} {}", a.compute_nnz())?;
            for entry in a.triplet_iter() {
                write!(out, "{} {} ", entry.row + 1, entry.col + 1)?;
                entry.val.words(out)?;
                writeln!(out)?;
            }
            Ok(())
        });
    }
    if nrows.checked_mul(ncols).is_none_or(|n| n > MOST_ENTRIES) {
        return Err(at(path)(ExportProblem::TooLarge(nrows, ncols)));
    }
    let mut full = faer::Mat::from_fn(nrows, ncols, |_, _| T::default());
    for entry in a.triplet_iter() {
        full[(entry.row, entry.col)] = *entry.val;
    }
    write_dense(path, full.as_ref())
}

fn dense<T: Scalar>(
    out: &mut dyn Write,
    format: Format,
    nrows: usize,
    ncols: usize,
    entry: impl Fn(usize, usize) -> T,
) -> io::Result<()> {
    match format {
        Format::Npy => {
            npy_header::<T>(out, &format!("({nrows}, {ncols})"))?;
            for j in 0..ncols {
                for i in 0..nrows {
                    entry(i, j).bytes(out)?;
                }
            }
        }
        Format::Text { separator } => {
            for i in 0..nrows {
                for j in 0..ncols {
                    if j > 0 {
                        write!(out, "{separator}")?;
                    }
                    entry(i, j).text(out)?;
                }
                writeln!(out)?;
            }
        }
        Format::MatrixMarket => {
            writeln!(out, "%%MatrixMarket matrix array {} general", T::FIELD)?;
            writeln!(out, "{nrows} {ncols}")?;
            for j in 0..ncols {
                for i in 0..nrows {
                    entry(i, j).words(out)?;
                    writeln!(out)?;
                }
            }
        }
        #[cfg(feature = "parquet")]
        Format::Parquet => {
            let names: Vec<String> = (0..ncols).map(|j| j.to_string()).collect();
            parquet::write(out, nrows, &names, entry)?;
        }
    }
    Ok(())
}

/// The header of a `.npy` file in column order, padded so that the numbers start at a multiple of 64 bytes.
fn npy_header<T: Scalar>(out: &mut dyn Write, shape: &str) -> io::Result<()> {
    let fortran = if shape.ends_with(",)") { "False" } else { "True" };
    let dict = format!("{{'descr': '{}', 'fortran_order': {fortran}, 'shape': {shape}, }}", T::DESCR);
    // Ten bytes come before the dict, and a line end after it.
    let length = (10 + dict.len() + 1).next_multiple_of(64) - 10;
    out.write_all(b"\x93NUMPY\x01\x00")?;
    out.write_all(&(length as u16).to_le_bytes())?;
    writeln!(out, "{dict:<width$}", width = length - 1)
}

#[cfg(test)]
#[path = "export_tests.rs"]
mod tests;
