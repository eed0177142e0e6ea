"""While a run is at work: call-backs, Ctrl-C, threads, memory."""

from __future__ import annotations

import gc
import io
import itertools
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tqdm.auto
from scipy.sparse.linalg import LinearOperator, aslinearoperator

import sparsea
from sparsea.sklearn import SparseRegressorCV

_fixed = np.random.default_rng(11)
A = _fixed.standard_normal((50, 200))
y = _fixed.standard_normal(50)
del _fixed


class Called:
    """A as an operator that does something else first."""

    def __init__(self, first: Callable[[], Any], matrix: Any = A) -> None:
        self.shape = matrix.shape
        self.dtype = matrix.dtype
        self.calls = 0
        self._first = first
        self._matrix = matrix

    def matvec(self, x: Any) -> Any:
        self.calls += 1
        self._first()
        return self._matrix @ x

    def rmatvec(self, y: Any) -> Any:
        self.calls += 1
        self._first()
        return self._matrix.conj().T @ y


def test_call_backs_see_every_step_and_may_stop() -> None:
    seen: list[sparsea.Progress] = []
    solution = sparsea.solve(A, y, 5, algorithm="omp+sea", callback=seen.append, iterations=50)
    assert [p.iteration for p in seen if p.algorithm == "omp"] == list(range(6))
    assert seen[-1].best_residual_norm == pytest.approx(solution.residual_norm)
    assert seen[-1].best_support == solution.support.tolist()
    assert seen[-1].supports_explored == solution.supports_explored
    assert seen[-1].column is None
    assert repr(seen[-1]).startswith("<Progress of sea at iteration 50: best residual ")
    assert all(before.elapsed <= after.elapsed for before, after in itertools.pairwise(seen))
    stopped = sparsea.solve(A, y, 5, callback=lambda progress: progress.iteration >= 7)
    assert stopped.stop_reason == "interrupted"
    assert 7 <= stopped.iterations < 50
    assert sparsea.solve(A, y, 5, callback=lambda _: None) == sparsea.solve(A, y, 5)


def test_call_backs_are_called_in_the_thread_of_the_caller() -> None:
    threads = set()
    sparsea.solve(A, y, 5, callback=lambda _: threads.add(threading.get_ident()))
    assert threads == {threading.get_ident()}


def test_call_backs_of_a_batch_know_their_column(rng: np.random.Generator) -> None:
    columns = set()
    Y = rng.standard_normal((50, 4))
    sparsea.solve(A, Y, 3, callback=lambda progress: columns.add(progress.column))
    assert columns == {0, 1, 2, 3}
    only = sparsea.solve(A, Y, 3, callback=lambda progress: progress.column == 2)
    assert [solution.stop_reason == "interrupted" for solution in only] == [False, False, True, False]


class UnluckyError(Exception):
    """An exception that nobody else raises."""


def test_exceptions_of_call_backs_are_raised_again() -> None:
    def fail(progress: sparsea.Progress) -> None:
        if progress.iteration == 3:
            raise UnluckyError("third")

    with pytest.raises(UnluckyError, match="third") as caught:
        sparsea.solve(A, y, 5, algorithm="sea", callback=fail)
    assert caught.traceback[-1].name == "fail"
    with pytest.raises(UnluckyError, match="third"):
        sparsea.solve(A, np.stack([y, y, y], axis=1), 5, algorithm="sea", callback=fail)


@pytest.mark.parametrize("calls", [0, 1, 150, 203])
def test_exceptions_of_operators_are_raised_again(calls: int) -> None:
    def fail() -> None:
        if operator.calls > calls:
            raise UnluckyError(calls)

    for data in (y, np.stack([y, -y], axis=1)):
        operator = Called(fail)
        with pytest.raises(UnluckyError, match=str(calls)) as caught:
            sparsea.solve(operator, data, 5)
        assert caught.traceback[-1].name == "fail"
        assert operator.calls <= calls + 2


def test_operators_may_solve_themselves() -> None:
    inner = Called(lambda: sparsea.solve(A, y, 2, algorithm="omp"), A[:, :20])
    assert sparsea.solve(inner, y, 3).support.tolist() == sparsea.solve(A[:, :20], y, 3).support.tolist()


def test_operators_that_state_their_column_norms_are_not_measured() -> None:
    measured, stated = Called(lambda: None), Called(lambda: None)
    stated.column_norms = np.linalg.norm(A, axis=0)  # type: ignore[attr-defined]
    found = [sparsea.solve(operator, y, 3, algorithm="omp").support.tolist() for operator in (measured, stated)]
    assert found[0] == found[1]
    # Its 200 columns, and after the first of them the adjoint, which is tried before the others are measured.
    assert measured.calls - stated.calls == 201


# Seconds within which a run ends after Ctrl-C, where the machine has nothing else to do.
PROMPT = 0.2


def interrupted(action: Callable[[], Any]) -> float:
    """Seconds from Ctrl-C to KeyboardInterrupt: the least of several, of which one that is prompt is enough.

    Other work on the machine delays some of them. Where the run itself is slow, all are late, and later than a crowded
    machine explains.
    """
    main = threading.get_ident()
    times = []
    for _ in range(10):
        began: list[float] = []

        def press(began: list[float] = began) -> None:
            time.sleep(0.3)
            began.append(time.perf_counter())
            signal.pthread_kill(main, signal.SIGINT)

        presser = threading.Thread(target=press)
        presser.start()
        with pytest.raises(KeyboardInterrupt):
            action()
        times.append(time.perf_counter() - began[0])
        presser.join()
        if not PROMPT <= times[-1] < 5:
            break
    return min(times)


def test_ctrl_c_between_steps(rng: np.random.Generator) -> None:
    assert interrupted(lambda: sparsea.solve(A, y, 5, algorithm="search", time=20)) < PROMPT
    Y = rng.standard_normal((50, 6))
    assert interrupted(lambda: sparsea.solve(A, Y, 5, algorithm="search", time=20)) < PROMPT
    assert interrupted(lambda: sparsea.solve(A, y, 5, algorithm="search", time=20, callback=lambda _: False)) < PROMPT
    problem = sparsea.Problem(A, y)
    assert interrupted(lambda: problem.solve(5, algorithm="search", time=20)) < PROMPT


def test_ctrl_c_in_the_middle_of_a_step() -> None:
    pause = Called(lambda: time.sleep(3))
    assert interrupted(lambda: sparsea.solve(pause, y, 5)) < PROMPT
    assert interrupted(lambda: sparsea.Problem(pause, y)) < PROMPT
    # One call that looks at nothing until it ends, some seconds later.
    assert interrupted(lambda: sparsea.theory.restricted_isometry(A, 8, work=1e9)) < PROMPT


def test_ctrl_c_in_a_path_or_a_cross_validation(rng: np.random.Generator) -> None:
    X, target = rng.standard_normal((2500, 900)), rng.standard_normal(2500)
    problem = sparsea.Problem(X[:, :600], target)
    assert interrupted(lambda: problem._together(range(1, 301), None, {})) < PROMPT
    assert interrupted(lambda: SparseRegressorCV(300, cv=10).fit(X, target)) < PROMPT


def test_ctrl_c_in_a_call_back() -> None:
    assert interrupted(lambda: sparsea.solve(A, y, 5, callback=lambda _: time.sleep(20))) < PROMPT


def test_python_can_end_after_ctrl_c_in_a_long_call() -> None:
    code = """
import os, signal, threading, time
import numpy as np, sparsea

class Slow:
    shape = (4, 3)
    def matvec(self, x):
        time.sleep(0.8)
        return np.ones(4)
    rmatvec = matvec

threading.Timer(0.3, lambda: signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)).start()
try:
    sparsea.solve(Slow(), np.ones(4), 1)
except KeyboardInterrupt:
    print("interrupted")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "interrupted\n", "")


def test_a_run_that_is_stopped_inside_calls_its_operator_no_more() -> None:
    operator = Called(lambda: time.sleep(0.01))
    interrupted(lambda: sparsea.solve(operator, y, 5, time=20))
    time.sleep(0.05)
    calls = operator.calls
    time.sleep(0.1)
    assert operator.calls == calls


def test_other_threads_go_on_during_a_run() -> None:
    ticks = 0
    done = threading.Event()

    def tick() -> None:
        nonlocal ticks
        while not done.is_set():
            ticks += 1
            time.sleep(0.001)

    ticker = threading.Thread(target=tick)
    ticker.start()
    try:
        before = ticks
        sparsea.solve(A, y, 5, algorithm="search", time=0.5)
        assert ticks - before > 50
    finally:
        done.set()
        ticker.join()


def test_eight_threads_at_once(rng: np.random.Generator) -> None:
    problems = [(A * (1 + i), rng.standard_normal(50)) for i in range(8)] * 5
    for algorithm, form in (("sea", np.asarray), ("search", np.asarray), ("omp", aslinearoperator)):
        limit = {"iterations": 20}

        def run(problem: Any, algorithm: str = algorithm, form: Any = form, limit: Any = limit) -> Any:
            return sparsea.solve(form(problem[0]), problem[1], 5, algorithm=algorithm, **limit)

        expected = [run(problem) for problem in problems]
        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(run, problems)) == expected


FORKING = """
import os, signal, sys
import numpy as np
import scipy.sparse
import sparsea
from sparsea import theory
from sparsea.sklearn import SparseRegressor

# So large that products are shared among threads.
large = np.random.default_rng(0).standard_normal((1100, 1000))
data = large[:, 3] - large[:, 500]
blur = sparsea.Convolution(np.random.default_rng(1).standard_normal(60), 40_000)
spikes = np.zeros(40_000)
spikes[[7, 9000]] = 1.0

USES = {
    "solve": lambda: sparsea.solve(large, data, 2, algorithm="omp").support.tolist(),
    "search": lambda: sparsea.solve(large, data, 2, algorithm="search", iterations=3).support.tolist(),
    "problem": lambda: sparsea.Problem(large, data).solve(2, algorithm="omp").support.tolist(),
    "brief": lambda: sparsea.solve(large[:40, :80], data[:40], 2, algorithm="search").support.tolist(),
    "threads": lambda: sparsea.solve(large, data, 2, algorithm="omp", threads=2).support.tolist(),
    "batch": lambda: sparsea.solve(
        large, np.stack([data, -data], 1), 2, algorithm="omp", check_adjoint=True
    ).supports[1].tolist(),
    "improve": lambda: sparsea.improve(large, data, support=[3, 4], algorithm="sea").support.tolist(),
    "deconvolve": lambda: sparsea.deconvolve(data, "gaussian:2", 3, algorithm="omp").support.tolist(),
    "convolution": lambda: float(blur.rmatvec(blur.matvec(spikes))[7]),
    "coherence": lambda: theory.coherence(large, 2).mutual,
    "isometry": lambda: theory.restricted_isometry(large[:, :60], 3, work=1e6).constants[1].lower,
    "exact": lambda: theory.exact_recovery_coefficient(large, [3, 500]),
    "recovery": lambda: theory.recovery(large[:, :60], 1, work=1e6).coherence,
    "regressor": lambda: SparseRegressor(2, algorithm="omp").fit(large, data).support_.tolist(),
    "sparse": lambda: SparseRegressor(2, algorithm="omp").fit(scipy.sparse.csr_array(large), data).support_.tolist(),
}

def exit_of(child):
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

def child_of(action):
    child = os.fork()
    if child == 0:
        # A child that hangs is ended by this.
        signal.alarm(30)
        os._exit(action())
    return child

def found_in_a_grandchild_too(use, expected):
    if use() != expected:
        return 1
    return exit_of(child_of(lambda: int(use() != expected)))

# What a child finds before the parent has threads, what the parent finds, and a child and its child after that.
names = sys.argv[1:]
first = [exit_of(child_of(lambda: int(USES[name]() is None))) for name in names]
expected = [USES[name]() for name in names]
after = [exit_of(child_of(lambda: found_in_a_grandchild_too(USES[n], e))) for n, e in zip(names, expected)]
again = [int(USES[name]() != e) for name, e in zip(names, expected)]
print([name for name, *codes in zip(names, first, after, again) if any(codes)])
"""
USES = re.findall(r'^    "(\w+)": lambda', FORKING, re.MULTILINE)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_forked_processes_have_threads() -> None:
    assert len(USES) == 15
    code = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORKING, *USES]
    done = subprocess.run(code, capture_output=True, text=True, check=False, timeout=500)
    assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "")


def _in_child(queue: Any) -> None:
    large = np.random.default_rng(0).standard_normal((1100, 1000))
    found = sparsea.solve(large, large[:, 3] - large[:, 500], 2, algorithm="omp").support.tolist()
    queue.put([*found, sparsea.theory.coherence(large).mutual])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_processes_of_multiprocessing_can_solve(rng: np.random.Generator) -> None:
    large = rng.standard_normal((1100, 1000))
    sparsea.solve(large, large[:, 3], 2, algorithm="omp")
    context = multiprocessing.get_context("fork")
    queue = context.SimpleQueue()
    child = context.Process(target=_in_child, args=(queue,))
    child.start()
    child.join(60)
    try:
        assert child.exitcode == 0
        assert queue.get()[:2] == [3, 500]
    finally:
        child.kill()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts threads in /proc")
@pytest.mark.parametrize("variable", ["100000", str(10**30), "3"])
def test_the_environment_does_not_start_threads_without_end(variable: str) -> None:
    code = """
import os
import numpy as np
import sparsea
print(len(os.listdir("/proc/self/task")))
A = np.random.default_rng(0).standard_normal((1100, 1000))
sparsea.solve(A, A[:, 3], 1, algorithm="omp")
sparsea.solve(A, A[:, :3], 1, algorithm="omp")
sparsea.theory.coherence(A)
print(len(os.listdir("/proc/self/task")))
"""
    # OpenBLAS has threads of its own.
    environment = {**os.environ, "RAYON_NUM_THREADS": variable, "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    imported, used = map(int, done.stdout.split())
    assert imported == 1
    most = 3 if variable == "3" else max(256, os.cpu_count() or 1)
    # Three pools of one thread for the batch besides, and the thread of the last run, which may be about to end.
    assert 4 <= used <= 1 + most + 3 + 1


def resident() -> int:
    """Bytes of memory that this process holds now, but for files that are mapped."""
    with open("/proc/self/status", encoding="ascii") as file:  # noqa: PTH123
        return 1024 * next(int(line.split()[1]) for line in file if line.startswith("RssAnon:"))


linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")


@linux
@pytest.mark.parametrize("dtype", [np.float64, np.complex128])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("mapped", [False, True])
def test_a_large_matrix_is_not_copied(tmp_path: Path, dtype: Any, order: Any, mapped: bool) -> None:
    large = np.ones((2000, 2000), dtype, order)
    large[np.arange(2000), np.arange(2000)] = 50.0
    if mapped:
        np.save(tmp_path / "A.npy", large)
        large = np.load(tmp_path / "A.npy", mmap_mode="r")
    peak = [0]
    before = resident()

    def look(_: sparsea.Progress) -> None:
        peak[0] = max(peak[0], resident())

    solution = sparsea.solve(large, large[:, 7], 1, algorithm="omp", callback=look)
    assert solution.support.tolist() == [7]
    assert peak[0] - before < large.nbytes / 4


@linux
def test_ten_thousand_solves_leak_nothing() -> None:
    small, data = A[:20, :30].copy(), np.stack([y[:20], -y[:20]], axis=1)
    operator = LinearOperator((20, 30), matvec=lambda x: small @ x, rmatvec=lambda y: small.T @ y, dtype=float)

    def solve(times: int) -> None:
        for at in range(times):
            sparsea.solve(small, y[:20], 3, algorithm="omp", report=True, trace=True)
            if at % 20 == 0:
                sparsea.solve(small, data, 3, algorithm="omp")
                sparsea.solve(operator, y[:20], 2, algorithm="omp", callback=lambda _: None)
                with pytest.raises(ValueError, match="entries"):
                    sparsea.solve(small, y, 3)
        gc.collect()

    solve(2000)
    before = resident()
    solve(8000)
    assert resident() - before < 4 << 20


def test_progress_by_tqdm(capsys: pytest.CaptureFixture[str]) -> None:
    found = sparsea.solve(A, y, 5, algorithm="search", time=0.4, progress=True)
    assert found.stop_reason == "time"
    assert "best residual" in capsys.readouterr().err
    sparsea.solve(A, np.stack([y, y], axis=1), 5, progress=True, iterations=10)


class Terminal(io.StringIO):
    """A terminal that remembers what it showed."""

    def isatty(self) -> bool:
        return True


def on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Standard error from now on: a terminal, without tqdm."""
    monkeypatch.setitem(sys.modules, "tqdm", None)
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    return terminal


def test_progress_as_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = on_a_terminal(monkeypatch)
    sparsea.solve(A, y, 5, progress=True, iterations=100)
    shown = terminal.getvalue()
    assert "search: 0/100 iterations, best residual " in shown
    assert shown.endswith("\r")
    # The budget of an algorithm is a limit too; of a chain, that of its last link.
    for options, said in (
        ({}, "search: 0/300 iterations, "),
        ({"algorithm": "sea"}, "sea: 0/1000 iterations, "),
        ({"algorithm": "omp+sea"}, "omp: 0 iterations, "),
        ({"time": 0.3}, "search: 0 iterations, "),
    ):
        terminal.seek(0)
        terminal.truncate()
        sparsea.solve(A, y, 5, progress=True, **options)
        assert said in terminal.getvalue()


def test_progress_where_there_is_no_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    on_a_terminal(monkeypatch)
    file = io.StringIO()
    monkeypatch.setattr(sys, "stderr", file)
    sparsea.solve(A, y, 5, progress=True)
    sparsea.solve(A, np.stack([y, y], axis=1), 5, progress=True)
    assert file.getvalue() == ""
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("threads", [1, 2])
def test_progress_of_a_batch_counts_its_columns(
    monkeypatch: pytest.MonkeyPatch, threads: int, rng: np.random.Generator
) -> None:
    terminal = on_a_terminal(monkeypatch)
    sparsea.solve(A, rng.standard_normal((50, 7)), 5, time=0.25, algorithm="search", progress=True, threads=threads)
    shown = terminal.getvalue()
    counts = [int(done) for done in re.findall(r"(\d+)/7 columns", shown)]
    assert counts == sorted(counts)
    assert counts[0] == 0
    assert counts[-1] == 7
    # Each column takes 0.25 s, and the line is brought up to date every 0.1 s.
    assert len({*counts}) >= 7 // threads
    assert re.search(r"column \d, search: \d/7 columns, best residual \d", shown)


def test_progress_of_a_batch_by_tqdm(monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator) -> None:
    seen: list[tuple[int, Any, str]] = []

    class Watched(tqdm.auto.tqdm):  # type: ignore[misc]
        def set_postfix_str(self, *args: Any, **options: Any) -> None:
            seen.append((self.n, self.total, self.unit))
            super().set_postfix_str(*args, **options)

    monkeypatch.setattr(tqdm.auto, "tqdm", Watched)
    sparsea.solve(A, rng.standard_normal((50, 5)), 5, time=0.25, algorithm="search", progress=True, threads=1)
    assert [n for n, _, _ in seen] == sorted(n for n, _, _ in seen)
    assert {n for n, _, _ in seen} == {0, 1, 2, 3, 4, 5}
    assert {(total, unit) for _, total, unit in seen} == {(5, "column")}
