//! Cross-validation: against its definition, with least squares by singular values and, for few columns, all supports.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use faer::Mat;
use proptest::prelude::*;
use rand::RngExt;
use sparsea::generate::{normal_vector, stream};
use sparsea::{CrossValidation, Error, Fold, Interrupt, Memory};

use crate::common::{Kind, all_supports, matrix, observed, svd_fit};

/// The rows of each fold.
type Rows = Vec<(Vec<usize>, Vec<usize>)>;

/// Every row in one test set, in turn.
fn in_turn(rows: usize, folds: usize) -> Rows {
    (0..folds).map(|fold| (0..rows).partition(|row| row % folds != fold)).collect()
}

fn folds(rows: &Rows) -> Vec<Fold<'_>> {
    rows.iter().map(|(train, test)| Fold { train, test }).collect()
}

/// Features that correlate, and are far from 0.
fn table(m: usize, n: usize, seed: u64, offset: f64) -> (Mat<f64>, Vec<f64>) {
    let a = matrix::<f64>(Kind::Coherent, m, n, seed);
    let y = observed(&a, 3.min(n), seed).iter().map(|y| y + 2.0 * offset).collect();
    (Mat::from_fn(m, n, |i, j| a[(i, j)] + offset * (j as f64 + 1.0)), y)
}

/// For k = 1 … K the errors of the best support of all, by least squares with weighted rows and a column of ones.
fn defined(a: &Mat<f64>, y: &[f64], w: &[f64], intercept: bool, fold: &Fold<'_>, largest: usize) -> Vec<f64> {
    let n = a.ncols();
    let root = |row: usize| w[row].sqrt();
    let wide = Mat::from_fn(fold.train.len(), n + 1, |i, j| {
        let row = fold.train[i];
        root(row) * if j == n { 1.0 } else { a[(row, j)] }
    });
    let target: Vec<f64> = fold.train.iter().map(|&row| root(row) * y[row]).collect();
    let total: f64 = fold.test.iter().map(|&row| w[row]).sum();
    (1..=largest)
        .map(|k| {
            let fit = |mut support: Vec<usize>| {
                support.extend(intercept.then_some(n));
                let (x, residual, _) = svd_fit(&wide, &target, &support);
                (support, x, residual)
            };
            let fits = all_supports(n, k).into_iter().map(fit);
            let (support, x, _) = fits.min_by(|a, b| a.2.total_cmp(&b.2)).unwrap();
            let error = |row: usize| {
                let value = |j: usize| if j == n { 1.0 } else { a[(row, j)] };
                let rest = y[row] - support.iter().zip(&x).map(|(&j, x)| x * value(j)).sum::<f64>();
                w[row] * rest * rest
            };
            fold.test.iter().map(|&row| error(row)).sum::<f64>() / total
        })
        .collect()
}

#[test]
fn errors_are_those_of_their_definition() {
    let (mut same, mut all) = (0, 0);
    for seed in 0..12 {
        let (m, n, largest) = (40, 7, 5);
        let (a, y) = table(m, n, seed, 3.0);
        let mut rng = stream(seed, 9, 0);
        let weighted = seed % 2 == 0;
        let w: Vec<f64> = (0..m).map(|_| if weighted { rng.random_range(0.2..3.0) } else { 1.0 }).collect();
        let intercept = seed % 3 > 0;
        // Folds; a single split; training sets that overlap; one with rows that occur twice.
        let mut rows = in_turn(m, 4);
        rows.push(((0..25).collect(), (20..40).collect()));
        if seed % 4 == 3 {
            rows.push(((0..30).chain(0..10).collect(), (30..40).collect()));
        }
        let folds = folds(&rows);
        let mut validation = CrossValidation::new(a.as_ref(), &y).intercept(intercept);
        if weighted {
            validation = validation.weights(&w);
        }
        let errors = validation.errors(&folds, largest).unwrap();
        assert_eq!((errors.nrows(), errors.ncols()), (largest, folds.len()));
        for (f, fold) in folds.iter().enumerate() {
            for (k, expected) in defined(&a, &y, &w, intercept, fold, largest).into_iter().enumerate() {
                same += usize::from((errors[(k, f)] - expected).abs() <= 1e-8 * expected);
                all += 1;
            }
        }
    }
    // Paths are by exchanges, which now and then end at another support than the best of all.
    assert!(same * 100 >= all * 95, "{same} of {all}");
}

#[test]
fn an_offset_does_not_cancel() {
    let rows = in_turn(60, 6);
    let errors = |offset: f64| {
        let (a, y) = table(60, 12, 4, offset);
        CrossValidation::new(a.as_ref(), &y).errors(&folds(&rows), 6).unwrap()
    };
    let (near, far) = (errors(0.0), errors(1e7));
    for k in 0..6 {
        for f in 0..6 {
            // Entries of 1e7 are rounded to 2e-9.
            assert!((near[(k, f)] - far[(k, f)]).abs() <= 1e-6 * near[(k, f)], "{k} {f}");
        }
    }
}

/// A column that one training set does not vary in, but other rows do, by much.
#[test]
fn a_column_that_is_constant_on_the_training_rows_is_not_used() {
    let (mut a, y) = table(40, 6, 2, 1.0);
    let rows = in_turn(40, 4);
    for &row in &rows[0].0 {
        a[(row, 3)] = 0.1;
    }
    for &row in &rows[0].1 {
        a[(row, 3)] = 1e9 * (row as f64 + 1.0);
    }
    let errors = CrossValidation::new(a.as_ref(), &y).errors(&folds(&rows), 6).unwrap();
    let without = Mat::from_fn(40, 5, |i, j| a[(i, if j < 3 { j } else { j + 1 })]);
    let fold = Fold { train: &rows[0].0, test: &rows[0].1 };
    let expected = defined(&without, &y, &[1.0; 40], true, &fold, 5);
    assert!((errors[(4, 0)] - expected[4]).abs() <= 1e-8 * expected[4]);
    assert_eq!(errors[(5, 0)], errors[(4, 0)]);
}

#[test]
fn both_ways_to_gram_matrices_agree() {
    let (a, y) = table(90, 25, 5, 2.0);
    let w: Vec<f64> = (0..90).map(|i| [0.0, 1.0, 2.5][i % 3]).collect();
    let rows = in_turn(90, 5);
    for weights in [None, Some(&w)] {
        let errors = |memory: Memory| {
            let validation = CrossValidation::new(a.as_ref(), &y).memory(memory);
            let validation = if let Some(weights) = weights { validation.weights(weights) } else { validation };
            validation.errors(&folds(&rows), 10).unwrap()
        };
        let (blocks, each) = (errors(Memory::default()), errors(Memory { gram: 4000, ..Memory::default() }));
        for k in 0..10 {
            for f in 0..5 {
                assert!((blocks[(k, f)] - each[(k, f)]).abs() <= 1e-9 * blocks[(k, f)], "{k} {f}");
            }
        }
    }
}

#[test]
fn powers_of_two_and_threads_change_no_bit() {
    let (a, y) = table(400, 60, 6, 1.0);
    let rows = in_turn(400, 7);
    let errors = |a: &Mat<f64>, threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| CrossValidation::new(a.as_ref(), &y).errors(&folds(&rows), 8).unwrap())
    };
    let expected = errors(&a, 1);
    assert_eq!(errors(&a, 3), expected);
    // Squares of these leave the range of doubles.
    let scaled = Mat::from_fn(400, 60, |i, j| a[(i, j)] * 2f64.powi([-600, 0, 600][j % 3]));
    assert_eq!(errors(&scaled, 2), expected);
    // Order in memory is no part of the input.
    let by_rows = a.transpose().to_owned();
    let found = CrossValidation::new(by_rows.as_ref().transpose(), &y).errors(&folds(&rows), 8).unwrap();
    assert_eq!(found, expected);
}

#[test]
fn rows_without_weight_do_not_matter() {
    let (a, y) = table(50, 10, 7, 1.0);
    let w: Vec<f64> = (0..50).map(|i| f64::from(i < 40)).collect();
    let rows = in_turn(50, 5);
    let kept: Rows = rows
        .iter()
        .map(|(train, test)| {
            let kept = |rows: &[usize]| rows.iter().copied().filter(|&row| row < 40).collect();
            (kept(train), kept(test))
        })
        .collect();
    let weighted = CrossValidation::new(a.as_ref(), &y).weights(&w).errors(&folds(&rows), 6).unwrap();
    let fewer = a.as_ref().subrows(0, 40);
    let removed = CrossValidation::new(fewer, &y[..40]).errors(&folds(&kept), 6).unwrap();
    for k in 0..6 {
        for f in 0..5 {
            assert!((weighted[(k, f)] - removed[(k, f)]).abs() <= 1e-9 * removed[(k, f)]);
        }
    }
    let nothing = [Fold { train: &rows[0].0, test: &[42, 47] }];
    let errors = CrossValidation::new(a.as_ref(), &y).weights(&w).errors(&nothing, 3).unwrap();
    assert!((0..3).all(|k| errors[(k, 0)] == 0.0));
}

#[test]
fn bad_input_is_refused() {
    let (a, y) = table(20, 4, 8, 0.0);
    let (train, test): (Vec<usize>, Vec<usize>) = (0..20).partition(|row| row % 2 == 0);
    let fold = [Fold { train: &train, test: &test }];
    let new = || CrossValidation::new(a.as_ref(), &y);
    let message = |outcome: Result<Mat<f64>, Error>| outcome.unwrap_err().to_string();
    assert_eq!(
        message(CrossValidation::new(a.as_ref(), &y[1..]).errors(&fold, 2)),
        "y has 19 entries, but A has 20 rows"
    );
    let beyond = [Fold { train: &train, test: &[20] }];
    assert_eq!(message(new().errors(&beyond, 2)), "a fold has row 20, but there are 20 (counted from 0)");
    assert_eq!(message(new().errors(&fold, 0)), "k must be between 1 and 4 (the number of columns), got 0");
    assert_eq!(message(new().errors(&fold, 5)), "k must be between 1 and 4 (the number of columns), got 5");
    let negative = vec![-1.0; 20];
    assert!(message(new().weights(&negative).errors(&fold, 2)).contains("finite and at least 0"));
    assert_eq!(message(new().weights(&y[1..]).errors(&fold, 2)), "there are 19 weights, but 20 rows");
    let mut hole = a.clone();
    hole[(3, 2)] = f64::NAN;
    let refused = message(CrossValidation::new(hole.as_ref(), &y).errors(&fold, 2));
    assert_eq!(refused, "A contains NaN at row 3, column 2 (counted from 0)");
    let flag = Interrupt::new(Arc::new(AtomicBool::new(true)));
    assert!(matches!(new().interrupt(flag).errors(&fold, 2), Err(Error::Stopped { .. })));
    assert_eq!(new().errors(&[], 2).unwrap().ncols(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 30, ..ProptestConfig::default() })]

    /// With every column allowed the errors are those of least squares on all, whatever the folds.
    #[test]
    fn all_columns_are_least_squares(seed in 0u64..1000, m in 12usize..30, n in 1usize..5, count in 1usize..6) {
        let (a, y) = table(m, n, seed, 1.0);
        let mut rng = stream(seed, 3, 1);
        let rows: Rows = (0..count)
            .map(|_| {
                let test: Vec<usize> = (0..m).filter(|_| rng.random::<f64>() < 0.3).chain([0]).collect();
                let train = (0..m).filter(|row| !test.contains(row)).chain([m - 1]).collect();
                (train, test)
            })
            .collect();
        prop_assume!(rows.iter().all(|(train, _)| train.len() > n + 1));
        let folds = folds(&rows);
        let errors = CrossValidation::new(a.as_ref(), &y).errors(&folds, n).unwrap();
        for (f, fold) in folds.iter().enumerate() {
            let expected = defined(&a, &y, &vec![1.0; m], true, fold, n);
            prop_assert!((errors[(n - 1, f)] - expected[n - 1]).abs() <= 1e-7 * expected[n - 1]);
        }
        let noise: Vec<f64> = normal_vector(&mut rng, m);
        prop_assert!(CrossValidation::new(a.as_ref(), &noise).errors(&folds, n).is_ok());
    }
}
