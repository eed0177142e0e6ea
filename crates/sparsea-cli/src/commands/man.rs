//! `sparsea man`: manual pages.

use std::process::ExitCode;

use clap::{Command, CommandFactory};

use crate::cli::{Cli, Man};
use crate::export;
use crate::failure::Failure;
use crate::files::Files;
use crate::say::say_text;

pub fn run(arguments: &Man) -> Result<ExitCode, Failure> {
    // Names of pages are those of whole commands, such as sparsea-solve, which clap knows once it is built.
    let mut command = Cli::command();
    command.build();
    let Some(folder) = &arguments.output else {
        say_text(&page(&command)?)?;
        return Ok(ExitCode::SUCCESS);
    };
    let commands: Vec<&Command> = std::iter::once(&command)
        .chain(command.get_subcommands().filter(|one| !one.is_hide_set() && one.get_name() != "help"))
        .collect();
    let mut pages = Vec::new();
    for command in commands {
        let name = command.get_display_name().unwrap_or(command.get_name());
        pages.push((folder.join(format!("{name}.1")), page(command)?));
    }
    export::make_folder(folder)?;
    let mut files = Files::default();
    for (path, _) in &pages {
        files.claim(path)?;
        export::check_place(path)?;
    }
    for (path, text) in &pages {
        export::write_atomically(path, |out| out.write_all(text))?;
    }
    say!("Written: {} pages in {}", pages.len(), crate::text::path(folder));
    Ok(ExitCode::SUCCESS)
}

fn page(command: &Command) -> Result<Vec<u8>, Failure> {
    let mut text = Vec::new();
    clap_mangen::Man::new(command.clone())
        .render(&mut text)
        .map_err(|error| Failure::Message(format!("the manual page: {error}")))?;
    Ok(text)
}
