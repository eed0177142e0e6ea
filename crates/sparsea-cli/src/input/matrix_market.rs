//! Matrix Market `.mtx`: `coordinate` files stay sparse, `array` files are dense.
//!
//! Where the format is silent, this does as SciPy: entries of one place are summed, and a file with a symmetry may hold the
//! upper triangle instead of the lower one. SciPy reads some files that break the format, and numbers that are not in
//! them; these are refused: an entry on both sides of the diagonal (SciPy adds the two), a diagonal that contradicts the
//! symmetry, a fraction in a file of integers (SciPy drops it).

use faer::sparse::Triplet;
use num_complex::Complex;

use super::array::{Entry, Matrix, dense, room, sparse};
use super::dense::Layout;
use super::error::{Problem, Shape};
use super::table;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Real,
    Integer,
    Unsigned,
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

    /// Refuses an entry on the diagonal that is not its own mirror image.
    fn check_diagonal<T: Entry>(self, line: usize, value: T) -> Result<(), Problem> {
        match self {
            _ if self.mirrored(value) == value => Ok(()),
            Self::Hermitian => Err(wrong(line, "the diagonal of a Hermitian matrix is real")),
            _ => Err(wrong(line, "the diagonal of a skew-symmetric matrix is zero")),
        }
    }
}

/// Refuses an entry whose mirror image is given too: are the two one entry, or to be added?
fn check_sides(mut mirrored: Vec<(usize, usize, usize)>) -> Result<(), Problem> {
    let below = mirrored.iter().filter(|(row, col, _)| row > col).count();
    if below == 0 || below == mirrored.len() {
        return Ok(());
    }
    mirrored.sort_unstable_by_key(|&(row, col, line)| (row.max(col), row.min(col), line));
    let twice = mirrored.windows(2).find(|pair| (pair[0].0, pair[0].1) == (pair[1].1, pair[1].0));
    twice.map_or(Ok(()), |pair| {
        let ((_, _, first), (row, col, line)) = (pair[0], pair[1]);
        let rule = format!(
            "the entry at row {}, column {} is given on the other side of the diagonal too, on line {first}; \
             a file with a symmetry holds one of the two",
            row + 1,
            col + 1
        );
        Err(wrong(line, rule))
    })
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
        (Some(entries), Field::Integer) => head.coordinate(lines, entries, |line, words| integer(line, words, true)),
        (Some(entries), Field::Unsigned) => head.coordinate(lines, entries, |line, words| integer(line, words, false)),
        (Some(entries), Field::Complex) => head.coordinate(lines, entries, complex),
        (Some(entries), Field::Pattern) => head.coordinate(lines, entries, |_, _| Ok(1.0)),
        (None, Field::Complex) => head.array(lines, complex),
        (None, Field::Integer) => head.array(lines, |line, words| integer(line, words, true)),
        (None, Field::Unsigned) => head.array(lines, |line, words| integer(line, words, false)),
        (None, Field::Real | Field::Pattern) => head.array(lines, real),
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
        "real" | "double" => Field::Real,
        "integer" => Field::Integer,
        "unsigned-integer" => Field::Unsigned,
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

fn integer(line: usize, words: &mut Words<'_>, signed: bool) -> Result<f64, Problem> {
    let word = words.clone().next().unwrap_or_default();
    let digits = if signed { word.strip_prefix(['+', '-']).unwrap_or(word) } else { word };
    let value = real(line, words)?;
    if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(value);
    }
    let least = if signed { "" } else { " of at least 0" };
    Err(wrong(line, format!("'{}' is not a whole number{least}, as the header promises", word.escape_debug())))
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
        // Row, column and line of what is off the diagonal of a matrix with a symmetry.
        let mut mirrored = Vec::new();
        while let Some((line, mut words)) = lines.next() {
            let row = index(line, words.next(), "row", self.nrows)?;
            let col = index(line, words.next(), "column", self.ncols)?;
            let val = value(line, &mut words)?;
            end(line, words)?;
            entries.push(Triplet { row, col, val });
            found += 1;
            if row == col {
                self.symmetry.check_diagonal(line, val)?;
            } else if self.symmetry != Symmetry::General {
                let val = self.symmetry.mirrored(val);
                entries.push(Triplet { row: col, col: row, val });
                mirrored.push((row, col, line));
            }
        }
        if found != promised {
            let rule = format!("the header promises {promised} entries, but the file holds {found}");
            return Err(wrong(lines.last, rule));
        }
        check_sides(mirrored)?;
        sparse(self.nrows, self.ncols, &entries)
    }

    /// All entries column by column; with a symmetry, only those on and below the diagonal.
    fn array<T: Entry>(
        &self,
        mut lines: Lines<'_>,
        value: impl Fn(usize, &mut Words<'_>) -> Result<T, Problem>,
    ) -> Result<Matrix, Problem> {
        let mut stored = Vec::new();
        // With a symmetry, a column starts on the diagonal (just below, if that is all zero).
        let (mut diagonal, mut column) = (0, 0);
        while let Some((line, mut words)) = lines.next() {
            let value = value(line, &mut words)?;
            end(line, words)?;
            if self.symmetry == Symmetry::Hermitian && stored.len() == diagonal && column < self.nrows {
                self.symmetry.check_diagonal(line, value)?;
                diagonal += self.nrows - column;
                column += 1;
            }
            stored.push(value);
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
        let mut full = room(self.nrows * self.ncols)?;
        full.resize(self.nrows * self.ncols, T::default());
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
