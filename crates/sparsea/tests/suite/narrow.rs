//! A matrix of narrow numbers gives what its copy in double precision gives, to the bit.

use faer::{Mat, MatRef};
use num_complex::Complex;
use sparsea::generate::{normal_vector, stream};
use sparsea::operator::{NarrowOperator, NarrowSparseOperator, Stored, Structure};
use sparsea::{Access, DenseOperator, LinearMap, Problem, Scalar, SparseOperator, Start};

use crate::common::{C, assert_close, observed, run, words};

/// Numbers that a type can hold.
trait Random: Sized {
    fn random(value: f64, other: f64) -> Self;
}

macro_rules! whole {
    ($($name:ty: $range:expr;)*) => {$(
        impl Random for $name {
            fn random(value: f64, _other: f64) -> Self {
                (value * $range) as $name
            }
        }
    )*};
}

whole! {
    i8: 50.0;
    i16: 9000.0;
    i32: 5e8;
    u8: 90.0;
}

impl Random for f32 {
    fn random(value: f64, _other: f64) -> Self {
        value as f32
    }
}

impl Random for Complex<f32> {
    fn random(value: f64, other: f64) -> Self {
        Complex::new(value as f32, other as f32)
    }
}

fn random<S: Random>(count: usize, seed: u64) -> Vec<S> {
    let (values, others): (Vec<f64>, Vec<f64>) =
        (normal_vector(&mut stream(seed, 0, 0), count), normal_vector(&mut stream(seed, 1, 0), count));
    values.iter().zip(&others).map(|(&value, &other)| S::random(value, other)).collect()
}

/// The same matrix both ways, by columns, by rows and with strides.
fn each_layout<S: Stored<T> + Random, T: Scalar>(
    m: usize,
    n: usize,
    values: &[S],
    mut visit: impl FnMut(&str, &NarrowOperator<'_, S>, &DenseOperator<'_, T>),
) {
    let wide: Vec<T> = values.iter().map(|v| v.widen()).collect();
    visit(
        "columns",
        &NarrowOperator::new(MatRef::from_column_major_slice(values, m, n)),
        &DenseOperator::from_column_major(&wide, m, n).unwrap(),
    );
    visit(
        "rows",
        &NarrowOperator::new(MatRef::from_row_major_slice(values, m, n)),
        &DenseOperator::from_row_major(&wide, m, n).unwrap(),
    );
    let reversed = |m: usize| m - 1;
    let (narrow, dense) = (MatRef::from_column_major_slice(values, m, n), MatRef::from_column_major_slice(&wide, m, n));
    if m > 1 && n > 1 {
        let (narrow, dense) = (narrow.reverse_rows(), dense.reverse_rows());
        let operator = NarrowOperator::new(narrow);
        assert!(!operator.is_borrowed() && reversed(m) < m);
        visit("strided", &operator, &DenseOperator::new(dense));
    }
}

/// All products, to the bit.
fn products<S: Stored<T> + Random, T: Scalar>(m: usize, n: usize, values: &[S], what: &str) {
    each_layout::<S, T>(m, n, values, |layout, narrow, dense| {
        same_products::<T>(narrow, dense, &format!("{layout} {what} {m} × {n}"));
    });
}

/// All products of two operators, to the bit.
fn same_products<T: Scalar>(narrow: &dyn LinearMap<T>, dense: &dyn LinearMap<T>, what: &str) {
    let (narrow, dense) = (Access::new(narrow), Access::new(dense));
    let (m, n) = (dense.nrows(), dense.ncols());
    assert_eq!((narrow.nrows(), narrow.ncols()), (m, n));
    assert_eq!(narrow.column_norms(), dense.column_norms(), "{what}");
    let x: Vec<T> = normal_vector(&mut stream(7, 0, 0), n);
    let mut padded: Vec<T> = normal_vector(&mut stream(8, 0, 0), m);
    let y = padded.clone();
    padded[..m / 3].fill(T::ZERO);
    padded[m - m / 4..].fill(T::ZERO);
    let apply = |a: &Access<'_, T>| {
        let mut out = vec![T::ZERO; m];
        a.apply(&x, &mut out);
        out
    };
    assert_eq!(apply(&narrow), apply(&dense), "{what}");
    for y in [&y, &padded] {
        let adjoint = |a: &Access<'_, T>| {
            let mut out = vec![T::ONE; n];
            a.apply_adjoint(y, &mut out);
            out
        };
        assert_eq!(adjoint(&narrow), adjoint(&dense), "{what}");
    }
    let many: Vec<&[T]> = (0..11).map(|c| if c % 3 == 1 { &padded[..] } else { &y[..] }).collect();
    let block = |a: &Access<'_, T>| {
        let mut out = Mat::zeros(n, many.len());
        a.apply_adjoint_block(&many, out.as_mut());
        out
    };
    assert_eq!(block(&narrow), block(&dense), "{what}");
    let support: Vec<usize> = (0..n).step_by(n.div_ceil(20)).collect();
    let (gathered, gram) = (
        |a: &Access<'_, T>| {
            let mut out = Mat::zeros(m, support.len());
            a.columns(&support, out.as_mut());
            out
        },
        |a: &Access<'_, T>| {
            let mut out = Mat::zeros(n, support.len());
            a.gram_columns(&support, out.as_mut());
            out
        },
    );
    assert_eq!(gathered(&narrow), gathered(&dense), "{what}");
    assert_eq!(gram(&narrow), gram(&dense), "{what}");
    let on = |a: &Access<'_, T>| {
        let (mut sparse, mut correlated, mut entries) =
            (vec![T::ZERO; m], vec![T::ZERO; support.len()], vec![T::ZERO; support.len()]);
        a.apply_sparse(&support, &x[..support.len()], &mut sparse);
        a.apply_adjoint_on(&support, &y, &mut correlated);
        a.gram_entries(&support, n / 2, &mut entries);
        (sparse, correlated, entries)
    };
    assert_eq!(on(&narrow), on(&dense), "{what}");
    // Either looks for a band.
    let local = |a: &Access<'_, T>| match a.map().structure() {
        Structure::Local(local) => {
            let mut parts = vec![];
            let firsts: Vec<usize> = (0..n).map(|j| local.segment(j, &mut parts)).collect();
            Some((local.reach(), local.alike(), firsts, parts))
        }
        _ => None,
    };
    assert_eq!(local(&narrow), local(&dense), "{what}");
}

const SHAPES: [(usize, usize); 9] =
    [(1, 1), (1, 9), (9, 1), (17, 40), (40, 17), (130, 700), (700, 130), (600, 2000), (2000, 600)];

fn every_shape<S: Stored<T> + Random, T: Scalar>(what: &str) {
    for (seed, (m, n)) in SHAPES.into_iter().enumerate() {
        products::<S, T>(m, n, &random(m * n, seed as u64), what);
    }
    // Triangular, banded, and with columns and rows of zeros.
    for (m, n) in [(90, 90), (700, 600)] {
        for band in [5, 60, 1000] {
            let mut values: Vec<S> = random(m * n, 3);
            for (at, value) in values.iter_mut().enumerate() {
                let (i, j) = (at % m, at / m);
                if i < j || i > j + band || j == 11 || i == 14 {
                    *value = S::ZERO;
                }
            }
            products::<S, T>(m, n, &values, &format!("{what}, band {band},"));
        }
    }
}

#[test]
fn products_are_those_of_the_copy_real() {
    every_shape::<f32, f64>("f32");
    every_shape::<i8, f64>("i8");
    every_shape::<i16, f64>("i16");
    every_shape::<i32, f64>("i32");
    every_shape::<u8, f64>("u8");
}

#[test]
fn products_are_those_of_the_copy_complex() {
    every_shape::<Complex<f32>, C>("complex f32");
    every_shape::<i8, C>("i8, complex");
    every_shape::<f32, C>("f32, complex");
}

/// Compressed columns of narrow values, dense blocks or bands with many zeros, against a sparse operator of the same numbers.
fn sparse<S: Stored<T> + Random, T: Scalar>(what: &str) {
    for (m, n, band) in [(40, 70, 1000), (70, 40, 1000), (400, 400, 4), (1, 5, 1000), (5, 1, 1000)] {
        let mut values: Vec<S> = random(m * n, 4);
        for (at, value) in values.iter_mut().enumerate() {
            let (i, j) = (at % m, at / m);
            if (band < 1000 && (i < j || i > j + band)) || (band == 1000 && (i * 7 + j * 3) % 5 > 1) {
                *value = S::ZERO;
            }
        }
        let (mut starts, mut rows, mut kept) = (vec![0], vec![], vec![]);
        for column in values.chunks(m) {
            let entries = column.iter().enumerate().filter(|(_, value)| **value != S::ZERO);
            entries.for_each(|(i, &value)| {
                rows.push(i as u32);
                kept.push(value);
            });
            starts.push(rows.len());
        }
        let narrow = NarrowSparseOperator::new(m, starts, rows, kept).unwrap();
        let wide = crate::common::compressed(&Mat::from_fn(m, n, |i, j| values[j * m + i].widen()));
        same_products::<T>(&narrow, &SparseOperator::new(wide.as_ref()), &format!("{what} {m} × {n}, band {band}"));
        let k = 3.min(m).min(n);
        let y: Vec<T> = normal_vector(&mut stream(3, 0, 0), m);
        let sparse = SparseOperator::new(wide.as_ref());
        let (one, other) = (Problem::new(&narrow, &y, k).unwrap(), Problem::new(&sparse, &y, k).unwrap());
        for word in ["search", "sea", "omp", "els"] {
            let (found, expected) = (run(&one, word, Start::Zero, None), run(&other, word, Start::Zero, None));
            assert_eq!((found.support, found.coefficients), (expected.support, expected.coefficients), "{word} {what}");
        }
    }
}

#[test]
fn sparse_products_are_those_of_the_copy() {
    sparse::<f32, f64>("f32");
    sparse::<i8, f64>("i8");
    sparse::<u8, C>("u8, complex");
    sparse::<Complex<f32>, C>("complex f32");
    let said = |nrows, starts: &[usize], rows: &[u32], values: &[i8]| {
        NarrowSparseOperator::new(nrows, starts.to_vec(), rows.to_vec(), values.to_vec()).unwrap_err().to_string()
    };
    assert_eq!(said(3, &[0, 2], &[0, 1], &[1]), "compressed columns need column starts that rise from 0 to 1");
    assert_eq!(said(3, &[], &[], &[]), "compressed columns need column starts that rise from 0 to 0");
    assert_eq!(said(3, &[0, 2, 1, 2], &[0, 1], &[1, 2]), "compressed columns need column starts that rise from 0 to 2");
    assert_eq!(said(3, &[0, 1], &[0, 1], &[1]), "compressed columns need one row for each value");
    assert_eq!(said(3, &[0, 1], &[3], &[1]), "compressed columns need rows below 3");
    assert_eq!(said(3, &[0, 2], &[1, 1], &[1, 2]), "compressed columns need rows that rise within each column");
}

/// Sums over long lines are made in parts.
#[test]
fn long_lines() {
    for (m, n) in [(100_000, 5), (5, 100_000), (32_769, 2)] {
        let values: Vec<i16> = random(m * n, 9);
        each_layout::<i16, f64>(m, n, &values, |layout, narrow, dense| {
            let what = format!("{layout} {m} × {n}");
            let (x, y): (Vec<f64>, Vec<f64>) =
                (normal_vector(&mut stream(1, 0, 0), n), normal_vector(&mut stream(2, 0, 0), m));
            let products = |a: &dyn LinearMap<f64>| {
                let (mut image, mut correlation, mut on) = (vec![0.0; m], vec![0.0; n], [0.0; 2]);
                a.apply(&x, &mut image).unwrap();
                a.apply_adjoint(&y, &mut correlation).unwrap();
                a.columns().unwrap().correlate(&[0, n - 1], &y, &mut on).unwrap();
                let mut sparse = vec![0.0; m];
                a.columns().unwrap().combine(&[0, 1], &[2.0, -1.0], &mut sparse).unwrap();
                (image, correlation, on, sparse)
            };
            let (found, expected) = (products(narrow), products(dense));
            assert_close(&found.0, &expected.0, 1e-13, &what);
            assert_close(&found.1, &expected.1, 1e-13, &what);
            assert_close(&found.2, &expected.2, 1e-13, &what);
            assert_eq!(found.3, expected.3, "{what}");
            // A block has the bits of its vectors, whatever the threads.
            let mut block = Mat::zeros(n, 3);
            narrow.columns().unwrap_or_else(|| unreachable!()).adjoint_block(&[&y, &y, &y], block.as_mut()).unwrap();
            assert_eq!(block.col_as_slice(2), found.1, "{what}");
        });
    }
}

/// Every algorithm has the bits of the copy.
fn algorithms<S: Stored<T> + Random, T: Scalar>() {
    for (m, n) in [(30, 70), (70, 30)] {
        let values: Vec<S> = random(m * n, 5);
        each_layout::<S, T>(m, n, &values, |layout, narrow, dense| {
            let a = crate::common::dense_form(dense as &dyn LinearMap<T>);
            let y = observed(&a, 4, 6);
            let (one, other) = (Problem::new(narrow, &y, 4).unwrap(), Problem::new(dense, &y, 4).unwrap());
            for word in words::<T>() {
                let (found, expected) = (run(&one, word, Start::Zero, None), run(&other, word, Start::Zero, None));
                assert_eq!(
                    (found.support, found.coefficients),
                    (expected.support, expected.coefficients),
                    "{word} {layout}"
                );
                assert_eq!(found.residual_norm, expected.residual_norm, "{word} {layout}");
                assert_eq!((found.counts, found.iterations), (expected.counts, expected.iterations), "{word} {layout}");
            }
        });
    }
}

#[test]
fn algorithms_do_the_same() {
    algorithms::<f32, f64>();
    algorithms::<i8, f64>();
    algorithms::<u8, C>();
    algorithms::<Complex<f32>, C>();
}

#[test]
fn what_is_not_finite_is_refused() {
    for by_rows in [false, true] {
        let said = |value: f32| {
            let values = [1.0, 2.0, 3.0, value, 5.0, 6.0];
            let matrix = if by_rows {
                MatRef::from_row_major_slice(&values, 3, 2)
            } else {
                MatRef::from_column_major_slice(&values, 3, 2)
            };
            Problem::<f64>::new(&NarrowOperator::new(matrix), &[1.0; 3], 1).unwrap_err().to_string()
        };
        let row = if by_rows { 1 } else { 0 };
        assert_eq!(said(f32::NAN), format!("A contains NaN at row {row}, column 1 (counted from 0)"));
        assert_eq!(said(f32::INFINITY), format!("A contains inf at row {row}, column 1 (counted from 0)"));
    }
}
