//! The part of docs/algorithms.md that is made from the registry. Part of the test that compares it, and of the example that writes
//! it.

use std::fmt::Write;

use num_complex::Complex;
use sparsea::algorithms::{Entry, registry};

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

/// The tables of algorithms and of their settings.
fn table() -> String {
    let complex: Vec<&str> = registry::<Complex<f64>>().iter().map(|entry| entry.name).collect();
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
    out.push_str("\n| algorithm | A | complex data | x ≥ 0, bounds | groups, joint supports | other losses and domains | sufficient statistics (`Gram`) |\n");
    out.push_str("| --- | --- | --- | --- | --- | --- | --- |\n");
    for Entry { name, needs, .. } in registry::<f64>() {
        let say = |is_allowed: bool| if is_allowed { "yes" } else { "no" };
        let cells = [
            needs.operator().map_or("any".to_owned(), |operator| format!("`{operator}` only")),
            say(complex.contains(&name)).to_owned(),
            say(!needs.quadratic || needs.intervals).to_owned(),
            say(!needs.columns).to_owned(),
            say(!needs.quadratic).to_owned(),
            say(!needs.rows && !needs.steps).to_owned(),
        ];
        writeln!(out, "| `{name}` | {} |", cells.join(" | ")).unwrap();
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

/// The text of the page with that part as the registry has it now.
pub fn page(text: &str) -> String {
    let (before, rest) = text.split_once(BEGIN).expect("the page says where the registry begins");
    let (_, after) = rest.split_once(END).expect("the page says where the registry ends");
    format!("{before}{BEGIN}\n\n{}\n{END}{after}", table())
}
