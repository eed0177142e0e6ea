//! Rows √λ I below a map: a ridge as a part of A.

use faer::MatMut;

use crate::failure::OperatorError;
use crate::operator::{Columns, LinearMap, Local, Profile, SparseColumns, Structure, contiguous, single, with_columns};
use crate::scalar::Scalar;

/// [B; √λ Z] with a diagonal Z of zeros and ones, its rows in any order: ‖y − B x‖² + λ‖Z x‖² is a sum of squares.
///
/// Where columns are local, the row of each stands before those of its column, so that columns stay local.
pub(super) struct Ridged<M, T> {
    inner: M,
    rows: usize,
    /// √λ, or 0 for a column of zeros.
    diagonal: Vec<T>,
    order: Order,
}

/// Where rows lie.
enum Order {
    /// Those of B, then those of the ridge.
    Below,
    /// The places of the rows of B, and of those of the ridge.
    Among(Vec<usize>, Vec<usize>),
}

impl Order {
    fn head(&self, i: usize) -> usize {
        match self {
            Self::Below => i,
            Self::Among(head, _) => head[i],
        }
    }

    fn tail(&self, j: usize, m: usize) -> usize {
        match self {
            Self::Below => m + j,
            Self::Among(_, tail) => tail[j],
        }
    }
}

impl<T: Scalar, M: LinearMap<T>> Ridged<M, T> {
    /// Adds rows to `inner`, none for columns that are `zero`.
    pub(super) fn new(inner: M, ridge: f64, zeros: &[bool]) -> Self {
        let (m, n) = inner.shape();
        let root = T::from_real(ridge.sqrt());
        let diagonal = zeros.iter().map(|&zero| if zero { T::ZERO } else { root }).collect();
        let order = match inner.structure() {
            Structure::Local(local) if local.period().is_none() => {
                let (mut head, mut tail) = (Vec::with_capacity(m), Vec::with_capacity(n));
                let mut segment = vec![];
                for j in 0..n {
                    segment.clear();
                    let first = local.segment(j, &mut segment).min(m);
                    while head.len() < first {
                        head.push(head.len() + j);
                    }
                    tail.push(head.len() + j);
                }
                while head.len() < m {
                    head.push(head.len() + n);
                }
                Order::Among(head, tail)
            }
            _ => Order::Below,
        };
        Self { inner, rows: m, diagonal, order }
    }

    /// The rows of B from those of a vector of data or a product.
    pub(super) fn head(&self, whole: &[T]) -> Vec<T> {
        match &self.order {
            Order::Below => whole[..self.rows].to_vec(),
            Order::Among(head, _) => head.iter().map(|&place| whole[place]).collect(),
        }
    }

    /// Data with zeros in the rows of the ridge.
    pub(super) fn lengthen(&self, data: &[T]) -> Vec<T> {
        let mut whole = vec![T::ZERO; self.rows + self.diagonal.len()];
        data.iter().enumerate().for_each(|(i, &v)| whole[self.order.head(i)] = v);
        whole
    }

    /// The rows of B of a vector, where they lie if they lie together.
    fn with_head<R>(&self, whole: &[T], work: impl FnOnce(&[T]) -> R) -> R {
        match &self.order {
            Order::Below => work(&whole[..self.rows]),
            Order::Among(..) => work(&self.head(whole)),
        }
    }

    /// Computes the rows of B of a product; the others are zero.
    fn write_head(
        &self,
        out: &mut [T],
        work: impl FnOnce(&mut [T]) -> Result<(), OperatorError>,
    ) -> Result<(), OperatorError> {
        match &self.order {
            Order::Below => {
                out[self.rows..].fill(T::ZERO);
                work(&mut out[..self.rows])
            }
            Order::Among(head, _) => {
                let mut part = vec![T::ZERO; self.rows];
                work(&mut part)?;
                out.fill(T::ZERO);
                head.iter().zip(&part).for_each(|(&place, &v)| out[place] = v);
                Ok(())
            }
        }
    }

    fn tail(&self, j: usize) -> usize {
        self.order.tail(j, self.rows)
    }
}

impl<T: Scalar, M: LinearMap<T>> LinearMap<T> for Ridged<M, T> {
    fn shape(&self) -> (usize, usize) {
        (self.rows + self.diagonal.len(), self.diagonal.len())
    }

    fn apply(&self, x: &[T], y: &mut [T]) -> Result<(), OperatorError> {
        self.write_head(y, |y| self.inner.apply(x, y))?;
        self.diagonal.iter().zip(x).enumerate().for_each(|(j, (&d, &x))| y[self.tail(j)] = d * x);
        Ok(())
    }

    fn apply_adjoint(&self, y: &[T], x: &mut [T]) -> Result<(), OperatorError> {
        self.with_head(y, |y| self.inner.apply_adjoint(y, x))?;
        self.diagonal.iter().zip(x).enumerate().for_each(|(j, (&d, x))| *x += d * y[self.tail(j)]);
        Ok(())
    }

    fn profile(&self) -> Profile {
        let inner = self.inner.profile();
        let (m, n) = self.inner.shape();
        let mut profile = Profile::made_of(&inner).with_cost(inner.cost.unwrap_or_else(|| m.saturating_mul(n)) + n);
        let longer = |norms: Vec<f64>| norms.iter().zip(&self.diagonal).map(|(v, d)| v.hypot(d.real())).collect();
        profile.column_norms = inner.column_norms.map(longer);
        profile.block = inner.block;
        profile
    }

    fn columns(&self) -> Option<&dyn Columns<T>> {
        self.inner.columns().is_some().then_some(self)
    }

    fn structure(&self) -> Structure<'_, T> {
        match (self.inner.structure(), &self.order) {
            (Structure::Sparse(_), _) => Structure::Sparse(self),
            (Structure::Local(_), Order::Among(..)) => Structure::Local(self),
            _ => Structure::None,
        }
    }
}

impl<T: Scalar, M: LinearMap<T>> Columns<T> for Ridged<M, T> {
    fn gather(&self, support: &[usize], out: MatMut<'_, T>) -> Result<(), OperatorError> {
        for (&j, out) in support.iter().zip(out.col_iter_mut()) {
            let out = contiguous(out);
            self.write_head(out, |out| with_columns(&self.inner, |columns| columns.gather(&[j], single(out))))?;
            out[self.tail(j)] = self.diagonal[j];
        }
        Ok(())
    }

    fn norms(&self) -> Result<Vec<f64>, OperatorError> {
        let norms = with_columns(&self.inner, |columns| columns.norms())?;
        Ok(norms.iter().zip(&self.diagonal).map(|(v, d)| v.hypot(d.real())).collect())
    }

    fn adjoint_block(&self, ys: &[&[T]], mut out: MatMut<'_, T>) -> Result<(), OperatorError> {
        let heads: Vec<Vec<T>> = ys.iter().map(|y| self.head(y)).collect();
        let views: Vec<&[T]> = heads.iter().map(Vec::as_slice).collect();
        with_columns(&self.inner, |columns| columns.adjoint_block(&views, out.as_mut()))?;
        for (y, out) in ys.iter().zip(out.col_iter_mut()) {
            let out = contiguous(out).iter_mut().zip(&self.diagonal).enumerate();
            out.for_each(|(j, (x, &d))| *x += d * y[self.tail(j)]);
        }
        Ok(())
    }

    fn gram(&self, rows: Option<&[usize]>, support: &[usize], mut out: MatMut<'_, T>) -> Result<(), OperatorError> {
        with_columns(&self.inner, |columns| columns.gram(rows, support, out.as_mut()))?;
        for (&j, out) in support.iter().zip(out.col_iter_mut()) {
            let (out, square) = (contiguous(out), self.diagonal[j] * self.diagonal[j]);
            match rows {
                None => out[j] += square,
                Some(rows) => out.iter_mut().zip(rows).filter(|(_, i)| **i == j).for_each(|(out, _)| *out += square),
            }
        }
        Ok(())
    }

    fn combine(&self, support: &[usize], values: &[T], y: &mut [T]) -> Result<(), OperatorError> {
        self.write_head(y, |y| with_columns(&self.inner, |columns| columns.combine(support, values, y)))?;
        support.iter().zip(values).for_each(|(&j, &x)| y[self.tail(j)] += self.diagonal[j] * x);
        Ok(())
    }

    fn correlate(&self, support: &[usize], y: &[T], out: &mut [T]) -> Result<(), OperatorError> {
        self.with_head(y, |y| with_columns(&self.inner, |columns| columns.correlate(support, y, out)))?;
        support.iter().zip(out).for_each(|(&j, out)| *out += self.diagonal[j] * y[self.tail(j)]);
        Ok(())
    }
}

impl<T: Scalar, M: LinearMap<T>> SparseColumns<T> for Ridged<M, T> {
    fn visit(&self, j: usize, visit: &mut dyn FnMut(usize, T)) {
        if let Structure::Sparse(columns) = self.inner.structure() {
            columns.visit(j, visit);
            if self.diagonal[j] != T::ZERO {
                visit(self.tail(j), self.diagonal[j]);
            }
        }
    }
}

impl<T: Scalar, M: LinearMap<T>> Local<T> for Ridged<M, T> {
    fn reach(&self) -> usize {
        if let Structure::Local(local) = self.inner.structure() { local.reach() } else { self.diagonal.len() }
    }

    fn segment(&self, j: usize, out: &mut Vec<T>) -> usize {
        let Structure::Local(local) = self.inner.structure() else {
            out.resize(out.len() + self.rows + self.diagonal.len(), T::ZERO);
            return 0;
        };
        let (mut rows, begin, at) = (vec![], self.tail(j), out.len());
        let first = local.segment(j, &mut rows);
        let end = if rows.is_empty() { begin } else { self.order.head(first + rows.len() - 1) };
        out.resize(at + end - begin + 1, T::ZERO);
        out[at] = self.diagonal[j];
        rows.iter().enumerate().for_each(|(t, &v)| out[at + self.order.head(first + t) - begin] = v);
        begin
    }
}
