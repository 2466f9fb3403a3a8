"""/token: a code for tokens, once, and every refusal."""

from base64 import b64encode
from typing import Any
from urllib.parse import quote

import pytest

from tests.harness.center import Center
from tests.harness.site import Site
from tests.oidc.conftest import Member
from tests.oidc.exchange import assert_refused

FORM = "application/x-www-form-urlencoded"


def basic(name: str, secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(f"{name}:{secret}".encode()).decode()}


# What it gives


def test_a_code_gives_an_access_token_and_an_id_token(member: Member, site: Site) -> None:
    attempt = site.attempt(scope="openid email")
    answer = site.redeem(site.code_for(member.browser, attempt), attempt)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Pragma"] == "no-cache"
    tokens = answer.json()
    assert set(tokens) == {"access_token", "token_type", "expires_in", "scope", "id_token"}
    assert (tokens["token_type"], tokens["scope"]) == ("Bearer", "openid email")
    assert tokens["expires_in"] == 600


def test_the_secret_may_come_in_the_body(member: Member, site: Site) -> None:
    attempt = site.attempt()
    form = {
        "grant_type": "authorization_code",
        "code": site.code_for(member.browser, attempt),
        "redirect_uri": site.redirect_uri,
        "code_verifier": attempt.verifier,
        "client_id": site.client_id,
        "client_secret": site.client_secret,
    }
    assert site.post("/token", form, auth=None).status_code == 200


def test_name_and_secret_in_the_header_are_form_encoded(member: Member, site: Site) -> None:
    attempt = site.attempt()
    code = site.code_for(member.browser, attempt)
    every_byte = "".join(f"%{byte:02X}" for byte in site.client_secret.encode())
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": site.redirect_uri,
        "code_verifier": attempt.verifier,
    }
    headers = basic(quote(site.client_id, safe=""), every_byte)
    assert site.post("/token", form, auth=None, headers=headers).status_code == 200


def test_the_client_id_may_stand_in_the_body_beside_the_header(member: Member, site: Site) -> None:
    attempt = site.attempt()
    code = site.code_for(member.browser, attempt)
    assert site.redeem(code, attempt, client_id=site.client_id).status_code == 200


def test_a_public_client_proves_itself_by_its_verifier(member: Member, public_site: Site) -> None:
    attempt = public_site.attempt()
    code = public_site.code_for(member.browser, attempt)
    assert public_site.finish(code, attempt).sid == member.sid


def test_the_content_type_may_carry_a_charset(member: Member, site: Site) -> None:
    attempt = site.attempt()
    form = {
        "grant_type": "authorization_code",
        "code": site.code_for(member.browser, attempt),
        "redirect_uri": site.redirect_uri,
        "code_verifier": attempt.verifier,
    }
    headers = {"Content-Type": f"{FORM}; charset=UTF-8"}
    assert site.post("/token", form, headers=headers).status_code == 200


# The grant is refused


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"grant_type": None}, "invalid_request"),
        ({"grant_type": ""}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "implicit"}, "unsupported_grant_type"),
        ({"grant_type": "refresh_token"}, "unauthorized_client"),
        ({"grant_type": "client_credentials"}, "unauthorized_client"),
        ({"redirect_uri": None}, "invalid_grant"),
        ({"redirect_uri": "http://evil.example/"}, "invalid_grant"),
        ({"code_verifier": None}, "invalid_grant"),
        ({"code_verifier": "v" * 43}, "invalid_grant"),
        ({"code_verifier": "short"}, "invalid_request"),
        ({"code_verifier": "v" * 129}, "invalid_request"),
        ({"code_verifier": "é" * 43}, "invalid_request"),
    ],
)
def test_a_wrong_grant_is_refused_and_the_right_one_still_works(
    member: Member, site: Site, changes: dict[str, Any], error: str
) -> None:
    attempt = site.attempt()
    code = site.code_for(member.browser, attempt)
    assert_refused(site.redeem(code, attempt, **changes), 400, error)
    assert site.redeem(code, attempt).status_code == 200


@pytest.mark.parametrize("code", ["x", "00" + "a" * 43, "zz" + "a" * 43, "a" * 5000, "é"])
def test_what_is_no_code_is_refused(site: Site, code: str) -> None:
    assert_refused(site.redeem(code, site.attempt()), 400, "invalid_grant")


def test_without_a_code_it_is_refused(site: Site) -> None:
    form = {"grant_type": "authorization_code", "redirect_uri": site.redirect_uri}
    assert_refused(site.post("/token", form), 400, "invalid_request")
    assert_refused(site.post("/token", {**form, "code": ""}), 400, "invalid_request")


def test_a_code_that_was_issued_without_a_challenge_takes_no_verifier(member: Member, site: Site) -> None:
    attempt = site.attempt(code_challenge=None, code_challenge_method=None)
    code = site.code_for(member.browser, attempt)
    assert_refused(site.redeem(code, attempt), 400, "invalid_grant")


def test_another_client_can_neither_redeem_nor_burn_a_code(
    member: Member, site: Site, other_site: Site
) -> None:
    attempt = site.attempt()
    code = site.code_for(member.browser, attempt)
    assert_refused(other_site.redeem(code, attempt, redirect_uri=site.redirect_uri), 400, "invalid_grant")
    assert site.redeem(code, attempt).status_code == 200


def test_another_client_can_not_hurt_what_a_code_gave(member: Member, site: Site, other_site: Site) -> None:
    attempt = site.attempt()
    code = site.code_for(member.browser, attempt)
    tokens = site.redeem(code, attempt).json()
    assert_refused(other_site.redeem(code, attempt, redirect_uri=site.redirect_uri), 400, "invalid_grant")
    assert_refused(site.redeem(code, attempt, code_verifier="v" * 43), 400, "invalid_grant")
    assert site.introspect(tokens["access_token"])["active"] is True


def test_a_code_presented_again_ends_what_it_gave(member: Member, site: Site) -> None:
    attempt = site.attempt()
    code = site.code_for(member.browser, attempt)
    tokens = site.redeem(code, attempt).json()
    assert site.introspect(tokens["access_token"])["active"] is True
    assert_refused(site.redeem(code, attempt), 400, "invalid_grant")
    assert site.introspect(tokens["access_token"]) == {"active": False}
    assert site.userinfo(tokens["access_token"]).status_code == 401
    assert_refused(site.redeem(code, attempt), 400, "invalid_grant")


def test_what_another_code_gave_outlives_a_replay(member: Member, site: Site) -> None:
    attempt = site.attempt()
    code = site.code_for(member.browser, attempt)
    site.redeem(code, attempt)
    site.redeem(code, attempt)
    assert site.introspect(member.first.access_token)["active"] is True


def test_a_code_expires_after_a_minute(member: Member, site: Site, center: Center) -> None:
    attempt = site.attempt()
    code = site.code_for(member.browser, attempt)
    center.move_clock(61)
    assert_refused(site.redeem(code, attempt), 400, "invalid_grant")


def test_why_a_code_is_refused_is_said_to_nobody(member: Member, site: Site) -> None:
    attempt = site.attempt()
    code = site.code_for(member.browser, attempt)
    answers = {
        site.redeem("00" + "a" * 43, attempt).text,
        site.redeem(code, attempt, code_verifier="v" * 43).text,
        site.redeem(code, attempt, redirect_uri="http://evil.example/").text,
    }
    assert len(answers) == 1


# The client is refused


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Basic"},
        {"Authorization": "Basic !!!!"},
        {"Authorization": "Bearer abc"},
        {"Authorization": "Basic " + b64encode(b"no colon").decode()},
        {"Authorization": "Basic " + b64encode(b":secret").decode()},
        {"Authorization": "Basic " + b64encode(b"\xff\xfe:x").decode()},
        {"Authorization": "Basic " + b64encode(b"%ff:x").decode()},
        basic("nobody", "secret"),
        basic("", ""),
    ],
)
def test_a_client_that_can_not_be_told_is_refused(site: Site, headers: dict[str, str]) -> None:
    answer = site.post("/token", {"grant_type": "authorization_code"}, auth=None, headers=headers)
    assert_refused(answer, 401, "invalid_client")
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")


def test_a_wrong_secret_is_refused(site: Site, other_site: Site) -> None:
    for secret in ("wrong", other_site.client_secret, site.client_secret[:-1], site.client_secret + "x"):
        form = {"grant_type": "authorization_code", "code": "x"}
        assert_refused(site.post("/token", form, auth=(site.client_id, secret)), 401, "invalid_client")
        in_body = {**form, "client_id": site.client_id, "client_secret": secret}
        assert_refused(site.post("/token", in_body, auth=None), 401, "invalid_client")


def test_a_client_with_a_secret_can_not_leave_it_out(member: Member, site: Site) -> None:
    attempt = site.attempt()
    form = {
        "grant_type": "authorization_code",
        "code": site.code_for(member.browser, attempt),
        "redirect_uri": site.redirect_uri,
        "code_verifier": attempt.verifier,
        "client_id": site.client_id,
    }
    assert_refused(site.post("/token", form, auth=None), 401, "invalid_client")
    assert_refused(site.post("/token", {**form, "client_secret": ""}, auth=None), 401, "invalid_client")


def test_a_public_client_with_a_made_up_secret_is_refused(public_site: Site) -> None:
    form = {"grant_type": "authorization_code", "code": "x"}
    assert_refused(public_site.post("/token", form, auth=(public_site.client_id, "x")), 401, "invalid_client")


def test_a_client_that_authenticates_in_two_ways_is_refused(site: Site) -> None:
    form = {"grant_type": "authorization_code", "code": "x", "client_secret": site.client_secret}
    assert_refused(site.post("/token", form), 400, "invalid_request")


def test_a_header_and_a_body_that_name_different_clients_are_refused(site: Site, other_site: Site) -> None:
    form = {"grant_type": "authorization_code", "code": "x", "client_id": other_site.client_id}
    assert_refused(site.post("/token", form), 400, "invalid_request")


def test_a_refusal_repeats_no_secret(site: Site) -> None:
    form = {"grant_type": "evil-grant", "code": "evil-code", "client_id": "x", "client_secret": "evil-secret"}
    assert "evil" not in site.post("/token", form, auth=None).text
    assert "evil" not in site.post("/token", form).text


# The request is refused


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE"])
def test_another_method_is_refused(site: Site, method: str) -> None:
    answer = site.http.request(method, site.center.url("/token"), auth=site.auth, timeout=60)
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "POST"
    if method != "HEAD":
        assert answer.json()["error"] == "invalid_request"


@pytest.mark.parametrize(
    "content_type", ["application/json", "multipart/form-data; boundary=x", "text/plain", ""]
)
def test_a_body_of_another_type_is_refused_and_spends_no_code(
    member: Member, site: Site, content_type: str
) -> None:
    attempt = site.attempt()
    code = site.code_for(member.browser, attempt)
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": site.redirect_uri,
        "code_verifier": attempt.verifier,
    }
    answer = site.post("/token", form, headers={"Content-Type": content_type})
    assert_refused(answer, 400, "invalid_request")
    assert site.redeem(code, attempt).status_code == 200


def test_a_body_that_is_not_ascii_is_refused(site: Site) -> None:
    answer = site.http.post(
        site.center.url("/token"),
        data="grant_type=é".encode(),
        headers={"Content-Type": FORM},
        auth=site.auth,
        timeout=60,
    )
    assert_refused(answer, 400, "invalid_request")


@pytest.mark.parametrize(
    "twice", ["grant_type=authorization_code", "code=y", "x=1&x=1", "client_id=a&client_id=b"]
)
def test_a_parameter_given_twice_is_refused(site: Site, twice: str) -> None:
    answer = site.http.post(
        site.center.url("/token"),
        data=f"grant_type=authorization_code&code=x&{twice}",
        headers={"Content-Type": FORM},
        auth=site.auth,
        timeout=60,
    )
    assert_refused(answer, 400, "invalid_request")


def test_too_large_a_body_is_refused(site: Site) -> None:
    assert_refused(site.post("/token", {"code": "x" * 20_000}), 413, "invalid_request")


# Pages of other sites


def test_a_page_of_any_site_may_redeem_for_a_public_client(public_site: Site) -> None:
    url = public_site.center.url("/token")
    before = public_site.http.options(
        url,
        headers={
            "Origin": "http://spa.example",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type",
        },
        timeout=60,
    )
    assert before.status_code == 204
    assert before.headers["Access-Control-Allow-Origin"] == "*"
    assert "POST" in before.headers["Access-Control-Allow-Methods"]
    assert "Content-Type" in before.headers["Access-Control-Allow-Headers"]
    # Never with cookies.
    assert "Access-Control-Allow-Credentials" not in before.headers
    answer = public_site.post("/token", {"client_id": public_site.client_id}, auth=None)
    assert answer.status_code == 400
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


# The client changes while others work


def test_a_rotated_secret_is_refused_at_once(member: Member, center: Center) -> None:
    site = center.add_site()
    attempt = site.attempt()
    code = site.code_for(member.browser, attempt)
    new = center.services.clients.rotate_secret(site.client_id)
    assert_refused(site.redeem(code, attempt), 401, "invalid_client")
    assert_refused(site.post("/token", {"x": "y"}), 401, "invalid_client")
    again = site.attempt()
    form = {
        "grant_type": "authorization_code",
        "code": site.code_for(member.browser, again),
        "redirect_uri": site.redirect_uri,
        "code_verifier": again.verifier,
    }
    assert site.post("/token", form, auth=(site.client_id, new)).status_code == 200
