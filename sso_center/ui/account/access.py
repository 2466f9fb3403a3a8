"""The sites that a person gave lasting access, and taking it away from one."""

from collections.abc import Collection
from dataclasses import dataclass

from flask import Response, flash

from sso_center.base.profile import ProfileTable
from sso_center.core.sessions import Session
from sso_center.core.users import User
from sso_center.services import Services
from sso_center.ui import audit_request
from sso_center.web.language import ago, gettext
from sso_center.web.pages import go
from sso_center.web.profile_words import scope_in_words


@dataclass(frozen=True)
class Access:
    """A site that need not ask again; `gets` says for what, `since` when that was allowed."""

    client_id: str
    name: str
    address: str
    gets: str
    since: str
    is_offline: bool


def accesses_of(services: Services, user: User) -> tuple[Access, ...]:
    """Return the sites the person consented to or that stay connected without a session, by name.

    Raises Unavailable.
    """
    since = {one.client_id: one.granted_at for one in user.consents}
    scope = {one.client_id: set(one.scope) for one in user.consents}
    offline = services.tokens.offline_of(user.sub)
    for one in offline:
        scope.setdefault(one.client_id, set()).update(one.scope)
        since.setdefault(one.client_id, one.since)
    away = {one.client_id for one in offline}
    found = [_access(services, name, scope[name], since[name], is_offline=name in away) for name in scope]
    return tuple(sorted(found, key=lambda access: access.name.casefold()))


def withdraw(services: Services, session: Session, client_id: str) -> Response:
    """Take away what a site was allowed, and what it holds because of it."""
    services.administration.own.withdraw_access(audit_request.actor(session.sub), session.sid, client_id)
    flash(gettext("That site has no access any more."), "good")
    return go("/account")


def _access(
    services: Services, client_id: str, scope: Collection[str], since: int, *, is_offline: bool
) -> Access:
    client = services.clients.find(client_id)
    return Access(
        client_id=client_id,
        name=client.name if client else client_id,
        address=(client.home_uri if client else None) or "",
        gets=gettext(", ").join(_words(services.settings.profile, scope)),
        since=ago(services.clock() - since),
        is_offline=is_offline,
    )


def _words(table: ProfileTable, scope: Collection[str]) -> list[str]:
    plain = {"openid": gettext("that it is you")} | {one: scope_in_words(table, one) for one in table.scopes}
    others = sorted(set(scope) - {*plain, "offline_access"})
    return [*(words for name, words in plain.items() if name in scope), *others]
