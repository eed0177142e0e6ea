//! Repository tasks: `cargo xtask test` is everything a contribution must pass.

mod python;
mod runner;

use std::path::Path;
use std::process::ExitCode;

use runner::{Failure, Runner};

const HELP: &str = "\
Tasks of this repository.

Usage: cargo xtask <TASK>

Tasks:
  test    Everything: the static checks, the Python tests, the Rust tests
  lint    The static checks only: format, clippy, documentation, ruff, mypy
  python  The Python part only: ruff, mypy, the tests of the wheel and of the built command
  docs    The documentation site, target/site/index.html
  record  What tests compare with, written again: 'table' (docs/algorithms.md) or 'solutions' (recorded.json)
  package The crates packaged as for a release, each built from its package alone (some minutes)
  portable The library without its default features, and for WebAssembly where that target is installed
  peers   The comparison with other packages, docs/benchmarks.md: [--runs N] [--only TASK]… [--quick]
  against This version timed against an earlier one, on the same tasks: REVISION [--runs N] [--only TASK]…
  help    This text

The Python part keeps its tools in a virtual environment, target/venv, and installs the wheel in a
fresh one each time, target/venv-package. Both are made with the interpreter named by $PYTHON, or
else the first Python 3.10 or newer on the PATH.
";

/// The tests, without the examples, which clippy has checked and which take long to build.
const TESTS: [&str; 6] = ["test", "--workspace", "--locked", "--tests", "--features", PARQUET];

/// What the command has on request only, but tests try.
const PARQUET: &str = "sparsea-cli/parquet";

/// WebAssembly in browsers.
const WASM: &str = "wasm32-unknown-unknown";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let task: &dyn Fn(&mut Runner) -> Result<(), Failure> = match &words[..] {
        ["test"] => &test,
        ["lint"] => &lint,
        ["python"] => &python_part,
        ["docs"] => &docs,
        ["package"] => &|runner: &mut Runner| package(runner, &[]),
        ["portable"] => &portable,
        ["record", what @ ("table" | "solutions")] => &|runner: &mut Runner| {
            runner.cargo(&["run", "--package", "sparsea", "--example", "record", "--locked", "--", what], &[])
        },
        ["peers", options @ ..] => &|runner: &mut Runner| peers(runner, options),
        ["against", revision, options @ ..] => &|runner: &mut Runner| against(runner, revision, options),
        ["help" | "--help" | "-h"] => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        [] => {
            eprint!("{HELP}");
            return ExitCode::from(2);
        }
        _ => {
            eprintln!("xtask: there is no task '{}'\n\n{HELP}", words.join(" "));
            return ExitCode::from(2);
        }
    };
    match Runner::new().and_then(|mut runner| task(&mut runner)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("\nxtask: FAILED: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// Everything. The Rust tests come last, so that the output ends with the test runners' own summaries.
fn test(runner: &mut Runner) -> Result<(), Failure> {
    // What takes seconds comes first.
    let tools = python::environment(runner)?;
    python::check(runner, &tools)?;
    rust_checks(runner)?;
    // Building the tests builds the command too, with the same features, so that nothing is compiled twice.
    runner.cargo(&[&TESTS[..], &["--no-run"]].concat(), &[])?;
    // Their contents alone: building each from its package takes minutes (`cargo xtask package`).
    package(runner, &["--no-verify"])?;
    if runner.has_target(WASM) {
        portable(runner)?;
    }
    python_tests(runner, &tools)?;
    runner.print_times();
    runner.cargo(&TESTS, &[])?;
    runner.cargo(&["test", "--workspace", "--locked", "--doc", "--features", PARQUET], &[])
}

/// The static checks of both languages.
fn lint(runner: &mut Runner) -> Result<(), Failure> {
    let tools = python::environment(runner)?;
    python::check(runner, &tools)?;
    rust_checks(runner)?;
    runner.print_times();
    Ok(())
}

/// All that concerns Python.
fn python_part(runner: &mut Runner) -> Result<(), Failure> {
    let tools = python::environment(runner)?;
    python::check(runner, &tools)?;
    runner.cargo(&["build", "--package", "sparsea-cli", "--locked", "--features", PARQUET], &[])?;
    python_tests(runner, &tools)?;
    runner.print_times();
    Ok(())
}

/// The crates as a release has them.
fn package(runner: &mut Runner, options: &[&str]) -> Result<(), Failure> {
    let package =
        ["package", "--workspace", "--exclude", "sparsea-py", "--exclude", "xtask", "--locked", "--allow-dirty"];
    runner.cargo(&[&package, options].concat(), &[])
}

/// The library alone, without threads and generators, and where there are none.
fn portable(runner: &mut Runner) -> Result<(), Failure> {
    let check = ["check", "--package", "sparsea", "--no-default-features", "--locked"];
    runner.cargo(&check, &[])?;
    if runner.has_target(WASM) { runner.cargo(&[&check[..], &["--target", WASM]].concat(), &[]) } else { Ok(()) }
}

/// The documentation site.
fn docs(runner: &mut Runner) -> Result<(), Failure> {
    let tools = python::environment(runner)?;
    let wheel = python::wheel(runner, &tools, "dev")?;
    // The page that plays a run of SEA, which the front page links, by the command whose help the site shows.
    let demo = runner.target().join("site-demo");
    let place = demo.to_string_lossy().into_owned();
    runner.cargo(&["run", "--quiet", "--package", "sparsea-cli", "--locked", "--", "demo", "--out", &place], &[])?;
    let page = python::site(runner, &wheel)?;
    let copied = std::fs::copy(demo.join("exploration.html"), page.with_file_name("exploration.html"));
    copied.map_err(|error| Failure(format!("exploration.html: {error}")))?;
    runner.print_times();
    eprintln!("\nWritten: {}", page.display());
    Ok(())
}

/// The comparison with other packages, with the options of `benches/peers/run.py`.
fn peers(runner: &mut Runner, options: &[&str]) -> Result<(), Failure> {
    let tools = python::environment(runner)?;
    let wheel = python::wheel(runner, &tools, "release")?;
    python::peers(runner, &wheel, options)
}

/// This version and an earlier one, both built here, in turn on the tasks of the comparison with other packages.
fn against(runner: &mut Runner, revision: &str, options: &[&str]) -> Result<(), Failure> {
    let tools = python::environment(runner)?;
    let now = python::wheel(runner, &tools, "release")?;
    let before = python::wheel_of(runner, &tools, revision)?;
    python::against(runner, &tools, &before, &now, options)
}

/// The wheel, in a fresh virtual environment, and the command.
fn python_tests(runner: &mut Runner, tools: &Path) -> Result<(), Failure> {
    let wheel = python::wheel(runner, tools, "dev")?;
    let interpreter = python::package(runner, tools, &wheel)?;
    python::test(runner, &interpreter)
}

/// The static checks of the Rust code.
fn rust_checks(runner: &mut Runner) -> Result<(), Failure> {
    runner.cargo(&["fmt", "--all", "--check"], &[])?;
    let clippy = ["clippy", "--workspace", "--all-targets", "--locked", "--features", PARQUET];
    runner.cargo(&[&clippy[..], &["--", "-D", "warnings"]].concat(), &[])?;
    // As users build it; of the whole workspace, so that what is shared has the features of before.
    runner.cargo(&["clippy", "--workspace", "--locked", "--", "-D", "warnings"], &[])?;
    runner.cargo(&["doc", "--workspace", "--no-deps", "--locked"], &[("RUSTDOCFLAGS", "-D warnings".as_ref())])
}
