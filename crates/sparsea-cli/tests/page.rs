//! `--trace FILE.html`: what a page plays, and what it refuses to.

mod common;

use common::Folder;
use serde_json::Value;

const DIABETES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/diabetes.csv");

/// The run that a page plays.
fn played(folder: &Folder, name: &str) -> Value {
    let page = folder.text(name);
    let (_, data) = page.split_once(r#"<script type="application/json" id="data">"#).expect("the data of the page");
    serde_json::from_str(data.split_once("</script>").unwrap().0).expect("JSON")
}

/// ½‖y − A x‖² of a step, from the numbers of the page.
fn objective(run: &Value, step: &Value) -> f64 {
    let mut residual: Vec<f64> = run["data"].as_array().unwrap().iter().map(|y| y.as_f64().unwrap()).collect();
    for (j, x) in step["support"].as_array().unwrap().iter().zip(step["coefficients"].as_array().unwrap()) {
        let column = &run["columns"][j.to_string()];
        let begin = column[0].as_u64().unwrap() as usize;
        for (l, a) in column[1].as_array().unwrap().iter().enumerate() {
            residual[begin + l] -= x.as_f64().unwrap() * a.as_f64().unwrap();
        }
    }
    0.5 * residual.iter().map(|r| r * r).sum::<f64>()
}

/// Every objective that a page shows is that of the data, columns and coefficients that it shows, whatever was taken out of them.
#[test]
fn a_page_plays_any_run_on_single_columns() {
    let folder = Folder::new();
    folder.write("A.csv", "1,0,1,2\n0,1,1,0\n2,0,0,1\n0,3,1,1\n1,1,0,5\n");
    folder.write("y.txt", "1\n2\n3\n4\n0.5\n");
    folder.write("w.txt", "1\n2\n1\n0.5\n1\n");
    folder.write("trace.txt", "0\n0.2\n1.1\n0.3\n0\n0.5\n2\n0.4\n-0.1\n0.1\n");
    folder.write("kernel.txt", "0.2\n1\n0.3\n");
    let runs = [
        format!("solve {DIABETES} y -k 5"),
        format!("solve {DIABETES} y -k 5 -a omp+sea --iterations 200"),
        "solve A.csv y.txt -k 2 -a sea --iterations 50 --weights w.txt --fixed 3 --intercept".into(),
        "solve A.csv y.txt -k 2 -a iht --nonnegative".into(),
        "improve A.csv y.txt --support s.txt -a sea+els".into(),
        "deconvolve trace.txt --kernel kernel.txt -k 2 -a sea --iterations 20 --boundary full".into(),
        "deconvolve trace.txt --kernel kernel.txt -k 2 -a lasso".into(),
    ];
    folder.write("s.txt", "0\n1\n");
    for command in runs {
        let found = folder.succeed(&format!("{command} --trace run.html --json")).json();
        let run = played(&folder, "run.html");
        let steps = run["steps"].as_array().unwrap();
        assert!(steps.len() > 1, "{command}");
        let mut best = f64::INFINITY;
        let mut last = None;
        for step in steps {
            let (shown, iteration) = (step["objective"].as_f64().unwrap(), step["iteration"].as_u64().unwrap());
            assert!(last.is_none_or(|last| iteration > last), "{command}: {iteration} after {last:?}");
            last = Some(iteration);
            let computed = objective(&run, step);
            let scale = run["steps"][0]["objective"].as_f64().unwrap();
            assert!((shown - computed).abs() <= 2e-5 * shown + 1e-9 * scale, "{command}: {shown}, {computed}");
            best = step["best_objective"].as_f64().unwrap().min(best);
        }
        let objective = found["objective"].as_f64().unwrap();
        assert!(best <= objective * (1.0 + 1e-5) + 1e-9, "{command}: {best}, {objective}");
        let result = &run["result"];
        assert_eq!(result["support"], found["support"], "{command}");
        let best = steps.last().unwrap()["best"].as_u64().unwrap() as usize;
        assert_eq!(steps[best]["support"], result["support"], "{command}");
        assert_eq!(steps[best]["iteration"], result["iteration"], "{command}");
    }
    // Names and places are those of the result.
    folder.succeed(&format!("solve {DIABETES} y -k 2 --trace run.html"));
    assert_eq!(played(&folder, "run.html")["names"]["2"], "bmi");
    folder.succeed("deconvolve trace.txt --kernel kernel.txt -k 2 --boundary full --trace run.html");
    assert_eq!(played(&folder, "run.html")["first"], 1);
}

/// Two columns that differ by less than the objectives shown: the result is told by the numbers themselves.
#[test]
fn the_best_step_is_not_told_by_rounded_numbers() {
    let folder = Folder::new();
    folder.write("A.csv", "1,1,0\n1,1.0000001,0\n2,2,0\n0,0,1\n");
    folder.write("y.txt", "1\n1.1\n2\n0.3\n");
    folder.write("s.txt", "0\n");
    let found = folder.succeed("improve A.csv y.txt --support s.txt -a els --trace run.html --json").json();
    assert_eq!(found["support"], serde_json::json!([1]));
    let run = played(&folder, "run.html");
    assert_eq!(run["result"]["support"], found["support"]);
    let steps = run["steps"].as_array().unwrap();
    assert_eq!(steps[steps.last().unwrap()["best"].as_u64().unwrap() as usize]["support"], found["support"]);
}

/// The numbers of a ridge are no data.
#[test]
fn a_ridge_adds_no_rows() {
    let folder = Folder::new();
    folder.write("A.csv", "1,0,1,2\n0,1,1,0\n2,0,0,1\n0,3,1,1\n1,1,0,5\n");
    folder.write("y.txt", "1\n2\n3\n4\n0.5\n");
    folder.succeed("solve A.csv y.txt -k 2 --ridge 3 -a sea --trace run.html");
    let run = played(&folder, "run.html");
    assert_eq!(run["data"], serde_json::json!([1.0, 2.0, 3.0, 4.0, 0.5]));
    assert_eq!(run["has_ridge"], true);
    let ends = run["columns"].as_object().unwrap().values();
    assert!(
        ends.map(|column| column[0].as_u64().unwrap() as usize + column[1].as_array().unwrap().len())
            .all(|end| end <= 5)
    );
}

/// A page without room for the whole run says so, and has the result all the same.
#[test]
fn a_page_that_is_cut_has_the_result() {
    let folder = Folder::new();
    let number = |i: u64| ((i ^ (i >> 7)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as f64 / (1 << 23) as f64 - 1.0;
    let row = |i: u64| (0..19_000).map(|j| number(i * 19_000 + j).to_string()).collect::<Vec<_>>().join(",");
    folder.write("A.csv", (0..12).map(|i| row(i) + "\n").collect::<String>());
    folder.write("y.txt", "0.3\n-1.5\n0.77\n0.01\n2.2\n-0.4\n1.7\n-0.9\n0.6\n-2.1\n1.1\n0.2\n");
    let ran = folder.run("solve A.csv y.txt -k 3 -a sea --trace run.html --json");
    assert_eq!(ran.status, 0);
    assert!(ran.err.contains("run.html: has room for the first "), "{}", ran.err);
    let (found, run) = (ran.json(), played(&folder, "run.html"));
    assert_eq!(run["result"]["support"], found["support"]);
    assert_eq!(run["all"], found["iterations"]);
    let last = run["steps"].as_array().unwrap().last().unwrap()["iteration"].as_u64().unwrap();
    assert!(last < run["all"].as_u64().unwrap());
    assert!(found["support"].as_array().unwrap().iter().all(|j| !run["columns"][j.to_string()].is_null()));
    folder.succeed("solve A.csv y.txt -k 3 -a sea --trace run.html -q");
}

/// Steps have a size even where they hold next to nothing, so that no run makes a page without end.
#[test]
fn many_small_steps_fill_a_page_too() {
    let folder = Folder::new();
    let ran = folder.run(&format!("solve {DIABETES} y -k 1 -a sea --iterations 2000000 --trace run.html"));
    assert_eq!(ran.status, 0, "{}", ran.err);
    let run = played(&folder, "run.html");
    let steps = run["steps"].as_array().unwrap();
    assert!(steps.len() <= 100_000 && folder.text("run.html").len() < 40_000_000, "{}", steps.len());
    assert!(run["all"].as_u64().is_some_and(|all| all > steps.last().unwrap()["iteration"].as_u64().unwrap()));
}

#[test]
fn what_no_page_shows_is_refused_before_the_run() {
    let folder = Folder::new();
    folder.write("A.csv", "1,0,1,2\n0,1,1,0\n2,0,0,1\n0,3,1,1\n");
    folder.write("y.txt", "1\n2\n3\n4\n");
    folder.write("Y.csv", "1.5,2\n2,0\n3,1\n4,4\n");
    folder.write("g.txt", "0\n0\n1\n1\n");
    folder.write("c.csv", "1+2i\n0\n1i\n4\n");
    folder.write("long.txt", "1\n".repeat(20_001));
    let cases = [
        ("solve A.csv Y.csv -k 1 --joint", "one y and single columns, not --joint or --groups"),
        ("solve A.csv y.txt -k 1 --groups g.txt", "one y and single columns, not --joint or --groups"),
        ("solve A.csv y.txt -k 1 --sum-to 1", "free coefficients, not --sum-to"),
        ("solve A.csv c.csv -k 1", "real numbers"),
        ("deconvolve long.txt --kernel gaussian:2 -k 1", "up to 20000 rows and columns, not 20001 × 20001"),
        ("solve A.csv Y.csv -k 1", "--trace is for one column"),
    ];
    let before = folder.listing();
    for (command, why) in cases {
        folder.refuse(&format!("{command} --trace run.html"), &[why]);
        assert_eq!(folder.listing(), before, "{command}");
    }
}
