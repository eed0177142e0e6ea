"""Problems: what `solve` returns, to the bit, and A and y measured once."""

from __future__ import annotations

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from scipy.sparse.linalg import LinearOperator, aslinearoperator

import sparsea

_fixed = np.random.default_rng(19)
A = _fixed.standard_normal((30, 70)) * 10.0 ** _fixed.uniform(-2, 2, 70)
x = np.zeros(70)
x[_fixed.choice(70, 5, replace=False)] = _fixed.standard_normal(5)
y = A @ x + 0.01 * _fixed.standard_normal(30)
both = A + 1j * A[:, ::-1]
Y = np.stack([y, 2 * y, A[:, 3]], axis=1)
names = [f"c{j}" for j in range(70)]

FORMS: dict[str, tuple[Any, Any]] = {
    "C order": (A, y),
    "Fortran order": (np.asfortranarray(A), y),
    "strided": (np.repeat(A, 2, axis=1)[:, ::2], y),
    "whole numbers": (np.round(A).astype(int), y),
    "complex": (both, y + 0j),
    "real A, complex y": (A, y * (1 + 1j)),
    "sparse": (scipy.sparse.csr_array(np.where(np.abs(A) > 0.1, A, 0)), y),
    "convolution": (sparsea.Convolution(sparsea.gaussian(1.0), 40), _fixed.standard_normal(56)),
    "steps": (sparsea.Steps(30), y),
    "cosines": (sparsea.PartialDCT(70, range(0, 60, 2)), y),
    "waves": (sparsea.PartialDFT(70, range(0, 60, 2)), y),
    "operator": (aslinearoperator(A), y),
    "frame": (pd.DataFrame(A, columns=names), pd.Series(y)),
    "batch": (A, Y),
    "batch on an operator": (aslinearoperator(A), Y),
    "batch without columns": (A, np.zeros((30, 0))),
}
FORMS["convolution"] = (FORMS["convolution"][0], _fixed.standard_normal(FORMS["convolution"][0].shape[0]))


def changed(array: Any, index: Any, value: Any) -> Any:
    """A copy with one entry changed."""
    copied = array.copy()
    copied[index] = value
    return copied


def same(one: Any, other: Any) -> bool:
    """Whether solutions are the same, but for the products that it took to measure A."""
    if isinstance(one, sparsea.Solutions):
        return len(one) == len(other) and all(map(same, one, other))
    parts = []
    for solution in (one, other):
        fields = {**vars(solution), "counts": {**solution.counts, "applies": 0}}
        del fields["elapsed"], fields["memory"]
        parts.append(sparsea.Solution(**fields, elapsed=0.0, memory=0))
    return bool(parts[0] == parts[1])


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("algorithm", ["ols", "sea", "search", "omp+els"])
def test_a_problem_has_the_bits_of_solve(form: str, algorithm: str) -> None:
    matrix, data = FORMS[form]
    options: Any = {"algorithm": algorithm, "iterations": 30}
    problem = sparsea.Problem(matrix, data)
    for k in (5, 2, 5, 9, 1, 2):
        assert same(problem.solve(k, **options), sparsea.solve(matrix, data, k, **options))
    found = problem.path([4, 6, 2], **options)
    assert all(map(same, found, [sparsea.solve(matrix, data, k, **options) for k in (4, 6, 2)]))


def test_every_option_is_that_of_solve() -> None:
    problem = sparsea.Problem(A, y)
    start = problem.solve(4, algorithm="omp")
    cases: list[dict[str, Any]] = [
        {"start": start},
        {"start": "random:3", "algorithm": "sea", "settings": {"step_size": 0.5}},
        {"iterations": 3, "algorithm": "sea"},
        {"supports": 5},
        {"stagnation": 4, "algorithm": "sea"},
        {"relative_residual": 0.5, "algorithm": "omp"},
        {"report": 0.3, "iterations": 20},
        {"threads": 1},
        {"threads": 2, "iterations": 10},
        {"progress": True, "iterations": 10},
        {"algorithm": None, "time": None, "report": False, "trace": False, "callback": None, "threads": None},
        {"callback": lambda progress: progress.iteration == 2, "algorithm": "sea"},
    ]
    for options in cases:
        assert problem.solve(4, **options) == sparsea.solve(A, y, 4, **options), options
    traced = problem.solve(4, trace=True, iterations=10)
    assert traced.trace is not None
    assert len(traced.trace) > 0
    for options in ({"unit_columns": False}, {"memory": 10**6}, {"check_adjoint": True}, {"memory": None}):
        kept: Any = options
        assert sparsea.Problem(A, y, **kept).solve(4) == sparsea.solve(A, y, 4, **kept)


def test_improving() -> None:
    problem = sparsea.Problem(A, y)
    for options in ({"support": [1, 2, 3]}, {"x": x}, {"support": [1, 2], "k": 4}, {"x": problem.solve(3)}):
        given: Any = options
        assert problem.improve(**given, iterations=20) == sparsea.improve(A, y, **given, iterations=20)
    assert problem.improve(x) == problem.improve(x=x)
    with pytest.raises(sparsea.Error, match="one vector is improved at a time"):
        sparsea.Problem(A, Y).improve(x)


def test_what_a_problem_says() -> None:
    problem = sparsea.Problem(A, y)
    assert problem.shape == (30, 70)
    assert problem.dtype == np.float64
    assert problem.data_norm == pytest.approx(np.linalg.norm(y))
    assert problem.column_norms == pytest.approx(np.linalg.norm(A, axis=0))
    assert not problem.column_norms.flags.writeable
    assert repr(problem) == "<Problem of 30 × 70, float64>"
    batch = sparsea.Problem(both, Y)
    assert batch.dtype == np.complex128
    assert batch.data_norm == pytest.approx(np.linalg.norm(Y, axis=0))
    assert repr(batch) == "<Problem of 30 × 70, complex128, 3 columns of data>"
    with pytest.raises(AttributeError):
        problem.shape = (1, 1)  # type: ignore[misc]


def test_names_and_pairing() -> None:
    frame = pd.DataFrame(A, columns=names)
    assert sparsea.Problem(frame, y).solve(3).support_names_ == sparsea.solve(frame, y, 3).support_names_
    with pytest.raises(sparsea.Error, match="A and y have different indices"):
        sparsea.Problem(frame, pd.Series(y, index=range(1, 31)))
    with pytest.raises(sparsea.Error, match="the columns of A and start have different labels"):
        sparsea.Problem(frame, y).solve(3, start=pd.Series(x, index=names[::-1]))


def test_y_is_copied_and_a_is_kept() -> None:
    matrix, data = A.copy(), y.copy()
    problem = sparsea.Problem(matrix, data)
    data[:] = 0
    del matrix
    assert problem.solve(4) == sparsea.solve(A, y, 4)


@pytest.mark.parametrize("form", [form for form in FORMS if "operator" not in form and form != "strided"])
def test_problems_are_pickled_and_copied(form: str) -> None:
    problem = sparsea.Problem(*FORMS[form], unit_columns=False)
    for other in (pickle.loads(pickle.dumps(problem)), copy.deepcopy(problem), copy.copy(problem)):
        assert other.solve(3) == problem.solve(3)


@pytest.mark.parametrize("form", ["C order", "operator", "batch"])
def test_many_threads_share_a_problem(form: str) -> None:
    problem: sparsea.Problem[Any] = sparsea.Problem(*FORMS[form])
    wanted = {k: sparsea.Problem(*FORMS[form]).solve(k, iterations=20) for k in range(1, 9)}
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda k: (k, problem.solve(k, iterations=20)), list(wanted) * 4))
    assert all(solution == wanted[k] for k, solution in found)


def test_an_exception_ends_the_run_that_it_belongs_to() -> None:
    calls = {"broken": False}

    def matvec(vector: Any) -> Any:
        if calls["broken"]:
            raise ZeroDivisionError("by an operator")
        return A @ vector

    operator = LinearOperator(A.shape, matvec=matvec, rmatvec=lambda v: A.T @ v, dtype=float)
    problem = sparsea.Problem(operator, y)
    before = problem.solve(4, algorithm="omp")
    calls["broken"] = True
    with pytest.raises(ZeroDivisionError, match="by an operator"):
        problem.solve(12, algorithm="omp")
    calls["broken"] = False
    assert problem.solve(4, algorithm="omp") == before
    assert same(problem.solve(12, algorithm="omp"), sparsea.solve(operator, y, 12, algorithm="omp"))

    def stop(_: sparsea.Progress) -> Any:
        raise ZeroDivisionError("by a callback")

    with pytest.raises(ZeroDivisionError, match="by a callback"):
        problem.solve(4, callback=stop)
    assert problem.solve(4, algorithm="omp") == before


def test_measuring_an_operator_is_done_once() -> None:
    products = [0]

    def matvec(vector: Any) -> Any:
        products[0] += 1
        return A @ vector

    operator = LinearOperator(A.shape, matvec=matvec, rmatvec=lambda v: A.T @ v, dtype=float)
    problem = sparsea.Problem(operator, y)
    measured = products[0]
    assert measured >= 70
    first = problem.solve(5, algorithm="omp")
    once = products[0] - measured
    assert once < 70
    assert problem.solve(5, algorithm="omp") == first
    # Gram columns are kept too.
    assert products[0] - measured - once < once


@pytest.mark.parametrize(
    ("matrix", "data", "said"),
    [
        (A, y[:-1], "y has 29 entries, but A has 30 rows"),
        (A, Y[:-1], "Y has 29 rows, but A has 30 rows"),
        (A, changed(y, 2, np.nan), "y contains NaN at index 2"),
        (A, changed(Y, (2, 1), np.nan), "Y contains nan at row 2, column 1"),
        (changed(A, (1, 4), np.inf), y, "A contains inf"),
        (np.zeros((0, 3)), np.zeros(0), "A must have at least one row"),
        (A, 1e200 * y, "norm of y"),
    ],
)
def test_bad_problems_are_refused_at_once(matrix: Any, data: Any, said: str) -> None:
    with pytest.raises(sparsea.Error, match=said.replace("(", r"\(")):
        sparsea.Problem(matrix, data)


def test_all_sparsities_of_a_path_are_checked_first() -> None:
    problem = sparsea.Problem(A, y)
    for ks in ([1, -1], [1, 31], [2, 2.0], 3, np.array(3), range(1, 10**13), "12", None):
        hostile: Any = ks
        with pytest.raises(sparsea.Error):
            problem.path(hostile, callback=lambda _: pytest.fail("a run began"))
