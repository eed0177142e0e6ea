//! Ctrl-C: the best so far is printed and written.

#![cfg(unix)]

mod common;

use common::{Folder, Ran, Solution, norm, read_npy};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Runs `line`, sends SIGINT a second after it has begun to listen, and returns what is left and how long it then took.
fn interrupted(folder: &Folder, line: &str) -> (Ran, Duration) {
    interrupted_when(folder, line, |process| {
        let listens = listens(process);
        if listens {
            sleep(Duration::from_secs(1));
        }
        listens
    })
}

/// Runs `line`, sends SIGINT when `ready`, shown the number of the process, says so, and returns what is left and how long it
/// then took.
fn interrupted_when(folder: &Folder, line: &str, ready: impl Fn(u32) -> bool) -> (Ran, Duration) {
    let arguments: Vec<&str> = line.split_whitespace().collect();
    let mut command = folder.command(&arguments);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let begin = Instant::now();
    let mut wait = true;
    while wait && begin.elapsed() < Duration::from_secs(60) {
        wait = !ready(child.id());
        assert!(child.try_wait().unwrap().is_none(), "it ended by itself: {line}");
        sleep(Duration::from_millis(20));
    }
    let sent = Instant::now();
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let ran = Ran::of(child.wait_with_output().unwrap());
    (ran, sent.elapsed())
}

/// Whether a process catches SIGINT, which before that ends it at once.
#[cfg(target_os = "linux")]
fn listens(process: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).map(str::trim);
    // Signal 2 is the second bit.
    caught.and_then(|mask| u64::from_str_radix(mask, 16).ok()).is_some_and(|mask| mask & 0b10 != 0)
}

/// Elsewhere it cannot be seen; a second is enough unless the machine is very busy.
#[cfg(not(target_os = "linux"))]
fn listens(_: u32) -> bool {
    true
}

fn folder() -> Folder {
    let folder = Folder::new();
    folder.succeed("generate gaussian -m 128 -n 512 -k 20 --noise 0.5 --seed 4");
    folder
}

#[test]
fn a_batch_that_is_interrupted_prints_what_it_has() {
    let folder = folder();
    // Long enough, however many threads there are.
    let y: Vec<f64> = common::numbers(128, 1);
    folder.write(
        "Y.npy",
        common::npy_matrix(&y.iter().map(|&y| (0..4000).map(|b| y + f64::from(b)).collect()).collect()),
    );
    let line = "solve A.npy Y.npy -k 20 --iterations 100000000 --json";
    let (ran, took) = interrupted(&folder, &format!("{line} --output found.npy"));
    assert_eq!(ran.status, 130);
    assert!(took < Duration::from_secs(10), "{took:?}");
    check_line(&ran);
    assert!(ran.err.contains("found.npy is not written"), "{}", ran.err);
    assert!(!folder.path("found.npy").exists());
    let solutions = ran.json()["solutions"].as_array().unwrap().len();
    assert!((1..4000).contains(&solutions), "{solutions}");
}

fn check_line(ran: &Ran) {
    assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
    assert!(ran.err.starts_with("sparsea: interrupted"), "{}", ran.err);
}

#[test]
fn solve_keeps_the_best_so_far() {
    let folder = folder();
    let (ran, took) = interrupted(&folder, "solve A.npy y.npy -k 20 --time 30s --json --output x.npy --trace t.csv");
    assert_eq!(ran.status, 130, "{ran:?}");
    assert!(took < Duration::from_secs(2), "{took:?}");
    check_line(&ran);
    let solution = Solution(ran.json());
    solution.check();
    assert_eq!(solution.word("stop_reason"), "interrupted");
    assert!((0.5..30.0).contains(&solution.number("elapsed_seconds")));
    // The files are whole, and the solution is worth something.
    let (shape, x) = read_npy(&folder.read("x.npy"));
    assert_eq!(shape, [512]);
    assert_eq!((0..512).filter(|&j| x[j] != 0.0).collect::<Vec<_>>(), solution.support());
    let (_, a) = read_npy(&folder.read("A.npy"));
    let a: common::Rows = a.chunks(512).map(<[f64]>::to_vec).collect();
    let (_, y) = read_npy(&folder.read("y.npy"));
    solution.check_residual(&a, &y);
    assert!(solution.number("residual_norm") < 0.8 * norm(&y));
    assert!(folder.text("t.csv").lines().count() > 10);
}

#[test]
fn people_are_told() {
    let folder = folder();
    let (ran, took) = interrupted(&folder, "solve A.npy y.npy -k 20 --iterations 1000000000000");
    assert_eq!(ran.status, 130, "{ran:?}");
    assert!(took < Duration::from_secs(2), "{took:?}");
    check_line(&ran);
    assert!(ran.out.lines().any(|line| line.starts_with("stopped because") && line.contains("interrupted")), "{ran:?}");
}

#[test]
fn compare_prints_what_is_done() {
    let folder = folder();
    let line = "compare A.npy y.npy -k 20 --time 30s --algorithms omp,sea,omp+sea --json";
    let (ran, took) = interrupted(&folder, line);
    assert_eq!(ran.status, 130, "{ran:?}");
    assert!(took < Duration::from_secs(2), "{took:?}");
    check_line(&ran);
    let json = ran.json();
    let solutions: Vec<Solution> = json["solutions"].as_array().unwrap().iter().cloned().map(Solution).collect();
    solutions.iter().for_each(Solution::check);
    let mut found: Vec<(&str, bool)> =
        solutions.iter().map(|s| (s.word("algorithm"), s.word("stop_reason") == "interrupted")).collect();
    found.sort_unstable();
    assert_eq!(found, [("omp", false), ("sea", true)]);
}

#[test]
fn a_sweep_says_how_to_go_on() {
    let folder = Folder::new();
    folder.write(
        "long.toml",
        "name = 'long'\nruns = 1000000\niterations = 100\nalgorithms = ['omp', 'sea']\n[problem]\nfamily = 'gaussian'\n\
         n = 40\nm = 20\nk = 6",
    );
    let status = || folder.run("sweep status o/long.sqlite --json");
    // Nothing is in the store before it listens.
    let stored = |_| {
        let ran = status();
        ran.status == 0 && ran.json()["results"].as_u64() > Some(0)
    };
    let (ran, took) = interrupted_when(&folder, "sweep long.toml --out o", stored);
    assert_eq!((ran.status, ran.out.as_str()), (130, ""), "{ran:?}");
    assert!(took < Duration::from_secs(5), "{took:?}");
    check_line(&ran);
    assert!(ran.err.contains("o/long.sqlite") && ran.err.contains("sparsea sweep long.toml --out o"), "{}", ran.err);
    let status = status().json();
    assert!(status["results"].as_u64() > Some(0), "{status}");
    // What is there is whole: both algorithms have solved the same problems.
    let counts = &status["results_by_algorithm"];
    assert_eq!(counts["omp"], counts["sea"]);
}
