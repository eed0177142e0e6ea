//! What is known of a trace, column by column and row by row, and its parts, which threads search at once.

use super::super::span::Span;
use super::BLOCK;
use crate::scalar::Scalar;
use crate::workspace::Workspace;

/// A point x with its residual, and what is known around it.
#[derive(Debug)]
pub(super) struct Trace<T> {
    pub(super) coefficients: Vec<T>,
    pub(super) is_member: Vec<bool>,
    pub(super) residual: Vec<T>,
    /// What ‖r‖² rises by if a member leaves, in units of ‖y‖², as single precision has no room for others.
    pub(super) losses: Vec<f32>,
    /// The best addition of each block: its gain, in the same units, and its column.
    pub(super) gains: Vec<(f32, u32)>,
    /// When each block last changed.
    pub(super) changed: Vec<u32>,
}

/// A part of a trace: the columns from `first_column` on, a multiple of [`BLOCK`], and the rows from `first_row` on.
#[derive(Debug)]
pub(super) struct Part<'t, T> {
    pub(super) first_column: usize,
    pub(super) first_row: usize,
    pub(super) coefficients: &'t mut [T],
    pub(super) is_member: &'t mut [bool],
    pub(super) residual: &'t mut [T],
    pub(super) losses: &'t mut [f32],
    pub(super) gains: &'t mut [(f32, u32)],
    pub(super) changed: &'t mut [u32],
}

impl<T: Scalar> Trace<T> {
    /// Nothing is known of n columns.
    pub(super) fn new(columns: usize) -> Self {
        let blocks = columns.div_ceil(BLOCK);
        Self {
            coefficients: vec![T::ZERO; columns],
            is_member: vec![false; columns],
            residual: Vec::new(),
            losses: vec![0.0; columns],
            gains: vec![(0.0, 0); blocks],
            changed: vec![1; blocks],
        }
    }

    /// Takes the current point of the workspace.
    pub(super) fn take(&mut self, workspace: &mut Workspace<'_, T>, span: Option<&mut Span<T>>) {
        self.residual.clear();
        self.residual.extend_from_slice(workspace.residual());
        self.coefficients.fill(T::ZERO);
        self.is_member.fill(false);
        for (&j, &x) in workspace.support().iter().zip(workspace.values()) {
            self.coefficients[j] = x;
            self.is_member[j] = x != T::ZERO;
        }
        if let Some(span) = span {
            let support = workspace.support();
            support.iter().for_each(|&j| self.coefficients[j] = self.coefficients[j].scale(span.ratio(j)));
            span.take(support.iter().map(|&j| (j, self.coefficients[j])));
        }
    }

    /// All of it, as a part.
    pub(super) fn whole(&mut self) -> Part<'_, T> {
        Part {
            first_column: 0,
            first_row: 0,
            coefficients: &mut self.coefficients,
            is_member: &mut self.is_member,
            residual: &mut self.residual,
            losses: &mut self.losses,
            gains: &mut self.gains,
            changed: &mut self.changed,
        }
    }
}

impl<'t, T: Scalar> Part<'t, T> {
    /// The columns before `column`, a multiple of [`BLOCK`], with the rows before `row`, and the others.
    fn split(self, column: usize, row: usize) -> (Self, Self) {
        let (columns, blocks) = (column - self.first_column, (column - self.first_column) / BLOCK);
        let rows = row - self.first_row;
        let coefficients = self.coefficients.split_at_mut(columns);
        let is_member = self.is_member.split_at_mut(columns);
        let residual = self.residual.split_at_mut(rows);
        let losses = self.losses.split_at_mut(columns);
        let gains = self.gains.split_at_mut(blocks);
        let changed = self.changed.split_at_mut(blocks);
        let before = Part {
            first_column: self.first_column,
            first_row: self.first_row,
            coefficients: coefficients.0,
            is_member: is_member.0,
            residual: residual.0,
            losses: losses.0,
            gains: gains.0,
            changed: changed.0,
        };
        let after = Part {
            first_column: column,
            first_row: row,
            coefficients: coefficients.1,
            is_member: is_member.1,
            residual: residual.1,
            losses: losses.1,
            gains: gains.1,
            changed: changed.1,
        };
        (before, after)
    }

    /// Its parts between cuts: columns, each a multiple of [`BLOCK`], with the first rows of the parts that begin there.
    pub(super) fn cut(self, cuts: impl IntoIterator<Item = (usize, usize)>) -> Vec<Self> {
        let mut parts = Vec::new();
        let mut rest = self;
        for (column, row) in cuts {
            let (before, after) = rest.split(column, row);
            parts.push(before);
            rest = after;
        }
        parts.push(rest);
        parts
    }

    /// Whether the column is a member.
    pub(super) fn is_member(&self, column: usize) -> bool {
        self.is_member[column - self.first_column]
    }

    /// The coefficient of a column.
    pub(super) fn coefficient(&self, column: usize) -> T {
        self.coefficients[column - self.first_column]
    }

    /// Sets the coefficient of a column, and whether it is a member.
    pub(super) fn set(&mut self, column: usize, value: Option<T>) {
        self.coefficients[column - self.first_column] = value.unwrap_or(T::ZERO);
        self.is_member[column - self.first_column] = value.is_some();
    }

    /// The blocks that hold the columns `from..to`.
    pub(super) fn blocks(&self, from: usize, to: usize) -> std::ops::Range<usize> {
        let first = self.first_column / BLOCK;
        from / BLOCK - first..(to - 1) / BLOCK + 1 - first
    }
}
