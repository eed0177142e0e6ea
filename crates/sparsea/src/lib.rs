//! Sparse support recovery.
pub mod algorithms;
mod error;
pub mod exhaustive;
pub mod generate;
mod kernels;
mod least_squares;
pub mod metrics;
pub mod operator;
mod problem;
mod run;
mod scalar;
mod solution;
pub mod support;

pub use algorithms::{Algorithm, Chain, Htp, Iht, Omp, Sea, Solver};
pub use error::Error;
pub use least_squares::Counts;
pub use operator::{
    Boundary, Convolution, DenseOperator, FunctionOperator, Normalized, Operator, SparseOperator, check_adjoint,
};
pub use problem::Problem;
pub use run::{
    Halt, Initial, Memory, Observer, Progress, Run, Start, Step, StopReason, Trace, TraceRow, Workspace, seconds, solve,
};
pub use scalar::Scalar;
pub use solution::Solution;
