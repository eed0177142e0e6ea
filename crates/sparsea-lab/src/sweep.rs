//! Running a study: missing results are computed, in any order, on all threads, and committed as they are finished.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rayon::prelude::*;

use crate::error::LabError;
use crate::store::{Row, Store};
use crate::study::{Cell, Study, run_cell};

/// A part of a study: the i-th of N, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// i, from 1 to N.
    pub part: u64,
    /// N.
    pub of: u64,
}

impl Default for Shard {
    fn default() -> Self {
        Self { part: 1, of: 1 }
    }
}

impl Shard {
    /// Whether piece number `at` of the study belongs to it.
    pub(crate) fn holds(self, at: u64) -> bool {
        at % self.of == self.part - 1
    }
}

/// Options of a sweep.
#[derive(Debug, Clone, Copy)]
pub struct Conduct<'a> {
    /// The part of the study to compute.
    pub shard: Shard,
    /// When this becomes true, the problems being solved are finished and committed, and the sweep ends.
    pub stop: &'a AtomicBool,
    /// The threads to use. Default: rayon's global pool.
    pub pool: Option<&'a rayon::ThreadPool>,
}

/// How a sweep ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Everything of this shard is in the store.
    Complete,
    /// The sweep was asked to stop; results in the store are kept.
    Interrupted,
}

/// One problem to be made, and the algorithms that are to solve it.
#[derive(Debug, Clone)]
pub(crate) struct Unit {
    pub(crate) cell: Cell,
    pub(crate) run: u64,
    pub(crate) methods: Vec<usize>,
}

/// Time between two commits.
const COMMIT: Duration = Duration::from_millis(500);

/// Computes the results of the study that `store` lacks. `progress` is called with the numbers of problems done and to do.
///
/// # Errors
/// [`LabError::Store`], [`LabError::Problem`].
pub fn sweep(
    study: &Study,
    store: &mut Store,
    conduct: Conduct<'_>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Ended, LabError> {
    let present = store.present()?;
    let mut units = Vec::new();
    let mut piece = 0;
    for cell in &study.cells {
        for run in 0..study.runs {
            piece += 1;
            if conduct.shard.holds(piece - 1) {
                units.extend(missing(study, cell, run, &present));
            }
        }
    }
    compute(study, store, &units, conduct, progress)
}

/// What is missing of one problem.
pub(crate) fn missing(study: &Study, cell: &Cell, run: u64, present: &HashSet<(u64, u64, usize)>) -> Option<Unit> {
    let address = cell.address();
    let absent = (0..study.methods.len()).filter(|&method| !present.contains(&(address, run, method)));
    let methods: Vec<usize> = absent.collect();
    (!methods.is_empty()).then(|| Unit { cell: cell.clone(), run, methods })
}

/// Computes units on all threads of the current pool and writes them from this one.
pub(crate) fn compute(
    study: &Study,
    store: &mut Store,
    units: &[Unit],
    conduct: Conduct<'_>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Ended, LabError> {
    let total = units.len() as u64;
    progress(0, total);
    let (sender, receiver) = mpsc::sync_channel::<Result<Vec<Row>, LabError>>(1024);
    let abandoned = AtomicBool::new(false);
    let mut failed = None;
    std::thread::scope(|scope| {
        let abandoned = &abandoned;
        // The thread that writes is none of the pool's: those may wait for it.
        let work = move || {
            units.par_iter().with_max_len(1).for_each_with(sender, |sender, unit| {
                if conduct.stop.load(Ordering::Relaxed) || abandoned.load(Ordering::Relaxed) {
                    return;
                }
                let rows = run_cell(study, &unit.cell, unit.run, &unit.methods).map(|outcomes| {
                    let pairs = unit.methods.iter().zip(outcomes);
                    pairs
                        .map(|(&method, outcome)| Row { cell: unit.cell.clone(), run: unit.run, method, outcome })
                        .collect()
                });
                // The writer is gone only after an error of its own.
                let _ = sender.send(rows);
            });
        };
        scope.spawn(move || match conduct.pool {
            Some(pool) => pool.install(work),
            None => work(),
        });
        let (mut batch, mut last, mut done) = (Vec::new(), Instant::now(), 0);
        let mut written = Ok(());
        loop {
            let ended = match receiver.recv_timeout(COMMIT) {
                Ok(Ok(rows)) => {
                    batch.extend(rows);
                    done += 1;
                    false
                }
                Ok(Err(error)) => {
                    failed = failed.take().or(Some(error));
                    abandoned.store(true, Ordering::Relaxed);
                    false
                }
                Err(mpsc::RecvTimeoutError::Timeout) => false,
                Err(mpsc::RecvTimeoutError::Disconnected) => true,
            };
            if written.is_ok() && !batch.is_empty() && (ended || last.elapsed() >= COMMIT) {
                written = store.write(&batch);
                if written.is_err() {
                    abandoned.store(true, Ordering::Relaxed);
                }
                batch.clear();
                last = Instant::now();
                progress(done, total);
            }
            if ended {
                break;
            }
        }
        written
    })?;
    match failed {
        Some(error) => Err(error),
        None if conduct.stop.load(Ordering::Relaxed) => Ok(Ended::Interrupted),
        None => Ok(Ended::Complete),
    }
}
