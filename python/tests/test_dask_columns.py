"""More columns than one machine holds: the answers of the local algorithms, whatever chunks and workers."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import sparsea

dask = pytest.importorskip("dask")
distributed = pytest.importorskip("distributed")
import dask.array as da  # noqa: E402

from sparsea.dask import Columns  # noqa: E402

M, N, K = 40, 600, 5


@pytest.fixture
def three(clusters: dict[int, Any]) -> Iterator[Any]:
    """The current client, of a cluster of 3 workers."""
    with clusters[3].as_current() as current:
        yield current


def planted(rng: np.random.Generator, form: str) -> tuple[Any, Any, Any]:
    """A of some form, as an array, y with noise, and the support."""
    A: Any = rng.standard_normal((M, N))
    if form == "complex":
        A = A + 1j * rng.standard_normal((M, N))
    elif form == "int8":
        A = rng.integers(-9, 10, (M, N), dtype=np.int8)
    elif form == "float32":
        A = A.astype(np.float32)
    elif form == "sparse":
        A[rng.random((M, N)) < 0.7] = 0
    support = np.sort(rng.choice(N, K, replace=False))
    y = A[:, support] @ (1.0 + rng.random(K)) + 0.1 * rng.standard_normal(M)
    return A, y, support


def chunked(A: Any, chunks: Any, *, sparse: bool = False) -> Any:
    """A in chunks of columns; of sparse matrices if these are asked for."""
    array = da.from_array(A, chunks=(M, chunks))
    if not sparse:
        return array
    scipy_sparse = pytest.importorskip("scipy.sparse")
    return array.map_blocks(scipy_sparse.csc_matrix, dtype=A.dtype, meta=scipy_sparse.csc_matrix((0, 0), dtype=A.dtype))


@pytest.mark.parametrize("form", ["real", "complex", "int8", "float32", "sparse"])
@pytest.mark.usefixtures("three")
def test_omp_is_the_local_one(rng: np.random.Generator, form: str) -> None:
    A, y, _ = planted(rng, form)
    for k in (0, 7):
        local = sparsea.solve(A, y, k, algorithm="omp")
        found = Columns(chunked(A, 171, sparse=form == "sparse")).solve(y, k, algorithm="omp")
        assert found.support.tolist() == local.support.tolist()
        np.testing.assert_allclose(found.coefficients, local.coefficients, rtol=1e-10)
        assert found.residual_norm == pytest.approx(local.residual_norm, rel=1e-12)
        assert found.n == N


@pytest.mark.parametrize(("lower", "upper"), [(0, None), (-1.2, 1.2), (None, 0)])
@pytest.mark.usefixtures("three")
def test_bounds(rng: np.random.Generator, lower: Any, upper: Any) -> None:
    A, y, _ = planted(rng, "real")
    y = -y if upper == 0 else y
    for algorithm in ("omp", "search"):
        local = sparsea.solve(A, y, K, algorithm=algorithm, bounds=(lower, upper))
        found = Columns(chunked(A, 171)).solve(y, K, algorithm=algorithm, bounds=(lower, upper))
        assert found.residual_norm == pytest.approx(local.residual_norm, rel=1e-9)
        assert found.support.tolist() == local.support.tolist()
        assert found.coefficients.min() >= (-np.inf if lower is None else lower)
        assert found.coefficients.max() <= (np.inf if upper is None else upper)
    if lower == 0:
        same = Columns(chunked(A, 171)).solve(y, K, nonnegative=True)
        assert same.coefficients.tolist() == found.coefficients.tolist()


@pytest.mark.parametrize("form", ["real", "complex", "int8", "sparse"])
def test_search_finds_the_same_bits_in_any_chunks(
    clusters: dict[int, Any], rng: np.random.Generator, form: str
) -> None:
    A, y, support = planted(rng, form)
    answers = []
    for client in (*clusters.values(), None):
        for chunks in (N, 171, (1, 299, 300)):
            columns = Columns(chunked(A, chunks, sparse=form == "sparse"), client=client, keep=chunks != 171)
            answers.append(columns.solve(y, K))
    assert answers[0].support.tolist() == support.tolist() == sparsea.solve(A, y, K).support.tolist()
    for answer in answers:
        assert answer.support.tolist() == support.tolist()
        assert answer.coefficients.tolist() == answers[0].coefficients.tolist()
        assert answer.residual_norm == answers[0].residual_norm


def test_search_goes_beyond_its_first_columns(rng: np.random.Generator) -> None:
    """Columns that correlate hardly with y are found by what they explain in place of others."""
    found = greedy = 0
    for _ in range(8):
        A = rng.standard_normal((60, 20_000)).astype(np.float32)
        support = np.sort(rng.choice(20_000, 3, replace=False))
        y = A[:, support].astype(float) @ [1.0, 0.9, 0.6]
        # A column close to y, which omp chooses first, and cannot give up.
        A[:, support[0] - 1] = y + 0.4 * rng.standard_normal(60)
        array = da.from_array(A, chunks=(60, 4096))
        greedy += Columns(array).solve(y, 3, algorithm="omp").relative_residual < 1e-5
        found += Columns(array).solve(y, 3).relative_residual < 1e-5
    assert greedy == 0
    assert found >= 6


@pytest.mark.parametrize("algorithm", ["omp", "search"])
def test_an_exact_fit_ends_the_run(rng: np.random.Generator, algorithm: str) -> None:
    A, _, support = planted(rng, "real")
    y = A[:, support] @ np.arange(1.0, K + 1)
    for k in (K, K + 4):
        found = Columns(chunked(A, 171)).solve(y, k, algorithm=algorithm)
        local = sparsea.solve(A, y, k, algorithm=algorithm)
        assert found.support.tolist() == local.support.tolist() == support.tolist()
        assert found.stop_reason == local.stop_reason == "exact_fit"


@pytest.mark.parametrize("form", ["real", "complex", "int8", "sparse"])
@pytest.mark.parametrize("algorithm", ["omp", "search"])
def test_an_intercept(rng: np.random.Generator, form: str, algorithm: str) -> None:
    A, y, support = planted(rng, form)
    A[:, 7] = 3
    y = 5000 + y
    columns = Columns(chunked(A, 171, sparse=form == "sparse"))
    found = columns.solve(y, K, algorithm=algorithm, intercept=True)
    local = sparsea.solve(A, y, K, algorithm=algorithm, intercept=True)
    assert found.support.tolist() == local.support.tolist()
    assert found.has_intercept
    np.testing.assert_allclose(found.coefficients, local.coefficients, rtol=1e-6)
    np.testing.assert_allclose(found.intercept, local.intercept, rtol=1e-9)
    assert algorithm == "omp" or found.support.tolist() == support.tolist()


@pytest.mark.parametrize("bounds", [(0, None), (-2, 2)])
def test_an_intercept_with_bounds(rng: np.random.Generator, bounds: Any) -> None:
    A, y, support = planted(rng, "real")
    found = Columns(chunked(A, 171)).solve(y - 900, K, intercept=True, bounds=bounds)
    local = sparsea.solve(A, y - 900, K, intercept=True, bounds=bounds)
    assert found.support.tolist() == local.support.tolist() == support.tolist()
    assert found.residual_norm == pytest.approx(local.residual_norm, rel=1e-9)


def test_a_forgotten_intercept_is_warned_of(rng: np.random.Generator) -> None:
    A, y, _ = planted(rng, "real")
    # Of many columns one is near to a constant by chance, and nothing is said of any A.
    columns = Columns(chunked(A[:, :80], 30))
    with pytest.warns(UserWarning, match="most of y is a constant") as warned:
        columns.solve(5000 + y, K)
    assert len(warned) == 1
    columns.solve(5000 + y, K, intercept=False)


def test_limits_are_named(rng: np.random.Generator) -> None:
    A, y, _ = planted(rng, "real")
    columns = Columns(chunked(A, 171))
    for algorithm in ("omp", "search"):
        cut = columns.solve(y, K, algorithm=algorithm, time=0)
        assert (cut.stop_reason, cut.support.tolist()) == ("time", [])
    assert columns.solve(y, K, iterations=1).stop_reason == "iterations"


@pytest.mark.parametrize("sparse", [False, True])
def test_narrow_columns_are_searched_like_wide_ones(rng: np.random.Generator, sparse: bool) -> None:
    A, y, _ = planted(rng, "int8")
    runs = []
    for matrix in (A, A.astype(np.float64)):
        columns = Columns(chunked(matrix, 171, sparse=sparse))
        solution = columns.solve(y, K)
        runs.append((solution.support.tolist(), solution.coefficients.tolist(), columns.traffic.rounds))
    assert runs[0] == runs[1]


@pytest.mark.parametrize("form", ["real", "complex", "int8", "sparse"])
@pytest.mark.usefixtures("three")
def test_products_and_columns(rng: np.random.Generator, form: str) -> None:
    A, y, _ = planted(rng, form)
    columns = Columns(chunked(A, 171, sparse=form == "sparse"))
    x = np.where(rng.random(N) < 0.1, rng.standard_normal(N), 0.0)
    np.testing.assert_allclose(columns.matvec(x), A @ x, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(columns.rmatvec(y), A.conj().T @ y, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(columns.column_norms, np.linalg.norm(A.astype(complex), axis=0), rtol=1e-13)
    assert columns.matvec(np.zeros(N)).tolist() == [0.0] * M
    wanted = [5, 599, 0, 300, 5]
    taken = columns.select(wanted)
    np.testing.assert_array_equal(taken.toarray() if form == "sparse" else taken, A[:, wanted])
    assert columns.select([]).shape == (M, 0)
    best = columns.strongest(y, 7, left_out=[3, 4])
    scores = (
        np.abs(A.conj().T.astype(np.result_type(A, float)) @ y) ** 2 / np.linalg.norm(A.astype(complex), axis=0) ** 2
    )
    scores[[3, 4]] = 0.0
    np.testing.assert_array_equal(best.columns, np.argsort(-scores, kind="stable")[:7])
    np.testing.assert_allclose(best.scores, np.sort(scores)[::-1][:7], rtol=1e-10)


def test_every_algorithm_takes_columns_as_an_operator(clusters: dict[int, Any], rng: np.random.Generator) -> None:
    A, y, _ = planted(rng, "real")
    columns = Columns(chunked(A, 300), client=clusters[3])
    for algorithm, iterations in [("niht", 4), ("ols", None)]:
        local = sparsea.solve(A, y, K, algorithm=algorithm, iterations=iterations)
        found = sparsea.solve(columns, y, K, algorithm=algorithm, iterations=iterations)
        assert found.support.tolist() == local.support.tolist()
        assert found.residual_norm == pytest.approx(local.residual_norm, rel=1e-9)


def test_what_travels(clusters: dict[int, Any], rng: np.random.Generator) -> None:
    """m numbers and a list of columns for each worker and residual, and the columns that join: n has no part in it."""
    m, k = 50, 4
    traffic = {}
    for n in (4_000, 20_000):
        A = rng.standard_normal((m, n))
        y = A[:, rng.choice(n, k, replace=False)] @ np.ones(k)
        columns = Columns(da.from_array(A, chunks=(m, n // 4)), client=clusters[3])
        assert columns.traffic.received <= 64
        columns.solve(y, k, algorithm="omp")
        traffic[n] = columns.traffic
        rounds = k * 2
        # A residual, its loss and the members for each of three workers; a column and a score; a column of A.
        assert columns.traffic.sent <= 3 * k * 8 * (m + 1 + k) + 8 * k
        assert columns.traffic.received <= 64 + rounds * 16 + k * 8 * m
    assert traffic[4_000] == traffic[20_000]


def slowly(block: Any) -> Any:
    """A chunk that takes a while to make."""
    time.sleep(0.05)
    return block


def test_a_worker_that_is_killed(rng: np.random.Generator) -> None:
    A, y, _ = planted(rng, "real")
    expected = Columns(chunked(A, 171)).solve(y, K)
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": "127.0.0.1:0"}
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster) as client:
        columns = Columns(chunked(A, 171).map_blocks(slowly, dtype=A.dtype))
        process = next(iter(client.run(os.getpid).values()))
        begun, answers = columns.traffic.rounds, []
        run = threading.Thread(target=lambda: answers.append(columns.solve(y, K)))
        run.start()
        while columns.traffic.rounds < begun + 2:
            assert run.is_alive()
            time.sleep(0.005)
        os.kill(process, signal.SIGKILL)
        run.join(timeout=60)
    assert len(answers) == 1
    assert answers[0].support.tolist() == expected.support.tolist()
    assert answers[0].coefficients.tolist() == expected.coefficients.tolist()
    assert answers[0].supports_explored == expected.supports_explored


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.usefixtures("three")
def test_an_error_names_the_place_in_all_of_a(rng: np.random.Generator, sparse: bool) -> None:
    A, _, _ = planted(rng, "real")
    A[3, 2 * 171 + 157] = np.nan
    A[1, 3 * 171 + 2] = np.inf
    with pytest.raises(ValueError, match=r"^A contains nan at row 3, column 499 \(counted from 0\)$") as raised:
        Columns(chunked(A, 171, sparse=sparse))
    assert isinstance(raised.value, sparsea.Error)


@pytest.mark.parametrize(
    ("arguments", "options", "said", "error"),
    [
        ((np.ones(5), 2), {}, "y has 5 entries, but A has 40 rows", ValueError),
        ((np.ones((M, 2)), 2), {}, r"y has shape \(40, 2\); columns on workers take one vector", ValueError),
        ((np.full(M, np.inf), 2), {}, r"y contains inf at index 0 \(counted from 0\)", ValueError),
        ((np.ones(M), 41), {}, r"k must be between 0 and 40 \(the number of rows\), got 41", ValueError),
        ((np.ones(M), 2), {"algorithm": "sea"}, "are search and omp, got 'sea'", ValueError),
        (
            (np.ones(M), 2),
            {"bounds": (1, 2)},
            "each lower bound must be at most 0, so that a coefficient may be 0; got 1.0",
            ValueError,
        ),
        ((np.ones(M), 2), {"bounds": (np.zeros(N), 2)}, r"lower bounds have shape \(600,\)", ValueError),
        ((np.ones(M), 2), {"time": -1}, "time must be a finite number of seconds of at least 0, got -1", ValueError),
        ((np.ones(M), 2), {"settings": {"speed": 3}}, "unknown setting 'speed' for search", ValueError),
        ((np.ones(M), 2), {"groups": np.ones(N)}, "unexpected keyword argument 'groups'", TypeError),
        ((np.ones(M) * 1j, 2), {"nonnegative": True}, "a bound on coefficients works on real data only", ValueError),
    ],
)
def test_what_is_refused(
    rng: np.random.Generator, arguments: Any, options: dict[str, Any], said: str, error: type[Exception]
) -> None:
    columns = Columns(chunked(planted(rng, "real")[0], 200))
    before = columns.traffic
    with pytest.raises(error, match=said):
        columns.solve(*arguments, **options)
    assert columns.traffic == before


def test_what_is_no_matrix_of_columns() -> None:
    with pytest.raises(TypeError, match="A must be a Dask array, got"):
        Columns(np.ones((3, 3)))
    with pytest.raises(ValueError, match=r"A has shape \(3,\); it must have two dimensions"):
        Columns(da.ones(3))
    with pytest.raises(ValueError, match=r"A has shape \(0, 3\)"):
        Columns(da.ones((0, 3)))
    with pytest.raises(TypeError, match="A holds elements of type"):
        Columns(da.from_array(np.array([["a"]])))
    with pytest.raises(ValueError, match=r"column 3 is not one of A, which has 3 \(counted from 0\)"):
        Columns(da.ones((3, 3))).select([3])
    with pytest.raises(ValueError, match=r"the norm of column 2 of A \(counted from 0\) is not finite"):
        Columns(da.from_array(np.array([[1.0, 2.0, 1e300], [1.0, 2.0, 1e300]]), chunks=(2, 2)))
    with pytest.raises(ValueError, match=r"x has shape \(2,\), but A has 3 columns"):
        Columns(da.ones((3, 3))).matvec([1, 2])
