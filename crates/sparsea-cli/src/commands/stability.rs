//! `sparsea stability`: how often each column is chosen on random halves of the rows.

use std::fmt::Write;
use std::iter;
use std::path::Path;
use std::process::ExitCode;

use rayon::prelude::*;
use serde_json::{Value, json};
use sparsea::stability::{Halves, Scheme, Stability as Frequencies};
use sparsea::{Domain, Run, Scalar, Solution, StopReason, Threads};
use sparsea_lab::plot::{self, StemsPlot};

use super::solve::chain;
use crate::blocks::Groups;
use crate::cli::{Output, SchemeChoice, Stability};
use crate::failure::Failure;
use crate::input::{Dense, Layout, Vector};
use crate::model::Posed;
use crate::origin::Origin;
use crate::problem::{Any, Loaded, Owned, from_matrix};
use crate::report::short;
use crate::say::{complain, say_json};
use crate::table::{Table, left, right};
use crate::{draw, export, interrupt};

/// Columns shown to a person.
const ROWS: usize = 30;

pub fn run(arguments: &Stability) -> Result<ExitCode, Failure> {
    let inputs = iter::once(arguments.matrix.as_path()).chain([Path::new(&arguments.data)]);
    let inputs: Vec<&Path> = inputs.chain(arguments.model.files()).collect();
    let (output, plot) = (arguments.output.clone(), arguments.plot.clone());
    Output { json: arguments.json, report: false, output, trace: None, plot }.check(&inputs, None)?;
    if arguments.scheme == SchemeChoice::Complementary && arguments.subsamples % 2 == 1 {
        let count = arguments.subsamples;
        return Err(Failure::Message(format!(
            "--subsamples must be even, two for each complementary pair, got {count}"
        )));
    }
    match from_matrix(&arguments.matrix, &arguments.data, &arguments.model)? {
        Any::Real(loaded) => stability(&loaded, arguments),
        Any::Complex(loaded) => stability(&loaded, arguments),
    }
}

/// What all halves share.
struct Whole<'w, T: Scalar> {
    loaded: &'w Loaded<T>,
    arguments: &'w Stability,
    weights: Option<Vec<f64>>,
    groups: Option<Groups>,
    domain: Option<Box<dyn Domain<T>>>,
}

fn stability<T: Scalar>(loaded: &Loaded<T>, arguments: &Stability) -> Result<ExitCode, Failure> {
    let columns = loaded.operator.shape().1;
    let weights = arguments.model.row_weights(loaded)?;
    let groups = arguments.model.groups.as_deref().map(|path| Groups::read(path, columns)).transpose()?;
    let domain = arguments.domain.domain(columns)?;
    let used: Vec<usize> = (0..loaded.rows()).filter(|&i| weights.as_ref().is_none_or(|w| w[i] > 0.0)).collect();
    let posed =
        Posed::weighted(loaded, &loaded.data, &arguments.model, domain.as_deref(), weights.clone(), groups.clone())?;
    check_size(&posed, arguments, used.len())?;
    // Refused here, once, is what every half would refuse.
    posed.problem(arguments.sparsity, domain.as_deref())?;
    let candidates = posed.atoms();
    let scheme = match arguments.scheme {
        SchemeChoice::Complementary => Scheme::Complementary,
        SchemeChoice::Half => Scheme::Half,
    };
    let halves = Halves::new(used, arguments.seed, scheme);
    let whole = Whole { loaded, arguments, weights, groups, domain };
    interrupt::listen();
    let atoms = whole.groups.as_ref().map_or(columns, |groups| groups.partition.len());
    let solve = |subsample| whole.solve(&halves.rows(subsample));
    let solutions = (0..arguments.subsamples).into_par_iter().map(solve).collect::<Result<Vec<_>, Failure>>();
    if interrupt::requested() {
        complain("interrupted; not all halves were solved");
        return Ok(ExitCode::from(interrupt::STATUS));
    }
    let (mut counts, mut incomplete, mut algorithm) = (vec![0; atoms], 0, String::new());
    for solution in solutions? {
        let chosen = solution.groups.as_ref().unwrap_or(&solution.support);
        chosen.iter().for_each(|&atom| counts[atom] += 1);
        incomplete += u64::from(chosen.len() < arguments.sparsity);
        algorithm = solution.algorithm;
    }
    let (subsamples, k) = (arguments.subsamples, arguments.sparsity);
    let found = Frequencies { counts, subsamples, k, candidates, scheme };
    whole.show(&found, &algorithm, incomplete)
}

/// Refuses a k that halves cannot have.
fn check_size<T: Scalar>(posed: &Posed<'_, T>, arguments: &Stability, rows: usize) -> Result<(), Failure> {
    if rows < 2 {
        return Err(Failure::Message(format!("stability needs at least 2 rows that count, got {rows}")));
    }
    let candidates = posed.atoms();
    let plain = posed.groups().is_none() && arguments.model.ridge.unwrap_or(0.0) == 0.0;
    let (limit, what) = match posed.groups() {
        _ if plain && rows / 2 < candidates => (rows / 2, format!("half of {rows} rows")),
        Some(_) => (candidates, "the groups that may be chosen".to_owned()),
        None => (candidates, "the columns that may be chosen".to_owned()),
    };
    let k = arguments.sparsity;
    if (1..=limit).contains(&k) {
        return Ok(());
    }
    Err(Failure::Message(format!("k must be between 1 and {limit} ({what}), got {k}")))
}

impl<T: Scalar> Whole<'_, T> {
    /// The solution on some rows, by one thread.
    fn solve(&self, rows: &[usize]) -> Result<Solution<T>, Failure> {
        if interrupt::requested() {
            return Err(Failure::Message("interrupted".into()));
        }
        match &self.loaded.operator {
            // A copy of the rows is paid back several times.
            Owned::Dense(matrix) => {
                let (matrix, n) = (matrix.as_ref(), matrix.as_ref().ncols());
                let values = (0..n).flat_map(|j| rows.iter().map(move |&i| matrix[(i, j)])).collect();
                let part = Owned::Dense(Dense::new(values, rows.len(), n, Layout::Columns));
                let m = self.loaded.rows();
                let data = self.loaded.data.chunks(m).flat_map(|y| rows.iter().map(move |&i| y[i])).collect();
                let weights = self.weights.as_ref().map(|weights| rows.iter().map(|&i| weights[i]).collect());
                self.solve_on(&self.loaded.with(part, data), weights)
            }
            _ => {
                let mut weights = vec![0.0; self.loaded.rows()];
                rows.iter().for_each(|&i| weights[i] = self.weights.as_ref().map_or(1.0, |all| all[i]));
                self.solve_on(self.loaded, Some(weights))
            }
        }
    }

    fn solve_on(&self, loaded: &Loaded<T>, weights: Option<Vec<f64>>) -> Result<Solution<T>, Failure> {
        let domain = self.domain.as_deref();
        let posed = Posed::weighted(loaded, &loaded.data, &self.arguments.model, domain, weights, self.groups.clone())?;
        let problem = posed.problem(self.arguments.sparsity, domain)?;
        let chain = chain(self.arguments.algorithm.as_deref(), &problem, &self.arguments.settings)?;
        let limits = &self.arguments.limits;
        let run = Run::with_chain(&problem, chain).memory(limits.memory()).limits(posed.limits(limits.of_run()));
        let solution = run.interrupt(interrupt::watched()).threads(Threads::One).solve()?;
        if solution.stop_reason == StopReason::Interrupted {
            return Err(Failure::Message("interrupted".into()));
        }
        Ok(posed.complete(&problem, solution)?)
    }

    /// Writes and prints what was found.
    fn show(&self, found: &Frequencies, algorithm: &str, incomplete: u64) -> Result<ExitCode, Failure> {
        let (arguments, frequencies) = (self.arguments, found.frequencies());
        let threshold = arguments.threshold;
        let selected = found.selected(threshold);
        if let Some(path) = &arguments.output {
            export::write_vector(path, &Vector::Real(frequencies.clone()))?;
        }
        let mut shown = None;
        if let Some(path) = &arguments.plot {
            let places: Vec<usize> = (0..frequencies.len()).filter(|&j| found.counts[j] > 0).collect();
            let values: Vec<f64> = places.iter().map(|&j| frequencies[j]).collect();
            let what = if self.groups.is_some() { "group" } else { "index j" };
            let title = format!("{} of {} selected at {}", selected.len(), found.candidates, short(threshold));
            let (x_label, y_label) = (what, "share of the halves that choose it");
            let (n, places, values) = (frequencies.len(), &places[..], &values[..]);
            let figure = plot::stems(&StemsPlot { title: &title, n, places, values, x_label, y_label })?;
            if draw::is_shown(path) {
                shown = Some(figure);
            } else {
                figure.save(path)?;
            }
        }
        let scheme = match found.scheme {
            Scheme::Complementary => "complementary",
            Scheme::Half => "half",
        };
        if arguments.json {
            let mut object = json!({
                "algorithm": algorithm,
                "k": found.k,
                "subsamples": found.subsamples,
                "scheme": scheme,
                "seed": arguments.seed,
                "candidates": found.candidates,
                "incomplete": incomplete,
                "frequencies": frequencies,
                "threshold": threshold,
                "selected": selected,
                "expected_false": found.bound(threshold),
            });
            if let (Some(object), Value::Object(origin)) =
                (object.as_object_mut(), serde_json::to_value(Origin::of(self.loaded))?)
            {
                object.extend(origin);
            }
            if let Some(bound) = found.unimodal_bound(threshold) {
                object["expected_false_unimodal"] = json!(bound);
            }
            if self.groups.is_some() {
                let all: Vec<usize> = (0..frequencies.len()).collect();
                object["groups"] = Value::from(self.names(&all));
            } else if self.loaded.names.is_some() {
                object["selected_names"] = Value::from(self.names(&selected));
            }
            say_json(&object)?;
            return Ok(ExitCode::SUCCESS);
        }
        say!("{}", self.table(found, &selected, algorithm, incomplete).trim_end());
        shown.iter().try_for_each(draw::show)?;
        Ok(ExitCode::SUCCESS)
    }

    /// Labels of groups, names of columns, or their numbers.
    fn names(&self, atoms: &[usize]) -> Vec<String> {
        match (&self.groups, &self.loaded.names) {
            (Some(groups), _) => groups.text(atoms),
            (None, Some(names)) => atoms.iter().map(|&j| names[j].clone()).collect(),
            (None, None) => atoms.iter().map(ToString::to_string).collect(),
        }
    }

    fn table(&self, found: &Frequencies, selected: &[usize], algorithm: &str, incomplete: u64) -> String {
        let (threshold, what) = (self.arguments.threshold, if self.groups.is_some() { "groups" } else { "columns" });
        let mut out = String::new();
        let mut line = |label: &str, text: String| {
            let _ = writeln!(out, "{label:<20}{text}");
        };
        let (rows, columns) = (self.loaded.rows(), self.loaded.operator.shape().1);
        line("problem", format!("A is {rows} × {columns}, k = {}", found.k));
        line("algorithm", algorithm.to_owned());
        let drawn = if found.scheme == Scheme::Complementary { "halves, in disjoint pairs" } else { "halves" };
        line("subsamples", format!("{} {drawn}", found.subsamples));
        if incomplete > 0 {
            line("incomplete", format!("{incomplete} halves chose fewer than {}", found.k));
        }
        line("selected", format!("{} of {} {what} at {}", selected.len(), found.candidates, short(threshold)));
        line("expected false", format!("at most {}", short(found.bound(threshold))));
        if let Some(bound) = found.unimodal_bound(threshold) {
            line("", format!("at most {} if simultaneous selections are unimodal", short(bound)));
        }
        let mut order: Vec<usize> = (0..found.counts.len()).filter(|&atom| found.counts[atom] > 0).collect();
        order.sort_by(|&a, &b| found.counts[b].cmp(&found.counts[a]).then(a.cmp(&b)));
        let names = self.names(&order);
        let what = if self.groups.is_some() { "group" } else { "column" };
        let mut table = Table::new([left(what), right("frequency"), right("selected")]);
        for (&atom, name) in order.iter().zip(&names).take(ROWS) {
            let share = 100.0 * found.counts[atom] as f64 / found.subsamples as f64;
            let word = if selected.contains(&atom) { "yes" } else { "no" };
            table.row([name.clone(), format!("{share:.1} %"), word.to_owned()]);
        }
        let _ = write!(out, "\n{table}");
        if order.len() > ROWS {
            let _ = writeln!(out, "… and {} more (--json has them all)", order.len() - ROWS);
        }
        out
    }
}
