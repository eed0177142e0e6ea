//! `sparsea path`: every k, the one that is chosen, and what is refused.

mod common;

use common::Folder;
use serde_json::Value;

/// A table whose column y is 5 + 3 b − 2 d + noise.
fn table(rows: usize, noise: f64) -> String {
    // A fixed congruence; columns need only be unlike each other.
    let mut state = 12345u64;
    let mut uniform = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / (1u64 << 31) as f64 - 0.5
    };
    let mut text = String::from("a,b,c,d,e,f,y\n");
    for _ in 0..rows {
        let row: Vec<f64> = (0..6).map(|_| uniform()).collect();
        let y = 5.0 + 3.0 * row[1] - 2.0 * row[3] + noise * uniform();
        let fields: Vec<String> = row.iter().chain([&y]).map(|v| format!("{v:.17e}")).collect();
        text.push_str(&fields.join(","));
        text.push('\n');
    }
    text
}

fn supports(json: &Value) -> Vec<Vec<u64>> {
    let row = |row: &Value| row["support"].as_array().unwrap().iter().map(|j| j.as_u64().unwrap()).collect();
    json["path"].as_array().unwrap().iter().map(row).collect()
}

#[test]
fn a_table_has_its_columns_counted() {
    let folder = Folder::new();
    folder.write("t.csv", table(60, 0.2));
    for criterion in ["ebic", "bic", "aicc", "cp", "loo", "cv", "aic"] {
        let found = folder.run(&format!("path t.csv y -K 5 --criterion {criterion} --json")).json();
        assert_eq!(found["criterion"], criterion);
        let k = found["k"].as_u64().unwrap();
        assert!(k >= 2 && (k == 2 || !["ebic", "bic"].contains(&criterion)), "{criterion} {k}");
        assert_eq!(supports(&found)[..3], [vec![], vec![1], vec![1, 3]], "{criterion}");
        assert_eq!(found["support"], found["path"][k as usize]["support"]);
        assert_eq!(found["path"].as_array().unwrap().len(), 6);
        assert!((found["intercept"].as_f64().unwrap() - 5.0).abs() < 0.1, "{found}");
        assert_eq!(found["path"][2]["entered"], serde_json::json!([3]));
        assert_eq!(found["path"][2]["left"], serde_json::json!([]));
    }
    let shown = folder.succeed("path t.csv y").out;
    let is_chosen = |text: &str| text.lines().any(|line| line.trim_start().starts_with("*2 "));
    assert!(is_chosen(&shown) && shown.contains("+d"), "{shown}");
    assert!(shown.contains("every model has an intercept"), "{shown}");
    assert!(shown.contains("intercept           "), "{shown}");
    let all = folder.succeed("path t.csv y -K 4 --criterion cv --folds 6 --one-standard-error --shuffle 3").out;
    assert!(all.contains("± one s.e.") && is_chosen(&all), "{all}");
}

#[test]
fn it_is_what_solve_finds_on_a_small_problem() {
    let folder = Folder::new();
    folder.succeed("generate gaussian -m 40 -n 60 -k 4 --noise 0.05 --seed 2");
    let path = folder.succeed("path A.npy y.npy -K 6 --json").json();
    for k in 0..=6 {
        let alone = folder.solution(&format!("solve A.npy y.npy -k {k}"));
        let own: Vec<u64> = alone.support().iter().map(|&j| j as u64).collect();
        assert_eq!(supports(&path)[k], own, "{k}");
    }
    assert_eq!(path["k"], 4);
    folder.succeed("path A.npy y.npy -K 6 --output x.npy --plot p.svg");
    let x = folder.solution("improve A.npy y.npy --vector x.npy");
    assert_eq!(x.support().len(), 4);
    let picture = folder.text("p.svg");
    assert!(picture.contains("<svg") && picture.contains("EBIC") && picture.contains("chosen: k = 4"), "{picture}");
}

#[test]
fn noise_has_nothing_to_find_and_exact_data_have_all() {
    let folder = Folder::new();
    folder.succeed("generate gaussian -m 50 -n 80 -k 3 --seed 5");
    // Without noise the smallest exact k.
    let found = folder.succeed("path A.npy y.npy --json").json();
    assert_eq!(found["k"], 3);
    assert_eq!(found["stop_reason"], "exact_fit");
    folder.succeed("generate gaussian -m 50 -n 80 -k 3 --seed 6 --out other");
    let noise = folder.succeed("path A.npy other/y.npy --json").json();
    assert_eq!(noise["k"], 0);
    assert_eq!(noise["stop_reason"], "nothing_found");
    let shown = folder.succeed("path A.npy other/y.npy").out;
    assert!(shown.contains("the criterion chose k = 0: no column explains y"), "{shown}");
}

#[test]
fn forms_have_a_path_too() {
    let folder = Folder::new();
    folder.succeed("generate deconvolution -n 200 -k 4 --noise 0.02 --seed 1");
    let trace = folder.succeed("path y.npy --kernel kernel.npy --boundary full -K 8 --json").json();
    assert_eq!(trace["k"], 4);
    assert!(trace["positions"].as_array().unwrap().len() == 4);
    folder.succeed("generate gaussian -m 40 -n 30 -k 3 --noise 0.05 --seed 3 --out g");
    let labels: Vec<String> = (0..30).map(|j| format!("g{}", j / 3)).collect();
    folder.write("groups.txt", labels.join("\n"));
    let grouped = folder.run("path g/A.npy g/y.npy -K 5 --groups groups.txt --json").json();
    assert!(grouped["groups"].as_array().unwrap().len() as u64 == grouped["k"].as_u64().unwrap(), "{grouped}");
    let words = folder.run("path g/A.npy g/y.npy -K 5 --groups groups.txt").out;
    assert!(words.contains("+g"), "{words}");
    for options in ["--nonnegative", "--bounds -1:1", "--ridge 0.1", "--exclude 3,4", "--fixed 2", "--intercept"] {
        let found = folder.run(&format!("path g/A.npy g/y.npy -K 5 {options} --json")).json();
        let norms: Vec<f64> =
            found["path"].as_array().unwrap().iter().map(|row| row["residual_norm"].as_f64().unwrap()).collect();
        assert!(norms.len() == 6, "{options}");
        assert!(options == "--ridge 0.1" || norms.is_sorted_by(|a, b| a >= b), "{options} {norms:?}");
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let folder = Folder::new();
    folder.write("t.csv", table(20, 0.2));
    folder.succeed("generate gaussian -m 20 -n 30 -k 3 --seed 3");
    folder.refuse("path A.npy y.npy -K 21", &["k must be between 0 and 20", "21"]);
    folder.refuse("path A.npy y.npy -K -1", &["K must be a whole number of at least 0"]);
    folder.refuse("path A.npy", &["<Y>"]);
    folder.refuse("path A.npy y.npy --criterion cp", &["--sigma", "20 rows and 30 columns"]);
    folder.refuse("path A.npy y.npy --criterion worst", &["worst"]);
    folder.refuse("path A.npy y.npy --sigma 0", &["--sigma must be a finite number greater than 0"]);
    folder.refuse("path A.npy y.npy --ebic-gamma 2", &["--ebic-gamma"]);
    folder.refuse("path A.npy y.npy --one-standard-error", &["--criterion cv"]);
    folder.refuse("path A.npy y.npy --criterion cv --folds 1", &["--folds"]);
    folder.refuse("path A.npy y.npy --criterion cv --folds 21", &["--folds must be at most the number of rows, 20"]);
    folder.refuse("path A.npy y.npy --criterion cv --nonnegative", &["free coefficients"]);
    folder.refuse("path A.npy y.npy --criterion loo --ridge 1", &["--ridge"]);
    folder.refuse("path A.npy y.npy --criterion loo --nonnegative", &["bounds"]);
    folder.refuse("path t.csv y --plot p.bmp", &["p.bmp"]);
    folder.refuse("path t.csv y --output t.csv", &["t.csv"]);
    folder.refuse("path t.csv z", &["z"]);
    folder.refuse("path t.csv y --sum-to 1", &["--sum-to", "k = 0", "sparsea solve"]);
    // The largest that was tried is the best: said, and no error.
    let ran = folder.run("path t.csv y -K 1");
    assert_eq!(ran.status, 0);
    assert!(ran.err.contains("k = 1 is the best by EBIC and the largest that was tried"), "{}", ran.err);
}
