"""Dask clients and data frames."""

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


def is_dask_frame(given: Any) -> bool:
    """Whether it is a Dask data frame, without importing these."""
    return hasattr(given, "npartitions") and hasattr(given, "columns") and given.ndim == 2
