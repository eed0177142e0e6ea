//! The rows of a sparse A, by which a residual that differs from y in few of them is correlated.

use crate::operator::Access;
use crate::scalar::Scalar;

/// A by rows, and an image A_S x of which only the rows that are not zero are looked at.
#[derive(Debug)]
pub(super) struct Rows<T> {
    /// Row i holds `columns[starts[i]..starts[i + 1]]` and the values beside them.
    starts: Vec<usize>,
    columns: Vec<u32>,
    values: Vec<T>,
    /// A_S x, zero between calls.
    image: Vec<T>,
    /// Rows in which the image may not be zero.
    touched: Vec<usize>,
}

impl<T: Scalar> Rows<T> {
    /// The rows of `operator`, if it tells the entries of its columns and they fit in `memory` bytes.
    pub(super) fn of(operator: &Access<'_, T>, memory: usize) -> Option<Self> {
        let (m, n) = (operator.nrows(), operator.ncols());
        u32::try_from(n).ok()?;
        let mut starts = vec![0usize; m + 1];
        for j in 0..n {
            if !operator.sparse_column(j, &mut |i, _| starts[i + 1] += 1) {
                return None;
            }
        }
        for i in 0..m {
            starts[i + 1] += starts[i];
        }
        let entries = starts[m];
        let held = entries.checked_mul(size_of::<u32>() + size_of::<T>())?;
        if held.checked_add((m + 1) * (size_of::<usize>() + size_of::<T>()))? > memory {
            return None;
        }
        let (mut columns, mut values) = (vec![0; entries], vec![T::ZERO; entries]);
        let mut next = starts.clone();
        for j in 0..n {
            operator.sparse_column(j, &mut |i, value| {
                (columns[next[i]], values[next[i]]) = (j as u32, value);
                next[i] += 1;
            });
        }
        Some(Self { starts, columns, values, image: vec![T::ZERO; m], touched: vec![] })
    }

    /// Bytes held.
    pub(super) fn memory_held(&self) -> usize {
        self.starts.len() * (size_of::<usize>() + size_of::<T>())
            + self.columns.len() * (size_of::<u32>() + size_of::<T>())
    }

    /// c ← c − Aᴴ A_S x. Cost: the entries of the rows in which A_S is not zero.
    pub(super) fn subtract(&mut self, operator: &Access<'_, T>, support: &[usize], x: &[T], correlation: &mut [T]) {
        let (image, touched) = (&mut self.image, &mut self.touched);
        for (&j, &x) in support.iter().zip(x) {
            operator.sparse_column(j, &mut |i, a| {
                // A row in which the image cancelled is listed twice, the second time with zero.
                if image[i] == T::ZERO {
                    touched.push(i);
                }
                image[i] += a * x;
            });
        }
        for i in touched.drain(..) {
            let value = std::mem::take(&mut image[i]);
            let row = self.starts[i]..self.starts[i + 1];
            for (&j, &a) in self.columns[row.clone()].iter().zip(&self.values[row]) {
                correlation[j as usize] -= Scalar::conj(a) * value;
            }
        }
    }
}
