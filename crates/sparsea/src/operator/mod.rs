//! The linear operator A in all its forms: dense, sparse, convolution, steps and ramps, rows of a transform, a pair of functions.
//!
//! A [`LinearMap`] is a shape and two products, which may fail. [`Columns`] holds what a form computes faster than by these products, and
//! [`Structure`] says where its entries lie. The library reaches all of them through [`Access`], which scales columns, caches columns of
//! the Gram matrix and keeps the first failure.

mod access;
mod banded;
mod blocks;
mod centered;
mod check;
mod columns;
mod convolution;
mod convolution_2d;
mod dense;
mod deprecated;
mod fourier;
mod function;
mod gram;
mod linear_map;
mod narrow;
mod narrow_sparse;
mod norm;
mod partial_transform;
mod probing;
pub mod pulse;
mod ramps;
mod selected;
mod shared_gram;
mod sparse;
mod steps;
mod storage;

use faer::ColMut;

pub use crate::failure::{Failure, OperatorError};
pub use access::Access;
pub(crate) use blocks::{Grouped, Stacked};
pub use centered::Centered;
pub use check::check_adjoint;
pub use columns::Columns;
pub(crate) use columns::{is_dense, single, with_columns};
pub use convolution::{Boundary, Convolution};
pub use convolution_2d::Convolution2d;
pub use dense::DenseOperator;
#[expect(deprecated, reason = "names of the first generation")]
pub use deprecated::{CachedGram, Normalized, Operator};
pub use function::FunctionOperator;
pub use gram::{Gram, GramData};
pub use linear_map::{Agreement, LinearMap, Local, Planar, Profile, Projected, SparseColumns, Structure};
pub use narrow::{NarrowOperator, WHOLE_LINE};
pub use narrow_sparse::NarrowSparseOperator;
pub(crate) use norm::norm_squared;
pub use partial_transform::{PartialDct, PartialDft, PartialHadamard, PartialTransform};
pub use ramps::Ramps;
pub(crate) use selected::Selected;
pub use shared_gram::SharedGram;
pub use sparse::{SparseOperator, from_compressed_rows};
pub use steps::Steps;
pub use storage::{Storage, Stored};

/// A product is shared among threads from this many multiply-adds on; sharing a smaller one costs more than it saves.
pub const SHARED_FROM: usize = 1 << 20;
/// Number of Gram columns or data vectors computed in one pass over a dense A: as many columns of A as stay in the nearest caches during
/// the pass.
pub const TOGETHER: usize = 8;

/// The memory of a column of a block, whose columns are contiguous by contract.
pub(crate) fn contiguous<T>(column: ColMut<'_, T>) -> &mut [T] {
    match column.try_as_col_major_mut() {
        Some(column) => column.as_slice_mut(),
        None => unreachable!("columns of a block are contiguous"),
    }
}

/// 1/norm, and 0 for a zero column, which thereby never correlates with anything.
pub(crate) fn inverse(norm: f64) -> f64 {
    if norm > 0.0 { norm.recip() } else { 0.0 }
}
