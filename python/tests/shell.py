"""The `sparsea` command, for tests that compare it with the package."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest


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
