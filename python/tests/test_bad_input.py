"""Bad input: the right exception, a message with the rule and the value. The twin of the command's own list."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pylops
import pytest
import scipy.sparse
from scipy.sparse.linalg import LinearOperator

import sparsea

A = np.array([[1.0, 0, 2], [0, 1, 0], [1, 1, 0], [0, 0, 1]])
WIDE = np.array([[1.0, 0, 1, 0], [0, 1, 1, 0], [2, 0, 0, 1]])
y = np.array([1.0, 2, 3, 4])
three = np.array([1.0, 2, 3])


def refuse(said: str, kind: type[Exception], action: Callable[[], Any]) -> None:
    """Assert that `action` raises this kind of exception, as an error of sparsea, and says this, in one line."""
    with pytest.raises(kind) as caught:
        action()
    assert isinstance(caught.value, sparsea.Error)
    message = str(caught.value)
    assert said in message
    assert "\n" not in message


def changed(array: Any, index: Any, value: Any) -> Any:
    """A copy with one entry changed."""
    copy = np.array(array)
    copy[index] = value
    return copy


def test_the_problem_of_the_tests_itself_is_fine() -> None:
    assert len(sparsea.solve(A, y, 1).support) == 1


@pytest.mark.parametrize(
    ("a", "said", "kind"),
    [
        (changed(A, (2, 1), np.nan), "A contains NaN at row 2, column 1 (counted from 0)", ValueError),
        (changed(A, (3, 0), -np.inf), "A contains -inf at row 3, column 0 (counted from 0)", ValueError),
        (changed(A + 0j, (1, 1), np.nan * 1j), "A contains NaN at row 1, column 1", ValueError),
        (scipy.sparse.csr_array(changed(A, (0, 0), np.inf)), "A contains inf at row 0, column 0", ValueError),
        (np.asfortranarray(changed(A, (2, 1), np.nan)), "A contains NaN at row 2, column 1", ValueError),
        (1e200 * A, "column 0 of A has a norm outside 1e-140 … 1e140 (but not zero); rescale it", ValueError),
        (y, "A has shape (4,); a matrix has two dimensions", ValueError),
        (A.reshape(4, 3, 1), "A has shape (4, 3, 1); a matrix has two dimensions", ValueError),
        (np.zeros((0, 3)), "y has 4 entries, but A has 0 rows", ValueError),
        (np.zeros((4, 0)), "A must have at least one row and one column, got 4 × 0", ValueError),
        ([[1.0, 2.0], [3.0]], "A is ragged: its rows have different lengths", ValueError),
        (A.astype(object), "A holds Python objects; numbers are needed, as of dtype float64 or complex128", TypeError),
        (A.astype(str), "A holds elements of type <U32; numbers are needed", TypeError),
        (A.astype("datetime64[s]"), "A holds elements of type datetime64[s]", TypeError),
        (None, "A must be an array of numbers, got None", TypeError),
        ("A.npy", "A must be an array of numbers, got 'A.npy'", TypeError),
        ({1: 2}, "A holds Python objects", TypeError),
        (np.ma.array(A, mask=A > 1), "A has masked entries; fill them or leave out their rows", ValueError),
        (pd.DataFrame({"a": [1.0, 2, 3, 4], "b": list("pqrs")}), "column 'b' of A holds elements of type", TypeError),
        (pd.DataFrame({"a": [1.0, None, 3, 4]}, dtype=object), "column 'a' of A has missing values", ValueError),
        (pl.DataFrame({"a": [1.0, 2, 3, 4], "b": list("pqrs")}), "column 'b' of A holds elements of type", TypeError),
    ],
)  # fmt: skip
def test_matrices(a: Any, said: str, kind: type[Exception]) -> None:
    refuse(said, kind, lambda: sparsea.solve(a, y, 1))


@pytest.mark.parametrize(
    ("data", "said", "kind"),
    [
        (three, "y has 3 entries, but A has 4 rows", ValueError),
        (changed(y, 2, -np.inf), "y contains -inf at index 2 (counted from 0)", ValueError),
        (changed(y, 1, np.nan), "y contains NaN at index 1 (counted from 0)", ValueError),
        (changed(y + 0j, 1, np.nan), "y contains NaN at index 1", ValueError),
        (np.zeros((3, 2)), "Y has 3 rows, but A has 4 rows", ValueError),
        (changed(np.zeros((4, 2)), (3, 1), np.nan), "Y contains nan at row 3, column 1 (counted from 0)", ValueError),
        (np.zeros((4, 1, 1)), "y has shape (4, 1, 1); it must have one dimension, or two for a batch", ValueError),
        (np.float64(3), "y has shape (); it must have one dimension, or two for a batch", ValueError),
        (["a"] * 4, "y holds elements of type <U1", TypeError),
        ([None] * 4, "y holds Python objects", TypeError),
        (scipy.sparse.csr_array(y[:, None]), "y must be a dense vector, got a sparse matrix; give y.toarray()", TypeError),
        (pd.Series(list("pqrs")), "y holds", TypeError),
        (1e200 * y, "the norm of y (or its inverse) is beyond the range of double precision", ValueError),
    ],
)  # fmt: skip
def test_data(data: Any, said: str, kind: type[Exception]) -> None:
    refuse(said, kind, lambda: sparsea.solve(A, data, 1))


def test_dimensions_out_of_reach() -> None:
    said = f"A is 3 × {2**60}, but a vector of that length does not fit into memory"
    operator = LinearOperator((3, 2**60), matvec=lambda _: three, rmatvec=lambda _: three, dtype=float)
    refuse(said, MemoryError, lambda: sparsea.solve(operator, three, 1))
    refuse("does not fit into memory", MemoryError, lambda: sparsea.Convolution(three, 2**60))


@pytest.mark.parametrize(
    ("a", "data", "k", "said", "kind"),
    [
        (A, y, 4, "k must be between 0 and 3 (the number of columns), got 4", ValueError),
        (A, y, -1, "k must be between 0 and 3 (the number of columns), got -1", ValueError),
        (WIDE, three, 4, "k must be between 0 and 3 (the number of rows), got 4", ValueError),
        (A, y, 10**23, "k must be between 0 and 3 (the number of columns), got 100000000000000000000000", ValueError),
        (A, y, 1.5, "k must be a whole number of at least 0, got 1.5", TypeError),
        (A, y, "1", "k must be a whole number of at least 0, got '1'", TypeError),
        (A, y, None, "k must be a whole number of at least 0, got None", TypeError),
        (A, y, True, "k must be a whole number of at least 0, got True", TypeError),
        (A, y, [1], "k must be a whole number of at least 0, got [1]", TypeError),
    ],
)
def test_sparsity_word_for_word(a: Any, data: Any, k: Any, said: str, kind: type[Exception]) -> None:
    refuse(said, kind, lambda: sparsea.solve(a, data, k))


@pytest.mark.parametrize(
    ("options", "said", "kind"),
    [
        *[({option: -5}, f"{option} must be a whole number of at least 0, got -5", ValueError)
          for option in ("iterations", "stagnation", "supports")],
        ({"iterations": 1.5}, "iterations must be a whole number of at least 0, got 1.5", TypeError),
        ({"iterations": "9"}, "iterations must be a whole number of at least 0, got '9'", TypeError),
        ({"iterations": 2**63}, "iterations is too large, got 9223372036854775808", ValueError),
        ({"time": -1}, "time must be a finite number of seconds of at least 0, got -1", ValueError),
        ({"time": float("inf")}, "time must be a finite number of seconds of at least 0, got inf", ValueError),
        ({"time": float("nan")}, "time must be a finite number of seconds of at least 0, got nan", ValueError),
        ({"time": 1e300}, "the time must be at least 0 seconds and finite, got", ValueError),
        ({"time": "2s"}, "time must be a finite number of seconds of at least 0, got '2s'", TypeError),
        ({"relative_residual": -0.1}, "relative_residual must be a number of at least 0, got -0.1", ValueError),
        ({"relative_residual": float("nan")}, "relative_residual must be a number of at least 0, got nan", ValueError),
        ({"relative_residual": [0.1]}, "relative_residual must be a number of at least 0, got [0.1]", TypeError),
        ({"threads": 0}, "threads must be a whole number from 1 to 4096, got 0", ValueError),
        ({"threads": "two"}, "threads must be a whole number from 1 to 4096, got 'two'", TypeError),
        ({"threads": 99999999}, "threads must be a whole number from 1 to 4096, got 99999999", ValueError),
        ({"memory": 0}, "memory must be a whole number of at least 1, got 0", ValueError),
        ({"memory": 8, "algorithm": "els"}, "els would hold 24 bytes for this problem, more than the 3 bytes it may", MemoryError),
        ({"report": -1.0}, "report must be True, False or a margin, a finite number of at least 0, got -1.0", ValueError),
        ({"report": "5%"}, "report must be True, False or a margin, a finite number of at least 0, got '5%'", TypeError),
        ({"callback": 3}, "callback must be a function of the progress, got 3", TypeError),
        ({"nonsense": 1}, "unexpected keyword argument 'nonsense'", TypeError),
    ],
)  # fmt: skip
def test_limits_threads_memory(options: dict[str, Any], said: str, kind: type[Exception]) -> None:
    refuse(said, kind, lambda: sparsea.solve(A, y, 1, **options))


KNOWN = ", ".join(algorithm.name for algorithm in sparsea.algorithms())


@pytest.mark.parametrize(
    ("options", "said", "kind"),
    [
        ({"algorithm": "nope"}, f"unknown algorithm 'nope'; known: {KNOWN}", ValueError),
        ({"algorithm": "omp+nope"}, f"unknown algorithm 'nope'; known: {KNOWN}", ValueError),
        ({"algorithm": "Nope"}, f"unknown algorithm 'nope'; known: {KNOWN}", ValueError),
        ({"algorithm": "omp+"}, "unknown algorithm ''", ValueError),
        ({"algorithm": 3}, "algorithm must be a name or a chain of names, as 'omp+sea', got 3", TypeError),
        ({"start": "NOPE"}, f"start: unknown algorithm 'nope'; known: {KNOWN}; or 'zero'", ValueError),
        ({"settings": {"start": "nope"}}, "unknown algorithm 'nope'", ValueError),
        ({"algorithm": "sea", "settings": {"stepsize": 1}}, "unknown setting 'stepsize' for sea; it takes: step_size, start", ValueError),
        ({"algorithm": "omp", "settings": {"step_size": 1}}, "unknown setting 'step_size' for omp; it takes: rank_aware, rank_tolerance, start", ValueError),
        ({"algorithm": "sea", "settings": {"step_size": -1}}, "sea: step_size must be greater than 0 and finite, got -1", ValueError),
        ({"algorithm": "sea", "settings": {"step_size": -0.011295717017616303}}, "and finite, got -0.011295717017616303", ValueError),
        ({"algorithm": "sea", "settings": {"step_size": np.float64(0)}}, "sea: step_size must be greater than 0 and finite, got 0", ValueError),
        ({"algorithm": "sea", "settings": {"step_size": "big"}}, "sea: step_size must be greater than 0 and finite, got 'big'", ValueError),
        ({"algorithm": "sea", "settings": {"step_size": float("nan")}}, "sea: step_size must be greater than 0 and finite, got 'nan'", ValueError),
        ({"settings": {"step_size": {1}}}, "a setting is a number, a word, a boolean or a list of them, got {1}", ValueError),
        ({"algorithm": "sea", "settings": {"step_size": [1]}}, "sea: step_size must be greater than 0 and finite, got [1]", ValueError),
        ({"settings": {"perturbations": ["swap"]}}, "search: perturbations must be a list, as", ValueError),
        ({"settings": {1: 2}}, "a setting has a name, got 1", TypeError),
        ({"settings": "step_size=1"}, "settings must be a dictionary, as {'step_size': 0.5}, got 'step_size=1'", TypeError),
        ({"algorithm": "iht", "settings": {"step_size": "fast"}}, "iht: step_size must be a number greater than 0", ValueError),
        ({"algorithm": "htp", "settings": {"step_size": "normalized"}}, "htp: step_size must be", ValueError),
        ({"start": "random:x"}, "start: 'x' is not a seed; write random:7", ValueError),
        ({"start": "random:-1"}, "start: '-1' is not a seed; write random:7", ValueError),
        ({"start": y}, "the start vector has 4 entries, but A has 3 columns", ValueError),
        ({"start": [0.0, np.nan, 0.0]}, "the start vector contains NaN at index 1 (counted from 0)", ValueError),
        ({"start": [0, 1, 2]}, "the start support has 3 indices, but k is 2", ValueError),
        ({"start": [7]}, "the support contains 7, but A has 3 columns (indices count from 0)", ValueError),
        ({"start": [1, 1]}, "the support contains 1 twice", ValueError),
        ({"start": [1, -1]}, "entry 1 (counted from 0) of start is -1; a support holds whole numbers that are at least 0", ValueError),
        ({"start": [0, 1j, 0]}, "the start vector is complex, but A and y are real", ValueError),
        ({"start": np.ones((3, 1))}, "start has shape (3, 1); a vector has one dimension", ValueError),
        ({"start": {}}, "start holds Python objects", TypeError),
    ],
)  # fmt: skip
def test_algorithms_settings_and_starts(options: dict[str, Any], said: str, kind: type[Exception]) -> None:
    refuse(said, kind, lambda: sparsea.solve(A, y, 2, **options))


def test_algorithms_for_real_data_refuse_complex_data() -> None:
    said = "lasso works on real data only, but A or y is complex"
    refuse(said, ValueError, lambda: sparsea.solve(A, y + 1j, 1, algorithm="lasso"))


def test_starts_of_a_batch_are_as_many_as_its_columns() -> None:
    Y = np.stack([y, y], axis=1)
    starts = sparsea.solve(A, np.stack([y, y, y], axis=1), 1)
    refuse("start holds 3 starts, but Y has 2 columns", ValueError, lambda: sparsea.solve(A, Y, 1, start=starts))
    refuse("start holds 3 starts, but y is one vector", ValueError, lambda: sparsea.solve(A, y, 1, start=starts))


class Broken:
    """An operator whose products are what a test wants."""

    shape = (4, 3)
    dtype = np.dtype(float)

    def __init__(self, matvec: Callable[[Any], Any], rmatvec: Callable[[Any], Any] | None = None) -> None:
        self.matvec = matvec
        self.rmatvec = (lambda y: A.T @ y) if rmatvec is None else rmatvec


@pytest.mark.parametrize(
    ("operator", "said", "kind"),
    [
        (Broken(lambda _: np.ones(5)), "matvec of A must return 4 numbers (A has 4 rows), got shape (5,)", ValueError),
        (Broken(lambda _: 1.0), "matvec of A must return 4 numbers (A has 4 rows), got shape ()", ValueError),
        (Broken(lambda x: A @ x, lambda _: np.ones(4)), "rmatvec of A must return 3 numbers (A has 3 columns), got shape (4,)", ValueError),
        (Broken(lambda x: changed(A @ x, 2, np.nan)), "matvec of A returned nan at index 2 (counted from 0)", ValueError),
        (Broken(lambda x: A @ x, lambda _: np.full(3, np.inf)), "rmatvec of A returned inf at index 0", ValueError),
        (Broken(lambda _: None), "matvec of A must return numbers, got elements of type object", TypeError),
        (Broken(lambda x: (A @ x).astype(str)), "matvec of A must return numbers, got elements of type <U32", TypeError),
        (Broken(lambda x: A @ x + 1j), "matvec of A returned complex numbers, but A and y are real", ValueError),
    ],
)  # fmt: skip
def test_operators_that_return_something_else(operator: Any, said: str, kind: type[Exception]) -> None:
    refuse(said, kind, lambda: sparsea.solve(operator, y, 1))


def test_operators_that_are_none() -> None:
    class Half:
        shape = (4, 3)

        def matvec(self, x: Any) -> Any:
            return A @ x

    refuse("A has a matvec, but no rmatvec: Half", TypeError, lambda: sparsea.solve(Half(), y, 1))
    norms = Broken(lambda x: A @ x)
    norms.column_norms = [1.0, 2.0]  # type: ignore[attr-defined]
    refuse("column_norms has 2 entries, but A has 3 columns", ValueError, lambda: sparsea.solve(norms, y, 1))


class Counted:
    """A wide operator that counts its products."""

    shape = (6, 500)
    dtype = np.dtype(float)

    def __init__(self, adjoint: Callable[[Any], Any] | None) -> None:
        self.matrix = np.cos(np.arange(3000.0)).reshape(self.shape)
        self.calls = 0
        self.adjoint = adjoint

    def matvec(self, x: Any) -> Any:
        self.calls += 1
        return self.matrix @ x

    def rmatvec(self, y: Any) -> Any:
        self.calls += 1
        if self.adjoint is None:
            raise NotImplementedError
        return self.adjoint(y)


def uses(a: Any) -> list[Callable[[], Any]]:
    """Calls of every function that takes an operator."""
    data = np.ones(6)
    return [
        lambda: sparsea.solve(a, data, 1),
        lambda: sparsea.solve(a, np.stack([data, -data], axis=1), 1),
        lambda: sparsea.improve(a, data, support=[1]),
        lambda: sparsea.theory.coherence(a),
        lambda: sparsea.theory.exact_recovery_coefficient(a, [0]),
        lambda: sparsea.theory.restricted_isometry(a, 1, work=0),
        lambda: sparsea.theory.recovery(a, 1, work=0),
    ]


@pytest.mark.parametrize(
    ("adjoint", "said", "kind"),
    [
        (None, "A has no adjoint, which every algorithm needs; define rmatvec", TypeError),
        (lambda _: np.ones(6), "rmatvec of A must return 500 numbers (A has 500 columns), got shape (6,)", ValueError),
        (lambda _: np.ones((1, 500)), "rmatvec of A must return 500 numbers (A has 500 columns), got shape (1, 500)", ValueError),
        (lambda _: np.full(500, np.nan), "rmatvec of A returned nan at index 0 (counted from 0)", ValueError),
        (lambda _: np.full(500, 1j), "rmatvec of A returned complex numbers, but A and y are real", ValueError),
        (lambda _: None, "rmatvec of A must return numbers, got elements of type object", TypeError),
        (lambda _: "no", "rmatvec of A must return numbers, got elements of type <U2", TypeError),
    ],
)  # fmt: skip
def test_adjoints_are_tried_before_columns_are_measured(
    adjoint: Callable[[Any], Any] | None, said: str, kind: type[Exception]
) -> None:
    for at in range(7):
        operator = Counted(adjoint)
        refuse(said, kind, uses(operator)[at])
        assert operator.calls <= 2
        # With known norms, the adjoint comes first.
        operator.column_norms = np.linalg.norm(operator.matrix, axis=0)  # type: ignore[attr-defined]
        operator.calls = 0
        refuse(said, kind, uses(operator)[at])
        assert operator.calls <= 2


def test_operators_of_others_without_an_adjoint() -> None:
    class OfSciPy(LinearOperator):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(float, (6, 500))

        def _matvec(self, x: Any) -> Any:
            return x[:6]

    class OfPyLops(pylops.LinearOperator):  # type: ignore[misc]
        def _matvec(self, x: Any) -> Any:
            return x[:6]

    given = LinearOperator((6, 500), matvec=lambda x: x[:6], dtype=float)
    for operator in (given, OfSciPy(), OfPyLops(dtype=np.dtype(float), shape=(6, 500))):
        for use in uses(operator):
            refuse("A has no adjoint, which every algorithm needs; define rmatvec", TypeError, use)
    operator = Counted(None)
    operator.rmatvec = None  # type: ignore[method-assign]
    for use in uses(operator):
        refuse("A has a matvec, but no rmatvec: Counted", TypeError, use)


@pytest.mark.parametrize(
    ("norms", "said", "kind"),
    [
        ([1.0, 2.0], "column_norms has 2 entries, but A has 3 columns", ValueError),
        ([1.0, 2.0, 3.0, 4.0], "column_norms has 4 entries, but A has 3 columns", ValueError),
        ([1.0, -2.0, 1.0], "column_norms holds finite numbers of at least 0, got -2 at index 1 (counted from 0)", ValueError),
        ([1.0, 2.0, np.nan], "column_norms holds finite numbers of at least 0, got NaN at index 2 (counted from 0)", ValueError),
        (lambda: [np.inf, 2.0, 1.0], "column_norms holds finite numbers of at least 0, got inf at index 0", ValueError),
        ([1.0, 2.0, 1j], "column_norms holds complex numbers; norms are real", TypeError),
        (np.ones((3, 1)), "column_norms has shape (3, 1); a vector has one dimension", ValueError),
        (-2.0, "column_norms holds finite numbers of at least 0, got -2 at index 0 (counted from 0)", ValueError),
        (1j, "column_norms holds complex numbers; norms are real", TypeError),
        ("1", "column_norms holds elements of type <U1; numbers are needed", TypeError),
        (["a", "b", "c"], "column_norms holds elements of type <U1; numbers are needed", TypeError),
        ([1, 2, 10**400], "column_norms holds Python objects; numbers are needed", TypeError),
    ],
)  # fmt: skip
def test_norms_of_columns(norms: Any, said: str, kind: type[Exception]) -> None:
    operator = Broken(lambda x: A @ x)
    operator.column_norms = norms  # type: ignore[attr-defined]
    for data in (y, y + 0j, np.stack([y, y], axis=1)):
        refuse(said, kind, lambda data=data: sparsea.solve(operator, data, 1))  # type: ignore[misc]
    refuse(said, kind, lambda: sparsea.theory.coherence(operator))


@pytest.mark.parametrize("size", [4.0, True, "4", -4, 10**400, None])
def test_sizes_of_operators_are_whole_numbers(size: Any) -> None:
    operator = Broken(lambda x: A @ x)
    operator.shape = (size, 3)
    with pytest.raises((TypeError, ValueError), match="the number of rows of A"):
        sparsea.solve(operator, y, 1)


def test_other_keywords_are_refused() -> None:
    problem = sparsea.Problem(A, y)
    calls: list[Callable[..., Any]] = [
        lambda **o: sparsea.solve(A, y, 1, **o),
        lambda **o: sparsea.solve(A, y[:, None], 1, **o),
        lambda **o: sparsea.improve(A, y, support=[1], **o),
        lambda **o: sparsea.deconvolve(y, [1.0, 0.5], 1, **o),
        lambda **o: problem.solve(1, **o),
        lambda **o: problem.path([1], **o),
        lambda **o: problem.improve(support=[1], **o),
    ]
    for word in ("iteration", "Threads", "", "display", "names"):
        for call in calls:
            said = f"got an unexpected keyword argument '{word}'"
            refuse(said, TypeError, lambda call=call, word=word: call(**{word: None}))  # type: ignore[misc]
    # Of the problem, not of a run.
    for word in ("unit_columns", "memory", "check_adjoint"):
        given: Any = {word: 1}
        refuse("got an unexpected keyword", TypeError, lambda given=given: problem.solve(1, **given))  # type: ignore[misc]


def test_a_wrong_adjoint_is_found_when_asked_for() -> None:
    wrong = LinearOperator((4, 3), matvec=lambda x: A @ x, rmatvec=lambda y: 1.001 * A.T @ y, dtype=float)
    said = "apply and apply_adjoint are not adjoint: ⟨A u, v⟩ and ⟨u, Aᴴ v⟩ differ by"
    for data in (y, np.stack([y, y], axis=1)):
        refuse(said, ValueError, lambda data=data: sparsea.solve(wrong, data, 1, check_adjoint=True))  # type: ignore[misc]
    right = LinearOperator((4, 3), matvec=lambda x: A @ x, rmatvec=lambda y: A.T @ y, dtype=float)
    assert sparsea.solve(right, y, 1, check_adjoint=True) == sparsea.solve(right, y, 1)


@pytest.mark.parametrize(
    ("kernel", "options", "said", "kind"),
    [
        (np.ones(5), {}, "the kernel has 5 samples, more than the 4 of the trace", ValueError),
        (np.zeros(3), {}, "the kernel is all zero", ValueError),
        ([], {}, "the kernel is empty", ValueError),
        ([1.0, np.nan], {}, "the kernel contains NaN at index 1 (counted from 0)", ValueError),
        (A, {}, "y has shape (4,); an image, as of this kernel, has two dimensions", ValueError),
        (["a"], {}, "the kernel holds elements of type <U1", TypeError),
        ("gausian:3", {}, "'gausian:3' is no known shape; the shapes are gaussian:SIGMA, exponential:TAU", ValueError),
        ("gaussian:3", {}, "the kernel has 49 samples, more than the 4 of the trace; gaussian:SIGMA spans 2*ceil(", ValueError),
        ("gaussian:3", {}, "2*ceil(8*SIGMA)+1 samples, so SIGMA must be smaller here, at most 0.125", ValueError),
        ("gaussian:0", {}, "greater than 0 and finite, got 0", ValueError),
        ("gaussian:-2", {}, "greater than 0 and finite, got -2", ValueError),
        ("gaussian:nan", {}, "greater than 0 and finite, got NaN", ValueError),
        ("gaussian:abc", {}, "'abc' is not a number; write gaussian:SIGMA, as gaussian:3", ValueError),
        ("gaussian", {}, "gaussian needs its width, as gaussian:3", ValueError),
        ("gaussian:1e30", {}, "more than 10⁸ samples", ValueError),
        ("exponential:0", {}, "greater than 0 and finite, got 0", ValueError),
        ("exponential:x", {}, "'x' is not a number; write exponential:TAU", ValueError),
        (three, {"baseline": "weird"}, "baseline must be none, mean, median or quantile:P with P from 0 to 1, got 'weird'", ValueError),
        (three, {"baseline": "quantile:2"}, "quantile:P with P from 0 to 1", ValueError),
        (three, {"baseline": None}, "quantile:P with P from 0 to 1, got None", ValueError),
        (three + 0j, {"baseline": "weird"}, "quantile:P with P from 0 to 1", ValueError),
        (three, {"boundary": "open"}, "boundary must be one of 'full', 'same', 'valid', 'circular', got 'open'", ValueError),
        (three, {"origin": 3}, "the kernel has 3 samples, so none at 3", ValueError),
        (three, {"origin": 3, "boundary": "full"}, "the kernel has 3 samples, so none at 3", ValueError),
        (three, {"image": True}, "y has shape (4,); an image, as of this kernel, has two dimensions", ValueError),
        ([three, three], {}, "y has shape (4,); an image, as of this kernel, has two dimensions", ValueError),
        ([three, three], {"image": False}, "traces take a kernel of one dimension; one of two is for an image", ValueError),
        (three, {"origin": -1}, "origin must be a whole number of at least 0, got -1", ValueError),
    ],
)  # fmt: skip
def test_kernels_and_traces(kernel: Any, options: dict[str, Any], said: str, kind: type[Exception]) -> None:
    refuse(said, kind, lambda: sparsea.deconvolve(y, kernel, 1, **options))


def test_deconvolutions() -> None:
    said = "k must be between 0 and 2 (the number of columns), got 3"
    refuse(said, ValueError, lambda: sparsea.deconvolve(y, three, 3, boundary="full"))
    refuse(
        "y has shape (4, 3) and the kernel a name: say image=True",
        ValueError,
        lambda: sparsea.deconvolve(A, "gaussian:.1", 1),
    )
    refuse("baseline is for real traces", ValueError, lambda: sparsea.deconvolve(y + 1j, three, 1, baseline="mean"))
    refuse("n must be a whole number of at least 0, got -1", ValueError, lambda: sparsea.Convolution(three, -1))
    refuse("A must have at least one row", ValueError, lambda: sparsea.Convolution(three, 0))
    refuse(
        "the vector has 3 entries, but A has 4 columns", ValueError, lambda: sparsea.Convolution(three, 4).matvec(three)
    )


def test_improvements() -> None:
    give = "give what to improve by support or x, one of them"
    refuse(give, TypeError, lambda: sparsea.improve(A, y))
    refuse(give, TypeError, lambda: sparsea.improve(A, y, support=[1], x=three))
    refuse(
        "the support to improve is empty", ValueError, lambda: sparsea.improve(A, y, support=np.array([], dtype=int))
    )
    refuse("x holds no non-zero to improve", ValueError, lambda: sparsea.improve(A, y, x=np.zeros(3)))
    refuse("k must be at least 2, the non-zeros of x, got 1", ValueError, lambda: sparsea.improve(A, y, 1, x=[0, 1, 2]))
    refuse(
        "k must be at least 2, the non-zeros of the support, got 1",
        ValueError,
        lambda: sparsea.improve(A, y, 1, support=[0, 1]),
    )
    refuse(
        "k must be at least 1, the non-zeros of the support, got 0",
        ValueError,
        lambda: sparsea.improve(A, y, 0, support=[0]),
    )
    refuse("support must hold whole numbers", ValueError, lambda: sparsea.improve(A, y, support=[0.5]))
    refuse(
        "the start vector has 2 entries, but A has 3 columns", ValueError, lambda: sparsea.improve(A, y, x=[1.0, 2.0])
    )
    refuse(
        "y has shape (4, 3); one vector is improved at a time", ValueError, lambda: sparsea.improve(A, A, support=[0])
    )


@pytest.mark.parametrize(
    ("options", "said", "kind"),
    [
        ({"truth": [0, 0, 0]}, "truth holds no non-zero, so there is no support to find", ValueError),
        ({"truth": [1, 2]}, "truth has 2 entries, but A has 3 columns", ValueError),
        ({"truth": [1, np.nan, 0]}, "truth contains nan at index 1 (counted from 0)", ValueError),
        ({"truth": [1, 1, 0]}, "the true x has 2 non-zeros, but k is 1", ValueError),
        ({"truth": [1, 0, 0], "noise": three}, "noise has 3 entries, but A has 4 rows", ValueError),
        ({"truth": [1, 0, 0], "noise_norm": -1.0}, "noise_norm must be a finite number of at least 0, got -1.0", ValueError),
        ({"truth": [1, 0, 0], "start": y}, "start has 4 entries, but A has 3 columns", ValueError),
        ({"truth": [1, 0, 0], "step_size": 0}, "step_size must be a finite number greater than 0, got 0", ValueError),
        ({"truth": [1, 0, 0], "noise": y, "noise_norm": 1.0}, "give noise or noise_norm, not both", TypeError),
        ({"noise_norm": 1.0}, "noise and start go with truth", TypeError),
        ({"work": -1}, "work must be a finite number of at least 0, got -1", ValueError),
    ],
)  # fmt: skip
def test_theory(options: dict[str, Any], said: str, kind: type[Exception]) -> None:
    refuse(said, kind, lambda: sparsea.theory.recovery(A, 1, **options))


def test_theory_of_operators_that_have_none() -> None:
    zero = changed(A, (slice(None), 1), 0)
    refuse("column 1 of A is zero (counted from 0)", ValueError, lambda: sparsea.theory.coherence(zero))
    refuse(
        "order must be a whole number of at least 1, got 0",
        ValueError,
        lambda: sparsea.theory.restricted_isometry(A, 0),
    )
    refuse(
        "the support contains 5, but A has 3 columns",
        ValueError,
        lambda: sparsea.theory.exact_recovery_coefficient(A, [5]),
    )
    refuse("k must be between 1 and 3", ValueError, lambda: sparsea.theory.recovery(A, 7))
