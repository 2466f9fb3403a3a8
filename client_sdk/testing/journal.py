"""The fake center's journal: what it ended, in order, as its feed tells it."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from secrets import token_hex
from typing import Any

from client_sdk.core.endings.ending import CLAIMS_CHANGED, SESSION_REVOKED, TOKEN_REVOKED

KEEP_ALIVE = 15.0
_LOOK = 0.1

Entry = tuple[int, dict[str, Any]]


class Journal:
    """Numbers what it records, and tells what lies behind a position; `now` is in milliseconds."""

    def __init__(self, issuer: Callable[[], str], now: Callable[[], int]) -> None:
        self._issuer = issuer
        self._now = now
        self._turn = threading.Condition(threading.RLock())
        self._entries: list[Entry] = []
        self._number = 0
        self._low = 0
        self.lineage = token_hex(4)

    # What is recorded

    def session_ended(self, sid: str, sub: str, client_id: str = "") -> None:
        """Record the end of a session, or that one client left it."""
        subject = {"session": _opaque(sid), "user": self._user(sub)}
        self._record(
            SESSION_REVOKED, {**subject, **({"application": _opaque(client_id)} if client_id else {})}
        )

    def cut_off(self, at: int, *, sub: str = "", client_id: str = "", role: str = "") -> None:
        """Record that nothing counts that was stamped up to `at` (ms): of a user, client, role, or all."""
        if sub:
            subject = {"user": self._user(sub)}
        elif client_id:
            subject = {"application": _opaque(client_id)}
        elif role:
            subject = {"group": _opaque(role)}
        else:
            subject = {"tenant": _opaque(self._issuer())}
        self._record(SESSION_REVOKED, subject, at=at)

    def user_changed(self, sub: str, reason: str) -> None:
        """Record that a user is not what they were."""
        self._record(CLAIMS_CHANGED, {"user": self._user(sub)}, reason=reason)

    def tokens_revoked(self, said: Mapping[str, Any], sub: str = "") -> None:
        """Record that a token (`jti`) or `families` of them were taken back."""
        self._record(TOKEN_REVOKED, {"user": self._user(sub)} if sub else {}, **said)

    def _record(self, kind: str, subject: dict[str, Any], *, at: int = 0, **said: Any) -> None:
        now = self._now()
        about = {
            "event_timestamp": (at or now) // 1000,
            "at": at or now,
            "reason": "logout",
            "initiating_entity": "admin",
            **said,
        }
        with self._turn:
            self._number += 1
            event = {
                "position": self.position(),
                "iat": now // 1000,
                "sub_id": {"format": "complex", **subject},
                "events": {kind: about},
            }
            self._entries.append((self._number, event))
            self._turn.notify_all()

    def skip(self, entries: int) -> None:
        """Record what concerns no site here, or let a position be reached that others made."""
        with self._turn:
            self._number += entries
            self._turn.notify_all()

    def forget(self) -> None:
        """Know nothing any more of what was recorded: what was missed can't be told."""
        with self._turn:
            self._low, self._entries = self._number, []

    def begin_anew(self) -> None:
        """Take another lineage, as after the database was restored from a copy."""
        with self._turn:
            self.lineage = token_hex(4)
            self.forget()

    # What is told

    def position(self) -> str:
        """Return where the journal is."""
        return f"{self.lineage}:{self._number}"

    def since(self, after: str | None) -> Mapping[str, Any]:
        """Return what the feed says in JSON. Raises ValueError for what is no position."""
        with self._turn:
            number = None if after is None else self._known(after)
            told = [] if number is None else [event for place, event in self._entries if place > number]
            is_whole = after is None or number is not None
            return {"position": self.position(), "is_whole": is_whole, "endings": told}

    def stream(self, after: str | None, is_over: Callable[[], bool]) -> Iterator[bytes]:
        """Return the event stream, until `is_over`. Raises ValueError for what is no position."""
        number = self._number if after is None else self._known(after)
        return self._stream(number, is_over)

    def _stream(self, number: int | None, is_over: Callable[[], bool]) -> Iterator[bytes]:
        lineage = self.lineage
        yield _event("position", self.position(), {"position": self.position()})
        if number is None:
            yield _event("reset", self.position(), {"position": self.position()})
            number = self._number
        silent = 0.0
        while not is_over() and self.lineage == lineage:
            with self._turn:
                if self._number == number:
                    self._turn.wait(_LOOK)
                new = [entry for entry in self._entries if entry[0] > number]
                number = self._number
            for _, event in new:
                yield _event("ending", event["position"], event)
            silent = 0.0 if new else silent + _LOOK
            if silent >= KEEP_ALIVE:
                silent = 0.0
                yield b": keep-alive\n\n"

    def _known(self, after: str) -> int | None:
        lineage, _, number = after.rpartition(":")
        place = int(number)
        is_told = lineage == self.lineage and self._low <= place <= self._number
        return place if is_told else None

    def _user(self, sub: str) -> dict[str, str]:
        return {"format": "iss_sub", "iss": self._issuer(), "sub": sub}


def _opaque(name: str) -> dict[str, str]:
    return {"format": "opaque", "id": name}


def _event(kind: str, position: str, data: Mapping[str, Any]) -> bytes:
    return f"id: {position}\nevent: {kind}\ndata: {json.dumps(data)}\n\n".encode()
