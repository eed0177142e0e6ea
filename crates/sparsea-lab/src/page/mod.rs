//! A run of SEA on spikes in a trace, as one self-contained HTML file that plays it.

mod record;

use std::sync::LazyLock;

use serde::Serialize;
use sparsea::generate::Instance;
use sparsea::metrics::support_distance;
use sparsea::{Convolution, Error, Halt, Htp, Omp, Problem, Run, Sea, Start};

pub use record::{Record, Step};

/// Significant digits of objectives.
const DIGITS: usize = 6;

const TEMPLATE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// What the page shows. Spike j is a pulse with its sample `origin` at sample j of the trace.
#[derive(Debug, Clone, Serialize)]
pub struct Exploration {
    /// σ of the pulse, in samples.
    pub sigma: f64,
    /// The pulse.
    pub pulse: Vec<f64>,
    /// The sample of the pulse that lies at the spike.
    pub origin: usize,
    /// ‖e‖/‖A x‖.
    pub noise: f64,
    /// k.
    pub sparsity: usize,
    /// η.
    pub step_size: f64,
    /// y.
    pub data: Vec<f64>,
    /// S* and the coefficients on it.
    pub truth: Truth,
    /// Where other algorithms end on the same problem.
    pub others: Vec<Other>,
    /// Every step of the run: between two of them the support stays, and 𝒳 moves on a line.
    pub steps: Vec<Step>,
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

/// Where an algorithm ends.
#[derive(Debug, Clone, Serialize)]
pub struct Other {
    /// Its word.
    pub name: String,
    /// ½‖y − A x‖².
    pub objective: f64,
    /// How many of S* it misses, divided by k.
    pub distance: f64,
}

/// Runs SEA on a deconvolution of which all is known, and what it is compared with: `omp` and `htp`.
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
    let mut record = Record::new(support);
    run(Run::new(&problem, sea.clone()).observe(&mut record))?;
    let mut others = Vec::new();
    for found in [run(Run::new(&problem, Omp::default()))?, run(Run::new(&problem, Htp::default()))?] {
        let distance = support_distance(support, &found.support);
        others.push(Other { name: found.algorithm, objective: rounded(found.objective, DIGITS), distance });
    }
    // OMP started from a full support only fits on it.
    let fit = run(Run::new(&problem, Omp::default()).start(Start::Support(support.clone())))?;
    Ok(Exploration {
        sigma,
        pulse: operator.kernel().to_vec(),
        origin: operator.origin(),
        noise,
        sparsity: support.len(),
        step_size: sea.step_size,
        data: data.clone(),
        truth: Truth {
            support: support.clone(),
            coefficients: coefficients.clone(),
            objective: rounded(fit.objective, DIGITS),
        },
        others,
        steps: record.into_steps(),
    })
}

/// The page, numbers rounded to more digits than can be seen.
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

/// A number to so many significant digits.
pub fn rounded(value: f64, digits: usize) -> f64 {
    format!("{value:.*e}", digits.saturating_sub(1)).parse().unwrap_or(value)
}
