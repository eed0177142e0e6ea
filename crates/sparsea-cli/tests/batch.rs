//! `sparsea solve` with a matrix Y: every column is a problem by itself.

mod common;

use common::{Folder, Solution, column, npy_matrix, npy_vector, numbers, read_npy};
use serde_json::{Value, json};

const M: usize = 30;
const N: usize = 50;
const B: usize = 9;

/// A, Y of B columns that are each a few columns of A and noise, and the columns of Y.
fn folder(seed: u64) -> (Folder, Vec<Vec<f64>>) {
    let folder = Folder::new();
    let entries = numbers(M * N, seed);
    let noise = numbers(M * B, seed + 1);
    let a: Vec<&[f64]> = entries.chunks(N).collect();
    let columns: Vec<Vec<f64>> = (0..B)
        .map(|b| {
            let at = |i: usize| 1.0 + 2.0 * a[i][b] + a[i][3 * b + 7] - 1.5 * a[i][5 * b + 1] + 0.1 * noise[b * M + i];
            (0..M).map(at).collect()
        })
        .collect();
    folder.write("A.npy", npy_matrix(&a.iter().map(|row| row.to_vec()).collect()));
    folder.write("Y.npy", npy_matrix(&rows(&columns)));
    (folder, columns)
}

fn rows(columns: &[Vec<f64>]) -> Vec<Vec<f64>> {
    (0..M).map(|i| columns.iter().map(|column| column[i]).collect()).collect()
}

/// The solution of a column without its number and what changes from run to run.
fn timeless(together: &Value, b: usize) -> Value {
    let mut solution = together["solutions"][b].clone();
    let object = solution.as_object_mut().unwrap();
    assert!(object.remove("elapsed_seconds").is_some());
    assert_eq!(object.remove("column"), Some(json!(b)));
    solution
}

#[test]
fn a_batch_is_its_columns_one_by_one() {
    let (folder, columns) = folder(1);
    folder.write("w.txt", column(&numbers(M, 5).iter().map(|w| w + 1.5).collect::<Vec<f64>>()));
    folder.write("g.txt", (0..N).map(|j| format!("{}\n", j / 2)).collect::<String>());
    for options in [
        "-k 3",
        "-k 4 --algorithm sea --start random:3",
        "-k 3 --intercept --weights w.txt --exclude 2",
        "-k 3 --nonnegative",
        "-k 3 --sum-to 1",
        "-k 2 --groups g.txt",
        "-k 0",
    ] {
        let line = format!("solve A.npy Y.npy {options} --output X.npy");
        let (one, three) =
            (folder.run(&format!("{line} --threads 1 --json")), folder.run(&format!("{line} --threads 3 --json")));
        assert_eq!((one.status, one.err.as_str()), (0, ""), "{options}");
        let (one, three) = (one.json(), three.json());
        let (shape, x) = read_npy(&folder.read("X.npy"));
        assert_eq!(shape, [N, B]);
        let count = one["solutions"].as_array().unwrap().len();
        assert_eq!((count, &one["m"], &one["n"]), (B, &json!(M), &json!(N)));
        for (b, y) in columns.iter().enumerate() {
            folder.write("y.npy", npy_vector(y));
            let alone = folder.succeed(&format!("solve A.npy y.npy {options} --output x.npy --json")).json();
            let alone = Solution(alone).timeless();
            assert_eq!(timeless(&one, b), alone, "{options}, column {b}");
            assert_eq!(timeless(&three, b), alone, "{options}, column {b}");
            let (_, alone) = read_npy(&folder.read("x.npy"));
            // X is written by columns or by rows; NumPy reads either.
            let column: Vec<f64> = (0..N).map(|j| x[j * B + b]).collect();
            assert_eq!(column, alone, "{options}, column {b}");
        }
    }
}

#[test]
fn columns_may_have_gaps_of_their_own() {
    let (folder, mut columns) = folder(2);
    columns[1][4] = f64::NAN;
    columns[4][4] = f64::NAN;
    columns[6][20] = f64::NAN;
    columns[6][21] = f64::NAN;
    folder.write("Y.npy", npy_matrix(&rows(&columns)));
    folder.refuse("solve A.npy Y.npy -k 3", &["Y.npy", "NaN", "row 4, column 1"]);
    let together = folder.succeed("solve A.npy Y.npy -k 3 --missing drop --json").json();
    for (b, y) in columns.iter().enumerate() {
        folder.write("y.npy", npy_vector(y));
        let alone = folder.succeed("solve A.npy y.npy -k 3 --missing drop --json").json();
        assert_eq!(timeless(&together, b), Solution(alone).timeless(), "column {b}");
    }
    columns[2] = vec![f64::NAN; M];
    folder.write("Y.npy", npy_matrix(&rows(&columns)));
    folder.refuse("solve A.npy Y.npy -k 3 --missing drop", &["column 2 (counted from 0): y has no entry"]);
    // What is wrong with all is no fault of one.
    folder.refuse("solve A.npy Y.npy -k 31 --missing drop", &["sparsea: k must be"]);
    folder.refuse("solve A.npy Y.npy -k 3 --missing drop --groups A.npy", &["sparsea: A.npy"]);
}

#[test]
fn columns_of_a_table_keep_their_names() {
    let (folder, columns) = folder(3);
    let names: Vec<String> = (0..B).map(|b| format!("cell {b}")).collect();
    let lines: Vec<String> =
        rows(&columns).iter().map(|row| row.iter().map(f64::to_string).collect::<Vec<_>>().join(",")).collect();
    folder.write("Y.csv", format!("{}\n{}\n", names.join(","), lines.join("\n")));
    let ran = folder.succeed("solve A.npy Y.csv -k 3");
    assert_eq!(ran.out.lines().count(), B + 1);
    assert!(
        ran.out.lines().skip(1).zip(&names).all(|(line, name)| line.trim_start().starts_with(name.as_str())),
        "{}",
        ran.out
    );
    let named = folder.succeed("solve A.npy Y.csv -k 3 --json").json();
    assert!((0..B).all(|b| named["solutions"][b]["column"] == names[b].as_str()));
    // One of them, by its name.
    folder.write("y.npy", npy_vector(&columns[5]));
    let (one, other) = (folder.solution("solve A.npy Y.csv:5 -k 3"), folder.solution("solve A.npy y.npy -k 3"));
    assert_eq!(one.timeless(), other.timeless());
}

#[test]
fn what_a_batch_cannot_do_is_refused() {
    let (folder, columns) = folder(4);
    for (option, file) in [("--plot", "a.svg"), ("--trace", "a.csv")] {
        let said = format!("{option} is for one column, but there are {B}; solve a single column, as in FILE:COLUMN");
        folder.refuse(&format!("solve A.npy Y.npy -k 3 {option} {file}"), &[&said]);
    }
    folder.refuse("solve A.npy Y.npy -k 3 --report", &["--report is for one column"]);
    folder.refuse("solve A.npy Y.npy -k 31", &["sparsea: k must be between 0 and 30 (the number of rows), got 31"]);
    folder.write("T.npy", npy_matrix(&columns));
    folder.refuse("solve A.npy T.npy -k 3", &["Y has 9 rows and 30 columns, but A has 30 rows: transpose Y"]);
    folder.write("short.npy", npy_matrix(&rows(&columns)[..20].to_vec()));
    folder.refuse("solve A.npy short.npy -k 3", &["Y has 20 rows, but A has 30 rows"]);
    folder.refuse("solve A.npy Y.npy -k 3 --output Y.npy", &["Y.npy"]);
    let mut large = columns.clone();
    large[7][0] = 1e200;
    folder.write("L.npy", npy_matrix(&rows(&large)));
    folder.refuse("solve A.npy L.npy -k 3", &["column 7 (counted from 0): the norm of y"]);
}
