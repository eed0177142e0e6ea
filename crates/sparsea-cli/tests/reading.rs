//! Files as people have them: pipes, gzip, decimal commas, indices of data frames, columns of text, holes.

mod common;

use std::io::Write;
use std::process::Stdio;

use common::{Folder, Ran, Rows, column, npy_matrix, npy_vector, orthogonal, table, two_columns};
use flate2::{Compression, write::GzEncoder};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Runs the command with bytes in its standard input.
fn pipe(folder: &Folder, line: &str, bytes: &[u8]) -> Ran {
    let arguments: Vec<&str> = line.split_whitespace().collect();
    let mut command = folder.command(&arguments);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    // What refuses its command line does not wait for the end of its input.
    let _ = input.write_all(bytes);
    drop(input);
    Ran::of(child.wait_with_output().unwrap())
}

fn check(ran: &Ran, why: &str) {
    assert_eq!((ran.status, ran.err.as_str()), (0, ""), "{why}");
    let json = ran.json();
    assert_eq!(json["support"], serde_json::json!([2, 5]), "{why}");
    let found: Vec<f64> = json["coefficients"].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect();
    assert!((found[0] - 2.0).abs() < 1e-12 && (found[1] + 3.0).abs() < 1e-12, "{why}: {found:?}");
}

/// Halves, so that every number has a fraction.
fn halves() -> (Rows, Vec<f64>) {
    let a: Rows = orthogonal().iter().map(|row| row.iter().map(|v| v / 2.0).collect()).collect();
    let y = two_columns(&a);
    (a, y)
}

/// A table with a header: c0 … c7 and y.
fn with_y(a: &Rows, y: &[f64], separator: &str) -> String {
    let names: Vec<String> = (0..8).map(|j| format!("c{j}")).chain(["y".to_owned()]).collect();
    let rows: Rows = a.iter().zip(y).map(|(row, y)| row.iter().copied().chain([*y]).collect()).collect();
    format!("{}\n{}", names.join(separator), table(&rows, separator))
}

#[test]
fn standard_input_is_any_file() {
    let folder = Folder::new();
    let (a, y) = halves();
    folder.write("A.npy", npy_matrix(&a));
    folder.write("y.npy", npy_vector(&y));
    let text = with_y(&a, &y, ",");
    let forms: [(&str, Vec<u8>); 8] = [
        ("solve - y.npy -k 2 --json", npy_matrix(&a)),
        ("solve - y.npy -k 2 --json", gzip(&npy_matrix(&a))),
        ("solve - y.npy -k 2 --json", table(&a, "\t").into_bytes()),
        ("solve - y.npy -k 2 --json", table(&a, " ").into_bytes()),
        ("solve - y.npy -k 2 --json", table(&a, ";").into_bytes()),
        ("solve A.npy - -k 2 --json", column(&y).into_bytes()),
        ("solve A.npy - -k 2 --json --input-format npy", npy_vector(&y)),
        ("solve - y -k 2 --json --no-intercept", text.clone().into_bytes()),
    ];
    for (line, bytes) in &forms {
        check(&pipe(&folder, line, bytes), line);
    }
    // y is taken out of the table that is piped, as out of a file.
    check(&pipe(&folder, "solve - -:y -k 2 --json --no-intercept", text.as_bytes()), "-:y");
    // Weights, starts, supports and vectors are files, too.
    check(&pipe(&folder, "solve A.npy y.npy -k 2 --json --weights -", "1\n".repeat(16).as_bytes()), "weights");
    check(&pipe(&folder, "solve A.npy y.npy -k 2 --json --start support:-", b"1\n3\n"), "start");
    check(&pipe(&folder, "improve A.npy y.npy --json --support -", b"1\n3\n"), "support");
    check(&pipe(&folder, "improve A.npy y.npy --json --vector -", b"0\n1\n0\n0\n1\n0\n0\n0\n"), "vector");
    // One archive for both.
    let archive = npz(&[("A", npy_matrix(&a)), ("y", npy_vector(&y))]);
    check(&pipe(&folder, "solve -:A -:y -k 2 --json", &archive), "npz");
    for (line, bytes, said) in [
        ("solve - - -k 2", &b"1\n"[..], "standard input (-) can be read once, but it is given 2 times"),
        ("solve - y.npy -k 2", b"", "standard input: is empty"),
        ("solve - y.npy -k 2", b"1, 5 3\n", "standard input: may hold any format; say which by --input-format"),
        ("solve - y.npy -k 2", b"\xff\xd8\xff", "standard input: may hold any format"),
        ("solve - y.npy -k 2 --input-format npz", b"1\n", "standard input: is not a valid .npz file"),
        ("solve - y.npy -k 2 --input-format excel", b"1\n", "--input-format"),
        ("solve -:B -:y -k 2", &archive, "standard input: holds no array 'B'; it holds A, y"),
    ] {
        let ran = pipe(&folder, line, bytes);
        assert!(ran.status == 2 && ran.err.contains(said) && ran.err.lines().count() == 1, "{line}: {ran:?}");
    }
}

/// An archive of arrays, as NumPy writes it.
fn npz(arrays: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(vec![]));
    for (name, bytes) in arrays {
        archive.start_file(format!("{name}.npy"), zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

#[test]
fn gzip_is_unpacked_wherever_it_is() {
    let folder = Folder::new();
    let (a, y) = halves();
    folder.write("A.npy.gz", gzip(&npy_matrix(&a)));
    folder.write("y.csv.gz", gzip(column(&y).as_bytes()));
    // Unpacked by a browser that kept the name, and packed without a name that says so.
    folder.write("plain.csv.gz", column(&y));
    folder.write("packed.npy", gzip(&npy_matrix(&a)));
    folder.write("t.csv.gz", gzip(with_y(&a, &y, ",").as_bytes()));
    for line in ["A.npy.gz y.csv.gz", "packed.npy plain.csv.gz", "A.npy.gz t.csv.gz:y", "t.csv.gz y --no-intercept"] {
        check(&folder.run(&format!("solve {line} -k 2 --json")), line);
    }
    folder.write("cut.npy.gz", &gzip(&npy_matrix(&a))[..100]);
    folder.refuse("solve cut.npy.gz y.csv.gz -k 2", &["cut.npy.gz: is not a valid gzip file"]);
    folder.refuse("solve none.npy.gz y.csv.gz -k 2", &["none.npy.gz: no such file"]);
}

#[test]
fn decimal_commas_are_noticed_or_refused() {
    let folder = Folder::new();
    let (a, y) = halves();
    let comma = |text: String| text.replace('.', ",");
    folder.write("y.npy", npy_vector(&y));
    folder.write("A.csv", comma(table(&a, ";")));
    folder.write("A.tsv", comma(table(&a, "\t")));
    folder.write("A.txt", comma(table(&a, " ")));
    folder.write("named.csv", comma(with_y(&a, &y, ";")));
    folder.write(
        "quoted.csv",
        a.iter()
            .map(|row| {
                let row: Vec<String> = row.iter().map(|v| format!("\"{}\"", comma(v.to_string()))).collect();
                row.join(",") + "\n"
            })
            .collect::<String>(),
    );
    for line in ["A.csv y.npy", "A.tsv y.npy", "quoted.csv y.npy", "named.csv y --no-intercept"] {
        check(&folder.run(&format!("solve {line} -k 2 --json")), line);
        check(&folder.run(&format!("solve {line} -k 2 --json --decimal comma")), line);
    }
    check(&folder.run("solve A.txt y.npy -k 2 --json --decimal comma"), "blanks");
    folder.refuse(
        "solve A.txt y.npy -k 2",
        &["A.txt: line 1, column 1: '0,5' may be one number", "--decimal comma or --separator comma"],
    );
    // Numbers in the first line are no names because of their commas.
    folder.write("first.csv", "1,5;2,5\n1;2\n3;5\n");
    folder.write("y3.csv", "3.5\n3\n8\n");
    let first = folder.solution("solve first.csv y3.csv -k 2");
    assert!(first.number("relative_residual") > 0.0 && first.support() == [0, 1], "{first:?}");
    folder.write("y16.csv", comma(column(&y)));
    check(&folder.run("solve A.csv y16.csv -k 2 --json --decimal comma"), "one column");
    for (name, text, said) in [
        // One number, or two?
        (
            "pairs.csv",
            "1,5\n2,25\n",
            "every line is like '1,5', which may be one number with a decimal comma or two numbers",
        ),
        ("one.txt", "1,5\n2,25\n", "line 1, column 1: '1,5' may be one number with a decimal comma or several numbers"),
        // A thousand, or one?
        (
            "thousands.tsv",
            "1,234\n2,500\n",
            "line 1, column 1: the comma of '1,234' may be a decimal comma or separate thousands",
        ),
        ("both.tsv", "1.5\n2,25\n", "line 2, column 1: '2,25' has a decimal comma, but '1.5' has a decimal point"),
        ("part.csv", "1,05\n2,25\n", "line 1, column 2: '05' may be a part of a number with a decimal comma"),
        ("minus.csv", "0,5\n-0,25\n", "line 2, column 1: '-0' may be a part of a number"),
        (
            "ragged.csv",
            "volts\n1,5\n",
            "line 2 has 2 values, but line 1 has 1; if the comma is a decimal comma, say --decimal comma",
        ),
    ] {
        folder.write(name, text);
        folder.refuse(&format!("deconvolve {name} --kernel gaussian:0.1 -k 1"), &[&format!("{name}: {said}")]);
    }
    // What is said holds: the same as a column, or as two.
    folder.write("points.csv", "1.5\n2.25\n0.5\n");
    folder.write("commas.csv", "1,5\n2,25\n0,5\n");
    let points = folder.solution("deconvolve points.csv --kernel gaussian:0.1 -k 1").timeless();
    let commas = folder.solution("deconvolve commas.csv --kernel gaussian:0.1 -k 1 --decimal comma").timeless();
    assert_eq!(commas["coefficients"], points["coefficients"]);
    folder.refuse("solve commas.csv points.csv -k 1 --decimal comma --separator comma", &["cannot both separate"]);
    folder.refuse("solve A.csv y.npy -k 2 --separator abc", &["--separator must be comma, semicolon, tab, space"]);
}

#[test]
fn the_separator_may_be_said() {
    let folder = Folder::new();
    let (a, y) = halves();
    folder.write("y.npy", npy_vector(&y));
    for (name, mark, said) in
        [("A.csv", "|", "|"), ("A.txt", ",", "comma"), ("A.dat", ";", ";"), ("A.csv", "\t", "tab")]
    {
        folder.write(name, table(&a, mark));
        check(&folder.run(&format!("solve {name} y.npy -k 2 --json --separator {said} --input-format csv")), name);
    }
    folder.refuse("solve A.dat y.npy -k 2", &["A.dat: unknown extension '.dat'", "--input-format"]);
}

#[test]
fn predictors_are_chosen_by_name_or_number() {
    let folder = Folder::new();
    let (a, y) = halves();
    folder.write("t.csv", with_y(&a, &y, ","));
    folder.write("A.npy", npy_matrix(&a));
    folder.write("y.npy", npy_vector(&y));
    let support = |line: &str| folder.solution(&format!("solve {line} -k 2 --no-intercept")).support();
    // Indices count the columns that are left.
    assert_eq!(support("t.csv y --columns c2,c5,c7"), [0, 1]);
    assert_eq!(support("t.csv y --columns c7,5,c2"), [0, 1], "the order is that of the file");
    assert_eq!(support("t.csv y --drop c0,1"), [0, 3]);
    assert_eq!(support("t.csv t.csv:8 --drop c0,1"), [0, 3]);
    assert_eq!(support("t.csv y --drop y,c0"), [1, 4], "y is read whatever is left out");
    assert_eq!(support("A.npy y.npy --drop 0,1"), [0, 3]);
    assert_eq!(support("A.npy y.npy --columns 2,5"), [0, 1]);
    assert_eq!(support("t.csv y.npy --columns c2,c5"), [0, 1], "y of the table is a predictor unless it is left out");
    let compared = folder.succeed("compare t.csv y -k 2 --drop c0 --algorithms omp --json --no-intercept").json();
    assert_eq!(compared["solutions"][0]["support"], serde_json::json!([1, 4]));
    let theory = folder.succeed("theory t.csv -k 2 --drop y --json").json();
    assert_eq!(theory["coherence"], 0.0);
    for (line, said) in [
        ("solve t.csv y -k 2 --drop c9", "t.csv: has no column 'c9'; its columns are c0, c1"),
        ("solve t.csv y -k 2 --columns 12", "t.csv: has no column 12: it has 9, counted from 0"),
        ("solve A.npy y.npy -k 2 --drop c0", "A.npy: has no column 'c0'; its columns have no names"),
        ("solve A.npy y.npy -k 2 --drop 0,1,2,3,4,5,6,7", "A.npy: has no column left after --columns and --drop"),
        (
            "path y.npy --kernel gaussian:0.1 --drop 0",
            "--columns and --drop choose columns of a matrix A, not of a trace",
        ),
    ] {
        folder.refuse(line, &[said]);
    }
}

#[test]
fn columns_of_text_are_named_with_the_way_out() {
    let folder = Folder::new();
    let (a, y) = halves();
    let table = with_y(&a, &y, ",");
    let words = ["north", "south", "3"];
    let lines = table.lines().enumerate().map(|(at, line)| match at {
        0 => format!("region,{line},note\n"),
        _ => format!("{},{line},n{at}\n", words[at % 3]),
    });
    folder.write("t.csv", lines.collect::<String>());
    folder.refuse(
        "solve t.csv y -k 2",
        &["t.csv: columns 'region', 'note' hold text ('south' in line 2); leave them out with --drop region,note"],
    );
    folder.refuse(
        "solve t.csv y -k 2 --drop note",
        &["column 'region' holds text ('south' in line 2); leave it out with --drop region"],
    );
    let solution = folder.solution("solve t.csv y -k 2 --no-intercept --drop region,note");
    assert_eq!(solution.support(), [2, 5]);
    // A column of another table is read by itself.
    folder.write("A.npy", npy_matrix(&a));
    check(&folder.run("solve A.npy t.csv:y -k 2 --json"), "one column");
    folder.refuse(
        "solve A.npy t.csv -k 2",
        &["t.csv: columns 'region', 'note' hold text", "name the column to read, as in FILE:COLUMN"],
    );
    // A slip is no column of text.
    folder.write("slip.csv", "a,b,y\n1,2,3\n4,5x,6\n7,8,9\n");
    folder.refuse("solve slip.csv y -k 1", &["slip.csv: line 3, column 2 ('b'): '5x' is not a number"]);
    folder.write("bare.csv", "1,red,2\n3,blue,5\n4,red,4\n");
    folder.refuse(
        "solve bare.csv bare.csv:2 -k 1",
        &["column 1 holds text ('red' in line 1); leave it out with --drop 1 (counted from 0)"],
    );
    assert_eq!(folder.solution("solve bare.csv bare.csv:2 -k 1 --drop 1").support(), [0]);
    folder.write("odd.csv", "'my, region,y,a\nx,1,2\n".replace("'my, region", "\"my, region\""));
    folder.refuse(
        "solve odd.csv y -k 1",
        &["column 'my, region' holds text ('x' in line 2); leave it out with --drop 0"],
    );
}

#[test]
fn the_index_of_a_data_frame_is_left_out_and_said() {
    let folder = Folder::new();
    let (a, y) = halves();
    let with_index = |from: usize, step: usize| -> String {
        let numbered = |(at, line): (usize, &str)| match at {
            0 => format!(",{line}\n"),
            _ => format!("{},{line}\n", from + step * (at - 1)),
        };
        with_y(&a, &y, ",").lines().enumerate().map(numbered).collect()
    };
    folder.write("y.npy", npy_vector(&y));
    let note = "the first column has no name and numbers the rows: it is left out";
    for (from, step) in [(0, 1), (1, 1), (3, 2)] {
        folder.write("t.csv", with_index(from, step));
        let ran = folder.run("solve t.csv y -k 2 --json --no-intercept");
        assert_eq!(ran.json()["support"], serde_json::json!([2, 5]), "{from} {step}");
        assert!(ran.status == 0 && ran.err.lines().count() == 1 && ran.err.contains(note), "{}", ran.err);
        let quiet = folder.succeed("solve t.csv y -k 2 --json --no-intercept -q").json();
        assert_eq!(quiet["support"], serde_json::json!([2, 5]));
    }
    // It is a column as any other if somebody asks for it, or if it has a name.
    assert_eq!(folder.solution("solve t.csv y -k 2 --no-intercept --columns 0,c2,c5").support(), [1, 2]);
    assert_eq!(folder.solution("solve t.csv y -k 2 --no-intercept --drop 0").support(), [2, 5]);
    folder.write("named.csv", with_index(0, 1).replacen(',', "t,", 1));
    assert_eq!(folder.solution("solve named.csv y -k 2 --no-intercept").support(), [3, 6]);
    // pandas.DataFrame(A).to_csv(), with and without its index.
    let header: Vec<String> = (0..8).map(|j| j.to_string()).collect();
    let rows = |index: bool| -> String {
        a.iter()
            .enumerate()
            .map(|(i, row)| {
                let row: Vec<String> = row.iter().map(|v| format!("{v:?}")).collect();
                if index { format!("{i},{}\n", row.join(",")) } else { row.join(",") + "\n" }
            })
            .collect()
    };
    folder.write("frame.csv", format!(",{}\n{}", header.join(","), rows(true)));
    let ran = folder.run("solve frame.csv y.npy -k 2 --json");
    assert!(ran.err.contains(note) && ran.json()["support"] == serde_json::json!([2, 5]), "{ran:?}");
    folder.write("bare.csv", format!("{}\n{}", header.join(","), rows(false)));
    folder.refuse(
        "solve bare.csv y.npy -k 2",
        &["line 1 counts 0, 1, 2, …, which may be numbers or the names of columns", "--header yes"],
    );
    check(&folder.run("solve bare.csv y.npy -k 2 --json --header yes"), "header");
}

#[test]
fn missing_values_are_named_with_the_way_out() {
    let folder = Folder::new();
    for word in ["", "NA", "nan", "null"] {
        folder.write("t.csv", format!("a,b,y\n1,2,3\n4,5,6\n7,{word},9\n1,1,1\n2,3,1\n"));
        folder.refuse(
            "solve t.csv y -k 1",
            &["t.csv: line 4, column 2 ('b')", "fill it in, delete the row, or leave the column out with --drop b"],
        );
        folder.refuse(
            "solve t.csv y -k 1 --missing drop",
            &["row 2 of column 'b'", "--missing drop leaves out rows without y only", "--drop b"],
        );
        assert_eq!(folder.solution("solve t.csv y -k 1 --drop b").support(), [0]);
        folder.write("u.csv", format!("a,b,y\n1,2,3\n4,5,6\n7,8,{word}\n1,1,1\n2,3,1\n"));
        folder.refuse(
            "solve u.csv y -k 1",
            &["u.csv: line 4, column 3 ('y')", "leave such rows out with --missing drop"],
        );
        assert_eq!(folder.solution("solve u.csv y -k 1 --missing drop").support().len(), 1);
        folder.write("w.csv", format!("1\n1\n{}\n1\n1\n", if word.is_empty() { "\"\"" } else { word }));
        folder.refuse("solve t.csv y -k 1 --drop b --weights w.csv", &["w.csv: line 3, column 1", "fill it in"]);
    }
}
