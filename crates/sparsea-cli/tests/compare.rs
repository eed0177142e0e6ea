//! `sparsea compare`: every algorithm once, best first.

mod common;

use common::{Folder, Solution, general_algorithms};

fn folder() -> Folder {
    let folder = Folder::new();
    folder.succeed("generate gaussian -m 40 -n 60 -k 4 --noise 0.2 --seed 11");
    folder
}

/// Name, residual and the share missed of each row.
fn rows(out: &str) -> Vec<(String, f64, Option<f64>)> {
    let mut lines = out.lines().skip_while(|line| !line.starts_with("algorithm"));
    let with_truth = lines.next().expect("a heading").contains("missed");
    lines
        .take_while(|line| !line.is_empty())
        .map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let missed = with_truth.then(|| {
                assert_eq!(words[3], "%", "{line}");
                words[2].parse().unwrap()
            });
            (words[0].to_owned(), words[1].parse().unwrap(), missed)
        })
        .collect()
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names
}

#[test]
fn all_algorithms_best_first() {
    let folder = folder();
    let out = folder.succeed("compare A.npy y.npy -k 4").out;
    assert!(out.starts_with("A is 40 × 60, k = 4\n"), "{out}");
    let rows = rows(&out);
    let mut expected = general_algorithms();
    expected.extend(["omp+els", "omp+sea", "els+sea+els"].map(str::to_owned));
    assert_eq!(sorted(rows.iter().map(|row| row.0.clone()).collect()), sorted(expected));
    assert!(rows.windows(2).all(|pair| pair[0].1 <= pair[1].1), "{out}");
    for (name, residual, _) in rows {
        let alone = folder.solution(&format!("solve A.npy y.npy -k 4 --algorithm {name}"));
        let exact = alone.number("relative_residual");
        assert!((residual - exact).abs() <= 1e-3 * exact, "{name} {residual} {exact}");
    }
    assert!(out.contains("support") && out.contains("time"), "{out}");
}

#[test]
fn what_would_take_too_much_memory_is_left_out() {
    let folder = folder();
    let all = rows(&folder.succeed("compare A.npy y.npy -k 4").out);
    // els and search would hold 60 · 4 numbers of 8 bytes and more.
    let ran = folder.run("compare A.npy y.npy -k 4 --memory 1.2kB");
    let kept = rows(&ran.out);
    assert!(ran.status == 0 && !kept.is_empty() && kept.len() < all.len(), "{ran:?}");
    assert_eq!(ran.err.lines().count(), all.len() - kept.len());
    let said = "sparsea: left out: els would hold 1920 bytes for this problem, more than the 450 bytes it may";
    assert!(ran.err.lines().any(|line| line == said), "{}", ran.err);
    // A limit changes no result of those that keep to it.
    for row in &kept {
        assert!(all.contains(row), "{row:?}");
    }
    let plenty = folder.succeed("compare A.npy y.npy -k 4 --memory 1GiB").out;
    assert_eq!(rows(&plenty), all);
}

#[test]
fn the_truth_shows_what_was_missed() {
    let folder = folder();
    let out = folder.succeed("compare A.npy y.npy -k 4 --truth x.npy").out;
    let truth: Vec<usize> = common::read_npy(&folder.read("support.npy")).1.iter().map(|&j| j as usize).collect();
    let mut found_all = false;
    for (name, _, missed) in rows(&out) {
        let support = folder.solution(&format!("solve A.npy y.npy -k 4 --algorithm {name}")).support();
        let share = truth.iter().filter(|j| !support.contains(j)).count() as f64 / 4.0;
        assert_eq!(missed, Some(100.0 * share), "{name}");
        found_all |= share == 0.0;
    }
    assert!(found_all, "{out}");
    folder.refuse("compare A.npy y.npy -k 4 --truth y.npy", &["y.npy: has 40 entries, but A has 60 columns"]);
    folder.refuse("compare A.npy y.npy -k 4 --truth no.npy", &["no.npy: no such file"]);
}

#[test]
fn programs_get_one_object() {
    let folder = folder();
    let ran = folder.succeed("compare A.npy y.npy -k 4 --json --iterations 50");
    assert_eq!(ran.out.lines().count(), 1);
    let json = ran.json();
    assert_eq!(json.as_object().unwrap().keys().collect::<Vec<_>>(), ["files", "k", "m", "n", "solutions", "version"]);
    let solutions: Vec<Solution> = json["solutions"].as_array().unwrap().iter().cloned().map(Solution).collect();
    assert_eq!(solutions.len(), general_algorithms().len() + 3);
    solutions.iter().for_each(Solution::check);
    assert!(solutions.windows(2).all(|pair| pair[0].number("residual_norm") <= pair[1].number("residual_norm")));
    for solution in &solutions {
        assert!(solution.count("iterations") <= 50);
        let name = solution.word("algorithm");
        let alone = folder.solution(&format!("solve A.npy y.npy -k 4 --iterations 50 --algorithm {name}"));
        assert_eq!(solution.clone().timeless(), alone.timeless(), "{name}");
    }
}

#[test]
fn algorithms_may_be_chosen() {
    let folder = folder();
    let out = folder.succeed("compare A.npy y.npy -k 4 --algorithms omp,OMP+Sea").out;
    let names = sorted(rows(&out).into_iter().map(|row| row.0).collect());
    assert_eq!(names, ["omp", "omp+sea"]);
    folder.refuse(
        "compare A.npy y.npy -k 4 --algorithms omp,nope",
        &["unknown algorithm 'nope'; known: sea, search, els"],
    );
    let said = "segment needs the operator Steps, but A is another";
    folder.refuse("compare A.npy y.npy -k 4 --algorithms omp,segment", &[said]);
    folder.refuse("solve A.npy y.npy -k 4 --algorithm omp+segment", &[said]);
    folder.refuse("compare A.npy y.npy -k 41", &["k must be between 0 and 40 (the number of rows), got 41"]);
}

#[test]
fn a_trace_and_a_kernel_will_do() {
    let folder = Folder::new();
    let bump = |t: f64| (-0.5 * (t / 3.0).powi(2)).exp();
    let y: Vec<f64> = (0..200).map(|t| 2.0 * bump(f64::from(t) - 50.0) - bump(f64::from(t) - 140.0)).collect();
    folder.write("trace.csv", common::column(&y));
    let out = folder.succeed("compare trace.csv --kernel gaussian:3 -k 2").out;
    assert!(out.starts_with("A is 200 × 200, k = 2\n"), "{out}");
    let rows = rows(&out);
    assert_eq!(rows.len(), general_algorithms().len() + 3);
    assert!(rows[0].1 < 1e-9 && out.contains("50 140"), "{out}");
    folder.refuse("compare trace.csv -k 2", &["<Y>"]);
    folder.refuse("compare trace.csv trace.csv --kernel gaussian:3 -k 2", &["cannot be used with"]);
    folder.refuse("compare trace.csv --boundary full -k 2", &["--kernel"]);
}

#[test]
fn names_of_columns_are_shown() {
    let folder = Folder::new();
    let a = common::orthogonal();
    let y = common::two_columns(&a);
    let own: Vec<Vec<f64>> = a.iter().zip(&y).map(|(row, &y)| [&row[..], &[y]].concat()).collect();
    folder.write("own.csv", format!("p,q,r,s,t,u,v,w,price\n{}", common::table(&own, ",")));
    let out = folder.succeed("compare own.csv price -k 2").out;
    assert!(out.lines().filter(|line| line.ends_with("r u")).count() >= 4, "{out}");
}

/// The 64 variables of the diabetes data: search is never behind any other algorithm, and finds the optimum where that is
/// known by trying everything (the demo's first table, which brute force makes).
#[test]
fn search_is_ahead_on_the_diabetes_data() {
    let folder = Folder::new();
    let table = concat!(env!("CARGO_MANIFEST_DIR"), "/data/diabetes.csv");
    for k in [1, 2, 3, 4, 6, 9, 12, 16, 20] {
        let json = folder.succeed(&format!("compare {table} y -k {k} --json")).json();
        let solutions: Vec<Solution> = json["solutions"].as_array().unwrap().iter().cloned().map(Solution).collect();
        let search = solutions.iter().find(|s| s.word("algorithm") == "search").unwrap().number("relative_residual");
        for solution in &solutions {
            let (name, other) = (solution.word("algorithm"), solution.number("relative_residual"));
            assert!(search <= other * (1.0 + 1e-9), "k = {k}: {name} has {other}, search {search}");
        }
        let demo = [0.8100, 0.7352, 0.7211, 0.7101];
        if let Some(optimum) = demo.get(k - 1) {
            assert!((search - optimum).abs() < 5e-5, "k = {k}: {search}");
        }
    }
}
