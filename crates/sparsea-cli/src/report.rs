//! Solutions for people, as a small table.

use std::fmt::Write;
use std::time::Duration;

use sparsea::{ExplorationReport, Scalar, Solution};

use crate::blocks;
use crate::problem::Position;
use crate::table::{Table, left, right};

/// Coefficients shown to a person before the rest is only counted.
const ROWS: usize = 50;

/// A number with four significant digits.
pub fn short(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 {
        "0".into()
    } else if (1e-3..1e5).contains(&size) {
        let digits = (3 - size.log10().floor() as i32).max(0) as usize;
        format!("{value:.digits$}")
    } else {
        format!("{value:.3e}")
    }
}

/// A time in the unit that suits it.
pub fn time(elapsed: Duration) -> String {
    let seconds = elapsed.as_secs_f64();
    if seconds < 1e-3 {
        format!("{:.0} µs", 1e6 * seconds)
    } else if seconds < 1.0 {
        format!("{:.3} ms", 1e3 * seconds)
    } else {
        format!("{seconds:.2} s")
    }
}

/// Bytes in the unit that suits them.
fn bytes(count: usize) -> String {
    let (size, unit) = match count {
        0..1000 => return format!("{count} B"),
        1000..1_000_000 => (1e3, "kB"),
        1_000_000..1_000_000_000 => (1e6, "MB"),
        _ => (1e9, "GB"),
    };
    format!("{:.1} {unit}", count as f64 / size)
}

fn coefficient<T: Scalar>(value: T) -> String {
    if T::IS_COMPLEX {
        let sign = if value.imag() < 0.0 { '-' } else { '+' };
        format!("{} {sign} {}i", short(value.real()), short(value.imag().abs()))
    } else {
        short(value.real())
    }
}

/// The table for a person.
pub fn table<T: Scalar>(
    solution: &Solution<T>,
    rows: usize,
    sparsity: usize,
    names: Option<&[String]>,
    positions: Option<&[Position]>,
) -> String {
    let mut out = String::new();
    let mut line = |label: &str, text: String| {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{label:<20}{text}");
    };
    line("problem", format!("A is {rows} × {}, k = {sparsity}", solution.ncols));
    line("algorithm", solution.algorithm.clone());
    line("residual norm", short(solution.residual_norm));
    line("relative residual", short(solution.relative_residual));
    line("iterations", format!("{} (best at {})", solution.iterations, solution.best_iteration));
    line("supports explored", solution.supports_explored.to_string());
    line("stopped because", solution.stop_reason.to_string());
    line("time", time(solution.elapsed));
    line("memory", format!("{} of Gram columns, fits and the algorithm", bytes(solution.memory)));
    let part = solution.fixed.as_ref();
    match part.map(|part| &part.intercept[..]) {
        None | Some([]) => {}
        Some([one]) => line("intercept", coefficient(*one)),
        Some(several) => line("intercepts", several.iter().map(|&one| coefficient(one)).collect::<Vec<_>>().join("  ")),
    }
    let (fixed, values) = part.map_or((&[][..], &[][..]), |part| (&part.fixed[..], &part.fixed_coefficients[..]));
    if solution.support.is_empty() && fixed.is_empty() {
        let _ = writeln!(out, "\nx = 0: no column is chosen");
        return out;
    }
    let name_of = |j: usize| names.and_then(|names| names.get(j)).cloned().unwrap_or_default();
    let places = positions.filter(|positions| !positions.is_empty());
    let sides = solution.right_hand_sides;
    let what = if sides == 1 { "coefficient" } else { "norm of row" };
    let number = |x: T| if sides == 1 { coefficient(x) } else { short(x.real()) };
    let mut columns = vec![right("index")];
    columns.extend(places.map(|_| right("position")));
    columns.extend(names.map(|_| left("name")));
    columns.push(left(what));
    let mut table = Table::new(columns);
    let mut row = |j: usize, place: Option<String>, x: T, mark: &str| {
        let text = number(x);
        let indent = if text.starts_with('-') { "" } else { " " };
        let mut cells = vec![j.to_string()];
        cells.extend(places.map(|_| place.unwrap_or_default()));
        cells.extend(names.map(|_| name_of(j)));
        cells.push(format!("{indent}{text}{mark}"));
        table.row(cells);
    };
    for (at, (&j, x)) in
        solution.support.iter().zip(blocks::sizes(&solution.coefficients, sides)).take(ROWS).enumerate()
    {
        row(j, places.and_then(|places| places.get(at)).map(ToString::to_string), x, "");
    }
    for (&j, x) in fixed.iter().zip(blocks::sizes(values, sides)).take(ROWS) {
        row(j, None, x, "  (fixed)");
    }
    let _ = write!(out, "\n{table}");
    if solution.support.len() > ROWS {
        let _ = writeln!(out, "… and {} more (--json or --output has them all)", solution.support.len() - ROWS);
    }
    out
}

/// What is in every model of a comparison besides the columns that are chosen, in a line.
pub fn beside<T: Scalar>(solution: &Solution<T>, names: Option<&[String]>) -> Option<String> {
    let part = solution.fixed.as_ref()?;
    let intercept = (!part.intercept.is_empty()).then(|| "an intercept".to_owned());
    let fixed = (!part.fixed.is_empty()).then(|| format!("the fixed columns {}", support_text(&part.fixed, names, 60)));
    let all: Vec<String> = intercept.into_iter().chain(fixed).collect();
    Some(format!("every model has {}, and y counts from what these explain", all.join(" and ")))
}

/// Names of columns as one short text.
pub fn names_text(names: &[String], width: usize) -> String {
    support_text(&(0..names.len()).collect::<Vec<_>>(), Some(names), width)
}

/// The share of the near-ties from which on an index is said to be in nearly all of them.
const NEARLY_ALL: f64 = 0.95;
/// Sets of columns that stand in for each other shown to a person.
const SETS: usize = 20;
/// ‖r‖/‖y‖ of a fit that is exact to rounding.
const EXACT: f64 = 1e-13;

/// What was explored, as a table and in words.
pub fn exploration<T: Scalar>(
    explored: &ExplorationReport,
    solution: &Solution<T>,
    names: Option<&[String]>,
) -> String {
    let mut out = String::new();
    let name = |j: usize| names.and_then(|names| names.get(j)).cloned().unwrap_or_else(|| j.to_string());
    let percent = short(100.0 * explored.margin);
    let _ = writeln!(
        out,
        "explored            {} distinct supports, {} of them within {percent} % of the best residual",
        explored.distinct_supports, explored.near_ties
    );
    if explored.columns_in_play < solution.ncols {
        let _ = writeln!(out, "columns in play     {} of {}", explored.columns_in_play, solution.ncols);
    }
    if let [first, second, ..] = &explored.best[..] {
        let exact = second.residual_norm * solution.relative_residual <= EXACT * solution.residual_norm;
        let ratio = second.residual_norm / first.residual_norm;
        let text = if exact {
            "fits exactly too".into()
        } else if ratio.is_finite() {
            format!("{} times the best residual", short(ratio))
        } else {
            "not exact".into()
        };
        let _ = writeln!(out, "second best         {text}: {}", support_text(&second.support, names, 60));
    }
    let first = if names.is_some() { left("index") } else { right("index") };
    let mut table = Table::new([first, right("frequency"), right("chosen"), left("nearest other column")]);
    for row in explored.indices.iter().take(ROWS) {
        let chosen = if row.chosen { "yes" } else { "no" };
        let beside = row.neighbour.map_or(String::new(), |(j, cosine)| format!("{} (cosine {cosine:.4})", name(j)));
        table.row([name(row.index), format!("{:.1} %", 100.0 * row.frequency), chosen.to_owned(), beside]);
    }
    let _ = write!(out, "\n{table}");
    let chosen = || explored.indices.iter().filter(|row| row.chosen);
    let shared = chosen().filter(|row| row.frequency >= NEARLY_ALL).count();
    let all = solution.support.len();
    let _ = writeln!(out);
    if explored.near_ties <= 1 {
        let _ = writeln!(out, "No other support that was looked at comes within {percent} % of the best.");
    } else if shared == all {
        let _ = writeln!(out, "All {all} chosen columns are in nearly every support found that fits about as well.");
    } else {
        let others: Vec<String> =
            chosen().filter(|row| row.frequency < NEARLY_ALL).map(|row| name(row.index)).collect();
        let _ = writeln!(
            out,
            "{shared} of the {all} chosen columns are in at least {:.0} % of the supports found that fit about as well. The others \
             could be elsewhere: {}.",
            100.0 * NEARLY_ALL,
            others.join(", ")
        );
    }
    for set in explored.stand_ins.iter().take(SETS) {
        let (these, is_are) = (support_text(&set.columns, names, 400), if set.count == 1 { "is" } else { "are" });
        let _ = writeln!(
            out,
            "Exactly {} of these {} {is_are} in each of the supports found that fit about as well: {these}.",
            set.count,
            set.columns.len()
        );
    }
    if explored.stand_ins.len() > SETS {
        let _ = writeln!(out, "… and {} more such sets (--json has them all)", explored.stand_ins.len() - SETS);
    }
    let looked = if explored.exchanges_scored {
        "Every exchange of one column was scored; supports that differ in more were looked at only where the run came through."
    } else {
        "Exchanges of one column were not scored: nothing is known of supports that the run did not come through, nor of columns that \
         stand in for each other."
    };
    let _ = writeln!(out, "{looked}");
    out
}

/// A support as one short text: names or indices, cut where it gets long.
pub fn support_text(support: &[usize], names: Option<&[String]>, width: usize) -> String {
    let mut text = String::new();
    for (at, &j) in support.iter().enumerate() {
        let word = names.and_then(|names| names.get(j)).cloned().unwrap_or_else(|| j.to_string());
        if text.chars().count() + word.chars().count() + 12 > width && at + 1 < support.len() {
            let _ = write!(text, " … {} more", support.len() - at);
            break;
        }
        if at > 0 {
            text.push(' ');
        }
        text.push_str(&word);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_readable() {
        let cases =
            [(0.0, "0"), (12.3456, "12.35"), (-0.0123456, "-0.01235"), (99999.0, "99999"), (1.5e-7, "1.500e-7")];
        for (value, text) in cases {
            assert_eq!(short(value), text);
        }
        assert_eq!(time(Duration::from_micros(1234)), "1.234 ms");
    }

    #[test]
    fn long_supports_are_cut() {
        let support: Vec<usize> = (100..200).collect();
        let text = support_text(&support, None, 40);
        assert!(text.chars().count() <= 44 && text.ends_with("more"), "{text}");
        assert_eq!(support_text(&[1, 2], None, 40), "1 2");
    }
}
