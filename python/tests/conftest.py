"""What several files of tests use."""

from __future__ import annotations

import signal
import zlib

import numpy as np
import pytest

# A shell starts what runs in the background with Ctrl-C ignored, and Python then leaves it so.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> np.random.Generator:
    """Random numbers that depend on the name of the test alone, not on which tests ran before it."""
    return np.random.default_rng(zlib.crc32(request.node.name.encode()))
