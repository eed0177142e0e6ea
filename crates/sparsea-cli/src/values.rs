//! Values as typed: numbers and names, and what is said of those that will not do.

use std::convert::Infallible;
use std::fmt::Display;
use std::num::{IntErrorKind, ParseIntError};
use std::str::FromStr;

/// Why a value will not do: a whole sentence, which needs no words of clap's around it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refusal(String);

impl Refusal {
    /// With the whole sentence.
    pub fn new(sentence: String) -> Self {
        Self(sentence)
    }
}

/// Reads a whole number of at least `least`.
pub fn whole<T>(name: &'static str, least: T) -> impl Fn(&str) -> Result<T, Refusal> + Clone
where
    T: FromStr<Err = ParseIntError> + PartialOrd + Display + Copy,
{
    move |text| match text.parse::<T>() {
        Ok(value) if value >= least => Ok(value),
        // It is a whole number all the same.
        Err(error) if *error.kind() == IntErrorKind::PosOverflow => {
            Err(Refusal(format!("{name} is too large, got '{text}'")))
        }
        _ => Err(Refusal(format!("{name} must be a whole number of at least {least}, got '{text}'"))),
    }
}

/// Reads a sparsity.
pub fn sparsity(text: &str) -> Result<usize, Refusal> {
    whole("k", 0)(text)
}

/// Reads the largest k of a path.
pub fn largest(text: &str) -> Result<usize, Refusal> {
    whole("K", 0)(text)
}

/// The most halves of rows, as in Python.
const MOST_SUBSAMPLES: u64 = 1_000_000;

/// Reads a number of halves of rows.
pub fn subsamples(text: &str) -> Result<u64, Refusal> {
    let count = whole::<u64>("--subsamples", 1)(text)?;
    if count <= MOST_SUBSAMPLES {
        return Ok(count);
    }
    Err(Refusal(format!("--subsamples must be at most {MOST_SUBSAMPLES}, got {count}")))
}

/// Reads a sparsity of at least 1, for what is about columns.
pub fn positive_sparsity(text: &str) -> Result<usize, Refusal> {
    match text.parse() {
        // Whoever knows the largest k refuses 0 with the whole range.
        Ok(0) => Ok(0),
        _ => whole("k", 1)(text),
    }
}

/// Reads an interval that contains 0; an end that is left out is infinite.
pub fn interval(text: &str) -> Result<(f64, f64), Refusal> {
    let refusal = || {
        let rule = "--bounds must be LO:HI with LO at most 0 and HI at least 0, as -1:2.5, 0:10 or :3";
        Refusal(format!("{rule}, got '{text}'"))
    };
    let (lower, upper) = text.split_once(':').ok_or_else(refusal)?;
    let end =
        |text: &str, free: f64| if text.is_empty() { Ok(free) } else { text.trim().parse().map_err(|_| refusal()) };
    let (lower, upper): (f64, f64) = (end(lower, f64::NEG_INFINITY)?, end(upper, f64::INFINITY)?);
    if lower <= 0.0 && upper >= 0.0 { Ok((lower, upper)) } else { Err(refusal()) }
}

/// The most threads on any machine.
pub const MOST_THREADS: u32 = 4096;

/// Reads a number of threads.
pub fn threads(text: &str) -> Result<u32, Refusal> {
    let refusal = || Refusal(format!("--threads must be a whole number from 1 to {MOST_THREADS}, got '{text}'"));
    text.parse().ok().filter(|count| (1..=MOST_THREADS).contains(count)).ok_or_else(refusal)
}

/// Reads a number of bytes, plain or with a unit.
pub fn memory(text: &str) -> Result<usize, Refusal> {
    const RULE: &str = "--memory must be a number of bytes of at least 1, as 4000000000, 500MB or 4GiB";
    const KILO: f64 = 1e3;
    const KIBI: f64 = 1024.0;
    let refusal = || Refusal(format!("{RULE}, got '{text}'"));
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let unit = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "kb" => KILO,
        "mb" => KILO.powi(2),
        "gb" => KILO.powi(3),
        "tb" => KILO.powi(4),
        "kib" => KIBI,
        "mib" => KIBI.powi(2),
        "gib" => KIBI.powi(3),
        "tib" => KIBI.powi(4),
        _ => return Err(refusal()),
    };
    let number: f64 = number.parse().map_err(|_| refusal())?;
    let bytes = number * unit;
    // As Python, whose numbers of bytes are those of 64 bits with a sign.
    if bytes >= i64::MAX as f64 {
        return Err(Refusal(format!("--memory is too large, got '{text}'")));
    }
    // Of a unit there may be a part, of a byte not.
    if bytes < 1.0 || unit == 1.0 && number.fract() != 0.0 {
        return Err(refusal());
    }
    Ok(bytes as usize)
}

/// Reads a number that `fits`; `range` says which do.
pub fn number(
    name: &'static str,
    range: &'static str,
    fits: fn(f64) -> bool,
) -> impl Fn(&str) -> Result<f64, Refusal> + Clone {
    move |text| {
        let refusal = || Refusal(format!("{name} must be a {range}, got '{text}'"));
        text.parse().ok().filter(|&value| fits(value)).ok_or_else(refusal)
    }
}

/// Reads the name of an algorithm or chain; the library's names are in lower case.
pub fn algorithm(text: &str) -> Result<String, Infallible> {
    Ok(text.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_have_a_least() {
        let read = whole::<u64>("--seed", 0);
        assert_eq!((read("0"), read("18446744073709551615")), (Ok(0), Ok(u64::MAX)));
        for bad in ["", " 1", "-1", "1.5", "1e3", "abc"] {
            let said = format!("--seed must be a whole number of at least 0, got '{bad}'");
            assert_eq!(read(bad), Err(Refusal(said)));
        }
        assert_eq!(
            read("18446744073709551616").unwrap_err().to_string().split(',').next(),
            Some("--seed is too large")
        );
        assert_eq!((sparsity("0"), sparsity("7")), (Ok(0), Ok(7)));
        assert!(threads("0").is_err() && threads("4097").is_err() && threads("4096") == Ok(4096));
    }

    #[test]
    fn bytes_have_units() {
        for (text, bytes) in [
            ("1", 1),
            ("123456789", 123_456_789),
            ("7b", 7),
            ("2kB", 2000),
            ("500MB", 500_000_000),
            ("1.5gb", 1_500_000_000),
            ("3TB", 3_000_000_000_000),
            ("2KiB", 2048),
            ("0.5mib", 1 << 19),
            ("4GiB", 4 << 30),
            ("1TiB", 1 << 40),
        ] {
            assert_eq!(memory(text), Ok(bytes), "{text}");
        }
        let rule = "--memory must be a number of bytes of at least 1, as 4000000000, 500MB or 4GiB";
        for bad in ["", "0", "0GB", "-1", "1.5", "1e9", "4G", "GB", "1.2.3MB", "4 GB", "NaN", "inf", "0.0001kB"] {
            assert_eq!(memory(bad), Err(Refusal(format!("{rule}, got '{bad}'"))));
        }
        for large in ["9223372036854775808", "9300000000GB", &"9".repeat(400)] {
            assert_eq!(memory(large), Err(Refusal(format!("--memory is too large, got '{large}'"))));
        }
    }

    #[test]
    fn numbers_have_a_range() {
        let read = number("--rho", "number from -1 to 1", |rho| (-1.0..=1.0).contains(&rho));
        assert_eq!((read("-0.5"), read("1")), (Ok(-0.5), Ok(1.0)));
        for bad in ["", "nan", "1.1", "0,5"] {
            assert_eq!(read(bad), Err(Refusal(format!("--rho must be a number from -1 to 1, got '{bad}'"))));
        }
    }
}
