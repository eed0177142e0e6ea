//! Heat maps that share their axes and colours, as SVG.

use std::collections::BTreeMap;

use crate::axis::{Axis, Scale};
use crate::chart::{Map, Maps};
use crate::font::{shorten, text_width};
use crate::layout::{Frame, MARGIN, WIDTH, draw_title, left_of, title_height};
use crate::legend::{self, Entry, draw_cased, draw_missing};
use crate::style::{FRAME, LABEL_SIZE, LEGEND_SIZE, Stroke, TEXT, TICK_SIZE, scale_color};
use crate::svg::{Anchor, Path, Svg};

const COLUMNS: usize = 4;
const COLUMN_GAP: f64 = 14.0;
/// Below each row of panels, with the titles of the next.
const ROW_GAP: f64 = 26.0;
/// Room for the colour bar and its labels.
const BAR_ROOM: f64 = 74.0;
const BAR_WIDTH: f64 = 14.0;

pub(crate) fn draw(title: &str, entries: &[Entry], input: &Maps) -> (String, u32, u32) {
    let (x_edges, y_edges) = (edges(&input.x, input.x_scale), edges(&input.y, input.y_scale));
    let columns = input.maps.len().min(COLUMNS);
    let rows = input.maps.len().div_ceil(COLUMNS);
    let (x_target, y_target) = if columns == 1 { (8, 6) } else { (9 / columns, 4) };
    let mut y = Axis::exactly(ends(&y_edges), input.y_scale).ruler(y_target);
    let left = left_of([&y].into_iter());
    let all_width = WIDTH - left - BAR_ROOM - MARGIN;
    let width = ((all_width + COLUMN_GAP) / columns as f64 - COLUMN_GAP).floor();
    let height = (0.86 * width).min(400.0).floor();
    let mut x = Axis::exactly(ends(&x_edges), input.x_scale).ruler(x_target);
    x.thin(width, 6.0, |label| text_width(label, TICK_SIZE));
    // Labels lie side by side here, one line high.
    y.thin(height, 6.0, |_| TICK_SIZE);

    let title_height = title_height(title);
    let legend_height = if entries.is_empty() { 0.0 } else { legend::rows_height(entries, all_width) + 4.0 };
    let top = MARGIN + title_height + legend_height + LABEL_SIZE + 6.0;
    let panels_bottom = top + rows as f64 * (height + ROW_GAP) - ROW_GAP;
    let bottom = panels_bottom + TICK_SIZE + LABEL_SIZE + 24.0;
    let mut svg = Svg::new(WIDTH, bottom + 8.0, title);
    draw_title(&mut svg, title, left, all_width);
    legend::draw_rows(&mut svg, entries, left, MARGIN + title_height, all_width);

    for (i, map) in input.maps.iter().enumerate() {
        let (row, column) = (i / COLUMNS, i % COLUMNS);
        let (left, top) = (left + column as f64 * (width + COLUMN_GAP), top + row as f64 * (height + ROW_GAP));
        let panel = Frame { left, top, width, height, x: x.clone(), y: y.clone() };
        draw_cells(&mut svg, &panel, map, &x_edges, &y_edges);
        draw_over(&mut svg, &panel, &map.line);
        // Only where no other panel lies between this one and the labels.
        let lowest = i + COLUMNS >= input.maps.len();
        draw_border(&mut svg, &panel, column == 0, lowest);
        let name = shorten(&map.name, LEGEND_SIZE, width);
        svg.text(left + 0.5 * width, top - 6.0, LEGEND_SIZE, Anchor::Middle, &name);
    }

    let used = columns as f64 * (width + COLUMN_GAP) - COLUMN_GAP;
    let label = shorten(&x.labelled(&input.x_label), LABEL_SIZE, used);
    svg.text(left + 0.5 * used, bottom - 4.0, LABEL_SIZE, Anchor::Middle, &label);
    let whole = Frame { left, top, width: used, height: panels_bottom - top, x, y };
    whole.draw_y_label(&mut svg, &input.y_label, MARGIN + LABEL_SIZE - 2.0);
    // The bar of a tall picture need not be as tall.
    let bar_height = (panels_bottom - top).min(2.0 * height + ROW_GAP);
    draw_bar(&mut svg, (left + used + 18.0, top), bar_height, &input.bar);
    svg.finish()
}

/// The borders of cells around the values: halfway between neighbours, and as far beyond the first and the last.
pub(crate) fn edges(values: &[f64], scale: Scale) -> Vec<f64> {
    let log = scale == Scale::Logarithmic;
    let at: Vec<f64> = values.iter().map(|&v| if log { v.log10() } else { v }).collect();
    let (Some(&first), Some(&last)) = (at.first(), at.last()) else { return Vec::new() };
    let middles: Vec<f64> = at.windows(2).map(|v| 0.5 * v[0] + 0.5 * v[1]).collect();
    // A lone value has no neighbour to tell the size of its cell.
    let lone = if log || first == 0.0 { 0.5 } else { 0.5 * first.abs() };
    let mut edges = vec![middles.first().map_or(first - lone, |m| first - (m - first))];
    edges.extend(&middles);
    edges.push(middles.last().map_or(last + lone, |m| last + (last - m)));
    if log { edges.into_iter().map(|e| 10f64.powf(e)).collect() } else { edges }
}

/// The first and the last of the borders.
pub(crate) fn ends(edges: &[f64]) -> (f64, f64) {
    (edges.first().copied().unwrap_or(0.0), edges.last().copied().unwrap_or(1.0))
}

fn draw_cells(svg: &mut Svg, panel: &Frame, map: &Map, x_edges: &[f64], y_edges: &[f64]) {
    let lefts: Vec<f64> = x_edges.iter().map(|&x| panel.px(x)).collect();
    let bottoms: Vec<f64> = y_edges.iter().map(|&y| panel.py(y)).collect();
    // One path per colour keeps the picture small; single percents cannot be told apart by eye.
    let mut cells: BTreeMap<u32, Path> = BTreeMap::new();
    let mut missing = Vec::new();
    for (values, y) in map.values.chunks(x_edges.len() - 1).zip(bottoms.windows(2)) {
        for (&value, x) in values.iter().zip(lefts.windows(2)) {
            let (width, height) = (x[1] - x[0], y[0] - y[1]);
            if value.is_nan() {
                missing.push((x[0], y[1], width, height));
            } else {
                let percent = (100.0 * value).round() as u32;
                cells.entry(percent).or_default().add_rectangle(x[0], y[1], width, height);
            }
        }
    }
    for (percent, path) in &cells {
        svg.fill_crisp(path, scale_color(f64::from(*percent) / 100.0));
    }
    draw_missing(svg, &missing);
}

fn draw_over(svg: &mut Svg, panel: &Frame, points: &[(f64, f64)]) {
    let mut line = Path::default();
    for run in points.split(|p| p.1.is_nan()) {
        let run: Vec<(f64, f64)> = run.iter().map(|&p| panel.point(p)).collect();
        panel.bounds().clip(&run).into_iter().for_each(|piece| line.add_line(piece));
    }
    draw_cased(svg, &line);
}

/// Frame and ticks; no grid, which the cells would hide.
fn draw_border(svg: &mut Svg, panel: &Frame, y_labels: bool, x_labels: bool) {
    let bottom = panel.top + panel.height;
    let mut marks = Path::default();
    for (length, ticks) in [(4.0, panel.x.ticks.iter().map(|t| t.at).collect()), (2.0, panel.x.minor.clone())] {
        for at in ticks {
            let x = panel.left + panel.width * at;
            marks.segment((x, bottom), (x, bottom + length));
        }
    }
    for (length, ticks) in [(4.0, panel.y.ticks.iter().map(|t| t.at).collect()), (2.0, panel.y.minor.clone())] {
        for at in ticks {
            let y = bottom - panel.height * at;
            marks.segment((panel.left - length, y), (panel.left, y));
        }
    }
    svg.stroke(&marks, Stroke::solid(FRAME, 0.8));
    svg.stroke(&Path::rectangle(panel.left, panel.top, panel.width, panel.height), Stroke::solid(FRAME, 0.8));
    if x_labels {
        panel.draw_x_ticks(svg, false);
    }
    for tick in panel.y.ticks.iter().filter(|_| y_labels) {
        let y = bottom - panel.height * tick.at;
        svg.text(panel.left - 7.0, y + 0.36 * TICK_SIZE, TICK_SIZE, Anchor::End, &tick.label);
    }
}

fn draw_bar(svg: &mut Svg, (left, top): (f64, f64), height: f64, ticks: &[(f64, String)]) {
    let bottom = top + height;
    for percent in 0..100 {
        let y = bottom - height * f64::from(percent + 1) / 100.0;
        let part = Path::rectangle(left, y, BAR_WIDTH, height / 100.0);
        svg.fill_crisp(&part, scale_color((f64::from(percent) + 0.5) / 100.0));
    }
    svg.stroke(&Path::rectangle(left, top, BAR_WIDTH, height), Stroke::solid(FRAME, 0.8));
    let mut marks = Path::default();
    let mut highest = f64::INFINITY;
    for (value, label) in ticks {
        let y = bottom - height * value;
        // Labels may come close on a short bar: the upper one gives way.
        let label_y = y.min(highest - TICK_SIZE - 1.0);
        highest = label_y;
        let right = left + BAR_WIDTH;
        marks.segment((right, y), (right + 3.0, y));
        marks.segment((right + 3.0, y), (right + 6.0, label_y));
        let at = (right + 9.0, label_y + 0.36 * TICK_SIZE);
        svg.rotated_text(at, 0.0, TICK_SIZE, Anchor::Start, TEXT, label);
    }
    svg.stroke(&marks, Stroke::solid(FRAME, 0.8));
}
