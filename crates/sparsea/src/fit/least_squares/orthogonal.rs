//! Least squares by an orthonormal basis of the columns: slower than normal equations, accurate to any condition.

use crate::kernels::{axpy, dot, norm};
use crate::operator::Access;
use crate::scalar::Scalar;
use crate::tolerance::{COARSER_DEPENDENT, DEPENDENT, FIT, GROUPED, INDEPENDENT, LARGE_COEFFICIENTS, RESIDUAL_EXCESS};

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
    /// Positions in the support of the independent columns, and their norms.
    independent: Vec<usize>,
    norms: Vec<f64>,
    column: Vec<T>,
    projections: Vec<T>,
    scratch: Vec<T>,
}

impl<T: Scalar> Orthogonal<T> {
    /// Minimises ‖y − A_S x‖ without a look at whether x explains anything of y: for steps, which do less and less.
    pub(crate) fn step(&mut self, operator: &Access<'_, T>, data: &[T], support: &[usize], x: &mut Vec<T>) {
        self.factor(operator, support, DEPENDENT);
        self.solve(data, support.len(), x);
    }

    /// Minimises ‖y − A_S x‖: writes x and y − A_S x, and returns how many columns were dependent (their coefficients are 0).
    ///
    /// Coefficients can be so large that their rounding shows in y − A_S x. Then columns that nearly depend on others are
    /// passed over too. Of these fits, the one with the least ‖y − A_S x‖ is taken, among those of moderate coefficients if
    /// there are any; where none is better than x = 0, x = 0 it is.
    /// Cost: 4 m |S|² multiply-adds, as a rule once.
    pub(crate) fn fit(
        &mut self,
        operator: &Access<'_, T>,
        data: &[T],
        support: &[usize],
        values: &mut Vec<T>,
        residual: &mut Vec<T>,
    ) -> usize {
        let scale = norm(data);
        let large = LARGE_COEFFICIENTS * (support.len() as f64).sqrt() * scale;
        let (mut best, mut dependent) = ((false, scale), 0);
        values.clear();
        values.resize(support.len(), T::ZERO);
        residual.clear();
        residual.extend_from_slice(data);
        let (mut x, mut left) = (Vec::new(), vec![T::ZERO; data.len()]);
        for (at, tolerance) in [DEPENDENT].into_iter().chain(COARSER_DEPENDENT).enumerate() {
            let passed_over = self.factor(operator, support, tolerance);
            let outside = self.solve(data, support.len(), &mut x);
            operator.apply_sparse(support, &x, &mut left);
            left.iter_mut().zip(data).for_each(|(r, &y)| *r = y - *r);
            let found = norm(&left);
            let sizes =
                self.independent.iter().zip(&self.norms).map(|(&position, norm)| norm * Scalar::abs(x[position]));
            let is_large = sizes.sum::<f64>() > large;
            let better = found < scale && (at == 0 || best.1 == scale || (is_large, found) < best);
            if at == 0 {
                dependent = passed_over;
            }
            if better {
                (best, dependent) = ((is_large, found), passed_over);
                values.clone_from(&x);
                residual.clone_from(&left);
            }
            if !is_large && found <= (1.0 + RESIDUAL_EXCESS) * outside + FIT * scale {
                break;
            }
        }
        dependent
    }

    /// The positions in `support` of columns that do not depend on those before them, and R of these: column c has c + 1 entries.
    pub(crate) fn triangle(&mut self, operator: &Access<'_, T>, support: &[usize]) -> (&[usize], &[T]) {
        self.factor(operator, support, GROUPED);
        (&self.independent, &self.triangle)
    }

    /// Q and R of the columns that do not depend on those before them; returns how many do.
    fn factor(&mut self, operator: &Access<'_, T>, support: &[usize], tolerance: f64) -> usize {
        let m = operator.nrows();
        self.basis.clear();
        self.triangle.clear();
        self.independent.clear();
        self.norms.clear();
        self.column.resize(m, T::ZERO);
        for (position, &j) in support.iter().enumerate() {
            operator.column(j, &mut self.column);
            let length = norm(&self.column);
            project_out(&self.basis, &mut self.column, &mut self.projections);
            let rest = norm(&self.column);
            // What cancelled: the column itself, and its parts along the columns before it.
            self.scratch.clone_from(&self.projections);
            back_substitute(&self.triangle, &mut self.scratch);
            let parts: f64 = self.norms.iter().zip(&self.scratch).map(|(norm, c)| norm * Scalar::abs(*c)).sum();
            // Column [−c; 1] / rest of R⁻¹ is bounded by this, and so is ‖R⁻¹‖.
            let least = tolerance * (length + parts);
            let least = if tolerance == DEPENDENT { least.min(INDEPENDENT * length) } else { least };
            if rest.is_nan() || rest <= least {
                continue;
            }
            self.basis.extend(self.column.iter().map(|v| v.scale(1.0 / rest)));
            self.triangle.extend_from_slice(&self.projections);
            self.triangle.push(T::from_real(rest));
            self.independent.push(position);
            self.norms.push(length);
        }
        support.len() - self.independent.len()
    }

    /// x ← R⁻¹ Qᴴ y, 0 for dependent columns; returns the length of y outside the span of Q.
    fn solve(&mut self, data: &[T], size: usize, x: &mut Vec<T>) -> f64 {
        self.column.clear();
        self.column.extend_from_slice(data);
        project_out(&self.basis, &mut self.column, &mut self.projections);
        back_substitute(&self.triangle, &mut self.projections);
        x.clear();
        x.resize(size, T::ZERO);
        for (&position, &value) in self.independent.iter().zip(&self.projections) {
            x[position] = value;
        }
        norm(&self.column)
    }
}

/// v ← R⁻¹ v, from the last column on.
fn back_substitute<T: Scalar>(triangle: &[T], v: &mut [T]) {
    for c in (0..v.len()).rev() {
        let column = &triangle[c * (c + 1) / 2..][..=c];
        v[c] = v[c].scale(1.0 / column[c].real());
        let value = v[c];
        axpy(-value, &column[..c], &mut v[..c]);
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
