"""The syntax of `SSO_REDIS_URL`, and the topology that it names."""

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

from redis.connection import parse_url
from redis.exceptions import RedisError

from sso_center.base.errors import SettingsError
from sso_center.storage.cluster import Cluster
from sso_center.storage.link import Address, Options, check_options, open_tcp, open_unix
from sso_center.storage.sentinel import Sentinels, SentinelServer
from sso_center.storage.topology import OneServer, Topology

_SHAPES = {
    "redis": "redis://user:password@host:6379/0",
    "rediss": "rediss://user:password@host:6379/0",
    "unix": "unix:///path/to/socket?db=0",
    "sentinel": "sentinel://user:password@host:26379,host:26379/service/0",
    "redis+cluster": "redis+cluster://user:password@host:6379,host:6379",
}


@dataclass(frozen=True)
class _Target:
    """The content of a URL: addresses, and redis-py's arguments for a connection."""

    scheme: str
    addresses: tuple[Address, ...]
    service: str
    is_tls: bool
    options: Options


def topology_of(url: str, timeout_ms: int) -> Topology:
    """Return the topology that `url` names; connecting and reading may take `timeout_ms` each.

    `redis://`, `rediss://` and `unix://` as redis-py reads them; `sentinel://host:port,.../service/db`
    and `redis+cluster://host:port,...`, either with `user:password@` in front of the hosts. The last
    two take `?tls=yes`, `ssl_ca_certs=` and such; Sentinels' own login is `sentinel_username=` and
    `sentinel_password=`. Raises SettingsError.
    """
    common: Options = {
        "socket_timeout": timeout_ms / 1000,
        "socket_connect_timeout": timeout_ms / 1000,
        "decode_responses": True,
        "encoding_errors": "surrogateescape",
        "protocol": 2,
        "driver_info": None,
    }
    target = _parse(url)
    options = {**target.options, **common}
    _check(options, target)
    if target.scheme == "unix":
        return OneServer(lambda: open_unix(options))
    if target.scheme == "redis+cluster":
        return Cluster(target.addresses, lambda address: open_tcp(address, options, tls=target.is_tls))
    if target.scheme == "sentinel":
        return SentinelServer(_sentinels(target, common))
    return OneServer(lambda: open_tcp(target.addresses[0], options, tls=target.is_tls))


def _sentinels(target: _Target, common: Options) -> Sentinels:
    own = {
        name.removeprefix("sentinel_"): value
        for name, value in target.options.items()
        if name.startswith("sentinel_")
    }
    tls = {name: value for name, value in target.options.items() if name.startswith("ssl_")}
    rest = {name: value for name, value in target.options.items() if not name.startswith("sentinel_")}
    return Sentinels(
        target.addresses,
        target.service,
        for_sentinels={**tls, **own, **common},
        for_primary={**rest, **common},
        tls=target.is_tls,
    )


def _parse(url: str) -> _Target:
    scheme = url.partition("://")[0]
    try:
        return (
            _parse_many(url, scheme) if scheme in ("sentinel", "redis+cluster") else _parse_one(url, scheme)
        )
    except ValueError:
        # Not the parser's own words: for a password with a / in it they quote its first half as the port.
        raise SettingsError(
            f"SSO_REDIS_URL is set but should look like {_SHAPES.get(scheme, _SHAPES['redis'])} "
            "(in a password write %2F for /, %3F for ?, %23 for #, %40 for @ and %25 for %)"
        ) from None


def _check(options: Options, target: _Target) -> None:
    try:
        check_options(options, tls=target.is_tls, unix=target.scheme == "unix")
    except (ValueError, TypeError, RedisError):
        raise SettingsError(
            "SSO_REDIS_URL is set but should have only options after its ? that redis-py knows for such a "
            "connection, like db=0, or with TLS ssl_ca_certs=/path/to/file"
        ) from None


def _parse_one(url: str, scheme: str) -> _Target:
    parts = urlsplit(url)
    options: Options = dict(parse_url(url))  # type: ignore[no-untyped-call]
    options.pop("connection_class", None)
    if scheme == "unix":
        if parts.hostname or not parts.path:
            raise ValueError("names no socket")
        return _Target(scheme, (), "", False, options)
    # For unreadable ones redis-py silently takes the usual port and the first database.
    if parts.port == 0 or not re.fullmatch(r"/?|/[0-9]+", parts.path):
        raise ValueError("names no port or database")
    address = (options.pop("host", "localhost"), options.pop("port", 6379))
    return _Target(scheme, (address,), "", scheme == "rediss", options)


def _parse_many(url: str, scheme: str) -> _Target:
    parts = urlsplit(url)
    login, _, hosts = parts.netloc.rpartition("@")
    options: Options = dict(parse_qsl(parts.query))
    is_tls = _yes_or_no(options.pop("tls", "no"))
    username, _, password = login.partition(":")
    if username:
        options["username"] = unquote(username)
    if password:
        options["password"] = unquote(password)
    service, _, db = parts.path.strip("/").partition("/")
    if scheme == "sentinel" and not service:
        raise ValueError("names no service")
    if db:
        options["db"] = int(db)
    addresses = tuple(_address(host, 26379 if scheme == "sentinel" else 6379) for host in hosts.split(","))
    return _Target(scheme, addresses, service, is_tls, options)


def _yes_or_no(text: str) -> bool:
    # A misspelt "yes" must not send the password in clear.
    if text.lower() not in ("yes", "true", "1", "on", "no", "false", "0", "off"):
        raise SettingsError("SSO_REDIS_URL is set but its tls= should be yes or no")
    return text.lower() in ("yes", "true", "1", "on")


def _address(text: str, default_port: int) -> Address:
    split = urlsplit(f"//{text}")
    if not split.hostname or split.port == 0:
        raise ValueError("names no server")
    return split.hostname, split.port or default_port
