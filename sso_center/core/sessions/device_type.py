"""What sort of device a program runs on, read from what it calls itself; and the mark of one device."""

import re
from enum import StrEnum
from functools import lru_cache

from sso_center.base.secrets import hashed


class DeviceType(StrEnum):
    """The sorts that are told apart."""

    DESKTOP = "desktop"
    PHONE = "phone"
    TABLET = "tablet"
    APP = "app"
    OTHER = "other"


# The first that matches wins: a tablet also claims to be of a phone's system. An iPad in its "desktop" mode
# can't be told from a Mac.
_RULES = (
    (DeviceType.OTHER, re.compile(r"(?i)bot\b|crawler|spider|smart-?tv|web0s|appletv|playstation|xbox")),
    (DeviceType.TABLET, re.compile(r"iPad|Tablet|Kindle|Silk/|PlayBook|Android(?!.*Mobile)")),
    (DeviceType.PHONE, re.compile(r"iPhone|iPod|Mobile|Phone|BlackBerry|Opera Mini")),
    (DeviceType.DESKTOP, re.compile(r"Windows NT|Macintosh|X11|CrOS|Linux")),
)
_IS_BROWSER = re.compile(r"Mozilla/|Opera/")
_APP_LIBRARIES = re.compile(r"okhttp|CFNetwork|Dalvik|Dart/|Cronet|Alamofire|ReactNative")


@lru_cache(maxsize=1024)
def device_type_of(user_agent: str) -> DeviceType:
    """Return the sort of device that a User-Agent header speaks of, OTHER when it tells nothing."""
    if _APP_LIBRARIES.search(user_agent):
        return DeviceType.APP
    if not _IS_BROWSER.match(user_agent):
        return DeviceType.OTHER
    return next((kind for kind, rule in _RULES if rule.search(user_agent)), DeviceType.OTHER)


def device_mark(device: str | None) -> str:
    """Return the form in which the id of a device is kept: hashed, and '' when it is not known."""
    return hashed(device)[:32] if device else ""
