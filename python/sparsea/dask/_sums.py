"""Sums over rows: counts, means and centred products of blocks, added pairwise in a fixed order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from .._errors import InvalidValueError
from .._input import Array, matrix_values

STRIP = 4096
"""Rows that are centred and multiplied together; what is converted to double precision is no longer."""


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


def of_rows(Z: Array) -> Sums:
    """The sums of rows that are not empty, and are written over."""
    means = Z.mean(axis=0)
    Z -= means
    # What rounding left of the mean is taken out in a second pass.
    rest = Z.mean(axis=0)
    products = Z.conj().T @ Z - len(Z) * np.outer(rest.conj(), rest)
    return Sums(len(Z), means, rest, products)


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
    strips = []
    for start in range(0, rows, STRIP):
        Z = np.concatenate([table[start : start + STRIP], target[start : start + STRIP]], axis=1, dtype=dtype)
        finite = np.isfinite(Z)
        if not finite.all():
            row, column = (int(at) for at in np.argwhere(~finite)[0])
            wrong = (start + row, column, Z[row, column])
            if begin is not None:
                raise refused((begin + wrong[0], *wrong[1:]), name)
            # Rows before it are counted elsewhere.
            return Found(rows, {}, wrong)
        with np.errstate(over="ignore", invalid="ignore"):
            if fold_of is None:
                strips.append({0: of_rows(Z)})
                continue
            fold = fold_of(np.arange(len(Z)) + ((begin or 0) + start))
            if (fold == fold[0]).all():
                strips.append({int(fold[0]): of_rows(Z)})
            else:
                strips.append({int(which): of_rows(Z[fold == which]) for which in np.unique(fold)})
    return Found(rows, of_folds(strips))


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
