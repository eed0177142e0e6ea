"""The package and the command give the same bits on the same files.

The environment variable SPARSEA_BIN names the command; `cargo xtask python` sets it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io
import scipy.sparse
from shell import command, same

import sparsea

_fixed = np.random.default_rng(3)
A = _fixed.standard_normal((60, 150)) * 10.0 ** _fixed.uniform(-2, 2, 150)
y = A[:, :8] @ (1 / np.linalg.norm(A[:, :8], axis=0)) + 0.3 * _fixed.standard_normal(60)
B = A + 1j * _fixed.standard_normal(A.shape)
z = y + 1j * _fixed.standard_normal(60)
del _fixed
FULL = np.linspace(-1, 1, 150)

WORDS = [algorithm.name for algorithm in sparsea.algorithms() if algorithm.operator is None] + [
    "omp+sea",
    "els+sea+els",
]
OMP_SEA = ["--algorithm", "omp+sea"]
COMPLEX = {algorithm.name for algorithm in sparsea.algorithms() if algorithm.complex} | {"omp+sea", "els+sea+els"}


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("word", WORDS)
def test_dense_matrices(tmp_path: Path, word: str, order: Any) -> None:
    for matrix, data in ((A, y), (B, z)) if word in COMPLEX else ((A, y),):
        matrix = np.array(matrix, order=order)
        np.save(tmp_path / "A.npy", matrix)
        np.save(tmp_path / "y.npy", data)
        expected = command("solve", tmp_path / "A.npy", tmp_path / "y.npy", "-k", "8", "--algorithm", word)
        for given in (matrix, np.load(tmp_path / "A.npy", mmap_mode="r")):
            same(sparsea.solve(given, data, 8, algorithm=word), dict(expected))


def test_the_order_of_a_matrix_is_part_of_the_input() -> None:
    """If bits did not depend on the order, the test above could not tell in which one the command reads."""
    found = [sparsea.solve(matrix, y, 8, algorithm="omp") for matrix in (A, np.asfortranarray(A))]
    np.testing.assert_array_equal(found[0].support, found[1].support)
    np.testing.assert_allclose(found[0].coefficients, found[1].coefficients, rtol=1e-9)
    assert found[0].coefficients.tolist() != found[1].coefficients.tolist()


@pytest.mark.parametrize("order", ["C", "F"])
def test_a_real_matrix_with_complex_data(tmp_path: Path, order: Any) -> None:
    matrix = np.array(A, order=order)
    np.save(tmp_path / "A.npy", matrix)
    np.save(tmp_path / "z.npy", z)
    expected = command("solve", tmp_path / "A.npy", tmp_path / "z.npy", "-k", "8", *OMP_SEA)
    same(sparsea.solve(matrix, z, 8, algorithm="omp+sea"), expected)


@pytest.mark.parametrize("dtype", ["float32", "complex64", "int16", ">f8", ">c16"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_types_that_are_converted(tmp_path: Path, dtype: str, order: Any) -> None:
    matrix = np.array(B if np.dtype(dtype).kind == "c" else np.rint(A), dtype, order=order)
    np.save(tmp_path / "A.npy", matrix)
    np.save(tmp_path / "y.npy", y)
    expected = command("solve", tmp_path / "A.npy", tmp_path / "y.npy", "-k", "8", "--algorithm", "els")
    same(sparsea.solve(matrix, y, 8, algorithm="els"), expected)


@pytest.mark.parametrize(("m", "n"), [(1, 40), (40, 1)])
def test_single_rows_and_columns(tmp_path: Path, m: int, n: int) -> None:
    numbers = np.random.default_rng(4).standard_normal(40)
    np.save(tmp_path / "y.npy", y[:m])
    for matrix in (numbers.reshape(m, n), np.array(numbers.reshape(m, n), order="F"), numbers.reshape(n, m).T):
        np.save(tmp_path / "A.npy", matrix)
        expected = command("solve", tmp_path / "A.npy", tmp_path / "y.npy", "-k", "1")
        same(sparsea.solve(matrix, y[:m], 1), expected)


def test_tables_of_text_are_read_by_rows(tmp_path: Path) -> None:
    np.savetxt(tmp_path / "A.csv", A, delimiter=",")
    np.save(tmp_path / "y.npy", y)
    expected = command("solve", tmp_path / "A.csv", tmp_path / "y.npy", "-k", "8", *OMP_SEA)
    same(sparsea.solve(np.loadtxt(tmp_path / "A.csv", delimiter=","), y, 8, algorithm="omp+sea"), expected)
    # A column that is taken out leaves the order as it is.
    np.savetxt(tmp_path / "both.csv", np.column_stack([A[:, :70], y, A[:, 70:]]), delimiter=",")
    table = tmp_path / "both.csv"
    same(sparsea.solve(A, y, 8, algorithm="omp+sea"), command("solve", table, f"{table}:70", "-k", "8", *OMP_SEA))


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("factor", [1.0, 1.0 - 0.5j])
def test_large_matrices_whose_products_are_shared_among_threads(tmp_path: Path, order: Any, factor: complex) -> None:
    # So large that the command maps the file, too.
    large = np.random.default_rng(0).standard_normal((700, 1600)) * factor
    data = large[:, ::80] @ np.ones(20) + np.random.default_rng(1).standard_normal(700)
    np.save(tmp_path / "y.npy", data)
    large = np.array(large, order=order)
    np.save(tmp_path / "A.npy", large)
    arguments: list[Any] = ["solve", tmp_path / "A.npy", tmp_path / "y.npy", "-k", "20", "--algorithm", "omp+search"]
    expected = command(*arguments, "--iterations", "20", "--report")
    for threads in (None, 1, 2):
        options: dict[str, Any] = {"algorithm": "omp+search", "iterations": 20, "report": True, "threads": threads}
        same(sparsea.solve(large, data, 20, **options), dict(expected))


@pytest.mark.parametrize("word", ["omp", "sea", "els", "search"])
def test_sparse_matrices(tmp_path: Path, word: str) -> None:
    for matrix, data in ((scipy.sparse.random_array((60, 150), density=0.2, rng=1), y), (scipy.sparse.csc_array(B), z)):
        scipy.io.mmwrite(tmp_path / "A.mtx", scipy.sparse.coo_array(matrix), precision=17)
        np.save(tmp_path / "y.npy", data)
        expected = command("solve", tmp_path / "A.mtx", tmp_path / "y.npy", "-k", "8", "--algorithm", word)
        same(sparsea.solve(scipy.sparse.csr_array(matrix), data, 8, algorithm=word), expected)


@pytest.mark.parametrize(
    ("options", "keywords"),
    [
        (["--iterations", "37"], {"iterations": 37}),
        (["--relative-residual", "0.2"], {"relative_residual": 0.2}),
        (["--stagnation", "12"], {"stagnation": 12}),
        (["--start", "random:5"], {"start": "random:5"}),
        (["--start", "omp+els"], {"start": "omp+els"}),
        (["--start", "support:support.txt"], {"start": [3, 1, 4]}),
        (
            ["--algorithm", "sea", "--start", "x.npy", "--set", "step_size=0.2"],
            {"algorithm": "sea", "start": FULL, "settings": {"step_size": 0.2}},
        ),
        (["--report"], {"report": True}),
        (["--threads", "1"], {"threads": 1}),
        # So little that Gram columns are let go of.
        (["--memory", "0.01MB", *OMP_SEA], {"memory": 10_000, "algorithm": "omp+sea"}),
    ],
)  # fmt: skip
def test_options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], keywords: dict[str, Any]) -> None:
    monkeypatch.chdir(tmp_path)
    np.save("A.npy", A)
    np.save("y.npy", y)
    np.save("x.npy", FULL)
    Path("support.txt").write_text("3\n1\n4\n", encoding="utf-8")
    expected = command("solve", "A.npy", "y.npy", "-k", "8", *options)
    same(sparsea.solve(A, y, 8, **keywords), expected)


@pytest.mark.parametrize("boundary", ["same", "full", "valid", "circular"])
@pytest.mark.parametrize("kernel", ["gaussian:2.5", "exponential:4", "file"])
@pytest.mark.parametrize("baseline", ["none", "mean", "median", "quantile:0.1"])
def test_deconvolution(tmp_path: Path, boundary: Any, kernel: str, baseline: str) -> None:
    shape: Any = kernel
    if kernel == "file":
        shape = np.hanning(12)[1:]
        np.save(tmp_path / "kernel.npy", shape)
        kernel = str(tmp_path / "kernel.npy")
    trace = 5 + np.convolve(np.random.default_rng(2).random(150) ** 40, sparsea.gaussian(2.5), "same")
    np.save(tmp_path / "y.npy", trace)
    arguments = ["deconvolve", tmp_path / "y.npy", "--kernel", kernel, "-k", "5", "--boundary", boundary]
    expected = command(*arguments, "--baseline", baseline, "--start", "omp")
    same(sparsea.deconvolve(trace, shape, 5, boundary=boundary, baseline=baseline, start="omp"), expected)


def test_improve(tmp_path: Path) -> None:
    np.save(tmp_path / "A.npy", A)
    np.save(tmp_path / "y.npy", y)
    np.save(tmp_path / "s.npy", np.array([5, 100, 30]))
    vector = np.zeros(150)
    vector[[7, 77]] = [0.5, -0.25]
    np.save(tmp_path / "x.npy", vector)
    files = [tmp_path / "A.npy", tmp_path / "y.npy"]
    same(sparsea.improve(A, y, support=[5, 100, 30]), command("improve", *files, "--support", tmp_path / "s.npy"))
    same(sparsea.improve(A, y, 6, x=vector), command("improve", *files, "--vector", tmp_path / "x.npy", "-k", "6"))


def test_theory(tmp_path: Path, rng: np.random.Generator) -> None:
    matrix = np.linalg.qr(rng.standard_normal((20, 12)))[0] + 0.003 * rng.standard_normal((20, 12))
    truth, noise = np.zeros(12), 1e-4 * rng.standard_normal(20)
    truth[[2, 9]] = [1.0, -1.2]
    for name, array in {"A": matrix, "x": truth, "e": noise, "s": np.ones(12)}.items():
        np.save(tmp_path / f"{name}.npy", array)
    arguments: list[str | Path] = ["theory", tmp_path / "A.npy", "-k", "2"]
    assert sparsea.theory.recovery(matrix, 2).to_dict() == command(*arguments)
    arguments += ["--truth", tmp_path / "x.npy"]
    assert sparsea.theory.recovery(matrix, 2, truth=truth).to_dict() == command(*arguments)
    found = sparsea.theory.recovery(matrix, 2, truth=truth, noise=noise, start=np.ones(12), step_size=0.5)
    arguments += ["--noise", tmp_path / "e.npy", "--start", tmp_path / "s.npy", "--step-size", "0.5"]
    assert found.to_dict() == command(*arguments)
    assert found.condition.verdict == "applies"


def test_algorithms() -> None:
    def described(algorithm: sparsea.AlgorithmInfo) -> dict[str, Any]:
        fields = {name: getattr(algorithm, name) for name in ("name", "title", "summary", "reference", "operator")}
        names = ("name", "range", "default", "meaning")
        return {**fields, "settings": [{name: getattr(s, name) for name in names} for s in algorithm.settings]}

    assert [described(algorithm) for algorithm in sparsea.algorithms()] == command("algorithms")["algorithms"]
