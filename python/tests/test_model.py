"""Fixed and excluded columns, intercept, weights, gaps, ridge: against least squares of NumPy, and each other."""

from __future__ import annotations

import itertools
import pickle
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import scipy.sparse
from scipy.sparse.linalg import aslinearoperator

import sparsea

SEEDS = range(8)


def matrix(seed: int, m: int = 24, n: int = 12, complex_: bool = False) -> Any:
    rng = np.random.default_rng(seed)
    A = rng.standard_normal((m, n))
    return A + 1j * rng.standard_normal((m, n)) if complex_ else A


def data_of(A: Any, seed: int, k: int = 3, offset: float = 2.0) -> Any:
    rng = np.random.default_rng(1000 + seed)
    S = rng.choice(A.shape[1], k, replace=False)
    return A[:, S] @ rng.uniform(1, 2, k) + offset + 0.1 * rng.standard_normal(A.shape[0])


def forms(A: Any) -> Iterator[tuple[str, Any]]:
    yield "C order", A
    yield "Fortran order", np.asfortranarray(A)
    yield "sparse", scipy.sparse.csr_array(A)
    yield "called", aslinearoperator(A)


def best(A: Any, y: Any, k: int, *, intercept: bool = False, fixed: Any = (), exclude: Any = (), weights: Any = None,
         ridge: float = 0.0) -> tuple[float, tuple[int, ...], Any, Any]:  # fmt: skip
    """The least objective of all supports, its coefficients, and those of intercept and fixed columns."""
    m, n = A.shape
    root = np.ones(m) if weights is None else np.sqrt(weights)
    y = np.where(root > 0, y, 0)
    beside = np.column_stack([np.ones((m, int(intercept))), A[:, list(fixed)]])
    found: Any = (np.inf, (), None, None)
    for S in itertools.combinations([j for j in range(n) if j not in fixed and j not in exclude], k):
        top = root[:, None] * np.column_stack([A[:, S], beside])
        rows = np.zeros((k, top.shape[1]))
        rows[:, :k] = np.sqrt(ridge) * np.eye(k)
        whole, data = np.vstack([top, rows]), np.concatenate([root * y, np.zeros(k)])
        x = np.linalg.lstsq(whole, data, rcond=None)[0]
        objective = 0.5 * np.linalg.norm(whole @ x - data) ** 2
        if objective < found[0]:
            found = (objective, S, x[:k], x[k:])
    return found  # type: ignore[no-any-return]


def some_model(seed: int, m: int) -> dict[str, Any]:
    rng = np.random.default_rng(2000 + seed)
    model: dict[str, Any] = {"intercept": bool(seed % 2)}
    if seed % 3:
        weights = rng.uniform(0.1, 3, m)
        weights[rng.choice(m, 5, replace=False)] = 0
        model["weights"] = weights
    if seed % 4 >= 2:
        model["fixed"] = [7, 2]
    if seed % 5 >= 2:
        model["exclude"] = [0, 4]
    if seed % 3 == 1:
        model["ridge"] = float(rng.uniform(0.1, 5))
    return model


@pytest.mark.parametrize("complex_", [False, True])
@pytest.mark.parametrize("seed", SEEDS)
def test_solutions_are_the_best_of_all_supports(seed: int, complex_: bool) -> None:
    A = matrix(seed, complex_=complex_)
    y = data_of(A, seed)
    model = some_model(seed, len(y))
    objective, S, x, beside = best(A, y, 2, **model)
    if "weights" in model:
        y = np.where(model["weights"] > 0, y, np.nan)
    for form, given in forms(A):
        for solution in (sparsea.solve(given, y, 2, **model), sparsea.Problem(given, y, **model).solve(2)):
            assert tuple(solution.support) == S, form
            np.testing.assert_allclose(solution.coefficients, x, rtol=1e-10)
            np.testing.assert_allclose(solution.objective, objective, rtol=1e-10)
            found = [solution.intercept] * model["intercept"]
            for j in model.get("fixed", []):
                found.append(solution.x[j])
            np.testing.assert_allclose(found, beside, rtol=1e-9, atol=1e-12)
            assert solution.fixed.tolist() == sorted(model.get("fixed", []))
            used = np.sqrt(model.get("weights", np.ones(len(y))))
            r = np.where(used > 0, y - A @ solution.x - solution.intercept, 0)
            np.testing.assert_allclose(solution.residual_norm, np.linalg.norm(used * r), rtol=1e-10)
            assert solution.objective >= 0.5 * solution.residual_norm**2 * (1 - 1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_weights_are_rows_scaled(seed: int) -> None:
    A = matrix(seed)
    y = data_of(A, seed, offset=0)
    weights = np.random.default_rng(seed).uniform(0.1, 3, len(y))
    root = np.sqrt(weights)
    for algorithm in ("search", "sea", "omp", "htp", "lasso"):
        one = sparsea.solve(A, y, 3, weights=weights, algorithm=algorithm)
        other = sparsea.solve(np.asfortranarray(root[:, None] * A), root * y, 3, algorithm=algorithm)
        assert one.support.tolist() == other.support.tolist()
        np.testing.assert_allclose(one.coefficients, other.coefficients, rtol=1e-10)
        np.testing.assert_allclose(one.residual_norm, other.residual_norm, rtol=1e-10)
        np.testing.assert_allclose(one.relative_residual, other.relative_residual, rtol=1e-10)


@pytest.mark.parametrize("seed", SEEDS)
def test_gaps_are_rows_deleted(seed: int) -> None:
    A = matrix(seed)
    Y = np.column_stack([data_of(A, seed + 10 * b) for b in range(6)])
    rng = np.random.default_rng(seed)
    for b, rows in enumerate([0, 3, 3, 5, 0, 2]):
        Y[rng.choice(len(Y), rows, replace=False), b] = np.nan
    Y[:, 2] = np.where(np.isnan(Y[:, 1]), np.nan, np.nan_to_num(Y[:, 2]))
    for form, given in forms(A):
        for intercept in (False, True):
            together = sparsea.solve(given, Y, 2, missing="drop", intercept=intercept)
            prepared = sparsea.Problem(given, Y, missing="drop", intercept=intercept).solve(2)
            assert together == prepared
            for b, solution in enumerate(together):
                there = ~np.isnan(Y[:, b])
                alone = sparsea.solve(given, Y[:, b], 2, missing="drop", intercept=intercept)
                deleted = sparsea.solve(A[there], Y[there, b], 2, intercept=intercept)
                for other in (alone, deleted):
                    assert solution.support.tolist() == other.support.tolist(), form
                    np.testing.assert_allclose(solution.coefficients, other.coefficients, rtol=1e-10)
                    np.testing.assert_allclose(solution.residual_norm, other.residual_norm, rtol=1e-10)
                    np.testing.assert_allclose(solution.intercept, other.intercept, rtol=1e-10)


@pytest.mark.parametrize("seed", SEEDS)
def test_weights_of_each_column(seed: int) -> None:
    A = matrix(seed)
    Y = np.column_stack([data_of(A, seed + 10 * b, offset=0) for b in range(4)])
    W = np.random.default_rng(seed).integers(0, 3, Y.shape).astype(float)
    W[0] = 1
    seen: list[int] = []

    def note(progress: sparsea.Progress) -> None:
        seen.append(progress.column)  # type: ignore[arg-type]

    together = sparsea.solve(A, Y, 2, weights=W, fixed=[3], start=Y[:12] * 0 + 1.0, callback=note, algorithm="sea")
    assert set(seen) == set(range(4))
    for b, solution in enumerate(together):
        alone = sparsea.solve(A, Y[:, b], 2, weights=W[:, b], fixed=[3], start=np.ones(12), algorithm="sea")
        assert solution.support.tolist() == alone.support.tolist()
        np.testing.assert_allclose(solution.x, alone.x, rtol=1e-10)
    problem = sparsea.Problem(A, Y, weights=W)
    assert problem.data_norm.shape == (4,)
    np.testing.assert_allclose(problem.data_norm, np.linalg.norm(np.sqrt(W) * Y, axis=0))


def test_three_features_below_an_offset() -> None:
    for seed in range(10):
        A = matrix(seed, 100, 40)
        y = 50000 + A[:, [3, 17, 31]] @ np.array([1.0, -0.5, 0.25])
        for form, given in forms(A):
            solution = sparsea.solve(given, y, 3, intercept=True)
            assert solution.support.tolist() == [3, 17, 31], form
            np.testing.assert_allclose(solution.coefficients, [1.0, -0.5, 0.25], rtol=1e-10)
            assert abs(solution.intercept - 50000) < 1e-9


def test_a_forgotten_intercept_is_warned_of() -> None:
    A = matrix(0, 100, 20)
    y = 50 + A[:, 3]
    for given in (A, scipy.sparse.csr_array(A)):
        with pytest.warns(UserWarning, match="intercept=True") as caught:
            sparsea.solve(given, y, 1)
        assert caught[0].filename == __file__
        with pytest.warns(UserWarning, match="intercept=True") as caught:
            problem = sparsea.Problem(given, np.stack([A[:, 1], y], axis=1))
        assert caught[0].filename == __file__
        problem.solve(1)
        pickle.loads(pickle.dumps(problem)).solve(1)
        with pytest.warns(UserWarning, match="intercept=True"):
            sparsea.improve(given, y, support=[3])
    # Not where it was thought of, nor where a column may explain it, nor for pulses, nor for products.
    sparsea.solve(A, y, 1, intercept=False)
    sparsea.solve(A, y, 1, intercept=True)
    sparsea.solve(A, y - 49.5, 1)
    sparsea.solve(A, y + 1j, 1)
    sparsea.solve(np.column_stack([A, A[:, 0] + 1]), y, 1)
    sparsea.solve(np.column_stack([A, np.ones(100)]), y, 1, fixed=[20])
    sparsea.solve(aslinearoperator(A), y, 1)
    trace = np.convolve(np.ones(100), sparsea.gaussian(1.0), mode="same")
    sparsea.deconvolve(trace, "gaussian:1", 5)
    wide = scipy.sparse.diags_array([0.5, 1.0, 0.5], offsets=[-1, 0, 1], shape=(300, 300))
    sparsea.solve(wide, np.ones(300), 5)


def test_columns_are_named() -> None:
    pandas = pytest.importorskip("pandas")
    A = matrix(3)
    y = data_of(A, 3, offset=0)
    names = [f"c{j}" for j in range(12)]
    frame = pandas.DataFrame(A, columns=names)
    expected = sparsea.solve(A, y, 2, fixed=[2, 7], exclude=[0])
    mask = np.isin(np.arange(12), [2, 7])
    for fixed, exclude in [(["c7", "c2"], "c0"), (mask, ["c0"]), (np.array(["c2", "c7"]), [0]), ((2, 7), {"c0"})]:
        found = sparsea.solve(frame, y, 2, fixed=fixed, exclude=exclude)
        assert found.support.tolist() == expected.support.tolist()
        np.testing.assert_array_equal(found.x, expected.x)
    assert all(name not in ("c2", "c7", "c0") for name in found.support_names_)
    series = pandas.Series(mask, index=names)
    np.testing.assert_array_equal(sparsea.solve(frame, y, 2, fixed=series, exclude=[0]).x, expected.x)
    with pytest.raises(ValueError, match="A has no column called 'nobody'"):
        sparsea.solve(frame, y, 2, fixed=["nobody"])
    with pytest.raises(ValueError, match="A has no column names"):
        sparsea.solve(A, y, 2, fixed=["c1"])
    weights = pandas.Series(np.ones(24), index=range(1, 25))
    with pytest.raises(ValueError, match="different indices"):
        sparsea.solve(frame, y, 2, weights=weights)


def test_starts_are_in_terms_of_a() -> None:
    A = matrix(4)
    y = data_of(A, 4, offset=0)
    model: dict[str, Any] = {"fixed": [2], "exclude": [5]}
    first = sparsea.solve(A, y, 2, **model)
    for start in (first, first.x, [2, *first.support.tolist()], "omp", "random:3"):
        assert sparsea.solve(A, y, 2, start=start, **model).support.tolist() == first.support.tolist()
    with pytest.raises(ValueError, match="the start has column 5, which is excluded"):
        sparsea.solve(A, y, 2, start=[5], **model)
    other = int(next(j for j in range(12) if j not in (2, 5, *first.support)))
    for better in (
        sparsea.improve(A, y, support=[2, other, int(first.support[0])], **model),
        sparsea.Problem(A, y, **model).improve(support=[2, other, int(first.support[0])]),
        sparsea.improve(A, y, x=first, **model),
        sparsea.Problem(A, y, **model).improve(first),
    ):
        assert len(better.support) == 2
        assert better.residual_norm <= first.residual_norm * (1 + 1e-12)


def test_a_constant_is_explained_by_the_intercept() -> None:
    A = matrix(5)
    solution = sparsea.solve(A, np.full(24, 12.3), 2, intercept=True)
    assert solution.support.size == 0
    assert solution.residual_norm == 0
    assert abs(solution.intercept - 12.3) < 1e-14
    inside = sparsea.solve(A, 3 * A[:, 1] - 2 * A[:, 4], 2, fixed=[1, 4])
    assert inside.support.size == 0
    np.testing.assert_allclose(inside.fixed_coefficients, [3, -2], rtol=1e-13)


def test_a_trace_with_gaps() -> None:
    rng = np.random.default_rng(6)
    n, k = 3000, 40
    kernel = sparsea.gaussian(2.5)
    x = np.zeros(n)
    x[10:-10:70][:k] = rng.uniform(1, 2, k)
    y = np.convolve(x, kernel, mode="same")
    gaps = rng.choice(n, 300, replace=False)
    y[gaps] = np.nan
    with pytest.raises(ValueError, match="missing='drop'"):
        sparsea.deconvolve(y, kernel, k)
    solution = sparsea.deconvolve(y, kernel, k, missing="drop")
    assert solution.support.tolist() == np.flatnonzero(x).tolist()
    masked = np.ma.masked_invalid(y)
    assert sparsea.deconvolve(masked, kernel, k, missing="drop") == solution
    lifted = sparsea.deconvolve(y + 3, kernel, k, missing="drop", baseline="median")
    assert len(set(lifted.support) & set(solution.support)) >= k - 2
    short = slice(0, 400)
    part = sparsea.deconvolve(y[short] + 3, kernel, 6, missing="drop", intercept=True)
    assert part.support.tolist() == np.flatnonzero(x[short]).tolist()
    assert abs(part.intercept - 3) < 1e-10


def test_a_solution_is_kept_whole() -> None:
    A = matrix(7)
    solution = sparsea.solve(A, data_of(A, 7), 2, intercept=True, fixed=[1])
    assert pickle.loads(pickle.dumps(solution)) == solution
    keys = list(solution.to_dict())
    assert keys[-3:] == ["intercept", "fixed", "fixed_coefficients"]
    assert 1 not in solution.support
    assert solution.x[1] == solution.fixed_coefficients[0]
    plain = sparsea.solve(A, data_of(A, 7, offset=0), 2)
    assert "intercept" not in plain.to_dict()
    assert (plain.intercept, plain.fixed.size) == (0.0, 0)
    problem = sparsea.Problem(A, data_of(A, 7), intercept=True, fixed=[1])
    assert pickle.loads(pickle.dumps(problem)).solve(2) == problem.solve(2)
    path = problem.path([1, 2])
    np.testing.assert_array_equal(path[1].support, problem.solve(2).support)
    np.testing.assert_array_equal(path[1].fixed, [1])
    assert path[1].intercept == pytest.approx(problem.solve(2).intercept)
    assert problem.path([2], algorithm="search") == [problem.solve(2)]


def test_nothing_changes_without_a_model() -> None:
    A = matrix(8)
    y = data_of(A, 8, offset=0)
    plain = sparsea.solve(A, y, 2)
    same: dict[str, Any] = {"intercept": False, "fixed": [], "exclude": None, "weights": None, "ridge": 0}
    assert sparsea.solve(A, y, 2, **same) == plain
    # Where there are no gaps, dropping them changes rounding at most.
    np.testing.assert_allclose(sparsea.solve(A, y, 2, missing="drop").x, plain.x, rtol=1e-12)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ({"weights": [1.0] * 5}, r"weights must have shape \(24,\), one for each row of A, or \(24, B\), got \(5,\)"),
        ({"weights": [-1.0] + [1.0] * 23}, r"weights must be at least 0 and finite, got -1.0 at index 0"),
        ({"weights": [np.nan] + [1.0] * 23}, r"weights must be at least 0 and finite, got nan at index 0"),
        ({"weights": np.zeros(24)}, "weights must not all be 0"),
        ({"weights": np.ones((24, 2))}, r"weights have shape \(24, 2\), but y has shape \(24,\)"),
        ({"weights": np.ones(24) * 1j}, "weights are real"),
        ({"fixed": [12]}, "column 12 is fixed, but A has 12 columns"),
        ({"fixed": [1, 1]}, "column 1 is fixed twice"),
        ({"fixed": [-1]}, "at least 0"),
        ({"fixed": [True, False]}, r"fixed is a mask of shape \(2,\), but A has 12 columns"),
        ({"exclude": [1.5]}, "whole numbers"),
        ({"fixed": [1], "exclude": [1]}, "column 1 is both fixed and excluded"),
        ({"exclude": range(11)}, "k must be between 0 and 1, as there are 1 columns neither fixed nor excluded; got 2"),
        ({"weights": [1.0] * 2 + [0.0] * 22, "intercept": True}, "less 1 for fixed columns; got 2"),
        ({"ridge": -1}, "ridge must be a finite number of at least 0, got -1"),
        ({"ridge": float("nan")}, "ridge must be a finite number of at least 0, got nan"),
        ({"missing": "ignore"}, "missing must be 'error' or 'drop', got 'ignore'"),
        ({"intercept": np.ones(2)}, "intercept"),
    ],
)
def test_what_cannot_be_is_refused(model: dict[str, Any], message: str) -> None:
    A = matrix(9)
    y = data_of(A, 9, offset=0)
    with pytest.raises((ValueError, TypeError), match=message) as caught:
        sparsea.solve(A, y, 2, **model)
    assert isinstance(caught.value, sparsea.Error)
    with pytest.raises(sparsea.Error, match=message):
        sparsea.Problem(A, y, **model).solve(2)


def test_missing_data_are_refused_unless_dropped() -> None:
    A = matrix(10)
    y = data_of(A, 10)
    y[3] = np.nan
    for call in (lambda: sparsea.solve(A, y, 2), lambda: sparsea.Problem(A, y)):
        with pytest.raises(ValueError, match=r"y contains NaN at index 3 .*missing='drop'"):
            call()
    Y = np.stack([data_of(A, 1), y], axis=1)
    with pytest.raises(ValueError, match=r"Y contains nan at row 3, column 1 .*missing='drop'"):
        sparsea.solve(A, Y, 2)
    y[5] = np.inf
    with pytest.raises(ValueError, match=r"y contains inf at index 5"):
        sparsea.solve(A, y, 2, missing="drop")
    Y[:, 0] = np.nan
    with pytest.raises(ValueError, match="column 0 of Y has no entry"):
        sparsea.solve(A, Y, 2, missing="drop")


def test_a_model_may_have_no_time() -> None:
    A = matrix(11, 40, 30)
    solution = sparsea.solve(aslinearoperator(A), data_of(A, 11), 3, intercept=True, time=0)
    assert solution.stop_reason == "time"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        stopped = sparsea.solve(A, data_of(A, 11), 3, intercept=True, callback=lambda _: True)
    assert stopped.stop_reason == "interrupted"


def test_errors_of_a_called_operator_are_raised() -> None:
    class Broken:
        shape = (6, 4)
        dtype = np.dtype(float)

        def matvec(self, _: Any) -> Any:
            raise ZeroDivisionError("broken")

        def rmatvec(self, _: Any) -> Any:
            raise ZeroDivisionError("broken")

    for options in ({"intercept": True}, {"weights": np.ones(6)}, {"exclude": [0]}):
        with pytest.raises(ZeroDivisionError, match="broken"):
            sparsea.solve(Broken(), np.ones(6), 1, **options)
        with pytest.raises(ZeroDivisionError, match="broken"):
            sparsea.Problem(Broken(), np.ones(6), **options)
