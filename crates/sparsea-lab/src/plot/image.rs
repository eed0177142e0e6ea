//! Data, fit and residual of an image, with the points found in it.

use sparsea_plot::{Body, Chart, Image, Images, check, extent, number_label};

use super::{Figure, PlotError};

/// Input of [`image`](fn@image).
#[derive(Clone, Copy, Debug)]
pub struct ImagePlot<'a> {
    /// Title above the picture; may be empty.
    pub title: &'a str,
    /// Rows and columns of the image.
    pub shape: (usize, usize),
    /// The measured image, row by row.
    pub data: &'a [f64],
    /// The prediction from the points found.
    pub fit: &'a [f64],
    /// Data minus fit, or its modulus where data are complex.
    pub residual: &'a [f64],
    /// Rows and columns of the points found, ringed on the data and on the fit.
    pub points: (&'a [usize], &'a [usize]),
}

/// Draws data, fit and residual side by side, with row 0 at the top. Data and fit share the colours of the bar. The colours of the residual
/// span its own range, which is stated above it.
pub fn image(input: &ImagePlot<'_>) -> Result<Figure, PlotError> {
    let (height, width) = input.shape;
    let len = height.saturating_mul(width);
    check::not_empty("image", len)?;
    for (what, values) in [("data", input.data), ("fit", input.fit), ("residual", input.residual)] {
        check::length(what, len, values.len())?;
        check::numbers(what, values)?;
    }
    check::length("columns of points", input.points.0.len(), input.points.1.len())?;
    for (what, positions, len) in [("rows", input.points.0, height), ("columns", input.points.1, width)] {
        if let Some(&position) = positions.iter().find(|&&p| p >= len) {
            return Err(PlotError::Position { what: format!("{what} of points"), position, len });
        }
    }

    let shared = extent(input.data.iter().chain(input.fit).copied()).unwrap_or((0.0, 0.0));
    let own = extent(input.residual.iter().copied()).unwrap_or((0.0, 0.0));
    let residual = format!("residual, {} to {}", number_label(own.0), number_label(own.1));
    let count = input.points.0.len();
    let rings: Vec<(usize, usize)> = input.points.0.iter().copied().zip(input.points.1.iter().copied()).collect();
    let part = |name: String, values: &[f64], range, rings| Image { name, values: values.to_vec(), range, rings };
    let images = vec![
        part(format!("data, {count} found"), input.data, shared, rings.clone()),
        part("fit".to_string(), input.fit, shared, rings),
        part(residual, input.residual, own, Vec::new()),
    ];
    let (x_label, y_label) = ("column".to_string(), "row".to_string());
    let body = Body::Images(Images { shape: input.shape, images, bar: shared, x_label, y_label });
    Chart { title: input.title.to_string(), legend: Vec::new(), body }.draw()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(shape: (usize, usize), rows: &[usize], columns: &[usize]) -> Result<Figure, PlotError> {
        let data: Vec<f64> = (0..shape.0 * shape.1).map(|at| (at as f64 * 0.37).sin()).collect();
        let zeros = vec![0.0; data.len()];
        let input =
            ImagePlot { title: "points", shape, data: &data, fit: &data, residual: &zeros, points: (rows, columns) };
        image(&input)
    }

    #[test]
    fn images_of_any_shape_are_drawn() {
        for shape in [(1, 1), (1, 50), (40, 1), (30, 20), (500, 130)] {
            let figure = picture(shape, &[0], &[shape.1 - 1]).unwrap();
            assert!(figure.svg().contains("residual") && !figure.svg().contains("NaN"), "{shape:?}");
            assert!(!figure.png().unwrap().is_empty());
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert!(matches!(picture((0, 4), &[], &[]), Err(PlotError::Empty { .. })));
        assert!(matches!(picture((3, 4), &[3], &[0]), Err(PlotError::Position { position: 3, len: 3, .. })));
        assert!(matches!(picture((3, 4), &[1], &[4]), Err(PlotError::Position { position: 4, len: 4, .. })));
        assert!(matches!(picture((3, 4), &[1], &[]), Err(PlotError::Length { .. })));
        let bad = ImagePlot {
            title: "",
            shape: (1, 2),
            data: &[0.0, f64::NAN],
            fit: &[0.0; 2],
            residual: &[0.0; 2],
            points: (&[], &[]),
        };
        assert!(matches!(image(&bad), Err(PlotError::NotDrawable { index: 1, .. })));
    }
}
