"""App tokens in the core: one session for each, one login for each device, and all that ends one."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from sso_center.core.clients import Client
from sso_center.core.grants import GrantRefused, Replayed
from sso_center.core.reasons import CENTER, Reason
from sso_center.core.tokens import ActiveToken, Redeemed, ReusedApp
from sso_center.core.users import User
from tests.harness.core import DAY, HOUR, MINUTE, SECOND, Core, core_in
from tests.tokens.conftest import REFRESHING


@dataclass
class App:
    """An app of one person."""

    core: Core
    user: User
    client: Client

    def sign_in(self, device_id: str | None = None, *, browser_device: str | None = None) -> Redeemed:
        """Log the person in with a browser of its own, and redeem the grant in the app."""
        opened = self.core.services.sessions.open(
            self.user,
            remember=False,
            amr=("pwd",),
            user_agent="",
            address="",
            previous=None,
            device=browser_device,
        )
        return self.redeem(self.core.code(opened.cookie, self.client), device_id)

    def redeem(self, code: str, device_id: str | None = None) -> Redeemed:
        return self.core.redeem(code, self.client, device_id=device_id)

    def find(self, given: Redeemed) -> ActiveToken | None:
        return self.ask(given.access_token)

    def ask(self, token: str) -> ActiveToken | None:
        """Ask about a token, as the API that it is for."""
        return self.core.services.tokens.find_active(token, asker=self.client)

    def rotate(self, given: Redeemed) -> str:
        """Return the successor, after its first use."""
        self.core.time.move(2 * HOUR)
        told = self.find(given)
        assert told is not None
        assert told.successor is not None
        assert self.ask(told.successor) is not None
        return told.successor


def sid_of(given: Redeemed) -> str:
    assert given.authentication.sid is not None
    return given.authentication.sid


@pytest.fixture(scope="module")
def client(core: Core) -> Client:
    return core.site(access_token_format="app")


@pytest.fixture
def app(core: Core, client: Client) -> App:
    return App(core, core.person("staff"), client)


def test_an_app_token_names_its_person_and_scope(app: App) -> None:
    given = app.sign_in()
    found = app.find(given)
    assert found is not None
    assert (found.kind, found.sub, found.sid) == ("app", app.user.sub, sid_of(given))
    assert (found.client_id, found.audience, found.scope) == (
        app.client.client_id,
        app.client.audience,
        ("openid",),
    )
    assert found.expires_at - found.issued_at == given.expires_in == 90 * DAY // 1000
    assert (given.refresh_token, given.ended, found.successor) == (None, (), None)


def test_an_app_tokens_session_shows_the_app_and_not_the_browser(app: App) -> None:
    code = app.core.code(app.core.open(app.user).cookie, app.client)
    given = app.core.redeem(code, app.client, address="192.0.2.7", user_agent="Shop/1.0 okhttp")
    views = {view.sid: view for view in app.core.services.sessions.of_user(app.user.sub)}
    view = views[sid_of(given)]
    assert (view.kind, view.device_type, view.user_agent, view.address) == (
        "app",
        "app",
        "Shop/1.0 okhttp",
        "192.0.2.7",
    )
    assert view.client_ids == (app.client.client_id,)


def test_an_app_tokens_successor_is_told_only_to_the_api_that_passes_it_on(app: App) -> None:
    given, core = app.sign_in(), app.core
    core.time.move(2 * HOUR)
    find = core.services.tokens.find_active
    for asker in (None, core.site()):
        found = find(given.access_token, asker=asker)
        assert found is not None
        assert found.successor is None
    told = [find(given.access_token, asker=asker) for asker in (app.client, core.site(may_introspect=True))]
    assert len({found.successor for found in told if found}) == 1
    assert all(found and found.successor for found in told)


def test_an_app_token_ends_after_ninety_days_however_much_it_is_used(app: App) -> None:
    given = app.sign_in()
    token = given.access_token
    for _ in range(89):
        app.core.time.move(DAY)
        found = app.ask(token)
        assert found is not None
        token = found.successor or token
    app.core.time.move(DAY)
    assert app.ask(token) is None


def test_the_browsers_logout_leaves_the_app_signed_in_and_the_other_way_round(app: App) -> None:
    opened = app.core.open(app.user)
    given = app.redeem(app.core.code(opened.cookie, app.client))
    other = app.redeem(app.core.code(opened.cookie, app.client))
    app.core.services.endings.end_session(sid_of(other), Reason.LOGOUT, CENTER)
    assert app.find(other) is None
    assert app.core.services.sessions.visit(opened.cookie).session is not None
    app.core.services.endings.end_session(opened.session.sid, Reason.LOGOUT, CENTER)
    assert app.find(given) is not None


# One login for each device


def test_a_new_login_on_a_device_ends_the_one_before_it(app: App) -> None:
    before, elsewhere = app.sign_in("phone"), app.sign_in("tablet")
    after = app.sign_in("phone")
    assert after.ended == (sid_of(before),)
    assert app.find(before) is None
    assert app.find(elsewhere) is not None
    assert app.find(after) is not None


def test_a_new_login_on_a_device_does_not_end_an_ended_session_again(app: App) -> None:
    before = app.sign_in("phone")
    app.core.services.endings.end_session(sid_of(before), Reason.LOGOUT, CENTER)
    assert app.sign_in("phone").ended == ()
    # Closed, and not recorded yet: whoever closed it finishes.
    again = app.sign_in("phone")
    app.core.close_unrecorded(sid_of(again), actor="another")
    assert app.sign_in("phone").ended == ()


def test_a_device_of_which_nothing_is_known_ends_nothing(app: App) -> None:
    first, second = app.sign_in(), app.sign_in()
    assert (first.ended, second.ended) == ((), ())
    assert app.find(first) is not None


def test_an_app_without_a_device_id_has_the_browsers_device(app: App) -> None:
    first = app.sign_in(browser_device="pc")
    elsewhere = app.sign_in(browser_device="another pc")
    second = app.sign_in(browser_device="pc")
    assert (elsewhere.ended, second.ended) == ((), (sid_of(first),))


def test_another_app_or_person_on_the_same_device_ends_nothing(app: App) -> None:
    given = app.sign_in("phone")
    others = App(app.core, app.user, app.core.site(access_token_format="app"))
    somebody = App(app.core, app.core.person(), app.client)
    assert (others.sign_in("phone").ended, somebody.sign_in("phone").ended) == ((), ())
    assert app.find(given) is not None


def test_a_browser_session_is_not_taken_for_the_apps(app: App) -> None:
    # A site that refreshes has a family in a browser's session, on the same device.
    site = app.core.site(grant_types=REFRESHING)
    opened = app.core.services.sessions.open(
        app.user, remember=False, amr=("pwd",), user_agent="", address="", previous=None, device="pc"
    )
    app.core.redeem(app.core.code(opened.cookie, site), site)
    assert app.sign_in(browser_device="pc").ended == ()
    assert app.core.services.sessions.visit(opened.cookie).session is not None


# All that ends one


def test_a_copied_app_token_is_a_reuse_that_names_the_session(app: App) -> None:
    given = app.sign_in()
    app.rotate(given)
    app.core.time.move(MINUTE)
    late = app.find(given)
    assert late is not None
    assert late.successor is None
    app.core.time.move(1)
    with pytest.raises(ReusedApp) as reused:
        app.find(given)
    assert reused.value.sid == sid_of(given)


def test_a_replayed_code_names_its_app_session_once(app: App) -> None:
    code = app.core.code(app.core.open(app.user).cookie, app.client)
    given = app.redeem(code)
    with pytest.raises(Replayed) as replayed:
        app.redeem(code)
    assert (replayed.value.sid, replayed.value.sub) == (sid_of(given), app.user.sub)
    assert app.find(given) is not None
    app.core.services.endings.end_session(sid_of(given), Reason.REPLAY, CENTER)
    with pytest.raises(GrantRefused) as refused:
        app.redeem(code)
    assert not isinstance(refused.value, Replayed)


def test_an_app_token_dies_with_its_family(app: App) -> None:
    given = app.sign_in()
    found = app.find(given)
    assert found is not None
    assert found.family is not None
    app.core.services.revoker.revoke_family(
        found.family, sub=app.user.sub, client_id=app.client.client_id, reason=Reason.REVOKED
    )
    assert app.find(given) is None


def test_a_family_that_is_only_denied_so_far_is_dead_too(app: App) -> None:
    given = app.sign_in()
    found = app.find(given)
    assert found is not None
    assert found.family is not None
    app.core.hot.deny(found.family)
    assert app.find(given) is None


def test_an_app_token_dies_when_the_app_leaves_its_session(app: App) -> None:
    given = app.sign_in()
    assert app.core.services.endings.leave(sid_of(given), app.client.client_id, CENTER)
    assert app.find(given) is None


@pytest.mark.parametrize("scope", ["user", "role", "client", "everyone"])
def test_a_cut_off_reaches_an_app_token_and_not_the_next(app: App, scope: str) -> None:
    before = app.sign_in()
    name = {"user": app.user.sub, "role": "staff", "client": app.client.client_id, "everyone": ""}[scope]
    next(app.core.services.mass_endings.end(scope, name, Reason.ADMIN, CENTER))  # type: ignore[arg-type]
    assert app.find(before) is None
    assert app.find(app.sign_in()) is not None


@pytest.mark.parametrize("change", [{"is_disabled": True}, {"epoch": 1}])
def test_a_disabled_person_or_a_new_password_ends_an_app_token(app: App, change: dict[str, int]) -> None:
    given = app.sign_in()
    app.core.show_copy(app.user, **change)
    assert app.find(given) is None


def test_a_lost_store_makes_nobody_a_thief(app: App) -> None:
    given = app.sign_in()
    chain = given.access_token.partition(".")[0]
    restore = app.core.hot.copy(chain)
    second = app.rotate(given)
    app.core.time.move(2 * HOUR)
    found = app.ask(second)
    assert found is not None
    assert found.successor is not None
    restore()
    assert app.ask(found.successor) is None
    assert app.find(given) is not None


# A limit on sessions counts apps too


@pytest.fixture
def three_at_most(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[App]:
    settings = {"SSO_SESSIONS_PER_USER": "3", "SSO_SESSIONS_PER_USER_POLICY": request.param}
    with core_in(tmp_path_factory.mktemp("limited"), **settings) as core:
        yield App(core, core.person(), core.site(access_token_format="app"))


@pytest.mark.parametrize("three_at_most", ["refuse"], indirect=True)
def test_where_no_further_session_is_allowed_the_grant_waits_until_one_is(three_at_most: App) -> None:
    app = three_at_most
    opened = app.core.open(app.user)
    first = app.redeem(app.core.code(opened.cookie, app.client), "one")
    app.redeem(app.core.code(opened.cookie, app.client), "two")
    code = app.core.code(opened.cookie, app.client)
    with pytest.raises(GrantRefused) as refused:
        app.redeem(code, "three")
    assert refused.value.reason == "too_many_sessions"
    assert app.find(first) is not None
    # A login on the same device takes the place of the one before.
    assert app.redeem(code, "one").ended == (sid_of(first),)


@pytest.mark.parametrize("three_at_most", ["end_oldest"], indirect=True)
def test_the_least_recently_seen_makes_room_and_is_named(three_at_most: App) -> None:
    app = three_at_most
    opened = app.core.open(app.user)
    app.core.time.move(MINUTE)
    first = app.redeem(app.core.code(opened.cookie, app.client), "one")
    app.core.time.move(MINUTE)
    app.redeem(app.core.code(opened.cookie, app.client), "two")
    app.core.time.move(MINUTE)
    last = app.redeem(app.core.code(opened.cookie, app.client), "three")
    assert last.ended == (sid_of(first),)
    assert app.find(last) is not None
    assert app.core.services.sessions.visit(opened.cookie).session is not None


def test_an_app_tokens_use_is_recorded_once_a_minute_for_each_api(core: Core) -> None:
    stock, films = core.site(), core.site()
    phone = App(
        core,
        core.person(),
        core.site(access_token_format="app", audiences=(stock.client_id, films.client_id)),
    )
    given = phone.sign_in()
    find = core.services.tokens.find_active
    for _ in range(3):
        for api in (stock, films):
            core.time.move(SECOND)
            assert find(given.access_token, asker=api)
    # A stranger learns nothing and leaves no trace, and nor does who asks for nobody.
    find(given.access_token, asker=core.site())
    find(given.access_token)
    assert used_at(core, given) == [films.client_id, stock.client_id]
    core.time.move(MINUTE)
    assert find(given.access_token, asker=films)
    # Still one step of it: it only was again where it was last.
    assert used_at(core, given) == [films.client_id, stock.client_id]
    assert find(given.access_token, asker=stock)
    assert used_at(core, given) == [stock.client_id, films.client_id, stock.client_id]


def used_at(core: Core, given: Redeemed) -> list[str]:
    return [step.client_id for step in core.services.sessions.steps(sid_of(given)) if step.client_id]
