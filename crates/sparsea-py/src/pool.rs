//! Pools of threads that outlive a call.

use std::sync::Mutex;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

/// A pool of threads, which is kept for the next run that wants as many: to start threads takes longer than many a run.
pub struct Lease {
    process: u32,
    pool: Option<rayon::ThreadPool>,
}

/// Pools that wait for a run, each with the process in which it was made: threads do not survive a fork.
static IDLE: Mutex<Vec<(u32, rayon::ThreadPool)>> = Mutex::new(Vec::new());
/// The most pools that wait.
const MOST_IDLE: usize = 16;

/// A pool of so many threads, for as long as the lease is held.
///
/// # Errors
/// RuntimeError if the system starts no more threads.
pub fn pool(threads: usize) -> PyResult<Lease> {
    let process = std::process::id();
    // Never waited for: a fork may have left it locked.
    let found = IDLE.try_lock().ok().and_then(|mut idle| {
        let foreign: Vec<_> = idle.extract_if(.., |(made, _)| *made != process).collect();
        foreign.into_iter().for_each(std::mem::forget);
        let found = idle.iter().position(|(_, pool)| pool.current_num_threads() == threads);
        found.map(|at| idle.swap_remove(at).1)
    });
    let build = || rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let failed = |problem| PyRuntimeError::new_err(format!("{threads} threads cannot be started: {problem}"));
    let pool = found.map_or_else(build, Ok).map_err(failed)?;
    Ok(Lease { process, pool: Some(pool) })
}

impl Lease {
    /// Does `work` in the pool.
    pub fn install<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        match &self.pool {
            Some(pool) => pool.install(work),
            None => work(),
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(pool) = self.pool.take()
            && let Ok(mut idle) = IDLE.try_lock()
            && idle.len() < MOST_IDLE
        {
            idle.push((self.process, pool));
        }
    }
}
