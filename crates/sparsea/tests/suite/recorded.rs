//! The solutions that every algorithm gave before its kernels, its factor and its caches were made fast, found again.
//!
//! `reference/recorded.json` was written by commit e38e4b7, but for seven solutions of iht and niht: of iterates on one support the last
//! is returned now, which has converged further (coefficients by up to 3·10⁻⁷, ‖r‖/‖y‖ lower by up to 10⁻¹³). `cargo xtask record solutions` writes it again, which says that all
//! differences are meant; no test does. Those of amp and bp were added with them. Bits are not asked for, because products are rounded by what the machine has. Another
//! support is accepted, and printed, where both residuals agree to 10⁻⁸.

#[path = "../reference/solutions.rs"]
mod solutions;

use std::path::Path;

use solutions::{Record, records};

/// A relative residual of an exact fit.
const EXACT: f64 = 1e-14;

#[test]
fn solutions_recorded_before_are_found_again() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/recorded.json");
    let on = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(records);
    let (found, shared) = (on(1), on(2));
    assert!(found == shared, "two threads have other bits than one");
    let recorded: Vec<Record> = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(found.len(), recorded.len());
    for (found, recorded) in found.iter().zip(&recorded) {
        let name = format!("{} by {}", recorded.problem, recorded.algorithm);
        assert_eq!(name, format!("{} by {}", found.problem, found.algorithm));
        let (now, before) = (found.relative_residual, recorded.relative_residual);
        if found.support != recorded.support {
            // Two supports that fit equally well are told apart by rounding, which a change of kernels may change.
            let tie = (now - before).abs() <= 1e-8 * before + EXACT;
            assert!(tie, "{name}: {:?}, residual {now}; was {:?}, {before}", found.support, recorded.support);
            println!("{name}: {:?} fits as well as {:?}: {now}, {before}", found.support, recorded.support);
            continue;
        }
        assert!((now - before).abs() <= 1e-10, "{name}: {now} was {before}");
        let largest = recorded.coefficients.iter().map(|x| x.0.hypot(x.1)).fold(0.0, f64::max);
        for (x, y) in found.coefficients.iter().zip(&recorded.coefficients) {
            let error = (x.0 - y.0).hypot(x.1 - y.1);
            assert!(error <= 1e-9 * largest, "{name}: {x:?} was {y:?}");
        }
    }
}
