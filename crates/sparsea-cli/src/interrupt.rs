//! Ctrl-C: the first stops the run and keeps the best so far, the second ends the process.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use sparsea::{Observer, Progress};

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Exit status after an interruption: 128 + SIGINT, as shells expect.
pub const STATUS: u8 = 130;

/// Begins to listen. Where that is impossible, Ctrl-C ends the process as usual.
pub fn listen() {
    let _ = ctrlc::set_handler(|| {
        if INTERRUPTED.swap(true, Ordering::Relaxed) {
            std::process::exit(i32::from(STATUS));
        }
    });
}

/// Whether Ctrl-C was pressed.
pub fn requested() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

/// What becomes true when Ctrl-C is pressed.
pub fn flag() -> &'static AtomicBool {
    &INTERRUPTED
}

/// Stops a run when Ctrl-C was pressed.
#[derive(Debug, Default)]
pub struct StopOnInterrupt;

impl<T> Observer<T> for StopOnInterrupt {
    fn step(&mut self, _progress: &Progress<'_>) -> ControlFlow<()> {
        if requested() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}
