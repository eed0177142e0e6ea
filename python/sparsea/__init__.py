"""Sparse support recovery: given y = A x + noise and a number k, which k columns of A explain y, and by how much?

minimise ½‖A x − y‖² subject to ‖x‖₀ ≤ k
"""

from . import theory
from ._algorithms import AlgorithmInfo, Setting, algorithms
from ._core import Convolution, Progress, __version__, exponential, gaussian
from ._deconvolve import deconvolve
from ._improve import improve
from ._solution import ExplorationReport, IndexReport, RankedSupport, Solution, Solutions, Trace
from ._solve import solve

__all__ = [
    "AlgorithmInfo",
    "Convolution",
    "ExplorationReport",
    "IndexReport",
    "Progress",
    "RankedSupport",
    "Setting",
    "Solution",
    "Solutions",
    "Trace",
    "__version__",
    "algorithms",
    "deconvolve",
    "exponential",
    "gaussian",
    "improve",
    "solve",
    "theory",
]
