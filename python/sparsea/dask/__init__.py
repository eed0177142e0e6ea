"""The same results on a cluster, with Dask (the extra ``[dask]``).

`solve` handles many signals, in blocks. `statistics` and `cross_validate` handle more rows than fit into memory, and
`Columns` more columns. `sweep` runs a study.
"""

from importlib.util import find_spec

if find_spec("dask") is None:
    raise ImportError("sparsea.dask needs Dask: pip install 'sparsea[dask]'")

from ._batch import Batch, BatchSolution, solve
from ._columns import Strongest, Traffic
from ._studies import sweep
from ._tall import CrossValidation, Statistics, cross_validate, statistics
from ._wide import Columns

__all__ = [
    "Batch",
    "BatchSolution",
    "Columns",
    "CrossValidation",
    "Statistics",
    "Strongest",
    "Traffic",
    "cross_validate",
    "solve",
    "statistics",
    "sweep",
]
