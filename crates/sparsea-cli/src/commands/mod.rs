//! The subcommands, one file each.

mod algorithms;
mod compare;
mod deconvolve;
mod demo;
mod generate;
mod improve;
mod reproduce;
mod solve;
mod sweep;
mod theory;

use std::process::ExitCode;

use crate::cli::{Cli, Command, Failure, Limits};
use sparsea::Memory;

/// Does what was typed.
pub fn run(cli: Cli) -> Result<ExitCode, Failure> {
    if let Some(threads) = cli.threads {
        rayon::ThreadPoolBuilder::new().num_threads(threads as usize).build_global()?;
    }
    match cli.command {
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Solve(arguments) => solve::run(&arguments),
        Command::Deconvolve(arguments) => deconvolve::run(&arguments),
        Command::Compare(arguments) => compare::run(&arguments),
        Command::Improve(arguments) => improve::run(&arguments),
        Command::Sweep(arguments) => sweep::run(&arguments),
        Command::Reproduce(arguments) => reproduce::run(&arguments),
        Command::Theory(arguments) => theory::run(&arguments),
        Command::Generate(arguments) => generate::run(&arguments),
        Command::Algorithms(arguments) => algorithms::run(&arguments),
    }
}

impl Limits {
    /// What a run may use.
    fn memory(&self) -> Memory {
        self.memory.map_or_else(Memory::default, Memory::total)
    }

    /// The limits as the library knows them.
    fn of_run(&self) -> sparsea::Limits {
        let &Self { iterations, time, relative_residual, stagnation, .. } = self;
        sparsea::Limits { iterations, time, relative_residual, stagnation, ..sparsea::Limits::default() }
    }
}
