//! Thinning of long series to what a screen can show, and clipping.

/// Smallest and largest of some checked values, or `None` without any.
pub fn extent(values: impl IntoIterator<Item = f64>) -> Option<(f64, f64)> {
    values.into_iter().fold(None, |range, v| match range {
        None => Some((v, v)),
        Some((lo, hi)) => Some((v.min(lo), v.max(hi))),
    })
}

/// Thins a series of points with nondecreasing x: in each of the columns of width `column` it keeps the first, lowest,
/// highest and last point, in their order, so that a drawn line covers the same pixels and no extreme is lost.
pub(crate) fn decimate(points: impl ExactSizeIterator<Item = (f64, f64)>, column: f64) -> Vec<(f64, f64)> {
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

/// A rectangle of the picture.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
}

impl Bounds {
    pub(crate) fn contains(&self, (x, y): (f64, f64)) -> bool {
        (self.left..=self.right).contains(&x) && (self.top..=self.bottom).contains(&y)
    }

    /// The pieces of a line within the rectangle, with new points where the line crosses its border.
    pub(crate) fn clip(&self, line: &[(f64, f64)]) -> Vec<Vec<(f64, f64)>> {
        let mut pieces: Vec<Vec<(f64, f64)>> = Vec::new();
        // Whether the last piece ends where the next segment begins.
        let mut joined = false;
        for ends in line.windows(2) {
            match self.clip_segment(ends[0], ends[1]) {
                Some((from, to)) => {
                    match pieces.last_mut() {
                        Some(piece) if joined => piece.push(to),
                        _ => pieces.push(vec![from, to]),
                    }
                    joined = to == ends[1];
                }
                None => joined = false,
            }
        }
        pieces
    }

    /// Liang–Barsky.
    fn clip_segment(&self, (x0, y0): (f64, f64), (x1, y1): (f64, f64)) -> Option<((f64, f64), (f64, f64))> {
        let (dx, dy) = (x1 - x0, y1 - y0);
        let (mut begin, mut end) = (0.0_f64, 1.0_f64);
        let borders = [(-dx, x0 - self.left), (dx, self.right - x0), (-dy, y0 - self.top), (dy, self.bottom - y0)];
        for (outward, room) in borders {
            if outward < 0.0 {
                begin = begin.max(room / outward);
            } else if outward > 0.0 {
                end = end.min(room / outward);
            } else if room < 0.0 {
                return None;
            }
        }
        let at = |t: f64| match t {
            // The ends stay as they are, for the next segment to join.
            0.0 => (x0, y0),
            1.0 => (x1, y1),
            _ => (x0 + t * dx, y0 + t * dy),
        };
        (begin <= end).then(|| (at(begin), at(end)))
    }

    /// The line with all that lies above or below the rectangle moved to its border, as the edge of an area needs.
    pub(crate) fn press(&self, line: &[(f64, f64)]) -> Vec<(f64, f64)> {
        let mut pressed = Vec::with_capacity(line.len());
        let into = |(x, y): (f64, f64)| (x, y.clamp(self.top, self.bottom));
        for (i, &(x, y)) in line.iter().enumerate() {
            if let Some(&(x0, y0)) = i.checked_sub(1).and_then(|before| line.get(before)) {
                let mut crossings: Vec<f64> = [self.top, self.bottom]
                    .into_iter()
                    .filter(|&border| (y0 < border) != (y < border))
                    .map(|border| (border - y0) / (y - y0))
                    .collect();
                crossings.sort_by(f64::total_cmp);
                pressed.extend(crossings.into_iter().map(|t| into((x0 + t * (x - x0), y0 + t * (y - y0)))));
            }
            pressed.push(into((x, y)));
        }
        pressed
    }
}
