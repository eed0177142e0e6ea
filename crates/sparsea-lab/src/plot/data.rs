//! Checks of the input, and thinning of long series to what a screen can show.

use super::PlotError;

/// Beyond this, ranges of values would overflow.
const LARGEST: f64 = 1e300;

/// Refuses values that no axis can hold.
pub(super) fn check_values(what: &str, values: &[f64]) -> Result<(), PlotError> {
    match values.iter().position(|v| v.is_nan() || v.abs() > LARGEST) {
        Some(index) => Err(PlotError::NotDrawable { what: what.to_string(), index, value: values[index] }),
        None => Ok(()),
    }
}

pub(super) fn check_length(what: &str, expected: usize, found: usize) -> Result<(), PlotError> {
    if expected == found { Ok(()) } else { Err(PlotError::Length { what: what.to_string(), expected, found }) }
}

pub(super) fn check_not_empty(what: &str, len: usize) -> Result<(), PlotError> {
    if len > 0 { Ok(()) } else { Err(PlotError::Empty { what: what.to_string() }) }
}

/// Checks a sparse vector of length `len`, given as positions and values.
pub(super) fn check_spikes(what: &str, len: usize, (positions, values): Spikes<'_>) -> Result<(), PlotError> {
    check_length(what, positions.len(), values.len())?;
    check_values(what, values)?;
    match positions.iter().find(|&&p| p >= len) {
        Some(&position) => Err(PlotError::Position { what: what.to_string(), position, len }),
        None => Ok(()),
    }
}

/// Positions and values of a sparse vector.
pub(super) type Spikes<'a> = (&'a [usize], &'a [f64]);

/// Smallest and largest of some checked values, or `None` without any.
pub(super) fn extent(values: impl IntoIterator<Item = f64>) -> Option<(f64, f64)> {
    values.into_iter().fold(None, |range, v| match range {
        None => Some((v, v)),
        Some((lo, hi)) => Some((v.min(lo), v.max(hi))),
    })
}

/// Thins a series of points with nondecreasing x: in each of the columns of width `column` it keeps the first, lowest,
/// highest and last point, in their order, so that a drawn line covers the same pixels and no extreme is lost.
pub(super) fn decimate(points: impl ExactSizeIterator<Item = (f64, f64)>, column: f64) -> Vec<(f64, f64)> {
    let mut kept = Vec::with_capacity(points.len().min(8192));
    let mut group: Option<Group> = None;
    for (i, (x, y)) in points.enumerate() {
        let key = (x / column).floor();
        match &mut group {
            Some(g) if g.key == key => g.add(i, (x, y)),
            _ => {
                if let Some(g) = group.take() {
                    g.push_into(&mut kept);
                }
                group = Some(Group { key, points: [(i, (x, y)); 4] });
            }
        }
    }
    if let Some(g) = group {
        g.push_into(&mut kept);
    }
    kept
}

struct Group {
    key: f64,
    /// First, lowest, highest and last point, with their indices.
    points: [(usize, (f64, f64)); 4],
}

impl Group {
    fn add(&mut self, index: usize, point: (f64, f64)) {
        if point.1 < self.points[1].1.1 {
            self.points[1] = (index, point);
        }
        if point.1 > self.points[2].1.1 {
            self.points[2] = (index, point);
        }
        self.points[3] = (index, point);
    }

    fn push_into(mut self, kept: &mut Vec<(f64, f64)>) {
        self.points.sort_by_key(|p| p.0);
        let mut last = None;
        for (index, point) in self.points {
            if last != Some(index) {
                kept.push(point);
                last = Some(index);
            }
        }
    }
}
