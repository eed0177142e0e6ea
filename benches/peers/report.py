"""Tables and a picture of what was measured, between two comments of docs/benchmarks.md."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import picture
from methods import SAME
from tasks import TASKS, Task

Result: TypeAlias = dict[str, Any]
Record: TypeAlias = dict[str, Any]

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
PICTURE = "images/benchmarks.svg"
# The section of the plain problem, and those of other forms by the kind of task.
PLAIN = "Every method"
FORMS = {"nonnegative": "Non-negative coefficients", "joint": "Joint support", "groups": "Groups"}


@dataclass(frozen=True)
class Speed:
    """How many times as fast as a peer a method must be; no factor if there is no target."""

    task: str
    peer: str
    ours: str
    threads: int
    factor: float | None


@dataclass(frozen=True)
class Quality:
    """What a method must recover: mean distance at most, or share of exact supports at least."""

    task: str
    ours: str
    distance: float | None = None
    exact: float | None = None


_SINGLE = [task.name for task in TASKS if task.kind == "single"]
_OMP, _SPAMS, _SEA = "scikit-learn OMP", "SPAMS omp", "NumPy SEA"
SPEEDS = [
    *(Speed(name, _OMP, "sparsea omp", 1, 1.3 if name == "gaussian-large" else 3.0) for name in _SINGLE),
    *(Speed(name, _SPAMS, "sparsea ols", 1, 1.0) for name in _SINGLE),
    *(
        Speed(name, peer, ours, threads, factor)
        for name in ("batch-256", "batch-512")
        for threads in (1, 2)
        for peer, ours, factor in (
            (_SPAMS, "sparsea ols", 1.0),
            (_SPAMS, "sparsea omp", 1.0),
            (f"{_OMP}, precompute", "sparsea omp", None),
        )
    ),
    Speed("deconvolution-20", _SEA, "sparsea sea", 1, 15.0),
    Speed("batch-sea", _SEA, "sparsea sea", 1, 40.0),
]
QUALITIES = [
    Quality("deconvolution-10", "sparsea search, 10 ms", distance=0.02),
    Quality("deconvolution-20", "sparsea search, 10 ms", distance=0.08),
    Quality("deconvolution-20", "sparsea search, 60 ms", distance=0.02),
    Quality("deconvolution-30", "sparsea search, 50 ms", distance=0.12),
    Quality("deconvolution-30", "sparsea search, 300 ms", distance=0.06),
    Quality("gaussian-14", "sparsea search, 5 ms", exact=0.97),
    Quality("gaussian-16", "sparsea search, 5 ms", exact=0.95),
    Quality("autoregressive", "sparsea search, 50 ms", exact=1.0),
    Quality("steps", "sparsea search", distance=0.03),
]


def duration(seconds: float) -> str:
    """A time with three digits."""
    if seconds < 1.0:
        milliseconds = 1e3 * seconds
        return f"{milliseconds:.{2 if milliseconds < 10 else 1 if milliseconds < 100 else 0}f} ms"
    return f"{seconds:.{2 if seconds < 10 else 1}f} s"


def median(result: Result) -> float | None:
    """The median time of a call that is not the first, if there was one."""
    return statistics.median(result["seconds"]) if result["seconds"] else None


def warm(result: Result | None) -> str:
    """The same for a table."""
    time = median(result) if result else None
    return "–" if time is None else duration(time)


def percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def line(result: Result) -> str:
    """A result as it is shown while others are measured."""
    quality = f"{statistics.mean(result['distances']):.3f} {percent(statistics.mean(result['exact'])):>6}"
    times = f"first {duration(result['cold']):>8}  then {warm(result):>8}"
    return f"{result['method']:<28} {quality}  {times}  ({len(result['seconds'])} runs)"


def table(heads: list[str], rows: list[list[str]], text_columns: int = 1) -> list[str]:
    """The lines of a Markdown table; all columns but the first ones are of numbers."""
    rules = ["---"] * text_columns + ["---:"] * (len(heads) - text_columns)
    return [f"| {' | '.join(cells)} |" for cells in [heads, rules, *rows]]


class Measured:
    """The results of a record by task, method and threads."""

    def __init__(self, record: Record) -> None:
        self.record = record
        self.by_key = {(r["task"], r["method"], r["threads"]): r for r in record["results"]}
        self.tasks = [task for task in TASKS if any(name == task.name for name, _, _ in self.by_key)]

    def result(self, task: str, method: str, threads: int) -> Result | None:
        return self.by_key.get((task, method, threads))

    def names(self, task: Task) -> list[str]:
        return list(dict.fromkeys(method for name, method, _ in self.by_key if name == task.name))

    def title(self, task: Task) -> str:
        signals = self.record["signals"][task.name]
        return f"{task.title}, {signals} signals" if task.batch else task.title


def header(record: Record) -> list[str]:
    """What was run, on what."""
    versions = ", ".join(f"{name} {version}" for name, version in record["versions"].items() if version)
    runs = f"at most {record['runs']} problems a task besides the first, {record['budget']:g} s a method"
    machine = f"{record['processor']} (processors to use: {record['processors']}), {record['system']}"
    lines = [
        f"`{record['command']}` made the tables: {runs}, seeds ({record['seed']}, task, run).",
        f"Machine: {machine}.",
        f"Versions: {versions}.",
    ]
    if record["left_out"]:
        lines += ["", f"Left out, since there is no wheel for this Python: {', '.join(record['left_out'])}."]
    if record["quick"]:
        lines += ["", "**A quick run, only to try the programme: these numbers mean little.**"]
    return lines


def speeds(measured: Measured) -> list[str]:
    """The table of ratios of times."""
    titles = {task.name: measured.title(task) for task in measured.tasks}
    rows = []
    for target in SPEEDS:
        peer = measured.result(target.task, target.peer, target.threads)
        ours = measured.result(target.task, target.ours, target.threads)
        if not peer or not ours:
            continue
        theirs, own = median(peer), median(ours)
        if theirs is None or own is None:
            continue
        ratio = theirs / own
        outcome = "" if target.factor is None else "reached" if ratio >= target.factor else "missed"
        wanted = "–" if target.factor is None else f"{target.factor:g}"
        times = [duration(theirs), duration(own), f"{ratio:.2f}", wanted]
        rows.append([titles[target.task], target.peer, target.ours, outcome, str(target.threads), *times])
    heads = ["task", "peer", "method", "target", "threads", "peer's time", "time", "ratio", "at least"]
    return table(heads, rows, 4) if rows else ["Nothing to compare."]


def qualities(measured: Measured) -> list[str]:
    """The table of what search recovers."""
    titles = {task.name: measured.title(task) for task in measured.tasks}
    rows = []
    for target in QUALITIES:
        result = measured.result(target.task, target.ours, 1)
        if not result:
            continue
        distance, exact = statistics.mean(result["distances"]), statistics.mean(result["exact"])
        if target.distance is not None:
            reached, wanted = distance <= target.distance, f"distance ≤ {target.distance:g}"
        else:
            reached, wanted = exact >= (target.exact or 0.0), f"exact ≥ {percent(target.exact or 0.0)}"
        found = [f"{distance:.3f}", percent(exact), warm(result)]
        rows.append([titles[target.task], target.ours, "reached" if reached else "missed", wanted, *found])
    heads = ["task", "method", "target", "wanted", "distance", "exact", "time"]
    return table(heads, rows, 4) if rows else ["Nothing to compare."]


def results(measured: Measured, task: Task) -> list[str]:
    """The table of a task."""
    rows = []
    batch = task.batch
    for name in measured.names(task):
        one, two = measured.result(task.name, name, 1), measured.result(task.name, name, 2)
        shown = one or two
        if not shown:
            continue
        counts = list(dict.fromkeys(str(len(r["seconds"])) for r in (one, two) if r))
        cells = [
            name,
            f"{statistics.mean(shown['distances']):.3f}",
            percent(statistics.mean(shown["exact"])),
            duration(shown["cold"]),
            warm(one),
            warm(two),
        ]
        if batch:
            time, signals = median(shown), measured.record["signals"][task.name]
            cells.append("–" if time is None else f"{1e6 * time / signals:.1f} µs")
        rows.append([*cells, " / ".join(counts)])
    heads = ["method", "distance", "exact", "first call", "1 thread", "2 threads"]
    return table([*heads, *(["a signal, 1 thread"] if batch else []), "runs"], rows)


def agreement(measured: Measured, omp: str, ols: str) -> list[str]:
    """The table of shares of equal supports in the tasks that have these peers of `omp` and `ols`, if there are any."""
    titles = {task.name: measured.title(task) for task in measured.tasks if SAME.get(task.kind) == (omp, ols)}

    def share(value: float | None) -> str:
        return "–" if value is None else f"{100 * value:.1f} %"

    shares = [row for row in measured.record["agreement"] if row["task"] in titles]
    rows = [[titles[row["task"]], share(row["omp"]), share(row["ols"])] for row in shares]
    return ["", *table(["task", f"`omp` and {omp}", f"`ols` and {ols}"], rows)] if rows else []


def page(record: Record, picture: bool) -> str:
    """What stands between the two comments."""
    measured = Measured(record)
    lines = [*header(record), "", "## Targets", "", *speeds(measured), "", *qualities(measured)]
    if picture:
        lines += ["", "## Quality against time", "", f"![Mean support distance against median time]({PICTURE})"]
    for section in (PLAIN, *FORMS.values()):
        tasks = [task for task in measured.tasks if FORMS.get(task.kind, PLAIN) == section]
        if tasks:
            lines += ["", f"## {section}"]
        for task in tasks:
            lines += ["", f"### {measured.title(task)}", "", *results(measured, task)]
    same = [line for peers in dict.fromkeys(SAME.values()) for line in agreement(measured, *peers)]
    return "\n".join([*lines, *(["", "## The same supports", *same] if same else [])])


def write(record: Record, source: Path, destination: Path) -> None:
    """Write the page with the prose of a source, and the picture beside it."""
    drawn = picture.draw(record, destination / PICTURE)
    before, begin, rest = source.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"peers: {source.name} has no {BEGIN} and {END}")
    destination.mkdir(parents=True, exist_ok=True)
    text = f"{before}{BEGIN}\n\n{page(record, drawn)}\n\n{END}{after}"
    (destination / "benchmarks.md").write_text(text, encoding="utf-8")
