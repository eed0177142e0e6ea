//! What an intercept, gaps, weights and bounds cost on long traces and images, and what is missed: a line of a Markdown table a seed.
//!
//! `cargo run --release -p sparsea --example forms_at_size FORM SIZE [SEEDS] [NOISE] [SECONDS]` with FORM `plain`, `intercept`, `baseline`,
//! `fixed`, `gaps`, `weights`, `box`, and the same with `image-` before; `image` is a plain one. SIZE is n of a trace, or rows of a square
//! image. With SECONDS the whole of that time is used.

use std::error::Error;
use std::time::{Duration, Instant};

use faer::Mat;
use rand::RngExt;
use sparsea::generate::{normal_vector, random_support, stream};
use sparsea::operator::pulse;
use sparsea::{
    Access, Adjusted, Adjustment, Boundary, Bounds, Convolution, Convolution2d, Halt, LinearMap, Problem, Run, Search,
    Solution, Start,
};

/// A convolution, and how many spikes.
type Blurred = (Box<dyn LinearMap<f64>>, usize);

/// Spikes on a trace of 25 samples a spike, or stars in an image with one in 500 pixels, and their kernel of σ = 3 or 2.
fn operator(form: &str, size: usize) -> Result<Blurred, Box<dyn Error>> {
    if !form.starts_with("image") {
        return Ok((Box::new(Convolution::new(&pulse::gaussian(3.0)?, size, Boundary::Full)?), size / 25));
    }
    let line = pulse::gaussian(2.0)?;
    let kernel = Mat::from_fn(line.len(), line.len(), |i, j| line[i] * line[j]);
    let blur = Convolution2d::new(kernel.as_ref(), (size, size), Boundary::Same)?;
    Ok((Box::new(blur), size * size / 500))
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, default: f64| arguments.get(at).map_or(Ok(default), |text| text.parse::<f64>());
    let form = arguments.first().map_or("plain", String::as_str);
    let (size, seeds, noise, limit) =
        (number(1, 1e4)? as usize, number(2, 3.0)? as u64, number(3, 0.02)?, number(4, 0.0)?);
    let bounded = form.ends_with("box");
    println!("| form | size | seed | seconds | missed | by more than 1 | ‖r‖ relative to the truth's |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: |");
    for seed in 0..seeds {
        let rng = &mut stream(seed, 71, 0);
        let (map, k) = operator(form, size)?;
        let access = Access::new(&*map);
        let (m, n) = (access.nrows(), access.ncols());
        let truth = random_support(rng, n, k);
        let signed = !form.starts_with("image");
        let mut height = |_: &usize| {
            let height: f64 = rng.random_range(1.0..2.0);
            // Half of the spikes are as high as the bounds allow.
            let height = if bounded { height.min(1.5) } else { height };
            if signed && rng.random() { -height } else { height }
        };
        let heights: Vec<f64> = truth.iter().map(&mut height).collect();
        let mut y = vec![0.0; m];
        access.apply_sparse(&truth, &heights, &mut y);
        let noises: Vec<f64> = normal_vector(rng, m);
        let length = |v: &[f64]| v.iter().map(|v| v * v).sum::<f64>().sqrt();
        let factor = noise * length(&y) / length(&noises);
        y.iter_mut().zip(&noises).for_each(|(y, e)| *y += factor * e);
        let mut adjustment = Adjustment::default();
        if form.ends_with("intercept") {
            y.iter_mut().for_each(|y| *y += 30.0);
            adjustment = adjustment.intercept(true);
        }
        if form.ends_with("baseline") {
            let at = |i: usize| 2.0 * i as f64 / m as f64 - 1.0;
            y.iter_mut().enumerate().for_each(|(i, y)| *y += 30.0 - 20.0 * at(i).powi(2));
            let drift = |power: i32| (0..m).map(|i| at(i).powi(power)).collect::<Vec<f64>>();
            adjustment = adjustment.intercept(true).baselines((1..=3).map(drift).collect());
        }
        if form.ends_with("fixed") {
            let known = (0..n).find(|j| *j > n / 2 && !truth.contains(j)).unwrap_or(0);
            let mut column = vec![0.0; m];
            access.column(known, &mut column);
            y.iter_mut().zip(&column).for_each(|(y, v)| *y += 7.0 * v);
            adjustment = adjustment.fixed(vec![known]);
        }
        if form.ends_with("weights") {
            let weight = |_| if rng.random::<f64>() < 0.1 { 0.0 } else { rng.random_range(0.5..2.0) };
            adjustment = adjustment.weights((0..m).map(weight).collect());
        }
        if form.ends_with("gaps") {
            // Runs of samples; of an image single pixels, and a few squares.
            let mut weights = vec![1.0; m];
            if signed {
                for _ in 0..m / 500 {
                    let from = rng.random_range(0..m - 60);
                    weights[from..from + rng.random_range(1..60)].fill(0.0);
                }
            } else {
                weights.iter_mut().filter(|_| rng.random::<f64>() < 0.002).for_each(|w| *w = 0.0);
                for _ in 0..m / 6000 {
                    let (top, left) = (rng.random_range(0..size - 8), rng.random_range(0..size - 8));
                    (top..top + 8).for_each(|row| weights[row * size + left..][..8].fill(0.0));
                }
            }
            adjustment = adjustment.weights(weights);
        }
        let bounds = Bounds::all(if signed { -1.5 } else { 0.0 }, 1.5, n)?;
        let begin = Instant::now();
        let solve = |problem: Problem<'_, f64>| -> Result<(Solution<f64>, f64, f64), Box<dyn Error>> {
            let problem = if bounded { problem.with_domain(&bounds)? } else { problem };
            let mut run = Run::new(&problem, Search::default());
            if limit > 0.0 {
                run = run.halt(Halt::Time(Duration::from_secs_f64(limit)));
            }
            let found = run.start(Start::Zero).solve()?;
            let seconds = begin.elapsed().as_secs_f64();
            let best = Run::new(&problem, sparsea::Omp::default()).start(Start::Support(truth.clone())).solve()?;
            Ok((found, seconds, best.residual_norm))
        };
        let (found, seconds, best) = if adjustment.is_none() {
            solve(Problem::new(&*map, &y, k)?)?
        } else {
            let adjusted = Adjusted::new(&*map, &adjustment)?;
            let reduced = adjusted.reduce(&y)?;
            solve(adjusted.problem(&reduced, k)?)?
        };
        let missed = |near: usize| {
            let side = if signed { n } else { size };
            let is_near = |i: usize, j: usize| (i / side).abs_diff(j / side).max((i % side).abs_diff(j % side)) <= near;
            truth.iter().filter(|&&j| !found.support.iter().any(|&i| is_near(i, j))).count() as f64 / k as f64
        };
        let (exact, near) = (missed(0), missed(1));
        println!(
            "| {form} | {size} | {seed} | {seconds:.3} | {exact:.5} | {near:.5} | {:.6} |",
            found.residual_norm / best
        );
    }
    Ok(())
}
