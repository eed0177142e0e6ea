#[path = "suite/blocks.rs"]
mod blocks;
#[path = "suite/common/mod.rs"]
mod common;
