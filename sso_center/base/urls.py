"""Rules about addresses: what may be registered, what may be called, where a browser may be sent."""

import ipaddress
import socket
from urllib.parse import urlencode, urlsplit

from sso_center.base.errors import Invalid

MAX_URL = 2000
_DEFAULT_PORTS = {"http": 80, "https": 443}
LOOPBACK = ("127.0.0.1", "::1")

_UNICAST = ipaddress.ip_network("2000::/3")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_NEVER = tuple(
    ipaddress.ip_network(network)
    for network in (
        # Link-local: nothing that a site runs at, and where clouds tell a machine its own secrets ...
        "169.254.0.0/16",
        "fe80::/10",
        # ... or at addresses of their own.
        "fd00:ec2::254/128",
        "fd20:ce::254/128",
        "100.100.100.200/32",
        "192.0.0.192/32",
        # Nobody's or everybody's.
        "0.0.0.0/8",
        "224.0.0.0/3",
        "::/128",
        "ff00::/8",
    )
)
"""What no notice goes to even where private addresses are allowed."""

_NOT_PUBLIC = tuple(
    ipaddress.ip_network(network)
    for network in (
        # Of the protocols themselves; a cloud has its metadata service there. Python knows only parts of it.
        "192.0.0.0/24",
        # 6to4 carries an IPv4 address of anybody's choice.
        "2002::/16",
    )
)


def check_registered_url(url: str, *, field: str, https_only: bool = False) -> str:
    """Return `url` when a client may register it as `field`.

    Raises Invalid: it must be absolute, without fragment, user or control characters, and HTTPS
    unless its host is a loopback name (RFC 6749 section 3.1.2, RFC 9700 section 2.1). Schemes of
    native apps (RFC 8252 section 7.1) need a dot in them.
    """
    if len(url) > MAX_URL or not url.isascii() or any(c <= " " or c in '\\"<>^`{|}' for c in url):
        raise Invalid(f"{url!r} is not a plain address.", field=field)
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as bad:
        raise Invalid(f"{url!r} is not an address: {bad}.", field=field) from bad
    if parts.fragment or "#" in url:
        raise Invalid(f"{url!r} must not have a fragment.", field=field)
    if "@" in parts.netloc:
        raise Invalid(f"{url!r} must not carry a user name.", field=field)
    if parts.scheme in ("http", "https"):
        if not parts.hostname:
            raise Invalid(f"{url!r} has no host.", field=field)
        if parts.scheme == "http" and https_only and not is_loopback_name(parts.hostname):
            raise Invalid(f"{url!r} must use https.", field=field)
    elif https_only or "." not in parts.scheme:
        raise Invalid(f"{url!r} must start with https:// (or http:// on this machine).", field=field)
    return url


def is_loopback_name(host: str) -> bool:
    """Say whether a host name always means this machine (RFC 6761 section 6.3)."""
    return host in LOOPBACK or _is_localhost(host)


def origin_of(url: str) -> str:
    """Return the origin of an address that was registered: scheme, host and port, as a browser writes it."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    port = "" if parts.port in (None, _DEFAULT_PORTS.get(parts.scheme)) else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"


def with_query(url: str, **parameters: str | None) -> str:
    """Return `url` with the given parameters appended to its query; those that are None are left out."""
    query = urlencode({name: value for name, value in parameters.items() if value is not None})
    if not query:
        return url
    return f"{url}{'&' if '?' in url else '?'}{query}"


def is_local_path(target: str) -> bool:
    """Say whether `target` is a path on this very host, so that going there can't leave it.

    Browsers read `//host`, `/\\host` and a tab or newline in front as another host.
    """
    return (
        target.startswith("/")
        and not target.startswith("//")
        and "\\" not in target
        and target.isprintable()
        and len(target) <= MAX_URL * 2
    )


def resolve_public(host: str, port: int, *, allow_private: bool) -> list[str]:
    """Resolve `host` to the addresses that the center may connect to.

    `localhost` and names under it are 127.0.0.1, whatever the resolver says (RFC 6761 section 6.3).
    Raises Invalid when any of them is internal and `allow_private` is off, and whenever it is one that
    tells a machine its own secrets: a client-supplied address must not reach into the center's network. The
    caller connects to the returned address itself, so that a second look-up can't answer differently (DNS
    rebinding).
    """
    addresses = [LOOPBACK[0]] if _is_localhost(host) else _resolve(host, port)
    for address in addresses:
        parsed = ipaddress.ip_address(address.partition("%")[0])
        if _is_never_called(parsed) or not (allow_private or _is_public(parsed)):
            raise Invalid(f"{host} is an internal address.", detail=f"{host} -> {address}")
    return addresses


def _is_localhost(host: str) -> bool:
    return host == "localhost" or host.endswith(".localhost")


def _resolve(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as failed:
        raise Invalid(f"{host} can't be resolved.", detail=str(failed)) from failed
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _is_never_called(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        if address in _NAT64:
            address = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        else:
            address = address.ipv4_mapped or address
    return any(address in network for network in _NEVER if network.version == address.version)


def _is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    # Outside of 2000::/3 IPv6 has mappings of IPv4 in several forms, and old kinds of local addresses.
    if isinstance(address, ipaddress.IPv6Address):
        if address in _NAT64:
            return _is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        if address not in _UNICAST:
            return False
    is_special = any(address in network for network in _NOT_PUBLIC if network.version == address.version)
    return address.is_global and not address.is_multicast and not is_special
