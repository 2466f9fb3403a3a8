"""The documentation leads somewhere: every page is found from the index, and no link is dead."""

import re

import pytest

from tests.packaging.conftest import ROOT

PAGES = sorted(page.relative_to(ROOT).as_posix() for page in (ROOT / "docs").glob("**/*.md"))
LINK = re.compile(r"\]\(([^)#:]+\.md)(?:#[\w-]+)?\)")


@pytest.mark.parametrize("page", ["README.md", *PAGES])
def test_no_link_is_dead(page: str) -> None:
    for target in LINK.findall((ROOT / page).read_text()):
        assert (ROOT / page).parent.joinpath(target).is_file(), target


def test_every_page_is_in_the_index() -> None:
    listed = {f"docs/{target}" for target in LINK.findall((ROOT / "docs" / "index.md").read_text())}
    assert set(PAGES) - {"docs/index.md"} <= listed
