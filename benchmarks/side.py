"""One of the two services that are compared: where it is, who it knows, and what its processes are."""

import json
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from benchmarks.processes import Service
from benchmarks.wire import Connection, Origin

REDIRECT_URI = "http://127.0.0.1:9999/sso/callback"
LOGOUT_URI = "http://127.0.0.1:9999/sso/backchannel-logout"  # nobody logs out, so nobody is called there
PASSWORD = "long-enough-for-a-benchmark"  # people of a service that lives as long as the run


class CannotStartError(Exception):
    """A side is not there; the message says what is missing and how to get it."""


@dataclass(frozen=True)
class Client:
    """A site that the people visit."""

    client_id: str
    secret: str


@dataclass(frozen=True)
class Endpoints:
    """Paths, as the server's own discovery tells them."""

    authorize: str
    token: str
    introspect: str
    jwks: str

    @classmethod
    def discover(cls, origin: Origin) -> "Endpoints":
        connection = Connection(origin)
        try:
            answer = connection.ask(origin.get("/.well-known/openid-configuration")).expect(200)
        finally:
            connection.close()
        told = json.loads(answer.body)
        names = ("authorization_endpoint", "token_endpoint", "introspection_endpoint", "jwks_uri")
        return cls(*(urlsplit(told[name]).path for name in names))


@dataclass(frozen=True)
class Side:
    """A running service. `visitors` keep sessions; `newcomers` only ever sign in.

    `client` is the site that most is measured with; `keeper` is like it, and is given refresh tokens too.
    """

    name: str
    origin: Origin
    client: Client
    keeper: Client
    endpoints: Endpoints
    visitors: tuple[str, ...]
    newcomers: tuple[str, ...]
    service: Service


def usernames(kind: str, count: int = 16) -> tuple[str, ...]:
    return tuple(f"{kind}{number:02}" for number in range(count))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
