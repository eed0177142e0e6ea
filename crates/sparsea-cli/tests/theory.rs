//! `sparsea theory`: the numbers, the three answers, and what is refused.

mod common;

use common::{Folder, Ran, column, numbers, orthogonal, table};
use serde_json::Value;

const KEYS: [&str; 7] = ["alpha", "babel", "coherence", "condition", "gamma", "iteration_bound", "restricted_isometry"];

/// A.csv: 12 × 12, nearly orthonormal, its columns then scaled; x.csv with two non-zeros; e.csv and start.csv.
fn folder() -> Folder {
    let folder = Folder::new();
    let disturbance = numbers(144, 1);
    let entry = |i: usize, j: usize| (j + 1) as f64 * (f64::from(u8::from(i == j)) + 0.01 * disturbance[12 * i + j]);
    let rows: Vec<Vec<f64>> = (0..12).map(|i| (0..12).map(|j| entry(i, j)).collect()).collect();
    folder.write("A.csv", table(&rows, ","));
    let x: Vec<f64> = (0..12)
        .map(|j| {
            if j == 3 {
                0.5
            } else if j == 7 {
                -0.125
            } else {
                0.0
            }
        })
        .collect();
    folder.write("x.csv", column(&x));
    folder.write("e.csv", column(&numbers(12, 2).iter().map(|e| 1e-3 * e).collect::<Vec<_>>()));
    folder.write("start.csv", column(&numbers(12, 3)));
    folder
}

fn theory(folder: &Folder, line: &str) -> Value {
    let json = folder.succeed(&format!("theory {line} --json")).json();
    let keys: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
    let mut sorted = keys.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, KEYS);
    json
}

fn pair(value: &Value) -> (f64, f64) {
    (value[0].as_f64().unwrap(), value[1].as_f64().unwrap())
}

#[test]
fn the_theorem_applies_where_columns_are_nearly_orthogonal() {
    let folder = folder();
    let json = theory(&folder, "A.csv -k 2");
    let delta = |s: usize| pair(&json["restricted_isometry"][s.to_string()]);
    assert_eq!(json["restricted_isometry"].as_object().unwrap().len(), 5);
    assert_eq!(delta(1), (0.0, 0.0));
    for s in 2..=5 {
        assert!(delta(s).0 == delta(s).1 && delta(s).0 > delta(s - 1).0);
    }
    let coherence = json["coherence"].as_f64().unwrap();
    assert!((delta(2).0 - coherence).abs() < 1e-12);
    let babel: Vec<f64> = json["babel"].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect();
    assert!(babel.len() == 2 && (babel[0] - coherence).abs() < 1e-12 && babel[1] > babel[0]);
    // α and γ from their definitions.
    let alpha = delta(5).0 * ((delta(4).0 / (1.0 - delta(2).0)).powi(2) + 1.0).sqrt();
    let gamma = delta(5).0 * (1.0 + delta(2).0).sqrt() / (1.0 - delta(2).0) + 1.0;
    assert!((pair(&json["alpha"]).0 - alpha).abs() < 1e-12 && (pair(&json["gamma"]).1 - gamma).abs() < 1e-12);
    assert_eq!(json["condition"]["verdict"], "applies");
    assert_eq!(json["condition"]["of"], "equal non-zeros");
    assert!((pair(&json["condition"]["dynamic_range_limit"]).0 - 0.25 / alpha).abs() < 1e-9);
    let out = folder.succeed("theory A.csv -k 2").out;
    let last = out.trim_end().lines().last().unwrap();
    assert!(last.starts_with("The theorem applies to every x with 2 non-zeros"), "{out}");

    // x* in the scale of A: 2 and −1 on columns of norm 1.
    let given = theory(&folder, "A.csv -k 2 --truth x.csv");
    assert!((given["condition"]["dynamic_range"].as_f64().unwrap() - 5f64.sqrt()).abs() < 0.05, "{given}");
    let quiet = given["iteration_bound"].as_f64().unwrap();
    assert_eq!((&given["condition"]["error_bound"], &given["condition"]["of"]), (&0.0.into(), &"truth".into()));
    assert!(given["condition"]["exact_recovery_coefficient"].as_f64().unwrap() < 0.1);
    let noisy = theory(&folder, "A.csv -k 2 --truth x.csv --noise e.csv --start start.csv --step-size 0.5");
    assert!(noisy["iteration_bound"].as_f64().unwrap() > quiet);
    assert!((1e-4..1e-2).contains(&noisy["condition"]["error_bound"].as_f64().unwrap()));
    let loud = theory(&folder, "A.csv -k 2 --truth x.csv --noise-norm 1");
    assert_eq!((&loud["condition"]["verdict"], &loud["iteration_bound"]), (&"cannot apply".into(), &Value::Null));
    let out = folder.succeed("theory A.csv -k 2 --truth x.csv --noise e.csv").out;
    assert!(out.lines().any(|line| line.starts_with("error at most")), "{out}");
    let last = out.trim_end().lines().last().unwrap();
    assert!(last.starts_with("The theorem applies: SEA visits a support that contains the true one within"), "{out}");
}

#[test]
fn little_work_leaves_it_open() {
    let folder = folder();
    let (rough, exact) = (theory(&folder, "A.csv -k 3 --work 0"), theory(&folder, "A.csv -k 3"));
    for s in 1..=7 {
        let (rough, exact) =
            (pair(&rough["restricted_isometry"][s.to_string()]), pair(&exact["restricted_isometry"][s.to_string()]));
        assert!(rough.0 <= exact.0 + 1e-12 && exact.1 <= rough.1 + 1e-12 && exact.0 == exact.1, "{s}");
    }
    assert!(pair(&rough["restricted_isometry"]["7"]).0 < pair(&rough["restricted_isometry"]["7"]).1);
    let out = folder.succeed("theory A.csv -k 3 --work 0").out;
    assert!(out.contains("(bounds)"), "{out}");
}

#[test]
fn a_blur_is_beyond_the_theorem() {
    let folder = Folder::new();
    let line = "--kernel gaussian:3 -n 60 -k 3 --boundary full --work 1e6";
    let json = theory(&folder, line);
    assert!((json["coherence"].as_f64().unwrap() - (-1f64 / 36.0).exp()).abs() < 1e-12);
    // What is infinite is null.
    assert_eq!(json["alpha"], serde_json::json!([null, null]));
    assert_eq!((&json["condition"]["verdict"], &json["iteration_bound"]), (&"cannot apply".into(), &Value::Null));
    let out = folder.succeed(&format!("theory {line}")).out;
    assert!(out.starts_with("problem             A is 108 × 60") && out.contains("it needs δ_3 < 1"), "{out}");
    // The same operator from a file.
    folder.succeed("generate deconvolution -n 60 -k 3");
    let file = theory(&folder, "A.npy -k 3 --work 1e6");
    assert!((file["coherence"].as_f64().unwrap() - json["coherence"].as_f64().unwrap()).abs() < 1e-12);
    for boundary in ["same", "circular"] {
        theory(&folder, &format!("--kernel exponential:2 -n 60 -k 2 --work 1e5 --boundary {boundary}"));
    }
}

#[test]
fn orthogonal_columns_are_told() {
    let folder = Folder::new();
    folder.write("A.csv", table(&orthogonal(), ","));
    let json = theory(&folder, "A.csv -k 3");
    assert_eq!((&json["coherence"], &json["iteration_bound"]), (&0.0.into(), &4.0.into()));
    let out = folder.succeed("theory A.csv -k 3").out;
    assert!(out.contains("the columns are orthogonal"), "{out}");
}

#[test]
fn bad_input_is_refused() {
    let folder = folder();
    folder.write("zero.csv", "1,0,2\n3,0,4\n");
    folder.write("nan.csv", "1,nan\n3,4\n");
    folder.write("none.csv", "0\n".repeat(12));
    folder.write("short.csv", "1\n2\n");
    folder.write("many.csv", "1\n".repeat(12));
    folder.refuse("theory -k 2", &["<A>"]);
    folder.refuse("theory A.csv", &["--sparsity"]);
    let huge = ["A is 1152921504606847024 × 1152921504606846976, but a vector of that length does not fit into memory"];
    folder.refuse("theory --kernel gaussian:3 --boundary full -n 1152921504606846976 -k 2", &huge);
    folder.refuse("theory --kernel gaussian:3 -n 18446744073709551615 -k 2", &["does not fit into memory"]);
    folder.refuse("theory missing.npy -k 2", &["missing.npy"]);
    folder.refuse("theory A.csv -k 0", &["k must be between 1 and 12", "got 0"]);
    folder.refuse("theory A.csv -k 13", &["k must be between 1 and 12", "got 13"]);
    folder.refuse("theory zero.csv -k 1", &["column 1 of A is zero"]);
    folder.refuse("theory nan.csv -k 1", &["nan.csv", "not a finite number"]);
    folder.refuse("theory A.csv -k 2 --truth short.csv", &["short.csv: has 2 entries, but A has 12 columns"]);
    folder.refuse("theory A.csv -k 2 --truth none.csv", &["none.csv: holds no non-zero"]);
    folder.refuse("theory A.csv -k 2 --truth many.csv", &["the true x has 12 non-zeros, but k is 2"]);
    folder
        .refuse("theory A.csv -k 2 --truth x.csv --noise short.csv", &["short.csv: has 2 entries, but A has 12 rows"]);
    folder.refuse("theory A.csv -k 2 --truth x.csv --start short.csv", &["short.csv: has 2 entries"]);
    folder.refuse("theory A.csv -k 2 --truth x.csv --noise-norm -1", &["--noise-norm must be", "got '-1'"]);
    folder.refuse("theory A.csv -k 2 --truth x.csv --step-size 0", &["--step-size must be", "got '0'"]);
    folder.refuse("theory A.csv -k 2 --work nan", &["--work must be", "got 'nan'"]);
    folder.refuse("theory A.csv -k 2 --noise-norm 1", &["--truth"]);
    folder.refuse("theory A.csv -k 2 --noise e.csv --noise-norm 1 --truth x.csv", &["--noise"]);
    folder.refuse("theory A.csv -k 2 -n 12", &["-n goes with --kernel"]);
    folder.refuse("theory A.csv -k 2 --origin 3", &["kernel"]);
    folder.refuse("theory --kernel gaussian:3 -n 0 -k 2", &["--columns must be", "got '0'"]);
    folder.refuse("theory A.csv -k 2 --step-size 2", &["--truth"]);
    folder.refuse("theory A.csv -k 2 --kernel gaussian:3", &["--kernel"]);
    folder.refuse("theory --kernel gaussian:3 -k 2", &["--kernel needs the number of spikes: -n"]);
    folder.refuse("theory --kernel gaussian:3 -n 9 -k 2 --boundary valid", &["the kernel has 49 samples"]);
    folder.refuse("theory --kernel gaussian:3 -n 90 -k 2 --baseline mean", &["--baseline is for a trace"]);
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_it() {
    use std::os::unix::process::ExitStatusExt;
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    let folder = Folder::new();
    folder.succeed("generate gaussian -m 100 -n 200 -k 10");
    let arguments = ["theory", "A.npy", "-k", "10", "--work", "1e13"];
    let mut child = folder.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(700));
    assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
    let sent = Instant::now();
    // A background shell has its children ignore SIGINT, and they cannot tell theirs otherwise.
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigIgn:")?.trim(), 16).ok());
    let (name, number) = if ignored.unwrap_or(0) & 2 == 0 { ("-INT", 2) } else { ("-TERM", 15) };
    assert!(Command::new("kill").args([name, &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert!(sent.elapsed() < Duration::from_secs(2));
    assert!(output.status.signal() == Some(number) || output.status.code() == Some(130), "{output:?}");
    assert!(output.stdout.is_empty() && output.stderr.is_empty());
}

#[test]
fn help_names_it() {
    let ran: Ran = Folder::new().succeed("--help");
    assert!(ran.out.contains("theory"), "{}", ran.out);
}
