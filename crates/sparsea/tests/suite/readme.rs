//! The Rust example of the README, compiled and run.

use faer::Mat;
use sparsea::generate::{gaussian_matrix, normal_vector, stream};

/// The example as it stands there, where `matrix` and `y` are the reader's.
#[rustfmt::skip]
fn example(matrix: &Mat<f64>, y: Vec<f64>) -> Result<usize, sparsea::Error> {
// The example begins.
use sparsea::{DenseOperator, Problem, Search};

let a = DenseOperator::new(matrix.as_ref());                  // a faer matrix, borrowed
let problem = Problem::new(&a, &y, 20)?;
let solution = sparsea::solve(&problem, Search::default())?;  // or a Run: a chain, a start, halting rules, observers
println!("{:?} {}", solution.support, solution.stop_reason);
// The example ends.
Ok(solution.support.len())
}

#[test]
fn the_example_of_the_readme_runs() {
    let between =
        |text: &'static str, begin: &str, end: &str| text.split_once(begin)?.1.split_once(end).map(|(it, _)| it);
    let readme = between(include_str!("../../../../README.md"), "```rust\n", "```");
    let here = between(include_str!("readme.rs"), "// The example begins.\n", "// The example ends.");
    assert!(readme.is_some() && readme == here, "the example of the README is another than the one here: {readme:?}");

    let mut rng = stream(0, 22, 0);
    let matrix = gaussian_matrix(&mut rng, 40, 60);
    assert_eq!(example(&matrix, normal_vector(&mut rng, 40)), Ok(20));
}
