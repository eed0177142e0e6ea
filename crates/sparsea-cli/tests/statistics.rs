//! Sufficient statistics in an .npz file, and narrow matrices in a .npy file.

mod common;

use std::io::Write;

use common::{Folder, column, dot, npy_matrix, npy_of, npy_vector, numbers, table};

type Members<'m> = Vec<(&'m str, Vec<u8>)>;

fn npz(members: &Members<'_>) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in members {
        zip.start_file(format!("{name}.npy"), zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn scalar(descr: &str, value: &[u8]) -> Vec<u8> {
    npy_of(descr, false, "()", value)
}

/// A 30 × 12 problem as files, and its statistics.
fn problem() -> (Folder, Members<'static>) {
    let folder = Folder::new();
    let rows: Vec<Vec<f64>> = (0..30).map(|i| numbers(12, i)).collect();
    let noise = numbers(30, 77);
    let y: Vec<f64> = rows.iter().zip(&noise).map(|(row, e)| 2.0 * row[3] - row[7] + 0.1 * e).collect();
    folder.write("A.csv", table(&rows, ","));
    folder.write("y.txt", column(&y));
    let columns: Vec<Vec<f64>> = (0..12).map(|j| rows.iter().map(|row| row[j]).collect()).collect();
    let gram: Vec<Vec<f64>> = columns.iter().map(|a| columns.iter().map(|b| dot(a, b)).collect()).collect();
    let correlation: Vec<f64> = columns.iter().map(|a| dot(a, &y)).collect();
    let members = vec![
        ("AtA", npy_matrix(&gram)),
        ("Aty", npy_vector(&correlation)),
        ("yty", scalar("<f8", &dot(&y, &y).to_le_bytes())),
        ("n_samples", scalar("<i8", &30i64.to_le_bytes())),
    ];
    folder.write("statistics.npz", npz(&members));
    (folder, members)
}

#[test]
fn statistics_give_what_the_data_give() {
    let (folder, _) = problem();
    for algorithm in ["search", "sea", "omp", "els", "lasso", "omp+sea"] {
        let found = folder.solution(&format!("solve statistics.npz --gram -k 2 --algorithm {algorithm}"));
        let expected = folder.solution(&format!("solve A.csv y.txt -k 2 --algorithm {algorithm}"));
        assert_eq!(found.support(), expected.support(), "{algorithm}");
        assert_eq!(found.support(), [3, 7], "{algorithm}");
        for (one, other) in found.coefficients().iter().zip(expected.coefficients()) {
            assert!((one / other - 1.0).abs() < 1e-10, "{algorithm}");
        }
        let size = expected.number("residual_norm");
        assert!((found.number("residual_norm") / size - 1.0).abs() < 1e-10, "{algorithm}");
    }
    let out = "--output x.txt --plot fit.svg --trace steps.csv --report";
    let said = folder.succeed(&format!("solve statistics.npz --gram -k 2 {out}")).out;
    assert!(said.contains("A is 30 × 12, k = 2"), "{said}");
    common::check_picture(&folder, "fit.svg");
    let table = folder.succeed("compare statistics.npz --gram -k 2").out;
    assert!(table.contains("A is 30 × 12") && !table.contains("\namp "), "{table}");
    folder.write("s.txt", column(&[1.0, 3.0]));
    assert_eq!(folder.solution("improve statistics.npz --gram --support s.txt").support(), [3, 7]);
}

#[test]
fn what_is_no_statistics_is_refused() {
    let (folder, members) = problem();
    let with = |name: &str, bytes: Option<Vec<u8>>| {
        let mut changed = members.clone();
        match bytes {
            Some(bytes) => {
                changed.iter_mut().filter(|(held, _)| *held == name).for_each(|member| member.1 = bytes.clone())
            }
            None => changed.retain(|(held, _)| *held != name),
        }
        folder.write("other.npz", npz(&changed));
        folder.run("solve other.npz --gram -k 2")
    };
    let refused = |name: &str, bytes: Option<Vec<u8>>, said: &str| {
        let ran = with(name, bytes);
        assert_eq!((ran.status, ran.out.as_str()), (2, ""), "{name}: {}", ran.err);
        assert!(ran.err.contains(said), "{name}: {}", ran.err);
    };
    for name in ["AtA", "Aty", "yty", "n_samples"] {
        refused(name, None, &format!("holds no array '{name}'"));
    }
    refused("n_samples", Some(scalar("<f8", &2.5f64.to_le_bytes())), "'n_samples' holds 2.5");
    refused("n_samples", Some(scalar("<i8", &0i64.to_le_bytes())), "A must have at least one row and one column");
    refused("n_samples", Some(scalar("<i8", &5i64.to_le_bytes())), "AᵀA has rank 12, more than the 5 rows of A");
    refused("yty", Some(npy_vector(&[1.0, 2.0])), "'yty' holds 2 numbers, not one");
    refused("yty", Some(scalar("<f8", &(-1f64).to_le_bytes())), "yᵀy must be finite and at least 0, got -1");
    refused("yty", Some(scalar("<f8", &1e-3f64.to_le_bytes())), "yᵀy is 0.001, but Aᵀy is of a y of which A explains");
    refused("Aty", Some(npy_vector(&[1.0])), "Aᵀy has 1 entries, but A has 12 columns");
    refused("Aty", Some(npy_vector(&[f64::NAN; 12])), "contains NaN");
    refused("AtA", Some(npy_matrix(&vec![vec![1.0; 3]; 2])), "AᵀA is 2 × 3; it must be square");
    refused("AtA", Some(npy_vector(&[1.0; 12])), "a matrix has two dimensions");
    folder.refuse("solve A.csv --gram -k 2", &["sufficient statistics are an .npz file with the arrays AtA, Aty, yty"]);
    folder.refuse("solve statistics.npz:AtA --gram -k 2", &["sufficient statistics are an .npz file"]);
    folder.refuse("solve statistics.npz y.txt --gram -k 2", &["cannot be used with"]);
    folder.refuse("solve statistics.npz -k 2", &["<Y>"]);
    folder.refuse("solve statistics.npz --gram -k 2 --algorithm amp", &["amp needs the 30 rows of A"]);
    folder.refuse("solve statistics.npz --gram -k 13", &["k must be between 0 and 12 (the number of columns), got 13"]);
}

/// Files of more than a mebibyte are mapped.
#[test]
fn narrow_files_give_what_their_copies_give() {
    let folder = Folder::new();
    let (m, n) = (1100, 1000);
    let whole: Vec<i8> = numbers(m * n, 3).iter().map(|v| (v * 40.0) as i8).collect();
    let y: Vec<f64> = (0..m).map(|i| f64::from(whole[i * n + 17]) - 2.0 * f64::from(whole[i * n + 900])).collect();
    folder.write("y.npy", npy_vector(&y));
    let shape = format!("({m}, {n})");
    let of = |bytes: fn(i8) -> Vec<u8>| whole.iter().flat_map(|&v| bytes(v)).collect::<Vec<u8>>();
    let wide = of(|v| f64::from(v).to_le_bytes().to_vec());
    let files = [
        ("<f8", wide),
        ("|i1", of(|v| vec![v as u8])),
        ("<i2", of(|v| i16::from(v).to_le_bytes().to_vec())),
        ("<i4", of(|v| i32::from(v).to_le_bytes().to_vec())),
        ("<f4", of(|v| f32::from(v).to_le_bytes().to_vec())),
        ("<c8", of(|v| [f32::from(v).to_le_bytes(), [0; 4]].concat())),
    ];
    let mut expected = None;
    for (descr, bytes) in &files {
        folder.write("A.npy", npy_of(descr, false, &shape, bytes));
        let solution = folder.solution("solve A.npy y.npy -k 2 --algorithm sea");
        assert_eq!(solution.support(), [17, 900], "{descr}");
        if *descr == "<c8" {
            continue;
        }
        let solution = solution.timeless();
        assert_eq!(*expected.get_or_insert(solution.clone()), solution, "{descr}");
    }
    // A column of the matrix as y, theory, and writing them: in double precision.
    folder.write("A.npy", npy_of("|i1", false, &shape, &files[1].1));
    assert_eq!(folder.solution("solve A.npy A.npy:5 -k 1").support().len(), 1);
    let mut spoilt = files[4].1.clone();
    spoilt[4 * (3 * n + 2)..][..4].copy_from_slice(&f32::NAN.to_le_bytes());
    folder.write("A.npy", npy_of("<f4", false, &shape, &spoilt));
    folder.refuse("solve A.npy y.npy -k 2", &["A.npy: contains NaN at row 3, column 2 (counted from 0)"]);
}
