"""The methods: sparsea's algorithms and its peers, as calls that are ready to be timed.

A method imports its package and brings the data into the form that the package wants before the clock starts, and reads
supports out of the answer after it has stopped.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np

from tasks import Array, Problem, Support, Task

Call: TypeAlias = Callable[[], Any]
ITERATIONS = 1000
# The peers that choose columns as `omp` and as `ols` do, by the kind of task.
SAME: dict[str, tuple[str, str]] = {
    "single": ("scikit-learn OMP", "SPAMS omp"),
    "batch": ("scikit-learn OMP", "SPAMS omp"),
    "joint": ("NumPy SOMP", "SPAMS somp"),
}


def of_vector(x: Any) -> list[Support]:
    """The support of a vector of coefficients."""
    return [np.flatnonzero(x)]


def of_columns(X: Any) -> list[Support]:
    """The supports of the columns of a matrix."""
    return [np.flatnonzero(column) for column in np.asarray(X).T]


def of_rows(X: Any) -> list[Support]:
    """The support of the rows of a matrix."""
    return [np.flatnonzero(np.any(X, axis=1))]


def of_sparse_rows(X: Any) -> list[Support]:
    """The support of the rows of a sparse matrix by columns."""
    return [np.unique(X.indices[X.data != 0]).astype(np.int64)]


def of_sparse_columns(X: Any) -> list[Support]:
    """The supports of the columns of a sparse matrix by columns."""
    return [np.sort(X.indices[a:b][X.data[a:b] != 0]).astype(np.int64) for a, b in pairwise(X.indptr)]


@dataclass(frozen=True)
class Method:
    """A way to solve a problem with a number of threads."""

    name: str
    # The distribution on PyPI; empty if NumPy is all it needs.
    package: str
    prepare: Callable[[Problem, int], Call]
    supports: Callable[[Any], list[Support]] = of_vector

    @property
    def installed(self) -> bool:
        """Whether its package is there."""
        try:
            return not self.package or bool(importlib.metadata.version(self.package))
        except importlib.metadata.PackageNotFoundError:
            return False


def refit(A: Array, y: Array, support: Support) -> Array:
    """Least squares on a support, for one signal or for all columns of a matrix."""
    x = np.zeros((A.shape[1], *y.shape[1:]))
    x[support] = np.linalg.lstsq(A[:, support], y, rcond=None)[0]
    return x


def refit_nonnegative(A: Array, y: Array, support: Support) -> Array:
    """Non-negative least squares on a support."""
    from scipy.optimize import nnls

    x = np.zeros(A.shape[1])
    x[support] = nnls(A[:, support], y)[0]
    return x


def largest(sizes: Array, k: int) -> Support:
    """The non-zeros, or the k largest if there are more."""
    support = np.flatnonzero(sizes)
    return support if support.size <= k else support[np.argpartition(sizes[support], -k)[-k:]]


# Plain NumPy.


def plain_sea(A: Array, y: Array, start: Array, k: int) -> Array:
    """Algorithm 1 as one writes it in NumPy: a least-squares solution and two products with A each iteration."""
    exploration = start.copy()
    best, best_x = np.inf, start
    tolerance = 1e-14 * np.linalg.norm(y)
    for _ in range(ITERATIONS):
        support = np.argpartition(np.abs(exploration), -k)[-k:]
        coefficients, *_ = np.linalg.lstsq(A[:, support], y, rcond=None)
        residual = y - A[:, support] @ coefficients
        norm = float(np.linalg.norm(residual))
        if norm < best:
            best, best_x = norm, np.zeros(A.shape[1])
            best_x[support] = coefficients
        if norm <= tolerance:
            break
        exploration += A.T @ residual
    return best_x


def numpy_sea(problem: Problem, _threads: int) -> Call:
    A, y, k = problem.A, problem.y, problem.k
    return lambda: plain_sea(A, y, np.zeros(A.shape[1]), k)


def numpy_sea_batch(problem: Problem, _threads: int) -> Call:
    A, Y, k = problem.A, problem.Y, problem.k
    return lambda: np.stack([plain_sea(A, y, np.zeros(A.shape[1]), k) for y in Y.T], axis=1)


def numpy_sea_from_omp(problem: Problem, _threads: int) -> Call:
    from sklearn.linear_model import orthogonal_mp

    A, y, k = problem.A, problem.y, problem.k
    return lambda: plain_sea(A, y, orthogonal_mp(A, y, n_nonzero_coefs=k), k)


def numpy_somp(problem: Problem, _threads: int) -> Call:
    """Simultaneous OMP as one writes it in NumPy."""
    A, Y, k = problem.A, problem.Y, problem.k

    def call() -> Array:
        residual, support = Y, np.empty(0, dtype=np.int64)
        for _ in range(k):
            scores = np.linalg.norm(A.T @ residual, axis=1)
            scores[support] = 0.0
            support = np.append(support, np.argmax(scores))
            coefficients, *_ = np.linalg.lstsq(A[:, support], Y, rcond=None)
            residual = Y - A[:, support] @ coefficients
        X = np.zeros((A.shape[1], Y.shape[1]))
        X[support] = coefficients
        return X

    return call


# SciPy.


def scipy_nnls(problem: Problem, _threads: int) -> Call:
    """Non-negative least squares with all columns, then with the k largest."""
    from scipy.optimize import nnls

    A, y, k = problem.A, problem.y, problem.k
    return lambda: refit_nonnegative(A, y, largest(nnls(A, y)[0], k))


# scikit-learn.


def sklearn_omp(problem: Problem, _threads: int) -> Call:
    from sklearn.linear_model import orthogonal_mp

    return lambda: orthogonal_mp(problem.A, problem.y, n_nonzero_coefs=problem.k)


def sklearn_omp_batch(precompute: bool) -> Callable[[Problem, int], Call]:
    def prepare(problem: Problem, _threads: int) -> Call:
        from sklearn.linear_model import orthogonal_mp

        return lambda: orthogonal_mp(problem.A, problem.Y, n_nonzero_coefs=problem.k, precompute=precompute)

    return prepare


def sklearn_lars(problem: Problem, _threads: int, positive: bool = False) -> Call:
    """The path of the LASSO to its last point with k non-zeros (or the most below k), then least squares."""
    from sklearn.linear_model import lars_path

    A, y, k = problem.A, problem.y, problem.k
    last_fit = refit_nonnegative if positive else refit

    def call() -> Array:
        # Columns that leave the support cost steps too; 4 k are enough on these problems.
        _, _, path = lars_path(A, y, method="lasso", max_iter=4 * k, positive=positive)
        sizes = np.count_nonzero(path, axis=0)
        last = np.flatnonzero(sizes == sizes[sizes <= k].max())[-1]
        return last_fit(A, y, np.flatnonzero(path[:, last]))

    return call


def sklearn_multi_task(problem: Problem, _threads: int) -> Call:
    """The multi-task LASSO, λ lowered by tenths until k rows are non-zero; least squares on the k largest."""
    from sklearn.linear_model import lasso_path

    A, Y, k = problem.A, problem.Y, problem.k

    def call() -> Array:
        # It takes and returns the transpose of X.
        X = np.zeros((Y.shape[1], A.shape[1]), order="F")
        alpha = float(np.max(np.linalg.norm(A.T @ Y, axis=1))) / Y.shape[0]
        smallest = 1e-4 * alpha
        while np.count_nonzero(np.any(X, axis=0)) < k and alpha > smallest:
            alpha *= 0.9
            _, path, _ = lasso_path(A, Y, alphas=[alpha], coef_init=X)
            X = np.asfortranarray(path[:, :, 0])
        return refit(A, Y, largest(np.linalg.norm(X, axis=0), k))

    return call


# Others.


def spams_omp(problem: Problem, threads: int) -> Call:
    import spams

    Y = np.asfortranarray(problem.Y)
    return lambda: spams.omp(Y, problem.A, L=problem.k, eps=0.0, lambda1=0.0, numThreads=threads)


def spams_somp(problem: Problem, threads: int) -> Call:
    import spams

    # The first column of each matrix with a support: there is one.
    begins = np.zeros(1, dtype=np.int32)
    return lambda: spams.somp(problem.Y, problem.A, begins, L=problem.k, eps=0.0, numThreads=threads)


def celer_path(problem: Problem, _threads: int, positive: bool = False) -> Call:
    """The LASSO by coordinate descent, λ lowered by tenths until k are non-zero; least squares on the k largest."""
    from celer import celer_path

    A, y, k = problem.A, problem.y, problem.k
    last_fit = refit_nonnegative if positive else refit

    def call() -> Array:
        correlations = A.T @ y
        alpha = float(np.max(correlations if positive else np.abs(correlations))) / y.size
        smallest, x = 1e-4 * alpha, np.zeros(A.shape[1])
        while np.count_nonzero(x) < k and alpha > smallest:
            alpha *= 0.9
            _, path, _ = celer_path(A, y, "lasso", alphas=[alpha], coef_init=x, positive=positive)
            x = path[:, 0]
        return last_fit(A, y, largest(np.abs(x), k))

    return call


def celer_group_path(problem: Problem, _threads: int) -> Call:
    """The group LASSO in the same way."""
    from celer import celer_path

    A, y, k, groups = problem.A, problem.y, problem.k, problem.groups
    assert groups is not None
    members = [np.flatnonzero(groups == g).tolist() for g in np.unique(groups)]

    def norms(x: Array) -> Array:
        sizes: Array = np.sqrt(np.bincount(groups, weights=x**2))
        return sizes

    def call() -> Array:
        alpha = float(np.max(norms(A.T @ y))) / y.size
        smallest, x = 1e-4 * alpha, np.zeros(A.shape[1])
        while np.count_nonzero(norms(x)) < k and alpha > smallest:
            alpha *= 0.9
            _, path, _ = celer_path(A, y, "grouplasso", alphas=[alpha], coef_init=x, groups=members)
            x = path[:, 0]
        return refit(A, y, np.flatnonzero(np.isin(groups, largest(norms(x), k))))

    return call


def abess_splicing(model: str = "LinearRegression", **bounds: float) -> Callable[[Problem, int], Call]:
    def prepare(problem: Problem, threads: int) -> Call:
        import abess

        # It accepts an exchange by an absolute threshold, made for columns and data of norm √m.
        A = np.asfortranarray(problem.A * np.sqrt(problem.A.shape[0]))
        y = problem.Y if model == "MultiTaskRegression" else problem.y
        y = y * (np.sqrt(y.size) / np.linalg.norm(y))
        made = getattr(abess, model)(support_size=problem.k, fit_intercept=False, thread=threads, group=problem.groups)
        return lambda: made.fit(A, y, is_normal=False, **bounds).coef_

    return prepare


@lru_cache(maxsize=1)
def _loss() -> tuple[Callable[..., Any], Callable[..., Any]]:
    """½‖y − A x‖² and its gradient, compiled once for each shape."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)

    def loss(x: Any, A: Any, y: Any) -> Any:
        return 0.5 * jnp.sum((y - A @ x) ** 2)

    return jax.jit(loss), jax.jit(jax.grad(loss))


def skscope_solver(solver: str) -> Callable[[Problem, int], Call]:
    def prepare(problem: Problem, _threads: int) -> Call:
        import jax.numpy as jnp
        import skscope

        loss, gradient = _loss()
        data = (jnp.asarray(problem.A), jnp.asarray(problem.y))

        def call() -> Any:
            made = getattr(skscope, solver)(problem.A.shape[1], problem.k, group=problem.groups)
            # With jit=True it would compile anew in every call; these are compiled in the first.
            return made.solve(lambda x, d: loss(x, *d), data=data, gradient=lambda x, d: gradient(x, *d))

        return call

    return prepare


def pylops_omp(problem: Problem, _threads: int) -> Call:
    from pylops import MatrixMult
    from pylops.optimization.sparsity import omp

    operator, sigma = MatrixMult(problem.A), 1e-10 * float(np.linalg.norm(problem.y))
    return lambda: omp(operator, problem.y, niter_outer=problem.k, sigma=sigma)[0]


# sparsea.


def sparsea_solve(algorithm: str, **options: Any) -> Callable[[Problem, int], Call]:
    def prepare(problem: Problem, threads: int) -> Call:
        import sparsea

        A, y, k = problem.A, problem.y, problem.k
        form: dict[str, Any] = {} if problem.groups is None else {"groups": problem.groups}
        return lambda: sparsea.solve(A, y, k, algorithm=algorithm, threads=threads, **form, **options)

    return prepare


def sparsea_batch(algorithm: str, **options: Any) -> Callable[[Problem, int], Call]:
    def prepare(problem: Problem, threads: int) -> Call:
        import sparsea

        A, Y, k = problem.A, problem.Y, problem.k
        return lambda: sparsea.solve(A, Y, k, algorithm=algorithm, threads=threads, **options)

    return prepare


def of_solution(solution: Any) -> list[Support]:
    return [np.asarray(solution.support, dtype=np.int64)]


def of_solutions(solutions: Any) -> list[Support]:
    return [np.asarray(support, dtype=np.int64) for support in solutions.supports]


def _ours(algorithm: str, name: str = "", **options: Any) -> Method:
    return Method(f"sparsea {name or algorithm}", "sparsea", sparsea_solve(algorithm, **options), of_solution)


def _ours_joint(algorithm: str, name: str = "", **options: Any) -> Method:
    solve = sparsea_batch(algorithm, joint=True, **options)
    return Method(f"sparsea {name or algorithm}", "sparsea", solve, of_solution)


def _searches(task: Task, ours: Callable[..., Method] = _ours, **options: Any) -> list[Method]:
    """`search` with each limit, and with its own halting rule."""
    limited = [ours("search", f"search, {limit} ms", time=limit / 1e3, **options) for limit in task.limits]
    return [*limited, ours("search", **options)]


def methods(task: Task) -> list[Method]:
    """What runs on a task. Those whose times are compared follow each other."""
    if task.kind == "batch":
        return [
            Method("SPAMS omp", "spams-bin", spams_omp, of_sparse_columns),
            Method("sparsea ols", "sparsea", sparsea_batch("ols"), of_solutions),
            Method("sparsea omp", "sparsea", sparsea_batch("omp"), of_solutions),
            Method("scikit-learn OMP, precompute", "scikit-learn", sklearn_omp_batch(True), of_columns),
            Method("scikit-learn OMP", "scikit-learn", sklearn_omp_batch(False), of_columns),
        ]
    if task.kind == "sea-batch":
        return [
            Method("NumPy SEA", "", numpy_sea_batch, of_columns),
            Method("sparsea sea", "sparsea", sparsea_batch("sea", iterations=ITERATIONS), of_solutions),
        ]
    if task.kind == "nonnegative":
        return [
            Method("SciPy NNLS", "scipy", scipy_nnls),
            Method("scikit-learn LARS, positive", "scikit-learn", partial(sklearn_lars, positive=True)),
            Method("celer path, positive", "celer", partial(celer_path, positive=True)),
            Method("abess, beta_low=0", "abess", abess_splicing(beta_low=0.0)),
            _ours("omp", nonnegative=True),
            _ours("omp+sea", iterations=ITERATIONS, nonnegative=True),
            *_searches(task, nonnegative=True),
        ]
    if task.kind == "joint":
        return [
            Method("NumPy SOMP", "", numpy_somp, of_rows),
            _ours_joint("omp"),
            Method("SPAMS somp", "spams-bin", spams_somp, of_sparse_rows),
            _ours_joint("ols"),
            Method("scikit-learn MultiTaskLasso", "scikit-learn", sklearn_multi_task, of_rows),
            Method("abess MultiTaskRegression", "abess", abess_splicing("MultiTaskRegression"), of_rows),
            _ours_joint("omp+sea", iterations=ITERATIONS),
            *_searches(task, _ours_joint),
        ]
    if task.kind == "groups":
        return [
            Method("abess", "abess", abess_splicing()),
            Method("skscope Scope", "skscope", skscope_solver("ScopeSolver")),
            _ours("splicing"),
            Method("skscope FoBa", "skscope", skscope_solver("FobaSolver")),
            _ours("foba"),
            Method("celer group path", "celer", celer_group_path),
            _ours("omp"),
            _ours("omp+sea", iterations=ITERATIONS),
            *_searches(task),
        ]
    return [
        Method("scikit-learn OMP", "scikit-learn", sklearn_omp),
        _ours("omp"),
        Method("SPAMS omp", "spams-bin", spams_omp, of_sparse_columns),
        _ours("ols"),
        Method("NumPy SEA", "", numpy_sea),
        _ours("sea", iterations=ITERATIONS),
        Method("NumPy SEA from OMP", "scikit-learn", numpy_sea_from_omp),
        _ours("omp+sea", iterations=ITERATIONS),
        Method("scikit-learn LARS", "scikit-learn", sklearn_lars),
        Method("celer path", "celer", celer_path),
        _ours("lasso"),
        Method("abess", "abess", abess_splicing()),
        Method("skscope Scope", "skscope", skscope_solver("ScopeSolver")),
        _ours("splicing"),
        Method("skscope FoBa", "skscope", skscope_solver("FobaSolver")),
        _ours("foba"),
        Method("PyLops OMP", "pylops", pylops_omp),
        _ours("els"),
        *_searches(task),
    ]
