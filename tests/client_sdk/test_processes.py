"""Forks, threads, and a network that misbehaves."""

import ipaddress
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

import pytest

from client_sdk.core.errors import Unavailable
from client_sdk.core.http.transport import MAX_BODY, HttpRequest, RequestsTransport
from client_sdk.testing import FakeCenter
from tests.client_sdk.sites import RunningSite, Times
from tests.harness.browser import Browser
from tests.servers.valkey import ValkeyServer


def test_a_forked_process_works_by_itself(site: RunningSite, center: FakeCenter, browser: Browser) -> None:
    site.sign_in(browser)
    headers = {"Cookie": f"{site.cookie}={browser.cookies_for('127.0.0.1')[site.cookie]}"}
    inner = site.app.extensions["sso"]
    with held_by_another_thread(
        inner._asker._turn,
        inner._view._lock,
        inner._view._proofs._lock,
        inner._view._sessions._lock,
        inner._sessions._verified._lock,
    ):
        child = os.fork()
        if child == 0:
            _as_child(site, headers)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert len(center.asked) == 1, "the child did not ask for itself"
    assert browser.get(site.url + "/").status == 200
    assert len(center.asked) == 1, "the parent forgot what it knew"


def test_a_forked_process_reaches_the_store_by_itself(
    new_site: Callable[..., RunningSite], store: ValkeyServer, browser: Browser
) -> None:
    site = new_site(sessions=store.url)
    site.sign_in(browser)
    headers = {"Cookie": f"{site.cookie}={browser.cookies_for('127.0.0.1')[site.cookie]}"}
    pool = site.app.extensions["sso"]._sessions._redis.connection_pool
    with held_by_another_thread(pool._lock, pool._fork_lock):
        child = os.fork()
        if child == 0:
            _as_child(site, headers)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0


def test_a_forked_process_checks_and_refreshes_tokens_by_itself(
    new_site: Callable[..., RunningSite], center: FakeCenter, times: Times, browser: Browser
) -> None:
    center.gives_refresh_tokens = True
    site = new_site(keep_tokens=True)
    site.sign_in(browser)
    cookies = browser.cookies_for("127.0.0.1").items()
    headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies)}
    times.move(590)
    inner = site.app.extensions["sso"]
    checks, refresher = inner.guard._checks, inner._tokens._refresher
    with held_by_another_thread(
        checks._flights._lock,
        checks._known._lock,
        checks._refused._lock,
        refresher._flights._lock,
        refresher._results._lock,
    ):
        child = os.fork()
        if child == 0:
            _as_child(site, headers, "/api")
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert len(center.refreshed) == 1


@contextmanager
def held_by_another_thread(*locks: Any) -> Iterator[None]:
    """Hold locks as a thread does that a forked child won't have, so that nobody there releases them."""
    are_held, let_go = threading.Event(), threading.Event()

    def hold() -> None:
        with ExitStack() as held:
            for lock in locks:
                held.enter_context(lock)
            are_held.set()
            let_go.wait(60)

    thread = threading.Thread(target=hold)
    thread.start()
    assert are_held.wait(60)
    try:
        yield
    finally:
        let_go.set()
        thread.join()


def _as_child(site: RunningSite, headers: dict[str, str], path: str = "/public") -> None:
    signal.alarm(20)
    try:
        answer = site.app.test_client(use_cookies=False).get(path, headers=headers)
        os._exit(0 if answer.text == "alice" else 1)
    finally:
        os._exit(2)


@contextmanager
def raw_server(*answers: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """Serve each connection one of `answers`, then close it; yields the address and what was received."""
    received: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def run() -> None:
            for answer in answers:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    received.append(connection.recv(65536))
                    try:
                        connection.sendall(answer)
                    except OSError:
                        continue

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", received
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(60)


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"


def test_redirects_and_cookies_of_the_center_are_not_followed() -> None:
    moved = (
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nSet-Cookie: a=1\r\n"
        b"Content-Length: 0\r\nConnection: close\r\n\r\n"
    )
    with raw_server(moved, OK) as (url, received):
        transport = RequestsTransport(5)
        assert transport(HttpRequest("GET", url)).status == 302
        assert transport(HttpRequest("GET", url)).status == 200
    assert b"Cookie" not in received[1]


def test_a_question_is_asked_again_on_a_broken_connection_but_a_code_is_not() -> None:
    with raw_server(b"", OK) as (url, received):
        assert RequestsTransport(5)(HttpRequest("POST", url, is_repeatable=True)).status == 200
        assert len(received) == 2
    with raw_server(b"", OK) as (url, received), pytest.raises(Unavailable) as caught:
        RequestsTransport(5)(HttpRequest("POST", url))
    assert len(received) == 1
    assert caught.value.code == "center_unreachable"


def test_an_endless_answer_is_cut_off() -> None:
    size = MAX_BODY + 20_000
    endless = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size
    with raw_server(endless) as (url, _), pytest.raises(Unavailable):
        RequestsTransport(20)(HttpRequest("GET", url))


def test_a_request_to_a_silent_center_times_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(Unavailable):
        RequestsTransport(0.2)(
            HttpRequest("GET", f"http://127.0.0.1:{silent.getsockname()[1]}", is_repeatable=True)
        )


def test_connections_that_lie_idle_are_let_go_when_one_has_gone_dead() -> None:
    met = threading.Barrier(2)
    kept: list[socket.socket] = []

    def answer_once(connection: socket.socket) -> None:
        """Answer the first request on a connection, and never say anything on it again."""
        kept.append(connection)
        connection.recv(65536)
        if len(kept) <= 2:
            met.wait(60)
        connection.sendall(OK.replace(b"Connection: close\r\n", b""))

    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(20)
        request = HttpRequest("GET", f"http://127.0.0.1:{listening.getsockname()[1]}", patience=5)
        transport = RequestsTransport(5)
        with ThreadPoolExecutor(8) as threads:
            asked = [threads.submit(transport, request) for _ in range(2)]
            for _ in asked:
                threads.submit(answer_once, listening.accept()[0])
            assert [one.result().status for one in asked] == [200, 200]
            with pytest.raises(Unavailable):
                transport(replace(request, patience=0.2))
            asked = [threads.submit(transport, request) for _ in range(2)]
            for _ in asked:
                threads.submit(lambda: answer_once(listening.accept()[0]))
            assert [one.result().status for one in asked] == [200, 200]
        for connection in kept:
            connection.close()


def test_credentials_of_the_machine_do_not_replace_the_clients(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    netrc = tmp_path_factory.mktemp("home") / ".netrc"
    netrc.write_text("machine 127.0.0.1 login other password other\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with raw_server(OK) as (url, received):
        RequestsTransport(5)(HttpRequest("GET", url, {"Authorization": "Basic own"}))
    assert b"Authorization: Basic own" in received[0]


@pytest.fixture
def no_resolver(monkeypatch: pytest.MonkeyPatch) -> None:
    """A C library that knows no name at all, not even `localhost`."""
    resolve = socket.getaddrinfo

    def only_addresses(host: str, *args: Any, **options: Any) -> Any:
        try:
            ipaddress.ip_address(host)
        except ValueError:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known") from None
        return resolve(host, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", only_addresses)


@pytest.mark.usefixtures("no_resolver")
@pytest.mark.parametrize("host", ["localhost", "sso.localhost", "a.b.localhost", "SSO.LocalHost"])
def test_names_of_this_machine_need_no_resolver_and_no_proxy(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with raw_server(OK) as (url, received):
        address = url.replace("127.0.0.1", host)
        assert RequestsTransport(5)(HttpRequest("GET", f"{address}/a?b=1")).status == 200
    head = received[0].decode().lower()
    assert head.startswith("get /a?b=1 http/1.1")
    assert f"host: {address.removeprefix('http://')}\r\n".lower() in head


@pytest.mark.usefixtures("no_resolver")
@pytest.mark.parametrize("host", ["localhost.example.org", "notlocalhost", "sso.localhost.example.org"])
def test_a_host_that_only_looks_like_localhost_is_resolved(host: str) -> None:
    with raw_server(OK) as (url, received):
        with pytest.raises(Unavailable):
            RequestsTransport(5)(HttpRequest("GET", url.replace("127.0.0.1", host)))
        assert not received


def test_no_secret_is_ever_logged(
    new_site: Callable[..., RunningSite],
    center: FakeCenter,
    browser: Browser,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG", "client_sdk")
    site = new_site(client_secret="keep this to yourself, please")
    back = browser.get(browser.get(site.url + "/").location).location
    browser.get(back.replace("code=", "code=not-"))
    site.sign_in(browser)
    site.tell(center.logout_token(site.client_id, sid="x") + "x")
    said = " ".join(record.getMessage() for record in caplog.records if record.name == "client_sdk")
    assert "login_grant_refused" in said
    code = back.partition("code=")[2].partition("&")[0]
    for secret in ("keep this", code, "eyJ", *browser.cookies_for("127.0.0.1").values()):
        assert secret not in said
