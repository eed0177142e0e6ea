//! The problems whose solutions are recorded in `recorded.json`, and their solutions as they are now. Part of the test that compares
//! them, and of the example that writes them.

use faer::sparse::{SparseColMat, Triplet};
use num_complex::Complex;
use serde::{Deserialize, Serialize};
use serde_json::Map;
use sparsea::algorithms::registry;
use sparsea::generate::{
    correlated_matrix, deconvolution_problem, gaussian_matrix, normal_vector, partial_fourier_matrix, random_support,
    step_matrix, stream,
};
use sparsea::{Access, Boundary, Chain, DenseOperator, Halt, LinearMap, Problem, Run, Scalar, SparseOperator};

/// One solution.
#[derive(PartialEq, Serialize, Deserialize)]
pub struct Record {
    pub problem: String,
    pub algorithm: String,
    pub support: Vec<usize>,
    /// Real and imaginary parts.
    pub coefficients: Vec<(f64, f64)>,
    /// ‖y − A x‖ / ‖y‖.
    pub relative_residual: f64,
}

struct Recorder {
    records: Vec<Record>,
    /// Tells problems apart.
    seed: u64,
}

impl Recorder {
    /// Runs `algorithms` on y = A x + noise with k entries of x non-zero.
    fn solve<T: Scalar>(
        &mut self,
        problem: &str,
        operator: &dyn LinearMap<T>,
        k: usize,
        noise: f64,
        algorithms: &[&str],
    ) {
        self.seed += 1;
        let access = Access::new(operator);
        let mut rng = stream(77, self.seed, 0);
        let support = random_support(&mut rng, access.ncols(), k);
        let amplitudes: Vec<T> = normal_vector(&mut rng, k);
        let mut y = vec![T::ZERO; access.nrows()];
        access.apply_sparse(&support, &amplitudes, &mut y);
        let length = y.iter().map(|y| y.abs2()).sum::<f64>().sqrt();
        let errors: Vec<T> = normal_vector(&mut rng, y.len());
        let level = noise * length / (y.len() as f64).sqrt();
        y.iter_mut().zip(errors).for_each(|(y, error)| *y += error.scale(level));
        self.record(problem, operator, &y, k, algorithms);
    }

    fn record<T: Scalar>(
        &mut self,
        problem: &str,
        operator: &dyn LinearMap<T>,
        y: &[T],
        k: usize,
        algorithms: &[&str],
    ) {
        let posed = Problem::new(operator, y, k).unwrap();
        // The lasso is made for real numbers only.
        for &algorithm in
            algorithms.iter().filter(|&&algorithm| !(T::IS_COMPLEX && matches!(algorithm, "lasso" | "bp")))
        {
            let run = Run::with_chain(&posed, Chain::parse(algorithm, &Map::new()).unwrap());
            let solution = run.halt(Halt::Iterations(100)).solve().unwrap();
            self.records.push(Record {
                problem: problem.to_owned(),
                algorithm: algorithm.to_owned(),
                support: solution.support,
                coefficients: solution.coefficients.iter().map(|x| (x.real(), x.imag())).collect(),
                relative_residual: solution.relative_residual,
            });
        }
    }
}

/// The solution of every problem by every algorithm, made now.
pub fn records() -> Vec<Record> {
    let names: Vec<&str> =
        registry::<f64>().iter().filter(|entry| entry.needs.operator().is_none()).map(|entry| entry.name).collect();
    let mut all = names.clone();
    all.extend(["omp+sea", "els+sea"]);
    let mut recorder = Recorder { records: vec![], seed: 0 };
    let mut rng = stream(77, 0, 1);
    for (m, n, k, noise) in [(24, 48, 5, 0.0), (32, 64, 12, 0.02), (60, 240, 16, 0.05), (80, 80, 20, 0.1)] {
        let a = gaussian_matrix::<f64>(&mut rng, m, n);
        recorder.solve(&format!("Gaussian {m} × {n}"), &DenseOperator::new(a.as_ref()), k, noise, &all);
    }
    let a = gaussian_matrix::<Complex<f64>>(&mut rng, 24, 48);
    recorder.solve("complex Gaussian 24 × 48", &DenseOperator::new(a.as_ref()), 6, 0.02, &all);
    let a = partial_fourier_matrix(&mut rng, 30, 64);
    recorder.solve("partial Fourier 30 × 64", &DenseOperator::new(a.as_ref()), 7, 0.02, &all);
    let a = correlated_matrix(&mut rng, 50, 120, 0.9);
    recorder.solve("correlated 50 × 120", &DenseOperator::new(a.as_ref()), 8, 0.01, &all);
    let a = step_matrix(80);
    recorder.solve("steps 80 × 80", &DenseOperator::new(a.as_ref()), 6, 0.02, &all);
    let mut entries = vec![];
    for j in 0..150 {
        for (i, value) in random_support(&mut rng, 100, 4).into_iter().zip(normal_vector::<f64>(&mut rng, 4)) {
            entries.push(Triplet::new(i, j, value));
        }
    }
    let a = SparseColMat::try_new_from_triplets(100, 150, &entries).unwrap();
    recorder.solve("sparse 100 × 150", &SparseOperator::new(a.as_ref()), 12, 0.02, &all);
    for boundary in [Boundary::Full, Boundary::Circular] {
        let instance = deconvolution_problem(&mut rng, 120, 8, 2.0, boundary, 0.02).unwrap();
        let name = format!("deconvolution of 120 samples, {boundary:?}");
        recorder.record(&name, &instance.operator, &instance.data, 8, &all);
    }
    // Enough columns to go through the factor in other ways, and enough samples to be fitted cluster by cluster.
    let a = gaussian_matrix::<f64>(&mut rng, 300, 600);
    recorder.solve(
        "Gaussian 300 × 600",
        &DenseOperator::new(a.as_ref()),
        80,
        0.1,
        &["omp", "ols", "sea", "ompr", "htp"],
    );
    let instance = deconvolution_problem(&mut rng, 20_000, 250, 3.0, Boundary::Full, 0.01).unwrap();
    let few = ["sea", "htp", "iht"];
    recorder.record("deconvolution of 20 000 samples", &instance.operator, &instance.data, 250, &few);
    recorder.records
}
