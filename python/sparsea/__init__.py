"""Sparse support recovery: given y = A x + noise and a number k, which k columns of A explain y, and by how much?

minimise ½‖A x − y‖² subject to ‖x‖₀ ≤ k
"""

from typing import TYPE_CHECKING, Any

from ._algorithms import AlgorithmInfo, Setting, algorithms
from ._bootstrap import Bootstrap, bootstrap
from ._core import (
    Convolution,
    PartialDCT,
    PartialDFT,
    PartialHadamard,
    Progress,
    Ramps,
    Steps,
    __version__,
    exponential,
    gaussian,
)
from ._deconvolve import deconvolve
from ._errors import Error
from ._gram import Gram
from ._improve import improve
from ._knockoffs import KnockoffSelection, gaussian_knockoffs, knockoff_filter
from ._near import NearOptimal
from ._near_optimal import near_optimal
from ._problem import Problem
from ._solution import ExplorationReport, IndexReport, RankedSupport, Solution, Solutions, StandIns, Trace
from ._solve import solve
from ._stability import stability
from ._subsamples import Stability

if TYPE_CHECKING:
    from . import theory

__all__ = [
    "AlgorithmInfo",
    "Bootstrap",
    "Convolution",
    "Error",
    "ExplorationReport",
    "Gram",
    "IndexReport",
    "KnockoffSelection",
    "NearOptimal",
    "PartialDCT",
    "PartialDFT",
    "PartialHadamard",
    "Problem",
    "Progress",
    "Ramps",
    "RankedSupport",
    "Setting",
    "Solution",
    "Solutions",
    "Stability",
    "StandIns",
    "Steps",
    "Trace",
    "__version__",
    "algorithms",
    "bootstrap",
    "deconvolve",
    "exponential",
    "gaussian",
    "gaussian_knockoffs",
    "improve",
    "knockoff_filter",
    "near_optimal",
    "solve",
    "stability",
    "theory",
]


def __getattr__(name: str) -> Any:
    """Import `sparsea.theory` on first use: it would take half of the time of importing sparsea."""
    if name == "theory":
        import importlib

        return importlib.import_module(".theory", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
