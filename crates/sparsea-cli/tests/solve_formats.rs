//! `sparsea solve` from every format: the same problem, whose answer is known, must come out of each.

mod common;

use common::{Folder, Rows, Solution, column, npy_matrix, npy_of, npy_vector, orthogonal, table, two_columns};
use std::io::Write;

/// Support {2, 5} with 2 and −3, an exact fit, and the residual that is stated.
fn check(solution: &Solution, a: &Rows, y: &[f64]) {
    assert_eq!(solution.support(), [2, 5]);
    for (found, expected) in solution.coefficients().iter().zip([2.0, -3.0]) {
        assert!((found - expected).abs() < 1e-12, "{:?}", solution.0);
    }
    assert!(solution.number("relative_residual") < 1e-13);
    solution.check_residual(a, y);
}

fn problem() -> (Folder, Rows, Vec<f64>) {
    let (folder, a) = (Folder::new(), orthogonal());
    let y = two_columns(&a);
    folder.write("y.npy", npy_vector(&y));
    (folder, a, y)
}

#[test]
fn npy_of_every_kind() {
    let (folder, a, y) = problem();
    let by_columns: Vec<f64> = (0..8).flat_map(|j| a.iter().map(move |row| row[j])).collect();
    let flat: Vec<f64> = a.concat();
    let bytes = |values: &[f64]| values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>();
    let single = |v: &f64| (*v as f32).to_le_bytes();
    let files: [(&str, Vec<u8>); 7] = [
        ("c.npy", npy_matrix(&a)),
        ("f.npy", npy_of("<f8", true, "(16, 8)", &bytes(&by_columns))),
        ("f4.npy", npy_of("<f4", false, "(16, 8)", &flat.iter().flat_map(single).collect::<Vec<_>>())),
        ("f4f.npy", npy_of("<f4", true, "(16, 8)", &by_columns.iter().flat_map(single).collect::<Vec<_>>())),
        ("big.npy", npy_of(">f8", false, "(16, 8)", &flat.iter().flat_map(|v| v.to_be_bytes()).collect::<Vec<_>>())),
        (
            "i4.npy",
            npy_of("<i4", false, "(16, 8)", &flat.iter().flat_map(|v| (*v as i32).to_le_bytes()).collect::<Vec<_>>()),
        ),
        ("i1.npy", npy_of("|i1", false, "(16, 8)", &flat.iter().map(|v| *v as i8 as u8).collect::<Vec<_>>())),
    ];
    for (name, content) in files {
        folder.write(name, content);
        check(&folder.solution(&format!("solve {name} y.npy -k 2")), &a, &y);
    }
    // y as one column, as one row, and as whole numbers.
    folder.write("column.npy", npy_of("<f8", true, "(16, 1)", &bytes(&y)));
    folder.write("row.npy", npy_of("<f8", false, "(1, 16)", &bytes(&y)));
    let whole: Vec<u8> = y.iter().flat_map(|v| (*v as i64).to_le_bytes()).collect();
    folder.write("whole.npy", npy_of("<i8", false, "(16,)", &whole));
    for name in ["column.npy", "row.npy", "whole.npy"] {
        check(&folder.solution(&format!("solve c.npy {name} -k 2")), &a, &y);
    }
}

#[test]
fn npz_with_and_without_a_name() {
    let (folder, a, y) = problem();
    let archive = |arrays: &[(&str, Vec<u8>)]| {
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (name, content) in arrays {
            zip.start_file(format!("{name}.npy"), zip::write::SimpleFileOptions::default()).unwrap();
            zip.write_all(content).unwrap();
        }
        zip.finish().unwrap().into_inner()
    };
    folder.write("both.npz", archive(&[("design", npy_matrix(&a)), ("seen", npy_vector(&y))]));
    folder.write("one.npz", archive(&[("design", npy_matrix(&a))]));
    check(&folder.solution("solve both.npz:design both.npz:seen -k 2"), &a, &y);
    check(&folder.solution("solve one.npz y.npy -k 2"), &a, &y);
    folder.refuse("solve both.npz y.npy -k 2", &["both.npz: holds 2 arrays (design, seen)", "both.npz:design"]);
    folder.refuse("solve both.npz:x y.npy -k 2", &["holds no array 'x'; it holds design, seen"]);
}

#[test]
fn tables_of_text() {
    let (folder, a, y) = problem();
    folder.write("a.csv", table(&a, ","));
    folder.write("a.tsv", table(&a, "\t"));
    folder.write("a.txt", format!("# made by hand\n{}", table(&a, "  ")));
    folder.write("semicolon.csv", table(&a, ";"));
    folder.write("header.csv", format!("p,q,r,s,t,u,v,w\n{}", table(&a, ",")));
    folder.write("windows.csv", format!("\u{feff}p,q,r,s,t,u,v,w\r\n{}", table(&a, ",").replace('\n', "\r\n")));
    folder.write("y.txt", column(&y));
    for name in ["a.csv", "a.tsv", "a.txt", "semicolon.csv", "header.csv", "windows.csv"] {
        check(&folder.solution(&format!("solve {name} y.txt -k 2")), &a, &y);
    }
    let people = folder.succeed("solve header.csv y.txt -k 2").out;
    let rows: Vec<Vec<&str>> = people.lines().map(|line| line.split_whitespace().collect()).collect();
    assert!(rows.contains(&vec!["index", "name", "coefficient"]), "{people}");
    assert!(rows.contains(&vec!["2", "r", "2.000"]) && rows.contains(&vec!["5", "u", "-3.000"]), "{people}");
}

#[test]
fn y_is_a_column_of_a_table() {
    let (folder, a, y) = problem();
    folder.write("A.npy", npy_matrix(&a));
    let other: Rows = y.iter().map(|&y| vec![1.0, y, 7.0]).collect();
    folder.write("other.csv", format!("one,price,seven\n{}", table(&other, ",")));
    folder.write("plain.csv", table(&other, ","));
    check(&folder.solution("solve A.npy other.csv:price -k 2"), &a, &y);
    check(&folder.solution("solve A.npy plain.csv:1 -k 2"), &a, &y);
    // A column of A's own table is taken out: the indices are those of what is left.
    let own: Rows = a.iter().zip(&y).map(|(row, &y)| [&row[..3], &[y], &row[3..]].concat()).collect();
    folder.write("own.csv", format!("p,q,r,price,s,t,u,v,w\n{}", table(&own, ",")));
    for data in ["price", "own.csv:price", "own.csv:3", "./own.csv:price"] {
        check(&folder.solution(&format!("solve own.csv {data} -k 2")), &a, &y);
    }
    let people = folder.succeed("solve own.csv price -k 2").out;
    assert!(people.contains("A is 16 × 8, k = 2"), "{people}");
    assert!(people.lines().any(|line| line.split_whitespace().eq(["5", "u", "-3.000"])), "{people}");
    folder.refuse("solve own.csv cost -k 2", &["cost: no such file, and no column of own.csv", "p, q, r, price"]);
    folder.refuse("solve A.npy other.csv:cost -k 2", &["has no column 'cost'; its columns are one, price, seven"]);
    folder.refuse("solve A.npy plain.csv:3 -k 2", &["has no column 3: it has 3, counted from 0"]);
}

#[test]
fn matrix_market_dense_and_sparse() {
    let (folder, a, y) = problem();
    let mut dense = "%%MatrixMarket matrix array real general\n% a comment\n16 8\n".to_owned();
    for j in 0..8 {
        a.iter().for_each(|row| dense += &format!("{}\n", row[j]));
    }
    folder.write("dense.mtx", dense);
    check(&folder.solution("solve dense.mtx y.npy -k 2"), &a, &y);
    // Sparse: a diagonal, whose answer is read off y.
    let lines: String = (1..=6).map(|i| format!("{i} {i} {}\n", 2 * i)).collect();
    folder.write("sparse.mtx", format!("%%MatrixMarket matrix coordinate real general\n6 6 6\n{lines}"));
    folder.write("spikes.txt", "0\n8\n0\n0\n-5\n0\n");
    let solution = folder.solution("solve sparse.mtx spikes.txt -k 2");
    assert_eq!((solution.support(), solution.coefficients()), (vec![1, 4], vec![2.0, -0.5]));
    let diagonal: Rows =
        (0..6).map(|i| (0..6).map(|j| if i == j { 2.0 * (i + 1) as f64 } else { 0.0 }).collect()).collect();
    solution.check_residual(&diagonal, &[0.0, 8.0, 0.0, 0.0, -5.0, 0.0]);
}

#[test]
fn matlab_files() {
    // A = [[1, 0, -2.5, 0], [0, 3, 0, 0], [4, 0, 0, 0.125]]; y = 2 a₁ − a₃ needs exactly columns 1 and 3.
    let folder = Folder::new();
    folder.write("y.txt", "0\n6\n-0.125\n");
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");
    for name in ["dense.mat", "sparse.mat", "two.mat:A"] {
        let solution = folder.solution(&format!("solve {fixtures}/{name} y.txt -k 2"));
        assert_eq!(solution.support(), [1, 3], "{name}");
        for (found, expected) in solution.coefficients().iter().zip([2.0, -1.0]) {
            assert!((found - expected).abs() < 1e-12, "{name} {found}");
        }
    }
}

#[test]
fn a_complex_matrix_with_real_data() {
    // Columns e^{2πi f t/16} scaled by j + 1: orthogonal. y = 3 cos(2π t/16) = 1.5 e^{…} + 1.5 e^{−…}: columns 1 and 2.
    let folder = Folder::new();
    let frequencies = [0, 1, 15, 2, 14, 3, 13, 4];
    let angle = |f: usize, t: usize| std::f64::consts::TAU * ((f * t) % 16) as f64 / 16.0;
    let mut data = Vec::new();
    for t in 0..16 {
        for (j, &f) in frequencies.iter().enumerate() {
            let scale = (j + 1) as f64;
            data.extend((scale * angle(f, t).cos()).to_le_bytes());
            data.extend((scale * angle(f, t).sin()).to_le_bytes());
        }
    }
    folder.write("A.npy", npy_of("<c16", false, "(16, 8)", &data));
    let y: Vec<f64> = (0..16).map(|t| 3.0 * angle(1, t).cos()).collect();
    folder.write("y.npy", npy_vector(&y));
    for algorithm in ["sea", "omp", "omp+sea"] {
        let solution = folder.solution(&format!("solve A.npy y.npy -k 2 --algorithm {algorithm}"));
        assert_eq!(solution.support(), [1, 2], "{algorithm}");
        for ([re, im], expected) in solution.complex_coefficients().into_iter().zip([0.75, 0.5]) {
            assert!((re - expected).abs() < 1e-12 && im.abs() < 1e-12, "{algorithm} {re} {im}");
        }
        assert!(solution.number("relative_residual") < 1e-13);
    }
    let people = folder.succeed("solve A.npy y.npy -k 2 --output x.csv --plot fit.svg").out;
    assert!(people.contains('i') && people.contains("0.7500"), "{people}");
    let written = folder.text("x.csv");
    assert_eq!(written.lines().count(), 8);
    assert!(written.lines().nth(1).unwrap().ends_with('j'), "{written}");
    common::check_picture(&folder, "fit.svg");
}

#[test]
fn a_folder_with_the_name_of_a_column_is_not_meant() {
    let folder = Folder::new();
    folder.write("t.csv", "a,b,target\n1,2,2\n0,1,1\n3,1,1\n2,5,5\n");
    std::fs::create_dir(folder.path("target")).unwrap();
    for command in ["solve t.csv target -k 1 --no-intercept", "path t.csv target -K 1 --no-intercept"] {
        let found = folder.run(&format!("{command} --json"));
        assert_eq!(found.json()["support"], serde_json::json!([1]), "{found:?}");
    }
    // Of no column, a folder is refused as one.
    std::fs::create_dir(folder.path("other")).unwrap();
    folder.refuse("solve t.csv other -k 1", &["other", "folder"]);
}
