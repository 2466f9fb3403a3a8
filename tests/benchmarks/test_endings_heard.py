"""The processes that take the time of endings: sites with the SDK, and streams, at a fake center."""

import time
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

import pytest

from benchmarks.browser import Browser
from benchmarks.processes import NOWHERE, Service
from benchmarks.side import Client, Endpoints, Side
from benchmarks.sites import Place, Site, serving
from benchmarks.streams import subscribed
from benchmarks.wire import Origin, RefusedError
from client_sdk.core.http.transport import HttpResponse
from client_sdk.testing import FakeCenter, Person
from tests.harness.waiting import eventually

SHOP = Client("shop", "secret")


@pytest.fixture
def center() -> Iterator[FakeCenter]:
    with FakeCenter() as center:
        yield center


@pytest.fixture
def streams(center: FakeCenter, monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """Behind which position each stream at the center began."""
    begun: list[str | None] = []
    stream = center.journal.stream

    def begin(query: str) -> HttpResponse | Iterator[bytes]:
        begun.append(dict(parse_qsl(query)).get("after"))
        return stream(query)

    monkeypatch.setattr(center.journal, "stream", begin)
    return begun


def _side(center: FakeCenter) -> Side:
    host = urlsplit(center.issuer).netloc
    origin = Origin(int(host.rpartition(":")[2]), host)
    return Side("fake", origin, SHOP, SHOP, Endpoints("", "", "", ""), (), (), Service((), NOWHERE))


def test_each_process_of_a_site_tells_when_it_lets_nobody_in_any_more(
    center: FakeCenter, streams: list[str | None]
) -> None:
    side, site = _side(center), Site(SHOP, Place.take("shop"))
    with site.place.listener, serving(side, [site], processes=2) as processes:
        center.log_in(Person("alice"))
        processes.watch({"shop": site.join(side, Browser(side.origin))})
        eventually(lambda: len(streams) == 2)
        began = time.monotonic()
        center.log_out()
        moments = processes.refusals(20.0)
        assert len(moments) == len(processes) == 2
        assert all(began <= moment <= time.monotonic() for moment in moments)
        with pytest.raises(RefusedError, match="2 processes answer 303"):
            processes.watch({"shop": "sso-shop=of-nobody"})


def test_every_stream_is_asked_when_it_heard_of_an_ending(center: FakeCenter) -> None:
    with subscribed(_side(center), [SHOP, Client("blog", "secret")], 5) as subscribers:
        for number in (1, 2):
            center.log_in(Person("alice"))
            began = time.monotonic()
            center.log_out()
            moments = subscribers.heard(number, 20.0)
            assert len(moments) == 5
            assert all(began <= moment <= time.monotonic() for moment in moments)


def test_a_center_without_streams_is_no_center_to_measure(center: FakeCenter) -> None:
    center.has_feed = False
    with pytest.raises(RefusedError, match="no stream"), subscribed(_side(center), [SHOP], 1):
        pass
