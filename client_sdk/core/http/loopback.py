"""Connections to localhost names (RFC 6761 section 6.3) without a resolver."""

from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from client_sdk.core.settings import is_localhost

THIS_MACHINE = "127.0.0.1"


class LoopbackAdapter(HTTPAdapter):
    """Connects to 127.0.0.1 for localhost names: browsers resolve them, many C libraries do not.

    The Host header keeps the name, and other hosts are resolved as usual. For http only: the certificate of
    an https address must match the name.
    """

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Any = None,
    ) -> requests.Response:
        """Send `request` as HTTPAdapter does."""
        parts = urlsplit(str(request.url))
        if is_localhost(parts.hostname or ""):
            request.headers.setdefault("Host", parts.netloc)
            # A proxy would connect to its own machine.
            proxies = None
        return super().send(request, stream, timeout, verify, cert, proxies)

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: Any, cert: Any = None
    ) -> Any:
        """Return the key of the connection for `request`, with the address in place of a localhost name."""
        where, tls = super().build_connection_pool_key_attributes(request, verify, cert)
        if is_localhost(where["host"]):
            where = {**where, "host": THIS_MACHINE}
        return where, tls
