"""The page of `sparsea demo`: what it shows is Algorithm 1, and it works in a browser."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from shell import program

Vector = NDArray[np.float64]
TABLE = str(Path(__file__).parents[2] / "data" / "diabetes.csv")


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page."""
    out = tmp_path_factory.mktemp("demo")
    done = subprocess.run([program(), "demo", "--out", out], capture_output=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr.decode()
    return out / "exploration.html"


@pytest.fixture(scope="module")
def run(path: Path) -> dict[str, Any]:
    """The run that the page plays."""
    return data_of(path)


def data_of(path: Path) -> dict[str, Any]:
    """The run that a page plays."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', path.read_text(encoding="utf-8"))
    assert found
    data: dict[str, Any] = json.loads(found[1])
    return data


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A browser with one page."""
    page = pytest.importorskip("browser", reason="a browser is driven through pipes of Unix").Page(
        tmp_path_factory.mktemp("chromium")
    )
    yield page
    page.close()


@pytest.fixture
def page(browser: Any, path: Path) -> Any:
    """The page, just loaded, at rest."""
    browser.prefer(color_scheme="light", reduced_motion="reduce")
    browser.resize(1400, 900)
    browser.events.clear()
    browser.open("about:blank")
    browser.open(path.as_uri())
    return browser


def shown(page: Any, name: str) -> str:
    """The text of an element."""
    return str(page.run(f"document.getElementById({name!r}).textContent"))


def number(page: Any, name: str) -> float:
    """The number that an element shows."""
    return float(shown(page, name).replace("−", "-"))


def slide(page: Any, iteration: int) -> None:
    """Moves the slider, as a hand does."""
    page.run(
        f"(s => {{ s.value = {iteration}; s.dispatchEvent(new Event('input', {{ bubbles: true }})); }})"
        "(document.getElementById('slider'))"
    )


def playing(page: Any) -> bool:
    """Whether the run is playing."""
    return bool(page.run("document.body.classList.contains('playing')"))


def test_it_is_small_and_whole(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.encode()) < 500_000
    assert "/* " not in re.sub(r"(?s)<script>.*?</script>", "", text), "a part of the template is not filled in"
    addresses = re.findall(r"""\b(?:src|href)\s*=\s*["']?([^"'\s>]*)""", text)
    assert sorted(addresses) == ["data:,", "https://arxiv.org/abs/2301.13584"]
    assert "url(" not in text
    assert "@import" not in text


def test_the_run_is_algorithm_1(run: dict[str, Any]) -> None:
    """Every support, coefficient, objective and entry of 𝒳, by the text of the algorithm and NumPy's least squares."""
    y, k, known, steps = np.array(run["data"]), run["sparsity"], run["known"], run["steps"]
    n, truth = y.size, set(run["known"]["truth"]["support"])
    # Gaussian pulses, cut where the page's own are.
    reach = max(j - start for j, (start, _) in ((int(j), column) for j, column in run["columns"].items()))
    pulse = np.exp(-0.5 * (np.arange(-reach, reach + 1) / known["sigma"]) ** 2)
    columns = np.array([np.convolve(unit, pulse)[reach:][:n] for unit in np.eye(n)]).T
    assert run["first"] == 0
    assert run["positions"] == n
    for j, (start, column) in run["columns"].items():
        shown = np.zeros(n)
        shown[start : start + len(column)] = column
        np.testing.assert_allclose(shown, columns[:, int(j)], atol=1e-9)
    norms = np.linalg.norm(columns, axis=0)
    exploration, gradient, best = np.zeros(n), np.zeros(n), np.inf
    assert steps[0]["iteration"] == 0
    assert len(steps) > 100
    for before, step in zip([steps[0], *steps], steps, strict=False):
        exploration += known["step_size"] * (step["iteration"] - before["iteration"]) * gradient
        support = step["support"]
        sizes = np.abs(exploration)
        if step["iteration"] > 0:
            off = np.delete(sizes, support)
            assert len(support) == k
            assert sizes[support].min() >= off.max() - 1e-9 * sizes.max()
        shown = step["unit"] * np.array(step["exploration"])
        assert np.abs(shown - exploration).max() <= 1e-3 * sizes.max() + 1e-12
        x, *_ = np.linalg.lstsq(columns[:, support], y, rcond=None)
        residual = y - columns[:, support] @ x
        objective = 0.5 * residual @ residual
        best = min(best, objective)
        np.testing.assert_allclose(step["objective"], objective, rtol=1e-5)
        np.testing.assert_allclose(step["best_objective"], best, rtol=1e-5)
        np.testing.assert_allclose(step["coefficients"], x, rtol=1e-6, atol=1e-6)
        assert step["distance"] == pytest.approx(len(truth - set(support)) / k)
        gradient = columns.T @ residual / norms
        gradient[support] = 0.0
    assert steps[-1]["best_distance"] == 0.0
    fit, *_ = np.linalg.lstsq(columns[:, sorted(truth)], y, rcond=None)
    error = y - columns[:, sorted(truth)] @ fit
    best = known["truth"]["objective"]
    assert best == pytest.approx(0.5 * error @ error, rel=1e-5)
    assert all(other["objective"] > best for other in known["others"])


def test_the_numbers_are_those_of_the_run(page: Any, run: dict[str, Any], rng: np.random.Generator) -> None:
    steps, k = run["steps"], run["sparsity"]
    last = steps[-1]["iteration"]
    assert page.run("Number(document.getElementById('slider').max)") == last
    for iteration in [0, 1, *rng.integers(2, last, 12).tolist(), last]:
        slide(page, iteration)
        place = max(place for place, step in enumerate(steps) if step["iteration"] <= iteration)
        step = steps[place]
        before = steps[place - 1]["support"] if place and step["iteration"] == iteration else step["support"]
        assert number(page, "iteration") == iteration
        for name in ("objective", "best_objective"):
            assert number(page, name.replace("_", "-")) == pytest.approx(step[name], rel=6e-4)
        assert number(page, "distance") == step["distance"]
        assert number(page, "best-distance") == step["best_distance"]
        assert shown(page, "missed") == f"{round(step['distance'] * k)} of {k}"
        assert shown(page, "best-missed") == f"{round(step['best_distance'] * k)} of {k}"
        assert number(page, "found") == step["iteration"]
        best = next(s["iteration"] for s in steps if s["best_objective"] == step["best_objective"])
        assert number(page, "best-found") == best
        for name, some, others in (("entered", step["support"], before), ("left", before, step["support"])):
            expected = ", ".join(str(j) for j in some if j not in others)
            assert shown(page, name) == (expected or "–")
        assert number(page, "supports") == step["supports_explored"]
    assert not page.complaints()


def test_it_plays_and_pauses(page: Any, run: dict[str, Any]) -> None:
    assert not playing(page), "a user who prefers less motion has to ask for it"
    page.run("document.getElementById('speed').value = '60'")
    page.run("document.getElementById('play').click()")
    assert playing(page)
    page.run("new Promise((done) => setTimeout(done, 400))")
    page.run("document.getElementById('play').click()")
    assert not playing(page)
    reached = number(page, "iteration")
    assert reached > 0
    assert page.run("Number(document.getElementById('slider').value)") == reached
    page.run("new Promise((done) => setTimeout(done, 100))")
    assert number(page, "iteration") == reached
    # At the end it stops; from there, it starts again.
    last = run["steps"][-1]["iteration"]
    slide(page, last - 2)
    page.run("document.getElementById('play').click()")
    page.run("new Promise((done) => setTimeout(done, 400))")
    assert not playing(page)
    assert number(page, "iteration") == last
    page.run("document.getElementById('play').click()")
    assert number(page, "iteration") < last
    page.run("document.getElementById('play').click()")
    assert not page.complaints()


def test_keys_move_it(page: Any, run: dict[str, Any]) -> None:
    steps = run["steps"]
    slide(page, 50)
    page.press("ArrowRight", "ArrowRight")
    assert number(page, "iteration") == 51
    page.press("ArrowLeft", "ArrowLeft", shift=True)
    assert number(page, "iteration") == 41
    # On the slider itself, a key moves it once.
    page.run("document.getElementById('slider').focus()")
    page.press("ArrowRight", "ArrowRight")
    assert number(page, "iteration") == 42
    page.press(" ", "Space")
    assert playing(page)
    page.press(" ", "Space")
    assert not playing(page)
    page.press("Home", "Home")
    assert number(page, "iteration") == 0
    page.press("ArrowLeft", "ArrowLeft")
    assert number(page, "iteration") == 0
    page.press("b", "KeyB")
    assert number(page, "objective") == number(page, "best-objective")
    assert number(page, "iteration") == next(
        step["iteration"] for step in steps if step["best_objective"] == steps[-1]["best_objective"]
    )
    assert not page.complaints()


def test_it_starts_by_itself_unless_an_iteration_is_named(page: Any, path: Path) -> None:
    page.prefer(reduced_motion="no-preference")
    page.open("about:blank")
    page.open(path.as_uri())
    assert playing(page)
    page.open("about:blank")
    page.open(f"{path.as_uri()}#t=33")
    assert not playing(page)
    assert number(page, "iteration") == 33


def test_nothing_is_fetched(page: Any, path: Path) -> None:
    slide(page, 10)
    addresses = [address for address in page.requests() if not address.startswith(("data:", "about:"))]
    assert addresses == [path.as_uri()]
    assert not page.complaints()


@pytest.mark.parametrize("width", [320, 390, 768, 1400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_and_is_drawn(page: Any, width: int, scheme: str) -> None:
    page.prefer(color_scheme=scheme, reduced_motion="reduce")
    page.resize(width, 850)
    slide(page, 60)
    assert page.run("document.documentElement.scrollWidth") <= width
    if width >= 390:
        assert page.run("document.getElementById('controls').offsetHeight") < 110, "the controls take three rows"
    background = page.run("getComputedStyle(document.body).backgroundColor")
    light = sum(map(int, re.findall(r"\d+", background))) > 3 * 128
    assert light == (scheme == "light")
    for name in ("trace", "support", "exploration", "curve"):
        colors = page.run(
            f"""(() => {{
                const canvas = document.getElementById({name!r});
                const {{ data }} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
                const seen = new Set(new Uint32Array(data.buffer));
                return canvas.clientWidth > 200 ? seen.size : 0;
            }})()"""
        )
        assert colors > 20, f"{name} is not drawn"
    assert not page.complaints()


@pytest.mark.parametrize(
    ("command", "parts"),
    [
        (
            ["solve", TABLE, "y", "-k", "5", "-a", "sea", "--iterations", "60"],
            {"trace", "support", "exploration", "curve"},
        ),
        (["solve", TABLE, "y", "-k", "5"], {"trace", "support", "curve"}),
        (
            ["deconvolve", "y.txt", "--kernel", "gaussian:2", "-k", "3", "-a", "omp+sea"],
            {"trace", "support", "exploration", "curve"},
        ),
        (
            ["deconvolve", "y.txt", "--kernel", "gaussian:2", "-k", "3", "--boundary", "valid"],
            {"trace", "support", "curve"},
        ),
        (
            ["deconvolve", "zero.txt", "--kernel", "gaussian:2", "-k", "3", "-a", "sea"],
            {"trace", "support", "exploration", "curve"},
        ),
    ],
)
def test_it_plays_a_run_of_the_user(page: Any, tmp_path: Path, command: list[str], parts: set[str]) -> None:
    """`--trace run.html`: the numbers shown are those of the run, and what it has nothing for is not there."""
    trace = np.convolve(np.bincount([20, 26, 51], minlength=80), np.exp(-0.5 * (np.arange(-6, 7) / 2) ** 2), "same")
    np.savetxt(tmp_path / "y.txt", trace + 0.01 * np.sin(np.arange(80.0) ** 2))
    np.savetxt(tmp_path / "zero.txt", np.zeros(80))
    done = subprocess.run([program(), *command, "--trace", "run.html"], cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    path = tmp_path / "run.html"
    steps = data_of(path)["steps"]
    last = steps[-1]["iteration"]
    page.open(f"{path.as_uri()}#t=0")
    assert {
        name
        for name in ("trace", "support", "exploration", "curve")
        if page.run(f"!!document.getElementById({name!r})")
    } == parts
    assert not page.run("!!document.getElementById('missed')")
    for iteration in sorted({0, last // 2, last}):
        slide(page, iteration)
        step = next(step for step in reversed(steps) if step["iteration"] <= iteration)
        assert number(page, "iteration") == iteration
        assert number(page, "objective") == pytest.approx(step["objective"], rel=6e-4)
        assert number(page, "best-objective") == pytest.approx(step["best_objective"], rel=6e-4)
    page.press("b", "KeyB")
    assert number(page, "objective") == number(page, "best-objective")
    for width in (320, 1400):
        page.resize(width, 850)
        assert page.run("document.documentElement.scrollWidth") <= width
    assert "undefined" not in page.run("document.body.innerText")
    assert "NaN" not in page.run("document.body.innerText")
    assert not page.complaints()
