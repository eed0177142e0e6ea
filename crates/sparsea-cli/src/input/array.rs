//! What the readers return: matrices and vectors, real or complex, dense or sparse.

use std::ops::{AddAssign, Neg};

use faer::sparse::{SparseColMat, Triplet};
use num_complex::Complex;

use super::dense::{Dense, Layout};
use super::error::{Problem, Shape};
use super::finite::Number;
use super::narrow::Narrow;
use super::select::{Places, position};

/// More rows or columns than this must be backed by as many entries in the file.
const UNBACKED_DIMENSION: usize = 1 << 24;

/// A matrix as its file holds it.
#[derive(Debug, Clone)]
pub enum Matrix {
    /// Dense and real.
    Dense(Dense<f64>),
    /// Dense and complex.
    DenseComplex(Dense<Complex<f64>>),
    /// Dense, of numbers narrower than doubles.
    Narrow(Narrow),
    /// Sparse and real.
    Sparse(SparseColMat<usize, f64>),
    /// Sparse and complex.
    SparseComplex(SparseColMat<usize, Complex<f64>>),
}

/// A matrix and the names of its columns, where its file has a header line.
#[derive(Debug, Clone)]
pub struct Table {
    /// The numbers.
    pub matrix: Matrix,
    /// One name for each column.
    pub column_names: Option<Vec<String>>,
    /// Where the columns are in their file, if some of it were not read.
    pub places: Option<Places>,
    /// What a person should know of how it was read, and how to read a matrix A otherwise.
    pub note: Option<(&'static str, &'static str)>,
    /// The first line, if every line may be one number with a decimal comma or two numbers.
    pub pairs: Option<String>,
}

impl Table {
    /// A matrix whose columns have no names.
    pub fn unnamed(matrix: Matrix) -> Self {
        Self { matrix, column_names: None, places: None, note: None, pairs: None }
    }

    /// The numbers as a vector, if this is a single row or column.
    pub fn into_vector(self) -> Result<Vector, Problem> {
        match self.pairs {
            Some(line) => Err(Problem::NumberOrPair(line)),
            None => self.matrix.into_vector(),
        }
    }

    /// The same without the first column, which numbers the rows, of a file of `of` columns.
    pub fn without_index(self, of: usize) -> Self {
        let kept = self.places.map_or_else(|| (0..of).collect(), |places| places.kept);
        let names = self.column_names.map(|names| names.into_iter().skip(1).collect());
        Self {
            matrix: self.matrix.without_column(0).0,
            column_names: names,
            places: Some(Places { kept: kept.into_iter().skip(1).collect(), of }),
            note: Some(("the first column has no name and numbers the rows: it is left out", "--columns 0,… keeps it")),
            pairs: None,
        }
    }

    /// The column of that name or, counted from 0 in the file, that number.
    pub fn position(&self, column: &str) -> Result<usize, Problem> {
        let names = self.column_names.as_deref();
        let Some(places) = &self.places else { return position(column, names, self.matrix.ncols()) };
        let is_name = names.is_some_and(|names| names.iter().any(|name| name == column));
        if is_name {
            return position(column, names, self.matrix.ncols());
        }
        // A name that is not there is not there in the file either: what is asked for is read.
        let place = match column.parse::<usize>() {
            Ok(_) => position(column, None, places.of)?,
            Err(_) => return position(column, names, self.matrix.ncols()),
        };
        places.kept.iter().position(|&kept| kept == place).ok_or(Problem::ColumnLeftOut(place))
    }
}

/// A vector as its file holds it.
#[derive(Debug, Clone, PartialEq)]
pub enum Vector {
    /// Real.
    Real(Vec<f64>),
    /// Complex.
    Complex(Vec<Complex<f64>>),
}

/// A scalar that arrays in files hold.
pub trait Entry: faer::traits::ComplexField + Number + Default + AddAssign + Neg<Output = Self> {
    /// A dense matrix of such scalars.
    fn dense(matrix: Dense<Self>) -> Matrix;
    /// A sparse matrix of such scalars.
    fn sparse(matrix: SparseColMat<usize, Self>) -> Matrix;
    /// A vector of such scalars.
    fn vector(values: Vec<Self>) -> Vector;
    /// The complex conjugate.
    fn conjugate(self) -> Self;
}

impl Entry for f64 {
    fn dense(matrix: Dense<Self>) -> Matrix {
        Matrix::Dense(matrix)
    }
    fn sparse(matrix: SparseColMat<usize, Self>) -> Matrix {
        Matrix::Sparse(matrix)
    }
    fn vector(values: Vec<Self>) -> Vector {
        Vector::Real(values)
    }
    fn conjugate(self) -> Self {
        self
    }
}

impl Entry for Complex<f64> {
    fn dense(matrix: Dense<Self>) -> Matrix {
        Matrix::DenseComplex(matrix)
    }
    fn sparse(matrix: SparseColMat<usize, Self>) -> Matrix {
        Matrix::SparseComplex(matrix)
    }
    fn vector(values: Vec<Self>) -> Vector {
        Vector::Complex(values)
    }
    fn conjugate(self) -> Self {
        self.conj()
    }
}

/// An empty vector with room for `count` entries, or the refusal: an allocation that fails would end the process.
pub fn room<T>(count: usize) -> Result<Vec<T>, Problem> {
    let mut values = Vec::new();
    match values.try_reserve_exact(count) {
        Ok(()) => Ok(values),
        Err(_) => Err(Problem::NoRoom { bytes: count as u128 * size_of::<T>() as u128 }),
    }
}

/// Refuses what so many bytes of memory are not there for.
pub fn check_room(bytes: usize) -> Result<(), Problem> {
    let room: Result<Vec<u8>, _> = room(bytes);
    // Seen by nobody, the memory would not be asked for at all.
    std::hint::black_box(&room);
    room.map(drop)
}

/// Entries in file order as a dense matrix. `values` must hold `nrows * ncols` of them.
pub fn dense<T: Entry>(values: Vec<T>, nrows: usize, ncols: usize, layout: Layout) -> Matrix {
    T::dense(Dense::new(values, nrows, ncols, layout))
}

/// Entries `(row, column, value)`, all in range, as a sparse matrix; duplicates are summed.
pub fn sparse<T: Entry>(nrows: usize, ncols: usize, entries: &[Triplet<usize, usize, T>]) -> Result<Matrix, Problem> {
    let too_large = || Problem::TooLarge { nrows, ncols, entries: entries.len() };
    if nrows == 0 || ncols == 0 {
        return Err(Problem::EmptyShape(Shape(vec![nrows as u64, ncols as u64])));
    }
    // A header of a few bytes must not make us allocate column pointers (or, later, a y) of any length.
    if nrows.max(ncols) > UNBACKED_DIMENSION.max(entries.len()) {
        return Err(too_large());
    }
    SparseColMat::try_new_from_triplets(nrows, ncols, entries).map(T::sparse).map_err(|_| too_large())
}

impl Matrix {
    /// Number of rows.
    pub fn nrows(&self) -> usize {
        match self {
            Self::Dense(a) => a.nrows(),
            Self::DenseComplex(a) => a.nrows(),
            Self::Narrow(a) => a.nrows(),
            Self::Sparse(a) => a.nrows(),
            Self::SparseComplex(a) => a.nrows(),
        }
    }

    /// Number of columns.
    pub fn ncols(&self) -> usize {
        match self {
            Self::Dense(a) => a.ncols(),
            Self::DenseComplex(a) => a.ncols(),
            Self::Narrow(a) => a.ncols(),
            Self::Sparse(a) => a.ncols(),
            Self::SparseComplex(a) => a.ncols(),
        }
    }

    /// Whether the entries are complex.
    pub fn is_complex(&self) -> bool {
        match self {
            Self::Narrow(a) => a.is_complex(),
            other => matches!(other, Self::DenseComplex(_) | Self::SparseComplex(_)),
        }
    }

    /// The same matrix with complex entries; dense stays dense and sparse stays sparse. One of narrow numbers serves as it is.
    pub fn into_complex(self) -> Self {
        match self {
            Self::Dense(a) => Self::DenseComplex(a.into_complex()),
            Self::Sparse(a) => {
                let (symbolic, values) = a.into_parts();
                let values = values.into_iter().map(|v| Complex::new(v, 0.0)).collect();
                Self::SparseComplex(SparseColMat::new(symbolic, values))
            }
            complex => complex,
        }
    }

    /// Column `j`, and the matrix without it. `j` must be less than [`ncols`](Self::ncols).
    pub fn without_column(self, j: usize) -> (Self, Vector) {
        match self {
            Self::Dense(a) => dense_without(&a, j),
            Self::DenseComplex(a) => dense_without(&a, j),
            Self::Narrow(a) => a.widened().without_column(j),
            Self::Sparse(a) => sparse_without(&a, j),
            Self::SparseComplex(a) => sparse_without(&a, j),
        }
    }

    /// Some columns, in this order. Each must be less than [`ncols`](Self::ncols).
    pub fn with_columns(self, columns: &[usize]) -> Self {
        match self {
            Self::Dense(a) => Self::Dense(a.with_columns(columns)),
            Self::DenseComplex(a) => Self::DenseComplex(a.with_columns(columns)),
            Self::Narrow(a) => Self::Narrow(a.with_columns(columns)),
            Self::Sparse(a) => Self::Sparse(sparse_with(&a, columns)),
            Self::SparseComplex(a) => Self::SparseComplex(sparse_with(&a, columns)),
        }
    }

    /// The numbers as a vector, if this is a single row or column.
    pub fn into_vector(self) -> Result<Vector, Problem> {
        let (nrows, ncols) = (self.nrows(), self.ncols());
        if nrows != 1 && ncols != 1 {
            return Err(Problem::NotAVector(Shape(vec![nrows as u64, ncols as u64])));
        }
        Ok(match self {
            Self::Dense(a) => Vector::Real(a.into_values()),
            Self::DenseComplex(a) => Vector::Complex(a.into_values()),
            Self::Narrow(a) => return a.widened().into_vector(),
            // A sparse file's dimensions are bounded by `sparse`, so this is never large without cause.
            Self::Sparse(a) => Vector::Real(Dense::from(a.to_dense()).into_values()),
            Self::SparseComplex(a) => Vector::Complex(Dense::from(a.to_dense()).into_values()),
        })
    }

    /// Refuses NaN and infinity, with the place of the first one (in column order).
    pub fn check_finite(&self) -> Result<(), Problem> {
        match self {
            Self::Dense(a) => a.check_finite(),
            Self::DenseComplex(a) => a.check_finite(),
            Self::Narrow(a) => a.check_finite(),
            Self::Sparse(a) => sparse_finite(a),
            Self::SparseComplex(a) => sparse_finite(a),
        }
    }
}

fn dense_without<T: Entry>(a: &Dense<T>, j: usize) -> (Matrix, Vector) {
    let (rest, column) = a.without_column(j);
    (T::dense(rest), T::vector(column))
}

fn sparse_without<T: Entry>(a: &SparseColMat<usize, T>, j: usize) -> (Matrix, Vector) {
    let symbolic = a.symbolic();
    let taken = symbolic.col_range(j);
    let mut column = vec![T::default(); a.nrows()];
    for (&row, &value) in symbolic.row_idx()[taken.clone()].iter().zip(&a.val()[taken.clone()]) {
        column[row] += value;
    }
    // The pointers before the column stay; those after it move up by its length.
    let pointers = symbolic.col_ptr();
    let pointers = pointers[..=j].iter().copied().chain(pointers[j + 2..].iter().map(|p| p - taken.len())).collect();
    let without = |len: usize| (0..taken.start).chain(taken.end..len);
    let rows = without(symbolic.row_idx().len()).map(|p| symbolic.row_idx()[p]).collect();
    let values = without(a.val().len()).map(|p| a.val()[p]).collect();
    let rest = faer::sparse::SymbolicSparseColMat::new_checked(a.nrows(), a.ncols() - 1, pointers, None, rows);
    (T::sparse(SparseColMat::new(rest, values)), T::vector(column))
}

fn sparse_with<T: Entry>(a: &SparseColMat<usize, T>, columns: &[usize]) -> SparseColMat<usize, T> {
    let symbolic = a.symbolic();
    let (mut pointers, mut rows, mut values) = (vec![0], Vec::new(), Vec::new());
    for &j in columns {
        rows.extend_from_slice(&symbolic.row_idx()[symbolic.col_range(j)]);
        values.extend_from_slice(&a.val()[symbolic.col_range(j)]);
        pointers.push(rows.len());
    }
    let part = faer::sparse::SymbolicSparseColMat::new_checked(a.nrows(), columns.len(), pointers, None, rows);
    SparseColMat::new(part, values)
}

fn sparse_finite<T: Entry>(a: &SparseColMat<usize, T>) -> Result<(), Problem> {
    for entry in a.triplet_iter() {
        if let Some(value) = entry.val.not_finite() {
            return Err(Problem::NotFiniteAt { value, row: entry.row, column: entry.col });
        }
    }
    Ok(())
}

impl Vector {
    /// Number of entries.
    pub fn len(&self) -> usize {
        match self {
            Self::Real(values) => values.len(),
            Self::Complex(values) => values.len(),
        }
    }

    /// Whether the entries are complex.
    pub fn is_complex(&self) -> bool {
        matches!(self, Self::Complex(_))
    }

    /// The same vector with complex entries.
    pub fn into_complex(self) -> Vec<Complex<f64>> {
        match self {
            Self::Real(values) => values.into_iter().map(|v| Complex::new(v, 0.0)).collect(),
            Self::Complex(values) => values,
        }
    }

    /// Refuses NaN and infinity, with the place of the first one.
    pub fn check_finite(&self) -> Result<(), Problem> {
        fn first<T: Entry>(values: &[T]) -> Result<(), Problem> {
            for (row, value) in values.iter().enumerate() {
                if let Some(value) = value.not_finite() {
                    return Err(Problem::NotFiniteRow { value, row });
                }
            }
            Ok(())
        }
        match self {
            Self::Real(values) => first(values),
            Self::Complex(values) => first(values),
        }
    }
}
