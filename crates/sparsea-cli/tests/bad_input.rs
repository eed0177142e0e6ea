//! Bad input: status 2, one line with the rule and the value, nothing on standard output, no file touched.

mod common;

use common::{Folder, algorithms, npy_of, npy_vector};
use std::io::Write;
use std::time::{Duration, Instant};

/// With files asked for, none of which may appear.
const WRITING: &str = "--output x.npy --trace t.csv --plot p.svg";

/// A is 4 × 3, wide.csv 3 × 4.
fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("A.csv", "1,0,2\n0,1,0\n1,1,0\n0,0,1\n");
    folder.write("wide.csv", "1,0,1,0\n0,1,1,0\n2,0,0,1\n");
    folder.write("y.txt", "1\n2\n3\n4\n");
    folder.write("three.txt", "1\n2\n3\n");
    folder
}

fn fixture(name: &str) -> String {
    format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// `solve A y -k 1` with each of these, and what it must say.
fn refuse_all(folder: &Folder, cases: &[(&str, &str)]) {
    for (line, said) in cases {
        folder.refuse(&format!("{line} {WRITING}"), &[said]);
    }
}

#[test]
fn the_folder_of_the_tests_itself_is_fine() {
    folder().succeed(&format!("solve A.csv y.txt -k 1 {WRITING}"));
}

#[test]
fn files_that_are_not_there_or_not_known() {
    let folder = folder();
    folder.write("A.xyz", "1");
    folder.write("A", "1");
    std::fs::create_dir(folder.path("sub.csv")).unwrap();
    refuse_all(
        &folder,
        &[
            ("solve missing.npy y.txt -k 1", "missing.npy: no such file"),
            ("solve missing.npz:a y.txt -k 1", "missing.npz: no such file"),
            ("solve A.csv missing.txt -k 1", "missing.txt: no such file"),
            ("solve A.xyz y.txt -k 1", "A.xyz: unknown extension '.xyz'; sparsea reads .npy, .npz, .csv"),
            ("solve A y.txt -k 1", "A: has no extension; sparsea reads"),
            ("solve sub.csv y.txt -k 1", "sub.csv: is a folder"),
            ("solve A.csv:0 y.txt -k 1", "':0' names one column, but a matrix is needed"),
            ("deconvolve missing.csv --kernel gaussian:3 -k 1", "missing.csv: no such file"),
            ("deconvolve y.txt --kernel missing.npy -k 1", "missing.npy: no such file"),
        ],
    );
}

#[test]
fn text_that_is_no_table_of_numbers() {
    let folder = folder();
    let files: [(&str, &[u8], &str); 12] = [
        ("word.csv", b"1,2\n3,abc\n", "word.csv: line 2, column 2: 'abc' is not a number"),
        ("word.tsv", b"a\tb\n1\t2\n\n3\tx y\n", "line 4, column 2: 'x y' is not a number"),
        ("word.txt", b"# note\n1 2\n3 1,5\n", "line 3, column 2: '1,5' is not a number"),
        ("hole.csv", b"1,2\n3,\n", "line 2, column 2: '' is not a number"),
        ("ragged.csv", b"1,2,3\n4,5,6\n7,8\n", "line 3 has 2 values, but line 1 has 3"),
        ("empty.csv", b"", "empty.csv: is empty"),
        ("blank.txt", b"\n  \n", "blank.txt: is empty"),
        ("header.csv", b"a,b\n", "has a header line, but no numbers below it"),
        ("nan.csv", b"1,2\n3,NaN\n", "line 2, column 2: 'NaN' is not a finite number"),
        ("inf.csv", b"1,-inf\n3,4\n", "line 1, column 2: '-inf' is not a finite number"),
        ("utf16.csv", b"\xff\xfe1\0\n\0", "is UTF-16 text; save it as UTF-8"),
        ("bytes.csv", b"1,2\n3,\xff\n", "line 2 is not UTF-8 text"),
    ];
    for (name, content, said) in files {
        folder.write(name, content);
        folder.refuse(&format!("solve {name} y.txt -k 1 {WRITING}"), &[said]);
    }
    // A hostile line stays one line.
    folder.write("hostile.csv", b"1,2\n\x1b[31mred\x07,4\n");
    folder.refuse("solve hostile.csv y.txt -k 1", &["\\u{1b}[31mred"]);
    folder.write("lines.csv", b"1,2\n\"a\nb\",4\n");
    folder.refuse("solve lines.csv y.txt -k 1", &["line 2, column 1"]);
}

#[test]
fn arrays_that_cannot_be_used() {
    let folder = folder();
    let numbers = |values: &[f64]| values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>();
    let mut nan = vec![1.0; 12];
    nan[7] = f64::NAN;
    folder.write("nan.npy", npy_of("<f8", false, "(4, 3)", &numbers(&nan)));
    folder.write("inf.npy", npy_vector(&[1.0, 2.0, f64::NEG_INFINITY, 4.0]));
    folder.write("cut.npy", npy_of("<f8", false, "(4, 3)", &numbers(&[1.0; 11])));
    folder.write("head.npy", &npy_vector(&[1.0])[..40]);
    folder.write("flat.npy", npy_vector(&[1.0; 4]));
    folder.write("cube.npy", npy_of("<f8", false, "(2, 2, 1)", &numbers(&[1.0; 4])));
    folder.write("none.npy", npy_of("<f8", false, "(0, 3)", &[]));
    folder.write("text.npy", npy_of("<U3", false, "(4,)", &[0; 48]));
    folder.write("empty.npy", "");
    folder.write("empty.npz", "");
    folder.write("pickle.npy", b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00cos\nsystem\n");
    folder.write("pickle.npz", b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00cos\nsystem\n");
    let mut hdf5 = b"MATLAB 7.3 MAT-file, Platform: GLNXA64".to_vec();
    hdf5.resize(512, 0);
    hdf5.extend(b"\x89HDF\r\n\x1a\n and so on");
    folder.write("v73.mat", hdf5);
    folder.write("cut.mat", "MATLAB 5.0 MAT-file");
    folder.write("zero.mtx", "%%MatrixMarket matrix array real general\n0 3\n");
    folder.write("short.mtx", "%%MatrixMarket matrix array real general\n2 2\n1\n2\n3\n");
    folder.write("far.mtx", "%%MatrixMarket matrix coordinate real general\n4 3 1\n5 1 2.0\n");
    let object = format!("solve {} y.txt -k 1", fixture("object.npy"));
    refuse_all(
        &folder,
        &[
            ("solve nan.npy y.txt -k 1", "nan.npy: contains NaN at row 2, column 1"),
            ("solve A.csv inf.npy -k 1", "inf.npy: contains -inf at row 2"),
            (
                "solve cut.npy y.txt -k 1",
                "cut.npy: is cut short: shape 4 x 3 needs 96 bytes of data, but the file holds 88",
            ),
            ("solve head.npy y.txt -k 1", "head.npy: is not a valid .npy file: its header is cut short"),
            ("solve flat.npy y.txt -k 1", "flat.npy: has shape (4); a matrix has two dimensions"),
            ("solve cube.npy y.txt -k 1", "has shape 2 x 2 x 1; a matrix has two dimensions"),
            ("solve A.csv A.csv -k 1", "A.csv: has shape 4 x 3; a vector has one dimension"),
            ("solve none.npy y.txt -k 1", "is empty: its shape is 0 x 3"),
            ("solve A.csv text.npy -k 1", "holds elements of type <U3"),
            ("solve empty.npy y.txt -k 1", "empty.npy: is empty"),
            ("solve empty.npz y.txt -k 1", "empty.npz: is empty"),
            ("solve pickle.npy y.txt -k 1", "pickle.npy: is not a valid .npy file"),
            ("solve pickle.npz y.txt -k 1", "pickle.npz: is not a valid .npz file"),
            (&object, "holds Python objects, which sparsea never loads"),
            ("solve v73.mat y.txt -k 1", "is a MATLAB v7.3 (HDF5) file; save it with save('v73.mat', 'A', '-v7')"),
            ("solve cut.mat y.txt -k 1", "cut.mat: is not a valid .mat file"),
            ("solve zero.mtx y.txt -k 1", "zero.mtx: is empty"),
            ("solve short.mtx y.txt -k 1", "short.mtx: "),
            ("solve far.mtx y.txt -k 1", "far.mtx: line 3: "),
        ],
    );
}

/// A MATLAB file with one array of this class and shape, called A, and one number in each of its parts.
fn level_5(class: u32, shape: [u32; 2]) -> Vec<u8> {
    let element = |kind: u32, words: [u32; 2]| [[kind, 8], words].concat();
    let one = element(9, [0, 0x3ff0_0000]);
    let name = [1 << 16 | 1, u32::from(b'A')];
    let content = [&element(6, [class, 0])[..], &element(5, shape), &name, &one, &one, &one].concat();
    let mut bytes = vec![b' '; 124];
    bytes.extend(*b"\x00\x01IM");
    bytes.extend([14, 4 * content.len() as u32].into_iter().chain(content).flat_map(u32::to_le_bytes));
    bytes
}

#[test]
fn headers_that_claim_too_much_cost_nothing() {
    let folder = folder();
    folder.write("huge.npy", npy_of("<f8", false, "(1000000, 1000000)", &[0; 64]));
    folder.write("huger.npy", npy_of("<f8", false, "(18446744073709551615, 18446744073709551615)", &[0; 64]));
    // So large that it is mapped.
    folder.write("mapped.npy", npy_of("<f8", true, "(1000000, 1000000)", &[0; 2 << 20]));
    let member = npy_of("<c16", false, "(1000000, 1000000)", &[0; 64]);
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("A.npy", zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(&member).unwrap();
    folder.write("huge.npz", zip.finish().unwrap().into_inner());
    folder.write("huge.mat", level_5(6, [1_000_000, 1_000_000]));
    folder.write("sparse.mat", level_5(5, [4, 2_000_000_000]));
    folder.write("huge.mtx", "%%MatrixMarket matrix array real general\n1000000 1000000\n1\n");
    folder.write("wide.mtx", "%%MatrixMarket matrix coordinate real general\n4 1000000000000 1\n1 1 1\n");
    folder.write("many.mtx", "%%MatrixMarket matrix coordinate real general\n4 3 1000000000000\n1 1 1\n");
    let begin = Instant::now();
    refuse_all(
        &folder,
        &[
            (
                "solve huge.npy y.txt -k 1",
                "shape 1000000 x 1000000 needs 8000000000000 bytes of data, but the file holds 64",
            ),
            ("solve huger.npy y.txt -k 1", "huger.npy: is cut short"),
            (
                "solve mapped.npy y.txt -k 1",
                "mapped.npy: is cut short: shape 1000000 x 1000000 needs 8000000000000 bytes of data, but the file holds 2097152",
            ),
            (
                "solve huge.npz y.txt -k 1",
                "huge.npz: is cut short: shape 1000000 x 1000000 needs 16000000000000 bytes of data, but the file holds 64",
            ),
            (
                "solve huge.mat y.txt -k 1",
                "huge.mat: is not a valid .mat file: shape 1000000 x 1000000 does not fit 1 val",
            ),
            (
                "solve sparse.mat y.txt -k 1",
                "sparse.mat: is not a valid .mat file: the column starts of a sparse array",
            ),
            ("solve huge.mtx y.txt -k 1", "huge.mtx: "),
            ("solve wide.mtx y.txt -k 1", "wide.mtx: claims 4 x 1000000000000 entries"),
            ("solve many.mtx y.txt -k 1", "many.mtx: "),
        ],
    );
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
}

#[test]
fn lengths_and_sparsity_word_for_word() {
    let folder = folder();
    for (line, said) in [
        ("solve A.csv three.txt -k 1", "y has 3 entries, but A has 4 rows"),
        ("solve A.csv y.txt -k 0", "k must be between 1 and 3 (the number of columns), got 0"),
        ("solve A.csv y.txt -k 4", "k must be between 1 and 3 (the number of columns), got 4"),
        ("solve wide.csv three.txt -k 4", "k must be between 1 and 3 (the number of rows), got 4"),
        ("solve wide.csv three.txt -k 0", "k must be between 1 and 3 (the number of rows), got 0"),
        ("compare A.csv three.txt -k 1", "y has 3 entries, but A has 4 rows"),
    ] {
        let with = if line.starts_with("solve") { WRITING } else { "" };
        folder.refuse(&format!("{line} {with}"), &[said]);
        assert_eq!(folder.run(line).err, format!("sparsea: {said}\n"));
    }
    refuse_all(
        &folder,
        &[
            ("solve A.csv y.txt", "--sparsity <K>"),
            ("solve A.csv y.txt -k 99999999999999999999999", "k is too large, got '99999999999999999999999'"),
            ("solve A.csv -k 1", "<Y>"),
            ("solve A.csv", "not provided: --sparsity <K>, <Y> (see"),
        ],
    );
}

#[test]
fn numbers_word_for_word() {
    let folder = folder();
    let refuse = |arguments: &[&str], said: &str| {
        let ran = common::Ran::of(folder.command(arguments).output().unwrap());
        assert_eq!((ran.status, ran.err, ran.out), (2, format!("sparsea: {said}\n"), String::new()), "{arguments:?}");
    };
    let before = folder.listing();
    for bad in ["abc", "-1", "1.5", "", " 2", "1e1"] {
        let said = format!("k must be a whole number of at least 1, got '{bad}'");
        refuse(&["solve", "A.csv", "y.txt", "-k", bad], &said);
        refuse(&["deconvolve", "y.txt", "--kernel", "three.txt", "-k", bad], &said);
        refuse(&["compare", "A.csv", "y.txt", "-k", bad], &said);
        refuse(&["generate", "gaussian", "-k", bad], &said);
        for (option, least) in [("--iterations", 0), ("--stagnation", 0)] {
            let said = format!("{option} must be a whole number of at least {least}, got '{bad}'");
            refuse(&["solve", "A.csv", "y.txt", "-k", "1", option, bad], &said);
        }
        for (option, least) in [("--rows", 1), ("--columns", 1), ("--seed", 0)] {
            let said = format!("{option} must be a whole number of at least {least}, got '{bad}'");
            refuse(&["generate", "gaussian", option, bad], &said);
        }
        let said = format!("--origin must be a whole number of at least 0, got '{bad}'");
        refuse(&["deconvolve", "y.txt", "--kernel", "three.txt", "-k", "1", "--origin", bad], &said);
        let said = format!("--threads must be a whole number from 1 to 4096, got '{bad}'");
        refuse(&["algorithms", "--threads", bad], &said);
    }
    for bad in ["abc", "", "0,5", "nan", "-2"] {
        let said = format!("--relative-residual must be a number of at least 0, got '{bad}'");
        refuse(&["solve", "A.csv", "y.txt", "-k", "1", "--relative-residual", bad], &said);
        for (option, range) in [
            ("--noise", "finite number of at least 0"),
            ("--sigma", "finite number greater than 0"),
            ("--rho", "number from -1 to 1"),
        ] {
            refuse(&["generate", "gaussian", option, bad], &format!("{option} must be a {range}, got '{bad}'"));
        }
    }
    assert_eq!(folder.listing(), before);
}

#[test]
fn tips_of_the_command_line_read_well() {
    let folder = folder();
    for (line, said) in [
        (
            "solve A.csv y.txt -k 1 --algoritm sea",
            "unexpected argument '--algoritm' found; did you mean '--algorithm'?",
        ),
        ("slove A.csv y.txt -k 1", "unrecognized subcommand 'slove'; did you mean 'solve'?"),
        ("de", "unrecognized subcommand 'de'; did you mean one of 'deconvolve', 'demo'?"),
        ("solve A.csv y.txt -k 1 -z", "unexpected argument '-z' found; to pass '-z' as a value, use '-- -z'"),
        (
            "deconvolve y.txt -k 1 --kernel three.txt --boundary sam",
            "invalid value 'sam' for '--boundary <BOUNDARY>' [possible values: same, full, valid, circular]; \
             did you mean 'same'?",
        ),
    ] {
        folder.refuse(line, &[said]);
        assert_eq!(folder.run(line).err, format!("sparsea: {said} (see `sparsea --help`)\n"));
    }
}

#[test]
fn odd_names_stay_one_line() {
    let folder = folder();
    let arguments = ["solve", "A.csv", "y.txt", "-k", "1", "--output", "a\nb\x1b[31m/x.npy"];
    let ran = common::Ran::of(folder.command(&arguments).output().unwrap());
    let said = "sparsea: a\\nb\\u{1b}[31m/x.npy: the folder 'a\\nb\\u{1b}[31m' does not exist\n";
    assert_eq!((ran.status, ran.err.as_str()), (2, said));
}

#[test]
fn algorithms_settings_and_starts() {
    let folder = folder();
    folder.write("far.txt", "7\n");
    folder.write("half.txt", "0.5\n");
    folder.write("twice.txt", "1\n1\n");
    folder.write("minus.txt", "-1\n");
    let solve = "solve A.csv y.txt -k 2";
    let known: String = algorithms().join(", ");
    for line in ["--algorithm nope", "--algorithm omp+nope", "--algorithm Nope", "--start NOPE", "--set start=nope"] {
        folder.refuse(&format!("{solve} {line} {WRITING}"), &["unknown algorithm 'nope'", &known]);
    }
    for (line, said) in [
        ("--algorithm omp+", "unknown algorithm ''"),
        ("--algorithm sea --set stepsize=1", "unknown setting 'stepsize' for sea; it takes: step_size, start"),
        ("--algorithm omp --set step_size=1", "unknown setting 'step_size' for omp; it takes: start"),
        ("--algorithm sea --set step_size=-1", "sea: step_size must be greater than 0 and finite, got -1"),
        // To the last bit: read less carefully, it ends in 5.
        ("--algorithm sea --set step_size=-0.011295717017616303", "and finite, got -0.011295717017616303"),
        ("--algorithm sea --set step_size=0", "sea: step_size must be greater than 0 and finite, got 0"),
        ("--algorithm sea --set step_size=big", "sea: step_size must be greater than 0 and finite, got 'big'"),
        ("--algorithm iht --set step_size=fast", "iht: step_size must be a number greater than 0, 'constant' or"),
        ("--algorithm htp --set step_size=normalized", "htp: step_size must be"),
        ("--set step_size", "KEY=VALUE"),
        ("--algorithm sea --set step_size=1 --set step_size=2", "the setting 'step_size' is given twice"),
        ("--start random:x", "'x' is not a seed"),
        ("--start random:-1", "'-1' is not a seed"),
        ("--start missing.npy", "missing.npy: no such file"),
        ("--start y.txt", "the start vector has 4 entries, but A has 3 columns"),
        ("--start support:missing.txt", "missing.txt: no such file"),
        ("--start support:three.txt", "3"),
        ("--start support:far.txt", "the support contains 7, but A has 3 columns"),
        ("--start support:half.txt", "entry 0 (counted from 0) is 0.5; a support holds whole numbers"),
        ("--start support:twice.txt", "the support contains 1 twice"),
        ("--start support:minus.txt", "is -1; a support holds whole numbers that are at least 0"),
    ] {
        folder.refuse(&format!("{solve} {line} {WRITING}"), &[said]);
    }
}

#[test]
fn limits_and_threads() {
    let folder = folder();
    for (line, said) in [
        ("--time 3", "'3'"),
        ("--time s", "'s'"),
        ("--time 3weeks", "a unit: us, ms, s, min or h"),
        ("--time=-1s", "-1s"),
        ("--time -1s", "a number of at least 0 and a unit"),
        ("--time 1e999s", "1e999s"),
        ("--iterations=-5", "--iterations must be a whole number of at least 0, got '-5'"),
        ("--relative-residual=-0.1", "--relative-residual must be a number of at least 0, got '-0.1'"),
        ("--memory 0", "--memory must be a number of bytes of at least 1, as 4000000000, 500MB or 4GiB, got '0'"),
        ("--memory -1", "--memory must be a number of bytes of at least 1, as 4000000000, 500MB or 4GiB, got '-1'"),
        ("--memory 4GHz", "or 4GiB, got '4GHz'"),
        ("--memory 99999999999GB", "--memory is too large, got '99999999999GB'"),
        ("--memory 8 --algorithm els", "els would hold 24 bytes for this problem, more than the 3 bytes it may"),
        ("--memory 8 --algorithm omp+els", "els would hold 24 bytes for this problem, more than the 3 bytes it may"),
        ("--threads 0", "'0'"),
        ("--threads two", "'two'"),
        ("--threads 99999999", "'99999999'"),
        ("--nonsense", "--nonsense"),
    ] {
        folder.refuse(&format!("solve A.csv y.txt -k 1 {line} {WRITING}"), &[said]);
    }
    folder.write("s.txt", "1\n");
    let too_much = ["els would hold 24 bytes for this problem, more than the 3 bytes it may"];
    folder.refuse("improve A.csv y.txt --support s.txt --algorithm els --memory 8B", &too_much);
    folder.refuse("deconvolve y.txt --kernel three.txt -k 1 --algorithm els --memory 8", &["els would hold 32 bytes"]);
    folder.refuse("", &["a command is missing: demo, solve, deconvolve"]);
    folder.refuse("slove A.csv y.txt -k 1", &["slove"]);
}

#[test]
fn files_that_cannot_be_written() {
    let folder = folder();
    std::fs::create_dir(folder.path("sub.npy")).unwrap();
    let known = "sparsea writes .npy, .csv, .tsv, .txt, .mtx";
    for (line, said) in [
        ("--output nowhere/x.npy", "nowhere/x.npy: the folder 'nowhere' does not exist"),
        ("--output x.docx", &format!("x.docx: cannot write '.docx'; {known}")[..]),
        ("--output x.mat", known),
        ("--output x", known),
        ("--output sub.npy", "sub.npy: is a folder"),
        ("--output y.txt/x.npy", "y.txt/x.npy: 'y.txt' is not a folder"),
        ("--output y.txt/sub/x.npy", "y.txt/sub/x.npy: 'y.txt' is not a folder"),
        ("--trace y.txt/t.csv", "y.txt/t.csv: 'y.txt' is not a folder"),
        ("--plot y.txt/fit.svg", "y.txt/fit.svg: 'y.txt' is not a folder"),
        ("--trace t.txt", "t.txt: a trace is written as .csv"),
        ("--trace nowhere/t.csv", "'nowhere' does not exist"),
        ("--plot fit.gif", "fit.gif: unknown picture extension '.gif'; use .svg or .png"),
        ("--plot fit", "no picture extension; use .svg or .png"),
        ("--plot nowhere/fit.svg", "'nowhere' does not exist"),
        ("--output x.npy --plot fit.gif", "fit.gif"),
        ("--plot p.svg --trace t.json", "t.json"),
    ] {
        folder.refuse(&format!("solve A.csv y.txt -k 1 {line}"), &[said]);
        folder.refuse(&format!("deconvolve y.txt --kernel three.txt -k 1 {line}"), &[said]);
    }
}

#[test]
fn kernels_and_traces() {
    let folder = folder();
    folder.write("zero.txt", "0\n0\n");
    folder.write("long.txt", "1\n2\n3\n4\n5\n");
    folder.write("nan.txt", "1\nNaN\n");
    for (line, said) in [
        ("--kernel long.txt", "the kernel has 5 samples, more than the 4 of the trace"),
        ("--kernel zero.txt", "the kernel is all zero"),
        ("--kernel nan.txt", "nan.txt: line 2, column 1: 'NaN' is not a finite number"),
        ("--kernel A.csv", "A.csv: has shape 4 x 3; a vector has one dimension"),
        ("--kernel gausian:3", "'gausian:3' is neither a file nor a known shape; the shapes are gaussian:SIGMA, exp"),
        ("--kernel missing.npz:k", "'missing.npz:k' is neither a file nor a known shape"),
        ("--kernel three.txt:7", "three.txt: has no column 7"),
        (
            "--kernel gaussian:3",
            "the kernel has 49 samples, more than the 4 of the trace; gaussian:SIGMA spans 2*ceil(",
        ),
        ("--kernel gaussian:3", "2*ceil(8*SIGMA)+1 samples, so SIGMA must be smaller here, at most 0.125"),
        ("--kernel gaussian:0.126", "the kernel has 5 samples, more than the 4 of the trace"),
        ("--kernel gaussian:0", "greater than 0 and finite, got 0"),
        ("--kernel gaussian:-2", "greater than 0 and finite, got -2"),
        ("--kernel gaussian:nan", "greater than 0 and finite, got NaN"),
        ("--kernel gaussian:abc", "'abc' is not a number; write gaussian:SIGMA, as gaussian:3"),
        ("--kernel gaussian", "gaussian needs its width"),
        ("--kernel gaussian:1e30", "more than 10⁸ samples"),
        ("--kernel exponential:0", "greater than 0 and finite, got 0"),
        ("--kernel exponential:x", "'x' is not a number; write exponential:TAU"),
        ("", "--kernel <KERNEL>"),
        ("--kernel three.txt --baseline weird", "it must be none, mean, median or quantile:P with P from 0 to 1"),
        ("--kernel three.txt --baseline quantile:2", "quantile:P with P from 0 to 1"),
        ("--kernel three.txt --boundary open", "'open'"),
        ("--kernel three.txt --origin 3", "the kernel has 3 samples, so none at 3"),
        ("--kernel three.txt --origin 1 --boundary full", "--origin goes with --boundary same or circular, not full"),
        ("--kernel three.txt --origin 1 --boundary valid", "--origin goes with --boundary same or circular, not valid"),
    ] {
        folder.refuse(&format!("deconvolve y.txt -k 1 {line} {WRITING}"), &[said]);
    }
    let full = "deconvolve y.txt -k 3 --kernel three.txt --boundary full";
    folder.refuse(full, &["k must be between 1 and 2 (the number of columns), got 3"]);
}

#[test]
fn a_file_that_is_read_is_not_overwritten() {
    let folder = folder();
    folder.refuse("solve A.csv y.txt -k 1 --output A.csv", &["A.csv: is read, and would be overwritten"]);
    folder.refuse("solve A.csv y.txt -k 1 --trace ./A.csv", &["A.csv: is read, and would be overwritten"]);
    folder.refuse("solve A.csv y.txt -k 1 --output o.csv --trace o.csv", &["o.csv: is named for two outputs"]);
    assert_eq!(std::fs::read_to_string(folder.path("A.csv")).unwrap(), "1,0,2\n0,1,0\n1,1,0\n0,0,1\n");
}
