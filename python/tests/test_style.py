"""Phrases that no text for users has: see docs/style.md."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

BANNED = (
    r"unless (said|told)",
    r"let go of",
    r"\bdear\b",
    r"\banew\b",
    r"\bat work\b",
    r"all of the machine",
    r"what stands beside",
    r"something (true|false)\b",
    r"goes without saying",
    r"\bin one go\b",
)
"""Regular expressions, in lower case."""


def texts() -> list[Path]:
    """What users read: documentation, docstrings, help and errors."""
    own = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
    own += sorted((ROOT / "python" / "sparsea").rglob("*.py")) + sorted((ROOT / "examples").rglob("*.py"))
    own += sorted((ROOT / "crates" / "sparsea-cli" / "src" / "cli").glob("*.rs"))
    own += [ROOT / "crates" / "sparsea" / "src" / "error.rs", ROOT / "crates" / "sparsea" / "src" / "lib.rs"]
    own += sorted((ROOT / "crates" / "sparsea" / "src" / "algorithms").glob("*.rs"))
    return [path for path in own if path.name != "style.md"]


@pytest.mark.parametrize("path", texts(), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_phrase_is_banned(path: Path) -> None:
    found = [
        f"line {number}: {match.group()!r}"
        for number, line in enumerate(path.read_text(encoding="utf-8").lower().splitlines(), 1)
        for match in [re.search("|".join(BANNED), line)]
        if match
    ]
    assert not found, found


def test_the_list_finds_what_it_is_for() -> None:
    assert re.search("|".join(BANNED), "the interpreter is let go of while a run is at work")
    assert len(texts()) > 60
