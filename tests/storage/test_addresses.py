"""The addresses that `SSO_REDIS_URL` takes, on servers that ask for a password, a certificate, a Sentinel."""

import datetime
import ipaddress
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sso_center.base.errors import SettingsError, Unavailable
from sso_center.storage.address import topology_of
from tests.harness.ports import free_port
from tests.harness.waiting import eventually
from tests.servers.redis import RedisServer
from tests.servers.sentinel import SentinelServers
from tests.servers.valkey import ValkeyServer
from tests.storage.hot import Journal, open_at, works
from tests.storage.scripts import COUNT, ECHO

PASSWORD = "p@ss/word: 100%"


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyServer]:
    """A server with a password for all, and one for a user who may do what the documentation lists."""
    rights = "+@read +@write +eval +evalsha +info +ping +publish +subscribe"
    options = {"requirepass": PASSWORD}
    server = ValkeyServer(tmp_path_factory.mktemp("locked"), options=options)
    server.url = f"redis://:{quote(PASSWORD, safe='')}@127.0.0.1:{server.port}"
    with server:
        with server.client() as client:
            user = ["center", "on", ">secret", "~sso:*", "&sso:*", *rights.split()]
            client.execute_command("ACL", "SETUSER", *user)
        yield server


def echoes(url: str) -> bool:
    redis = open_at(url)
    Journal(redis)
    try:
        return bool(redis.run(ECHO, "11", {"text": "hello"})[0] == "hello")
    finally:
        redis.close()


def test_a_password_with_special_characters(locked: ValkeyServer) -> None:
    assert echoes(locked.url)


def test_a_user_with_only_the_rights_that_the_documentation_names(locked: ValkeyServer) -> None:
    url = f"redis://center:secret@127.0.0.1:{locked.port}"
    assert echoes(url)
    redis = open_at(url)
    heard = redis.listen("sso:test", idle=0.05)
    assert next(heard) is None
    redis.publish("sso:test", "hello")
    assert "hello" in [next(heard), next(heard)]
    heard.close()
    redis.check()
    assert redis.server_info()
    redis.close()


@pytest.mark.parametrize("login", ["", ":wrong@", "center:wrong@"])
def test_a_wrong_password_is_unavailable_and_not_shown(locked: ValkeyServer, login: str) -> None:
    redis = open_at(f"redis://{login}127.0.0.1:{locked.port}")
    with pytest.raises(Unavailable) as refused:
        redis.run(ECHO, "11", {"text": "x"})
    assert "wrong" not in refused.value.detail.replace("WRONGPASS", "")
    redis.close()


def test_an_address_can_name_another_database_of_the_server(valkey: ValkeyServer) -> None:
    assert echoes(f"{valkey.url}/3")
    with valkey.client() as client:
        assert client.info("keyspace").get("db3") is not None


@pytest.mark.needs_redis_server
def test_tls_with_a_certificate_of_an_authority_of_our_own(tmp_path: Path) -> None:
    authority = make_certificate(tmp_path)
    port = free_port()
    files = {"tls-cert-file": "cert.pem", "tls-key-file": "key.pem", "tls-ca-cert-file": "cert.pem"}
    options = {"tls-port": str(port), "tls-auth-clients": "no", **files}
    with RedisServer(tmp_path, options=options):
        assert echoes(f"rediss://127.0.0.1:{port}?ssl_ca_certs={authority}")
        stranger = open_at(f"rediss://127.0.0.1:{port}")
        with pytest.raises(Unavailable, match="briefly unavailable"):
            stranger.check()
        stranger.close()


def make_certificate(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    form = serialization.Encoding.PEM
    private = key.private_bytes(form, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(private)
    (folder / "cert.pem").write_bytes(certificate.public_bytes(form))
    return folder / "cert.pem"


def test_a_sentinel_leads_to_the_primary_and_after_a_failover_to_the_new_one(tmp_path: Path) -> None:
    with SentinelServers(tmp_path) as servers:
        redis = open_at(servers.url)
        journal = Journal(redis)
        assert redis.run(COUNT, "11", {"name": "calls"}) == 1
        with servers.primary.client() as client:
            # An old primary goes on as one for some ten seconds; this one for good, so that nothing but
            # the Sentinel tells.
            client.execute_command("ACL", "SETUSER", "default", "-slaveof", "-replicaof")
        servers.fail_over()
        eventually(
            lambda: works(lambda: redis.run(COUNT, "11", {"name": "calls"})) and len(journal.recovered) == 2
        )
        with servers.replica.client() as client:
            run_id = client.info("server")["run_id"]
            assert client.hget("sso:{11}:shard", "run") == run_id
        assert redis.marker("11").run_id == run_id
        redis.close()


def test_no_sentinel_or_an_unknown_service_is_unavailable(valkey: ValkeyServer) -> None:
    for url in (f"sentinel://127.0.0.1:{free_port()}/center", f"sentinel://127.0.0.1:{valkey.port}/center"):
        redis = open_at(url)
        with pytest.raises(Unavailable):
            redis.check()
        redis.close()


@pytest.mark.parametrize(
    "url",
    [
        "sentinel://127.0.0.1:1",
        "sentinel://",
        "redis+cluster://",
        "redis+cluster://:1",
        "redis://127.0.0.1:notaport",
        "redis+cluster://127.0.0.1:notaport",
        "sentinel://127.0.0.1/center/notanumber",
        "redis://127.0.0.1/0?colour=blue",
        "redis+cluster://127.0.0.1/?colour=blue",
    ],
)
def test_an_address_that_can_not_be_meant_is_named_at_once(url: str) -> None:
    with pytest.raises(SettingsError, match="SSO_REDIS_URL"):
        topology_of(url, 250)
