"""What every step of signing in is made of, is given, and leaves behind."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from flask import Response

from sso_center.base.urls import with_query
from sso_center.core.users import User
from sso_center.services import Services
from sso_center.ui.login.destination import Destination
from sso_center.web.sign_in import LOGIN


@dataclass(frozen=True)
class Progress:
    """What was proven so far by a browser that is not signed in yet. Holds no secret and proves only this."""

    sub: str
    version: int
    """The user's when it was proven: a change since then, of the password say, makes it void."""
    amr: tuple[str, ...]
    """The methods by which it was proven (RFC 8176), in the order of the steps."""
    is_remembered: bool
    started_at: int
    """Milliseconds since 1970."""

    def proven_by(self, *methods: str) -> "Progress":
        """Return this progress with further methods (RFC 8176), beside those of the steps before."""
        return replace(self, amr=tuple(dict.fromkeys((*self.amr, *methods))))


@dataclass(frozen=True)
class Alternative:
    """Another step by which the person may begin instead: the words of the link, and its address."""

    label: str
    address: str


@dataclass(frozen=True)
class Visit:
    """One request to one step. `user` and `progress` are None until a step has proven who it is."""

    services: Services
    destination: Destination
    progress: Progress | None
    user: User | None
    path: str
    """Where the step is shown, and where its form is sent: its own path, or the entry's."""
    alternatives: tuple[Alternative, ...] = ()

    @property
    def address(self) -> str:
        """Return where the step's form is sent: its path, with what it must not lose."""
        return address_of(self.path, self.destination)


@dataclass(frozen=True)
class Step:
    """One step: its name, when it is due, its page, and its judgement on what was sent.

    `take` returns the progress made, or the page to show when it is not content. A step with `begins`, the
    words of the link that leads to it, can be the first: it is given no progress, and makes the first.
    `show_again` is its page after a form's token was found to be too old; without one the person starts over.
    """

    name: str
    is_due: Callable[[Progress | None, User | None], bool]
    show: Callable[[Visit], Response]
    take: Callable[[Visit], Progress | Response]
    begins: str = ""
    show_again: Callable[[Visit], Response] | None = None

    @property
    def path(self) -> str:
        """Return the path of its own page."""
        return f"{LOGIN}/{self.name.replace('_', '-')}"


def address_of(path: str, destination: Destination) -> str:
    """Return the address of a step, with where the person goes afterwards."""
    return with_query(path, next=destination.address, again="1" if destination.asks_again else None)
