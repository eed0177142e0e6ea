"""Sums over rows: counts, means and centred products of blocks, added pairwise in a fixed order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from .._errors import InvalidValueError
from .._input import Array, matrix_values

TOGETHER = 8
"""Strips whose products are added one after the other; sums of more rows than that are added pairwise."""

CANCELLED = 4.0
"""How many times larger products about the origin may be than those about the mean: no more than two bits cancel."""

ROUNDING = 4.0
"""Columns that vary by less, in units of ε times their mean, are constant to rounding."""


@dataclass(frozen=True, slots=True)
class Sums:
    """What rows Z = [A, y] add up to. The sums of two sets of rows give those of both, without cancellation.

    Chan, Golub & LeVeque 1983, Algorithms for computing the sample variance, DOI 10.1080/00031305.1983.10483115.
    """

    rows: int
    origin: Array
    """A number near the mean of each column of Z."""
    offset: Array
    """The mean less that, so that what is known of a mean is as exact as its column varies, not as it is large."""
    products: Array
    """(Z − 1 μᵀ)ᴴ (Z − 1 μᵀ)."""

    @property
    def means(self) -> Array:
        """μ, the mean of each column of Z."""
        means: Array = self.origin + self.offset
        return means

    def beside(self, other: Sums) -> Array:
        """The means of others less these."""
        apart: Array = (other.origin - self.origin) + (other.offset - self.offset)
        return apart

    def __add__(self, other: Sums) -> Sums:
        rows, apart = self.rows + other.rows, self.beside(other)
        share = other.rows / rows
        between = np.outer(apart.conj(), apart) * (self.rows * share)
        return Sums(rows, self.origin, self.offset + apart * share, self.products + other.products + between)


class Found(NamedTuple):
    """What is known of some blocks: their rows, the sums of each fold, and the first entry that is not finite."""

    rows: int
    folds: dict[int, Sums]
    wrong: tuple[int, int, Any] | None = None
    """Its row among these, its column of Z, and what it is."""


def strip_rows(columns: int) -> int:
    """Rows that are centred and multiplied together.

    Half a MiB, so that they stay in the cache between the two, but enough to make a product of many columns worth it.
    """
    return min(4096, max(2**16 // columns, 4 * columns))


class Strips:
    """The rows of a block as strips of Z − 1 oᵀ in double precision, each written over the one before.

    A column of ones beside them makes their sums a part of their products.
    """

    def __init__(self, table: Array, target: Array, dtype: Any) -> None:
        self.table, self.target = table, target
        self.columns = table.shape[1] + target.shape[1]
        self.rows = strip_rows(self.columns + 1)
        self._strip = np.ones((min(self.rows, len(table)), self.columns + 1), dtype)
        self._product = np.empty((self.columns + 1,) * 2, dtype)

    def mean(self, places: Array | slice) -> Array:
        """The mean of a strip."""
        each = (_taken(values, places) for values in (self.table, self.target))
        mean = np.concatenate([rows.mean(axis=0, dtype=self._strip.dtype) for rows in each])
        # What rounding left of it, which is all that there is of a constant column.
        rest: Array = self._centred(places, mean)[:, :-1].mean(axis=0)
        return mean + rest

    def product(self, places: Array | slice, origin: Array) -> Array:
        """(Z − 1 oᵀ, 1)ᴴ (Z − 1 oᵀ, 1) of a strip, which the next one writes over."""
        strip = self._centred(places, origin)
        # Of real numbers, half of the products are computed: the factors are one array.
        return np.matmul(strip.conj().T, strip, out=self._product)

    def _centred(self, places: Array | slice, origin: Array) -> Array:
        n, rows = self.table.shape[1], _taken(self.table, places)
        strip = self._strip[: len(rows)]
        np.subtract(rows, origin[:n], out=strip[:, :n])
        np.subtract(_taken(self.target, places), origin[n:], out=strip[:, n:-1])
        return strip

    def first_wrong(self, begin: int, end: int) -> tuple[int, int, Any] | None:
        """The first entry of these rows that is not finite: its row, its column of Z, and what it is."""
        Z = np.concatenate([self.table[begin:end], self.target[begin:end]], axis=1, dtype=self._strip.dtype)
        wrong = np.argwhere(~np.isfinite(Z))
        if not len(wrong):
            return None
        row, column = (int(at) for at in wrong[0])
        return begin + row, column, Z[row, column]


def _taken(values: Array, places: Array | slice) -> Array:
    """Some rows; those that follow one another are not copied."""
    return values[places] if isinstance(places, slice) else values.take(places, axis=0)


def of_rows(strips: Strips, places: Array | range, origin: Array | None = None) -> Sums:
    """The sums of rows that are not empty, which lie at `places` or follow one another."""
    count, size = len(places), strips.rows
    parts = [places[at : at + size] for at in range(0, count, size)]
    taken = [slice(part.start, part.stop) if isinstance(part, range) else part for part in parts]
    # The mean of the first strip is near enough to that of all.
    near = strips.mean(taken[0]) if origin is None else origin
    products = strips.product(taken[0], near).copy()
    for part in taken[1:]:
        products += strips.product(part, near)
    rest = products[-1, :-1] / count
    about = products[:-1, :-1] - count * np.outer(rest.conj(), rest)
    if origin is None and len(parts) > 1:
        before, after = np.diag(products).real[:-1], np.diag(about).real
        least = count * (ROUNDING * np.finfo(float).eps * np.abs(near)) ** 2
        if np.any(before > np.maximum(CANCELLED * after, least)):
            # The first strip is unlike the others.
            return of_rows(strips, places, near + rest)
    return Sums(count, near, rest, about)


def pairwise(sums: list[Sums]) -> Sums:
    """Neighbours added, then neighbours of these, and so on."""
    while len(sums) > 1:
        sums = [sums[at] + sums[at + 1] if at + 1 < len(sums) else sums[at] for at in range(0, len(sums), 2)]
    return sums[0]


def of_folds(found: list[dict[int, Sums]]) -> dict[int, Sums]:
    """The sums of each fold that occurs, of blocks in their order."""
    folds = sorted({fold for block in found for fold in block})
    return {fold: pairwise([block[fold] for block in found if fold in block]) for fold in folds}


def of_block(
    A: Any, y: Any, number: int, begin: int | None, dtype: Any, fold_of: Callable[[Array], Array] | None, name: Any
) -> Found:
    """The sums of one block of rows, of which the first is row `begin` of all, if that is known.

    y is a block too, or the name of the column of A that it is, or a list of names.
    """
    if not hasattr(y, "shape"):
        A, y = A.drop(columns=y), A[y]
    table, target = matrix_values("A", A), matrix_values("y", y)
    target = target[:, np.newaxis] if target.ndim == 1 else target
    rows = len(table)
    if len(target) != rows:
        raise InvalidValueError(f"A and y have {rows} and {len(target)} rows in block {number} (counted from 0)")
    found = []
    with np.errstate(over="ignore", invalid="ignore"):
        strips = Strips(table, target, dtype)
        size = TOGETHER * strips.rows
        for start in range(0, rows, size):
            places = range(start, min(start + size, rows))
            sums = {fold: of_rows(strips, part) for fold, part in _parts(places, begin or 0, fold_of)}
            # What is not finite leaves no finite square; squares may be too large alone.
            if not all(np.isfinite(np.diag(one.products)).all() for one in sums.values()):
                wrong = strips.first_wrong(places.start, places.stop)
                if wrong is not None and begin is not None:
                    raise refused((begin + wrong[0], *wrong[1:]), name)
                if wrong is not None:
                    # Rows before it are counted elsewhere.
                    return Found(rows, {}, wrong)
            found.append(sums)
    return Found(rows, of_folds(found))


def of_made(made: Callable[[], tuple[Any, Any]], *options: Any) -> Found:
    """The sums of one block of rows, which is made here; `options` are those of `of_block` after A and y."""
    return of_block(*made(), *options)


def _parts(places: range, begin: int, fold_of: Callable[[Array], Array] | None) -> list[tuple[int, Array | range]]:
    """The rows of each fold among these of a block that begins with row `begin` of all."""
    if fold_of is None:
        return [(0, places)]
    rows = np.arange(places.start, places.stop)
    fold = fold_of(rows + begin)
    if (fold == fold[0]).all():
        return [(int(fold[0]), places)]
    return [(int(which), rows[fold == which]) for which in np.unique(fold)]


def of_blocks(found: list[Found]) -> Found:
    """What is known of blocks that follow one another."""
    rows, wrong = 0, None
    for block in found:
        if wrong is None and block.wrong is not None:
            wrong = (rows + block.wrong[0], *block.wrong[1:])
        rows += block.rows
    if wrong is not None:
        return Found(rows, {}, wrong)
    with np.errstate(over="ignore", invalid="ignore"):
        return Found(rows, of_folds([block.folds for block in found]))


def refused(wrong: tuple[int, int, Any], name: tuple[str, ...]) -> InvalidValueError:
    """The error for an entry that is not finite; `name` is that of each column of Z, in words."""
    row, column, value = wrong
    whose, where = name[column].split(" ", 1) if " " in name[column] else (name[column], "")
    where = f"row {row}, {where}" if where else f"index {row}"
    return InvalidValueError(f"{whose} contains {value} at {where} (counted from 0)")
