//! The subcommands, one file each.

mod algorithms;
mod batch;
mod compare;
mod completions;
mod deconvolve;
mod demo;
mod generate;
mod improve;
mod man;
mod path;
mod reproduce;
mod solve;
mod stability;
mod sweep;
mod theory;

use std::process::ExitCode;

use crate::cli::{Cli, Command, LimitOptions};
use crate::failure::Failure;
use crate::input;
use crate::say::{be_quiet, note};
use crate::values::MOST_THREADS;
use sparsea::Memory;

/// Does what was typed.
pub fn run(cli: Cli) -> Result<ExitCode, Failure> {
    if cli.quiet {
        be_quiet();
    }
    input::set_reading(cli.command.reading());
    start_threads(cli.threads)?;
    match cli.command {
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Solve(arguments) => solve::run(&arguments),
        Command::Deconvolve(arguments) => deconvolve::run(&arguments),
        Command::Path(arguments) => path::run(&arguments),
        Command::Stability(arguments) => stability::run(&arguments),
        Command::Compare(arguments) => compare::run(&arguments),
        Command::Improve(arguments) => improve::run(&arguments),
        Command::Sweep(arguments) => sweep::run(&arguments),
        Command::Reproduce(arguments) => reproduce::run(&arguments),
        Command::Theory(arguments) => theory::run(&arguments),
        Command::Generate(arguments) => generate::run(&arguments),
        Command::Algorithms(arguments) => algorithms::run(&arguments),
        Command::Completions(arguments) => completions::run(&arguments),
        Command::Man(arguments) => man::run(&arguments),
    }
}

/// Starts as many threads as --threads says. Without it they start when they are needed, as many as the environment says;
/// a number there that cannot be meant is not followed.
fn start_threads(given: Option<u32>) -> Result<(), Failure> {
    let asked = |name: &'static str| {
        let text = std::env::var(name).ok()?;
        text.parse::<usize>().ok().filter(|&count| count > 0).map(|count| (name, count))
    };
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get());
    // Threads that only wait for a core slow each other down: thousands on two cores take minutes to start and to end.
    let most = (16 * cores).clamp(256, MOST_THREADS as usize);
    let count = match (given, ["RAYON_NUM_THREADS", "RAYON_RS_NUM_CPUS"].into_iter().find_map(asked)) {
        (Some(count), _) if count as usize > most => {
            let line = format!("--threads must be at most {most} on this machine of {cores} cores, got {count}");
            return Err(Failure::Message(line));
        }
        (Some(count), _) => count as usize,
        (None, Some((name, asked))) if asked > most => {
            note(&format!(
                "{name} must be at most {most} on this machine of {cores} cores, got {asked}; using {cores}"
            ));
            cores
        }
        (None, _) => return Ok(()),
    };
    let started = rayon::ThreadPoolBuilder::new().num_threads(count).build_global();
    started.map_err(|error| Failure::Broken(format!("{count} threads cannot be started: {error}")))
}

impl LimitOptions {
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
