//! Bad input: status 2, one line with the rule and the value, nothing on standard output, no file touched.

mod common;

use common::{Folder, Solution, algorithms, npy_of, npy_vector, numbers};
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
        ("word.tsv", b"a\tb\n1\t2\n\n3\tx y\n", "line 4, column 2 ('b'): 'x y' is not a number"),
        (
            "word.txt",
            b"# note\n1 2\n3 1,5\n",
            "line 3, column 2: '1,5' may be one number with a decimal comma or several numbers",
        ),
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
            ("solve A.csv cube.npy -k 1", "cube.npy: has shape 2 x 2 x 1; a vector has one dimension"),
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
        ("solve A.csv y.txt -k 4", "k must be between 0 and 3 (the number of columns), got 4"),
        ("solve wide.csv three.txt -k 4", "k must be between 0 and 3 (the number of rows), got 4"),
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
        let said = format!("k must be a whole number of at least 0, got '{bad}'");
        refuse(&["solve", "A.csv", "y.txt", "-k", bad], &said);
        refuse(&["deconvolve", "y.txt", "--kernel", "three.txt", "-k", bad], &said);
        refuse(&["compare", "A.csv", "y.txt", "-k", bad], &said);
        let said = format!("k must be a whole number of at least 1, got '{bad}'");
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
        (
            "--algorithm omp --set step_size=1",
            "unknown setting 'step_size' for omp; it takes: rank_aware, rank_tolerance, start",
        ),
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
        ("--trace t.txt", "t.txt: a trace is written as .csv or .html"),
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
        (
            "--kernel A.csv",
            "the kernel has several rows and columns, as for an image, which does not go with a single trace",
        ),
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
        ("--kernel three.txt --origin 3 --boundary full", "the kernel has 3 samples, so none at 3"),
        ("--kernel three.txt --origin 1,1", "--origin: a trace takes one sample of the kernel, as 1"),
        ("--kernel three.txt --image --traces", "cannot be used with"),
    ] {
        folder.refuse(&format!("deconvolve y.txt -k 1 {line} {WRITING}"), &[said]);
    }
    let full = "deconvolve y.txt -k 3 --kernel three.txt --boundary full";
    folder.refuse(full, &["k must be between 0 and 2 (the number of columns), got 3"]);
}

#[test]
fn a_file_that_is_read_is_not_overwritten() {
    let folder = folder();
    folder.refuse("solve A.csv y.txt -k 1 --output A.csv", &["A.csv: is read, and would be overwritten"]);
    folder.refuse("solve A.csv y.txt -k 1 --trace ./A.csv", &["A.csv: is read, and would be overwritten"]);
    folder.refuse("solve A.csv y.txt -k 1 --output o.csv --trace o.csv", &["o.csv: is named for two outputs"]);
    assert_eq!(std::fs::read_to_string(folder.path("A.csv")).unwrap(), "1,0,2\n0,1,0\n1,1,0\n0,0,1\n");
}

/// A .npz with these members, stored or deflated.
fn npz(members: &[(&str, &[u8])], method: zip::CompressionMethod) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in members {
        zip.start_file(*name, zip::write::SimpleFileOptions::default().compression_method(method)).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// Random bits of archives: the same answer or a refusal, never another answer.
#[test]
fn a_flipped_bit_makes_no_other_answer() {
    let folder = folder();
    let data: Vec<u8> = numbers(12, 3).iter().flat_map(|v| v.to_le_bytes()).collect();
    let member = npy_of("<f8", false, "(4, 3)", &data);
    let mut refused = 0;
    for method in [zip::CompressionMethod::Stored, zip::CompressionMethod::Deflated] {
        folder.write("A.npz", npz(&[("A.npy", &member)], method));
        let answer = folder.solution("solve A.npz y.txt -k 2").timeless();
        let bytes = folder.read("A.npz");
        for round in 0..60 {
            let bit = round * 8 * bytes.len() / 60 + round % 8;
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            folder.write("B.npz", &damaged);
            let ran = folder.run("solve B.npz y.txt -k 2 --json");
            if ran.status == 0 {
                assert_eq!(Solution(ran.json()).timeless(), answer, "bit {bit}");
            } else {
                assert_eq!((ran.status, ran.err.lines().count(), ran.out.as_str()), (2, 1, ""), "{ran:?}");
                refused += 1;
            }
        }
    }
    assert!(refused > 60, "{refused}");
    let compressed = std::fs::read(fixture("complex.mat")).unwrap();
    for at in [130, 140, 150, compressed.len() - 1] {
        let mut damaged = compressed.clone();
        damaged[at] ^= 0x10;
        folder.write("A.mat", &damaged);
        folder.refuse("solve A.mat three.txt -k 2", &["A.mat: is not a valid .mat file"]);
    }
}

#[test]
fn a_missing_sample_is_named() {
    let folder = folder();
    folder.write("k.txt", "1\n2\n1\n");
    let blank = |line: usize| format!("line {line} is blank, so a value is missing; only the last line may be blank");
    for (name, content, said) in [
        ("middle.csv", "1\n2\n\"\"\n4\n5\n", "line 3, column 1: '' is not a number".to_owned()),
        ("empty.csv", "1\n2\n\n4\n5\n", blank(3)),
        ("first.csv", "\"\"\n1\n2\n3\n", "line 1, column 1: '' is not a number".to_owned()),
        ("na.csv", "NA\n1\n2\n3\n", "line 1, column 1: 'NA' is not a number".to_owned()),
        ("last.csv", "1\n2\n3\n\"\"\n", "line 4, column 1: '' is not a number".to_owned()),
        ("ends.csv", "1\n2\n3\n\n\n", blank(4)),
        ("below.csv", "signal\n\n1\n2\n3\n", blank(2)),
        ("middle.tsv", "1\n2\n\n4\n", blank(3)),
        ("middle.txt", "1\n2\n  \n4\n", blank(3)),
        ("first.txt", "\n2\n3\n4\n", blank(1)),
        ("crlf.txt", "1\r\n\r\n2\r\n3\r\n", blank(2)),
        ("wide.csv", "t,signal\n0,1\n1,2\n\n3,4\n", blank(4)),
    ] {
        folder.write(name, content);
        folder.refuse(&format!("deconvolve {name} --kernel k.txt -k 1 {WRITING}"), &[&format!("{name}: {said}")]);
        let column = if name.starts_with("wide") { ":signal" } else { ":0" };
        folder.refuse(&format!("deconvolve {name}{column} --kernel k.txt -k 1 {WRITING}"), &[&said]);
    }
    let whole = folder.solution("deconvolve y.txt --kernel k.txt -k 1").timeless();
    folder.write("ended.csv", "1\n2\n3\n4\n\n");
    assert_eq!(folder.solution("deconvolve ended.csv --kernel k.txt -k 1").timeless(), whole);
}

/// Small files that would be large: refused by what their headers say, in no time and little memory.
#[cfg(target_os = "linux")]
#[test]
fn small_files_stay_small() {
    let folder = folder();
    let mut bomb = npy_of("<f8", false, "(4, 3)", &[]);
    bomb.resize(64 << 20, 0);
    folder.write("bomb.npz", npz(&[("A.npy", &bomb)], zip::CompressionMethod::Deflated));
    let zeros = npy_of("<f8", false, "(8192, 8192)", &vec![0; 8 * 8192 * 8192]);
    folder.write("zeros.npz", npz(&[("A.npy", &zeros)], zip::CompressionMethod::Deflated));
    for (line, said) in [
        ("solve bomb.npz y.txt -k 1", "bomb.npz: holds 67108736 bytes of data, but shape 4 x 3 needs only 96"),
        ("solve zeros.npz y.txt -k 1", "zeros.npz: needs 536870912 bytes of memory, more than there are"),
        ("generate gaussian -m 16000 -n 16000 --out g", "A of 16000 × 16000 needs"),
        ("generate steps -n 16000 --out g", "A of 16000 × 16000 needs"),
        ("generate deconvolution -n 16000 --out g", "A of 16048 × 16000 needs"),
        ("generate gaussian -m 1 -n 99999999999999 --out g", "A must have between 1 and 268435456 entries"),
        ("generate deconvolution --sigma 5e6 --out g", "a kernel of 80000000 samples needs"),
        ("theory --kernel gaussian:5e6 -n 10 -k 1", "a kernel of 80000000 samples needs"),
        ("theory --kernel exponential:1e6 -n 10 -k 1 --boundary full", "a kernel of 20000000 samples needs"),
        ("theory --kernel gaussian:3 -n 18446744073709551615 -k 1", "does not fit into memory"),
    ] {
        let shell = format!("ulimit -v 400000; exec \"$0\" {line}");
        let output = std::process::Command::new("sh")
            .args(["-c", &shell, env!("CARGO_BIN_EXE_sparsea")])
            .current_dir(folder.path(""))
            .env("RAYON_NUM_THREADS", "1")
            .output()
            .unwrap();
        let ran = common::Ran::of(output);
        assert_eq!((ran.status, ran.err.lines().count(), ran.out.as_str()), (2, 1, ""), "{line}: {ran:?}");
        assert!(ran.err.contains(said), "{line}: {}", ran.err);
    }
    assert!(!folder.path("g").exists());
}

#[cfg(unix)]
#[test]
fn one_file_is_not_written_twice_under_two_names() {
    use std::os::unix::fs::symlink;
    let folder = folder();
    std::fs::create_dir(folder.path("sub")).unwrap();
    folder.write("a.csv", "");
    std::fs::hard_link(folder.path("a.csv"), folder.path("hard.csv")).unwrap();
    symlink("a.csv", folder.path("soft.csv")).unwrap();
    symlink("later.csv", folder.path("dangling.csv")).unwrap();
    std::fs::hard_link(folder.path("y.txt"), folder.path("y2.txt")).unwrap();
    symlink("t.csv", folder.path("fit-trace.svg")).unwrap();
    symlink("A.csv", folder.path("pic-report.png")).unwrap();
    symlink("/dev/null", folder.path("null.csv")).unwrap();
    let absolute = folder.path("a.csv").display().to_string();
    let twice = "is named for two outputs";
    let read = "is read, and would be overwritten";
    for (line, said) in [
        ("--output a.csv --trace ./a.csv", twice),
        ("--output a.csv --trace sub/../a.csv", twice),
        ("--output a.csv --trace sub/.././a.csv", twice),
        ("--output a.csv --trace soft.csv", twice),
        ("--output hard.csv --trace a.csv", twice),
        ("--output later.csv --trace dangling.csv", twice),
        ("--output new.csv --trace sub/../new.csv", twice),
        (&format!("--output soft.csv --trace {absolute}")[..], twice),
        ("--trace t.csv --plot fit.svg", twice),
        ("--output y2.txt", read),
        ("--output sub/../y.txt", read),
        ("--report --plot pic.png", read),
        ("--start three.txt --output three.txt", read),
        ("--start support:three.txt --output ./three.txt", read),
        ("--output null.csv", "null.csv: is not a file"),
    ] {
        folder.refuse(&format!("solve A.csv y.txt -k 1 {line}"), &[said]);
    }
    folder.refuse("deconvolve y.txt:0 --kernel three.txt -k 1 --output three.txt", &[read]);
    folder.refuse("deconvolve y.txt:0 --kernel three.txt -k 1 --output y2.txt", &[read]);
    folder.refuse("improve A.csv y.txt --support three.txt --output sub/../three.txt", &[read]);
    std::fs::create_dir(folder.path("g")).unwrap();
    symlink("A.npy", folder.path("g/support.npy")).unwrap();
    folder.refuse("generate gaussian --out g", &["g/support.npy: is named for two outputs"]);
    std::fs::create_dir(folder.path("h")).unwrap();
    std::fs::create_dir(folder.path("h/x.npy")).unwrap();
    folder.refuse("generate gaussian --out h", &["h/x.npy: is a folder"]);
    // Case makes two names where the folder says so.
    if !folder.path("A.CSV").exists() {
        folder.succeed("solve A.csv y.txt -k 1 --output one.csv --trace ONE.csv");
        assert!(folder.path("one.csv").exists() && folder.path("ONE.csv").exists());
    }
}

/// Controls and marks of direction in names and values: shown as escapes, on every way to the terminal.
#[test]
fn nothing_hidden_reaches_the_terminal() {
    let folder = folder();
    let hidden = |c: char| c != '\n' && (c.is_control() || "\u{202e}\u{2066}\u{200b}\u{feff}".contains(c));
    for (round, odd) in
        ["\x1b[31mred", "a\rb", "\x07", "\u{9b}1m", "x\u{202e}y", "\u{2066}\u{200b}", "two\nlines", "\x7f\x08"]
            .iter()
            .enumerate()
    {
        folder.write("odd.csv", format!("\"{odd}\",b,\"{odd}c\"\n1,0,2\n0,1,0\n1,1,0\n0,0,1\n"));
        let svg = format!("p{round}.svg");
        let mut texts = vec![
            folder.succeed(&format!("solve odd.csv y.txt -k 3 --report --plot {svg}")).out,
            folder.succeed("compare odd.csv y.txt -k 2 --algorithms omp,sea").out,
            folder.succeed("theory odd.csv -k 2").out,
        ];
        let lines: Vec<usize> = texts.iter().map(|text| text.lines().count()).collect();
        folder.write("plain.csv", "a,b,c\n1,0,2\n0,1,0\n1,1,0\n0,0,1\n");
        assert_eq!(folder.succeed("theory plain.csv -k 2").out.lines().count(), lines[2], "{}", texts[2]);
        texts.push(folder.text(&svg));
        for arguments in [
            &["solve", "odd.csv", "nope", "-k", "1"][..],
            &["solve", "odd.csv", &format!("odd.csv:{odd}?"), "-k", "1"],
            &["solve", &format!("{odd}.npy"), "y.txt", "-k", "1"],
            &["solve", "A.csv", "y.txt", "-k", odd],
            &["solve", "A.csv", "y.txt", "-k", "1", "--algorithm", odd],
            &["solve", "A.csv", "y.txt", "-k", "1", "--set", &format!("{odd}=1")],
            &["solve", "A.csv", "y.txt", "-k", "1", "--start", odd],
            &["solve", "A.csv", "y.txt", "-k", "1", "--output", &format!("{odd}/x.npy")],
            &["deconvolve", "y.txt", "--kernel", &format!("{odd}:3"), "-k", "1"],
            &["algorithms", odd],
            &["sweep", &format!("{odd}.toml")],
            &[odd],
        ] {
            let ran = common::Ran::of(folder.command(arguments).output().unwrap());
            assert_eq!((ran.status, ran.err.lines().count(), ran.out.as_str()), (2, 1, ""), "{arguments:?}: {ran:?}");
            texts.push(ran.err);
        }
        let out = format!("d{odd}");
        let ran =
            common::Ran::of(folder.command(&["generate", "gaussian", "-k", "2", "--out", &out]).output().unwrap());
        assert_eq!((ran.status, ran.out.lines().count()), (0, 3), "{ran:?}");
        texts.push(ran.out);
        for text in texts {
            assert!(!text.contains(hidden), "{odd:?}: {text:?}");
        }
    }
}

#[test]
fn threads_that_cannot_be_meant_are_not_started() {
    let folder = folder();
    folder.refuse(
        &format!("--threads 100000 solve A.csv y.txt -k 1 {WRITING}"),
        &["--threads must be a whole number from 1 to 4096, got '100000'"],
    );
    folder.refuse("--threads 0 solve A.csv y.txt -k 1", &["--threads must be a whole number from 1 to 4096, got '0'"]);
    let plain = folder.solution("solve A.csv y.txt -k 1").timeless();
    for (name, asked, said) in [
        ("RAYON_NUM_THREADS", "100000", "sparsea: RAYON_NUM_THREADS must be at most "),
        ("RAYON_NUM_THREADS", "18446744073709551615", "sparsea: RAYON_NUM_THREADS must be at most "),
        ("RAYON_RS_NUM_CPUS", "65536", "sparsea: RAYON_RS_NUM_CPUS must be at most "),
        ("RAYON_NUM_THREADS", "2", ""),
        ("RAYON_NUM_THREADS", "0", ""),
        ("RAYON_NUM_THREADS", "many", ""),
    ] {
        let begin = Instant::now();
        let mut command = folder.command(&["solve", "A.csv", "y.txt", "-k", "1", "--json"]);
        let ran = common::Ran::of(command.env(name, asked).output().unwrap());
        assert_eq!((ran.status, ran.err.lines().count()), (0, usize::from(!said.is_empty())), "{ran:?}");
        assert!(ran.err.starts_with(said) && begin.elapsed() < Duration::from_secs(5), "{ran:?}");
        assert_eq!(Solution(ran.json()).timeless(), plain);
    }
}

/// What goes wrong with the file written, not with the input, has a status of its own.
#[cfg(target_os = "linux")]
#[test]
fn a_file_that_cannot_be_finished_is_status_1() {
    let folder = folder();
    let before = folder.listing();
    // A limit of files in place of a full disk.
    for line in ["solve A.csv y.txt -k 1 --plot p.png", "solve A.csv y.txt -k 1 --plot p.svg"] {
        let shell = format!("trap '' XFSZ; ulimit -f 1; exec \"$0\" {line}");
        let mut command = std::process::Command::new("sh");
        let output = command.args(["-c", &shell, env!("CARGO_BIN_EXE_sparsea")]).current_dir(folder.path("")).output();
        let ran = common::Ran::of(output.unwrap());
        assert_eq!((ran.status, ran.err.lines().count()), (1, 1), "{line}: {ran:?}");
        assert_eq!(folder.listing(), before, "{line}");
    }
}
