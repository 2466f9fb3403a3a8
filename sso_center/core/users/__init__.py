"""Users: the accounts people log in with, their passwords and their roles.

Owns the SQL rows (the truth) and the copy of each user in their Redis shard (for the hot path). Every change
is one transaction that bumps the version and appends to the journal; then the copy is written through. Knows
nothing of sessions and tokens: a change that must end them raises an epoch of theirs, which every check
compares.
"""

from sso_center.core.users.hasher import PasswordHasher
from sso_center.core.users.revocation_rules import RevocationRules
from sso_center.core.users.user import Consent, User
from sso_center.core.users.users import Users

__all__ = ["Consent", "PasswordHasher", "RevocationRules", "User", "Users"]
