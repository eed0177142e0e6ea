"""The README: its Python runs as pasted, its shell lines run on the files that they name, its calls are possible."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shell import program

import sparsea

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_python_runs_as_pasted(capsys: pytest.CaptureFixture[str]) -> None:
    blocks = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert blocks
    for block in blocks:
        exec(compile(block, "README.md", "exec"), {})
    assert "[ 30 150 299]" in capsys.readouterr().out


def test_shell_lines_run(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "data", tmp_path / "data")
    lines = re.findall(r"^    (sparsea .*)$", README, re.MULTILINE)
    assert len(lines) >= 7
    for line in lines:
        words = shlex.split(line, comments=True)
        done = subprocess.run([program(), *words[1:]], cwd=tmp_path, capture_output=True, check=False, timeout=300)
        assert done.returncode == 0, f"{line}: {done.stderr.decode()}"
        assert done.stdout
        for option in ("--plot", "--output"):
            # A picture "-" is drawn in the terminal.
            if option in words and (file := words[words.index(option) + 1]) != "-":
                assert (tmp_path / file).stat().st_size > 0


def test_calls_of_the_table_run(rng: np.random.Generator) -> None:
    calls = re.findall(r"^\| [^|]* \| `([^`]*)` \|", README, re.MULTILINE)
    assert len(calls) >= 10
    A, kernel, k, n = rng.standard_normal((30, 12)), np.array([0.5, 1.0, 0.5]), 2, 28
    names: dict[str, Any] = {
        **{name: getattr(sparsea, name) for name in ("solve", "deconvolve", "Gram", "Convolution")},
        "sparsea": pytest.importorskip("sparsea.dask") and sparsea,
        "A": A,
        "Y": rng.standard_normal((30, 3)),
        "k": k,
        "kernel": kernel,
        # As many rows as A has, whole pulses.
        "n": n,
        "m": 30,
        "w": rng.random(30),
        "labels": [j // 3 for j in range(12)],
        "trace": rng.standard_normal(80),
    }
    for call in calls:
        y = rng.standard_normal(30)
        if "missing" in call:
            y[4] = np.nan
        if "sum_to" in call:
            names["k"] = 11
        names |= {
            "y": y,
            "AtA": A.T @ A,
            "Aty": A.T @ np.nan_to_num(y),
            "yty": float(np.nan_to_num(y) @ np.nan_to_num(y)),
        }
        given = call.replace("sparsea.dask.solve(A, Y, k)", "sparsea.dask.solve(A, Y, k).compute()")
        assert eval(given, dict(names)) is not None, call
        names["k"] = k


def test_files_that_are_linked_exist() -> None:
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", README)
    assert links
    for link in links:
        assert "://" in link or (ROOT / link).exists(), link
