//! Colours and line styles of algorithms, the same in all pictures.

use sparsea_plot::{Color, CurveStyle, Marker};

const SOLID: &str = "";
const DASHES: [&str; 4] = ["7 3", "2.5 2.5", "8 3 2 3", "11 3"];

/// SEA, its chains and the exhaustive search are thicker than what they are compared with.
const THICK: f64 = 2.6;
const THIN: f64 = 1.3;

/// Colours that stay apart for colour-blind eyes as well; neighbours in hue get different markers and dashes.
const ALGORITHMS: [(&str, u32, Marker, &str); 17] = [
    ("sea", 0x0072b2, Marker::Circle, SOLID),
    ("htp", 0xd55e00, Marker::Up, SOLID),
    ("iht", 0xe69f00, Marker::Pentagon, SOLID),
    ("omp", 0x009e73, Marker::Diamond, SOLID),
    ("ols", 0x117733, Marker::Down, DASHES[0]),
    ("niht", 0xa87400, Marker::Cross, DASHES[0]),
    ("cosamp", 0xcc79a7, Marker::Plus, SOLID),
    ("subspace_pursuit", 0x882255, Marker::Left, DASHES[0]),
    ("ompr", 0x7fbf3f, Marker::Right, DASHES[0]),
    ("els", 0x7b3fa0, Marker::Square, SOLID),
    ("lasso", 0x6e6e6e, Marker::Cross, SOLID),
    ("bp", 0x222222, Marker::Cross, DASHES[0]),
    ("foba", 0x85852b, Marker::Circle, DASHES[0]),
    ("splicing", 0x44aa99, Marker::Plus, DASHES[0]),
    ("search", 0xb5122b, Marker::Star, SOLID),
    ("segment", 0x2b2b2b, Marker::Square, DASHES[0]),
    ("amp", 0x2f4b7c, Marker::Pentagon, DASHES[0]),
];

/// Chains in common use: a shade of the hue of their last link (lighter after OMP, darker after ELS) with the marker of
/// the first. What polishes SEA's result stays in SEA's family, with SEA's marker.
const CHAINS: [(&str, u32, Marker, &str); 8] = [
    ("omp+sea", 0x4ea9e0, Marker::Diamond, DASHES[0]),
    ("els+sea", 0x003f7d, Marker::Square, DASHES[3]),
    ("els+sea+els", 0x1f5fff, Marker::Circle, DASHES[2]),
    ("omp+els", 0xb07fd0, Marker::Diamond, DASHES[0]),
    ("omp+htp", 0xf0915a, Marker::Diamond, DASHES[0]),
    ("els+htp", 0x9c3d00, Marker::Square, DASHES[3]),
    ("omp+iht", 0xf2c14e, Marker::Diamond, DASHES[0]),
    ("els+iht", 0xb87a00, Marker::Square, DASHES[3]),
];

const OTHERS: [u32; 6] = [0x4477aa, 0xaa3377, 0x228833, 0xbb5566, 0x7f3c8d, 0x997700];
const MARKERS: [Marker; 7] =
    [Marker::Circle, Marker::Square, Marker::Up, Marker::Down, Marker::Diamond, Marker::Cross, Marker::Plus];

/// The colour of an algorithm in every figure.
///
/// Known names have a fixed colour. Any other name always gets the same colour. A chain such as `omp+sea` gets the colour of its last link
/// or a shade of it.
pub fn algorithm_color(name: &str) -> Color {
    curve_style(name).color
}

/// Colour, marker, dash and width of an algorithm's curve. A chain takes its hue from its last link and its (hollow)
/// marker and dash from the links before, so that `omp+sea` and `htp+sea` differ from each other and from `sea`.
pub(super) fn curve_style(name: &str) -> CurveStyle {
    let links: Vec<String> = name.split('+').map(normalize).filter(|link| !link.is_empty()).collect();
    let Some((last, before)) = links.split_last() else { return link_style("") };
    let style = link_style(last);
    let Some(first) = before.first() else { return style };
    let width = if links.iter().any(|link| link == "sea") { THICK } else { style.width };
    let chain = links.join("+");
    if let Some(&(_, rgb, marker, dash)) = CHAINS.iter().find(|c| c.0 == chain) {
        return CurveStyle { color: Color::hex(rgb), marker: Some(marker), hollow: true, dash, width };
    }
    let start = link_style(first);
    let index = ALGORITHMS.iter().position(|a| a.0 == first.as_str()).unwrap_or_else(|| hash(first));
    let dash = DASHES[(index + before.len() - 1) % DASHES.len()];
    CurveStyle { color: style.color, marker: start.marker, hollow: true, dash, width }
}

fn normalize(link: &str) -> String {
    let name = link.trim().to_lowercase().replace(['-', ' '], "_");
    if name == "sp" { "subspace_pursuit".to_string() } else { name }
}

/// A time limit, as in `search@5ms`, leaves the colour and marker; the dash tells it from others of other magnitude.
fn link_style(link: &str) -> CurveStyle {
    if let Some((name, limit)) = link.split_once('@') {
        let digits = limit.chars().take_while(char::is_ascii_digit).count();
        return CurveStyle { hollow: true, dash: DASHES[digits % DASHES.len()], ..link_style(name) };
    }
    // So do settings, as in `omp, B = 4`.
    if let Some((name, settings)) = link.split_once(',') {
        let sum: usize = settings.bytes().map(usize::from).sum();
        return CurveStyle { hollow: true, dash: DASHES[sum % DASHES.len()], ..link_style(name) };
    }
    match ALGORITHMS.iter().find(|a| a.0 == link) {
        Some(&(_, rgb, marker, dash)) => {
            let width = if matches!(link, "sea" | "search") { THICK } else { THIN };
            CurveStyle { color: Color::hex(rgb), marker: Some(marker), hollow: false, dash, width }
        }
        None => {
            let h = hash(link);
            CurveStyle {
                color: Color::hex(OTHERS[h % OTHERS.len()]),
                marker: Some(MARKERS[(h / 7) % MARKERS.len()]),
                hollow: false,
                dash: DASHES[(h / 49) % DASHES.len()],
                width: THIN,
            }
        }
    }
}

/// FNV-1a: stable across releases and platforms, unlike the standard library's hasher.
fn hash(text: &str) -> usize {
    let h = text.bytes().fold(0x811c_9dc5_u32, |h, b| (h ^ u32::from(b)).wrapping_mul(0x0100_0193));
    // Its low bits are poor; fold the high ones in.
    let h = (h ^ (h >> 16)).wrapping_mul(0x85eb_ca6b);
    (h ^ (h >> 13)) as usize
}
