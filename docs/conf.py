"""The documentation site: `cargo xtask docs` builds it."""

import re
from typing import Any

import sparsea

project = "sparsea"
author = copyright = "The sparsea developers"  # noqa: A001
version = release = sparsea.__version__

extensions = ["myst_parser", "numpydoc", "sphinx.ext.autodoc", "sphinx.ext.viewcode"]
exclude_patterns = ["requirements.txt"]
# Single backticks in docstrings name what is documented here.
default_role = "py:obj"

myst_heading_anchors = 3
suppress_warnings = ["myst.header"]

autodoc_member_order = "bysource"
autodoc_typehints = "none"
numpydoc_show_class_members = False
numpydoc_xref_param_type = False

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
