"""The parts of a model besides the chosen columns: fixed columns, intercept, weights of rows, gaps, ridge."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from . import _core
from ._errors import InvalidTypeError, InvalidValueError
from ._input import Array, Operator, as_contiguous, as_number, as_support, as_values, index_of, shown

WORDS = frozenset({"intercept", "fixed", "exclude", "weights", "ridge", "missing"})
"""The options that make a model."""

_HERE = str(Path(__file__).parent)
CALLS = (
    "most of y is a constant that no column is near, so columns would be chosen for how they mimic it; "
    "give intercept=True, or intercept=False if the model has none"
)


def nth(column: int) -> str:
    """What a message calls a column of Y."""
    return f"column {column}"


class Model:
    """The options of a model, read but for what depends on y."""

    def __init__(self, operator: Operator, options: dict[str, Any]) -> None:
        self.intercept = _core.as_flag("intercept", options.get("intercept", False))
        self.fixed = _columns("fixed", options.get("fixed"), operator)
        self.excluded = _columns("exclude", options.get("exclude"), operator)
        ridge = options.get("ridge", 0.0)
        self.ridge = as_number("ridge", "a finite number of at least 0", ridge, lambda v: 0 <= v < np.inf)
        self.drops = drops(options)
        self.weights = _weights(options.get("weights"), operator)

    def groups(self, data: Array, name: Callable[[int], str] = nth) -> list[tuple[Array | None, list[int]]]:
        """The weights of rows, and the columns of Y that have these; NaN in Y has weight 0 if it is a gap."""
        columns = data.reshape(data.shape[0], -1)
        count = columns.shape[1]
        weights = self.weights
        if weights is not None and weights.ndim == 2 and weights.shape != data.shape:
            raise InvalidValueError(f"weights have shape {weights.shape}, but y has shape {data.shape}")
        gaps = np.isnan(columns) if self.drops else np.zeros(columns.shape, dtype=bool)
        if not gaps.any() and (weights is None or weights.ndim == 1):
            _check_finite(data, columns, weights, name)
            return [(weights, list(range(count)))]
        whole = np.where(gaps, 0.0, 1.0 if weights is None else weights.reshape(len(weights), -1))
        _check_finite(data, columns, whole, name)
        found: dict[bytes, tuple[Array, list[int]]] = {}
        for at in range(count):
            own = as_contiguous(whole[:, at])
            if self.drops and not own.any():
                which = "y" if data.ndim == 1 else f"{name(at)} of Y"
                raise InvalidValueError(f"{which} has no entry of weight above 0 that is not missing")
            found.setdefault(own.tobytes(), (own, []))[1].append(at)
        return list(found.values())

    def for_core(self, data: Array, name: Callable[[int], str] = nth) -> dict[str, Any]:
        """What the compiled part reads; `name` is what a message calls a column of Y."""
        return {
            "intercept": self.intercept,
            "fixed": self.fixed,
            "excluded": self.excluded,
            "ridge": self.ridge,
            "groups": self.groups(data, name),
        }


def take_model(operator: Operator, options: dict[str, Any]) -> tuple[Model | None, bool]:
    """Take the options of a model out of all, and say whether an intercept may have been forgotten."""
    found = options.keys() & WORDS
    if not found:
        return None, True
    if found == {"intercept"} and options["intercept"] is False:
        del options["intercept"]
        return None, False
    given = {word: options.pop(word) for word in found}
    model = Model(operator, given)
    plain = not (model.intercept or len(model.fixed) or len(model.excluded) or model.ridge or model.drops)
    if plain and model.weights is None:
        return None, "intercept" not in given
    if operator.holds_data:
        raise InvalidValueError(
            "sufficient statistics take no intercept, fixed or excluded columns, weights, gaps or ridge; "
            "what a model has besides belongs into the statistics"
        )
    return model, "intercept" not in given


def drops(options: Mapping[str, Any]) -> bool:
    """Whether NaN in y are gaps."""
    missing = options.get("missing", "error")
    if not isinstance(missing, str) or missing not in {"error", "drop"}:
        raise InvalidValueError(f"missing must be 'error' or 'drop', got {shown(missing)}")
    return missing == "drop"


def unmasked(y: Any, options: Mapping[str, Any]) -> Any:
    """A masked array with NaN in place of what is masked, where NaN are gaps."""
    if not isinstance(y, np.ma.MaskedArray) or not drops(options):
        return y
    if y.dtype.kind in "biuf":
        y = y.astype(np.float64)
    return y.filled(np.nan)


def advise(error: InvalidValueError) -> InvalidValueError:
    """The error with what else can be done about missing data."""
    text = str(error)
    missing = text.startswith(("y contains NaN", "Y contains nan"))
    return InvalidValueError(f"{text}; with missing='drop' NaN are gaps") if missing else error


def warn_of_intercept() -> None:
    """Warn of data that call for an intercept, in the name of whoever called the package."""
    frame, level = sys._getframe(), 1
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_HERE):
        frame, level = frame.f_back, level + 1
    warnings.warn(CALLS, UserWarning, stacklevel=level)


def _check_finite(data: Array, columns: Array, weights: Array | None, name: Callable[[int], str]) -> None:
    """Refuse NaN and infinities in rows that count."""
    bad = ~np.isfinite(columns)
    if not bad.any():
        return
    if weights is not None:
        bad &= weights.reshape(len(weights), -1) != 0
    if bad.any():
        row, column = (int(place) for place in np.argwhere(bad)[0])
        value = columns[row, column]
        if data.ndim == 1:
            word = "NaN" if np.isnan(value) else shown(float(np.real(value)))
            raise advise(InvalidValueError(f"y contains {word} at index {row} (counted from 0)"))
        raise advise(InvalidValueError(f"Y contains {value} at row {row}, {name(column)} (counted from 0)"))


def _columns(what: str, given: Any, operator: Operator) -> Array:
    """Columns by index, mask, or name if A is a frame, as sorted indices."""
    if given is None:
        return np.zeros(0, dtype=np.int64)
    listed = isinstance(given, (list, tuple, set, frozenset, range))
    named = [given] if isinstance(given, str) else list(given) if listed else given
    if not isinstance(named, list):
        array = np.asarray(named)
        # Names, of NumPy or of pandas.
        if array.ndim == 1 and array.dtype.kind in "OUT":
            named = array.tolist()
    if isinstance(named, list) and any(isinstance(name, str) for name in named):
        chosen = [_place(what, name, operator) for name in named]
    else:
        if index_of(given) is not None and np.asarray(given).dtype.kind == "b":
            operator.pair_columns(what, given)
        values = as_values(what, named)
        if values.dtype.kind == "b" and values.shape != (operator.shape[1],):
            raise InvalidValueError(f"{what} is a mask of shape {values.shape}, but A has {operator.shape[1]} columns")
        chosen = as_support(what, values)
    return np.array(chosen, dtype=np.int64)


def _place(what: str, name: Any, operator: Operator) -> int:
    """The column of this name."""
    if operator.names is None:
        raise InvalidValueError(f"{what} names column {shown(name)}, but A has no column names; give indices")
    places = [place for place, label in enumerate(operator.names) if label == name]
    if len(places) == 1:
        return places[0]
    if places:
        raise InvalidValueError(f"{what}: A has {len(places)} columns called {shown(name)}; give indices")
    raise InvalidValueError(f"{what}: A has no column called {shown(name)}; its columns are {shown(operator.names)}")


def _weights(given: Any, operator: Operator) -> Array | None:
    """Weights of rows, of shape (m,) or (m, B)."""
    if given is None:
        return None
    operator.pair_rows("weights", given)
    values = as_values("weights", given)
    if values.dtype.kind == "c":
        raise InvalidTypeError("weights holds complex numbers; weights are real")
    rows = operator.shape[0]
    if values.ndim not in {1, 2} or values.shape[0] != rows:
        raise InvalidValueError(
            f"weights must have shape ({rows},), one for each row of A, or ({rows}, B), got {values.shape}"
        )
    weights = values.astype(np.float64)
    bad = ~(np.isfinite(weights) & (weights >= 0))
    if bad.any():
        place = tuple(int(at) for at in np.argwhere(bad)[0])
        where = f"index {place[0]}" if len(place) == 1 else f"row {place[0]}, column {place[1]}"
        raise InvalidValueError(
            f"weights must be at least 0 and finite, got {shown(float(weights[place]))} at {where} (counted from 0)"
        )
    empty = ~weights.any(axis=0)
    if np.any(empty):
        which = "" if weights.ndim == 1 else f" in column {int(np.argmax(empty))}"
        raise InvalidValueError(f"weights must not all be 0, as they are{which}")
    return weights
