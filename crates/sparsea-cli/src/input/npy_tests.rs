//! Tests of the `.npy` reader on bytes made here.

use super::super::array::Entry;
use super::*;

fn npy(header: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}

pub fn plain(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    npy(&format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}  \n"), data)
}

fn refusal(bytes: &[u8]) -> String {
    matrix(bytes).unwrap_err().to_string()
}

#[test]
fn vectors_of_each_shape() {
    for shape in ["(3,)", "(3, 1)", "(1, 3)", "(3L,)"] {
        let bytes = plain("|i1", shape, &[1, 2, 0xff]);
        assert_eq!(vector(&bytes).unwrap(), Vector::Real(vec![1.0, 2.0, -1.0]), "{shape}");
    }
    let two = vector(&plain("|u1", "(2, 2)", &[0; 4])).unwrap_err().to_string();
    assert_eq!(two, "has shape 2 x 2; a vector has one dimension, or is a single row or column");
}

/// These bytes as a file that is mapped.
pub fn mapped(bytes: &[u8]) -> Arc<Mmap> {
    let mut map = memmap2::MmapMut::map_anon(bytes.len()).unwrap();
    map.copy_from_slice(bytes);
    Arc::new(map.make_read_only().unwrap())
}

#[test]
fn numbers_stay_in_a_mapped_file_where_they_can_be_used_as_they_lie() {
    fn check<T: Entry>(mapped: &Dense<T>, read: &Dense<T>, stays: bool, said: &str) {
        assert_eq!(mapped.as_ref(), read.as_ref(), "{said}");
        assert_eq!(mapped.as_ref().row_stride(), read.as_ref().row_stride(), "{said}");
        assert_eq!((mapped.is_mapped(), read.is_mapped()), (stays, false), "{said}");
    }
    let values: Vec<f64> = (0..24).map(|v| f64::from(v) - 3.5).collect();
    let little: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    let big: Vec<u8> = values.iter().flat_map(|v| v.to_be_bytes()).collect();
    let single: Vec<u8> = values.iter().flat_map(|&v| (v as f32).to_be_bytes()).collect();
    for (descr, shape, data, padding, stays) in [
        ("<f8", "(4, 6)", &little, 64, true),
        ("<f8", "(5, 4)", &little[..160].to_vec(), 64, true),
        ("<c16", "(4, 3)", &little, 64, true),
        ("<c16", "(4, 3)", &little, 8, true),
        ("<f8", "(4, 6)", &little, 4, false),
        ("<c16", "(4, 3)", &little, 4, false),
        (">f8", "(4, 6)", &big, 64, false),
        (">c16", "(4, 3)", &big, 64, false),
        (">f4", "(4, 6)", &single, 64, false),
        ("<i8", "(4, 6)", &little, 64, false),
    ] {
        for order in ["False", "True"] {
            let mut header = format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}");
            // The numbers start at an odd multiple of `padding`.
            while (10 + header.len()) % (2 * padding) != padding {
                header.push(' ');
            }
            let bytes = npy(&header, data);
            let file = mapped(&bytes);
            let said = format!("{descr} {order} {padding}");
            match (mapped_matrix(&file).unwrap(), matrix(&bytes).unwrap()) {
                (Matrix::Dense(a), Matrix::Dense(b)) => check(&a, &b, stays, &said),
                (Matrix::DenseComplex(a), Matrix::DenseComplex(b)) => check(&a, &b, stays, &said),
                _ => panic!("not both dense: {said}"),
            }
        }
    }
}

/// What narrow types hold, doubles hold too; other types are read as doubles.
#[test]
fn narrow_numbers_stay_narrow_in_a_mapped_file() {
    let bytes: Vec<u8> = (0..96u8).map(|v| v.wrapping_mul(37) & 0x3f).collect();
    let bits: Vec<u8> = bytes.iter().map(|v| v & 1).collect();
    for (descr, size, data, stays) in [
        ("<f4", 4, &bytes, true),
        ("|i1", 1, &bytes, true),
        ("<i2", 2, &bytes, true),
        ("<i4", 4, &bytes, true),
        ("|u1", 1, &bytes, true),
        ("|b1", 1, &bits, true),
        ("|b1", 1, &bytes, false),
        ("<c8", 8, &bytes, true),
        (">f4", 4, &bytes, false),
        (">i2", 2, &bytes, false),
        ("<f2", 2, &bytes, false),
        ("<u2", 2, &bytes, false),
        ("<i8", 8, &bytes, false),
    ] {
        for order in ["False", "True"] {
            let mut header =
                format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': (3, {}), }}", data.len() / size / 3);
            while (10 + header.len()) % 64 != 0 {
                header.push(' ');
            }
            let bytes = npy(&header, data);
            let (found, read) = (mapped_matrix(&mapped(&bytes)).unwrap(), matrix(&bytes).unwrap());
            assert_eq!(matches!(found, Matrix::Narrow(_)), stays, "{descr}");
            let found = if let Matrix::Narrow(narrow) = found { narrow.widened() } else { found };
            match (found, read) {
                (Matrix::Dense(a), Matrix::Dense(b)) => assert_eq!(a.as_ref(), b.as_ref(), "{descr}"),
                (Matrix::DenseComplex(a), Matrix::DenseComplex(b)) => assert_eq!(a.as_ref(), b.as_ref(), "{descr}"),
                _ => panic!("not both dense: {descr}"),
            }
        }
    }
}

/// Sums over long lines are made in parts, of a small file as of a large one.
#[test]
fn long_lines_stay_narrow() {
    let long = WHOLE_LINE + 1;
    for (descr, shape, narrow) in [
        ("|i1", format!("(2, {long})"), true),
        ("|i1", format!("({long}, 2)"), true),
        ("|b1", format!("(2, {long})"), true),
        ("|i1", format!("(2, {WHOLE_LINE})"), false),
        ("<i2", format!("(1, {long})"), true),
    ] {
        let bytes =
            plain(descr, &shape, &vec![1; if shape.contains(&long.to_string()) { 2 * long } else { 2 * WHOLE_LINE }]);
        let found = file_matrix(&bytes).unwrap();
        assert_eq!(matches!(found, Matrix::Narrow(_)), narrow, "{descr} {shape}");
        assert!(file_matrix(&bytes[..bytes.len() - 1]).is_err(), "{descr} {shape}");
    }
    let nan: Vec<u8> = std::iter::repeat_n(f32::NAN.to_le_bytes(), long).flatten().collect();
    let found = file_matrix(&plain("<f4", &format!("({long}, 1)"), &nan)).unwrap();
    assert_eq!(found.check_finite().unwrap_err().to_string(), "contains NaN at row 0, column 0 (counted from 0)");
}

#[test]
fn half_precision() {
    for (bits, value) in [
        (0x3c00, 1.0),
        (0xc100, -2.5),
        (0x0001, 2f64.powi(-24)),
        (0x7bff, 65504.0),
        (0x7c00, f64::INFINITY),
        (0x8000, 0.0),
    ] {
        assert_eq!(half(bits), value, "{bits:x}");
    }
    assert!(half(0x7e00).is_nan());
}

#[test]
fn refusals() {
    for (bytes, message) in [
        (vec![], "is empty"),
        (b"1,2".to_vec(), "is not a valid .npy file: it does not start with \\x93NUMPY"),
        (plain("<f8", "()", &[0; 8]), "has shape () (a single number); a matrix has two dimensions"),
        (plain("<f8", "(1, 1, 1)", &[0; 8]), "has shape 1 x 1 x 1; a matrix has two dimensions"),
        (plain("<f8", "(4,)", &[0; 32]), "has shape (4); a matrix has two dimensions"),
        (plain("<f8", "(0, 3)", &[]), "is empty: its shape is 0 x 3"),
        (plain("<f8", "(2, 3)", &[0; 56]), "holds 56 bytes of data, but shape 2 x 3 needs only 48"),
        (plain("<f8", "(2, 3)", &[0; 40]), "is cut short: shape 2 x 3 needs 48 bytes of data, but the file holds 40"),
        (
            plain("<f8", "(4294967296, 4294967296)", &[0; 8]),
            "is cut short: shape 4294967296 x 4294967296 needs 147573952589676412928 bytes of data, but the file holds 8",
        ),
        (
            plain("|O", "(1, 1)", b"cos\nsystem\n"),
            "holds Python objects, which sparsea never loads; save it as a float array",
        ),
        (
            plain("<U3", "(1, 1)", &[0; 12]),
            "holds elements of type <U3; sparsea reads integers, floats, booleans and complex numbers",
        ),
        (
            npy("{'descr': [('x', '<f8')], 'fortran_order': False, 'shape': (1, 1)}", &[0; 8]),
            "holds elements of type record (structured array); sparsea reads integers, floats, booleans and complex numbers",
        ),
        (npy("{'descr': '<f8'}", &[]), "is not a valid .npy file: its header lacks 'fortran_order'"),
        (npy("((((((((", &[]), "is not a valid .npy file: its header is wrong at '(((((((('"),
        (
            plain("<f8", "(99999999999999999999, 1)", &[]),
            "is not a valid .npy file: its header is wrong at '99999999999999999999'",
        ),
    ] {
        assert_eq!(refusal(&bytes), message);
    }
    // A header length beyond the file must be found before it is believed.
    let mut long = b"\x93NUMPY\x02\x00".to_vec();
    long.extend(u32::MAX.to_le_bytes());
    assert_eq!(refusal(&long), "is not a valid .npy file: its header is cut short");
    let mut wide = b"\x93NUMPY\x02\x00".to_vec();
    wide.extend((2u32 << 20).to_le_bytes());
    wide.resize((2 << 20) + 100, b' ');
    assert_eq!(refusal(&wide), "is not a valid .npy file: its header has 2097152 bytes, more than 1048576");
}

#[test]
fn not_finite_values_are_found_with_their_place() {
    let nan = f64::NAN.to_le_bytes();
    let zero = 0f64.to_le_bytes();
    let data: Vec<u8> = [zero, zero, zero, zero, nan, zero].concat();
    let matrix = matrix(&plain("<f8", "(2, 3)", &data)).unwrap();
    let refusal = matrix.check_finite().unwrap_err().to_string();
    assert_eq!(refusal, "contains NaN at row 1, column 1 (counted from 0)");
    let stays = mapped_matrix(&mapped(&plain("<f8", "(2, 3)", &data))).unwrap();
    assert_eq!(stays.check_finite().unwrap_err().to_string(), refusal);
    let vector = vector(&plain("<f8", "(6,)", &data)).unwrap();
    let refusal = vector.check_finite().unwrap_err().to_string();
    assert_eq!(refusal, "contains NaN at row 4 (counted from 0)");
}
