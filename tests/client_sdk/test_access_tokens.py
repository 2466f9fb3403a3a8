"""Access tokens that are JWTs and not exactly what the center makes for this API (RFC 9068, RFC 8725)."""

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm

from client_sdk.testing import FakeCenter
from tests.client_sdk.apis import Api
from tests.client_sdk.conftest import ALICE
from tests.client_sdk.sites import Times

Claims = dict[str, Any]
Edit = Callable[[Claims, Claims], None]


@pytest.fixture
def api(center: FakeCenter, times: Times) -> Api:
    return Api(center, times)


def jwt_of(center: FakeCenter, edit: Edit | None = None) -> str:
    return center.access_token("shop", audience="stock", kind="jwt", edit=edit)


def put(**changes: Any) -> Edit:
    return lambda header, claims: claims.update(changes)


def take(name: str) -> Edit:
    return lambda header, claims: claims.pop(name)


def head(**changes: Any) -> Edit:
    return lambda header, claims: header.update(changes)


def shift(name: str, seconds: int) -> Edit:
    return lambda header, claims: claims.update({name: claims["iat"] + seconds})


@pytest.mark.parametrize(
    ("edit", "code"),
    [
        (put(iss="http://evil.example"), "token_issuer"),
        (take("iss"), "token_issuer"),
        (put(aud="shop"), "token_audience"),
        (put(aud=["shop", "Stock"]), "token_audience"),
        (take("aud"), "token_audience"),
        (put(aud={"stock": 1}), "token_claim"),
        (shift("exp", -61), "token_expired"),
        (take("exp"), "token_claim"),
        (put(exp=True), "token_claim"),
        (shift("iat", 62), "token_from_future"),
        (take("iat"), "token_claim"),
        (shift("nbf", 62), "token_from_future"),
        (put(nbf="soon"), "token_claim"),
        (take("sub"), "token_claim"),
        (take("client_id"), "token_claim"),
        (take("jti"), "token_claim"),
        (put(sid=7), "token_claim"),
        (put(scope=["a"]), "token_claim"),
        (put(roles=[["staff"]]), "token_claim"),
        (head(typ="JWT"), "token_type"),
        (head(typ="logout+jwt"), "token_type"),
        (head(typ=None), "token_type"),
        (head(crit=["x"], x=1), "token_malformed"),
        (put(sub="somebody else"), "token_inactive"),
        (put(client_id="another client"), "token_inactive"),
        (put(jti="another token"), "token_inactive"),
    ],
)
def test_a_token_with_one_thing_wrong_is_refused(
    api: Api, center: FakeCenter, caplog: pytest.LogCaptureFixture, edit: Edit, code: str
) -> None:
    caplog.set_level("INFO", "client_sdk")
    assert api.status(jwt_of(center)) == 200
    answer = api.ask(jwt_of(center, edit))
    assert answer.status_code == 401
    assert f" {code}: " in caplog.text
    # The rest is refused before anybody is asked: what the center would say of it does not matter.
    assert len(center.tokens_asked) == (2 if code == "token_inactive" else 1)


@pytest.mark.parametrize("edit", [take("nbf"), take("sid"), take("roles"), take("scope"), head(typ="AT+JWT")])
def test_optional_claims_of_the_standard_are_accepted(api: Api, center: FakeCenter, edit: Edit) -> None:
    assert api.status(jwt_of(center, edit)) == 200


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "EdDSA"])
def test_other_signatures_of_the_center_are_verified(times: Times, algorithm: str) -> None:
    center = FakeCenter(algorithm=algorithm, clock=times.clock)
    center.log_in(ALICE)
    api, token = Api(center, times), jwt_of(center)
    assert api.status(token) == 200
    assert api.status(spoilt(token)) == 401


def spoilt(token: str) -> str:
    """Return a token whose signature has one bit changed."""
    head_and_claims, _, signature = token.rpartition(".")
    raw = bytearray(urlsafe_b64decode(signature + "=="))
    raw[0] ^= 1
    return f"{head_and_claims}.{b64(bytes(raw))}"


def b64(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def parts_of(token: str) -> tuple[Claims, str]:
    """Return the header of a token, and its claims as they stand in it."""
    header, claims, _ = token.split(".")
    return json.loads(urlsafe_b64decode(header + "==")), claims


def signed_by(token: str, sign: Callable[[bytes], bytes], **changes: Any) -> str:
    """Return a token with its header changed and the signature that `sign` makes."""
    header, claims = parts_of(token)
    text = f"{b64(json.dumps({**header, **changes}).encode().replace(b' ', b''))}.{claims}"
    return f"{text}.{b64(sign(text.encode()))}"


@pytest.mark.parametrize("algorithm", ["none", "None", "", "HS256", "HS512", "ES256K", "RS1"])
def test_an_algorithm_that_is_not_named_is_refused(api: Api, center: FakeCenter, algorithm: str) -> None:
    token = jwt_of(center)
    assert api.status(token) == 200
    assert api.status(signed_by(token, lambda _: b"", alg=algorithm)) == 401
    assert len(center.tokens_asked) == 1


def test_a_public_key_is_no_hmac_secret(api: Api, center: FakeCenter) -> None:
    token = jwt_of(center)
    public = next(iter(center._keys._keys.values())).public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    listed = json.dumps(center._keys.public()[0]).encode()
    for secret in (pem, listed):
        forged = signed_by(token, lambda text, key=secret: hmac.digest(key, text, "sha256"), alg="HS256")
        assert api.status(forged) == 401
    assert not center.tokens_asked


def test_a_key_that_a_token_brings_along_is_not_used(api: Api, center: FakeCenter) -> None:
    own = generate_private_key(SECP256R1())
    token = jwt_of(center)
    claims = jwt.decode(token, options={"verify_signature": False})
    theirs = parts_of(token)[0]["kid"]
    shown = {**ECAlgorithm.to_jwk(own.public_key(), as_dict=True), "kid": "own"}
    for kid in (theirs, "own", "../../own", "http://evil.example/key", 7, None):
        for brought in (
            {"jwk": shown},
            {"jku": "http://evil.example/jwks"},
            {"x5u": "http://evil.example/x"},
        ):
            header = {"typ": "at+jwt", **brought, **({"kid": kid} if isinstance(kid, str) else {})}
            forged = jwt.encode(claims, own, "ES256", header)
            assert api.status(forged) == 401, header
    assert not center.tokens_asked


def test_an_algorithm_of_another_kind_of_key_is_refused(times: Times) -> None:
    center = FakeCenter(algorithm="RS256", clock=times.clock)
    center.log_in(ALICE)
    api, token = Api(center, times), jwt_of(center)
    key = next(iter(center._keys._keys.values()))
    assert api.status(token) == 200
    header, claims = parts_of(token)
    told = json.loads(urlsafe_b64decode(claims + "=="))
    # A true signature with the center's own key, by an algorithm that this key is not for.
    forged = jwt.encode(told, key, "PS256", {"typ": "at+jwt", "kid": header["kid"]})
    assert api.status(forged) == 401


def test_a_fresh_key_of_the_center_is_found_and_an_invented_one_is_not_looked_for_on_and_on(
    api: Api, center: FakeCenter, times: Times
) -> None:
    assert api.status(jwt_of(center)) == 200
    center.rotate_key()
    times.move(6)
    assert api.status(jwt_of(center)) == 200
    asked = center.requests.count("/jwks.json")
    for number in range(10):
        token = signed_by(jwt_of(center), lambda _: b"x" * 64, kid=f"invented{number}")
        assert api.status(token) == 401
    assert center.requests.count("/jwks.json") == asked


def test_an_id_token_and_a_logout_token_open_no_api(api: Api, center: FakeCenter) -> None:
    logout = center.logout_token("stock", sid="x", edit=put(client_id="shop", jti="x", sub="x"))
    assert api.status(logout) == 401
    claims = jwt.decode(jwt_of(center), options={"verify_signature": False})
    assert api.status(center.sign({"typ": "JWT"}, claims)) == 401
    assert not center.tokens_asked


def test_a_token_signed_as_another_one_is_not_taken_for_it(api: Api, center: FakeCenter) -> None:
    first, second = jwt_of(center), jwt_of(center)
    assert api.status(first) == 200
    mixed = first.rpartition(".")[0] + "." + second.rpartition(".")[2]
    assert api.status(mixed) == 401
    assert sha256(first.encode()).digest() in api.checks._known._entries
