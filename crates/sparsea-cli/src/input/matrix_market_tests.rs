//! Tests of the Matrix Market reader.

use super::*;

fn entries(text: &str) -> Vec<(usize, usize, Complex<f64>)> {
    let Matrix::SparseComplex(a) = read(text.as_bytes()).unwrap().into_complex() else { panic!("not sparse") };
    a.triplet_iter().map(|e| (e.row, e.col, *e.val)).collect()
}

fn c(re: f64, im: f64) -> Complex<f64> {
    Complex::new(re, im)
}

#[test]
fn fields_and_symmetries() {
    let head = |kind: &str| format!("%%MatrixMarket matrix coordinate {kind}\n% note\n\n");
    let text = head("real general") + "2 3 3\n1 3 2.5\n\n2 1 1\n1 3 0.5\n";
    assert_eq!(entries(&text), [(1, 0, c(1.0, 0.0)), (0, 2, c(3.0, 0.0))]);
    let text = head("pattern general") + "2 2 1\n2 1\n";
    assert_eq!(entries(&text), [(1, 0, c(1.0, 0.0))]);
    let text = head("integer symmetric") + "2 2 2\n1 1 4\n2 1 5\n";
    let expected = [(0, 0, c(4.0, 0.0)), (1, 0, c(5.0, 0.0)), (0, 1, c(5.0, 0.0))];
    assert_eq!(entries(&text), expected);
    let text = head("real skew-symmetric") + "2 2 1\n2 1 5\n";
    assert_eq!(entries(&text), [(1, 0, c(5.0, 0.0)), (0, 1, c(-5.0, 0.0))]);
    let text = head("complex hermitian") + "2 2 1\n2 1 5 1\n";
    assert_eq!(entries(&text), [(1, 0, c(5.0, 1.0)), (0, 1, c(5.0, -1.0))]);
}

#[test]
fn arrays_with_symmetry_hold_one_triangle() {
    let read_dense = |text: &str| {
        let Matrix::Dense(a) = read(text.as_bytes()).unwrap() else { panic!("not dense") };
        let a = a.as_ref();
        [a[(0, 0)], a[(0, 1)], a[(1, 0)], a[(1, 1)]]
    };
    let head = "%%MatrixMarket matrix array real";
    assert_eq!(read_dense(&format!("{head} general\n2 2\n1\n2\n3\n4\n")), [1.0, 3.0, 2.0, 4.0]);
    assert_eq!(read_dense(&format!("{head} symmetric\n2 2\n1\n2\n3\n")), [1.0, 2.0, 2.0, 3.0]);
    assert_eq!(read_dense(&format!("{head} skew-symmetric\n2 2\n7\n")), [0.0, -7.0, 7.0, 0.0]);
}

#[test]
fn refusals() {
    let head = "%%MatrixMarket matrix coordinate real general\n";
    let array = "%%MatrixMarket matrix array real general\n";
    let n = u64::MAX;
    for (text, message) in [
        (String::new(), "is empty"),
        (
            "1 2\n".into(),
            "line 1: a Matrix Market file starts with '%%MatrixMarket matrix', a format, a field and a symmetry",
        ),
        ("%%MatrixMarket matrix coordinate quaternion general\n".into(), "line 1: unknown field 'quaternion'"),
        (head.into(), "line 1: the line of sizes is missing"),
        (format!("{head}2 2 1\n3 1 1\n"), "line 3: row 3 is outside 1 to 2"),
        (format!("{head}2 2 1\n1 0 1\n"), "line 3: column 0 is outside 1 to 2"),
        (format!("{head}2 2 1\n1 1 abc\n"), "line 3: 'abc' is not a number"),
        (format!("{head}2 2 1\n1 1 nan\n"), "line 3: 'nan' is not a finite number"),
        (format!("{head}2 2 1\n1 1\n"), "line 3: the value is missing"),
        (format!("{head}2 2 1\n1 1 2 3\n"), "line 3: '3' is one value too many"),
        (format!("{head}2 2 2\n1 1 2\n"), "line 3: the header promises 2 entries, but the file holds 1"),
        (format!("{head}2 2 1\n1 1 2\n2 2 3\n"), "line 4: the header promises 1 entries, but the file holds 2"),
        (format!("{head}0 2 0\n"), "is empty: its shape is 0 x 2"),
        (
            format!("{}2 2 1\n1 1 1.5\n", head.replace("real", "integer")),
            "line 3: '1.5' is not a whole number, as the header promises",
        ),
        (
            format!("{}2 2 1\n1 1 1e2\n", head.replace("real", "integer")),
            "line 3: '1e2' is not a whole number, as the header promises",
        ),
        (
            format!("{}2 2 1\n1 1 -3\n", head.replace("real", "unsigned-integer")),
            "line 3: '-3' is not a whole number of at least 0, as the header promises",
        ),
        (
            format!("{}1 2\n1\n2.5\n", array.replace("real", "integer")),
            "line 4: '2.5' is not a whole number, as the header promises",
        ),
        (
            format!("{}2 2 1\n2 2 5 1\n", head.replace("real general", "complex hermitian")),
            "line 3: the diagonal of a Hermitian matrix is real",
        ),
        (
            format!("{}2 2\n1 0\n1 1\n2 -3\n", array.replace("real general", "complex hermitian")),
            "line 5: the diagonal of a Hermitian matrix is real",
        ),
        (
            format!("{}2 2 1\n2 2 5\n", head.replace("general", "skew-symmetric")),
            "line 3: the diagonal of a skew-symmetric matrix is zero",
        ),
        (
            format!("{}2 2 2\n2 1 5\n1 2 5\n", head.replace("general", "symmetric")),
            "line 4: the entry at row 1, column 2 is given on the other side of the diagonal too, on line 3; \
             a file with a symmetry holds one of the two",
        ),
        (
            format!("{head}1 {n} 1\n1 1 1\n"),
            "claims 1 x 18446744073709551615 entries, but holds only 1; sparsea does not make room for that",
        ),
        (
            format!("{array}{n} {n}\n1\n"),
            "line 3: the header promises 340282366920938463426481119284349108225 values, but the file holds 1",
        ),
        (
            "%%MatrixMarket matrix coordinate real symmetric\n2 3 0\n".into(),
            "line 2: a 2 x 3 matrix is not square, and so has no symmetry",
        ),
    ] {
        assert_eq!(read(text.as_bytes()).unwrap_err().to_string(), message, "{text}");
    }
}

/// Files with a symmetry against the matrix worked out by hand: SciPy's rule, which mirrors each entry.
#[test]
fn random_files_with_a_symmetry() {
    let mut state = 1u64;
    let mut dice = |below: usize| {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) as usize % below
    };
    let (mut twice, mut read_well) = (0, 0);
    for _ in 0..600 {
        let word = ["symmetric", "skew-symmetric", "hermitian"][dice(3)];
        let mirror = |v: Complex<f64>| match word {
            "symmetric" => v,
            "hermitian" => v.conj(),
            _ => -v,
        };
        let (n, count) = (2 + dice(4), dice(7));
        let mut text = format!("{n} {n} {count}\n");
        let (mut full, mut places) = (vec![vec![c(0.0, 0.0); n]; n], Vec::new());
        for _ in 0..count {
            let (i, j) = (dice(n), dice(n));
            let mut value = c(dice(9) as f64 - 4.0, dice(9) as f64 - 4.0);
            if i == j {
                value = match word {
                    "skew-symmetric" => c(0.0, 0.0),
                    "hermitian" => c(value.re, 0.0),
                    _ => value,
                };
            }
            text += &format!("{} {} {} {}\n", i + 1, j + 1, value.re, value.im);
            full[i][j] += value;
            if i != j {
                full[j][i] += mirror(value);
            }
            places.push((i, j));
        }
        let both = places.iter().any(|&(i, j)| i != j && places.contains(&(j, i)));
        match read(format!("%%MatrixMarket matrix coordinate complex {word}\n{text}").as_bytes()) {
            Ok(Matrix::SparseComplex(a)) => {
                assert!(!both, "{word} {text}");
                let a = a.to_dense();
                (0..n).for_each(|i| (0..n).for_each(|j| assert_eq!(a[(i, j)], full[i][j], "{word} {text}")));
                read_well += 1;
            }
            Ok(_) => panic!("not sparse and complex"),
            Err(problem) => {
                assert!(both && problem.to_string().contains("other side"), "{problem}: {word} {text}");
                twice += 1;
            }
        }
    }
    assert!(twice > 50 && read_well > 50, "{twice} {read_well}");
}
