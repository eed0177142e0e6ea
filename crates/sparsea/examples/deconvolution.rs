//! Deconvolves spike trains whose truth is known, with every algorithm, and prints the mean support distance and time.
//!
//! Run with `cargo run --release -p sparsea --example deconvolution`.

use std::time::Duration;

use serde_json::Map;
use sparsea::Chain;
use sparsea::algorithms::registry;
use sparsea::generate::{deconvolution_problem, stream};
use sparsea::metrics::support_distance;
use sparsea::{Boundary, Error, Problem, Run};

fn main() -> Result<(), Error> {
    let runs = 50;
    let chains = ["omp+sea", "omp+els", "els+sea", "els+sea+els"];
    let names: Vec<&str> = registry::<f64>().iter().map(|entry| entry.name).chain(chains).collect();
    for k in [10, 20] {
        for &names in &names {
            let (mut distance, mut elapsed) = (0.0, Duration::ZERO);
            for run in 0..runs {
                let instance = deconvolution_problem(&mut stream(1, k as u64, run), 500, k, 3.0, Boundary::Full, 0.0)?;
                let problem = Problem::new(&instance.operator, &instance.data, k)?;
                let solution = Run::with_chain(&problem, Chain::parse(names, &Map::new())?).solve()?;
                distance += support_distance(&instance.support, &solution.support) / runs as f64;
                elapsed += solution.elapsed;
            }
            println!("k = {k}  {names:16} distance {distance:.3}  {:.2} ms", 1e3 * elapsed.as_secs_f64() / runs as f64);
        }
    }
    Ok(())
}
