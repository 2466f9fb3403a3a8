"""What people do to their own account: the actor is the person."""

from collections.abc import Iterable, Mapping
from typing import Any

from sso_center.base.actor import Actor
from sso_center.base.profile import PERSON
from sso_center.core.administration.audited import audited
from sso_center.core.audit import Audit, Tag
from sso_center.core.audit.change import Change
from sso_center.core.endings import Endings
from sso_center.core.reasons import Reason
from sso_center.core.revocation import Revoker
from sso_center.core.sessions import Sessions
from sso_center.core.users import User, Users
from sso_center.core.users.user import changed_fields


class OwnAccount:
    """The acts. Each raises Unavailable; when a later step than the commit raises it, the change has happened
    all the same."""

    def __init__(
        self, users: Users, sessions: Sessions, endings: Endings, revoker: Revoker, audit: Audit
    ) -> None:
        self._users = users
        self._sessions = sessions
        self._endings = endings
        self._revoker = revoker
        self._audit = audit

    def change_password(self, actor: Actor, user: User, new: str) -> User:
        """Store a new password and revoke in the same transaction what the rule for it says.

        By default that is every session of the user. Returns the user as changed. Raises Invalid when the
        password is too weak, Conflict when the account has changed since `user` was read.
        """
        also = audited(Tag.PASSWORD_CHANGED, actor, lambda _: {"sub": user.sub})
        return self._users.set_password(user.sub, new, version=user.version, actor=actor.id, also=also)

    def change_profile(self, actor: Actor, changes: Mapping[str, Any]) -> User:
        """Change fields of the person's profile that they may change themselves.

        The audit log names the fields. Raises Invalid naming the field.
        """
        also = audited(Tag.PROFILE_CHANGED, actor, _changed)
        return self._users.update(actor.id, profile=changes, editor=PERSON, actor=actor.id, also=also)

    def grant_consent(self, actor: Actor, sid: str, client_id: str, scope: Iterable[str]) -> None:
        """Let a client have these scopes, besides those it has."""
        said = {"sub": actor.id, "client_id": client_id, "sid": sid, "detail": {"scope": tuple(scope)}}
        self._users.grant_consent(
            actor.id, client_id, scope, audited(Tag.CONSENT_GRANTED, actor, lambda _: said)
        )

    def withdraw_access(self, actor: Actor, sid: str, client_id: str) -> None:
        """Let a client have nothing of the person any more, unless it is allowed anew."""
        said = {"sub": actor.id, "client_id": client_id, "sid": sid}
        # First of all: from here on the client can't get in anew.
        if self._users.get(actor.id).consent_to(client_id) is None:
            self._audit.record(Tag.CONSENT_WITHDRAWN, actor, sub=actor.id, client_id=client_id, sid=sid)
        else:
            also = audited(Tag.CONSENT_WITHDRAWN, actor, lambda _: {**said})
            self._users.withdraw_consent(actor.id, client_id, also)
        for joined in self._joined(actor.id, client_id, "browser"):
            self._endings.leave(joined, client_id, actor.id)
        # Only now that no code of it can be redeemed any more: an app's session, that one client's alone,
        # may have come of one a moment ago.
        for joined in self._joined(actor.id, client_id, "app"):
            self._endings.end_session(joined, Reason.LOGOUT, actor.id)
        self._revoker.revoke_offline(actor.id, client_id, actor.id)

    def _joined(self, sub: str, client_id: str, kind: str) -> list[str]:
        views = self._sessions.of_user(sub)
        return [view.sid for view in views if view.kind == kind and client_id in view.client_ids]


def _changed(change: Change[User]) -> dict[str, Any]:
    assert change.before is not None
    assert change.after is not None
    return {"sub": change.after.sub, "detail": {"changed": changed_fields(change.before, change.after)}}
