"""Frames and series: what is paired by position must not carry labels that say otherwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.model_selection import GroupKFold

import sparsea
from sparsea import theory
from sparsea.sklearn import SparseRegressor, SparseRegressorCV, SparsityPath

# K is small.
pytestmark = pytest.mark.filterwarnings("ignore:k = .* is the best by")

M, N = 14, 5
rows = pd.Index([f"r{i}" for i in range(M)])
columns = [f"c{j}" for j in range(N)]
_fixed = np.random.default_rng(0)
values = _fixed.standard_normal((M, N))
A = pd.DataFrame(values, rows, columns)
y = pd.Series(values @ [0.0, 1.0, 0.0, -2.0, 0.0] + 0.1 * _fixed.standard_normal(M), rows)
x = pd.Series([0.0, 1.0, 0.0, -2.0, 0.0], columns)
del _fixed


def other_labels(labels: Any, rng: np.random.Generator) -> list[Any]:
    """Indices of the same length that differ: in one label, in their order, in all, or in what they are."""
    labels = pd.Index(labels)
    place = int(rng.integers(len(labels)))
    order = np.arange(len(labels))
    order[[0, -1]] = order[[-1, 0]]
    changed = labels.to_list()
    changed[place] = "other"
    dates = pd.date_range("2026-01-01", periods=len(labels))
    return [pd.Index(changed), labels[order], pd.RangeIndex(len(labels)), dates, labels.str.upper()]


BY_ROWS: list[tuple[str, Callable[[Any], Any]]] = [
    ("y", lambda s: sparsea.solve(A, s, 2)),
    ("y", lambda s: sparsea.solve(A, pd.DataFrame({"a": s, "b": s}) if isinstance(s, pd.Series) else s, 2)),
    ("y", lambda s: sparsea.improve(A, s, support=[1])),
    ("noise", lambda s: theory.recovery(A, 2, truth=x, noise=0.01 * s)),
    *[
        (name, lambda s, m=model, n=name: m().fit(A, **{"y": y, n: s}))
        for model in (SparseRegressor, SparsityPath, SparseRegressorCV)
        for name in ("y", "sample_weight")
    ],
    ("groups", lambda s: SparseRegressorCV(2, cv=GroupKFold(3)).fit(A, y, groups=s)),
]
BY_COLUMNS: list[tuple[str, Callable[[Any], Any]]] = [
    ("start", lambda s: sparsea.solve(A, y, 2, start=s)),
    ("x", lambda s: sparsea.improve(A, y, x=s)),
    ("support", lambda s: sparsea.improve(A, y, support=s != 0)),
    ("truth", lambda s: theory.recovery(A, 2, truth=s)),
    ("start", lambda s: theory.recovery(A, 2, truth=x, start=s)),
]


@pytest.mark.parametrize(("name", "call"), BY_ROWS)
def test_other_indices_are_refused(name: str, call: Callable[[Any], Any], rng: np.random.Generator) -> None:
    series = y.abs() if name == "sample_weight" else y
    call(series)
    call(pd.Series(series.to_numpy(), pd.Index(rows.to_list(), name="another name")))
    for index in other_labels(rows, rng):
        place = next(i for i in range(M) if index[i] != rows[i])
        with pytest.raises(ValueError, match=f"and {name} have different indices") as caught:
            call(pd.Series(series.to_numpy(), index))
        message = str(caught.value)
        assert f"at {place} (counted from 0) " in message
        assert f"has {rows[place]!r}, {name} has {index[place]!r}"[:100] in message
        assert f"{name}.to_numpy()" in message
    call(series.to_numpy())


@pytest.mark.parametrize(("name", "call"), BY_COLUMNS)
def test_other_columns_are_refused(name: str, call: Callable[[Any], Any], rng: np.random.Generator) -> None:
    call(x)
    for index in other_labels(columns, rng):
        with pytest.raises(ValueError, match=f"the columns of A and {name} have different labels: at "):
            call(pd.Series(x.to_numpy(), index))


def test_a_default_index_on_one_side_is_another_index() -> None:
    default = A.reset_index(drop=True)
    for a, b in ((A, y.reset_index(drop=True)), (default, y), (default.sample(frac=1, random_state=0), default["c1"])):
        with pytest.raises(ValueError, match="A and y have different indices"):
            sparsea.solve(a, b, 2)
        with pytest.raises(ValueError, match="X and y have different indices"):
            SparseRegressor(2).fit(a, b)


def test_equal_indices_of_any_kind_are_paired() -> None:
    expected = sparsea.solve(values, y.to_numpy(), 2).x
    for index in (
        pd.RangeIndex(M),
        pd.Index(range(M), dtype="float64"),
        pd.Index([np.nan, *range(1, M)]),
        pd.Index([0] * M),
        pd.date_range("2026-01-01", periods=M),
        pd.MultiIndex.from_product([["a", "b"], range(M // 2)]),
    ):
        frame, series = A.set_axis(index, axis=0), y.set_axis(index)
        np.testing.assert_array_equal(sparsea.solve(frame, series, 2).x, expected)
        SparsityPath(2).fit(frame, series, sample_weight=series.abs())
    # One that counts from 0 is the same index, however it is held.
    np.testing.assert_array_equal(
        sparsea.solve(A.set_axis(pd.RangeIndex(M), axis=0), y.set_axis(list(range(M))), 2).x, expected
    )


def test_what_has_no_index_is_paired_by_position() -> None:
    expected = sparsea.solve(values, y.to_numpy(), 2)
    for a, b in (
        (A, y.to_numpy()),
        (A, y.to_list()),
        (values, y),
        (pl.DataFrame(values, schema=columns), pl.Series(y.to_numpy())),
        (pl.DataFrame(values, schema=columns), y),
        (A, pl.Series(y.to_numpy())),
    ):
        found = sparsea.solve(a, b, 2)
        np.testing.assert_array_equal(found.x, expected.x)
        SparseRegressor(2).fit(a, b, sample_weight=np.ones(M))


def test_lengths_are_named_before_labels() -> None:
    with pytest.raises(ValueError, match="y has 13 entries, but A has 14 rows"):
        sparsea.solve(A, y.iloc[1:], 2)
    with pytest.raises(ValueError, match=r"X and sample_weight have different indices|sample_weight must have shape"):
        SparseRegressor(2).fit(A, y, y.iloc[1:])
