//! `-k 0`: x = 0 is the answer, with pictures and tables of nothing.

mod common;

use common::{Folder, column, npy_vector, table};

fn folder() -> Folder {
    let folder = Folder::new();
    let rows: Vec<Vec<f64>> = (0..8).map(|i| common::numbers(12, i)).collect();
    folder.write("A.csv", table(&rows, ","));
    folder.write("y.txt", column(&common::numbers(8, 99)));
    folder.write("trace.npy", npy_vector(&common::numbers(60, 7)));
    folder.write("zero.txt", column(&[0.0; 8]));
    folder
}

#[test]
fn nothing_is_chosen() {
    let folder = folder();
    let y = common::norm(&common::numbers(8, 99));
    for algorithm in ["sea", "search", "omp", "els", "lasso", "omp+sea"] {
        let solution = folder.solution(&format!("solve A.csv y.txt -k 0 --algorithm {algorithm}"));
        assert_eq!((solution.support(), solution.word("stop_reason")), (vec![], "finished"), "{algorithm}");
        assert!((solution.number("residual_norm") / y - 1.0).abs() < 1e-14, "{algorithm}");
        let none = folder.solution(&format!("solve A.csv zero.txt -k 0 --algorithm {algorithm}"));
        assert_eq!((none.support(), none.word("stop_reason")), (vec![], "exact_fit"), "{algorithm}");
    }
}

#[test]
fn everything_is_written() {
    let folder = folder();
    let out = "--output x.txt --plot fit.svg --trace steps.csv --report";
    let said = folder.succeed(&format!("solve A.csv y.txt -k 0 {out}")).out;
    assert!(said.contains("k = 0") && said.contains("x = 0: no column is chosen"), "{said}");
    assert_eq!(folder.text("x.txt").split_whitespace().filter(|x| x.parse() == Ok(0.0)).count(), 12);
    for picture in ["fit.svg", "fit-trace.svg", "fit-report.svg"] {
        assert!(folder.text(picture).contains("</svg>"), "{picture}");
    }
    assert_eq!(folder.text("steps.csv").lines().count(), 2);
    folder.succeed("deconvolve trace.npy --kernel gaussian:2 -k 0 --plot trace.svg");
    let table = folder.succeed("compare A.csv y.txt -k 0").out;
    assert!(table.lines().filter(|line| line.contains("1.000")).count() > 10, "{table}");
}
