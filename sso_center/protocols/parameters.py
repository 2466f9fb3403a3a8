"""The parameters of a query or a form, parsed once and strictly."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Parameters:
    """Each parameter by name. `broken` says of those that can't be relied on what is wrong with them.

    A parameter without a value counts as left out (RFC 6749 section 3.1).
    """

    values: Mapping[str, str] = field(repr=False)
    broken: Mapping[str, str]

    def get(self, name: str) -> str | None:
        """Return a parameter's value, or None when it was left out."""
        return self.values.get(name)

    @property
    def problem(self) -> str:
        """Return a sentence on the first broken parameter, or nothing. It repeats nothing that was sent."""
        return next(iter(self.broken.values()), "")


def parse(raw: str) -> Parameters:
    """Return the parameters of `raw`, encoded as `application/x-www-form-urlencoded`.

    Broken is a parameter that stands there twice, whose value is not UTF-8, or that holds control
    characters: two readers could understand different things by it (RFC 6749 section 3.1).
    """
    values: dict[str, str] = {}
    broken: dict[str, str] = {}
    for piece in raw.split("&"):
        name, _, value = piece.partition("=")
        try:
            name, value = _decoded(name), _decoded(value)
        except UnicodeDecodeError:
            broken[name] = "A parameter is not UTF-8."
            continue
        if name in values:
            broken[name] = "A parameter stands there twice."
        elif not value.isprintable() and any(c < " " or c == "\x7f" for c in value):
            broken[name] = "A parameter holds control characters."
        elif name:
            values[name] = value
    if broken or not all(values.values()):
        values = {name: value for name, value in values.items() if value and name not in broken}
    return Parameters(values, broken)


def _decoded(text: str) -> str:
    if "%" in text or "+" in text:
        return unquote_plus(text, errors="strict")
    return text
