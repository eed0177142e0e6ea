"""Studies on a cluster have the results of the command on one machine."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

distributed = pytest.importorskip("distributed")

import sparsea  # noqa: E402
import sparsea.dask  # noqa: E402

STUDY = """
name = "small"
title = "Small"
seed = 1
runs = 6
algorithms = ["omp", "omp+sea"]
[problem]
family = "gaussian_filter"
n = 60
sigma = [2.0, 3.0]
k = [2, 4]
"""
TRANSITION = """
name = "edge"
title = "Edge"
seed = 1
runs = 10
algorithms = ["omp"]
[problem]
family = "gaussian"
n = 20
m = [8, 12]
[transition]
level = 0.5
confidence = 0.9
block = 5
"""


@pytest.fixture
def program() -> str:
    """The command."""
    found = os.environ.get("SPARSEA_BIN")
    if not found:
        pytest.fail("SPARSEA_BIN does not name the sparsea command; run `cargo xtask python`")
    return found


def contents(store: Path) -> dict[str, Any]:
    """All of a store but times."""
    with closing(sqlite3.connect(store)) as connection:
        tables = ("study", "cells", "algorithms", "results")
        return {table: connection.execute(f"SELECT * FROM {table}").fetchall() for table in tables}


@pytest.mark.parametrize("study", [STUDY, TRANSITION])
@pytest.mark.usefixtures("client")
def test_the_store_of_one_machine(program: str, tmp_path: Path, study: str) -> None:
    file = tmp_path / "study.toml"
    file.write_text(study, encoding="utf-8")
    subprocess.run([program, "sweep", str(file), "--out", str(tmp_path / "one")], check=True, capture_output=True)
    store = sparsea.dask.sweep(file, out=tmp_path / "many", shards=3, command=program)
    assert contents(store) == contents(tmp_path / "one" / store.name)
    # Tables and pictures too.
    names = {path.name for path in (tmp_path / "one").iterdir()}
    assert names <= {path.name for path in (tmp_path / "many").iterdir()}
    for table in (tmp_path / "one").glob("*.csv"):
        with_times = (tmp_path / "many" / table.name).read_text(encoding="utf-8")
        assert len(with_times.splitlines()) == len(table.read_text(encoding="utf-8").splitlines())


def test_it_continues(clusters: dict[int, Any], program: str, tmp_path: Path) -> None:
    file = tmp_path / "study.toml"
    file.write_text(STUDY, encoding="utf-8")
    subprocess.run([program, "sweep", str(file), "--out", str(tmp_path / "one")], check=True, capture_output=True)
    begun = [program, "sweep", str(file), "--out", str(tmp_path / "many"), "--shard", "2/3", "--runs", "4"]
    subprocess.run(begun, check=True, capture_output=True)
    # Something that is there already, and is not computed again.
    with closing(sqlite3.connect(tmp_path / "many" / "small.2-of-3.sqlite")) as connection, connection:
        connection.execute("UPDATE times SET seconds = 123.0")
    store = sparsea.dask.sweep(file, clusters[3], out=tmp_path / "many", command=program)
    assert contents(store) == contents(tmp_path / "one" / "small.sqlite")
    with closing(sqlite3.connect(store)) as connection:
        (kept,) = connection.execute("SELECT count(*) FROM times WHERE seconds = 123.0").fetchone()
    assert 0 < kept < 48
    with pytest.raises(ValueError, match="shards must be 3, as many as there are parts in"):
        sparsea.dask.sweep(file, clusters[3], out=tmp_path / "many", shards=4, command=program)
    file.write_text(STUDY.replace("seed = 1", "seed = 2"), encoding="utf-8")
    with pytest.raises(ValueError, match="seed"):
        sparsea.dask.sweep(file, clusters[3], out=tmp_path / "many", command=program)
    store = sparsea.dask.sweep(file, clusters[3], out=tmp_path / "many", restart=True, shards=2, command=program)
    assert contents(store)["results"] != contents(tmp_path / "one" / "small.sqlite")["results"]


def test_a_worker_that_is_killed(program: str, tmp_path: Path) -> None:
    file = tmp_path / "study.toml"
    file.write_text(STUDY, encoding="utf-8")
    subprocess.run([program, "sweep", str(file), "--out", str(tmp_path / "one")], check=True, capture_output=True)
    # The first to run the command on a worker ends this worker.
    once = tmp_path / "once"
    wrapper = tmp_path / "wrapper"
    wrapper.write_text(
        f'#!/bin/sh\ncase "$*" in *--shard*) mkdir "{once}" 2>/dev/null && kill -{int(signal.SIGKILL)} "$PPID";; esac\n'
        f'exec "{program}" "$@"\n',
        encoding="utf-8",
    )
    wrapper.chmod(0o755)
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": "127.0.0.1:0"}
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster) as client:
        store = sparsea.dask.sweep(file, client, out=tmp_path / "many", command=str(wrapper))
    assert once.is_dir()
    assert contents(store) == contents(tmp_path / "one" / "small.sqlite")


def test_what_is_said_of_errors(clusters: dict[int, Any], program: str, tmp_path: Path) -> None:
    file = tmp_path / "study.toml"
    file.write_text(STUDY.replace("omp+sea", "best"), encoding="utf-8")
    with pytest.raises(TypeError, match=r"sparsea\.dask\.sweep needs a client of a cluster"):
        sparsea.dask.sweep(file, out=tmp_path / "out", command=program)
    options = {"client": clusters[1], "out": tmp_path / "out", "shards": 1}
    with pytest.raises(ValueError, match="unknown algorithm 'best'"):
        sparsea.dask.sweep(file, command=program, **options)
    with pytest.raises(RuntimeError, match="the command no-such cannot be run: No such file"):
        sparsea.dask.sweep(file, command="no-such", **options)
    file.write_text("title = 'nameless'", encoding="utf-8")
    with pytest.raises(ValueError, match="has no name"):
        sparsea.dask.sweep(file, command=program, **options)
    file.write_text(STUDY, encoding="utf-8")
    with pytest.raises(ValueError, match="runs must be a whole number of at least 1, got 0"):
        sparsea.dask.sweep(file, command=program, runs=0, **options)
