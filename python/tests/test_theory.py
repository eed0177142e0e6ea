"""What theory says, against plain NumPy."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest
import scipy.sparse

import sparsea
from sparsea import theory

_fixed = np.random.default_rng(5)
REAL = _fixed.standard_normal((8, 10)) * _fixed.uniform(0.1, 10, 10)
COMPLEX = REAL + 1j * _fixed.standard_normal((8, 10))
del _fixed


def gram(A: Any) -> Any:
    """The Gram matrix of unit columns."""
    U = A / np.linalg.norm(A, axis=0)
    return U.conj().T @ U


@pytest.mark.parametrize("A", [REAL, COMPLEX], ids=["real", "complex"])
def test_coherence_and_babel(A: Any) -> None:
    moduli = np.abs(gram(A)) - np.eye(10)
    found = theory.coherence(A, 4)
    assert found.mutual == pytest.approx(moduli.max())
    assert found.pair == tuple(np.argwhere(np.triu(moduli) == np.triu(moduli).max())[0])
    sums = np.cumsum(np.sort(moduli, axis=0)[::-1], axis=0).max(axis=1)
    np.testing.assert_allclose(found.babel, sums[:4])
    np.testing.assert_array_equal(theory.babel(scipy.sparse.csr_array(A), 4).round(12), np.round(found.babel, 12))


@pytest.mark.parametrize("A", [REAL, COMPLEX], ids=["real", "complex"])
def test_exact_recovery_coefficient(A: Any) -> None:
    U = A / np.linalg.norm(A, axis=0)
    support = [1, 4, 7]
    others = [j for j in range(10) if j not in support]
    expected = np.abs(np.linalg.pinv(U[:, support]) @ U[:, others]).sum(axis=0).max()
    assert theory.exact_recovery_coefficient(A, support) == pytest.approx(expected)


@pytest.mark.parametrize("A", [REAL, COMPLEX], ids=["real", "complex"])
def test_restricted_isometry_constants(A: Any, rng: np.random.Generator) -> None:
    H = gram(A) - np.eye(10)
    found = theory.restricted_isometry(A, 4)
    for s, delta in enumerate(found.constants, 1):
        expected = max(np.linalg.norm(H[np.ix_(S, S)], 2) for S in combinations(range(10), s))
        assert delta.lower - 1e-10 <= expected <= delta.upper + 1e-10
        assert delta.is_exact
        assert delta.lower in delta
    bounds = theory.restricted_isometry(rng.standard_normal((30, 80)), 6, work=0).constants[-1]
    assert not bounds.is_exact


def test_recovery_of_orthogonal_columns() -> None:
    A = np.eye(6) * np.array([1.0, 2, 3, 4, 5, 6])
    truth = np.array([0, 3.0, 0, -1.0, 0, 0])
    found = theory.recovery(A, 2, truth=truth)
    assert found.condition.verdict == "applies"
    assert found.condition.of == "truth"
    assert found.iteration_bound == pytest.approx(3.0)
    assert theory.recovery(A, 2).condition.of == "equal non-zeros"
    noisy = theory.recovery(A, 2, truth=truth, noise=0.1 * np.ones(6), start=np.ones(6), step_size=0.5)
    assert noisy == theory.recovery(A, 2, truth=truth, noise_norm=0.1 * 6**0.5, start=np.ones(6), step_size=0.5)
    assert noisy.condition.left.lower > found.condition.left.lower
    assert (noisy.iteration_bound or 0) > (found.iteration_bound or 0)
    assert noisy.condition.error_bound == pytest.approx(0.2 * 6**0.5)


def test_recovery_of_convolutions_cannot_be_promised() -> None:
    found = theory.recovery(sparsea.Convolution(sparsea.gaussian(3.0), 60), 3)
    assert found.condition.verdict == "cannot apply"
    assert found.coherence == pytest.approx(np.exp(-1 / 36))
    assert found.iteration_bound is None
    assert len(found.babel) == 3
    assert len(found.restricted_isometry) == 7
