//! Damaged files: every reader must answer, and neither panic nor run out of memory.

use super::*;

/// A small generator of its own: these tests need variety, and no quality.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) as usize % n.max(1)
    }
}

fn damage(bytes: &mut Vec<u8>, dice: &mut Dice) {
    // Bytes that mean something in some format are more telling than any.
    const TELLING: &[u8] = b"\x00\xff\x7f\x80\x0e\x0f0919-+,;:.eEij#%\"'()[]{}\n\r \t";
    for _ in 0..=dice.below(4) {
        let at = dice.below(bytes.len());
        match dice.below(7) {
            0 => bytes.truncate(at),
            1 => {
                bytes.drain(at..(at + dice.below(9)).min(bytes.len()));
            }
            2 => bytes.insert(at, TELLING[dice.below(TELLING.len())]),
            3 => {
                let end = (at + dice.below(9)).min(bytes.len());
                bytes[at..end].fill(0xff);
            }
            4 => {
                let piece = bytes[at..(at + dice.below(20)).min(bytes.len())].to_vec();
                let to = dice.below(bytes.len());
                bytes.splice(to..to, piece);
            }
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = TELLING[dice.below(TELLING.len())];
                }
            }
        }
    }
}

fn check(format: Format, bytes: &[u8]) {
    let file = Path::new("A");
    if format == Format::Npy && !bytes.is_empty() {
        let finite =
            |matrix: Matrix| matrix.check_finite().map(|()| (matrix.nrows(), matrix.ncols(), matrix.is_complex()));
        let read = npy::matrix(bytes).and_then(finite).map_err(|problem| problem.to_string());
        let mapped = npy::mapped_matrix(&npy::tests::mapped(bytes)).and_then(finite);
        assert_eq!(mapped.map_err(|problem| problem.to_string()), read);
    }
    for name in [None, Some("A")] {
        for problem in [
            parse_table(format, bytes, file, name).and_then(|table| table.matrix.check_finite()).err(),
            parse_vector(format, bytes, file, name).and_then(|vector| vector.check_finite()).err(),
        ]
        .into_iter()
        .flatten()
        {
            let line = InputError::new(file, problem).to_string();
            assert!(!line.chars().any(char::is_control), "not one line: {line:?}");
        }
        if !format.holds_named_arrays() {
            break;
        }
    }
}

#[test]
fn damaged_files_are_read_or_refused() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut files: Vec<_> = fs::read_dir(fixtures).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    let mut dice = Dice(1);
    for file in files {
        let Ok(format) = Format::of(&file) else {
            continue;
        };
        let bytes = fs::read(&file).unwrap();
        for length in 0..bytes.len() {
            check(format, &bytes[..length]);
        }
        for _ in 0..rounds() {
            let mut damaged = bytes.clone();
            damage(&mut damaged, &mut dice);
            check(format, &damaged);
        }
    }
}

#[test]
fn random_bytes_are_refused() {
    let mut dice = Dice(2);
    for _ in 0..rounds() {
        let length = dice.below(300);
        let bytes: Vec<u8> = (0..length).map(|_| dice.below(256) as u8).collect();
        for format in [
            Format::Npy,
            Format::Npz,
            Format::Text(Separator::Comma),
            Format::Text(Separator::Tab),
            Format::Text(Separator::Blanks),
            Format::MatrixMarket,
            Format::Matlab,
        ] {
            check(format, &bytes);
        }
    }
}

/// More with `SPARSEA_FUZZ_ROUNDS=100000`.
fn rounds() -> usize {
    let rounds = std::env::var("SPARSEA_FUZZ_ROUNDS").ok();
    rounds.and_then(|text| text.parse().ok()).unwrap_or(300)
}
