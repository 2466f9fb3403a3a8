"""No secret leaves by the log, whatever somebody writes into it."""

import json
import logging
import sys

import pytest

from sso_center.base.secrets import new_id, new_secret
from sso_center.web.logging import JSONFormatter, redact, request_id

SECRET = "hunter2-and-more"
JWT = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ1MSJ9.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    "text",
    [
        f"POST /login password={SECRET}&remember=yes",
        f"{{'username': 'ada', 'password': '{SECRET}'}}",
        f'{{"client_secret": "{SECRET}"}}',
        f'{{"password": "a\\"b{SECRET}"}}',
        f"Authorization: Bearer {SECRET}",
        f"Authorization: Basic {SECRET}",
        f"Cookie: sso={SECRET}; other=1",
        f"Set-Cookie: __Host-sso={SECRET}; Path=/",
        f"redis://user:{SECRET}@redis.example:6379/0 refused",
        f"GET /callback?code={SECRET}&state={SECRET}",
        f"/logout?id_token_hint={SECRET}",
    ],
)
def test_what_is_named_a_secret_is_not_written(text: str) -> None:
    assert SECRET not in redact(text)


@pytest.mark.parametrize("kind", ["code", "client secret", "JWT"])
def test_what_looks_like_a_secret_is_not_written(kind: str) -> None:
    secret = {"code": new_secret("0a"), "client secret": new_secret(), "JWT": JWT}[kind]
    for text in (secret, f"found {secret} here", f"[{secret!r}]", f"x={secret}"):
        assert secret not in redact(text)


def test_what_an_admin_needs_stays() -> None:
    text = f"session {new_id('0a')} of shop at /authorize ended"
    assert redact(text) == text


def formatted(**changes: object) -> dict[str, object]:
    record = logging.makeLogRecord({"name": "sso_center", "levelname": "INFO", "msg": "said %s", **changes})
    return json.loads(JSONFormatter().format(record))


def test_a_record_is_one_line_with_what_was_given() -> None:
    line = formatted(args=("a\nb",), client_id="shop", token="abc", count=3)
    assert line["message"] == "said a\nb"
    assert (line["client_id"], line["count"], line["token"]) == ("shop", 3, "[redacted]")


def test_a_trace_is_redacted_too() -> None:
    try:
        raise ValueError(f"token={SECRET}")
    except ValueError:
        assert SECRET not in str(formatted(args=("x",), exc_info=sys.exc_info()))


def test_a_record_carries_the_id_of_its_request() -> None:
    token = request_id.set("abc12345")
    try:
        assert formatted(args=("x",))["request_id"] == "abc12345"
    finally:
        request_id.reset(token)
    assert "request_id" not in formatted(args=("x",))
