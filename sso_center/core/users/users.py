"""The room's front: check passwords, change accounts; users are found by what it inherits."""

import contextlib
import secrets
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from sso_center.base.clock import Clock
from sso_center.base.errors import Conflict, Invalid, Unavailable
from sso_center.base.names import normal_name
from sso_center.base.profile import ADMIN, ProfileTable
from sso_center.core.audit.change import Also, Change, nothing_else
from sso_center.core.journal_rows import CHANNEL
from sso_center.core.users.consents import with_consent, without_consent
from sso_center.core.users.directory import UserDirectory
from sso_center.core.users.hasher import PasswordHasher, check_imported_hash
from sso_center.core.users.legacy_copies import LegacyCopies
from sso_center.core.users.password_check import PasswordCheck
from sso_center.core.users.redis_copy import write_copy
from sso_center.core.users.revocation_rules import RevocationRules, invalidate_issued
from sso_center.core.users.rules import (
    check_password_rules,
    check_roles,
    check_username,
)
from sso_center.core.users.store import (
    Account,
    add_account,
    append_change,
    note_password_change,
    read_by_sub,
    read_by_username,
    read_to_change,
    remove_account,
    write_account,
)
from sso_center.core.users.stored import is_legacy, user_from_json
from sso_center.core.users.user import User, lost_roles, removed_user
from sso_center.storage.redis import Redis
from sso_center.storage.sql import Database

STANDARD = ProfileTable()
NOTHING: Mapping[str, Any] = {}


class Users(UserDirectory):
    """The accounts, as they are found and as they change. `revocation_rules` say what a change revokes.

    Every method that touches a store raises Unavailable when it is away.
    """

    def __init__(
        self,
        database: Database,
        redis: Redis,
        hasher: PasswordHasher,
        clock: Clock,
        revocation_rules: RevocationRules | None = None,
        table: ProfileTable = STANDARD,
    ) -> None:
        super().__init__(database)
        self._redis = redis
        self._hasher = hasher
        self._clock = clock
        self._revocation_rules = revocation_rules or RevocationRules()
        self._table = table
        self._passwords = PasswordCheck(database, hasher)
        self._legacy_copies = LegacyCopies(self)

    # -- who someone is

    def authenticate(self, username: str, password: str) -> User | None:
        """Return the user with this login name and password, or None.

        None does not say whether the name, the password or the account was wrong, and takes the same time.
        """
        with self._database.read() as connection:
            account = read_by_username(connection, normal_name(username))
        if not self._passwords.is_right(account, password) or account is None or account.user.is_disabled:
            return None
        return account.user

    def check_password(self, sub: str, password: str) -> bool:
        """Say whether that is the user's password."""
        with self._database.read() as connection:
            account = read_by_sub(connection, sub)
        return self._passwords.is_right(account, password)

    # -- changing

    def add(
        self,
        username: str,
        *,
        profile: Mapping[str, Any] = NOTHING,
        roles: Iterable[str] = (),
        password: str | None = None,
        password_hash: str | None = None,
        must_change: bool = False,
        also: Also[User] = nothing_else,
    ) -> User:
        """Add a user; without a password it can't log in by password.

        Raises Conflict when the name is taken, Invalid naming the field.
        """
        login = check_username(username)
        if password is not None and password_hash is not None:
            raise Invalid("give password or password_hash, not both", field="password_hash")
        stored = None if password_hash is None else check_imported_hash(password_hash)
        if password is not None:
            stored = self._hasher.hash(check_password_rules(password, login))
        now = self._clock()
        user = User(
            sub="u" + secrets.token_urlsafe(12),
            username=login,
            roles=check_roles(roles),
            is_disabled=False,
            must_change_password=must_change,
            version=1,
            epoch=0,
            profile=self._changed({}, login, profile, ADMIN),
            changed_at=now,
        )
        with self._database.write() as connection:
            add_account(connection, Account(user, stored), now)
            also(connection, Change(now, None, user))
        # Nobody has seen this user yet: a copy that could not be written is refilled when first missed.
        with contextlib.suppress(Unavailable):
            write_copy(self._redis, user)
        return user

    def set_password(
        self,
        sub: str,
        password: str,
        *,
        must_change: bool = False,
        version: int | None = None,
        actor: str = "",
        also: Also[User] = nothing_else,
    ) -> User:
        """Change the password, revoke what the rule for it says, and return the user.

        `actor` is who asked, recorded with every ending that follows. `version` is the one in which the old
        password was proven: a later change wins. Raises Conflict for that, NotFound, and Invalid whose
        message tells the person what is wrong with the password.
        """
        hashed = self._hasher.hash(check_password_rules(password, self.get(sub).username))

        def change(account: Account) -> Account:
            if version not in (None, account.user.version):
                raise Conflict("The account was changed a moment ago. Please sign in again.")
            user = invalidate_issued(account.user, self._revocation_rules.password_change)
            return Account(replace(user, must_change_password=must_change), hashed)

        return self._change(sub, change, "password_change", actor, also)

    def set_disabled(
        self, sub: str, is_disabled: bool, actor: str = "", also: Also[User] = nothing_else
    ) -> User:
        """Disable an account, or enable it again, as `actor` asked. Raises NotFound.

        While it is disabled nothing of it counts; the rule says what does not come back with it.
        """

        def change(account: Account) -> Account:
            if account.user.is_disabled == is_disabled:
                return account
            user = invalidate_issued(account.user, self._revocation_rules.disabled if is_disabled else ())
            return replace(account, user=replace(user, is_disabled=is_disabled))

        return self._change(sub, change, "disabled" if is_disabled else "changed", actor, also)

    def update(
        self,
        sub: str,
        *,
        username: str | None = None,
        profile: Mapping[str, Any] = NOTHING,
        editor: str = ADMIN,
        roles: Iterable[str] | None = None,
        actor: str = "",
        also: Also[User] = nothing_else,
    ) -> User:
        """Change what is given, from the next request on. Raises NotFound, Conflict, Invalid.

        `profile` holds the fields to be changed, by name, each of which `editor` must be allowed to change.
        `roles` are all that the user has from then on. Losing one revokes what the rule for it says, recorded
        with `actor`; gaining one revokes nothing.
        """
        login = None if username is None else check_username(username)
        checked = None if roles is None else check_roles(roles)

        def change(account: Account) -> Account:
            user = account.user
            if checked is not None and lost_roles(user, checked):
                user = invalidate_issued(user, self._revocation_rules.role_lost)
            return replace(
                account,
                user=replace(
                    user,
                    username=user.username if login is None else login,
                    profile=self._changed(user.profile, user.username, profile, editor),
                    roles=user.roles if checked is None else checked,
                ),
            )

        return self._change(sub, change, "changed", actor, also)

    def _changed(
        self, profile: Mapping[str, Any], username: str, changes: Mapping[str, Any], editor: str
    ) -> Mapping[str, Any]:
        """Return a profile after changes; who gives no name is called by the login name."""
        if not changes and profile:
            return profile
        return {"name": username, **self._table.changed(profile, changes, editor)}

    def grant_consent(
        self, sub: str, client_id: str, scope: Iterable[str], also: Also[User] = nothing_else
    ) -> User:
        """Record the user's consent to these scopes for a client, added to earlier ones. Raises NotFound."""
        now = self._clock()

        def change(account: Account) -> Account:
            return replace(account, user=with_consent(account.user, client_id, scope, now))

        return self._change(sub, change, "changed", also=also)

    def withdraw_consent(self, sub: str, client_id: str, also: Also[User] = nothing_else) -> User:
        """Withdraw the user's consent for a client, whose tokens the caller revokes. Raises NotFound."""

        def change(account: Account) -> Account:
            return replace(account, user=without_consent(account.user, client_id))

        return self._change(sub, change, "changed", also=also)

    def remove(self, sub: str, actor: str, also: Also[User] = nothing_else) -> User:
        """Delete an account and its credentials, and return what it was. Raises NotFound.

        Nothing of it counts from here on; the journal's follower ends its sessions.
        """
        now = self._clock()
        with self._database.write() as connection:
            before = read_to_change(connection, sub).user
            remove_account(connection, sub)
            version = before.version + 1
            number = append_change(connection, sub, now, "removed", actor, {"version": version})
            also(connection, Change(now, before, None))
        # Written, not dropped: a process that read the account a moment ago may still write its copy back.
        write_copy(self._redis, removed_user(sub, version))
        self._announce(number)
        return before

    def _change(
        self,
        sub: str,
        change: Callable[[Account], Account],
        reason: str,
        actor: str = "",
        also: Also[User] = nothing_else,
    ) -> User:
        """Change one account, its version and the journal in one transaction, then write the copy through.

        When Redis is away, the journal's follower does that, and ends the voided sessions in any case. A
        change of nothing is not recorded; its copy is written, for the retry of one that Redis did not take.
        """
        now, number = self._clock(), 0
        with self._database.write() as connection:
            before = read_to_change(connection, sub)
            after = change(before)
            lost = lost_roles(before.user, after.user.roles)
            if after != before:
                after = replace(
                    after, user=replace(after.user, version=before.user.version + 1, changed_at=now)
                )
                write_account(connection, after, now)
                if reason == "password_change":
                    note_password_change(connection, sub, now)
                # For the follower, which writes the copy when we can't: by then nobody else knows of the lost
                # roles.
                detail = {"lost_roles": sorted(lost)} if lost else None
                number = append_change(connection, sub, now, "role_lost" if lost else reason, actor, detail)
                also(connection, Change(now, before.user, after.user))
        write_copy(self._redis, after.user, lost_roles=lost)
        self._announce(number)
        return after.user

    def _announce(self, number: int) -> None:
        """Publish the number of a new entry to followers, which otherwise look by themselves; 0 for none."""
        with contextlib.suppress(Unavailable):
            if number:
                self._redis.publish(CHANNEL, str(number))

    # -- the copy in Redis

    def read_copy(self, text: str) -> User:
        """Return the user of a copy; one that an older center wrote lacks the profile and is completed."""
        user = read_user(text)
        return self._legacy_copies.complete(text, user) if is_legacy(text) else user

    def write_through(self, user: User) -> None:
        """Write the user's copy unless Redis has a newer one."""
        write_copy(self._redis, user)

    def refill(self, sub: str, *, lost_roles: Collection[str] = (), latest: int | None = None) -> User:
        """Write the copy anew from SQL, and return the user; raises NotFound.

        `lost_roles` are those that the change took away; cut-offs later than `latest` (ms) came after it.
        """
        user = self.get(sub)
        write_copy(self._redis, user, lost_roles=lost_roles, latest=latest)
        return user


@lru_cache(maxsize=4096)
def read_user(text: str) -> User:
    """Read a user from a copy; a changed user is another text."""
    return user_from_json(text)
