"""What a type checker makes of results; mypy reads this, and running it says nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import sparsea

if TYPE_CHECKING:
    from typing_extensions import assert_type


def results(
    A: Any,
    vector: np.ndarray[tuple[int], np.dtype[np.float64]],
    matrix: np.ndarray[tuple[int, int], np.dtype[np.complex128]],
    either: NDArray[np.float64],
    anything: Any,
) -> None:
    """Whether there is one solution or a batch is known where the type of y states its dimensions."""
    assert_type(sparsea.solve(A, vector, 3), sparsea.Solution)
    assert_type(sparsea.solve(A, [1.0, 2.0], 3, algorithm="omp", time=1.0), sparsea.Solution)
    assert_type(sparsea.solve(A, matrix, 3, start="omp"), sparsea.Solutions)
    assert_type(sparsea.solve(A, [[1.0], [2.0]], 3), sparsea.Solutions)
    assert_type(sparsea.solve(A, matrix, [3, 4]), sparsea.Solutions)
    assert_type(sparsea.solve(sparsea.Gram(A, A, A, 9), None, 3), Any)
    assert_type(sparsea.solve(A, either, 3), Any)
    assert_type(sparsea.solve(A, anything, 3), Any)
    assert_type(sparsea.Problem(A, vector).solve(3), sparsea.Solution)
    assert_type(sparsea.Problem(A, matrix).path([3, 4]), list[sparsea.Solutions])
    assert_type(sparsea.Problem(A, either).solve(3), Any)
    assert_type(sparsea.Problem(A, anything).improve(vector), sparsea.Solution)
    assert_type(sparsea.stability(A, either, 3, algorithm="omp"), sparsea.Stability)
    assert_type(sparsea.Problem(A, vector).stability(3, scheme="half"), sparsea.Stability)
    # Unused ignores are errors: these are what they say.
    sparsea.solve(A, vector, 3, itertions=3)  # type: ignore[call-overload]
    sparsea.solve(A, vector, 3, iterations="3")  # type: ignore[call-overload]
    sparsea.stability(A, vector, 3, report=True)  # type: ignore[call-arg]
    sparsea.stability(A, vector, 3, scheme="pairs")  # type: ignore[arg-type]
    sparsea.Problem(A, vector).solve(3, unit_columns=False)  # type: ignore[call-arg]


def test_results_have_the_types_that_are_claimed() -> None:
    A, y = np.eye(3), np.ones(3)
    assert type(sparsea.solve(A, y, 1)) is sparsea.Solution
    assert type(sparsea.solve(A, y[:, np.newaxis], 1)) is sparsea.Solutions
    assert type(sparsea.Problem(A, y).solve(1)) is sparsea.Solution
    assert type(sparsea.Problem(A, y[:, np.newaxis]).solve(1)) is sparsea.Solutions
