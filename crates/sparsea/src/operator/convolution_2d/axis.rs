//! One axis of a two-dimensional convolution.

use std::ops::Range;

use crate::operator::Boundary;

/// Places j = 0 … n − 1 of spikes and samples t = 0 … m − 1 of data along one direction: kernel sample l of a spike at j lies at
/// t = j + l − first, modulo n where it is periodic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Axis {
    /// n.
    pub(super) spikes: usize,
    /// m.
    pub(super) samples: usize,
    pub(super) first: usize,
    /// L.
    pub(super) length: usize,
    pub(super) periodic: bool,
}

/// Kernel samples `kernel` lie at the samples of data from `at` on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) kernel: Range<usize>,
    pub(super) at: usize,
}

/// Spikes `spikes` are seen at the samples from `at` on, for one kernel sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shift {
    pub(super) spikes: Range<usize>,
    pub(super) at: usize,
}

impl Axis {
    /// Of `spikes` places under a kernel of `length` samples; `origin` is for as many samples as spikes.
    pub(super) fn new(length: usize, spikes: usize, boundary: Boundary, origin: usize) -> Self {
        let before = length.saturating_sub(1);
        let (samples, first) = match boundary {
            Boundary::Full => (spikes.saturating_add(before), 0),
            Boundary::Same | Boundary::Circular => (spikes, origin),
            Boundary::Valid => (spikes.saturating_sub(before), before),
        };
        Self { spikes, samples, first, length, periodic: boundary == Boundary::Circular }
    }

    /// The part of the kernel of spike j that is in sight; two parts where it goes on at the other end, empty ones where it does not.
    pub(super) fn pieces(&self, j: usize) -> [Piece; 2] {
        let none = Piece { kernel: 0..0, at: 0 };
        if self.periodic {
            let at = (j + self.spikes - self.first) % self.spikes;
            let ahead = self.length.min(self.spikes - at);
            return [Piece { kernel: 0..ahead, at }, Piece { kernel: ahead..self.length, at: 0 }];
        }
        let kernel = self.seen(j);
        let at = (j + kernel.start).saturating_sub(self.first);
        if kernel.is_empty() { [none.clone(), none] } else { [Piece { kernel, at }, none] }
    }

    /// Kernel samples of spike j that are in sight; all of them where it is periodic.
    pub(super) fn seen(&self, j: usize) -> Range<usize> {
        if self.periodic {
            return 0..self.length;
        }
        let from = self.first.saturating_sub(j).min(self.length);
        let to = (self.first + self.samples).saturating_sub(j).min(self.length);
        from..to.max(from)
    }

    /// Whether all of spike j is in sight.
    pub(super) fn is_whole(&self, j: usize) -> bool {
        self.periodic || (j >= self.first && j + self.length <= self.first + self.samples)
    }

    /// Where spikes are seen by kernel sample l.
    pub(super) fn shifts(&self, l: usize) -> [Shift; 2] {
        let n = self.spikes;
        if self.periodic {
            let at = (l + n - self.first) % n;
            return [Shift { spikes: 0..n - at, at }, Shift { spikes: n - at..n, at: 0 }];
        }
        let from = self.first.saturating_sub(l).min(n);
        let to = (self.samples + self.first).saturating_sub(l).min(n).max(from);
        [Shift { spikes: from..to, at: (from + l).saturating_sub(self.first) }, Shift { spikes: 0..0, at: 0 }]
    }

    /// The spike that kernel sample l shows at sample t.
    pub(super) fn spike_at(&self, t: usize, l: usize) -> Option<usize> {
        if self.periodic {
            return Some((t + self.first + self.spikes - l) % self.spikes);
        }
        (t + self.first).checked_sub(l).filter(|&j| j < self.spikes)
    }

    /// The sample at which kernel sample l shows spike j.
    pub(super) fn sample_at(&self, j: usize, l: usize) -> Option<usize> {
        if self.periodic {
            return Some((j + l + self.spikes - self.first) % self.spikes);
        }
        (j + l).checked_sub(self.first).filter(|&t| t < self.samples)
    }

    /// Distances j − i at which the kernels of spikes i and j meet: up to three where it is periodic.
    pub(super) fn distances(&self, i: usize, j: usize) -> impl Iterator<Item = isize> + use<> {
        let (apart, n) = (j as isize - i as isize, self.spikes as isize);
        let around = if self.periodic { [apart, apart - n, apart + n] } else { [apart; 3] };
        let (count, reach) = (if self.periodic { 3 } else { 1 }, self.length as isize);
        around.into_iter().take(count).filter(move |d| d.abs() < reach)
    }

    /// Spikes whose kernels may meet that of spike j, none of them twice.
    pub(super) fn near(&self, j: usize) -> Vec<usize> {
        let (reach, n) = (self.length - 1, self.spikes);
        if !self.periodic {
            return (j.saturating_sub(reach)..(j + reach + 1).min(n)).collect();
        }
        if 2 * reach + 1 >= n {
            return (0..n).collect();
        }
        (0..2 * reach + 1).map(|d| (j + n - reach + d) % n).collect()
    }

    /// Kernel samples of spikes i and j that lie on samples both show and that are in sight: from these on, so many.
    pub(super) fn common(&self, i: usize, j: usize) -> (usize, usize, usize) {
        let from = i.max(j).max(self.first);
        let to = (i.min(j) + self.length).min(self.first + self.samples);
        if from >= to { (0, 0, 0) } else { (from - i, from - j, to - from) }
    }
}
