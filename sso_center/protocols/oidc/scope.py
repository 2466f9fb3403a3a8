"""Scopes as they stand in requests (RFC 6749 section 3.3)."""

import re
from collections.abc import Collection

from sso_center.core.clients.client import OFFLINE_ACCESS
from sso_center.protocols.oidc.claims import SCOPES

PERSONAL = frozenset((*SCOPES, OFFLINE_ACCESS))
"""Scopes that speak of a person; a client on its own behalf has no use for them."""

_WELL_FORMED = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*")


def is_well_formed(scope: str) -> bool:
    """Say whether `scope` is a list as the standard has it: one space between two."""
    return _WELL_FORMED.fullmatch(scope) is not None


def listed(scope: str) -> tuple[str, ...]:
    """Return each scope once, in their order."""
    return tuple(dict.fromkeys(scope.split(" ")))


def without_people(scope: Collection[str]) -> tuple[str, ...]:
    """Return what of `scope` makes sense where no person takes part."""
    return tuple(one for one in scope if one not in PERSONAL)
