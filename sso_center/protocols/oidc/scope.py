"""Scopes as they stand in requests (RFC 6749 section 3.3)."""

import re
from collections.abc import Collection

from sso_center.base.profile import ProfileTable
from sso_center.protocols.oidc.claims import scopes_of

_WELL_FORMED = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*")


def is_well_formed(scope: str) -> bool:
    """Say whether `scope` is a list as the standard has it: one space between two."""
    return _WELL_FORMED.fullmatch(scope) is not None


def listed(scope: str) -> tuple[str, ...]:
    """Return each scope once, in their order."""
    return tuple(dict.fromkeys(scope.split(" ")))


def without_people(scope: Collection[str], table: ProfileTable) -> tuple[str, ...]:
    """Return what of `scope` makes sense where no person takes part."""
    personal = scopes_of(table)
    return tuple(one for one in scope if one not in personal)
