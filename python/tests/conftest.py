"""What several files of tests use."""

from __future__ import annotations

import zlib

import numpy as np
import pytest


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> np.random.Generator:
    """Random numbers that depend on the name of the test alone, not on which tests ran before it."""
    return np.random.default_rng(zlib.crc32(request.node.name.encode()))
