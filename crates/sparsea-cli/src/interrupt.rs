//! Ctrl-C: the first stops the run and keeps the best so far, the second ends the process.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};

use sparsea::Interrupt;

static INTERRUPTED: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// Exit status after an interruption: 128 + SIGINT, as shells expect.
pub const STATUS: u8 = 130;

/// Begins to listen. Where that is impossible, Ctrl-C ends the process as usual.
pub fn listen() {
    let interrupted = flag();
    let _ = ctrlc::set_handler(move || {
        if interrupted.swap(true, Ordering::Relaxed) {
            std::process::exit(i32::from(STATUS));
        }
    });
}

/// Whether Ctrl-C was pressed.
pub fn requested() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

/// What becomes true when Ctrl-C is pressed.
pub fn flag() -> Arc<AtomicBool> {
    INTERRUPTED.clone()
}

/// Stops a run, within a step too, when Ctrl-C was pressed.
pub fn watched() -> Interrupt {
    Interrupt::new(flag())
}
