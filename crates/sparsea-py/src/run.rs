//! Runs beside Python: the work on a thread of its own, while the calling thread listens for Ctrl-C and serves call-backs.
//!
//! The calling thread releases the GIL while it waits. When it must give up (Ctrl-C, an exception in a
//! call-back), it asks the run to stop, waits a moment, and returns; a run in the middle of a long step ends by itself
//! soon after. So the work owns all that it uses. Failures are values: products of a run that was told to stop are zero, and
//! the library leaves its step when it next looks. Only a panic, which is an error inside, unwinds.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use sparsea::operator::Failure;
use sparsea::{Interrupt, OperatorError};

/// How often Ctrl-C is looked for.
pub const LISTENING: Duration = Duration::from_millis(40);
/// How long a run that was told to stop is waited for.
const PATIENCE: Duration = Duration::from_millis(80);

/// Asks a run to stop, from any thread, and keeps the exception that made it stop.
#[derive(Debug, Default)]
pub struct Stop {
    requested: Arc<AtomicBool>,
    /// Tells the library that products of this run are not to be kept.
    failed: Failure,
    failure: Mutex<Option<PyErr>>,
}

thread_local! {
    /// What stops the run on whose behalf this thread computes a product that calls Python.
    static ENTERED: RefCell<Option<Arc<Stop>>> = const { RefCell::new(None) };
}

/// Says whose run a thread works for, until it is dropped.
pub struct Entered {
    before: Option<Arc<Stop>>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        ENTERED.set(self.before.take());
    }
}

impl Stop {
    /// Tells the run to stop.
    pub fn request(&self) {
        self.failed.set(OperatorError::new("the run was told to stop"));
        self.requested.store(true, Ordering::Relaxed);
    }

    /// Whether the run was told to stop.
    pub fn requested(&self) -> bool {
        self.requested.load(Ordering::Relaxed)
    }

    /// What tells the library that the run was told to stop.
    pub fn interrupt(&self) -> Interrupt {
        Interrupt::new(self.requested.clone())
    }

    /// Whether products of this run have failed.
    pub fn failed(&self) -> Failure {
        self.failed.clone()
    }

    /// Products on this thread belong to this run. An operator may serve several runs at a time, and ends the right one.
    pub fn enter(self: &Arc<Self>) -> Entered {
        Entered { before: ENTERED.replace(Some(self.clone())) }
    }

    /// What stops the run that this thread works for.
    pub fn entered() -> Arc<Self> {
        ENTERED.with_borrow(Clone::clone).unwrap_or_default()
    }

    /// Tells the run to stop with an exception; the first one counts. From now on its products are zero.
    pub fn fail(&self, failure: PyErr) {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(failure);
        self.request();
    }

    /// Tells the run to stop if Ctrl-C was pressed; for work on the calling thread.
    pub fn listen(&self) {
        if let Err(failure) = Python::attach(|py| py.check_signals()) {
            self.fail(failure);
        }
    }

    fn take_failure(&self) -> Option<PyErr> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Something that the calling thread does for the run; `true` asks the run to end.
type Job = Box<dyn FnOnce(Python<'_>) -> PyResult<bool> + Send>;

enum Message<R> {
    /// Do this and answer.
    Serve(Job, SyncSender<bool>),
    /// The work is done, or has panicked.
    Done(Result<R, Box<dyn Any + Send>>),
}

/// The run's way to the calling thread.
pub struct Caller<R> {
    sender: Mutex<Sender<Message<R>>>,
}

impl<R> Caller<R> {
    /// Has the calling thread do something, and waits for it. `true` asks the run to end.
    pub fn ask(&self, job: Job) -> bool {
        let (answer, answered) = sync_channel(1);
        let sent = self.sender.lock().unwrap_or_else(PoisonError::into_inner).send(Message::Serve(job, answer));
        // A caller that has gone wants nothing more.
        sent.is_err() || answered.recv().unwrap_or(true)
    }
}

/// Does `work` on a thread of its own and returns what it returns.
///
/// # Errors
/// KeyboardInterrupt, exceptions of call-backs, RuntimeError for an error inside.
pub fn beside<R: Send + 'static>(
    py: Python<'_>,
    stop: &Arc<Stop>,
    work: impl FnOnce(&Caller<R>) -> R + Send + 'static,
) -> PyResult<R> {
    let (sender, receiver) = channel();
    let caller = Caller { sender: Mutex::new(sender.clone()) };
    let spawned = std::thread::Builder::new().name("sparsea".into()).spawn(move || {
        let outcome = catch_unwind(AssertUnwindSafe(|| work(&caller)));
        // A caller that has gone wants no result.
        let _ = sender.send(Message::Done(outcome));
    });
    if let Err(problem) = spawned {
        return Err(PyRuntimeError::new_err(format!("a thread cannot be started: {problem}")));
    }
    listen(py, stop, Mutex::new(receiver))
}

/// Does `work` on this thread and returns what it returns: for work that is over in a moment, or asks [`Stop::listen`] now and
/// then. Saves the tenth of a millisecond that a thread of its own takes.
///
/// # Errors
/// As those of [`beside`].
pub fn here<R: Send>(py: Python<'_>, stop: &Stop, work: impl FnOnce(&Caller<R>) -> R + Send) -> PyResult<R> {
    // Nobody serves call-backs; there are none in such work.
    let caller = Caller { sender: Mutex::new(channel().0) };
    finish(stop, py.detach(|| catch_unwind(AssertUnwindSafe(|| work(&caller)))))
}

fn listen<R: Send>(py: Python<'_>, stop: &Stop, receiver: Mutex<Receiver<Message<R>>>) -> PyResult<R> {
    let receive =
        |wait: Duration| py.detach(|| receiver.lock().unwrap_or_else(PoisonError::into_inner).recv_timeout(wait));
    loop {
        let failure = match receive(LISTENING) {
            Ok(Message::Done(outcome)) => return finish(stop, outcome),
            Ok(Message::Serve(job, answer)) => match py.check_signals().and_then(|()| job(py)) {
                Ok(end) => {
                    // A run that has ended meanwhile wants no answer.
                    let _ = answer.send(end);
                    continue;
                }
                Err(failure) => failure,
            },
            Err(RecvTimeoutError::Timeout) => match py.check_signals() {
                Ok(()) => continue,
                Err(failure) => failure,
            },
            Err(RecvTimeoutError::Disconnected) => return Err(lost()),
        };
        stop.request();
        let begin = Instant::now();
        // Questions of the run are dropped, which answers them with an end.
        while let Ok(Message::Serve(..)) = receive(PATIENCE.saturating_sub(begin.elapsed())) {}
        return Err(failure);
    }
}

fn finish<R>(stop: &Stop, outcome: Result<R, Box<dyn Any + Send>>) -> PyResult<R> {
    if let Some(failure) = stop.take_failure() {
        return Err(failure);
    }
    outcome.map_err(|payload| {
        let said = payload.downcast_ref::<String>().cloned();
        let said = said.or_else(|| payload.downcast_ref::<&str>().map(|&text| text.to_owned()));
        match said {
            Some(text) => PyRuntimeError::new_err(format!("an error inside sparsea, please report it: {text}")),
            None => lost(),
        }
    })
}

fn lost() -> PyErr {
    PyRuntimeError::new_err("the run ended without a result")
}
