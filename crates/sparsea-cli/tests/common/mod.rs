//! What all tests of the command share: a folder of its own for each, files written by hand, the command itself.

// Each test file is a crate of its own and uses a part of this.
#![allow(dead_code)]

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

/// The keys of a solution, as design.md lists them.
pub const KEYS: [&str; 11] = [
    "algorithm",
    "support",
    "coefficients",
    "residual_norm",
    "relative_residual",
    "objective",
    "iterations",
    "best_iteration",
    "supports_explored",
    "stop_reason",
    "elapsed_seconds",
];

/// What a result is of, beside the keys of a solution; one of several solutions has none of its own.
pub const ORIGIN: [&str; 5] = ["version", "files", "m", "n", "k"];

/// What a run of the command left behind.
#[derive(Debug)]
pub struct Ran {
    pub status: i32,
    pub out: String,
    pub err: String,
}

impl Ran {
    pub fn of(output: std::process::Output) -> Self {
        let err = String::from_utf8(output.stderr).expect("standard error is UTF-8");
        assert!(!err.contains("panicked"), "{err}");
        let out = String::from_utf8(output.stdout).expect("standard output is UTF-8");
        Self { status: output.status.code().expect("an exit status"), out, err }
    }

    /// Standard output as exactly one JSON object.
    pub fn json(&self) -> Value {
        let value: Value = serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}: {}", self.out));
        assert!(value.is_object(), "{}", self.out);
        value
    }
}

/// A temporary folder in which the command runs.
pub struct Folder(TempDir);

impl Folder {
    pub fn new() -> Self {
        Self(TempDir::new().expect("a temporary folder"))
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    pub fn text(&self, name: &str) -> String {
        String::from_utf8(self.read(name)).unwrap()
    }

    /// Everything in the folder and below, sorted, with the sizes.
    pub fn listing(&self) -> Vec<(PathBuf, u64)> {
        let (mut all, mut folders) = (Vec::new(), vec![self.0.path().to_owned()]);
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                // A link may lead nowhere.
                let size = fs::metadata(&path).or_else(|_| fs::symlink_metadata(&path)).unwrap().len();
                if path.is_dir() {
                    folders.push(path.clone());
                }
                all.push((path, size));
            }
        }
        all.sort();
        all
    }

    /// The command, to run in this folder.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sparsea"));
        command.current_dir(self.0.path()).args(arguments);
        command
    }

    /// Runs `sparsea` here, arguments separated by blanks.
    pub fn run(&self, line: &str) -> Ran {
        let arguments: Vec<&str> = line.split_whitespace().collect();
        Ran::of(self.command(&arguments).output().unwrap())
    }

    /// Runs what must succeed without a word on standard error.
    pub fn succeed(&self, line: &str) -> Ran {
        let ran = self.run(line);
        assert_eq!((ran.status, ran.err.as_str()), (0, ""), "{line}\n{}", ran.out);
        ran
    }

    /// Runs what must succeed, and reads its JSON.
    pub fn solution(&self, line: &str) -> Solution {
        let ran = self.succeed(&format!("{line} --json"));
        assert_eq!(ran.out.lines().count(), 1, "{}", ran.out);
        let solution = Solution(ran.json());
        solution.check();
        solution
    }

    /// Runs what must be refused: status 2, one line that contains all of `said`, nothing written.
    pub fn refuse(&self, line: &str, said: &[&str]) {
        let before = self.listing();
        let ran = self.run(line);
        assert_eq!(ran.status, 2, "{line}: {ran:?}");
        assert_eq!(ran.out, "", "{line}");
        assert!(ran.err.starts_with("sparsea: ") && ran.err.ends_with('\n'), "{line}: {}", ran.err);
        assert_eq!(ran.err.lines().count(), 1, "{line}: {}", ran.err);
        assert!(!ran.err.contains("For more information"), "help is named twice: {}", ran.err);
        for part in said {
            assert!(ran.err.contains(part), "{line}: '{part}' is not in: {}", ran.err);
        }
        assert_eq!(self.listing(), before, "{line}");
    }
}

/// A solution as JSON.
#[derive(Debug, Clone, PartialEq)]
pub struct Solution(pub Value);

impl Solution {
    pub fn support(&self) -> Vec<usize> {
        self.0["support"].as_array().unwrap().iter().map(|j| j.as_u64().unwrap() as usize).collect()
    }

    pub fn coefficients(&self) -> Vec<f64> {
        self.0["coefficients"].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
    }

    pub fn complex_coefficients(&self) -> Vec<[f64; 2]> {
        serde_json::from_value(self.0["coefficients"].clone()).unwrap()
    }

    pub fn number(&self, key: &str) -> f64 {
        self.0[key].as_f64().unwrap_or_else(|| panic!("{key} is a number: {}", self.0))
    }

    pub fn count(&self, key: &str) -> u64 {
        self.0[key].as_u64().unwrap_or_else(|| panic!("{key} is a whole number: {}", self.0))
    }

    pub fn word(&self, key: &str) -> &str {
        self.0[key].as_str().unwrap_or_else(|| panic!("{key} is a word: {}", self.0))
    }

    /// The object without what changes from run to run or with the names of files.
    pub fn timeless(mut self) -> Value {
        let object = self.0.as_object_mut().unwrap();
        object.remove("elapsed_seconds").unwrap();
        ORIGIN.iter().for_each(|key| drop(object.remove(*key)));
        self.0
    }

    /// Exactly the keys of design.md, of the right types, consistent with each other.
    pub fn check(&self) {
        let mut keys: Vec<&str> = self.0.as_object().unwrap().keys().map(String::as_str).collect();
        let mut expected = KEYS.to_vec();
        // Of models that have more than columns that are chosen.
        keys.retain(|key| !["intercept", "fixed", "fixed_coefficients"].contains(key));
        if self.0.get("version").is_some() {
            expected.extend(ORIGIN);
        }
        // Columns of a table have names.
        if let Some(names) = self.0.get("names") {
            assert_eq!(names.as_array().map(Vec::len), Some(self.support().len()));
            expected.push("names");
        }
        // A deconvolution says where its spikes lie.
        if let Some(positions) = self.0.get("positions") {
            assert_eq!(positions.as_array().map(Vec::len), Some(self.support().len()));
            expected.push("positions");
        }
        keys.sort_unstable();
        expected.sort_unstable();
        assert_eq!(keys, expected);
        let support = self.support();
        assert!(support.is_sorted() && support.windows(2).all(|pair| pair[0] < pair[1]), "{support:?}");
        assert_eq!(support.len(), self.0["coefficients"].as_array().unwrap().len());
        let residual = self.number("residual_norm");
        assert!((self.number("objective") - 0.5 * residual * residual).abs() <= 1e-12 * residual * residual);
        assert!(self.number("relative_residual") >= 0.0 && self.number("elapsed_seconds") >= 0.0);
        assert!(self.count("best_iteration") <= self.count("iterations"));
        // The empty support is not one that was explored.
        assert!(self.count("supports_explored") >= u64::from(!support.is_empty()));
        assert!(!self.word("algorithm").is_empty() && !self.word("stop_reason").is_empty());
    }

    /// x as a vector of length n.
    pub fn dense(&self, n: usize) -> Vec<f64> {
        let mut x = vec![0.0; n];
        self.support().into_iter().zip(self.coefficients()).for_each(|(j, value)| x[j] = value);
        x
    }

    /// ‖y − A x‖ from this support and these coefficients must be the norm that is stated.
    pub fn check_residual(&self, a: &Rows, y: &[f64]) {
        let x = self.dense(a[0].len());
        let residual = a.iter().zip(y).map(|(row, y)| y - dot(row, &x)).map(|r| r * r).sum::<f64>().sqrt();
        let size = norm(y);
        assert!((residual - self.number("residual_norm")).abs() <= 1e-12 * size, "{residual} {:?}", self.0);
        let relative = if size > 0.0 { residual / size } else { 0.0 };
        assert!((relative - self.number("relative_residual")).abs() <= 1e-12, "{relative} {:?}", self.0);
    }
}

/// A matrix by rows.
pub type Rows = Vec<Vec<f64>>;

pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

pub fn norm(v: &[f64]) -> f64 {
    dot(v, v).sqrt()
}

/// 16 × 8 with orthogonal columns of whole numbers: column j is j + 1 times a column of ±1 (Sylvester's matrix).
pub fn orthogonal() -> Rows {
    let sign = |i: usize, j: usize| if (i & j).count_ones().is_multiple_of(2) { 1.0 } else { -1.0 };
    (0..16).map(|i| (0..8).map(|j| (j + 1) as f64 * sign(i, j)).collect()).collect()
}

/// 2 a₂ − 3 a₅: with orthogonal columns, the only answer for k = 2.
pub fn two_columns(a: &Rows) -> Vec<f64> {
    a.iter().map(|row| 2.0 * row[2] - 3.0 * row[5]).collect()
}

/// Numbers between −1 and 1, the same on every machine.
pub fn numbers(count: usize, seed: u64) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

/// Lines of fields.
pub fn table(rows: &[Vec<f64>], separator: &str) -> String {
    let line = |row: &Vec<f64>| row.iter().map(f64::to_string).collect::<Vec<_>>().join(separator) + "\n";
    rows.iter().map(line).collect()
}

/// One number a line.
pub fn column(values: &[f64]) -> String {
    values.iter().map(|v| format!("{v}\n")).collect()
}

/// The bytes of a .npy file of this type string, order and shape.
pub fn npy_of(descr: &str, fortran: bool, shape: &str, data: &[u8]) -> Vec<u8> {
    let order = if fortran { "True" } else { "False" };
    let mut header = format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}");
    while (10 + header.len() + 1) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.bytes());
    bytes.extend(data);
    bytes
}

/// A vector as .npy.
pub fn npy_vector(values: &[f64]) -> Vec<u8> {
    let data: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    npy_of("<f8", false, &format!("({},)", values.len()), &data)
}

/// A matrix as .npy, row by row.
pub fn npy_matrix(rows: &Rows) -> Vec<u8> {
    let data: Vec<u8> = rows.iter().flatten().flat_map(|v| v.to_le_bytes()).collect();
    npy_of("<f8", false, &format!("({}, {})", rows.len(), rows[0].len()), &data)
}

/// The shape and the numbers of a .npy file of <f8 or <i8; those of a matrix by rows.
pub fn read_npy(bytes: &[u8]) -> (Vec<usize>, Vec<f64>) {
    assert_eq!(&bytes[..8], b"\x93NUMPY\x01\x00");
    let start = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let header = std::str::from_utf8(&bytes[10..start]).unwrap();
    let shape = header.split(['(', ')']).nth(1).unwrap();
    let shape: Vec<usize> = shape.split(',').filter_map(|n| n.trim().parse().ok()).collect();
    let eight = bytes[start..].chunks_exact(8).map(|chunk| chunk.try_into().unwrap());
    let values: Vec<f64> = match header {
        _ if header.contains("<f8") => eight.map(f64::from_le_bytes).collect(),
        _ if header.contains("<i8") => eight.map(|b| i64::from_le_bytes(b) as f64).collect(),
        _ => panic!("{header}"),
    };
    assert_eq!(values.len(), shape.iter().product::<usize>());
    if header.contains("'fortran_order': True") {
        let by_rows = (0..values.len()).map(|at| values[at % shape[1] * shape[0] + at / shape[1]]);
        return (shape.clone(), by_rows.collect());
    }
    (shape, values)
}

/// A whole picture of the kind that its name says.
pub fn check_picture(folder: &Folder, name: &str) {
    let bytes = folder.read(name);
    if name.ends_with(".png") {
        assert_eq!(&bytes[..8], b"\x89PNG\r\n\x1a\n", "{name}");
        assert_eq!(&bytes[bytes.len() - 8..bytes.len() - 4], b"IEND", "{name}");
    } else {
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.starts_with("<svg") && text.trim_end().ends_with("</svg>"), "{name}");
        let (open, close) = (text.matches("<g").count(), text.matches("</g>").count());
        assert!(!text.contains("NaN") && !text.contains("inf\""), "{name}");
        assert!(open >= close, "{name}");
    }
}

/// The names of the registry, from the command itself.
pub fn algorithms() -> Vec<String> {
    named(|_| true)
}

/// Those of the algorithms that work with any operator.
pub fn general_algorithms() -> Vec<String> {
    named(|entry| entry["operator"].is_null())
}

fn named(chosen: impl Fn(&Value) -> bool) -> Vec<String> {
    let json = Folder::new().succeed("algorithms --json").json();
    let entries = json["algorithms"].as_array().unwrap().iter();
    entries.filter(|entry| chosen(entry)).map(|entry| entry["name"].as_str().unwrap().to_owned()).collect()
}
