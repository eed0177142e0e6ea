"""Mean support distance against median time, a panel for each task of one signal."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.lines import Line2D

from tasks import TASKS

mpl.use("Agg")

# Colour: the algorithm, as in the other pictures. Filled: sparsea. Hollow: a peer.
STYLES: dict[str, tuple[str, str]] = {
    "sparsea search": ("#b5122b", "*"),
    "sparsea sea": ("#0072b2", "o"),
    "sparsea omp+sea": ("#4ea9e0", "^"),
    "sparsea els": ("#7b3fa0", "h"),
    "sparsea omp": ("#009e73", "D"),
    "sparsea ols": ("#117733", "v"),
    "sparsea foba": ("#85852b", "X"),
    "sparsea splicing": ("#44aa99", "P"),
    "sparsea lasso": ("#6e6e6e", "s"),
    "NumPy SEA": ("#0072b2", "o"),
    "NumPy SEA from OMP": ("#4ea9e0", "^"),
    "scikit-learn OMP": ("#009e73", "D"),
    "PyLops OMP": ("#009e73", "d"),
    "SPAMS omp": ("#117733", "v"),
    "skscope FoBa": ("#85852b", "X"),
    "skscope Scope": ("#44aa99", ">"),
    "abess": ("#44aa99", "P"),
    "scikit-learn LARS": ("#6e6e6e", "s"),
    "celer path": ("#6e6e6e", "p"),
}
SEARCH = "sparsea search"


def _marker(name: str) -> dict[str, Any]:
    color, marker = STYLES[name]
    face = color if name.startswith("sparsea") else "none"
    size = 10 if marker == "*" else 6.5
    return {"color": color, "marker": marker, "markerfacecolor": face, "markersize": size, "markeredgewidth": 1.2}


def _entry(name: str) -> Line2D:
    """A method in the legend."""
    return Line2D([], [], linestyle="none", label=name, **_marker(name))


def draw(record: dict[str, Any], path: Path) -> bool:
    """Draw the picture; False if no task of one signal was measured."""
    results = [r for r in record["results"] if r["threads"] == 1 and r["seconds"]]
    tasks = [t for t in TASKS if t.kind == "single" and any(r["task"] == t.name for r in results)]
    if not tasks:
        return False
    columns = min(3, len(tasks) + 1)
    rows = -(-(len(tasks) + 1) // columns)
    with plt.rc_context({"svg.fonttype": "none", "svg.hashsalt": "sparsea", "font.size": 9, "axes.titlesize": 9}):
        figure, axes = plt.subplots(rows, columns, figsize=(4.0 * columns, 3.1 * rows), squeeze=False)
        panels = list(axes.flat)
        shown: set[str] = set()
        for panel, task in zip(panels, tasks, strict=False):
            search: list[tuple[float, float]] = []
            for result in results:
                if result["task"] != task.name:
                    continue
                point = (1e3 * statistics.median(result["seconds"]), statistics.mean(result["distances"]))
                name = SEARCH if result["method"].startswith(SEARCH) else result["method"]
                shown.add(name)
                if name == SEARCH:
                    search.append(point)
                else:
                    panel.plot(*point, linestyle="none", clip_on=False, **_marker(name))
            panel.plot(*zip(*sorted(search), strict=True), linewidth=1.0, clip_on=False, zorder=4, **_marker(SEARCH))
            panel.set_title(task.title)
            panel.set_xscale("log")
            panel.xaxis.set_major_formatter("{x:g}")
            panel.set_ylim(0.0, max(0.05, panel.get_ylim()[1]))
            panel.grid(True, color="#e4e4e4", linewidth=0.6)
            panel.set_axisbelow(True)
            panel.spines[["top", "right"]].set_visible(False)
        for panel in panels[len(tasks) :]:
            panel.set_axis_off()
        for row in axes:
            row[0].set_ylabel("mean support distance")
        for column in range(columns):
            below = [row * columns + column for row in range(rows) if row * columns + column < len(tasks)]
            if below:
                panels[below[-1]].set_xlabel("median time (ms)")
        names = [name for name in STYLES if name in shown]
        ours = [_entry(name) for name in names if name.startswith("sparsea")]
        peers = [_entry(name) for name in names if not name.startswith("sparsea")]
        # Each has a column of its own: the legend fills the first one first.
        missing = len(peers) - len(ours)
        blank = [Line2D([], [], linestyle="none", label=" ") for _ in range(abs(missing))]
        handles = [*ours, *(blank if missing > 0 else []), *peers, *(blank if missing < 0 else [])]
        panels[len(tasks)].legend(handles=handles, ncols=2, loc="center", frameon=False, fontsize=8.5)
        figure.tight_layout()
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, metadata={"Date": None})
        plt.close(figure)
    return True
