//! The criteria of a path, and the k of the least.

use sparsea::criteria::{Criteria, Criterion, Fit, LeftOut, least, leave_one_out};
use sparsea::{Access, Domain, Omp, Run, Scalar, Solution};

use super::folds::{Errors, Folds};
use crate::cli::{CriterionChoice, Path};
use crate::failure::Failure;
use crate::model::Posed;
use crate::problem::Loaded;

/// What chooses k.
pub struct Chooser<'c, T: Scalar> {
    loaded: &'c Loaded<T>,
    posed: &'c Posed<'c, T>,
    choice: CriterionChoice,
    criteria: Criteria,
    /// Those of Cp, whose σ² may be an estimate.
    of_cp: Criteria,
    folds: Option<Folds<'c>>,
    one_standard_error: bool,
    /// Of the solutions of the last path.
    pub measured: Vec<Measured>,
}

/// What is known of the solution for one k.
#[derive(Debug, Clone)]
pub struct Measured {
    pub aic: f64,
    pub aicc: f64,
    pub bic: f64,
    pub ebic: f64,
    pub cp: f64,
    pub loo: Option<LeftOut>,
    pub cv: Option<Errors>,
    /// Whether it is an exact fit, to rounding.
    is_exact: bool,
}

/// The K that a path begins with, and the largest to which it grows: of many columns so many fit anything, and criteria that estimate the
/// noise fall without end.
pub fn default_largest(atoms: usize, limit: usize, rows: usize) -> (usize, usize) {
    let first = (atoms.min(rows) / 10).max(5).min(limit);
    let most = if 2 * atoms <= rows { atoms } else { rows / 4 };
    (first, most.min(limit).max(first))
}

impl<'c, T: Scalar> Chooser<'c, T> {
    pub fn new(
        loaded: &'c Loaded<T>,
        posed: &'c Posed<'c, T>,
        arguments: &Path,
        folds: Option<Folds<'c>>,
    ) -> Result<Self, Failure> {
        let choice = arguments.criterion;
        if choice == CriterionChoice::Loo {
            check_rows(loaded, arguments)?;
        }
        let responses = loaded.sides.unwrap_or(1) * if T::IS_COMPLEX { 2 } else { 1 };
        let (numbers, always) = (posed.rows() * responses, posed.always() * responses);
        let domain = arguments.domain.domain::<T>(loaded.operator.shape().1)?;
        // What remains beside the coefficients of every model.
        let norm = posed.problem(0, domain.as_deref())?.data_norm();
        let criteria = Criteria::new(posed.rows() as f64, posed.atoms()).responses(responses).always(always);
        let mut criteria = criteria.gamma(arguments.ebic_gamma).data_norm(norm);
        if let Some(sigma) = arguments.sigma {
            criteria = criteria.variance(sigma * sigma);
        }
        let one_standard_error = arguments.one_standard_error;
        if one_standard_error && choice != CriterionChoice::Cv {
            return Err(Failure::Message("--one-standard-error is for --criterion cv".into()));
        }
        let (of_cp, measured) = (criteria, vec![]);
        let mut chooser = Self { loaded, posed, choice, criteria, of_cp, folds, one_standard_error, measured };
        if choice == CriterionChoice::Cp && arguments.sigma.is_none() {
            chooser.of_cp = criteria.estimated_variance(chooser.full_variance(numbers, always, domain.as_deref())?);
        }
        Ok(chooser)
    }

    /// The largest k that can be tried.
    pub fn limit(&self) -> usize {
        let most = self.posed.largest_sparsity();
        self.folds.as_ref().map_or(most, |folds| most.min(folds.limit()))
    }

    /// The k of the least value.
    pub fn choose(&mut self, solutions: &[Solution<T>]) -> Result<usize, Failure> {
        let errors = self.folds.as_ref().map(|folds| folds.errors(solutions.len() - 1)).transpose()?;
        self.measured = solutions.iter().map(|solution| self.measure(solution)).collect();
        if let Some(errors) = errors {
            self.measured.iter_mut().zip(errors).for_each(|(measured, errors)| measured.cv = Some(errors));
        }
        let values: Vec<f64> = self.values();
        let best = least(&values, |at| self.measured[at].is_exact);
        if !self.one_standard_error {
            return Ok(best);
        }
        let margin = self.measured[best].cv.as_ref().map_or(0.0, |errors| errors.standard_error);
        Ok(values.iter().position(|&value| value <= values[best] + margin).unwrap_or(best))
    }

    /// The values of the criterion that chooses.
    pub fn values(&self) -> Vec<f64> {
        self.measured.iter().map(|measured| measured.value(self.choice)).collect()
    }

    /// What it is called.
    pub fn label(&self) -> &'static str {
        label(self.choice)
    }

    /// Whether the smallest k is taken whose error is within one standard error of the least.
    pub fn takes_one_standard_error(&self) -> bool {
        self.one_standard_error
    }

    /// The criterion that chooses.
    pub fn choice(&self) -> CriterionChoice {
        self.choice
    }

    fn measure(&self, solution: &Solution<T>) -> Measured {
        let parts = if T::IS_COMPLEX { 2 } else { 1 };
        let coefficients = parts * solution.coefficients.iter().filter(|&&x| x != T::ZERO).count();
        let rss = solution.residual_norm.powi(2);
        let fit = Fit { rss, atoms: self.posed.count(&solution.support).0, coefficients };
        let value = |criterion| self.criteria.value(criterion, fit);
        Measured {
            aic: value(Criterion::Aic),
            aicc: value(Criterion::Aicc),
            bic: value(Criterion::Bic),
            ebic: value(Criterion::Ebic),
            cp: self.of_cp.value(Criterion::Cp, fit),
            loo: (self.choice == CriterionChoice::Loo).then(|| self.left_out(solution)).flatten(),
            cv: None,
            is_exact: self.criteria.is_exact(rss),
        }
    }

    /// Errors of a solution on rows left out one by one.
    fn left_out(&self, solution: &Solution<T>) -> Option<LeftOut> {
        let operator = self.loaded.operator.operator();
        let access = Access::new(&*operator);
        let rows = access.nrows();
        let root = |i: usize| self.posed.weights().map_or(1.0, |weights| weights[i].sqrt());
        let column = |j: usize| {
            let mut image = vec![T::ZERO; rows];
            access.apply_sparse(&[j], &[T::from_real(1.0)], &mut image);
            image
        };
        let matrix =
            |columns: Vec<Vec<T>>| faer::Mat::<T>::from_fn(rows, columns.len(), |i, j| columns[j][i].scale(root(i)));
        let mut always = vec![];
        if let Some(part) = &solution.fixed {
            if !part.intercept.is_empty() {
                always.push(vec![T::from_real(1.0); rows]);
            }
            // One that depends on others is none.
            let used = part.fixed.iter().zip(&part.fixed_coefficients).filter(|(_, x)| **x != T::ZERO);
            always.extend(used.map(|(&j, _)| column(j)));
        }
        let chosen: Vec<Vec<T>> = solution.support.iter().map(|&j| column(j)).collect();
        // What a gap holds is not looked at.
        let data = |i: usize| if root(i) > 0.0 { self.loaded.data[i].scale(root(i)) } else { T::ZERO };
        let data = faer::Mat::from_fn(rows, 1, |i, _| data(i));
        leave_one_out(matrix(always).as_ref(), matrix(chosen).as_ref(), data.as_ref(), self.posed.rows())
    }

    /// The estimate of σ² from least squares on all columns.
    fn full_variance(&self, numbers: usize, always: usize, domain: Option<&dyn Domain<T>>) -> Result<f64, Failure> {
        let columns = self.posed.largest_sparsity();
        let refused = || {
            let (rows, columns) = (self.posed.rows(), self.posed.atoms());
            let line =
                format!("--criterion cp needs --sigma: it cannot be estimated from {rows} rows and {columns} columns");
            Failure::Message(line)
        };
        if columns < self.posed.atoms() {
            return Err(refused());
        }
        let problem = self.posed.problem(columns, domain)?;
        let solution = self.posed.complete(&problem, Run::new(&problem, Omp::default()).solve()?)?;
        let used = solution.coefficients.len() * if T::IS_COMPLEX { 2 } else { 1 };
        match numbers.checked_sub(used + always) {
            None | Some(0) => Err(refused()),
            Some(free) => Ok(solution.residual_norm.powi(2) / free as f64),
        }
    }
}

impl Measured {
    pub fn value(&self, choice: CriterionChoice) -> f64 {
        match choice {
            CriterionChoice::Ebic => self.ebic,
            CriterionChoice::Bic => self.bic,
            CriterionChoice::Aic => self.aic,
            CriterionChoice::Aicc => self.aicc,
            CriterionChoice::Cp => self.cp,
            CriterionChoice::Loo => self.loo.map_or(f64::INFINITY, |left| left.corrected()),
            CriterionChoice::Cv => self.cv.as_ref().map_or(f64::INFINITY, |errors| errors.mean),
        }
    }
}

/// What a criterion is called.
fn label(choice: CriterionChoice) -> &'static str {
    match choice {
        CriterionChoice::Ebic => "EBIC",
        CriterionChoice::Bic => "BIC",
        CriterionChoice::Aic => "AIC",
        CriterionChoice::Aicc => "AICc",
        CriterionChoice::Cp => "Cp",
        CriterionChoice::Loo => "leave-one-out error",
        CriterionChoice::Cv => "cross-validated error",
    }
}

/// Refuses what has no rows that could be left out of least squares.
fn check_rows<T: Scalar>(loaded: &Loaded<T>, arguments: &Path) -> Result<(), Failure> {
    let other = if loaded.statistics.is_some() {
        "sufficient statistics"
    } else if loaded.sides.is_some() {
        "--joint"
    } else if arguments.domain.nonnegative || arguments.domain.bounds.is_some() {
        "bounds"
    } else if arguments.model.ridge.is_some_and(|ridge| ridge > 0.0) {
        "--ridge"
    } else {
        return Ok(());
    };
    Err(Failure::Message(format!(
        "--criterion loo leaves rows out of least squares; it cannot be combined with {other}"
    )))
}
