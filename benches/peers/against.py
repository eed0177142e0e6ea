"""Time this sparsea against an earlier one, on the plain problems of the comparison with other packages.

`cargo xtask against REVISION` builds both wheels and calls this with the folders they are installed in. Each version is
a process that stays; both solve the same problem in turn, several times, so that a change of the machine's speed meets
both.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import Any

from run import pin, pinned, processor

# A turn repeats a call until this has passed; the quickest call of all turns counts.
TURN_SECONDS = 0.03
# Signals of a batch: enough that one call is long beside what surrounds it.
SIGNALS = 200
ALGORITHMS: dict[str, tuple[str, ...]] = {
    "single": ("omp", "ols", "sea", "omp+sea", "search"),
    "batch": ("omp", "ols"),
    "sea-batch": ("sea",),
}


def options_of(algorithm: str) -> dict[str, Any]:
    """What ends a run: the same number of iterations in both versions."""
    if algorithm == "search":
        return {"iterations": 60}
    return {"iterations": 1000} if algorithm.endswith("sea") else {}


def serve(folder: str) -> None:
    """Answer requests for timings, one JSON line each."""
    pin(1)
    warnings.simplefilter("ignore")
    sys.path.insert(0, folder)
    import sparsea
    from tasks import TASKS

    if not Path(sparsea.__file__).is_relative_to(folder):
        raise SystemExit(f"against: sparsea was imported from {sparsea.__file__}, not from {folder}")
    kept: dict[tuple[str, int, int], Any] = {}
    for line in sys.stdin:
        name, algorithm, seed, run = json.loads(line)
        task = next(task for task in TASKS if task.name == name)
        if (name, seed, run) not in kept:
            kept.clear()
            kept[name, seed, run] = task.problem(seed, run, 1 if task.kind == "single" else SIGNALS)
        problem = kept[name, seed, run]
        # Where A lies in memory matters as much as the version: a new place each turn.
        A, data = problem.A.copy(order="F"), problem.y if task.kind == "single" else problem.Y
        best, spent = float("inf"), 0.0
        while spent < TURN_SECONDS:
            begin = time.perf_counter()
            answer = sparsea.solve(A, data, problem.k, algorithm=algorithm, threads=1, **options_of(algorithm))
            seconds = time.perf_counter() - begin
            best, spent = min(best, seconds), spent + seconds
        answers = [answer] if task.kind == "single" else list(answer)
        print(json.dumps([best, [a.support.tolist() for a in answers]]), flush=True)


def ask(child: subprocess.Popen[str], request: list[Any]) -> tuple[float, list[list[int]]]:
    """One turn of a version."""
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(json.dumps(request) + "\n")
    child.stdin.flush()
    line = child.stdout.readline()
    if not line:
        raise SystemExit(f"against: a version stopped at {request}")
    seconds, supports = json.loads(line)
    return seconds, supports


def main() -> None:
    """Time, and print a row for each task and algorithm."""
    if sys.argv[1:2] == ["--serve"]:
        serve(sys.argv[2])
        return
    parser = argparse.ArgumentParser(prog="cargo xtask against REVISION", description=__doc__.partition("\n\n")[0])
    parser.add_argument("folders", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--runs", type=int, default=5, help="problems of a task (default 5)")
    parser.add_argument("--turns", type=int, default=7, help="turns of each version on a problem (default 7)")
    parser.add_argument("--only", action="append", default=[], metavar="TASK", help="a task, or how its name begins")
    parser.add_argument("--algorithm", action="append", default=[], help="an algorithm (default: all)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the problems (default 1)")
    chosen = parser.parse_args()
    if chosen.runs < 1 or chosen.turns < 1 or chosen.seed < 0:
        parser.error("--runs and --turns must be at least 1, --seed at least 0")

    from tasks import TASKS

    here = str(Path(__file__).resolve())
    versions = [
        subprocess.Popen(
            [sys.executable, here, "--serve", folder],
            env=pinned(1),
            cwd=Path(__file__).parent,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for folder in chosen.folders
    ]
    print(f"{processor()}, {os.cpu_count()} processors; one thread; seed {chosen.seed}")
    print(f"{'task':<18} {'algorithm':<10} {'before/ms':>10} {'now/ms':>10} {'ratio':>6}  (of each problem) supports")
    tasks = [t for t in TASKS if not chosen.only or any(t.name.startswith(name) for name in chosen.only)]
    for task in (t for t in tasks if t.kind in ALGORITHMS):
        for algorithm in ALGORITHMS[task.kind]:
            if chosen.algorithm and algorithm not in chosen.algorithm:
                continue
            before, now, same = [], [], True
            for run in range(1, chosen.runs + 1):
                request = [task.name, algorithm, chosen.seed, run]
                quickest = [float("inf"), float("inf")]
                supports: list[Any] = [None, None]
                for turn in range(chosen.turns):
                    for which in (0, 1) if turn % 2 == 0 else (1, 0):
                        seconds, supports[which] = ask(versions[which], request)
                        quickest[which] = min(quickest[which], seconds)
                before.append(quickest[0])
                now.append(quickest[1])
                same &= supports[0] == supports[1]
            ratios = [b / a for a, b in zip(before, now, strict=True)]
            print(
                f"{task.name:<18} {algorithm:<10} {1e3 * statistics.median(before):10.3f} "
                f"{1e3 * statistics.median(now):10.3f} {statistics.median(ratios):6.3f}  "
                f"({min(ratios):.3f} to {max(ratios):.3f}) {'the same' if same else 'differ'}",
                flush=True,
            )


if __name__ == "__main__":
    main()
