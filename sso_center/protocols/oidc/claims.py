"""What a site learns of a person, by scope; alike in ID tokens, at /userinfo and in discovery."""

import json
from collections.abc import Collection
from functools import lru_cache
from typing import Any

from sso_center.base.profile import Field, ProfileTable
from sso_center.core.clients.client import OFFLINE_ACCESS
from sso_center.core.users import User


def scopes_of(table: ProfileTable) -> tuple[str, ...]:
    """Return the scopes that speak of a person; a client on its own behalf has no use for them."""
    return ("openid", *table.scopes, OFFLINE_ACCESS)


def names_of(table: ProfileTable) -> tuple[str, ...]:
    """Return the names of the claims that a site can learn of a person."""
    return ("sub", "roles", *(field.told_as for field in table.fields))


@lru_cache(maxsize=4096)
def claims_of(table: ProfileTable, user: User, scope: tuple[str, ...]) -> dict[str, Any]:
    """Return the claims on `user` that `scope` gives (OpenID Connect Core sections 5.1 and 5.4); not to be
    changed.

    Empty ones are left out. Roles are always there: every site needs them to know what a person may do.
    """
    return {"sub": user.sub, "roles": user.roles, **_told(table.in_scope(scope), user)}


MAX_IN_ID_TOKEN = 1000
"""Bytes of JSON that a profile may take of an ID token: sites keep those in cookies, and send them as hints
in addresses."""

ALWAYS_IN_ID_TOKEN = ("name", "preferred_username", "email", "email_verified")
"""The fields that do not give way to others."""

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@lru_cache(maxsize=4096)
def short_claims_of(table: ProfileTable, user: User, scope: tuple[str, ...]) -> dict[str, Any]:
    """Return those that an ID token has. What is long is told at /userinfo alone: by its kind, or since there
    is no room for it, the longest first. A flag goes with what it is about.
    """
    short = [field for field in table.in_scope(scope) if field.kind.is_short]
    while _size(told := _told(short, user)) > MAX_IN_ID_TOKEN:
        yielding = [one for one in short if one.told_as in told and one.name not in ALWAYS_IN_ID_TOKEN]
        if not yielding:
            break
        longest = max(yielding, key=lambda one: _size(told[one.told_as]))
        short = [one for one in short if longest.name not in (one.name, one.verifies)]
    return {"sub": user.sub, "roles": user.roles, **told}


def _size(value: Any) -> int:
    return len(_encode(value).encode())


def _told(fields: Collection[Field], user: User) -> dict[str, Any]:
    values = {field.told_as: _value(field, user) for field in fields}
    return {name: value for name, value in values.items() if value is not None}


def _value(field: Field, user: User) -> Any:
    """Return what a site is told in a field; None for nothing."""
    value = field.value_of(user)
    if field.verifies:
        # Told along with what it is about: a site must not take an address for verified because nobody said.
        return value if user.profile.get(field.verifies) else None
    return value or None
