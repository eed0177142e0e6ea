//! Tests of whole charts.

use std::fs;
use std::path::{Path, PathBuf};

use resvg::tiny_skia;

use super::figure::write_whole;
use super::thin::{Bounds, decimate};
use super::*;

fn stack(title: &str, layers: Vec<Layer>) -> Result<Figure, PlotError> {
    let panel = Panel {
        height: 200.0,
        x: Axis::positions(10, 1.0),
        y: Axis::values((-2.0, 3.0)),
        y_label: "x_j".to_string(),
        x_label: Some("index j".to_string()),
        layers,
    };
    let body = Body::Stack { panels: vec![panel], legend: LegendPlace::Above };
    Chart { title: title.to_string(), legend: Vec::new(), body }.draw()
}

fn stems(title: &str, points: &[(f64, f64)]) -> Result<Figure, PlotError> {
    let stems = Layer::Stems { points: points.to_vec(), color: palette::BLUE, crossed: false, limit: None };
    stack(title, vec![Layer::Zero, stems])
}

#[test]
fn gaps_split_lines() -> Result<(), PlotError> {
    let stroke = Stroke::solid(palette::VERMILION, 1.5);
    let count = |points: &[(f64, f64)], clip: bool| -> Result<usize, PlotError> {
        let figure = stack("", vec![Layer::Line { points: points.to_vec(), stroke, clip }])?;
        figure.tree()?;
        Ok(figure.svg().matches("#d55e00").count())
    };
    let gap = f64::NAN;
    for clip in [false, true] {
        assert_eq!(count(&[(0.0, 1.0), (1.0, 2.0), (2.0, 0.0)], clip)?, 1);
        assert_eq!(count(&[(0.0, 1.0), (1.0, 2.0), (2.0, gap), (3.0, 1.0), (4.0, 1.0)], clip)?, 2);
        assert_eq!(count(&[(0.0, gap), (1.0, gap)], clip)?, 0);
    }
    // What lies beyond the axes is cut off on request only.
    let far = [(0.0, 1.0), (1.0, 50.0), (2.0, 1.0)];
    assert_eq!((count(&far, false)?, count(&far, true)?), (1, 2));
    Ok(())
}

#[test]
fn what_cannot_be_drawn_is_refused() {
    let stroke = Stroke::solid(palette::BLUE, 1.0);
    for bad in [(f64::NAN, 1.0), (f64::INFINITY, 1.0), (1.0, f64::INFINITY), (1.0, 1e301)] {
        let points = vec![(0.0, 0.0), bad];
        let layers = [
            Layer::Line { points: points.clone(), stroke, clip: true },
            Layer::Stems { points: points.clone(), color: palette::BLUE, crossed: true, limit: Some(1.0) },
            Layer::Rings { points: points.clone(), color: palette::BLUE },
            Layer::Dots { points, color: palette::BLUE, radius: 2.0 },
        ];
        for layer in layers {
            assert!(matches!(stack("", vec![layer]), Err(PlotError::NotDrawable { index: 1, .. })));
        }
    }
    let image = |values: Vec<f64>, rings| {
        let image = Image { name: "one".to_string(), values, range: (0.0, 1.0), rings };
        let label = String::new;
        let images = Images { shape: (1, 2), images: vec![image], bar: (0.0, 1.0), x_label: label(), y_label: label() };
        Chart { title: String::new(), legend: Vec::new(), body: Body::Images(images) }.draw()
    };
    assert!(image(vec![0.0, 1.0], vec![(0, 1)]).is_ok());
    assert!(matches!(image(vec![0.0], vec![]), Err(PlotError::Length { expected: 2, found: 1, .. })));
    assert!(matches!(image(vec![0.0, 1.0], vec![(1, 0)]), Err(PlotError::Position { position: 1, len: 1, .. })));
    assert!(matches!(image(vec![0.0, f64::NAN], vec![]), Err(PlotError::NotDrawable { index: 1, .. })));
    let maps = |values: Vec<f64>| {
        let map = Map { name: "one".to_string(), values, line: Vec::new() };
        let maps = Maps {
            x: vec![1.0, 2.0],
            y: vec![1.0],
            x_scale: Scale::Linear,
            y_scale: Scale::Linear,
            x_label: String::new(),
            y_label: String::new(),
            maps: vec![map],
            bar: Vec::new(),
        };
        Chart { title: String::new(), legend: Vec::new(), body: Body::Maps(maps) }.draw()
    };
    assert!(maps(vec![0.0, f64::NAN]).is_ok());
    assert!(matches!(maps(vec![0.0]), Err(PlotError::Length { expected: 2, found: 1, .. })));
}

#[test]
fn decimation_keeps_extremes_and_order() {
    let mut y: Vec<f64> = (0..10_000).map(|i| (f64::from(i) * 0.37).sin()).collect();
    y[1234] = 50.0;
    y[8765] = -60.0;
    let kept = decimate(y.iter().enumerate().map(|(i, &v)| (i as f64 * 0.01, v)), 1.0);
    assert!(kept.len() <= 400);
    assert!(kept.contains(&(12.34, 50.0)));
    assert!(kept.iter().any(|p| p.1 == -60.0));
    assert_eq!(kept.first().map(|p| p.1), Some(y[0]));
    assert_eq!(kept.last().map(|p| p.1), y.last().copied());
    assert!(kept.windows(2).all(|w| w[0].0 <= w[1].0));
    // Fewer points than columns stay as they are.
    let few: Vec<(f64, f64)> = vec![(0.0, 1.0), (5.0, 2.0), (9.0, -1.0)];
    assert_eq!(decimate(few.iter().copied(), 0.5), few);
}

#[test]
fn png_has_twice_the_size_and_shows_text() -> Result<(), PlotError> {
    let figure = stems("three", &[(0.0, 100.0), (1.0, 1.0), (2.0, 0.5)])?;
    let pixmap = tiny_skia::Pixmap::decode_png(&figure.png()?).expect("a PNG");
    assert_eq!((pixmap.width(), pixmap.height()), (2 * figure.width(), 2 * figure.height()));
    // Above the legend there is only the title: dark pixels there mean that the font was found.
    let title = pixmap.pixels().iter().take(2 * 900 * 60).filter(|p| p.red() < 100).count();
    assert!(title > 50, "{title} dark pixels");
    assert_eq!(pixmap.pixels()[0].red(), 255);
    Ok(())
}

#[test]
fn saving_by_extension() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let figure = stems("one", &[(0.0, 1.0)])?;
    for name in ["fit.svg", "fit.PNG"] {
        let path = folder.path().join(name);
        figure.save(&path)?;
        figure.save(&path)?;
        let bytes = fs::read(&path)?;
        assert!(bytes.starts_with(if name.ends_with("svg") { b"<svg" } else { b"\x89PNG" }));
    }
    assert_eq!(fs::read_dir(folder.path())?.count(), 2, "temporary files left behind");
    Ok(())
}

#[test]
fn paths_are_refused_early() -> Result<(), Box<dyn std::error::Error>> {
    let message = |path: &str| check_picture_path(Path::new(path)).map_err(|e| e.to_string());
    assert_eq!(message("fit.svg"), Ok(()));
    assert_eq!(message("fit.jpg"), Err("fit.jpg: unknown picture extension '.jpg'; use .svg or .png".to_string()));
    assert_eq!(message("fit"), Err("fit: no picture extension; use .svg or .png".to_string()));
    assert_eq!(message(""), Err(": no picture extension; use .svg or .png".to_string()));

    let folder = tempfile::tempdir()?;
    let missing: PathBuf = folder.path().join("missing").join("fit.svg");
    let figure = stems("one", &[(0.0, 1.0)])?;
    assert!(matches!(figure.save(&missing), Err(PlotError::Folder { .. })));
    let occupied = folder.path().join("folder.svg");
    fs::create_dir(&occupied)?;
    assert!(matches!(figure.save(&occupied), Err(PlotError::IsFolder { .. })));
    assert!(write_whole(&occupied, b"x").is_err());
    assert_eq!(fs::read_dir(folder.path())?.count(), 1, "temporary files left behind");
    Ok(())
}

#[test]
fn lines_end_at_the_border() {
    let bounds = Bounds { left: 0.0, top: 0.0, right: 10.0, bottom: 10.0 };
    assert_eq!(bounds.clip(&[(0.0, 5.0), (5.0, 5.0), (10.0, 5.0)]), [[(0.0, 5.0), (5.0, 5.0), (10.0, 5.0)]]);
    let out_and_in = bounds.clip(&[(0.0, 5.0), (5.0, -5.0), (10.0, 5.0)]);
    assert_eq!(out_and_in, [[(0.0, 5.0), (2.5, 0.0)], [(7.5, 0.0), (10.0, 5.0)]]);
    assert!(bounds.clip(&[(0.0, 11.0), (10.0, 12.0)]).is_empty());
    assert!(bounds.clip(&[(5.0, 5.0)]).is_empty());
    let across = bounds.press(&[(0.0, -10.0), (10.0, 20.0)]);
    assert_eq!(across.len(), 4);
    assert!(across.iter().all(|p| (0.0..=10.0).contains(&p.1)));
}

/// Lines of a chart drawn as text.
fn lines(figure: &Figure, terminal: Terminal) -> Vec<String> {
    let text = figure.text(terminal);
    assert!(text.ends_with('\n'));
    text.lines().map(str::to_string).collect()
}

#[test]
fn text_shows_title_axes_and_points() -> Result<(), PlotError> {
    let figure = stems("three of ten", &[(0.0, 2.5), (4.0, -1.0), (9.0, 1.0)])?;
    for (columns, wanted) in [(80, 24), (40, 24), (120, 16), (1, 24)] {
        let terminal = Terminal { columns, lines: wanted, color: false };
        let drawn = lines(&figure, terminal);
        assert!(drawn.len() <= wanted, "{} lines", drawn.len());
        assert!(drawn.iter().all(|line| line.chars().count() <= columns.max(40)));
        assert!(drawn[0].contains("three of ten") && drawn[1].contains("x_j"));
        assert!(drawn.last().is_some_and(|line| line.contains("index j")));
        let all = drawn.join("\n");
        assert_eq!(all.matches('●').count(), 3);
        // The tick of zero is in the line of zero.
        let zero = drawn.iter().find(|line| line.trim_start().starts_with("0┤"));
        assert!(zero.is_some_and(|line| line.contains('─')), "{all}");
        assert!(!all.contains('\x1b'));
    }
    Ok(())
}

#[test]
fn text_tells_what_coincides() -> Result<(), PlotError> {
    let points = vec![(1.0, 1.0), (5.0, 2.0)];
    let stems = Layer::Stems { points, color: palette::VERMILION, crossed: false, limit: None };
    let rings = Layer::Rings { points: vec![(1.0, 1.0), (8.0, 1.0)], color: palette::BLACK };
    let all = stack("", vec![stems, rings])?.text(Terminal::default());
    let count = |symbol: char| all.matches(symbol).count();
    assert_eq!((count('◉'), count('●'), count('○')), (1, 1, 1));
    Ok(())
}

#[test]
fn text_has_colors_only_on_request() -> Result<(), PlotError> {
    let figure = stems("", &[(0.0, 2.5)])?;
    let colored = figure.text(Terminal { color: true, ..Terminal::default() });
    assert!(colored.contains("\x1b[0;38;5;"));
    // Every line ends in the terminal's own colour.
    assert!(colored.lines().filter(|line| line.contains('\x1b')).all(|line| line.ends_with("\x1b[0m")));
    let mut plain = String::new();
    for (at, part) in colored.split('\x1b').enumerate() {
        plain.push_str(if at == 0 { part } else { part.split_once('m').map_or("", |parts| parts.1) });
    }
    assert_eq!(plain, figure.text(Terminal::default()));
    Ok(())
}

#[test]
fn texts_cannot_steer_the_terminal() -> Result<(), PlotError> {
    let text = stems("a\x1b[31mb\u{202e}c\nd", &[(0.0, 1.0)])?.text(Terminal::default());
    assert!(text.lines().next().is_some_and(|line| line.trim() == "a\u{fffd}[31mb\u{fffd}c\u{fffd}d"));
    // Wide characters take two columns.
    let wide = stems(&"数".repeat(60), &[(0.0, 1.0)])?.text(Terminal::default());
    assert_eq!(wide.lines().next().map(|line| line.chars().filter(|&c| c == '数').count()), Some(39));
    Ok(())
}

#[test]
fn thin_lines_are_dotted_beside_thick_ones() -> Result<(), PlotError> {
    let points: Vec<(f64, f64)> = (0..10).map(|i| (f64::from(i), 0.0)).collect();
    let line = |width| Layer::Line { points: points.clone(), stroke: Stroke::solid(palette::BLUE, width), clip: false };
    let dots = |layers: Vec<Layer>, color: bool| -> Result<u32, PlotError> {
        let text = stack("", layers)?.text(Terminal { color, ..Terminal::default() });
        Ok(text
            .chars()
            .filter(|c| ('\u{2800}'..='\u{28ff}').contains(c))
            .map(|c| (c as u32 - 0x2800).count_ones())
            .sum())
    };
    let far_up = Layer::Line { points: vec![(0.0, 2.0)], stroke: Stroke::solid(palette::BLUE, 2.0), clip: false };
    let whole = dots(vec![line(1.0)], false)?;
    assert!(whole > 100);
    assert_eq!(dots(vec![line(1.0), far_up.clone()], false)?, 11);
    assert_eq!(dots(vec![line(1.0), far_up], true)?, whole + 1);
    Ok(())
}

#[test]
fn maps_and_images_are_shades_or_colors() -> Result<(), PlotError> {
    let map = |name: &str| Map {
        name: name.to_string(),
        values: vec![0.0, 0.5, 1.0, f64::NAN],
        line: vec![(1.0, 1.0), (2.0, f64::NAN)],
    };
    let maps = Maps {
        x: vec![1.0, 2.0],
        y: vec![1.0, 2.0],
        x_scale: Scale::Linear,
        y_scale: Scale::Logarithmic,
        x_label: "m/n".to_string(),
        y_label: "k/m".to_string(),
        maps: vec![map("sea"), map("omp"), map("els"), map("htp")],
        bar: vec![(0.0, "0 %".to_string()), (1.0, "100 %".to_string())],
    };
    let figure = Chart { title: "maps".to_string(), legend: Vec::new(), body: Body::Maps(maps) }.draw()?;
    let text = figure.text(Terminal::default());
    for part in ["sea", "htp", "m/n", "k/m", "0 %", "100 %", "█", "▒", "·", "∙"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(figure.text(Terminal { color: true, ..Terminal::default() }).contains('▀'));
    let image = |name: &str, rings| Image {
        name: name.to_string(),
        values: (0..12).map(f64::from).collect(),
        range: (0.0, 11.0),
        rings,
    };
    for shape in [(3, 4), (1, 12), (12, 1)] {
        let images = Images {
            shape,
            images: vec![image("data", vec![(shape.0 - 1, shape.1 - 1)]), image("fit", vec![])],
            bar: (0.0, 11.0),
            x_label: "column".to_string(),
            y_label: "row".to_string(),
        };
        let figure = Chart { title: String::new(), legend: Vec::new(), body: Body::Images(images) }.draw()?;
        let drawn = lines(&figure, Terminal::default());
        assert!(drawn.iter().all(|line| line.chars().count() <= 80));
        assert_eq!(drawn.concat().matches('○').count(), 1, "{drawn:?}");
        // The darkest colour is a colour.
        let colored = figure.text(Terminal { color: true, ..Terminal::default() });
        assert!(colored.contains("\x1b[0;38;5;53;48;5;53m▀"), "{colored}");
    }
    Ok(())
}

#[test]
fn names_have_a_line_each() -> Result<(), PlotError> {
    let names = ["age", "body mass index", "a name that is too long for what there is"].map(str::to_string).to_vec();
    let points = vec![(0.0, 1.0), (1.0, -2.0), (2.0, 0.5)];
    let panel = Panel {
        height: 200.0,
        x: Axis::names(names),
        y: Axis::values((-2.0, 1.0)),
        y_label: "coefficient".to_string(),
        x_label: Some("chosen variable".to_string()),
        layers: vec![Layer::Zero, Layer::Stems { points, color: palette::BLUE, crossed: false, limit: None }],
    };
    let body = Body::Stack { panels: vec![panel], legend: LegendPlace::Above };
    let drawn = lines(&Chart { title: String::new(), legend: Vec::new(), body }.draw()?, Terminal::default());
    assert!(drawn[0].contains("age │") && drawn[0].ends_with('●'));
    assert!(drawn[1].contains("body mass index │") && drawn[1].contains("●━"));
    assert!(drawn[2].contains('…') && drawn[2].ends_with('●'));
    assert!(drawn.last().is_some_and(|line| line.contains("coefficient")));
    Ok(())
}
