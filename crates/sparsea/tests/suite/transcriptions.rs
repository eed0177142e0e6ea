//! CoSaMP, subspace pursuit, OMPR, FoBa and splicing against literal transcriptions of their papers, which fit by
//! singular values, sort in full and keep nothing.

use crate::common::{C, KINDS, Kind, adjoint_product, largest_k, matrix, norm, normalized, observed, product, svd_fit};
use faer::Mat;
use sparsea::{
    Algorithm, Amp, AmpForm, CoSaMp, DenseOperator, FoBa, Halt, Ompr, Problem, Progress, Run, Scalar, Splicing,
    SubspacePursuit,
};
use std::ops::ControlFlow;

/// Supports and residual norms of the iterates.
type Iterates = Vec<(Vec<usize>, f64)>;

/// The iterates of `algorithm` from x = 0, that start left out.
fn iterates<T: Scalar>(a: &Mat<T>, y: &[T], k: usize, algorithm: impl Algorithm<T>, limit: u64) -> Iterates {
    let operator = DenseOperator::new(a.as_ref());
    let problem = Problem::new(&operator, y, k).unwrap();
    let mut found: Iterates = vec![];
    let mut watch = |progress: &Progress<'_>| {
        if progress.iteration > 0 {
            found.push((progress.support.to_vec(), progress.residual_norm));
        }
        ControlFlow::Continue(())
    };
    Run::new(&problem, algorithm).halt(Halt::Iterations(limit)).observe(&mut watch).solve().unwrap();
    found
}

fn residual<T: Scalar>(a: &Mat<T>, y: &[T], support: &[usize], x: &[T]) -> Vec<T> {
    product(a, support, x).iter().zip(y).map(|(&p, &y)| y - p).collect()
}

/// A support and the fit on it: x, r = y − A x.
fn fit<T: Scalar>(a: &Mat<T>, y: &[T], support: &[usize]) -> (Vec<T>, Vec<T>) {
    let (x, ..) = svd_fit(a, y, support);
    let r = residual(a, y, support, &x);
    (x, r)
}

fn union(a: &[usize], b: &[usize]) -> Vec<usize> {
    let mut all = [a, b].concat();
    all.sort_unstable();
    all.dedup();
    all
}

/// The k of the (support, x) largest in magnitude.
fn prune<T: Scalar>(support: &[usize], x: &[T], k: usize) -> (Vec<usize>, Vec<T>) {
    let kept = largest_k(x, k);
    (kept.iter().map(|&at| support[at]).collect(), kept.iter().map(|&at| x[at]).collect())
}

/// Needell & Tropp 2009, Algorithm 1.
fn cosamp<T: Scalar>(a: &Mat<T>, y: &[T], k: usize, limit: usize) -> Iterates {
    let (mut support, mut v): (Vec<usize>, Vec<T>) = (vec![], y.to_vec());
    let mut found = vec![];
    for _ in 0..limit {
        let proxy = adjoint_product(a, &v);
        let merged = union(&largest_k(&proxy, 2 * k), &support);
        let (b, _) = fit(a, y, &merged);
        let values;
        (support, values) = prune(&merged, &b, k);
        v = residual(a, y, &support, &values);
        found.push((support.clone(), norm(&v)));
    }
    found
}

/// Dai & Milenkovic 2009, Algorithm 1.
fn subspace_pursuit<T: Scalar>(a: &Mat<T>, y: &[T], k: usize) -> Iterates {
    let mut support = largest_k(&adjoint_product(a, y), k);
    let mut r = fit(a, y, &support).1;
    let mut found = vec![(support.clone(), norm(&r))];
    loop {
        let merged = union(&support, &largest_k(&adjoint_product(a, &r), k));
        let (b, _) = fit(a, y, &merged);
        let (next, _) = prune(&merged, &b, k);
        let next_r = fit(a, y, &next).1;
        if norm(&next_r) >= norm(&r) {
            return found;
        }
        (support, r) = (next, next_r);
        found.push((support.clone(), norm(&r)));
    }
}

/// Jain, Tewari & Dhillon 2011, Algorithm 1, from the k largest correlations, until a support repeats.
fn ompr<T: Scalar>(a: &Mat<T>, y: &[T], k: usize, eta: f64) -> Iterates {
    let n = a.ncols();
    let mut support = largest_k(&adjoint_product(a, y), k);
    let mut found: Iterates = vec![];
    while !found.iter().any(|(before, _)| *before == support) {
        let (x, r) = fit(a, y, &support);
        found.push((support.clone(), norm(&r)));
        let mut z: Vec<T> = adjoint_product(a, &r).into_iter().map(|c| c.scale(eta)).collect();
        support.iter().zip(&x).for_each(|(&j, &x)| z[j] += x);
        let off: Vec<T> = (0..n).map(|j| if support.contains(&j) { T::ZERO } else { z[j] }).collect();
        let joined = union(&support, &largest_k(&off, 1));
        let on: Vec<T> = (0..n).map(|j| if joined.contains(&j) { z[j] } else { T::ZERO }).collect();
        support = largest_k(&on, k);
    }
    found
}

/// Zhang 2011, Figure 1, to at most `limit` columns; then only the backward rule, to k columns.
fn foba<T: Scalar>(a: &Mat<T>, y: &[T], k: usize, nu: f64, limit: usize) -> Iterates {
    let mut support: Vec<usize> = vec![];
    let mut gains = vec![0.0; limit + 1];
    let mut found = vec![];
    let weakest = |support: &[usize], x: &[T]| (0..support.len()).min_by(|&p, &q| x[p].abs2().total_cmp(&x[q].abs2()));
    while support.len() < limit {
        let r = fit(a, y, &support).1;
        let before = norm(&r).powi(2);
        let mut c = adjoint_product(a, &r);
        support.iter().for_each(|&j| c[j] = T::ZERO);
        support = union(&support, &largest_k(&c, 1));
        gains[support.len()] = before - norm(&fit(a, y, &support).1).powi(2);
        loop {
            let (x, _) = fit(a, y, &support);
            let position = weakest(&support, &x).unwrap();
            if x[position].abs2() > nu * gains[support.len()] {
                break;
            }
            support.remove(position);
        }
        found.push((support.clone(), norm(&fit(a, y, &support).1)));
    }
    // An iteration that finds that the limit is reached.
    found.push(found.last().unwrap().clone());
    while support.len() > k {
        support.remove(weakest(&support, &fit(a, y, &support).0).unwrap());
        found.push((support.clone(), norm(&fit(a, y, &support).1)));
    }
    found
}

/// Zhu et al. 2020, Algorithms 1 and 2 (splicing for one size), with acceptance of any decrease.
fn splicing<T: Scalar>(a: &Mat<T>, y: &[T], k: usize, most: usize) -> Iterates {
    let mut support = largest_k(&adjoint_product(a, y), k);
    let mut found: Iterates = vec![];
    loop {
        let (x, r) = fit(a, y, &support);
        found.push((support.clone(), norm(&r)));
        let c = adjoint_product(a, &r);
        let mut best = (norm(&r) * (1.0 - 1e-10), support.clone());
        for count in 1..=most.min(k) {
            let (kept, _) = prune(&support, &x, k - count);
            let off: Vec<T> = (0..a.ncols()).map(|j| if support.contains(&j) { T::ZERO } else { c[j] }).collect();
            let spliced = union(&kept, &largest_k(&off, count));
            let loss = norm(&fit(a, y, &spliced).1);
            if loss < best.0 {
                best = (loss, spliced);
            }
        }
        if best.1 == support {
            return found;
        }
        support = best.1;
    }
}

fn agree(found: &[(Vec<usize>, f64)], expected: &[(Vec<usize>, f64)], y: f64, what: &str) {
    assert!(!expected.is_empty());
    for (at, (expected, found)) in expected.iter().zip(found).enumerate() {
        assert_eq!(found.0, expected.0, "{what}, iterate {at}");
        assert!((found.1 - expected.1).abs() <= 1e-9 * y, "{what}, iterate {at}: {} {}", found.1, expected.1);
    }
    assert!(found.len() >= expected.len(), "{what}: {} iterates, {} expected", found.len(), expected.len());
    // What comes after the end of the transcription repeats what was there.
    for (support, _) in &found[expected.len()..] {
        assert!(expected.iter().any(|(seen, _)| seen == support), "{what}");
    }
}

fn transcriptions_agree<T: Scalar>() {
    let (mut exchanged, mut dropped) = (0, 0);
    for kind in KINDS {
        for seed in 0..8 {
            let (m, n, k) = [(30, 40, 4), (24, 24, 5), (40, 60, 7)][seed as usize % 3];
            let m = if kind == Kind::Convolution { n } else { m };
            // The papers' rules take columns as they are; the library makes them unit columns.
            let a = normalized(&matrix::<T>(kind, m, n, 70 + seed));
            let y = observed(&a, k, seed);
            let size = norm(&y);
            let what = |name: &str| format!("{name}, {kind:?} seed {seed}");
            let found = iterates(&a, &y, k, CoSaMp::default(), 12);
            // The run may end early: its last iterate is then one that repeats.
            let moved = if found.len() < 12 { found.len() - 1 } else { 12 };
            agree(&found[..moved], &cosamp(&a, &y, k, moved), size, &what("cosamp"));
            let found = iterates(&a, &y, k, SubspacePursuit::default(), 100);
            agree(&found, &subspace_pursuit(&a, &y, k), size, &what("subspace pursuit"));
            for eta in [1.0, 0.6] {
                let expected = ompr(&a, &y, k, eta);
                exchanged += expected.len() - 1;
                agree(&iterates(&a, &y, k, Ompr { step_size: eta }, 1000), &expected, size, &what("ompr"));
            }
            for (ratio, growth) in [(0.5, 1.0), (0.5, 2.0), (0.9, 1.5)] {
                let limit = (growth * k as f64).ceil() as usize;
                let expected = foba(&a, &y, k, ratio, limit);
                // An iteration on the way up that does not end larger has dropped what it added, or more.
                let up = expected.iter().position(|(support, _)| support.len() >= limit).unwrap_or(0);
                dropped += expected[..up].windows(2).filter(|pair| pair[1].0.len() <= pair[0].0.len()).count();
                agree(&iterates(&a, &y, k, FoBa { ratio, growth }, 1000), &expected, size, &what("foba"));
            }
            for exchanges in [1, 3, 99] {
                let expected = splicing(&a, &y, k, exchanges);
                let algorithm = Splicing { exchanges, ..Splicing::default() };
                agree(&iterates(&a, &y, k, algorithm, 1000), &expected, size, &what("splicing"));
            }
        }
    }
    assert!(exchanged > 20, "OMPR exchanged hardly anything: {exchanged}");
    assert!(dropped > 0, "FoBa never dropped a column");
}

/// Bernoulli–Gaussian AMP on unit columns as in Krzakala et al. 2012 and Vila & Schniter 2013, from x = 0, with the two densities of r
/// written out.
fn amp<T: Scalar>(a: &Mat<T>, y: &[T], k: usize, limit: usize) -> Iterates {
    let (m, n) = (a.nrows() as f64, a.ncols());
    let rho = k as f64 / n as f64;
    let density = |r: T, variance: f64| {
        if T::IS_COMPLEX {
            (-r.abs2() / variance).exp() / variance
        } else {
            (-r.abs2() / (2.0 * variance)).exp() / variance.sqrt()
        }
    };
    let (mut x, mut z) = (vec![T::ZERO; n], y.to_vec());
    let mut sigma = norm(y).powi(2) / k as f64;
    let mut found = vec![];
    for _ in 0..limit {
        let tau = norm(&z).powi(2) / m;
        let pulled = adjoint_product(a, &z);
        let (mut members, mut power, mut variances) = (0.0, 0.0, 0.0);
        for j in 0..n {
            let r = x[j] + pulled[j];
            let (on, off) = (rho * density(r, sigma + tau), (1.0 - rho) * density(r, tau));
            let pi = on / (on + off);
            let mean = r.scale(sigma / (sigma + tau));
            x[j] = mean.scale(pi);
            let second = pi * (sigma * tau / (sigma + tau) + mean.abs2());
            members += pi;
            power += second;
            variances += second - x[j].abs2();
        }
        sigma = power / members;
        let all: Vec<usize> = (0..n).collect();
        let image = product(a, &all, &x);
        for ((z, &y), &image) in z.iter_mut().zip(y).zip(&image) {
            *z = y - image + z.scale(variances / (m * tau));
        }
        let support = largest_k(&x, k);
        let values: Vec<T> = support.iter().map(|&j| x[j]).collect();
        found.push((support.clone(), norm(&residual(a, y, &support, &values))));
    }
    found
}

fn message_passing_agrees<T: Scalar>() {
    for seed in 0..3 {
        let a = normalized(&matrix::<T>(Kind::Gaussian, 60, 100, seed));
        let (k, limit) = (15, 4);
        let y = observed(&a, k, seed);
        let settings = Amp { form: AmpForm::Scalar, damping: 0.0, ..Amp::default() };
        let found = iterates(&a, &y, k, settings, limit as u64);
        let expected = amp(&a, &y, k, limit);
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(&expected) {
            assert_eq!(found.0, expected.0, "seed {seed}");
            assert!((found.1 - expected.1).abs() < 1e-9 * norm(&y), "seed {seed}: {} {}", found.1, expected.1);
        }
    }
}

#[test]
fn message_passing_is_what_its_papers_say_real() {
    message_passing_agrees::<f64>();
}

#[test]
fn message_passing_is_what_its_papers_say_complex() {
    message_passing_agrees::<C>();
}

#[test]
fn algorithms_are_what_their_papers_say_real() {
    transcriptions_agree::<f64>();
}

#[test]
fn algorithms_are_what_their_papers_say_complex() {
    transcriptions_agree::<C>();
}
