"""What `SSO_REDIS_URL` may say, and the topology it means."""

from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

from redis.connection import parse_url

from sso_center.base.errors import SettingsError
from sso_center.storage.cluster import Cluster
from sso_center.storage.link import Address, Options, check_options, open_tcp, open_unix
from sso_center.storage.sentinel import Sentinels, SentinelServer
from sso_center.storage.topology import OneServer, Topology


@dataclass(frozen=True)
class _Target:
    """What a URL says: addresses, and redis-py's arguments for a connection."""

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
    try:
        target = _parse(url)
        options = {**target.options, **common}
        check_options(options, tls=target.is_tls, unix=target.scheme == "unix")
    except (ValueError, TypeError) as bad:
        raise SettingsError(f"SSO_REDIS_URL is set but {bad}") from bad
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
    if scheme not in ("redis", "rediss", "unix"):
        return _parse_many(url, scheme)
    options: Options = dict(parse_url(url))  # type: ignore[no-untyped-call]
    options.pop("connection_class", None)
    if scheme == "unix":
        return _Target(scheme, (), "", False, options)
    address = (options.pop("host", "localhost"), options.pop("port", 6379))
    return _Target(scheme, (address,), "", scheme == "rediss", options)


def _parse_many(url: str, scheme: str) -> _Target:
    parts = urlsplit(url)
    login, _, hosts = parts.netloc.rpartition("@")
    options: Options = dict(parse_qsl(parts.query))
    is_tls = options.pop("tls", "no").lower() in ("yes", "true", "1", "on")
    username, _, password = login.partition(":")
    if username:
        options["username"] = unquote(username)
    if password:
        options["password"] = unquote(password)
    service, _, db = parts.path.strip("/").partition("/")
    if scheme == "sentinel" and not service:
        raise ValueError("should name the service: sentinel://host:port,host:port/service")
    if db:
        options["db"] = int(db)
    addresses = tuple(_address(host, 26379 if scheme == "sentinel" else 6379) for host in hosts.split(","))
    return _Target(scheme, addresses, service, is_tls, options)


def _address(text: str, default_port: int) -> Address:
    split = urlsplit(f"//{text}")
    if not split.hostname:
        raise ValueError("should name its servers as host:port,host:port")
    return split.hostname, split.port or default_port
