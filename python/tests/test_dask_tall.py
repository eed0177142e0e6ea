"""Many rows: their statistics, exact whatever the means, and the choice of k from those of folds."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sparsea

dask = pytest.importorskip("dask")
distributed = pytest.importorskip("distributed")
import dask.array as da  # noqa: E402

import sparsea.dask  # noqa: E402

ROWS, N = 3000, 12


def table(rng: np.random.Generator, scalar: str = "real", columns: int = 0) -> tuple[Any, Any]:
    """Rows of A, and y."""
    A = rng.standard_normal((ROWS, N))
    if scalar == "complex":
        A = A + 1j * rng.standard_normal((ROWS, N))
    x = np.zeros((N, max(columns, 1)))
    x[[3, 9]] = rng.choice([-1.0, 1.0], (2, max(columns, 1))) * (1 + rng.random((2, max(columns, 1))))
    Y = A @ x + 0.5 * rng.standard_normal((ROWS, max(columns, 1)))
    return A, (Y if columns else Y[:, 0])


def agree(found: Any, expected: Any, rtol: float = 1e-10) -> None:
    """Assert that both are the same to rounding."""
    assert found.support.tolist() == expected.support.tolist()
    np.testing.assert_allclose(found.coefficients, expected.coefficients, rtol=rtol)
    np.testing.assert_allclose(found.residual_norm, expected.residual_norm, rtol=rtol)


@pytest.mark.parametrize("scalar", ["real", "complex"])
@pytest.mark.parametrize("intercept", [False, True])
def test_solutions_are_those_of_the_rows(rng: np.random.Generator, scalar: str, intercept: bool) -> None:
    A, y = table(rng, scalar)
    A, y = A + 5, y + 7
    found = sparsea.dask.statistics(
        da.from_array(A, chunks=(417, 5)), da.from_array(y, chunks=1000), intercept=intercept
    )
    assert (found.n_samples, found.gram().shape, found.gram().dtype) == (ROWS, (ROWS, N), A.dtype)
    for k in range(1, 5):
        solution = sparsea.solve(found.gram(), None, k)
        expected = sparsea.solve(A, y, k, intercept=intercept)
        agree(solution, expected)
        np.testing.assert_allclose(found.intercept_of(solution), expected.intercept, rtol=1e-10)
    np.testing.assert_allclose(found.means, A.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(found.y_means, y.mean(), rtol=1e-12)


def test_several_data(rng: np.random.Generator) -> None:
    A, Y = table(rng, columns=3)
    found = sparsea.dask.statistics(da.from_array(A + 2, chunks=(700, N)), Y + 1, intercept=True)
    solutions = sparsea.solve(found.gram(), None, 3)
    expected = sparsea.solve(A + 2, Y + 1, 3, intercept=True)
    for solution, other in zip(solutions, expected, strict=True):
        agree(solution, other)
    np.testing.assert_allclose(found.intercept_of(solutions), expected.intercepts, rtol=1e-10)
    assert found.y_means.shape == (3,)


def test_means_cost_no_digits(rng: np.random.Generator) -> None:
    A, y = table(rng)
    A, y = A + 1e8 * rng.standard_normal(N), y + 1e8
    found = sparsea.dask.statistics(da.from_array(A, chunks=(100, N)), y, intercept=True)
    solution = sparsea.solve(found.gram(), None, 2)
    # In 64 bits of mantissa.
    table_, data = A.astype(np.longdouble), y.astype(np.longdouble)
    centered = (table_ - table_.mean(axis=0))[:, solution.support]
    gram = (centered.T @ centered).astype(float)
    exact = np.linalg.solve(gram, (centered.T @ (data - data.mean())).astype(float))
    assert solution.support.tolist() == [3, 9]
    np.testing.assert_allclose(solution.coefficients, exact, rtol=1e-13)


def long_sums(Z: Any) -> tuple[Any, Any]:
    """Means and products about them, in 64 bits of mantissa."""
    wide = Z.astype(np.clongdouble if np.iscomplexobj(Z) else np.longdouble)
    centered = wide - wide.mean(axis=0)
    return wide.mean(axis=0), centered.conj().T @ centered


@pytest.mark.parametrize("kind", ["alike", "sorted", "first apart", "steps", "one row apart", "complex"])
@pytest.mark.parametrize("drawn", [False, True])
def test_no_order_of_rows_costs_digits(rng: np.random.Generator, kind: str, drawn: bool) -> None:
    rows, columns = 20_000, 5
    A = rng.standard_normal((rows, columns)) * 10.0 ** rng.uniform(-3, 3, columns) + 10.0 ** rng.uniform(-2, 6, columns)
    if kind == "sorted":
        A = np.sort(A, axis=0)
    if kind == "first apart":
        # Of a block of 9000 rows some thousands.
        A[:3000] += 1e7
    if kind == "steps":
        A += 1e5 * np.repeat(np.arange(20), 1000)[:, np.newaxis]
    if kind == "one row apart":
        A[0] = 1e9
    if kind == "complex":
        A = A + 1j * A[:, ::-1]
    y = A @ rng.standard_normal(columns)
    options: dict[str, Any] = {"folds": 3, "seed": 1} if drawn else {}
    found = sparsea.dask.statistics(da.from_array(A, chunks=(9000, columns)), y, intercept=True, **options)
    means, products = long_sums(np.column_stack([A, y]))
    scale = np.sqrt(np.diag(products).real)
    near = products / np.outer(scale, scale)
    made = found._all.products / np.outer(scale, scale)
    assert np.abs(made - near).max() < 2e-14
    assert (
        np.abs((found.means - means[:-1]) / np.maximum(scale[:-1] / np.sqrt(rows), 1e-16 * np.abs(means[:-1]))).max()
        < 1e-9
    )


@pytest.mark.parametrize("columns", [1, 30, 200])
def test_sums_of_one_row_and_of_many(rng: np.random.Generator, columns: int) -> None:
    for rows in (1, 2, 511, 513, 4097 if columns < 200 else 801, 8 * 4096 + 1 if columns < 30 else 600):
        A = rng.standard_normal((rows, columns)) + 3
        found = sparsea.dask.statistics(da.from_array(A), A[:, 0], intercept=True)
        means, products = long_sums(A)
        assert found.n_samples == rows
        np.testing.assert_allclose(found.means, means.astype(float), rtol=1e-14)
        np.testing.assert_allclose(found._all.products[:-1, :-1], products.astype(float), atol=1e-14 * rows)


def test_blocks_are_made_once_where_they_are_added_up() -> None:
    made: list[int] = []

    def block(number: Any) -> Any:
        made.append(int(number.ravel()[0]))
        return np.random.default_rng(made[-1]).standard_normal((50, 4))

    numbers = da.arange(6, chunks=1)[:, np.newaxis]
    A = da.map_blocks(block, numbers, chunks=((50,) * 6, (4,)), dtype=float, meta=np.empty((0, 0)))
    y = A[:, 1] - A[:, 2]
    with dask.config.set(scheduler="synchronous"):
        found = sparsea.dask.statistics(A, y)
        assert sorted(made) == list(range(6))
        kept = A.persist()
        again = sparsea.dask.statistics(kept, kept[:, 1] - kept[:, 2])
        # Blocks that overlap are made once as well.
        made.clear()
        shifted = da.overlap.overlap(A, depth={0: 1}, boundary="reflect")
        sparsea.dask.statistics(shifted, shifted[:, 0])
        assert sorted(made) == list(range(6))
    assert np.array_equal(found._all.products, again._all.products)


@pytest.mark.parametrize("dtype", [np.float32, np.int8, np.uint16, bool])
def test_narrow_types_add_up_in_double_precision(rng: np.random.Generator, dtype: Any) -> None:
    A, y = table(rng)
    A = (100 * A).astype(np.int64).astype(dtype)
    found = sparsea.dask.statistics(da.from_array(A, chunks=(500, N)), y, intercept=True)
    expected = sparsea.dask.statistics(da.from_array(A.astype(float), chunks=(500, N)), y, intercept=True)
    assert sparsea.solve(found.gram(), None, 3) == sparsea.solve(expected.gram(), None, 3)


def test_constant_columns_are_zero(rng: np.random.Generator) -> None:
    A, y = table(rng)
    A[:, 4], A[:, 5] = 0.1, np.float32(1e6) * (1 + rng.choice([-1e-7, 1e-7], ROWS))
    found = sparsea.dask.statistics(da.from_array(A, chunks=(411, N)), y, intercept=True)
    assert found.gram().rank == N - 1
    single = sparsea.dask.statistics(da.from_array(A.astype(np.float32), chunks=(411, N)), y, intercept=True)
    assert single.gram().rank == N - 2


def shuffled(block: Any, number: Any) -> Any:
    """A block, after a while that depends on its number."""
    time.sleep(float(0.02 * (number.ravel()[0] * 7 % 5)))
    return block


def test_bits_depend_on_the_blocks_only(clusters: dict[int, Any], rng: np.random.Generator) -> None:
    A, y = table(rng)
    blocks = da.from_array(A, chunks=(90, N))
    numbers = da.arange(blocks.numblocks[0], chunks=1)[:, np.newaxis]
    late = da.map_blocks(shuffled, blocks, numbers, dtype=A.dtype, chunks=blocks.chunks)
    expected = sparsea.dask.statistics(blocks, y, folds=3, seed=5)
    for workers in (1, 3):
        with clusters[workers].as_current():
            found = sparsea.dask.statistics(late, y, folds=3, seed=5)
        for fold in range(3):
            one, other = found.without(fold), expected.without(fold)
            assert sparsea.solve(one.gram(), None, 3) == sparsea.solve(other.gram(), None, 3)
            assert one.means.tolist() == other.means.tolist()


def test_a_worker_that_is_killed(rng: np.random.Generator) -> None:
    A, y = table(rng)
    blocks = da.from_array(A, chunks=(90, N))
    numbers = da.arange(blocks.numblocks[0], chunks=1)[:, np.newaxis] * 0 + 2
    late = da.map_blocks(shuffled, blocks, numbers, dtype=A.dtype, chunks=blocks.chunks)
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": "127.0.0.1:0"}
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster) as client:
        victim = next(iter(client.run(os.getpid).values()))
        end = threading.Timer(0.7, os.kill, (victim, signal.SIGKILL))
        end.start()
        found = sparsea.dask.statistics(late, y)
        # It was killed in the middle: the blocks alone take 1.3 s.
        assert end.finished.is_set()
    assert found.n_samples == ROWS
    expected = sparsea.dask.statistics(blocks, y)
    assert sparsea.solve(found.gram(), None, 3) == sparsea.solve(expected.gram(), None, 3)


@pytest.mark.filterwarnings("ignore:k = 6 is the best by cross-validation")
@pytest.mark.parametrize("intercept", [False, True])
def test_cross_validation_is_that_of_the_rows(rng: np.random.Generator, intercept: bool) -> None:
    model_selection = pytest.importorskip("sklearn.model_selection")
    from sparsea.sklearn import SparseRegressorCV

    A, y = table(rng)
    A, y = A + 3, y + intercept
    for rule in (False, True):
        model = SparseRegressorCV(6, cv=model_selection.KFold(4), fit_intercept=intercept, one_standard_error=rule).fit(
            A, y
        )
        found = sparsea.dask.cross_validate(
            da.from_array(A, chunks=(411, 5)), y, 6, folds=4, intercept=intercept, one_standard_error=rule
        )
        np.testing.assert_allclose(found.errors, model.mse_path_, rtol=1e-9)
        assert found.k == model.n_nonzero_coefs_
        np.testing.assert_allclose(found.solution.x, model.coef_, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(found.intercept, model.intercept_, rtol=1e-9, atol=1e-12)
        assert found.rows.tolist() == [750] * 4
        np.testing.assert_allclose(found.mean_errors, model.mse_path_.mean(axis=1), rtol=1e-9)


def test_folds_that_are_drawn(rng: np.random.Generator) -> None:
    A, y = table(rng)
    read = [
        sparsea.dask.cross_validate(da.from_array(A, chunks=(size, N)), y, 4, folds=3, seed=seed, algorithm="omp")
        for size, seed in [(3000, 1), (170, 1), (170, 2)]
    ]
    # They depend on the seed, not on the blocks.
    np.testing.assert_allclose(read[0].errors, read[1].errors, rtol=1e-10)
    assert read[0].rows.tolist() == read[1].rows.tolist() != read[2].rows.tolist()
    assert all(one.rows.sum() == ROWS and abs(one.rows - 1000).max() < 150 for one in read)
    # The same folds by their rows.
    from sparsea.dask._tall import _Drawn

    fold = _Drawn(1, 3)(np.arange(ROWS))
    for held in range(3):
        train, test = fold != held, fold == held
        for k in range(1, 5):
            x = sparsea.solve(A[train], y[train], k, algorithm="omp").x
            error = np.mean((y[test] - A[test] @ x) ** 2)
            np.testing.assert_allclose(read[0].errors[k, held], error, rtol=1e-9)


@pytest.mark.parametrize("intercept", [False, True])
def test_nothing_is_found_in_noise(rng: np.random.Generator, intercept: bool) -> None:
    A, _ = table(rng)
    y = rng.standard_normal(ROWS) + 5 * intercept
    blocks = da.from_array(A, chunks=(700, N))
    found = sparsea.dask.cross_validate(blocks, y, folds=4, intercept=intercept, one_standard_error=True)
    assert found.k == found.ks[0] == 0
    assert found.solution.support.size == 0
    np.testing.assert_allclose(found.intercept, y.mean() if intercept else 0.0, rtol=1e-12)
    for held, test in enumerate(np.split(np.arange(ROWS), 4)):
        level = np.delete(y, test).mean() if intercept else 0.0
        np.testing.assert_allclose(found.errors[0, held], np.mean((y[test] - level) ** 2), rtol=1e-10)


def test_of_exact_data_the_smallest_exact_k_is_chosen(rng: np.random.Generator) -> None:
    A, _ = table(rng)
    y = A[:, 3] - 0.01 * A[:, 8] + 7
    found = sparsea.dask.cross_validate(da.from_array(A, chunks=(700, N)), y, 5, intercept=True)
    assert found.k == 2
    assert found.solution.support.tolist() == [3, 8]


def test_the_largest_k_is_no_optimum(rng: np.random.Generator) -> None:
    A, _ = table(rng)
    y = A[:, :9] @ np.ones(9) + 0.1 * rng.standard_normal(ROWS)
    blocks = da.from_array(A, chunks=(700, N))
    with pytest.warns(UserWarning, match="k = 3 is the best by cross-validation and the largest") as warned:
        assert sparsea.dask.cross_validate(blocks, y, 3).k == 3
    assert warned[0].filename == __file__
    with pytest.warns(UserWarning, match="k = 4 is the best by cross-validation") as warned:
        sparsea.dask.statistics(blocks, y, folds=3).cross_validate(4)
    assert warned[0].filename == __file__
    # The default grows from 5 to 10, and to all 12.
    found = sparsea.dask.cross_validate(blocks, y, one_standard_error=True)
    assert found.k == 9
    assert found.ks.tolist() == list(range(N + 1))


def test_splitmix_is_that_of_its_authors() -> None:
    from sparsea.dask._tall import _Drawn

    # The first numbers of the seed 1234567, by the generator's reference code.
    stream = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821]
    assert _Drawn(1234567, 1000)(np.arange(5)).tolist() == [number % 1000 for number in stream]


# Dask's reader uses what this version of pandas is about to drop.
@pytest.mark.filterwarnings("ignore:The inplace keyword")
@pytest.mark.usefixtures("client")
def test_frames(rng: np.random.Generator, tmp_path: Path) -> None:
    dd = pytest.importorskip("dask.dataframe", exc_type=ImportError)
    pd = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    A, y = table(rng)
    names = [f"c{at}" for at in range(N)]
    frame = pd.DataFrame(A, columns=names).assign(count=rng.integers(0, 9, ROWS), price=y)
    dd.from_pandas(frame, npartitions=7).to_parquet(tmp_path / "rows")
    read = dd.read_parquet(tmp_path / "rows")
    found = sparsea.dask.statistics(read, "price", intercept=True)
    solution = sparsea.solve(found.gram(), None, 3)
    expected = sparsea.solve(frame.drop(columns="price"), y, 3, intercept=True)
    agree(solution, expected)
    assert solution.support_names_ == expected.support_names_
    other = sparsea.dask.statistics(read.drop(columns="price"), read["price"], intercept=True)
    assert sparsea.solve(other.gram(), None, 3) == solution
    both = sparsea.dask.statistics(read.assign(twice=2 * read["price"]), ["price", "twice"], intercept=True)
    assert both.gram().shape == (ROWS, N + 1)
    agree(sparsea.solve(both.gram(), None, 3)[0], expected)
    chosen = sparsea.dask.cross_validate(read, "price", 4, folds=3, one_standard_error=True)
    assert chosen.solution.support_names_ == ("c3", "c9")


@pytest.mark.usefixtures("client")
def test_an_error_names_the_row_of_all(rng: np.random.Generator) -> None:
    dd = pytest.importorskip("dask.dataframe", exc_type=ImportError)
    pd = pytest.importorskip("pandas")
    A, y = table(rng)
    A[2345, 5] = np.nan
    blocks = da.from_array(A, chunks=(300, N))
    frame = pd.DataFrame(A, columns=list("abcdefghijkl"))
    with pytest.raises(ValueError, match=r"^A contains nan at row 2345, column 5 \(counted from 0\)$") as raised:
        sparsea.dask.statistics(blocks, y)
    assert isinstance(raised.value, sparsea.Error)
    with pytest.raises(ValueError, match=r"^A contains nan at row 2345, column 'f' \(counted from 0\)$"):
        sparsea.dask.statistics(dd.from_pandas(frame.assign(y=y), npartitions=7), "y")
    y[40] = np.inf
    with pytest.raises(ValueError, match=r"^y contains inf at index 40 \(counted from 0\)$"):
        sparsea.dask.statistics(dd.from_pandas(frame.assign(y=y), npartitions=7), "y")


def frame(**columns: Any) -> Any:
    """A frame of Dask."""
    dd = pytest.importorskip("dask.dataframe", exc_type=ImportError)
    return dd.from_pandas(pytest.importorskip("pandas").DataFrame(columns), npartitions=2)


@pytest.mark.parametrize(
    ("arguments", "options", "said", "error"),
    [
        (lambda A, y: (A.compute(), y), {}, "A must be an array or a frame of Dask, got 'ndarray'", TypeError),
        (lambda A, y: (A[:, 0], y), {}, "A has shape (3000,); a matrix has two dimensions", ValueError),
        (lambda A, y: (A, y[:-1]), {}, "y has 2999 entries, but A has 3000 rows", ValueError),
        (lambda A, y: (A, y[:, None, None]), {}, "y has shape (3000, 1, 1); it must have one", ValueError),
        (lambda A, y: (A[A[:, 0] > 0], y), {}, "y must be in blocks as A is", TypeError),
        (lambda A, y: (A[A[:, 0] > 0], y), {"folds": 3}, "A has chunks of unknown size; call", ValueError),
        (lambda A, y: (A, y), {"folds": 1}, "folds must be a whole number of at least 2, got 1", ValueError),
        (lambda A, y: (A[:5], y[:5]), {"folds": 6}, "folds must be at most 5, the number of rows, got 6", ValueError),
        (lambda A, y: (A, y), {"seed": -1, "folds": 3}, "seed must be", ValueError),
        (lambda A, y: (A[:0], y[:0]), {}, "A must have at least one row", ValueError),
        (lambda A, y: (1e200 * A, y), {}, "the squares of A and y add up to more than double", ValueError),
        (lambda A, y: (A.astype(str), y), {}, "A and y must hold numbers, got elements of type <U", TypeError),
        (lambda _, __: (frame(a=[1.0], b=[2.0]), "c"), {}, "A has no column called 'c'; its columns", ValueError),
        (lambda _, __: (frame(a=[1.0], b=[2.0]), frame(b=[2.0])), {}, "y must be a column of the frame A", TypeError),
        (lambda A, _: (A[:2], frame(b=[2.0, 3.0]).b), {}, "y must be an array where A is one", TypeError),
        (lambda _, __: (frame(a=["x"], b=[2.0]), "b"), {}, "column 'a' of A holds elements", TypeError),
    ],
)
def test_bad_input(rng: np.random.Generator, arguments: Any, options: Any, said: str, error: type[Exception]) -> None:
    A, y = table(rng)
    with pytest.raises(error) as raised:
        sparsea.dask.statistics(*arguments(da.from_array(A, chunks=(700, N)), y), **options)
    assert said in str(raised.value)
    assert isinstance(raised.value, sparsea.Error)


def test_what_cannot_be_chosen(rng: np.random.Generator) -> None:
    A, Y = table(rng, columns=2)
    blocks = da.from_array(A, chunks=(700, N))
    with pytest.raises(ValueError, match="these statistics have no folds"):
        sparsea.dask.statistics(blocks, Y[:, 0]).cross_validate()
    with pytest.raises(ValueError, match="k is chosen for one y at a time, but there are 2"):
        sparsea.dask.cross_validate(blocks, Y)
    with pytest.raises(ValueError, match="largest must be a whole number from 1 to 12, got 13"):
        sparsea.dask.cross_validate(blocks, Y[:, 0], 13)
    read = sparsea.dask.statistics(blocks, Y, folds=3)
    assert repr(read) == "<Statistics of 3000 rows in 3 folds, 12 columns>"
    with pytest.raises(ValueError, match="fold must be a whole number from 0 to 2, got 3"):
        read.without(3)
