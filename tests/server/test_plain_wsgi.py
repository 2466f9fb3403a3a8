"""The center as a plain WSGI application: everything but open streams works under any server."""

import os
import re
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse

import pytest

from sso_center.web.logging import FRONT_ID
from tests.harness.browser import Browser
from tests.harness.center import ROOT, RUNNING, Center, Person
from tests.harness.commands import COMMANDS, Started
from tests.harness.receiver import Receiver
from tests.harness.site import Site
from tests.harness.waiting import eventually


class PlainCenter(Center):
    """A center whose web worker is a plain WSGI server; the courier runs beside it."""

    courier: Started | None = None

    def start(self) -> "PlainCenter":
        """Start both, and return when it answers."""
        with self.log_file.open("ab") as log, Path(os.devnull).open("rb") as nothing:
            self.process = subprocess.Popen(  # type: ignore[assignment]
                [sys.executable, "-m", "tests.server.plain_wsgi", str(self.port)],
                env=self.environ,
                cwd=ROOT,
                stdin=nothing,
                stdout=log,
                stderr=log,
            )
            streams = [nothing.fileno(), log.fileno(), log.fileno()]
            self.courier = COMMANDS.start(["courier"], environ=self.environ, folder=ROOT, streams=streams)
        RUNNING.append(self)
        eventually(self._is_ready, within=60, what=f"the start of the center at {self.issuer}")
        return self

    def close(self) -> None:
        """Stop both; the courier ends by itself when it is told to."""
        assert self.courier is not None
        self.courier.send_signal(15)
        assert self.courier.wait(30) == 0
        super().close()


@pytest.fixture(scope="module")
def center(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlainCenter]:
    center = PlainCenter(tmp_path_factory.mktemp("plain"))
    try:
        yield center.start()
    finally:
        center.close()


@pytest.fixture(scope="module")
def person(center: PlainCenter) -> Person:
    return center.add_person()


@pytest.fixture(scope="module")
def site(center: PlainCenter) -> Site:
    return center.add_site()


def test_a_person_signs_in_and_out(site: Site, browser: Browser, person: Person) -> None:
    signed = site.sign_in(browser, person)
    assert site.userinfo(signed.access_token).json()["sub"] == person.sub
    assert site.introspect(signed.access_token)["active"] is True
    assert site.is_alive(signed.sid)
    browser.submit(browser.get(site.center.url("/logout")), "logout-confirm")
    assert not site.is_alive(signed.sid)


def test_the_courier_beside_it_delivers_notices(
    center: PlainCenter, browser: Browser, person: Person, receiver: Receiver
) -> None:
    shop = center.add_site(backchannel_logout_uri=receiver.uri)
    sid = shop.sign_in(browser, person).sid
    browser.submit(browser.get(center.url("/logout")), "logout-confirm")
    assert receiver.wait_for(1, sid=sid)


def test_the_feed_answers_in_json_and_offers_no_stream(center: PlainCenter, site: Site) -> None:
    def ask(accept: str) -> tuple[int, dict[str, str]]:
        answer = site.http.get(center.url("/endings"), auth=site.auth, headers={"Accept": accept}, timeout=30)
        return answer.status_code, answer.json()

    status, told = ask("application/json")
    assert (status, set(told)) == (200, {"position", "is_whole", "endings"})
    status, refused = ask("text/event-stream")
    assert (status, refused["error"]) == (406, "not_acceptable")
    assert "application/json" in refused["error_description"]


def test_no_more_of_a_body_is_read_than_was_announced(center: PlainCenter) -> None:
    head = b"POST /token HTTP/1.1\r\nHost: sso.localhost\r\nContent-Length: 12\r\n"
    form = b"Content-Type: application/x-www-form-urlencoded\r\n\r\ngrant_type=x"
    with socket.create_connection(("127.0.0.1", center.port), timeout=30) as connection:
        connection.sendall(head + form)
        # The connection stays open: whoever reads on waits for what never comes.
        assert b" 401 " in connection.recv(4096)


@pytest.mark.usefixtures("no_settings")
def test_a_path_may_be_absent_and_every_request_has_one_id() -> None:
    from sso_center.wsgi import ProcessApplication

    seen: list[dict[str, Any]] = []

    def answer(environ: dict[str, Any], start_response: StartResponse) -> list[bytes]:
        seen.append(environ)
        return []

    application = ProcessApplication(lambda: answer)
    for given in ({}, {"HTTP_X_REQUEST_ID": "of-the-proxy-1"}, {"HTTP_X_REQUEST_ID": 'a"\n'}):
        application(dict(given), lambda *_: lambda _: None)
    assert [one["PATH_INFO"] for one in seen] == ["", "", ""]
    drawn, kept, redrawn = (one[FRONT_ID] for one in seen)
    assert kept == "of-the-proxy-1"
    assert all(re.fullmatch("[0-9a-f]{16}", one) for one in (drawn, redrawn))
    assert [one["HTTP_X_REQUEST_ID"] for one in seen] == [drawn, kept, redrawn]


def test_what_a_program_does_is_audited_with_the_id_of_its_request(center: PlainCenter) -> None:
    name = f"robot-{secrets.token_hex(4)}"
    robot, secret = center.services.clients.add(
        name, grant_types=("client_credentials",), scopes=("sso:admin",)
    )
    token = center.http.post(
        center.url("/token"),
        data={"grant_type": "client_credentials", "scope": "sso:admin"},
        auth=(robot.client_id, str(secret)),
        timeout=30,
    ).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}", "X-Request-ID": "of-the-proxy-2"}
    added = center.http.post(
        center.url("/api/admin/users"), json={"username": name}, headers=headers, timeout=30
    )
    assert added.status_code == 201, added.text
    (event,) = center.services.audit.latest(1, sub=added.json()["sub"])
    assert event.request_id == "of-the-proxy-2"


def test_a_bad_setting_stops_the_server_at_its_start(tmp_path: Path) -> None:
    environ = {**os.environ, "SSO_DATA_DIR": str(tmp_path), "SSO_SESSION_IDLE": "soon"}
    started = subprocess.run(
        [sys.executable, "-c", "import sso_center.wsgi"],
        env=environ,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert started.returncode != 0
    assert "SSO_SESSION_IDLE" in started.stderr


@pytest.mark.usefixtures("no_settings")
def test_what_a_process_made_before_it_forked_is_not_its_childs(monkeypatch: pytest.MonkeyPatch) -> None:
    from sso_center.wsgi import ProcessApplication

    made: list[int] = []

    def make():
        made.append(os.getpid())
        return lambda environ, start_response: [b""]

    application = ProcessApplication(make)
    for pid in (1, 1, 2):
        monkeypatch.setattr(os, "getpid", lambda pid=pid: pid)
        application({}, lambda *_: None)
    assert made == [1, 2]
