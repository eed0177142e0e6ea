//! Search where columns overlap only their neighbours: window by window, under a price for each non-zero.
//!
//! minimise ‖y − A x‖² + λ|S|: at a price λ the windows of a long trace do not compete for columns, so each can be searched with
//! everything outside fixed, and only those near a change need to be searched again. λ is moved until |S| = k.
//!
//! In a window, columns join, leave and are exchanged while that helps; then each run of r neighbouring members is removed and the
//! best r − 1, r or r + 1 columns near it are put back, by trying them all. Local minima of exchanges are everywhere in a long
//! trace, and each r lowers their number several times (docs/any-time-search.md). Windows that are left with something to explain
//! are perturbed.
//!
//! Chunks of windows that are far from each other are searched at once. Which those are does not depend on the number of threads.

mod columns;
mod lengths;
pub(super) mod price;
pub(super) mod refill;
mod trace;
mod visit;
pub(super) mod window;

use super::span::Span;
use crate::operator::Access;
use crate::parallel::*;
use crate::problem::Intervals;
use crate::scalar::Scalar;
use crate::support::Support;
use crate::workspace::Workspace;
use columns::LocalColumns;
pub(in crate::algorithms) use lengths::apply;
use trace::Trace;
use visit::{Scratch, Terms, Visit, Visitor};
pub(super) use visit::{mixed, rounded};

/// Columns of a block: what is known of changes and gains is known by the block.
const BLOCK: usize = 32;
/// Sizes of the runs that are refilled, level by level; 0 is exchanges alone.
pub(super) const LEVELS: [usize; 5] = [0, 2, 3, 4, 5];
/// A level ends when fewer than one in so many windows changed in a pass over either tiling, or after so many passes; that of exchanges
/// alone after two, as its minima are left by the next.
pub(super) const SETTLED: usize = 400;
pub(super) const PASSES: u32 = 30;
/// Once all levels have ended, windows that are not explained are perturbed so many times in a pass.
pub(super) const PERTURBATIONS: usize = 8;
/// Where fewer than one window in so many is not explained, perturbation goes on until so many passes were in vain. In other traces
/// what is left is noise, and windows are perturbed only in time that is left.
pub(super) const FEW: usize = 4;
pub(super) const PATIENCE: u32 = 40;
/// The price is multiplied or divided by at most this in a pass; the exponent shrinks with every pass, down to the second.
pub(super) const PRICE_MOVES: (f64, f64, f64) = (100.0, 1.05, 0.8);
/// The exponent is at least this when a level begins.
pub(super) const RENEWED: f64 = 0.5;
/// Coefficients larger than this times max|y|/max|a_ij| are refused: a window that explains what lies outside it alternates.
pub(super) const LARGEST: f64 = 8.0;
/// Refills that are accepted in one visit of a window at most.
pub(super) const ACCEPTED: usize = 60;
/// Windows of a chunk at least.
const CHUNK: usize = 8;

/// The search by windows, between passes.
#[derive(Debug)]
pub(super) struct Windows<T> {
    columns: LocalColumns<T>,
    /// What is fitted beside all columns, if anything is.
    span: Option<Span<T>>,
    trace: Trace<T>,
    /// Of either tiling, what is known of each window since the last visit.
    visited: [Vec<Visit>; 2],
    /// Windows of a chunk.
    chunk: usize,
    /// Runs that were tried: a table of hashes for each chunk.
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

/// What a pass has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outlook {
    /// There is more to find.
    Promising,
    /// What is left to do is worth left-over time only.
    Settled,
    /// Everything is explained.
    Finished,
}

/// The windows of one chunk, with what is known of them.
struct Job<'v, 'a, T: Scalar> {
    chunk: usize,
    visits: &'v mut [Visit],
    visitor: Visitor<'v, 'a, T>,
}

impl<T: Scalar> Windows<T> {
    /// The best support of k columns so far.
    pub(super) fn best(&self) -> &Support {
        &self.best.1
    }

    /// Windows for a problem whose columns are local enough, beginning at the current point of the workspace.
    pub(super) fn new(workspace: &mut Workspace<'_, T>, seed: u64) -> Option<Self> {
        let (n, k) = (workspace.ncols(), workspace.sparsity());
        let system = workspace.system();
        // Coefficients that rest at other ends than 0 are for exchanges.
        if system.intervals.as_deref().is_some_and(|intervals| *intervals != Intervals::NonNegative) {
            return None;
        }
        let mut span = Span::of(&system.operator);
        let own = span.as_ref().and_then(|span| span.operator(&system.operator));
        let columns = LocalColumns::of(own.as_ref().unwrap_or(&system.operator), k)?;
        if let Some(span) = &mut span {
            span.begin(n.div_ceil(BLOCK));
        }
        let largest = system.data.iter().map(|v| Scalar::abs(*v)).fold(0.0, f64::max);
        let cap = LARGEST * largest / columns.largest();
        let windows = n.div_ceil(columns.lengths.window) + 1;
        // Half a chunk is further than a window of the next one reaches.
        let apart = columns.lengths.halo + 2 * columns.longest().max(columns.reach + 1) + 2 * BLOCK;
        let chunk = (2 * apart).div_ceil(columns.lengths.window).max(CHUNK);
        let chunks = windows.div_ceil(chunk);
        let table = (16 * k / chunks).next_power_of_two().max(1 << 10);
        let unit = system.data_norm * system.data_norm;
        let price = 0.3 * unit / k as f64;
        let mut one = Self {
            columns,
            span,
            trace: Trace::new(n),
            visited: [vec![Visit::default(); windows], vec![Visit::default(); windows]],
            chunk,
            tried: vec![0; chunks * table],
            clock: 1,
            price,
            unit,
            freedom: 1.0,
            cap,
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
        self.trace.take(workspace, self.span.as_mut());
        self.members = self.trace.is_member.iter().filter(|&&is| is).count();
    }

    /// Searches every window near a change, moves the price, and moves the workspace to the fit on the k columns that are best by
    /// what is known.
    pub(super) fn pass(&mut self, workspace: &mut Workspace<'_, T>) -> Outlook {
        let altered = self.visit_all(workspace);
        self.passes += 1;
        self.reprice(workspace.sparsity());
        self.present(workspace);
        if self.level == LEVELS.len() {
            self.quiet = if altered == 0 { self.quiet + 1 } else { 0 };
        } else {
            let count = self.visited[0].len();
            self.quiet = if altered * SETTLED <= count { self.quiet + 1 } else { 0 };
            let most = if LEVELS[self.level] == 0 { 2 } else { PASSES };
            if self.quiet >= 2 || self.passes >= most {
                self.level += 1;
                (self.passes, self.quiet) = (0, 0);
                self.freedom = self.freedom.max(RENEWED);
                if self.level + 1 == LEVELS.len() {
                    // What lies around a run has changed in more ways than its members tell.
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
        let windows = |tiling: usize| &self.visited[tiling][..self.columns.windows(tiling)];
        let all = windows(0).len() + windows(1).len();
        let left = windows(0).iter().chain(windows(1)).filter(|one| !one.is_explained).count();
        match left {
            0 => Outlook::Finished,
            left if left * FEW <= all && self.quiet < PATIENCE => Outlook::Promising,
            _ => Outlook::Settled,
        }
    }

    /// Searches every window near a change. How many supports have changed.
    fn visit_all(&mut self, workspace: &Workspace<'_, T>) -> usize {
        let tiling = (self.passes % 2) as usize;
        let chunks = self.columns.windows(tiling).div_ceil(self.chunk);
        let alternating = |chunks: std::ops::Range<usize>, parity: usize| -> Vec<usize> {
            chunks.filter(|chunk| chunk % 2 == parity).collect()
        };
        let rounds: Vec<Vec<usize>> = if chunks <= 3 {
            (0..chunks).map(|chunk| vec![chunk]).collect()
        } else if self.columns.period.is_some() {
            // The first chunk and the last, which may be short, are neighbours.
            let inner = 1..chunks - 2;
            vec![alternating(inner.clone(), 0), alternating(inner, 1), vec![0], vec![chunks - 2], vec![chunks - 1]]
        } else {
            vec![alternating(0..chunks, 0), alternating(0..chunks, 1)]
        };
        let system = workspace.system();
        let own = self.span.as_ref().and_then(|span| span.operator(&system.operator));
        let operator = own.as_ref().unwrap_or(&system.operator);
        let rounds = rounds.iter().filter(|round| !round.is_empty());
        let altered = rounds.map(|round| self.visit_chunks(workspace, operator, tiling, round)).sum();
        if let Some(span) = &mut self.span {
            let (changed, clock) = (&mut self.trace.changed, self.clock);
            span.tell(self.price, self.columns.square(), |j| j / BLOCK, |block| changed[block] = clock);
            self.clock += 1;
        }
        altered
    }

    /// Searches the windows of chunks that are far from each other.
    fn visit_chunks(
        &mut self,
        workspace: &Workspace<'_, T>,
        operator: &Access<'_, T>,
        tiling: usize,
        round: &[usize],
    ) -> usize {
        let system = workspace.system();
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
            rows: self.trace.residual.len(),
        };
        let (chunk, clock) = (self.chunk, self.clock);
        let columns = &self.columns;
        // Each part ends in the middle between two chunks.
        let middle = |pair: &[usize]| {
            let (end, begin) =
                (columns.window(tiling, (pair[0] + 1) * chunk).0, columns.window(tiling, pair[1] * chunk).0);
            let column = (end + begin) / 2 / BLOCK * BLOCK;
            let (row, _) = columns.segment(operator, column as isize, &mut Vec::new());
            (column, columns.period.map_or(row as usize, |period| row as usize % period))
        };
        let cuts: Vec<(usize, usize)> = round.windows(2).map(middle).collect();
        let parts = self.trace.whole().cut(cuts);
        let table = self.tried.len() / self.visited[tiling].len().div_ceil(chunk);
        let known = self.visited[tiling].chunks_mut(chunk).zip(self.tried.chunks_mut(table));
        let chosen = known.enumerate().filter(|(at, _)| round.binary_search(at).is_ok());
        let basis = system.operator.projected().map_or(&[][..], |projected| projected.basis());
        let span = self.span.as_ref();
        let mut jobs: Vec<Job<'_, '_, T>> = chosen
            .zip(parts)
            .map(|((chunk, (visits, tried)), part)| Job {
                chunk,
                visits,
                visitor: Visitor { columns, operator, aside: span.map(|span| span.aside(basis)), terms, part, tried },
            })
            .collect();
        let work = |scratch: &mut Scratch<T>, job: &mut Job<'_, '_, T>| {
            let mut altered = 0;
            for (at, visit) in job.visits.iter_mut().enumerate() {
                let (from, to) = columns.window(tiling, job.chunk * chunk + at);
                if from >= to || job.visitor.can_skip(visit, from, to) {
                    continue;
                }
                if system.watch.stop() {
                    break;
                }
                altered += usize::from(job.visitor.visit(scratch, visit, clock + 1 + at as u32, from, to));
            }
            altered
        };
        let altered = if jobs.len() > 1 && workspace.may_share() {
            jobs.par_iter_mut().map_init(Scratch::default, work).sum()
        } else {
            jobs.iter_mut().map(|job| work(&mut self.scratch, job)).sum()
        };
        let added: Vec<Vec<T>> =
            jobs.into_iter().filter_map(|job| job.visitor.aside).map(|aside| aside.into_added()).collect();
        if let Some(span) = &mut self.span {
            added.iter().for_each(|added| span.add(added));
        }
        self.clock += chunk as u32;
        altered
    }

    /// Moves the price towards the one at which there are k members.
    fn reprice(&mut self, k: usize) {
        let trace = &self.trace;
        self.members = trace.is_member.iter().filter(|&&is| is).count();
        let mut losses: Vec<f32> =
            trace.losses.iter().zip(&trace.is_member).filter(|(_, is)| **is).map(|(&loss, _)| loss).collect();
        let mut gains: Vec<f32> = trace.gains.iter().map(|&(gain, _)| gain).filter(|&gain| gain > 0.0).collect();
        let Some(wanted) = price::balanced(&mut losses, &mut gains, k) else { return };
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
        let trace = &self.trace;
        let mut members: Vec<usize> = (0..trace.is_member.len()).filter(|&j| trace.is_member[j]).collect();
        if members.len() > k {
            members.sort_by(|&i, &j| trace.losses[j].total_cmp(&trace.losses[i]).then(i.cmp(&j)));
            members.truncate(k);
        } else if members.len() < k {
            let mut gains: Vec<(f32, u32)> = trace.gains.iter().copied().filter(|one| one.0 > 0.0).collect();
            gains.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
            let room = k - members.len();
            let joining = gains.iter().map(|&(_, j)| j as usize).filter(|&j| !trace.is_member[j]).take(room);
            members.extend(joining.collect::<Vec<_>>());
        }
        let exact = members.len() == self.members;
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
