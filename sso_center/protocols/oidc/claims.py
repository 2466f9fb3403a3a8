"""What a site learns of a person, by scope; alike in ID tokens, at /userinfo and in discovery."""

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


@lru_cache(maxsize=4096)
def short_claims_of(table: ProfileTable, user: User, scope: tuple[str, ...]) -> dict[str, Any]:
    """Return those that an ID token has: sites keep it in cookies, so what is long is told at /userinfo
    alone."""
    short = [field for field in table.in_scope(scope) if field.kind.is_short]
    return {"sub": user.sub, "roles": user.roles, **_told(short, user)}


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
