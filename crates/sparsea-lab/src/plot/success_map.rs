//! Success rates over a grid of problems, one panel per algorithm.

use sparsea_plot::{Body, Chart, Entry, Map, Maps, Scale, Symbol, check};

use super::{Figure, PlotError};

/// One algorithm's panel of a [`success_map`].
#[derive(Clone, Copy, Debug)]
pub struct SuccessPanel<'a> {
    /// The algorithm's name, written above the panel.
    pub name: &'a str,
    /// Success rates from 0 to 1, with the row of the first y value first; NaN where none was measured.
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
    /// The scale of x.
    pub x_scale: Scale,
    /// The scale of y.
    pub y_scale: Scale,
    /// The algorithms, row by row.
    pub panels: &'a [SuccessPanel<'a>],
}

/// Marks of the colour bar, in percent.
const BAR_TICKS: [u32; 4] = [0, 50, 95, 100];

/// Draws a grid of cells per algorithm, coloured by the success rate, in rows of four panels that share their axes.
pub fn success_map(input: &SuccessMapPlot<'_>) -> Result<Figure, PlotError> {
    check_input(input)?;
    let mut entries = Vec::new();
    if input.panels.iter().any(|p| p.curve.is_some()) {
        entries.push(Entry::new(Symbol::Cased, "95 % success"));
    }
    if input.panels.iter().any(|p| p.rates.iter().any(|r| r.is_nan())) {
        entries.push(Entry::new(Symbol::Missing, "not measured"));
    }

    let map = |panel: &SuccessPanel<'_>| {
        let (x, y) = panel.curve.unwrap_or_default();
        let line = x.iter().copied().zip(y.iter().copied()).collect();
        Map { name: panel.name.to_string(), values: panel.rates.to_vec(), line }
    };
    let body = Body::Maps(Maps {
        x: input.x.to_vec(),
        y: input.y.to_vec(),
        x_scale: input.x_scale,
        y_scale: input.y_scale,
        x_label: input.x_label.to_string(),
        y_label: input.y_label.to_string(),
        maps: input.panels.iter().map(map).collect(),
        bar: BAR_TICKS.map(|percent| (f64::from(percent) / 100.0, format!("{percent} %"))).to_vec(),
    });
    Chart { title: input.title.to_string(), legend: entries, body }.draw()
}

fn check_input(input: &SuccessMapPlot<'_>) -> Result<(), PlotError> {
    check::not_empty("success map", input.panels.len())?;
    for (name, values, scale) in [("x values", input.x, input.x_scale), ("y values", input.y, input.y_scale)] {
        check::not_empty(name, values.len())?;
        check::numbers(name, values)?;
        if scale == Scale::Logarithmic {
            check::positive(name, values)?;
        }
        if let Some(before) = values.windows(2).position(|v| v[0] >= v[1]) {
            let what = format!("{name}, which must increase");
            return Err(PlotError::NotDrawable { what, index: before + 1, value: values[before + 1] });
        }
    }
    for map in input.panels {
        check::length(map.name, input.x.len() * input.y.len(), map.rates.len())?;
        if let Some(index) = map.rates.iter().position(|r| !r.is_nan() && !(0.0..=1.0).contains(r)) {
            let what = format!("{}: success rates, from 0 to 1", map.name);
            return Err(PlotError::NotDrawable { what, index, value: map.rates[index] });
        }
        if let Some((x, y)) = map.curve {
            let what = format!("{}: curve", map.name);
            check::length(&what, x.len(), y.len())?;
            check::numbers(&what, x)?;
            check::numbers_or_gaps(&what, y)?;
            if input.x_scale == Scale::Logarithmic {
                check::positive(&what, x)?;
            }
            if input.y_scale == Scale::Logarithmic {
                check::positive(&what, y)?;
            }
        }
    }
    Ok(())
}
