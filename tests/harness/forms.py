"""Forms of an HTML page, as a browser would send them."""

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class Form:
    """One form: where it goes and what it sends when nothing is filled in."""

    action: str
    method: str
    id: str = ""
    values: dict[str, str] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    """Names and ids of all fields and buttons."""


def forms_in(text: str) -> list[Form]:
    """Return the forms of an HTML page in order."""
    parser = _Forms()
    parser.feed(text)
    parser.close()
    return parser.forms


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._open: Form | None = None
        self._select = self._textarea = ""
        """The names of those that are open, else empty."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = Form(
                action=given.get("action", ""),
                method=given.get("method", "get").lower(),
                id=given.get("id", ""),
            )
            self.forms.append(self._open)
        elif self._open is not None and tag in ("input", "button", "select", "textarea"):
            self._add(self._open, tag, given)
            self._select = given.get("name", "") if tag == "select" else ""
            self._textarea = given.get("name", "") if tag == "textarea" else ""
        elif self._open is not None and self._select and tag == "option":
            self._choose(self._open.values, given)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
        self._textarea = ""

    def handle_data(self, data: str) -> None:
        if self._open is not None and self._textarea:
            # The line break that it begins with is the markup's.
            self._open.values[self._textarea] += data.removeprefix("\n")

    def _choose(self, values: dict[str, str], option: dict[str, str]) -> None:
        # The first one counts unless another is marked.
        if "selected" in option or not values[self._select]:
            values[self._select] = option.get("value", "")

    @staticmethod
    def _add(form: Form, tag: str, given: dict[str, str]) -> None:
        form.names |= {given.get("name", ""), given.get("id", "")} - {""}
        kind = given.get("type", "submit" if tag == "button" else "text")
        is_sent = kind not in ("submit", "button", "image", "reset", "file") and (
            kind not in ("checkbox", "radio") or "checked" in given
        )
        if is_sent and given.get("name"):
            form.values[given["name"]] = given.get("value", "on" if kind == "checkbox" else "")
