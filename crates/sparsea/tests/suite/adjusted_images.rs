//! Images with weights, gaps, an intercept, fixed and excluded columns: tile by tile, against dense matrices and the truth.

use faer::Mat;
use rand::RngExt;
use sparsea::generate::{normal_vector, random_support, stream};
use sparsea::operator::pulse;
use sparsea::{
    Access, Adjusted, Adjustment, Boundary, Convolution2d, DenseOperator, LinearMap, Omp, Run, Scalar, Search,
    Solution, Start, Structure, Threads, algorithms::default_for,
};

use crate::adjusted::{Model, is_the_reduced_matrix};
use crate::common::{C, assert_close, dense_form, norm};

const BOUNDARIES: [Boundary; 4] = [Boundary::Full, Boundary::Same, Boundary::Valid, Boundary::Circular];

fn images_are_reduced<T: Scalar>() {
    let (image, length) = ((8, 7), (3, 4));
    let values: Vec<T> = normal_vector(&mut stream(1, 65, 0), 12);
    let (u, v): (Vec<T>, Vec<T>) = (values[..3].to_vec(), values[3..7].to_vec());
    let kernels = [Mat::from_fn(3, 4, |r, c| values[4 * r + c]), Mat::from_fn(3, 4, |r, c| u[r] * v[c])];
    for boundary in BOUNDARIES {
        for (kernel, seed) in kernels.iter().flat_map(|kernel| (0..6).map(move |seed| (kernel, seed))) {
            let blur = Convolution2d::new(kernel.as_ref(), image, boundary).unwrap();
            let a = dense_form(&blur);
            let (m, n) = LinearMap::<T>::shape(&blur);
            let model = Model::random(m, n, seed);
            is_the_reduced_matrix("image", &blur, &a, &model);
            // A gap which some columns lie in wholly, and weights of 1 around.
            let across = blur.seen_shape().1;
            let is_hidden = |i: usize| (1..1 + length.0).contains(&(i / across)) && i % across < length.1;
            let gap = (0..m).map(|i| if is_hidden(i) { 0.0 } else { 1.0 }).collect();
            // Beside fixed columns, others may be in their span to rounding.
            let model = Model { weights: Some(gap), fixed: vec![], ..model };
            is_the_reduced_matrix("image with a gap", &blur, &a, &model);
        }
    }
}

#[test]
fn images_are_weighted_and_projected_matrices() {
    images_are_reduced::<f64>();
    images_are_reduced::<C>();
}

fn star(sigma: f64) -> Mat<f64> {
    let line = pulse::gaussian(sigma).unwrap();
    Mat::from_fn(line.len(), line.len(), |i, j| line[i] * line[j])
}

#[test]
fn images_stay_images() {
    let blur = Convolution2d::new(star(1.0).as_ref(), (40, 50), Boundary::Same).unwrap();
    let mut weights = vec![1.0; 2000];
    weights[1025] = 0.0;
    let dead = Adjustment::default().weights(weights).excluded(vec![0]);
    let adjusted = Adjusted::new(&blur, &dead).unwrap();
    let Structure::Planar(planar) = adjusted.structure() else { panic!("planar") };
    // Columns that meet the dead pixel, (20, 25), are not alike.
    let reach = star(1.0).nrows() / 2;
    let is_far = |j: usize| (j / 50).abs_diff(20).max((j % 50).abs_diff(25)) > reach;
    let is_inside = |j: usize| (reach..40 - reach).contains(&(j / 50)) && (reach..50 - reach).contains(&(j % 50));
    assert!((0..2000).all(|j| planar.is_whole(j) == (is_far(j) && is_inside(j))));
    assert!((0..2000).all(|j| planar.is_left_out(j) == (j == 0)));
    let adjusted = Adjusted::new(&blur, &dead.intercept(true)).unwrap();
    let Structure::Projected(projected) = adjusted.structure() else { panic!("projected") };
    assert!(matches!(projected.inner().structure(), Structure::Planar(_)));
}

/// Weights of an image with dead pixels, a dead line and a hidden rectangle; where they are `general`, no two others are the same.
fn weights(seen: (usize, usize), general: bool, seed: u64) -> Vec<f64> {
    let rng = &mut stream(seed, 66, 0);
    let (height, width) = (seen.0 / 8, seen.1 / 6);
    let (top, left) = (rng.random_range(0..seen.0 - height), rng.random_range(0..seen.1 - width));
    let line = rng.random_range(0..seen.1);
    (0..seen.0 * seen.1)
        .map(|i| {
            let (row, column) = (i / seen.1, i % seen.1);
            let is_hidden = (top..top + height).contains(&row) && (left..left + width).contains(&column);
            let weight = if general { rng.random_range(0.5..2.0) } else { 1.0 };
            if is_hidden || column == line || rng.random_bool(0.02) { 0.0 } else { weight }
        })
        .collect()
}

/// Stars with more than a part `seen` of their light on pixels that count, and their brightness.
fn visible(operator: &Convolution2d<f64>, weights: &[f64], count: usize, seed: u64) -> (Vec<usize>, Vec<f64>) {
    let access = Access::new(operator);
    let rng = &mut stream(seed, 67, 0);
    let (whole, mut column) = (norm(star(1.5).col_as_slice(9)), vec![0.0; weights.len()]);
    let brightest = access.column_norms().into_iter().fold(whole, f64::max);
    let mut is_seen = |j: usize| {
        access.column(j, &mut column);
        let light = column.iter().zip(weights).map(|(v, &w)| if w > 0.0 { v * v } else { 0.0 }).sum::<f64>();
        light > 0.7 * brightest * brightest
    };
    let (_, n) = LinearMap::<f64>::shape(operator);
    let mut stars: Vec<usize> =
        random_support(rng, n, 3 * count).into_iter().filter(|&j| is_seen(j)).step_by(2).take(count).collect();
    stars.sort_unstable();
    let brightness = stars.iter().map(|_| rng.random_range(1.0..2.0)).collect();
    (stars, brightness)
}

fn search(adjusted: &Adjusted<'_, f64>, y: &[f64], k: usize, threads: Threads) -> Solution<f64> {
    let data = adjusted.reduce(y).unwrap();
    let found = Run::new(&adjusted.problem(&data, k).unwrap(), Search::default()).threads(threads).solve().unwrap();
    adjusted.complete(y, found).unwrap()
}

/// ‖r‖ of the fit on a support.
fn fit_on(adjusted: &Adjusted<'_, f64>, y: &[f64], support: &[usize]) -> f64 {
    let data = adjusted.reduce(y).unwrap();
    let problem = adjusted.problem(&data, support.len()).unwrap();
    let start = Start::Support(support.to_vec());
    Run::new(&problem, Omp::default()).start(start).solve().unwrap().residual_norm
}

/// What an image may have besides, and what that adds to the data: an offset, a gradient of the sky, a star that is known.
fn models(operator: &Convolution2d<f64>, weights: &[f64], seed: u64) -> [(Adjustment<f64>, Vec<f64>); 4] {
    let (seen, m) = (operator.seen_shape(), weights.len());
    let gradient: Vec<f64> = (0..m).map(|i| (i / seen.1) as f64 / seen.0 as f64 - 0.3).collect();
    let n = LinearMap::<f64>::shape(operator).1;
    let known = n / 2 + seed as usize;
    let mut star = vec![0.0; m];
    Access::new(operator).column(known, &mut star);
    let weighted = Adjustment::default().weights(weights.to_vec());
    let with_intercept = weighted.clone().intercept(true);
    [
        (weighted, vec![0.0; m]),
        (with_intercept.clone(), vec![30.0; m]),
        (with_intercept.clone().baselines(vec![gradient.clone()]), gradient.iter().map(|g| 20.0 - 40.0 * g).collect()),
        (with_intercept.fixed(vec![known]), star.iter().map(|v| 3.0 + 7.0 * v).collect()),
    ]
}

fn observed(operator: &Convolution2d<f64>, stars: &[usize], brightness: &[f64], noise: f64, seed: u64) -> Vec<f64> {
    let mut y = vec![0.0; LinearMap::<f64>::shape(operator).0];
    Access::new(operator).apply_sparse(stars, brightness, &mut y);
    let rms = norm(&y) / (y.len() as f64).sqrt();
    let errors: Vec<f64> = normal_vector(&mut stream(seed, 68, 0), y.len());
    y.iter_mut().zip(&errors).for_each(|(y, e)| *y += noise * rms * e);
    y
}

#[test]
fn stars_are_found_beside_gaps_and_a_sky() {
    for (seed, boundary) in (0..).zip(BOUNDARIES) {
        // Tiles of a periodic image must not meet around it.
        let image = if boundary == Boundary::Circular { (92, 90) } else { (64, 72) };
        let operator = Convolution2d::new(star(1.5).as_ref(), image, boundary).unwrap();
        let general = seed % 2 == 0;
        let weights = weights(operator.seen_shape(), general, seed);
        let (stars, brightness) = visible(&operator, &weights, 20, seed);
        for (at, (adjustment, added)) in models(&operator, &weights, seed).into_iter().enumerate() {
            let what = format!("{boundary:?} {general} {at}");
            let adjusted = Adjusted::new(&operator, &adjustment).unwrap();
            assert_eq!(default_for(&*adjusted, stars.len()), "search");
            let noise = if general == (at % 2 == 0) { 0.0 } else { 0.05 };
            let mut y = observed(&operator, &stars, &brightness, noise, seed);
            y.iter_mut().zip(&added).for_each(|(y, v)| *y += v);
            // What is in a gap does not matter.
            y.iter_mut().zip(&weights).filter(|(_, w)| **w == 0.0).for_each(|(y, _)| *y = 1e3);
            let found = search(&adjusted, &y, stars.len(), Threads::One);
            let truth = fit_on(&adjusted, &y, &stars);
            let allowed = truth * (1.0 + 1e-9) + 1e-7 * norm(&adjusted.reduce(&y).unwrap());
            assert!(found.residual_norm <= allowed, "{what} {noise}: {} {truth}", found.residual_norm);
            if noise == 0.0 {
                assert_eq!(found.support, stars, "{what}");
                assert_close(&found.coefficients, &brightness, 1e-6, &what);
            }
        }
    }
}

/// A dense matrix says nothing of images: another search finds the same optimum.
#[test]
fn the_matrix_has_the_same_solution() {
    for (seed, boundary) in (0..).zip(BOUNDARIES) {
        let operator = Convolution2d::new(star(1.0).as_ref(), (26, 28), boundary).unwrap();
        let matrix = dense_form(&operator);
        let dense = DenseOperator::new(matrix.as_ref());
        let weights = weights(operator.seen_shape(), true, seed);
        let (stars, brightness) = visible(&operator, &weights, 6, seed);
        for (adjustment, added) in models(&operator, &weights, seed) {
            let mut y = observed(&operator, &stars, &brightness, 0.05, seed);
            y.iter_mut().zip(&added).for_each(|(y, v)| *y += v);
            let [image, other] = [&operator as &dyn LinearMap<f64>, &dense]
                .map(|map| search(&Adjusted::new(map, &adjustment).unwrap(), &y, stars.len(), Threads::One));
            assert_eq!(image.support, other.support, "{boundary:?}");
            assert_close(&image.coefficients, &other.coefficients, 1e-9, "coefficients");
            assert_close(&[image.residual_norm], &[other.residual_norm], 1e-9, "‖r‖");
        }
    }
}

#[test]
fn threads_do_not_change_the_answer() {
    let operator = Convolution2d::new(star(1.5).as_ref(), (60, 50), Boundary::Same).unwrap();
    let weights = weights((60, 50), true, 3);
    let (stars, brightness) = visible(&operator, &weights, 20, 3);
    for (adjustment, added) in models(&operator, &weights, 3) {
        let mut y = observed(&operator, &stars, &brightness, 0.1, 3);
        y.iter_mut().zip(&added).for_each(|(y, v)| *y += v);
        let adjusted = Adjusted::new(&operator, &adjustment).unwrap();
        let [one, pool] = [Threads::One, Threads::Pool].map(|threads| search(&adjusted, &y, 20, threads));
        assert_eq!((&one.support, &one.coefficients), (&pool.support, &pool.coefficients));
    }
}

/// Excluded pixels are not chosen, and what lies in a gap alone cannot be.
#[test]
fn pixels_that_are_left_out_stay_out() {
    let operator = Convolution2d::new(star(1.5).as_ref(), (48, 48), Boundary::Same).unwrap();
    let (stars, brightness) = visible(&operator, &vec![1.0; 48 * 48], 15, 4);
    let y = observed(&operator, &stars, &brightness, 0.02, 4);
    let adjusted = Adjusted::new(&operator, &Adjustment::default().excluded(stars[..3].to_vec())).unwrap();
    let found = search(&adjusted, &y, 15, Threads::One);
    assert!(stars[..3].iter().all(|star| !found.support.contains(star)));
    assert!(stars[3..].iter().filter(|star| found.support.contains(star)).count() >= 8);
}
