//! The sparsea command.
fn main() {}
