"""Tokens that are not exactly what the center makes for this login at this site."""

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from client_sdk.core.errors import TokenRefused
from client_sdk.core.http import jwks as keys
from client_sdk.core.http.transport import HttpResponse
from client_sdk.core.settings import ALGORITHMS
from client_sdk.core.tokens.jwt import verify
from client_sdk.testing import FakeCenter
from tests.client_sdk.conftest import ALICE
from tests.client_sdk.sites import RunningSite, Times
from tests.harness.browser import Browser

Claims = dict[str, Any]


def put(**changes: Any) -> Callable[[Claims, Claims], None]:
    return lambda header, claims: claims.update(changes)


def take(name: str) -> Callable[[Claims, Claims], None]:
    return lambda header, claims: claims.pop(name)


def head(**changes: Any) -> Callable[[Claims, Claims], None]:
    return lambda header, claims: header.update(changes)


def shift(name: str, seconds: int) -> Callable[[Claims, Claims], None]:
    return lambda header, claims: claims.update({name: claims["iat"] + seconds})


@pytest.mark.parametrize(
    ("edit", "code"),
    [
        (put(iss="http://evil.example"), "token_issuer"),
        (take("iss"), "token_issuer"),
        (put(aud="forum"), "token_audience"),
        (put(aud=["SHOP", "forum"]), "token_audience"),
        (put(aud=[]), "token_audience"),
        (take("aud"), "token_audience"),
        (put(azp="forum"), "token_authorized_party"),
        (shift("exp", -61), "token_expired"),
        (take("exp"), "token_claim"),
        (put(exp=True), "token_claim"),
        (put(exp="later"), "token_claim"),
        (shift("iat", 62), "token_from_future"),
        (shift("iat", -662), "token_too_old"),
        (take("iat"), "token_claim"),
        (put(nonce="of another login"), "token_nonce"),
        (take("nonce"), "token_claim"),
        (put(at_hash="of another token"), "token_at_hash"),
        (put(at_hash=7), "token_at_hash"),
        (take("sub"), "token_claim"),
        (put(sub=""), "token_claim"),
        (put(sub=7), "token_claim"),
        (put(sub="x" * 1025), "token_claim"),
        (take("sid"), "token_claim"),
        (put(roles="staff"), "token_claim"),
        (put(roles=[["staff"]]), "token_claim"),
        (head(typ="logout+jwt"), "token_type"),
        (head(typ="at+jwt"), "token_type"),
        (head(typ=7), "token_type"),
        (head(crit=["x"], x=1), "token_malformed"),
        (put(name="x" * 17_000), "token_malformed"),
    ],
)
def test_a_token_with_one_thing_wrong_opens_no_session(
    site: RunningSite,
    center: FakeCenter,
    browser: Browser,
    caplog: pytest.LogCaptureFixture,
    edit: Callable[[Claims, Claims], None],
    code: str,
) -> None:
    def edited(header: Claims, claims: Claims) -> None:
        edit(header, claims)
        if claims.get("aud") == ["SHOP", "forum"]:
            claims["aud"][0] = site.client_id

    center.edit_id_token = edited
    page = site.sign_in(browser)
    assert page.status == 400
    assert f" {code}: " in caplog.text
    assert site.cookie not in browser.cookies_for("127.0.0.1")
    assert browser.get(site.url + "/public").text == "nobody"


@pytest.mark.parametrize(
    "edit",
    [
        take("at_hash"),
        take("email"),
        take("name"),
        take("preferred_username"),
        take("roles"),
        lambda header, claims: claims.update(aud=[claims["aud"]], azp=claims["aud"]),
        lambda header, claims: header.pop("typ"),
    ],
)
def test_optional_claims_of_the_standard_are_accepted(
    site: RunningSite, center: FakeCenter, browser: Browser, edit: Callable[[Claims, Claims], None]
) -> None:
    center.edit_id_token = edit
    assert site.sign_in(browser).status == 200


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "EdDSA"])
def test_other_signatures_of_the_center_are_verified(
    times: Times, new_site: Callable[..., RunningSite], browser: Browser, algorithm: str
) -> None:
    with FakeCenter(algorithm=algorithm, clock=times.clock) as center:
        center.log_in(ALICE)
        assert new_site(issuer=center.issuer).sign_in(browser).status == 200


def test_an_algorithm_the_site_did_not_allow_is_refused(
    new_site: Callable[..., RunningSite], browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    assert new_site(algorithms=("RS256",)).sign_in(browser).status == 400
    assert " token_algorithm: " in caplog.text


def test_a_rotated_key_of_the_center_is_fetched(
    site: RunningSite, center: FakeCenter, times: Times, browser: Browser, new_browser: Callable[[], Browser]
) -> None:
    site.sign_in(browser)
    center.rotate_key()
    times.move(5.1)
    assert site.sign_in(new_browser()).status == 200
    assert center.requests.count("/jwks.json") == 2


def test_invented_key_ids_do_not_make_the_site_fetch_keys_again(
    site: RunningSite, center: FakeCenter, times: Times, new_browser: Callable[[], Browser]
) -> None:
    site.sign_in(new_browser())
    sign = center.sign
    center.sign = lambda header, claims: _with_kid(sign(header, claims))  # type: ignore[method-assign]
    times.move(6)
    assert [site.sign_in(new_browser()).status for _ in range(4)] == [400] * 4
    assert center.requests.count("/jwks.json") == 2
    times.move(6)
    site.sign_in(new_browser())
    assert center.requests.count("/jwks.json") == 3


# Signatures, one by one, where a forger would try


RSA = generate_private_key(65537, 2048)
OTHER = generate_private_key(65537, 2048)


def key_set(**changes: Any) -> keys.KeySet:
    described = jwt.algorithms.RSAAlgorithm.to_jwk(RSA.public_key(), as_dict=True)
    entry = {**described, "kid": "one", "use": "sig", "alg": "RS256", **changes}
    return keys.process_response(HttpResponse(200, json.dumps({"keys": [entry]}).encode()))


def refused(token: str, known: keys.KeySet | None = None) -> str:
    with pytest.raises(TokenRefused) as caught:
        verify(token, key_set() if known is None else known, algorithms=ALGORITHMS, types=("", "jwt"))
    return caught.value.code


def signed(algorithm: str = "RS256", key: Any = RSA, **header: Any) -> str:
    return jwt.encode({"sub": "alice"}, key, algorithm, {"kid": "one", **header})


def by_hand(header: Claims, secret: bytes = b"") -> str:
    parts = [_b64(json.dumps(part).encode()) for part in (header, {"sub": "alice"})]
    mac = hmac.digest(secret, ".".join(parts).encode(), sha256) if secret else b""
    return ".".join((*parts, _b64(mac)))


def test_a_good_signature_is_accepted() -> None:
    claims = verify(signed(), key_set(), algorithms=ALGORITHMS, types=("jwt",))
    assert claims.values == {"sub": "alice"}


@pytest.mark.parametrize("name", ["none", "None", "NONE", "nOnE", "", None, 7, ["RS256"]])
def test_a_token_without_signature_is_refused(name: object) -> None:
    assert refused(by_hand({"alg": name, "kid": "one"})) in ("token_algorithm", "token_malformed")


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_the_public_key_is_no_hmac_secret(encoding: Encoding) -> None:
    public = RSA.public_key().public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)
    assert refused(by_hand({"alg": "HS256", "kid": "one"}, public)) == "token_algorithm"


def test_an_hmac_key_in_the_key_set_verifies_nothing() -> None:
    entry = {"kty": "oct", "kid": "one", "k": _b64(b"everybody can read this")}
    known = keys.process_response(HttpResponse(200, json.dumps({"keys": [entry]}).encode()))
    assert not known


def test_a_token_with_a_critical_header_is_refused() -> None:
    header = {"alg": "RS256", "kid": "one", "crit": ["b64"], "b64": True}
    assert refused(by_hand(header, b"x")) == "token_malformed"


def test_a_key_is_good_for_its_own_algorithm_only() -> None:
    assert refused(signed("PS256")) == "token_algorithm"
    assert refused(signed("RS384")) == "token_algorithm"
    assert refused(by_hand({"alg": "ES256", "kid": "one"}, b"x")) == "token_algorithm"


@pytest.mark.parametrize("kid", [None, "two", 7, ["one"]])
def test_a_token_must_name_a_key_of_the_center(kid: object) -> None:
    token = by_hand({"alg": "RS256", "kid": kid} if kid is not None else {"alg": "RS256"}, b"x")
    assert refused(token) in ("token_key_unknown", "token_malformed")


def test_a_token_signed_with_a_foreign_key_is_refused() -> None:
    assert refused(signed(key=OTHER)) == "token_signature"
    embedded = jwt.algorithms.RSAAlgorithm.to_jwk(OTHER.public_key(), as_dict=True)
    assert refused(signed(key=OTHER, jwk=embedded)) == "token_signature"


def test_a_changed_token_is_refused() -> None:
    header, _, signature = signed().split(".")
    of_bob = _b64(json.dumps({"sub": "bob"}).encode())
    assert refused(f"{header}.{of_bob}.{signature}") == "token_signature"
    assert refused(f"{header}..{signature}") == "token_signature"


@pytest.mark.parametrize("token", ["", "a", "a.b", "a.b.c", "....", "é.é.é", "eyJ9.e30.", "." * 20_000])
def test_a_malformed_token_is_refused(token: str) -> None:
    assert refused(token) == "token_malformed"


@pytest.mark.parametrize(
    "changes", [{"use": "enc"}, {"kid": ""}, {"kid": 7}, {"alg": "RSA-OAEP"}, {"kty": "?"}, {"n": "AQAB"}]
)
def test_keys_for_other_purposes_are_left_out(changes: Claims) -> None:
    assert not key_set(**changes)


def test_a_key_short_enough_to_break_is_left_out() -> None:
    short = generate_private_key(65537, 1024).public_key()
    assert not key_set(**jwt.algorithms.RSAAlgorithm.to_jwk(short, as_dict=True))


def _with_kid(token: str) -> str:
    _, payload, signature = token.split(".")
    header = json.dumps({"alg": "ES256", "typ": "JWT", "kid": "invented"})
    return f"{_b64(header.encode())}.{payload}.{signature}"


def _b64(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
