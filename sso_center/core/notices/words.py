"""What a notice says, and how a protocol puts it: the façades bring the words, core delivers them."""

from collections.abc import Callable
from dataclasses import dataclass

from sso_center.core.clients import Client
from sso_center.core.keys import Keys


@dataclass(frozen=True)
class LogoutNotice:
    """Which session is over at a client, or every one of a person when `sid` is ''.

    `handle` is what the client's protocol calls that session there, '' when it calls it nothing.
    """

    client: Client
    sub: str
    sid: str
    handle: str


@dataclass(frozen=True)
class Issuer:
    """Who speaks: with which keys, under which name, and when (ms)."""

    keys: Keys
    name: str
    now: int


@dataclass(frozen=True)
class NoticeRequest:
    """The POST that a notice is; `error_of` says what is wrong with an answer's status, '' if nothing is."""

    url: str
    body: bytes
    content_type: str
    error_of: Callable[[int], str]


NoticeWords = Callable[[Issuer, LogoutNotice], NoticeRequest]
"""Puts a notice into the words of one protocol, anew for each try."""

FindWords = Callable[[str], NoticeWords | None]
"""Returns the words of a protocol, None when the center does not speak it (any more)."""
