"""Stability selection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from ._options import RunOptions, SubsampleOptions, takes
from ._problem import Problem
from ._subsamples import Stability

if TYPE_CHECKING:
    from typing_extensions import Unpack


@takes(SubsampleOptions)
def stability(
    A: Any,
    y: Any,
    k: int,
    *,
    subsamples: int = 100,
    scheme: Literal["complementary", "half"] = "complementary",
    seed: int = 0,
    threshold: float = 0.75,
    joint: bool = False,
    **options: Unpack[SubsampleOptions],
) -> Stability:
    """Count how often each column is chosen on random halves of the rows, and bound the false selections.

    On each half the k columns are found that explain y best. A column that is chosen on most halves does not owe it to
    a few rows.

    Parameters
    ----------
    A, y
        As for `solve`; y is one vector, or a matrix with one support if ``joint``. A `Gram` has no rows to halve. Rows
        of a matrix are copied for each half; any other A has weights of 0 for the others.
    k : int
        The columns (or groups) that are chosen on each half: from 1 to half of the rows, and to the columns that may
        be chosen. Take more than are expected, since the last places go to columns by chance; the bound grows with
        k².
    subsamples : int
        How many halves, an even number for complementary pairs, at most 10⁶.
    scheme : {"complementary", "half"}
        Pairs of disjoint halves (Shah & Samworth), or halves drawn independently of each other (Meinshausen &
        Bühlmann). A half has ⌊m/2⌋ rows; rows of weight 0 and gaps are left out before.
    seed : int
        The seed of the halves, at least 0.
    threshold : float
        The frequency from which on a column is selected, above 1/2 and at most 1. It can be changed afterwards, at no
        cost: `Stability.select`, `Stability.threshold_for`.
    {options}

    Returns
    -------
    Stability
        Frequencies, the columns selected, and a bound on how many of those are false.

    Raises
    ------
    ValueError, TypeError, MemoryError, KeyboardInterrupt
        As `solve`. After Ctrl-C, halves in progress on other threads are finished in the background.

    See Also
    --------
    Problem.stability : The same for a problem that is measured already.

    Notes
    -----
    Halves are solved in parallel, unless the products of A are computed in Python. The same input, settings and seed
    give the same bits, whatever the number of threads. Limits such as ``time`` are those of each half.

    Each half chooses exactly k columns, so that the frequencies sum to k, unless fewer leave the same residual:
    `Stability.incomplete`.

    References
    ----------
    N. Meinshausen, P. Bühlmann. *Stability selection.* Journal of the Royal Statistical Society B 72 (2010),
    DOI 10.1111/j.1467-9868.2010.00740.x.

    R. D. Shah, R. J. Samworth. *Variable selection with error control: another look at stability selection.* Journal of
    the Royal Statistical Society B 75 (2013), DOI 10.1111/j.1467-9868.2011.01034.x.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsea
    >>> rng = np.random.default_rng(0)
    >>> A = rng.standard_normal((100, 200))
    >>> y = A[:, [3, 40, 77]] @ np.array([1.0, -2.0, 3.0]) + rng.standard_normal(100)
    >>> stable = sparsea.stability(A, y, 6)
    >>> stable.selected
    array([ 3, 40, 77])
    >>> float(stable.expected_false)
    0.36
    >>> round(stable.bound(unimodal=True), 3)
    0.184
    """
    given: dict[str, Any] = {**options}
    # What is refused of a run is refused there.
    run = {word: given.pop(word) for word in [*RunOptions.__annotations__, "start"] if word in given}
    problem: Any = Problem(A, y, joint=joint, **given)
    found: Stability = problem.stability(k, subsamples=subsamples, scheme=scheme, seed=seed, threshold=threshold, **run)
    return found
