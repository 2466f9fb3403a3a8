"""What limits keep in Redis: the attempts of each window, and the devices that a person logged in with."""

from sso_center.base.secrets import hashed, shard_of
from sso_center.storage.redis import Redis, load_script

KNOWN_FOR = 400 * 86400 * 1000
"""Milliseconds a device stays known after its last login: as long as browsers keep a cookie."""

_WINDOW = load_script(__package__, "window.lua")
_KNOWN = load_script(__package__, "known_device.lua")


class Windows:
    """Fixed windows of `length` seconds, each of which opens with its first attempt."""

    def __init__(self, redis: Redis, length: int) -> None:
        self._redis = redis
        self.length = length

    def add(self, name: str, amount: int) -> tuple[int, int]:
        """Add attempts, or give back; returns how many there are, and when the window ends (ms).

        Raises Unavailable.
        """
        count, closes = self._redis.run(
            _WINDOW, shard_of(name), {"name": name, "amount": amount, "length": self.length * 1000}
        )
        return int(count), int(closes)


class KnownDevices:
    """Remembers devices by account. Only a login that succeeded adds one, so strangers add none."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def is_known(self, account: str, device: str) -> bool:
        """Say whether this account was logged in to with this device. Raises Unavailable."""
        return bool(
            self._redis.run(_KNOWN, shard_of(account), {"device": _name(account, device), "lifetime": 0})
        )

    def remember(self, account: str, device: str) -> None:
        """Know the device from now on. Raises Unavailable."""
        self._redis.run(_KNOWN, shard_of(account), {"device": _name(account, device), "lifetime": KNOWN_FOR})


def _name(account: str, device: str) -> str:
    return f"{account}:{hashed(device)}"
