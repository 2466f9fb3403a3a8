"""A site that takes a notice badly is told of as such, and holds a courier's thread for a known time only."""

import gc
import socket
import time
import warnings
from collections.abc import Callable, Iterator

import pytest

from sso_center.base.errors import Invalid
from sso_center.base.urls import resolve_public
from sso_center.core.notices import Poster
from tests.harness.receiver import Receiver
from tests.harness.serving import serving

PATIENCE = 0.5
LONG = 20 * PATIENCE
"""For how long these sites go on when nobody cuts them off, in seconds."""


def drip(site: socket.socket, begin: bytes, piece: bytes) -> None:
    """Answer for ever, with something new long before any timeout of the socket."""
    with site:
        site.recv(65_536)
        site.sendall(begin)
        until = time.monotonic() + LONG
        while time.monotonic() < until:
            site.sendall(piece)
            time.sleep(PATIENCE / 10)


def drip_a_head(site: socket.socket) -> None:
    drip(site, b"HTTP/1.1 200 OK\r\nX-Long: ", b"a")


def go_on_for_ever(site: socket.socket) -> None:
    drip(site, b"", b"HTTP/1.1 100 Continue\r\n\r\n")


def drip_a_handshake(site: socket.socket) -> None:
    drip(site, b"\x16\x03\x03\x3f\xff", b"\x02")


@pytest.fixture(autouse=True)
def no_later_test_finds_what_tls_left_open() -> Iterator[None]:
    """Python's ssl lets go of a socket, unclosed, when the connection is cut just before the handshake."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.mark.parametrize(
    ("answer", "scheme"),
    [(drip_a_head, "http"), (go_on_for_ever, "http"), (drip_a_handshake, "https")],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_a_site_that_never_comes_to_an_end_is_cut_off(
    answer: Callable[[socket.socket], None], scheme: str
) -> None:
    poster = Poster(allow_private=True, patience=PATIENCE)
    with serving(answer) as port, pytest.raises(Invalid) as refused:
        poster.post(f"{scheme}://127.0.0.1:{port}/logout", b"logout_token=x")
    assert refused.value.message == "no answer in time"


@pytest.mark.parametrize(
    "address",
    [
        *(
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f000001",
            "0.0.0.0",
            "localhost",
            "shop.localhost",
            "a.shop.localhost",
            "10.0.0.1",
            "169.254.169.254",
        ),
        *("100.64.0.1", "192.0.0.192", "224.0.0.1", "255.255.255.255", "[::]", "[::1]", "[::ffff:127.0.0.1]"),
        *("[::127.0.0.1]", "[::ffff:0:127.0.0.1]", "[64:ff9b::10.0.0.1]", "[64:ff9b:1::a00:1]"),
        *("[2002:7f00:1::]", "[fc00::1]", "[fe80::1]", "[fec0::1]", "[ff02::1]"),
    ],
)
def test_no_notice_goes_to_an_internal_address_however_it_is_written(address: str) -> None:
    with pytest.raises(Invalid, match="is an internal address"):
        Poster(allow_private=False).post(f"http://{address}:1/logout", b"logout_token=x")


@pytest.mark.parametrize(
    "address",
    [
        *("169.254.169.254", "0xa9fea9fe", "[::ffff:169.254.169.254]", "[64:ff9b::a9fe:a9fe]", "[fe80::1]"),
        *("[fd00:ec2::254]", "100.100.100.200", "192.0.0.192", "0.0.0.0", "[::]", "224.0.0.1", "[ff02::1]"),
    ],
)
def test_no_notice_goes_to_a_metadata_service_even_where_private_addresses_are_allowed(
    address: str,
) -> None:
    with pytest.raises(Invalid, match="is an internal address"):
        Poster(allow_private=True).post(f"http://{address}:1/logout", b"logout_token=x")


@pytest.mark.parametrize("host", ["localhost", "shop.localhost"])
def test_a_name_of_this_machine_is_reached_without_a_resolver(
    host: str, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def knows_nothing(*_: object, **__: object) -> list[tuple[object, ...]]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    url = receiver.uri.replace("127.0.0.1", host)
    monkeypatch.setattr("sso_center.base.urls.socket.getaddrinfo", knows_nothing)
    assert resolve_public(host, 1, allow_private=True) == ["127.0.0.1"]
    monkeypatch.undo()
    assert Poster(allow_private=True).post(url, b"logout_token=x") == 200
    (delivery,) = receiver.deliveries
    assert delivery.headers["Host"] == f"{host}:{receiver.port}"
