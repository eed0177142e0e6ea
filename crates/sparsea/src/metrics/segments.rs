//! Decides, segment by segment, whether the search missed a spike or the data do not determine it.

use std::ops::Range;

use crate::algorithms::Omp;
use crate::error::Error;
use crate::operator::{Access, LinearMap, Local, Structure};
use crate::problem::Problem;
use crate::run::{Run, Start};
use crate::scalar::Scalar;
use crate::solution::Solution;
use crate::support::Support;
use crate::tolerance::{SEGMENT_NOISE, WORSE_SEGMENT};
use crate::workspace::Threads;

/// A solution compared with the truth, segment by segment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Segments {
    /// Number of segments.
    pub segments: usize,
    /// Number of segments on which the solution is worse than the least-squares fit on the true support.
    pub worse: usize,
    /// True spikes missed in worse segments, over k: a better support exists by the criterion of the search itself.
    pub search_missed: f64,
    /// True spikes missed in the other segments, over k: the data do not determine them. The sum with `search_missed` is the
    /// [`support_distance`](super::support_distance).
    pub info_missed: f64,
}

/// Number of prices λ that are tried.
const PRICES: i32 = 60;

/// Each price is the one before times this.
const PRICE_STEP: f64 = 1.15;

/// Compares a solution with the true support S*, for an A whose columns overlap only their neighbours.
///
/// S ∪ S* is cut into segments wherever two neighbours are more than `gap` columns apart. By default, `gap` is the reach of A: the largest
/// distance at which columns overlap. On a segment with rows R, where |S| and |S*| count only its columns, S is *worse* if
///
/// ‖r_R‖² + λ|S| > ‖r*_R‖² + λ|S*|, where r* is the residual of the least-squares fit on S*.
///
/// λ is the price for which the fewest segments are worse, among σ² 1.15^i, i = 0 … 59, with σ² = ‖r*‖²/m (at least 10⁻¹⁸ ‖y‖²/m). It is
/// the price most favourable to the solution. Differences below 10⁻⁶ σ² do not count.
///
/// If `gap` is at least the reach, the rows of a segment are those of its columns. Otherwise each column counts for only `gap` rows, placed
/// about its largest entry in proportion to its own rows, so that segments share no rows: for a Gaussian pulse, `gap`/2 to either side of
/// its peak.
///
/// Cost: a fit on k columns and two products with k columns; memory 2 m numbers.
///
/// # Errors
/// [`Error::Structure`] unless A states a local [`Structure`], [`Error::VectorLength`] if the solution has another number of columns,
/// [`Error::SupportIndex`] and [`Error::SupportRepeats`] for an impossible S*, and those of [`Problem::new`].
pub fn segments<T: Scalar>(
    operator: &dyn LinearMap<T>,
    data: &[T],
    truth: &[usize],
    found: &Solution<T>,
    gap: Option<usize>,
) -> Result<Segments, Error> {
    let Structure::Local(local) = operator.structure() else {
        let problem = "segments need an operator whose columns overlap only their neighbours, as a convolution";
        return Err(Error::Structure(problem.to_owned()));
    };
    let (rows, columns) = operator.shape();
    if data.len() != rows {
        return Err(Error::DataLength { entries: data.len(), rows });
    }
    if found.ncols != columns {
        return Err(Error::VectorLength { what: "the solution", entries: found.ncols, columns });
    }
    let truth = Support::checked(truth.to_vec(), columns)?.into_vec();
    let access = Access::new(operator);
    let own = Energy::new(&access, data, &found.support, &found.coefficients)?;
    let reference = if truth.is_empty() {
        Energy::new(&access, data, &[], &[])?
    } else {
        let problem = Problem::new(operator, data, truth.len())?;
        let fit =
            Run::new(&problem, Omp::default()).start(Start::Support(truth.clone())).threads(Threads::One).solve()?;
        Energy::new(&access, data, &fit.support, &fit.coefficients)?
    };
    let parts = cut(local, rows, &truth, &found.support, gap.unwrap_or_else(|| local.reach()));
    let power: f64 = data.iter().map(|y| y.abs2()).sum();
    let square = reference.total().max(SEGMENT_NOISE * power) / rows.max(1) as f64;
    // What the truth saves on each segment: residual energy, and spikes to be paid for.
    let saved: Vec<(f64, f64)> = parts
        .iter()
        .map(|part| {
            let energy = own.on(&part.rows) - reference.on(&part.rows);
            (energy, part.found as f64 - part.truth as f64)
        })
        .collect();
    let is_worse = |&(energy, spikes): &(f64, f64), price: f64| energy + price * spikes > WORSE_SEGMENT * square;
    let prices = (0..PRICES).map(|i| square * PRICE_STEP.powi(i));
    let count = |price: f64| saved.iter().filter(|saved| is_worse(saved, price)).count();
    // The first of equals.
    let best = prices.map(|price| (count(price), price)).min_by_key(|&(worse, _)| worse);
    let (worse, price) = best.unwrap_or_default();
    let (mut by_search, mut missed) = (0, 0);
    for (part, saved) in parts.iter().zip(&saved) {
        missed += part.missed;
        by_search += if is_worse(saved, price) { part.missed } else { 0 };
    }
    let share = |spikes: usize| if truth.is_empty() { 0.0 } else { spikes as f64 / truth.len() as f64 };
    Ok(Segments {
        segments: parts.len(),
        worse,
        search_missed: share(by_search),
        info_missed: share(missed - by_search),
    })
}

/// |r|² of each row. No running sums: their differences would lose what a segment has beside a large rest.
struct Energy(Vec<f64>);

impl Energy {
    fn new<T: Scalar>(
        access: &Access<'_, T>,
        data: &[T],
        support: &[usize],
        coefficients: &[T],
    ) -> Result<Self, Error> {
        let mut image = vec![T::ZERO; data.len()];
        access.apply_sparse(support, coefficients, &mut image);
        access.check()?;
        Ok(Self(data.iter().zip(&image).map(|(&y, &image)| (y - image).abs2()).collect()))
    }

    fn total(&self) -> f64 {
        self.0.iter().sum()
    }

    /// On these rows, which are counted on beyond the last where columns are periodic.
    fn on(&self, rows: &Range<usize>) -> f64 {
        rows.clone().map(|row| self.0[row % self.0.len()]).sum()
    }
}

/// One segment.
struct Part {
    rows: Range<usize>,
    /// |S*| here.
    truth: usize,
    /// |S| here.
    found: usize,
    /// |S* ∖ S| here.
    missed: usize,
}

/// Cuts the union of two supports at gaps of more than `gap` columns.
fn cut<T: Scalar>(local: &dyn Local<T>, rows: usize, truth: &[usize], found: &[usize], gap: usize) -> Vec<Part> {
    let mut union: Vec<usize> = truth.iter().chain(found).copied().collect();
    union.sort_unstable();
    union.dedup();
    let (Some(&first), Some(&last)) = (union.first(), union.last()) else { return vec![] };
    let period = local.period();
    let around = period.map_or(usize::MAX, |period| first + period - last);
    let mut starts: Vec<usize> = (1..union.len()).filter(|&i| union[i] - union[i - 1] > gap).collect();
    if around > gap {
        starts.insert(0, 0);
    }
    let Some(&from) = starts.first() else {
        // One segment all the way around.
        return vec![part(&union, truth, found, 0..rows)];
    };
    let reach = Reach::new(local, rows, gap);
    let mut column = Vec::new();
    let ends = starts[1..].iter().copied().chain([from + union.len()]);
    let mut parts = Vec::with_capacity(starts.len());
    for (start, end) in starts.iter().copied().zip(ends) {
        // A segment that goes on with the first columns has these one period further down.
        let members: Vec<usize> = (start..end).map(|i| union[i % union.len()]).collect();
        let turn = if end > union.len() { period.unwrap_or(0) } else { 0 };
        let low = reach.rows_of(local, members[0], &mut column).start;
        let high = turn + reach.rows_of(local, members[members.len() - 1], &mut column).end;
        // Those that reach around meet themselves.
        let high = if period.is_some() { high.min(low + rows) } else { high.min(rows) };
        parts.push(part(&members, truth, found, low..high.max(low)));
    }
    parts
}

fn part(members: &[usize], truth: &[usize], found: &[usize], rows: Range<usize>) -> Part {
    let mut part = Part { rows, truth: 0, found: 0, missed: 0 };
    for j in members {
        let (is_true, is_found) = (truth.binary_search(j).is_ok(), found.binary_search(j).is_ok());
        part.truth += usize::from(is_true);
        part.found += usize::from(is_found);
        part.missed += usize::from(is_true && !is_found);
    }
    part
}

/// Which rows count for a column.
struct Reach {
    /// Rows before the largest entry and from it on, where not all of the column counts.
    limits: Option<(usize, usize)>,
    /// A column that others are shifted copies of, whether or not all of them is in sight, and its rows that count.
    model: Option<(usize, Range<usize>)>,
    rows: usize,
}

impl Reach {
    fn new<T: Scalar>(local: &dyn Local<T>, rows: usize, gap: usize) -> Self {
        let alike = local.alike();
        let j = if alike.is_empty() { 0 } else { alike.start };
        let mut column = Vec::new();
        local.segment(j, &mut column);
        let reach = local.reach();
        // In proportion to the rows on either side of the largest entry, so that both come to `gap` rows.
        let share = |side: usize| (gap as u128 * side as u128 / reach.max(1) as u128) as usize;
        let before = peak(&column);
        let limits = (gap < reach).then(|| (share(before), share(column.len().saturating_sub(before + 1))));
        let mut this = Self { limits, model: None, rows };
        if !alike.is_empty() {
            this.model = Some((j, this.rows_of(local, j, &mut column)));
        }
        this
    }

    /// The rows of column j that count, those out of sight left out; where columns are periodic, counted on beyond the last.
    fn rows_of<T: Scalar>(&self, local: &dyn Local<T>, j: usize, column: &mut Vec<T>) -> Range<usize> {
        if let Some((model, rows)) = &self.model {
            let shifted = |row: usize| (row + j).saturating_sub(*model);
            let end = if local.period().is_some() { usize::MAX } else { self.rows };
            return shifted(rows.start).min(end)..shifted(rows.end).min(end);
        }
        column.clear();
        let first = local.segment(j, column);
        let whole = first..first + column.len();
        let Some((before, after)) = self.limits else { return whole };
        let centre = first + peak(column);
        whole.start.max(centre.saturating_sub(before))..whole.end.min(centre + after)
    }
}

/// The first of the largest entries.
fn peak<T: Scalar>(column: &[T]) -> usize {
    let mut best = 0;
    for (i, value) in column.iter().enumerate() {
        if value.abs2() > column[best].abs2() {
            best = i;
        }
    }
    best
}
