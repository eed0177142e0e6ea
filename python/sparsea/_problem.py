"""A and y, read, checked and measured once, for several runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, overload

import numpy as np

from . import _core
from ._choice import is_found_together
from ._errors import InvalidTypeError, InvalidValueError
from ._improve import check_single, improvable
from ._input import (
    Array,
    Matrix,
    Sparsities,
    Unshaped,
    Vector,
    as_bounds,
    as_groups,
    as_operator,
    check_joint,
    shown,
)
from ._model import WORDS, advise, take_model, unmasked, warn_of_intercept
from ._near import NearOptimal, check_one, listed
from ._options import ProblemOptions, RunOptions, SupportOptions, takes
from ._progress import counter
from ._run import of_one_scalar, solved
from ._solution import Solution, Solutions, make
from ._subsamples import Stability, subsampled

if TYPE_CHECKING:
    from typing_extensions import Unpack

Found = TypeVar("Found")


@takes(None)
class Problem(Generic[Found]):
    """A and y, read, checked and measured once, for several runs.

    A run returns exactly what `solve` returns for the same arguments, bit for bit. Results about A are kept from run to
    run: its column norms, and the columns of its Gram matrix that runs have computed, as many as fit into half of
    ``memory`` (default: 256 MiB). A `Convolution` keeps none, since it computes them faster than they can be copied.

    Measuring A is not part of a run. It counts neither towards ``time`` nor in `Solution.elapsed` and
    `Solution.counts`.

    Parameters
    ----------
    A, y
        See `solve`; a `Gram` needs no y. y is copied. A NumPy array A is not copied if `solve` reads its type in place,
        but it is kept alive. If you write to such an array, make a new problem: the norms and Gram columns that are
        kept would be those of the old values.
    {options}

    Raises
    ------
    ValueError, TypeError, MemoryError, KeyboardInterrupt
        Same as for `solve`, where A and y are concerned.

    Notes
    -----
    Measuring takes one pass over A, or up to n products with an operator that has no ``column_norms``. Several threads
    may call methods of one problem at the same time. A problem is pickled as A and y, and measured again when it is
    loaded.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsea
    >>> rng = np.random.default_rng(0)
    >>> A = rng.standard_normal((30, 80))
    >>> y = A[:, [3, 40, 77]] @ np.array([1.0, -2.0, 3.0])
    >>> problem = sparsea.Problem(A, y)
    >>> problem.solve(3, algorithm="omp").support
    array([ 3, 40, 77])
    >>> [len(solution.support) for solution in problem.path(range(1, 4))]
    [1, 2, 3]
    """

    __slots__ = ("_codes", "_core", "_given", "_joint", "_labels", "_model", "_operator", "_options", "_y")

    # As of `solve`: the first fits every array whose number of dimensions its type does not state.
    @overload
    def __init__(
        self: Problem[Any],
        A: Any,
        y: Unshaped,
        *,
        joint: bool = False,
        **options: Unpack[ProblemOptions],
    ) -> None: ...
    @overload
    def __init__(
        self: Problem[Solution],
        A: Any,
        y: Any = None,
        *,
        joint: Literal[True],
        **options: Unpack[ProblemOptions],
    ) -> None: ...
    @overload
    def __init__(
        self: Problem[Solution],
        A: Any,
        y: Vector | Sequence[float],
        *,
        joint: Literal[False] = False,
        **options: Unpack[ProblemOptions],
    ) -> None: ...
    @overload
    def __init__(
        self: Problem[Solutions],
        A: Any,
        y: Matrix | Sequence[Sequence[float]],
        *,
        joint: Literal[False] = False,
        **options: Unpack[ProblemOptions],
    ) -> None: ...
    @overload
    def __init__(
        self: Problem[Any],
        A: Any,
        y: Any = None,
        *,
        joint: bool = False,
        **options: Unpack[ProblemOptions],
    ) -> None: ...
    @takes(ProblemOptions)
    def __init__(self, A: Any, y: Any = None, *, joint: bool = False, **options: Unpack[ProblemOptions]) -> None:
        operator = as_operator(A)
        operator.pair_rows("y", y)
        given: dict[str, Any] = dict(options)
        data = operator.data(unmasked(y, given))
        self._joint = _core.as_flag("joint", joint)
        if self._joint:
            check_joint(data.shape)
        # Said once of a problem, and not again of one that is loaded.
        self._options = {"intercept": False, **given, "joint": self._joint}
        self._model, hint = take_model(operator, given)
        if given.get("bounds") is not None:
            given["bounds"] = as_bounds(given["bounds"], operator.shape[1])
        self._codes: Array | None = None
        self._labels: tuple[Any, ...] | None = None
        if given.get("groups") is not None:
            given["groups"], self._labels = as_groups(given["groups"], operator)
            self._codes, labels = given["groups"], self._labels
            # What yields labels has none left for a copy.
            self._options["groups"] = [labels[code] for code in given["groups"]]
        a, data = of_one_scalar(operator, data, checked=self._model is not None)
        adjusted = None if self._model is None else self._model.for_core(data)
        try:
            self._core = _core.Problem(a, data, {**given, "joint": self._joint}, adjusted, hint)
        except InvalidValueError as error:
            raise advise(error) from error.__cause__
        self._given, self._operator = A, operator
        self._y = data if operator.holds_data else data.copy()
        if self._core.misses_intercept:
            warn_of_intercept()

    @property
    def shape(self) -> tuple[int, int]:
        """(m, n), the shape of A."""
        return self._operator.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type in which it computes: float64, or complex128 if A or y is complex."""
        return self._y.dtype

    @property
    def column_norms(self) -> Array:
        """‖a_j‖ for every column of A, a read-only array of shape (n,).

        With weights or fixed columns, the norm of what is left of each weighted column after projecting out the fixed
        ones. With a ridge λ, √λ is a further entry of each column. For a batch whose columns differ in weights or gaps,
        there is one row for each group of columns that share them, in the order of their first columns.
        """
        each = self._core.column_norms
        norms: Array = each[0] if len(each) == 1 else np.stack(each)
        norms.flags.writeable = False
        return norms

    @property
    def data_norm(self) -> Any:
        """‖y‖, a float. For a matrix Y, the norm of each column, a read-only array of shape (B,).

        With weights or fixed columns, the norm of what is left of the weighted y after projecting out the fixed
        columns.
        """
        norms = self._core.data_norms
        norms.flags.writeable = False
        return float(norms[0]) if self._y.ndim == 1 else norms

    @takes(RunOptions)
    def solve(self, k: Sparsities, *, start: Any = None, **options: Unpack[RunOptions]) -> Found:
        """Find the k columns of A that explain y best.

        Parameters
        ----------
        k : int or array_like of int
            The sparsity, from 0 to min(m, n), and at most the number of groups if there are any. For a batch, k may
            also be one number for each column of Y.
        start
            See `sparsea.solve`.
        {options}

        Returns
        -------
        Solution or Solutions
            Solutions for a batch.

        Raises
        ------
        ValueError, TypeError, MemoryError, KeyboardInterrupt
            Same as for `sparsea.solve`.
        """

        def run(starts: Any, show: Any, options: dict[str, Any]) -> list[dict[str, Any]]:
            return self._core.solve(k, starts, show, options)

        found: Found = solved(run, self._operator, self._y.shape[1:], start, options, self._joint, self._labels)
        return found

    @takes(RunOptions)
    def path(self, ks: Iterable[int], *, start: Any = None, **options: Unpack[RunOptions]) -> list[Found]:
        """Solve for each of several k.

        By default, all k are found together, by exchanging one column for another. Exchanges begin from forward
        selection and from both neighbours on the path: the k − 1 columns found plus the best additional one, and the
        k + 1 columns found without the least important one. They begin again whenever a neighbour has improved. After
        that, supports that were changed at random are tried, within bounded work. No support is worse than forward
        selection or than its neighbours say it can be, and ‖r‖ never rises with k. [1]_ A path up to K takes at most
        about the time of three runs for K, unless these end early at an exact fit.

        Some problems have no single table that scores exchanges of single columns: those with bounds, groups or a joint
        support, and traces and images that are searched in parts. There, each k has a run of the default algorithm,
        which starts from the support of the k before and begins again from its neighbours.

        A run made for one k tries more supports. There is one run for each k if you name an ``algorithm``, or give a
        start, a limit other than ``time`` and ``relative_residual``, a report, a trace or a callback. Each returns what
        `solve` returns.

        Parameters
        ----------
        ks : iterable of int
            Sparsities, in any order, each from 0 to min(m, n). All are checked before anything is solved.
        start
            See `sparsea.solve`; the same for every run.
        {options}

        Returns
        -------
        list of Solution or of Solutions
            One for each k, in the given order. Limits such as ``time`` apply to each k. If solutions are found
            together, their counts, memory and time are those of the whole path, and ``progress`` counts them at its
            end.

        Raises
        ------
        ValueError, TypeError, MemoryError, KeyboardInterrupt
            Same as for `sparsea.solve`.

        References
        ----------
        .. [1] Miller 1984, Selection of subsets of regression variables, DOI 10.2307/2981576.
        """
        try:
            each = iter(ks)
        except TypeError:
            raise InvalidTypeError(f"ks must be a sequence of whole numbers, got {shown(ks)}") from None
        listed = [_core.as_sparsity(k, self._core.bounds) for k in each]
        together = start is None and options.get("algorithm") is None and is_found_together(options)
        if not together or not listed:
            return [self.solve(k, start=start, **options) for k in listed]
        asked: dict[str, Any] = {**options}
        with counter(asked.pop("progress", False), len(listed), "k") as show:
            found = self._together(listed, None, asked)
            show(len(listed), "path")
        return found

    @takes(RunOptions)
    def improve(
        self, x: Any = None, k: int | None = None, *, support: Any = None, **options: Unpack[RunOptions]
    ) -> Solution:
        """Improve a given solution; the result is never worse.

        Parameters
        ----------
        x : array_like of shape (n,) or Solution, optional
            The vector to improve. Give either this or ``support``.
        k : int, optional
            The sparsity, at least the number of non-zeros given. Default: that number.
        support : array_like of int, optional
            The support to improve: column indices counted from 0, or a mask of the columns.
        {options}

        Returns
        -------
        Solution
            A solution at least as good as the given one.

        Raises
        ------
        ValueError, TypeError, MemoryError, KeyboardInterrupt
            Same as for `sparsea.improve`.
        """
        if not self._joint:
            check_single(self._y.shape)
        sides = self._y.shape[1] if self._joint else None
        k, begin = improvable(self._operator, k, support, x, self._model, self._codes, sides)
        improved: Any = self.solve(k, start=begin, **options)
        found: Solution = improved
        return found

    @takes(SupportOptions)
    def stability(
        self,
        k: int,
        *,
        subsamples: int = 100,
        scheme: Literal["complementary", "half"] = "complementary",
        seed: int = 0,
        threshold: float = 0.75,
        **options: Unpack[SupportOptions],
    ) -> Stability:
        """Count how often each column is chosen on random halves of the rows, and bound the number of false selections.

        Parameters
        ----------
        k, subsamples, scheme, seed, threshold
            See `sparsea.stability`.
        {options}

        Returns
        -------
        Stability
            Exactly what `sparsea.stability` returns for the same A, y and options, bit for bit.

        Raises
        ------
        ValueError, TypeError, MemoryError, KeyboardInterrupt
            Same as for `sparsea.stability`.
        """
        own = {word: value for word, value in self._options.items() if word not in {*WORDS, "check_adjoint"}}
        plan = (k, subsamples, scheme, seed, threshold)
        given = {**own, **options}
        return subsampled(self._operator, self._y, self._model, self._codes, self._labels, *plan, given)

    @takes(SupportOptions)
    def near_optimal(
        self, k: int, *, within: float = 0.01, count: int = 100, start: Any = None, **options: Unpack[SupportOptions]
    ) -> NearOptimal:
        """List the best known supports whose residual is within a margin of the best.

        Parameters
        ----------
        k, within, count, start
            See `sparsea.near_optimal`.
        {options}

        Returns
        -------
        NearOptimal
            Exactly what `sparsea.near_optimal` returns for the same A, y and options, bit for bit.

        Raises
        ------
        ValueError, TypeError, MemoryError, KeyboardInterrupt
            Same as for `sparsea.near_optimal`.
        """
        check_one(self._y.shape)

        def solve(start: Any, options: dict[str, Any]) -> Solution:
            found: Any = self.solve(k, start=start, **options)
            one: Solution = found
            return one

        return listed(solve, within, count, start, {**options})

    def _together(self, ks: Iterable[int], extra_work: int | None, options: dict[str, Any]) -> list[Any]:
        """Solutions for each k, each from its neighbours.

        Where one table of exchanges moves along the path, so many multiply-adds go to perturbed supports.
        """
        listed = list(ks)
        paths = self._core.sparsity_path(listed, extra_work, options)
        sides = self._y.shape[1] if self._joint else None
        made = (self._operator.names, self._operator.places, self._labels, sides)
        if self._y.ndim == 1 or self._joint:
            return [make(fields, *made) for fields in paths[0]]
        return [Solutions([make(path[at], *made) for path in paths]) for at in range(len(listed))]

    def __reduce__(self) -> tuple[Any, ...]:
        return _measured, (self._given, None if self._operator.holds_data else self._y, self._options)

    def __repr__(self) -> str:
        m, n = self.shape
        support = " with one support" if self._joint else ""
        batch = "" if self._y.ndim == 1 else f", {self._y.shape[1]} columns of data{support}"
        return f"<Problem of {m} × {n}, {self.dtype}{batch}>"


def _measured(A: Any, y: Array | None, options: dict[str, Any]) -> Problem[Any]:
    return Problem(A, y, **options)
