//! Sparse support recovery: given y = A x + noise and a number k, which k columns of A explain y, and by how much?
//!
//! minimise ½‖A x − y‖² subject to ‖x‖₀ ≤ k
//!
//! At its core is SEA, the [Support Exploration Algorithm](Sea) (ICML 2024, arXiv:2301.13584), which escapes the local minima that trap
//! hard thresholding and matching pursuits. The crate also has the algorithms that SEA is compared with. One loop runs all of them, on one
//! least-squares engine that is accurate for nearly parallel columns.
//!
//! # Example
//!
//! ```
//! use sparsea::{Boundary, Convolution, Problem, Sea, operator::pulse};
//!
//! # fn main() -> Result<(), sparsea::Error> {
//! let blur = Convolution::new(&pulse::gaussian(3.0)?, 100, Boundary::Full)?;
//! let mut y = vec![0.0; 148];
//! sparsea::Access::new(&blur).apply_sparse(&[20, 60], &[1.5, -2.0], &mut y);
//!
//! let problem = Problem::new(&blur, &y, 2)?;
//! let solution = sparsea::solve(&problem, Sea::default())?;
//!
//! assert_eq!(solution.support, [20, 60]);
//! assert!(solution.relative_residual < 1e-12);
//! # Ok(())
//! # }
//! ```
//!
//! # Symbols and names
//!
//! | symbol | word | in code |
//! | --- | --- | --- |
//! | A ∈ T^{m×n} | operator | [`LinearMap`], [`DenseOperator`], [`SparseOperator`], [`Convolution`], [`Convolution2d`], [`Steps`], [`Ramps`], [`PartialTransform`], [`FunctionOperator`], [`Centered`], [`Gram`] |
//! | y ∈ Tᵐ | data | [`Problem::data`] |
//! | F(A x) | loss | [`Loss`]; default ½‖y − A x‖², see [`Problem::with_loss`] |
//! | x_j ∈ D_j | domain | [`Domain`]; default all of T, see [`Problem::with_domain`] |
//! | F, w, λ | fixed columns, weights, ridge | [`Adjusted`]; default none, see [`Adjustment`] |
//! | Σ x = s | fixed sum | [`FixedSum`] |
//! | k | sparsity | [`Problem::sparsity`] |
//! | S | support | [`Solution::support`], sorted, counted from 0 |
//! | x_S | coefficients | [`Solution::coefficients`] |
//! | r = y − A x | residual | [`Solution::residual_norm`] is ‖r‖ |
//! | Aᴴ r | correlation | [`Workspace::correlate`] |
//! | 𝒳 | exploration variable | in [`Sea`] |
//! | η | step size | [`Sea::step_size`] |
//!
//! T is [`f64`] or [`Complex<f64>`](num_complex::Complex), one [`Scalar`].
//!
//! # How it fits together
//!
//! A [`Run`] applies an [`Algorithm`] to a [`Problem`]; the algorithm declares what it [needs](Needs) of the problem. The run steps the
//! algorithm over a [`Workspace`], whose main methods are `correlate` (Aᴴ r), `fit` (the best point on a [`Support`]), `place` and
//! `select`. [`Halt`] rules are plain data, and an [`Observer`] can watch and stop the run. The [`Solution`] holds the best point visited,
//! why the run stopped, and what it cost. Algorithms can be joined into a [`Chain`] such as `omp+sea`, in which each starts from the
//! solution of the one before. A [`SparsityPath`] solves for every k up to K together, and [`CrossValidation`] estimates which k predicts
//! best.
//!
//! [`theory`] computes what can be guaranteed for an operator: coherence, restricted isometry constants, and conditions under which SEA
//! must find the support.
//!
//! To read the code, begin with `algorithms/htp.rs`, then `algorithms/sea.rs`, `run/mod.rs`, `fit/mod.rs`, `fit/least_squares/mod.rs`.

pub mod algorithms;
mod check;
mod clock;
mod compiled;
mod counts;
pub mod criteria;
mod cross_validation;
mod error;
pub mod exhaustive;
mod failure;
mod fit;
#[cfg(feature = "generate")]
pub mod generate;
mod halt;
mod interrupt;
mod kernels;
pub mod metrics;
pub mod operator;
mod parallel;
pub mod prelude;
mod problem;
mod random;
mod run;
mod scalar;
mod solution;
pub mod stability;
mod stop_reason;
pub mod support;
pub mod theory;
mod tolerance;
mod workspace;

/// The linear algebra whose matrices and sparse matrices operators borrow.
pub use faer;
/// Complex numbers.
pub use num_complex;

pub use algorithms::{
    Algorithm, Amp, AmpForm, Bp, Chain, CoSaMp, Els, FoBa, Htp, Iht, Lasso, Niht, Ols, Omp, Ompr, Perturbation, Sea,
    Search, Segment, Solver, Splicing, SubspacePursuit,
};
pub use counts::Counts;
pub use cross_validation::{CrossValidation, Fold};
pub use error::Error;
pub use halt::Halt;
pub use interrupt::Interrupt;
pub use operator::{
    Access, Agreement, Boundary, Centered, Columns, Convolution, Convolution2d, DenseOperator, FunctionOperator, Gram,
    GramData, LinearMap, OperatorError, PartialDct, PartialDft, PartialHadamard, PartialTransform, Profile, Ramps,
    SharedGram, SparseOperator, Steps, Structure, check_adjoint,
};
#[expect(deprecated, reason = "names of the first generation")]
pub use operator::{CachedGram, Normalized, Operator};
pub use problem::{
    Adjusted, Adjustment, Atoms, Bounds, Domain, FixedPart, FixedSum, Loss, Needs, NonNegative, Partition, Problem,
    Squared,
};
pub use run::{
    Iterate, Limits, Observer, Progress, ReportOptions, Run, SparsityPath, Start, Trace, TraceRow, improve, seconds,
    solve,
};
pub use scalar::Scalar;
pub use solution::{ExplorationReport, IndexReport, RankedSupport, Solution, StandIns};
pub use stop_reason::StopReason;
pub use support::Support;
pub use theory::{Interval, Recovery, RestrictedIsometry, Signal, Verdict, restricted_isometry};
pub use workspace::{Hint, Initial, Memory, Quadratic, Step, Threads, Workspace};

/// The example of the crate's README, compiled and run as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// The worked example of docs/adding-an-algorithm.md.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/adding-an-algorithm.md")]
struct AddingAnAlgorithm;

/// The worked example of docs/adding-an-operator.md.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/adding-an-operator.md")]
struct AddingAnOperator;

/// The worked examples of docs/adding-a-loss.md.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/adding-a-loss.md")]
struct AddingALoss;
