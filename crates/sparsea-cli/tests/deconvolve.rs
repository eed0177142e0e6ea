//! `sparsea deconvolve`: spikes at known places are found there, in every convention.

mod common;

use common::{Folder, Solution, check_picture, column, npy_vector, read_npy};

const SPIKES: [(usize, f64); 3] = [(30, 2.0), (90, -1.5), (150, 1.0)];

fn gaussian(t: f64) -> f64 {
    (-0.5 * (t / 3.0).powi(2)).exp()
}

fn decay(t: f64) -> f64 {
    if t < 0.0 { 0.0 } else { (-t / 5.0).exp() }
}

fn trace(length: usize, spikes: &[(usize, f64)], shape: fn(f64) -> f64) -> Vec<f64> {
    let at = |t: usize| spikes.iter().map(|&(place, size)| size * shape(t as f64 - place as f64)).sum();
    (0..length).map(at).collect()
}

/// These spikes, `shift` samples later, with the right sizes.
fn check(solution: &Solution, spikes: &[(usize, f64)], shift: isize, tolerance: f64) {
    let places: Vec<usize> = spikes.iter().map(|&(place, _)| (place as isize + shift) as usize).collect();
    assert_eq!(solution.support(), places);
    for (found, &(_, size)) in solution.coefficients().iter().zip(spikes) {
        assert!((found - size).abs() < tolerance, "{found} {size}");
    }
    assert!(solution.number("relative_residual") < tolerance);
}

fn folder(trace: &[f64]) -> Folder {
    let folder = Folder::new();
    folder.write("trace.csv", column(trace));
    folder
}

#[test]
fn gaussian_spikes_in_every_boundary() {
    let folder = folder(&trace(200, &SPIKES, gaussian));
    // The kernel has 49 samples, its peak the 24th from 0.
    let cases = [
        ("", 0),
        ("--boundary same", 0),
        ("--boundary full", -24),
        ("--boundary valid", 24),
        ("--boundary circular", 0),
        ("--origin 24", 0),
        ("--origin 0", -24),
        ("--origin 30", 6),
        ("--origin 0 --boundary circular", -24),
    ];
    for (options, shift) in cases {
        let solution = folder.solution(&format!("deconvolve trace.csv --kernel gaussian:3 -k 3 {options}"));
        check(&solution, &SPIKES, shift, 1e-9);
    }
}

#[test]
fn spikes_at_the_ends() {
    // Half of the first is cut off; the last lies outside and only its tail is seen.
    let spikes = [(0, 2.0), (60, 1.0), (121, 3.0)];
    let folder = folder(&trace(120, &spikes, gaussian));
    let valid = folder.solution("deconvolve trace.csv --kernel gaussian:3 -k 3 --boundary valid");
    check(&valid, &spikes, 24, 1e-9);
    let same = folder.solution("deconvolve trace.csv --kernel gaussian:3 -k 3");
    assert!(same.number("relative_residual") > 1e-3, "{:?}", same.0);
    assert!(same.support().contains(&60));
    // A periodic trace: the spike at 1 is seen at both ends.
    let mut periodic = trace(120, &[(1, 2.0), (60, 1.0)], gaussian);
    (0..25).for_each(|t| periodic[95 + t] += 2.0 * gaussian((95 + t) as f64 - 121.0));
    folder.write("periodic.csv", column(&periodic));
    let line = "deconvolve periodic.csv --kernel gaussian:3 -k 2 --boundary";
    check(&folder.solution(&format!("{line} circular")), &[(1, 2.0), (60, 1.0)], 0, 1e-9);
    assert!(folder.solution(&format!("{line} same")).number("relative_residual") > 0.1);
}

#[test]
fn exponential_decays() {
    let folder = folder(&trace(200, &SPIKES, decay));
    // The kernel ends where it has fallen to 2·10⁻⁹.
    check(&folder.solution("deconvolve trace.csv --kernel exponential:5 -k 3"), &SPIKES, 0, 1e-7);
    // A trace shorter than the kernel: what is never seen does not matter.
    folder.write("short.csv", column(&trace(40, &[(5, 2.0), (25, -1.0)], decay)));
    let short = folder.solution("deconvolve short.csv --kernel exponential:5 -k 2");
    check(&short, &[(5, 2.0), (25, -1.0)], 0, 1e-7);
}

#[test]
fn a_kernel_from_a_file() {
    let kernel = [1.0, -4.0, 2.0, 0.5];
    let mut y = vec![0.0; 30];
    for (place, size) in [(3, 2.0), (12, -1.0), (20, 3.0)] {
        kernel.iter().enumerate().for_each(|(l, h)| y[place + l] += size * h);
    }
    let folder = folder(&y);
    folder.write("kernel.npy", npy_vector(&kernel));
    folder.write("kernel.txt", column(&kernel));
    folder.write("shapes.csv", "wide,narrow\n0,1\n1,-4\n1,2\n0,0.5\n");
    let table: String = y.iter().map(|y| format!("9,{y}\n")).collect();
    folder.write("table.csv", format!("other,signal\n{table}"));
    let spikes = [(3, 2.0), (12, -1.0), (20, 3.0)];
    for kernel in ["kernel.npy", "kernel.txt", "shapes.csv:narrow"] {
        // The spike lies at the sample largest in magnitude, −4.
        let solution = folder.solution(&format!("deconvolve trace.csv --kernel {kernel} -k 3"));
        check(&solution, &spikes, 1, 1e-9);
    }
    let full = folder.solution("deconvolve table.csv:signal --kernel kernel.npy -k 3 --boundary full");
    check(&full, &spikes, 0, 1e-9);
}

#[test]
fn baselines_are_subtracted() {
    let spikes = [(50, 2.0), (150, 1.5), (250, 1.0)];
    let clean = trace(300, &spikes, gaussian);
    let lifted: Vec<f64> = clean.iter().map(|y| y + 5.0).collect();
    let folder = folder(&lifted);
    let line = "deconvolve trace.csv --kernel gaussian:3 -k 3 --baseline";
    for rule in ["median", "quantile:0.1", "quantile:0"] {
        check(&folder.solution(&format!("{line} {rule}")), &spikes, 0, 1e-6);
        let people = folder.succeed(&format!("{line} {rule}")).out;
        assert!(people.lines().any(|line| line.split_whitespace().eq(["baseline", "5.000"])), "{people}");
    }
    let without = folder.solution("deconvolve trace.csv --kernel gaussian:3 -k 3");
    assert!(without.number("relative_residual") > 0.5);
    assert_eq!(without.timeless(), folder.solution(&format!("{line} none")).timeless());
    let mean = lifted.iter().sum::<f64>() / 300.0;
    folder.write("centred.csv", column(&lifted.iter().map(|y| y - mean).collect::<Vec<_>>()));
    let by_hand = folder.solution("deconvolve centred.csv --kernel gaussian:3 -k 3");
    let by_rule = folder.solution(&format!("{line} mean"));
    assert_eq!(by_hand.support(), by_rule.support());
    for (a, b) in by_hand.coefficients().iter().zip(by_rule.coefficients()) {
        assert!((a - b).abs() < 1e-9);
    }
}

#[test]
fn everything_is_written() {
    let folder = folder(&trace(200, &SPIKES, gaussian));
    for (boundary, n) in [("same", 200), ("full", 152), ("valid", 248), ("circular", 200)] {
        let line = format!("deconvolve trace.csv --kernel gaussian:3 -k 3 --boundary {boundary}");
        let solution = folder.solution(&format!("{line} --output x.npy --plot fit.svg"));
        let (shape, x) = read_npy(&folder.read("x.npy"));
        assert_eq!(shape, [n], "{boundary}");
        for (written, printed) in x.iter().zip(solution.dense(n)) {
            // serde_json may miss the last bit.
            assert!((written - printed).abs() <= 4.0 * f64::EPSILON * printed.abs());
        }
        check_picture(&folder, "fit.svg");
    }
    folder.succeed("deconvolve trace.csv --kernel gaussian:3 -k 3 --plot fit.png --trace t.csv --algorithm omp+sea");
    check_picture(&folder, "fit.png");
    check_picture(&folder, "fit-trace.png");
    assert!(folder.text("t.csv").lines().count() > 3);
}
