//! A visit to a tile: it is searched with everything outside fixed.

use std::ops::Range;

use rand::RngExt;

use super::super::span::{Aside, Less};
use super::super::windows::ACCEPTED;
use super::super::windows::refill::{Limits, Local, MOST, Refill};
use super::super::windows::window::{CAPACITY, Gram, Window};
use super::super::windows::{mixed, rounded};
use super::Picture;
use super::entries::Entries;
use super::plane::{Cutout, Place, Plane, Rectangle};
use crate::kernels::norm_squared;
use crate::random::stream;
use crate::scalar::Scalar;
use crate::tolerance::{WINDOW_EXPLAINED, WINDOW_ROUNDING};

/// Choices that a refill tries at most, and pixels that it chooses from.
const CHOICES: (usize, usize) = (400_000, 160);

/// What the search of every tile of a pass goes by.
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
    /// Groups are refilled up to this size.
    pub(super) refills: usize,
    /// Perturbations of each tile, and the seed and number of the pass that they are drawn from.
    pub(super) perturbations: usize,
    pub(super) seed: (u64, u64),
}

/// The last visit of a tile.
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
    /// Whether the tile would come out the same at another price: about the same, or one that is as far from every gain and loss as
    /// that of the visit was.
    fn is_indifferent_to(&self, price: f64) -> bool {
        const FAR: f64 = 16.0;
        let clear = |price: f64| FAR * f64::from(self.gain) < price && price * FAR < f64::from(self.loss);
        rounded(price) == rounded(self.price) || (clear(price) && clear(self.price))
    }
}

/// Memory for one tile.
#[derive(Debug, Default)]
pub(super) struct Scratch<T> {
    window: Window<T>,
    before: Window<T>,
    refill: Refill<T>,
    local: Local<T>,
    cutout: Cutout<T>,
    places: Vec<Place>,
    pull: Vec<T>,
    free: Vec<usize>,
    near: Vec<usize>,
    entered: Vec<(usize, T)>,
    /// a_pᴴ q for the places p and the vectors q that are fitted beside.
    products: Vec<T>,
}

/// Searches tiles of a picture.
pub(super) struct Visitor<'v, 'p, T: Scalar> {
    pub(super) plane: &'v Plane<'p, T>,
    /// What is fitted beside all columns, if anything is.
    pub(super) aside: Option<Aside<'v, T>>,
    pub(super) terms: Terms,
    pub(super) picture: &'v mut Picture<T>,
    /// Groups that were tried: a table of hashes.
    pub(super) tried: &'v mut [u32],
}

type Blocks = (Range<usize>, Range<usize>);

impl<T: Scalar> Visitor<'_, '_, T> {
    /// Whether a tile need not be visited.
    pub(super) fn can_skip(&self, last: &Visit, blocks: &Blocks) -> bool {
        let perturbed = self.terms.perturbations > 0 && !last.is_explained;
        (last.level == self.terms.level + 1 || last.is_explained)
            && last.level > 0
            && !perturbed
            && last.is_indifferent_to(self.terms.price / self.terms.unit)
            && !self.changed_since(last.clock, blocks)
    }

    /// Whether a pixel near a tile has changed since a time.
    fn changed_since(&self, time: u32, blocks: &Blocks) -> bool {
        let (lengths, count) = (&self.plane.lengths, self.plane.blocks());
        let around = |range: &Range<usize>, halo: usize, edge: usize, count: usize| -> Vec<usize> {
            let wider = halo.div_ceil(edge);
            if self.plane.is_periodic {
                let length = (range.len() + 2 * wider).min(count);
                (0..length).map(|at| (range.start + count * wider - wider + at) % count).collect()
            } else {
                (range.start.saturating_sub(wider)..(range.end + wider).min(count)).collect()
            }
        };
        let across = around(&blocks.1, lengths.halo.1, lengths.block.1, count.1);
        let down = around(&blocks.0, lengths.halo.0, lengths.block.0, count.0);
        down.iter().any(|row| across.iter().any(|column| self.picture.changed[row * count.1 + column] > time))
    }

    /// Searches a tile with everything else fixed. Whether its support changed.
    pub(super) fn visit(&mut self, scratch: &mut Scratch<T>, visit: &mut Visit, clock: u32, blocks: &Blocks) -> bool {
        let (changed, is_explained) = self.search(scratch, blocks);
        let across = self.plane.blocks().1;
        let mut gain = 0.0f32;
        for row in blocks.0.clone() {
            for column in blocks.1.clone() {
                let block = row * across + column;
                if changed {
                    self.picture.changed[block] = clock;
                }
                gain = gain.max(self.picture.gains[block].0);
            }
        }
        let tile = self.plane.pixels_of(blocks);
        let inside = scratch.entered.iter().map(|&(p, _)| p).chain(scratch.window.members().iter().copied());
        let members = inside.map(|p| &scratch.places[p]).filter(|place| tile.contains(place)).map(|place| place.index);
        let losses = members.filter(|&j| self.picture.is_member[j]).map(|j| self.picture.losses[j]);
        *visit = Visit {
            clock,
            level: self.terms.level + 1,
            price: self.terms.price / self.terms.unit,
            gain,
            loss: losses.fold(f32::INFINITY, f32::min),
            is_explained,
        };
        changed
    }

    /// Whether the support has changed, and whether nothing is left to explain.
    fn search(&mut self, scratch: &mut Scratch<T>, blocks: &Blocks) -> (bool, bool) {
        let plane = self.plane;
        let tile = plane.pixels_of(blocks);
        let around = plane.with_halo(&tile);
        plane.cut(&self.picture.residual, &around, self.aside.as_ref(), &mut scratch.cutout);
        let energy = norm_squared(&scratch.cutout.pixels);
        // The pixels of the tile first, then members around it.
        let mut places = std::mem::take(&mut scratch.places);
        places.clear();
        for row in tile.rows.clone() {
            places.extend(tile.columns.clone().map(|column| plane.place(row, column)));
        }
        let free = 0..places.len();
        for row in around.rows.clone() {
            for column in around.columns.clone() {
                if self.picture.is_member[plane.index(row, column)] {
                    let place = plane.place(row, column);
                    if !tile.contains(&place) {
                        places.push(place);
                    }
                }
            }
        }
        // Of the others as many as there is room for, the nearest first.
        let outside = |place: &Place| {
            let along = |at: isize, range: &Range<isize>| (range.start - at).max(at + 1 - range.end).max(0);
            along(place.row, &tile.rows).max(along(place.column, &tile.columns))
        };
        places[free.end..].sort_by_key(outside);
        let inside = places[..free.end].iter().filter(|place| self.picture.is_member[place.index]).count();
        places.truncate(free.end + (CAPACITY - 8).saturating_sub(inside));

        let band = Entries::new(plane, &tile, &places);
        plane.correlate_all(&tile, &places, &scratch.cutout, &mut scratch.pull);
        let visited = (&places[..], blocks, &tile);
        let mut products = std::mem::take(&mut scratch.products);
        let (members_before, floor, nothing) = match &self.aside {
            None => self.explore(scratch, &band, visited, free.clone(), energy),
            Some(aside) => {
                products.clear();
                places.iter().for_each(|place| products.extend_from_slice(aside.products(place.index)));
                let less = Less { whole: &band, products: &products, rank: aside.basis.len() };
                self.explore(scratch, &less, visited, free.clone(), energy)
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
                plane.add(&places[p], -change, &mut scratch.cutout);
            }
        }
        let moved = self
            .aside
            .as_ref()
            .map_or((0.0, vec![]), |aside| aside.moved(changes.iter().map(|&(p, change)| (places[p].index, change))));
        let left = norm_squared(&scratch.cutout.pixels) - moved.0;
        let after = left + self.terms.price * members_after as f64;
        let before = energy + self.terms.price * members_before as f64;
        let taken = is_moderate && after <= before + floor;
        let is_explained = (if taken { left } else { energy }) <= nothing;
        let mut changed = false;
        if taken {
            if !changes.is_empty() {
                plane.paste(&mut scratch.cutout, self.aside.as_ref(), &mut self.picture.residual);
            }
            if let Some(aside) = &mut self.aside {
                aside.accept(&moved.1);
            }
            for &(p, _) in &scratch.entered {
                changed |= !window.is_member(p);
                self.picture.set(places[p].index, None);
            }
            for (&p, &x) in window.members().iter().zip(window.values()) {
                changed |= !scratch.entered.iter().any(|&(place, _)| place == p);
                self.picture.set(places[p].index, Some(x));
            }
            self.note(window, &places, blocks, &tile);
        }
        scratch.places = places;
        (changed, is_explained)
    }

    /// Searches a tile whose products with the residual are known, with the residual's ‖r‖² = `energy` on its pixels. Members before, and
    /// what of ‖r‖² + λ|S| and of ‖r‖² is rounding.
    fn explore(
        &mut self,
        scratch: &mut Scratch<T>,
        gram: &impl Gram<T>,
        (places, blocks, tile): (&[Place], &Blocks, &Rectangle),
        free: Range<usize>,
        energy: f64,
    ) -> (usize, f64, f64) {
        let square = self.plane.square();
        let limits = Limits { most_square: self.terms.cap * self.terms.cap, is_nonnegative: self.terms.is_nonnegative };
        scratch.window.begin(gram, &scratch.pull, free.clone(), limits, square);
        scratch.entered.clear();
        for (p, place) in places.iter().enumerate() {
            if self.picture.is_member[place.index] {
                let x = self.picture.coefficients[place.index];
                if scratch.window.join(gram, p, x) || free.contains(&p) {
                    scratch.entered.push((p, x));
                }
            }
        }
        let members_before = scratch.entered.iter().filter(|(p, _)| free.contains(p)).count();
        self.note(&scratch.window, places, blocks, tile);
        let energy_of = |window: &Window<T>| square * window.values().iter().map(|x| x.abs2()).sum::<f64>();
        let floor = WINDOW_ROUNDING * energy_of(&scratch.window).max(energy);
        scratch.window.descend(gram, self.terms.price, floor);
        // Where nothing is left to explain, no other columns explain more.
        let nothing = WINDOW_EXPLAINED * energy_of(&scratch.window);
        if energy > nothing {
            self.refill(scratch, (gram, places), floor);
            self.perturb(scratch, (gram, places), floor);
        }
        (members_before, floor, nothing)
    }

    /// Notes what members of a tile would lose, and the best addition of each block.
    fn note(&mut self, window: &Window<T>, places: &[Place], blocks: &Blocks, tile: &Rectangle) {
        for (at, &p) in window.members().iter().enumerate() {
            self.picture.losses[places[p].index] = (window.loss(at) / self.terms.unit) as f32;
        }
        let (across, edge) = (self.plane.blocks().1, self.plane.lengths.block);
        let width = (tile.columns.end - tile.columns.start) as usize;
        for row in blocks.0.clone() {
            for column in blocks.1.clone() {
                let part = self.plane.pixels_of(&(row..row + 1, column..column + 1));
                let left = (column - blocks.1.start) * edge.1;
                let count = (part.columns.end - part.columns.start) as usize;
                let mut best = (0.0, 0);
                for line in part.rows {
                    let at = (line - tile.rows.start) as usize * width + left;
                    let one = window.best_gain(at..at + count);
                    best = if one.0 > best.0 { one } else { best };
                }
                let gain = ((best.0 / self.terms.unit) as f32, places[best.1].index as u32);
                self.picture.gains[row * across + column] = gain;
            }
        }
    }

    /// Refills groups of near members while that lowers ‖r‖² + λ|S|.
    fn refill(&mut self, scratch: &mut Scratch<T>, (band, places): (&impl Gram<T>, &[Place]), floor: f64) {
        let Scratch { window, before, refill, local, free, near, .. } = scratch;
        let (most, price) = (self.terms.refills, self.terms.price);
        let mut accepted = 0;
        for r in 1..=most {
            let mut first = 0;
            'begun: loop {
                window.free_members(free);
                if first >= free.len() {
                    break;
                }
                for group in self.groups(window, places, free, first, r) {
                    if self.was_tried(window, places, &group) {
                        continue;
                    }
                    let is_whole = self.around(window, places, &group, near);
                    let counts = r - 1..=(r + 1).min(most.max(2));
                    let mut best_of = |window: &Window<T>, near: &[usize], least: f64| {
                        let lost = window.without(band, &group, near, local)?;
                        let mut best = (least, None);
                        for count in counts.clone() {
                            if choices(near.len(), count) > CHOICES.0 {
                                continue;
                            }
                            if let Some((gain, chosen)) = refill.best(local, count) {
                                let better = gain - lost - price * (count as f64 - r as f64);
                                if better > best.0 {
                                    best = (better, Some(chosen[..count].iter().map(|&c| near[c]).collect::<Vec<_>>()));
                                }
                            }
                        }
                        best.1
                    };
                    if let Some(chosen) = best_of(window, near, floor.max(1e-9 * price)) {
                        if !window.replace(band, &group, &chosen, price) {
                            continue;
                        }
                        window.descend(band, price, floor);
                    } else {
                        if is_whole {
                            continue;
                        }
                        // Further around, but not every pixel: what that comes to shows once columns were exchanged for near ones.
                        self.coarsely(window, places, &group, near);
                        let Some(chosen) = best_of(window, near, f64::NEG_INFINITY) else { continue };
                        if group.iter().all(|&at| chosen.contains(&window.members()[at])) {
                            continue;
                        }
                        before.clone_from(window);
                        let objective = |window: &Window<T>| window.energy() + price * window.members().len() as f64;
                        if window.replace(band, &group, &chosen, price) {
                            window.descend(band, price, floor);
                        }
                        let is_better = objective(window) < objective(before) - floor;
                        let is_allowed =
                            |x: &T| Scalar::abs(*x) <= self.terms.cap && !(self.terms.is_nonnegative && x.real() < 0.0);
                        if !is_better || !window.values().iter().all(is_allowed) {
                            std::mem::swap(window, before);
                            continue;
                        }
                    }
                    accepted += 1;
                    if accepted >= ACCEPTED {
                        return;
                    }
                    // Members have moved; those before may have become part of better groups.
                    first = first.saturating_sub(r + 1);
                    continue 'begun;
                }
                first += 1;
            }
        }
    }

    /// Distance of two places, squared, in widths.
    fn apart(&self, a: &Place, b: &Place) -> f64 {
        let width = self.plane.lengths.width;
        let down = (a.row - b.row) as f64 / width.0 as f64;
        let across = (a.column - b.column) as f64 / width.1 as f64;
        down * down + across * across
    }

    /// Groups of r near members, by their positions among members, that a member is part of: it and those nearest to it, or, of two, it
    /// and any near one that comes after it.
    fn groups(&self, window: &Window<T>, places: &[Place], free: &[usize], first: usize, r: usize) -> Vec<Vec<usize>> {
        /// Members of a group of two are so many widths apart at most; those of larger ones from the member at their middle.
        const APART: (f64, f64) = (3.5, 4.0);
        let own = free[first];
        if r == 1 {
            return vec![vec![own]];
        }
        let place = |at: usize| &places[window.members()[at]];
        let mut others: Vec<(f64, usize)> =
            free.iter().filter(|&&at| at != own).map(|&at| (self.apart(place(own), place(at)), at)).collect();
        others.sort_by(|a, b| a.0.total_cmp(&b.0).then(window.members()[a.1].cmp(&window.members()[b.1])));
        if r == 2 {
            let is_after = |at: usize| window.members()[at] > window.members()[own];
            let near = others.iter().take_while(|one| one.0 <= APART.0 * APART.0);
            return near.filter(|one| is_after(one.1)).map(|&(_, at)| vec![own, at]).collect();
        }
        if others.len() + 1 < r || others[r - 2].0 > APART.1 * APART.1 {
            return vec![];
        }
        vec![std::iter::once(own).chain(others[..r - 1].iter().map(|&(_, at)| at)).collect()]
    }

    /// Pixels of the tile within a margin of a group of members, which are themselves members only if of the group; false if these are too
    /// many to be tried. Beside the group only every `stride`-th down and across.
    fn within(
        &self,
        window: &Window<T>,
        places: &[Place],
        group: &[usize],
        (margin, stride): ((usize, usize), usize),
        out: &mut Vec<usize>,
    ) -> bool {
        let of_group = |p: usize| group.iter().any(|&at| window.members()[at] == p);
        let member = |at: usize| &places[window.members()[at]];
        let first = member(group[0]);
        let is_near = |place: &Place| {
            group.iter().map(|&at| member(at)).any(|member| {
                (place.row - member.row).unsigned_abs() <= margin.0
                    && (place.column - member.column).unsigned_abs() <= margin.1
            })
        };
        let is_on = |place: &Place| {
            (place.row - first.row) % stride as isize == 0 && (place.column - first.column) % stride as isize == 0
        };
        out.clear();
        for (p, place) in places.iter().enumerate() {
            if window.may_choose(p) && (of_group(p) || (is_on(place) && window.is_open(p) && is_near(place))) {
                out.push(p);
            }
        }
        out.len() <= CHOICES.1 && choices(out.len(), group.len()) <= CHOICES.0
    }

    /// All pixels of the margin, every second down and across, or every third, until these are few enough to be tried.
    fn coarsely(&self, window: &Window<T>, places: &[Place], group: &[usize], out: &mut Vec<usize>) {
        let margin = self.plane.lengths.margin;
        let most = margin.0.max(margin.1);
        let _ = (2..=most).any(|stride| self.within(window, places, group, (margin, stride), out));
    }

    /// Pixels of the tile near a group of members; around a large one less far, and then false.
    fn around(&self, window: &Window<T>, places: &[Place], group: &[usize], out: &mut Vec<usize>) -> bool {
        let mut margin = self.plane.lengths.margin;
        loop {
            if self.within(window, places, group, (margin, 1), out) || margin.0.max(margin.1) <= 1 {
                return margin == self.plane.lengths.margin;
            }
            margin = (margin.0.saturating_sub(1).max(1).min(margin.0), margin.1.saturating_sub(1).max(1).min(margin.1));
        }
    }

    /// Drops near members, refills the tile by chance, descends, and keeps what is better; again and again.
    fn perturb(&self, scratch: &mut Scratch<T>, (band, places): (&impl Gram<T>, &[Place]), floor: f64) {
        const MOST: usize = 4;
        if self.terms.perturbations == 0 {
            return;
        }
        let Scratch { window, before, free, .. } = scratch;
        let rng = &mut stream(self.terms.seed.0, 4 + self.terms.seed.1, places[0].index as u64);
        let objective = |window: &Window<T>| window.energy() + self.terms.price * window.members().len() as f64;
        for _ in 0..self.terms.perturbations {
            window.free_members(free);
            if free.is_empty() {
                return;
            }
            before.clone_from(window);
            let count = rng.random_range(1..=MOST.min(free.len()));
            let own = free[rng.random_range(0..free.len())];
            let place = |at: usize| &places[window.members()[at]];
            let mut near = free.clone();
            near.sort_by(|&a, &b| {
                let apart = |at: usize| self.apart(place(own), place(at));
                apart(a).total_cmp(&apart(b)).then(window.members()[a].cmp(&window.members()[b]))
            });
            let leaving: Vec<usize> = near[..count].iter().map(|&at| window.members()[at]).collect();
            let least = if rng.random_range(0..8) == 0 { 0.0 } else { 0.5 };
            if window.refill_by_chance(band, &leaving, &mut || rng.random_range(least..1.0)) {
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

    /// Whether this group was tried before, among the same members and at about the same price; it is noted.
    fn was_tried(&mut self, window: &Window<T>, places: &[Place], group: &[usize]) -> bool {
        const AROUND: f64 = 7.0;
        let middle = &places[window.members()[group[0]]];
        // Members in any order.
        let near = window.members().iter().map(|&p| &places[p]);
        let near = near.filter(|place| self.apart(place, middle) <= AROUND * AROUND);
        let sum = near.fold(0u64, |sum, place| sum.wrapping_add(mixed(place.index as u64)));
        let own = group.iter().map(|&at| places[window.members()[at]].index as u64);
        let own = own.fold(0u64, |sum, index| sum.wrapping_add(mixed(index ^ 1 << 60)));
        let hash = mixed(sum ^ mixed(own) ^ mixed(rounded(self.terms.price) as u64));
        let slot = hash as usize & (self.tried.len() - 1);
        let tag = (hash >> 32) as u32 | 1;
        std::mem::replace(&mut self.tried[slot], tag) == tag
    }
}

impl<T: Scalar> Picture<T> {
    /// Sets the coefficient of a column, and whether it is a member.
    fn set(&mut self, column: usize, value: Option<T>) {
        self.coefficients[column] = value.unwrap_or(T::ZERO);
        self.is_member[column] = value.is_some();
    }
}

/// C(size, count), or a little less than it where that is huge.
fn choices(size: usize, count: usize) -> usize {
    debug_assert!(count <= MOST);
    (0..count).fold(1usize, |product, at| product.saturating_mul(size.saturating_sub(at)) / (at + 1))
}
