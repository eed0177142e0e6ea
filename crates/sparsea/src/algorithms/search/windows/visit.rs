//! A visit to a window: it is searched with everything outside fixed.

use std::ops::Range;

use rand::RngExt;

use super::super::span::{Aside, Less};
use super::columns::LocalColumns;
use super::refill::{Limits, Local, Refill};
use super::trace::Part;
use super::window::{CAPACITY, Gram, Window};
use super::{ACCEPTED, BLOCK};
use crate::kernels::{axpy_inline, dot_inline, norm_squared, simd};
use crate::operator::Access;
use crate::random::stream;
use crate::scalar::Scalar;
use crate::tolerance::{WINDOW_EXPLAINED, WINDOW_ROUNDING};

/// What the search of every window of a pass goes by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    /// λ.
    pub(super) price: f64,
    /// ‖y‖².
    pub(super) unit: f64,
    /// |x_j| at most.
    pub(super) cap: f64,
    /// Whether x ≥ 0.
    pub(super) is_nonnegative: bool,
    /// Counts levels, from 0.
    pub(super) level: usize,
    /// Runs are refilled up to this size.
    pub(super) refills: usize,
    /// Perturbations of each window, and the seed and number of the pass that they are drawn from.
    pub(super) perturbations: usize,
    pub(super) seed: (u64, u64),
    /// Number of rows m.
    pub(super) rows: usize,
}

/// The last visit of a window.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Visit {
    clock: u32,
    /// Counted from 1; 0 before the first visit.
    level: usize,
    /// In units of ‖y‖², as what follows.
    price: f64,
    /// The largest gain of an addition, and the smallest loss of a member.
    gain: f32,
    loss: f32,
    /// Whether nothing was left to explain.
    pub(super) is_explained: bool,
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
pub(super) struct Scratch<T> {
    window: Window<T>,
    before: Window<T>,
    refill: Refill<T>,
    local: Local<T>,
    rows: Vec<T>,
    column: Vec<T>,
    band: Vec<T>,
    pull: Vec<T>,
    free: Vec<usize>,
    places: Vec<usize>,
    entered: Vec<(usize, T)>,
    /// a_pᴴ q for the places p of the window and the vectors q that are fitted beside.
    products: Vec<T>,
}

/// Searches windows of a part of the trace.
#[derive(Debug)]
pub(super) struct Visitor<'v, 'a, T: Scalar> {
    pub(super) columns: &'v LocalColumns<T>,
    pub(super) operator: &'v Access<'a, T>,
    /// What is fitted beside all columns, if anything is.
    pub(super) aside: Option<Aside<'v, T>>,
    pub(super) terms: Terms,
    pub(super) part: Part<'v, T>,
    /// Runs that were tried: a table of hashes.
    pub(super) tried: &'v mut [u32],
}

impl<T: Scalar> Visitor<'_, '_, T> {
    /// Whether the window of columns `from..to` need not be visited.
    pub(super) fn can_skip(&self, last: &Visit, from: usize, to: usize) -> bool {
        let perturbed = self.terms.perturbations > 0 && !last.is_explained;
        (last.level == self.terms.level + 1 || last.is_explained)
            && !perturbed
            && last.is_indifferent_to(self.terms.price / self.terms.unit)
            && !self.changed_since(last.clock, from, to)
    }

    /// Whether a column near a window has changed since a time.
    fn changed_since(&self, time: u32, from: usize, to: usize) -> bool {
        let around = self.columns.lengths.halo + BLOCK / 2;
        let end = self.part.first_column + self.part.is_member.len();
        let blocks = self.part.blocks(from.saturating_sub(around), (to + around).min(end));
        self.part.changed[blocks].iter().any(|&when| when > time)
    }

    /// Searches the window of columns `from..to` with everything else fixed. Whether its support changed.
    pub(super) fn visit(
        &mut self,
        scratch: &mut Scratch<T>,
        visit: &mut Visit,
        clock: u32,
        from: usize,
        to: usize,
    ) -> bool {
        let (changed, is_explained) = self.search(scratch, from, to);
        let blocks = self.part.blocks(from, to);
        if changed {
            self.part.changed[blocks.clone()].fill(clock);
        }
        let gains = self.part.gains[blocks].iter().map(|&(gain, _)| gain);
        let first = self.part.first_column;
        let members = (from..to).filter(|&j| self.part.is_member(j));
        *visit = Visit {
            clock,
            level: self.terms.level + 1,
            price: self.terms.price / self.terms.unit,
            gain: gains.fold(0.0, f32::max),
            loss: members.map(|j| self.part.losses[j - first]).fold(f32::INFINITY, f32::min),
            is_explained,
        };
        changed
    }

    /// Whether the support has changed, and whether nothing is left to explain.
    fn search(&mut self, scratch: &mut Scratch<T>, from: usize, to: usize) -> (bool, bool) {
        let (columns, operator, m) = (self.columns, self.operator, self.terms.rows as isize);
        let halo = columns.lengths.halo as isize;
        let (mut low, mut high) = (from as isize - halo, to as isize + halo);
        if columns.period.is_none() {
            (low, high) = (low.max(0), high.min(columns.count() as isize));
        }
        let width = (high - low) as usize;
        let free = (from as isize - low) as usize..(to as isize - low) as usize;
        // The residual on the rows that these columns meet, in one piece.
        let (first, _) = columns.segment(operator, low, &mut scratch.column);
        let (last, length) = columns.segment(operator, high - 1, &mut scratch.column);
        let (first, end) = (first, last + length as isize);
        let first_row = self.part.first_row;
        let row = |at: isize| at.rem_euclid(m) as usize - first_row;
        scratch.rows.clear();
        if first >= 0 && end <= m {
            scratch.rows.extend_from_slice(&self.part.residual[row(first)..row(first) + (end - first) as usize]);
        } else {
            scratch.rows.extend((first..end).map(|at| self.part.residual[row(at)]));
        }
        if let Some(aside) = &self.aside {
            let rows = scratch.rows.iter_mut().zip(first..);
            rows.for_each(|(r, at)| *r -= aside.at(at.rem_euclid(m) as usize));
        }
        let energy = norm_squared(&scratch.rows);

        let mut own = std::mem::take(&mut scratch.band);
        let band = columns.band(operator, low, width, &mut own);
        let is_member = |p: usize| columns.at(low + p as isize).is_some_and(|j| self.part.is_member(j));
        scratch.pull.clear();
        scratch.pull.resize(width, T::ZERO);
        for p in 0..width {
            if free.contains(&p) || is_member(p) {
                scratch.pull[p] = columns.with(operator, low + p as isize, &mut scratch.column, |row, column| {
                    let at = (row - first) as usize;
                    simd(
                        #[inline(always)]
                        || dot_inline(column, &scratch.rows[at..at + column.len()]),
                    )
                });
            }
        }
        let mut products = std::mem::take(&mut scratch.products);
        let (members_before, floor, nothing) = match &self.aside {
            None => self.explore(scratch, &band, (low, free.clone()), (from, to), energy),
            Some(aside) => {
                let rank = aside.basis.len();
                products.clear();
                for p in 0..width {
                    match columns.at(low + p as isize) {
                        Some(j) => products.extend_from_slice(aside.products(j)),
                        None => products.resize((p + 1) * rank, T::ZERO),
                    }
                }
                let less = Less { whole: &band, products: &products, rank };
                self.explore(scratch, &less, (low, free.clone()), (from, to), energy)
            }
        };
        scratch.products = products;
        let window = &scratch.window;

        // What has become of the coefficients, and of the residual, formed from A.
        let mut changes: Vec<(usize, T)> = scratch.entered.iter().map(|&(p, x)| (p, -x)).collect();
        let (mut is_moderate, mut members_after) = (true, 0);
        for (&p, &x) in window.members().iter().zip(window.values()) {
            is_moderate &= Scalar::abs(x) <= self.terms.cap && !(self.terms.is_nonnegative && x.real() < 0.0);
            members_after += usize::from(free.contains(&p));
            match changes.iter_mut().find(|(place, _)| *place == p) {
                Some((_, change)) => *change += x,
                None => changes.push((p, x)),
            }
        }
        for &(p, change) in &changes {
            if change != T::ZERO {
                columns.with(operator, low + p as isize, &mut scratch.column, |row, column| {
                    let at = (row - first) as usize;
                    let rows = &mut scratch.rows[at..at + column.len()];
                    simd(
                        #[inline(always)]
                        || axpy_inline(-change, column, rows),
                    );
                });
            }
        }
        let column_of = |p: usize| columns.at(low + p as isize);
        let moved = self.aside.as_ref().map_or((0.0, vec![]), |aside| {
            aside.moved(changes.iter().filter_map(|&(p, change)| column_of(p).map(|j| (j, change))))
        });
        let left = norm_squared(&scratch.rows) - moved.0;
        let after = left + self.terms.price * members_after as f64;
        let before = energy + self.terms.price * members_before as f64;
        let taken = is_moderate && after <= before + floor;
        let is_explained = (if taken { left } else { energy }) <= nothing;
        let mut changed = false;
        if taken {
            for (offset, &r) in scratch.rows.iter().enumerate() {
                let at = first + offset as isize;
                let back = self.aside.as_ref().map_or(T::ZERO, |aside| aside.at(at.rem_euclid(m) as usize));
                self.part.residual[row(at)] = r + back;
            }
            if let Some(aside) = &mut self.aside {
                aside.accept(&moved.1);
            }
            for &(p, _) in &scratch.entered {
                if let Some(j) = columns.at(low + p as isize) {
                    changed |= !window.members().contains(&p);
                    self.part.set(j, None);
                }
            }
            for (&p, &x) in window.members().iter().zip(window.values()) {
                if let Some(j) = columns.at(low + p as isize) {
                    changed |= !scratch.entered.iter().any(|&(place, _)| place == p);
                    self.part.set(j, Some(x));
                }
            }
            self.note(window, low, from, to);
        }
        scratch.band = own;
        (changed, is_explained)
    }

    /// Searches a window whose products with the residual are known, with the residual's ‖r‖² = `energy` on its rows. Members before, and
    /// what of ‖r‖² + λ|S| and of ‖r‖² is rounding.
    fn explore(
        &mut self,
        scratch: &mut Scratch<T>,
        gram: &impl Gram<T>,
        (low, free): (isize, Range<usize>),
        (from, to): (usize, usize),
        energy: f64,
    ) -> (usize, f64, f64) {
        let columns = self.columns;
        let square = columns.square();
        let is_member = |p: usize| columns.at(low + p as isize).is_some_and(|j| self.part.is_member(j));
        let limits = Limits { most_square: self.terms.cap * self.terms.cap, is_nonnegative: self.terms.is_nonnegative };
        scratch.window.begin(gram, &scratch.pull, free.clone(), limits, square);
        scratch.entered.clear();
        // Those of the window first; of the others as many as there is room for, the nearest first.
        let mut order: Vec<usize> = (0..scratch.pull.len()).filter(|&p| is_member(p)).collect();
        let outside = |p: &usize| free.start.saturating_sub(*p).max((p + 1).saturating_sub(free.end));
        order.sort_by_key(outside);
        let mut size = 0;
        for &p in &order {
            let Some(j) = columns.at(low + p as isize) else { continue };
            let x = self.part.coefficient(j);
            if size + 8 > CAPACITY && outside(&p) > 0 {
                continue;
            }
            if scratch.window.join(gram, p, x) {
                size += 1;
            } else if outside(&p) > 0 {
                continue;
            }
            scratch.entered.push((p, x));
        }
        let members_before = scratch.entered.iter().filter(|(p, _)| free.contains(p)).count();
        self.note(&scratch.window, low, from, to);
        let energy_of = |window: &Window<T>| square * window.values().iter().map(|x| x.abs2()).sum::<f64>();
        let floor = WINDOW_ROUNDING * energy_of(&scratch.window).max(energy);
        scratch.window.descend(gram, self.terms.price, floor);
        // Where nothing is left to explain, no other columns explain more.
        let nothing = WINDOW_EXPLAINED * energy_of(&scratch.window);
        if energy > nothing {
            self.refill(scratch, gram, low, floor);
            self.perturb(scratch, gram, from, floor);
        }
        (members_before, floor, nothing)
    }

    /// Notes what members of a window would lose, and the best addition of each block.
    fn note(&mut self, window: &Window<T>, low: isize, from: usize, to: usize) {
        for (at, &p) in window.members().iter().enumerate() {
            if let Some(j) = self.columns.at(low + p as isize) {
                self.part.losses[j - self.part.first_column] = (window.loss(at) / self.terms.unit) as f32;
            }
        }
        for (block, noted) in (from / BLOCK..).zip(self.part.blocks(from, to)) {
            let part = (block * BLOCK).max(from)..((block + 1) * BLOCK).min(to);
            let local = (part.start as isize - low) as usize..(part.end as isize - low) as usize;
            let (gain, place) = window.best_gain(local);
            self.part.gains[noted] = ((gain / self.terms.unit) as f32, (low + place as isize).max(0) as u32);
        }
    }

    /// Refills runs of neighbouring members while that lowers ‖r‖² + λ|S|.
    fn refill(&mut self, scratch: &mut Scratch<T>, band: &impl Gram<T>, low: isize, floor: f64) {
        let Scratch { window, refill, local, free, places, .. } = scratch;
        let (most, price) = (self.terms.refills, self.terms.price);
        let mut accepted = 0;
        for r in 1..=most {
            let span = self.columns.lengths.span_of(r);
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
                window.near(&run, self.columns.lengths.margin, places);
                let Some(lost) = window.without(band, &run, places, local) else { continue };
                let mut best = (floor.max(1e-9 * price), None);
                for count in r - 1..=(r + 1).min(most.max(2)) {
                    if let Some((gain, chosen)) = refill.best(local, count) {
                        let better = gain - lost - price * (count as f64 - r as f64);
                        if better > best.0 {
                            best = (better, Some((count, chosen)));
                        }
                    }
                }
                let Some((count, chosen)) = best.1 else { continue };
                let chosen: Vec<usize> = chosen[..count].iter().map(|&c| places[c]).collect();
                if !window.replace(band, &run, &chosen, price) {
                    continue;
                }
                window.descend(band, price, floor);
                accepted += 1;
                if accepted >= ACCEPTED {
                    return;
                }
                at = at.saturating_sub(r + 1);
            }
        }
    }

    /// Drops neighbours, refills the window by chance, descends, and keeps what is better; again and again.
    fn perturb(&self, scratch: &mut Scratch<T>, band: &impl Gram<T>, from: usize, floor: f64) {
        const MOST: usize = 4;
        if self.terms.perturbations == 0 {
            return;
        }
        let Scratch { window, before, free, .. } = scratch;
        let rng = &mut stream(self.terms.seed.0, 4 + self.terms.seed.1, from as u64);
        let objective = |window: &Window<T>| window.energy() + self.terms.price * window.members().len() as f64;
        for _ in 0..self.terms.perturbations {
            window.free_members(free);
            if free.is_empty() {
                return;
            }
            before.clone_from(window);
            let count = rng.random_range(1..=MOST.min(free.len()));
            let at = rng.random_range(0..=free.len() - count);
            let run: Vec<usize> = free[at..at + count].iter().map(|&at| window.members()[at]).collect();
            let least = if rng.random_range(0..8) == 0 { 0.0 } else { 0.5 };
            if window.refill_by_chance(band, &run, &mut || rng.random_range(least..1.0)) {
                window.descend(band, self.terms.price, floor);
            }
            let is_better = objective(window) < objective(before) - floor;
            let is_allowed =
                |x: &T| Scalar::abs(*x) <= self.terms.cap && !(self.terms.is_nonnegative && x.real() < 0.0);
            if !is_better || !window.values().iter().all(is_allowed) {
                std::mem::swap(window, before);
            }
        }
    }

    /// Whether this run was tried before, among the same members and at about the same price; it is noted.
    fn was_tried(&mut self, window: &Window<T>, low: isize, first: usize, last: usize, r: usize) -> bool {
        let around = self.columns.lengths.halo + 8;
        let mut sum = 0u64;
        for &place in window.members() {
            if place + around >= first && place <= last + around {
                // Members in any order.
                sum = sum.wrapping_add(mixed((low + place as isize) as u64));
            }
        }
        let run = mixed((first as isize + low) as u64 ^ (r as u64) << 56);
        let hash = mixed(sum ^ run ^ mixed(rounded(self.terms.price) as u64));
        let slot = hash as usize & (self.tried.len() - 1);
        let tag = (hash >> 32) as u32 | 1;
        std::mem::replace(&mut self.tried[slot], tag) == tag
    }
}

/// The price to half an e-fold.
pub(in crate::algorithms::search) fn rounded(price: f64) -> i32 {
    (2.0 * price.ln()).round() as i32
}

/// A number whose bits all depend on all of those given (the finaliser of SplitMix64).
pub(in crate::algorithms::search) fn mixed(mut bits: u64) -> u64 {
    bits = bits.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
