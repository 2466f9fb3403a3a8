"""Password checks run beside everything else: they wait for each other, and nobody else waits for them."""

import contextlib
import select
from collections.abc import Callable

import pytest

from sso_center.app import paths_of
from sso_center.ui.login import order
from tests.harness.waiting import eventually
from tests.server.process import Supervised
from tests.server.wire import Connection

FORM = "Content-Type: application/x-www-form-urlencoded"


@pytest.fixture
def served(supervise: Callable[..., Supervised]) -> Supervised:
    return supervise(workers=1, slow_waiting=2)


def log_in(connection: Connection, name: str, path: str = "/login") -> None:
    body = f"username={name}".encode()
    connection.head("POST", path, FORM, f"Content-Length: {len(body)}").send(body)


@pytest.mark.parametrize("path", ["/login", "/login/", "/%6cogin"])
def test_others_are_served_while_a_password_is_checked(served: Supervised, path: str) -> None:
    with served.connect() as slow, served.connect() as quick:
        log_in(slow, "me", path)
        served.await_at_gate("password")
        for _ in range(50):
            assert quick.ask("GET", "/pid").status == 200
            assert quick.ask("POST", "/body", body=b"abc").status == 200
            assert quick.ask("GET", "/login").status == 405
        served.open_gate("password")
        assert slow.reply().text == "hello me"


def test_checks_beyond_the_queue_are_refused_and_the_others_answered(served: Supervised) -> None:
    with contextlib.ExitStack() as stack:
        slow = [stack.enter_context(served.connect()) for _ in range(6)]
        log_in(slow[0], "first")
        served.await_at_gate("password")
        for number, connection in enumerate(slow[1:]):
            log_in(connection, f"person{number}")
        # One is under way and two wait; the others are answered before anything else happens.
        refused = [connection.reply() for connection in slow[3:]]
        assert [reply.status for reply in refused] == [503, 503, 503]
        assert all(reply.header("retry-after") for reply in refused)
        with served.connect() as quick:
            assert quick.ask("GET", "/pid").status == 200
        served.open_gate("password")
        assert [connection.reply().status for connection in slow[:3]] == [200, 200, 200]


def test_a_connection_that_logged_in_goes_on(served: Supervised) -> None:
    served.open_gate("password")
    with served.connect() as connection:
        for name in ("one", "two"):
            log_in(connection, name)
            assert connection.reply().text == f"hello {name}"
            assert connection.ask("GET", "/pid").status == 200


def test_every_page_that_checks_or_hashes_a_password_runs_in_the_side_thread() -> None:
    steps = {"/login", *(step.path for step in order.STEPS)}
    assert steps | {"/account/password"} == set(paths_of().password_posts)


def test_polled_requests_delay_nobody_else_and_have_a_queue_of_their_own(
    supervise: Callable[..., Supervised],
) -> None:
    served = supervise(polled=["/gate/sql"], polled_waiting=1)
    with contextlib.ExitStack() as stack:
        polls = [stack.enter_context(served.connect()) for _ in range(4)]
        polls[0].head("GET", "/gate/sql")
        served.await_at_gate("sql")
        for connection in polls[1:]:
            connection.head("GET", "/gate/sql")
        # One is under way and one waits, whichever of them was first.
        eventually(lambda: len(answered(polls)) == 2, what="two refusals")
        refused = answered(polls)
        assert [connection.reply().status for connection in refused] == [503, 503]
        with served.connect() as quick, served.connect() as slow:
            log_in(slow, "me")
            served.open_gate("password")
            assert slow.reply().text == "hello me"
            assert quick.ask("GET", "/pid").status == 200
        served.open_gate("sql")
        rest = [connection for connection in polls if connection not in refused]
        assert [connection.reply().text for connection in rest] == ["through", "through"]


def answered(connections: list[Connection]) -> list[Connection]:
    """Return those on which there is something to read."""
    return [one for one in connections if select.select([one.socket], [], [], 0)[0]]
