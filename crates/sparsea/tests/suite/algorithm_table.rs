//! docs/algorithms.md says what the registry says.

#[path = "../reference/algorithm_table.rs"]
mod reference;

use std::path::PathBuf;

use sparsea::Scalar;
use sparsea::algorithms::registry;

use crate::common::C;

fn names<T: Scalar>() -> Vec<&'static str> {
    registry::<T>().iter().map(|entry| entry.name).collect()
}

#[test]
fn the_table_of_algorithms_is_the_registry() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/algorithms.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let same = text == reference::page(&text);
    assert!(same, "docs/algorithms.md differs from the registry; `cargo xtask record table` brings it up to date");
    let mut sorted = names::<f64>();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(sorted.len(), registry::<f64>().len(), "a name is taken twice");
    assert!(names::<C>().iter().all(|name| sorted.contains(name)));
}
