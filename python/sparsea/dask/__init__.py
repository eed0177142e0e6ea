"""The same answers on a cluster, with Dask (the extra ``[dask]``).

`solve` takes many signals, in blocks; `statistics` and `cross_validate` take more rows than fit into memory; `sweep`
runs a study.
"""

from importlib.util import find_spec

if find_spec("dask") is None:
    raise ImportError("sparsea.dask needs Dask: pip install 'sparsea[dask]'")

from ._batch import Batch, BatchSolution, solve
from ._studies import sweep
from ._tall import CrossValidation, Statistics, cross_validate, statistics

__all__ = ["Batch", "BatchSolution", "CrossValidation", "Statistics", "cross_validate", "solve", "statistics", "sweep"]
