//! Search in images, where columns are copies of one patch: tile by tile, under a price for each non-zero.
//!
//! As [windows](super::windows) of a trace: minimise ‖y − A x‖² + λ|S|, tile by tile with all else fixed, and move λ until |S| = k. In a
//! tile, columns join, leave and are exchanged while that helps; then groups of r near members are removed and the best r − 1, r or
//! r + 1 pixels near them are put back, by trying them all. There are three tilings, shifted by a third of a tile in both directions, so
//! that whatever is near the borders of two is inside a tile of the third.

mod entries;
mod plane;
mod visit;

use super::span::{Aside, Span};
use super::windows::price::balanced;
use super::windows::{FEW, LARGEST, LEVELS, Outlook, PASSES, PATIENCE, PERTURBATIONS, PRICE_MOVES, RENEWED, SETTLED};
use crate::problem::Intervals;
use crate::scalar::Scalar;
use crate::support::Support;
use crate::workspace::Workspace;
pub(in crate::algorithms) use plane::apply;
use plane::{Plane, TILINGS};
use visit::{Scratch, Terms, Visit, Visitor};

/// The search by tiles, between passes.
#[derive(Debug)]
pub(super) struct Tiles<T> {
    picture: Picture<T>,
    /// What is fitted beside all columns, if anything is.
    span: Option<Span<T>>,
    /// Of each tiling, what is known of each tile since the last visit.
    visited: [Vec<Visit>; TILINGS],
    /// Groups that were tried: a table of hashes.
    tried: Vec<u32>,
    clock: u32,
    price: f64,
    /// ‖y‖².
    unit: f64,
    /// The exponent by which the price may move.
    freedom: f64,
    cap: f64,
    seed: u64,
    level: usize,
    passes: u32,
    /// Passes in a row in which hardly anything changed.
    quiet: u32,
    members: usize,
    /// The best support of k columns, with its ‖y − A x‖.
    best: (f64, Support),
    scratch: Scratch<T>,
}

/// A point x with its residual, and what is known around it.
#[derive(Debug, Default)]
struct Picture<T> {
    coefficients: Vec<T>,
    is_member: Vec<bool>,
    residual: Vec<T>,
    /// What ‖r‖² rises by if a member leaves, in units of ‖y‖², as single precision has no room for others.
    losses: Vec<f32>,
    /// The best addition of each block: its gain, in the same units, and its column.
    gains: Vec<(f32, u32)>,
    /// When each block last changed.
    changed: Vec<u32>,
}

impl<T: Scalar> Tiles<T> {
    /// The best support of k columns so far.
    pub(super) fn best(&self) -> &Support {
        &self.best.1
    }

    /// Tiles for a problem whose columns are copies of a patch, beginning at the current point of the workspace.
    pub(super) fn new(workspace: &mut Workspace<'_, T>, seed: u64) -> Option<Self> {
        let (n, k) = (workspace.ncols(), workspace.sparsity());
        let system = workspace.system();
        if system.intervals.as_deref().is_some_and(|intervals| *intervals != Intervals::NonNegative) {
            return None;
        }
        u32::try_from(n).ok()?;
        let mut span = Span::of(&system.operator);
        let own = span.as_ref().and_then(|span| span.operator(&system.operator));
        let plane = Plane::of(own.as_ref().unwrap_or(&system.operator), k)?;
        let (blocks, tiles) = (plane.blocks(), plane.tiles());
        if let Some(span) = &mut span {
            span.begin(blocks.0 * blocks.1);
        }
        let largest = system.data.iter().map(|v| Scalar::abs(*v)).fold(0.0, f64::max);
        let unit = system.data_norm * system.data_norm;
        let visits = vec![Visit::default(); tiles.0 * tiles.1];
        let mut one = Self {
            picture: Picture {
                coefficients: vec![T::ZERO; n],
                is_member: vec![false; n],
                residual: vec![],
                losses: vec![0.0; n],
                gains: vec![(0.0, 0); blocks.0 * blocks.1],
                changed: vec![1; blocks.0 * blocks.1],
            },
            span,
            visited: std::array::from_fn(|_| visits.clone()),
            tried: vec![0; (32 * k).next_power_of_two().clamp(1 << 12, 1 << 22)],
            clock: 1,
            price: 0.3 * unit / k as f64,
            unit,
            freedom: 1.0,
            cap: LARGEST * largest / plane.largest(),
            seed,
            level: 0,
            passes: 0,
            quiet: 0,
            members: 0,
            best: (f64::INFINITY, Support::new()),
            scratch: Scratch::default(),
        };
        one.take(workspace);
        Some(one)
    }

    /// Takes the current point of the workspace.
    fn take(&mut self, workspace: &mut Workspace<'_, T>) {
        let picture = &mut self.picture;
        picture.residual.clear();
        picture.residual.extend_from_slice(workspace.residual());
        picture.coefficients.fill(T::ZERO);
        picture.is_member.fill(false);
        for (&j, &x) in workspace.support().iter().zip(workspace.values()) {
            picture.coefficients[j] = x;
            picture.is_member[j] = x != T::ZERO;
        }
        if let Some(span) = &mut self.span {
            let support = workspace.support();
            support.iter().for_each(|&j| picture.coefficients[j] = picture.coefficients[j].scale(span.ratio(j)));
            span.take(support.iter().map(|&j| (j, picture.coefficients[j])));
        }
        self.count();
    }

    fn count(&mut self) {
        self.members = self.picture.is_member.iter().filter(|&&is| is).count();
    }

    /// Searches every tile near a change, moves the price, and moves the workspace to the fit on the k columns that are best by what
    /// is known.
    pub(super) fn pass(&mut self, workspace: &mut Workspace<'_, T>) -> Outlook {
        let altered = self.visit_all(workspace);
        self.passes += 1;
        self.reprice(workspace.sparsity());
        self.present(workspace);
        if self.level == LEVELS.len() {
            self.quiet = if altered == 0 { self.quiet + 1 } else { 0 };
        } else {
            self.quiet = if altered * SETTLED <= self.visited[0].len() { self.quiet + 1 } else { 0 };
            let most = if LEVELS[self.level] == 0 { TILINGS as u32 } else { PASSES };
            if self.quiet >= TILINGS as u32 || self.passes >= most {
                self.level += 1;
                (self.passes, self.quiet) = (0, 0);
                self.freedom = self.freedom.max(RENEWED);
                if self.level + 1 == LEVELS.len() {
                    // What lies around a group has changed in more ways than its members tell.
                    self.tried.fill(0);
                }
            }
        }
        self.outlook()
    }

    fn outlook(&self) -> Outlook {
        if self.level < LEVELS.len() {
            return Outlook::Promising;
        }
        let all: usize = self.visited.iter().map(Vec::len).sum();
        match self.visited.iter().flatten().filter(|one| !one.is_explained).count() {
            0 => Outlook::Finished,
            left if left * FEW <= all && self.quiet < PATIENCE => Outlook::Promising,
            _ => Outlook::Settled,
        }
    }

    /// Searches every tile near a change. How many supports have changed.
    fn visit_all(&mut self, workspace: &Workspace<'_, T>) -> usize {
        let system = workspace.system();
        let mut span = self.span.take();
        let own = span.as_ref().and_then(|span| span.operator(&system.operator));
        let plane = Plane::of(own.as_ref().unwrap_or(&system.operator), workspace.sparsity());
        let altered = plane.map_or(0, |plane| {
            let (altered, added) = self.visit_tiles(workspace, &plane, span.as_ref());
            if let Some(span) = &mut span {
                span.add(&added);
                let (changed, clock) = (&mut self.picture.changed, self.clock);
                span.tell(self.price, plane.square(), |j| plane.block_of(j), |block| changed[block] = clock);
                self.clock += 1;
            }
            altered
        });
        self.span = span;
        altered
    }

    /// The same, and what has come of the vectors that are fitted beside.
    fn visit_tiles(
        &mut self,
        workspace: &Workspace<'_, T>,
        plane: &Plane<'_, T>,
        span: Option<&Span<T>>,
    ) -> (usize, Vec<T>) {
        let system = workspace.system();
        let tiling = self.passes as usize % TILINGS;
        let is_last = self.level == LEVELS.len();
        let terms = Terms {
            price: self.price,
            unit: self.unit,
            cap: self.cap,
            is_nonnegative: system.intervals.is_some(),
            level: self.level,
            refills: LEVELS[self.level.min(LEVELS.len() - 1)],
            perturbations: if is_last { PERTURBATIONS } else { 0 },
            seed: (self.seed, u64::from(self.clock)),
        };
        let basis = system.operator.projected().map_or(&[][..], |projected| projected.basis());
        let aside = span.map(|span| span.aside(basis));
        let mut visitor = Visitor { plane, aside, terms, picture: &mut self.picture, tried: &mut self.tried };
        let (mut altered, across) = (0, plane.tiles().1);
        for (at, visit) in self.visited[tiling].iter_mut().enumerate() {
            let blocks = plane.blocks_of(tiling, (at / across, at % across));
            if blocks.0.is_empty() || blocks.1.is_empty() {
                visit.is_explained = true;
                continue;
            }
            if visitor.can_skip(visit, &blocks) {
                continue;
            }
            if system.watch.stop() {
                break;
            }
            self.clock += 1;
            altered += usize::from(visitor.visit(&mut self.scratch, visit, self.clock, &blocks));
        }
        self.clock += 1;
        (altered, visitor.aside.map(Aside::into_added).unwrap_or_default())
    }

    /// Moves the price towards the one at which there are k members.
    fn reprice(&mut self, k: usize) {
        self.count();
        let picture = &self.picture;
        let mut losses: Vec<f32> =
            picture.losses.iter().zip(&picture.is_member).filter(|(_, is)| **is).map(|(&loss, _)| loss).collect();
        let mut gains: Vec<f32> = picture.gains.iter().map(|&(gain, _)| gain).filter(|&gain| gain > 0.0).collect();
        let Some(wanted) = balanced(&mut losses, &mut gains, k) else { return };
        let wanted = wanted * self.unit;
        let most = PRICE_MOVES.0.powf(self.freedom).max(PRICE_MOVES.1);
        let mut next = wanted.clamp(self.price / most, self.price * most);
        if self.members == k {
            next = next.min(self.price);
        }
        self.price = next;
        self.freedom *= PRICE_MOVES.2;
    }

    /// Moves the workspace to the fit on k columns: the members without those whose loss is least, or with those whose gain is largest.
    fn present(&mut self, workspace: &mut Workspace<'_, T>) {
        let k = workspace.sparsity();
        let picture = &self.picture;
        let mut members: Vec<usize> = (0..picture.is_member.len()).filter(|&j| picture.is_member[j]).collect();
        let exact = members.len() <= k;
        if members.len() > k {
            members.sort_by(|&i, &j| picture.losses[j].total_cmp(&picture.losses[i]).then(i.cmp(&j)));
            members.truncate(k);
        } else if members.len() < k {
            let mut gains: Vec<(f32, u32)> = picture.gains.iter().copied().filter(|one| one.0 > 0.0).collect();
            gains.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
            let room = k - members.len();
            let joining = gains.iter().map(|&(_, j)| j as usize).filter(|&j| !picture.is_member[j]).take(room);
            members.extend(joining.collect::<Vec<_>>());
        }
        let exact = exact && members.len() == self.members;
        let support: Support = members.into_iter().collect();
        workspace.fit(&support);
        let residual_norm = workspace.residual_norm();
        if residual_norm < self.best.0 && workspace.given_up().is_none() {
            self.best = (residual_norm, support);
        }
        if exact && workspace.given_up().is_none() {
            self.take(workspace);
        }
    }
}
