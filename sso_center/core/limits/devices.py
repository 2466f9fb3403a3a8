"""The devices that a person has logged in with."""

from sso_center.base.secrets import hashed, shard_of
from sso_center.storage.redis import Redis, load_script

KNOWN_FOR = 400 * 86400 * 1000
"""Milliseconds that a device stays known after its last login: as long as browsers keep a cookie."""

_KNOWN = load_script(__package__, "known_device.lua")


class KnownDevices:
    """The known devices of accounts. Only a successful login adds one, so strangers add none."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def is_known(self, account: str, device: str) -> bool:
        """Say whether this account has logged in with this device. Raises Unavailable."""
        return bool(
            self._redis.run(_KNOWN, shard_of(account), {"device": _name(account, device), "lifetime": 0})
        )

    def remember(self, account: str, device: str) -> None:
        """Store the device as known. Raises Unavailable."""
        self._redis.run(_KNOWN, shard_of(account), {"device": _name(account, device), "lifetime": KNOWN_FOR})


def _name(account: str, device: str) -> str:
    return f"{account}:{hashed(device)}"
