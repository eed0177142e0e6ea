//! Errors.

use std::path::PathBuf;

use crate::figure::extension_message;

/// Why a picture could not be drawn or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlotError {
    /// A value is NaN or infinite, or so large that the axes would overflow.
    #[error("{what}: value {value} at index {index} cannot be drawn")]
    NotDrawable {
        /// Which input holds the value.
        what: String,
        /// Its index there.
        index: usize,
        /// The value itself.
        value: f64,
    },
    /// Two inputs that belong together differ in length.
    #[error("{what}: {found} values where {expected} are needed")]
    Length {
        /// Which input has the wrong length.
        what: String,
        /// The length it should have.
        expected: usize,
        /// The length it has.
        found: usize,
    },
    /// A position lies outside the data.
    #[error("{what}: position {position} is outside 0..{len}")]
    Position {
        /// Which input holds the position.
        what: String,
        /// The offending position.
        position: usize,
        /// The number of admissible positions.
        len: usize,
    },
    /// There is nothing to draw.
    #[error("{what}: nothing to draw")]
    Empty {
        /// Which input is empty.
        what: String,
    },
    /// The file name does not end in `.svg` or `.png`.
    #[error("{}: {}; use .svg or .png", path.display(), extension_message(path))]
    Extension {
        /// The refused path.
        path: PathBuf,
    },
    /// The folder that should hold the picture does not exist.
    #[error("{}: folder '{}' does not exist", path.display(), folder.display())]
    Folder {
        /// The refused path.
        path: PathBuf,
        /// The missing folder.
        folder: PathBuf,
    },
    /// The path names a folder, not a file.
    #[error("{}: is a folder", path.display())]
    IsFolder {
        /// The refused path.
        path: PathBuf,
    },
    /// Writing the file failed.
    #[error("{}: {source}", path.display())]
    Write {
        /// The file being written.
        path: PathBuf,
        /// What the system reported.
        source: std::io::Error,
    },
    /// The SVG could not be turned into a PNG.
    #[error("cannot rasterise the picture: {0}")]
    Render(String),
}
