//! The names that most programs use: `use sparsea::prelude::*;`.

pub use crate::algorithms::{Algorithm, Chain, Els, Htp, Iht, Lasso, Ols, Omp, Sea, Search};
pub use crate::cross_validation::CrossValidation;
pub use crate::error::Error;
pub use crate::halt::Halt;
pub use crate::operator::{Boundary, Convolution, Convolution2d, DenseOperator, Gram, LinearMap, SparseOperator};
pub use crate::problem::{Adjustment, NonNegative, Partition, Problem};
pub use crate::run::{Run, SparsityPath, Start, improve, solve};
pub use crate::solution::Solution;
