"""What a person calls a browser, read from what the browser calls itself."""

from dataclasses import dataclass

from sso_center.core.sessions import DeviceType, device_type_of
from sso_center.web.language import gettext

# The first that matches wins: nearly all browsers also claim to be those that were there before them.
BROWSERS = (
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("OPR/", "Opera"),
    ("Vivaldi/", "Vivaldi"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("MicroMessenger/", "WeChat"),
    ("QQBrowser/", "QQ Browser"),
    ("YaBrowser/", "Yandex Browser"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("HeadlessChrome/", "Chrome"),
    ("Chromium/", "Chromium"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
    ("python-requests/", "Python"),
)

SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("OpenHarmony", "HarmonyOS"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
)


@dataclass(frozen=True)
class Device:
    """A browser's name and its system's, both empty when unknown, and the type of device."""

    browser: str
    system: str
    type: DeviceType

    @property
    def label(self) -> str:
        """What a person would call it, such as "Firefox on Windows", in the language of the request."""
        if self.browser and self.system:
            return gettext("%(browser)s on %(system)s", browser=self.browser, system=self.system)
        return self.browser or self.system or gettext("Unknown device")


def device_of(user_agent: str) -> Device:
    """Return the device that a User-Agent header speaks of."""
    browser = next((name for mark, name in BROWSERS if mark in user_agent), "")
    system = next((name for mark, name in SYSTEMS if mark in user_agent), "")
    return Device(browser, system, device_type_of(user_agent))
