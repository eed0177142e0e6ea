//! The Rust example of the repository's README is that of the crate's, which is a documentation test.

#[test]
fn the_example_of_the_readme_is_the_tested_one() {
    let example = |text: &'static str| {
        Some(text.split_once("```rust\n")?.1.split_once("\n```")?.0).filter(|it| it.contains("solve("))
    };
    let tested = example(include_str!("../../README.md"));
    assert!(tested.is_some() && tested == example(include_str!("../../../../README.md")), "{tested:?}");
}
