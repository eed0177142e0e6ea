"""Numbers as arguments: one rule for whole ones and one for the others, the same everywhere."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import sparsea
from sparsea import plot, theory
from sparsea.sklearn import SparseRegressor, SparseRegressorCV, SparsityPath

# K is small.
pytestmark = pytest.mark.filterwarnings("ignore:k = .* is the best by")

A = np.vander(np.linspace(-1, 1, 12), 8) + np.eye(12, 8)
y = A[:, 2] - A[:, 5]
SOLUTION = sparsea.solve(A, y, 2, report=True)
PROBLEM = sparsea.Problem(A, y)


def fitted(model: Any) -> Any:
    return model.fit(A, y)


# The name of the argument in messages, the call, and how many the call takes at most (None: any number of 64 bits).
WHOLE: list[tuple[str, Callable[[Any], Any]]] = [
    ("k", lambda v: sparsea.solve(A, y, v)),
    ("k[0]", lambda v: sparsea.solve(A, np.stack([y, y], 1), [v, 1])),
    ("k", lambda v: sparsea.improve(A, y, v, support=[1])),
    ("k", lambda v: sparsea.deconvolve(y, [1.0, 0.5], v)),
    ("k", PROBLEM.solve),
    ("k", lambda v: PROBLEM.path([1, v])),
    ("k", lambda v: PROBLEM.improve(k=v, support=[1])),
    ("memory", lambda v: sparsea.Problem(A, y, memory=v)),
    ("k", lambda v: theory.recovery(A, v)),
    ("origin", lambda v: sparsea.deconvolve(y, [1.0, 0.5], 1, origin=v)),
    ("n", lambda v: sparsea.Convolution([1.0, 0.5], v)),
    ("m", sparsea.Steps),
    ("m", sparsea.Ramps),
    ("n", lambda v: sparsea.PartialDCT(v, [0])),
    ("n", lambda v: sparsea.PartialDFT(v, [0])),
    ("n", lambda v: sparsea.PartialHadamard(v, [0])),
    ("origin", lambda v: sparsea.Convolution([1.0, 0.5, 0.1, 0.2], 5, "same", v)),
    ("order", lambda v: theory.coherence(A, v)),
    ("order", lambda v: theory.babel(A, v)),
    ("order", lambda v: theory.restricted_isometry(A, v, work=0)),
    ("most", lambda v: plot.report(SOLUTION, most=v)),
    ("n_nonzero_coefs", lambda v: fitted(SparseRegressor(v))),
    ("max_nonzero_coefs", lambda v: fitted(SparsityPath(v))),
    ("max_nonzero_coefs", lambda v: fitted(SparseRegressorCV(v, cv=2))),
    ("n_jobs", lambda v: fitted(SparseRegressorCV(2, cv=2, n_jobs=v))),
    *[
        (name, lambda v, f=function, n=name: f(**{n: v}))
        for name in ("iterations", "supports", "stagnation", "threads", "memory")
        for function in (
            lambda **o: sparsea.solve(A, y, 2, **o),
            lambda **o: sparsea.improve(A, y, 2, support=[1], **o),
            lambda **o: sparsea.deconvolve(y, [1.0, 0.5], 2, **o),
        )
    ],
    *[
        (name, lambda v, f=function, n=name: f(**{n: v}))
        for name in ("iterations", "supports", "stagnation", "threads")
        for function in (
            lambda **o: PROBLEM.solve(2, **o),
            lambda **o: PROBLEM.path([2], **o),
            lambda **o: PROBLEM.improve(support=[1], **o),
        )
    ],
    *[
        (name, lambda v, m=model, n=name: fitted(m(**{n: v})))
        for name in ("iterations", "supports", "stagnation", "threads")
        for model in (SparseRegressor, SparsityPath, SparseRegressorCV)
    ],
]

REAL: list[tuple[str, Callable[[Any], Any]]] = [
    *[
        (name, lambda v, f=function, n=name: f(**{n: v}))
        for name in ("time", "relative_residual")
        for function in (
            lambda **o: PROBLEM.solve(2, **o),
            lambda **o: sparsea.solve(A, y, 2, **o),
            lambda **o: sparsea.improve(A, y, 2, support=[1], **o),
            lambda **o: sparsea.deconvolve(y, [1.0, 0.5], 2, **o),
            lambda **o: fitted(SparseRegressor(**o)),
            lambda **o: fitted(SparsityPath(**o)),
            lambda **o: fitted(SparseRegressorCV(**o)),
        )
    ],
    ("report", lambda v: sparsea.solve(A, y, 2, report=v)),
    ("report", lambda v: PROBLEM.solve(2, report=v)),
    ("sigma", sparsea.gaussian),
    ("tau", sparsea.exponential),
    ("work", lambda v: theory.restricted_isometry(A, 1, work=v)),
    ("work", lambda v: theory.recovery(A, 1, work=v)),
    ("noise_norm", lambda v: theory.recovery(A, 1, truth=np.eye(8)[0], noise_norm=v)),
    ("step_size", lambda v: theory.recovery(A, 1, truth=np.eye(8)[0], step_size=v)),
    ("ebic_gamma", lambda v: fitted(SparsityPath(ebic_gamma=v))),
    ("noise_variance", lambda v: fitted(SparsityPath(noise_variance=v))),
    ("sigma", lambda v: fitted(SparsityPath(sigma=v))),
    ("level", lambda v: plot.phase_transition("none.sqlite", level=v)),
]

NO_WHOLE_NUMBER = [3.0, np.float64(3.0), 3.5, True, np.True_, "3", Decimal(3), Fraction(3), 3j, float("nan"), [3], b"3"]
OUT_OF_RANGE = [10**400, -(10**400), 10**5000, -1]
NO_NUMBER = ["0.5", b"1", 1j, np.complex128(1), [0.5], np.array([0.5]), np.array("x", object), {}, object()]
BEYOND = [10**400, -(10**400), 10**5000, float("nan")]


def refusal(call: Callable[[Any], Any], value: Any) -> Exception:
    """The exception that a call raises: an error of sparsea, whose message is one short line."""
    with pytest.raises((TypeError, ValueError)) as caught:
        call(value)
    assert isinstance(caught.value, sparsea.Error)
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 300
    return caught.value


@pytest.mark.parametrize(("name", "call"), WHOLE)
def test_whole_numbers_are_integers(name: str, call: Callable[[Any], Any]) -> None:
    for value in NO_WHOLE_NUMBER:
        error = refusal(call, value)
        assert isinstance(error, TypeError), value
        assert str(error).startswith(f"{name} must be a whole number"), value
        assert f", got {value!r}" in str(error)
    for value in OUT_OF_RANGE:
        # Threads of joblib: −1 stands for all, and no more are started than there are folds.
        if name == "n_jobs":
            call(value)
            continue
        error = refusal(call, value)
        assert isinstance(error, ValueError), value
        assert str(error).startswith((f"{name} must be", f"{name} is too large")), value
    # Bytes of memory are more.
    one = 2**40 if name == "memory" else 1
    for integer in (np.int64(one), np.uint64(one), np.array(one)):
        call(integer)


@pytest.mark.parametrize(("name", "call"), REAL)
def test_other_numbers_are_real(name: str, call: Callable[[Any], Any]) -> None:
    for value in NO_NUMBER:
        assert isinstance(refusal(call, value), TypeError), value
    for value in [True, np.True_] if name != "report" else []:
        assert isinstance(refusal(call, value), TypeError), value
    for value in BEYOND:
        assert isinstance(refusal(call, value), ValueError), value
    if name == "level":
        return
    for value in (np.float32(0.0625), Fraction(1, 16), Decimal("0.0625"), np.array(0.0625)):
        call(value)


def test_seeds() -> None:
    for seed in ("-1", "3.0", "", "x", "1e3", str(2**64), "9" * 5000, "٣"):
        error = refusal(lambda seed: sparsea.solve(A, y, 2, start=f"random:{seed}"), seed)
        assert isinstance(error, ValueError)
        assert "is not a seed; write random:7" in str(error)
    assert sparsea.solve(A, y, 2, start="random:" + "0" * 5000 + "7") == sparsea.solve(A, y, 2, start="random:7")


@pytest.mark.parametrize(
    ("algorithm", "name"), [(None, "seed"), ("search", "seed"), ("omp+search", "seed"), ("splicing", "exchanges")]
)
def test_settings_that_are_whole_numbers(algorithm: str | None, name: str) -> None:
    def solve(value: Any) -> Any:
        return sparsea.solve(A, y, 2, algorithm=algorithm, settings={name: value})

    for value in [*NO_WHOLE_NUMBER, None]:
        error = refusal(solve, value)
        assert isinstance(error, TypeError)
        assert f"{name} must be a whole number of at least" in str(error)
    for value in OUT_OF_RANGE:
        error = refusal(solve, value)
        assert isinstance(error, ValueError)
        assert f"{name} must be a whole number of at least" in str(error)
    assert solve(np.int64(3)) == solve(3)


OBJECTS = [10**400, Decimal("NaN"), 2j, "x", None, [1]]


@pytest.mark.parametrize("value", OBJECTS)
def test_arrays_of_objects_are_refused(value: Any) -> None:
    vector = np.array([1.0] * 11 + [value], dtype=object)
    matrix = np.ones((12, 8), dtype=object)
    matrix[3, 4] = value
    x = vector[-8:]
    for call in (
        lambda: sparsea.solve(matrix, y, 2),
        lambda: sparsea.solve(A, vector, 2),
        lambda: sparsea.solve(A, np.stack([vector, vector], axis=1), 2),
        lambda: sparsea.solve(A, y, 2, start=x),
        lambda: sparsea.improve(A, y, x=x),
        lambda: sparsea.improve(A, y, support=x),
        lambda: sparsea.deconvolve(vector, [1.0], 2),
        lambda: sparsea.deconvolve(y, vector, 2),
        lambda: sparsea.Convolution(vector, 20),
        lambda: theory.coherence(matrix),
        lambda: theory.recovery(A, 2, truth=x),
        lambda: plot.coefficients(SOLUTION, truth=x),
    ):
        error = refusal(lambda _, call=call: call(), None)  # type: ignore[misc]
        assert isinstance(error, TypeError)
        assert "holds Python objects; numbers are needed" in str(error)
    for model in (SparseRegressor(2), SparsityPath(2), SparseRegressorCV(2, cv=2)):
        # As scikit-learn has it, objects that are numbers will do in X and y.
        for features, target in ((matrix, y), (A, vector)):
            with pytest.raises((TypeError, ValueError)):
                model.fit(features, target)
        with pytest.raises((TypeError, ValueError)):
            model.fit(A, y).predict(matrix)
        assert isinstance(refusal(lambda m: m.fit(A, y, sample_weight=vector), model), TypeError)


@pytest.mark.parametrize("scalar", [10**400, 1j, "2", True, float("nan"), -1.0, 0.0])
def test_weights_are_numbers(scalar: Any) -> None:
    refusal(lambda weight: SparseRegressor(2).fit(A, y, weight), scalar)
    if scalar is not True:
        refusal(lambda weight: SparseRegressor(2).fit(A, y, [weight] * 12), scalar)


def test_weights_of_any_sum_are_finite() -> None:
    assert "the sum of sample_weight is beyond" in str(
        refusal(lambda weights: SparseRegressor(2).fit(A, y, weights), np.full(12, 1e308))
    )
