"""Which address a request came from, when proxies stand between."""

import ipaddress

import pytest

from sso_center.web.address import address_behind, address_in

PROXIES = tuple(ipaddress.ip_network(one) for one in ("10.0.0.0/8", "2001:db8:ff::/48"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "found"),
    [
        pytest.param("192.0.2.1", ["198.51.100.7"], "192.0.2.1", id="a stranger may claim nothing"),
        pytest.param("10.0.0.1", [], "10.0.0.1", id="a proxy that says nothing"),
        pytest.param("10.0.0.1", ["198.51.100.7"], "198.51.100.7", id="one proxy"),
        pytest.param(
            "10.0.0.1", ["1.2.3.4, 198.51.100.7"], "198.51.100.7", id="what the client itself claims"
        ),
        pytest.param("10.0.0.1", ["1.2.3.4", "198.51.100.7, 10.0.0.2"], "198.51.100.7", id="two proxies"),
        pytest.param("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3", id="proxies only"),
        pytest.param("10.0.0.1", ["198.51.100.7:4711"], "198.51.100.7", id="with a port"),
        pytest.param("10.0.0.1", ["[2001:db8::1]:4711"], "2001:db8::1", id="IPv6 with a port"),
        pytest.param("10.0.0.1", ["2001:db8::1"], "2001:db8::1", id="IPv6"),
        pytest.param("2001:db8:ff::1", ["::ffff:192.0.2.9"], "192.0.2.9", id="IPv4 in IPv6"),
        pytest.param("::ffff:10.0.0.1", ["192.0.2.9"], "192.0.2.9", id="a proxy as IPv4 in IPv6"),
        pytest.param("10.0.0.1", ["unknown"], "10.0.0.1", id="a word"),
        pytest.param("10.0.0.1", ["198.51.100.7, "], "10.0.0.1", id="an empty end"),
        pytest.param("10.0.0.1", ["<script>"], "10.0.0.1", id="markup"),
        pytest.param("10.0.0.1", ["fe80::1%eth0"], "10.0.0.1", id="a zone"),
        pytest.param("", ["198.51.100.7"], "", id="no peer"),
    ],
)
def test_only_what_trusted_proxies_appended_is_believed(peer: str, forwarded: list[str], found: str) -> None:
    assert address_behind(peer, forwarded, PROXIES) == found


@pytest.mark.parametrize(("peer", "found"), [("10.0.0.1", "198.51.100.7"), ("192.0.2.1", "192.0.2.1")])
def test_a_program_is_known_by_the_same_rule(peer: str, found: str) -> None:
    environ = {"REMOTE_ADDR": peer, "HTTP_X_FORWARDED_FOR": "1.2.3.4, 198.51.100.7"}
    assert address_in(environ, PROXIES) == found
    assert address_in(environ, ()) == peer
    assert address_in({"REMOTE_ADDR": peer}, PROXIES) == peer


def test_a_very_long_header_is_read_from_its_end_only() -> None:
    far = "192.0.2.9, " + "10.0.0.2, " * 100_000
    assert address_behind("10.0.0.1", [far + "10.0.0.3"], PROXIES) == "10.0.0.2"
