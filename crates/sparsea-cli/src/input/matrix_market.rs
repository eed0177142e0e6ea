//! Matrix Market `.mtx`: `coordinate` files stay sparse, `array` files are dense.

use faer::sparse::Triplet;
use num_complex::Complex;

use super::array::{Entry, Matrix, dense, sparse};
use super::dense::Layout;
use super::error::{Problem, Shape};
use super::table;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Real,
    Complex,
    Pattern,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Symmetry {
    General,
    Symmetric,
    Skew,
    Hermitian,
}

impl Symmetry {
    /// The entry across the diagonal.
    fn mirrored<T: Entry>(self, value: T) -> T {
        match self {
            Self::General | Self::Symmetric => value,
            Self::Skew => -value,
            Self::Hermitian => value.conjugate(),
        }
    }
}

fn wrong(line: usize, rule: impl Into<String>) -> Problem {
    Problem::Line { line, rule: rule.into() }
}

/// Lines with their numbers, comments and blank lines left out.
struct Lines<'a> {
    lines: std::iter::Enumerate<std::str::Lines<'a>>,
    last: usize,
}

impl<'a> Lines<'a> {
    fn next(&mut self) -> Option<(usize, std::str::SplitWhitespace<'a>)> {
        for (index, line) in self.lines.by_ref() {
            self.last = index + 1;
            let line = line.trim_start();
            if !line.is_empty() && !line.starts_with('%') {
                return Some((index + 1, line.split_whitespace()));
            }
        }
        None
    }
}

/// Reads a matrix.
pub fn read(bytes: &[u8]) -> Result<Matrix, Problem> {
    let text = table::decode(bytes)?;
    if text.trim().is_empty() {
        return Err(Problem::Empty);
    }
    let mut lines = Lines { lines: text.lines().enumerate(), last: 1 };
    let banner = lines.lines.next().map_or("", |(_, line)| line);
    let (coordinate, field, symmetry) = parse_banner(banner)?;
    let (line, mut size) = lines.next().ok_or_else(|| wrong(lines.last, "the line of sizes is missing"))?;
    let nrows = whole(line, size.next(), "the number of rows")?;
    let ncols = whole(line, size.next(), "the number of columns")?;
    let entries = if coordinate { Some(whole(line, size.next(), "the number of entries")?) } else { None };
    end(line, size)?;
    if nrows == 0 || ncols == 0 {
        return Err(Problem::EmptyShape(Shape(vec![nrows as u64, ncols as u64])));
    }
    if symmetry != Symmetry::General && nrows != ncols {
        return Err(wrong(line, format!("a {nrows} x {ncols} matrix is not square, and so has no symmetry")));
    }
    let head = Head { nrows, ncols, symmetry };
    match (entries, field) {
        (Some(entries), Field::Real) => head.coordinate(lines, entries, real),
        (Some(entries), Field::Complex) => head.coordinate(lines, entries, complex),
        (Some(entries), Field::Pattern) => head.coordinate(lines, entries, |_, _| Ok(1.0)),
        (None, Field::Complex) => head.array(lines, complex),
        (None, _) => head.array(lines, real),
    }
}

fn parse_banner(banner: &str) -> Result<(bool, Field, Symmetry), Problem> {
    let banner = banner.to_ascii_lowercase();
    let words: Vec<_> = banner.split_whitespace().collect();
    let &["%%matrixmarket", object, format, field, symmetry] = words.as_slice() else {
        return Err(wrong(
            1,
            "a Matrix Market file starts with '%%MatrixMarket matrix', a format, a field and a symmetry",
        ));
    };
    let unknown = |what: &str, word: &str| wrong(1, format!("unknown {what} '{}'", word.escape_debug()));
    if object != "matrix" {
        return Err(unknown("object", object));
    }
    let coordinate = match format {
        "coordinate" => true,
        "array" => false,
        _ => return Err(unknown("format", format)),
    };
    let field = match field {
        "real" | "double" | "integer" | "unsigned-integer" => Field::Real,
        "complex" => Field::Complex,
        "pattern" if coordinate => Field::Pattern,
        _ => return Err(unknown("field", field)),
    };
    let symmetry = match symmetry {
        "general" => Symmetry::General,
        "symmetric" => Symmetry::Symmetric,
        "skew-symmetric" if field != Field::Pattern => Symmetry::Skew,
        "hermitian" => Symmetry::Hermitian,
        _ => return Err(unknown("symmetry", symmetry)),
    };
    Ok((coordinate, field, symmetry))
}

type Words<'a> = std::str::SplitWhitespace<'a>;

fn whole(line: usize, word: Option<&str>, what: &str) -> Result<usize, Problem> {
    let word = word.ok_or_else(|| wrong(line, format!("{what} is missing")))?;
    word.parse().map_err(|_| {
        let word = word.escape_debug();
        wrong(line, format!("{what} is '{word}', not a whole number"))
    })
}

fn real(line: usize, words: &mut Words<'_>) -> Result<f64, Problem> {
    let word = words.next().ok_or_else(|| wrong(line, "the value is missing"))?;
    let bad = |rule| wrong(line, format!("'{}' is not {rule}", word.escape_debug()));
    let value: f64 = word.parse().map_err(|_| bad("a number"))?;
    if value.is_finite() { Ok(value) } else { Err(bad("a finite number")) }
}

fn complex(line: usize, words: &mut Words<'_>) -> Result<Complex<f64>, Problem> {
    Ok(Complex::new(real(line, words)?, real(line, words)?))
}

fn end(line: usize, mut words: Words<'_>) -> Result<(), Problem> {
    words.next().map_or(Ok(()), |word| {
        let word = word.escape_debug();
        Err(wrong(line, format!("'{word}' is one value too many")))
    })
}

struct Head {
    nrows: usize,
    ncols: usize,
    symmetry: Symmetry,
}

impl Head {
    fn coordinate<T: Entry>(
        &self,
        mut lines: Lines<'_>,
        promised: usize,
        value: impl Fn(usize, &mut Words<'_>) -> Result<T, Problem>,
    ) -> Result<Matrix, Problem> {
        // Grows with the lines that are there, whatever the header promises.
        let mut entries = Vec::new();
        let mut found = 0usize;
        while let Some((line, mut words)) = lines.next() {
            let row = index(line, words.next(), "row", self.nrows)?;
            let col = index(line, words.next(), "column", self.ncols)?;
            let val = value(line, &mut words)?;
            end(line, words)?;
            entries.push(Triplet { row, col, val });
            found += 1;
            if self.symmetry != Symmetry::General && row != col {
                let val = self.symmetry.mirrored(val);
                entries.push(Triplet { row: col, col: row, val });
            } else if self.symmetry == Symmetry::Skew && val != T::default() {
                return Err(wrong(line, "the diagonal of a skew-symmetric matrix is zero"));
            }
        }
        if found != promised {
            let rule = format!("the header promises {promised} entries, but the file holds {found}");
            return Err(wrong(lines.last, rule));
        }
        sparse(self.nrows, self.ncols, &entries)
    }

    /// All entries column by column; with a symmetry, only those on and below the diagonal.
    fn array<T: Entry>(
        &self,
        mut lines: Lines<'_>,
        value: impl Fn(usize, &mut Words<'_>) -> Result<T, Problem>,
    ) -> Result<Matrix, Problem> {
        let mut stored = Vec::new();
        while let Some((line, mut words)) = lines.next() {
            stored.push(value(line, &mut words)?);
            end(line, words)?;
        }
        let n = self.nrows as u128;
        let promised = match self.symmetry {
            Symmetry::General => n * self.ncols as u128,
            Symmetry::Symmetric | Symmetry::Hermitian => n * (n + 1) / 2,
            Symmetry::Skew => n * (n - 1) / 2,
        };
        if stored.len() as u128 != promised {
            let rule = format!("the header promises {promised} values, but the file holds {}", stored.len());
            return Err(wrong(lines.last, rule));
        }
        if self.symmetry == Symmetry::General {
            return Ok(dense(stored, self.nrows, self.ncols, Layout::Columns));
        }
        let mut full = vec![T::default(); self.nrows * self.ncols];
        let below = usize::from(self.symmetry == Symmetry::Skew);
        let places = (0..self.ncols).flat_map(|j| (j + below..self.nrows).map(move |i| (i, j)));
        for ((i, j), value) in places.zip(stored) {
            full[i + j * self.nrows] = value;
            if i != j {
                full[j + i * self.nrows] = self.symmetry.mirrored(value);
            }
        }
        Ok(dense(full, self.nrows, self.ncols, Layout::Columns))
    }
}

/// An index, which the file counts from 1.
fn index(line: usize, word: Option<&str>, what: &str, count: usize) -> Result<usize, Problem> {
    let index = whole(line, word, &format!("the {what}"))?;
    if (1..=count).contains(&index) {
        Ok(index - 1)
    } else {
        Err(wrong(line, format!("{what} {index} is outside 1 to {count}")))
    }
}

#[cfg(test)]
#[path = "matrix_market_tests.rs"]
mod tests;
