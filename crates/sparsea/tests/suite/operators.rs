//! Every kind of operator against its dense form.

use crate::common::{
    C, adjoint_product, assert_close, by_rows, dense_form, every_form, functions, matrix, norm, run, scalar,
};
use crate::common::{Kind, product};
use faer::sparse::{SparseColMat, Triplet};
use faer::{Mat, MatRef};
use num_complex::Complex;
use sparsea::generate::{normal_vector, stream};
use sparsea::operator::from_compressed_rows;
use sparsea::{
    Boundary, Chain, Convolution, DenseOperator, Error, FunctionOperator, Halt, Normalized, Operator, Problem, Run,
    Scalar, SparseOperator, Start, check_adjoint, forward_operator,
};

/// Checks every method of an operator against the matrix `a` that it stands for.
pub fn check_methods<T: Scalar>(operator: &dyn Operator<T>, a: &Mat<T>, what: &str) {
    let (m, n) = (a.nrows(), a.ncols());
    assert_eq!((operator.nrows(), operator.ncols()), (m, n), "{what}");
    check_adjoint(operator, 7).unwrap_or_else(|problem| panic!("{what}: {problem}"));
    let mut rng = stream(5, m as u64, n as u64);
    let close = |found: &[T], expected: &[T], method: &str| {
        assert_close(found, expected, 1e-12, &format!("{what}: {method}"));
    };
    let all: Vec<usize> = (0..n).collect();
    let columns: Vec<Vec<T>> = all.iter().map(|&j| (0..m).map(|i| a[(i, j)]).collect()).collect();

    if let Some(local) = operator.local() {
        let (mut before, mut gram) = (0..0, vec![T::ZERO; n]);
        for (&j, column) in all.iter().zip(&columns) {
            let mut part = vec![];
            let first = local.segment(j, &mut part);
            let mut whole = vec![T::ZERO; m];
            for (t, &entry) in part.iter().enumerate() {
                whole[if local.period().is_some() { (first + t) % m } else { first + t }] += entry;
            }
            close(&whole, column, "segment");
            assert!(before.start <= first && before.end <= first + part.len(), "{what}: segment {j}");
            before = first..first + part.len();
            operator.gram_entries(&all, j, &mut gram);
            let around = |apart: usize| local.period().map_or(apart, |n| apart.min(n - apart));
            let far = all.iter().filter(|i| around(i.abs_diff(j)) > local.reach());
            assert!(far.clone().all(|&i| gram[i] == T::ZERO), "{what}: reach of {j}");
        }
    }

    let (x, y): (Vec<T>, Vec<T>) = (normal_vector(&mut rng, n), normal_vector(&mut rng, m));
    // What is in the output before must not matter.
    let (mut image, mut correlation) = (vec![T::from_real(9.0); m], vec![T::from_real(9.0); n]);
    operator.apply(&x, &mut image);
    close(&image, &product(a, &all, &x), "apply");
    operator.apply_adjoint(&y, &mut correlation);
    close(&correlation, &adjoint_product(a, &y), "apply_adjoint");

    let norms = operator.column_norms();
    let expected: Vec<f64> = columns.iter().map(|column| norm(column)).collect();
    assert_close(&norms, &expected, 1e-12, &format!("{what}: column_norms"));
    let largest = expected.iter().fold(0.0f64, |a, &b| a.max(b));

    let weights: Vec<f64> = normal_vector::<f64>(&mut rng, m).iter().map(|w| w * w).collect();
    let squares: Vec<f64> = columns.iter().map(|c| c.iter().zip(&weights).map(|(v, w)| w * v.abs2()).sum()).collect();
    assert_close(&operator.column_squares(&weights), &squares, 1e-12, &format!("{what}: column_squares"));

    // The first, the last, neighbours, and some in no order.
    let support: Vec<usize> = [0, n - 1, n / 2, (n / 2 + 1) % n, n / 3].into_iter().fold(vec![], |mut set, j| {
        if !set.contains(&j) {
            set.push(j);
        }
        set
    });
    let size = support.len();
    let mut block = Mat::<T>::zeros(m, size);
    operator.columns(&support, block.as_mut());
    let mut gram = Mat::<T>::zeros(n, size);
    operator.gram_columns(&support, gram.as_mut());
    for (at, &j) in support.iter().enumerate() {
        let mut column = vec![T::from_real(9.0); m];
        operator.column(j, &mut column);
        close(&column, &columns[j], "column");
        let column: Vec<T> = (0..m).map(|i| block[(i, at)]).collect();
        close(&column, &columns[j], "columns");
        let expected = adjoint_product(a, &columns[j]);
        // A Gram entry is a sum of products of two columns; its rounding is relative to their lengths.
        let near = |found: &[T], expected: &[T], method: &str| {
            let error = norm(&crate::common::difference(found, expected));
            assert!(error <= 1e-12 * largest * largest * (n as f64).sqrt(), "{what}: {method} of column {j}: {error}");
        };
        near(&(0..n).map(|i| gram[(i, at)]).collect::<Vec<_>>(), &expected, "gram_columns");
        let mut entries = vec![T::from_real(9.0); size];
        operator.gram_entries(&support, j, &mut entries);
        near(&entries, &support.iter().map(|&i| expected[i]).collect::<Vec<_>>(), "gram_entries");
    }

    // What is computed together has the bits that it has alone.
    let mut alone = Mat::from_fn(n, 1, |_, _| T::from_real(9.0));
    for (at, &j) in support.iter().enumerate() {
        operator.gram_columns(&[j], alone.as_mut());
        assert_eq!(gram.col_as_slice(at), alone.col_as_slice(0), "{what}: gram_columns, column {j} alone");
    }
    let ys: Vec<Vec<T>> = (0..5).map(|_| normal_vector(&mut rng, m)).collect();
    let each: Vec<&[T]> = ys.iter().map(Vec::as_slice).collect();
    let mut together = Mat::from_fn(n, 5, |_, _| T::from_real(9.0));
    operator.apply_adjoint_block(&each, together.as_mut());
    for (at, y) in ys.iter().enumerate() {
        operator.apply_adjoint(y, &mut correlation);
        assert_eq!(together.col_as_slice(at), correlation, "{what}: apply_adjoint_block");
    }

    for (j, expected) in columns.iter().enumerate() {
        let mut column = vec![T::ZERO; m];
        if operator.sparse_column(j, &mut |i, value| column[i] += value) {
            close(&column, expected, "sparse_column");
        }
    }

    let values: Vec<T> = normal_vector(&mut rng, size);
    let mut image = vec![T::from_real(9.0); m];
    operator.apply_sparse(&support, &values, &mut image);
    close(&image, &product(a, &support, &values), "apply_sparse");
    let mut on = vec![T::from_real(9.0); size];
    operator.apply_adjoint_on(&support, &y, &mut on);
    close(&on, &support.iter().map(|&j| adjoint_product(a, &y)[j]).collect::<Vec<_>>(), "apply_adjoint_on");
}

fn all_kinds<T: Scalar>() {
    for (m, n) in [(7, 12), (12, 7), (1, 5), (5, 1), (600, 9)] {
        let a = matrix::<T>(Kind::Gaussian, m, n, 3);
        every_form(&a, |form, operator| {
            check_methods(operator, &a, &format!("{form} {m} × {n}"));
            check_methods(&Normalized::new(operator), &crate::common::normalized(&a), &format!("normalized {form}"));
        });
    }
    // Sparse in truth, with an empty column and an empty row.
    let a = Mat::from_fn(9, 8, |i, j| {
        if (i + 2 * j) % 3 == 0 && j != 5 && i != 4 { scalar(1.0 + i as f64, j as f64) } else { T::ZERO }
    });
    every_form(&a, |form, operator| {
        check_methods(operator, &a, &format!("{form} with zeros"));
        let normalized = Normalized::new(operator);
        assert_eq!(normalized.scales()[5], 0.0);
        check_methods(&normalized, &crate::common::normalized(&a), &format!("normalized {form} with zeros"));
    });
}

/// Matrices of which dense storage holds mostly zeros.
fn bands_and_triangles<T: Scalar>() {
    // An odd number of columns: they are taken in pairs.
    let (m, n) = (70, 51);
    let full = matrix::<T>(Kind::Gaussian, m, n, 5);
    let part = |kept: &dyn Fn(usize, usize) -> bool| {
        Mat::from_fn(m, n, |i, j| if kept(i, j) { full[(i, j)] } else { T::ZERO })
    };
    for (name, a) in [
        ("band", part(&|i, j| (j..j + 21).contains(&i))),
        ("narrow band", part(&|i, j| i == j)),
        ("lower triangle", part(&|i, j| i >= j)),
        ("upper triangle", part(&|i, j| i <= j)),
        ("two blocks", part(&|i, j| (i < 35) == (j < 20))),
        ("some columns empty", part(&|i, j| j % 3 != 0 && i > 40)),
        ("last column empty", part(&|i, j| i < 20 && j + 1 < n)),
        ("some rows empty", part(&|i, _| i % 4 == 1)),
    ] {
        every_form(&a, |form, operator| check_methods(operator, &a, &format!("{name}, {form}")));
    }
}

#[test]
fn zeros_may_be_skipped() {
    bands_and_triangles::<f64>();
    bands_and_triangles::<C>();
}

#[test]
fn every_kind_equals_its_dense_form_real() {
    all_kinds::<f64>();
}

#[test]
fn every_kind_equals_its_dense_form_complex() {
    all_kinds::<C>();
}

/// Products large enough to be shared among threads.
#[test]
fn large_products_equal_small_ones() {
    let (m, n) = (1100, 1200);
    let a = matrix::<f64>(Kind::Gaussian, m, n, 4);
    let rows = by_rows(&a);
    check_methods(&DenseOperator::new(a.as_ref()), &a, "large columns");
    check_methods(&DenseOperator::from_row_major(&rows, m, n).unwrap(), &a, "large rows");
}

#[test]
fn unscaled_coefficients_belong_to_the_original_columns() {
    let a = matrix::<C>(Kind::Gaussian, 6, 4, 8);
    let operator = DenseOperator::new(a.as_ref());
    let normalized = Normalized::new(&operator);
    let mut values: Vec<C> = normal_vector(&mut stream(8, 1, 0), 2);
    let (mut scaled, mut unscaled) = (vec![C::ZERO; 6], vec![C::ZERO; 6]);
    normalized.apply_sparse(&[1, 3], &values, &mut scaled);
    normalized.unscale(&[1, 3], &mut values);
    operator.apply_sparse(&[1, 3], &values, &mut unscaled);
    assert_close(&scaled, &unscaled, 1e-14, "unscale");
}

/// (A x)_t = Σ_j h_{t + first − j} x_j, periodic or not, written out.
fn literal<T: Scalar>(h: &[T], n: usize, m: usize, first: usize, circular: bool) -> Mat<T> {
    let mut a = Mat::zeros(m, n);
    for j in 0..n {
        for (l, &h) in h.iter().enumerate() {
            // Sample l of a spike at j lies in row j + l − first.
            let row = j as i64 + l as i64 - first as i64;
            if circular {
                a[(row.rem_euclid(n as i64) as usize, j)] += h;
            } else if (0..m as i64).contains(&row) {
                a[(row as usize, j)] += h;
            }
        }
    }
    a
}

fn convolutions<T: Scalar>() {
    let n = 130;
    // Even, odd and single; direct and by Fourier transforms (from 97 samples on); as long as n, and longer.
    for length in [1, 2, 5, 8, 96, 97, 100, 130, 131, 300] {
        let h: Vec<T> = normal_vector(&mut stream(length as u64, 2, 0), length);
        let check = |operator: Convolution<T>, m, first, circular, what: &str| {
            let a = literal(&h, n, m, first, circular);
            assert_eq!(operator.kernel(), h);
            check_methods(&operator, &a, &format!("{what} {length}"));
            check_methods(
                &Normalized::new(&operator),
                &crate::common::normalized(&a),
                &format!("normalized {what} {length}"),
            );
        };
        check(Convolution::new(&h, n, Boundary::Full).unwrap(), n + length - 1, 0, false, "full");
        check(Convolution::new(&h, n, Boundary::Same).unwrap(), n, (length - 1) / 2, false, "same");
        for origin in [0, length / 3, length - 1] {
            let operator = Convolution::with_origin(&h, n, Boundary::Same, origin).unwrap();
            check(operator, n, origin, false, "same with origin");
        }
        if length <= n {
            check(Convolution::new(&h, n, Boundary::Valid).unwrap(), n - length + 1, length - 1, false, "valid");
            check(Convolution::new(&h, n, Boundary::Circular).unwrap(), n, 0, true, "circular");
            let operator = Convolution::with_origin(&h, n, Boundary::Circular, length / 2).unwrap();
            check(operator, n, length / 2, true, "circular with origin");
        }
    }
}

#[test]
fn convolutions_equal_a_double_loop_real() {
    convolutions::<f64>();
}

#[test]
fn convolutions_equal_a_double_loop_complex() {
    convolutions::<C>();
}

/// `numpy.convolve(x, h, mode)` for small cases worked by hand: x = (1, 2, 3, 4, 5).
#[test]
fn modes_are_those_of_numpy() {
    let cases: [(&[f64], Boundary, &[f64]); 6] = [
        (&[1.0, 10.0, 100.0], Boundary::Full, &[1.0, 12.0, 123.0, 234.0, 345.0, 450.0, 500.0]),
        (&[1.0, 10.0, 100.0], Boundary::Same, &[12.0, 123.0, 234.0, 345.0, 450.0]),
        (&[1.0, 10.0, 100.0], Boundary::Valid, &[123.0, 234.0, 345.0]),
        (&[1.0, 10.0], Boundary::Full, &[1.0, 12.0, 23.0, 34.0, 45.0, 50.0]),
        (&[1.0, 10.0], Boundary::Same, &[1.0, 12.0, 23.0, 34.0, 45.0]),
        (&[1.0, 10.0, 100.0, 1000.0], Boundary::Same, &[12.0, 123.0, 1234.0, 2345.0, 3450.0]),
    ];
    for (h, boundary, expected) in cases {
        let operator = Convolution::new(h, 5, boundary).unwrap();
        let mut y = vec![0.0; operator.nrows()];
        operator.apply(&[1.0, 2.0, 3.0, 4.0, 5.0], &mut y);
        assert_eq!(y, expected, "{h:?} {boundary:?}");
    }
}

#[test]
fn a_wrong_adjoint_is_found() {
    let a = matrix::<f64>(Kind::Gaussian, 6, 8, 2);
    let right = functions(&a);
    let not_adjoint = |g: &(dyn Fn(&[f64], &mut [f64]) + Send + Sync)| {
        let wrong = FunctionOperator::new(6, 8, |x: &[f64], y: &mut [f64]| right.apply(x, y), g);
        matches!(check_adjoint(&wrong, 1), Err(Error::NotAdjoint { difference, .. }) if difference > 1e-7)
    };
    assert!(!not_adjoint(&|y, x| right.apply_adjoint(y, x)));
    assert!(not_adjoint(&|y, x| {
        right.apply_adjoint(y, x);
        x[3] *= 1.0 + 1e-5;
    }));
    assert!(not_adjoint(&|_, x| x.fill(0.0)));
    assert!(not_adjoint(&|y, x| {
        right.apply_adjoint(y, x);
        x.reverse();
    }));
    // Transposed without conjugate.
    let a = matrix::<C>(Kind::Gaussian, 6, 8, 2);
    let conjugated = Mat::from_fn(6, 8, |i, j| a[(i, j)].conj());
    let (right, conjugate) = (functions(&a), functions(&conjugated));
    let wrong = FunctionOperator::new(
        6,
        8,
        |x: &[C], y: &mut [C]| right.apply(x, y),
        |y: &[C], x: &mut [C]| conjugate.apply_adjoint(y, x),
    );
    assert!(matches!(check_adjoint(&wrong, 1), Err(Error::NotAdjoint { .. })));
}

/// Views are read in place where their rows or columns are contiguous, and copied otherwise; either way they are right.
#[test]
fn views_of_every_layout() {
    let whole = matrix::<C>(Kind::Gaussian, 12, 10, 6);
    let view: MatRef<'_, C> = whole.as_ref();
    let numbers = by_rows(&whole);
    let rows = MatRef::from_row_major_slice(&numbers, 12, 10);
    // Every second row and column of memory: neither rows nor columns are contiguous.
    let strided = MatRef::from_row_major_slice_with_stride(&numbers[..], 6, 5, 20).subrows(1, 4);
    let sparse_rows = rows.subrows(0, 12).reverse_cols();
    let cases = [
        ("columns", view, true),
        ("rows", rows, true),
        ("part of columns", view.submatrix(2, 3, 7, 5), true),
        ("part of rows", rows.submatrix(2, 3, 7, 5), true),
        ("every second row", strided, true),
        ("transposed columns", view.transpose(), true),
        ("transposed rows", rows.transpose(), true),
        ("columns in reverse order", view.reverse_cols(), true),
        ("rows in reverse order", rows.reverse_rows(), true),
        ("columns upside down", view.reverse_rows(), false),
        ("rows from right to left", sparse_rows, false),
        ("both reversed", view.reverse_rows_and_cols(), false),
    ];
    for (what, view, borrowed) in cases {
        let operator = DenseOperator::new(view);
        assert_eq!(operator.is_borrowed(), borrowed, "{what}");
        let copy = Mat::from_fn(view.nrows(), view.ncols(), |i, j| view[(i, j)]);
        check_methods(&operator, &copy, what);
    }
}

/// A single row or column lies by rows as well as by columns; what it is called must not change a bit.
#[test]
fn single_rows_and_columns_have_no_order() {
    let numbers = by_rows(&matrix::<f64>(Kind::Gaussian, 1, 500, 3));
    for (m, n) in [(1, 500), (500, 1), (1, 40), (40, 1)] {
        let numbers = &numbers[..m * n];
        let products = |view: MatRef<'_, f64>| {
            let operator = DenseOperator::new(view);
            assert!(operator.is_borrowed());
            let (mut y, mut x, mut gram) = (vec![0.0; m], vec![0.0; n], Mat::zeros(n, 1));
            operator.apply(&numbers[..n], &mut y);
            operator.apply_adjoint(&numbers[..m], &mut x);
            operator.gram_columns(&[0], gram.as_mut());
            (y, x, operator.column_norms(), gram)
        };
        let by_rows = products(MatRef::from_row_major_slice(numbers, m, n));
        assert_eq!(by_rows, products(MatRef::from_column_major_slice(numbers, m, n)), "{m} × {n}");
    }
}

#[test]
fn references_and_boxes_are_operators() {
    let a = matrix::<f64>(Kind::Gaussian, 5, 6, 1);
    let operator = DenseOperator::new(a.as_ref());
    check_methods(&&operator, &a, "reference");
    check_methods(&(Box::new(operator.clone()) as Box<dyn Operator<f64>>), &a, "box");
    check_methods(&std::sync::Arc::new(operator), &a, "arc");
}

#[test]
fn compressed_rows_are_read() {
    let z = Complex::new;
    // Row 0: columns 2 and 0 (in that order), row 1 empty, row 2: column 1 twice.
    let values = [z(1.0, 2.0), z(3.0, 0.0), z(4.0, 1.0), z(0.5, -1.0)];
    let sparse = from_compressed_rows(3, 4, &[0, 2, 2, 4], &[2, 0, 1, 1], &values).unwrap();
    let mut expected = Mat::<C>::zeros(3, 4);
    expected[(0, 2)] = values[0];
    expected[(0, 0)] = values[1];
    expected[(2, 1)] = z(4.5, 0.0);
    let operator = SparseOperator::new(sparse.as_ref());
    assert_eq!(dense_form(&operator), expected);
    check_methods(&operator, &expected, "from compressed rows");
}

/// Hides that columns are local.
struct Plain<'a, T: Scalar>(&'a Convolution<T>);

impl<T: Scalar> Operator<T> for Plain<'_, T> {
    fn nrows(&self) -> usize {
        self.0.nrows()
    }
    fn ncols(&self) -> usize {
        self.0.ncols()
    }
    fn apply(&self, x: &[T], y: &mut [T]) {
        self.0.apply(x, y);
    }
    fn apply_adjoint(&self, y: &[T], x: &mut [T]) {
        self.0.apply_adjoint(y, x);
    }
    fn column_norms(&self) -> Vec<f64> {
        self.0.column_norms()
    }
    fn gram_entries(&self, rows: &[usize], j: usize, out: &mut [T]) {
        self.0.gram_entries(rows, j, out);
    }
    fn apply_sparse(&self, support: &[usize], values: &[T], y: &mut [T]) {
        self.0.apply_sparse(support, values, y);
    }
    fn apply_adjoint_on(&self, support: &[usize], y: &[T], out: &mut [T]) {
        self.0.apply_adjoint_on(support, y, out);
    }
    fn adjoint_cost(&self) -> usize {
        self.0.adjoint_cost()
    }
}

/// Hides the entries of a sparse matrix.
struct Hidden<'a, T: Scalar>(SparseOperator<'a, T>);

impl<T: Scalar> Operator<T> for Hidden<'_, T> {
    forward_operator!(T, self => &self.0; nrows ncols apply apply_adjoint column columns column_norms column_squares gram_columns
        gram_entries apply_sparse apply_adjoint_on local adjoint_cost gram_block);
}

/// Sparse enough to be correlated by rows, then the same by products; in a workspace that has its rows, the bits of one without.
fn row_by_row<T: Scalar>() {
    let (m, n, k) = (4000, 8000, 30);
    let rng = &mut stream(12, 0, 0);
    let mut entries = vec![];
    for j in 0..n {
        for i in sparsea::generate::random_support(rng, m, 4) {
            entries.push(Triplet::new(i, j, normal_vector::<T>(rng, 1)[0]));
        }
    }
    let matrix = SparseColMat::try_new_from_triplets(m, n, &entries).unwrap();
    let operator = SparseOperator::new(matrix.as_ref());
    let hidden = Hidden(operator);
    let ys: Vec<Vec<T>> = (0..2).map(|_| normal_vector(rng, m)).collect();
    let mut kept = None;
    for (at, y) in ys.iter().enumerate() {
        let (sparse, plain) = (Problem::new(&operator, y, k).unwrap(), Problem::new(&hidden, y, k).unwrap());
        for word in ["omp", "sea", "cosamp"] {
            let solve = |problem| run(problem, word, Start::Zero, Some(Halt::Iterations(40)));
            let (one, other) = (solve(&sparse), solve(&plain));
            assert_eq!(one.support, other.support, "{word}");
            assert!((one.residual_norm - other.residual_norm).abs() <= 1e-10 * norm(y), "{word}");
            assert!(one.counts.adjoints <= other.counts.adjoints, "{word}");
            if word == "omp" {
                assert!(one.counts.adjoints < 8 && other.counts.adjoints > 25, "{} of products", one.counts.adjoints);
                let block = Problem::new(&operator, &ys[0], k).unwrap();
                let each: Vec<&[T]> = ys.iter().map(Vec::as_slice).collect();
                let block = block.with_data_block(&each).unwrap();
                let chain = Chain::parse(word, &serde_json::Map::new()).unwrap();
                let again =
                    Run::with_chain(&block[at], chain).halt(Halt::Iterations(40)).solve_with(&mut kept).unwrap();
                assert_eq!((again.support, again.coefficients), (one.support, one.coefficients));
            }
        }
    }
}

#[test]
fn correlating_by_rows_changes_nothing_but_the_cost() {
    row_by_row::<f64>();
    row_by_row::<C>();
}

/// Large enough to be fitted cluster by cluster; then the same without.
fn cluster_by_cluster<T: Scalar>(kernel: &[T], boundary: Boundary, noise: f64, (n, k): (usize, usize)) {
    let convolution = Convolution::new(kernel, n, boundary).unwrap();
    let rng = &mut stream(11, 0, 0);
    let mut y = vec![T::ZERO; convolution.nrows()];
    // Among others two that overlap over the end, if there is none.
    let mut support = sparsea::generate::random_support(rng, n, k);
    (support[0], support[k - 1]) = (1, n - 3);
    let values: Vec<T> = normal_vector(rng, k);
    convolution.apply_sparse(&support, &values, &mut y);
    let errors: Vec<T> = normal_vector(rng, y.len());
    let size = noise * norm(&y) / norm(&errors);
    y.iter_mut().zip(errors).for_each(|(y, e)| *y += e.scale(size));
    let plain = Plain(&convolution);
    let (local, plain) = (Problem::new(&convolution, &y, k).unwrap(), Problem::new(&plain, &y, k).unwrap());
    for word in ["sea", "htp"] {
        let solve = |problem| run(problem, word, Start::Zero, Some(Halt::Iterations(20)));
        let (one, other) = (solve(&local), solve(&plain));
        // A coefficient may come out as 0, which is not in the support, or as rounding.
        let large = |solution: &sparsea::Solution<T>| -> Vec<usize> {
            let pairs = solution.support.iter().zip(&solution.coefficients);
            pairs.filter(|(_, x)| Scalar::abs(**x) > 1e-8).map(|(&j, _)| j).collect()
        };
        assert_eq!(large(&one), large(&other), "{word}");
        assert!((one.residual_norm - other.residual_norm).abs() <= 1e-10 * norm(&y), "{word}");
        assert_eq!(one.iterations, other.iterations, "{word}");
    }
}

#[test]
fn large_convolutions_are_fitted_cluster_by_cluster_with_the_same_result() {
    let real = sparsea::operator::pulse::gaussian(2.0).unwrap();
    let complex: Vec<C> = real.iter().enumerate().map(|(i, &h)| C::from_polar(h, 0.3 * i as f64)).collect();
    let size = (15_000, 300);
    cluster_by_cluster(&real, Boundary::Full, 0.05, size);
    cluster_by_cluster(&real, Boundary::Same, 0.0, size);
    cluster_by_cluster(&complex, Boundary::Valid, 0.05, size);
    cluster_by_cluster(&real, Boundary::Circular, 0.05, size);
    cluster_by_cluster(&complex, Boundary::Circular, 0.0, size);
    // So many spikes that there is no gap at which to cut a period open.
    cluster_by_cluster(&real, Boundary::Circular, 0.05, (5_000, 900));
}
