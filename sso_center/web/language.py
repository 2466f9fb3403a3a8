"""The language of a page: asked for by link, remembered by cookie, wished by the site, or the browser's.

Flask-Babel has no types; the functions that everybody needs of it are given theirs here.
"""

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import cast
from urllib.parse import urlencode

from flask import Flask, Response, request
from flask_babel import Babel  # type: ignore[import-untyped]
from flask_babel import format_decimal as _format_decimal
from flask_babel import format_timedelta as _format_timedelta
from flask_babel import gettext as _gettext
from flask_babel import lazy_gettext as _lazy_gettext

from sso_center.base.settings import Settings

LANGUAGES = {"en": "English", "zh": "中文"}
"""Code and own name of each language; translations lie in ui/locales."""

TAGS = {"en": "en", "zh": "zh-Hans"}
"""What each language is called in HTML (BCP 47)."""

DEFAULT = "en"
COOKIE = "sso-lang"
PARAMETER = "lang"
YEAR = 365 * 86400

LOCALES = Path(__file__).parent.parent / "ui" / "locales"


def install(app: Flask, settings: Settings) -> None:
    """Choose the language of each request of `app`, and remember what a person chose."""
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(LOCALES)
    Babel(app, default_locale=DEFAULT, locale_selector=current_language)
    app.context_processor(_for_templates)

    @app.after_request
    def remember(response: Response) -> Response:
        # Looking at the raw query first: hardly any request asks for a language.
        if b"lang=" in request.query_string and (chosen := _asked_for()):
            response.set_cookie(
                COOKIE,
                chosen,
                max_age=YEAR,
                path="/",
                secure=settings.is_secure,
                httponly=True,
                samesite="Lax",
            )
        return response


def current_language() -> str:
    """Return the code of the language for the current request, one of LANGUAGES."""
    return (
        _asked_for()
        or _known(request.cookies.get(COOKIE, ""))
        or _wished_by_site()
        or _first_known(request.accept_languages.values())
        or DEFAULT
    )


def gettext(message: str, **values: object) -> str:
    """Return `message` in the language of the current request, with `%(name)s` replaced by `values`."""
    return str(_gettext(message, **values))


def lazy_gettext(message: str) -> str:
    """Return something that becomes `gettext(message)` whenever it is turned into a string."""
    return cast(str, _lazy_gettext(message))


def ago(milliseconds: int) -> str:
    """Return how long ago something was, such as "3 hours ago".

    Relative, because only a script could tell in which time zone the person is.
    """
    if milliseconds < 60_000:
        return gettext("just now")
    past = timedelta(milliseconds=-milliseconds)
    return str(_format_timedelta(past, granularity="minute", add_direction=True))


def soon(milliseconds: int) -> str:
    """Return in how long something will be, such as "in 40 seconds"."""
    return str(_format_timedelta(timedelta(milliseconds=max(milliseconds, 1000)), add_direction=True))


def lasting(seconds: int) -> str:
    """Return a length of time, such as "2 hours"."""
    return str(_format_timedelta(timedelta(seconds=seconds), threshold=1.5))


def number(value: int) -> str:
    """Return a number with the separators of the language."""
    return str(_format_decimal(value))


def _asked_for() -> str | None:
    return _known(request.args.get(PARAMETER, ""))


def _wished_by_site() -> str | None:
    # OpenID Connect Core, section 3.1.2.1: tags in the order of preference, separated by spaces.
    return _first_known(request.args.get("ui_locales", "").split(" ")[:10])


def _first_known(tags: Iterable[str]) -> str | None:
    # By its first part: whoever likes en-GB best is better served with en than with their second choice.
    return next((code for tag in tags if (code := _known(tag.partition("-")[0].lower()))), None)


def _known(code: str) -> str | None:
    return code if code in LANGUAGES else None


def _link(code: str) -> str:
    """Return the address of the page being shown, in another language."""
    kept = [(name, value) for name, value in request.args.items(multi=True) if name != PARAMETER]
    return f"?{urlencode([*kept, (PARAMETER, code)])}"


def _for_templates() -> dict[str, object]:
    current = current_language()
    return {
        "language_tag": TAGS[current],
        "language_links": [
            (TAGS[code], name, None if code == current else _link(code)) for code, name in LANGUAGES.items()
        ],
    }
