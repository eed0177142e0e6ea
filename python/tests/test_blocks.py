"""Groups of columns and joint supports, against brute force with NumPy over all supports, and against the command."""

from __future__ import annotations

import copy
import json
import os
import pickle
import subprocess
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sparsea

ALGORITHMS = [
    *("search", "els", "ols", "omp", "sea", "htp", "iht", "niht", "cosamp", "subspace_pursuit", "ompr", "foba"),
    *("splicing", "omp+ompr"),
]
LABELS = ["red", "blue", "red", "green", "teal", "blue", "grey", "green", "red", "grey", "pink", "teal"]


def residual(A: np.ndarray, Y: np.ndarray, columns: Any) -> float:
    X = np.linalg.lstsq(A[:, columns], Y, rcond=None)[0]
    return float(np.linalg.norm(Y - A[:, columns] @ X))


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("sides", [None, 3])
def test_search_finds_the_best_groups(seed: int, sides: int | None) -> None:
    rng = np.random.default_rng([seed, 2])
    A = rng.standard_normal((9, 12)) + (seed % 3) * rng.standard_normal((9, 1))
    shape: Any = 9 if sides is None else (9, sides)
    Y = rng.standard_normal(shape) + (1j * rng.standard_normal(shape) if seed % 2 else 0)
    labels = np.array(LABELS)
    supports = [np.flatnonzero(np.isin(labels, chosen)) for chosen in combinations(dict.fromkeys(LABELS), 2)]
    best = min(residual(A, Y, columns) for columns in supports)
    for groups in (LABELS, labels, tuple(LABELS)):
        solution = sparsea.solve(A, Y, 2, groups=groups, joint=sides is not None)
        assert solution.residual_norm == pytest.approx(best, rel=1e-9)
        assert set(solution.groups) == {LABELS[j] for j in solution.support}
        assert solution.support.tolist() == np.flatnonzero(np.isin(labels, solution.groups)).tolist()
    assert solution.x.shape == ((12,) if sides is None else (12, sides))
    assert solution.residual_norm == pytest.approx(np.linalg.norm(Y - A @ solution.x), rel=1e-9)


@pytest.mark.parametrize("seed", range(12))
def test_search_finds_the_best_joint_support(seed: int) -> None:
    rng = np.random.default_rng([seed, 3])
    A, Y = rng.standard_normal((8, 14)), rng.standard_normal((8, 3))
    best = min(residual(A, Y, columns) for columns in combinations(range(14), 3))
    solution = sparsea.solve(A, Y, 3, joint=True)
    assert solution.residual_norm == pytest.approx(best, rel=1e-9)
    assert solution.coefficients.shape == (3, 3)
    expected = np.linalg.lstsq(A[:, solution.support], Y, rcond=None)[0]
    np.testing.assert_allclose(solution.coefficients, expected, rtol=1e-8)
    assert solution.to_dict()["coefficients"] == solution.coefficients.tolist()
    json.dumps(solution.to_dict())


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_algorithm_takes_groups_and_joint_supports(algorithm: str) -> None:
    rng = np.random.default_rng(4)
    A = rng.standard_normal((60, 30))
    groups = np.arange(30) % 10
    X = np.where(np.isin(groups, [2, 7])[:, None], rng.standard_normal((30, 4)), 0)
    solution = sparsea.solve(A, A @ X, 2, groups=groups, joint=True, algorithm=algorithm)
    assert solution.groups == (2, 7)
    np.testing.assert_allclose(solution.x, X, atol=1e-6)
    rows = np.where(np.isin(np.arange(30), [3, 21])[:, None], rng.standard_normal((30, 4)), 0)
    solution = sparsea.solve(A, A @ rows, 2, joint=True, algorithm=algorithm)
    assert solution.support.tolist() == [3, 21]
    assert solution.groups is None
    # A batch of problems with groups.
    solutions = sparsea.solve(A, A @ X, 2, groups=groups, algorithm=algorithm)
    assert [one.groups for one in solutions] == [(2, 7)] * 4


def test_a_problem_is_what_solve_solves() -> None:
    rng = np.random.default_rng(5)
    A, Y = rng.standard_normal((20, 40)), rng.standard_normal((20, 5))
    groups = [f"g{j % 13}" for j in range(40)]
    problem = sparsea.Problem(A, Y, groups=groups, joint=True)
    expected = sparsea.solve(A, Y, 3, groups=groups, joint=True)
    assert problem.data_norm.shape == (5,)
    for one in (problem, copy.copy(problem), pickle.loads(pickle.dumps(problem))):
        found = one.solve(3)
        assert found.groups == expected.groups
        np.testing.assert_array_equal(found.coefficients, expected.coefficients)
    assert problem.solve(1).groups is not None
    with pytest.raises(sparsea.Error, match="k must be at most the number of groups, 13, got 14"):
        problem.solve(14)
    assert "with one support" in repr(problem)
    seen: list[list[int]] = []
    problem.solve(2, algorithm="omp", callback=lambda progress: seen.append(progress.support))
    assert seen
    assert all(j < 40 for support in seen for j in support)


def test_starts_and_improve() -> None:
    rng = np.random.default_rng(6)
    A, Y = rng.standard_normal((20, 40)), rng.standard_normal((20, 5))
    omp = sparsea.solve(A, Y, 3, joint=True, algorithm="omp")
    for start in (omp, omp.x, omp.support, "omp", "random:3"):
        found = sparsea.solve(A, Y, 3, joint=True, start=start, algorithm="els")
        if not isinstance(start, str):
            assert found.residual_norm <= omp.residual_norm * (1 + 1e-9)
    for given in ({"x": omp}, {"x": omp.x}, {"support": omp.support}):
        found = sparsea.improve(A, Y, joint=True, **given)
        assert found.residual_norm <= omp.residual_norm * (1 + 1e-9)
        assert len(found.support) == 3
        again = sparsea.Problem(A, Y, joint=True).improve(**given)
        np.testing.assert_array_equal(again.coefficients, found.coefficients)
    groups = np.arange(40) // 4
    found = sparsea.improve(A, Y[:, 0], support=[0, 1, 17], groups=groups)
    assert found.groups is not None
    assert len(found.groups) == 2
    with pytest.raises(sparsea.Error, match="k must be at least 2, the groups of the support, got 1"):
        sparsea.improve(A, Y[:, 0], 1, support=[0, 1, 17], groups=groups)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"groups": [1, 2]}, "groups has 2 labels, but A has 8 columns"),
        ({"groups": "abcdefgh"}, "groups must hold a label for each column of A"),
        ({"groups": 3}, "groups must hold a label for each column of A"),
        ({"groups": np.eye(8)}, r"groups has shape \(8, 8\)"),
        ({"groups": [1, 2, None, 1, 1, 1, 1, 1]}, "groups has no label for column 2"),
        ({"groups": np.array([1.0, np.nan] * 4)}, "groups has no label for column 1"),
        ({"groups": [[]] * 8}, "must be hashable"),
        ({"groups": [0] * 8}, "k must be at most the number of groups, 1, got 2"),
        ({"joint": 1}, "joint"),
        ({"joint": True}, r"joint=True needs Y of shape \(m, B\)"),
        ({"groups": range(8), "algorithm": "lasso"}, "lasso works on single columns and one y"),
        ({"groups": range(8), "report": True}, "a report works on single columns and one y"),
    ],
)
def test_what_does_not_work_is_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(sparsea.Error, match=said):
        sparsea.solve(np.eye(8), np.ones(8), 2, **options)


def test_bad_joint_starts_are_refused() -> None:
    A, Y = np.eye(8), np.ones((8, 3))
    with pytest.raises(sparsea.Error, match=r"start has shape \(8,\); for a joint support it must be \(8, 3\)"):
        sparsea.solve(A, Y, 2, joint=True, start=np.ones(8))
    with pytest.raises(sparsea.Error, match=r"x has shape \(8, 2\); for a joint support it must be \(8, 3\)"):
        sparsea.improve(A, Y, 2, joint=True, x=np.ones((8, 2)))
    with pytest.raises(sparsea.Error, match="at least one column"):
        sparsea.solve(A, Y[:, :0], 2, joint=True)
    zero = sparsea.solve(A, 0 * Y, 2, joint=True)
    assert zero.x.shape == (8, 3)
    assert zero.coefficients.shape == (0, 3)


def command(path: Path, *line: str) -> Any:
    said = subprocess.run(
        [os.environ["SPARSEA_BIN"], *line], cwd=path, capture_output=True, text=True, check=False, encoding="utf-8"
    )
    assert said.returncode == 0, said.stderr
    return json.loads(said.stdout) if "--json" in line else said.stdout


def test_the_command_finds_the_same(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    A, Y = np.asfortranarray(rng.standard_normal((20, 40))), np.asfortranarray(rng.standard_normal((20, 3)))
    np.save(tmp_path / "A.npy", A)
    np.save(tmp_path / "Y.npy", Y)
    np.save(tmp_path / "y.npy", Y[:, 0])
    words = [f"g{j % 11}" for j in range(40)]
    (tmp_path / "words.txt").write_text("\n".join(words) + "\n")
    numbers = np.arange(40) // 3
    np.save(tmp_path / "numbers.npy", numbers)
    cases: list[tuple[list[str], Any, dict[str, Any]]] = [
        (["Y.npy", "--joint"], Y, {"joint": True}),
        (["y.npy", "--groups", "words.txt"], Y[:, 0], {"groups": words}),
        (["Y.npy", "--joint", "--groups", "numbers.npy"], Y, {"joint": True, "groups": numbers}),
        (["Y.npy", "--joint", "--nonnegative"], Y, {"joint": True, "nonnegative": True}),
        (["y.npy", "--groups", "words.txt", "--nonnegative"], Y[:, 0], {"groups": words, "nonnegative": True}),
        (["y.npy", "--sum-to", "1.5", "--bounds", ":1"], Y[:, 0], {"sum_to": 1.5, "bounds": (None, 1.0)}),
    ]
    for flags, data, options in cases:
        found = command(tmp_path, "solve", "A.npy", *flags, "-k", "3", "--json", "--output", "x.npy")
        expected = sparsea.solve(A, data, 3, **options)
        assert found["support"] == expected.support.tolist()
        assert found["coefficients"] == expected.coefficients.tolist()
        assert found.get("groups") == (None if expected.groups is None else list(expected.groups))
        np.testing.assert_array_equal(np.load(tmp_path / "x.npy"), expected.x)
        found = command(tmp_path, "improve", "A.npy", *flags, "--vector", "x.npy", "--json")
        assert found["residual_norm"] <= expected.residual_norm * (1 + 1e-9)
        table = command(tmp_path, "compare", "A.npy", *flags, "-k", "2", "--json")["solutions"]
        assert len(table) >= 12
        assert "lasso" not in [row["algorithm"] for row in table]
        assert "residual" in command(tmp_path, "solve", "A.npy", *flags, "-k", "3", "--plot", "p.svg")
    (tmp_path / "few.txt").write_text("a\nb\n")
    for line, said in [
        (["solve", "A.npy", "y.npy", "-k", "2", "--groups", "few.txt"], "few.txt: has 2 labels, but A has 40 columns"),
        (["solve", "A.npy", "y.npy", "-k", "2", "--groups", "none.txt"], "none.txt"),
        (["solve", "A.npy", "A.npy", "-k", "2", "--joint", "--sum-to", "1"], "cannot be combined"),
        (["solve", "Y.npy", "numbers.npy", "-k", "2", "--joint"], "a matrix has two dimensions"),
    ]:
        refused = subprocess.run(
            [os.environ["SPARSEA_BIN"], *line], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert refused.returncode == 2, refused.stderr
        assert said in refused.stderr
        assert len(refused.stderr.strip().splitlines()) == 1
