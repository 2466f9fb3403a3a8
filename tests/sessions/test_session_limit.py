"""How many sessions one user may have: exactly, whatever comes at the same time."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from sso_center.base.errors import Unavailable
from sso_center.core.grants import GrantRefused
from sso_center.core.reasons import CENTER, Reason
from sso_center.core.sessions import SESSION_PARTS, OpenedSession, Outcome, TooManySessions
from sso_center.core.users import User
from sso_center.storage.redis import load_script
from tests.harness.core import MINUTE, SECOND, Core, build, core_in
from tests.harness.waiting import eventually
from tests.sessions.conftest import IDLE

COPIES = load_script("tests.sessions", *SESSION_PARTS, "copies.lua")

LIMIT = 3
MANY = 9000
"""More than the stack of Lua holds."""
AT_ONCE = 50
DESKTOP = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1"
)

END_OLDEST = {"SSO_SESSIONS_PER_USER_POLICY": "end_oldest"}
REFUSE = {"SSO_SESSIONS_PER_USER_POLICY": "refuse"}
BY_TYPE = {"SSO_SESSIONS_BY_DEVICE_TYPE": "yes"}


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Core]]:
    """Give the core of a center with a limit and these other settings."""
    made: dict[str, Core] = {}
    with ExitStack() as stack:

        def do(settings: dict[str, str]) -> Core:
            if str(settings) not in made:
                folder = tmp_path_factory.mktemp("limited")
                all_settings = {"SSO_SESSIONS_PER_USER": str(LIMIT), **settings}
                made[str(settings)] = stack.enter_context(core_in(folder, **all_settings))
            return made[str(settings)]

        yield do


def open_at(
    core: Core, user: User, *, user_agent: str = DESKTOP, previous: str | None = None
) -> OpenedSession:
    return core.services.sessions.open(
        user,
        remember=False,
        amr=("pwd",),
        user_agent=user_agent,
        address="192.0.2.1",
        previous=previous,
        device="device",
    )


def fill(core: Core, user: User, count: int = LIMIT, **options: str) -> list[OpenedSession]:
    """Open sessions, each a minute after the one before."""
    opened = []
    for _ in range(count):
        core.time.move(MINUTE)
        opened.append(open_at(core, user, **options))
    return opened


def living(core: Core, user: User) -> set[str]:
    return {view.sid for view in core.services.sessions.of_user(user.sub)}


def sids(opened: list[OpenedSession]) -> set[str]:
    return {one.session.sid for one in opened}


# Ending the oldest


def test_one_more_login_ends_the_least_recently_seen(limited: Callable[..., Core]) -> None:
    core = limited(END_OLDEST)
    user = core.person()
    first, second, third = fill(core, user)
    core.time.move(MINUTE)
    core.services.sessions.visit(first.cookie)
    fourth = open_at(core, user)
    assert fourth.evicted == (second.session.sid,)
    assert living(core, user) == sids([first, third, fourth])


def test_the_evicted_session_is_closed_by_the_script_that_opens_the_new_one(
    limited: Callable[..., Core],
) -> None:
    core = limited(END_OLDEST)
    user, site = core.person(), core.site()
    first = open_at(core, user)
    core.code(first.cookie, site)
    fill(core, user)
    # Nobody has ended it yet: whoever opened the new one may have died.
    visit = core.services.sessions.visit(first.cookie)
    assert (visit.outcome, visit.reason) == (Outcome.ENDED, Reason.EVICTED)
    assert not core.is_alive(site, first.session.sid)


def test_an_evicted_sessions_ending_is_recorded_as_an_eviction_by_the_center(
    limited: Callable[..., Core],
) -> None:
    core = limited(END_OLDEST)
    user, site = core.person(), core.site()
    core.code(open_at(core, user).cookie, site)
    (evicted,) = fill(core, user)[-1].evicted
    ending = core.services.endings.end_session(evicted, Reason.LOGOUT, "somebody")
    assert ending is not None
    # What the script closed it for stays, whoever comes to end it.
    assert (ending.reason, ending.actor, ending.participants) == (
        Reason.EVICTED,
        CENTER,
        (site.client_id,),
    )


def test_a_limit_that_was_lowered_ends_as_many_as_there_are_too_many(limited: Callable[..., Core]) -> None:
    roomy = limited({"SSO_SESSIONS_PER_USER": "9"})
    user = roomy.person()
    opened = fill(roomy, user, 5)
    lowered = {"SSO_DATA_DIR": str(roomy.services.settings.data_dir), "SSO_SESSIONS_PER_USER": str(LIMIT)}
    services = build(lowered, roomy.time)
    try:
        last = open_at(Core(services, roomy.time), user)
    finally:
        services.close()
    assert set(last.evicted) == sids(opened[:3])
    assert living(roomy, user) == sids([*opened[3:], last])


@pytest.mark.parametrize("kind", ["browser", "app"])
def test_a_limit_that_comes_late_ends_more_than_a_script_could_return_one_by_one(
    limited: Callable[..., Core], kind: str
) -> None:
    core = limited(END_OLDEST)
    user, app = core.person(), core.site(access_token_format="app")
    first = open_at(core, user)
    core.services.redis.run(COPIES, user.shard, {"sid": first.session.sid, "count": MANY})
    code = core.code(first.cookie, app)
    core.time.move(SECOND)
    ended = open_at(core, user).evicted if kind == "browser" else core.redeem(code, app).ended
    assert len(set(ended)) == 1 + MANY - LIMIT + 1
    assert len(living(core, user)) == LIMIT


# Refusing


def test_one_more_login_is_refused_and_says_how_many_there_are(limited: Callable[..., Core]) -> None:
    core = limited(REFUSE)
    user = core.person()
    opened = fill(core, user)
    with pytest.raises(TooManySessions) as refused:
        open_at(core, user)
    assert refused.value.living == LIMIT
    assert living(core, user) == sids(opened)


def test_the_place_of_an_ended_session_is_free_at_once(limited: Callable[..., Core]) -> None:
    core = limited(REFUSE)
    user = core.person()
    opened = fill(core, user)
    core.services.endings.end_session(opened[1].session.sid, Reason.LOGOUT, user.sub)
    assert open_at(core, user).evicted == ()


@pytest.mark.parametrize("why", ["expired", "cut off", "closed"])
def test_a_dead_session_takes_no_place_though_nobody_swept_it(limited: Callable[..., Core], why: str) -> None:
    core = limited(REFUSE)
    user = core.person()
    opened = fill(core, user)
    if why == "expired":
        core.time.move(IDLE * SECOND)
    if why == "cut off":
        next(core.services.mass_endings.end("user", user.sub, Reason.ADMIN, "test"))
    if why == "closed":
        core.close_unrecorded(opened[0].session.sid)
    assert open_at(core, user).session.sid in living(core, user)


def test_an_app_that_is_refused_keeps_the_token_that_it_had(limited: Callable[..., Core]) -> None:
    core = limited(REFUSE)
    user, app = core.person(), core.site(access_token_format="app")
    browser = fill(core, user, LIMIT - 1)[0]
    token = core.redeem(core.code(browser.cookie, app), app, device_id="phone").access_token
    assert core.redeem(core.code(browser.cookie, app), app, device_id="phone").ended  # it takes its own place
    core.services.redis.run(COPIES, user.shard, {"sid": browser.session.sid, "count": 1})
    assert core.services.tokens.find_active(token) is None
    (phone,) = [view.sid for view in core.services.sessions.of_user(user.sub) if view.kind == "app"]
    with pytest.raises(GrantRefused, match="not valid"):
        core.redeem(core.code(browser.cookie, app), app, device_id="phone")
    assert phone in living(core, user)


def test_another_person_has_places_of_their_own(limited: Callable[..., Core]) -> None:
    core = limited(REFUSE)
    user = core.person()
    fill(core, user)
    assert open_at(core, core.person(shard=user.shard)).session


# The same browser


@pytest.mark.parametrize("policy", [END_OLDEST, REFUSE])
def test_signing_in_again_in_the_same_browser_takes_no_other_place(
    limited: Callable[..., Core], policy: dict[str, str]
) -> None:
    core = limited(policy)
    user = core.person()
    opened = fill(core, user)
    again = open_at(core, user, previous=opened[0].cookie)
    assert again.session.sid == opened[0].session.sid
    assert again.evicted == ()
    assert living(core, user) == sids(opened)


def test_a_browser_whose_session_is_over_needs_a_place(limited: Callable[..., Core]) -> None:
    core = limited(REFUSE)
    user = core.person()
    first = fill(core, user, 1)[0]
    core.services.endings.end_session(first.session.sid, Reason.LOGOUT, user.sub)
    fill(core, user)
    with pytest.raises(TooManySessions):
        open_at(core, user, previous=first.cookie)


# By device type


def test_by_device_type_a_phone_takes_no_place_of_a_desktop(limited: Callable[..., Core]) -> None:
    core = limited(END_OLDEST | BY_TYPE)
    user = core.person()
    desktops = fill(core, user)
    phones = fill(core, user, user_agent=PHONE)
    assert living(core, user) == sids(desktops + phones)
    one_more = open_at(core, user, user_agent=PHONE)
    assert one_more.evicted == (phones[0].session.sid,)


def test_a_refusal_says_of_which_type_there_are_too_many(limited: Callable[..., Core]) -> None:
    core = limited(REFUSE | BY_TYPE)
    user = core.person()
    fill(core, user, user_agent=PHONE)
    open_at(core, user)
    with pytest.raises(TooManySessions) as refused:
        open_at(core, user, user_agent=PHONE)
    assert (refused.value.living, refused.value.device_type) == (LIMIT, "phone")


# At the same time


def has_ended(core: Core, evicted: Sequence[str]) -> bool:
    try:
        core.services.endings.end_sessions(evicted, Reason.EVICTED, CENTER)
    except Unavailable:
        return False
    return True


def watched(core: Core, user: User, work: Callable[[], object]) -> int:
    """Do the work 50 times at once, and return the most sessions that anybody ever saw."""
    most, is_over = 0, threading.Event()

    def watch() -> None:
        nonlocal most
        while not is_over.wait(0.001):
            most = max(most, len(living(core, user)))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for future in [pool.submit(work) for _ in range(AT_ONCE)]:
                future.result()
    finally:
        is_over.set()
        watcher.join()
    return most


def test_of_fifty_logins_at_once_never_more_live_than_are_allowed(limited: Callable[..., Core]) -> None:
    core = limited(END_OLDEST)
    user, opened, together = core.person(), [], threading.Barrier(AT_ONCE)

    def log_in() -> None:
        together.wait()
        one = open_at(core, user)
        opened.append(one)
        # On a busy machine SQL may keep one of fifty waiting for too long.
        eventually(lambda: has_ended(core, one.evicted), what="the record of the endings")

    assert watched(core, user, log_in) <= LIMIT
    evicted = [sid for one in opened for sid in one.evicted]
    # Each of them was evicted by exactly one other, but for those that are left.
    assert len(evicted) == len(set(evicted)) == AT_ONCE - LIMIT
    assert living(core, user) == sids(opened) - set(evicted)


def test_of_fifty_logins_at_once_exactly_as_many_as_allowed_come_in(limited: Callable[..., Core]) -> None:
    core = limited(REFUSE)
    user, opened, together = core.person(), [], threading.Barrier(AT_ONCE)
    refused = []

    def log_in() -> None:
        together.wait()
        try:
            opened.append(open_at(core, user))
        except TooManySessions as full:
            refused.append(full.living)

    assert watched(core, user, log_in) <= LIMIT
    assert (len(opened), refused) == (LIMIT, [LIMIT] * (AT_ONCE - LIMIT))
    assert living(core, user) == sids(opened)


def test_any_number_of_sessions_is_allowed_without_a_limit(limited: Callable[..., Core]) -> None:
    core = limited({"SSO_SESSIONS_PER_USER": "0"})
    user = core.person()
    assert sids(fill(core, user, 12)) == living(core, user)
