//! One segment of the path, and how the next begins where several columns are tied.

use std::collections::HashMap;

use crate::kernels::axpy;
use crate::scalar::Scalar;
use crate::support::Support;
use crate::tolerance::LASSO_TIE;
use crate::workspace::Workspace;

/// A column, and the sign of its correlation.
pub(super) type Signed = (usize, f64);

/// Times k columns that are tried together at a knot: as many as the engine fits.
const TRIED: usize = 3;
/// Columns more than allowed that are active on the way to a segment, as one after the other joins and others are dropped.
const SPARE: usize = 8;
/// Numbers of Gram columns that are kept while columns join one after the other.
const KEPT: usize = 1 << 24;
/// Passes over the tied columns at one knot, for each column that may be tried. Each adds a column; so few are needed that this
/// is only met where rounding makes the same ones come and go.
const PASSES: usize = 4;

/// How many columns may be active.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Bounds {
    /// On a segment.
    pub(super) most: usize,
    /// As they are tried together at a knot.
    tried: usize,
    /// Whether they may be many more than k. The slope is then found by products where no Gram columns are kept.
    all: bool,
}

impl Bounds {
    /// Up to k of n columns.
    pub(in super::super) fn few(sparsity: usize, ncols: usize) -> Self {
        Self { most: sparsity, tried: sparsity.saturating_mul(TRIED).min(ncols), all: false }
    }

    /// Columns to make room for in advance.
    pub(super) fn room(self) -> usize {
        self.tried.min(self.most.saturating_add(SPARE))
    }

    /// As many as can be independent of each other, in m × n.
    pub(in super::super) fn all(nrows: usize, ncols: usize) -> Self {
        let most = nrows.min(ncols);
        Self { most, tried: most.saturating_add(SPARE).min(ncols), all: true }
    }
}

/// The path between two knots: x(λ) = u − λ w on `active`, where u is the least-squares fit, and zero elsewhere.
#[derive(Debug)]
pub(super) struct Segment<T> {
    /// S and s, sorted by column.
    pub(super) active: Vec<Signed>,
    /// w.
    pub(super) direction: Vec<f64>,
    /// Aᵀ A_S w, by which correlations fall with λ.
    pub(super) slope: Vec<f64>,
    /// Both as they are computed, in numbers of the problem.
    scratch: (Vec<T>, Vec<T>),
    signs: Vec<T>,
    support: Support,
    pub(super) bounds: Bounds,
}

/// Whether a sorted set has this column.
pub(super) fn contains(set: &[Signed], column: usize) -> bool {
    set.binary_search_by_key(&column, |&(member, _)| member).is_ok()
}

impl<T: Scalar> Segment<T> {
    pub(super) fn new(ncols: usize, bounds: Bounds) -> Self {
        let room = bounds.room();
        Self {
            active: Vec::with_capacity(room),
            direction: Vec::with_capacity(room),
            slope: vec![0.0; ncols],
            scratch: (Vec::with_capacity(room), Vec::with_capacity(ncols)),
            signs: Vec::with_capacity(room),
            support: Support::with_capacity(room),
            bounds,
        }
    }

    /// Begins the segment below a knot at which the coefficients of `free` are not zero, and those of `tied`, whose
    /// correlation is ±λ, are. `crossing` are those of `tied` that are expected to join. All sets are sorted. Returns false if
    /// more columns than allowed would be active; `active` is then a set of these.
    ///
    /// The conditions of optimality just below λ are those of min ½‖A_E w‖² − s_Eᵀ w over the coefficients w of
    /// E = `free` ∪ `tied` with s_j w_j ≥ 0 where j is tied: a coefficient leaves zero by the sign of its correlation, and one that
    /// stays at zero has a correlation that falls as fast as λ, or faster (Tibshirani 2013, DOI 10.1214/13-EJS815, §3.2). It has a
    /// solution on independent columns, and is solved by active sets (Lawson & Hanson 1974, chapter 23). Of columns that violate
    /// the conditions equally the lowest joins.
    pub(super) fn begin(
        &mut self,
        workspace: &mut Workspace<'_, T>,
        free: &[Signed],
        tied: &[Signed],
        crossing: &[Signed],
    ) -> bool {
        let Bounds { most: allowed, tried: limit, .. } = self.bounds;
        let most = limit.min(allowed.saturating_add(SPARE));
        // Mostly, all that reach the bound cross it.
        self.active.clear();
        self.active.extend(free.iter().chain(&crossing[..crossing.len().min(limit - free.len())]));
        self.active.sort_unstable_by_key(|&(column, _)| column);
        let outward = |(&(column, sign), w): (&Signed, &f64)| contains(free, column) || sign * w > 0.0;
        let all =
            self.active.len() <= limit && self.solve(workspace) && self.active.iter().zip(&self.direction).all(outward);
        if !all {
            self.active.clear();
            self.active.extend_from_slice(free);
            if !self.solve(workspace) {
                return false;
            }
        }
        let mut refused = vec![];
        let mut kept = HashMap::new();
        for pass in 0..PASSES.saturating_mul(most) {
            if self.active.len() > most {
                return false;
            }
            self.find_slope(workspace, if pass == 0 { 0 } else { KEPT }, &mut kept);
            let Some(next) = self.violating(workspace.column_norms(), tied, &refused) else { break };
            self.admit(next, workspace, free, &mut refused);
        }
        self.active.len() <= allowed
    }

    /// w ← (A_SᵀA_S)⁻¹ s; false if the columns are dependent.
    fn solve(&mut self, workspace: &mut Workspace<'_, T>) -> bool {
        self.signs.clear();
        self.signs.extend(self.active.iter().map(|&(_, sign)| T::from_real(sign)));
        self.support.refill(self.active.iter().map(|&(column, _)| column));
        let direction = &mut self.scratch.0;
        let independent = workspace.quadratic().solve_normal(&self.support, &self.signs, direction);
        if independent {
            self.direction.clear();
            self.direction.extend(direction.iter().map(|w| w.real()));
        }
        independent
    }

    /// Finds the slope from Gram columns, of which up to `room` numbers are kept for the next time.
    fn find_slope(&mut self, workspace: &mut Workspace<'_, T>, room: usize, kept: &mut HashMap<usize, Box<[T]>>) {
        let slope = &mut self.scratch.1;
        slope.clear();
        slope.resize(self.slope.len(), T::ZERO);
        if self.bounds.all {
            self.support.refill(self.active.iter().map(|&(column, _)| column));
            self.signs.clear();
            self.signs.extend(self.direction.iter().map(|&w| T::from_real(w)));
            workspace.quadratic().gram_product(&self.support, &self.signs, slope);
            self.slope.iter_mut().zip(&*slope).for_each(|(out, v)| *out = v.real());
            return;
        }
        for (&(j, _), &w) in self.active.iter().zip(&self.direction) {
            if let Some(column) = kept.get(&j) {
                axpy(T::from_real(w), column, slope);
                continue;
            }
            let column = workspace.quadratic().gram_column(j);
            axpy(T::from_real(w), column, slope);
            if (kept.len() + 1) * column.len() <= room {
                kept.insert(j, column.into());
            }
        }
        self.slope.iter_mut().zip(&*slope).for_each(|(out, v)| *out = v.real());
    }

    /// The tied column whose correlation would rise furthest above the bound.
    fn violating(&self, norms: &[f64], tied: &[Signed], refused: &[usize]) -> Option<Signed> {
        let length: f64 = self.active.iter().zip(&self.direction).map(|(&(j, _), w)| norms[j] * w.abs()).sum();
        let mut worst: Option<(f64, Signed)> = None;
        for &(column, sign) in tied {
            let excess = 1.0 - sign * self.slope[column];
            // An excess within rounding is none: the correlation of a column that depends on S stays at the bound.
            if excess > LASSO_TIE * (1.0 + norms[column] * length)
                && worst.is_none_or(|(most, _)| excess > most * (1.0 + LASSO_TIE))
                && !contains(&self.active, column)
                && !refused.contains(&column)
            {
                worst = Some((excess, (column, sign)));
            }
        }
        worst.map(|(_, next)| next)
    }

    /// Adds a tied column; those whose coefficients would get the wrong sign by that are dropped. A column is refused where it
    /// depends on S, or where only rounding says that it should join.
    fn admit(&mut self, next: Signed, workspace: &mut Workspace<'_, T>, free: &[Signed], refused: &mut Vec<usize>) {
        let before = (self.active.clone(), self.direction.clone());
        let mut reached = self.direction.clone();
        let place = self.active.partition_point(|&(column, _)| column < next.0);
        self.active.insert(place, next);
        reached.insert(place, 0.0);
        let joins = self.solve(workspace) && next.1 * self.direction[place] > 0.0;
        if !joins {
            (self.active, self.direction) = before;
            refused.push(next.0);
            return;
        }
        // From the direction so far to the new one, up to where the first coefficient is zero.
        loop {
            let mut first: Option<(f64, usize)> = None;
            for (at, &(column, sign)) in self.active.iter().enumerate() {
                let (from, to) = (reached[at], self.direction[at]);
                if sign * to <= 0.0 && !contains(free, column) {
                    let way = if from == to { 0.0 } else { from / (from - to) };
                    if first.is_none_or(|(least, _)| way < least) {
                        first = Some((way, at));
                    }
                }
            }
            let Some((way, at)) = first else { return };
            for (from, to) in reached.iter_mut().zip(&self.direction) {
                *from += way * (to - *from);
            }
            self.active.remove(at);
            reached.remove(at);
            // What depended on it need not any more.
            refused.clear();
            if !self.solve(workspace) {
                (self.active, self.direction) = before;
                refused.push(next.0);
                return;
            }
        }
    }
}
