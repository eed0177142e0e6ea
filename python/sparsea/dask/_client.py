"""The client of the cluster, if there is one."""

from __future__ import annotations

from typing import Any


def current_client(given: Any = None) -> Any:
    """The client that was given, or the current one; None where Dask computes without a cluster."""
    if given is not None:
        return given
    try:
        from distributed import get_client
    except ImportError:
        return None
    try:
        return get_client()
    except ValueError:
        return None
