//! Runs on several right-hand sides, as `solve` and `deconvolve` have them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::panic::resume_unwind;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use sparsea::{Chain, Problem, Run, Scalar, SharedGram, Start, StopReason, Threads};

use super::solve::{chain, placed, read_start};
use crate::batch::{AnyBatch, Batch, Words};
use crate::cli::{Method, ModelOptions, Output};
use crate::failure::Failure;
use crate::model::Posed;
use crate::origin::Origin;
use crate::problem::to_columns;
use crate::progress::Count;
use crate::say::{complain, say_json};
use crate::table::{Table, left, right};
use crate::{export, interrupt, report, text};

/// Solves each, writes what was asked for, prints a line about each.
pub fn solve_each(
    batch: AnyBatch,
    method: &Method,
    model: &ModelOptions,
    output: &Output,
) -> Result<ExitCode, Failure> {
    match batch {
        AnyBatch::Real(batch) => batch.solve(method, model, output),
        AnyBatch::Complex(batch) => batch.solve(method, model, output),
    }
}

/// A solution of one right-hand side: its x, its row in the table, and its JSON.
struct Answer<T> {
    x: Vec<T>,
    cells: [String; 4],
    object: Box<RawValue>,
    was_interrupted: bool,
}

/// A solution among those of several.
#[derive(Serialize)]
struct Named<'n, S> {
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<&'n str>,
    #[serde(flatten)]
    solution: S,
}

impl<T: Scalar> Batch<T> {
    fn solve(mut self, method: &Method, model: &ModelOptions, output: &Output) -> Result<ExitCode, Failure> {
        let count = self.columns.len();
        let asked =
            [("--plot", output.plot.is_some()), ("--trace", output.trace.is_some()), ("--report", output.report)];
        if let Some((option, _)) = asked.iter().find(|(_, asked)| *asked) {
            let Words { one, remedy, .. } = self.words;
            let line = format!("{option} is for one {one}, but there are {count}; {remedy}");
            return Err(Failure::Message(line));
        }
        interrupt::listen();
        let progress = Count::new(count, self.words.all);
        let mut answers: Vec<Option<Answer<T>>> = (0..count).map(|_| None).collect();
        for group in self.groups(model) {
            if let Some(&first) = group.first() {
                self.loaded.data.clone_from(&self.columns[first]);
            }
            for (at, answer) in self.solve_group(&group, method, model, &progress)? {
                answers[at] = Some(answer);
            }
        }
        progress.finish();
        self.show(&answers, method.sparsity, output)
    }

    /// Right-hand sides that are one problem but for y: with the same gaps, and without a fixed sum, which depends on y.
    fn groups(&self, model: &ModelOptions) -> Vec<Vec<usize>> {
        if model.sum_to.is_some() {
            return (0..self.columns.len()).map(|at| vec![at]).collect();
        }
        let mut groups: BTreeMap<Vec<usize>, Vec<usize>> = BTreeMap::new();
        for (at, column) in self.columns.iter().enumerate() {
            let is_gap = |&i: &usize| column[i].real().is_nan() || column[i].imag().is_nan();
            groups.entry((0..column.len()).filter(is_gap).collect()).or_default().push(at);
        }
        groups.into_values().collect()
    }

    /// Solves those of a group: as many at a time as there are threads, or one after the other where there are fewer than that.
    fn solve_group(
        &self,
        group: &[usize],
        method: &Method,
        model: &ModelOptions,
        progress: &Count,
    ) -> Result<Vec<(usize, Answer<T>)>, Failure> {
        let Some(&first) = group.first() else { return Ok(vec![]) };
        let domain = method.domain.domain(self.loaded.operator.shape().1)?;
        let blame = |at: usize| move |failure: Failure| self.of_one(failure, at);
        // What is wrong with A, k or an option is no fault of a column.
        let alone = |failure| if model.sum_to.is_some() { self.of_one(failure, first) } else { failure };
        let posed = Posed::new(&self.loaded, model, domain.as_deref()).map_err(alone)?;
        let problem = posed.problem(method.sparsity, domain.as_deref()).map_err(alone)?;
        // Of columns that are measured, the Gram columns are computed once.
        let problem = if self.loaded.statistics.is_none() && group.len() > 1 {
            let gram = SharedGram::new(problem.operator().ncols(), method.limits.memory().gram);
            problem.share_gram(Arc::new(gram)).map_err(Failure::from)?
        } else {
            problem
        };
        let chain = chain(method.algorithm.as_deref(), &problem, &method.settings)?;
        let start = posed.start(read_start(&method.start, &self.loaded)?)?;
        let one = One { batch: self, posed: &posed, problem: &problem, method, chain, start };
        let threads = rayon::current_num_threads();
        if group.len() < threads {
            let mut answers = vec![];
            for &at in group.iter().take_while(|_| !interrupt::requested()) {
                answers.push((at, one.solve(at, Threads::Pool).map_err(blame(at))?));
                progress.one_more();
            }
            return Ok(answers);
        }
        let next = AtomicUsize::new(0);
        let solve_some = || {
            let mut answers = vec![];
            while !interrupt::requested() {
                let Some(&at) = group.get(next.fetch_add(1, Ordering::Relaxed)) else { break };
                let answer = one.solve(at, Threads::One).map_err(blame(at));
                let failed = answer.is_err();
                answers.push((at, answer));
                if failed {
                    // The others are not needed.
                    next.store(group.len(), Ordering::Relaxed);
                    break;
                }
                progress.one_more();
            }
            answers
        };
        // While a thread of a larger pool waits for others it would take up further runs, one within the other.
        let mut solved = thread::scope(|scope| {
            let start = |_| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
                let pool = pool.map_err(|error| Failure::Broken(format!("threads cannot be started: {error}")))?;
                Ok(scope.spawn(move || pool.install(solve_some)))
            };
            let workers: Result<Vec<_>, Failure> = (0..threads).map(start).collect();
            let join = |worker: thread::ScopedJoinHandle<'_, _>| {
                worker.join().unwrap_or_else(|payload| resume_unwind(payload))
            };
            Ok::<Vec<_>, Failure>(workers?.into_iter().flat_map(join).collect())
        })?;
        // The first failure is reported, whichever thread met it.
        solved.sort_by_key(|&(at, _)| at);
        solved.into_iter().map(|(at, answer)| Ok((at, answer?))).collect()
    }

    /// Which of them could not be solved.
    fn of_one(&self, failure: Failure, at: usize) -> Failure {
        let one = self.words.one;
        match failure {
            Failure::Message(line) => match self.name(at) {
                Some(name) => Failure::Message(format!("{one} {name} of Y: {line}")),
                None => Failure::Message(format!("{one} {at} (counted from 0): {line}")),
            },
            other => other,
        }
    }

    fn name(&self, at: usize) -> Option<&str> {
        self.names.as_ref().and_then(|names| names.get(at)).map(String::as_str)
    }

    /// Writes and prints what was found.
    fn show(&self, answers: &[Option<Answer<T>>], k: usize, output: &Output) -> Result<ExitCode, Failure> {
        let found: Vec<&Answer<T>> = answers.iter().flatten().collect();
        let was_interrupted = found.len() < answers.len() || found.iter().any(|answer| answer.was_interrupted);
        let Words { one, all, atoms, .. } = self.words;
        if found.len() < answers.len() && output.output.is_some() {
            complain(&format!("interrupted; nothing is written, as {all} are left"));
            return Ok(ExitCode::from(interrupt::STATUS));
        }
        if let Some(path) = &output.output {
            let x: Vec<T> = found.iter().flat_map(|answer| answer.x.iter().copied()).collect();
            let rows = self.loaded.operator.shape().1;
            export::write_matrix(path, &to_columns(&x, (rows, found.len())))?;
        }
        if output.json {
            #[derive(Serialize)]
            struct Solutions<'s> {
                solutions: Vec<&'s RawValue>,
                k: usize,
                #[serde(flatten)]
                origin: Origin,
            }
            let solutions = found.iter().map(|answer| &*answer.object).collect();
            say_json(&Solutions { solutions, k, origin: Origin::of(&self.loaded) })?;
        } else {
            let label =
                |at: usize| self.name(at).map_or_else(|| at.to_string(), |name| text::visible(name).into_owned());
            let first = if self.names.is_some() { left(*one) } else { right(*one) };
            let headings = [right(*atoms), right("relative residual"), right("time"), left("stopped because")];
            let mut table = Table::new([first].into_iter().chain(headings));
            for (at, answer) in answers.iter().enumerate() {
                if let Some(answer) = answer {
                    table.row([label(at)].into_iter().chain(answer.cells.clone()));
                }
            }
            say!("{}", table.to_string().trim_end());
        }
        if was_interrupted {
            complain(&format!(
                "interrupted; {} of {} {all} are done, those in progress as far as they came",
                found.len(),
                answers.len()
            ));
            return Ok(ExitCode::from(interrupt::STATUS));
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// What the runs of a group have in common.
struct One<'r, T: Scalar> {
    batch: &'r Batch<T>,
    posed: &'r Posed<'r, T>,
    problem: &'r Problem<'r, T>,
    method: &'r Method,
    chain: Chain<T>,
    start: Start<T>,
}

impl<T: Scalar> One<'_, T> {
    fn solve(&self, at: usize, threads: Threads) -> Result<Answer<T>, Failure> {
        let (data, method) = (&self.batch.columns[at], self.method);
        let reduced: Option<Cow<'_, [T]>> = self.posed.reduced(data)?;
        let own;
        let problem = match &reduced {
            Some(reduced) => {
                own = self.problem.with_data(reduced)?;
                &own
            }
            // It is the problem of this one alone.
            None => self.problem,
        };
        let run = Run::with_chain(problem, self.chain.clone()).start(self.start.clone()).threads(threads);
        let run = run.memory(method.limits.memory()).limits(self.posed.limits(method.limits.of_run()));
        let found = run.interrupt(interrupt::watched()).solve()?;
        let solution = self.posed.complete_for(problem, data, found)?;
        let cells = [
            solution.support.len().to_string(),
            report::short(solution.relative_residual),
            report::time(solution.elapsed),
            solution.stop_reason.to_string(),
        ];
        let shown = Named { column: self.batch.name(at), solution: placed(&self.batch.loaded, self.posed, &solution) };
        Ok(Answer {
            x: solution.to_dense(),
            cells,
            object: to_raw_value(&shown)?,
            was_interrupted: solution.stop_reason == StopReason::Interrupted,
        })
    }
}
