"""Columns that stand in for each other, and lists of near-optimal supports, against all supports."""

from __future__ import annotations

import itertools
import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import sparsea

Array = NDArray[Any]


def problem_of(seed: int) -> tuple[Array, Array, int]:
    """A small problem: Gaussian columns, some with a common part, some nearly parallel to their neighbours."""
    rng = np.random.default_rng(seed)
    n, k = int(rng.integers(5, 13)), int(rng.integers(1, 5))
    m = int(rng.integers(k + 3, 20))
    A = rng.standard_normal((m, n))
    if seed % 3 == 1:
        A += 2 * rng.standard_normal((m, 1))
    if seed % 3 == 2:
        A = np.cumsum(A, axis=1)
    x = np.zeros(n)
    x[rng.choice(n, k, replace=False)] = rng.standard_normal(k)
    return A, A @ x + rng.choice([0.1, 0.5, 2.0]) * rng.standard_normal(m), k


def residual(A: Array, y: Array, support: Any) -> float:
    S = list(support)
    return float(np.linalg.norm(y - A[:, S] @ np.linalg.lstsq(A[:, S], y, rcond=None)[0]))


@pytest.mark.parametrize("within", [0.01, 0.05, 0.2])
def test_supports_are_those_of_brute_force(within: float) -> None:
    several = known = 0
    for seed in range(150):
        A, y, k = problem_of(seed)
        near = sparsea.near_optimal(A, y, k, within=within, count=2000)
        solution = sparsea.solve(A, y, k, report=True)
        assert np.array_equal(near.supports[0], solution.support)
        assert near.exchanges_scored
        found = {tuple(support.tolist()) for support in near.supports}
        assert len(found) == len(near) == near.known
        assert np.all(np.diff(near.residual_norms[1:]) >= 0)
        for support, coefficients, norm in zip(near.supports, near.coefficients, near.residual_norms, strict=True):
            exact = residual(A, y, support)
            assert norm == pytest.approx(exact, rel=1e-9)
            assert np.linalg.norm(y - A[:, support] @ coefficients) == pytest.approx(exact, rel=1e-9)
            assert exact <= (1 + within) * near.residual_norms[0] * (1 + 1e-9)
        limit = (1 + within) * near.residual_norms[0] * (1 - 1e-9)
        S = set(solution.support.tolist())
        every = [T for T in itertools.combinations(range(A.shape[1]), len(S)) if residual(A, y, T) <= limit]
        # Those that a chain of exchanges within the margin leads to are known, whatever the run came through.
        reached, before = {tuple(sorted(S))}, 0
        while len(reached) > before:
            before = len(reached)
            reached |= {T for T in every if any(len(set(T) & set(R)) >= len(S) - 1 for R in reached)}
        assert reached <= found
        if len(every) > 1:
            several += 1
            known += found.issuperset(every)
    assert several >= 10
    # All are known in nearly all problems of this size.
    assert known >= 0.95 * several


def test_lists_are_cut_to_the_best() -> None:
    A, y, k = problem_of(7)
    near = sparsea.near_optimal(A, y, k, within=1.0, count=2000)
    few = sparsea.near_optimal(A, y, k, within=1.0, count=5)
    assert len(near) > 20
    assert 20 < few.known <= near.known
    assert [s.tolist() for s in few.supports] == [s.tolist() for s in near.supports[:5]]
    assert repr(few) == (
        f"<NearOptimal: {few.known} supports known within 100 % of the best, 5 listed, exchanges of one column scored>"
    )
    problem: Any = sparsea.Problem(A, y)
    assert problem.near_optimal(k, within=1.0, count=5) == few
    assert pickle.loads(pickle.dumps(few)) == few
    assert sparsea.near_optimal(A, y, k, within=1.0, count=5, threads=2) == few
    assert not few.residual_norms.flags.writeable
    one = sparsea.near_optimal(A, y, k, count=1)
    assert len(one) == 1
    assert len(sparsea.near_optimal(A, y, 0)) == 1


def test_the_model_is_that_of_the_run() -> None:
    A, y, k = problem_of(1)
    options: dict[str, Any] = {"intercept": True, "fixed": [0], "weights": np.arange(1.0, 1.0 + len(y)), "exclude": [1]}
    near = sparsea.near_optimal(A, y + 3, k, within=0.5, **options)
    w = np.sqrt(options["weights"])
    assert len(near) > 1
    for support, norm in zip(near.supports, near.residual_norms, strict=True):
        assert not {0, 1} & set(support.tolist())
        full = np.column_stack([np.ones(len(y)), A[:, [0, *support]]]) * w[:, np.newaxis]
        assert norm == pytest.approx(residual(full, (y + 3) * w, range(full.shape[1])), rel=1e-9)
    bounded = sparsea.near_optimal(A, y, k, within=0.5, nonnegative=True)
    assert not bounded.exchanges_scored
    assert bounded.solution.report is not None
    assert bounded.solution.report.stand_ins == ()
    assert bounded.solution.report.certain == ()
    assert "not scored" in repr(bounded)
    complex_ = sparsea.near_optimal(A + 0j, y * 1j, k, within=0.1)
    assert complex_.supports[0].tolist() == sparsea.solve(A, y, k, report=True).support.tolist()


def test_tables_have_names() -> None:
    rng = np.random.default_rng(0)
    A = rng.standard_normal((30, 6))
    A[:, 4] = -3 * A[:, 1]
    y = A[:, [1, 3]] @ np.array([2.0, 1.0]) + 0.01 * rng.standard_normal(30)
    frame = pd.DataFrame(A, columns=list("abcdef"))
    near = sparsea.near_optimal(frame, y, 2)
    assert near.names == (("b", "d"), ("d", "e"))
    table = pd.DataFrame(near.to_dict())
    assert table["leaves"].tolist() == [(), ("b",)]
    assert table["joins"].tolist() == [(), ("e",)]
    assert near.solution.stand_in_names_ == ((("b", "e"), 1),)
    assert near.solution.report is not None
    assert near.solution.report.certain == (3,)
    assert near.solution.report.to_dict()["stand_ins"] == [{"columns": [1, 4], "count": 1}]
    assert sparsea.solve(A, y, 2).stand_in_names_ is None
    assert pd.DataFrame(sparsea.near_optimal(A, y, 2).to_dict())["support"].tolist() == [(1, 3), (3, 4)]


@pytest.mark.parametrize("copies", [2, 8])
@pytest.mark.parametrize("noise", [0.0, 0.1])
def test_copies_are_sets(copies: int, noise: float) -> None:
    rng = np.random.default_rng(copies)
    B = rng.standard_normal((40, 3))
    A = np.column_stack([np.repeat(B, copies, axis=1), rng.standard_normal((40, 5))])
    y = B @ np.array([1.0, -2.0, 3.0]) + noise * rng.standard_normal(40)
    report = sparsea.solve(A, y, 3, report=True).report
    assert report is not None
    assert report.certain == ()
    sets = [(row.columns, row.count) for row in report.stand_ins]
    assert sets == [(tuple(range(j * copies, (j + 1) * copies)), 1) for j in range(3)]


def test_bad_input() -> None:
    A, y, k = problem_of(0)
    cases: list[tuple[dict[str, Any], type[Exception], str]] = [
        ({"within": -0.1}, ValueError, "within must be a finite number of at least 0, got -0.1"),
        ({"within": "1 %"}, TypeError, "within must be a finite number of at least 0, got '1 %'"),
        ({"count": 0}, ValueError, "count must be a whole number from 1 to 2000, got 0"),
        ({"count": 2001}, ValueError, "count must be a whole number from 1 to 2000, got 2001"),
        ({"count": 1.5}, TypeError, "count must be a whole number"),
        ({"report": True}, TypeError, "report"),
        ({"groups": list(range(A.shape[1]))}, ValueError, "a report"),
    ]
    for options, kind, message in cases:
        with pytest.raises(kind, match=message) as caught:
            sparsea.near_optimal(A, y, k, **options)
        assert isinstance(caught.value, sparsea.Error) or "report" in options
    with pytest.raises(ValueError, match="near_optimal needs one vector y, got shape"):
        sparsea.near_optimal(A, np.stack([y, y], axis=1), k)
    with pytest.raises(ValueError, match="how many supports are listed must be a whole number of at least 1, got 0"):
        sparsea.solve(A, y, k, report=(0.1, 0))
    with pytest.raises(ValueError, match="report must be True, False or a margin"):
        sparsea.solve(A, y, k, report=(-0.1, 3))
