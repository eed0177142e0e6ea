//! `sparsea algorithms`: the registry, for people and for programs.

use std::iter;
use std::process::ExitCode;

use serde_json::json;
use sparsea::algorithms::{Entry, find, registry};

use crate::cli::Algorithms;
use crate::failure::Failure;
use crate::say::say_json;

pub fn run(arguments: &Algorithms) -> Result<ExitCode, Failure> {
    let entries = match &arguments.name {
        Some(name) => vec![find::<f64>(name)?],
        None => registry(),
    };
    if arguments.json {
        let algorithms: Vec<_> = entries
            .iter()
            .map(|entry| {
                let settings: Vec<_> = entry
                    .settings
                    .iter()
                    .map(|setting| {
                        json!({ "name": setting.name, "range": setting.range, "default": setting.default, "meaning": setting.meaning })
                    })
                    .collect();
                json!({
                    "name": entry.name, "title": entry.title, "summary": entry.summary,
                    "reference": entry.reference, "operator": entry.needs.operator(), "settings": settings,
                })
            })
            .collect();
        say_json(&json!({ "algorithms": algorithms }))?;
        return Ok(ExitCode::SUCCESS);
    }
    let width = entries.iter().map(|entry| entry.name.len()).max().unwrap_or(0).max(4) + 2;
    let texts: Vec<String> = entries.iter().map(|entry| text(entry, width)).collect();
    say!("{}", texts.join("\n\n"));
    if arguments.name.is_none() {
        say!("\nJoin them with + to start each from the solution of the one before: --algorithm omp+sea");
    }
    Ok(ExitCode::SUCCESS)
}

/// Its name in a column of `width`, what is to be said of it in another.
fn text(entry: &Entry<f64>, width: usize) -> String {
    let mut lines = vec![entry.title.to_owned(), entry.summary.to_owned()];
    for setting in entry.settings {
        lines.push(format!("{} = {}: {}; {}", setting.name, setting.default, setting.meaning, setting.range));
    }
    if let Some(operator) = entry.needs.operator() {
        lines.push(format!("for the operator {operator} of the library and of Python alone"));
    }
    lines.push(entry.reference.to_owned());
    let labels = iter::once(entry.name).chain(iter::repeat(""));
    labels.zip(lines).map(|(label, line)| format!("{label:<width$}{line}")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_do_not_touch_what_follows() {
        let mut entry = registry()[0];
        (entry.name, entry.title) = ("subspace_pursuit", "Title");
        let text = text(&entry, 18);
        assert!(text.starts_with("subspace_pursuit  Title\n"), "{text}");
        assert!(text.lines().skip(1).all(|line| line.starts_with(&" ".repeat(18)) && !line[18..].starts_with(' ')));
    }
}
