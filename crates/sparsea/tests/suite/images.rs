//! Two-dimensional convolutions, and the search of images tile by tile.

use crate::common::{C, assert_close, dense_form, norm};
use crate::operators::check_map;
use faer::Mat;
use rand::RngExt;
use sparsea::generate::{normal_vector, stream};
use sparsea::{
    Access, Boundary, Convolution, Convolution2d, DenseOperator, Error, LinearMap, Omp, Problem, Run, Scalar, Search,
    Solution, Start, StopReason, Threads,
};

type Two = (usize, usize);

const BOUNDARIES: [Boundary; 4] = [Boundary::Full, Boundary::Same, Boundary::Valid, Boundary::Circular];

fn random_kernel<T: Scalar>(length: Two, seed: u64) -> Mat<T> {
    let values: Vec<T> = normal_vector(&mut stream(seed, 2, 0), length.0 * length.1);
    Mat::from_fn(length.0, length.1, |r, c| values[r * length.1 + c])
}

fn outer<T: Scalar>(length: Two, seed: u64) -> Mat<T> {
    let (u, v): (Vec<T>, Vec<T>) =
        (normal_vector(&mut stream(seed, 3, 0), length.0), normal_vector(&mut stream(seed, 4, 0), length.1));
    Mat::from_fn(length.0, length.1, |r, c| u[r] * v[c])
}

/// The matrix by its definition: pixel (l, l') of the kernel of a spike at (i, j) lies at (i + l − f, j + l' − f').
fn literal<T: Scalar>(kernel: &Mat<T>, image: Two, seen: Two, first: Two, circular: bool) -> Mat<T> {
    let mut a = Mat::zeros(seen.0 * seen.1, image.0 * image.1);
    for i in 0..image.0 {
        for j in 0..image.1 {
            for l in 0..kernel.nrows() {
                for m in 0..kernel.ncols() {
                    let (mut row, mut column) = ((i + l) as i64 - first.0 as i64, (j + m) as i64 - first.1 as i64);
                    if circular {
                        (row, column) = (row.rem_euclid(image.0 as i64), column.rem_euclid(image.1 as i64));
                    }
                    if (0..seen.0 as i64).contains(&row) && (0..seen.1 as i64).contains(&column) {
                        a[(row as usize * seen.1 + column as usize, i * image.1 + j)] += kernel[(l, m)];
                    }
                }
            }
        }
    }
    a
}

fn equals_the_definition<T: Scalar>() {
    let image = (9, 12);
    for (at, length) in [(1, 1), (1, 4), (3, 1), (2, 5), (5, 4), (9, 12), (11, 3), (14, 15)].into_iter().enumerate() {
        for kernel in [random_kernel::<T>(length, at as u64), outer::<T>(length, at as u64)] {
            for boundary in BOUNDARIES {
                let fits = length.0 <= image.0 && length.1 <= image.1;
                if matches!(boundary, Boundary::Valid | Boundary::Circular) && !fits {
                    assert!(Convolution2d::new(kernel.as_ref(), image, boundary).is_err());
                    continue;
                }
                let origin = (length.0 / 3, length.1 - 1);
                for named in [None, Some(origin)] {
                    let operator = match named {
                        None => Convolution2d::new(kernel.as_ref(), image, boundary),
                        Some(origin) => Convolution2d::with_origin(kernel.as_ref(), image, boundary, origin),
                    }
                    .unwrap();
                    let centre = ((length.0 - 1) / 2, (length.1 - 1) / 2);
                    let (seen, first) = match boundary {
                        Boundary::Full => ((image.0 + length.0 - 1, image.1 + length.1 - 1), (0, 0)),
                        Boundary::Same => (image, named.unwrap_or(centre)),
                        Boundary::Circular => (image, named.unwrap_or((0, 0))),
                        Boundary::Valid => {
                            ((image.0 + 1 - length.0, image.1 + 1 - length.1), (length.0 - 1, length.1 - 1))
                        }
                    };
                    let what = format!("{length:?} {boundary:?} {named:?}");
                    assert_eq!((operator.seen_shape(), operator.image_shape()), (seen, image), "{what}");
                    let a = literal(&kernel, image, seen, first, boundary == Boundary::Circular);
                    check_map(&operator, &a, &what);
                    // The position is where the origin's entry lies.
                    let lies = operator.origin();
                    let j = 5 * image.1 + 6;
                    let expected = (5 + lies.0 as isize - first.0 as isize, 6 + lies.1 as isize - first.1 as isize);
                    assert_eq!(operator.position(j), expected, "{what}");
                }
            }
        }
    }
}

#[test]
fn images_equal_the_definition_real() {
    equals_the_definition::<f64>();
}

#[test]
fn images_equal_the_definition_complex() {
    equals_the_definition::<C>();
}

/// Images and kernels large enough for each way to compute a product: all ways agree with sums over columns.
#[test]
fn every_way_to_compute_a_product_is_the_same() {
    for boundary in BOUNDARIES {
        for (length, kernel) in [
            ((4, 4), random_kernel::<C>((4, 4), 1)),
            ((41, 37), random_kernel((41, 37), 2)),
            ((31, 43), outer((31, 43), 3)),
        ] {
            let operator = Convolution2d::new(kernel.as_ref(), (60, 50), boundary).unwrap();
            assert_eq!(operator.is_separable(), length == (31, 43), "{length:?}");
            let (m, n) = operator.shape();
            let access = Access::new(&operator);
            let (x, y): (Vec<C>, Vec<C>) =
                (normal_vector(&mut stream(7, 0, 0), n), normal_vector(&mut stream(8, 0, 0), m));
            let all: Vec<usize> = (0..n).collect();
            let (mut whole, mut sums) = (vec![C::ZERO; m], vec![C::ZERO; m]);
            access.apply(&x, &mut whole);
            access.apply_sparse(&all, &x, &mut sums);
            assert_close(&whole, &sums, 1e-12, &format!("{boundary:?} {length:?}"));
            let (mut whole, mut each) = (vec![C::ZERO; n], vec![C::ZERO; n]);
            access.apply_adjoint(&y, &mut whole);
            access.apply_adjoint_on(&all, &y, &mut each);
            assert_close(&whole, &each, 1e-12, &format!("adjoint {boundary:?} {length:?}"));
        }
    }
}

#[test]
fn outer_products_are_noticed() {
    let gaussian =
        Mat::<f64>::from_fn(25, 31, |r, c| (-((r as f64 - 12.0).powi(2) + (c as f64 - 15.0).powi(2)) / 7.0).exp());
    let of = |kernel: &Mat<f64>| Convolution2d::new(kernel.as_ref(), (40, 40), Boundary::Same).unwrap().is_separable();
    assert!(of(&gaussian));
    let mut other = gaussian.clone();
    other[(3, 4)] += 1e-12;
    assert!(!of(&other));
    assert!(!of(&random_kernel((5, 5), 1)));
    for scale in [1e-200, 1e-130, 1e130] {
        assert!(of(&Mat::from_fn(25, 31, |r, c| scale * gaussian[(r, c)])), "{scale}");
    }
}

#[test]
fn one_row_is_a_trace() {
    let h: Vec<f64> = normal_vector(&mut stream(3, 0, 0), 7);
    for boundary in BOUNDARIES {
        let kernel = Mat::from_fn(1, 7, |_, c| h[c]);
        let image = Convolution2d::new(kernel.as_ref(), (1, 30), boundary).unwrap();
        let trace = Convolution::new(&h, 30, boundary).unwrap();
        assert_eq!(dense_form(&image), dense_form(&trace));
        for j in 0..30 {
            assert_eq!(image.position(j), (0, trace.position(j)), "{boundary:?}");
        }
    }
}

#[test]
fn impossible_images_are_refused() {
    let said = |kernel: Mat<f64>, image, boundary| match Convolution2d::new(kernel.as_ref(), image, boundary) {
        Ok(_) => "accepted".to_owned(),
        Err(error) => error.to_string(),
    };
    let ones = |rows, columns| Mat::<f64>::from_fn(rows, columns, |_, _| 1.0);
    assert_eq!(said(ones(0, 3), (5, 5), Boundary::Same), "the kernel is empty");
    assert_eq!(said(Mat::zeros(2, 3), (5, 5), Boundary::Full), "the kernel is all zero");
    let mut bad = ones(3, 3);
    bad[(1, 2)] = f64::NAN;
    assert_eq!(said(bad, (5, 5), Boundary::Same), "the kernel contains NaN at row 1, column 2 (counted from 0)");
    for boundary in [Boundary::Valid, Boundary::Circular] {
        let rule = "the kernel has 2 × 6 pixels, more than the 5 × 5 of the image in one direction";
        assert_eq!(said(ones(2, 6), (5, 5), boundary), rule);
        assert_eq!(said(ones(5, 5), (5, 5), boundary), "accepted");
    }
    assert_eq!(said(ones(1, 1), (0, 4), Boundary::Same), "A must have at least one row and one column, got 0 × 4");
    for image in [(usize::MAX, 2), (1 << 40, 1 << 40), (1, usize::MAX)] {
        for boundary in BOUNDARIES {
            let made = Convolution2d::new(ones(2, 1).as_ref(), image, boundary);
            assert!(matches!(made, Err(Error::TooLarge { .. } | Error::Kernel { .. })), "{image:?} {boundary:?}");
        }
    }
    let made = Convolution2d::with_origin(ones(2, 3).as_ref(), (5, 5), Boundary::Same, (0, 3));
    assert_eq!(made.err().map(|e| e.to_string()), Some("the kernel has 2 × 3 pixels, so none at (0, 3)".to_owned()));
}

/// A Gaussian of width σ, stretched along the rows.
fn star(sigma: f64, stretched: f64) -> Mat<f64> {
    let reach = ((8.0 * sigma).ceil() as usize, (8.0 * sigma * stretched).ceil() as usize);
    Mat::from_fn(2 * reach.0 + 1, 2 * reach.1 + 1, |r, c| {
        let (r, c) = (r as f64 - reach.0 as f64, (c as f64 - reach.1 as f64) / stretched);
        (-0.5 * (r * r + c * c) / (sigma * sigma)).exp()
    })
}

/// Pixels of stars at least so far apart, and their brightness from 1 to 2.
fn sky(image: Two, count: usize, apart: f64, seed: u64) -> (Vec<usize>, Vec<f64>) {
    let rng = &mut stream(seed, 9, 0);
    let mut stars: Vec<usize> = vec![];
    while stars.len() < count {
        let j = rng.random_range(0..image.0 * image.1);
        let distance = |i: &usize| {
            let (down, across) = ((i / image.1).abs_diff(j / image.1), (i % image.1).abs_diff(j % image.1));
            (down as f64).hypot(across as f64)
        };
        if stars.iter().all(|i| distance(i) >= apart.max(0.5)) {
            stars.push(j);
        }
    }
    stars.sort_unstable();
    let brightness = stars.iter().map(|_| rng.random_range(1.0..2.0)).collect();
    (stars, brightness)
}

fn observed(operator: &dyn LinearMap<f64>, stars: &[usize], brightness: &[f64], noise: f64, seed: u64) -> Vec<f64> {
    let mut y = vec![0.0; operator.shape().0];
    Access::new(operator).apply_sparse(stars, brightness, &mut y);
    let rms = norm(&y) / (y.len() as f64).sqrt();
    let errors: Vec<f64> = normal_vector(&mut stream(seed, 10, 0), y.len());
    y.iter_mut().zip(&errors).for_each(|(y, e)| *y += noise * rms * e);
    y
}

fn search(operator: &dyn LinearMap<f64>, y: &[f64], k: usize, threads: Threads) -> Solution<f64> {
    let problem = Problem::new(operator, y, k).unwrap();
    Run::new(&problem, Search::default()).threads(threads).solve().unwrap()
}

fn fit_on(operator: &dyn LinearMap<f64>, y: &[f64], support: &[usize]) -> f64 {
    let problem = Problem::new(operator, y, support.len()).unwrap();
    let start = Start::Support(support.to_vec());
    Run::new(&problem, Omp::default()).start(start).solve().unwrap().residual_norm
}

#[test]
fn stars_are_found_exactly_at_every_boundary() {
    let image = (48, 40);
    for (seed, boundary) in BOUNDARIES.into_iter().enumerate() {
        for sigma in [1.2, 1.5] {
            let kernel = star(sigma, 1.0);
            let operator =
                Convolution2d::with_origin(kernel.as_ref(), image, boundary, (kernel.nrows() / 2, kernel.ncols() / 2))
                    .unwrap();
            // In sight: what lies far outside leaves nothing to find it by.
            let (stars, brightness) = sky(image, 20, 0.0, seed as u64);
            let reach = (kernel.nrows() / 2) as isize;
            let (stars, brightness): (Vec<usize>, Vec<f64>) = stars
                .into_iter()
                .zip(brightness)
                .filter(|(j, _)| {
                    let (row, column) = operator.position(*j);
                    let seen = operator.seen_shape();
                    let inside = |at: isize, seen: usize| (-1..=seen as isize).contains(&at);
                    boundary != Boundary::Valid || (reach > 0 && inside(row, seen.0) && inside(column, seen.1))
                })
                .unzip();
            let y = observed(&operator, &stars, &brightness, 0.0, seed as u64);
            let found = search(&operator, &y, stars.len(), Threads::One);
            assert_eq!(found.support, stars, "{boundary:?} {sigma}");
            assert_eq!(found.stop_reason, StopReason::ExactFit);
            assert_close(&found.coefficients, &brightness, 1e-6, "brightness");
        }
    }
}

/// With noise the planted support is not the best one, but no search should end above its fit.
#[test]
fn with_noise_the_fit_is_at_least_as_good_as_that_of_the_truth() {
    for seed in 0..4 {
        let kernel = star(1.5, if seed % 2 == 0 { 1.0 } else { 1.4 });
        let image = (64, 64);
        let origin = (kernel.nrows() / 2, kernel.ncols() / 2);
        let operator = Convolution2d::with_origin(kernel.as_ref(), image, Boundary::Same, origin).unwrap();
        let (stars, brightness) = sky(image, 30, 0.0, 100 + seed);
        let y = observed(&operator, &stars, &brightness, 0.02 * (1 + 4 * (seed / 2)) as f64, seed);
        let found = search(&operator, &y, 30, Threads::One);
        let truth = fit_on(&operator, &y, &stars);
        assert!(found.residual_norm <= truth * (1.0 + 1e-12), "{seed}: {} {truth}", found.residual_norm);
        let at = |j: usize| (j / 64, j % 64);
        let close = |a: usize, b: usize| at(a).0.abs_diff(at(b).0) <= 1 && at(a).1.abs_diff(at(b).1) <= 1;
        let near = stars.iter().filter(|&&s| found.support.iter().any(|&f| close(s, f))).count();
        assert!(near >= 28, "{seed}: {near} of 30 stars within a pixel");
    }
}

#[test]
fn threads_do_not_change_the_answer() {
    let kernel = star(1.5, 1.0);
    let operator = Convolution2d::new(kernel.as_ref(), (60, 50), Boundary::Same).unwrap();
    let (stars, brightness) = sky((60, 50), 25, 2.0, 5);
    let y = observed(&operator, &stars, &brightness, 0.05, 5);
    let (one, pool) = (search(&operator, &y, 25, Threads::One), search(&operator, &y, 25, Threads::Pool));
    assert_eq!((&one.support, &one.coefficients), (&pool.support, &pool.coefficients));
}

#[test]
fn a_transposed_image_has_the_transposed_solution() {
    let kernel = star(1.3, 1.5);
    let image = (50, 34);
    let origin = (kernel.nrows() / 2, kernel.ncols() / 2);
    let operator = Convolution2d::with_origin(kernel.as_ref(), image, Boundary::Same, origin).unwrap();
    let (stars, brightness) = sky(image, 18, 0.0, 4);
    let y = observed(&operator, &stars, &brightness, 0.0, 4);
    let turned =
        Convolution2d::with_origin(kernel.transpose(), (34, 50), Boundary::Same, (origin.1, origin.0)).unwrap();
    let z: Vec<f64> = (0..34 * 50).map(|at| y[(at % 50) * 34 + at / 50]).collect();
    let (found, other) = (search(&operator, &y, 18, Threads::One), search(&turned, &z, 18, Threads::One));
    let mut back: Vec<usize> = other.support.iter().map(|j| (j % 50) * 34 + j / 50).collect();
    back.sort_unstable();
    assert_eq!((found.support, back), (stars.clone(), stars));
}

/// A dense matrix says nothing of images: another search finds the same optimum.
#[test]
fn the_matrix_has_the_same_solution() {
    for (seed, boundary) in BOUNDARIES.into_iter().enumerate() {
        let kernel = star(1.0, 1.0);
        let operator = Convolution2d::new(kernel.as_ref(), (26, 24), boundary).unwrap();
        let (stars, brightness) = sky((26, 24), 24, 3.5, seed as u64);
        let norms = Access::new(&operator).column_norms();
        let visible: Vec<usize> = stars.into_iter().filter(|&j| norms[j] > 0.5 * norms[300]).take(6).collect();
        assert!(visible.len() >= 2, "{boundary:?}");
        let y = observed(&operator, &visible, &brightness[..visible.len()], 0.02, seed as u64);
        let matrix = dense_form(&operator);
        let dense = DenseOperator::new(matrix.as_ref());
        let k = visible.len();
        let (image, matrix) = (search(&operator, &y, k, Threads::One), search(&dense, &y, k, Threads::One));
        assert_eq!(image.support, matrix.support, "{boundary:?}");
        assert_close(&image.coefficients, &matrix.coefficients, 1e-9, "coefficients");
    }
}

#[test]
fn units_do_not_matter() {
    let kernel = star(1.5, 1.0);
    let (stars, brightness) = sky((40, 40), 14, 0.0, 8);
    let mut supports = vec![];
    for (of_kernel, of_data) in [(1.0, 1.0), (1e6, 1e-6), (1e-6, 1e-6), (-1e3, 1e6)] {
        let scaled = Mat::from_fn(kernel.nrows(), kernel.ncols(), |r, c| of_kernel * kernel[(r, c)]);
        let operator = Convolution2d::new(scaled.as_ref(), (40, 40), Boundary::Same).unwrap();
        let mut y = observed(&operator, &stars, &brightness, 0.03, 8);
        y.iter_mut().for_each(|y| *y *= of_data);
        supports.push(search(&operator, &y, 14, Threads::One).support);
    }
    assert!(supports.windows(2).all(|pair| pair[0] == pair[1]), "{supports:?}");
}

#[test]
fn complex_images_are_searched() {
    let kernel = star(1.5, 1.0);
    let turned = Mat::from_fn(kernel.nrows(), kernel.ncols(), |r, c| {
        C::from_polar(kernel[(r, c)], 0.05 * (r as f64) + 0.02 * (r * c) as f64)
    });
    let operator = Convolution2d::new(turned.as_ref(), (48, 48), Boundary::Same).unwrap();
    assert!(!operator.is_separable());
    let (stars, brightness) = sky((48, 48), 15, 2.0, 3);
    let x: Vec<C> = brightness.iter().zip(0..).map(|(&b, at)| C::from_polar(b, at as f64)).collect();
    let mut y = vec![C::ZERO; 48 * 48];
    Access::new(&operator).apply_sparse(&stars, &x, &mut y);
    let problem = Problem::new(&operator, &y, 15).unwrap();
    let found = Run::new(&problem, Search::default()).solve().unwrap();
    assert_eq!(found.support, stars);
    assert_close(&found.coefficients, &x, 1e-6, "coefficients");
}

/// Around a wide star there are too many pixels to try them all.
#[test]
fn wide_stars_are_found_too() {
    for seed in 0..4 {
        let kernel = star(4.0, 1.0);
        let image = (96, 96);
        let operator = Convolution2d::with_origin(kernel.as_ref(), image, Boundary::Same, (32, 32)).unwrap();
        let (stars, brightness) = sky(image, 14, 6.0, 200 + seed);
        let y = observed(&operator, &stars, &brightness, 0.02, seed);
        let found = search(&operator, &y, 14, Threads::One);
        let truth = fit_on(&operator, &y, &stars);
        assert!(found.residual_norm <= truth * (1.0 + 1e-12), "{seed}: {} {truth}", found.residual_norm);
    }
}
