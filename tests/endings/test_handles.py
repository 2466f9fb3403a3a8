"""A participant's handle: what its protocol calls the session there, from the join to the notice."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import delete, select, text, update

from sso_center.base.actor import Actor
from sso_center.base.errors import Conflict, Invalid
from sso_center.core.clients import Client
from sso_center.core.grants import GrantRefused, Replayed
from sso_center.core.notices import Delivery
from sso_center.core.reasons import Reason
from sso_center.protocols.table import FACADES as WITHOUT_TICKETS
from sso_center.services import build_services
from sso_center.storage.schema import clients, meta, notices
from tests.endings.conftest import Books, follow, job_runner_of, sign_in
from tests.extending.center_with_tickets import FACADES
from tests.harness.core import REDIRECT, Core, core_in
from tests.harness.receiver import Receiver
from tests.harness.waiting import eventually


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Core]:
    """A core that speaks tickets too."""
    folder = tmp_path_factory.mktemp("core")
    with core_in(folder, facades=FACADES, SSO_ALLOW_PRIVATE_ADDRESSES="yes") as core:
        yield core


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def own_receiver() -> Iterator[Receiver]:
    """A receiver that hears of one test alone."""
    with Receiver() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def wiki(core: Core, receiver: Receiver) -> Client:
    """A site that speaks tickets."""
    return ticket_site(core, "https://wiki.example/", backchannel_logout_uri=receiver.uri)


def ticket_site(core: Core, service: str, **registration: object) -> Client:
    return core.site(protocol="tickets", protocol_settings={"service": service}, **registration)


FROM_A_NEWER_CENTER = {"v": 9, "realm": "x"}


def of_a_newer_center(core: Core, service: str) -> Client:
    """Register a site, and store its settings as no center of today reads them. The test removes it."""
    site = ticket_site(core, service)
    with core.services.database.write() as connection:
        change = update(clients).where(clients.c.client_id == site.client_id)
        connection.execute(change.values(protocol_settings=FROM_A_NEWER_CENTER))
    core.services.clients.reload()
    return site


def deliver(core: Core, books: Books, sid: str) -> None:
    """Deliver what is due, and wait until the notices of a session are confirmed."""
    services = core.services
    delivery = Delivery(
        services.outbox, services.clients, services.notice_sender, services.sessions, services.clock
    )
    delivery.deliver_due()
    eventually(lambda: [row.state for row in books.notices(sid=sid)] == ["confirmed"], what="the receipt")
    delivery.close()


# From the join to the notice


def test_a_handle_comes_back_when_the_session_is_closed_and_is_kept_with_the_notice(
    core: Core, books: Books, wiki: Client, shop: Client
) -> None:
    held = sign_in(core, shop)
    core.code(held.cookie, wiki, handle="index-1")
    ending = core.services.endings.end_session(held.sid, Reason.LOGOUT, "me")
    assert ending is not None
    assert ending.handles == {wiki.client_id: "index-1"}
    rows = {row.client_id: (row.protocol, row.handle) for row in books.notices(sid=held.sid)}
    assert rows == {wiki.client_id: ("tickets", "index-1"), shop.client_id: ("oidc", "")}


def test_a_notice_names_the_handle_though_redis_lost_everything(
    core: Core, books: Books, own_receiver: Receiver
) -> None:
    site = ticket_site(core, "https://lost.example/", backchannel_logout_uri=own_receiver.uri)
    held = sign_in(core)
    core.code(held.cookie, site, handle="index-2")
    core.services.endings.end_session(held.sid, Reason.LOGOUT, "me")
    core.services.redis.command(held.user.shard, "FLUSHALL")
    deliver(core, books, held.sid)
    (told,) = own_receiver.deliveries
    assert "<ticket>index-2</ticket>" in told.body


def test_the_latest_handle_counts(core: Core, books: Books, wiki: Client) -> None:
    held = sign_in(core)
    for handle in ("first", "second"):
        core.code(held.cookie, wiki, handle=handle)
    core.services.endings.end_session(held.sid, Reason.LOGOUT, "me")
    assert [row.handle for row in books.notices(sid=held.sid)] == ["second"]


def test_a_client_that_leaves_is_told_by_its_handle(core: Core, books: Books, wiki: Client) -> None:
    held = sign_in(core)
    core.code(held.cookie, wiki, handle="left")
    core.services.endings.leave(held.sid, wiki.client_id, "me")
    assert [row.handle for row in books.notices(sid=held.sid)] == ["left"]
    assert core.record(held.sid, "handles", held.sid) == {}


def test_a_client_that_joins_anew_has_no_handle_of_its_former_join(core: Core, wiki: Client) -> None:
    held = sign_in(core)
    core.code(held.cookie, wiki, handle="former")
    # What a worker of version 1c80983 does when the client leaves: it knows of no handles.
    core.hot.lose(held.user.shard, "participants", held.sid)
    core.code(held.cookie, wiki)
    assert core.record(held.sid, "handles", held.sid) == {}


def test_a_cut_off_of_a_client_tells_it_by_its_handles(core: Core, books: Books, receiver: Receiver) -> None:
    site = ticket_site(core, "https://cut.example/", backchannel_logout_uri=receiver.uri)
    held = sign_in(core)
    core.code(held.cookie, site, handle="cut")
    core.services.mass_endings.cut_off("client", site.client_id, Reason.ADMIN, "me")
    follow(core)
    while job_runner_of(core).step(5.0):
        pass
    assert [row.handle for row in books.notices(sid=held.sid)] == ["cut"]


def test_a_removed_client_is_told_in_its_own_protocol(
    core: Core, books: Books, own_receiver: Receiver
) -> None:
    site = ticket_site(core, "https://removed.example/", backchannel_logout_uri=own_receiver.uri)
    held = sign_in(core)
    core.code(held.cookie, site, handle="removed")
    core.services.administration.clients.remove(Actor("boss"), site.client_id)
    follow(core)
    while job_runner_of(core).step(5.0):
        pass
    deliver(core, books, held.sid)
    (told,) = own_receiver.deliveries
    assert "<ticket>removed</ticket>" in told.body


def test_removed_clients_are_remembered_as_older_workers_read_them(core: Core) -> None:
    site, other = core.site(), ticket_site(core, "https://both.example/")
    for client in (site, other):
        core.services.administration.clients.remove(Actor("boss"), client.client_id)
    with core.services.database.read() as connection:
        # All that version 1c80983 reads, and every field that it knows.
        rows = connection.execute(select(meta).where(meta.c.key.startswith("former-client:"))).all()
    known = (
        "id",
        "client_id",
        "name",
        "backchannel_logout_uri",
        "id_token_alg",
        "actor",
        "removed_at",
        "until",
        "audiences",
    )
    read = {row.key.partition(":")[2]: json.loads(row.value) for row in rows}
    assert set(read[site.client_id]) == set(known)
    assert other.client_id not in read


def test_nothing_of_a_handle_is_left_of_an_ended_session(core: Core, wiki: Client) -> None:
    held = sign_in(core)
    core.code(held.cookie, wiki, handle="gone")
    assert core.record(held.sid, "handles", held.sid) == {wiki.client_id: "gone"}
    core.services.endings.end_session(held.sid, Reason.LOGOUT, "me")
    assert core.record(held.sid, "handles", held.sid) == {}


def test_an_older_worker_finds_the_moment_of_the_join_beside_a_handle(core: Core, wiki: Client) -> None:
    held = sign_in(core)
    core.code(held.cookie, wiki, handle="named")
    joined = core.record(held.sid, "participants", held.sid)
    assert float(joined[wiki.client_id]) >= core.time.now - 1


# Tickets


def test_a_ticket_is_validated_once_and_by_its_client_alone(core: Core, wiki: Client) -> None:
    held = sign_in(core)
    ticket = core.code(held.cookie, wiki)
    grants = core.services.grants
    for client_id, redirect_uri in (("another", REDIRECT), (wiki.client_id, "https://wiki.example/else")):
        with pytest.raises(GrantRefused):
            grants.validate(ticket, client_id=client_id, redirect_uri=redirect_uri)
    found = grants.validate(ticket, client_id=wiki.client_id, redirect_uri=REDIRECT, handle=ticket)
    assert (found.session.sid, found.scope) == (held.sid, ("openid",))
    assert core.record(held.sid, "handles", held.sid) == {wiki.client_id: ticket}
    with pytest.raises(Replayed) as replayed:
        grants.validate(ticket, client_id=wiki.client_id, redirect_uri=REDIRECT)
    assert (replayed.value.sub, replayed.value.sid) == (held.user.sub, held.sid)


def test_a_ticket_of_a_former_join_is_no_replay(core: Core, wiki: Client) -> None:
    held = sign_in(core)
    grants = core.services.grants
    former = core.code(held.cookie, wiki)
    grants.validate(former, client_id=wiki.client_id, redirect_uri=REDIRECT)
    core.services.endings.leave(held.sid, wiki.client_id, "me")
    for is_back in (False, True):
        if is_back:
            core.code(held.cookie, wiki)
        with pytest.raises(GrantRefused) as refused:
            grants.validate(former, client_id=wiki.client_id, redirect_uri=REDIRECT)
        assert type(refused.value) is GrantRefused


@pytest.mark.parametrize("ticket", ["", "zz", "00" + "x" * 300])
def test_what_is_no_ticket_is_refused(core: Core, wiki: Client, ticket: str) -> None:
    with pytest.raises(GrantRefused):
        core.services.grants.validate(ticket, client_id=wiki.client_id, redirect_uri=REDIRECT)


def test_a_ticket_of_an_ended_session_is_refused(core: Core, wiki: Client) -> None:
    held = sign_in(core)
    ticket = core.code(held.cookie, wiki)
    core.services.endings.end_session(held.sid, Reason.LOGOUT, "me")
    with pytest.raises(GrantRefused):
        core.services.grants.validate(ticket, client_id=wiki.client_id, redirect_uri=REDIRECT)


# Rows of before, and protocols that are gone


def test_a_notice_of_an_older_worker_is_told_in_the_words_of_openid_connect(
    core: Core, books: Books, own_receiver: Receiver
) -> None:
    site = core.site(backchannel_logout_uri=own_receiver.uri)
    held = sign_in(core, site)
    ending = core.services.endings.end_session(held.sid, Reason.LOGOUT, "me")
    assert ending is not None
    with core.services.database.write() as connection:
        connection.execute(delete(notices).where(notices.c.sid == held.sid))
        # What a worker of version 1c80983 writes.
        connection.execute(
            text(
                "INSERT INTO notices (number, client_id, sid, sub, state, attempts, next_attempt_at,"
                " leased_until, created_at) VALUES (:number, :client, :sid, :sub, 'pending', 0, 0, 0, :at)"
            ),
            {
                "number": ending.number,
                "client": site.client_id,
                "sid": held.sid,
                "sub": held.user.sub,
                "at": core.time.now,
            },
        )
    deliver(core, books, held.sid)
    assert [one.claims["sid"] for one in own_receiver.deliveries] == [held.sid]


def test_a_notice_in_a_protocol_that_is_not_spoken_any_more_is_kept_and_says_so(
    core: Core, books: Books, wiki: Client
) -> None:
    services = build_services(core.services.settings, WITHOUT_TICKETS, clock=core.time)
    receipt = services.notice_sender.send(wiki, sub="u", sid="s", protocol="tickets")
    services.close()
    assert (receipt.is_confirmed, receipt.error) == (False, "the center does not speak tickets")


# Clients by their addresses


@pytest.mark.parametrize(
    ("address", "is_found"),
    [
        ("https://here.example/app/", True),
        ("https://here.example/app/page?a=/../b", True),
        ("https://here.example/app", False),
        ("https://here.example/apple", False),
        ("https://here.example.evil.example/app/", False),
        ("http://here.example/app/", False),
        ("https://here.example/app/../other", False),
        ("https://here.example/app/%2e%2E/other", False),
        ("https://here.example/app/..;/other", False),
        ("https://here.example/app/\\..\\other", False),
        ("https://here.example/app/..", False),
        ("https://here.example/app/page#part", False),
        ("https://here.example/app/a\r\nSet-Cookie: x=y", False),
        ("https://here.example/app/" + "a" * 3000, False),
        ("", False),
    ],
)
def test_a_client_is_found_below_its_prefix_alone(core: Core, address: str, is_found: bool) -> None:
    here = core.services.clients.find_by_address("tickets", "https://here.example/app/")
    here = here or ticket_site(core, "https://here.example/app/")
    found = core.services.clients.find_by_address("tickets", address)
    assert (found == here) is is_found
    assert core.services.clients.find_by_address("oidc", address) is None


def test_the_longest_prefix_wins(core: Core) -> None:
    wide, narrow = (ticket_site(core, f"https://two.example/{path}") for path in ("", "deep/"))
    find = core.services.clients.find_by_address
    assert find("tickets", "https://two.example/x") == wide
    assert find("tickets", "https://two.example/deep/x") == narrow


def test_an_address_belongs_to_one_client_and_a_prefix_is_closed(core: Core) -> None:
    ticket_site(core, "https://taken.example/")
    with pytest.raises(Conflict, match=r"taken\.example"):
        ticket_site(core, "https://taken.example/")
    for open_end in ("https://open.example", "https://open.example/app"):
        with pytest.raises(Invalid, match="slash"):
            ticket_site(core, open_end)


def test_what_two_clients_claim_belongs_to_neither(core: Core) -> None:
    first, second = (ticket_site(core, f"https://{name}-claim.example/") for name in ("one", "other"))
    with core.services.database.write() as connection:
        # Two processes that registered it in the same instant.
        both = connection.execute(select(clients).where(clients.c.client_id == first.client_id)).one()
        change = update(clients).where(clients.c.client_id == second.client_id)
        connection.execute(change.values(protocol_settings=both.protocol_settings))
    core.services.clients.reload()
    assert core.services.clients.find_by_address("tickets", "https://one-claim.example/") is None


# Registering


def test_settings_of_a_protocol_are_kept_by_name_with_a_version(core: Core, wiki: Client) -> None:
    with core.services.database.read() as connection:
        row = connection.execute(select(clients).where(clients.c.client_id == wiki.client_id)).one()
    assert (row.protocol, row.protocol_settings) == ("tickets", {"v": 1, "service": "https://wiki.example/"})
    moved = core.services.clients.update(wiki.client_id, name="Moved")
    assert moved == replace(wiki, name="Moved", version=2)
    with pytest.raises(Invalid):
        core.services.clients.update(wiki.client_id, protocol_settings={"service": 7})


@pytest.mark.parametrize(
    ("registration", "field"),
    [
        ({"protocol": "gopher"}, "protocol"),
        ({"protocol": "endings"}, "protocol"),
        ({"protocol_settings": {"service": "x"}}, "protocol_settings"),
        ({"protocol": "tickets"}, "protocol_settings"),
    ],
)
def test_what_a_protocol_does_not_take_is_refused(
    core: Core, registration: dict[str, object], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        core.site(**registration)
    assert refused.value.field == field


def test_a_client_does_not_come_to_speak_another_protocol(core: Core, shop: Client) -> None:
    with pytest.raises(Invalid) as refused:
        core.services.clients.update(shop.client_id, protocol="tickets")
    assert refused.value.field == "protocol"


def test_settings_that_nobody_can_read_hide_one_client_and_no_other(core: Core, shop: Client) -> None:
    broken = of_a_newer_center(core, "https://broken.example/")
    assert core.services.clients.find_by_address("tickets", "https://broken.example/") is None
    assert core.services.clients.get(shop.client_id) == shop
    core.services.clients.remove(broken.client_id)


def test_settings_of_a_newer_center_are_not_overwritten_by_another_change(core: Core) -> None:
    newer = of_a_newer_center(core, "https://newer.example/")
    with pytest.raises(Invalid, match="newer center"):
        core.services.clients.update(newer.client_id, name="Renamed")
    core.services.clients.rotate_secret(newer.client_id)
    with core.services.database.read() as connection:
        row = connection.execute(select(clients).where(clients.c.client_id == newer.client_id)).one()
    assert row.protocol_settings == FROM_A_NEWER_CENTER
    mended = core.services.clients.update(
        newer.client_id, protocol_settings={"service": "https://newer.example/"}
    )
    assert core.services.clients.find_by_address("tickets", "https://newer.example/") == mended
    core.services.clients.remove(newer.client_id)


def test_no_address_is_registered_while_those_of_another_client_can_not_be_read(core: Core) -> None:
    other = ticket_site(core, "https://other.example/")
    hidden = of_a_newer_center(core, "https://hidden.example/")
    with pytest.raises(Conflict, match=hidden.client_id):
        ticket_site(core, "https://hidden.example/")
    with pytest.raises(Conflict, match=hidden.client_id):
        core.services.clients.update(
            other.client_id, protocol_settings={"service": "https://hidden.example/"}
        )
    assert core.services.clients.update(other.client_id, name="Renamed").name == "Renamed"
    assert core.site().protocol == "oidc"
    core.services.clients.remove(hidden.client_id)
    ticket_site(core, "https://hidden.example/")
