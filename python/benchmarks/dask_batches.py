"""Compare batches on workers with the same batch on as many threads, and measure the memory of the client.

Signals are generated on the workers, block by block, and kept there before the clock starts. "client" is the time until
all solutions are arrays on the client, "zarr" until the workers have written them. One row of the table is the batch on
threads of this process, for the same signals. Processor time is that of this process and the workers together, the
minimum over the repetitions: other load on the machine affects it less.

With --stream, that many signals are generated, solved and written without ever being in memory together. The result is
the peak memory of the client, and of a worker.

    python python/benchmarks/dask_batches.py [--signals 100000] [--block 5000] [--algorithm omp] [--stream 1000000]
"""

from __future__ import annotations

import argparse
import platform
import resource
import shutil
import tempfile
import time
from collections.abc import Callable
from importlib import metadata
from typing import Any

import dask.array as da
import numpy as np
from distributed import Client, LocalCluster

import sparsea
import sparsea.dask

MIB = 2**20


def block_of_signals(A: Any, k: int, block_info: Any = None) -> Any:
    """The signals of a block, which depend on its place only."""
    (begin, end) = block_info[None]["array-location"][1]
    rng = np.random.default_rng(begin)
    X = np.zeros((A.shape[1], end - begin))
    for column in X.T:
        column[rng.choice(A.shape[1], k, replace=False)] = rng.choice([-1.0, 1.0], k) * (1 + rng.random(k))
    Y = A @ X
    return Y + 0.1 * np.linalg.norm(Y) / np.sqrt(Y.size) * rng.standard_normal(Y.shape)


def signals(A: Any, k: int, count: int, block: int) -> Any:
    """So many signals, made when they are needed."""
    sizes = (block,) * (count // block) + ((count % block,) if count % block else ())
    return da.map_blocks(block_of_signals, A=A, k=k, dtype=float, chunks=((len(A),), sizes), meta=np.empty((0, 0)))


def used() -> float:
    """The processor time of this process."""
    return time.process_time()


def timed(client: Client, work: Callable[[], Any]) -> tuple[float, float, Any]:
    """The time that something takes, its processor time here and on the workers, and what it returns."""
    before = used() + sum(client.run(used).values())
    begin = time.perf_counter()
    result = work()
    seconds = time.perf_counter() - begin
    return seconds, used() + sum(client.run(used).values()) - before, result


def peak() -> int:
    """The most memory that this process has held, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def compare(client: Client, A: Any, given: argparse.Namespace) -> None:
    """Time the batch on threads and on workers."""
    options = {"algorithm": given.algorithm}
    Y = signals(A, given.k, given.signals, given.block).persist()
    local = Y.compute()
    times: dict[str, list[tuple[float, float]]] = {"threads": [], "client": [], "zarr": []}
    folder = tempfile.mkdtemp()
    works: dict[str, Callable[[], Any]] = {
        "threads": lambda: sparsea.solve(A, local, given.k, threads=given.workers, **options),
        "client": lambda: sparsea.dask.solve(A, Y, given.k, **options).compute(),
        "zarr": lambda: sparsea.dask.solve(A, Y, given.k, **options).to_zarr(f"{folder}/solved", overwrite=True),
    }
    folder, found = tempfile.mkdtemp(), {}
    for repetition in range(given.repetitions + 1):
        for name, work in works.items():
            seconds, processor, found[name] = timed(client, work)
            if repetition > 0:
                times[name].append((seconds, processor))
    shutil.rmtree(folder)
    same = np.array_equal(found["client"].residual_norms, found["threads"].residual_norms)
    print(f"the same residual norms, to the bit: {same}")
    print(f"{'':8} {'median':>9} {'least':>9} {'processor time':>15}")
    least = min(processor for _, processor in times["threads"])
    for name, pairs in times.items():
        seconds, processor = np.array(pairs).T
        more = f"{processor.min() / least - 1:+.1%}"
        print(f"{name:8} {np.median(seconds):7.2f} s {seconds.min():7.2f} s {processor.min():7.2f} s {more}")


def stream(client: Client, A: Any, given: argparse.Namespace) -> None:
    """Solve signals that are never in memory together."""
    before, folder = peak(), tempfile.mkdtemp()
    seconds, _, _ = timed(
        client,
        lambda: sparsea.dask.solve(
            A, signals(A, given.k, given.stream, given.block), given.k, algorithm=given.algorithm
        ).to_zarr(f"{folder}/solved"),
    )
    shutil.rmtree(folder)
    size = given.stream * len(A) * 8
    print(f"{given.stream} signals, {size / MIB:.0f} MiB, generated, solved and written in {seconds:.1f} s")
    workers = max(client.run(peak).values())
    print(
        f"peak memory: client {before / MIB:.0f} MiB before, {peak() / MIB:.0f} after; worker {workers / MIB:.0f} MiB"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=256)
    parser.add_argument("--columns", type=int, default=1024)
    parser.add_argument("--k", type=int, default=8)
    parser.add_argument("--signals", type=int, default=100_000)
    parser.add_argument("--block", type=int, default=5000, help="signals in a block")
    parser.add_argument("--workers", type=int, default=2, help="workers of one thread, and threads")
    parser.add_argument("--algorithm", default="omp")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--stream", type=int, default=0, help="measure memory with so many signals instead")
    given = parser.parse_args()
    names = ", ".join(f"{name} {metadata.version(name)}" for name in ("dask", "distributed", "numpy"))
    print(f"Python {platform.python_version()}, sparsea {sparsea.__version__}, {names}; {platform.machine()}")
    A = np.asfortranarray(np.random.default_rng(0).standard_normal((given.rows, given.columns)))
    options = {"n_workers": given.workers, "threads_per_worker": 1, "dashboard_address": ":0"}
    with LocalCluster(**options) as cluster, Client(cluster) as client:
        count = given.stream or given.signals
        print(f"{count} signals of {given.rows} × {given.columns}, k = {given.k}, {given.algorithm}")
        print(f"{given.block} signals in a block, {given.workers} workers of one thread")
        (stream if given.stream else compare)(client, A, given)


if __name__ == "__main__":
    main()
