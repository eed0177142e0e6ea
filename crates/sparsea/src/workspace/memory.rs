//! How much memory a run may use.

/// Memory that a run may use besides the problem itself, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// For cached Gram columns; `search` keeps the same amount again for its threads.
    pub gram: usize,
    /// For cached fits.
    pub fits: usize,
    /// For the state of an algorithm, such as the tableau of `els`.
    pub state: usize,
}

impl Memory {
    /// Divides `bytes`: half for Gram columns, an eighth for fits, the rest for the state of the algorithm.
    #[must_use]
    pub fn total(bytes: usize) -> Self {
        let (gram, fits) = (bytes / 2, bytes / 8);
        Self { gram, fits, state: bytes - gram - fits }
    }
}

impl Default for Memory {
    /// 256 MiB of Gram columns, 64 MiB of fits, 4 GiB for the algorithm.
    fn default() -> Self {
        Self { gram: 256 << 20, fits: 64 << 20, state: 4 << 30 }
    }
}
