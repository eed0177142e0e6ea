//! Defaults in the words of help: those of the library, and the chains that are compared.

use std::collections::BTreeMap;

use serde_json::Map;
use sparsea::algorithms::{default_algorithm, registry};
use sparsea::{Halt, Memory};

/// Chains that `compare` tries besides every algorithm: those worth a try on any problem.
pub const CHAINS: [&str; 3] = ["omp+els", "omp+sea", "els+sea+els"];

/// Which algorithm is used.
pub fn algorithm() -> String {
    let (usual, large) = (default_algorithm(1, 1), default_algorithm(usize::MAX, usize::MAX));
    format!("[default: {usual}; {large} if k is in the thousands and A is no convolution]")
}

/// After how many iterations each algorithm ends, unless it ends by itself.
pub fn iterations() -> String {
    let mut budgets: BTreeMap<u64, Vec<&str>> = BTreeMap::new();
    for entry in registry::<f64>() {
        // The default settings are in their ranges.
        if let Ok(Halt::Budget(count)) = entry.build(&Map::new()).map(|solver| solver.default_halt()) {
            budgets.entry(count).or_default().push(entry.name);
        }
    }
    let part = |(count, names): (u64, Vec<&str>)| match &names[..] {
        [first @ .., last] if !first.is_empty() => format!("{count} for {} and {last}; ", first.join(", ")),
        _ => format!("{count} for {}; ", names.concat()),
    };
    format!("[default: {}the others end by themselves]", budgets.into_iter().map(part).collect::<String>())
}

/// How many bytes a run may use.
pub fn memory() -> String {
    let Memory { gram, fits, state } = Memory::default();
    format!("[default: {:.1}GiB]", (gram + fits + state) as f64 / (1u64 << 30) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_those_of_the_library() {
        assert_eq!(algorithm(), "[default: search; sea if k is in the thousands and A is no convolution]");
        let iterations = iterations();
        assert!(iterations.starts_with("[default: 300 for search; 1000 for sea, htp,"), "{iterations}");
        assert!(iterations.ends_with(" and cosamp; the others end by themselves]"), "{iterations}");
        assert_eq!(memory(), "[default: 4.3GiB]");
    }
}
