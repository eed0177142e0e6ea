//! Rank-aware selection for joint supports: against a transcription, and where its theory says that it finds the support.

use crate::blocks::{names, observed};
use crate::common::{C, norm, product, svd_fit};
use faer::Mat;
use serde_json::json;
use sparsea::generate::{gaussian_matrix, random_support, stream};
use sparsea::{Chain, DenseOperator, NonNegative, Problem, Run, Scalar, Solution};

/// Runs an algorithm with rank-aware selection.
fn rank_aware<T: Scalar>(problem: &Problem<'_, T>, name: &str, tolerance: f64) -> Result<Solution<T>, sparsea::Error> {
    let settings = json!({ "rank_aware": true, "rank_tolerance": tolerance });
    Run::with_chain(problem, Chain::parse(name, settings.as_object().unwrap())?).solve()
}

/// RA-OMP, or RA-ORMP if `orthogonal`, written out: singular vectors of the residuals, and distances by least squares.
fn transcription<T: Scalar>(a: &Mat<T>, data: &[T], k: usize, tolerance: f64, orthogonal: bool) -> Vec<usize> {
    let (m, n) = a.shape();
    let column = |j: usize| a.col_as_slice(j);
    let mut support: Vec<usize> = vec![];
    for _ in 0..k {
        let mut residual = Mat::zeros(m, data.len() / m);
        for (b, y) in data.chunks(m).enumerate() {
            let z = product(a, &support, &svd_fit(a, y, &support).0);
            (0..m).for_each(|i| residual[(i, b)] = y[i] - z[i]);
        }
        let svd = residual.thin_svd().unwrap();
        let values = svd.S().column_vector();
        let rank = (0..values.nrows()).filter(|&c| values[c].real() > tolerance * norm(data)).count();
        if rank == 0 {
            break;
        }
        let score = |j: usize| {
            let pull: f64 =
                (0..rank).map(|c| (0..m).map(|i| Scalar::conj(a[(i, j)]) * svd.U()[(i, c)]).sum::<T>().abs2()).sum();
            let distance = if orthogonal { svd_fit(a, column(j), &support).1 } else { norm(column(j)) };
            pull / (distance * distance)
        };
        let off = (0..n).filter(|j| !support.contains(j));
        support.push(off.max_by(|&i, &j| score(i).total_cmp(&score(j))).unwrap());
    }
    support.sort_unstable();
    support
}

fn is_transcribed<T: Scalar>() {
    let mut differ = 0;
    for seed in 0..30 {
        let (m, n, sides, k) = (12, 30, [2, 4, 5][seed as usize % 3], 5);
        let a = gaussian_matrix::<T>(&mut stream(seed, 80, 0), m, n);
        let planted = random_support(&mut stream(seed, 81, 0), n, 4);
        // Without noise the planted columns would tie.
        let noise = if seed % 2 == 0 { 0.2 } else { 0.02 };
        let data = observed(&a, &planted, sides, noise, seed);
        let operator = DenseOperator::new(a.as_ref());
        for tolerance in [1e-6, 0.15] {
            let problem = Problem::joint(&operator, &data, sides, k).unwrap();
            let plain =
                Run::with_chain(&problem, Chain::parse("omp", &serde_json::Map::new()).unwrap()).solve().unwrap();
            for (name, orthogonal) in [("omp", false), ("ols", true)] {
                let found = rank_aware(&problem, name, tolerance).unwrap().support;
                let expected = transcription(&a, &data, k, tolerance, orthogonal);
                assert_eq!(found, expected, "{name}, seed {seed}, tolerance {tolerance}");
                differ += usize::from(found != plain.support);
            }
        }
    }
    assert!(differ > 10, "{differ}");
}

#[test]
fn rank_aware_selection_is_that_of_davies_and_eldar() {
    is_transcribed::<f64>();
    is_transcribed::<C>();
}

/// With m = k + 1 rows and k right-hand sides of rank k, where MUSIC identifies the support, RA-ORMP finds it and simultaneous OMP
/// does not; the scales of the right-hand sides do not matter.
#[test]
fn ols_by_rank_finds_what_music_identifies() {
    let (k, n) = (5, 24);
    let (mut by_rank, mut plain) = (0, 0);
    for seed in 0..100 {
        let a = gaussian_matrix::<f64>(&mut stream(seed, 82, 0), k + 1, n);
        let planted = random_support(&mut stream(seed, 83, 0), n, k);
        let mut data = observed(&a, &planted, k, 0.0, seed);
        data.chunks_mut(k + 1).enumerate().for_each(|(b, y)| y.iter_mut().for_each(|y| *y *= 4f64.powi(-(b as i32))));
        let operator = DenseOperator::new(a.as_ref());
        let problem = Problem::joint(&operator, &data, k, k).unwrap();
        by_rank += usize::from(rank_aware(&problem, "ols", 1e-6).unwrap().support == planted);
        let chain = Chain::parse("omp", &serde_json::Map::new()).unwrap();
        plain += usize::from(Run::with_chain(&problem, chain).solve().unwrap().support == planted);
    }
    assert!(by_rank >= 95 && plain <= 50, "{by_rank} and {plain} of 100");
}

/// The residual of one right-hand side is its own basis; bounds have signs, which a basis has not.
#[test]
fn one_right_hand_side_has_no_rank_and_bounds_are_refused() {
    let a = gaussian_matrix::<f64>(&mut stream(3, 84, 0), 12, 30);
    let data = observed(&a, &[2, 7, 11, 20], 2, 0.1, 3);
    let operator = DenseOperator::new(a.as_ref());
    let single = Problem::new(&operator, &data[..12], 4).unwrap();
    for name in ["omp", "ols"] {
        assert!(names(&single).contains(&name));
        let chain = Chain::parse(name, &serde_json::Map::new()).unwrap();
        let plain = Run::with_chain(&single, chain).solve().unwrap();
        let found = rank_aware(&single, name, 1e-6).unwrap();
        assert_eq!((found.support, found.coefficients), (plain.support, plain.coefficients));
        let bounded = Problem::joint(&operator, &data, 2, 4).unwrap().with_domain(&NonNegative).unwrap();
        let message = rank_aware(&bounded, name, 1e-6).unwrap_err().to_string();
        assert_eq!(message, format!("{name} needs the squared loss and coefficients of any value"));
        let message = rank_aware(&single, name, 1.0).unwrap_err().to_string();
        assert_eq!(message, format!("{name}: rank_tolerance must be at least 0 and below 1, got 1"));
    }
}
