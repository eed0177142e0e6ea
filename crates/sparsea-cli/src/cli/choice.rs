//! What may be typed for the choice of k, and for how sure it is.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use serde_json::Value;

use super::{
    ColumnOptions, DomainOptions, KernelOptions, LimitOptions, ModelOptions, ReadingOptions, parse_setting, parse_time,
};
use crate::{defaults, values};

#[derive(Debug, Args)]
#[command(override_usage = "\
sparsea path [OPTIONS] <A> <Y>
       sparsea path [OPTIONS] <TRACE> --kernel <KERNEL>
       sparsea path [OPTIONS] <STATISTICS> --gram")]
pub struct Path {
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
    /// The largest k [default: a tenth of rows or columns, at least 5, doubled until the best k is at most half of it]
    #[arg(short = 'K', long, value_name = "K", allow_negative_numbers = true, value_parser = values::largest)]
    pub largest: Option<usize>,
    /// The criterion whose minimum chooses k
    #[arg(long, value_enum, default_value = "ebic")]
    pub criterion: CriterionChoice,
    /// γ of EBIC, from 0 (BIC) to 1
    #[arg(long, value_name = "GAMMA", default_value_t = 1.0, allow_negative_numbers = true)]
    #[arg(value_parser = values::number("--ebic-gamma", "number from 0 to 1", |g| (0.0..=1.0).contains(&g)))]
    pub ebic_gamma: f64,
    /// The standard deviation of the noise, where it is known
    #[arg(long, value_name = "SIGMA", allow_negative_numbers = true)]
    #[arg(value_parser = values::number("--sigma", "finite number greater than 0", |s| s > 0.0 && s.is_finite()))]
    pub sigma: Option<f64>,
    /// Folds of --criterion cv: rows side by side
    #[arg(long, value_name = "N", default_value_t = 5, allow_negative_numbers = true)]
    #[arg(value_parser = values::whole::<usize>("--folds", 2))]
    pub folds: usize,
    /// Folds of rows in random order, by this seed
    #[arg(long, value_name = "SEED", allow_negative_numbers = true, value_parser = values::whole::<u64>("--shuffle", 0))]
    pub shuffle: Option<u64>,
    /// With --criterion cv, the smallest k whose error is within one standard error of the least
    #[arg(long)]
    pub one_standard_error: bool,
    #[command(flatten)]
    pub domain: DomainOptions,
    #[command(flatten)]
    pub model: ModelOptions,
    /// Time for each k, for example 2s, 500ms, 1.5min
    #[arg(long, value_name = "TIME", value_parser = parse_time, allow_hyphen_values = true)]
    pub time: Option<Duration>,
    /// Look for no better support where ‖y − A x‖/‖y‖ is at most this
    #[arg(long, value_name = "R", allow_negative_numbers = true)]
    #[arg(value_parser = values::number("--relative-residual", "number of at least 0", |r| r >= 0.0))]
    pub relative_residual: Option<f64>,
    #[arg(long, value_name = "BYTES", value_parser = values::memory, allow_hyphen_values = true)]
    #[arg(help = format!("Bytes to use besides the problem, as for solve {}", defaults::memory()))]
    pub memory: Option<usize>,
    /// Print one JSON object: the chosen solution, and every k
    #[arg(long)]
    pub json: bool,
    /// Write the chosen x, all n numbers: .npy, .csv, .tsv, .txt or .mtx
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Draw residual, criterion and coefficients over k: .svg or .png, or - for the terminal
    #[arg(long, value_name = "FILE")]
    pub plot: Option<PathBuf>,
    #[command(flatten)]
    pub reading: ReadingOptions,
    #[command(flatten)]
    pub columns: ColumnOptions,
}

/// What chooses k.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CriterionChoice {
    /// Also counts the supports of each size, so that it chooses few columns in noise
    Ebic,
    /// Bayesian
    Bic,
    /// Akaike's: to predict, many rows
    Aic,
    /// The same for few rows
    Aicc,
    /// Mallows's: needs σ, or more rows than columns
    Cp,
    /// Errors on rows left out one by one, corrected
    Loo,
    /// Errors on folds left out
    Cv,
}

#[derive(Debug, Args)]
pub struct Stability {
    /// The matrix A, m × n, as for solve
    #[arg(value_name = "A")]
    pub matrix: PathBuf,
    /// The data y, as for solve
    #[arg(value_name = "Y")]
    pub data: String,
    /// Sparsity: how many columns each half of the rows chooses, from 1 to half of the rows; more than are expected
    #[arg(short = 'k', long = "sparsity", value_name = "K", allow_negative_numbers = true)]
    #[arg(value_parser = values::positive_sparsity)]
    pub sparsity: usize,
    /// Halves of the rows, at most a million; of complementary pairs an even number
    #[arg(long, value_name = "N", default_value_t = 100, allow_negative_numbers = true)]
    #[arg(value_parser = values::subsamples)]
    pub subsamples: u64,
    /// How halves are drawn
    #[arg(long, value_enum, default_value = "complementary")]
    pub scheme: SchemeChoice,
    /// Seed of the halves
    #[arg(long, value_name = "SEED", default_value_t = 0, allow_negative_numbers = true)]
    #[arg(value_parser = values::whole::<u64>("--seed", 0))]
    pub seed: u64,
    /// The share of the halves at or above which a column is selected, above 0.5 and at most 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.75, allow_negative_numbers = true)]
    #[arg(value_parser = values::number("--threshold", "number above 0.5 and at most 1", |t| t > 0.5 && t <= 1.0))]
    pub threshold: f64,
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
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// Write the frequencies, a number for each column or group: .npy, .csv, .tsv, .txt or .mtx
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Draw the frequencies: .svg or .png, or - for the terminal
    #[arg(long, value_name = "FILE")]
    pub plot: Option<PathBuf>,
    #[command(flatten)]
    pub reading: ReadingOptions,
    #[command(flatten)]
    pub columns: ColumnOptions,
}

/// How halves are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SchemeChoice {
    /// Pairs of disjoint halves (Shah & Samworth)
    Complementary,
    /// Each independently of the others (Meinshausen & Bühlmann)
    Half,
}
