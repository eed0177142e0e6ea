//! The Python part: a virtual environment of its own in `target/venv`, static checks, and tests.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::runner::{Failure, Runner};

const REQUIREMENTS: &str = "python/requirements-test.txt";
/// Where Python code lives; each tool searches these.
const SOURCES: [&str; 3] = ["python", "data", "crates"];
const CANDIDATES: [&str; 6] = ["python3", "python3.13", "python3.12", "python3.11", "python3.10", "python"];
/// Prints the version if this Python is new enough, and fails otherwise.
const PROBE: &str = "import sys; assert sys.version_info >= (3, 10); print(*sys.version_info[:3], sep='.')";

/// The interpreter of a virtual environment that holds exactly what the requirements name.
///
/// It is made anew when the requirements or the version of Python have changed: a copy of both is kept inside it,
/// written last, so that an interrupted installation is never taken for a complete one.
pub fn environment(runner: &mut Runner) -> Result<PathBuf, Failure> {
    let (base, version) = find_python()?;
    let requirements = fs::read_to_string(runner.root().join(REQUIREMENTS))
        .map_err(|error| Failure(format!("{REQUIREMENTS}: {error}")))?;
    let directory = runner.target().join("venv");
    let interpreter = directory.join(if cfg!(windows) { r"Scripts\python.exe" } else { "bin/python" });
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
    let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", REQUIREMENTS];
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
    Ok(())
}

/// The Python tests, which run the command that cargo has just built.
pub fn test(runner: &mut Runner, interpreter: &Path) -> Result<(), Failure> {
    let name = format!("sparsea{}", std::env::consts::EXE_SUFFIX);
    let command = runner.target().join("debug").join(name);
    if !command.is_file() {
        return Err(Failure(format!("cargo built no {}", command.display())));
    }
    let variables = [("SPARSEA_BIN", command.as_os_str()), ("PYTHONDONTWRITEBYTECODE", OsStr::new("1"))];
    python(runner, interpreter, &["-m", "pytest", "-p", "no:cacheprovider", "python/tests"], &variables)
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
