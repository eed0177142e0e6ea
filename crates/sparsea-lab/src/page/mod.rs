//! A self-contained HTML file that plays a run: that of SEA in the demo, or any recorded run.

mod record;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Serialize;
use sparsea::generate::Instance;
use sparsea::metrics::support_distance;
use sparsea::{Convolution, Error, Halt, Htp, Omp, Problem, Run, Scalar, Sea, Start};

use record::Recorded;
pub use record::{Found, Record, Step};

/// Significant digits of objectives.
const DIGITS: usize = 6;
/// Significant digits of columns. Coefficients that cancel can be 10⁵ times as large as their sum.
const COLUMN_DIGITS: usize = 10;

const TEMPLATE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// The content of the page.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Exploration {
    /// The algorithm, or the chain of algorithms.
    pub algorithm: String,
    /// k.
    pub sparsity: usize,
    /// y.
    pub data: Vec<f64>,
    /// n.
    pub positions: usize,
    /// The sample at which column 0 lies, for spikes in a trace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<isize>,
    /// Each column of A that was in a support: the row where its non-zero part begins, and that part.
    pub columns: BTreeMap<usize, (usize, Vec<f64>)>,
    /// The names of these columns, if they have any.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub names: BTreeMap<usize, String>,
    /// Whether y and the columns of A come from a table, whose rows have no order.
    pub is_table: bool,
    /// Whether an intercept or fixed columns are projected out of y and A.
    pub has_offset: bool,
    /// Whether rows of y and A are scaled by the roots of their weights.
    pub has_weights: bool,
    /// Whether the objective includes a ridge.
    pub has_ridge: bool,
    /// The truth of a generated problem.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub known: Option<Known>,
    /// Every step of the run. Between two steps the support does not change, and 𝒳 of SEA moves along a line.
    pub steps: Vec<Step>,
    /// Whether `iteration` of a step counts steps, because some iteration of the run had several steps.
    pub counts_steps: bool,
    /// Iterations or steps of the whole run, if the record ends before it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub all: Option<u64>,
    /// The result of the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<Found>,
}

/// What is known of a generated problem.
#[derive(Debug, Clone, Serialize)]
pub struct Known {
    /// σ of the pulse, in samples.
    pub sigma: f64,
    /// ‖e‖/‖A x‖.
    pub noise: f64,
    /// η of SEA.
    pub step_size: f64,
    /// S* and the coefficients on it.
    pub truth: Truth,
    /// Where other algorithms end up on the same problem.
    pub others: Vec<Other>,
}

/// The truth of a problem.
#[derive(Debug, Clone, Serialize)]
pub struct Truth {
    /// S*, sorted.
    pub support: Vec<usize>,
    /// The coefficients on S*.
    pub coefficients: Vec<f64>,
    /// ½‖y − A x‖² of the least-squares fit on S*.
    pub objective: f64,
}

/// The result of another algorithm.
#[derive(Debug, Clone, Serialize)]
pub struct Other {
    /// The name of the algorithm.
    pub name: String,
    /// ½‖y − A x‖².
    pub objective: f64,
    /// How many indices of S* it misses, divided by k.
    pub distance: f64,
}

/// Runs SEA on a deconvolution with a known truth, and also `omp` and `htp` for comparison.
///
/// # Errors
/// Those of a run.
pub fn explore(
    instance: &Instance<Convolution<f64>, f64>,
    sigma: f64,
    noise: f64,
    iterations: u64,
) -> Result<Exploration, Error> {
    let Instance { operator, data, support, coefficients } = instance;
    let problem = Problem::new(operator, data, support.len())?;
    let run = |run: Run<'_, '_, f64>| run.halt(Halt::Iterations(iterations)).solve();
    let sea = Sea::default();
    let mut record = Record::new(data.len(), Some(support));
    run(Run::new(&problem, sea.clone()).observe(&mut record))?;
    let mut others = Vec::new();
    for found in [run(Run::new(&problem, Omp::default()))?, run(Run::new(&problem, Htp::default()))?] {
        let distance = support_distance(support, &found.support);
        others.push(Other { name: found.algorithm, objective: rounded(found.objective, DIGITS), distance });
    }
    // OMP started from a full support only fits on it.
    let fit = run(Run::new(&problem, Omp::default()).start(Start::Support(support.clone())))?;
    let truth = Truth {
        support: support.clone(),
        coefficients: coefficients.clone(),
        objective: rounded(fit.objective, DIGITS),
    };
    let known = Known { sigma, noise, step_size: sea.step_size, truth, others };
    Ok(Exploration { known: Some(known), first: Some(0), ..played(&problem, record, data.len()) })
}

/// The content of the page for a recorded run on a real problem with a single y and single columns, of which the first `rows` are shown:
/// a ridge has further ones.
pub fn played<T: Scalar>(problem: &Problem<'_, T>, record: Record<'_>, rows: usize) -> Exploration {
    let positions = problem.operator().ncols();
    let Recorded { algorithms, steps, counts_steps, all, result } = record.into_recorded();
    let mut columns = BTreeMap::new();
    let mut column = vec![T::ZERO; problem.data().len()];
    let found = result.iter().map(|found| &found.support);
    for &j in steps.iter().map(|step| &step.support).chain(found).flatten() {
        columns.entry(j).or_insert_with(|| {
            problem.operator().apply_sparse(&[j], &[T::ONE], &mut column);
            let (shown, is_there) = (&column[..rows], |x: &T| x.real() != 0.0);
            let begin = shown.iter().position(is_there).unwrap_or(rows);
            let end = shown.iter().rposition(is_there).map_or(begin, |last| last + 1);
            (begin, shown[begin..end].iter().map(|x| rounded(x.real(), COLUMN_DIGITS)).collect())
        });
    }
    Exploration {
        algorithm: algorithms.join("+"),
        sparsity: problem.sparsity(),
        data: problem.data()[..rows].iter().map(|y| y.real()).collect(),
        positions,
        columns,
        steps,
        counts_steps,
        all,
        result,
        ..Exploration::default()
    }
}

/// The page, with numbers rounded to more digits than can be seen.
///
/// # Errors
/// Those of [`serde_json::to_string`].
pub fn exploration_page(exploration: &Exploration) -> serde_json::Result<String> {
    // `</script>` and `<!--` in the data would be read as HTML; JSON has another form of `<`.
    let data = serde_json::to_string(exploration)?.replace('<', "\\u003c");
    static PAGE: LazyLock<String> =
        LazyLock::new(|| TEMPLATE.replace("/* style */", STYLE.trim_end()).replace("/* script */", SCRIPT.trim_end()));
    Ok(PAGE.replace("/* data */", &data))
}

/// A number rounded to this many significant digits.
pub fn rounded(value: f64, digits: usize) -> f64 {
    format!("{value:.*e}", digits.saturating_sub(1)).parse().unwrap_or(value)
}
