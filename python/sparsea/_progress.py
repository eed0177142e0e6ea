"""Progress bar: that of tqdm if it is installed, otherwise a line on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from . import _core


@contextmanager
def display(batch: tuple[int, ...] = ()) -> Iterator[Callable[[_core.Progress, int, int | None], None]]:
    """What shows progress, which is cleared away at the end.

    Of one run it shows iterations and their limit; of a batch how many of its columns are done.
    """
    bar = _bar(batch[0], "column") if batch else _bar(None, "iteration")

    def show(progress: _core.Progress, done: int, limit: int | None) -> None:
        at = progress.iteration if progress.column is None else done
        if progress.column is None:
            bar.of(limit)
        of = progress.algorithm if progress.column is None else f"column {progress.column}, {progress.algorithm}"
        bar.show(at, of, f"best residual {progress.best_residual_norm:.4e}")

    try:
        yield show
        if batch:
            bar.show(batch[0], "done", "")
    finally:
        bar.close()


@contextmanager
def counter(progress: Any, count: int, unit: str) -> Iterator[Callable[[int, str], None]]:
    """What shows how many of so many units are done, and by which algorithm, if `progress` asks for it."""
    if progress is False or not _core.as_flag("progress", progress):
        yield lambda _done, _algorithm: None
        return
    bar = _bar(count, unit)
    try:
        yield lambda done, algorithm: bar.show(done, algorithm, "")
    finally:
        bar.close()


def _bar(limit: int | None, unit: str) -> _Tqdm | _Line:
    try:
        return _Tqdm(limit, unit)
    except ImportError:
        return _Line(limit, unit)


class _Tqdm:
    def __init__(self, limit: int | None, unit: str) -> None:
        from tqdm.auto import tqdm

        self._bar = tqdm(total=limit, unit=unit, leave=False)

    def of(self, limit: int | None) -> None:
        self._bar.total = limit

    def show(self, at: int, name: str, residual: str) -> None:
        self._bar.n = at
        self._bar.set_postfix_str(f"{name}, {residual}" if residual else name)

    def close(self) -> None:
        self._bar.close()


class _Line:
    def __init__(self, limit: int | None, unit: str) -> None:
        self._unit = unit
        self.of(limit)
        self._shows = sys.stderr is not None and sys.stderr.isatty()
        self._width = 0

    def of(self, limit: int | None) -> None:
        self._of = f" {self._unit}s" if limit is None else f"/{limit} {self._unit}s"

    def show(self, at: int, name: str, residual: str) -> None:
        if self._shows:
            self._write(f"{name}: {at}{self._of}, {residual}" if residual else f"{name}: {at}{self._of}")

    def close(self) -> None:
        if self._width:
            self._write("")
            sys.stderr.write("\r")
            sys.stderr.flush()

    def _write(self, text: str) -> None:
        sys.stderr.write("\r" + text.ljust(self._width))
        sys.stderr.flush()
        self._width = len(text)
