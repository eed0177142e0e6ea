"""Simulate the time on larger clusters, with the costs that the other benchmarks measure on one machine.

    python python/benchmarks/dask_model.py

The scheduler hands out tasks one at a time. Each task reads its block over the link of its worker and over the storage
that all share, computes, and writes. Nothing fails, and workers are alike. Costs are options whose defaults are the
measured values.
"""

from __future__ import annotations

import argparse
import heapq
from typing import NamedTuple


class Cluster(NamedTuple):
    """What a cluster is made of, in seconds and bytes a second."""

    workers: int
    dispatch: float
    latency: float
    link: float
    storage: float


class Kind(NamedTuple):
    """What a task reads, computes and writes, in bytes and seconds."""

    tasks: int
    read: float
    compute: float
    write: float


def simulate(cluster: Cluster, kind: Kind) -> float:
    """Seconds until the last task is done."""
    free = [0.0] * cluster.workers
    scheduler = storage = end = 0.0
    for _ in range(kind.tasks):
        worker = heapq.heappop(free)
        # The scheduler hands out one task after the other, some before a worker is free.
        scheduler += cluster.dispatch
        begin = max(worker, scheduler + cluster.latency)
        size = kind.read + kind.write
        # What the storage gives to all is shared; a worker's link is its own.
        storage = max(storage, begin) + size / cluster.storage if size else storage
        moved = max(begin + size / cluster.link, storage) if size else begin
        done = moved + kind.compute
        heapq.heappush(free, done)
        end = max(end, done)
    return end


def hours(seconds: float) -> str:
    """A time, in the unit that fits it."""
    for unit, size in [("h", 3600.0), ("min", 60.0)]:
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.1f} s"


def main() -> None:
    """Simulate, and print a table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--workers", type=int, nargs="+", default=[1, 2, 16, 64, 256])
    options.add_argument("--dispatch", type=float, default=1e-3, help="seconds of the scheduler for a task")
    options.add_argument("--latency", type=float, default=5e-4, help="seconds until a message is there")
    options.add_argument("--link", type=float, default=1.25e9, help="bytes a second of a worker's link")
    options.add_argument("--storage", type=float, default=1e10, help="bytes a second of the storage of all")
    options.add_argument("--signal", type=float, default=6.4e-5, help="seconds a signal, 256 × 1024, k = 8, omp")
    options.add_argument("--row", type=float, default=1.9e-6, help="seconds for the statistics of a row of 100 numbers")
    options.add_argument("--score", type=float, default=1.4e-9, help="seconds to score an entry of A, in int8, once")
    options.add_argument("--rounds", type=int, default=50, help="rounds of a search among columns")
    given = options.parse_args()
    # 10⁹ signals of 256 numbers in blocks of 10⁵, with 8 indices and numbers each; 10¹² entries in 10¹⁰ rows of 100, in
    # blocks of 10⁷; 10¹² entries in 10⁹ columns of 1000, kept in int8 in chunks of 10⁷, scored in each round.
    signals = Kind(10_000, 1e5 * 256 * 8, 1e5 * given.signal, 1e5 * (8 * 16 + 9))
    rows = Kind(1_000, 1e7 * 100 * 8, 1e7 * given.row, 101 * 101 * 8)
    columns = Kind(100, 0.0, 1e10 * given.score, 0.0)
    print("| workers | 10⁹ signals | 10¹⁰ rows of 100 | 10⁹ columns of 1000 | share of one worker's speed, each |")
    print("| ---: | ---: | ---: | ---: | ---: |")
    alone: list[float] = []
    for workers in given.workers:
        cluster = Cluster(workers, given.dispatch, given.latency, given.link, given.storage)
        # A round ends with the slowest chunk; the residual travels to every worker before.
        around = given.latency * 4 + 8e3 * workers / given.link
        times = [simulate(cluster, signals), simulate(cluster, rows)]
        times.append(given.rounds * (simulate(cluster, columns) + around))
        alone = alone or [time * workers for time in times]
        shares = " / ".join(f"{first / (time * workers):.2f}" for first, time in zip(alone, times, strict=True))
        print(f"| {workers} | {' | '.join(hours(time) for time in times)} | {shares} |")


if __name__ == "__main__":
    main()
