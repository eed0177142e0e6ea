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
    }
    // Names and places are those of the result.
    folder.succeed(&format!("solve {DIABETES} y -k 2 --trace run.html"));
    assert_eq!(played(&folder, "run.html")["names"]["2"], "bmi");
    folder.succeed("deconvolve trace.txt --kernel kernel.txt -k 2 --boundary full --trace run.html");
    assert_eq!(played(&folder, "run.html")["first"], 1);
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
