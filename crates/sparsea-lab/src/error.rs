//! Errors of studies and stores, in one line each.

use std::path::PathBuf;

use thiserror::Error;

/// Why a study could not be read, run, continued or drawn.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LabError {
    /// The text is not TOML, or is not a study.
    #[error("{file}:{line}:{column}: {message}")]
    Syntax {
        /// The file.
        file: String,
        /// Line, counted from 1.
        line: usize,
        /// Column, counted from 1.
        column: usize,
        /// What is wrong.
        message: String,
    },
    /// A value that is not possible.
    #[error("{file}: {message}")]
    Study {
        /// The file.
        file: String,
        /// The rule and the value.
        message: String,
    },
    /// The store was made by a study that differs from this one.
    #[error("{}: was made by a different study ({changes}); give it another folder, or start anew with --restart", store.display())]
    Changed {
        /// The store.
        store: PathBuf,
        /// The differences, stored value first.
        changes: String,
    },
    /// The file is not a store, or damaged.
    #[error("{}: {message}", store.display())]
    Store {
        /// The store.
        store: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// A store could not be written, for example because the disk is full.
    #[error("{}: {message}", store.display())]
    Unwritten {
        /// The store.
        store: PathBuf,
        /// Why.
        message: String,
    },
    /// Two stores disagree about a result.
    #[error("{} and {} disagree about {what}", first.display(), second.display())]
    Contradiction {
        /// One store.
        first: PathBuf,
        /// The other.
        second: PathBuf,
        /// Which result.
        what: String,
    },
    /// A file could not be read or written.
    #[error("{}: {message}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        message: String,
    },
    /// A problem of the study was refused by the library.
    #[error("{what}: {source}")]
    Problem {
        /// Which problem.
        what: String,
        /// Why.
        source: sparsea::Error,
    },
    /// A picture could not be drawn.
    #[error(transparent)]
    Plot(#[from] crate::plot::PlotError),
}
