//! Threads: how many, and in which pool.
//!
//! The common pool of rayon is made by the first call that needs it, in the process that loaded this module. A forked process
//! has a copy of it without its threads, in which work would wait for ever; there, pools made in that process serve.

use std::sync::{Mutex, OnceLock};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

/// A pool of threads, which is kept for the next run that wants as many: to start threads takes longer than many a run.
pub struct Lease {
    process: u32,
    pool: Option<rayon::ThreadPool>,
}

/// Pools that wait for a run, each with the process in which it was made: threads do not survive a fork.
static IDLE: Mutex<Vec<(u32, rayon::ThreadPool)>> = Mutex::new(Vec::new());
/// The most threads in pools that wait.
const MOST_IDLE: usize = 64;
/// The most threads that `RAYON_NUM_THREADS` may ask for where there are fewer processors.
const MOST_BY_DEFAULT: usize = 256;

/// The process that loaded this module.
static PROCESS: OnceLock<u32> = OnceLock::new();

/// Notes the process that loads this module.
pub fn note_process() {
    PROCESS.get_or_init(std::process::id);
}

/// Whether this process was forked from the one that loaded this module.
pub fn is_forked() -> bool {
    PROCESS.get().is_some_and(|&process| process != std::process::id())
}

/// The threads that work has where no number is asked for: as many as there are processors, or as the variable
/// `RAYON_NUM_THREADS` says within reason.
pub fn default_threads() -> usize {
    // Asking the system reads files of the control group, which takes longer than a small problem.
    static PROCESSORS: OnceLock<usize> = OnceLock::new();
    let processors = *PROCESSORS.get_or_init(|| std::thread::available_parallelism().map_or(1, usize::from));
    let variable = std::env::var("RAYON_NUM_THREADS").ok().and_then(|text| text.trim().parse::<u128>().ok());
    match variable {
        None | Some(0) => processors,
        Some(wanted) => {
            let most = processors.max(MOST_BY_DEFAULT);
            usize::try_from(wanted).map_or(most, |wanted| wanted.min(most))
        }
    }
}

/// Does `work` where products are shared among so many threads, or among those of the default, all of this process.
///
/// # Errors
/// RuntimeError if the system starts no more threads.
pub fn within<R: Send>(threads: Option<usize>, work: impl FnOnce() -> R + Send) -> PyResult<R> {
    match threads {
        None if !is_forked() && common_pool() => Ok(work()),
        threads => Ok(pool(threads.unwrap_or_else(default_threads))?.install(work)),
    }
}

/// Makes the common pool, unless it is there, and says whether it could be made. Left to itself it would have as many
/// threads as the variable says.
fn common_pool() -> bool {
    static MADE: OnceLock<bool> = OnceLock::new();
    *MADE.get_or_init(|| rayon::ThreadPoolBuilder::new().num_threads(default_threads()).build_global().is_ok())
}

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
    let pool = found.map_or_else(build, Ok).map_err(|problem| unstarted(threads, &problem))?;
    Ok(Lease { process, pool: Some(pool) })
}

/// The error where the system starts no more threads.
pub fn unstarted(threads: usize, problem: &dyn std::fmt::Display) -> PyErr {
    PyRuntimeError::new_err(format!("{threads} threads cannot be started: {problem}"))
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
        {
            let waiting: usize = idle.iter().map(|(_, pool)| pool.current_num_threads()).sum();
            if waiting + pool.current_num_threads() <= MOST_IDLE.max(2 * default_threads()) {
                idle.push((self.process, pool));
            }
        }
    }
}
