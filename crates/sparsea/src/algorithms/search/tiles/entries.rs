//! Gram entries of the columns of a tile.

use std::cell::OnceCell;

use super::super::windows::window::Gram;
use super::plane::{Place, Plane, Rectangle};
use crate::scalar::Scalar;

/// Gram entries of the columns at the pixels of a tile, then at other places.
pub(super) struct Entries<'e, 'p, T: Scalar> {
    plane: &'e Plane<'p, T>,
    tile: &'e Rectangle,
    places: &'e [Place],
    /// Rows of columns whose pixels are weighted, once they were asked for.
    rows: Vec<OnceCell<Vec<T>>>,
}

impl<'e, 'p, T: Scalar> Entries<'e, 'p, T> {
    pub(super) fn new(plane: &'e Plane<'p, T>, tile: &'e Rectangle, places: &'e [Place]) -> Self {
        let is_weighted = plane.pixel_factors.is_some() && !places.iter().all(|place| place.is_whole);
        let rows = if is_weighted { vec![OnceCell::new(); places.len()] } else { vec![] };
        Self { plane, tile, places, rows }
    }

    /// The entry of two columns that are not both whole.
    fn by_pixels(&self, p: usize, q: usize) -> T {
        let (plane, a, b) = (self.plane, &self.places[p], &self.places[q]);
        if self.rows.is_empty() || p == q {
            return self.scaled(plane.planar.entry(a.index, b.index), a, b);
        }
        if let (None, Some(row)) = (self.rows[p].get(), self.rows[q].get()) {
            return row[p].conj();
        }
        let row = || {
            let mut row = vec![];
            plane.correlate_all(self.tile, self.places, &plane.column(a), &mut row);
            row.iter_mut().for_each(|entry| *entry = entry.conj());
            row
        };
        self.rows[p].get_or_init(row)[q]
    }

    #[inline(always)]
    fn scaled(&self, entry: T, a: &Place, b: &Place) -> T {
        match self.plane.operator.scales() {
            None => entry,
            Some(scales) => entry.scale(scales[a.index] * scales[b.index]),
        }
    }
}

impl<T: Scalar> Gram<T> for Entries<'_, '_, T> {
    #[inline(always)]
    fn get(&self, p: usize, q: usize) -> T {
        let (plane, a, b) = (self.plane, &self.places[p], &self.places[q]);
        let (down, across) = (b.row - a.row, b.column - a.column);
        if down.unsigned_abs() >= plane.length.0 || across.unsigned_abs() >= plane.length.1 {
            return T::ZERO;
        }
        if a.is_whole && b.is_whole { self.scaled(plane.lag((down, across)), a, b) } else { self.by_pixels(p, q) }
    }
}
