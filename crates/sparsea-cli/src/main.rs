//! The `sparsea` command: sparse support recovery from files.

/// Prints a line; ends the command quietly when nobody reads it any more.
macro_rules! say {
    ($($text:tt)*) => { $crate::say::say(format_args!($($text)*))? };
}

mod batch;
mod blocks;
mod cli;
mod commands;
mod defaults;
mod draw;
mod export;
mod failure;
mod files;
mod image;
mod input;
mod interrupt;
mod model;
mod origin;
mod problem;
mod progress;
mod report;
mod say;
mod table;
mod text;
mod trace_file;
mod values;

use std::process::ExitCode;

fn main() -> ExitCode {
    match cli::parse().and_then(commands::run) {
        Ok(code) => code,
        Err(failure) => say::exit(failure),
    }
}
