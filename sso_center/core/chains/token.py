"""The token of a chain: its form, its signature, and the derivation of the next secret."""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

from itsdangerous import BadSignature, Signer

from sso_center.base.secrets import hashed, new_id, new_secret, shard_in

MAX_TOKEN = 512
_MAX_GENERATION_DIGITS = 9


@dataclass(frozen=True)
class ChainToken:
    """A chain's id, a generation and its secret, as a browser or an app holds them."""

    chain_id: str
    generation: int
    secret: str = field(repr=False)

    @property
    def shard(self) -> str:
        """The shard that the chain's id carries in clear."""
        return self.chain_id[:2]

    def successor(self, nonce: str) -> "ChainToken":
        """Return the token of the next generation, which `nonce` and this secret determine."""
        return ChainToken(self.chain_id, self.generation + 1, next_secret(self.secret, nonce))


def next_secret(secret: str, nonce: str) -> str:
    """Return s_(g+1) = HMAC(s_g, nonce), in hex."""
    return hmac.new(secret.encode(), nonce.encode(), hashlib.sha256).hexdigest()


def new_chain_token(shard: str) -> ChainToken:
    """Return the first token of a new chain; its id is random and private."""
    return ChainToken(new_id(shard), 1, new_secret())


def holder_arguments(token: ChainToken) -> dict[str, str | int]:
    """Return what a script needs to judge `token`: the chain, the generation, and the hash of its secret."""
    return {"chain_id": token.chain_id, "generation": token.generation, "secret": hashed(token.secret)}


def beginning_arguments(token: ChainToken) -> dict[str, str | int]:
    """Return what a script needs to begin a chain with `token`: the hashes of two secrets and a nonce."""
    nonce = secrets.token_urlsafe(16)
    return {
        "chain_id": token.chain_id,
        "secret": hashed(token.secret),
        "nonce": nonce,
        "successor": hashed(next_secret(token.secret, nonce)),
    }


def presented_arguments(token: ChainToken) -> dict[str, str | int]:
    """Return what a script needs to judge `token` and, at its first use, to make it its chain's current one.

    All of it is handed in with every request, since only the script knows whether this is a first use.
    """
    return {"generation": token.generation, **beginning_arguments(token)}


class ChainSigner:
    """Signs tokens, so that a forgery is refused without asking Redis.

    `keys` are the signing secrets, oldest first: all of them verify, the last one signs. `purpose` separates
    the kinds of tokens from each other.
    """

    def __init__(self, keys: Sequence[str], purpose: str) -> None:
        self._signer = Signer(list(keys), salt=f"sso.{purpose}", digest_method=hashlib.sha256)

    def dumps(self, token: ChainToken) -> str:
        """Return the signed form, `chain.generation.secret.signature`."""
        return self._signer.sign(f"{token.chain_id}.{token.generation}.{token.secret}").decode()

    def loads(self, text: str) -> ChainToken | None:
        """Return the token that `text` is, or None when it is malformed or we did not sign it."""
        if len(text) > MAX_TOKEN or not text.isascii():
            return None
        try:
            parts = self._signer.unsign(text).decode().split(".")
        except BadSignature:
            return None
        if len(parts) != 3 or shard_in(parts[0]) is None:
            return None
        if not parts[1].isdigit() or len(parts[1]) > _MAX_GENERATION_DIGITS:
            return None
        return ChainToken(parts[0], int(parts[1]), parts[2])
