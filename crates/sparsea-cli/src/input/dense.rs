//! A dense matrix in the order of its file.

use std::ops::Deref;

use faer::{Mat, MatRef};
use num_complex::Complex;

use super::error::Problem;
use super::finite::Number;
use super::mapped::MappedNumbers;

/// The order in which a file lists the entries of a matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// Row by row (C).
    Rows,
    /// Column by column (Fortran).
    Columns,
}

/// Where the entries of a matrix are.
#[derive(Debug, Clone)]
enum Values<T> {
    Read(Vec<T>),
    Mapped(MappedNumbers<T>),
}

impl<T> Deref for Values<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        match self {
            Self::Read(values) => values,
            Self::Mapped(values) => values,
        }
    }
}

/// A dense matrix whose entries lie as in its file: another order would make other sums, and so other bits.
#[derive(Debug, Clone)]
pub struct Dense<T> {
    values: Values<T>,
    nrows: usize,
    ncols: usize,
    layout: Layout,
}

impl<T> Dense<T> {
    /// `values` must be `nrows * ncols` numbers.
    pub fn new(values: Vec<T>, nrows: usize, ncols: usize, layout: Layout) -> Self {
        Self::of(Values::Read(values), nrows, ncols, layout)
    }

    /// As [`new`](Self::new), of numbers that stay in their file.
    pub fn mapped(values: MappedNumbers<T>, nrows: usize, ncols: usize, layout: Layout) -> Self {
        Self::of(Values::Mapped(values), nrows, ncols, layout)
    }

    fn of(values: Values<T>, nrows: usize, ncols: usize, layout: Layout) -> Self {
        debug_assert_eq!(values.len(), nrows * ncols);
        Self { values, nrows, ncols, layout }
    }

    /// Number of rows.
    pub fn nrows(&self) -> usize {
        self.nrows
    }

    /// Number of columns.
    pub fn ncols(&self) -> usize {
        self.ncols
    }

    /// Whether the numbers stay in their file.
    #[cfg(test)]
    pub fn is_mapped(&self) -> bool {
        matches!(self.values, Values::Mapped(_))
    }

    /// The matrix where it lies.
    pub fn as_ref(&self) -> MatRef<'_, T> {
        match self.layout {
            Layout::Rows => MatRef::from_row_major_slice(&self.values, self.nrows, self.ncols),
            Layout::Columns => MatRef::from_column_major_slice(&self.values, self.nrows, self.ncols),
        }
    }

    /// The same matrix with other numbers, in the same order.
    pub fn map<U>(&self, number: impl Fn(T) -> U) -> Dense<U>
    where
        T: Copy,
    {
        Dense::new(self.values.iter().map(|&value| number(value)).collect(), self.nrows, self.ncols, self.layout)
    }

    /// Row and column of an entry, from its place in the file.
    fn place(&self, at: usize) -> (usize, usize) {
        match self.layout {
            Layout::Rows => (at / self.ncols, at % self.ncols),
            Layout::Columns => (at % self.nrows, at / self.nrows),
        }
    }
}

impl<T: Copy> Dense<T> {
    /// Some columns, in this order.
    pub fn with_columns(&self, columns: &[usize]) -> Self {
        let at = |i: usize, j: usize| match self.layout {
            Layout::Rows => self.values[i * self.ncols + j],
            Layout::Columns => self.values[j * self.nrows + i],
        };
        let values = match self.layout {
            Layout::Rows => (0..self.nrows).flat_map(|i| columns.iter().map(move |&j| at(i, j))).collect(),
            Layout::Columns => columns.iter().flat_map(|&j| (0..self.nrows).map(move |i| at(i, j))).collect(),
        };
        Self::new(values, self.nrows, columns.len(), self.layout)
    }
}

impl<T: Number> Dense<T> {
    /// Column `j`, and the matrix without it, in the same order.
    pub fn without_column(&self, j: usize) -> (Self, Vec<T>) {
        let mut rest = Vec::with_capacity(self.nrows * (self.ncols - 1));
        let mut column = Vec::with_capacity(self.nrows);
        for (at, &value) in self.values.iter().enumerate() {
            if self.place(at).1 == j { column.push(value) } else { rest.push(value) }
        }
        (Self::new(rest, self.nrows, self.ncols - 1, self.layout), column)
    }

    /// The numbers in the order of the file.
    pub fn into_values(self) -> Vec<T> {
        match self.values {
            Values::Read(values) => values,
            Values::Mapped(values) => values.to_vec(),
        }
    }

    /// Refuses NaN and infinity, with the place of the first one (in column order).
    pub fn check_finite(&self) -> Result<(), Problem> {
        let entries = self.values.iter().enumerate();
        let first = entries.filter_map(|(at, value)| value.not_finite().map(|value| (self.place(at), value)));
        match first.min_by_key(|&((row, column), _)| (column, row)) {
            Some(((row, column), value)) => Err(Problem::NotFiniteAt { value, row, column }),
            None => Ok(()),
        }
    }
}

impl Dense<f64> {
    /// The same matrix with complex entries.
    pub fn into_complex(self) -> Dense<Complex<f64>> {
        let values = self.values.iter().map(|&v| Complex::new(v, 0.0)).collect();
        Dense::new(values, self.nrows, self.ncols, self.layout)
    }
}

impl<T: Copy> From<Mat<T>> for Dense<T> {
    fn from(matrix: Mat<T>) -> Self {
        let (nrows, ncols) = (matrix.nrows(), matrix.ncols());
        let mut values = Vec::with_capacity(nrows * ncols);
        values.extend((0..ncols).flat_map(|j| (0..nrows).map(move |i| (i, j))).map(|place| matrix[place]));
        Self::new(values, nrows, ncols, Layout::Columns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two rows: 0 1 2 and 10 11 12.
    fn both() -> [Dense<f64>; 2] {
        [
            Dense::new(vec![0.0, 1.0, 2.0, 10.0, 11.0, 12.0], 2, 3, Layout::Rows),
            Dense::new(vec![0.0, 10.0, 1.0, 11.0, 2.0, 12.0], 2, 3, Layout::Columns),
        ]
    }

    #[test]
    fn a_column_is_taken_out_in_either_order() {
        for a in both() {
            for j in 0..3 {
                let (rest, column) = a.without_column(j);
                assert_eq!(column, [j as f64, 10.0 + j as f64]);
                assert_eq!(rest.layout, a.layout);
                let kept: Vec<usize> = (0..3).filter(|&column| column != j).collect();
                let expected = Mat::from_fn(2, 2, |i, at| (10 * i + kept[at]) as f64);
                assert_eq!(rest.as_ref(), expected.as_ref());
            }
        }
    }

    #[test]
    fn the_order_is_kept() {
        let [rows, columns] = both();
        let copied = Dense::from(Mat::from_fn(2, 3, |i, j| (10 * i + j) as f64));
        assert_eq!(rows.as_ref(), columns.as_ref());
        assert_eq!(copied.as_ref(), columns.as_ref());
        let strides = [rows.as_ref().row_stride(), columns.as_ref().col_stride(), copied.as_ref().col_stride()];
        assert_eq!(strides, [3, 2, 2]);
        let (rows, columns) = (rows.into_complex(), columns.into_complex());
        assert_eq!(rows.as_ref(), columns.as_ref());
        assert_eq!((rows.as_ref().row_stride(), columns.as_ref().col_stride()), (3, 2));
    }

    #[test]
    fn the_first_value_that_is_not_finite_is_that_of_the_first_column() {
        let (nan, inf) = (f64::NAN, f64::INFINITY);
        let (by_rows, by_columns) = ([0.0, 1.0, nan, inf, 11.0, 12.0], [0.0, inf, 1.0, 11.0, nan, 12.0]);
        assert!(both().iter().all(|a| a.check_finite().is_ok()));
        for (values, layout) in [(by_rows, Layout::Rows), (by_columns, Layout::Columns)] {
            let said = Dense::new(values.to_vec(), 2, 3, layout).check_finite().unwrap_err().to_string();
            assert_eq!(said, "contains inf at row 1, column 0 (counted from 0)");
        }
    }
}
