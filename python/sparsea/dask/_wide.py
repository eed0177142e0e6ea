"""More columns than fit into memory: the client holds the working set of a search, and the workers compute scores.

It works like the search of the core for many columns: matching pursuit, searches on the working set, and a look at all
other columns. These are scored by what each explains if it joins, and then by what it explains in place of a member of
the support.
"""

from __future__ import annotations

import math
import time as clock
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np

from .. import _core
from .._errors import InvalidValueError
from .._input import Array, as_bounds, as_data, shown
from .._problem import Problem
from .._solution import Solution
from ._columns import ColumnOperator, Strongest

ALGORITHMS = ("search", "omp")

_LOOKED_AT = 64
"""Columns that join the working set at a time in matching pursuit."""
_JOINING = (512, 2)
"""Columns that join at a time: so many, or this multiple of k."""
_MEMBERS = 8
"""Columns of the working set at most, as a multiple of k, where that is more than fits the work of a search."""
_SEARCHED = 1_000_000
"""Columns of the working set times k."""
_PAID = 1e-3
"""‖r‖ must fall by this share for correlations with it to be looked at again."""
_PROMISING = 0.7
"""A column joins if in the place of a member it explains this share of what that does."""
_TOGETHER = 8
"""Residuals that are sent in one round."""
_HELD = 1 << 26
"""Bytes of columns on the client, as if they were in double precision."""


class Columns(ColumnOperator):
    """An m × n matrix A whose columns lie on the workers of a cluster, in chunks.

    Its `solve` sends residuals to the workers and receives the columns that matter. It also has ``shape``, ``matvec``
    and ``rmatvec``, so `sparsea.solve` accepts it as A. Every algorithm then works with it, but n numbers are sent for
    each product.

    Parameters
    ----------
    A : dask.array of shape (m, n)
        The matrix, chunked along columns. Chunks are NumPy arrays or SciPy sparse matrices.
    client : distributed.Client, optional
        The client. Default: the current one. Without a client, Dask's default scheduler computes the chunks.
    keep : bool
        Whether the workers keep the chunks in memory. If not, they are recomputed in every round.

    Raises
    ------
    ValueError
        If A is empty, is not a matrix, holds NaN or infinite numbers, or has chunks of unknown size.
    TypeError
        If A is not a Dask array of numbers.

    Notes
    -----
    A round costs one pass over A on the workers. The first round measures the column norms, which stay on the workers.

    Examples
    --------
    >>> import dask.array as da
    >>> import numpy as np
    >>> import sparsea.dask
    >>> rng = np.random.default_rng(0)
    >>> A = rng.standard_normal((30, 8000))
    >>> y = A[:, [3, 40, 7700]] @ [1.0, -2.0, 3.0]
    >>> columns = sparsea.dask.Columns(da.from_array(A, chunks=(30, 1000)))
    >>> columns
    <Columns of 30 × 8000 in 8 chunks>
    >>> columns.solve(y, 3).support
    array([   3,   40, 7700])
    """

    def solve(
        self,
        y: Any,
        k: Any,
        *,
        algorithm: str = "search",
        intercept: bool | None = None,
        nonnegative: bool = False,
        bounds: Any = None,
        iterations: int | None = None,
        time: float | None = None,
        memory: int | None = None,
        threads: int | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> Solution:
        """Find the k columns of A that explain y best: minimise ½‖A x − y‖² subject to ‖x‖₀ ≤ k.

        Parameters
        ----------
        y : array_like of shape (m,)
            The data.
        k : int
            The sparsity, from 0 to min(m, n).
        algorithm : {"search", "omp"}
            ``"omp"`` chooses the same columns as in `sparsea.solve`, with one round for each column. ``"search"``
            begins in the same way, and then searches the working set, which holds the columns that matter. All other
            columns are scored, and those that could gain join the working set, until there are none. If the search
            still finds nothing better, the working set is filled, up to 10⁶/k columns or to ``memory``.
        intercept : bool, optional
            Whether the model has an intercept, which is not counted in k. By default there is none, with a warning if y
            seems to have one.
        nonnegative, bounds
            See `sparsea.solve`; bounds are two numbers.
        iterations : int, optional
            Largest number of iterations of the search. Default: those of its own rule on the working set, twice.
        time : float, optional
            Time limit in seconds, after which no round begins. The best support so far is returned.
        memory : int, optional
            Memory limit in bytes for the working set on the client, counted in double precision; default 64 MiB. There
            is always room for at least 2 k + 64 columns.
        threads : int, optional
            Number of threads of the searches on the client.
        settings : mapping, optional
            Settings of the algorithm.

        Returns
        -------
        Solution
            The solution. Its coefficients are those of the fit on the columns of the support alone, so they do not
            depend on chunks or workers.

        Raises
        ------
        ValueError, TypeError
            If an argument breaks a rule. It is raised before anything is sent.

        Notes
        -----
        A round sends a residual and the indices of the working set W to every worker, m + |W| numbers, and receives at
        most max(512, 2 k) indices with their scores. Columns that join are fetched, m numbers each. Once no column
        explains more of the residual, columns that could replace a member of the support are looked for, with k
        residuals.
        """
        if algorithm not in ALGORITHMS:
            raise InvalidValueError(
                f"the algorithms for columns on workers are {' and '.join(ALGORITHMS)}, got {shown(algorithm)}; "
                "sparsea.solve(sparsea.dask.Columns(A), y, k) takes every other"
            )
        data = as_data(y)
        if data.ndim != 1:
            raise InvalidValueError(f"y has shape {data.shape}; columns on workers take one vector")
        k = _core.as_sparsity(k, self.shape)
        # All that a run refuses is refused before anything travels, by a problem of one column.
        column = np.arange(self.shape[0], dtype=self.dtype)[:, np.newaxis]
        constant = False if intercept is None else intercept
        domain: dict[str, Any] = {"nonnegative": nonnegative, "bounds": bounds, "intercept": constant}
        run_options: dict[str, Any] = {"iterations": iterations, "time": time, "threads": threads, "settings": settings}
        Problem(column, data, memory=memory, **domain).solve(0, algorithm=algorithm, **run_options)
        ends = _ends(nonnegative, bounds)
        held = _HELD if memory is None else memory
        run = _Search(self, data, k, intercept, ends, dict(settings or {}), iterations, time, held, threads)
        return run.omp() if algorithm == "omp" else run.search()


def _ends(nonnegative: bool, bounds: Any) -> tuple[float, float] | None:
    """The bounds of all coefficients, if they have any."""
    if bounds is None:
        return (0.0, math.inf) if nonnegative else None
    lower, upper = (float(end[0]) for end in as_bounds(bounds, 1))
    return max(lower, 0.0) if nonnegative else lower, upper


class _Search:
    """A search, between rounds."""

    def __init__(
        self,
        A: ColumnOperator,
        y: Array,
        k: int,
        intercept: bool | None,
        ends: tuple[float, float] | None,
        settings: dict[str, Any],
        iterations: int | None,
        time: float | None,
        memory: int,
        threads: int | None,
    ) -> None:
        self.A, self.y, self.k = A, y, k
        self.intercept, self.is_centred = intercept, bool(intercept)
        self.bounds = ends
        self.lower, self.upper = (-math.inf, math.inf) if ends is None else ends
        self.settings, self.iterations, self.threads = settings, iterations, threads
        self.begin, self.time = clock.perf_counter(), time
        self.memory = memory
        self.members: Array = np.zeros(0, np.int64)
        """W, sorted."""
        self.held: Any = None
        """A_W."""
        self.support: Array = np.zeros(0, np.int64)
        self.values: Array = np.zeros(0, np.result_type(A.dtype, y.dtype))
        self.residual = y - y.mean() if self.is_centred else y
        self.norm = float(np.linalg.norm(self.residual))
        self.is_exact = False
        self.steps = 0
        self.counts: dict[str, int] = {}
        self.explored = 0

    def out_of_time(self) -> bool:
        return self.time is not None and clock.perf_counter() - self.begin >= self.time

    def left(self) -> float | None:
        return None if self.time is None else max(self.time - (clock.perf_counter() - self.begin), 1e-3)

    def join(self, columns: Array) -> None:
        """Fetch columns into the working set."""
        new = self.A.select(np.sort(columns))
        members = np.concatenate([self.members, np.sort(columns)])
        order = np.argsort(members)
        if self.held is None:
            self.held = new
        elif hasattr(new, "tocsc"):
            from scipy.sparse import csc_array, hstack

            self.held = csc_array(hstack([self.held, new], format="csc")[:, order])
        else:
            self.held = np.asfortranarray(np.hstack([self.held, new])[:, order])
        self.members = members[order]
        self.problem = self.posed(self.held)
        self.norms = self.problem.column_norms

    def posed(self, columns: Any) -> Problem[Solution]:
        """The problem with some columns of A alone."""
        return Problem(columns, self.y, bounds=self.bounds, intercept=self.is_centred)

    def strongest(self, residuals: Array, count: int, **options: Any) -> Strongest:
        """The columns outside the working set with the highest scores."""
        ends = (self.lower, self.upper)
        return self.A.strongest(
            residuals, count, left_out=self.members, bounds=ends, centred=self.is_centred, **options
        )

    def places(self, columns: Array) -> Array:
        return np.searchsorted(self.members, columns)

    def note(self, solution: Solution) -> None:
        for word, count in solution.counts.items():
            self.counts[word] = self.counts.get(word, 0) + count
        self.explored += solution.supports_explored

    def take(self, solution: Solution) -> None:
        """Go to a solution on the working set."""
        self.support, self.values = self.members[solution.support], solution.coefficients
        self.norm, self.is_exact = solution.residual_norm, solution.stop_reason == "exact_fit"
        self.residual = self.left_by(solution)

    def left_by(self, solution: Solution) -> Array:
        """The residual of a solution on the working set."""
        left: Array = self.y - self.held[:, solution.support] @ solution.coefficients - solution.intercept
        return left

    def fit(self, columns: Array) -> Solution:
        """The fit on some columns of the working set."""
        found: Solution = self.problem.solve(
            len(columns), start=self.places(np.sort(columns)), algorithm="omp", threads=self.threads
        )
        self.note(found)
        return found

    def explains(self, residual: Array) -> Array:
        """By column of the working set, what it explains of a residual."""
        products = np.asarray(self.held.conj().T @ residual)
        if self.lower >= 0.0:
            products = np.maximum(products, 0.0)
        if self.upper <= 0.0:
            products = np.minimum(products, 0.0)
        scores: Array = np.abs(products) ** 2
        np.divide(scores, self.norms**2, out=scores, where=self.norms > 0.0)
        return scores

    def add(self, column: int) -> bool:
        """Let a column of the working set join the support; false if nothing is gained."""
        found = self.fit(np.append(self.support, column))
        self.steps += 1
        if not found.residual_norm < self.norm:
            return False
        self.take(found)
        return True

    def omp(self) -> Solution:
        """Orthogonal matching pursuit, a round for each column."""
        reason = "finished"
        while len(self.support) < self.k and not self.is_exact:
            if self.out_of_time():
                reason = "time"
                break
            best = self.strongest(self.residual, 1)
            if not len(best.columns):
                break
            self.join(best.columns)
            if not self.add(int(best.columns[0])):
                break
        return self.answer("omp", reason)

    def pursue(self) -> None:
        """Matching pursuit: the strongest columns join the working set, those that no other can match the support."""
        while len(self.support) < self.k and not self.is_exact and not self.out_of_time():
            best = self.strongest(self.residual, _LOOKED_AT + 1)
            outside = float(best.scores[_LOOKED_AT]) if len(best.scores) > _LOOKED_AT else 0.0
            joining = best.columns[:_LOOKED_AT]
            if len(joining):
                self.join(joining)
            if self.held is None:
                return
            least = 0.0
            while len(self.support) < self.k and not self.is_exact:
                scores = self.explains(self.residual)
                scores[self.places(self.support)] = 0.0
                strongest = int(np.argmax(scores))
                if not scores[strongest] > least:
                    break
                if not self.add(int(self.members[strongest])):
                    return
                least = outside
            if least == 0.0 and not len(joining):
                return

    def search(self) -> Solution:
        """Matching pursuit, then searches on the working set and looks at all columns, until neither finds more."""
        self.pursue()
        closed, scored_at, rounds = self.held is None or self.k == 0, math.inf, 0
        if closed or self.out_of_time():
            return self.answer("search", "time" if self.out_of_time() else "finished")
        reason = "iterations"
        seed = int(self.settings.get("seed", 0))
        some = max(_JOINING[0], _JOINING[1] * self.k)
        full, searched = False, 0
        while self.iterations is None or searched < self.iterations:
            rounds += 1
            # Rounds differ in their random choices.
            settings = {**self.settings, "seed": (seed + 7919 * (rounds - 1)) % 2**53}
            found = self.problem.solve(
                min(self.k, len(self.members)),
                start=self.places(self.support),
                algorithm="search",
                iterations=self.remaining(searched) if closed else 1,
                time=self.left(),
                settings=settings,
                threads=self.threads,
            )
            self.note(found)
            searched += max(found.iterations, 1)
            self.steps += found.iterations
            better = found.residual_norm < self.norm
            if better:
                self.take(found)
            if found.stop_reason == "exact_fit":
                reason = "exact_fit"
                break
            if self.out_of_time():
                reason = "time"
                break
            reason = found.stop_reason
            if closed and not better:
                # What seemed to matter is searched in vain: the working set is filled, once, by the same scores.
                if full or not self.let_join(self.exchanges(self.room(), 0.0)):
                    break
                full = True
                continue
            joined = 0
            if self.norm < scored_at * (1.0 - _PAID) or len(self.support) < self.k:
                scored_at = self.norm
                joined = self.let_join(self.strongest(self.residual, min(self.room(), some)))
            if not joined:
                joined = self.let_join(self.exchanges(min(self.room(), some), _PROMISING))
            closed = not joined
        return self.answer("search", reason)

    def remaining(self, searched: int) -> int | None:
        """Iterations that are left, if they are limited; otherwise the search ends by its own rule."""
        return None if self.iterations is None else self.iterations - searched

    def room(self) -> int:
        """How many columns may join."""
        members = len(self.members)
        wide = _bytes(self.held) * self.values.dtype.itemsize // int(self.held.dtype.itemsize)
        fit = self.memory // max(1, wide // max(1, members))
        most: int = max(min(max(_SEARCHED // self.k, _MEMBERS * self.k), fit), 2 * self.k + _LOOKED_AT)
        return max(0, most - members)

    def let_join(self, best: Strongest) -> int:
        if len(best.columns):
            self.join(best.columns)
        return len(best.columns)

    def exchanges(self, room: int, least: float) -> Strongest:
        """The columns that explain most in place of a member, and more than a share of what that does."""
        columns, scores = np.zeros(0, np.int64), np.zeros(0)
        if room <= 0:
            return Strongest(columns, scores)
        residuals, losses = self.without()
        for at in range(0, len(losses), _TOGETHER):
            part = slice(at, at + _TOGETHER)
            best = self.strongest(np.stack(residuals[part], axis=1), room, losses=losses[part], above=least)
            columns, scores = np.append(columns, best.columns), np.append(scores, best.scores)
        # A column may be promising in the place of several.
        order = np.lexsort((columns, -scores))
        _, first = np.unique(columns[order], return_index=True)
        kept = order[np.sort(first)][:room]
        return Strongest(columns[kept], scores[kept])

    def without(self) -> tuple[list[Array], Array]:
        """By member of the support that explains anything, the residual without it, and what ‖r‖² rises by."""
        residuals, losses = [], []
        # Products of narrow numbers would not fit into their type.
        chosen = self.held[:, self.places(self.support)].astype(self.values.dtype)
        if self.bounds is None:
            gram = chosen.conj().T @ chosen
            gram = gram.toarray() if hasattr(gram, "toarray") else gram
            means = np.asarray(chosen.sum(axis=0)).ravel() / len(self.y) if self.is_centred else np.zeros(len(gram))
            # Scores need no more digits than this has.
            normal = np.linalg.pinv(gram - len(self.y) * np.outer(means.conj(), means), hermitian=True)
            for at, value in enumerate(self.values):
                height = normal[at, at].real
                loss = abs(value) ** 2 / height if height > 0.0 else 0.0
                if loss > 0.0 and math.isfinite(loss):
                    share = normal[:, at] * (value / height)
                    residuals.append(self.residual + chosen @ share - means @ share)
                    losses.append(loss)
            return residuals, np.array(losses)
        for at in range(len(self.support)):
            rest = np.delete(self.support, at)
            found = self.fit(rest)
            loss = found.residual_norm**2 - self.norm**2
            if loss > 0.0:
                residuals.append(self.left_by(found))
                losses.append(loss)
        return residuals, np.array(losses)

    def answer(self, algorithm: str, reason: str) -> Solution:
        """The solution, with the fit on the columns of the support alone, however these were found."""
        support = np.sort(self.support)
        if len(support):
            chosen = self.held[:, self.places(support)]
            alone = self.posed(chosen if hasattr(chosen, "tocsc") else np.asfortranarray(chosen))
            found = alone.solve(len(support), start=np.arange(len(support)), algorithm="omp", threads=self.threads)
        else:
            found = self.posed(np.zeros((len(self.y), 1), self.values.dtype)).solve(0)
        if self.intercept is None and self.held is not None:
            # Says once if y calls for a constant that no column of the working set is near.
            Problem(self.held, self.y)
        support = support[found.support]
        support.flags.writeable = False
        return replace(
            found,
            algorithm=algorithm,
            n=self.A.shape[1],
            support=support,
            iterations=self.steps,
            best_iteration=self.steps,
            supports_explored=self.explored,
            stop_reason="exact_fit" if found.stop_reason == "exact_fit" else reason,
            counts=MappingProxyType({**found.counts, **self.counts}),
            elapsed=clock.perf_counter() - self.begin,
            memory=0 if self.held is None else _bytes(self.held),
        )


def _bytes(held: Any) -> int:
    return int(held.data.nbytes + held.indices.nbytes + held.indptr.nbytes if hasattr(held, "indptr") else held.nbytes)
