"""The documentation leads somewhere: every page is found from the index, and no link is dead."""

import re

import pytest

from tests.packaging.conftest import ROOT

PAGES = sorted(page.relative_to(ROOT).as_posix() for page in (ROOT / "docs").glob("**/*.md"))
LINK = re.compile(r"\]\(([^)#:]+\.md)(?:#[\w-]+)?\)")


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "SECURITY.md", *PAGES])
def test_no_link_is_dead(page: str) -> None:
    for target in LINK.findall((ROOT / page).read_text()):
        assert (ROOT / page).parent.joinpath(target).is_file(), target


def test_every_page_is_in_the_index() -> None:
    listed = {f"docs/{target}" for target in LINK.findall((ROOT / "docs" / "index.md").read_text())}
    assert set(PAGES) - {"docs/index.md"} <= listed


def test_the_architecture_names_files_that_are_there() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()
    named = {name for name in re.findall(r"`([\w/]+/[\w/.]*)`", page) if not name.startswith("/")}
    assert len(named) > 40
    missing = [
        name for name in named if not ((ROOT / name).exists() or (ROOT / "sso_center" / name).exists())
    ]
    assert missing == []


def test_the_pictures_of_the_architecture_are_there() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", page)
    assert pictures
    for picture in pictures:
        assert (ROOT / "docs" / picture).read_text().startswith("<svg")
