"""The package as such: its documentation, its types, what importing it loads."""

from __future__ import annotations

import doctest
import inspect
import operator
import re
import subprocess
import sys
import typing
from importlib import metadata
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

import sparsea
from sparsea._options import Options, RunOptions, SubsampleOptions, SupportOptions

ROOT = Path(__file__).parents[2]
PUBLIC = {
    **{f"sparsea.{name}": getattr(sparsea, name) for name in sparsea.__all__ if name != "__version__"},
    **{f"sparsea.theory.{name}": getattr(sparsea.theory, name) for name in sparsea.theory.__all__},
}
FUNCTIONS = {name: value for name, value in PUBLIC.items() if inspect.isroutine(value)}
OPERATORS = [
    "sparsea.Convolution",
    "sparsea.Steps",
    "sparsea.Ramps",
    "sparsea.PartialDCT",
    "sparsea.PartialDFT",
    "sparsea.PartialHadamard",
]


@pytest.mark.parametrize("name", PUBLIC)
def test_examples_are_true(name: str) -> None:
    finder, runner = doctest.DocTestFinder(recurse=False), doctest.DocTestRunner()
    for test in finder.find(PUBLIC[name], name, module=False, globs={}):
        runner.run(test)
    assert runner.failures == 0


@pytest.mark.parametrize("name", [*FUNCTIONS, *OPERATORS])
def test_documentation_is_complete(name: str) -> None:
    value: Any = PUBLIC[name]
    text = inspect.getdoc(value) or ""
    sections = [text.index(f"\n{section}\n{'-' * len(section)}\n") for section in _sections(name)]
    assert sections == sorted(sections)
    for parameter in inspect.signature(value).parameters:
        assert parameter in text.split("\nReturns\n")[0], parameter


def _sections(name: str) -> list[str]:
    sections = ["Parameters", "Returns", "Raises", "Examples"]
    if name == "sparsea.algorithms":
        return ["Returns", "Examples"]
    return [section for section in sections if name not in OPERATORS or section != "Returns"]


def test_attributes_are_documented() -> None:
    for name, value in PUBLIC.items():
        if inspect.isclass(value):
            text = inspect.getdoc(value) or ""
            for attribute, member in inspect.getmembers(value):
                if not attribute.startswith("_") and not hasattr(Exception, attribute):
                    assert attribute in text or inspect.getdoc(member), f"{name}.{attribute}"


def test_stubs_are_those_of_the_module(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mypy.stubtest", "sparsea", "--mypy-config-file", str(ROOT / "pyproject.toml")]
    # Estimators have no stubs, and inherit what scikit-learn makes when they are imported.
    allowed = tmp_path / "allowed.txt"
    # Where checkers see **options, the signature shows them one by one.
    names = "solve|improve|deconvolve|path|stability|near_optimal|knockoff_filter|cross_validate|__init__"
    options = rf"sparsea\.(dask\.)?(_\w+\.)?(Problem\.|Statistics\.)?({names})"
    allowed.write_text("\n".join([r"sparsea\.sklearn\..*", options, ""]), encoding="utf-8")
    command += ["--allowlist", str(allowed), "--ignore-unused-allowlist"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "name",
    [
        "solve",
        "improve",
        "deconvolve",
        "stability",
        "near_optimal",
        "Problem.solve",
        "Problem.path",
        "Problem.improve",
        "Problem.stability",
        "Problem.near_optimal",
    ],
)
def test_signatures_show_the_options_and_their_defaults(name: str) -> None:
    function = operator.attrgetter(name)(sparsea)
    run, whole = (
        (SupportOptions, SubsampleOptions) if name.endswith(("stability", "near_optimal")) else (RunOptions, Options)
    )
    options = run if name.startswith("Problem") else whole
    parameters = inspect.signature(function).parameters
    assert options.__annotations__.keys() <= parameters.keys()
    assert typing.get_type_hints(function).keys() - {"return"} == parameters.keys() - {"self"}
    assert "{options}" not in (inspect.getdoc(function) or "")
    problem = sparsea.Problem([[1.0, 0.0, 2.0], [0.0, 1.0, 3.0]], [1.0, 2.0])
    given: Any = {word: parameters[word].default for word in options.__annotations__}
    if name == "Problem.solve":
        assert problem.solve(1, **given) == problem.solve(1)
    if name == "stability":
        A, y = [[1.0, 2.0], [3.0, 4.0]], [1.0, 0.5]
        assert sparsea.stability(A, y, 1, **given) == sparsea.stability(A, y, 1)
    if name == "solve":
        assert sparsea.solve([[1.0, 2.0]], [1.0], 1, **given) == sparsea.solve([[1.0, 2.0]], [1.0], 1)


@pytest.mark.parametrize(
    ("file", "pattern"),
    [
        ("Cargo.toml", r'^version = "(.*)"$'),
        ("CITATION.cff", r"^version: (.*)$"),
        ("conda/recipe.yaml", r'^  version: "(.*)"$'),
        ("CHANGELOG.md", r"^## (\d\S*) \("),
    ],
)
def test_every_file_states_this_version(file: str, pattern: str) -> None:
    stated = re.search(pattern, (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE)
    assert stated is not None
    assert stated[1] == sparsea.__version__


def test_the_package_is_typed_and_has_a_version() -> None:
    assert files("sparsea").joinpath("py.typed").is_file()
    assert metadata.version("sparsea") == sparsea.__version__
    assert set(metadata.metadata("sparsea").get_all("Provides-Extra") or ()) == {
        "all",
        "dask",
        "mpi",
        "plot",
        "sklearn",
    }


def test_importing_loads_numpy_and_nothing_else() -> None:
    code = "import sys, sparsea; print(*{name.split('.')[0] for name in sys.modules} - sys.stdlib_module_names)"
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True, timeout=60)
    loaded = {name for name in done.stdout.split() if not name.startswith("_")}
    assert loaded <= {"numpy", "sparsea"}
