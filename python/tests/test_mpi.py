"""Collective products on two ranks of Open MPI, and the example."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
EXAMPLE = TESTS.parents[1] / "examples" / "mpi" / "solve_on_ranks.py"


def mpiexec() -> str | None:
    """The launcher beside Python, beside the installed mpi4py, or on the path."""
    found = importlib.util.find_spec("mpi4py")
    if found is None or found.origin is None:
        return None
    places = [Path(sys.executable).parent, Path(found.origin).parents[4] / "bin"]
    return shutil.which("mpiexec", path=os.pathsep.join(map(str, places))) or shutil.which("mpiexec")


def on_two_ranks(script: Path) -> str:
    """The output of a script that two ranks run."""
    launcher = mpiexec()
    if launcher is None:
        pytest.skip("there is no mpi4py, or no mpiexec")
    # Containers run tests as root, on any number of processors.
    variables = {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    command = [launcher, "-n", "2", "--oversubscribe", sys.executable, "-W", "error", "-m", "mpi4py", str(script)]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_ranks_together() -> None:
    lines = sorted(on_two_ranks(TESTS / "mpi_ranks.py").splitlines())
    assert lines == ["rank 0 of 2 is done", "rank 1 of 2 is done"]


def test_the_example() -> None:
    if importlib.util.find_spec("pylops_mpi") is None:
        pytest.skip("there is no pylops_mpi")
    planted, found = on_two_ranks(EXAMPLE).splitlines()
    assert found == planted.replace("planted", "found  ") + " on 2 ranks"
