//! `sparsea improve`: never worse than what it is given, whatever form that has.

mod common;

use common::Folder;

fn folder() -> Folder {
    let folder = Folder::new();
    folder.succeed("generate deconvolution -n 120 -k 6 --noise 0.05 --seed 4");
    folder
}

#[test]
fn a_support_or_a_vector_is_improved() {
    let folder = folder();
    let start = folder.solution("solve A.npy y.npy -k 6 --algorithm htp --output x0.csv");
    let support: Vec<String> = start.support().iter().map(usize::to_string).collect();
    folder.write("s.txt", support.join("\n"));
    for given in ["--support s.txt", "--vector x0.csv"] {
        let better = folder.solution(&format!("improve A.npy y.npy {given}"));
        assert!(better.number("relative_residual") < 0.9 * start.number("relative_residual"), "{given}");
        assert_eq!(better.0["algorithm"], "search");
        assert_eq!(better.support().len(), 6);
        // The same from the trace and its kernel.
        let trace = folder.solution(&format!("improve y.npy --kernel kernel.npy --boundary full {given}"));
        assert_eq!(trace.support(), better.support());
        // Room for more non-zeros is used.
        let more = folder.solution(&format!("improve A.npy y.npy {given} -k 8"));
        assert!(more.support().len() == 8 && more.number("residual_norm") < better.number("residual_norm"));
    }
    // Nothing better than the best: what it returns is not improved again.
    folder.succeed("improve A.npy y.npy --support s.txt --output x1.npy --plot fit.svg --trace t.csv");
    let first = folder.solution("improve A.npy y.npy --vector x1.npy");
    let out = folder.succeed("improve A.npy y.npy --vector x1.npy").out;
    assert!(out.starts_with("given               6 non-zeros, fitted: relative residual"), "{out}");
    assert!(first.number("best_iteration") == 0.0, "{first:?}");
    assert!(folder.text("fit.svg").contains("<svg") && folder.text("t.csv").starts_with("algorithm,"));
    let own =
        folder.solution("improve A.npy y.npy --support s.txt --algorithm SEA --set step_size=0.5 --iterations 40");
    assert!(own.0["algorithm"] == "sea" && own.number("residual_norm") <= start.number("residual_norm"));
}

#[test]
fn what_cannot_be_improved_is_said() {
    let folder = folder();
    folder.write("s.txt", "3\n1\n");
    folder.write("repeated.txt", "3\n3\n");
    folder.write("outside.txt", "3\n120\n");
    folder.write("zero.txt", "0\n".repeat(120));
    folder.write("short.txt", "1\n2\n");
    folder.refuse("improve A.npy y.npy", &["--support or --vector"]);
    folder.refuse("improve A.npy y.npy --support s.txt --vector zero.txt", &["--support", "--vector"]);
    folder.refuse("improve A.npy --support s.txt", &["<Y>"]);
    folder.refuse("improve A.npy y.npy --support none.txt", &["none.txt"]);
    folder.refuse("improve A.npy y.npy --support repeated.txt", &["3"]);
    folder.refuse("improve A.npy y.npy --support outside.txt", &["120"]);
    folder.refuse("improve A.npy y.npy --vector zero.txt", &["zero.txt: holds no non-zero to improve"]);
    folder.refuse("improve A.npy y.npy --vector short.txt", &["2", "120"]);
    folder.refuse("improve A.npy y.npy --support s.txt -k 1", &["k must be at least 2, the non-zeros of s.txt, got 1"]);
    folder.refuse("improve A.npy y.npy --support s.txt -k 0", &["k must be at least 2, the non-zeros of s.txt, got 0"]);
    folder.refuse("improve A.npy y.npy --support s.txt --output s.txt", &["s.txt: is read"]);
    folder.refuse("improve A.npy y.npy --support s.txt --algorithm none", &["unknown algorithm 'none'"]);
}
