//! Products with A, its adjoint, and Gram columns, for every kind of operator.

use divan::{Bencher, black_box};
use faer::Mat;
use faer::sparse::{SparseColMat, Triplet};
use rand::RngExt;
use sparsea::generate::{gaussian_matrix, normal_vector, stream};
use sparsea::operator::pulse;
use sparsea::{Access, Boundary, Convolution, DenseOperator, LinearMap, SparseOperator};

fn main() {
    divan::main();
}

const KINDS: [&str; 6] = [
    "dense 256×1024",
    "dense by rows 256×1024",
    "dense 2048×2048",
    "sparse 2 %",
    "convolution direct",
    "convolution FFT",
];

/// Builds the operator of a name and hands its access to `measure`.
fn with_operator(kind: &str, measure: impl FnOnce(&Access<'_, f64>)) {
    let measure = |operator: &dyn LinearMap<f64>| measure(&Access::new(operator));
    let rng = &mut stream(1, 0, 0);
    match kind {
        "dense 256×1024" => measure(&DenseOperator::new(gaussian_matrix(rng, 256, 1024).as_ref())),
        "dense by rows 256×1024" => {
            let numbers: Vec<f64> = normal_vector(rng, 256 * 1024);
            measure(&DenseOperator::from_row_major(&numbers, 256, 1024).expect("the sizes fit"));
        }
        "dense 2048×2048" => measure(&DenseOperator::new(gaussian_matrix(rng, 2048, 2048).as_ref())),
        "sparse 2 %" => {
            let triplets: Vec<Triplet<usize, usize, f64>> = (0..4096 * 1024 / 50)
                .map(|_| {
                    Triplet::new(rng.random_range(0..1024), rng.random_range(0..4096), rng.random_range(-1.0..1.0))
                })
                .collect();
            let matrix = SparseColMat::try_new_from_triplets(1024, 4096, &triplets).expect("indices are in range");
            measure(&SparseOperator::new(matrix.as_ref()));
        }
        "convolution direct" => {
            let kernel = pulse::gaussian(3.0).expect("a positive width");
            measure(&Convolution::new(&kernel, 4096, Boundary::Full).expect("a kernel"));
        }
        _ => {
            let kernel = pulse::gaussian(30.0).expect("a positive width");
            measure(&Convolution::new(&kernel, 4096, Boundary::Full).expect("a kernel"));
        }
    }
}

#[divan::bench(args = KINDS)]
fn apply(bencher: Bencher<'_, '_>, kind: &str) {
    with_operator(kind, |operator| {
        let x: Vec<f64> = normal_vector(&mut stream(2, 0, 0), operator.ncols());
        let mut y = vec![0.0; operator.nrows()];
        bencher.bench_local(|| operator.apply(black_box(&x), black_box(&mut y)));
    });
}

#[divan::bench(args = KINDS)]
fn apply_adjoint(bencher: Bencher<'_, '_>, kind: &str) {
    with_operator(kind, |operator| {
        let y: Vec<f64> = normal_vector(&mut stream(2, 0, 0), operator.nrows());
        let mut x = vec![0.0; operator.ncols()];
        bencher.bench_local(|| operator.apply_adjoint(black_box(&y), black_box(&mut x)));
    });
}

/// One column, as when a support changes by one index, and as many as a first support has.
#[divan::bench(args = KINDS, consts = [1, 32])]
fn gram_columns<const SIZE: usize>(bencher: Bencher<'_, '_>, kind: &str) {
    with_operator(kind, |operator| {
        let support: Vec<usize> = (0..SIZE).map(|i| i * operator.ncols() / SIZE).collect();
        let mut gram = Mat::zeros(operator.ncols(), SIZE);
        bencher.bench_local(|| operator.gram_columns(black_box(&support), gram.as_mut()));
    });
}
