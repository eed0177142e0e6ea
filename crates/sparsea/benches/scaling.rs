//! How time grows: of a step of ELS and OLS with n and k, in nanoseconds per step, and per step and n k; and of a hundred
//! iterations of SEA on spike deconvolution with n, a spike every hundred samples.
//!
//! The operator is a convolution, whose Gram columns cost next to nothing, so that what is seen is the algorithms' own
//! work. If a step costs n k, the last column stays the same down the table.

use std::time::Duration;

use sparsea::generate::{deconvolution_problem, random_support, stream};
use sparsea::{Algorithm, Boundary, Els, Halt, Ols, Problem, Run, Sea, Start, Trace};

/// Median time between one step and the next.
fn step_time(n: usize, k: usize, algorithm: impl Algorithm<f64>, start: Start<f64>, steps: u64) -> Duration {
    let instance =
        deconvolution_problem(&mut stream(1, n as u64, k as u64), n, k, 3.0, Boundary::Full, 0.1).expect("a problem");
    let problem = Problem::new(&instance.operator, &instance.data, k).expect("a problem");
    let mut trace = Trace::default();
    let run = Run::new(&problem, algorithm).start(start).halt(Halt::Iterations(steps)).observe(&mut trace);
    run.solve().expect("a run");
    // The first steps still wake memory up, and of OLS the last, at |S| = k, is what is to be compared.
    let times: Vec<Duration> = trace.rows().windows(2).map(|pair| pair[1].elapsed - pair[0].elapsed).collect();
    let mut last = times[times.len().saturating_sub(11)..].to_vec();
    last.sort_unstable();
    last[last.len() / 2]
}

fn main() {
    println!("{:>9} {:>6} {:>4} {:>12} {:>10}", "algorithm", "n", "k", "ns per step", "per n k");
    for (n, k) in [(1000, 20), (2000, 20), (4000, 20), (8000, 20), (4000, 10), (4000, 40), (4000, 80), (4000, 160)] {
        let start = Start::Support(random_support(&mut stream(2, n as u64, k as u64), n, k));
        let els = step_time(n, k, Els::default(), start, 40);
        let ols = step_time(n, k, Ols::default(), Start::Zero, k as u64);
        for (name, time) in [("els", els), ("ols", ols)] {
            let nanoseconds = time.as_nanos() as f64;
            println!("{name:>9} {n:>6} {k:>4} {nanoseconds:>12.0} {:>10.3}", nanoseconds / (n * k) as f64);
        }
    }
    println!("\n{:>9} {:>9} {:>7} {:>12} {:>14} {:>10}", "algorithm", "n", "k", "seconds", "µs per sample", "residual");
    for n in [10_000, 100_000, 1_000_000] {
        let k = n / 100;
        let instance =
            deconvolution_problem(&mut stream(3, n as u64, 0), n, k, 3.0, Boundary::Full, 0.01).expect("a problem");
        let problem = Problem::new(&instance.operator, &instance.data, k).expect("a problem");
        let solution = Run::new(&problem, Sea::default()).halt(Halt::Iterations(100)).solve().expect("a run");
        let seconds = solution.elapsed.as_secs_f64();
        let residual = solution.relative_residual;
        println!("{:>9} {n:>9} {k:>7} {seconds:>12.3} {:>14.2} {residual:>10.3}", "sea", 1e6 * seconds / n as f64);
    }
}
