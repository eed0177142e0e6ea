//! What `--json` says beside the numbers, and what reads it.

mod common;

use std::process::Stdio;

use common::{Folder, orthogonal, table, two_columns};
use serde_json::{Value, json};

/// A table of A with names c0, c1, …, beside y, and columns that y is made of.
fn named(folder: &Folder) -> Vec<String> {
    let a = orthogonal();
    let y = two_columns(&a);
    let n = a[0].len();
    let names: Vec<String> = (0..n).map(|j| format!("c{j}")).collect();
    let rows: Vec<Vec<f64>> = a.iter().zip(&y).map(|(row, y)| row.iter().copied().chain([*y]).collect()).collect();
    folder.write("t.csv", format!("{},y\n{}", names.join(","), table(&rows, ",")));
    folder.write("a.csv", table(&a, ","));
    names
}

/// The keys that say what a result is of.
fn check_origin(object: &Value, files: &[&str], k: usize) {
    let (m, n) = (orthogonal().len(), orthogonal()[0].len());
    assert_eq!(object["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!((&object["files"], &object["m"], &object["n"]), (&json!(files), &json!(m), &json!(n)));
    assert_eq!(object["k"], k);
}

#[test]
fn results_say_what_they_are_of() {
    let folder = Folder::new();
    let names = named(&folder);
    let named_of = |object: &Value| {
        let support = object["support"].as_array().unwrap().iter();
        assert_eq!(object["names"], support.map(|j| names[j.as_u64().unwrap() as usize].clone()).collect::<Value>());
    };
    let solved = folder.succeed("solve t.csv y -k 2 --no-intercept --json").json();
    check_origin(&solved, &["t.csv"], 2);
    named_of(&solved);
    folder.write("s.json", solved.to_string());
    let improved = folder.succeed("improve t.csv y --support s.json --no-intercept --json").json();
    check_origin(&improved, &["t.csv", "s.json"], 2);
    let compared = folder.succeed("compare t.csv y -k 2 --algorithms omp,sea --no-intercept --json").json();
    check_origin(&compared, &["t.csv"], 2);
    compared["solutions"].as_array().unwrap().iter().for_each(named_of);
    let path = folder.succeed("path t.csv y --no-intercept --json").json();
    check_origin(&path, &["t.csv"], path["k"].as_u64().unwrap() as usize);
    named_of(&path);
    let halves = folder.succeed("stability t.csv y -k 2 --no-intercept --subsamples 4 --json").json();
    check_origin(&halves, &["t.csv"], 2);

    folder.write("trace.txt", "0 1 2 1 0 0 3 6 3 0\n");
    folder.write("kernel.txt", "1\n2\n1\n");
    let spikes = folder.succeed("deconvolve trace.txt --kernel kernel.txt -k 2 --json").json();
    assert_eq!(spikes["files"], json!(["trace.txt", "kernel.txt"]));
    assert!(spikes.get("names").is_none() && spikes["m"] == 10);
}

#[test]
fn a_support_may_be_what_solve_printed_or_names() {
    let folder = Folder::new();
    let names = named(&folder);
    let solved = folder.succeed("solve t.csv y -k 2 --no-intercept --json");
    let support = solved.json()["support"].clone();
    let improve =
        |given: &str| folder.succeed(&format!("improve t.csv y --support {given} --no-intercept --json")).json();

    folder.write("s.json", &solved.out);
    assert_eq!(improve("s.json")["support"], support);
    let chosen: Vec<&str> = support.as_array().unwrap().iter().map(|j| &*names[j.as_u64().unwrap() as usize]).collect();
    folder.write("names.txt", format!("{}\n", chosen.join("\n")));
    assert_eq!(improve("names.txt")["support"], support);
    assert_eq!(
        folder.succeed("solve t.csv y -k 2 --start support:names.txt --no-intercept --json").json()["support"],
        support
    );

    // From a pipe.
    let mut command = folder.command(&["improve", "t.csv", "y", "--support", "-", "--no-intercept", "--json"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), solved.out.as_bytes()).unwrap();
    let piped = common::Ran::of(child.wait_with_output().unwrap());
    assert_eq!((piped.status, piped.json()["support"].clone()), (0, support));
}

#[test]
fn a_support_that_is_none_is_refused() {
    let folder = Folder::new();
    named(&folder);
    let cases = [
        ("s.json", "{\"support\": [0, -1]}", "without a `support` of whole numbers"),
        ("s.json", "{\"support\": [0, 1.5]}", "without a `support` of whole numbers"),
        ("s.json", "{\"x\": 1}", "without a `support`"),
        ("s.json", "[0, 1]", "without a `support`"),
        ("s.json", "{\"support\": [0", "is no JSON"),
        ("s.json", "", "is no JSON"),
        ("s.json", "{\"solutions\": [{\"support\": [0]}, {\"support\": [1]}]}", "holds 2 solutions"),
        ("s.txt", "c0\nc99\n", "line 2: A has no column 'c99'"),
    ];
    for (name, text, said) in cases {
        folder.write(name, text);
        folder.refuse(&format!("improve t.csv y --support {name}"), &[name, said]);
    }
}
