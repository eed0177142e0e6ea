"""The estimators inside the tools of scikit-learn, and on frames."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray
from sklearn.base import is_regressor
from sklearn.datasets import load_diabetes
from sklearn.feature_selection import SelectFromModel
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from sparsea.sklearn import SparseRegressor, SparseRegressorCV, SparsityPath

Array = NDArray[Any]

# K is often too small on purpose.
pytestmark = pytest.mark.filterwarnings("ignore:k = .* is the best by")

MODELS = [SparseRegressor(4), SparseRegressorCV(6), SparsityPath(6)]


def diabetes() -> tuple[pd.DataFrame, pd.Series[Any]]:
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    return X, y


def test_last_in_a_pipeline() -> None:
    X, y = diabetes()
    model = make_pipeline(StandardScaler(), PolynomialFeatures(2, include_bias=False), SparseRegressor(8)).fit(X, y)
    assert model.score(X, y) > SparseRegressor(8).fit(X, y).score(X, y)


@pytest.mark.parametrize("model", MODELS)
def test_selector_in_a_pipeline(model: Any) -> None:
    X, y = diabetes()
    chain = make_pipeline(model, LinearRegression()).fit(X, y)
    assert_allclose(chain.predict(X), chain[0].predict(X), rtol=1e-9)
    assert_array_equal(chain[1].n_features_in_, len(chain[0].support_))


@pytest.mark.parametrize("model", MODELS)
def test_selector(model: Any) -> None:
    X, y = diabetes()
    model.fit(X, y)
    mask, indices = model.get_support(), model.get_support(indices=True)
    assert_array_equal(np.flatnonzero(mask), indices)
    assert_array_equal(indices, model.support_)
    assert_array_equal(model.get_feature_names_out(), X.columns[mask])
    assert_array_equal(model.get_feature_names_out(), model.support_names_)
    assert_array_equal(model.transform(X), X.loc[:, mask])
    assert_array_equal(model.inverse_transform(X.loc[:, mask].to_numpy())[:, mask], X.loc[:, mask])
    assert is_regressor(model)


def test_grid_search_over_k_clips_with_a_warning() -> None:
    X, y = diabetes()
    grid = GridSearchCV(SparseRegressor(algorithm="omp"), {"n_nonzero_coefs": [2, 4, 12]}, cv=3, error_score="raise")
    with pytest.warns(UserWarning, match=r"n_nonzero_coefs is 12, but there are \d+ samples and 10 features"):
        grid.fit(X, y)
    assert np.isfinite(grid.cv_results_["mean_test_score"]).all()
    assert grid.best_estimator_.n_nonzero_coefs == grid.best_params_["n_nonzero_coefs"]


def test_grid_search_over_algorithms() -> None:
    X, y = diabetes()
    grid = GridSearchCV(SparseRegressor(4), {"algorithm": ["omp", "sea", "omp+els"], "fit_intercept": [True, False]})
    grid.fit(X, y)
    # Without an intercept nothing fits: the features have mean 0 and the target has not.
    assert grid.best_params_["fit_intercept"]


@pytest.mark.parametrize("model", MODELS)
def test_select_from_model(model: Any) -> None:
    X, y = diabetes()
    selector = SelectFromModel(model, threshold=1e-12).fit(X, y)
    assert_array_equal(selector.get_feature_names_out(), selector.estimator_.support_names_)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("backend", ["pandas", "polars"])
def test_frames(model: Any, backend: str) -> None:
    X, y = diabetes()
    expected = model.fit(X.to_numpy(), y.to_numpy()).coef_
    frame = X if backend == "pandas" else pl.DataFrame({name: X[name].to_numpy() for name in X})
    target = y if backend == "pandas" else pl.Series(y.to_numpy())
    fitted = model.fit(frame, target)
    # Frames are stored by columns, which sums in another order.
    assert_allclose(fitted.coef_, expected, rtol=1e-9)
    assert_array_equal(fitted.feature_names_in_, list(X.columns))
    assert {"bmi", "s5"} <= set(fitted.support_names_)
    model.set_output(transform=backend)
    chosen = model.transform(frame)
    assert isinstance(chosen, pd.DataFrame if backend == "pandas" else pl.DataFrame)
    assert_array_equal(list(chosen.columns), fitted.support_names_)
    assert_array_equal(model.predict(frame), model.predict(frame[list(X.columns)]))
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(frame[list(X.columns)[::-1]])
    model.set_output(transform="default")
    # Fitted anew without names, it has none.
    assert not hasattr(model.fit(X.to_numpy(), y), "support_names_")


def test_frames_of_weights_and_targets() -> None:
    X, y = diabetes()
    weights = pd.Series(np.linspace(0, 2, len(y)))
    joint = SparseRegressor(4).fit(X, pd.DataFrame({"a": y, "b": -y}), weights)
    assert_allclose(joint.coef_[0], -joint.coef_[1], rtol=1e-9)
    assert_allclose(joint.coef_[0], SparseRegressor(4).fit(X, y, weights.to_numpy()).coef_, rtol=1e-9)


def test_a_regressor_for_each_target() -> None:
    X, y = diabetes()
    Y = np.column_stack([y, np.log(y)])
    several = MultiOutputRegressor(SparseRegressorCV(5)).fit(X, Y)
    assert_array_equal(several.estimators_[1].coef_, SparseRegressorCV(5).fit(X, Y[:, 1]).coef_)
    for model in [SparseRegressorCV(5), SparsityPath(5)]:
        with pytest.raises(ValueError, match="y should be a 1d array"):
            model.fit(X, Y)


def test_weights_are_routed() -> None:
    X, y = diabetes()
    weights = np.linspace(0, 2, len(y))
    with sklearn.config_context(enable_metadata_routing=True):
        scaler = StandardScaler(with_std=False).set_fit_request(sample_weight=False)
        model = SparseRegressor(4, algorithm="omp").set_fit_request(sample_weight=True)
        chain = make_pipeline(scaler, model).fit(X, y, sample_weight=weights)
    assert_allclose(chain[-1].coef_, SparseRegressor(4, algorithm="omp").fit(X, y, weights).coef_, rtol=1e-9)
