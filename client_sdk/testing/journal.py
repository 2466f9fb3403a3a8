"""The fake center's journal: what ended there, in order, and the feed that reports it."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from secrets import token_hex
from typing import Any
from urllib.parse import parse_qs

from client_sdk.core.endings.ending import CLAIMS_CHANGED, SESSION_REVOKED, TOKEN_REVOKED
from client_sdk.core.http.transport import HttpResponse
from client_sdk.testing.wire import json_answer

KEEP_ALIVE = 15.0
_LOOK = 0.1

Event = dict[str, Any]


class Journal:
    """Numbers what it records, and answers as the feed of endings does.

    `now` is in milliseconds. Streams end when `is_over` says so; unless `has_feed` there is no feed at all.
    """

    def __init__(
        self,
        issuer: Callable[[], str],
        now: Callable[[], int],
        has_feed: Callable[[], bool],
        is_over: Callable[[], bool],
    ) -> None:
        self._issuer = issuer
        self._now = now
        self._has_feed = has_feed
        self._is_over = is_over
        self._turn = threading.Condition(threading.RLock())
        self._entries: list[tuple[int, Event]] = []
        self._number = self._low = 0
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
        subject = {"tenant": _opaque(self._issuer())}
        if sub:
            subject = {"user": self._user(sub)}
        elif client_id or role:
            subject = {"application" if client_id else "group": _opaque(client_id or role)}
        self._record(SESSION_REVOKED, subject, at=at)

    def user_changed(self, sub: str, reason: str) -> None:
        """Record that a user was changed."""
        self._record(CLAIMS_CHANGED, {"user": self._user(sub)}, reason=reason)

    def tokens_revoked(self, said: Mapping[str, Any]) -> None:
        """Record that a token (`jti`) or `families` of tokens were revoked."""
        self._record(TOKEN_REVOKED, {}, **said)

    def _record(self, kind: str, subject: Event, *, at: int = 0, **said: Any) -> None:
        now = self._now()
        when = {"event_timestamp": (at or now) // 1000, "at": at or now}
        about = {**when, "reason": "logout", "initiating_entity": "admin", **said}
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
        """Record entries that concern no site here."""
        with self._turn:
            self._number += entries
            self._turn.notify_all()

    def forget(self) -> None:
        """Forget what was recorded: the feed can no longer report it."""
        with self._turn:
            self._low, self._entries = self._number, []

    def begin_anew(self) -> None:
        """Take another lineage, as after the database was restored from a copy."""
        with self._turn:
            self.lineage = token_hex(4)
            self.forget()

    # The feed

    def position(self) -> str:
        """Return where the journal is."""
        return f"{self.lineage}:{self._number}"

    def answer(self, query: str) -> HttpResponse:
        """Answer the feed's question in JSON."""
        if not self._has_feed():
            return json_answer(404, {"error": "not_found"})
        try:
            with self._turn:
                after = self._after(query)
                told = [] if after is None else [event for number, event in self._entries if number > after]
                said = {"position": self.position(), "is_whole": after is not None, "endings": told}
        except ValueError:
            return json_answer(400, {"error": "invalid_request"})
        return json_answer(200, said)

    def stream(self, query: str) -> HttpResponse | Iterator[bytes]:
        """Answer the feed's question with an event stream."""
        if not self._has_feed() or self._is_over():
            return json_answer(503, {"error": "temporarily_unavailable"})
        try:
            return self._stream(self._after(query))
        except ValueError:
            return json_answer(400, {"error": "invalid_request"})

    def _stream(self, number: int | None) -> Iterator[bytes]:
        lineage = self.lineage
        yield _event("position", self.position(), {"position": self.position()})
        if number is None:
            yield _event("reset", self.position(), {"position": self.position()})
            number = self._number
        silent = 0.0
        while not self._is_over() and self.lineage == lineage:
            with self._turn:
                if self._number == number:
                    self._turn.wait(_LOOK)
                new = [event for place, event in self._entries if place > number]
                number = self._number
            for event in new:
                yield _event("ending", event["position"], event)
            silent = 0.0 if new else silent + _LOOK
            if silent >= KEEP_ALIVE:
                silent = 0.0
                yield b": keep-alive\n\n"

    def _after(self, query: str) -> int | None:
        """Return the position's number in `query`, None when later entries are lost. Raises ValueError."""
        after = parse_qs(query).get("after")
        if after is None:
            return self._number
        lineage, _, number = after[0].rpartition(":")
        is_told = lineage == self.lineage and self._low <= int(number) <= self._number
        return int(number) if is_told else None

    def _user(self, sub: str) -> dict[str, str]:
        return {"format": "iss_sub", "iss": self._issuer(), "sub": sub}


def _opaque(name: str) -> dict[str, str]:
    return {"format": "opaque", "id": name}


def _event(kind: str, position: str, data: Mapping[str, Any]) -> bytes:
    return f"id: {position}\nevent: {kind}\ndata: {json.dumps(data)}\n\n".encode()
