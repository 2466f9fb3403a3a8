"""Names that always mean this machine (RFC 6761 section 6.3), whatever its resolver thinks of them."""

from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from client_sdk.core.settings import is_localhost

THIS_MACHINE = "127.0.0.1"


class LoopbackAdapter(HTTPAdapter):
    """Connects to 127.0.0.1 for such names, which browsers know and many a C library does not.

    The Host header stays what the address says. Other hosts are reached as ever. For http only: the
    certificate of an https address must be the name's.
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
            # To a proxy the name would mean the proxy's own machine.
            proxies = None
        return super().send(request, stream, timeout, verify, cert, proxies)

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: Any, cert: Any = None
    ) -> Any:
        """Return what chooses the connection for `request`, with the address in place of such a name."""
        where, tls = super().build_connection_pool_key_attributes(request, verify, cert)
        if is_localhost(where["host"]):
            where = {**where, "host": THIS_MACHINE}
        return where, tls
