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
    """Count how often each column is chosen on random halves of the rows, and bound the number of false selections.

    The k columns that explain y best are found on each half. A column that is chosen on most halves does not owe its
    selection to a few rows.

    Parameters
    ----------
    A, y
        See `solve`; y is one vector, or a matrix whose columns share one support if ``joint``. A `Gram` is not
        accepted, since it has no rows to halve. For each half, the rows of a matrix are copied. For any other A, the
        other rows have weight 0.
    k : int
        Number of columns (or groups) chosen on each half, from 1 to half of the rows, and at most the number of columns
        that may be chosen. Take more than you expect to be relevant, since the last places go to columns by chance; but
        the bound grows with k².
    subsamples : int
        Number of halves, at most 10⁶; even for complementary pairs.
    scheme : {"complementary", "half"}
        ``"complementary"``: pairs of disjoint halves (Shah & Samworth). ``"half"``: halves drawn independently
        (Meinshausen & Bühlmann). A half has ⌊m/2⌋ rows; rows of weight 0 and gaps are removed beforehand.
    seed : int
        The random seed of the halves, at least 0.
    threshold : float
        A column is selected if its frequency is at least this, above 1/2 and at most 1. It can be changed afterwards at
        no cost: see `Stability.select` and `Stability.threshold_for`.
    {options}

    Returns
    -------
    Stability
        The frequencies, the selected columns, and a bound on the expected number of false ones.

    Raises
    ------
    ValueError, TypeError, MemoryError, KeyboardInterrupt
        Same as for `solve`. After Ctrl-C, halves in progress on other threads are finished in the background.

    See Also
    --------
    Problem.stability : The same for a problem that is already measured.

    Notes
    -----
    Halves are solved in parallel, unless Python computes the products of A. The same input, settings and seed give the
    same bits, for any number of threads. Limits such as ``time`` apply to each half.

    Each half chooses exactly k columns, so the frequencies sum to k, unless fewer columns leave the same residual: see
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
