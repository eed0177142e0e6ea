//! MATLAB `.mat` files of level 5 (`-v6` and, compressed, `-v7`): numeric and sparse arrays.
//!
//! Own code, because the crate `matfile` 0.5 reads neither sparse nor int32 arrays, silently drops everything after
//! the first array it cannot read, and prints to standard output.

use std::borrow::Cow;
use std::io::Read;

use faer::sparse::Triplet;
use num_complex::Complex;

use super::array::{Entry, Matrix, Vector, dense, room, sparse};
use super::container::{Container, DEFLATE_RATIO, choose};
use super::dense::Layout;
use super::error::{Problem, Shape};

const COMPRESSED: u32 = 15;
const MATRIX: u32 = 14;
const CLASS_SPARSE: u8 = 5;
/// Those of the format, with those that MATLAB's own objects and functions have.
const CLASSES: std::ops::RangeInclusive<u8> = 1..=18;
/// double, single, and eight kinds of integers.
const CLASSES_NUMERIC: std::ops::RangeInclusive<u8> = 6..=15;

fn malformed(rule: impl Into<String>) -> Problem {
    Problem::Malformed { format: ".mat", rule: rule.into() }
}

fn cut() -> Problem {
    malformed("it is cut short")
}

/// The longest head of an array that is read: flags, shape and name.
const LONGEST_HEAD: u64 = 1 << 12;

/// A `.mat` file and the numeric arrays in it.
pub struct Mat5<'a> {
    elements: Vec<Element<'a>>,
    /// The heads of the numeric arrays, and which element each belongs to.
    arrays: Vec<(Array, usize)>,
    names: Vec<String>,
}

/// The head of an array.
struct Array {
    big_endian: bool,
    class: u8,
    complex: bool,
    shape: Vec<u64>,
    /// Where the numbers start in the content.
    numbers: usize,
}

impl<'a> Mat5<'a> {
    /// Lists the arrays of a file.
    pub fn open(bytes: &'a [u8], file: &str) -> Result<Self, Problem> {
        if bytes.is_empty() {
            return Err(Problem::Empty);
        }
        let (big_endian, mut rest) = check_header(bytes, file)?;
        let (mut elements, mut arrays, mut names) = (Vec::new(), Vec::new(), Vec::new());
        while !rest.is_empty() {
            let element = match take_element(&mut rest, big_endian, true)? {
                (COMPRESSED, data) => Element::Compressed { data, big_endian },
                (MATRIX, data) => Element::Plain(data),
                // What is passed over here could be an array whose tag is damaged.
                (kind, _) => return Err(malformed(format!("it holds an element of type {kind} among its arrays"))),
            };
            // Cells, structs, texts and unnamed data of MATLAB's own are passed over.
            if let Some((name, array)) = Array::parse(&element.head()?, big_endian)? {
                names.push(name);
                arrays.push((array, elements.len()));
            }
            elements.push(element);
        }
        Ok(Self { elements, arrays, names })
    }
}

impl Container for Mat5<'_> {
    fn matrix(&mut self, file: &str, name: Option<&str>) -> Result<Matrix, Problem> {
        let chosen = choose(file, name, &self.names)?;
        let found = self.names.iter().position(|n| *n == chosen).and_then(|at| self.arrays.get(at));
        let (array, at) = found.ok_or(Problem::NoArrays)?;
        if name.is_none() {
            // It is the only one by what the heads of the others say, so their checksums count too.
            let others = self.elements.iter().enumerate().filter(|(other, _)| other != at);
            others.map(|(_, element)| element).try_for_each(Element::check)?;
        }
        let content = self.elements[*at].content(|size| array.check_size(size))?;
        array.matrix(&content)
    }

    fn vector(&mut self, file: &str, name: Option<&str>) -> Result<Vector, Problem> {
        self.matrix(file, name)?.into_vector()
    }
}

/// An array as the file holds it.
enum Element<'a> {
    Plain(&'a [u8]),
    Compressed { data: &'a [u8], big_endian: bool },
}

impl<'a> Element<'a> {
    /// The first bytes of the content, whose checksum is not known yet.
    fn head(&self) -> Result<Cow<'a, [u8]>, Problem> {
        match *self {
            Self::Plain(data) => Ok(Cow::Borrowed(data)),
            Self::Compressed { data, big_endian } => {
                let mut stream = Stream::open(data, big_endian)?;
                let mut head = vec![0; stream.size.min(LONGEST_HEAD) as usize];
                stream.decoder.read_exact(&mut head).map_err(broken)?;
                Ok(Cow::Owned(head))
            }
        }
    }

    /// The whole content, if `fits` accepts its size. A compressed one is inflated to its checksum.
    fn content(&self, fits: impl FnOnce(u64) -> Result<(), Problem>) -> Result<Cow<'a, [u8]>, Problem> {
        match *self {
            Self::Plain(data) => Ok(Cow::Borrowed(data)),
            Self::Compressed { data, big_endian } => {
                let mut stream = Stream::open(data, big_endian)?;
                fits(stream.size)?;
                let mut content = room(stream.size as usize)?;
                (&mut stream.decoder).take(stream.size).read_to_end(&mut content).map_err(broken)?;
                stream.finish(content.len() as u64)?;
                Ok(Cow::Owned(content))
            }
        }
    }

    /// Compares the checksum, if there is one; keeps nothing.
    fn check(&self) -> Result<(), Problem> {
        let Self::Compressed { data, big_endian } = *self else { return Ok(()) };
        let mut stream = Stream::open(data, big_endian)?;
        let size = stream.size;
        let read = std::io::copy(&mut (&mut stream.decoder).take(size), &mut std::io::sink()).map_err(broken)?;
        stream.finish(read)
    }
}

fn broken(error: std::io::Error) -> Problem {
    malformed(format!("cannot decompress: {error}"))
}

/// A compressed array: zlib's stream, which ends in a checksum, of one element.
struct Stream<'a> {
    decoder: flate2::bufread::ZlibDecoder<&'a [u8]>,
    /// Bytes of the element.
    size: u64,
}

impl<'a> Stream<'a> {
    fn open(data: &'a [u8], big_endian: bool) -> Result<Self, Problem> {
        let mut decoder = flate2::bufread::ZlibDecoder::new(data);
        let mut tag = [0; 8];
        decoder.read_exact(&mut tag).map_err(broken)?;
        let [kind, size] =
            [[tag[0], tag[1], tag[2], tag[3]], [tag[4], tag[5], tag[6], tag[7]]].map(|bytes| word(bytes, big_endian));
        if kind != MATRIX {
            return Err(malformed(format!("a compressed element is of type {kind}")));
        }
        let (size, packed) = (u64::from(size), data.len() as u64);
        if size > packed.saturating_mul(DEFLATE_RATIO) {
            return Err(malformed(format!(
                "an array claims {size} bytes, but {packed} compressed ones cannot hold them"
            )));
        }
        Ok(Self { decoder, size })
    }

    /// Once `read` bytes were read: that the stream ends there, that its checksum is right, and that nothing follows.
    fn finish(mut self, read: u64) -> Result<(), Problem> {
        if read < self.size {
            return Err(cut());
        }
        // What pads the element may follow it.
        let mut padding = [0; 8];
        let mut left = padding.len();
        while left > 0 {
            match self.decoder.read(&mut padding[..left]).map_err(broken)? {
                0 => break,
                count => left -= count,
            }
        }
        if left == 0 || !self.decoder.get_ref().is_empty() {
            return Err(malformed("a compressed array goes on where it should end"));
        }
        Ok(())
    }
}

/// Finds out which kind of `.mat` this is: the byte order and what follows the header.
fn check_header<'a>(bytes: &'a [u8], file: &str) -> Result<(bool, &'a [u8]), Problem> {
    let save_again = format!("save it with save('{file}', 'A', '-v7') and read that");
    let unsupported = |what: &str| Problem::Unsupported { what: what.to_owned(), advice: save_again.clone() };
    const HDF5: &[u8] = b"\x89HDF\r\n\x1a\n";
    let is_hdf5 = bytes.starts_with(b"MATLAB 7.3")
        || bytes.starts_with(HDF5)
        || bytes.get(512..).is_some_and(|rest| rest.starts_with(HDF5));
    if is_hdf5 {
        return Err(unsupported("a MATLAB v7.3 (HDF5) file"));
    }
    if bytes.starts_with(b"# Created by Octave") || bytes.starts_with(b"Octave-1-") {
        return Err(unsupported("in Octave's own format"));
    }
    // Level 4 has no text at its start: one of its first four bytes is zero.
    if bytes.len() >= 20 && bytes[..4].contains(&0) {
        return Err(unsupported("a MATLAB v4 file, or none at all"));
    }
    let (header, rest) = bytes.split_first_chunk::<128>().ok_or_else(|| malformed("its header is cut short"))?;
    match &header[124..] {
        [0, 1, b'I', b'M'] => Ok((false, rest)),
        [1, 0, b'M', b'I'] => Ok((true, rest)),
        _ => Err(malformed("its header is not that of level 5")),
    }
}

fn word(bytes: [u8; 4], big_endian: bool) -> u32 {
    if big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
}

/// Takes the next element, its kind and its bytes, off the front of `rest`.
fn take_element<'a>(rest: &mut &'a [u8], big_endian: bool, top: bool) -> Result<(u32, &'a [u8]), Problem> {
    let (tag, after) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
    let tag = word(*tag, big_endian);
    let (kind, size, after, padded) = if tag >> 16 == 0 {
        let (size, after) = after.split_first_chunk::<4>().ok_or_else(cut)?;
        let size = word(*size, big_endian) as usize;
        // Compressed elements follow each other without a gap; all others start at a multiple of 8.
        let gap = if top && tag == COMPRESSED { 1 } else { 8 };
        (tag, size, after, size.next_multiple_of(gap))
    } else {
        // Up to four bytes are stored beside their own length.
        let size = (tag >> 16) as usize;
        if size > 4 {
            return Err(malformed(format!("a small element has {size} bytes")));
        }
        (tag & 0xffff, size, after, 4)
    };
    let data = after.get(..size).ok_or_else(cut)?;
    // The padding of the last element may be missing.
    *rest = after.get(padded..).unwrap_or_default();
    Ok((kind, data))
}

impl Array {
    /// Reads the head of an array; nothing if it holds no numbers or has no name.
    fn parse(head: &[u8], big_endian: bool) -> Result<Option<(String, Self)>, Problem> {
        let mut rest = head;
        let (_, flags) = take_element(&mut rest, big_endian, false)?;
        let flags = word(*flags.first_chunk().ok_or_else(cut)?, big_endian);
        let class = (flags & 0xff) as u8;
        if !CLASSES.contains(&class) {
            return Err(malformed(format!("an array is of class {class}; known are 1 to {}", CLASSES.end())));
        }
        if class != CLASS_SPARSE && !CLASSES_NUMERIC.contains(&class) {
            return Ok(None);
        }
        let (_, shape) = take_element(&mut rest, big_endian, false)?;
        let (shape, _) = shape.as_chunks::<4>();
        let shape = shape.iter().map(|&n| u64::from(word(n, big_endian)));
        let shape: Vec<_> = shape.collect();
        let (_, name) = take_element(&mut rest, big_endian, false)?;
        let name = String::from_utf8_lossy(name).into_owned();
        if name.is_empty() {
            return Ok(None);
        }
        let numbers = head.len() - rest.len();
        let array = Self { big_endian, class, complex: flags & 0x800 != 0, shape, numbers };
        Ok(Some((name, array)))
    }

    /// Whether a content of this size can be what the shape says, before it is inflated.
    fn check_size(&self, size: u64) -> Result<(), Problem> {
        // A sparse array may have room left: its shape says nothing.
        if self.class == CLASS_SPARSE {
            return Ok(());
        }
        let parts = if self.complex { 2 } else { 1 };
        let count = self.shape.iter().try_fold(1u128, |product, &n| product.checked_mul(u128::from(n)));
        let count = count.unwrap_or(u128::MAX);
        let size = u128::from(size);
        // Numbers take one to eight bytes each; each part has a tag and is padded, both of eight bytes.
        let most =
            count.saturating_mul(8).saturating_add(16).saturating_mul(parts).saturating_add(self.numbers as u128);
        if count.saturating_mul(parts) > size || size > most {
            return Err(malformed(format!("shape {} does not fit {size} bytes", Shape(self.shape.clone()))));
        }
        Ok(())
    }

    fn matrix(&self, content: &[u8]) -> Result<Matrix, Problem> {
        let shape = || Shape(self.shape.clone());
        let &[nrows, ncols] = self.shape.as_slice() else {
            return Err(Problem::NotAMatrix(shape()));
        };
        if nrows == 0 || ncols == 0 {
            return Err(Problem::EmptyShape(shape()));
        }
        let (nrows, ncols) = (nrows as usize, ncols as usize);
        let mut rest = content.get(self.numbers..).unwrap_or_default();
        if self.class == CLASS_SPARSE {
            return self.sparse(nrows, ncols, &mut rest);
        }
        let real = self.take_numbers(&mut rest)?;
        let count = nrows.checked_mul(ncols);
        let check = |found: usize| {
            if count == Some(found) {
                return Ok(());
            }
            Err(malformed(format!("shape {} does not fit {found} values", shape())))
        };
        check(real.len())?;
        if !self.complex {
            return Ok(dense(real, nrows, ncols, Layout::Columns));
        }
        let imaginary = self.take_numbers(&mut rest)?;
        check(imaginary.len())?;
        Ok(dense(complex(&real, &imaginary), nrows, ncols, Layout::Columns))
    }

    /// Rows of the entries, where each column starts, and the values; there may be room left at the end of each.
    fn sparse(&self, nrows: usize, ncols: usize, rest: &mut &[u8]) -> Result<Matrix, Problem> {
        let rows = self.take_numbers(rest)?;
        let starts = self.take_numbers(rest)?;
        let starts: Option<Vec<_>> = starts.into_iter().map(super::whole_number).collect();
        let starts = starts
            .filter(|s| s.len() == ncols + 1 && s.first() == Some(&0) && s.is_sorted())
            .ok_or_else(|| malformed("the column starts of a sparse array are out of order"))?;
        let real = self.take_numbers(rest)?;
        if !self.complex {
            return build(nrows, &rows, &starts, &real);
        }
        let imaginary = self.take_numbers(rest)?;
        build(nrows, &rows, &starts, &complex(&real, &imaginary))
    }

    /// Numbers of any stored type: MATLAB stores doubles in the smallest type that holds them.
    fn take_numbers(&self, rest: &mut &[u8]) -> Result<Vec<f64>, Problem> {
        let (kind, data) = take_element(rest, self.big_endian, false)?;
        macro_rules! read {
            ($type:ty) => {{
                let (chunks, _) = data.as_chunks::<{ size_of::<$type>() }>();
                let value = if self.big_endian { <$type>::from_be_bytes } else { <$type>::from_le_bytes };
                let mut numbers = room(chunks.len())?;
                numbers.extend(chunks.iter().map(|&chunk| value(chunk) as f64));
                numbers
            }};
        }
        Ok(match kind {
            1 => read!(i8),
            2 => read!(u8),
            3 => read!(i16),
            4 => read!(u16),
            5 => read!(i32),
            6 => read!(u32),
            7 => read!(f32),
            9 => read!(f64),
            12 => read!(i64),
            13 => read!(u64),
            _ => return Err(malformed(format!("numbers are stored as type {kind}"))),
        })
    }
}

fn complex(real: &[f64], imaginary: &[f64]) -> Vec<Complex<f64>> {
    let pairs = real.iter().zip(imaginary);
    pairs.map(|(&re, &im)| Complex::new(re, im)).collect()
}

fn build<T: Entry>(nrows: usize, rows: &[f64], starts: &[usize], values: &[T]) -> Result<Matrix, Problem> {
    let count = starts.last().copied().unwrap_or(0);
    if count > rows.len() || count > values.len() {
        return Err(cut());
    }
    let mut entries = room(count)?;
    for (col, ends) in starts.windows(2).enumerate() {
        for at in ends[0]..ends[1] {
            let row = super::whole_number(rows[at])
                .filter(|&row| row < nrows)
                .ok_or_else(|| malformed("a row of a sparse array is out of range"))?;
            let val = values[at];
            entries.push(Triplet { row, col, val });
        }
    }
    sparse(nrows, starts.len() - 1, &entries)
}

#[cfg(test)]
#[path = "matlab_tests.rs"]
mod tests;
