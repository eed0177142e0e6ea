//! What is said: results on standard output, complaints on standard error, and the exit status.

use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use crate::failure::Failure;
use crate::text;

/// Writes lines to standard output; `say!` is the short form. `println!` would panic on a closed pipe.
pub fn say(lines: fmt::Arguments<'_>) -> Result<(), Failure> {
    print(&text::visible_lines(&lines.to_string()))
}

/// Writes JSON to standard output.
pub fn say_json(value: &impl Serialize) -> Result<(), Failure> {
    print(&text::visible_json(&serde_json::to_string(value)?))
}

/// Writes text of the program's own, as it is, to standard output.
pub fn say_text(text: &[u8]) -> Result<(), Failure> {
    write(text)
}

fn print(lines: &str) -> Result<(), Failure> {
    write(format!("{lines}\n").as_bytes())
}

fn write(text: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout();
    out.write_all(text).and_then(|()| out.flush()).map_err(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => Failure::Closed,
        _ => Failure::Broken(format!("standard output: {error}")),
    })
}

static IS_QUIET: AtomicBool = AtomicBool::new(false);

/// From here on, nothing is said on standard error but why there is no result.
pub fn be_quiet() {
    IS_QUIET.store(true, Ordering::Relaxed);
}

/// Whether only refusals are said on standard error.
pub fn is_quiet() -> bool {
    IS_QUIET.load(Ordering::Relaxed)
}

/// Writes a line to standard error that explains a result, unless it is not wanted.
pub fn note(line: &str) {
    if !is_quiet() {
        complain(line);
    }
}

/// The same, once, of a file that is read more than once.
pub fn note_once(line: &str) {
    static SAID: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let mut said = SAID.lock().unwrap_or_else(PoisonError::into_inner);
    if !said.iter().any(|other| other == line) {
        said.push(line.to_owned());
        note(line);
    }
}

/// Writes a line to standard error.
pub fn complain(line: &str) {
    // Nobody is left to tell if standard error is closed.
    let _ = writeln!(io::stderr(), "sparsea: {}", text::visible(line));
}

/// Says why there is no result, and returns the exit status for that.
pub fn exit(failure: Failure) -> ExitCode {
    let (line, status) = match failure {
        Failure::Information(text) => {
            // Nobody is left to tell if standard output is closed.
            let _ = text.print();
            return ExitCode::SUCCESS;
        }
        Failure::Closed => return ExitCode::SUCCESS,
        Failure::Message(line) => (line, 2),
        Failure::Broken(line) => (line, 1),
    };
    complain(&line);
    ExitCode::from(status)
}
