//! Search where columns overlap only their neighbours: window by window, under a price for each non-zero.
//!
//! minimise ‖y − A x‖² + λ|S|: at a price λ the windows of a long trace do not compete for columns, so each can be searched with
//! everything outside fixed, and only those near a change need to be searched again. λ is moved until |S| = k.
//!
//! In a window, columns join, leave and are exchanged while that helps; then each run of r neighbouring members is removed and the
//! best r − 1, r or r + 1 columns near it are put back, by trying them all. Local minima of exchanges are everywhere in a long
//! trace, and each r lowers their number several times (docs/any-time-search.md).

mod lengths;
mod price;
mod refill;
mod window;

use std::ops::Range;
use std::sync::Arc;

use crate::kernels::{axpy_inline, dot_inline, norm_squared, simd};
use crate::operator::Access;
use crate::scalar::Scalar;
use crate::support::Support;
use crate::tolerance::{WINDOW_EXPLAINED, WINDOW_ROUNDING};
use crate::workspace::Workspace;
use lengths::Lengths;
pub(in crate::algorithms) use lengths::apply;
use refill::{Local, Refill};
use window::{Band, CAPACITY, Window};

/// Columns of a block: what is known of changes and gains is known by the block.
const BLOCK: usize = 32;
/// Sizes of the runs that are refilled, level by level; 0 is exchanges alone.
const LEVELS: [usize; 5] = [0, 2, 3, 4, 5];
/// A level ends when fewer than one in so many windows changed in a pass over either tiling, or after so many passes; that of exchanges
/// alone after two, as its minima are left by the next.
const SETTLED: usize = 400;
const PASSES: u32 = 30;
/// The price is multiplied or divided by at most this in a pass; the exponent shrinks with every pass, down to the second.
const PRICE_MOVES: (f64, f64, f64) = (100.0, 1.05, 0.8);
/// The exponent is at least this when a level begins.
const RENEWED: f64 = 0.5;
/// Coefficients larger than this times max|y|/max|a_ij| are refused: a window that explains what lies outside it alternates.
const LARGEST: f64 = 8.0;
/// Refills that are accepted in one visit of a window at most.
const ACCEPTED: usize = 60;

/// The search by windows, between passes.
#[derive(Debug)]
pub(super) struct Windows<T> {
    lengths: Lengths,
    reach: usize,
    /// m = n, where columns are periodic.
    period: Option<usize>,
    /// Columns that are shifted copies of each other: one of them with its first row, and their Gram entries by distance.
    alike: Range<usize>,
    template: (Vec<T>, isize),
    band: Arc<[T]>,
    coefficients: Vec<T>,
    is_member: Vec<bool>,
    residual: Vec<T>,
    /// What ‖r‖² rises by if a member leaves, in units of ‖y‖², as single precision has no room for others.
    losses: Vec<f32>,
    /// The best addition of each block: its gain, in the same units, and its column.
    gains: Vec<(f32, u32)>,
    /// When each block last changed.
    changed: Vec<u32>,
    /// Of either tiling, what is known of each window since the last visit.
    visited: [Vec<Visit>; 2],
    /// Runs that were tried: a table of hashes.
    tried: Vec<u32>,
    clock: u32,
    price: f64,
    /// ‖y‖².
    unit: f64,
    /// The exponent by which the price may move.
    freedom: f64,
    /// Whether the window that was visited last has nothing left to explain.
    is_explained: bool,
    cap: f64,
    level: usize,
    passes: u32,
    /// Passes in a row in which hardly anything changed.
    quiet: u32,
    members: usize,
    /// The best support of k columns, with its ‖y − A x‖.
    best: (f64, Support),
    scratch: Scratch<T>,
}

/// The last visit of a window.
#[derive(Debug, Clone, Copy, Default)]
struct Visit {
    clock: u32,
    /// Counted from 1; 0 before the first visit.
    level: usize,
    /// In units of ‖y‖², as what follows.
    price: f64,
    /// The largest gain of an addition, and the smallest loss of a member.
    gain: f32,
    loss: f32,
    /// Whether nothing was left to explain.
    is_explained: bool,
}

impl Visit {
    /// Whether the window would come out the same at another price: about the same, or one that is as far from every gain and loss as
    /// that of the visit was.
    fn is_indifferent_to(&self, price: f64) -> bool {
        const FAR: f64 = 16.0;
        let clear = |price: f64| FAR * f64::from(self.gain) < price && price * FAR < f64::from(self.loss);
        rounded(price) == rounded(self.price) || (clear(price) && clear(self.price))
    }
}

/// Memory for one window.
#[derive(Debug, Default)]
struct Scratch<T> {
    window: Window<T>,
    refill: Refill<T>,
    local: Local<T>,
    rows: Vec<T>,
    column: Vec<T>,
    band: Vec<T>,
    pull: Vec<T>,
    free: Vec<usize>,
    places: Vec<usize>,
    before: Vec<(usize, T)>,
}

impl<T: Scalar> Windows<T> {
    /// The best support of k columns so far.
    pub(super) fn best(&self) -> &Support {
        &self.best.1
    }

    /// Windows for a problem whose columns are local enough, beginning at the current point of the workspace.
    pub(super) fn new(workspace: &mut Workspace<'_, T>) -> Option<Self> {
        let (n, k) = (workspace.ncols(), workspace.sparsity());
        let system = workspace.system();
        let operator = &system.operator;
        let local = operator.local()?;
        let (reach, period, alike) = (local.reach(), local.period(), local.alike());
        let lengths = Lengths::of(operator, k)?;
        let middle = alike.start + (alike.len() - reach) / 2;
        let mut template = Vec::new();
        let first = operator.segment(middle, &mut template) as isize - middle as isize;
        let rows: Vec<usize> = (middle..=middle + reach).collect();
        let mut band = vec![T::ZERO; reach + 1];
        operator.gram_entries(&rows, middle, &mut band);
        band.iter_mut().for_each(|g| *g = g.conj());
        let largest = |v: &[T]| v.iter().map(|v| Scalar::abs(*v)).fold(0.0, f64::max);
        let cap = LARGEST * largest(system.data) / largest(&template);
        let blocks = n.div_ceil(BLOCK);
        let windows = n.div_ceil(lengths.window) + 1;
        let unit = system.data_norm * system.data_norm;
        let price = 0.3 * unit / k as f64;
        let mut one = Self {
            lengths,
            reach,
            period,
            alike,
            template: (template, first),
            band: band.into(),
            coefficients: vec![T::ZERO; n],
            is_member: vec![false; n],
            residual: Vec::new(),
            losses: vec![0.0; n],
            gains: vec![(0.0, 0); blocks],
            changed: vec![1; blocks],
            visited: [vec![Visit::default(); windows], vec![Visit::default(); windows]],
            tried: vec![0; (16 * k).next_power_of_two().max(1 << 10)],
            clock: 1,
            price,
            unit,
            freedom: 1.0,
            is_explained: false,
            cap,
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
        self.residual.clear();
        self.residual.extend_from_slice(workspace.residual());
        self.coefficients.fill(T::ZERO);
        self.is_member.fill(false);
        for (&j, &x) in workspace.support().iter().zip(workspace.values()) {
            self.coefficients[j] = x;
            self.is_member[j] = x != T::ZERO;
        }
        self.members = self.is_member.iter().filter(|&&is| is).count();
    }

    /// Searches every window near a change, moves the price, and moves the workspace to the fit on the k columns that are best by
    /// what is known; false once nothing changes any more.
    pub(super) fn pass(&mut self, workspace: &mut Workspace<'_, T>) -> bool {
        let n = workspace.ncols();
        let tiling = (self.passes % 2) as usize;
        let width = self.lengths.window;
        let count = self.visited[tiling].len();
        let shift = tiling * width / 2;
        let mut altered = 0;
        for at in 0..count {
            let from = (at * width).saturating_sub(shift);
            let to = ((at + 1) * width - shift).min(n);
            if from >= to {
                continue;
            }
            let last = self.visited[tiling][at];
            if (last.level == self.level + 1 || last.is_explained)
                && last.is_indifferent_to(self.price / self.unit)
                && !self.changed_since(last.clock, from, to)
            {
                continue;
            }
            if workspace.stop() {
                break;
            }
            self.clock += 1;
            altered += usize::from(self.visit(&workspace.system().operator, from, to));
            self.visited[tiling][at] = self.seen(from, to);
        }
        self.passes += 1;
        self.reprice(workspace.sparsity());
        self.present(workspace);
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
        self.level < LEVELS.len()
    }

    /// What is known of a window that was just visited.
    fn seen(&self, from: usize, to: usize) -> Visit {
        let gains = self.gains[from / BLOCK..=(to - 1) / BLOCK].iter().map(|&(gain, _)| gain);
        let losses = (from..to).filter(|&j| self.is_member[j]).map(|j| self.losses[j]);
        Visit {
            clock: self.clock,
            level: self.level + 1,
            price: self.price / self.unit,
            gain: gains.fold(0.0, f32::max),
            loss: losses.fold(f32::INFINITY, f32::min),
            is_explained: self.is_explained,
        }
    }

    /// Whether a column near a window has changed since a time.
    fn changed_since(&self, time: u32, from: usize, to: usize) -> bool {
        let around = self.lengths.halo + BLOCK / 2;
        let blocks = from.saturating_sub(around) / BLOCK..=(to + around - 1).min(self.is_member.len() - 1) / BLOCK;
        self.changed[blocks].iter().any(|&when| when > time)
    }

    /// The column at a place, which is another one where columns are periodic; `None` beyond the ends.
    fn column_at(&self, place: isize) -> Option<usize> {
        let n = self.is_member.len() as isize;
        match self.period {
            Some(_) => Some(place.rem_euclid(n) as usize),
            None => (0..n).contains(&place).then_some(place as usize),
        }
    }

    /// Searches the window of columns `from..to` with everything else fixed. Whether its support changed.
    fn visit(&mut self, operator: &Access<'_, T>, from: usize, to: usize) -> bool {
        let mut scratch = std::mem::take(&mut self.scratch);
        let changed = self.search(&mut scratch, operator, from, to);
        self.scratch = scratch;
        if changed {
            for block in from / BLOCK..=(to - 1) / BLOCK {
                self.changed[block] = self.clock;
            }
        }
        changed
    }

    fn search(&mut self, scratch: &mut Scratch<T>, operator: &Access<'_, T>, from: usize, to: usize) -> bool {
        let n = self.is_member.len();
        let (halo, m) = (self.lengths.halo as isize, self.residual.len());
        let (mut low, mut high) = (from as isize - halo, to as isize + halo);
        if self.period.is_none() {
            (low, high) = (low.max(0), high.min(n as isize));
        }
        let width = (high - low) as usize;
        let free = (from as isize - low) as usize..(to as isize - low) as usize;
        // The residual on the rows that these columns meet, in one piece.
        let (first, _) = self.segment(operator, low, &mut scratch.column);
        let (last, length) = self.segment(operator, high - 1, &mut scratch.column);
        let (first, end) = (first, last + length as isize);
        let row = |at: isize| at.rem_euclid(m as isize) as usize;
        scratch.rows.clear();
        if first >= 0 && end <= m as isize {
            scratch.rows.extend_from_slice(&self.residual[first as usize..end as usize]);
        } else {
            scratch.rows.extend((first..end).map(|at| self.residual[row(at)]));
        }
        let energy = norm_squared(&scratch.rows);

        let all_alike = self.column_at(low).is_some_and(|j| self.alike.contains(&j))
            && self.column_at(high - 1).is_some_and(|j| self.alike.contains(&j))
            && (self.period.is_some() || low >= 0);
        let mut own = std::mem::take(&mut scratch.band);
        let shared = self.band.clone();
        let band = if all_alike {
            Band { entries: &shared, stride: 0, reach: self.reach }
        } else {
            self.own_band(operator, low, width, &mut own);
            Band { entries: &own, stride: self.reach + 1, reach: self.reach }
        };
        scratch.pull.clear();
        scratch.pull.resize(width, T::ZERO);
        for p in 0..width {
            let place = low + p as isize;
            let is_free = free.contains(&p);
            if is_free || self.column_at(place).is_some_and(|j| self.is_member[j]) {
                scratch.pull[p] = self.with_column(operator, place, &mut scratch.column, |row, column| {
                    let at = (row - first) as usize;
                    simd(
                        #[inline(always)]
                        || dot_inline(column, &scratch.rows[at..at + column.len()]),
                    )
                });
            }
        }
        let window = &mut scratch.window;
        let square = self.band[0].real();
        window.begin(&band, &scratch.pull, free.clone(), self.cap, square);
        scratch.before.clear();
        // Those of the window first; of the others as many as there is room for, the nearest first.
        let mut order: Vec<usize> =
            (0..width).filter(|&p| self.column_at(low + p as isize).is_some_and(|j| self.is_member[j])).collect();
        let outside = |p: &usize| free.start.saturating_sub(*p).max((p + 1).saturating_sub(free.end));
        order.sort_by_key(outside);
        let mut size = 0;
        for &p in &order {
            let Some(j) = self.column_at(low + p as isize) else { continue };
            let x = self.coefficients[j];
            if size + 8 > CAPACITY && outside(&p) > 0 {
                continue;
            }
            if window.join(&band, p, x) {
                size += 1;
            } else if outside(&p) > 0 {
                continue;
            }
            scratch.before.push((p, x));
        }
        let members_before = scratch.before.iter().filter(|(p, _)| free.contains(p)).count();
        self.note(window, low, from, to);
        let energy_of = |window: &Window<T>| square * window.values().iter().map(|x| x.abs2()).sum::<f64>();
        let floor = WINDOW_ROUNDING * energy_of(window).max(energy);
        window.descend(&band, self.price, floor);
        let size = LEVELS[self.level];
        // Where nothing is left to explain, no other columns explain more.
        let nothing = WINDOW_EXPLAINED * energy_of(window);
        if size > 0 && energy > nothing {
            self.refill(scratch, &band, low, size, floor);
        }
        let window = &scratch.window;

        // What has become of the coefficients, and of the residual, formed from A.
        let mut changes: Vec<(usize, T)> = scratch.before.iter().map(|&(p, x)| (p, -x)).collect();
        let (mut is_moderate, mut members_after) = (true, 0);
        for (&p, &x) in window.members().iter().zip(window.values()) {
            is_moderate &= Scalar::abs(x) <= self.cap;
            members_after += usize::from(free.contains(&p));
            match changes.iter_mut().find(|(place, _)| *place == p) {
                Some((_, change)) => *change += x,
                None => changes.push((p, x)),
            }
        }
        for &(p, change) in &changes {
            if change != T::ZERO {
                self.with_column(operator, low + p as isize, &mut scratch.column, |row, column| {
                    let at = (row - first) as usize;
                    let rows = &mut scratch.rows[at..at + column.len()];
                    simd(
                        #[inline(always)]
                        || axpy_inline(-change, column, rows),
                    );
                });
            }
        }
        let left = norm_squared(&scratch.rows);
        let after = left + self.price * members_after as f64;
        let before = energy + self.price * members_before as f64;
        let taken = is_moderate && after <= before + floor;
        self.is_explained = (if taken { left } else { energy }) <= nothing;
        let mut changed = false;
        if taken {
            for (offset, &r) in scratch.rows.iter().enumerate() {
                self.residual[row(first + offset as isize)] = r;
            }
            for &(p, _) in &scratch.before {
                if let Some(j) = self.column_at(low + p as isize) {
                    changed |= !window.members().contains(&p);
                    self.coefficients[j] = T::ZERO;
                    self.is_member[j] = false;
                }
            }
            for (&p, &x) in window.members().iter().zip(window.values()) {
                if let Some(j) = self.column_at(low + p as isize) {
                    changed |= !scratch.before.iter().any(|&(place, _)| place == p);
                    self.coefficients[j] = x;
                    self.is_member[j] = true;
                }
            }
            self.note(window, low, from, to);
        }
        scratch.band = own;
        changed
    }

    /// Notes what members of a window would lose, and the best addition of each block.
    fn note(&mut self, window: &Window<T>, low: isize, from: usize, to: usize) {
        for (at, &p) in window.members().iter().enumerate() {
            if let Some(j) = self.column_at(low + p as isize) {
                self.losses[j] = (window.loss(at) / self.unit) as f32;
            }
        }
        for block in from / BLOCK..=(to - 1) / BLOCK {
            let part = (block * BLOCK).max(from)..((block + 1) * BLOCK).min(to);
            let local = (part.start as isize - low) as usize..(part.end as isize - low) as usize;
            let (gain, place) = window.best_gain(local);
            self.gains[block] = ((gain / self.unit) as f32, (low + place as isize).max(0) as u32);
        }
    }

    /// Refills runs of up to `most` neighbouring members while that lowers ‖r‖² + λ|S|.
    fn refill(&mut self, scratch: &mut Scratch<T>, band: &Band<'_, T>, low: isize, most: usize, floor: f64) {
        let Scratch { window, refill, local, free, places, .. } = scratch;
        let mut accepted = 0;
        for r in 1..=most {
            let span = match r {
                1 | 2 => self.lengths.span,
                _ => self.lengths.span + self.lengths.wider.0 + (r - 3) * self.lengths.wider.1,
            };
            let mut at = 0;
            loop {
                window.free_members(free);
                if at + r > free.len() {
                    break;
                }
                let run: Vec<usize> = free[at..at + r].to_vec();
                let (first, last) = (window.members()[run[0]], window.members()[run[r - 1]]);
                at += 1;
                if last - first > span || self.was_tried(window, low, first, last, r) {
                    continue;
                }
                window.near(&run, self.lengths.margin, places);
                let Some(lost) = window.without(band, &run, places, local) else { continue };
                let mut best = (floor.max(1e-9 * self.price), None);
                for count in r - 1..=(r + 1).min(most.max(2)) {
                    if let Some((gain, chosen)) = refill.best(local, count) {
                        let better = gain - lost - self.price * (count as f64 - r as f64);
                        if better > best.0 {
                            best = (better, Some((count, chosen)));
                        }
                    }
                }
                let Some((count, chosen)) = best.1 else { continue };
                let chosen: Vec<usize> = chosen[..count].iter().map(|&c| places[c]).collect();
                if !window.replace(band, &run, &chosen) {
                    continue;
                }
                window.descend(band, self.price, floor);
                accepted += 1;
                if accepted >= ACCEPTED {
                    return;
                }
                at = at.saturating_sub(r + 1);
            }
        }
    }

    /// Whether this run was tried before, among the same members and at about the same price; it is noted.
    fn was_tried(&mut self, window: &Window<T>, low: isize, first: usize, last: usize, r: usize) -> bool {
        let around = self.lengths.halo + 8;
        let mut sum = 0u64;
        for &place in window.members() {
            if place + around >= first && place <= last + around {
                // Members in any order.
                sum = sum.wrapping_add(mixed((low + place as isize) as u64));
            }
        }
        let run = mixed((first as isize + low) as u64 ^ (r as u64) << 56);
        let hash = mixed(sum ^ run ^ mixed(rounded(self.price) as u64));
        let slot = hash as usize & (self.tried.len() - 1);
        let tag = (hash >> 32) as u32 | 1;
        std::mem::replace(&mut self.tried[slot], tag) == tag
    }

    /// The Gram entries of the columns at `width` places from `low` on.
    fn own_band(&self, operator: &Access<'_, T>, low: isize, width: usize, out: &mut Vec<T>) {
        out.clear();
        out.resize(width * (self.reach + 1), T::ZERO);
        for p in 0..width {
            let Some(j) = self.column_at(low + p as isize) else { continue };
            let apart = self.reach.min(width - 1 - p);
            let others: Vec<usize> = (0..=apart).filter_map(|d| self.column_at(low + (p + d) as isize)).collect();
            let entries = &mut out[p * (self.reach + 1)..][..others.len()];
            operator.gram_entries(&others, j, entries);
            entries.iter_mut().for_each(|g| *g = g.conj());
        }
    }

    /// Calls `work` with the column at a place and its first row, counted on where columns are periodic.
    fn with_column<R>(
        &self,
        operator: &Access<'_, T>,
        place: isize,
        memory: &mut Vec<T>,
        work: impl FnOnce(isize, &[T]) -> R,
    ) -> R {
        match self.column_at(place) {
            Some(j) if self.alike.contains(&j) && self.period.is_none() => {
                work(place + self.template.1, &self.template.0)
            }
            _ => {
                let (row, _) = self.segment(operator, place, memory);
                work(row, memory)
            }
        }
    }

    /// The column at a place: its first row and its length.
    fn segment(&self, operator: &Access<'_, T>, place: isize, memory: &mut Vec<T>) -> (isize, usize) {
        memory.clear();
        let Some(j) = self.column_at(place) else { return (0, 0) };
        let row = operator.segment(j, memory) as isize + place - j as isize;
        (row, memory.len())
    }

    /// Moves the price towards the one at which there are k members.
    fn reprice(&mut self, k: usize) {
        self.members = self.is_member.iter().filter(|&&is| is).count();
        let mut losses: Vec<f32> =
            self.losses.iter().zip(&self.is_member).filter(|(_, is)| **is).map(|(&loss, _)| loss).collect();
        let mut gains: Vec<f32> = self.gains.iter().map(|&(gain, _)| gain).filter(|&gain| gain > 0.0).collect();
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
        let mut members: Vec<usize> = (0..self.is_member.len()).filter(|&j| self.is_member[j]).collect();
        if members.len() > k {
            members.sort_by(|&i, &j| self.losses[j].total_cmp(&self.losses[i]).then(i.cmp(&j)));
            members.truncate(k);
        } else if members.len() < k {
            let mut gains: Vec<(f32, u32)> = self.gains.iter().copied().filter(|one| one.0 > 0.0).collect();
            gains.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
            let room = k - members.len();
            let joining = gains.iter().map(|&(_, j)| j as usize).filter(|&j| !self.is_member[j]).take(room);
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

/// The price to half an e-fold.
fn rounded(price: f64) -> i32 {
    (2.0 * price.ln()).round() as i32
}

/// A number whose bits all depend on all of those given (the finaliser of SplitMix64).
fn mixed(mut bits: u64) -> u64 {
    bits = bits.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
