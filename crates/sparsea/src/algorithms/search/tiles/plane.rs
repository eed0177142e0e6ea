//! The columns of an image: where they are, how they overlap, and the tiles that the image is cut into.

use std::ops::Range;

use super::super::span::Aside;
use super::super::windows::window::CAPACITY;
use crate::kernels::{axpy_inline, dot_inline, simd};
use crate::operator::{Access, Planar};
use crate::scalar::Scalar;

/// Rows and columns, of pixels or of anything else.
pub(super) type Two = (usize, usize);

/// How much columns one width apart have in common, as Gaussian pulses one σ apart: e^(−¼).
const ONE_WIDTH: f64 = 0.778_800_783_071_404_9;
/// Columns of a width at most.
const WIDEST: usize = 16;
/// Blocks of a tile in either direction: as many as there are tilings, each shifted by one block. Whatever is on the border of two
/// tilings lies well inside the tiles of the third.
pub(super) const TILINGS: usize = 3;
/// Pixels from which on an image is worth cutting into tiles.
const FROM: usize = 576;

/// Lengths in pixels, down and across, that follow from how far columns overlap.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lengths {
    /// Pixels of a block: what is known of changes and gains is known by the block.
    pub(super) block: Two,
    /// Pixels on either side of a tile whose coefficients are free, but not their places.
    pub(super) halo: Two,
    /// A refill chooses from the pixels this far around the members that it removes.
    pub(super) margin: Two,
    /// One σ of a Gaussian patch.
    pub(super) width: Two,
}

impl Lengths {
    /// `None` if tiles make no sense.
    fn of<T: Scalar>(planar: &dyn Planar<T>, k: usize) -> Option<Self> {
        let (image, (length, _)) = (planar.image(), planar.patch());
        let n = image.0 * image.1;
        if n < FROM || 4 * k > n {
            return None;
        }
        let lags = planar.autocorrelation();
        let middle = lags.len() / 2;
        let own = Scalar::abs(*lags.get(middle)?);
        let apart = |stride: usize, length: usize| {
            (1..length)
                .find(|d| lags.get(middle + d * stride).is_none_or(|g| Scalar::abs(*g) < ONE_WIDTH * own))
                .unwrap_or(length.max(1))
        };
        let width = (apart(2 * length.1 - 1, length.0).min(image.0), apart(1, length.1).min(image.1));
        if width.0.max(width.1) > WIDEST {
            return None;
        }
        let both = |of: &dyn Fn(usize, usize, usize) -> usize| {
            (of(width.0, length.0, image.0), of(width.1, length.1, image.1))
        };
        let halo = both(&|sigma, length, image| (6 * sigma).min(length + 1).min(image - 1));
        // Not so large that more members than a tile holds are to be expected.
        let mut block = both(&|sigma, _, image| (3 * sigma).clamp(4, 10).min(image));
        let expected = |block: Two| {
            let pixels = (TILINGS * block.0 + 2 * halo.0) * (TILINGS * block.1 + 2 * halo.1);
            pixels as f64 * k as f64 / n as f64
        };
        while expected(block) > 0.6 * CAPACITY as f64 && block.0.max(block.1) > 4 {
            block = (block.0.min(block.0.saturating_sub(1).max(4)), block.1.min(block.1.saturating_sub(1).max(4)));
        }
        if planar.is_periodic() {
            // The columns of a tile must not meet around the image.
            let fits = |block: usize, halo: usize, length: usize, image: usize| {
                image == 1 || TILINGS * block + 2 * halo + 2 * length <= image
            };
            if !fits(block.0, halo.0, length.0, image.0) || !fits(block.1, halo.1, length.1, image.1) {
                return None;
            }
        }
        let margin = both(&|sigma, _, image| (4 * sigma).div_ceil(3).min(image - 1));
        Some(Self { block, halo, margin, width })
    }
}

/// Whether a problem can be searched in tiles.
pub(in crate::algorithms) fn apply<T: Scalar>(operator: &Access<'_, T>, k: usize) -> bool {
    let beneath = operator.beneath(None);
    beneath.as_ref().unwrap_or(operator).planar().is_some_and(|planar| Lengths::of(planar, k).is_some())
}

/// The columns, with the lengths of their tiles.
pub(super) struct Plane<'p, T: Scalar> {
    pub(super) planar: &'p dyn Planar<T>,
    pub(super) operator: &'p Access<'p, T>,
    pub(super) image: Two,
    seen: Two,
    first: Two,
    pub(super) length: Two,
    patch: &'p [T],
    lags: &'p [T],
    factors: Option<(&'p [T], &'p [T])>,
    pub(super) pixel_factors: Option<&'p [f64]>,
    pub(super) is_periodic: bool,
    pub(super) lengths: Lengths,
}

/// A pixel near a tile. Where the image is periodic, places go on beyond the borders.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) row: isize,
    pub(super) column: isize,
    /// Its column of A.
    pub(super) index: usize,
    /// Whether all of it is in sight, with factors of 1.
    pub(super) is_whole: bool,
}

/// A rectangle: rows and columns.
#[derive(Debug, Clone, Default)]
pub(super) struct Rectangle {
    pub(super) rows: Range<isize>,
    pub(super) columns: Range<isize>,
}

impl Rectangle {
    pub(super) fn contains(&self, place: &Place) -> bool {
        self.rows.contains(&place.row) && self.columns.contains(&place.column)
    }

    fn size(&self) -> Two {
        ((self.rows.end - self.rows.start).max(0) as usize, (self.columns.end - self.columns.start).max(0) as usize)
    }
}

/// Part of the image that is seen.
#[derive(Debug, Default)]
pub(super) struct Cutout<T> {
    part: Rectangle,
    pub(super) pixels: Vec<T>,
    /// What patches are multiplied by at each pixel, if by anything, and the pixels times that.
    factors: Vec<f64>,
    weighted: Vec<T>,
}

impl<'p, T: Scalar> Plane<'p, T> {
    /// `None` unless the columns of A are copies of a patch, and k of them can be searched in tiles.
    pub(super) fn of(operator: &'p Access<'p, T>, k: usize) -> Option<Self> {
        let planar = operator.planar()?;
        let lengths = Lengths::of(planar, k)?;
        let (length, patch) = planar.patch();
        Some(Self {
            planar,
            operator,
            image: planar.image(),
            seen: planar.seen(),
            first: planar.first(),
            length,
            patch,
            lags: planar.autocorrelation(),
            factors: planar.factors(),
            pixel_factors: planar.pixel_factors(),
            is_periodic: planar.is_periodic(),
            lengths,
        })
    }

    /// The largest |a_ij| of a whole column.
    pub(super) fn largest(&self) -> f64 {
        let largest = self.patch.iter().map(|v| Scalar::abs(*v)).fold(0.0, f64::max);
        if self.operator.scales().is_some() { largest / self.own_square().sqrt() } else { largest }
    }

    /// ‖a_j‖² of a whole column: 1, where columns are scaled.
    pub(super) fn square(&self) -> f64 {
        if self.operator.scales().is_some() { 1.0 } else { self.own_square() }
    }

    /// ‖h‖² of the patch.
    fn own_square(&self) -> f64 {
        self.lags[self.lags.len() / 2].real()
    }

    /// The scale of a column; 0 if it is left out.
    fn scale_of(&self, place: &Place) -> f64 {
        if self.planar.is_left_out(place.index) { 0.0 } else { self.operator.scale_of(place.index) }
    }

    /// Blocks down and across.
    pub(super) fn blocks(&self) -> Two {
        (self.image.0.div_ceil(self.lengths.block.0), self.image.1.div_ceil(self.lengths.block.1))
    }

    /// The block of a column.
    pub(super) fn block_of(&self, j: usize) -> usize {
        let (row, column) = (j / self.image.1, j % self.image.1);
        row / self.lengths.block.0 * self.blocks().1 + column / self.lengths.block.1
    }

    /// Tiles down and across, of the tiling shifted by most.
    pub(super) fn tiles(&self) -> Two {
        let blocks = self.blocks();
        ((blocks.0 + TILINGS - 1).div_ceil(TILINGS), (blocks.1 + TILINGS - 1).div_ceil(TILINGS))
    }

    /// The blocks of a tile of a tiling, none beyond the last.
    pub(super) fn blocks_of(&self, tiling: usize, tile: Two) -> (Range<usize>, Range<usize>) {
        let along = |tile: usize, count: usize| {
            let range = |tile: usize| (tile * TILINGS).saturating_sub(tiling).min(count);
            range(tile)..range(tile + 1)
        };
        let blocks = self.blocks();
        (along(tile.0, blocks.0), along(tile.1, blocks.1))
    }

    /// The pixels of blocks.
    pub(super) fn pixels_of(&self, (down, across): &(Range<usize>, Range<usize>)) -> Rectangle {
        let along = |blocks: &Range<usize>, edge: usize, image: usize| {
            (blocks.start * edge).min(image) as isize..(blocks.end * edge).min(image) as isize
        };
        Rectangle {
            rows: along(down, self.lengths.block.0, self.image.0),
            columns: along(across, self.lengths.block.1, self.image.1),
        }
    }

    /// A rectangle with its halo, no further than the borders.
    pub(super) fn with_halo(&self, tile: &Rectangle) -> Rectangle {
        let along = |range: &Range<isize>, halo: usize, image: usize| {
            let (low, high) = (range.start - halo as isize, range.end + halo as isize);
            if self.is_periodic && image > 1 { low..high } else { low.max(0)..high.min(image as isize) }
        };
        Rectangle {
            rows: along(&tile.rows, self.lengths.halo.0, self.image.0),
            columns: along(&tile.columns, self.lengths.halo.1, self.image.1),
        }
    }

    /// The column of A at a row and a column of pixels.
    #[inline(always)]
    pub(super) fn index(&self, row: isize, column: isize) -> usize {
        if self.is_periodic {
            let (height, width) = (self.image.0 as isize, self.image.1 as isize);
            return (row.rem_euclid(height) * width + column.rem_euclid(width)) as usize;
        }
        row as usize * self.image.1 + column as usize
    }

    /// The pixel at a row and a column, which may be beyond the borders of a periodic image.
    pub(super) fn place(&self, row: isize, column: isize) -> Place {
        let index = self.index(row, column);
        Place { row, column, index, is_whole: self.planar.is_whole(index) }
    }

    /// Cuts out the part of a residual that the columns of a rectangle meet, less what is to be taken aside.
    pub(super) fn cut(&self, image: &[T], around: &Rectangle, aside: Option<&Aside<'_, T>>, out: &mut Cutout<T>) {
        self.cut_whole(image, around, out);
        if let Some(aside) = aside {
            let pixels = self.indices(&out.part).zip(&mut out.pixels);
            pixels.for_each(|(at, pixel)| *pixel -= aside.at(at));
        }
        self.look_up_factors(out);
        self.weigh(out);
    }

    fn look_up_factors(&self, cutout: &mut Cutout<T>) {
        if let Some(factors) = self.pixel_factors {
            cutout.factors.clear();
            cutout.factors.extend(self.indices(&cutout.part).map(|at| factors[at]));
        }
    }

    fn weigh(&self, cutout: &mut Cutout<T>) {
        if self.pixel_factors.is_some() {
            cutout.weighted.clear();
            let each = cutout.pixels.iter().zip(&cutout.factors);
            cutout.weighted.extend(each.map(|(pixel, &factor)| pixel.scale(factor)));
        }
    }

    /// A column, as if it were cut out.
    pub(super) fn column(&self, place: &Place) -> Cutout<T> {
        let own = Rectangle { rows: place.row..place.row + 1, columns: place.column..place.column + 1 };
        let part = self.met_by(&own);
        let (height, width) = part.size();
        let mut column = Cutout { part, pixels: vec![T::ZERO; height * width], factors: vec![], weighted: vec![] };
        self.look_up_factors(&mut column);
        self.add(place, T::ONE, &mut column);
        self.weigh(&mut column);
        column
    }

    /// a_iᴴ a_j of whole columns that are so far apart, rows and columns of pixels.
    #[inline(always)]
    pub(super) fn lag(&self, (down, across): (isize, isize)) -> T {
        let (length, width) = (self.length.0 as isize, self.length.1 as isize);
        self.lags[((down + length - 1) * (2 * width - 1) + across + width - 1) as usize]
    }

    /// Where the pixels of a cutout are in the image.
    fn indices(&self, part: &Rectangle) -> impl Iterator<Item = usize> + use<T> {
        let (seen, columns) = (self.seen, part.columns.clone());
        part.rows.clone().flat_map(move |row| {
            let at = row.rem_euclid(seen.0 as isize) as usize * seen.1;
            columns.clone().map(move |column| at + column.rem_euclid(seen.1 as isize) as usize)
        })
    }

    /// The pixels that the columns of a rectangle meet.
    fn met_by(&self, around: &Rectangle) -> Rectangle {
        let along = |range: &Range<isize>, first: usize, length: usize, seen: usize| {
            let (low, high) = (range.start - first as isize, range.end - 1 - first as isize + length as isize);
            if self.is_periodic { low..high } else { low.max(0)..high.min(seen as isize).max(low.max(0)) }
        };
        Rectangle {
            rows: along(&around.rows, self.first.0, self.length.0, self.seen.0),
            columns: along(&around.columns, self.first.1, self.length.1, self.seen.1),
        }
    }

    fn cut_whole(&self, image: &[T], around: &Rectangle, out: &mut Cutout<T>) {
        out.part = self.met_by(around);
        out.pixels.clear();
        let part = out.part.clone();
        for row in part.rows {
            let at = row.rem_euclid(self.seen.0 as isize) as usize * self.seen.1;
            if self.is_periodic {
                let wrapped = |c: isize| c.rem_euclid(self.seen.1 as isize) as usize;
                out.pixels.extend(part.columns.clone().map(|c| image[at + wrapped(c)]));
            } else {
                out.pixels.extend_from_slice(&image[at + part.columns.start as usize..at + part.columns.end as usize]);
            }
        }
    }

    /// Puts back what was cut out, and what was taken aside.
    pub(super) fn paste(&self, cutout: &mut Cutout<T>, aside: Option<&Aside<'_, T>>, image: &mut [T]) {
        if let Some(aside) = aside {
            let pixels = self.indices(&cutout.part).zip(&mut cutout.pixels);
            pixels.for_each(|(at, pixel)| *pixel += aside.at(at));
        }
        let (_, width) = cutout.part.size();
        if width == 0 {
            return;
        }
        for (row, pixels) in cutout.part.rows.clone().zip(cutout.pixels.chunks(width)) {
            let at = row.rem_euclid(self.seen.0 as isize) as usize * self.seen.1;
            if !self.is_periodic {
                image[at + cutout.part.columns.start as usize..][..width].copy_from_slice(pixels);
                continue;
            }
            for (column, &pixel) in cutout.part.columns.clone().zip(pixels) {
                image[at + column.rem_euclid(self.seen.1 as isize) as usize] = pixel;
            }
        }
    }

    /// Calls `work` with each row of a column's patch that is in sight, and with where it begins in a cutout.
    #[inline(always)]
    fn for_each_row(&self, place: &Place, cutout: &Rectangle, mut work: impl FnMut(&[T], usize)) {
        let (_, width) = cutout.size();
        let (top, left) = (place.row - self.first.0 as isize, place.column - self.first.1 as isize);
        let from = (cutout.columns.start - left).clamp(0, self.length.1 as isize) as usize;
        let to = (cutout.columns.end - left).clamp(from as isize, self.length.1 as isize) as usize;
        for l in 0..self.length.0 {
            let row = top + l as isize;
            if cutout.rows.contains(&row) && from < to {
                let at =
                    (row - cutout.rows.start) as usize * width + (left + from as isize - cutout.columns.start) as usize;
                work(&self.patch[l * self.length.1 + from..l * self.length.1 + to], at);
            }
        }
    }

    /// a_jᴴ times what was cut out, for the pixels of a tile, then for the other `places`.
    pub(super) fn correlate_all(&self, tile: &Rectangle, places: &[Place], cutout: &Cutout<T>, out: &mut Vec<T>) {
        out.clear();
        let Some((u, v)) = self.factors else {
            out.extend(places.iter().map(|place| self.correlate(place, cutout)));
            return;
        };
        let (lines, width) = cutout.part.size();
        let (height, across) = tile.size();
        // Across first, for every row of the cutout, then down.
        let left = tile.columns.start - self.first.1 as isize - cutout.part.columns.start;
        let top = tile.rows.start - self.first.0 as isize - cutout.part.rows.start;
        let mut between = vec![T::ZERO; lines * across];
        out.resize(height * across, T::ZERO);
        simd(
            #[inline(always)]
            || {
                for (line, pixels) in between.chunks_mut(across.max(1)).zip(self.seen_by(cutout).chunks(width.max(1))) {
                    for (l, v) in v.iter().enumerate() {
                        // Pixel c of the line is the one at c + offset of the cutout, if that is in sight.
                        let offset = left + l as isize;
                        let from = (-offset).clamp(0, across as isize) as usize;
                        let to = (width as isize - offset).clamp(from as isize, across as isize) as usize;
                        if from < to {
                            let at = (from as isize + offset) as usize;
                            axpy_inline(v.conj(), &pixels[at..at + to - from], &mut line[from..to]);
                        }
                    }
                }
                for (row, out) in out.chunks_mut(across.max(1)).enumerate() {
                    for (l, u) in u.iter().enumerate() {
                        let line = top + row as isize + l as isize;
                        if (0..lines as isize).contains(&line) {
                            axpy_inline(u.conj(), &between[line as usize * across..][..across], out);
                        }
                    }
                }
            },
        );
        out.iter_mut().zip(places).for_each(|(b, place)| *b = b.scale(self.scale_of(place)));
        out.extend(places[height * across..].iter().map(|place| self.correlate(place, cutout)));
    }

    /// The pixels that were cut out, times what patches are multiplied by.
    fn seen_by<'c>(&self, cutout: &'c Cutout<T>) -> &'c [T] {
        if self.pixel_factors.is_some() { &cutout.weighted } else { &cutout.pixels }
    }

    /// a_jᴴ times what was cut out.
    fn correlate(&self, place: &Place, cutout: &Cutout<T>) -> T {
        let mut sum = T::ZERO;
        simd(
            #[inline(always)]
            || {
                self.for_each_row(place, &cutout.part, |patch, at| {
                    sum += dot_inline(patch, &self.seen_by(cutout)[at..at + patch.len()]);
                });
            },
        );
        sum.scale(self.scale_of(place))
    }

    /// Adds a multiple of a_j to what was cut out.
    pub(super) fn add(&self, place: &Place, value: T, cutout: &mut Cutout<T>) {
        let value = value.scale(self.scale_of(place));
        let (pixels, factors) = (&mut cutout.pixels, &cutout.factors);
        simd(
            #[inline(always)]
            || {
                self.for_each_row(place, &cutout.part, |patch, at| {
                    let pixels = &mut pixels[at..at + patch.len()];
                    if self.pixel_factors.is_none() {
                        return axpy_inline(value, patch, pixels);
                    }
                    let factors = &factors[at..at + patch.len()];
                    let each = pixels.iter_mut().zip(patch).zip(factors);
                    each.for_each(|((pixel, &h), &factor)| *pixel += value * h.scale(factor));
                });
            },
        );
    }
}
