//! Tests of the `.mat` reader on bytes made here; files of SciPy's are read in `tests.rs`.

use std::io::Write;

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

/// The same element, compressed as MATLAB does.
fn compressed(element: &[u8]) -> Vec<u8> {
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    zlib.write_all(element).unwrap();
    let data = zlib.finish().unwrap();
    [&15u32.to_le_bytes()[..], &(data.len() as u32).to_le_bytes(), &data].concat()
}

/// An array of this name with these doubles, as one element.
fn named(name: &str, shape: &[i32], values: &[f64]) -> Vec<u8> {
    let shape: Vec<u8> = shape.iter().flat_map(|n| n.to_le_bytes()).collect();
    let numbers: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    let head = [element(6, &[6, 0, 0, 0, 0, 0, 0, 0]), element(5, &shape), element(1, name.as_bytes())].concat();
    element(14, &[head, element(9, &numbers)].concat())
}

fn read(bytes: &[u8], name: Option<&str>) -> Result<Vec<u64>, String> {
    let matrix = Mat5::open(bytes, "A.mat").and_then(|mut file| file.matrix("A.mat", name));
    match matrix.map_err(|problem| problem.to_string())?.into_complex() {
        Matrix::DenseComplex(a) => {
            let places = (0..a.nrows()).flat_map(|i| (0..a.ncols()).map(move |j| (i, j)));
            Ok(places.flat_map(|at| [a.as_ref()[at].re.to_bits(), a.as_ref()[at].im.to_bits()]).collect())
        }
        Matrix::SparseComplex(a) => Ok(a
            .triplet_iter()
            .flat_map(|e| [e.row as u64, e.col as u64, e.val.re.to_bits(), e.val.im.to_bits()])
            .collect()),
        _ => unreachable!("into_complex"),
    }
}

#[test]
fn a_flipped_bit_in_what_is_compressed_is_refused_or_changes_nothing() {
    let values: Vec<f64> = (0..12).map(|v| f64::from(v * v) / 7.0 - 3.0).collect();
    let other: Vec<f64> = values.iter().map(|v| v + 1.0).collect();
    let (b, c) = (compressed(&named("b", &[3, 4], &other)), compressed(&named("c", &[3, 4], &values)));
    let text = compressed(&element(
        14,
        &[element(6, &[4, 0, 0, 0, 0, 0, 0, 0]), element(5, &[1, 0, 0, 0, 1, 0, 0, 0])].concat(),
    ));
    let fixture = |name: &str| std::fs::read(format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    for (bytes, name) in [
        ([header(), c.clone()].concat(), None),
        ([header(), text.clone(), c.clone()].concat(), None),
        ([header(), c.clone(), text].concat(), None),
        ([header(), b.clone(), c.clone()].concat(), Some("c")),
        ([header(), c.clone(), b.clone()].concat(), Some("c")),
        (fixture("complex.mat"), None),
        (fixture("sparse.mat"), None),
        (fixture("two.mat"), Some("A")),
    ] {
        let whole = read(&bytes, name).unwrap();
        let mut refused = 0;
        for at in 8 * 128..8 * bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at / 8] ^= 1 << (at % 8);
            match read(&damaged, name) {
                Ok(numbers) => assert_eq!(numbers, whole, "bit {at}"),
                Err(_) => refused += 1,
            }
        }
        assert!(refused > 3 * (bytes.len() - 128), "{refused} of {} bytes", bytes.len());
    }
    for (bytes, name) in [([header(), c.clone()].concat(), None), ([header(), c.clone()].concat(), Some("c"))] {
        for length in 0..bytes.len() {
            assert!(read(&bytes[..length], name).is_err(), "cut to {length}");
        }
    }
    // Two arrays and no name stay two.
    let two = [header(), b, c].concat();
    for at in 8 * 128..8 * two.len() {
        let mut damaged = two.clone();
        damaged[at / 8] ^= 1 << (at % 8);
        assert!(read(&damaged, None).is_err(), "bit {at}");
    }
}

#[test]
fn what_the_head_does_not_promise_is_not_inflated() {
    let zeros = vec![0.0; 8 << 20];
    let bomb = |shape: &[i32], claim: Option<u32>| {
        let mut array = named("A", shape, &zeros);
        if let Some(claim) = claim {
            array[4..8].copy_from_slice(&claim.to_le_bytes());
        }
        [header(), compressed(&array)].concat()
    };
    for (bytes, said) in [
        (bomb(&[4, 3], None), "shape 4 x 3 does not fit 67108"),
        (bomb(&[1 << 30, 1 << 30], None), "shape 1073741824 x 1073741824 does not fit 67108"),
        (bomb(&[1 << 10, 1 << 13], Some(u32::MAX)), "an array claims 4294967295 bytes, but"),
        (bomb(&[4, 3], Some(160)), "a compressed array goes on where it should end"),
    ] {
        assert!(bytes.len() < 1 << 20);
        let (read, peak) = crate::input::fuzz_tests::peak(|| read(&bytes, None));
        let problem = read.unwrap_err();
        assert!(problem.contains(said), "{problem}");
        assert!(peak < 1 << 20, "{peak} bytes");
    }
}
