"""Everything that can be taken back of a login, and what must be dead for it."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from sso_center.base.errors import Unavailable
from sso_center.core.cutoffs import Scope
from sso_center.core.reasons import Reason
from sso_center.core.users import User
from tests.endings.belongings import ALL, Belongings, Sites, belongings_of
from tests.harness.core import Core

T = TypeVar("T")


def log_out(core: Core, _sites: Sites, mine: Belongings) -> None:
    core.services.endings.end_session(mine.sid, Reason.LOGOUT, mine.user.sub)


def revoke_token(core: Core, _sites: Sites, mine: Belongings) -> None:
    if token := core.services.tokens.find_revocable(mine.held["jwt offline"]):
        who = {"sub": token.sub, "client_id": token.client_id}
        core.services.revoker.revoke_token(token.jti, **who, until=token.deadline, actor="test")


def revoke_family(core: Core, sites: Sites, mine: Belongings) -> None:
    if token := core.services.tokens.find_revocable(mine.held["refresh offline"]):
        who = {"sub": token.sub, "client_id": token.client_id}
        core.services.revoker.revoke_family(token.family or "", **who, reason=Reason.REVOKED)


def cut_off(core: Core, scope: Scope, name: str = "") -> None:
    core.services.mass_endings.cut_off(scope, name, Reason.ADMIN, "test")


ROLE = "guard"

Kinds = dict[str, Callable[[Core, Sites, Belongings], None]]

ONE: Kinds = {
    "logout": log_out,
    "token": revoke_token,
    "family": revoke_family,
    "user": lambda core, _, mine: cut_off(core, "user", mine.user.sub),
}
"""What concerns one person."""

MANY: Kinds = {
    "role": lambda core, _, mine: cut_off(core, "role", ROLE),
    "client": lambda core, sites, mine: cut_off(core, "client", sites.jwt.client_id),
    "everyone": lambda core, _, mine: cut_off(core, "everyone"),
}
"""What concerns many."""


@dataclass(frozen=True)
class People:
    """Somebody for each kind, who signs in again and again; and what their sites are."""

    core: Core
    sites: Sites
    _known: dict[str, User] = field(default_factory=dict)

    def sign_in(self, name: str = "") -> Belongings:
        """Sign in whom taking back `name` concerns."""
        if name not in self._known:
            self._known[name] = self.core.person(*((ROLE,) if name == "role" else ()))
        return belongings_of(self.core, self.sites, self._known[name])


def what_dies(people: People, kinds: Kinds) -> dict[str, frozenset[str]]:
    """Return what each of the kinds takes, when nothing goes wrong."""
    dead, core, sites = {}, people.core, people.sites
    for name, take_back in kinds.items():
        mine = people.sign_in(name)
        core.time.move(1)
        take_back(core, sites, mine)
        dead[name] = ALL - mine.alive()
        assert dead[name], name
    return dead


def answered(ask: Callable[[], T]) -> T:
    """Return the first answer that is not "away": a store that came back may still say so for a moment."""
    patience = time.monotonic() + 30
    while True:
        try:
            return ask()
        except Unavailable:
            assert time.monotonic() < patience
            time.sleep(0.05)
