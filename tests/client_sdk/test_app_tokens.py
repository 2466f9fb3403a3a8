"""The rotating token of an app: checked here, and its successor handed to the app (RFC 6750, section 2.1)."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from client_sdk.testing import FakeCenter
from tests.client_sdk.apis import Api
from tests.client_sdk.sites import Times

NewApi = Callable[..., Api]
HEADER = "SSO-App-Token"
COOKIE = "sso-app-token"


@pytest.fixture
def new_api(center: FakeCenter, times: Times) -> NewApi:
    return lambda **settings: Api(center, times, **settings)


@pytest.fixture
def token(center: FakeCenter) -> str:
    return center.app_token("phone", audience="stock")


def test_an_app_token_that_is_not_due_has_no_successor(new_api: NewApi, token: str) -> None:
    answer = new_api().ask(token)
    assert answer.get_json()["kind"] == "app"
    assert HEADER not in answer.headers
    assert "Set-Cookie" not in answer.headers


def test_a_token_that_is_due_is_answered_with_its_successor(
    new_api: NewApi, center: FakeCenter, times: Times, token: str
) -> None:
    api, successor = new_api(), center.make_due(token)
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: api.ask(token), range(20)))
    assert {answer.headers[HEADER] for answer in answers} == {successor}
    assert {answer.headers["Cache-Control"] for answer in answers} == {"no-store"}
    assert len(center.tokens_asked) == 1
    times.move(6)
    assert api.ask(token).headers[HEADER] == successor, "it is told until it is used"
    assert HEADER not in api.ask(successor).headers
    times.move(6)
    former = api.ask(token)
    assert former.status_code == 200, "requests under way still pass"
    assert HEADER not in former.headers
    times.move(60)
    assert [api.status(token), api.status(successor)] == [401, 200]


def test_an_app_tokens_successor_is_on_every_answer(new_api: NewApi, center: FakeCenter, token: str) -> None:
    api, successor = new_api(), center.make_due(token)
    forbidden = api.ask(token, "/orders")
    assert (forbidden.status_code, forbidden.headers[HEADER]) == (403, successor)


def test_an_answer_with_a_successor_is_never_cached(
    new_api: NewApi, center: FakeCenter, times: Times, token: str
) -> None:
    api = new_api()
    ordinary = api.ask(token, "/catalog")
    assert set(ordinary.headers["Cache-Control"].split(", ")) == {"private", "max-age=60"}
    assert ordinary.headers["Vary"] == "Authorization, Cookie"
    center.make_due(token)
    times.move(6)
    handing = api.ask(token, "/catalog")
    assert handing.headers[HEADER]
    assert handing.headers["Cache-Control"] == "no-store"


def test_only_the_holder_of_an_app_token_gets_its_successor(
    new_api: NewApi, center: FakeCenter, token: str
) -> None:
    api = new_api()
    center.make_due(token)
    for other in (None, "invented", center.access_token("shop", audience="stock")):
        assert HEADER not in api.ask(other).headers
    assert HEADER not in new_api(client_id="another").ask(token).headers


@pytest.mark.parametrize("root", ["http://stock.example", "https://stock.example"])
def test_the_cookie_of_an_app_is_kept_from_scripts(
    new_api: NewApi, center: FakeCenter, token: str, root: str
) -> None:
    api, successor = new_api(app_token_in="cookie"), center.make_due(token)
    answer = api.ask(token, base_url=root)
    assert HEADER not in answer.headers
    (line,) = answer.headers.getlist("Set-Cookie")
    value, *attributes = line.split("; ")
    assert value == f"{COOKIE}={successor}"
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(attributes)
    assert ("Secure" in attributes) is root.startswith("https")
    assert any(
        attribute.startswith("Max-Age=7775") or attribute == "Max-Age=7776000" for attribute in attributes
    )
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_cookie_is_read_where_it_was_chosen_and_a_header_comes_first(
    new_api: NewApi, center: FakeCenter, token: str
) -> None:
    cookies = f"a=b; {COOKIE}={token}"
    assert new_api().ask(cookies=cookies).status_code == 401
    api = new_api(app_token_in="cookie")
    assert api.ask(cookies=cookies).get_json()["kind"] == "app"
    assert api.ask("invented", cookies=cookies).status_code == 401
    assert api.ask(cookies=f"{COOKIE}=").status_code == 401
    assert api.ask(cookies=f'{COOKIE}="no token"').status_code == 401


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Origin": "http://localhost"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 401),
        ({"Sec-Fetch-Site": "same-site"}, 401),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"}, 401),
        ({"Origin": "http://evil.example"}, 401),
        ({"Origin": "http://localhost.evil.example"}, 401),
        ({"Origin": "https://localhost"}, 401),
        ({"Origin": "null"}, 401),
        ({"Origin": "http://[broken"}, 401),
    ],
)
def test_another_site_can_not_use_the_cookie_of_an_app(
    new_api: NewApi, token: str, headers: dict[str, str], status: int
) -> None:
    api, cookies = new_api(app_token_in="cookie"), f"{COOKIE}={token}"
    assert api.ask(method="POST", cookies=cookies, headers=headers).status_code == status
    assert api.ask(method="GET", cookies=cookies, headers=headers).status_code == 200
