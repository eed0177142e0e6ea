//! What is wrong with an input is said, with the rule and the value: every error once, word for word.

use crate::common::{C, Kind, compressed, functions, matrix, observed};
use faer::Mat;
use serde_json::{Map, Value, json};
use sparsea::algorithms::{StepRule, StepSize, find, registry};
use sparsea::generate::{deconvolution_problem, gaussian_problem, stream};
use sparsea::operator::{from_compressed_rows, pulse};
use sparsea::{
    Algorithm, Boundary, Chain, Convolution, DenseOperator, Error, FunctionOperator, Halt, Htp, Iht, LinearMap, Memory,
    Problem, Run, Scalar, Sea, SparseOperator, Start, check_adjoint, seconds, solve,
};

fn said<V>(result: Result<V, Error>) -> String {
    match result {
        Ok(_) => "accepted".into(),
        Err(error) => error.to_string(),
    }
}

/// What `Problem::new` says.
fn problem<T: Scalar>(a: &Mat<T>, y: &[T], k: usize) -> String {
    said(Problem::new(&DenseOperator::new(a.as_ref()), y, k))
}

#[test]
fn sizes() {
    let wide = matrix::<f64>(Kind::Gaussian, 4, 6, 1);
    let tall = matrix::<f64>(Kind::Gaussian, 6, 4, 1);
    assert_eq!(problem(&wide, &[1.0; 4], 4), "accepted");
    assert_eq!(problem(&wide, &[1.0; 3], 2), "y has 3 entries, but A has 4 rows");
    assert_eq!(problem(&wide, &[], 2), "y has 0 entries, but A has 4 rows");
    assert_eq!(problem(&wide, &[1.0; 4], 0), "accepted");
    assert_eq!(problem(&wide, &[1.0; 4], 5), "k must be between 0 and 4 (the number of rows), got 5");
    assert_eq!(problem(&tall, &[1.0; 6], 5), "k must be between 0 and 4 (the number of columns), got 5");
    assert_eq!(problem(&tall, &[1.0; 6], 0), "accepted");
    let empty = "A must have at least one row and one column, got";
    assert_eq!(problem(&Mat::<f64>::zeros(0, 3), &[], 1), format!("{empty} 0 × 3"));
    assert_eq!(problem(&Mat::<f64>::zeros(3, 0), &[1.0; 3], 1), format!("{empty} 3 × 0"));

    let operator = DenseOperator::new(wide.as_ref());
    let good = Problem::new(&operator, &[1.0; 4], 2).unwrap();
    assert_eq!(said(good.with_data(&[1.0; 5])), "y has 5 entries, but A has 4 rows");
    assert_eq!(said(good.with_data(&[0.0, f64::NAN, 0.0, 0.0])), "y contains NaN at index 1 (counted from 0)");
    assert_eq!(said(good.with_sparsity(7)), "k must be between 0 and 4 (the number of rows), got 7");
    let rng = &mut stream(1, 0, 0);
    assert_eq!(said(gaussian_problem(rng, 5, 9, 6, 0.0)), "k must be between 1 and 5 (the number of rows), got 6");
}

#[test]
fn numbers_that_are_not_finite() {
    let a = matrix::<f64>(Kind::Gaussian, 4, 6, 1);
    for (value, word) in [(f64::NAN, "NaN"), (f64::INFINITY, "inf"), (f64::NEG_INFINITY, "-inf")] {
        let mut y = [1.0; 4];
        y[2] = value;
        assert_eq!(problem(&a, &y, 2), format!("y contains {word} at index 2 (counted from 0)"));
        let mut bad = a.clone();
        bad[(3, 5)] = value;
        let expected = format!("A contains {word} at row 3, column 5 (counted from 0)");
        assert_eq!(problem(&bad, &[1.0; 4], 2), expected);
        let rows = crate::common::by_rows(&bad);
        assert_eq!(said(Problem::new(&DenseOperator::from_row_major(&rows, 4, 6).unwrap(), &[1.0; 4], 2)), expected);
        let sparse = compressed(&bad);
        assert_eq!(said(Problem::new(&SparseOperator::new(sparse.as_ref()), &[1.0; 4], 2)), expected);
        let kernel = [1.0, value];
        assert_eq!(
            said(Convolution::new(&kernel, 5, Boundary::Full)),
            format!("the kernel contains {word} at index 1 (counted from 0)")
        );
    }
    // In one part of a complex number, in an operator that is not a matrix.
    let mut bad = matrix::<C>(Kind::Gaussian, 4, 6, 1);
    bad[(1, 0)] = C::new(0.5, f64::NEG_INFINITY);
    let y = [C::ONE; 4];
    assert_eq!(problem(&bad, &y, 2), "A contains -inf at row 1, column 0 (counted from 0)");
    let by_functions = FunctionOperator::new(
        2,
        2,
        |x: &[f64], y: &mut [f64]| y.copy_from_slice(&[x[0], if x[1] == 0.0 { 0.0 } else { f64::NAN }]),
        |y: &[f64], x: &mut [f64]| x.copy_from_slice(y),
    );
    assert_eq!(said(Problem::new(&by_functions, &[1.0; 2], 1)), "A contains NaN at row 1, column 1 (counted from 0)");
    // A product that is not finite where the columns were said to be.
    let lying = FunctionOperator::new(
        2,
        2,
        |x: &[f64], y: &mut [f64]| y.copy_from_slice(x),
        |_: &[f64], x: &mut [f64]| x.fill(f64::INFINITY),
    )
    .with_column_norms(vec![1.0; 2]);
    let overflows = "is beyond the range of double precision; rescale the data";
    assert_eq!(said(solve(&Problem::new(&lying, &[1.0; 2], 1).unwrap(), Sea::default())), format!("Aᴴ y {overflows}"));
    assert_eq!(said(check_adjoint(&lying, 1)), format!("A applied to a random vector {overflows}"));
}

#[test]
fn numbers_out_of_range() {
    let a = matrix::<f64>(Kind::Gaussian, 4, 6, 1);
    for factor in [1e-160, 1e160, 1e300] {
        let bad = Mat::from_fn(4, 6, |i, j| if j == 2 { a[(i, j)] * factor } else { a[(i, j)] });
        assert_eq!(
            problem(&bad, &[1.0; 4], 2),
            "column 2 of A has a norm outside 1e-140 … 1e140 (but not zero); rescale it"
        );
        assert_eq!(
            problem(&a, &[factor; 4], 2),
            "the norm of y (or its inverse) is beyond the range of double precision; rescale the data"
        );
    }
}

/// What a run of SEA from `start` says.
fn started(start: Start<f64>) -> String {
    let a = matrix::<f64>(Kind::Gaussian, 4, 6, 1);
    let operator = DenseOperator::new(a.as_ref());
    let problem = Problem::new(&operator, &[1.0, 2.0, 3.0, 4.0], 2).unwrap();
    said(Run::new(&problem, Sea::default()).start(start).solve())
}

#[test]
fn starts() {
    assert_eq!(started(Start::Vector(vec![1.0; 6])), "accepted");
    assert_eq!(started(Start::Support(vec![5, 0])), "accepted");
    assert_eq!(started(Start::Vector(vec![1.0; 4])), "the start vector has 4 entries, but A has 6 columns");
    let mut vector = vec![1.0; 6];
    vector[4] = f64::NAN;
    assert_eq!(started(Start::Vector(vector)), "the start vector contains NaN at index 4 (counted from 0)");
    assert_eq!(
        started(Start::Support(vec![0, 6])),
        "the support contains 6, but A has 6 columns (indices count from 0)"
    );
    assert_eq!(started(Start::Support(vec![3, 3])), "the support contains 3 twice");
    assert_eq!(started(Start::Support(vec![1, 2, 3])), "the start support has 3 indices, but k is 2");
    let chain = Chain::of(Sea { step_size: f64::NAN });
    assert_eq!(started(Start::Chain(chain)), "sea: step_size must be greater than 0 and finite, got NaN");
}

#[test]
fn halting_rules() {
    let residual = "halt: the relative residual must be at least 0, got";
    assert_eq!(said(Halt::RelativeResidual(-0.5).check()), format!("{residual} -0.5"));
    assert_eq!(said(Halt::Iterations(1).or(Halt::RelativeResidual(f64::NAN)).check()), format!("{residual} NaN"));
    assert_eq!(said(Halt::All(vec![]).check()), "halt: at least one rule must be joined, got none");
    assert_eq!(said(Halt::Any(vec![Halt::All(vec![])]).check()), "halt: at least one rule must be joined, got none");
    let time = "halt: the time must be at least 0 seconds and finite, got";
    assert_eq!(said(seconds(-1.0)), format!("{time} -1"));
    assert_eq!(said(seconds(f64::INFINITY)), format!("{time} inf"));
    assert_eq!(said(seconds(0.0)), "accepted");
    // A run refuses what the rule itself refuses.
    let a = matrix::<f64>(Kind::Gaussian, 4, 6, 1);
    let operator = DenseOperator::new(a.as_ref());
    let problem = Problem::new(&operator, &[1.0; 4], 2).unwrap();
    let run = Run::new(&problem, Sea::default()).halt(Halt::RelativeResidual(-1.0));
    assert_eq!(said(run.solve()), format!("{residual} -1"));
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap()
}

/// The names of the registry.
fn known<T: Scalar>() -> String {
    registry::<T>().iter().map(|entry| entry.name).collect::<Vec<_>>().join(", ")
}

#[test]
fn names_and_settings() {
    assert_eq!(said(find::<f64>("seaa")), format!("unknown algorithm 'seaa'; known: {}", known::<f64>()));
    assert_eq!(
        said(Chain::<C>::parse("sea+SEA", &Map::new())),
        format!("unknown algorithm 'SEA'; known: {}", known::<C>())
    );
    assert_eq!(
        said(Chain::<C>::parse("omp+lasso", &Map::new())),
        "lasso works on real data only, but A or y is complex"
    );
    for entry in registry::<f64>() {
        let name = entry.name;
        let known: Vec<&str> = entry.settings.iter().map(|setting| setting.name).chain(["start"]).collect();
        assert_eq!(
            said(entry.build(&object(json!({"stepsizes": 1})))),
            format!("unknown setting 'stepsizes' for {name}; it takes: {}", known.join(", "))
        );
        for setting in entry.settings {
            let given = object(json!({setting.name: {"a": 1}}));
            let expected = format!("{name}: {} must be {}, got {{\"a\":1}}", setting.name, setting.range);
            assert_eq!(said(entry.build(&given)), expected);
        }
    }
    // Values of the right type that are out of range, as JSON and as Rust.
    let chain = |word: &str, settings: Value| said(Chain::<f64>::parse(word, &object(settings)));
    assert_eq!(chain("sea", json!({"step_size": 0})), "sea: step_size must be greater than 0 and finite, got 0");
    assert_eq!(
        chain("htp", json!({"step_size": "normalized"})),
        "htp: step_size must be a number greater than 0, or 'constant', got 'normalized'"
    );
    assert_eq!(
        chain("iht", json!({"step_size": "fast"})),
        "iht: step_size must be a number greater than 0, 'constant' or 'normalized', got 'fast'"
    );
    assert_eq!(
        chain("sea", json!({"start": ["omp"]})),
        "sea: start must be 'zero' or the name of an algorithm or chain, got [\"omp\"]"
    );
    let checked = |algorithm: &dyn Fn() -> Result<(), Error>| said(algorithm());
    assert_eq!(
        checked(&|| Algorithm::<f64>::check(&Sea { step_size: f64::INFINITY })),
        "sea: step_size must be greater than 0 and finite, got inf"
    );
    assert_eq!(
        checked(&|| Algorithm::<f64>::check(&Htp { step_size: StepSize::Value(-2.0) })),
        "htp: step_size must be a number greater than 0, or 'constant', got -2"
    );
    assert_eq!(
        checked(&|| Algorithm::<f64>::check(&Htp { step_size: StepSize::Rule(StepRule::Normalized) })),
        "htp: step_size must be a number greater than 0, or 'constant', got 'normalized'"
    );
    assert_eq!(checked(&|| Algorithm::<f64>::check(&Iht { step_size: StepSize::Value(0.5) })), "accepted");
}

#[test]
fn kernels() {
    let new = |kernel: &[f64], n: usize, boundary: Boundary| said(Convolution::new(kernel, n, boundary));
    assert_eq!(new(&[], 5, Boundary::Full), "the kernel is empty");
    assert_eq!(new(&[], 5, Boundary::Same), "the kernel is empty");
    assert_eq!(new(&[0.0; 3], 5, Boundary::Full), "the kernel is all zero");
    for boundary in [Boundary::Valid, Boundary::Circular] {
        assert_eq!(new(&[1.0; 6], 5, boundary), "the kernel has 6 samples, more than the 5 of the spike train");
        assert_eq!(new(&[1.0; 5], 5, boundary), "accepted");
    }
    assert_eq!(new(&[1.0; 6], 5, Boundary::Same), "accepted");
    assert_eq!(new(&[1.0], 0, Boundary::Same), "A must have at least one row and one column, got 0 × 0");
    let with_origin = |boundary, origin| said(Convolution::with_origin(&[1.0, 2.0], 5, boundary, origin));
    assert_eq!(with_origin(Boundary::Same, 1), "accepted");
    assert_eq!(with_origin(Boundary::Same, 2), "the kernel has 2 samples, so none at 2");
    for boundary in [Boundary::Full, Boundary::Valid] {
        assert_eq!(with_origin(boundary, 1), "accepted");
        assert_eq!(with_origin(boundary, 2), "the kernel has 2 samples, so none at 2");
    }
    assert_eq!(said(pulse::gaussian(0.0)), "the kernel needs a width σ greater than 0 and finite, got 0");
    assert_eq!(said(pulse::gaussian(1e8)), "the kernel of width σ = 100000000 would have more than 10⁸ samples");
    assert_eq!(said(pulse::exponential(-1.0)), "the kernel needs a decay time τ greater than 0 and finite, got -1");
    assert_eq!(
        said(pulse::exponential(1e8)),
        "the kernel of decay time τ = 100000000 would have more than 10⁸ samples"
    );
    let spikes = deconvolution_problem(&mut stream(1, 0, 0), 50, 5, f64::NAN, Boundary::Full, 0.0);
    assert_eq!(said(spikes), "the kernel needs a width σ greater than 0 and finite, got NaN");
}

#[test]
fn parts_of_matrices() {
    let numbers = [1.0; 7];
    for made in [DenseOperator::from_column_major(&numbers, 2, 3), DenseOperator::from_row_major(&numbers, 2, 3)] {
        assert_eq!(said(made), "a 2 × 3 matrix cannot be made of 7 numbers");
    }
    let huge = usize::MAX;
    assert_eq!(
        said(DenseOperator::from_row_major(&numbers, huge, 2)),
        format!("a {huge} × 2 matrix cannot be made of 7 numbers")
    );
    let rows = |starts: &[usize], columns: &[usize]| said(from_compressed_rows(2, 3, starts, columns, &[1.0, 2.0]));
    assert_eq!(rows(&[0, 1, 2], &[0, 2]), "accepted");
    assert_eq!(rows(&[0, 2], &[0, 2]), "compressed rows of 2 rows need 3 row starts from 0 to 2");
    assert_eq!(rows(&[0, 1, 3], &[0, 2]), "compressed rows of 2 rows need 3 row starts from 0 to 2");
    let rising = "compressed rows need rising row starts and one column index for each value";
    assert_eq!(rows(&[0, 3, 2], &[0, 2]), rising);
    assert_eq!(rows(&[0, 1, 2], &[0]), rising);
    assert_eq!(rows(&[0, 1, 2], &[0, 3]), "column index 3 in a matrix of 3 columns");
}

#[test]
fn operators_that_are_not_adjoint() {
    let a = matrix::<f64>(Kind::Gaussian, 3, 4, 1);
    assert_eq!(check_adjoint(&functions(&a), 3), Ok(()));
    // ⟨A u, v⟩ = 2 u v and ⟨u, 0⟩ = 0 differ by all of ‖A u‖ ‖v‖.
    let wrong = FunctionOperator::new(1, 1, |x: &[f64], y: &mut [f64]| y[0] = 2.0 * x[0], |_, x| x[0] = 0.0);
    assert_eq!(
        said(check_adjoint(&wrong as &dyn LinearMap<f64>, 3)),
        "apply and apply_adjoint are not adjoint: ⟨A u, v⟩ and ⟨u, Aᴴ v⟩ differ by 1.00e0 (relative), allowed 2e-12"
    );
}

/// Where an allocation fails, the process would end.
#[test]
fn dimensions_that_are_out_of_reach_are_refused() {
    let kernel = [1.0, 2.0, 1.0];
    let huge = 1 << 60;
    for (boundary, n, rows) in [
        (Boundary::Full, huge, huge + 2),
        (Boundary::Same, huge, huge),
        (Boundary::Valid, huge, huge - 2),
        (Boundary::Circular, huge, huge),
        (Boundary::Full, usize::MAX, usize::MAX),
        (Boundary::Valid, usize::MAX, usize::MAX - 3),
    ] {
        let expected = format!("A is {rows} × {n}, but a vector of that length does not fit into memory");
        assert_eq!(said(Convolution::new(&kernel, n, boundary)), expected);
    }
    let wide = FunctionOperator::new(3, huge, |_: &[f64], _: &mut [f64]| {}, |_, _| {});
    let expected = format!("A is 3 × {huge}, but a vector of that length does not fit into memory");
    assert_eq!(said(Problem::new(&wide, &[1.0; 3], 1)), expected);
}

#[test]
fn algorithms_that_would_hold_too_much_are_refused() {
    let a = matrix::<f64>(Kind::Gaussian, 8, 12, 1);
    let y = observed(&a, 2, 1);
    let operator = DenseOperator::new(a.as_ref());
    let problem = Problem::new(&operator, &y, 2).unwrap();
    let memory = Memory { state: 128, ..Memory::default() };
    let chain = |names, memory| Run::with_chain(&problem, Chain::parse(names, &Map::new()).unwrap()).memory(memory);
    assert_eq!(
        said(chain("omp+els", memory).solve()),
        "els would hold 192 bytes for this problem, more than the 128 bytes it may"
    );
    assert!(chain("omp+sea", memory).solve().is_ok());
    // Of a total, the algorithm may hold three eighths.
    assert!(chain("els", Memory::total(512)).solve().is_ok());
    assert!(chain("els", Memory::total(511 - 8)).solve().is_err());
    for bytes in [1, 13, 512, usize::MAX] {
        let Memory { gram, fits, state } = Memory::total(bytes);
        assert_eq!(gram + fits + state, bytes);
    }
    assert_eq!(
        Error::StateMemory { algorithm: "els", bytes: 3 << 19, limit: 1 << 20 }.to_string(),
        "els would hold 1.500 MiB for this problem, more than the 1.000 MiB it may"
    );
}
