//! `sparsea stability`: frequencies, bounds, and what is refused.

mod common;

use common::Folder;

fn folder() -> Folder {
    let folder = Folder::new();
    folder.succeed("generate gaussian -m 80 -n 40 -k 3 --noise 0.3 --seed 7");
    folder
}

#[test]
fn columns_that_matter_are_chosen_on_most_halves() {
    let folder = folder();
    let truth = folder.solution("solve A.npy y.npy -k 3").support();
    for options in ["", " --scheme half", " --algorithm omp", " --intercept", " --nonnegative --bounds -9:9"] {
        let found = folder.succeed(&format!("stability A.npy y.npy -k 5 --subsamples 40 --json{options}")).json();
        let frequencies: Vec<f64> =
            found["frequencies"].as_array().unwrap().iter().map(|share| share.as_f64().unwrap()).collect();
        assert_eq!(frequencies.len(), 40);
        if found["incomplete"] == 0 {
            assert!((frequencies.iter().sum::<f64>() - 5.0).abs() < 1e-12, "{options}");
        }
        if !options.contains("nonnegative") {
            assert!(truth.iter().all(|&j| frequencies[j] > 0.9), "{options} {frequencies:?}");
            let selected: Vec<usize> =
                found["selected"].as_array().unwrap().iter().map(|j| j.as_u64().unwrap() as usize).collect();
            assert_eq!(selected, (0..40).filter(|&j| frequencies[j] >= 0.75).collect::<Vec<_>>());
        }
        // k² / ((2 π − 1) p) at π = .75.
        assert!((found["expected_false"].as_f64().unwrap() - 25.0 / (0.5 * 40.0)).abs() < 1e-12);
        assert_eq!(found["expected_false_unimodal"].is_null(), options.contains("half"));
    }
}

#[test]
fn threads_and_forms_of_a_matrix_do_not_matter() {
    let folder = folder();
    let run = |options: &str| folder.succeed(&format!("stability A.npy y.npy -k 4 --subsamples 20 {options}")).out;
    let one = run("--threads 1");
    assert_eq!(one, run("--threads 3"));
    assert_ne!(one, run("--seed 1"));
    assert!(
        one.contains("subsamples          20 halves, in disjoint pairs") && one.contains("expected false      at most")
    );
    // All weights the same is none.
    folder.write("w.txt", "2\n".repeat(80));
    let weighted = folder.succeed("stability A.npy y.npy -k 4 --subsamples 20 --weights w.txt --json").json();
    let plain = folder.succeed("stability A.npy y.npy -k 4 --subsamples 20 --json").json();
    assert_eq!(weighted["frequencies"], plain["frequencies"]);
    folder.succeed("stability A.npy y.npy -k 4 --subsamples 20 --output f.npy --plot f.svg");
    assert!(folder.text("f.svg").contains("share of the halves that choose it"));
}

#[test]
fn groups_are_counted_by_their_labels() {
    let folder = folder();
    let labels: Vec<String> = (0..40).map(|j| format!("g{}", j / 2)).collect();
    folder.write("g.txt", labels.join("\n"));
    let found = folder.succeed("stability A.npy y.npy -k 3 --subsamples 20 --groups g.txt --json").json();
    assert_eq!(found["frequencies"].as_array().unwrap().len(), 20);
    assert_eq!(found["groups"][3], "g3");
    assert!(folder.succeed("stability A.npy y.npy -k 3 --subsamples 20 --groups g.txt").out.contains("\ng"));
}

#[test]
fn what_does_not_fit_is_refused() {
    let folder = folder();
    folder.refuse(
        "stability A.npy y.npy -k 41",
        &["k must be between 1 and 40 (the columns that may be chosen), got 41"],
    );
    folder.refuse("stability A.npy y.npy -k 0", &["k must be between 1 and 40"]);
    folder.refuse("stability A.npy y.npy -k 3 --subsamples 7", &["--subsamples must be even", "7"]);
    folder.refuse("stability A.npy y.npy -k 3 --subsamples 0", &["--subsamples must be a whole number of at least 1"]);
    folder.refuse("stability A.npy y.npy -k 3 --subsamples 1000002", &["--subsamples must be at most 1000000"]);
    folder.refuse("stability A.npy y.npy -k 3 --threshold 0.5", &["--threshold must be a number above 0.5"]);
    folder.refuse("stability A.npy y.npy -k 3 --algorithm nothing", &["nothing"]);
    folder.refuse("stability A.npy y.npy -k 3 --seed -1", &["--seed"]);
    folder.refuse("stability A.npy y.npy", &["--sparsity"]);
    folder.succeed("generate gaussian -m 10 -n 40 -k 3 --seed 7 --out few");
    folder.refuse("stability few/A.npy few/y.npy -k 6", &["k must be between 1 and 5 (half of 10 rows), got 6"]);
}
