"""The same answers on a cluster, with Dask (the extra ``[dask]``).

`solve` takes many signals, in blocks; `statistics` and `cross_validate` take more rows than fit into memory; `sweep`
runs a study.
"""

try:
    import dask.array as _array  # noqa: F401
except ImportError as error:
    raise ImportError("sparsea.dask needs Dask: pip install 'sparsea[dask]'") from error

from ._batch import Batch, BatchSolution, solve
from ._studies import sweep
from ._tall import CrossValidation, Statistics, cross_validate, statistics

__all__ = ["Batch", "BatchSolution", "CrossValidation", "Statistics", "cross_validate", "solve", "statistics", "sweep"]
