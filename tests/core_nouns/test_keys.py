"""Keys: signing, publishing, rotating without breaking what was signed, and unreadable in the store."""

import base64
import json
import multiprocessing
import stat
from collections.abc import Callable
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import load_der_private_key
from sqlalchemy import select, update

from sso_center.base.errors import Invalid, SettingsError
from sso_center.base.settings import Settings
from sso_center.core.keys import master_secret
from sso_center.protocols.table import FACADES
from sso_center.services import Services, build_services
from sso_center.storage.migrate import migrate
from sso_center.storage.schema import signing_keys
from sso_center.storage.sql import database_url
from tests.core_nouns.conftest import settings_in
from tests.harness.core import DAY, MINUTE

ALGORITHMS = ("RS256", "ES256", "EdDSA")


def claims_for(services: Services, **more: object) -> dict[str, object]:
    now = services.clock() // 1000
    return {"iss": services.settings.issuer, "sub": "u1", "aud": "shop", "iat": now, "exp": now + 600, **more}


def verified(services: Services, token: str) -> dict[str, object]:
    """Verify as a stranger would: by the published keys and nothing else."""
    kid, alg = (jwt.get_unverified_header(token)[name] for name in ("kid", "alg"))
    [key] = [jwt.PyJWK(entry) for entry in services.keys.jwks() if entry["kid"] == kid]
    return jwt.decode(
        token, key, algorithms=[alg], audience="shop", options={"verify_exp": False, "verify_iat": False}
    )


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_a_signed_token_verifies_by_the_published_keys(services: Services, alg: str) -> None:
    claims = claims_for(services, name="中文 \ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"))
    token = services.keys.sign(claims, alg)
    assert jwt.get_unverified_header(token)["typ"] == "JWT"
    assert verified(services, token) == claims
    assert services.keys.verify(token, audience="shop") == claims


def test_only_public_halves_are_published(services: Services) -> None:
    published = services.keys.jwks()
    assert {entry["alg"] for entry in published} == set(ALGORITHMS)
    for entry in published:
        assert set(entry) <= {"kty", "kid", "use", "alg", "n", "e", "crv", "x", "y"}


def test_a_rotation_lets_the_published_next_key_sign(services: Services) -> None:
    known = {entry["kid"] for entry in services.keys.jwks()}
    token = services.keys.sign(claims_for(services), "ES256")
    services.keys.rotate("ES256")
    fresh = services.keys.sign(claims_for(services), "ES256")
    assert jwt.get_unverified_header(fresh)["kid"] in known, "sites that keep the key set know it already"
    assert jwt.get_unverified_header(fresh)["kid"] != jwt.get_unverified_header(token)["kid"]


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_a_token_signed_before_a_key_rotation_still_verifies(services: Services, alg: str) -> None:
    token = services.keys.sign(claims_for(services), alg)
    for _ in range(2):
        services.keys.rotate(alg)
        assert verified(services, token)["sub"] == "u1"
        assert services.keys.verify(token, audience="shop") is not None


def test_a_process_that_missed_a_rotation_verifies_what_the_others_sign(
    services: Services, other: Services
) -> None:
    services.keys.rotate("EdDSA")
    other.keys.reload()
    services.keys.rotate("EdDSA")
    token = services.keys.sign(claims_for(services), "EdDSA")
    assert other.keys.verify(token, audience="shop") is not None


def test_a_process_hears_of_a_rotation_by_its_next_script(services: Services, other: Services) -> None:
    # Else the shard would be recovered below, and tell the version for that reason.
    other.sessions.of_user("anybody")
    services.keys.rotate("ES256")
    services.keys.rotate("ES256")
    other.sessions.of_user("anybody")
    token = services.keys.sign(claims_for(services), "ES256")
    assert (
        jwt.get_unverified_header(other.keys.sign({}, "ES256"))["kid"]
        == jwt.get_unverified_header(token)["kid"]
    )


def test_rotating_something_unknown_is_refused(services: Services) -> None:
    with pytest.raises(Invalid, match="HS256"):
        services.keys.rotate("HS256")


# What does not verify


def test_an_expired_token_verifies_only_where_that_is_asked_for(services: Services, time) -> None:
    token = services.keys.sign(claims_for(services), "ES256")
    time.move(11 * MINUTE)
    assert services.keys.verify(token, audience="shop") is None
    assert services.keys.verify(token, audience="shop", allow_expired=True) is not None
    time.move(-11 * MINUTE)


def test_one_kind_of_token_is_not_taken_for_another(services: Services) -> None:
    notice = services.keys.sign(claims_for(services), "ES256", typ="logout+jwt")
    assert services.keys.verify(notice, audience="shop") is None
    assert services.keys.verify(notice, audience="shop", typ="logout+jwt") is not None


def test_a_token_for_another_client_does_not_verify(services: Services) -> None:
    token = services.keys.sign(claims_for(services), "ES256")
    assert services.keys.verify(token, audience="forum") is None
    assert services.keys.verify(token, audience=None) is not None


def forgeries(services: Services) -> dict[str, str]:
    token = services.keys.sign(claims_for(services), "RS256")
    header, payload, signature = token.split(".")
    kid = jwt.get_unverified_header(token)["kid"]
    [public] = [entry for entry in services.keys.jwks() if entry["kid"] == kid]

    def encoded(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return {
        "no signature": f"{encoded({'alg': 'none', 'kid': kid, 'typ': 'JWT'})}.{payload}.",
        "the public key as a secret": jwt.encode(
            claims_for(services), json.dumps(public) * 2, "HS256", headers={"kid": kid}
        ),
        "another payload": f"{header}.{encoded(claims_for(services, sub='u2'))}.{signature}",
        "a key of their own": jwt.encode(claims_for(services), "x" * 40, "HS256", headers={"kid": "mine"}),
        "a kid that is no text": f"{encoded({'alg': 'RS256', 'kid': ['x']})}.{payload}.{signature}",
        "no token": "x",
        "nothing": "",
        "no text": "\ud800.\ud800.\ud800",
    }


def test_no_forgery_verifies(services: Services) -> None:
    for how, token in forgeries(services).items():
        assert services.keys.verify(token, audience=None, allow_expired=True) is None, how


# Cookies


def test_the_last_secret_for_cookies_signs_and_the_others_verify(services: Services) -> None:
    before = services.keys.cookie_secrets("session")
    services.keys.rotate("cookie")
    after = services.keys.cookie_secrets("session")
    assert before[-1] in after[:-1]
    assert after[-1] in before[:-1], "every process knew the secret that signs now before it did"
    assert len(set(after)) == len(after) == len(before) + 1


def test_secrets_for_cookies_of_two_names_have_nothing_in_common(services: Services) -> None:
    assert not set(services.keys.cookie_secrets("session")) & set(services.keys.cookie_secrets("form"))
    assert all(len(secret) >= 43 for secret in services.keys.cookie_secrets("session"))


# Age


def test_keys_become_due_and_are_forgotten_when_nothing_they_signed_can_live(
    new_services: Callable[..., Services], time, tmp_path: Path
) -> None:
    services = new_services(settings_in(tmp_path))
    token = services.keys.sign(claims_for(services), "ES256")
    kid = jwt.get_unverified_header(token)["kid"]
    assert services.keys.due(90 * DAY) == []
    time.move(91 * DAY)
    assert set(services.keys.due(90 * DAY)) == {*ALGORITHMS, "cookie"}

    services.keys.rotate()
    assert services.keys.due(90 * DAY) == []
    assert kid in {entry["kid"] for entry in services.keys.jwks()}
    time.move(1 * DAY)
    assert kid not in {entry["kid"] for entry in services.keys.jwks()}
    assert services.keys.verify(token, audience="shop", allow_expired=True) is not None

    time.move(401 * DAY)
    services.keys.rotate()
    assert services.keys.verify(token, audience="shop", allow_expired=True) is None


# At rest


def test_no_key_can_be_read_from_the_store(services: Services) -> None:
    with services.database.read() as connection:
        rows = connection.execute(select(signing_keys)).all()
    assert len(rows) >= 8
    for row in rows:
        raw = base64.b64decode(row.private_encrypted)
        with pytest.raises(ValueError, match=r".*"):
            load_der_private_key(raw, password=None)
    stored = b"".join(path.read_bytes() for path in services.settings.data_dir.glob("center.db*"))
    for key in services.keys.stored():
        assert key.secret not in stored
        assert base64.b64encode(key.secret) not in stored


def test_a_key_put_in_another_ones_place_is_refused(
    new_services: Callable[..., Services], tmp_path: Path
) -> None:
    services = new_services(settings_in(tmp_path))
    with services.database.write() as connection:
        one, two = connection.execute(select(signing_keys).where(signing_keys.c.alg == "ES256")).all()
        connection.execute(
            update(signing_keys)
            .where(signing_keys.c.kid == one.kid)
            .values(private_encrypted=two.private_encrypted)
        )
    with pytest.raises(SettingsError):
        services.keys.reload()


def test_a_wrong_secret_key_is_named_as_the_mistake(settings: Settings, services: Services) -> None:
    wrong = settings_in(settings.data_dir, SSO_SECRET_KEY="not the secret of the stored keys at all")
    with pytest.raises(SettingsError, match="SSO_SECRET_KEY"):
        build_services(wrong, FACADES)


def test_the_secret_is_made_once_for_its_owner_only(tmp_path: Path, in_parallel) -> None:
    settings = settings_in(tmp_path / "new")
    assert len(set(in_parallel(8, lambda _: master_secret(settings)))) == 1
    file = settings.data_dir / "secret.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in settings.data_dir.iterdir()] == ["secret.key"]
    assert master_secret(settings_in(tmp_path, SSO_SECRET_KEY="k" * 32)) == "k" * 32


@pytest.mark.parametrize(("content", "mode"), [("x" * 40, 0o644), ("short", 0o600), ("", 0o600)])
def test_a_secret_that_is_open_or_none_is_named_as_the_mistake(
    tmp_path: Path, content: str, mode: int
) -> None:
    file = tmp_path / "secret.key"
    file.write_text(content)
    file.chmod(mode)
    with pytest.raises(SettingsError, match=r"secret\.key"):
        master_secret(settings_in(tmp_path))


def _start(folder: str, gate, kids) -> None:
    gate.wait(60)
    services = build_services(settings_in(Path(folder)), FACADES)
    kids.put(sorted(key.kid for key in services.keys.stored()))
    services.close()


def test_processes_that_start_together_agree_on_the_keys(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    migrate(database_url(settings))
    spawning = multiprocessing.get_context("spawn")
    gate, kids = spawning.Barrier(3), spawning.Queue()
    starters = [spawning.Process(target=_start, args=(str(tmp_path), gate, kids)) for _ in range(3)]
    for starter in starters:
        starter.start()
    seen = [kids.get(timeout=60) for _ in starters]
    for starter in starters:
        starter.join(60)
    assert len(seen[0]) == 8
    assert seen[0] == seen[1] == seen[2]
