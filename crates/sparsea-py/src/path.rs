//! Paths over k for Python.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyDict;
use sparsea::{Domain, Error, FixedSum, Interrupt, Memory, Problem, Solution, SparsityPath};

use crate::convert::Field;
use crate::error::refused;
use crate::pool::within;
use crate::request::Request;
use crate::run::{Caller, Stop, beside};
use crate::solve::{Form, fields};

/// The solutions of one path.
type Path<T> = Result<Vec<Solution<T>>, Error>;

/// The fields of the solutions for these k, for each vector of data, or for all of them if they have one support. Where one tableau moves
/// along the path, `extra_work` multiply-adds go to perturbed supports, as many as by default if it is `None`.
pub fn path<T: Field>(
    py: Python<'_>,
    stop: Arc<Stop>,
    form: Form<T>,
    data: Arc<[Vec<T>]>,
    sparsities: Vec<usize>,
    extra_work: Option<usize>,
    request: Request<T>,
) -> PyResult<Vec<Vec<Bound<'_, PyDict>>>> {
    request.problem.check_sum(form.is_gram(), false)?;
    // Vectors with one support are one, end to end.
    let sides = request.problem.joint.then_some(data.len());
    let data: Arc<[Vec<T>]> = if sides.is_some() { vec![data.concat()].into() } else { data };
    let (interrupt, threads, domain) = (stop.interrupt(), request.threads, request.problem.domain()?);
    let watched = stop.clone();
    let work = move || {
        let _entered = watched.enter();
        let all = All { form, sparsities, sides, extra_work, request, interrupt };
        let paths = (0..data.len()).map(|at| all.path(&data[at], at, domain.as_deref()));
        paths.collect::<Result<Vec<_>, Error>>()
    };
    let work = move |_: &Caller<PyResult<Vec<Vec<Solution<T>>>>>| within(threads, work)?.map_err(refused);
    let paths = beside(py, &stop, work)??;
    paths.into_iter().map(|path| path.into_iter().map(|solution| fields(py, solution, None)).collect()).collect()
}

/// What the paths of a call have in common.
struct All<T: Field> {
    form: Form<T>,
    sparsities: Vec<usize>,
    /// Vectors of data that have one support, if they do.
    sides: Option<usize>,
    extra_work: Option<usize>,
    request: Request<T>,
    interrupt: Interrupt,
}

impl<T: Field> All<T> {
    /// The path of the data at this place.
    fn path(&self, data: &[T], at: usize, domain: Option<&dyn Domain<T>>) -> Path<T> {
        let part = self.form.part.as_ref();
        let reduced = part.map(|part| part.adjusted.reduce_joint(data, self.sides.unwrap_or(1))).transpose()?;
        let solutions = match self.request.problem.sum_to {
            Some(sum) => self.of_sum(reduced.as_deref().unwrap_or(data), sum, domain)?,
            None => self.of_data(reduced.as_deref().unwrap_or(data), at, domain)?,
        };
        match part {
            None => Ok(solutions),
            Some(part) => solutions.into_iter().map(|solution| part.adjusted.complete(data, solution)).collect(),
        }
    }

    /// The path of data as they are.
    fn of_data(&self, data: &[T], at: usize, domain: Option<&dyn Domain<T>>) -> Path<T> {
        let (operator, largest) = (&*self.form.operator, self.largest());
        let problem = match self.sides {
            Some(sides) => Problem::joint_until(operator, data, sides, largest, &self.interrupt)?,
            None => Problem::new_until(operator, data, largest, &self.interrupt)?,
        };
        let problem = self.form.knowing(self.request.shape(problem, domain)?, at)?;
        let problem = match &self.form.gram {
            Some(gram) => problem.share_gram(gram.clone())?,
            None => problem,
        };
        self.find(&problem, self.request.limits.relative_residual)
    }

    /// The path of coefficients with a fixed sum.
    fn of_sum(&self, data: &[T], sum: f64, domain: Option<&dyn Domain<T>>) -> Path<T> {
        let left_out = self.form.part.as_ref().map_or_else(Vec::new, |part| part.adjusted.left_out());
        let fixed = FixedSum::new(self.form.operator.clone(), data, sum, &left_out, domain)?;
        let least = self.sparsities.iter().copied().min().unwrap_or(1);
        fixed.problem(least)?;
        let problem = self.request.shape(fixed.problem(self.largest())?, domain)?;
        fixed.check(&problem)?;
        let found = self.find(&problem, self.request.limits.relative_residual.map(|limit| fixed.relative(limit)))?;
        let complete = |(solution, &k)| fixed.complete(&problem.with_sparsity(k)?, solution);
        found.into_iter().zip(&self.sparsities).map(complete).collect()
    }

    fn find(&self, problem: &Problem<'_, T>, relative_residual: Option<f64>) -> Path<T> {
        let memory: Memory = self.request.problem.memory;
        let mut path = SparsityPath::new(problem).sparsities(self.sparsities.clone());
        path = path.interrupt(self.interrupt.clone()).memory(memory);
        if let Some(work) = self.extra_work {
            path = path.extra_work(work);
        }
        if let Some(time) = self.request.limits.time {
            path = path.time(time);
        }
        if let Some(limit) = relative_residual {
            path = path.relative_residual(limit);
        }
        path.solve()
    }

    fn largest(&self) -> usize {
        self.sparsities.iter().copied().max().unwrap_or(0)
    }
}
