//! How well every algorithm recovers supports that are known, on tasks from easy to hard: a Markdown table of the mean
//! support distance, the rate of exact recovery, and the mean time of a cold run on one thread.
//!
//! `cargo run --release -p sparsea --example recovery [RUNS] [NAMES,WITH,COMMAS] [PART OF A TASK'S NAME] [SETTINGS]`, where a
//! name may carry a time limit, as `search@10ms`, and settings are a JSON object for the last link of every chain.

use std::error::Error;
use std::time::Duration;

use faer::Mat;
use serde_json::{Map, Value};
use sparsea::algorithms::registry;
use sparsea::generate::{
    Amplitudes, correlated_matrix, deconvolution_problem, gaussian_matrix, observe, step_matrix, stream,
};
use sparsea::metrics::{exact, support_distance};
use sparsea::{Boundary, Chain, Convolution, DenseOperator, Halt, LinearMap, Problem, Run, seconds};

/// A, y and the true support.
struct Instance {
    operator: Form,
    data: Vec<f64>,
    support: Vec<usize>,
}

enum Form {
    Dense(Mat<f64>),
    Convolution(Convolution<f64>),
}

impl Form {
    fn operator(&self) -> Box<dyn LinearMap<f64> + '_> {
        match self {
            Self::Dense(matrix) => Box::new(DenseOperator::new(matrix.as_ref())),
            Self::Convolution(convolution) => Box::new(convolution),
        }
    }
}

fn dense(cell: u64, run: u64, matrix: Mat<f64>, k: usize, sizes: Amplitudes, noise: f64) -> Instance {
    let rng = &mut stream(1, cell, 1_000_000 + run);
    let made = observe(rng, matrix, |a| Box::new(DenseOperator::new(a.as_ref())), k, sizes, noise).expect("k fits");
    Instance { operator: Form::Dense(made.operator), data: made.data, support: made.support }
}

fn spikes(cell: u64, run: u64, k: usize, noise: f64) -> Instance {
    let made = deconvolution_problem(&mut stream(1, cell, run), 500, k, 3.0, Boundary::Full, noise).expect("k fits");
    Instance { operator: Form::Convolution(made.operator), data: made.data, support: made.support }
}

/// Every 40th coefficient is 1.
fn correlated(cell: u64, run: u64) -> Instance {
    let matrix = correlated_matrix(&mut stream(1, cell, run), 200, 1000, 0.95);
    let support: Vec<usize> = (0..25).map(|i| 40 * i).collect();
    let data = (0..200).map(|i| support.iter().map(|&j| matrix[(i, j)]).sum()).collect();
    Instance { operator: Form::Dense(matrix), data, support }
}

type Make = fn(u64, u64) -> Instance;

/// Name, sparsity, and the problem of a (cell, run).
const TASKS: [(&str, usize, Make); 9] = [
    ("deconvolution σ = 3, 548 × 500, k = 10", 10, |c, r| spikes(c, r, 10, 0.0)),
    ("deconvolution σ = 3, 548 × 500, k = 20", 20, |c, r| spikes(c, r, 20, 0.0)),
    ("deconvolution σ = 3, 548 × 500, k = 30, 2 % noise", 30, |c, r| spikes(c, r, 30, 0.02)),
    ("Gaussian 32 × 64, k = 14", 14, |c, r| {
        dense(c, r, gaussian_matrix(&mut stream(1, c, r), 32, 64), 14, Amplitudes::Normal, 0.0)
    }),
    ("Gaussian 32 × 64, k = 16", 16, |c, r| {
        dense(c, r, gaussian_matrix(&mut stream(1, c, r), 32, 64), 16, Amplitudes::Normal, 0.0)
    }),
    ("Gaussian 32 × 64, k = 18", 18, |c, r| {
        dense(c, r, gaussian_matrix(&mut stream(1, c, r), 32, 64), 18, Amplitudes::Normal, 0.0)
    }),
    ("correlated: AR(1) 0.95, 200 × 1000, k = 25", 25, correlated),
    ("steps 300 × 300, k = 10, 5 % noise", 10, |c, r| dense(c, r, step_matrix(300), 10, Amplitudes::Bounded, 0.05)),
    ("large Gaussian 250 × 500, k = 125", 125, |c, r| {
        dense(c, r, gaussian_matrix(&mut stream(1, c, r), 250, 500), 125, Amplitudes::Normal, 0.0)
    }),
];

fn main() -> Result<(), Box<dyn Error>> {
    rayon::ThreadPoolBuilder::new().num_threads(1).build_global()?;
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runs: u64 = arguments.first().map_or(Ok(50), |text| text.parse())?;
    let chains = ["omp+sea", "omp+els", "els+sea+els"];
    // One that needs an operator of its own has nothing to do with matrices.
    let general = registry::<f64>().into_iter().filter(|entry| entry.needs.operator().is_none());
    let all = || general.map(|entry| entry.name).chain(chains).map(str::to_owned).collect();
    let names: Vec<String> = arguments.get(1).map_or_else(all, |text| text.split(',').map(str::to_owned).collect());
    let settings: Map<String, Value> = arguments.get(3).map_or(Ok(Map::new()), |text| serde_json::from_str(text))?;
    for (cell, (title, k, make)) in TASKS.into_iter().enumerate() {
        if arguments.get(2).is_some_and(|part| !title.contains(part.as_str())) {
            continue;
        }
        println!("**{title}** ({runs} runs)\n\n| algorithm | mean distance | exact | mean time |");
        println!("| --- | ---: | ---: | ---: |");
        let mut rows = Vec::new();
        for name in &names {
            let (mut distance, mut recovered, mut elapsed) = (0.0, 0, Duration::ZERO);
            for run in 0..runs {
                let instance = make(cell as u64, run);
                let operator = instance.operator.operator();
                let problem = Problem::new(&*operator, &instance.data, k)?;
                let (chain, limit) = name.split_once('@').unwrap_or((name, ""));
                let mut solver = Run::with_chain(&problem, Chain::parse(chain, &settings)?);
                if let Some(milliseconds) = limit.strip_suffix("ms") {
                    solver = solver.halt(Halt::Time(seconds(1e-3 * milliseconds.parse::<f64>()?)?));
                }
                let solution = solver.solve()?;
                distance += support_distance(&instance.support, &solution.support);
                recovered += usize::from(exact(&instance.support, &solution.support));
                elapsed += solution.elapsed;
            }
            rows.push((distance / runs as f64, recovered, elapsed, name));
        }
        rows.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.2.cmp(&b.2)));
        for (distance, recovered, elapsed, name) in rows {
            let (rate, time) = (100.0 * recovered as f64 / runs as f64, 1e3 * elapsed.as_secs_f64() / runs as f64);
            println!("| `{name}` | {distance:.3} | {rate:.0} % | {time:.2} ms |");
        }
        println!();
    }
    Ok(())
}
