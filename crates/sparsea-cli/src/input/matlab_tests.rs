//! Tests of the `.mat` reader on bytes made here; files of SciPy's are read in `tests.rs`.

use super::*;

fn header() -> Vec<u8> {
    let mut bytes = vec![b' '; 124];
    bytes.extend([0, 1, b'I', b'M']);
    bytes
}

fn element(kind: u32, data: &[u8]) -> Vec<u8> {
    let mut bytes = kind.to_le_bytes().to_vec();
    bytes.extend((data.len() as u32).to_le_bytes());
    bytes.extend(data);
    bytes.resize(bytes.len().next_multiple_of(8), 0);
    bytes
}

fn array(class: u8, shape: &[i32], rest: &[Vec<u8>]) -> Vec<u8> {
    let shape: Vec<u8> = shape.iter().flat_map(|n| n.to_le_bytes()).collect();
    let content = [element(6, &[class, 0, 0, 0, 0, 0, 0, 0]), element(5, &shape), element(1, b"A"), rest.concat()];
    [header(), element(14, &content.concat())].concat()
}

fn refusal(bytes: &[u8]) -> String {
    Mat5::open(bytes, "A.mat").and_then(|mut file| file.matrix("A.mat", None)).unwrap_err().to_string()
}

#[test]
fn a_double_stored_as_bytes() {
    let bytes = array(6, &[1, 2], &[element(2, &[3, 4])]);
    let mut file = Mat5::open(&bytes, "A.mat").unwrap();
    let vector = file.vector("A.mat", Some("A")).unwrap();
    assert_eq!(vector, Vector::Real(vec![3.0, 4.0]));
}

#[test]
fn refusals() {
    let save = "save it with save('A.mat', 'A', '-v7') and read that";
    let mut hdf5 = b"MATLAB 7.3 MAT-file, Platform: GLNXA64".to_vec();
    hdf5.resize(600, b' ');
    for (bytes, message) in [
        (vec![], "is empty".to_owned()),
        (hdf5, format!("is a MATLAB v7.3 (HDF5) file; {save}")),
        (b"# Created by Octave 8".to_vec(), format!("is in Octave's own format; {save}")),
        (b"MATLAB 5.0".to_vec(), "is not a valid .mat file: its header is cut short".to_owned()),
        (header(), "holds no array of numbers".to_owned()),
        ([header(), vec![14, 0, 0, 0, 9, 0, 0, 0]].concat(), "is not a valid .mat file: it is cut short".to_owned()),
        (array(4, &[1, 1], &[]), "holds no array of numbers".to_owned()),
        (array(6, &[1, 0], &[]), "is empty: its shape is 1 x 0".to_owned()),
        (array(6, &[1, 2, 3], &[]), "has shape 1 x 2 x 3; a matrix has two dimensions".to_owned()),
        (
            array(6, &[i32::MAX, i32::MAX], &[element(2, &[1])]),
            "is not a valid .mat file: shape 2147483647 x 2147483647 does not fit 1 values".to_owned(),
        ),
        (
            array(5, &[2, 1], &[element(2, &[5]), element(2, &[0, 1]), element(2, &[7])]),
            "is not a valid .mat file: a row of a sparse array is out of range".to_owned(),
        ),
        (
            array(5, &[2, 1], &[element(2, &[0]), element(2, &[0, 9]), element(2, &[7])]),
            "is not a valid .mat file: it is cut short".to_owned(),
        ),
    ] {
        assert_eq!(refusal(&bytes), message);
    }
}
