"""Colours, markers and dashes of each algorithm's curve, the same as in the command's plots."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

Dash: TypeAlias = tuple[float, ...]

TEXT = "#1a1a1a"
BASELINE = "#8c8c8c"
DATA = "#8a8a8a"

_SOLID: Dash = ()
_DASHES: tuple[Dash, ...] = ((7, 3), (2.5, 2.5), (8, 3, 2, 3), (11, 3))
_THICK, _THIN = 2.6, 1.3

_ALGORITHMS: dict[str, tuple[str, str, Dash]] = {
    "sea": ("#0072b2", "o", _SOLID),
    "htp": ("#d55e00", "^", _SOLID),
    "iht": ("#e69f00", "p", _SOLID),
    "omp": ("#009e73", "D", _SOLID),
    "ols": ("#117733", "v", _DASHES[0]),
    "niht": ("#a87400", "x", _DASHES[0]),
    "cosamp": ("#cc79a7", "+", _SOLID),
    "subspace_pursuit": ("#882255", "<", _DASHES[0]),
    "ompr": ("#7fbf3f", ">", _DASHES[0]),
    "els": ("#7b3fa0", "s", _SOLID),
    "lasso": ("#6e6e6e", "x", _SOLID),
    "bp": ("#222222", "x", _DASHES[0]),
    "foba": ("#85852b", "o", _DASHES[0]),
    "splicing": ("#44aa99", "+", _DASHES[0]),
    "search": ("#b5122b", "*", _SOLID),
    "segment": ("#2b2b2b", "s", _DASHES[0]),
    "amp": ("#2f4b7c", "p", _DASHES[0]),
}

_CHAINS: dict[str, tuple[str, str, Dash]] = {
    "omp+sea": ("#4ea9e0", "D", _DASHES[0]),
    "els+sea": ("#003f7d", "s", _DASHES[3]),
    "els+sea+els": ("#1f5fff", "o", _DASHES[2]),
    "omp+els": ("#b07fd0", "D", _DASHES[0]),
    "omp+htp": ("#f0915a", "D", _DASHES[0]),
    "els+htp": ("#9c3d00", "s", _DASHES[3]),
    "omp+iht": ("#f2c14e", "D", _DASHES[0]),
    "els+iht": ("#b87a00", "s", _DASHES[3]),
}

_OTHERS = ("#4477aa", "#aa3377", "#228833", "#bb5566", "#7f3c8d", "#997700")
_MARKERS = ("o", "s", "^", "v", "D", "x", "+")


@dataclass(frozen=True)
class CurveStyle:
    """One algorithm's curve; a chain's marker is hollow."""

    color: str
    marker: str
    dash: Dash
    width: float
    hollow: bool = False

    def line(self) -> dict[str, Any]:
        """Keywords of Matplotlib's ``plot``."""
        return {
            "color": self.color,
            "marker": self.marker,
            "linestyle": (0, self.dash) if self.dash else "-",
            "linewidth": 0.75 * self.width,
            "markersize": 5.0,
            "markerfacecolor": "white" if self.hollow else self.color,
        }


def curve_style(name: str) -> CurveStyle:
    """The style of an algorithm or chain: the hue is that of the last link, marker and dash are those before it.

    Any other name, such as the label of a study, always gets the same style.
    """
    links = [link for link in map(_normalised, name.split("+")) if link]
    if len(links) < 2:
        return _link_style(links[0] if links else "")
    last, first = _link_style(links[-1]), links[0]
    width = _THICK if "sea" in links else last.width
    known = _CHAINS.get("+".join(links))
    if known is not None:
        return CurveStyle(*known, width, hollow=True)
    index = list(_ALGORITHMS).index(first) if first in _ALGORITHMS else _hash(first)
    dash = _DASHES[(index + len(links) - 2) % len(_DASHES)]
    return CurveStyle(last.color, _link_style(first).marker, dash, width, hollow=True)


def _normalised(link: str) -> str:
    name = link.strip().lower().replace("-", "_").replace(" ", "_")
    return "subspace_pursuit" if name == "sp" else name


def _link_style(link: str) -> CurveStyle:
    if link in _ALGORITHMS:
        return CurveStyle(*_ALGORITHMS[link], _THICK if link in {"sea", "search"} else _THIN)
    h = _hash(link)
    color, marker = _OTHERS[h % len(_OTHERS)], _MARKERS[(h // 7) % len(_MARKERS)]
    return CurveStyle(color, marker, _DASHES[(h // 49) % len(_DASHES)], _THIN)


def _hash(text: str) -> int:
    """FNV-1a, mixed: stable across releases, unlike Python's."""
    h = 0x811C9DC5
    for byte in text.encode():
        h = ((h ^ byte) * 0x01000193) & 0xFFFFFFFF
    h = ((h ^ (h >> 16)) * 0x85EBCA6B) & 0xFFFFFFFF
    return h ^ (h >> 13)
