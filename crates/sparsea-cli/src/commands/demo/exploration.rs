//! The page of the demo: SEA on spikes that matching pursuit misses, to play in a browser.

use std::path::{Path, absolute};
use std::time::Duration;

use sparsea::Boundary;
use sparsea::generate::{deconvolution_problem, stream};
use sparsea_lab::page::{exploration_page, explore};

use crate::failure::Failure;
use crate::say::complain;
use crate::{export, text};

/// The name of the page.
pub const PAGE: &str = "exploration.html";

const SIGMA: f64 = 3.0;
const NOISE: f64 = 0.02;
const ITERATIONS: u64 = 250;
/// How long to watch whether a browser starts.
const PATIENCE: Duration = Duration::from_secs(2);

/// Runs SEA, says how it went, and writes the page.
pub fn write(path: &Path) -> Result<(), Failure> {
    let (n, k) = (200, 10);
    let instance = deconvolution_problem(&mut stream(2024, 0, 22), n, k, SIGMA, Boundary::Same, NOISE)?;
    let run = explore(&instance, SIGMA, NOISE, ITERATIONS)?;
    say!("4. How does SEA get there? {k} spikes in {n} samples, σ = {SIGMA}, {} % noise\n", 100.0 * NOISE);
    let missed = |distance: f64| (distance * k as f64).round();
    for other in run.known.iter().flat_map(|known| &known.others) {
        say!("   {:<13}misses {} of {k}", other.name, missed(other.distance));
    }
    if let Some((last, distance)) = run.steps.last().and_then(|last| Some((last, last.best_distance?))) {
        let found = run.steps.iter().find(|step| step.best_objective == last.best_objective);
        let iteration = found.map_or(0, |step| step.iteration);
        let supports = last.supports_explored;
        say!(
            "   {:<13}misses {} of {k}, found at iteration {iteration}; {supports} supports in {} iterations\n",
            "sea",
            missed(distance),
            last.iteration
        );
    }
    let page = exploration_page(&run)?;
    export::write_atomically(path, |out| out.write_all(page.as_bytes()))?;
    Ok(())
}

/// Opens the page in the browser. Where that fails, the page is there all the same.
pub fn open(path: &Path) {
    // A browser that is already running has another working folder.
    let place = absolute(path).unwrap_or_else(|_| path.to_owned());
    if open::that_detached_with_timeout(&place, PATIENCE).is_err() {
        complain(&format!("no browser could be started; open {} in one yourself", text::path(&place)));
    }
}
