//! Against the best of all supports, for small n.

use crate::common::{C, KINDS, Kind, all_supports, entries, matrix, product, svd_fit};
use serde_json::Map;
use sparsea::generate::{normal_vector, random_support, stream};
use sparsea::metrics::exact;
use sparsea::{Chain, DenseOperator, Problem, Run, Scalar};

fn no_algorithm_beats_the_optimum<T: Scalar>() {
    for kind in KINDS {
        for seed in 0..12 {
            let (m, n, k) = [(8, 12, 3), (10, 14, 2), (14, 14, 4)][seed as usize % 3];
            let a = matrix::<T>(kind, if kind == Kind::Convolution { n } else { m }, n, seed);
            let y: Vec<T> = normal_vector(&mut stream(seed, 5, 0), a.nrows());
            let optimum =
                all_supports(n, k).iter().map(|support| svd_fit(&a, &y, support).1).fold(f64::INFINITY, f64::min);
            let operator = DenseOperator::new(a.as_ref());
            let problem = Problem::new(&operator, &y, k).unwrap();
            for entry in entries::<T>() {
                let chain = Chain::parse(entry.name, &Map::new()).unwrap();
                let solution = Run::with_chain(&problem, chain).solve().unwrap();
                assert!(
                    solution.residual_norm >= optimum * (1.0 - 1e-9),
                    "{} {kind:?} seed {seed}: {} < {optimum}",
                    entry.name,
                    solution.residual_norm
                );
            }
        }
    }
}

#[test]
fn no_algorithm_beats_the_optimum_real() {
    no_algorithm_beats_the_optimum::<f64>();
}

#[test]
fn no_algorithm_beats_the_optimum_complex() {
    no_algorithm_beats_the_optimum::<C>();
}

/// With orthonormal columns every support of the largest correlations is optimal, and all algorithms find it.
#[test]
fn orthonormal_columns_are_solved_by_all() {
    for seed in 0..10 {
        let a = matrix::<f64>(Kind::Gaussian, 12, 12, seed).qr().compute_thin_Q();
        let y: Vec<f64> = normal_vector(&mut stream(seed, 6, 0), 12);
        let optimum = all_supports(12, 3).into_iter().map(|s| svd_fit(&a, &y, &s).1).fold(f64::INFINITY, f64::min);
        let operator = DenseOperator::new(a.as_ref());
        let problem = Problem::new(&operator, &y, 3).unwrap();
        for entry in entries::<f64>() {
            let chain = Chain::parse(entry.name, &Map::new()).unwrap();
            let solution = Run::with_chain(&problem, chain).solve().unwrap();
            assert!((solution.residual_norm - optimum).abs() < 1e-9, "{} seed {seed}", entry.name);
        }
    }
}

/// Few non-zeros, many incoherent rows, no noise: OMP and SEA recover the support, which brute force confirms.
#[test]
fn omp_and_sea_reach_the_optimum_on_well_conditioned_problems() {
    for seed in 0..30 {
        let (m, n, k) = (40, 14, 3);
        let a = matrix::<f64>(Kind::Gaussian, m, n, seed);
        let mut rng = stream(seed, 7, 0);
        let truth = random_support(&mut rng, n, k);
        let y = product(&a, &truth, &[2.0, -1.0, 1.5]);
        let best = all_supports(n, k).into_iter().min_by(|s, t| svd_fit(&a, &y, s).1.total_cmp(&svd_fit(&a, &y, t).1));
        assert_eq!(best.as_ref(), Some(&truth));
        let operator = DenseOperator::new(a.as_ref());
        let problem = Problem::new(&operator, &y, k).unwrap();
        for name in ["omp", "sea", "omp+sea"] {
            let solution = Run::with_chain(&problem, Chain::parse(name, &Map::new()).unwrap()).solve().unwrap();
            assert!(exact(&truth, &solution.support), "{name} seed {seed}");
            assert!(solution.relative_residual < 1e-13);
        }
    }
}

fn exhaustive_search_finds_the_optimum<T: Scalar>() {
    for kind in KINDS {
        for seed in 0..6 {
            let (n, k) = [(9, 1), (10, 3), (8, 4)][seed as usize % 3];
            let a = matrix::<T>(kind, n, n, 40 + seed);
            let y: Vec<T> = normal_vector(&mut stream(seed, 12, 0), n);
            let operator = DenseOperator::new(a.as_ref());
            let problem = Problem::new(&operator, &y, k).unwrap();
            let found = sparsea::exhaustive::best_support(&problem, 1e9).unwrap();
            let least = all_supports(n, k).iter().map(|s| svd_fit(&a, &y, s).1).fold(f64::INFINITY, f64::min);
            assert!(svd_fit(&a, &y, &found).1 <= least * (1.0 + 1e-9), "{kind:?} seed {seed}");
        }
    }
}

#[test]
fn exhaustive_search_is_the_optimum() {
    exhaustive_search_finds_the_optimum::<f64>();
    exhaustive_search_finds_the_optimum::<C>();
    let a = matrix::<f64>(Kind::Gaussian, 40, 60, 1);
    let y: Vec<f64> = normal_vector(&mut stream(1, 12, 1), 40);
    let operator = DenseOperator::new(a.as_ref());
    let problem = Problem::new(&operator, &y, 20).unwrap();
    let refusal = sparsea::exhaustive::best_support(&problem, 1e9).unwrap_err().to_string();
    assert!(refusal.starts_with("trying all supports would take"), "{refusal}");
}
