//! A support from a file: indices, names of columns, or a solution as `--json` prints it.

use std::path::Path;

use serde_json::Value;

use super::error::{InputError, Problem};
use super::source::Source;
use super::{Format, read_indices};

/// Reads the indices of a support, in the order of the file. `names` are those of the columns of A.
pub fn read_support(path: &Path, names: Option<&[String]>) -> Result<Vec<usize>, InputError> {
    let source = Source::require(path)?;
    if let Some(bytes) = source.json().map_err(|problem| source.error(problem))? {
        return of_json(&bytes).map_err(|problem| source.error(problem));
    }
    let refused = match read_indices(path) {
        Ok(indices) => return Ok(indices),
        Err(error) => error,
    };
    let Some(names) = names else { return Err(refused) };
    let Ok((Format::Text(_), bytes)) = source.bytes() else { return Err(refused) };
    let Ok(text) = String::from_utf8(bytes) else { return Err(refused) };
    let of = |line: &str| names.iter().position(|name| name == line.trim());
    let found: Vec<Option<usize>> = text.lines().map(of).collect();
    // A file without any name of a column was not meant as one of names.
    if found.iter().all(Option::is_none) {
        return Err(refused);
    }
    let known = |(line, (text, place)): (usize, (&str, Option<usize>))| {
        let refusal = || Problem::NotAColumn { line, name: text.trim().to_owned(), columns: names.to_vec() };
        place.ok_or_else(refusal)
    };
    (1..).zip(text.lines().zip(found)).map(known).collect::<Result<_, _>>().map_err(|problem| source.error(problem))
}

/// The support of one solution.
fn of_json(bytes: &[u8]) -> Result<Vec<usize>, Problem> {
    let value: Value = serde_json::from_slice(bytes).map_err(|error| Problem::Json(error.to_string()))?;
    if value.get("support").is_none()
        && let Some(Value::Array(solutions)) = value.get("solutions")
    {
        return Err(Problem::SeveralSolutions(solutions.len()));
    }
    let entries = value.get("support").and_then(Value::as_array);
    let index = |entry: &Value| entry.as_u64().and_then(|index| usize::try_from(index).ok());
    entries.and_then(|entries| entries.iter().map(index).collect()).ok_or(Problem::NoSupport)
}
