"""Everything that can be taken back of a login, and what must be dead for it."""

from collections.abc import Callable

from sso_center.core.endings import Reason, Scope
from tests.endings.belongings import ALL, Belongings, Sites, belongings_of
from tests.harness.core import Core


def log_out(core: Core, _sites: Sites, mine: Belongings) -> None:
    core.services.endings.end_session(mine.sid, Reason.LOGOUT, mine.user.sub)


def revoke_token(core: Core, _sites: Sites, mine: Belongings) -> None:
    if token := core.services.tokens.find_given(mine.held["jwt offline"]):
        who = {"sub": token.sub, "client_id": token.client_id}
        core.services.endings.revoke_token(token.jti, **who, until=token.deadline, actor="test")


def revoke_family(core: Core, sites: Sites, mine: Belongings) -> None:
    if token := core.services.tokens.find_given(mine.held["refresh offline"]):
        who = {"sub": token.sub, "client_id": token.client_id}
        core.services.endings.revoke_family(token.family or "", **who, reason=Reason.REVOKED)


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


def sign_in(core: Core, sites: Sites, name: str = "") -> Belongings:
    """Sign somebody in whom taking back `name` concerns."""
    return belongings_of(core, sites, core.person(*((ROLE,) if name == "role" else ())))


def what_dies(core: Core, sites: Sites, kinds: Kinds) -> dict[str, frozenset[str]]:
    """Return what each of the kinds takes, when nothing goes wrong."""
    dead = {}
    for name, take_back in kinds.items():
        mine = sign_in(core, sites, name)
        core.time.move(1)
        take_back(core, sites, mine)
        dead[name] = ALL - mine.alive()
        assert dead[name], name
    return dead
