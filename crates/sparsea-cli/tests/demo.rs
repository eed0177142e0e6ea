//! `sparsea demo`: real data to pictures.

mod common;

use common::{Folder, check_picture};

#[test]
fn the_demo_shows_everything_and_never_beats_the_optimum() {
    let folder = Folder::new();
    let out = folder.succeed("demo --out deep/pictures").out;
    for name in ["variable-selection.png", "deconvolution.png", "spikes.png"] {
        check_picture(&folder, &format!("deep/pictures/{name}"));
        assert!(out.contains(name), "{out}");
    }
    let page = folder.text("deep/pictures/exploration.html");
    assert!(page.starts_with("<!doctype html>") && out.contains("deep/pictures/exploration.html"), "{out}");
    let names = ["search", "els+sea+els", "omp+sea", "sea", "els", "omp", "bp", "lasso", "htp", "iht"];
    for section in ["1. ", "2. ", "3. "] {
        let text = out.split_once(section).unwrap().1;
        for name in names {
            assert!(text.lines().any(|line| line.split_whitespace().next() == Some(name)), "{section}{name}");
        }
    }
    // The first table: a row of k, then residuals by algorithm, to four digits.
    let row = |name: &str| -> Vec<f64> {
        let line = out.lines().find(|line| line.split_whitespace().next() == Some(name)).unwrap();
        line.split_whitespace().skip(1).map(|word| word.parse().unwrap()).collect()
    };
    let (k, optimum) = (row("k"), row("optimum"));
    assert_eq!(k[..4], [1.0, 2.0, 3.0, 4.0]);
    assert_eq!(optimum.len(), 4);
    for name in names {
        let residuals = row(name);
        assert_eq!(residuals.len(), k.len(), "{name}");
        assert!(residuals.iter().all(|r| (0.0..=1.0).contains(r)), "{name}");
        for (found, best) in residuals.iter().zip(&optimum) {
            assert!(found >= best, "{name}: {found} is below the optimum {best}");
        }
    }
    // Warm-started SEA is never worse than what it starts from.
    assert!(row("omp+sea").iter().zip(row("omp")).all(|(warm, omp)| *warm <= omp));
    // The tables of 2 and 3 are sorted by residual.
    for section in ["2. ", "3. "] {
        let text = out.split_once(section).unwrap().1;
        let lines = text.lines().skip_while(|line| !line.trim_start().starts_with("algorithm")).skip(1);
        let residuals: Vec<f64> = lines
            .take_while(|line| !line.trim().is_empty())
            .map(|line| line.split_whitespace().nth(1).unwrap().parse().unwrap())
            .collect();
        assert_eq!(residuals.len(), names.len());
        assert!(residuals.is_sorted(), "{residuals:?}");
    }
}

#[test]
fn a_file_in_the_place_of_the_folder_is_refused() {
    let folder = Folder::new();
    folder.write("file", "");
    folder.refuse("demo --out file", &["file: is a file, not a folder"]);
    folder.refuse("demo --out file/sub", &["file/sub: 'file' is not a folder"]);
}
