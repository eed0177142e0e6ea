//! Tests of the `.npz` reader: damage and claims; files of NumPy's and SciPy's are read in `tests.rs`.

use std::io::Write;

use zip::write::SimpleFileOptions;

use super::*;
use crate::input::npy::tests::plain;

/// An archive as `np.savez` or `np.savez_compressed` makes it.
pub fn archive(members: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        zip.start_file(*name, SimpleFileOptions::default().compression_method(method)).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn numbers(count: usize) -> Vec<u8> {
    (0..count).flat_map(|at| ((at * at) as f64 / 7.0 - 3.0).to_le_bytes()).collect()
}

/// All entries of the matrix, as bits.
fn read(bytes: &[u8], name: Option<&str>) -> Result<Vec<(u64, u64)>, String> {
    let matrix =
        Npz::open(bytes).and_then(|mut npz| npz.matrix("A.npz", name)).map_err(|problem| problem.to_string())?;
    let bits = |v: &num_complex::Complex<f64>| (v.re.to_bits(), v.im.to_bits());
    Ok(match matrix.into_complex() {
        Matrix::DenseComplex(a) => {
            (0..a.nrows()).flat_map(|i| (0..a.ncols()).map(move |j| (i, j))).map(|at| bits(&a.as_ref()[at])).collect()
        }
        Matrix::SparseComplex(a) => {
            a.triplet_iter().flat_map(|e| [(e.row as u64, e.col as u64), bits(e.val)]).collect()
        }
        _ => unreachable!("into_complex"),
    })
}

#[test]
fn a_flipped_bit_is_refused_or_changes_nothing() {
    let a = plain("<f8", "(6, 4)", &numbers(24));
    let b = plain("<f8", "(6, 4)", &numbers(24).iter().map(|byte| byte ^ 1).collect::<Vec<u8>>());
    let fixture = |name: &str| std::fs::read(format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let mut cases = vec![(fixture("csc.npz"), None), (fixture("two.npz"), Some("A")), (fixture("one.npz"), None)];
    for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
        cases.push((archive(&[("A.npy", &a)], method), None));
        cases.push((archive(&[("b.npy", &b), ("c.npy", &a)], method), Some("c")));
        cases.push((archive(&[("c.npy", &a), ("b.npy", &b)], method), Some("c")));
    }
    for (bytes, name) in cases {
        let whole = read(&bytes, name).unwrap();
        let mut refused = 0;
        for at in 0..8 * bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at / 8] ^= 1 << (at % 8);
            match read(&damaged, name) {
                Ok(numbers) => assert_eq!(numbers, whole, "bit {at}"),
                Err(_) => refused += 1,
            }
        }
        assert!(refused > 4 * bytes.len(), "{refused} of {} bytes", bytes.len());
        for length in 0..bytes.len() {
            assert!(read(&bytes[..length], name).is_err(), "cut to {length}");
        }
    }
    // Which of two arrays is meant is not known: a damaged name makes no choice.
    let two = archive(&[("b.npy", &b), ("c.npy", &a)], CompressionMethod::Deflated);
    for at in 0..8 * two.len() {
        let mut damaged = two.clone();
        damaged[at / 8] ^= 1 << (at % 8);
        assert!(read(&damaged, None).is_err(), "bit {at}");
    }
}

#[test]
fn what_the_header_does_not_promise_is_not_inflated() {
    let zeros = vec![0; 64 << 20];
    let mut bomb = plain("<f8", "(4, 3)", &[]);
    bomb.extend(&zeros);
    let header_bomb = [&b"\x93NUMPY\x02\x00"[..], &(60u32 << 20).to_le_bytes(), &zeros].concat();
    let text = [&plain("<U16777216", "()", &[])[..], &zeros].concat();
    for (bytes, said) in [
        (
            archive(&[("A.npy", &bomb)], CompressionMethod::Deflated),
            "holds 67108864 bytes of data, but shape 4 x 3 needs only 96",
        ),
        (
            archive(&[("A.npy", &header_bomb)], CompressionMethod::Deflated),
            "its header has 62914560 bytes, more than 1048576",
        ),
        (
            archive(&[("format.npy", &text), ("shape.npy", &text), ("data.npy", &text)], CompressionMethod::Deflated),
            "holds elements of type <U16777216",
        ),
    ] {
        assert!(bytes.len() < 1 << 20);
        let (read, peak) = crate::input::fuzz_tests::peak(|| read(&bytes, None));
        let problem = read.unwrap_err();
        assert!(problem.contains(said), "{problem}");
        assert!(peak < 1 << 20, "{peak} bytes");
    }
    // A directory that promises more than the deflated bytes can hold, in both places.
    let array = plain("<f8", "(65536, 65536)", &numbers(8));
    let mut lies = archive(&[("A.npy", &array)], CompressionMethod::Deflated);
    let (size, claim) = ((array.len() as u32).to_le_bytes(), ((32u64 << 26) as u32).to_le_bytes());
    let places: Vec<usize> = (0..lies.len() - 4).filter(|&at| lies[at..at + 4] == size).collect();
    assert!(places.len() >= 2, "{places:?}");
    places.iter().for_each(|&at| lies[at..at + 4].copy_from_slice(&claim));
    let problem = read(&lies, None).unwrap_err();
    assert!(problem.contains("'A' claims 2147483648 bytes, but"), "{problem}");
}
