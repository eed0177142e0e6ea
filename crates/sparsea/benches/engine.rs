//! Moves of the least-squares engine from one support to another: one index swapped, and all of them.

use divan::{Bencher, black_box};
use sparsea::generate::{gaussian_matrix, normal_vector, random_support, stream};
use sparsea::{DenseOperator, Memory, Problem, Support, Workspace};

fn main() {
    divan::main();
}

const SIZES: [usize; 3] = [10, 50, 200];

/// Fits on the supports in turn, again and again. All Gram columns are cached before the clock starts, and no fit is
/// remembered, so that what is measured is the moves of the factor.
fn moves(bencher: Bencher<'_, '_>, k: usize, supports: &[Vec<usize>]) {
    let (m, n) = (512, 1024);
    let a = gaussian_matrix::<f64>(&mut stream(1, 0, 0), m, n);
    let y: Vec<f64> = normal_vector(&mut stream(1, 1, 0), m);
    let operator = DenseOperator::new(a.as_ref());
    let problem = Problem::new(&operator, &y, k).expect("a problem");
    let mut workspace = Workspace::new(&problem, Memory { fits: 0, ..Memory::default() }).expect("a workspace");
    let supports: Vec<Support> = supports.iter().map(|support| support.iter().copied().collect()).collect();
    for support in &supports {
        workspace.fit(support);
    }
    let mut turn = 0;
    bencher.bench_local(|| {
        turn = (turn + 1) % supports.len();
        workspace.fit(black_box(&supports[turn]));
        workspace.residual_norm()
    });
}

/// One index leaves, anywhere in the support, and another joins.
#[divan::bench(args = SIZES)]
fn swap_one(bencher: Bencher<'_, '_>, k: usize) {
    let base = random_support(&mut stream(2, 0, k as u64), 1024, k + 16);
    // Support i leaves out indices i to i + 15 of the k + 16; the next one swaps i for i + 16. Back from the last one
    // the same way, so that every move is a swap.
    let supports: Vec<Vec<usize>> = (0..=k.min(40))
        .chain((1..k.min(40)).rev())
        .map(|skip| {
            base.iter().enumerate().filter(|(at, _)| !(skip..skip + 16).contains(at)).map(|(_, &j)| j).collect()
        })
        .collect();
    moves(bencher, k, &supports);
}

/// Every index changes: the factor is computed anew.
#[divan::bench(args = SIZES)]
fn refactor(bencher: Bencher<'_, '_>, k: usize) {
    let both = random_support(&mut stream(3, 0, k as u64), 1024, 2 * k);
    let part = |parity: usize| both.iter().skip(parity).step_by(2).copied().collect();
    moves(bencher, k, &[part(0), part(1)]);
}
