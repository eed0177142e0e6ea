//! The path of minimisers of ½‖A x − y‖² + λ‖x‖₁, followed down from λ = max |a_jᵀ y|, for `lasso` and `bp`.
//!
//! On the set S of active columns with signs s, x(λ) = u − λ w, where u is the least-squares fit on S and w = (A_SᵀA_S)⁻¹ s. So the knots,
//! at which columns become active or coefficients become zero, have a closed form. Each knot is computed from S and s alone, so errors do
//! not accumulate.
//!
//! All columns that reach the bound |a_jᵀ r| = λ at one knot join together, except those whose coefficients would get the wrong sign and
//! those that depend on columns that joined; the same holds for columns that leave.
//!
//! Osborne, Presnell & Turlach 2000, DOI 10.1093/imanum/20.3.389; Efron, Hastie, Johnstone & Tibshirani 2004,
//! DOI 10.1214/009053604000000067; for ties and dependent columns: Tibshirani 2013, DOI 10.1214/13-EJS815.

mod segment;

use crate::scalar::Scalar;
use crate::support::Support;
use crate::tolerance::{LASSO_END, LASSO_ROUNDING, LASSO_TIE};
use crate::workspace::Workspace;
pub(super) use segment::Bounds;
use segment::{Segment, Signed, contains};

/// Knots in succession at the same λ after which rounding keeps the path where it is.
const STALLED: u32 = 8;

/// The path, at one of its knots.
#[derive(Debug)]
pub(super) struct Path<T> {
    /// λ at the last knot; infinite before the first.
    lambda: f64,
    /// λ at the first knot.
    largest: f64,
    /// The path from the last knot on.
    segment: Segment<T>,
    /// Columns whose correlation was ±λ at the last knot but that did not join, sorted: they do not cross that bound until the next.
    tied: Vec<Signed>,
    /// Knots in succession at the same λ.
    stalled: u32,
    /// The knot that was reached.
    knot: Knot,
    /// The active columns of the segment before it, and u on them.
    before: Vec<Signed>,
    fit: Vec<f64>,
    /// Columns whose coefficients are not zero at the knot, sorted.
    free: Vec<Signed>,
    support: Support,
    values: Vec<T>,
}

/// Where the active set changes.
#[derive(Debug, Default)]
struct Knot {
    /// λ there; 0 if the path ends.
    lambda: f64,
    /// Columns off the active set whose correlation is ±λ, and those whose coefficient is zero, sorted.
    tied: Vec<Signed>,
    /// Those that were not tied at the last knot.
    crossing: Vec<Signed>,
    /// For each active column, where its coefficient would be zero.
    zeros: Vec<f64>,
    /// Whether it is.
    zero: Vec<bool>,
}

/// How the path goes on from a knot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Onward {
    /// To another knot.
    On,
    /// It ends at the knot: at λ = 0, where more columns than allowed would join, or where rounding keeps it.
    Ends,
    /// It ends because too many columns would be active, with those of [`Path::joining`].
    Full,
}

impl<T: Scalar> Path<T> {
    /// The path before its first knot, for `ncols` columns.
    pub(super) fn new(ncols: usize, bounds: Bounds) -> Self {
        // More are only met where many columns tie.
        let room = bounds.room();
        let knot = Knot {
            lambda: 0.0,
            tied: Vec::with_capacity(room),
            crossing: Vec::with_capacity(room),
            zeros: Vec::with_capacity(room),
            zero: Vec::with_capacity(room),
        };
        Self {
            lambda: f64::INFINITY,
            largest: 0.0,
            segment: Segment::new(ncols, bounds),
            tied: Vec::with_capacity(room),
            stalled: 0,
            knot,
            before: Vec::with_capacity(room),
            fit: Vec::with_capacity(room),
            free: Vec::with_capacity(room),
            support: Support::with_capacity(room),
            values: Vec::with_capacity(room),
        }
    }

    /// Follows the path to its next knot, whatever the point of the workspace. That is the fit on the active columns then, which
    /// may be more than k.
    pub(super) fn advance(&mut self, workspace: &mut Workspace<'_, T>) {
        std::mem::swap(&mut self.before, &mut self.segment.active);
        self.segment.active.clear();
        self.support.refill(self.before.iter().map(|&(column, _)| column));
        workspace.fit(&self.support);
        self.fit.clear();
        self.fit.extend(workspace.values().iter().map(|x| x.real()));
        self.find_knot(workspace.correlate());
        self.free.clear();
        self.values.clear();
        let knot = &mut self.knot;
        for (at, &(column, sign)) in self.before.iter().enumerate() {
            let x = self.fit[at] - knot.lambda * self.segment.direction[at];
            // A coefficient whose sign is wrong is zero but for rounding.
            if sign * x > 0.0 && !knot.zero[at] {
                self.free.push((column, sign));
                self.values.push(T::from_real(x));
            } else {
                knot.tied.push((column, sign));
            }
        }
        knot.tied.sort_unstable_by_key(|&(column, _)| column);
        self.support.refill(self.free.iter().map(|&(column, _)| column));
        self.stalled = if knot.lambda < self.lambda { 0 } else { self.stalled + 1 };
        self.lambda = knot.lambda;
    }

    /// The columns whose coefficients are not zero at the knot, and these.
    pub(super) fn point(&self) -> (&Support, &[T]) {
        (&self.support, &self.values)
    }

    /// Begins the way to the next knot, if there is one.
    pub(super) fn go_on(&mut self, workspace: &mut Workspace<'_, T>) -> Onward {
        let knot = &mut self.knot;
        // Where no column leaves, one that reaches the bound crosses it.
        let full = self.free.len() == self.segment.bounds.most
            && self.free.len() == self.before.len()
            && !knot.crossing.is_empty();
        if knot.lambda == 0.0 || full || self.stalled > STALLED {
            return Onward::Ends;
        }
        if !self.segment.begin(workspace, &self.free, &knot.tied, &knot.crossing) {
            return Onward::Full;
        }
        let active = &self.segment.active;
        knot.tied.retain(|&(column, _)| !contains(active, column));
        std::mem::swap(&mut self.tied, &mut knot.tied);
        Onward::On
    }

    /// The columns that would join at a knot where too many would.
    pub(super) fn joining(&self) -> impl Iterator<Item = usize> {
        let columns = self.segment.active.iter().map(|&(column, _)| column);
        columns.filter(|&column| !contains(&self.free, column))
    }

    /// Whether a column was left out at the last knot with its correlation at the bound of this sign.
    fn was_tied(&self, column: usize, sign: f64) -> bool {
        self.tied.binary_search_by_key(&column, |&(member, _)| member).is_ok_and(|at| self.tied[at].1 == sign)
    }

    /// The largest λ below the present one at which the active set changes, and all that happens there. `fit` is u,
    /// `correlation` Aᵀ(y − A_S u), zero on S; at λ the correlation is that + λ · slope.
    fn find_knot(&mut self, correlation: &[T]) {
        let mut knot = std::mem::take(&mut self.knot);
        let active = &self.before;
        let Segment { direction, slope, .. } = &self.segment;
        let mut lambda = LASSO_END * self.largest;
        let mut moves = false;
        for (column, (c, &slope)) in correlation.iter().zip(slope).enumerate() {
            let c = c.real();
            // |c + λ slope| = λ, where the bound is crossed as λ falls.
            let sign = c.signum();
            let crossed = c.abs() / (1.0 - sign * slope);
            if crossed > lambda && !self.was_tied(column, sign) {
                (lambda, moves) = (crossed, true);
            }
        }
        knot.zeros.clear();
        // As λ falls, a coefficient grows by w: away from zero, where the signs are the same.
        let zeros = active.iter().zip(self.fit.iter().zip(direction));
        knot.zeros.extend(zeros.map(|(&(_, sign), (u, w))| if sign * w < 0.0 { u / w } else { 0.0 }));
        for &zero in &knot.zeros {
            if zero > lambda {
                (lambda, moves) = (zero, true);
            }
        }
        knot.tied.clear();
        knot.crossing.clear();
        knot.zero.clear();
        if !moves {
            knot.lambda = 0.0;
            knot.zero.resize(active.len(), false);
            self.knot = knot;
            return;
        }
        // Of two changes at one λ, the second may come out a rounding above it.
        lambda = lambda.min(self.lambda);
        if self.largest == 0.0 {
            self.largest = lambda;
        }
        let bound = lambda * (1.0 - LASSO_TIE) - LASSO_ROUNDING * self.largest;
        let at_bound = |(column, (c, &slope)): (usize, (&T, &f64))| {
            let c = c.real() + lambda * slope;
            (c.abs() >= bound && !contains(active, column)).then_some((column, c.signum()))
        };
        knot.lambda = lambda;
        knot.tied.extend(correlation.iter().zip(slope).enumerate().filter_map(at_bound));
        knot.crossing.extend(knot.tied.iter().filter(|&&(column, sign)| !self.was_tied(column, sign)));
        knot.zero.extend(knot.zeros.iter().map(|&zero| zero >= lambda * (1.0 - LASSO_TIE)));
        self.knot = knot;
    }
}
