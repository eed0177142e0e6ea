//! Which files a command reads and writes: no two names for one file.

use std::fs;
use std::path::{Path, PathBuf};

/// Files that are read, and files that were claimed for writing so far.
#[derive(Debug, Default)]
pub struct Files {
    inputs: Vec<File>,
    outputs: Vec<File>,
}

impl Files {
    /// With the files that are read.
    pub fn reading<P: AsRef<Path>>(inputs: impl IntoIterator<Item = P>) -> Self {
        Self { inputs: inputs.into_iter().map(|path| File::of(path.as_ref())).collect(), outputs: Vec::new() }
    }

    /// Refuses a file that is read, or that something else was to be written to.
    pub fn claim(&mut self, path: &Path) -> Result<(), String> {
        let file = File::of(path);
        let refuse = |what: &str| Err(format!("{}: {what}", path.display()));
        if self.inputs.iter().any(|input| input.is(&file)) {
            return refuse("is read, and would be overwritten");
        }
        if self.outputs.iter().any(|output| output.is(&file)) {
            return refuse("is named for two outputs");
        }
        self.outputs.push(file);
        Ok(())
    }
}

/// Whether two names are of one file.
pub fn same(a: &Path, b: &Path) -> bool {
    File::of(a).is(&File::of(b))
}

/// A file, which need not exist, by all that its names have in common.
#[derive(Debug)]
struct File {
    /// Without links and dots.
    path: PathBuf,
    /// Hard links have different paths.
    node: Option<(u64, u64)>,
}

impl File {
    fn of(path: &Path) -> Self {
        let path = resolve(path);
        let node = node_of(&path);
        Self { path, node }
    }

    fn is(&self, other: &Self) -> bool {
        self.path == other.path
            || self.is_hard_link_to(other)
            || (ignoring_case(&self.path) == ignoring_case(&other.path) && ignores_case(&self.path))
    }
}

impl File {
    /// Whether both are names of one node, at the same time: another process may have replaced the one whose node was looked up first, and
    /// its number may have gone to the other since.
    fn is_hard_link_to(&self, other: &Self) -> bool {
        self.node.is_some() && self.node == other.node && node_of(&self.path) == node_of(&other.path)
    }
}

fn node_of(path: &Path) -> Option<(u64, u64)> {
    fs::metadata(path).ok().and_then(|metadata| node(&metadata))
}

#[cfg(unix)]
fn node(metadata: &fs::Metadata) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    Some((metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
fn node(_: &fs::Metadata) -> Option<(u64, u64)> {
    None
}

/// The path without links and dots. Of a file that is not there yet, its folder is resolved.
fn resolve(path: &Path) -> PathBuf {
    /// As many links as Linux follows.
    const MOST_LINKS: usize = 40;
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        if let Ok(whole) = fs::canonicalize(&path) {
            return whole;
        }
        // A link to a file that is not there yet.
        match fs::read_link(&path) {
            Ok(target) => path = folder_of(&path).join(target),
            Err(_) => break,
        }
    }
    match (fs::canonicalize(folder_of(&path)), path.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => path,
    }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn ignoring_case(path: &Path) -> String {
    path.to_string_lossy().to_lowercase()
}

/// Whether the folder of this file takes `a` and `A` for one name, found out with a file of its own.
fn ignores_case(path: &Path) -> bool {
    let probe = tempfile::Builder::new().prefix(".sparsea-case-").tempfile_in(folder_of(path));
    probe.is_ok_and(|probe| {
        let name = probe.path().file_name().unwrap_or_default().to_string_lossy().to_uppercase();
        probe.path().with_file_name(name).exists()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The number of a node goes to another file once its own is replaced.
    #[cfg(unix)]
    #[test]
    fn a_number_that_was_given_again_makes_no_link() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (folder.path().join("one"), folder.path().join("two"));
        fs::write(&one, "1").unwrap();
        fs::write(&two, "2").unwrap();
        let (before, other) = (File::of(&one), File { path: two.clone(), node: node_of(&one) });
        assert!(!before.is(&other));
        fs::remove_file(&two).unwrap();
        fs::hard_link(&one, &two).unwrap();
        assert!(before.is(&File::of(&two)));
    }

    #[cfg(unix)]
    #[test]
    fn one_file_has_many_names() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("sub")).unwrap();
        symlink(at("sub"), at("linked")).unwrap();
        fs::write(at("there.csv"), "1").unwrap();
        fs::hard_link(at("there.csv"), at("hard.csv")).unwrap();
        symlink("there.csv", at("soft.csv")).unwrap();
        symlink("missing.csv", at("dangling.csv")).unwrap();
        symlink(at("dangling.csv"), at("twice.csv")).unwrap();
        symlink("loop.csv", at("loop.csv")).unwrap();
        let there = ["there.csv", "./there.csv", "sub/../there.csv", "sub/./.././there.csv", "hard.csv", "soft.csv"];
        let missing = ["missing.csv", "linked/../missing.csv", "dangling.csv", "twice.csv"];
        let inside = ["sub/new.csv", "linked/new.csv", "linked/../sub/new.csv"];
        let others: Vec<&[&str]> = vec![&there, &missing, &inside, &["loop.csv"], &["other.csv"], &["sub/there.csv"]];
        for (group, names) in others.iter().enumerate() {
            for (other, others) in others.iter().enumerate() {
                for (a, b) in names.iter().flat_map(|a| others.iter().map(move |b| (a, b))) {
                    assert_eq!(same(&at(a), &at(b)), group == other, "{a} {b}");
                }
            }
        }
        assert_eq!(same(&at("new.csv"), &at("NEW.csv")), at("THERE.csv").exists());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 8, "the probe is gone");
    }
}
