//! Least squares where columns overlap only their neighbours: a support falls into clusters that do not know of each other.
//!
//! A cluster is fitted by the banded Cholesky factor of its part of the Gram matrix, or, where that is not proved good
//! enough, by a banded QR decomposition: rows of A enter the triangle one after the other by plane rotations (Lawson & Hanson
//! 1974, chapter 27, DOI 10.1137/1.9781611971217). Clusters of the support before are not fitted again.

use std::ops::Range;

use crate::kernels::{axpy, norm};
use crate::operator::{Access, Local};
use crate::scalar::Scalar;
use crate::tolerance::{
    COARSER_DEPENDENT, CONDITION_SAFETY, DEPENDENT, FIT, GRAM_ROUNDING, INDEPENDENT, LARGE_COEFFICIENTS,
    NORMAL_SINE_SQUARED, RESIDUAL_EXCESS,
};

/// The fit on the latest support, cluster by cluster.
#[derive(Debug, Default)]
pub(crate) struct Clusters<T> {
    /// The support before, its coefficients, and where its clusters end. Of periodic columns, a cluster that goes on over the
    /// end comes first, with its own indices before the end; all others are counted on, beyond the last column.
    support: Vec<usize>,
    values: Vec<T>,
    ends: Vec<End>,
    /// The same of the support being fitted.
    next_support: Vec<usize>,
    next_values: Vec<T>,
    next_ends: Vec<End>,
    factor: Factor<T>,
    triangle: Triangle<T>,
}

#[derive(Debug, Clone, Copy)]
struct End {
    position: usize,
    /// A bound of the error of A x there; 0 after QR.
    error: f64,
}

/// What is fitted: A, the norms of its columns, y and Aᴴ y.
pub(crate) struct Target<'t, 'a, T: Scalar> {
    pub(crate) operator: &'t Access<'a, T>,
    pub(crate) column_norms: &'t [f64],
    pub(crate) data: &'t [T],
    pub(crate) correlation: &'t [T],
}

/// What became of a fit.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Fitted {
    /// Clusters fitted anew.
    pub(crate) clusters: usize,
    /// Those of them fitted by QR.
    pub(crate) by_qr: usize,
    /// Columns that depend on others, with coefficient 0.
    pub(crate) dependent: usize,
    /// A bound of the error of A x, as far as the rounding of Gram entries goes.
    pub(crate) error: f64,
}

/// A bound of 1/σ by the volume is not improved on where it is at most this.
const ENOUGH: f64 = 1e2;

impl<T: Scalar> Clusters<T> {
    /// Minimises ‖y − A_S x‖ for the sorted `support`, given the largest error of A x that the rounding of Gram entries may
    /// leave; if that is 0, only QR will do. Cost: |S| b² multiply-adds, with b the columns of the support
    /// within reach of one, for the clusters that are new; by QR, b² for each row in which they lie. `None`, having done nothing,
    /// if columns are periodic and the support has no gap.
    pub(crate) fn fit(
        &mut self,
        target: &Target<'_, '_, T>,
        local: &dyn Local<T>,
        support: &[usize],
        values: &mut Vec<T>,
        error: f64,
    ) -> Option<Fitted> {
        let reach = local.reach();
        let cut = self.unwrap(local, support)?;
        let support = std::mem::take(&mut self.next_support);
        let mut fitted = Fitted::default();
        self.next_values.clear();
        self.next_values.resize(support.len(), T::ZERO);
        self.next_ends.clear();
        let count = 1 + support.windows(2).filter(|pair| pair[1] - pair[0] > reach).count();
        // Errors of clusters add up as the sides of a right angle do.
        let error = error / (count as f64).sqrt();
        // Clusters before, walked beside those now.
        let (mut before, mut before_start) = (0, 0);
        let mut start = 0;
        while start < support.len() {
            let mut end = start + 1;
            while end < support.len() && support[end] - support[end - 1] <= reach {
                end += 1;
            }
            let members = &support[start..end];
            while before < self.ends.len() && self.support[before_start] < members[0] {
                before_start = self.ends[before].position;
                before += 1;
            }
            let known = self
                .ends
                .get(before)
                .filter(|known| self.support[before_start..known.position] == *members && known.error <= error);
            let out = &mut self.next_values[start..end];
            let left = if let Some(known) = known {
                out.copy_from_slice(&self.values[before_start..known.position]);
                known.error
            } else {
                fitted.clusters += 1;
                let built = error > 0.0 && self.factor.build(target, members, reach);
                let left = built.then(|| self.factor.solve(target, members, out));
                left.filter(|left| *left <= error).unwrap_or_else(|| {
                    fitted.by_qr += 1;
                    fitted.dependent += self.triangle.fit(target.operator, reach, target.data, members, out);
                    0.0
                })
            };
            fitted.error = fitted.error.hypot(left);
            self.next_ends.push(End { position: end, error: left });
            start = end;
        }
        self.next_support = std::mem::replace(&mut self.support, support);
        std::mem::swap(&mut self.values, &mut self.next_values);
        std::mem::swap(&mut self.ends, &mut self.next_ends);
        values.clear();
        let (last, first) = self.values.split_at(self.values.len() - cut);
        values.extend_from_slice(first);
        values.extend_from_slice(last);
        Some(fitted)
    }

    /// Puts the support in `next_support`, cut open at a gap: how many of its members come after that. `None` without a gap.
    fn unwrap(&mut self, local: &dyn Local<T>, support: &[usize]) -> Option<usize> {
        self.next_support.clear();
        let Some(period) = local.period() else {
            self.next_support.extend_from_slice(support);
            return Some(0);
        };
        // Whatever does not go on over the end is counted on, so that its clusters are known again whether or not something does.
        let cut = match support {
            [first, .., last] if first + period - last <= local.reach() => {
                support.windows(2).rposition(|pair| pair[1] - pair[0] > local.reach())? + 1
            }
            _ => support.len(),
        };
        self.next_support.extend_from_slice(&support[cut..]);
        self.next_support.extend(support[..cut].iter().map(|j| j + period));
        Some(cut % support.len().max(1))
    }
}

/// The column that a member stands for, which may be counted on beyond the last of n.
fn column(member: usize, n: usize) -> usize {
    if member >= n { member - n } else { member }
}

/// The Cholesky factor L of one cluster, row by row, each from the first member within reach.
#[derive(Debug, Default)]
struct Factor<T> {
    rows: Vec<T>,
    /// Where each row is, and the member with which it begins.
    from: Vec<(usize, usize)>,
    /// A bound of 1/σ, with σ the smallest singular value of the columns scaled to unit length.
    inverse_bound: f64,
    columns: Vec<usize>,
    scratch: Vec<T>,
}

impl<T: Scalar> Factor<T> {
    /// False if a column is too close to the span of those before it for normal equations.
    fn build(&mut self, target: &Target<'_, '_, T>, members: &[usize], reach: usize) -> bool {
        self.rows.clear();
        self.from.clear();
        let mut volume = 1.0f64;
        let mut first = 0;
        for (p, &j) in members.iter().enumerate() {
            while j - members[first] > reach {
                first += 1;
            }
            let at = self.rows.len();
            self.rows.resize(at + p + 1 - first, T::ZERO);
            let (before, row) = self.rows.split_at_mut(at);
            let n = target.column_norms.len();
            self.columns.clear();
            self.columns.extend(members[first..=p].iter().map(|&member| column(member, n)));
            target.operator.gram_entries(&self.columns, column(j, n), row);
            let square = row[p - first].real();
            let mut rest = square;
            for q in first..p {
                let (q_at, q_first) = self.from[q];
                let common = first.max(q_first);
                let theirs = &before[q_at + common - q_first..=q_at + q - q_first];
                // Entries of Gram columns are a_iᴴ a_j: rows of L are conjugate.
                let mut sum = row[q - first].conj();
                for (&mine, &their) in row[common - first..q - first].iter().zip(theirs) {
                    sum -= mine * their.conj();
                }
                let entry = sum.scale(1.0 / theirs[theirs.len() - 1].real());
                row[q - first] = entry;
                rest -= entry.abs2();
            }
            let sine_squared = rest / square;
            if sine_squared.is_nan() || sine_squared <= NORMAL_SINE_SQUARED {
                return false;
            }
            volume *= sine_squared;
            row[p - first] = T::from_real(rest.sqrt());
            self.from.push((at, first));
        }
        // As of columns that are not local: strict by the volume, or an estimate with a factor of safety.
        self.inverse_bound = (std::f64::consts::E / volume).sqrt();
        if self.inverse_bound > ENOUGH {
            self.inverse_bound = self.inverse_bound.min(CONDITION_SAFETY * self.inverse_estimate(target, members));
        }
        true
    }

    /// An estimate, from below, of ‖L⁻¹‖ with columns scaled to unit length (Cline, Moler, Stewart & Wilkinson 1979,
    /// DOI 10.1137/0716029).
    fn inverse_estimate(&mut self, target: &Target<'_, '_, T>, members: &[usize]) -> f64 {
        let n = target.column_norms.len();
        let mut x = std::mem::take(&mut self.scratch);
        x.clear();
        for p in 0..members.len() {
            let (at, first) = self.from[p];
            let row = &self.rows[at..=at + p - first];
            let length = target.column_norms[column(members[p], n)];
            let sum: T = row.iter().zip(&x[first..p]).map(|(&l, &x)| l * x).sum();
            let size = Scalar::abs(sum);
            let direction = if size > 0.0 { sum.scale(1.0 / size) } else { T::ONE };
            x.push(direction.scale(-(length + size) / row[p - first].real()));
        }
        let once = norm(&x);
        self.solve_upper(&mut x);
        let scaled = |(&member, z): (&usize, &T)| (target.column_norms[column(member, n)] * Scalar::abs(*z)).powi(2);
        let twice = members.iter().zip(&x).map(scaled).sum::<f64>().sqrt();
        self.scratch = x;
        (once / (members.len() as f64).sqrt()).max(twice / once)
    }

    /// v ← L⁻ᴴ v.
    fn solve_upper(&self, v: &mut [T]) {
        for p in (0..v.len()).rev() {
            let (at, first) = self.from[p];
            let row = &self.rows[at..=at + p - first];
            v[p] = v[p].scale(1.0 / row[p - first].real());
            let value = v[p];
            for (&l, z) in row.iter().zip(&mut v[first..p]) {
                *z -= l.conj() * value;
            }
        }
    }

    /// x ← (L Lᴴ)⁻¹ b; returns a bound of the error of A x.
    fn solve(&self, target: &Target<'_, '_, T>, members: &[usize], x: &mut [T]) -> f64 {
        let n = target.column_norms.len();
        for p in 0..members.len() {
            let (at, first) = self.from[p];
            let row = &self.rows[at..=at + p - first];
            let mut sum = target.correlation[column(members[p], n)];
            for (&l, &z) in row.iter().zip(&x[first..p]) {
                sum -= l * z;
            }
            x[p] = sum.scale(1.0 / row[p - first].real());
        }
        self.solve_upper(x);
        let norm = |&member: &usize| target.column_norms[column(member, n)];
        let length: f64 = members.iter().zip(&*x).map(|(member, x)| norm(member) * Scalar::abs(*x)).sum();
        GRAM_ROUNDING * length * self.inverse_bound
    }
}

/// R of one cluster and Qᴴ y, to which rows of A and y are added.
#[derive(Debug, Default)]
struct Triangle<T> {
    /// Row p of R from its diagonal on, `width` numbers.
    rows: Vec<T>,
    width: usize,
    right: Vec<T>,
    /// Non-zero parts of the columns, end to end, and where each is: the rows of A it covers, and where it begins here.
    entries: Vec<T>,
    parts: Vec<(Range<usize>, usize)>,
    row: Vec<T>,
    /// Σ|y_t|² over rows rotated in, of what no column explains.
    outside: f64,
    coefficients: Vec<T>,
    left: Vec<T>,
}

impl<T: Scalar> Triangle<T> {
    /// Minimises ‖y − A_S x‖ for one cluster; returns how many columns were dependent. Where coefficients are so
    /// large that their rounding shows in y − A_S x, columns that nearly depend on others are passed over too, as in
    /// `Orthogonal::fit`.
    fn fit(&mut self, operator: &Access<'_, T>, reach: usize, data: &[T], members: &[usize], x: &mut [T]) -> usize {
        let n = operator.ncols();
        self.entries.clear();
        self.parts.clear();
        for &j in members {
            let at = self.entries.len();
            let first = operator.segment(column(j, n), &mut self.entries) + j - column(j, n);
            self.parts.push((first..first + self.entries.len() - at, at));
        }
        let rows = self.parts.iter().map(|(range, _)| range.start).min().unwrap_or(0)
            ..self.parts.iter().map(|(range, _)| range.end).max().unwrap_or(0);
        x.fill(T::ZERO);
        let scale = self.residual_norm(data, &rows, x);
        let large = LARGE_COEFFICIENTS * (x.len() as f64).sqrt() * scale;
        let (mut best, mut dependent) = ((false, scale), 0);
        let mut found = vec![T::ZERO; x.len()];
        for (at, tolerance) in [DEPENDENT].into_iter().chain(COARSER_DEPENDENT).enumerate() {
            self.rotate_all(reach, data, members, &rows);
            let passed_over = self.solve(&mut found, tolerance);
            let left = self.residual_norm(data, &rows, &found);
            if at == 0 {
                dependent = passed_over;
            }
            let sizes = found.iter().enumerate().map(|(p, x)| Scalar::abs(*x) * self.length(p));
            let is_large = sizes.sum::<f64>() > large;
            if left < scale && (at == 0 || best.1 == scale || (is_large, left) < best) {
                (best, dependent) = ((is_large, left), passed_over);
                x.copy_from_slice(&found);
            }
            if !is_large && left <= (1.0 + RESIDUAL_EXCESS) * self.outside.sqrt() + FIT * scale {
                break;
            }
        }
        dependent
    }

    /// ‖y − A_S x‖ over the rows of the cluster.
    fn residual_norm(&mut self, data: &[T], rows: &Range<usize>, x: &[T]) -> f64 {
        self.left.clear();
        self.left.extend(rows.clone().map(|t| data[t % data.len()]));
        for ((range, at), &x) in self.parts.iter().zip(x) {
            let own = &self.entries[*at..][..range.len()];
            axpy(-x, own, &mut self.left[range.start - rows.start..][..range.len()]);
        }
        norm(&self.left)
    }

    /// Rotates all rows of the cluster into the triangle.
    fn rotate_all(&mut self, reach: usize, data: &[T], members: &[usize], rows: &Range<usize>) {
        let size = members.len();
        // R reaches as far from its diagonal as rows do.
        self.width = 1;
        let mut last = 0;
        for p in 0..size {
            while last + 1 < size && members[last + 1] - members[p] <= reach {
                last += 1;
            }
            self.width = self.width.max(last + 1 - p);
        }
        self.rows.clear();
        self.rows.resize(size * self.width, T::ZERO);
        self.right.clear();
        self.right.resize(size, T::ZERO);
        self.outside = 0.0;
        // Columns begin and end in the order of their indices: those in a row are neighbours.
        let (mut low, mut high) = (0, 0);
        for t in rows.clone() {
            while high < size && self.parts[high].0.start <= t {
                high += 1;
            }
            while low < high && self.parts[low].0.end <= t {
                low += 1;
            }
            let y = data[t % data.len()];
            if low == high {
                self.outside += y.abs2();
                continue;
            }
            let mut row = std::mem::take(&mut self.row);
            row.clear();
            row.extend(
                self.parts[low..high]
                    .iter()
                    .map(|(range, at)| if range.contains(&t) { self.entries[at + t - range.start] } else { T::ZERO }),
            );
            self.add(low, &mut row, y);
            self.row = row;
        }
    }

    /// x ← R⁻¹ Qᴴ y, with coefficient 0 for columns that depend on those before them; returns how many do.
    fn solve(&mut self, x: &mut [T], tolerance: f64) -> usize {
        let size = self.right.len();
        let mut dependent = 0;
        for p in 0..size {
            let length = self.length(p);
            x[p] = T::ONE;
            let diagonal = self.rows[p * self.width].real();
            let suspicious = tolerance > DEPENDENT || diagonal <= INDEPENDENT * length;
            if suspicious && diagonal <= tolerance * (length + self.cancelled(p)) {
                // Without this column its row is one like any other.
                dependent += 1;
                x[p] = T::ZERO;
                let mut row = std::mem::take(&mut self.row);
                row.clear();
                let own = &mut self.rows[p * self.width..][..self.width];
                row.extend_from_slice(&own[1..self.width.min(size - p)]);
                own.fill(T::ZERO);
                let right = std::mem::replace(&mut self.right[p], T::ZERO);
                self.add(p + 1, &mut row, right);
                self.row = row;
            }
        }
        for p in (0..size).rev() {
            if x[p] == T::ZERO {
                continue;
            }
            let row = &self.rows[p * self.width..][..self.width.min(size - p)];
            let mut sum = self.right[p];
            for (&r, &x) in row[1..].iter().zip(&x[p + 1..]) {
                sum -= r * x;
            }
            x[p] = sum.scale(1.0 / row[0].real());
        }
        dependent
    }

    /// ‖a_p‖.
    fn length(&self, p: usize) -> f64 {
        let (range, at) = &self.parts[p];
        norm(&self.entries[*at..][..range.len()])
    }

    /// Σ|c_q|‖a_q‖ for the coefficients c of column p in terms of those before it.
    fn cancelled(&mut self, p: usize) -> f64 {
        let mut c = std::mem::take(&mut self.coefficients);
        c.clear();
        c.resize(p, T::ZERO);
        for q in (0..p).rev() {
            let row = &self.rows[q * self.width..][..self.width];
            // Rows of columns that were passed over are zero.
            if row[0] == T::ZERO {
                continue;
            }
            let mut sum = if p - q < self.width { row[p - q] } else { T::ZERO };
            for (&r, &c) in row[1..].iter().zip(&c[q + 1..]) {
                sum -= r * c;
            }
            c[q] = sum.scale(1.0 / row[0].real());
        }
        let parts = c.iter().enumerate().map(|(q, c)| Scalar::abs(*c) * self.length(q)).sum();
        self.coefficients = c;
        parts
    }

    /// Rotates a row of the system into the triangle; its entries begin at member `first`.
    fn add(&mut self, first: usize, row: &mut Vec<T>, mut right: T) {
        let size = self.right.len();
        let mut at = 0;
        while at < row.len() && first + at < size {
            let p = first + at;
            let entry = row[at];
            if entry != T::ZERO {
                let own = &mut self.rows[p * self.width..][..self.width.min(size - p)];
                // The row may reach as far as the one it is rotated with.
                row.resize(row.len().max(at + own.len()).min(size - first), T::ZERO);
                let diagonal = own[0].real();
                let length = diagonal.hypot(Scalar::abs(entry));
                let (c, s) = (diagonal / length, entry.scale(1.0 / length));
                let conjugate = s.conj();
                for (r, w) in own.iter_mut().zip(&mut row[at..]) {
                    let (old, new) = (*r, *w);
                    *r = old.scale(c) + conjugate * new;
                    *w = new.scale(c) - s * old;
                }
                own[0] = T::from_real(length);
                let old = self.right[p];
                self.right[p] = old.scale(c) + conjugate * right;
                right = right.scale(c) - s * old;
            }
            at += 1;
        }
        self.outside += right.abs2();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::{Boundary, Convolution, pulse};
    use crate::random::{normal_vector, stream};
    use faer::Mat;
    use num_complex::Complex;
    use rand::RngExt;

    /// ‖y − A_S x‖ of the solution by singular values, and of `x`, with the largest |a_jᴴ r|.
    fn residuals<T: Scalar>(operator: &Access<'_, T>, y: &[T], support: &[usize], x: &[T]) -> (f64, f64, f64) {
        let m = operator.nrows();
        let mut part = Mat::<T>::zeros(m, support.len());
        operator.columns(support, part.as_mut());
        let right = Mat::from_fn(m, 1, |i, _| y[i]);
        let svd = part.thin_svd().unwrap();
        let mut projected = svd.U().adjoint() * &right;
        let largest = svd.S().column_vector()[0].real();
        for c in 0..m.min(support.len()) {
            let s = svd.S().column_vector()[c].real();
            projected[(c, 0)] = projected[(c, 0)].scale(if s > 1e-13 * largest { 1.0 / s } else { 0.0 });
        }
        let best = &right - &part * (svd.V() * projected);
        let given = &right - &part * Mat::from_fn(x.len(), 1, |c, _| x[c]);
        let against = part.adjoint() * &given;
        let worst = (0..x.len()).map(|c| Scalar::abs(against[(c, 0)])).fold(0.0, f64::max);
        (best.col(0).norm_l2(), given.col(0).norm_l2(), worst)
    }

    fn fits<T: Scalar>(kernel: &[T], boundary: Boundary, seed: u64) {
        let n = 400;
        let convolution = Convolution::new(kernel, n, boundary).unwrap();
        let operator = Access::new(&convolution);
        let mut rng = stream(seed, 0, 0);
        let y: Vec<T> = normal_vector(&mut rng, operator.nrows());
        let mut data_correlation = vec![T::ZERO; n];
        operator.apply_adjoint(&y, &mut data_correlation);
        let data_norm = crate::kernels::norm(&y);
        let column_norms = operator.column_norms();
        let correlation = &data_correlation[..];
        let target = Target { operator: &operator, column_norms: &column_norms, data: &y, correlation };
        let local = operator.local().unwrap();
        let mut clusters = Clusters::default();
        let mut support: Vec<usize> = (0..n).filter(|_| rng.random::<f64>() < 0.1).collect();
        let mut values = vec![];
        let (mut qr, mut reused, mut wrapped) = (0, 0, 0);
        for round in 0..30 {
            // Runs of neighbours, which nearly depend on each other, come and go.
            let at = rng.random_range(0..n - 6);
            let run = rng.random_range(1..6);
            support.retain(|j| !(at..at + run).contains(j) || round % 3 == 0);
            support.extend(at..at + run * usize::from(round % 2 == 0));
            if boundary == Boundary::Circular {
                // Neighbours over the end, in every other round.
                support.retain(|&j| j > 0);
                support.extend([0, n - 2].iter().filter(|_| round % 2 == 0));
            }
            support.sort_unstable();
            support.dedup();
            let error = if round % 7 == 6 { 0.0 } else { 1e-11 * data_norm };
            let fitted = clusters.fit(&target, local, &support, &mut values, error);
            let Some(fitted) = fitted else { panic!("there is a gap between {support:?}") };
            wrapped += usize::from(clusters.support.first() < Some(&n));
            qr += fitted.by_qr;
            reused += usize::from(fitted.clusters * 2 < clusters.ends.len());
            let (best, found, worst) = residuals(&operator, &y, &support, &values);
            let length: f64 = values.iter().map(|x| Scalar::abs(*x)).sum();
            let slack = 1e-10 * data_norm + 4.0 * T::EPSILON * length * (support.len() as f64).sqrt();
            assert!(found <= best + slack, "{boundary:?} round {round}: {found} {best}");
            assert!(worst <= slack * crate::kernels::norm(kernel), "{boundary:?} round {round}: {worst} {slack}");
        }
        assert!(qr > 0 && reused > 0, "{qr} {reused}");
        assert!(boundary != Boundary::Circular || (10..20).contains(&wrapped), "{wrapped}");
    }

    #[test]
    fn clusters_fit_as_singular_values_do() {
        let real = pulse::gaussian(2.0).unwrap();
        let complex: Vec<Complex<f64>> =
            real.iter().enumerate().map(|(i, &h)| Complex::from_polar(h, 0.4 * i as f64)).collect();
        for boundary in [Boundary::Full, Boundary::Same, Boundary::Valid] {
            fits(&real, boundary, 1);
            fits(&complex, boundary, 2);
            fits(&[1.0, -0.5, 0.25], boundary, 3);
        }
        // A period is cut open at a gap; with longer kernels there may be none.
        fits(&[1.0, -0.5, 0.25, 0.5], Boundary::Circular, 4);
        fits(&complex[..5], Boundary::Circular, 5);
    }

    /// More columns than rows in which they lie: the later ones are passed over.
    #[test]
    fn dependent_columns_get_nothing() {
        let convolution = Convolution::new(&[1.0, 2.0, 1.0], 12, Boundary::Valid).unwrap();
        let operator = Access::new(&convolution);
        let y: Vec<f64> = normal_vector(&mut stream(5, 0, 0), 10);
        let support: Vec<usize> = (0..12).collect();
        let mut triangle = Triangle::default();
        let mut x = vec![0.0; 12];
        assert_eq!(triangle.fit(&operator, 2, &y, &support, &mut x), 2);
        let (best, found, _) = residuals(&operator, &y, &support, &x);
        assert!(best < 1e-12 && found < 1e-12 && x[10..] == [0.0, 0.0], "{x:?}");
    }
}
