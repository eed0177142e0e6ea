//! Large files, mapped into memory: their numbers are read where they lie.

use std::fs::File;
use std::ops::{Deref, Range};
use std::path::Path;
use std::sync::Arc;

use bytemuck::Pod;
use memmap2::Mmap;

/// Smaller files are read: that takes no longer, and nobody can change under a run what was read.
const SMALLEST: u64 = 1 << 20;

/// Maps a large file; nothing where it is small or cannot be mapped, but perhaps be read.
pub fn map(path: &Path) -> Option<Arc<Mmap>> {
    let file = File::open(path).ok()?;
    let metadata = file.metadata().ok()?;
    if !metadata.is_file() || metadata.len() < SMALLEST {
        return None;
    }
    // SAFETY: the bytes of the map may be borrowed as long as they do not change and do not go away. This process does not
    // change them: the map is read-only, and files are written under a temporary name, never in place. Another process may,
    // which no program that maps files can prevent; `docs/operators.md` asks not to. If one does, numbers are wrong as in a
    // file that is read meanwhile, or the system ends this process (SIGBUS) where the file was cut short. No byte of the map
    // is used for more than a number: every pattern of bits is an f64, and no index, length or pointer is made of one after
    // the header was read.
    #[allow(unsafe_code, reason = "a map cannot be made without")]
    let map = unsafe { Mmap::map(&file) };
    map.ok().map(Arc::new)
}

/// Numbers in a file that is mapped.
#[derive(Debug, Clone)]
pub struct MappedNumbers<T> {
    file: Arc<Mmap>,
    bytes: Range<usize>,
    /// Known here, so that nobody else need know that T is made of plain bytes.
    cast: fn(&[u8]) -> &[T],
}

impl<T: Pod> MappedNumbers<T> {
    /// These bytes of the file as numbers, if they lie where the processor can read them.
    pub fn new(file: &Arc<Mmap>, bytes: Range<usize>) -> Option<Self> {
        bytemuck::try_cast_slice::<u8, T>(file.get(bytes.clone())?).ok()?;
        Some(Self { file: file.clone(), bytes, cast: bytemuck::cast_slice })
    }
}

impl<T> Deref for MappedNumbers<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        (self.cast)(&self.file[self.bytes.clone()])
    }
}
