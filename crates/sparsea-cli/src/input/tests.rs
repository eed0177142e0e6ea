//! Files as NumPy and SciPy write them (`tests/fixtures/make_fixtures.py`), and everything about names and columns.

use std::fs;

use num_complex::Complex;

use super::*;

const A: [[f64; 4]; 3] = [[1.0, 0.0, -2.5, 0.0], [0.0, 3.0, 0.0, 0.0], [4.0, 0.0, 0.0, 0.125]];

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// All entries, and whether the matrix is complex and sparse.
fn entries(matrix: Matrix) -> (Vec<Vec<Complex<f64>>>, bool, bool) {
    let complex = matrix.is_complex();
    let sparse = matches!(matrix, Matrix::Sparse(_) | Matrix::SparseComplex(_));
    let a = match matrix.into_complex() {
        Matrix::DenseComplex(a) => a.as_ref().to_owned(),
        Matrix::SparseComplex(a) => a.to_dense(),
        _ => panic!("into_complex left a real matrix"),
    };
    let rows = (0..a.nrows()).map(|i| (0..a.ncols()).map(|j| a[(i, j)]).collect());
    (rows.collect(), complex, sparse)
}

fn scaled(factor: Complex<f64>) -> Vec<Vec<Complex<f64>>> {
    A.iter().map(|row| row.iter().map(|&v| factor * v).collect()).collect()
}

#[test]
fn what_numpy_and_scipy_write_is_read_exactly() {
    let one = Complex::new(1.0, 0.0);
    let both = Complex::new(1.0, 1.0);
    let eight = Complex::new(8.0, 0.0);
    for (name, factor, complex, sparse) in [
        ("f8.npy", one, false, false),
        ("f8_big.npy", one, false, false),
        ("f8_fortran.npy", one, false, false),
        ("f2.npy", one, false, false),
        ("f4_big_fortran.npy", one, false, false),
        ("i4.npy", eight, false, false),
        ("i8_big.npy", eight, false, false),
        ("c16.npy", both, true, false),
        ("c8_big.npy", both, true, false),
        ("one.npz", one, false, false),
        ("two.npz:A", one, false, false),
        ("csc.npz", one, false, true),
        ("csr.npz", one, false, true),
        ("coo.npz", one, false, true),
        ("csc_complex.npz", both, true, true),
        ("dense.mat", one, false, false),
        ("two.mat:A", one, false, false),
        ("int32.mat", eight, false, false),
        ("complex.mat", both, true, false),
        ("sparse.mat", one, false, true),
        ("sparse_complex.mat", both, true, true),
        ("coordinate.mtx", one, false, true),
        ("array.mtx", one, false, false),
        ("array_complex.mtx", both, true, false),
        ("savetxt.txt", one, false, false),
        ("savetxt_complex.txt", both, true, false),
        ("savetxt.csv", one, false, false),
    ] {
        let table = read_matrix(&fixture(name)).unwrap();
        let expected = (scaled(factor), complex, sparse);
        assert_eq!(entries(table.matrix), expected, "{name}");
    }
    let (bools, ..) = entries(read_matrix(&fixture("bool.npy")).unwrap().matrix);
    assert_eq!(bools[0][0], one);
    assert_eq!(bools[0][1], Complex::default());
    let names = read_matrix(&fixture("savetxt.csv")).unwrap().column_names;
    assert_eq!(names.unwrap(), ["p", "q", "r", "s"]);
}

#[test]
fn large_npy_files_are_mapped_and_small_ones_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("A.npy");
    for (m, large) in [(300, false), (400, true)] {
        let a = faer::Mat::from_fn(m, 400, |i, j| (i * 400 + j) as f64);
        crate::export::write_matrix(&path, &Matrix::Dense(a.clone().into())).unwrap();
        assert_eq!(mapped::map(&path).is_some(), large);
        let table = read_matrix(&path).unwrap();
        let Matrix::Dense(found) = &table.matrix else { panic!("not dense") };
        assert_eq!(found.as_ref(), a.as_ref());
        assert_eq!(found.is_mapped(), large);
        let (rest, column) = table.matrix.clone().without_column(399);
        assert_eq!(column, Vector::Real((0..m).map(|i| (i * 400 + 399) as f64).collect()));
        let Matrix::DenseComplex(rest) = rest.into_complex() else { panic!("not dense") };
        assert_eq!(rest.as_ref()[(m - 1, 398)], Complex::new(((m - 1) * 400 + 398) as f64, 0.0));
        assert_eq!(read_vector(&folder.path().join("A.npy:399")).unwrap(), column);
        // What the header claims is compared with the length of the file before anything else is done.
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
        let error = read_matrix(&path).unwrap_err().to_string();
        assert!(error.contains("A.npy: is cut short: shape"), "{error}");
    }
    assert!(mapped::map(folder.path()).is_none() && mapped::map(&folder.path().join("none.npy")).is_none());
}

#[test]
fn vectors_of_several_files() {
    for name in ["two.npz:b", "two.mat:b"] {
        let vector = read_vector(&fixture(name)).unwrap();
        assert_eq!(vector, Vector::Real(A[0].to_vec()), "{name}");
    }
    for name in ["savetxt.csv:r", "savetxt.csv:2", "f8.npy:2", "csc.npz"] {
        let result = read_vector(&fixture(name));
        match name {
            "csc.npz" => assert!(
                result
                    .unwrap_err()
                    .to_string()
                    .ends_with("has shape 3 x 4; a vector has one dimension, or is a single row or column")
            ),
            _ => assert_eq!(result.unwrap(), Vector::Real(vec![-2.5, 0.0, 0.0]), "{name}"),
        }
    }
}

#[test]
fn refusals_of_fixtures() {
    let unknown = format!("unknown extension '.py'; sparsea reads {}; other names need --input-format", error::READ);
    for (name, message) in [
        ("object.npy", "holds Python objects, which sparsea never loads; save it as a float array"),
        ("two.npz:c", "holds no array 'c'; it holds A, b"),
        ("two.mat:c", "holds no array 'c'; it holds A, b"),
        ("dia.npz", "is a scipy sparse matrix of format 'dia'; save A.tocsc() instead"),
        ("savetxt.csv:p", "':p' names one column, but a matrix is needed"),
        ("none.npy", "no such file"),
        ("none.npz:A", "no such file"),
        ("make_fixtures.py", &unknown[..]),
        ("", "is a folder, not a file"),
    ] {
        let message = format!("{}: {message}", fixture(name.split(':').next().unwrap()).display());
        let error = read_matrix(&fixture(name)).unwrap_err().to_string();
        assert_eq!(error, message);
    }
    let error = read_matrix(&fixture("two.npz")).unwrap_err().to_string();
    assert!(error.contains("holds 2 arrays (A, b); name one, as in "), "{error}");
    assert!(error.ends_with("two.npz:A"), "{error}");
    let error = read_matrix(&fixture("level4.mat")).unwrap_err().to_string();
    assert!(error.contains("is a MATLAB v4 file"), "{error}");
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

#[test]
fn data_from_columns_and_files() {
    let folder = folder(&[("a.csv", "u,v,w\n1,2,3\n4,5,6\n"), ("y.txt", "7\n8\n"), ("u", "x")]);
    let a = folder.path().join("a.csv");
    let data = |spec: &str| {
        let table = read_matrix(&a).unwrap();
        let (table, y) = read_data(spec, &a, table).map_err(|e| e.to_string())?;
        Ok::<_, String>((table.column_names.unwrap().concat(), y))
    };
    let file = |name: &str| folder.path().join(name).display().to_string();
    let middle = Ok(("uw".to_owned(), Vector::Real(vec![2.0, 5.0])));
    assert_eq!(data("v"), middle);
    assert_eq!(data(&file("a.csv:v")), middle);
    assert_eq!(data(&file("a.csv:1")), middle);
    let whole = Ok(("uvw".to_owned(), Vector::Real(vec![7.0, 8.0])));
    assert_eq!(data(&file("y.txt")), whole);
    assert_eq!(data(&file("y.txt:0")), whole);
    let shown = a.display();
    assert_eq!(
        data("z").unwrap_err(),
        format!("z: no such file, and no column of {shown} has this name; its columns are u, v, w")
    );
    assert_eq!(data(&file("a.csv:z")).unwrap_err(), format!("{shown}: has no column 'z'; its columns are u, v, w"));
    assert_eq!(data(&file("a.csv:3")).unwrap_err(), format!("{shown}: has no column 3: it has 3, counted from 0"));
    assert_eq!(data("z.npy").unwrap_err(), "z.npy: no such file");
}

#[test]
fn the_only_column_and_columns_of_one_name_are_not_taken() {
    let folder = folder(&[("one.csv", "u\n1\n"), ("twice.csv", "u,u\n1,2\n")]);
    for (name, end) in [
        ("one.csv", "has one column only: taking it out as y leaves no matrix"),
        ("twice.csv", "has several columns 'u'; give the column's number, counted from 0"),
    ] {
        let a = folder.path().join(name);
        let table = read_matrix(&a).unwrap();
        let error = read_data("u", &a, table).unwrap_err().to_string();
        assert_eq!(error, format!("{}: {end}", a.display()));
    }
}

#[test]
fn a_file_of_the_whole_name_wins() {
    let folder = folder(&[("a.csv", "1,2\n"), ("a.csv:1.csv", "3,4\n")]);
    let vector = read_vector(&folder.path().join("a.csv:1.csv")).unwrap();
    assert_eq!(vector, Vector::Real(vec![3.0, 4.0]));
}

#[test]
fn a_column_of_a_sparse_matrix() {
    let matrix = read_matrix(&fixture("csc.npz")).unwrap().matrix;
    for j in 0..4 {
        let (rest, column) = matrix.clone().without_column(j);
        assert_eq!(column, Vector::Real(A.iter().map(|row| row[j]).collect()));
        let (rest, ..) = entries(rest);
        for (row, expected) in rest.iter().zip(A) {
            let mut expected = expected.to_vec();
            expected.remove(j);
            let row: Vec<_> = row.iter().map(|v| v.re).collect();
            assert_eq!(row, expected);
        }
    }
}

#[test]
fn supports() {
    let folder = folder(&[("s.csv", "3\n0\n7.0\n"), ("bad.csv", "3\n-1\n"), ("half.txt", "0.5")]);
    let read = |name| read_indices(&folder.path().join(name)).map_err(|e| e.to_string());
    assert_eq!(read("s.csv").unwrap(), [3, 0, 7]);
    let rule = "a support holds whole numbers that are at least 0";
    assert!(read("bad.csv").unwrap_err().ends_with(&format!("entry 1 (counted from 0) is -1; {rule}")));
    assert!(read("half.txt").unwrap_err().ends_with(&format!("entry 0 (counted from 0) is 0.5; {rule}")));
}
