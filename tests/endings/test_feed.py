"""What the feed tells, to whom, and that it tells everything."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import delete, update

from sso_center.base.actor import Actor
from sso_center.base.errors import Unavailable
from sso_center.core.clients import Client
from sso_center.core.feed import Feed, Page, Position
from sso_center.core.feed import feed as feed_module
from sso_center.core.feed.recent_entries import KEPT, FeedEvent, RecentEntries
from sso_center.core.journal import EntryApplier
from sso_center.core.journal_rows import append_entries, append_entry
from sso_center.core.reasons import CENTER, Reason
from sso_center.core.upkeep.restore import Restore
from sso_center.core.users import users as users_module
from sso_center.storage.schema import journal, meta
from tests.endings.conftest import Books, sign_in
from tests.harness.core import MINUTE, Core, core_in
from tests.harness.rounds import rounds
from tests.servers.postgres import PostgresServer


def feed_of(core: Core) -> Feed:
    """Return the feed of one more process."""
    services = core.services
    return Feed(
        services.database,
        services.clients,
        services.users,
        services.applier,
        lambda lineage, entry: f"{entry.kind} {entry.sid or entry.sub}".encode(),
    )


@dataclass
class Listening:
    """A feed that begins to listen now."""

    core: Core
    feed: Feed = field(init=False)
    start: Position = field(init=False)

    def __post_init__(self) -> None:
        self.feed = feed_of(self.core)
        self.start = self.feed.since("nobody", None).position

    def told(self, client: Client) -> list[str]:
        """Return what a client was told since."""
        page = self.feed.since(client.client_id, self.start)
        assert page.is_whole
        return [one.event.decode() for one in page.entries]

    def who_was_told(self, *clients: Client) -> list[bool]:
        """Say of each client whether it was told anything since."""
        return [bool(self.told(client)) for client in clients]


@pytest.fixture
def listening(core: Core) -> Listening:
    return Listening(core)


@pytest.fixture(scope="module")
def api(core: Core) -> Client:
    """An API that the app's tokens are for."""
    return core.site()


@pytest.fixture(scope="module")
def app(core: Core, api: Client) -> Client:
    """A site whose tokens are for an API."""
    return core.site(audiences=(api.client_id,))


# Who is told of what


def test_the_feed_without_a_position_answers_the_present_one(core: Core, shop: Client) -> None:
    held = sign_in(core, shop)
    core.services.endings.end_session(held.sid, Reason.LOGOUT, CENTER)
    page = feed_of(core).since(shop.client_id, None)
    assert page == Page(
        Position(core.services.entries.lineage(), core.services.entries.head()), is_whole=True
    )


def test_an_ending_is_sent_to_its_participants_and_to_nobody_else(
    core: Core, listening: Listening, shop: Client, forum: Client, mute: Client
) -> None:
    held = sign_in(core, shop, mute)
    core.services.endings.end_session(held.sid, Reason.LOGOUT, CENTER)
    assert listening.told(shop) == listening.told(mute) == [f"ending {held.sid}"]
    assert listening.told(forum) == []


def test_an_ending_is_told_to_the_apis_that_tokens_were_for(
    core: Core, listening: Listening, app: Client, api: Client, shop: Client
) -> None:
    held = sign_in(core, app)
    core.services.endings.end_session(held.sid, Reason.LOGOUT, CENTER)
    assert listening.who_was_told(app, api, shop) == [True, True, False]


def test_a_client_that_is_removed_later_leaves_nothing_untold(core: Core, listening: Listening) -> None:
    api = core.site()
    app = core.site(audiences=(api.client_id,))
    held = sign_in(core, app)
    core.services.endings.end_session(held.sid, Reason.LOGOUT, CENTER)
    core.services.clients.remove(app.client_id)
    assert listening.told(app) == listening.told(api) == [f"ending {held.sid}"]


def test_the_apis_of_a_removed_client_hear_that_its_tokens_count_no_more(
    core: Core, listening: Listening, shop: Client
) -> None:
    api = core.site()
    app = core.site(audiences=(api.client_id,))
    sign_in(core, app)
    core.services.administration.clients.remove(Actor("cli"), app.client_id)
    assert [len(listening.told(api)), len(listening.told(shop))] == [1, 0]


def test_a_removed_person_is_told_to_everyone_and_unknown_before_that(
    core: Core, listening: Listening, shop: Client, mute: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = sign_in(core, shop)
    with monkeypatch.context() as crash:
        crash.setattr(users_module, "write_copy", lambda *_, **__: None)
        core.services.users.remove(held.user.sub, "cli")
    assert core.is_alive(shop, held.sid)
    assert listening.who_was_told(shop, mute) == [True, True]
    assert not core.is_alive(shop, held.sid)


def test_an_entry_that_does_not_name_the_apis_is_told_to_those_of_now(
    core: Core, listening: Listening, app: Client, api: Client, shop: Client
) -> None:
    held = sign_in(core, app)
    core.services.endings.end_session(held.sid, Reason.LOGOUT, CENTER)
    with core.services.database.write() as connection:
        old = {"participants": [app.client_id]}
        connection.execute(update(journal).where(journal.c.sid == held.sid).values(detail=old))
    assert listening.who_was_told(app, api, shop) == [True, True, False]


def test_a_site_that_is_left_is_told_so_with_its_apis(
    core: Core, listening: Listening, app: Client, api: Client, shop: Client
) -> None:
    held = sign_in(core, app, shop)
    assert core.services.endings.leave(held.sid, app.client_id, held.user.sub)
    assert listening.who_was_told(app, api, shop) == [True, True, False]


@pytest.mark.parametrize("scope", ["user", "role", "everyone"])
def test_a_cut_off_is_told_to_everyone(
    core: Core, listening: Listening, shop: Client, mute: Client, scope: str
) -> None:
    name = {"user": core.person().sub, "role": "staff"}.get(scope, "")
    core.services.mass_endings.cut_off(scope, name, Reason.ADMIN, "cli")  # type: ignore[arg-type]
    assert listening.who_was_told(shop, mute) == [True, True]


def test_the_cut_off_of_a_client_is_told_to_it_and_its_apis(
    core: Core, listening: Listening, app: Client, api: Client, shop: Client
) -> None:
    core.services.mass_endings.cut_off("client", app.client_id, Reason.ADMIN, "cli")
    assert listening.who_was_told(app, api, shop) == [True, True, False]


@pytest.mark.parametrize("change", ["password", "disabled", "roles", "name"])
def test_a_changed_user_is_told_to_everyone(
    core: Core, listening: Listening, shop: Client, mute: Client, change: str
) -> None:
    user, users = core.person("staff"), core.services.users
    if change == "password":
        users.set_password(user.sub, "a good long password")
    elif change == "disabled":
        users.set_disabled(user.sub, True)
    elif change == "roles":
        users.update(user.sub, roles=())
    else:
        users.update(user.sub, profile={"name": "Another"})
    assert listening.told(shop) == listening.told(mute) == [f"user {user.sub}"]


def test_a_revoked_token_is_told_to_its_client_and_the_apis_it_was_for(
    core: Core, listening: Listening, app: Client, api: Client, shop: Client
) -> None:
    held = sign_in(core, shop)
    given = core.services.tokens.find_revocable(core.token(held.cookie, app))
    assert given is not None
    core.services.revoker.revoke_token(
        given.jti, sub=given.sub, client_id=app.client_id, until=core.time() + MINUTE, actor="client:x"
    )
    assert listening.who_was_told(app, api, shop) == [True, True, False]


def test_a_revoked_family_is_told_to_its_client_and_the_apis_it_was_for(
    core: Core, listening: Listening, app: Client, api: Client, shop: Client
) -> None:
    user = core.person()
    family = user.shard + "f" * 32
    core.services.revoker.revoke_family(family, sub=user.sub, client_id=app.client_id)
    assert listening.who_was_told(app, api, shop) == [True, True, False]


def test_an_entry_of_an_unknown_kind_is_sent_to_nobody(
    core: Core, listening: Listening, shop: Client
) -> None:
    with core.services.database.write() as connection:
        append_entry(connection, id="of a later version", kind="later", at=core.time(), shard=None)
    assert listening.told(shop) == []
    assert listening.feed.since(shop.client_id, None).position.number == core.services.entries.head()


# What is not whole


def past(core: Core, feed: Feed, number: int) -> Page:
    lineage = core.services.entries.lineage()
    return feed.since("shop", Position(lineage, number))


def entries(core: Core, count: int) -> None:
    rows = [
        {
            "id": f"many:{core.services.entries.head()}:{number}",
            "kind": "revocation",
            "at": core.time(),
            "shard": "00",
            "sub": None,
            "sid": None,
            "client_id": "shop",
            "reason": "revoked",
            "actor": "",
            "detail": {"families": [str(number)], "apis": []},
        }
        for number in range(count)
    ]
    with core.services.database.write() as connection:
        append_entries(connection, rows)


def test_a_page_after_a_position_of_another_lineage_is_not_whole(core: Core, listening: Listening) -> None:
    page = listening.feed.since("shop", Position("another", listening.start.number))
    assert page == Page(listening.start, is_whole=False)


def test_a_position_that_is_still_to_come_is_not_whole(core: Core, listening: Listening) -> None:
    assert past(core, listening.feed, listening.start.number).is_whole
    assert not past(core, listening.feed, listening.start.number + 1).is_whole


def test_a_page_from_before_the_process_began_is_not_whole(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "AT_THE_START", 3)
    entries(core, 5)
    feed, head = feed_of(core), core.services.entries.head()
    assert [past(core, feed, number).is_whole for number in (head - 4, head - 3, head)] == [False, True, True]
    assert len(past(core, feed, head - 3).entries) == 3


def test_events_of_several_pages_come_in_order(core: Core, listening: Listening) -> None:
    entries(core, 2 * feed_module.PAGE + 1)
    head, first = core.services.entries.head(), listening.start.number
    told = listening.feed.news(listening.start)
    assert [one.number for one in told.entries] == list(range(first + 1, head + 1))
    assert told.position.number == head


def test_a_page_with_more_events_than_an_answer_holds_is_not_whole(core: Core, listening: Listening) -> None:
    entries(core, 1001)
    assert not past(core, listening.feed, listening.start.number).is_whole
    assert len(past(core, listening.feed, listening.start.number + 1).entries) == 1000


def test_a_process_that_nobody_asked_for_long_begins_anew(
    core: Core, listening: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "KEPT", 10)
    monkeypatch.setattr(feed_module, "AT_THE_START", 5)
    entries(core, 11)
    assert not past(core, listening.feed, listening.start.number).is_whole
    assert len(past(core, listening.feed, listening.start.number + 6).entries) == 5


def test_the_feed_keeps_only_the_latest_entries() -> None:
    latest = RecentEntries("x", 0)
    for number in range(1, KEPT + 2):
        latest.add([FeedEvent(number, None, b"")], number, str(number))
    low = KEPT + 1 - KEPT * 9 // 10
    assert latest.page(Position("x", low - 1), "shop", KEPT) == Page(Position("x", KEPT + 1), is_whole=False)
    kept = latest.page(Position("x", low), "shop", KEPT)
    assert [one.number for one in kept.entries] == list(range(low + 1, KEPT + 2))


@pytest.fixture
def own_core(tmp_path: Path) -> Iterator[Core]:
    with core_in(tmp_path) as core:
        yield core


def test_a_store_that_was_restored_makes_every_position_unknown(own_core: Core) -> None:
    entries(own_core, 3)
    listening = Listening(own_core)
    with own_core.services.database.write() as connection:
        connection.execute(delete(journal).where(journal.c.number == 3))
        connection.execute(update(meta).where(meta.c.key == "lineage").values(value="restored"))
    page = listening.feed.since("shop", listening.start)
    assert page == Page(Position("restored", 2), is_whole=False)
    entries(own_core, 1)
    assert len(listening.feed.since("shop", page.position).entries) == 1


@pytest.mark.parametrize("how_many_came_since", [0, 1, 2])
def test_the_feed_is_unavailable_for_a_restored_store_with_its_old_lineage(
    own_core: Core, how_many_came_since: int
) -> None:
    entries(own_core, 3)
    listening = Listening(own_core)
    with own_core.services.database.write() as connection:
        connection.execute(delete(journal).where(journal.c.number == 3))
    entries(own_core, how_many_came_since)
    for after in (listening.start, Position(listening.start.lineage, 2), None):
        with pytest.raises(Unavailable):
            listening.feed.since("shop", after)
    services = own_core.services
    restore = Restore(
        services.redis, services.database, services.entries, services.mass_endings, services.clock
    )
    restore.start_over(Actor("cli"))
    page = listening.feed.since("shop", listening.start)
    assert not page.is_whole
    assert page.position.lineage == own_core.services.entries.lineage() != listening.start.lineage
    assert listening.feed.since("shop", page.position).is_whole


# What is heard of is true


def test_a_changed_user_is_known_to_redis_before_anyone_hears_of_it(
    core: Core, listening: Listening, shop: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = sign_in(core, shop)
    with monkeypatch.context() as crash:
        crash.setattr(users_module, "write_copy", lambda *_, **__: None)
        core.services.users.set_disabled(held.user.sub, True)
    assert core.is_alive(shop, held.sid)
    assert listening.told(shop) == [f"user {held.user.sub}"]
    assert not core.is_alive(shop, held.sid)


def test_a_client_has_left_the_session_before_the_feed_says_so(
    core: Core, listening: Listening, shop: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = sign_in(core, shop)
    with monkeypatch.context() as crash:
        crash.setattr(EntryApplier, "apply", lambda *_: None)
        core.services.endings.leave(held.sid, shop.client_id, held.user.sub)
    assert core.is_alive(shop, held.sid)
    assert listening.told(shop) == [f"leave {held.sid}"]
    assert not core.is_alive(shop, held.sid)


def test_the_feed_sends_no_entry_that_could_not_be_applied_and_all_of_them_later(
    core: Core, listening: Listening, shop: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = core.person()
    core.services.users.update(user.sub, roles=("staff",))

    def away(*_: object) -> None:
        raise Unavailable(detail="redis: gone")

    with monkeypatch.context() as outage:
        outage.setattr(feed_module, "apply_user_change", away)
        with pytest.raises(Unavailable):
            listening.told(shop)
    assert listening.told(shop) == [f"user {user.sub}"]


# Everything is told


STORES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.needs_postgresql)]


@pytest.fixture(params=STORES)
def raced(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Core]:
    if request.param == "sqlite":
        with core_in(tmp_path) as core:
            yield core
        return
    with PostgresServer() as server, core_in(tmp_path, SSO_DATABASE_URL=server.new_database()) as core:
        yield core


@pytest.mark.prove
def test_every_acknowledged_ending_is_in_a_later_answer_of_the_feed(raced: Core) -> None:
    shop, feeds = raced.site(), [feed_of(raced), feed_of(raced)]
    start = feeds[0].since(shop.client_id, None).position
    acknowledged: list[int] = []
    missing: list[tuple[int, int]] = []
    stop = threading.Event()

    def take_back(number: int) -> None:
        for _ in range(rounds(200)):
            # On a busy machine SQL may keep somebody waiting for too long: that is not acknowledged.
            with contextlib.suppress(Unavailable):
                cut = raced.services.mass_endings.cut_off("user", f"{number}", Reason.ADMIN, "cli")
                acknowledged.append(cut.number)

    def ask(feed: Feed) -> None:
        while not stop.is_set():
            before = list(acknowledged)
            try:
                page = feed.since(shop.client_id, start)
            except Unavailable:
                continue
            told = {one.number for one in page.entries}
            assert page.is_whole
            missing.extend((number, page.position.number) for number in before if number not in told)

    in_threads(
        [lambda feed=feed: ask(feed) for feed in feeds], [lambda n=n: take_back(n) for n in range(4)], stop
    )
    assert acknowledged
    assert missing == []


def in_threads(
    until: list[Callable[[], None]], work: list[Callable[[], None]], stop: threading.Event
) -> None:
    """Run `work` in threads, and `until` beside it until that is done."""
    beside = [threading.Thread(target=one) for one in until]
    working = [threading.Thread(target=one) for one in work]
    for thread in (*beside, *working):
        thread.start()
    for thread in working:
        thread.join()
    stop.set()
    for thread in beside:
        thread.join()


def test_the_entry_of_an_ending_names_the_apis(core: Core, books: Books, app: Client, api: Client) -> None:
    held = sign_in(core, app)
    core.services.endings.end_session(held.sid, Reason.LOGOUT, CENTER)
    (entry,) = books.journal(sid=held.sid)
    assert entry.detail == {"participants": [app.client_id], "apis": [api.client_id]}
