//! Progress bars on standard error, only where that is a terminal.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use sparsea::{Observer, Progress, Solution};

use crate::say::is_quiet;

/// Runs shorter than this show no bar.
const PATIENCE: Duration = Duration::from_millis(300);
const REFRESH: Duration = Duration::from_millis(100);

/// Shows iterations done and the best residual.
#[derive(Debug)]
pub struct Bar {
    limit: Option<u64>,
    bar: Option<ProgressBar>,
    shown: Option<Instant>,
}

impl Bar {
    /// A bar for a run of at most `limit` iterations.
    pub fn new(limit: Option<u64>) -> Self {
        Self { limit, bar: None, shown: None }
    }

    fn make(&self) -> ProgressBar {
        // indicatif draws nothing where standard error is not a terminal.
        let (bar, template) = match self.limit {
            Some(limit) => (ProgressBar::new(limit), "{bar:30} {pos}/{len} iterations, {eta} left, {msg}"),
            None => (ProgressBar::new_spinner(), "{spinner} {pos} iterations in {elapsed}, {msg}"),
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar
    }
}

/// Shows how many of several runs are done.
#[derive(Debug)]
pub struct Count(ProgressBar);

impl Count {
    /// A bar for `total` runs, of what `what` names.
    pub fn new(total: usize, what: &str) -> Self {
        let bar = if is_quiet() { ProgressBar::hidden() } else { ProgressBar::new(total as u64) };
        if let Ok(style) = ProgressStyle::with_template(&format!("{{bar:30}} {{pos}}/{{len}} {what}, {{eta}} left")) {
            bar.set_style(style);
        }
        Self(bar)
    }

    pub fn one_more(&self) {
        self.0.inc(1);
    }

    pub fn finish(&self) {
        self.0.finish_and_clear();
    }
}

impl Drop for Count {
    fn drop(&mut self) {
        self.finish();
    }
}

impl<T> Observer<T> for Bar {
    fn step(&mut self, progress: &Progress<'_>) -> ControlFlow<()> {
        if progress.elapsed >= PATIENCE && !is_quiet() && self.shown.is_none_or(|shown| shown.elapsed() >= REFRESH) {
            let made = self.make();
            let bar = self.bar.get_or_insert(made);
            bar.set_position(progress.iteration);
            bar.set_message(format!("best residual {:.4e}", progress.best_residual_norm));
            self.shown = Some(Instant::now());
        }
        ControlFlow::Continue(())
    }

    fn end(&mut self, _solution: &Solution<T>) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}
