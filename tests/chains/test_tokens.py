"""The form of a chain's token and its signature; nobody is asked about what is not one."""

import hashlib

import pytest
from itsdangerous import Signer

from sso_center.core.chains.token import ChainSigner, ChainToken

TOKEN = ChainToken("07chain", 3, "secret")


@pytest.fixture
def signer() -> ChainSigner:
    return ChainSigner(["old", "new"], "session")


def test_what_was_signed_is_read_back(signer: ChainSigner) -> None:
    assert signer.loads(signer.dumps(TOKEN)) == TOKEN


def test_the_newest_key_signs_and_the_older_ones_still_verify(signer: ChainSigner) -> None:
    assert ChainSigner(["new"], "session").loads(signer.dumps(TOKEN)) == TOKEN
    assert signer.loads(ChainSigner(["old"], "session").dumps(TOKEN)) == TOKEN


@pytest.mark.parametrize(
    "stranger",
    [ChainSigner(["gone"], "session"), ChainSigner(["old", "new"], "refresh")],
    ids=["key", "purpose"],
)
def test_what_another_key_or_for_another_purpose_was_signed_is_refused(
    signer: ChainSigner, stranger: ChainSigner
) -> None:
    assert signer.loads(stranger.dumps(TOKEN)) is None


def test_a_changed_token_is_refused(signer: ChainSigner) -> None:
    text = signer.dumps(TOKEN)
    for changed in (text[:-1], text[1:], text.replace(".3.", ".4."), text.rpartition(".")[0], "", "."):
        assert signer.loads(changed) is None


@pytest.mark.parametrize(
    "inside",
    [
        "",
        "x",
        "07chain",
        "07chain.3",
        "07chain.3.secret.more",
        "zzchain.3.secret",
        "40chain.3.secret",
        "07chain..secret",
        "07chain.-3.secret",
        "07chain.x.secret",
        "07chain.1234567890.secret",
        "07chain.².secret",
        "07chain.3.sécret",
        "07chain.3." + "s" * 512,
    ],
)
def test_what_has_not_the_form_is_refused_even_when_we_signed_it(signer: ChainSigner, inside: str) -> None:
    ours = Signer(["old", "new"], salt="sso.session", digest_method=hashlib.sha256)
    assert signer.loads(ours.sign("07chain.3.secret").decode()) == TOKEN
    assert signer.loads(ours.sign(inside).decode()) is None
