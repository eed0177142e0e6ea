//! How time and memory grow, and how far the code is from what the machine allows: the tables and pictures of
//! docs/performance.md.
//!
//! `cargo bench -p sparsea-lab --bench growth` prints everything as Markdown and draws the pictures into the folder of docs; names of
//! parts (`floors`, `convolution`, `dense`, `rows`, `sparsity`, `sparse`, `memory`) as arguments measure only those. The floor of a step is the time in
//! which the machine reads the numbers that the step cannot do without, at the rate measured just before for as many bytes, or in which it
//! makes its multiply-adds, whichever is longer, and of SEA the selection of the k largest of n by the standard library besides.

use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use faer::MatMut;
use faer::sparse::{SparseColMatRef, SymbolicSparseColMatRef};
use rayon::ThreadPoolBuilder;
use sparsea::algorithms::applicable;
use sparsea::generate::{deconvolution_problem, gaussian_matrix, normal_vector, stream};
use sparsea::{
    Access, Boundary, Chain, Columns, DenseOperator, Halt, LinearMap, Memory, OperatorError, Problem, Profile, Run,
    Sea, SparseOperator, Start, Trace, TraceRow,
};
use sparsea_lab::plot::{Curve, CurvesPlot, Scale, curves};

/// The shortest of several runs of `work`, after one that is not counted.
fn shortest(times: usize, mut work: impl FnMut()) -> Duration {
    work();
    (0..times)
        .map(|_| {
            let begin = Instant::now();
            work();
            begin.elapsed()
        })
        .min()
        .unwrap_or_default()
}

/// Seconds to read `bytes` again and again, as they lie wherever so many bytes fit.
fn read_time(bytes: usize) -> f64 {
    let numbers = vec![1.0f64; bytes / 8];
    let repeats = ((64 << 20) / bytes).max(1);
    let time = shortest(7, || {
        for _ in 0..repeats {
            black_box(pulp::Arch::new().dispatch(Sum(black_box(&numbers))));
        }
    });
    time.as_secs_f64() / repeats as f64
}

/// The sum of numbers by whole registers, in as many chains as hide the latency of an addition.
struct Sum<'a>(&'a [f64]);

impl pulp::WithSimd for Sum<'_> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, simd: S) -> f64 {
        let mut sums = [simd.splat_f64s(0.0); 8];
        for block in S::as_simd_f64s(self.0).0.as_chunks::<8>().0 {
            for (sum, &x) in sums.iter_mut().zip(block) {
                *sum = simd.add_f64s(*sum, x);
            }
        }
        let mut total = 0.0;
        for sum in sums {
            total += simd.reduce_sum_f64s(sum);
        }
        total
    }
}

/// Multiply-adds a second on registers alone.
fn multiply_adds() -> f64 {
    let mut lanes = 0;
    let time = shortest(7, || lanes = black_box(pulp::Arch::new().dispatch(Registers)).0);
    (Registers::REPEATS * Registers::SUMS * lanes) as f64 / time.as_secs_f64()
}

/// Independent chains of fused multiply-adds, as many as keep every unit busy.
struct Registers;

impl Registers {
    const SUMS: usize = 10;
    const REPEATS: usize = 1 << 22;
}

impl pulp::WithSimd for Registers {
    type Output = (usize, f64);

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, simd: S) -> (usize, f64) {
        let (factor, term) = (simd.splat_f64s(black_box(0.999)), simd.splat_f64s(black_box(1e-3)));
        let mut sums = [simd.splat_f64s(1.0); Self::SUMS];
        for _ in 0..Self::REPEATS {
            for sum in &mut sums {
                *sum = simd.mul_add_f64s(*sum, factor, term);
            }
        }
        let total = sums.iter().map(|sum| simd.reduce_sum_f64s(*sum)).sum();
        (S::F64_LANES, total)
    }
}

/// Seconds to select the k largest of n magnitudes with the standard library.
fn selection_time(n: usize, k: usize) -> f64 {
    let values: Vec<f64> = normal_vector(&mut stream(9, n as u64, k as u64), n);
    let mut magnitudes = Vec::with_capacity(n);
    let repeats = ((1 << 20) / n).max(1);
    let time = shortest(7, || {
        for _ in 0..repeats {
            magnitudes.clear();
            magnitudes.extend(black_box(&values).iter().map(|v| v.abs()));
            black_box(magnitudes.select_nth_unstable_by(n - k, f64::total_cmp));
        }
    });
    time.as_secs_f64() / repeats as f64
}

/// Seconds for each step of a run with a change of support, after the first `warm` of them: their median.
fn step_time(rows: &[TraceRow], warm: usize) -> f64 {
    let mut times: Vec<f64> = rows
        .windows(2)
        .skip(warm)
        .filter(|pair| pair[1].entered > 0)
        .map(|pair| (pair[1].elapsed - pair[0].elapsed).as_secs_f64())
        .collect();
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The steps of SEA without remembered fits, so that every one of them fits and correlates.
fn sea_steps(operator: &dyn LinearMap<f64>, data: &[f64], k: usize, iterations: u64) -> Vec<TraceRow> {
    let problem = Problem::new(operator, data, k).expect("a problem");
    let mut trace = Trace::default();
    let memory = Memory { fits: 0, ..Memory::default() };
    let run = Run::new(&problem, Sea::default()).memory(memory).halt(Halt::Iterations(iterations));
    run.observe(&mut trace).solve().expect("a run");
    trace.rows().to_vec()
}

fn with_threads<R: Send>(threads: usize, work: impl FnOnce() -> R + Send) -> R {
    ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool of threads").install(work)
}

fn micro(seconds: f64) -> String {
    let digits = if seconds < 1e-5 { 2 } else { usize::from(seconds < 1e-3) };
    format!("{:.*} µs", digits, 1e6 * seconds)
}

fn floors() {
    let peak = multiply_adds();
    println!("\n### Floors\n\n{:.1} billion multiply-adds a second; reading takes, a gigabyte:", peak / 1e9);
    for bytes in [16 << 10, 256 << 10, 4 << 20, 16 << 20, 128 << 20] {
        println!("{:.0} ms from {} KiB;", 1e3 * read_time(bytes) * 1e9 / bytes as f64, bytes >> 10);
    }
    println!("\n| step | bytes | multiply-adds | k of n | floor | time | ratio |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: |");
    let row = |name: &str, bytes: usize, products: usize, selected: Option<(usize, usize)>, time: f64| {
        let selection = selected.map_or(0.0, |(k, n)| selection_time(n, k));
        let selected = selected.map_or("–".to_owned(), |(k, n)| format!("{k} of {n}"));
        let floor = read_time(bytes).max(products as f64 / peak) + selection;
        let (floor_text, time_text, ratio) = (micro(floor), micro(time), time / floor);
        println!("| {name} | {bytes} | {products} | {selected} | {floor_text} | {time_text} | {ratio:.2} |");
    };
    let sea_row = |name: &str, n: usize, k: usize, time: f64| row(name, 8 * n * k, n * k, Some((k, n)), time);
    let deconvolution =
        deconvolution_problem(&mut stream(1, 0, 0), 500, 20, 3.0, Boundary::Full, 0.0).expect("a problem");
    let convolution = Access::new(&deconvolution.operator);
    let mut a = faer::Mat::zeros(convolution.nrows(), 500);
    convolution.columns(&(0..500).collect::<Vec<_>>(), a.as_mut());
    let operator = DenseOperator::new(a.as_ref());
    let steps = sea_steps(&operator, &deconvolution.data, 20, 2000);
    sea_row("SEA, 548 × 500 deconvolution, k = 20", 500, 20, step_time(&steps, 200));
    for (m, n, k) in [(256, 1024, 32), (1000, 4000, 100)] {
        let a = gaussian_matrix::<f64>(&mut stream(1, 1, 0), m, n);
        let operator = DenseOperator::new(a.as_ref());
        let data: Vec<f64> = normal_vector(&mut stream(1, 1, 1), m);
        let steps = sea_steps(&operator, &data, k, 1000);
        sea_row(&format!("SEA, Gaussian {m} × {n}, k = {k}"), n, k, step_time(&steps, 200));
    }
    let (m, n, k) = (1000, 10_000, 50);
    let a = gaussian_matrix::<f64>(&mut stream(1, 2, 0), m, n);
    let operator = DenseOperator::new(a.as_ref());
    let data: Vec<f64> = normal_vector(&mut stream(1, 2, 1), m);
    let mut correlation = vec![0.0; n];
    let access = Access::new(&operator);
    let pass = shortest(7, || access.apply_adjoint(black_box(&data), &mut correlation)).as_secs_f64();
    row("Aᴴr, 1000 × 10 000", 8 * m * n, m * n, None, pass);
    let mut columns = faer::Mat::<f64>::zeros(n, 8);
    let chosen: Vec<usize> = (0..8).map(|c| 1000 * c + 17).collect();
    let block = shortest(5, || access.gram_columns(black_box(&chosen), columns.as_mut())).as_secs_f64();
    row("8 Gram columns, 1000 × 10 000", 8 * m * n, 8 * m * n, None, block);
    let steps = sea_steps(&operator, &data, k, 1000);
    let step = step_time(&steps, 100);
    sea_row("SEA after 100 steps, Gaussian 1000 × 10 000, k = 50", n, k, step);
    let from = &steps[100.min(steps.len() - 1)];
    let last = &steps[steps.len() - 1];
    let mean = (last.elapsed - from.elapsed).as_secs_f64() / (last.iteration - from.iteration) as f64;
    println!(
        "\nAn iteration of the last after the first hundred takes {:.3} of a pass Aᴴr in the median, {:.3} in the mean, new Gram columns \
         included.",
        step / pass,
        mean / pass
    );
}

/// A curve for each number of threads: times at the places given.
fn draw(file: &str, title: &str, [x_label, y_label]: [&str; 2], places: &[f64], times: &[Vec<f64>; 2]) {
    let named = ["1 thread", "2 threads"].into_iter().zip(times);
    let lines: Vec<Curve<'_>> = named.map(|(name, y)| Curve { name, x: places, y, band: None }).collect();
    let figure = curves(&CurvesPlot {
        title,
        x_label,
        y_label,
        curves: &lines,
        x_scale: Scale::Logarithmic,
        y_scale: Scale::Logarithmic,
        y_range: None,
        ideal: None,
    })
    .expect("a picture");
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/images").join(file);
    std::fs::write(path, figure.svg()).expect("a picture written");
}

/// The latest time on one thread, and on two.
fn latest(times: &[Vec<f64>; 2]) -> [f64; 2] {
    [0, 1].map(|at| times[at].last().copied().unwrap_or(f64::NAN))
}

/// Peak of resident memory since the last call to [`forget_peak`], in bytes; `None` where the system does not tell.
fn peak() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM"))?;
    Some(line.split_whitespace().nth(1)?.parse::<usize>().ok()? << 10)
}

/// Runs on fewer columns than this show no memory: much of it is what was used and freed before.
const SHOWN: usize = 1_000_000;

/// Makes the peak what is resident now.
fn forget_peak() {
    // Linux alone has this; elsewhere `peak` says nothing anyway.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

fn convolution() {
    println!("\n### SEA on convolutions, σ = 3, k = n / 100, 1 % noise, 100 iterations\n");
    println!("| n | k | 1 thread, an iteration | 2 threads | per sample, 1 thread | memory of the run |");
    println!("| ---: | ---: | ---: | ---: | ---: | ---: |");
    let sizes = [1_000, 10_000, 100_000, 1_000_000, 10_000_000];
    let mut times = [vec![], vec![]];
    for n in sizes {
        let k = n / 100;
        let instance =
            deconvolution_problem(&mut stream(3, n as u64, 0), n, k, 3.0, Boundary::Full, 0.01).expect("a problem");
        let problem = Problem::new(&instance.operator, &instance.data, k).expect("a problem");
        let mut held = None;
        for threads in [1, 2] {
            forget_peak();
            let before = peak();
            let run = || Run::new(&problem, Sea::default()).halt(Halt::Iterations(100)).solve().expect("a run").elapsed;
            let elapsed = with_threads(threads, run);
            if threads == 1 && n >= SHOWN {
                held = peak().zip(before).map(|(after, before)| (after - before) / n);
            }
            times[threads - 1].push(elapsed.as_secs_f64() / 100.0);
        }
        let [one, two] = latest(&times);
        let held = held.map_or("–".to_owned(), |held| format!("{held} bytes a sample"));
        println!("| {n} | {k} | {} | {} | {:.1} ns | {held} |", micro(one), micro(two), 1e9 * one / n as f64);
    }
    draw(
        "growth_convolution.svg",
        "SEA on convolutions, a spike every 100 samples",
        ["samples n", "seconds for an iteration"],
        &sizes.map(|n| n as f64),
        &times,
    );
}

fn dense() {
    println!("\n### SEA on Gaussian matrices of 200 rows, k = 20, y of no sparse origin\n");
    println!("| n | 1 thread, a step | 2 threads | per column, 1 thread |\n| ---: | ---: | ---: | ---: |");
    let sizes = [1_000, 3_000, 10_000, 30_000, 100_000];
    let mut times = [vec![], vec![]];
    for n in sizes {
        let a = gaussian_matrix::<f64>(&mut stream(4, n as u64, 0), 200, n);
        let operator = DenseOperator::new(a.as_ref());
        let data: Vec<f64> = normal_vector(&mut stream(4, n as u64, 1), 200);
        for threads in [1, 2] {
            let steps = with_threads(threads, || sea_steps(&operator, &data, 20, 600));
            times[threads - 1].push(step_time(&steps, 100));
        }
        let [one, two] = latest(&times);
        println!("| {n} | {} | {} | {:.1} ns |", micro(one), micro(two), 1e9 * one / n as f64);
    }
    draw(
        "growth_dense.svg",
        "SEA on dense matrices, k = 20",
        ["columns n", "seconds for a step"],
        &sizes.map(|n| n as f64),
        &times,
    );
}

fn rows() {
    println!("\n### Gaussian matrices of 2000 columns, k = 20, y of no sparse origin\n");
    println!(
        "| m | OMP, 1 thread | 2 threads | for each row, 1 thread | SEA, a step |\n| ---: | ---: | ---: | ---: | ---: |"
    );
    let sizes = [250, 500, 1000, 2000, 4000, 8000, 16_000];
    let mut times = [vec![], vec![]];
    for m in sizes {
        let a = gaussian_matrix::<f64>(&mut stream(8, m as u64, 0), m, 2000);
        let operator = DenseOperator::new(a.as_ref());
        let data: Vec<f64> = normal_vector(&mut stream(8, m as u64, 1), m);
        let problem = Problem::new(&operator, &data, 20).expect("a problem");
        let omp = || Run::with_chain(&problem, Chain::parse("omp", &serde_json::Map::new()).expect("omp")).solve();
        for threads in [1, 2] {
            let time = with_threads(threads, || shortest(5, || drop(black_box(omp().expect("a run")))));
            times[threads - 1].push(time.as_secs_f64());
        }
        let step = step_time(&with_threads(1, || sea_steps(&operator, &data, 20, 600)), 100);
        let [one, two] = latest(&times);
        let each = 1e9 * one / m as f64;
        println!("| {m} | {} | {} | {each:.0} ns | {} |", micro(one), micro(two), micro(step));
    }
    draw(
        "growth_rows.svg",
        "OMP on dense matrices of 2000 columns, k = 20",
        ["rows m", "seconds for a run"],
        &sizes.map(|m| m as f64),
        &times,
    );
}

fn sparsity() {
    println!("\n### SEA on a Gaussian matrix 2000 × 4000, y of no sparse origin\n");
    println!("| k | 1 thread, a step | 2 threads | per n k, 1 thread |\n| ---: | ---: | ---: | ---: |");
    let sizes = [10, 30, 100, 300, 1000];
    let (m, n) = (2000, 4000);
    let a = gaussian_matrix::<f64>(&mut stream(5, 0, 0), m, n);
    let operator = DenseOperator::new(a.as_ref());
    let data: Vec<f64> = normal_vector(&mut stream(5, 0, 1), m);
    let mut times = [vec![], vec![]];
    for k in sizes {
        for threads in [1, 2] {
            let steps = with_threads(threads, || sea_steps(&operator, &data, k, 300));
            times[threads - 1].push(step_time(&steps, 100));
        }
        let [one, two] = latest(&times);
        println!("| {k} | {} | {} | {:.2} ns |", micro(one), micro(two), 1e9 * one / (n * k) as f64);
    }
    draw(
        "growth_sparsity.svg",
        "SEA on a dense matrix 2000 × 4000",
        ["non-zeros k", "seconds for a step"],
        &sizes.map(|k| k as f64),
        &times,
    );
}

/// Sparse matrices with as many columns as a dense Gram matrix of them could never hold.
fn sparse() {
    println!("\n### Random sparse matrices, 5 non-zeros a column, n = 2 m, k = 100, 1 thread\n");
    println!(
        "| n | non-zeros | OMP | SEA from it, 100 iterations | memory of the runs |\n| ---: | ---: | ---: | ---: | ---: |"
    );
    for n in [20_000, 200_000, 2_000_000] {
        let m = n / 2;
        let mut rng = stream(6, n as u64, 0);
        let (mut indices, mut values, mut starts) = (vec![], vec![], vec![0]);
        for _ in 0..n {
            indices.extend(sparsea::generate::random_support(&mut rng, m, 5));
            values.extend(normal_vector::<f64>(&mut rng, 5));
            starts.push(indices.len());
        }
        let pattern = SymbolicSparseColMatRef::new_checked(m, n, &starts, None, &indices);
        let operator = SparseOperator::new(SparseColMatRef::new(pattern, &values));
        let support = sparsea::generate::random_support(&mut rng, n, 100);
        let mut data: Vec<f64> = normal_vector(&mut rng, m);
        let noise = 0.001;
        data.iter_mut().for_each(|y| *y *= noise);
        for &j in &support {
            for at in starts[j]..starts[j + 1] {
                data[indices[at]] += values[at];
            }
        }
        let problem = Problem::new(&operator, &data, 100).expect("a problem");
        forget_peak();
        let before = peak();
        let omp = with_threads(1, || {
            Run::with_chain(&problem, Chain::parse("omp", &serde_json::Map::new()).expect("omp"))
                .solve()
                .expect("a run")
        });
        let start = Start::Support(omp.support.clone());
        let sea = with_threads(1, || {
            Run::new(&problem, Sea::default()).start(start).halt(Halt::Iterations(100)).solve().expect("a run").elapsed
        });
        let held = peak()
            .zip(before)
            .filter(|_| n >= SHOWN)
            .map_or("–".to_owned(), |(a, b)| format!("{} MB", (a - b) / 1_000_000));
        let (omp, sea) = (1e3 * omp.elapsed.as_secs_f64(), 1e3 * sea.as_secs_f64());
        println!("| {n} | {} | {omp:.0} ms | {sea:.0} ms | {held} |", values.len());
    }
}

/// A matrix that counts the Gram columns computed of it: those that runs use, and those guessed in vain.
struct Counted<'a>(DenseOperator<'a, f64>, AtomicUsize);

impl LinearMap<f64> for Counted<'_> {
    fn shape(&self) -> (usize, usize) {
        self.0.shape()
    }

    fn apply(&self, x: &[f64], y: &mut [f64]) -> Result<(), OperatorError> {
        self.0.apply(x, y)
    }

    fn apply_adjoint(&self, y: &[f64], x: &mut [f64]) -> Result<(), OperatorError> {
        self.0.apply_adjoint(y, x)
    }

    fn profile(&self) -> Profile {
        self.0.profile()
    }

    fn columns(&self) -> Option<&dyn Columns<f64>> {
        Some(self)
    }
}

impl Columns<f64> for Counted<'_> {
    fn gather(&self, support: &[usize], out: MatMut<'_, f64>) -> Result<(), OperatorError> {
        self.0.gather(support, out)
    }

    fn norms(&self) -> Result<Vec<f64>, OperatorError> {
        self.0.norms()
    }

    fn adjoint_block(&self, ys: &[&[f64]], out: MatMut<'_, f64>) -> Result<(), OperatorError> {
        self.0.adjoint_block(ys, out)
    }

    fn gram(&self, rows: Option<&[usize]>, support: &[usize], out: MatMut<'_, f64>) -> Result<(), OperatorError> {
        if rows.is_none() {
            self.1.fetch_add(support.len(), Ordering::Relaxed);
        }
        self.0.gram(rows, support, out)
    }

    fn combine(&self, support: &[usize], values: &[f64], y: &mut [f64]) -> Result<(), OperatorError> {
        self.0.combine(support, values, y)
    }

    fn correlate(&self, support: &[usize], y: &[f64], out: &mut [f64]) -> Result<(), OperatorError> {
        self.0.correlate(support, y, out)
    }
}

/// Peak memory of a run beside the numbers that docs/performance.md says it holds.
fn memory() {
    // Blocks that are freed go back to the system only if they are mapped; glibc decides by this.
    const THRESHOLD: &str = "MALLOC_MMAP_THRESHOLD_";
    if std::env::var_os(THRESHOLD).is_none() {
        let program = std::env::current_exe().expect("the name of this programme");
        let ended = std::process::Command::new(program).arg("memory").env(THRESHOLD, "65536").status();
        assert!(ended.is_ok_and(|status| status.success()), "the process that measures memory failed");
        return;
    }
    let (m, n, k, iterations) = (60, 200_000, 20, 30);
    println!("\n### Memory: Gaussian {m} × {n}, k = {k}, y of no sparse origin, {iterations} iterations\n");
    println!("| algorithm | Gram columns | own numbers | reported | with {VECTORS} vectors | measured | ratio |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: |");
    let a = gaussian_matrix::<f64>(&mut stream(7, 0, 0), m, n);
    let operator = Counted(DenseOperator::new(a.as_ref()), AtomicUsize::new(0));
    let data: Vec<f64> = normal_vector(&mut stream(7, 0, 1), m);
    let problem = Problem::new(&operator, &data, k).expect("a problem");
    for entry in applicable(&problem) {
        let name = entry.name;
        let chain = Chain::parse(name, &serde_json::Map::new()).expect("an algorithm");
        let own: usize = chain.links().iter().map(|link| link.state_size(&problem)).sum();
        let memory = Memory { gram: 4 << 30, ..Memory::default() };
        forget_peak();
        let before = peak();
        let run = || Run::with_chain(&problem, chain).memory(memory).halt(Halt::Iterations(iterations)).solve();
        operator.1.store(0, Ordering::Relaxed);
        let reported = with_threads(1, || run().expect("a run").memory);
        let columns = operator.1.load(Ordering::Relaxed);
        let Some(held) = peak().zip(before).map(|(after, before)| after - before) else { continue };
        let formula = reported + 8 * n * VECTORS;
        let (megabytes, ratio) = (|bytes: usize| bytes as f64 / 1e6, held as f64 / formula as f64);
        let (reported, formula, held) = (megabytes(reported), megabytes(formula), megabytes(held));
        println!("| `{name}` | {columns} | {own} | {reported:.1} MB | {formula:.1} MB | {held:.1} MB | {ratio:.2} |");
    }
}

/// Vectors of length n that every run holds.
const VECTORS: usize = 8;

fn main() {
    let chosen: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let parts: [(&str, fn()); 7] = [
        ("floors", || with_threads(1, floors)),
        ("convolution", convolution),
        ("dense", dense),
        ("rows", rows),
        ("sparsity", sparsity),
        ("sparse", sparse),
        ("memory", memory),
    ];
    for (name, part) in parts {
        if chosen.is_empty() || chosen.iter().any(|c| c == name) {
            part();
        }
    }
}
