//! Interrupts: stopping a run within a step, by a flag that any thread may set or by a deadline.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::clock::Instant;
use crate::failure::Failure;
use crate::stop_reason::StopReason;

/// Stops a run, or the measuring of a problem, within a step. It is checked between products with A, so the run stops within the time of
/// one product.
#[derive(Debug, Clone, Default)]
pub struct Interrupt {
    flag: Option<Arc<AtomicBool>>,
    deadline: Option<Instant>,
    failure: Option<Failure>,
}

impl Interrupt {
    /// Stops when `flag` becomes true.
    pub fn new(flag: Arc<AtomicBool>) -> Self {
        Self { flag: Some(flag), ..Self::default() }
    }

    /// Also stops at `deadline`, if that is earlier than any deadline already set.
    #[must_use]
    pub fn by(mut self, deadline: Instant) -> Self {
        self.deadline = Some(self.deadline.map_or(deadline, |before| before.min(deadline)));
        self
    }

    /// Stops when a product with A has failed too.
    #[must_use]
    pub(crate) fn failing(mut self, failure: Option<Failure>) -> Self {
        self.failure = failure;
        self
    }

    /// The reason to stop now, if there is one.
    pub fn reason(&self) -> Option<StopReason> {
        let failed = self.failure.as_ref().is_some_and(Failure::is_set);
        if failed || self.flag.as_ref().is_some_and(|flag| flag.load(Ordering::Relaxed)) {
            Some(StopReason::Interrupted)
        } else if self.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            Some(StopReason::Time)
        } else {
            None
        }
    }
}

/// An [`Interrupt`], and whether work was given up because of it: what that work left behind is not to be used.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    interrupt: Interrupt,
    noticed: AtomicBool,
}

impl Watch {
    /// Watches for another interrupt.
    pub(crate) fn begin(&mut self, interrupt: Interrupt) {
        *self = Self { interrupt, noticed: AtomicBool::new(false) };
    }

    /// What is watched for.
    pub(crate) fn interrupt(&self) -> Interrupt {
        self.interrupt.clone()
    }

    /// Whether to give up. Whoever asks and hears yes does.
    pub(crate) fn stop(&self) -> bool {
        let stop = self.noticed() || self.interrupt.reason().is_some();
        if stop {
            self.noticed.store(true, Ordering::Relaxed);
        }
        stop
    }

    /// Whether work was given up.
    pub(crate) fn noticed(&self) -> bool {
        self.noticed.load(Ordering::Relaxed)
    }

    /// Why work was given up.
    pub(crate) fn reason(&self) -> Option<StopReason> {
        self.noticed().then(|| self.interrupt.reason().unwrap_or(StopReason::Time))
    }
}
