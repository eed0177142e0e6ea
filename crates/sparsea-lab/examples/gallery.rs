//! Draws one picture of each kind from synthetic data: `cargo run -p sparsea-lab --example gallery -- FOLDER`.

use std::error::Error;
use std::path::Path;

use sparsea_lab::plot::{
    CoefficientsPlot, Curve, CurvesPlot, DeconvolutionPlot, Figure, ImagePlot, PathPlot, ResidualCurve,
    ResidualCurvesPlot, Scale, Sizes, StemsPlot, SuccessMapPlot, SuccessPanel, SupportComparisonPlot, SupportRow,
    Terminal, TracePlot, coefficients, curves, deconvolution, image, path, residual_curves, stems, success_map,
    support_comparison, trace,
};

fn main() -> Result<(), Box<dyn Error>> {
    let Some(folder) = std::env::args_os().nth(1) else { return Err("usage: gallery FOLDER".into()) };
    let folder = Path::new(&folder);
    std::fs::create_dir_all(folder)?;
    let pictures: [(&str, Figure); 23] = [
        ("deconvolution", spikes(500, 0.002, "time (s)", 1.0)?),
        ("deconvolution_long", spikes(200_000, 1.0, "sample", 3e-6)?),
        ("coefficients", many_coefficients()?),
        ("coefficients_named", named_coefficients()?),
        ("trace", exploring_trace(1e-3)?),
        ("trace_exact", exploring_trace(0.0)?),
        ("support_comparison", supports()?),
        ("residual_curves", residuals()?),
        ("curves_distance", distances(COMPARED)?),
        ("curves_distance_few", distances(6)?),
        ("curves_every_style", distances(22)?),
        ("curves_phase_transition", phase_transitions()?),
        ("curves_time", times(false)?),
        ("curves_time_bands", times(true)?),
        ("curves_recovery", recovery()?),
        ("success_map", success(COMPARED)?),
        ("success_map_few", success(3)?),
        ("path", k_path(15, 7, 1.0)?),
        ("path_dependent", k_path(80, 20, 1e3)?),
        ("image", stars((48, 64))?),
        ("image_large", stars((300, 130))?),
        ("stems", shares()?),
        ("coefficients_few", few_coefficients()?),
    ];
    for (name, figure) in pictures {
        for extension in ["svg", "png"] {
            figure.save(&folder.join(format!("{name}.{extension}")))?;
        }
        for (extension, color) in [("txt", false), ("ansi", true)] {
            let text = figure.text(Terminal { color, ..Terminal::default() });
            std::fs::write(folder.join(format!("{name}.{extension}")), text)?;
        }
    }
    Ok(())
}

/// A small generator: the gallery shows shapes, not statistics.
struct Noise(u64);

impl Noise {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }

    fn below(&mut self, n: usize) -> usize {
        (self.uniform() * n as f64) as usize
    }
}

fn spikes(len: usize, spacing: f64, x_label: &str, scale: f64) -> Result<Figure, Box<dyn Error>> {
    let mut noise = Noise(7);
    let k = 14;
    let mut truth: Vec<usize> = (0..k).map(|_| len / 20 + noise.below(len * 9 / 10)).collect();
    truth.sort_unstable();
    truth.dedup();
    let amplitudes: Vec<f64> = truth
        .iter()
        .map(|_| (1.0 + noise.uniform()) * scale * if noise.uniform() < 0.3 { -1.0 } else { 1.0 })
        .collect();
    let mut found = truth.clone();
    found[3] += len / 150;
    found[8] -= len / 200;
    let found_amplitudes: Vec<f64> = amplitudes.iter().map(|a| a * (1.0 + 0.07 * noise.normal())).collect();
    let width = len as f64 / 80.0;
    let blur = |positions: &[usize], amplitudes: &[f64]| -> Vec<f64> {
        (0..len)
            .map(|i| {
                let ricker = |p: usize| {
                    let t = ((i as f64 - p as f64) / width).powi(2);
                    (1.0 - t) * (-0.5 * t).exp()
                };
                positions.iter().zip(amplitudes).map(|(&p, &a)| a * ricker(p)).sum()
            })
            .collect()
    };
    let fit = blur(&found, &found_amplitudes);
    let data: Vec<f64> = blur(&truth, &amplitudes).iter().map(|v| v + 0.12 * scale * noise.normal()).collect();
    let residual: Vec<f64> = data.iter().zip(&fit).map(|(d, f)| d - f).collect();
    Ok(deconvolution(&DeconvolutionPlot {
        title: "Deconvolution by SEA: 14 spikes, relative residual 0.136",
        data: &data,
        fit: &fit,
        residual: Some(&residual),
        spikes: (&found, &found_amplitudes),
        truth: Some((&truth, &amplitudes)),
        x_label,
        sample_spacing: spacing,
        y_label: "amplitude",
    })?)
}

fn many_coefficients() -> Result<Figure, Box<dyn Error>> {
    let mut noise = Noise(3);
    let n = 1_000_000;
    let support: Vec<usize> = (0..80).map(|_| noise.below(n)).collect();
    let values: Vec<f64> = support.iter().map(|_| noise.normal()).collect();
    let residual: Vec<f64> = (0..2000).map(|_| 0.02 * noise.normal()).collect();
    Ok(coefficients(&CoefficientsPlot {
        title: "sea on a 2000 × 1000000 problem, k = 80",
        n,
        support: &support,
        values: &values,
        names: None,
        residual: Some(&residual),
        sizes: Sizes::Values,
    })?)
}

fn named_coefficients() -> Result<Figure, Box<dyn Error>> {
    let mut noise = Noise(5);
    let names: Vec<String> = [
        "age",
        "body mass index",
        "blood pressure",
        "total cholesterol",
        "LDL",
        "HDL",
        "log triglycerides (fasting, first visit)",
        "glucose",
        "sex",
        "smoker",
        "exercise",
        "alcohol",
        "family history",
        "waist",
        "heart rate",
    ]
    .map(String::from)
    .to_vec();
    let support: Vec<usize> = (0..names.len()).map(|i| 3 * i).collect();
    let values: Vec<f64> = names.iter().map(|_| 40.0 * noise.normal()).collect();
    let residual: Vec<f64> = (0..442).map(|_| 54.0 * noise.normal()).collect();
    Ok(coefficients(&CoefficientsPlot {
        title: "Variables chosen by splicing, k = 15",
        n: 64,
        support: &support,
        values: &values,
        names: Some(&names),
        residual: Some(&residual),
        sizes: Sizes::Values,
    })?)
}

fn exploring_trace(end: f64) -> Result<Figure, Box<dyn Error>> {
    let mut noise = Noise(11);
    let mut best = Vec::new();
    let current: Vec<f64> = (0..400)
        .map(|t| {
            let floor: f64 = if t == 262 { end } else { 2e-2 };
            if t == 262 { floor } else { floor + 30.0 * (-0.02 * t as f64 + 0.8 * noise.normal()).exp() }
        })
        .collect();
    let mut lowest = f64::INFINITY;
    for &value in &current {
        lowest = value.min(lowest);
        best.push(lowest);
    }
    Ok(trace(&TracePlot {
        title: "sea exploring 400 supports",
        current: &current,
        best: &best,
        y_label: "objective ½‖y − A x‖²",
    })?)
}

fn supports() -> Result<Figure, Box<dyn Error>> {
    let mut noise = Noise(23);
    let n = 256;
    let mut truth: Vec<usize> = (0..16).map(|_| noise.below(n)).collect();
    truth.sort_unstable();
    truth.dedup();
    let amplitudes: Vec<f64> =
        truth.iter().map(|_| (1.0 + noise.uniform()) * if noise.uniform() < 0.5 { -1.0 } else { 1.0 }).collect();
    let names = ["sea", "omp+sea", "omp", "htp", "subspace_pursuit", "iht", "lasso"];
    let found: Vec<(Vec<usize>, Vec<f64>)> = (0..names.len())
        .map(|a| {
            truth
                .iter()
                .zip(&amplitudes)
                .enumerate()
                .map(|(i, (&p, &v))| {
                    let wrong = i % 8 < a && a > 1 && (i * 5 + a) % 3 != 0;
                    let value = v * (1.0 + 0.1 * noise.normal());
                    let wild = a == 5 && i == 3;
                    if wrong {
                        ((p + 1 + noise.below(5)) % n, if wild { 15.0 } else { 0.8 * value })
                    } else {
                        (p, value)
                    }
                })
                .unzip()
        })
        .collect();
    let rows: Vec<SupportRow<'_>> = names
        .iter()
        .zip(&found)
        .map(|(name, (support, values))| {
            let wrong = support.iter().filter(|p| !truth.contains(p)).count();
            SupportRow { name, support, values, distance: wrong as f64 / truth.len() as f64 }
        })
        .collect();
    Ok(support_comparison(&SupportComparisonPlot {
        title: "Recovered supports, n = 256, m = 80, k = 16",
        n,
        truth: (&truth, &amplitudes),
        rows: &rows,
        x_label: "index j",
    })?)
}

fn residuals() -> Result<Figure, Box<dyn Error>> {
    let names = [
        "sea",
        "omp+sea",
        "htp",
        "iht",
        "omp",
        "ols",
        "niht",
        "cosamp",
        "subspace_pursuit",
        "ompr",
        "els",
        "lasso",
        "foba",
        "splicing",
        "search",
        "amp",
    ];
    let k: Vec<usize> = (1..=20).collect();
    let decay = |rate: f64| -> Vec<f64> { k.iter().map(|&k| 0.002 + (-rate * k as f64).exp()).collect() };
    let values: Vec<Vec<f64>> = (0..names.len()).map(|i| decay(0.42 / (1.0 + 0.12 * i as f64))).collect();
    let best = decay(0.45);
    let curves: Vec<ResidualCurve<'_>> =
        names.iter().zip(&values).map(|(name, values)| ResidualCurve { name, k: &k, values }).collect();
    Ok(residual_curves(&ResidualCurvesPlot {
        title: "Residual against sparsity",
        curves: &curves,
        optimum: Some(ResidualCurve { name: "optimum", k: &k, values: &best }),
        x_label: "sparsity k",
        y_label: "relative residual ‖y − A x‖ / ‖y‖",
    })?)
}

/// Names with a made-up strength, from 0 to 1, and slowness.
const ALGORITHMS: [(&str, f64, f64); 23] = [
    ("sea", 0.82, 30.0),
    ("omp+sea", 0.9, 32.0),
    ("els+sea", 0.97, 80.0),
    ("els+sea+els", 1.0, 120.0),
    ("search", 0.99, 3000.0),
    ("els", 0.88, 60.0),
    ("omp", 0.55, 3.0),
    ("ols", 0.62, 8.0),
    ("ompr", 0.7, 6.0),
    ("foba", 0.66, 9.0),
    ("splicing", 0.75, 12.0),
    ("htp", 0.48, 2.0),
    ("iht", 0.35, 5.0),
    ("niht", 0.44, 4.0),
    ("cosamp", 0.4, 4.5),
    ("subspace_pursuit", 0.58, 4.2),
    ("lasso", 0.5, 25.0),
    ("amp", 0.86, 5.0),
    ("omp+els", 0.85, 40.0),
    ("omp+htp", 0.25, 5.0),
    ("els+htp", 0.15, 20.0),
    ("omp+iht", 0.05, 8.0),
    ("els+iht", 0.0, 22.0),
];

/// As many as a comparison usually shows.
const COMPARED: usize = 18;

/// The k/m at which half of the problems are solved.
fn transition(strength: f64, ratio: f64) -> f64 {
    (0.12 + 0.3 * strength) * ratio.powf(0.8 - 0.3 * strength)
}

fn rate(strength: f64, ratio: f64, k_over_m: f64) -> f64 {
    1.0 / (1.0 + ((k_over_m / transition(strength, ratio) - 1.0) * 14.0).exp())
}

/// x, values, and lower and upper edges of a curve.
type Data = (Vec<f64>, Vec<f64>, Vec<f64>, Vec<f64>);

fn named<'a>(data: &'a [Data], bands: bool) -> Vec<Curve<'a>> {
    let with_name = ALGORITHMS.iter().zip(data);
    with_name.map(|(a, (x, y, low, high))| Curve { name: a.0, x, y, band: bands.then_some((low, high)) }).collect()
}

fn distances(count: usize) -> Result<Figure, Box<dyn Error>> {
    let mut noise = Noise(41);
    let data: Vec<Data> = ALGORITHMS[..count]
        .iter()
        .map(|&(_, strength, _)| {
            let x: Vec<f64> = (1..=30).map(f64::from).collect();
            let y: Vec<f64> = x
                .iter()
                .map(|k| (0.85 / (1.0 + (-(k - 12.0 - 13.0 * strength) / 3.5).exp()) + 0.006 * noise.normal()).max(0.0))
                .collect();
            let half: Vec<f64> = y.iter().map(|y| 0.008 + 0.05 * (y * (1.0 - y)).max(0.0).sqrt()).collect();
            let low = y.iter().zip(&half).map(|(y, h)| (y - h).max(0.0)).collect();
            let high = y.iter().zip(&half).map(|(y, h)| (y + h).min(1.0)).collect();
            (x, y, low, high)
        })
        .collect();
    Ok(curves(&CurvesPlot {
        title: "Support distance, gaussian dictionary 256 × 1024, 200 problems each",
        x_label: "sparsity k",
        y_label: "mean support distance",
        curves: &named(&data, true),
        x_scale: Scale::Linear,
        y_scale: Scale::Linear,
        y_range: None,
        ideal: None,
    })?)
}

fn phase_transitions() -> Result<Figure, Box<dyn Error>> {
    let mut noise = Noise(43);
    let data: Vec<Data> = ALGORITHMS[..COMPARED]
        .iter()
        .map(|&(_, strength, _)| {
            let x: Vec<f64> = (1..=10).map(|i| 0.1 * f64::from(i)).collect();
            let y: Vec<f64> =
                x.iter().map(|&r| 0.8 * transition(strength, r) * (1.0 + 0.015 * noise.normal())).collect();
            let low = y.iter().map(|y| y - 0.012).collect();
            let high = y.iter().map(|y| y + 0.012).collect();
            (x, y, low, high)
        })
        .collect();
    let x: Vec<f64> = (5..=100).map(|i| 0.01 * f64::from(i)).collect();
    let y: Vec<f64> = x.iter().map(|r| 0.43 * r.powf(0.45)).collect();
    Ok(curves(&CurvesPlot {
        title: "Where 95 % of the supports are recovered, n = 500",
        x_label: "undersampling m/n",
        y_label: "sparsity k/m",
        curves: &named(&data, true),
        x_scale: Scale::Linear,
        y_scale: Scale::Linear,
        y_range: None,
        ideal: Some(Curve { name: "best possible", x: &x, y: &y, band: None }),
    })?)
}

fn times(bands: bool) -> Result<Figure, Box<dyn Error>> {
    let mut noise = Noise(47);
    let data: Vec<Data> = ALGORITHMS[..if bands { 6 } else { COMPARED }]
        .iter()
        .map(|&(name, _, slowness)| {
            let x: Vec<f64> = (0..9).map(|i| 128.0 * 2f64.powi(i)).collect();
            let y: Vec<f64> = x
                .iter()
                .map(|n| match name {
                    // The search gives up early, and one size of the LASSO is missing.
                    "search" if *n > 1000.0 => f64::NAN,
                    "lasso" if *n == 2048.0 => f64::NAN,
                    "els" if bands && *n == 2048.0 => f64::NAN,
                    _ => 1e-9 * slowness * n.powf(1.7 + 0.1 * slowness.log10()) * (0.08 * noise.normal()).exp(),
                })
                .collect();
            // The quickest of several runs may be too short to be measured.
            let low = y.iter().map(|y| if *y < 2e-5 { 0.0 } else { y / 1.5 }).collect();
            let high = y.iter().map(|y| 1.5 * y).collect();
            (x, y, low, high)
        })
        .collect();
    Ok(curves(&CurvesPlot {
        title: "Time against size, m = n/4, k = m/10",
        x_label: "size n",
        y_label: "median time (s)",
        curves: &named(&data, bands),
        x_scale: Scale::Logarithmic,
        y_scale: Scale::Logarithmic,
        y_range: None,
        ideal: None,
    })?)
}

fn recovery() -> Result<Figure, Box<dyn Error>> {
    let data: Vec<Data> = ALGORITHMS[..COMPARED]
        .iter()
        .map(|&(_, strength, slowness)| {
            let x: Vec<f64> = (0..12).map(|i| 1e-4 * slowness * 1.5f64.powi(i)).collect();
            let y = (0..12).map(|i| strength.sqrt().min(1.0) * (1.0 - (-0.35 * f64::from(i + 1)).exp())).collect();
            (x, y, Vec::new(), Vec::new())
        })
        .collect();
    Ok(curves(&CurvesPlot {
        title: "Recovery within a budget of time, n = 1024, m = 256, k = 40",
        x_label: "time (s)",
        y_label: "recovery rate",
        curves: &named(&data, false),
        x_scale: Scale::Logarithmic,
        y_scale: Scale::Linear,
        y_range: Some((0.0, 1.0)),
        ideal: None,
    })?)
}

fn success(count: usize) -> Result<Figure, Box<dyn Error>> {
    let x: Vec<f64> = (1..=19).map(|i| 0.05 * f64::from(i)).collect();
    let y: Vec<f64> = (1..=15).map(|i| 0.04 * f64::from(i)).collect();
    let mut noise = Noise(53);
    let data: Vec<(Vec<f64>, Vec<f64>)> = ALGORITHMS[..count]
        .iter()
        .map(|&(name, strength, _)| {
            let mut rates = Vec::new();
            for &k_over_m in &y {
                for &ratio in &x {
                    let rate = (rate(strength, ratio, k_over_m) + 0.02 * noise.normal()).clamp(0.0, 1.0);
                    let hopeless = name == "search" && ratio > 0.6 && k_over_m > 0.1;
                    rates.push(if hopeless { f64::NAN } else { (50.0 * rate).round() / 50.0 });
                }
            }
            let curve = x.iter().map(|&ratio| 0.8 * transition(strength, ratio)).collect();
            (rates, curve)
        })
        .collect();
    let panels: Vec<SuccessPanel<'_>> = ALGORITHMS
        .iter()
        .zip(&data)
        .map(|(a, (rates, curve))| SuccessPanel { name: a.0, rates, curve: Some((&x, curve)) })
        .collect();
    Ok(success_map(&SuccessMapPlot {
        title: "Rate of recovered supports, n = 500, 50 problems per cell",
        x_label: "undersampling m/n",
        y_label: "sparsity k/m",
        x: &x,
        y: &y,
        x_scale: Scale::Linear,
        y_scale: Scale::Linear,
        panels: &panels,
    })?)
}

/// A path whose last fit is exact, and whose coefficients beyond the chosen k may be `wild` times as large.
fn k_path(largest: usize, chosen: usize, wild: f64) -> Result<Figure, Box<dyn Error>> {
    let mut noise = Noise(31);
    let coefficients: Vec<(String, Vec<f64>)> = (0..largest)
        .map(|j| {
            let size = 500.0 * (-0.3 * j as f64).exp() * if j % 3 == 1 { -1.0 } else { 1.0 };
            let of = |k: usize, normal: f64| match k {
                _ if k <= j => 0.0,
                _ if k > 3 * largest / 4 => size * wild * (1.0 + 0.05 * normal),
                _ => size * (1.0 + 0.05 * normal),
            };
            (format!("x{j}"), (0..=largest).map(|k| of(k, noise.normal())).collect())
        })
        .collect();
    let residuals: Vec<f64> =
        (0..=largest).map(|k| if k == largest { 1e-15 } else { 0.02 + (-0.35 * k as f64).exp() }).collect();
    let criterion: Vec<f64> = (0..=largest)
        .map(|k| match k {
            11 => f64::NAN,
            _ if k == largest => f64::INFINITY,
            _ => 4500.0 + 300.0 * (-0.5 * k as f64).exp() + 9.0 * k as f64,
        })
        .collect();
    Ok(path(&PathPlot {
        title: &format!("k = {chosen} by EBIC"),
        residuals: &residuals,
        criterion: ("EBIC", &criterion),
        chosen,
        coefficients: &coefficients,
        y_label: "coefficient xⱼ",
    })?)
}

fn stars((height, width): (usize, usize)) -> Result<Figure, Box<dyn Error>> {
    let mut noise = Noise(61);
    let (rows, columns): (Vec<usize>, Vec<usize>) = (0..9).map(|_| (noise.below(height), noise.below(width))).unzip();
    let fit: Vec<f64> = (0..height * width)
        .map(|at| {
            let (row, column) = ((at / width) as f64, (at % width) as f64);
            let star = |(&r, &c): (&usize, &usize)| {
                (-((row - r as f64).powi(2) + (column - c as f64).powi(2)) / 8.0).exp()
                    * (1.0 + c as f64 / width as f64)
            };
            rows.iter().zip(&columns).map(star).sum()
        })
        .collect();
    let residual: Vec<f64> = fit.iter().map(|_| 0.03 * noise.normal()).collect();
    let data: Vec<f64> = fit.iter().zip(&residual).map(|(f, r)| f + r).collect();
    Ok(image(&ImagePlot {
        title: "search, k = 9: relative residual 0.121",
        shape: (height, width),
        data: &data,
        fit: &fit,
        residual: &residual,
        points: (&rows, &columns),
    })?)
}

fn shares() -> Result<Figure, Box<dyn Error>> {
    let mut noise = Noise(67);
    let places: Vec<usize> = (0..40).map(|_| noise.below(400)).collect();
    let values: Vec<f64> = places.iter().map(|_| noise.uniform()).collect();
    Ok(stems(&StemsPlot {
        title: "40 supports within 1 % of the best",
        n: 400,
        places: &places,
        values: &values,
        x_label: "index j",
        y_label: "share of these supports with j",
    })?)
}

fn few_coefficients() -> Result<Figure, Box<dyn Error>> {
    Ok(coefficients(&CoefficientsPlot {
        title: "omp, k = 3",
        n: 20,
        support: &[12, 3, 7],
        values: &[1.0, -2e-5, 3e-5],
        names: None,
        residual: None,
        sizes: Sizes::Magnitudes,
    })?)
}
