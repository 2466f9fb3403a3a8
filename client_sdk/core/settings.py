"""A site's settings, checked together at start."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any
from urllib.parse import urlsplit

from client_sdk.core.errors import BadSettings

APP_TOKEN_PLACES = ("header", "cookie")
ALGORITHMS = ("ES256", "RS256", "EdDSA", "PS256", "ES384", "RS384", "PS384", "ES512", "RS512", "PS512")

_KINDS: tuple[tuple[str, Any, tuple[str, ...]], ...] = (
    ("text", str, ("issuer", "client_id", "scope", "prefix")),
    ("text or None", str | None, ("internal_url", "base_url", "audience")),
    (
        "a number",
        int | float,
        ("max_staleness", "session_lifetime", "timeout", "leeway", "token_cache", "refresh_early"),
    ),
    ("True or False", bool, ("fail_open", "follow", "keep_tokens")),
    ("a tuple of names", tuple | list, ("algorithms",)),
)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """A site's settings. All durations are in seconds.

    `issuer` is the center's address as browsers know it and as tokens carry it; `internal_url` is
    where this server reaches it, when that differs. `base_url` is the site's own address in the
    browser (scheme, host, port); without it, it is taken from each request. `sessions` is "cookie",
    a Redis URL or a Redis client. `secret_key` signs the SDK's cookies; without it a key is derived from
    `client_secret`. `fail_open` keeps people in while the center can't be asked. `follow` lets each process
    follow the center's feed of endings in a thread, so that requests need no questions.

    For APIs: `audience` is the audience that tokens must have (default: `client_id`), `token_cache` how long
    an answer about an opaque token counts, and `app_token_in` where an app receives its next token. For sites
    that call APIs: `keep_tokens` keeps a person's tokens, and `refresh_early` is how long before an access
    token expires the next one is fetched, at most a fifth of its lifetime.
    """

    issuer: str = ""
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    internal_url: str | None = None
    base_url: str | None = None
    sessions: Any = "cookie"
    secret_key: str | None = field(default=None, repr=False)
    scope: str = "openid profile email"
    max_staleness: float = 30
    session_lifetime: float = 8 * 3600
    timeout: float = 5
    leeway: float = 60
    fail_open: bool = False
    follow: bool = True
    audience: str | None = None
    token_cache: float = 5
    app_token_in: str = "header"  # noqa: S105 - a place
    keep_tokens: bool = False
    refresh_early: float = 60
    prefix: str = "/sso"
    algorithms: tuple[str, ...] = ALGORITHMS

    def __post_init__(self) -> None:
        problems = self._wrong_kinds() or self._problems()
        if problems:
            raise BadSettings("\n".join(problems))

    def _wrong_kinds(self) -> list[str]:
        # Above all fail_open: the text "false" would be true. Secrets are named and not shown.
        secrets = [name for name in ("client_secret", "secret_key") if getattr(self, name) is not None]
        hidden = [f"{name} should be text" for name in secrets if not isinstance(getattr(self, name), str)]
        return hidden + [
            f"{name} is {getattr(self, name)!r} but should be {said}"
            for said, kind, names in _KINDS
            for name in names
            if not isinstance(getattr(self, name), kind)
        ]

    def _problems(self) -> list[str]:
        found = [_missing(name) for name in ("client_id", "client_secret") if not getattr(self, name)]
        found += _wrong_url("issuer", self.issuer, is_secret_carried=True)
        if self.internal_url is not None:
            found += _wrong_url("internal_url", self.internal_url)
        if self.base_url is not None:
            found += _wrong_url("base_url", self.base_url)
        if "openid" not in self.scope.split():
            found.append(f"scope is {self.scope!r} but should contain openid")
        if self.secret_key is not None and len(self.secret_key) < 32:
            found.append("secret_key should have at least 32 characters")
        for name, low, high in (
            ("max_staleness", 1, 3600),
            ("session_lifetime", 1, 90 * 86400),
            ("timeout", 0.1, 60),
            ("leeway", 0, 300),
            ("token_cache", 1, 300),
            ("refresh_early", 0, 3600),
        ):
            if not low <= getattr(self, name) <= high:
                found.append(f"{name} is {getattr(self, name)} but should be from {low} to {high} seconds")
        if self.app_token_in not in APP_TOKEN_PLACES:
            found.append(
                f"app_token_in is {self.app_token_in!r} but should be {' or '.join(APP_TOKEN_PLACES)}"
            )
        if not self.prefix.startswith("/") or self.prefix.endswith("/"):
            found.append(f"prefix is {self.prefix!r} but should be a path such as /sso")
        unknown = sorted(set(self.algorithms) - set(ALGORITHMS))
        if unknown or not self.algorithms:
            found.append(f"algorithms should be some of {', '.join(ALGORITHMS)} (not {unknown})")
        return found


def settings_from(given: Mapping[str, Any], config: Mapping[str, Any]) -> Settings:
    """Return the settings: what was `given` by name, then `SSO_<NAME>` of an application's config.

    Raises BadSettings.
    """
    names = [field.name for field in fields(Settings)]
    misspelt = sorted(set(given) - set(names))
    if misspelt:
        raise BadSettings(f"{', '.join(misspelt)}: no such setting; there are {', '.join(names)}")
    found = {name: config[f"SSO_{name.upper()}"] for name in names if f"SSO_{name.upper()}" in config}
    return Settings(**{**found, **{name: value for name, value in given.items() if value is not None}})


def is_localhost(host: str) -> bool:
    """Say whether a host name, in lower case, is `localhost` or ends in `.localhost`."""
    return host == "localhost" or host.endswith(".localhost")


def _missing(name: str) -> str:
    return f"{name} is missing: pass it to SSO(...) or set SSO_{name.upper()} in the app's config"


def _wrong_url(name: str, url: str, *, is_secret_carried: bool = False) -> list[str]:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        host = ""
    if not host or parts.scheme not in ("http", "https") or parts.query or parts.fragment or "@" in url:
        return [f"{name} is {url!r} but should be an address such as https://sso.example.org"]
    if url.endswith("/"):
        return [f"{name} is {url!r} but should not end with a slash"]
    is_this_machine = is_localhost(host) or host in ("127.0.0.1", "::1")
    if is_secret_carried and parts.scheme == "http" and not is_this_machine:
        return [f"{name} is {url!r} but should start with https://"]
    return []
