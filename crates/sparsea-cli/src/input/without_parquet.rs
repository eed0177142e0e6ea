//! Stands in for the reader of `.parquet` files where it is not compiled.

use super::array::Table;
use super::error::Problem;
use super::select::Selection;

/// Refuses the file, with what to do.
pub fn read(_bytes: Vec<u8>, _gaps: bool, _selection: &Selection<'_>) -> Result<Table, Problem> {
    Err(Problem::Unsupported {
        what: "a Parquet file, which this build of sparsea does not read".to_owned(),
        advice: "build it with `cargo install sparsea-cli --features parquet`, or save the table as .csv or .npy"
            .to_owned(),
    })
}
