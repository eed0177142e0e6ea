//! Good supports other than the best: where they differ from it is where it may be wrong.

/// The best few distinct supports at which descents have ended.
#[derive(Debug, Clone, Default)]
pub(super) struct Elites {
    /// ‖r‖² and support, best first.
    supports: Vec<(f64, Vec<usize>)>,
}

/// As many as are kept.
const KEPT: usize = 8;

impl Elites {
    /// The supports, sorted each, best first.
    pub(super) fn supports(&self) -> &[(f64, Vec<usize>)] {
        &self.supports
    }

    /// Takes in a support with its ‖r‖², if it is among the best and not known.
    pub(super) fn add(&mut self, square: f64, support: &[usize]) {
        if self.supports.iter().any(|(_, known)| known == support) {
            return;
        }
        let at = self.supports.partition_point(|(known, _)| *known <= square);
        if at < KEPT {
            self.supports.insert(at, (square, support.to_vec()));
            self.supports.truncate(KEPT);
        }
    }

    /// Forgets a support: it has become the best.
    pub(super) fn remove(&mut self, support: &[usize]) {
        self.supports.retain(|(_, known)| known != support);
    }
}
