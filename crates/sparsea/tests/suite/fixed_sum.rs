//! Coefficients whose sum is fixed: against brute force by the conditions of optimality.

use crate::bounds::interval;
use crate::common::{C, KINDS, Kind, all_supports, every_form, matrix, norm, product, run, svd_fit};
use faer::Mat;
use rand::RngExt;
use sparsea::algorithms::applicable;
use sparsea::generate::{gaussian_matrix, normal_vector, stream};
use sparsea::{
    Adjusted, Adjustment, Bounds, DenseOperator, Domain, Error, FixedSum, Halt, NonNegative, Scalar, Search, Solution,
    Start, solve,
};

/// ‖y − A x‖ of the best x on a support with Σ x = s: coefficients differ from a multiple of one of them by columns that sum to 0.
fn best_free<T: Scalar>(a: &Mat<T>, y: &[T], support: &[usize], sum: f64) -> f64 {
    let (m, last) = (y.len(), support[support.len() - 1]);
    let rest: Vec<T> = (0..m).map(|i| y[i] - a[(i, last)].scale(sum)).collect();
    let others = &support[..support.len() - 1];
    if others.is_empty() {
        return norm(&rest);
    }
    let differences = Mat::from_fn(m, others.len(), |i, c| a[(i, others[c])] - a[(i, last)]);
    svd_fit(&differences, &rest, &(0..others.len()).collect::<Vec<_>>()).1
}

/// The same for x in intervals: over all that may be at their ends.
fn best_within(a: &Mat<f64>, y: &[f64], support: &[usize], sum: f64, domain: &dyn Domain<f64>) -> f64 {
    let mut best = f64::INFINITY;
    for code in 0..3usize.pow(support.len() as u32) {
        let state = |at: usize| code / 3usize.pow(at as u32) % 3;
        let ends: Vec<Option<f64>> = (0..support.len())
            .map(|at| {
                let (lower, upper) = interval(domain, support[at]);
                [None, Some(lower), Some(upper)][state(at)]
            })
            .collect();
        if ends.iter().flatten().any(|end| !end.is_finite()) {
            continue;
        }
        let held: f64 = ends.iter().flatten().sum();
        let mut rest = y.to_vec();
        for (&j, end) in support.iter().zip(&ends) {
            (0..y.len()).for_each(|i| rest[i] -= a[(i, j)] * end.unwrap_or(0.0));
        }
        let free: Vec<usize> = support.iter().zip(&ends).filter(|(_, end)| end.is_none()).map(|(&j, _)| j).collect();
        let left = sum - held;
        let Some(&last) = free.last() else {
            if left.abs() < 1e-12 {
                best = best.min(norm(&rest));
            }
            continue;
        };
        rest.iter_mut().enumerate().for_each(|(i, r)| *r -= a[(i, last)] * left);
        let others = &free[..free.len() - 1];
        let differences = Mat::from_fn(y.len(), others.len(), |i, c| a[(i, others[c])] - a[(i, last)]);
        let (mut x, residual) = match others.len() {
            0 => (vec![], norm(&rest)),
            count => {
                let (x, residual, _) = svd_fit(&differences, &rest, &(0..count).collect::<Vec<_>>());
                (x, residual)
            }
        };
        x.push(left - x.iter().sum::<f64>());
        let allowed = free.iter().zip(&x).all(|(&j, &x)| {
            let (lower, upper) = interval(domain, j);
            x >= lower - 1e-12 && x <= upper + 1e-12
        });
        if allowed {
            best = best.min(residual);
        }
    }
    best
}

/// What a solution says of itself is so.
fn check<T: Scalar>(a: &Mat<T>, y: &[T], sum: f64, solution: &Solution<T>, what: &str) {
    let image = product(a, &solution.support, &solution.coefficients);
    let left: Vec<T> = y.iter().zip(&image).map(|(&y, &z)| y - z).collect();
    assert!((solution.residual_norm - norm(&left)).abs() < 1e-10 * norm(y), "{what}");
    let length: f64 = solution.coefficients.iter().map(|x| Scalar::abs(*x)).sum();
    let off = Scalar::abs(solution.coefficients.iter().copied().sum::<T>() - T::from_real(sum));
    assert!(off < 1e-13 * length.max(sum.abs()), "{what}: {off}");
}

fn free<T: Scalar>() {
    let (mut solved, mut all) = (0, 0);
    for kind in KINDS {
        for seed in 0..12 {
            let (n, k, sum) = (9, 3, [1.0, -2.5][seed as usize % 2]);
            let a = matrix::<T>(kind, if kind == Kind::Convolution { n } else { 7 }, n, 300 + seed);
            let y: Vec<T> = normal_vector(&mut stream(seed, 90, 0), a.nrows());
            let supports = all_supports(n, k);
            let best = supports.iter().map(|s| best_free(&a, &y, s, sum)).fold(f64::INFINITY, f64::min);
            every_form(&a, |form, operator| {
                let what = format!("{kind:?} seed {seed} {form}");
                let fixed = FixedSum::new(operator, &y, sum, &[], None).unwrap();
                let problem = fixed.problem(k).unwrap();
                let found = run(&problem, "search", Start::Zero, Some(Halt::Iterations(300)));
                let solution = fixed.complete(&problem, found).unwrap();
                check(&a, &y, sum, &solution, &what);
                assert!(solution.residual_norm >= best - 1e-9 * norm(&y), "{what}");
                solved += u64::from(solution.residual_norm <= best + 1e-8 * norm(&y));
                all += 1;
            });
        }
    }
    assert!(solved as f64 >= 0.99 * all as f64, "{solved} of {all}");
}

#[test]
fn search_finds_the_optimum_of_a_fixed_sum() {
    free::<f64>();
    free::<C>();
}

#[test]
fn search_finds_the_optimum_of_a_fixed_sum_within_bounds() {
    for capped in [false, true] {
        let (mut solved, mut all) = (0, 0);
        for kind in KINDS {
            for seed in 0..40 {
                let (n, k, sum) = (9, 3, [1.0, 4.0][seed as usize % 2]);
                let a = matrix::<f64>(kind, if kind == Kind::Convolution { n } else { 7 }, n, 400 + seed);
                let mut rng = stream(seed, 91, 0);
                let mut y: Vec<f64> = normal_vector(&mut rng, a.nrows());
                if seed % 2 == 0 {
                    // An index: a mixture of many columns.
                    let weights: Vec<f64> = (0..n).map(|_| rng.random_range(0.0..2.0 * sum / n as f64)).collect();
                    y = product(&a, &(0..n).collect::<Vec<_>>(), &weights);
                }
                let cap = if capped { 0.5 * sum } else { f64::INFINITY };
                let domain = Bounds::all(0.0, cap, n).unwrap();
                let supports = all_supports(n, k);
                let best = supports.iter().map(|s| best_within(&a, &y, s, sum, &domain)).fold(f64::INFINITY, f64::min);
                let operator = DenseOperator::new(a.as_ref());
                let fixed = FixedSum::new(&operator, &y, sum, &[], Some(&domain)).unwrap();
                let problem = fixed.problem(k).unwrap().with_domain(&domain).unwrap();
                fixed.check(&problem).unwrap();
                let what = format!("{kind:?} seed {seed} {capped}");
                for entry in applicable(&problem) {
                    let halt = (entry.name == "search").then_some(Halt::Iterations(300));
                    let found = run(&problem, entry.name, Start::Zero, halt);
                    let solution = fixed.complete(&problem, found).unwrap();
                    let what = format!("{what} {}", entry.name);
                    check(&a, &y, sum, &solution, &what);
                    assert!(solution.residual_norm >= best - 1e-9 * norm(&y), "{what}");
                    assert!(solution.coefficients.iter().all(|&x| x >= 0.0 && x <= cap), "{what}");
                    if entry.name == "search" {
                        solved += u64::from(solution.residual_norm <= best + 1e-8 * norm(&y));
                        all += 1;
                    }
                }
            }
        }
        assert!(solved as f64 >= 0.99 * f64::from(all), "{capped}: {solved} of {all}");
    }
}

/// With an intercept, weights, excluded columns and a ridge: what a penalty with a large factor comes near to.
#[test]
fn a_fixed_sum_goes_with_a_model() {
    for seed in 0..6 {
        let (m, n, k) = (30, 12, 3);
        let a = gaussian_matrix::<f64>(&mut stream(seed, 92, 0), m, n);
        let mut rng = stream(seed, 93, 0);
        let mut y = product(&a, &[1, 4, 7], &[0.5, 0.3, 0.2]);
        y.iter_mut().for_each(|y| *y += 5.0 + 0.01 * rng.random_range(-1.0..1.0));
        let operator = DenseOperator::new(a.as_ref());
        let weights: Vec<f64> = (0..m).map(|_| rng.random_range(0.5..2.0)).collect();
        let adjustment = Adjustment::default().intercept(true).weights(weights).excluded(vec![2]).ridge(0.01);
        let adjusted = Adjusted::new(&operator, &adjustment).unwrap();
        let data = adjusted.reduce(&y).unwrap();
        let fixed = FixedSum::new(&*adjusted, &data, 1.0, &[2], Some(&NonNegative)).unwrap();
        let problem = fixed.problem(k).unwrap().with_domain(&NonNegative).unwrap();
        let found = fixed.complete(&problem, solve(&problem, Search::default()).unwrap()).unwrap();
        let solution = adjusted.complete(&y, found).unwrap();
        assert_eq!(solution.support, [1, 4, 7]);
        assert!((solution.coefficients.iter().sum::<f64>() - 1.0).abs() < 1e-13);
        assert!((solution.fixed.unwrap().intercept[0] - 5.0).abs() < 0.02);
        // The same by rows of their own: a heavy one for the sum.
        let access = sparsea::Access::new(&*adjusted);
        let rows = access.nrows();
        let mut wide = Mat::zeros(rows + 1, n);
        for j in 0..n {
            let mut column = vec![0.0; rows];
            access.column(j, &mut column);
            (0..rows).for_each(|i| wide[(i, j)] = column[i]);
            wide[(rows, j)] = 1e4;
        }
        let mut long = data.clone();
        long.push(1e4);
        let (x, _, _) = svd_fit(&wide, &long, &[1, 4, 7]);
        let off = x.iter().zip(&solution.coefficients).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(off < 1e-5, "seed {seed}: {off}");
    }
}

#[test]
fn what_has_no_sum_is_refused() {
    let a = gaussian_matrix::<f64>(&mut stream(1, 94, 0), 6, 5);
    let operator = DenseOperator::new(a.as_ref());
    let y: Vec<f64> = normal_vector(&mut stream(1, 95, 0), 6);
    for sum in [0.0, f64::NAN, f64::INFINITY, 1e-320, 1e308] {
        assert!(matches!(FixedSum::new(&operator, &y, sum, &[], None), Err(Error::Number { .. })));
    }
    assert!(matches!(
        FixedSum::new(&operator, &y[..5], 1.0, &[], None),
        Err(Error::DataLength { entries: 5, rows: 6 })
    ));
    assert!(matches!(FixedSum::new(&operator, &y, 1.0, &[5], None), Err(Error::ColumnIndex { index: 5, .. })));
    let large: Vec<f64> = y.iter().map(|y| 1e4 * y).collect();
    for (y, sum) in [(&large, 1.0), (&y, 1e-6)] {
        let message = FixedSum::new(&operator, y, sum, &[], None).unwrap_err().to_string();
        assert!(message.starts_with("y is too large for coefficients whose sum is"), "{message}");
    }
    let mut bad = a.clone();
    bad[(2, 1)] = f64::NAN;
    let bad = DenseOperator::new(bad.as_ref());
    let message = FixedSum::new(&bad, &y, 1.0, &[], None).unwrap_err();
    assert!(matches!(message, Error::NonFiniteEntry { .. }), "{message}");
    // One column of another scale decides nothing.
    let mut wide = a.clone();
    (0..6).for_each(|i| wide[(i, 4)] *= 1e12);
    let wide = DenseOperator::new(wide.as_ref());
    let found = |operator: &DenseOperator<'_, f64>| {
        let fixed = FixedSum::new(operator, &y, 1.0, &[], None).unwrap();
        let problem = fixed.problem(2).unwrap();
        fixed.complete(&problem, solve(&problem, Search::default()).unwrap()).unwrap()
    };
    let (one, other) = (found(&DenseOperator::new(a.subcols(0, 4))), found(&wide));
    assert_eq!(one.support, other.support);
    let fixed = FixedSum::new(&operator, &y, 1.0, &[3], None).unwrap();
    assert_eq!(fixed.problem(0).unwrap_err().to_string(), "no coefficients (k = 0) have the sum 1");
    let caps = Bounds::all(0.0, 0.3, 5).unwrap();
    let within = |k: usize, bounds| fixed.problem(k).unwrap().with_domain(bounds).unwrap();
    assert!(fixed.check(&within(4, &caps)).is_ok());
    let message = fixed.check(&within(3, &caps)).unwrap_err().to_string();
    assert!(
        message.starts_with("the sum of the coefficients of 3 columns within their bounds is 0.9 at most"),
        "{message}"
    );
    let debts = Bounds::all(-1.0, 0.0, 5).unwrap();
    assert!(fixed.check(&within(4, &debts)).is_err());
}

/// Unequal caps near what k columns reach: most supports fall short.
#[test]
fn caps_near_the_sum_are_reached() {
    let (mut solved, mut all) = (0, 0);
    for seed in 0..60 {
        let (m, n, k) = (15, 10, 3);
        let a = gaussian_matrix::<f64>(&mut stream(seed, 96, 0), m, n);
        let mut rng = stream(seed, 99, 0);
        let caps: Vec<f64> = (0..n).map(|_| rng.random_range(0.0..0.5)).collect();
        let mut sorted = caps.clone();
        sorted.sort_by(|a, b| b.total_cmp(a));
        let sum = [0.7, 0.8, 0.9, 0.95, 0.99][seed as usize % 5] * sorted[..k].iter().sum::<f64>();
        let domain = Bounds::new(vec![0.0; n], caps).unwrap();
        let weights: Vec<f64> = (0..n).map(|_| rng.random_range(0.0..2.0 * sum / n as f64)).collect();
        let y = product(&a, &(0..n).collect::<Vec<_>>(), &weights);
        let supports = all_supports(n, k);
        let best = supports.iter().map(|s| best_within(&a, &y, s, sum, &domain)).fold(f64::INFINITY, f64::min);
        let operator = DenseOperator::new(a.as_ref());
        let fixed = FixedSum::new(&operator, &y, sum, &[], Some(&domain)).unwrap();
        let problem = fixed.problem(k).unwrap().with_domain(&domain).unwrap();
        for entry in applicable(&problem) {
            let what = format!("{} seed {seed}", entry.name);
            let solution = fixed.complete(&problem, run(&problem, entry.name, Start::Zero, None)).unwrap();
            check(&a, &y, sum, &solution, &what);
            assert!(solution.residual_norm >= best - 1e-9 * norm(&y), "{what}");
            if entry.name == "search" {
                solved += usize::from(solution.residual_norm <= best + 1e-8 * norm(&y));
                all += 1;
            }
            // Cut off before anything is found.
            let cut =
                fixed.complete(&problem, run(&problem, entry.name, Start::Zero, Some(Halt::Iterations(0)))).unwrap();
            check(&a, &y, sum, &cut, &what);
        }
    }
    assert!(solved as f64 >= 0.95 * all as f64, "{solved} of {all}");
}
