"""What every step of signing in is made of, is given, and leaves behind."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Response

from sso_center.core.users import User
from sso_center.services import Services
from sso_center.ui.login.destination import Destination


@dataclass(frozen=True)
class Progress:
    """What was proven so far by a browser that is not signed in yet. Holds no secret and proves only this."""

    sub: str
    version: int
    """The user's when it was proven: a change since then, of the password say, makes it void."""
    amr: tuple[str, ...]
    """How it was proven (RFC 8176)."""
    is_remembered: bool
    started_at: int
    """Milliseconds since 1970."""


@dataclass(frozen=True)
class Visit:
    """One request to one step. `user` and `progress` are None until a password was checked."""

    services: Services
    destination: Destination
    progress: Progress | None
    user: User | None


@dataclass(frozen=True)
class Step:
    """One step: its name and path, when it is due, its page, and its judgement on what was sent.

    `take` returns the progress made, or the page to show when it is not content.
    """

    name: str
    path: str
    is_due: Callable[[Progress | None, User | None], bool]
    show: Callable[[Visit], Response]
    take: Callable[[Visit], Progress | Response]
