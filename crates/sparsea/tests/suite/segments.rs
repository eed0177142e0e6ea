//! Segments against the definition by loops over a dense A, values of NumPy, and cases made by hand.

use faer::Mat;
use num_complex::Complex;
use proptest::prelude::*;
use rand::RngExt;
use serde_json::Value;
use sparsea::generate::{normal_vector, random_support, stream};
use sparsea::metrics::{Segments, segments, support_distance};
use sparsea::operator::pulse;
use sparsea::{Boundary, Convolution, DenseOperator, Error, Omp, Problem, Run, Scalar, Solution, Start};

use crate::common::{dense_form, difference, normalized, product, svd_fit};

/// The least-squares fit on a support.
fn fitted<T: Scalar>(a: &Convolution<T>, y: &[T], support: &[usize]) -> Solution<T> {
    let problem = Problem::new(a, y, support.len()).unwrap();
    Run::new(&problem, Omp::default()).start(Start::Support(support.to_vec())).solve().unwrap()
}

/// The first row of the kernel in each column of a convolution, counted from row 0 of the full one, less the rows cut off.
fn first_row(boundary: Boundary, length: usize) -> i64 {
    match boundary {
        Boundary::Full | Boundary::Circular => 0,
        Boundary::Same => (length as i64 - 1) / 2,
        Boundary::Valid => length as i64 - 1,
    }
}

/// The definition: which columns are linked, which rows they cover, and every price.
fn by_definition<T: Scalar>(
    kernel: &[T],
    (n, boundary): (usize, Boundary),
    y: &[T],
    truth: &[usize],
    found: &Solution<T>,
    gap: Option<usize>,
) -> Segments {
    let a = dense_form(&Convolution::new(kernel, n, boundary).unwrap());
    let (m, length) = (a.nrows(), kernel.len());
    let (reach, circular) = (length - 1, boundary == Boundary::Circular);
    // Of unit columns: where little of a column is in sight, it is small against the others.
    let unit = normalized(&a);
    let (coefficients, _, _) = svd_fit(&unit, y, truth);
    let reference = difference(y, &product(&unit, truth, &coefficients));
    let own = difference(y, &product(&a, &found.support, &found.coefficients));

    let mut union: Vec<usize> = truth.iter().chain(&found.support).copied().collect();
    union.sort_unstable();
    union.dedup();
    // Columns up to `gap` apart are linked; all from one to the other then belong to the segment.
    let gap = gap.unwrap_or(reach);
    let mut label: Vec<usize> = (0..n).collect();
    for &i in &union {
        for ahead in 1..=gap.min(n - 1) {
            let j = if circular { (i + ahead) % n } else { i + ahead };
            if j >= n || !union.contains(&j) {
                continue;
            }
            for between in 0..=ahead {
                let (old, new) = (label[(i + between) % n], label[i]);
                label.iter_mut().filter(|label| **label == old).for_each(|label| *label = new);
            }
        }
    }
    let mut labels: Vec<usize> = union.iter().map(|&j| label[j]).collect();
    labels.sort_unstable();
    labels.dedup();

    // Samples of the kernel that count, of which some may be out of sight.
    let peak = (0..length).rev().max_by(|&i, &j| kernel[i].abs2().total_cmp(&kernel[j].abs2())).unwrap();
    let samples = if gap >= reach { 0..length } else { peak - gap * peak / reach..peak + gap * (reach - peak) / reach };
    let mut parts = vec![];
    for &part in &labels {
        let mut covered = vec![false; m];
        for j in (0..n).filter(|&j| label[j] == part) {
            for sample in samples.clone() {
                let row = j as i64 + sample as i64 - first_row(boundary, length);
                let row = if circular { row.rem_euclid(n as i64) } else { row };
                if (0..m as i64).contains(&row) {
                    covered[row as usize] = true;
                }
            }
        }
        let energy = |r: &[T]| (0..m).filter(|&i| covered[i]).map(|i| r[i].abs2()).sum::<f64>();
        let here = |j: &&usize| label[**j] == part;
        let (true_here, found_here) =
            (truth.iter().filter(here).count() as f64, found.support.iter().filter(here).count() as f64);
        let missed = truth.iter().filter(here).filter(|j| !found.support.contains(j)).count();
        parts.push((energy(&own) - energy(&reference), found_here - true_here, missed));
    }
    let power = |r: &[T]| r.iter().map(|r| r.abs2()).sum::<f64>() / m as f64;
    let square = power(&reference).max(1e-18 * power(y));
    let mut best: Option<(usize, usize)> = None;
    for i in 0..60 {
        let price = square * 1.15f64.powi(i);
        let worse: Vec<_> = parts.iter().filter(|p| p.0 + price * p.1 > 1e-6 * square).collect();
        let missed = worse.iter().map(|p| p.2).sum();
        if best.is_none_or(|(fewest, _)| worse.len() < fewest) {
            best = Some((worse.len(), missed));
        }
    }
    let (worse, by_search) = best.unwrap();
    let (k, missed) = (truth.len() as f64, parts.iter().map(|p| p.2).sum::<usize>());
    Segments {
        segments: parts.len(),
        worse,
        search_missed: by_search as f64 / k,
        info_missed: (missed - by_search) as f64 / k,
    }
}

/// A found support: some of the truth kept, some moved, some anywhere.
fn near(truth: &[usize], n: usize, rng: &mut impl rand::Rng) -> Vec<usize> {
    let mut found: Vec<usize> = vec![];
    for &j in truth {
        match rng.random_range(0..6) {
            0 => found.push((j + 1).min(n - 1)),
            1 => found.push(j.saturating_sub(2)),
            2 => found.push(rng.random_range(0..n)),
            3 => {}
            _ => found.push(j),
        }
    }
    found.push(rng.random_range(0..n));
    found.sort_unstable();
    found.dedup();
    found
}

fn check<T: Scalar>(seed: u64, shape: u32, boundary: Boundary, noise: f64, gap: Option<usize>) {
    let rng = &mut stream(seed, 61, 0);
    let real: Vec<f64> = match shape {
        0 => pulse::gaussian(0.6).unwrap(),
        1 => pulse::exponential(0.3).unwrap(),
        _ => normal_vector(rng, 1 + shape as usize % 8),
    };
    let kernel: Vec<T> = real.iter().map(|&h| T::from_real(h)).collect();
    let n = 70;
    let a = Convolution::new(&kernel, n, boundary).unwrap();
    let k = rng.random_range(1..8);
    let truth = random_support(rng, n, k);
    let values: Vec<T> = normal_vector(rng, k);
    let clean = product(&dense_form(&a), &truth, &values);
    let errors: Vec<T> = normal_vector(rng, clean.len());
    let y: Vec<T> = clean.iter().zip(errors).map(|(&y, e)| y + e.scale(noise)).collect();
    let mut found = fitted(&a, &y, &near(&truth, n, rng));
    if seed.is_multiple_of(3) {
        found.coefficients.iter_mut().for_each(|x| *x = x.scale(rng.random_range(0.9..1.1)));
    }
    // Smaller gaps than one row on either side of the peak leave no rows.
    let gap = gap.map(|gap| gap.max(2));
    let measured = segments(&a, &y, &truth, &found, gap).unwrap();
    let expected = by_definition(&kernel, (n, boundary), &y, &truth, &found, gap);
    assert_eq!((measured.segments, measured.worse), (expected.segments, expected.worse), "{measured:?} {expected:?}");
    let close = |a: f64, b: f64| (a - b).abs() < 1e-14;
    assert!(close(measured.search_missed, expected.search_missed), "{measured:?} {expected:?}");
    assert!(close(measured.info_missed, expected.info_missed), "{measured:?} {expected:?}");
    let distance = support_distance(&truth, &found.support);
    assert!(close(measured.search_missed + measured.info_missed, distance), "{measured:?} {distance}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn short_traces_agree_with_the_definition(
        seed in any::<u64>(), shape in 0u32..12, at in 0usize..4, noise in 0.0..0.4f64, gap in proptest::option::of(0usize..30)
    ) {
        let boundary = [Boundary::Full, Boundary::Same, Boundary::Valid, Boundary::Circular][at];
        // Noise-free every fourth time, but not where columns that are cut off may be parallel: there rounding would decide.
        let noise = match boundary {
            Boundary::Full | Boundary::Circular if noise < 0.1 => 0.0,
            _ => noise + 0.01,
        };
        check::<f64>(seed, shape, boundary, noise, gap);
        check::<Complex<f64>>(seed, shape, boundary, noise, gap);
    }
}

/// A segment that is right is not called worse, or the reverse, because another is off by much: its energy is not a difference of sums.
#[test]
fn what_is_exact_is_told_apart_from_what_is_far_off() {
    check::<f64>(1_091_377_819_350_378_451, 0, Boundary::Circular, 0.0, Some(0));
    let rng = &mut stream(5, 61, 1);
    for _ in 0..200 {
        let a = Convolution::new(&pulse::gaussian(0.6).unwrap(), 120, Boundary::Full).unwrap();
        let truth = [10, 60, 100];
        let values = normal_vector(rng, 3);
        let y: Vec<f64> = product(&dense_form(&a), &truth, &values);
        // Two of three spikes exactly, and one far from its place.
        let mut found = fitted(&a, &y, &[10, 30, 100]);
        found.support = vec![10, 30, 100];
        found.coefficients = vec![values[0], 1e3, values[2]];
        let counted = segments(&a, &y, &truth, &found, None).unwrap();
        let expected = by_definition(a.kernel(), (120, Boundary::Full), &y, &truth, &found, None);
        assert_eq!((counted.segments, counted.worse), (4, expected.worse), "{counted:?} {expected:?}");
        assert!((counted.search_missed - expected.search_missed).abs() < 1e-14, "{counted:?} {expected:?}");
    }
}

/// What `python/benchmarks/long_traces.py` counts, with a gap of 12 σ, on traces that its script has drawn.
#[test]
fn the_counts_are_those_of_numpy() {
    let file: Value = serde_json::from_str(include_str!("../reference/segments_numpy.json")).unwrap();
    let list = |value: &Value| -> Vec<f64> { value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect() };
    let places = |value: &Value| -> Vec<usize> { list(value).into_iter().map(|v| v as usize).collect() };
    let (mut worse, mut fine) = (0, 0);
    for trace in file["traces"].as_array().unwrap() {
        let (y, truth) = (list(&trace["y"]), places(&trace["truth"]));
        let a = Convolution::new(&pulse::gaussian(3.0).unwrap(), y.len() - 48, Boundary::Full).unwrap();
        let found = fitted(&a, &y, &places(&trace["found"]));
        let counted = segments(&a, &y, &truth, &found, Some(36)).unwrap();
        let expected = [&trace["segments"], &trace["worse"], &trace["search_missed"]].map(|v| v.as_u64().unwrap());
        let by_search = (counted.search_missed * truth.len() as f64).round() as u64;
        assert_eq!([counted.segments as u64, counted.worse as u64, by_search], expected, "{counted:?}");
        worse += counted.worse;
        fine += counted.segments - counted.worse;
    }
    assert!(worse >= 10 && fine >= 10, "{worse} {fine}");
}

/// Three spikes far apart, without noise: what is wrong near one of them touches no other.
#[test]
fn a_spike_missed_without_noise_is_missed_by_the_search() {
    let a = Convolution::new(&pulse::gaussian(1.0).unwrap(), 120, Boundary::Full).unwrap();
    let truth = [10, 50, 90];
    let y = product(&dense_form(&a), &truth, &[1.0, -2.0, 1.5]);
    let of = |support: &[usize]| segments(&a, &y, &truth, &fitted(&a, &y, support), None).unwrap();
    let third = 1.0 / 3.0;
    assert_eq!(of(&truth), Segments { segments: 3, worse: 0, search_missed: 0.0, info_missed: 0.0 });
    assert_eq!(of(&[10, 51, 90]), Segments { segments: 3, worse: 1, search_missed: third, info_missed: 0.0 });
    assert_eq!(of(&[10, 90]), Segments { segments: 3, worse: 1, search_missed: third, info_missed: 0.0 });
    assert_eq!(of(&[11, 51, 90]).search_missed, 2.0 * third);
}

/// Noise that looks like a shift of a spike: the shifted spike fits better than the true one, so nobody can know.
#[test]
fn what_fits_better_than_the_truth_is_no_fault_of_the_search() {
    let a = Convolution::new(&pulse::gaussian(2.0).unwrap(), 100, Boundary::Full).unwrap();
    let dense = dense_form(&a);
    let truth = [20, 70];
    // Near 70 the data are those of a spike at 71, and a little noise.
    let mut y = product(&dense, &[20, 71], &[1.0, 1.0]);
    let errors: Vec<f64> = normal_vector(&mut stream(1, 62, 0), y.len());
    y.iter_mut().zip(errors).for_each(|(y, e)| *y += 0.01 * e);
    let shifted = segments(&a, &y, &truth, &fitted(&a, &y, &[20, 71]), None).unwrap();
    assert_eq!(shifted, Segments { segments: 2, worse: 0, search_missed: 0.0, info_missed: 0.5 });
    // The other way around the search is at fault.
    let other = segments(&a, &y, &[20, 71], &fitted(&a, &y, &truth), None).unwrap();
    assert_eq!(other, Segments { segments: 2, worse: 1, search_missed: 0.5, info_missed: 0.0 });
}

#[test]
fn a_segment_may_go_around_the_end() {
    let a = Convolution::new(&pulse::gaussian(1.0).unwrap(), 100, Boundary::Circular).unwrap();
    let y = product(&dense_form(&a), &[2, 50, 98], &[1.0, 1.0, 1.0]);
    let of = |support: &[usize]| segments(&a, &y, &[2, 50, 98], &fitted(&a, &y, support), None).unwrap();
    assert_eq!(of(&[2, 50, 98]).segments, 2);
    let moved = of(&[3, 50, 97]);
    assert_eq!((moved.segments, moved.worse, moved.info_missed), (2, 1, 0.0));
    // All linked.
    let all: Vec<usize> = (0..100).step_by(10).collect();
    assert_eq!(of(&all).segments, 1);
}

#[test]
fn what_has_no_segments_is_refused() {
    let a = Convolution::new(&pulse::gaussian(1.0).unwrap(), 40, Boundary::Full).unwrap();
    let y = product(&dense_form(&a), &[7], &[1.0]);
    let found = fitted(&a, &y, &[7]);
    let matrix = Mat::<f64>::identity(56, 40);
    let said = segments(&DenseOperator::new(matrix.as_ref()), &y, &[7], &found, None).unwrap_err().to_string();
    assert_eq!(said, "segments need an operator whose columns overlap only their neighbours, as a convolution");
    assert!(matches!(segments(&a, &y[1..], &[7], &found, None), Err(Error::DataLength { .. })));
    assert!(matches!(segments(&a, &y, &[7, 7], &found, None), Err(Error::SupportRepeats { index: 7 })));
    assert!(matches!(segments(&a, &y, &[40], &found, None), Err(Error::SupportIndex { .. })));
    let short = Convolution::new(&pulse::gaussian(1.0).unwrap(), 39, Boundary::Full).unwrap();
    assert!(matches!(segments(&short, &y[1..], &[7], &found, None), Err(Error::VectorLength { .. })));
    // Nothing can be missed of nothing.
    let none = segments(&a, &y, &[], &found, None).unwrap();
    assert_eq!((none.segments, none.search_missed, none.info_missed), (1, 0.0, 0.0));
}
