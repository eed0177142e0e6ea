//! What is computed for several vectors together has the bits that it has alone.

use faer::{Mat, MatRef};
use rand::RngExt;
use sparsea::generate::{normal_vector, random_support, stream};
use sparsea::{
    Access, Boundary, Centered, Convolution, DenseOperator, Halt, LinearMap, PartialDct, PartialDft, PartialHadamard,
    Problem, Scalar, Start,
};

use crate::common::{C, every_problem, run, unit_columns};

fn bits<T: Scalar>(values: &[T]) -> Vec<(u64, u64)> {
    values.iter().map(|v| (v.real().to_bits(), v.imag().to_bits())).collect()
}

/// Zero before the first entry, and from the second on.
fn cut<T: Scalar>(mut values: Vec<T>, from: usize, to: usize) -> Vec<T> {
    values.iter_mut().enumerate().filter(|&(i, _)| i < from || i >= to).for_each(|(_, v)| *v = T::ZERO);
    values
}

/// Vectors of length m that are zero at either end, at both, nowhere, everywhere, or but for one entry; or all of them nowhere.
fn vectors<T: Scalar>(rng: &mut impl rand::Rng, m: usize, count: usize) -> Vec<Vec<T>> {
    let full = rng.random_bool(0.5);
    (0..count)
        .map(|at| {
            let (a, b) = (rng.random_range(0..=m), rng.random_range(0..=m));
            let (from, to) = match if full { 3 } else { at % 6 } {
                0 => (a, m),
                1 => (0, b),
                2 => (a.min(b), a.max(b)),
                3 => (0, m),
                4 => (0, 0),
                _ => (a, a + 1),
            };
            cut(normal_vector(rng, m), from, to)
        })
        .collect()
}

/// An m × n matrix: full, or with zeros at the ends of its columns, of its rows, or of both, and columns of zeros.
fn entries<T: Scalar>(rng: &mut impl rand::Rng, m: usize, n: usize, kind: usize) -> Mat<T> {
    let numbers: Vec<T> = normal_vector(rng, m * n);
    let width = rng.random_range(1..=m.max(n));
    let shift = rng.random_range(0..=2 * m.max(n));
    let kept = |i: usize, j: usize| match kind {
        0 => true,
        1 => (i * n + shift).abs_diff(j * m) < width * m.max(n),
        2 => i >= j && (i + j) % 7 != 6,
        _ => j % 3 != 1 && i + shift % m.max(1) >= j,
    };
    Mat::from_fn(m, n, |i, j| if kept(i, j) { numbers[j * m + i] } else { T::ZERO })
}

fn alone_and_together<T: Scalar>(operator: &Access<'_, T>, seed: u64, what: &str) {
    let (m, n) = (operator.nrows(), operator.ncols());
    let rng = &mut stream(seed, 41, 0);
    let count = rng.random_range(1..=40);
    let ys = vectors::<T>(rng, m, count);
    let given: Vec<&[T]> = ys.iter().map(Vec::as_slice).collect();
    let mut block = Mat::from_fn(n, count, |_, _| T::from_real(9.0));
    operator.apply_adjoint_block(&given, block.as_mut());
    let mut alone = vec![T::ZERO; n];
    for (at, y) in ys.iter().enumerate() {
        operator.apply_adjoint(y, &mut alone);
        assert_eq!(bits(&alone), bits(block.col_as_slice(at)), "{what}: vector {at} of {count}");
    }
    let size = rng.random_range(1..=n.min(10));
    let support = random_support(rng, n, size);
    let mut gram = Mat::from_fn(n, size, |_, _| T::from_real(9.0));
    operator.gram_columns(&support, gram.as_mut());
    let mut single = Mat::from_fn(n, 1, |_, _| T::from_real(9.0));
    for (at, &j) in support.iter().enumerate() {
        operator.gram_columns(&[j], single.as_mut());
        assert_eq!(bits(single.col_as_slice(0)), bits(gram.col_as_slice(at)), "{what}: Gram column {j}");
    }
}

/// A dense form: a Gram column is the product with a column, too.
fn dense<T: Scalar>(matrix: MatRef<'_, T>, seed: u64, what: &str) {
    let operator = DenseOperator::new(matrix);
    let operator = Access::new(&operator);
    let (m, n) = (operator.nrows(), operator.ncols());
    alone_and_together(&operator, seed, what);
    alone_and_together(&unit_columns(&operator).0, seed, &format!("{what}, unit columns"));
    let (mut column, mut product, mut gram) = (vec![T::ZERO; m], vec![T::ZERO; n], Mat::zeros(n, 1));
    for j in [0, n / 2, n - 1] {
        operator.column(j, &mut column);
        operator.apply_adjoint(&column, &mut product);
        operator.gram_columns(&[j], gram.as_mut());
        assert_eq!(bits(&product), bits(gram.col_as_slice(0)), "{what}: column {j}");
    }
}

fn every_layout<T: Scalar>(salt: u64) {
    for seed in 0..48 {
        let rng = &mut stream(seed, 40, salt);
        let m = [1, 2, 3, 7, 17, 64, 131][rng.random_range(0..7)];
        let n = [1, 2, 5, 9, 70, 513, 900][rng.random_range(0..7)];
        for kind in 0..4 {
            let a = entries::<T>(rng, m, n, kind);
            let what = format!("{m} × {n}, kind {kind}, seed {seed}");
            dense(a.as_ref(), seed, &what);
            let by_rows: Vec<T> = (0..m).flat_map(|i| (0..n).map(move |j| (i, j))).map(|(i, j)| a[(i, j)]).collect();
            dense(MatRef::from_row_major_slice(&by_rows, m, n), seed, &format!("{what}, by rows"));
            // Parts of a larger matrix, backwards, and with gaps.
            let padded = entries::<T>(rng, m + 3, n + 2, kind);
            let part = padded.submatrix(2, 1, m, n);
            dense(part, seed, &format!("{what}, a part"));
            dense(part.reverse_rows(), seed, &format!("{what}, rows backwards"));
            dense(part.reverse_cols(), seed, &format!("{what}, columns backwards"));
            let transposed = entries::<T>(rng, n + 1, m + 2, kind);
            let part = transposed.submatrix(1, 1, n, m).transpose();
            dense(part, seed, &format!("{what}, a part by rows"));
            dense(part.reverse_rows_and_cols(), seed, &format!("{what}, a part by rows, backwards"));
        }
    }
    // Large enough to be shared among threads, together or even alone.
    for (m, n) in [(300, 1100), (1000, 1100)] {
        for kind in 0..4 {
            let a = entries::<T>(&mut stream(7, 42, salt), m, n, kind);
            dense(a.as_ref(), 3, &format!("{m} × {n}, kind {kind}"));
            let turned = entries::<T>(&mut stream(8, 42, salt), n, m, kind);
            dense(turned.transpose(), 3, &format!("{m} × {n} by rows, kind {kind}"));
        }
    }
}

#[test]
fn dense_products_have_the_bits_that_they_have_alone() {
    every_layout::<f64>(1);
    every_layout::<C>(2);
}

fn other_forms<T: Scalar>(salt: u64) {
    for seed in 0..12 {
        let rng = &mut stream(seed, 43, salt);
        let (m, n) = (rng.random_range(2..=20), rng.random_range(2..=20));
        let a = entries::<T>(rng, m, n, seed as usize % 3);
        every_problem(&a, &vec![T::ZERO; m], 1, |form, problem| {
            alone_and_together(problem.operator(), seed, &format!("{form}, seed {seed}"));
        });
        for length in [3, 130] {
            let kernel: Vec<T> = normal_vector(rng, length);
            for boundary in [Boundary::Full, Boundary::Same, Boundary::Valid, Boundary::Circular] {
                let what = format!("kernel of {length}, {boundary:?}");
                let blur = Convolution::new(&kernel, 150 + m, boundary).unwrap();
                let access = Access::new(&blur);
                alone_and_together(&access, seed, &what);
                alone_and_together(&unit_columns(&access).0, seed, &what);
                let centered = Centered::new(&blur, None, None).unwrap();
                alone_and_together(&Access::new(&centered), seed, &what);
            }
        }
        let transform = |length: usize| (length, random_support(rng, length, m));
        let [(odd, some), (even, others), (power, rows)] = [141, 150, 128].map(transform);
        let (odd, even) = (PartialDct::new(odd, &some).unwrap(), PartialDct::new(even, &others).unwrap());
        let signs = PartialHadamard::new(power, &rows).unwrap();
        let maps: [&dyn LinearMap<T>; 3] = [&odd, &even, &signs];
        for map in maps {
            alone_and_together(&Access::new(map), seed, &format!("{:?} of a transform", map.shape()));
        }
    }
}

#[test]
fn fourier_products_have_the_bits_that_they_have_alone() {
    for (seed, n) in [(1, 150), (2, 141), (3, 127)] {
        let waves = PartialDft::new(n, &random_support(&mut stream(seed, 45, 0), n, 40)).unwrap();
        alone_and_together::<C>(&Access::new(&waves), seed, "Fourier transform");
    }
}

#[test]
fn products_of_every_form_have_the_bits_that_they_have_alone() {
    other_forms::<f64>(1);
    other_forms::<C>(2);
}

#[test]
fn a_batch_is_a_loop_to_the_bit() {
    for seed in 0..24 {
        let rng = &mut stream(seed, 44, 0);
        let (m, n, k) = (rng.random_range(8..=60), rng.random_range(10..=90), 4);
        let a = entries::<f64>(rng, m, n, seed as usize % 4);
        let ys: Vec<Vec<f64>> = vectors(rng, m, 9);
        let operator = DenseOperator::new(a.as_ref());
        let first = Problem::new(&operator, &ys[0], k).unwrap();
        let given: Vec<&[f64]> = ys.iter().map(Vec::as_slice).collect();
        let batch = first.with_data_block(&given).unwrap();
        for (at, (together, y)) in batch.iter().zip(&ys).enumerate() {
            let alone = Problem::new(&operator, y, k).unwrap();
            for word in ["omp", "sea", "iht", "lasso", "els"] {
                let [x, y] =
                    [together, &alone].map(|problem| run(problem, word, Start::Zero, Some(Halt::Iterations(40))));
                let what = format!("{word}, {m} × {n}, seed {seed}, vector {at}");
                assert_eq!(x.support, y.support, "{what}");
                assert_eq!(bits(&x.coefficients), bits(&y.coefficients), "{what}");
                assert_eq!((x.iterations, x.stop_reason), (y.iterations, y.stop_reason), "{what}");
            }
        }
    }
}
