//! Tests of writing.

use std::fs;

use super::*;
use crate::input::{read_indices, read_matrix, read_vector};

const VALUES: [f64; 5] = [0.1, -0.0, 1e300, 5e-324, 123456789.0];

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn what_is_written_is_read_back_exactly() {
    let folder = tempfile::tempdir().unwrap();
    let complex = VALUES.map(|v| Complex::new(v, -v));
    for extension in ["npy", "csv", "tsv", "txt", "mtx"] {
        let path = folder.path().join(format!("x.{extension}"));
        check_writable(&path).unwrap();
        for vector in [Vector::Real(VALUES.to_vec()), Vector::Complex(complex.to_vec())] {
            write_vector(&path, &vector).unwrap();
            assert_eq!(read_vector(&path).unwrap(), vector, "{extension}");
        }
        write_indices(&path, &[3, 0, 12]).unwrap();
        assert_eq!(read_indices(&path).unwrap(), [3, 0, 12]);
        let a = faer::Mat::from_fn(2, 3, |i, j| VALUES[i + j] + i as f64);
        write_matrix(&path, &Matrix::Dense(a.clone().into())).unwrap();
        let Matrix::Dense(back) = read_matrix(&path).unwrap().matrix else { panic!("not dense") };
        assert_eq!(back.as_ref(), a.as_ref(), "{extension}");
    }
    assert_eq!(names(folder.path()).len(), 5);
}

#[test]
fn sparse_stays_sparse_in_matrix_market() {
    let folder = tempfile::tempdir().unwrap();
    let entries = [(1, 0, 2.5), (0, 2, -1.0)];
    let entries = entries.map(|(row, col, val)| faer::sparse::Triplet { row, col, val });
    let a = faer::sparse::SparseColMat::try_new_from_triplets(2, 3, &entries).unwrap();
    let matrix = Matrix::Sparse(a.clone());
    let path = folder.path().join("a.mtx");
    write_matrix(&path, &matrix).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(text, "%%MatrixMarket matrix coordinate real general\n2 3 2\n2 1 2.5\n1 3 -1.0\n");
    assert!(matches!(read_matrix(&path).unwrap().matrix, Matrix::Sparse(_)));
    let path = folder.path().join("a.csv");
    write_matrix(&path, &matrix).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "0.0,0.0,-1.0\n2.5,0.0,0.0\n");
    let wide = Matrix::Sparse(faer::sparse::SparseColMat::try_new_from_triplets(1 << 20, 1 << 20, &entries).unwrap());
    let error = write_matrix(&path, &wide).unwrap_err().to_string();
    assert!(error.ends_with("the matrix is sparse, 1048576 x 1048576; write it as .mtx"));
}

#[test]
fn an_error_leaves_the_old_file_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.csv");
    fs::write(&path, "old").unwrap();
    let error = write_atomically(&path, |out| {
        out.write_all(b"half")?;
        Err(io::Error::other("the disk is full"))
    })
    .unwrap_err();
    let message = format!("{}: cannot be written: the disk is full", path.display());
    assert_eq!(error.to_string(), message);
    assert_eq!(fs::read_to_string(&path).unwrap(), "old");
    assert_eq!(names(folder.path()), ["x.csv"]);
}

#[test]
fn what_cannot_be_written_is_known_before() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    fs::create_dir(folder.path().join("d.npy")).unwrap();
    let inside = |name: &str| folder.path().join(name);
    for (name, message) in [
        ("x.npz", format!("cannot write '.npz'; sparsea writes {WRITTEN}")),
        ("x", format!("has no extension; sparsea writes {WRITTEN}")),
        ("out/x.npy", format!("the folder '{}' does not exist", inside("out").display())),
        ("file/x.npy", format!("'{}' is not a folder", inside("file").display())),
        ("d.npy", "is a folder".to_owned()),
    ] {
        let path = inside(name);
        let error = check_writable(&path).unwrap_err().to_string();
        assert_eq!(error, format!("{}: {message}", path.display()));
    }
    assert_eq!(
        check_writable(Path::new("no-such-folder/x.npy")).unwrap_err().to_string(),
        "no-such-folder/x.npy: the folder 'no-such-folder' does not exist"
    );
    assert_eq!(names(folder.path()).len(), 2);
}

#[cfg(unix)]
#[test]
fn results_are_ordinary_files_and_links_stay_links() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let ordinary = folder.path().join("ordinary");
    fs::write(&ordinary, "").unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
    let path = folder.path().join("x.csv");
    write_vector(&path, &Vector::Real(vec![1.0])).unwrap();
    assert_eq!(mode(&path), mode(&ordinary));
    let link = folder.path().join("link.csv");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    write_vector(&link, &Vector::Real(vec![2.0])).unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::read_to_string(&path).unwrap(), "2.0\n");
}
