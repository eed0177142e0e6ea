//! Selection of the k entries largest in magnitude, from nothing and with the support before as a hint.

use divan::{Bencher, black_box};
use sparsea::generate::{normal_vector, stream};
use sparsea::support::{Support, TopK};

fn main() {
    divan::main();
}

const SIZES: [(usize, usize); 3] = [(500, 20), (10_000, 50), (1_000_000, 200)];

fn measure(bencher: Bencher<'_, '_>, (n, k): (usize, usize), hinted: bool) {
    let before: Vec<f64> = normal_vector(&mut stream(1, 0, 0), n);
    let change: Vec<f64> = normal_vector(&mut stream(1, 1, 0), n);
    let after: Vec<f64> = before.iter().zip(&change).map(|(x, c)| x + 1e-3 * c).collect();
    let mut selector = TopK::with_capacity(n);
    let mut hint = Support::with_capacity(k);
    if hinted {
        selector.select(&before, k, &mut hint);
    }
    let mut support = Support::with_capacity(k);
    bencher.bench_local(|| {
        support.clone_from(&hint);
        selector.select(black_box(&after), k, &mut support);
        black_box(support.len())
    });
}

#[divan::bench(args = SIZES)]
fn select_from_nothing(bencher: Bencher<'_, '_>, size: (usize, usize)) {
    measure(bencher, size, false);
}

#[divan::bench(args = SIZES)]
fn select_with_hint(bencher: Bencher<'_, '_>, size: (usize, usize)) {
    measure(bencher, size, true);
}
