"""Solving: every form of input gives the same answer, options do what they say."""

from __future__ import annotations

import copy
import mmap
import pickle
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pylops
import pytest
import scipy.sparse
from scipy.sparse.linalg import aslinearoperator

import sparsea

_fixed = np.random.default_rng(7)
A = _fixed.standard_normal((40, 90)) * 10.0 ** _fixed.uniform(-1, 1, 90)
x = np.zeros(90)
x[[4, 33, 71, 80]] = [2.0, -1.0, 0.5, 3.0]
y = A @ x + 0.01 * _fixed.standard_normal(40)
B = A + 1j * _fixed.standard_normal(A.shape)
z = B @ (x * np.exp(1j * np.arange(90))) + 0.01 * _fixed.standard_normal(40)
del _fixed


def _read_only(array: Any) -> Any:
    array.flags.writeable = False
    return array


def _unaligned(array: Any) -> Any:
    raw = np.zeros(array.nbytes + 1, dtype=np.uint8)
    moved = raw[1:].view(array.dtype).reshape(array.shape)
    moved[...] = array
    assert not moved.flags.aligned
    return moved


def _sparse(form: str, array: Any) -> Any:
    return scipy.sparse.coo_array(array).asformat(form)


FORMS: dict[str, Callable[[Any], Any]] = {
    "Fortran order": np.asfortranarray,
    "read-only": lambda a: _read_only(a.copy()),
    "part of a larger array": lambda a: np.pad(a, ((1, 2), (3, 1)))[1:-2, 3:-1],
    "every second row and column": lambda a: np.kron(a, np.ones((2, 2)))[::2, ::2],
    "backwards": lambda a: a[::-1, ::-1].copy()[::-1, ::-1],
    "big-endian": lambda a: a.astype(a.dtype.newbyteorder(">")),
    "unaligned": _unaligned,
    "list": lambda a: a.tolist(),
    "LinearOperator": aslinearoperator,
    "PyLops": lambda a: pylops.MatrixMult(a, dtype=a.dtype),
    **{f"scipy.sparse {form}": partial(_sparse, form) for form in ("bsr", "coo", "csc", "csr", "dia", "dok", "lil")},
    "scipy.sparse csr_matrix": scipy.sparse.csr_matrix,
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:Constructing a DIA matrix")
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("algorithm", ["omp", "sea", "els"])
def test_every_form_of_a_matrix_gives_the_same_solution(form: str, algorithm: str) -> None:
    for matrix, data in ((A, y), (B, z)):
        expected = sparsea.solve(matrix, data, 4, algorithm=algorithm)
        found = sparsea.solve(FORMS[form](matrix), data, 4, algorithm=algorithm)
        np.testing.assert_array_equal(found.support, expected.support)
        np.testing.assert_allclose(found.coefficients, expected.coefficients, rtol=1e-9)
        assert found.stop_reason == expected.stop_reason


@pytest.mark.parametrize("dtype", ["f4", "f2", "i8", "i2", "u1", "?", "longdouble"])
def test_other_types_are_those_numbers_as_doubles(dtype: str) -> None:
    matrix = (20 * np.abs(A)).astype(dtype)
    expected = sparsea.solve(matrix.astype(float), y, 4)
    assert sparsea.solve(matrix, y, 4) == expected
    assert sparsea.solve(matrix, y.astype(dtype), 4) == sparsea.solve(matrix, y.astype(dtype).astype(float), 4)
    assert sparsea.solve(scipy.sparse.csc_array(matrix.astype("f4")), y, 4).support.dtype == np.int64


def test_real_and_complex_meet_as_complex() -> None:
    assert sparsea.solve(A, z, 4) == sparsea.solve(A + 0j, z, 4)
    assert sparsea.solve(B, y, 4) == sparsea.solve(B, y + 0j, 4)
    assert sparsea.solve(B.astype("c8"), z, 4).coefficients.dtype == np.complex128
    sparse, dense = sparsea.solve(scipy.sparse.csc_array(A), z, 4), sparsea.solve(A, z, 4)
    np.testing.assert_allclose(sparse.x, dense.x, rtol=1e-9)
    operator = sparsea.solve(aslinearoperator(A), z, 4)
    np.testing.assert_allclose(operator.x, dense.x, rtol=1e-9)
    blur = sparsea.Convolution(sparsea.gaussian(1.0), 40)
    data = blur.matvec(x[:40]) * 1j
    np.testing.assert_allclose(sparsea.solve(blur, data, 2).x, 1j * sparsea.solve(blur, data.imag, 2).x, rtol=1e-9)


def test_frames_keep_the_names_of_columns() -> None:
    names = [f"gene {j}" for j in range(90)]
    chosen = ("gene 4", "gene 33", "gene 71", "gene 80")
    expected = sparsea.solve(A, y, 4)
    frames = [
        (pd.DataFrame(A, columns=names), pd.Series(y)),
        (pd.DataFrame(A, columns=names).convert_dtypes(), pd.DataFrame({"y": y})["y"]),
        (pl.DataFrame(A, schema=names), pl.Series(y)),
    ]
    for frame, data in frames:
        found = sparsea.solve(frame, data, 4)
        assert found.support_names_ == chosen
        np.testing.assert_allclose(found.x, expected.x, rtol=1e-9)
        assert "gene 33" in repr(found)
        assert sparsea.improve(frame, data, support=[4, 33, 70, 80]).support_names_ == chosen
        assert pickle.loads(pickle.dumps(found)).support_names_ == chosen
    assert expected.support_names_ is None
    mixed = pd.DataFrame({"whole": [1, 2, 3], "real": [0.5, 0.1, 0.2], "flag": [True, False, True]})
    assert sparsea.solve(mixed, [1.0, 2.0, 3.0], 1).support_names_ == ("whole",)
    batch = sparsea.solve(frames[0][0], pd.DataFrame({"a": y, "b": -y}), 4)
    assert [solution.support_names_ for solution in batch] == [chosen, chosen]


def test_memory_mapped_arrays_are_read_where_they_lie(tmp_path: Path) -> None:
    for matrix in (A, np.asfortranarray(A), A + 1j * A[::-1], np.asfortranarray(A + 1j * A[::-1])):
        np.save(tmp_path / "A.npy", matrix)
        mapped = np.load(tmp_path / "A.npy", mmap_mode="r")
        assert isinstance(mapped.base, mmap.mmap)
        assert sparsea.solve(mapped, y, 4) == sparsea.solve(matrix, y, 4)


def test_a_batch_is_its_columns_solved_one_by_one(rng: np.random.Generator) -> None:
    columns = [y, 2 * y, A[:, 3], rng.standard_normal(40), np.zeros(40)]
    Y = np.stack(columns, axis=1)
    for algorithm in ("omp", "omp+sea", "search"):
        batch = sparsea.solve(A, Y, 4, algorithm=algorithm, iterations=40)
        assert isinstance(batch, sparsea.Solutions)
        assert len(batch) == len(columns)
        for found, data in zip(batch, columns, strict=True):
            alone = sparsea.solve(A, data, 4, algorithm=algorithm, iterations=40)
            assert found == alone, "to the bit, and at the same cost"
        for other in (np.asfortranarray(Y), Y[:, ::-1][:, ::-1]):
            assert sparsea.solve(A, other, 4, algorithm=algorithm, iterations=40) == batch
        for threads in (1, 2, 5):
            assert sparsea.solve(A, Y, 4, algorithm=algorithm, iterations=40, threads=threads) == batch
    assert batch.x.shape == (90, 5)
    assert batch.residual_norms.shape == (5,)
    assert [support.tolist() for support in batch.supports] == [solution.support.tolist() for solution in batch]
    assert batch[1:3] == sparsea.Solutions([batch[1], batch[2]])
    assert batch[-1].support.tolist() == []
    assert pickle.loads(pickle.dumps(batch)) == batch
    assert copy.deepcopy(batch) == batch
    assert batch != sparsea.solve(A, Y[:, 1:], 4)
    assert len(sparsea.solve(A, np.zeros((40, 0)), 4)) == 0


def test_a_batch_starts_each_column_from_its_own() -> None:
    Y = np.stack([y, A[:, 10] - A[:, 20]], axis=1)
    first = sparsea.solve(A, Y, 4, algorithm="iht")
    for starts in (first, first.x, [first[0], first[1]]):
        again = sparsea.solve(A, Y, 4, algorithm="htp", start=starts)
        for found, column, start in zip(again, Y.T, first, strict=True):
            assert found.residual_norm == pytest.approx(
                sparsea.solve(A, column, 4, algorithm="htp", start=start).residual_norm, abs=1e-12
            )
    one_for_all = sparsea.solve(A, Y, 4, algorithm="els", start=[4, 33, 71, 80], iterations=0)
    assert [support.tolist() for support in one_for_all.supports] == [[4, 33, 71, 80]] * 2


def test_starts() -> None:
    def start(start: Any) -> sparsea.Solution:
        solution: sparsea.Solution = sparsea.solve(A, y, 4, algorithm="htp", start=start, iterations=0)
        return solution

    support = [4, 10, 33]
    mask = np.isin(np.arange(90), support)
    # Small coefficients with the signs of Aᵀy lower the residual; a start worse than x = 0 does not come back as it is.
    vector = np.where(mask, 0.01 * np.sign(A.T @ y), 0.0)
    assert start(None) == start("zero")
    for same in (support, tuple(support), np.array(support), np.array(support, dtype=np.uint8), mask):
        assert start(same).support.tolist() == support
    placed = sparsea.solve(A, y, 4, algorithm="iht", start=vector, iterations=0)
    assert placed.coefficients.tolist() == pytest.approx(vector[support].tolist())
    assert start(vector.tolist()) == start(vector)
    solution = sparsea.solve(A, y, 3)
    assert start(solution).support.tolist() == solution.support.tolist()
    assert start("omp").algorithm == "omp+htp"
    assert start("OMP+ELS").algorithm == "omp+els+htp"
    assert start("random:3") == start("random:3")
    assert start("random:3") != start("random:4")
    both = sparsea.solve(A, y, 4, settings={"start": "omp"})
    assert both == sparsea.solve(A, y, 4, algorithm="omp+search") == sparsea.solve(A, y, 4, start="omp")


def test_limits(rng: np.random.Generator) -> None:
    noise = rng.standard_normal(40)
    assert sparsea.solve(A, noise, 4, iterations=7).stop_reason == "iterations"
    assert sparsea.solve(A, noise, 4, iterations=7).iterations == 7
    assert sparsea.solve(A, noise, 4).iterations == 300
    assert sparsea.solve(A, noise, 4, algorithm="sea").iterations == 1000
    assert sparsea.solve(A, noise, 4, supports=5).stop_reason == "supports"
    assert sparsea.solve(A, noise, 4, supports=5).supports_explored == 5
    assert sparsea.solve(A, noise, 4, stagnation=30).stop_reason == "stagnation"
    assert sparsea.solve(A, noise, 4, relative_residual=0.99).stop_reason == "relative_residual"
    missed = sparsea.solve(A, noise, 4, relative_residual=1e-9)
    assert (missed.iterations, missed.stop_reason) == (300, "relative_residual_missed")
    assert sparsea.solve(A, noise, 4, algorithm="search", time=0.05).stop_reason == "time"
    assert sparsea.solve(A, noise, 4, time=0).iterations == 0
    assert sparsea.solve(A, y, 4, algorithm="omp").stop_reason == "finished"
    assert sparsea.solve(A, 1e6 * (A @ x), 4).stop_reason == "exact_fit"


def test_settings_and_units(rng: np.random.Generator) -> None:
    start = np.zeros(90)
    start[5] = 1.0
    slow, fast = (
        sparsea.solve(A, y, 4, algorithm="sea", start=start, settings={"step_size": step}, iterations=50)
        for step in (1e-3, 10)
    )
    assert slow != fast
    assert sparsea.solve(A, y, 4, algorithm="sea", settings={"step_size": np.float32(0.5)}) == sparsea.solve(
        A, y, 4, algorithm="sea", settings={"step_size": 0.5}
    )
    units = 10.0 ** rng.uniform(-6, 6, 90)
    scaled = sparsea.solve(A * units, 1e3 * y, 4, start="omp")
    np.testing.assert_array_equal(scaled.support, sparsea.solve(A, y, 4, start="omp").support)
    kept = sparsea.solve(A * units, y, 4, algorithm="omp", unit_columns=False)
    assert kept.support.tolist() != scaled.support.tolist()


def test_the_number_of_threads_changes_nothing() -> None:
    big = np.random.default_rng(0).standard_normal((600, 2000))
    data = big[:, :12] @ np.ones(12) + 0.5 * np.random.default_rng(1).standard_normal(600)
    expected = sparsea.solve(big, data, 12, algorithm="omp+search", iterations=30)
    for threads in (1, 2, 3):
        assert sparsea.solve(big, data, 12, algorithm="omp+search", iterations=30, threads=threads) == expected


def test_little_memory_is_enough() -> None:
    little = sparsea.solve(A, y, 4, algorithm="omp+sea", memory=20_000)
    np.testing.assert_allclose(little.x, sparsea.solve(A, y, 4, algorithm="omp+sea").x, rtol=1e-9)


def test_reports_and_traces(rng: np.random.Generator) -> None:
    solution = sparsea.solve(A, y, 4, algorithm="omp+sea", report=True, trace=True)
    report, trace = solution.report, solution.trace
    assert report is not None
    assert trace is not None
    assert report.margin == 0.05
    assert report.near_ties >= 1
    assert report.best[0].support == tuple(solution.support.tolist())
    assert report.best[0].residual_norm == pytest.approx(solution.residual_norm, rel=1e-6)
    assert [row.index for row in report.indices if row.chosen] == solution.support.tolist()
    assert len(report.indices[0].neighbour or ()) == 2
    assert set(trace.algorithm) == {"omp", "sea"}
    assert len(trace) == len(trace.iteration) == len(trace.elapsed)
    assert trace.best_objective[-1] == pytest.approx(solution.objective, rel=1e-6)
    assert np.all(np.diff(trace.elapsed) >= 0)
    assert pd.DataFrame(trace.to_dict()).shape == (len(trace), 8)
    noise = rng.standard_normal(40)
    near, wide = (sparsea.solve(A, noise, 4, report=margin).report for margin in (0.01, 1.0))
    assert near is not None
    assert wide is not None
    assert 1 < near.distinct_supports <= wide.distinct_supports
    assert near.near_ties < wide.near_ties
    plain = sparsea.solve(A, y, 4)
    assert plain.report is None
    assert plain.trace is None
    for row in sparsea.solve(A, np.stack([y, z.real], axis=1), 4, report=True, trace=True):
        assert row.report is not None
        assert row.trace is not None


def test_solutions_are_values() -> None:
    solution = sparsea.solve(B, z, 4, report=True, trace=True)
    for same in (copy.copy(solution), copy.deepcopy(solution), pickle.loads(pickle.dumps(solution))):
        assert same == solution
        assert same.trace == solution.trace
        assert same.counts == solution.counts
        with pytest.raises(ValueError, match="read-only"):
            same.coefficients[0] = 0
        with pytest.raises(ValueError, match="read-only"):
            same.support[0] = 0
        with pytest.raises(TypeError):
            same.counts["applies"] = 0
        with pytest.raises(AttributeError):
            same.residual_norm = 0.0
    assert sparsea.solve(B, z, 4, report=True, trace=True) == solution
    assert sparsea.solve(B, z, 3) != solution
    assert solution != "a solution"
    with pytest.raises(TypeError, match="unhashable"):
        hash(solution)
    assert repr(solution) == (
        f"<Solution by search: support {solution.support.tolist()} of 90, "
        f"relative residual {solution.relative_residual:.4g}, stopped: {solution.stop_reason}>"
    )
    assert repr(sparsea.solve(A, y, 20)).count(",") == 12
    x = solution.x
    x[:] = 0
    assert solution.x.any()
    np.testing.assert_allclose(np.linalg.norm(z - B @ solution.x), solution.residual_norm)
    assert solution.objective == pytest.approx(0.5 * solution.residual_norm**2)


def test_improve_is_never_worse() -> None:
    for seed in range(20):
        random = np.random.default_rng(seed)
        support = random.choice(90, 4, replace=False)
        fit = np.linalg.lstsq(A[:, support], y)[0]
        residual = np.linalg.norm(y - A[:, support] @ fit)
        better = sparsea.improve(A, y, support=support)
        assert better.residual_norm <= residual * (1 + 1e-9)
        assert better.algorithm == "search"
        vector = np.zeros(90)
        vector[support] = fit
        assert sparsea.improve(A, y, x=vector).residual_norm <= residual * (1 + 1e-9)
        assert len(sparsea.improve(A, y, 6, support=support).support) == 6
    assert sparsea.improve(A, y, x=better, algorithm="els") == sparsea.improve(A, y, x=better.x, algorithm="els")
    mask = np.isin(np.arange(90), support)
    assert sparsea.improve(A, y, support=mask) == sparsea.improve(A, y, support=np.sort(support))


@pytest.mark.parametrize("boundary", ["same", "full", "valid", "circular"])
def test_deconvolution_finds_spikes(boundary: Any) -> None:
    kernel = sparsea.gaussian(2.0)
    n = {"full": 200 - len(kernel) + 1, "valid": 200 + len(kernel) - 1}.get(boundary, 200)
    origin = len(kernel) // 2 if boundary in ("same", "circular") else None
    A = sparsea.Convolution(kernel, n, boundary, origin)
    spikes = np.zeros(n)
    spikes[[50, 90, 110]] = [1.0, -2.0, 1.5]
    found = sparsea.deconvolve(A.matvec(spikes), "gaussian:2", 3, boundary=boundary, start="omp")
    assert found.support.tolist() == [50, 90, 110]
    np.testing.assert_allclose(found.x, spikes, atol=1e-9)


def test_baselines_and_kernels() -> None:
    spikes = np.zeros(120)
    spikes[[30, 70]] = [5.0, 3.0]
    trace = sparsea.Convolution(sparsea.exponential(3.0), 120, "same", 0).matvec(spikes) + 100.0
    found = sparsea.deconvolve(trace, "exponential:3", 2, baseline="median")
    assert found.support.tolist() == [30, 70]
    same = sparsea.deconvolve(trace - np.quantile(trace, 0.5), sparsea.exponential(3.0), 2)
    np.testing.assert_allclose(found.x, same.x)
    assert sparsea.deconvolve(trace, "exponential:3", 2, baseline="quantile:0.5") == found
    mean = sparsea.deconvolve(trace, "exponential:3", 2, baseline="mean")
    np.testing.assert_allclose(mean.x, sparsea.deconvolve(trace - trace.mean(), "exponential:3", 2).x)


@pytest.mark.parametrize("boundary", ["full", "same", "valid", "circular"])
@pytest.mark.parametrize("complex_kernel", [False, True])
def test_convolutions_are_those_of_numpy(boundary: Any, complex_kernel: bool, rng: np.random.Generator) -> None:
    kernel = rng.standard_normal(7) + (1j * rng.standard_normal(7) if complex_kernel else 0)
    A = sparsea.Convolution(kernel, 20, boundary)
    dense = np.stack([A.matvec(unit) for unit in np.eye(20)], axis=1)
    for column in (rng.standard_normal(20), rng.standard_normal(20) + 1j * rng.standard_normal(20)):
        if boundary == "circular":
            expected = np.fft.ifft(np.fft.fft(column) * np.fft.fft(kernel, 20))
        else:
            expected = np.convolve(column, kernel, boundary)
        np.testing.assert_allclose(A.matvec(column), expected, atol=1e-12)
        data = np.resize(column, A.shape[0])
        np.testing.assert_allclose(A.rmatvec(data), dense.conj().T @ data, atol=1e-12)
    assert A.dtype == kernel.dtype
    np.testing.assert_array_equal(A.kernel, kernel)
    assert (A.boundary, A.origin) == (boundary, None)
    for same in (
        copy.copy(A),
        copy.deepcopy(A),
        pickle.loads(pickle.dumps(A)),
        sparsea.Convolution(kernel, 20, boundary),
    ):
        assert same == A
        assert hash(same) == hash(A)
    assert sparsea.Convolution(kernel, 21, boundary) != A
    assert sparsea.Convolution(2 * kernel, 20, boundary) != A
    assert repr(A) == f"<Convolution {A.shape[0]} × 20, kernel of 7 samples, boundary '{boundary}'>"


def test_algorithms_are_described_and_all_run() -> None:
    listed = sparsea.algorithms()
    assert len({algorithm.name for algorithm in listed}) == len(listed) >= 14
    for algorithm in listed:
        assert all((algorithm.title, algorithm.summary, algorithm.when, algorithm.reference, algorithm.cost))
        if algorithm.operator is not None:
            with pytest.raises(
                sparsea.Error, match=f"{algorithm.name} needs the operator {algorithm.operator}, but A is"
            ):
                sparsea.solve(A, y, 4, algorithm=algorithm.name)
            assert algorithm.operator in sparsea.__all__
            continue
        solution = sparsea.solve(A, y, 4, algorithm=algorithm.name)
        assert len(solution.support) <= 4
        assert solution.relative_residual < 0.9
        if algorithm.complex:
            assert sparsea.solve(B, z, 4, algorithm=algorithm.name).relative_residual < 0.9
