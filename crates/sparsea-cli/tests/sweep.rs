//! `sparsea sweep` and `reproduce`: studies that may be stopped at any moment.

mod common;

use std::process::Stdio;
use std::time::Duration;

use common::{Folder, check_picture};

const STUDY: &str = "
name = 'small'
seed = 3
runs = 400
iterations = 60
algorithms = ['omp', 'sea', 'omp+sea']
[problem]
family = 'gaussian'
n = 24
m = 16
k = [2, 4, 6]
";

fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("small.toml", STUDY);
    folder
}

/// Every result of a store but the times, sorted.
fn results(folder: &Folder, store: &str) -> Vec<String> {
    folder.succeed(&format!("sweep export {store} all.csv"));
    let text = folder.text("all.csv");
    let heading: Vec<&str> = text.lines().next().unwrap().split(',').collect();
    let seconds = heading.iter().position(|&name| name == "seconds").unwrap();
    let mut rows: Vec<String> = text
        .lines()
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            cells
                .iter()
                .enumerate()
                .filter(|&(at, _)| at != seconds)
                .map(|(_, cell)| *cell)
                .collect::<Vec<_>>()
                .join(",")
        })
        .collect();
    rows.sort();
    rows
}

#[test]
fn a_study_is_run_to_tables_and_pictures() {
    let folder = folder();
    let out = folder.succeed("sweep small.toml --out o --runs 5").out;
    assert!(out.contains("mean support distance") && out.contains("omp+sea") && out.contains("k6"), "{out}");
    for name in ["o/small.svg", "o/small.png"] {
        check_picture(&folder, name);
        assert!(out.contains(name), "{out}");
    }
    let summary = folder.text("o/small.csv");
    assert!(summary.starts_with("family,m,n,k,parameter,snr_db,algorithm,runs,mean_distance,"), "{summary}");
    assert_eq!(summary.lines().count(), 1 + 3 * 3);
    let status = folder.succeed("sweep status o/small.sqlite").out;
    assert!(status.starts_with("study small: 45 of 45 results on 3 cells\n"), "{status}");
    let json = folder.succeed("sweep status o/small.sqlite --json").json();
    assert_eq!((json["results"].as_u64(), json["results_by_algorithm"]["sea"].as_u64()), (Some(45), Some(15)));
    assert_eq!(results(&folder, "o/small.sqlite").len(), 1 + 45);
    // Another sweep of the same has nothing to do, one with more runs does only those.
    folder.succeed("sweep small.toml --out o --runs 5");
    let before = results(&folder, "o/small.sqlite");
    folder.succeed("sweep small.toml --out o --runs 6");
    let after = results(&folder, "o/small.sqlite");
    assert!(after.len() == 1 + 54 && before.iter().all(|row| after.contains(row)));
}

/// Killed without warning at twenty moments, and resumed each time: the same store as without.
#[test]
fn a_sweep_that_is_killed_loses_nothing() {
    let folder = folder();
    folder.succeed("sweep small.toml --out whole");
    let expected = results(&folder, "whole/small.sqlite");
    assert_eq!(expected.len(), 1 + 3 * 400 * 3);
    let mut cut_short = 0;
    for attempt in 0..20u64 {
        let arguments = ["sweep", "small.toml", "--out", "killed"];
        let mut child = folder.command(&arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // Moments spread over the time between two commits, in no order.
        std::thread::sleep(Duration::from_millis(20 + (attempt * 137) % 700));
        child.kill().unwrap();
        cut_short += u32::from(!child.wait().unwrap().success());
    }
    assert!(cut_short >= 5, "the sweep was over before it could be killed: {cut_short}");
    folder.succeed("sweep small.toml --out killed");
    assert!(results(&folder, "killed/small.sqlite") == expected);
}

#[test]
fn parts_are_joined_to_the_whole() {
    let folder = folder();
    folder.succeed("sweep small.toml --out whole --runs 20");
    for part in 1..=3 {
        let out = folder.succeed(&format!("sweep small.toml --out parts --runs 20 --shard {part}/3")).out;
        assert!(out.contains(&format!("Part {part} of 3")), "{out}");
    }
    let parts = "parts/small.3-of-3.sqlite parts/small.1-of-3.sqlite parts/small.2-of-3.sqlite";
    let said = folder.succeed(&format!("sweep merge joined.sqlite {parts}")).out;
    let all = results(&folder, "joined.sqlite").len() - 1;
    assert!(said.starts_with(&format!("joined.sqlite: {all} results\n")), "{said}");
    let parts_said = said.lines().skip(2).map(|line| line.split_whitespace().next().unwrap().parse::<usize>().unwrap());
    assert_eq!((parts_said.clone().count(), parts_said.sum::<usize>()), (3, all), "{said}");
    assert!(results(&folder, "joined.sqlite") == results(&folder, "whole/small.sqlite"));
    folder.write("other.toml", STUDY.replace("seed = 3", "seed = 4"));
    folder.succeed("sweep other.toml --out other --runs 2");
    let before = folder.read("joined.sqlite");
    folder.refuse("sweep merge joined.sqlite other/small.sqlite", &["different study", "seed: 3 → 4"]);
    folder.refuse("sweep merge new.sqlite parts/none.sqlite", &["there is no such file"]);
    folder.refuse(&format!("sweep merge new.sqlite {parts} other/small.sqlite"), &["seed: 3 → 4"]);
    assert!(folder.read("joined.sqlite") == before);
    // One that fails after others have been read changes nothing either.
    std::fs::copy(folder.path("parts/small.1-of-3.sqlite"), folder.path("part.sqlite")).unwrap();
    let before = folder.read("part.sqlite");
    let line = "sweep merge part.sqlite parts/small.2-of-3.sqlite other/small.sqlite";
    folder.refuse(line, &["other/small.sqlite: was made by a different study", "seed: 3 → 4)"]);
    assert!(!folder.run(line).err.contains("--restart"));
    folder.refuse("sweep merge part.sqlite parts/small.2-of-3.sqlite none.sqlite", &["none.sqlite"]);
    assert!(folder.read("part.sqlite") == before);
    folder.succeed("sweep merge part.sqlite parts/small.2-of-3.sqlite parts/small.3-of-3.sqlite");
    assert!(results(&folder, "part.sqlite") == results(&folder, "joined.sqlite"));
    // The larger number of runs counts.
    folder.succeed("sweep small.toml --out few --runs 2");
    folder.succeed("sweep merge few/small.sqlite joined.sqlite");
    let status = folder.succeed("sweep status few/small.sqlite --json").json();
    assert_eq!((&status["results"], &status["all_results"]), (&status["all_results"], &serde_json::json!(180)));
}

#[test]
fn a_store_is_drawn_without_its_study() {
    let folder = folder();
    let table = |out: &str| out.split("Written").next().unwrap().to_owned();
    let swept = folder.succeed("sweep small.toml --out whole --runs 20").out;
    for part in 1..=3 {
        folder.succeed(&format!("sweep small.toml --out parts --runs 20 --shard {part}/3"));
    }
    std::fs::remove_file(folder.path("small.toml")).unwrap();
    let parts = "parts/small.1-of-3.sqlite parts/small.2-of-3.sqlite parts/small.3-of-3.sqlite";
    folder.succeed(&format!("sweep merge merged.sqlite {parts}"));
    let before = folder.read("merged.sqlite");
    let drawn = folder.succeed("sweep plot merged.sqlite --out drawn").out;
    assert_eq!(table(&drawn), table(&swept));
    assert!(folder.read("merged.sqlite") == before);
    for name in ["small.svg", "small.png", "small.md"] {
        assert!(folder.read(&format!("drawn/{name}")) == folder.read(&format!("whole/{name}")), "{name}");
    }
    // A part may be drawn as far as it goes, and beside the store.
    folder.succeed("sweep plot parts/small.2-of-3.sqlite");
    assert!(folder.path("parts/small.svg").exists());
    folder.refuse("sweep plot none.sqlite", &["none.sqlite: there is no such file"]);
    folder.refuse("sweep plot merged.sqlite --out merged.sqlite", &["merged.sqlite"]);
    // Refused as a whole.
    std::fs::create_dir_all(folder.path("taken/small.svg")).unwrap();
    folder.refuse("sweep plot merged.sqlite --out taken", &["small.svg"]);
}

#[test]
fn what_is_wrong_is_said_and_nothing_is_touched() {
    let folder = folder();
    folder.succeed("sweep small.toml --out o --runs 2");
    folder.write("changed.toml", STUDY.replace("k = [2, 4, 6]", "k = [2, 4]"));
    folder
        .refuse("sweep changed.toml --out o --runs 2", &["different study", "problem.k: [2,4,6] → [2,4]", "--restart"]);
    folder.succeed("sweep changed.toml --out o --runs 2 --restart");
    folder.refuse("sweep small.toml --out o --runs 2", &["problem.k: [2,4] → [2,4,6]"]);
    folder.refuse("sweep none.toml", &["none.toml"]);
    for (name, from, to, said) in [
        ("key.toml", "seed = 3", "sed = 3", "key.toml:3:1: unknown field `sed`"),
        ("type.toml", "runs = 400", "runs = 'many'", "type.toml:4:8: invalid type"),
        ("large.toml", "k = [2, 4, 6]", "k = 17", "k must be between 1 and min(m, n) = 16, got 17"),
        ("empty.toml", "k = [2, 4, 6]", "k = []", "problem.k is an empty list"),
        ("name.toml", "'omp'", "'opm'", "unknown algorithm 'opm'"),
        ("setting.toml", "'omp'", "{ chain = 'sea', settings = { step = 1 } }", "unknown setting 'step' for sea"),
    ] {
        assert!(STUDY.contains(from));
        folder.write(name, STUDY.replace(from, to));
        folder.refuse(&format!("sweep {name} --out never"), &[said]);
    }
    folder.refuse("sweep small.toml --out small.toml", &["small.toml: is a file, not a folder"]);
    folder.refuse("sweep small.toml --shard 4/3", &["it must be I/N with I from 1 to N"]);
    folder.refuse("sweep small.toml --runs 0", &["--runs must be a whole number of at least 1"]);
    folder.refuse("sweep small.toml --grid --out never", &["--grid is for studies with a transition"]);
    folder.refuse("sweep", &["<STUDY>"]);
    folder.write("o/small.sqlite", "neither a database nor anything else of use ".repeat(50));
    folder.refuse("sweep small.toml --out o", &["o/small.sqlite: is not the store of a study"]);
    folder.refuse("sweep status o/small.sqlite", &["is not the store of a study"]);
    folder.refuse("sweep status o/none.sqlite", &["there is no such file"]);
}

#[test]
fn figures_of_the_paper_in_small() {
    let folder = Folder::new();
    let out = folder.succeed("reproduce deconvolution --runs 1 --out o").out;
    assert!(out.contains("Spike deconvolution") && out.contains("k50") && out.contains("els+sea"), "{out}");
    check_picture(&folder, "o/deconvolution.png");
    folder.refuse("reproduce figure-7", &["possible values"]);
}

#[test]
fn a_transition_and_its_whole_grid() {
    let folder = Folder::new();
    let study = "
        name = 'edge'\nruns = 60\niterations = 40\nalgorithms = ['omp', 'ols']
        [problem]\nfamily = 'gaussian'\nn = 12\nm = [6, 10]\ncoefficients = 'normal'
        [transition]\nlevel = 0.8\nconfidence = 0.9\nblock = 20";
    folder.write("edge.toml", study);
    let out = folder.succeed("sweep edge.toml --out o").out;
    assert!(out.contains("k up to which 80 % of supports are recovered") && out.contains("m10"), "{out}");
    check_picture(&folder, "o/edge.svg");
    let out = folder.succeed("sweep edge.toml --out o --grid --runs 5").out;
    assert!(out.contains("edge-grid-map.png"), "{out}");
    check_picture(&folder, "o/edge-grid-map.png");
}

#[test]
fn time_is_drawn_against_size() {
    let folder = Folder::new();
    folder.write(
        "sizes.toml",
        "name = 'sizes'\nruns = 3\nalgorithms = ['omp', 'ols']\n[problem]\nfamily = 'gaussian'\nn = [20, 40, 80]\nzeta = 0.5\n\
         k = 3",
    );
    let out = folder.succeed("sweep sizes.toml --out o").out;
    assert!(out.contains("o/sizes-time.png"), "{out}");
    check_picture(&folder, "o/sizes-time.png");
}

/// Two commands that make one store at the same moment, many times.
#[test]
fn two_sweeps_may_make_one_store() {
    let folder = folder();
    folder.succeed("sweep small.toml --out alone --runs 4");
    let expected = results(&folder, "alone/small.sqlite");
    for round in 0..15 {
        let out = format!("o{round}");
        let arguments = ["sweep", "small.toml", "--runs", "4", "--out", &out];
        let spawn = || folder.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let both = [spawn(), spawn()];
        for child in both {
            let ran = common::Ran::of(child.wait_with_output().unwrap());
            assert_eq!((ran.status, ran.err.as_str()), (0, ""), "round {round}: {}", ran.out);
        }
        assert_eq!(results(&folder, &format!("{out}/small.sqlite")), expected, "round {round}");
    }
}

#[cfg(unix)]
#[test]
fn a_sweep_writes_over_nothing_that_it_reads() {
    use std::os::unix::fs::symlink;
    let folder = folder();
    folder.succeed("sweep small.toml --out o --runs 1");
    let store = folder.read("o/small.sqlite");
    for (line, said) in [
        ("sweep export o/small.sqlite o/small.sqlite", "o/small.sqlite: is read, and would be overwritten"),
        ("sweep export o/small.sqlite o/../o/./small.sqlite", "is read, and would be overwritten"),
        ("sweep merge o/small.sqlite ./o/small.sqlite", "o/small.sqlite: cannot be merged into itself"),
    ] {
        folder.refuse(line, &[said]);
    }
    std::fs::create_dir(folder.path("p")).unwrap();
    symlink("../small.toml", folder.path("p/small.csv")).unwrap();
    folder.refuse("sweep small.toml --out p --runs 1", &["p/small.csv: is read, and would be overwritten"]);
    std::fs::create_dir(folder.path("q")).unwrap();
    symlink("small.csv", folder.path("q/small.sqlite")).unwrap();
    folder.refuse("sweep small.toml --out q --runs 1", &["q/small.csv: is named for two outputs"]);
    // A study's own matrix, in the place of its table.
    std::fs::create_dir(folder.path("r")).unwrap();
    folder.write("r/own.csv", "1,0,2\n0,1,0\n1,1,0\n0,0,1\n");
    let own = "name = 'own'\nruns = 1\niterations = 5\nalgorithms = ['omp']\n[problem]\nfamily = 'matrix'\nfile = 'r/own.csv'\nk = 1\n";
    folder.write("own.toml", own);
    folder.refuse("sweep own.toml --out r", &["r/own.csv: is read, and would be overwritten"]);
    assert_eq!(folder.read("o/small.sqlite"), store);
}

#[test]
fn labels_of_a_study_do_not_reach_the_terminal_raw() {
    let folder = Folder::new();
    folder.write(
        "odd.toml",
        "name = 'odd'\ntitle = \"t\\u001b[31m\\n\\u202e\"\nruns = 1\niterations = 5\n\
         algorithms = [{chain = 'omp', label = \"o\\u0007\\r\\u2066x\"}]\n[problem]\nfamily = 'gaussian'\nn = 8\nm = 6\nk = [2]\n",
    );
    let out = folder.succeed("sweep odd.toml --out o").out + &folder.succeed("sweep status o/odd.sqlite").out;
    let json = folder.succeed("sweep status o/odd.sqlite --json");
    for text in [&out, &json.out] {
        assert!(!text.contains(|c: char| c != '\n' && c.is_control() || "\u{202e}\u{2066}".contains(c)), "{text:?}");
    }
    assert!(out.contains("t\\u{1b}[31m\\n\\u{202e}\n") && out.contains("o\\u{7}\\r\\u{2066}x"), "{out}");
    assert_eq!(json.json()["results_by_algorithm"]["o\u{7}\r\u{2066}x"], 1);
}
