"""The rules for a login name, a password and the other fields of a user.

Passwords follow NIST SP 800-63B section 3.1.1.2: a length, no rules of composition, and none that attackers
try first.
"""

import re
import unicodedata
from collections.abc import Iterable

from sso_center.base.errors import Invalid
from sso_center.base.names import MAX_USERNAME, normal_name
from sso_center.core.users.common_passwords import COMMON_PASSWORDS

MIN_PASSWORD, MAX_PASSWORD = 8, 256
MAX_ROLES = 100

# No bar: roles are stored in Redis with bars between them.
_ROLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}")


def check_username(username: str) -> str:
    """Return the normal form of a login name; raises Invalid."""
    name = normal_name(username)
    if not name:
        raise Invalid("The user name is missing.", field="username")
    if len(name) > MAX_USERNAME or not name.isprintable():
        raise Invalid(f"A user name has 1 to {MAX_USERNAME} printable characters.", field="username")
    return name


def normal_password(password: str) -> str:
    """Return the form of a password that is hashed: NFC, so that every keyboard types the same one."""
    return unicodedata.normalize("NFC", password)


def check_password_rules(password: str, username: str) -> str:
    """Return the password in the form that is hashed; raises Invalid with a message for the person."""
    normal = normal_password(password)
    if len(normal) < MIN_PASSWORD:
        raise Invalid(f"A password needs at least {MIN_PASSWORD} characters.", field="password")
    if len(normal) > MAX_PASSWORD:
        raise Invalid(f"A password can have at most {MAX_PASSWORD} characters.", field="password")
    if not _is_encodable(normal):
        raise Invalid("The password has characters that can't be stored.", field="password")
    if normal_name(normal) == username:
        raise Invalid("The password must not be the user name.", field="password")
    if _is_common(normal.casefold()):
        raise Invalid("This password is one of the first that anyone would try.", field="password")
    return normal


def check_roles(roles: Iterable[str]) -> tuple[str, ...]:
    """Return the roles sorted and each once; raises Invalid."""
    found = sorted(set(roles))
    for role in found:
        if not _ROLE.fullmatch(role):
            raise Invalid(
                f"{role!r} is not a role: 1 to 100 letters, digits and . _ : / - are.", field="roles"
            )
    if len(found) > MAX_ROLES:
        raise Invalid(f"A user can have at most {MAX_ROLES} roles.", field="roles")
    return tuple(found)


def _is_common(folded: str) -> bool:
    return folded in COMMON_PASSWORDS or len(set(folded)) == 1


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
