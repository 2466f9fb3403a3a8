"""Requests to names under `.localhost` without asking DNS, which does not know them on every machine."""

from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter


class LoopbackAdapter(HTTPAdapter):
    """Connects to 127.0.0.1 whatever the host's name, and sends the name as Host."""

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Send `request`, whose own Host header wins when it has one."""
        request.headers.setdefault("Host", urlsplit(request.url or "").netloc)
        return super().send(request, *args, **kwargs)

    def get_connection_with_tls_context(
        self, request: requests.PreparedRequest, *args: Any, **kwargs: Any
    ) -> Any:
        """Return a connection to the port of `request` on this machine."""
        parts = urlsplit(request.url or "")
        return self.poolmanager.connection_from_host("127.0.0.1", parts.port or 80, parts.scheme)


def loopback_session(*, connections: int = 10) -> requests.Session:
    """Return a session for HTTP on this machine: no proxies, no credentials of the environment."""
    session = requests.Session()
    session.trust_env = False
    session.mount("http://", LoopbackAdapter(pool_connections=connections, pool_maxsize=connections))
    return session
