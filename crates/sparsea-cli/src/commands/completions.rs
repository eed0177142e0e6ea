//! `sparsea completions`: scripts for shells.

use std::process::ExitCode;

use clap::CommandFactory;

use crate::cli::{Cli, Completions};
use crate::failure::Failure;
use crate::say::say_text;

pub fn run(arguments: &Completions) -> Result<ExitCode, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "sparsea", &mut script);
    say_text(&script)?;
    Ok(ExitCode::SUCCESS)
}
