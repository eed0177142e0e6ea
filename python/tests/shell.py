"""The `sparsea` command, for tests that compare it with the package."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

import sparsea


def program() -> str:
    """The command, which the environment variable SPARSEA_BIN names; `cargo xtask python` sets it."""
    named = os.environ.get("SPARSEA_BIN")
    if not named:
        pytest.fail("SPARSEA_BIN does not name the sparsea command; run `cargo xtask python`")
    return named


def command(*arguments: str | Path) -> dict[str, Any]:
    """The one JSON object that the command prints."""
    words = [program(), *map(str, arguments), "--json"]
    done = subprocess.run(words, capture_output=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr.decode()
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def same(found: sparsea.Solution, expected: dict[str, Any]) -> None:
    """Assert that both are the same to the last bit, but for the time they took and what the command says it solved."""
    answer = found.to_dict()
    assert answer.pop("elapsed_seconds") >= 0
    assert expected.pop("elapsed_seconds") >= 0
    for key in ("version", "files", "m", "n", "k", "names"):
        expected.pop(key, None)
    assert answer == expected
    assert list(answer) == list(expected)
