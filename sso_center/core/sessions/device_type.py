"""The type of device that a User-Agent names, and the mark of one device."""

import re
from enum import StrEnum
from functools import lru_cache

from sso_center.base.secrets import hashed


class DeviceType(StrEnum):
    """The types of devices."""

    DESKTOP = "desktop"
    PHONE = "phone"
    TABLET = "tablet"
    APP = "app"
    OTHER = "other"


# The first match wins: a tablet also names a phone's system. An iPad in its "desktop" mode looks like a Mac.
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
    """Return the type of device that a User-Agent header names, OTHER when it names none."""
    if _APP_LIBRARIES.search(user_agent):
        return DeviceType.APP
    if not _IS_BROWSER.match(user_agent):
        return DeviceType.OTHER
    return next((kind for kind, rule in _RULES if rule.search(user_agent)), DeviceType.OTHER)


def device_mark(device: str | None) -> str:
    """Return the form in which a device's id is stored: hashed, and '' when it is unknown."""
    return hashed(device)[:32] if device else ""
