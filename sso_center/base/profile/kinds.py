"""The kinds of values that a profile holds: how each is checked, and how it looks to programs and in forms.

The checks follow OpenID Connect Core 1.0, sections 5.1 and 5.1.1. Each takes a value as a program sends it
or as a person types it, and returns the form that is stored and told; what is empty stands for no value.
"""

import json
import re
import unicodedata
import zoneinfo
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from sso_center.base.errors import Invalid

MAX_LINE, MAX_EMAIL, MAX_URL, MAX_LINES, MAX_ENTRIES, MAX_ENTRY = 200, 254, 1000, 500, 100, 100

ADDRESS_MEMBERS = ("formatted", "street_address", "locality", "region", "postal_code", "country")
_ON_LINES = ("formatted", "street_address")

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}(;ext=[0-9]{1,10})?")
_BIRTHDATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,6}")
_ZONE = re.compile(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+){0,2}")
_YES_OR_NO = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False, "": False}

Check = Callable[[str, Any], Any]
"""Takes a field's name and a value of it; returns the form that is stored, or raises Invalid naming the
field."""


@dataclass(frozen=True, eq=False)
class Kind:
    """A kind of value. `name` is what an operator calls it, `input` how a form asks for it.

    `empty` stands for no value. What is not `is_short` is told at /userinfo and left out of ID tokens,
    which sites keep in cookies.
    """

    name: str
    check: Check
    schema: Mapping[str, Any]
    empty: Any = ""
    input: str = "text"
    is_short: bool = True


def _line(name: str, value: Any, most: int = MAX_LINE) -> str:
    text = _text(name, value).strip()
    if len(text) > most or not text.isprintable():
        raise Invalid(f"{name} has at most {most} printable characters.", field=name)
    return text


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise Invalid(f"{name} must be text.", field=name)
    return unicodedata.normalize("NFC", value)


def _matching(pattern: re.Pattern[str], name: str, value: Any, wanted: str) -> str:
    text = _line(name, value)
    if text and not pattern.fullmatch(text):
        raise Invalid(f"{text!r} is not {wanted}.", field=name)
    return text


def _email(name: str, value: Any) -> str:
    text = _text(name, value).strip()
    if text and not (len(text) <= MAX_EMAIL and text.isprintable() and _EMAIL.fullmatch(text)):
        raise Invalid(f"{text!r} is not an e-mail address.", field=name)
    return text


def _web_address(name: str, value: Any) -> str:
    text = _line(name, value, MAX_URL)
    # Sites make links and images of it: `javascript:` must never get there.
    if text and not _is_web_address(text):
        raise Invalid(f"{text!r} is not a web address that begins with https:// or http://.", field=name)
    return text


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        is_plain = parts.port != 0 and "@" not in parts.netloc
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and is_plain and " " not in text


def _birthdate(name: str, value: Any) -> str:
    text = _line(name, value)
    if text and not _is_birthdate(text):
        raise Invalid(f"{text!r} is not a date: 1999-12-31, 0000-12-31 and 1999 are.", field=name)
    return text


def _is_birthdate(text: str) -> bool:
    parts = _BIRTHDATE.fullmatch(text if len(text) > len("YYYY") else f"{text}-01-01")
    if parts is None or text == "0000":
        return False
    try:
        # The year 0000 is one that nobody tells: every day of a leap year may be a birthday.
        date(int(parts[1]) or 2000, int(parts[2]), int(parts[3]))
    except ValueError:
        return False
    return True


def _time_zone(name: str, value: Any) -> str:
    text = _matching(_ZONE, name, value, "a time zone: Europe/Paris is")
    known = _zones()
    if text and known and text not in known:
        raise Invalid(f"{text!r} is not a time zone: Europe/Paris is.", field=name)
    return text


@cache
def _zones() -> frozenset[str]:
    """Return the names in the IANA database, or none where the machine has none: then their form must do."""
    return frozenset(zoneinfo.available_timezones())


def _language(name: str, value: Any) -> str:
    text = _text(name, value).replace("_", "-")
    return _matching(_LANGUAGE, name, text, "a language tag: en-US is")


def _phone(name: str, value: Any) -> str:
    # Told as verified it must be in E.164, with the extension as in RFC 3966: so it always is.
    number, mark, extension = _line(name, value).partition(";")
    return _matching(_PHONE, name, re.sub(r"[ ().-]", "", number) + mark + extension, _PHONE_WANTED)


_PHONE_WANTED = "a phone number with its country code: +1 425 555 1212 and +49 30 123456;ext=78 are"


def _flag(name: str, value: Any) -> bool:
    said = _YES_OR_NO.get(value.strip().lower()) if isinstance(value, str) else value
    if not isinstance(said, bool):
        raise Invalid(f"{name} must be yes or no.", field=name)
    return said


def _names(name: str, value: Any) -> list[str]:
    entries = re.split("[,;\n]", value) if isinstance(value, str) else value
    if not isinstance(entries, Sequence) or len(entries) > MAX_ENTRIES:
        raise Invalid(f"{name} has at most {MAX_ENTRIES} entries.", field=name)
    found = {_line(name, entry, MAX_ENTRY) for entry in entries} - {""}
    if any("," in entry or ";" in entry for entry in found):
        raise Invalid(f"In {name} a comma stands between entries, not within one.", field=name)
    return sorted(found)


def _postal(name: str, value: Any) -> dict[str, str]:
    members = _as_members(name, value) if isinstance(value, str) else value
    if not isinstance(members, Mapping) or not set(members) <= set(ADDRESS_MEMBERS):
        raise Invalid(f"{name} has only {', '.join(ADDRESS_MEMBERS)}.", field=name)
    checked = {one: _part_of_address(name, one, members[one]) for one in ADDRESS_MEMBERS if one in members}
    return {one: text for one, text in checked.items() if text}


def _as_members(name: str, text: str) -> Any:
    """Return an address that is given as JSON, or as text alone."""
    if not text.lstrip().startswith("{"):
        return {"formatted": text}
    try:
        return json.loads(text)
    except ValueError as bad:
        raise Invalid(f"{name} is not JSON: {bad}", field=name) from bad


def _part_of_address(name: str, member: str, value: Any) -> str:
    if member not in _ON_LINES:
        return _line(f"{name}.{member}", value)
    place = f"{name}.{member}"
    lines = _text(place, value).replace("\r\n", "\n").strip()
    if len(lines) > MAX_LINES or not lines.replace("\n", "").isprintable():
        raise Invalid(f"{place} has at most {MAX_LINES} printable characters.", field=place)
    return lines


def _schema_of_text(most: int) -> dict[str, Any]:
    return {"type": "string", "maxLength": most}


_LINE = _schema_of_text(MAX_LINE)

TEXT = Kind("text", _line, _LINE)
EMAIL = Kind("email", _email, _schema_of_text(MAX_EMAIL + 2), input="email")
URL = Kind("url", _web_address, _schema_of_text(MAX_URL), input="url", is_short=False)
PHONE = Kind("phone", _phone, _LINE, input="tel")
DATE = Kind("date", _birthdate, _LINE)
ZONE = Kind("time_zone", _time_zone, _LINE)
LANGUAGE = Kind("language", _language, _LINE)
FLAG = Kind("yes_or_no", _flag, {"type": "boolean"}, empty=False, input="checkbox")
NAMES = Kind(
    "names", _names, {"type": "array", "items": _schema_of_text(MAX_ENTRY), "maxItems": MAX_ENTRIES}, empty=[]
)
POSTAL = Kind(
    "address",
    _postal,
    {
        "type": "object",
        "properties": {one: _schema_of_text(MAX_LINES) for one in ADDRESS_MEMBERS},
        "additionalProperties": False,
    },
    empty={},
    input="members",
    is_short=False,
)
NUMBER = Kind("number", lambda _name, value: value, {"type": "integer"}, empty=0, is_short=False)
"""What the center counts itself; nobody types one."""

DECLARABLE = {kind.name: kind for kind in (TEXT, EMAIL, URL, PHONE, DATE, ZONE, LANGUAGE, FLAG, NAMES)}
"""What an operator's fields can be."""


def shown(value: Any) -> str:
    """Return a value as one text, such as a cell of a table or of a form has."""
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, Mapping):
        return ", ".join(value.values()).replace("\n", ", ")
    return ", ".join(value) if isinstance(value, Sequence) and not isinstance(value, str) else str(value)
