//! NumPy's `.npy`: a header that is a Python dict literal, then the numbers.
//!
//! The header is read by a parser for exactly the three keys of the format, with no recursion, and its shape is
//! compared with the bytes that are there before anything is allocated. Pickled objects are code: never loaded.

use std::sync::Arc;

use bytemuck::Pod;
use memmap2::Mmap;
use num_complex::Complex;

use super::array::{Entry, Matrix, Vector, dense};
use super::dense::{Dense, Layout};
use super::error::{Problem, Shape};
use super::mapped::MappedNumbers;

/// An array as a `.npy` file holds it, not yet decoded.
pub struct Npy<'a> {
    /// The lengths of its dimensions.
    pub shape: Vec<u64>,
    /// NumPy's type string, as in `<f8`.
    pub descr: String,
    layout: Layout,
    data: &'a [u8],
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
pub fn matrix(bytes: &[u8]) -> Result<Matrix, Problem> {
    let npy = Npy::parse(bytes)?;
    let (nrows, ncols) = npy.matrix_shape()?;
    Ok(match npy.numbers()? {
        Numbers::Real(values) => dense(values, nrows, ncols, npy.layout),
        Numbers::Complex(values) => dense(values, nrows, ncols, npy.layout),
    })
}

/// Reads a matrix from a `.npy` file that is mapped. Its numbers stay there if they are doubles of this machine's order.
pub fn mapped_matrix(file: &Arc<Mmap>) -> Result<Matrix, Problem> {
    const NATIVE: char = if cfg!(target_endian = "little") { '<' } else { '>' };
    let npy = Npy::parse(file)?;
    let stay = match npy.descr.strip_prefix(NATIVE) {
        Some("f8") => npy.stay::<f64>(file)?,
        Some("c16") => npy.stay::<Complex<f64>>(file)?,
        _ => None,
    };
    stay.map_or_else(|| matrix(file), Ok)
}

/// Reads a vector from the bytes of a `.npy` file: one dimension, or a single row or column.
pub fn vector(bytes: &[u8]) -> Result<Vector, Problem> {
    let npy = Npy::parse(bytes)?;
    if !matches!(npy.shape.as_slice(), [_] | [1, _] | [_, 1]) {
        return Err(Problem::NotAVector(Shape(npy.shape)));
    }
    if npy.shape.contains(&0) {
        return Err(Problem::EmptyShape(Shape(npy.shape)));
    }
    // The order of one row or column is the order in the file, whatever the layout.
    Ok(match npy.numbers()? {
        Numbers::Real(values) => Vector::Real(values),
        Numbers::Complex(values) => Vector::Complex(values),
    })
}

impl<'a> Npy<'a> {
    /// Reads the header and checks it against the length of the file.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Problem> {
        if bytes.is_empty() {
            return Err(Problem::Empty);
        }
        let rest = bytes.strip_prefix(b"\x93NUMPY").ok_or_else(|| malformed("it does not start with \\x93NUMPY"))?;
        let cut = || malformed("its header is cut short");
        let (&[major, _minor], rest) = rest.split_first_chunk::<2>().ok_or_else(cut)?;
        let (length, rest) = match major {
            1 => {
                let (length, rest) = rest.split_first_chunk::<2>().ok_or_else(cut)?;
                (usize::from(u16::from_le_bytes(*length)), rest)
            }
            2 | 3 => {
                let (length, rest) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
                (u32::from_le_bytes(*length) as usize, rest)
            }
            other => {
                return Err(malformed(format!("its version is {other}; known are 1 to 3")));
            }
        };
        let (header, data) = rest.split_at_checked(length).ok_or_else(cut)?;
        let header = std::str::from_utf8(header).map_err(|_| malformed("its header is not text"))?;
        let header = parse_header(header)?;
        Ok(Self { shape: header.shape, descr: header.descr, layout: header.layout, data })
    }

    /// The bytes of the elements, once the shape and the file agree on their number.
    pub fn elements(&self, size: usize) -> Result<&'a [u8], Problem> {
        // An empty dimension does not make the others harmless: their product is never formed unchecked.
        let needed = self
            .shape
            .iter()
            .try_fold(size as u128, |product, &n| product.checked_mul(u128::from(n)))
            .unwrap_or(u128::MAX);
        usize::try_from(needed).ok().and_then(|needed| self.data.get(..needed)).ok_or_else(|| Problem::CutShort {
            shape: Shape(self.shape.clone()),
            needed,
            held: self.data.len(),
        })
    }

    /// The rows and columns of a matrix.
    fn matrix_shape(&self) -> Result<(usize, usize), Problem> {
        match *self.shape.as_slice() {
            [0, _] | [_, 0] => Err(Problem::EmptyShape(Shape(self.shape.clone()))),
            [nrows, ncols] => Ok((nrows as usize, ncols as usize)),
            _ => Err(Problem::NotAMatrix(Shape(self.shape.clone()))),
        }
    }

    /// The matrix whose numbers stay in the file, or nothing if they do not lie where the processor can read them.
    fn stay<T: Entry + Pod>(&self, file: &Arc<Mmap>) -> Result<Option<Matrix>, Problem> {
        let (nrows, ncols) = self.matrix_shape()?;
        let start = file.len() - self.data.len();
        let end = start + self.elements(size_of::<T>())?.len();
        let numbers = MappedNumbers::<T>::new(file, start..end);
        Ok(numbers.map(|numbers| T::dense(Dense::mapped(numbers, nrows, ncols, self.layout))))
    }

    /// Decodes the elements.
    pub fn numbers(&self) -> Result<Numbers, Problem> {
        let unknown = || Problem::ElementType(self.descr.clone());
        let mut rest = self.descr.chars();
        let order = rest.next().ok_or_else(unknown)?;
        let kind = rest.as_str();
        let swap = match order {
            '<' | '|' => false,
            '>' => true,
            '=' => cfg!(target_endian = "big"),
            _ => return Err(unknown()),
        };
        macro_rules! read {
            ($type:ty) => {{
                const N: usize = size_of::<$type>();
                let bytes = self.elements(N)?;
                Ok(Numbers::Real(decode::<N, _>(bytes, swap, |b| <$type>::from_le_bytes(b) as f64)))
            }};
        }
        match kind {
            "f8" => read!(f64),
            "f4" => read!(f32),
            "f2" => Ok(Numbers::Real(decode::<2, _>(self.elements(2)?, swap, |b| half(u16::from_le_bytes(b))))),
            "i1" => read!(i8),
            "i2" => read!(i16),
            "i4" => read!(i32),
            "i8" => read!(i64),
            "u1" => read!(u8),
            "u2" => read!(u16),
            "u4" => read!(u32),
            "u8" => read!(u64),
            "b1" => Ok(Numbers::Real(decode::<1, _>(self.elements(1)?, swap, |[b]| f64::from(u8::from(b != 0))))),
            // A complex number is two floats: each is swapped by itself.
            "c16" => Ok(Numbers::Complex(pairs(&decode::<8, _>(self.elements(16)?, swap, f64::from_le_bytes)))),
            "c8" => Ok(Numbers::Complex(pairs(&decode::<4, _>(self.elements(8)?, swap, |b| {
                f64::from(f32::from_le_bytes(b))
            })))),
            "O" | "O8" | "O4" => Err(Problem::PythonObjects),
            _ => Err(unknown()),
        }
    }
}

fn decode<const N: usize, T>(bytes: &[u8], swap: bool, value: impl Fn([u8; N]) -> T) -> Vec<T> {
    let (chunks, _) = bytes.as_chunks::<N>();
    chunks
        .iter()
        .map(|&chunk| {
            let mut chunk = chunk;
            if swap {
                chunk.reverse();
            }
            value(chunk)
        })
        .collect()
}

fn pairs(values: &[f64]) -> Vec<Complex<f64>> {
    let (pairs, _) = values.as_chunks::<2>();
    pairs.iter().map(|&[re, im]| Complex::new(re, im)).collect()
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

struct Header {
    descr: String,
    layout: Layout,
    shape: Vec<u64>,
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
