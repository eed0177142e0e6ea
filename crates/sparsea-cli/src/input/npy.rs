//! NumPy's `.npy`: a header that is a Python dict literal, then the numbers.
//!
//! The header is read by a parser for exactly the three keys of the format, with no recursion, and its shape is
//! compared with the bytes that are there before anything is allocated. Pickled objects are code: never loaded.
//! A file that is longer than its shape says is refused like one that is shorter: which of the two is wrong, nobody knows.

use std::io::Read;
use std::sync::Arc;

use bytemuck::Pod;
use memmap2::Mmap;
use num_complex::Complex;
use sparsea::operator::WHOLE_LINE;

use super::array::{Matrix, Vector, dense, room};
use super::dense::{Dense, Layout};
use super::error::{Problem, Shape};
use super::mapped::MappedNumbers;
use super::narrow::Narrow;

/// The longest header that is read; NumPy itself stops at 10 000 bytes.
const LONGEST_HEADER: usize = 1 << 20;

/// An array as a `.npy` file holds it: its header is read, its numbers are still to come.
pub struct Npy<R> {
    /// What the header says.
    pub header: Header,
    source: R,
    /// Bytes after the header.
    held: u64,
}

/// Numbers of one kind, in file order.
pub enum Numbers {
    /// Integers, booleans and floats.
    Real(Vec<f64>),
    /// Complex numbers.
    Complex(Vec<Complex<f64>>),
}

fn malformed(rule: impl Into<String>) -> Problem {
    Problem::Malformed { format: ".npy", rule: rule.into() }
}

/// Reads a matrix from the bytes of a `.npy` file.
#[cfg(test)]
pub fn matrix(bytes: &[u8]) -> Result<Matrix, Problem> {
    Npy::open(bytes, bytes.len() as u64)?.matrix()
}

/// Reads a matrix from the bytes of a `.npy` file that was not mapped. Where sums over its lines are made in parts, it stays as narrow as
/// it is, as a file that is mapped: what is computed does not depend on the size of the file.
pub fn file_matrix(bytes: &[u8]) -> Result<Matrix, Problem> {
    let npy = Npy::open(bytes, bytes.len() as u64)?;
    let shape = &npy.header.shape;
    if shape.len() != 2 || shape.iter().all(|&length| length <= WHOLE_LINE as u64) {
        return npy.matrix();
    }
    match npy.header.native() {
        Some("f4") => npy.keep::<4, f32>(Narrow::F32),
        Some("i1") => npy.keep::<1, i8>(Narrow::I8),
        Some("i2") => npy.keep::<2, i16>(Narrow::I16),
        Some("i4") => npy.keep::<4, i32>(Narrow::I32),
        Some("u1") => npy.keep::<1, u8>(Narrow::U8),
        Some("b1") if bytes[bytes.len() - npy.held as usize..].iter().all(|&byte| byte <= 1) => {
            npy.keep::<1, u8>(Narrow::U8)
        }
        Some("c8") => npy.keep::<8, Complex<f32>>(Narrow::C32),
        _ => npy.matrix(),
    }
}

/// Reads a matrix from a `.npy` file that is mapped. Its numbers stay there if they are exactly those of doubles, in this machine's
/// order.
pub fn mapped_matrix(file: &Arc<Mmap>) -> Result<Matrix, Problem> {
    let npy = Npy::open(&file[..], file.len() as u64)?;
    let narrow = Matrix::Narrow;
    let stay = match npy.header.native() {
        Some("f8") => npy.stay::<f64>(file, Matrix::Dense)?,
        Some("c16") => npy.stay::<Complex<f64>>(file, Matrix::DenseComplex)?,
        Some("f4") => npy.stay::<f32>(file, |a| narrow(Narrow::F32(a)))?,
        Some("i1") => npy.stay::<i8>(file, |a| narrow(Narrow::I8(a)))?,
        Some("i2") => npy.stay::<i16>(file, |a| narrow(Narrow::I16(a)))?,
        Some("i4") => npy.stay::<i32>(file, |a| narrow(Narrow::I32(a)))?,
        Some("u1") => npy.stay::<u8>(file, |a| narrow(Narrow::U8(a)))?,
        // A boolean is true where its byte is anything but 0.
        Some("b1") if file[file.len() - npy.held as usize..].iter().all(|&byte| byte <= 1) => {
            npy.stay::<u8>(file, |a| narrow(Narrow::U8(a)))?
        }
        Some("c8") => npy.stay::<Complex<f32>>(file, |a| narrow(Narrow::C32(a)))?,
        _ => None,
    };
    stay.map_or_else(|| npy.matrix(), Ok)
}

/// Reads a vector from the bytes of a `.npy` file: one dimension, or a single row or column.
pub fn vector(bytes: &[u8]) -> Result<Vector, Problem> {
    Npy::open(bytes, bytes.len() as u64)?.vector()
}

impl<R: Read> Npy<R> {
    /// Reads the header. `length` is that of the whole file; a `source` that fails does so with [`Problem::Io`].
    pub fn open(mut source: R, length: u64) -> Result<Self, Problem> {
        if length == 0 {
            return Err(Problem::Empty);
        }
        let mut held = length;
        let mut take = |bytes: &mut [u8]| {
            held = held.checked_sub(bytes.len() as u64).ok_or_else(|| malformed("its header is cut short"))?;
            source.read_exact(bytes).map_err(Problem::Io)
        };
        let mut magic = [0; 6];
        if length < 6 || take(&mut magic).map(|()| magic != *b"\x93NUMPY")? {
            return Err(malformed("it does not start with \\x93NUMPY"));
        }
        let mut version = [0; 2];
        take(&mut version)?;
        let mut size = [0; 4];
        match version[0] {
            1 => take(&mut size[..2])?,
            2 | 3 => take(&mut size)?,
            other => return Err(malformed(format!("its version is {other}; known are 1 to 3"))),
        }
        let size = u32::from_le_bytes(size) as usize;
        if size as u64 > length {
            return Err(malformed("its header is cut short"));
        }
        if size > LONGEST_HEADER {
            return Err(malformed(format!("its header has {size} bytes, more than {LONGEST_HEADER}")));
        }
        let mut header = vec![0; size];
        take(&mut header)?;
        let header = std::str::from_utf8(&header).map_err(|_| malformed("its header is not text"))?;
        Ok(Self { header: parse_header(header)?, source, held })
    }

    /// Reads the numbers as a matrix.
    pub fn matrix(self) -> Result<Matrix, Problem> {
        let (nrows, ncols) = self.matrix_shape()?;
        let layout = self.header.layout;
        Ok(match self.numbers()? {
            Numbers::Real(values) => dense(values, nrows, ncols, layout),
            Numbers::Complex(values) => dense(values, nrows, ncols, layout),
        })
    }

    /// Reads the numbers as a vector.
    pub fn vector(self) -> Result<Vector, Problem> {
        let shape = &self.header.shape;
        if !matches!(shape.as_slice(), [_] | [1, _] | [_, 1]) {
            return Err(Problem::NotAVector(Shape(shape.clone())));
        }
        if shape.contains(&0) {
            return Err(Problem::EmptyShape(Shape(shape.clone())));
        }
        // The order of one row or column is the order in the file, whatever the layout.
        Ok(match self.numbers()? {
            Numbers::Real(values) => Vector::Real(values),
            Numbers::Complex(values) => Vector::Complex(values),
        })
    }

    /// The number of elements of this size, once the shape and the length of the file agree on it.
    fn count(&self, size: usize) -> Result<usize, Problem> {
        let shape = || Shape(self.header.shape.clone());
        // An empty dimension does not make the others harmless: their product is never formed unchecked.
        let needed = self
            .header
            .shape
            .iter()
            .try_fold(size as u128, |product, &n| product.checked_mul(u128::from(n)))
            .unwrap_or(u128::MAX);
        let held = u128::from(self.held);
        if needed > held {
            return Err(Problem::CutShort { shape: shape(), needed, held: self.held });
        }
        if needed < held {
            return Err(Problem::TooLong { shape: shape(), needed, held: self.held });
        }
        usize::try_from(needed).map(|needed| needed / size).map_err(|_| Problem::NoRoom { bytes: needed })
    }

    /// The rows and columns of a matrix.
    fn matrix_shape(&self) -> Result<(usize, usize), Problem> {
        let shape = &self.header.shape;
        match *shape.as_slice() {
            [0, _] | [_, 0] => Err(Problem::EmptyShape(Shape(shape.clone()))),
            [nrows, ncols] => Ok((nrows as usize, ncols as usize)),
            _ => Err(Problem::NotAMatrix(Shape(shape.clone()))),
        }
    }

    /// The matrix whose numbers stay in the file, or nothing if they do not lie where the processor can read them.
    fn stay<T: Pod>(&self, file: &Arc<Mmap>, matrix: impl Fn(Dense<T>) -> Matrix) -> Result<Option<Matrix>, Problem> {
        let (nrows, ncols) = self.matrix_shape()?;
        let start = file.len() - self.held as usize;
        let end = start + size_of::<T>() * self.count(size_of::<T>())?;
        let numbers = MappedNumbers::<T>::new(file, start..end);
        Ok(numbers.map(|numbers| matrix(Dense::mapped(numbers, nrows, ncols, self.header.layout))))
    }

    /// The matrix of numbers that are read as they are, N bytes each.
    fn keep<const N: usize, T: Pod>(self, matrix: impl Fn(Dense<T>) -> Narrow) -> Result<Matrix, Problem> {
        let (nrows, ncols) = self.matrix_shape()?;
        let layout = self.header.layout;
        let values = self.decode(|bytes: [u8; N]| bytemuck::pod_read_unaligned(&bytes))?;
        Ok(Matrix::Narrow(matrix(Dense::new(values, nrows, ncols, layout))))
    }

    /// Reads the elements, to the end of the file.
    pub fn numbers(self) -> Result<Numbers, Problem> {
        let unknown = || Problem::ElementType(self.header.descr.clone());
        let mut rest = self.header.descr.chars();
        let order = rest.next().ok_or_else(unknown)?;
        let swap = match order {
            '<' | '|' => false,
            '>' => true,
            '=' => cfg!(target_endian = "big"),
            _ => return Err(unknown()),
        };
        macro_rules! read {
            ($type:ty) => {{
                const N: usize = size_of::<$type>();
                self.decode(|bytes: [u8; N]| <$type>::from_le_bytes(ordered(bytes, swap)) as f64).map(Numbers::Real)
            }};
        }
        match rest.as_str() {
            "f8" => read!(f64),
            "f4" => read!(f32),
            "f2" => self.decode(|bytes| half(u16::from_le_bytes(ordered(bytes, swap)))).map(Numbers::Real),
            "i1" => read!(i8),
            "i2" => read!(i16),
            "i4" => read!(i32),
            "i8" => read!(i64),
            "u1" => read!(u8),
            "u2" => read!(u16),
            "u4" => read!(u32),
            "u8" => read!(u64),
            "b1" => self.decode(|[byte]| f64::from(u8::from(byte != 0))).map(Numbers::Real),
            // A complex number is two floats: each is swapped by itself.
            "c16" => {
                let part = |bytes: &[u8; 8]| f64::from_le_bytes(ordered(*bytes, swap));
                self.decode(|bytes: [u8; 16]| pair(bytes, part)).map(Numbers::Complex)
            }
            "c8" => {
                let part = |bytes: &[u8; 4]| f64::from(f32::from_le_bytes(ordered(*bytes, swap)));
                self.decode(|bytes: [u8; 8]| pair(bytes, part)).map(Numbers::Complex)
            }
            "O" | "O8" | "O4" => Err(Problem::PythonObjects),
            _ => Err(unknown()),
        }
    }

    /// Reads all elements piece by piece. The source is read to its end, where an archive compares its checksum.
    fn decode<const N: usize, T>(mut self, value: impl Fn([u8; N]) -> T) -> Result<Vec<T>, Problem> {
        let count = self.count(N)?;
        let mut values = room(count)?;
        let mut piece = vec![0; (N * count).min(1 << 16)];
        while values.len() < count {
            let length = (N * (count - values.len())).min(piece.len());
            let piece = &mut piece[..length];
            self.source.read_exact(piece).map_err(Problem::Io)?;
            values.extend(piece.as_chunks::<N>().0.iter().map(|&chunk| value(chunk)));
        }
        match self.source.read(&mut [0]).map_err(Problem::Io)? {
            0 => Ok(values),
            _ => Err(malformed("it goes on where it should end")),
        }
    }

    /// The bytes of a single short word, `size` of them.
    pub fn word(mut self, size: usize) -> Result<Vec<u8>, Problem> {
        const LONGEST: usize = 256;
        if self.count(size)? != 1 || size > LONGEST {
            return Err(Problem::ElementType(self.header.descr.clone()));
        }
        let mut bytes = Vec::new();
        self.source.read_to_end(&mut bytes).map_err(Problem::Io)?;
        Ok(bytes)
    }
}

/// The bytes of one number, in little-endian order.
fn ordered<const N: usize>(mut bytes: [u8; N], swap: bool) -> [u8; N] {
    if swap {
        bytes.reverse();
    }
    bytes
}

fn pair<const N: usize, const HALF: usize>(bytes: [u8; N], part: impl Fn(&[u8; HALF]) -> f64) -> Complex<f64> {
    match bytes.as_chunks::<HALF>().0 {
        [re, im] => Complex::new(part(re), part(im)),
        _ => Complex::new(f64::NAN, f64::NAN),
    }
}

/// The value of an IEEE half-precision float.
fn half(bits: u16) -> f64 {
    let exponent = i32::from(bits >> 10 & 0x1f);
    let fraction = f64::from(bits & 0x3ff);
    let magnitude = match exponent {
        0 => fraction * 2f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1024.0 + fraction) * 2f64.powi(exponent - 25),
    };
    if bits >> 15 == 1 { -magnitude } else { magnitude }
}

/// What the header of a `.npy` file says.
pub struct Header {
    /// NumPy's type string, as in `<f8`.
    pub descr: String,
    layout: Layout,
    /// The lengths of its dimensions.
    pub shape: Vec<u64>,
}

impl Header {
    /// The type of the numbers, if they are in the order of this machine.
    fn native(&self) -> Option<&str> {
        const NATIVE: char = if cfg!(target_endian = "little") { '<' } else { '>' };
        self.descr.strip_prefix([NATIVE, '|'])
    }
}

/// Reads `{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }`, its keys in any order.
fn parse_header(text: &str) -> Result<Header, Problem> {
    let mut scanner = Scanner { rest: text };
    let (mut descr, mut layout, mut shape) = (None, None, None);
    scanner.expect("{")?;
    while !scanner.accept("}") {
        let key = scanner.string()?;
        scanner.expect(":")?;
        match key {
            "descr" if scanner.rest.trim_start().starts_with('[') => {
                // A list of fields, some of which may be objects: not numbers in either case.
                return Err(Problem::ElementType("record (structured array)".to_owned()));
            }
            "descr" => descr = Some(scanner.string()?.to_owned()),
            "fortran_order" if scanner.accept("False") => layout = Some(Layout::Rows),
            "fortran_order" if scanner.accept("True") => layout = Some(Layout::Columns),
            "shape" => shape = Some(scanner.shape()?),
            _ => return Err(scanner.unexpected()),
        }
        if !scanner.accept(",") {
            scanner.expect("}")?;
            break;
        }
    }
    if !scanner.rest.trim().is_empty() {
        return Err(scanner.unexpected());
    }
    let missing = |key: &str| malformed(format!("its header lacks '{key}'"));
    Ok(Header {
        descr: descr.ok_or_else(|| missing("descr"))?,
        layout: layout.ok_or_else(|| missing("fortran_order"))?,
        shape: shape.ok_or_else(|| missing("shape"))?,
    })
}

/// What is left of a header.
struct Scanner<'a> {
    rest: &'a str,
}

impl<'a> Scanner<'a> {
    fn accept(&mut self, token: &str) -> bool {
        match self.rest.trim_start().strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, token: &str) -> Result<(), Problem> {
        if self.accept(token) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn unexpected(&self) -> Problem {
        let near: String = self.rest.trim_start().chars().take(20).collect();
        malformed(format!("its header is wrong at '{}'", near.escape_debug()))
    }

    /// A quoted word; none of those in a header of numbers needs an escape.
    fn string(&mut self) -> Result<&'a str, Problem> {
        let rest = self.rest.trim_start();
        rest.chars()
            .next()
            .filter(|quote| matches!(quote, '\'' | '"'))
            .and_then(|quote| rest[1..].split_once(quote))
            .map(|(word, rest)| {
                self.rest = rest;
                word
            })
            .ok_or_else(|| self.unexpected())
    }

    /// A tuple of whole numbers; Python 2 wrote them with an `L`.
    fn shape(&mut self) -> Result<Vec<u64>, Problem> {
        // NumPy itself stops at 64.
        const MOST_DIMENSIONS: usize = 64;
        let mut shape = Vec::new();
        self.expect("(")?;
        while !self.accept(")") {
            let rest = self.rest.trim_start();
            let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            let number = rest[..end].parse().map_err(|_| self.unexpected())?;
            if shape.len() == MOST_DIMENSIONS {
                return Err(self.unexpected());
            }
            shape.push(number);
            self.rest = &rest[end..];
            self.accept("L");
            if !self.accept(",") {
                self.expect(")")?;
                break;
            }
        }
        Ok(shape)
    }
}

#[cfg(test)]
#[path = "npy_tests.rs"]
pub(super) mod tests;
