//! Groups of columns, and matrices Y and X of several right-hand sides, from files and for people.

use std::path::Path;
use std::sync::Arc;

use serde::Serialize;
use sparsea::{Partition, Scalar, Solution};

use crate::failure::Failure;
use crate::input::{self, Label, Matrix, Vector};
use crate::problem::from_vector;

/// Groups as a file states them.
#[derive(Clone)]
pub struct Groups {
    pub partition: Arc<Partition>,
    /// Of each group, in the order of their first columns.
    labels: Vec<Label>,
}

impl Groups {
    /// Reads them for a matrix of n columns.
    pub fn read(path: &Path, columns: usize) -> Result<Self, Failure> {
        let labels = input::read_labels(path)?;
        if labels.len() != columns {
            let (file, found) = (path.display(), labels.len());
            return Err(Failure::Message(format!("{file}: has {found} labels, but A has {columns} columns")));
        }
        let partition = Arc::new(Partition::new(&labels)?);
        let first = |group| partition.columns(group).first().map(|&j| labels[j].clone());
        Ok(Self { labels: (0..partition.len()).filter_map(first).collect(), partition })
    }

    /// How many groups have one of some columns; columns beyond the last are refused elsewhere.
    pub fn count(&self, columns: impl Iterator<Item = usize>) -> usize {
        let mut groups: Vec<usize> = columns.filter_map(|j| self.partition.group_of(j)).collect();
        groups.sort_unstable();
        groups.dedup();
        groups.len()
    }

    /// The labels of some groups, as text.
    pub fn text(&self, groups: &[usize]) -> Vec<String> {
        groups.iter().filter_map(|&group| self.labels.get(group)).map(ToString::to_string).collect()
    }
}

/// A solution as JSON shows it.
#[derive(Serialize)]
#[serde(untagged)]
pub enum Shown<A, B> {
    Plain(A),
    Labelled(B),
}

/// A solution, with labels for the groups if there are any.
pub fn shown<'s, T: Scalar>(solution: &'s Solution<T>, groups: Option<&'s Groups>) -> impl Serialize + 's {
    match groups {
        None => Shown::Plain(solution),
        Some(groups) => Shown::Labelled(solution.labelled(&groups.labels)),
    }
}

/// The columns of a matrix, end to end, and their number.
pub fn joined(matrix: Matrix) -> (Vector, usize) {
    fn of<T: Copy>(rows: usize, columns: usize, entry: impl Fn(usize, usize) -> T) -> Vec<T> {
        (0..columns).flat_map(|j| (0..rows).map(move |i| (i, j))).map(|(i, j)| entry(i, j)).collect()
    }
    let (rows, columns) = (matrix.nrows(), matrix.ncols());
    let values = match matrix {
        Matrix::Narrow(a) => return joined(a.widened()),
        Matrix::Dense(a) => Vector::Real(of(rows, columns, |i, j| a.as_ref()[(i, j)])),
        Matrix::DenseComplex(a) => Vector::Complex(of(rows, columns, |i, j| a.as_ref()[(i, j)])),
        Matrix::Sparse(a) => {
            let dense = a.to_dense();
            Vector::Real(of(rows, columns, |i, j| dense[(i, j)]))
        }
        Matrix::SparseComplex(a) => {
            let dense = a.to_dense();
            Vector::Complex(of(rows, columns, |i, j| dense[(i, j)]))
        }
    };
    (values, columns)
}

/// A vector x of a file, or the columns of a matrix X of n × B numbers.
pub fn read_x<T: Scalar>(path: &Path, sides: Option<usize>, columns: usize) -> Result<Vec<T>, Failure> {
    let Some(sides) = sides else { return from_vector(path, input::read_vector(path)?) };
    let (values, found) = joined(input::read_matrix(path)?.matrix);
    let rows = values.len() / found.max(1);
    if (rows, found) != (columns, sides) {
        let file = path.display();
        return Err(Failure::Message(format!(
            "{file}: is {rows} × {found}; x must be {columns} × {sides}, as A and Y are"
        )));
    }
    from_vector(path, values)
}

/// The rows that are not zero of x, or of a matrix X by columns.
pub fn rows_of<T: Scalar>(x: &[T], columns: usize) -> Vec<usize> {
    (0..columns).filter(|&j| x.iter().skip(j).step_by(columns.max(1)).any(|&x| x != T::ZERO)).collect()
}

/// Of each row of `sides` numbers its norm, or the number itself where there is one.
pub fn sizes<T: Scalar>(rows: &[T], sides: usize) -> Vec<T> {
    if sides == 1 {
        return rows.to_vec();
    }
    let norm = |row: &[T]| T::from_real(row.iter().map(|x| x.abs2()).sum::<f64>().sqrt());
    rows.chunks(sides.max(1)).map(norm).collect()
}

/// The same of vectors of m numbers, `sides` of them end to end.
pub fn sizes_of_columns<T: Scalar>(columns: &[T], sides: usize) -> Vec<T> {
    let m = columns.len() / sides.max(1);
    let rows: Vec<T> = (0..m).flat_map(|i| columns.iter().copied().skip(i).step_by(m.max(1))).collect();
    sizes(&rows, sides)
}
