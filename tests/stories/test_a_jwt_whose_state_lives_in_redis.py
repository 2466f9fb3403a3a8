"""JWT access tokens: a shop's server calls an API with them, and each can be taken back at any moment."""

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.harness.browser import Browser
from tests.harness.center import Center, Person
from tests.stories.running import Town
from tests.stories.tea import BOUND, MINUTE, TOKEN_LIFETIME, Tea, open_tea


@pytest.fixture(scope="module")
def tea(new_town: Callable[..., Town]) -> Tea:
    return open_tea(new_town())


def test_a_shop_calls_an_api_with_the_token_of_who_is_signed_in(tea: Tea, browser: Browser) -> None:
    wen = tea.center.add_person("wen", roles=("manager",))
    tea.sign_in(browser, wen)

    # The token that the shop got for Wen is an at+jwt, and says whose, for whom, for what and until when.
    token, claims = tea.token_of(browser)
    assert jwt.get_unverified_header(token)["typ"] == "at+jwt"
    assert {"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "client_id", "scope", "sid", "roles"} <= set(
        claims
    )
    assert (claims["iss"], claims["sub"], claims["aud"]) == (tea.center.issuer, wen.sub, "orders")
    assert (claims["client_id"], claims["scope"]) == ("shop", "openid profile orders:read")
    assert (claims["roles"], claims["exp"] - claims["iat"]) == (["manager"], TOKEN_LIFETIME)

    # The API takes it from the Authorization header; the shop itself from the browser's cookie.
    seen = tea.orders.ask("/orders", token)
    assert (seen.status_code, seen.json()["user"]) == (200, "wen")
    assert json.loads(browser.get(tea.shop.url + "/my-orders").text) == seen.json()

    # Without a token, and with one that may not do this, it says what is missing.
    assert tea.orders.ask("/orders").status_code == 401
    refused = tea.orders.ask("/orders/7", token, method="DELETE")
    assert refused.status_code == 403
    assert 'error="insufficient_scope"' in refused.headers["WWW-Authenticate"]
    assert 'scope="orders:write"' in refused.headers["WWW-Authenticate"]


def test_a_role_opens_a_door_and_losing_it_closes_it(tea: Tea, browser: Browser) -> None:
    tea.center.add_person("noor", password="noor-pours-the-tea", roles=("manager",))
    noor = Person("noor", "noor-pours-the-tea", "")
    tea.sign_in(browser, noor)
    token, _ = tea.token_of(browser)
    assert tea.orders.ask("/takings", token).status_code == 200

    # An admin takes the role away: the tokens of before end, Noor stays signed in.
    tea.town.admin("users", "set-roles", "noor", "--role", "waiter")
    tea.center.move_clock(BOUND)
    assert tea.orders.ask("/takings", token).status_code == 401
    assert tea.orders.ask("/orders", token).status_code == 401

    # The shop gets another token by itself, which opens what is still hers.
    page = browser.get(tea.shop.url + "/my-orders")
    assert (page.status, json.loads(page.text)["roles"]) == (200, ["waiter"])
    token, _ = tea.token_of(browser)
    assert tea.orders.ask("/orders", token).status_code == 200
    assert tea.orders.ask("/takings", token).status_code == 403


def test_a_forged_token_opens_nothing(tea: Tea, browser: Browser) -> None:
    tea.sign_in(browser, tea.center.add_person())
    token, claims = tea.token_of(browser)
    assert tea.orders.ask("/orders", token).status_code == 200

    header, body, signature = token.split(".")
    head = json.loads(urlsafe_b64decode(header + "=="))
    public = jwt.PyJWKSet.from_dict(tea.center.get("/jwks.json").json())[head["kid"]].key
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    own = generate_private_key(SECP256R1())
    shown = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(own.public_key()))

    def signed(sign: Callable[[bytes], bytes], **changes: str) -> str:
        text = f"{encoded({**head, **changes})}.{body}"
        return f"{text}.{b64(sign(text.encode()))}"

    forgeries = {
        "not signed": signed(lambda _: b"", alg="none"),
        "HMAC with the public key": signed(lambda text: hmac.digest(pem, text, "sha256"), alg="HS256"),
        "another's key under the center's name": jwt.encode(claims, own, "ES256", head),
        "another's key, brought along": jwt.encode(claims, own, "ES256", {**head, "jwk": shown}),
        "another's key, to be fetched": jwt.encode(
            claims, own, "ES256", {**head, "jku": "http://evil.example"}
        ),
        "a key that nobody knows": jwt.encode(claims, own, "ES256", {**head, "kid": "mine"}),
        "more rights": f"{header}.{encoded({**claims, 'scope': 'orders:write'})}.{signature}",
        "a later end": f"{header}.{encoded({**claims, 'exp': claims['exp'] + 3600})}.{signature}",
    }
    for name, forged in forgeries.items():
        assert tea.orders.ask("/orders", forged).status_code == 401, name

    # Nor is a true token good that is for another API, or of another kind.
    another = tea.town.open("orders", tea.town.register("orders-abroad"))
    assert another.ask("/orders", token).status_code == 401
    reader = tea.town.center.add_site()
    id_token = reader.sign_in(browser).id_token
    assert tea.orders.ask("/orders", id_token).status_code == 401


def test_near_its_end_one_request_of_many_refreshes_and_all_get_the_result(
    tea: Tea, browser: Browser
) -> None:
    tea.sign_in(browser, tea.center.add_person())
    first, _ = tea.token_of(browser)
    asked_before = times_asked(tea.center)

    # Half a minute before the end, thirty requests of one page arrive together.
    tea.center.move_clock(TOKEN_LIFETIME - 30)
    tabs = [browser.twin() for _ in range(30)]
    with ThreadPoolExecutor(30) as pool:
        tokens = [json.loads(page.text) for page in pool.map(lambda tab: tea.shop.show(tab, "/token"), tabs)]
    tea.center.secrets |= {one["access_token"] for one in tokens}

    # All of them got one and the same fresh token, for which the center was asked once.
    (second,) = {one["access_token"] for one in tokens}
    assert second != first
    assert times_asked(tea.center) - asked_before == 1
    assert tea.orders.ask("/orders", second).status_code == 200

    # Whichever answer came last, the browser goes on with what it brought, for as long as the person works.
    for _ in range(3):
        tea.center.move_clock(TOKEN_LIFETIME + MINUTE)
        assert tabs[7].get(tea.shop.url + "/my-orders").status == 200


def test_a_single_token_that_is_taken_back_is_refused(tea: Tea, browser: Browser) -> None:
    tea.sign_in(browser, tea.center.add_person())
    token, _ = tea.token_of(browser)
    assert tea.orders.ask("/orders", token).status_code == 200

    # The shop gives it back. An API process that did not see it before refuses it at once ...
    assert tea.shop.site.post("/revoke", {"token": token}).status_code == 200
    other_process = tea.town.open("orders", tea.orders.site)
    assert other_process.ask("/orders", token).status_code == 401
    # ... and one that had just asked about it, within its bound.
    tea.center.move_clock(BOUND)
    assert tea.orders.ask("/orders", token).status_code == 401

    # Only that token is gone: the person goes on at the shop, with the next one.
    assert browser.get(tea.shop.url + "/my-orders").status == 200


def times_asked(center: Center) -> int:
    """Return how often /token was asked, as the center itself counts."""
    lines = center.get("/metrics").text.splitlines()
    counted = [line for line in lines if line.startswith("sso_http_requests_total{") and '"/token"' in line]
    return round(sum(float(line.split()[-1]) for line in counted))


def encoded(part: dict[str, Any]) -> str:
    return b64(json.dumps(part).encode())


def b64(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
