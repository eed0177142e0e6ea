//! How the best point on a support is found, and what is known of a point.
//!
//! Algorithms ask a [`Workspace`](crate::Workspace) for points; how they are found is known here only.

pub(crate) mod least_squares;
pub(crate) mod point;
