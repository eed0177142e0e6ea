//! Least squares by an orthonormal basis of the columns: slower than normal equations, accurate to any condition.

use crate::kernels::{axpy, dot, norm};
use crate::operator::Operator;
use crate::scalar::Scalar;

/// A column whose part outside the span of those before it is this much shorter than itself is dependent on them.
const DEPENDENT: f64 = 64.0 * f64::EPSILON;

/// QR by Gram–Schmidt with every projection repeated, which keeps Q orthonormal to rounding ("twice is enough",
/// Giraud, Langou & Rozložník 2005, DOI 10.1007/s00211-005-0615-4).
///
/// Written here because dependent columns are passed over in the order of the support, the later one getting the
/// coefficient 0, which pivoted or plain QR of a library does not do.
#[derive(Debug, Default)]
pub(crate) struct Orthogonal<T> {
    /// Orthonormal columns, end to end.
    basis: Vec<T>,
    /// Columns of R, end to end: column c has c + 1 entries.
    triangle: Vec<T>,
    /// Positions in the support of the independent columns.
    independent: Vec<usize>,
    column: Vec<T>,
    projections: Vec<T>,
}

impl<T: Scalar> Orthogonal<T> {
    /// Minimises ‖y − A_S x‖: writes x and the residual, and returns how many columns were dependent (their
    /// coefficients are 0). Cost: 4 m |S|² multiply-adds.
    pub(crate) fn fit(
        &mut self,
        operator: &dyn Operator<T>,
        data: &[T],
        support: &[usize],
        values: &mut Vec<T>,
        residual: &mut Vec<T>,
    ) -> usize {
        let m = data.len();
        self.basis.clear();
        self.triangle.clear();
        self.independent.clear();
        self.column.resize(m, T::ZERO);
        for (position, &j) in support.iter().enumerate() {
            operator.column(j, &mut self.column);
            let length = norm(&self.column);
            project_out(&self.basis, &mut self.column, &mut self.projections);
            let rest = norm(&self.column);
            if rest <= DEPENDENT * length {
                continue;
            }
            self.basis.extend(self.column.iter().map(|v| v.scale(1.0 / rest)));
            self.triangle.extend_from_slice(&self.projections);
            self.triangle.push(T::from_real(rest));
            self.independent.push(position);
        }
        residual.clear();
        residual.extend_from_slice(data);
        project_out(&self.basis, residual, &mut self.projections);
        // R x = Qᴴ y, from the last column on.
        let x = &mut self.projections;
        for c in (0..x.len()).rev() {
            let column = &self.triangle[c * (c + 1) / 2..][..=c];
            x[c] = x[c].scale(1.0 / column[c].real());
            let value = x[c];
            axpy(-value, &column[..c], &mut x[..c]);
        }
        values.clear();
        values.resize(support.len(), T::ZERO);
        for (&position, &x) in self.independent.iter().zip(x.iter()) {
            values[position] = x;
        }
        support.len() - self.independent.len()
    }
}

/// v ← v − Q Qᴴ v, with the coefficients Qᴴ v in `projections`.
fn project_out<T: Scalar>(basis: &[T], v: &mut [T], projections: &mut Vec<T>) {
    projections.clear();
    projections.resize(basis.len() / v.len(), T::ZERO);
    for _ in 0..2 {
        for (q, projection) in basis.chunks_exact(v.len()).zip(projections.iter_mut()) {
            let part = dot(q, v);
            axpy(-part, q, v);
            *projection += part;
        }
    }
}
