//! Random halves of rows, the same as those that NumPy's bit generator gives for the same seed.

use rand::Rng;
use rand_pcg::Pcg64;

use super::Scheme;

/// Random halves of some rows.
///
/// Rows are ordered by the numbers of a PCG64 stream (O'Neill 2014), seeded by the seed and the number of the pair or of the half. The
/// numbers are those of `numpy.random.PCG64([seed, pair]).random_raw`, so `sparsea.stability` in Python has the same halves.
///
/// ```
/// use sparsea::stability::{Halves, Scheme};
///
/// let halves = Halves::new((0..7).collect(), 0, Scheme::Complementary);
/// let (one, other) = (halves.rows(0), halves.rows(1));
/// assert_eq!((one.len(), other.len()), (3, 3));
/// assert!(one.iter().all(|row| !other.contains(row)));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Halves {
    rows: Vec<usize>,
    seed: u64,
    scheme: Scheme,
}

impl Halves {
    /// Halves of these rows.
    pub fn new(rows: Vec<usize>, seed: u64, scheme: Scheme) -> Self {
        Self { rows, seed, scheme }
    }

    /// The rows of a subsample, sorted: ⌊m/2⌋ of m. For complementary pairs, subsamples 2 i and 2 i + 1 are a pair.
    pub fn rows(&self, subsample: u64) -> Vec<usize> {
        let (stream, side) = match self.scheme {
            Scheme::Complementary => (subsample / 2, (subsample % 2) as usize),
            Scheme::Half => (subsample, 0),
        };
        let mut numbers = generator(&[self.seed, stream]);
        let keys: Vec<u64> = self.rows.iter().map(|_| numbers.next_u64()).collect();
        let mut order: Vec<usize> = (0..keys.len()).collect();
        order.sort_by_key(|&at| keys[at]);
        let size = keys.len() / 2;
        let mut rows: Vec<usize> = order[side * size..(side + 1) * size].iter().map(|&at| self.rows[at]).collect();
        rows.sort_unstable();
        rows
    }
}

/// The generator of some whole numbers.
fn generator(entropy: &[u64]) -> Pcg64 {
    let words = seed_words(entropy);
    let join = |high: usize| (u128::from(words[high]) << 64) | u128::from(words[high + 1]);
    Pcg64::new(join(0), join(2))
}

/// Four numbers that depend on all bits of some others, as NumPy's `SeedSequence`: the hash of O'Neill 2015, *Developing a seed_seq
/// alternative*.
fn seed_words(entropy: &[u64]) -> [u64; 4] {
    const SIZE: usize = 4;
    /// What a hash begins with and is multiplied by.
    const POOLING: (u32, u32) = (0x43b0_d7e5, 0x931e_8875);
    const DRAWING: (u32, u32) = (0x8b51_f9dd, 0x58f3_8ded);
    const MIXING: (u32, u32) = (0xca01_f9dd, 0x4973_f715);
    /// Hashes one word after the other.
    struct Hash(u32, u32);
    impl Hash {
        fn of(&mut self, word: u32) -> u32 {
            let word = word ^ self.0;
            self.0 = self.0.wrapping_mul(self.1);
            let word = word.wrapping_mul(self.0);
            word ^ (word >> 16)
        }
    }
    let mix = |into: u32, word: u32| {
        let mixed = MIXING.0.wrapping_mul(into).wrapping_sub(MIXING.1.wrapping_mul(word));
        mixed ^ (mixed >> 16)
    };
    // As few words of 32 bits as hold each number.
    let mut words = vec![];
    for &number in entropy {
        words.push(number as u32);
        if number >> 32 > 0 {
            words.push((number >> 32) as u32);
        }
    }
    let mut hash = Hash(POOLING.0, POOLING.1);
    let mut pool: [u32; SIZE] = std::array::from_fn(|at| hash.of(words.get(at).copied().unwrap_or(0)));
    for from in 0..SIZE {
        for into in (0..SIZE).filter(|&into| into != from) {
            pool[into] = mix(pool[into], hash.of(pool[from]));
        }
    }
    for &word in words.iter().skip(SIZE) {
        for into in &mut pool {
            *into = mix(*into, hash.of(word));
        }
    }
    let mut hash = Hash(DRAWING.0, DRAWING.1);
    let drawn: [u32; 2 * SIZE] = std::array::from_fn(|at| hash.of(pool[at % SIZE]));
    std::array::from_fn(|at| u64::from(drawn[2 * at]) | (u64::from(drawn[2 * at + 1]) << 32))
}
