"""Measure ten million sparse columns, more than one machine is asked to hold, made on the workers of a local cluster.

    python python/benchmarks/dask_columns.py --columns 10000000

The workers make chunks of columns from (seed, chunk). y consists of k of them, with 1 % noise. The output gives
seconds, rounds, the data sent, and the peak memory of the client and of the workers.
"""

from __future__ import annotations

import argparse
import resource
import time
from typing import Any

import dask
import dask.array as da
import numpy as np
import scipy.sparse

import sparsea
from sparsea.dask import Columns


def chunk(number: int, rows: int, columns: int, entries: int) -> Any:
    """Columns with so many normal non-zeros each, in rows drawn at random."""
    rng = np.random.default_rng([1, number])
    places = rng.integers(0, rows, (columns, entries)).ravel()
    values = rng.standard_normal(columns * entries)
    made = scipy.sparse.csc_matrix((values, places, np.arange(columns + 1) * entries), shape=(rows, columns))
    made.sum_duplicates()
    return made


def dense_chunk(number: int, rows: int, columns: int) -> Any:
    """Columns of whole numbers from −9 to 9."""
    return np.random.default_rng([2, number]).integers(-9, 10, (rows, columns), dtype=np.int8)


def main() -> None:
    """Measure."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--columns", type=int, default=10_000_000)
    arguments.add_argument("--rows", type=int, default=200_000)
    arguments.add_argument("--entries", type=int, default=5, help="non-zeros of a column; 0 for dense columns of int8")
    arguments.add_argument("--chunk", type=int, default=200_000, help="columns of a chunk")
    arguments.add_argument("--sparsity", type=int, default=100)
    arguments.add_argument("--workers", type=int, default=2)
    arguments.add_argument("--forget", action="store_true", help="make the chunks again in every round")
    given = arguments.parse_args()
    import distributed

    m, n, width, k = given.rows, given.columns, given.chunk, given.sparsity
    starts = range(0, n, width)
    with (
        distributed.LocalCluster(n_workers=given.workers, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        blocks = []
        for number, start in enumerate(starts):
            columns = min(width, n - start)
            if given.entries:
                made = dask.delayed(chunk)(number, m, columns, given.entries)
                meta: Any = scipy.sparse.csc_matrix((0, 0))
            else:
                made = dask.delayed(dense_chunk)(number, m, columns)
                meta = np.zeros((0, 0), np.int8)
            blocks.append(da.from_delayed(made, (m, columns), dtype=meta.dtype, meta=meta))
        rng = np.random.default_rng(0)
        support = np.sort(rng.choice(n, k, replace=False))
        begin = time.perf_counter()
        A = Columns(da.concatenate(blocks, axis=1), keep=not given.forget)
        made_at = time.perf_counter()
        planted = A.select(support)
        y = planted @ rng.choice([-1.0, 1.0], k)
        y += 0.01 * np.linalg.norm(y) / np.sqrt(m) * rng.standard_normal(m)
        before, solving = A.traffic, time.perf_counter()
        solution = A.solve(y, k, threads=1)
        end = time.perf_counter()
        rounds, sent, received = (after - old for after, old in zip(A.traffic, before, strict=True))
        peaks = client.run(lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        found = len(np.intersect1d(support, solution.support))
        truth = sparsea.solve(planted, y, k, start=np.arange(k), algorithm="omp").residual_norm
        print(f"{m} × {n}, {given.workers} workers: {found} of {k} columns found")
        print(f"residual {solution.residual_norm:.6g}, that of the planted columns {truth:.6g}")
        print(f"{made_at - begin:.1f} s to make and measure A, {end - solving:.1f} s to solve in {rounds} rounds")
        print(f"{sent / 1e6:.1f} MB sent, {received / 1e6:.2f} MB received")
        print(f"peak memory {peak / 1e3:.0f} MB of the client, {max(peaks.values()) / 1e3:.0f} MB of a worker")


if __name__ == "__main__":
    main()
