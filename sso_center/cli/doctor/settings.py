"""Settings that are valid, but not wise."""

import stat
from collections.abc import Iterator

from sso_center.base.settings import Settings
from sso_center.cli.doctor.finding import Finding, fail, ok, warn
from sso_center.core.keys.master import FILE_NAME


def look_at_settings(settings: Settings) -> Iterator[Finding]:
    """Look at the issuer, the proxies, the data folder and the secret."""
    yield ok("settings", f"all can be read; the issuer is {settings.issuer}")
    yield from _issuer(settings)
    yield from _folder(settings)
    yield _secret(settings)


def _issuer(settings: Settings) -> Iterator[Finding]:
    if not settings.is_secure:
        yield warn("issuer", "plain http, for trying out on one machine: set SSO_ISSUER to https://...")
    elif settings.bind_host in ("127.0.0.1", "::1") and not settings.trusted_proxies:
        yield warn(
            "proxy",
            "SSO_TRUSTED_PROXIES is empty: behind a proxy all people share one address and its login limit",
        )
    if settings.test_clock:
        yield fail("clock", "SSO_TEST_CLOCK is set: the time can be moved by whoever writes that file")


def _folder(settings: Settings) -> Iterator[Finding]:
    try:
        mode = settings.data_dir.stat().st_mode
    except FileNotFoundError:
        yield ok("data folder", f"{settings.data_dir} will be made at the first start")
        return
    except OSError as failed:
        yield fail("data folder", f"{settings.data_dir} can't be looked at: {failed.strerror}")
        return
    if not stat.S_ISDIR(mode):
        yield fail("data folder", f"{settings.data_dir} is not a folder")
    elif stat.S_IMODE(mode) & 0o022:
        yield fail(
            "data folder", f"{settings.data_dir} can be written by others: chmod go-w {settings.data_dir}"
        )
    else:
        yield ok("data folder", str(settings.data_dir))


def _secret(settings: Settings) -> Finding:
    file = settings.data_dir / FILE_NAME
    if settings.secret_key:
        return ok("secret key", "from SSO_SECRET_KEY")
    if settings.database_url and settings.redis_url:
        return warn("secret key", f"in {file}: on several hosts all need the same SSO_SECRET_KEY")
    if not file.exists():
        return ok("secret key", f"{file} will be made at the first start")
    if stat.S_IMODE(file.stat().st_mode) & 0o077:
        return fail("secret key", f"{file} is open to others: chmod 600 {file}")
    return ok("secret key", f"in {file}, for its owner only; keep a copy of it elsewhere")
