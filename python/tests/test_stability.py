"""Frequencies against loops over the halves, bounds against linear programs, and both against data without signal."""

from __future__ import annotations

import itertools
import json
import pickle
import re
import signal
import threading
import time
from typing import Any

import numpy as np
import pytest
import scipy.sparse
from scipy.optimize import linprog
from scipy.sparse.linalg import aslinearoperator

import sparsea
from sparsea import _core

SUPPORT = [3, 10, 17]


def problem_of(seed: int, m: int = 61, n: int = 30, noise: float = 0.7) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    A = rng.standard_normal((m, n))
    return A, A[:, SUPPORT] @ np.array([1.0, -1.5, 2.0]) + noise * rng.standard_normal(m)


def counts(stable: sparsea.Stability) -> Any:
    """The frequencies as whole numbers of halves."""
    found = np.rint(stable.frequencies * stable.subsamples).astype(int)
    np.testing.assert_array_equal(stable.frequencies, found / stable.subsamples)
    return found


def record(k: int, candidates: int, subsamples: int, scheme: str = "complementary") -> sparsea.Stability:
    return sparsea.Stability(
        frequencies=np.arange(candidates) % (subsamples + 1) / subsamples,
        threshold=0.75,
        k=k,
        subsamples=subsamples,
        scheme=scheme,
        seed=0,
        algorithm="omp",
        candidates=candidates,
        incomplete=0,
        rows_used=np.arange(40),
    )


@pytest.mark.parametrize("scheme", ["complementary", "half"])
@pytest.mark.parametrize("algorithm", ["search", "omp", "htp"])
def test_frequencies_are_those_of_a_loop(algorithm: str, scheme: Any) -> None:
    A, y = problem_of(0)
    stable = sparsea.stability(A, y, 5, subsamples=24, scheme=scheme, algorithm=algorithm, seed=3)
    by_hand = np.zeros(30, dtype=int)
    for b in range(24):
        rows = stable.rows(b)
        by_hand[sparsea.solve(A[rows], y[rows], 5, algorithm=algorithm).support] += 1
    np.testing.assert_array_equal(counts(stable), by_hand)
    assert by_hand.sum() == 24 * 5
    assert stable.incomplete == 0
    assert stable.algorithm == algorithm


def test_pairs_split_the_rows() -> None:
    A, y = problem_of(1)
    stable = sparsea.stability(A, y, 2, subsamples=20, algorithm="omp")
    left = set()
    for b in range(0, 20, 2):
        first, second = stable.rows(b), stable.rows(b + 1)
        assert len(first) == len(second) == 30
        rest = set(range(61)) - set(first.tolist()) - set(second.tolist())
        assert len(rest) == 1
        left |= rest
    # Every row is as likely to be left out.
    assert len(left) > 5
    halves = sparsea.stability(A, y, 2, subsamples=20, scheme="half", algorithm="omp")
    drawn = np.zeros(61, dtype=int)
    for b in range(20):
        assert len(halves.rows(b)) == 30
        drawn[halves.rows(b)] += 1
    assert drawn.min() > 0
    assert drawn.max() < 20
    assert len({halves.rows(b).tobytes() for b in range(20)}) == 20


def test_rows_are_those_of_the_first_release() -> None:
    """A seed must go on to mean the same halves, whatever the version of NumPy."""
    stable = record(2, 10, 4)
    keys = np.random.PCG64([0, 1]).random_raw(40)
    by_key = sorted(range(40), key=lambda i: keys[i])
    assert stable.rows(2).tolist() == sorted(by_key[:20])
    assert stable.rows(3).tolist() == sorted(by_key[20:])


@pytest.mark.parametrize("seed", [1, 2**32 - 1, 2**32, 2**40 + 7, 2**63 - 1])
@pytest.mark.parametrize("pair", [0, 5, 2**20])
def test_halves_are_those_of_numpy(seed: int, pair: int) -> None:
    rows = np.arange(3, 40)
    order = np.argsort(np.random.PCG64([seed, pair]).random_raw(len(rows)), kind="stable")
    one, other = (np.sort(rows[order[side * 18 : (side + 1) * 18]]) for side in (0, 1))
    np.testing.assert_array_equal(_core.half_of_rows(rows, seed, True, 2 * pair), one)
    np.testing.assert_array_equal(_core.half_of_rows(rows, seed, True, 2 * pair + 1), other)
    np.testing.assert_array_equal(_core.half_of_rows(rows, seed, False, pair), one)


def test_bits_depend_on_the_seed_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    A, y = problem_of(2)
    stable = sparsea.stability(A, y, 6, subsamples=40, threads=1)
    for threads in (2, 3, None):
        assert sparsea.stability(A, y, 6, subsamples=40, threads=threads) == stable
    monkeypatch.setenv("RAYON_NUM_THREADS", "3")
    assert sparsea.stability(A, y, 6, subsamples=40) == stable
    assert sparsea.Problem(A, y).stability(6, subsamples=40) == stable
    assert pickle.loads(pickle.dumps(stable)) == stable
    other = sparsea.stability(A, y, 6, subsamples=40, seed=1)
    assert not np.array_equal(other.frequencies, stable.frequencies)
    assert not np.array_equal(other.rows(0), stable.rows(0))
    assert not stable.frequencies.flags.writeable


@pytest.mark.parametrize(
    "options",
    [
        {"intercept": True},
        {"fixed": [10], "exclude": [0, 1]},
        {"nonnegative": True},
        {"bounds": (-0.5, 0.5)},
        {"ridge": 3.0},
        {"sum_to": 1.5},
        {"groups": [f"g{j // 2}" for j in range(30)]},
        {"groups": iter([f"g{j % 7}" for j in range(30)]), "intercept": True, "exclude": [0, 7, 14, 21, 28]},
        {"unit_columns": False, "iterations": 20, "supports": 50},
    ],
    ids=lambda options: " ".join(options),
)
def test_options_are_those_of_every_half(options: dict[str, Any]) -> None:
    A, y = problem_of(3)
    y = y + 4 * options.get("intercept", False)
    if "groups" in options:
        options = {**options, "groups": list(options["groups"])}
    stable = sparsea.stability(A, y, 3, subsamples=12, **options)
    labels = list(dict.fromkeys(options.get("groups", [])))
    by_hand = np.zeros(len(labels) or 30, dtype=int)
    for b in range(12):
        rows = stable.rows(b)
        found = sparsea.solve(A[rows], y[rows], 3, **options)
        by_hand[found.support if not labels else [labels.index(label) for label in found.groups or ()]] += 1
    np.testing.assert_array_equal(counts(stable), by_hand)
    assert stable.groups == (tuple(labels) or None)
    out = {*options.get("fixed", []), *options.get("exclude", [])}
    assert stable.candidates == (len(labels) - (len(out) == 5) if labels else 30 - len(out))
    if "groups" in options:
        options["groups"] = iter(options["groups"])
    assert sparsea.stability(A, y, 3, subsamples=12, **options) == stable


def test_weights_and_gaps() -> None:
    A, y = problem_of(4)
    weights = np.random.default_rng(4).uniform(0.1, 5, 61)
    weights[[2, 30]] = 0
    y[[7, 8, 30]] = np.nan
    for given in (A, scipy.sparse.csr_array(A), aslinearoperator(A)):
        stable = sparsea.stability(given, y, 4, subsamples=12, weights=weights, missing="drop", intercept=True)
        used = np.setdiff1d(np.arange(61), [2, 7, 8, 30])
        np.testing.assert_array_equal(stable.rows_used, used)
        by_hand = np.zeros(30, dtype=int)
        for b in range(12):
            rows = stable.rows(b)
            assert len(rows) == 28
            assert np.isin(rows, used).all()
            by_hand[sparsea.solve(A[rows], y[rows], 4, weights=weights[rows], intercept=True).support] += 1
        np.testing.assert_array_equal(counts(stable), by_hand)


def test_a_joint_support() -> None:
    A, y = problem_of(5)
    Y = np.column_stack([y, problem_of(5, noise=2.0)[1]])
    stable = sparsea.stability(A, Y, 4, subsamples=12, joint=True)
    by_hand = np.zeros(30, dtype=int)
    for b in range(12):
        rows = stable.rows(b)
        by_hand[sparsea.solve(A[rows], Y[rows], 4, joint=True).support] += 1
    np.testing.assert_array_equal(counts(stable), by_hand)
    assert sparsea.Problem(A, Y, joint=True).stability(4, subsamples=12) == stable


@pytest.mark.parametrize("complex_", [False, True])
def test_every_form_of_a_matrix(complex_: bool) -> None:
    A, y = problem_of(6)
    if complex_:
        A, y = A + 1j * problem_of(7)[0], y * (1 + 0.5j)
    A = np.where(np.abs(A) > 0.5, A, 0)
    stable = sparsea.stability(A, y, 4, subsamples=12)
    by_hand = np.zeros(30, dtype=int)
    for b in range(12):
        rows = stable.rows(b)
        by_hand[sparsea.solve(A[rows], y[rows], 4).support] += 1
    np.testing.assert_array_equal(counts(stable), by_hand)
    forms = [np.asfortranarray(A), scipy.sparse.csr_array(A), scipy.sparse.csc_matrix(A), scipy.sparse.coo_array(A)]
    for given in [*forms, aslinearoperator(A), A.tolist()]:
        assert sparsea.stability(given, y, 4, subsamples=12) == stable
    narrow = A.astype(np.complex64 if complex_ else np.float32)
    assert sparsea.stability(narrow, y, 4, subsamples=12) == sparsea.stability(
        narrow.astype(A.dtype), y, 4, subsamples=12
    )
    # A real matrix and complex data.
    plain = sparsea.stability(A.real, y * 1j, 4, subsamples=12)
    assert plain == sparsea.stability(A.real.astype(complex), y * 1j, 4, subsamples=12)


def test_operators() -> None:
    rng = np.random.default_rng(8)
    blur = sparsea.Convolution(sparsea.gaussian(1.5), 90)
    transform = sparsea.PartialDFT(64, np.arange(0, 64, 2))
    for operator, at in ((blur, [20, 45, 70]), (transform, [5, 20, 33]), (sparsea.Steps(80), [20, 45, 70])):
        m, n = operator.shape
        matrix = np.stack([operator.matvec(e) for e in np.eye(n)], axis=1)
        x = np.zeros(n)
        x[at] = [1.0, -2.0, 1.5]
        y = operator.matvec(x) + 0.1 * rng.standard_normal(m)
        stable = sparsea.stability(operator, y, 3, subsamples=10, algorithm="omp")
        by_hand = np.zeros(n, dtype=int)
        for b in range(10):
            rows = stable.rows(b)
            by_hand[sparsea.solve(matrix[rows], y[rows], 3, algorithm="omp").support] += 1
        np.testing.assert_array_equal(counts(stable), by_hand)
        for threads in (1, 2):
            again = sparsea.stability(operator, y, 3, subsamples=10, algorithm="omp", threads=threads)
            assert again == stable


def test_products_of_python_are_asked_for_one_at_a_time() -> None:
    A, y = problem_of(9)
    busy = threading.Lock()
    overlaps = []

    class Noted:
        shape, dtype = A.shape, A.dtype

        def matvec(self, x: Any, matrix: Any = A) -> Any:
            alone = busy.acquire(blocking=False)
            overlaps.append(not alone)
            # Lets other threads in.
            time.sleep(1e-5)
            if alone:
                busy.release()
            return matrix @ x

        def rmatvec(self, x: Any) -> Any:
            return self.matvec(x, A.T)

    found = sparsea.stability(Noted(), y, 3, subsamples=4, threads=2, algorithm="omp")
    assert found == sparsea.stability(A, y, 3, subsamples=4, algorithm="omp")
    assert len(overlaps) > 0
    assert not any(overlaps)


def test_columns_are_named() -> None:
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    A, y = problem_of(10, noise=0.1)
    names = [f"c{j}" for j in range(30)]
    for frame in (pandas.DataFrame(A, columns=names), polars.DataFrame(dict(zip(names, A.T, strict=True)))):
        stable = sparsea.stability(frame, y, 4, subsamples=10, exclude=["c0"])
        assert stable.selected_names_ == ("c3", "c10", "c17")
        assert repr(stable).startswith("<Stability of k = 4 on 10 halves: selected [c3, c10, c17] of 29 at 0.75")
        np.testing.assert_array_equal(
            stable.frequencies, sparsea.stability(A, y, 4, subsamples=10, exclude=[0]).frequencies
        )
    grouped = sparsea.stability(A, y, 2, subsamples=10, groups=["a"] * 15 + ["b"] * 5 + list(range(10)))
    assert grouped.selected_names_ == ("a", "b")
    assert grouped.to_dict()["groups"] == ["a", "b", *range(10)]


def test_fewer_than_k() -> None:
    A, y = problem_of(11, noise=0.0)
    stable = sparsea.stability(A, y, 5, subsamples=10)
    # Three columns explain y exactly, so no others are chosen.
    assert stable.selected.tolist() == SUPPORT
    assert stable.frequencies.sum() == 3
    assert stable.incomplete == 10
    assert "fewer than k on 10" in repr(stable)
    noisy = problem_of(11)[1]
    some = sparsea.stability(A[:, :6], noisy, 4, subsamples=40, nonnegative=True)
    assert 0 < some.incomplete < 40
    short = 0
    for b in range(40):
        rows = some.rows(b)
        short += len(sparsea.solve(A[rows, :6], noisy[rows], 4, nonnegative=True).support) < 4
    assert some.incomplete == short


def test_planted_columns_are_selected() -> None:
    for seed in range(5):
        rng = np.random.default_rng(seed)
        A = rng.standard_normal((150, 300))
        S = np.sort(rng.choice(300, 4, replace=False))
        y = A[:, S] @ rng.uniform(1.0, 2.0, 4) + rng.standard_normal(150)
        stable = sparsea.stability(A, y, 8, subsamples=50, seed=seed)
        assert stable.selected.tolist() == S.tolist()
        # 0.75 selects what 38 of 50 do.
        assert stable.expected_false == pytest.approx(64 / (0.52 * 300))


@pytest.mark.parametrize("k", [8, 40])
def test_false_selections_without_signal_are_bounded(k: int) -> None:
    low, false = 0.52, np.zeros((40, 3))
    for seed in range(40):
        rng = np.random.default_rng(seed)
        stable = sparsea.stability(
            rng.standard_normal((100, 200)), rng.standard_normal(100), k, subsamples=50, algorithm="omp", seed=seed
        )
        assert counts(stable).sum() == 50 * k
        false[seed] = [len(stable.select(threshold)) for threshold in (low, 0.6, 0.75)]
    for threshold, mean in zip((low, 0.6, 0.75), false.mean(axis=0), strict=True):
        assert mean <= stable.bound(threshold, unimodal=True) <= stable.bound(threshold)
    # Some are selected, so that there is something to bound.
    assert false[:, 0].any()


def most_often(B: int, mean: float, least: int, unimodal: bool) -> float:
    """The largest chance that X ≥ `least` for X on 0 … B with this mean, by a linear program for each mode."""
    best = 0.0
    for mode in range(B + 1) if unimodal else [-1]:
        falls = np.zeros((B, B + 1))
        for i in range(B):
            falls[i, [i, i + 1]] = (1, -1) if i < mode else (-1, 1)
        found = linprog(
            -(np.arange(B + 1) >= least).astype(float),
            A_ub=falls if unimodal else None,
            b_ub=np.zeros(B) if unimodal else None,
            A_eq=[np.ones(B + 1), np.arange(B + 1)],
            b_eq=[1, mean],
        )
        best = max(best, 0.0 if found.status == 2 else -found.fun)
    return best


@pytest.mark.parametrize("k", [4, 20, 40, 57])
def test_bounds_are_the_worst_of_all_distributions(k: int) -> None:
    """Of p columns, each chosen with probability θ on a half: how often may they be chosen by c of N halves?

    By c of N = 2 B halves, so by both halves of at least c − B pairs: of B pairs that has the mean B θ².
    """
    B, p = 8, 100
    stable = record(k, p, 2 * B)
    sharp = 0
    for c in range(B + 1, 2 * B + 1):
        worst = most_often(B, B * (k / p) ** 2, c - B, unimodal=False)
        assert min(1.0, stable.bound(c / (2 * B)) / p) == pytest.approx(worst)
        unimodal = most_often(B, B * (k / p) ** 2, c - B, unimodal=True)
        bound = stable.bound(c / (2 * B), unimodal=True) / p
        assert bound <= stable.bound(c / (2 * B)) / p
        assert bound >= unimodal - 1e-9
        sharp += bound == pytest.approx(unimodal)
    # Theorem 2 is sharp while the mean is low.
    if k <= 20:
        assert sharp == B


def test_bounds_by_hand() -> None:
    stable = record(6, 200, 100)
    assert stable.bound() == stable.expected_false == 0.36
    assert stable.bound(1.0) == 0.18
    assert stable.bound(0.95) == 0.2
    assert stable.bound(unimodal=True) == pytest.approx(0.18 / 0.98)
    assert stable.bound(0.9, unimodal=True) == pytest.approx(0.18 * 0.44 / 1.02)
    # 0.905 selects what 0.91 does.
    assert stable.bound(0.905) == stable.bound(0.91) < stable.bound(0.9)
    assert record(6, 200, 99, "half").bound(1.0) == 0.18
    # Theorem 2 says nothing of the first possible frequency, nor of θ above 1/√3.
    assert stable.bound(0.51, unimodal=True) == stable.bound(0.51) == 9.0
    assert record(120, 200, 100).bound(0.9, unimodal=True) == record(120, 200, 100).bound(0.9)
    json.dumps(stable.to_dict())
    assert stable.to_dict()["expected_false_unimodal"] == stable.bound(unimodal=True)
    assert "expected_false_unimodal" not in record(6, 200, 99, "half").to_dict()


@pytest.mark.parametrize("unimodal", [False, True])
def test_thresholds_for_a_bound(unimodal: bool) -> None:
    stable = record(6, 200, 100)
    possible = [c / 100 for c in range(51, 101)]
    bounds = [stable.bound(threshold, unimodal=unimodal) for threshold in possible]
    assert all(a > b for a, b in itertools.pairwise(bounds))
    for threshold, bound in zip(possible, bounds, strict=True):
        assert stable.threshold_for(bound, unimodal=unimodal) == threshold
    assert stable.threshold_for(100.0, unimodal=unimodal) == 0.51
    with pytest.raises(sparsea.Error, match=r"no threshold bounds the expected false selections by 0\.0001: at 1 the"):
        stable.threshold_for(0.0001, unimodal=unimodal)


def test_selections_compare_as_floats_do() -> None:
    for subsamples in (7, 10, 30, 99, 100):
        stable = record(3, 3 * subsamples, subsamples, "half")
        for c in range(subsamples // 2 + 1, subsamples + 1):
            assert set(stable.select(c / subsamples)) == {j for j in range(3 * subsamples) if j % (subsamples + 1) >= c}
            assert stable.bound(c / subsamples) == 9 * subsamples / ((2 * c - subsamples) * 3 * subsamples)


def test_no_memory_by_face_value_and_ctrl_c() -> None:
    A, y = problem_of(12)
    with pytest.raises(ValueError, match="subsamples"):
        sparsea.stability(A, y, 3, subsamples=2**62, threads=2)
    threading.Timer(0.2, lambda: signal.raise_signal(signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        sparsea.stability(A, y, 3, subsamples=10**6, threads=2)


def test_progress_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("tqdm")
    A, y = problem_of(13)
    shown = sparsea.stability(A, y, 3, subsamples=6, progress=True)
    assert "6/6" in capsys.readouterr().err
    assert shown == sparsea.stability(A, y, 3, subsamples=6)


def test_a_forgotten_intercept_is_warned_of_once() -> None:
    A, y = problem_of(14)
    with pytest.warns(UserWarning, match="intercept=True") as caught:
        sparsea.stability(A, y + 100, 3, subsamples=6)
    assert [warning.filename for warning in caught] == [__file__]
    sparsea.stability(A, y + 100, 3, subsamples=6, intercept=False)


GRAM = sparsea.Gram(np.eye(3), np.ones(3), 5.0, 9)
BAD: dict[str, tuple[Any, type[Exception], str]] = {
    "k below 1": (lambda A, y: (A, y, 0), ValueError, "k must be a whole number of at least 1, got 0"),
    "k above half": (
        lambda A, y: (np.hstack([A, A**2]), y, 31),
        ValueError,
        "k must be between 1 and 30 (half of 61 rows), got 31",
    ),
    "k above columns": (
        lambda A, y: (A[:, :5], y, 6),
        ValueError,
        "k must be between 1 and 5 (the columns that may be chosen), got 6",
    ),
    "k above the rest": (
        lambda A, y: (A, y, 6, {"exclude": range(20), "fixed": [20, 21, 22, 23, 24]}),
        ValueError,
        "k must be between 1 and 5 (the columns that may be chosen), got 6",
    ),
    "k above groups": (
        lambda A, y: (A, y, 3, {"groups": [0] * 29 + [1]}),
        ValueError,
        "k must be between 1 and 2 (the groups that may be chosen), got 3",
    ),
    "k no number": (lambda A, y: (A, y, [3]), TypeError, "k must be a whole number of at least 1, got [3]"),
    "odd": (
        lambda A, y: (A, y, 3, {"subsamples": 7}),
        ValueError,
        "subsamples must be even, two for each complementary pair, got 7",
    ),
    "no subsamples": (
        lambda A, y: (A, y, 3, {"subsamples": 0}),
        ValueError,
        "subsamples must be a whole number from 1 to 1000000, got 0",
    ),
    "scheme": (
        lambda A, y: (A, y, 3, {"scheme": "pairs"}),
        ValueError,
        "scheme must be 'complementary' or 'half', got 'pairs'",
    ),
    "seed": (lambda A, y: (A, y, 3, {"seed": -1}), ValueError, "seed must be a whole number of at least 0, got -1"),
    "threshold": (
        lambda A, y: (A, y, 3, {"threshold": 0.5}),
        ValueError,
        "threshold must be above 0.5 and at most 1, got 0.5",
    ),
    "threshold NaN": (lambda A, y: (A, y, 3, {"threshold": np.nan}), ValueError, "threshold must be above 0.5 and at"),
    "threads": (
        lambda A, y: (A, y, 3, {"threads": 0}),
        ValueError,
        "threads must be a whole number from 1 to 4096, got 0",
    ),
    "callback": (
        lambda A, y: (A, y, 3, {"callback": print}),
        TypeError,
        "stability takes no callback: of its many runs it keeps the supports alone",
    ),
    "start": (lambda A, y: (A, y, 3, {"start": "omp"}), TypeError, "stability takes no start: of its many runs"),
    "report": (lambda A, y: (A, y, 3, {"report": True}), TypeError, "stability takes no report: of its many runs"),
    "trace": (lambda A, y: (A, y, 3, {"trace": False}), TypeError, "stability takes no trace: of its many runs"),
    "unknown": (lambda A, y: (A, y, 3, {"subsample": 3}), TypeError, "unexpected keyword argument 'subsample'"),
    "statistics": (
        lambda _, __: (GRAM, None, 1),
        ValueError,
        "stability needs the rows of A and y, which sufficient statistics do not have",
    ),
    "batch": (
        lambda A, y: (A, np.column_stack([y, y]), 3),
        ValueError,
        "y has shape (61, 2); stability is of one vector at a time, or of several with joint=True",
    ),
    "one row": (
        lambda A, y: (A, y, 1, {"weights": np.eye(61)[5]}),
        ValueError,
        "stability needs at least 2 rows that count, got 1",
    ),
    "rows": (lambda A, y: (A, y[:-1], 3), ValueError, "y has 60 entries, but A has 61 rows"),
    "NaN in y": (
        lambda A, y: (A, np.where(np.arange(61) == 50, np.nan, y), 3),
        ValueError,
        "y contains NaN at index 50 (counted from 0); with missing='drop' NaN are gaps",
    ),
    "NaN in A": (
        lambda A, y: (np.where(np.arange(61)[:, None] == 50, np.nan, A), y, 3),
        ValueError,
        "A contains NaN at row 50, column 0 (counted from 0)",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input(case: str) -> None:
    make, kind, said = BAD[case]
    A, y, k, *rest = make(*problem_of(15))
    options: dict[str, Any] = rest[0] if rest else {}
    with pytest.raises(sparsea.Error, match=re.escape(said)) as caught:
        sparsea.stability(A, y, k, **options)
    assert isinstance(caught.value, kind)


def test_bad_questions() -> None:
    stable = record(3, 20, 10)
    for ask, said in (
        (lambda: stable.rows(10), "subsample must be a whole number from 0 to 9, got 10"),
        (lambda: stable.select(0.5), "threshold must be above 0.5 and at most 1, got 0.5"),
        (lambda: stable.bound(1.01), "threshold must be above 0.5 and at most 1, got 1.01"),
        (lambda: stable.threshold_for(0), "expected_false must be a finite number above 0, got 0"),
        (
            lambda: record(3, 20, 9, "half").bound(unimodal=True),
            "the bound for unimodal distributions needs complementary pairs, not half",
        ),
    ):
        with pytest.raises(ValueError, match=re.escape(said)):
            ask()
