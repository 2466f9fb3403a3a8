"""What the center's feed says, in JSON and as a stream, however it comes."""

import json
from typing import Any

import pytest

from client_sdk.core.endings import event_stream, feed
from client_sdk.core.endings.ending import CAEP, TOKEN_REVOKED, Ending, Kind, read_ending
from client_sdk.core.endings.event_stream import EventReader, Gap
from client_sdk.core.errors import Unavailable
from client_sdk.core.http.transport import HttpResponse
from client_sdk.core.sessions.position import Position
from client_sdk.core.settings import Settings

SETTINGS = Settings(issuer="https://sso.example.org", client_id="shop", client_secret="secret")
AT = Position("a", 7)
SESSION, USER = {"format": "opaque", "id": "s"}, {"format": "iss_sub", "iss": "i", "sub": "u"}
NAMED = {"format": "opaque", "id": "x"}


def event(kind: str, subject: dict[str, Any], **said: Any) -> dict[str, Any]:
    about = {"event_timestamp": 1, "at": 1500, "reason": "logout", "initiating_entity": "user", **said}
    return {
        "position": "a:7",
        "iat": 1,
        "sub_id": {"format": "complex", **subject},
        "events": {kind: about},
    }


@pytest.mark.parametrize(
    ("kind", "subject", "said", "expected"),
    [
        ("session-revoked", {"session": SESSION, "user": USER}, {}, (Kind.SESSION, "s", "u", "", ())),
        (
            "session-revoked",
            {"session": SESSION, "user": USER, "application": NAMED},
            {},
            (Kind.LEAVE, "s", "u", "", ()),
        ),
        ("session-revoked", {"user": USER}, {}, (Kind.USER, "", "u", "", ())),
        ("session-revoked", {"application": NAMED}, {}, (Kind.CLIENT, "", "", "x", ())),
        ("session-revoked", {"group": NAMED}, {}, (Kind.ROLE, "", "", "x", ())),
        ("session-revoked", {"tenant": NAMED}, {}, (Kind.EVERYONE, "", "", "", ())),
        ("token-claims-change", {"user": USER}, {}, (Kind.CHANGE, "", "u", "", ())),
        (TOKEN_REVOKED, {"user": USER}, {"jti": "j"}, (Kind.TOKEN, "", "u", "", ("j",))),
        (TOKEN_REVOKED, {}, {"families": ["f", "g"]}, (Kind.TOKEN, "", "", "", ("f", "g"))),
    ],
)
def test_each_kind_of_feed_event_is_read(
    kind: str, subject: dict[str, Any], said: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    meant, sid, sub, name, tokens = expected
    whole = kind if kind == TOKEN_REVOKED else CAEP + kind
    assert read_ending(event(whole, subject, **said)) == Ending(meant, AT, 1500, sid, sub, name, tokens)


@pytest.mark.parametrize(
    "strange",
    [
        event("https://example.org/another-type", {"user": USER}),
        event(CAEP + "session-revoked", {"device": NAMED}),
        event(CAEP + "session-revoked", {"user": {"format": "email", "email": "a@b"}}),
        event(CAEP + "session-revoked", {"user": USER}, at="soon"),
        event(CAEP + "session-revoked", {"user": USER}, at=True),
        event(CAEP + "token-claims-change", {}),
        event(TOKEN_REVOKED, {}),
        event(TOKEN_REVOKED, {}, families=[]),
        event(TOKEN_REVOKED, {}, families=[1]),
        {"position": "a:7"},
        {"position": "a:7", "sub_id": [], "events": []},
    ],
)
def test_an_unknown_feed_event_is_left_to_the_center(strange: dict[str, Any]) -> None:
    assert read_ending(strange) == Ending(Kind.UNKNOWN, AT)


@pytest.mark.parametrize("strange", [None, [], "a:7", {}, {"position": 7}, {"position": "a"}])
def test_a_feed_event_without_a_position_is_none(strange: object) -> None:
    assert read_ending(strange) is None


@pytest.mark.parametrize(
    "text", ["", "a", ":1", "a:", "a:-1", "a:x", "a:1.0", "a:²", "a:" + "1" * 19, 7, None]
)
def test_a_malformed_position_is_refused(text: object) -> None:
    assert Position.parse(text) is None


def test_the_feed_request_names_the_position_and_the_client() -> None:
    request = feed.build_request(SETTINGS, AT)
    assert (request.method, request.url) == ("GET", "https://sso.example.org/endings?after=a:7")
    assert request.headers["Authorization"].startswith("Basic ")
    assert request.is_repeatable
    assert feed.build_request(SETTINGS, None).url == "https://sso.example.org/endings"
    assert event_stream.build_request(SETTINGS, AT).headers["Accept"] == "text/event-stream"


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "center_malformed"),
        (401, "center_refused_client"),
        (403, "center_refused_client"),
        (404, "feed_missing"),
        (405, "feed_missing"),
        (302, "center_failed"),
        (500, "center_failed"),
        (503, "center_failed"),
    ],
)
def test_a_refusal_has_its_code(status: int, code: str) -> None:
    with pytest.raises(Unavailable) as caught:
        feed.process_response(HttpResponse(status, b"{}"), None)
    assert caught.value.code == code


@pytest.mark.parametrize(
    "said",
    [
        {"position": "a", "is_whole": True, "endings": []},
        {"position": "a:1", "is_whole": 1, "endings": []},
        {"position": "a:1", "endings": []},
        {"position": "a:1", "is_whole": True, "endings": {}},
        {"position": "a:1", "is_whole": True, "endings": [{}]},
        {"position": "a:1", "is_whole": True, "endings": ["x"]},
        [],
    ],
)
def test_an_unreadable_feed_answer_is_refused(said: object) -> None:
    with pytest.raises(Unavailable) as caught:
        feed.process_response(HttpResponse(200, json.dumps(said).encode()), None)
    assert caught.value.code == "center_malformed"


def test_a_feed_answer_is_read() -> None:
    said = {"position": "a:9", "is_whole": True, "endings": [ENDING]}
    news = feed.process_response(HttpResponse(200, json.dumps(said).encode()), Position("a", 6))
    told = Ending(Kind.SESSION, AT, 1500, "s", "u")
    assert news == feed.FeedAnswer(Position("a", 6), Position("a", 9), True, (told,))


ENDING = event(CAEP + "session-revoked", {"session": SESSION, "user": USER})
STREAM = (
    b'id: a:6\nevent: position\ndata: {"position": "a:6"}\n\n'
    b": keep-alive\n\n"
    b"id: a:7\nevent: ending\ndata: " + json.dumps(ENDING).encode() + b"\n\n"
    b'event: reset\r\nid: a:9\r\ndata: {"position": "a:9"}\r\n\r\n'
    b"event: something\ndata: new\n\n"
    b"event: ending\ndata: no json\n\n"
)


@pytest.mark.parametrize("size", [1, 3, 64, 10_000])
def test_a_stream_is_read_however_it_is_cut(size: int) -> None:
    reader, found = EventReader(), []
    for place in range(0, len(STREAM), size):
        found += reader.read(STREAM[place : place + size])
    assert found == [Ending(Kind.SESSION, AT, 1500, "s", "u"), Gap(), Gap()]


@pytest.mark.parametrize("piece", [b"x" * 4096, b"data: x\n" * 512], ids=["line", "event"])
def test_an_event_without_an_end_is_given_up(piece: bytes) -> None:
    reader = EventReader()

    def read_on() -> None:
        for _ in range(event_stream.MAX_EVENT):
            list(reader.read(piece))

    with pytest.raises(Unavailable):
        read_on()
