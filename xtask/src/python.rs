//! The Python part: static checks, the wheel, and tests.
//!
//! Tools, and libraries to compare with, are in a virtual environment that is kept, `target/venv`. The wheel is installed
//! in a fresh one, `target/venv-package`, which at first holds nothing else but NumPy. What builds the site is in
//! `target/venv-docs`, the packages that sparsea is measured against in `target/venv-peers`.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::runner::{Failure, Runner};

const REQUIREMENTS: &str = "python/requirements-test.txt";
/// What builds the site.
const DOCS_REQUIREMENTS: &str = "docs/requirements.txt";
/// What sparsea is measured against.
const PEERS_REQUIREMENTS: &str = "benches/peers/requirements.txt";
/// Where Python code lives; each tool searches these.
const SOURCES: [&str; 5] = ["python", "examples", "benches", "docs/conf.py", "crates"];
/// What is checked for spelling.
const WRITTEN: [&str; 8] =
    ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "docs", "python", "examples", "crates", "xtask/src"];
/// What the package must do where nothing but NumPy is installed.
const ONLY_NUMPY: &str = "python/tests/only_numpy.py";
const CANDIDATES: [&str; 6] = ["python3", "python3.13", "python3.12", "python3.11", "python3.10", "python"];
/// Prints the version if this Python is new enough, and fails otherwise.
const PROBE: &str = "import sys; assert sys.version_info >= (3, 10); print(*sys.version_info[:3], sep='.')";

/// The interpreter of `target/venv`, which holds the tools and the libraries to compare with.
pub fn environment(runner: &mut Runner) -> Result<PathBuf, Failure> {
    let interpreter = kept_environment(runner, "venv", REQUIREMENTS)?;
    runner.build_for(&interpreter);
    Ok(interpreter)
}

/// The interpreter of a virtual environment in the target directory that holds exactly what a file of requirements names.
///
/// It is made anew when the requirements or the version of Python have changed: a copy of both is kept inside it,
/// written last, so that an interrupted installation is never taken for a complete one.
fn kept_environment(runner: &mut Runner, name: &str, list: &str) -> Result<PathBuf, Failure> {
    let (base, version) = find_python()?;
    let requirements =
        fs::read_to_string(runner.root().join(list)).map_err(|error| Failure(format!("{list}: {error}")))?;
    let directory = runner.target().join(name);
    let interpreter = in_environment(&directory);
    let stamp = directory.join("made-from.txt");
    let wanted = format!("# Python {version}\n{requirements}");
    if fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) && probe(&interpreter).is_some() {
        return Ok(interpreter);
    }

    let _ = fs::remove_file(&stamp);
    let place = directory.to_string_lossy();
    runner.run(&base.to_string_lossy(), &base, &["-m", "venv", "--clear", &place], &[]).map_err(|failure| {
        Failure(format!("{failure} (on Debian and Ubuntu, install python3-venv; or set PYTHON to another Python)"))
    })?;
    let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", list];
    python(runner, &interpreter, &install, &[])?;
    fs::write(&stamp, wanted).map_err(|error| Failure(format!("{}: {error}", stamp.display())))?;
    Ok(interpreter)
}

/// The static checks of every Python file.
pub fn check(runner: &mut Runner, interpreter: &Path) -> Result<(), Failure> {
    let (ruff, mypy) = (runner.target().join("ruff"), runner.target().join("mypy"));
    let caches = [("RUFF_CACHE_DIR", ruff.as_os_str()), ("MYPY_CACHE_DIR", mypy.as_os_str())];
    for tool in [&["ruff", "check"][..], &["ruff", "format", "--check"], &["mypy", "--strict"]] {
        let arguments: Vec<&str> = ["-m"].into_iter().chain(tool.iter().copied()).chain(SOURCES).collect();
        python(runner, interpreter, &arguments, &caches)?;
    }
    spelling(runner, interpreter)
}

/// The spelling of everything that is written by hand, where the checker has a wheel.
fn spelling(runner: &mut Runner, interpreter: &Path) -> Result<(), Failure> {
    let checker = interpreter.with_file_name(format!("typos{}", std::env::consts::EXE_SUFFIX));
    if !checker.is_file() {
        return Ok(());
    }
    runner.run("typos", &checker, &["--format", "brief"].into_iter().chain(WRITTEN).collect::<Vec<_>>(), &[])
}

/// Builds the wheel with a profile, `dev` for tests.
pub fn wheel(runner: &mut Runner, interpreter: &Path, profile: &str) -> Result<PathBuf, Failure> {
    let directory = runner.target().join(format!("wheels-{profile}"));
    // What tests use is built beside the Rust tests, from the same builds of all dependencies; a release as users build it.
    let options: &[&str] = if profile == "dev" { &["--features", "shared-build"] } else { &[] };
    build_wheel(runner, interpreter, profile, &directory, options)
}

/// Builds the wheel of an earlier revision, from a checkout of its own in the target directory.
pub fn wheel_of(runner: &mut Runner, interpreter: &Path, revision: &str) -> Result<PathBuf, Failure> {
    let checkout = runner.target().join("before");
    let place = checkout.to_string_lossy().into_owned();
    if checkout.exists() {
        runner.run("git", Path::new("git"), &["worktree", "remove", "--force", &place], &[])?;
    }
    runner.run("git", Path::new("git"), &["worktree", "add", "--detach", &place, revision], &[])?;
    let manifest = checkout.join("crates/sparsea-py/Cargo.toml").to_string_lossy().into_owned();
    let directory = runner.target().join("wheels-before");
    let wheel = build_wheel(runner, interpreter, "release", &directory, &["--manifest-path", &manifest]);
    runner.run("git", Path::new("git"), &["worktree", "remove", "--force", &place], &[])?;
    wheel
}

fn build_wheel(
    runner: &mut Runner,
    interpreter: &Path,
    profile: &str,
    directory: &Path,
    options: &[&str],
) -> Result<PathBuf, Failure> {
    let _ = fs::remove_dir_all(directory);
    let (place, with) = (directory.to_string_lossy(), interpreter.to_string_lossy());
    let build = ["-m", "maturin", "build", "--profile", profile, "--locked", "--interpreter", &with, "--out", &place];
    let build: Vec<&str> = build.into_iter().chain(options.iter().copied()).collect();
    python(runner, interpreter, &build, &[])?;
    let entries = fs::read_dir(directory).map_err(|error| Failure(format!("{}: {error}", directory.display())))?;
    let mut wheels = entries.flatten().map(|entry| entry.path());
    wheels.next().ok_or_else(|| Failure(format!("maturin left no wheel in {}", directory.display())))
}

/// Installs the wheel in a fresh virtual environment, tries it there with NumPy alone, and returns its interpreter, to which
/// the tools and libraries of `target/venv` are then lent.
pub fn package(runner: &mut Runner, tools: &Path, wheel: &Path) -> Result<PathBuf, Failure> {
    let directory = runner.target().join("venv-package");
    python(runner, tools, &["-m", "venv", "--clear", &directory.to_string_lossy()], &[])?;
    let interpreter = in_environment(&directory);
    let wheel = wheel.to_string_lossy();
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    let install: Vec<&str> = pip.into_iter().chain(["--constraint", REQUIREMENTS, &wheel]).collect();
    python(runner, &interpreter, &install, &[])?;
    python(runner, &interpreter, &["-I", "-W", "error", ONLY_NUMPY], &[])?;
    let lent = site_packages(&interpreter)?.join("lent.pth");
    fs::write(&lent, format!("{}\n", site_packages(tools)?.display()))
        .map_err(|error| Failure(format!("{}: {error}", lent.display())))?;
    Ok(interpreter)
}

/// The command that cargo has just built.
fn command(runner: &Runner) -> Result<PathBuf, Failure> {
    let command = runner.target().join("debug").join(format!("sparsea{}", std::env::consts::EXE_SUFFIX));
    if command.is_file() { Ok(command) } else { Err(Failure(format!("cargo built no {}", command.display()))) }
}

/// The Python tests, of the package and of the command that cargo has just built.
pub fn test(runner: &mut Runner, interpreter: &Path) -> Result<(), Failure> {
    let command = command(runner)?;
    let variables = [("SPARSEA_BIN", command.as_os_str()), ("PYTHONDONTWRITEBYTECODE", OsStr::new("1"))];
    // Files are shared out whole: their fixtures, clusters among them, are made once.
    let processes = std::thread::available_parallelism().map_or(1, usize::from).min(4).to_string();
    let shared = ["--numprocesses", &processes, "--dist", "loadfile"];
    let run: Vec<&str> = ["-m", "pytest", "-p", "no:cacheprovider"].into_iter().chain(shared).collect();
    python(runner, interpreter, &[&run[..], &["python/tests"]].concat(), &variables)
}

/// Builds the site in `target/site` from `docs` and the docstrings of the wheel; a warning is an error.
pub fn site(runner: &mut Runner, wheel: &Path) -> Result<PathBuf, Failure> {
    let interpreter = kept_environment(runner, "venv-docs", DOCS_REQUIREMENTS)?;
    replace(runner, &interpreter, wheel)?;
    let site = runner.target().join("site");
    // Pages of before would outlive their sources.
    let _ = fs::remove_dir_all(&site);
    let (place, cache) = (site.to_string_lossy(), runner.target().join("site-cache"));
    let cache = cache.to_string_lossy();
    let build = ["-m", "sphinx", "--builder", "html", "--fail-on-warning", "--keep-going", "--quiet"];
    let build: Vec<&str> = build.into_iter().chain(["--fresh-env", "--doctree-dir", &cache, "docs", &place]).collect();
    let command = command(runner)?;
    let variables = [("SPARSEA_BIN", command.as_os_str()), ("PYTHONDONTWRITEBYTECODE", OsStr::new("1"))];
    python(runner, &interpreter, &build, &variables)?;
    Ok(site.join("index.html"))
}

/// Measures the wheel and other packages, which writes `docs/benchmarks.md`.
pub fn peers(runner: &mut Runner, wheel: &Path, options: &[&str]) -> Result<(), Failure> {
    let interpreter = kept_environment(runner, "venv-peers", PEERS_REQUIREMENTS)?;
    replace(runner, &interpreter, wheel)?;
    let run: Vec<&str> = ["benches/peers/run.py"].into_iter().chain(options.iter().copied()).collect();
    python(runner, &interpreter, &run, &[("PYTHONDONTWRITEBYTECODE", OsStr::new("1"))])
}

/// Times two wheels in turn, each in a folder of its own.
pub fn against(
    runner: &mut Runner,
    interpreter: &Path,
    before: &Path,
    now: &Path,
    options: &[&str],
) -> Result<(), Failure> {
    let mut folders = Vec::new();
    for (name, wheel) in [("site-before", before), ("site-now", now)] {
        let folder = runner.target().join(name);
        let _ = fs::remove_dir_all(&folder);
        let (place, wheel) = (folder.to_string_lossy().into_owned(), wheel.to_string_lossy());
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--target"];
        let install: Vec<&str> = pip.into_iter().chain([place.as_str(), &wheel]).collect();
        python(runner, interpreter, &install, &[])?;
        folders.push(place);
    }
    let run = ["benches/peers/against.py", &folders[0], &folders[1]];
    let run: Vec<&str> = run.into_iter().chain(options.iter().copied()).collect();
    python(runner, interpreter, &run, &[("PYTHONDONTWRITEBYTECODE", OsStr::new("1"))])
}

/// Installs the wheel, in place of the one before, in an environment that has what it needs.
fn replace(runner: &mut Runner, interpreter: &Path, wheel: &Path) -> Result<(), Failure> {
    let wheel = wheel.to_string_lossy();
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    let install: Vec<&str> = pip.into_iter().chain(["--force-reinstall", "--no-deps", &wheel]).collect();
    python(runner, interpreter, &install, &[])
}

/// The interpreter of a virtual environment.
fn in_environment(directory: &Path) -> PathBuf {
    directory.join(if cfg!(windows) { r"Scripts\python.exe" } else { "bin/python" })
}

/// Where an interpreter looks for what is installed.
fn site_packages(interpreter: &Path) -> Result<PathBuf, Failure> {
    let output =
        Command::new(interpreter).args(["-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]).output();
    match output {
        Ok(output) if output.status.success() => Ok(String::from_utf8_lossy(&output.stdout).trim().into()),
        _ => Err(Failure(format!("{} does not say where its packages are", interpreter.display()))),
    }
}

fn python(
    runner: &mut Runner,
    interpreter: &Path,
    arguments: &[&str],
    variables: &[(&str, &OsStr)],
) -> Result<(), Failure> {
    runner.run("python", interpreter, arguments, variables)
}

/// The Python to make the environment with, and its version.
fn find_python() -> Result<(PathBuf, String), Failure> {
    if let Some(chosen) = std::env::var_os("PYTHON").filter(|name| !name.is_empty()) {
        // A path is taken from where the user stands, a bare name from the PATH.
        let mut chosen = PathBuf::from(chosen);
        if chosen.components().count() > 1 {
            chosen = std::path::absolute(&chosen).unwrap_or(chosen);
        }
        return match probe(&chosen) {
            Some(version) => Ok((chosen, version)),
            None => Err(Failure(format!("PYTHON is {}, which is no Python 3.10 or newer", chosen.display()))),
        };
    }
    CANDIDATES
        .iter()
        .map(PathBuf::from)
        .find_map(|candidate| probe(&candidate).map(|version| (candidate, version)))
        .ok_or_else(|| Failure("there is no Python 3.10 or newer on the PATH; set PYTHON to one".into()))
}

/// The version of a Python, if it runs and is new enough.
fn probe(interpreter: &Path) -> Option<String> {
    let output = Command::new(interpreter).args(["-c", PROBE]).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
