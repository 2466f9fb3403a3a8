"""Users: the accounts people log in with, their passwords and their roles.

Owns the SQL rows (the truth) and the copy of each user in their Redis shard (for the hot path). Every change
is one transaction that bumps the version and appends to the journal; then the copy is written through. Knows
nothing of sessions and tokens: a change that must end them raises an epoch of theirs, which every check
compares.
"""

from sso_center.core.users.hasher import PasswordHasher
from sso_center.core.users.redis_copy import PUT_USER_PARTS, as_marks, copy_arguments
from sso_center.core.users.revocation_rules import RevocationRules
from sso_center.core.users.rules import check_roles
from sso_center.core.users.user import Consent, User, removed_user
from sso_center.core.users.users import Users

__all__ = [
    "PUT_USER_PARTS",
    "Consent",
    "PasswordHasher",
    "RevocationRules",
    "User",
    "Users",
    "as_marks",
    "check_roles",
    "copy_arguments",
    "removed_user",
]
