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
        Its word.
    default : str
        Its default, as written in JSON.
    range : str
        What is allowed, as in "must be …".
    meaning : str
        What it does.
    """

    name: str
    default: str
    range: str
    meaning: str


@dataclass(frozen=True, slots=True)
class AlgorithmInfo:
    """What is to be known of an algorithm.

    Attributes
    ----------
    name : str
        The word for it, wherever an algorithm is named.
    title : str
        Its full name.
    summary : str
        Its idea in one line.
    when : str
        When to use it.
    reference : str
        Authors, year and DOI (or arXiv number) of the source.
    cost : str
        Multiply-adds of one iteration.
    memory : str
        Numbers held besides the problem.
    complex : bool
        Whether it works on complex data.
    operator : str or None
        The only operator that it works with, such as "Steps"; None if it works with all.
    settings : tuple of Setting
        What it takes in ``settings``.
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
