"""The package and the command give the same bits for models with more than the columns that are chosen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shell import command, same

import sparsea

_rng = np.random.default_rng(5)
A = _rng.standard_normal((40, 30)) * 10.0 ** _rng.uniform(-2, 2, 30)
y = 7 + A[:, :4] @ (1 / np.linalg.norm(A[:, :4], axis=0)) + 0.1 * _rng.standard_normal(40)
WEIGHTS = _rng.integers(0, 4, 40).astype(float)
z = np.where(_rng.random(40) < 0.2, np.nan, y)
del _rng


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"intercept": True}, ["--intercept"]),
        ({"fixed": [3, 1], "exclude": [0], "intercept": False}, ["--fixed", "3,1", "--exclude", "0"]),
        ({"weights": WEIGHTS, "ridge": 0.5, "intercept": False}, ["--weights", "w.npy", "--ridge", "0.5"]),
        ({"missing": "drop", "intercept": True, "ridge": 2}, ["--missing", "drop", "--intercept", "--ridge", "2"]),
    ],
)
@pytest.mark.parametrize("complex_", [False, True])
def test_models(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], words: list[str], complex_: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    data = z if "missing" in options else y
    data = data * (1 + 2j) if complex_ else data
    np.save("A.npy", A)
    np.save("y.npy", data)
    np.save("w.npy", WEIGHTS)
    for algorithm in ("search", "sea", "omp"):
        expected = command("solve", "A.npy", "y.npy", "-k", "3", "--algorithm", algorithm, *words)
        same(sparsea.solve(A, data, 3, algorithm=algorithm, **options), expected)
    np.savetxt("s.txt", [4, 5], fmt="%d")
    same(
        sparsea.improve(A, data, support=[4, 5], **options),
        command("improve", "A.npy", "y.npy", "--support", "s.txt", *words),
    )


def test_a_named_column_has_an_intercept(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(np.column_stack([A, y]), columns=[*(f"c{j}" for j in range(30)), "price"])
    frame.to_csv(tmp_path / "table.csv", index=False)
    table = pandas.read_csv(tmp_path / "table.csv")
    expected = command("solve", tmp_path / "table.csv", "price", "-k", "3", "--fixed", "c7")
    # The command reads a table by rows.
    features = np.ascontiguousarray(table.drop(columns="price"))
    same(sparsea.solve(features, table["price"].to_numpy(), 3, intercept=True, fixed=[7]), expected)
    named = sparsea.solve(table.drop(columns="price"), table["price"], 3, intercept=True, fixed=["c7"])
    assert named.support.tolist() == expected["support"]


def test_traces_with_gaps(tmp_path: Path) -> None:
    trace = np.convolve(np.eye(200)[60] * 1.5 - np.eye(200)[130], sparsea.gaussian(3.0), mode="same")
    trace[62:75] = np.nan
    np.save(tmp_path / "y.npy", trace)
    line: list[str | Path] = [
        "deconvolve",
        tmp_path / "y.npy",
        "--kernel",
        "gaussian:3",
        "-k",
        "2",
        "--missing",
        "drop",
    ]
    same(sparsea.deconvolve(trace, "gaussian:3", 2, missing="drop"), command(*line))
    for baseline in ("mean", "median"):
        found = sparsea.deconvolve(trace, "gaussian:3", 2, missing="drop", baseline=baseline, intercept=True)
        same(found, command(*line, "--baseline", baseline, "--intercept"))
