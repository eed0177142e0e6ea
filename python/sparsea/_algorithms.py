"""The registry of algorithms."""

from __future__ import annotations

from dataclasses import dataclass

from . import _core


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of an algorithm.

    Attributes
    ----------
    name : str
        The name of the setting.
    default : str
        Its default, as written in JSON.
    range : str
        The allowed values, worded to follow "must be".
    meaning : str
        What it does.
    """

    name: str
    default: str
    range: str
    meaning: str


@dataclass(frozen=True, slots=True)
class AlgorithmInfo:
    """Description of an algorithm.

    Attributes
    ----------
    name : str
        The name by which options refer to it.
    title : str
        Its full name.
    summary : str
        Its idea in one line.
    when : str
        When to use it.
    reference : str
        Authors, year and DOI (or arXiv number) of the source.
    cost : str
        Multiply-adds in one iteration.
    memory : str
        Numbers held in addition to the problem.
    complex : bool
        Whether it accepts complex data.
    operator : str or None
        The only operator that it accepts, such as "Steps"; None if it accepts all.
    settings : tuple of Setting
        The settings that it accepts in ``settings``.
    """

    name: str
    title: str
    summary: str
    when: str
    reference: str
    cost: str
    memory: str
    complex: bool
    operator: str | None
    settings: tuple[Setting, ...]


def algorithms() -> list[AlgorithmInfo]:
    """List the algorithms and their settings.

    Returns
    -------
    list of AlgorithmInfo
        In the order of the documentation.

    Examples
    --------
    >>> import sparsea
    >>> [algorithm.name for algorithm in sparsea.algorithms()][:4]
    ['sea', 'search', 'els', 'omp']
    >>> sparsea.algorithms()[0].settings[0].name
    'step_size'
    """
    return [
        AlgorithmInfo(**{**entry, "settings": tuple(Setting(*setting) for setting in entry["settings"])})
        for entry in _core.algorithms()
    ]
