//! Numbers as text holds them.

use num_complex::Complex;

use super::reading::Decimal;

/// A number as text holds it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value {
    Real(f64),
    Complex(Complex<f64>),
}

impl Value {
    pub fn is_nan(self) -> bool {
        match self {
            Self::Real(value) => value.is_nan(),
            Self::Complex(value) => value.re.is_nan() || value.im.is_nan(),
        }
    }

    pub fn is_finite(self) -> bool {
        match self {
            Self::Real(value) => value.is_finite(),
            Self::Complex(value) => value.is_finite(),
        }
    }
}

/// Whether a field stands for a missing number: nothing, or what pandas, R and spreadsheets write.
pub fn is_missing(field: &str) -> bool {
    const WORDS: [&str; 10] = ["na", "n/a", "#n/a", "#na", "<na>", "nat", "null", "none", "missing", "nil"];
    let word = field.trim_matches(['"', '\'']).trim();
    word.chars().all(|c| matches!(c, '-' | '?' | '.' | '*'))
        || WORDS.iter().any(|known| word.eq_ignore_ascii_case(known))
}

/// Reads a number with this decimal mark. With a decimal comma, a point would separate thousands, and is refused.
pub fn number_with(text: &str, decimal: Decimal) -> Option<Value> {
    match decimal {
        Decimal::Point => number(text),
        Decimal::Comma if text.contains('.') => None,
        Decimal::Comma if text.contains(',') => number(&text.replace(',', ".")),
        Decimal::Comma => number(text),
    }
}

/// Reads `1.5`, `1+2j`, `1-2i`, `3j`, `(1+2j)` and, as NumPy once wrote, `1+-2j`.
pub fn number(text: &str) -> Option<Value> {
    if let Ok(value) = text.parse() {
        return Some(Value::Real(value));
    }
    let text = text.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')).unwrap_or(text);
    let Some(text) = text.strip_suffix(['j', 'i', 'J']) else {
        return text.parse().ok().map(Value::Real);
    };
    // The sign that starts the imaginary part is the last one that does not belong to an exponent.
    let bytes = text.as_bytes();
    let sign =
        (1..bytes.len()).rev().find(|&at| matches!(bytes[at], b'+' | b'-') && !matches!(bytes[at - 1], b'e' | b'E'));
    let (re, im) = match sign {
        Some(at) if bytes[at - 1] == b'+' => (&text[..at - 1], &text[at..]),
        Some(at) => text.split_at(at),
        None => ("0", text),
    };
    let (re, im) = (re.trim_end(), im.trim());
    // `-inf` must not be read as `-` and `inf`; parse takes care of it. A bare `j` has no digits: not a number.
    let im = match im.as_bytes() {
        [b'+' | b'-', b' ', ..] => format!("{}{}", &im[..1], im[1..].trim_start()).parse(),
        _ => im.parse(),
    };
    let re = if re.is_empty() { Ok(0.0) } else { re.parse() };
    Some(Value::Complex(Complex::new(re.ok()?, im.ok()?)))
}

/// Whether this is a number with a decimal comma, and none without.
pub fn has_decimal_comma(text: &str) -> bool {
    text.contains(',') && number_with(text, Decimal::Comma).is_some()
}

/// Whether the commas in this may separate thousands, as in `1,234` and `12,345,678`, so that it may be two numbers.
pub fn may_have_thousands(text: &str) -> bool {
    let digits = text.trim_start_matches(['+', '-']);
    let mut groups = digits.split(',');
    let first = groups.next().unwrap_or_default();
    let all_digits = |group: &str| group.bytes().all(|b| b.is_ascii_digit());
    (1..=3).contains(&first.len())
        && all_digits(first)
        && !first.starts_with('0')
        && digits.contains(',')
        && groups.all(|group| group.len() == 3 && all_digits(group))
}

/// Whether this is digits alone, as what stands before or after a decimal comma.
pub fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// Whether these digits are more likely a part of a number than one: `05`, `-0`.
pub fn is_part(text: &str) -> bool {
    (text.len() > 1 && text.starts_with('0') && is_digits(text)) || text == "-0"
}
