"""A center in use: a thousand sessions of two hundred people at four sites, endings, and a day behind it."""

import random
from itertools import cycle

from benchmarks.filling import USER_AGENTS
from sso_center.core.grants import GrantRequest
from sso_center.core.reasons import Reason
from sso_center.core.users import User
from sso_center.core.users.store import Account, add_account
from tests.harness.center import Center
from tests.harness.receiver import Receiver
from tests.harness.site import Site

SITES = ("Tea & Things", "Leaf Talk", "Back Room", "The Library")
PEOPLE, DEVICES = 200, 5
QUARTER = 15 * 60_000
NOBODY_ANSWERS = "http://127.0.0.1:9/logout"


def fill(center: Center, receiver: Receiver) -> list[Site]:
    """Let a thousand sessions be there, by the core itself; returns the sites, of which the last is down."""
    uris = [*[receiver.uri] * (len(SITES) - 1), NOBODY_ANSWERS]
    sites = [
        center.add_site(name=name, backchannel_logout_uri=uri, home_uri="https://a.example/")
        for name, uri in zip(SITES, uris, strict=True)
    ]
    chance, agents = random.Random(7), cycle(USER_AGENTS)
    for number, user in enumerate(_people(center)):
        for _ in range(DEVICES):
            address = f"10.0.{chance.randrange(256)}.{number + 1}"
            _open(center, user, next(agents), address, chance.sample(sites, chance.choice((1, 1, 2))))
    _end_some(center)
    _remember_a_day(center, chance)
    return sites


def _people(center: Center) -> list[User]:
    """Add people who can't sign in by themselves, in one transaction."""
    services = center.services
    people = [_person(number) for number in range(PEOPLE)]
    with services.database.write() as connection:
        for user in people:
            add_account(connection, Account(user, None), services.clock())
    for user in people:
        services.users.write_through(user)
    return people


def _person(number: int) -> User:
    roles = ("member", "staff") if number % 10 == 0 else ("member",)
    name = f"person{number:03}"
    profile = {"name": f"Person {number}", "email": f"{name}@example.org"}
    return User(f"u-{name}", name, roles, False, False, 1, 0, profile=profile)


def _open(center: Center, user: User, agent: str, address: str, sites: list[Site]) -> None:
    opened = center.services.sessions.open(
        user, remember=False, amr=("pwd",), user_agent=agent, address=address, previous=None
    )
    for site in sites:
        request = GrantRequest(site.client_id, site.redirect_uri, ("openid",))
        center.services.grants.issue(opened.cookie, request)


def _end_some(center: Center) -> None:
    services = center.services
    for name, reason in (
        ("person001", Reason.LOGOUT),
        ("person002", Reason.REUSE),
        ("person003", Reason.ADMIN),
    ):
        user = services.users.find(name)
        assert user is not None
        services.endings.end_session(services.sessions.of_user(user.sub)[0].sid, reason, user.sub)


def _remember_a_day(center: Center, chance: random.Random) -> None:
    now = center.services.clock()
    for back in range(96):
        people = 194 - min(back, 96 - back) * 3 // 2 + chance.randrange(6)
        # Two minutes earlier: the present one is the courier's.
        center.services.history.note(now - 120_000 - back * QUARTER, people, people * DEVICES)
