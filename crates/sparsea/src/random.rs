//! Random numbers, vectors and matrices.
//!
//! Every random number comes from a counter-based generator addressed by three numbers, so that what is made can be made again
//! alone, on any number of threads.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use crate::scalar::Scalar;

/// The generator at the address (study, cell, run). Equal addresses give equal streams; different ones independent.
pub fn stream(study: u64, cell: u64, run: u64) -> ChaCha8Rng {
    let mut key = [0u8; 32];
    key[..8].copy_from_slice(&study.to_le_bytes());
    key[8..16].copy_from_slice(&cell.to_le_bytes());
    key[16..24].copy_from_slice(&run.to_le_bytes());
    key[24..].copy_from_slice(b"sparsea\0");
    ChaCha8Rng::from_seed(key)
}

/// A vector of `n` independent standard normal numbers (circular with E|v|² = 1 when complex).
pub fn normal_vector<T: Scalar>(rng: &mut impl Rng, n: usize) -> Vec<T> {
    (0..n)
        .map(|_| {
            let first = StandardNormal.sample(rng);
            let second = if T::IS_COMPLEX { StandardNormal.sample(rng) } else { 0.0 };
            T::from_normals(first, second)
        })
        .collect()
}
