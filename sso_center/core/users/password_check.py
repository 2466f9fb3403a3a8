"""Whether a password is that of an account."""

import contextlib
from collections.abc import Callable

from sso_center.base.errors import Unavailable
from sso_center.core.users.hasher import PasswordHasher
from sso_center.core.users.rules import MAX_PASSWORD, normal_password
from sso_center.core.users.store import Account, replace_hash
from sso_center.storage.sql import Database

Verifier = Callable[[Account | None, str], bool]
"""Says whether a password is that of an account; None is an account that does not exist."""


class PasswordCheck:
    """Asks every verifier; today that is the hash in our own row."""

    def __init__(self, database: Database, hasher: PasswordHasher) -> None:
        self._database = database
        self._hasher = hasher
        # Who may say that a password is right; a directory would be another one.
        self._verifiers: tuple[Verifier, ...] = (self._verify_by_hash,)

    def is_right(self, account: Account | None, password: str) -> bool:
        """Say whether any verifier takes the password. Hashes it anew when its hash is outdated."""
        # Every verifier is asked, so that the time tells nothing of who knows the person.
        verdicts = [verify(account, password) for verify in self._verifiers]
        return any(verdicts)

    def _verify_by_hash(self, account: Account | None, password: str) -> bool:
        stored = account.password_hash if account else None
        # A password no one can have is looked at all the same, cut, against nobody's hash.
        stored = stored if len(password) <= 4 * MAX_PASSWORD else None
        normal = normal_password(password[: 4 * MAX_PASSWORD])
        is_right = self._hasher.is_right(stored, normal)
        if is_right and account and stored and self._hasher.is_outdated(stored):
            self._rehash(account.user.sub, stored, normal)
        return is_right

    def _rehash(self, sub: str, old: str, password: str) -> None:
        new = self._hasher.hash(password)
        # Nothing is lost when this fails: the next login does it.
        with contextlib.suppress(Unavailable), self._database.write() as connection:
            replace_hash(connection, sub, old, new)
