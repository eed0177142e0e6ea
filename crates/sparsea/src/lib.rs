//! Sparse support recovery.
