//! `sparsea reproduce`: the studies that come with the command.

use std::path::Path;
use std::process::ExitCode;

use super::sweep::{read_study, run_study};
use crate::cli::{Reproduce, ReproducedFigure};
use crate::failure::Failure;
use sparsea_lab::{studies, sweep::Shard};

pub fn run(arguments: &Reproduce) -> Result<ExitCode, Failure> {
    let (word, text) = match arguments.figure {
        ReproducedFigure::Deconvolution => ("deconvolution", studies::DECONVOLUTION),
        ReproducedFigure::PhaseTransition => ("phase-transition", studies::PHASE_TRANSITION),
        ReproducedFigure::DeconvolutionNoise => ("deconvolution-noise", studies::DECONVOLUTION_NOISE),
        ReproducedFigure::Coherence => ("coherence", studies::COHERENCE),
    };
    let (study, inputs) = read_study(text, Path::new(&format!("{word}.toml")))?;
    run_study(&study, &inputs, &arguments.how, Shard::default(), &format!("sparsea reproduce {word}"))
}
