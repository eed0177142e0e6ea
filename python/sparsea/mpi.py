"""Operators whose products are computed jointly by all ranks of an MPI communicator (mpi4py, PyLops-MPI).

Every rank calls `solve` with the same data and gets the same solution. A run depends only on its input, so every rank
makes the same products in the same order. What does not depend on the input alone, a time limit, is decided by rank 0.
"""

from __future__ import annotations

import hashlib
import pickle
import time as clock
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ._errors import Error, InvalidTypeError, InvalidValueError
from ._input import shown
from ._options import Options, takes
from ._solution import Solution, Solutions
from ._solve import solve as _solve

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["solve"]


@takes(Options)
def solve(A: Any, y: Any, k: Any, *, start: Any = None, comm: Any = None, **options: Unpack[Options]) -> Any:
    """Solve jointly on all ranks of a communicator, with an operator whose products are collective.

    Parameters
    ----------
    A
        See `sparsea.solve`. On every rank, an object with ``shape``, ``matvec`` and ``rmatvec``. All ranks call these
        together, and each gets the whole product.
    y, k, start
        See `sparsea.solve`; the same on every rank.
    comm : mpi4py.MPI.Comm, optional
        The communicator. Default: ``MPI.COMM_WORLD``.
    {options}

    Returns
    -------
    Solution or Solutions
        The same on every rank, except for ``elapsed`` and ``memory``.

    Raises
    ------
    ValueError
        On every rank, if y, k, the start or an option differs between ranks.
    ValueError, TypeError
        Same as for `sparsea.solve`; on every rank if raised before the first product.

    Notes
    -----
    A run has one thread, so its products have one order. ``time`` and the return value of ``callback`` are those of
    rank 0 and are checked after every step; a step is not interrupted. As always with MPI, an exception on one rank
    alone leaves the others waiting: run programs with ``python -m mpi4py``, which aborts all ranks.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsea.mpi
    >>> rng = np.random.default_rng(0)  # the same on every rank
    >>> A = rng.standard_normal((30, 80))
    >>> y = A[:, [3, 40, 77]] @ [1.0, -2.0, 3.0]
    >>> sparsea.mpi.solve(A, y, 3).support  # doctest: +SKIP
    array([ 3, 40, 77])
    """
    if comm is None:
        try:
            from mpi4py import MPI
        except ImportError as error:
            raise ImportError("sparsea.mpi needs mpi4py: pip install mpi4py") from error
        comm = MPI.COMM_WORLD
    given: dict[str, Any] = dict(options)
    time, callback = given.pop("time", None), given.pop("callback", None)
    if given.get("threads") not in {None, 1}:
        raise InvalidValueError(f"threads must be 1 for collective products, got {shown(given['threads'])}")
    if time is not None and not (isinstance(time, (int, float)) and time > 0):
        raise InvalidValueError(f"time must be a positive number of seconds, got {shown(time)}")
    if callback is not None and not callable(callback):
        raise InvalidTypeError(f"callback must be a function of the progress, got {shown(callback)}")
    _check_same(comm, {"y": y, "k": k, "start": start, **given, "time": time})
    begin, late = clock.monotonic(), False

    def ask(progress: Any) -> bool:
        nonlocal late
        wanted = bool(callback(progress)) if callback is not None else False
        over = time is not None and clock.monotonic() - begin >= time
        wanted, late = comm.bcast((wanted, over), root=0)
        return bool(wanted or late)

    if time is not None or callback is not None:
        given["callback"] = ask
    solution = _solve(A, y, k, start=start, **{**given, "threads": 1})
    if not late:
        return solution
    if isinstance(solution, Solution):
        return _timed(solution)
    return Solutions([_timed(one) for one in solution])


def _timed(solution: Solution) -> Solution:
    """The solution of a run that ended for the time."""
    return replace(solution, stop_reason="time") if solution.stop_reason == "interrupted" else solution


def _check_same(comm: Any, given: dict[str, Any]) -> None:
    """Refuse, on every rank, what differs between ranks."""
    digests = {name: _digest(value) for name, value in given.items()}
    for rank, other in enumerate(comm.allgather(digests)):
        names = [name for name in {**digests, **other} if digests.get(name) != other.get(name)]
        # Rank 0 finds the first other one that differs from it, and that finds rank 0.
        if names:
            first = min(rank, comm.rank)
            raise InvalidValueError(f"{names[0]} differs between ranks {first} and {max(rank, comm.rank)}")


def _digest(value: Any) -> bytes:
    if isinstance(value, Solution):
        # The time that it took differs between ranks.
        value = (value.n, value.support.tolist(), value.coefficients.tolist())
    elif isinstance(value, Solutions):
        value = [_digest(one) for one in value]
    elif isinstance(value, (set, frozenset)):
        # Words have another order in each process.
        value = sorted(value, key=repr)
    if isinstance(value, (list, tuple)) or hasattr(value, "__array__"):
        try:
            array = np.ascontiguousarray(value)
        except (ValueError, Error):
            array = None
        if array is not None and array.dtype.kind in "biufc":
            content = array.tobytes() + repr((array.shape, array.dtype.str)).encode()
            return hashlib.sha256(content).digest()
    return hashlib.sha256(pickle.dumps(value)).digest()
