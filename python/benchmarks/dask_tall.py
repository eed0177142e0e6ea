"""Compare computing the statistics of many rows with generating the rows, and measure the memory of both.

Rows of normal numbers are generated block by block, on workers of one thread. "generated" is the time of their sum,
which reads each number once. "statistics" is the time of `sparsea.dask.statistics`, and "folds" the time with
statistics for each of five folds. The processor time of the workers, in brackets, is affected less by other load on the
machine. The second line has a hundred times as many rows. Memory is the peak of the client and of a worker. With
``--alone``, only the statistics are computed, once.

    python python/benchmarks/dask_tall.py [--rows 100000] [--columns 100] [--block 50000]
    python python/benchmarks/dask_tall.py --rows 100000000 --alone
"""

from __future__ import annotations

import argparse
import platform
import resource
import time
from collections.abc import Callable
from functools import partial
from importlib import metadata
from typing import Any

import dask.array as da
from distributed import Client, LocalCluster

import sparsea
import sparsea.dask

MIB = 2**20


def rows_of(count: int, columns: int, block: int) -> tuple[Any, Any]:
    """Rows of A, and y."""
    A = da.random.default_rng(0).standard_normal((count, columns), chunks=(block, columns))
    return A, A[:, 3] - 2 * A[:, 7]


def peak() -> int:
    """The most memory that this process has held, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--columns", type=int, default=100)
    parser.add_argument("--block", type=int, default=50_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--alone", action="store_true")
    given = parser.parse_args()
    names = ", ".join(f"{name} {metadata.version(name)}" for name in ("dask", "distributed", "numpy"))
    print(f"Python {platform.python_version()}, sparsea {sparsea.__version__}, {names}; {platform.machine()}")
    options = {"n_workers": given.workers, "threads_per_worker": 1, "dashboard_address": ":0"}
    with LocalCluster(**options) as cluster, Client(cluster) as client:
        # Imports are not what is measured.
        sparsea.dask.statistics(*rows_of(1000, 10, 100))
        print(f"{'rows':>10} {'generated':>19} {'statistics':>19} {'folds':>19} {'client':>9} {'worker':>9}")
        for count in (given.rows,) if given.alone else (given.rows, 100 * given.rows):
            A, y = rows_of(count, given.columns, given.block)
            times = ["", ""] if given.alone else []
            works: list[Callable[[], Any]] = [
                A.sum().compute,
                partial(sparsea.dask.statistics, A, y, intercept=True, folds=5),
                partial(sparsea.dask.statistics, A, y, intercept=True),
            ]
            for work in works[2:] if given.alone else works:
                before, begin = sum(client.run(time.process_time).values()), time.perf_counter()
                found = work()
                seconds = time.perf_counter() - begin
                times.append(f"{seconds:6.2f} s ({sum(client.run(time.process_time).values()) - before:6.2f} s)")
            assert sparsea.solve(found.gram(), None, 2).support.tolist() == [3, 7]
            held = [peak(), max(client.run(peak).values())]
            shown = " ".join(f"{value / MIB:5.0f} MiB" for value in held)
            print(f"{count:10} {times[0]:>19} {times[2]:>19} {times[1]:>19} {shown}")


if __name__ == "__main__":
    main()
