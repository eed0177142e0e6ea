//! Success rates over a grid of problems, one panel per algorithm.

use std::collections::BTreeMap;

use super::axis::{Axis, Scale};
use super::data::{check_length, check_not_empty, check_positive, check_values, check_values_or_gaps};
use super::font::{shorten, text_width};
use super::layout::{Panel, WIDTH, draw_title};
use super::legend::{self, Entry, Symbol, draw_cased, draw_missing};
use super::style::{Color, FRAME, LABEL_SIZE, LEGEND_SIZE, TEXT, TICK_SIZE, TITLE_SIZE};
use super::svg::{Anchor, Path, Stroke, Svg};
use super::{Figure, PlotError};

/// One algorithm's panel of a [`success_map`].
#[derive(Clone, Copy, Debug)]
pub struct SuccessPanel<'a> {
    /// The algorithm's name, written above the panel.
    pub name: &'a str,
    /// Success rates from 0 to 1, the row of the first y value first; NaN where none was measured.
    pub rates: &'a [f64],
    /// x and y of the curve at which 95 % succeed, drawn over the cells; NaN in y leaves a gap.
    pub curve: Option<(&'a [f64], &'a [f64])>,
}

/// Input of [`success_map`].
#[derive(Clone, Copy, Debug)]
pub struct SuccessMapPlot<'a> {
    /// Title above the picture; may be empty.
    pub title: &'a str,
    /// Label of the x axis, such as `m/n`.
    pub x_label: &'a str,
    /// Label of the y axis, such as `k/m`.
    pub y_label: &'a str,
    /// The x values of all grids, increasing.
    pub x: &'a [f64],
    /// The y values of all grids, increasing.
    pub y: &'a [f64],
    /// How x is spread.
    pub x_scale: Scale,
    /// How y is spread.
    pub y_scale: Scale,
    /// The algorithms, row by row.
    pub panels: &'a [SuccessPanel<'a>],
}

const MARGIN: f64 = 16.0;
const COLUMNS: usize = 4;
const COLUMN_GAP: f64 = 14.0;
/// Below each row of panels, with the titles of the next.
const ROW_GAP: f64 = 26.0;
/// Room for the colour bar and its labels.
const BAR_ROOM: f64 = 74.0;
const BAR_WIDTH: f64 = 14.0;
const BAR_TICKS: [u32; 4] = [0, 50, 95, 100];

/// Viridis at equal steps: its lightness grows evenly, and colour-blind eyes see the same order.
const SCALE: [u32; 11] =
    [0x440154, 0x482475, 0x414487, 0x355f8d, 0x2a788e, 0x21918c, 0x22a884, 0x44bf70, 0x7ad151, 0xbddf26, 0xfde725];

/// Draws a grid of cells per algorithm, coloured by the success rate, in rows of four panels that share their axes.
pub fn success_map(input: &SuccessMapPlot<'_>) -> Result<Figure, PlotError> {
    check(input)?;
    let (x_edges, y_edges) = (edges(input.x, input.x_scale), edges(input.y, input.y_scale));

    let mut entries = Vec::new();
    if input.panels.iter().any(|p| p.curve.is_some()) {
        entries.push(Entry::new(Symbol::Cased, "95 % success"));
    }
    if input.panels.iter().any(|p| p.rates.iter().any(|r| r.is_nan())) {
        entries.push(Entry::new(Symbol::Missing, "not measured"));
    }

    let columns = input.panels.len().min(COLUMNS);
    let rows = input.panels.len().div_ceil(COLUMNS);
    let (x_target, y_target) = if columns == 1 { (8, 6) } else { (9 / columns, 4) };
    let mut y = Axis::exactly(ends(&y_edges), input.y_scale, y_target);
    let tick_width = y.ticks.iter().map(|t| text_width(&t.label, TICK_SIZE)).fold(16.0, f64::max);
    let left = MARGIN + LABEL_SIZE + 8.0 + tick_width + 8.0;
    let all_width = WIDTH - left - BAR_ROOM - MARGIN;
    let width = ((all_width + COLUMN_GAP) / columns as f64 - COLUMN_GAP).floor();
    let height = (0.86 * width).min(400.0).floor();
    let mut x = Axis::exactly(ends(&x_edges), input.x_scale, x_target);
    x.thin(width, |label| text_width(label, TICK_SIZE));
    // Labels lie side by side here, one line high.
    y.thin(height, |_| TICK_SIZE);

    let title_height = if input.title.is_empty() { 0.0 } else { TITLE_SIZE + 10.0 };
    let legend_height = if entries.is_empty() { 0.0 } else { legend::rows_height(&entries, all_width) + 4.0 };
    let top = MARGIN + title_height + legend_height + LABEL_SIZE + 6.0;
    let panels_bottom = top + rows as f64 * (height + ROW_GAP) - ROW_GAP;
    let bottom = panels_bottom + TICK_SIZE + LABEL_SIZE + 24.0;
    let mut svg = Svg::new(WIDTH, bottom + 8.0, input.title);
    draw_title(&mut svg, input.title, left, all_width);
    legend::draw_rows(&mut svg, &entries, left, MARGIN + title_height, all_width);

    for (i, map) in input.panels.iter().enumerate() {
        let (row, column) = (i / COLUMNS, i % COLUMNS);
        let (left, top) = (left + column as f64 * (width + COLUMN_GAP), top + row as f64 * (height + ROW_GAP));
        let panel = Panel { left, top, width, height, x: x.clone(), y: y.clone() };
        draw_cells(&mut svg, &panel, map, &x_edges, &y_edges);
        if let Some(curve) = map.curve {
            draw_threshold(&mut svg, &panel, curve);
        }
        // Only where no other panel lies between this one and the labels.
        let lowest = i + COLUMNS >= input.panels.len();
        draw_border(&mut svg, &panel, column == 0, lowest);
        let name = shorten(map.name, LEGEND_SIZE, width);
        svg.text(left + 0.5 * width, top - 6.0, LEGEND_SIZE, Anchor::Middle, &name);
    }

    let used = columns as f64 * (width + COLUMN_GAP) - COLUMN_GAP;
    let label = shorten(&x.labelled(input.x_label), LABEL_SIZE, used);
    svg.text(left + 0.5 * used, bottom - 4.0, LABEL_SIZE, Anchor::Middle, &label);
    let whole = Panel { left, top, width: used, height: panels_bottom - top, x, y };
    whole.draw_y_label(&mut svg, input.y_label, MARGIN + LABEL_SIZE - 2.0);
    // The bar of a tall picture need not be as tall.
    let bar_height = (panels_bottom - top).min(2.0 * height + ROW_GAP);
    draw_bar(&mut svg, (left + used + 18.0, top), bar_height);
    Ok(svg.finish())
}

fn check(input: &SuccessMapPlot<'_>) -> Result<(), PlotError> {
    check_not_empty("success map", input.panels.len())?;
    for (name, values, scale) in [("x values", input.x, input.x_scale), ("y values", input.y, input.y_scale)] {
        check_not_empty(name, values.len())?;
        check_values(name, values)?;
        if scale == Scale::Logarithmic {
            check_positive(name, values)?;
        }
        if let Some(before) = values.windows(2).position(|v| v[0] >= v[1]) {
            let what = format!("{name}, which must increase");
            return Err(PlotError::NotDrawable { what, index: before + 1, value: values[before + 1] });
        }
    }
    for map in input.panels {
        check_length(map.name, input.x.len() * input.y.len(), map.rates.len())?;
        if let Some(index) = map.rates.iter().position(|r| !r.is_nan() && !(0.0..=1.0).contains(r)) {
            let what = format!("{}: success rates, from 0 to 1", map.name);
            return Err(PlotError::NotDrawable { what, index, value: map.rates[index] });
        }
        if let Some((x, y)) = map.curve {
            let what = format!("{}: curve", map.name);
            check_length(&what, x.len(), y.len())?;
            check_values(&what, x)?;
            check_values_or_gaps(&what, y)?;
            if input.x_scale == Scale::Logarithmic {
                check_positive(&what, x)?;
            }
            if input.y_scale == Scale::Logarithmic {
                check_positive(&what, y)?;
            }
        }
    }
    Ok(())
}

/// The borders of cells around the values: halfway between neighbours, and as far beyond the first and the last.
fn edges(values: &[f64], scale: Scale) -> Vec<f64> {
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

fn ends(edges: &[f64]) -> (f64, f64) {
    (edges.first().copied().unwrap_or(0.0), edges.last().copied().unwrap_or(1.0))
}

/// Colour of a success rate in percent.
fn rate_color(percent: f64) -> Color {
    scale_color(percent / 100.0)
}

/// Colour of a share from 0 to 1.
pub(super) fn scale_color(share: f64) -> Color {
    let at = share.clamp(0.0, 1.0) * (SCALE.len() - 1) as f64;
    let below = (at as usize).min(SCALE.len() - 2);
    let part = at - below as f64;
    let (from, to) = (Color::hex(SCALE[below]), Color::hex(SCALE[below + 1]));
    let mix = |a: u8, b: u8| (f64::from(a) + part * (f64::from(b) - f64::from(a))).round() as u8;
    Color { r: mix(from.r, to.r), g: mix(from.g, to.g), b: mix(from.b, to.b) }
}

fn draw_cells(svg: &mut Svg, panel: &Panel, map: &SuccessPanel<'_>, x_edges: &[f64], y_edges: &[f64]) {
    let lefts: Vec<f64> = x_edges.iter().map(|&x| panel.px(x)).collect();
    let bottoms: Vec<f64> = y_edges.iter().map(|&y| panel.py(y)).collect();
    // One path per colour keeps the picture small; single percents cannot be told apart by eye.
    let mut cells: BTreeMap<u32, Path> = BTreeMap::new();
    let mut missing = Vec::new();
    for (rates, y) in map.rates.chunks(x_edges.len() - 1).zip(bottoms.windows(2)) {
        for (&rate, x) in rates.iter().zip(lefts.windows(2)) {
            let (width, height) = (x[1] - x[0], y[0] - y[1]);
            if rate.is_nan() {
                missing.push((x[0], y[1], width, height));
            } else {
                let percent = (100.0 * rate).round() as u32;
                cells.entry(percent).or_default().add_rectangle(x[0], y[1], width, height);
            }
        }
    }
    for (percent, path) in &cells {
        svg.fill_crisp(path, rate_color(f64::from(*percent)));
    }
    draw_missing(svg, &missing);
}

fn draw_threshold(svg: &mut Svg, panel: &Panel, (x, y): (&[f64], &[f64])) {
    let points: Vec<(f64, f64)> = x.iter().zip(y).map(|(&x, &y)| (panel.px(x), panel.py(y))).collect();
    let mut line = Path::default();
    for run in points.split(|p| p.1.is_nan()) {
        panel.bounds().clip(run).into_iter().for_each(|piece| line.add_line(piece));
    }
    draw_cased(svg, &line);
}

/// Frame and ticks; no grid, which the cells would hide.
fn draw_border(svg: &mut Svg, panel: &Panel, y_labels: bool, x_labels: bool) {
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

fn draw_bar(svg: &mut Svg, (left, top): (f64, f64), height: f64) {
    let bottom = top + height;
    for percent in 0..100 {
        let y = bottom - height * f64::from(percent + 1) / 100.0;
        let part = Path::rectangle(left, y, BAR_WIDTH, height / 100.0);
        svg.fill_crisp(&part, rate_color(f64::from(percent) + 0.5));
    }
    svg.stroke(&Path::rectangle(left, top, BAR_WIDTH, height), Stroke::solid(FRAME, 0.8));
    let mut marks = Path::default();
    let mut highest = f64::INFINITY;
    for percent in BAR_TICKS {
        let y = bottom - height * f64::from(percent) / 100.0;
        // 95 and 100 come close on a short bar: the upper label gives way.
        let label_y = y.min(highest - TICK_SIZE - 1.0);
        highest = label_y;
        let right = left + BAR_WIDTH;
        marks.segment((right, y), (right + 3.0, y));
        marks.segment((right + 3.0, y), (right + 6.0, label_y));
        let label = format!("{percent} %");
        let at = (right + 9.0, label_y + 0.36 * TICK_SIZE);
        svg.rotated_text(at, 0.0, TICK_SIZE, Anchor::Start, TEXT, &label);
    }
    svg.stroke(&marks, Stroke::solid(FRAME, 0.8));
}
