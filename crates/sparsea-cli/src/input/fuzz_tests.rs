//! Damaged files: every reader must answer, and neither panic nor use memory beyond a multiple of the file.
//!
//! Each format has a corpus of files of NumPy and SciPy and of some made here. They are cut, spliced, flipped, and their
//! lengths edited; what is inside an archive is also damaged and packed again, so that its checksum is right and the
//! damage reaches what is behind it. `SPARSEA_FUZZ_SECONDS=120 cargo test -p sparsea-cli fuzz -- --nocapture` goes on for so
//! many seconds a format, beyond the same first rounds.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::io::{Cursor, Read, Write};
use std::time::{Duration, Instant};

use zip::CompressionMethod;

use super::*;
use std::fs;

/// The system's allocator, with a count of what each thread holds.
struct Counting;

thread_local! {
    static HELD: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

fn count(bytes: isize) {
    // Not while a thread ends.
    let _ = HELD.try_with(|held| {
        held.set(held.get() + bytes);
        PEAK.try_with(|peak| peak.set(peak.get().max(held.get())))
    });
}

// SAFETY: every call is passed on to `System` unchanged, which keeps the contract of `GlobalAlloc`; the counters are
// thread-local cells that need no destructor, and neither allocate nor unwind.
#[allow(unsafe_code, reason = "a global allocator cannot be made without")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size as isize - layout.size() as isize);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What `work` returns, and the most bytes that this thread held meanwhile beyond those before.
pub fn peak<V>(work: impl FnOnce() -> V) -> (V, usize) {
    let before = HELD.get();
    PEAK.set(before);
    let value = work();
    (value, (PEAK.get() - before) as usize)
}

/// A small generator: these tests need variety, and no quality.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) as usize % n.max(1)
    }

    fn of<'a, V>(&mut self, values: &'a [V]) -> &'a V {
        &values[self.below(values.len())]
    }
}

/// Bytes that mean something in some format are more telling than any.
const TELLING: &[u8] = b"\x00\xff\x7f\x80\x0e\x0f0919-+,;:.eEij#%\"'()[]{}\n\r \t";

/// Numbers and words in place of a number of a text.
const WORDS: [&str; 22] = [
    "",
    "0",
    "-1",
    "1",
    "2",
    "1.5",
    "1e308",
    "1e999",
    "-0",
    "nan",
    "inf",
    "NA",
    "\"\"",
    "4294967295",
    "4294967296",
    "16777217",
    "18446744073709551615",
    "99999999999999999999",
    "1000000000000",
    "1+2j",
    "\n",
    "\u{202e}\x1b[31m",
];

/// Damages a file in one to four places; `others` are files of the same format.
fn damage(bytes: &mut Vec<u8>, others: &[Vec<u8>], dice: &mut Dice) {
    for _ in 0..=dice.below(4) {
        let at = dice.below(bytes.len());
        let end = (at + dice.below(9)).min(bytes.len());
        match dice.below(11) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at..end)),
            2 => bytes.insert(at, *dice.of(TELLING)),
            3 => {
                let fill = *dice.of(&[0, 0xff]);
                bytes[at..end].fill(fill);
            }
            4 => {
                let piece = bytes[at..(at + dice.below(40)).min(bytes.len())].to_vec();
                let to = dice.below(bytes.len());
                bytes.splice(to..to, piece);
            }
            5 => {
                // The start of one file, the end of another.
                let other = dice.of(others);
                let from = dice.below(other.len());
                bytes.truncate(at);
                bytes.extend(&other[from..]);
            }
            6 | 7 => edit_length(bytes, at, dice),
            8 => edit_number(bytes, at, dice),
            9 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = *dice.of(TELLING);
                }
            }
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << dice.below(8);
                }
            }
        }
    }
}

/// Takes the bytes at `at` for a length and makes another of it.
fn edit_length(bytes: &mut [u8], at: usize, dice: &mut Dice) {
    let width = *dice.of(&[2, 4, 8]);
    // Most lengths lie at a multiple of four.
    let at = if dice.below(2) == 0 { at / 4 * 4 } else { at };
    let Some(field) = bytes.get_mut(at..at + width) else { return };
    let mut length = [0; 8];
    length[..width].copy_from_slice(field);
    let length = u64::from_le_bytes(length);
    let any = 1u64 << dice.below(8 * width);
    let edits = [
        0,
        1,
        length.wrapping_add(1),
        length.wrapping_sub(1),
        length << 1,
        length >> 1,
        any,
        any - 1,
        length | any,
        u64::MAX,
        i64::MAX as u64,
    ];
    field.copy_from_slice(&dice.of(&edits).to_le_bytes()[..width]);
}

/// Takes the digits at or behind `at` for a number and writes another in its place.
fn edit_number(bytes: &mut Vec<u8>, at: usize, dice: &mut Dice) {
    let Some(start) = bytes[at..].iter().position(u8::is_ascii_digit).map(|found| at + found) else { return };
    let length = bytes[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    bytes.splice(start..start + length, dice.of(&WORDS).bytes());
}

/// A file of the corpus, as its parts: damage to a part of an archive is packed again with the right checksum.
enum Sample {
    Plain,
    Npz(Vec<(String, Vec<u8>)>),
    /// The elements after the header, none compressed.
    Mat(Vec<Vec<u8>>),
}

impl Sample {
    fn of(format: Format, bytes: &[u8]) -> Self {
        match format {
            Format::Npz => {
                let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
                let members = (0..zip.len()).map(|at| {
                    let mut file = zip.by_index(at).unwrap();
                    let mut content = Vec::new();
                    file.read_to_end(&mut content).unwrap();
                    (file.name().unwrap().into_owned(), content)
                });
                Self::Npz(members.collect())
            }
            Format::Matlab if bytes.len() > 128 && bytes[126..128] == *b"IM" => {
                let (mut elements, mut rest) = (Vec::new(), &bytes[128..]);
                while let Some((tag, after)) = rest.split_first_chunk::<8>() {
                    let size = u32::from_le_bytes(*tag[4..].first_chunk().unwrap()) as usize;
                    let mut content = Vec::new();
                    match tag[0] {
                        15 => drop(flate2::read::ZlibDecoder::new(&after[..size]).read_to_end(&mut content).unwrap()),
                        _ => content = rest[..8 + size].to_vec(),
                    }
                    elements.push(content);
                    rest = &after[size..];
                }
                Self::Mat(elements)
            }
            _ => Self::Plain,
        }
    }

    /// The file with damage inside, or nothing if there is no inside.
    fn damaged_inside(&self, header: &[u8], dice: &mut Dice) -> Option<Vec<u8>> {
        match self {
            Self::Plain => None,
            Self::Npz(members) => {
                let contents: Vec<Vec<u8>> = members.iter().map(|(_, content)| content.clone()).collect();
                let mut members = members.clone();
                let at = dice.below(members.len());
                damage(&mut members[at].1, &contents, dice);
                if dice.below(8) == 0 {
                    let to = dice.below(members.len());
                    members.swap(at, to);
                }
                let members: Vec<(&str, &[u8])> =
                    members.iter().map(|(name, content)| (name.as_str(), &content[..])).collect();
                Some(npz::tests::archive(&members, *dice.of(&[CompressionMethod::Stored, CompressionMethod::Deflated])))
            }
            Self::Mat(elements) => {
                let at = dice.below(elements.len());
                let mut file = header[..128].to_vec();
                for (other, element) in elements.iter().enumerate() {
                    let mut element = element.clone();
                    if other == at {
                        damage(&mut element, elements, dice);
                    }
                    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
                    zlib.write_all(&element).unwrap();
                    let packed = zlib.finish().unwrap();
                    file.extend([15, packed.len() as u32].into_iter().flat_map(u32::to_le_bytes));
                    file.extend(packed);
                }
                Some(file)
            }
        }
    }
}

/// Files as NumPy and SciPy write them, and what they do not write.
fn corpus(format: Format) -> Vec<Vec<u8>> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut files: Vec<_> = fs::read_dir(fixtures).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    files.retain(|file| Format::of(file).is_ok_and(|of| of == format));
    let mut corpus: Vec<Vec<u8>> = files.iter().map(|file| fs::read(file).unwrap()).collect();
    let made: &[&str] = match format {
        Format::Text(Separator::Comma) => {
            &["1,2\n3,4\n", "a,b\r\n1,\"2\"\r\n# c\r\n3,4+1j\r\n", "x\n1\n2\n3\n", "1;2\n3;4\n"]
        }
        Format::Text(Separator::Tab) => &["a\tb\n1\t2\n3\t4\n", "1\n2\n3\n\n"],
        Format::Text(Separator::Blanks) => &["# c\n 1 2\n3\t4\n", "(1+2j)\n(3-4j)\n"],
        Format::MatrixMarket => &[
            "%%MatrixMarket matrix coordinate integer symmetric\n% c\n3 3 3\n1 1 4\n2 1 5\n3 2 6\n",
            "%%MatrixMarket matrix coordinate complex hermitian\n3 3 2\n1 1 4 0\n3 1 5 1\n",
            "%%MatrixMarket matrix coordinate pattern general\n3 4 3\n1 1\n2 4\n3 2\n",
            "%%MatrixMarket matrix array real skew-symmetric\n3 3\n1\n2\n3\n",
            "%%MatrixMarket matrix array complex hermitian\n2 2\n1 0\n2 3\n4 0\n",
            "%%MatrixMarket matrix coordinate real general\n5 1 2\n1 1 2.5\n4 1 -1\n",
        ],
        _ => &[],
    };
    corpus.extend(made.iter().map(|text| text.as_bytes().to_vec()));
    corpus
}

/// Reads a damaged file in every way, and says whether it was read at all.
fn check(format: Format, bytes: &[u8]) -> bool {
    let file = Path::new("A");
    if format == Format::Npy && !bytes.is_empty() {
        let finite =
            |matrix: Matrix| matrix.check_finite().map(|()| (matrix.nrows(), matrix.ncols(), matrix.is_complex()));
        let read = npy::matrix(bytes).and_then(finite).map_err(|problem| problem.to_string());
        let mapped = npy::mapped_matrix(&npy::tests::mapped(bytes)).and_then(finite);
        assert_eq!(mapped.map_err(|problem| problem.to_string()), read);
    }
    // 100 bytes an entry of a sparse matrix, which takes four in a file: triplets, twice with a symmetry, and the room to
    // sort them. What is compressed can be longer by a factor, and its numbers can be bytes.
    let factor = if format.holds_named_arrays() { 40 * 1032 } else { 400 };
    let mut any = false;
    for name in [None, Some("A"), Some("0")] {
        if name == Some("A") && !format.holds_named_arrays() {
            continue;
        }
        let (table, used) = peak(|| parse_table(format, bytes, file, name));
        let size = table.as_ref().map_or(0, |table| table.matrix.nrows() + table.matrix.ncols());
        let table = table.and_then(|table| table.matrix.check_finite());
        let (vector, used_too) = peak(|| parse_vector(format, bytes, file, name));
        let vector = vector.and_then(|vector| vector.check_finite());
        // Rows and columns without entries take room, but their number has a limit.
        let most = (1 << 18) + factor * bytes.len() + 64 * size;
        assert!(
            used.max(used_too) <= most,
            "{} bytes for a file of {}, {size} rows and columns",
            used.max(used_too),
            bytes.len()
        );
        any |= table.is_ok() || vector.is_ok();
        for problem in [table.err(), vector.err()].into_iter().flatten() {
            let line = InputError::new(file, problem).to_string();
            assert!(line == crate::text::visible(&line), "not one visible line: {line:?}");
        }
    }
    any
}

/// Rounds of the same damage in every run; the seconds asked for beyond them.
const ROUNDS: usize = 1500;

fn fuzz(format: Format) {
    let corpus = corpus(format);
    let samples: Vec<Sample> = corpus.iter().map(|bytes| Sample::of(format, bytes)).collect();
    let seconds = std::env::var("SPARSEA_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(0.0);
    let (begin, longer) = (Instant::now(), Duration::from_secs_f64(seconds));
    let mut dice = Dice(1);
    let (mut rounds, mut read) = (0, 0);
    for bytes in &corpus {
        for length in 0..bytes.len().min(2000) {
            check(format, &bytes[..length]);
        }
    }
    while rounds < ROUNDS || begin.elapsed() < longer {
        let at = dice.below(corpus.len());
        let inside = if dice.below(2) == 0 { None } else { samples[at].damaged_inside(&corpus[at], &mut dice) };
        let damaged = inside.unwrap_or_else(|| {
            let mut bytes = corpus[at].clone();
            damage(&mut bytes, &corpus, &mut dice);
            bytes
        });
        read += usize::from(check(format, &damaged));
        rounds += 1;
    }
    eprintln!("{format:?}: {rounds} damaged files, {read} of them read, {:.1} s", begin.elapsed().as_secs_f64());
    // Damage that nobody notices, and damage that is always fatal at once, would try nothing.
    assert!(read > rounds / 200 && read < rounds, "{read} of {rounds} were read");
}

#[test]
fn fuzz_npy() {
    fuzz(Format::Npy);
}

#[test]
fn fuzz_npz() {
    fuzz(Format::Npz);
}

#[test]
fn fuzz_mat() {
    fuzz(Format::Matlab);
}

#[test]
fn fuzz_mtx() {
    fuzz(Format::MatrixMarket);
}

#[test]
fn fuzz_csv() {
    fuzz(Format::Text(Separator::Comma));
}

#[test]
fn fuzz_tsv() {
    fuzz(Format::Text(Separator::Tab));
}

#[test]
fn fuzz_txt() {
    fuzz(Format::Text(Separator::Blanks));
}

#[test]
fn fuzz_random_bytes_are_refused() {
    let mut dice = Dice(2);
    for _ in 0..300 {
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
