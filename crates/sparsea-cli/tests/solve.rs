//! `sparsea solve`: algorithms, starts, limits, and everything it prints and writes.

mod common;

use common::{
    Folder, Ran, Rows, check_picture, column, dot, general_algorithms, norm, npy_matrix, npy_vector, numbers,
    orthogonal,
};
use common::{read_npy, two_columns};
use std::fs;
use std::time::Instant;

fn easy() -> Folder {
    let (folder, a) = (Folder::new(), orthogonal());
    folder.write("y.npy", npy_vector(&two_columns(&a)));
    folder.write("A.npy", npy_matrix(&a));
    folder
}

/// A 30 × 12 problem with data that no few columns explain.
fn noisy() -> (Folder, Rows, Vec<f64>) {
    let folder = Folder::new();
    let a: Rows = numbers(30 * 12, 1).chunks(12).map(<[f64]>::to_vec).collect();
    let noise = numbers(30, 2);
    let y: Vec<f64> = a.iter().zip(noise).map(|(row, e)| row[1] - 2.0 * row[4] + 1.5 * row[7] + 0.5 * e).collect();
    folder.write("A.npy", npy_matrix(&a));
    folder.write("y.npy", npy_vector(&y));
    (folder, a, y)
}

/// 64 × 128 with noise: SEA explores it without end.
fn endless() -> Folder {
    let folder = Folder::new();
    folder.succeed("generate gaussian -m 64 -n 128 -k 8 --noise 0.5 --seed 5");
    folder
}

/// The smallest ‖y − A x‖ over all pairs of columns.
fn best_pair(a: &Rows, y: &[f64]) -> (f64, Vec<usize>) {
    let column = |j: usize| a.iter().map(|row| row[j]).collect::<Vec<f64>>();
    let mut best = (f64::INFINITY, vec![]);
    for i in 0..a[0].len() {
        for j in i + 1..a[0].len() {
            let (u, v) = (column(i), column(j));
            let (uu, uv, vv) = (dot(&u, &u), dot(&u, &v), dot(&v, &v));
            let (uy, vy) = (dot(&u, y), dot(&v, y));
            let det = uu * vv - uv * uv;
            let (p, q) = ((vv * uy - uv * vy) / det, (uu * vy - uv * uy) / det);
            let r: Vec<f64> = y.iter().zip(u.iter().zip(&v)).map(|(y, (u, v))| y - p * u - q * v).collect();
            if norm(&r) < best.0 {
                best = (norm(&r), vec![i, j]);
            }
        }
    }
    best
}

#[test]
fn every_algorithm_solves_what_is_obvious() {
    let folder = easy();
    let names = general_algorithms();
    for name in ["sea", "omp", "htp", "iht"] {
        assert!(names.iter().any(|known| known == name), "{names:?}");
    }
    let chains = ["omp+sea", "omp+htp+sea", "iht+omp"].map(str::to_owned);
    for name in names.into_iter().chain(chains) {
        let solution = folder.solution(&format!("solve A.npy y.npy -k 2 --algorithm {name}"));
        assert_eq!(solution.support(), [2, 5], "{name}");
        assert_eq!(solution.word("algorithm"), name);
        assert!(solution.number("relative_residual") < 1e-12, "{name}");
    }
}

#[test]
fn no_algorithm_beats_the_best_pair_and_sea_finds_it() {
    let (folder, a, y) = noisy();
    let (least, pair) = best_pair(&a, &y);
    for name in general_algorithms() {
        let solution = folder.solution(&format!("solve A.npy y.npy -k 2 --algorithm {name}"));
        solution.check_residual(&a, &y);
        assert!(solution.number("residual_norm") >= least * (1.0 - 1e-12), "{name}");
        assert!(solution.support().len() <= 2, "{name}");
        if name == "sea" {
            assert_eq!(solution.support(), pair);
        }
    }
}

#[test]
fn people_get_a_table() {
    let folder = easy();
    let out = folder.succeed("solve A.npy y.npy -k 2").out;
    let labels = [
        "problem",
        "algorithm",
        "residual norm",
        "relative residual",
        "iterations",
        "supports explored",
        "stopped because",
        "time",
        "memory",
    ];
    for label in labels {
        assert!(out.lines().any(|line| line.starts_with(label) && line.len() > label.len() + 2), "{label}: {out}");
    }
    assert!(out.contains("k = 2") && out.contains("A is 16 × 8"), "{out}");
    assert!(out.lines().any(|line| line.split_whitespace().eq(["5", "-3.000"])), "{out}");
    assert!(!out.contains("name"), "{out}");
}

#[test]
fn it_may_start_anywhere() {
    let (folder, a, y) = noisy();
    folder.write("x.npy", npy_vector(&numbers(12, 9)));
    folder.write("support.txt", "4\n1\n7\n");
    let best = folder.solution("solve A.npy y.npy -k 3").number("residual_norm");
    for start in ["zero", "random:7", "random:8", "omp", "omp+htp", "x.npy", "support:support.txt"] {
        let solution = folder.solution(&format!("solve A.npy y.npy -k 3 --start {start}"));
        solution.check_residual(&a, &y);
        assert_eq!(solution.support(), [1, 4, 7], "{start}");
        assert!((solution.number("residual_norm") - best).abs() < 1e-10, "{start}");
    }
    // With no iteration at all the result is the start itself.
    folder.write("other.txt", "0\n2\n3\n");
    let stay = folder.solution("solve A.npy y.npy -k 3 --start support:other.txt --iterations 0");
    assert_eq!((stay.support(), stay.count("iterations")), (vec![0, 2, 3], 0));
    stay.check_residual(&a, &y);
    // The seed matters, and only it.
    let start = |seed: u32| folder.solution(&format!("solve A.npy y.npy -k 3 --start random:{seed} --iterations 0"));
    assert_eq!(start(3).timeless(), start(3).timeless());
    assert_ne!(start(3).support(), start(4).support());
    // A start by another algorithm is a chain.
    let warm = folder.solution("solve A.npy y.npy -k 3 --algorithm sea --start omp").timeless();
    assert_eq!(warm, folder.solution("solve A.npy y.npy -k 3 --algorithm omp+sea").timeless());
    assert_eq!(warm, folder.solution("solve A.npy y.npy -k 3 --algorithm sea --set start=omp").timeless());
}

#[test]
fn names_of_algorithms_have_no_case() {
    let folder = easy();
    let solve = |line: &str| folder.solution(&format!("solve A.npy y.npy -k 2 {line}")).timeless();
    assert_eq!(solve("--algorithm OMP+Sea"), solve("--algorithm omp+sea"));
    assert_eq!(solve("--start OMP"), solve("--start omp"));
    assert_eq!(solve("--start Zero --algorithm SEA"), solve("--start zero --algorithm sea"));
    // A file of that name is a file.
    folder.write("OMP", "");
    folder.refuse("solve A.npy y.npy -k 2 --start OMP", &["OMP: has no extension"]);
}

#[test]
fn settings_reach_the_algorithm() {
    let folder = endless();
    let solve = |set: &str| {
        folder.solution(&format!("solve A.npy y.npy -k 8 --algorithm sea --start random:1 --iterations 60 {set}"))
    };
    // From a random start the step size decides which supports are visited.
    assert_ne!(solve("--set step_size=0.05").timeless(), solve("--set step_size=5").timeless());
    assert_eq!(solve("--set step_size=1").timeless(), solve("").timeless());
    let iht = |set: &str| {
        folder.solution(&format!("solve A.npy y.npy -k 8 --algorithm iht --iterations 5 {set}")).number("residual_norm")
    };
    assert_ne!(iht("--set step_size=normalized"), iht("--set step_size=0.001"));
}

#[test]
fn limits_stop_it() {
    let folder = endless();
    assert_eq!(folder.solution("solve A.npy y.npy -k 8").count("iterations"), 300);
    let solve = |limits: &str| folder.solution(&format!("solve A.npy y.npy -k 8 --algorithm sea {limits}"));
    let three = solve("--iterations 3");
    assert_eq!((three.count("iterations"), three.word("stop_reason")), (3, "iterations"));
    assert_eq!(solve("").count("iterations"), 1000);
    // On a busy machine one run may be late, but not all.
    let late = |_: &i32| {
        let begin = Instant::now();
        let short = solve("--time 50ms");
        let (seconds, whole) = (short.number("elapsed_seconds"), begin.elapsed().as_secs_f64());
        assert_eq!(short.word("stop_reason"), "time");
        assert!(0.05 <= seconds && seconds <= whole, "{seconds} s of {whole} s");
        seconds >= 1.0
    };
    assert!((0..5).take_while(late).count() < 5, "every run was late");
    let target = solve("").number("relative_residual") * 1.2;
    let reached = solve(&format!("--relative-residual {target}"));
    assert_eq!(reached.word("stop_reason"), "relative_residual");
    assert!(reached.number("relative_residual") <= target && reached.count("iterations") < 1000);
    // One that is never reached ends by iterations all the same.
    let missed = solve("--relative-residual 1e-9");
    assert_eq!((missed.word("stop_reason"), missed.count("iterations")), ("relative_residual_missed", 1000));
    let stagnant = solve("--stagnation 20");
    assert_eq!(stagnant.word("stop_reason"), "stagnation");
    assert_eq!(stagnant.count("iterations"), stagnant.count("best_iteration") + 20);
    assert_eq!(solve("--iterations 40 --stagnation 100000").count("iterations"), 40);
}

#[test]
fn threads_change_nothing_but_time() {
    let folder = endless();
    for algorithm in ["sea", "omp+sea", "htp", "iht"] {
        let line = format!("solve A.npy y.npy -k 8 --algorithm {algorithm} --threads");
        let one = folder.solution(&format!("{line} 1")).timeless();
        assert_eq!(one, folder.solution(&format!("{line} 2")).timeless(), "{algorithm}");
    }
}

#[test]
fn x_is_written_as_it_is_printed() {
    let (folder, ..) = noisy();
    for format in ["npy", "csv", "tsv", "txt", "mtx"] {
        let out = folder.succeed(&format!("solve A.npy y.npy -k 3 --json --output x.{format}")).out;
        // serde_json may miss the last bit of a number; the standard library does not.
        let (_, rest) = out.split_once("\"coefficients\":[").unwrap();
        let printed = rest.split(']').next().unwrap().split(',').map(|x| x.parse::<f64>().unwrap());
        let mut x = vec![0.0; 12];
        [1, 4, 7].into_iter().zip(printed).for_each(|(j, value)| x[j] = value);
        let written = match format {
            "npy" => {
                let (shape, values) = read_npy(&folder.read("x.npy"));
                assert_eq!(shape, [12]);
                values
            }
            _ => {
                let text = folder.text(&format!("x.{format}"));
                let skip = if format == "mtx" { 2 } else { 0 };
                text.lines().skip(skip).map(|line| line.parse().unwrap()).collect()
            }
        };
        assert_eq!(written, x, "{format}");
        // What is written can be read again.
        let again = folder.solution(&format!("solve A.npy y.npy -k 3 --start x.{format} --iterations 0"));
        assert_eq!(again.support(), [1, 4, 7], "{format}");
    }
    assert!(folder.text("x.mtx").starts_with("%%MatrixMarket matrix array real general\n12 1\n"));
}

#[test]
fn the_trace_has_every_step() {
    let folder = endless();
    let solution = folder.solution("solve A.npy y.npy -k 8 --algorithm omp+sea --trace trace.csv");
    let text = folder.text("trace.csv");
    let mut lines = text.lines();
    let header = "algorithm,iteration,objective,best_objective,support_size,entered,supports_explored,elapsed_seconds";
    assert_eq!(lines.next(), Some(header));
    let rows: Vec<Vec<&str>> = lines.map(|line| line.split(',').collect()).collect();
    let number = |row: &Vec<&str>, at: usize| row[at].parse::<f64>().unwrap();
    assert!(rows.iter().all(|row| row.len() == 8));
    for link in ["omp", "sea"] {
        let rows: Vec<_> = rows.iter().filter(|row| row[0] == link).collect();
        assert!(rows.len() > 5, "{link}");
        for pair in rows.windows(2) {
            assert!(number(pair[1], 3) <= number(pair[0], 3), "{pair:?}");
            assert!(number(pair[1], 1) > number(pair[0], 1) && number(pair[1], 6) >= number(pair[0], 6), "{pair:?}");
        }
        assert!(rows.iter().all(|row| number(row, 3) <= number(row, 2) && number(row, 4) <= 8.0));
    }
    let last = rows.last().unwrap();
    let objective = solution.number("objective");
    assert!((number(last, 3) - objective).abs() < 1e-9 * objective, "{last:?} {objective}");
    assert_eq!(number(last, 6), solution.number("supports_explored"));
}

#[test]
fn pictures_are_drawn() {
    let (folder, ..) = noisy();
    folder.succeed("solve A.npy y.npy -k 3 --plot fit.svg");
    assert!(!folder.path("fit-trace.svg").exists());
    folder.succeed("solve A.npy y.npy -k 3 --plot fit.png --trace t.csv");
    folder.succeed("solve A.npy y.npy -k 3 --plot with.svg --trace t.csv");
    for name in ["fit.svg", "fit.png", "fit-trace.png", "with.svg", "with-trace.svg"] {
        check_picture(&folder, name);
    }
}

#[test]
fn pictures_are_drawn_in_the_terminal() {
    let (folder, ..) = noisy();
    let before = folder.listing();
    let plain = folder.succeed("solve A.npy y.npy -k 3").out;
    // Standard output is no terminal here: 80 columns, no colours.
    let check = |out: &str, dots: usize| {
        assert!(out.lines().all(|line| line.chars().count() <= 80), "{out}");
        assert!(!out.contains('\x1b'), "{out}");
        assert_eq!(out.matches('●').count(), dots, "{out}");
    };
    for plot in ["--plot -", "--plot=-"] {
        let out = folder.succeed(&format!("solve A.npy y.npy -k 3 {plot}")).out;
        check(&out, 3);
        assert!(out.contains("coefficient xⱼ") && out.contains("index j") && out.contains("y − A x"), "{out}");
        let line = |out: &str| out.lines().find(|line| line.starts_with("support")).map(str::to_owned);
        assert_eq!(line(&plain), line(&out));
    }
    assert_eq!(folder.listing(), before);
    let out = folder.succeed("solve A.npy y.npy -k 3 --plot - --trace t.csv").out;
    assert!(out.contains("objective over iterations") && out.contains("best so far"), "{out}");
    assert!(folder.path("t.csv").exists());
    folder.refuse("solve A.npy y.npy -k 3 --plot - --json", &["--plot - draws on standard output", "--json"]);
    // Standard input is still free.
    let mut command = folder.command(&["solve", "A.npy", "-", "-k", "3", "--plot=-"]);
    let ran = Ran::of(command.stdin(fs::File::open(folder.path("y.npy")).unwrap()).output().unwrap());
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    check(&ran.out, 3);
    // The largest k may be chosen, which standard error remarks.
    let Ran { out, status, .. } = folder.run("path A.npy y.npy -K 5 --plot -");
    assert_eq!(status, 0);
    assert!(out.contains("chosen: k = ") && out.contains("EBIC") && out.contains('│'), "{out}");
    check(&out, 0);
    let out = folder.succeed("stability A.npy y.npy -k 2 --subsamples 10 --plot -").out;
    assert!(out.contains("share of the halves that choose it"), "{out}");
}

#[test]
fn data_of_zeros_are_solved_by_zero() {
    let (folder, a) = (easy(), orthogonal());
    folder.write("zero.txt", column(&[0.0; 16]));
    for name in general_algorithms() {
        let solution = folder.solution(&format!("solve A.npy zero.txt -k 2 --algorithm {name}"));
        solution.check_residual(&a, &[0.0; 16]);
        assert_eq!(solution.number("residual_norm"), 0.0, "{name}");
    }
    let line = "solve A.npy zero.txt -k 2 --output x.csv --trace t.csv --plot fit.svg";
    assert!(folder.succeed(line).out.contains("x = 0"));
    check_picture(&folder, "fit.svg");
}

#[test]
fn what_was_explored_is_reported() {
    let folder = Folder::new();
    folder.succeed("generate deconvolution -n 80 -k 5 --noise 0.3 --seed 2");
    let out = folder.succeed("solve A.npy y.npy -k 5 --algorithm search --iterations 60 --report --plot fit.svg").out;
    assert!(out.contains("distinct supports") && out.contains("frequency") && out.contains("second best"), "{out}");
    assert!(out.contains("of the 5 chosen columns") || out.contains("All 5 chosen columns"), "{out}");
    common::check_picture(&folder, "fit-report.svg");
    let json = folder.succeed("solve A.npy y.npy -k 5 --algorithm search --iterations 60 --report --json").json();
    let report = &json["report"];
    assert_eq!(report["best"][0]["support"], json["support"]);
    assert!(report["near_ties"].as_u64() <= report["distinct_supports"].as_u64(), "{report}");
    let plain = folder.succeed("solve A.npy y.npy -k 5 --algorithm search --iterations 60 --json").json();
    assert!(plain.get("report").is_none() && plain["support"] == json["support"]);
}

/// Two columns that are equal are said to stand in for each other, by their names.
#[test]
fn copies_are_reported_by_name() {
    let folder = Folder::new();
    let row = |i: i32| {
        let (a, b) = ((i * i % 7) - 3, (i * 5 % 11) - 5);
        format!("{a},{b},{},{}\n", -2 * a, 3 * a + b + i % 2)
    };
    folder.write("t.csv", format!("left,other,right,y\n{}", (0..20).map(row).collect::<String>()));
    let out = folder.succeed("solve t.csv y -k 2 --report").out;
    assert!(
        out.contains("Exactly 1 of these 2 is in each of the supports found that fit about as well: left right."),
        "{out}"
    );
    let report = &folder.succeed("solve t.csv y -k 2 --report --json").json()["report"];
    assert_eq!(report["stand_ins"].to_string(), r#"[{"columns":[0,2],"count":1}]"#);
    assert_eq!(report["certain"].to_string(), "[1]");
    let out = folder.succeed("solve t.csv y -k 2 --report --nonnegative").out;
    assert!(!out.contains("Exactly") && out.contains("nor of columns that stand in for each other"), "{out}");
}
