//! The bytes of a file or of standard input, decompressed.

use std::fs;
use std::io::{self, Read};
use std::path::Path;
use std::sync::OnceLock;

use flate2::read::MultiGzDecoder;

use super::error::Problem;

/// What `-` reads.
static STANDARD_INPUT: OnceLock<Result<Vec<u8>, String>> = OnceLock::new();

/// All of standard input. It is read once and kept: an archive in it may hold both A and y.
pub fn standard_input() -> Result<Vec<u8>, Problem> {
    let read = STANDARD_INPUT.get_or_init(|| {
        let mut bytes = Vec::new();
        io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes).map_err(|error| error.to_string())
    });
    match read {
        Ok(bytes) => unpacked(bytes.clone()),
        Err(error) => Err(Problem::Io(io::Error::other(error.clone()))),
    }
}

/// All of a file.
pub fn of_file(file: &Path) -> Result<Vec<u8>, Problem> {
    let bytes = fs::read(file).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Problem::NoSuchFile,
        _ => Problem::Io(error),
    })?;
    unpacked(bytes)
}

/// What gzip packed, unpacked; anything else as it is. The content decides, as many programs unpack and keep the name.
fn unpacked(bytes: Vec<u8>) -> Result<Vec<u8>, Problem> {
    const PIECE: usize = 1 << 16;
    if !bytes.starts_with(b"\x1f\x8b") {
        return Ok(bytes);
    }
    let mut decoder = MultiGzDecoder::new(&bytes[..]);
    let (mut out, mut piece) = (Vec::new(), vec![0; PIECE]);
    loop {
        let count = decoder
            .read(&mut piece)
            .map_err(|error| Problem::Malformed { format: "gzip", rule: format!("{error}; it may be cut short") })?;
        if count == 0 {
            return Ok(out);
        }
        // A few bytes may unpack to more than there is memory for.
        let needed = (out.len() + count) as u128;
        out.try_reserve(count).map_err(|_| Problem::NoRoom { bytes: needed })?;
        out.extend_from_slice(&piece[..count]);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn gzip_is_unpacked_by_its_content() {
        let text = b"1,2\n3,4\n".repeat(40_000);
        assert_eq!(unpacked(packed(&text)).unwrap(), text);
        assert_eq!(unpacked(text.clone()).unwrap(), text);
        // Several members, as `cat a.gz b.gz` makes them.
        assert_eq!(unpacked([packed(b"1\n"), packed(b"2\n")].concat()).unwrap(), b"1\n2\n");
    }

    #[test]
    fn a_damaged_gzip_file_is_refused() {
        let whole = packed(&b"1,2\n3,4\n".repeat(1000));
        for length in [2, 9, whole.len() / 2, whole.len() - 1] {
            let said = unpacked(whole[..length].to_vec()).unwrap_err().to_string();
            assert!(said.starts_with("is not a valid gzip file: "), "{said}");
        }
        let mut damaged = whole;
        let end = damaged.len() - 6;
        damaged[end] ^= 1;
        assert!(unpacked(damaged).is_err(), "the checksum is not compared");
    }
}
