"""Routes of an API that only a token opens: who may in, and what the others are told (RFC 6750)."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from client_sdk.core.http.transport import HttpResponse
from client_sdk.testing import FakeCenter, Person
from tests.client_sdk.apis import Api
from tests.client_sdk.sites import Times
from tests.harness.waiting import eventually

NewApi = Callable[..., Api]


@pytest.fixture
def new_api(center: FakeCenter, times: Times) -> NewApi:
    return lambda **settings: Api(center, times, **settings)


@pytest.fixture
def api(new_api: NewApi) -> Api:
    return new_api()


@pytest.fixture(params=["opaque", "jwt"])
def token(request: pytest.FixtureRequest, center: FakeCenter) -> str:
    """A token for the API that the client `shop` holds for Alice, of each kind."""
    return center.access_token("shop", audience=("other", "stock"), scope="a b", kind=request.param)


def test_sso_token_has_the_person_and_the_scopes(api: Api, center: FakeCenter, token: str) -> None:
    answer = api.ask(token)
    assert answer.status_code == 200
    assert answer.get_json() == {
        "sub": "sub-of-alice",
        "client_id": "shop",
        "sid": center._current,
        "username": "alice",
        "scope": ["a", "b"],
        "roles": ["customer"],
        "kind": "access",
    }
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Vary"] == "Authorization, Cookie"
    assert api.ask(token, "/open").text == "nobody", "only a guarded route has looked at the token"


def test_a_client_may_come_on_its_own_account(api: Api, center: FakeCenter) -> None:
    answer = api.ask(center.client_token("robot", audience="stock")).get_json()
    assert (answer["kind"], answer["sub"], answer["sid"], answer["roles"]) == ("client", "robot", "", [])


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "Basic YTpi"}, {"Authorization": "Bearer"}, {"Authorization": ""}],
)
def test_a_request_without_a_token_gets_a_bearer_challenge(api: Api, headers: dict[str, str]) -> None:
    answer = api.ask(headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="sso"'
    assert answer.get_json() == {"error": "token_required"}


@pytest.mark.parametrize("text", ["x" * 8193, "a b", "a,b", "{}", "a=b", "ÿ", '"quoted"'])
def test_a_malformed_token_is_not_introspected(api: Api, center: FakeCenter, text: str) -> None:
    answer = api.ask(headers={"Authorization": f"Bearer {text}"})
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    assert not center.tokens_asked


def test_a_token_in_the_address_or_in_a_form_is_none(api: Api, token: str) -> None:
    assert api.ask(path=f"/items?access_token={token}").status_code == 401
    assert api.ask(path="/items", method="POST", data={"access_token": token}).status_code == 401


def test_the_bearer_scheme_is_case_insensitive(api: Api, token: str) -> None:
    assert api.ask(headers={"Authorization": f"bEARER {token}"}).status_code == 200


@pytest.mark.parametrize("kind", ["opaque", "jwt"])
def test_a_token_for_other_apis_is_refused(api: Api, center: FakeCenter, kind: str) -> None:
    for audience in ("shop", ("shop", "STOCK"), "stockings", ("",)):
        answer = api.ask(center.access_token("shop", audience=audience, kind=kind))
        assert answer.status_code == 401, audience
        assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    assert len(center.tokens_asked) == (4 if kind == "opaque" else 0), "a JWT says so by itself"


def test_a_route_may_be_meant_for_tokens_of_another_name(
    api: Api, new_api: NewApi, center: FakeCenter
) -> None:
    mine, reports = (
        center.access_token("shop", audience="stock"),
        center.access_token("x", audience="reports"),
    )
    for _ in range(2):
        assert [api.status(token, "/reports") for token in (mine, reports)] == [401, 200]
        assert [api.status(token) for token in (mine, reports)] == [200, 401]
    assert new_api(audience="reports").status(reports) == 200


def test_all_scopes_and_roles_are_required(api: Api, center: FakeCenter) -> None:
    center.describe(Person("alice", roles=("staff", "night")))
    whole = center.access_token("shop", audience="stock", scope="orders:list x orders:read")
    part = center.access_token("shop", audience="stock", scope="orders:read")
    assert api.ask(whole, "/orders").text == "orders"
    refused = api.ask(part, "/orders")
    assert refused.status_code == 403
    challenge = refused.headers["WWW-Authenticate"]
    assert 'error="insufficient_scope"' in challenge
    assert 'scope="orders:read orders:list"' in challenge
    assert refused.get_json()["error"] == "insufficient_scope"
    center.describe(Person("alice", roles=("staffroom",)))
    other = center.access_token("shop", audience="stock", scope="orders:list orders:read")
    assert api.status(other, "/orders") == 403


def test_roles_come_from_introspection_not_from_the_jwt(api: Api, center: FakeCenter, times: Times) -> None:
    token = center.access_token("shop", audience="stock", scope="orders:list orders:read", kind="jwt")
    assert api.status(token, "/orders") == 403
    center.describe(Person("alice", roles=("staff",)))
    times.move(31)
    assert api.status(token, "/orders") == 200
    center.describe(Person("alice", roles=()))
    times.move(31)
    assert api.status(token, "/orders") == 403


# What is remembered, and for how long


@pytest.mark.parametrize(("kind", "seconds"), [("opaque", 5), ("jwt", 30)])
def test_an_opaque_token_is_introspected_once_in_token_cache(
    api: Api, center: FakeCenter, times: Times, kind: str, seconds: int
) -> None:
    token = center.access_token("shop", audience="stock", kind=kind)
    for count in (1, 2, 3):
        assert [api.status(token) for _ in range(3)] == [200] * 3
        assert len(center.tokens_asked) == count
        times.move(seconds - 0.5)
        assert api.status(token) == 200
        assert len(center.tokens_asked) == count
        times.move(0.5)


@pytest.mark.parametrize(("kind", "seconds"), [("opaque", 5), ("jwt", 30)])
def test_a_revoked_token_is_refused_within_max_staleness(
    api: Api, center: FakeCenter, times: Times, kind: str, seconds: int
) -> None:
    token = center.access_token("shop", audience="stock", kind=kind)
    assert api.status(token) == 200
    center.revoke(token)
    times.move(seconds)
    assert api.status(token) == 401


def test_an_introspection_answer_ages_from_sending(
    api: Api, center: FakeCenter, times: Times, token: str
) -> None:
    center.delay = lambda path: times.move(4) if path == "/introspect" else None
    assert api.status(token) == 200
    center.delay = None
    center.revoke(token)
    times.move(26)
    assert api.status(token) == 401


@pytest.mark.parametrize("by", ["sid", "sub"])
def test_an_ending_counts_at_once(api: Api, center: FakeCenter, token: str, by: str) -> None:
    assert api.status(token) == 200
    sid = center._current or ""
    center.log_out()
    named = {"sid": sid} if by == "sid" else {"sub": "sub-of-alice"}
    api.tell(center.logout_token("stock", **named))
    assert api.status(token) == 401


def test_an_ending_of_others_changes_nothing(api: Api, center: FakeCenter, token: str) -> None:
    assert api.status(token) == 200
    api.tell(center.logout_token("stock", sid="another"))
    api.tell(center.logout_token("stock", sub="another"))
    assert api.status(token) == 200
    assert len(center.tokens_asked) == 1


def test_an_ending_while_the_center_is_asked_counts(api: Api, center: FakeCenter, token: str) -> None:
    answer, sid = center.answer, center._current or ""

    def end_after_answering(method: str, path: str, body: bytes) -> HttpResponse:
        said = answer(method, path, body)
        if path == "/introspect" and len(center.tokens_asked) == 1:
            center.log_out()
            api.tell(center.logout_token("stock", sid=sid))
        return said

    center.answer = end_after_answering  # type: ignore[method-assign]
    assert api.status(token) == 401


def test_a_remembered_token_expires_with_the_token(api: Api, center: FakeCenter, times: Times) -> None:
    center.token_lifetime = 10
    token = center.access_token("shop", audience="stock", kind="jwt")
    assert api.status(token) == 200
    times.move(29)
    assert api.status(token) == 200, "the bound holds for the token's end as well"
    times.move(1)
    assert api.status(token) == 401


@pytest.mark.parametrize("kind", ["opaque", "jwt"])
def test_a_remembered_answer_ends_with_the_token(
    new_api: NewApi, center: FakeCenter, times: Times, kind: Any
) -> None:
    api = new_api(max_staleness=300, token_cache=300, leeway=0)
    center.token_lifetime = 10
    token = center.access_token("shop", audience="stock", kind=kind)
    assert api.status(token) == 200
    times.move(11)
    assert api.status(token) == 401


def test_many_requests_with_one_unknown_token_ask_once(api: Api, center: FakeCenter, token: str) -> None:
    go, waiting = threading.Event(), threading.Semaphore(0)

    def wait(path: str) -> None:
        if path == "/introspect":
            assert go.wait(60)

    center.delay = wait

    def ask(_: int) -> int:
        waiting.release()
        return api.status(token)

    with ThreadPoolExecutor(50) as pool:
        answers = [pool.submit(ask, number) for number in range(50)]
        for _ in range(50):
            waiting.acquire()
        eventually(lambda: center.requests.count("/introspect") == 1)
        go.set()
        assert [answer.result() for answer in answers] == [200] * 50
    assert len(center.tokens_asked) == 1


def test_waiting_introspections_share_one_failure(api: Api, center: FakeCenter, token: str) -> None:
    api.app.extensions["sso"].guard._checks._center.metadata()
    go = threading.Event()
    center.delay = lambda path: go.wait(60) and None
    with ThreadPoolExecutor(10) as pool:
        answers = [pool.submit(api.status, token) for _ in range(10)]
        eventually(lambda: "/introspect" in center.requests or "/jwks.json" in center.requests)
        center.is_away = True
        go.set()
        assert [answer.result() for answer in answers] == [503] * 10
    assert center.requests.count("/introspect") <= 1


def test_a_refused_token_is_not_introspected_again_for_a_while(
    api: Api, center: FakeCenter, times: Times
) -> None:
    for _ in range(2):
        assert [api.status("no-such-token") for _ in range(20)] == [401] * 20
        times.move(5)
    assert len(center.tokens_asked) == 2


def test_memory_is_bounded_and_invented_tokens_push_out_no_real_one(
    new_api: NewApi, center: FakeCenter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("client_sdk.core.tokens.checker.CAPACITY", 20)
    api = new_api()
    real = center.access_token("shop", audience="stock")
    assert api.status(real) == 200
    assert {api.status(f"invented{number}") for number in range(200)} == {401}
    asked = len(center.tokens_asked)
    assert api.status(real) == 200
    assert len(center.tokens_asked) == asked
    assert len(api.checks._refused) == 20
    for _ in range(50):
        assert api.status(center.access_token("shop", audience="stock")) == 200
    assert len(api.checks._known) == 20


def test_tokens_are_remembered_by_their_hash_alone(api: Api, token: str) -> None:
    api.status(token)
    api.status("invented")
    kept = repr([*api.checks._known._entries.items(), *api.checks._refused._entries.items()])
    assert token not in kept
    assert "invented" not in kept


# While the center can't say


@pytest.mark.parametrize(
    "answer",
    [
        HttpResponse(503, b""),
        HttpResponse(500, b"trace"),
        HttpResponse(429, b'{"active": false}'),
        HttpResponse(200, b'{"active": "true"}'),
        HttpResponse(200, b"{}"),
        HttpResponse(200, b"[]"),
        HttpResponse(200, b'{"active": true, "token_type": "Bearer"}'),
        HttpResponse(
            200, b'{"active": true, "token_type": "Bearer", "sub": "x", "client_id": "y", "exp": "soon"}'
        ),
        HttpResponse(
            200,
            b'{"active": true, "token_type": "Bearer", "sub": "x", "client_id": "", "exp": 9e9, "aud": []}',
        ),
        HttpResponse(401, b'{"error": "invalid_client"}'),
        HttpResponse(302, b""),
    ],
)
def test_an_unchecked_token_gets_503_while_the_center_is_away(
    api: Api, center: FakeCenter, monkeypatch: pytest.MonkeyPatch, token: str, answer: HttpResponse
) -> None:
    whole = center.answer
    with monkeypatch.context() as patched:
        patched.setattr(
            center, "answer", lambda m, path, b: answer if path == "/introspect" else whole(m, path, b)
        )
        refused = api.ask(token)
    assert refused.status_code == 503
    assert refused.headers["Retry-After"]
    assert refused.get_json() == {"error": "temporarily_unavailable"}


def test_a_center_that_hangs_does_not_hang_the_api(
    api: Api, center: FakeCenter, times: Times, token: str
) -> None:
    assert api.status(token) == 200
    times.move(31)
    center.is_away = True
    assert [api.status(token) for _ in range(5)] == [503] * 5
    assert center.requests.count("/introspect") == 2
    center.is_away = False
    times.move(1)
    assert api.status(token) == 200


def test_a_token_with_a_failing_introspection_refuses_no_other(
    api: Api, center: FakeCenter, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    whole = center.answer

    def answer(method: str, path: str, body: bytes) -> HttpResponse:
        return HttpResponse(500, b"{}") if b"stumble" in body else whole(method, path, body)

    monkeypatch.setattr(center, "answer", answer)
    assert api.status("stumble") == 503
    assert api.status(token) == 200


def test_fail_open_accepts_known_tokens_while_the_center_is_away(
    new_api: NewApi, center: FakeCenter, times: Times
) -> None:
    api = new_api(fail_open=True)
    known, signed = (
        center.access_token("a", audience="stock"),
        center.access_token("b", audience="stock", kind="jwt"),
    )
    unknown = center.access_token("c", audience="stock")
    ended = center.access_token("d", audience="stock", kind="jwt")
    assert api.status(known) == 200
    api.checks._center.with_keys(lambda keys: None)
    center.is_away = True
    times.move(10)
    assert [api.status(token) for token in (known, signed, unknown)] == [200, 200, 503]
    api.tell(center.logout_token("stock", sid=center._current or ""))
    assert [api.status(token) for token in (known, signed, ended)] == [503] * 3, "an ending is known"
    times.move(700)
    assert api.status(signed) == 401


def test_a_refresh_token_opens_nothing(api: Api, center: FakeCenter, monkeypatch: pytest.MonkeyPatch) -> None:
    token = center.access_token("stock", audience="stock")
    said = center._tokens.introspect(token)
    for told in ({"token_type": "refresh_token"}, {"token_type": None}, {"iss": "http://another.example"}):
        monkeypatch.setattr(center._tokens, "introspect", lambda _, told=told: {**said, **told})
        assert api.status(f"{token}{len(str(told))}") == 401


def test_nothing_secret_is_logged(
    api: Api, center: FakeCenter, caplog: pytest.LogCaptureFixture, token: str
) -> None:
    caplog.set_level("DEBUG", "client_sdk")
    other = center.access_token("shop", audience="elsewhere")
    app = center.app_token("shop", audience="stock")
    successor = center.make_due(app)
    for text in (token, other, app, "dead-token", token + "x") * 2:
        api.status(text)
    center.is_away = True
    api.status("another")
    said = " ".join(record.getMessage() for record in caplog.records if record.name == "client_sdk")
    assert "token_audience" in said
    for secret in (token, other, app, successor, "only stock", "another", "dead-token"):
        assert secret not in said
