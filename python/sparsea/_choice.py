"""The choice of k from errors on rows left out."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ._input import Array

OF_A_RUN = ("iterations", "supports", "stagnation", "settings")
"""Options that only a run for a given k has."""


_WATCHED = ("report", "trace", "callback")


def searches(options: Mapping[str, Any]) -> bool:
    """Whether the algorithm is the default."""
    algorithm = options.get("algorithm")
    return algorithm is None or (isinstance(algorithm, str) and algorithm.strip().lower() == "search")


def exchanges(options: Mapping[str, Any]) -> bool:
    """Whether all k are found together by exchanges: with the default algorithm, unless its runs are given limits."""
    return searches(options) and is_found_together(options)


def is_found_together(options: Mapping[str, Any]) -> bool:
    """Whether nothing is asked for that only a run for a given k has."""
    unlimited = all(options.get(name) is None for name in OF_A_RUN)
    return unlimited and all(options.get(name) is None or options[name] is False for name in _WATCHED)


def least(errors: Array, shares: Array, exact: float) -> int:
    """The first row of least mean error; means up to `exact` are equal."""
    return int(np.argmin(np.maximum(errors @ shares, exact)))


def chosen(errors: Array, shares: Array, one_standard_error: bool, exact: float) -> int:
    """The row of least mean error, or the first within one standard error of it; means up to `exact` are equal."""
    means = np.maximum(errors @ shares, exact)
    best = least(errors, shares, exact)
    if not one_standard_error:
        return best
    folds = np.count_nonzero(shares)
    spread = shares @ (errors[best] - means[best]) ** 2
    return int(np.argmax(means <= means[best] + np.sqrt(spread / max(folds - 1, 1))))


def default_largest(features: int, limit: int, samples: float) -> tuple[int, int]:
    """The K that a default begins with, and the most that it grows to, neither above the limit."""
    first = min(max(int(min(features, samples) // 10), 5), limit)
    # Of many features so many fit anything, and criteria that estimate the noise fall without end.
    most = features if 2 * features <= samples else int(samples // 4)
    return first, max(first, min(most, limit))


def until_turned(best_of: Callable[[int], int], largest: int, most: int) -> tuple[int, int]:
    """Double K until the best k for it is at most K/2, or K is `most`; the best k and K."""
    while True:
        best = best_of(largest)
        if 2 * best <= largest or largest >= most:
            return best, largest
        largest = min(2 * largest, most)


def warn_of_largest(criterion: str, k: int, stacklevel: int = 2) -> None:
    """Say that the best k is at the end of those tried."""
    said = f"k = {k} is the best by {criterion} and the largest that was tried; a larger k may be better"
    warnings.warn(said, UserWarning, stacklevel=stacklevel + 1)
