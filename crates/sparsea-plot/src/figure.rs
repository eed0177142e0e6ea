//! A finished picture and its files.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use resvg::{tiny_skia, usvg};

use crate::{Chart, PlotError, font};

/// Pixels of the PNG per unit of the SVG.
const PNG_SCALE: u32 = 2;

/// A finished picture.
#[derive(Clone, Debug)]
pub struct Figure {
    chart: Chart,
    svg: String,
    width: u32,
    height: u32,
}

/// Pictures that look alike are equal.
impl PartialEq for Figure {
    fn eq(&self, other: &Self) -> bool {
        self.svg == other.svg
    }
}

impl Eq for Figure {}

impl Figure {
    pub(crate) fn new(chart: Chart, (svg, width, height): (String, u32, u32)) -> Self {
        Self { chart, svg, width, height }
    }

    /// The chart that the picture shows.
    pub fn chart(&self) -> &Chart {
        &self.chart
    }

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
        let tree = self.tree()?;
        let mut pixmap =
            tiny_skia::Pixmap::new(self.width.saturating_mul(PNG_SCALE), self.height.saturating_mul(PNG_SCALE))
                .ok_or_else(|| PlotError::Render("the picture is too large".to_string()))?;
        let scale = PNG_SCALE as f32;
        resvg::render(&tree, tiny_skia::Transform::from_scale(scale, scale), &mut pixmap.as_mut());
        pixmap.encode_png().map_err(|e| PlotError::Render(e.to_string()))
    }

    /// The SVG as its renderer reads it, for tests.
    #[doc(hidden)]
    pub fn tree(&self) -> Result<usvg::Tree, PlotError> {
        let options = usvg::Options {
            font_family: font::FAMILY.to_string(),
            fontdb: font::database(),
            ..usvg::Options::default()
        };
        usvg::Tree::from_str(&self.svg, &options).map_err(|e| PlotError::Render(e.to_string()))
    }

    /// Writes the picture to `path`, as SVG or PNG according to its extension.
    ///
    /// The file is written under a temporary name in the same folder and renamed, so it is never incomplete.
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

pub(crate) fn extension_message(path: &Path) -> String {
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

pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
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
