//! Runs commands one after the other: shows each, times it, and stops at the first that fails.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// Why a task ended early, in one line.
#[derive(Debug)]
pub struct Failure(pub String);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where commands run, and how long each took so far.
pub struct Runner {
    root: PathBuf,
    target: PathBuf,
    /// The Python for which extension modules are built.
    python: Option<PathBuf>,
    times: Vec<(String, Duration)>,
}

impl Runner {
    /// A runner of commands in the root of the repository.
    pub fn new() -> Result<Self, Failure> {
        let manifest = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        let root =
            Path::new(&manifest).parent().ok_or_else(|| Failure("xtask has no parent directory".into()))?.to_path_buf();
        // Cargo takes a relative CARGO_TARGET_DIR from where the user stands; commands here run in the root.
        let target = match std::env::var_os("CARGO_TARGET_DIR") {
            Some(directory) if !directory.is_empty() => std::path::absolute(&directory)
                .map_err(|error| Failure(format!("CARGO_TARGET_DIR cannot be used: {error}")))?,
            _ => root.join("target"),
        };
        Ok(Self { root, target, python: None, times: Vec::new() })
    }

    /// The root of the repository.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Cargo's target directory, absolute.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Names the Python for which extension modules are built: always the same, or cargo would build them again.
    pub fn build_for(&mut self, python: &Path) {
        self.python = Some(python.to_path_buf());
    }

    /// Whether the standard library of a target is installed.
    pub fn has_target(&self, target: &str) -> bool {
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let output = Command::new(rustc).args(["--print", "target-libdir", "--target", target]).output();
        output.is_ok_and(|output| Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir())
    }

    /// Runs cargo, the one that started this program.
    pub fn cargo(&mut self, arguments: &[&str], variables: &[(&str, &OsStr)]) -> Result<(), Failure> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        self.run("cargo", cargo.as_ref(), arguments, variables)
    }

    /// Shows `label arguments…`, runs `program arguments…` in the root, and notes its time.
    pub fn run(
        &mut self,
        label: &str,
        program: &Path,
        arguments: &[&str],
        variables: &[(&str, &OsStr)],
    ) -> Result<(), Failure> {
        let shown = format!("{label} {}", arguments.join(" "));
        let settings: String =
            variables.iter().map(|(name, value)| format!("{name}='{}' ", value.to_string_lossy())).collect();
        eprintln!("\n$ {settings}{shown}");

        let start = Instant::now();
        let status = Command::new(program)
            .args(arguments)
            .envs(variables.iter().copied())
            .env("CARGO_TARGET_DIR", &self.target)
            .envs(self.python.as_ref().map(|python| ("PYO3_PYTHON", python)))
            .current_dir(&self.root)
            .status()
            .map_err(|error| Failure(format!("{shown}: cannot start {}: {error}", program.display())))?;
        self.times.push((shown.clone(), start.elapsed()));
        if status.success() { Ok(()) } else { Err(Failure(format!("{shown}: {status}"))) }
    }

    /// Prints how long each command took so far.
    pub fn print_times(&self) {
        eprintln!("\nPassed:");
        for (shown, time) in &self.times {
            eprintln!("{:>8.1} s  {shown}", time.as_secs_f64());
        }
        let total: Duration = self.times.iter().map(|(_, time)| *time).sum();
        eprintln!("{:>8.1} s  together", total.as_secs_f64());
    }
}
