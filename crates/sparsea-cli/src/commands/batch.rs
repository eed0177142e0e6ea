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
use sparsea::{Chain, Domain, Error, Problem, Run, Scalar, SharedGram, Start, StopReason, Threads};

use super::solve::{chain, placed, read_start};
use crate::batch::{AnyBatch, Batch, Words};
use crate::blocks::Groups;
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

/// A solution among those of several: an interrupted run has some of them only.
#[derive(Serialize)]
struct Named<'n, S> {
    column: Label<'n>,
    #[serde(flatten)]
    solution: S,
}

/// A right-hand side by its name, or by its number.
#[derive(Serialize)]
#[serde(untagged)]
enum Label<'n> {
    Name(&'n str),
    Number(usize),
}

impl<T: Scalar> Batch<T> {
    fn solve(self, method: &Method, model: &ModelOptions, output: &Output) -> Result<ExitCode, Failure> {
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
        let (rows, columns) = self.loaded.operator.shape();
        let domain = method.domain.domain(columns)?;
        let common = Common {
            batch: &self,
            method,
            model,
            weights: model.stated_weights(rows)?,
            groups: model.groups.as_deref().map(|path| Groups::read(path, columns)).transpose()?,
            domain: domain.as_deref(),
            start: read_start(&method.start, &self.loaded)?,
            progress: &progress,
        };
        let answers = common.solve(&self.groups(model))?;
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
        let mut groups: Vec<Vec<usize>> = groups.into_values().collect();
        // The first that fails is then that of the first column.
        groups.sort_unstable_by_key(|group| group.first().copied());
        groups
    }

    /// Which of them could not be solved.
    fn of_one(&self, failure: Failure, at: usize) -> Failure {
        let one = self.words.one;
        match failure {
            Failure::Message(line) => match self.name(at) {
                Some(name) => Failure::Message(format!("{one} {name}: {line}")),
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
        let is_whole = found.len() == answers.len();
        if let Some(path) = output.output.as_ref().filter(|_| is_whole) {
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
            let (done, count) = (found.len(), answers.len());
            let kept =
                format!("interrupted; {done} of {count} {all} are listed, those in progress with their best so far");
            let file = output.output.as_ref().filter(|_| !is_whole);
            complain(&file.map_or_else(
                || kept.clone(),
                |path| format!("{kept}; {} is not written, since some are missing", path.display()),
            ));
            return Ok(ExitCode::from(interrupt::STATUS));
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// What the runs of a batch have in common.
struct Common<'r, T: Scalar> {
    batch: &'r Batch<T>,
    method: &'r Method,
    model: &'r ModelOptions,
    /// Of the rows, as stated.
    weights: Option<Vec<f64>>,
    /// Of columns of A.
    groups: Option<Groups>,
    domain: Option<&'r dyn Domain<T>>,
    /// In terms of A.
    start: Start<T>,
    progress: &'r Count,
}

impl<'r, T: Scalar> Common<'r, T> {
    /// Solves right-hand sides in groups, each of which is one problem except for y. Groups with a member for each thread are solved one
    /// after the other on all threads; of the others, each thread solves its own.
    fn solve(&self, groups: &[Vec<usize>]) -> Result<Vec<Option<Answer<T>>>, Failure> {
        let mut answers: Vec<Option<Answer<T>>> = (0..self.batch.columns.len()).map(|_| None).collect();
        let mut keep = |group: &[usize], found: Result<Vec<(usize, Answer<T>)>, Unsolved>| {
            found.map(|found| found.into_iter().for_each(|(at, answer)| answers[at] = Some(answer))).map_err(|error| {
                match error {
                    Unsolved::Failed(failure) => failure,
                    Unsolved::Unposed(failure) => self.blame(failure, group, groups),
                }
            })
        };
        let threads = rayon::current_num_threads();
        let (mut alone, mut together): (Vec<&[usize]>, Vec<&[usize]>) =
            groups.iter().map(Vec::as_slice).partition(|group| group.len() >= threads);
        if together.len() < threads {
            alone.append(&mut together);
        }
        for group in alone.into_iter().take_while(|_| !interrupt::requested()) {
            keep(group, self.solve_group(group, true))?;
        }
        for (place, found) in on_threads(together.len(), |place| self.solve_group(together[place], false))? {
            keep(together[place], found)?;
        }
        Ok(answers)
    }

    /// Says which right-hand side has no problem, unless the first and the last have none either: then it is no fault of this one.
    fn blame(&self, failure: Failure, group: &[usize], groups: &[Vec<usize>]) -> Failure {
        let Some(&at) = group.first() else { return failure };
        let mut others = [groups.first(), groups.last()].into_iter().flatten().filter_map(|group| group.first());
        let is_shared = others.all(|&other| other == at || self.refuses(other));
        if is_shared { failure } else { self.batch.of_one(failure, at) }
    }

    /// What is solved for a right-hand side, and for others with the same gaps.
    fn pose(&self, at: usize) -> Result<Posed<'_, T>, Failure> {
        let (batch, data) = (self.batch, &self.batch.columns[at]);
        let weights = self.model.weights_with_gaps(self.weights.clone(), batch.loaded.operator.shape().0, data)?;
        Posed::weighted(&batch.loaded, data, self.model, self.domain, weights, self.groups.clone())
    }

    /// Whether there is no problem of a right-hand side.
    fn refuses(&self, at: usize) -> bool {
        !self.pose(at).is_ok_and(|posed| posed.problem(self.method.sparsity, self.domain).is_ok())
    }

    /// Solves those of a group: on all threads if it has them, as many members at a time as there are, or one after the other.
    fn solve_group(&self, group: &[usize], has_threads: bool) -> Result<Vec<(usize, Answer<T>)>, Unsolved> {
        let Some(&first) = group.first() else { return Ok(vec![]) };
        let (batch, method) = (self.batch, self.method);
        let posed = self.pose(first).map_err(Unsolved::Unposed)?;
        let problem = posed.problem(method.sparsity, self.domain).map_err(Unsolved::Unposed)?;
        // Of columns that are measured, the Gram columns are computed once.
        let problem = if batch.loaded.statistics.is_none() && group.len() > 1 {
            let gram = SharedGram::new(problem.operator().ncols(), method.limits.memory().gram);
            problem.share_gram(Arc::new(gram)).map_err(Failure::from)?
        } else {
            problem
        };
        let chain = chain(method.algorithm.as_deref(), &problem, &method.settings)?;
        let start = posed.start(self.start.clone())?;
        let one = One { batch, posed: &posed, problem: &problem, method, chain, start };
        let solve = |at: usize, threads| {
            let answer = one.solve(at, threads)?;
            self.progress.one_more();
            Ok::<_, Failure>((at, answer))
        };
        if has_threads && group.len() >= rayon::current_num_threads() {
            let solved = on_threads(group.len(), |place| solve(group[place], Threads::One))?;
            return Ok(solved.into_iter().map(|(_, answer)| answer).collect::<Result<_, Failure>>()?);
        }
        let threads = if has_threads { Threads::Pool } else { Threads::One };
        let going = group.iter().take_while(|_| !interrupt::requested());
        Ok(going.map(|&at| solve(at, threads)).collect::<Result<_, Failure>>()?)
    }
}

/// A job that was done: which, and what came of it.
type Done<R, E> = (usize, Result<R, E>);

/// Runs jobs on all threads, until one fails or an interruption is requested, and returns those that were run, in order. Jobs are begun
/// in order too, so the first failure returned is that of the lowest job that can fail.
fn on_threads<R: Send, E: Send>(
    count: usize,
    job: impl Fn(usize) -> Result<R, E> + Sync,
) -> Result<Vec<Done<R, E>>, Failure> {
    let next = AtomicUsize::new(0);
    let do_some = || {
        let mut done = vec![];
        while !interrupt::requested() {
            let place = next.fetch_add(1, Ordering::Relaxed);
            if place >= count {
                break;
            }
            let result = job(place);
            let failed = result.is_err();
            done.push((place, result));
            if failed {
                // The others are not needed.
                next.store(count, Ordering::Relaxed);
                break;
            }
        }
        done
    };
    // While a thread of a larger pool waits for others it would take up further jobs, one within the other.
    let mut done = thread::scope(|scope| {
        let start = |_| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
            let pool = pool.map_err(|error| Failure::Broken(format!("threads cannot be started: {error}")))?;
            let do_some = &do_some;
            Ok(scope.spawn(move || pool.install(do_some)))
        };
        let workers: Result<Vec<_>, Failure> = (0..rayon::current_num_threads()).map(start).collect();
        let join =
            |worker: thread::ScopedJoinHandle<'_, _>| worker.join().unwrap_or_else(|payload| resume_unwind(payload));
        Ok::<Vec<_>, Failure>(workers?.into_iter().flat_map(join).collect())
    })?;
    done.sort_by_key(|&(place, _)| place);
    Ok(done)
}

/// Why a group is not solved.
enum Unsolved {
    /// There is no problem of its first member.
    Unposed(Failure),
    Failed(Failure),
}

impl<F: Into<Failure>> From<F> for Unsolved {
    fn from(failure: F) -> Self {
        Self::Failed(failure.into())
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
        let blame = |error: Error| self.batch.of_one(error.into(), at);
        let reduced: Option<Cow<'_, [T]>> = self.posed.reduced(data).map_err(blame)?;
        let own;
        let problem = match &reduced {
            Some(reduced) => {
                own = self.problem.with_data(reduced).map_err(blame)?;
                &own
            }
            // It is the problem of this one alone.
            None => self.problem,
        };
        let run = Run::with_chain(problem, self.chain.clone()).start(self.start.clone()).threads(threads);
        let run = run.memory(method.limits.memory()).limits(self.posed.limits(method.limits.of_run()));
        // Only this is about y.
        let of_y = |error| if matches!(error, Error::Overflow { .. }) { blame(error) } else { error.into() };
        let found = run.interrupt(interrupt::watched()).solve().map_err(of_y)?;
        let solution = self.posed.complete_for(problem, data, found).map_err(blame)?;
        let cells = [
            solution.support.len().to_string(),
            report::short(solution.relative_residual),
            report::time(solution.elapsed),
            solution.stop_reason.to_string(),
        ];
        let shown = Named {
            column: self.batch.name(at).map_or(Label::Number(at), Label::Name),
            solution: placed(&self.batch.loaded, self.posed, &solution),
        };
        Ok(Answer {
            x: solution.to_dense(),
            cells,
            object: to_raw_value(&shown)?,
            was_interrupted: solution.stop_reason == StopReason::Interrupted,
        })
    }
}
