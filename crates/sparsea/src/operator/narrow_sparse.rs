//! A sparse matrix whose values and row indices are stored in fewer bytes than it is computed with.

use std::cmp::Ordering;
use std::ops::Range;
use std::sync::OnceLock;

use faer::MatMut;

use super::columns::single;
use super::storage::{Storage, Stored, widen};
use super::{Columns, LinearMap, Local, OperatorError, Profile, SparseColumns, Structure, banded, contiguous};
use crate::error::Error;
use crate::kernels::norm;
use crate::scalar::Scalar;

/// A sparse m × n matrix in compressed columns, with values stored as S and row indices in four bytes. An entry of `i8` takes 5 bytes,
/// compared with 16 in a [`SparseOperator`](super::SparseOperator).
///
/// Results equal those of a [`SparseOperator`](super::SparseOperator) of the same numbers bit for bit.
///
/// # Cost
/// That of [`SparseOperator`](super::SparseOperator).
#[derive(Debug, Clone)]
pub struct NarrowSparseOperator<S: Storage> {
    nrows: usize,
    starts: Box<[usize]>,
    rows: Box<[u32]>,
    values: Box<[S]>,
    reach: OnceLock<Option<usize>>,
    alike: OnceLock<Range<usize>>,
}

impl<S: Storage> NarrowSparseOperator<S> {
    /// A matrix of `nrows` rows whose column j has the values `values[starts[j]..starts[j + 1]]` in the rows `rows[…]`, which increase.
    ///
    /// # Errors
    /// [`Error::Structure`] if the parts do not describe such a matrix.
    pub fn new(nrows: usize, starts: Vec<usize>, rows: Vec<u32>, values: Vec<S>) -> Result<Self, Error> {
        let wrong = |what: &str| Err(Error::Structure(format!("compressed columns need {what}")));
        let rising = starts.windows(2).all(|pair| pair[0] <= pair[1]);
        if starts.first() != Some(&0) || starts.last() != Some(&values.len()) || !rising {
            return wrong(&format!("column starts that rise from 0 to {}", values.len()));
        }
        if rows.len() != values.len() {
            return wrong("one row for each value");
        }
        if rows.iter().any(|&row| row as usize >= nrows) {
            return wrong(&format!("rows below {nrows}"));
        }
        if starts.windows(2).any(|pair| !rows[pair[0]..pair[1]].is_sorted_by(|one, other| one < other)) {
            return wrong("rows that rise within each column");
        }
        Ok(Self {
            nrows,
            starts: starts.into(),
            rows: rows.into(),
            values: values.into(),
            reach: OnceLock::new(),
            alike: OnceLock::new(),
        })
    }

    fn ncols(&self) -> usize {
        self.starts.len() - 1
    }

    fn rows_of(&self, j: usize) -> &[u32] {
        &self.rows[self.starts[j]..self.starts[j + 1]]
    }

    fn values_of(&self, j: usize) -> &[S] {
        &self.values[self.starts[j]..self.starts[j + 1]]
    }

    fn band(&self) -> Option<usize> {
        let ends = |j: usize| Some((*self.rows_of(j).first()? as usize, *self.rows_of(j).last()? as usize));
        *self.reach.get_or_init(|| banded::reach(self.ncols(), self.values.len(), ends))
    }

    /// The entries of column j.
    fn entries<T: Scalar>(&self, j: usize) -> impl Iterator<Item = (usize, T)> + '_
    where
        S: Stored<T>,
    {
        self.rows_of(j).iter().zip(self.values_of(j)).map(|(&row, value)| (row as usize, value.widen()))
    }

    /// a_iᴴ a_j, by merging.
    fn product_of_columns<T: Scalar>(&self, i: usize, j: usize) -> T
    where
        S: Stored<T>,
    {
        let (mut one, mut other) = (self.entries::<T>(i).peekable(), self.entries::<T>(j).peekable());
        let mut sum = T::ZERO;
        while let (Some(&(a, value_a)), Some(&(b, value_b))) = (one.peek(), other.peek()) {
            match a.cmp(&b) {
                Ordering::Less => drop(one.next()),
                Ordering::Greater => drop(other.next()),
                Ordering::Equal => {
                    sum += Scalar::conj(value_a) * value_b;
                    one.next();
                    other.next();
                }
            }
        }
        sum
    }
}

impl<T: Scalar, S: Stored<T>> LinearMap<T> for NarrowSparseOperator<S> {
    fn shape(&self) -> (usize, usize) {
        (self.nrows, self.ncols())
    }

    fn apply(&self, x: &[T], y: &mut [T]) -> Result<(), OperatorError> {
        y.fill(T::ZERO);
        for (j, &value) in x.iter().enumerate().filter(|(_, value)| **value != T::ZERO) {
            self.entries::<T>(j).for_each(|(i, a)| y[i] += a * value);
        }
        Ok(())
    }

    fn apply_adjoint(&self, y: &[T], x: &mut [T]) -> Result<(), OperatorError> {
        for (j, x) in x.iter_mut().enumerate() {
            *x = self.entries::<T>(j).map(|(i, a)| Scalar::conj(a) * y[i]).sum();
        }
        Ok(())
    }

    fn profile(&self) -> Profile {
        Profile::default().with_cost(self.values.len() * 2 + self.ncols())
    }

    fn columns(&self) -> Option<&dyn Columns<T>> {
        Some(self)
    }

    fn structure(&self) -> Structure<'_, T> {
        if self.band().is_some() { Structure::Local(self) } else { Structure::Sparse(self) }
    }
}

impl<T: Scalar, S: Stored<T>> SparseColumns<T> for NarrowSparseOperator<S> {
    fn visit(&self, j: usize, visit: &mut dyn FnMut(usize, T)) {
        self.entries(j).for_each(|(i, a)| visit(i, a));
    }
}

impl<T: Scalar, S: Stored<T>> Local<T> for NarrowSparseOperator<S> {
    fn reach(&self) -> usize {
        self.band().unwrap_or(self.ncols())
    }

    fn alike(&self) -> Range<usize> {
        let is_shifted = |j: usize| {
            let (before, rows) = (self.rows_of(j - 1), self.rows_of(j));
            let shifted = before.len() == rows.len() && before.iter().zip(rows).all(|(a, b)| a + 1 == *b);
            shifted && self.values_of(j - 1) == self.values_of(j)
        };
        self.alike.get_or_init(|| banded::alike(self.ncols(), is_shifted)).clone()
    }

    fn segment(&self, j: usize, out: &mut Vec<T>) -> usize {
        let (rows, at) = (self.rows_of(j), out.len());
        let first = rows.first().map_or(0, |&row| row as usize);
        out.resize(at + rows.last().map_or(0, |&last| last as usize - first + 1), T::ZERO);
        self.entries::<T>(j).for_each(|(i, a)| out[at + i - first] += a);
        first
    }
}

impl<T: Scalar, S: Stored<T>> Columns<T> for NarrowSparseOperator<S> {
    fn gather(&self, support: &[usize], mut out: MatMut<'_, T>) -> Result<(), OperatorError> {
        out.fill(T::ZERO);
        for (&j, out) in support.iter().zip(out.col_iter_mut()) {
            let out = contiguous(out);
            self.entries::<T>(j).for_each(|(i, a)| out[i] += a);
        }
        Ok(())
    }

    fn norms(&self) -> Result<Vec<f64>, OperatorError> {
        let mut column: Vec<T> = vec![];
        let mut norm_of = |j: usize| {
            let values = self.values_of(j);
            column.resize(values.len(), T::ZERO);
            widen(values, &mut column);
            norm(&column)
        };
        Ok((0..self.ncols()).map(&mut norm_of).collect())
    }

    fn gram(&self, rows: Option<&[usize]>, support: &[usize], out: MatMut<'_, T>) -> Result<(), OperatorError> {
        let mut column = vec![T::ZERO; if rows.is_none() && self.band().is_none() { self.nrows } else { 0 }];
        for (&j, out) in support.iter().zip(out.col_iter_mut()) {
            let out = contiguous(out);
            match (rows, self.band()) {
                (None, Some(reach)) => {
                    out.fill(T::ZERO);
                    for i in j.saturating_sub(reach)..self.ncols().min(j + reach + 1) {
                        out[i] = self.product_of_columns(i, j);
                    }
                }
                (None, None) => {
                    self.gather(&[j], single(&mut column))?;
                    self.apply_adjoint(&column, out)?;
                }
                (Some(rows), _) => rows.iter().zip(out).for_each(|(&i, out)| *out = self.product_of_columns(i, j)),
            }
        }
        Ok(())
    }

    fn combine(&self, support: &[usize], values: &[T], y: &mut [T]) -> Result<(), OperatorError> {
        y.fill(T::ZERO);
        for (&j, &value) in support.iter().zip(values) {
            self.entries::<T>(j).for_each(|(i, a)| y[i] += a * value);
        }
        Ok(())
    }

    fn correlate(&self, support: &[usize], y: &[T], out: &mut [T]) -> Result<(), OperatorError> {
        for (out, &j) in out.iter_mut().zip(support) {
            *out = self.entries::<T>(j).map(|(i, a)| Scalar::conj(a) * y[i]).sum();
        }
        Ok(())
    }
}
