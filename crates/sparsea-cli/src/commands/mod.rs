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
use sparsea::{Halt, Memory};

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

    /// The halting rule, or `None` for the algorithm's own.
    fn halt(&self) -> Option<Halt> {
        let rules: Vec<Halt> = [
            self.iterations.map(Halt::Iterations),
            self.time.map(Halt::Time),
            self.relative_residual.map(Halt::RelativeResidual),
            self.stagnation.map(Halt::Stagnation),
        ]
        .into_iter()
        .flatten()
        .collect();
        // A residual may never be reached: unless time is the limit, iterations are.
        let endless = self.iterations.is_none() && self.time.is_none() && self.stagnation.is_none();
        match rules.len() {
            0 => None,
            _ if endless => Some(Halt::Any(rules).or(Halt::Iterations(1000))),
            _ => Some(Halt::Any(rules)),
        }
    }
}
