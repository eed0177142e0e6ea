//! Exhaustive local search: nothing is left to exchange, and hard problems are solved by it.

use crate::common::{C, KINDS, Kind, matrix, normalized, observed, run, svd_fit};
use serde_json::Map;
use sparsea::generate::{Amplitudes, correlated_matrix, observe, stream};
use sparsea::metrics::exact;
use sparsea::{Chain, DenseOperator, Problem, Scalar, Start, improve};

fn nothing_is_left_to_exchange<T: Scalar>() {
    for kind in KINDS {
        for seed in 0..6 {
            let (m, n, k) = [(20, 26, 4), (26, 26, 1), (16, 30, 7)][seed as usize % 3];
            let a = normalized(&matrix::<T>(kind, if kind == Kind::Convolution { n } else { m }, n, 90 + seed));
            let y = observed(&a, k, seed);
            let operator = DenseOperator::new(a.as_ref());
            let problem = Problem::new(&operator, &y, k).unwrap();
            let starts = [
                Start::Zero,
                Start::Support((0..k).collect()),
                Start::Random(seed),
                Start::Chain(Chain::parse("htp", &Map::new()).unwrap()),
            ];
            for start in starts {
                let solution = run(&problem, "els", start.clone(), None);
                assert_eq!(solution.support.len(), k);
                for leaving in 0..k {
                    for entering in (0..n).filter(|i| !solution.support.contains(i)) {
                        let mut exchanged = solution.support.clone();
                        exchanged[leaving] = entering;
                        exchanged.sort_unstable();
                        let residual_norm = svd_fit(&a, &y, &exchanged).1;
                        assert!(
                            residual_norm >= solution.residual_norm * (1.0 - 1e-9),
                            "{kind:?} seed {seed} from {start:?}: {exchanged:?} is better than {solution:?}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn nothing_is_left_to_exchange_real() {
    nothing_is_left_to_exchange::<f64>();
}

#[test]
fn nothing_is_left_to_exchange_complex() {
    nothing_is_left_to_exchange::<C>();
}

/// 200 × 1000, neighbouring columns correlated at .95, every 40th coefficient 1: OMP fails, exchanges from its answer
/// recover the support in every run.
#[test]
fn exchanges_recover_supports_of_highly_correlated_columns() {
    let truth: Vec<usize> = (0..25).map(|i| 40 * i).collect();
    let mut by_omp = 0;
    for seed in 0..20 {
        let a = correlated_matrix(&mut stream(seed, 40, 0), 200, 1000, 0.95);
        let mut y = vec![0.0; 200];
        for &j in &truth {
            (0..200).for_each(|i| y[i] += a[(i, j)]);
        }
        let operator = DenseOperator::new(a.as_ref());
        let problem = Problem::new(&operator, &y, 25).unwrap();
        by_omp += usize::from(exact(&truth, &run(&problem, "omp", Start::Zero, None).support));
        let solution = run(&problem, "omp+els", Start::Zero, None);
        assert_eq!(solution.support, truth, "seed {seed}");
        assert!(solution.relative_residual < 1e-10);
    }
    assert!(by_omp < 20, "the problem is too easy to mean anything");
}

/// What another method found is kept or improved, whatever form it comes in.
#[test]
fn improving_is_never_worse() {
    for seed in 0..10 {
        let k = 6;
        let matrix = correlated_matrix(&mut stream(seed, 41, 0), 40, 80, 0.9);
        let instance = observe(
            &mut stream(seed, 41, 1),
            matrix,
            |a| Box::new(DenseOperator::new(a.as_ref())),
            k,
            Amplitudes::Bounded,
            0.1,
        )
        .unwrap();
        let operator = DenseOperator::new(instance.operator.as_ref());
        let problem = Problem::new(&operator, &instance.data, k).unwrap();
        for word in ["omp", "lasso", "iht", "htp"] {
            let given = run(&problem, word, Start::Zero, None);
            let fitted = svd_fit(&instance.operator, &instance.data, &given.support).1;
            for start in [Start::Support(given.support.clone()), Start::Vector(given.to_dense())] {
                let better = improve(&problem, start).unwrap();
                assert!(better.residual_norm <= fitted * (1.0 + 1e-10), "{word} seed {seed}");
                assert!(better.residual_norm <= given.residual_norm * (1.0 + 1e-10), "{word} seed {seed}");
                assert_eq!(better.algorithm, "search");
            }
        }
        let truth = improve(&problem, Start::Support(instance.support.clone())).unwrap();
        let fitted = svd_fit(&instance.operator, &instance.data, &instance.support).1;
        assert!(truth.residual_norm <= fitted * (1.0 + 1e-10));
    }
}
