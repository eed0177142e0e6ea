"""Spikes in a trace, given the shape of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from . import _core
from ._errors import InvalidValueError
from ._input import Array, as_operator, as_vector, shown
from ._model import drops, unmasked
from ._options import Options, takes
from ._run import solve_once
from ._solution import Solution

if TYPE_CHECKING:
    from typing_extensions import Unpack


@takes(Options)
def deconvolve(
    y: Any,
    kernel: Any,
    k: int,
    *,
    boundary: Literal["same", "full", "valid", "circular"] = "same",
    origin: int | None = None,
    baseline: str = "none",
    start: Any = None,
    **options: Unpack[Options],
) -> Solution:
    """Find the k spikes that, blurred by a kernel, make up a trace.

    Parameters
    ----------
    y : array_like of shape (m,)
        The trace. With ``missing="drop"`` NaN are gaps in it.
    kernel : array_like of shape (L,) or str
        The shape of one spike: its samples, ``"gaussian:SIGMA"`` or ``"exponential:TAU"`` (both in samples).
    k : int
        The sparsity: how many spikes there may be.
    boundary : {"same", "full", "valid", "circular"}
        What happens at the ends: as many spikes as samples, spikes wholly inside the trace, also spikes outside that
        reach into it, or a periodic trace.
    origin : int, optional
        The sample of the kernel that lies at the spike, for ``"same"`` and ``"circular"``; default: the
        largest in magnitude.
    baseline : str
        What to subtract from the trace first: ``"none"``, ``"mean"``, ``"median"``, or ``"quantile:P"`` with P from 0
        to 1; those of the samples that are there.
    start
        As for `solve`.
    {options}

    Returns
    -------
    Solution
        Its support are the places of the spikes, its coefficients their amplitudes.

    Raises
    ------
    ValueError, TypeError, MemoryError, KeyboardInterrupt
        As `solve`; ValueError also for a kernel that cannot be used.

    See Also
    --------
    Convolution : the operator itself, for several traces at a time: ``solve(Convolution(kernel, n), Y, k)``.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsea
    >>> x = np.zeros(100)
    >>> x[[20, 60]] = [1.5, -2.0]
    >>> y = np.convolve(x, sparsea.gaussian(3.0), mode="same")
    >>> sparsea.deconvolve(y, "gaussian:3", 2).support
    array([20, 60])
    """
    gaps = drops(options)
    data = as_vector("y", unmasked(y, options))
    samples = samples_of(kernel, len(data))
    operator = blur(samples, len(data), boundary, origin)
    seen = data[~np.isnan(data)] if gaps else data
    data = data - (level_of(seen, baseline) if len(seen) else 0.0)
    found: Solution = solve_once(as_operator(operator), data, k, start, options)
    return found


def samples_of(kernel: Any, length: int) -> Array:
    """The samples of a kernel, none of which lies more than the trace's length behind another."""
    advice = ""
    if isinstance(kernel, str):
        shape, _, width = kernel.partition(":")
        if shape not in {"gaussian", "exponential"}:
            raise InvalidValueError(
                f"kernel: '{kernel}' is no known shape; the shapes are gaussian:SIGMA, exponential:TAU"
            )
        if not width:
            raise InvalidValueError(f"kernel: {shape} needs its width, as {shape}:3")
        try:
            number = float(width)
        except ValueError:
            example = "gaussian:SIGMA, as gaussian:3" if shape == "gaussian" else "exponential:TAU, as exponential:8"
            raise InvalidValueError(f"kernel: '{width}' is not a number; write {example}") from None
        if shape == "exponential":
            # What lies more than a trace's length behind a spike is never seen.
            return _core.exponential(number)[:length]
        samples: Array = _core.gaussian(number)
        reach = max(length - 1, 0) // 2
        most = f"so SIGMA must be smaller here, at most {reach / 8:g}" if reach else "at least 3"
        advice = f"; gaussian:SIGMA spans 2*ceil(8*SIGMA)+1 samples, {most}"
    else:
        samples = as_vector("the kernel", kernel)
    if len(samples) > length:
        raise InvalidValueError(f"the kernel has {len(samples)} samples, more than the {length} of the trace{advice}")
    return samples


def blur(
    kernel: Array, m: int, boundary: Literal["same", "full", "valid", "circular"], origin: int | None
) -> _core.Convolution:
    """The convolution whose results have the m samples of a trace."""
    if isinstance(boundary, str) and boundary in {"full", "valid"}:
        n = m + 1 - len(kernel) if boundary == "full" else m + len(kernel) - 1
        return _core.Convolution(kernel, n, boundary, origin)
    if origin is None and len(kernel):
        # The first of the largest, as the command takes.
        origin = int(np.argmax(np.abs(kernel)))
    return _core.Convolution(kernel, m, boundary, origin)


def level_of(data: Array, rule: str) -> float:
    """The baseline of a trace."""
    if isinstance(rule, str) and rule == "none":
        return 0.0
    if isinstance(rule, str) and (rule in {"mean", "median"} or rule.startswith("quantile:")):
        if np.iscomplexobj(data):
            raise InvalidValueError("baseline is for real traces")
        if rule == "mean":
            # Added one after the other, as the command does.
            return float(np.cumsum(data)[-1] / len(data))
        share = 0.5 if rule == "median" else _share(rule.removeprefix("quantile:"))
        if share is not None:
            values = np.sort(data)
            place = share * (len(values) - 1)
            low, high = int(np.floor(place)), int(np.ceil(place))
            return float(values[low] + (place - low) * (values[high] - values[low]))
    raise InvalidValueError(f"baseline must be none, mean, median or quantile:P with P from 0 to 1, got {shown(rule)}")


def _share(text: str) -> float | None:
    try:
        share = float(text)
    except ValueError:
        return None
    return share if 0 <= share <= 1 else None
