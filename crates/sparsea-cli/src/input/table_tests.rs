//! Tests of the tables of text.

use super::*;

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
fn header_comments_blank_lines_quotes_and_byte_order_mark() {
    let table = read_csv("\u{feff}# made today\n\n\"a, first\",b\n1,\"2\"\n  \n# more\n3,4").unwrap();
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
        ("1,2\n3,abc\n", "line 2, column 2: 'abc' is not a number"),
        ("a,b\n\n# c\n1,\n", "line 4, column 2: '' is not a number"),
        ("1,2\n3,4\n5\n", "line 3 has 1 value, but line 1 has 2"),
        ("a,b\n1,2,3\n", "line 2 has 3 values, but line 1 has 2"),
        ("1,2\n3,NaN\n", "line 2, column 2: 'NaN' is not a finite number"),
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
