"""The choice of k from errors on rows left out."""

from __future__ import annotations

import numpy as np

from ._input import Array


def chosen(errors: Array, shares: Array, one_standard_error: bool) -> int:
    """The row of least mean error, or the first within one standard error of it."""
    means = errors @ shares
    best = int(np.argmin(means))
    if not one_standard_error:
        return best
    folds = np.count_nonzero(shares)
    spread = shares @ (errors[best] - means[best]) ** 2
    return int(np.argmax(means <= means[best] + np.sqrt(spread / max(folds - 1, 1))))
