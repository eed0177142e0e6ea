//! What a model has besides columns that are chosen: options, and the problem that they leave.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sparsea::{Adjusted, Adjustment, Domain, FixedSum, Limits, LinearMap, Problem, Scalar, Solution, Start};

use crate::blocks::Groups;
use crate::cli::{MissingChoice, ModelOptions};
use crate::failure::Failure;
use crate::input::{self, Vector};
use crate::problem::Loaded;
use crate::text;

/// A problem as algorithms see it, adjusted or as it is.
pub struct Posed<'l, T: Scalar> {
    loaded: &'l Loaded<T>,
    /// y, or the columns of Y, end to end.
    data: &'l [T],
    form: Form<'l, T>,
    ridge: f64,
    /// The sum of the coefficients, if that is fixed.
    sum: Option<FixedSum<'l, T>>,
    groups: Option<Groups>,
    /// Weights of the rows, 0 in gaps.
    weights: Option<Vec<f64>>,
}

enum Form<'l, T: Scalar> {
    Plain(Arc<dyn LinearMap<T> + 'l>),
    /// The map, and the data that belong to it.
    Adjusted(Arc<Adjusted<'l, T>>, Vec<T>),
}

impl ModelOptions {
    /// The files that are read.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        [&self.weights, &self.groups].into_iter().flatten().map(PathBuf::as_path)
    }

    /// Whether NaN in y are gaps.
    pub fn drops(&self) -> bool {
        self.missing == MissingChoice::Drop
    }

    /// What the options say of a problem that was read, but for the weights of its rows.
    fn adjustment<T: Scalar>(&self, loaded: &Loaded<T>) -> Result<Adjustment<T>, Failure> {
        let columns = loaded.operator.shape().1;
        Ok(Adjustment::default()
            .intercept(self.has_intercept(loaded))
            .fixed(places("--fixed", &self.fixed, loaded, columns)?)
            .excluded(places("--exclude", &self.excluded, loaded, columns)?)
            .ridge(self.ridge.unwrap_or(0.0)))
    }

    /// Whether the model has an intercept.
    pub fn has_intercept<T: Scalar>(&self, loaded: &Loaded<T>) -> bool {
        self.intercept || (loaded.is_named && !self.no_intercept)
    }

    /// The weights of the rows of a problem that was read, 0 in gaps, if they have any.
    pub fn row_weights<T: Scalar>(&self, loaded: &Loaded<T>) -> Result<Option<Vec<f64>>, Failure> {
        let rows = loaded.operator.shape().0;
        self.weights_with_gaps(self.stated_weights(rows)?, rows, &loaded.data)
    }

    /// The weights of the file of weights.
    pub fn stated_weights(&self, rows: usize) -> Result<Option<Vec<f64>>, Failure> {
        let Some(path) = &self.weights else { return Ok(None) };
        match input::read_vector(path)? {
            Vector::Real(weights) if weights.len() == rows => Ok(Some(weights)),
            Vector::Real(weights) => {
                let (file, found) = (path.display(), weights.len());
                Err(Failure::Message(format!("{file}: has {found} weights, but A has {rows} rows")))
            }
            Vector::Complex(_) => {
                Err(Failure::Message(format!("{}: is complex, but weights are real", path.display())))
            }
        }
    }

    /// These weights, with 0 in the gaps of the data.
    pub fn weights_with_gaps<T: Scalar>(
        &self,
        mut weights: Option<Vec<f64>>,
        rows: usize,
        data: &[T],
    ) -> Result<Option<Vec<f64>>, Failure> {
        let is_gap = |y: &T| y.real().is_nan() || y.imag().is_nan();
        if self.drops() && data.iter().any(is_gap) {
            let mut left = weights.unwrap_or_else(|| vec![1.0; rows]);
            let (first, others) = data.split_at(rows.min(data.len()));
            for other in others.chunks(rows.max(1)) {
                if let Some(row) = (0..rows).find(|&i| is_gap(&first[i]) != is_gap(&other[i])) {
                    let line = format!(
                        "row {row} of Y (counted from 0) is missing in some columns only; with --joint a row is missing in all or none"
                    );
                    return Err(Failure::Message(line));
                }
            }
            left.iter_mut().zip(first).filter(|(_, y)| is_gap(y)).for_each(|(w, _)| *w = 0.0);
            if left.iter().all(|&w| w == 0.0) {
                let line = "y has no entry of weight above 0 that is not missing";
                return Err(Failure::Message(line.into()));
            }
            weights = Some(left);
        }
        Ok(weights)
    }
}

impl<'l, T: Scalar> Posed<'l, T> {
    /// The problem that was read, with what the options say of it; `domain` is that of its coefficients.
    pub fn new(loaded: &'l Loaded<T>, options: &ModelOptions, domain: Option<&dyn Domain<T>>) -> Result<Self, Failure> {
        let columns = loaded.operator.shape().1;
        let groups = options.groups.as_deref().map(|path| Groups::read(path, columns)).transpose()?;
        Self::weighted(loaded, &loaded.data, options, domain, options.row_weights(loaded)?, groups)
    }

    /// The same with other data, and with weights of the rows and groups that are read already.
    pub fn weighted(
        loaded: &'l Loaded<T>,
        data: &'l [T],
        options: &ModelOptions,
        domain: Option<&dyn Domain<T>>,
        weights: Option<Vec<f64>>,
        groups: Option<Groups>,
    ) -> Result<Self, Failure> {
        let operator = loaded.operator.operator();
        let mut adjustment = options.adjustment(loaded)?;
        if let Some(weights) = &weights {
            adjustment = adjustment.weights(weights.clone());
        }
        if loaded.statistics.is_some() {
            if options.joint {
                return Err(Failure::Message("--joint needs A and Y; sufficient statistics are those of one y".into()));
            }
            if !adjustment.is_none() || options.sum_to.is_some() {
                let line = "sufficient statistics take no intercept, fixed or excluded columns, weights, ridge or sum; they belong into the statistics";
                return Err(Failure::Message(line.into()));
            }
        }
        if options.joint && options.sum_to.is_some() {
            return Err(Failure::Message("--sum-to is for a single y; it cannot be combined with --joint".into()));
        }
        let form = if adjustment.is_none() {
            Form::Plain(operator.into())
        } else {
            let adjusted = Adjusted::new(operator, &adjustment)?;
            let reduced = adjusted.reduce_joint(data, loaded.sides.unwrap_or(1))?;
            Form::Adjusted(Arc::new(adjusted), reduced)
        };
        let sum = match (options.sum_to, &form) {
            (None, _) => None,
            (Some(sum), Form::Plain(map)) => Some(FixedSum::new(map.clone(), data, sum, &[], domain)?),
            (Some(sum), Form::Adjusted(adjusted, reduced)) => {
                Some(FixedSum::new(adjusted.clone(), reduced, sum, &adjusted.left_out(), domain)?)
            }
        };
        let ridge = options.ridge.unwrap_or(0.0);
        Ok(Self { loaded, data, form, ridge, sum, groups, weights })
    }

    /// The problem that is solved, with coefficients in a domain.
    pub fn problem<'p>(
        &'p self,
        sparsity: usize,
        domain: Option<&'p dyn Domain<T>>,
    ) -> Result<Problem<'p, T>, Failure> {
        let problem = match (&self.sum, &self.form) {
            (Some(fixed), _) => fixed.problem(sparsity)?,
            (None, Form::Plain(operator)) => self.loaded.problem(&**operator, self.data, sparsity)?,
            (None, Form::Adjusted(adjusted, data)) => match self.loaded.sides {
                Some(sides) => adjusted.joint(data, sides, sparsity)?,
                None => adjusted.problem(data, sparsity)?,
            },
        };
        let problem = match domain {
            Some(domain) => problem.with_domain(domain)?,
            None => problem,
        };
        let problem = match &self.groups {
            Some(groups) => problem.with_groups(groups.partition.clone())?,
            None => problem,
        };
        if let Some(fixed) = &self.sum {
            if let Form::Adjusted(adjusted, _) = &self.form {
                adjusted.check_sparsity(sparsity)?;
            }
            fixed.check(&problem)?;
        }
        Ok(problem)
    }

    /// Limits of a run on the problem that is solved, from those that are stated in terms of y.
    pub fn limits(&self, limits: Limits) -> Limits {
        let relative = |limit| self.sum.as_ref().map_or(limit, |fixed| fixed.relative(limit));
        Limits { relative_residual: limits.relative_residual.map(relative), ..limits }
    }

    /// Whether the objective includes a ridge.
    pub fn has_ridge(&self) -> bool {
        self.ridge > 0.0
    }

    /// Whether the sum of the coefficients is fixed.
    pub fn has_sum(&self) -> bool {
        self.sum.is_some()
    }

    /// Weights of the rows, 0 in gaps, if they have any.
    pub fn weights(&self) -> Option<&[f64]> {
        self.weights.as_deref()
    }

    /// Rows that count: those of A, without gaps.
    pub fn rows(&self) -> usize {
        match &self.form {
            Form::Plain(_) => self.loaded.rows(),
            Form::Adjusted(adjusted, _) => adjusted.weighted_rows(),
        }
    }

    /// Coefficients that every model has: the rank of intercept and fixed columns.
    pub fn always(&self) -> usize {
        match &self.form {
            Form::Plain(_) => 0,
            Form::Adjusted(adjusted, _) => adjusted.fixed_rank(),
        }
    }

    /// Columns, or groups, among which k are chosen.
    pub fn atoms(&self) -> usize {
        let mut free = vec![true; self.loaded.operator.shape().1];
        if let Form::Adjusted(adjusted, _) = &self.form {
            adjusted.left_out().into_iter().for_each(|j| free[j] = false);
        }
        let columns = (0..free.len()).filter(|&j| free[j]);
        match &self.groups {
            Some(groups) => groups.count(columns),
            None => columns.count(),
        }
    }

    /// The largest k that the problem can have.
    pub fn largest_sparsity(&self) -> usize {
        let (m, n) = self.loaded.operator.shape();
        let most = match &self.form {
            Form::Plain(map) => map.shape().0.min(n),
            Form::Adjusted(adjusted, _) => adjusted.largest_sparsity().min(n),
        };
        let most = if self.loaded.statistics.is_some() { most } else { most.min(m) };
        self.groups.as_ref().map_or(most, |groups| most.min(groups.partition.len()))
    }

    /// Groups of columns, if there are any.
    pub fn groups(&self) -> Option<&Groups> {
        self.groups.as_ref()
    }

    /// How many atoms have one of some columns, and what they are called.
    pub fn count(&self, columns: &[usize]) -> (usize, &'static str) {
        match &self.groups {
            Some(groups) => (groups.count(columns.iter().copied()), "groups"),
            None => (columns.len(), "non-zeros"),
        }
    }

    /// A start in terms of A, as one of the problem that is solved.
    pub fn start(&self, start: Start<T>) -> Result<Start<T>, Failure> {
        match &self.form {
            Form::Plain(_) => Ok(start),
            Form::Adjusted(adjusted, _) => Ok(adjusted.start(start)?),
        }
    }

    /// The data of the problem that is solved, for another y with the same gaps; `None` where the sum of the coefficients is fixed, since
    /// that changes more than y.
    pub fn reduced<'d>(&self, data: &'d [T]) -> Result<Option<Cow<'d, [T]>>, sparsea::Error> {
        match (&self.sum, &self.form) {
            (Some(_), _) => Ok(None),
            (None, Form::Plain(_)) => Ok(Some(Cow::Borrowed(data))),
            (None, Form::Adjusted(adjusted, _)) => adjusted.reduce_joint(data, 1).map(|data| Some(Cow::Owned(data))),
        }
    }

    /// The solution in terms of A, from that of the problem that is solved.
    pub fn complete(&self, problem: &Problem<'_, T>, solution: Solution<T>) -> Result<Solution<T>, sparsea::Error> {
        self.complete_for(problem, self.data, solution)
    }

    /// The same for other data.
    pub fn complete_for(
        &self,
        problem: &Problem<'_, T>,
        data: &[T],
        solution: Solution<T>,
    ) -> Result<Solution<T>, sparsea::Error> {
        let solution = match &self.sum {
            Some(fixed) => fixed.complete(problem, solution)?,
            None => solution,
        };
        match &self.form {
            Form::Plain(_) => Ok(solution),
            Form::Adjusted(adjusted, _) => adjusted.complete(data, solution),
        }
    }
}

/// A x and the intercept: what a solution says of y, or of the columns of Y.
pub fn fit_of<T: Scalar>(loaded: &Loaded<T>, solution: &Solution<T>) -> Vec<T> {
    let operator = loaded.operator.operator();
    let access = sparsea::Access::new(&*operator);
    let (mut support, mut rows) = (solution.support.clone(), solution.coefficients.clone());
    let (part, sides) = (solution.fixed.as_ref(), solution.right_hand_sides.max(1));
    let mut fit = vec![T::ZERO; loaded.data.len()];
    if let Some(part) = part {
        support.extend(&part.fixed);
        rows.extend(&part.fixed_coefficients);
    }
    for (b, fit) in fit.chunks_mut(operator.shape().0).enumerate() {
        let values: Vec<T> = rows.iter().copied().skip(b).step_by(sides).collect();
        access.apply_sparse(&support, &values, fit);
        if let Some(&intercept) = part.and_then(|part| part.intercept.get(b)) {
            fit.iter_mut().for_each(|f| *f += intercept);
        }
    }
    fit
}

/// The columns of these names, or of these numbers counted from 0.
fn places<T: Scalar>(
    option: &str,
    names: &[String],
    loaded: &Loaded<T>,
    columns: usize,
) -> Result<Vec<usize>, Failure> {
    let known = loaded.names.as_deref().unwrap_or_default();
    let place = |name: &String| {
        let name = text::visible(name);
        let mut named = (0..known.len()).filter(|&j| known[j] == name);
        let line = match (named.next(), named.next(), name.parse::<usize>()) {
            (Some(j), None, _) => return Ok(j),
            (Some(_), Some(_), _) => format!("{option}: several columns are called '{name}'; give their numbers"),
            (None, _, Ok(j)) if j < columns => return Ok(j),
            (None, _, Ok(j)) => format!("{option}: there is no column {j}; A has {columns} columns, counted from 0"),
            (None, _, Err(_)) if known.is_empty() => {
                format!("{option}: '{name}' is no number of a column, and A has no column names")
            }
            (None, _, Err(_)) => {
                format!("{option}: there is no column '{name}'; columns: {}", crate::report::names_text(known, 200))
            }
        };
        Err(Failure::Message(line))
    };
    names.iter().map(place).collect()
}
