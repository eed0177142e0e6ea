//! Every kind of operator against its dense form.

use std::ops::Deref;
use std::sync::Arc;

use crate::common::{
    C, adjoint_product, assert_close, by_rows, dense_form, every_problem, functions, matrix, norm, normalized, run,
    scalar, unit_columns,
};
use crate::common::{Kind, product};
use faer::sparse::{SparseColMat, Triplet};
use faer::{Mat, MatMut, MatRef};
use num_complex::Complex;
use sparsea::generate::{normal_vector, stream};
use sparsea::operator::from_compressed_rows;
use sparsea::{
    Access, Boundary, Centered, Chain, Columns, Convolution, DenseOperator, Error, FunctionOperator, Halt, LinearMap,
    OperatorError, Problem, Profile, Run, Scalar, SparseOperator, Start, Structure, check_adjoint,
};

/// Checks a map, and every method of its access, against the matrix `a` that it stands for.
pub fn check_map<T: Scalar>(map: &dyn LinearMap<T>, a: &Mat<T>, what: &str) {
    check_form(map, a, what);
    check_methods(&Access::new(map), a, what);
}

/// Checks what the access to a map hides: its two products as a pair, where its entries lie, and columns with weighted rows.
fn check_form<T: Scalar>(map: &dyn LinearMap<T>, a: &Mat<T>, what: &str) {
    let (m, n) = (a.nrows(), a.ncols());
    assert_eq!(map.shape(), (m, n), "{what}");
    check_adjoint(map, 7).unwrap_or_else(|problem| panic!("{what}: {problem}"));
    let close = |found: &[T], expected: &[T], method: &str| {
        assert_close(found, expected, 1e-12, &format!("{what}: {method}"));
    };
    let columns: Vec<Vec<T>> = (0..n).map(|j| (0..m).map(|i| a[(i, j)]).collect()).collect();
    match map.structure() {
        Structure::None | Structure::Gram(_) => {}
        Structure::Steps => {
            for (j, found) in columns.iter().enumerate() {
                let step: Vec<T> = (0..m).map(|i| if i < j { T::ZERO } else { T::ONE }).collect();
                assert!(m == n && *found == step, "{what}: column {j} is no step");
            }
        }
        Structure::Sparse(sparse) => {
            for (j, expected) in columns.iter().enumerate() {
                let mut column = vec![T::ZERO; m];
                sparse.visit(j, &mut |i, value| column[i] += value);
                close(&column, expected, "visit");
            }
        }
        Structure::Projected(projected) => {
            let basis = projected.basis();
            for (j, expected) in columns.iter().enumerate() {
                let mut column = vec![T::ZERO; m];
                Access::new(projected.inner()).column(j, &mut column);
                let of_inner: Vec<T> =
                    basis.iter().map(|q| column.iter().zip(q).map(|(v, &q)| v.conj() * q).sum()).collect();
                let stated: Vec<T> = projected.products().iter().map(|product| product[j]).collect();
                close(&stated, &of_inner, "products with the span");
                for (q, s) in basis.iter().zip(&of_inner) {
                    column.iter_mut().zip(q).for_each(|(v, &q)| *v -= q * s.conj());
                }
                assert_close(&column, expected, 1e-11, &format!("{what}: column {j} less its part in the span"));
            }
        }
        Structure::Planar(planar) => {
            let (image, seen, first) = (planar.image(), planar.seen(), planar.first());
            let ((length, width), patch) = planar.patch();
            for (j, expected) in columns.iter().enumerate() {
                let mut column = vec![T::ZERO; m];
                for (at, &h) in patch.iter().enumerate() {
                    let along = |j: usize, l: usize, first: usize, seen: usize| {
                        let t = (j + l) as i64 - first as i64;
                        if planar.is_periodic() { Some(t.rem_euclid(seen as i64)) } else { Some(t) }
                            .filter(|t| (0..seen as i64).contains(t))
                            .map(|t| t as usize)
                    };
                    let row = along(j / image.1, at / width, first.0, seen.0);
                    if let (Some(row), Some(t)) = (row, along(j % image.1, at % width, first.1, seen.1)) {
                        let pixel = row * seen.1 + t;
                        column[pixel] += h.scale(planar.pixel_factors().map_or(1.0, |factors| factors[pixel]));
                    }
                }
                if planar.is_left_out(j) {
                    column.fill(T::ZERO);
                }
                close(&column, expected, "patch");
            }
            let largest = columns.iter().map(|column| norm(column)).fold(0.0, f64::max);
            let whole = norm(patch).powi(2);
            for (i, j) in (0..n).flat_map(|i| (0..n).map(move |j| (i, j))) {
                let product: T = columns[i].iter().zip(&columns[j]).map(|(a, &b)| a.conj() * b).sum();
                let error = Scalar::abs(planar.entry(i, j) - product);
                assert!(error <= 1e-12 * largest * largest, "{what}: entry of {i} and {j}: {error}");
                if !planar.is_whole(i) || !planar.is_whole(j) {
                    continue;
                }
                assert_close(&[norm(&columns[j]).powi(2)], &[whole], 1e-12, &format!("{what}: {j} is whole"));
                let (down, across) = (j / image.1 + length - 1, j % image.1 + width - 1);
                let apart = (down.wrapping_sub(i / image.1), across.wrapping_sub(i % image.1));
                if apart.0 < 2 * length - 1 && apart.1 < 2 * width - 1 && !planar.is_periodic() {
                    let error = Scalar::abs(planar.autocorrelation()[apart.0 * (2 * width - 1) + apart.1] - product);
                    assert!(error <= 1e-12 * largest * largest, "{what}: entry of {i} and {j}, both whole: {error}");
                }
            }
            if let Some((u, v)) = planar.factors() {
                let products: Vec<T> = u.iter().flat_map(|&u| v.iter().map(move |&v| u * v)).collect();
                close(&products, patch, "factors");
            }
            let centre = planar.autocorrelation()[(2 * length - 1) * (2 * width - 1) / 2].real();
            assert_close(&[centre], &[norm(patch).powi(2)], 1e-12, what);
        }
        Structure::Local(local) => {
            let mut before = 0..0;
            for (j, expected) in columns.iter().enumerate() {
                let mut part = vec![];
                let first = local.segment(j, &mut part);
                let mut whole = vec![T::ZERO; m];
                for (t, &entry) in part.iter().enumerate() {
                    whole[if local.period().is_some() { (first + t) % m } else { first + t }] += entry;
                }
                close(&whole, expected, "segment");
                assert!(before.start <= first && before.end <= first + part.len(), "{what}: segment {j}");
                before = first..first + part.len();
            }
            // Columns that are alike are one, shifted.
            let shape = |j: usize| {
                let mut part = vec![];
                (local.segment(j, &mut part), part)
            };
            let alike = local.alike();
            for j in (alike.start..n).filter(|&j| local.is_alike(j)) {
                let ((first, part), (of_first, like)) = (shape(j), shape(alike.start));
                assert_eq!((first, part), (of_first + j - alike.start, like), "{what}: column {j} is like the others");
            }
        }
    }

    // Without means nothing is subtracted: the norms are those of columns whose rows are weighted.
    let weights: Vec<f64> = normal_vector::<f64>(&mut stream(6, m as u64, n as u64), m).iter().map(|w| w * w).collect();
    let squares: Vec<f64> = columns.iter().map(|c| c.iter().zip(&weights).map(|(v, w)| w * v.abs2()).sum()).collect();
    let weighted = Centered::new(map, Some(&weights), Some(&vec![T::ZERO; n])).unwrap();
    let norms = Access::new(&weighted).column_norms();
    let found: Vec<f64> = norms.iter().map(|norm| norm * norm).collect();
    assert_close(&found, &squares, 1e-12, &format!("{what}: columns with weighted rows"));
}

/// Checks every method of an access against the matrix `a` that it stands for.
pub fn check_methods<T: Scalar>(operator: &Access<'_, T>, a: &Mat<T>, what: &str) {
    let (m, n) = (a.nrows(), a.ncols());
    assert_eq!((operator.nrows(), operator.ncols()), (m, n), "{what}");
    let mut rng = stream(5, m as u64, n as u64);
    let close = |found: &[T], expected: &[T], method: &str| {
        assert_close(found, expected, 1e-12, &format!("{what}: {method}"));
    };
    let all: Vec<usize> = (0..n).collect();
    let columns: Vec<Vec<T>> = all.iter().map(|&j| (0..m).map(|i| a[(i, j)]).collect()).collect();

    if let Structure::Local(local) = operator.map().structure() {
        let mut gram = vec![T::ZERO; n];
        for j in 0..n {
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
        every_problem(&a, &vec![T::ZERO; m], 1, |form, problem| {
            let operator = problem.operator();
            check_form(operator.map(), &a, form);
            check_methods(operator, &a, &format!("{form} {m} × {n}"));
            check_methods(&unit_columns(operator).0, &normalized(&a), &format!("normalized {form}"));
        });
    }
    // Sparse in truth, with an empty column and an empty row.
    let a = Mat::from_fn(9, 8, |i, j| {
        if (i + 2 * j) % 3 == 0 && j != 5 && i != 4 { scalar(1.0 + i as f64, j as f64) } else { T::ZERO }
    });
    every_problem(&a, &[T::ZERO; 9], 1, |form, problem| {
        let operator = problem.operator();
        check_form(operator.map(), &a, form);
        check_methods(operator, &a, &format!("{form} with zeros"));
        let (unit, scales) = unit_columns(operator);
        assert_eq!(scales[5], 0.0);
        check_methods(&unit, &normalized(&a), &format!("normalized {form} with zeros"));
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
        every_problem(&a, &[T::ZERO; 70], 1, |form, problem| {
            check_form(problem.operator().map(), &a, &format!("{name}, {form}"));
            check_methods(problem.operator(), &a, &format!("{name}, {form}"));
        });
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
    check_map(&DenseOperator::new(a.as_ref()), &a, "large columns");
    check_map(&DenseOperator::from_row_major(&rows, m, n).unwrap(), &a, "large rows");
}

#[test]
fn unscaled_coefficients_belong_to_the_original_columns() {
    let a = matrix::<C>(Kind::Gaussian, 6, 4, 8);
    let operator = DenseOperator::new(a.as_ref());
    let operator = Access::new(&operator);
    let (unit, scales) = unit_columns(&operator);
    let mut values: Vec<C> = normal_vector(&mut stream(8, 1, 0), 2);
    let (mut scaled, mut unscaled) = (vec![C::ZERO; 6], vec![C::ZERO; 6]);
    unit.apply_sparse(&[1, 3], &values, &mut scaled);
    values.iter_mut().zip([scales[1], scales[3]]).for_each(|(x, scale)| *x *= scale);
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
            check_map(&operator, &a, &format!("{what} {length}"));
            let (unit, _) = unit_columns(&Access::new(&operator));
            check_methods(&unit, &normalized(&a), &format!("normalized {what} {length}"));
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
        let operator = Access::new(&operator);
        let mut y = vec![0.0; operator.nrows()];
        operator.apply(&[1.0, 2.0, 3.0, 4.0, 5.0], &mut y);
        assert_eq!(y, expected, "{h:?} {boundary:?}");
    }
}

#[test]
fn a_wrong_adjoint_is_found() {
    let a = matrix::<f64>(Kind::Gaussian, 6, 8, 2);
    let right = functions(&a);
    let right = Access::new(&right);
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
    let (right, conjugate) = (Access::new(&right), Access::new(&conjugate));
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
        check_map(&operator, &copy, what);
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
            let operator = Access::new(&operator);
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

/// A map with a name, which is otherwise the map that it points to.
struct Named<M>(&'static str, M);

impl<M> Deref for Named<M> {
    type Target = M;

    fn deref(&self) -> &M {
        &self.1
    }
}

/// All that a map knows of itself is known of what points to it, too.
#[test]
fn pointers_to_maps_are_maps() {
    fn points<T: Scalar>(pointer: &dyn LinearMap<T>, map: &dyn LinearMap<T>, a: &Mat<T>, what: &str) {
        check_map(pointer, a, what);
        assert_eq!(format!("{:?}", pointer.profile()), format!("{:?}", map.profile()), "{what}");
        assert_eq!(pointer.columns().is_some(), map.columns().is_some(), "{what}");
        let (one, other) = (pointer.structure(), map.structure());
        assert_eq!(std::mem::discriminant(&one), std::mem::discriminant(&other), "{what}");
    }
    let a = matrix::<f64>(Kind::Gaussian, 5, 6, 1);
    let dense = DenseOperator::new(a.as_ref());
    let stored = crate::common::compressed(&a);
    let sparse = SparseOperator::new(stored.as_ref());
    let blur = Convolution::new(&[1.0, 2.0, -1.0], 6, Boundary::Full).unwrap();
    let literal = literal(&[1.0, 2.0, -1.0], 6, 8, 0, false);
    let measured = FunctionOperator::new(5, 6, |_: &[f64], _: &mut [f64]| {}, |_: &[f64], _: &mut [f64]| {})
        .with_column_norms(vec![1.0; 6])
        .with_cost(17);
    assert_eq!((&&measured).profile().cost, Some(17));
    assert_eq!((&&measured).profile().column_norms, Some(vec![1.0; 6]));
    for (map, a, what) in
        [(&dense as &dyn LinearMap<f64>, &a, "dense"), (&sparse, &a, "sparse"), (&blur, &literal, "blur")]
    {
        points(&map, map, a, &format!("{what}, reference"));
        points(&(Box::new(map) as Box<dyn LinearMap<f64>>), map, a, &format!("{what}, box"));
        points(&Arc::new(map), map, a, &format!("{what}, arc"));
        points(&Named("A", map), map, a, &format!("{what}, a type of one's own"));
        assert_eq!(Named("A", map).0, "A");
    }
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
    check_map(&operator, &expected, "from compressed rows");
    check_map(&SparseOperator::owned(sparse), &expected, "from compressed rows, owned");
}

/// Hides that columns are local.
struct Plain<'a, T: Scalar>(&'a Convolution<T>);

impl<T: Scalar> LinearMap<T> for Plain<'_, T> {
    fn shape(&self) -> (usize, usize) {
        self.0.shape()
    }
    fn apply(&self, x: &[T], y: &mut [T]) -> Result<(), OperatorError> {
        self.0.apply(x, y)
    }
    fn apply_adjoint(&self, y: &[T], x: &mut [T]) -> Result<(), OperatorError> {
        self.0.apply_adjoint(y, x)
    }
    fn profile(&self) -> Profile {
        self.0.profile()
    }
    fn columns(&self) -> Option<&dyn Columns<T>> {
        Some(self)
    }
}

/// Columns, and whole columns of the Gram matrix, come from products.
impl<T: Scalar> Columns<T> for Plain<'_, T> {
    fn gather(&self, support: &[usize], out: MatMut<'_, T>) -> Result<(), OperatorError> {
        for (&j, out) in support.iter().zip(out.col_iter_mut()) {
            let mut unit = vec![T::ZERO; self.shape().1];
            unit[j] = T::ONE;
            self.apply(&unit, out.try_as_col_major_mut().expect("contiguous columns").as_slice_mut())?;
        }
        Ok(())
    }
    fn norms(&self) -> Result<Vec<f64>, OperatorError> {
        self.0.norms()
    }
    fn gram(&self, rows: Option<&[usize]>, support: &[usize], out: MatMut<'_, T>) -> Result<(), OperatorError> {
        if rows.is_some() {
            return self.0.gram(rows, support, out);
        }
        let mut columns = Mat::zeros(self.shape().0, support.len());
        self.gather(support, columns.as_mut())?;
        let columns: Vec<&[T]> = (0..support.len()).map(|at| columns.col_as_slice(at)).collect();
        self.adjoint_block(&columns, out)
    }
    fn combine(&self, support: &[usize], values: &[T], y: &mut [T]) -> Result<(), OperatorError> {
        self.0.combine(support, values, y)
    }
    fn correlate(&self, support: &[usize], y: &[T], out: &mut [T]) -> Result<(), OperatorError> {
        self.0.correlate(support, y, out)
    }
}

/// Hides the entries of a sparse matrix.
struct Hidden<'a, T: Scalar>(SparseOperator<'a, T>);

impl<T: Scalar> LinearMap<T> for Hidden<'_, T> {
    fn shape(&self) -> (usize, usize) {
        self.0.shape()
    }
    fn apply(&self, x: &[T], y: &mut [T]) -> Result<(), OperatorError> {
        self.0.apply(x, y)
    }
    fn apply_adjoint(&self, y: &[T], x: &mut [T]) -> Result<(), OperatorError> {
        self.0.apply_adjoint(y, x)
    }
    fn profile(&self) -> Profile {
        self.0.profile()
    }
    fn columns(&self) -> Option<&dyn Columns<T>> {
        self.0.columns()
    }
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
    let hidden = Hidden(operator.clone());
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
    let mut y = vec![T::ZERO; convolution.shape().0];
    // Among others two that overlap over the end, if there is none.
    let mut support = sparsea::generate::random_support(rng, n, k);
    (support[0], support[k - 1]) = (1, n - 3);
    let values: Vec<T> = normal_vector(rng, k);
    Access::new(&convolution).apply_sparse(&support, &values, &mut y);
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

/// Programs written for the names before `LinearMap` and `Access` still compile, and find what they found.
#[test]
#[expect(deprecated, reason = "the names of the first generation")]
fn names_of_the_first_generation_stay() {
    use sparsea::{CachedGram, Normalized, Operator};

    fn sizes(operator: &dyn Operator<f64>) -> (usize, usize) {
        (operator.nrows(), operator.ncols())
    }
    let mut a = matrix::<f64>(Kind::Gaussian, 12, 20, 3);
    a.col_mut(7).fill(0.0);
    let operator = DenseOperator::new(a.as_ref());
    let normalized = Normalized::new(&operator);
    let cached = CachedGram::new(&operator, usize::MAX);
    assert_eq!((sizes(&operator), sizes(&normalized), sizes(&cached)), ((12, 20), (12, 20), (12, 20)));
    check_map(&cached, &a, "CachedGram");
    check_map(&normalized, &crate::common::normalized(&a), "Normalized");
    assert_eq!(normalized.scales()[7], 0.0);

    let y = crate::common::observed(&a, 4, 3);
    let solve = |operator: &dyn LinearMap<f64>| {
        let solution = run(&Problem::new(operator, &y, 4).unwrap(), "omp+sea", Start::Zero, None);
        (solution.support, solution.coefficients)
    };
    let (support, coefficients) = solve(&operator);
    assert_eq!(solve(&cached), (support.clone(), coefficients.clone()));
    let (found, mut unscaled) = solve(&normalized);
    normalized.unscale(&found, &mut unscaled);
    assert_eq!(found, support);
    assert_close(&unscaled, &coefficients, 1e-12, "unscale");

    // Norms that are stated of another operator cannot be refused here; the columns are measured.
    let right = functions(&a);
    let right = Access::new(&right);
    for count in [0, 1, 2, 4, 300] {
        let stating = FunctionOperator::new(
            12,
            20,
            |x: &[f64], y: &mut [f64]| right.apply(x, y),
            |y: &[f64], x: &mut [f64]| right.apply_adjoint(y, x),
        )
        .with_column_norms(vec![1.0; count]);
        let normalized = Normalized::new(&stating);
        let norms = (0..20).map(|j| a.col(j).norm_l2());
        let right = |(&scale, norm): (&f64, f64)| scale == 0.0 && norm == 0.0 || (scale * norm - 1.0).abs() < 1e-12;
        assert!(normalized.scales().len() == 20 && normalized.scales().iter().zip(norms).all(right), "{count}");
    }
}
