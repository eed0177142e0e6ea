//! The optimum on steps: the best segmentation of a trace, by dynamic programming.

use serde::{Deserialize, Serialize};

use super::{Algorithm, Setting};
use crate::problem::{Needs, Problem};
use crate::scalar::Scalar;
use crate::support::Support;
use crate::tolerance::{SEGMENT_END, SEGMENT_TIE};
use crate::workspace::{Initial, Step, Workspace};

/// The optimal support of k columns of [`Steps`](crate::Steps): the one with the least ‖y − A x‖.
///
/// A support cuts the trace into segments, each fitted by its mean; samples before its first column are fitted by 0. Let F_q(t) be the
/// least sum of squares of residuals of the first t samples with q columns: F_0(t) = Σ_{i<t} |y_i|², and
///
/// F_q(t) = min over s < t of F_{q−1}(s) + min over μ of Σ_{s≤i<t} |y_i − μ|².
///
/// Iteration q computes F_q and moves to the best support of q columns. So the iterations give the optimum for every number of columns up
/// to k, and a limit on the residual finds the least number of columns that reaches it. The run ends before k if only the rounding of y is
/// left. The result does not depend on the start, which is kept only if the run is halted before an iteration is as good.
///
/// # Cost
/// On real data, segment starts s that are no longer best at any level μ are pruned. Few remain: an iteration takes m times 10 to 30
/// multiply-adds, and m² at worst. On complex data, only starts that no level allows are pruned, and an iteration takes about m².
///
/// # Reference
/// Bellman 1961, DOI 10.1145/366573.366611; for segments Auger & Lawrence 1989, DOI 10.1007/BF02458835, and Jackson et al. 2005,
/// DOI 10.1109/LSP.2001.838216; pruning by levels: Rigaill 2015, arXiv:1004.0887; Maidstone, Hocking, Rigaill & Fearnhead 2017,
/// DOI 10.1007/s11222-016-9636-3.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Segment {}

/// State of the segmentation between steps.
#[derive(Debug)]
pub struct State<T> {
    /// y, less its mean: segments have levels of their own, so their sums of squares are the same, and less is rounded.
    data: Vec<T>,
    /// q: the columns that are used so far.
    columns: usize,
    /// F_q(t) for t = 0 … m.
    least: Vec<f64>,
    /// The same for q + 1, while it is computed.
    next: Vec<f64>,
    /// Where the last segment of the best of q columns on the first t samples begins, at (q − 1) m + t − 1.
    begins: Vec<u32>,
    beginnings: Beginnings<T>,
    /// ‖r‖² below which only the rounding of y is left.
    rounding: f64,
    support: Support,
}

impl<T: Scalar> Algorithm<T> for Segment {
    const NAME: &'static str = "segment";
    const TITLE: &'static str = "Optimal Segmentation";
    const SUMMARY: &'static str = "finds the optimum on the operator Steps by dynamic programming";
    const REFERENCE: &'static str = "Auger & Lawrence 1989, 10.1007/BF02458835; Rigaill 2015, arXiv:1004.0887";
    const COST: &'static str = "10 m to 30 m (real data), at most m²";
    const MEMORY: &'static str = "k m / 2";
    const WHEN: &'static str = "change points, where A is `Steps`: nothing is better";
    const NEEDS: Needs = Needs::STEPS;
    const SETTINGS: &'static [Setting] = &[];
    const REVISITS: bool = false;

    type State = State<T>;

    fn state_size(&self, problem: &Problem<'_, T>) -> usize {
        let samples = problem.operator().nrows();
        if u32::try_from(samples).is_err() {
            return usize::MAX;
        }
        problem.sparsity().saturating_mul(samples).saturating_mul(size_of::<u32>()) / size_of::<T>()
    }

    fn start(&self, workspace: &mut Workspace<'_, T>, initial: &Initial<T>) -> State<T> {
        workspace.start_at(initial);
        let (data, norm) = (workspace.system().data, workspace.data_norm());
        State::new(data, workspace.sparsity(), (SEGMENT_END * norm).powi(2))
    }

    fn step(&self, state: &mut State<T>, workspace: &mut Workspace<'_, T>, _budget: u64) -> Step {
        if state.is_done(workspace.sparsity()) {
            return Step { iterations: 0, finished: true };
        }
        if !state.advance(|| workspace.stop()) {
            return Step { iterations: 0, finished: false };
        }
        workspace.fit_apart(&state.support);
        Step { iterations: 1, finished: state.is_done(workspace.sparsity()) }
    }
}

impl<T: Scalar> State<T> {
    fn new(data: &[T], sparsity: usize, rounding: f64) -> Self {
        let samples = data.len();
        let mean = data.iter().copied().sum::<T>().scale(1.0 / samples as f64);
        let mut least = Vec::with_capacity(samples + 1);
        let mut sum = 0.0;
        least.push(sum);
        least.extend(data.iter().map(|y| {
            sum += y.abs2();
            sum
        }));
        let data: Vec<T> = data.iter().map(|&y| y - mean).collect();
        Self {
            columns: 0,
            least,
            next: vec![f64::INFINITY; samples + 1],
            begins: Vec::with_capacity(sparsity * samples),
            beginnings: Beginnings::new(&data),
            data,
            rounding,
            support: Support::new(),
        }
    }

    /// Whether there are k columns, or nothing is left for more.
    fn is_done(&self, sparsity: usize) -> bool {
        self.columns == sparsity || self.least[self.data.len()] <= self.rounding
    }

    /// Goes from the optimum of q columns to that of q + 1; false, if it was given up.
    fn advance(&mut self, stop: impl Fn() -> bool) -> bool {
        /// Samples after which to ask whether to stop.
        const ASKED: usize = 256;
        let samples = self.data.len();
        self.next.fill(f64::INFINITY);
        self.beginnings.clear();
        // As many columns as have been used need as many samples.
        self.begins.resize(self.begins.len() + self.columns, 0);
        for t in self.columns..samples {
            if t % ASKED == 0 && stop() {
                return false;
            }
            self.beginnings.add(t as u32, self.least[t]);
            self.beginnings.see(self.data[t]);
            let (sum, begin) = self.beginnings.least();
            self.next[t + 1] = sum;
            self.begins.push(begin);
        }
        std::mem::swap(&mut self.least, &mut self.next);
        self.columns += 1;
        let mut end = samples;
        let begins = self.begins.chunks_exact(samples).rev().map(|begins| {
            end = begins[end - 1] as usize;
            end
        });
        self.support = begins.collect();
        true
    }
}

/// A beginning of the last segment.
#[derive(Debug, Clone, Copy)]
struct Beginning<T> {
    /// Its row s.
    row: u32,
    /// F_{q−1}(s).
    before: f64,
    /// Samples since.
    count: f64,
    /// Their mean.
    mean: T,
    /// Σ|y_i − mean|² of them, summed up without cancellation.
    squares: f64,
}

/// Levels between two bounds, at which one beginning is the best of all.
#[derive(Debug, Clone, Copy)]
struct Levels {
    low: f64,
    high: f64,
    /// Its place among the beginnings.
    best: u32,
}

/// The beginnings that the best last segment may have, now or after any samples to come.
#[derive(Debug)]
struct Beginnings<T> {
    /// By their rows.
    kept: Vec<Beginning<T>>,
    /// Of real data: for every level from the least sample to the largest, which is best there. Every further sample adds the same to all
    /// at a level, so what is best at none will never be.
    levels: Vec<Levels>,
    spare: Vec<Levels>,
    range: (f64, f64),
    /// For each beginning, the bounds between which it is better than the one that is added (NaN: nowhere), and then its place among those kept.
    bounds: Vec<(f64, f64)>,
    places: Vec<u32>,
}

/// No place.
const NOWHERE: u32 = u32::MAX;

impl<T: Scalar> Beginnings<T> {
    fn new(data: &[T]) -> Self {
        let range = data.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), y| {
            let level = y.real();
            (low.min(level), high.max(level))
        });
        Self { kept: vec![], levels: vec![], spare: vec![], range, bounds: vec![], places: vec![] }
    }

    fn clear(&mut self) {
        self.kept.clear();
        self.levels.clear();
    }

    /// Adds a beginning, `before` which the least sum of squares is that, and drops those that are the best at no level any more.
    fn add(&mut self, row: u32, before: f64) {
        let new = Beginning { row, before, count: 0.0, mean: T::ZERO, squares: 0.0 };
        if self.kept.is_empty() {
            let (low, high) = self.range;
            self.levels.push(Levels { low, high, best: 0 });
            self.kept.push(new);
            return;
        }
        self.bounds.clear();
        self.bounds.extend(self.kept.iter().map(|old| {
            // old.before + Σ|y_i − μ|² is a parabola in μ.
            let room = before - old.before - old.squares;
            // Of equal ones the new one stays: of a constant stretch all would.
            let reach = if room > SEGMENT_TIE * before { (room / old.count).sqrt() } else { f64::NAN };
            (old.mean.real() - reach, old.mean.real() + reach)
        }));
        self.places.clear();
        if T::IS_COMPLEX {
            self.places.extend(self.bounds.iter().map(|bounds| if bounds.0.is_nan() { NOWHERE } else { 0 }));
        } else {
            self.places.resize(self.kept.len(), NOWHERE);
            self.divide();
        }
        let mut count = 0;
        for at in 0..self.kept.len() {
            if self.places[at] != NOWHERE {
                self.places[at] = count;
                self.kept[count as usize] = self.kept[at];
                count += 1;
            }
        }
        self.kept.truncate(count as usize);
        self.kept.push(new);
        for levels in &mut self.levels {
            // The new one is the last.
            levels.best = self.places.get(levels.best as usize).copied().unwrap_or(count);
        }
    }

    /// Divides the levels among the beginnings and the new one, whose place is after the last.
    fn divide(&mut self) {
        let new = self.kept.len() as u32;
        let divided = &mut self.spare;
        divided.clear();
        let mut push = |low: f64, high: f64, best: u32| match divided.last_mut() {
            Some(last) if last.best == best => last.high = high,
            _ => divided.push(Levels { low, high, best }),
        };
        for &Levels { low, high, best } in &self.levels {
            let bounds = self.bounds[best as usize];
            let (from, to) = (low.max(bounds.0), high.min(bounds.1));
            // NaN, where it is nowhere better, is passed over by max and min. A single level is one only if it is all there is.
            if bounds.0.is_nan() || from > to || (from == to && low < high) {
                push(low, high, new);
                continue;
            }
            if low < from {
                push(low, from, new);
            }
            push(from, to, best);
            self.places[best as usize] = 0;
            if to < high {
                push(to, high, new);
            }
        }
        std::mem::swap(&mut self.levels, &mut self.spare);
    }

    /// Adds a sample to the last segment.
    fn see(&mut self, sample: T) {
        for one in &mut self.kept {
            let off = sample - one.mean;
            let share = 1.0 / (one.count + 1.0);
            one.mean += off.scale(share);
            one.squares += off.abs2() * (one.count * share);
            one.count += 1.0;
        }
    }

    /// The least sum of squares, and the beginning of the last segment; of equal ones the first.
    fn least(&self) -> (f64, u32) {
        let mut best = (f64::INFINITY, 0);
        for one in &self.kept {
            let sum = one.before + one.squares;
            if sum < best.0 {
                best = (sum, one.row);
            }
        }
        best
    }
}
