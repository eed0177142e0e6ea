//! Least squares with several right-hand sides that share the columns of A.

use super::least_squares::SupportFit;
use super::newton::Newton;
use super::point::{Kind, Point, ResidualNorm};
use super::{Fit, System};
use crate::counts::Counts;
use crate::kernels::{norm, norm_squared};
use crate::scalar::Scalar;
use crate::support::Support;
use crate::tolerance::RESIDUAL_ROUNDING;

/// Minimises ‖Y − A_S X‖: one factor of A_S and its Gram columns serve every right-hand side.
///
/// The system is that of I ⊗ A, whose [sides](System::sides) are those of A with each right-hand side.
pub(super) struct Joint<T: Scalar, E: TakesTurns<T>> {
    inner: E,
    parts: Vec<Part<T, E::Kept>>,
    /// The support of the fit that the parts are.
    carried: Option<Support>,
}

/// An engine whose fits of different right-hand sides take turns.
pub(super) trait TakesTurns<T: Scalar>: Fit<T> {
    /// What it knows of its latest fit besides the point.
    type Kept: Send;

    /// What it knows before any fit, of supports of up to `sparsity` columns.
    fn kept(&self, side: &System<'_, T>, sparsity: usize) -> Self::Kept;

    /// Takes up another fit; what it knew of the latest is `kept`.
    fn swap(&mut self, kept: &mut Self::Kept);
}

/// The fit of one right-hand side, and what the engine knows of it.
struct Part<T, K> {
    point: Point<T>,
    kept: K,
}

impl<T: Scalar, E: TakesTurns<T>> Joint<T, E> {
    /// An engine on top of that for A with one right-hand side, for supports of up to `sparsity` columns of A.
    pub(super) fn new(system: &System<'_, T>, inner: E, sparsity: usize) -> Self {
        let part = |side: &System<'_, T>| Part {
            point: Point::zero(side.data.len(), side.operator.ncols(), sparsity, side.data_norm),
            kept: inner.kept(side, sparsity),
        };
        let parts = system.sides.iter().map(part).collect();
        Self { inner, parts, carried: None }
    }

    fn carries(&self, point: &Point<T>) -> bool {
        point.is_fitted() && self.carried.as_ref() == Some(&point.support)
    }

    /// Does `work` with the fit of each side, and writes what it changed into the point.
    fn each(
        &mut self,
        system: &System<'_, T>,
        point: &mut Point<T>,
        work: impl Fn(&mut E, &System<'_, T>, &mut Point<T>),
    ) {
        point.values.clear();
        for (side, part) in system.sides.iter().zip(&mut self.parts) {
            self.inner.quadratic().forget_correlation();
            self.inner.swap(&mut part.kept);
            work(&mut self.inner, side, &mut part.point);
            self.inner.swap(&mut part.kept);
            point.values.extend_from_slice(&part.point.values);
        }
        // Whoever asks later whether to give up hears the same.
        if system.sides.iter().any(|side| side.watch.noticed()) {
            system.watch.stop();
        }
    }

    /// The norm of all residuals, once those of the sides are known.
    fn total(&self, system: &System<'_, T>) -> Option<ResidualNorm> {
        let (mut square, mut off, mut formed) = (0.0, 0.0, true);
        for (side, Part { point, .. }) in system.sides.iter().zip(&self.parts) {
            let known = point.norm?;
            let rounding = || RESIDUAL_ROUNDING * (side.data_norm + point.length(&side.column_norms));
            square += known.norm * known.norm;
            off += known.off.unwrap_or_else(rounding).powi(2);
            formed &= known.off.is_none();
        }
        Some(ResidualNorm { norm: square.sqrt(), off: (!formed).then(|| off.sqrt()) })
    }

    /// By side, the columns of A and their coefficients among some of I ⊗ A; these are not changed if there is none of a side.
    fn split<'s>(
        system: &'s System<'_, T>,
        columns: &'s [usize],
        values: &'s [T],
    ) -> impl Iterator<Item = (&'s System<'s, T>, Vec<usize>, Vec<T>)> {
        let sorted = columns.is_sorted();
        system.sides.iter().enumerate().map(move |(at, side)| {
            let n = side.operator.ncols();
            let end = |column: usize| if sorted { columns.partition_point(|&j| j < column) } else { columns.len() };
            let range = if sorted { end(at * n)..end((at + 1) * n) } else { 0..columns.len() };
            let of_side = columns[range.clone()].iter().zip(&values[range]).filter(|&(&j, _)| j / n == at);
            let (columns, values) = of_side.map(|(&j, &value)| (j % n, value)).unzip();
            (side, columns, values)
        })
    }

    /// y − A x of every side, end to end.
    fn form(&mut self, system: &System<'_, T>, support: &[usize], values: &[T], residual: &mut Vec<T>) {
        residual.clear();
        let mut part = vec![];
        for (side, columns, values) in Self::split(system, support, values) {
            self.inner.quadratic().form_residual_on(side, &columns, &values, &mut part);
            residual.extend_from_slice(&part);
        }
    }
}

impl<T: Scalar> TakesTurns<T> for SupportFit<T> {
    /// Of its error.
    type Kept = (f64, f64);

    fn kept(&self, _side: &System<'_, T>, _sparsity: usize) -> Self::Kept {
        (0.0, 0.0)
    }

    fn swap(&mut self, kept: &mut Self::Kept) {
        let errors = self.errors();
        self.set_errors(*kept);
        *kept = errors;
    }
}

impl<T: Scalar> TakesTurns<T> for Newton<T> {
    type Kept = ();

    fn kept(&self, _side: &System<'_, T>, _sparsity: usize) {}

    fn swap(&mut self, _kept: &mut ()) {}
}

impl<T: Scalar, E: TakesTurns<T>> Fit<T> for Joint<T, E> {
    fn fit(&mut self, system: &System<'_, T>, point: &mut Point<T>) {
        for ((_, columns, _), part) in
            Self::split(system, &point.support, &vec![T::ZERO; point.support.len()]).zip(&mut self.parts)
        {
            part.point.move_to(&columns, Kind::Fitted);
        }
        self.each(system, point, |inner, side, part| inner.fit(side, part));
        self.carried = Some(point.support.clone());
    }

    fn form_residual(&mut self, system: &System<'_, T>, point: &mut Point<T>) {
        if !point.residual.is_known() {
            let Point { support, values, residual, .. } = point;
            self.form(system, support, values, residual.compute());
        }
    }

    fn residual_norm(&mut self, system: &System<'_, T>, point: &mut Point<T>) -> f64 {
        if let Some(ResidualNorm { norm, .. }) = point.norm {
            return norm;
        }
        if !self.carries(point) {
            return self.formed_residual_norm(system, point);
        }
        self.each(system, point, |inner, side, part| {
            inner.residual_norm(side, part);
        });
        point.residual.forget();
        point.norm = self.total(system);
        point.norm.map_or(0.0, |known| known.norm)
    }

    fn residual_norm_of(&mut self, system: &System<'_, T>, support: &[usize], values: &[T]) -> f64 {
        let mut residual = vec![];
        self.form(system, support, values, &mut residual);
        norm(&residual)
    }

    fn correlate(&mut self, system: &System<'_, T>, point: &mut Point<T>) {
        if point.correlation.is_known() {
            return;
        }
        if self.carries(point) {
            self.each(system, point, |inner, side, part| inner.correlate(side, part));
            point.residual.forget();
            point.norm = self.total(system);
            let correlation = point.correlation.compute();
            correlation.clear();
            self.parts.iter().for_each(|part| correlation.extend_from_slice(part.point.correlation.get()));
            return;
        }
        self.form_residual(system, point);
        let correlation = point.correlation.compute();
        correlation.resize(system.operator.ncols(), T::ZERO);
        self.counts_mut().adjoints += system.sides.len() as u64;
        system.operator.apply_adjoint(point.residual.get(), correlation);
        if point.norm.is_none() {
            point.norm = Some(ResidualNorm::formed(norm(point.residual.get())));
        }
        if point.kind == Kind::Fitted && system.region.is_all() {
            point.support.iter().for_each(|&j| correlation[j] = T::ZERO);
        }
    }

    fn curvature_along(&mut self, system: &System<'_, T>, _point: &Point<T>, columns: &[usize], values: &[T]) -> f64 {
        let (mut square, mut image) = (0.0, vec![T::ZERO; system.data.len() / system.sides.len().max(1)]);
        for (side, columns, values) in Self::split(system, columns, values) {
            self.counts_mut().applies += 1;
            side.operator.apply_sparse(&columns, &values, &mut image);
            square += norm_squared(&image);
        }
        square
    }

    fn largest_curvature(&mut self, _system: &System<'_, T>, _point: &Point<T>) -> f64 {
        1.0
    }

    fn drop_costs(&mut self, system: &System<'_, T>, point: &Point<T>, out: &mut Vec<f64>) {
        self.inner.quadratic().drop_costs(system, point, out);
    }

    fn quadratic(&mut self) -> &mut SupportFit<T> {
        self.inner.quadratic()
    }

    fn counts(&self) -> &Counts {
        self.inner.counts()
    }
}
