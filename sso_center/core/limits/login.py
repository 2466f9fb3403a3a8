"""The limits on login attempts.

| bucket | attempts in a window | it stops |
|---|---|---|
| address (IPv6: its /64) | `login_attempts_by_address` | one machine trying many accounts |
| account and address | `login_attempts_by_account` | one machine trying one account |
| account, unknown devices together | twice that | many machines trying one account |
| account and known device | `login_attempts_by_account` | a stolen device |

A device is known once its person has logged in with it. It is counted in its own bucket and in no other, so
that no stranger, however hard he tries, locks the owner out of known devices (OWASP, "Slow down online
guessing attacks with device cookies").
"""

import hashlib
import ipaddress
from dataclasses import dataclass

from sso_center.base.clock import Clock
from sso_center.base.errors import TooMany
from sso_center.base.names import normal_name
from sso_center.base.settings import Settings
from sso_center.core.limits.store import KnownDevices, Windows
from sso_center.storage.redis import Redis


@dataclass(frozen=True)
class Bucket:
    """What attempts are counted in: `amount` of them may pass in a window, for whom `name` tells."""

    kind: str
    amount: int
    name: str


class LoginLimits:
    """Counts login attempts, before the password is checked. Every method may raise Unavailable."""

    def __init__(self, settings: Settings, redis: Redis, clock: Clock) -> None:
        self._by_account = settings.login_attempts_by_account
        self._by_address = settings.login_attempts_by_address
        self._clock = clock
        self._devices = KnownDevices(redis)
        self._windows = Windows(redis, settings.login_window)

    def try_login(self, username: str, address: str, device: str | None) -> None:
        """Count one attempt; raises TooMany above the limit.

        `device` is the id in the browser's device cookie, if it has one. For a refused attempt the password
        must not be checked.
        """
        for bucket in self._buckets(username, address, device):
            count, closes = self._windows.add(self._name(bucket), 1)
            # A bucket that is full spares the later ones: one address alone can't fill the account's.
            if count > bucket.amount:
                raise self._too_many(bucket, closes)

    def give_back(self, username: str, address: str, device: str | None) -> None:
        """Give back the attempt that `try_login` counted, since its password was right.

        Only this attempt is given back: who may log in to one account must not thereby wipe out
        what was counted of guesses at others.
        """
        for bucket in self._buckets(username, address, device):
            self._windows.add(self._name(bucket), -1)

    def remember_device(self, username: str, device: str) -> None:
        """Know the device from now on: somebody has logged in to the account with it."""
        self._devices.remember(_account(username), device)

    def _buckets(self, username: str, address: str, device: str | None) -> list[Bucket]:
        account = _account(username)
        if device is not None and self._devices.is_known(account, device):
            return [Bucket("account-device", self._by_account, _joined(account, device))]
        network = network_of(address)
        return [
            Bucket("address", self._by_address, network),
            Bucket("account-address", self._by_account, _joined(account, network)),
            Bucket("account", 2 * self._by_account, account),
        ]

    def _name(self, bucket: Bucket) -> str:
        # The limits stand in it, so that others count anew when they are changed.
        return f"{bucket.kind}/{bucket.name}/{bucket.amount}/{self._windows.length}/second"

    def _too_many(self, bucket: Bucket, closes: int) -> TooMany:
        length = self._windows.length
        return TooMany(
            "Too many attempts to log in. Please wait a moment, then try again.",
            retry_after=min(max(1, round((closes - self._clock()) / 1000)), length),
            detail=f"login limit {bucket.kind} of {bucket.amount} in {length} s",
        )


def network_of(address: str) -> str:
    """Return what one machine can freely choose addresses from: an IPv4 address, or an IPv6 /64."""
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
    # Hashed, since what is typed here is of any length, and now and then a password.
    return hashlib.sha256(normal_name(username).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _joined(account: str, other: str) -> str:
    return f"{account}:{hashlib.sha256(other.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"
