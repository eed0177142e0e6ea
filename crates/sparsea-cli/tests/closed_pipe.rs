//! `sparsea … | head -1`: the reader of standard output may go away.

#![cfg(unix)]

mod common;

use common::{Folder, npy_matrix, npy_vector, orthogonal, two_columns};
use std::process::Stdio;

#[test]
fn a_closed_pipe_is_no_panic() {
    let (folder, a) = (Folder::new(), orthogonal());
    folder.write("y.npy", npy_vector(&two_columns(&a)));
    folder.write("A.npy", npy_matrix(&a));
    let problem = "A.npy y.npy -k 2";
    let lines = [
        "--help".to_owned(),
        "algorithms".to_owned(),
        "algorithms --json".to_owned(),
        format!("solve {problem}"),
        format!("solve {problem} --json"),
        format!("compare {problem}"),
        format!("compare {problem} --json"),
        "generate gaussian --out g".to_owned(),
    ];
    for line in lines {
        let arguments: Vec<&str> = line.split_whitespace().collect();
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let child = folder.command(&arguments).stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
        let output = child.wait_with_output().unwrap();
        let err = String::from_utf8_lossy(&output.stderr);
        assert!(!err.contains("panicked"), "{line}: {err}");
        assert_ne!(output.status.code(), Some(101), "{line}");
    }
    // What was to be written is there all the same.
    for name in ["A", "y", "x", "support"] {
        assert!(folder.path(&format!("g/{name}.npy")).exists(), "{name}");
    }
}

/// A full disk is said in one line.
#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_no_panic() {
    let folder = Folder::new();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = folder.command(&["algorithms"]).stdout(full).stderr(Stdio::piped()).output().unwrap();
    let ran = common::Ran::of(output);
    // As the help says of a full disk.
    assert_eq!(ran.status, 1);
    assert!(ran.err.starts_with("sparsea: ") && ran.err.lines().count() == 1, "{}", ran.err);
}
