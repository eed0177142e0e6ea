//! Where success ends: for each algorithm and each m, the largest k that is recovered at a given rate, located along k instead of trying
//! every k.
//!
//! The rule is as follows. A rate is *decided* at k when its Clopper–Pearson interval at the given confidence excludes the level, or, once
//! all runs are made, by the estimate itself. It is checked after every block of runs. Bisection from k = 0 (success) and min(m, n) + 1
//! (failure) finds neighbours k, k + 1 with success at k and failure at k + 1. The curve passes between them, where the line through their
//! two rates meets the level. Its interval extends down to the next k at which the interval of the rate lies above the level, and up to the
//! next k at which it lies below. Success is assumed to decrease with k.

use std::collections::{BTreeMap, HashMap};

use crate::error::LabError;
use crate::statistics::rate;
use crate::store::Store;
use crate::study::{Cell, Study, Transition};
use crate::sweep::{Conduct, Ended, Unit, compute};

/// Successes and runs by k.
pub type Counts = BTreeMap<usize, (u64, u64)>;

/// Where the curve passes, in units of k.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Location {
    /// Where the rate meets the level.
    pub k: f64,
    /// The largest smaller k that is recovered with confidence; 0 if there is none.
    pub low: usize,
    /// The smallest larger k that fails with confidence.
    pub high: usize,
}

/// What is known of one k.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Above {
        surely: bool,
    },
    Below {
        surely: bool,
    },
    /// More runs are needed.
    Open,
}

fn verdict(counts: &Counts, k: usize, most: usize, runs: u64, rule: &Transition) -> Verdict {
    if k == 0 {
        return Verdict::Above { surely: true };
    }
    if k > most {
        return Verdict::Below { surely: true };
    }
    let &(successes, made) = counts.get(&k).unwrap_or(&(0, 0));
    // Only whole blocks are looked at, so that decisions fall after the same runs however often a sweep was interrupted.
    if made > 0 && (made % rule.block == 0 || made >= runs) {
        let rate = rate(successes, made, rule.confidence);
        if rate.low > rule.level {
            return Verdict::Above { surely: true };
        }
        if rate.high < rule.level {
            return Verdict::Below { surely: true };
        }
        if made >= runs {
            let above = rate.value >= rule.level;
            return if above { Verdict::Above { surely: false } } else { Verdict::Below { surely: false } };
        }
    }
    Verdict::Open
}

/// The k at which more runs are needed, or the location. It depends only on the counts, so it does not matter when and where the runs were
/// made.
pub fn locate(counts: &Counts, most: usize, runs: u64, rule: &Transition) -> Result<Location, usize> {
    let at = |k: usize| verdict(counts, k, most, runs, rule);
    let (mut success, mut failure) = (0, most + 1);
    while failure - success > 1 {
        let middle = usize::midpoint(success, failure);
        match at(middle) {
            Verdict::Above { .. } => success = middle,
            Verdict::Below { .. } => failure = middle,
            Verdict::Open => return Err(middle),
        }
    }
    let mut low = success;
    while at(low) != (Verdict::Above { surely: true }) {
        if at(low) == Verdict::Open {
            return Err(low);
        }
        low -= 1;
    }
    let mut high = failure;
    while at(high) != (Verdict::Below { surely: true }) {
        if at(high) == Verdict::Open {
            return Err(high);
        }
        high += 1;
    }
    let value = |k: usize| match counts.get(&k) {
        Some(&(successes, made)) if made > 0 => successes as f64 / made as f64,
        _ => f64::from(u8::from(k == 0)),
    };
    let (above, below) = (value(success), value(failure));
    let share = if above > below { ((above - rule.level) / (above - below)).clamp(0.0, 1.0) } else { 0.5 };
    Ok(Location { k: success as f64 + share, low, high })
}

/// Counts by cell (its k apart) and algorithm.
type AllCounts = HashMap<(usize, usize), Counts>;

/// Runs a study with a transition until every curve is located.
///
/// # Errors
/// [`LabError::Store`], [`LabError::Problem`].
pub fn locate_all(
    study: &Study,
    rule: &Transition,
    store: &mut Store,
    conduct: Conduct<'_>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Ended, LabError> {
    let mut counts = read(study, store)?;
    loop {
        let (mut units, mut open, mut all) = (Vec::<Unit>::new(), 0, 0);
        let mut wanted: BTreeMap<(usize, usize, u64), Vec<usize>> = BTreeMap::new();
        for (at, cell) in study.cells.iter().enumerate().filter(|(at, _)| conduct.shard.holds(*at as u64)) {
            for method in 0..study.methods.len() {
                all += 1;
                let known = counts.entry((at, method)).or_default();
                if let Err(k) = locate(known, cell.rows.min(cell.columns), study.runs, rule) {
                    open += 1;
                    let made = known.get(&k).map_or(0, |&(_, made)| made);
                    for run in made..((made / rule.block + 1) * rule.block).min(study.runs) {
                        wanted.entry((at, k, run)).or_default().push(method);
                    }
                }
            }
        }
        progress(all - open, all);
        if open == 0 {
            return Ok(Ended::Complete);
        }
        for ((at, k, run), methods) in wanted {
            units.push(Unit { cell: study.cells[at].with_sparsity(k), run, methods });
        }
        if compute(study, store, &units, conduct, &mut |_, _| {})? == Ended::Interrupted {
            return Ok(Ended::Interrupted);
        }
        counts = read(study, store)?;
    }
}

/// Counts of exact recoveries in a store. Only the runs 0, 1, … up to the first gap count.
pub fn read(study: &Study, store: &Store) -> Result<AllCounts, LabError> {
    let bases: HashMap<u64, usize> =
        study.cells.iter().enumerate().map(|(at, cell)| (cell.with_sparsity(1).address(), at)).collect();
    let labels: HashMap<&str, usize> =
        study.methods.iter().enumerate().map(|(at, method)| (method.label.as_str(), at)).collect();
    let mut counts = AllCounts::new();
    let Some(family) = study.cells.first().map(|cell| cell.family) else { return Ok(counts) };
    for (row, successes, made) in store.successes()? {
        let (rows, columns, parameter, snr_db) = (row.rows, row.columns, row.parameter, row.snr_db);
        let cell = Cell { family, rows, columns, sparsity: 1, parameter, snr_db };
        if let (Some(&at), Some(&method)) = (bases.get(&cell.address()), labels.get(row.algorithm.as_str())) {
            counts.entry((at, method)).or_default().insert(row.sparsity, (successes, made));
        }
    }
    Ok(counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs a rate that falls linearly until it is located, and returns the location and the runs made.
    fn located(truth: impl Fn(usize) -> f64, most: usize) -> (Location, u64) {
        let rule = Transition::default();
        let mut counts = Counts::new();
        loop {
            match locate(&counts, most, 1000, &rule) {
                Ok(location) => return (location, counts.values().map(|&(_, made)| made).sum()),
                Err(k) => {
                    let (successes, made) = counts.entry(k).or_default();
                    *made += rule.block;
                    *successes = (truth(k) * *made as f64).round() as u64;
                }
            }
        }
    }

    #[test]
    fn the_curve_is_found_with_few_runs() {
        let (location, runs) = located(|k| if k < 20 { 1.0 } else { 0.0 }, 64);
        assert_eq!((location.low, location.high), (19, 20));
        assert!((19.0..20.0).contains(&location.k), "{location:?}");
        assert!(runs < 1500, "{runs}");
        let (location, _) = located(|k| 1.0 - 0.01 * k as f64, 64);
        assert!((location.k - 5.0).abs() <= 0.5 && location.low < 5 && location.high > 5, "{location:?}");
        let (nothing, _) = located(|_| 0.0, 64);
        assert_eq!((nothing.low, nothing.high), (0, 1));
        let (everything, _) = located(|_| 1.0, 8);
        assert_eq!((everything.low, everything.high, everything.k), (8, 9, 8.0 + 0.05));
    }
}
