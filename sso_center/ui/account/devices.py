"""What a person calls a browser, read from what the browser calls itself."""

from dataclasses import dataclass

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
    ("iPhone", "iPhone", "phone"),
    ("iPad", "iPad", "phone"),
    ("Android", "Android", "phone"),
    ("OpenHarmony", "HarmonyOS", "phone"),
    ("CrOS", "ChromeOS", "computer"),
    ("Windows", "Windows", "computer"),
    ("Macintosh", "macOS", "computer"),
    ("Linux", "Linux", "computer"),
)


@dataclass(frozen=True)
class Device:
    """A browser's name and its system's, both empty when unknown; `kind` is "phone" or "computer"."""

    browser: str
    system: str
    kind: str


def device_of(user_agent: str) -> Device:
    """Return the device that a User-Agent header speaks of."""
    browser = next((name for mark, name in BROWSERS if mark in user_agent), "")
    for mark, name, kind in SYSTEMS:
        if mark in user_agent:
            return Device(browser, name, kind)
    return Device(browser, "", "computer")
