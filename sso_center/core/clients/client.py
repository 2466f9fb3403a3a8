"""A client, as everything else sees it: no secret, no hash."""

from dataclasses import dataclass

NATIVE_LOOPBACK = ("127.0.0.1", "::1")
"""Hosts whose port may differ: a native app listens on whichever port is free (RFC 8252 section 7.3)."""


@dataclass(frozen=True)
class Client:
    """A registered subsystem; `version` grows with every change."""

    client_id: str
    name: str
    home_uri: str | None
    redirect_uris: tuple[str, ...]
    post_logout_redirect_uris: tuple[str, ...]
    backchannel_logout_uri: str | None
    is_public: bool
    scopes: tuple[str, ...]
    id_token_alg: str
    may_introspect: bool
    version: int

    def has_redirect_uri(self, uri: str) -> bool:
        """Say whether the browser may be sent to `uri` with a grant: an exact match (RFC 9700 section 2.1).

        Only the port of `http://127.0.0.1` or `http://[::1]` is free.
        """
        return uri in self.redirect_uris or _matches_loopback(uri, self.redirect_uris)

    def has_post_logout_redirect_uri(self, uri: str) -> bool:
        """Say whether the browser may be sent to `uri` after a logout: an exact match."""
        return uri in self.post_logout_redirect_uris


def _matches_loopback(uri: str, registered: tuple[str, ...]) -> bool:
    portless = _without_loopback_port(uri)
    return portless is not None and any(portless == _without_loopback_port(one) for one in registered)


def _without_loopback_port(uri: str) -> str | None:
    """Return `uri` without its port when it is plain http to a loopback address, else None."""
    for host in NATIVE_LOOPBACK:
        start = f"http://[{host}]" if ":" in host else f"http://{host}"
        if not uri.startswith(start):
            continue
        rest = uri[len(start) :]
        if rest.startswith(":"):
            port = rest[1:].partition("/")[0].partition("?")[0]
            if not port.isascii() or not port.isdigit() or not 0 < int(port[:6]) < 65536:
                return None
            rest = rest[1 + len(port) :]
        if rest[:1] not in ("", "/", "?") or "#" in rest:
            return None
        return start + rest
    return None
