//! What shells get: completions and manual pages.

mod common;

use std::process::Command;

use common::Folder;

/// What bash completes after `words`, of which the last may be begun.
fn completed(script: &str, words: &[&str]) -> Option<Vec<String>> {
    let (last, before) = (words.len() - 1, words[words.len() - 2]);
    let code = format!(
        "{script}\nCOMP_WORDS=({}); COMP_CWORD={last}; _sparsea sparsea '{}' '{before}'; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        words.join(" "),
        words[last],
    );
    let ran = Command::new("bash").args(["--norc", "-c", &code]).output().ok()?;
    assert!(ran.status.success() && ran.stderr.is_empty(), "{}", String::from_utf8_lossy(&ran.stderr));
    Some(String::from_utf8(ran.stdout).unwrap().lines().map(str::to_owned).collect())
}

/// The commands that `--help` lists.
fn commands(folder: &Folder) -> Vec<String> {
    let help = folder.succeed("--help").out;
    let listed = help.split_once("Commands:\n").unwrap().1.split_once("\n\n").unwrap().0;
    let names = listed.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names.map(|line| line.split_whitespace().next().unwrap().to_owned()).filter(|name| name != "help").collect()
}

#[test]
fn bash_completes_commands_options_and_values() {
    let folder = Folder::new();
    let script = folder.succeed("completions bash").out;
    let Some(found) = completed(&script, &["sparsea", "so"]) else { return };
    assert_eq!(found, ["solve"]);
    assert_eq!(completed(&script, &["sparsea", "solve", "--spars"]).unwrap(), ["--sparsity"]);
    assert_eq!(completed(&script, &["sparsea", "solve", "--missing", "d"]).unwrap(), ["drop"]);
}

#[test]
fn every_shell_has_a_script_that_names_every_command() {
    let folder = Folder::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = folder.succeed(&format!("completions {shell}")).out;
        for command in commands(&folder) {
            assert!(script.contains(&command), "{shell}: {command}");
        }
    }
    folder.refuse("completions tcsh", &["tcsh", "bash", "zsh"]);
}

#[test]
fn every_command_has_a_page_with_every_option() {
    let folder = Folder::new();
    folder.succeed("man --output pages/man1");
    let commands = commands(&folder);
    assert_eq!(folder.listing().iter().filter(|(path, _)| path.extension().is_some()).count(), commands.len() + 1);
    for command in commands {
        let page = folder.text(&format!("pages/man1/sparsea-{command}.1")).replace('\\', "");
        assert!(page.contains(&format!(".SH NAME\nsparsea-{command} - ")), "{command}");
        let help = folder.succeed(&format!("{command} --help")).out;
        let options = help.split_whitespace().filter(|word| word.starts_with("--") && word.len() > 2);
        for option in options.map(|word| word.trim_matches(|c: char| !c.is_ascii_alphabetic() && c != '-')) {
            assert!(page.contains(option), "{command}: {option}");
        }
    }
}

#[test]
fn the_page_without_a_folder_is_that_of_the_program() {
    let folder = Folder::new();
    let printed = folder.succeed("man").out;
    folder.succeed("man --output pages");
    assert_eq!(printed, folder.text("pages/sparsea.1"));
    folder.write("file", "");
    folder.refuse("man --output file/pages", &["file/pages", "file"]);
}
