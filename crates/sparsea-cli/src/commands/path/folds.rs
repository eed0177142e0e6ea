//! Errors of a path on folds that are left out.

use faer::MatRef;
use rand::seq::SliceRandom;
use sparsea::generate::stream;
use sparsea::{CrossValidation, Fold, Memory};

use crate::cli::{ModelOptions, Path};
use crate::failure::Failure;
use crate::interrupt;
use crate::problem::Loaded;

/// Rows of a table in folds.
pub struct Folds<'f> {
    table: MatRef<'f, f64>,
    data: Vec<f64>,
    intercept: bool,
    weights: Option<Vec<f64>>,
    /// Training and test rows of each.
    folds: Vec<(Vec<usize>, Vec<usize>)>,
    memory: Memory,
    time: Option<std::time::Duration>,
    relative_residual: Option<f64>,
}

/// Errors for one k.
#[derive(Debug, Clone, Copy)]
pub struct Errors {
    /// The mean squared error over folds, by the weights of their rows.
    pub mean: f64,
    /// Its standard error.
    pub standard_error: f64,
}

impl<'f> Folds<'f> {
    pub fn new(table: Option<MatRef<'f, f64>>, loaded: &Loaded<f64>, arguments: &Path) -> Result<Self, Failure> {
        let ModelOptions { fixed, excluded, ridge, sum_to, groups, joint, .. } = &arguments.model;
        let domain = &arguments.domain;
        let others = [
            (table.is_none(), "a dense real table of float64"),
            (domain.nonnegative || domain.bounds.is_some(), "free coefficients"),
            (!fixed.is_empty() || !excluded.is_empty(), "no fixed or excluded columns"),
            (ridge.is_some_and(|ridge| ridge > 0.0) || sum_to.is_some(), "neither a ridge nor a sum"),
            (groups.is_some() || *joint, "neither groups nor a joint support"),
        ];
        if let Some((_, what)) = others.iter().find(|(is_other, _)| *is_other) {
            return Err(Failure::Message(format!(
                "--criterion cv needs {what}; sparsea.sklearn.SparseRegressorCV does too"
            )));
        }
        let Some(table) = table else { return Err(Failure::Message("--criterion cv needs a table".into())) };
        let weights = arguments.model.row_weights(loaded)?;
        let kept: Vec<usize> = (0..table.nrows()).filter(|&i| weights.as_ref().is_none_or(|w| w[i] > 0.0)).collect();
        let mut order = kept;
        if arguments.folds > order.len() {
            let (folds, rows) = (arguments.folds, order.len());
            return Err(Failure::Message(format!("--folds must be at most the number of rows, {rows}, got {folds}")));
        }
        if let Some(seed) = arguments.shuffle {
            order.shuffle(&mut stream(seed, 0, 0));
        }
        let (size, longer) = (order.len() / arguments.folds, order.len() % arguments.folds);
        let mut folds = vec![];
        let mut from = 0;
        for fold in 0..arguments.folds {
            let until = from + size + usize::from(fold < longer);
            let mut test = order[from..until].to_vec();
            test.sort_unstable();
            let mut train: Vec<usize> = order[..from].iter().chain(&order[until..]).copied().collect();
            train.sort_unstable();
            folds.push((train, test));
            from = until;
        }
        let intercept = arguments.model.has_intercept(loaded);
        // What a gap holds is not looked at.
        let data = loaded.data.iter().map(|&y| if y.is_nan() { 0.0 } else { y }).collect();
        let memory = arguments.memory.map_or_else(Memory::default, Memory::total);
        let (time, relative_residual) = (arguments.time, arguments.relative_residual);
        Ok(Self { table, data, intercept, weights, folds, memory, time, relative_residual })
    }

    /// The largest k that the smallest training set can have.
    pub fn limit(&self) -> usize {
        let rows = self.folds.iter().map(|(train, _)| train.len()).min().unwrap_or(0);
        rows.saturating_sub(usize::from(self.intercept)).min(self.table.ncols())
    }

    /// Errors for k = 0 … K.
    pub fn errors(&self, largest: usize) -> Result<Vec<Errors>, Failure> {
        let folds: Vec<Fold<'_>> = self.folds.iter().map(|(train, test)| Fold { train, test }).collect();
        let mut each = vec![self.null_errors()];
        if largest > 0 {
            let mut validation = CrossValidation::new(self.table, &self.data).intercept(self.intercept);
            validation = validation.interrupt(interrupt::watched()).memory(self.memory);
            if let Some(weights) = &self.weights {
                validation = validation.weights(weights);
            }
            if let Some(time) = self.time {
                validation = validation.time(time);
            }
            if let Some(limit) = self.relative_residual {
                validation = validation.relative_residual(limit);
            }
            let found = validation.errors(&folds, largest)?;
            each.extend((0..largest).map(|k| (0..folds.len()).map(|fold| found[(k, fold)]).collect::<Vec<_>>()));
        }
        let whole: f64 = self.folds.iter().map(|(_, test)| self.weight(test)).sum();
        let shares: Vec<f64> = self.folds.iter().map(|(_, test)| self.weight(test) / whole).collect();
        Ok(each.iter().map(|errors| mean(errors, &shares)).collect())
    }

    /// Errors of the mean of y on the training rows, or of 0.
    fn null_errors(&self) -> Vec<f64> {
        let weight = |i: usize| self.weights.as_ref().map_or(1.0, |weights| weights[i]);
        let error = |(train, test): &(Vec<usize>, Vec<usize>)| {
            let sum: f64 = train.iter().map(|&i| weight(i) * self.data[i]).sum();
            let mean = if self.intercept { sum / self.weight(train) } else { 0.0 };
            test.iter().map(|&i| weight(i) * (self.data[i] - mean).powi(2)).sum::<f64>() / self.weight(test)
        };
        self.folds.iter().map(error).collect()
    }

    fn weight(&self, rows: &[usize]) -> f64 {
        self.weights.as_ref().map_or(rows.len() as f64, |weights| rows.iter().map(|&i| weights[i]).sum())
    }
}

/// The mean by shares ω, and (Σ ω (e − ē)²/(F − 1))^½.
fn mean(errors: &[f64], shares: &[f64]) -> Errors {
    let mean: f64 = errors.iter().zip(shares).map(|(e, share)| e * share).sum();
    let spread: f64 = errors.iter().zip(shares).map(|(e, share)| share * (e - mean).powi(2)).sum();
    let folds = shares.iter().filter(|&&share| share > 0.0).count();
    Errors { mean, standard_error: (spread / folds.saturating_sub(1).max(1) as f64).sqrt() }
}
