"""The fields of a profile and their scopes in the language of the page: on forms, the consent page and the
account."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sso_center.base.profile import Field, ProfileTable
from sso_center.base.profile.kinds import NUMBER, shown
from sso_center.core.users import User
from sso_center.web.language import gettext


@dataclass(frozen=True)
class FeedEvent:
    """What a site is told with a scope: what that is called, and what it is of one person."""

    title: str
    text: str


def label_of(field: Field) -> str:
    """Return what a field is called; an operator's is called as they named it."""
    return gettext(field.label)


def value_in_words(field: Field, profile: Mapping[str, Any]) -> str:
    """Return a stored value."""
    value = field.value_in(profile)
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    return shown(value) or gettext("none")


def scope_in_words(table: ProfileTable, scope: str) -> str:
    """Return what a scope stands for, such as "your phone number"; nothing for one that tells nothing of a
    person."""
    return gettext(", ").join(gettext(words) for words in table.label_of_scope(scope))


def told_in(table: ProfileTable, user: User, scope: Iterable[str]) -> dict[str, FeedEvent]:
    """Return what a site is told of a person with each of these scopes."""
    return {one: _told(table, user, one) for one in scope if one in table.scopes}


def _told(table: ProfileTable, user: User, scope: str) -> FeedEvent:
    title = scope_in_words(table, scope)
    fields = [field for field in table.scopes[scope] if field.kind is not NUMBER and not field.verifies]
    values = {label_of(field): shown(field.value_of(user)) for field in fields}
    texts = [text if len(fields) == 1 else f"{label}: {text}" for label, text in values.items() if text]
    return FeedEvent(title[:1].upper() + title[1:], gettext(", ").join(texts))
