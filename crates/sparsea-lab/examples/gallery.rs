//! Draws one picture of each kind from synthetic data: `cargo run -p sparsea-lab --example gallery -- FOLDER`.

use std::error::Error;
use std::path::Path;

use sparsea_lab::plot::{
    CoefficientsPlot, DeconvolutionPlot, Figure, ResidualCurve, ResidualCurvesPlot, SupportComparisonPlot, SupportRow,
    TracePlot, coefficients, deconvolution, residual_curves, support_comparison, trace,
};

fn main() -> Result<(), Box<dyn Error>> {
    let Some(folder) = std::env::args_os().nth(1) else { return Err("usage: gallery FOLDER".into()) };
    let folder = Path::new(&folder);
    std::fs::create_dir_all(folder)?;
    let pictures: [(&str, Figure); 8] = [
        ("deconvolution", spikes(500, 0.002, "time (s)", 1.0)?),
        ("deconvolution_long", spikes(200_000, 1.0, "sample", 3e-6)?),
        ("coefficients", many_coefficients()?),
        ("coefficients_named", named_coefficients()?),
        ("trace", exploring_trace(1e-3)?),
        ("trace_exact", exploring_trace(0.0)?),
        ("support_comparison", supports()?),
        ("residual_curves", curves()?),
    ];
    for (name, figure) in pictures {
        for extension in ["svg", "png"] {
            figure.save(&folder.join(format!("{name}.{extension}")))?;
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
        complex: false,
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
        complex: false,
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

fn curves() -> Result<Figure, Box<dyn Error>> {
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
