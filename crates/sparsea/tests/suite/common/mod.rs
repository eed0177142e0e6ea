//! What the tests share: random problems, dense algebra by faer, a literal Algorithm 1.
#![allow(dead_code, reason = "each test file uses its part")]

use std::sync::Arc;

use faer::Mat;
use faer::sparse::{SparseColMat, Triplet};
use num_complex::Complex;
use serde_json::Map;
use sparsea::algorithms::{Entry, registry};
use sparsea::generate::{gaussian_matrix, normal_vector, random_support, stream};
use sparsea::{
    Access, Boundary, Centered, Chain, Convolution, DenseOperator, FunctionOperator, Halt, LinearMap, Problem, Run,
    Scalar, SharedGram, Solution, SparseOperator, Start,
};

/// The kinds of matrix on which algorithms are tried.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    Gaussian,
    Coherent,
    Convolution,
}

pub const KINDS: [Kind; 3] = [Kind::Gaussian, Kind::Coherent, Kind::Convolution];

/// A random m × n matrix of a kind; a convolution takes m = n.
pub fn matrix<T: Scalar>(kind: Kind, m: usize, n: usize, seed: u64) -> Mat<T> {
    let mut rng = stream(seed, 1, 0);
    match kind {
        Kind::Gaussian => gaussian_matrix(&mut rng, m, n),
        Kind::Coherent => {
            // Columns share a common part: pairwise correlation about one half.
            let common: Vec<T> = normal_vector(&mut rng, m);
            let own = gaussian_matrix::<T>(&mut rng, m, n);
            Mat::from_fn(m, n, |i, j| own[(i, j)] + common[i])
        }
        Kind::Convolution => {
            let kernel: Vec<T> = normal_vector(&mut rng, 3);
            let taps: Vec<T> = (0..7).map(|t| kernel[t % 3].scale((-0.3 * (t as f64 - 3.0).powi(2)).exp())).collect();
            dense_form(&Convolution::new(&taps, n, Boundary::Same).unwrap())
        }
    }
}

/// The matrix of an operator, column by column from `apply` alone.
pub fn dense_form<T: Scalar>(operator: &dyn LinearMap<T>) -> Mat<T> {
    let operator = Access::new(operator);
    let (m, n) = (operator.nrows(), operator.ncols());
    let mut matrix = Mat::zeros(m, n);
    let mut column = vec![T::ZERO; m];
    for j in 0..n {
        let mut unit = vec![T::ZERO; n];
        unit[j] = T::ONE;
        operator.apply(&unit, &mut column);
        for i in 0..m {
            matrix[(i, j)] = column[i];
        }
    }
    matrix
}

/// A x.
pub fn product<T: Scalar>(a: &Mat<T>, support: &[usize], values: &[T]) -> Vec<T> {
    (0..a.nrows()).map(|i| support.iter().zip(values).map(|(&j, &x)| a[(i, j)] * x).sum()).collect()
}

/// Aᴴ r.
pub fn adjoint_product<T: Scalar>(a: &Mat<T>, r: &[T]) -> Vec<T> {
    (0..a.ncols()).map(|j| (0..a.nrows()).map(|i| Scalar::conj(a[(i, j)]) * r[i]).sum()).collect()
}

pub fn norm<T: Scalar>(v: &[T]) -> f64 {
    v.iter().map(|x| x.abs2()).sum::<f64>().sqrt()
}

pub fn difference<T: Scalar>(a: &[T], b: &[T]) -> Vec<T> {
    a.iter().zip(b).map(|(&a, &b)| a - b).collect()
}

/// Unit columns.
pub fn normalized<T: Scalar>(a: &Mat<T>) -> Mat<T> {
    let norms: Vec<f64> = (0..a.ncols()).map(|j| a.col(j).norm_l2()).collect();
    Mat::from_fn(a.nrows(), a.ncols(), |i, j| if norms[j] > 0.0 { a[(i, j)].scale(1.0 / norms[j]) } else { T::ZERO })
}

/// The same operator with unit columns, and with zero columns where they are zero: A D with D = diag(1/‖a_j‖), and that diagonal.
pub fn unit_columns<'a, T: Scalar>(operator: &Access<'a, T>) -> (Access<'a, T>, Arc<[f64]>) {
    let inverse = |norm: f64| if norm > 0.0 { 1.0 / norm } else { 0.0 };
    let scales: Arc<[f64]> = operator.column_norms().into_iter().map(inverse).collect();
    (operator.scaled(scales.clone()), scales)
}

/// The least-squares solution on a support by singular values: x, ‖y − A x‖ by projection, and the condition number.
pub fn svd_fit<T: Scalar>(a: &Mat<T>, y: &[T], support: &[usize]) -> (Vec<T>, f64, f64) {
    let s = support.len();
    if s == 0 {
        return (vec![], norm(y), 1.0);
    }
    let sub = Mat::from_fn(a.nrows(), s, |i, c| a[(i, support[c])]);
    let svd = sub.thin_svd().unwrap();
    let (u, v) = (svd.U(), svd.V());
    let sigma: Vec<f64> = (0..s.min(a.nrows())).map(|c| svd.S().column_vector()[c].real()).collect();
    let floor = sigma[0] * 1e-13;
    let mut x = vec![T::ZERO; s];
    let mut residual = y.to_vec();
    for (c, &value) in sigma.iter().enumerate().filter(|&(_, &value)| value > floor) {
        let part: T = (0..a.nrows()).map(|i| Scalar::conj(u[(i, c)]) * y[i]).sum();
        for i in 0..a.nrows() {
            residual[i] -= u[(i, c)] * part;
        }
        for (i, x) in x.iter_mut().enumerate() {
            *x += v[(i, c)] * part.scale(1.0 / value);
        }
    }
    let smallest = sigma.last().copied().unwrap_or(0.0);
    (x, norm(&residual), if smallest > 0.0 { sigma[0] / smallest } else { f64::INFINITY })
}

/// The k entries largest in magnitude, never a zero, lower index first among equals: by a full sort.
pub fn largest_k<T: Scalar>(v: &[T], k: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..v.len()).filter(|&i| v[i] != T::ZERO).collect();
    order.sort_by(|&a, &b| Scalar::abs(v[b]).total_cmp(&Scalar::abs(v[a])).then(a.cmp(&b)));
    order.truncate(k);
    order.sort_unstable();
    order
}

/// All supports of size k of n columns.
pub fn all_supports(n: usize, k: usize) -> Vec<Vec<usize>> {
    let mut all = vec![vec![]];
    for _ in 0..k {
        all = all
            .iter()
            .flat_map(|support: &Vec<usize>| {
                let from = support.last().map_or(0, |last| last + 1);
                (from..n).map(move |j| support.iter().copied().chain([j]).collect())
            })
            .collect();
    }
    all
}

/// A complex scalar type for tests.
pub type C = Complex<f64>;

/// Complex numbers from real parts and imaginary parts; a real scalar keeps the real parts.
pub fn scalar<T: Scalar>(re: f64, im: f64) -> T {
    T::from_complex(Complex::new(re, im))
}

/// The non-zero entries of a matrix in compressed columns.
pub fn compressed<T: Scalar>(a: &Mat<T>) -> SparseColMat<usize, T> {
    let mut triplets = vec![];
    for j in 0..a.ncols() {
        triplets.extend((0..a.nrows()).filter(|&i| a[(i, j)] != T::ZERO).map(|i| Triplet::new(i, j, a[(i, j)])));
    }
    SparseColMat::try_new_from_triplets(a.nrows(), a.ncols(), &triplets).unwrap()
}

/// Entries row by row.
pub fn by_rows<T: Scalar>(a: &Mat<T>) -> Vec<T> {
    (0..a.nrows()).flat_map(|i| (0..a.ncols()).map(move |j| a[(i, j)])).collect()
}

/// A matrix as two functions and nothing else, so that everything else is computed by products.
pub fn functions<T: Scalar>(a: &Mat<T>) -> impl LinearMap<T> + '_ {
    FunctionOperator::new(
        a.nrows(),
        a.ncols(),
        move |x: &[T], y: &mut [T]| {
            for (i, y) in y.iter_mut().enumerate() {
                *y = x.iter().enumerate().map(|(j, &x)| a[(i, j)] * x).sum();
            }
        },
        move |y: &[T], x: &mut [T]| x.copy_from_slice(&adjoint_product(a, y)),
    )
}

/// Shows `visit` one matrix as every kind of operator that can hold it.
pub fn every_form<T: Scalar>(a: &Mat<T>, mut visit: impl FnMut(&str, &dyn LinearMap<T>)) {
    visit("columns", &DenseOperator::new(a.as_ref()));
    let rows = by_rows(a);
    visit("rows", &DenseOperator::from_row_major(&rows, a.nrows(), a.ncols()).unwrap());
    let sparse = compressed(a);
    visit("sparse", &SparseOperator::new(sparse.as_ref()));
    visit("functions", &functions(a));
    // A comes out when weights and means are taken away from it: all of these are exact but for the shift.
    let weight = |i: usize| if i % 3 == 1 { 4.0 } else { 1.0 };
    let means: Vec<T> = (0..a.ncols()).map(|j| scalar(0.5 * (j % 3) as f64, 0.25)).collect();
    let shifted = Mat::from_fn(a.nrows(), a.ncols(), |i, j| a[(i, j)].scale(1.0 / f64::sqrt(weight(i))) + means[j]);
    let weights: Vec<f64> = (0..a.nrows()).map(weight).collect();
    let shifted = DenseOperator::new(shifted.as_ref());
    visit("centered", &Centered::new(&shifted, Some(&weights), Some(&means)).unwrap());
}

/// Shows `visit` a problem with one matrix as every kind of operator that can hold it, and with Gram columns kept for it.
pub fn every_problem<T: Scalar>(a: &Mat<T>, y: &[T], k: usize, mut visit: impl FnMut(&str, &Problem<'_, T>)) {
    every_form(a, |form, operator| visit(form, &Problem::new(operator, y, k).unwrap()));
    let dense = DenseOperator::new(a.as_ref());
    // Room for a part of the columns, so that both ways are taken.
    let gram = Arc::new(SharedGram::new(a.ncols(), a.ncols().div_ceil(2) * a.ncols() * size_of::<T>()));
    visit("cached", &Problem::new(&dense, y, k).unwrap().share_gram(gram).unwrap());
}

/// A noisy observation of `k` spikes of size 1 to 2.
pub fn observed<T: Scalar>(a: &Mat<T>, k: usize, seed: u64) -> Vec<T> {
    let mut rng = stream(seed, 11, 0);
    let support = random_support(&mut rng, a.ncols(), k);
    let values: Vec<T> = (0..k).map(|i| scalar(if i % 2 == 0 { 1.0 } else { -1.5 }, 0.2 * i as f64)).collect();
    let mut y = product(a, &support, &values);
    let noise: Vec<T> = normal_vector(&mut rng, y.len());
    let size = 0.05 * norm(&y) / norm(&noise);
    y.iter_mut().zip(noise).for_each(|(y, e)| *y += e.scale(size));
    y
}

/// Runs a chain given by its word.
pub fn run<T: Scalar>(problem: &Problem<'_, T>, word: &str, start: Start<T>, halt: Option<Halt>) -> Solution<T> {
    let mut run = Run::with_chain(problem, Chain::parse(word, &Map::new()).unwrap()).start(start);
    if let Some(halt) = halt {
        run = run.halt(halt);
    }
    run.solve().unwrap()
}

/// All algorithms for this scalar that work with any operator.
pub fn entries<T: Scalar>() -> Vec<Entry<T>> {
    registry::<T>().into_iter().filter(|entry| entry.needs.operator().is_none()).collect()
}

/// Their words.
pub fn words<T: Scalar>() -> Vec<&'static str> {
    entries::<T>().iter().map(|entry| entry.name).collect()
}

/// Asserts that two vectors agree to `tolerance`, relative to the larger of them.
pub fn assert_close<T: Scalar>(found: &[T], expected: &[T], tolerance: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let error = norm(&difference(found, expected));
    // Written so that NaN fails.
    assert!(error <= tolerance * norm(expected).max(norm(found)), "{what}: {found:?} {expected:?}");
}
