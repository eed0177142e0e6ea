"""A whose columns are chunks on the workers: products, selected columns and scores, each in one round."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import dask
import dask.array as da
import numpy as np

from .._errors import InvalidTypeError, InvalidValueError
from .._input import Array, shown
from ._client import current_client

_SLAB = 1 << 18
"""Numbers of a chunk that are in double precision at a time: as many as stay in the cache."""

_FAN = 8
"""Results that one task joins."""

_CONSTANT = 1e-7
"""A column less its mean that is this short beside it is constant: half of the digits."""

_TRIES = 4
"""How often a round is begun: what was sent is lost with the only worker that held it."""


class Traffic(NamedTuple):
    """Data sent between the client and the workers.

    Attributes
    ----------
    rounds : int
        Number of rounds in which all chunks were queried.
    sent : int
        Bytes of numbers that the client sent, counted once for each receiving worker.
    received : int
        Bytes of numbers that the client received.
    """

    rounds: int
    sent: int
    received: int


class Strongest(NamedTuple):
    """The columns with the highest scores, the highest first; of equal scores, the lower index first.

    Attributes
    ----------
    columns : ndarray of int64
        Their indices.
    scores : ndarray of float64
        Their scores.
    """

    columns: Array
    scores: Array


class Question(NamedTuple):
    """What scores a column: the largest |a_jᴴ r|²/(‖a_j‖² l) for the residuals r and their losses l.

    Where x_j cannot leave 0 along a_jᴴ r it is 0.
    """

    residuals: Array
    losses: Array
    left_out: Array
    lower: float
    upper: float


class ColumnOperator:
    """The products of `sparsea.dask.Columns`."""

    def __init__(self, A: Any, *, client: Any = None, keep: bool = True) -> None:
        if not isinstance(A, da.Array):
            raise InvalidTypeError(f"A must be a Dask array, got {shown(A)}")
        if A.ndim != 2:
            raise InvalidValueError(f"A has shape {A.shape}; it must have two dimensions")
        if any(math.isnan(size) for size in A.shape):
            raise InvalidValueError("A has chunks of unknown size; call A.compute_chunk_sizes() first")
        if 0 in A.shape:
            raise InvalidValueError(f"A has shape {A.shape}; it must have at least one row and one column")
        if A.dtype.kind not in "biufc":
            raise InvalidTypeError(f"A holds elements of type {A.dtype}; numbers are needed, as of dtype float64")
        if len(A.chunks[0]) > 1:
            A = A.rechunk({0: -1})
        self.shape: tuple[int, int] = A.shape
        self.dtype: np.dtype[Any] = np.result_type(A.dtype, np.float64)
        self._client = current_client(client)
        widths = A.chunks[1]
        self._ends = np.cumsum(widths)
        self._starts = self._ends - widths
        self._rounds = self._sent = self._received = 0
        if keep:
            A = self._persist(A)[0]
        self._blocks = list(A.to_delayed().ravel())
        measure = dask.delayed(_measure, pure=True)
        self._norms = self._persist(*(measure(block) for block in self._blocks))
        self._centred: Any = None
        finite = dask.delayed(_is_finite)
        if not self._gather([finite(norms) for norms in self._norms], all):
            self._refuse()

    @property
    def traffic(self) -> Traffic:
        """Data sent and received so far."""
        return Traffic(self._rounds, self._sent, self._received)

    @property
    def column_norms(self) -> Array:
        """‖a_j‖ for every column; n numbers are sent."""
        norms: Array = np.concatenate(self._gather([[norms] for norms in self._norms], _chain))
        return norms

    def matvec(self, x: Any) -> Array:
        """A x. The non-zeros of x are sent to the workers, and m numbers come back."""
        x = self._vector("x", x, 1)
        parts = []
        for at, block in enumerate(self._blocks):
            part = x[self._starts[at] : self._ends[at]]
            places = np.flatnonzero(part)
            if len(places):
                self._sent += places.nbytes + part[places].nbytes
                parts.append(dask.delayed(_apply)(block, places, part[places]))
        if not parts:
            return np.zeros(self.shape[0], np.result_type(self.dtype, x.dtype))
        image: Array = self._gather(parts, sum)
        return image

    def rmatvec(self, y: Any) -> Array:
        """Aᴴ y. The m numbers of y are sent to every worker, and n numbers come back."""
        y = self._vector("y", y, 0)

        def ask(sent: Any) -> Any:
            each = dask.delayed(_adjoint)
            return self._gather([[each(block, sent)] for block in self._blocks], _chain)

        products: Array = np.concatenate(self._round(y[:, np.newaxis], ask))
        return products[:, 0]

    def select(self, columns: Sequence[int] | Array) -> Any:
        """The given columns of A, in the given order: an array of shape (m, c), or a sparse matrix if the chunks
        are."""
        columns = np.asarray(columns, dtype=np.int64)
        if len(columns) and not (columns.min() >= 0 and columns.max() < self.shape[1]):
            wrong = columns[(columns < 0) | (columns >= self.shape[1])][0]
            raise InvalidValueError(f"column {wrong} is not one of A, which has {self.shape[1]} (counted from 0)")
        order = np.argsort(columns, kind="stable")
        chunks = np.searchsorted(self._ends, columns[order], side="right")
        take, parts = dask.delayed(_take), []
        for chunk in np.unique(chunks):
            places = columns[order][chunks == chunk] - self._starts[chunk]
            self._sent += places.nbytes
            parts.append([take(self._blocks[chunk], places)])
        if not parts:
            return np.zeros((self.shape[0], 0), self.dtype)
        taken = self._gather(parts, _chain)
        back = np.empty_like(order)
        back[order] = np.arange(len(order))
        if any(hasattr(part, "tocsc") for part in taken):
            from scipy.sparse import csc_array, hstack

            return csc_array(hstack(taken, format="csc")[:, back])
        return np.asfortranarray(np.hstack(taken)[:, back])

    def strongest(
        self,
        residuals: Any,
        count: int,
        *,
        losses: Any = None,
        left_out: Any = (),
        bounds: tuple[float, float] = (-math.inf, math.inf),
        above: float = 0.0,
        centred: bool = False,
    ) -> Strongest:
        """Return the columns that explain most of a residual, in one round.

        Parameters
        ----------
        residuals : array_like of shape (m,) or (m, q)
            Residuals r_i.
        count : int
            Largest number of columns to return.
        losses : array_like of shape (q,), optional
            l_i; default 1. The score of a column is max_i |a_jᴴ r_i|²/(‖a_j‖² l_i).
        left_out : array_like of int
            Columns to exclude.
        bounds : pair of float
            Bounds of the coefficients, for real numbers only. If the lower bound is 0, a column that pulls to negative
            values scores 0; likewise for the upper bound.
        above : float
            Columns with at most this score are not returned.
        centred : bool
            Whether ‖a_j‖ are the norms of the columns minus their means, as for a model with an intercept, whose
            residuals have mean 0. The first use takes one more round to measure them.

        Returns
        -------
        Strongest
            At most ``count`` columns. m q numbers are sent to every worker, and each sends ``count`` back.
        """
        residuals = np.asarray(residuals)
        residuals = residuals.reshape(self.shape[0], -1)
        each = np.ones(residuals.shape[1]) if losses is None else np.asarray(losses, dtype=np.float64)
        left = np.unique(np.asarray(left_out, dtype=np.int64))
        question = Question(residuals, each, left, float(bounds[0]), float(bounds[1]))
        score = dask.delayed(_score)
        norms_of = self._centred_norms() if centred else self._norms

        def ask(sent: Any) -> Any:
            chunks = zip(self._blocks, norms_of, self._starts, strict=True)
            parts = [score(block, norms, int(start), sent, count, above) for block, norms, start in chunks]
            return self._gather(parts, _Merge(count))

        found: Strongest = self._round(question, ask)
        return found

    def _centred_norms(self) -> Any:
        """‖a_j − mean(a_j)‖ for every column, on the workers."""
        if self._centred is None:
            centre = dask.delayed(_centre, pure=True)
            parts = (centre(block, norms) for block, norms in zip(self._blocks, self._norms, strict=True))
            self._centred = self._persist(*parts)
            self._rounds += 1
        return self._centred

    def _vector(self, name: str, given: Any, axis: int) -> Array:
        values = np.asarray(given)
        if values.ndim == 2 and values.shape[1] == 1:
            values = values[:, 0]
        if values.shape != (self.shape[axis],):
            raise InvalidValueError(
                f"{name} has shape {values.shape}, but A has {self.shape[axis]} {('rows', 'columns')[axis]}"
            )
        return values

    def _refuse(self) -> None:
        """Raise what is wrong with A, in the first column with which something is."""
        look = dask.delayed(_first_wrong)
        chunks = zip(self._blocks, self._norms, self._starts, strict=True)
        column, row, value = self._gather([look(block, norms, int(start)) for block, norms, start in chunks], min)
        if row is None:
            raise InvalidValueError(f"the norm of column {column} of A (counted from 0) is not finite")
        raise InvalidValueError(f"A contains {value} at row {row}, column {column} (counted from 0)")

    def _persist(self, *given: Any) -> Any:
        """What is given, computed and kept on the workers."""
        if self._client is None:
            return dask.persist(*given)
        return self._client.persist(list(given))

    def _round(self, given: Any, ask: Callable[[Any], Any]) -> Any:
        """What comes back of a question that needs `given` on every worker."""
        size = sum(part.nbytes for part in (given if isinstance(given, tuple) else (given,)) if hasattr(part, "nbytes"))
        if self._client is None:
            self._sent += size
            return ask(dask.delayed(given, pure=False, traverse=False))
        from distributed import CancelledError

        for attempt in range(_TRIES):
            workers = len(self._client.scheduler_info(n_workers=-1)["workers"])
            self._sent += size * max(workers, 1)
            [sent] = self._client.scatter([given], broadcast=True, hash=False)
            try:
                return ask(sent)
            except CancelledError:
                if attempt == _TRIES - 1:
                    raise
        raise AssertionError

    def _gather(self, parts: list[Any], join: Callable[[Any], Any]) -> Any:
        """The parts, joined a few at a time where they are."""
        self._rounds += 1
        several = dask.delayed(join, pure=False)
        while len(parts) > 1:
            parts = [several(parts[at : at + _FAN]) for at in range(0, len(parts), _FAN)]
        [whole] = parts if len(parts) == 1 else [[]]
        whole = dask.delayed(whole)
        found = whole.compute() if self._client is None else self._client.compute(whole).result()
        self._received += _size(found)
        return found

    def __repr__(self) -> str:
        m, n = self.shape
        return (
            f"<{type(self).__name__} of {m} × {n} in {len(self._blocks)} chunk{'' if len(self._blocks) == 1 else 's'}>"
        )


class _Merge:
    """Joins lists of the strongest columns of different chunks."""

    def __init__(self, count: int) -> None:
        self.count = count

    def __call__(self, parts: Sequence[Strongest]) -> Strongest:
        columns = np.concatenate([part.columns for part in parts])
        scores = np.concatenate([part.scores for part in parts])
        return _highest(columns, scores, self.count)


def _size(found: Any) -> int:
    if isinstance(found, (list, tuple)):
        return sum(_size(part) for part in found)
    if hasattr(found, "indptr"):
        return int(found.data.nbytes + found.indices.nbytes + found.indptr.nbytes)
    return int(getattr(found, "nbytes", 0))


def _chain(parts: Sequence[list[Any]]) -> list[Any]:
    return [one for part in parts for one in part]


def _sparse(block: Any) -> Any:
    """A chunk as a sparse matrix by columns, or None if it is dense."""
    return block.tocsc() if hasattr(block, "tocsc") else None


def _slabs(block: Any) -> Any:
    """The places of the columns of a dense chunk, a few at a time, and these in double precision."""
    width = max(1, _SLAB // max(1, block.shape[0]))
    dtype = np.result_type(block.dtype, np.float64)
    for start in range(0, block.shape[1], width):
        yield slice(start, start + width), np.asarray(block[:, start : start + width], dtype=dtype)


def _measure(block: Any) -> Array:
    """‖a_j‖ of a chunk; not finite if a_j is not."""
    sparse = _sparse(block)
    # Norms that overflow are refused, without a warning before.
    with np.errstate(over="ignore"):
        return _norms(block, sparse)


def _norms(block: Any, sparse: Any) -> Array:
    if sparse is not None:
        squares = abs(sparse.astype(np.result_type(sparse.dtype, np.float64))).power(2).sum(axis=0)
        roots: Array = np.sqrt(np.asarray(squares).ravel())
        return roots
    norms = np.empty(block.shape[1])
    for places, slab in _slabs(block):
        norms[places] = np.linalg.norm(slab, axis=0)
    return norms


def _centre(block: Any, norms: Array) -> Array:
    """‖a_j − mean(a_j)‖ of a chunk; 0 for a constant column."""
    rows = block.shape[0]
    sparse = _sparse(block)
    if sparse is None:
        rest = np.empty_like(norms)
        for places, slab in _slabs(block):
            rest[places] = np.linalg.norm(slab - slab.mean(axis=0), axis=0)
    else:
        means = np.asarray(sparse.sum(axis=0)).ravel() / rows
        rest = np.sqrt(np.maximum(norms**2 - rows * np.abs(means) ** 2, 0.0))
    # What is left of a constant is rounding.
    rest[rest <= _CONSTANT * norms] = 0.0
    return rest


def _is_finite(norms: Array) -> bool:
    return bool(np.isfinite(norms).all())


def _first_wrong(block: Any, norms: Array, start: int) -> tuple[float, int | None, Any]:
    """The first column of a chunk whose norm is not finite, and the first of its entries that is not, with its row."""
    wrong = np.flatnonzero(~np.isfinite(norms))
    if not len(wrong):
        return math.inf, None, None
    sparse = _sparse(block)
    column = np.asarray(block[:, wrong[0]]) if sparse is None else sparse[:, [wrong[0]]].toarray().ravel()
    rows = np.flatnonzero(~np.isfinite(column))
    if not len(rows):
        return start + int(wrong[0]), None, None
    return start + int(wrong[0]), int(rows[0]), column[rows[0]]


def _apply(block: Any, places: Array, values: Array) -> Array:
    taken = _take(block, places)
    image: Array = taken @ values
    return image


def _take(block: Any, places: Array) -> Any:
    sparse = _sparse(block)
    return np.asarray(block)[:, places] if sparse is None else sparse[:, places]


def _adjoint(block: Any, residuals: Array) -> Array:
    """A_Cᴴ R for the columns C of a chunk."""
    dtype = np.result_type(block.dtype, residuals.dtype, np.float64)
    sparse = _sparse(block)
    if sparse is not None:
        products: Array = np.asarray(sparse.conj().T @ residuals)
        return products.astype(dtype, copy=False)
    out = np.empty((block.shape[1], residuals.shape[1]), dtype)
    for places, slab in _slabs(block):
        out[places] = slab.conj().T @ residuals
    return out


def _score(block: Any, norms: Array, start: int, question: Question, count: int, above: float) -> Strongest:
    """The columns of a chunk with the highest scores."""
    products = _adjoint(block, question.residuals)
    if products.dtype.kind == "c":
        squares = products.real**2 + products.imag**2
    else:
        if question.lower >= 0.0:
            np.maximum(products, 0.0, out=products)
        if question.upper <= 0.0:
            np.minimum(products, 0.0, out=products)
        squares = products**2
    scores = (squares / question.losses).max(axis=1, initial=0.0)
    scores = np.divide(scores, norms**2, out=np.zeros_like(scores), where=norms > 0.0)
    first, end = np.searchsorted(question.left_out, [start, start + len(norms)])
    scores[question.left_out[first:end] - start] = 0.0
    places = np.flatnonzero(scores > above)
    return _highest(places + start, scores[places], count)


def _highest(columns: Array, scores: Array, count: int) -> Strongest:
    order = np.lexsort((columns, -scores))[:count]
    return Strongest(columns[order], scores[order])
