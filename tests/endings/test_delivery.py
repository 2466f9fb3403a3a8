"""Delivering notices to real sites: what each is sent, how many at once, and what comes of a bad answer."""

import threading
import time as real
from collections import Counter
from collections.abc import Callable, Iterator

import jwt
import pytest

from sso_center.core.clients import Client
from sso_center.core.notices import Delivery, NoticeSender, Poster
from sso_center.core.notices.delivery import AT_ONCE_BY_CLIENT, WORKERS
from sso_center.core.notices.outbox import LEASE, retry_after
from sso_center.core.reasons import Reason
from sso_center.protocols.table import FACADES
from tests.endings.conftest import Books, Held, sign_in
from tests.harness.core import MINUTE, Core
from tests.harness.ports import free_port
from tests.harness.receiver import REDIRECTS, Receiver
from tests.harness.waiting import eventually

ISSUER = "https://sso.example"


@pytest.fixture
def new_delivery(core: Core, books: Books) -> Iterator[Callable[[], Delivery]]:
    """Make deliveries of couriers; they are closed after the test, and what is left over with them."""
    mine: list[Delivery] = []

    def make() -> Delivery:
        mine.append(delivery_of(core))
        return mine[-1]

    yield make
    for delivery in mine:
        delivery.close()
    books.close_notices()


@pytest.fixture
def delivery(new_delivery: Callable[[], Delivery]) -> Delivery:
    return new_delivery()


@pytest.fixture
def site(core: Core, receiver: Receiver) -> Client:
    return core.site(backchannel_logout_uri=receiver.uri, id_token_alg="ES256")


def delivery_of(core: Core, on_done: Callable[[], None] = lambda: None) -> Delivery:
    services = core.services
    notice_sender = NoticeSender(
        services.keys, Poster(allow_private=True), ISSUER, services.clock, FACADES.notice_words
    )
    return Delivery(
        services.outbox, services.clients, notice_sender, services.sessions, services.clock, on_done=on_done
    )


def ended(core: Core, *clients: Client) -> Held:
    """End a session that the clients were in."""
    held = sign_in(core, *clients)
    core.services.endings.end_session(held.sid, Reason.LOGOUT, "me")
    return held


def deliver(core: Core, delivery: Delivery, books: Books, held: Held, attempts: int = 1) -> None:
    """Deliver what is due and wait for the receipts."""
    delivery.deliver_due()
    eventually(
        lambda: all(
            row.attempts == attempts and row.leased_until == 0 for row in books.notices(sid=held.sid)
        ),
        what="the receipts",
    )


def states(books: Books, held: Held) -> list[tuple[str, int | None, str]]:
    return [(row.state, row.status_code, row.last_error) for row in books.notices(sid=held.sid)]


def settled(count: Callable[[], int], wanted: int) -> None:
    """See that so many come, and that no more do."""
    eventually(lambda: count() >= wanted, what=f"{wanted} deliveries")
    real.sleep(0.3)
    assert count() == wanted


# What a site is sent


@pytest.mark.parametrize("algorithm", ["ES256", "RS256", "EdDSA"])
def test_a_site_is_sent_a_logout_token_as_the_standard_has_it(
    core: Core, books: Books, delivery: Delivery, receiver: Receiver, algorithm: str
) -> None:
    site = core.site(backchannel_logout_uri=f"{receiver.uri}?tenant=a%20b", id_token_alg=algorithm)
    held = ended(core, site)
    deliver(core, delivery, books, held)
    (sent,) = receiver.deliveries
    assert sent.path == "/backchannel-logout?tenant=a%20b"
    assert sent.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert sent.headers["Host"] == f"127.0.0.1:{receiver.port}"

    header = jwt.get_unverified_header(sent.logout_token)
    assert (header["typ"], header["alg"]) == ("logout+jwt", algorithm)
    keys = jwt.PyJWKSet.from_dict({"keys": core.services.keys.jwks()})
    claims = jwt.decode(
        sent.logout_token,
        keys[header["kid"]].key,
        algorithms=[algorithm],
        audience=site.client_id,
        issuer=ISSUER,
        options={"verify_exp": False, "verify_iat": False},
    )
    now = core.time.now // 1000
    assert (claims["iat"], claims["exp"]) == (now, now + 120)
    assert (claims["sub"], claims["sid"]) == (held.user.sub, held.sid)
    assert claims["events"] == {"http://schemas.openid.net/event/backchannel-logout": {}}
    assert len(claims["jti"]) > 16
    # A nonce would let it be taken for an ID token.
    assert set(claims) == {"iss", "aud", "iat", "exp", "jti", "sub", "sid", "events"}
    assert states(books, held) == [("confirmed", 200, "")]


@pytest.mark.parametrize("status", [200, 204])
def test_a_good_answer_is_a_receipt(
    core: Core, books: Books, delivery: Delivery, receiver: Receiver, site: Client, status: int
) -> None:
    receiver.answer(status)
    held = ended(core, site)
    deliver(core, delivery, books, held)
    assert states(books, held) == [("confirmed", status, "")]


@pytest.mark.parametrize("status", [201, 400, 404, 500, 503])
def test_an_error_answer_is_no_receipt_and_the_retry_sends_a_fresh_logout_token(
    core: Core, books: Books, delivery: Delivery, receiver: Receiver, site: Client, status: int
) -> None:
    receiver.answer(status)
    held = ended(core, site)
    deliver(core, delivery, books, held)
    assert states(books, held) == [("pending", status, f"answered {status}")]
    assert delivery.deliver_due() == 0

    receiver.answer(200)
    core.time.move(retry_after(1, 0))
    deliver(core, delivery, books, held, attempts=2)
    assert states(books, held) == [("confirmed", 200, "")]
    first, second = (sent.claims for sent in receiver.deliveries)
    assert first["jti"] != second["jti"]
    assert second["iat"] == core.time.now // 1000


@pytest.mark.parametrize("status", REDIRECTS)
def test_a_redirect_leads_nowhere(
    core: Core, books: Books, delivery: Delivery, receiver: Receiver, site: Client, status: int
) -> None:
    receiver.answer(status)
    held = ended(core, site)
    deliver(core, delivery, books, held)
    assert [sent.path for sent in receiver.deliveries] == ["/backchannel-logout"]
    assert states(books, held) == [("pending", status, f"answered {status}")]


def test_a_notice_to_a_site_that_does_not_listen_is_retried(
    core: Core, books: Books, delivery: Delivery
) -> None:
    held = ended(core, core.site(backchannel_logout_uri=f"http://127.0.0.1:{free_port()}/logout"))
    deliver(core, delivery, books, held)
    assert states(books, held) == [("pending", None, "connection refused")]


def test_a_site_without_an_address_any_more_gets_no_notice(
    core: Core, books: Books, delivery: Delivery, receiver: Receiver, site: Client
) -> None:
    held = ended(core, site)
    core.services.clients.update(site.client_id, backchannel_logout_uri=None)
    deliver(core, delivery, books, held)
    assert states(books, held) == [("pending", None, "the client has no logout address")]
    core.services.clients.remove(site.client_id)
    core.time.move(MINUTE)
    deliver(core, delivery, books, held, attempts=2)
    assert receiver.deliveries == []


# How many at once


def test_at_most_two_notices_at_once_go_to_a_site_and_no_site_waits_for_another(
    core: Core, books: Books, delivery: Delivery, receiver: Receiver, site: Client
) -> None:
    receiver.hang()
    for _ in range(AT_ONCE_BY_CLIENT + 3):
        ended(core, site)
    delivery.deliver_due()
    settled(lambda: len(receiver.deliveries), AT_ONCE_BY_CLIENT)

    with Receiver() as quick:
        held = ended(core, core.site(backchannel_logout_uri=quick.uri), site)
        delivery.deliver_due()
        quick.wait_for(1, sid=held.sid)
    assert delivery.deliver_due() == 0
    assert len(receiver.deliveries) == AT_ONCE_BY_CLIENT


def test_no_more_deliveries_run_than_there_are_workers(
    core: Core, delivery: Delivery, receiver: Receiver
) -> None:
    receiver.hang()
    sites = [core.site(backchannel_logout_uri=f"{receiver.uri}?{n}") for n in range(WORKERS // 2 + 3)]
    for _ in range(AT_ONCE_BY_CLIENT):
        ended(core, *sites)
    assert delivery.deliver_due() == WORKERS
    settled(lambda: len(receiver.deliveries), WORKERS)
    by_site = Counter(sent.path for sent in receiver.deliveries)
    assert max(by_site.values()) <= AT_ONCE_BY_CLIENT


def test_the_end_of_a_delivery_is_told_so_that_the_next_may_begin(
    core: Core, books: Books, receiver: Receiver, site: Client
) -> None:
    is_done = threading.Event()
    delivery = delivery_of(core, on_done=is_done.set)
    all_held = [ended(core, site) for _ in range(AT_ONCE_BY_CLIENT + 3)]
    while any(row.state == "pending" for held in all_held for row in books.notices(sid=held.sid)):
        is_done.clear()
        if delivery.deliver_due():
            assert is_done.wait(60)
    delivery.close()
    assert len(receiver.deliveries) == len(all_held)


def test_two_couriers_send_each_notice_once(
    core: Core, books: Books, new_delivery: Callable[[], Delivery], receiver: Receiver, site: Client
) -> None:
    all_held = [ended(core, site) for _ in range(20)]
    couriers = [new_delivery() for _ in range(2)]

    def work(courier: Delivery) -> None:
        while any(row.state == "pending" for one in all_held for row in books.notices(sid=one.sid)):
            courier.deliver_due()

    threads = [threading.Thread(target=work, args=(courier,)) for courier in couriers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert Counter(sent.claims["sid"] for sent in receiver.deliveries) == dict.fromkeys(
        (one.sid for one in all_held), 1
    )


def test_a_notice_leased_by_a_dead_courier_is_delivered_by_another(
    core: Core, books: Books, delivery: Delivery, receiver: Receiver, site: Client
) -> None:
    held = ended(core, site)
    assert len(core.services.outbox.lease(core.time.now, limit=10, not_for=())) == 1
    assert delivery.deliver_due() == 0
    core.time.move(LEASE)
    deliver(core, delivery, books, held)
    assert states(books, held) == [("confirmed", 200, "")]
