"""How often someone may try to log in.

| bucket | attempts in a window | whom it stops |
|---|---|---|
| address (IPv6: its /64) | `login_attempts_by_address` | one machine trying many accounts |
| account and address | `login_attempts_by_account` | one machine trying one account |
| account, unknown devices together | twice that | many machines trying one account |
| account and known device | `login_attempts_by_account` | a stolen device |

A device is known once its person has logged in with it. It is counted in its own bucket and in no
other, so that no stranger, however hard he tries, locks the owner out of the devices he uses
(OWASP, "Slow down online guessing attacks with device cookies").
"""

import hashlib
import ipaddress

from limits import RateLimitItem, RateLimitItemPerSecond
from limits.strategies import FixedWindowRateLimiter

from sso_center.base.clock import Clock
from sso_center.base.errors import TooMany
from sso_center.base.names import normal_name
from sso_center.base.settings import Settings
from sso_center.core.limits.devices import KnownDevices
from sso_center.core.limits.store import WindowStore
from sso_center.storage.redis import Redis

Bucket = tuple[RateLimitItem, str]


class LoginLimits:
    """Counts login attempts, before the password is checked."""

    def __init__(self, settings: Settings, redis: Redis, clock: Clock) -> None:
        by_account, window = settings.login_attempts_by_account, settings.login_window
        self._clock = clock
        self._devices = KnownDevices(redis)
        self._store = WindowStore(redis)
        self._limiter = FixedWindowRateLimiter(self._store)
        self._by_address = RateLimitItemPerSecond(settings.login_attempts_by_address, window, "address")
        self._by_pair = RateLimitItemPerSecond(by_account, window, "account-address")
        self._by_account = RateLimitItemPerSecond(2 * by_account, window, "account")
        self._by_device = RateLimitItemPerSecond(by_account, window, "account-device")

    def try_login(self, username: str, address: str, device: str | None) -> None:
        """Count one attempt; raises TooMany above the limit, Unavailable when that can't be known.

        `device` is the id in the browser's device cookie, if it has one. For a refused attempt the password
        must not be checked.
        """
        for item, name in self._buckets(username, address, device):
            # A full bucket spares the later ones: one address alone can't fill the account's.
            if not self._limiter.hit(item, name):
                raise self._too_many(item, name)

    def login_succeeded(self, username: str, address: str, device: str | None) -> None:
        """Give back the attempt that `try_login` counted, and store the device as known.

        Only this attempt is given back: logging in to one account must not erase counted guesses at others.
        """
        for item, name in self._buckets(username, address, device):
            self._store.incr(item.key_for(name), item.get_expiry(), -1)
        if device is not None:
            self._devices.remember(_account(username), device)

    def _buckets(self, username: str, address: str, device: str | None) -> list[Bucket]:
        account = _account(username)
        if device is not None and self._devices.is_known(account, device):
            return [(self._by_device, _joined(account, device))]
        network = network_of(address)
        return [
            (self._by_address, network),
            (self._by_pair, _joined(account, network)),
            (self._by_account, account),
        ]

    def _too_many(self, item: RateLimitItem, name: str) -> TooMany:
        closes = self._limiter.get_window_stats(item, name).reset_time
        wait = max(1, round(closes - self._clock() / 1000))
        return TooMany(
            "Too many attempts to log in. Please wait a moment, then try again.",
            retry_after=min(wait, item.get_expiry()),
            detail=f"login limit {item.namespace} of {item.amount} in {item.get_expiry()} s",
        )


def network_of(address: str) -> str:
    """Return the network that one machine can choose addresses from: an IPv4 address, or an IPv6 /64."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False))


def _account(username: str) -> str:
    # Hashed, since the typed text may have any length, and is now and then a password.
    return hashlib.sha256(normal_name(username).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _joined(account: str, other: str) -> str:
    return f"{account}:{hashlib.sha256(other.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"
