"""A progress bar: tqdm's if it is there, otherwise a line on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from . import _core


@contextmanager
def display(wanted: bool, request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Add what shows progress to a request, and clear it away at the end."""
    if not wanted:
        yield request
        return
    bar = _bar(request)
    try:
        yield {**request, "display": bar.show}
    finally:
        bar.close()


def _bar(request: dict[str, Any]) -> _Tqdm | _Line:
    limit = request["iterations"]
    try:
        return _Tqdm(limit)
    except ImportError:
        return _Line(limit)


def _at_work(progress: _core.Progress) -> str:
    """The algorithm at work, and of a batch the column."""
    return progress.algorithm if progress.column is None else f"column {progress.column}, {progress.algorithm}"


class _Tqdm:
    def __init__(self, limit: int | None) -> None:
        from tqdm.auto import tqdm

        self._bar = tqdm(total=limit, unit="iteration", leave=False)

    def show(self, progress: _core.Progress) -> None:
        self._bar.n = progress.iteration
        self._bar.set_postfix_str(f"{_at_work(progress)}, best residual {progress.best_residual_norm:.4e}")

    def close(self) -> None:
        self._bar.close()


class _Line:
    def __init__(self, limit: int | None) -> None:
        self._of = "" if limit is None else f"/{limit}"
        self._shows = sys.stderr is not None and sys.stderr.isatty()
        self._width = 0

    def show(self, progress: _core.Progress) -> None:
        if self._shows:
            text = f"{_at_work(progress)}: {progress.iteration}{self._of} iterations, "
            self._write(f"{text}best residual {progress.best_residual_norm:.4e}")

    def close(self) -> None:
        if self._width:
            self._write("")
            sys.stderr.write("\r")
            sys.stderr.flush()

    def _write(self, text: str) -> None:
        sys.stderr.write("\r" + text.ljust(self._width))
        sys.stderr.flush()
        self._width = len(text)
