//! Rows of cosine, Fourier and Hadamard transforms against matrices written out from their definitions.

use std::f64::consts::PI;
use std::hash::{BuildHasher, RandomState};

use crate::common::{C, adjoint_product, assert_close, norm, product, run, unit_columns};
use crate::operators::{check_map, check_methods};
use faer::Mat;
use num_complex::Complex;
use rand::RngExt;
use sparsea::generate::{normal_vector, random_support, stream};
use sparsea::{
    Access, Columns, DenseOperator, Error, LinearMap, PartialDct, PartialDft, PartialHadamard, Problem, Scalar, Start,
};

/// exp(2πi p/q), where quarters of the circle are exact.
fn root(p: u128, q: u128) -> Complex<f64> {
    let p = p % q;
    match 4 * p {
        quarters if quarters % q == 0 => [(1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0)]
            .map(|(re, im)| Complex::new(re, im))[(quarters / q) as usize],
        _ => Complex::from_polar(1.0, 2.0 * PI * p as f64 / q as f64),
    }
}

/// √(2/n) cos(π (2t + 1) j/2n), and 1/√n for j = 0.
fn cosine(n: usize, t: usize, j: usize) -> f64 {
    let scale = if j == 0 { 1.0 } else { 2.0 } / n as f64;
    scale.sqrt() * root((2 * t as u128 + 1) * j as u128, 4 * n as u128).re
}

/// exp(2πi t j/n)/√n.
fn fourier(n: usize, t: usize, j: usize) -> C {
    root(t as u128 * j as u128, n as u128) / (n as f64).sqrt()
}

/// Sylvester's matrix: H_2n = (H_n, H_n; H_n, −H_n), scaled.
fn hadamard(n: usize, t: usize, j: usize) -> f64 {
    fn sign(n: usize, t: usize, j: usize) -> f64 {
        if n == 1 {
            return 1.0;
        }
        let h = n / 2;
        sign(h, t % h, j % h) * if t >= h && j >= h { -1.0 } else { 1.0 }
    }
    sign(n, t, j) / (n as f64).sqrt()
}

fn rows<E, T>(n: usize, kept: &[usize], entry: impl Fn(usize, usize, usize) -> E, of: impl Fn(E) -> T) -> Mat<T> {
    Mat::from_fn(kept.len(), n, |r, j| of(entry(n, kept[r], j)))
}

/// m different rows of n, in no order.
fn chosen(seed: u64, n: usize, m: usize) -> Vec<usize> {
    let rng = &mut stream(seed, n as u64, m as u64);
    let mut rest: Vec<usize> = (0..n).collect();
    (0..m).map(|_| rest.swap_remove(rng.random_range(0..rest.len()))).collect()
}

fn check<T: Scalar>(map: &dyn LinearMap<T>, a: &Mat<T>, what: &str) {
    check_map(map, a, what);
    let operator = Access::new(map);
    let units = Mat::from_fn(a.nrows(), a.ncols(), |i, j| {
        let norm = a.col(j).norm_l2();
        if norm > 0.0 { a[(i, j)].scale(1.0 / norm) } else { T::ZERO }
    });
    check_methods(&unit_columns(&operator).0, &units, &format!("unit columns of {what}"));
    // Each norm, and each inner product, to its own size: of small columns too.
    let (m, n) = map.shape();
    let norms = operator.column_norms();
    let mut gram = Mat::zeros(n, n);
    let all: Vec<usize> = (0..n).collect();
    operator.gram_columns(&all, gram.as_mut());
    let mut entries = vec![T::ZERO; n];
    for j in 0..n {
        let column: Vec<T> = (0..m).map(|i| a[(i, j)]).collect();
        assert!((norms[j] - norm(&column)).abs() <= 1e-13 * norm(&column), "{what}: norm {j}");
        operator.gram_entries(&all, j, &mut entries);
        for (i, exact) in adjoint_product(a, &column).into_iter().enumerate() {
            for found in [gram[(i, j)], entries[i]] {
                let error = Scalar::abs(found - exact);
                assert!(error <= 1e-13 * norms[i] * norms[j], "{what}: Gram entry {i}, {j}: {found} {exact}");
            }
        }
    }
}

fn cosines<T: Scalar>(n: usize, kept: &[usize]) {
    let a = rows(n, kept, cosine, T::from_real);
    check::<T>(&PartialDct::new(n, kept).unwrap(), &a, &format!("PartialDct {n}, {kept:?}"));
}

fn signs<T: Scalar>(n: usize, kept: &[usize]) {
    let a = rows(n, kept, hadamard, T::from_real);
    check::<T>(&PartialHadamard::new(n, kept).unwrap(), &a, &format!("PartialHadamard {n}, {kept:?}"));
}

fn waves(n: usize, kept: &[usize]) {
    let a = rows(n, kept, fourier, |entry| entry);
    check::<C>(&PartialDft::new(n, kept).unwrap(), &a, &format!("PartialDft {n}, {kept:?}"));
}

/// One row, few, half of them, all but one, all.
fn sizes(n: usize) -> Vec<usize> {
    let mut sizes = vec![1, n.div_ceil(5), n.div_ceil(2), n.saturating_sub(1).max(1), n];
    sizes.dedup();
    sizes
}

#[test]
fn transforms_are_their_definitions() {
    // Powers of two, odd and even numbers, primes, large primes twice.
    for n in [1, 2, 3, 4, 5, 7, 8, 15, 16, 30, 37, 45, 64, 74, 97] {
        for m in sizes(n) {
            let kept = chosen(1, n, m);
            cosines::<f64>(n, &kept);
            cosines::<C>(n, &kept);
            waves(n, &kept);
            if n.is_power_of_two() {
                signs::<f64>(n, &kept);
                signs::<C>(n, &kept);
            }
        }
    }
}

#[test]
fn random_transforms_are_their_definitions() {
    for seed in 0..40 {
        let rng = &mut stream(seed, 71, 0);
        let n = rng.random_range(1..=120);
        let kept = chosen(seed, n, rng.random_range(1..=n));
        cosines::<f64>(n, &kept);
        waves(n, &kept);
        let n = 1 << rng.random_range(0..=7);
        signs::<f64>(n, &chosen(seed, n, rng.random_range(1..=n)));
    }
}

/// Rows side by side make columns far smaller than others, and the row in the middle columns that are zero.
#[test]
fn small_columns_have_all_their_digits() {
    for (n, first, m) in
        [(101, 0, 9), (101, 92, 9), (200, 0, 3), (200, 197, 3), (99, 47, 5), (128, 60, 8), (400, 0, 1), (401, 399, 2)]
    {
        let kept: Vec<usize> = (first..first + m).collect();
        cosines::<f64>(n, &kept);
        cosines::<C>(n, &kept);
    }
    for n in [1, 9, 33, 105] {
        cosines::<f64>(n, &[n / 2]);
        let middle = PartialDct::new(n, &[n / 2]).unwrap();
        let norms = Access::<f64>::new(&middle).column_norms();
        assert!((1..n).step_by(2).all(|j| norms[j] == 0.0));
    }
    // Every third odd multiple: columns that are zero, of several rows.
    cosines::<f64>(45, &[1, 4, 7, 10, 13, 16, 19, 22, 25, 28, 31, 34, 37, 40, 43]);
}

/// Where products go through transforms, and where they go column by column, they are the same.
#[test]
fn few_columns_and_many_are_the_same() {
    fn same<T: Scalar>(map: &impl Columns<T>, entry: impl Fn(usize, usize) -> T, kept: &[usize]) {
        let (m, n) = map.shape();
        let rng = &mut stream(n as u64, 72, 0);
        let y: Vec<T> = normal_vector(rng, m);
        let mut whole = vec![T::ZERO; n];
        map.apply_adjoint(&y, &mut whole).unwrap();
        for size in [1, 3, 12, 400, n / 3] {
            let support = random_support(rng, n, size);
            let values: Vec<T> = normal_vector(rng, size);
            let mut image = vec![T::from_real(9.0); m];
            map.combine(&support, &values, &mut image).unwrap();
            let mut x = vec![T::ZERO; n];
            support.iter().zip(&values).for_each(|(&j, &value)| x[j] = value);
            let mut expected = vec![T::ZERO; m];
            map.apply(&x, &mut expected).unwrap();
            assert_close(&image, &expected, 1e-13, "combine");
            if size < 20 {
                let at: Vec<usize> = (0..m).step_by(m / 7).collect();
                let sum = |r: usize| support.iter().zip(&values).map(|(&j, &value)| entry(kept[r], j) * value).sum();
                let exact: Vec<T> = at.iter().map(|&r| sum(r)).collect();
                assert_close(&at.iter().map(|&r| image[r]).collect::<Vec<_>>(), &exact, 1e-13, "rows");
            }
            let mut out = vec![T::from_real(9.0); size];
            map.correlate(&support, &y, &mut out).unwrap();
            assert_close(&out, &support.iter().map(|&j| whole[j]).collect::<Vec<_>>(), 1e-12, "correlate");
        }
    }
    for n in [20_011, 1 << 15, 30_030] {
        let kept = chosen(3, n, n / 9);
        same::<f64>(&PartialDct::new(n, &kept).unwrap(), |t, j| cosine(n, t, j), &kept);
        same::<C>(&PartialDct::new(n, &kept).unwrap(), |t, j| C::new(cosine(n, t, j), 0.0), &kept);
        same::<C>(&PartialDft::new(n, &kept).unwrap(), |t, j| fourier(n, t, j), &kept);
        if n.is_power_of_two() {
            same::<f64>(&PartialHadamard::new(n, &kept).unwrap(), |t, j| hadamard(n, t, j), &kept);
            same::<C>(&PartialHadamard::new(n, &kept).unwrap(), |t, j| C::new(hadamard(n, t, j), 0.0), &kept);
        }
    }
}

/// Solves for five spikes and noise with the transform and with its dense form.
fn solves<T: Scalar>(map: &dyn LinearMap<T>, a: &Mat<T>, what: &str) {
    let n = a.ncols();
    for seed in 0..4 {
        let rng = &mut stream(seed, 73, 0);
        let support = random_support(rng, n, 5);
        let values: Vec<T> = normal_vector(rng, 5);
        let mut y = product(a, &support, &values);
        let noise: Vec<T> = normal_vector(rng, y.len());
        y.iter_mut().zip(noise).for_each(|(y, e)| *y += e.scale(1e-3));
        let dense = DenseOperator::new(a.as_ref());
        for word in ["omp", "els", "sea", "search", "iht", "cosamp"] {
            let [one, other] = [map, &dense].map(|map: &dyn LinearMap<T>| {
                let problem = Problem::new(map, &y, 5).unwrap();
                run(&problem, word, Start::Zero, None)
            });
            assert_eq!(one.support, other.support, "{what}, {word}, seed {seed}");
            assert_close(&one.coefficients, &other.coefficients, 1e-9, &format!("{what}, {word}, seed {seed}"));
            let difference = (one.residual_norm - other.residual_norm).abs();
            assert!(difference <= 1e-10 * norm(&y), "{what}, {word}, seed {seed}: {difference}");
        }
    }
}

#[test]
fn solutions_are_those_of_the_dense_form() {
    for (n, m) in [(128, 60), (90, 41)] {
        let kept = chosen(5, n, m);
        let dct = PartialDct::new(n, &kept).unwrap();
        solves::<f64>(&dct, &rows(n, &kept, cosine, |entry| entry), "real DCT");
        solves::<C>(&dct, &rows(n, &kept, cosine, C::from_real), "complex DCT");
        solves::<C>(&PartialDft::new(n, &kept).unwrap(), &rows(n, &kept, fourier, |entry| entry), "DFT");
        if n.is_power_of_two() {
            let hadamards = PartialHadamard::new(n, &kept).unwrap();
            solves::<f64>(&hadamards, &rows(n, &kept, hadamard, |entry| entry), "real Hadamard");
            solves::<C>(&hadamards, &rows(n, &kept, hadamard, C::from_real), "complex Hadamard");
        }
    }
}

#[test]
fn impossible_transforms_are_refused() {
    assert_eq!(PartialDct::new(0, &[]), Err(Error::Empty { rows: 0, columns: 0 }));
    assert_eq!(PartialHadamard::new(0, &[0]), Err(Error::Empty { rows: 1, columns: 0 }));
    assert_eq!(PartialDft::new(5, &[]), Err(Error::Empty { rows: 0, columns: 5 }));
    assert_eq!(PartialDct::new(5, &[0, 5]), Err(Error::KeptIndex { index: 5, length: 5 }));
    assert_eq!(PartialDft::new(5, &[3, 0, 3, 0]), Err(Error::KeptRepeats { index: 0 }));
    assert_eq!(PartialHadamard::new(12, &[3]), Err(Error::TransformLength { length: 12 }));
    assert!(matches!(PartialDct::new(usize::MAX, &[3]), Err(Error::TooLarge { .. })));
    assert!(matches!(PartialDft::new(usize::MAX, &[usize::MAX - 1]), Err(Error::TooLarge { .. })));
    assert!(matches!(PartialHadamard::new(1 << 63, &[3]), Err(Error::TooLarge { .. })));
    let said = PartialDct::new(5, &[7]).unwrap_err().to_string();
    assert_eq!(said, "kept contains 7, but the transform has 5 samples (indices count from 0)");
}

#[test]
fn equal_transforms_are_those_of_the_same_rows() {
    let hasher = RandomState::new();
    let one = PartialDct::new(9, &[3, 1]).unwrap();
    assert_eq!((one.length(), one.kept()), (9, &[3, 1][..]));
    assert_eq!(one, one.clone());
    assert_eq!(hasher.hash_one(&one), hasher.hash_one(PartialDct::new(9, &[3, 1]).unwrap()));
    assert_ne!(one, PartialDct::new(9, &[1, 3]).unwrap());
    assert_ne!(one, PartialDct::new(10, &[3, 1]).unwrap());
    assert_eq!(format!("{one:?}"), "PartialDct { length: 9, kept: [3, 1] }");
}
