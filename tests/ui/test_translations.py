"""Every sentence of the pages has its Chinese, and what is installed is what was translated."""

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

import sso_center
from sso_center.core.users import rules
from sso_center.ui import core_messages

PACKAGE = Path(sso_center.__file__).parent
FOLDER = PACKAGE / "ui" / "locales" / "zh" / "LC_MESSAGES"
METHODS = [("**.py", "python"), ("**.html", "jinja2")]
KEYWORDS = {"gettext": None, "lazy_gettext": None, "_": None, "N_": None}


@pytest.fixture(scope="module")
def chinese() -> Catalog:
    with (FOLDER / "messages.po").open("rb") as opened:
        return read_po(opened, locale="zh")


@pytest.fixture(scope="module")
def spoken() -> set[str]:
    """Every sentence that the sources mark."""
    return {str(found[2]) for found in extract_from_dir(str(PACKAGE), METHODS, keywords=KEYWORDS) if found[2]}


def test_every_sentence_is_translated(chinese: Catalog, spoken: set[str]) -> None:
    assert {text for text in spoken if not (chinese.get(text) and chinese.get(text).string)} == set()


def test_nothing_is_translated_that_nobody_says(chinese: Catalog, spoken: set[str]) -> None:
    assert {str(message.id) for message in chinese if message.id} - spoken == set()


def test_a_translation_names_the_same_values(chinese: Catalog) -> None:
    def names(text: str) -> list[str]:
        return sorted(re.findall(r"%\(\w+\)s", text))

    assert [m.id for m in chinese if m.id and names(m.id) != names(str(m.string))] == []


def test_the_compiled_translations_are_up_to_date(chinese: Catalog) -> None:
    with (FOLDER / "messages.mo").open("rb") as opened:
        compiled = read_mo(opened)
    assert {m.id: m.string for m in compiled if m.id} == {m.id: m.string for m in chinese if m.id}


def test_what_core_says_of_passwords_is_known_to_the_translations() -> None:
    said = {str(text) for text in core_messages.FROM_CORE}
    for password in ("short", "x" * 300, "someone-here", "password", "\ud800" * 9):
        with pytest.raises(rules.Invalid) as refused:
            rules.check_password_rules(password, "someone-here")
        assert refused.value.message in said
