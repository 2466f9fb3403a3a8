"""Clients: what may be registered, and that every process knows of a change."""

from dataclasses import replace

import pytest
from sqlalchemy import select, update

from sso_center.base.errors import Conflict, Invalid, NotFound, Unavailable
from sso_center.core.clients import Client
from sso_center.services import Services
from sso_center.storage.schema import clients
from tests.core_nouns.conftest import is_up
from tests.harness.waiting import eventually

URI = "https://shop.example.org/cb"


def test_a_registered_client_is_found_as_it_was_registered(services: Services) -> None:
    client, secret = services.clients.add(
        "whole",
        name="The Shop",
        home_uri="https://shop.example.org/",
        redirect_uris=[URI, URI, "com.example.app:/cb"],
        post_logout_redirect_uris=["https://shop.example.org/bye"],
        backchannel_logout_uri="http://10.0.0.7:8000/logout",
        scopes=["orders:read", "openid"],
        id_token_alg="EdDSA",
        may_introspect=True,
        access_token_format="jwt",
        audiences=["orders", "https://api.example.org/v1", "orders"],
        grant_types=["client_credentials", "refresh_token", "authorization_code"],
        refresh_token_lifetime=3600,
        refresh_retry_window=0,
        is_strict=True,
        is_third_party=True,
        max_sessions=7,
    )
    assert (
        client
        == services.clients.get("whole")
        == Client(
            client_id="whole",
            name="The Shop",
            home_uri="https://shop.example.org/",
            redirect_uris=(URI, "com.example.app:/cb"),
            post_logout_redirect_uris=("https://shop.example.org/bye",),
            backchannel_logout_uri="http://10.0.0.7:8000/logout",
            is_public=False,
            scopes=("openid", "profile", "email", "orders:read"),
            id_token_alg="EdDSA",
            may_introspect=True,
            version=1,
            access_token_format="jwt",
            audiences=("orders", "https://api.example.org/v1"),
            grant_types=("authorization_code", "refresh_token", "client_credentials"),
            refresh_token_lifetime=3600,
            refresh_retry_window=0,
            is_strict=True,
            is_third_party=True,
            max_sessions=7,
        )
    )
    assert client.audience == ("orders", "https://api.example.org/v1")
    assert secret is not None
    assert client in services.clients.list()


def test_a_client_of_an_older_center_has_the_settings_of_before(services: Services) -> None:
    client, _ = services.clients.add("older", redirect_uris=[URI], max_sessions=3, is_third_party=True)
    old = ("home_uri", "redirect_uris", "post_logout_redirect_uris", "backchannel_logout_uri", "is_public")
    kept = {*old, "scopes", "id_token_alg", "may_introspect"}
    with services.database.write() as connection:
        stored = connection.scalar(select(clients.c.settings).where(clients.c.client_id == "older"))
        settings = {name: value for name, value in stored.items() if name in kept} | {"of_the_future": 1}
        connection.execute(update(clients).where(clients.c.client_id == "older").values(settings=settings))
    services.clients.reload()
    assert services.clients.get("older") == replace(client, max_sessions=0, is_third_party=False)
    assert services.clients.get("older").audience == ("older",)


def test_a_client_that_logs_nobody_in_needs_no_redirect_address(services: Services) -> None:
    client, secret = services.clients.add("machine", grant_types=["client_credentials"])
    assert secret is not None
    assert client.redirect_uris == ()
    with pytest.raises(Invalid):
        services.clients.update("machine", grant_types=["client_credentials", "authorization_code"])


def test_the_secret_proves_the_client_and_is_not_kept(services: Services) -> None:
    client, secret = services.clients.add("proven", redirect_uris=[URI])
    assert secret is not None
    assert services.clients.authenticate("proven", secret) == client
    for wrong in ("", secret[:-1], secret + "x", secret.lower(), "\u00e9", "\ud800"):
        assert services.clients.authenticate("proven", wrong) is None
    assert services.clients.authenticate("unknown", secret) is None
    stored = b"".join(path.read_bytes() for path in services.settings.data_dir.glob("center.db*"))
    assert secret.encode() not in stored


def test_a_public_client_has_no_secret_and_proves_nothing(services: Services) -> None:
    client, secret = services.clients.add("app", redirect_uris=[URI], is_public=True)
    assert client.is_public
    assert secret is None
    for guess in ("", "None", "x"):
        assert services.clients.authenticate("app", guess) is None
    with pytest.raises(Invalid, match="public"):
        services.clients.rotate_secret("app")
    with pytest.raises(Invalid):
        services.clients.update("app", is_public=False)


def test_a_new_secret_replaces_the_old_one_at_once(services: Services) -> None:
    _, old = services.clients.add("rotated", redirect_uris=[URI])
    new = services.clients.rotate_secret("rotated")
    assert old is not None
    assert services.clients.authenticate("rotated", old) is None
    assert services.clients.authenticate("rotated", new) is not None


def test_an_update_changes_what_is_named_and_nothing_else(services: Services) -> None:
    before, secret = services.clients.add("updated", redirect_uris=[URI], scopes=["extra"])
    after = services.clients.update("updated", name="Another", redirect_uris=["https://b.example.org/cb"])
    assert (after.name, after.redirect_uris, after.version) == ("Another", ("https://b.example.org/cb",), 2)
    assert after.scopes == before.scopes
    assert secret is not None
    assert services.clients.authenticate("updated", secret) == after


def test_changes_of_nothing_are_refused(services: Services) -> None:
    services.clients.add("once", redirect_uris=[URI])
    with pytest.raises(Conflict):
        services.clients.add("once", redirect_uris=[URI])
    for change in (services.clients.remove, services.clients.rotate_secret, services.clients.get):
        with pytest.raises(NotFound):
            change("never")
    with pytest.raises(NotFound):
        services.clients.update("never", name="x")


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"redirect_uris": []}, "redirect_uris"),
        ({"redirect_uris": ["/relative"]}, "redirect_uris"),
        ({"redirect_uris": ["https://a.example.org/#part"]}, "redirect_uris"),
        ({"redirect_uris": ["https://user@a.example.org/"]}, "redirect_uris"),
        ({"redirect_uris": ["javascript:alert(1)"]}, "redirect_uris"),
        ({"redirect_uris": ["https://a.example.org/a b"]}, "redirect_uris"),
        ({"redirect_uris": ["https://a.example.org/" + "x" * 2000]}, "redirect_uris"),
        ({"redirect_uris": [f"https://a.example.org/{n}" for n in range(51)]}, "redirect_uris"),
        ({"post_logout_redirect_uris": ["data:text/html,x"]}, "post_logout_redirect_uris"),
        ({"backchannel_logout_uri": "ftp://a.example.org/"}, "backchannel_logout_uri"),
        ({"backchannel_logout_uri": "com.example.app:/x"}, "backchannel_logout_uri"),
        ({"home_uri": "javascript:alert(1)"}, "home_uri"),
        ({"id_token_alg": "HS256"}, "id_token_alg"),
        ({"id_token_alg": "none"}, "id_token_alg"),
        ({"scopes": ["two words"]}, "scopes"),
        ({"name": "line\nbreak"}, "name"),
        ({"is_public": True, "may_introspect": True}, "may_introspect"),
        ({"is_public": True, "grant_types": ["client_credentials"]}, "grant_types"),
        ({"grant_types": []}, "grant_types"),
        ({"grant_types": ["password"]}, "grant_types"),
        ({"grant_types": ["refresh_token"]}, "grant_types"),
        ({"grant_types": ["client_credentials"], "access_token_format": "app"}, "access_token_format"),
        (
            {"grant_types": ["authorization_code", "refresh_token"], "access_token_format": "app"},
            "access_token_format",
        ),
        ({"access_token_format": "saml"}, "access_token_format"),
        ({"scopes": ["offline_access"]}, "scopes"),
        ({"audiences": ["two words"]}, "audiences"),
        ({"audiences": [f"api-{n}" for n in range(21)]}, "audiences"),
        ({"refresh_token_lifetime": 59}, "refresh_token_lifetime"),
        ({"refresh_token_lifetime": 400 * 86400 + 1}, "refresh_token_lifetime"),
        ({"refresh_retry_window": 86401}, "refresh_retry_window"),
        ({"max_sessions": -1}, "max_sessions"),
    ],
)
def test_a_registration_that_breaks_a_rule_is_refused_by_field(
    services: Services, asked: dict[str, object], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        services.clients.add("bad", **{"redirect_uris": [URI], **asked})
    assert refused.value.field == field
    assert services.clients.find("bad") is None


@pytest.mark.parametrize("client_id", ["", "a b", "a/b", "-a", "x" * 65, "é", "a\n"])
def test_an_id_is_plain_text(services: Services, client_id: str) -> None:
    with pytest.raises(Invalid):
        services.clients.add(client_id, redirect_uris=[URI])


# Redirect addresses


@pytest.mark.parametrize(
    "near",
    [
        URI + "/",
        URI + "?x=1",
        URI.upper(),
        URI.replace("https", "http"),
        URI + "#part",
        "https://shop.example.org:443/cb",
        "https://shop.example.org/cb/../cb",
        "https://shop.example.org.evil.org/cb",
        "https://shop.example.org@evil.org/cb",
        "",
    ],
)
def test_an_address_that_is_nearly_registered_is_not(services: Services, near: str) -> None:
    if services.clients.find("exact") is None:
        services.clients.add("exact", redirect_uris=[URI], post_logout_redirect_uris=[URI])
    client = services.clients.get("exact")
    assert client.has_redirect_uri(URI)
    assert client.has_post_logout_redirect_uri(URI)
    assert not client.has_redirect_uri(near)
    assert not client.has_post_logout_redirect_uri(near)


@pytest.mark.parametrize(
    ("uri", "is_fine"),
    [
        ("http://127.0.0.1/cb", True),
        ("http://127.0.0.1:1/cb", True),
        ("http://127.0.0.1:65535/cb", True),
        ("http://[::1]:4000/cb", True),
        ("http://127.0.0.1:65536/cb", False),
        ("http://127.0.0.1:0/cb", False),
        ("http://127.0.0.1:/cb", False),
        ("http://127.0.0.1:80x/cb", False),
        ("http://127.0.0.1:4000/other", False),
        ("http://127.0.0.1:4000/cb?x=1", False),
        ("http://127.0.0.1:4000/cb#x", False),
        ("http://127.0.0.1:4000@evil.org/cb", False),
        ("http://127.0.0.1.evil.org:4000/cb", False),
        ("http://127.0.0.1:4000\\@evil.org/cb", False),
        ("https://127.0.0.1:4000/cb", False),
        ("http://localhost:4000/cb", False),
        ("http://127.0.0.2:4000/cb", False),
    ],
)
def test_only_the_port_of_a_loopback_address_is_free(services: Services, uri: str, is_fine: bool) -> None:
    if services.clients.find("native") is None:
        services.clients.add(
            "native", redirect_uris=["http://127.0.0.1/cb", "http://[::1]:99/cb"], is_public=True
        )
    assert services.clients.get("native").has_redirect_uri(uri) == is_fine


# Other processes


def test_every_process_finds_a_client_registered_a_moment_ago(services: Services, other: Services) -> None:
    services.clients.add("new", redirect_uris=[URI])
    assert other.clients.find("new") is not None


def test_every_process_knows_a_secret_made_a_moment_ago(services: Services, other: Services) -> None:
    services.clients.add("fresh", redirect_uris=[URI])
    assert other.clients.find("fresh") is not None
    secret = services.clients.rotate_secret("fresh")
    assert other.clients.authenticate("fresh", secret) is not None


def test_every_process_forgets_a_removed_client_at_its_next_script(
    services: Services, other: Services
) -> None:
    services.clients.add("leaving", redirect_uris=[URI])
    assert other.clients.find("leaving") is not None
    services.clients.remove("leaving")
    other.sessions.of_user("anybody")
    assert other.clients.find("leaving") is None


def test_a_process_that_changes_clients_has_not_missed_what_others_changed(
    services: Services, other: Services
) -> None:
    services.keys.rotate("ES256")
    other.clients.add("mine", redirect_uris=[URI])
    assert {entry["kid"] for entry in other.keys.jwks()} == {entry["kid"] for entry in services.keys.jwks()}


def test_parallel_changes_lose_none(services: Services, other: Services, in_parallel) -> None:
    def register(number: int) -> None:
        (services, other)[number % 2].clients.add(f"many-{number}", redirect_uris=[URI])

    in_parallel(8, register)
    for process in (services, other):
        assert all(process.clients.find(f"many-{number}") for number in range(8))


def test_parallel_updates_of_one_client_all_count(services: Services, other: Services, in_parallel) -> None:
    services.clients.add("shared", redirect_uris=[URI])
    parts = [
        {"name": "Shared"},
        {"home_uri": "https://h.example.org/"},
        {"scopes": ["extra"]},
        {"may_introspect": True},
    ]
    in_parallel(4, lambda number: (services, other)[number % 2].clients.update("shared", **parts[number]))
    client = next(one for one in services.clients.list() if one.client_id == "shared")
    assert (client.name, client.home_uri, client.may_introspect) == ("Shared", "https://h.example.org/", True)
    assert "extra" in client.scopes
    assert client.version == 5


def test_without_redis_no_client_is_changed(services: Services) -> None:
    assert services.redis.embedded is not None
    services.redis.embedded.stop()
    try:
        with pytest.raises(Unavailable):
            services.clients.add("untold", redirect_uris=[URI])
    finally:
        services.redis.embedded.ensure_running()
        eventually(lambda: is_up(services), what="the store's return")
    assert "untold" not in {client.client_id for client in services.clients.list()}
