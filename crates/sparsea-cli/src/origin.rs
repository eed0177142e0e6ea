//! What a result is of, as `--json` shows it: program, files, sizes, names.

use serde::Serialize;

use crate::input;
use crate::problem::Loaded;
use sparsea::Scalar;

/// Of a whole command. A solution among several has none of its own.
#[derive(Debug, Serialize)]
pub struct Origin {
    /// Version of sparsea.
    version: &'static str,
    /// Files that were read, as they were named.
    files: Vec<String>,
    /// Rows of A.
    m: usize,
    /// Columns of A.
    n: usize,
}

impl Origin {
    pub fn of<T: Scalar>(loaded: &Loaded<T>) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION"),
            files: input::files_read(),
            m: loaded.rows(),
            n: loaded.operator.shape().1,
        }
    }
}

/// Names of the columns of a support, in its order, where columns have names.
pub fn names_of<T: Scalar>(loaded: &Loaded<T>, support: &[usize]) -> Option<Vec<String>> {
    loaded.names.as_ref().map(|names| support.iter().map(|&j| names[j].clone()).collect())
}
