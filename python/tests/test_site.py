"""The pages of docs/: the code on them runs, and the reference leaves nothing out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sparsea
import sparsea.plot

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
from matplotlib import pyplot as plt  # noqa: E402

DOCS = Path(__file__).parents[2] / "docs"
PAGES = (
    "tutorials/first-spike-train",
    "tutorials/first-selection",
    "tutorials/first-compressed-image",
    "start",
    "choosing-an-algorithm",
    "choosing-k",
    "operators",
    "forms",
    "sufficient-statistics",
    "change-points",
    "many-machines",
)


def given() -> dict[str, Any]:
    """What the pages take as given."""
    rng = np.random.default_rng(0)
    A = rng.standard_normal((60, 80))
    x = np.zeros(500)
    x[100:120] = 1.0
    names = {"sparsea": sparsea, "A": A, "y": A[:, :20] @ np.ones(20) + rng.standard_normal(60), "x": x}
    return {**names, "X": A[:, :30], "spectrum": rng.standard_normal(1120)}


@pytest.mark.parametrize("page", PAGES)
def test_the_code_on_a_page_runs(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("sklearn")
    pytest.importorskip("pylops")
    if page == "many-machines":
        pytest.importorskip("distributed")
        pytest.importorskip("zarr")
        pytest.importorskip("pyarrow")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").symlink_to(DOCS.parent / "data")
    text = (DOCS / f"{page}.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 2
    # Tutorials run as they stand, the other pages from here.
    names = {} if page.startswith("tutorials/") else given()
    for block in blocks:
        exec(compile(block, f"{page}.md", "exec"), names)
        for line in block.splitlines():
            # `expression          # its value`
            stated = re.fullmatch(r"(\S.*?) +# (array.*|'.*'|\[.*)", line)
            if stated:
                assert repr(eval(stated[1], names)) == stated[2]
    plt.close("all")


@pytest.mark.parametrize("module", ["sparsea", "sparsea.theory", "sparsea.plot", "sparsea.sklearn", "sparsea.dask"])
def test_the_reference_has_every_name(module: str) -> None:
    public = set(pytest.importorskip(module).__all__) - {"__version__", "theory"}
    page = (DOCS / "api" / f"{module.removeprefix('sparsea.')}.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^\.\. auto(?:class|function):: (\w+)$", page, re.MULTILINE)) == sorted(public)
