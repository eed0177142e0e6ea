//! SEA's variants compared with all other algorithms, in words and numbers: a test of the claims of the paper.

use std::fmt::Write;

use crate::figures::{ASYMPTOTE, TransitionCurve, asymptote};
use crate::statistics::{Estimate, paired};
use crate::study::{Cell, Study};
use crate::summary::{Summary, by_algorithm, distances_by_problem};

/// Whether an algorithm or chain explores.
fn explores(label: &str) -> bool {
    label.split('+').any(|link| link == "sea")
}

fn interval(estimate: Estimate) -> String {
    format!("{:+.3} ({:+.3} … {:+.3})", estimate.value, estimate.low, estimate.high)
}

fn p_value(p: f64) -> String {
    if p < 1e-10 {
        "< 1e-10".to_owned()
    } else if p < 1e-4 {
        format!("{p:.0e}")
    } else {
        format!("{p:.4}")
    }
}

/// Of several algorithms, the one with the least mean distance on cell number `at`.
fn best_at<'s>(groups: &[&(&str, Vec<&'s Summary>)], at: usize) -> Option<&'s Summary> {
    let here = groups.iter().filter_map(|(_, summaries)| summaries.get(at).copied());
    here.min_by(|a, b| a.distance.value.total_cmp(&b.distance.value))
}

/// The parameters of a cell, as far as they vary.
fn cell_name(summary: &Summary, all: &[Summary]) -> String {
    let varies = all.iter().any(|other| other.cell.parameter != summary.cell.parameter);
    let parameter = summary.cell.parameter.filter(|_| varies);
    let parameter = parameter.map_or(String::new(), |value| format!(", parameter {value}"));
    let snr = summary.cell.snr_db.map_or(String::new(), |value| format!(", {value} dB"));
    format!("k = {}{parameter}{snr}", summary.cell.sparsity)
}

/// Support distances: the best of SEA's variants against the best of the others for each k, and every pair over all problems. Each pair is
/// compared on the same problems. Markdown.
pub fn distances(summaries: &[Summary]) -> String {
    let groups = by_algorithm(summaries);
    let (ours, others): (Vec<_>, Vec<_>) = groups.iter().partition(|(name, _)| explores(name));
    let Some((_, cells)) = groups.first() else { return String::new() };
    if ours.is_empty() || others.is_empty() {
        return String::new();
    }
    let mut out = String::from(
        "Difference of the mean support distance, the first minus the second, with its 95 % interval (Student, paired); p is \
         that of the two-sided sign test.\n\n| problems | best with SEA | mean | best without | mean | difference | p |\n\
         | --- | --- | ---: | --- | ---: | ---: | ---: |\n",
    );
    for at in 0..cells.len() {
        if let (Some(first), Some(second)) = (best_at(&ours, at), best_at(&others, at)) {
            let test = paired(&first.distances, &second.distances);
            let _ = writeln!(
                out,
                "| {} | `{}` | {:.3} | `{}` | {:.3} | {} | {} |",
                cell_name(first, summaries),
                first.algorithm,
                first.distance.value,
                second.algorithm,
                second.distance.value,
                interval(test.difference),
                p_value(test.p_value)
            );
        }
    }
    out.push_str("\nOver all problems of the study:\n\n| with SEA | without | difference | better | worse | p |\n");
    out.push_str("| --- | --- | ---: | ---: | ---: | ---: |\n");
    for (ours, _) in &ours {
        let mine = distances_by_problem(summaries, ours);
        for (other, _) in &others {
            let theirs = distances_by_problem(summaries, other);
            let pairs = mine.iter().filter_map(|(problem, a)| theirs.get(problem).map(|b| (*a, *b)));
            let (a, b): (Vec<f64>, Vec<f64>) = pairs.unzip();
            let test = paired(&a, &b);
            let _ = writeln!(
                out,
                "| `{ours}` | `{other}` | {} | {} | {} | {} |",
                interval(test.difference),
                test.first_smaller,
                test.second_smaller,
                p_value(test.p_value)
            );
        }
    }
    out
}

/// What the search missed, and what was missed because the data do not determine it, for each cell and algorithm; empty without segments.
/// Markdown.
pub fn segments(summaries: &[Summary]) -> String {
    let mut rows = String::new();
    for s in summaries {
        let Some(parts) = s.segments else { continue };
        let _ = writeln!(
            rows,
            "| {} | `{}` | {:.4} | {:.4} | {:.4} | {} of {} |",
            cell_name(s, summaries),
            s.algorithm,
            s.distance.value,
            parts.search_missed.value,
            parts.info_missed.value,
            parts.worse,
            parts.segments
        );
    }
    if rows.is_empty() {
        return rows;
    }
    format!(
        "Shares of the true support, means. A spike is missed by the search if the segment around it is worse than the truth's \
         least-squares fit: ‖r‖² + λ·spikes is larger there. It is missed because the data do not tell otherwise.\n\n\
         | problems | algorithm | missed | by the search | as the data do not tell | worse segments |\n\
         | --- | --- | ---: | ---: | ---: | ---: |\n{rows}"
    )
}

/// Where success ends: the best of SEA's variants compared with the best of the others, for each m. Markdown.
pub fn transitions(study: &Study, curves: &[TransitionCurve]) -> String {
    let (ours, others): (Vec<_>, Vec<_>) = curves.iter().partition(|curve| explores(&curve.algorithm));
    if ours.is_empty() || others.is_empty() {
        return String::new();
    }
    let threshold =
        |cell: &Cell| asymptote(study, cell.rows as f64 / cell.columns as f64).map(|share| share * cell.rows as f64);
    let mut out = String::from("k up to which the level is reached, with the interval of its location");
    let mut heading = "| m | m/n | best with SEA | k | best without | k |".to_owned();
    let mut rule = "| ---: | ---: | --- | ---: | --- | ---: |".to_owned();
    if study.cells.first().and_then(threshold).is_some() {
        let _ =
            write!(out, "; {ASYMPTOTE}: the asymptotic threshold of Bayes-optimal message passing, by state evolution");
        let _ = write!(heading, " {ASYMPTOTE} |");
        rule.push_str(" ---: |");
    }
    let _ = write!(out, ".\n\n{heading}\n{rule}\n");
    for (at, cell) in study.cells.iter().enumerate() {
        let best = |group: &[&TransitionCurve]| {
            group
                .iter()
                .max_by(|a, b| a.locations[at].k.total_cmp(&b.locations[at].k))
                .map(|curve| (curve.algorithm.clone(), curve.locations[at]))
        };
        if let (Some((first, here)), Some((second, there))) = (best(&ours), best(&others)) {
            let asymptotic = threshold(cell).map_or(String::new(), |k| format!(" {k:.2} |"));
            let _ = writeln!(
                out,
                "| {} | {:.3} | `{first}` | {:.2} ({} … {}) | `{second}` | {:.2} ({} … {}) |{asymptotic}",
                cell.rows,
                cell.rows as f64 / cell.columns as f64,
                here.k,
                here.low,
                here.high,
                there.k,
                there.low,
                there.high
            );
        }
    }
    out
}
