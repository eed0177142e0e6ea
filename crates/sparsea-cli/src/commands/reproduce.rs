//! `sparsea reproduce`: the studies that come with the command.

use std::path::Path;
use std::process::ExitCode;

use super::sweep::{read_study, run_study};
use crate::cli::{Reproduce, ReproducedFigure};
use crate::failure::Failure;
use sparsea_lab::sweep::Shard;

pub fn run(arguments: &Reproduce) -> Result<ExitCode, Failure> {
    let (word, text) = match arguments.figure {
        ReproducedFigure::Deconvolution => ("deconvolution", include_str!("../../../../studies/deconvolution.toml")),
        ReproducedFigure::PhaseTransition => {
            ("phase-transition", include_str!("../../../../studies/phase-transition.toml"))
        }
        ReproducedFigure::DeconvolutionNoise => {
            ("deconvolution-noise", include_str!("../../../../studies/deconvolution-noise.toml"))
        }
        ReproducedFigure::Coherence => ("coherence", include_str!("../../../../studies/coherence.toml")),
    };
    let (study, inputs) = read_study(text, Path::new(&format!("{word}.toml")))?;
    run_study(&study, &inputs, &arguments.how, Shard::default(), &format!("sparsea reproduce {word}"))
}
