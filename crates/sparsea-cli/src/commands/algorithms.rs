//! `sparsea algorithms`: the registry, for people and for programs.

use std::process::ExitCode;

use serde_json::json;
use sparsea::algorithms::registry;

use crate::cli::{Algorithms, Failure};

pub fn run(arguments: &Algorithms) -> Result<ExitCode, Failure> {
    let entries = registry::<f64>();
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
                    "reference": entry.reference, "settings": settings,
                })
            })
            .collect();
        say!("{}", json!({ "algorithms": algorithms }));
        return Ok(ExitCode::SUCCESS);
    }
    for entry in &entries {
        say!("{:<6}{}", entry.name, entry.title);
        say!("      {}", entry.summary);
        for setting in entry.settings {
            say!("      {} = {}: {}; {}", setting.name, setting.default, setting.meaning, setting.range);
        }
        say!("      {}\n", entry.reference);
    }
    say!("Join them with + to start each from the solution of the one before: --algorithm omp+sea");
    Ok(ExitCode::SUCCESS)
}
