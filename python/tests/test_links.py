"""Links of the pages in the repository lead to files and headings that are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SITE_ONLY = {"https", "http", "mailto"}
PAGES = sorted(
    path
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "crates").glob("*/README.md")]
    if "gallery" not in path.parts
)


def prose(page: Path) -> str:
    """A page without its code."""
    text = re.sub(r"^(```+|~~~+).*?^\1 *$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"`[^`\n]*`", lambda code: "" if "](" in code.group() else code.group(), text)


def anchors(page: Path) -> set[str]:
    """The headings of a page as links name them, on GitHub and on the site."""
    slugs: list[str] = []
    for heading in re.findall(r"^#+ +(.*?) *#*$", prose(page), re.MULTILINE):
        text = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").lower()
        slug = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
        slugs.append(slug if slug not in slugs else f"{slug}-{slugs.count(slug)}")
    return set(slugs)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    broken = []
    for target in re.findall(r"\]\(<?([^)\s>]+)>?(?: \"[^\"]*\")?\)", prose(page)):
        if target.split(":")[0] in SITE_ONLY:
            continue
        place, _, anchor = target.partition("#")
        file = page if not place else (page.parent / place).resolve()
        if not file.exists() or (anchor and file.suffix == ".md" and anchor not in anchors(file)):
            broken.append(target)
    assert not broken


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_references_to_pages_lead_somewhere(page: Path) -> None:
    text = prose(page)
    named = set(re.findall(r"^\[([^\]^]+)\]: ", text, re.MULTILINE))
    used = set(re.findall(r"\]\[([^\]]+)\]", text))
    assert used <= named


def test_a_broken_link_would_be_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# One heading, `two`\n\n```\n[code](no.md)\n```\n[here](#one-heading-two)\n", encoding="utf-8")
    assert anchors(page) == {"one-heading-two"}
    assert "no.md" not in prose(page)
    assert "#one-heading-two" in prose(page)
    assert len(PAGES) > 30
