//! The studies that come with the command, as TOML. docs/studies.md describes the format.

/// Figure 2 of the paper: support distance of spike deconvolution against the number of spikes.
pub const DECONVOLUTION: &str = include_str!("../studies/deconvolution.toml");
/// Figure 3 of the paper: where in (m/n, k/m) more than 95 % of supports are recovered, Gaussian matrices.
pub const PHASE_TRANSITION: &str = include_str!("../studies/phase-transition.toml");
/// Beyond the paper: spike deconvolution with noise of 10, 20 and 40 dB.
pub const DECONVOLUTION_NOISE: &str = include_str!("../studies/deconvolution-noise.toml");
/// Beyond the paper: spike deconvolution against the width of the filter.
pub const COHERENCE: &str = include_str!("../studies/coherence.toml");
