"""Hostile arguments: whatever is given, an exception of the right class with a message, or a finite answer."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

pytest.importorskip("resource", reason="limits of memory and time are those of Unix")

import hostile

import sparsea
import sparsea.sklearn
from sparsea import plot, theory

SCRIPT = Path(hostile.__file__)
BATCH = 1100


def run(first: int, last: int) -> dict[int, str]:
    """What is wrong with the cases of a batch. One that ends the process is followed by those after it in another."""
    problems: dict[int, str] = {}
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    while first < last:
        command = [sys.executable, str(SCRIPT), str(first), str(last)]
        # Not by pipes, which processes that joblib started may keep open.
        with tempfile.TemporaryFile("w+") as said, tempfile.TemporaryFile("w+") as failed:
            code = subprocess.run(command, stdout=said, stderr=failed, check=False, env=environment).returncode
            said.seek(0)
            failed.seek(0)
            answer, last_words = said.read(), failed.read().strip().splitlines()[-1:]
        lines = [line.split("\t") for line in answer.splitlines()]
        problems |= {int(place): problem for place, problem in lines if problem}
        if code == 0:
            return problems
        assert lines, last_words
        place = int(lines[-1][0])
        problems[place] = f"ended with status {code}: {last_words}"
        first = place + 1
    return problems


def test_every_function_and_estimator_is_tried() -> None:
    tried = {function.__name__ for function in hostile.FUNCTIONS} | {e.__name__ for e in hostile.ESTIMATORS}
    for module in (sparsea, theory, sparsea.sklearn, plot):
        assert set(module.__all__) - hostile.RECORDS <= tried


def test_no_argument_is_too_much() -> None:
    names = [name for name, _ in hostile.cases()]
    assert len(names) == len(set(names)) > 4000
    batches = [(first, min(first + BATCH, len(names))) for first in range(0, len(names), BATCH)]
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        found = list(pool.map(lambda batch: run(*batch), batches))
    problems = {names[place]: problem for part in found for place, problem in part.items()}
    assert problems == {}
