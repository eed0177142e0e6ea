"""Many signals on a cluster: the bits of the local batch, and what is said of bad input."""

from __future__ import annotations

import doctest
import inspect
import os
import pickle
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sparsea

dask = pytest.importorskip("dask")
distributed = pytest.importorskip("distributed")
import dask.array as da  # noqa: E402

import sparsea.dask  # noqa: E402

M, N, COUNT = 24, 50, 53


def signals(rng: np.random.Generator, scalar: str = "real") -> tuple[Any, Any]:
    """A and noisy Y."""
    A = rng.standard_normal((M, N))
    if scalar == "complex":
        A = A + 1j * rng.standard_normal((M, N))
    X = np.zeros((N, COUNT))
    for column in X.T:
        column[rng.choice(N, 3, replace=False)] = rng.choice([-1.0, 1.0], 3) * (1 + rng.random(3))
    return A, A @ X + 0.1 * rng.standard_normal((M, COUNT))


def same(found: sparsea.dask.BatchSolution, expected: Any) -> None:
    """Assert that both are the same to the last bit; the signals of `found` are its last axis."""
    for at, one in enumerate(expected):
        size = len(one.support)
        assert found.support[:size, at].tolist() == one.support.tolist()
        assert found.coefficients[:size, at].tolist() == one.coefficients.tolist()
        assert found.residual_norms[at] == one.residual_norm
        assert found.stop_reasons[at] == one.stop_reason
        assert (found.support[size:, at] == -1).all()
        assert not found.coefficients[size:, at].any()
    assert found.support.shape[1] == len(expected)


@pytest.mark.parametrize("scalar", ["real", "complex"])
@pytest.mark.parametrize("chunks", [(M, COUNT), (7, 10), (M, (1, 30, 22))])
@pytest.mark.usefixtures("client")
def test_the_bits_of_the_local_batch(rng: np.random.Generator, chunks: Any, scalar: str) -> None:
    A, Y = signals(rng, scalar)
    for order in ("C", "F"):
        matrix = np.array(A, order=order)
        same(sparsea.dask.solve(matrix, da.from_array(Y, chunks=chunks), 3).compute(), sparsea.solve(matrix, Y, 3))


OPTIONS: list[dict[str, Any]] = [
    {"algorithm": "omp+sea", "iterations": 20},
    {"algorithm": "sea", "settings": {"step_size": 0.5}, "start": "random:7"},
    {"nonnegative": True, "start": "omp"},
    {"bounds": (-1.5, np.linspace(0, 2, N))},
    {"intercept": True, "weights": np.linspace(1, 2, M), "fixed": [4], "exclude": [5]},
    {"groups": np.arange(N) // 3},
    {"ridge": 0.5, "threads": 2},
    {"algorithm": "omp", "sum_to": 1.0},
    {"start": [0, 1, 2]},
]


@pytest.mark.parametrize("options", OPTIONS)
def test_options(clusters: dict[int, Any], rng: np.random.Generator, options: dict[str, Any]) -> None:
    A, Y = signals(rng)
    expected = sparsea.solve(A, Y, 3, **options)
    with clusters[3].as_current():
        found = sparsea.dask.solve(A, da.from_array(Y, chunks=(M, 11)), 3, **options).compute()
    same(found, expected)
    if options.get("intercept"):
        assert found.intercepts is not None
        assert found.fixed_coefficients is not None
        assert found.intercepts.tolist() == expected.intercepts.tolist()
        assert found.fixed_coefficients[0].tolist() == [one.fixed_coefficients[0] for one in expected]
    else:
        assert found.intercepts is None


@pytest.mark.usefixtures("client")
def test_gaps_and_sparsities_of_each_signal(rng: np.random.Generator) -> None:
    A, Y = signals(rng)
    Y[rng.random(Y.shape) < 0.1] = np.nan
    ks = rng.integers(0, 5, COUNT)
    expected = sparsea.solve(A, Y, ks, missing="drop")
    same(sparsea.dask.solve(A, da.from_array(Y, chunks=(9, 8)), ks, missing="drop").compute(), expected)


class Called:
    """An operator that is known by its products."""

    def __init__(self, matrix: Any) -> None:
        self.matrix, self.shape, self.dtype = matrix, matrix.shape, matrix.dtype

    def matvec(self, x: Any) -> Any:
        """A x."""
        return self.matrix @ x

    def rmatvec(self, y: Any) -> Any:
        """Aᵀ y."""
        return self.matrix.T @ y


def test_operators(rng: np.random.Generator) -> None:
    sparse = pytest.importorskip("scipy.sparse")
    A, Y = signals(rng)
    kernel = sparsea.Convolution(sparsea.gaussian(1.0), M, boundary="same")
    few = sparse.random_array((M, N), density=0.3, rng=rng)
    narrow = (10 * A).astype(np.int8)
    for operator in [kernel, few, Called(A), narrow, sparsea.PartialDCT(N, np.arange(M))]:
        data = Y[: operator.shape[0]]
        found = sparsea.dask.solve(operator, da.from_array(data, chunks=(M, 20)), 3)
        same(found.compute(scheduler="threads"), sparsea.solve(operator, data, 3))
    # What is contiguous in neither order is copied.
    strided = rng.standard_normal((M, 2 * N))[:, ::2]
    found = sparsea.dask.solve(strided, da.from_array(Y, chunks=(M, 20)), 3)
    same(found.compute(scheduler="sync"), sparsea.solve(strided.copy(order="K"), Y, 3))


def test_what_a_worker_keeps_is_read_once(rng: np.random.Generator) -> None:
    A, Y = signals(rng)
    calls: list[int] = []

    class Counted(Called):
        def rmatvec(self, y: Any) -> Any:
            calls.append(1)
            return super().rmatvec(y)

        def matvec(self, x: Any) -> Any:
            calls.append(1)
            return super().matvec(x)

    counts = []
    for chunks in (COUNT, 10):
        calls.clear()
        sparsea.dask.solve(Counted(A), da.from_array(Y, chunks=(M, chunks)), 3, algorithm="omp").compute(
            scheduler="sync"
        )
        counts.append(len(calls))
    # Column norms take N products, which blocks do not make again.
    assert counts[1] < counts[0] + N


@pytest.mark.usefixtures("client")
def test_a_cube_as_it_comes(rng: np.random.Generator) -> None:
    A, Y = signals(rng)
    cube = np.moveaxis(Y[:, :48].reshape(M, 6, 8), 0, -1)
    batch = sparsea.dask.solve(A, da.from_array(cube, chunks=(4, 5, 10)), 3, axis=-1)
    assert batch.support.shape == batch.coefficients.shape == (6, 8, 3)
    assert batch.residual_norms.shape == (6, 8)
    found = batch.compute()
    flat = sparsea.dask.BatchSolution(
        np.moveaxis(found.support, -1, 0).reshape(3, -1),
        np.moveaxis(found.coefficients, -1, 0).reshape(3, -1),
        found.residual_norms.ravel(),
        found.stop_reasons.ravel(),
    )
    same(flat, sparsea.solve(A, Y[:, :48], 3))
    cube[5, 6, 7] = np.inf
    with pytest.raises(ValueError, match=r"^Y contains inf at row 7, signal \(5, 6\) \(counted from 0\)$"):
        sparsea.dask.solve(A, da.from_array(cube, chunks=(4, 5, 10)), 3, axis=2).compute()


def test_arrays_of_a_batch_are_solved_once(rng: np.random.Generator, tmp_path: Path) -> None:
    A, Y = signals(rng)
    solved: list[int] = []

    class Counted(Called):
        # Asked once for every block: the batch begins with the correlations of all its columns.
        column_norms = np.linalg.norm(A, axis=0)

        def rmatvec(self, y: Any) -> Any:
            solved.append(1)
            return super().rmatvec(y)

    batch = sparsea.dask.solve(Counted(A), da.from_array(Y, chunks=(M, 20)), 1, algorithm="omp")
    with dask.config.set(scheduler="sync"):
        alone = batch.compute()
        once = len(solved)
        support, coefficients, norms, reasons = dask.compute(
            batch.support, batch.coefficients, batch.residual_norms, batch.stop_reasons
        )
        assert len(solved) == 2 * once
        kept = batch.persist()
        assert len(solved) == 3 * once
        kept.support.compute()
        kept.to_parquet(tmp_path / "kept")
        assert len(solved) == 3 * once
    for one, other in zip(alone, (support, coefficients, norms, reasons), strict=False):
        np.testing.assert_array_equal(one, other)
    assert repr(kept) == "<Batch of 53 signals in 3 blocks, k = 1>"


@pytest.mark.usefixtures("client")
def test_a_frame_names_signals(rng: np.random.Generator, tmp_path: Path) -> None:
    dd = pytest.importorskip("dask.dataframe", exc_type=ImportError)
    pd = pytest.importorskip("pandas")
    A, Y = signals(rng)
    names = [f"s{at}" for at in range(5)]
    frame = pd.DataFrame(Y[:, :5], columns=names)
    columns = pd.DataFrame(A, columns=[f"a{at}" for at in range(N)])
    expected = sparsea.solve(columns, Y[:, :5], 3)
    batch = sparsea.dask.solve(columns, dd.from_pandas(frame, npartitions=3), 3)
    assert batch.signals == tuple(names)
    same(batch.compute(), expected)
    batch.to_parquet(tmp_path / "table")
    table = pd.read_parquet(tmp_path / "table" / "coefficients")
    for name, one in zip(names, expected, strict=True):
        mine = table[table["signal"] == name]
        assert mine["name"].tolist() == list(one.support_names_)
        assert mine["coefficient"].tolist() == one.coefficients.tolist()
    frame.loc[3, "s4"] = np.nan
    with pytest.raises(ValueError, match=r"^Y contains nan at row 3, column 's4' \(counted from 0\); with missing="):
        sparsea.dask.solve(A, dd.from_pandas(frame, npartitions=3), 3).compute()


@pytest.mark.usefixtures("client")
def test_zarr(rng: np.random.Generator, tmp_path: Path) -> None:
    zarr = pytest.importorskip("zarr")
    A, Y = signals(rng)
    da.from_array(Y, chunks=(M, 10)).to_zarr(str(tmp_path / "signals"))
    batch = sparsea.dask.solve(A, da.from_zarr(str(tmp_path / "signals")).rechunk((M, (1, 30, 22))), 3, intercept=True)
    batch.to_zarr(tmp_path / "solved")
    group = zarr.open_group(tmp_path / "solved", mode="r")
    reasons = np.array(group.attrs["stop_reasons"])[group["stop_reasons"][:]]
    found = sparsea.dask.BatchSolution(
        group["support"][:], group["coefficients"][:], group["residual_norms"][:], reasons
    )
    expected = sparsea.solve(A, Y, 3, intercept=True)
    same(found, expected)
    assert group["intercepts"][:].tolist() == expected.intercepts.tolist()


def rows_of(path: Path) -> Any:
    """What Parquet holds of a batch: residual norms, and coefficients by signal and column."""
    pd = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    table = pd.read_parquet(path / "coefficients")
    norms = pd.read_parquet(path / "signals")
    entries = list(zip(table["signal"], table["column"], table["coefficient"], strict=True))
    return sorted(entries), sorted(zip(norms["signal"], norms["residual_norm"], strict=True))


def expected_rows(solutions: Any) -> Any:
    """The same of solutions."""
    entries = [
        (at, j, x) for at, one in enumerate(solutions) for j, x in zip(one.support, one.coefficients, strict=True)
    ]
    return sorted(entries), [(at, one.residual_norm) for at, one in enumerate(solutions)]


@pytest.mark.usefixtures("client")
def test_parquet(rng: np.random.Generator, tmp_path: Path) -> None:
    A, Y = signals(rng)
    batch = sparsea.dask.solve(A, da.from_array(Y, chunks=(M, 9)), 3)
    batch.to_parquet(tmp_path / "solved")
    assert rows_of(tmp_path / "solved") == expected_rows(sparsea.solve(A, Y, 3))
    with pytest.raises(ValueError, match="is there; with overwrite=True it is replaced"):
        batch.to_parquet(tmp_path / "solved")
    sparsea.dask.solve(A, da.from_array(Y, chunks=(M, 50)), 2).to_parquet(tmp_path / "solved", overwrite=True)
    assert rows_of(tmp_path / "solved") == expected_rows(sparsea.solve(A, Y, 2))


def slowly(block: Any) -> Any:
    """A block, after a while."""
    time.sleep(0.2)
    return block


def test_a_worker_that_is_killed(rng: np.random.Generator, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    A, Y = signals(rng)
    blocks = da.from_array(Y, chunks=(M, 4)).map_blocks(slowly, dtype=Y.dtype)
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": "127.0.0.1:0"}
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster) as client:
        processes = client.run(os.getpid)
        written = client.compute(sparsea.dask.solve(A, blocks, 3).to_parquet(tmp_path / "solved", compute=False))
        while not list(tmp_path.glob("solved/signals/*.parquet")):
            assert written.status == "pending"
            time.sleep(0.01)
        os.kill(next(iter(processes.values())), signal.SIGKILL)
        assert written.status == "pending"
        written.result(timeout=60)
    assert rows_of(tmp_path / "solved") == expected_rows(sparsea.solve(A, Y, 3))
    assert len(list(tmp_path.glob("solved/signals/*"))) == 14


def test_parquet_of_complex_numbers_and_cubes(rng: np.random.Generator, tmp_path: Path) -> None:
    pd = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    A, Y = signals(rng, "complex")
    cube = da.from_array(Y[:, :12].reshape(M, 3, 4), chunks=(M, 2, 3))
    sparsea.dask.solve(A, cube, 3, intercept=True).to_parquet(tmp_path / "solved")
    expected = sparsea.solve(A, Y[:, :12], 3, intercept=True)
    table = pd.read_parquet(tmp_path / "solved" / "coefficients").sort_values(["signal_0", "signal_1", "column"])
    values = table["coefficient_real"] + 1j * table["coefficient_imag"]
    assert values.tolist() == [x for one in expected for x in one.coefficients]
    places = pd.read_parquet(tmp_path / "solved" / "signals").sort_values(["signal_0", "signal_1"])
    assert (places["intercept_real"] + 1j * places["intercept_imag"]).tolist() == expected.intercepts.tolist()
    assert places["signal_1"].tolist() == [0, 1, 2, 3] * 3


@pytest.mark.usefixtures("client")
def test_an_error_names_the_place_in_all_signals(rng: np.random.Generator) -> None:
    A, Y = signals(rng)
    Y[3, 7 * 6 + 2] = np.nan
    blocks = da.from_array(Y, chunks=(M, 6))
    said = r"^Y contains nan at row 3, column 44 \(counted from 0\); with missing='drop' NaN are gaps$"
    for intercept in (False, True):
        with pytest.raises(ValueError, match=said) as raised:
            sparsea.dask.solve(A, blocks, 3, intercept=intercept).compute()
        assert isinstance(raised.value, sparsea.Error)
    Y[:, 44] = np.nan
    with pytest.raises(ValueError, match=r"^column 44 of Y has no entry of weight above 0 that is not missing$"):
        sparsea.dask.solve(A, da.from_array(Y, chunks=(M, 6)), 3, missing="drop").compute()


def frame_of_one() -> Any:
    """A frame of two rows."""
    return pytest.importorskip("pandas").DataFrame({"a": [1.0, 2.0]})


@pytest.mark.parametrize(
    ("arguments", "options", "said", "error"),
    [
        (lambda A, Y: (da.from_array(A), Y, 3), {}, "A is a Dask array; give A.compute() if it fits", TypeError),
        (lambda A, Y: (A, Y, 3), {"joint": True}, "takes no joint=True: all signals would be one", TypeError),
        (lambda A, Y: (A, Y, 3), {"report": 0.1}, "takes no report=0.1: a block returns arrays only", TypeError),
        (lambda A, Y: (A, Y, 3), {"callback": print}, "takes no callback=<built-in function print>", TypeError),
        (lambda A, Y: (A, Y, 3), {"progress": True}, "takes no progress=True: Dask shows it", TypeError),
        (lambda A, Y: (A, Y, 3), {"colour": 1}, "unexpected keyword argument 'colour'", TypeError),
        (lambda A, Y: (A, Y, 3), {"algorithm": "best"}, "unknown algorithm 'best'", ValueError),
        (lambda A, Y: (A, Y, 3), {"start": np.zeros((N, COUNT))}, "start must be one for all signals", TypeError),
        (lambda A, Y: (A, Y, 3), {"weights": np.ones((M, COUNT))}, "weights must be those of the rows", ValueError),
        (lambda A, Y: (A, Y, 3), {"axis": 2}, "axis must be from -2 to 1, as Y has 2 dimensions, got 2", ValueError),
        (lambda A, Y: (A, Y, 3), {"axis": 1}, "Y has 53 entries along axis 1, but A has 24 rows", ValueError),
        (lambda A, Y: (A, Y, -1), {}, "k must be between 0 and 24", ValueError),
        (lambda A, Y: (A, Y, 2.0), {}, "k must be a whole number", TypeError),
        (lambda A, Y: (A, Y, [1, 2]), {}, "k has shape (2,), but the signals have shape (53,)", ValueError),
        (lambda A, Y: (A, Y, [0.5] * COUNT), {}, "k must hold whole numbers", TypeError),
        (lambda A, Y: (A, Y[:5], 3), {}, "Y has 5 rows, but A has 24 rows", ValueError),
        (lambda A, Y: (A, Y[:, 0], 3), {}, "Y has shape (24,); signals in blocks have at least two", ValueError),
        (lambda A, Y: (A, Y.astype(str), 3), {}, "Y holds elements of type <U", TypeError),
        (lambda A, Y: (A, Y[:, Y[0] > 0], 3), {}, "Y has chunks of unknown size; call", ValueError),
        (lambda _, Y: (sparsea.Gram(np.eye(2), [1, 1], 3, 5), Y, 1), {}, "A is a Gram, which holds its", TypeError),
    ],
)
def test_bad_input(
    rng: np.random.Generator, arguments: Callable[..., Any], options: Any, said: str, error: type[Exception]
) -> None:
    A, Y = signals(rng)
    with pytest.raises(error) as raised:
        sparsea.dask.solve(*arguments(A, da.from_array(Y, chunks=(M, 10))), **options)
    assert said in str(raised.value)
    assert isinstance(raised.value, sparsea.Error) or "keyword" in said


def test_data_that_call_for_an_intercept(clusters: dict[int, Any], rng: np.random.Generator) -> None:
    A, Y = signals(rng)
    blocks = da.from_array(Y + 100, chunks=(M, 10))
    with pytest.warns(UserWarning, match="most of y is a constant that no column is near"):
        sparsea.dask.solve(A, blocks, 3).compute(scheduler="sync")
    with warnings.catch_warnings(record=True) as seen, clusters[1].as_current():
        warnings.simplefilter("always")
        sparsea.dask.solve(A, blocks, 3).compute()
        # The worker tells the client, which need not be at once.
        deadline = time.monotonic() + 10
        while not seen and time.monotonic() < deadline:
            time.sleep(0.01)
    assert any("most of y is a constant" in str(one.message) for one in seen)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sparsea.dask.solve(A, blocks, 3, intercept=False).compute(scheduler="sync")


def test_what_is_sent_can_be_pickled(rng: np.random.Generator) -> None:
    A, Y = signals(rng)
    from sparsea.dask._worker import Shared

    shared = Shared(A, "omp", {"groups": np.arange(N) // 2})
    again = pickle.loads(pickle.dumps(shared))
    assert again.__dask_tokenize__() == shared.__dask_tokenize__()
    assert again.solve(Y, 2)[5]["support"].tolist() == shared.solve(Y, 2)[5]["support"].tolist()
    # Another A, start or option is another batch.
    others = [Shared(A + 1, "omp", {}), Shared(A, None, {}), Shared(A, "omp", {}), Shared(A, "omp", {"ridge": 1.0})]
    assert len({str(one.__dask_tokenize__()) for one in [shared, *others]}) == 5


@pytest.mark.parametrize("name", sparsea.dask.__all__)
def test_documentation(name: str) -> None:
    value = getattr(sparsea.dask, name)
    finder, runner = doctest.DocTestFinder(), doctest.DocTestRunner()
    for test in finder.find(value, name, module=False, globs={}):
        runner.run(test)
    assert runner.failures == 0
    text = inspect.getdoc(value) or ""
    if inspect.isroutine(value):
        for parameter in inspect.signature(value).parameters:
            assert parameter in text.split("\nReturns\n")[0], parameter


def test_importing_sparsea_does_not_load_dask() -> None:
    code = "import sys, sparsea; assert 'dask' not in sys.modules; sys.modules['dask'] = None; import sparsea.dask"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert "ImportError: sparsea.dask needs Dask: pip install 'sparsea[dask]'" in done.stderr
