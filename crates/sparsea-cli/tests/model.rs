//! Intercept, fixed and excluded columns, weights, gaps, a ridge.

mod common;

use common::Folder;

/// y = 100 + 2 b − 3 d, in a table with names, and the same as separate files.
fn folder() -> Folder {
    let folder = Folder::new();
    let value = |i: usize, j: usize| ((7 * i * i + 3 * i * j * j + 5 * j) % 23) as f64 - 11.0;
    let mut table = "a,b,c,d,e,y\n".to_owned();
    let (mut matrix, mut data, mut weights) = (String::new(), String::new(), String::new());
    for i in 0..20 {
        let row: Vec<f64> = (0..5).map(|j| value(i, j)).collect();
        let text: Vec<String> = row.iter().map(f64::to_string).collect();
        let y = 100.0 + 2.0 * row[1] - 3.0 * row[3];
        table += &format!("{},{y}\n", text.join(","));
        matrix += &format!("{}\n", text.join(","));
        data += &format!("{y}\n");
        weights += &format!("{}\n", i % 3);
    }
    folder.write("table.csv", table);
    folder.write("A.csv", matrix);
    folder.write("y.csv", data);
    folder.write("w.csv", weights);
    folder
}

#[test]
fn a_table_with_names_has_an_intercept() {
    let folder = folder();
    for line in ["solve table.csv y -k 2", "solve table.csv table.csv:y -k 2", "solve A.csv y.csv -k 2 --intercept"] {
        let solution = folder.solution(line);
        assert_eq!(solution.support(), [1, 3], "{line}");
        assert!((solution.number("intercept") - 100.0).abs() < 1e-12, "{line}");
        assert!((solution.coefficients()[1] + 3.0).abs() < 1e-12 && solution.number("residual_norm") < 1e-12);
        let out = folder.succeed(&format!("{line} --json")).out;
        assert!(out.rfind("\"intercept\":") > out.rfind("\"elapsed_seconds\":"), "{out}");
    }
    let out = folder.succeed("solve table.csv y -k 2").out;
    assert!(out.contains("\nintercept           100.0\n"), "{out}");
    for line in ["solve table.csv y -k 2 --no-intercept", "solve A.csv y.csv -k 2"] {
        let solution = folder.solution(line);
        assert!(!solution.0.as_object().unwrap().contains_key("intercept"), "{line}");
        assert!(solution.number("relative_residual") > 0.5);
    }
    folder.refuse("solve table.csv y -k 2 --intercept --no-intercept", &["--no-intercept"]);
    let out = folder.succeed("compare table.csv y -k 2 --algorithms omp,els").out;
    assert!(out.contains("every model has an intercept") && out.contains("b d"), "{out}");
    let out = folder.succeed("compare A.csv y.csv -k 2 --algorithms omp,els").out;
    assert!(!out.contains("every model"), "{out}");
    folder.write("s.txt", "0\n3\n");
    assert_eq!(folder.solution("improve table.csv y --support s.txt").support(), [1, 3]);
}

#[test]
fn columns_are_fixed_and_excluded_by_name_or_number() {
    let folder = folder();
    for names in ["d,a", "3,0", "d,0"] {
        let solution = folder.solution(&format!("solve table.csv y -k 1 --fixed {names}"));
        assert_eq!(solution.support(), [1], "{names}");
        assert_eq!(solution.0["fixed"], serde_json::json!([0, 3]));
        let fixed: Vec<f64> = serde_json::from_value(solution.0["fixed_coefficients"].clone()).unwrap();
        assert!(fixed[0].abs() < 1e-12 && (fixed[1] + 3.0).abs() < 1e-12);
    }
    let out = folder.succeed("solve table.csv y -k 1 --fixed d --output x.csv --plot fit.svg").out;
    assert!(out.lines().any(|line| line.contains('d') && line.ends_with("-3.000  (fixed)")), "{out}");
    assert!((folder.text("x.csv").lines().nth(3).unwrap().parse::<f64>().unwrap() + 3.0).abs() < 1e-12);
    assert!(folder.text("fit.svg").contains("<svg"));
    let solution = folder.solution("solve table.csv y -k 2 --exclude b,e");
    assert!(!solution.support().contains(&1) && !solution.support().contains(&4));
    folder.write("s.txt", "1\n3\n");
    assert_eq!(folder.solution("improve table.csv y --support s.txt --fixed d").support(), [1]);
    folder.refuse("improve table.csv y --support s.txt --exclude b", &["the start has column 1, which is excluded"]);
    folder
        .refuse("solve table.csv y -k 1 --fixed nobody", &["--fixed: there is no column 'nobody'; columns: a b c d e"]);
    folder.refuse("solve table.csv y -k 1 --exclude 5", &["--exclude: there is no column 5; A has 5 columns"]);
    folder.refuse("solve A.csv y.csv -k 1 --fixed b", &["'b' is no number of a column, and A has no column names"]);
    folder.refuse("solve table.csv y -k 1 --fixed b,b", &["column 1 is fixed twice"]);
    folder.refuse("solve table.csv y -k 1 --fixed b --exclude 1", &["column 1 is both fixed and excluded"]);
    folder.refuse("solve table.csv y -k 5 --fixed b", &["k must be between 0 and 4", "got 5"]);
}

#[test]
fn rows_are_weighted_and_may_be_missing() {
    let folder = folder();
    let solution = folder.solution("solve A.csv y.csv -k 2 --weights w.csv --intercept");
    assert_eq!(solution.support(), [1, 3]);
    // What stands in rows of weight 0 does not matter, and is not read as a number.
    let table: Vec<String> = folder.text("table.csv").lines().map(str::to_owned).collect();
    let hidden = |word: &str| {
        let row = |(i, line): (usize, &String)| {
            let (rest, _) = line.rsplit_once(',').unwrap();
            if i > 0 && i % 7 == 0 { format!("{rest},{word}\n") } else { format!("{line}\n") }
        };
        table.iter().enumerate().map(row).collect::<String>()
    };
    let kept: String =
        table.iter().enumerate().filter(|(i, _)| *i == 0 || i % 7 != 0).map(|(_, l)| format!("{l}\n")).collect();
    folder.write("kept.csv", kept);
    let expected = folder.solution("solve kept.csv y -k 2");
    for word in ["NaN", "", "NA", "n/a"] {
        folder.write("gaps.csv", hidden(word));
        folder.refuse("solve gaps.csv y -k 2", &["gaps.csv"]);
        let solution = folder.solution("solve gaps.csv y -k 2 --missing drop");
        assert_eq!(solution.support(), expected.support(), "'{word}'");
        let pairs = solution.coefficients().into_iter().zip(expected.coefficients());
        assert!(pairs.into_iter().all(|(a, b)| (a - b).abs() < 1e-12));
        folder.succeed("solve gaps.csv y -k 2 --missing drop --plot gaps.svg");
        assert!(!folder.text("gaps.svg").contains("NaN"));
    }
    // A itself may miss nothing.
    let mut rows: Vec<String> = table.clone();
    rows[4] = format!("NaN{}", &rows[4][rows[4].find(',').unwrap()..]);
    folder.write("broken.csv", rows.join("\n"));
    folder.refuse("solve broken.csv y -k 2 --missing drop", &["broken.csv"]);
    folder.write("all.csv", "NaN\n".repeat(20));
    folder.refuse("solve A.csv all.csv -k 2 --missing drop", &["y has no entry of weight above 0 that is not missing"]);
    folder.write("short.csv", "1\n2\n");
    folder.refuse("solve A.csv y.csv -k 2 --weights short.csv", &["short.csv: has 2 weights, but A has 20 rows"]);
    folder.write("negative.csv", "-1\n".repeat(20));
    folder.refuse("solve A.csv y.csv -k 2 --weights negative.csv", &["a weight must be at least 0, got -1"]);
    folder.write("zero.csv", "0\n".repeat(20));
    folder.refuse("solve A.csv y.csv -k 2 --weights zero.csv", &["the sum of the weights must be above 0"]);
    folder.refuse("solve A.csv y.csv -k 2 --weights w.csv --output w.csv", &["w.csv"]);
    folder.refuse("solve A.csv y.csv -k 2 --ridge -1", &["--ridge must be a finite number of at least 0, got '-1'"]);
}

#[test]
fn a_ridge_shrinks() {
    let folder = folder();
    let free = folder.solution("solve table.csv y -k 2");
    let shrunk = common::Solution(folder.succeed("solve table.csv y -k 2 --ridge 100 --json").json());
    let size = |solution: &common::Solution| solution.coefficients().iter().map(|x| x * x).sum::<f64>();
    assert!(size(&shrunk) < size(&free) && shrunk.number("residual_norm") > 1e-3);
    let objective = 0.5 * shrunk.number("residual_norm").powi(2) + 50.0 * size(&shrunk);
    assert!((shrunk.number("objective") / objective - 1.0).abs() < 1e-12);
}

#[test]
fn gaps_in_a_trace_are_no_samples() {
    let folder = Folder::new();
    let bump = |t: f64| (-0.5 * (t / 3.0).powi(2)).exp();
    let sample = |i: usize| 1.5 * bump(i as f64 - 60.0) - 2.0 * bump(i as f64 - 130.0);
    let samples: Vec<f64> = (0..200).map(sample).collect();
    let text = |missing: &str| -> String {
        samples
            .iter()
            .enumerate()
            .map(|(i, y)| if (62..75).contains(&i) { format!("{missing}\n") } else { format!("{y}\n") })
            .collect()
    };
    folder.write("gaps.csv", text("NaN"));
    folder.refuse("deconvolve gaps.csv --kernel gaussian:3 -k 2", &["not a finite number"]);
    for missing in ["NaN", "\"\"", "NA"] {
        folder.write("gaps.csv", text(missing));
        let solution = folder.solution("deconvolve gaps.csv --kernel gaussian:3 -k 2 --missing drop");
        assert_eq!(solution.support(), [60, 130], "{missing}");
    }
    let lifted = folder.solution("deconvolve gaps.csv --kernel gaussian:3 -k 2 --missing drop --baseline median");
    assert_eq!(lifted.support(), [60, 130]);
    let with = folder
        .solution("deconvolve gaps.csv --kernel gaussian:3 -k 1 --missing drop --fixed 60 --intercept --exclude 131");
    assert_eq!(with.support(), [130]);
    folder.succeed("deconvolve gaps.csv --kernel gaussian:3 -k 2 --missing drop --plot gaps.png");
    folder.succeed("compare gaps.csv --kernel gaussian:3 -k 2 --missing drop --algorithms omp");
}
