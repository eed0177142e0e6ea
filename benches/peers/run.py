"""Measure sparsea and its peers on the tasks, and write docs/benchmarks.md and its picture.

`cargo xtask peers` makes the environment and calls this. Every (task, number of threads, method) runs in a process of
its own: its first call is cold, on problem 0; then each of problems 1, 2, … is solved once, until all are or its time
is spent. Data are generated, and brought into the form that a package wants, before the clock starts.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
import warnings
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
# Every number, and the page of a run that is not the whole.
OUTPUT = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "peers"
THREADS = (1, 2)
# Runs of a batch, and signals of a problem of which the supports are kept to be compared.
BATCH_RUNS, COMPARED = 5, 100
QUICK_RUNS, QUICK_SECONDS, QUICK_SIGNALS = 2, 2.0, 50
POOLS = ("OMP", "OPENBLAS", "MKL", "BLIS", "NUMEXPR", "NUMBA", "RAYON", "VECLIB_MAXIMUM")
PACKAGES = {
    "sparsea": "sparsea",
    "numpy": "NumPy",
    "scipy": "SciPy",
    "scikit-learn": "scikit-learn",
    "spams-bin": "SPAMS",
    "celer": "celer",
    "abess": "abess",
    "skscope": "skscope",
    "jax": "JAX",
    "pylops": "PyLops",
}


def pinned(threads: int) -> dict[str, str]:
    """The environment of a process all of whose pools have a number of threads."""
    pools = {f"{pool}_NUM_THREADS": str(threads) for pool in POOLS}
    eigen = f"--xla_cpu_multi_thread_eigen={'true' if threads > 1 else 'false'}"
    return {**os.environ, **pools, "OMP_DYNAMIC": "FALSE", "XLA_FLAGS": eigen, "JAX_PLATFORMS": "cpu"}


def pin(threads: int) -> None:
    """Keep this process on as many processors, the last ones: a pool that heeds no variable gets no more either."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-threads:])


def measure(arguments: dict[str, Any]) -> dict[str, Any]:
    """Run one method on one task in this process."""
    pin(arguments["threads"])
    warnings.simplefilter("ignore")
    import numpy as np

    from methods import methods
    from tasks import TASKS

    task = next(task for task in TASKS if task.name == arguments["task"])
    method = next(method for method in methods(task) if method.name == arguments["method"])
    seconds: list[float] = []
    distances: list[float] = []
    exact: list[float] = []
    supports: list[list[list[int]]] = []
    for run in range(arguments["runs"] + 1):
        problem = task.problem(arguments["seed"], run, arguments["signals"])
        call = method.prepare(problem, arguments["threads"])
        begin = time.perf_counter()
        answer = call()
        seconds.append(time.perf_counter() - begin)
        found = method.supports(answer)
        n = problem.A.shape[1]
        if len(found) != len(problem.truth):
            raise SystemExit(f"{method.name}: {len(found)} answers to {len(problem.truth)} signals")
        for i, columns in enumerate(found):
            found[i] = support = problem.atoms(columns)
            if support.size > task.k or np.unique(columns).size != columns.size or not np.all(columns < n):
                raise SystemExit(f"{method.name} on {task.name}, run {run}: {support} is no support")
        missed = [1.0 - np.isin(t, s).mean() for t, s in zip(problem.truth, found, strict=True)]
        distances.append(float(np.mean(missed)))
        exact.append(float(np.mean([share == 0.0 for share in missed])))
        supports.append([np.sort(support).tolist() for support in found[:COMPARED]])
        # One call of a method that is slow beyond the budget says enough.
        if sum(seconds[1:]) >= arguments["budget"] or seconds[0] >= 2 * arguments["budget"]:
            break
    only_cold = len(seconds) == 1
    measured = slice(0, 1) if only_cold else slice(1, None)
    return {
        "cold": seconds[0],
        "seconds": seconds[1:],
        "distances": distances[measured],
        "exact": exact[measured],
        "supports": supports[measured],
    }


def in_child(arguments: dict[str, Any]) -> dict[str, Any]:
    """Run one method on one task in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        request, answer = Path(folder, "request.json"), Path(folder, "answer.json")
        request.write_text(json.dumps(arguments), encoding="utf-8")
        command = [sys.executable, str(Path(__file__).resolve()), "--child", str(request), str(answer)]
        done = subprocess.run(command, env=pinned(arguments["threads"]), cwd=folder, capture_output=True, text=True)
        if done.returncode != 0 or not answer.is_file():
            what = f"{arguments['method']} on {arguments['task']}, {arguments['threads']} threads"
            raise SystemExit(f"peers: {what} failed ({done.returncode}):\n{done.stdout[-1000:]}{done.stderr[-3000:]}")
        measured: dict[str, Any] = json.loads(answer.read_text(encoding="utf-8"))
        return measured


def processor() -> str:
    """The model of the processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def allowed_processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def versions() -> dict[str, str]:
    """The versions of what is compared; empty where it is not installed."""
    found = {"Python": platform.python_version()}
    for package, name in PACKAGES.items():
        try:
            found[name] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[name] = ""
    return found


def agreement(task_name: str, results: list[dict[str, Any]], ours: str, theirs: str) -> float | None:
    """The share of signals on which two methods found the same support, among those that both solved."""
    import numpy as np

    chosen = {r["method"]: r for r in results if r["task"] == task_name and r["threads"] == THREADS[0]}
    if ours not in chosen or theirs not in chosen:
        return None
    if bool(chosen[ours]["seconds"]) != bool(chosen[theirs]["seconds"]):
        # One of them solved problem 0 only, and the other's answers to that are not kept.
        return None
    pairs = zip(chosen[ours]["supports"], chosen[theirs]["supports"], strict=False)
    same = [a == b for first, second in pairs for a, b in zip(first, second, strict=True)]
    return float(np.mean(same))


def options() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(prog="cargo xtask peers", description=__doc__.partition("\n\n")[0])
    parser.add_argument("--runs", type=int, default=50, help="problems of a task, besides the first (default 50)")
    parser.add_argument("--only", action="append", default=[], metavar="TASK", help="a task, or how its name begins")
    parser.add_argument("--budget", type=float, default=20.0, help="seconds for a method on a task (default 20)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the problems (default 1)")
    quick = f"only to try it: {QUICK_RUNS} runs, {QUICK_SECONDS:g} s a method, batches of {QUICK_SIGNALS} signals"
    parser.add_argument("--quick", action="store_true", help=quick)
    chosen = parser.parse_args()
    if chosen.runs < 1 or chosen.budget <= 0 or chosen.seed < 0:
        parser.error("--runs must be at least 1, --budget above 0, --seed at least 0")
    if chosen.quick:
        chosen.runs, chosen.budget = min(chosen.runs, QUICK_RUNS), min(chosen.budget, QUICK_SECONDS)
    return chosen


def main() -> None:
    """Measure, check, write."""
    if sys.argv[1:2] == ["--child"]:
        arguments = json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
        Path(sys.argv[3]).write_text(json.dumps(measure(arguments)), encoding="utf-8")
        return

    import report
    from methods import SAME, methods
    from tasks import TASKS

    chosen = options()
    tasks = [t for t in TASKS if not chosen.only or any(t.name.startswith(name) for name in chosen.only)]
    if not tasks:
        raise SystemExit(f"peers: no task begins with {chosen.only}; there are {', '.join(t.name for t in TASKS)}")
    results: list[dict[str, Any]] = []
    left_out: list[str] = []
    sizes: dict[str, int] = {}
    for task in tasks:
        signals = min(task.signals, QUICK_SIGNALS) if chosen.quick else task.signals
        sizes[task.name] = signals
        runs = min(chosen.runs, BATCH_RUNS) if task.batch else chosen.runs
        for threads in THREADS:
            print(f"\n{task.title}, threads: {threads}", flush=True)
            for method in methods(task):
                if not method.installed:
                    left_out.append(method.package)
                    continue
                what = {"task": task.name, "method": method.name, "threads": threads}
                setting = {"runs": runs, "budget": chosen.budget, "seed": chosen.seed, "signals": signals}
                result = {**what, **in_child({**what, **setting})}
                results.append(result)
                print(f"  {report.line(result)}", flush=True)

    same: list[dict[str, Any]] = [
        {
            "task": task.name,
            "omp": agreement(task.name, results, "sparsea omp", SAME[task.kind][0]),
            "ols": agreement(task.name, results, "sparsea ols", SAME[task.kind][1]),
        }
        for task in tasks
        if task.kind in SAME
    ]
    record = {
        "command": " ".join(["cargo xtask peers", *sys.argv[1:]]),
        "quick": chosen.quick,
        "runs": chosen.runs,
        "budget": chosen.budget,
        "seed": chosen.seed,
        "signals": sizes,
        "processor": processor(),
        "processors": allowed_processors(),
        "system": f"{platform.system()} {platform.machine()}",
        "versions": versions(),
        "left_out": sorted(set(left_out)),
        "agreement": same,
        "results": results,
    }
    OUTPUT.mkdir(parents=True, exist_ok=True)
    (OUTPUT / "results.json").write_text(json.dumps(record), encoding="utf-8")
    for shares in same:
        task = next(task for task in tasks if task.name == shares["task"])
        if task.same_omp and shares["omp"] not in (None, 1.0):
            raise SystemExit(f"peers: the two OMPs agree on {shares['omp']:.1%} of {task.title} only")
    # Only a whole run belongs in the documentation.
    destination = OUTPUT if chosen.quick or chosen.only else DOCS
    report.write(record, DOCS / "benchmarks.md", destination)
    print(f"\nWritten: {destination / 'benchmarks.md'}")


if __name__ == "__main__":
    main()
