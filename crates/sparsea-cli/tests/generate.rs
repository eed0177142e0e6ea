//! `sparsea generate` and `sparsea algorithms`: files whose truth is known, and the list of what can be done.

mod common;

use common::{Folder, algorithms, dot, norm, read_npy};

const FAMILIES: [&str; 5] = ["deconvolution", "gaussian", "bernoulli", "correlated", "steps"];

struct Made {
    shape: Vec<usize>,
    a: Vec<f64>,
    y: Vec<f64>,
    x: Vec<f64>,
    support: Vec<f64>,
}

fn made(folder: &Folder, at: &str) -> Made {
    let vector = |name: &str| {
        let (shape, values) = read_npy(&folder.read(&format!("{at}/{name}.npy")));
        assert_eq!(shape.len(), 1);
        values
    };
    let (shape, a) = read_npy(&folder.read(&format!("{at}/A.npy")));
    Made { shape, a, y: vector("y"), x: vector("x"), support: vector("support") }
}

#[test]
fn every_family_is_what_it_says() {
    let folder = Folder::new();
    for family in FAMILIES {
        let out = folder.succeed(&format!("generate {family} --out {family} -n 60 -k 5 --noise 0.1 --seed 3")).out;
        let Made { shape, a, y, x, support } = made(&folder, family);
        let m = match family {
            "deconvolution" => 60 + 48,
            "steps" => 60,
            _ => 30,
        };
        assert_eq!(shape, [m, 60], "{family}");
        assert_eq!((y.len(), x.len(), support.len()), (m, 60, 5), "{family}");
        let non_zero: Vec<f64> = (0..60).filter(|&j| x[j] != 0.0).map(|j| j as f64).collect();
        assert_eq!(non_zero, support, "{family}");
        let fit: Vec<f64> = a.chunks(60).map(|row| dot(row, &x)).collect();
        let noise: Vec<f64> = y.iter().zip(&fit).map(|(y, f)| y - f).collect();
        assert!((norm(&noise) / norm(&fit) - 0.1).abs() < 1e-12, "{family}");
        assert!(out.contains(&format!("A is {m} × 60, k = 5")), "{out}");
        let indices = support.iter().map(f64::to_string).collect::<Vec<_>>().join(" ");
        assert!(out.contains(&format!("true support: {indices}\n")), "{out}");
        for file in ["A", "y", "x", "support"] {
            assert!(out.contains(&format!("{file}.npy")), "{out}");
        }
        assert_eq!(folder.path(&format!("{family}/kernel.npy")).exists(), family == "deconvolution");
        // It can be solved, and the solution is at least as good as the truth.
        let solution = folder.solution(&format!("solve {family}/A.npy {family}/y.npy -k 5 --start {family}/x.npy"));
        assert!(solution.number("residual_norm") <= norm(&noise) * (1.0 + 1e-12), "{family}");
        match family {
            "bernoulli" => assert!(a.iter().all(|v| v.abs() == 1.0) && a.contains(&1.0) && a.contains(&-1.0)),
            "steps" => assert!((0..60 * 60).all(|at| a[at] == f64::from(u8::from(at / 60 >= at % 60)))),
            _ => {}
        }
    }
}

#[test]
fn entries_are_distributed_as_said() {
    let folder = Folder::new();
    folder.succeed("generate gaussian --out g -m 200 -n 200");
    let a = made(&folder, "g").a;
    let (mean, square) = (a.iter().sum::<f64>() / 40_000.0, dot(&a, &a) / 40_000.0);
    assert!(mean.abs() < 0.03 && (square - 1.0).abs() < 0.05, "{mean} {square}");
    folder.succeed("generate correlated --out c -m 200 -n 200 --rho 0.8");
    let a = made(&folder, "c").a;
    let next: f64 = a.chunks(200).map(|row| row.windows(2).map(|pair| pair[0] * pair[1]).sum::<f64>()).sum();
    let correlation = next / (200.0 * 199.0);
    assert!((correlation - 0.8).abs() < 0.05, "{correlation}");
    // A negative number is a value, not an option.
    folder.succeed("generate correlated --out n -m 200 -n 200 --rho -0.5");
    let a = made(&folder, "n").a;
    let next: f64 = a.chunks(200).map(|row| row.windows(2).map(|pair| pair[0] * pair[1]).sum::<f64>()).sum();
    let correlation = next / (200.0 * 199.0);
    assert!((correlation + 0.5).abs() < 0.05, "{correlation}");
}

#[test]
fn a_generated_trace_is_deconvolved() {
    let folder = Folder::new();
    folder.succeed("generate deconvolution -n 300 -k 4 --sigma 2 --seed 1");
    let support = made(&folder, ".").support;
    let line = "deconvolve y.npy --kernel kernel.npy --boundary full -k 4";
    let by_convolution = folder.solution(line);
    let by_matrix = folder.solution("solve A.npy y.npy -k 4");
    assert_eq!(by_convolution.support(), by_matrix.support());
    let found: Vec<f64> = by_matrix.support().iter().map(|&j| j as f64).collect();
    assert_eq!(found, support);
    assert!(by_convolution.number("relative_residual") < 1e-12);
    let named = folder.solution("deconvolve y.npy --kernel gaussian:2 --boundary full -k 4");
    assert_eq!(named.support(), by_convolution.support());
}

#[test]
fn seeds_decide_every_byte() {
    let folder = Folder::new();
    for family in FAMILIES {
        for (at, seed) in [("a", 7), ("b", 7), ("c", 8)] {
            folder.succeed(&format!("generate {family} --out {at} -n 40 -k 3 --noise 0.2 --seed {seed}"));
        }
        for file in ["A.npy", "y.npy", "x.npy", "support.npy"] {
            let read = |at: &str| folder.read(&format!("{at}/{file}"));
            assert_eq!(read("a"), read("b"), "{family} {file}");
            // The matrices of these two are not random.
            if file != "A.npy" || !matches!(family, "deconvolution" | "steps") {
                assert_ne!(read("a"), read("c"), "{family} {file}");
            }
        }
    }
}

#[test]
fn formats_hold_the_same_numbers() {
    let folder = Folder::new();
    for format in ["npy", "csv", "mtx"] {
        folder.succeed(&format!("generate gaussian -m 12 -n 20 -k 3 --format {format}"));
    }
    let expected = made(&folder, ".");
    let numbers = |name: &str| -> Vec<f64> {
        let text = folder.text(name);
        let lines = text.lines().skip(if name.ends_with("mtx") { 2 } else { 0 });
        lines.flat_map(|line| line.split(',')).map(|word| word.parse().unwrap()).collect()
    };
    assert_eq!(numbers("A.csv"), expected.a);
    let by_rows: Vec<f64> = (0..240).map(|at| numbers("A.mtx")[at % 20 * 12 + at / 20]).collect();
    assert_eq!(by_rows, expected.a);
    for format in ["csv", "mtx"] {
        assert_eq!(numbers(&format!("y.{format}")), expected.y);
        assert_eq!(numbers(&format!("x.{format}")), expected.x);
        assert_eq!(numbers(&format!("support.{format}")), expected.support);
        // Tables and .npy list A by rows, Matrix Market by columns: the same sums in another order.
        let solve = |f: &str| folder.solution(&format!("solve A.{f} y.{f} -k 3 --start support:support.{f}"));
        let (found, expected) = (solve(format).timeless(), solve("npy").timeless());
        assert_eq!(found["support"], expected["support"]);
        let coefficients = |of: &serde_json::Value| -> Vec<f64> {
            of["coefficients"].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
        };
        for (found, expected) in coefficients(&found).iter().zip(coefficients(&expected)) {
            assert!((found - expected).abs() < 1e-14, "{format}: {found} {expected}");
        }
    }
}

#[test]
fn impossible_problems_are_refused() {
    let folder = Folder::new();
    folder.write("file", "");
    let out = "--out new";
    for (line, said) in [
        ("gaussian -m 10 -n 20 -k 11", "k must be between 1 and 10 (the number of rows), got 11"),
        ("gaussian -n 20 -k 0", "k must be between 1 and 10 (the number of rows), got 0"),
        ("steps -n 20 -k 21", "k must be between 1 and 20 (the number of columns), got 21"),
        ("gaussian --noise=-1", "--noise must be a finite number of at least 0, got '-1'"),
        ("gaussian --noise inf", "--noise must be a finite number of at least 0, got 'inf'"),
        ("correlated --rho 1.5", "--rho must be a number from -1 to 1, got '1.5'"),
        ("deconvolution --sigma 0", "--sigma must be a finite number greater than 0, got '0'"),
        ("steps -m 10", "--rows"),
        ("gaussian -n 0", "--columns must be a whole number of at least 1, got '0'"),
        ("gaussian -m 10000000 -n 10000000", "must have between 1 and"),
        ("steps -n 18446744073709551615", "must have between 1 and"),
        ("cauchy", "cauchy"),
        ("gaussian --format xlsx", "xlsx"),
    ] {
        folder.refuse(&format!("generate {line} {out}"), &[said]);
    }
    folder.refuse("generate gaussian --out file", &["file: is a file, not a folder"]);
    folder.refuse("generate gaussian --out file/sub/x", &["file/sub/x: 'file' is not a folder"]);
}

#[test]
fn algorithms_are_listed() {
    let folder = Folder::new();
    let json = folder.succeed("algorithms --json").json();
    let people = folder.succeed("algorithms").out;
    let entries = json["algorithms"].as_array().unwrap();
    for name in ["sea", "omp", "htp", "iht"] {
        assert!(entries.iter().any(|entry| entry["name"] == name), "{name}");
    }
    for entry in entries {
        let word = |key: &str| entry[key].as_str().unwrap();
        assert!(people.lines().any(|line| line.split_whitespace().next() == Some(word("name"))), "{people}");
        for key in ["title", "summary", "reference"] {
            assert!(!word(key).is_empty() && people.contains(word(key)), "{key}");
        }
        for setting in entry["settings"].as_array().unwrap() {
            let word = |key: &str| setting[key].as_str().unwrap();
            assert!(people.contains(&format!("{} = {}: {}", word("name"), word("default"), word("meaning"))));
            assert!(people.contains(word("range")), "{setting}");
        }
    }
    assert_eq!(entries[0]["settings"][0]["name"], "step_size");
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn one_algorithm_is_shown() {
    let folder = Folder::new();
    let all = folder.succeed("algorithms").out;
    for name in algorithms() {
        let text = folder.succeed(&format!("algorithms {name}")).out;
        // The same words, in a narrower column.
        assert!(text.starts_with(&name) && words(&all).contains(&words(&text)), "{text}");
        let (one, every) = (folder.succeed(&format!("algorithms {name} --json")), folder.succeed("algorithms --json"));
        let (one, every) = (one.json(), every.json());
        let entry = every["algorithms"].as_array().unwrap().iter().find(|entry| entry["name"] == *name).unwrap();
        assert_eq!(one["algorithms"].as_array().unwrap(), std::slice::from_ref(entry));
    }
    assert_eq!(folder.succeed("algorithms SEA").out, folder.succeed("algorithms sea").out);
    let known = format!("unknown algorithm 'nope'; known: {}", algorithms().join(", "));
    folder.refuse("algorithms nope", &[&known]);
    folder.refuse("algorithms nope --json", &[&known]);
}
