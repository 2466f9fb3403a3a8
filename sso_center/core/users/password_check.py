"""The check of a password against an account."""

import contextlib
from collections.abc import Callable

from sso_center.base.errors import Unavailable
from sso_center.core.users.hasher import PasswordHasher
from sso_center.core.users.rules import MAX_PASSWORD, normal_password
from sso_center.core.users.store import Account, replace_hash
from sso_center.storage.sql import Database

Verifier = Callable[[Account | None, str], bool]
"""Says whether a password is the account's; None stands for an account that does not exist."""


class PasswordCheck:
    """Asks every verifier; today the only one is the hash in our own row."""

    def __init__(self, database: Database, hasher: PasswordHasher) -> None:
        self._database = database
        self._hasher = hasher
        # The verifiers of a password; a directory would be another one.
        self._verifiers: tuple[Verifier, ...] = (self._verify_by_hash,)

    def is_right(self, account: Account | None, password: str) -> bool:
        """Say whether any verifier accepts the password. Replaces an outdated hash."""
        # Every verifier is asked, so that the time does not reveal which of them knows the person.
        verdicts = [verify(account, password) for verify in self._verifiers]
        return any(verdicts)

    def _verify_by_hash(self, account: Account | None, password: str) -> bool:
        stored = account.password_hash if account else None
        # A password that nobody can have is checked all the same, truncated, against nobody's hash.
        stored = stored if len(password) <= 4 * MAX_PASSWORD else None
        normal = normal_password(password[: 4 * MAX_PASSWORD])
        is_right = self._hasher.is_right(stored, normal)
        if is_right and account and stored and self._hasher.is_outdated(stored):
            self._rehash(account.user.sub, stored, normal)
        return is_right

    def _rehash(self, sub: str, old: str, password: str) -> None:
        new = self._hasher.hash(password)
        # Nothing is lost when this fails: the next login repeats it.
        with contextlib.suppress(Unavailable), self._database.write() as connection:
            replace_hash(connection, sub, old, new)
