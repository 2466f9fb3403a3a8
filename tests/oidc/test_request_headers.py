"""An endpoint for programs reads whichever header it needs, and none of them is logged."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from werkzeug.test import EnvironBuilder, run_wsgi_app

from sso_center.base.settings import load_settings
from sso_center.protocols.api import Answer, Call, Endpoint, json_answer
from sso_center.protocols.api_dispatch import APIDispatch
from tests.harness.center import Center
from tests.harness.site import Site


def read(headers: Mapping[str, str], names: tuple[str, ...], **request: Any) -> list[str]:
    """Return what an endpoint reads of a request with these headers."""

    def endpoint(call: Call) -> Answer:
        return json_answer([call.header(name) for name in names])

    def elsewhere(environ: object, start_response: object) -> Any:
        raise AssertionError("handed on")

    settings = load_settings({"SSO_DATA_DIR": "/nowhere"})
    application = APIDispatch(elsewhere, [Endpoint("/echo", ("GET", "POST"), endpoint)], settings)
    environ = EnvironBuilder("/echo", headers=dict(headers), **request).get_environ()
    body, status, _ = run_wsgi_app(application, environ, buffered=True)
    assert status == "200 OK"
    return list(json.loads(b"".join(body)))


@pytest.mark.parametrize("name", ["DPoP", "dpop", "DPOP"])
def test_an_odd_header_is_read_by_its_name_in_any_case(name: str) -> None:
    assert read({"DPoP": "a.proof.of"}, (name,)) == ["a.proof.of"]


def test_a_header_that_was_not_sent_is_empty() -> None:
    assert read({}, ("DPoP", "Accept", "Last-Event-ID")) == ["", "", ""]


def test_headers_of_the_body_are_read_like_all_others() -> None:
    names = ("Content-Type", "Content-Length", "User-Agent")
    told = read({"User-Agent": "me"}, names, method="POST", data=b"{}", content_type="application/json")
    assert told == ["application/json", "2", "me"]


def test_no_header_is_logged(center: Center, site: Site) -> None:
    before = len(center.log)
    for status, secret in ((200, site.client_secret), (401, "wrong")):
        answer = site.post(
            "/introspect",
            {"token": "x"},
            auth=(site.client_id, secret),
            headers={"DPoP": "odd-proof-of-possession", "X-Odd": "odd-header-value"},
        )
        assert answer.status_code == status
    logged = center.log[before:]
    assert "/introspect" in logged
    assert "odd-" not in logged
    assert "odd-" not in repr(Call("GET", b"", {"HTTP_X_ODD": "odd-header-value"}))
