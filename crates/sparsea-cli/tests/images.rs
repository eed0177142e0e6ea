//! `sparsea deconvolve` of images and of several traces.

mod common;

use common::{Folder, check_picture, column, npy_matrix, npy_vector, read_npy};
use serde_json::json;

const STARS: [(usize, usize, f64); 4] = [(6, 9, 2.0), (7, 12, 1.5), (20, 3, 1.0), (30, 24, 1.25)];
const SIGMA: f64 = 1.2;

fn star(row: f64, column: f64) -> f64 {
    (-0.5 * (row * row + column * column) / (SIGMA * SIGMA)).exp()
}

/// Pixels of the stars, on an image of 36 × 30.
fn sky() -> Vec<Vec<f64>> {
    let at = |r: usize, c: usize| {
        STARS.iter().map(|&(row, column, size)| size * star(r as f64 - row as f64, c as f64 - column as f64)).sum()
    };
    (0..36).map(|r| (0..30).map(|c| at(r, c)).collect()).collect()
}

/// 21 × 19 pixels, the peak at (10, 9).
fn kernel() -> Vec<Vec<f64>> {
    (0..21).map(|r| (0..19).map(|c| star(r as f64 - 10.0, c as f64 - 9.0)).collect()).collect()
}

fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("sky.npy", npy_matrix(&sky()));
    folder.write("psf.npy", npy_matrix(&kernel()));
    folder
}

#[test]
fn stars_are_found_in_every_boundary() {
    let folder = folder();
    let positions: Vec<[usize; 2]> = STARS.iter().map(|&(row, column, _)| [row, column]).collect();
    for (options, origin, width) in [
        ("", (0, 0), 30),
        ("--origin 10,9", (0, 0), 30),
        ("--boundary valid", (10, 9), 48),
        ("--boundary circular", (0, 0), 30),
    ] {
        let line = format!("deconvolve sky.npy --kernel psf.npy -k 4 {options} --output x.npy");
        let solution = folder.solution(&line);
        let expected: Vec<usize> =
            STARS.iter().map(|&(row, column, _)| (row + origin.0) * width + column + origin.1).collect();
        assert_eq!(solution.support(), expected, "{options}");
        assert_eq!(solution.0["positions"], json!(positions), "{options}");
        let (shape, x) = read_npy(&folder.read("x.npy"));
        assert_eq!(shape[1], width);
        for (&(_, _, size), &j) in STARS.iter().zip(&expected) {
            assert!((x[j] - size).abs() < 1e-3, "{options} {} {size}", x[j]);
        }
    }
    // As text too; and by name.
    folder.write(
        "sky.csv",
        sky()
            .iter()
            .map(|row| format!("{}\n", row.iter().map(f64::to_string).collect::<Vec<_>>().join(",")))
            .collect::<String>(),
    );
    let named = folder.solution("deconvolve sky.csv --kernel gaussian:1.2 --image -k 4");
    assert_eq!(named.0["positions"], json!(positions));
}

#[test]
fn an_image_is_drawn_and_listed() {
    let folder = folder();
    let ran = folder.succeed("deconvolve sky.npy --kernel psf.npy -k 4 --plot sky.svg --output x.csv");
    assert!(ran.out.contains("position") && ran.out.contains("30, 24"), "{}", ran.out);
    check_picture(&folder, "sky.svg");
    assert!(folder.text("sky.svg").contains("4 found"));
    folder.succeed("deconvolve sky.npy --kernel psf.npy -k 4 --baseline median --plot sky.png");
    check_picture(&folder, "sky.png");
    let x = folder.text("x.csv");
    assert_eq!((x.lines().count(), x.lines().next().map(|line| line.split(',').count())), (36, Some(30)));
    // Other commands that deconvolve.
    folder.succeed("compare sky.npy --kernel psf.npy -k 4 --algorithms omp,search");
}

#[test]
fn traces_are_the_columns_of_a_matrix() {
    let folder = Folder::new();
    let pulse: Vec<f64> = (0..17).map(|t| (-0.5 * ((t as f64 - 8.0) / 2.0).powi(2)).exp()).collect();
    let trace = |place: usize, size: f64| -> Vec<f64> {
        (0..90)
            .map(|t: usize| if t + 8 >= place && t <= place + 8 { size * pulse[t + 8 - place] } else { 0.0 })
            .collect()
    };
    let traces = [trace(20, 1.0), trace(50, -2.0), trace(70, 3.0)];
    let rows: Vec<Vec<f64>> = (0..90).map(|t| traces.iter().map(|trace| trace[t]).collect()).collect();
    folder.write("traces.npy", npy_matrix(&rows));
    folder.write("pulse.txt", column(&pulse));
    for (options, shift, n) in [("", 0, 90), ("--boundary full", 8, 74), ("--boundary valid", -8, 106)] {
        let line = format!("deconvolve traces.npy --kernel pulse.txt -k 1 {options} --output x.npy --json");
        let together = folder.succeed(&line).json();
        let solutions = together["solutions"].as_array().unwrap();
        assert_eq!(solutions.len(), 3);
        let (shape, _) = read_npy(&folder.read("x.npy"));
        assert_eq!(shape, [n, 3], "{options}");
        for ((trace, solution), place) in traces.iter().zip(solutions).zip([20, 50, 70]) {
            folder.write("one.npy", npy_vector(trace));
            let alone = folder.solution(&format!("deconvolve one.npy --kernel pulse.txt -k 1 {options}"));
            let mut solution = solution.clone();
            solution.as_object_mut().unwrap().remove("elapsed_seconds").unwrap();
            assert!(solution.as_object_mut().unwrap().remove("column").is_some_and(|at| at.is_u64()));
            assert_eq!(solution, alone.timeless());
            assert_eq!(solution["positions"], json!([place]), "{options}");
            assert_eq!(solution["support"], json!([place - shift]), "{options}");
        }
    }
    let ran = folder.succeed("deconvolve traces.npy --kernel gaussian:2 --traces -k 1");
    assert_eq!(ran.out.lines().count(), 4, "{}", ran.out);
    let table = folder.succeed("deconvolve one.npy --kernel pulse.txt -k 1 --boundary full").out;
    assert!(table.contains("position") && table.contains("70"), "{table}");
}

#[test]
fn what_will_not_do_is_refused_in_a_line() {
    let folder = folder();
    folder.write("pulse.txt", column(&[1.0, 0.5]));
    folder.write("one.txt", column(&[1.0, 0.5, 2.0]));
    folder.write("row.npy", npy_matrix(&vec![vec![1.0, 0.5]]));
    folder.write("zero.npy", npy_matrix(&vec![vec![0.0; 2]; 2]));
    folder.write("nan.npy", npy_matrix(&vec![vec![1.0, f64::NAN]; 2]));
    folder.write("large.npy", npy_matrix(&vec![vec![1.0; 31]; 2]));
    for (line, said) in [
        ("sky.npy --kernel gaussian:1", "sky.npy has 36 rows and 30 columns, and the kernel a name: say --image"),
        ("sky.npy --kernel gaussian:2 --image", "the kernel has 33 × 33 pixels, more than the 36 × 30"),
        ("sky.npy --kernel exponential:1 --image", "an image takes --kernel gaussian:SIGMA or a file with a matrix"),
        (
            "sky.npy --kernel large.npy",
            "the kernel has 2 × 31 pixels, more than the 36 × 30 of the image in one direction",
        ),
        ("sky.npy --kernel zero.npy", "the kernel is all zero"),
        ("sky.npy --kernel nan.npy", "nan.npy: contains NaN at row 0, column 1"),
        ("nan.npy --kernel psf.npy", "nan.npy: contains NaN at row 0, column 1"),
        ("one.txt --kernel psf.npy", "which does not go with a single trace"),
        ("sky.npy --kernel psf.npy --traces", "which does not go with --traces"),
        ("sky.npy --kernel psf.npy --image --traces", "cannot be used with"),
        ("sky.npy --kernel psf.npy --origin 3", "--origin: an image takes a row and a column of the kernel, as 3,3"),
        ("sky.npy --kernel psf.npy --origin 3,19", "the kernel has 21 × 19 pixels, so none at (3, 19)"),
        ("sky.npy --kernel psf.npy --origin 3,x", "--origin must be a whole number of at least 0, got 'x'"),
        ("sky.npy --kernel pulse.txt --plot a.svg", "--plot is for one trace, but there are 30"),
        ("sky.npy --kernel pulse.txt --trace a.csv", "--trace is for one trace, but there are 30"),
        ("sky.npy --kernel pulse.txt -k 40", "sparsea: k must be between 0 and 36"),
    ] {
        let k = if line.contains(" -k ") { "" } else { "-k 2" };
        folder.refuse(&format!("deconvolve {line} {k} --output out.npy"), &[said]);
    }
    folder.refuse("compare sky.npy --kernel pulse.txt -k 2", &["sky.npy holds 30 traces; this command takes one"]);
    // A kernel of one row is that of an image if one is asked for.
    folder.succeed("deconvolve sky.npy --kernel row.npy --image -k 2 --algorithm omp");
}
