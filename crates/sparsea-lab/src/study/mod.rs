//! A study: its problems, its algorithms and the number of runs. It is read from a TOML file and checked as a whole.

mod family;
mod file;
mod grid;
mod instance;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use faer::Mat;
use num_complex::Complex;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sparsea::{Chain, Halt};

use crate::error::LabError;
pub use family::{Coefficients, Family};
pub use instance::{Outcome, run_cell};

/// A checked study.
#[derive(Debug, Clone)]
pub struct Study {
    /// Its name, used for its store and its pictures.
    pub name: String,
    /// The title above its pictures.
    pub title: String,
    /// Seed of all random numbers.
    pub seed: u64,
    /// Runs of each cell. If a transition is located, the largest number of runs of each cell.
    pub runs: u64,
    /// How the non-zeros are drawn.
    pub coefficients: Coefficients,
    /// Every combination of the parameters, in the order of the file.
    pub cells: Vec<Cell>,
    /// The algorithms and chains.
    pub methods: Vec<Method>,
    /// Set if the study locates where success ends along k, instead of trying every k.
    pub transition: Option<Transition>,
    /// Set if solutions are compared with the truth segment by segment.
    pub segments: Option<SegmentRule>,
    /// The matrix, if the study uses one supplied by the user.
    pub matrix: Option<Arc<Mat<f64>>>,
    /// The text that the study was read from.
    pub source: String,
}

/// How solutions are compared with the truth segment by segment; see [`sparsea::metrics::segments`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SegmentRule {
    /// Segments are cut where two spikes are more than this many samples apart. Default: the reach of the filter.
    pub gap: Option<usize>,
}

/// One combination of parameters: a distribution of problems.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// Kind of operator.
    pub family: Family,
    /// Rows m of A.
    pub rows: usize,
    /// Columns n of A.
    pub columns: usize,
    /// Non-zeros k.
    pub sparsity: usize,
    /// The parameter of the family: σ, τ or a correlation.
    pub parameter: Option<f64>,
    /// Signal-to-noise ratio 20 log₁₀(‖A x‖/‖e‖) in decibels; `None` for no noise.
    pub snr_db: Option<f64>,
}

impl Cell {
    /// The address of the cell in random streams and stores. It depends only on the cell, so a study with more cells contains the same
    /// problems.
    pub fn address(&self) -> u64 {
        let text = format!(
            "{} {} {} {} {:?} {:?}",
            self.family.word(),
            self.rows,
            self.columns,
            self.sparsity,
            self.parameter.map(f64::to_bits),
            self.snr_db.map(f64::to_bits)
        );
        // FNV-1a (Fowler, Noll & Vo); a study refuses to begin should two of its cells share an address.
        text.bytes()
            .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
    }

    /// The same cell with another k.
    #[must_use]
    pub fn with_sparsity(&self, sparsity: usize) -> Self {
        Self { sparsity, ..self.clone() }
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} × {}, k = {}", self.family.word(), self.rows, self.columns, self.sparsity)?;
        if let (Some(name), Some(value)) = (self.family.parameter(), self.parameter) {
            write!(f, ", {name} = {value}")?;
        }
        if let Some(snr) = self.snr_db {
            write!(f, ", {snr} dB")?;
        }
        Ok(())
    }
}

/// An algorithm or chain as the study runs it.
#[derive(Debug, Clone)]
pub struct Method {
    /// Its label in stores and pictures.
    pub label: String,
    /// The algorithms for real data; `None` if the study is complex.
    pub real: Option<Chain<f64>>,
    /// The algorithms for complex data; `None` if the study is real.
    pub complex: Option<Chain<Complex<f64>>>,
    /// The rule that halts the last algorithm, if not its own rule.
    pub halt: Option<Halt>,
    /// Whether it is given the constraint x ≥ 0.
    pub nonnegative: bool,
    /// Number of data vectors with a common support that it is given; 1 for y alone.
    pub right_hand_sides: usize,
    /// If the study compares several time limits: the label without its time limit, and the time limit in seconds.
    pub budget: Option<(String, f64)>,
    /// Everything that decides what it does, for comparison with a store.
    description: Value,
}

/// How to locate where success ends along k.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Transition {
    /// The success rate to locate.
    pub level: f64,
    /// Confidence of each decision that a rate is above or below the level.
    pub confidence: f64,
    /// Number of runs between two checks of a rate.
    pub block: u64,
    /// Whether the asymptotic threshold of Bayes-optimal message passing is shown with the curves. It changes no result, so it is not
    /// recorded in stores.
    pub state_evolution: bool,
}

impl Default for Transition {
    fn default() -> Self {
        Self { level: 0.95, confidence: 0.999, block: 50, state_evolution: false }
    }
}

/// Reads the matrix that a study names; `path` is as written in the study.
pub type ReadMatrix<'r> = &'r dyn Fn(&Path) -> Result<Mat<f64>, String>;

impl Study {
    /// Reads and checks a study. `file` is its name, for messages; `read_matrix` reads a matrix that it may name.
    ///
    /// # Errors
    /// [`LabError::Syntax`] with line and column, [`LabError::Study`] with rule and value.
    pub fn parse(text: &str, file: &str, read_matrix: ReadMatrix<'_>) -> Result<Self, LabError> {
        file::parse(text, file, read_matrix)
    }

    /// The same study with every k of every cell instead of a transition. Its set of cells differs, and so do its name and its store.
    #[must_use]
    pub fn whole_grid(&self) -> Self {
        let every_k =
            |cell: &Cell| -> Vec<Cell> { (1..=cell.rows.min(cell.columns)).map(|k| cell.with_sparsity(k)).collect() };
        let cells = self.cells.iter().flat_map(every_k).collect();
        Self { name: format!("{}-grid", self.name), transition: None, cells, ..self.clone() }
    }

    /// Everything that determines the results, except the number of runs: runs are identified by number.
    pub fn description(&self) -> Value {
        let column = |values: Vec<Value>| {
            let mut distinct: Vec<Value> = Vec::new();
            for value in values {
                if !distinct.contains(&value) {
                    distinct.push(value);
                }
            }
            Value::Array(distinct)
        };
        let of = |get: &dyn Fn(&Cell) -> Value| column(self.cells.iter().map(get).collect());
        let mut problem = json!({
            "family": self.cells.first().map(|cell| cell.family.word()),
            "coefficients": self.coefficients,
            "n": of(&|cell| json!(cell.columns)),
            "m": of(&|cell| json!(cell.rows)),
            "k": of(&|cell| json!(cell.sparsity)),
            "parameter": of(&|cell| json!(cell.parameter)),
            "snr_db": of(&|cell| json!(cell.snr_db)),
        });
        if let Some(matrix) = &self.matrix {
            problem["matrix"] = json!(family::checksum(matrix));
        }
        let methods: Vec<&Value> = self.methods.iter().map(|method| &method.description).collect();
        let mut description = json!({
            "name": self.name,
            "seed": self.seed,
            "problem": problem,
            "algorithms": methods,
            "transition": self.transition.map(|t| json!({ "level": t.level, "confidence": t.confidence, "block": t.block })),
        });
        // Stores of studies without segments say nothing of them.
        if let Some(rule) = self.segments {
            description["segments"] = json!(rule);
        }
        description
    }
}

/// Differences between two descriptions, such as `problem.k: [5,10] → [5]`.
pub fn changes(stored: &Value, now: &Value) -> Vec<String> {
    fn walk(path: &str, stored: &Value, now: &Value, out: &mut Vec<String>) {
        match (stored, now) {
            (Value::Object(a), Value::Object(b)) => {
                let mut keys: Vec<&String> = a.keys().chain(b.keys()).collect();
                keys.sort();
                keys.dedup();
                for key in keys {
                    let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                    walk(&path, a.get(key).unwrap_or(&Value::Null), b.get(key).unwrap_or(&Value::Null), out);
                }
            }
            (a, b) if a == b => {}
            (a, b) => out.push(format!("{path}: {} → {}", shortened(a), shortened(b))),
        }
    }
    let mut out = Vec::new();
    walk("", stored, now, &mut out);
    out
}

fn shortened(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= 60 { text } else { format!("{}…", text.chars().take(59).collect::<String>()) }
}
