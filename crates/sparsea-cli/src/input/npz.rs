//! NumPy's `.npz`: a zip archive of `.npy` files, and scipy's sparse matrices stored in one.

use std::io::{Cursor, Read};

use faer::sparse::Triplet;
use zip::{CompressionMethod, ZipArchive};

use super::array::{Entry, Matrix, Vector, room, sparse};
use super::container::{Container, DEFLATE_RATIO, choose};
use super::error::{Problem, Shape};
use super::npy::{Npy, Numbers};

fn malformed(rule: impl ToString) -> Problem {
    Problem::Malformed { format: ".npz", rule: rule.to_string() }
}

/// Sufficient statistics, as their file holds them.
pub struct Statistics {
    pub matrix: Matrix,
    pub correlation: Vector,
    /// yᴴy.
    pub square: f64,
    /// The rows of A.
    pub rows: usize,
    /// The coarsest relative precision of the types of these numbers.
    pub precision: f64,
}

/// An open `.npz` archive.
pub struct Npz<'a> {
    archive: ZipArchive<Cursor<&'a [u8]>>,
    length: u64,
    names: Vec<String>,
}

impl<'a> Npz<'a> {
    /// Reads the list of what the archive holds.
    pub fn open(bytes: &'a [u8]) -> Result<Self, Problem> {
        if bytes.is_empty() {
            return Err(Problem::Empty);
        }
        let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(malformed)?;
        // Names and sizes stand in the archive twice. A damaged name would be another array, or one less to choose from.
        archive.validate_header_consistency().map_err(malformed)?;
        let mut names = Vec::new();
        for name in archive.file_names() {
            names.extend(name.map_err(malformed)?.strip_suffix(".npy").map(str::to_owned));
        }
        Ok(Self { archive, length: bytes.len() as u64, names })
    }

    /// Does `read` with one array. It is inflated as it is read, and its checksum is compared at its end.
    fn member<V>(
        &mut self,
        name: &str,
        read: impl FnOnce(Npy<&mut dyn Read>) -> Result<V, Problem>,
    ) -> Result<V, Problem> {
        let damaged = |problem| match problem {
            Problem::Io(error) => malformed(format!("'{}' is damaged: {error}", name.escape_debug())),
            other => other,
        };
        let mut file = self.archive.by_name(&format!("{name}.npy")).map_err(malformed)?;
        let (size, packed) = (file.size(), file.compressed_size());
        let most = match file.compression() {
            CompressionMethod::Stored => packed,
            _ => packed.saturating_mul(DEFLATE_RATIO),
        };
        if packed > self.length || size > most {
            let name = name.escape_debug();
            return Err(malformed(format!("'{name}' claims {size} bytes, but {packed} stored ones cannot hold them")));
        }
        Npy::open(&mut file as &mut dyn Read, size).and_then(read).map_err(damaged)
    }

    /// Whether this is what `scipy.sparse.save_npz` writes.
    fn is_sparse(&self) -> bool {
        ["format", "shape", "data"].iter().all(|&key| self.names.iter().any(|name| name == key))
    }

    fn sparse(&mut self) -> Result<Matrix, Problem> {
        let format = self.member("format", word)?;
        let shape = self.integers("shape")?;
        let &[nrows, ncols] = shape.as_slice() else {
            let shape = shape.into_iter().map(|n| n as u64).collect();
            return Err(Problem::NotAMatrix(Shape(shape)));
        };
        let (rows, columns) = match format.as_str() {
            "coo" => (self.integers("row")?, self.integers("col")?),
            "csc" => {
                let indices = self.integers("indices")?;
                let pointers = self.integers("indptr")?;
                let columns = expand(&pointers, ncols, indices.len())?;
                (indices, columns)
            }
            "csr" => {
                let indices = self.integers("indices")?;
                let pointers = self.integers("indptr")?;
                let rows = expand(&pointers, nrows, indices.len())?;
                (rows, indices)
            }
            other => {
                return Err(Problem::Unsupported {
                    what: format!("a scipy sparse matrix of format '{}'", other.escape_debug()),
                    advice: "save A.tocsc() instead".to_owned(),
                });
            }
        };
        match self.member("data", |npy| npy.numbers())? {
            Numbers::Real(values) => build(nrows, ncols, &rows, &columns, &values),
            Numbers::Complex(values) => build(nrows, ncols, &rows, &columns, &values),
        }
    }

    /// The sufficient statistics that it holds.
    pub fn statistics(&mut self) -> Result<Statistics, Problem> {
        let mut precision = f64::EPSILON;
        let mut note = |descr: &str| {
            let coarser = match descr.get(1..) {
                Some("f2") => 2f64.powi(-10),
                Some("f4" | "c8") => f64::from(f32::EPSILON),
                _ => f64::EPSILON,
            };
            precision = precision.max(coarser);
        };
        for name in ["AtA", "Aty", "yty", "n_samples"] {
            if !self.names.iter().any(|held| held == name) {
                return Err(Problem::NoSuchArray { name: name.to_owned(), names: self.names.clone() });
            }
        }
        let matrix = self.member("AtA", |npy| {
            note(&npy.header.descr);
            npy.matrix()
        })?;
        let correlation = self.member("Aty", |npy| {
            note(&npy.header.descr);
            npy.vector()
        })?;
        let square = self.single("yty", &mut note)?;
        let rows = self.single("n_samples", &mut |_| ())?;
        let rows = super::whole_number(rows).ok_or_else(|| malformed(format!("'n_samples' holds {rows}")))?;
        Ok(Statistics { matrix, correlation, square, rows, precision })
    }

    /// A single real number.
    fn single(&mut self, name: &str, note: &mut impl FnMut(&str)) -> Result<f64, Problem> {
        let read = |npy: Npy<&mut dyn Read>| {
            note(&npy.header.descr);
            npy.numbers()
        };
        match self.member(name, read)? {
            Numbers::Real(values) if values.len() == 1 => Ok(values[0]),
            Numbers::Real(values) => Err(malformed(format!("'{name}' holds {} numbers, not one", values.len()))),
            Numbers::Complex(_) => Err(malformed(format!("'{name}' holds complex numbers"))),
        }
    }

    fn integers(&mut self, name: &str) -> Result<Vec<usize>, Problem> {
        let wrong = |value: f64| malformed(format!("'{name}' holds {value}"));
        match self.member(name, |npy| npy.numbers())? {
            Numbers::Real(values) => {
                values.into_iter().map(|value| super::whole_number(value).ok_or_else(|| wrong(value))).collect()
            }
            Numbers::Complex(_) => Err(malformed(format!("'{name}' holds complex numbers"))),
        }
    }
}

impl Container for Npz<'_> {
    fn matrix(&mut self, file: &str, name: Option<&str>) -> Result<Matrix, Problem> {
        if name.is_none() && self.is_sparse() {
            return self.sparse();
        }
        let name = choose(file, name, &self.names)?;
        self.member(&name, |npy| npy.matrix())
    }

    fn vector(&mut self, file: &str, name: Option<&str>) -> Result<Vector, Problem> {
        if name.is_none() && self.is_sparse() {
            return self.sparse()?.into_vector();
        }
        let name = choose(file, name, &self.names)?;
        self.member(&name, |npy| npy.vector())
    }
}

/// A single short word: bytes (`|S3`, what scipy writes) or text (`<U3`).
fn word(npy: Npy<&mut dyn Read>) -> Result<String, Problem> {
    let descr = npy.header.descr.clone();
    let unknown = || Problem::ElementType(descr.clone());
    let (kind, length) = descr.split_at_checked(2).ok_or_else(unknown)?;
    let length: usize = length.parse().map_err(|_| unknown())?;
    let size = match kind {
        "|S" => 1,
        "<U" | ">U" => 4,
        _ => return Err(unknown()),
    };
    let size = length.checked_mul(size).filter(|&size| size > 0).ok_or_else(unknown)?;
    // Letters only: the other bytes of UTF-32 are zero.
    Ok(npy.word(size)?.iter().filter(|&&b| b != 0).map(|&b| char::from(b)).collect())
}

/// The index of the row (or column) of each entry, from compressed pointers.
fn expand(pointers: &[usize], lines: usize, entries: usize) -> Result<Vec<usize>, Problem> {
    let valid = lines.checked_add(1) == Some(pointers.len())
        && pointers.first() == Some(&0)
        && pointers.last() == Some(&entries)
        && pointers.is_sorted();
    if !valid {
        return Err(malformed("'indptr' does not fit 'shape' and 'indices'"));
    }
    let mut expanded = room(entries)?;
    for (line, ends) in pointers.windows(2).enumerate() {
        expanded.resize(ends[1], line);
    }
    Ok(expanded)
}

fn build<T: Entry>(
    nrows: usize,
    ncols: usize,
    rows: &[usize],
    columns: &[usize],
    values: &[T],
) -> Result<Matrix, Problem> {
    if rows.len() != values.len() || columns.len() != values.len() {
        return Err(malformed(format!(
            "it has {} values for {} rows and {} columns",
            values.len(),
            rows.len(),
            columns.len()
        )));
    }
    let mut entries = room(values.len())?;
    for ((&row, &col), &val) in rows.iter().zip(columns).zip(values) {
        if row >= nrows || col >= ncols {
            return Err(malformed(format!(
                "an entry is at row {row}, column {col} of a {nrows} x {ncols} matrix (counted from 0)"
            )));
        }
        entries.push(Triplet { row, col, val });
    }
    sparse(nrows, ncols, &entries)
}

#[cfg(test)]
#[path = "npz_tests.rs"]
pub(super) mod tests;
