//! Segmentation of traces of docs/change-points.md: k steps without noise, with 5 % noise, and noise alone.

use divan::Bencher;
use num_complex::Complex;
use sparsea::generate::{normal_vector, random_support, stream};
use sparsea::{Access, Problem, Run, Scalar, Segment, Steps};

fn main() {
    divan::main();
}

/// Steps, and noise on them, of which one may be none.
const DATA: [(&str, f64, f64); 3] = [("steps", 1.0, 0.0), ("noisy steps", 1.0, 0.05), ("noise", 0.0, 1.0)];

fn segments<T: Scalar>(bencher: Bencher<'_, '_>, word: &str, m: usize, k: usize) {
    let rng = &mut stream(1, 0, 0);
    let steps = Steps::new(m).expect("samples");
    let (_, height, noise) = *DATA.iter().find(|data| data.0 == word).expect("a kind of data");
    let support = random_support(rng, m, k);
    let jumps: Vec<T> = normal_vector::<T>(rng, k).iter().map(|v| v.scale(height)).collect();
    let mut y = vec![T::ZERO; m];
    Access::new(&steps).apply_sparse(&support, &jumps, &mut y);
    y.iter_mut().zip(normal_vector::<T>(rng, m)).for_each(|(y, e)| *y += e.scale(noise));
    let problem = Problem::new(&steps, &y, k).expect("a problem");
    bencher.bench_local(|| Run::new(&problem, Segment::default()).solve().expect("a solution").residual_norm);
}

#[divan::bench(args = DATA.map(|data| data.0), consts = [600, 5000, 100_000], sample_count = 5)]
fn real_20<const M: usize>(bencher: Bencher<'_, '_>, word: &str) {
    segments::<f64>(bencher, word, M, 20);
}

#[divan::bench(args = DATA.map(|data| data.0), sample_count = 3)]
fn real_100_of_100_000(bencher: Bencher<'_, '_>, word: &str) {
    segments::<f64>(bencher, word, 100_000, 100);
}

#[divan::bench(args = DATA.map(|data| data.0), consts = [600, 5000], sample_count = 3)]
fn complex_20<const M: usize>(bencher: Bencher<'_, '_>, word: &str) {
    segments::<Complex<f64>>(bencher, word, M, 20);
}
