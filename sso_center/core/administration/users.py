"""What admins do to people's accounts."""

from functools import partial
from typing import Any

from sso_center.base.actor import Actor
from sso_center.core.administration.audited import audited
from sso_center.core.audit import Change, Tag
from sso_center.core.cutoffs import MassEndings
from sso_center.core.reasons import Reason
from sso_center.core.users import User, Users
from sso_center.core.users.user import changed_fields


class UserAdministration:
    """The acts. Each raises Unavailable; when a later step than the commit raises it, the change has happened
    all the same, and the courier does the rest."""

    def __init__(self, users: Users, mass: MassEndings) -> None:
        self._users = users
        self._mass = mass

    def add(self, actor: Actor, username: str, *, by: str = "", **account: Any) -> User:
        """Add a person; `account` is what `Users.add` takes, `by` a way of adding for the audit log.

        Raises Conflict, Invalid naming the field.
        """
        also = audited(Tag.USER_ADDED, actor, partial(audit_detail, by=by))
        return self._users.add(username, **account, also=also)

    def change(self, actor: Actor, sub: str, **fields: Any) -> User:
        """Change the given fields of a person, `roles` among them. Raises NotFound, Conflict, Invalid.

        What is as it was is not recorded. A lost role ends what the rule for that names.
        """
        also = audited(Tag.USER_CHANGED, actor, audit_detail)
        user = self._users.update(sub, **fields, actor=actor.id, also=also)
        if "roles" in fields:
            self._mass.end_voided_sessions(sub, Reason.ROLE_LOST, actor.id)
        return user

    def disable(self, actor: Actor, sub: str) -> User:
        """Lock a person out and end what the rule for that names, at every site. Raises NotFound."""
        user = self._users.set_disabled(sub, True, actor.id, audited(Tag.USER_DISABLED, actor, audit_detail))
        self._mass.end_voided_sessions(sub, Reason.DISABLED, actor.id)
        return user

    def enable(self, actor: Actor, sub: str) -> User:
        """Let a disabled person in again; what was ended stays ended. Raises NotFound."""
        return self._users.set_disabled(sub, False, actor.id, audited(Tag.USER_ENABLED, actor, audit_detail))

    def set_password(self, actor: Actor, sub: str, password: str, *, must_change: bool) -> User:
        """Set a person's password, and end what the rule for that names. Raises NotFound, Invalid."""
        also = audited(Tag.USER_PASSWORD_SET, actor, audit_detail)
        user = self._users.set_password(sub, password, must_change=must_change, actor=actor.id, also=also)
        self._mass.end_voided_sessions(sub, Reason.PASSWORD_CHANGE, actor.id)
        return user

    def remove(self, actor: Actor, sub: str) -> User:
        """Remove an account and its credentials, end all it had, and return what it was; the audit log stays.

        Another person may be given the login name, and gets another `sub`. Raises NotFound.
        """
        removed = self._users.remove(sub, actor.id, audited(Tag.USER_REMOVED, actor, audit_detail))
        self._mass.end_voided_sessions(sub, Reason.REMOVED, actor.id)
        return removed


def audit_detail(change: Change[User], by: str = "") -> dict[str, Any]:
    """Return what the audit log says of a change of an account: whose it is, and which fields changed.

    Roles stand there as they are from then on; nothing else that was typed does.
    """
    before, after = change.before, change.after
    if after is None:
        assert before is not None
        return {"sub": before.sub, "detail": {"username": before.username}}
    detail: dict[str, Any] = {"by": by} if by else {}
    if before is not None and (changed := changed_fields(before, after)):
        detail["changed"] = changed
    if before is None or before.roles != after.roles:
        detail["roles"] = list(after.roles)
    return {"sub": after.sub, "detail": detail}
