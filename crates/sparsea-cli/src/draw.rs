//! Pictures in the terminal, for `--plot -`.

use std::env;
use std::io::{self, IsTerminal};
use std::path::Path;

use sparsea_lab::plot::{Figure, Terminal};

use crate::failure::Failure;
use crate::say::say_text;

/// Whether a picture is drawn on standard output, not written to a file.
pub fn is_shown(path: &Path) -> bool {
    path == Path::new("-")
}

/// Draws a picture below what was said: as wide as the terminal, or 80 columns; in colours only in a terminal that wants
/// them.
pub fn show(figure: &Figure) -> Result<(), Failure> {
    /// A picture is no taller in a taller terminal.
    const MOST_LINES: usize = 36;
    let mut terminal = Terminal::default();
    if io::stdout().is_terminal() {
        if let Some((width, height)) = terminal_size::terminal_size() {
            terminal.columns = usize::from(width.0);
            // Two lines stay for the prompt.
            terminal.lines = usize::from(height.0).saturating_sub(2).clamp(terminal.lines, MOST_LINES);
        }
        // <https://no-color.org>: whatever the value is, unless it is empty.
        let is_unwanted = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        terminal.color = !is_unwanted && env::var_os("TERM").is_none_or(|name| name != "dumb");
    }
    say_text(format!("\n{}", figure.text(terminal)).as_bytes())
}
