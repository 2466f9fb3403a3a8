"""What reaches the application and how, what is refused before it, and what is written down."""

import re
from collections.abc import Callable
from urllib.parse import quote

import pytest

from tests.harness.waiting import eventually
from tests.server.process import Supervised
from tests.server.wire import Connection, Reply


@pytest.fixture(scope="module")
def served(supervise_for_all: Callable[..., Supervised]) -> Supervised:
    return supervise_for_all(max_body=10_000, body_timeout=1.0, header_timeout=1.0)


def ask(served: Supervised, method: str, target: str, *headers: str, body: bytes | None = None) -> Reply:
    with served.connect() as connection:
        return connection.ask(method, target, *headers, body=body)


def send(served: Supervised, data: bytes) -> Reply:
    with served.connect() as connection:
        return connection.send(data).reply()


# The environ


def test_the_environ_says_what_was_asked(served: Supervised) -> None:
    environ = ask(served, "GET", "/environ?a=%20b&c=d", "User-Agent: me", "X-Some-Thing: 1").json()
    assert environ["REQUEST_METHOD"] == "GET"
    assert environ["PATH_INFO"] == "/environ"
    assert environ["QUERY_STRING"] == "a=%20b&c=d"
    assert environ["HTTP_HOST"] == "x"
    assert environ["HTTP_USER_AGENT"] == "me"
    assert environ["HTTP_X_SOME_THING"] == "1"
    assert environ["SERVER_PROTOCOL"] == "HTTP/1.1"
    assert environ["SERVER_PORT"] == str(served.port)
    assert environ["wsgi.url_scheme"] == "http"
    assert environ["SCRIPT_NAME"] == ""


def test_the_address_comes_without_its_port(served: Supervised) -> None:
    assert ask(served, "GET", "/environ").json()["REMOTE_ADDR"] == "127.0.0.1"


def test_a_path_arrives_as_latin_1_of_its_utf_8(served: Supervised) -> None:
    # Flask has decoded it when it answers 404; what the application sees is told by its route.
    path = "/gate/" + quote("前门")
    served.open_gate("前门")
    assert ask(served, "GET", path).text == "through"


def test_a_header_that_came_twice_is_joined(served: Supervised) -> None:
    environ = ask(served, "GET", "/environ", "X-Thing: 1", "X-Thing: 2", "Cookie: a=1", "Cookie: b=2").json()
    assert environ["HTTP_X_THING"] == "1,2"
    assert environ["HTTP_COOKIE"] == "a=1; b=2"


def test_a_header_with_an_underscore_can_not_pose_as_another(served: Supervised) -> None:
    environ = ask(served, "GET", "/environ", "X_Forwarded_For: 6.6.6.6", "X_Real: 1").json()
    assert "HTTP_X_FORWARDED_FOR" not in environ
    assert "HTTP_X_REAL" not in environ


def test_type_and_length_of_a_body_have_names_of_their_own(served: Supervised) -> None:
    environ = ask(served, "POST", "/environ", "Content-Type: text/plain", body=b"four").json()
    assert environ["CONTENT_TYPE"] == "text/plain"
    assert environ["CONTENT_LENGTH"] == "4"
    assert "HTTP_CONTENT_LENGTH" not in environ


# Answers


def test_requests_on_one_connection_are_answered_in_turn(served: Supervised) -> None:
    with served.connect() as connection:
        assert connection.ask("GET", "/pid").status == 200
        assert connection.ask("POST", "/body", body=b"abc").json()["length"] == 3
        assert connection.ask("GET", "/pid").status == 200


def test_requests_sent_ahead_are_answered_in_turn(served: Supervised) -> None:
    one = b"POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s"
    with served.connect() as connection:
        connection.send(one % (1, b"a") + one % (2, b"ab"))
        assert [connection.reply().json()["length"] for _ in range(2)] == [1, 2]


def test_head_gets_the_headers_and_no_body(served: Supervised) -> None:
    with served.connect() as connection:
        answer = connection.ask("HEAD", "/pid")
        assert answer.status == 200
        assert int(answer.header("content-length") or 0) > 0
        assert connection.ask("GET", "/pid").text.isdigit()


def test_every_cookie_is_sent(served: Supervised) -> None:
    assert len(ask(served, "GET", "/two-cookies").all("set-cookie")) == 2


@pytest.mark.parametrize("path", ["/crash", "/exit"])
def test_a_crash_is_a_plain_500_and_the_log_has_the_trace(served: Supervised, path: str) -> None:
    answer = ask(served, "GET", path)
    assert answer.status == 500
    assert answer.body == b"500 Internal Server Error\n"
    assert "a secret detail" in served.stderr
    assert ask(served, "GET", "/pid").status == 200


# The request's id and the log


def test_a_request_gets_an_id(served: Supervised) -> None:
    answer = ask(served, "GET", "/environ")
    assert re.fullmatch("[0-9a-f]{16}", answer.header("x-request-id") or "")
    assert answer.json()["HTTP_X_REQUEST_ID"] == answer.header("x-request-id")
    assert answer.json()["sso_center.request_id"] == answer.header("x-request-id")


def test_an_id_that_a_proxy_gave_is_kept(served: Supervised) -> None:
    answer = ask(served, "GET", "/environ", "X-Request-ID: abc.DEF-123_4")
    assert answer.header("x-request-id") == answer.json()["HTTP_X_REQUEST_ID"] == "abc.DEF-123_4"


@pytest.mark.parametrize("given", ["short", "x" * 65, 'with"quote', "with space", "a" * 8 + "\u00e9"])
def test_an_id_that_does_not_look_like_one_is_replaced(served: Supervised, given: str) -> None:
    answer = ask(served, "GET", "/environ", f"X-Request-ID: {given}")
    assert re.fullmatch("[0-9a-f]{16}", answer.header("x-request-id") or "")


def test_the_id_that_the_application_tells_is_not_told_twice(served: Supervised) -> None:
    assert len(ask(served, "GET", "/own-id").all("x-request-id")) == 1


def test_a_request_is_one_line_without_its_query(served: Supervised) -> None:
    ask(served, "GET", "/pid?code=secret-code", "X-Request-ID: logged-once", "Cookie: c=secret-cookie")
    lines = eventually(lambda: [line for line in served.access_log() if line["request_id"] == "logged-once"])
    assert len(lines) == 1
    assert lines[0] | {"time": "", "ms": 0} == {
        "time": "",
        "logger": "sso_center.access",
        "request_id": "logged-once",
        "method": "GET",
        "path": "/pid",
        "status": 200,
        "ms": 0,
        "client": "127.0.0.1",
    }
    assert "secret" not in served.stdout


def test_a_refusal_is_written_down_too(served: Supervised) -> None:
    answer = ask(served, "BREW", '/"pot"')
    line = eventually(
        lambda: [x for x in served.access_log() if x["request_id"] == answer.header("x-request-id")]
    )[0]
    assert (line["method"], line["path"], line["status"]) == ("BREW", '/"pot"', 405)


def test_the_log_believes_a_trusted_proxy_and_nobody_else(
    served: Supervised, supervise: Callable[..., Supervised]
) -> None:
    behind_proxy = supervise(trusted_proxies="127.0.0.0/8")
    for one, expected in ((served, "127.0.0.1"), (behind_proxy, "203.0.113.9")):
        ask(one, "GET", "/pid", "X-Forwarded-For: 6.6.6.6, 203.0.113.9", "X-Request-ID: forwarded")
        found = eventually(lambda one=one: [x for x in one.access_log() if x["request_id"] == "forwarded"])
        assert found[0]["client"] == expected


# Bodies


def test_a_body_arrives_whole(served: Supervised) -> None:
    assert ask(served, "POST", "/body", body=b"x" * 10_000).json()["length"] == 10_000


def test_a_chunked_body_arrives_whole_and_with_its_length(served: Supervised) -> None:
    with served.connect() as connection:
        connection.head("POST", "/body", "Transfer-Encoding: chunked")
        for piece in (b"abc", b"de"):
            connection.send(b"%x\r\n%s\r\n" % (len(piece), piece))
        connection.send(b"0\r\n\r\n")
        assert connection.reply().json()["length"] == 5
    with served.connect() as connection:
        connection.head("POST", "/environ", "Transfer-Encoding: chunked").send(b"3\r\nabc\r\n0\r\n\r\n")
        environ = connection.reply().json()
        assert environ["CONTENT_LENGTH"] == "3"
        assert "HTTP_TRANSFER_ENCODING" not in environ


def test_an_announced_body_too_large_is_refused_before_it_is_sent(served: Supervised) -> None:
    with served.connect() as connection:
        connection.head("POST", "/body", "Content-Length: 10001")
        assert connection.reply().status == 413
        assert connection.is_closed()


def test_a_chunked_body_is_refused_when_it_gets_too_large(served: Supervised) -> None:
    with served.connect() as connection:
        connection.head("POST", "/body", "Transfer-Encoding: chunked")
        for _ in range(11):
            connection.send(b"3e8\r\n" + b"x" * 1000 + b"\r\n")
        assert connection.reply().status == 413
    assert "body 11000" not in served.story


@pytest.mark.parametrize(
    "framing", ["Content-Length: 9000", "Transfer-Encoding: chunked"], ids=["announced", "chunked"]
)
def test_a_body_that_takes_too_long_is_given_up(served: Supervised, framing: str) -> None:
    with served.connect() as connection:
        connection.head("POST", "/body", framing).send(b"1\r\na\r\n")
        assert connection.reply().status == 408
        assert connection.is_closed()


@pytest.mark.parametrize(
    "rest", [b"5\r\nhal", b"5\r\nwhole\r\nnonsense\r\n", b"3\r\nabc\r\n0\r\nTrailer: x\r\n\r\n"]
)
def test_half_a_chunked_body_never_reaches_the_application(served: Supervised, rest: bytes) -> None:
    before = [line for line in served.story if line.startswith("body")]
    with served.connect() as connection:
        connection.head("POST", "/body", "Transfer-Encoding: chunked", "X-Request-ID: half-a-body")
        connection.send(rest)
        connection.socket.shutdown(1)
        eventually(lambda: any(x["request_id"] == "half-a-body" for x in served.access_log()))
    assert [line for line in served.story if line.startswith("body")] == before


def test_half_an_announced_body_never_reaches_the_application(served: Supervised) -> None:
    before = [line for line in served.story if line.startswith("body")]
    with served.connect() as connection:
        connection.head("POST", "/body", "Content-Length: 100", "X-Request-ID: half-announced").send(b"half")
        connection.socket.close()
    eventually(lambda: any(x["request_id"] == "half-announced" for x in served.access_log()))
    assert [line for line in served.story if line.startswith("body")] == before


# Heads


@pytest.mark.parametrize(
    "lines",
    [
        ["Host: x", "Host: y"],
        ["Host: x", "Host: x"],
        ["Host: \u00e9"],
        [],
        ["Host: x", "Content-Length: 3", "Content-Length: 4"],
        ["Host: x", "Content-Length: -1"],
        ["Host: x", "Content-Length: +3"],
        ["Host: x", "Content-Length: 3, 3"],
        ["Host: x", "Content-Length: 99999999999999999999999"],
        ["Host: x", "Transfer-Encoding: chunked", "Transfer-Encoding: chunked"],
        ["Host: x", "Transfer-Encoding: gzip, chunked"],
        ["Host: x", "Transfer-Encoding: gzip"],
        ["Host: x", "Transfer-Encoding : chunked"],
        ["Host: x", "Transfer-Encoding: \x0bchunked"],
        ["Host: x", " folded: yes"],
        ["Host: x", "no colon"],
        ["Host: x", "X-Null: a\x00b"],
        ["Host: x", "Authorization: Basic YQ==", "Authorization: Basic Yg=="],
        ["Host: x", "X-Forwarded-For: \u00e9, 1.2.3.4"],
    ],
)
def test_a_head_that_can_be_read_in_two_ways_is_refused(served: Supervised, lines: list[str]) -> None:
    before = served.story
    head = "\r\n".join(["POST /body HTTP/1.1", *lines, "", ""])
    with served.connect() as connection:
        connection.send(head.encode() + b"abc")
        assert connection.reply().status == 400
        assert connection.is_closed()
    assert served.story == before


@pytest.mark.parametrize("turned", [False, True])
def test_no_request_can_hide_behind_two_framings(served: Supervised, turned: bool) -> None:
    # Whoever counted 10 bytes sees one request here, whoever read chunks would see two.
    framings = ["Content-Length: 10", "Transfer-Encoding: chunked"]
    hidden = b"POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 7\r\n\r\n"
    with served.connect() as connection:
        connection.head("POST", "/body", *(reversed(framings) if turned else framings))
        connection.send(b"0\r\n\r\n" + hidden + b"smuggle")
        connection.reply()
        assert connection.is_closed()
    assert "body 7" not in served.story


def test_an_address_that_names_another_host_is_refused(served: Supervised) -> None:
    assert ask(served, "GET", "http://x/pid").status == 200
    assert ask(served, "GET", "http://other/pid").status == 400


@pytest.mark.parametrize("target", ["/a%00b", "/a%0d%0aX-Header:%20y", "/%ff", "*", "/a%7f"])
def test_a_path_that_is_no_text_is_refused(served: Supervised, target: str) -> None:
    assert ask(served, "GET", target).status == 400


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "BREW", "get", "PROPFIND"])
def test_a_method_that_nobody_serves_is_refused(served: Supervised, method: str) -> None:
    answer = ask(served, method, "/pid" if method != "CONNECT" else "x:80")
    assert answer.status == 405
    assert "GET" in (answer.header("allow") or "")


def test_a_method_that_this_page_lacks_is_told_by_the_application(served: Supervised) -> None:
    assert ask(served, "PUT", "/pid").status == 405
    assert ask(served, "DELETE", "/environ").status == 200


def test_a_target_too_long_is_refused(served: Supervised) -> None:
    assert ask(served, "GET", "/pid?" + "x" * 8000).status == 200
    assert ask(served, "GET", "/pid?" + "x" * 9000).status == 414


@pytest.mark.parametrize("header", ["X-Long: " + "x" * 100_000, "\r\n".join(f"X-{n}: 1" for n in range(200))])
def test_a_head_too_large_is_refused(served: Supervised, header: str) -> None:
    assert ask(served, "GET", "/pid", header).status == 431


def test_a_request_that_is_not_http_is_refused(served: Supervised) -> None:
    assert send(served, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n").status == 400


def test_http_2_is_not_spoken(served: Supervised) -> None:
    with served.connect() as connection:
        connection.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        assert connection.socket.recv(1000)[:12] in (b"", b"HTTP/1.1 400", b"HTTP/1.1 505")


@pytest.mark.parametrize("begun", [b"", b"GET /pid HTTP/1.1\r\nHost: x\r\nX-Slow: "])
def test_a_head_that_takes_too_long_is_given_up(served: Supervised, begun: bytes) -> None:
    with served.connect() as connection:
        connection.send(begun)
        connection.socket.settimeout(20)
        while connection.socket.recv(1000):
            pass


def test_an_upgrade_is_not_followed(served: Supervised) -> None:
    answer = ask(
        served,
        "GET",
        "/pid",
        *(
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: eA==",
        ),
    )
    assert answer.status == 400


def test_refusals_are_never_cached(served: Supervised) -> None:
    answer = ask(served, "BREW", "/")
    assert answer.header("cache-control") == "no-store"
    assert answer.header("x-content-type-options") == "nosniff"


def test_http_1_0_without_host_is_served(served: Supervised) -> None:
    with Connection(served.port) as connection:
        assert connection.send(b"GET /pid HTTP/1.0\r\n\r\n").reply().status == 200
