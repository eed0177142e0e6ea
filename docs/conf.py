"""The documentation site: `cargo xtask docs` builds it."""

import builtins
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import sparsea

project = "sparsea"
author = copyright = "The sparsea developers"  # noqa: A001
version = release = sparsea.__version__

extensions = ["myst_parser", "numpydoc", "sphinx.ext.autodoc", "sphinx.ext.viewcode", "sphinx_gallery.gen_gallery"]
exclude_patterns = ["requirements.txt", "gallery/*.py", "gallery/*.ipynb", "gallery/*.json", "sg_execution_times.rst"]

# Single backticks in docstrings name what is documented here.
default_role = "py:obj"

myst_heading_anchors = 3
suppress_warnings = ["myst.header"]

autodoc_member_order = "bysource"
autodoc_typehints = "none"
numpydoc_show_class_members = False
numpydoc_xref_param_type = False

# The gallery runs copies of the examples, which leave their pictures where they are, beside the data that they read.
_ROOT = Path(__file__).parents[1]
_STAGE = _ROOT / "target" / "site-examples"
shutil.rmtree(_STAGE, ignore_errors=True)
shutil.copytree(_ROOT / "examples", _STAGE / "examples", ignore=shutil.ignore_patterns("mpi"))
shutil.copytree(_ROOT / "data", _STAGE / "data")
(_STAGE / "examples" / "GALLERY_HEADER.rst").write_text(
    "Gallery\n=======\n\nEach script runs as it is, from the folder ``examples`` of the repository.\n", encoding="utf-8"
)
# Scripts find the data by their place, which the gallery does not tell them.
builtins.__file__ = str(_STAGE / "examples" / "script.py")
sphinx_gallery_conf = {
    "examples_dirs": str(_STAGE / "examples"),
    "gallery_dirs": "gallery",
    # Every script runs, in this order, and one that fails ends the build.
    "filename_pattern": r"\.py$",
    "within_subsection_order": "FileNameSortKey",
    "abort_on_example_error": True,
    "download_all_examples": False,
    "show_memory": False,
    "write_computation_times": False,
    "min_reported_time": 1e9,
    "plot_gallery": True,
    "remove_config_comments": True,
}


def _command_page(command: str) -> str:
    """The help of the command and of each of its subcommands."""

    def shown(*words: str) -> str:
        # As wide as the page.
        variables = {**os.environ, "COLUMNS": "92"}
        return subprocess.run(
            [command, *words, "--help"], env=variables, capture_output=True, text=True, check=True
        ).stdout

    whole = shown()
    names = re.findall(r"^  (\w+) ", whole[: whole.index("Options:")], re.MULTILINE)
    parts = [f"# Command\n\n```text\n{whole}```\n"]
    parts += [f"## sparsea {name}\n\n```text\n{shown(name)}```\n" for name in names if name != "help"]
    return "\n".join(parts)


_PAGE = Path(__file__).parent / "generated" / "command.md"
_PAGE.parent.mkdir(exist_ok=True)
_PAGE.write_text(
    _command_page(os.environ["SPARSEA_BIN"])
    if "SPARSEA_BIN" in os.environ
    else "# Command\n\n`sparsea --help` lists the subcommands, and `sparsea SUBCOMMAND --help` the options of each.\n",
    encoding="utf-8",
)

html_theme = "furo"
html_title = f"sparsea {release}"
html_copy_source = html_show_sourcelink = html_show_sphinx = False
html_theme_options = {"navigation_with_keys": True}

# Folders of the repository are no pages of the site.
_FOLDER = re.compile(r"\[([^\]]+)\]\((?:\.\./)*[\w/-]+\)")


def _name_folders(_app: Any, _page: str, source: list[str]) -> None:
    """Names folders instead of linking them, as the pages do for those who read them in the repository."""
    source[0] = _FOLDER.sub(r"\1", source[0])


def _escape_bars(_app: Any, _kind: str, _name: str, _thing: Any, _options: Any, lines: list[str]) -> None:
    """Shows bars, as of a modulus: to reStructuredText |x| is a substitution."""
    lines[:] = [line if ">>>" in line or "``" in line else line.replace("|", r"\|") for line in lines]


def setup(app: Any) -> None:
    """Called by Sphinx."""
    # Before numpydoc reads them.
    app.connect("autodoc-process-docstring", _escape_bars, priority=100)
    app.connect("source-read", _name_folders)
