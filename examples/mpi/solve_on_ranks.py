"""Rows of A on different ranks, with PyLops-MPI: mpiexec -n 2 python -m mpi4py examples/mpi/solve_on_ranks.py"""

import numpy as np
import pylops
import pylops_mpi
from mpi4py import MPI
from numpy.typing import NDArray

import sparsea.mpi

Vector = NDArray[np.float64]

comm = MPI.COMM_WORLD
rows, columns, k = 120, 400, 8

# Each rank draws its own rows.
mine = np.array_split(np.arange(rows), comm.size)[comm.rank]
A = np.stack([np.random.default_rng([7, row]).standard_normal(columns) for row in mine])


class Together:
    """An operator of PyLops-MPI as sparsea takes it: with whole vectors on every rank."""

    def __init__(self, operator: pylops_mpi.MPILinearOperator) -> None:
        self.operator, self.shape, self.dtype = operator, operator.shape, np.dtype(float)

    def matvec(self, x: Vector) -> Vector:
        """A x."""
        spread = pylops_mpi.DistributedArray(self.shape[1], partition=pylops_mpi.Partition.BROADCAST)
        spread[:] = x
        image: Vector = self.operator.matvec(spread).asarray()
        return image

    def rmatvec(self, y: Vector) -> Vector:
        """Aᴴ y."""
        spread = pylops_mpi.DistributedArray(self.shape[0], local_shapes=lengths)
        spread[:] = y[mine]
        products: Vector = self.operator.rmatvec(spread).asarray()
        return products


lengths = [(int(length),) for length in comm.allgather(len(mine))]
operator = Together(pylops_mpi.MPIVStack([pylops.MatrixMult(A)]))

truth = np.sort(np.random.default_rng(1).choice(columns, k, replace=False))
x = np.zeros(columns)
x[truth] = 1.0
y = operator.matvec(x) + 0.1 * np.random.default_rng(2).standard_normal(rows)

solution = sparsea.mpi.solve(operator, y, k)
if comm.rank == 0:
    print(f"planted {truth.tolist()}")
    print(f"found   {solution.support.tolist()} on {comm.size} ranks")
