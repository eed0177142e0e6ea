//! Pictures of problems, solutions and runs, as SVG or PNG.
//!
//! Each function takes plain slices and returns a finished [`Figure`]. The SVG is the only thing ever drawn: the PNG is
//! that same SVG rasterised at twice its size, so both always look alike. A subset of DejaVu Sans is built in, for
//! measuring labels and for rasterising, so no font of the system is read and the same input gives the same bytes
//! everywhere.

mod axis;
mod coefficients;
mod curves;
mod data;
mod deconvolution;
mod font;
mod image;
mod layout;
mod legend;
mod path;
mod residual_curves;
mod stems;
mod style;
mod success_map;
mod support_comparison;
mod svg;
#[cfg(test)]
mod tests;
mod trace;

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use resvg::{tiny_skia, usvg};

pub use axis::Scale;
pub use coefficients::{CoefficientsPlot, coefficients};
pub use curves::{Curve, CurvesPlot, curves};
pub use deconvolution::{DeconvolutionPlot, deconvolution};
pub use image::{ImagePlot, image};
pub use path::{PathPlot, path};
pub use residual_curves::{ResidualCurve, ResidualCurvesPlot, residual_curves};
pub use stems::{StemsPlot, stems};
pub use style::{Color, algorithm_color};
pub use success_map::{SuccessMapPlot, SuccessPanel, success_map};
pub use support_comparison::{SupportComparisonPlot, SupportRow, support_comparison};
pub use trace::{TracePlot, trace};

/// Pixels of the PNG per unit of the SVG.
const PNG_SCALE: u32 = 2;

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

/// A finished picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    svg: String,
    width: u32,
    height: u32,
}

impl Figure {
    /// The picture as a standalone SVG document.
    pub fn svg(&self) -> &str {
        &self.svg
    }

    /// Width in SVG units; the PNG has twice as many pixels.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Height in SVG units; the PNG has twice as many pixels.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// The picture as the bytes of a PNG file, at two pixels per SVG unit.
    pub fn png(&self) -> Result<Vec<u8>, PlotError> {
        let options = usvg::Options {
            font_family: font::FAMILY.to_string(),
            fontdb: font::database(),
            ..usvg::Options::default()
        };
        let tree = usvg::Tree::from_str(&self.svg, &options).map_err(|e| PlotError::Render(e.to_string()))?;
        let mut pixmap =
            tiny_skia::Pixmap::new(self.width.saturating_mul(PNG_SCALE), self.height.saturating_mul(PNG_SCALE))
                .ok_or_else(|| PlotError::Render("the picture is too large".to_string()))?;
        let scale = PNG_SCALE as f32;
        resvg::render(&tree, tiny_skia::Transform::from_scale(scale, scale), &mut pixmap.as_mut());
        pixmap.encode_png().map_err(|e| PlotError::Render(e.to_string()))
    }

    /// Writes the picture to `path`, as SVG or PNG by its extension.
    ///
    /// The file appears complete or not at all: it is written under a temporary name in the same folder and renamed.
    pub fn save(&self, path: &Path) -> Result<(), PlotError> {
        check_picture_path(path)?;
        let bytes = match format_of(path)? {
            Format::Svg => self.svg.clone().into_bytes(),
            Format::Png => self.png()?,
        };
        write_whole(path, &bytes).map_err(|source| PlotError::Write { path: path.to_path_buf(), source })
    }
}

/// Checks, before a long run, that [`Figure::save`] can accept `path`: its extension is known and its folder exists.
pub fn check_picture_path(path: &Path) -> Result<(), PlotError> {
    format_of(path)?;
    let folder = folder_of(path);
    if !folder.is_dir() {
        return Err(PlotError::Folder { path: path.to_path_buf(), folder: folder.to_path_buf() });
    }
    if path.is_dir() {
        return Err(PlotError::IsFolder { path: path.to_path_buf() });
    }
    Ok(())
}

enum Format {
    Svg,
    Png,
}

fn format_of(path: &Path) -> Result<Format, PlotError> {
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
    match extension.as_str() {
        "svg" => Ok(Format::Svg),
        "png" => Ok(Format::Png),
        _ => Err(PlotError::Extension { path: path.to_path_buf() }),
    }
}

fn extension_message(path: &Path) -> String {
    match path.extension() {
        Some(extension) => format!("unknown picture extension '.{}'", extension.to_string_lossy()),
        None => "no picture extension".to_string(),
    }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let unique = format!(".{name}.{}.{}.tmp", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed));
    let temporary = folder_of(path).join(unique);
    // create_new: never write through somebody else's file or link of the same name.
    let mut file = OpenOptions::new().write(true).create_new(true).open(&temporary)?;
    let written = file.write_all(bytes).and_then(|()| file.flush());
    drop(file);
    let result = written.and_then(|()| fs::rename(&temporary, path));
    if result.is_err() {
        // The first error is the one worth reporting.
        let _ = fs::remove_file(&temporary);
    }
    result
}
