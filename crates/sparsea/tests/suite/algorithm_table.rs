//! docs/algorithms.md says what the registry says.

use std::fmt::Write;
use std::path::PathBuf;

use sparsea::Scalar;
use sparsea::algorithms::{Entry, registry};

use crate::common::C;

/// Everything between these two lines of the file is made from the registry.
const BEGIN: &str = "<!-- from the registry: begin -->";
const END: &str = "<!-- from the registry: end -->";

/// A bar would end a cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// Identifiers as links that lead somewhere.
fn linked(reference: &str) -> String {
    let link = |word: &str| {
        let bare = word.trim_end_matches([';', ',']);
        let rest = &word[bare.len()..];
        match bare.strip_prefix("arXiv:") {
            Some(number) => format!("[{bare}](https://arxiv.org/abs/{number}){rest}"),
            None if bare.starts_with("10.") => format!("[{bare}](https://doi.org/{bare}){rest}"),
            None => word.to_owned(),
        }
    };
    reference.split(' ').map(link).collect::<Vec<_>>().join(" ")
}

fn table() -> String {
    let complex: Vec<&str> = registry::<C>().iter().map(|entry| entry.name).collect();
    let mut out = String::new();
    out.push_str("| name | idea | when to use it | cost of an iteration | memory | source |\n");
    out.push_str("| --- | --- | --- | --- | --- | --- |\n");
    for entry in registry::<f64>() {
        let Entry { name, title, summary, when, cost, memory, reference, .. } = entry;
        let real = if complex.contains(&name) { "" } else { " (real data only)" };
        let (summary, when, cost, memory) = (cell(summary), cell(when), cell(cost), cell(memory));
        let reference = cell(&linked(reference));
        writeln!(out, "| `{name}` | **{title}**{real}: {summary} | {when} | {cost} | {memory} | {reference} |")
            .unwrap();
    }
    out.push_str("\n| algorithm | setting | default | range | what it does |\n| --- | --- | --- | --- | --- |\n");
    for entry in registry::<f64>() {
        for setting in entry.settings {
            let (range, meaning) = (cell(setting.range), cell(setting.meaning));
            writeln!(out, "| `{}` | `{}` | `{}` | {range} | {meaning} |", entry.name, setting.name, setting.default)
                .unwrap();
        }
    }
    out
}

fn names<T: Scalar>() -> Vec<&'static str> {
    registry::<T>().iter().map(|entry| entry.name).collect()
}

/// Run with `SPARSEA_WRITE_DOCS=1` to bring the file up to date.
#[test]
fn the_table_of_algorithms_is_the_registry() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/algorithms.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let expected = format!("{before}{BEGIN}\n\n{}\n{END}{after}", table());
    if std::env::var_os("SPARSEA_WRITE_DOCS").is_some() {
        std::fs::write(&path, &expected).unwrap();
    }
    assert!(
        std::fs::read_to_string(&path).unwrap() == expected,
        "docs/algorithms.md differs from the registry; run with SPARSEA_WRITE_DOCS=1"
    );
    let mut sorted = names::<f64>();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(sorted.len(), registry::<f64>().len(), "a name is taken twice");
    assert!(names::<C>().iter().all(|name| sorted.contains(name)));
}
