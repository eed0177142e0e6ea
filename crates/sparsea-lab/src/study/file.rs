//! The file of a study: its keys, read and checked as a whole.

use std::path::PathBuf;
use std::sync::Arc;

use faer::Mat;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sparsea::{Chain, Halt};

use super::grid::Grid;
use super::{Cell, Coefficients, Family, Method, ReadMatrix, SegmentRule, Study, Transition};
use crate::error::LabError;

/// Reads and checks a study; see [`Study::parse`].
pub(super) fn parse(text: &str, file: &str, read_matrix: ReadMatrix<'_>) -> Result<Study, LabError> {
    let raw: RawStudy = toml::from_str(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start.min(text.len()));
        let before = &text[..at];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        LabError::Syntax {
            file: file.to_owned(),
            line: before.matches('\n').count() + 1,
            column: text[line_start..at].chars().count() + 1,
            message: error.message().split_whitespace().collect::<Vec<_>>().join(" "),
        }
    })?;
    let study = raw.check(read_matrix).map_err(|message| LabError::Study { file: file.to_owned(), message })?;
    Ok(Study { source: text.to_owned(), ..study })
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawStudy {
    name: String,
    title: Option<String>,
    #[serde(default)]
    seed: u64,
    runs: u64,
    iterations: Option<u64>,
    seconds: Option<Seconds>,
    problem: RawProblem,
    algorithms: Vec<RawMethod>,
    transition: Option<Transition>,
    segments: Option<SegmentRule>,
}

/// One time limit, or several to be compared.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "expected a number of seconds, or a list of them")]
enum Seconds {
    One(f64),
    Several(Vec<f64>),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawProblem {
    family: Family,
    file: Option<PathBuf>,
    n: Option<Grid<u64>>,
    m: Option<Grid<u64>>,
    zeta: Option<Grid<f64>>,
    k: Option<Grid<u64>>,
    rho: Option<Grid<f64>>,
    sigma: Option<Grid<f64>>,
    tau: Option<Grid<f64>>,
    correlation: Option<Grid<f64>>,
    snr_db: Option<Grid<f64>>,
    #[serde(default)]
    coefficients: Coefficients,
}

#[derive(Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "expected the name of an algorithm or chain, or a table with chain, label, settings, iterations, seconds, nonnegative, right_hand_sides"
)]
enum RawMethod {
    Name(String),
    Table(RawTable),
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTable {
    chain: String,
    label: Option<String>,
    #[serde(default)]
    settings: Map<String, Value>,
    iterations: Option<u64>,
    seconds: Option<f64>,
    #[serde(default)]
    nonnegative: bool,
    right_hand_sides: Option<usize>,
}

/// The matrix of a study on a matrix of the user's.
type UserMatrix = Option<Arc<Mat<f64>>>;

impl RawStudy {
    fn check(self, read_matrix: ReadMatrix<'_>) -> Result<Study, String> {
        let fit = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if self.name.is_empty() || !self.name.chars().all(fit) {
            return Err(format!("name must be letters, digits, - and _, because files carry it, got '{}'", self.name));
        }
        if self.runs == 0 {
            return Err("runs must be at least 1, got 0".to_owned());
        }
        if let Some(transition) = &self.transition {
            let inside = |value: f64| value > 0.0 && value < 1.0;
            if !inside(transition.level) || !inside(transition.confidence) {
                return Err("transition: level and confidence must be between 0 and 1".to_owned());
            }
            if transition.block == 0 {
                return Err("transition.block must be at least 1, got 0".to_owned());
            }
            if transition.state_evolution {
                self.problem.check_state_evolution()?;
            }
            if self.problem.k.is_some() || self.problem.rho.is_some() {
                return Err(
                    "problem.k and a transition exclude each other: k is what the transition looks for".to_owned()
                );
            }
        }
        let coefficients = self.problem.coefficients;
        let family = self.problem.family;
        if self.segments.is_some() && !family.is_local() {
            return Err(format!("segments are for gaussian_filter and exponential_filter, not for {}", family.word()));
        }
        let (cells, matrix) = self.problem.cells(self.transition.is_some(), read_matrix)?;
        let mut addresses: Vec<u64> = cells.iter().map(Cell::address).collect();
        addresses.sort_unstable();
        if addresses.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err("two combinations of the parameters are the same".to_owned());
        }
        if self.algorithms.is_empty() {
            return Err("algorithms is an empty list".to_owned());
        }
        let mut methods: Vec<Method> = Vec::new();
        let (seconds, budgets) = match self.seconds {
            None => (None, None),
            Some(Seconds::One(seconds)) => (Some(seconds), None),
            Some(Seconds::Several(list)) if list.is_empty() => return Err("seconds is an empty list".to_owned()),
            Some(Seconds::Several(list)) => (None, Some(list)),
        };
        for raw in self.algorithms {
            let one = match &budgets {
                // One with a rule of its own is no part of the comparison.
                Some(budgets) if !raw.has_own_halt() => budgets
                    .iter()
                    .map(|&budget| raw.check(family, self.iterations, None, Some(budget)))
                    .collect::<Result<Vec<Method>, String>>()?,
                _ => vec![raw.check(family, self.iterations, seconds, None)?],
            };
            for method in one {
                if methods.iter().any(|before| before.label == method.label) {
                    return Err(format!("algorithms has '{}' twice; give one of them another label", method.label));
                }
                if method.right_hand_sides > 1 && self.segments.is_some() {
                    return Err(format!(
                        "segments are of one trace, not of the {} of '{}'",
                        method.right_hand_sides, method.label
                    ));
                }
                methods.push(method);
            }
        }
        let title = self.title.unwrap_or_else(|| self.name.clone());
        Ok(Study {
            name: self.name,
            title,
            seed: self.seed,
            runs: self.runs,
            coefficients,
            cells,
            methods,
            transition: self.transition,
            segments: self.segments,
            matrix,
            source: String::new(),
        })
    }
}

impl RawMethod {
    fn has_own_halt(&self) -> bool {
        matches!(self, Self::Table(table) if table.iterations.is_some() || table.seconds.is_some())
    }

    /// `budget` is a time limit that is one of several compared.
    fn check(
        &self,
        family: Family,
        iterations: Option<u64>,
        seconds: Option<f64>,
        budget: Option<f64>,
    ) -> Result<Method, String> {
        let table = match self {
            Self::Table(table) => table.clone(),
            Self::Name(chain) => RawTable { chain: chain.clone(), ..RawTable::default() },
        };
        let name = table.label.unwrap_or_else(|| table.chain.clone());
        let label = match budget {
            Some(seconds) => format!("{name}@{}ms", milliseconds(seconds)),
            None => name.clone(),
        };
        let seconds = budget.or(seconds);
        let budget = budget.map(|seconds| (name, seconds));
        let said = |error: sparsea::Error| format!("algorithms: {error}");
        let (mut real, mut complex) = (None, None);
        if family.is_complex() {
            complex = Some(Chain::parse(&table.chain, &table.settings).map_err(said)?);
        } else {
            real = Some(Chain::parse(&table.chain, &table.settings).map_err(said)?);
        }
        // What is said of one algorithm counts instead of what is said of all.
        let own = table.iterations.is_some() || table.seconds.is_some();
        let (iterations, seconds) = if own { (table.iterations, table.seconds) } else { (iterations, seconds) };
        let mut halt = iterations.map(Halt::Iterations);
        if let Some(seconds) = seconds {
            let rule = Halt::Time(sparsea::seconds(seconds).map_err(said)?);
            halt = Some(halt.map_or(rule.clone(), |halt| halt.or(rule)));
        }
        if table.nonnegative {
            if family.is_complex() {
                return Err(format!("algorithms: '{label}' is told that x ≥ 0, but {} is complex", family.word()));
            }
            for link in real.iter().flat_map(Chain::links) {
                let needs = link.needs();
                if needs.quadratic && !needs.intervals {
                    return Err(said(sparsea::Error::NotQuadratic { algorithm: link.name() }));
                }
            }
        }
        let right_hand_sides = table.right_hand_sides.unwrap_or(1);
        if right_hand_sides == 0 {
            return Err(format!("algorithms: right_hand_sides of '{label}' must be at least 1, got 0"));
        }
        if right_hand_sides > 1 {
            let links = real.iter().flat_map(Chain::links).map(|link| (link.name(), link.needs()));
            let links = links.chain(complex.iter().flat_map(Chain::links).map(|link| (link.name(), link.needs())));
            for (name, needs) in links {
                if needs.columns {
                    return Err(said(sparsea::Error::ColumnsOnly { algorithm: name }));
                }
            }
        }
        let mut description = json!({
            "label": label, "chain": table.chain, "settings": table.settings,
            "iterations": iterations, "seconds": seconds,
        });
        // Stores of studies without bounds say nothing of them.
        if table.nonnegative {
            description["nonnegative"] = json!(true);
        }
        if right_hand_sides > 1 {
            description["right_hand_sides"] = json!(right_hand_sides);
        }
        let nonnegative = table.nonnegative;
        Ok(Method { label, real, complex, halt, nonnegative, right_hand_sides, budget, description })
    }
}

/// Seconds in milliseconds, as they would be typed.
fn milliseconds(seconds: f64) -> f64 {
    (seconds * 1e15).round() / 1e12
}

impl RawProblem {
    /// Whether the problems are those that the threshold of message passing is about.
    fn check_state_evolution(&self) -> Result<(), String> {
        let independent = matches!(self.family, Family::Gaussian | Family::Bernoulli);
        if independent && self.coefficients == Coefficients::Normal && self.snr_db.is_none() {
            return Ok(());
        }
        Err("transition.state_evolution is for gaussian or bernoulli with coefficients = \"normal\" and no noise"
            .to_owned())
    }

    /// Every combination of the parameters; with a transition, k is left at 1.
    fn cells(self, transition: bool, read_matrix: ReadMatrix<'_>) -> Result<(Vec<Cell>, UserMatrix), String> {
        let family = self.family;
        let word = family.word();
        let given = [
            ("file", self.file.is_some()),
            ("n", self.n.is_some()),
            ("m", self.m.is_some()),
            ("zeta", self.zeta.is_some()),
            ("sigma", self.sigma.is_some()),
            ("tau", self.tau.is_some()),
            ("correlation", self.correlation.is_some()),
        ];
        let takes = family.takes();
        if let Some((name, _)) = given.iter().find(|(name, given)| *given && !takes.contains(name)) {
            let takes = takes.join(", ");
            return Err(format!(
                "problem.{name} is no parameter of {word}, which takes {takes}, k or rho, coefficients, snr_db"
            ));
        }
        let missing = |name: &str| format!("problem.{name} is missing: {word} needs it");
        let mut matrix = None;
        let (n_values, fixed_rows) = if family == Family::Matrix {
            let path = self.file.as_deref().ok_or_else(|| missing("file"))?;
            let a = read_matrix(path)?;
            let (rows, columns) = (a.nrows(), a.ncols());
            matrix = Some(Arc::new(a));
            (vec![columns as u64], Some(rows))
        } else {
            (self.n.as_ref().ok_or_else(|| missing("n"))?.values("n")?, None)
        };
        let parameters: Vec<Option<f64>> = match family.parameter() {
            None => vec![None],
            Some(name) => {
                let grid = [&self.sigma, &self.tau, &self.correlation].into_iter().flatten().next();
                let values = grid.ok_or_else(|| missing(name))?.values(name)?;
                values.iter().try_for_each(|&value| family.check_parameter(value))?;
                values.into_iter().map(Some).collect()
            }
        };
        let snr: Vec<Option<f64>> = match &self.snr_db {
            None => vec![None],
            Some(grid) => grid.values("snr_db")?.into_iter().map(Some).collect(),
        };
        let mut cells = Vec::new();
        for &n in &n_values {
            let n = n as usize;
            if n == 0 {
                return Err("problem.n must be at least 1, got 0".to_owned());
            }
            for &parameter in &parameters {
                let rows = match (fixed_rows, family.rows(n, parameter)) {
                    (Some(rows), _) | (None, Some(rows)) => vec![rows],
                    (None, None) => rows_of(self.m.as_ref(), self.zeta.as_ref(), n)?,
                };
                for &m in &rows {
                    if m == 0 || (family.is_partial() && m > n) {
                        return Err(format!("problem.m must be between 1 and n = {n} for {word}, got {m}"));
                    }
                    for &snr_db in &snr {
                        let cell = Cell { family, rows: m, columns: n, sparsity: 1, parameter, snr_db };
                        if transition {
                            cells.push(cell);
                            continue;
                        }
                        for k in sparsities(self.k.as_ref(), self.rho.as_ref(), m)? {
                            let limit = m.min(n);
                            if k == 0 || k > limit {
                                let what = cell.with_sparsity(k);
                                return Err(format!("k must be between 1 and min(m, n) = {limit}, got {k} ({what})"));
                            }
                            cells.push(cell.with_sparsity(k));
                        }
                    }
                }
            }
        }
        Ok((cells, matrix))
    }
}

fn either(first: (&str, bool), second: (&str, bool)) -> Result<(), String> {
    match (first.1, second.1) {
        (true, true) => Err(format!("problem.{} and problem.{} exclude each other", first.0, second.0)),
        (false, false) => Err(format!("problem.{} (or problem.{}) is missing", first.0, second.0)),
        _ => Ok(()),
    }
}

/// m, given or as round(ζ n).
fn rows_of(m: Option<&Grid<u64>>, zeta: Option<&Grid<f64>>, n: usize) -> Result<Vec<usize>, String> {
    either(("m", m.is_some()), ("zeta", zeta.is_some()))?;
    if let Some(grid) = m {
        return Ok(grid.values("m")?.into_iter().map(|m| m as usize).collect());
    }
    rounded(zeta, "zeta", n)
}

/// k, given or as round(ρ m).
fn sparsities(k: Option<&Grid<u64>>, rho: Option<&Grid<f64>>, m: usize) -> Result<Vec<usize>, String> {
    either(("k", k.is_some()), ("rho", rho.is_some()))?;
    if let Some(grid) = k {
        return Ok(grid.values("k")?.into_iter().map(|k| k as usize).collect());
    }
    rounded(rho, "rho", m)
}

fn rounded(grid: Option<&Grid<f64>>, name: &str, of: usize) -> Result<Vec<usize>, String> {
    let values = grid.map_or(Ok(vec![]), |grid| grid.values(name))?;
    if let Some(value) = values.iter().find(|value| **value <= 0.0 || **value > 1.0) {
        return Err(format!("problem.{name} must be above 0 and at most 1, got {value}"));
    }
    let mut rounded: Vec<usize> = values.iter().map(|value| (value * of as f64).round().max(1.0) as usize).collect();
    rounded.dedup();
    Ok(rounded)
}
