//! Sparse support recovery: given y = A x + noise and a number k, which k columns of A explain y, and by how much?
//!
//! minimise ½‖A x − y‖² subject to ‖x‖₀ ≤ k
//!
//! At its heart is SEA, the [Support Exploration Algorithm](Sea) (ICML 2024, arXiv:2301.13584), which walks out of the
//! local minima in which hard thresholding and matching pursuits stop. Beside it are the algorithms that it is compared
//! with, all run by one loop over one least-squares engine that is accurate for nearly parallel columns.
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
//! | F(A x) | loss | [`Loss`]; ½‖y − A x‖² unless [`Problem::with_loss`] names another |
//! | x_j ∈ D_j | domain | [`Domain`]; all numbers unless [`Problem::with_domain`] names another |
//! | F, w, λ | fixed columns, weights, ridge | [`Adjusted`]; none unless an [`Adjustment`] names them |
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
//! A [`Problem`] meets an [`Algorithm`], which says what it [needs](Needs) of it. A [`Run`] steps the algorithm over a [`Workspace`],
//! whose verbs are `correlate` (Aᴴ r), `fit` (the best point on a [`Support`]), `place` and `select`. [`Halt`] rules are data, an [`Observer`] watches and
//! may stop, and a [`Solution`] comes out: the best point visited, why the run stopped, what it cost. Algorithms join
//! into a [`Chain`], as `omp+sea`, each starting from the solution of the one before. A [`SparsityPath`] solves for every k up to K
//! together, and [`CrossValidation`] says which of them predicts best.
//!
//! What theory guarantees for an operator (coherence, restricted isometry constants, when SEA must find the support) is
//! in [`theory`].
//!
//! To read the code, begin with `algorithms/htp.rs`, then `algorithms/sea.rs`, `run/mod.rs`, `fit/mod.rs`,
//! `fit/least_squares/mod.rs`.

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
