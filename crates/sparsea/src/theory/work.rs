//! The limit on work spent on bounds.

/// Multiply-adds that a task may spend beyond its share to look at every order once: about a second.
const OVERDRAFT: f64 = 1e9;

/// Multiply-adds that may still be spent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Work {
    left: f64,
}

impl Work {
    /// So many multiply-adds.
    pub(super) fn new(limit: f64) -> Self {
        Self { left: limit }
    }

    /// How many are left.
    pub(super) fn left(&self) -> f64 {
        self.left
    }

    /// Takes `cost` away; false if that was more than there is.
    pub(super) fn spend(&mut self, cost: f64) -> bool {
        self.left -= cost;
        self.left >= 0.0
    }

    /// Whether even a task that looks at every order once has to end.
    pub(super) fn is_overdrawn(&self) -> bool {
        self.left < -OVERDRAFT
    }

    /// A share of what is left, for one task.
    pub(super) fn part(&mut self, share: f64) -> Self {
        let part = share * self.left.max(0.0);
        self.left -= part;
        Self { left: part }
    }

    /// What the task did not need.
    pub(super) fn put_back(&mut self, part: Self) {
        self.left += part.left;
    }
}
