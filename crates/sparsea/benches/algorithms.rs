//! Whole runs of every algorithm of the registry on the two problems of the paper's figures.

use divan::Bencher;
use serde_json::Map;
use sparsea::algorithms::{find, registry};
use sparsea::generate::{deconvolution_problem, gaussian_problem, stream};
use sparsea::{Boundary, Chain, DenseOperator, Halt, Initial, LinearMap, Memory, Problem, Run, Start, Workspace};

fn main() {
    divan::main();
}

fn words() -> Vec<&'static str> {
    registry::<f64>().iter().filter(|entry| entry.needs.operator().is_none()).map(|entry| entry.name).collect()
}

fn run(bencher: Bencher<'_, '_>, operator: &dyn LinearMap<f64>, y: &[f64], k: usize, word: &str, halt: Option<Halt>) {
    let problem = Problem::new(operator, y, k).expect("a problem");
    let chain = Chain::parse(word, &Map::new()).expect("a word of the registry");
    bencher.bench_local(|| {
        let mut run = Run::with_chain(&problem, chain.clone()).start(Start::Zero);
        if let Some(halt) = &halt {
            run = run.halt(halt.clone());
        }
        run.solve().expect("a valid run").residual_norm
    });
}

fn on_deconvolution(bencher: Bencher<'_, '_>, word: &str, halt: Option<Halt>) {
    let spikes = deconvolution_problem(&mut stream(1, 0, 0), 500, 20, 3.0, Boundary::Full, 0.01).expect("a problem");
    run(bencher, &spikes.operator, &spikes.data, 20, word, halt);
}

fn on_gaussian(bencher: Bencher<'_, '_>, word: &str, halt: Option<Halt>) {
    let instance = gaussian_problem(&mut stream(2, 0, 0), 256, 1024, 32, 0.01).expect("a problem");
    run(bencher, &DenseOperator::new(instance.operator.as_ref()), &instance.data, 32, word, halt);
}

/// m = 548, n = 500, k = 20, σ = 3, under each algorithm's own halting rule.
#[divan::bench(args = words())]
fn deconvolution(bencher: Bencher<'_, '_>, word: &str) {
    on_deconvolution(bencher, word, None);
}

/// m = 256, n = 1024, k = 32, under each algorithm's own halting rule.
#[divan::bench(args = words())]
fn gaussian(bencher: Bencher<'_, '_>, word: &str) {
    on_gaussian(bencher, word, None);
}

/// One iteration, Gram columns cached and fits not remembered; an algorithm that has finished starts again.
#[divan::bench(args = words())]
fn one_iteration(bencher: Bencher<'_, '_>, word: &str) {
    let spikes = deconvolution_problem(&mut stream(1, 0, 0), 500, 20, 3.0, Boundary::Full, 0.01).expect("a problem");
    let problem = Problem::new(&spikes.operator, &spikes.data, 20).expect("a problem");
    let solver = find::<f64>(word).and_then(|entry| entry.build(&Map::new())).expect("a word of the registry");
    let mut workspace = Workspace::new(&problem, Memory { fits: 0, ..Memory::default() }).expect("a workspace");
    let mut process = solver.launch(&mut workspace, &Initial::default());
    bencher.bench_local(|| {
        // SEA may jump over iterations; here it may not.
        if process.step(&mut workspace, 1).finished {
            workspace.clear();
            process = solver.launch(&mut workspace, &Initial::default());
        }
    });
}

#[divan::bench]
fn sea_1000_iterations_deconvolution(bencher: Bencher<'_, '_>) {
    on_deconvolution(bencher, "sea", Some(Halt::Iterations(1000)));
}

#[divan::bench]
fn sea_1000_iterations_gaussian(bencher: Bencher<'_, '_>) {
    on_gaussian(bencher, "sea", Some(Halt::Iterations(1000)));
}
