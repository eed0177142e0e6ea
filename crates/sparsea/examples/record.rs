//! Writes what tests compare with: `cargo xtask record table` the tables in docs/algorithms.md, `cargo xtask record solutions` the
//! solutions in tests/reference/recorded.json. Look at the difference before you commit it.

#[path = "../tests/reference/algorithm_table.rs"]
mod algorithm_table;
#[path = "../tests/reference/solutions.rs"]
mod solutions;

use std::error::Error;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["table"] => {
            let path = folder.join("../../docs/algorithms.md");
            let text = std::fs::read_to_string(&path)?;
            std::fs::write(&path, algorithm_table::page(&text))?;
        }
        ["solutions"] => {
            let lines: Result<Vec<String>, _> = solutions::records().iter().map(serde_json::to_string).collect();
            let path = folder.join("tests/reference/recorded.json");
            std::fs::write(path, format!("[\n{}\n]\n", lines?.join(",\n")))?;
        }
        _ => return Err("say what to record: table or solutions".into()),
    }
    Ok(())
}
