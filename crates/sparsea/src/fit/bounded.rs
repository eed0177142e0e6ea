//! Least squares with bounds on the coefficients.

use super::joint::TakesTurns;
use super::least_squares::{Orthogonal, SupportFit};
use super::newton::Newton;
use super::point::{Kind, Point, ResidualNorm};
use super::{Fit, System};
use crate::counts::Counts;
use crate::kernels::norm;
use crate::problem::Intervals;
use crate::scalar::Scalar;
use crate::support::Support;
use crate::tolerance::FIT;

/// Changes of many columns at once that may be in vain before columns change one by one.
const CHANCES: u32 = 3;
/// Sets of free columns that are tried at most, and as many more for each column.
const ROUNDS: (usize, usize) = (50, 3);
/// Corrections of a fit beside coefficients at bounds, by normal equations and then by an orthonormal basis.
const CORRECTIONS: (u32, u32) = (5, 3);

/// Minimises ‖y − A_S x‖ over l ≤ x ≤ u.
///
/// Columns are free, or rest at a bound. Free ones that leave their interval come to rest at its end; resting ones that are pulled into
/// theirs become free; until there is none of either: block principal pivoting, one column at a time where whole blocks do not lead
/// on (Portugal, Júdice & Vicente 1994, DOI 10.1090/S0025-5718-1994-1250776-4; Kim & Park 2011, DOI 10.1137/110821172). The fit on the free columns is that of
/// [`SupportFit`], so that a problem whose bounds do not bind costs what it costs without. Where that does not end, as with columns that
/// are nearly dependent, an active set leads to the optimum one column at a time (Lawson & Hanson 1974, DOI 10.1137/1.9781611971217), and
/// where rounding prevents that too, [`Newton`].
pub(super) struct Bounded<T: Scalar> {
    newton: Newton<T>,
    orthogonal: Orthogonal<T>,
    /// The fit on the free columns; the others of the support rest at 0.
    free: Point<T>,
    /// The support of the latest fit, if `free` is all of it.
    carried: Option<Support>,
    rests: Vec<Rest>,
    residual: Vec<T>,
    pulls: Vec<T>,
    step: Vec<T>,
}

/// Where a coefficient is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rest {
    Free,
    Lower,
    Upper,
}

impl Rest {
    /// The bound at which it rests.
    fn value(self, (lower, upper): (f64, f64)) -> f64 {
        match self {
            Self::Free => 0.0,
            Self::Lower => lower,
            Self::Upper => upper,
        }
    }
}

impl<T: Scalar> Bounded<T> {
    /// An engine for `system` on top of the one without bounds, for supports of up to `sparsity` columns.
    pub(super) fn new(system: &System<'_, T>, least_squares: SupportFit<T>, sparsity: usize) -> Self {
        let (m, n) = (system.operator.nrows(), system.operator.ncols());
        Self {
            newton: Newton::new(least_squares),
            orthogonal: Orthogonal::default(),
            free: Point::zero(m, n, sparsity, system.data_norm),
            carried: None,
            rests: Vec::with_capacity(sparsity),
            residual: Vec::new(),
            pulls: Vec::new(),
            step: Vec::new(),
        }
    }

    fn inner(&mut self) -> &mut SupportFit<T> {
        self.newton.quadratic()
    }

    /// Finds the free columns and their fit; false if that does not end.
    fn solve(&mut self, system: &System<'_, T>, intervals: &Intervals, point: &mut Point<T>) -> bool {
        self.rests.clear();
        self.rests.resize(point.support.len(), Rest::Free);
        if self.pivot(system, intervals, point) {
            return true;
        }
        self.descend(system, intervals, point)
    }

    /// Goes from x = 0 to the optimum by an active set: the resting column that is pulled inward most becomes free, and the fit on the
    /// free ones is approached as far as their intervals allow. ‖r‖ falls each time, so that it ends. False if rounding prevents that.
    fn descend(&mut self, system: &System<'_, T>, intervals: &Intervals, point: &mut Point<T>) -> bool {
        let support = point.support.clone();
        let size = support.len();
        let bounds: Vec<(f64, f64)> = support.iter().map(|&j| intervals.of(j)).collect();
        let begin = |&(lower, upper): &(f64, f64)| match (lower < 0.0, upper > 0.0) {
            (true, true) => Rest::Free,
            (true, false) => Rest::Upper,
            _ => Rest::Lower,
        };
        self.rests.clear();
        self.rests.extend(bounds.iter().map(begin));
        let mut x = vec![0.0; size];
        // Columns that could not move when they were free, until others have.
        let mut stuck = vec![false; size];
        let mut latest = None;
        for _ in 0..ROUNDS.0 + 4 * ROUNDS.1 * size {
            self.fit_free(system, intervals, point);
            if system.watch.noticed() {
                return true;
            }
            let fitted: Vec<f64> = point.values.iter().map(|x| x.real()).collect();
            // How far the way to the fit is allowed.
            let allowed = |at: usize| {
                let ((lower, upper), to) = (bounds[at], fitted[at]);
                if to < lower {
                    (x[at] - lower) / (x[at] - to)
                } else if to > upper {
                    (upper - x[at]) / (to - x[at])
                } else {
                    1.0
                }
            };
            let free: Vec<usize> = (0..size).filter(|&at| self.rests[at] == Rest::Free).collect();
            let first = free.iter().map(|&at| (allowed(at), at)).min_by(|a, b| a.0.total_cmp(&b.0));
            let Some((share, at)) = first.filter(|(share, _)| *share < 1.0) else {
                x = fitted;
                if latest.is_some() {
                    stuck.fill(false);
                }
                let Some(next) = self.most_pulled(system, point, &bounds, &stuck) else { return true };
                self.rests[next] = Rest::Free;
                latest = Some(next);
                continue;
            };
            for &other in &free {
                x[other] += share * (fitted[other] - x[other]);
            }
            let is_low = fitted[at] < bounds[at].0;
            self.rests[at] = if is_low { Rest::Lower } else { Rest::Upper };
            x[at] = if is_low { bounds[at].0 } else { bounds[at].1 };
            if share > 0.0 {
                stuck.fill(false);
            } else if latest == Some(at) {
                stuck[at] = true;
                latest = None;
            }
        }
        false
    }

    /// The place of the resting column that is pulled inward most, of those that are not stuck.
    fn most_pulled(
        &mut self,
        system: &System<'_, T>,
        point: &mut Point<T>,
        bounds: &[(f64, f64)],
        stuck: &[bool],
    ) -> Option<usize> {
        self.pull_resting(system, point);
        let resting = (0..self.rests.len()).filter(|&at| self.rests[at] != Rest::Free);
        let cosine = |(at, pull): (usize, &T)| {
            let inward = if self.rests[at] == Rest::Lower { pull.real() } else { -pull.real() };
            (inward / (system.data_norm * system.column_norms[point.support[at]]), at)
        };
        let movable = |&(cosine, at): &(f64, usize)| cosine > FIT && !stuck[at] && bounds[at].0 < bounds[at].1;
        let most = resting.zip(&self.pulls).map(cosine).filter(movable).max_by(|a, b| a.0.total_cmp(&b.0));
        most.map(|(_, at)| at)
    }

    /// Moves columns between free and resting until none is to be moved; false if that does not end.
    fn pivot(&mut self, system: &System<'_, T>, intervals: &Intervals, point: &mut Point<T>) -> bool {
        let size = point.support.len();
        let (mut fewest, mut chances) = (usize::MAX, CHANCES);
        let mut wrong: Vec<(usize, Rest)> = Vec::new();
        for _ in 0..ROUNDS.0 + ROUNDS.1 * size {
            self.fit_free(system, intervals, point);
            if system.watch.noticed() {
                return true;
            }
            wrong.clear();
            for (at, (&j, x)) in point.support.iter().zip(&point.values).enumerate() {
                let ((lower, upper), x) = (intervals.of(j), x.real());
                if self.rests[at] == Rest::Free && x < lower {
                    wrong.push((at, Rest::Lower));
                } else if self.rests[at] == Rest::Free && x > upper {
                    wrong.push((at, Rest::Upper));
                }
            }
            self.find_pulled(system, point, &mut wrong);
            if wrong.is_empty() {
                return true;
            }
            if wrong.len() < fewest {
                (fewest, chances) = (wrong.len(), CHANCES);
            } else if chances > 0 {
                chances -= 1;
            } else if let Some(&last) = wrong.iter().max_by_key(|(at, _)| *at) {
                wrong = vec![last];
            }
            wrong.iter().for_each(|&(at, rest)| self.rests[at] = rest);
        }
        false
    }

    /// The fit on the free columns.
    fn fit_free(&mut self, system: &System<'_, T>, intervals: &Intervals, point: &mut Point<T>) {
        let support = point.support.clone();
        let columns: Support =
            support.iter().zip(&self.rests).filter(|(_, rest)| **rest == Rest::Free).map(|(&j, _)| j).collect();
        point.values.clear();
        let resting = support.iter().zip(&self.rests).map(|(&j, rest)| T::from_real(rest.value(intervals.of(j))));
        point.values.extend(resting);
        point.residual.forget();
        if point.values.iter().all(|x| *x == T::ZERO) {
            self.carried = Some(support);
            if columns.is_empty() {
                self.free.clear(system.data_norm);
            } else {
                self.free.move_to(&columns, Kind::Fitted);
                self.newton.quadratic().fit(system, &mut self.free);
            }
            self.write(point);
            return;
        }
        self.carried = None;
        // Beside what rests: x ← x + argmin ‖r − A_F d‖ until r is orthogonal to the free columns.
        let places: Vec<usize> = (0..support.len()).filter(|&at| self.rests[at] == Rest::Free).collect();
        for correction in 0..CORRECTIONS.0 + CORRECTIONS.1 {
            let mut residual = std::mem::take(&mut self.residual);
            self.inner().form_residual_on(system, &support, &point.values, &mut residual);
            self.residual = residual;
            self.pulls.resize(columns.len(), T::ZERO);
            system.operator.apply_adjoint_on(&columns, &self.residual, &mut self.pulls);
            let most = columns.iter().zip(&self.pulls).map(|(&j, c)| quotient(Scalar::abs(*c), system.column_norms[j]));
            if most.fold(0.0, f64::max) <= FIT * system.data_norm || system.watch.stop() {
                break;
            }
            let engine = self.newton.quadratic();
            let normal =
                correction < CORRECTIONS.0 && engine.solve_normal(system, &columns, &self.pulls, &mut self.step);
            if !normal {
                self.orthogonal.step(&system.operator, &self.residual, &columns, &mut self.step);
            }
            places.iter().zip(&self.step).for_each(|(&at, &d)| point.values[at] += d);
        }
    }

    /// `pulls` ← Aᴴ r of the resting columns.
    fn pull_resting(&mut self, system: &System<'_, T>, point: &Point<T>) {
        let resting = point.support.iter().zip(&self.rests).filter(|(_, rest)| **rest != Rest::Free);
        let columns: Vec<usize> = resting.map(|(&j, _)| j).collect();
        self.pulls.resize(columns.len(), T::ZERO);
        if columns.is_empty() {
            return;
        }
        if self.carried.is_some() {
            self.newton.quadratic().form_residual(system, &mut self.free);
            self.residual.clone_from(self.free.residual.get());
        }
        system.operator.apply_adjoint_on(&columns, &self.residual, &mut self.pulls);
    }

    /// Notes the resting columns that are pulled into their intervals.
    fn find_pulled(&mut self, system: &System<'_, T>, point: &Point<T>, wrong: &mut Vec<(usize, Rest)>) {
        self.pull_resting(system, point);
        let resting = (0..self.rests.len()).filter(|&at| self.rests[at] != Rest::Free);
        for (at, pull) in resting.zip(&self.pulls) {
            let j = point.support[at];
            let least = FIT * system.data_norm * system.column_norms[j];
            let inward = if self.rests[at] == Rest::Lower { pull.real() } else { -pull.real() };
            if inward > least {
                wrong.push((at, Rest::Free));
            }
        }
    }

    /// Writes the fit on the free columns into the point.
    fn write(&mut self, point: &mut Point<T>) {
        let mut at = 0;
        for (place, rest) in self.rests.iter().enumerate() {
            if *rest == Rest::Free {
                point.values[place] = self.free.values[at];
                at += 1;
            }
        }
        point.norm = self.free.norm;
        if self.free.residual.is_known() {
            point.residual.compute().clone_from(self.free.residual.get());
        }
    }

    /// Whether `free` is all of the fit at a point.
    fn carries(&self, point: &Point<T>) -> bool {
        point.is_fitted() && self.carried.as_ref() == Some(&point.support)
    }
}

/// a/b, and 0 for b = 0.
fn quotient(a: f64, b: f64) -> f64 {
    if b > 0.0 { a / b } else { 0.0 }
}

/// The latest fit of one right-hand side.
pub(super) struct Latest<T> {
    errors: (f64, f64),
    free: Point<T>,
    carried: Option<Support>,
    rests: Vec<Rest>,
}

impl<T: Scalar> TakesTurns<T> for Bounded<T> {
    type Kept = Latest<T>;

    fn kept(&self, side: &System<'_, T>, sparsity: usize) -> Self::Kept {
        let free = Point::zero(side.data.len(), side.operator.ncols(), sparsity, side.data_norm);
        Latest { errors: (0.0, 0.0), free, carried: None, rests: vec![] }
    }

    fn swap(&mut self, kept: &mut Self::Kept) {
        self.inner().swap(&mut kept.errors);
        std::mem::swap(&mut self.free, &mut kept.free);
        std::mem::swap(&mut self.carried, &mut kept.carried);
        std::mem::swap(&mut self.rests, &mut kept.rests);
    }
}

impl<T: Scalar> Fit<T> for Bounded<T> {
    fn fit(&mut self, system: &System<'_, T>, point: &mut Point<T>) {
        let solved = system.intervals.as_deref().is_some_and(|intervals| self.solve(system, intervals, point));
        if !solved {
            self.carried = None;
            point.residual.forget();
            point.norm = None;
            self.newton.fit(system, point);
        } else if self.carried.is_none() && !system.watch.noticed() {
            point.norm = Some(ResidualNorm::formed(norm(&self.residual)));
            point.residual.compute().clone_from(&self.residual);
        }
    }

    fn form_residual(&mut self, system: &System<'_, T>, point: &mut Point<T>) {
        self.inner().form_residual(system, point);
    }

    fn residual_norm(&mut self, system: &System<'_, T>, point: &mut Point<T>) -> f64 {
        if let Some(ResidualNorm { norm, .. }) = point.norm {
            return norm;
        }
        if !self.carries(point) {
            return self.formed_residual_norm(system, point);
        }
        let norm = self.newton.quadratic().residual_norm(system, &mut self.free);
        self.write(point);
        norm
    }

    fn residual_norm_of(&mut self, system: &System<'_, T>, support: &[usize], values: &[T]) -> f64 {
        self.inner().residual_norm_of(system, support, values)
    }

    fn correlate(&mut self, system: &System<'_, T>, point: &mut Point<T>) {
        if point.correlation.is_known() {
            return;
        }
        if self.carries(point) {
            self.newton.quadratic().correlate(system, &mut self.free);
            self.write(point);
            point.correlation.compute().clone_from(self.free.correlation.get());
            return;
        }
        self.form_residual(system, point);
        let correlation = point.correlation.compute();
        correlation.resize(system.operator.ncols(), T::ZERO);
        self.newton.quadratic().counts.adjoints += 1;
        system.operator.apply_adjoint(point.residual.get(), correlation);
        if point.norm.is_none() {
            point.norm = Some(ResidualNorm::formed(norm(point.residual.get())));
        }
    }

    fn curvature_along(&mut self, system: &System<'_, T>, point: &Point<T>, columns: &[usize], values: &[T]) -> f64 {
        self.inner().curvature_along(system, point, columns, values)
    }

    fn largest_curvature(&mut self, system: &System<'_, T>, point: &Point<T>) -> f64 {
        self.inner().largest_curvature(system, point)
    }

    fn drop_costs(&mut self, system: &System<'_, T>, point: &Point<T>, out: &mut Vec<f64>) {
        self.inner().drop_costs(system, point, out);
    }

    fn quadratic(&mut self) -> &mut SupportFit<T> {
        self.newton.quadratic()
    }

    fn counts(&self) -> &Counts {
        self.newton.counts()
    }
}
