"""Users: the accounts people log in with, their passwords and their roles.

Owns the SQL rows (the truth) and the copy of each user in their Redis shard (what the hot path reads).
Every change is one transaction that bumps the version, appends to the journal, and is then written
through. Knows nothing of sessions and tokens: a change that must end them bumps an epoch of theirs, and
whoever reads one compares it.
"""

from sso_center.core.users.hasher import PasswordHasher
from sso_center.core.users.revocation_rules import RevocationRules
from sso_center.core.users.user import Consent, User
from sso_center.core.users.users import Users

__all__ = ["Consent", "PasswordHasher", "RevocationRules", "User", "Users"]
