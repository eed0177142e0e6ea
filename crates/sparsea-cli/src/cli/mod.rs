//! What may be typed, and its first check.

mod choice;
mod reading;

use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::styling::Styles;
use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use serde_json::Value;
use sparsea::Sea;
use sparsea_lab::sweep::Shard;

use crate::defaults;
use crate::failure::Failure;
use crate::values::{self, Refusal};
pub use choice::{CriterionChoice, Path, SchemeChoice, Stability};
use reading::with_named_standard_input;
pub use reading::{ColumnOptions, DropOptions, ReadingOptions};

/// Solve y = A x + noise for an x with at most k non-zeros: which columns of A explain y, and by how much.
#[derive(Debug, Parser)]
#[command(name = "sparsea", version, styles = Styles::plain(), infer_subcommands = true, after_help = "\
Exit status: 0 done, 1 a file could not be written (as on a full disk), 2 wrong input (nothing was written), 130 interrupted (the \
best so far was printed).")]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
    /// Number of threads [default: all cores]
    #[arg(long, global = true, value_name = "N", allow_negative_numbers = true, value_parser = values::threads)]
    pub threads: Option<u32>,
    /// No progress and no remarks on standard error, only errors
    #[arg(short, long, global = true)]
    pub quiet: bool,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show what it does: real data and a known truth, start to pictures, in seconds
    Demo(Demo),
    /// Find the k columns of a matrix A that explain y best
    Solve(Solve),
    /// Find the k spikes that, blurred by a kernel, make up a trace
    Deconvolve(Deconvolve),
    /// Solve for every k, and choose one by a criterion
    Path(Path),
    /// Count how often each column is chosen on random halves of the rows, and bound the false selections
    Stability(Stability),
    /// Try every algorithm on one problem, in one table
    // Short forms that meant this command before there were others with its first letters.
    #[command(aliases = ["c", "co", "com", "comp"])]
    Compare(Compare),
    /// Improve a support or a vector found by any other means; never returns a worse one
    Improve(Improve),
    /// Run a study: many problems whose truth is known, by many algorithms; stops and resumes
    Sweep(Sweep),
    /// Make a figure of the paper again: data, table and picture
    Reproduce(Reproduce),
    /// Say what is guaranteed for a matrix A: coherence, restricted isometry, whether SEA must find the support
    Theory(Theory),
    /// Write a problem whose truth is known
    Generate(Generate),
    /// List the algorithms and their settings
    Algorithms(Algorithms),
    /// Print a script that completes commands and options in a shell
    Completions(Completions),
    /// Print the manual page, or write one for every command
    Man(Man),
}

#[derive(Debug, Args)]
pub struct Demo {
    /// Folder for the pictures and the page
    #[arg(long, value_name = "DIR", default_value = "sparsea-demo")]
    pub out: PathBuf,
    /// Open the page in the browser: SEA on a deconvolution, iteration by iteration
    #[arg(long)]
    pub open: bool,
}

#[derive(Debug, Args)]
#[command(override_usage = "\
sparsea solve [OPTIONS] <A> <Y> -k <K>
       sparsea solve [OPTIONS] <STATISTICS> --gram -k <K>")]
pub struct Solve {
    /// The matrix A, m × n: .npy, .npz, .csv, .tsv, .txt, .mtx, .mat, each also as .gz (FILE:NAME where a file holds several arrays), or -
    /// for standard input
    #[arg(value_name = "A")]
    pub matrix: PathBuf,
    /// The data y, m numbers: a file; FILE:COLUMN, a column of a table; or a column of A's own table, which is then left out of A. If the
    /// file has several columns, each is solved separately, or all together with --joint
    #[arg(value_name = "Y", required_unless_present = "gram", conflicts_with = "gram")]
    pub data: Option<String>,
    /// A and y are known by sufficient statistics: A is an .npz file with AtA, Aty, yty and n_samples
    #[arg(long)]
    pub gram: bool,
    #[command(flatten)]
    pub method: Method,
    #[command(flatten)]
    pub model: ModelOptions,
    #[command(flatten)]
    pub output: Output,
    #[command(flatten)]
    pub reading: ReadingOptions,
    #[command(flatten)]
    pub columns: ColumnOptions,
}

#[derive(Debug, Args)]
pub struct ModelOptions {
    /// Add an intercept, a constant that is always in the model [default: where y is a column of A's own table with names]
    #[arg(long, conflicts_with = "no_intercept")]
    pub intercept: bool,
    /// Add none
    #[arg(long)]
    pub no_intercept: bool,
    /// Columns that are always in the model and not counted in k: names or numbers counted from 0, separated by commas
    #[arg(long, value_name = "NAMES", value_delimiter = ',', allow_hyphen_values = true)]
    pub fixed: Vec<String>,
    /// Columns that are never chosen, named the same way
    #[arg(long = "exclude", value_name = "NAMES", value_delimiter = ',', allow_hyphen_values = true)]
    pub excluded: Vec<String>,
    /// Weights w of the rows, m non-negative numbers: Σ w_i |r_i|² is minimised; a row of weight 0 is missing
    #[arg(long, value_name = "FILE")]
    pub weights: Option<PathBuf>,
    /// Add ½ λ‖x‖² to what is minimised, in the scale of A, but for intercept and fixed columns
    #[arg(long, value_name = "LAMBDA", allow_negative_numbers = true)]
    #[arg(value_parser = values::number("--ridge", "finite number of at least 0", |l| l >= 0.0 && l.is_finite()))]
    pub ridge: Option<f64>,
    /// The sum of the coefficients, but for intercept and fixed columns: 1 for the weights of a portfolio
    #[arg(long, value_name = "SUM", allow_negative_numbers = true)]
    #[arg(value_parser = values::number("--sum-to", "finite number other than 0", |s| s != 0.0 && s.is_finite()))]
    pub sum_to: Option<f64>,
    /// How to treat NaN in y, and in text files empty fields, NA and the like: as an error, or as gaps
    #[arg(long, value_enum, default_value = "error", value_name = "RULE")]
    pub missing: MissingChoice,
    /// A file with a label for each column of A, numbers or words, one a line: columns with the same label are in the support
    /// together or not at all, and k counts such groups
    #[arg(long, value_name = "FILE")]
    pub groups: Option<PathBuf>,
    /// Find one support shared by all columns of Y, an m × B matrix
    #[arg(long)]
    pub joint: bool,
}

/// What missing data are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MissingChoice {
    /// Refused
    Error,
    /// Rows of weight 0
    Drop,
}

#[derive(Debug, Args)]
pub struct Deconvolve {
    /// The trace y: a file with one column of numbers, or FILE:COLUMN; a matrix is several traces, or an image (see --kernel)
    // Not `trace`: that is the option of the output.
    #[arg(id = "samples", value_name = "TRACE")]
    pub trace: PathBuf,
    #[command(flatten)]
    pub kernel: KernelOptions,
    #[command(flatten)]
    pub method: Method,
    #[command(flatten)]
    pub model: ModelOptions,
    #[command(flatten)]
    pub output: Output,
    #[command(flatten)]
    pub reading: ReadingOptions,
}

#[derive(Debug, Args)]
pub struct KernelOptions {
    /// The shape of one spike: gaussian:SIGMA, exponential:TAU (both in samples), or a file of samples, for an image a matrix
    #[arg(long, value_name = "KERNEL", value_parser = parse_kernel)]
    pub kernel: Kernel,
    /// What happens at the ends: as many spikes as samples (same), spikes wholly inside the trace (full), also
    /// spikes outside that reach into it (valid), or a periodic trace (circular)
    #[arg(long, value_enum, default_value = "same")]
    pub boundary: BoundaryChoice,
    /// Sample of the kernel that lies at the spike; for an image ROW,COLUMN [default: the largest in magnitude]
    #[arg(long, value_name = "SAMPLE", allow_negative_numbers = true, value_parser = parse_origin)]
    pub origin: Option<Origin>,
    /// TRACE is an image, a matrix; implied by a kernel that is a matrix
    #[arg(long, conflicts_with = "traces")]
    pub image: bool,
    /// TRACE is a matrix with a trace in each column; implied by a kernel from a file of samples
    #[arg(long)]
    pub traces: bool,
    /// What to subtract from the trace first: none, mean, median, or quantile:P with P from 0 to 1
    #[arg(long, value_name = "RULE", default_value = "none", value_parser = parse_baseline)]
    pub baseline: Baseline,
}

/// What coefficients may be.
#[derive(Debug, Args)]
pub struct DomainOptions {
    /// Coefficients must be at least 0
    #[arg(long)]
    pub nonnegative: bool,
    /// Coefficients must lie in an interval that contains 0, as -1:2.5, 0:10 or :3
    #[arg(long, value_name = "LO:HI", value_parser = values::interval, allow_hyphen_values = true)]
    pub bounds: Option<(f64, f64)>,
}

/// The sample or pixel of a kernel that lies at the spike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Of a trace.
    Sample(usize),
    /// Row and column, of an image.
    Pixel(usize, usize),
}

fn parse_origin(text: &str) -> Result<Origin, values::Refusal> {
    let whole = values::whole::<usize>("--origin", 0);
    match text.split_once(',') {
        Some((row, column)) => Ok(Origin::Pixel(whole(row)?, whole(column)?)),
        None => whole(text).map(Origin::Sample),
    }
}

#[derive(Debug, Args)]
pub struct Method {
    /// Sparsity: how many non-zeros x may have, from 0 to min(m, n)
    #[arg(short = 'k', long = "sparsity", value_name = "K", allow_negative_numbers = true)]
    #[arg(value_parser = values::sparsity)]
    pub sparsity: usize,
    #[arg(short, long, value_name = "NAME", value_parser = values::algorithm)]
    #[arg(help = format!("An algorithm, or several joined by +, each starting from the solution of the one before, as omp+sea {}",
        defaults::algorithm()))]
    pub algorithm: Option<String>,
    /// Where to start: zero, random:SEED, an algorithm or chain, a file with a vector x, or support:FILE with indices
    #[arg(long, value_name = "START", default_value = "zero")]
    pub start: String,
    #[command(flatten)]
    pub domain: DomainOptions,
    #[command(flatten)]
    pub limits: LimitOptions,
    /// A setting of the algorithm (see `sparsea algorithms`); may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = parse_setting)]
    pub settings: Vec<(String, Value)>,
}

#[derive(Debug, Args)]
pub struct LimitOptions {
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    #[arg(help = format!("Stop after this many iterations {}", defaults::iterations()))]
    #[arg(value_parser = values::whole::<u64>("--iterations", 0))]
    pub iterations: Option<u64>,
    /// Stop after this time, for example 2s, 500ms, 1.5min
    #[arg(long, value_name = "TIME", value_parser = parse_time, allow_hyphen_values = true)]
    pub time: Option<Duration>,
    /// Stop when ‖y − A x‖/‖y‖ is at most this, the noise level
    #[arg(long, value_name = "R", allow_negative_numbers = true)]
    #[arg(value_parser = values::number("--relative-residual", "number of at least 0", |r| r >= 0.0))]
    pub relative_residual: Option<f64>,
    /// Stop after this many iterations without improvement
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    #[arg(value_parser = values::whole::<u64>("--stagnation", 0))]
    pub stagnation: Option<u64>,
    #[arg(long, value_name = "BYTES", value_parser = values::memory, allow_hyphen_values = true)]
    #[arg(help = format!("Bytes to use besides the problem, plain or with a unit (kB, MB, GB, TB; KiB, MiB, GiB, TiB), as 500MB; most \
        of them are used only by els and search on large problems {}", defaults::memory()))]
    pub memory: Option<usize>,
}

#[derive(Debug, Args)]
pub struct Output {
    /// Print the solution as one JSON object
    #[arg(long)]
    pub json: bool,
    /// Report what was explored: near-ties, how often each column occurs in them, and the column most similar to it
    #[arg(long)]
    pub report: bool,
    /// Write x, all n numbers: .npy, .csv, .tsv, .txt or .mtx
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Write every step of the run: to a .csv, or to an .html that plays it in a browser; with --plot, also a picture of it
    /// beside the other, named …-trace
    #[arg(long, value_name = "FILE")]
    pub trace: Option<PathBuf>,
    /// Draw the solution: .svg or .png, or - for a drawing in the terminal
    #[arg(long, value_name = "FILE")]
    pub plot: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(override_usage = "\
sparsea compare [OPTIONS] <A> <Y> -k <K>
       sparsea compare [OPTIONS] <TRACE> --kernel <KERNEL> -k <K>
       sparsea compare [OPTIONS] <STATISTICS> --gram -k <K>")]
pub struct Compare {
    /// The matrix A, or with --kernel the trace
    #[arg(value_name = "A")]
    pub matrix: PathBuf,
    /// The data y, as for solve; not with --kernel or --gram
    #[arg(value_name = "Y", required_unless_present_any = ["kernel", "gram"], conflicts_with_all = ["kernel", "gram"])]
    pub data: Option<String>,
    /// A and y are known by sufficient statistics, as for solve
    #[arg(long, conflicts_with = "kernel")]
    pub gram: bool,
    #[command(flatten)]
    pub kernel: Option<KernelOptions>,
    /// Sparsity: how many non-zeros x may have, from 0 to min(m, n)
    #[arg(short = 'k', long = "sparsity", value_name = "K", allow_negative_numbers = true)]
    #[arg(value_parser = values::sparsity)]
    pub sparsity: usize,
    #[arg(short, long, value_name = "NAMES", value_delimiter = ',', value_parser = values::algorithm)]
    #[arg(help = format!("Algorithms and chains to try, separated by commas [default: all, and {}]", defaults::CHAINS.join(", ")))]
    pub algorithms: Option<Vec<String>>,
    #[command(flatten)]
    pub domain: DomainOptions,
    #[command(flatten)]
    pub model: ModelOptions,
    #[command(flatten)]
    pub limits: LimitOptions,
    /// The true x, if known: shows how much of its support each algorithm missed
    #[arg(long, value_name = "FILE")]
    pub truth: Option<PathBuf>,
    /// Print one JSON object with the solutions
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub reading: ReadingOptions,
    #[command(flatten)]
    pub columns: ColumnOptions,
}

#[derive(Debug, Args)]
#[command(override_usage = "\
sparsea improve [OPTIONS] <A> <Y> <--support FILE|--vector FILE>
       sparsea improve [OPTIONS] <TRACE> --kernel <KERNEL> <--support FILE|--vector FILE>
       sparsea improve [OPTIONS] <STATISTICS> --gram <--support FILE|--vector FILE>")]
pub struct Improve {
    /// The matrix A, or with --kernel the trace
    #[arg(value_name = "A")]
    pub matrix: PathBuf,
    /// The data y, as for solve; not with --kernel or --gram
    #[arg(value_name = "Y", required_unless_present_any = ["kernel", "gram"], conflicts_with_all = ["kernel", "gram"])]
    pub data: Option<String>,
    /// A and y are known by sufficient statistics, as for solve
    #[arg(long, conflicts_with = "kernel")]
    pub gram: bool,
    /// The support to improve: a file of column indices, counted from 0, or of names, one a line; or what solve --json printed
    #[arg(long, value_name = "FILE", conflicts_with = "vector")]
    pub support: Option<PathBuf>,
    /// The vector x to improve: a file of n numbers, with --joint a matrix of n × B
    #[arg(long, value_name = "FILE")]
    pub vector: Option<PathBuf>,
    #[command(flatten)]
    pub kernel: Option<KernelOptions>,
    /// Sparsity: how many non-zeros x may have, at least as many as are given; [default: as many]
    #[arg(short = 'k', long = "sparsity", value_name = "K", allow_negative_numbers = true)]
    #[arg(value_parser = values::sparsity)]
    pub sparsity: Option<usize>,
    #[arg(short, long, value_name = "NAME", value_parser = values::algorithm)]
    #[arg(help = format!("An algorithm, or several joined by + {}", defaults::algorithm()))]
    pub algorithm: Option<String>,
    #[command(flatten)]
    pub domain: DomainOptions,
    #[command(flatten)]
    pub model: ModelOptions,
    #[command(flatten)]
    pub limits: LimitOptions,
    /// A setting of the last algorithm (see `sparsea algorithms`); may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = parse_setting)]
    pub settings: Vec<(String, Value)>,
    #[command(flatten)]
    pub output: Output,
    #[command(flatten)]
    pub reading: ReadingOptions,
    #[command(flatten)]
    pub columns: ColumnOptions,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Sweep {
    #[command(subcommand)]
    pub action: Option<SweepAction>,
    /// The study: a .toml file (see studies/ for examples)
    #[arg(value_name = "STUDY", required = true)]
    pub study: Option<PathBuf>,
    #[command(flatten)]
    pub how: SweepOptions,
    /// Compute the i-th of N parts only, as 2/3; `sparsea sweep merge` joins them
    #[arg(long, value_name = "I/N", value_parser = parse_shard)]
    pub shard: Option<Shard>,
}

#[derive(Debug, Args)]
pub struct SweepOptions {
    /// Folder for the store, the tables and the pictures; made if missing. A sweep continues what it finds there
    #[arg(long, value_name = "DIR", default_value = "sparsea-sweep")]
    pub out: PathBuf,
    /// Runs of each cell, instead of the study's number
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = values::whole::<u64>("--runs", 1))]
    pub runs: Option<u64>,
    /// Try every k of a phase transition instead of locating it
    #[arg(long)]
    pub grid: bool,
    /// Discard what an earlier sweep, or another study of this name, left in the folder
    #[arg(long)]
    pub restart: bool,
}

#[derive(Debug, Subcommand)]
pub enum SweepAction {
    /// Tell what a store holds
    Status {
        /// The store, a .sqlite file
        #[arg(value_name = "STORE")]
        store: PathBuf,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Write the tables and pictures of what a store holds, without computing anything
    Plot {
        /// The store
        #[arg(value_name = "STORE")]
        store: PathBuf,
        /// Folder for the tables and pictures [default: that of the store]
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
    /// Merge stores of one study, such as its shards, into INTO (created if missing)
    Merge {
        /// The store to write
        #[arg(value_name = "INTO")]
        into: PathBuf,
        /// The stores to read
        #[arg(value_name = "STORE", required = true)]
        from: Vec<PathBuf>,
    },
    /// Write every result of a store as one row of a .csv
    Export {
        /// The store
        #[arg(value_name = "STORE")]
        store: PathBuf,
        /// The file to write
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

#[derive(Debug, Args)]
pub struct Reproduce {
    /// The figure
    #[arg(value_enum)]
    pub figure: ReproducedFigure,
    #[command(flatten)]
    pub how: SweepOptions,
}

/// What can be made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReproducedFigure {
    /// Figure 2: support distance against the number of spikes
    Deconvolution,
    /// Figure 3: where more than 95 % of supports are recovered
    PhaseTransition,
    /// Beyond the paper: the deconvolution with noise of 10, 20 and 40 dB
    DeconvolutionNoise,
    /// Beyond the paper: recovery against the width of the filter
    Coherence,
}

#[derive(Debug, Args)]
#[command(override_usage = "\
sparsea theory [OPTIONS] <A> -k <K>
       sparsea theory [OPTIONS] --kernel <KERNEL> -n <N> -k <K>")]
pub struct Theory {
    /// The matrix A, m × n, as for solve; or --kernel
    #[arg(value_name = "A", required_unless_present = "kernel", conflicts_with = "kernel")]
    pub matrix: Option<PathBuf>,
    #[command(flatten)]
    pub kernel: Option<KernelOptions>,
    /// Number of possible spikes n, with --kernel
    #[arg(short = 'n', long, value_name = "N", allow_negative_numbers = true)]
    #[arg(value_parser = values::whole::<usize>("--columns", 1))]
    pub columns: Option<usize>,
    /// Sparsity: how many non-zeros x may have, from 1 to min(m, n)
    #[arg(short = 'k', long = "sparsity", value_name = "K", allow_negative_numbers = true)]
    #[arg(value_parser = values::positive_sparsity)]
    pub sparsity: usize,
    /// The x to judge, n numbers; without it, the most favourable x: k equal non-zeros
    #[arg(long, value_name = "FILE")]
    pub truth: Option<PathBuf>,
    /// The noise e = y − A x, m numbers
    #[arg(long, value_name = "FILE", requires = "truth")]
    pub noise: Option<PathBuf>,
    /// The norm of the noise, where e itself is not known
    #[arg(long, value_name = "R", requires = "truth", conflicts_with = "noise", allow_negative_numbers = true)]
    #[arg(value_parser = values::number("--noise-norm", "finite number of at least 0", |r| r >= 0.0 && r.is_finite()))]
    pub noise_norm: Option<f64>,
    /// The vector that SEA starts from, n numbers [default: zero]
    #[arg(long, value_name = "FILE", requires = "truth")]
    pub start: Option<PathBuf>,
    /// The step size η of SEA, which matters for a start other than zero
    #[arg(long, value_name = "ETA", requires = "truth", default_value_t = Sea::default().step_size, allow_negative_numbers = true)]
    #[arg(value_parser = values::number("--step-size", "finite number greater than 0", |s| s > 0.0 && s.is_finite()))]
    pub step_size: f64,
    /// Multiply-adds to spend on restricted isometry constants, about 10⁹ a second; more work, narrower bounds
    #[arg(long, value_name = "LIMIT", default_value_t = 1e9, allow_negative_numbers = true)]
    #[arg(value_parser = values::number("--work", "finite number of at least 0", |w| w >= 0.0 && w.is_finite()))]
    pub work: f64,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub reading: ReadingOptions,
    #[command(flatten)]
    pub drop: DropOptions,
}

#[derive(Debug, Args)]
pub struct Generate {
    /// Kind of problem
    #[arg(value_enum)]
    pub family: Family,
    /// Folder to write A, y, x (and the kernel of a deconvolution) into; made if missing
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub out: PathBuf,
    /// Rows m of A (deconvolution and steps have their own)
    #[arg(short = 'm', long, value_name = "M", allow_negative_numbers = true)]
    #[arg(value_parser = values::whole::<usize>("--rows", 1))]
    pub rows: Option<usize>,
    /// Columns n of A, the length of x
    #[arg(short = 'n', long, value_name = "N", allow_negative_numbers = true)]
    #[arg(value_parser = values::whole::<usize>("--columns", 1))]
    pub columns: Option<usize>,
    /// Number of non-zeros of x
    #[arg(short = 'k', long = "sparsity", value_name = "K", default_value_t = 10, allow_negative_numbers = true)]
    #[arg(value_parser = values::positive_sparsity)]
    pub sparsity: usize,
    /// Norm of the noise relative to ‖A x‖
    #[arg(long, value_name = "R", default_value_t = 0.0, allow_negative_numbers = true)]
    #[arg(value_parser = values::number("--noise", "finite number of at least 0", |r| r >= 0.0 && r.is_finite()))]
    pub noise: f64,
    /// Width of the Gaussian kernel in samples (deconvolution)
    #[arg(long, value_name = "SAMPLES", default_value_t = 3.0, allow_negative_numbers = true)]
    #[arg(value_parser = values::number("--sigma", "finite number greater than 0", |s| s > 0.0 && s.is_finite()))]
    pub sigma: f64,
    /// Correlation of neighbouring columns (correlated)
    #[arg(long, value_name = "RHO", default_value_t = 0.95, allow_negative_numbers = true)]
    #[arg(value_parser = values::number("--rho", "number from -1 to 1", |rho| (-1.0..=1.0).contains(&rho)))]
    pub rho: f64,
    /// Seed of the random numbers
    #[arg(long, value_name = "SEED", default_value_t = 0, allow_negative_numbers = true)]
    #[arg(value_parser = values::whole::<u64>("--seed", 0))]
    pub seed: u64,
    /// Format of the files
    #[arg(long, value_enum, default_value = "npy")]
    pub format: Format,
}

#[derive(Debug, Args)]
pub struct Algorithms {
    /// Show only this one
    #[arg(value_name = "NAME", value_parser = values::algorithm)]
    pub name: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum BoundaryChoice {
    Same,
    Full,
    Valid,
    Circular,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Family {
    /// Spikes blurred by a Gaussian kernel, full convolution
    Deconvolution,
    /// Independent normal entries
    Gaussian,
    /// Independent entries ±1
    Bernoulli,
    /// Rows that are AR(1) sequences: neighbouring columns are correlated
    Correlated,
    /// Columns that step from 0 to 1: a piecewise constant trend
    Steps,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Npy,
    Csv,
    Mtx,
}

impl Format {
    pub fn extension(self) -> &'static str {
        match self {
            Self::Npy => "npy",
            Self::Csv => "csv",
            Self::Mtx => "mtx",
        }
    }
}

/// A kernel as typed.
#[derive(Debug, Clone, PartialEq)]
pub enum Kernel {
    Gaussian(f64),
    Exponential(f64),
    File(PathBuf),
}

/// What is subtracted from a trace.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Baseline {
    None,
    Mean,
    Quantile(f64),
}

/// Reads the command line. Errors become one line.
#[derive(Debug, Args)]
#[command(after_help = "\
For this session of bash: source <(sparsea completions bash)
For good: write it where the shell looks, as in sparsea completions fish > ~/.config/fish/completions/sparsea.fish")]
pub struct Completions {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
pub struct Man {
    /// Folder for the pages sparsea.1, sparsea-solve.1 and so on
    #[arg(long, value_name = "DIR")]
    pub output: Option<PathBuf>,
}

pub fn parse() -> Result<Cli, Failure> {
    let typed: Vec<OsString> = env::args_os().collect();
    let named = |argument: OsString| {
        argument.into_string().map_or_else(|kept| kept, |text| with_named_standard_input(text).into())
    };
    let typed: Vec<OsString> = typed.into_iter().map(named).collect();
    let words: Vec<String> = typed.iter().map(|argument| argument.to_string_lossy().into_owned()).collect();
    let cli = Cli::try_parse_from(typed).map_err(|error| {
        if !error.use_stderr() {
            return Failure::Information(error);
        }
        if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
            let command = Cli::command();
            let names: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
            return Failure::Message(format!("a command is missing: {} (see `sparsea --help`)", names.join(", ")));
        }
        if let Some(refusal) = error.source().and_then(|source| source.downcast_ref::<Refusal>()) {
            return Failure::Message(refusal.to_string());
        }
        Failure::Message(format!("{} (see `sparsea --help`)", in_one_line(&error.render().to_string())))
    })?;
    reading::check_standard_input(&words)?;
    Ok(cli)
}

/// clap's message, its list of what is missing and its tips, without the usage.
fn in_one_line(text: &str) -> String {
    let said = text.split("\n\nUsage:").next().unwrap_or_default();
    let said = said.split("\n\nFor more information").next().unwrap_or_default();
    let mut lines = said.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or_default();
    let mut out = first.strip_prefix("error: ").unwrap_or(first).to_owned();
    let mut separator = " ";
    for line in lines {
        if let Some(tip) = line.strip_prefix("tip: ") {
            out.push_str("; ");
            match tip.split_once(": ") {
                Some((what, known)) if what.ends_with(" exists") => out.push_str(&format!("did you mean {known}?")),
                Some((what, known)) if what.ends_with(" exist") => {
                    out.push_str(&format!("did you mean one of {known}?"))
                }
                _ => out.push_str(tip),
            }
        } else {
            out.push_str(separator);
            out.push_str(line);
            // Lines that follow each other are arguments that are missing.
            separator = ", ";
        }
    }
    out
}

fn parse_kernel(text: &str) -> Result<Kernel, String> {
    let number =
        |value: &str, what: &str| value.parse::<f64>().map_err(|_| format!("'{value}' is not a number; write {what}"));
    match text.split_once(':') {
        Some(("gaussian", width)) => Ok(Kernel::Gaussian(number(width, "gaussian:SIGMA, as gaussian:3")?)),
        Some(("exponential", time)) => Ok(Kernel::Exponential(number(time, "exponential:TAU, as exponential:8")?)),
        _ if matches!(text, "gaussian" | "exponential") => Err(format!("{text} needs its width, as {text}:3")),
        _ => Ok(Kernel::File(PathBuf::from(text))),
    }
}

fn parse_shard(text: &str) -> Result<Shard, String> {
    let parts = text.split_once('/').and_then(|(part, of)| Some((part.parse().ok()?, of.parse().ok()?)));
    match parts {
        Some((part, of)) if part >= 1 && part <= of => Ok(Shard { part, of }),
        _ => Err("it must be I/N with I from 1 to N, as 2/3".to_owned()),
    }
}

fn parse_baseline(text: &str) -> Result<Baseline, String> {
    match text {
        "none" => return Ok(Baseline::None),
        "mean" => return Ok(Baseline::Mean),
        "median" => return Ok(Baseline::Quantile(0.5)),
        _ => {}
    }
    text.strip_prefix("quantile:")
        .and_then(|p| p.parse().ok())
        .filter(|p| (0.0..=1.0).contains(p))
        .map(Baseline::Quantile)
        .ok_or_else(|| "it must be none, mean, median or quantile:P with P from 0 to 1".to_owned())
}

fn parse_time(text: &str) -> Result<Duration, String> {
    let rule = || "it must be a number of at least 0 and a unit: us, ms, s, min or h, as 2s".to_owned();
    let digits = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).ok_or_else(rule)?;
    let (number, unit) = text.split_at(digits);
    let seconds = match unit {
        "us" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "min" | "m" => 60.0,
        "h" => 3600.0,
        _ => return Err(rule()),
    };
    let number: f64 = number.parse().map_err(|_| rule())?;
    Duration::try_from_secs_f64(number * seconds).map_err(|_| rule())
}

fn parse_setting(text: &str) -> Result<(String, Value), String> {
    let (key, value) = text.split_once('=').ok_or_else(|| "it must be KEY=VALUE, as step_size=0.5".to_owned())?;
    // Numbers, booleans and so on are themselves; anything else is a word.
    let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
    Ok((key.trim().to_owned(), value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn times_have_units() {
        assert_eq!(parse_time("2s"), Ok(Duration::from_secs(2)));
        assert_eq!(parse_time("1.5min"), Ok(Duration::from_secs(90)));
        assert_eq!(parse_time("0ms"), Ok(Duration::ZERO));
        for bad in ["2", "s", "-1s", "1e400s", "2 weeks", "1.2.3s", ""] {
            assert!(parse_time(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn kernels_baselines_and_settings_are_read() {
        assert_eq!(parse_kernel("gaussian:3"), Ok(Kernel::Gaussian(3.0)));
        assert_eq!(parse_kernel("shape.npy"), Ok(Kernel::File("shape.npy".into())));
        assert!(parse_kernel("gaussian:wide").is_err() && parse_kernel("exponential").is_err());
        assert_eq!(parse_baseline("quantile:0.1"), Ok(Baseline::Quantile(0.1)));
        assert!(parse_baseline("quantile:2").is_err() && parse_baseline("quantile:NaN").is_err());
        assert_eq!(parse_setting("step_size=0.5"), Ok(("step_size".into(), Value::from(0.5))));
        assert_eq!(parse_setting("start=omp"), Ok(("start".into(), Value::from("omp"))));
        assert!(parse_setting("step_size").is_err());
    }
}
