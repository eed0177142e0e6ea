"""The options of a run: typed, named and documented once, for every function that takes them.

Compiled code reads them. The defaults here only appear in signatures: options that are not given are not passed on.
"""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypedDict, TypeVar, get_type_hints

from . import _core

F = TypeVar("F", bound=Callable[..., Any])


class SupportOptions(TypedDict, total=False):
    """The options of runs on a problem of which only the supports are kept."""

    algorithm: str | None
    iterations: int | None
    time: float | None
    supports: int | None
    relative_residual: float | None
    stagnation: int | None
    settings: Mapping[str, Any] | None
    threads: int | None
    progress: bool


class RunOptions(SupportOptions, total=False):
    """The options of a run on a problem."""

    report: bool | float | tuple[float, int]
    trace: bool
    callback: Callable[[_core.Progress], Any] | None


class ProblemOptions(TypedDict, total=False):
    """The options of a problem."""

    nonnegative: bool
    bounds: Any
    intercept: bool
    fixed: Any
    exclude: Any
    weights: Any
    ridge: float
    sum_to: float | None
    missing: Literal["error", "drop"]
    groups: Any
    unit_columns: bool
    memory: int | None
    check_adjoint: bool


class Options(RunOptions, ProblemOptions, total=False):
    """The options of a run and of its problem."""


class SubsampleOptions(SupportOptions, ProblemOptions, total=False):
    """The options of runs of which only the supports are kept, and of their problem."""


_DEFAULTS = {
    "report": False,
    "trace": False,
    "progress": False,
    "nonnegative": False,
    "unit_columns": True,
    "check_adjoint": False,
    "intercept": False,
    "ridge": 0.0,
    "missing": "error",
}

_DOCUMENTED = """\
algorithm : str, optional
    An algorithm, or a chain of algorithms joined by ``+``, such as ``"omp+sea"``, in which each starts from the
    solution of the previous one; see `algorithms`. Default: ``"search"``; ``"sea"`` if k is in the thousands and A is
    neither a convolution nor a band matrix.
iterations, supports, stagnation : int, optional
    Stop after this many iterations, distinct supports, or iterations without improvement. If iterations, time and
    stagnation are all unlimited, each algorithm keeps its default budget: 300 iterations for ``"search"``, 1000 for
    ``"sea"``, ``"htp"``, ``"iht"``, ``"niht"`` and ``"cosamp"``. The others end by themselves.
time : float, optional
    Stop after this many seconds{measuring}.
relative_residual : float, optional
    Stop when ‖y − A x‖/‖y‖ is at most this value, for example the noise level.
settings : dict, optional
    Settings of the (last) algorithm, such as ``{{"step_size": 0.5}}``.
threads : int, optional
    Number of threads, from 1 to 4096. Default: the number of processors, or the environment variable
    ``RAYON_NUM_THREADS`` (up to 256, or the number of processors if that is larger). Results do not depend on it.
progress : bool
    Whether to show a progress bar: that of tqdm if it is installed, otherwise a line on a terminal.
"""

_SINGLE = """\
report : bool, float or (float, int)
    Whether to report what the run explored, in `Solution.report`. Near-ties are supports whose residual is within 5 %
    of the best, or within the margin given here. The second number of a pair says how many of the best supports are
    listed (default: 10).
trace : bool
    Whether to record every step, in `Solution.trace`.
callback : callable, optional
    Called with a `Progress` after every step, in the thread that called this function. If it returns a true value, the
    run stops and returns the best point so far. An exception that it raises is raised here.
"""

_JOINT = """\
joint : bool
    Whether all columns of Y, of shape (m, B), share one support: minimise ½‖A X − Y‖² over X with at most k non-zero
    rows. Columns of A are scored by norms of rows. If False, a matrix Y is a batch of B problems.
"""

_PROBLEM = """\
nonnegative : bool
    Whether coefficients must be at least 0. Fits are then non-negative least-squares fits. A and y must be real.
bounds : pair of float or array_like, optional
    The least and the largest value of each coefficient, ``(lower, upper)``. Each is a number, an array of n numbers, or
    None for no bound. A `scipy.optimize.Bounds` is also accepted. Each interval must contain 0.
intercept : bool
    Whether the model has an intercept, a constant that is always in the model; see `Solution.intercept`. If this option
    is not given, a warning is raised for data most of which is a constant that no column of a matrix A is near.
fixed, exclude : array_like, optional
    ``fixed`` columns of A are always in the model, and are neither counted in k nor penalised. ``exclude`` columns are
    never chosen. Both are indices counted from 0, a mask, or names if A is a data frame. A fixed column that depends on
    those before it has coefficient 0.
weights : array_like of shape (m,) or (m, B), optional
    Weights w ≥ 0 of the rows; for a batch, optionally one for each entry of Y. Σ w_i |r_i|² then replaces ‖r‖². A row
    of weight 0 is treated as missing, whatever y holds there.
ridge : float
    λ ≥ 0. The term ½ λ‖x‖² is added to the objective, in the scale of A. Intercept and fixed columns are not penalised.
sum_to : float, optional
    The sum of the coefficients, without intercept and fixed columns; must not be 0. With ``sum_to=1`` and
    ``nonnegative`` or caps (``bounds=(0, 0.1)``), the coefficients are the weights of a portfolio that tracks an index.
missing : {"error", "drop"}
    Whether NaN in y raise an error, or are gaps: rows of weight 0. Columns of a batch may miss different rows. Those
    that miss the same rows share what is known of A.
groups : array_like of shape (n,), optional
    A label for each column of A, of any hashable type. Columns with the same label form a group: they are in the
    support together or not at all, and k counts groups. A group is scored by the norm of what it explains of the
    residual. The score depends only on the span of its columns, since algorithms see an orthonormal basis of each
    group. If coefficients have bounds, the columns are kept instead, and a group is scored by what its columns explain
    one by one.
unit_columns : bool
    Whether algorithms see columns scaled to norm 1, so that units of measurement do not matter. Coefficients are
    returned in the scale of A either way.
memory : int, optional
    Memory limit in bytes, not counting A and y. Default: 4.3 GiB. All but 320 MiB of the default are reserved for
    ``"els"`` and ``"search"`` on large problems.
check_adjoint : bool
    Whether to check first, with random vectors, that ``rmatvec`` is the adjoint of ``matvec``.
"""


def takes(options: type[SupportOptions] | type[ProblemOptions] | None) -> Callable[[F], F]:
    """Show what a function takes as ``**options`` in its signature, and at ``{options}`` in its docstring.

    Without options, only the docstring is completed, by what concerns a problem.
    """

    def shown(function: F) -> F:
        if options is None:
            text = _JOINT + _PROBLEM
        else:
            types = get_type_hints(options)
            whole = "nonnegative" in types
            text = _DOCUMENTED.format(measuring=", measuring the columns of A included" if whole else "")
            text += _SINGLE if "callback" in types else ""
            text += _JOINT + _PROBLEM if whole else ""
            signature = inspect.signature(function)
            kept = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
            for name, kind in types.items():
                default = _DEFAULTS.get(name)
                kept.append(inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind))
            function.__signature__ = signature.replace(parameters=kept)  # type: ignore[attr-defined]
            del function.__annotations__["options"]
            function.__annotations__.update(types)
        # There is none under python -OO.
        if function.__doc__ is not None:
            lines = function.__doc__.splitlines()
            place = next(line for line in lines if line.strip() == "{options}")
            indent = place[: -len("{options}")]
            function.__doc__ = function.__doc__.replace(place, textwrap.indent(text, indent).rstrip())
        return function

    return shown
