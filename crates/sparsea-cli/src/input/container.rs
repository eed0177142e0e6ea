//! Files that hold several arrays, each with a name: `.npz` and `.mat`.

use super::array::{Matrix, Vector};
use super::error::Problem;

/// Deflate turns one byte into at most so many: two bits into the longest copy, of 258 bytes.
pub const DEFLATE_RATIO: u64 = 1032;

/// A file of named arrays. `file` is its name, for messages that show how to name an array.
pub trait Container {
    /// The array `name` as a matrix; without a name, the only one.
    fn matrix(&mut self, file: &str, name: Option<&str>) -> Result<Matrix, Problem>;
    /// The array `name` as a vector; without a name, the only one.
    fn vector(&mut self, file: &str, name: Option<&str>) -> Result<Vector, Problem>;
}

/// The array to read: the one asked for, or the only one.
pub fn choose(file: &str, name: Option<&str>, names: &[String]) -> Result<String, Problem> {
    match (name, names) {
        (_, []) => Err(Problem::NoArrays),
        (Some(name), _) if names.iter().any(|n| n == name) => Ok(name.to_owned()),
        (Some(name), _) => Err(Problem::NoSuchArray { name: name.to_owned(), names: names.to_vec() }),
        (None, [only]) => Ok(only.clone()),
        (None, _) => Err(Problem::SeveralArrays { file: file.to_owned(), names: names.to_vec() }),
    }
}
