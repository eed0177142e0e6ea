//! One problem of a study, generated from its address alone, and the outcome of each algorithm on it.

use std::sync::Arc;

use faer::Mat;
use sparsea::generate::{
    bernoulli_matrix, correlated_matrix, equicorrelated_matrix, gaussian_matrix, observe, observe_values,
    partial_cosine_matrix, partial_fourier_matrix, random_amplitudes, stream,
};
use sparsea::metrics::{Segments, exact, segments, support_distance};
use sparsea::operator::pulse;
use sparsea::{
    Boundary, Chain, Convolution, DenseOperator, LinearMap, NonNegative, Problem, Run, Scalar, Start, Steps,
    StopReason, Threads,
};

use super::{Cell, Family, Method, Study};
use crate::error::LabError;

/// The outcome of one algorithm on one problem.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome {
    /// Share of the true support that was missed.
    pub distance: f64,
    /// Whether the support was recovered exactly.
    pub exact: bool,
    /// The comparison with the truth segment by segment, if the study asks for it.
    pub segments: Option<Segments>,
    /// ‖y − A x‖/‖y‖.
    pub relative_residual: f64,
    /// Iterations of the last algorithm of the chain.
    pub iterations: u64,
    /// The iteration that reached the solution.
    pub best_iteration: u64,
    /// Distinct supports that the run visited.
    pub supports_explored: u64,
    /// Why it ended.
    pub stop_reason: StopReason,
    /// Wall time, from the start of a cold run.
    pub seconds: f64,
}

enum Form<T: Scalar> {
    Dense(Mat<T>),
    Shared(Arc<Mat<T>>),
    Convolution(Convolution<T>),
    Steps(Steps),
}

impl<T: Scalar> Form<T> {
    fn operator(&self) -> Box<dyn LinearMap<T> + '_> {
        match self {
            Self::Dense(matrix) => Box::new(DenseOperator::new(matrix.as_ref())),
            Self::Shared(matrix) => Box::new(DenseOperator::new(matrix.as_ref().as_ref())),
            Self::Convolution(convolution) => Box::new(convolution),
            Self::Steps(steps) => Box::new(steps),
        }
    }
}

/// Runs the `methods` (positions in the study's list) on run number `run` of `cell`. Results are the same bit for bit at any time, on any
/// machine and on any number of threads, except for the seconds and for runs that a time limit cuts short.
///
/// # Errors
/// [`LabError::Problem`] if the library refuses the problem.
pub fn run_cell(study: &Study, cell: &Cell, run: u64, methods: &[usize]) -> Result<Vec<Outcome>, LabError> {
    let failed = |source: sparsea::Error| LabError::Problem { what: format!("{cell}, run {run}"), source };
    // A and the rest have streams of their own.
    let rng = &mut stream(study.seed, cell.address(), 2 * run);
    let (m, n) = (cell.rows, cell.columns);
    let parameter = cell.parameter.unwrap_or(0.0);
    if cell.family == Family::PartialFourier {
        let form = Form::Dense(partial_fourier_matrix(rng, m, n));
        return solve(study, cell, run, methods, form, |method| method.complex.as_ref()).map_err(failed);
    }
    let form = match (cell.family, &study.matrix) {
        (Family::Bernoulli, _) => Form::Dense(bernoulli_matrix(rng, m, n)),
        (Family::PartialCosine, _) => Form::Dense(partial_cosine_matrix(rng, m, n)),
        (Family::GaussianFilter, _) => {
            let kernel = pulse::gaussian(parameter).map_err(failed)?;
            Form::Convolution(Convolution::new(&kernel, n, Boundary::Full).map_err(failed)?)
        }
        (Family::ExponentialFilter, _) => {
            let kernel = pulse::exponential(parameter).map_err(failed)?;
            Form::Convolution(Convolution::new(&kernel, n, Boundary::Full).map_err(failed)?)
        }
        (Family::Autoregressive, _) => Form::Dense(correlated_matrix(rng, m, n, parameter)),
        (Family::Equicorrelated, _) => Form::Dense(equicorrelated_matrix(rng, m, n, parameter)),
        (Family::Steps, _) => Form::Steps(Steps::new(n).map_err(failed)?),
        (Family::Matrix, Some(matrix)) => Form::Shared(Arc::clone(matrix)),
        (Family::Gaussian | Family::Matrix | Family::PartialFourier, _) => Form::Dense(gaussian_matrix(rng, m, n)),
    };
    solve(study, cell, run, methods, form, |method| method.real.as_ref()).map_err(failed)
}

fn solve<T: Scalar>(
    study: &Study,
    cell: &Cell,
    run: u64,
    methods: &[usize],
    form: Form<T>,
    chain_of: impl Fn(&Method) -> Option<&Chain<T>>,
) -> Result<Vec<Outcome>, sparsea::Error> {
    let rng = &mut stream(study.seed, cell.address(), 2 * run + 1);
    let noise = cell.snr_db.map_or(0.0, |snr| 10f64.powf(-snr / 20.0));
    let instance = observe(rng, form, |form| form.operator(), cell.sparsity, study.coefficients.into(), noise)?;
    let operator = instance.operator.operator();
    let problem = Problem::new(&*operator, &instance.data, cell.sparsity)?;
    // Other vectors of data with the same support, for those that are given several.
    let most = methods.iter().map(|&at| study.methods[at].right_hand_sides).max().unwrap_or(1);
    let mut data = instance.data.clone();
    for _ in 1..most {
        let values = random_amplitudes(rng, cell.sparsity, study.coefficients.into());
        data.extend(observe_values(rng, &*operator, &instance.support, &values, noise)?);
    }
    let mut outcomes = Vec::with_capacity(methods.len());
    for &at in methods {
        let method = &study.methods[at];
        let Some(chain) = chain_of(method) else { continue };
        // Many runs are made at the same time.
        let mut problem = match method.right_hand_sides {
            1 => problem.clone(),
            sides => {
                let rows = instance.data.len() * sides;
                Problem::joint(&*operator, data.get(..rows).unwrap_or_default(), sides, cell.sparsity)?
            }
        };
        if method.nonnegative {
            problem = problem.with_domain(&NonNegative)?;
        }
        let mut one = Run::with_chain(&problem, chain.clone()).start(Start::Zero).threads(Threads::One);
        if let Some(halt) = &method.halt {
            one = one.halt(halt.clone());
        }
        let solution = one.solve()?;
        let compared = study
            .segments
            .map(|rule| segments(&*operator, &instance.data, &instance.support, &solution, rule.gap))
            .transpose()?;
        outcomes.push(Outcome {
            distance: support_distance(&instance.support, &solution.support),
            exact: exact(&instance.support, &solution.support),
            segments: compared,
            relative_residual: solution.relative_residual,
            iterations: solution.iterations,
            best_iteration: solution.best_iteration,
            supports_explored: solution.supports_explored as u64,
            stop_reason: solution.stop_reason,
            seconds: solution.elapsed.as_secs_f64(),
        });
    }
    Ok(outcomes)
}
