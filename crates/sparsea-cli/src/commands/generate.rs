//! `sparsea generate`: problems whose truth is known, as files.

use std::process::ExitCode;

use faer::Mat;
use sparsea::generate::{self, Amplitudes, Instance, stream};
use sparsea::operator::pulse;
use sparsea::{Boundary, DenseOperator, Operator};

use crate::cli::{Failure, Family, Generate};
use crate::export;
use crate::input::{Matrix, Vector};

/// The largest A, in entries, that is made.
const LARGEST: usize = 1 << 28;

pub fn run(arguments: &Generate) -> Result<ExitCode, Failure> {
    let &Generate { family, rows, columns, sparsity, noise, sigma, rho, seed, .. } = arguments;
    let n = columns.unwrap_or(match family {
        Family::Deconvolution => 500,
        Family::Steps => 300,
        _ => 256,
    });
    let own_rows = matches!(family, Family::Deconvolution | Family::Steps);
    if own_rows && rows.is_some() {
        return Err(Failure::Message("--rows: the rows of this kind of problem follow from its columns".into()));
    }
    let m = rows.unwrap_or(n.div_ceil(2));
    if n == 0 || m == 0 || m.checked_mul(n).is_none_or(|entries| entries > LARGEST) {
        return Err(Failure::Message(format!("A must have between 1 and {LARGEST} entries, got {m} × {n}")));
    }
    let mut rng = stream(seed, 0, 0);
    let mut kernel = None;
    let (matrix, amplitudes) = match family {
        Family::Gaussian => (generate::gaussian_matrix(&mut rng, m, n), Amplitudes::Normal),
        Family::Bernoulli => (generate::bernoulli_matrix(&mut rng, m, n), Amplitudes::Normal),
        Family::Correlated => (generate::correlated_matrix(&mut rng, m, n, rho), Amplitudes::Ones),
        Family::Steps => (generate::step_matrix(n), Amplitudes::Bounded),
        Family::Deconvolution => {
            let shape = pulse::gaussian(sigma)?;
            if (n + shape.len()).checked_mul(n).is_none_or(|entries| entries > LARGEST) {
                return Err(Failure::Message(format!("A must have at most {LARGEST} entries; choose fewer columns")));
            }
            let a = sparsea::Convolution::new(&shape, n, Boundary::Full)?;
            let mut matrix = Mat::zeros(a.nrows(), n);
            a.columns(&(0..n).collect::<Vec<_>>(), matrix.as_mut());
            kernel = Some(shape);
            (matrix, Amplitudes::Bounded)
        }
    };
    let Instance { operator: matrix, data, support, coefficients } =
        generate::observe(&mut rng, matrix, dense, sparsity, amplitudes, noise)?;
    let mut x = vec![0.0; n];
    for (&j, &value) in support.iter().zip(&coefficients) {
        x[j] = value;
    }
    export::make_folder(&arguments.out)?;
    let file = |name: &str| arguments.out.join(format!("{name}.{}", arguments.format.extension()));
    let m = matrix.nrows();
    export::write_matrix(&file("A"), &Matrix::Dense(matrix.into()))?;
    export::write_vector(&file("y"), &Vector::Real(data))?;
    export::write_vector(&file("x"), &Vector::Real(x))?;
    export::write_indices(&file("support"), &support)?;
    let mut written = vec![file("A"), file("y"), file("x"), file("support")];
    if let Some(kernel) = kernel {
        export::write_vector(&file("kernel"), &Vector::Real(kernel))?;
        written.push(file("kernel"));
    }
    let written: Vec<String> = written.iter().map(|path| path.display().to_string()).collect();
    // Only now: whoever reads this may go away, and the files are there all the same.
    say!("A is {m} × {n}, k = {sparsity}, noise {noise}, seed {seed}");
    say!("true support: {}", support.iter().map(usize::to_string).collect::<Vec<_>>().join(" "));
    say!("wrote {}", written.join(", "));
    Ok(ExitCode::SUCCESS)
}

fn dense(matrix: &Mat<f64>) -> Box<dyn Operator<f64> + '_> {
    Box::new(DenseOperator::new(matrix.as_ref()))
}
