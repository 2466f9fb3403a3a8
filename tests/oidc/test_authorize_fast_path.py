"""The fast path of /authorize: it hands on what needs a page, and hides no mistake."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.test import EnvironBuilder, run_wsgi_app

from sso_center.base.errors import Unavailable
from sso_center.protocols.oidc.authorize import Authorize
from sso_center.protocols.oidc.authorize_fast_path import AuthorizeFastPath
from sso_center.web import metrics
from sso_center.web.errors import ShownError
from tests.harness.core import Core, core_in


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Core]:
    with core_in(tmp_path_factory.mktemp("fast")) as core:
        yield core


def ask(core: Core) -> str:
    """Ask /authorize for nothing at all, and return who answered."""

    def flask(_environ: object, start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        return [b"flask"]

    environ = EnvironBuilder("/authorize").get_environ()
    body, _, _ = run_wsgi_app(AuthorizeFastPath(flask, core.services), environ, buffered=True)
    return b"".join(body).decode() or "the fast path"


def failures() -> float:
    return metrics.FAILURES.labels("authorize_fast_path")._value.get()


@pytest.mark.parametrize("expected", [ShownError("not a site of ours"), Unavailable(detail="redis: away")])
def test_what_needs_a_page_is_handed_on_without_a_word(
    core: Core, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, expected: Exception
) -> None:
    monkeypatch.setattr(Authorize, "answer", _raising(expected))
    before = failures()
    with caplog.at_level(logging.DEBUG):
        assert ask(core) == "flask"
    assert caplog.records == []
    assert failures() == before


@pytest.mark.parametrize("mistake", [RuntimeError("ours"), AttributeError("ours"), KeyError("ours")])
def test_a_mistake_of_ours_is_handed_on_logged_and_counted(
    core: Core, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, mistake: Exception
) -> None:
    monkeypatch.setattr(Authorize, "answer", _raising(mistake))
    before = failures()
    assert ask(core) == "flask"
    (record,) = caplog.records
    assert record.levelname == "ERROR"
    assert record.exc_info is not None
    assert record.exc_info[1] is mistake
    assert failures() == before + 1


def _raising(error: Exception) -> Any:
    def answer(*_: object) -> None:
        raise error

    return answer
