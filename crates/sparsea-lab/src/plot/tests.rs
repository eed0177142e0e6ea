//! Tests of whole figures.

use resvg::{tiny_skia, usvg};

use super::*;

fn parse(figure: &Figure) -> usvg::Tree {
    figure.tree().expect("well-formed SVG")
}

/// Well-formed, free of non-finite coordinates, and nothing reaches out of the picture.
fn check(figure: &Figure) {
    let tree = parse(figure);
    assert!(!figure.svg().contains("NaN") && !figure.svg().contains("inf"), "non-finite coordinate");
    let bounds = tree.root().abs_stroke_bounding_box();
    assert!(bounds.left() >= 0.0 && bounds.top() >= 0.0, "clipped: {bounds:?}");
    assert!(bounds.right() <= figure.width() as f32, "clipped: {bounds:?}");
    assert!(bounds.bottom() <= figure.height() as f32, "clipped: {bounds:?}");
}

/// Boxes of all texts of a picture.
fn text_boxes(group: &usvg::Group, boxes: &mut Vec<tiny_skia::Rect>) {
    for node in group.children() {
        match node {
            usvg::Node::Group(group) => text_boxes(group, boxes),
            usvg::Node::Text(text) => boxes.push(text.abs_bounding_box()),
            _ => {}
        }
    }
}

/// Besides [`check`], no text covers another.
fn check_texts(figure: &Figure) {
    check(figure);
    let mut boxes = Vec::new();
    text_boxes(parse(figure).root(), &mut boxes);
    assert!(!boxes.is_empty());
    for (i, a) in boxes.iter().enumerate() {
        for b in &boxes[i + 1..] {
            // Boxes reach beyond the letters by what the font allows for accents and descenders.
            let slack = 3.0;
            let apart = a.right() <= b.left() || b.right() <= a.left();
            let above = a.bottom() - slack <= b.top() || b.bottom() - slack <= a.top();
            assert!(apart || above, "texts overlap: {a:?} and {b:?}");
        }
    }
}

fn plain_deconvolution<'a>(data: &'a [f64], fit: &'a [f64], spikes: (&'a [usize], &'a [f64])) -> DeconvolutionPlot<'a> {
    DeconvolutionPlot {
        title: "deconvolution",
        data,
        fit,
        residual: Some(fit),
        spikes,
        truth: Some(spikes),
        x_label: "sample",
        sample_spacing: 1.0,
        y_label: "amplitude",
    }
}

fn plain_coefficients<'a>(n: usize, support: &'a [usize], values: &'a [f64]) -> CoefficientsPlot<'a> {
    CoefficientsPlot {
        title: "coefficients",
        n,
        support,
        values,
        names: None,
        residual: Some(&[0.0]),
        sizes: Sizes::Values,
    }
}

fn plain_trace<'a>(current: &'a [f64], best: &'a [f64]) -> TracePlot<'a> {
    TracePlot { title: "trace", current, best, y_label: "½‖y − A x‖²" }
}

fn plain_supports<'a>(truth: (&'a [usize], &'a [f64]), rows: &'a [SupportRow<'a>]) -> SupportComparisonPlot<'a> {
    SupportComparisonPlot { title: "supports", n: 10, truth, rows, x_label: "index j" }
}

fn plain_curves<'a>(curves: &'a [ResidualCurve<'a>]) -> ResidualCurvesPlot<'a> {
    ResidualCurvesPlot { title: "curves", curves, optimum: None, x_label: "k", y_label: "relative residual" }
}

const SCALES: [Scale; 2] = [Scale::Linear, Scale::Logarithmic];

fn quantity_curves<'a>(curves: &'a [Curve<'a>]) -> CurvesPlot<'a> {
    CurvesPlot {
        title: "curves",
        x_label: "x",
        y_label: "y",
        curves,
        x_scale: Scale::Linear,
        y_scale: Scale::Linear,
        y_range: None,
        ideal: None,
    }
}

fn plain_map<'a>(x: &'a [f64], y: &'a [f64], panels: &'a [SuccessPanel<'a>]) -> SuccessMapPlot<'a> {
    SuccessMapPlot {
        title: "success",
        x_label: "m/n",
        y_label: "k/m",
        x,
        y,
        x_scale: Scale::Linear,
        y_scale: Scale::Linear,
        panels,
    }
}

/// Every name with a fixed style.
const NAMES: [&str; 25] = [
    "sea",
    "omp+sea",
    "els+sea",
    "els+sea+els",
    "search",
    "els",
    "omp",
    "ols",
    "ompr",
    "foba",
    "splicing",
    "htp",
    "iht",
    "niht",
    "cosamp",
    "subspace_pursuit",
    "lasso",
    "segment",
    "amp",
    "bp",
    "omp+els",
    "omp+htp",
    "els+htp",
    "omp+iht",
    "els+iht",
];

#[test]
fn degenerate_values_are_drawn() -> Result<(), PlotError> {
    for values in [
        vec![0.0],
        vec![0.0; 5],
        vec![3.5],
        vec![-7.0; 4],
        vec![1e300, -1e300],
        vec![1e-300, 0.0],
        vec![5e-324, 5e-324],
        vec![1e9, 1e9 + 1e-3],
        vec![123456.7, -98765.4],
    ] {
        let n = values.len();
        let support: Vec<usize> = (0..n).collect();
        check(&deconvolution(&plain_deconvolution(&values, &values, (&[], &[])))?);
        check(&deconvolution(&plain_deconvolution(&values, &values, (&support, &values)))?);
        check(&coefficients(&plain_coefficients(n, &[], &[]))?);
        check(&coefficients(&plain_coefficients(n, &support, &values))?);
        check(&trace(&plain_trace(&values, &values))?);
        let row = SupportRow { name: "sea", support: &support, values: &values, distance: 0.0 };
        check(&support_comparison(&plain_supports((&support, &values), &[row]))?);
        check(&support_comparison(&plain_supports((&[], &[]), &[row]))?);
        check(&support_comparison(&plain_supports((&support, &values), &[]))?);
        let curve = ResidualCurve { name: "omp+sea", k: &support, values: &values };
        let empty = ResidualCurve { name: "sea", k: &[], values: &[] };
        check(&residual_curves(&plain_curves(&[curve, empty]))?);
    }
    Ok(())
}

#[test]
fn spacing_may_be_any_positive_number() -> Result<(), PlotError> {
    for spacing in [1e-9, 0.1, 3.7e8] {
        let plot = plain_deconvolution(&[1.0, 2.0, 0.0], &[1.0, 1.5, 0.0], (&[1], &[1.0]));
        check(&deconvolution(&DeconvolutionPlot { sample_spacing: spacing, ..plot })?);
    }
    let plot = plain_deconvolution(&[1.0], &[1.0], (&[], &[]));
    for spacing in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(deconvolution(&DeconvolutionPlot { sample_spacing: spacing, ..plot }).is_err());
    }
    Ok(())
}

#[test]
fn bad_input_is_refused() {
    let nan = [0.0, f64::NAN];
    let message = deconvolution(&plain_deconvolution(&nan, &[0.0; 2], (&[], &[]))).map_err(|e| e.to_string());
    assert_eq!(message, Err("data: value NaN at index 1 cannot be drawn".to_string()));
    let length = deconvolution(&plain_deconvolution(&[0.0], &[0.0; 2], (&[], &[])));
    assert!(matches!(length, Err(PlotError::Length { expected: 1, found: 2, .. })));
    let outside = deconvolution(&plain_deconvolution(&[0.0], &[0.0], (&[1], &[1.0])));
    assert!(matches!(outside, Err(PlotError::Position { position: 1, len: 1, .. })));
    let empty = deconvolution(&plain_deconvolution(&[], &[], (&[], &[])));
    assert!(matches!(empty, Err(PlotError::Empty { .. })));
    assert!(coefficients(&plain_coefficients(0, &[], &[])).is_err());
    assert!(coefficients(&plain_coefficients(3, &[1], &[f64::INFINITY])).is_err());
    let few_names = CoefficientsPlot { names: Some(&[]), ..plain_coefficients(3, &[1], &[1.0]) };
    assert!(matches!(coefficients(&few_names), Err(PlotError::Length { .. })));
    assert!(trace(&plain_trace(&[], &[])).is_err());
    assert!(trace(&plain_trace(&[1.0], &[f64::NEG_INFINITY])).is_err());
    let row = SupportRow { name: "sea", support: &[12], values: &[1.0], distance: 0.0 };
    assert!(matches!(support_comparison(&plain_supports((&[], &[]), &[row])), Err(PlotError::Position { .. })));
    assert!(residual_curves(&plain_curves(&[])).is_err());
}

#[test]
fn long_and_odd_texts_stay_inside() -> Result<(), PlotError> {
    let long = "a very long label indeed & <tagged> \u{1} \"quoted\" 数 ".repeat(8);
    let names: Vec<String> = (0..25).map(|i| format!("{i}-{long}")).collect();
    let support: Vec<usize> = (0..25).collect();
    let values: Vec<f64> = (0..25).map(|i| f64::from(i) - 12.0).collect();
    for count in [1, 2, 8, 25] {
        let plot = CoefficientsPlot {
            title: &long,
            names: Some(&names[..count]),
            ..plain_coefficients(30, &support[..count], &values[..count])
        };
        check(&coefficients(&plot)?);
    }
    let row = SupportRow { name: &long, support: &[], values: &[], distance: 1e-12 };
    check(&support_comparison(&SupportComparisonPlot { title: &long, ..plain_supports((&[], &[]), &[row; 12]) })?);
    let curve = ResidualCurve { name: &long, k: &[1, 2], values: &[1.0, 1e-9] };
    check(&residual_curves(&ResidualCurvesPlot { title: &long, y_label: &long, ..plain_curves(&[curve; 40]) })?);
    let plot = plain_deconvolution(&[1.0, 2.0], &[1.0, 2.0], (&[], &[]));
    check(&deconvolution(&DeconvolutionPlot { title: &long, x_label: &long, y_label: &long, ..plot })?);
    check(&deconvolution(&DeconvolutionPlot {
        title: "",
        x_label: "",
        y_label: "",
        residual: None,
        truth: None,
        ..plot
    })?);
    Ok(())
}

#[test]
fn huge_input_stays_small() -> Result<(), PlotError> {
    let n = 1_000_000;
    let data: Vec<f64> = (0..n).map(|i| ((i * 7919) % 1009) as f64 - 500.0).collect();
    let every: Vec<usize> = (0..n).collect();
    let figures = [
        deconvolution(&plain_deconvolution(&data, &data, (&every, &data)))?,
        coefficients(&plain_coefficients(n, &every, &data))?,
        trace(&plain_trace(&data, &data))?,
        residual_curves(&plain_curves(&[ResidualCurve { name: "sea", k: &every, values: &data }]))?,
    ];
    for figure in &figures {
        assert!(figure.svg().len() < 1_000_000, "{} bytes", figure.svg().len());
        check(figure);
    }
    Ok(())
}

#[test]
fn same_input_gives_same_bytes() -> Result<(), PlotError> {
    let row = SupportRow { name: "sea", support: &[1, 4, 9], values: &[1.0, 9.0, -1.0], distance: 0.5 };
    let draw = || support_comparison(&plain_supports((&[1, 3, 5], &[1.0, -1.0, 2.0]), &[row]));
    let (first, second) = (draw()?, draw()?);
    assert_eq!(first.svg(), second.svg());
    assert_eq!(first.png()?, second.png()?);
    Ok(())
}

#[test]
fn algorithms_keep_their_colors() {
    let known = [
        "sea",
        "htp",
        "iht",
        "omp",
        "ols",
        "niht",
        "cosamp",
        "subspace_pursuit",
        "ompr",
        "els",
        "lasso",
        "bp",
        "foba",
        "splicing",
        "search",
        "segment",
        "amp",
    ];
    let colors: std::collections::HashSet<Color> = known.iter().map(|name| algorithm_color(name)).collect();
    assert_eq!(colors.len(), known.len());
    assert_eq!(algorithm_color("sea").to_string(), "#0072b2");
    assert_eq!(algorithm_color("Subspace-Pursuit"), algorithm_color("subspace_pursuit"));
    // Common chains have a shade of their own; any other has the colour of its last link.
    assert_ne!(algorithm_color("omp+sea"), algorithm_color("sea"));
    assert_eq!(algorithm_color("htp+sea"), algorithm_color("sea"));
    assert_ne!(style::curve_style("omp+sea"), style::curve_style("sea"));
    assert_ne!(style::curve_style("omp+sea"), style::curve_style("htp+sea"));
    // Settings keep the colour and the marker, and are told from each other by the dash.
    let settings = ["omp", "omp, B = 2", "omp, B = 4", "omp, B = 3"].map(style::curve_style);
    for (at, one) in settings.iter().enumerate() {
        assert_eq!((one.color, one.marker), (settings[0].color, settings[0].marker));
        assert!(settings[..at].iter().all(|other| (other.dash, other.hollow) != (one.dash, one.hollow)));
    }
    assert_eq!(algorithm_color("els, x ≥ 0"), algorithm_color("els"));
    assert_eq!(algorithm_color("unheard-of"), algorithm_color("unheard-of"));
    let _ = (algorithm_color(""), algorithm_color("+"), algorithm_color("sea+"));
}

#[test]
fn fixed_styles_differ() {
    let styles: Vec<_> = NAMES.iter().map(|name| style::curve_style(name)).collect();
    for (i, a) in styles.iter().enumerate() {
        for (j, b) in styles.iter().enumerate().skip(i + 1) {
            assert_ne!(a.color, b.color, "{} and {}", NAMES[i], NAMES[j]);
            // Without colour, thick curves must still be told from each other.
            let alike = (a.marker, a.hollow, a.dash) == (b.marker, b.hollow, b.dash);
            assert!(!alike || a.width != b.width || a.width < 2.0, "{} and {}", NAMES[i], NAMES[j]);
        }
        let thick = NAMES[i] == "search" || NAMES[i].contains("sea");
        assert_eq!(a.width > 2.0, thick, "{}", NAMES[i]);
    }
    assert_eq!(style::curve_style("ELS + Sea"), style::curve_style("els+sea"));
}

#[test]
fn curves_of_any_range_are_drawn() -> Result<(), PlotError> {
    for values in [vec![1.0], vec![3.5; 3], vec![1e-300, 1e300], vec![1e9, 1e9 + 1e-3], vec![0.02, 0.03, 0.5, 40.0]] {
        let low: Vec<f64> = values.iter().map(|v| 0.5 * v).collect();
        for band in [None, Some((low.as_slice(), values.as_slice()))] {
            let curve = Curve { name: "omp+sea", x: &values, y: &values, band };
            let empty = Curve { name: "sea", x: &[], y: &[], band: None };
            for x_scale in SCALES {
                for y_scale in SCALES {
                    for y_range in [None, Some((0.1, 0.2)), Some((1e-290, 1e290))] {
                        let curves_of = [curve, empty];
                        let plot =
                            CurvesPlot { x_scale, y_scale, y_range, ideal: Some(curve), ..quantity_curves(&curves_of) };
                        check(&curves(&plot)?);
                    }
                }
            }
        }
    }
    let zero = Curve { name: "sea", x: &[-1.0, 0.0], y: &[0.0, -5.0], band: None };
    check(&curves(&quantity_curves(&[zero]))?);
    Ok(())
}

#[test]
fn missing_values_are_gaps() -> Result<(), PlotError> {
    let x: Vec<f64> = (0..9).map(f64::from).collect();
    let mut y = x.clone();
    let lines = |y: &[f64]| -> Result<usize, PlotError> {
        let curve = Curve { name: "sea", x: &x, y, band: Some((y, y)) };
        let figure = curves(&quantity_curves(&[curve]))?;
        check(&figure);
        // The legend's line comes first.
        let line = figure.svg().lines().rfind(|l| l.contains("stroke=\"#0072b2\" stroke-width=\"2.6\""));
        Ok(line.map_or(0, |l| l.matches('M').count()))
    };
    assert_eq!(lines(&y)?, 1);
    y[4] = f64::NAN;
    assert_eq!(lines(&y)?, 2);
    // A lone point between gaps has no line, only its marker.
    y[2] = f64::NAN;
    assert_eq!(lines(&y)?, 2);
    assert!(lines(&[f64::NAN; 9]).is_err());
    Ok(())
}

#[test]
fn bad_curves_are_refused() {
    let good = Curve { name: "sea", x: &[1.0, 2.0], y: &[1.0, 2.0], band: None };
    let draw = |curve: Curve<'_>, scale: Scale| {
        curves(&CurvesPlot { x_scale: scale, y_scale: scale, ..quantity_curves(&[curve]) })
    };
    for scale in SCALES {
        assert!(draw(good, scale).is_ok());
        assert!(matches!(draw(Curve { y: &[1.0], ..good }, scale), Err(PlotError::Length { .. })));
        let short_band = Curve { band: Some((&[1.0], &[1.0, 2.0])), ..good };
        assert!(matches!(draw(short_band, scale), Err(PlotError::Length { .. })));
        for x in [[f64::NAN, 1.0], [1.0, f64::INFINITY]] {
            assert!(matches!(draw(Curve { x: &x, ..good }, scale), Err(PlotError::NotDrawable { .. })));
        }
        assert!(draw(Curve { y: &[1.0, f64::INFINITY], ..good }, scale).is_err());
        assert!(matches!(draw(Curve { x: &[], y: &[], ..good }, scale), Err(PlotError::Empty { .. })));
    }
    let zero = draw(Curve { y: &[1.0, 0.0], ..good }, Scale::Logarithmic).map_err(|e| e.to_string());
    assert_eq!(zero, Err("sea, on a logarithmic axis: value 0 at index 1 cannot be drawn".to_string()));
    assert!(draw(Curve { x: &[-1.0, 1.0], ..good }, Scale::Logarithmic).is_err());
    // A confidence band may reach down to zero, but not lie there.
    assert!(draw(Curve { band: Some((&[0.0, -1.0], &[2.0, 3.0])), ..good }, Scale::Logarithmic).is_ok());
    assert!(draw(Curve { band: Some((&[0.0, 0.0], &[2.0, 0.0])), ..good }, Scale::Logarithmic).is_err());
    assert!(matches!(curves(&quantity_curves(&[])), Err(PlotError::Empty { .. })));
    for range in [(1.0, 1.0), (2.0, 1.0), (f64::NAN, 1.0), (0.0, f64::INFINITY)] {
        assert!(curves(&CurvesPlot { y_range: Some(range), ..quantity_curves(&[good]) }).is_err());
    }
    let lone = [good];
    let from_zero = CurvesPlot { y_range: Some((0.0, 1.0)), y_scale: Scale::Logarithmic, ..quantity_curves(&lone) };
    assert!(curves(&from_zero).is_err());
}

#[test]
fn many_curves_keep_their_labels_apart() -> Result<(), PlotError> {
    let x: Vec<f64> = (1..=30).map(f64::from).collect();
    let ys: Vec<Vec<f64>> = (0..NAMES.len()).map(|i| x.iter().map(|x| x * (i + 1) as f64).collect()).collect();
    let all: Vec<Curve<'_>> =
        NAMES.iter().zip(&ys).map(|(name, y)| Curve { name, x: &x, y, band: Some((y, y)) }).collect();
    for x_scale in SCALES {
        for y_scale in SCALES {
            for count in [1, 8, NAMES.len()] {
                check_texts(&curves(&CurvesPlot { x_scale, y_scale, ..quantity_curves(&all[..count]) })?);
            }
        }
    }
    // Few bands are areas, many are bars.
    let areas =
        |count: usize| curves(&quantity_curves(&all[..count])).map(|f| f.svg().matches("opacity=\"0.16\"").count());
    assert_eq!((areas(8)?, areas(9)?), (8, 0));
    let long = "a very long label indeed ".repeat(20);
    let named = Curve { name: &long, ..all[0] };
    check_texts(&curves(&CurvesPlot {
        title: &long,
        x_label: &long,
        y_label: &long,
        ..quantity_curves(&[named; 40])
    })?);
    Ok(())
}

#[test]
fn maps_of_any_size_are_drawn() -> Result<(), PlotError> {
    let x: Vec<f64> = (1..=7).map(|i| 0.1 * f64::from(i)).collect();
    let y = [0.001, 0.01, 0.1, 1.0, 20.0];
    let mut rates: Vec<f64> = (0..x.len() * y.len()).map(|i| i as f64 / 34.0).collect();
    rates[3] = f64::NAN;
    let curve = [0.002, f64::NAN, 0.1, 5.0, 1e9, 0.5, 1e-9];
    for count in [1, 2, 3, 4, 5, 17, 20, 23] {
        let panels: Vec<SuccessPanel<'_>> = (0..count)
            .map(|i| SuccessPanel { name: NAMES[i % NAMES.len()], rates: &rates, curve: Some((&x, &curve)) })
            .collect();
        for x_scale in SCALES {
            for y_scale in SCALES {
                check_texts(&success_map(&SuccessMapPlot { x_scale, y_scale, ..plain_map(&x, &y, &panels) })?);
            }
        }
    }
    let lone = [SuccessPanel { name: "sea", rates: &[1.0], curve: None }];
    for value in [-2.0, 0.0, 1e-9, 0.5, 1e12] {
        check_texts(&success_map(&plain_map(&[value], &[0.5], &lone))?);
    }
    let long = "a very long label indeed ".repeat(20);
    let named = [SuccessPanel { name: &long, rates: &rates, curve: None }; 6];
    check_texts(&success_map(&SuccessMapPlot {
        title: &long,
        x_label: &long,
        y_label: &long,
        ..plain_map(&x, &y, &named)
    })?);
    Ok(())
}

#[test]
fn missing_cells_are_striped() -> Result<(), PlotError> {
    let draw = |rates: &[f64]| {
        let panels = [SuccessPanel { name: "sea", rates, curve: None }];
        success_map(&plain_map(&[1.0, 2.0], &[1.0], &panels)).map(|f| f.svg().contains("not measured"))
    };
    assert!(!draw(&[0.0, 1.0])?);
    assert!(draw(&[0.0, f64::NAN])?);
    Ok(())
}

#[test]
fn bad_maps_are_refused() {
    let good = SuccessPanel { name: "sea", rates: &[0.0, 1.0], curve: None };
    let draw = |x: &[f64], y: &[f64], panel: SuccessPanel<'_>| success_map(&plain_map(x, y, &[panel]));
    assert!(draw(&[1.0, 2.0], &[1.0], good).is_ok());
    assert!(matches!(draw(&[1.0], &[1.0], good), Err(PlotError::Length { expected: 1, found: 2, .. })));
    assert!(matches!(draw(&[], &[1.0], good), Err(PlotError::Empty { .. })));
    let order = draw(&[2.0, 1.0], &[1.0], good).map_err(|e| e.to_string());
    assert_eq!(order, Err("x values, which must increase: value 1 at index 1 cannot be drawn".to_string()));
    assert!(draw(&[1.0, f64::NAN], &[1.0], good).is_err());
    for rate in [-0.1, 1.1, f64::INFINITY] {
        let panel = SuccessPanel { rates: &[0.0, rate], ..good };
        assert!(matches!(draw(&[1.0, 2.0], &[1.0], panel), Err(PlotError::NotDrawable { index: 1, .. })));
    }
    let uneven = SuccessPanel { curve: Some((&[1.0], &[1.0, 2.0])), ..good };
    assert!(matches!(draw(&[1.0, 2.0], &[1.0], uneven), Err(PlotError::Length { .. })));
    assert!(success_map(&plain_map(&[1.0], &[1.0], &[])).is_err());
    let panels = [good];
    let zero = SuccessMapPlot { x_scale: Scale::Logarithmic, ..plain_map(&[0.0, 1.0], &[1.0], &panels) };
    assert!(success_map(&zero).is_err());
}
