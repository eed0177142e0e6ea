"""Spikes in one or several traces, or points in an image, of known shape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from . import _core
from ._errors import InvalidValueError
from ._input import Array, Sparsities, as_data, as_kernel, as_operator, as_vector, shown
from ._model import unmasked
from ._options import Options, takes
from ._run import solve_once

if TYPE_CHECKING:
    from typing_extensions import Unpack


@takes(Options)
def deconvolve(
    y: Any,
    kernel: Any,
    k: Sparsities,
    *,
    boundary: Literal["same", "full", "valid", "circular"] = "same",
    origin: int | tuple[int, int] | None = None,
    baseline: str = "none",
    image: bool | None = None,
    start: Any = None,
    joint: bool = False,
    **options: Unpack[Options],
) -> Any:
    """Find the k spikes whose convolution with a kernel explains a trace, or the k points that explain an image.

    Parameters
    ----------
    y : array_like of shape (m,), (m, B) or (M, M')
        A trace; several traces, one in each column; or, with a two-dimensional kernel, an image. With
        ``missing="drop"``, NaN are gaps.
    kernel : array_like of shape (L,) or (L, L'), or str
        The shape of one spike: its samples, ``"gaussian:SIGMA"`` or ``"exponential:TAU"`` (both in samples). For an
        image: its pixels, or ``"gaussian:SIGMA"`` for an isotropic Gaussian.
    k : int
        The sparsity: the largest number of spikes in each trace or in the image.
    boundary : {"same", "full", "valid", "circular"}
        What happens at the ends. ``"same"``: as many spikes as samples. ``"full"``: spikes whose kernel lies wholly
        inside the trace. ``"valid"``: also spikes outside the trace that reach into it. ``"circular"``: a periodic
        trace. An image has the same boundary in both directions.
    origin : int or pair of int, optional
        The sample of the kernel that marks the position of the spike (for an image, its row and column); it is seen at
        `Solution.positions`. Default: the sample of largest magnitude, the first if there are several.
    baseline : str
        What to subtract from each trace or from the image beforehand: ``"none"``, ``"mean"``, ``"median"``, or
        ``"quantile:P"`` with P from 0 to 1. Gaps are ignored.
    image : bool, optional
        Whether y is an image. It is needed only if y is a matrix and the kernel is given by name: True for an image,
        False for traces in columns.
    start
        See `solve`.
    {options}

    Returns
    -------
    Solution
        For a trace or an image. ``positions`` are the positions of the spikes in y, ``coefficients`` their amplitudes,
        and ``image`` is x as an image. ``support`` holds columns of the `Convolution`. It equals the positions for
        ``"same"`` and ``"circular"``; for an image, counted row by row.
    Solutions
        For several traces. With ``joint`` there is one `Solution` instead, with spikes at the same positions in all
        traces.

    Raises
    ------
    ValueError, TypeError, MemoryError, KeyboardInterrupt
        Same as for `solve`; ValueError also for an invalid kernel.

    See Also
    --------
    Convolution : The operator itself; ``Convolution(kernel, m, "same", "peak")`` is that of a trace of m samples.

    Notes
    -----
    The defaults of `Convolution` are NumPy's: boundary ``"full"``, and the origin at the centre for ``"same"``. The
    defaults of this function are boundary ``"same"`` and the origin at the peak.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsea
    >>> x = np.zeros(100)
    >>> x[[20, 60]] = [1.5, -2.0]
    >>> y = np.convolve(x, sparsea.gaussian(3.0), mode="same")
    >>> sparsea.deconvolve(y, "gaussian:3", 2).support
    array([20, 60])

    Two traces, and an image:

    >>> both = sparsea.deconvolve(np.stack([y, -y], axis=1), "gaussian:3", 2, image=False)
    >>> both.positions
    [array([20, 60]), array([20, 60])]
    >>> stars = np.zeros((64, 64))
    >>> stars[[10, 30], [12, 50]] = [1.0, 2.0]
    >>> shape = sparsea.gaussian(1.5)
    >>> kernel = np.outer(shape, shape)
    >>> A = sparsea.Convolution(kernel, shape=(64, 64), boundary="same")
    >>> seen = A.matvec(stars.ravel()).reshape(64, 64)
    >>> sparsea.deconvolve(seen, kernel, 2).positions
    (array([10, 30]), array([12, 50]))
    """
    rest = {**options, "joint": joint}
    data = as_data(unmasked(y, options))
    if _is_image(data, kernel, image):
        pixels = pixels_of(kernel, (data.shape[0], data.shape[1]))
        operator = blur_image(pixels, (data.shape[0], data.shape[1]), boundary, origin)
        data = data.ravel() - level_of(data.ravel(), baseline)
        return solve_once(as_operator(operator), data, k, start, rest)
    samples = samples_of(kernel, len(data))
    operator = blur(samples, len(data), boundary, origin)
    if data.ndim == 1:
        data = data - level_of(data, baseline)
    else:
        data = data - np.array([level_of(trace, baseline) for trace in data.T])
    return solve_once(as_operator(operator), data, k, start, rest)


def _is_image(data: Array, kernel: Any, image: bool | None) -> bool:
    """Whether to find points in an image."""
    wanted = None if image is None else _core.as_flag("image", image)
    dimensions = None if isinstance(kernel, str) else as_kernel(kernel).ndim
    if wanted is None:
        if dimensions is None and data.ndim == 2:
            raise InvalidValueError(
                f"y has shape {data.shape} and the kernel a name: say image=True for an image, or image=False for "
                "one trace in each column"
            )
        wanted = dimensions == 2
    if wanted and data.ndim != 2:
        raise InvalidValueError(f"y has shape {data.shape}; an image, as of this kernel, has two dimensions")
    if wanted and dimensions == 1:
        raise InvalidValueError(
            "an image takes a kernel of two dimensions; np.outer(h, h) is one that has the shape h in both"
        )
    if not wanted and dimensions == 2:
        raise InvalidValueError("traces take a kernel of one dimension; one of two is for an image")
    return wanted


def pixels_of(kernel: Any, shape: tuple[int, int]) -> Array:
    """The pixels of the kernel of an image, which is not larger than the image."""
    advice = ""
    if isinstance(kernel, str):
        if kernel.partition(":")[0] == "exponential":
            raise InvalidValueError(f"kernel: '{kernel}' is for traces; an image takes gaussian:SIGMA or its pixels")
        line = _named(kernel)
        pixels: Array = np.outer(line, line)
        reach = max(min(shape) - 1, 0) // 2
        advice = f"; gaussian:SIGMA spans 2*ceil(8*SIGMA)+1 in both directions, so SIGMA is at most {reach / 8:g} here"
    else:
        pixels = as_kernel(kernel)
        if pixels.ndim != 2:
            raise InvalidValueError(f"the kernel has shape {pixels.shape}; that of an image has two dimensions")
    if pixels.shape[0] > shape[0] or pixels.shape[1] > shape[1]:
        raise InvalidValueError(
            f"the kernel has {pixels.shape[0]} × {pixels.shape[1]} pixels, more than the {shape[0]} × {shape[1]} of "
            f"the image in one direction{advice}"
        )
    return pixels


def blur_image(
    kernel: Array, shape: tuple[int, int], boundary: Literal["same", "full", "valid", "circular"], origin: Any
) -> _core.Convolution:
    """The convolution whose results are images of a shape."""
    change = {"full": -1, "valid": 1}.get(boundary, 0) if isinstance(boundary, str) else 0
    spikes = (shape[0] + change * (kernel.shape[0] - 1), shape[1] + change * (kernel.shape[1] - 1))
    return _core.Convolution(kernel, None, boundary, "peak" if origin is None else origin, spikes)


def _named(kernel: str) -> Array:
    """The samples of a kernel that is given by its name."""
    shape, _, width = kernel.partition(":")
    if shape not in {"gaussian", "exponential"}:
        raise InvalidValueError(f"kernel: '{kernel}' is no known shape; the shapes are gaussian:SIGMA, exponential:TAU")
    if not width:
        raise InvalidValueError(f"kernel: {shape} needs its width, as {shape}:3")
    try:
        number = float(width)
    except ValueError:
        example = "gaussian:SIGMA, as gaussian:3" if shape == "gaussian" else "exponential:TAU, as exponential:8"
        raise InvalidValueError(f"kernel: '{width}' is not a number; write {example}") from None
    return _core.exponential(number) if shape == "exponential" else _core.gaussian(number)


def samples_of(kernel: Any, length: int) -> Array:
    """The samples of a kernel, none of which lies more than the trace's length behind another."""
    advice = ""
    if isinstance(kernel, str):
        samples = _named(kernel)
        if kernel.startswith("exponential"):
            # What lies more than a trace's length behind a spike is never seen.
            return samples[:length]
        reach = max(length - 1, 0) // 2
        most = f"so SIGMA must be smaller here, at most {reach / 8:g}" if reach else "at least 3"
        advice = f"; gaussian:SIGMA spans 2*ceil(8*SIGMA)+1 samples, {most}"
    else:
        samples = as_vector("the kernel", kernel)
    if len(samples) > length:
        raise InvalidValueError(f"the kernel has {len(samples)} samples, more than the {length} of the trace{advice}")
    return samples


def blur(
    kernel: Array, m: int, boundary: Literal["same", "full", "valid", "circular"], origin: Any
) -> _core.Convolution:
    """The convolution whose results have the m samples of a trace."""
    change = {"full": -1, "valid": 1}.get(boundary, 0) if isinstance(boundary, str) else 0
    n = m + change * (len(kernel) - 1)
    # The first of the largest, as the command takes.
    return _core.Convolution(kernel, n, boundary, "peak" if origin is None else origin)


def level_of(data: Array, rule: str) -> float:
    """The baseline of a trace."""
    if isinstance(rule, str) and rule == "none":
        return 0.0
    if isinstance(rule, str) and (rule in {"mean", "median"} or rule.startswith("quantile:")):
        if np.iscomplexobj(data):
            raise InvalidValueError("baseline is for real traces")
        # NaN are gaps, or refused later.
        seen = data[~np.isnan(data)]
        if len(seen) == 0:
            return 0.0
        if rule == "mean":
            # Added one after the other, as the command does.
            return float(np.cumsum(seen)[-1] / len(seen))
        share = 0.5 if rule == "median" else _share(rule.removeprefix("quantile:"))
        if share is not None:
            values = np.sort(seen)
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
