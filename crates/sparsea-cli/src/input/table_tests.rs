//! Tests of the tables of text.

use proptest::prelude::*;

use super::super::array::Matrix;
use super::super::number::{Value, number};
use super::super::select::Purpose;
use super::*;
use num_complex::Complex;

/// Reads all columns, with nothing said of how.
fn read(bytes: &[u8], separator: Separator) -> Result<Table, Problem> {
    super::read(bytes, separator, &Reading::default(), false, &Selection::all(Purpose::Other))
}

fn read_csv(text: &str) -> Result<Table, String> {
    read(text.as_bytes(), Separator::Comma).map_err(|p| p.to_string())
}

fn rows(table: &Table) -> Vec<Vec<f64>> {
    let Matrix::Dense(a) = &table.matrix else { panic!("not real and dense") };
    (0..a.nrows()).map(|i| (0..a.ncols()).map(|j| a.as_ref()[(i, j)]).collect()).collect()
}

#[test]
fn a_plain_table() {
    let table = read_csv("1,2,3\r\n4, 5 ,-6e-1\r\n").unwrap();
    assert_eq!(rows(&table), [[1.0, 2.0, 3.0], [4.0, 5.0, -0.6]]);
    assert_eq!(table.column_names, None);
}

#[test]
fn header_comments_quotes_and_byte_order_mark() {
    let table = read_csv("\u{feff}# made today\n\"a, first\",b\n1,\"2\"\n# more\n3,4").unwrap();
    assert_eq!(table.column_names.as_ref().unwrap(), &["a, first", "b"]);
    assert_eq!(rows(&table), [[1.0, 2.0], [3.0, 4.0]]);
}

#[test]
fn semicolons_tabs_and_blanks() {
    assert_eq!(rows(&read_csv("1;2\n3;4\n").unwrap()), [[1.0, 2.0], [3.0, 4.0]]);
    let tsv = read(b"a\tb\n1\t2\n", Separator::Tab).unwrap();
    assert_eq!(tsv.column_names.as_ref().unwrap(), &["a", "b"]);
    let txt = read(b"# savetxt\n  1.0e0   2\n3\t4 \n\n", Separator::Blanks).unwrap();
    assert_eq!(rows(&txt), [[1.0, 2.0], [3.0, 4.0]]);
}

#[test]
fn complex_numbers() {
    let complex = |re, im| Some(Value::Complex(Complex::new(re, im)));
    for (text, value) in [
        ("1+2j", complex(1.0, 2.0)),
        ("1-2i", complex(1.0, -2.0)),
        ("(1.5e-3-2.5E+4j)", complex(1.5e-3, -2.5e4)),
        ("1+-2j", complex(1.0, -2.0)),
        ("-3j", complex(0.0, -3.0)),
        ("3j", complex(0.0, 3.0)),
        ("1 + 2j", complex(1.0, 2.0)),
        ("1e5j", complex(0.0, 1e5)),
        ("j", None),
        ("+j", None),
        ("1+j", None),
        ("i", None),
        ("", None),
        ("()", None),
        ("hi", None),
        ("é+1j", None),
        ("1+é1j", None),
    ] {
        assert_eq!(number(text), value, "{text}");
    }
    let table = read_csv("1,2\n3,4+1j\n").unwrap();
    let Matrix::DenseComplex(a) = table.matrix else { panic!("not complex") };
    let a = a.as_ref();
    assert_eq!(a[(0, 1)], Complex::new(2.0, 0.0));
    assert_eq!(a[(1, 1)], Complex::new(4.0, 1.0));
}

#[test]
fn refusals_say_the_line_and_the_column() {
    for (text, message) in [
        ("1\n2\n\n4\n", "line 3 is blank, so a value is missing; only the last line may be blank"),
        ("1,2\n3,abc\n", "line 2, column 2: 'abc' is not a number"),
        ("a,b\n\n# c\n1,\n", "line 4, column 2 ('b'): '' is not a number: a value is missing; fill it in"),
        ("1,2\n3,4\n5\n", "line 3 has 1 value, but line 1 has 2; if the comma is a decimal comma, say --decimal comma"),
        (
            "a,b\n1,2,3\n",
            "line 2 has 3 values, but line 1 has 2; if each line starts with the name of the row, line 1 needs a name for these, too",
        ),
        ("1,2\n3,NaN\n", "line 2, column 2: 'NaN' is not a finite number; if a value is missing, fill it in"),
        ("1,-inf\n", "line 1, column 2: '-inf' is not a finite number"),
        ("1,1e999\n", "line 1, column 2: '1e999' is not a finite number"),
        ("1,2\n\"3\n\",x\n", "line 2, column 2: 'x' is not a number"),
        ("1,2\n3,\"a\nb\"\n", "line 2, column 2: 'a\\nb' is not a number"),
        ("", "is empty"),
        ("\n\n# nothing\n", "is empty"),
        ("a,b\n", "has a header line, but no numbers below it"),
    ] {
        assert_eq!(read_csv(text).map(|_| ()).unwrap_err(), message, "{text:?}");
    }
    let bytes = |b: &[u8]| read(b, Separator::Comma).unwrap_err().to_string();
    assert_eq!(bytes(b"1,2\n3,\xff\n"), "line 2 is not UTF-8 text");
    assert_eq!(bytes(b"\xff\xfe1\0"), "is UTF-16 text; save it as UTF-8");
}

/// The kinds of a missing sample, and what is said of them.
const BLANK: [&str; 3] = ["", "  ", " \t"];
const WORDS: [&str; 8] = ["\"\"", "NaN", "NA", "null", "None", "N/A", "-", "\" \""];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// A column with a hole, in every format: the line is named, wherever it is, and nothing is read.
    #[test]
    fn a_missing_sample_is_refused(
        values in prop::collection::vec(-1e3..1e3f64, 1..8),
        at in any::<prop::sample::Index>(),
        kind in 0..BLANK.len() + WORDS.len(),
        separator in prop::sample::select(vec![Separator::Comma, Separator::Tab, Separator::Blanks]),
        end in prop::sample::select(vec!["\n", "\r\n", "\r"]),
        head in prop::sample::select(vec![&[][..], &["# made today"][..], &["signal"][..], &["# made today", "signal"][..]]),
        tail in prop::bool::ANY,
    ) {
        let word = BLANK.iter().chain(&WORDS).nth(kind).unwrap();
        let blank = kind < BLANK.len() && !(separator == Separator::Tab && word.contains('\t'));
        let mut lines: Vec<String> = head.iter().map(|&line| line.to_owned()).collect();
        lines.extend(values.iter().map(f64::to_string));
        let whole = lines.join(end) + if tail { end } else { "" };
        prop_assert_eq!(rows(&read(whole.as_bytes(), separator).unwrap()).concat(), values.clone());
        // Below the header, or at the very end.
        let at = head.len() + at.index(values.len() + 1);
        let last = at == lines.len();
        lines.insert(at, (*word).to_owned());
        let text = lines.join(end) + if tail { end } else { "" };
        let found = read(text.as_bytes(), separator).map_err(|problem| problem.to_string());
        if blank && last {
            prop_assert_eq!(rows(&found.unwrap()).concat(), values, "{:?}", text);
        } else {
            let said = found.map(|_| ()).expect_err(&text);
            prop_assert!(said.starts_with(&format!("line {} ", at + 1)) || said.starts_with(&format!("line {},", at + 1)), "{said}: {text:?}");
        }
    }

    /// The same in a table of several columns: a line without anything, and a field without anything.
    #[test]
    fn a_hole_in_a_table_is_refused(
        columns in 2..5usize,
        values in prop::collection::vec(-1e3..1e3f64, 20),
        line in 0..4usize,
        field in any::<prop::sample::Index>(),
        comma in prop::bool::ANY,
        header in prop::bool::ANY,
    ) {
        let (separator, between) = if comma { (Separator::Comma, ",") } else { (Separator::Tab, "\t") };
        let mut lines: Vec<Vec<String>> = values.chunks_exact(columns).map(|row| row.iter().map(f64::to_string).collect()).collect();
        let first = usize::from(header);
        if header {
            lines.insert(0, (0..columns).map(|j| format!("c{j}")).collect());
        }
        let text = |lines: &[Vec<String>]| lines.iter().map(|line| line.join(between) + "\n").collect::<String>();
        let mut holed = lines.clone();
        holed[line + first][field.index(columns)].clear();
        let said = read(text(&holed).as_bytes(), separator).unwrap_err().to_string();
        let (at, j) = (line + first + 1, field.index(columns));
        let name = if header { format!(" ('c{j}')") } else { String::new() };
        let expected = format!("line {at}, column {}{name}: '' is not a number: a value is missing; fill it in", j + 1);
        prop_assert_eq!(said, expected);
        lines.insert(line + first, vec![]);
        let said = read(text(&lines).as_bytes(), separator).unwrap_err().to_string();
        prop_assert!(said.starts_with(&format!("line {} is blank", line + first + 1)), "{}", said);
    }
}

#[test]
fn only_one_blank_line_may_end_a_file() {
    for separator in [Separator::Comma, Separator::Tab, Separator::Blanks] {
        for good in ["1\n2", "1\n2\n", "1\n2\n\n", "1\n2\n ", "1\r\n2\r\n\r\n", "x\n1\n2\n\n", "1\r2\r\r"] {
            assert_eq!(rows(&read(good.as_bytes(), separator).unwrap()), [[1.0], [2.0]], "{good:?}");
        }
        for (bad, line) in [
            ("1\n2\n\n\n", 3),
            ("1\r\n2\r\n\r\n\r\n", 3),
            ("\n1\n2\n", 1),
            ("x\n\n1\n2\n", 2),
            ("\nx\n1\n2\n", 1),
            ("# c\n1\n# d\n \n# e\n2\n", 4),
            ("1\r\r2\r", 2),
            ("#c\r1\r\r2", 3),
        ] {
            let said = read(bad.as_bytes(), separator).unwrap_err().to_string();
            assert_eq!(
                said,
                format!("line {line} is blank, so a value is missing; only the last line may be blank"),
                "{bad:?}"
            );
        }
        // What stands for a missing number is no header.
        for word in WORDS {
            let said = read(format!("{word}\n1\n2\n").as_bytes(), separator).unwrap_err().to_string();
            assert!(said.starts_with("line 1, column 1: "), "{word}: {said}");
        }
    }
}
