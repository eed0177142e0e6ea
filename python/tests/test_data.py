"""The files of data/ against the raw files that they are made from, and what their README says."""

from __future__ import annotations

import csv
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import sklearn
from numpy.typing import NDArray
from sklearn.datasets import load_diabetes

DATA = Path(__file__).resolve().parents[2] / "data"
REQUIREMENTS = DATA / "requirements.txt"
Column = NDArray[np.float64]


def table(name: str) -> dict[str, Column]:
    """The columns of a data file by name."""
    with (DATA / name).open(newline="", encoding="ascii") as file:
        names, *rows = csv.reader(file)
    return dict(zip(names, np.array(rows, dtype=float).T, strict=True))


def standardised(column: Column) -> Column:
    """The column less its mean, scaled to unit length."""
    centred = column - column.mean()
    return np.asarray(centred / np.linalg.norm(centred))


@pytest.fixture(scope="module")
def diabetes() -> dict[str, Column]:
    return table("diabetes.csv")


@pytest.mark.skipif(
    f"scikit-learn=={sklearn.__version__}" not in REQUIREMENTS.read_text(encoding="utf-8").split(),
    reason="another scikit-learn than the one that the file is made from",
)
def test_diabetes_is_what_make_data_gives() -> None:
    done = subprocess.run(
        [sys.executable, DATA / "make_data.py", "--check", "diabetes"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_diabetes_has_64_centred_columns_of_unit_length(diabetes: dict[str, Column]) -> None:
    assert len(diabetes) == 65
    assert next(iter(diabetes)) == "y"
    for name, column in diabetes.items():
        assert column.shape == (442,)
        length = 1.0 if name != "y" else np.linalg.norm(column)
        assert abs(np.linalg.norm(column) - length) < 1e-9, name
        assert abs(column.sum()) < 1e-8 * np.abs(column).sum(), name


def test_diabetes_comes_from_the_raw_measurements(diabetes: dict[str, Column]) -> None:
    raw, response = load_diabetes(return_X_y=True, scaled=False)
    mains = ["age", "sex", "bmi", "bp", "tc", "ldl", "hdl", "tch", "ltg", "glu"]
    expected = {name: standardised(column) for name, column in zip(mains, raw.T, strict=True)}
    for name in mains:
        if name != "sex":
            expected[f"{name}^2"] = standardised(expected[name] ** 2)
    for left, right in combinations(mains, 2):
        expected[f"{left}:{right}"] = standardised(expected[left] * expected[right])
    expected["y"] = response - response.mean()

    assert diabetes.keys() == expected.keys()
    for name, column in expected.items():
        np.testing.assert_allclose(diabetes[name], column, rtol=2e-9, atol=1e-12, err_msg=name)


def test_diabetes_main_effects_are_scikit_learns(diabetes: dict[str, Column]) -> None:
    scaled, _ = load_diabetes(return_X_y=True)
    columns = np.array(list(diabetes.values())[1:11]).T
    np.testing.assert_allclose(columns, scaled, rtol=2e-9, atol=1e-12)


def test_xrf_peaks_are_at_the_tabulated_energies() -> None:
    (counts,) = table("xrf.csv").values()
    assert counts.shape == (1120,)
    assert np.all(counts >= 0)
    np.testing.assert_array_equal(counts, np.round(counts))
    # K-alpha lines of Ti … Zn, keV, with the calibration that data/README.md gives.
    energies = [4.5089, 4.9498, 5.4117, 5.8951, 6.3996, 6.9253, 7.4722, 8.0411, 8.6313]
    for energy in energies:
        sample = (energy + 0.495323) / 0.00502992 - 940
        low, high = round(sample) - 20, round(sample) + 21
        assert abs(low + int(np.argmax(counts[low:high])) - sample) < 4
