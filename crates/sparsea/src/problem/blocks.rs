//! Problems whose atoms are groups of columns, and problems with several right-hand sides and a common support.

use std::sync::{Arc, OnceLock};

use super::{Atoms, Grouping, Metric, Partition, Problem, Seen, Sides, check_data};
use crate::error::Error;
use crate::interrupt::Interrupt;
use crate::operator::{Access, LinearMap, Stacked};
use crate::scalar::Scalar;

impl<'a, T: Scalar> Problem<'a, T> {
    /// minimise ½‖Y − A X‖² over X with at most k non-zero rows, for Y of shape m × `count`: several data vectors with a common support.
    /// `data` holds the columns of Y, end to end.
    ///
    /// Columns are scored by ‖a_jᴴ R‖, the norm of a row. If rank(Y) < `count`, algorithms see Y V, where V is an orthonormal basis of the
    /// row space of Y. This leaves supports, ‖R‖ and row norms unchanged, at the cost of rank(Y) vectors.
    ///
    /// A [domain](Self::with_domain) applies to each vector of coefficients; algorithms then see Y itself. The loss must be the squared
    /// loss.
    ///
    /// # Errors
    /// Those of [`new`](Self::new); [`Error::SideCount`] without columns of Y.
    pub fn joint(operator: &'a dyn LinearMap<T>, data: &'a [T], count: usize, sparsity: usize) -> Result<Self, Error> {
        Self::joint_until(operator, data, count, sparsity, &Interrupt::default())
    }

    /// Like [`joint`](Self::joint), but gives up when `interrupt` says so.
    ///
    /// # Errors
    /// Those of [`joint`](Self::joint); [`Error::Stopped`].
    pub fn joint_until(
        operator: &'a dyn LinearMap<T>,
        data: &'a [T],
        count: usize,
        sparsity: usize,
        interrupt: &Interrupt,
    ) -> Result<Self, Error> {
        let rows = operator.shape().0;
        if count == 0 {
            return Err(Error::SideCount);
        }
        let first =
            data.get(..rows).ok_or(Error::DataLength { entries: data.len(), rows: rows.saturating_mul(count) })?;
        let problem = Self::new_until(operator, first, sparsity, interrupt)?;
        let data_norm = check_data(data, rows.saturating_mul(count))?;
        Ok(Self { data, data_norm, sides: Some(Arc::new(Sides::new(data, count))), ..problem })
    }

    /// The same problem for groups of columns. The columns of a group are in a support together or not at all, and k counts groups.
    ///
    /// Algorithms see columns that are orthonormal within each group. The score ‖A_gᴴ r‖ of a group is then the norm of the part of r that
    /// the group explains: it depends only on the span of the group, not on units or on correlations between its columns. (Larger groups
    /// explain more.) Columns that depend on columns of lower index in their group get the coefficient 0. After
    /// [`keep_columns`](Self::keep_columns), scores are the norms computed from A itself.
    ///
    /// With a [domain](Self::with_domain), columns are scaled to unit norm but not mixed. The score of a group is then the norm of what its
    /// columns explain of r one by one, as far as the domain allows. The loss must be the squared loss. Cost: 4 m s² multiply-adds for a
    /// group of s columns, without a domain.
    ///
    /// # Errors
    /// [`Error::VectorLength`] unless there is a label for each column; [`Error::GroupCount`] unless k is at most the number of groups;
    /// [`Error::NotTogether`] for another loss; [`Error::Operator`].
    pub fn with_groups(mut self, partition: Arc<Partition>) -> Result<Self, Error> {
        let (entries, columns) = (partition.ncols(), self.operator.ncols());
        if entries != columns {
            return Err(Error::VectorLength { what: "the vector of groups", entries, columns });
        }
        if self.loss.is_some() {
            let other = "another loss than the squared one";
            return Err(Error::NotTogether { one: "groups of columns", other });
        }
        let grouping = self.group(partition.clone());
        self.operator.check()?;
        self.grouping = Some(grouping);
        self.atoms = Atoms::Groups(partition);
        self.check_groups(self.sparsity)?;
        Ok(self)
    }

    pub(super) fn group(&self, partition: Arc<Partition>) -> Arc<Grouping<T>> {
        let metric = match (self.unit_columns, self.domain) {
            (false, _) => Metric::Kept,
            (true, None) => Metric::Orthonormal,
            (true, Some(_)) => Metric::Unit,
        };
        Arc::new(Grouping::new(&self.operator, partition, &self.column_norms, metric))
    }

    /// Refuses a k above the number of groups.
    pub(super) fn check_groups(&self, sparsity: usize) -> Result<(), Error> {
        match &self.grouping {
            Some(grouping) if sparsity > grouping.stated().len() => {
                Err(Error::GroupCount { sparsity, groups: grouping.stated().len() })
            }
            _ => Ok(()),
        }
    }

    /// Refuses what there is for columns and a single y only.
    pub(super) fn check_plain(&self, other: &'static str) -> Result<(), Error> {
        let one = if self.grouping.is_some() { "groups of columns" } else { "a joint support" };
        if self.is_plain() { Ok(()) } else { Err(Error::NotTogether { one, other }) }
    }

    /// The atoms, which k counts.
    pub fn atoms(&self) -> &Atoms {
        &self.atoms
    }

    /// Number of data vectors that share the support; 1 unless the problem is [joint](Self::joint).
    pub fn right_hand_sides(&self) -> usize {
        self.sides.as_ref().map_or(1, |sides| sides.count())
    }

    /// Number of data vectors that algorithms see: rank(Y), if that is less than the [number of right-hand sides](Self::right_hand_sides).
    pub fn rank(&self) -> usize {
        self.sides.as_ref().map_or(1, |sides| sides.rank())
    }

    /// Whether atoms are columns, and y a single vector.
    pub(crate) fn is_plain(&self) -> bool {
        self.grouping.is_none() && self.sides.is_none()
    }

    /// What makes groups orthonormal.
    pub(crate) fn grouping(&self) -> Option<&Arc<Grouping<T>>> {
        self.grouping.as_ref()
    }

    /// Several right-hand sides, if there are any.
    pub(crate) fn sides(&self) -> Option<&Arc<Sides<T>>> {
        self.sides.as_ref()
    }

    /// A for several right-hand sides, if the operator is that.
    pub(crate) fn stacked(&self) -> Option<&'a Stacked<'a, T>> {
        self.stacked
    }

    /// Numbers that a tableau of the problem holds, about: n for each column that a support may have.
    pub(crate) fn tableau_size(&self) -> usize {
        let sides = self.stacked.map_or(1, |stacked| self.operator.ncols() / stacked.base().ncols().max(1));
        let columns = self.operator.ncols() / sides;
        let most = self.atoms.most_columns(self.sparsity) / sides;
        if self.has_blocks() && self.domain.is_some() {
            // One for each right-hand side, and Gram columns.
            return columns.saturating_mul(most).saturating_mul(sides + 1);
        }
        columns.saturating_mul(most + sides - 1)
    }

    /// Whether algorithms see atoms that are groups of columns.
    pub(crate) fn has_blocks(&self) -> bool {
        !self.atoms.is_columns()
    }

    /// The problem of the one vector to which several of rank 1 come down.
    pub(crate) fn of_one<'s>(&'s self, data: &'s [T]) -> Result<Problem<'s, T>, Error> {
        let data_norm = check_data(data, self.operator.nrows())?;
        Ok(Problem { data, data_norm, sides: None, ..self.clone() })
    }

    /// The same problem, for which the time since `begin` has been spent.
    pub(crate) fn measured_since(mut self, begin: crate::clock::Instant) -> Self {
        self.measuring.elapsed += begin.elapsed();
        self
    }

    /// The problem that algorithms see of this one.
    pub(crate) fn seen_as<'s>(&self, seen: Seen<'s, T>) -> Result<Problem<'s, T>, Error> {
        let data_norm = check_data(seen.data, seen.operator.shape().0)?;
        let scales = seen.column_norms.iter().map(|&norm| f64::from(norm > 0.0)).collect();
        Ok(Problem {
            operator: Access::new(seen.operator),
            data: seen.data,
            sparsity: self.sparsity,
            data_norm,
            loss: None,
            domain: seen.domain,
            atoms: Atoms::Groups(Arc::new(seen.partition)),
            grouping: None,
            sides: None,
            stacked: seen.stacked,
            column_norms: seen.column_norms.into(),
            unit_columns: false,
            scales,
            data_correlation: None,
            measuring: self.measuring,
            norm_squared: Arc::new(OnceLock::new()),
        })
    }
}
