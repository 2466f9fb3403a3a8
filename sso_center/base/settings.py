"""Every setting of the center: one line a value, all checked together at start.

Values come from the environment, then from the TOML file named by `SSO_CONFIG` (same names in lower
case, without `sso_`), then from the defaults here.
"""

import ipaddress
import json
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from sso_center.base.errors import SettingsError
from sso_center.base.profile import ProfileTable
from sso_center.base.profile.declared import declared_fields, editable_fields
from sso_center.base.urls import is_loopback_name

T = TypeVar("T")
MINUTE, HOUR, DAY = 60, 3600, 86400

ENDED_KINDS = ("sessions", "refresh_tokens", "access_tokens")
"""What a change of a user can take back."""

_ROLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}")

_ISSUER = "should be the address browsers use, such as https://sso.example.org"

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True)
class Settings:
    """What a center is told from outside. All durations are in seconds, all sizes in bytes."""

    issuer: str
    data_dir: Path
    redis_url: str = field(repr=False)
    database_url: str = field(repr=False)
    secret_key: str = field(repr=False)
    bind_host: str
    bind_port: int
    workers: int
    trusted_proxies: tuple[Network, ...]
    allow_private_addresses: bool
    session_idle: int
    session_absolute: int
    session_remembered: int
    session_rotation: int
    sessions_per_user: int
    sessions_per_user_policy: str
    sessions_by_device_type: bool
    sessions_total: int
    grant_lifetime: int
    access_token_lifetime: int
    id_token_lifetime: int
    app_token_lifetime: int
    app_token_rotation: int
    on_role_lost: tuple[str, ...]
    on_password_change: tuple[str, ...]
    on_disabled: tuple[str, ...]
    max_body: int
    body_timeout: int
    login_attempts_by_account: int
    login_attempts_by_address: int
    login_window: int
    admin_role: str
    admin_login_age: int
    redis_timeout_ms: int
    log_level: str
    service_name: str
    test_clock: str
    profile: ProfileTable

    @property
    def is_secure(self) -> bool:
        """Whether browsers reach the center over HTTPS, so that cookies are Secure and HSTS is sent."""
        return self.issuer.startswith("https://")


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read and check all settings.

    Raises SettingsError whose message names each bad one, a line each, and says what it should be.
    """
    reader = _Reader(os.environ if environ is None else environ)
    bind_host, bind_port = reader.take("SSO_BIND", "127.0.0.1:9000", _bind)
    fields = reader.take("SSO_PROFILE_FIELDS", "", declared_fields)
    editable = reader.take("SSO_PROFILE_EDITABLE", "all", lambda raw: editable_fields(raw, fields))
    settings = Settings(
        issuer=reader.take("SSO_ISSUER", "http://sso.localhost:9000", _issuer),
        data_dir=reader.take("SSO_DATA_DIR", "data", _path),
        redis_url=reader.take(
            "SSO_REDIS_URL", "", _url_of("redis", "rediss", "unix", "sentinel", "redis+cluster")
        ),
        database_url=reader.take(
            "SSO_DATABASE_URL", "", _url_of("sqlite", "postgresql", "postgresql+psycopg")
        ),
        secret_key=reader.take("SSO_SECRET_KEY", "", _secret_key),
        bind_host=bind_host,
        bind_port=bind_port,
        workers=reader.take("SSO_WORKERS", str(min(os.cpu_count() or 1, 8)), _between(1, 256)),
        trusted_proxies=reader.take("SSO_TRUSTED_PROXIES", "", _networks),
        allow_private_addresses=reader.take("SSO_ALLOW_PRIVATE_ADDRESSES", "no", _yes_or_no),
        session_idle=reader.take("SSO_SESSION_IDLE", str(2 * HOUR), _between(MINUTE, 400 * DAY)),
        session_absolute=reader.take("SSO_SESSION_ABSOLUTE", str(12 * HOUR), _between(MINUTE, 400 * DAY)),
        session_remembered=reader.take("SSO_SESSION_REMEMBERED", str(90 * DAY), _between(MINUTE, 400 * DAY)),
        session_rotation=reader.take("SSO_SESSION_ROTATION", str(2 * HOUR), _between(MINUTE, 30 * DAY)),
        sessions_per_user=reader.take("SSO_SESSIONS_PER_USER", "0", _between(0, 100_000)),
        sessions_per_user_policy=reader.take(
            "SSO_SESSIONS_PER_USER_POLICY", "end_oldest", _one_of("end_oldest", "refuse")
        ),
        sessions_by_device_type=reader.take("SSO_SESSIONS_BY_DEVICE_TYPE", "no", _yes_or_no),
        sessions_total=reader.take("SSO_SESSIONS_TOTAL", "0", _between(0, 1_000_000_000)),
        grant_lifetime=reader.take("SSO_GRANT_LIFETIME", "60", _between(5, 600)),
        access_token_lifetime=reader.take("SSO_ACCESS_TOKEN_LIFETIME", "600", _between(10, DAY)),
        id_token_lifetime=reader.take("SSO_ID_TOKEN_LIFETIME", "600", _between(10, DAY)),
        app_token_lifetime=reader.take("SSO_APP_TOKEN_LIFETIME", str(90 * DAY), _between(MINUTE, 400 * DAY)),
        app_token_rotation=reader.take("SSO_APP_TOKEN_ROTATION", str(2 * HOUR), _between(MINUTE, 30 * DAY)),
        on_role_lost=reader.take("SSO_ON_ROLE_LOST", "access_tokens", _kinds),
        on_password_change=reader.take("SSO_ON_PASSWORD_CHANGE", ",".join(ENDED_KINDS), _kinds),
        on_disabled=reader.take("SSO_ON_DISABLED", ",".join(ENDED_KINDS), _kinds),
        max_body=reader.take("SSO_MAX_BODY", str(64 * 1024), _between(1024, 16 * 1024 * 1024)),
        body_timeout=reader.take("SSO_BODY_TIMEOUT", "10", _between(1, 300)),
        login_attempts_by_account=reader.take("SSO_LOGIN_ATTEMPTS_BY_ACCOUNT", "10", _between(1, 100_000)),
        login_attempts_by_address=reader.take("SSO_LOGIN_ATTEMPTS_BY_ADDRESS", "60", _between(1, 1_000_000)),
        login_window=reader.take("SSO_LOGIN_WINDOW", str(5 * MINUTE), _between(1, DAY)),
        admin_role=reader.take("SSO_ADMIN_ROLE", "sso-admin", _role),
        admin_login_age=reader.take("SSO_ADMIN_LOGIN_AGE", str(HOUR), _between(MINUTE, 30 * DAY)),
        redis_timeout_ms=reader.take("SSO_REDIS_TIMEOUT_MS", "250", _between(10, 60_000)),
        log_level=reader.take("SSO_LOG_LEVEL", "info", _one_of("debug", "info", "warning", "error")),
        service_name=reader.take("SSO_SERVICE_NAME", "Single sign-on", _short_text),
        test_clock=reader.take("SSO_TEST_CLOCK", "", str),
        profile=ProfileTable(fields, editable),
    )
    reader.finish()
    return settings


class _Reader:
    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._file = self._read_file(environ.get("SSO_CONFIG", ""))
        self._problems: list[str] = []
        self._known: set[str] = {"SSO_CONFIG"}

    @staticmethod
    def _read_file(name: str) -> dict[str, Any]:
        if not name:
            return {}
        try:
            return tomllib.loads(Path(name).read_text(encoding="utf-8"))
        except (OSError, ValueError) as bad:
            raise SettingsError(f"SSO_CONFIG: {name} can't be read as TOML: {bad}") from bad

    def take(self, name: str, default: str, parse: Callable[[str], T]) -> T:
        self._known.add(name)
        raw = self._environ.get(name)
        if raw is None:
            raw = _as_text(self._file.get(name.removeprefix("SSO_").lower()), default)
        try:
            return parse(raw)
        except ValueError as bad:
            self._problems.append(f"{name} is {_shown(name, raw)} but {bad}")
            return parse(default)

    def finish(self) -> None:
        for name in self._environ:
            if name.startswith("SSO_") and name not in self._known:
                self._problems.append(f"{name} is not a setting of the center (is it misspelt?)")
        for key in self._file:
            if f"SSO_{key.upper()}" not in self._known:
                self._problems.append(f"{key} in SSO_CONFIG is not a setting of the center")
        if self._problems:
            raise SettingsError("\n".join(self._problems))


def _as_text(value: Any, default: str) -> str:
    if value is None:
        return default
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and any(isinstance(entry, dict) for entry in value):
        return json.dumps(value, default=str)
    if isinstance(value, list):
        return ",".join(str(entry) for entry in value)
    return str(value)


def _shown(name: str, raw: str) -> str:
    # A store's address may hold a password and the key is one: neither belongs in a message.
    return "set" if name in ("SSO_SECRET_KEY", "SSO_REDIS_URL", "SSO_DATABASE_URL") else repr(raw)


def _issuer(raw: str) -> str:
    try:
        parts = urlsplit(raw)
        port = parts.port
    except ValueError:
        raise ValueError(_ISSUER) from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise ValueError(_ISSUER)
    # Sites compare it letter by letter, and whether cookies are Secure is read off its first ones.
    if raw != raw.lower() or not raw.isascii() or any(c <= " " for c in raw) or parts.netloc.endswith(":"):
        raise ValueError(f"{_ISSUER}, in lower case and without blanks")
    if parts.query or parts.fragment or raw.endswith("/") or "@" in parts.netloc or parts.path:
        raise ValueError("should be scheme, host and port only, without path, query or slash at its end")
    if parts.scheme == "http" and not is_loopback_name(parts.hostname):
        raise ValueError("should start with https:// (http is for names under localhost)")
    return raw


def _bind(raw: str) -> tuple[str, int]:
    host, _, port = raw.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError("should be HOST:PORT, such as 127.0.0.1:9000 or [::1]:9000")
    return host.strip("[]"), int(port)


def _path(raw: str) -> Path:
    if not raw:
        raise ValueError("should be a folder")
    return Path(raw).absolute()


def _url_of(*schemes: str) -> Callable[[str], str]:
    def parse(raw: str) -> str:
        if raw and raw.partition("://")[0] not in schemes:
            raise ValueError(f"should start with one of {', '.join(s + '://' for s in schemes)}")
        return raw

    return parse


def _secret_key(raw: str) -> str:
    if raw and len(raw) < 32:
        raise ValueError("should have at least 32 characters; make one with: openssl rand -base64 32")
    return raw


def _networks(raw: str) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(part.strip()) for part in raw.split(",") if part.strip())
    except ValueError as bad:
        raise ValueError(f"should be addresses or networks with commas between: {bad}") from bad


def _yes_or_no(raw: str) -> bool:
    known = {
        "yes": True,
        "true": True,
        "1": True,
        "on": True,
        "no": False,
        "false": False,
        "0": False,
        "off": False,
    }
    if raw.lower() not in known:
        raise ValueError("should be yes or no")
    return known[raw.lower()]


def _between(low: int, high: int) -> Callable[[str], int]:
    def parse(raw: str) -> int:
        if not raw.isascii() or not raw.isdigit() or not low <= int(raw) <= high:
            raise ValueError(f"should be a whole number from {low} to {high}")
        return int(raw)

    return parse


def _one_of(*choices: str) -> Callable[[str], str]:
    def parse(raw: str) -> str:
        if raw.lower() not in choices:
            raise ValueError(f"should be one of {', '.join(choices)}")
        return raw.lower()

    return parse


def _role(raw: str) -> str:
    if not _ROLE.fullmatch(raw):
        raise ValueError("should be a role: 1 to 100 letters, digits and . _ : / -")
    return raw


def _kinds(raw: str) -> tuple[str, ...]:
    named = {part.strip().lower() for part in raw.split(",")}
    if named == {"nothing"}:
        return ()
    if not named <= set(ENDED_KINDS):
        raise ValueError(f"should be nothing, or some of {', '.join(ENDED_KINDS)} with commas between")
    return tuple(kind for kind in ENDED_KINDS if kind in named)


def _short_text(raw: str) -> str:
    if not 0 < len(raw) <= 60:
        raise ValueError("should have 1 to 60 characters")
    return raw
