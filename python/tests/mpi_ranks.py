"""What the ranks of an MPI communicator do together; run by test_mpi.py on two of them."""

import time
from typing import Any

import numpy as np
import pytest
from mpi4py import MPI

import sparsea
import sparsea.mpi

comm = MPI.COMM_WORLD
rng = np.random.default_rng(0)
m, n, k = 60, 200, 6
A = rng.standard_normal((m, n))
y = A[:, rng.choice(n, k, replace=False)] @ np.ones(k) + 0.1 * rng.standard_normal(m)
mine = np.array_split(np.arange(m), comm.size)[comm.rank]


class Rows:
    """A with its rows on different ranks; counts its products."""

    shape, dtype = (m, n), np.dtype(float)

    def __init__(self) -> None:
        self.products = 0

    def matvec(self, x: np.ndarray) -> np.ndarray:
        """A x."""
        self.products += 1
        return np.concatenate(comm.allgather(A[mine] @ x))

    def rmatvec(self, y: np.ndarray) -> np.ndarray:
        """Aᴴ y."""
        self.products += 1
        products: np.ndarray = comm.allreduce(A[mine].T @ y[mine])
        return products


for algorithm in ("omp", "ols", "niht", "htp", "sea", "search"):
    operator = Rows()
    found = sparsea.mpi.solve(operator, y, k, algorithm=algorithm)
    fields = (
        found.support.tolist(),
        found.coefficients.tolist(),
        found.residual_norm,
        found.iterations,
        operator.products,
    )
    assert all(other == fields for other in comm.allgather(fields))
    local = sparsea.solve(A, y, k, algorithm=algorithm)
    assert found.support.tolist() == local.support.tolist()
    np.testing.assert_allclose(found.coefficients, local.coefficients, rtol=1e-9)

# Rank 1 is slow, and would stop elsewhere by a clock of its own.
steps = -1


def slow(progress: sparsea.Progress) -> bool:
    """Wait on one rank, and ask to end on the other: only rank 0 is heard."""
    global steps
    steps = progress.iteration
    time.sleep(0.002 * comm.rank)
    return comm.rank == 1


limited = sparsea.mpi.solve(Rows(), y, k, algorithm="sea", iterations=10**9, time=0.1, callback=slow)
assert limited.stop_reason == "time"
assert len(set(comm.allgather(limited.iterations))) == 1
assert steps >= 0

ended = sparsea.mpi.solve(Rows(), y, k, algorithm="sea", callback=lambda progress: progress.iteration >= 5 + comm.rank)
assert ended.stop_reason == "interrupted"
assert comm.allgather(ended.iterations) == [5] * comm.size

batch = sparsea.mpi.solve(Rows(), np.stack([y, -y], axis=1), k)
assert batch[0].support.tolist() == batch[1].support.tolist()

refused: list[tuple[dict[str, Any], str]] = [
    ({"y": y + comm.rank}, "y differs between ranks 0 and 1"),
    ({"k": k + comm.rank}, "k differs between ranks 0 and 1"),
    ({"nonnegative": comm.rank == 0}, "nonnegative differs between ranks 0 and 1"),
    ({"threads": 2}, "threads must be 1 for collective products, got 2"),
    ({"time": 0}, "time must be a positive number of seconds, got 0"),
    ({"callback": 3}, "callback must be a function of the progress, got 3"),
    ({"algorithm": "best"}, "unknown algorithm 'best'"),
]
again = sparsea.mpi.solve(Rows(), y, k, start=found, iterations=2)
assert again.residual_norm <= found.residual_norm * (1 + 1e-12)
both = sparsea.mpi.solve(Rows(), np.stack([y, -y], axis=1), k, algorithm="sea", iterations=10**9, time=0.1)
assert {one.stop_reason for one in both} == {"time"}

for given, said in refused:
    with pytest.raises(sparsea.Error, match=said):
        sparsea.mpi.solve(Rows(), **{"y": y, "k": k, **given})
print(f"rank {comm.rank} of {comm.size} is done")
