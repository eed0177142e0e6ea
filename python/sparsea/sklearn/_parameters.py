"""Parameters with scikit-learn's names, read as options of `sparsea.solve`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from joblib import effective_n_jobs
from sklearn.utils import check_random_state

from .. import algorithms, solve
from .._choice import exchanges
from .._core import as_flag, as_index, as_whole
from .._errors import InvalidTypeError, InvalidValueError
from .._input import as_number, shown
from ._design import Array, Design, column_norms

OPTIONS = (
    "algorithm",
    "iterations",
    "time",
    "supports",
    "relative_residual",
    "stagnation",
    "settings",
    "threads",
)
"""Parameters that `sparsea.solve` takes under the same names."""

MOST_THREADS = 4096

SEARCHED = 1_000_000
"""Up to this product of features and k the default of every form is `search`, as `SEARCHED` of
`crates/sparsea/src/algorithms/mod.rs` says."""


@dataclass(frozen=True)
class Form:
    """Which models are allowed, in the words of `sparsea.solve`."""

    nonnegative: bool = False
    joint: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether coefficients are free and every target has a support of its own."""
        return not (self.nonnegative or self.joint)

    @property
    def words(self) -> dict[str, Any]:
        """The options of a problem."""
        return {"intercept": False, "nonnegative": self.nonnegative, "joint": self.joint}


@dataclass(frozen=True)
class Choice:
    """The options of an estimator's runs."""

    options: dict[str, Any]
    """Those of `sparsea.solve` but for `report`."""
    form: Form
    together: bool
    """Whether all k of a path are found together."""
    seed: int | None = None
    """That of algorithms that draw, if it is given."""
    report: bool | float = False

    @property
    def by_exchanges(self) -> bool:
        """Whether one table of exchanges moves along the path, so that a run for a given k tries more supports."""
        return self.together and self.form.is_plain

    def of_run(self, A: Any, y: Array, k: int) -> dict[str, Any]:
        """The options of a run for k."""
        if self.seed is None or not self._draws(A, y, k):
            return dict(self.options)
        return {**self.options, "settings": {**(self.options["settings"] or {}), "seed": self.seed}}

    def run(self, A: Any, y: Array, k: int, *, start: Any = None, report: bool | float = False) -> Any:
        """A solution of the form and by the options asked for, or the solutions of several targets."""
        told: dict[str, Any] = {**self.form.words, **self.of_run(A, y, k)}
        return solve(A, y, k, start=start, report=report, **told)

    def _draws(self, A: Any, y: Array, k: int) -> bool:
        """Whether the algorithm, or the last of a chain, has a seed."""
        name = self.options["algorithm"]
        if name is None:
            if A.shape[1] * k <= SEARCHED:
                return True
            # Where nothing is done, the default tells its name.
            one = y if y.ndim == 1 or self.form.joint else y[:, 0]
            name = solve(A, one, k, iterations=0, threads=self.options["threads"], **self.form.words).algorithm
        last = str(name).lower().split("+")[-1].strip()
        return any(entry.name == last and any(s.name == "seed" for s in entry.settings) for entry in algorithms())


def form_of(model: Any, y: Array) -> Form:
    """The form of the problem; one target has one support either way."""
    joint = as_flag("joint", model.joint)
    return Form(nonnegative=as_flag("positive", model.positive), joint=joint and y.ndim == 2)


def choice_of(model: Any, problem: Design, form: Form, *, n_jobs: bool = True) -> Choice:
    """The options that the parameters of `model` give; scikit-learn's names replace ours and exclude them.

    ``n_jobs`` are threads by default.
    """
    options = {name: getattr(model, name) for name in OPTIONS}
    if model.max_iter is not None:
        _refuse_both(model, "max_iter", "iterations")
        options["iterations"] = as_whole("max_iter", model.max_iter, 0)
    if model.tol is not None:
        _refuse_both(model, "tol", "relative_residual")
        if problem.y.ndim == 1 or form.joint:
            options["relative_residual"] = relative(tolerance_of(model), problem.y)
    if n_jobs and model.n_jobs is not None:
        _refuse_both(model, "n_jobs", "threads")
        options["threads"] = threads_of(model.n_jobs)
    seed = None if model.random_state is None else _seed(model)
    # Where there is a run for each k, a seed is that of each.
    together = exchanges(options) and (form.is_plain or seed is None)
    report = model.report
    # A margin is a number.
    if isinstance(report, (bool, np.bool_)) or not isinstance(report, (int, float, np.number)):
        report = as_flag("report", report)
    return Choice(options, form, together, seed, report)


def _refuse_both(model: Any, ours: str, other: str) -> None:
    if getattr(model, other) is not None:
        given = f"got {shown(getattr(model, ours))} and {shown(getattr(model, other))}"
        raise InvalidValueError(f"{ours} and {other} cannot be given together, {given}")


def tolerance_of(model: Any) -> float:
    """The squared norm of the residual at which a run may stop."""
    return as_number("tol", "at least 0 and finite", model.tol, lambda tol: 0 <= tol < np.inf)


def relative(tolerance: float, y: Array) -> float:
    """A squared norm of the residual as the share ‖r‖/‖y‖."""
    norm = float(column_norms(y.reshape(-1, 1))[0])
    return float(np.sqrt(tolerance)) / norm if norm > 0 else 0.0


def threads_of(n_jobs: Any) -> int:
    """Threads for what scikit-learn counts as jobs: −1 stands for all processors."""
    jobs = as_index("n_jobs must be a whole number or None", n_jobs)
    if jobs == 0 or jobs > MOST_THREADS:
        raise InvalidValueError(f"n_jobs must be below 0 or from 1 to {MOST_THREADS}, got {shown(n_jobs)}")
    return jobs if jobs > 0 else min(effective_n_jobs(max(jobs, -(2**31))), MOST_THREADS)


def _seed(model: Any) -> int:
    """The seed that ``random_state`` stands for, in the way of scikit-learn."""
    try:
        state = check_random_state(model.random_state)
    except ValueError:
        rule = "random_state must be a whole number from 0 to 4294967295, a RandomState or None"
        raise InvalidValueError(f"{rule}, got {shown(model.random_state)}") from None
    settings = model.settings
    if settings is not None and not isinstance(settings, Mapping):
        raise InvalidTypeError(f"settings must be a dictionary or None, got {shown(settings)}")
    if settings is not None and "seed" in settings:
        raise InvalidValueError(
            "random_state and the setting seed cannot be given together, "
            f"got {shown(model.random_state)} and {shown(settings['seed'])}"
        )
    is_number = isinstance(model.random_state, (int, np.integer))
    return int(model.random_state) if is_number else int(state.randint(2**31 - 1))
