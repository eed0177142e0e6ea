//! The layers of a panel, as SVG.

use crate::chart::{Layer, Marks};
use crate::layout::Frame;
use crate::legend::draw_curve;
use crate::style::{Color, Marker, Stroke, TICK_SIZE};
use crate::svg::{Anchor, Path, Svg};
use crate::thin::{Bounds, decimate, extent};

/// Draws a layer into a panel.
pub(crate) fn draw(svg: &mut Svg, frame: &Frame, layer: &Layer) {
    match layer {
        Layer::Zero => frame.draw_zero(svg),
        Layer::Verticals { at, stroke } => draw_verticals(svg, frame, at, *stroke),
        Layer::Line { points, stroke, clip } => {
            for run in runs(points) {
                draw_line(svg, frame, run, *stroke, *clip);
            }
        }
        Layer::Curve { points, style, marks } => {
            let bounds = frame.bounds();
            let runs: Vec<Vec<(f64, f64)>> =
                runs(points).map(|run| decimate(run.iter().map(|&p| frame.point(p)), 0.5)).collect();
            let mut line = Path::default();
            for piece in runs.iter().flat_map(|run| bounds.clip(run)) {
                line.add_line(piece);
            }
            draw_curve(svg, *style, &line, &marked(&bounds, &runs, *marks));
        }
        Layer::Band { edges, color, bars } => draw_band(svg, frame, edges, *color, *bars),
        Layer::Stems { points, color, crossed, limit } => draw_stems(svg, frame, points, *color, *crossed, *limit),
        Layer::Rings { points, color } => {
            let points = spikes(frame, points, None);
            let radius = stem_size(points.len()).1 + 2.0;
            let mut rings = Path::default();
            points.iter().for_each(|&p| rings.circle(p, radius));
            svg.stroke(&rings, Stroke::solid(*color, 1.2));
        }
        Layer::Dots { points, color, radius } => {
            let mut dots = Path::default();
            points.iter().filter(|p| !p.1.is_nan()).for_each(|&p| dots.circle(frame.point(p), *radius));
            svg.fill(&dots, *color);
        }
        Layer::Labels { beside, left, names } => draw_names(svg, frame, *beside, *left, names),
    }
}

/// The points between the gaps.
fn runs(points: &[(f64, f64)]) -> impl Iterator<Item = &[(f64, f64)]> {
    points.split(|p| p.1.is_nan()).filter(|run| !run.is_empty())
}

fn draw_verticals(svg: &mut Svg, frame: &Frame, at: &[f64], stroke: Stroke) {
    let mut lines = Path::default();
    for &x in at {
        let x = frame.px(x);
        lines.segment((x, frame.top), (x, frame.top + frame.height));
    }
    svg.stroke(&lines, stroke);
}

/// A line through the points, thinned to the resolution of the picture.
fn draw_line(svg: &mut Svg, frame: &Frame, run: &[(f64, f64)], stroke: Stroke, clip: bool) {
    if let ([point], false) = (run, clip) {
        // A lone sample has no line; show it as a dot.
        let mut dot = Path::default();
        dot.circle(frame.point(*point), 2.5);
        return svg.fill(&dot, stroke.color);
    }
    let points = decimate(run.iter().map(|&p| frame.point(p)), 0.5);
    if !clip {
        return svg.stroke(&Path::polyline(points), stroke);
    }
    for piece in frame.bounds().clip(&points) {
        svg.stroke(&Path::polyline(piece), stroke);
    }
}

/// Points that get a marker.
fn marked(bounds: &Bounds, runs: &[Vec<(f64, f64)>], marks: Marks) -> Vec<(f64, f64)> {
    let points = || runs.iter().flatten().copied().filter(|&p| bounds.contains(p));
    match marks {
        Marks::Apart(distance) => {
            let mut marked: Vec<(f64, f64)> = Vec::new();
            for (x, y) in points() {
                if marked.last().is_none_or(|last| (x - last.0).hypot(y - last.1) >= distance) {
                    marked.push((x, y));
                }
            }
            marked
        }
        Marks::Every(distance) => {
            let span = extent(points().map(|p| p.0)).map_or(0.0, |(lo, hi)| hi - lo);
            let every = (distance * points().count() as f64 / span.max(1.0)).ceil().max(1.0) as usize;
            points().step_by(if span > 0.0 { every } else { 1 }).collect()
        }
    }
}

/// A translucent area, or error bars.
fn draw_band(svg: &mut Svg, frame: &Frame, edges: &[(f64, f64, f64)], color: Color, error_bars: bool) {
    // x, and the heights of both edges; NaN in a gap.
    let edges: Vec<(f64, f64, f64)> = edges
        .iter()
        .map(|&(x, low, high)| match low.is_nan() || high.is_nan() {
            true => (frame.px(x), f64::NAN, f64::NAN),
            false => (frame.px(x), frame.py(low), frame.py(high)),
        })
        .collect();
    let bounds = frame.bounds();
    let (mut areas, mut bars) = (Path::default(), Path::default());
    for run in edges.split(|e| e.1.is_nan()).filter(|run| !run.is_empty()) {
        if error_bars || run.len() == 1 {
            let columns = decimate(run.iter().map(|e| (e.0, e.1)), 0.5).len().max(1);
            for &(x, low, high) in run.iter().step_by(run.len().div_ceil(columns)) {
                let bar = [(x, low), (x, high)];
                bounds.clip(&bar).into_iter().for_each(|bar| bars.add_line(bar));
            }
        } else {
            let low = bounds.press(&decimate(run.iter().map(|e| (e.0, e.1)), 0.5));
            let high = bounds.press(&decimate(run.iter().map(|e| (e.0, e.2)), 0.5));
            areas.add_polygon(low.into_iter().chain(high.into_iter().rev()));
        }
    }
    if !areas.is_empty() {
        svg.translucent(0.16, |svg| svg.fill(&areas, color));
    }
    if !bars.is_empty() {
        svg.translucent(0.55, |svg| svg.stroke(&bars, Stroke::solid(color, 1.1)));
    }
}

/// Points of a sparse vector in the picture, left to right, thinned to its resolution.
fn spikes(frame: &Frame, points: &[(f64, f64)], limit: Option<f64>) -> Vec<(f64, f64)> {
    let clamped = |y: f64| limit.map_or(y, |limit| y.clamp(-limit, limit));
    let drawn = points.iter().filter(|p| !p.1.is_nan());
    let mut points: Vec<(f64, f64)> = drawn.map(|&(x, y)| frame.point((x, clamped(y)))).collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    if points.len() > 1500 { decimate(points.into_iter(), 1.0) } else { points }
}

/// Stems with dots, or with crosses at their ends; those beyond the limit stop there and end in an arrow head.
fn draw_stems(svg: &mut Svg, frame: &Frame, points: &[(f64, f64)], color: Color, crossed: bool, limit: Option<f64>) {
    let limit = limit.map(f64::abs);
    let beyond = limit.filter(|limit| points.iter().any(|p| p.1.abs() > limit * 1.000001));
    let points = spikes(frame, points, limit);
    let (width, radius) = stem_size(points.len());
    let zero = frame.py(0.0);
    let (mut stems, mut ends, mut arrows) = (Path::default(), Path::default(), Path::default());
    for &(x, y) in &points {
        stems.segment((x, zero), (x, y));
        match beyond {
            Some(limit) if y <= frame.py(limit) => arrows.marker(Marker::Up, (x, y), 1.2 * radius),
            Some(limit) if y >= frame.py(-limit) => arrows.marker(Marker::Down, (x, y), 1.2 * radius),
            _ if crossed => ends.marker(Marker::Cross, (x, y), 1.25 * radius),
            _ => ends.circle((x, y), radius),
        }
    }
    svg.stroke(&stems, Stroke::solid(color, width));
    svg.fill(&arrows, color);
    match crossed {
        true => svg.stroke(&ends, Stroke::solid(color, 1.2 * width)),
        false => svg.fill(&ends, color),
    }
}

/// Stroke width and dot radius: the more stems, the finer.
fn stem_size(count: usize) -> (f64, f64) {
    match count {
        0..=60 => (1.6, 3.2),
        61..=200 => (1.2, 2.4),
        201..=600 => (0.9, 1.7),
        _ => (0.7, 1.1),
    }
}

fn draw_names(svg: &mut Svg, frame: &Frame, beside: f64, left: bool, names: &[(f64, String)]) {
    let mut places: Vec<(f64, &str)> = names.iter().map(|(y, name)| (frame.py(*y) - 4.0, name.as_str())).collect();
    places.sort_by(|a, b| a.0.total_cmp(&b.0));
    let at = frame.px(beside);
    let (x, anchor) = if left { (at - 6.0, Anchor::End) } else { (at + 6.0, Anchor::Start) };
    let mut lowest = frame.top;
    for (y, name) in places {
        lowest = y.max(lowest + TICK_SIZE);
        svg.text(x, lowest, TICK_SIZE, anchor, name);
    }
}
