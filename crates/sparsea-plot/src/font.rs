//! The built-in font: widths of labels, and the database the rasteriser reads.

use std::sync::{Arc, LazyLock};

use resvg::usvg::fontdb;
use ttf_parser::Face;

static BYTES: &[u8] = include_bytes!("../assets/DejaVuSans-subset.ttf");

/// Family name of the built-in font.
pub(crate) const FAMILY: &str = "DejaVu Sans";

/// The families named in the SVG: viewers that lack DejaVu Sans show a font of similar width.
pub(crate) const FAMILIES: &str = "DejaVu Sans, Helvetica, Arial, sans-serif";

static FACE: LazyLock<Option<Face<'static>>> = LazyLock::new(|| Face::parse(BYTES, 0).ok());

static DATABASE: LazyLock<Arc<fontdb::Database>> = LazyLock::new(|| {
    let mut database = fontdb::Database::new();
    database.load_font_data(BYTES.to_vec());
    // Generic families must resolve to the only font there is.
    database.set_sans_serif_family(FAMILY);
    database.set_serif_family(FAMILY);
    Arc::new(database)
});

/// The database holding only the built-in font.
pub(crate) fn database() -> Arc<fontdb::Database> {
    DATABASE.clone()
}

/// Width of `text` at font size `size`. Characters missing from the subset count as wide ones.
pub(crate) fn text_width(text: &str, size: f64) -> f64 {
    let advance = |c: char| -> f64 {
        let Some(face) = FACE.as_ref() else { return 0.64 };
        let units = f64::from(face.units_per_em());
        face.glyph_index(c).and_then(|g| face.glyph_hor_advance(g)).map_or(0.9, |a| f64::from(a) / units)
    };
    text.chars().map(advance).sum::<f64>() * size
}

/// `text` itself if it fits into `width`, else its beginning with an ellipsis.
pub(crate) fn shorten(text: &str, size: f64, width: f64) -> String {
    if text_width(text, size) <= width {
        return text.to_string();
    }
    let mut short = String::new();
    let mut used = text_width("…", size);
    for c in text.chars() {
        used += text_width(c.encode_utf8(&mut [0; 4]), size);
        if used > width {
            break;
        }
        short.push(c);
    }
    short.truncate(short.trim_end().len());
    short.push('…');
    short
}
