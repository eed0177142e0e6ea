//! Experiments and pictures for sparsea: studies written in TOML, run cell by cell into a store that survives
//! interruption, summarised and drawn.

pub mod comparison;
mod error;
pub mod figures;
pub mod page;
pub mod plot;
pub mod statistics;
pub mod store;
pub mod studies;
pub mod study;
pub mod summary;
pub mod sweep;
pub mod transition;

pub use error::LabError;
