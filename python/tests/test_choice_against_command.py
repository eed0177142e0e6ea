"""`sparsea path` and `sparsea stability` against the package: criteria, errors, halves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shell import command
from sklearn.model_selection import KFold

import sparsea
from sparsea.sklearn import SparseRegressorCV, SparsityPath


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(12)
    A = rng.standard_normal((60, 24))
    A[:, 1::2] += A[:, ::2]
    y = 3 + A[:, [2, 7, 15]] @ [1.0, -1.5, 0.7] + 0.5 * rng.standard_normal(60)
    np.save("A.npy", A)
    np.save("y.npy", y)
    return A, y


# Without an intercept the mean of y takes as many columns as it gets.
@pytest.mark.filterwarnings("ignore:k = 8 is the best")
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("options", [{}, {"sigma": 0.5}, {"ebic_gamma": 0.5}])
def test_criteria_are_those_of_the_estimator(files: Any, intercept: bool, options: dict[str, Any]) -> None:
    A, y = files
    words = [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    words += ["--intercept"] if intercept else []
    for criterion in ("ebic", "bic", "aic", "aicc", "cp", "loo"):
        found = command("path", "A.npy", "y.npy", "-K", "8", "--criterion", criterion, *words)
        path = SparsityPath(8, criterion=criterion, fit_intercept=intercept, **options).fit(A, y)
        assert found["k"] == path.n_nonzero_coefs_
        np.testing.assert_array_equal(found["support"], path.support_)
        for name in ("aic", "bic", "ebic", "aicc", *(["cp"] if criterion == "cp" else [])):
            own = [row[name] for row in found["path"]]
            np.testing.assert_allclose(own, getattr(path, f"{name}_"), rtol=1e-9, atol=1e-8)
        if criterion == "loo":
            np.testing.assert_allclose([row["loo"] for row in found["path"]], path.loo_, rtol=1e-9)
            corrected = [row["corrected_loo"] for row in found["path"]]
            np.testing.assert_allclose(corrected, path.corrected_loo_, rtol=1e-9)


@pytest.mark.parametrize("one_standard_error", [True, False])
def test_folds_are_those_of_the_estimator(files: Any, one_standard_error: bool) -> None:
    A, y = files
    words = ["--one-standard-error"] if one_standard_error else []
    found = command("path", "A.npy", "y.npy", "-K", "8", "--criterion", "cv", "--folds", "4", "--intercept", *words)
    model = SparseRegressorCV(8, cv=KFold(4), one_standard_error=one_standard_error).fit(A, y)
    errors = [row["cv_error"] for row in found["path"]]
    np.testing.assert_allclose(errors, model.mse_path_.mean(axis=1), rtol=1e-9)
    assert found["k"] == model.n_nonzero_coefs_


@pytest.mark.parametrize("seed", [0, 3, 2**32, 2**40 + 7, 2**63 - 1])
@pytest.mark.parametrize("scheme", ["complementary", "half"])
def test_halves_are_the_same(files: Any, seed: int, scheme: Any) -> None:
    A, y = files
    words = ["--subsamples", "20", "--seed", str(seed), "--scheme", scheme, "--intercept"]
    found = command("stability", "A.npy", "y.npy", "-k", "5", *words)
    expected = sparsea.stability(A, y, 5, subsamples=20, seed=seed, scheme=scheme, intercept=True)
    answer = expected.to_dict()
    assert {key: found[key] for key in answer} == answer
    weights = np.arange(60) % 7.0
    np.save("w.npy", weights)
    found = command("stability", "A.npy", "y.npy", "-k", "5", *words, "--weights", "w.npy")
    expected = sparsea.stability(A, y, 5, subsamples=20, seed=seed, scheme=scheme, intercept=True, weights=weights)
    assert found["frequencies"] == expected.frequencies.tolist()
