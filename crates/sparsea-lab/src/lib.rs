//! Experiments and pictures for sparsea.
pub mod plot;
