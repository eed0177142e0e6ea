"""What several files of tests use."""

from __future__ import annotations

import signal
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import numpy as np
import pytest

# A shell starts what runs in the background with Ctrl-C ignored, and Python then leaves it so.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> np.random.Generator:
    """Random numbers that depend on the name of the test alone, not on which tests ran before it."""
    return np.random.default_rng(zlib.crc32(request.node.name.encode()))


@pytest.fixture(scope="session")
def clusters() -> Iterator[dict[int, Any]]:
    """Clients of clusters of 1 and of 3 workers in processes of their own; none is the current one."""
    distributed = pytest.importorskip("distributed")
    with ExitStack() as stack:
        clients = {}
        for workers in (1, 3):
            cluster = stack.enter_context(
                distributed.LocalCluster(
                    n_workers=workers, threads_per_worker=2 // workers + 1, dashboard_address="127.0.0.1:0"
                )
            )
            clients[workers] = stack.enter_context(distributed.Client(cluster, set_as_default=False))
        yield clients


@pytest.fixture(params=[1, 3])
def client(request: pytest.FixtureRequest, clusters: dict[int, Any]) -> Iterator[Any]:
    """The current client, of a cluster of 1 worker and of 3."""
    with clusters[request.param].as_current() as current:
        yield current
