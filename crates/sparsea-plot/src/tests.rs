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
